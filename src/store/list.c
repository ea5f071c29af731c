/* list.c - the twins of a store, as far as a session may know of them. */
#include "base/clock.h"
#include "store/scan.h"
#include <assert.h>

typedef struct {
  const gm_session *a;
  gm_twin_listener *listener;
  void *user;
  double now_s;
  int64_t told, withheld;
} list;

/* As gm_store_read does of a kind: something of it may be read. */
static bool may_know(const list *l, const gm__scanned *t)
{
  for (int c = 0; c < GM_CLASS_COUNT; c++)
    if (gm__scan_may(l->a, t, GM_RECORD_MODEL, (gm_data_class)c, l->now_s)) return true;
  return false;
}

static gm_status hear(void *user, const gm__scanned *t)
{
  list *l = user;
  if (!may_know(l, t)) {
    l->withheld++;
    return GM_OK;
  }
  gm_twin_found f = {.twin = t->twin,
                     .subject = t->subject,
                     .created_us = t->created_us,
                     .seq = t->seq,
                     .name = t->name,
                     .subject_id = t->subject_id};
  l->told++;
  return l->listener(l->user, &f);
}

gm_status gm_store_twins(gm_session *a, gm_ctx *ctx, int64_t subject, gm_twin_listener *listener,
                         void *user, int64_t *withheld)
{
  assert(a && ctx && listener);
  list l = {.a = a, .listener = listener, .user = user, .now_s = gm__clock_s()};
  gm_status st = gm__scan(a, ctx, subject, false, hear, &l);
  gm_status logged = gm__audit_put(a, ctx, GM_AUDIT_READ, 0, subject, l.told,
                                   "{\"what\":\"list of twins\"}", false);
  if (!st) st = logged;
  if (!st && withheld) *withheld = l.withheld;
  return st;
}
