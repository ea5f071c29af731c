/* lane_sundials.h - CVODE and IDA of SUNDIALS behind one small interface: the last method for a
 * member whose own ones gave up (lane_fallback.h). Built in where SUNDIALS is installed (CMake
 * option GEMEL_SUNDIALS); without it nothing but lane_sundials_version and lane_sundials_new is
 * ever called. Knows nothing of lanes: plain vectors of nx doubles. */
#ifndef GEMEL_EQUATIONS_LANE_SUNDIALS_H
#define GEMEL_EQUATIONS_LANE_SUNDIALS_H
#include "gemel/base.h"

typedef struct lane_sundials lane_sundials;

/* M x' = f(t, x), M = 1 for states, 0 for algebraic ones. */
typedef struct {
  void *user;
  /* False: not all of f are finite. */
  bool (*rates)(void *user, double t, const double *x, double *f);
  /* d f[i] / d x[j] to jacobian[j*nx + i], which is 0 before. May hold what is not finite. */
  void (*jacobian)(void *user, double t, const double *x, double *jacobian);
} lane_sundials_model;

/* Version of the library that is built in; NULL: none. Any thread. */
const char *lane_sundials_version(void);

/* A solver for nx states, algebraic[nx] telling which of them are algebraic (then it is IDA, else
 * CVODE). All memory it will need is taken here. *out is owned by the caller; NULL where nothing is
 * built in. Fails: GM_ENOMEM. Threads: one at a time. */
GM_NODISCARD gm_status lane_sundials_new(gm_ctx *ctx, int32_t nx, const bool *algebraic,
                                         lane_sundials **out);
void lane_sundials_free(lane_sundials *s); /* NULL ok */

/* [nx] the present state, and the absolute tolerances; to be written before _begin. */
double *lane_sundials_state(lane_sundials *s);
double *lane_sundials_atol(lane_sundials *s);

/* Begins anew at time t; nothing is left of what was before. first: first step, 0: chosen. model is
 * borrowed until the next _begin. False: it cannot begin here. */
bool lane_sundials_begin(lane_sundials *s, const lane_sundials_model *model, double t, double first,
                         double rtol);
/* One step, of any length, that does not go beyond t_stop; the state and *t become those of its
 * end, t_stop exactly where it is reached. False: no step could be made. */
bool lane_sundials_step(lane_sundials *s, double t_stop, double *t);
/* [nx] states at a time inside the last step; NULL: there is none. */
const double *lane_sundials_at(lane_sundials *s, double t);
#endif
