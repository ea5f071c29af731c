/* ledger.h - what a long method was already told, on disk: after its process died it goes on.
 * room: methods
 * Methods of calibrate.h, identify.h and sensitivity.h are functions of their options and of the
 * answers to what they ask of the model. A ledger keeps each answer in a file. Run again with the
 * same options, the method gets its answers from there until they end, and from the model after
 * that: the result has the bytes of an unbroken run, and what is lost is the batch that was under
 * way. Going through the file again costs what the method does between batches, no runs of the
 * model.
 * A run that its watch stopped goes on likewise, and one that is given more draws.
 * One ledger belongs to one call of one method: another method, other options or another order of
 * calls ask other questions, which is found out (GM_EINVAL), as are other data or another model by
 * the first answer, which is always worked out anew and compared. What changes later answers alone
 * is not found out: give a number for it as `subject`.
 * An end that was torn, and whatever follows a damaged place, is cut off and worked out again.
 * Against the death of the machine an answer is safe once the system wrote it down.
 * Threads: one call at a time on one ledger. */
#ifndef GEMEL_LEDGER_H
#define GEMEL_LEDGER_H
#include "gemel/calibrate.h"
#include "gemel/identify.h"
#include "gemel/sensitivity.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_ledger gm_ledger;

/* Opens the file, or makes it. subject: any number that stands for data, model and options; the
 * same as when it was made. ctx is borrowed until close.
 * Fails: GM_EIO (path and reason; somebody has it open already), GM_EPARSE (a file that is no
 * ledger), GM_EINVAL (a ledger of another subject), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_ledger_open(gm_ctx *ctx, const char *path, uint64_t subject,
                                             gm_ledger **out);
GM_API void gm_ledger_close(gm_ledger *l); /* NULL ok; the file stays */
/* Answers that came from the file since it was opened, and those that were added to it. */
GM_API int64_t gm_ledger_replayed(const gm_ledger *l);
GM_API int64_t gm_ledger_added(const gm_ledger *l);

/* The same target, objective, function, with answers kept. All are the caller's; l and of are
 * borrowed for as long as *out is used, and *out must not be moved. What the callbacks fail with
 * also: GM_EINVAL (asked otherwise than when the answer was kept, or answered otherwise), GM_EIO,
 * GM_ENOMEM. */
typedef struct {
  gm_target target;
  const gm_target *of;
  gm_ledger *ledger;
} gm_kept_target;
GM_API void gm_ledger_target(gm_ledger *l, const gm_target *of, gm_kept_target *out);

typedef struct {
  gm_objective objective, of;
  gm_ledger *ledger;
} gm_kept_objective;
GM_API void gm_ledger_objective(gm_ledger *l, gm_objective of, gm_kept_objective *out);

typedef struct {
  gm_function function;
  const gm_function *of;
  gm_ledger *ledger;
} gm_kept_function;
GM_API void gm_ledger_function(gm_ledger *l, const gm_function *of, gm_kept_function *out);

#ifdef __cplusplus
}
#endif
#endif
