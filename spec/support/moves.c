/*
** Stands before unlinkat in a process of its own (LD_PRELOAD): just before a file called "trigger" is removed
** the directory MOVES_FROM becomes MOVES_TO, and in its place is a link to MOVES_LINK, or MOVES_OTHER. So it
** does when it was tried to remove MOVES_FROM itself, by that path, and it was a directory.
*/
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static void move(void) {
  const char *from = getenv("MOVES_FROM"), *link = getenv("MOVES_LINK"), *other = getenv("MOVES_OTHER");
  if (rename(from, getenv("MOVES_TO")) != 0) abort();
  if (link != NULL && symlink(link, from) != 0) abort();
  if (other != NULL && rename(other, from) != 0) abort();
}


int unlinkat(int folder, const char *name, int flags) {
  int (*real)(int, const char *, int) = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");
  int result, error;
  if (strcmp(name, "trigger") == 0) move();
  result = real(folder, name, flags);
  error = errno;
  if (result < 0 && strcmp(name, getenv("MOVES_FROM")) == 0) move();
  errno = error;
  return result;
}
