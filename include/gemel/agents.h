/* agents.h - the kind `agents`: many small things with rules, on a grid, a graph or well mixed.
 * room: kinds/agents
 * docs/agents.md describes time, order, clocks and the macro view. The rules of a disease are C
 * functions of the model that uses this; here is what is common to all.
 *
 * Words: a breed is a class of agents with the same attributes, rules and events; a cell is a site
 * of the grid or a node of the graph; a field is a number per cell of the grid; a shared number
 * belongs to the world as a whole. Breeds, attributes, events, fields and shared numbers are named
 * in the configuration and numbered by their place in it; agents by their place in the columns,
 * which changes when others die: keep ids, not places, across rules.
 * Threads: a world belongs to one member; rules see nothing else. */
#ifndef GEMEL_AGENTS_H
#define GEMEL_AGENTS_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_agents gm_agents; /* the world of one member */

/* Whose turn it is, and whose draws. Valid during the rule that was given it. */
typedef struct {
  gm_agents *world;
  const double *theta; /* [parameter_count] */
  double t;
  int32_t breed, agent;    /* -1, -1: a rule of the world */
  uint64_t entity, index;  /* of the draws: id of the agent, number of the step or firing */
  uint32_t meaning;        /* of the draws: a hash of the rule's name */
  struct agents_run *work; /* private */
} gm_agents_turn;

typedef void gm_agents_rule(gm_agents_turn *turn);
/* What is put in through a port: a bolus of value, or (REPLACE) what there shall be. */
typedef void gm_agents_dose(gm_agents_turn *turn, double value, gm_edge_kind kind);
/* Of the agent itself, its cell and shared numbers; >= 0. Never of time. */
typedef double gm_agents_hazard(const gm_agents *world, const double *theta, int32_t agent);
/* Of the world as a whole. */
typedef double gm_agents_number(const gm_agents *world, const double *theta);

/* ---- configuration: borrowed while the model is made ----------------------------------------- */
/* An attribute, or a shared number. lower = upper = 0: no bounds. */
typedef struct {
  const char *name, *unit;
  double initial, lower, upper;
  bool whole; /* an attribute is an int32_t; a shared number is a whole number */
} gm_agents_attribute;

/* hazard: fires with probability hazard * speed * dt. hazard NULL: an alarm (gm_agents_alarm).
 * A hazard is looked at again when its agent was touched (gm_agents_touch), after each step, and
 * when parameters or the macro view are set; a speed after every event. */
typedef struct {
  const char *name;
  gm_agents_hazard *hazard;
  const char *speed; /* of the configuration's speeds; NULL: 1 */
  gm_agents_rule *fire;
} gm_agents_event;

typedef enum {
  GM_AGENTS_FIXED,    /* in the order of the columns, in place */
  GM_AGENTS_SHUFFLED, /* a new random order at each step, in place */
  GM_AGENTS_TOGETHER  /* in the order of the columns; gm_agents_real_was shows the step's begin */
} gm_agents_order;

enum { GM_AGENTS_EVERY_CELL = -1 };

typedef struct {
  const char *name;
  const gm_agents_attribute *attribute;
  const gm_agents_event *event;
  int32_t attribute_count, event_count;
  gm_agents_rule *step; /* at each step, each agent; NULL: none */
  gm_agents_order order;
  int32_t initial;   /* how many at the start, in cells drawn at random; EVERY_CELL: one in each */
  int32_t cell_max;  /* at most so many in a cell; 0: no limit */
  int32_t count_max; /* at most so many in all; 0: 2^24 */
  bool closed;       /* the macro view converts agents and never adds or takes any */
} gm_agents_breed;

typedef enum {
  GM_AGENTS_MIXED,
  GM_AGENTS_MOORE,
  GM_AGENTS_VON_NEUMANN,
  GM_AGENTS_GRAPH
} gm_agents_space;

typedef enum {
  GM_AGENTS_STILL,
  GM_AGENTS_SHARE8, /* each cell gives `diffusion` (0..1) of what it has to its 8 neighbours */
  GM_AGENTS_LAPLACE /* five-point Laplacian times `diffusion` [cells^2 / time], sub-stepped */
} gm_agents_spread;
typedef enum {
  GM_AGENTS_DECAY_SHARE, /* share lost at each step, 0..1 */
  GM_AGENTS_DECAY_RATE   /* rate [1/time]: exp(-rate step) stays */
} gm_agents_decay;

