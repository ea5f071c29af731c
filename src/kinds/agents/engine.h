/* engine.h - the parts of the kind `agents` among themselves.
 *
 * A world is two blocks of memory cut into sections: what never moves (parameters, fields, heads of
 * cells) and what grows (columns of agents, clocks, heaps), so that a copy is two memcpy and saving
 * is a loop. Everything that decides the future is in a section or in `size`. */
#ifndef GEMEL_KINDS_AGENTS_ENGINE_H
#define GEMEL_KINDS_AGENTS_ENGINE_H
#include "gemel/agents.h"

enum { AGENTS_TOUCHED_MAX = 256, AGENTS_CAP_LEAST = 16 };
enum { AGENTS_COUNT_MAX = 1 << 30, AGENTS_COUNT_USUAL = 1 << 24 };

/* Sections there is one of. */
enum {
  AGENTS_HEAD,
  AGENTS_THETA,    /* the parameters that hold */
  AGENTS_SHARED_S, /* shared numbers */
  AGENTS_PORT,     /* agents_stream, one a port */
  AGENTS_GROUP,    /* agents_group: real time, then one a speed */
  AGENTS_FIELD_S,  /* [field][cell] */
  AGENTS_OCCUPIED, /* [cell] agents of all breeds */
  AGENTS_PENDING,  /* agents_edge that wait for the next grid point */
  AGENTS_HEAP      /* one a group from here on: agents_due */
};
/* Sections of a breed, from its first one on; then one an attribute, one an event. */
enum {
  AGENTS_ID,
  AGENTS_CELL,
  AGENTS_NEXT,
  AGENTS_PREV,
  AGENTS_BORN, /* births it gave */
  AGENTS_LIVE,
  AGENTS_FIRST, /* [cell] */
  AGENTS_HERE,  /* [cell] */
  AGENTS_COLUMNS
};

typedef struct {
  double t;        /* up to which the world was brought */
  int64_t step;    /* grid point of the state */
  uint64_t births; /* given by the world itself */
  uint64_t life;   /* resets so far: part of the index of draws */
  uint64_t sets;   /* macro views set so far */
} agents_head;

/* Clock of a port with a rate, in a world without grid: single arrivals. */
typedef struct {
  double rate, left, since; /* left: unit-rate time to the next arrival at `since` */
  uint64_t number;          /* arrivals so far */
  uint64_t boluses;         /* and boluses */
} agents_stream;

/* The internal time of a speed: value at real time `since` and speed from there on. */
typedef struct {
  double internal, since, speed;
  int64_t heap_count;
} agents_group;

/* One event of one agent. left: unit exponential not yet used up at internal time `since`; NaN:
 * not drawn yet. Alarms: when they ring is in the heap. */
typedef struct {
  double left, since, rate;
  uint64_t number;       /* firings so far */
  int32_t place, unused; /* in the heap of its group; -1: it is not there */
} agents_clock;

typedef struct {
  double when;          /* internal time of the group */
  int32_t event, agent; /* event: of all breeds together */
} agents_due;

typedef struct {
  double value;
  int32_t port, kind;
} agents_edge;

typedef struct {
  size_t bytes;
  int32_t grows; /* -1: fixed; capacity number (breeds, then pending); -2 - g: heap of group g */
  int64_t count; /* of a fixed one */
} agents_section;

/* ---- the model: a checked copy of the configuration ------------------------------------------ */
typedef struct {
  const char *name;
  uint64_t id; /* hash of the name */
  gm_agents_attribute *attribute;
  int32_t attribute_count, event_first, event_count;
  gm_agents_rule *step;
  gm_agents_order order;
  int32_t initial, cell_max, count_max;
  int32_t section; /* the first */
  uint32_t meaning_step, meaning_order, meaning_place;
  bool closed;
} agents_breed;

typedef struct {
  gm_agents_hazard *hazard;
  gm_agents_rule *fire;
  int32_t breed, group;
  int32_t section; /* of its clocks */
  uint32_t meaning_fire, meaning_clock;
} agents_event;

typedef struct {
  gm_agents_field f;
  int32_t diffusion_at, decay_at, source_at; /* parameters, -1: the number */
} agents_field;

typedef struct {
  gm_agents_quantity q;
  int32_t of, attribute; /* attribute -1: none */
  uint32_t meaning;
} agents_quantity;

