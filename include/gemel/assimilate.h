/* assimilate.h - a belief kept true by every new datum, for every kind of model.
 * room: methods
 * A filter holds members (state, coordinates z of the unknowns, weights) at the time of the last
 * datum. Kalman filters work on the macro view; particle filters only run, compare, copy.
 * docs/methods.md says what each needs, costs, and when it lies.
 * Threads: one call at a time on one filter. */
#ifndef GEMEL_ASSIMILATE_H
#define GEMEL_ASSIMILATE_H
#include "gemel/alarm.h"
#include "gemel/system.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GM_FILTER_PARTICLE, /* bootstrap (Gordon, Salmond & Smith 1993)                           */
  GM_FILTER_GUIDED,   /* auxiliary: looks ahead (Pitt & Shephard 1999)                      */
  GM_FILTER_UKF,      /* sigma points (Julier & Uhlmann 1997)                               */
  GM_FILTER_ENKF,     /* stochastic ensemble Kalman (Evensen 1994; Burgers et al. 1998)     */
  GM_FILTER_ETKF,     /* ensemble transform, with rotation (Hunt et al. 2007; Sakov 2008)   */
  GM_FILTER_LETKF     /* local (Hunt et al. 2007)                                           */
} gm_filter_kind;

/* What keeps particles' unknowns from dying out. */
typedef enum {
  GM_REJUVENATE_NONE,     /* drift of the unknowns alone */
  GM_REJUVENATE_KERNEL,   /* regularised: Gaussian kernel on z after resampling (Musso 2001) */
  GM_REJUVENATE_LIU_WEST, /* the kernel with shrinkage (Liu & West 2001) */
  GM_REJUVENATE_MOVE      /* resample-move (Gilks & Berzuini 2001): Metropolis moves of z that run
                             the history again; deterministic models */
} gm_rejuvenate;

/* All 0: the defaults in brackets. */
typedef struct {
  gm_filter_kind kind;
  int32_t members;  /* [1000 particles; 50 of a Kalman filter; UKF sets it itself] */
  double ess_least; /* [0.5] share of members below which particles are resampled */
  gm_rejuvenate rejuvenate;
  double liu_west;        /* [0.98] discount */
  double inflation;       /* [1] factor of the ensemble's spread after each analysis */
  double adaptive;        /* > 0: inflation follows the innovations with this memory (data) */
  const double *distance; /* LETKF, ENKF: [sensor_count][macro_count] in units of `radius`; NULL:
                             no localisation */
  double radius;          /* of the taper (Gaspari & Cohn 1999); 0: none */
  /* [0: none] particles: a Gaussian kernel on the states too (Musso, Oudjane & Le Gland 2001), for
   * models that move by little or no chance: after resampling, members that were chosen more than
   * once are moved by this many of the bandwidths that are best for a normal law (about 1), along
   * the weighted covariance of the continuous rows of the macro view, in coordinates without bounds
   * (`transform`), and with GM_REJUVENATE_KERNEL of the unknowns with them. A bias that goes to 0
   * as members are added. */
  double state_kernel;
  /* UKF: distance of the sigma points from their mean in sd; 0: sqrt(max(3, dimensions)). Less
   * (sqrt(3) is the normal law's own) where the model bends so much that far points are nobody any
   * more; then the middle point's weight may be negative (gm_filter_weight), which gm_filter_output
   * and the news allow for. */
  double reach;
  bool keep_history;  /* needed by gm_filter_smooth */
  uint64_t replicate; /* number of the random key */
  gm_alarm_options alarm;
} gm_filter_options;

/* What one step made of its data (arrays borrowed until the next call). */
typedef struct {
  double t;
  double log_predictive;   /* ln p(these data | the earlier ones), natural log */
  double ess;              /* effective members after weighing */
  double d2;               /* v' S^-1 v of the innovations; NaN: not known */
  int32_t dof, count;      /* of d2; readings taken */
  const double *mean, *sd; /* [count] of each measurement before it was seen */
  const double *pit;       /* [count] P(Y <= y), randomised for counts: by 256 members at most;
                              a Kalman filter's is the normal law's */
  gm_alarm_state alarm;
  bool resampled;
  int32_t failed; /* members that diverged so far */
} gm_filter_news;

typedef struct gm_filter gm_filter;

