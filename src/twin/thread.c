/* thread.c - the facts of a twin, as they were known at a time. */
#include "twin/life_internal.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 65536 };

void gm__thread_free(gm__thread *t)
{
  gm_arena_free(t->memory);
  gm_free(t->known);
  *t = (gm__thread){0};
}

static const char *keep(gm_arena *memory, const char *text)
{
  size_t bytes = strlen(text) + 1;
  char *copy = bytes > 1 ? gm_arena_get(memory, (ptrdiff_t)bytes, 1) : NULL;
  if (!copy) return bytes > 1 ? NULL : "";
  memcpy(copy, text, bytes);
  return copy;
}

typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  gm_arena *scratch; /* of one body */
  gm_arena_mark mark;
} reader;

static bool texts_keep(gm_arena *memory, gm_fact *f)
{
  const char **const text[] = {&f->subject, &f->series,  &f->value,   &f->unit, &f->source,
                               &f->id,      &f->version, &f->licence, &f->code};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
    if (!(*text[i] = keep(memory, *text[i]))) return false;
  return true;
}

static gm_status room_make(gm_ctx *ctx, gm__thread *t)
{
  if (t->count < t->room) return GM_OK;
  int32_t room = t->room ? 2 * t->room : 256;
  gm__known *more = gm_alloc(ctx, room, sizeof *more);
  if (!more) return gm_fail(ctx, GM_ENOMEM, "%d facts", (int)room);
  if (t->count) memcpy(more, t->known, (size_t)t->count * sizeof *more);
  gm_free(t->known);
  t->known = more;
  t->room = room;
  return GM_OK;
}

static gm_status fact_hear(void *user, const gm_record_found *r)
{
  reader *q = user;
  gm__thread *t = &q->l->thread;
  if (r->seq > t->seq_last) t->seq_last = r->seq;
  if (r->t_learned > t->t_learned_last) t->t_learned_last = r->t_learned;
  gm_status st = room_make(q->ctx, t);
  gm__known *k = &t->known[t->count];
  if (!st) *k = (gm__known){.seq = r->seq, .t_learned = r->t_learned, .weight = 1};
  if (!st) st = gm_fact_read(q->ctx, r, q->scratch, &k->f);
  if (!st && !k->f.withdrawn && !texts_keep(t->memory, &k->f))
    st = gm_fail(q->ctx, GM_ENOMEM, "a fact");
  gm_arena_back(q->scratch, q->mark);
  if (st || k->f.withdrawn) return st;
  st = gm_fact_value(q->ctx, q->l->definition, &k->f, &k->value);
  if (st) return gm_fail_at(q->ctx, st, "record %lld", (long long)r->seq);
  t->count++;
  return GM_OK;
}

/* At one time: properties, then what was measured, then what was given (a trough is drawn before
 * the dose); within them by name, never by when it was learned, so that a correction, or a fork,
 * changes no order. */
static int rank(const gm__known *k)
{
  return k->f.kind == GM_RECORD_COVARIATE ? 0 : k->f.kind == GM_RECORD_OBSERVATION ? 1 : 2;
}

static int by_time(const void *a, const void *b)
{
  const gm__known *x = a, *y = b;
  int order = rank(x) - rank(y);
  if (x->f.t_true_s != y->f.t_true_s) return x->f.t_true_s < y->f.t_true_s ? -1 : 1;
  if (!order) order = strcmp(x->f.series, y->f.series);
  if (!order) order = strcmp(x->f.source, y->f.source);
  return order ? order : strcmp(x->f.id, y->f.id);
}

gm_status gm__thread_read(gm_life *l, gm_ctx *ctx)
{
  static const gm_record_kind kinds[] = {GM_RECORD_OBSERVATION, GM_RECORD_GIVEN,
                                         GM_RECORD_COVARIATE};
  reader r = {.l = l, .ctx = ctx};
  gm__thread_free(&l->thread);
  gm_status st = gm_arena_new(ctx, BLOCK_BYTES, &l->thread.memory);
  if (!st) st = gm_arena_new(ctx, BLOCK_BYTES, &r.scratch);
  if (!st) r.mark = gm_arena_at(r.scratch);
  for (int i = 0; i < 3 && !st; i++) {
    gm_record_query q = {.twin = l->twin, .kind = kinds[i], .as_of = l->as_of};
    st = gm_store_read(l->reads, ctx, &q, fact_hear, &r);
  }
  gm_arena_free(r.scratch);
  if (st) return st;
  if (l->thread.count)
    qsort(l->thread.known, (size_t)l->thread.count, sizeof *l->thread.known, by_time);
  return GM_OK;
}