typedef struct {
  gm_agents_port p;
  int32_t of;
  int32_t *cell; /* NULL: everywhere */
  int32_t cell_count;
  uint32_t meaning;
} agents_port;

/* One field, one step. keep, give: shares; passes: how often they are applied; loss factor. */
typedef struct {
  gm_agents_spread spread;
  int32_t width, height, passes;
  double keep, give, stays, source, least;
} agents_spread;
/* scratch: [6 width] */
typedef struct {
  void (*step)(double *f, const agents_spread *s, double *scratch);
  double (*total)(const double *x, int64_t n); /* in a fixed order */
} agents_kernel;
extern const agents_kernel agents_kernel_scalar, agents_kernel_avx2, agents_kernel_avx512;

typedef struct {
  gm_model base;
  gm_arena *own; /* everything below lies here */
  const char *name, *time_unit;
  double step, origin;
  gm_agents_space space;
  int32_t width, height, cells, cell_max;
  const int32_t *edge_first, *edge_to;
  agents_breed *breed;
  agents_event *event;
  agents_field *field;
  gm_agents_attribute *shared;
  gm_agents_speed *speed;
  agents_quantity *output, *macro;
  agents_port *port;
  gm_var *parameter, *output_row, *macro_row, *port_row;
  agents_section *section;
  int32_t breed_count, event_count, field_count, shared_count, speed_count, parameter_count;
  int32_t output_count, macro_count, port_count, group_count, section_count, cap_count;
  gm_agents_rule *start, *before, *after;
  uint32_t meaning_start, meaning_before, meaning_after, meaning_set, meaning_add;
  bool fields_last;
  int64_t firing_max;
  const void *user;
  uint64_t fingerprint; /* of what a saved world must fit */
  const agents_kernel *kernel;
} agents_model;

struct gm_agents {
  const agents_model *m;
  void *still, *block; /* sections that never move, and those that grow */
  size_t still_bytes, bytes;
  void **at;     /* [section_count] into them */
  int32_t *cap;  /* [cap_count] */
  int32_t *size; /* [cap_count] places in use */
  int32_t *dead; /* [breed_count] chain of those that died in this rule; -1: none */
  int32_t *gone; /* [breed_count] how many */
};

/* ---- one worker on one member ---------------------------------------------------------------- */
typedef struct agents_run {
  gm_work base;
  const agents_model *m;
  gm_agents *w;
  gm_key key;
  uint64_t slot;
  gm_arena *arena; /* during advance; NULL otherwise */
  double t;
  double *theta; /* [parameter_count] of the member, now; held from the next grid point */
  const gm_span *span;
  int32_t edge, sample;  /* next ones */
  double *scratch;       /* [6 width] of the field step */
  void *was[64];         /* columns of the breed in hand, at the begin of its step */
  int32_t was_breed;     /* -1: none */
  int32_t touched_count; /* more than the room: everybody */
  int32_t touched[AGENTS_TOUCHED_MAX][2]; /* breed, agent */
  int64_t firings, stuck;
  int8_t status;
} agents_run;

enum { AGENTS_ATTRIBUTES_MAX = 64, AGENTS_STUCK_MAX = 1000000 };

/* config.c */
gm_status agents_create(gm_ctx *ctx, const void *config, gm_model **out);
void agents_destroy(gm_model *model);

/* world.c */
static inline agents_head *agents_head_of(const gm_agents *w) { return w->at[AGENTS_HEAD]; }
static inline double *agents_theta(const gm_agents *w) { return w->at[AGENTS_THETA]; }
static inline void *agents_column(const gm_agents *w, int32_t breed, int32_t which)
{
  return w->at[w->m->breed[breed].section + which];
}
static inline agents_clock *agents_clocks(const gm_agents *w, int32_t event)
{
  return w->at[w->m->event[event].section];
}
gm_status agents_obj_new(const gm_model *model, gm_ctx *ctx, void **out);
void agents_obj_free(const gm_model *model, void *obj);
gm_status agents_obj_copy(const gm_model *model, gm_ctx *ctx, const void *from, void **out);
/* Room for one more in capacity number c; false: no memory, nothing changed. */
bool agents_grow(gm_agents *w, int32_t c);
void agents_clear(gm_agents *w); /* nobody, nothing, all clocks at 0 */
/* An empty world whose capacities are at least those of size [cap_count]; NULL: no memory. */
gm_agents *agents_world_new(const agents_model *m, gm_ctx *ctx, const int32_t *size);
/* Elements of a section that are in use. */
int64_t agents_in_use(const gm_agents *w, int32_t section);

