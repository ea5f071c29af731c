/* t1d_twin.c - a twin's making, and its step: what was done, the reading's quality, the filter. */
#include "t1d_twin_internal.h"
#include "t1d_unit.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

/* The sensor's error against glucose under the skin, as Breton & Kovatchev's model has it sampled
 * every 5 min (J. Diabetes Sci. Technol. 2:853, 2008): sd 11 mg/dL, autocorrelation 0.70 after
 * 15 min. */
static const double sensor_sd_mgdl = 11, sensor_memory_min = 42;
/* Ours, coarsely chosen by forecasts and controllers on virtual people (tests/t1d): what no input
 * explains, sd (a fifth of what a meal of 60 g brings at its height) and memory (that of a meal's
 * rise). */
static const double w_sd = 0.8, w_memory_min = 40;
/* Sensitivity of the moment holds for a third of a day, that of a part of the day for weeks. */
static const double si_memory_min = 8 * 60, part_memory_min = 20 * 24 * 60;
/* Carbohydrate is misjudged by a quarter: adults count 20 to 30 % wrong on average (Brazeau et al.,
 * Diabetes Res. Clin. Pract. 99:19, 2013: 20.9 %); a meal is over after six hours. s2008.ant: of
 * what is eaten 0.9 arrives. */
static const double share_center = 0.9, share_sd = 0.25, share_memory_min = 6 * 60;
/* Glucose where the twin begins, against the first reading: the sensor's error and what happened
 * before. */
static const double start_sd = 0.25;
/* A reading whose shape looks false is believed all the same where it is so near to what is
 * expected; an unannounced meal is looked for where glucose from nowhere stands so far above 0. */
static const double expected_sd = 2.5, suspect_sd = 1.2;
/* Exercise does half to twice as much in two people of three as published (ours: no spread is). */
static const double effort_sd = 0.6;
/* After a step that no glucose makes, one of the levels before and behind it is the sensor's own,
 * and the readings do not say which: for so long they teach nothing and count as faulty, or until
 * three in a row are again what the twin expects. Faults in closed loop: docs/t1d.md. */
static const double doubt_min = 360, agree_sd = 2;
/* Loop believes no faster change of glucose (as t1d_limit.c has it): so that a change over a gap is
 * no step. */
static const double fastest_mgdl_per_min = 4;
static const double doubt_weight = 0.25; /* to others: suspect, not false */
enum { AGREE_READINGS = 3 };
/* Outside of these the mean of the sigma points is nobody's glucose, mg/dL. */
static const double possible_low = 5, possible_high = 1200;
/* sqrt(3): that of the normal law (Julier & Uhlmann 1997) */
static const double sigma_reach = 1.7320508075688772;
static const double day_min = 1440;

/* ---- making ---------------------------------------------------------------------------------- */
double t1d__twin_part(double t_min)
{
  double hour = fmod(t_min, day_min) / 60;
  if (hour < 0) hour += 24;
  int32_t part = 0;
  for (int32_t i = 1; i < T1D_DAY_PARTS; i++) part += hour >= t1d_prior_part_h[i];
  return part;
}

double t1d__twin_part_next(double t_min)
{
  const double day = floor(t_min / day_min) * day_min;
  double next = day + day_min + 60 * t1d_prior_part_h[0];
  for (int32_t i = 0; i < T1D_DAY_PARTS; i++) {
    const double at = day + 60 * t1d_prior_part_h[i];
    if (at > t_min) next = fmin(next, at);
  }
  return next;
}

static void unknown_set(t1d_twin *t, int32_t at, const char *name, gm_prior_law law, double center,
                        double spread, double memory)
{
  t->unknown[at] = (gm_unknown){.name = name,
                                .parameter = gm_model_find(t->model, GM_TABLE_PARAMETER, name),
                                .law = law,
                                .center = center,
                                .spread = spread,
                                .memory = memory};
}

static int32_t subject_row(const char *name)
{
  for (int32_t i = 0; i < T1D_PARAMETER_COUNT; i++)
    if (!strcmp(t1d_parameter_name[i], name)) return i;
  return -1;
}

