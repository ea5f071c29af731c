/* t1d_control.h - what a controller of insulin sees every five minutes, and what it asks for.
 *
 * A controller asks; t1d_limit.h decides what of it is given; a simulated pump obeys. Nothing here
 * commands a device. Times in min on the clock of the person (0 is a midnight), glucose in mg/dL,
 * insulin in units (U), carbohydrate in g.
 *
 * A controller keeps its memory in `state_bytes` bytes of the caller's: plain data without
 * pointers, which may be copied, saved and gone on from. Threads: controllers are constant; one
 * call at a time on one state. Nothing fails: what cannot be used (no outlook, no reading) leads to
 * the profile's basal rate, and the reason says so. */
#ifndef T1D_CONTROL_H
#define T1D_CONTROL_H
#include "t1d_metrics.h"
#include "t1d_outlook.h"
#include "t1d_subject.h"

/* ---- what is seen ---------------------------------------------------------------------------- */
/* What was set for the person by a clinician, or found by a twin. */
typedef struct {
  t1d_group group;
  double bw_kg;
  double daily_dose_u;      /* all insulin of a usual day */
  double cr_g_per_u;        /* carbohydrate that one unit covers */
  double cf_mgdl_per_u;     /* fall of glucose by one unit */
  double target_mgdl;       /* 0: 115 */
  double basal_u_per_h[24]; /* the profile, by the hour of the day */
} t1d_therapy;

/* Insulin given in one stretch, as the pump reports it (which may not be what arrived). The entries
 * tell how much time has passed as well: what no entry covers is taken for a clock that was moved,
 * and ages no insulin. So what flowed while nobody decided is an entry too; entries do not overlap,
 * and a bolus stands in the entry of its moment. (A clock set back by just as long as nobody
 * decided cannot be told from neither.) */
typedef struct {
  double t_min, minutes; /* basal_u evenly over it; bolus_u at t_min */
  double basal_u, bolus_u;
} t1d_given;

/* A meal that was announced. told_min: when; t_min: when it is eaten. */
typedef struct {
  double told_min, t_min, carbs_g;
} t1d_told_meal;

/* All arrays in order of coming in (of time, unless a clock was moved), borrowed for the call. */
typedef struct {
  double now_min;
  double step_min;                /* until the next decision; 5 */
  t1d_readings cgm;               /* of the last six hours, by the sensor's own times */
  const uint32_t *reading_faults; /* [cgm.count] GM_QUALITY_BIT of what is known to be wrong with
                                     each reading, as long as it is in cgm; NULL: nothing is */
  const t1d_given *given;         /* of the last eight hours at least, counted by their minutes */
  int32_t given_count;
  const t1d_told_meal *meal; /* of the last eight hours at least; told since the last decision:
                                told_min > now_min - step_min */
  int32_t meal_count;
  const t1d_therapy *therapy;
  const t1d_outlook *outlook; /* NULL: there is none */
  bool twin_lost;             /* the twin has lost its patient: its outlook means nothing */
  uint32_t sensor_faults;     /* GM_QUALITY_BIT of what is known to be wrong with the sensor now,
                                 beside what reading_faults says; 0 */
} t1d_view;

/* ---- what is asked for ----------------------------------------------------------------------- */
enum { T1D_REASON_BYTES = 160 };
typedef struct {
  double basal_u_per_h;          /* for the next step_min */
  double bolus_u;                /* now */
  char reason[T1D_REASON_BYTES]; /* plain English, no values of the person's but doses */
} t1d_command;

typedef struct t1d_controller {
  const char *name, *title;
  bool needs_outlook;
  size_t state_bytes;
  /* options: the controller's own struct (below), copied; NULL: its defaults. */
  void (*start)(void *state, const t1d_therapy *therapy, const void *options);
  void (*step)(void *state, const t1d_view *view, t1d_command *out);
} t1d_controller;

extern const t1d_controller t1d_openloop, t1d_pid, t1d_rules, t1d_mpc;
/* By name ("open-loop", "pid", "rules", "mpc"), NULL: there is none; or from 0, NULL: no more. */
const t1d_controller *t1d_controller_find(const char *name);
const t1d_controller *t1d_controller_at(int32_t index);

/* ---- options of the controllers -------------------------------------------------------------- */
/* Taken as they are, 0 too; t1d_..._defaults() are those in brackets. */

/* Basal profile; at a meal carbohydrate / ratio, and above correct_mgdl [150] a correction to the
 * target less what boluses have on board. */
typedef struct {
  double correct_mgdl;
  bool never_correct; /* [false] meals alone */
} t1d_openloop_options;
t1d_openloop_options t1d_openloop_defaults(void);

/* Rate = basal + gains on glucose above target, less what insulin is predicted to be in blood
 * beyond basal: Steil et al., Diabetes 55:3344 (2006), with the feedback of insulin of Steil et
 * al., J. Clin. Endocrinol. Metab. 96:1402 (2011). */
