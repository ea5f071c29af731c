/* bank_sum.c - a forecast or a parameter over many twins. */
#include "bank_scan.h"
#include "gemel/rand.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sums of one draw of each twin; values of the mixture that are kept. */
enum { SUMS = 256, POOL_MAX = 1 << 22, PICKS = 16 };

typedef struct {
  gm_ctx *ctx;
  const gm_bank_question *q;
  char unit[GM_UNIT_CODE_BYTES], last[GM_UNIT_CODE_BYTES];
  double factor; /* of the unit `last`; NaN: does not convert */
  bool begun;
  int64_t not_converted;
  gm__share *share;
  int64_t count, room;
  gm__subjects left;    /* that would go in but for the query */
  double variance, sum; /* sums over twins */
  double total[SUMS];
  bool without_draws; /* of one twin */
  float *pool;        /* `each` values of every twin */
  int64_t pool_count, pool_room;
  int32_t each;
} sums;

/* ---- units ------------------------------------------------------------------------------------
 */
static double factor_of(gm_ctx *ctx, const char *from, const char *to)
{
  gm_unit a, b;
  double f;
  if (!strcmp(from, to)) return 1;
  if (gm_unit_parse(ctx, from[0] ? from : "1", &a) || gm_unit_parse(ctx, to[0] ? to : "1", &b) ||
      gm_unit_factor(ctx, &a, &b, &f))
    return NAN;
  return f;
}

static bool unit_fits(sums *s, const char *unit)
{
  if (!s->begun) {
    snprintf(s->unit, sizeof s->unit, "%s", s->q->unit ? s->q->unit : unit);
    s->begun = true;
    s->factor = factor_of(s->ctx, unit, s->unit);
    snprintf(s->last, sizeof s->last, "%s", unit);
  } else if (strcmp(s->last, unit) != 0) {
    s->factor = factor_of(s->ctx, unit, s->unit);
    snprintf(s->last, sizeof s->last, "%s", unit);
  }
  return !isnan(s->factor);
}

/* ---- one twin ---------------------------------------------------------------------------------
 */
static gm_key key_of(const sums *s, int64_t twin)
{
  return gm_key_make(s->q->seed, GM_PURPOSE_BOOTSTRAP, (uint64_t)twin, 0);
}

/* One draw of the twin onto each of the sums: 16 random bits choose it. */
static void totals_add(sums *s, const gm_card_forecast *f, int64_t twin)
{
  gm_key key = key_of(s, twin);
  for (int32_t block = 0; block < SUMS / PICKS; block++) {
    uint64_t word[4];
    gm_draw4(key, 0, 0, gm_kind_draw(1, 0), (uint64_t)block, word);
    for (int32_t i = 0; i < PICKS; i++) {
      uint64_t bits = word[i / 4] >> 16 * (i % 4) & 0xffff;
      s->total[block * PICKS + i] += s->factor * f->draw[bits * (uint64_t)f->draw_count >> 16];
    }
  }
}

/* Half of the values of every twin go: the lower or the higher of each two, turn by turn. */
static void pool_halve(sums *s)
{
  int64_t to = 0;
  for (int64_t i = 0; i < s->pool_count; i++) {
    int64_t twin = i / s->each, place = i % s->each;
    if (place % 2 == twin % 2) s->pool[to++] = s->pool[i];
  }
  s->pool_count = to;
  s->each /= 2;
}

/* The same number of values of every twin, spread evenly over its draws. */
static gm_status pool_add(sums *s, const gm_card_forecast *f, int64_t twin)
{
  if (s->pool_count + s->each > POOL_MAX && s->each > 1) pool_halve(s);
  if (s->pool_count + s->each > s->pool_room) {
    int64_t room = 2 * s->pool_room + 4096;
    gm_status st = gm_grow(s->ctx, &s->pool, s->pool_count, room, sizeof *s->pool);
    if (st) return st;
    s->pool_room = room;
  }
  double u = gm_uniform(key_of(s, twin), 0, 0, gm_kind_draw(2, 0), 0);
  for (int32_t i = 0; i < s->each; i++) {
    int32_t at = (int32_t)((i + u) * f->draw_count / s->each);
    s->pool[s->pool_count++] = (float)(s->factor * f->draw[at]);
  }
  return GM_OK;
}

static gm_status moments_add(sums *s, int64_t subject, double mean, double sd)
{
  if (s->count == s->room) {
    int64_t room = 2 * s->room + 256;
    gm_status st = gm_grow(s->ctx, &s->share, s->count, room, sizeof *s->share);
    if (st) return st;
    s->room = room;
  }
  s->share[s->count++] = (gm__share){subject, s->factor * mean, 1};
  s->sum += s->factor * mean;
  s->variance += s->factor * s->factor * sd * sd;
  return GM_OK;
}

