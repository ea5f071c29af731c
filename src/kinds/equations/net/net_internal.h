/* net_internal.h - what the files of net_lower share.
 *
 * Lowering goes in passes, each a walk over "things" that need each other (nodes of the graph,
 * values and slopes of symbols), every thing worked out once and without recursion:
 *  1. roles: what each symbol is;
 *  2. now: every expression with names substituted. Its leaves are IR_STATE(symbol), whatever the
 *     symbol holds (a state, a parameter, the unknown of an algebraic rule);
 *  3. start: the same at the start, in IR_PARAM(symbol) leaves and time;
 *  4. final: what is needed of 2 and 3, with the numbers of states and parameters put in, in a
 *     graph of its own. */
#ifndef GEMEL_EQUATIONS_NET_INTERNAL_H
#define GEMEL_EQUATIONS_NET_INTERNAL_H
#include "kinds/equations/net/net.h"

/* Nodes looked through in search of derivatives and of unknowns, at most: some seconds. */
#define NL_WORK_MAX INT64_C(2000000000)

/* ---- walks ---------------------------------------------------------------------------------- */
typedef struct lowering lowering;
/* Works a thing out, or asks nl_need for what is missing and returns GM_OK (it is called again). */
typedef gm_status nl_visit(lowering *l, int32_t thing, ir_ref *out);

typedef struct {
  gm_ctx *ctx;
  nl_visit *visit;
  const char *what;      /* for messages: "rules", ... that go in a circle */
  const ir_graph *graph; /* the one that grows; its failures stop the walk */
  int32_t node_count;    /* things below are nodes, things above are symbols, some times over */
  int32_t count;
  ir_ref *result; /* [count] */
  uint8_t *mark;  /* [count] */
  int32_t *stack;
  int32_t depth, room;
  int32_t closing; /* the thing that was asked for while it was being worked out, -1 none */
  bool waiting;    /* something that is needed is not there yet */
  gm_status status;
} nl_walk;

GM_NODISCARD gm_status nl_walk_init(nl_walk *w, gm_ctx *ctx, const ir_graph *graph,
                                    int32_t node_count, int32_t count, nl_visit *visit,
                                    const char *what);
void nl_walk_free(nl_walk *w);
/* Within a visit: the result of a thing, or IR_NONE (and waiting is set). */
ir_ref nl_need(nl_walk *w, int32_t thing);
/* Works a thing out with all it needs. Fails: GM_EPARSE (a circle, with its names), what visit
 * fails with, GM_ENOMEM. */
GM_NODISCARD gm_status nl_walk_run(lowering *l, nl_walk *w, int32_t thing, ir_ref *out);
/* Operands of a node mapped, and the operator made again in `to`. */
ir_ref nl_remake(nl_walk *w, const ir_graph *from, int32_t node, ir_graph *to);

/* ---- the lowering --------------------------------------------------------------------------- */
typedef enum {
  NL_PARAMETER, /* never changes, stated number */
  NL_DERIVED,   /* never changes, initial assignment */
  NL_RULE,
  NL_REACTION,
  NL_RATE,      /* state: rate rule (events may set it too) */
  NL_AMOUNT,    /* state: amount of a species that reactions change */
  NL_HELD,      /* state: only events change it */
  NL_ALGEBRAIC, /* unknown of an algebraic rule */
  NL_SOLVED,    /* was algebraic; now an expression in other things */
  NL_POOL       /* state: a sum of amounts that fast reactions leave alone */
} nl_role;

typedef struct {
  uint8_t role;      /* nl_role */
  bool holds_amount; /* species: IR_STATE(symbol) is its amount; else what the symbol means */
  bool jumps;        /* events assign it */
  bool moves;        /* reactions change it */
  bool fast;         /* fast reactions change it */
  int32_t reaction;  /* NET_REACTION: which; else -1 */
  int32_t part;      /* species: its places in part_of begin here */
  int32_t row;       /* the row of lowering.row that determines it, else -1 */
  int32_t free;      /* number among the free initial values, -1 none */
  int32_t state, parameter; /* numbers in the result, -1 none */
  ir_ref solution;          /* NL_SOLVED */
} nl_symbol;

