/* life_migrate.c - a twin under another definition, and what that changes. */
#include "base/clock.h"
#include "gemel/prior.h"
#include "twin/life_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { PRIOR_BYTES_MAX = 64 << 20 };

/* ---- before ---------------------------------------------------------------------------------- */
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

static gm_status before_copy(gm_life *l, gm_ctx *ctx, before *b)
{
  gm_status st = GM_OK;
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

/* The forecast under the definition that goes. Without data there is none; where there can be none
 * under it (it diverges, a covariate lacks a value), the new one may do better. */
static gm_status before_make(gm_life *l, gm_ctx *ctx, before *b)
{
  gm_life_update u;
  gm_status st = gm__life_settle(l, ctx, true);
  if (st || !l->thread.count) return st;
  st = gm_life_renew(l, ctx, NAN, &u);
  if (!st) st = gm_life_forecast(l, ctx, NULL, NAN, &b->f, NULL);
  if (!st) return before_copy(l, ctx, b);
  if (st != GM_ENUMERIC && st != GM_ENOTFOUND) return st;
  gm_message_clear(ctx);
  return GM_OK;
}

/* ---- the change ------------------------------------------------------------------------------ */
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
  if (!st && l->belief_seq) st = gm__life_whole(&trial, ctx);
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

static gm_status prior_put(gm_ctx *ctx, const char *path, const char *definition, gm_definition *d)
{
  char *text = NULL, name[2][GM_DOCUMENT_NAME_BYTES];
  size_t bytes = 0;
  gm_prior *p = NULL;
  gm_status st = gm_file_read(ctx, path, PRIOR_BYTES_MAX, &text, &bytes);
  if (!st) st = gm_prior_read(ctx, path, text, bytes, &p);
  if (!st) st = gm__model_names(ctx, definition, d, name[0], name[1]);
  if (!st) st = gm_prior_apply(ctx, p, name[0], name[1], d);
  gm_prior_free(p);
  gm_free(text);
  return st;
}

/* The definition's files go into the store; *out is made of what lies there. */
static gm_status model_make(gm_life *l, gm_ctx *ctx, const char *path, const char *prior,
                            gm__model *out)
{
  gm_definition *d = NULL;
  gm__model_record m = l->model;
  m.prior = NULL;
  gm_status st = gm_definition_read(ctx, path, &d);
  if (!st && prior) st = prior_put(ctx, prior, path, d);
  if (!st) st = model_try(l, ctx, d);
  if (!st) st = gm__model_store(l->session, ctx, path, d, l->memory, &m);
  if (!st && prior) st = gm__prior_store(l->session, ctx, prior, l->memory, &m);
  if (!st) st = gm__model_load(l, ctx, &m, out);
  gm_definition_free(d);
  return st;
}

/* The new model is there before the record is written, and what follows that cannot fail. */
static gm_status model_change(gm_life *l, gm_ctx *ctx, const char *path, const char *prior)
{
  gm__model m;
  gm_receipt receipt;
  gm_status st = model_make(l, ctx, path, prior, &m);
  if (st) return st;
  st = gm__model_write(l->engine, ctx, l->twin, &m.record, l->model_seq, gm__clock_s(), &receipt);
  if (st)
    gm_definition_free(m.definition);
  else
    gm__model_take(l, &m, receipt.seq);
  return st;
}

/* ---- what changed ---------------------------------------------------------------------------- */
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
  int32_t n = b->f->time_count, filled = 0;
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
  for (int32_t k = 0; k < d->observable_count && !st; k++)
    for (int32_t old = 0; old < b->f->observable_count; old++)
      for (int32_t i = 0; i < n && !strcmp(b->name[old], d->observable[k].name); i++)
        change_fill(b, after, old, k, i, &c[filled++]);
  gm_forecast_free(after);
  gm_plan_free(&plan);
  gm_free(time);
  if (st) {
    gm_free(c);
    return st;
  }
  *out = c;
  *count = filled;
  return GM_OK;
}

gm_status gm_life_migrate(gm_life *l, gm_ctx *ctx, const char *definition, const char *prior,
                          gm_life_change **change, int32_t *count)
{
  assert(l && ctx && definition && change && count);
  before b = {0};
  gm_life_update u;
  gm_life_change *c = NULL;
  int32_t n = 0;
  if (l->as_of) return gm_fail(ctx, GM_EINVAL, "a twin as it was is not migrated");
  gm_status st = before_make(l, ctx, &b);
  double now = l->belief_s;
  if (!st) st = model_change(l, ctx, definition, prior);
  if (!st && l->belief_seq) st = gm_life_renew(l, ctx, now, &u);
  if (!st && b.f && l->belief) st = changes_make(l, ctx, &b, &c, &n);
  before_free(&b);
  if (st) return st;
  *change = c;
  *count = n;
  return GM_OK;
}
