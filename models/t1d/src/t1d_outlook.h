/* t1d_outlook.h - what a belief says of the next hours: what controllers and explanations go by.
 * Glucose is that under the skin without the sensor's error, in mg/dL. Members run on from now with
 * all that was given and eaten, nothing more is eaten, and basal insulin goes on at the rate that
 * the outlook was asked for. A unit given j steps later acts as per_unit does, j steps later: exact
 * as far as the model is linear in insulin.
 * Threads: plain data. */
#ifndef T1D_OUTLOOK_H
#define T1D_OUTLOOK_H
#include "gemel/base.h"

typedef struct {
  double t_min;    /* now */
  double step_min; /* times are t_min + step_min (k + 1) */
  int32_t steps, members;
  double basal_u_per_h;        /* what goes on */
  const double *glucose_mgdl;  /* [members][steps] */
  const double *per_unit_mgdl; /* [members][steps]: change by one unit given at once, now; NULL
                                  where it was not asked for */
  const double *weight;        /* [members], sum 1 */
} t1d_outlook;
#endif
