/* t1d_trial.h - trials in virtual people: arms of controllers over days of meals, in closed loop.
 *
 * Each person of each arm is a member of one ensemble of s2008.ant. Every 5 min: the sensor reads,
 * the belief (if the arm has one) learns, the controller asks, the limits decide, the pump gives.
 * Persons eat the same, and their sensors err the same, in every arm (keyed draws), so that arms
 * are compared person by person. Results do not depend on the number of threads, to the byte.
 * The protocol of the standard scenarios: seven days, the first dropped, the same three meals each
 * day. A simulated pump obeys; nothing here commands a device.
 * Threads: one call at a time on one pool. */
#ifndef T1D_TRIAL_H
#define T1D_TRIAL_H
#include "t1d_fault.h"
#include "t1d_limit.h"
#include "t1d_meals.h"
#include "t1d_metrics.h"
#include "t1d_pump.h"
#include "t1d_sensor.h"
#include "gemel/ensemble.h"

/* ---- beliefs --------------------------------------------------------------------------------- */
/* What a belief may know when it begins, and the truth, which only the oracle looks at. */
typedef struct {
  double t0_min;
  const t1d_therapy *therapy;
  uint64_t seed, subject;
  const gm_model *model;    /* s2008.ant */
  const gm_ensemble *plant; /* the truth: `member` of it, at rest at t0 */
  int32_t member;
} t1d_belief_start;

typedef struct {
  bool lost;
  uint32_t sensor_faults;
} t1d_belief_news;

/* Fails: as the belief says; a belief that fails in a step (GM_ENUMERIC) counts as lost from then
 * on, other failures end the trial. close takes what open gave. */
typedef struct t1d_belief {
  const char *name;
  gm_status (*open)(gm_ctx *ctx, const t1d_belief_start *start, const void *options, void **out);
  void (*close)(void *belief);
  /* Told after the step to now, for times from now on. */
  gm_status (*meal)(void *belief, gm_ctx *ctx, double t_min, double carbs_g);
  gm_status (*bolus)(void *belief, gm_ctx *ctx, double t_min, double dose_u);
  gm_status (*basal)(void *belief, gm_ctx *ctx, double t_min, double rate_u_per_h);
  gm_status (*step)(void *belief, gm_ctx *ctx, double t_min, double cgm_mgdl,
                    t1d_belief_news *news);
  /* With basal_u_per_h going on; *out borrowed until the next call. */
  gm_status (*outlook)(void *belief, gm_ctx *ctx, double basal_u_per_h, t1d_outlook *out);
  /* Asked before each full hour's step: the person's ratios, with basal_u_per_h going on, in place
   * of the therapy's; may leave them as they are. Controller and limits dose by them from then on;
   * the bounds of the limits stay those of the therapy. NULL: they stay as they are. */
  gm_status (*ratios)(void *belief, gm_ctx *ctx, double basal_u_per_h, double *cr_g_per_u,
                      double *cf_mgdl_per_u);
} t1d_belief;

/* The truth itself with a spread around it: how good a controller could be. */
typedef struct {
  int32_t members;        /* [8] */
  double si_sd;           /* [0.15] of the logarithm of insulin sensitivity; negative: 0 */
  double si_error_sd;     /* [0] it errs by so much about each person, for good */
  double glucose_sd_mgdl; /* [8] negative: 0 */
} t1d_oracle_options;
extern const t1d_belief t1d_oracle;
/* t1d_twin.h; options: t1d_twin_belief_options. */
typedef struct {
  /* The same twin, controller, prior and told ratios, without the person: nothing that is the
   * person's own is learned, states alone are; t1d_twin_options.population says what the outlook
   * holds uncertain. */
  bool population;
  bool people;     /* a prior of people, wider than that of the virtual ones */
  bool ratios;     /* it is told the daily dose and the ratios of the therapy too */
  bool identified; /* doses go by the ratios that the twin has found (t1d_twin_ratios), not by those
                      of the therapy */
  int32_t members; /* [32] of the outlook */
} t1d_twin_belief_options;
extern const t1d_belief t1d_twin_belief;

/* ---- what is tried --------------------------------------------------------------------------- */
typedef struct {
  const char *name, *title; /* static text */
  t1d_announce announce;
  double carbs_factor; /* announced / eaten */
  double si_factor;    /* Vmx and kp3 of the person times this; the therapy does not know */
} t1d_scenario;
/* exact, carbs-70, carbs-130, unannounced, si-130, si-70. NULL: there is none. */
const t1d_scenario *t1d_scenario_at(int32_t index);
const t1d_scenario *t1d_scenario_find(const char *name);

typedef struct {
  const char *name;
  const t1d_controller *controller;
  const void *controller_options; /* NULL: its defaults */
  const t1d_belief *belief;       /* NULL: none */
  const void *belief_options;
  bool open_sensor; /* no sensor is worn: the arm gets no readings (open loop) */
} t1d_arm;

typedef struct t1d_moment t1d_moment;

