/* life_quality.c - whether observations are to be believed: verdicts kept in the thread, and what
 * they mean for the belief. */
#include "base/json_tree.h"
#include "base/json_write.h"
#include "gemel/quality.h"
#include "twin/life_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- verdicts that are kept ------------------------------------------------------------------ */
typedef struct {
  const char *id; /* observable, source and id of the datum */
  uint32_t reasons;
  double weight;
} verdict;

typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  verdict *list;
  int32_t count, room;
} verdicts;

static gm_status verdict_add(verdicts *v, const char *id, uint32_t reasons, double weight)
{
  if (v->count == v->room) {
    int32_t room = v->room ? 2 * v->room : 64;
    verdict *more = gm_arena_get(v->memory, room, sizeof *more);
    if (!more) return gm_fail(v->ctx, GM_ENOMEM, "verdicts");
    if (v->count) memcpy(more, v->list, (size_t)v->count * sizeof *more);
    v->list = more;
    v->room = room;
  }
  size_t bytes = strlen(id) + 1;
  char *copy = gm_arena_get(v->memory, (ptrdiff_t)bytes, 1);
  if (!copy) return gm_fail(v->ctx, GM_ENOMEM, "verdicts");
  memcpy(copy, id, bytes);
  v->list[v->count++] = (verdict){copy, reasons, weight};
  return GM_OK;
}

static gm_status verdict_hear(void *user, const gm_record_found *r)
{
  verdicts *v = user;
  gm_json_options o = {.name = "verdict"};
  gm_json *root = NULL;
  gm_arena_mark mark = gm_arena_at(v->memory);
  int64_t reasons = 0;
  double weight = 1;
  gm_status st = gm__json_parse(v->ctx, v->memory, &o, r->body, r->bytes, &root);
  const gm_json *set = st ? NULL : gm__json_find(root, "reasons");
  const gm_json *w = st ? NULL : gm__json_find(root, "weight");
  if (!st && !(set && w)) st = gm_fail(v->ctx, GM_EPARSE, "a verdict without reasons or weight");
  if (!st) st = gm__json_int(set, &reasons);
  if (!st) st = gm__json_double(w, &weight);
  gm_arena_back(v->memory, mark);
  return st ? st : verdict_add(v, r->id, (uint32_t)reasons, weight);
}

static int by_id(const void *a, const void *b)
{
  return strcmp(((const verdict *)a)->id, ((const verdict *)b)->id);
}

static const verdict *verdict_of(const verdicts *v, const char *id)
{
  verdict key = {.id = id};
  return v->count ? bsearch(&key, v->list, (size_t)v->count, sizeof key, by_id) : NULL;
}

/* ---- judging --------------------------------------------------------------------------------- */
typedef struct {
  int64_t seq;
  int32_t index; /* in the thread */
} place;

typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  verdicts kept;
  place *at; /* of the observable's data, in the order in which they were learned */
  gm_quality_datum *datum;
  gm_quality_finding *finding;
  bool keep;
} judge;

static int by_learned(const void *a, const void *b)
{
  const place *x = a, *y = b;
  return (x->seq > y->seq) - (x->seq < y->seq);
}

static void verdict_body(const gm_quality_finding *f, gm_text *out)
{
  gm_json_writer w;
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "verdict", gm_quality_verdict_name(f->verdict));
  gm_json_write_int(&w, "reasons", f->reasons);
  gm_json_write_number(&w, "weight", f->weight);
  gm_json_write_object(&w, "measured");
  for (int r = 0; r < GM_QUALITY_REASONS; r++)
    if (f->reasons & GM_QUALITY_BIT(r))
      gm_json_write_number(&w, gm_quality_reason_name((gm_quality_reason)r), f->measured[r]);
  gm_json_write_object_end(&w);
  gm_json_write_object_end(&w);
}

