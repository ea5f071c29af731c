/* online_run.c - forecasts, and what the data that come teach. */
#include "gemel/online.h"
#include "methods/online_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { FAST = 6, SLOW = 500, LEVEL_MEMORY = 2000, SETTLED_MEMORY = 1 << 30 };
static const double value_max = 1e100; /* squares and their sums stay finite */
static const double error_max = 1e140; /* those of forecasts from such values, too */

/* ---- missing features ----------------------------------------------------------------------- */
/* What stands for a missing feature with the memory fill[4]. */
static double stand_in(const gm_online *o, const double *fill)
{
  bool last = o->o.fill == GM_ONLINE_FILL_LAST && fill[3] > 0 && fill[1] < o->o.fill_hold;
  return last ? fill[0] : fill[2];
}

/* full[features] from x[features]; returns how many were missing. */
static int32_t filled(const gm_online *o, int32_t horizon, const double *x, double *full)
{
  int32_t missing = 0;
  for (int32_t i = 0; i < o->o.feature_count; i++) {
    bool none = isnan(x[i]);
    full[i] = none ? stand_in(o, o->cell[horizon].fill + 4 * i) : x[i];
    missing += none;
  }
  return missing;
}

static void remember_features(gm_online *o, int32_t horizon, const double *x)
{
  for (int32_t i = 0; i < o->o.feature_count; i++) {
    double *fill = o->cell[horizon].fill + 4 * i;
    if (isnan(x[i])) {
      fill[1]++;
      continue;
    }
    fill[0] = x[i];
    fill[1] = 0;
    fill[2] += (x[i] - fill[2]) / ++fill[3];
  }
}

static gm_status features_check(const gm_online *o, gm_ctx *ctx, const double *x)
{
  int32_t n = o->o.feature_count;
  for (int32_t i = 0; i < o->o.horizon_count * n; i++)
    if (fabs(x[i]) > value_max)
      return gm_fail(ctx, GM_EDOMAIN, "online: feature %d of horizon %d is beyond 1e100",
                     (int)(i % n), (int)(i / n));
  return GM_OK;
}

/* Has an expert more to go by than what stands for a feature of which no value ever came? */
static bool speaks(const gm_online *o, int32_t horizon, int32_t which, const double *x)
{
  const gm__online_cell *c = &o->cell[horizon];
  const gm_online_expert *e = &o->expert[which];
  for (int32_t k = 0; k < e->count; k++) {
    const int32_t i = e->feature[k];
    if (isnan(x[i]) && c->fill[4 * i + 3] == 0 && c->expert[which].w[k] != 0) return false;
  }
  return true;
}

/* Weights of the experts in the forecast from x: those that do not speak leave theirs to the
 * others. Where only they have any, they keep it. */
static void weights_of(const gm_online *o, int32_t horizon, const double *x, double *weight)
{
  const double *own = o->cell[horizon].weight;
  bool heard[GM_ONLINE_EXPERTS], all = true;
  double sum = 0;
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    heard[i] = speaks(o, horizon, i, x);
    all = all && heard[i];
    if (heard[i]) sum += own[i];
  }
  const bool kept = all || !(sum > 0);
  for (int32_t i = 0; i < o->o.expert_count; i++)
    weight[i] = kept ? own[i] : heard[i] ? own[i] / sum : 0;
}

/* ---- law ------------------------------------------------------------------------------------ */
/* The features of one expert, its[count + constant]. */
static void seen_by(const gm_online_expert *e, const double *x, double *its)
{
  for (int32_t k = 0; k < e->count; k++) its[k] = x[e->feature[k]];
  if (e->constant) its[e->count] = 1;
}

static void say_intervals(const gm_online *o, int32_t horizon, gm_online_law *law, double *record)
{
  double q[GM__ONLINE_PROBS];
  int32_t levels = o->o.level_count;
  gm__tails_say(&o->cell[horizon].tails, q, record + o->at.each_q, record + o->at.each_level);
  law->median = law->mean + law->scale * q[2 * levels];
  double low = law->median, high = law->median;
  for (int32_t i = 0; i < levels; i++) { /* nested: each holds the one before */
    law->low[i] = low = fmin(low, law->mean + law->scale * q[i]);
    law->high[i] = high = fmax(high, law->mean + law->scale * q[levels + i]);
  }
}

/* The law of one horizon from features without gaps x[features] and weights[experts]; all of record
 * but target and learns is filled. */