/* What changes from hour to hour, behind what is the person's own. */
static void changing_make(t1d_twin *t)
{
  const double si = t1d_prior_day_sd, part = t1d_prior_part_sd;
  const double fasting = t->prior.theta[subject_row("Gb")];
  const double start = t->o.first_mgdl > 0 ? t->o.first_mgdl / fasting : 1;
  unknown_set(t, TWIN_SI, "SI", GM_PRIOR_LOGNORMAL, 1, si, si_memory_min);
  unknown_set(t, TWIN_NIGHT, "SI_night", GM_PRIOR_LOGNORMAL, 1, part, part_memory_min);
  unknown_set(t, TWIN_MORNING, "SI_morning", GM_PRIOR_LOGNORMAL, 1, part, part_memory_min);
  unknown_set(t, TWIN_AFTERNOON, "SI_afternoon", GM_PRIOR_LOGNORMAL, 1, part, part_memory_min);
  unknown_set(t, TWIN_EVENING, "SI_evening", GM_PRIOR_LOGNORMAL, 1, part, part_memory_min);
  unknown_set(t, TWIN_W, "w", GM_PRIOR_NORMAL, 0, w_sd, w_memory_min);
  unknown_set(t, TWIN_SHARE, "f", GM_PRIOR_LOGNORMAL, share_center, share_sd, share_memory_min);
  unknown_set(t, TWIN_START, "start", GM_PRIOR_LOGNORMAL, start, start_sd, 0);
  unknown_set(t, TWIN_EFFORT, "effort", GM_PRIOR_LOGNORMAL, 1, effort_sd, 0);
  /* sensitivity moves by SI and its parts, in place of the prior's drift of kp3 and Vmx */
  for (int32_t i = 0; i < T1D_PRIOR_COUNT; i++) t->unknown[i].drift = 0;
}

/* A person of the population's middle: next to no spread of what is the person's own, as a
 * controller has it that works on the parameters of an average person. */
static void population_make(t1d_twin *t)
{
  for (int32_t i = 0; i <= TWIN_EVENING; i++) {
    t->unknown[i].spread *= 1e-3;
  }
}

static gm_status unknowns_make(t1d_twin *t, gm_ctx *ctx)
{
  int32_t rows;
  gm_model_table(t->model, GM_TABLE_PARAMETER, &rows);
  if (rows > TWIN_PARAMETERS_MAX)
    return gm_fail(ctx, GM_EINVAL, "twin: a model of %d parameters", (int)rows);
  gm_status s = t1d_prior_unknowns(ctx, &t->prior, t->model, t->unknown, t->theta);
  if (s) return s;
  changing_make(t);
  if (t->o.population) population_make(t);
  t->d = t->o.rest_heart_rate > 0 ? TWIN_UNKNOWNS : TWIN_EFFORT;
  for (int32_t i = 0; i < t->d; i++)
    for (int32_t j = 0; j < t->d; j++)
      t->factor[i * t->d + j] = i < T1D_PRIOR_COUNT && j < T1D_PRIOR_COUNT
                                    ? t->prior.factor[i * T1D_PRIOR_COUNT + j]
                                    : i == j;
  return GM_OK;
}

static gm_status system_make(t1d_twin *t, gm_ctx *ctx)
{
  gm_status s = unknowns_make(t, ctx);
  if (s) return s;
  t->output_cgm = gm_model_find(t->model, GM_TABLE_OUTPUT, "CGM");
  t->rest_port = gm_model_find(t->model, GM_TABLE_INPUT, "rest");
  t->stomach_port = gm_model_find(t->model, GM_TABLE_INPUT, "Qsto1");
  t->insulin_port = gm_model_find(t->model, GM_TABLE_INPUT, "Isc1");
  t->part_row = gm_model_find(t->model, GM_TABLE_PARAMETER, "part");
  t->move_row = gm_model_find(t->model, GM_TABLE_PARAMETER, "moving");
  t->after_row = gm_model_find(t->model, GM_TABLE_PARAMETER, "moved");
  t->sensor = (gm_sensor){.name = "cgm",
                          .output = t->output_cgm,
                          .law = GM_SENSE_NORMAL,
                          .p0 = sensor_sd_mgdl,
                          .parameter0 = -1,
                          .parameter1 = -1,
                          .memory = sensor_memory_min};
  t->system = (gm_system){.model = t->model,
                          .theta = t->theta,
                          .unknown = t->unknown,
                          .unknown_count = t->d,
                          .prior_factor = t->factor,
                          .sensor = &t->sensor,
                          .sensor_count = 1,
                          .drive = &t->drive,
                          .seed = t->o.seed,
                          .subject = t->o.subject};
  return GM_OK;
}

