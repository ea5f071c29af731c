/* online.c - the forecaster that learns online: making one, its state, its priors. */
#include "gemel/online.h"
#include "methods/online_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static const double value_max = 1e100; /* squares and their sums stay finite */

/* ---- options -------------------------------------------------------------------------------- */
static const double constant_ridge = 1e-6; /* as good as none */
static const double default_level[] = {0.5, 0.8, 0.9, 0.95};
static const double default_gain[] = {0.0005, 0.002, 0.008};

static void with_defaults(gm_online_options *o)
{
  if (o->tie == 0 && o->horizon && o->horizon_count > 0) o->tie = 1e-6 * o->horizon[0];
  if (o->pending == 0) o->pending = 64;
  if (o->fill_hold == 0) o->fill_hold = 3;
  if (o->mix_forgetting == 0) o->mix_forgetting = 0.999;
  if (o->mix_hold == 0) o->mix_hold = 50;
  if (o->scale_forgetting == 0) o->scale_forgetting = 0.999;
  if (o->level_count == 0) {
    o->level_count = sizeof default_level / sizeof *default_level;
    o->level = default_level;
  }
  if (o->window == 0) o->window = 3000;
  if (o->gain_count == 0) {
    o->gain_count = sizeof default_gain / sizeof *default_gain;
    o->gain = default_gain;
  }
}

/* count numbers in (low, high), ascending where that is asked; NULL only where there are none. */
static gm_status numbers(gm_ctx *ctx, const char *what, int32_t count, int32_t most,
                         const double *x, double low, double high, bool ascending)
{
  if (count < 0 || count > most || (count > 0 && !x))
    return gm_fail(ctx, GM_ERANGE, "online: %d of option %s, expected at most %d", (int)count, what,
                   (int)most);
  for (int32_t i = 0; i < count; i++)
    if (!(x[i] > low && x[i] < high) || (ascending && i > 0 && !(x[i] > x[i - 1])))
      return gm_fail(ctx, GM_ERANGE, "online: %s %d is %g, expected in (%g, %g)%s", what, (int)i,
                     x[i], low, high, ascending ? ", ascending" : "");
  return GM_OK;
}

static gm_status one_of(gm_ctx *ctx, const char *what, double x, double low, double high)
{
  if (x >= low && x <= high) return GM_OK;
  return gm_fail(ctx, GM_ERANGE, "online: %s %g, expected %g to %g", what, x, low, high);
}

static gm_status indices(gm_ctx *ctx, const char *what, int32_t count, const int32_t *x,
                         int32_t features)
{
  if (count < 0 || count > features)
    return gm_fail(ctx, GM_ERANGE, "online: %s sees %d of %d features", what, (int)count,
                   (int)features);
  for (int32_t i = 0; x && i < count; i++)
    if (x[i] < 0 || x[i] >= features || (i > 0 && x[i] <= x[i - 1]))
      return gm_fail(ctx, GM_ERANGE, "online: %s: feature %d, expected ascending below %d", what,
                     (int)x[i], (int)features);
  return GM_OK;
}

static gm_status expert_check(gm_ctx *ctx, const gm_online_options *o, int32_t which)
{
  const gm_online_expert *e = &o->expert[which];
  int32_t n = e->count + (e->constant ? 1 : 0);
  gm_status s = indices(ctx, "an expert", e->count, e->feature, o->feature_count);
  if (!s && n < 1) s = gm_fail(ctx, GM_ERANGE, "online: expert %d sees nothing", (int)which);
  if (!s && e->forgetting != 0) s = one_of(ctx, "forgetting of an expert", e->forgetting, 0.1, 1);
  if (!s && e->ridge != 0) s = one_of(ctx, "ridge of an expert", e->ridge, 1e-100, value_max);
  if (!s && e->mean)
    s = numbers(ctx, "mean of an expert", n, GM__ONLINE_SIDE, e->mean, -value_max, value_max,
                false);
  if (!s && e->precision)
    s = numbers(ctx, "precision of an expert", n, GM__ONLINE_SIDE, e->precision, 0, value_max,
                false);
  return s;
}

