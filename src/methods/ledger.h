/* ledger.h - questions and answers of any kind in a ledger, for methods that keep their own.
 * room: methods */
#ifndef GEMEL_METHODS_LEDGER_H
#define GEMEL_METHODS_LEDGER_H
#include "gemel/ledger.h"

/* What was asked. */
typedef enum {
  GM__ASKED_LOGLIK = 1,
  GM__ASKED_GRADIENT,
  GM__ASKED_RESIDUAL,
  GM__ASKED_JACOBIAN,
  GM__ASKED_SIMULATE,
  GM__ASKED_OBJECTIVE,
  GM__ASKED_FUNCTION,
  GM__ASKED_SWARM,  /* an iteration of iterated filtering */
  GM__ASKED_MEMBERS /* the runs of a stage of ES-MDA */
} gm__asked;

typedef struct {
  void *at;
  size_t bytes;
} gm__piece;

/* The next answer into the pieces, *found set; not found (or l NULL): the caller works it out and
 * calls keep with the same question. question: a hash of all that decides the answer.
 * Fails: GM_EINVAL (the next answer is to another question), GM_EIO, GM_ENOMEM. */
GM_NODISCARD gm_status gm__ledger_take(gm_ledger *l, gm_ctx *ctx, gm__asked kind, uint64_t question,
                                       const gm__piece *piece, int32_t count, bool *found);
GM_NODISCARD gm_status gm__ledger_keep(gm_ledger *l, gm_ctx *ctx, gm__asked kind, uint64_t question,
                                       const gm__piece *piece, int32_t count);
#endif
