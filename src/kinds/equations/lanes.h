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
} lane_code;

typedef struct {
  int32_t nx, np, ny;
  int32_t reg_state, reg_param, reg_constant, reg_count;
  int32_t constant_count;
  double *constant;
  lane_code setup, rhs, out, init, linear;
  int32_t *rhs_reg, *out_reg, *init_reg; /* [nx] [ny] [nx] */
  int32_t *linear_reg;                   /* [nx*nx + nx] A row by row, then the constant input */
  bool is_linear;
  double rtol, atol;
  int32_t step_max;
  gm_isa isa;
  const gm_vmath *vmath;
} lane_machine;

/* Compiles the equations. The source may be freed afterwards. Its graph grows (derivatives). */
GM_NODISCARD gm_status lane_compile(gm_ctx *ctx, eq_source *s, bool try_linear, lane_machine *out);
void lane_machine_free(lane_machine *m);

typedef struct {
  int32_t member; /* -1: the lane is idle */
  int32_t edge, sample, steps;
  double t_stop;
} lane_slot;

/* Everything one worker needs to run a machine. Vectors are 64-byte aligned. */
typedef struct {
  gm_v8 *reg;
  gm_v8 *x, *x_new, *rate, *scale; /* [nx] each */
  gm_v8 *k;                        /* [7*nx] stages; linear: matrices */
  gm_v8 t, h, error_last;
  lane_slot slot[LANES];
  bool restart[LANES];
  int32_t next_member;
  void *memory; /* owned; the vectors and this struct lie in it */
} lane_work;

GM_NODISCARD gm_status lane_work_new(gm_ctx *ctx, const lane_machine *m, lane_work **out);
void lane_work_free(lane_work *w); /* NULL ok */

/* One table an instruction set; all give the same bytes. */
typedef struct {
  void (*init)(const lane_machine *m, lane_work *w, const gm_batch *b, double t0);
  void (*observe)(const lane_machine *m, lane_work *w, const gm_batch *b, double t, double *y);
  void (*advance)(const lane_machine *m, lane_work *w, const gm_batch *b, const gm_span *span);
} lane_table;
extern const lane_table gm__lanes_scalar, gm__lanes_avx2, gm__lanes_avx512;
const lane_table *lane_table_of(gm_isa isa);
#endif
