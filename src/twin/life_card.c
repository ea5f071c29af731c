/* life_card.c - what the bank is asked about one twin: covariates, parameters, forecast, scores. */
#include "gemel/bank.h"
#include "num/stats.h"
#include "twin/life_internal.h"
#include <math.h>
#include <string.h>

enum { TIMES = 9 }; /* of a forecast on a card, and those at which the definition says its need */

typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  gm_arena *memory;
  const gm_forecast *f;
  gm_card card;
} maker;

static void *get(maker *k, ptrdiff_t count, size_t bytes)
{
  return gm_arena_get(k->memory, count, bytes);
}

static gm_status no_memory(const maker *k) { return gm_fail(k->ctx, GM_ENOMEM, "a card"); }

/* As known at the last record. */
static gm_status covariates_make(maker *k)
{
  const gm_definition *d = k->l->definition;
  gm_card_covariate *c = get(k, d->covariate_count + 1, sizeof *c);
  if (!c) return no_memory(k);
  for (int32_t i = 0; i < d->covariate_count; i++) {
    double v = gm_subject_covariate_at(k->l->who, i, k->l->belief->t_now);
    const gm_covariate *of = &d->covariate[i];
    int32_t level = of->level_count ? (int32_t)v : 0;
    c[i] = (gm_card_covariate){.name = of->name,
                               .unit = of->level_count ? "" : of->unit,
                               .level = of->level_count ? of->level[level] : "",
                               .value = v};
  }
  k->card.covariate = c;
  k->card.covariate_count = d->covariate_count;
  return GM_OK;
}

/* Mean, standard deviation and quantiles of the members' individual values. value[n*count]. */
static gm_status parameter_make(maker *k, int32_t i, const double *value, double *column,
                                gm_card_parameter *p)
{
  const gm_members *m = k->l->belief->posterior;
  int32_t count = k->l->definition->parameter_count;
  double mean = 0, var = 0;
  for (int32_t j = 0; j < m->n; j++) {
    column[j] = value[(ptrdiff_t)j * count + i];
    mean += m->weight[j] * column[j];
  }
  for (int32_t j = 0; j < m->n; j++) var += m->weight[j] * (column[j] - mean) * (column[j] - mean);
  *p = (gm_card_parameter){.name = k->l->definition->parameter[i].name,
                           .unit = k->l->definition->parameter[i].unit,
                           .mean = mean,
                           .sd = sqrt(var)};
  return gm_stats_quantiles(k->ctx, m->n, column, m->weight, GM_CARD_QUANTILES, gm_card_level,
                            p->quantile);
}

static gm_status parameters_make(maker *k)
{
  const gm_twin *t = k->l->belief;
  const gm_members *m = t->posterior;
  int32_t count = t->definition->parameter_count;
  gm_card_parameter *p = get(k, count + 1, sizeof *p);
  double *value = get(k, (ptrdiff_t)m->n * (count + 1), sizeof *value);
  if (!p || !value) return no_memory(k);
  double *column = value + (ptrdiff_t)m->n * count;
  for (int32_t j = 0; j < m->n; j++)
    gm_subject_parameters(t->subject, m->z + (ptrdiff_t)j * m->dim, t->t_now,
                          value + (ptrdiff_t)j * count);
  gm_status st = GM_OK;
  for (int32_t i = 0; i < count && !st; i++) st = parameter_make(k, i, value, column, &p[i]);
  k->card.parameter = p;
  k->card.parameter_count = count;
  return st;
}

/* Even steps over the forecast, its end, and the times of the definition's needs. */
static bool is_wanted(const maker *k, int32_t i)
{
  const gm_definition *d = k->l->definition;
  int32_t step = (k->f->time_count - 1) / (TIMES - 1);
  if (i == k->f->time_count - 1 || i % (step > 0 ? step : 1) == 0) return true;
  for (int32_t n = 0; n < d->need_count; n++)
    if (k->f->time[i] == k->l->belief->t_now + d->need[n].at) return true;
  return false;
}

