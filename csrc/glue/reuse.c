/*
** What is kept for reuse: see reuse.h. The free lists are linked through fields that
** mean nothing while a struct is free.
*/
#include "glue/reuse.h"

#include "glue/locals.h"
#include "lua/outofmemory.h"

#define FIBERS_MAX 1024  /* kept at most, 1.1 KiB each with its coroutine */
#define SCOPES_MAX 64    /* the same, and as many groups */


static void *allocate(lua_State *L, struct coh_state *S, size_t size) {
  void *p = coh_mem_new(&S->loop.rt.mem, size);
  if (p == NULL) coh_out_of_memory(L);
  return p;
}


/* {{ Fibers */

/* Give a fiber the coroutine on top, in its slot when it has one. [-1, +0, m] */
static void set_thread(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  lua_State *co = lua_tothread(L, -1);
  if (f->task.slot != 0) coh_anchors_set(L, &S->threads, f->task.slot);
  else f->task.slot = coh_anchors_take(L, &S->threads);
  f->L = co;
}


struct coh_extra *coh_fiber_extra(lua_State *L, struct coh_fiber *f) {
  if (f->extra == NULL) {
    f->extra = allocate(L, coh_state_from(coh_task_runtime(&f->task)), sizeof *f->extra);
    coh_link_init(&f->extra->watchers);
    coh_link_init(&f->extra->held);
  }
  return f->extra;
}


void *coh_fiber_room(lua_State *L, struct coh_fiber *f, size_t size) {
  struct coh_state *S = coh_state_from(coh_task_runtime(&f->task));
  struct coh_extra *extra = coh_fiber_extra(L, f);
  if (extra->room_size < size) {
    void *room = allocate(L, S, size);
    coh_mem_free(&S->loop.rt.mem, extra->room, extra->room_size);
    extra->room = room;
    extra->room_size = size;
  }
  return extra->room;
}


void coh_fiber_let_go(lua_State *L, struct coh_fiber *f, const char *name) {
  while (!coh_link_alone(&f->extra->held)) {
    struct coh_held *held = coh_item(f->extra->held.next, struct coh_held, link);
    coh_link_remove(&held->link);
    held->ended(L, held, name);
  }
}


static void free_extra(struct coh_state *S, struct coh_fiber *f) {
  if (f->extra == NULL) return;
  coh_fiber_let_go(S->main, f, NULL);
  coh_mem_free(&S->loop.rt.mem, f->extra->room, f->extra->room_size);
  coh_mem_free(&S->loop.rt.mem, f->extra, sizeof *f->extra);
  f->extra = NULL;
}


static void free_fiber(struct coh_state *S, struct coh_fiber *f) {
  free_extra(S, f);
  coh_anchors_free(S->main, &S->threads, f->task.slot);
  coh_mem_free(&S->loop.rt.mem, f, sizeof *f);
}


/* The free fiber to be taken next, or NULL. */
static struct coh_fiber *next_free(const struct coh_state *S) {
  return coh_link_alone(&S->fibers) ? NULL : coh_item(S->fibers.prev, struct coh_fiber, task.wait.link);
}


/*
** Give the next free fiber a coroutine, and make one if there is none. The coroutine is made first, because
** that may run finalizers, which may take and give fibers. Until it is whole the fiber stays in the free
** list, so that nothing is lost if something raises.
*/
static struct coh_fiber *make_whole(lua_State *L, struct coh_state *S) {
  struct coh_fiber *f;
  lua_newthread(L);
  S->memory_short = false;
  f = next_free(S);
  if (f == NULL) {
    f = allocate(L, S, sizeof *f);
    coh_link_append(&S->fibers, &f->task.wait.link);
    S->fibers_free++;
  }
  if (f->L == NULL || coh_is_hooked(S, L)) set_thread(L, S, f);
  else lua_pop(L, 1);
  return f;
}


/* If the program has a hook, its new coroutine must inherit that, as in Lua: one that was kept has none. */
struct coh_fiber *coh_fiber_take(lua_State *L, struct coh_state *S) {
  struct coh_fiber *f = next_free(S);
  if (f == NULL || f->L == NULL || coh_is_hooked(S, L)) f = make_whole(L, S);
  coh_link_remove(&f->task.wait.link);
  S->fibers_free--;
  return f;
}


/* Hooks first: they would run in whatever this coroutine is used for next. */
static void clean_thread(struct coh_state *S, struct coh_fiber *f) {
  if (f->L != NULL && lua_gethook(f->L) != NULL) lua_sethook(f->L, NULL, 0, 0);
  if (f->L != NULL && !f->dead && lua_status(f->L) == LUA_OK) {  /* nobody has resumed it after its end */
    lua_settop(f->L, 0);
    return;
  }
  coh_anchors_clear(S->main, &S->threads, f->task.slot);
  f->L = NULL;
}


/* Reset what is not set when it is taken again. */
static void reset_fiber(struct coh_fiber *f) {
  f->task.group = NULL;
  f->generation = 0;
  f->task.daemon = f->task.starting = f->task.has_place = false;
  f->handle = NULL;
  f->started = f->failed = f->cut = f->rethrown = f->yielded = false;
  f->dead = f->unwinding = f->unclaimed = f->robbed = false;
}


/* Keep a fiber that has ended and lost its handle, see lost.h. It does not count as memory of the runtime. */
static void bury(struct coh_state *S, struct coh_fiber *f) {
  coh_anchors_free(S->main, &S->threads, f->task.slot);
  S->loop.rt.mem.used -= sizeof *f;
  coh_link_append(&S->buried, &f->task.wait.link);
}


