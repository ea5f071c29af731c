/* field_kernel.h - one field on the torus, one step, in place. Included once by each instruction
 * set's file: plain loops over a row that the compiler makes wide; every number is worked out by
 * the same operations in the same order, so that all give the same bytes.
 *
 * Spread is written with positive weights alone, so that what is not negative stays so. Rows are
 * overwritten as soon as the next one has been read: two sums of the row above, of the first row
 * and of the row in hand are kept in scratch [6 width]. */
#include "kinds/agents/engine.h"

/* side = left + right, all = side + middle. */
static inline void row_sums(const double *restrict f, int32_t n, double *restrict side,
                            double *restrict all)
{
  for (int32_t x = 1; x < n - 1; x++) {
    double s = f[x - 1] + f[x + 1];
    side[x] = s;
    all[x] = s + f[x];
  }
  side[0] = f[n - 1] + f[1];
  all[0] = side[0] + f[0];
  side[n - 1] = f[n - 2] + f[0];
  all[n - 1] = side[n - 1] + f[n - 1];
}

/* What becomes of a row: keep f + give (above + below + side), decay, source, least. */
static inline void row_mix(double *restrict f, const double *restrict above,
                           const double *restrict below, const double *restrict side, int32_t n,
                           const agents_spread *s, bool last)
{
  const double keep = s->keep, give = s->give;
  if (!last) {
    for (int32_t x = 0; x < n; x++) f[x] = keep * f[x] + give * ((above[x] + below[x]) + side[x]);
    return;
  }
  const double stays = s->stays, source = s->source, least = s->least;
  for (int32_t x = 0; x < n; x++) {
    double v = (keep * f[x] + give * ((above[x] + below[x]) + side[x])) * stays + source;
    f[x] = v < least ? 0.0 : v;
  }
}

static inline void row_copy(const double *restrict from, double *restrict to, int32_t n)
{
  for (int32_t x = 0; x < n; x++) to[x] = from[x];
}

/* Eight neighbours: give is the share for each. */
static inline void share8(double *f, const agents_spread *s, double *scratch, bool last)
{
  const int32_t n = s->width, h = s->height;
  double *side = scratch, *next_side = scratch + n, *above = scratch + 2 * (ptrdiff_t)n;
  double *here = scratch + 3 * (ptrdiff_t)n, *below = scratch + 4 * (ptrdiff_t)n;
  double *first = scratch + 5 * (ptrdiff_t)n;
  row_sums(f + (ptrdiff_t)(h - 1) * n, n, side, above);
  row_sums(f, n, side, here);
  row_copy(here, first, n);
  for (int32_t y = 0; y < h; y++) {
    const double *under = first;
    if (y < h - 1) {
      row_sums(f + (ptrdiff_t)(y + 1) * n, n, next_side, below);
      under = below;
    }
    row_mix(f + (ptrdiff_t)y * n, above, under, side, n, s, last);
    double *t = above; /* above <- here <- below; side <- next_side */
    above = here;
    here = below;
    below = t;
    t = side;
    side = next_side;
    next_side = t;
  }
}

static inline void row_side(const double *restrict f, int32_t n, double *restrict side)
{
  for (int32_t x = 1; x < n - 1; x++) side[x] = f[x - 1] + f[x + 1];
  side[0] = f[n - 1] + f[1];
  side[n - 1] = f[n - 2] + f[0];
}

/* Four neighbours. above: the row above as it was. */
static inline void laplace(double *f, const agents_spread *s, double *scratch, bool last)
{
  const int32_t n = s->width, h = s->height;
  double *side = scratch, *above = scratch + n, *here = scratch + 2 * (ptrdiff_t)n;
  double *first = scratch + 3 * (ptrdiff_t)n;
  row_copy(f + (ptrdiff_t)(h - 1) * n, above, n);
  row_copy(f, first, n);
  for (int32_t y = 0; y < h; y++) {
    double *row = f + (ptrdiff_t)y * n;
    row_copy(row, here, n);
    row_side(row, n, side);
    row_mix(row, above, y < h - 1 ? row + n : first, side, n, s, last);
    double *t = above;
    above = here;
    here = t;
  }
}

static inline void field_step(double *f, const agents_spread *s, double *scratch)
{
  if (s->spread == GM_AGENTS_STILL) {
    const double stays = s->stays, source = s->source, least = s->least;
    const int32_t n = s->width * s->height;
    for (int32_t i = 0; i < n; i++) {
      double v = f[i] * stays + source;
      f[i] = v < least ? 0.0 : v;
    }
    return;
  }
  for (int32_t p = 0; p < s->passes; p++) {
    if (s->spread == GM_AGENTS_SHARE8)
      share8(f, s, scratch, p == s->passes - 1);
    else
      laplace(f, s, scratch, p == s->passes - 1);
  }
}

/* Sixteen running sums, then their sum by halves: the same bytes however wide the machine. */
static inline double field_total(const double *x, int64_t n)
{
  enum { LANES = 16 };
  double lane[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) lane[k] += x[i + k];
  for (int k = 0; i < n; i++, k++) lane[k] += x[i];
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int k = 0; k < half; k++) lane[k] += lane[k + half];
  return lane[0];
}