static gm_status counts_check(gm_ctx *ctx, const gm_online_options *o)
{
  gm_status s = one_of(ctx, "number of horizons", o->horizon_count, 1, GM_ONLINE_HORIZONS);
  if (!s) s = one_of(ctx, "number of features", o->feature_count, 0, GM_ONLINE_FEATURES);
  if (!s) s = one_of(ctx, "number of experts", o->expert_count, 1, GM_ONLINE_EXPERTS);
  if (!s) s = one_of(ctx, "pending", o->pending, 1, 100000);
  if (!s) s = one_of(ctx, "fill", o->fill, 0, GM_ONLINE_FILL_MEAN);
  if (!s) s = one_of(ctx, "fill_hold", o->fill_hold, 1, 1000000);
  if (!s) s = one_of(ctx, "window", o->window, 100, 1000000);
  if (!s && !o->expert) s = gm_fail(ctx, GM_ERANGE, "online: experts are missing");
  return s;
}

static gm_status check(gm_ctx *ctx, const gm_online_options *o)
{
  gm_status s = counts_check(ctx, o);
  if (!s)
    s = numbers(ctx, "horizon", o->horizon_count, GM_ONLINE_HORIZONS, o->horizon, 0, INFINITY,
                true);
  for (int32_t i = 0; !s && i < o->expert_count; i++) s = expert_check(ctx, o, i);
  if (!s) s = one_of(ctx, "tie", o->tie, 1e-300, o->horizon[0] / 2);
  if (!s && o->clip != 0) s = one_of(ctx, "clip", o->clip, 0.1, value_max);
  if (!s) s = one_of(ctx, "mix_forgetting", o->mix_forgetting, 0.1, 1);
  if (!s) s = one_of(ctx, "mix_hold", o->mix_hold, 1e-6, value_max);
  if (!s) s = one_of(ctx, "scale_forgetting", o->scale_forgetting, 0.1, 1);
  if (!s) s = indices(ctx, "the scale", o->scale_count, o->scale_feature, o->feature_count);
  if (!s && o->scale)
    s = numbers(ctx, "scale", o->horizon_count, GM_ONLINE_HORIZONS, o->scale, 0, value_max, false);
  if (!s) s = numbers(ctx, "level", o->level_count, GM_ONLINE_LEVELS, o->level, 0, 1, true);
  if (!s) s = numbers(ctx, "gain", o->gain_count, GM_ONLINE_GAINS, o->gain, 0, 1, false);
  return s;
}

/* ---- copies --------------------------------------------------------------------------------- */
/* Where arrays are copied to; at NULL it only counts. A double for each number. */
typedef struct {
  double *to;
  ptrdiff_t used;
} holder;

static const double *hold(holder *h, int32_t count, const double *x)
{
  double *to = h->to ? h->to + h->used : NULL;
  h->used += count;
  if (to && count > 0) memcpy(to, x, (size_t)count * sizeof *x);
  return to;
}

/* NULL is written out: the first count. */
static const int32_t *hold_indices(holder *h, int32_t count, const int32_t *x)
{
  int32_t *to = h->to ? (int32_t *)(h->to + h->used) : NULL;
  h->used += count;
  for (int32_t i = 0; to && i < count; i++) to[i] = x ? x[i] : i;
  return to;
}

static void hold_options(holder *h, const gm_online_options *from, gm_online *o)
{
  gm_online_options c = *from;
  c.horizon = hold(h, c.horizon_count, from->horizon);
  c.level = hold(h, c.level_count, from->level);
  c.gain = hold(h, c.gain_count, from->gain);
  c.scale_feature = hold_indices(h, c.scale_count, from->scale_feature);
  if (from->scale) c.scale = hold(h, c.horizon_count, from->scale);
  for (int32_t i = 0; i < c.expert_count; i++) {
    gm_online_expert e = from->expert[i];
    int32_t n = e.count + (e.constant ? 1 : 0);
    if (e.forgetting == 0) e.forgetting = 1;
    if (e.ridge == 0) e.ridge = 1e-3;
    e.feature = hold_indices(h, e.count, e.feature);
    if (e.mean) e.mean = hold(h, n, e.mean);
    if (e.precision) e.precision = hold(h, n, e.precision);
    if (o) o->expert[i] = e;
  }
  if (!o) return;
  c.expert = o->expert;
  o->o = c;
}

