/* control_steer.h - inside of the search of continuous controls. */
#ifndef GEMEL_METHODS_CONTROL_STEER_H
#define GEMEL_METHODS_CONTROL_STEER_H
#include "methods/control.h"

GM_NODISCARD gm_status gm__steer_check(gm_ctx *ctx, const gm_steer *c);
double gm__steer_time(const gm_steer *c, int32_t decision);
/* Edges of decision k (times from its begin) for its controls u[lever_count]: edge[lever_count]. */
void gm__steer_edges(const gm_steer *c, const double *u, gm_edge *edge);
/* gm_steer_search of a checked task without a last evaluation: *cost is the search's own. */
GM_NODISCARD gm_status gm__steer_plan(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from,
                                      const gm_steer_options *options, double *u,
                                      gm_plan_cost *cost);
#endif
