/* t1d_trial.c - a trial from its options to its record. */
#include "t1d_trial_internal.h"
#include <math.h>
#include <string.h>

enum { OUTPUTS = 2, BW = 6 };

static const t1d_scenario scenario[] = {
    {"exact", "carbohydrate announced as it is", T1D_ANNOUNCE_EXACT, 1, 1},
    {"carbs-70", "carbohydrate announced 30 % too low", T1D_ANNOUNCE_FACTOR, 0.7, 1},
    {"carbs-130", "carbohydrate announced 30 % too high", T1D_ANNOUNCE_FACTOR, 1.3, 1},
    {"unannounced", "meals not announced", T1D_ANNOUNCE_NONE, 1, 1},
    {"si-130", "insulin sensitivity 30 % above what the therapy was made for", T1D_ANNOUNCE_EXACT,
     1, 1.3},
    {"si-70", "insulin sensitivity 30 % below what the therapy was made for", T1D_ANNOUNCE_EXACT, 1,
     0.7},
};

const t1d_scenario *t1d_scenario_at(int32_t index)
{
  return index >= 0 && index < (int32_t)(sizeof scenario / sizeof *scenario) ? &scenario[index]
                                                                             : NULL;
}

const t1d_scenario *t1d_scenario_find(const char *name)
{
  for (int32_t i = 0; t1d_scenario_at(i); i++)
    if (!strcmp(scenario[i].name, name)) return &scenario[i];
  return NULL;
}

void t1d_therapy_of(const t1d_subject *s, t1d_therapy *out)
{
  *out = (t1d_therapy){.group = t1d_subject_group(s),
                       .bw_kg = s->theta[BW],
                       .daily_dose_u = s->tdi_u_per_day,
                       .cr_g_per_u = s->cr_g_per_u,
                       .cf_mgdl_per_u = s->cf_mgdl_per_u,
                       .target_mgdl = 115};
  for (int32_t i = 0; i < 24; i++) out->basal_u_per_h[i] = s->basal_u_per_h;
}

/* ---- a trial under way ----------------------------------------------------------------------- */
typedef struct {
  t1d_trial_options o; /* defaults filled in */
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *plant;
  t1d__person *person; /* [members] */
  gm_drive *drive;
  int32_t *drive_of;
  double *y;       /* [members][OUTPUTS] */
  double *glucose; /* [members][moments] */
  double *times;   /* [moments] */
  int32_t members, moments;
} trial;

static void close_trial(trial *t)
{
  for (int32_t i = 0; i < t->members && t->person; i++) {
    t1d__person *p = &t->person[i];
    t1d_course_free(p->course);
    if (p->belief) p->arm->belief->close(p->belief);
    gm_free(p->memory);
  }
  gm_ensemble_free(t->plant);
  gm_model_free(t->model);
  gm_free(t->person);
  gm_free(t->drive);
  gm_free(t->drive_of);
  gm_free(t->y);
  gm_free(t->glucose);
  gm_free(t->times);
}

static void fill_in(t1d_trial_options *o)
{
  if (o->replicates == 0) o->replicates = 1;
  if (o->days == 0) {
    o->days = 7;
    o->dropped_days = 1;
  }
  if (!o->scenario) o->scenario = &scenario[0];
}

static gm_status check_arms(const trial *t)
{
  const t1d_trial_options *o = &t->o;
  if (!o->subject || o->subject_count < 1 || !o->arm || o->arm_count < 1)
    return gm_fail(t->ctx, GM_EINVAL, "trial: without persons or arms");
  for (int32_t i = 0; i < o->arm_count; i++)
    if (!o->arm[i].controller)
      return gm_fail(t->ctx, GM_EINVAL, "trial: arm %d has no controller", (int)i);
  return GM_OK;
}