void t1d__twin_drive_set(t1d_twin *t)
{
  t->drive = (gm_drive){t->edge + t->edge_first, t->edge_count - t->edge_first};
}

/* What happened before t0 is history: the drive begins there, with the basal rate that ran. */
static void drive_begin(t1d_twin *t, double t0_min)
{
  int32_t at = 0, rate = -1;
  for (; at < t->edge_count && t->edge[at].t < t0_min; at++)
    if (t->edge[at].kind == GM_EDGE_RATE) rate = at;
  if (at > 0) at--; /* the place of an edge that is history */
  if (rate >= 0) {
    t->edge[at] = t->edge[rate];
    t->edge[at].t = t0_min;
  } else if (t->edge_count && t->edge[at].t < t0_min) {
    at++;
  }
  t->edge_first = at;
  t->edges_dropped = 0;
  t1d__twin_drive_set(t);
}

gm_status t1d__twin_begin(t1d_twin *t, gm_ctx *ctx, double t0_min)
{
  drive_begin(t, t0_min);
  gm_filter_options o = {.kind = GM_FILTER_UKF, .reach = sigma_reach};
  gm_filter *made = NULL;
  t->system.t0 = t0_min;
  t->theta[t->part_row] = t1d__twin_part(t0_min);
  t->theta[t->move_row] = t->theta[t->after_row] = 0;
  gm_status s = gm_filter_new(ctx, &t->system, &o, &made);
  if (s) return s;
  gm_filter_free(t->filter);
  t->filter = made;
  t1d__twin_forget(t);
  return GM_OK;
}

static gm_status quality_make(t1d_twin *t, gm_ctx *ctx)
{
  gm_quality_rules r = gm_quality_defaults();
  r.hard_low = 1, r.hard_high = 1000;
  r.soft_low = 39, r.soft_high = 500;
  r.sensor_low = 40, r.sensor_high = 400;
  r.rise_per_h = r.fall_per_h = 8 * 60; /* 8 mg/dL/min: twice what glucose was seen to do */
  /* a compression: 25 mg/dL down at 3 mg/dL/min or more, 60 % back within an hour (ours, on the
   * compressions of t1d_fault.h, which cite their own sources) */
  r.usual_h = 1.0 / 12;
  r.dip_fall = 25, r.dip_fall_per_h = 180, r.dip_h = 1, r.dip_back = 0.6;
  /* the reading that makes a new level believed teaches nothing yet: of a sensor that is stuck the
   * next ones are flat, of a true jump they are not (tests/t1d/test_twin_faults.c) */
  r.weight[GM_QUALITY_STEP] = 0;
  r.unit[0] = (gm_quality_unit){.factor = T1D_MGDL_PER_MMOL_L};
  r.unit_count = 1;
  return gm_quality_new(ctx, &r, &t->quality);
}

static gm_status options_check(gm_ctx *ctx, const t1d_twin_options *o)
{
  const bool first = o->first_mgdl == 0 || (o->first_mgdl >= 20 && o->first_mgdl <= 1000);
  if (isfinite(o->t0_min) && o->basal_u_per_h >= 0 && first && o->rest_heart_rate >= 0)
    return GM_OK;
  return gm_fail(ctx, GM_EDOMAIN,
                 "twin: begins at %g min with %g U/h, glucose %g mg/dL (20 to 1000, 0: not told), "
                 "heart rate %g/min",
                 o->t0_min, o->basal_u_per_h, o->first_mgdl, o->rest_heart_rate);
}

