// W9: one task prints.
async function hello() {
  console.log("hello");
}

Promise.all([hello()]);
