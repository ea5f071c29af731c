/* run.h - inside of the runner: one block of members on one worker. */
#ifndef GEMEL_MODEL_RUN_H
#define GEMEL_MODEL_RUN_H
#include "gemel/schedule.h"

/* Members of one task, value i of member m at [i*room + m]. */
typedef struct {
  const gm_model *model;
  gm_model_info info;
  gm_work *work;
  gm_arena *arena;
  int32_t n, room;
  double *x, *theta; /* x NULL: object state */
  void **obj;
  int8_t *status;      /* what the member came to so far: bits are gathered */
  int8_t *call_status; /* of the last call */
  const gm_key *key;
  const uint64_t *slot;
  uint64_t slot0;
} run_block;

gm_batch gm__run_batch(const run_block *b);
/* Brings every member whose leg is a steady one to its periodic state. leg[m] NULL: not concerned.
 * Newton on the map over one cycle, Jacobian by differences in a batch; plain cycles where Newton
 * does not help. */
gm_status gm__steady_find(gm_ctx *ctx, run_block *b, const gm_leg *const *leg,
                          const gm_timeline *const *timeline);
#endif
