/* ident_internal.h - refits of a profile: all unknowns but one, from a start, within bounds. */
#ifndef GM_METHODS_IDENT_INTERNAL_H
#define GM_METHODS_IDENT_INTERNAL_H
#include "gemel/identify.h"

typedef struct {
  gm_ctx *ctx;
  const gm_objective *f;
  const gm_watch *watch;
  int32_t fixed;           /* the unknown that stays */
  int32_t evaluations_max; /* of one refit */
  bool rough;              /* a noisy objective: no differences */
  uint64_t key;            /* handed to f */
  double x;                /* where `fixed` stays */
  double *full;            /* [room][dim] points; owned, as the next two */
  uint64_t *keys;          /* [room] */
  double *work;            /* [6][dim] */
  int32_t room;
  int64_t evaluations;
  gm_status broken; /* what f returned, if not GM_OK */
} gm__refit;

/* Fails: GM_ERANGE (dim < 1, fixed, bounds, z outside them), GM_ENOMEM. */
gm_status gm__refit_new(gm_ctx *ctx, const gm_objective *f, int32_t fixed, const double *z,
                        gm__refit *r);
void gm__refit_free(gm__refit *r);
/* f at n whole points. */
gm_status gm__refit_value(gm__refit *r, int32_t n, const double *z, double *value);
/* The best z[dim] with z[fixed] = x, from the start in z (others clamped into their bounds).
 * *converged: whether the method says so. Fails, z undefined: GM_EDOMAIN (start not feasible),
 * GM_ECANCELLED, GM_ENOMEM, f's status. */
gm_status gm__refit_run(gm__refit *r, double x, double *z, double *value, bool *converged);
/* The first of the others that sits on a bound of its own at z, or -1. */
int32_t gm__refit_on_bound(const gm__refit *r, const double *z);
double gm__refit_low(const gm__refit *r, int32_t i);  /* -inf if there is none */
double gm__refit_high(const gm__refit *r, int32_t i); /* +inf */
/* The name of unknown i, or "z3", put into text[24]. */
const char *gm__ident_name(const char *const *name, int32_t i, char text[24]);
#endif
