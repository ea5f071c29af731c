/* structural.h - which unknowns of equations could be found from perfect measurements.
 * room: kinds/equations
 * Local structural identifiability: the outputs and their derivatives with respect to the unknowns
 * are expanded as power series in time, exactly, at random points modulo a prime of 61 bits; an
 * unknown is identifiable when no direction that leaves every coefficient as it is moves it
 * (Sedoglavic 2002, J. Symb. Comput. 33:735). "Locally": up to finitely many other values. The
 * answer is exact but for a chance below 1e-12, and says nothing about noise. */
#ifndef GEMEL_STRUCTURAL_H
#define GEMEL_STRUCTURAL_H
#include "gemel/equations.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *text; /* as in gm_eq_config */
  const char *text_name;
  gm_eq_format format;
  const char *const *observe; /* expressions over the model's names: what is measured, all times */
  int32_t observe_count;      /* >= 1 */
  const char *const
      *unknown;             /* parameters, or states whose start is unknown. Without a parameter */
  int32_t unknown_count;    /* among them: every parameter is unknown */
  const char *const *known; /* parameters that have the value of the text */
  int32_t known_count;
  const char *const *input; /* states with a known input that may be any function of time */
  int32_t input_count;
  bool start_free; /* every state's start is unknown; else it is what the text says */
  uint64_t seed;
  const gm_watch *watch; /* may be NULL */
} gm_structural_config;

typedef struct {
  char *name; /* "k", or "x(0)" for a start */
  bool identifiable;
} gm_structural_row;

typedef struct {
  gm_structural_row *unknown; /* parameters in the order of the text, then starts */
  /* Of unknowns that are not: products of powers "a01*a12", sums "k1 + k2", and sums of products
   * or ratios of two "k + CL/V" (those for at most 15 unknowns that are not), themselves found. */
  char **combination;
  int32_t unknown_count, combination_count;
  int32_t rank;               /* how many independent functions of the unknowns can be found */
  int32_t other_count;        /* of these, those in none of `combination` */
  int32_t order, point_count; /* longest series used; random points */
  bool
      stopped; /* by the watch: verdicts are of the points done, not confirmed modulo another prime,
                   and combinations may lack */
  gm_ctx *ctx; /* private */
} gm_structural;

/* Tests the model. *out is owned by the caller. Any thread. Stopped by the watch, it gives what is
 * known once one point is done (stopped).
 * Fails: as gm_model_new for the text; GM_EINVAL (no output, a name said twice over);
 * GM_ENOTFOUND (a name); GM_EUNSUPPORTED, by name (events, delays, draws, algebraic equations,
 * piecewise, comparisons, min, max, abs, rounding, functions without a series here); GM_ERANGE (too
 * many unknowns and states, too much memory); GM_EDOMAIN (the series does not exist at the start,
 * for example 1/x at x(0) = 0); GM_ENUMERIC (two primes disagree); GM_ECANCELLED
 * (stopped before the first point was done); GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_structural_test(gm_ctx *ctx, const gm_structural_config *config,
                                                 gm_structural **out);
GM_API void gm_structural_free(gm_structural *s); /* NULL ok */

#ifdef __cplusplus
}
#endif
#endif