/* save.c */
gm_status agents_obj_save(const gm_model *model, const void *obj, gm_text *out);
gm_status agents_obj_load(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                          void **out);

/* space.c */
bool agents_fits(const gm_agents *w, int32_t breed, int32_t cell);
/* A new agent at the end of its columns, with its clocks not yet looked at; -1: no room. */
int32_t agents_add(agents_run *r, int32_t breed, int32_t cell, uint64_t id);
void agents_leave_cell(gm_agents *w, int32_t breed, int32_t agent);
void agents_sweep(gm_agents *w); /* gives up the places of the dead */
/* A cell of the region (NULL: any) with room for one of the breed, drawn; -1: none, or no space. */
int32_t agents_cell_draw(agents_run *r, int32_t breed, const agents_port *region, uint64_t entity,
                         uint32_t meaning, uint64_t index);

/* clock.c */
void agents_heap_take(gm_agents *w, int32_t event, int32_t agent);
/* Hazards of one agent, of those touched, of everybody; then speeds. */
void agents_look_one(agents_run *r, int32_t breed, int32_t agent);
void agents_look_touched(agents_run *r);
void agents_look_all(agents_run *r);
double agents_next_time(const agents_run *r, int32_t *group_out); /* infinite: none */
void agents_fire(agents_run *r, int32_t group, double t);
void agents_redraw(agents_run *r); /* what is memoryless, by the present slot */
void agents_place_moved(gm_agents *w, int32_t event, int32_t from, int32_t to);
void agents_stream_rate(agents_run *r, int32_t port, double rate);
double agents_stream_next(const agents_run *r, int32_t port);
void agents_stream_fire(agents_run *r, int32_t port);

/* member.c */
void agents_run_begin(agents_run *r, const agents_model *m, const gm_batch *b, int32_t member);
gm_agents_turn agents_world_turn(agents_run *r, uint32_t meaning, uint64_t index);
/* The initial world at t0 with r->theta; life: how often it began anew before. */
void agents_start(agents_run *r, double t0, uint64_t life);
void agents_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0);
void agents_advance(const gm_model *model, gm_work *work, const gm_batch *b, const gm_span *span,
                    gm_arena *arena);
void agents_refresh(const gm_model *model, const gm_batch *b, double t);

/* step.c */
int64_t agents_grid_index(const agents_model *m, double t, bool *on_grid);
double agents_grid_time(const agents_model *m, int64_t index);
void agents_tick(agents_run *r); /* from one grid point to the next */

/* port.c */
void agents_bolus(agents_run *r, int32_t port, double value, gm_edge_kind kind, uint64_t index);
/* An edge other than of a parameter, now. */
void agents_edge_apply(agents_run *r, int32_t port, double value, gm_edge_kind kind);
void agents_rates_step(agents_run *r); /* a step's worth of what flows in */

/* field.c */
void agents_fields_move(agents_run *r);

/* choose.c */
typedef struct {
  uint64_t key;
  int32_t agent, from;
} agents_rank;
typedef struct {
  int32_t breed, attribute, value; /* attribute -1: all of the breed */
  const agents_port *region;       /* NULL: everywhere */
} agents_filter;
void agents_rank_sort(agents_rank *a, agents_rank *scratch, int64_t n);
/* Who passes the filter, in an order drawn by (rule, index): the first k are a random k. *out: for
 * gm_free; -1: no memory (the member has diverged). */
int64_t agents_ranked(agents_run *r, const agents_filter *f, uint32_t meaning, uint64_t index,
                      agents_rank **out);

/* macro.c */
double agents_quantity_of(const gm_agents *w, const agents_quantity *q);
void agents_outputs(const gm_agents *w, double *y);
int32_t agents_macro_count(const gm_model *model);
void agents_get(const gm_model *model, const gm_batch *b, double *macro);
void agents_set(const gm_model *model, const gm_batch *b, const double *macro);

/* repair.c: what the macro view asks of agents */
void agents_repair_counts(agents_run *r, int32_t breed, const double *want);
/* An attribute brought to a sum, or a field: scaled where all is positive, else shifted. */
void agents_repair_sum(agents_run *r, int32_t breed, int32_t attribute, double sum);
#endif