/* Order at a step: spread, decay, source, then what is below `least` becomes 0. */
typedef struct {
  const char *name, *unit;
  double initial;
  gm_agents_spread spread;
  gm_agents_decay decay_law;
  double diffusion, decay, source; /* source: per cell and time */
  /* parameters that hold them instead; NULL: the numbers above */
  const char *diffusion_parameter, *decay_parameter, *source_parameter;
  double least;
} gm_agents_field;

typedef struct {
  const char *name;
  gm_agents_number *speed; /* >= 0, finite */
} gm_agents_speed;

typedef enum {
  GM_AGENTS_COUNT,       /* agents of breed `of`, or those with whole attribute == value */
  GM_AGENTS_SUM,         /* of an attribute over a breed */
  GM_AGENTS_MEAN,        /* likewise; of nobody: 0 */
  GM_AGENTS_FIELD_TOTAL, /* of field `of` */
  GM_AGENTS_FIELD_MEAN,
  GM_AGENTS_SHARED, /* the shared number `of` */
  GM_AGENTS_NUMBER  /* number(world, theta); outputs only */
} gm_agents_quantity_kind;

typedef struct {
  const char *name, *unit;
  gm_agents_quantity_kind kind;
  const char *of, *attribute;
  int32_t value;
  gm_transform transform; /* for methods that set the macro view */
  gm_agents_number *number;
  gm_agents_rule *become; /* macro counts by value: after an agent got this value; may be NULL */
} gm_agents_quantity;

typedef enum {
  GM_AGENTS_INTO_FIELD,  /* amount in all, evenly over the region */
  GM_AGENTS_INTO_COUNT,  /* new agents of a breed, in cells of the region */
  GM_AGENTS_INTO_SHARED, /* a shared number */
  GM_AGENTS_INTO_RULE    /* whatever dose() does */
} gm_agents_into;

typedef struct {
  const char *name, *unit;
  gm_agents_into into;
  const char *of;
  const int32_t *cell; /* the region, growing numbers; NULL: everywhere */
  int32_t cell_count;
  gm_agents_rule *place; /* INTO_COUNT: after each one was placed; may be NULL */
  gm_agents_dose *dose;
} gm_agents_port;

typedef struct {
  const char *name, *time_unit;
  double step, origin; /* step 0: events alone, no grid in time */
  gm_agents_space space;
  int32_t width, height;     /* torus grid, each >= 3 */
  int32_t node_count;        /* graph: neighbours of node c are */
  const int32_t *edge_first; /* edge_to[edge_first[c] .. edge_first[c+1]-1] */
  const int32_t *edge_to;
  int32_t cell_max; /* agents of all breeds in a cell; 0: no limit */
  const gm_agents_breed *breed;
  const gm_agents_field *field;
  const gm_agents_attribute *shared;
  const gm_agents_speed *speed;
  const gm_var *parameter; /* lower = upper = 0: no bounds */
  const gm_agents_quantity *output, *macro;
  const gm_agents_port *port;
  int32_t breed_count, field_count, shared_count, speed_count, parameter_count;
  int32_t output_count, macro_count, port_count;
  gm_agents_rule *start;          /* of the world, after the initial agents are there */
  gm_agents_rule *before, *after; /* of the world, at each step */
  bool fields_last;               /* fields move after the agents, not before */
  int64_t firing_max;             /* events in a span, then GM_MEMBER_STEPS; 0: 100,000,000 */
  const void *user;               /* borrowed until the model is freed; gm_agents_user */
} gm_agents_config;

/* Object state. The table of states is that of the macro view. STEPPED when step > 0.
 * create fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN, GM_EUNSUPPORTED (by name), GM_ENOMEM. */
GM_API extern const gm_model_type gm_agents_type;

