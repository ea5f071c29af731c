/* machine.h - a model as jumps: channels, events and flows in a compact code for one member.
 *
 * Registers, one double each:
 *   [0] time  [state..]  [rate..] held input rates  [param..]  [uniform..] draws of an event
 *   [constant..]  [setup..] what depends on parameters alone  [temp..]
 * Every piece of code is a run of operators in `op`; the same operator over the same registers
 * gives the bytes of ir_eval. */
#ifndef GEMEL_JUMP_MACHINE_H
#define GEMEL_JUMP_MACHINE_H
#include "gemel/jump.h"
#include "kinds/equations/source.h"

typedef struct {
  int32_t op, dst, a, b, c;
} jump_op;

typedef struct {
  int32_t first, count; /* in machine->op */
  int32_t result;       /* register that holds the value afterwards */
} jump_code;

typedef struct {
  int32_t state;
  double by;
  jump_code code; /* of by, when it is not a number; count -1: it is a number */
} jump_change;

typedef struct {
  int32_t state;
  double least; /* the channel waits while the state holds less */
} jump_need;

/* How a channel's propensity moves between jumps while no reaction flows. */
typedef enum {
  JUMP_STEADY,    /* it does not: it changes with counts, events and time conditions only */
  JUMP_BY_INFLOW, /* it reads a state that moves only while an input flows into it */
  JUMP_VARYING    /* it reads time or a state with a rate rule */
} jump_motion;

typedef struct {
  char *name; /* owned */
  uint64_t id;
  jump_code propensity;
  int32_t change, change_count; /* in machine->change */
  int32_t need, need_count;     /* in machine->need */
  int32_t next, next_count;     /* in machine->next: channels to look at after a firing */
  int32_t watch, watch_count;   /* in machine->watch: events whose trigger it may change */
  int32_t read, read_count;     /* in machine->read (TAU): states its propensity reads */
  jump_motion motion;
  bool moves_condition; /* a firing may move the time of a time condition */
} jump_channel;

/* TAU: d propensity / d state */
typedef struct {
  int32_t state;
  jump_code slope;
} jump_read;

/* A condition that depends on time linearly between jumps: where it changes, a span is cut. */
typedef struct {
  jump_code value, slope; /* a difference that passes 0, or a number that is rounded */
  bool rounds;            /* floor or ceil: changes at every whole number */
  bool plain;             /* linear all the way from time 0, so its time can be had exactly */
  bool held;              /* depends on parameters and time alone */
} jump_condition;

typedef struct {
  const char *name; /* borrowed from the source */
  uint64_t id;
  jump_code trigger, delay, priority; /* count -1: none */
  jump_code value;                    /* all values; their registers are in value_reg */
  int32_t assign_count;
  int32_t *state, *value_reg; /* [assign_count] */
  bool initial, persistent, at_trigger;
} jump_event;

typedef struct {
  gm_ctx *ctx;
  eq_source source; /* names and units of the tables */
  gm_jump_method method;
  int32_t nx, np, ny, nu;
  int32_t reg_state, reg_rate, reg_param, reg_uniform, reg_constant, reg_setup, reg_count;
  jump_op *op;
  double *constant;
  int32_t op_count, op_room, constant_count, constant_room;
  jump_code setup, init, out, slope;
  int32_t *init_reg, *out_reg, *slope_reg; /* [nx] [ny] [nx]; slope_reg -1: it does not flow */
  uint8_t *is_count;                       /* [nx] changed by channels */
  /* Channels of the model, then one for the input of every count. */
  jump_channel *channel;
  int32_t channel_count, reaction_count; /* all; those of the model */
  jump_change *change;
  jump_need *need;
  jump_read *read;
  int32_t *next, *watch;
  int32_t change_count, need_count, read_count, next_count, watch_count;
  int32_t change_room, need_room, read_room, next_room, watch_room;
  int32_t *entry; /* [nx] channel of the input into a count, -1 */
  jump_condition *condition;
  int32_t condition_count, condition_room;
  jump_code *bend; /* slopes of conditions that are not linear in time: steps resolve them */
  int32_t bend_count, bend_room;
  jump_event *event;
  int32_t event_count, pending_max, queue_max, queue_width;
  bool flows;   /* some state or propensity moves between jumps, always */
  bool delayed; /* some event has a delay: waiting events are kept in the state */
  double tau_epsilon, hybrid_population, hybrid_rate, rtol, atol;
  int64_t firing_max;
  int32_t step_max;
  /* where the parts of the flat state begin */
  int32_t at_rate, at_time, at_clock, at_event, at_queue, at_leap, at_fast, row_count;
} jump_machine;

enum { JUMP_CLOCK_ROWS = 4, JUMP_EVENT_ROWS = 2, JUMP_LEAP_ROWS = 4, JUMP_QUEUE_HEAD = 3 };

/* build.c: takes the source over (it is empty afterwards, also on failure).
 * Fails: GM_EUNSUPPORTED by name, GM_ENOMEM, GM_ERANGE. */
GM_NODISCARD gm_status jump_machine_make(gm_ctx *ctx, const gm_jump_config *config, eq_source *s,
                                         jump_machine *out);
void jump_machine_free(jump_machine *m);
/* jump.c: a model from equations already read; the source is taken over. For tests. */
GM_NODISCARD gm_status jump_model_make(gm_ctx *ctx, const gm_jump_config *config, eq_source *s,
                                       gm_model **out);

/* code.c */
typedef struct {
  gm_ctx *ctx;
  jump_machine *m;
  ir_graph *g;
  int32_t *where; /* [graph] register of a node that keeps one, -1 */
  int32_t *temp;  /* [graph] register of a node in the present piece of code */
  int32_t *stamp; /* [graph] of the last walk that saw the node */
  uint8_t *mark;  /* [graph] NODE_ bits */
  ir_ref *list;   /* nodes of the last walk, ascending */
  int32_t list_count, room, walk;
} jump_coder;

enum { NODE_FIXED = 1, NODE_KNOWN = 2, NODE_CONDITION = 4 };

GM_NODISCARD gm_status jump_coder_begin(jump_coder *c, gm_ctx *ctx, jump_machine *m);
void jump_coder_end(jump_coder *c);
/* Fills list with the nodes f is made of, operands first. cut: does not look below time conditions
 * already marked. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status jump_walk(jump_coder *c, ir_ref f, bool cut);
/* After the last expression was made: gives what depends on parameters alone its registers. */
GM_NODISCARD gm_status jump_setup_make(jump_coder *c, const ir_ref *root, int32_t root_count);
/* Code for n expressions; their registers come in reg_out. */
GM_NODISCARD gm_status jump_code_make(jump_coder *c, const ir_ref *root, int32_t n,
                                      int32_t *reg_out, jump_code *out);

/* Runs the code; the value is returned, and left in its register. */
static inline double jump_code_run(const jump_machine *m, const jump_code *code, double *reg)
{
  const jump_op *o = m->op + code->first, *end = o + code->count;
  for (; o < end; o++) {
    double a = reg[o->a];
    switch (o->op) {
    case IR_MUL: reg[o->dst] = a * reg[o->b]; break;
    case IR_ADD: reg[o->dst] = a + reg[o->b]; break;
    case IR_SUB: reg[o->dst] = a - reg[o->b]; break;
    case IR_DIV: reg[o->dst] = a / reg[o->b]; break;
    default: reg[o->dst] = ir_apply((ir_op)o->op, a, reg[o->b], reg[o->c]);
    }
  }
  return reg[code->result];
}
#endif
