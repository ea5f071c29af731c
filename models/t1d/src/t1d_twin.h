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
  double basal_u_per_h;   /* at t0, and for long enough before it; 0: as much as the prior's middle
                             needs for its fasting glucose */
  const t1d_group *group; /* these as in t1d_prior.h: what a clinic knows; NULL, 0: not told */
  double daily_u, cr_g_per_u, cf_mgdl_per_u;
  bool is_virtual;
  double first_mgdl;    /* glucose around t0; 0: the prior's fasting glucose */
  bool population;      /* parameters stay where the population is: states alone are learned */
  bool no_hidden_meals; /* all meals are announced */
  uint64_t seed, subject;
} t1d_twin_options;

typedef struct {
  double t_min;
  double mean_mgdl, sd_mgdl;                    /* of the reading before it was seen */
  double glucose_mgdl, glucose_sd_mgdl;         /* under the skin, after it */
  double disturbance_mg_kg_min, disturbance_sd; /* glucose that no input explains, after it */
  double hidden_meal_g;                         /* eaten unannounced, found at this step; 0: none */
  uint32_t faults; /* GM_QUALITY_BIT of what is wrong with the reading */
  double weight;   /* of the reading; below 1/2 it was held out */
  bool lost;       /* the twin has lost its patient */
} t1d_twin_news;

typedef struct t1d_twin t1d_twin;

/* *out is owned by the caller. Fails: GM_EDOMAIN (options), GM_ENOMEM. */
GM_NODISCARD gm_status t1d_twin_new(gm_ctx *ctx, const t1d_twin_options *options, t1d_twin **out);
void t1d_twin_free(t1d_twin *t); /* NULL ok */

/* As of t1d_course.h, t_min not before the last step. Fails: GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status t1d_twin_meal(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g);
GM_NODISCARD gm_status t1d_twin_bolus(t1d_twin *t, gm_ctx *ctx, double t_min, double dose_u);
GM_NODISCARD gm_status t1d_twin_basal(t1d_twin *t, gm_ctx *ctx, double t_min, double rate_u_per_h);

/* Goes to t_min and takes the sensor's reading there; NaN: there is none. news may be NULL.
 * Fails: GM_EDOMAIN (time), GM_ENUMERIC (no member is left), GM_ENOMEM. */
GM_NODISCARD gm_status t1d_twin_step(t1d_twin *t, gm_ctx *ctx, double t_min, double cgm_mgdl,
                                     t1d_twin_news *news);

/* The next `steps` times of step_min, by at most `members` members (0: all). *out is borrowed until
 * the next call. Fails: GM_EDOMAIN, GM_ENOMEM. */
typedef struct {
  double step_min; /* 0: 5 */
  int32_t steps;   /* 0: 72 */
  int32_t members;
  double basal_u_per_h; /* that goes on; negative: the present one */
  bool per_unit;
} t1d_outlook_options;
GM_NODISCARD gm_status t1d_twin_outlook(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o,
                                        t1d_outlook *out);

/* Mean and sd of a parameter of the person (natural coordinates: of its logarithm or logit where
 * its prior is lognormal or logit) by its name in the twin's prior. Fails: GM_EINVAL. */
GM_NODISCARD gm_status t1d_twin_parameter(t1d_twin *t, gm_ctx *ctx, const char *name, double *mean,
                                          double *sd);
#endif