static const gm_card_parameter *parameter_of(const gm_card *c, const char *name)
{
  for (int32_t i = 0; i < c->parameter_count; i++)
    if (!strcmp(c->parameter[i].name, name)) return &c->parameter[i];
  return NULL;
}

static gm_status each(void *user, const gm_bank_match *m, bool matches)
{
  sums *s = user;
  const gm_card *c = m->card;
  const gm_card_forecast *f = gm__card_forecast_at(c, s->q->observable, s->q->after_s);
  const gm_card_parameter *p = f ? NULL : parameter_of(c, s->q->observable);
  if (!f && !p) return GM_OK;
  bool fits = unit_fits(s, f ? f->unit : p->unit);
  s->not_converted += matches && !fits;
  if (!fits) return GM_OK;
  if (!matches) return gm__subjects_put(&s->left, m->found->subject);
  gm_status st = moments_add(s, m->found->subject, f ? f->mean : p->mean, f ? f->sd : p->sd);
  s->without_draws |= !f || f->draw_count == 0;
  if (st || s->without_draws) return st;
  totals_add(s, f, m->found->twin);
  return pool_add(s, f, m->found->twin);
}

/* ---- results ----------------------------------------------------------------------------------
 */
static int by_double(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static int by_float(const void *a, const void *b)
{
  const float *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Between order statistics, as Hyndman & Fan, Am. Stat. 50:361 (1996), definition 7. */
static double quantile_of(const double *v, int64_t n, double level)
{
  double at = level * (double)(n - 1);
  int64_t i = (int64_t)at;
  return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

static void spreads(sums *s, gm_bank_sum *out)
{
  for (int i = 0; i < GM_CARD_QUANTILES; i++) out->quantile[i] = out->sum_quantile[i] = NAN;
  if (s->without_draws || !s->pool_count) return;
  qsort(s->pool, (size_t)s->pool_count, sizeof *s->pool, by_float);
  qsort(s->total, SUMS, sizeof s->total[0], by_double);
  for (int i = 0; i < GM_CARD_QUANTILES; i++) {
    double at = gm_card_level[i] * (double)(s->pool_count - 1);
    out->quantile[i] = (double)s->pool[(int64_t)(at + 0.5)];
    out->sum_quantile[i] = quantile_of(s->total, SUMS, gm_card_level[i]);
  }
}

static gm_status result(sums *s, gm_session *a, gm_ctx *ctx, gm_bank_sum *out)
{
  if (!s->count && s->not_converted)
    return gm_fail(ctx, GM_EUNIT, "bank: no twin's %s converts to %s", s->q->observable, s->unit);
  gm__ratio r = gm__ratio_of(s->share, s->count);
  gm_status st = gm__bank_crowd(a, ctx, r.subjects, gm__subjects_different(&s->left));
  if (st) return st;
  if (!s->count)
    return gm_fail(ctx, GM_ENOTFOUND, "bank: no twin that matches has a forecast or parameter %s",
                   s->q->observable);
  out->subjects = r.subjects;
  out->twins = s->count;
  snprintf(out->unit, sizeof out->unit, "%s", s->unit);
  out->mean = r.ratio;
  out->mean_error = r.error;
  out->mean_belief_error = sqrt(s->variance) / (double)s->count;
  out->sum = s->sum;
  spreads(s, out);
  return GM_OK;
}

gm_status gm_bank_aggregate(gm_session *a, gm_ctx *ctx, const gm_bank_question *q, gm_bank_sum *out)
{
  assert(a && ctx && q && q->observable && out);
  gm_bank_sum o = {.totals = {.twins = 0}};
  gm_unit unit;
  gm_status st = q->unit && q->unit[0] ? gm_unit_parse(ctx, q->unit, &unit) : GM_OK;
  if (st) return st;
  sums *s = gm_alloc(ctx, 1, sizeof *s);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "bank");
  s->ctx = ctx;
  s->q = q;
  s->left.ctx = ctx;
  s->each = GM_CARD_DRAWS_MAX;
  st = gm__bank_go(a, ctx, q->query, each, s, &o.totals);
  o.totals.not_converted += s->not_converted;
  if (!st) st = result(s, a, ctx, &o);
  o.totals.subjects = o.subjects;
  gm_free(s->share);
  gm_free(s->left.number);
  gm_free(s->pool);
  gm_free(s);
  if (!st) *out = o;
  return st;
}
