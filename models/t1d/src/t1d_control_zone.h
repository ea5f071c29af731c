/* t1d_control_zone.h - the optimisation inside t1d_mpc.c: insulin of the next two hours against
 * glucose of the next hours, over all members of an outlook. Internal to models/t1d.
 *
 * Unknowns: u_b, insulin beyond basal in each step of block b [U a step], at least -basal. Glucose
 * of member m at point k is G = g + sum_b u_b R_b, R_b made of per_unit shifted. Least of
 *   sum_k sum_m w_m [max(G - high, 0)^2 + low_weight max(low - G, 0)^2]
 *     + p^2 sum_b n_b (more max(u_b, 0)^2 + less min(u_b, 0)^2),
 * p the mean over members of the strongest effect of a unit. This is convex and piecewise
 * quadratic: Newton steps within the bounds, each a quadratic problem solved by coordinates, with a
 * halved step where the piece was left. At most T1D_ZONE_STEPS steps: the time is bounded. Then
 * risk: insulin gives way until at most `risk` of the members' weight lies below risk_mgdl at any
 * point behind the first half hour, if the plan is kept for reply_min and basal is off from then
 * on: what cannot be taken back decides. As insulin only lowers, each member has a largest share of
 * the plan that it bears, and the share given is the risk-quantile of these. A member that is no
 * number anywhere (or beyond 1e5 mg/dL) has no part in the cost and bears nothing. Threads: all
 * functions may run together; the problem is the caller's. */
#ifndef T1D_CONTROL_ZONE_H
#define T1D_CONTROL_ZONE_H
#include "t1d_outlook.h"

enum { T1D_ZONE_BLOCKS = 6, T1D_ZONE_MEMBERS = 32, T1D_ZONE_POINTS = 36, T1D_ZONE_STEPS = 8 };
/* Steps of the blocks; 24 in all. */
extern const int32_t t1d_zone_length[T1D_ZONE_BLOCKS];

typedef struct {
  double low_mgdl[T1D_ZONE_POINTS], high_mgdl[T1D_ZONE_POINTS]; /* the zone at each point */
  double low_weight, more, less;
  double upper_u[T1D_ZONE_BLOCKS]; /* most beyond basal in a step */
  double risk, risk_mgdl;
  int32_t reply_steps; /* of the outlook */
  int32_t points;      /* every second step of the outlook; of the cost */
  int32_t risk_points;
} t1d_zone_task;

typedef struct {
  double u[T1D_ZONE_BLOCKS]; /* U a step beyond basal */
  double share;              /* of the plan that risk leaves; 1: all */
  double risk;               /* weight of members below at that share */
  double unsound;            /* weight of members that are no numbers */
  int32_t iterations;
} t1d_zone_plan;

/* Work space, about 90 kB; its content means nothing between calls. */
typedef struct {
  int32_t members, points;
  double weight[T1D_ZONE_MEMBERS];
  bool sound[T1D_ZONE_MEMBERS];
  double sound_weight, scale;                            /* of these in all; what makes them 1 */
  int32_t member[T1D_ZONE_MEMBERS];                      /* of the outlook */
  double sum[T1D_ZONE_MEMBERS][2 * T1D_ZONE_POINTS + 1]; /* of per_unit up to a step */
  double glucose[T1D_ZONE_POINTS * T1D_ZONE_MEMBERS];    /* [point][member] */
  double response[T1D_ZONE_POINTS * T1D_ZONE_MEMBERS][T1D_ZONE_BLOCKS];
  double unit_mgdl; /* p */
} t1d_zone_room;

/* The outlook has per_unit_mgdl, at least two steps and one member with weight; of more than
 * T1D_ZONE_MEMBERS members every so manieth is taken. */
void t1d_zone_solve(const t1d_outlook *o, const t1d_zone_task *task, t1d_zone_room *room,
                    t1d_zone_plan *out);
#endif
