/* filter_draw.c - what a filter believes of its unknowns, and members that stand for the belief. */
#include "methods/filter.h"
#include "gemel/many.h"
#include <math.h>
#include <string.h>

void gm_filter_unknown(const gm_filter *f, int32_t i, double *mean, double *sd)
{
  double a = 0, b = 0;
  for (int32_t m = 0; m < f->n; m++) a += f->weight[m] * f->z[(ptrdiff_t)m * f->d + i];
  /* sigma points whose middle one has a negative weight spread about that one */
  const double about = f->weight[0] < 0 ? f->z[i] : a;
  for (int32_t m = 0; m < f->n; m++) {
    const double v = f->z[(ptrdiff_t)m * f->d + i] - about;
    b += f->weight[m] * v * v;
  }
  *mean = a;
  *sd = sqrt(fmax(b, 0));
}

/* Members come in pairs of opposite chance: the mean of a value over all sigma points, plus and
 * minus, along each pair of points, half their difference over their distance in sd times a normal
 * number. value: rows of count, one a point; scaled: these numbers over twice that distance; mean
 * and off: [count], the mean made before. */
static void blend_pair(const gm_filter *f, int32_t count, const double *value, const double *scaled,
                       const double *mean, double *off, double *even, double *odd)
{
  const int32_t pairs = (f->n - 1) / 2;
  for (int32_t k = 0; k < count; k++) off[k] = 0;
  for (int32_t i = 0; i < pairs; i++) {
    const double *up = value + (ptrdiff_t)(1 + i) * count, *down = up + (ptrdiff_t)pairs * count;
    for (int32_t k = 0; k < count; k++) off[k] += scaled[i] * (up[k] - down[k]);
  }
  for (int32_t k = 0; k < count; k++) even[k] = mean[k] + off[k];
  for (int32_t k = 0; k < count; k++) odd[k] = mean[k] - off[k];
}

static void mean_take(const gm_filter *f, int32_t count, const double *value, double *mean)
{
  for (int32_t k = 0; k < count; k++) mean[k] = 0;
  for (int32_t q = 0; q < f->n; q++)
    for (int32_t k = 0; k < count; k++) mean[k] += f->weight[q] * value[(ptrdiff_t)q * count + k];
}

enum { PAIRS_AT_ONCE = 16 };

/* Numbers of room for draw_sigma; other kinds need none. */
static ptrdiff_t room_of(const gm_filter *f, int32_t mc)
{
  if (f->o.kind != GM_FILTER_UKF) return 0;
  return (ptrdiff_t)f->n * (1 + PAIRS_AT_ONCE) + 2 * (mc + f->d);
}

/* Normal numbers over `by` of pairs of members from `pair` on: draw[pair of points][of members]. */
static void draws_take(int32_t points, int32_t count, int32_t pair, gm_key key, uint64_t index,
                       double by, double *draw)
{
  gm_key keys[PAIRS_AT_ONCE];
  for (int32_t q = 0; q < count; q++) keys[q] = key;
  for (int32_t i = 0; i < points; i++) {
    double *to = draw + (ptrdiff_t)i * PAIRS_AT_ONCE;
    gm_normal_many(count, keys, NULL, (uint64_t)pair, (uint64_t)i, gm_kind_draw(1, 0), index, to);
    for (int32_t q = 0; q < count; q++) to[q] /= by;
  }
}

/* room: room_of numbers. */
static void draw_sigma(const gm_filter *f, int32_t n, gm_key key, uint64_t index, int32_t mc,
                       const double *points, double *room, double *macro, double *z)
{
  /* the weight of a point of a pair is 1 / (2 distance^2) */
  const double distance = sqrt(0.5 / f->weight[1]);
  const int32_t pairs = (f->n - 1) / 2, d = f->d;
  double *draw = room, *scaled = draw + (ptrdiff_t)f->n * PAIRS_AT_ONCE, *mean = scaled + f->n,
         *off = mean + mc, *mean_z = off + mc, *off_z = mean_z + d;
  mean_take(f, mc, points, mean);
  mean_take(f, d, f->z, mean_z);
  for (int32_t m = 0; m < n; m += 2) {
    const int32_t at = m / 2 % PAIRS_AT_ONCE, left = (n - m) / 2;
    double *to = macro + (ptrdiff_t)m * mc, *to_z = z + (ptrdiff_t)m * d;
    if (at == 0)
      draws_take(pairs, left < PAIRS_AT_ONCE ? left : PAIRS_AT_ONCE, m / 2, key, index,
                 2 * distance, draw);
    for (int32_t i = 0; i < pairs; i++) scaled[i] = draw[(ptrdiff_t)i * PAIRS_AT_ONCE + at];
    blend_pair(f, mc, points, scaled, mean, off, to, to + mc);
    blend_pair(f, d, f->z, scaled, mean_z, off_z, to_z, to_z + d);
  }
}

static void draw_members(const gm_filter *f, int32_t n, double u, int32_t mc, const double *points,
                         double *macro, double *z)
{
  double sum = 0;
  for (int32_t m = 0, taken = 0; m < f->n && taken < n; m++) {
    sum += f->weight[m];
    for (; taken < n && (taken + u < n * sum || m == f->n - 1); taken++) {
      memcpy(macro + (ptrdiff_t)taken * mc, points + (ptrdiff_t)m * mc, (size_t)mc * sizeof *macro);
      if (f->d)
        memcpy(z + (ptrdiff_t)taken * f->d, f->z + (ptrdiff_t)m * f->d, (size_t)f->d * sizeof *z);
    }
  }
}

gm_status gm_filter_draw(gm_filter *f, gm_ctx *ctx, int32_t n, gm_key key, uint64_t index,
                         double *macro, double *z)
{
  const int32_t mc = gm_model_macro_count(f->s->model);
  if (n < 2 || n % 2)
    return gm_fail(ctx, GM_ERANGE, "filter: %d members drawn, expected an even number", (int)n);
  if (mc <= 0)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: members of a model without a macro view");
  double *points = gm_alloc(ctx, (ptrdiff_t)f->n * mc + room_of(f, mc), sizeof *points);
  if (!points) return gm_fail(ctx, GM_ENOMEM, "members of a belief");
  gm_status s = gm_ensemble_get(f->e, ctx, points);
  if (!s && f->o.kind == GM_FILTER_UKF)
    draw_sigma(f, n, key, index, mc, points, points + (ptrdiff_t)f->n * mc, macro, z);
  else if (!s)
    draw_members(f, n, gm_uniform(key, 0, 0, gm_kind_draw(2, 0), index), mc, points, macro, z);
  gm_free(points);
  return s;
}
