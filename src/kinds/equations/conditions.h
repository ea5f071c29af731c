/* conditions.h - where the equations jump: comparisons and roundings that vary while time runs. */
#ifndef GEMEL_EQUATIONS_CONDITIONS_H
#define GEMEL_EQUATIONS_CONDITIONS_H
#include "kinds/equations/source.h"

/* node[0..mode_count-1] stand in the rates, which read them as IR_MODE leaves; the others only in
 * triggers. A step is cut where the value of any changes. */
typedef struct {
  ir_ref *node; /* owned */
  int32_t count, room, mode_count;
  ir_ref *gap;         /* [count] a - b of a comparison, IR_NONE for roundings; owned */
  ir_ref *size;        /* [count] larger of |a| and |b|; owned */
  ir_ref *rate;        /* [state_count] rates with IR_MODE leaves; owned */
  ir_ref *past;        /* [delay_count] what delays look at, likewise; owned */
  uint8_t *event_uses; /* [event_count][count] does the event's trigger hang on it?; owned */
} eq_conditions;

/* bends: also where min, max and abs change branch, which derivatives need.
 * Equalities cannot be seen to change between two points: a < b and b < a are watched with them.
 * Fails: GM_ENOMEM, GM_ERANGE. */
GM_NODISCARD gm_status eq_conditions_make(eq_source *s, bool bends, eq_conditions *out);
void eq_conditions_free(eq_conditions *c);
#endif
