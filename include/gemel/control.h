/* control.h - what to do next, for every kind of model, under limits.
 * room: methods
 * A task: decisions at fixed times, each one of a few choices that stand for edges; a cost that
 * adds up over the periods between. Searches run the model under common keys; a value function
 * learned backwards from simulations, or solved on a grid, gives the choice for any belief, cloud
 * of members by cloud. Continuous controls are searched by path integrals inside a horizon.
 * Threads: one call at a time on one policy. */
#ifndef GEMEL_CONTROL_H
#define GEMEL_CONTROL_H
#include "gemel/assimilate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Edges of a choice, in order; times are counted from the decision, from 0 to `every`. */
typedef struct {
  const char *name;
  const gm_edge *edge;
  int32_t edge_count;
  double cost; /* of choosing it, once */
} gm_control_choice;

typedef enum {
  GM_RISK_MEAN, /* expected cost */
  GM_RISK_CVAR  /* mean of the worst `tail` of the cost (Rockafellar & Uryasev 2000) */
} gm_risk;

enum { GM_DECISIONS_MAX = 256, GM_FEATURES_MAX = 16 };

typedef struct {
  const gm_system *system; /* its own drive goes on beside the choices */
  double t_first, every;   /* decision k at t_first + k every; the last period ends every later */
  int32_t decisions;
  const gm_control_choice *choice; /* at least 2; the first stands for doing nothing */
  int32_t choice_count;
  /* Cost of a period from the outputs at its begin and end. */
  double (*cost)(void *user, int32_t decision, const double *y_begin, const double *y_end);
  /* Limits: may `choice` be made at decision k after chosen[0..k-1]? NULL: anything. Every search
   * and every policy keeps to it; policies give chosen as NULL, so that it must not look back. */
  bool (*allowed)(void *user, int32_t k, const int32_t *chosen, int32_t choice);
  /* Chance constraint: P(breach at the end of some period) <= chance; NULL: none. */
  bool (*breach)(void *user, int32_t decision, const double *y);
  double chance;
  gm_risk risk;
  double tail; /* CVAR: (0, 1] */
  void *user;
} gm_control;

/* ---- fixed plans ----------------------------------------------------------------------------- */
typedef struct {
  double cost, error; /* risk measure over the members, Monte Carlo error of it */
  double breach;      /* share of members with a breach */
} gm_plan_cost;

/* Costs of plan_count plans chosen[plan][decisions], all on the same `members` members of the
 * system's prior at t0 with the same keys; limits are not looked at. out[plan_count].
 * Fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN (the task, a choice, counts), GM_ENUMERIC (a cost is no
 * number), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_control_evaluate(gm_ctx *ctx, const gm_control *c, int32_t members,
                                                  uint64_t replicate, int32_t plan_count,
                                                  const int32_t *chosen, gm_plan_cost *out);

typedef struct {
  int32_t members; /* [200] of each evaluation */
  int32_t plans;   /* [64] a round */
  int32_t rounds;  /* [30] */
  double elite;    /* [0.15] share of the plans, the best, that the next round learns from */
  uint64_t replicate;
  int32_t horizon; /* [all that are left] decisions that gm_control_try looks ahead */
} gm_search_options;

/* Cross-entropy search over plans (Rubinstein & Kroese 2004), all of them where there are at most
 * `plans`. chosen_out[decisions]: the best plan that keeps the limits; *out: its cost on members
 * that the search did not see. options may be NULL. Fails: as evaluate; GM_ERANGE (no plan within
 * limits, options); GM_ECANCELLED: the best so far stands in chosen_out, and in *out with its cost
 * on the search's own members. */
GM_API GM_NODISCARD gm_status gm_control_search(gm_ctx *ctx, const gm_control *c,
                                                const gm_search_options *options,
                                                const gm_watch *watch, int32_t *chosen_out,
                                                gm_plan_cost *out);

