/* choose_internal.h - gains of options over members, shared by the files of choosing. */
#ifndef GM_METHODS_CHOOSE_INTERNAL_H
#define GM_METHODS_CHOOSE_INTERNAL_H
#include "gemel/choose.h"

/* All arrays lie in one block, `block`. Gains are against option `base`. */
typedef struct {
  const gm_choice *c;
  int32_t base, best; /* best: highest mean value, the first of equals */
  double *block;
  double *weight;  /* [n] normalised                                              */
  double *average; /* [option] mean value                                         */
  double *gain;    /* [option][n] mean over replicates                            */
  double *shrunk;  /* [option][n] the same, shrunk to the variance between members */
  double *work;    /* [n]                                                         */
  gm_parts *parts; /* [option] of the gain; owned                                 */
  double ess;      /* effective number of members                                 */
} gm__gains;

/* base -1: the best option itself. Fails as gm_choose. */
GM_NODISCARD gm_status gm__gains_make(gm_ctx *ctx, const gm_choice *c, int32_t base,
                                      gm__gains *out);
void gm__gains_free(gm__gains *g);
/* Fills shrunk from gain and the values. Fails: GM_ENOMEM, GM_ENUMERIC. */
GM_NODISCARD gm_status gm__gains_shrink(gm_ctx *ctx, gm__gains *g);
/* Mean of u over weight, and the standard error of that mean. */
double gm__gains_mean(const gm__gains *g, const double *u, double *error);
/* E max over options of u[option][n] minus the mean of u of `of`, and its standard error. */
double gm__gains_loss(const gm__gains *g, const double *u, int32_t of, double *error);

static inline double gm__choice_value(const gm_choice *c, int32_t o, int32_t m, int32_t r)
{
  return c->value[((ptrdiff_t)o * c->member_count + m) * c->replicate_count + r];
}

typedef struct {
  double better, better_error, independent;
  double low, high, within_low, within_high;
} gm__better;
/* Option o against base. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__better_of(gm_ctx *ctx, const gm__gains *g, int32_t o, gm__better *out);
#endif
