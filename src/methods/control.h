/* control.h - inside of control: members led through periods by their own choices. */
#ifndef GEMEL_METHODS_CONTROL_H
#define GEMEL_METHODS_CONTROL_H
#include "gemel/control.h"

GM_NODISCARD gm_status gm__control_check(gm_ctx *ctx, const gm_control *c);
double gm__control_time(const gm_control *c, int32_t decision);

/* Drives of every choice, shifted to one decision's time. Zero before the first use. */
typedef struct {
  gm_edge *edge;
  gm_drive *drive; /* [choice_count] */
} control_drives;
GM_NODISCARD gm_status gm__control_drives_new(gm_ctx *ctx, const gm_control *c, control_drives *d);
void gm__control_drives_free(control_drives *d);
void gm__control_drives_at(const gm_control *c, control_drives *d, int32_t decision);

/* edge[count], moved by shift, and the system's own drive in (t0, t1], by time into out (room for
 * both); the system's first where times are equal. Returns how many. */
int32_t gm__control_merge(const gm_system *s, double t0, double t1, const gm_edge *edge,
                          int32_t count, double shift, gm_edge *out);

/* An ensemble at t_first: the system's prior with keys of `replicate`, led along the system's own
 * drive. */
GM_NODISCARD gm_status gm__control_begin(gm_ctx *ctx, const gm_system *s, double t_first, int32_t n,
                                         uint64_t replicate, gm_ensemble **out);

/* n members of a belief, evenly through its weights (NULL: equal), with draws of their own. Fails:
 * GM_EINVAL (no weight), GM_ENOMEM. */
GM_NODISCARD gm_status gm__control_members(gm_ctx *ctx, const gm_system *s,
                                           const gm_ensemble *belief, const double *weight,
                                           int32_t n, uint64_t replicate, gm_ensemble **out);
/* Searches from a belief at decision `first` over the horizon of the options. chosen[decisions]:
 * in, what was chosen before; out, the best plan from there on, 0 behind the horizon. */
GM_NODISCARD gm_status gm__control_plan(gm_ctx *ctx, const gm_control *c, int32_t first,
                                        const gm_ensemble *belief, const double *weight,
                                        const gm_search_options *options, int32_t *chosen);

/* Mean and its error of cost[n]; of the worst tail alone for CVAR, which sorts cost.
 * Fails: GM_ENUMERIC (a cost is no number). */
GM_NODISCARD gm_status gm__control_sum(gm_ctx *ctx, gm_risk risk, double tail, int32_t n,
                                       double *cost, const bool *breach, gm_plan_cost *out);

/* Plans by rank. chance: what the share of members with a breach may be, 1 where nothing is one;
 * breaking it counts more than any cost. */
double gm__control_excess(double chance, const gm_plan_cost *a);
bool gm__control_better(double chance, const gm_plan_cost *a, const gm_plan_cost *b);
/* order[count]: plans from best to worst, equal ones by number. */
void gm__control_order(double chance, int32_t count, const gm_plan_cost *cost, int32_t *order);

/* One patient that is never seen itself: control_episode.c. Zero before the first use. */
typedef struct {
  const gm_system *own; /* as given */
  gm_system system;     /* the filter's: the drive grows with every decision */
  gm_drive drive;
  gm_edge *edge; /* of the drive */
  int32_t told;  /* edges that the truth has had */
  gm_ensemble *truth;
  gm_filter *filter;    /* NULL: the state is seen */
  const double *weight; /* of the belief, or NULL */
  gm_reading *reading;
  double *y, *before, *cloud; /* outputs of truth; at the decision; of the belief's members */
  gm_key noise;
  double look, next; /* time between readings, of the next one */
  uint64_t readings;
  bool lost;
} control_episode;

/* Fails: GM_ERANGE (episodes), GM_EINVAL (readings without a sensor). */
GM_NODISCARD gm_status gm__episode_check(gm_ctx *ctx, const gm_system *s,
                                         const gm_episode_options *o);
/* Truth and filter number `number`, led to t_first. s and o are borrowed until free, *e must not be
 * moved; it is freed after a failure too. edges_most: that all decisions together may add. */
GM_NODISCARD gm_status gm__episode_new(gm_ctx *ctx, const gm_system *s, double t_first,
                                       int32_t edges_most, const gm_episode_options *o,
                                       int32_t number, control_episode *e);
void gm__episode_free(control_episode *e);
/* What is known now, at time t: the filter's members, or the truth. */
GM_NODISCARD gm_status gm__episode_belief(gm_ctx *ctx, control_episode *e, double t,
                                          gm_ensemble **belief);
/* Adds edges (times counted from t0, by time) and lives until t1, with readings on the way. */
GM_NODISCARD gm_status gm__episode_live(gm_ctx *ctx, control_episode *e, const gm_edge *edge,
                                        int32_t count, double t0, double t1);
/* n episodes by f, some at a time with looks at the watch between: task k of a round is episode
 * *first + k. Fails: GM_ECANCELLED, as f. */
GM_NODISCARD gm_status gm__episodes_run(gm_ctx *ctx, gm_pool *pool, int32_t n, gm_task *f,
                                        void *user, int32_t *first, const gm_watch *watch);
void gm__episode_sum(int32_t n, const double *cost, const bool *lost, gm_episode_result *out);
#endif
