/* life_fork.c - a twin's knowledge in a twin of its own, and under another definition. */
#include "base/clock.h"
#include "gemel/prior.h"
#include "twin/life_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- fork ------------------------------------------------------------------------------------ */
/* Entries whose texts and bodies lie in memory. */
typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  gm_entry *entry;
  int32_t count, room;
} copies;

static const void *copy(copies *c, const void *data, size_t bytes)
{
  char *at = gm_arena_get(c->memory, (ptrdiff_t)bytes + 1, 1);
  if (at && bytes) memcpy(at, data, bytes);
  return at;
}

static gm_status copy_hear(void *user, const gm_record_found *r)
{
  copies *c = user;
  if (c->count == c->room) {
    int32_t room = c->room ? 2 * c->room : 256;
    gm_entry *more = gm_arena_get(c->memory, room, sizeof *more);
    if (!more) return gm_fail(c->ctx, GM_ENOMEM, "%d records", (int)room);
    if (c->count) memcpy(more, c->entry, (size_t)c->count * sizeof *more);
    c->entry = more;
    c->room = room;
  }
  gm_entry *e = &c->entry[c->count];
  *e = (gm_entry){.kind = r->kind,
                  .series = copy(c, r->series, strlen(r->series)),
                  .t_true_s = r->t_true_s,
                  .source = copy(c, r->source, strlen(r->source)),
                  .id = copy(c, r->id, strlen(r->id)),
                  .version = copy(c, r->version, strlen(r->version)),
                  .body = copy(c, r->body, r->bytes),
                  .bytes = r->bytes,
                  .data_class = r->data_class,
                  .licence = copy(c, r->licence, strlen(r->licence))};
  if (!e->series || !e->source || !e->id || !e->version || !e->body || !e->licence)
    return gm_fail(c->ctx, GM_ENOMEM, "a record");
  c->count++;
  return GM_OK;
}

static gm_status records_copy(gm_life *l, gm_ctx *ctx, int64_t into, gm_life_intake *intake)
{
  static const gm_record_kind kinds[] = {GM_RECORD_COVARIATE,   GM_RECORD_GIVEN,
                                         GM_RECORD_OBSERVATION, GM_RECORD_ORDERED,
                                         GM_RECORD_REPORTED,    GM_RECORD_MODEL};
  copies c = {.ctx = ctx};
  int32_t facts = 0;
  gm_status st = gm_arena_new(ctx, 65536, &c.memory);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !st; i++) {
    gm_record_query q = {.twin = l->twin, .kind = kinds[i], .as_of = l->as_of};
    if (kinds[i] == GM_RECORD_MODEL) facts = c.count;
    st = gm_store_read(l->session, ctx, &q, copy_hear, &c);
  }
  if (!st) st = gm_store_append(l->session, ctx, into, c.entry, facts, NULL);
  if (!st) st = gm_store_append(l->engine, ctx, into, c.entry + facts, c.count - facts, NULL);
  if (!st) intake->taken = facts;
  gm_arena_free(c.memory);
  return st;
}

static gm_status consents_copy(gm_life *l, gm_ctx *ctx, int64_t into)
{
  gm_arena *memory = NULL;
  gm_consent_rule *rule = NULL;
  int32_t count = 0;
  gm_status st = gm_arena_new(ctx, 1024, &memory);
  if (!st) st = gm_store_consents(l->session, ctx, l->twin, memory, &rule, &count);
  for (int32_t i = 0; i < count && !st; i++) {
    char id[32];
    snprintf(id, sizeof id, "consent %d", (int)i + 1);
    st = gm_store_consent(l->session, ctx, into, id, &rule[i]);
  }
  gm_arena_free(memory);
  return st;
}

