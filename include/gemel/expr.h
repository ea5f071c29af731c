/* expr.h - one expression over given names: covariate formulas, reporting formulas.
 *
 * The grammar is that of model text (docs/model-text.md) without definitions: numbers with or
 * without unit (70 "kg"), the names given, + - * / ^, the functions, comparisons inside piecewise.
 * `time` is not known. Units of the names, where given, are checked as in a model: where the
 * customary "(WT/70)^0.75" is to pass, give WT no unit, or have it written (WT/70 "kg")^0.75.
 * room: kinds
 * Threads: an expression is immutable; all functions but new and free may run together. */
#ifndef GEMEL_EXPR_H
#define GEMEL_EXPR_H
#include "gemel/base.h"
#include "gemel/unit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_expr gm_expr;

#define GM_EXPR_TERM_COUNT_MAX 1024 /* different terms; names count */

/* Reads text. names [count] are copied into nothing: they are needed during the call only. units
 * [count], or NULL: UCUM or friendly spelling; NULL or "" for a name whose unit is not known. where
 * goes in front of messages ("twin.yaml:9: parameters.CL.covariate"); NULL: "expression".
 * *out is owned by the caller. Fails: GM_EINVAL (a name that cannot be one, or is there twice),
 * GM_EPARSE (with column; a name that is not given), GM_EUNIT, GM_EUNSUPPORTED, GM_ERANGE (too
 * large), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_expr_new(gm_ctx *ctx, const char *text, const char *const *names,
                                          const char *const *units, int32_t count,
                                          const char *where, gm_expr **out);
GM_API void gm_expr_free(gm_expr *e); /* NULL ok */

/* Its value with names = values[count], by gm_math: the same bits on every machine. NaN or infinite
 * where the expression is (ln(-1), 1/0). */
GM_API double gm_expr_eval(const gm_expr *e, const double *values);
/* The unit of its value; *known_out false (and the unit 1) when a name in it has none, or when it
 * is a bare number. */
GM_API gm_unit gm_expr_unit(const gm_expr *e, bool *known_out);
/* Does it depend on name i? (0*x does not.) */
GM_API bool gm_expr_depends(const gm_expr *e, int32_t i);

#ifdef __cplusplus
}
#endif
#endif
