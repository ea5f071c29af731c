/* t1d_trial_oracle.c - a belief that looks at the truth: copies of the person, spread around it.
 * It knows what is in the stomach, announced or not, and what of an announced meal is still on the
 * plate; of meals to come it knows nothing. It shows how good a controller could be, not how good
 * it is. */
#include "t1d_course.h"
#include "t1d_trial.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

enum { STEPS = 72, OUTPUTS = 2, SUBCUTANEOUS = 1 };
static const double step_min = 5, eat_g_per_min = 5;

typedef struct {
  t1d_oracle_options o;
  t1d_belief_start start;
  gm_model_info info;
  gm_ensemble *e; /* 2 x members: without and with one unit more */
  double *y;      /* [2 members][STEPS][OUTPUTS] */
  double *glucose, *per_unit, *weight;
  double *theta; /* [parameter][2 members] */
  double bw_kg, now_min, plate_g;
  int32_t bite_row, moment;
  int32_t of[];
} oracle;

static void close_oracle(void *belief)
{
  oracle *b = belief;
  if (!b) return;
  gm_ensemble_free(b->e);
  gm_free(b->y);
  gm_free(b->glucose);
  gm_free(b->per_unit);
  gm_free(b->weight);
  gm_free(b->theta);
  gm_free(b);
}

/* Kinds of rand.h under GM_PURPOSE_PRIOR: this file's own. */
enum { KIND_GLUCOSE = 0x743108, KIND_SI = 0x743109 };

static double normal(const oracle *b, int32_t member, uint32_t kind, int32_t index)
{
  const gm_key key = gm_key_make(b->start.seed, GM_PURPOSE_PRIOR, b->start.subject, 0);
  return gm_normal(key, (uint64_t)member, 0, gm_kind_draw(kind, 0), (uint64_t)index);
}

/* Members of equal weight at the middles of equal shares of a lognormal spread of sensitivity. */
static void spread_theta(oracle *b)
{
  const int32_t n = b->o.members;
  const double *truth = gm_ensemble_theta((gm_ensemble *)(uintptr_t)b->start.plant);
  const int32_t all = gm_ensemble_size(b->start.plant);
  const int32_t vmx = gm_model_find(b->start.model, GM_TABLE_PARAMETER, "Vmx"),
                kp3 = gm_model_find(b->start.model, GM_TABLE_PARAMETER, "kp3");
  const double error = b->o.si_error_sd * normal(b, 0, KIND_SI, 0);
  for (int32_t i = 0; i < b->info.parameter_count; i++)
    for (int32_t m = 0; m < 2 * n; m++) {
      const double z = gm_norm_quantile((m % n + 0.5) / n);
      const double factor = i == vmx || i == kp3 ? gm_exp(b->o.si_sd * z + error) : 1;
      b->theta[(ptrdiff_t)i * 2 * n + m] = truth[(ptrdiff_t)i * all + b->start.member] * factor;
    }
}

static bool make_room(oracle *b, gm_ctx *ctx)
{
  const int32_t n = b->o.members;
  b->y = gm_alloc(ctx, 2 * (ptrdiff_t)n, STEPS * OUTPUTS * sizeof *b->y);
  b->glucose = gm_alloc(ctx, n, STEPS * sizeof *b->glucose);
  b->per_unit = gm_alloc(ctx, n, STEPS * sizeof *b->per_unit);
  b->weight = gm_alloc(ctx, n, sizeof *b->weight);
  b->theta = gm_alloc(ctx, 2 * (ptrdiff_t)n, (size_t)b->info.parameter_count * sizeof *b->theta);
  return b->y && b->glucose && b->per_unit && b->weight && b->theta;
}

static t1d_oracle_options filled_in(const void *options)
{
  t1d_oracle_options o = options ? *(const t1d_oracle_options *)options : (t1d_oracle_options){0};
  if (o.members <= 0) o.members = 8;
  o.si_sd = o.si_sd == 0 ? 0.15 : fmax(o.si_sd, 0);
  o.glucose_sd_mgdl = o.glucose_sd_mgdl == 0 ? 8 : fmax(o.glucose_sd_mgdl, 0);
  return o;
}

static gm_status open_oracle(gm_ctx *ctx, const t1d_belief_start *start, const void *options,
                             void **out)
{
  const t1d_oracle_options o = filled_in(options);
  const int32_t n = o.members;
  if (n > 1000) return gm_fail(ctx, GM_EDOMAIN, "oracle of %d members", (int)n);
  oracle *b = gm_alloc(ctx, 1, sizeof *b + 2 * (size_t)n * sizeof b->of[0]);
  if (!b) return gm_fail(ctx, GM_ENOMEM, "oracle");
  b->o = o;
  b->start = *start;
  b->bw_kg = start->therapy->bw_kg;
  b->now_min = start->t0_min;
  gm_model_get_info(start->model, &b->info);
  b->bite_row = gm_model_find(start->model, GM_TABLE_STATE, "bite");
  gm_status s = make_room(b, ctx) ? GM_OK : gm_fail(ctx, GM_ENOMEM, "oracle of %d", (int)n);
  if (!s) s = gm_ensemble_new(ctx, start->model, NULL, 2 * n, &b->e);
  if (s) {
    close_oracle(b);
    return s;
  }
  for (int32_t m = 0; m < n; m++) b->weight[m] = 1.0 / n;
  for (int32_t m = 0; m < 2 * n; m++) b->of[m] = m / n;
  spread_theta(b);
  *out = b;
  return GM_OK;
}

