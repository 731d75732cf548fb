// W7: an echo server with callbacks, which are faster here than `for await`.
"use strict";

const net = require("node:net");

const server = net.createServer((peer) => {
  peer.on("data", (bytes) => {
    if (!peer.write(bytes)) {
      peer.pause();
      peer.once("drain", () => peer.resume());
    }
  });
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log(server.address().port));
