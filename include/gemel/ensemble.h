/* ensemble.h - members of one model at one time: what a belief is made of, for every kind.
 * room: model
 * Flat and object state alike. Parameters of member m: theta[i*n + m]; outputs y[m*ny + k]; the
 * macro view macro[m*macro_count + i] (gm_model_macro_count).
 * Threads: one call at a time on one ensemble; calls use the pool given to gm_ensemble_new. */
#ifndef GEMEL_ENSEMBLE_H
#define GEMEL_ENSEMBLE_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_ensemble gm_ensemble;

/* n members of model; model and pool (NULL: the caller's thread alone) are borrowed until free.
 * Nothing is started yet. Fails: GM_ENOMEM, GM_EINVAL (n < 1). */
GM_API GM_NODISCARD gm_status gm_ensemble_new(gm_ctx *ctx, const gm_model *model, gm_pool *pool,
                                              int32_t n, gm_ensemble **out);
GM_API void gm_ensemble_free(gm_ensemble *e); /* NULL ok */
GM_API int32_t gm_ensemble_size(const gm_ensemble *e);
GM_API double gm_ensemble_time(const gm_ensemble *e);
GM_API const gm_model *gm_ensemble_model(const gm_ensemble *e);

/* Borrowed, of the ensemble; may be written between calls. theta[i*n + m] ; status[m]: bits
 * gathered since the start; key[m], slot[m]: whose draws they are. A member that diverged stays
 * where it was and has NaN outputs. */
GM_API double *gm_ensemble_theta(gm_ensemble *e);
GM_API int8_t *gm_ensemble_status(gm_ensemble *e);
GM_API gm_key *gm_ensemble_key(gm_ensemble *e);
GM_API uint64_t *gm_ensemble_slot(gm_ensemble *e);
/* Flat state x[i*n + m], NULL for object state. */
GM_API double *gm_ensemble_state(gm_ensemble *e);

/* Initial states at t0 for the parameters, keys and slots that stand in the ensemble; status is
 * cleared. gm_ensemble_seat first sets every key to `key` and slots to first_slot + m. */
GM_API void gm_ensemble_seat(gm_ensemble *e, gm_key key, uint64_t first_slot);
GM_API GM_NODISCARD gm_status gm_ensemble_init(gm_ensemble *e, gm_ctx *ctx, double t0);

/* One way through a stretch; several when plans are compared. */
typedef struct {
  const gm_edge *edge; /* sorted, in [now, t1] */
  int32_t edge_count;
} gm_drive;

/* Everybody to t1. drive[drive_of[m]] is what happens to member m (drive_of NULL: drive[0]; drive
 * NULL: nothing happens). sample: sorted times in [now, t1], y[n][sample_count][output_count] the
 * outputs there. PARAMETER edges change theta. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_ensemble_advance(gm_ensemble *e, gm_ctx *ctx, double t1,
                                                  const gm_drive *drive, const int32_t *drive_of,
                                                  const double *sample, int32_t sample_count,
                                                  double *y);
/* From here on steps of the integration are handed on from one advance to the next (gm_batch.step)
 * until init, set, select or load, which begin anew (states written by hand do not): short
 * stretches cost less. save does not keep them: for what is not saved on the way. Fails:
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_ensemble_keep_steps(gm_ensemble *e, gm_ctx *ctx);
/* Outputs of the present state: y[m*output_count + k]. */
GM_API GM_NODISCARD gm_status gm_ensemble_observe(gm_ensemble *e, gm_ctx *ctx, double *y);

/* The macro view. set projects each member onto what is feasible (GM_MEMBER_PROJECTED). */
GM_API GM_NODISCARD gm_status gm_ensemble_get(const gm_ensemble *e, gm_ctx *ctx, double *macro);
GM_API GM_NODISCARD gm_status gm_ensemble_set(gm_ensemble *e, gm_ctx *ctx, const double *macro);

/* to's member m becomes from's member ancestor[m] (state, parameters, key, status, time). to may be
 * from. The first of to's members that takes an ancestor keeps its slot; further copies get fresh
 * slots (a hash of ancestor's slot, `generation` and m) and what is memoryless in them is redrawn.
 * Where to is from and every member that is chosen stays in its place (ancestor[m] = m), it is that
 * one which keeps its slot, and only the others are copied.
 * generation: a number of the caller's that it does not use twice. With keep_slots nothing is
 * fresh: copies share all later draws (plans compared on one belief).
 * Fails: GM_ENOMEM; then to is as it was. */
GM_API GM_NODISCARD gm_status gm_ensemble_select(gm_ensemble *to, const gm_ensemble *from,
                                                 gm_ctx *ctx, const int32_t *ancestor,
                                                 uint64_t generation, bool keep_slots);

/* Every member gets a fresh slot (a hash of its own, generation and its number): from here on its
 * draws are others. */
GM_API void gm_ensemble_renew(gm_ensemble *e, uint64_t generation);

/* Everything that decides the future, as bytes; load needs an ensemble of the same model and size.
 * Fails: GM_ENOMEM; load: GM_EPARSE (damaged, or of another model). */
GM_API GM_NODISCARD gm_status gm_ensemble_save(const gm_ensemble *e, gm_ctx *ctx, gm_text *out);
GM_API GM_NODISCARD gm_status gm_ensemble_load(gm_ensemble *e, gm_ctx *ctx, const void *data,
                                               size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