/* Before anything was told. */
static t1d_twin *twin_blank(gm_ctx *ctx, const t1d_twin_options *options)
{
  t1d_twin *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return NULL;
  t->ctx = ctx;
  t->o = *options;
  if (t->o.group) {
    t->group = *t->o.group;
    t->o.group = &t->group;
  }
  t->now_min = t->o.t0_min;
  t->meal_min = t->found_min = -INFINITY;
  t->heart.last_min = t->heart.before_min = t->doubt_until = -INFINITY;
  for (int32_t i = 0; i < TWIN_SEEN; i++) t->seen[i] = NAN;
  for (int32_t i = 0; i < TWIN_TOLD; i++) t->told_min[i] = -INFINITY;
  t1d_exercise_begin(&t->exercise, t->o.t0_min, t->o.rest_heart_rate);
  for (int32_t i = 0; i < TWIN_BACK; i++) gm_text_init(&t->past[i].belief, ctx);
  return t;
}

static gm_status course_make(t1d_twin *t, gm_ctx *ctx)
{
  const double basal = t->o.basal_u_per_h > 0 ? t->o.basal_u_per_h : t->prior.basal_u_per_h;
  gm_status s = t1d_course_new(ctx, t->model, t->o.bw_kg, t->o.t0_min, &t->course);
  return s ? s : t1d_course_basal(t->course, ctx, t->o.t0_min, basal);
}

gm_status t1d_twin_new(gm_ctx *ctx, const t1d_twin_options *options, t1d_twin **out)
{
  gm_status s = options_check(ctx, options);
  if (s) return s;
  t1d_twin *t = twin_blank(ctx, options);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "twin");
  const t1d_prior_patient p = {.bw_kg = t->o.bw_kg,
                               .group = t->o.group,
                               .basal_u_per_h = t->o.basal_u_per_h,
                               .daily_u = t->o.daily_u,
                               .cr_g_per_u = t->o.cr_g_per_u,
                               .cf_mgdl_per_u = t->o.cf_mgdl_per_u,
                               .is_virtual = t->o.is_virtual};
  /* Twins live on errors of 10 mg/dL: they need not the tolerances of parity. */
  const gm_eq_config c = {.solver = GM_EQ_EXPLICIT, .rtol = 1e-4, .atol = 1e-5};
  s = t1d_prior_get(ctx, &p, &t->prior);
  if (!s) s = t1d_s2008_new(ctx, &c, &t->model);
  if (!s) s = system_make(t, ctx);
  if (!s) s = quality_make(t, ctx);
  if (!s) s = course_make(t, ctx);
  if (!s) s = t1d__twin_begin(t, ctx, t->o.t0_min);
  if (s) {
    t1d_twin_free(t);
    return s;
  }
  *out = t;
  return GM_OK;
}

void t1d_twin_free(t1d_twin *t)
{
  if (!t) return;
  t1d__twin_ahead_free(t);
  for (int32_t i = 0; i < TWIN_BACK; i++) gm_text_free(&t->past[i].belief);
  gm_filter_free(t->filter);
  gm_quality_free(t->quality);
  t1d_course_free(t->course);
  gm_model_free(t->model);
  gm_free(t->edge);
  gm_free(t);
}

/* ---- what is done ---------------------------------------------------------------------------- */
gm_status t1d_twin_meal(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g)
{
  bool done = false;
  gm_status s = GM_OK;
  if (isfinite(t_min) && carbs_g > 0 && isfinite(carbs_g))
    s = t1d__twin_told_meal(t, ctx, t_min, carbs_g, &done);
  if (!s && !done) s = t1d_course_meal(t->course, ctx, t_min, carbs_g);
  if (!s && carbs_g > 0) {
    t->told_min[t->told_next] = t_min;
    t->told_next = (t->told_next + 1) % TWIN_TOLD;
  }
  return s;
}

gm_status t1d_twin_bolus(t1d_twin *t, gm_ctx *ctx, double t_min, double dose_u)
{
  if (!(t_min < t->now_min) || !(dose_u >= 0) || isinf(dose_u))
    return t1d_course_bolus(t->course, ctx, t_min, dose_u);
  const gm_edge e = {t_min, dose_u * 6000 / t->o.bw_kg, t->insulin_port, GM_EDGE_BOLUS};
  return t1d__twin_told_late(t, ctx, e);
}

gm_status t1d_twin_basal(t1d_twin *t, gm_ctx *ctx, double t_min, double rate_u_per_h)
{
  return t1d_course_basal(t->course, ctx, t_min, rate_u_per_h);
}

