/* queue.h - the kind `queue`: customers who arrive, wait for servers and resources, are served and
 * move on, as discrete events. docs/queue.md has the meaning of everything below and the text form.
 * room: kinds/queue
 *
 * An expression is a text over the names of the model (grammar: gemel/expr.h): parameters;
 * schedules; a station's name (how many are in it), NAME_waiting, NAME_busy; a resource's
 * NAME_free; and where a customer is at hand `group`, `priority` and `t`. A number is an
 * expression. All pointers of a config are borrowed during gm_model_new only. */
#ifndef GEMEL_QUEUE_H
#define GEMEL_QUEUE_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GM_QUEUE_PRIORITIES_MAX 16 /* priorities 0 (most urgent) to 15 */

typedef enum {
  GM_QUEUE_NO_LAW,      /* patience: waits for ever                             */
  GM_QUEUE_FIXED,       /* a: the time                                          */
  GM_QUEUE_EXPONENTIAL, /* a: mean                                              */
  GM_QUEUE_GAMMA,       /* a: mean, b: shape                                    */
  GM_QUEUE_LOGNORMAL,   /* a: median, b: standard deviation of the logarithm    */
  GM_QUEUE_WEIBULL,     /* a: scale, b: shape                                   */
  GM_QUEUE_UNIFORM      /* a: least, b: most                                    */
} gm_queue_law_kind;

typedef struct {
  gm_queue_law_kind kind;
  const char *a, *b; /* expressions, in units of time (shape and sd: pure numbers) */
} gm_queue_law;

typedef struct {
  const char *name, *unit;    /* unit: UCUM code; NULL: not stated */
  double value, lower, upper; /* lower == upper: no bounds */
  const char *source;         /* NULL: unknown */
} gm_queue_parameter;

/* A step function of time: value[i] from at[i] on. With period > 0 it repeats from the epoch on, at
 * in [0, period), and before at[0] the last value of the period before holds; with period 0 it is
 * run through once and value[0] holds before at[0]. */
typedef struct {
  const char *name;
  double period;
  const double *at, *value; /* [count], at rising */
  int32_t count;
} gm_queue_schedule;

typedef struct {
  const char *name;
  const char *units; /* how many there are: expression of parameters and schedules, rounded down */
} gm_queue_resource;

/* Arrivals from outside: a Poisson stream with rate (per time, an expression without group,
 * priority and t: time enters by schedules), or a renewal stream with the law of its gaps. */
typedef struct {
  const char *name, *to; /* to: a station */
  const char *rate;      /* NULL: renewal */
  gm_queue_law gap;
  int32_t group, priority;
} gm_queue_stream;

typedef enum {
  GM_QUEUE_FIFO,
  GM_QUEUE_LIFO,
  GM_QUEUE_PRIORITY,  /* lowest priority number first, first come first within */
  GM_QUEUE_PREEMPTIVE /* and it takes the server of a less urgent one, who later resumes */
} gm_queue_discipline;

typedef struct {
  const char *resource;
  int32_t units;
  bool keep; /* stays with the customer after this station, until a station releases it or exit */
} gm_queue_need;

typedef struct {
  const char *to, *probability;
} gm_queue_route;

typedef struct {
  const char *name;
  const char *servers; /* expression of parameters and schedules, rounded down; NULL: no limit */
  const char *room;    /* how many may wait, likewise; NULL: no limit */
  gm_queue_discipline discipline;
  gm_queue_law service;
  const char *hazard; /* instead of service: rate at which the present customers finish, together */
  gm_queue_law patience;           /* how long one waits before leaving the line */
  const gm_queue_need *need;       /* taken for the service */
  const char *const *release;      /* resources given back after it, all that is held of them */
  const gm_queue_route *next;      /* the rest of the probability leaves the system */
  const char *balk_to, *renege_to; /* NULL: leaves the system */
  int32_t need_count, release_count, next_count;
  int32_t group, priority; /* of customers put here by a dose, an input rate or set */
} gm_queue_station;

/* Who is there at the start. In service for `elapsed` already: what is left follows the law of
 * service given that. Waiting (or without a free server): has waited for `elapsed`. */
typedef struct {
  const char *station;
  const char *count;   /* expression of parameters and schedules, rounded to the nearest */
  const char *elapsed; /* likewise, not rounded; NULL: 0 */
  int32_t group, priority;
  bool waiting;
} gm_queue_census;

