/* schedule.h - what is done to the subject and when, and what becomes of it for one member.
 *
 * A schedule is an array of gm_event. Its meaning is that of the field's data standard (NM-TRAN:
 * EVID, AMT, RATE, II, ADDL, SS); docs/schedules.md states it. gm_timeline_build turns it into the
 * edges that one member meets, with the member's own lag, availability, duration and rate.
 * Times are in the model's unit. Threads: const calls may run together. */
#ifndef GEMEL_SCHEDULE_H
#define GEMEL_SCHEDULE_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GM_EVENT_DOSE = 1,       /* EVID 1 */
  GM_EVENT_OTHER = 2,      /* EVID 2: a time at which something is recorded, nothing is done */
  GM_EVENT_RESET = 3,      /* EVID 3: initial state, running and pending doses cancelled */
  GM_EVENT_RESET_DOSE = 4, /* EVID 4: 3 then 1 */
  GM_EVENT_REPLACE = 8     /* EVID 8: the port's state becomes amount */
} gm_event_kind;

typedef enum {
  GM_DOSE_GIVEN,            /* rate as stated; rate 0 and duration 0: bolus */
  GM_DOSE_RATE_MODELLED,    /* RATE = -1: the member's own rate */
  GM_DOSE_DURATION_MODELLED /* RATE = -2: the member's own duration */
} gm_dose_mode;

typedef struct {
  double t;
  double amount;
  double rate;        /* > 0: infusion, lasts availability * amount / rate */
  double duration;    /* > 0: infusion over this time, rate = availability * amount / duration */
  double interval;    /* II */
  int32_t additional; /* ADDL: doses after this one, every interval */
  int32_t steady;     /* SS: 0; 1 clears and equilibrates; 2 adds to what is there */
  int32_t port;
  int32_t input; /* the caller's own number for it; -1 none; has no meaning here */
  int32_t order; /* number of its record: what comes first among equal times */
  gm_event_kind kind;
  gm_dose_mode mode;
} gm_event;

/* What a member makes of one event. */
typedef struct {
  double lag, availability, duration, rate;
  /* > 0: the state of port clears - 1 becomes 0 just before a dose arrives, each of ADDL too (a
   * meal begins anew, whatever is left of the last one). Not with SS. */
  int32_t clears;
} gm_effect;
GM_API gm_effect gm_effect_none(void); /* 0, 1, 0, 0, 0 */

/* A parameter that changes at a time: with the record of that order, after its dose and before its
 * sample; order 0: after all that happens at that time. */
typedef struct {
  double t, value;
  int32_t parameter, order;
} gm_switch;

typedef struct {
  double t_begin, t_end;
  const gm_event *event;       /* sorted by (t, order) */
  const gm_effect *effect;     /* [event_count], or NULL: none */
  const gm_switch *change;     /* sorted by t */
  const double *sample;        /* sorted by (t, order) */
  const int32_t *sample_order; /* [sample_count] or NULL: after all events of its time */
  int32_t event_count, change_count, sample_count, port_count;
} gm_timeline_spec;

typedef enum { GM_LEG_SPAN, GM_LEG_STEADY } gm_leg_kind;

/* A stretch, or the finding of a steady state between two stretches (in no time). */
typedef struct {
  gm_leg_kind kind;
  double t0, t1; /* steady: both the record's time */
  int32_t edge, edge_count, sample, sample_count;
  /* steady: edges [edge, edge+edge_count) are one cycle of the given interval that begins at t0;
   * phase: how far into a cycle the record's time is; add: SS = 2 */
  double interval, phase;
  bool add;
} gm_leg;

/* What one member goes through. Zero-initialise before the first build; memory is reused. */
typedef struct {
  gm_edge *edge;
  gm_leg *leg;
  double *sample;
  uint8_t *before;
  int32_t edge_count, leg_count, sample_count;
  int32_t edge_room, leg_room, sample_room;
  void *scratch; /* private */
  int32_t scratch_room;
} gm_timeline;

/* Checks a schedule. Fails: GM_EDOMAIN, GM_ERANGE, GM_EUNSUPPORTED, naming the record by order. */
GM_API GM_NODISCARD gm_status gm_schedule_check(gm_ctx *ctx, const gm_event *event, int32_t count,
                                                int32_t port_count);
/* Fails: as gm_schedule_check; GM_EDOMAIN for a lag or duration that is negative or not finite. */
GM_API GM_NODISCARD gm_status gm_timeline_build(gm_ctx *ctx, const gm_timeline_spec *spec,
                                                gm_timeline *out);
GM_API void gm_timeline_free(gm_timeline *t);

/* ---- running members along their timelines ------------------------------------------------- */
typedef struct gm_runner gm_runner;
/* Holds the work objects of a model for every worker of a pool (pool NULL: one). Model and pool are
 * borrowed until the runner is freed. Threads: one run at a time.
 * Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_runner_new(gm_ctx *ctx, const gm_model *model, gm_pool *pool,
                                            gm_runner **out);
GM_API void gm_runner_free(gm_runner *r);

/* n members, value i of member m at [i*n + m]. */
typedef struct {
  int32_t n;
  const gm_timeline *timeline; /* [n], or one for all when shared_timeline */
  bool shared_timeline;
  bool keep_state; /* x holds the state at t_begin; otherwise it is made by init */
  double *theta;   /* [np*n]; left as the switches left it */
  double *x;       /* [nx*n] out: state at t_end; NULL: not wanted (then keep_state is false) */
  void **obj;      /* object state [n]: as x; NULL: not wanted, objects are made and freed inside */
  const gm_key *key;    /* [n] or NULL: all zero */
  const uint64_t *slot; /* [n] or NULL: the member's number */
  /* A model that moves by chance: after all that happens at renewal_t[i] (ascending) the draws are
   * those of slot[(i+1)*n + m]; where that is another slot than before, what is memoryless in the
   * member's state is drawn anew. slot has renewal_count + 1 rows then. So a member is known by its
   * parameters, its key and its slots, and can be run again from the start to any time. */
  const double *renewal_t;
  int32_t renewal_count;
  double *y;      /* [n][sample_count][output_count] of equal sample counts; may be NULL if none */
  int8_t *status; /* [n] */
} gm_run;
/* Fails: GM_ENOMEM; GM_EUNSUPPORTED (steady state of a model that moves by chance); GM_EINVAL (the
 * runner is in use by another thread). */
GM_API GM_NODISCARD gm_status gm_runner_run(gm_runner *r, gm_ctx *ctx, const gm_run *run);

#ifdef __cplusplus
}
#endif
#endif
