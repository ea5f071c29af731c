/* optimise.h - minimisers whose function is asked in batches, so that the points of a difference
 * gradient run side by side on the lanes.
 *
 * Pointers: options, start and callbacks are borrowed for the call. Threads: no state. */
#ifndef GM_NUM_OPTIMISE_H
#define GM_NUM_OPTIMISE_H
#include "gemel/base.h"

/* value[n] at the n points z[n][d]. NaN and +-inf mean: not feasible there. A status other than
 * GM_OK ends the search and is returned. */
typedef gm_status gm_batch_f(void *user, int32_t n, const double *z, double *value);
/* gradient[d] at z[d] (finite), for a model that has tangents. */
typedef gm_status gm_gradient_f(void *user, const double *z, double *gradient);
/* A symmetric approximation hessian[d][d] at z[d], for example Gauss-Newton plus the prior. */
typedef gm_status gm_hessian_f(void *user, const double *z, double *hessian);

/* ---- differences --------------------------------------------------------------------------- */
typedef struct {
  int32_t order;       /* 2 (default for 0): (f(+h)-f(-h))/2h; 4: five-point stencil, O(h^4) */
  double step;         /* h_i = step (1+|z_i|); 0: 1e-4 for order 2, 1e-3 for order 4        */
  const double *scale; /* [d] in place of 1+|z_i|, or NULL                                  */
} gm_difference;

/* gradient[d] at z[d], where f is `value`; one batch of 2d or 4d points. curvature[d] (or NULL)
 * gets the second derivatives along the axes, which cost nothing more. A coordinate with a point
 * that is not feasible is tried again with h/8, four times, then from the feasible side alone
 * (first order). *evaluations (or NULL) is raised by the points asked for.
 * Fails: GM_ENUMERIC (no feasible neighbour; names the coordinate), GM_EDOMAIN (value not finite),
 * GM_EINVAL (order), GM_ENOMEM. */
GM_NODISCARD gm_status gm_diff_gradient(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                                        const gm_difference *how, const double *z, double value,
                                        double *gradient, double *curvature, int64_t *evaluations);

/* hessian[d][d] at z[d] by central differences of f alone: one batch of 2d + 2d(d-1) points,
 * error O(h^2); step 0 means 1e-3 here, order is not used. A point that is not feasible shrinks
 * all steps by 4, three times. Fails: GM_ENUMERIC, GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status gm_diff_hessian(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                                       const gm_difference *how, const double *z, double value,
                                       double *hessian, int64_t *evaluations);

/* ---- trust region ---------------------------------------------------------------------------- */
typedef enum {
  GM_OPT_GRADIENT,    /* the scaled gradient is below its tolerance: converged          */
  GM_OPT_DECREASE,    /* no decrease that rounding lets be seen is left: converged       */
  GM_OPT_STEP,        /* the step became smaller than its tolerance                      */
  GM_OPT_ITERATIONS,  /* a limit was reached: not converged                              */
  GM_OPT_EVALUATIONS, /* likewise                                                        */
  GM_OPT_TARGET       /* the value fell below the wanted one                             */
} gm_opt_stop;
const char *gm_opt_stop_text(gm_opt_stop why);

typedef struct {
  double gradient_tolerance; /* max |g_i| (1+|z_i|) / value_scale; 0: 1e-5 */
  double step_tolerance;     /* max |step_i| / (1+|z_i|); 0: 1e-10         */
  double value_scale;        /* a change of value that means something; 0: 1 (log densities) */
  double radius;             /* first trust radius in scaled steps; 0: 1   */
  int32_t iterations_max;    /* 0: 200 + 20 d                              */
  int64_t evaluations_max;   /* 0: no limit                                */
  gm_difference difference;  /* used when gradient is NULL                 */
  gm_gradient_f *gradient;   /* or NULL                                    */
  gm_hessian_f *hessian;     /* or NULL: symmetric rank-one updates        */
  bool hessian_at_end;       /* difference Hessian of the minimum in the result (no callback) */
  const gm_watch *watch;     /* or NULL                                    */
} gm_opt_options;

typedef struct {
  double value;
  double gradient_norm; /* the scaled one that the tolerance is about */
  gm_opt_stop stop;
  int32_t iterations;
  int64_t evaluations, batches;
  bool converged; /* GM_OPT_GRADIENT, GM_OPT_DECREASE or GM_OPT_STEP */
} gm_opt_result;

/* Minimises f from start[d] and writes z[d] (may be start), gradient[d] and hessian[d][d] (either
 * may be NULL). hessian is the last model of the second derivatives (symmetric; maybe indefinite,
 * see gm_la_pd_repair), or the difference Hessian with hessian_at_end.
 * Method: trust region (Conn, Gould & Toint 2000) on a model that is the callback's Hessian or a
 * symmetric rank-one update (Nocedal & Wright 2006, alg. 6.2) begun from the curvatures that the
 * difference gradient gives; the subproblem is solved exactly from the eigenvalues; several radii
 * are tried in one batch; a point that is not feasible counts as no decrease.
 * Fails: GM_EDOMAIN (start not feasible), GM_EINVAL (an option), GM_ECANCELLED (watch; outputs
 * untouched), GM_ENUMERIC (differences), GM_ENOMEM, or the callback's status. Running into a limit
 * is not a failure: see result->stop. */
GM_NODISCARD gm_status gm_opt_minimise(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                                       const gm_opt_options *options, const double *start,
                                       double *z, double *gradient, double *hessian,
                                       gm_opt_result *result);

/* ---- without derivatives, with bounds (NLopt) ------------------------------------------------ */
typedef enum { GM_NLOPT_BOBYQA, GM_NLOPT_SBPLX, GM_NLOPT_NEWUOA } gm_nlopt_method;

typedef struct {
  gm_nlopt_method method; /* BOBYQA and NEWUOA (with bounds) need d >= 2 */
  const double *low;      /* [d], -inf allowed; NULL: none               */
  const double *high;     /* [d]                                         */
  const double *step;     /* [d] first steps > 0; NULL: chosen           */
  double value_tolerance; /* relative, of f; 0: 1e-10                    */
  double step_tolerance;  /* relative, of z; 0: 1e-8                     */
  double value_target;    /* stop at or below; 0 with use_target false   */
  bool use_target;
  int32_t evaluations_max; /* 0: 2000 + 500 d */
  const gm_watch *watch;   /* or NULL */
} gm_nlopt_options;

/* Minimises f (asked for one point at a time) within the bounds. z[d] is the best feasible point
 * seen, result->value its value; gradient_norm is NaN. A point that is not feasible is given to
 * the method as worse than the worst value seen. NLopt takes its own memory from malloc.
 * Fails: GM_EDOMAIN (start not feasible or outside the bounds), GM_EINVAL (bounds, steps),
 * GM_EUNSUPPORTED (d = 1 with BOBYQA or NEWUOA), GM_ECANCELLED, GM_ENUMERIC (the method failed),
 * GM_ENOMEM, or the callback's status. */
GM_NODISCARD gm_status gm_nlopt_minimise(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                                         const gm_nlopt_options *options, const double *start,
                                         double *z, gm_opt_result *result);
#endif