static gm_status meal(void *belief, gm_ctx *ctx, double t_min, double carbs_g)
{
  oracle *b = belief;
  (void)ctx;
  (void)t_min;
  b->plate_g += carbs_g;
  return GM_OK;
}

/* What was given is in the truth already. */
static gm_status given(void *belief, gm_ctx *ctx, double t_min, double amount)
{
  (void)belief;
  (void)ctx;
  (void)t_min;
  (void)amount;
  return GM_OK;
}

static gm_status step(void *belief, gm_ctx *ctx, double t_min, double cgm_mgdl,
                      t1d_belief_news *news)
{
  oracle *b = belief;
  (void)ctx;
  (void)cgm_mgdl;
  b->plate_g = fmax(b->plate_g - eat_g_per_min * (t_min - b->now_min), 0);
  b->now_min = t_min;
  b->moment++;
  *news = (t1d_belief_news){0};
  return GM_OK;
}

/* The truth's state into every copy; glucose with a common error a copy in plasma, tissue and under
 * the skin; held rates and the bite in the mouth belong to the courses. */
static void copy_truth(oracle *b)
{
  const int32_t n = 2 * b->o.members, all = gm_ensemble_size(b->start.plant);
  const double *from = gm_ensemble_state((gm_ensemble *)(uintptr_t)b->start.plant);
  double *x = gm_ensemble_state(b->e), *theta = gm_ensemble_theta(b->e);
  static const char *const glucose[] = {"Gp", "Gt", "Gs"};
  for (int32_t i = 0; i < b->info.state_count; i++) {
    const bool held = i >= b->info.state_count - b->info.input_count || i == b->bite_row;
    for (int32_t m = 0; m < n; m++)
      x[(ptrdiff_t)i * n + m] = held ? 0 : from[(ptrdiff_t)i * all + b->start.member];
  }
  const double now =
      from[(ptrdiff_t)gm_model_find(b->start.model, GM_TABLE_STATE, "Gp") * all + b->start.member];
  for (int32_t k = 0; k < 3; k++) {
    const int32_t row = gm_model_find(b->start.model, GM_TABLE_STATE, glucose[k]);
    for (int32_t m = 0; m < n; m++) {
      /* 1.8 dL/kg: the usual volume of glucose */
      const double error =
          b->o.glucose_sd_mgdl * 1.8 * normal(b, m % (n / 2), KIND_GLUCOSE, b->moment);
      x[(ptrdiff_t)row * n + m] *= fmax(1 + error / fmax(now, 1), 0.5);
    }
  }
  for (int32_t i = 0; i < b->info.parameter_count * n; i++) theta[i] = b->theta[i];
}

static gm_status drive_of(oracle *b, gm_ctx *ctx, double basal, double dose_u, t1d_course **course,
                          gm_drive *drive)
{
  gm_status s = t1d_course_new(ctx, b->start.model, b->bw_kg, b->now_min, course);
  if (!s) s = t1d_course_basal(*course, ctx, b->now_min, basal);
  if (!s && dose_u > 0) s = t1d_course_bolus(*course, ctx, b->now_min, dose_u);
  if (!s && b->plate_g > 0) s = t1d_course_meal(*course, ctx, b->now_min, b->plate_g);
  if (!s) s = t1d_course_read(*course, ctx, b->now_min + STEPS * step_min, drive);
  return s;
}

static void fill(oracle *b)
{
  const int32_t n = b->o.members;
  for (int32_t m = 0; m < n; m++)
    for (int32_t k = 0; k < STEPS; k++) {
      const double none = b->y[(m * STEPS + k) * OUTPUTS + SUBCUTANEOUS];
      const double one = b->y[((m + n) * STEPS + k) * OUTPUTS + SUBCUTANEOUS];
      b->glucose[m * STEPS + k] = none;
      b->per_unit[m * STEPS + k] = one - none;
    }
}

static gm_status outlook(void *belief, gm_ctx *ctx, double basal, t1d_outlook *out)
{
  oracle *b = belief;
  t1d_course *course[2] = {NULL, NULL};
  gm_drive drive[2];
  double at[STEPS];
  for (int32_t k = 0; k < STEPS; k++) at[k] = b->now_min + (k + 1) * step_min;
  memcpy(gm_ensemble_theta(b->e), b->theta,
         2 * (size_t)b->o.members * (size_t)b->info.parameter_count * sizeof *b->theta);
  gm_status s = gm_ensemble_init(b->e, ctx, b->now_min);
  if (!s) copy_truth(b);
  for (int32_t i = 0; i < 2 && !s; i++) s = drive_of(b, ctx, basal, i, &course[i], &drive[i]);
  if (!s) s = gm_ensemble_advance(b->e, ctx, at[STEPS - 1], drive, b->of, at, STEPS, b->y);
  t1d_course_free(course[0]);
  t1d_course_free(course[1]);
  if (s) return s;
  fill(b);
  *out = (t1d_outlook){.t_min = b->now_min,
                       .step_min = step_min,
                       .steps = STEPS,
                       .members = b->o.members,
                       .basal_u_per_h = basal,
                       .glucose_mgdl = b->glucose,
                       .per_unit_mgdl = b->per_unit,
                       .weight = b->weight};
  return GM_OK;
}

const t1d_belief t1d_oracle = {.name = "oracle",
                               .open = open_oracle,
                               .close = close_oracle,
                               .meal = meal,
                               .bolus = given,
                               .basal = given,
                               .step = step,
                               .outlook = outlook};
