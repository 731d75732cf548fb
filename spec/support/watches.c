/*
** Stands before libuv's file events in a process of its own (LD_PRELOAD): a watcher that is told of a file
** called "broken" fails in its place.
*/
#include <dlfcn.h>
#include <string.h>
#include <uv.h>

static uv_fs_event_cb given;


static void on_event(uv_fs_event_t *watcher, const char *name, int events, int status) {
  if (name != NULL && strcmp(name, "broken") == 0) given(watcher, NULL, 0, UV_EIO);
  else given(watcher, name, events, status);
}


int uv_fs_event_start(uv_fs_event_t *watcher, uv_fs_event_cb callback, const char *path, unsigned flags) {
  int (*real)(uv_fs_event_t *, uv_fs_event_cb, const char *, unsigned) =
    (int (*)(uv_fs_event_t *, uv_fs_event_cb, const char *, unsigned))dlsym(RTLD_NEXT, "uv_fs_event_start");
  given = callback;
  return real(watcher, on_event, path, flags);
}
