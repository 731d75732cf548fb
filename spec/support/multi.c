/*
** What of libcurl's multi interface a spec needs: transfers into nowhere, and the
** descriptors that they wait for. Written as such bindings are, without a thought of
** cohort.
*/
#include <curl/curl.h>
#include <lauxlib.h>

#define WATCHED_MAX 64

struct multi {
  CURLM *curl;
  size_t bytes;                                                   /* received, of all transfers */
  struct { curl_socket_t fd; int what; } watched[WATCHED_MAX];    /* CURL_POLL_IN...; 0: a free place */
};

static struct multi *check(lua_State *L) { return luaL_checkudata(L, 1, "multi"); }

static size_t on_data(char *bytes, size_t size, size_t count, void *ud) {
  (void)bytes;
  ((struct multi *)ud)->bytes += size * count;
  return size * count;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud, void *socket_ud) {
  struct multi *m = ud;
  int i, place = -1;
  (void)easy, (void)socket_ud;
  for (i = 0; i < WATCHED_MAX; i++)
    if (m->watched[i].what != 0 ? m->watched[i].fd == fd : place < 0) place = i;
  m->watched[place].fd = fd;
  m->watched[place].what = what == CURL_POLL_REMOVE ? 0 : what;
  return 0;
}

/* new() -> multi */
static int l_new(lua_State *L) {
  struct multi *m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = (struct multi){.curl = curl_multi_init()};
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
  luaL_setmetatable(L, "multi");
  return 1;
}

/* multi:add(url) */
static int l_add(lua_State *L) {
  struct multi *m = check(L);
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, luaL_checkstring(L, 2));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, m);
  curl_multi_add_handle(m->curl, easy);
  return 0;
}

/* multi:act(fd or -1, 1 readable + 2 writable) -> transfers that go on */
static int l_act(lua_State *L) {
  int running, fd = (int)luaL_checkinteger(L, 2), events = (int)luaL_checkinteger(L, 3);
  curl_multi_socket_action(check(L)->curl, fd, events, &running);
  lua_pushinteger(L, running);
  return 1;
}

/* multi:watched() -> {[fd] = 1 to read, 2 to write, 3 both} */
static int l_watched(lua_State *L) {
  const struct multi *m = check(L);
  lua_newtable(L);
  for (int i = 0; i < WATCHED_MAX; i++) {
    if (m->watched[i].what == 0) continue;
    lua_pushinteger(L, m->watched[i].what);
    lua_rawseti(L, -2, m->watched[i].fd);
  }
  return 1;
}

/* multi:timeout() -> seconds, or -0.001: none */
static int l_timeout(lua_State *L) {
  long ms;
  curl_multi_timeout(check(L)->curl, &ms);
  lua_pushnumber(L, (lua_Number)ms / 1000);
  return 1;
}

/* multi:finish() -> bytes received, transfers that succeeded; all is freed */
static int l_finish(lua_State *L) {
  struct multi *m = check(L);
  lua_Integer good = 0;
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(m->curl, &left)) != NULL) {
    CURL *easy = message->easy_handle;
    good += message->data.result == CURLE_OK;
    curl_multi_remove_handle(m->curl, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(m->curl);
  lua_pushinteger(L, (lua_Integer)m->bytes);
  lua_pushinteger(L, good);
  return 2;
}

int luaopen_multi(lua_State *L) {
  static const luaL_Reg methods[] = {{"add", l_add}, {"act", l_act}, {"watched", l_watched},
                                     {"timeout", l_timeout}, {"finish", l_finish}, {NULL, NULL}};
  luaL_newmetatable(L, "multi");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, l_new);
  return 1;
}