/* ---- what rules may look at ------------------------------------------------------------------ */
GM_API const void *gm_agents_user(const gm_agents *w);
GM_API int32_t gm_agents_count(const gm_agents *w, int32_t breed); /* living */
/* Places run from 0 to size - 1; within a rule, some may have died (gm_agents_alive). */
GM_API int32_t gm_agents_size(const gm_agents *w, int32_t breed);
GM_API bool gm_agents_alive(const gm_agents *w, int32_t breed, int32_t agent);
GM_API uint64_t gm_agents_id(const gm_agents *w, int32_t breed, int32_t agent);
/* Columns, to read and write; borrowed until an agent of the model is born (shared numbers and
 * fields stay where they are). was: at the begin of the present step of a breed whose order is
 * TOGETHER (those born since are not in it). */
GM_API double *gm_agents_real(const gm_agents *w, int32_t breed, int32_t attribute);
GM_API int32_t *gm_agents_whole(const gm_agents *w, int32_t breed, int32_t attribute);
GM_API const double *gm_agents_real_was(const gm_agents_turn *turn, int32_t attribute);
GM_API const int32_t *gm_agents_whole_was(const gm_agents_turn *turn, int32_t attribute);
GM_API double *gm_agents_shared(const gm_agents *w);
GM_API double *gm_agents_field_of(const gm_agents *w, int32_t field); /* [cells], row by row */
GM_API double gm_agents_field_total(const gm_agents *w, int32_t field);

/* Space. MIXED: no cells, an agent's cell is -1. Torus: cell = y*width + x. */
GM_API int32_t gm_agents_cells(const gm_agents *w);
GM_API int32_t gm_agents_cell(const gm_agents *w, int32_t breed, int32_t agent);
GM_API int32_t gm_agents_degree(const gm_agents *w, int32_t cell);
GM_API int32_t gm_agents_neighbour(const gm_agents *w, int32_t cell, int32_t k);
/* Agents of a breed in a cell: first, then next until -1; here: how many. */
GM_API int32_t gm_agents_first(const gm_agents *w, int32_t breed, int32_t cell);
GM_API int32_t gm_agents_next(const gm_agents *w, int32_t breed, int32_t agent);
GM_API int32_t gm_agents_here(const gm_agents *w, int32_t breed, int32_t cell);

/* ---- what rules may do ----------------------------------------------------------------------- */
/* False, and nothing changes, where the cell is full. */
GM_API bool gm_agents_move(gm_agents_turn *turn, int32_t breed, int32_t agent, int32_t cell);
/* A new agent with initial attributes; id gm_hash64(id of the one whose turn it is, its births so
 * far). Its place, or -1 where the cell or breed is full. cell must be one (the dead have -1);
 * MIXED: it is not looked at. The newborn has no turn before the next step. */
GM_API int32_t gm_agents_birth(gm_agents_turn *turn, int32_t breed, int32_t cell);
/* It leaves its cell, clocks and counts now; its place is given up when the rule (at a step: the
 * breed's turn) is over. */
GM_API void gm_agents_death(gm_agents_turn *turn, int32_t breed, int32_t agent);
/* Its hazards are looked at again after the rule. The agent whose turn it is need not be touched,
 * nor newborns. */
GM_API void gm_agents_touch(gm_agents_turn *turn, int32_t breed, int32_t agent);
/* Event (an alarm) fires after delay >= 0; a later call replaces it; infinite: never.
 * A delay that is negative or no number ends the member. */
GM_API void gm_agents_alarm(gm_agents_turn *turn, int32_t breed, int32_t event, int32_t agent,
                            double delay);
GM_API void gm_agents_fail(gm_agents_turn *turn); /* the member has diverged */

/* Draws by meaning: (member, agent, rule, draw < 65536, number of the step or firing). */
GM_API double gm_agents_uniform(const gm_agents_turn *turn, uint32_t draw);
GM_API void gm_agents_uniform4(const gm_agents_turn *turn, uint32_t draw, double out[4]);
GM_API double gm_agents_normal(const gm_agents_turn *turn, uint32_t draw);
GM_API double gm_agents_exponential(const gm_agents_turn *turn, uint32_t draw);
GM_API int32_t gm_agents_below(const gm_agents_turn *turn, uint32_t draw, int32_t n); /* 0..n-1 */
/* A living agent of the breed, all alike probable; -1: none lives. */
GM_API int32_t gm_agents_pick(const gm_agents_turn *turn, uint32_t draw, int32_t breed);

#ifdef __cplusplus
}
#endif
#endif
