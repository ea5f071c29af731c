/* life_whose.c - of whom a twin's sources have spoken, so that nobody else's data are taken for the
 * patient's. Ids are remembered as hashes: that they differ is all that is asked. */
#include "gemel/rand.h"
#include "store/store_internal.h"
#include "twin/life_internal.h"
#include <string.h>

static gm_status pair_put(gm_life *l, gm_ctx *ctx, gm__spoken pair)
{
  gm__whose *w = &l->whose;
  for (int32_t i = 0; i < w->count; i++)
    if (w->pair[i].source == pair.source && w->pair[i].subject == pair.subject) return GM_OK;
  if (w->count == w->room) {
    int32_t room = 2 * w->room + 8;
    gm_status st = gm_grow(ctx, &w->pair, w->count, room, sizeof *w->pair);
    if (st) return st;
    w->room = room;
  }
  w->pair[w->count++] = pair;
  return GM_OK;
}

static gm__spoken pair_of(const gm_fact *f)
{
  return (gm__spoken){gm_hash_text(f->source), gm_hash_text(f->subject)};
}

/* ---- what is known --------------------------------------------------------------------------- */
typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  gm_arena *scratch; /* of one body */
  gm_arena_mark mark;
} reader;

static gm_status fact_hear(void *user, const gm_record_found *r)
{
  reader *q = user;
  gm_fact f;
  gm_status st = gm_fact_read(q->ctx, r, q->scratch, &f);
  bool speaks = !st && !f.withdrawn && f.subject[0];
  if (speaks) st = pair_put(q->l, q->ctx, pair_of(&f));
  gm_arena_back(q->scratch, q->mark);
  return st;
}

/* Facts that the consents keep from our own work cannot be compared. */
static gm_status kind_read(reader *r, gm_record_kind kind)
{
  int64_t withheld = 0;
  gm_record_query q = {.twin = r->l->twin, .kind = kind, .withheld = &withheld};
  gm_status st = gm_store_read(r->l->reads, r->ctx, &q, fact_hear, r);
  if (st != GM_EDENIED) return st;
  gm_message_clear(r->ctx);
  return GM_OK;
}

/* Only facts are read, and not their values: what a belief still lacks keeps nothing out. */
gm_status gm__whose_read(gm_life *l, gm_ctx *ctx)
{
  static const gm_record_kind kinds[] = {GM_RECORD_OBSERVATION, GM_RECORD_GIVEN, GM_RECORD_ORDERED,
                                         GM_RECORD_REPORTED, GM_RECORD_COVARIATE};
  reader r = {.l = l, .ctx = ctx};
  int64_t seq = 0;
  gm_status st = gm__life_seq(l, ctx, &seq);
  if (st || seq == l->whose.seq) return st;
  l->whose.seq = l->whose.count = 0;
  st = gm_arena_new(ctx, 4096, &r.scratch);
  if (!st) r.mark = gm_arena_at(r.scratch);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !st; i++) st = kind_read(&r, kinds[i]);
  gm_arena_free(r.scratch);
  if (!st) l->whose.seq = seq;
  return st;
}

/* ---- what comes ------------------------------------------------------------------------------ */
typedef enum { SAID, NEW_SOURCE, ANOTHER } spoken_before;

static spoken_before look_up(const gm__whose *w, gm__spoken pair)
{
  spoken_before is = NEW_SOURCE;
  for (int32_t i = 0; i < w->count; i++) {
    if (w->pair[i].source != pair.source) continue;
    if (w->pair[i].subject == pair.subject) return SAID;
    is = ANOTHER;
  }
  return is;
}

/* Whose id it is in this store, by itself or by what stands behind its last '/': "Patient/s1". 0:
 * of nobody's. */
static gm_status subject_of(const gm_life *l, gm_ctx *ctx, const char *id, int64_t *out)
{
  const char *slash = strrchr(id, '/'), *const name[2] = {id, slash ? slash + 1 : ""};
  int64_t subject = 0;
  for (int i = 0; i < 2 && !subject; i++) {
    if (!name[i][0]) continue;
    gm_status st = gm__subject_find(gm_session_store(l->session), ctx, name[i], &subject);
    if (st && st != GM_ENOTFOUND && st != GM_EINVAL) return st;
    if (st) gm_message_clear(ctx);
  }
  *out = subject;
  return GM_OK;
}

/* The first id that a source uses here. The message names no id: who asks may know none. */
static gm_status first_check(const gm_life *l, gm_ctx *ctx, const gm_fact *f, bool named)
{
  int64_t subject = 0;
  gm_status st = subject_of(l, ctx, f->subject, &subject);
  if (st || subject == l->subject) return st;
  if (subject)
    return gm_fail(ctx, GM_EINVAL,
                   "the source '%.80s' speaks of another subject of this store; whoever knows that "
                   "both are one person must say so",
                   f->source);
  return named ? gm_fail(ctx, GM_EINVAL,
                         "the source '%.80s' is new here and does not call its subject as this "
                         "store does; whoever knows that it is the twin's must say so",
                         f->source)
               : GM_OK;
}

gm_status gm__whose_check(gm_life *l, gm_ctx *ctx, const gm_fact *fact, int32_t count,
                          const gm_life_add_options *o)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < count && !st; i++) {
    if (!fact[i].subject[0]) continue;
    gm__spoken pair = pair_of(&fact[i]);
    spoken_before is = o && o->same_person ? SAID : look_up(&l->whose, pair);
    if (is == NEW_SOURCE) st = first_check(l, ctx, &fact[i], o && o->named);
    if (is == ANOTHER)
      st = gm_fail(ctx, GM_EINVAL,
                   "the source '%.80s' has spoken of another subject in this twin; whoever knows "
                   "that both are one person must say so",
                   fact[i].source);
    if (!st) st = pair_put(l, ctx, pair);
  }
  return st;
}

void gm__whose_wrote(gm_life *l, const gm_receipt *receipt, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    if (!receipt[i].already && receipt[i].seq == l->whose.seq + 1) l->whose.seq++;
}
