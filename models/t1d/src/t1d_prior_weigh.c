/* t1d_prior_weigh.c - what glucose tells of each parameter: mean squares of its derivatives over
 * test days and over the population (the matrix of an active subspace: Constantine, Active
 * subspaces, SIAM 2015), from which t1d_prior_sense.c holds the numbers. */
#include "t1d_course.h"
#include "t1d_prior_law.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

/* ---- test days ------------------------------------------------------------------------------- */
/* A day of three meals with boluses, a meal without, a bolus without a meal, basal insulin raised
 * and lowered, and the basal rate of another person. Amounts at 70 kg. */
typedef struct {
  int32_t times;
  int32_t meals;
  double meal_min[3], meal_g[3];
  bool bolus;
  double alone_u;               /* bolus at 30 min */
  double factor[2], change_min; /* of the own basal rate, before and after */
  bool common;                  /* the common basal rate in place of the own */
} test_day;

enum { TEST_DAYS = 5 };
static const test_day day_of[TEST_DAYS] = {
    {.times = 96,
     .meals = 3,
     .meal_min = {420, 720, 1080},
     .meal_g = {45, 70, 80},
     .bolus = true,
     .factor = {1, 1}},
    {.times = 32, .meals = 1, .meal_min = {30}, .meal_g = {50}, .factor = {1, 1}},
    {.times = 32, .alone_u = 4, .factor = {1, 1}},
    {.times = 32, .factor = {1.5, 0.5}, .change_min = 180},
    {.times = 24, .factor = {1, 1}, .common = true},
};
static const double every_min = 15, ratio_g_per_u = 12, kg = 70;

static gm_status course_write(t1d_course *c, gm_ctx *ctx, const test_day *d, double bw_kg,
                              double basal)
{
  /* who weighs less eats less (energy need: Kleiber's exponent), and a unit covers less of it */
  const double plate = gm_pow(bw_kg / kg, 0.75), ratio = ratio_g_per_u * kg / bw_kg;
  gm_status s = t1d_course_basal(c, ctx, 0, d->factor[0] * basal);
  if (!s && d->change_min > 0) s = t1d_course_basal(c, ctx, d->change_min, d->factor[1] * basal);
  if (!s && d->alone_u > 0) s = t1d_course_bolus(c, ctx, 30, d->alone_u * bw_kg / kg);
  for (int32_t i = 0; i < d->meals && !s; i++) {
    s = t1d_course_meal(c, ctx, d->meal_min[i], plate * d->meal_g[i]);
    if (!s && d->bolus) s = t1d_course_bolus(c, ctx, d->meal_min[i], plate * d->meal_g[i] / ratio);
  }
  return s;
}

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *e;
  int32_t n;
  t1d_course **course; /* [n] */
  gm_drive *drive;     /* [n] */
  int32_t *of;         /* [n] */
  double *part;        /* [n][times of a day] */
} bed;

static void bed_close(bed *b)
{
  for (int32_t m = 0; b->course && m < b->n; m++) t1d_course_free(b->course[m]);
  gm_free(b->course);
  gm_free(b->drive);
  gm_free(b->of);
  gm_free(b->part);
  gm_ensemble_free(b->e);
  gm_model_free(b->model);
}

static gm_status bed_open(bed *b, const double *theta)
{
  const gm_eq_output out = {.name = "CGM", .expression = "CGM", .unit = "mg/dL"};
  const gm_eq_config c = {
      .solver = GM_EQ_EXPLICIT, .output = &out, .output_count = 1, .rtol = 1e-7, .atol = 1e-9};
  const int32_t n = b->n;
  gm_status s = t1d_s2008_new(b->ctx, &c, &b->model);
  if (!s) s = gm_ensemble_new(b->ctx, b->model, NULL, n, &b->e);
  if (s) return s;
  b->course = gm_alloc(b->ctx, n, sizeof(t1d_course *));
  b->drive = gm_alloc(b->ctx, n, sizeof *b->drive);
  b->of = gm_alloc(b->ctx, n, sizeof *b->of);
  b->part = gm_alloc(b->ctx, (ptrdiff_t)n * day_of[0].times, sizeof *b->part);
  if (b->course) memset(b->course, 0, (size_t)n * sizeof(t1d_course *));
  if (!b->course || !b->drive || !b->of || !b->part)
    return gm_fail(b->ctx, GM_ENOMEM, "%d test days", (int)n);
  for (int32_t m = 0; m < n && !s; m++) {
    t1d_subject person = *t1d_subject_at(0);
    memcpy(person.theta, theta + (ptrdiff_t)m * T1D_PARAMETER_COUNT, sizeof person.theta);
    b->of[m] = m;
    s = t1d_subject_theta(b->ctx, &person, b->model, gm_ensemble_theta(b->e) + m, n);
  }
  return s;
}

