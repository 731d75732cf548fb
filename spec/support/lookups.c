/*
** Stands before the system's lookups in a process of its own (LD_PRELOAD): names that begin with "hang", and
** the address 127.0.0.99, are answered when the file LOOKUPS.go exists, and not before; "quick" names at
** once. Each begun and each ended lookup of these is a line in the file LOOKUPS.
*/
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static void note(const char *what, const char *name) {
  char line[300];
  int fd = open(getenv("LOOKUPS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  int length = snprintf(line, sizeof line, "%s %s\n", what, name);
  if (write(fd, line, (size_t)length) < 0) abort();
  close(fd);
}


static void hang(const char *name) {
  char path[200];
  snprintf(path, sizeof path, "%s.go", getenv("LOOKUPS"));
  note("begun", name);
  while (access(path, F_OK) != 0) usleep(500);
  note("ended", name);
}


int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
    (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT,
                                                                                           "getaddrinfo");
  if (strncmp(name, "hang", 4) == 0) hang(name);
  else if (strncmp(name, "quick", 5) != 0) return real(name, service, hints, list);
  else note("quick", name);
  return real("127.0.0.1", service, hints, list);
}


int getnameinfo(const struct sockaddr *a, socklen_t length, char *host, socklen_t host_size, char *service,
                socklen_t service_size, int flags) {
  (void)length;
  (void)flags;
  if (((const struct sockaddr_in *)a)->sin_addr.s_addr == inet_addr("127.0.0.99")) hang("127.0.0.99");
  if (service_size > 0) *service = '\0';
  snprintf(host, host_size, "name.example");
  return 0;
}
