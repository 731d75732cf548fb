/*
** Missing names: see names.h. For names of other libraries foreign.h has what to
** write. For any other the nearest existing name is suggested, or one that contains
** it or is contained in it; if there is neither, all names are listed, if they are
** few. A wrong guess is worse than none: near means that it differs by a slip, one
** letter in four, and two at most.
**
** Code that takes values of all kinds finds out what it has got by reading a field:
** the keys it tries read as nil, and so does every key that begins with "_", as
** names of metamethods do.
*/
#include "lua/names.h"

#include <lauxlib.h>

#include <ctype.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "lua/arg.h"
#include "lua/foreign.h"
#include "lua/funcname.h"

#define NAMES_MAX 12       /* more are not listed */
#define NAME_MAX_BYTES 31  /* a longer name is not compared */
#define SLIP_MAX 2         /* letters: "rename_file" is not "read_file" */
#define PART_MIN 4         /* least letters of a name that is found in another: "sleep_ms" */

/* What code looks for to see what it has got. */
static const char *const probes[] = {
  "class", "close", "code", "fileno", "getfd", "is_a", "message", "pollfd"};


/* A name in lower case without "_": "open_nursery" and "openNursery" become one. False: it is too long. */
static bool simplify(char *to, const char *name) {
  size_t n = 0;
  for (; *name != '\0'; name++) {
    if (*name == '_') continue;
    if (n == NAME_MAX_BYTES) return false;
    to[n++] = (char)tolower((unsigned char)*name);
  }
  to[n] = '\0';
  return true;
}


static size_t min(size_t a, size_t b) { return a < b ? a : b; }