static gm_status check_numbers(const trial *t)
{
  const t1d_trial_options *o = &t->o;
  const double members = (double)o->subject_count * o->replicates * o->arm_count;
  if (o->replicates < 1 || !(members <= 1000000))
    return gm_fail(t->ctx, GM_EDOMAIN, "trial of %g members, expected 1 to 1000000", members);
  if (o->days < 1 || o->days > 3660 || o->dropped_days < 0 || o->dropped_days >= o->days)
    return gm_fail(t->ctx, GM_EDOMAIN,
                   "trial of %d days, %d dropped; expected 1 to 3660, fewer dropped", (int)o->days,
                   (int)o->dropped_days);
  if (!(o->scenario->si_factor > 0) || !isfinite(o->scenario->si_factor))
    return gm_fail(t->ctx, GM_EDOMAIN, "trial: insulin sensitivity times %g",
                   o->scenario->si_factor);
  return GM_OK;
}

static gm_status check(trial *t)
{
  t1d_trial_options *o = &t->o;
  gm_status s = check_arms(t);
  fill_in(o);
  if (!s) s = check_numbers(t);
  if (s) return s;
  t->members = o->subject_count * o->replicates * o->arm_count;
  t->moments = o->days * 1440 / T1D__STEP_MIN;
  return GM_OK;
}

static const t1d_subject *subject_of(const trial *t, int32_t member)
{
  return t->o.subject[member / t->o.arm_count / t->o.replicates];
}

/* ---- bodies ---------------------------------------------------------------------------------- */
/* What a body's equilibrium at its basal insulin hangs on. */
enum { GB, EGPB, VG, K1, K2, KP2, KP3, FCNS, VMX, KM0, IB, BODY };
static const char *const body_name[BODY] = {"Gb",  "EGPb", "Vg",  "k1",  "k2", "kp2",
                                            "kp3", "Fcns", "Vmx", "Km0", "Ib"};

static double tissue(const double *v, double gb, double egpb)
{
  return (v[FCNS] - egpb + v[K1] * gb * v[VG]) / v[K2]; /* Gtb of s2008.ant */
}

/* Vmx and kp3 times factor, with kp1 and Vm0 as they were: insulin then does more (less) at the
 * basal rate too, so that fasting glucose moves. s2008.ant has kp1 and Vm0 from the equilibrium
 * {Gb, EGPb}: the new equilibrium is sought which gives them their old values. What it asks for
 * falls with glucose: bisection. */
static void make_sensitive(double *v, double factor)
{
  const double gtb = tissue(v, v[GB], v[EGPB]);
  const double vm0 = (v[EGPB] - v[FCNS]) * (v[KM0] + gtb) / gtb;
  const double kp1 = v[EGPB] + v[KP2] * v[GB] * v[VG] + v[KP3] * v[IB];
  double low = 1, high = 2000;
  v[VMX] *= factor;
  v[KP3] *= factor;
  for (int32_t i = 0; i < 60; i++) {
    v[GB] = (low + high) / 2;
    v[EGPB] = kp1 - v[KP2] * v[GB] * v[VG] - v[KP3] * v[IB];
    const double gt = tissue(v, v[GB], v[EGPB]);
    if (gt <= 0 || v[EGPB] - v[FCNS] > vm0 * gt / (v[KM0] + gt))
      low = v[GB];
    else
      high = v[GB];
  }
}

static gm_status open_body(trial *t, int32_t member)
{
  const t1d_subject *s = subject_of(t, member);
  double *theta = gm_ensemble_theta(t->plant) + member;
  gm_status st = t1d_subject_theta(t->ctx, s, t->model, theta, t->members);
  double v[BODY], *at[BODY];
  for (int32_t i = 0; i < BODY && !st; i++) {
    const int32_t row = gm_model_find(t->model, GM_TABLE_PARAMETER, body_name[i]);
    at[i] = theta + (ptrdiff_t)row * t->members;
    v[i] = *at[i];
  }
  if (st) return st;
  if (t->o.scenario->si_factor != 1) make_sensitive(v, t->o.scenario->si_factor);
  for (int32_t i = 0; i < BODY; i++) *at[i] = v[i];
  return t1d_course_new(t->ctx, t->model, s->theta[BW], 0, &t->person[member].course);
}

