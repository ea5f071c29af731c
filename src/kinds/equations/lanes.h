/* lanes.h - the lane machine: one compiled form of the equations, run for eight members at once.
 *
 * Register file, one gm_v8 a register:
 *   [0] time  [state..] states  [param..] parameters  [constant..]  [setup..]  [temporary..]
 * setup holds everything that depends on parameters alone: it is computed when a member takes a
 * lane or a parameter changes, not in every right-hand side. */
#ifndef GEMEL_EQUATIONS_LANES_H
#define GEMEL_EQUATIONS_LANES_H
#include "base/math_lanes.h"
#include "gemel/model.h"
#include "kinds/equations/ir.h"
#include "kinds/equations/source.h"

enum { LANES = 8, LINEAR_STATES_MAX = 8 };

/* IR operators, and fused ones the compiler makes: dst = a*b+c, a*b-c, c-a*b. */
enum { LANE_MADD = IR_OP_COUNT, LANE_MSUB, LANE_NMADD, LANE_OP_COUNT };

typedef struct {
  int32_t op, dst, a, b, c;
} lane_op;

typedef struct {
  lane_op *op; /* owned by the machine */
  int32_t count;
  int32_t id; /* number among the machine's codes: where its compiled form is (kernel.h) */
} lane_code;

/* How a lane goes on. PIVOTED: the stiff method with a factorisation of its own. FALLBACK: CVODE or
 * IDA (lane_fallback.h). */
typedef enum { LANE_EXPLICIT, LANE_STIFF, LANE_PIVOTED, LANE_FALLBACK } lane_method;

/* What the stiff method needs. Pattern of the Jacobian of the rates with respect to the states:
 * entry e is d rate[row[e]] / d state[col[e]], in register reg[e] once `code` has run. */
typedef struct {
  lane_code code;
  int32_t count;
  int32_t *row, *col, *reg; /* [count], sorted by row, then col */
  int32_t *time_reg;        /* [nx] d rate / d time, -1: it is 0 */
  bool steep;               /* entries may be infinite where the rates are finite */
} lane_jacobian;

struct lane_lu;      /* lane_lu.h */
struct lane_kernel;  /* kernel/kernel.h */
struct lane_program; /* schedule_code.h */

/* Directions (tangents) of what the codes compute, along what stands in the _dot registers. */
typedef struct {
  lane_code rhs, out, init, gap; /* gap: of what the conditions compare */
  int32_t *rhs_reg, *out_reg, *init_reg, *gap_reg;
  lane_code jacobian;    /* of its entries, then of the slopes in time; not without a Jacobian */
  int32_t *jacobian_reg; /* [jacobian.count + nx], -1: 0 */
  lane_code *event;      /* [event_count]: direction of the delay (register -1: none), then of */
  int32_t **event_reg;   /* the values, [event_count][1 + assign_count] */
} lane_tangent;

/* Gradient of a weighted sum of what a code computes; the weights stand in the seed registers. Only
 * what is not 0: entry e belongs to state row[e], parameter row[e] - nx, or (nx + np) time. */
typedef struct {
  lane_code code;
  int32_t count;
  int32_t *row, *reg; /* [count] */
} lane_gradient;

/* Backward codes of everything that has a tangent (lane_adjoint.h). */
typedef struct {
  bool made;
  int32_t reg_seed, seed_count;
  lane_gradient rhs, out, init, gap;
  lane_gradient jacobian; /* weights: of its entries, then of the slopes in time */
  lane_gradient *event;   /* [event_count]; weights: of the delay, then of the values */
  lane_code solve;        /* of W^T, with the factors of lane_lu.h: solution and right side trade
                             places */
} lane_adjoint;

/* An event, compiled: code gives delay, priority and the values to assign. */
typedef struct {
  lane_code code;
  int32_t delay_reg, priority_reg; /* -1: none */
  int32_t assign_count;
  int32_t *state, *value_reg; /* [assign_count] */
  bool initial, persistent, at_trigger;
} lane_event;

