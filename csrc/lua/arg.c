/*
** Arguments: see arg.h.
*/
#include "lua/arg.h"

#include <lauxlib.h>

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "lua/library.h"
#include "lua/names.h"
#include "lua/text.h"

#define MESSAGE_MAX 512
#define GIVEN_MAX 40  /* bytes: a longer string is not quoted in a message */


/* Raise 'text' with "file:line: " before it. */
static int raise_text(lua_State *L, const char *text) {
  luaL_checkstack(L, 2, NULL);
  coh_text_push_prefix(L);
  lua_pushstring(L, text);
  lua_concat(L, 2);
  return lua_error(L);
}


/* The name under which the table on top is loaded, if it is one of our modules, else NULL. [-0, +0, -] */
static const char *loaded_as(lua_State *L) {
  const char *name = NULL;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushnil(L);
  while (name == NULL && lua_next(L, -2)) {  /* table loaded key value */
    if (lua_rawequal(L, -1, -4) && lua_type(L, -2) == LUA_TSTRING) name = lua_tostring(L, -2);
    if (name != NULL && strncmp(name, "cohort", 6) != 0) name = NULL;
    lua_pop(L, name != NULL ? 2 : 1);
  }
  lua_pop(L, 1);
  return name;
}


/* Find our function that the innermost script has called, one level above it. False: there is none. */
static bool find_called(lua_State *L, lua_Debug *ar) {
  const char *library = coh_library_of(L);
  int level;
  for (level = 0; lua_getstack(L, level, ar); level++) {
    lua_getinfo(L, "Sl", ar);
    if (ar->currentline > 0 && !coh_library_has(library, ar->source)) break;
  }
  return level > 0 && lua_getstack(L, level - 1, ar) && lua_getinfo(L, "n", ar);
}


void coh_refuse_colon(lua_State *L) {
  lua_Debug ar;
  const char *module;
  char text[MESSAGE_MAX];
  luaL_checkstack(L, 4, "arguments");
  if (!find_called(L, &ar) || strcmp(ar.namewhat, "method") != 0 || lua_getlocal(L, &ar, 1) == NULL) return;
  module = lua_istable(L, -1) ? loaded_as(L) : NULL;
  lua_pop(L, 1);
  if (module == NULL) return;
  snprintf(text, sizeof text, "write %s.%s(...) with a dot, and not with a colon", module, ar.name);
  raise_text(L, text);
}


int coh_misuse(lua_State *L, const char *format, ...) {
  char text[MESSAGE_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  coh_refuse_colon(L);
  return raise_text(L, text);
}


const char *coh_type_name(lua_State *L, int arg) {
  const char *name = luaL_typename(L, arg);
  if (lua_type(L, arg) == LUA_TNUMBER && lua_tonumber(L, arg) != lua_tonumber(L, arg)) return "nan";
  if (lua_type(L, arg) != LUA_TUSERDATA && lua_type(L, arg) != LUA_TTABLE) return name;
  if (luaL_getmetafield(L, arg, "__name") == LUA_TNIL) return name;
  if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1);  /* the metatable keeps it */
  lua_pop(L, 1);
  return name;
}


/* No argument at all means a dot instead of the colon, or a bare method handed to what calls it. */
int coh_refuse_self(lua_State *L, int arg, const char *noun, const char *name, const char *what) {
  const char *article = strchr("aeiou", *noun) != NULL ? "an" : "a";
  if (!lua_isnone(L, arg))
    return coh_misuse(L, "%s expects %s %s first, got %s: write %s:%s(...) with a colon", what, article,
                      noun, coh_type_name(L, arg), name, what);
  return coh_misuse(L, "%s expects %s %s first, got no value: write %s:%s(...) with a colon, "
                       "or f(%s.%s, %s) for f to call it",
                    what, article, noun, name, what, name, what, name);
}