struct lowering {
  gm_ctx *ctx;
  net *n;
  ir_graph *graph; /* of n */
  const gm_eq_config *config;
  const ir_ref *asked;
  eq_source *out;
  int32_t count;          /* symbols of n; pools count on behind them */
  int32_t pool_count;     /* known once fast reactions are worked out */
  nl_symbol *symbol;      /* [count + fast species] */
  int32_t *part_of;       /* parts by species, in order */
  int32_t *part_reaction; /* [part_count] */
  ir_ref *row;            /* 0 = row, all at once: algebraic rules, then fast reactions */
  int32_t *row_unknown;   /* the symbol each is solved for, -1 not known yet */
  int32_t row_count;
  int32_t *fast; /* species that fast reactions change */
  int32_t fast_count;
  ir_ref *pool_rate, *pool_start; /* [fast_count] */
  char **pool_name;               /* [fast_count] owned */
  ir_ref *pool_weight;            /* [pool][fast_count] what one of a fast species adds to a pool */
  nl_walk now, start, final;
  int32_t *free_symbol; /* [config->free_initial_count] */
  double *free_value;   /* likewise, the default of NAME(0) */
  bool plain;           /* while defaults are worked out: no initial value is free */
  int32_t *delay_index; /* [delay_count] in the result, -1 not used */
  int32_t *delay_live;  /* [delay_count] numbers of the delays in use, in the result's order */
  int32_t delay_live_count;
  int64_t work; /* see NL_WORK_MAX */
};

/* Does the symbol mean a concentration? */
bool nl_means_concentration(const lowering *l, int32_t symbol);
/* Does the size of this compartment never change? */
bool nl_is_constant(const lowering *l, int32_t symbol);
bool nl_is_state(const lowering *l, int32_t symbol);
gm_status nl_fail(const lowering *l, int32_t symbol, gm_status s, const char *format, ...)
    GM_PRINTF(4, 5);
/* Counts nodes looked through. Fails: GM_ERANGE with the symbol's line, beyond NL_WORK_MAX. */
GM_NODISCARD gm_status nl_worked(lowering *l, ir_ref nodes, int32_t symbol, const char *what);
/* Shorthands. */
ir_ref nl_un(lowering *l, ir_op op, ir_ref a);
ir_ref nl_bin(lowering *l, ir_op op, ir_ref a, ir_ref b);
ir_ref nl_number(lowering *l, double value);
bool nl_is_number(const lowering *l, ir_ref r, double value);

/* net_lower_roles.c: the role of every symbol. Fails: GM_EPARSE, GM_EUNSUPPORTED, GM_ENOMEM. */
GM_NODISCARD gm_status nl_roles(lowering *l);
/* net_lower_match.c: which symbol each algebraic rule determines. */
GM_NODISCARD gm_status nl_match(lowering *l);
/* net_lower_before.c: net_delay.before of every delay. */
GM_NODISCARD gm_status nl_before(lowering *l);
/* net_lower_now.c: every expression of the network with names substituted; then what became of a
 * node, of what a symbol means, of a slope. */
GM_NODISCARD gm_status nl_now(lowering *l);
ir_ref nl_now_node(const lowering *l, ir_ref node); /* IR_NONE for IR_NONE */
ir_ref nl_now_value(const lowering *l, int32_t symbol);
ir_ref nl_now_rate(const lowering *l, int32_t symbol);
/* net_lower_algebraic.c: solves rows that are linear in their unknown. */
GM_NODISCARD gm_status nl_algebraic(lowering *l, int32_t row_first);
/* *out: 0: f does not depend on the state, 1: linear, 2: otherwise. */
GM_NODISCARD gm_status nl_degree(lowering *l, ir_ref f, int32_t state, int *out);
/* f with `with` in place of IR_STATE(state). */
ir_ref nl_put(lowering *l, ir_ref f, int32_t state, ir_ref with);
/* net_lower_start.c */
GM_NODISCARD gm_status nl_start_free(lowering *l); /* defaults of NAME(0) */
GM_NODISCARD gm_status nl_start(lowering *l);
/* What an expression of "now" is at the start. */
GM_NODISCARD gm_status nl_start_of(lowering *l, ir_ref now, ir_ref *out);
/* The number an expression in parameters and time is at the start with parameters as stated; NaN:
 * none (not finite, a draw). */
GM_NODISCARD gm_status nl_nominal(lowering *l, const ir_ref *f, int32_t count, double *out);
/* net_lower_fast.c: pools that fast reactions leave alone, rows of what they keep in balance. */
GM_NODISCARD gm_status nl_fast(lowering *l);
/* net_lower_event.c: events and channels of the result, in expressions of "now". */
GM_NODISCARD gm_status nl_events(lowering *l);
GM_NODISCARD gm_status nl_channels(lowering *l);
/* net_lower_names.c: which symbols are which rows of the result, their names and units. */
GM_NODISCARD gm_status nl_order(lowering *l);
GM_NODISCARD gm_status nl_names(lowering *l);
GM_NODISCARD gm_status nl_outputs(lowering *l);
GM_NODISCARD gm_status nl_unitless(lowering *l);
/* net_lower_out.c: pass 4, into l->out; the graph made there is its own. */
GM_NODISCARD gm_status nl_out(lowering *l);
#endif