static void say(const gm_online *o, int32_t horizon, const double *x, const double *weight,
                gm_online_law *law, double *record)
{
  const gm__online_cell *c = &o->cell[horizon];
  double its[GM__ONLINE_SIDE], spread = 0;
  int32_t levels = o->o.level_count;
  memset(law, 0, sizeof *law);
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    seen_by(&o->expert[i], x, its);
    law->expert[i] = record[o->at.expert + i] = gm__rls_say(&c->expert[i], its);
    law->weight[i] = weight[i];
    law->mean += law->weight[i] * law->expert[i];
  }
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    double off = law->expert[i] - law->mean;
    spread += law->weight[i] * off * off;
  }
  gm__online_scale_features(o, horizon, x, law->mean, sqrt(spread), record + o->at.g,
                            record + o->at.apart);
  law->scale = gm__online_scale(o, horizon, record + o->at.g, law->mean);
  law->median = law->mean;
  record[o->at.known] = !isnan(law->scale);
  if (isnan(law->scale))
    for (int32_t i = 0; i < levels; i++) law->low[i] = law->high[i] = NAN;
  else
    say_intervals(o, horizon, law, record);
  double settled = c->queue[2];
  law->settled = settled < SETTLED_MEMORY ? (int32_t)settled : SETTLED_MEMORY;
  record[o->at.mean] = law->mean;
  record[o->at.median] = law->median;
  record[o->at.scale] = law->scale;
  record[o->at.wider] = gm__online_wider(o, horizon);
  memcpy(record + o->at.low, law->low, (size_t)levels * sizeof *law->low);
  memcpy(record + o->at.high, law->high, (size_t)levels * sizeof *law->high);
  memcpy(record + o->at.x, x, (size_t)o->o.feature_count * sizeof *x);
}

/* ---- forecasts ------------------------------------------------------------------------------ */
static double *record_at(const gm_online *o, int32_t horizon, int32_t i)
{
  const gm__online_cell *c = &o->cell[horizon];
  int32_t place = ((int32_t)c->queue[0] + i) % o->o.pending;
  return c->record + (ptrdiff_t)place * o->at.stride;
}

static void drop_first(gm_online *o, int32_t horizon)
{
  double *queue = o->cell[horizon].queue;
  queue[0] = ((int32_t)queue[0] + 1) % o->o.pending;
  queue[1]--;
}

static void mark_learners(const gm_online *o, const double *x, double *record)
{
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    const gm_online_expert *e = &o->expert[i];
    bool learns = !e->fixed;
    for (int32_t k = 0; k < e->count; k++) learns = learns && !isnan(x[e->feature[k]]);
    record[o->at.learns + i] = learns;
  }
}

static gm_status time_check(const gm_online *o, gm_ctx *ctx, double t)
{
  if (isfinite(t) && !(t < o->head->t)) return GM_OK;
  return gm_fail(ctx, GM_ERANGE, "online: time %g after %g", t, o->head->t);
}

gm_status gm_online_forecast(gm_online *o, gm_ctx *ctx, double t, const double *x,
                             gm_online_law *law)
{
  double full[GM_ONLINE_FEATURES], weight[GM_ONLINE_EXPERTS];
  gm_status s = time_check(o, ctx, t);
  if (!s) s = features_check(o, ctx, x);
  if (s) return s;
  o->head->t = t;
  for (int32_t h = 0; h < o->o.horizon_count; h++, x += o->o.feature_count) {
    gm__online_cell *c = &o->cell[h];
    if (c->queue[1] >= o->o.pending) {
      drop_first(o, h);
      c->score[GM__SCORE_MISSED]++;
    }
    double *record = record_at(o, h, (int32_t)c->queue[1]++);
    int32_t missing = filled(o, h, x, full);
    weights_of(o, h, x, weight);
    say(o, h, full, weight, &law[h], record);
    law[h].filled = missing;
    record[o->at.target] = t + o->o.horizon[h];
    mark_learners(o, x, record);
    remember_features(o, h, x);
  }
  return GM_OK;
}

gm_status gm_online_look(const gm_online *o, gm_ctx *ctx, const double *x, gm_online_law *law)
{
  double full[GM_ONLINE_FEATURES], weight[GM_ONLINE_EXPERTS];
  gm_status s = features_check(o, ctx, x);
  if (s) return s;
  for (int32_t h = 0; h < o->o.horizon_count; h++, x += o->o.feature_count) {
    int32_t missing = filled(o, h, x, full);
    weights_of(o, h, x, weight);
    say(o, h, full, weight, &law[h], o->scratch);
    law[h].filled = missing;
  }
  return GM_OK;
}

/* ---- learning ------------------------------------------------------------------------------- */
/* An error over the scale, finite also where that is next to nothing. */
static double scaled(const gm_online *o, const double *record, double error)
{
  return fmin(fmax(error / record[o->at.scale], -1e6), 1e6);
}