const char *coh_push_given(lua_State *L, int arg) {
  size_t length, i;
  const char *text;
  if (lua_type(L, arg) != LUA_TSTRING) return lua_pushstring(L, coh_type_name(L, arg));
  text = lua_tolstring(L, arg, &length);
  for (i = 0; i < length && isprint((unsigned char)text[i]); i++) continue;
  if (i < length || length > GIVEN_MAX) return lua_pushliteral(L, "another string");
  return lua_pushfstring(L, "\"%s\"", text);
}


bool coh_is_callable(lua_State *L, int arg) {
  bool refuses;
  if (lua_isfunction(L, arg)) return true;
  if (luaL_getmetafield(L, arg, "__call") == LUA_TNIL) return false;
  refuses = lua_tocfunction(L, -1) == coh_name_refuse_call;
  lua_pop(L, 1);
  return !refuses;
}


bool coh_is_options(lua_State *L, int arg) {
  return lua_istable(L, arg) && !coh_is_callable(L, arg);
}


void coh_check_callable_of(lua_State *L, int arg, const char *what, const char *call) {
  if (coh_is_callable(L, arg)) return;
  if (lua_isthread(L, arg))
    coh_misuse(L, "%s expects a function, got a coroutine: give the function itself, "
                  "not coroutine.create of it", what);
  coh_misuse(L, "%s expects a function, got %s: write %sf, ...) and not %sf(...))", what,
             coh_type_name(L, arg), call, call);
}


void coh_check_body(lua_State *L, int arg, const char *what, const char *call, const char *block) {
  if (coh_is_callable(L, arg)) return;
  if (lua_isnone(L, arg))
    coh_misuse(L, "%s expects a function, got no value: write %sf, ...) and not %sf(...)); "
                  "for the rest of a block, local %s", what, call, call, block);
  coh_check_callable_of(L, arg, what, call);
}


void coh_check_callable(lua_State *L, int arg, const char *what) {
  char call[64];
  if (coh_is_callable(L, arg)) return;
  snprintf(call, sizeof call, "%s(", what);
  coh_check_callable_of(L, arg, what, call);
}


bool coh_is_written(lua_State *L, bool is_method) {
  lua_Debug ar;
  if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "n", &ar)) return false;
  if (is_method) return strcmp(ar.namewhat, "method") == 0;
  if (*ar.namewhat == '\0' || strcmp(ar.namewhat, "for iterator") == 0) return false;
  if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "S", &ar)) return false;
  return !coh_library_has(coh_library_of(L), ar.source);
}


/* Replace a table at 2 by its 'timeout'. [-0, +0, m] */
static void take_timeout(lua_State *L) {
  if (!lua_istable(L, 2)) return;
  lua_pushliteral(L, "timeout");
  lua_rawget(L, 2);
  lua_replace(L, 2);
}


void coh_refuse_limit(lua_State *L, const char *noun, const char *what) {
  char call[64];
  take_timeout(L);
  if (lua_type(L, 2) != LUA_TNUMBER || !coh_is_written(L, what != NULL)) return;
  if (what == NULL) snprintf(call, sizeof call, "%s", noun);
  else snprintf(call, sizeof call, "%s.%s, %s", noun, what, noun);
  coh_misuse(L, "%s takes no time limit: write cohort.move_on_after(%.14g, %s), or fail_after",
             what != NULL ? what : noun, (double)lua_tonumber(L, 2), call);
}


/* {{ Time */

/* The seconds of a unit that people write behind a number; 0 when it is no unit. */
static double unit_seconds(const char *unit) {
  static const struct {
    const char *names;  /* with a space before and behind each */
    double seconds;
  } units[] = {
    {" ns nanosecond nanoseconds ", 1e-9}, {" us microsecond microseconds ", 1e-6},
    {" ms msec millisecond milliseconds ", 1e-3}, {" s sec secs second seconds ", 1},
    {" m min mins minute minutes ", 60}, {" h hr hrs hour hours ", 3600}, {" d day days ", 86400}};
  char word[GIVEN_MAX + 3];
  size_t i;
  snprintf(word, sizeof word, " %s ", unit);
  for (i = 0; strchr(unit, ' ') == NULL && i < sizeof units / sizeof *units; i++)
    if (strstr(units[i].names, word) != NULL) return units[i].seconds;
  return 0;
}


