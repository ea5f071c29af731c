/* run.h - one member on its way: registers, clocks, waiting events; what the methods share.
 *
 * The clock of channel k is a unit-rate Poisson process (Anderson, J. Chem. Phys. 127:214107,
 * 2007): left[k] is the internal time to its next firing as of since[k], when the propensity was
 * last set to rate[k]; so it fires at when[k] = since[k] + left[k] / rate[k] if nothing changes,
 * which is the absolute-time form of Gibson & Bruck (J. Phys. Chem. A 104:1876, 2000). number[k]
 * counts the firings and is the index of the draw behind left[k]. Nothing is touched between
 * changes of the propensity, so a stretch cut in two gives the same bytes. */
#ifndef GEMEL_JUMP_RUN_H
#define GEMEL_JUMP_RUN_H
#include "base/math_lanes.h"
#include "kinds/jump/machine.h"
#include "model/turn.h"
#include <math.h>

enum { JUMP_DRAWS = 8, JUMP_HEAP_LEAST = 16, JUMP_STUCK_MAX = 1000000 };

/* Third word of the draws' counters (gm_kind_draw). Never renumbered. */
enum {
  JUMP_KIND_CLOCK = 16,  /* internal time to firing `index`, four to a block */
  JUMP_KIND_LEAP = 17,   /* number of firings in a leap that begins at firing `index` */
  JUMP_KIND_BRIDGE = 18, /* halves of a leap; draw: node of the tree */
  JUMP_KIND_EVENT =
      19,              /* uniform of an event's assignments; draw: which, index: how often so far */
  JUMP_KIND_TIE = 20,  /* order of events with the same priority */
  JUMP_KIND_ROUND = 21 /* whole number of a count that stops flowing */
};

typedef struct {
  double begin, length; /* length 0: none is open */
  double end;           /* where it stops: begin + length, or less where counts would run out */
  double singles;       /* firings to make one by one before the next leap is tried */
  double *x;            /* [nx] states at its begin */
  double *total;        /* [channel_count] firings in begin .. begin + length */
  double *drift, *spread, *order, *pull; /* [nx] scratch of the choice of length */
} jump_leap;

typedef struct {
  double *z, *z_new, *stage, *k; /* [n] [n] [n] [7 n]; z: states, clocks, bends */
  double *dense;                 /* [5 n] */
  double h;                      /* step to try, 0: none known in this span */
  bool fresh;                    /* k[0] holds the slopes at z */
  int32_t steps;                 /* since the last point */
} jump_flow;

typedef struct {
  gm_work base;
  const jump_machine *m;
  double *reg, *x; /* x = reg + reg_state */
  double *left, *since, *rate, *when, *number;
  double *draw;          /* [channel_count][JUMP_DRAWS] internal times drawn ahead */
  double *draw_block;    /* [channel_count] which firings they belong to, -1 none */
  int32_t *heap, *place; /* [channel_count] */
  uint8_t *fast;         /* [channel_count] HYBRID: it flows at present */
  uint8_t *flag;         /* [event_count] triggers */
  uint8_t *seen;         /* [event_count] scratch */
  double *fired;         /* [event_count] how often triggered */
  double *queue;         /* [queue_max][queue_width] time, event, number, values */
  int32_t queue_count;
  jump_leap leap;
  jump_flow flow;
  const gm_vmath *vmath;
  /* the member in hand */
  gm_turn turn;
  gm_key key;
  uint64_t slot;
  double t;
  int64_t firings, stuck;
  bool use_heap;
  bool inflow;   /* something flows into a state that is no count */
  bool any_fast; /* HYBRID: some reaction flows */
  int8_t status;
} jump_run;

/* clock.c */
void jump_draw_new(jump_run *r, int32_t k); /* left[k] for firing number[k] */
/* Propensity of k at the present registers; 0 while something it takes is missing. A value that is
 * negative or not finite marks the member diverged. */
double jump_rate_of(jump_run *r, int32_t k);
void jump_when_set(jump_run *r, int32_t k);
void jump_clock_to(jump_run *r, int32_t k, double t); /* brings left[k] to time t */
/* All propensities anew at time t; clocks whose propensity stays are not touched. */
void jump_refresh(jump_run *r, double t);
void jump_heap_make(jump_run *r);
void jump_heap_fix(jump_run *r, int32_t k); /* after when[k] changed */
int32_t jump_first(const jump_run *r);      /* channel with the least when, -1: none */
/* The changes of channel k, once. */
void jump_change_apply(jump_run *r, int32_t k);
/* Fires k at time t and sets the clocks of those that follow. */
void jump_fire(jump_run *r, int32_t k, double t);
/* Counts a firing at t; false when the member has had too many. */
bool jump_firing_count(jump_run *r, double t);
bool jump_is_varying(const jump_run *r, int32_t k);

/* event.c */
void jump_events_begin(jump_run *r); /* triggers to what they are before the start; none waits */
/* Triggers at time t, and what is due; true when a state was changed (then refresh). */
bool jump_events_at(jump_run *r, double t);
bool jump_triggers_differ(jump_run *r); /* from flag, at the present registers */
bool jump_watched_differ(jump_run *r, int32_t k);
double jump_queue_next(const jump_run *r);
/* First time after t at which a time condition may change; infinite: none. */
double jump_condition_next(jump_run *r, double t);

/* member.c */
void jump_member_take(jump_run *r, const gm_batch *b, int32_t member);
void jump_member_init(jump_run *r, double t0);
void jump_member_load(jump_run *r, double t0);
void jump_member_store(jump_run *r);
void jump_setup_run(jump_run *r);
/* Not below 0, and whole unless it flows. */
void jump_count_set(jump_run *r, int32_t state, double value);
void jump_samples_before(jump_run *r, double t); /* those earlier than t, of the present state */
void jump_sample_write(jump_run *r);             /* the next one, of the present registers */
void jump_member_advance(jump_run *r, const gm_span *span);

/* The methods go on from r->t until `stop`, or less far when something happened that the caller
 * must look at (a trigger, a moved time condition, an end); r->t tells how far. */
void jump_exact_to(jump_run *r, double stop);
void jump_flow_to(jump_run *r, double stop);
void jump_tau_to(jump_run *r, double stop);
/* TAU: closes an open leap at the present time, where something from outside happens. */
void jump_leap_cut(jump_run *r, double t);
/* TAU: states at t within the open leap into the registers. */
void jump_leap_state(jump_run *r, double t);
void jump_leap_draw(jump_run *r); /* total of the open leap, again */
/* HYBRID: which channels flow; true when that changed. */
bool jump_partition(jump_run *r, double t);
/* HYBRID: does a channel that flows change the state? */
bool jump_state_flows(const jump_run *r, int32_t state);
/* HYBRID: would channel k or one that follows it change over, after a firing of k? */
bool jump_partition_moves(jump_run *r, int32_t k);
#endif
