/*
** Notes: see note.h. Text is written into a buffer on the C stack; what does
** not fit is cut at a line, and long stacks keep their two ends.
*/
#include "glue/note.h"

#include <stdio.h>
#include <string.h>

#include "errors/chain.h"
#include "glue/inner.h"
#include "lua/depth.h"
#include "lua/library.h"
#include "lua/text.h"

#define NOTE_MAX 4096
#define FRAMES_FIRST 12
#define FRAMES_LAST 10
#define HOSTS_MAX 32

/* Text goes in by whole lines: one that does not fit is left out, with all that follows. */
struct text {
  size_t length;     /* of whole lines */
  size_t end;        /* of the line being written; above NOTE_MAX when it does not fit */
  char at[NOTE_MAX];
};


static void begin(struct text *t) {
  t->length = t->end = 0;
}


static void add_bytes(struct text *t, const char *s, size_t n) {
  if (t->end + n <= NOTE_MAX) memcpy(t->at + t->end, s, n);
  t->end += n;
}


static void add(struct text *t, const char *s) {
  add_bytes(t, s, strlen(s));
}


static void add_place(struct text *t, const char *file, int line) {
  char place[COH_PLACE_MAX];
  add_bytes(t, place, coh_text_write_place(place, file, line));
}


static void end_line(struct text *t) {
  add_bytes(t, "\n", 1);
  if (t->end <= NOTE_MAX) t->length = t->end;
}


static void add_line(struct text *t, const char *s) {
  add(t, s);
  end_line(t);
}


/* Is the function at 'level' called by a Lua function of ours? */
static bool is_called_by_ours(lua_State *L, const struct coh_state *S, int level) {
  lua_Debug caller;
  if (!lua_getstack(L, level + 1, &caller)) return false;
  lua_getinfo(L, "S", &caller);
  return coh_library_has(S->library, caller.source);
}


/*
** Our own functions are not shown, nor C functions of Lua's that they call. C functions
** without a name are the bodies of tasks and the callers of finalizers.
*/
static bool is_hidden(lua_State *L, const struct coh_state *S, lua_Debug *ar, int level) {
  bool ours;
  if (*ar->what != 'C') return coh_library_has(S->library, ar->source);
  if (ar->name == NULL || is_called_by_ours(L, S, level)) return true;
  if (!lua_checkstack(L, 2)) return false;  /* a coroutine that died may have no room */
  lua_getinfo(L, "f", ar);
  ours = coh_is_ours(L, S) || lua_tocfunction(L, -1) == S->known.handler;
  lua_pop(L, 1);
  return ours;
}


/* "file:line: in function 'name'", as Lua's own tracebacks say it. */
static void add_frame(struct text *t, lua_State *L, const struct coh_state *S, lua_Debug *ar, int level) {
  lua_getinfo(L, "Sln", ar);
  if (is_hidden(L, S, ar, level)) return;
  if (ar->currentline > 0) add_place(t, ar->short_src, ar->currentline);
  else add(t, ar->short_src);
  add(t, ": in ");
  if (ar->name != NULL) {
    add(t, *ar->namewhat ? ar->namewhat : "function");
    add(t, " '");
    add(t, ar->name);
    add(t, "'");
  } else if (*ar->what == 'm') {
    add(t, "main chunk");
  } else {
    add(t, "function <");
    add_place(t, ar->short_src, ar->linedefined);
    add(t, ">");
  }
  end_line(t);
}


static void add_stack(struct text *t, lua_State *L, const struct coh_state *S, int level) {
  lua_Debug ar;
  int levels = lua_getstack(L, level + FRAMES_FIRST + FRAMES_LAST, &ar) ? coh_depth_of(L) : 0;
  int first = 0;
  for (; lua_getstack(L, level, &ar); level++) {
    if (levels != 0 && first++ == FRAMES_FIRST && levels - FRAMES_LAST > level) {
      char line[64];
      snprintf(line, sizeof line, "... (%d levels left out)", levels - FRAMES_LAST - level);
      add_line(t, line);
      level = levels - FRAMES_LAST - 1;
      continue;
    }
    add_frame(t, L, S, &ar, level);
  }
}


/* The frames of a suspended coroutine, after those of the one it waits in. */
static void add_chain(struct text *t, lua_State *L, const struct coh_state *S) {
  lua_State *inner = coh_inner_of(S, L);
  if (inner != NULL) {
    add_chain(t, inner, S);
    add_line(t, "in a coroutine resumed by");
  }
  add_stack(t, L, S, 0);
}