gm_status gm_life_fork(gm_life *l, gm_ctx *ctx, const char *name, gm_life_intake *intake)
{
  assert(l && ctx && name && intake);
  int64_t into = 0;
  *intake = (gm_life_intake){0};
  gm_status st = gm_store_twin(l->session, ctx, 0, name, false, &into);
  if (!st) return gm_fail(ctx, GM_EEXIST, "twin %s is there already", name);
  if (st != GM_ENOTFOUND) return st;
  gm_message_clear(ctx);
  st = gm_store_twin(l->session, ctx, l->subject, name, true, &into);
  if (!st) st = consents_copy(l, ctx, into); /* those of now, also for a twin as it was */
  return st ? st : records_copy(l, ctx, into, intake);
}

enum { PRIOR_BYTES_MAX = 64 << 20 };

/* ---- migration ------------------------------------------------------------------------------- */
typedef struct {
  gm_forecast *f;
  double *unix_s;
  char **name; /* of its observables */
} before;

static void before_free(before *b)
{
  for (int32_t k = 0; b->name && k < b->f->observable_count; k++) gm_free(b->name[k]);
  gm_free(b->name);
  gm_free(b->unix_s);
  gm_forecast_free(b->f);
}

static gm_status before_make(gm_life *l, gm_ctx *ctx, before *b)
{
  const gm_twin *t = NULL;
  gm_status st = gm_life_belief(l, ctx, &t);
  if (st || !t) return st;
  st = gm_life_forecast(l, ctx, NULL, NAN, &b->f, NULL);
  if (st) return st;
  b->unix_s = gm_alloc(ctx, b->f->time_count, sizeof *b->unix_s);
  b->name = gm_alloc(ctx, b->f->observable_count, sizeof *b->name);
  if (!b->unix_s || !b->name) return gm_fail(ctx, GM_ENOMEM, "forecast");
  for (int32_t i = 0; i < b->f->time_count; i++) b->unix_s[i] = gm_life_unix_s(l, b->f->time[i]);
  for (int32_t k = 0; k < b->f->observable_count && !st; k++) {
    b->name[k] = gm_strdup(ctx, l->definition->observable[k].name);
    if (!b->name[k]) st = gm_fail(ctx, GM_ENOMEM, "forecast");
  }
  return st;
}

/* Would the thread run under the definition? Tried before anything is written: a twin whose facts
 * do not fit could not be opened any more. */
static gm_status model_try(gm_life *l, gm_ctx *ctx, gm_definition *d)
{
  gm_life trial = {.ctx = ctx,
                   .session = l->session,
                   .engine = l->engine,
                   .reads = l->reads,
                   .pool = l->pool,
                   .watch = l->watch,
                   .name = l->name,
                   .subject_id = l->subject_id,
                   .twin = l->twin,
                   .model = l->model,
                   .definition = d};
  gm_twin *t = NULL;
  gm_status st = gm__life_takes(ctx, d);
  if (!st) st = gm__thread_read(&trial, ctx);
  if (!st) st = gm__life_subject(&trial, ctx);
  gm_twin_options o = {.t_now = NAN,
                       .members = l->model.members,
                       .follow = l->model.follow,
                       .seed = l->model.seed,
                       .pool = l->pool,
                       .watch = l->watch};
  if (!st && l->belief_seq) st = gm_twin_new(ctx, d, trial.who, &o, &t);
  gm_twin_free(t);
  gm__life_subject_free(&trial);
  gm__thread_free(&trial.thread);
  return st ? gm_fail_at(ctx, st, "%s: the twin's thread does not run under it", d->path) : GM_OK;
}

static gm_status prior_put(gm_ctx *ctx, const char *path, gm_definition *d)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_prior *p = NULL;
  gm_status st = gm_file_read(ctx, path, PRIOR_BYTES_MAX, &text, &bytes);
  if (!st) st = gm_prior_read(ctx, path, text, bytes, &p);
  if (!st) st = gm_prior_apply(ctx, p, d);
  gm_prior_free(p);
  gm_free(text);
  return st;
}