/* Read seconds that were written as text, "2" or "100ms". False: it is no such text. [-0, +0, -] */
static bool read_duration(lua_State *L, int arg, double *seconds, bool *has_unit) {
  char digits[GIVEN_MAX + 1];
  const char *text, *unit;
  size_t length;
  double each = 1;
  if (lua_type(L, arg) != LUA_TSTRING || lua_rawlen(L, arg) > GIVEN_MAX) return false;
  text = lua_tostring(L, arg);
  length = strspn(text, "0123456789.");
  unit = text + length + strspn(text + length, " ");
  *has_unit = *unit != '\0';
  if (*has_unit) each = unit_seconds(unit);
  memcpy(digits, text, length);
  digits[length] = '\0';
  if (each <= 0 || strlen(text) != lua_rawlen(L, arg) || lua_stringtonumber(L, digits) == 0) return false;
  *seconds = (double)lua_tonumber(L, -1) * each;
  lua_pop(L, 1);
  return true;
}


const char *coh_push_given_seconds(lua_State *L, int arg, const char *call) {
  const char *more = lua_gettop(L) > arg ? ", ..." : "";
  double seconds;
  bool has_unit;
  char text[32];
  if (!read_duration(L, arg, &seconds, &has_unit)) return coh_push_given(L, arg);
  snprintf(text, sizeof text, "%.14g", seconds);
  if (call == NULL) return lua_pushfstring(L, "\"%s\": write %s", lua_tostring(L, arg), text);
  return lua_pushfstring(L, "\"%s\": write %s(%s%s)", lua_tostring(L, arg), call, text, more);
}


/* The same where a point in time is expected: a number without a unit suggests nothing then. [-0, +1, m] */
static const char *push_given_time(lua_State *L, int arg) {
  double seconds;
  bool has_unit;
  char text[32];
  if (!read_duration(L, arg, &seconds, &has_unit) || !has_unit) return coh_push_given(L, arg);
  snprintf(text, sizeof text, "%.14g", seconds);
  return lua_pushfstring(L, "\"%s\": write cohort.now() + %s", lua_tostring(L, arg), text);
}


/* Seconds to nanoseconds, rounded up so that no timer is early. */
static int64_t to_ns(lua_Number s) {
  if (s >= (lua_Number)COH_NEVER / 1e9) return COH_NEVER;
  if (s <= -(lua_Number)COH_NEVER / 1e9) return -COH_NEVER;
  return (int64_t)ceil((double)s * 1e9);
}


/* Refuse arguments in the wrong order: a function, then the number that belongs first. [-0, +0, v] */
static void check_order(lua_State *L, int arg, const char *what, const char *expected, const char *first) {
  if (arg > 0 && lua_type(L, arg + 1) == LUA_TNUMBER && coh_is_callable(L, arg))
    coh_misuse(L, "%s expects %s first, got %s: write %s(%s, f, ...)", what, expected, coh_type_name(L, arg),
               what, first);
}


int64_t coh_check_seconds(lua_State *L, int arg, const char *what) {
  lua_Number s = lua_tonumber(L, arg);
  if (lua_type(L, arg) != LUA_TNUMBER) {
    check_order(L, arg, what, "seconds as a number", "seconds");
    coh_misuse(L, "%s expects seconds as a number, got %s", what, coh_push_given_seconds(L, arg, what));
  }
  if (!(s >= 0))
    coh_misuse(L, "%s expects zero or more seconds, got %s; math.huge means no limit", what,
               s != s ? "nan" : "a negative number");
  return to_ns(s);
}


