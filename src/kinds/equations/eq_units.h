/* eq_units.h - the units of expressions, and whether they fit.
 *
 * A value is one of: unknown (some name in it has no unit: every check that touches it is silent),
 * a bare number (takes the unit it needs in sums, is 1 in products), or measured: a unit, times
 * perhaps base^exponent where the exponent is a quantity (C^gamma), so that Hill's equation can be
 * checked without knowing gamma. Nothing is ever converted: g and mg do not fit. */
#ifndef GEMEL_EQUATIONS_EQ_UNITS_H
#define GEMEL_EQUATIONS_EQ_UNITS_H
#include "kinds/equations/source.h"
#include "kinds/equations/text_doc.h"

enum { EQT_ATOM_MAX = 6 };

/* A unit and how to say it: its code's atoms with their powers. */
typedef struct {
  gm_unit unit;
  int16_t atom[EQT_ATOM_MAX];
  int8_t power[EQT_ATOM_MAX];
  int8_t count; /* -1: more atoms than are kept */
} eqt_measure;

typedef enum { EQT_UNKNOWN, EQT_NUMBER_ONLY, EQT_MEASURED } eqt_measured_kind;

typedef struct {
  uint8_t kind;
  eqt_measure of;
  eqt_measure base; /* where exponent is not IR_NONE */
  ir_ref exponent;
} eqt_unit;

/* What checks need. atom: names of the atoms. */
typedef struct {
  gm_ctx *ctx;
  eqt_table atom;
  const eqt_text *text; /* of the expression being checked, for messages */
} eqt_units;

void eqt_units_init(eqt_units *u, gm_ctx *ctx);
void eqt_units_free(eqt_units *u);

eqt_unit eqt_unit_unknown(void);
eqt_unit eqt_unit_number(void);
/* The unit with this code; code must outlive u. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status eqt_unit_known(eqt_units *u, const gm_unit *unit, const char *code,
                                      eqt_unit *out);
/* "mg/L", "a plain number", ... for messages. Returns text. */
const char *eqt_unit_text(const eqt_units *u, const eqt_unit *a, char text[160]);

/* The unit of `a op b`; at is the operator's place. exponent: node and, if it is one, value of b.
 * Fails: GM_EUNIT with where and why, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_unit_binary(eqt_units *u, ir_op op, int32_t at, const eqt_unit *a,
                                       const eqt_unit *b, eqt_unit *out);
GM_NODISCARD gm_status eqt_unit_power(eqt_units *u, int32_t at, const eqt_unit *a,
                                      const eqt_unit *b, ir_ref exponent, const double *value,
                                      eqt_unit *out);
GM_NODISCARD gm_status eqt_unit_function(eqt_units *u, ir_op op, const char *name, int32_t at,
                                         const eqt_unit *a, eqt_unit *out);
/* Values that must be alike (min, piecewise, ...): what names the place in the message. */
GM_NODISCARD gm_status eqt_unit_alike(eqt_units *u, const char *what, int32_t at, const eqt_unit *a,
                                      const eqt_unit *b, eqt_unit *out);
/* Does what a name is given fit it? GM_EUNIT: "NAME is in A, but WHAT is in B". */
GM_NODISCARD gm_status eqt_unit_fits(eqt_units *u, int32_t at, const char *name, int32_t bytes,
                                     const eqt_unit *wanted, const char *what, const eqt_unit *got);

/* Appends the names of a model that have no unit, "a, b, c";
 * nothing when all have one. `time` counts as a name. */
void eq_units_missing(const eq_source *s, gm_text *out);
#endif
