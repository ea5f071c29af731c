/* fore_law.c - laws of one measured value: distribution function, quantiles, makers. */
#include "methods/fore_law.h"
#include "num/distribution.h"
#include "num/root.h"
#include "num/stats_internal.h"
#include <assert.h>
#include <math.h>

/* A level counts as reached this much below it: shares are sums and carry rounding. */
static const double level_slack = 1e-12;

/* ---- makers --------------------------------------------------------------------------------- */
gm_law gm_law_sample(int32_t n, const double *x, const double *weight, bool count)
{
  return (gm_law){.n = n, .weight = weight, .x = x, .stride = 1, .count = count};
}

static double student_cdf(const void *user, int32_t m, double y, double *below)
{
  const gm_student *t = user;
  (void)m;
  double z = (y - t->location) / t->scale;
  *below = t->scale > 0 ? gm_dist_t_cdf(z, t->df) : NAN;
  return *below;
}

static double student_logpdf(const void *user, int32_t m, double y)
{
  const gm_student *t = user;
  (void)m;
  return gm_dist_t_log_pdf((y - t->location) / t->scale, t->df) - log(t->scale);
}

gm_law gm_law_student(const gm_student *t)
{
  return (gm_law){.n = 1, .cdf = student_cdf, .logpdf = student_logpdf, .user = t};
}

/* ---- opening -------------------------------------------------------------------------------- */
static double weight_of(const gm_law *law, int32_t m) { return law->weight ? law->weight[m] : 1; }

static gm_status check_weights(gm_ctx *ctx, const gm_law *law, gm__law *l)
{
  double total = 0, square = 0;
  for (int32_t m = 0; m < law->n; m++) {
    double w = weight_of(law, m);
    if (!(w >= 0) || !isfinite(w))
      return gm_fail(ctx, GM_EDOMAIN, "law: member %d has weight %g", (int)m, w);
    l->n += w > 0;
    total += w;
  }
  if (!(total > 0) || !isfinite(total))
    return gm_fail(ctx, GM_EDOMAIN, "law: weights of %d members sum to %g", (int)law->n, total);
  for (int32_t m = 0; m < law->n; m++) {
    double w = weight_of(law, m) / total;
    square += w * w;
  }
  l->total = total;
  l->self = square;
  return GM_OK;
}

/* Gathers the members that weigh, sorts them and cumulates their shares. */
static gm_status open_sample(gm_ctx *ctx, const gm_law *law, gm__law *l)
{
  gm_status s = GM_OK;
  double *x = gm_alloc(ctx, 2 * (ptrdiff_t)l->n, sizeof *x), *w = x ? x + l->n : NULL, sum = 0;
  if (!x) return gm_fail(ctx, GM_ENOMEM, "law of %d members", (int)l->n);
  for (int32_t m = 0, k = 0; m < law->n && !s; m++) {
    double v = law->x[m * law->stride];
    if (!(weight_of(law, m) > 0)) continue;
    if (!isfinite(v) || (law->count && (v < 0 || v != floor(v))))
      s = gm_fail(ctx, GM_EDOMAIN, "law: member %d of weight %g has value %g%s", (int)m,
                  weight_of(law, m), v, law->count ? ", not a count" : "");
    x[k] = v;
    w[k++] = weight_of(law, m);
  }
  if (!s) s = gm__stats_sorted(ctx, l->n, x, w, &l->xs, &l->cum);
  gm_free(x);
  if (s) return s;
  for (int32_t k = 0; k < l->n; k++) {
    sum += l->cum[k];
    l->cum[k] = fmin(1, sum / l->total);
  }
  l->cum[l->n - 1] = 1;
  return GM_OK;
}

gm_status gm__law_open(gm_ctx *ctx, const gm_law *law, gm__law *out)
{
  assert(law && out && (law->cdf || law->x || law->n < 1));
  gm__law l = {.law = law};
  if (law->n < 1 || (!law->cdf && law->stride < 1))
    return gm_fail(ctx, GM_ERANGE, "law of %d members, stride %td", (int)law->n, law->stride);
  gm_status s = check_weights(ctx, law, &l);
  if (!s && !law->cdf) s = open_sample(ctx, law, &l);
  if (!s) *out = l;
  return s;
}