/* Row by row; beside the new row the last two are kept, so that two swapped letters count as one change. */
size_t coh_name_distance(const char *given, const char *name) {
  size_t rows[3][NAME_MAX_BYTES + 1], i, j, n;
  char a[NAME_MAX_BYTES + 1], b[NAME_MAX_BYTES + 1];
  if (!simplify(a, given) || !simplify(b, name)) return COH_NAME_FAR;
  n = strlen(b);
  for (j = 0; j <= n; j++) rows[0][j] = j;
  for (i = 1; a[i - 1] != '\0'; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
    row[0] = i;
    for (j = 1; j <= n; j++) {
      row[j] = min(above[j - 1] + (a[i - 1] != b[j - 1]), min(above[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = min(row[j], before[j - 2] + 1);
    }
  }
  return rows[(i + 2) % 3][n];
}


bool coh_name_is_near(const char *given, size_t distance) {
  return distance <= min((strlen(given) + 1) / 4, SLIP_MAX);
}


/* How many letters one name has more than the other, which it contains; COH_NAME_FAR if it does not. */
static size_t surplus(const char *given, const char *name) {
  char a[NAME_MAX_BYTES + 1], b[NAME_MAX_BYTES + 1];
  size_t m, n;
  if (!simplify(a, given) || !simplify(b, name)) return COH_NAME_FAR;
  m = strlen(a), n = strlen(b);
  if (min(m, n) < PART_MIN) return COH_NAME_FAR;
  if (strstr(m > n ? a : b, m > n ? b : a) == NULL) return COH_NAME_FAR;
  return m > n ? m - n : n - m;
}


/* Is the key at 2 a name that was written to be used, and not a probe? */
static bool is_meant(lua_State *L) {
  const char *name;
  size_t i;
  if (lua_type(L, 2) != LUA_TSTRING) return false;
  name = lua_tostring(L, 2);
  if (!isalpha((unsigned char)*name) || strlen(name) != lua_rawlen(L, 2)) return false;
  for (i = 0; i < sizeof probes / sizeof *probes; i++)
    if (strcmp(name, probes[i]) == 0) return false;
  return true;
}


const char *coh_name_mend(const char *noun, const char *given) {
  size_t least = 1;
  const struct coh_foreign *other = coh_foreign_find(noun, given, &least);
  return other == NULL ? NULL : other->mend;
}


int coh_name_refuse_call(lua_State *L) {
  const char *noun = lua_tostring(L, lua_upvalueindex(1));
  return coh_misuse(L, "%s %s is not called: %s", strchr("aeiou", *noun) != NULL ? "an" : "a", noun,
                    coh_foreign_call(noun));
}


void coh_name_guard_call(lua_State *L, const char *noun) {
  if (coh_foreign_call(noun) == NULL) return;
  if (lua_getfield(L, -1, "__call") == LUA_TNIL) {
    lua_pushstring(L, noun);
    lua_pushcclosure(L, coh_name_refuse_call, 1);
    lua_setfield(L, -3, "__call");
  }
  lua_pop(L, 1);
}


/* The names that a noun has, in order, as far as there is room, and the best matches for 'given'. */
struct known {
  const char *given;
  const char *nearest;           /* NULL: none yet */
  size_t least;                  /* its distance */
  const char *akin;              /* one that contains 'given' or is contained in it; NULL: none */
  size_t surplus;                /* of 'akin' */
  size_t count;                  /* of all names, those that found no room in 'names' too */
  const char *names[NAMES_MAX];  /* borrows */
};


/* How alike the first letters of a name and the given one are: 2 if the same, 1 if of the same case. */
static int likeness(const struct known *k, const char *name) {
  if (*name == *k->given) return 2;
  return (isupper((unsigned char)*name) != 0) == (isupper((unsigned char)*k->given) != 0);
}


/* Is a name better than the best so far? Of two equally far away, the one that begins more alike is. */
static bool is_better(const struct known *k, const char *name, size_t far, const char *best, size_t least) {
  int its;
  if (best == NULL || far != least) return far < least;
  its = likeness(k, name) - likeness(k, best);
  return its != 0 ? its > 0 : strcmp(name, best) < 0;
}


static void add(struct known *k, const char *name) {
  size_t d = coh_name_distance(k->given, name), more = surplus(k->given, name);
  size_t i = k->count < NAMES_MAX ? k->count : NAMES_MAX - 1;
  if (is_better(k, name, more, k->akin, k->surplus)) {
    k->akin = name;
    k->surplus = more;
  }
  if (is_better(k, name, d, k->nearest, k->least)) {
    k->nearest = name;
    k->least = d;
  }
  for (; i > 0 && strcmp(name, k->names[i - 1]) < 0; i--) k->names[i] = k->names[i - 1];
  k->names[i] = name;
  k->count++;
}


static void collect(lua_State *L, struct known *k, int methods, const luaL_Reg *fields) {
  for (; fields != NULL && fields->name != NULL; fields++) add(k, fields->name);
  lua_pushvalue(L, methods);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && *lua_tostring(L, -1) != '_') add(k, lua_tostring(L, -1));
  }
  lua_pop(L, 1);
}


/* Is the foreign name at 'distance' nearer than all of ours? For 'timeout' it is, for 'TimeOut' not. */
static bool is_foreign(const struct known *k, size_t distance) {
  if (!coh_name_is_near(k->given, distance) || distance > k->least) return false;
  return distance < k->least || (distance == 0 && *k->nearest != *k->given);
}


/* Write the end of the message: what to write instead, or what names there are. */
static void suggest(char *text, size_t size, const struct known *k, const char *noun) {
  size_t least = COH_NAME_FAR, i, at;
  const struct coh_foreign *other = coh_foreign_find(noun, k->given, &least);
  *text = '\0';
  if (other != NULL && is_foreign(k, least)) {
    snprintf(text, size, ": %s", other->mend);
  } else if (k->nearest != NULL && coh_name_is_near(k->given, k->least)) {
    snprintf(text, size, ": did you mean '%s'?", k->nearest);
  } else if (k->akin != NULL) {
    snprintf(text, size, ": did you mean '%s'?", k->akin);
  } else if (k->count <= NAMES_MAX) {
    for (at = i = 0; i < k->count && at < size; i++)
      at += (size_t)snprintf(text + at, size - at, "%s'%s'", i == 0 ? ": it has " : ", ", k->names[i]);
  }
}


static int missing(lua_State *L, const char *noun, int methods, const luaL_Reg *fields) {
  struct known k = {.least = COH_NAME_FAR, .surplus = COH_NAME_FAR};
  char text[300];
  const char *article = strncmp(noun, "cohort", 6) == 0 ? "" : strchr("aeiou", *noun) != NULL ? "an " : "a ";
  luaL_checkstack(L, 4, NULL);
  if (!is_meant(L)) {
    lua_pushnil(L);
    return 1;
  }
  k.given = lua_tostring(L, 2);
  collect(L, &k, methods, fields);
  suggest(text, sizeof text, &k, noun);
  return coh_misuse(L, "%s%s has no '%s'%s", article, noun, k.given, text);
}


int coh_name_index(lua_State *L, const char *noun, int methods, const luaL_Reg *fields) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  const luaL_Reg *f;
  for (f = fields; f != NULL && f->name != NULL; f++)
    if (strcmp(f->name, key) == 0) return f->func(L);
  return missing(L, noun, methods, fields);
}


/* __index(methods, key) of a table of methods */
static int l_missing(lua_State *L) {
  lua_settop(L, 2);
  return coh_name_index(L, lua_touserdata(L, lua_upvalueindex(1)), 1, NULL);
}


void coh_name_guard(lua_State *L, const char *noun) {
  coh_funcname_know(L, noun);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, (void *)(uintptr_t)noun);
  lua_pushcclosure(L, l_missing, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}