static gm_status open_devices(trial *t, t1d__person *p, uint64_t who)
{
  const t1d_trial_options *o = &t->o;
  t1d_sensor_options so = o->sensor_options ? *o->sensor_options : t1d_sensor_defaults(o->sensor);
  so.seed = o->seed;
  so.subject = who;
  gm_status s = t1d_sensor_new(t->ctx, o->sensor, &so, &p->sensor);
  if (!s) s = t1d_pump_new(t->ctx, o->pump, 0, &p->pump);
  if (s) return s;
  p->script = o->script ? *o->script : t1d_fault_none();
  p->meals = o->meals ? *o->meals : t1d_meals_defaults(T1D_MEALS_STANDARD);
  p->meals.seed = o->seed;
  p->meals.subject = who;
  p->meals.announce = o->scenario->announce;
  p->meals.factor = o->scenario->carbs_factor;
  return t1d_meals_check(t->ctx, &p->meals);
}

static gm_status open_person(trial *t, int32_t member)
{
  const t1d_trial_options *o = &t->o;
  t1d__person *p = &t->person[member];
  const int32_t who = member / o->arm_count;
  p->o = o;
  p->arm = &o->arm[member % o->arm_count];
  p->glucose = t->glucose + (ptrdiff_t)member * t->moments;
  p->kept_from_min = 1440.0 * o->dropped_days;
  p->now.person = who;
  p->now.arm = member % o->arm_count;
  t1d_therapy_of(subject_of(t, member), &p->therapy);
  t1d_limits_of(&p->therapy, &p->limits);
  p->memory = gm_alloc(t->ctx, 1, p->arm->controller->state_bytes);
  if (!p->memory) return gm_fail(t->ctx, GM_ENOMEM, "trial: a controller's memory");
  p->arm->controller->start(p->memory, &p->therapy, p->arm->controller_options);
  gm_status s = open_body(t, member);
  return s ? s : open_devices(t, p, (uint64_t)who);
}

static gm_status open_belief(trial *t, int32_t member)
{
  t1d__person *p = &t->person[member];
  if (!p->arm->belief) return GM_OK;
  const t1d_belief_start start = {.t0_min = 0,
                                  .therapy = &p->therapy,
                                  .seed = t->o.seed,
                                  .subject = (uint64_t)p->now.person,
                                  .model = t->model,
                                  .plant = t->plant,
                                  .member = member};
  return p->arm->belief->open(t->ctx, &start, p->arm->belief_options, &p->belief);
}

static bool make_room(trial *t)
{
  t->person = gm_alloc(t->ctx, t->members, sizeof *t->person);
  t->drive = gm_alloc(t->ctx, t->members, sizeof *t->drive);
  t->drive_of = gm_alloc(t->ctx, t->members, sizeof *t->drive_of);
  t->y = gm_alloc(t->ctx, t->members, OUTPUTS * sizeof *t->y);
  t->glucose = gm_alloc(t->ctx, t->members, (size_t)t->moments * sizeof *t->glucose);
  t->times = gm_alloc(t->ctx, t->moments, sizeof *t->times);
  return t->person && t->drive && t->drive_of && t->y && t->glucose && t->times;
}

static gm_status open_trial(trial *t)
{
  gm_status s = t1d_s2008_new(t->ctx, NULL, &t->model);
  if (!s) s = gm_ensemble_new(t->ctx, t->model, t->o.pool, t->members, &t->plant);
  if (!s && !make_room(t)) s = gm_fail(t->ctx, GM_ENOMEM, "trial of %d members", (int)t->members);
  for (int32_t k = 0; k < t->moments && !s; k++) t->times[k] = (double)T1D__STEP_MIN * k;
  for (int32_t i = 0; i < t->members && !s; i++) {
    t->drive_of[i] = i;
    s = open_person(t, i);
  }
  if (!s) s = gm_ensemble_init(t->plant, t->ctx, 0);
  for (int32_t i = 0; i < t->members && !s; i++) s = open_belief(t, i);
  if (!s) s = gm_ensemble_observe(t->plant, t->ctx, t->y);
  return s;
}

