/* W7: an echo server on libuv alone, which reads into one buffer and sends at once: the measure of cohort. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define CHUNK_MAX 65536
#define BACKLOG 4096

/* What could not be sent at once, with its bytes behind it. */
struct rest {
  uv_write_t request;  /* first: libuv's pointer to it is one to the struct */
  char bytes[];
};


static void need(int status, const char *what) {
  if (status >= 0) return;
  fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
  exit(1);
}


static void closed(uv_handle_t *peer) {
  free(peer);
}


static void end(uv_stream_t *peer) {
  if (!uv_is_closing((uv_handle_t *)peer)) uv_close((uv_handle_t *)peer, closed);
}


/* Each chunk is sent before the next is read. */
static void lend(uv_handle_t *peer, size_t suggested, uv_buf_t *buffer) {
  static char chunk[CHUNK_MAX];
  (void)peer;
  (void)suggested;
  *buffer = uv_buf_init(chunk, sizeof chunk);
}


static void echo(uv_stream_t *peer, ssize_t n, const uv_buf_t *buffer);

static void rest_sent(uv_write_t *request, int status) {
  uv_stream_t *peer = request->handle;
  free(request);
  if (status < 0) end(peer);
  else need(uv_read_start(peer, lend, echo), "uv_read_start");
}


/* Nothing is read meanwhile. */
static void send_later(uv_stream_t *peer, const char *bytes, size_t count) {
  struct rest *r = malloc(sizeof *r + count);
  uv_buf_t buffer = uv_buf_init(r->bytes, (unsigned)count);
  memcpy(r->bytes, bytes, count);
  uv_read_stop(peer);
  need(uv_write(&r->request, peer, &buffer, 1, rest_sent), "uv_write");
}


static void echo(uv_stream_t *peer, ssize_t n, const uv_buf_t *buffer) {
  uv_buf_t bytes = uv_buf_init(buffer->base, n > 0 ? (unsigned)n : 0);
  int sent, done;
  if (n < 0) end(peer);
  if (n <= 0) return;
  sent = uv_try_write(peer, &bytes, 1);
  done = sent > 0 ? sent : 0;
  if (sent < 0 && sent != UV_EAGAIN) end(peer);
  else if (done < n) send_later(peer, bytes.base + done, (size_t)(n - done));
}


static void connected(uv_stream_t *listener, int status) {
  uv_tcp_t *peer = malloc(sizeof *peer);
  need(status, "listen");
  need(uv_tcp_init(listener->loop, peer), "uv_tcp_init");
  need(uv_accept(listener, (uv_stream_t *)peer), "uv_accept");
  need(uv_read_start((uv_stream_t *)peer, lend, echo), "uv_read_start");
}


int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  struct sockaddr_in a;
  int length = sizeof a;
  need(uv_ip4_addr("127.0.0.1", 0, &a), "uv_ip4_addr");
  need(uv_tcp_init(loop, &listener), "uv_tcp_init");
  need(uv_tcp_bind(&listener, (const struct sockaddr *)&a, 0), "uv_tcp_bind");
  need(uv_listen((uv_stream_t *)&listener, BACKLOG, connected), "uv_listen");
  need(uv_tcp_getsockname(&listener, (struct sockaddr *)&a, &length), "uv_tcp_getsockname");
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
