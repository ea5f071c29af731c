/* control.h - what to do next, for every kind of model, under limits.
 * room: methods
 * A task: decisions at fixed times, each one of a few choices that stand for edges; a cost that
 * adds up over the periods between. Searches run the model under common keys; a value function
 * learned backwards from simulations gives the choice for any belief, cloud of members by cloud.
 * Threads: one call at a time on one policy. */
#ifndef GEMEL_CONTROL_H
#define GEMEL_CONTROL_H
#include "gemel/assimilate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Edges of a choice, times counted from the decision, inside its period. */
typedef struct {
  const char *name;
  const gm_edge *edge;
  int32_t edge_count;
  double cost; /* of choosing it, once */
} gm_choice;

typedef enum {
  GM_RISK_MEAN, /* expected cost */
  GM_RISK_CVAR  /* mean of the worst `tail` of the cost (Rockafellar & Uryasev 2000) */
} gm_risk;

enum { GM_DECISIONS_MAX = 256, GM_FEATURES_MAX = 16 };

typedef struct {
  const gm_system *system;
  double t_first, every; /* decision k at t_first + k every; the last period ends every later */
  int32_t decisions;
  const gm_choice *choice; /* at least 2; the first stands for doing nothing */
  int32_t choice_count;
  /* Cost of a period from the outputs at its begin and end. */
  double (*cost)(void *user, int32_t decision, const double *y_begin, const double *y_end);
  /* Limits: may `chosen` stand at decision k after chosen[0..k-1]? NULL: anything. Every search and
   * every choice keeps to it. */
  bool (*allowed)(void *user, int32_t k, const int32_t *chosen, int32_t choice);
  /* Chance constraint: P(breach at the end of some period) <= chance; NULL: none. */
  bool (*breach)(void *user, int32_t decision, const double *y);
  double chance;
  gm_risk risk;
  double tail; /* CVAR: (0, 1] */
  void *user;
} gm_control;

/* ---- fixed plans ------------------------------------------------------------------------------
 */
typedef struct {
  double cost, error; /* risk measure over the members, Monte Carlo error of it */
  double breach;      /* share of members with a breach */
} gm_plan_cost;

/* Costs of plan_count plans chosen[plan][decisions], all on the same `members` members of the
 * system's prior at t0 with the same keys. Fails: GM_EINVAL, GM_ENOMEM, GM_ENUMERIC. */
GM_API GM_NODISCARD gm_status gm_control_evaluate(gm_ctx *ctx, const gm_control *c, int32_t members,
                                                  uint64_t replicate, int32_t plan_count,
                                                  const int32_t *chosen, gm_plan_cost *out);

typedef struct {
  int32_t members; /* [200] of each evaluation */
  int32_t plans;   /* [64] a round */
  int32_t rounds;  /* [30] */
  double elite;    /* [0.15] share */
  uint64_t replicate;
} gm_search_options;

/* Cross-entropy search over plans (Rubinstein & Kroese 2004), all of them where there are at most
 * `plans`. chosen_out[decisions]: the best plan that keeps the limits; *out: its cost on members
 * that the search did not see. Fails: as evaluate; GM_ERANGE (no plan within limits);
 * GM_ECANCELLED: the best so far stands. */
GM_API GM_NODISCARD gm_status gm_control_search(gm_ctx *ctx, const gm_control *c,
                                                const gm_search_options *options,
                                                const gm_watch *watch, int32_t *chosen_out,
                                                gm_plan_cost *out);

/* ---- feedback ---------------------------------------------------------------------------------
 */
typedef struct {
  int32_t members;       /* [4000] states that the value is learned from, at every decision */
  int32_t replicates;    /* [4] runs of a period from each, for every choice, with common keys */
  int32_t degree;        /* [4] of the polynomials in the features */
  int32_t feature_count; /* 0: the outputs themselves */
  void (*feature)(void *user, const double *y, double *feature);
  int32_t rounds; /* [2] later rounds learn where the policy itself goes */
  uint64_t replicate;
} gm_value_options;

typedef struct gm_policy gm_policy;

/* Expected costs to go Q(decision, choice, features), learned backwards by least squares (fitted
 * value iteration: Ernst, Geurts & Wehenkel, J. Mach. Learn. Res. 6:503, 2005). Risk is the mean
 * here: CVAR and chance constraints are refused (GM_EUNSUPPORTED), as are limits that look back
 * further than the present choice. */
GM_API GM_NODISCARD gm_status gm_policy_learn(gm_ctx *ctx, const gm_control *c,
                                              const gm_value_options *options,
                                              const gm_watch *watch, gm_policy **out);
GM_API void gm_policy_free(gm_policy *p); /* NULL ok */
/* Cost to go of a choice for one member's outputs. */
GM_API double gm_policy_value(const gm_policy *p, int32_t decision, int32_t choice,
                              const double *y);
/* The choice with the least expected cost to go over the members of a belief: y[m*ny + k],
 * weight[n] (NULL: equal). Expected cost of each in value_out[choice_count] (may be NULL). */
GM_API int32_t gm_policy_choose(const gm_policy *p, int32_t decision, int32_t n, const double *y,
                                const double *weight, double *value_out);

/* What a policy costs when it sees the state itself, or only the sensors' readings at every
 * `look` (a filter of its own follows each episode). Truths: members of the prior with keys
 * replicate, replicate + 1, ... Fails: as evaluate. */
typedef struct {
  int32_t episodes;
  double look;              /* time between readings of all sensors; 0: the state is seen */
  gm_filter_options filter; /* of each episode */
  uint64_t replicate;
} gm_episode_options;
typedef struct {
  double cost, error, choices[8]; /* mean, Monte Carlo error; mean number of each choice */
  int32_t episodes, lost;         /* of them: alarm raised at some time */
} gm_episode_result;
GM_API GM_NODISCARD gm_status gm_policy_try(gm_ctx *ctx, const gm_policy *p,
                                            const gm_episode_options *options,
                                            const gm_watch *watch, double *cost_each,
                                            gm_episode_result *out);

#ifdef __cplusplus
}
#endif
#endif