/* ---- moments --------------------------------------------------------------------------------- */
/* At full hours. Numbers that fail leave the ratios as they are. */
static gm_status take_ratios(t1d__person *p, gm_ctx *ctx)
{
  const t1d_belief *b = p->arm->belief;
  if (!p->belief || p->dead || !b->ratios || fmod(p->now.t_min, 60) != 0) return GM_OK;
  t1d_therapy *t = &p->therapy;
  const double basal = t1d_basal_at(t, p->now.t_min);
  const gm_status s = b->ratios(p->belief, ctx, basal, &t->cr_g_per_u, &t->cf_mgdl_per_u);
  return s == GM_ENUMERIC ? GM_OK : s;
}

static gm_status live(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  trial *t = user;
  (void)worker;
  const gm_status s = take_ratios(&t->person[task], ctx);
  return s ? s : t1d__person_live(&t->person[task], ctx, &t->drive[task]);
}

static gm_status moment(trial *t, int32_t k)
{
  static const double least_mgdl = 1.5; /* metrics take glucose above 1 */
  for (int32_t i = 0; i < t->members; i++) {
    t1d__person *p = &t->person[i];
    p->now.t_min = t->times[k];
    p->now.glucose_mgdl = t->y[OUTPUTS * i];
    p->now.interstitial_mgdl = t->y[OUTPUTS * i + 1];
    p->glucose[k] = fmin(fmax(p->now.glucose_mgdl, least_mgdl), 2000);
  }
  const double next = t->times[k] + T1D__STEP_MIN;
  gm_status s = gm_pool_run(t->o.pool, t->ctx, t->members, live, t);
  if (!s) s = gm_ensemble_advance(t->plant, t->ctx, next, t->drive, t->drive_of, &next, 1, t->y);
  for (int32_t i = 0; i < t->members && !s && t->o.listen; i++)
    t->o.listen(t->o.listen_user, &t->person[i].now);
  return s;
}

/* How many moments were lived. */
static gm_status run(trial *t, int32_t *lived)
{
  const int32_t hour = 60 / T1D__STEP_MIN;
  *lived = 0;
  for (int32_t k = 0; k < t->moments; k++) {
    if (k % hour == 0) {
      if (gm_watch_stop(t->o.watch)) return GM_OK;
      gm_watch_progress(t->o.watch, "trial", (double)k / t->moments);
    }
    gm_status s = moment(t, k);
    if (s) return s;
    *lived = k + 1;
  }
  gm_watch_progress(t->o.watch, "trial", 1);
  return GM_OK;
}

/* ---- record ---------------------------------------------------------------------------------- */
static int32_t kept_from(const trial *t) { return t->o.dropped_days * 1440 / T1D__STEP_MIN; }

/* Metrics of readings which are mg/dL whatever they are: without one above 33.3 they would be taken
 * for mmol/L, so that of a person who is below it all the time the first is raised to it. */
static gm_status metrics_of(const trial *t, const double *time, double *glucose, int32_t count,
                            double bridge_min, t1d_metrics *out)
{
  static const double least_high_mgdl = 33.5;
  const t1d_metrics_options o = {.period_min = T1D__STEP_MIN, .bridge_min = bridge_min};
  const t1d_readings r = {time, glucose, count};
  double high = 0;
  for (int32_t k = 0; k < count; k++) high = fmax(high, glucose[k]);
  if (high < least_high_mgdl) glucose[0] = least_high_mgdl;
  return t1d_metrics_of(t->ctx, &r, &o, out);
}

/* Every metric without block number b of size moments; scratch: room for all kept moments, twice.
 */
static gm_status leave_out(const trial *t, int32_t member, int32_t b, int32_t size, int32_t kept,
                           double *scratch, double *out)
{
  const int32_t from = kept_from(t), first = b * size;
  const int32_t last = kept < first + size ? kept : first + size;
  double *time = scratch, *glucose = scratch + kept;
  int32_t n = 0;
  for (int32_t k = 0; k < kept; k++) {
    if (k >= first && k < last) continue;
    time[n] = t->times[from + k];
    glucose[n++] = t->person[member].glucose[from + k];
  }
  /* by reading alone: that no distance is bridged saves the metrics by time, most of the work */
  static const double bridge_min = 1;
  t1d_metrics m;
  const gm_status s = metrics_of(t, time, glucose, n, bridge_min, &m);
  for (int32_t i = 0; i < T1D_METRIC_COUNT && !s; i++) out[i] = m.by_reading[i].value;
  return s;
}