static gm_status day_run(bed *b, const test_day *d, double bw_kg, double common_u_per_h,
                         const double *theta)
{
  double at[T1D__TIMES];
  const double end = every_min * d->times;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->times; i++) at[i] = every_min * (i + 1);
  for (int32_t m = 0; m < b->n && !s; m++) {
    const double own = t1d_prior_basal(theta + (ptrdiff_t)m * T1D_PARAMETER_COUNT);
    t1d_course_free(b->course[m]);
    b->course[m] = NULL;
    s = t1d_course_new(b->ctx, b->model, bw_kg, 0, &b->course[m]);
    if (!s) s = course_write(b->course[m], b->ctx, d, bw_kg, d->common ? common_u_per_h : own);
    if (!s) s = t1d_course_read(b->course[m], b->ctx, end, &b->drive[m]);
  }
  if (!s) s = gm_ensemble_init(b->e, b->ctx, 0);
  return s ? s : gm_ensemble_advance(b->e, b->ctx, end, b->drive, b->of, at, d->times, b->part);
}

gm_status t1d__test_days(gm_ctx *ctx, double bw_kg, double basal_u_per_h, int32_t n,
                         const double *theta, double *y, double *weight)
{
  bed b = {.ctx = ctx, .n = n};
  gm_status s = bed_open(&b, theta);
  int32_t from = 0;
  for (int32_t k = 0; k < TEST_DAYS && !s; k++) {
    const int32_t times = day_of[k].times;
    s = day_run(&b, &day_of[k], bw_kg, basal_u_per_h, theta);
    for (int32_t m = 0; m < n && !s; m++)
      memcpy(y + (ptrdiff_t)m * T1D__TIMES + from, b.part + (ptrdiff_t)m * times,
             (size_t)times * sizeof *y);
    for (int32_t i = 0; i < times; i++) weight[from + i] = 1.0 / times / TEST_DAYS;
    from += times;
  }
  bed_close(&b);
  return s;
}

/* ---- derivatives ----------------------------------------------------------------------------- */
enum { F = T1D__FREE };
static const double step = 0.05;

/* Central differences about y, squares added to h[F][F]. */
static gm_status point_add(gm_ctx *ctx, double bw_kg, double common_u_per_h, const double *y,
                           double *theta, double *glucose, double *h)
{
  double weight[T1D__TIMES];
  for (int32_t m = 0; m < 2 * F; m++) {
    double moved[F];
    memcpy(moved, y, sizeof moved);
    moved[m / 2] += m % 2 ? -step : step;
    t1d__theta(bw_kg, moved, theta + (ptrdiff_t)m * T1D_PARAMETER_COUNT);
  }
  gm_status s = t1d__test_days(ctx, bw_kg, common_u_per_h, 2 * F, theta, glucose, weight);
  for (int32_t t = 0; t < T1D__TIMES && !s; t++) {
    double slope[F];
    for (int32_t i = 0; i < F; i++) {
      slope[i] =
          (glucose[2 * i * T1D__TIMES + t] - glucose[(2 * i + 1) * T1D__TIMES + t]) / (2 * step);
      if (!isfinite(slope[i])) return gm_fail(ctx, GM_ENUMERIC, "prior: a test day that diverges");
    }
    for (int32_t i = 0; i < F; i++)
      for (int32_t j = 0; j <= i; j++) h[i * F + j] += weight[t] * slope[i] * slope[j];
  }
  return s;
}

gm_status t1d__weigh(gm_ctx *ctx, int32_t draws, double *weight)
{
  static const double bw_kg[] = {35, 55, 80};
  enum { WEIGHTS = sizeof bw_kg / sizeof *bw_kg };
  double h[F * F] = {0}, y[T1D__DIM], middle[T1D_PARAMETER_COUNT];
  double *theta = gm_alloc(ctx, 2 * F * T1D_PARAMETER_COUNT, sizeof *theta);
  double *glucose = gm_alloc(ctx, 2 * F * T1D__TIMES, sizeof *glucose);
  gm_status s = theta && glucose ? GM_OK : gm_fail(ctx, GM_ENOMEM, "prior: derivatives");
  for (int32_t k = 0; k < WEIGHTS && !s; k++) {
    const t1d_prior_patient p = {.bw_kg = bw_kg[k]};
    const gm_key key = gm_key_make(1, GM_PURPOSE_POPULATION, (uint64_t)k, 0);
    t1d__law law;
    s = t1d__law_of(ctx, &p, &law);
    if (!s) t1d__theta(bw_kg[k], law.mean, middle);
    for (int32_t i = 0; i < draws && !s; i++) {
      s = t1d__law_draw(ctx, &law, key, (uint64_t)i, y);
      if (!s) s = point_add(ctx, bw_kg[k], t1d_prior_basal(middle), y, theta, glucose, h);
    }
  }
  for (int32_t i = 0, at = 0; i < F && !s; i++)
    for (int32_t j = 0; j <= i; j++) weight[at++] = h[i * F + j] / (draws * WEIGHTS);
  gm_free(theta);
  gm_free(glucose);
  return s;
}