/* Of all that says what the state means. */
static uint64_t identity_of(const gm_online *o, ptrdiff_t held)
{
  const gm_online_options *p = &o->o;
  double x[24 + 8 * GM_ONLINE_EXPERTS] = {
      p->horizon_count,     p->feature_count, p->expert_count,     p->tie,
      p->pending,           p->fill,          p->fill_hold,        p->clip,
      p->mix_forgetting,    p->mix_hold,      p->scale_forgetting, p->scale_count,
      p->scale ? 1.0 : 0.0, p->level_count,   p->window,           p->gain_count};
  double *e = x + 24;
  for (int32_t i = 0; i < p->expert_count; i++, e += 8) {
    const gm_online_expert *q = &o->expert[i];
    e[0] = q->count;
    e[1] = q->constant;
    e[2] = q->fixed;
    e[3] = q->forgetting;
    e[4] = q->ridge;
    e[5] = q->mean ? 1 : 0;
    e[6] = q->precision ? 1 : 0;
  }
  uint64_t sum[2] = {gm_checksum(x, sizeof x), gm_checksum(o->held, (size_t)held * sizeof(double))};
  return gm_checksum(sum, sizeof sum);
}

/* ---- state ---------------------------------------------------------------------------------- */
static double *take(double **at, ptrdiff_t count)
{
  double *here = *at;
  *at += count;
  return here;
}

/* Points the parts of one horizon into the state from *at on. */
static void place_cell(gm_online *o, gm__online_cell *c, double **at)
{
  int32_t n = o->o.expert_count;
  for (int32_t i = 0; i < n; i++) {
    int32_t d = o->expert[i].count + (o->expert[i].constant ? 1 : 0);
    gm__rls_place(&c->expert[i], d, o->expert[i].forgetting, take(at, gm__rls_room(d)));
  }
  gm__rls_place(&c->scale, o->scale_side, o->o.scale_forgetting,
                take(at, gm__rls_room(o->scale_side)));
  c->tails.window = o->o.window;
  c->tails.probs = o->probs;
  c->tails.gains = o->o.gain_count;
  c->tails.prob = o->prob;
  c->tails.gain = o->o.gain;
  gm__tails_place(&c->tails, take(at, gm__tails_room(o->o.window, o->probs, o->o.gain_count)));
  c->product = take(at, (ptrdiff_t)n * n);
  c->products = take(at, 1);
  c->weight = take(at, n);
  c->base = take(at, 2);
  c->near = take(at, 1);
  c->apart = take(at, 2);
  c->pooled = take(at, 2);
  c->moment = take(at, 3 * (ptrdiff_t)o->o.scale_count);
  c->fill = take(at, 4 * (ptrdiff_t)o->o.feature_count);
  c->queue = take(at, 3);
  c->score = take(at, o->score_count);
  c->record = take(at, (ptrdiff_t)o->o.pending * o->at.stride);
}

static ptrdiff_t cell_room(const gm_online *o)
{
  int32_t n = o->o.expert_count;
  ptrdiff_t room = gm__rls_room(o->scale_side) +
                   gm__tails_room(o->o.window, o->probs, o->o.gain_count) + (ptrdiff_t)n * n + 1 +
                   n + 7 + 3 * (ptrdiff_t)o->o.scale_count + 4 * (ptrdiff_t)o->o.feature_count + 3 +
                   o->score_count + (ptrdiff_t)o->o.pending * o->at.stride;
  for (int32_t i = 0; i < n; i++)
    room += gm__rls_room(o->expert[i].count + (o->expert[i].constant ? 1 : 0));
  return room;
}

static void start_cell(gm_online *o, int32_t horizon)
{
  gm__online_cell *c = &o->cell[horizon];
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    gm__rls *s = &c->expert[i];
    const gm_online_expert *e = &o->expert[i];
    for (int32_t k = 0; k < s->d; k++) {
      double root = sqrt(e->precision ? e->precision[k] : k < e->count ? e->ridge : constant_ridge);
      s->r0[(ptrdiff_t)k * s->d + k] = root;
      s->z0[k] = e->mean ? root * e->mean[k] : 0;
    }
    gm__rls_start(s);
    c->weight[i] = 1.0 / o->o.expert_count;
  }
  /* Features of the scale are some 1 in size: until 30 data say otherwise they do not matter; its
   * constant follows the data at once. */
  for (int32_t k = 0; k < o->scale_side; k++)
    c->scale.r0[(ptrdiff_t)k * o->scale_side + k] = sqrt(k == 0 ? 5 : 30);
  gm__rls_start(&c->scale);
  gm__tails_start(&c->tails);
  if (!o->o.scale) return;
  c->base[0] = c->near[0] = o->o.scale[horizon];
  c->base[1] = 20;
}

