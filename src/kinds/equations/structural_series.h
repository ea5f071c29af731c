/* structural_series.h - power series of a model's outputs, with tangents, modulo a prime. */
#ifndef GEMEL_EQUATIONS_STRUCTURAL_SERIES_H
#define GEMEL_EQUATIONS_STRUCTURAL_SERIES_H
#include "kinds/equations/source.h"
#include "kinds/equations/structural_field.h"

/* The model in the operators the series know: const, time, state, param, neg, add, sub, mul, div,
 * sqrt, exp, ln, tan, arctan. */
typedef struct {
  gm_ctx *ctx;
  ir_graph *graph;                  /* borrowed */
  int32_t state_count, param_count; /* of the model */
  int32_t output_count, unknown_count;
  ir_ref *rate, *initial, *value; /* [state_count], [state_count], [output_count] owned */
  int32_t *param_column;          /* [param_count] its unknown, -1 known; owned */
  int32_t *state_column;          /* [state_count] the unknown that its start is, -1; owned */
  double *param_value;            /* [param_count] owned */
  bool *driven;                   /* [state_count] has an input; owned */
  ir_ref *partner; /* [graph->count] tan, arctan: 1 + square of the value, of the operand; owned */
  bool *used;      /* [graph->count] owned */
  uint64_t seed;
  const gm_watch *watch; /* borrowed, may be NULL */
} ss_problem;

/* Rewrites g's expressions; those of s (rate, initial, value) are left. graph of p is set.
 * Fails: GM_EUNSUPPORTED (an operator, by name), GM_ENOMEM. */
GM_NODISCARD gm_status gm__series_rewrite(ss_problem *p, eq_source *s);

/* One random point: the span of the derivatives of all coefficients with respect to the unknowns,
 * and the unknowns' values there [unknown_count]. order: the longest series used.
 * Fails: GM_EDOMAIN, GM_ERANGE, GM_ECANCELLED, GM_ENOMEM. */
GM_NODISCARD gm_status gm__series_point(const ss_problem *p, uint64_t prime, int32_t point,
                                        sf_span *span, uint64_t *value, int32_t *order);
#endif