void gm__law_close(gm__law *l)
{
  gm_free(l->xs);
  l->xs = l->cum = NULL;
}

/* ---- distribution function ------------------------------------------------------------------ */
/* How many of the sorted values are <= y, or < y. */
static int32_t count_to(const gm__law *l, double y, bool with_equal)
{
  int32_t low = 0, high = l->n;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (l->xs[middle] < y || (with_equal && l->xs[middle] == y))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

gm_status gm__law_at(gm_ctx *ctx, const gm__law *l, double y, gm__law_point *out)
{
  gm__law_point p = {0};
  if (l->xs) {
    int32_t to = count_to(l, y, true), before = count_to(l, y, false);
    p.f = to ? l->cum[to - 1] : 0;
    p.below = before ? l->cum[before - 1] : 0;
    p.own = NAN; /* a sample has a closed form of its own */
    *out = p;
    return GM_OK;
  }
  for (int32_t m = 0; m < l->law->n; m++) {
    double w = weight_of(l->law, m) / l->total, below = NAN;
    if (!(w > 0)) continue;
    double f = l->law->cdf(l->law->user, m, y, &below);
    if (!(f >= 0 && f <= 1 + 1e-9 && below >= 0 && below <= f + 1e-9)) /* rounding is forgiven */
      return gm_fail(ctx, GM_EDOMAIN, "law: member %d of weight %g has P(Y <= %g) = %g", (int)m,
                     w * l->total, y, f);
    p.f += w * f;
    p.below += w * below;
    p.own += w * w * fmax(0, f * (1 - f));
  }
  p.f = fmin(1, p.f);
  p.below = fmin(p.f, p.below);
  *out = p;
  return GM_OK;
}

gm_status gm_law_cdf(gm_ctx *ctx, const gm_law *law, double y, double *cdf, double *below)
{
  assert(cdf);
  gm__law l;
  gm__law_point p;
  if (isnan(y)) return gm_fail(ctx, GM_EDOMAIN, "law asked at %g", y);
  gm_status s = gm__law_open(ctx, law, &l);
  if (s) return s;
  s = gm__law_at(ctx, &l, y, &p);
  gm__law_close(&l);
  if (s) return s;
  *cdf = p.f;
  if (below) *below = p.below;
  return GM_OK;
}

/* ---- quantiles ------------------------------------------------------------------------------ */
typedef struct {
  gm_ctx *ctx;
  const gm__law *l;
  double prob;
} asked;

static gm_status over(void *user, double x, double *y)
{
  asked *a = user;
  gm__law_point p;
  gm_status s = gm__law_at(a->ctx, a->l, x, &p);
  if (!s) *y = p.f - a->prob;
  return s;
}

/* From x outwards by doubled steps to where the cdf is below (sign -1) or has reached prob. */
static gm_status reach(asked *a, double sign, double *x)
{
  double step = fmax(1e-3 * fabs(*x), 1e-6), d;
  for (int32_t k = 0; k < 1100; k++) {
    gm_status s = over(a, *x, &d);
    if (s) return s;
    if (sign < 0 ? d < 0 : d >= 0) return GM_OK;
    *x += sign * step;
    step *= 2;
    if (!isfinite(*x)) break;
  }
  return gm_fail(a->ctx, GM_ENUMERIC, "law: no finite quantile at level %g", a->prob);
}

static gm_status continuous_quantile(asked *a, double from, double *q)
{
  double low = from, high = from;
  gm_status s = reach(a, -1, &low);
  if (!s) s = reach(a, 1, &high);
  if (s) return s;
  double size = fmax(fabs(low), fabs(high)), end = 0, d = 0;
  s = gm_root_brent(a->ctx, over, a, low, high, 1e-14 * fmin(size, high - low), q);
  /* members far apart leave stretches on which the function is prob all along, but for rounding:
   * the quantile is their beginning */
  if (!s) s = over(a, *q - 1e-6 * (*q - low), &d);
  if (s || d < -level_slack) return s;
  a->prob -= level_slack;
  s = reach(a, -1, &low);
  if (!s) s = gm_root_brent(a->ctx, over, a, low, *q, 1e-14 * fmin(size, *q - low), &end);
  if (!s) *q = end;
  return s;
}

static gm_status count_quantile(asked *a, double from, double *q)
{
  double low = fmax(0, from) - 1, high = fmax(0, from), d; /* the cdf is below prob at low */
  a->prob -= level_slack;
  while (true) {
    gm_status s = over(a, high, &d);
    if (s) return s;
    if (d >= 0) break;
    if (high > 9e15) return gm_fail(a->ctx, GM_ENUMERIC, "law: counts beyond 9e15");
    low = high;
    high = 2 * high + 1;
  }
  while (high - low > 1) {
    double middle = floor(0.5 * (low + high));
    gm_status s = over(a, middle, &d);
    if (s) return s;
    if (d >= 0)
      high = middle;
    else
      low = middle;
  }
  *q = high;
  return GM_OK;
}

static double sample_quantile(const gm__law *l, double prob)
{
  int32_t low = 0, high = l->n - 1; /* the first share that reaches prob */
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (l->cum[middle] >= prob - level_slack)
      high = middle;
    else
      low = middle + 1;
  }
  return l->xs[low];
}

