/* machine.h - a queue model after its texts were read: names are numbers, expressions compiled. */
#ifndef GEMEL_QUEUE_MACHINE_H
#define GEMEL_QUEUE_MACHINE_H
#include "gemel/expr.h"
#include "gemel/queue.h"

enum {
  QUEUE_USED_MAX = 64,     /* names in one expression */
  QUEUE_THINGS_MAX = 4096, /* stations, streams, ... each */
  QUEUE_CUSTOMERS_FIRST = 16
};

/* What an expression may speak of. */
typedef enum {
  QUEUE_OF_FIXED,    /* parameters and schedules */
  QUEUE_OF_COUNTS,   /* and counts */
  QUEUE_OF_TIME,     /* and t */
  QUEUE_OF_CUSTOMER, /* and group, priority */
} queue_scope;

typedef enum { QUEUE_CONSTANT, QUEUE_NAME, QUEUE_COMPILED } queue_formula_kind;

typedef struct {
  queue_formula_kind kind;
  double value; /* CONSTANT */
  int32_t *use; /* [use_count] the names in it, rows of the values; owned */
  int32_t use_count;
  gm_expr *expr; /* owned */
} queue_formula;

typedef struct {
  gm_queue_law_kind kind;
  queue_formula a, b;
} queue_law;

typedef struct {
  double period;
  double *at, *value;
  int32_t count;
} queue_schedule;

typedef struct {
  queue_formula units;
} queue_resource;

typedef struct {
  uint64_t id;
  int32_t to, group, priority;
  int32_t channel, renewal; /* one of them, the other -1 */
  queue_law gap;
} queue_stream;

typedef struct {
  int32_t resource, units;
  bool keep;
} queue_need;

typedef struct {
  int32_t to;
  queue_formula probability;
} queue_route;

typedef struct {
  uint64_t id;
  uint32_t draw; /* its part of a draw's meaning */
  bool limited, roomed;
  queue_formula servers, room;
  gm_queue_discipline discipline;
  queue_law service, patience;
  int32_t hazard; /* channel, or -1 */
  int32_t inflow; /* channel */
  int32_t pick;   /* which of the arrays of hazard stations, or -1 */
  queue_need *need;
  int32_t *release;
  queue_route *next;
  int32_t need_count, release_count, next_count;
  int32_t balk_to, renege_to; /* -1: leaves */
  int32_t group, priority;
} queue_station;

typedef struct {
  int32_t station, group, priority;
  bool waiting;
  queue_formula count, elapsed;
  uint64_t id;
} queue_census;

typedef struct {
  gm_queue_measure measure;
  int32_t of, priority; /* priority -1: all */
  queue_formula expression;
} queue_output;

/* A unit-rate clock: Poisson streams, then hazards, then the input rates of all stations. */
typedef enum { QUEUE_STREAM, QUEUE_HAZARD, QUEUE_INFLOW } queue_channel_kind;
typedef struct {
  queue_channel_kind kind;
  int32_t of; /* stream or station */
  uint64_t id;
  queue_formula rate; /* none for INFLOW: the held rate */
} queue_channel;

typedef struct {
  gm_model base;
  char *name, *time_unit;
  gm_var *parameter_row, *state_row, *input_row, *output_row;
  char **text; /* owned texts of the tables */
  int32_t text_count;
  queue_schedule *schedule;
  queue_resource *resource;
  queue_stream *stream;
  queue_station *station;
  queue_census *census;
  queue_output *output;
  queue_channel *channel;
  int32_t parameter_count, schedule_count, resource_count, stream_count, station_count;
  int32_t census_count, output_count, channel_count, renewal_count, pick_count, priority_count;
  int32_t *renewal_stream; /* [renewal_count] */
  /* rows of the values */
  int32_t at_schedule, at_count, at_waiting, at_busy, at_free, at_group, at_priority, at_time;
  int32_t value_count;
  /* channels that depend on value i: dependent[dependent_at[i] .. dependent_at[i+1]) */
  int32_t *dependent_at, *dependent;
  int64_t customer_max, event_max;
  uint64_t fingerprint; /* of all that gives the bytes of a member their meaning */
} queue_machine;

/* A law's parameter that is constant must lie in its domain. NULL: it does; else what is wrong. */
const char *gm__queue_law_wrong(gm_queue_law_kind kind, double a, double b);

/* Puts the config into m, which is all zero and is freed by gm__queue_machine_free in any case. */
GM_NODISCARD gm_status gm__queue_build(gm_ctx *ctx, const gm_queue_config *c, queue_machine *m);
void gm__queue_machine_free(queue_machine *m);
/* build_formula.c: names[value_count]; where is put in front of messages. */
GM_NODISCARD gm_status gm__queue_formula(gm_ctx *ctx, const queue_machine *m,
                                         const char *const *names, queue_scope scope,
                                         const char *text, const char *where, queue_formula *f);
void gm__queue_formula_free(queue_formula *f);
double gm__queue_eval(const queue_formula *f, const double *values);
#endif
