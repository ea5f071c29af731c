/* shoot.h - smooth optimal control: direct multiple shooting on any flat deterministic model.
 * room: methods
 * Controls are constant on intervals of a grid and reach the model as edges; the horizon is cut
 * into segments whose first states are unknowns too, joined by continuity constraints (Bock &
 * Plitt, IFAC Proc. 17:1603, 1984). An SQP method with condensing solves for both: the states are
 * eliminated from the linearised problem, the Hessian of what is left is Gauss-Newton, BFGS with
 * Powell's damping or the Lagrangian's own, the quadratic programs are solved by Goldfarb &
 * Idnani's dual method (Math. Program. 27:1, 1983), steps are cut by an l1 merit function (Nocedal
 * & Wright 2006, ch. 18).
 * The answer is a local optimum. Threads: one call at a time on one pool. */
#ifndef GEMEL_SHOOT_H
#define GEMEL_SHOOT_H
#include "gemel/ensemble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most unknown controls and parameters together, most intervals, most rows of constraints. */
enum { GM_SHOOT_UNKNOWNS_MAX = 600, GM_SHOOT_INTERVALS_MAX = 600, GM_SHOOT_ROWS_MAX = 5000 };

/* One control: RATE (total rate of an input port), PARAMETER or BOLUS (given at the begin of the
 * interval). RATE ports and PARAMETERs that are controls may not be in the drive. */
typedef struct {
  const char *name; /* for messages; NULL: "control" */
  gm_edge_kind kind;
  int32_t port;
  double lower, upper;    /* finite, lower < upper */
  double start;           /* value to begin with, everywhere; outside the bounds: brought inside */
  const double *start_at; /* [interval_count] instead, or NULL */
  double effort;          /* >= 0: adds effort/2 sum u^2 dt to the objective (BOLUS: without dt) */
} gm_shoot_control;

/* A parameter that is chosen once, for example a factor on time. */
typedef struct {
  int32_t parameter;
  double lower, upper, start; /* finite, lower < upper */
} gm_shoot_parameter;

/* Where an output is read. */
typedef enum {
  GM_SHOOT_END,  /* at the last grid time, before edges there */
  GM_SHOOT_GRID, /* at the end of every interval, before the edges there */
  GM_SHOOT_PEAK  /* at the begin of every interval, after the edges there (peaks of doses) */
} gm_shoot_where;

/* Adds weight y, or with square weight/2 (y - target)^2, summed over the places. An integral is an
 * output that the model integrates, read at the end. */
typedef struct {
  int32_t output;
  gm_shoot_where where;
  double weight, target;
  bool square;
} gm_shoot_term;

/* lower <= y <= upper at the places; infinite: no bound; equal: an equation. Not kept between. */
typedef struct {
  const char *name; /* for messages; NULL: the output's */
  int32_t output;
  gm_shoot_where where;
  double lower, upper;
  double scale; /* a violation of this size matters; 0: the larger of 1 and the bound's size */
} gm_shoot_bound;

/* lower <= sum of u dt (BOLUS: sum of u) <= upper. */
typedef struct {
  int32_t control;
  double lower, upper;
} gm_shoot_total;

typedef struct {
  const gm_model *model;
  gm_pool *pool;          /* or NULL */
  const double *theta;    /* [parameter_count], or NULL: the model's own */
  const double *t;        /* [interval_count + 1] grid, ascending */
  int32_t interval_count; /* controls are constant on each */
  int32_t segment_count;  /* 1: single shooting; at most interval_count */
  const gm_drive *drive;  /* what happens beside the controls; NULL: nothing */
  const gm_shoot_control *control;
  int32_t control_count; /* 0 is allowed when there are parameters */
  const gm_shoot_parameter *parameter;
  int32_t parameter_count;
  const gm_shoot_term *term; /* at least one, or an effort */
  int32_t term_count;
  const gm_shoot_bound *bound;
  int32_t bound_count;
  const gm_shoot_total *total;
  int32_t total_count;
} gm_shoot;

/* 0: the defaults in brackets. */
typedef struct {
  double tolerance;       /* [1e-6] of the KKT residual, relative to 1 + |objective| */
  double feasibility;     /* [1e-7] largest scaled violation */
  int32_t iterations_max; /* [300] */
  /* Tangent directions that the model bears in one batch (gm_eq_config.directions_max).
   * 0: central differences, also for models with tangents. */
  int32_t directions;
  double step;       /* [1e-5] of differences, relative to the size of the unknown */
  bool gauss_newton; /* every term is a square: Gauss-Newton instead of BFGS */
  /* The Lagrangian's own Hessian by differences of tangents, segment by segment, instead of BFGS:
   * needs directions > 0, not with gauss_newton; pays with many short segments. */
  bool newton;
} gm_shoot_options;

typedef enum {
  GM_SHOOT_CONVERGED,  /* KKT residual and violation are below their tolerances */
  GM_SHOOT_STALLED,    /* no step improves any more: not converged */
  GM_SHOOT_ITERATIONS, /* the limit was reached: not converged */
  GM_SHOOT_CANCELLED   /* stopped on request: the best so far */
} gm_shoot_stop;

typedef struct {
  double *control;       /* [interval_count][control_count] */
  double *parameter;     /* [parameter_count] */
  double *y;             /* [interval_count][output_count] at the end of the intervals */
  double *control_price; /* [interval_count][control_count] multiplier of a control's bounds:
                              d objective / d bound, <= 0 at the upper one */
  double *bound_price;   /* [bound_count] largest multiplier of a bound's places */
  double *total_price;   /* [total_count] */
  double objective;      /* of a simulation through the segments */
  double violation;      /* largest scaled violation, gaps between segments included */
  double kkt; /* what is left of the KKT conditions in scaled unknowns (gradient of the Lagrangian,
                 prices times slacks), relative to 1 + |objective| */
  int32_t iterations, evaluations, unknown_count;
  /* Runs of the whole horizon that were made; a tangent's direction counts as one more. */
  double simulations;
  gm_shoot_stop stop;
  bool converged, tangents;
} gm_shoot_result;

/* Solves. *out is filled and freed by gm_shoot_result_free. The best so far also stands with
 * GM_ECANCELLED (feasible ones before others, then by objective); otherwise untouched on failure.
 * A limit of iterations is no failure: see stop. Fails: GM_EINVAL, GM_EDOMAIN, GM_ERANGE (numbers
 * of the problem, by name; no control keeps the constraints: names the worst),
 * GM_EUNSUPPORTED (stochastic, stepped or object models; accumulators; counts and flags; several
 * segments for a model with memory beside held rates), GM_ENUMERIC (the model fails at the start,
 * a quadratic program fails), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_shoot_solve(gm_ctx *ctx, const gm_shoot *p,
                                             const gm_shoot_options *options, const gm_watch *watch,
                                             gm_shoot_result *out);
GM_API void gm_shoot_result_free(gm_shoot_result *r); /* NULL ok */
GM_API const char *gm_shoot_stop_text(gm_shoot_stop stop);

#ifdef __cplusplus
}
#endif
#endif