static gm_status record_blocks(const trial *t, int32_t kept, t1d_trial *r)
{
  const int32_t day = 1440 / T1D__STEP_MIN, days = (kept + day - 1) / day;
  const int32_t size = day * ((days + T1D_TRIAL_BLOCKS - 1) / T1D_TRIAL_BLOCKS);
  r->block_count = (kept + size - 1) / size;
  for (int32_t b = 0; b < r->block_count; b++)
    r->weight[b] = (b + 1) * size <= kept ? size : kept - b * size;
  if (r->block_count < 2) return GM_OK;
  const ptrdiff_t row = (ptrdiff_t)r->block_count * T1D_METRIC_COUNT;
  double *scratch = gm_alloc(t->ctx, 2 * (ptrdiff_t)kept, sizeof *scratch);
  r->left_out = gm_alloc(t->ctx, t->members * row, sizeof *r->left_out);
  gm_status s =
      scratch && r->left_out ? GM_OK : gm_fail(t->ctx, GM_ENOMEM, "trial's record of days");
  for (int32_t i = 0; i < t->members && !s; i++)
    for (int32_t b = 0; b < r->block_count && !s; b++)
      s = leave_out(t, i, b, size, kept, scratch, r->left_out + i * row + b * T1D_METRIC_COUNT);
  gm_free(scratch);
  return s;
}

static gm_status record_person(const trial *t, int32_t member, int32_t kept, t1d_trial_person *out)
{
  const t1d__person *p = &t->person[member];
  const int32_t from = kept_from(t);
  *out = (t1d_trial_person){.person = p->now.person,
                            .arm = p->now.arm,
                            .subject = p->now.person / t->o.replicates,
                            .lowest_mgdl = INFINITY,
                            .highest_mgdl = -INFINITY,
                            .lost_count = p->lost_count};
  out->group = t1d_subject_group(subject_of(t, member));
  for (int32_t k = 0; k < kept; k++) {
    out->lowest_mgdl = fmin(out->lowest_mgdl, p->glucose[from + k]);
    out->highest_mgdl = fmax(out->highest_mgdl, p->glucose[from + k]);
  }
  out->insulin_u_per_day = p->insulin_u / (kept * T1D__STEP_MIN / 1440.0);
  memcpy(out->limited, p->limited, sizeof out->limited);
  return metrics_of(t, t->times + from, p->glucose + from, kept, 0, &out->metrics);
}

static gm_status record(const trial *t, int32_t lived, t1d_trial **out)
{
  const int32_t kept = lived - kept_from(t);
  if (kept <= 0)
    return gm_fail(t->ctx, GM_ECANCELLED, "trial stopped before the dropped days were over");
  t1d_trial *r = gm_alloc(t->ctx, 1, sizeof *r);
  if (!r) return gm_fail(t->ctx, GM_ENOMEM, "trial's record");
  *r = (t1d_trial){.person_count = t->members / t->o.arm_count,
                   .arm_count = t->o.arm_count,
                   .days = lived * T1D__STEP_MIN / 1440.0,
                   .complete = lived == t->moments};
  r->person = gm_alloc(t->ctx, t->members, sizeof *r->person);
  gm_status s = r->person ? GM_OK : gm_fail(t->ctx, GM_ENOMEM, "trial's record");
  for (int32_t i = 0; i < t->members && !s; i++) s = record_person(t, i, kept, &r->person[i]);
  if (!s) s = record_blocks(t, kept, r);
  if (s)
    t1d_trial_free(r);
  else
    *out = r;
  return s;
}

gm_status t1d_trial_run(gm_ctx *ctx, const t1d_trial_options *o, t1d_trial **out)
{
  trial t = {.o = *o, .ctx = ctx};
  int32_t lived = 0;
  gm_status s = check(&t);
  if (!s) s = open_trial(&t);
  if (!s) s = run(&t, &lived);
  if (!s) s = record(&t, lived, out);
  close_trial(&t);
  return s;
}

void t1d_trial_free(t1d_trial *t)
{
  if (!t) return;
  gm_free(t->person);
  gm_free(t->left_out);
  gm_free(t);
}