typedef enum {
  GM_QUEUE_IN_STATION,      /* now: waiting and in service */
  GM_QUEUE_WAITING,         /* now */
  GM_QUEUE_IN_SERVICE,      /* now */
  GM_QUEUE_SERVERS,         /* now; refused where there is no limit */
  GM_QUEUE_ARRIVALS,        /* since the start, as all below: came, balked ones included */
  GM_QUEUE_STARTED,         /* service begun (once a visit) */
  GM_QUEUE_DELAYED,         /* of those, after a wait */
  GM_QUEUE_DEPARTURES,      /* service ended */
  GM_QUEUE_BALKED,          /* found no room */
  GM_QUEUE_RENEGED,         /* lost patience */
  GM_QUEUE_WAIT_TOTAL,      /* sum of waits before the first start, over STARTED */
  GM_QUEUE_SOJOURN_TOTAL,   /* sum of times from arrival to end of service, over DEPARTURES */
  GM_QUEUE_MEAN_WAIT,       /* WAIT_TOTAL / STARTED; 0 before the first */
  GM_QUEUE_MEAN_SOJOURN,    /* SOJOURN_TOTAL / DEPARTURES; 0 before the first */
  GM_QUEUE_MEAN_IN_STATION, /* time averages; 0 before any time has passed */
  GM_QUEUE_MEAN_WAITING,
  GM_QUEUE_MEAN_IN_SERVICE,
  GM_QUEUE_UTILISATION,          /* time in service / time of servers */
  GM_QUEUE_RESOURCE_USED,        /* now; of: a resource */
  GM_QUEUE_RESOURCE_FREE,        /* now; below 0 while more is held than there is */
  GM_QUEUE_RESOURCE_UTILISATION, /* time held / time there */
  GM_QUEUE_STREAM_ARRIVALS,      /* of: a stream */
  GM_QUEUE_EXPRESSION            /* expression, `t` known */
} gm_queue_measure;

typedef struct {
  const char *name, *unit; /* unit NULL: not stated */
  gm_queue_measure measure;
  const char *of;         /* station, resource or stream */
  const char *expression; /* of EXPRESSION */
  bool one_priority;      /* of ARRIVALS to MEAN_SOJOURN: customers of `priority` alone */
  int32_t priority;
} gm_queue_output;

typedef struct {
  const char *name, *time_unit; /* NULL: "queue"; not stated */
  const gm_queue_parameter *parameter;
  const gm_queue_schedule *schedule;
  const gm_queue_resource *resource;
  const gm_queue_stream *stream;
  const gm_queue_station *station;
  const gm_queue_census *census;
  const gm_queue_output *output; /* none: the number in every station */
  int32_t parameter_count, schedule_count, resource_count, stream_count, station_count;
  int32_t census_count, output_count;
  int64_t customer_max; /* at one time, then GM_MEMBER_STEPS; 0: 1,000,000 */
  int64_t event_max;    /* in a span, then GM_MEMBER_STEPS; 0: 10^10 */
} gm_queue_config;

/* Parameters and outputs: those of the config. State, macro view and input ports: one a station,
 * the number in it. A BOLUS of n puts n customers into a station, a RATE is a Poisson stream into
 * it, a REPLACE brings its number to a value, as set does: customers who go are drawn among all
 * there, those who come are new; a wish that is not whole, or has no room, is brought to what is
 * feasible (GM_MEMBER_PROJECTED). RESET begins anew with the census, statistics too.
 *
 * A parameter that changes acts at once: on rates, capacities and, in proportion, on what is left
 * of exponential services and patience; other times already drawn stay.
 * Events at the time of an edge or a sample come before it. Statistics begin at init.
 * Draws: by member key and slot; customer (hash of stream and number), station and visit.
 * Memory: a member grows with its customers, from the model's context; none for an event.
 * A law that is no number or out of its domain ends the member (GM_MEMBER_DIVERGED), as does
 * missing memory. create fails, naming what: GM_EINVAL, GM_ERANGE, GM_ENOTFOUND (a name that is not
 * there), GM_EPARSE (an expression), GM_EUNSUPPORTED, GM_ENOMEM. */
GM_API extern const gm_model_type gm_queue;

/* Reads the text form (docs/queue.md). name: of the text, for messages. *out and all it points to
 * is one thing, freed by gm_queue_config_free. Names and expressions are checked by gm_model_new.
 * Fails with "name:line: what": GM_EPARSE (the text, what it says), GM_ERANGE (limits of a text),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_queue_read(gm_ctx *ctx, const char *name, const char *text,
                                            size_t bytes, gm_queue_config **out);
/* The same of a file of at most 256 KiB, which is the limit of a text. Fails as gm_file_read and
 * gm_queue_read. */
GM_API GM_NODISCARD gm_status gm_queue_read_file(gm_ctx *ctx, const char *path,
                                                 gm_queue_config **out);
GM_API void gm_queue_config_free(gm_queue_config *c); /* NULL ok; only of gm_queue_read */

#ifdef __cplusplus
}
#endif
#endif