typedef struct {
  double gain;           /* [0.45] U/h for each 100 mg/dL and each 100 U of the daily dose */
  double integral_min;   /* [450]; 0: no integral */
  double derivative_min; /* [90] */
  double feedback;       /* [0.8] share of what is in blood that is taken off */
  double meal_share;     /* [0.8] of carbohydrate / ratio at once when a meal is announced */
} t1d_pid_options;
t1d_pid_options t1d_pid_defaults(void);

/* In the manner of OpenAPS: facts of its determine-basal. */
typedef struct {
  double micro_share;    /* [0.15] of the insulin required, at once */
  double micro_min;      /* [30] at most so many minutes of basal at once */
  double meal_share;     /* [0.9] of carbohydrate / ratio at once when a meal is announced */
  double absorb_g_per_h; /* [25] least rate at which announced carbohydrate is counted away */
} t1d_rules_options;
t1d_rules_options t1d_rules_defaults(void);

/* Zone predictive control on an outlook; t1d_mpc.c says how. */
typedef struct {
  double zone_low_mgdl, zone_high_mgdl;   /* [80, 140] by day, 7 to 22 h */
  double night_low_mgdl, night_high_mgdl; /* [90, 130] */
  double low_weight;                      /* [20] cost of below against above the zone */
  double more_cost, less_cost; /* [1, 0.1] of insulin above and below basal, in squares of what a
                                  unit does to glucose */
  double meal_cost;            /* [0.02] in place of more_cost when a meal is announced */
  double risk;                 /* [0.05] weighted share of members below */
  double risk_mgdl, risk_min;  /* [70] at any time of the next [300] min; a trial's twin looks no
                                * further (t1d_twin_belief) */
  double reply_min;            /* [45] so long the plan counts for risk; then basal may be off */
  double horizon_min;          /* [240] of the cost */
  double act_mgdl, full_mgdl;  /* [110, 150] unannounced, nothing above basal below act_mgdl, all of
                                  it above full_mgdl: of readings, not of the belief */
  double meal_min; /* [360] without a meal announced for so long, insulin on board is at most what
                      brings glucose, and its rise in rise_min [60], down to land_mgdl [130] */
  double land_mgdl, rise_min;
  bool trusting; /* [false] the two bounds by readings do not hold: the belief alone decides */
} t1d_mpc_options;
t1d_mpc_options t1d_mpc_defaults(void);

/* ---- what controllers and limits have in common ---------------------------------------------- */
double t1d_basal_at(const t1d_therapy *t, double t_min); /* U/h of the profile */
double t1d_target(const t1d_therapy *t);
/* Carbohydrate announced since the last decision and to be eaten within 20 minutes, g. Without what
 * has had its bolus (half of carbohydrate / ratio at least, in the step behind the announcement):
 * a clock set back comes by the same announcement again. */
double t1d_carbs_told(const t1d_view *v);
/* Insulin that was given beyond the profile (below: negative) and has yet to act, U, by the
 * exponential curve of t1d_effect.h, six hours, peak by group. Age is the time that entries cover,
 * so that no move of the clock makes insulin older; what was held back behind such a move counts
 * for nothing. NaN where an entry is no number. */
double t1d_iob(const t1d_view *v);
/* The same, ahead_min from now when nothing beyond the profile is given until then. */
double t1d_iob_in(const t1d_view *v, double ahead_min);
/* The same, of insulin that is slower: an adult's curve, its ages times pace (0 to 1). */
double t1d_iob_slow(const t1d_view *v, double pace);
/* The same for boluses alone: at least 0. */
double t1d_bolus_iob(const t1d_view *v);
/* How fast insulin on board acts now, U/min (beyond the profile). */
double t1d_iob_activity(const t1d_view *v);
/* How long ago (min, by what was given) the clock last moved against the entries, forward (more
 * than one decision is missing) or back; INFINITY: not in what is seen. */
double t1d_clock_moved_min(const t1d_view *v);

/* Newest readings that can be used: 20 to 600 mg/dL, nothing known to be wrong with them, in order,
 * and as long as the newest is not of the future. */
typedef struct {
  double age_min;            /* of the newest; INFINITY: there is none */
  double glucose_mgdl;       /* the newest; NaN */
  double slope_mgdl_per_min; /* least squares over the last 20 min; 0 with fewer than 3 readings */
  double smooth_mgdl;        /* where that line is at the newest; glucose_mgdl without one */
} t1d_trace;
t1d_trace t1d_trace_of(const t1d_view *v);
/* May it be a reading at all: 20 to 600 mg/dL (a sensor says 39 to 401; mmol/L are none). */
bool t1d_reading_usable(double glucose_mgdl);

/* The profile's basal rate, no bolus, with a reason. */
void t1d_command_profile(const t1d_view *v, t1d_command *out, const char *reason);
#endif