/* ---- feedback -------------------------------------------------------------------------------- */
typedef struct {
  int32_t members;       /* [4000] states that the value is learned from, at every decision */
  int32_t replicates;    /* [4] runs of a period from each, for every choice, with common keys */
  int32_t degree;        /* [4] of the polynomials in the features */
  int32_t feature_count; /* of `feature` */
  /* Of the outputs y; user: of the gm_control. NULL: the outputs themselves. At most
   * GM_FEATURES_MAX. */
  void (*feature)(void *user, const double *y, double *feature);
  int32_t rounds; /* [2] later rounds learn where the policy itself goes */
  uint64_t replicate;
} gm_value_options;

typedef struct gm_policy gm_policy;

/* Expected costs to go Q(decision, choice, features), learned backwards by least squares (fitted
 * value iteration: Ernst, Geurts & Wehenkel, J. Mach. Learn. Res. 6:503, 2005). Risk is the mean
 * here: CVAR and chance constraints are refused (GM_EUNSUPPORTED). c and all that it points to are
 * borrowed until the policy is freed; options may be NULL. Fails also: as evaluate; GM_ECANCELLED;
 * *out is untouched then. */
GM_API GM_NODISCARD gm_status gm_policy_learn(gm_ctx *ctx, const gm_control *c,
                                              const gm_value_options *options,
                                              const gm_watch *watch, gm_policy **out);
GM_API void gm_policy_free(gm_policy *p); /* NULL ok */
/* Cost to go of a choice for one member's outputs. */
GM_API double gm_policy_value(const gm_policy *p, int32_t decision, int32_t choice,
                              const double *y);
/* The choice with the least expected cost to go over the members of a belief: y[m*ny + k],
 * weight[n] (NULL: equal). Expected cost of each in value_out[choice_count] (may be NULL).
 * -1: the limits leave no choice. */
GM_API int32_t gm_policy_choose(const gm_policy *p, int32_t decision, int32_t n, const double *y,
                                const double *weight, double *value_out);

/* ---- policies on a grid of states ------------------------------------------------------------ */
enum { GM_GRID_AXES_MAX = 4, GM_GRID_POINTS_MAX = 1000000 };

/* One coordinate of the state: read from an output, set in the macro view. */
typedef struct {
  int32_t output;      /* row of the outputs that reads it */
  int32_t macro;       /* row of the macro view that sets it; -1: `place` does */
  int32_t points;      /* at least 2, evenly from lower to upper */
  double lower, upper; /* states beyond are taken as the nearest within */
} gm_grid_axis;

/* 0: the defaults in brackets. */
typedef struct {
  const gm_grid_axis *axis;
  int32_t axis_count; /* 1 to GM_GRID_AXES_MAX */
  /* Sets what the axes do not (rows that follow from them) after the axes have been set; x: the
   * coordinates, macro: a fresh member's at that time. False: there is no such state; its value is
   * that of the nearest point that is one. NULL: nothing to set, every point is a state. */
  bool (*place)(void *user, const double *x, double *macro);
  int32_t replicates; /* [64; 1 without chance] runs of a period from every point, each choice */
  /* Model and cost are the same at every decision: the periods are simulated once for all. */
  bool stationary;
  /* Without end: value iteration until the bound on its error is below `tolerance`; stationary, and
   * discount < 1. The policy is the same at every decision. */
  bool endless;
  double discount;    /* [1] a decision, in (0, 1] */
  double tolerance;   /* [1e-6] relative to 1 + the largest value */
  int32_t sweeps_max; /* [100000] of value iteration */
  uint64_t replicate;
} gm_grid_options;

typedef struct {
  int32_t points, states; /* of the grid; of them states */
  int32_t sweeps;         /* endless: made */
  double left;            /* share of the simulated periods that end outside the grid */
  double bound;           /* endless: bound on the error of value iteration, absolute */
} gm_grid_report;