int64_t coh_check_time(lua_State *L, int arg, const char *what) {
  lua_Number s = lua_tonumber(L, arg);
  if (lua_type(L, arg) != LUA_TNUMBER || s != s) {
    check_order(L, arg, what, "a time on cohort.now()'s clock", "time");
    coh_misuse(L, "%s expects a time on cohort.now()'s clock, got %s", what, push_given_time(L, arg));
  }
  return to_ns(s);
}


lua_Number coh_seconds(int64_t ns) {
  if (ns == COH_NEVER) return (lua_Number)HUGE_VAL;
  if (ns <= -COH_NEVER) return -(lua_Number)HUGE_VAL;
  return (lua_Number)ns / (lua_Number)1e9;
}

/* }} */


/* {{ Options */

/* Write the names into 'text', with ", " between, as far as there is room. */
static void list_names(char *text, size_t size, const char *const names[]) {
  size_t at = 0;
  const char *const *name;
  for (name = names; *name != NULL && at < size; name++)
    at += (size_t)snprintf(text + at, size - at, "%s'%s'", name == names ? "" : ", ", *name);
}


static int unknown_option(lua_State *L, int key, const char *what, const char *const names[]) {
  const char *const *name, *given, *nearest = names[0];
  char text[MESSAGE_MAX / 2] = "";
  size_t least = COH_NAME_FAR;
  if (lua_type(L, key) != LUA_TSTRING)
    return coh_misuse(L, "%s expects options by name, got a key that is a %s", what, luaL_typename(L, key));
  given = lua_tostring(L, key);
  for (name = names; *name != NULL; name++) {
    size_t d = coh_name_distance(given, *name);
    if (d < least) {
      least = d;
      nearest = *name;
    }
  }
  if (coh_name_mend(what, given) != NULL)
    return coh_misuse(L, "%s has no option '%s': %s", what, given, coh_name_mend(what, given));
  if (nearest == NULL) return coh_misuse(L, "%s takes no option '%s'", what, given);
  if (coh_name_is_near(given, least))
    return coh_misuse(L, "%s has no option '%s': did you mean '%s'?", what, given, nearest);
  list_names(text, sizeof text, names);
  return coh_misuse(L, "%s has no option '%s': it has %s", what, given, text);
}


/* Misuse: 'arg' is no table of options. A number was surely meant as a time limit. */
static int refuse_options(lua_State *L, int arg, const char *what, const char *const names[]) {
  const char *type = coh_type_name(L, arg);
  char text[MESSAGE_MAX / 2] = "";
  if (lua_type(L, arg) == LUA_TNUMBER) {
    if (strcmp(names[0], "timeout") == 0)
      return coh_misuse(L, "%s expects a table of options, got number: write %s{timeout = %.14g}", what, what,
                        (double)lua_tonumber(L, arg));
    if (coh_name_mend(what, "timeout") != NULL)
      return coh_misuse(L, "%s expects a table of options, got number: for a time limit, %s", what,
                        coh_name_mend(what, "timeout"));
  }
  list_names(text, sizeof text, names);
  return coh_misuse(L, "%s expects a table of options, got %s: it has %s", what, type, text);
}


void coh_check_options(lua_State *L, int arg, const char *what, const char *const names[]) {
  if (!coh_is_options(L, arg)) refuse_options(L, arg, what, names);
  luaL_checkstack(L, 3, "options");
  lua_pushnil(L);
  while (lua_next(L, arg)) {  /* key value */
    const char *const *name;
    bool known = false;
    lua_pop(L, 1);
    for (name = names; *name != NULL && lua_type(L, -1) == LUA_TSTRING; name++)
      if (strcmp(lua_tostring(L, -1), *name) == 0) known = true;
    if (!known) unknown_option(L, lua_gettop(L), what, names);
  }
}


