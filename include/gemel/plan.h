/* plan.h - candidate schedules compared on one belief, and what a controller proposes.
 * room: twin
 * All plans see the same members and the same draws, so differences are paired. "nothing" and "as
 * it is" are always among the plans. */
#ifndef GEMEL_PLAN_H
#define GEMEL_PLAN_H
#include "gemel/choose.h"
#include "gemel/twin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char *name;      /* "nothing", "as it is", "5 mg every 24 h" */
  gm_event *event; /* from t_now on, in the model's units */
  int32_t event_count;
  int32_t action;     /* of the definition, -1 none */
  double dose, every; /* as the definition writes them */
} gm_plan;

typedef struct {
  gm_estimate value; /* of the target's quantity (trough, peak, ...; range: share of time inside) */
  double attained;   /* probability that the target is met; range: expected share of time */
  double below, above; /* probability (share of time) under and over it */
} gm_target_result;

typedef struct {
  gm_estimate utility; /* mean over targets of attainment, 0..1 */
  gm_estimate gain;    /* utility minus that of "as it is", member by member */
  double better;       /* probability that the gain is > 0, equal counted half */
  double regret;       /* expected loss against the plan that is best for each member */
  /* at most 5 % of the members would fare the other way round, and the mean gain is larger than
   * twice its Monte Carlo error */
  bool distinguishable;
  gm_target_result *target; /* [target_count] */
} gm_plan_result;

typedef struct {
  int32_t plan_count, target_count;
  gm_plan *plan;
  gm_plan_result *result;
  int32_t nothing, as_it_is; /* numbers of these plans */
  double t_now, t_end;
  int32_t diverged; /* members left out */
  int32_t asked;    /* plans there were to be; more than plan_count: the work was stopped */
  int32_t member_count;
  double *utility; /* [plan_count][member_count] */
  double *weight;  /* [member_count], 0 for those left out */
} gm_comparison;

/* The two plans that are always there, and one of a dose repeated. */
GM_API GM_NODISCARD gm_status gm_plan_nothing(gm_ctx *ctx, const gm_twin *t, double t_end,
                                              gm_plan *out);
/* Repeats the last recorded dose at the last recorded interval; pending doses go on. */
GM_API GM_NODISCARD gm_status gm_plan_as_it_is(gm_ctx *ctx, const gm_twin *t, double t_end,
                                               gm_plan *out);
/* dose in the input's unit, every in the model's unit of time; first dose at t_first >= t_now. */
GM_API GM_NODISCARD gm_status gm_plan_repeat(gm_ctx *ctx, const gm_twin *t, int32_t action,
                                             double dose, double every, double t_first,
                                             double t_end, gm_plan *out);
GM_API void gm_plan_free(gm_plan *p);

/* Compares plans over [t_now, t_end] by the definition's targets. Plans are copied. nothing and as
 * it is are added when they are not given (by name). Stopped by the watch, it keeps the plans that
 * were measured by then (asked > plan_count) once both of those and another one are.
 * Fails: GM_EINVAL (no target in the definition, t_end <= t_now), GM_ENOMEM, GM_ECANCELLED (stopped
 * before that). */
GM_API GM_NODISCARD gm_status gm_compare(gm_ctx *ctx, const gm_twin *t, const gm_plan *plan,
                                         int32_t plan_count, double t_end, const gm_watch *watch,
                                         gm_comparison **out);
GM_API void gm_comparison_free(gm_comparison *c);

/* A measurement that could be made: of an observable at time t, just before a dose of that time. */
typedef struct {
  int32_t observable; /* of the definition */
  double t;           /* >= t_now; after it: under "as it is" */
} gm_measure;
/* What the results of measure[count] together, with the errors that the definition states, would be
 * worth to the choice between the plans if they were known before it (gm_worth_regression). A
 * result below an observable's limit of quantification says that and no more. With a model that
 * moves by chance `perfect` has the chance to come in it. A measurement that is the same for all
 * members is worth 0. out->share: [c->plan_count] or NULL.
 * Fails: GM_ERANGE (count not in 1..GM_WORTH_MEASURES_MAX, no such observable, fewer than 20
 * members), GM_EDOMAIN (t before now or after the end), GM_EINVAL (an observable without error),
 * GM_ENUMERIC, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_comparison_worth(gm_ctx *ctx, const gm_twin *t,
                                                  const gm_comparison *c, const gm_measure *measure,
                                                  int32_t count, gm_worth *out);

typedef struct {
  gm_comparison *comparison; /* owned: nothing, as it is, every candidate within limits */
  int32_t *rank;             /* [candidate_count] plan numbers, best first */
  char **reason;             /* [candidate_count] one line each, in rank order */
  char **left_out;           /* [left_out_count] candidates that a limit forbids, with the limit */
  /* NULL, or why none of the candidates is proposed (static text): the twin is lost, none meets the
   * targets better than what is done now, or the search was stopped (then comparison->asked tells
   * how many there are). The candidates are ranked all the same. */
  const char *withheld;
  int32_t candidate_count, left_out_count;
} gm_proposal;

/* Searches the definition's actions (doses x intervals) under its limits, ranked by utility; among
 * plans that cannot be told apart the smaller dose comes first.
 * Fails: GM_EINVAL (no actions), as gm_compare. */
GM_API GM_NODISCARD gm_status gm_propose(gm_ctx *ctx, const gm_twin *t, double t_end,
                                         const gm_watch *watch, gm_proposal **out);
GM_API void gm_proposal_free(gm_proposal *p);
/* Ten times the longest interval of the actions, at least ten days. */
GM_API double gm_plan_horizon(const gm_definition *d);

#ifdef __cplusplus
}
#endif
#endif
