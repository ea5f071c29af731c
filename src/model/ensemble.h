/* ensemble.h - inside of an ensemble, for the files of this room. */
#ifndef GEMEL_MODEL_ENSEMBLE_H
#define GEMEL_MODEL_ENSEMBLE_H
#include "gemel/ensemble.h"

struct gm_ensemble {
  gm_ctx *ctx;
  const gm_model *model;
  gm_pool *pool;
  gm_model_info info;
  int32_t n, worker_count;
  double t;
  double *x;  /* [i*n + m] */
  void **obj; /* [n] */
  double *theta;
  gm_key *key;
  uint64_t *slot;
  int8_t *status, *call; /* gathered since the start; of the last call */
  bool keys_differ;      /* perhaps: somebody asked for the keys, or they were loaded */
  double *step;          /* [n] handed on between advances; NULL: not */
  int32_t *move;         /* [2n] who changes, and from whom; NULL until members are chosen */
  struct {
    gm_work *work;
    gm_arena *arena;
  } worker[];
};

/* Steps that are handed on begin anew. */
void gm__ensemble_forget(gm_ensemble *e);
gm_batch gm__ensemble_batch(const gm_ensemble *e, int32_t first, int32_t count);
#endif
