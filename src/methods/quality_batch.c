/* quality_batch.c - a whole series with look-ahead, on top of what the stream found. */
#include "methods/quality_internal.h"
#include "num/distribution.h"
#include <math.h>
#include <stdlib.h>

enum {
  AROUND = 30, /* residuals to each side that give the scale */
  SIDE = 3     /* neighbours to each side */
};

typedef struct {
  const gm_quality_rules *rules;
  const gm_quality_datum *data;
  gm_quality_finding *out;
  int32_t *order;   /* data whose time and value can be compared, by time */
  double *residual; /* of each of those: distance to what is around it; NaN: too little is */
  int32_t count;
} batch;

static double value_at(const batch *b, int32_t i) { return b->data[b->order[i]].value; }
static double time_at(const batch *b, int32_t i) { return b->out[b->order[i]].t_h; }
static gm_quality_finding *at(const batch *b, int32_t i) { return &b->out[b->order[i]]; }

typedef struct {
  double t;
  int32_t index;
} stamp;

static int by_time(const void *x, const void *y)
{
  const stamp *a = x, *b = y;
  if (a->t != b->t) return a->t < b->t ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

static bool comparable(const gm_quality_finding *f)
{
  return !gm__quality_has(f, GM_QUALITY_NOT_FINITE) && !gm__quality_has(f, GM_QUALITY_HARD_RANGE) &&
         !gm__quality_has(f, GM_QUALITY_COPY) && !gm__quality_has(f, GM_QUALITY_UNIT_SLIP) &&
         (!gm__quality_has(f, GM_QUALITY_CLOCK_RESET) || gm__quality_has(f, GM_QUALITY_CLOCK));
}

static gm_status put_in_order(gm_ctx *ctx, batch *b, int32_t count)
{
  stamp *s = gm_alloc(ctx, count, sizeof *s);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "quality of %d data", (int)count);
  for (int32_t i = 0; i < count; i++)
    if (comparable(&b->out[i])) s[b->count++] = (stamp){b->out[i].t_h, i};
  qsort(s, (size_t)b->count, sizeof *s, by_time);
  for (int32_t i = 0; i < b->count; i++) b->order[i] = s[i].index;
  gm_free(s);
  return GM_OK;
}

/* ---- spikes ---------------------------------------------------------------------------------- */
static double between(const batch *b, int32_t i, int32_t d)
{
  double t0 = time_at(b, i - d), t1 = time_at(b, i + d);
  double share = t1 > t0 ? (time_at(b, i) - t0) / (t1 - t0) : 0.5;
  return value_at(b, i - d) + share * (value_at(b, i + d) - value_at(b, i - d));
}

/* Distance to the middle one of three guesses from both sides: the trend between the nearest and
 * between the second nearest neighbours, which curves need, and the median of six (Hampel). */
static double residual_of(const batch *b, int32_t i, double *low, double *high)
{
  double before[SIDE], after[SIDE], guess[3];
  for (int32_t k = 0; k < SIDE; k++) {
    before[k] = value_at(b, i - 1 - k);
    after[k] = value_at(b, i + 1 + k);
  }
  double m0 = gm__quality_median(SIDE, before), m1 = gm__quality_median(SIDE, after);
  guess[0] = between(b, i, 1);
  guess[1] = between(b, i, 2);
  guess[2] = (m0 + m1) / 2;
  *low = fmin(m0, m1);
  *high = fmax(m0, m1);
  return value_at(b, i) - gm__quality_median(3, guess);
}

/* How far the datum stands out: on the same side of the values before it and of those after it. A
 * slope and a step do not, a spike does. */
static double stands_out(const batch *b, int32_t i)
{
  double low, high, e = residual_of(b, i, &low, &high), v = value_at(b, i);
  return e > 0 ? fmax(0, fmin(e, v - high)) : fmin(0, fmax(e, v - low));
}

/* No neighbour is missing, and none stands at the very same time. */
static bool surrounded(const batch *b, int32_t i, double usual)
{
  if (i < SIDE || i + SIDE >= b->count) return false;
  for (int32_t k = i - SIDE; k < i + SIDE; k++)
    if (time_at(b, k + 1) - time_at(b, k) > b->rules->gap_factor * usual) return false;
  return true;
}

static double scale_around(const batch *b, int32_t i, int32_t *known)
{
  double x[2 * AROUND + 1];
  int32_t n = 0;
  for (int32_t k = i - AROUND; k <= i + AROUND; k++)
    if (k >= 0 && k < b->count && k != i && !isnan(b->residual[k])) x[n++] = fabs(b->residual[k]);
  *known = n;
  return n > 0 ? 1.482602218505602 * gm__quality_median(n, x) : 0;
}

static void find_spikes(batch *b, double usual, double step)
{
  double limit[2 * AROUND + 2] = {INFINITY};
  for (int32_t n = 1; n <= 2 * AROUND + 1; n++)
    limit[n] = gm_dist_t_quantile(1 - b->rules->spike_rate / 2, 0.37 * n);
  for (int32_t i = 0; i < b->count; i++) {
    double low, high;
    b->residual[i] = surrounded(b, i, usual) ? residual_of(b, i, &low, &high) : NAN;
  }
  for (int32_t i = 0; i < b->count; i++) {
    gm_quality_finding *f = at(b, i);
    int32_t known;
    if (isnan(b->residual[i])) continue; /* what the stream said stands */
    gm__quality_drop(f, GM_QUALITY_SPIKE);
    double scale = scale_around(b, i, &known), e = stands_out(b, i);
    scale = fmax(scale, fmax(gm__quality_noise(b->rules, value_at(b, i)), step / sqrt(12)));
    if (known >= 12 && scale > 0 && fabs(e) > limit[known] * scale)
      gm__quality_add(f, GM_QUALITY_SPIKE, e / scale);
  }
}

