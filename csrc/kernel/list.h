/*
** Intrusive circular lists. The head is a link that belongs to no item; an
** item that is in no list points to itself, so unlinking is always safe and
** "is it in a list" needs no flag. Nothing here allocates.
*/
#ifndef COH_KERNEL_LIST_H
#define COH_KERNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct coh_link {
  struct coh_link *next;
  struct coh_link *prev;
};

/* The item of type 'type' whose field 'field' is at 'link'. */
#define coh_item(link, type, field) \
  ((type *)(void *)((char *)(link) - offsetof(type, field)))

static inline void coh_link_init(struct coh_link *l) {
  l->next = l->prev = l;
}

static inline bool coh_link_alone(const struct coh_link *l) {
  return l->next == l;
}

static inline void coh_link_append(struct coh_link *head, struct coh_link *l) {
  l->next = head;
  l->prev = head->prev;
  head->prev->next = l;
  head->prev = l;
}

static inline void coh_link_prepend(struct coh_link *head, struct coh_link *l) {
  coh_link_append(head->next, l);
}

static inline void coh_link_remove(struct coh_link *l) {
  l->prev->next = l->next;
  l->next->prev = l->prev;
  coh_link_init(l);
}

/* Move everything in 'from' behind what is in 'to', in order. */
static inline void coh_link_splice(struct coh_link *to, struct coh_link *from) {
  if (coh_link_alone(from)) return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  coh_link_init(from);
}

#endif
