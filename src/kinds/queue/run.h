/* run.h - a member of a queue model and what moves it. */
#ifndef GEMEL_QUEUE_RUN_H
#define GEMEL_QUEUE_RUN_H
#include "kinds/queue/machine.h"

/* Kinds of draws. Saved beliefs rest on them: never given to another meaning. */
enum {
  QUEUE_KIND_CLOCK = 48,    /* unit-rate clock of a channel, four to a block; index: number / 4 */
  QUEUE_KIND_GAP = 49,      /* gap before arrival `index` of a renewal stream */
  QUEUE_KIND_SERVICE = 50,  /* of a customer, draw: station, index: visit */
  QUEUE_KIND_PATIENCE = 51, /* likewise */
  QUEUE_KIND_ROUTE = 52,    /* likewise */
  QUEUE_KIND_PICK = 54,     /* which customer a hazard takes; index: number of the firing */
  QUEUE_KIND_SET = 55       /* who goes when a number is set */
};

typedef enum { QUEUE_FREE, QUEUE_WAITS, QUEUE_SERVED } queue_place;

/* One customer; 80 bytes without holes. */
typedef struct {
  uint64_t id;
  double arrived; /* at the station */
  double left;    /* of an interrupted service; < 0: service not begun */
  double mean;    /* of the exponential time that runs now (or is left); 0: none */
  double left_mean;
  int32_t next, before; /* in its line, or among those served with its priority; free list */
  int32_t heap;         /* place in the calendar, -1: none */
  int32_t pick;         /* place in its hazard station's array, -1: none */
  int32_t station, group, priority, place;
  int64_t visit;
} queue_customer;

typedef struct {
  double t;
  uint64_t order;
  int32_t customer, spare;
} queue_entry;

typedef struct {
  double left, since, rate, when;
  int64_t number;
} queue_clock;

typedef struct {
  double when;
  int64_t number;
} queue_next;

typedef struct {
  double since, area_count, area_waiting, area_busy, area_servers;
  double servers; /* now; infinite */
  double inflow;  /* held input rate */
  int32_t count, waiting, busy, picks;
} queue_station_state;

typedef struct {
  double since, area_used, area_units, units, used;
} queue_resource_state;

enum { QUEUE_FIRST, QUEUE_LAST, QUEUE_ENDS };
typedef struct {
  int32_t line[QUEUE_ENDS], served[QUEUE_ENDS];
} queue_level;

enum {
  QUEUE_SUM_ARRIVALS,
  QUEUE_SUM_STARTED,
  QUEUE_SUM_DELAYED,
  QUEUE_SUM_DEPARTURES,
  QUEUE_SUM_BALKED,
  QUEUE_SUM_RENEGED,
  QUEUE_SUM_WAIT,
  QUEUE_SUM_SOJOURN,
  QUEUE_SUMS
};

typedef struct {
  double now, start;
  uint64_t order;                   /* of the next entry of the calendar */
  int64_t resets, injected, set;    /* so that no draw is used twice */
  int32_t room, used, free, heaped; /* customers: places, ever used, first free; entries */
  int32_t failed, spare;            /* GM_MEMBER_ bits that ended it */
} queue_head;

/* All that decides the future lies in one block, by places and never by addresses. */
typedef struct {
  char *block;
  size_t bytes;
  queue_head *head;
  double *value;
  queue_clock *clock;
  queue_next *renewal, *schedule;
  queue_station_state *station;
  queue_resource_state *resource;
  queue_level *level; /* [station][priority] */
  double *sum;        /* [station][priority][QUEUE_SUMS] */
  double *streamed;   /* [stream] arrivals since the start */
  queue_customer *customer;
  queue_entry *heap;
  int32_t *pick; /* [pick_count][room] */
  int32_t *held; /* [room][resource_count] */
} queue_object;

/* object.c */
GM_NODISCARD gm_status gm__queue_object_new(const queue_machine *m, gm_ctx *ctx, int32_t room,
                                            queue_object **out);
void gm__queue_object_free(queue_object *o);
GM_NODISCARD gm_status gm__queue_object_copy(const queue_machine *m, gm_ctx *ctx,
                                             const queue_object *from, queue_object **out);