static gm_status model_change(gm_life *l, gm_ctx *ctx, const char *path, const char *prior)
{
  gm_definition *d = NULL;
  gm__model_record m = l->model;
  m.prior = NULL;
  gm_status st = gm_definition_read(ctx, path, &d);
  if (!st && prior) st = prior_put(ctx, prior, d);
  if (!st) st = model_try(l, ctx, d);
  if (!st) st = gm__model_store(l->session, ctx, path, d, l->memory, &m);
  if (!st && prior) st = gm__prior_store(l->session, ctx, prior, l->memory, &m);
  if (!st) st = gm__model_write(l->engine, ctx, l->twin, &m, l->model_seq, gm__clock_s(), NULL);
  gm_definition_free(d);
  if (st) return st;
  gm__life_subject_free(l);
  l->read = false;
  return gm__model_open(l, ctx);
}

static void change_fill(const before *b, const gm_forecast *after, int32_t old, int32_t k,
                        int32_t i, gm_life_change *c)
{
  static const int level[3] = {1, 3, 5}; /* 0.05, 0.5, 0.95 */
  const double *was =
      b->f->with_noise + ((ptrdiff_t)old * b->f->time_count + i) * GM_QUANTILE_COUNT;
  const double *is = after->with_noise + ((ptrdiff_t)k * after->time_count + i) * GM_QUANTILE_COUNT;
  c->observable = k;
  c->t_s = b->unix_s[i];
  for (int j = 0; j < 3; j++) {
    c->before[j] = was[level[j]];
    c->after[j] = is[level[j]];
  }
  c->distinguishable = c->before[2] < c->after[0] || c->after[2] < c->before[0];
}

static gm_status changes_make(gm_life *l, gm_ctx *ctx, const before *b, gm_life_change **out,
                              int32_t *count)
{
  const gm_definition *d = l->definition;
  int32_t n = b->f->time_count;
  gm_forecast *after = NULL;
  gm_plan plan = {.action = -1};
  double *time = gm_alloc(ctx, n, sizeof *time);
  gm_life_change *c = gm_alloc(ctx, (ptrdiff_t)n * d->observable_count, sizeof *c);
  gm_status st = time && c ? GM_OK : gm_fail(ctx, GM_ENOMEM, "what changed");
  for (int32_t i = 0; i < n && !st; i++) time[i] = gm_life_model_time(l, b->unix_s[i]);
  if (!st) st = gm_plan_as_it_is(ctx, l->belief, time[n - 1], &plan);
  gm_forecast_request q = {
      .plan = plan.event, .plan_count = plan.event_count, .time = time, .time_count = n};
  if (!st) st = gm_forecast_make(ctx, l->belief, &q, &after);
  *count = 0;
  for (int32_t k = 0; k < d->observable_count && !st; k++)
    for (int32_t old = 0; old < b->f->observable_count; old++)
      for (int32_t i = 0; i < n && !strcmp(b->name[old], d->observable[k].name); i++)
        change_fill(b, after, old, k, i, &c[(*count)++]);
  gm_forecast_free(after);
  gm_plan_free(&plan);
  gm_free(time);
  if (st)
    gm_free(c);
  else
    *out = c;
  return st;
}

gm_status gm_life_migrate(gm_life *l, gm_ctx *ctx, const char *definition, const char *prior,
                          gm_life_change **change, int32_t *count)
{
  assert(l && ctx && definition && change && count);
  before b = {0};
  gm_life_update u;
  *change = NULL;
  *count = 0;
  if (l->as_of) return gm_fail(ctx, GM_EINVAL, "a twin as it was is not migrated");
  bool believed = !gm_life_renew(l, ctx, NAN, &u) && !before_make(l, ctx, &b);
  if (!believed) gm_message_clear(ctx); /* under the old definition; the new one may do better */
  double now = l->belief_s;
  gm_status st = model_change(l, ctx, definition, prior);
  if (!st && l->belief_seq) st = gm_life_renew(l, ctx, now, &u);
  if (!st && believed && b.f && l->belief) st = changes_make(l, ctx, &b, change, count);
  before_free(&b);
  return st;
}