static gm_status forecast_make(maker *k, int32_t o, int32_t i, double *work, gm_card_forecast *out)
{
  const gm_forecast *f = k->f;
  ptrdiff_t cell = (ptrdiff_t)o * f->time_count + i;
  double *draw = get(k, GM_CARD_DRAWS_MAX, sizeof *draw);
  if (!draw) return no_memory(k);
  for (int32_t m = 0; m < f->n; m++)
    work[m] = f->member[((ptrdiff_t)m * f->observable_count + o) * f->time_count + i];
  double var = f->var_parameter[cell] + f->var_state[cell] + f->var_intrinsic[cell];
  *out = (gm_card_forecast){.observable = k->l->definition->observable[o].name,
                            .unit = k->l->definition->observable[o].unit,
                            .t_s = gm_life_unix_s(k->l, f->time[i]),
                            .mean = f->mean[cell],
                            .sd = sqrt(fmax(var, 0)),
                            .draw = draw};
  memcpy(out->quantile, f->quantile + cell * GM_QUANTILE_COUNT, sizeof out->quantile);
  memcpy(out->with_noise, f->with_noise + cell * GM_QUANTILE_COUNT, sizeof out->with_noise);
  out->draw_count = gm_card_thin(f->n, work, f->weight, work + f->n, draw);
  return GM_OK;
}

static gm_status forecasts_make(maker *k)
{
  const gm_forecast *f = k->f;
  gm_card_forecast *c = get(k, (ptrdiff_t)f->observable_count * f->time_count + 1, sizeof *c);
  double *work = get(k, 3 * (ptrdiff_t)f->n, sizeof *work);
  gm_status st = c && work ? GM_OK : no_memory(k);
  int32_t n = 0;
  for (int32_t o = 0; o < f->observable_count; o++)
    for (int32_t i = 0; i < f->time_count && !st; i++)
      if (is_wanted(k, i)) st = forecast_make(k, o, i, work, &c[n++]);
  k->card.forecast = c;
  k->card.forecast_count = n;
  return st;
}

static gm_status scores_make(maker *k, const gm_life_state *s)
{
  const gm_definition *d = k->l->definition;
  gm_card_score *c = get(k, d->observable_count + 1, sizeof *c);
  if (!c) return no_memory(k);
  int32_t n = 0;
  for (int32_t o = 0; o < d->observable_count; o++) {
    const gm_life_skill *of = &s->skill[o];
    if (!of->scored) continue;
    c[n++] = (gm_card_score){.observable = d->observable[o].name,
                             .count = of->scored,
                             .crps = of->crps * of->scored,
                             .crps_base = of->crps_population * of->scored,
                             .covered50 = rint(of->covered50 * of->scored),
                             .covered90 = rint(of->covered90 * of->scored)};
  }
  k->card.score = c;
  k->card.score_count = n;
  return GM_OK;
}

static gm_status card_put(maker *k)
{
  gm_text body;
  gm_text_init(&body, k->ctx);
  gm_status st = gm_card_write(k->ctx, &k->card, &body);
  if (!st)
    st = gm_store_card_put(k->l->engine, k->ctx, k->l->twin, k->l->belief_seq, body.data,
                           body.bytes);
  gm_text_free(&body);
  return st;
}

gm_status gm__life_card(gm_life *l, gm_ctx *ctx, const gm_forecast *f)
{
  gm_life_state s = {0};
  maker k = {.l = l, .ctx = ctx, .f = f};
  gm_status st = gm_arena_new(ctx, 65536, &k.memory);
  gm_life_skill *skill = st ? NULL : get(&k, l->definition->observable_count + 1, sizeof *skill);
  if (!st) st = skill ? gm__life_look(l, ctx, NAN, skill, &s) : no_memory(&k);
  if (!st) st = covariates_make(&k);
  if (!st) st = parameters_make(&k);
  if (!st) st = forecasts_make(&k);
  if (!st) st = scores_make(&k, &s);
  k.card.health = s.health;
  k.card.level = s.level;
  k.card.t_made_s = l->belief_s;
  k.card.t_datum_s = s.t_last_s;
  if (!st) st = card_put(&k);
  gm_arena_free(k.memory);
  if (st != GM_EDOMAIN) return st;
  gm_message_clear(ctx); /* a forecast without finite values: the bank finds no card of it */
  return GM_OK;
}