/* Writes a verdict that differs from the one kept; good data have none until they had another. */
static gm_status verdict_keep(judge *j, const gm__known *k, const gm_quality_finding *f)
{
  gm_text id, body;
  char version[40];
  gm_text_init(&id, j->ctx);
  gm_text_init(&body, j->ctx);
  gm_text_addf(&id, "%.200s %.300s %.400s", k->f.series, k->f.source, k->f.id);
  gm_status st = id.status ? gm_fail(j->ctx, id.status, "a verdict") : GM_OK;
  const verdict *before = st ? NULL : verdict_of(&j->kept, id.data);
  bool same =
      before ? before->reasons == f->reasons && before->weight == f->weight : f->reasons == 0;
  if (!st && !same) {
    verdict_body(f, &body);
    snprintf(version, sizeof version, "%lld %.16s", (long long)j->l->thread.seq_last,
             j->l->model.definition[0]);
    st = gm__life_put(j->l, j->ctx, GM_RECORD_QUALITY, k->f.series, id.data, version, k->f.t_true_s,
                      &body, NULL);
  }
  gm_text_free(&id);
  gm_text_free(&body);
  return st;
}

static gm_status series_judge(judge *j, const gm_observable *o)
{
  gm__thread *t = &j->l->thread;
  gm_quality_rules rules = *o->quality;
  int32_t n = 0;
  for (int32_t i = 0; i < t->count; i++)
    if (t->known[i].f.kind == GM_RECORD_OBSERVATION && !strcmp(t->known[i].f.series, o->name))
      j->at[n++] = (place){t->known[i].seq, i};
  if (n) qsort(j->at, (size_t)n, sizeof *j->at, by_learned);
  double origin_h = n ? t->known[j->at[0].index].f.t_true_s / 3600 : 0;
  rules.unix_h = origin_h;
  for (int32_t i = 0; i < n; i++) {
    const gm__known *k = &t->known[j->at[i].index];
    j->datum[i] = (gm_quality_datum){k->f.t_true_s / 3600 - origin_h,
                                     (double)k->t_learned * 1e-6 / 3600 - origin_h, k->value};
  }
  gm_status st = gm_quality_batch(j->ctx, &rules, n, j->datum, j->finding);
  for (int32_t i = 0; i < n && !st; i++) {
    gm__known *k = &t->known[j->at[i].index];
    k->weight = j->finding[i].weight;
    if (j->keep) st = verdict_keep(j, k, &j->finding[i]);
  }
  return st;
}

static gm_status verdicts_read(judge *j)
{
  gm_record_query q = {.twin = j->l->twin, .kind = GM_RECORD_QUALITY, .as_of = j->l->as_of};
  j->kept.ctx = j->ctx;
  gm_status st = gm_arena_new(j->ctx, 16384, &j->kept.memory);
  if (!st) st = gm_store_read(j->l->reads, j->ctx, &q, verdict_hear, &j->kept);
  if (!st && j->kept.count) qsort(j->kept.list, (size_t)j->kept.count, sizeof *j->kept.list, by_id);
  return st;
}

gm_status gm__life_judge(gm_life *l, gm_ctx *ctx, bool keep)
{
  judge j = {.l = l, .ctx = ctx, .keep = keep};
  const gm_definition *d = l->definition;
  bool asked = false;
  for (int32_t i = 0; i < d->observable_count; i++) asked |= d->observable[i].quality != NULL;
  if (!asked || !l->thread.count) return GM_OK;
  j.at = gm_alloc(ctx, l->thread.count, sizeof *j.at);
  j.datum = gm_alloc(ctx, l->thread.count, sizeof *j.datum);
  j.finding = gm_alloc(ctx, l->thread.count, sizeof *j.finding);
  gm_status st = j.at && j.datum && j.finding ? GM_OK : gm_fail(ctx, GM_ENOMEM, "judging data");
  if (!st && keep) st = verdicts_read(&j);
  for (int32_t i = 0; i < d->observable_count && !st; i++)
    if (d->observable[i].quality) st = series_judge(&j, &d->observable[i]);
  gm_arena_free(j.kept.memory);
  gm_free(j.at);
  gm_free(j.datum);
  gm_free(j.finding);
  return st;
}