/* Edges of the drive that lie more than a day back go, but for the basal rate that ran then. */
static void edges_forget(t1d_twin *t)
{
  int32_t first = t->edge_first, rate = -1, drop = 0;
  double from = t->now_min - TWIN_KEEP_MIN; /* and what past moments may be gone back to needs */
  for (int32_t i = 0; i < t->past_count; i++) from = fmin(from, t->past[i].t_min);
  while (first + drop < t->edge_count && t->edge[first + drop].t < from) {
    if (t->edge[first + drop].kind == GM_EDGE_RATE) rate = first + drop;
    drop++;
  }
  if (drop > 0) drop--; /* one of history stays, with the rate */
  if (drop <= 0) return;
  if (rate >= 0) t->edge[first + drop] = t->edge[rate];
  memmove(t->edge, t->edge + first + drop,
          (size_t)(t->edge_count - first - drop) * sizeof *t->edge);
  t->edge_count -= first + drop;
  t->edge_first = 0;
  t->edges_dropped += drop;
  gm_filter_edges_dropped(t->filter, drop);
}

gm_status t1d__twin_edge(t1d_twin *t, gm_ctx *ctx, gm_edge e)
{
  if (t->edge_count == t->edge_room) {
    edges_forget(t);
    if (2 * t->edge_count >= t->edge_room) {
      int32_t room = t->edge_room ? 2 * t->edge_room : 1024;
      gm_status s = gm_grow(ctx, &t->edge, t->edge_room, room, sizeof *t->edge);
      if (s) return s;
      t->edge_room = room;
    }
  }
  int32_t at = t->edge_count++;
  for (; at > t->edge_first && t->edge[at - 1].t > e.t; at--) t->edge[at] = t->edge[at - 1];
  t->edge[at] = e;
  t1d__twin_drive_set(t);
  return GM_OK;
}

/* Exercise up to t_min, in pieces of half a day at most. */
static gm_status exercise_drive(t1d_twin *t, gm_ctx *ctx, double t_min)
{
  enum { ROOM = 2 * (TWIN_BACK_MIN / 5 + 2) };
  gm_edge edge[ROOM];
  gm_status s = GM_OK;
  if (!(t->o.rest_heart_rate > 0)) return GM_OK;
  while (t->exercise.t_min < t_min && !s) {
    const double to = fmin(t_min, t->exercise.t_min + TWIN_BACK_MIN);
    int32_t n =
        t1d__twin_exercise_edges(t, &t->exercise, to, false, &t->move, &t->after, ROOM, edge);
    for (int32_t i = 0; i < n && !s; i++) s = t1d__twin_edge(t, ctx, edge[i]);
  }
  t->heart.before = t->heart.last;
  t->heart.before_min = t->heart.last_min;
  memset(t->heart.sum, 0, sizeof t->heart.sum);
  memset(t->heart.count, 0, sizeof t->heart.count);
  return s;
}

gm_status t1d__twin_drive(t1d_twin *t, gm_ctx *ctx, double t_min)
{
  gm_drive d;
  gm_status s = t1d_course_read(t->course, ctx, t_min, &d);
  for (int32_t i = 0; i < d.edge_count && !s; i++) s = t1d__twin_edge(t, ctx, d.edge[i]);
  for (double at = t1d__twin_part_next(t->now_min); at <= t_min && !s; at = t1d__twin_part_next(at))
    s = t1d__twin_edge(t, ctx, (gm_edge){at, t1d__twin_part(at), t->part_row, GM_EDGE_PARAMETER});
  return s ? s : exercise_drive(t, ctx, t_min);
}

/* ---- a step ---------------------------------------------------------------------------------- */
/* The alarm's voice: lost after an hour of it; then the belief begins anew, half a day back, so
 * that what is on board is known. */
static gm_status lose_or_find(t1d_twin *t, gm_ctx *ctx, gm_alarm_state alarm)
{
  enum { LOST_AFTER = 12, FOUND_AFTER = 24 }; /* an hour, two hours of readings */
  if (alarm == GM_ALARM_RAISED) {
    t->raised = t->raised < 0 ? 1 : t->raised + 1;
  } else {
    t->raised = t->raised > 0 ? -1 : t->raised - 1;
  }
  if (t->lost && t->raised <= -FOUND_AFTER) t->lost = false;
  if (t->raised < LOST_AFTER) return GM_OK;
  t->lost = true;
  t->raised = 0;
  double from = fmax(t->o.t0_min, t->now_min - TWIN_BACK_MIN);
  gm_status s = t1d__twin_begin(t, ctx, from);
  if (!s) s = gm_filter_step(t->filter, ctx, t->now_min, NULL, 0, NULL);
  return s;
}

