/* t1d_twin.h - the streaming twin of one person: states and parameters of s2008.ant, the error of
 * the sensor and what the model does not know, kept true by every reading.
 * Times in min; 0 is a midnight. What was given and eaten is told before the step that passes it.
 * Threads: one call at a time on one twin. */
#ifndef T1D_TWIN_H
#define T1D_TWIN_H
#include "t1d_outlook.h"
#include "t1d_subject.h"
#include "gemel/quality.h"

typedef struct {
  double t0_min;
  double bw_kg;
  double basal_u_per_h; /* at t0, and for long enough before it; 0: as much as the prior's middle
                             needs for its fasting glucose */
  /* These as in t1d_prior.h: what a clinic knows; NULL, 0: not told. What group points at is
   * copied. */
  const t1d_group *group;
  double daily_u, cr_g_per_u, cf_mgdl_per_u;
  bool is_virtual;
  double first_mgdl;      /* glucose around t0; 0: the prior's fasting glucose */
  bool population;        /* parameters stay at the population's middle, without uncertainty, and
                           sensitivity with them: states alone are learned */
  bool no_hidden_meals;   /* all meals are announced */
  double rest_heart_rate; /* per min; 0: exercise is not followed */
  uint64_t seed, subject;
} t1d_twin_options;

typedef struct {
  double t_min;
  double mean_mgdl, sd_mgdl;                    /* of the reading before it was seen */
  double glucose_mgdl, glucose_sd_mgdl;         /* under the skin, after it */
  double disturbance_mg_kg_min, disturbance_sd; /* glucose that no input explains, after it */
  double hidden_meal_g;                         /* eaten unannounced, found at this step; 0: none */
  uint32_t faults; /* GM_QUALITY_BIT of what is wrong with the reading */
  double weight;   /* of the reading, as its quality has it */
  bool taken;      /* the twin learned from the reading */
  bool lost;       /* the twin has lost its patient, or its glucose left what is possible */
} t1d_twin_news;

typedef struct t1d_twin t1d_twin;

/* *out is owned by the caller. Fails: GM_EDOMAIN (options), GM_ENOMEM. */
GM_NODISCARD gm_status t1d_twin_new(gm_ctx *ctx, const t1d_twin_options *options, t1d_twin **out);
void t1d_twin_free(t1d_twin *t); /* NULL ok */

/* As of t1d_course.h. A meal or a bolus may be told up to an hour after it was: the readings since
 * then are learned from again, over the last 13 steps (an hour where they are of 5 min, as they are
 * meant to be; what is older, or from before a loss, counts from the oldest of them on). A meal
 * told within an hour of one that the twin found by itself takes its place. A basal rate: not
 * before the last step. Fails: GM_EDOMAIN (told later; a number), GM_ENUMERIC, GM_ENOMEM. */
GM_NODISCARD gm_status t1d_twin_meal(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g);
GM_NODISCARD gm_status t1d_twin_bolus(t1d_twin *t, gm_ctx *ctx, double t_min, double dose_u);
GM_NODISCARD gm_status t1d_twin_basal(t1d_twin *t, gm_ctx *ctx, double t_min, double rate_u_per_h);

/* With options.rest_heart_rate: a heart rate that was read, per min, t_min not before the last
 * step; a session of exercise that was announced, in place of the one announced before, with the
 * heart rate expected (0: 48 above rest). What is read counts more than what was announced. Fails:
 * GM_EDOMAIN, GM_EINVAL (exercise is not followed). */
GM_NODISCARD gm_status t1d_twin_heart_rate(t1d_twin *t, gm_ctx *ctx, double t_min, double per_min);
GM_NODISCARD gm_status t1d_twin_exercise(t1d_twin *t, gm_ctx *ctx, double t_min,
                                         double duration_min, double heart_rate);

/* Goes to t_min and takes the sensor's reading there; NaN: there is none. news may be NULL.
 * Fails: GM_EDOMAIN (time; nothing is changed), GM_ENUMERIC (no member is left), GM_ENOMEM: what
 * was told for this step may be lost then, and the twin goes on without it. */