gm_status gm__law_quantiles(gm_ctx *ctx, const gm__law *l, int32_t count, const double *prob,
                            double *q)
{
  for (int32_t k = 0; k < count; k++) {
    asked a = {ctx, l, prob[k]};
    double from = k ? q[k - 1] : 0;
    gm_status s = GM_OK;
    if (l->xs)
      q[k] = sample_quantile(l, prob[k]);
    else if (l->law->count)
      s = count_quantile(&a, from, &q[k]);
    else
      s = continuous_quantile(&a, from, &q[k]);
    if (s) return s;
    if (k && q[k] < q[k - 1]) q[k] = q[k - 1]; /* two roots on one flat stretch */
  }
  return GM_OK;
}

static gm_status copy_out(gm_ctx *ctx, const gm_law *law, int32_t count, const double *prob,
                          double *q)
{
  gm__law l;
  double *r = NULL;
  gm_status s = gm__law_open(ctx, law, &l);
  if (s) return s;
  r = gm_alloc(ctx, count, sizeof *r);
  s = r ? gm__law_quantiles(ctx, &l, count, prob, r)
        : gm_fail(ctx, GM_ENOMEM, "%d quantiles", (int)count);
  for (int32_t k = 0; k < count && !s; k++) q[k] = r[k];
  gm_free(r);
  gm__law_close(&l);
  return s;
}

gm_status gm_law_quantiles(gm_ctx *ctx, const gm_law *law, int32_t count, const double *prob,
                           double *q)
{
  assert(law && prob && q);
  for (int32_t k = 0; k < count; k++)
    if (!(prob[k] > 0 && prob[k] < 1) || (k && prob[k] < prob[k - 1]))
      return gm_fail(ctx, GM_ERANGE, "quantile level %d is %g, expected ascending in (0, 1)",
                     (int)k, prob[k]);
  return copy_out(ctx, law, count, prob, q);
}

gm_status gm_law_dots(gm_ctx *ctx, const gm_law *law, int32_t count, double *dot)
{
  assert(law && dot);
  if (count < 1) return gm_fail(ctx, GM_ERANGE, "%d dots", (int)count);
  double *prob = gm_alloc(ctx, count, sizeof *prob);
  if (!prob) return gm_fail(ctx, GM_ENOMEM, "%d dots", (int)count);
  for (int32_t k = 0; k < count; k++) prob[k] = (k + 0.5) / count;
  gm_status s = copy_out(ctx, law, count, prob, dot);
  gm_free(prob);
  return s;
}
