/* source.h - a model text after reading: names, units and expressions in the internal form. */
#ifndef GEMEL_EQUATIONS_SOURCE_H
#define GEMEL_EQUATIONS_SOURCE_H
#include "gemel/equations.h"
#include "gemel/unit.h"
#include "kinds/equations/ir.h"

typedef struct {
  char *name;
  char *unit;   /* canonical UCUM, "" none stated */
  char *source; /* from a trailing comment `# source: ...`, "" none */
  double value; /* parameter: its value; state: its initial value when that is a number, else NaN */
} eq_name;

typedef struct {
  char *model_name; /* of `model NAME`, else "model" */
  char *time_unit;  /* canonical UCUM of `time`, "" none stated */
  ir_graph graph;
  int32_t state_count, parameter_count, output_count;
  eq_name *state, *parameter, *output;
  ir_ref *rate;    /* [state_count] x' without input */
  ir_ref *initial; /* [state_count] in parameters (and time) only */
  ir_ref *derived; /* [parameter_count] IR_NONE, or the initial assignment of that parameter in
                      other parameters; then its value is not free and it is no row of the table */
  ir_ref *value;   /* [output_count] */
  int32_t derived_count; /* parameter[] and derived[] go on behind the free ones with the derived
                            ones. No expression here refers to them: they are written out in the
                            free parameters. Their eq_name.value is the one at nominal values. */
  char *no_unit;         /* names without unit, "a, b, c"; see eq_units_missing */
} eq_source;

/* Reads a text and the outputs asked for. Rules (x := ...) are substituted where they are used.
 * Checks: every name has a value or a rule, no cycles, units where stated agree (GM_EUNIT).
 * Fails with "file:line:column: what, what was expected". */
GM_NODISCARD gm_status eq_source_read(gm_ctx *ctx, const gm_eq_config *config, eq_source *out);
void eq_source_free(eq_source *s); /* NULL ok; leaves it empty */
#endif