/* Members of the prior at the system's t0. The system is borrowed until free; options may be NULL.
 * Fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN (the system, the options), GM_EUNSUPPORTED (a Kalman
 * filter or state_kernel without a macro view; a law a Kalman filter has no moments of; options
 * that do not go together), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_filter_new(gm_ctx *ctx, const gm_system *s,
                                            const gm_filter_options *options, gm_filter **out);
GM_API void gm_filter_free(gm_filter *f); /* NULL ok */

/* Goes to time t (>= now) and takes the readings, all of that time (count 0: only goes there).
 * news may be NULL. Fails: GM_EDOMAIN (a time before now, a reading), GM_EUNSUPPORTED (a censored
 * reading in a Kalman filter: the belief has gone to t), GM_ENUMERIC (no member can have given the
 * data; then the alarm is raised and the belief is what the model alone makes of the last),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_filter_step(gm_filter *f, gm_ctx *ctx, double t,
                                             const gm_reading *reading, int32_t count,
                                             gm_filter_news *news);
/* All readings of the system, in order. listener: NULL or called after each time; loglik_out (may
 * be NULL): sum of log_predictive. watch: may be NULL; stopped: GM_ECANCELLED, the belief stays. */
typedef void gm_filter_listener(void *user, const gm_filter *f, const gm_filter_news *news);
GM_API GM_NODISCARD gm_status gm_filter_run(gm_filter *f, gm_ctx *ctx, gm_filter_listener *listener,
                                            void *user, const gm_watch *watch, double *loglik_out);

/* The belief: borrowed until the next call. */
GM_API gm_ensemble *gm_filter_ensemble(gm_filter *f);
GM_API const double *gm_filter_weight(const gm_filter *f);     /* [n], sum 1 */
GM_API const double *gm_filter_coordinate(const gm_filter *f); /* z[n][unknown_count] */
GM_API const gm_alarm *gm_filter_alarm(const gm_filter *f);
/* After the caller made the members anew. */
GM_API void gm_filter_alarm_clear(gm_filter *f);
GM_API double gm_filter_loglik(const gm_filter *f);
/* Weighted mean and sd of an output at the present time, over members that did not fail. */
GM_API GM_NODISCARD gm_status gm_filter_output(gm_filter *f, gm_ctx *ctx, int32_t output,
                                               double *mean, double *sd);
/* Mean and sd of unknown i's coordinate z. Threads: the filter is not changed. */
GM_API void gm_filter_unknown(const gm_filter *f, int32_t i, double *mean, double *sd);
/* n members that stand for the belief, all of one weight: states macro[n][macro_count], which
 * gm_ensemble_set puts into an ensemble, and z[n][unknown_count]. Sigma points: of the normal law
 * that they stand for, every second with the random numbers of the one before and the other sign,
 * so that their mean is exact (n even); rows of the macro view are not brought within their bounds,
 * which gm_ensemble_set does. Other kinds: members chosen by weight (systematically). A pure
 * function of the belief, key and index. Fails: GM_ERANGE (n < 2 or odd), GM_EUNSUPPORTED (no macro
 * view), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_filter_draw(gm_filter *f, gm_ctx *ctx, int32_t n, gm_key key,
                                             uint64_t index, double *macro, double *z);
/* The caller took the first `count` edges off the system's drive (and moved drive->edge and
 * edge_count so), all of them at or before the filter's time: the filter's place moves with them.
 */
GM_API void gm_filter_edges_dropped(gm_filter *f, int32_t count);
/* After a loss: members of the prior again at the present time, by running the model from t0 with
 * new unknowns, new keys and what was done; the alarm is cleared. */
GM_API GM_NODISCARD gm_status gm_filter_restart(gm_filter *f, gm_ctx *ctx);
/* Everything that decides the future; load needs a filter of the same system and options.
 * Fails: GM_ENOMEM; GM_EPARSE (damaged, of another system; then f is as it was); GM_EUNSUPPORTED
 * (keep_history, GM_REJUVENATE_MOVE: the past is not saved). */
GM_API GM_NODISCARD gm_status gm_filter_save(const gm_filter *f, gm_ctx *ctx, gm_text *out);
GM_API GM_NODISCARD gm_status gm_filter_load(gm_filter *f, gm_ctx *ctx, const void *data,
                                             size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
