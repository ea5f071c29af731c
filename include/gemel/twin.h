/* twin.h - one subject under one definition: individual parameters, belief, forecast.
 * room: twin
 *
 * Coordinates z of a member: the definition's random effects between subjects (eta_count), then for
 * each occasion of the subject its effects by occasion. Prior: normal, mean 0.
 * Threads: definitions and subjects may be shared; a twin runs its own members, so one call at a
 * time on one twin, const or not (a second one is refused: GM_EINVAL). */
#ifndef GEMEL_TWIN_H
#define GEMEL_TWIN_H
#include "gemel/alarm.h"
#include "gemel/definition.h"
#include "gemel/infer.h"
#include "gemel/records.h"
#include "gemel/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- subject ------------------------------------------------------------------------------- */
typedef struct gm_subject gm_subject;

/* Takes one subject of a table under a definition: records become events, data and covariates.
 * Definition and records are borrowed until the subject is freed.
 * Fails with "file:line: ...": a record names an unknown input, observable or level, a covariate
 * without value, a dose without compartment; GM_EPARSE, GM_ENOTFOUND, GM_EDOMAIN, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_subject_new(gm_ctx *ctx, const gm_definition *d,
                                             const gm_records *r, int32_t subject,
                                             gm_subject **out);
GM_API void gm_subject_free(gm_subject *s); /* NULL ok */
GM_API const char *gm_subject_id(const gm_subject *s);
GM_API int32_t gm_subject_dim(const gm_subject *s);
GM_API const double *gm_subject_prior(const gm_subject *s); /* [dim*dim] covariance */
GM_API const gm_datum *gm_subject_data(const gm_subject *s, int32_t *count_out);
GM_API const gm_event *gm_subject_events(const gm_subject *s, int32_t *count_out);
GM_API double gm_subject_covariate(const gm_subject *s,
                                   int32_t covariate); /* at the first record */
GM_API double gm_subject_covariate_at(const gm_subject *s, int32_t covariate, double t);
GM_API double gm_subject_t_last(const gm_subject *s); /* time of the last record */
GM_API double gm_subject_t_first(const gm_subject *s);
/* Values of the definition's parameters for coordinates z (in the definition's units, covariates
 * and occasion of time t). value[parameter_count]. */
GM_API void gm_subject_parameters(const gm_subject *s, const double *z, double t, double *value);

/* A course: what is done, and when the outputs are wanted. */
typedef struct {
  const gm_event *event; /* sorted */
  int32_t event_count;
  const double *sample;        /* sorted */
  const int32_t *sample_order; /* or NULL: after everything of its time */
  int32_t sample_count;
} gm_course;
/* Outputs for n members: y[m][sample][output_count of the model]; status[m] bits (may be NULL).
 * lineage: whose draws they are, n of them; NULL: draws of key 0 by the member's number (a model
 * that does not move by chance takes none). */
GM_API GM_NODISCARD gm_status gm_subject_run(const gm_subject *s, gm_ctx *ctx, gm_runner *runner,
                                             const gm_course *course, int32_t n, const double *z,
                                             const gm_lineage *lineage, double *y, int8_t *status);

/* ---- twin ---------------------------------------------------------------------------------- */
typedef enum {
  GM_HEALTH_WARMING,
  GM_HEALTH_TRACKING,
  GM_HEALTH_UNCERTAIN,
  GM_HEALTH_STALE,
  GM_HEALTH_LOST
} gm_health;

typedef struct {
  double t_now;    /* data at or before it are learned from; NaN: all of them */
  int32_t members; /* 0: 1000 */
  /* Take the data one time after the other (gm_members_paths), as is done for a model that moves by
   * chance: there is no mode then, residuals are innovations, and the alarm hears them. */
  bool follow;
  /* gm_twin.paths of an earlier twin of this subject with these options (borrowed): where its data
   * were the first of those now, learning goes on from it, to the same bytes. */
  const void *resume;
  size_t resume_bytes;
  uint64_t context; /* of whatever else an earlier twin must have had in common: the definition */
  uint64_t seed;
  gm_pool *pool; /* borrowed; NULL: one worker */
  const gm_watch *watch;
} gm_twin_options;

