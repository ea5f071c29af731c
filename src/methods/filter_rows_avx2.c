/* filter_rows_avx2.c - the passes of filter_rows.h, for the least processor Gemel runs on. */
#include "methods/filter_rows.h"
#include "gemel/many.h"
#include "gemel/model.h"
#include <math.h>
#include <string.h>

enum { LANES = 8, PART = 256 };

typedef double four __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(32), aligned(8), may_alias));

static inline four at(const double *a) { return *(const four *)a; }
static inline four either(mask m, four a, four b) { return (four)((m & (mask)a) | (~m & (mask)b)); }
static inline four only(mask m, four a) { return (four)(m & (mask)a); }

/* Eight sums, the first four and the others. */
typedef struct {
  four low, high;
} eight;

static double pairs(eight s)
{
  four h = s.low + s.high;
  return (h[0] + h[2]) + (h[1] + h[3]);
}

/* What is left of a row of n, with zeros behind it. */
static const double *rest(int32_t n, const double *a, double *pad)
{
  int32_t whole = n / LANES * LANES;
  memset(pad, 0, LANES * sizeof *pad);
  memcpy(pad, a + whole, (size_t)(n - whole) * sizeof *pad);
  return pad;
}

/* ---- sums ------------------------------------------------------------------------------------ */
double gm__row_sum(int32_t n, const double *a)
{
  double p[LANES];
  eight s = {{0}, {0}};
  for (int32_t m = 0; m + LANES <= n; m += LANES) {
    s.low += at(a + m);
    s.high += at(a + m + 4);
  }
  if (n % LANES) {
    s.low += at(rest(n, a, p));
    s.high += at(p + 4);
  }
  return pairs(s);
}

static inline void dot_eight(const double *a, const double *b, eight *s)
{
  s->low += at(a) * at(b);
  s->high += at(a + 4) * at(b + 4);
}

double gm__row_dot(int32_t n, const double *a, const double *b)
{
  double p[LANES], q[LANES];
  eight s = {{0}, {0}};
  for (int32_t m = 0; m + LANES <= n; m += LANES) dot_eight(a + m, b + m, &s);
  if (n % LANES) dot_eight(rest(n, a, p), rest(n, b, q), &s);
  return pairs(s);
}

void gm__row_map(int32_t n, double *a, double shift, double factor, double offset)
{
  for (int32_t m = 0; m < n; m++) a[m] = (a[m] - shift) * factor + offset;
}

void gm__row_add(int32_t n, double factor, const double *from, double *to)
{
  for (int32_t m = 0; m < n; m++) to[m] += factor * from[m];
}

/* ---- weights --------------------------------------------------------------------------------- */
double gm__row_top(int32_t n, const double *weight, const double *lp)
{
  const four none = (four){0} - INFINITY, zero = {0};
  four top = none;
  int32_t m = 0;
  for (; m + 4 <= n; m += 4) {
    four a = either(at(weight + m) > zero, at(lp + m), none);
    top = either(a > top, a, top);
  }
  double most = -INFINITY;
  for (int l = 0; l < 4; l++) most = top[l] > most ? top[l] : most;
  for (; m < n; m++) most = weight[m] > 0 && lp[m] > most ? lp[m] : most;
  return most;
}

static inline void scale_eight(const double *e, double *w, eight *s)
{
  *(four *)w = at(w) * at(e);
  *(four *)(w + 4) = at(w + 4) * at(e + 4);
  s->low += at(w);
  s->high += at(w + 4);
}

double gm__row_reweigh(int32_t n, double *weight, const double *lp, double top)
{
  double e[PART], pad[LANES], w[LANES];
  eight s = {{0}, {0}};
  for (int32_t from = 0; from < n; from += PART) {
    int32_t count = n - from < PART ? n - from : PART, m = 0;
    /* no more than 0: a member without weight may lie above the top */
    for (int32_t i = 0; i < count; i++) e[i] = lp[from + i] < top ? lp[from + i] - top : 0;
    gm_exp_many(count, e, e);
    for (; m + LANES <= count; m += LANES) scale_eight(e + m, weight + from + m, &s);
    if (m == count) continue;
    (void)rest(count, weight + from, w);
    scale_eight(rest(count, e, pad), w, &s);
    memcpy(weight + from + m, w, (size_t)(count - m) * sizeof *w);
  }
  return pairs(s);
}

int32_t gm__row_failed(int32_t n, const int8_t *status)
{
  int32_t count = 0;
  for (int32_t m = 0; m < n; m++) count += GM_MEMBER_FAILED(status[m]);
  return count;
}

void gm__row_guard(int32_t n, const int8_t *status, double *lp)
{
  const four none = (four){0} - INFINITY;
  int32_t m = 0;
  for (; m + 4 <= n; m += 4) *(four *)(lp + m) = either(at(lp + m) == at(lp + m), at(lp + m), none);
  for (; m < n; m++) lp[m] = isnan(lp[m]) ? -INFINITY : lp[m];
  if (!gm__row_failed(n, status)) return;
  for (m = 0; m < n; m++)
    if (GM_MEMBER_FAILED(status[m])) lp[m] = -INFINITY;
}

/* ---- mixtures -------------------------------------------------------------------------------- */
typedef struct {
  eight weight, mean, square;
} sums;

static inline void mix_four(const double *weight, const double *y, const double *mean,
                            const double *variance, four *s, four *a, four *b)
{
  const four w = at(weight), f = at(y), u = at(mean), zero = {0};
  mask counts = (w > zero) & (f - f == zero);
  *s += only(counts, w);
  *a += only(counts, w * u);
  *b += only(counts, w * (at(variance) + u * u));
}

static inline void mix_eight(const double *weight, const double *y, const double *mean,
                             const double *variance, sums *s)
{
  mix_four(weight, y, mean, variance, &s->weight.low, &s->mean.low, &s->square.low);
  mix_four(weight + 4, y + 4, mean + 4, variance + 4, &s->weight.high, &s->mean.high,
           &s->square.high);
}

gm__mixture gm__row_mixture(int32_t n, const double *weight, const double *y, const double *mean,
                            const double *variance)
{
  double p[4][LANES];
  sums s = {0};
  for (int32_t m = 0; m + LANES <= n; m += LANES)
    mix_eight(weight + m, y + m, mean + m, variance + m, &s);
  if (n % LANES)
    mix_eight(rest(n, weight, p[0]), rest(n, y, p[1]), rest(n, mean, p[2]), rest(n, variance, p[3]),
              &s);
  return (gm__mixture){pairs(s.weight), pairs(s.mean), pairs(s.square)};
}
