/* network.h - the kind `network`: nodes in named states that change at rates set by who is near.
 * room: kinds/network
 * Two forms: nodes alike (states, layers of contact, transitions) and Boolean networks (one rule a
 * node). docs/network.md describes both, the text form, and what is refused. */
#ifndef GEMEL_NETWORK_H
#define GEMEL_NETWORK_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *name, *unit; /* unit: UCUM or friendly; NULL or "": not stated */
  double value;
  double lower, upper; /* equal: no bounds */
  const char *source;  /* NULL: unknown */
} gm_network_parameter;

/* One number a node, by its name in rates. */
typedef struct {
  const char *name;
  const double *value; /* [node_count] */
} gm_network_attribute;

/* A number that changes at given times: value[k] holds from t[k] until t[k+1]; value[0] before.
 * period > 0: repeats; then t[0] = 0 and all t < period. */
typedef struct {
  const char *name;
  const double *t, *value;
  int32_t count;
  double period;
} gm_network_profile;

typedef struct {
  int32_t from, to; /* from acts on to */
  double weight;    /* 0: 1 */
} gm_network_edge;

typedef enum {
  GM_GRAPH_COMPLETE,     /* everybody with everybody; no edge is stored */
  GM_GRAPH_EDGES,        /* as listed; several between the same two add up */
  GM_GRAPH_LATTICE,      /* node = row*width + column */
  GM_GRAPH_SMALL_WORLD,  /* ring, each with `neighbours` nearest, rewired (Watts & Strogatz 1998) */
  GM_GRAPH_RANDOM,       /* each pair with `probability` (Erdos & Renyi 1959) */
  GM_GRAPH_PREFERENTIAL, /* newcomers choose `attach` others by degree (Barabasi & Albert 1999) */
  GM_GRAPH_GROUPS        /* everybody with everybody of the same group: households, wards */
} gm_graph_kind;

/* Random graphs are made once, at creation, from `seed`: all members live on the same graph. */
typedef struct {
  const char *name; /* NULL or "": unnamed */
  gm_graph_kind kind;
  double weight; /* every edge's weight is multiplied by it; 0: 1 */
  uint64_t seed;
  const gm_network_edge *edge; /* EDGES */
  int32_t edge_count;
  bool directed;         /* EDGES: from acts on to, not back */
  int32_t width, height; /* LATTICE: width*height = node_count */
  bool torus, diagonal;  /* LATTICE: edges joined; 8 neighbours rather than 4 */
  int32_t neighbours;    /* SMALL_WORLD: even */
  double rewire;         /* SMALL_WORLD: probability */
  double probability;    /* RANDOM */
  int32_t attach;        /* PREFERENTIAL */
  const int32_t *group;  /* GROUPS: [node_count] number of the group, -1: none */
  int32_t group_size;    /* GROUPS, when group is NULL: nodes one after another, so many each */
} gm_network_layer;

/* rate: an expression over parameters, profiles, attributes, `population` (node_count),
 * `near_STATE` (summed weights of neighbours in STATE), `near_LAYER_STATE`, `degree` (summed
 * weights of all neighbours), `degree_LAYER`. */
typedef struct {
  const char *from, *to, *rate;
  const char *counter; /* output that counts its firings since the start; NULL: none. Transitions
                          of the same counter share it */
} gm_network_transition;

/* Who begins in a state: nodes as listed, or so many chosen at random by each member's key. */
typedef struct {
  const char *state;
  const int32_t *node;
  int32_t node_count;
  const char *count; /* node_count = 0: expression over parameters */
} gm_network_start;

/* What may be done: nodes are moved from a state to another. */
typedef struct {
  const char *name; /* NULL: the name of `to` */
  const char *from, *to;
} gm_network_port;

typedef struct {
  const char *name; /* of the output */
  int32_t node;
  const char *state; /* 1 while the node is in it, else 0 */
} gm_network_watch;

/* An output worked out: over parameters, profiles, population, states (how many are in them),
 * counters; in a Boolean network over nodes. */
typedef struct {
  const char *name, *unit, *expression;
} gm_network_output;

/* A node of a Boolean network: it is switched on at rate `up` while `logic` is true, off at rate
 * `down` while it is false (Stoll et al., BMC Syst. Biol. 6:116, 2012). logic: names of nodes,
 * true, false, not and or xor (or ! & | ^), parentheses; NULL: both rates act always. up, down,
 * start: expressions over parameters; the rates may also read profiles and nodes (as 0 and 1).
 * start: probability of being on at first, NULL: 0. */
typedef struct {
  const char *name, *logic, *up, *down, *start;
} gm_network_rule;

typedef struct {
  const char *name;      /* NULL: "network" */
  const char *time_unit; /* UCUM or friendly; NULL or "": not stated */
  const gm_network_parameter *parameter;
  const gm_network_profile *profile;
  const gm_network_output *output;
  int32_t parameter_count, profile_count, output_count;
  /* nodes alike; those that no start names begin in state[0] */
  int32_t node_count, state_count;
  const char *const *state;
  const gm_network_attribute *attribute;
  const gm_network_layer *layer;
  const gm_network_transition *transition;
  const gm_network_start *start;
  const gm_network_port *port; /* NULL and 0: one a transition between different pairs of states */
  const gm_network_watch *watch;
  int32_t attribute_count, layer_count, transition_count, start_count, port_count, watch_count;
  /* or a Boolean network */
  const gm_network_rule *rule;
  int32_t rule_count;
  int64_t firing_max; /* firings in a span, then GM_MEMBER_STEPS; 0: 100,000,000 */
} gm_network_config;

/* Nodes alike. Outputs: the number of nodes in every state, the counters, the watches, then those
 * worked out. Ports: BOLUS moves so many nodes, chosen by key (of fewer than asked, all:
 * GM_MEMBER_PROJECTED); REPLACE moves as many as it takes for `to` to hold so many; RATE moves
 * single ones at random times at that mean rate.
 * Boolean. Outputs: every node (0 or 1), then those worked out. Ports: the nodes; BOLUS adds and
 * REPLACE sets (on from 1/2 upward), RATE switches it on at random times at that mean rate.
 * State: counts (Boolean: nodes), counters, the node's state, then memory. The macro view is the
 * first rows: counts per state (or nodes); set moves as few nodes as possible, chosen by key.
 * Draws: by member key, slot, node, number of the firing; a key of zeros when the batch has none.
 * create fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN, GM_EPARSE, GM_EUNIT, GM_ENOTFOUND,
 * GM_EUNSUPPORTED (each names what), GM_ENOMEM. */
GM_API extern const gm_model_type gm_network;

/* A model from the text form (YAML), of a file or of text; name: for messages. *out is owned by the
 * caller. Fails: as create, with the line; GM_EIO. */
GM_API GM_NODISCARD gm_status gm_network_read(gm_ctx *ctx, const char *path, gm_model **out);
GM_API GM_NODISCARD gm_status gm_network_read_text(gm_ctx *ctx, const char *text, const char *name,
                                                   gm_model **out);

#ifdef __cplusplus
}
#endif
#endif
