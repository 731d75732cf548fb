/* W9: what libuv alone needs: a timer prints, and the loop ends. */
#include <stdio.h>
#include <uv.h>

static void hello(uv_timer_t *timer) {
  puts("hello");
  uv_close((uv_handle_t *)timer, NULL);
}

int main(void) {
  uv_timer_t timer;
  uv_loop_t *loop = uv_default_loop();
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, hello, 0, 0);
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? 0 : 1;
}
