/*
** The thread pool: see pool.h. We start as many threads as libuv would, all at once and with its stack size,
** and end them again; that takes 0.1 ms.
*/
#include "io/pool.h"

#include <stdlib.h>

#define THREADS 4        /* libuv's default */
#define THREADS_MAX 1024
#define STACK_SIZE (8u << 20)


static void wait_for_all(void *gate) {
  uv_sem_wait(gate);
}


/* How many threads libuv will start. It reads an int and takes a negative one for a very large number. */
static unsigned count_threads(void) {
  const char *text = getenv("UV_THREADPOOL_SIZE");
  unsigned count = text != NULL ? (unsigned)strtol(text, NULL, 10) : THREADS;
  if (count == 0) return 1;
  return count > THREADS_MAX ? THREADS_MAX : count;
}


/* Start 'count' threads that all live at the same time, and end them. 0, or a negative status. */
static int try_threads(uv_thread_t *threads, unsigned count) {
  const uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_SIZE};
  uv_sem_t gate;
  unsigned started = 0, i;
  int status = uv_sem_init(&gate, 0);
  if (status < 0) return status;
  while (status == 0 && started < count) {
    status = uv_thread_create_ex(&threads[started], &options, wait_for_all, &gate);
    if (status == 0) started++;
  }
  for (i = 0; i < started; i++) uv_sem_post(&gate);
  for (i = 0; i < started; i++) uv_thread_join(&threads[i]);
  uv_sem_destroy(&gate);
  return status;
}


int coh_pool_check(struct coh_io *io, struct coh_state *S) {
  uv_thread_t threads[THREADS_MAX];
  unsigned count;
  int status;
  if (io->pool_checked) return 0;
  count = count_threads();
  io->lookups_max = (count + 1) / 2;  /* as many as libuv would allow; the others are for shorter work */
  status = coh_io_fails(S, "thread", EAGAIN) ? uv_translate_sys_error(errno) : try_threads(threads, count);
  io->pool_checked = status == 0;
  return status;
}
