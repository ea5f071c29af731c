/* model.h - the model contract: one table of functions carries every kind of model, and every
 * method is written against it alone. docs/contract.md states the rules a type must keep;
 * tests/conformance checks every type and every shipped model against them.
 *
 * Time is in the model's own unit (gm_model_info.time_unit), counted from the twin's epoch.
 * Threads: a model is immutable and shared; members of a batch are disjoint; a work object belongs
 * to one worker at a time. */
#ifndef GEMEL_MODEL_H
#define GEMEL_MODEL_H
#include "gemel/base.h"
#include "gemel/rand.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the table of variables ------------------------------------------------------------------ */
typedef enum {
  GM_ROLE_CONTINUOUS,
  GM_ROLE_COUNT,
  GM_ROLE_FLAG,
  GM_ROLE_MEMORY,     /* trigger states, pending events, held port values, delay history */
  GM_ROLE_ACCUMULATOR /* zeroed at the observation that reads it */
} gm_role;

typedef enum { GM_TRANSFORM_NONE, GM_TRANSFORM_LOG, GM_TRANSFORM_LOGIT } gm_transform;

typedef enum { GM_TABLE_STATE, GM_TABLE_PARAMETER, GM_TABLE_INPUT, GM_TABLE_OUTPUT } gm_table;

/* One row. Texts are borrowed from the model. lower and upper may be infinite. For an input port,
 * initial is the row of the state it feeds, or -1 where that has no meaning. */
typedef struct {
  const char *name, *unit; /* unit: UCUM code, "" when the model does not state one */
  gm_role role;
  gm_transform transform;
  double initial, lower, upper;
  const char *source; /* where the value comes from; "" unknown */
} gm_var;

/* ---- what happens to one member ------------------------------------------------------------ */
typedef enum {
  GM_EDGE_BOLUS,     /* value is added to the port's state                                     */
  GM_EDGE_RATE,      /* the port's total input rate is value from now on (not an increment)    */
  GM_EDGE_PARAMETER, /* parameter number port has value from now on                            */
  GM_EDGE_REPLACE,   /* the port's state becomes value                                         */
  GM_EDGE_RESET      /* the state becomes its initial one at this time, all port rates 0       */
} gm_edge_kind;

/* Resolved for one member, after its own lag, availability and duration. */
typedef struct {
  double t;
  double value;
  int32_t port;
  gm_edge_kind kind;
} gm_edge;

/* One member's stretch of time. All edges and samples lie in [t0, t1]; all edges given are applied,
 * those at t1 too, so a caller that splits a stretch gives an edge to one part only. A sample at
 * the time of an edge is read after the edge, or before it when sample_before says so. */
typedef struct {
  double t0, t1;
  const gm_edge *edge;          /* sorted by t; equal times keep their order */
  const double *sample;         /* sorted; passive: never cut a step */
  const uint8_t *sample_before; /* [sample_count] or NULL (all after) */
  double *y; /* [sample_count][output_count], filled by advance; NaN once diverged */
  /* With tangents (gm_batch.nd > 0): derivatives of the outputs, [sample_count][output_count][nd],
   * filled by advance; and of the edges' times and values along each direction, [edge_count][nd],
   * NULL: they do not move. */
  double *yd;
  const double *edge_td, *edge_valued;
  int32_t edge_count, sample_count;
} gm_span;

/* What a member came to. A member that diverged is data, not an error of the call. */
enum {
  GM_MEMBER_OK = 0,
  GM_MEMBER_DIVERGED = 1,
  GM_MEMBER_STEPS = 2,
  GM_MEMBER_PROJECTED = 4,
  GM_MEMBER_MOVING = 8,   /* gm_model_rest: not at rest within the horizon */
  GM_MEMBER_FALLBACK = 16 /* good, but only by a method whose bytes hang on what is installed */
};
/* Has a member no values? (The other bits are information about one that has.) */
#define GM_MEMBER_FAILED(status) (((status) & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) != 0)

