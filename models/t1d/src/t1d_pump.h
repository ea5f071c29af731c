/* t1d_pump.h - insulin pumps of virtual people: what is asked for becomes what is delivered.
 * Insulin in units (U), rates in U/h, times in min. A simulated pump obeys simulated controllers;
 * it is no driver of a device.
 *
 * Each command covers a stretch of time: the basal rate of the stretch, and a bolus begun at its
 * start. Commands follow each other without gap or overlap. What is asked for and not given is
 * accounted for by its cause, and at any moment
 *   asked = delivered + waiting + cut + rounded + lost + idle + empty   (t1d_pump_account)
 * State: a plain struct without pointers, copied by assignment. Threads: one call at a time. */
#ifndef T1D_PUMP_H
#define T1D_PUMP_H
#include "gemel/base.h"

typedef enum {
  T1D_PUMP_IDEAL,   /* no steps, no limits, no reservoir */
  T1D_PUMP_COZMO,   /* bolus <= 75 U, basal <= 35 U/h, steps of 0.05 */
  T1D_PUMP_INSULET, /* bolus <= 30 U, basal <= 30 U/h, steps of 0.05 */
  T1D_PUMP_KINDS
} t1d_pump_kind;
const char *t1d_pump_name(t1d_pump_kind kind); /* "cozmo"; static text; NULL: no such kind */
/* Fails: GM_ENOTFOUND. */
GM_NODISCARD gm_status t1d_pump_find(gm_ctx *ctx, const char *name, t1d_pump_kind *out);

typedef enum { T1D_ROUND_NEAREST, T1D_ROUND_DOWN } t1d_round;

typedef struct {
  double bolus_step_u, basal_step_u_per_h; /* 0: none. 0.05; other pumps: 0.025 */
  double bolus_max_u, basal_max_u_per_h;   /* at once; 0: none */
  t1d_round round;
  bool carry; /* what rounding took is asked for again with the next command of its sort (insulin
                 given never strays from what was asked for by more than a step). A command of 0
                 gives 0 all the same. */
  double bolus_u_per_min; /* a bolus flows so fast; 0: within a minute, whatever it is */
  double reservoir_u;     /* when filled; 0: endless */
  double site_day;    /* the infusion set is changed and the reservoir filled so often; 0: never */
  double change_min;  /* nothing flows while that is done */
  double occlusion_u; /* insulin held back until the pump notices an occlusion; 0: never */
  double occlusion_min; /* it notices after so long in any case; 0: never */
  double release;       /* share of what was held back that flows when an occlusion opens */
} t1d_pump_options;
/* occlusion_u 1.25 (75 min at 1 U/h), release 0, the rest 0 or false where not named above. */
t1d_pump_options t1d_pump_defaults(t1d_pump_kind kind);

enum {
  T1D_PUMP_CUT = 1,       /* more was asked for than the pump's limit */
  T1D_PUMP_REFUSED = 2,   /* not a number, infinite or negative: nothing is given for it */
  T1D_PUMP_OCCLUDED = 4,  /* nothing reaches the body, though it is reported as given */
  T1D_PUMP_ALARM = 8,     /* the pump has noticed: from the next stretch on it gives nothing and
                             says so; what was waiting is given up */
  T1D_PUMP_EMPTY = 16,    /* the reservoir ended within the stretch or before */
  T1D_PUMP_CHANGING = 32, /* the infusion set was being changed for a part of the stretch */
  T1D_PUMP_RELEASED = 64  /* held-back insulin flowed at the start of the stretch */
};

/* What became of one command. */
typedef struct {
  double basal_u_per_h; /* delivered, mean of the stretch */
  double bolus_u;       /* delivered within the stretch, of this and earlier boluses */
  double bolus_min;     /* for which it flowed, from the start or the end of a change of set */
  double reported_basal_u_per_h, reported_bolus_u; /* as the pump's log has it */
  uint32_t flags;
} t1d_delivery;

/* Sums since t1d_pump_new [U]. */
typedef struct {
  double asked; /* but what was refused */
  double delivered, reported;
  double waiting; /* of a bolus still flowing */
  double cut;     /* by limits */
  double rounded; /* by steps; negative: rounded up */
  double lost;    /* held back by occlusions, less what was released */
  double idle;    /* not given during alarms and changes of set */
  double empty;   /* not given for want of insulin */
} t1d_pump_account;

/* Read only; made by t1d_pump_new. */
typedef struct {
  t1d_pump_options o;
  double t_min;                        /* end of the last stretch */
  double basal_carry_u, bolus_carry_u; /* taken by rounding, to be asked for again */
  double left_u;                       /* in the reservoir */
  double site_min;                     /* when the set was put in */
  bool occluded, alarm;
  double occluded_min; /* since when */
  double held_u;       /* by the present occlusion */
  double pending_u;    /* of boluses, still to flow */
  double release_u;    /* of an occlusion that has opened, to flow at once */
  double change_left_min;
  t1d_pump_account account;
} t1d_pump;

/* options NULL: IDEAL's. The first stretch begins at t_min, with a new set and a full reservoir.
 * Fails: GM_EDOMAIN. */
GM_NODISCARD gm_status t1d_pump_new(gm_ctx *ctx, const t1d_pump_options *options, double t_min,
                                    t1d_pump *out);

/* Commands for the stretch of length_min (> 0, finite: asserted) from the end of the last one.
 * Numbers that are none are refused, not passed on: see flags. */
t1d_delivery t1d_pump_give(t1d_pump *p, double length_min, double basal_u_per_h, double bolus_u);

/* The infusion set is blocked or opens again (which ends an alarm too), from the next stretch on.
 * Saying it again changes nothing. */
void t1d_pump_occlude(t1d_pump *p, bool occluded);
/* The set is changed by hand at the start of the next stretch: ends an occlusion (what was held
 * back stays in the old set) and an alarm, fills the reservoir. */
void t1d_pump_change(t1d_pump *p);
#endif
