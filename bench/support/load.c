/* The load of the network workloads, the same for all systems: starts an echo server, keeps connections busy
 * with one message each, checks every byte that comes back, and prints what it counted. The server is any
 * COMMAND that prints its port on 127.0.0.1; it stays on the core where this began, and this moves to
 * another. It ends with this program, however that ends.
 *
 *     load mode=echo connections=64 bytes=64 seconds=1 COMMAND [ARGUMENT...]
 *
 * mode=echo: each connection sends its next message when the last has come back. mode=accept: it is closed
 * then, and another opened. After half of the time for warming up, in which nothing is counted, prints
 *
 *     rps N          messages that came back in a second
 *     p50_us N  p99_us N    from the sending of one, or the opening of its connection, until it is back
 *     cpu_us N       processor time of the server for each
 *     served N       connections, or places for one, on which any came back */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define CHUNK_MAX 65536
#define PATTERNS 4093  /* messages begin at so many places of the same bytes */

struct connection {
  int fd;
  size_t sent, got;      /* bytes of the message under way */
  size_t pattern;        /* where in the bytes it begins */
  long long began_ns;    /* when it was sent, or its connection opened */
  bool served;           /* one came back while it counted */
};

struct load {
  bool accepts;               /* mode=accept */
  size_t connections, bytes;  /* how many; the length of a message */
  double seconds;
  pid_t server;
  in_port_t port;             /* of the server, in network order */
  int epoll;
  char *text;                 /* owns: what messages are made of */
  struct connection *all;     /* owns */
  bool counting;
  size_t count, room;         /* of 'took_ns' */
  long long *took_ns;         /* owns: of each message that counted */
};


static long long time_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}


static long long now_ns(void) {
  return time_of(CLOCK_MONOTONIC);
}


static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\n");
  exit(1);
}


static void need(bool done, const char *what) {
  if (!done) fail("%s: %s", what, strerror(errno));
}


static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  need(memory != NULL, "calloc");
  return memory;
}


/* {{ The server */

static void become(char **command, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  execvp(command[0], command);
  fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
  _exit(127);
}


static in_port_t read_port(int input) {
  char text[16];
  size_t length = 0;
  int port;
  while (length < sizeof text - 1 && read(input, text + length, 1) == 1 && text[length] != '\n') length++;
  text[length] = '\0';
  port = atoi(text);
  if (port < 1 || port > 65535) fail("the server printed no port");
  return htons((in_port_t)port);
}


/* From the core that the server has, if it has one of its own and there are others. */
static void move_away(void) {
  size_t core = 0, cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) != 1) return;
  while (!CPU_ISSET(core, &set)) core++;
  CPU_ZERO(&set);
  CPU_SET((core + 1) % cores, &set);
  sched_setaffinity(0, sizeof set, &set);
}


static void start_server(struct load *l, char **command) {
  int ends[2];
  need(pipe(ends) == 0, "pipe");
  l->server = fork();
  need(l->server >= 0, "fork");
  if (l->server == 0) become(command, ends[1]);
  close(ends[1]);
  move_away();
  l->port = read_port(ends[0]);
}


static long long server_cpu_ns(const struct load *l) {
  clockid_t clock;
  need(clock_getcpuclockid(l->server, &clock) == 0, "the server's clock");
  return time_of(clock);
}

/* }} */


/* {{ Messages */

static void make_text(struct load *l) {
  size_t i;
  unsigned x = 1;
  l->text = allocate(l->bytes + PATTERNS, 1);
  for (i = 0; i < l->bytes + PATTERNS; i++) {
    x = x * 1664525 + 1013904223;
    l->text[i] = (char)(x >> 24);
  }
}


static void watch(const struct load *l, struct connection *c, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  need(epoll_ctl(l->epoll, operation, c->fd, &event) == 0, "epoll_ctl");
}