typedef struct {
  const t1d_subject *const *subject;
  int32_t subject_count;
  int32_t replicates; /* [1] persons made of each subject: the same body, other draws */
  const t1d_arm *arm;
  int32_t arm_count;
  const t1d_scenario *scenario; /* NULL: exact */
  const t1d_meal_plan *meals;   /* NULL: standard; seed, subject, announcing are set here */
  int32_t days, dropped_days;   /* [7, 1] */
  t1d_sensor_kind sensor;       /* exact; the standard protocol has T1D_SENSOR_BRETON */
  const t1d_sensor_options *sensor_options; /* NULL: the kind's; seed and subject are set here */
  const t1d_pump_options *pump;             /* NULL: ideal */
  uint64_t seed;
  gm_pool *pool;                  /* NULL: the caller's thread */
  const gm_watch *watch;          /* NULL: none */
  const t1d_fault_script *script; /* faults that everybody has; NULL: none. Copied */
  const t1d_fault_law *fault_law; /* faults drawn for each person; seed, subject are set here */
  /* Called for each person and arm before anything else is done at a moment; it may change what the
   * loop will see. May run on any worker; it must depend on the moment alone. NULL: none. */
  void (*fault)(void *user, t1d_moment *m);
  void *fault_user;
  /* Told of every moment after it, in order of time, person and arm, by the caller's thread; it
   * looks on and stops nothing (watch does). */
  void (*listen)(void *user, const t1d_moment *m);
  void *listen_user;
} t1d_trial_options;

/* Five minutes of one person in one arm. */
struct t1d_moment {
  int32_t person, arm; /* person = subject * replicates + replicate */
  double t_min;
  double glucose_mgdl, interstitial_mgdl; /* the truth */
  /* before: what the loop will see; a fault may change it */
  double reading_mgdl, reading_min; /* NaN: there is none */
  double told_g[2];                 /* carbohydrate announced now (a second time: [1]); 0 */
  double eaten_g;                   /* of meals that begin in this stretch */
  bool occluded;
  uint32_t faults; /* T1D_FAULT_BIT of those that hold */
  /* after */
  t1d_command asked, given; /* by the controller; after limits */
  t1d_delivery delivery;
  double iob_u;    /* before the command, as limits count it */
  uint32_t limits; /* T1D_LIMIT_BIT that applied */
  bool lost;
};

/* ---- what came of it ------------------------------------------------------------------------- */
typedef struct {
  int32_t person, arm, subject;
  t1d_group group;
  t1d_metrics metrics; /* of glucose in plasma, each 5 min, without the dropped days */
  double lowest_mgdl, highest_mgdl;
  double insulin_u_per_day;
  int64_t limited[T1D_LIMIT_COUNT]; /* moments at which a limit applied */
  int64_t lost_count;
} t1d_trial_person;

/* Replicates of a subject are one body: their mean is taken first, and people are subjects. The
 * error of a difference is that of the paired days: what both arms share (sensor, meals, faults)
 * does not count. NaN: no error can be told (one day is kept; fewer than two people). */
typedef struct {
  double mean;
  double se_run;    /* Monte Carlo error for these very people: from their days (jackknife) */
  double se_people; /* of the mean of a population from which they came */
  double low, high; /* 95 % interval of the mean by Student's t over people */
} t1d_trial_figure;

enum { T1D_TRIAL_BLOCKS = 30 }; /* at most; each of as many whole days as that takes */
typedef struct {
  t1d_trial_person *person; /* [person][arm]; persons of one subject stand together */
  int32_t person_count, arm_count;
  double days;   /* simulated; metrics are of what lies behind the dropped ones */
  bool complete; /* false: it was stopped */
  /* For errors (jackknife): what is kept, in blocks of days, and every metric without one block */
  int32_t block_count;             /* 1: nothing can be left out */
  double weight[T1D_TRIAL_BLOCKS]; /* moments in a block */
  double *left_out; /* [person][arm][block][T1D_METRIC_COUNT], by reading; NULL with one block */
} t1d_trial;

/* Fails: GM_EINVAL, GM_EDOMAIN (options), GM_ENOMEM, GM_ECANCELLED (stopped before the dropped days
 * were over), what a belief says. *out is owned by the caller. */
GM_NODISCARD gm_status t1d_trial_run(gm_ctx *ctx, const t1d_trial_options *o, t1d_trial **out);
void t1d_trial_free(t1d_trial *t); /* NULL ok */

/* Therapy that comes with a subject: its ratios, its basal rate all day, target 115. */
void t1d_therapy_of(const t1d_subject *s, t1d_therapy *out);

/* Mean over the people of a group (group < 0: all) of a metric by reading; and of its difference
 * arm less base, person by person. NaN without people. */
t1d_trial_figure t1d_trial_mean(const t1d_trial *t, int32_t arm, int32_t group, t1d_metric m);
t1d_trial_figure t1d_trial_difference(const t1d_trial *t, int32_t arm, int32_t base, int32_t group,
                                      t1d_metric m);
/* Text of the table: a row for each arm and group with TIR, < 70, < 54, > 180, mean, LBGI and their
 * se_run ("-": none can be told); and, of each arm less the first, the paired differences of TIR
 * and < 70 with their intervals over people. */
void t1d_trial_table(const t1d_trial *t, const t1d_arm *arm, gm_text *out);
#endif
