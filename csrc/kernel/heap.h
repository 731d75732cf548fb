/*
** An intrusive pairing heap of points in time, the earliest on top; equal times
** come out in the order they went in. Inserting is O(1), removing O(log n)
** amortized, and nothing ever allocates, so a deadline can always be moved.
**
** A node is a root of its own children: 'child' is the first of them, 'next'
** and 'prev' link siblings, and the first sibling's 'prev' is the parent. A
** node that is in no heap has 'order' zero.
*/
#ifndef COH_KERNEL_HEAP_H
#define COH_KERNEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/check.h"

struct coh_heap_node {
  struct coh_heap_node *child;
  struct coh_heap_node *next;
  struct coh_heap_node *prev;
  int64_t at_ns;   /* kept when the node leaves the heap */
  uint64_t order;  /* when it was inserted; 0 when it is in no heap */
};

struct coh_heap {
  struct coh_heap_node *root;  /* the earliest, NULL when empty */
};

static inline void coh_heap_node_init(struct coh_heap_node *n) {
  n->child = n->next = n->prev = NULL;
  n->at_ns = INT64_MAX;
  n->order = 0;
}

static inline bool coh_heap_has(const struct coh_heap_node *n) {
  return n->order != 0;
}

static inline bool coh_heap_before(const struct coh_heap_node *a, const struct coh_heap_node *b) {
  return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

/* Join two heaps given by their roots, either of which may be NULL. */
static inline struct coh_heap_node *coh_heap_meld(struct coh_heap_node *a, struct coh_heap_node *b) {
  struct coh_heap_node *later;
  if (a == NULL) return b;
  if (b == NULL) return a;
  later = coh_heap_before(b, a) ? a : b;
  if (later == a) a = b;
  later->prev = a;
  later->next = a->child;
  if (a->child != NULL) a->child->prev = later;
  a->child = later;
  return a;
}

/*
** Make one heap of a list of siblings: join them in pairs from the left, then
** the pairs from the right. The pairs wait on a stack linked through 'prev'.
*/
static inline struct coh_heap_node *coh_heap_combine(struct coh_heap_node *first) {
  struct coh_heap_node *pairs = NULL, *root = NULL;
  while (first != NULL) {
    struct coh_heap_node *a = first, *b = a->next;
    first = b != NULL ? b->next : NULL;
    a->next = a->prev = NULL;
    if (b != NULL) b->next = b->prev = NULL;
    a = coh_heap_meld(a, b);
    a->prev = pairs;
    pairs = a;
  }
  while (pairs != NULL) {
    struct coh_heap_node *rest = pairs->prev;
    pairs->prev = NULL;
    root = coh_heap_meld(root, pairs);
    pairs = rest;
  }
  return root;
}

/* 'order' breaks ties and must grow from insertion to insertion, from 1 on. */
static inline void coh_heap_insert(struct coh_heap *h, struct coh_heap_node *n, int64_t at_ns,
                                   uint64_t order) {
  coh_assert(!coh_heap_has(n));
  n->child = n->next = n->prev = NULL;
  n->at_ns = at_ns;
  n->order = order;
  h->root = coh_heap_meld(h->root, n);
}

static inline void coh_heap_remove(struct coh_heap *h, struct coh_heap_node *n) {
  struct coh_heap_node *children = coh_heap_combine(n->child);
  coh_assert(coh_heap_has(n));
  if (h->root == n) {
    h->root = children;
  } else {
    if (n->prev->child == n) n->prev->child = n->next;
    else n->prev->next = n->next;
    if (n->next != NULL) n->next->prev = n->prev;
    h->root = coh_heap_meld(h->root, children);
  }
  n->child = n->next = n->prev = NULL;
  n->order = 0;
}

#endif