/* The frames of a fiber, innermost coroutine first, without the 'level' innermost ones if it runs. */
static void add_fiber(struct text *t, struct coh_state *S, struct coh_fiber *f, int level) {
  if (f == coh_running(S) && S->frame != NULL) {
    struct coh_frame *frame;
    for (frame = S->frame; frame != NULL; frame = frame->prev) {
      add_stack(t, frame->co, S, frame == S->frame ? level : 0);
      if (frame->prev != NULL) add_line(t, "in a coroutine resumed by");
    }
  } else if (f->L != NULL) {
    add_chain(t, f->L, S);
  }
}


/* Hosts whose frames are all ours are left out. */
static void add_hosts(struct text *t, struct coh_state *S, const struct coh_fiber *f) {
  int count = 0;
  while (f->task.group != NULL && count++ < HOSTS_MAX) {
    struct coh_fiber *host = coh_fiber_of(f->task.group->host);
    size_t length = t->length, end = t->end, headed;
    add_line(t, "in a group of");
    headed = t->end;
    add_fiber(t, S, host, 0);
    if (t->end == headed) {
      t->length = length;
      t->end = end;
    }
    f = host;
  }
}


static void push_text(lua_State *L, const struct text *t) {
  size_t length = t->length;
  if (length > 0 && t->at[length - 1] == '\n') length--;
  lua_pushlstring(L, t->at, length);
}


void coh_note_push_place(lua_State *L, struct coh_state *S, struct coh_fiber *f, bool hosts) {
  struct text t;
  begin(&t);
  add_fiber(&t, S, f, 0);
  if (hosts) add_hosts(&t, S, f);
  push_text(L, &t);
}


void coh_note_push_hosts(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct text t;
  if (f->task.group == NULL) {
    lua_pushnil(L);
    return;
  }
  begin(&t);
  add_hosts(&t, S, f);
  push_text(L, &t);
}


bool coh_note_push_line(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  lua_State *co = f->L;
  lua_Debug frame;
  if (f == coh_running(S) && S->frame != NULL) co = S->frame->co;
  else if (co != NULL) co = coh_innermost(S, co);
  if (co == NULL || !coh_text_find_where(S->library, co, &frame)) {
    lua_pushliteral(L, "?");
    return false;
  }
  coh_text_push_place(L, frame.short_src, frame.currentline);
  return true;
}


/* A note of 'text'; NULL without memory. */
static struct coh_note *new_note(struct coh_state *S, const char *text, size_t length, const void *of) {
  struct coh_note *note = coh_mem_new(&S->loop.rt.mem, sizeof *note + length + 1);
  if (note == NULL) return NULL;
  note->length = length;
  note->of = of;
  memcpy(note->text, text, length);
  note->text[length] = '\0';
  return note;
}


void coh_note_put(lua_State *L, struct coh_state *S, struct coh_fiber *f, int text, const void *of) {
  size_t length;
  const char *s = lua_tolstring(L, text, &length);
  coh_note_free(S, &f->note);
  if (s != NULL) f->note = new_note(S, s, length, of);
}


void coh_note_push(lua_State *L, const struct coh_note *note) {
  if (note == NULL) lua_pushnil(L);
  else lua_pushlstring(L, note->text, note->length);
}


size_t coh_note_split(const char *text, size_t length, const char **handling) {
  static const char begins[] = "\n" COH_HANDLING;
  const char *at = memmem(text, length, begins, sizeof begins - 1);
  bool at_once = length >= sizeof begins - 2 && memcmp(text, begins + 1, sizeof begins - 2) == 0;
  *handling = at_once ? text : at != NULL ? at + 1 : NULL;
  return at_once ? 0 : at != NULL ? (size_t)(at - text) : length;
}


void coh_note_take(struct coh_state *S, struct coh_fiber *f, int level, struct coh_note **note) {
  struct text t;
  coh_note_free(S, note);
  begin(&t);
  add_fiber(&t, S, f, level);
  *note = new_note(S, t.at, t.length > 0 ? t.length - 1 : 0, NULL);
}


/* Frames of C functions begin with "[C]". */
void coh_note_push_where(lua_State *L, const struct coh_note *note) {
  const char *line = note == NULL ? "" : note->text, *end;
  while (*line == '[' && (end = strchr(line, '\n')) != NULL) line = end + 1;
  end = strstr(line, ": in ");
  if (end == NULL || *line == '[') lua_pushliteral(L, "");
  else lua_pushlstring(L, line, (size_t)(end + 2 - line));
}


/* The first place is kept: later ones are in its clean-up. */
void coh_note_stuck(struct coh_state *S, struct coh_fiber *f) {
  struct coh_scope *canceller = f->task.current->canceller;
  struct coh_luascope *s;
  if (canceller == NULL || canceller->role != COH_SCOPE_PLAIN) return;
  if (canceller->reason != COH_REASON_DEADLINE || !coh_task_has_open(&f->task, canceller)) return;
  s = coh_item(canceller, struct coh_luascope, scope);
  if (s->wants_trace && s->stuck == NULL) coh_note_take(S, f, 0, &s->stuck);
}