typedef struct {
  int32_t nx, np, ny;
  int32_t reg_state, reg_param, reg_mode, reg_delayed, reg_uniform, reg_constant, reg_count;
  int32_t reg_time_dot, reg_state_dot, reg_param_dot; /* behind the uniforms, with directions_max */
  int32_t directions_max;                             /* 0: no tangents */
  lane_tangent tangent;
  lane_adjoint adjoint;
  int32_t constant_count;
  double *constant;
  lane_code setup, rhs, out, init, linear;
  int32_t *rhs_reg, *out_reg, *init_reg; /* [nx] [ny] [nx] */
  int32_t *linear_reg;                   /* [nx*nx + nx] A row by row, then the constant input */
  bool is_linear;
  uint8_t *kind;           /* [nx] eq_state_kind */
  int32_t *algebraic;      /* [algebraic_count] states of that kind */
  int32_t algebraic_count; /* states of kind EQ_STATE_ALGEBRAIC */
  /* Conditions are operators that jump. The first mode_count of them stand in the right-hand side,
   * which reads their held values; a step ends where any of them changes. */
  lane_code condition;
  int32_t *condition_reg; /* [3 * condition_count]: values; gaps a - b; sizes of a, b (-1: none) */
  int32_t mode_count, condition_count;
  lane_code trigger;
  int32_t *trigger_reg; /* [event_count] */
  uint8_t *event_uses;  /* [event_count][condition_count] does the trigger hang on the condition? */
  lane_event *event;
  /* Waiting events: pending_max are kept in the state, queue_max while a lane runs (those due at
   * once need no room in the state); a waiting event is pending_width doubles. */
  int32_t event_count, pending_max, queue_max, pending_width;
  lane_code lag, past, before; /* past: what a delay looks at; before: the same before the start */
  int32_t *lag_reg, *past_reg, *before_reg; /* [delay_count] */
  bool lag_nested;                          /* a delay's length hangs on a delay before it */
  int32_t delay_count;
  int32_t history_max; /* steps remembered; a history is history_count doubles */
  int32_t history_count;
  int32_t memory_count; /* doubles of state behind the states and the input rates */
  int32_t uniform_count;
  lane_jacobian jacobian;     /* time_reg NULL: not made */
  struct lane_lu *lu;         /* NULL: not made */
  struct lane_kernel *kernel; /* NULL: none */
  int32_t code_count;
  struct lane_program *program; /* [code_count] the codes as the bytecode machine runs them */
  int32_t scratch_count;        /* registers of the programs, behind reg_count */
  gm_eq_solver solver;
  double rtol, atol;
  int32_t step_max;
  double step_longest; /* infinity: no limit */
  bool fallback;       /* the works of this machine have one */
  lane_method start_method;
  gm_isa isa;
  const gm_vmath *vmath;
} lane_machine;

/* Compiles the equations. The source may be freed afterwards. Its graph grows (derivatives). */
typedef struct {
  gm_eq_solver solver;
  int32_t pending_max, directions_max; /* as in gm_eq_config */
  bool adjoint;
} lane_options;

GM_NODISCARD gm_status lane_compile(gm_ctx *ctx, eq_source *s, const lane_options *o,
                                    lane_machine *out);
void lane_machine_free(lane_machine *m);

/* NEW: slopes and a first step are wanted; SLOPES: the step size is kept. */
enum { LANE_RESTART_NONE, LANE_RESTART_SLOPES, LANE_RESTART_NEW };

typedef struct {
  int32_t member; /* -1: the lane is idle */
  int32_t edge, sample;
  int32_t trusted; /* samples before the algebraic equations were last seen to be good ones */
  double t_stop;
  int32_t stiff_signs; /* steps in a row that looked stiff */
  int32_t failures;    /* attempts in a row without a number */
  int32_t bends;       /* attempts in a row that were not taken because gaps bend */
  int32_t reason;      /* FALLBACK: what the member would have come to without it */
  bool begun;          /* FALLBACK: it has had its first turn */
  lane_method method;
} lane_slot;

/* FIRST: until the triggers were looked at once; an event that comes later comes of another. */
enum { SEVERAL_NOT, SEVERAL_FIRST, SEVERAL_LATER };

struct lane_tape;     /* lane_tape.h */
struct lane_sundials; /* lane_sundials.h */

/* Derivatives of the objective, member by member on lanes, while steps are undone. */
typedef struct {
  gm_v8 *x, *rate, *param; /* [nx] [nx] [np] */
  gm_v8 *stage;            /* [BAR_STAGES*nx] of the stages of a step */
  gm_v8 *end, *argument;   /* [nx] of the end of a stiff step; of the argument of a stage */
  gm_v8 *slope;            /* [nx] what a gradient's code gave to the states */
  gm_v8 *jacobian;         /* [jacobian.count + nx] weights */
  double *queue;           /* like lane_work.queue */
  gm_v8 tau;
} lane_bars;

enum { BAR_STAGES = 8, TANGENT_STAGES = 16, STIFF_VECTORS = 16, PIVOTED_STATES_MAX = 2048 };

