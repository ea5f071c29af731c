/* lane_lu.h - factors of W = gamma M - J on lanes, without pivoting: the order of elimination is
 * fixed once for the pattern (least fill), so that factorisation and solution are lane code shared
 * by all lanes. M is 1 on the diagonal for states with a slope, 0 for algebraic ones. */
#ifndef GEMEL_EQUATIONS_LANE_LU_H
#define GEMEL_EQUATIONS_LANE_LU_H
#include "kinds/equations/lanes.h"

typedef struct lane_lu {
  lane_code factor;  /* reads gamma, one and the Jacobian's registers, writes the factors' */
  lane_code solve;   /* reads factors and right-hand side, leaves the solution */
  int32_t gamma_reg; /* to be set before factor: 1/(gamma h) */
  int32_t one_reg;   /* to be set before factor: 1 */
  /* Registers solution_reg..+nx-1: the right-hand side in, the solution out. State i's solution
   * lies in solution_reg + i, equation i's right-hand side goes into solution_reg + place[i]:
   * another order where algebraic equations had to change places. */
  int32_t solution_reg, *place; /* [nx] */
  int32_t *pivot_reg;           /* [nx] 1/pivot; 1/0 gives infinities, which reach the solution */
  int32_t nx, reg_end;          /* registers reg_first..reg_end-1 are taken */
} lane_lu;

enum { LANE_LU_STATES_MAX = 16384 };

/* Builds the codes for the machine's Jacobian (pattern and registers) with registers from reg_first
 * on. The Jacobian's registers must hold still from the end of its code to the end of factor.
 * *out (owned) is NULL, with GM_OK, when factor and solve would take more than op_max operations
 * together, there are more than LANE_LU_STATES_MAX states, or W is singular for every value of its
 * entries. Fails: GM_ENOMEM. Work: near the operations emitted, plus nx^2/64 words of bits. */
GM_NODISCARD gm_status lane_lu_new(gm_ctx *ctx, const lane_machine *m, int32_t reg_first,
                                   int32_t op_max, lane_lu **out);
void lane_lu_free(lane_lu *lu); /* NULL ok */
#endif