static void send_rest(const struct load *l, struct connection *c) {
  ssize_t n = send(c->fd, l->text + c->pattern + c->sent, l->bytes - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
  if (n > 0) c->sent += (size_t)n;
}


static void send_message(const struct load *l, struct connection *c) {
  c->sent = c->got = 0;
  c->pattern = (c->pattern + 127) % PATTERNS;
  send_rest(l, c);
  if (c->sent < l->bytes) watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}


/*
** Each place has an address of its own to connect from: ports of closed connections stay taken for a
** while, and one address has not enough of them.
*/
static void open_connection(const struct load *l, struct connection *c) {
  const struct sockaddr_in server = {
    .sin_family = AF_INET, .sin_port = l->port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in own = {.sin_family = AF_INET};
  int yes = 1;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (unsigned)(c - l->all));
  c->began_ns = now_ns();
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  need(c->fd >= 0, "socket");
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  need(bind(c->fd, (const struct sockaddr *)&own, sizeof own) == 0, "bind");
  need(connect(c->fd, (const struct sockaddr *)&server, sizeof server) == 0, "connect");
  watch(l, c, EPOLL_CTL_ADD, EPOLLIN);
  send_message(l, c);
}


static void note(struct load *l, struct connection *c, long long took_ns) {
  if (!l->counting) return;
  if (l->count == l->room) {
    l->room = 2 * l->room + 1024;
    l->took_ns = realloc(l->took_ns, l->room * sizeof *l->took_ns);
    need(l->took_ns != NULL, "realloc");
  }
  l->took_ns[l->count++] = took_ns;
  c->served = true;
}


/* The message of 'c' is back: the next one. */
static void finish(struct load *l, struct connection *c) {
  long long end_ns = now_ns();
  note(l, c, end_ns - c->began_ns);
  if (l->accepts) {
    close(c->fd);
    open_connection(l, c);
  } else {
    c->began_ns = end_ns;
    send_message(l, c);
  }
}


static void receive(struct load *l, struct connection *c, char *chunk) {
  ssize_t n = recv(c->fd, chunk, CHUNK_MAX, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) fail("recv: %s", n == 0 ? "the server closed a connection" : strerror(errno));
  if ((size_t)n > l->bytes - c->got) fail("more came back than was sent");
  if (memcmp(chunk, l->text + c->pattern + c->got, (size_t)n) != 0) fail("other bytes came back");
  c->got += (size_t)n;
  if (c->got == l->bytes) finish(l, c);
}


static void handle(struct load *l, const struct epoll_event *event, char *chunk) {
  struct connection *c = event->data.ptr;
  if (event->events & EPOLLOUT) {
    send_rest(l, c);
    if (c->sent == l->bytes) watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
  }
  if (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(l, c, chunk);
}

/* }} */


/* {{ Measuring */

/* Until the time is over; while it counts, not before anything came back. Nanoseconds. */
static long long run(struct load *l, double seconds) {
  static char chunk[CHUNK_MAX];  /* what is received, compared and forgotten */
  struct epoll_event events[EVENTS_MAX];
  long long began_ns = now_ns(), end_ns = began_ns + (long long)(seconds * 1e9);
  while (now_ns() < end_ns || (l->counting && l->count == 0)) {
    int i, n = epoll_wait(l->epoll, events, EVENTS_MAX, 100);
    if (n == 0 && waitpid(l->server, NULL, WNOHANG) != 0) fail("the server ended");
    for (i = 0; i < n; i++) handle(l, &events[i], chunk);
  }
  return now_ns() - began_ns;
}


static int compare(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}


static void report(struct load *l, long long took_ns, long long cpu_ns) {
  size_t i, served = 0;
  for (i = 0; i < l->connections; i++) served += l->all[i].served;
  qsort(l->took_ns, l->count, sizeof *l->took_ns, compare);
  printf("rps %.3f p50_us %.3f p99_us %.3f cpu_us %.3f served %zu\n",
         (double)l->count * 1e9 / (double)took_ns, (double)l->took_ns[l->count / 2] / 1e3,
         (double)l->took_ns[l->count * 99 / 100] / 1e3, (double)cpu_ns / (double)l->count / 1e3, served);
}


static void measure(struct load *l) {
  size_t i;
  long long cpu_ns, took_ns;
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  need(l->epoll >= 0, "epoll_create1");
  for (i = 0; i < l->connections; i++) open_connection(l, &l->all[i]);
  run(l, l->seconds / 2);
  l->counting = true;
  cpu_ns = server_cpu_ns(l);
  took_ns = run(l, l->seconds);
  cpu_ns = server_cpu_ns(l) - cpu_ns;
  kill(l->server, SIGKILL);  /* before the connections go, so that it has nothing to say about that */
  waitpid(l->server, NULL, 0);
  report(l, took_ns, cpu_ns);
}

/* }} */


/* Takes the words of the form key=value. Returns the command that comes after them. */
static char **read_arguments(struct load *l, char **word) {
  char *value;
  for (; *word != NULL && (value = strchr(*word, '=')) != NULL; word++) {
    value++;
    if (strncmp(*word, "connections=", 12) == 0) l->connections = strtoul(value, NULL, 10);
    else if (strncmp(*word, "bytes=", 6) == 0) l->bytes = strtoul(value, NULL, 10);
    else if (strncmp(*word, "seconds=", 8) == 0) l->seconds = atof(value);
    else if (strncmp(*word, "mode=", 5) == 0) l->accepts = strcmp(value, "accept") == 0;
    else break;
  }
  return word;
}


int main(int argc, char **argv) {
  struct load l = {.connections = 0};
  char **command = read_arguments(&l, argv + 1);
  (void)argc;
  if (l.connections == 0 || l.bytes == 0 || *command == NULL) {
    fprintf(stderr, "usage: load mode=echo|accept connections=N bytes=N seconds=N COMMAND [ARGUMENT...]\n");
    return 2;
  }
  l.all = allocate(l.connections, sizeof *l.all);
  make_text(&l);
  start_server(&l, command);
  measure(&l);
  return 0;
}