/* Everything one worker needs to run a machine. Vectors are 64-byte aligned. */
typedef struct {
  gm_v8 *reg;
  gm_v8 *x, *x_new, *rate, *scale; /* [nx] each */
  gm_v8 *k;                        /* [7*nx] stages; linear: matrices */
  gm_v8 *stiff;                    /* [STIFF_VECTORS*nx] of the stiff method; NULL: none */
  gm_v8 *size, *atol;              /* [nx] largest size at a restart; absolute tolerance */
  gm_v8 *probe, *other;            /* [nx] states inside a step */
  gm_v8 *condition;                /* [condition_count] values at the lanes' present time */
  gm_v8 *gap, *bend, *near; /* [condition_count] gaps there; how they bend in the step; the */
                            /* nearest to 0 they come */
  gm_v8 *trigger;           /* [event_count] */
  gm_v8 *lag;               /* [delay_count] */
  gm_v8 *flag;              /* [event_count] triggers at the present time */
  double *queue;            /* [LANES][queue_max][pending_width]: time, event, order, values */
  double *history;          /* [LANES][history_bytes..]: see lane_history.h */
  /* Tangents, direction by direction: of states, input rates, parameters, stages, inside a step,
   * and of the time at which the lane stands (a moving event). */
  gm_v8 *xd, *rated, *pd, *kd, *probed; /* [directions_max] of [nx] [nx] [np] [16*nx] [nx] */
  gm_v8 *tau;                           /* [directions_max] */
  uint8_t *jumps;  /* [condition_count] conditions that change at the present point, where these */
  int8_t several;  /* are SEVERAL_..: each has a moving time of its own */
  gm_v8 *jd;       /* [jacobian.count + nx] directions of the Jacobian */
  double *queued;  /* [directions_max] blocks like queue: times, values */
  double *dense;   /* [nx][nx + 4] of the pivoted step; NULL: too many states */
  double *algebra; /* [algebraic_count][algebraic_count + 1] */
  lane_bars bar;
  struct lane_tape *tape; /* NULL: steps are not recorded */
  int32_t queue_count[LANES];
  void (*const *native)(gm_v8 *reg, const gm_vmath *f); /* by code id; NULL: bytecode */
  gm_v8 t, h, log_last; /* log_last: logarithm of the last accepted error */
  gm_v8 stop, due;      /* the slots' t_stop; times of their next samples, infinity: none */
  lane_slot slot[LANES];
  int32_t steps[LANES];   /* attempts of the lanes' members */
  uint8_t restart[LANES]; /* lane_restart */
  bool relook;            /* a lane has another member or method than when it was last looked at */
  bool postponed;         /* members were left for another way of solution */
  uint32_t unstable; /* bit set: lanes whose tangents were beyond the explicit method's stability */
  uint32_t bent, broken; /* bit sets: lanes whose gaps bend in the last step (lane_drive.h) */
  uint32_t active, stiff_lanes; /* bit sets: lanes with a member; those on the stiff method */
  uint32_t watched;             /* lanes whose stiff_signs or failures may not be 0 */
  uint32_t pivoted;             /* lanes whose last attempt had a factorisation of its own */
  int32_t next_member;
  struct lane_sundials *fallback; /* owned; NULL: none */
  double fallback_t;              /* where it stands */
  uint32_t alone;                 /* bit of the one lane that moves, by the fallback; 0: all do */
  int alone_lane;
  bool fallback_anew, fallback_good, fallback_nudged; /* begins anew; made its step; did without */
  void *memory; /* owned; the vectors and this struct lie in it */
} lane_work;

GM_NODISCARD gm_status lane_work_new(gm_ctx *ctx, const lane_machine *m, lane_work **out);
void lane_work_free(lane_work *w); /* NULL ok */

/* One table an instruction set; all give the same bytes. */
typedef struct {
  void (*init)(const lane_machine *m, lane_work *w, const gm_batch *b, double t0);
  void (*observe)(const lane_machine *m, lane_work *w, const gm_batch *b, double t, double *y);
  void (*advance)(const lane_machine *m, lane_work *w, const gm_batch *b, const gm_span *span);
  gm_status (*vjp)(const lane_machine *m, lane_work *w, const gm_batch *b, const gm_span *span,
                   const gm_pull *pull, uint32_t flags, double *xbar, double *thetabar,
                   gm_arena *arena);
} lane_table;
extern const lane_table gm__lanes_scalar, gm__lanes_avx2, gm__lanes_avx512;
const lane_table *lane_table_of(gm_isa isa);
#endif
