/* W7: an echo server on epoll alone, as small as it can be: what is possible with one thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 1024
#define CHUNK_MAX 65536
#define BACKLOG 4096

/* One connection; while 'count' is not 0 it is not read from. */
struct peer {
  int fd;
  size_t at, count;  /* of 'rest': what is left to send */
  char *rest;        /* owns, or NULL */
};


static void need(int done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}


static int listen_somewhere(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  need(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, BACKLOG) == 0, "listen");
  getsockname(fd, (struct sockaddr *)&a, &length);
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return fd;
}


static void watch(int epoll, int operation, int fd, void *data, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  need(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}


static void accept_all(int epoll, int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    struct peer *p = calloc(1, sizeof *p);
    need(p != NULL, "calloc");
    p->fd = fd;
    watch(epoll, EPOLL_CTL_ADD, fd, p, EPOLLIN);
  }
}


static void end(struct peer *p) {
  close(p->fd);
  free(p->rest);
  free(p);
}


static void keep(int epoll, struct peer *p, const char *bytes, size_t count) {
  p->rest = malloc(count);
  need(p->rest != NULL, "malloc");
  memcpy(p->rest, bytes, count);
  p->at = 0;
  p->count = count;
  watch(epoll, EPOLL_CTL_MOD, p->fd, p, EPOLLOUT);
}


static void echo(int epoll, struct peer *p, char *chunk) {
  ssize_t sent, done, n = recv(p->fd, chunk, CHUNK_MAX, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    end(p);
    return;
  }
  sent = send(p->fd, chunk, (size_t)n, MSG_NOSIGNAL);
  done = sent > 0 ? sent : 0;
  if (sent < 0 && errno != EAGAIN) end(p);
  else if (done < n) keep(epoll, p, chunk + done, (size_t)(n - done));
}


static void send_rest(int epoll, struct peer *p) {
  ssize_t n = send(p->fd, p->rest + p->at, p->count - p->at, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) {
    end(p);
    return;
  }
  if (n > 0) p->at += (size_t)n;
  if (p->at < p->count) return;
  free(p->rest);
  p->rest = NULL;
  watch(epoll, EPOLL_CTL_MOD, p->fd, p, EPOLLIN);
}


int main(void) {
  static char chunk[CHUNK_MAX];
  static struct epoll_event events[EVENTS_MAX];
  int listener = listen_somewhere(), epoll = epoll_create1(EPOLL_CLOEXEC), i, n;
  watch(epoll, EPOLL_CTL_ADD, listener, NULL, EPOLLIN);
  for (;;) {
    n = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (i = 0; i < n; i++) {
      struct peer *p = events[i].data.ptr;
      if (p == NULL) accept_all(epoll, listener);
      else if (p->rest != NULL) send_rest(epoll, p);
      else echo(epoll, p, chunk);
    }
  }
}