/* ---- faults from where they began ------------------------------------------------------------ */
static void mark_back(const batch *b, int32_t end, int32_t n, gm_quality_reason r, double measured)
{
  for (int32_t k = end; k > end - n && k >= 0; k--) {
    gm_quality_finding *f = at(b, k);
    if (gm__quality_has(f, r) && fabs(f->measured[r]) >= fabs(measured)) continue;
    gm__quality_add(f, r, measured);
  }
}

/* The rise or fall that led to a step which the later data confirmed was no error. */
static void clear_steps(const batch *b, int32_t i)
{
  double step = at(b, i)->measured[GM_QUALITY_STEP];
  for (int32_t k = i; k > i - b->rules->relock && k >= 0; k--) {
    gm_quality_finding *f = at(b, k);
    gm__quality_drop(f, GM_QUALITY_RISE);
    gm__quality_drop(f, GM_QUALITY_FALL);
    gm__quality_drop(f, GM_QUALITY_SPIKE);
    gm__quality_add(f, GM_QUALITY_STEP, step);
  }
}

/* Forwards from the first datum of a dip: did it come back in time? */
static int32_t settle_dip(const batch *b, int32_t i)
{
  const gm_quality_rules *r = b->rules;
  double top = value_at(b, i) + at(b, i)->measured[GM_QUALITY_DIP], low = value_at(b, i);
  double begin = time_at(b, i);
  int32_t end = i;
  bool back = false;
  while (++end < b->count && time_at(b, end) - begin <= r->dip_h && !back) {
    low = fmin(low, value_at(b, end));
    back = value_at(b, end) >= low + r->dip_back * (top - low);
  }
  if (back) end--; /* the one that is back again */
  for (int32_t k = i; k < end; k++) {
    if (back)
      gm__quality_add(at(b, k), GM_QUALITY_DIP, top - value_at(b, k));
    else if (gm__quality_has(at(b, k), GM_QUALITY_DIP))
      gm__quality_drop(at(b, k), GM_QUALITY_DIP);
  }
  for (int32_t k = i - 1;
       back && k >= 0 && begin - time_at(b, k) <= r->dip_fall / r->dip_fall_per_h; k--)
    if (top - value_at(b, k) > (1 - r->dip_back) * (top - low))
      gm__quality_add(at(b, k), GM_QUALITY_DIP, top - value_at(b, k));
  return end;
}

static void mark_backwards(const batch *b)
{
  for (int32_t i = 0; i < b->count; i++) {
    const gm_quality_finding *f = at(b, i);
    const double *m = f->measured;
    if (gm__quality_has(f, GM_QUALITY_FLAT)) /* all but the first, which was right */
      mark_back(b, i, (int32_t)m[GM_QUALITY_FLAT] - 1, GM_QUALITY_FLAT, m[GM_QUALITY_FLAT]);
    if (gm__quality_has(f, GM_QUALITY_REPEAT))
      mark_back(b, i, (int32_t)m[GM_QUALITY_REPEAT], GM_QUALITY_REPEAT, m[GM_QUALITY_REPEAT]);
    if (gm__quality_has(f, GM_QUALITY_STEP)) clear_steps(b, i);
  }
  for (int32_t i = b->count - 1, left = 0; i >= 0; i--) { /* the window that showed it */
    gm_quality_finding *f = at(b, i);
    if (gm__quality_has(f, GM_QUALITY_SAWTOOTH))
      left = SAW_WINDOW;
    else if (left > 0)
      gm__quality_add(f, GM_QUALITY_SAWTOOTH, at(b, i + 1)->measured[GM_QUALITY_SAWTOOTH]);
    left -= left > 0;
  }
  for (int32_t i = 0; i < b->count;)
    i = gm__quality_has(at(b, i), GM_QUALITY_DIP) ? settle_dip(b, i) : i + 1;
}

static gm_status look_ahead(gm_ctx *ctx, const gm_quality *q, batch *b, int32_t count)
{
  gm_status s = put_in_order(ctx, b, count);
  if (s) return s;
  double usual = gm__quality_usual(q);
  if (b->rules->spike_rate > 0 && !isnan(usual)) find_spikes(b, usual, gm__quality_step(q));
  mark_backwards(b);
  for (int32_t i = 0; i < count; i++) gm__quality_settle(b->rules, &b->out[i]);
  return GM_OK;
}

gm_status gm_quality_batch(gm_ctx *ctx, const gm_quality_rules *rules, int32_t count,
                           const gm_quality_datum *data, gm_quality_finding *out)
{
  if (count < 0) return gm_fail(ctx, GM_ERANGE, "quality of %d data", (int)count);
  gm_quality *q = NULL;
  batch b = {.rules = rules, .data = data};
  gm_status s = gm_quality_new(ctx, rules, &q);
  if (s) return s;
  b.order = gm_alloc(ctx, count, sizeof *b.order);
  b.out = gm_alloc(ctx, count, sizeof *b.out); /* so that failure leaves out as it was */
  b.residual = gm_alloc(ctx, count, sizeof *b.residual);
  if (!b.order || !b.out || !b.residual) {
    s = gm_fail(ctx, GM_ENOMEM, "quality of %d data", (int)count);
    goto out;
  }
  for (int32_t i = 0; i < count; i++) gm_quality_take(q, data[i], &b.out[i]);
  s = look_ahead(ctx, q, &b, count);
  for (int32_t i = 0; !s && i < count; i++) out[i] = b.out[i];
out:
  gm_free(b.order);
  gm_free(b.out);
  gm_free(b.residual);
  gm_quality_free(q);
  return s;
}