static void lay_out(gm_online *o)
{
  int32_t levels = o->o.level_count, at = 0;
  gm__online_record *r = &o->at;
  o->probs = 2 * levels + 1;
  o->scale_side = GM__ONLINE_OWN + o->o.scale_count;
  o->score_count = GM__SCORE_LEVEL + 4 * levels + o->o.expert_count;
  for (int32_t i = 0; i < levels; i++) {
    o->prob[i] = (1 - o->o.level[i]) / 2;
    o->prob[levels + i] = (1 + o->o.level[i]) / 2;
  }
  o->prob[2 * levels] = 0.5;
  r->target = at++;
  r->mean = at++;
  r->median = at++;
  r->scale = at++;
  r->wider = at++;
  r->known = at++;
  r->apart = at, at += 2;
  r->expert = at, at += o->o.expert_count;
  r->learns = at, at += o->o.expert_count;
  r->low = at, at += levels;
  r->high = at, at += levels;
  r->each_q = at, at += o->probs * o->o.gain_count;
  r->each_level = at, at += o->probs * o->o.gain_count;
  r->x = at, at += o->o.feature_count;
  r->g = at, at += o->scale_side;
  r->stride = at;
}

static gm_status make_state(gm_ctx *ctx, gm_online *o)
{
  enum { HEAD = sizeof(gm__online_head) / sizeof(double) };
  lay_out(o);
  o->state_count = HEAD + o->o.horizon_count * cell_room(o);
  o->state = gm_alloc(ctx, o->state_count, sizeof *o->state);
  o->cell = gm_alloc(ctx, o->o.horizon_count, sizeof *o->cell);
  o->scratch = gm_alloc(ctx, o->at.stride, sizeof *o->scratch);
  if (!o->state || !o->cell || !o->scratch)
    return gm_fail(ctx, GM_ENOMEM, "online: %d horizons of %d experts", (int)o->o.horizon_count,
                   (int)o->o.expert_count);
  o->head = (gm__online_head *)o->state;
  double *at = o->state + HEAD;
  for (int32_t h = 0; h < o->o.horizon_count; h++) {
    place_cell(o, &o->cell[h], &at);
    start_cell(o, h);
  }
  assert(at == o->state + o->state_count);
  *o->head = (gm__online_head){.t = NAN, .y = NAN, .y_t = NAN};
  return GM_OK;
}

gm_status gm_online_new(gm_ctx *ctx, const gm_online_options *options, gm_online **out)
{
  assert(options && out);
  gm_online_options w = *options;
  with_defaults(&w);
  gm_status s = check(ctx, &w);
  if (s) return s;
  holder count = {0};
  hold_options(&count, &w, NULL);
  gm_online *o = gm_alloc(ctx, 1, sizeof *o);
  if (!o) return gm_fail(ctx, GM_ENOMEM, "online forecaster");
  o->held = gm_alloc(ctx, count.used, sizeof(double));
  if (!o->held) {
    s = gm_fail(ctx, GM_ENOMEM, "online: options");
    goto out;
  }
  hold_options(&(holder){.to = o->held}, &w, o);
  o->identity = identity_of(o, count.used);
  s = make_state(ctx, o);
out:
  if (s) {
    gm_online_free(o);
    return s;
  }
  *out = o;
  return GM_OK;
}

void gm_online_free(gm_online *o)
{
  if (!o) return;
  gm_free(o->scratch);
  gm_free(o->cell);
  gm_free(o->state);
  gm_free(o->held);
  gm_free(o);
}

void gm_online_break(gm_online *o)
{
  gm__online_head *d = o->head;
  d->t = d->y = d->y_t = NAN;
  for (int32_t h = 0; h < o->o.horizon_count; h++) {
    double *fill = o->cell[h].fill;
    o->cell[h].queue[0] = o->cell[h].queue[1] = 0;
    /* last values are of another stretch: means from now on */
    for (int32_t i = 0; i < o->o.feature_count; i++) fill[4 * i + 1] = o->o.fill_hold;
  }
}
