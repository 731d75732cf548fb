/* A list keeps its order and never needs to know where an item is. */
#include "support.h"

struct item { int number; struct coh_link link; };

static void fill(struct coh_link *head, struct item *items, int first, int count) {
  int i;
  coh_link_init(head);
  for (i = 0; i < count; i++) {
    items[i].number = first + i;
    coh_link_append(head, &items[i].link);
  }
}


/* Say the numbers forwards, and check that the way back is the same. */
static void spell(struct coh_link *head) {
  struct coh_link *l;
  for (l = head->next; l != head; l = l->next) {
    CHECK(l->next->prev == l);
    CHECK(l->prev->next == l);
    say("%d", coh_item(l, struct item, link)->number);
  }
}


static void an_empty_head_is_alone(void) {
  struct coh_link head;
  coh_link_init(&head);
  CHECK(coh_link_alone(&head));
}


static void appending_keeps_the_order(void) {
  struct coh_link head; struct item items[3];
  fill(&head, items, 1, 3);
  spell(&head);
  CHECK_SAID("123");
}


static void prepending_puts_an_item_before_all(void) {
  struct coh_link head; struct item items[2], one = {.number = 9};
  fill(&head, items, 1, 2);
  coh_link_prepend(&head, &one.link);
  spell(&head);
  CHECK_SAID("912");
}


static void prepending_to_an_empty_list_is_appending(void) {
  struct coh_link head; struct item one = {.number = 9};
  coh_link_init(&head);
  coh_link_prepend(&head, &one.link);
  spell(&head);
  CHECK_SAID("9");
}


static void removing_needs_no_head_and_leaves_the_item_alone(void) {
  struct coh_link head; struct item items[3];
  fill(&head, items, 1, 3);
  coh_link_remove(&items[1].link);
  CHECK(coh_link_alone(&items[1].link));
  spell(&head);
  CHECK_SAID("13");
}


static void removing_what_is_in_no_list_does_nothing(void) {
  struct item one;
  coh_link_init(&one.link);
  coh_link_remove(&one.link);
  CHECK(coh_link_alone(&one.link));
}


static void splicing_appends_all_in_order_and_empties_the_source(void) {
  struct coh_link to, from; struct item a[2], b[3];
  fill(&to, a, 1, 2);
  fill(&from, b, 3, 3);
  coh_link_splice(&to, &from);
  CHECK(coh_link_alone(&from));
  spell(&to);
  CHECK_SAID("12345");
}


static void splicing_into_an_empty_list_moves_it(void) {
  struct coh_link to, from; struct item b[2];
  coh_link_init(&to);
  fill(&from, b, 1, 2);
  coh_link_splice(&to, &from);
  spell(&to);
  CHECK_SAID("12");
}


static void splicing_nothing_changes_nothing(void) {
  struct coh_link to, from; struct item a[2];
  fill(&to, a, 1, 2);
  coh_link_init(&from);
  coh_link_splice(&to, &from);
  spell(&to);
  CHECK_SAID("12");
}


int main(void) {
  RUN(an_empty_head_is_alone);
  RUN(appending_keeps_the_order);
  RUN(prepending_puts_an_item_before_all);
  RUN(prepending_to_an_empty_list_is_appending);
  RUN(removing_needs_no_head_and_leaves_the_item_alone);
  RUN(removing_what_is_in_no_list_does_nothing);
  RUN(splicing_appends_all_in_order_and_empties_the_source);
  RUN(splicing_into_an_empty_list_moves_it);
  RUN(splicing_nothing_changes_nothing);
  return passed("list");
}