/* Twice the room for customers; false, and o as it was: no memory. Addresses change. */
bool gm__queue_object_grow(const queue_machine *m, queue_object *o);
/* All zero, lists empty. */
void gm__queue_object_clear(const queue_machine *m, queue_object *o);
GM_NODISCARD gm_status gm__queue_object_save(const queue_machine *m, const queue_object *o,
                                             gm_text *out);
GM_NODISCARD gm_status gm__queue_object_load(const queue_machine *m, gm_ctx *ctx, const void *data,
                                             size_t bytes, queue_object **out);
/* object_check.c: do all places hang together? For bytes that came from outside. */
bool gm__queue_object_sound(const queue_machine *m, const queue_object *o);

/* One worker's scratch and the member in hand. */
typedef struct {
  gm_work base;
  const queue_machine *m;
  queue_object *o;
  gm_key key;
  uint64_t slot, slot_given; /* slot: after resets a hash of the one given */
  double now;
  int8_t status;
  /* the earliest of schedules, renewals and clocks */
  double other_when;
  int32_t other;
  bool other_stale;
  int32_t dirty_count, check_count;
  int32_t *dirty; /* channels whose rate may have changed */
  bool *is_dirty;
  int32_t *check; /* stations where somebody may be able to start */
  bool *is_check;
  bool *is_changed; /* [parameter_count] */
  double *theta;    /* [parameter_count] */
  double *draw;     /* [channel][4] */
  int64_t *draw_block;
} queue_run;

/* calendar.c */
void gm__queue_calendar_add(queue_object *o, int32_t customer, double t);
void gm__queue_calendar_remove(queue_object *o, int32_t customer);

/* law.c: times drawn; a NaN: the law is out of its domain. *mean: of an exponential, else 0. */
typedef struct {
  gm_key key;
  uint64_t slot, entity, kind_draw, index;
} queue_meaning;
double gm__queue_draw(gm_queue_law_kind kind, double a, double b, const queue_meaning *q);
double gm__queue_residual(gm_queue_law_kind kind, double a, double b, double elapsed,
                          const queue_meaning *q);

/* clock.c */
void gm__queue_clock_new(queue_run *r, int32_t k);
void gm__queue_clock_start(queue_run *r, int32_t k, double rate);
void gm__queue_mark(queue_run *r, int32_t value);
void gm__queue_rates(queue_run *r);
void gm__queue_other(queue_run *r);

/* station.c */
int32_t gm__queue_customer_new(queue_run *r, uint64_t id, int32_t group, int32_t priority);
void gm__queue_enter(queue_run *r, int32_t c, int32_t station);
void gm__queue_wait(queue_run *r, int32_t c, int32_t station, bool patient);
void gm__queue_serve(queue_run *r, int32_t c, int32_t station, double elapsed);
bool gm__queue_can_start(const queue_run *r, int32_t station);
void gm__queue_settle(queue_run *r);
void gm__queue_check(queue_run *r, int32_t station);
void gm__queue_finish(queue_run *r, int32_t c);
void gm__queue_renege(queue_run *r, int32_t c);
void gm__queue_take_out(queue_run *r, int32_t c);
void gm__queue_dismiss(queue_run *r, int32_t c);
bool gm__queue_has_room(const queue_run *r, int32_t station);
double gm__queue_law_of(queue_run *r, const queue_law *law, int32_t c, double *a, double *b);
void gm__queue_areas(queue_run *r, int32_t station);
void gm__queue_resource_area(queue_run *r, int32_t resource);

/* member.c */
void gm__queue_take(queue_run *r, const gm_batch *b, int32_t i);
void gm__queue_begin(queue_run *r, const double *theta, ptrdiff_t stride, double t0);
void gm__queue_parameters(queue_run *r, const double *theta, ptrdiff_t stride);
void gm__queue_capacities(queue_run *r);
void gm__queue_set_count(queue_run *r, int32_t station, double want);
void gm__queue_edge(queue_run *r, const gm_edge *e);
void gm__queue_refresh(queue_run *r);
void gm__queue_leave(queue_run *r);
void gm__queue_schedule_step(queue_run *r, int32_t k);
void gm__queue_renewal_next(queue_run *r, int32_t k);

/* engine.c */
void gm__queue_until(queue_run *r, double t, int64_t *events_left);

/* output.c: false: one is no number (a NaN) */
bool gm__queue_outputs(const queue_machine *m, queue_object *o, double t, double *y);
#endif