/* Has the table on top keys, all of them 'names'? Then the first of these is pushed. [-0, +1 or 0, -] */
static bool push_option_of(lua_State *L, const char *const names[]) {
  const char *const *name;
  size_t count = 0, known = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    count++;
  }
  for (name = names; *name != NULL; name++) {
    if (coh_get_option(L, -1, *name) != LUA_TNIL) known++;
    lua_pop(L, 1);
  }
  if (known == 0 || known < count) return false;
  for (name = names; coh_get_option(L, -1, *name) == LUA_TNIL; name++) lua_pop(L, 1);
  lua_pop(L, 1);
  lua_pushstring(L, *name);
  return true;
}


void coh_check_options_first(lua_State *L, int f, int given, const char *what, const char *const names[]) {
  lua_Debug ar;
  int top = lua_gettop(L);
  if (top <= f || !lua_isfunction(L, f) || !coh_is_options(L, top)) return;
  luaL_checkstack(L, 3, "options");
  lua_pushvalue(L, f);
  lua_getinfo(L, ">u", &ar);
  if (ar.isvararg || ar.nparams >= given + top - f || !push_option_of(L, names)) return;
  coh_misuse(L, "%s takes its options first, got them behind the function: write %s({%s = ...}, f)", what,
             what, lua_tostring(L, -1));
}


int coh_get_option(lua_State *L, int arg, const char *name) {
  if (!lua_istable(L, arg)) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  lua_pushstring(L, name);
  return lua_rawget(L, arg < 0 ? arg - 1 : arg);
}


/* Misuse: the value on top is not what the option expects. The message quotes a number. */
static int wrong_option(lua_State *L, const char *name, const char *expected) {
  if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == lua_tonumber(L, -1))
    return coh_misuse(L, "option '%s' expects %s, got %.14g", name, expected, (double)lua_tonumber(L, -1));
  return coh_misuse(L, "option '%s' expects %s, got %s", name, expected, coh_push_given(L, -1));
}


bool coh_opt_boolean(lua_State *L, int arg, const char *name, bool otherwise) {
  int type = coh_get_option(L, arg, name);
  bool value = type == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN) wrong_option(L, name, "true or false");
  lua_pop(L, 1);
  return value;
}


lua_Integer coh_opt_count(lua_State *L, int arg, const char *name, lua_Integer least, lua_Integer otherwise) {
  int type = coh_get_option(L, arg, name), exact = 0;
  lua_Integer value = otherwise;
  if (type == LUA_TNUMBER) {
    value = lua_tointegerx(L, -1, &exact);
    if (lua_tonumber(L, -1) == (lua_Number)HUGE_VAL) {
      value = otherwise;
      exact = 1;
    } else if (exact && value < least) {
      exact = 0;
    }
  }
  if (type != LUA_TNIL && !exact) {
    lua_pushfstring(L, "a whole number of %I or more", (LUAI_UACINT)least);
    lua_insert(L, -2);
    wrong_option(L, name, lua_tostring(L, -2));
  }
  lua_pop(L, 1);
  return value;
}


int64_t coh_opt_seconds(lua_State *L, int arg, const char *name, int64_t otherwise) {
  int64_t ns = otherwise;
  int type = coh_get_option(L, arg, name);
  if (type == LUA_TNUMBER && lua_tonumber(L, -1) >= 0) ns = to_ns(lua_tonumber(L, -1));
  else if (type == LUA_TSTRING)
    coh_misuse(L, "option '%s' expects zero or more seconds, got %s", name,
               coh_push_given_seconds(L, lua_gettop(L), NULL));
  else if (type != LUA_TNIL) wrong_option(L, name, "zero or more seconds");
  lua_pop(L, 1);
  return ns;
}


const char *coh_opt_string(lua_State *L, int arg, const char *name) {
  int type = coh_get_option(L, arg, name);
  const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  if (type != LUA_TNIL && type != LUA_TSTRING) wrong_option(L, name, "a string");
  if (text != NULL && strlen(text) != lua_rawlen(L, -1))
    coh_misuse(L, "option '%s' expects a string without NUL bytes", name);
  lua_pop(L, 1);
  return text;
}

/* }} */
