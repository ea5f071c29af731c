/* export.c - reading to carry off: what may be read is told only where it may be exported too. */
#include "store/store_internal.h"
#include <assert.h>

typedef struct {
  const gm__rights *rights;
  gm_record_listener *listener;
  void *user;
  int64_t left_out;
} filter;

/* Kinds and classes that are none of ours are kept back by gm_store_read. */
static gm_status hear(void *user, const gm_record_found *r)
{
  filter *f = user;
  if (!f->rights->not_allowed[r->kind][r->data_class]) return f->listener(f->user, r);
  f->left_out++;
  return GM_OK;
}

/* Why nothing of a kind (0: of any) may be carried off, in any class; NULL: something may. */
static const char *all_denied(const gm__rights *rights, int64_t kind)
{
  const char *why = NULL;
  for (int64_t k = kind ? kind : 1; k < (kind ? kind + 1 : GM_RECORD_KIND_COUNT); k++)
    for (int c = 0; c < GM_CLASS_COUNT; c++) {
      why = rights->not_allowed[k][c];
      if (!why) return NULL;
    }
  return why;
}

gm_status gm_store_export(gm_session *a, gm_ctx *ctx, const gm_record_query *q,
                          gm_record_listener *listener, void *user)
{
  assert(a && ctx && q && listener);
  gm__rights rights;
  int64_t unread = 0;
  gm_record_query own = *q;
  filter f = {.rights = &rights, .listener = listener, .user = user};
  gm_status st = gm__rights_of(a, ctx, q->twin, GM_ACT_EXPORT, &rights);
  if (st) return st;
  const char *why = all_denied(&rights, q->kind);
  if (why) return gm__denied(a, ctx, GM_ACT_EXPORT, q->twin, q->kind, why);
  own.withheld = &unread;
  st = gm_store_read(a, ctx, &own, hear, &f);
  if (st) return st;
  if (q->withheld) *q->withheld = unread + f.left_out;
  if (q->withheld || !(unread + f.left_out)) return GM_OK;
  return gm__denied(a, ctx, GM_ACT_EXPORT, q->twin, q->kind, "some of the records are not for you");
}
