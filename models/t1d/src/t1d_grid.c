/* t1d_grid.c - zones by their boundaries, and shares by blocks. */
#include "t1d_grid.h"
#include "t1d_metrics.h"
#include "t1d_unit.h"
#include <assert.h>
#include <math.h>

#define GLUCOSE_MOST 2000.0
#define NORMAL_90    1.6449 /* sd of the normal distribution to each side that hold 90 % */

/* ---- Clarke -------------------------------------------------------------------------------- */
/* Multiplied out, so that whole numbers on a boundary are met exactly. */
static bool clarke_a(double r, double e) { return (r < 70 && e < 70) || 5 * fabs(e - r) <= r; }

static bool clarke_e(double r, double e) { return (r <= 70 && e >= 180) || (r >= 180 && e <= 70); }

static bool clarke_d(double r, double e) { return e >= 70 && e <= 180 && (r >= 240 || r <= 70); }

static bool clarke_c(double r, double e)
{
  return (r >= 70 && r <= 290 && e >= r + 110) || (r >= 130 && r <= 180 && 5 * e <= 7 * r - 910);
}

static t1d_error_zone clarke(double r, double e)
{
  if (clarke_a(r, e)) return T1D_ERROR_A;
  if (clarke_e(r, e)) return T1D_ERROR_E;
  if (clarke_d(r, e)) return T1D_ERROR_D;
  return clarke_c(r, e) ? T1D_ERROR_C : T1D_ERROR_B;
}

/* ---- Parkes -------------------------------------------------------------------------------- */
typedef struct {
  double reference, estimate;
} vertex;

typedef struct {
  t1d_error_zone beyond;
  int8_t side; /* +1: the zone lies above the line, -1: below it */
  int8_t count;
  vertex at[5];
} boundary;

/* Pfuetzner 2013, table 1, type 1, from the gravest to the mildest. A lower line begins with an
 * upright from the axis: left of it there is no such zone. */
static const boundary parkes_line[] = {
    {T1D_ERROR_E, +1, 3, {{0, 150}, {35, 155}, {50, 550}}},
    {T1D_ERROR_D, +1, 5, {{0, 100}, {25, 100}, {50, 125}, {80, 215}, {125, 550}}},
    {T1D_ERROR_D, -1, 3, {{250, 0}, {250, 40}, {550, 150}}},
    {T1D_ERROR_C, +1, 5, {{0, 60}, {30, 60}, {50, 80}, {70, 110}, {260, 550}}},
    {T1D_ERROR_C, -1, 4, {{120, 0}, {120, 30}, {260, 130}, {550, 250}}},
    {T1D_ERROR_B, +1, 5, {{0, 50}, {30, 50}, {140, 170}, {280, 380}, {430, 550}}},
    {T1D_ERROR_B, -1, 5, {{50, 0}, {50, 30}, {170, 145}, {385, 300}, {550, 450}}},
};

/* Height of the line at r; the last piece goes straight on. -INFINITY left of an upright. */
static double height(const boundary *b, double r)
{
  int i = b->side < 0 ? 1 : 0; /* the upright is no function of r */
  if (b->side < 0 && r <= b->at[0].reference) return -INFINITY;
  while (i + 2 < b->count && r > b->at[i + 1].reference) i++;
  const vertex *p = &b->at[i], *q = p + 1;
  return p->estimate +
         (r - p->reference) * (q->estimate - p->estimate) / (q->reference - p->reference);
}

static t1d_error_zone parkes(double r, double e)
{
  for (size_t i = 0; i < sizeof parkes_line / sizeof parkes_line[0]; i++) {
    const boundary *b = &parkes_line[i];
    double y = height(b, r);
    if (b->side > 0 ? e > y : e < y) return b->beyond;
  }
  return T1D_ERROR_A;
}

/* ---- one pair ------------------------------------------------------------------------------ */
static bool glucose_ok(double g) { return g >= 0 && g <= GLUCOSE_MOST; }

static t1d_error_zone zone_of(t1d_grid grid, double r, double e)
{
  return grid == T1D_CLARKE ? clarke(r, e) : parkes(r, e);
}

static gm_status check_grid(gm_ctx *ctx, t1d_grid grid)
{
  if ((int)grid >= 0 && grid < T1D_GRID_COUNT) return GM_OK;
  return gm_fail(ctx, GM_EINVAL, "error grid %d is not known", (int)grid);
}

gm_status t1d_grid_zone(gm_ctx *ctx, t1d_grid grid, double reference_mgdl, double estimate_mgdl,
                        t1d_error_zone *out)
{
  assert(out);
  gm_status s = check_grid(ctx, grid);
  if (s) return s;
  if (!glucose_ok(reference_mgdl) || reference_mgdl == 0 || !glucose_ok(estimate_mgdl))
    return gm_fail(ctx, GM_EDOMAIN, "error grid: a glucose outside 0 to %g mg/dL", GLUCOSE_MOST);
  *out = zone_of(grid, reference_mgdl, estimate_mgdl);
  return GM_OK;
}

char t1d_error_zone_letter(t1d_error_zone z)
{
  assert((int)z >= 0 && z < T1D_ERROR_ZONES);
  return "ABCDE"[z];
}