/* Dynamic programming (Bellman 1957): expected costs to go Q(decision, choice, state) backwards on
 * a grid, every transition a simulation of one period from the point with keyed draws (choices
 * share them), values between points by multilinear interpolation. Unknowns are drawn anew from
 * their prior for every run; every run starts fresh (no held rates, no PARAMETER of an earlier
 * choice), so choices must set all that they change, and the axes must be the whole state.
 * A minimum over noisy averages is too low: judge a policy by gm_policy_try. For convex values
 * interpolation errs upwards, by the square of the spacing.
 * Fails: GM_EINVAL (a point that the model does not keep: the output reads another value),
 * GM_ERANGE, GM_EDOMAIN (sizes, axes, options, no choice within the limits), GM_EUNSUPPORTED (CVAR,
 * chance constraints; a system with a drive), GM_ENUMERIC (model or cost fails at a point; no
 * convergence), GM_ECANCELLED, GM_ENOMEM. report may be NULL. c and all that it points to are
 * borrowed until the policy is freed; options are not. */
GM_API GM_NODISCARD gm_status gm_policy_grid(gm_ctx *ctx, const gm_control *c,
                                             const gm_grid_options *options, const gm_watch *watch,
                                             gm_grid_report *report, gm_policy **out);

/* ---- episodes -------------------------------------------------------------------------------- */
/* What a policy costs (discounted, as it was solved for) when it sees the state itself, or only the
 * sensors' readings at every `look` (a filter of its own follows each episode). Truths: members of
 * the prior with keys replicate, replicate + 1, ... cost_each[episodes] may be NULL.
 * Fails: GM_ERANGE, GM_EINVAL (options), as gm_filter_new, GM_ECANCELLED (with readings; otherwise
 * the watch is not looked at), GM_ENOMEM. */
typedef struct {
  int32_t episodes;
  double look;              /* time between readings of all sensors; 0: the state is seen */
  gm_filter_options filter; /* of each episode */
  uint64_t replicate;
} gm_episode_options;
typedef struct {
  double cost, error;     /* mean, Monte Carlo error */
  double choices[8];      /* mean number of each; those from the ninth on are not counted */
  int32_t episodes, lost; /* of them: alarm raised at some time, or a reading nobody could give */
} gm_episode_result;
GM_API GM_NODISCARD gm_status gm_policy_try(gm_ctx *ctx, const gm_policy *p,
                                            const gm_episode_options *options,
                                            const gm_watch *watch, double *cost_each,
                                            gm_episode_result *out);

/* What it costs to search anew at every decision over the receding horizon, by cross-entropy from
 * the state itself or from a filter's belief, and to make the first choice of the plan only. Risk,
 * chance constraint and limits are those of the task, looked at from each decision on. Episodes as
 * of gm_policy_try. chosen_each[episodes][decisions], cost_each[episodes] may be NULL.
 * Fails: as gm_control_search and gm_policy_try; GM_ECANCELLED: nothing is given out. */
GM_API GM_NODISCARD gm_status gm_control_try(gm_ctx *ctx, const gm_control *c,
                                             const gm_search_options *options,
                                             const gm_episode_options *episodes,
                                             const gm_watch *watch, int32_t *chosen_each,
                                             double *cost_each, gm_episode_result *out);

/* ---- continuous controls --------------------------------------------------------------------- */
enum { GM_LEVERS_MAX = 16 };

/* Given at every decision: RATE and PARAMETER hold until the next, BOLUS is given once. */
typedef struct {
  const char *name; /* for messages; NULL: "lever" */
  gm_edge_kind kind;
  int32_t port;
  double lower, upper; /* finite, lower < upper */
  double start;        /* to begin the search with; outside the bounds: brought inside */
  double change;       /* > 0: most change from one decision to the next */
  double total;        /* > 0: most sum over all decisions (with lower >= 0, without change) */
} gm_lever;