typedef struct {
  const gm_definition *definition;
  const gm_subject *subject;
  double t_now;
  uint64_t seed;
  int32_t learned; /* data used: the first of the subject's */
  gm_mode *mode;   /* NULL: a model that moves by chance, or data followed in time */
  gm_members *posterior, *prior;
  gm_lineage *lineage, *prior_lineage; /* of a model that moves by chance, else NULL */
  gm_runner *runner;
  /* Predictions and standardised residuals of the learned data (NaN: censored): of the fit at the
   * mode; for a model that moves by chance of each datum before it was learned (gm_innovation). */
  double *fitted, *residual;
  double fit_p; /* chance of a misfit (residuals and, at the mode, distance from the prior) at least
                   this large if the model holds (chi-square) */
  gm_text paths; /* what following the data has come to (gm_path_problem.saved); empty: a mode */
  bool resumed;  /* it went on from options.resume */
  gm_alarm_state alarm; /* of the innovations of a model that moves by chance, else quiet */
  gm_health health;
} gm_twin;

/* Makes the belief from the data up to t_now. definition and subject are borrowed until free. */
/* Fails: GM_EDOMAIN (now before the first record), GM_ENUMERIC, GM_ECANCELLED, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_twin_new(gm_ctx *ctx, const gm_definition *d, const gm_subject *s,
                                          const gm_twin_options *options, gm_twin **out);
/* The belief as bytes, compressed: what a forecast and a proposal need, not the members'
 * predictions of the data (posterior->f). Adds to out. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_twin_save(const gm_twin *t, gm_ctx *ctx, gm_text *out);
/* The twin again, over the subject as it is known by now: forecasts have the same bytes where the
 * subject's records do. learned: as it was saved. Fails: GM_EPARSE (cut, damaged, of another
 * version or another number of coordinates), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_twin_load(gm_ctx *ctx, const gm_definition *d, const gm_subject *s,
                                           gm_pool *pool, const void *data, size_t bytes,
                                           gm_twin **out);
GM_API void gm_twin_free(gm_twin *t);
GM_API const char *gm_health_name(gm_health h);

/* ---- forecast ------------------------------------------------------------------------------ */
enum { GM_QUANTILE_COUNT = 7 };
GM_API extern const double gm_quantile_level[GM_QUANTILE_COUNT]; /* .025 .05 .25 .5 .75 .95 .975 */

/* Of observable k at time i: index k*time_count + i. */
typedef struct {
  int32_t time_count, observable_count, n;
  double *time;
  double *quantile;   /* [index*GM_QUANTILE_COUNT] of the observable itself */
  double *with_noise; /* the same of a measurement of it */
  double *mean;
  /* Law of total variance. A model that moves by chance: intrinsic is what differs when all that
   * comes after now is drawn anew; parameter, what a linear regression on the coordinates explains;
   * state, the rest: what is not known of the present. Otherwise all is the parameters'. */
  double *var_parameter, *var_state, *var_intrinsic, *var_measurement;
  double *member;   /* [m][k][i]; the ensemble, without measurement noise */
  double *weight;   /* [n] */
  int32_t diverged; /* members left out because they did not get through */
} gm_forecast;

typedef struct {
  const gm_event *plan; /* from t_now on, instead of the subject's own later events; sorted */
  int32_t plan_count;
  bool as_recorded; /* the subject's own events, before and after t_now; plan is not used */
  const double *time;
  const int32_t *time_order; /* or NULL */
  int32_t time_count;
  bool from_prior; /* the population's forecast, not the twin's */
} gm_forecast_request;

/* Fails: GM_EDOMAIN (a time before the first record), GM_ERANGE, GM_ENUMERIC (no member gets
 * there), GM_ENOMEM. *out is owned by the caller. */
GM_API GM_NODISCARD gm_status gm_forecast_make(gm_ctx *ctx, const gm_twin *t,
                                               const gm_forecast_request *q, gm_forecast **out);
GM_API void gm_forecast_free(gm_forecast *f);

/* How good a forecast of recorded data was. */
typedef struct {
  int32_t count;               /* data scored (censored ones are left out) */
  double crps, wis;            /* means, in the observable's unit */
  double covered50, covered90; /* shares inside the central intervals of a measurement */
} gm_score_sum;
/* Scores the subject's data after t_now: score[observable_count]. */
GM_API GM_NODISCARD gm_status gm_twin_score(gm_ctx *ctx, const gm_twin *t, bool from_prior,
                                            gm_score_sum *score);

#ifdef __cplusplus
}
#endif
#endif
