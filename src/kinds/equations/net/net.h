/* net.h - a model as its author wrote it: compartments, species, reactions, rules, events, before
 * names are substituted or anything is solved. Readers (text, SBML) fill it; net_lower makes the
 * equations from it; net_write_sbml writes it out.
 *
 * Expressions are nodes of `graph` whose names are IR_SYMBOL leaves (index: the symbol), time is
 * IR_TIME, delay(x, tau) is IR_DELAYED, rateOf(x) is IR_RATE_OF of a symbol, and a draw is made of
 * IR_UNIFORM leaves and quantiles. The meaning of a species' symbol in expressions, rules,
 * initial assignments and event assignments is what SBML says: its amount when amount_only, else
 * its concentration, amount / size of its compartment (SBML L3V2, section 4.6.5). */
#ifndef GEMEL_EQUATIONS_NET_H
#define GEMEL_EQUATIONS_NET_H
#include "gemel/equations.h"
#include "kinds/equations/ir.h"
#include "kinds/equations/source.h"

typedef enum {
  NET_PARAMETER,   /* also a local parameter, named REACTION.NAME by the reader                */
  NET_COMPARTMENT, /* value: its size                                                          */
  NET_SPECIES,
  NET_REACTION,     /* its symbol is its rate (extent / time); the reader sets no rule for it    */
  NET_STOICHIOMETRY /* a species reference with an id: value, rule, ... like a parameter        */
} net_kind;

typedef struct {
  char *name;   /* owned; unique */
  char *unit;   /* UCUM, "" none stated; owned */
  char *source; /* "" unknown; owned */
  net_kind kind;
  int32_t line;         /* in the file, for messages; 0 unknown */
  bool constant;        /* its author says it never changes */
  bool amount_only;     /* species: see above */
  bool boundary;        /* species: reactions do not change it */
  bool value_is_amount; /* species: `value` is an amount (else a concentration) */
  int32_t compartment;  /* species: symbol, -1 none */
  int32_t conversion;   /* species: symbol of its conversion factor, -1 none */
  int32_t dimensions;   /* compartment: 0..3; 0: a species in it is an amount always */
  double value;         /* stated at the start, NaN none */
  ir_ref initial;       /* initial assignment, IR_NONE none (then value) */
  ir_ref rule;          /* assignment rule, IR_NONE none */
  ir_ref rate;          /* rate rule, IR_NONE none */
} net_symbol;

/* A species in a reaction. by: what one unit of extent adds to it (negative: a reactant), before
 * the species' conversion factor. */
typedef struct {
  int32_t species;
  ir_ref by;
} net_part;

typedef struct {
  int32_t symbol; /* NET_REACTION */
  ir_ref rate;    /* kinetic law, extent / time; IR_NONE: it has none (then nothing moves) */
  int32_t part, part_count; /* in net->part */
  bool fast, reversible;
} net_reaction;

typedef struct {
  int32_t symbol;
  ir_ref value;
} net_assign;

typedef struct {
  char *name; /* owned */
  int32_t line;
  ir_ref trigger, delay, priority; /* IR_NONE: no delay, no priority; trigger IR_NONE: never */
  bool initial;                    /* value of the trigger before the start */
  bool persistent;                 /* stays scheduled when the trigger falls back */
  bool at_trigger; /* assignments are worked out when it is triggered, not when it is executed */
  int32_t assign, assign_count; /* in net->assign */
} net_event;

typedef struct {
  ir_ref what, lag;
  ir_ref before; /* net_lower: `what` before the start, where nothing moves */
} net_delay;

typedef struct net {
  gm_ctx *ctx;
  ir_graph graph;
  char *name, *time_unit; /* owned; time_unit UCUM or "" */
  const char *file;       /* borrowed, for messages */
  net_symbol *symbol;
  net_reaction *reaction;
  net_part *part;
  net_event *event;
  net_assign *assign;
  net_delay *delay;  /* IR_DELAYED leaves count in here */
  ir_ref *algebraic; /* 0 = ...; all to hold at once */
  int32_t symbol_count, reaction_count, part_count, event_count, assign_count, delay_count,
      algebraic_count, uniform_count; /* IR_UNIFORM leaves 0..uniform_count-1 */
  int32_t symbol_room, reaction_room, part_room, event_room, assign_room, delay_room,
      algebraic_room;
  int32_t *slot; /* hash table of symbols by name, -1 empty */
  int32_t slot_count;
} net;

/* net.c. One thread at a time. Everything added is zeroed; refs must then be set to IR_NONE or a
 * node (net_symbol_add and the others do that). */
GM_NODISCARD gm_status net_init(net *n, gm_ctx *ctx, const char *file);
void net_free(net *n);
/* A new symbol. Fails: GM_EPARSE (the name is taken: the message says by what), GM_ENOMEM. */
GM_NODISCARD gm_status net_symbol_add(net *n, net_kind kind, const char *name, int32_t *index_out);
int32_t net_find(const net *n, const char *name, size_t bytes); /* -1: not there */
/* A reaction and its symbol. Parts are added right after their reaction. */
GM_NODISCARD gm_status net_reaction_add(net *n, const char *name, int32_t *index_out);
GM_NODISCARD gm_status net_part_add(net *n, int32_t species, ir_ref by);
/* An event; its assignments are added right after it. */
GM_NODISCARD gm_status net_event_add(net *n, const char *name, int32_t *index_out);
GM_NODISCARD gm_status net_assign_add(net *n, int32_t symbol, ir_ref value);
GM_NODISCARD gm_status net_delay_add(net *n, ir_ref what, ir_ref lag, ir_ref *leaf_out);
GM_NODISCARD gm_status net_algebraic_add(net *n, ir_ref zero);
/* Leaf of a fresh uniform draw. */
ir_ref net_uniform(net *n);
/* Message "file:line: ..." (line 0: "file: ..."), returns s. */
gm_status net_fail(const net *n, int32_t line, gm_status s, const char *format, ...)
    GM_PRINTF(4, 5);

/* net_lower.c: the equations of a network. n is used up (its graph moves to out) but must still be
 * freed. config gives outputs asked for (`asked` are their expressions over symbols, from
 * net_output_read) and names of which the initial value becomes a parameter.
 * Fails: GM_EPARSE (circular rules, two rules for one name, a name without value), GM_EUNSUPPORTED
 * by name, GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status net_lower(net *n, const gm_eq_config *config, const ir_ref *asked,
                                 eq_source *out);

/* net_output.c: the expression of an output asked for, over the network's names; besides the
 * functions of model texts it knows amount(S), concentration(S) and rateOf(x). o has been looked at
 * (eq_source_read).
 * Fails: GM_EPARSE with where and what, GM_ENOMEM. */
GM_NODISCARD gm_status net_output_read(net *n, const gm_eq_output *o, ir_ref *out);

/* net_write.c: the network as SBML Level 3 Version 2 core, appended to out.
 * Fails: GM_EUNSUPPORTED by name, GM_ENOMEM. */
GM_NODISCARD gm_status net_write_sbml(const net *n, gm_text *out);
#endif