/* n members. Value i of member m lies at a[i*sx + m*sm]; one of the strides is 1. */
typedef struct {
  int32_t n;
  ptrdiff_t sx, sm;
  double *x;           /* flat state; NULL for object state */
  void **obj;          /* otherwise one object a member */
  const double *theta; /* parameters, laid out like x with strides psx, psm */
  ptrdiff_t psx, psm;
  const gm_key *key;    /* [n] randomness by meaning */
  const uint64_t *slot; /* [n] member slots for draws; NULL: the index in the batch plus slot0 */
  uint64_t slot0;
  /* Tangents along nd directions (0: none): xd like x, one block of n members after the other,
   * direction d of value i of member m at xd[d*n*state_count + i*sx + m*sm], and thetad likewise
   * with parameter_count, psx and psm. init fills xd, advance carries it on. */
  int32_t nd;
  double *xd;
  const double *thetad;
  int8_t *status; /* [n] out: GM_MEMBER_ bits */
  /* [n] or NULL: steps in time that are handed on from one advance to the next, for types that
   * choose their own; others leave them. In: the first to try (0: the type's choice), out: the one
   * that would have come next (0: none). What comes out then hangs, within tolerances, on where
   * spans end. Not for vjp, which leaves them. */
  double *step;
} gm_batch;

/* Beside a span: what the derivatives of an objective are pulled back from, and to. */
typedef struct {
  const double *ybar;                /* [sample_count][output_count] d objective / d output */
  double *edge_tbar, *edge_valuebar; /* [edge_count] filled: d objective / d time and d value of the
                                        edges; NULL: not wanted */
} gm_pull;

enum { GM_VJP_INIT = 1u }; /* begin with init, each member at its span's t0 */

typedef struct gm_model gm_model;
typedef struct gm_work gm_work;

enum {
  GM_MODEL_STOCHASTIC = 1u,   /* draws inside advance */
  GM_MODEL_STEPPED = 2u,      /* moves on a grid anchored at the epoch (step, origin) */
  GM_MODEL_OBJECT = 4u,       /* object state */
  GM_MODEL_LINEAR_INPUT = 8u, /* the state is linear in what the ports give (closed form) */
  GM_MODEL_TANGENTS = 16u,    /* batches may have nd > 0 */
  GM_MODEL_ADJOINT = 32u      /* vjp may be called */
};

typedef struct {
  uint32_t flags;
  int32_t state_count, parameter_count, input_count, output_count;
  double step, origin;   /* stepped types */
  const char *time_unit; /* UCUM code, "" unknown */
  const char *name;      /* of the model */
  const char *solver;    /* how it is solved, for reports */
} gm_model_info;

/* What every type must give, and what it may leave NULL. Tables are static const. */
typedef struct {
  uint32_t struct_size, abi;
  const char *name;
  /* always */
  gm_status (*create)(gm_ctx *ctx, const void *config, gm_model **out);
  void (*destroy)(gm_model *model);
  void (*info)(const gm_model *model, gm_model_info *out);
  const gm_var *(*table)(const gm_model *model, gm_table which, int32_t *count_out);
  gm_status (*work_new)(const gm_model *model, gm_ctx *ctx, gm_work **out);
  void (*work_free)(gm_work *work);
  void (*init)(const gm_model *model, gm_work *work, const gm_batch *b, double t0);
  void (*advance)(const gm_model *model, gm_work *work, const gm_batch *b, const gm_span *span,
                  gm_arena *arena);
  /* outputs of the present state: y[m*output_count + k] */
  void (*observe)(const gm_model *model, gm_work *work, const gm_batch *b, double t, double *y,
                  gm_arena *arena);
  /* object state; NULL for flat types */
  gm_status (*obj_new)(const gm_model *model, gm_ctx *ctx, void **out);
  void (*obj_free)(const gm_model *model, void *obj);
  gm_status (*obj_copy)(const gm_model *model, gm_ctx *ctx, const void *from, void **out);
  gm_status (*obj_save)(const gm_model *model, const void *obj, gm_text *out);
  gm_status (*obj_load)(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                        void **out);
  int32_t (*macro_count)(const gm_model *model);
  /* the macro view, m*macro_count + i; set projects onto the feasible and says so in status */
  void (*get)(const gm_model *model, const gm_batch *b, double *macro);
  void (*set)(const gm_model *model, const gm_batch *b, const double *macro);
  /* Optional (GM_MODEL_ADJOINT): advance (after init, with GM_VJP_INIT), then backward through the
   * very steps made. b->nd is 0; states, outputs and status come out as from advance. pull: [n],
   * one a member. xbar is laid out like b->x: in d objective / d state at t1, beside what the
   * outputs bring (0: nothing), out d objective / d state at t0. To thetabar, laid out like
   * b->theta, d objective / d theta is added, the way through init with it if that was asked for.
   * Times of samples, t0 and t1 do not move. A member that is not GM_MEMBER_OK at the end has no
   * derivatives: NaN. Its cost is a few simulations, however many parameters there are; its
   * memory, from arena, grows with the steps of 64 members.
   * Fails: GM_EUNSUPPORTED (a model without GM_MODEL_ADJOINT), GM_ENOMEM; then x, outputs and all
   * derivatives are undefined. Threads: as advance. */
  gm_status (*vjp)(const gm_model *model, gm_work *work, const gm_batch *b, const gm_span *span,
                   const gm_pull *pull, uint32_t flags, double *xbar, double *thetabar,
                   gm_arena *arena);
  /* Optional, for models that move by chance: the members of b were copied and have fresh slots;
   * what is memoryless in their state at time t (what is left of an exponential clock) is drawn
   * anew by those slots, what has memory stays. Under an old slot a clock would get the time that
   * it already had. NULL: nothing to draw anew. */
  void (*refresh)(const gm_model *model, const gm_batch *b, double t);
} gm_model_type;

