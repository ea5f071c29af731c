/* t1d_prior.h - what is believed of a person with type 1 diabetes before the first reading.
 * A population of our own: a Gaussian law of the parameters of s2008.ant in natural coordinates
 * (logarithms; logits where a parameter is bounded), estimated from the thirty virtual subjects
 * and, for people, widened to published ranges. What a clinic knows (weight, age group, basal
 * rate, daily dose, ratios) conditions it. ../prior.md tells how it was made and how good it is.
 *
 * The law of a new person is the predictive one: it holds the uncertainty of the estimated means.
 * Glucose tells little of 24 parameters: T1D_PRIOR_COUNT of them stay unknown, in a law that
 * carries the effect on glucose of those that do not; the others stand at their conditional means.
 * Threads: no shared state. */
#ifndef T1D_PRIOR_H
#define T1D_PRIOR_H
#include "t1d_subject.h"
#include "gemel/rand.h"
#include "gemel/system.h"

enum { T1D_PRIOR_COUNT = 14, T1D_DAY_PARTS = 4 };

typedef struct {
  double bw_kg;
  const t1d_group *group; /* NULL: not told */
  /* 0: not told. basal is the rate that holds fasting glucose: of a person it is taken to be so
   * within 15 %, and the others within 20 % of what the person needs; of a virtual person basal
   * within 2 % and the others exactly. */
  double basal_u_per_h, daily_u, cr_g_per_u, cf_mgdl_per_u;
  bool is_virtual; /* of the population of the thirty, not widened to that of people */
} t1d_prior_patient;

typedef struct {
  /* Of the unknown ones, in the order of their names: as gm_unknown has them. drift: suggested sd
   * of the random walk of z per square root of minute; 0 for what does not change in a person. */
  const char *name[T1D_PRIOR_COUNT]; /* static text */
  gm_prior_law law[T1D_PRIOR_COUNT];
  double center[T1D_PRIOR_COUNT], spread[T1D_PRIOR_COUNT];
  double lower[T1D_PRIOR_COUNT], upper[T1D_PRIOR_COUNT];
  double drift[T1D_PRIOR_COUNT];
  double factor[T1D_PRIOR_COUNT * T1D_PRIOR_COUNT]; /* prior_factor; rows of length 1 */
  /* In the order of t1d_parameter_name: medians of the unknown ones, values of the others. */
  double theta[T1D_PARAMETER_COUNT];
  double basal_u_per_h; /* need at theta: the median of the law's */
  double explained;     /* share of the variance of glucose that the unknown ones carry, to first
                           order about the population (prior.md) */
  double shrinkage;     /* of the correlations towards 0, in [0, 1] */
} t1d_prior;

/* Fails: GM_EDOMAIN (weight; something told that is negative or not finite); *out as it was. */
GM_NODISCARD gm_status t1d_prior_get(gm_ctx *ctx, const t1d_prior_patient *p, t1d_prior *out);

/* As a gm_system takes it: unknown[T1D_PRIOR_COUNT] with the model's rows, and the values of all
 * its parameters, theta[parameter_count] (gm_system.theta). prior_factor is p->factor.
 * Fails: GM_EINVAL (a model without one of the parameters), outputs as they were. */
GM_NODISCARD gm_status t1d_prior_unknowns(gm_ctx *ctx, const t1d_prior *p, const gm_model *model,
                                          gm_unknown *unknown, double *theta);

/* A person drawn from the whole law (all 24 parameters vary, told things are met):
 * theta[T1D_PARAMETER_COUNT] in the order of t1d_parameter_name. A pure function of (key, index).
 * Fails: as t1d_prior_get. */
GM_NODISCARD gm_status t1d_prior_person(gm_ctx *ctx, const t1d_prior_patient *p, gm_key key,
                                        uint64_t index, double *theta);

/* Insulin that holds the fasting glucose of theta (in that order), U/h: the rule `basal` of
 * s2008.ant. */
double t1d_prior_basal(const double *theta);

/* Change within a person, as sd of the logarithm of insulin sensitivity. From the insulin that 32
 * adults needed in closed loop, 12 weeks (Ruan et al., Diabetes Care 39:830, 2016): coefficient of
 * variation 31 % a night, 22 % a day without its night, 17 % a whole day; least squares for a
 * deviation of the day and one of each part of it (prior.md). Upper bounds: need changes by
 * exercise and meals too. No pattern over the day is common to people (Hinshaw et al., Diabetes
 * 62:2223, 2013), so that the parts have no mean. */
extern const double t1d_prior_day_sd, t1d_prior_part_sd;
/* Where parts of the day begin, h: as ReplayBG's insulin sensitivities have it. */
extern const double t1d_prior_part_h[T1D_DAY_PARTS];
#endif
