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

/* How a state moves between events. */
typedef enum {
  EQ_STATE_RATE,     /* rate is its slope */
  EQ_STATE_HELD,     /* constant: rate is 0 */
  EQ_STATE_ALGEBRAIC /* rate is an expression that is 0; all such rows hold together (index 1) */
} eq_state_kind;

typedef struct {
  int32_t state;
  ir_ref value;
} eq_assign;

/* SBML L3V2 section 4.11 (events). */
typedef struct {
  char *name;
  ir_ref trigger, delay, priority; /* delay, priority: IR_NONE none */
  bool initial;                    /* the trigger's value before the start */
  bool persistent, at_trigger;     /* at_trigger: values from when it was triggered */
  int32_t assign, assign_count;    /* in eq_source.assign: all at once */
} eq_event;

typedef struct {
  ir_ref what, lag; /* the value of `what` at t - lag */
  ir_ref before;    /* its value at a time before the start, in time and parameters; IR_NONE: `what`
                       with every state at its initial value */
} eq_delay;

/* A reaction as a jump: at the rate `propensity` [1/time] the states change[first..] grow by `by`.
 * Amounts are counts. */
typedef struct {
  char *name;
  ir_ref propensity;
  int32_t change, change_count;
  bool reversible; /* its kinetic law may be negative: no propensity */
} eq_channel;

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
  uint8_t *kind;         /* [state_count] eq_state_kind */
  eq_event *event;
  eq_assign *assign; /* of events */
  eq_delay *delay;   /* what IR_DELAYED leaves stand for */
  eq_channel *channel;
  eq_assign *change; /* of channels: value is what is added */
  ir_ref *slow;      /* [state_count] the slope from rate rules alone, without reactions */
  int32_t event_count, assign_count, delay_count, channel_count, change_count;
  int32_t uniform_count; /* IR_UNIFORM leaves, in initial values and event assignments only */
  char *no_unit;         /* names without unit, "a, b, c"; see eq_units_missing */
} eq_source;

/* Is the text SBML by its beginning: a '<' after blanks and a byte order mark? No model text begins
 * so. */
bool eq_looks_like_sbml(const char *text);
/* What stands in front of messages about an output: its place if it has one, else its name. */
const char *eq_output_where(const gm_eq_output *o);
/* Reads a text and the outputs asked for. Rules (x := ...) are substituted where they are used.
 * Checks: every name has a value or a rule, no cycles, units where stated agree (GM_EUNIT).
 * Fails: GM_EINVAL (no text; an output without name or expression, a name twice), GM_EPARSE,
 * GM_EUNIT, GM_EUNSUPPORTED, GM_EDOMAIN, GM_ERANGE with "file:line:column: what, what was
 * expected", GM_ENOMEM; *out is then untouched, else freed by the caller with eq_source_free. */
GM_NODISCARD gm_status eq_source_read(gm_ctx *ctx, const gm_eq_config *config, eq_source *out);
void eq_source_free(eq_source *s); /* NULL ok; leaves it empty */
#endif