#define GM_MODEL_ABI 2u /* 2: gm_batch.step */

/* Every type's private model struct begins with this. */
struct gm_model {
  const gm_model_type *type;
  gm_ctx *ctx;
};
struct gm_work {
  const gm_model *model;
};

/* Makes a model of a registered type. config is the type's own struct, borrowed for the call.
 * *out is owned by the caller. Fails: as the type says. */
GM_API GM_NODISCARD gm_status gm_model_new(gm_ctx *ctx, const gm_model_type *type,
                                           const void *config, gm_model **out);
GM_API void gm_model_free(gm_model *m); /* NULL ok */
GM_API void gm_model_get_info(const gm_model *m, gm_model_info *out);
GM_API const gm_var *gm_model_table(const gm_model *m, gm_table which, int32_t *count_out);
/* Row of a name in a table, or -1. */
GM_API int32_t gm_model_find(const gm_model *m, gm_table which, const char *name);

/* The parameters that hold after the PARAMETER edges of span, for the member whose parameters are
 * theta (stride psx): a caller that goes on from t1 must go on with these. */
GM_API void gm_span_apply_parameters(const gm_span *span, double *theta, ptrdiff_t psx);

/* All 0: the defaults in brackets. */
typedef struct {
  double t0; /* [0] time at which the states of the batch hold */
  double
      horizon; /* [1] first stretch of time, in the model's unit; each next is ten times longer */
  double horizon_max; /* [1e12 horizons] */
  double rtol,
      atol; /* [1e-8; 1e-12 of the largest state] at rest: |x - x before| <= rtol |x| + atol,
                         on the way through and at the end of three horizons in a row */
} gm_rest_options;

/* Brings the members of a batch to rest, from where they are, without edges: their states, and with
 * nd > 0 their tangents, become those of the steady state that simulation leads to. A member that
 * is not at rest at last gets GM_MEMBER_MOVING. Use the stiff method (GM_EQ_STIFF, or GM_EQ_AUTO)
 * so that long horizons cost little. options NULL: defaults. Scratch from arena. Fails:
 * GM_EUNSUPPORTED (object state, random events), GM_ENOMEM. Threads: as advance. */
GM_API GM_NODISCARD gm_status gm_model_rest(const gm_model *m, gm_work *work, const gm_batch *b,
                                            const gm_rest_options *options, gm_arena *arena);

/* Flat state: get and set of the macro view are the state itself; set brings each row into its
 * bounds (non-finite: to the initial value) and marks the member GM_MEMBER_PROJECTED. */
GM_API void gm_model_get(const gm_model *m, const gm_batch *b, double *macro);
GM_API void gm_model_set(const gm_model *m, const gm_batch *b, const double *macro);
GM_API int32_t gm_model_macro_count(const gm_model *m);

#ifdef __cplusplus
}
#endif
#endif
