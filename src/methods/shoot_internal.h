/* shoot_internal.h - inside of multiple shooting: quadratic programs, simulation, condensing. */
#ifndef GM_METHODS_SHOOT_INTERNAL_H
#define GM_METHODS_SHOOT_INTERNAL_H
#include "gemel/shoot.h"

/* min x'Gx/2 + g'x with lower <= x <= upper, and rows c[r].x + v[r] = 0 for r < equal_count,
 * >= 0 for the others. */
typedef struct {
  int32_t n, row_count, equal_count;
  const double *hessian, *gradient; /* hessian positive definite */
  const double *lower, *upper;      /* [n] */
  const double *c, *v;              /* [row_count][n], [row_count] */
} gm__qp;

/* x[n] and multipliers: price[2n + row_count] of lower bounds, upper bounds (>= 0), rows, so that
 * G x + g = sum price * normal. *infeasible: the rows contradict each other; x is then undefined.
 * Fails: GM_ENUMERIC (hessian not positive definite, no end), GM_ENOMEM. */
GM_NODISCARD gm_status gm__qp_solve(gm_ctx *ctx, const gm__qp *q, double *x, double *price,
                                    bool *infeasible);

/* Where an instance of a bound or a term lies: sample 2k (begin) or 2k+1 (end) of interval k. */
typedef struct {
  int32_t output, sample, item; /* item: number of the bound or term */
} gm__place;

typedef struct {
  gm_ctx *ctx;
  const gm_shoot *p;
  gm_shoot_options o;
  const gm_watch *watch;
  gm_model_info info;
  int32_t nw, nu, np, ni, ns, nx, ny, m; /* unknowns, controls, parameters, intervals, continuous
                                            states, all states, outputs, segments */
  int32_t *row;                          /* [ns] state rows that are unknowns at a joint */
  int32_t *first;                        /* [m+1] first interval of a segment */
  double *theta;                         /* [parameter_count] */
  double *lower, *upper, *size;          /* [nw] bounds and size of unknowns */
  double *state_size;                    /* [ns] */
  gm__place *term, *bound;
  int32_t terms, bounds, rows, equals; /* rows of the quadratic program, of them equations */
  int32_t *row_of;                     /* [rows] bound place or ~total; */
  double *row_sign, *row_base, *row_scale;
  gm_work **work; /* [workers] */
  gm_arena **arena;
  int32_t workers, evaluations;
  double simulations; /* of the whole horizon; a direction of a tangent counts as one */
} gm__shoot;

/* A point: unknowns and states at joints, what came of them and, if asked for, derivatives. */
typedef struct {
  double *w;              /* [nw] in the user's units */
  double *joint;          /* [m][nx] first states; [0] is not used */
  double *end;            /* [m][nx] */
  double *y;              /* [2 ni][ny] */
  double *end_d, *y_d;    /* [m][ns][nl], [2 ni][ny][nl]: along the local directions */
  double *g, *c, *v, *vl; /* gradient [nw], rows [rows][nw], their values now and, the gaps closed
                             to first order, linearised */
  double *s, *e;          /* [m][ns][nw], [m][ns]: d joint / d w, and by closing the gaps */
  double f, f_gap;        /* objective; its change by closing the gaps */
  double infeasibility;   /* sum of violations and gaps, scaled */
  double worst;           /* the largest */
  int32_t worst_row;      /* -1: a gap */
} gm__shot;

/* Local directions of a segment: states (not moved in segment 0), parameters, its controls. */
int32_t gm__shoot_local(const gm__shoot *q, int32_t segment); /* their number */
int32_t gm__shoot_local_max(const gm__shoot *q);
GM_NODISCARD gm_status gm__shot_new(const gm__shoot *q, gm__shot *a);
void gm__shot_free(gm__shot *a);
void gm__shot_copy(const gm__shoot *q, gm__shot *to, const gm__shot *from); /* not derivatives */

/* Simulates all segments from w and joint (with roll: one after the other, joints filled).
 * *good: no member failed. */
GM_NODISCARD gm_status gm__shoot_run(gm__shoot *q, gm__shot *a, bool roll, bool *good);
GM_NODISCARD gm_status gm__shoot_slopes(gm__shoot *q, gm__shot *a, bool *good);
void gm__shoot_measure(const gm__shoot *q, gm__shot *a);            /* f, v, infeasibility */
GM_NODISCARD gm_status gm__shoot_reduce(gm__shoot *q, gm__shot *a); /* g, c, vl, s, e, f_gap */
/* hessian[nw][nw] of Gauss-Newton in scaled unknowns. */
GM_NODISCARD gm_status gm__shoot_gauss_newton(gm__shoot *q, const gm__shot *a, double *hessian);

/* The same of the Lagrangian with prices of rows, turned positive definite. *good: it has one. */
GM_NODISCARD gm_status gm__shoot_newton(gm__shoot *q, const gm__shot *a, const double *price,
                                        double *hessian, bool *good);
/* Slopes with local unknown l moved by nudge in every segment that has it. */
GM_NODISCARD gm_status gm__shoot_slopes_moved(gm__shoot *q, gm__shot *a, int32_t l, bool *good);
double gm__shoot_nudge(const gm__shoot *q, const gm__shot *a, int32_t segment, int32_t l);
/* out[nw] += a row of local derivatives of segment j, by the scaled unknowns. */
void gm__shoot_expand(const gm__shoot *q, const gm__shot *a, int32_t j, const double *r,
                      double *out);
/* Largest entry of the gradient. */
double gm__shoot_steepest(const gm__shoot *q, const gm__shot *a);
/* Adds the curvature of the efforts. */
void gm__shoot_effort(const gm__shoot *q, double *hessian);

GM_NODISCARD gm_status gm__shoot_setup(gm__shoot *q);
void gm__shoot_close(gm__shoot *q);
#endif