static void tell(t1d_twin *t, t1d_twin_news *news)
{
  double mean, sd;
  gm_filter_unknown(t->filter, TWIN_W, &mean, &sd);
  news->disturbance_mg_kg_min = mean * w_sd;
  news->disturbance_sd = sd * w_sd;
}

/* How far the reading is from what the twin expects, in sd of both. */
static gm_status surprise(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl, double *out)
{
  double mean, sd;
  gm_status s = gm_filter_step(t->filter, ctx, t_min, NULL, 0, NULL);
  if (!s) s = gm_filter_output(t->filter, ctx, t->output_cgm, &mean, &sd);
  if (!s) *out = (cgm_mgdl - mean) / sqrt(sd * sd + sensor_sd_mgdl * sensor_sd_mgdl);
  return s;
}

/* A fast fall is no fault of the sensor where the twin expects it. A reading at an end of the
 * sensor's range says that glucose is there or beyond: nothing where the twin has it beyond. */
static void weigh_up(const gm_quality_finding *f, double cgm_mgdl, double surprised, bool *taken)
{
  const uint32_t shape = GM_QUALITY_BIT(GM_QUALITY_DIP) | GM_QUALITY_BIT(GM_QUALITY_SPIKE) |
                         GM_QUALITY_BIT(GM_QUALITY_RISE) | GM_QUALITY_BIT(GM_QUALITY_FALL);
  const double middle = 220; /* between 40 and 400: at which end a clamped reading is */
  if (*taken && (f->reasons & GM_QUALITY_BIT(GM_QUALITY_CLAMPED)))
    *taken = cgm_mgdl > middle ? surprised > 0 : surprised < 0;
  else if (!*taken && f->weight > 0 && !(f->reasons & ~shape))
    *taken = fabs(surprised) < expected_sd;
}

/* Of the change to the level that is believed from this reading on, was most of it between two
 * readings? Glucose that rises fast goes on doing so. */
static bool in_one_step(const t1d_twin *t)
{
  double most = 0, next = 0, per_min = 0;
  for (int32_t i = 0; i < TWIN_SEEN - 1; i++) {
    const double change = fabs(t->seen[i] - t->seen[i + 1]);
    if (change > most) {
      next = most;
      most = change;
      per_min = change / (t->seen_min[i] - t->seen_min[i + 1]);
    } else if (change > next) {
      next = change;
    }
  }
  return most > 2 * next && per_min > fastest_mgdl_per_min;
}

static void doubt(t1d_twin *t, double t_min, const gm_quality_finding *f, double surprised,
                  t1d_twin_news *news, bool *taken)
{
  const uint32_t step = GM_QUALITY_BIT(GM_QUALITY_STEP);
  if ((f->reasons & step) && fabs(surprised) >= agree_sd && in_one_step(t)) {
    t->doubt_until = t_min + doubt_min;
    t->agreed = 0;
  }
  if (!(t_min < t->doubt_until)) return;
  t->agreed = fabs(surprised) < agree_sd ? t->agreed + 1 : 0;
  if (t->agreed >= AGREE_READINGS) {
    t->doubt_until = -INFINITY;
    return;
  }
  *taken = false;
  news->faults |= step;
  news->weight = fmin(news->weight, doubt_weight);
}