/* ---- many pairs ---------------------------------------------------------------------------- */
typedef struct {
  const double *reference, *estimate;
  const int32_t *block;
  int32_t n;
  double *weight; /* [block]: pairs */
  double *held;   /* [block][zone]: pairs, later the share without the block */
  t1d_grid_counts c;
} count_work;

static bool absent(const count_work *w, int32_t i)
{
  return isnan(w->reference[i]) || isnan(w->estimate[i]);
}

static gm_status check_pairs(gm_ctx *ctx, count_work *w)
{
  double most = 0;
  int32_t last = -1; /* pair in use before this one */
  for (int32_t i = 0; i < w->n; i++) {
    if (absent(w, i)) {
      w->c.missing_count++;
      continue;
    }
    if (!glucose_ok(w->reference[i]) || w->reference[i] == 0 || !glucose_ok(w->estimate[i]))
      return gm_fail(ctx, GM_EDOMAIN, "pair %d: a glucose outside 0 to %g mg/dL", (int)i + 1,
                     GLUCOSE_MOST);
    most = fmax(most, w->reference[i]);
    w->c.block_count += last < 0 || !w->block || w->block[i] != w->block[last];
    w->c.pair_count++;
    last = i;
  }
  if (w->c.pair_count == 0) return gm_fail(ctx, GM_ENOTFOUND, "error grid: no pair");
  if (!(most > T1D_MMOL_L_MOST))
    return gm_fail(ctx, GM_EUNIT, "no reference above %g: mg/dL is expected, not mmol/L",
                   T1D_MMOL_L_MOST);
  return GM_OK;
}

static void count_pairs(count_work *w, t1d_grid grid)
{
  int32_t block = -1, last = -1;
  for (int32_t i = 0; i < w->n; i++) {
    if (absent(w, i)) continue;
    if (last < 0 || !w->block || w->block[i] != w->block[last]) block++;
    t1d_error_zone z = zone_of(grid, w->reference[i], w->estimate[i]);
    w->c.count[z]++;
    last = i;
    if (!w->weight) continue;
    w->weight[block] += 1;
    w->held[(ptrdiff_t)block * T1D_ERROR_ZONES + z] += 1;
  }
}

/* From counts of the blocks to shares without them. */
static double block_error(count_work *w, int z)
{
  double n = w->c.pair_count;
  for (int32_t b = 0; b < w->c.block_count; b++) {
    double *held = &w->held[(ptrdiff_t)b * T1D_ERROR_ZONES + z];
    *held = (w->c.count[z] - *held) / (n - w->weight[b]);
  }
  return t1d__block_se(w->c.count[z] / n, w->held + z, T1D_ERROR_ZONES, w->weight,
                       w->c.block_count);
}

/* Wilson's interval of p for n independent pairs. */
static void wilson(double p, double n, double *low_pct, double *high_pct)
{
  double zz = NORMAL_90 * NORMAL_90, middle = (p + zz / (2 * n)) / (1 + zz / n);
  double half = NORMAL_90 * sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n);
  *low_pct = p > 0 ? fmax(0, 100 * (middle - half)) : 0;
  *high_pct = p < 1 ? fmin(100, 100 * (middle + half)) : 100;
}

static void judge(count_work *w)
{
  t1d_grid_counts *c = &w->c;
  double n = c->pair_count;
  for (int z = 0; z < T1D_ERROR_ZONES; z++) {
    double p = c->count[z] / n, spread = p * (1 - p);
    double se = w->weight ? block_error(w, z) : sqrt(spread / (n - 1));
    c->share_pct[z] = 100 * p;
    c->se_pct[z] = c->block_count > 1 ? 100 * se : NAN;
    c->low_pct[z] = 0;
    c->high_pct[z] = 100;
    if (c->block_count < 2) continue;
    double like = spread == 0 ? c->block_count : se > 0 ? spread / (se * se) : n;
    wilson(p, fmin(n, fmax(1, like)), &c->low_pct[z], &c->high_pct[z]);
  }
}

gm_status t1d_grid_count(gm_ctx *ctx, t1d_grid grid, const double *reference_mgdl,
                         const double *estimate_mgdl, const int32_t *block, int32_t pair_count,
                         t1d_grid_counts *out)
{
  assert(out && (pair_count <= 0 || (reference_mgdl && estimate_mgdl)));
  count_work w = {reference_mgdl, estimate_mgdl, block, pair_count, NULL, NULL, {0}};
  gm_status s = check_grid(ctx, grid);
  if (s || (s = check_pairs(ctx, &w))) return s;
  if (block) { /* without blocks the errors have a formula */
    w.weight = gm_alloc(ctx, w.c.block_count, (T1D_ERROR_ZONES + 1) * sizeof(double));
    if (!w.weight) return gm_fail(ctx, GM_ENOMEM, "%d blocks of pairs", (int)w.c.block_count);
    w.held = w.weight + w.c.block_count;
  }
  count_pairs(&w, grid);
  judge(&w);
  *out = w.c;
  gm_free(w.weight);
  return GM_OK;
}