/* Errors over the scale: those of quiet times say as much as those of loud ones. */
static void mix_learn(gm_online *o, int32_t horizon, const double *record, double y, double share)
{
  gm__online_cell *c = &o->cell[horizon];
  int32_t n = o->o.expert_count;
  double e[GM_ONLINE_EXPERTS], count = *c->products = *c->products * o->o.mix_forgetting + 1;
  for (int32_t i = 0; i < n; i++) e[i] = scaled(o, record, record[o->at.expert + i] - y);
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) {
      double *p = &c->product[(ptrdiff_t)i * n + j];
      *p += (e[i] * e[j] - *p) / count;
    }
  gm__online_weigh(n, c->product, share * count, o->o.mix_hold, c->weight);
}

static void experts_learn(gm_online *o, int32_t horizon, const double *record, double y,
                          double weight)
{
  double its[GM__ONLINE_SIDE];
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    if (!(record[o->at.learns + i] > 0)) continue;
    double off = fabs(y - record[o->at.expert + i]), w = weight;
    double most = o->o.clip * record[o->at.scale]; /* Huber's weight beyond it */
    if (o->o.clip > 0 && off > most) w *= most / off;
    seen_by(&o->expert[i], record + o->at.x, its);
    gm__rls_learn(&o->cell[horizon].expert[i], its, y, w);
  }
}

/* Whether squares of its errors are finite. */
static bool usable(const gm_online *o, const double *record, double y)
{
  bool fine = true;
  for (int32_t i = 0; i < o->o.expert_count; i++)
    fine = fine && fabs(record[o->at.expert + i] - y) < error_max;
  return fine;
}

static void settle(gm_online *o, int32_t horizon, const double *record, double y, double weight)
{
  gm__online_cell *c = &o->cell[horizon];
  double residual = y - record[o->at.mean];
  double share = 1 / c->queue[1]; /* those that wait saw most of the same */
  bool fine = usable(o, record, y), trusted = weight >= 0.5 && fine;
  c->score[GM__SCORE_MISSED] += !trusted;
  if (!fine) return;
  if (trusted) {
    c->queue[2]++;
    gm__online_score_add(o, horizon, record, y);
    if (record[o->at.known] > 0) {
      gm__tails_learn(&c->tails, scaled(o, record, residual), share, record + o->at.each_q,
                      record + o->at.each_level);
      if (o->o.expert_count > 1) mix_learn(o, horizon, record, y, share);
    }
  }
  gm__online_scale_learn(o, horizon, record, residual, weight, share);
  experts_learn(o, horizon, record, y, weight);
}

static void settle_all(gm_online *o, double t, double y, double weight)
{
  for (int32_t h = 0; h < o->o.horizon_count; h++) {
    gm__online_cell *c = &o->cell[h];
    while (c->queue[1] > 0) {
      const double *record = record_at(o, h, 0);
      double off = t - record[o->at.target];
      if (off < -o->o.tie) break;
      if (off <= o->o.tie) {
        if (isnan(y) || weight == 0) break; /* another may yet come in time */
        settle(o, h, record, y, weight);
      } else {
        c->score[GM__SCORE_MISSED]++;
      }
      drop_first(o, h);
    }
  }
}

/* How much y moves, and around what. */
static void follow(gm__online_head *d, double t, double y)
{
  double passed = t - d->y_t, off = y - d->mean;
  if (passed > 0) {
    double rate = fabs(y - d->y) / passed, count = ++d->changes;
    d->fast += (rate - d->fast) / fmin(count, FAST);
    d->slow += (rate - d->slow) / fmin(count, SLOW);
    d->step += (passed - d->step) / fmin(count, SLOW);
  }
  double share = 1 / fmin(++d->seen, LEVEL_MEMORY);
  d->mean += share * off;
  d->variance = (1 - share) * (d->variance + share * off * off);
  d->y = y;
  d->y_t = t;
}

gm_status gm_online_learn(gm_online *o, gm_ctx *ctx, double t, double y, double weight)
{
  gm_status s = time_check(o, ctx, t);
  if (s) return s;
  if (!(weight >= 0 && weight <= 1))
    return gm_fail(ctx, GM_ERANGE, "online: weight %g of a datum, expected 0 to 1", weight);
  if (fabs(y) > value_max) return gm_fail(ctx, GM_EDOMAIN, "online: a datum is beyond 1e100");
  o->head->t = t;
  settle_all(o, t, y, weight);
  if (!isnan(y) && weight >= 0.5) follow(o->head, t, y);
  return GM_OK;
}
