/* machine.h - a network ready to run: nodes, layers, formulas, and where the state's parts lie.
 *
 * Formulas read slots: numbers that parameters, profiles, the node in hand and its neighbours have.
 * In nodes alike every node has the same transitions; in a Boolean network every node has a rule
 * and two states, 0 off and 1 on. */
#ifndef GEMEL_NETWORK_MACHINE_H
#define GEMEL_NETWORK_MACHINE_H
#include "gemel/expr.h"
#include "gemel/network.h"
#include "kinds/network/graph.h"
#include "kinds/network/logic.h"

enum { NET_STATE_MAX = 64, NET_RULE_MAX = 4096, NET_CLOCK_ROWS = 4 };

typedef struct {
  gm_expr *expr; /* owned; NULL: there is none */
  int32_t *slot; /* [count] what its names are */
  int32_t count,
      memory; /* memory: where the last values lie in the run, and behind them the result */
} net_formula;

typedef struct {
  double *t, *value;
  int32_t count;
  double period;
} net_profile;

typedef struct {
  int32_t from, to, counter; /* counter -1: none */
  net_formula rate;
} net_transition;

typedef struct {
  int32_t state, node_count;
  int32_t *node;
  net_formula count;
} net_start;

typedef struct {
  int32_t from, to, node; /* node: the only one it moves, -1: any */
} net_port;

typedef struct {
  int32_t node, state;
} net_watch;

typedef struct {
  net_logic logic; /* count 0: none */
  net_formula up, down, start;
} net_rule;

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena; /* all small memory */
  bool boolean;
  const char *name, *time_unit;
  int32_t n, ns, np, nf, na, nl, nc, nt, nstart, nport, nwatch, noutput;
  net_profile *profile;
  const double **attribute;    /* [na][n] */
  net_graph *graph;            /* [nl] */
  int32_t *stored, nstored;    /* [nl] number of a layer among those with stored edges, -1 */
  net_transition *transition;  /* [nt] by rising from */
  int32_t *leave;              /* [ns + 1] first transition from a state */
  uint64_t *reads, *reads_all; /* [ns] states that rates from a state read, along stored edges and
                                  in complete layers */
  net_start *start;
  uint8_t *given; /* [n] some start names the node */
  net_port *port;
  net_watch *watch;
  net_formula *output;
  net_rule *rule;          /* [n] */
  int32_t *reach, *reacts; /* Boolean: reacts[reach[i] .. reach[i+1]-1] read node i */
  int32_t slot_profile, slot_population, slot_attribute, slot_degree, slot_near, slot_count,
      slot_counter, slot_node, slot_end;
  int32_t formula_most, memory; /* names of the longest formula; memory of all formulas */
  int64_t firing_max;
  /* rows of the flat state */
  int32_t at_counter, at_node, at_time, at_done, at_clock, row_count, macro_count, ny;
  gm_var *table_state, *table_parameter, *table_input, *table_output;
} net_machine;

/* build.c. Fails as gm_network says. */
GM_NODISCARD gm_status net_machine_make(gm_ctx *ctx, const gm_network_config *config,
                                        net_machine *out);
void net_machine_free(net_machine *m);

/* What is made while a config is read. */
typedef struct {
  gm_ctx *ctx;
  const gm_network_config *c;
  net_machine *m;
  const char **slot_name; /* [slot_end], arena */
  const char **slot_unit; /* [slot_end], arena; NULL: none */
  char where[200];
} net_builder;

/* formula.c: which slots a formula may read. */
enum {
  NET_MAY_PARAMETER = 1, /* parameters */
  NET_MAY_TIME = 2,      /* profiles */
  NET_MAY_NEAR = 4,      /* the node and its neighbours */
  NET_MAY_TOTAL = 8,     /* counts and counters */
  NET_MAY_NODE = 16      /* nodes of a Boolean network */
};
/* rate: its unit must be 1/time where both are known. Fails: as gm_expr_new; GM_EUNSUPPORTED
 * (time), GM_EUNIT. where: b->where. */
GM_NODISCARD gm_status net_formula_make(net_builder *b, const char *text, uint32_t may, bool rate,
                                        net_formula *out);
/* Names of all slots; names that clash fail (GM_EINVAL). */
GM_NODISCARD gm_status net_slots_make(net_builder *b);
GM_NODISCARD gm_status net_name_check(net_builder *b, const char *name);
/* Is the formula's slot k a count near a node? Then the state, and the layer or -1: all. */
bool net_slot_near(const net_machine *m, int32_t slot, int32_t *state, int32_t *layer);
/* tables.c: rows of parameters, ports, outputs, states. Fails: GM_EINVAL, GM_EUNIT, GM_ENOMEM. */
GM_NODISCARD gm_status net_tables_make(net_builder *b);
/* A number of things from the arena; NULL sets the message. */
void *net_get(net_builder *b, ptrdiff_t count, size_t bytes);
/* Text made by a format, in the arena; NULL sets the message. */
const char *net_text(net_builder *b, const char *format, ...) GM_PRINTF(2, 3);
#endif