typedef struct {
  const gm_system *system;
  double t_first, every;
  int32_t decisions;
  const gm_lever *lever;
  int32_t lever_count;
  /* Cost of a period from its controls u[lever_count] and the outputs at its begin and end. */
  double (*cost)(void *user, int32_t decision, const double *u, const double *y_begin,
                 const double *y_end);
  /* Limits beyond those of the levers: brings u[k*lever_count + l] of decision k to what may follow
   * u of the decisions before. Called for every plan before it runs. NULL: none. */
  void (*project)(void *user, int32_t k, double *u);
  bool (*breach)(void *user, int32_t decision, const double *y); /* as of gm_control */
  double chance;
  gm_risk risk;
  double tail;
  void *user;
} gm_steer;

/* Where a plan begins: a belief at decision `first` (its members, weight[size] or NULL: equal). */
typedef struct {
  const gm_ensemble *belief; /* NULL: members of the system's prior, led there by u */
  const double *weight;
  int32_t first;
} gm_steer_from;

/* 0: the defaults in brackets. */
typedef struct {
  int32_t members;    /* [64; 1 where members cannot differ] the same for all plans of a search */
  int32_t plans;      /* [64] a round */
  int32_t rounds;     /* [60] */
  int32_t horizon;    /* [all that are left] decisions that are looked ahead */
  double spread;      /* [0.25] sd of the first round's controls, a share of upper - lower */
  double smooth;      /* [0] correlation of neighbouring decisions' noise, in [0, 1) */
  double temperature; /* of the softmax, in units of cost; [so that `effective` holds] */
  double effective;   /* [0.15] share of the plans that the weights are to be worth */
  double elite;       /* [1] share of the plans, the best, that have any weight */
  uint64_t replicate;
} gm_steer_options;

/* Costs of plan_count plans u[plan][decisions][lever_count] from decision from->first over
 * `horizon` decisions (0: all), all on the same members. Plans outside the bounds of a lever are
 * refused, other limits not looked at. from NULL: from the first decision. out[plan_count].
 * Fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN, GM_EUNSUPPORTED (the task, levers, by name; plans),
 * GM_ENUMERIC (a cost is no number), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_steer_evaluate(gm_ctx *ctx, const gm_steer *c,
                                                const gm_steer_from *from, int32_t horizon,
                                                int32_t members, uint64_t replicate,
                                                int32_t plan_count, const double *u,
                                                gm_plan_cost *out);

/* Path-integral search (MPPI: Williams, Aldrich & Theodorou, J. Guid. Control Dyn. 40:344, 2017),
 * for every kind: plans about the present one, each brought within the limits before it runs, on
 * common members and draws; the next one is their mean weighted by the softmax of -cost, its
 * spread the weighted one (Stulp & Sigaud, ICML 2012). Costs are the caller's alone (no term for
 * the noise). u[decisions][lever_count]: in, what was done before `first` and where to begin
 * (NaN: the lever's start); out, the best plan of the search over its horizon. *out: its cost on
 * members that the search did not see.
 * The answer is a local one; its distance from the optimum falls with rounds and plans.
 * options may be NULL. Fails: as evaluate; GM_EINVAL (project leaves the bounds); GM_ECANCELLED:
 * the best so far stands in u and *out, there with its cost on the search's own members. */
GM_API GM_NODISCARD gm_status gm_steer_search(gm_ctx *ctx, const gm_steer *c,
                                              const gm_steer_from *from,
                                              const gm_steer_options *options,
                                              const gm_watch *watch, double *u, gm_plan_cost *out);

/* What it costs to search anew at every decision over the receding horizon, from the state itself
 * or from a filter's belief, and to give the first controls of the plan only (the rest begins the
 * next search). Episodes as of gm_policy_try; out->choices are 0. options may be NULL.
 * u_each[episodes][decisions][lever_count], cost_each[episodes] may be NULL.
 * Fails: as gm_steer_search and gm_policy_try; GM_ECANCELLED: nothing is given out. */
GM_API GM_NODISCARD gm_status gm_steer_try(gm_ctx *ctx, const gm_steer *c,
                                           const gm_steer_options *options,
                                           const gm_episode_options *episodes,
                                           const gm_watch *watch, double *u_each, double *cost_each,
                                           gm_episode_result *out);

#ifdef __cplusplus
}
#endif
#endif