void coh_fiber_give(struct coh_state *S, struct coh_fiber *f) {
  if (f->locals) coh_locals_forget(S, f);
  if (f->note != NULL) coh_note_free(S, &f->note);
  clean_thread(S, f);
  if (f->lost) {
    free_extra(S, f);
    bury(S, f);
    return;
  }
  if (S->fibers_free >= FIBERS_MAX || S->memory_short || S->closing) {
    free_fiber(S, f);
    return;
  }
  free_extra(S, f);
  reset_fiber(f);
  coh_link_append(&S->fibers, &f->task.wait.link);
  S->fibers_free++;
}


void coh_fiber_free_kept(struct coh_state *S) {
  while (!coh_link_alone(&S->fibers)) {
    struct coh_link *l = S->fibers.next;
    coh_link_remove(l);
    free_fiber(S, coh_item(l, struct coh_fiber, task.wait.link));
  }
  S->fibers_free = 0;
}


void coh_fiber_free_buried(struct coh_state *S) {
  while (!coh_link_alone(&S->buried)) {
    struct coh_fiber *f = coh_item(S->buried.next, struct coh_fiber, task.wait.link);
    coh_link_remove(&f->task.wait.link);
    S->loop.rt.mem.used += sizeof *f;
    coh_mem_free(&S->loop.rt.mem, f, sizeof *f);
  }
  S->lost_freed = true;
}

/* }} */


/* {{ Scopes and groups */

/* A slot for an object, holding false. [-0, +0, m] */
static int new_slot(lua_State *L, struct coh_state *S) {
  lua_pushboolean(L, 0);
  return coh_anchors_take(L, &S->objects);
}


struct coh_luascope *coh_luascope_take(lua_State *L, struct coh_state *S) {
  struct coh_luascope *s;
  if (coh_link_alone(&S->scopes)) {
    s = allocate(L, S, sizeof *s);
    coh_link_append(&S->scopes, &s->scope.sibling);
    S->scopes_free++;
  }
  s = coh_item(S->scopes.prev, struct coh_luascope, scope.sibling);
  if (s->slot == 0) s->slot = new_slot(L, S);
  coh_link_remove(&s->scope.sibling);
  S->scopes_free--;
  s->number = ++S->opened;
  s->face = NULL;
  s->form = 0;
  s->nesting = 0;
  s->failed = s->wants_trace = false;
  return s;
}


void coh_luascope_give(struct coh_state *S, struct coh_luascope *s) {
  coh_note_free(S, &s->stuck);
  if (s->face != NULL) {
    s->face->deadline_ns = s->scope.deadline.at_ns;
    coh_object_end(&s->face->object);
    coh_anchors_clear(S->main, &S->objects, s->slot);
    s->face = NULL;
  }
  if (S->scopes_free >= SCOPES_MAX || S->closing) {
    coh_anchors_free(S->main, &S->objects, s->slot);
    coh_mem_free(&S->loop.rt.mem, s, sizeof *s);
    return;
  }
  coh_link_append(&S->scopes, &s->scope.sibling);
  S->scopes_free++;
}


struct coh_luagroup *coh_luagroup_take(lua_State *L, struct coh_state *S) {
  struct coh_luagroup *g;
  if (coh_link_alone(&S->groups)) {
    g = allocate(L, S, sizeof *g);
    coh_link_append(&S->groups, &g->group.scope.sibling);
    S->groups_free++;
  }
  g = coh_item(S->groups.prev, struct coh_luagroup, group.scope.sibling);
  if (g->slot == 0) g->slot = new_slot(L, S);
  coh_link_remove(&g->group.scope.sibling);
  S->groups_free--;
  g->number = ++S->opened;
  g->object = NULL;
  g->deferring = NULL;
  g->body_failed = g->body_cut = g->joined = g->cut_tasks = g->given_up = false;
  g->deferred = g->deferred_failed = 0;
  g->deferred_lost = false;
  return g;
}


void coh_luagroup_give(struct coh_state *S, struct coh_luagroup *g) {
  S->groups_closed++;
  if (g->object != NULL) {
    coh_object_end(g->object);
    coh_anchors_clear(S->main, &S->objects, g->slot);
    g->object = NULL;
  }
  if (S->groups_free >= SCOPES_MAX || S->closing) {
    coh_anchors_free(S->main, &S->objects, g->slot);
    coh_mem_free(&S->loop.rt.mem, g, sizeof *g);
    return;
  }
  coh_link_append(&S->groups, &g->group.scope.sibling);
  S->groups_free++;
}


void coh_luagroup_forget_failures(struct coh_state *S, struct coh_luagroup *g) {
  struct coh_link *failed = &g->group.failed;
  while (!coh_link_alone(failed)) {
    struct coh_link *l = failed->next;
    coh_link_remove(l);
    if (l != &g->group.body_failed) coh_fiber_give(S, coh_item(l, struct coh_fiber, task.wait.link));
  }
}


void coh_luagroup_close(struct coh_state *S, struct coh_luagroup *g) {
  coh_luagroup_forget_failures(S, g);
  coh_group_close(&g->group);
  coh_luagroup_give(S, g);
}

/* }} */


void coh_reuse_free_kept(struct coh_state *S) {
  coh_fiber_free_kept(S);
  while (!coh_link_alone(&S->scopes)) {
    struct coh_link *l = S->scopes.next;
    coh_link_remove(l);
    coh_luascope_give(S, coh_item(l, struct coh_luascope, scope.sibling));
  }
  while (!coh_link_alone(&S->groups)) {
    struct coh_link *l = S->groups.next;
    coh_link_remove(l);
    coh_luagroup_give(S, coh_item(l, struct coh_luagroup, group.scope.sibling));
  }
  S->scopes_free = S->groups_free = 0;
}