/* Is the reading fit to be believed? */
static gm_status reading_judge(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl,
                               t1d_twin_news *news, bool *taken)
{
  gm_quality_finding f = {0};
  *taken = false;
  if (isnan(cgm_mgdl)) return GM_OK;
  memmove(t->seen + 1, t->seen, (TWIN_SEEN - 1) * sizeof *t->seen);
  memmove(t->seen_min + 1, t->seen_min, (TWIN_SEEN - 1) * sizeof *t->seen_min);
  t->seen[0] = cgm_mgdl;
  t->seen_min[0] = t_min;
  gm_quality_take(t->quality, (gm_quality_datum){t_min / 60, NAN, cgm_mgdl}, &f);
  if (f.verdict != GM_QUALITY_GOOD) news->faults = f.reasons;
  news->weight = f.weight;
  *taken = f.weight >= 0.5;
  if (*taken && !f.reasons && !(t_min < t->doubt_until)) return GM_OK;
  double surprised = 0;
  gm_status s = surprise(t, ctx, t_min, cgm_mgdl, &surprised);
  if (s) return s;
  weigh_up(&f, cgm_mgdl, surprised, taken);
  doubt(t, t_min, &f, surprised, news, taken);
  return GM_OK;
}

/* Sigma points whose mean is no glucose that anybody has (their middle weight is negative) are a
 * belief that is lost: begin anew. */
static gm_status possible(t1d_twin *t, gm_ctx *ctx, t1d_twin_news *news)
{
  gm_status s =
      gm_filter_output(t->filter, ctx, t->output_cgm, &news->glucose_mgdl, &news->glucose_sd_mgdl);
  if (s || (news->glucose_mgdl >= possible_low && news->glucose_mgdl <= possible_high)) return s;
  t->lost = true;
  t->raised = 0;
  s = t1d__twin_begin(t, ctx, t->now_min);
  return s ? s
           : gm_filter_output(t->filter, ctx, t->output_cgm, &news->glucose_mgdl,
                              &news->glucose_sd_mgdl);
}

/* The filter to t_min, with the reading. */
static gm_status filter_go(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl,
                           t1d_twin_news *news, gm_filter_news *fn, bool *taken)
{
  gm_status s = t1d__twin_drive(t, ctx, t_min);
  if (!s) s = reading_judge(t, ctx, t_min, cgm_mgdl, news, taken);
  gm_reading r = {.t = t_min, .value = cgm_mgdl};
  if (!s) s = gm_filter_step(t->filter, ctx, t_min, &r, *taken, fn);
  if (s != GM_ENUMERIC) return s;
  t->lost = true; /* nothing of the belief is left: begin anew */
  return t1d__twin_begin(t, ctx, t_min);
}

gm_status t1d_twin_step(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl,
                        t1d_twin_news *news)
{
  t1d_twin_news none;
  if (!news) news = &none;
  *news = (t1d_twin_news){.t_min = t_min, .mean_mgdl = NAN, .sd_mgdl = NAN};
  if (!(t_min >= t->now_min) || isinf(t_min))
    return gm_fail(ctx, GM_EDOMAIN, "twin: a step to %g min, expected at or after %g", t_min,
                   t->now_min);
  gm_filter_news fn = {0};
  bool taken = false;
  gm_status s = filter_go(t, ctx, t_min, cgm_mgdl, news, &fn, &taken);
  if (s) return s;
  t->now_min = t_min;
  t->steps++;
  if (fn.count) {
    news->mean_mgdl = fn.mean[0];
    news->sd_mgdl = fn.sd[0];
  }
  news->taken = taken;
  s = t1d__twin_remember(t, ctx, taken ? cgm_mgdl : NAN, fn.log_predictive);
  tell(t, news);
  if (!s && taken && !t->o.no_hidden_meals &&
      news->disturbance_mg_kg_min > suspect_sd * news->disturbance_sd)
    s = t1d__twin_look_back(t, ctx, &news->hidden_meal_g);
  if (!s && taken) s = lose_or_find(t, ctx, fn.alarm);
  if (!s) s = possible(t, ctx, news);
  news->lost = t->lost;
  return s;
}

gm_status t1d_twin_parameter(t1d_twin *t, gm_ctx *ctx, const char *name, double *mean, double *sd)
{
  int32_t at = -1;
  for (int32_t i = 0; i < t->d; i++)
    if (!strcmp(t->unknown[i].name, name)) at = i;
  if (at < 0) return gm_fail(ctx, GM_EINVAL, "twin: %s is not unknown to it", name);
  const gm_unknown *u = &t->unknown[at];
  gm_filter_unknown(t->filter, at, mean, sd);
  *mean = (u->law == GM_PRIOR_LOGNORMAL ? gm_ln(u->center) : u->center) + u->spread * *mean;
  *sd *= u->spread;
  return GM_OK;
}