GM_NODISCARD gm_status t1d_twin_step(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl,
                                     t1d_twin_news *news);

/* The next `steps` times of step_min, by at most `members` members (0: 64). *out is borrowed until
 * the next outlook, explanation or ratios. Fails: GM_EDOMAIN, GM_ENUMERIC (more than one member in
 * ten is no number; fewer have weight 0), GM_ENOMEM. */
typedef struct {
  double step_min; /* 0: 5 */
  int32_t steps;   /* 0: 72 */
  int32_t members;
  double basal_u_per_h; /* that goes on; negative: the present one */
  bool per_unit;
  uint64_t chance; /* number of the draws: outlooks of one number have members that go alike; 0:
                      others at each step */
} t1d_outlook_options;
GM_NODISCARD gm_status t1d_twin_outlook(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o,
                                        t1d_outlook *out);

/* The outlook as a sum: glucose now, and what is brought about by the basal rate alone (towards the
 * glucose that it holds), by insulin on board beyond it, by carbohydrate in the gut and on the
 * plate, by glucose that comes from nowhere known, and by exercise. The last four are Shapley
 * values over the presence of each (L. S. Shapley 1953): all orders count alike, and the sum is the
 * outlook's mean exactly. Means and sd over members in mg/dL, [T1D_CAUSES][steps] and [steps].
 * Borrowed and fails as of the outlook; options.per_unit counts for nothing. */
typedef enum {
  T1D_CAUSE_BASAL,
  T1D_CAUSE_INSULIN,
  T1D_CAUSE_CARBS,
  T1D_CAUSE_TREND,
  T1D_CAUSE_EXERCISE,
  T1D_CAUSES
} t1d_cause;
extern const char *const t1d_cause_name[T1D_CAUSES];
typedef struct {
  double t_min, step_min;
  int32_t steps;
  double now_mgdl;
  const double *mean, *sd;
  const double *total_mean, *total_sd;
} t1d_explanation;
GM_NODISCARD gm_status t1d_twin_explain(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o,
                                        t1d_explanation *out);

/* What a unit of insulin and 0.7 g/kg of carbohydrate would do now to the person at rest, on the
 * basal rate, without anything on board: the correction factor is the most that a unit takes off
 * glucose within 6 h; at the carbohydrate ratio, glucose is back where it was 5 h after meal and
 * bolus. Mean and sd of the logarithm over members. Fails as the outlook. */
typedef struct {
  double cr_g_per_u, cr_log_sd, cf_mgdl_per_u, cf_log_sd;
} t1d_ratios;
/* basal_u_per_h: the rate at rest; negative: that of the options. GM_ENUMERIC where glucose falls
 * below 60 mg/dL on it alone in three quarters of the belief. */
GM_NODISCARD gm_status t1d_twin_ratios(t1d_twin *t, gm_ctx *ctx, double basal_u_per_h,
                                       t1d_ratios *out);

/* Everything that decides the future, as bytes with a checksum, added to *out; what follows after
 * loading is the same to the bit. load makes a twin; options are those it was made with.
 * Fails: GM_ENOMEM; load: GM_EPARSE (damaged, or of other options), *out as it was. */
GM_NODISCARD gm_status t1d_twin_save(const t1d_twin *t, gm_ctx *ctx, gm_text *out);
GM_NODISCARD gm_status t1d_twin_load(gm_ctx *ctx, const t1d_twin_options *options, const void *data,
                                     size_t bytes, t1d_twin **out);

/* Mean and sd of a parameter of the person (natural coordinates: of its logarithm or logit where
 * its prior is lognormal or logit) by its name in the twin's prior. Fails: GM_EINVAL. */
GM_NODISCARD gm_status t1d_twin_parameter(t1d_twin *t, gm_ctx *ctx, const char *name, double *mean,
                                          double *sd);
#endif
