/* alarm.h - has the twin lost its patient? A running test of innovations.
 * room: methods
 * Each datum (or all data of one time together) gives one number that is standard normal as long as
 * the belief is right: the normal quantile of its chance under the prediction. Their exponentially
 * weighted mean is compared with a limit that follows from the stated run length (mean number of
 * data between false alarms), the same for one sensor as for forty.
 * A second voice, where it is asked for, listens to where the data fall in their predictions (PIT,
 * ranks): uniform when the belief is right. It has a longer memory and hears what squares hardly
 * see: predictions that are always a little too high, too low, or too sure.
 * Roberts, Technometrics 1:239 (1959); run length: Crowder, Technometrics 29:401 (1987). */
#ifndef GEMEL_ALARM_H
#define GEMEL_ALARM_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { GM_ALARM_WARMING, GM_ALARM_QUIET, GM_ALARM_RAISED } gm_alarm_state;

/* All 0: the defaults in brackets. */
typedef struct {
  double run_length; /* [10000] mean number of data between false alarms */
  double weight;     /* [0.2] of the newest datum, in (0, 1] */
  double ess_least;  /* [2] a belief of fewer effective members is no belief: the alarm is raised */
  int32_t warm;      /* [0] data before it may be raised */
  /* > 0: the second voice, with no more than one false alarm of its own in so many data on
   * average; 0: none */
  double rank_run_length;
  double rank_weight; /* [0.05] of the newest rank, in (0, 1] */
} gm_alarm_options;

/* What is above its limit now. */
enum {
  GM_ALARM_INNOVATIONS = 1, /* larger than predicted */
  GM_ALARM_MEMBERS = 2,     /* fewer than ess_least */
  GM_ALARM_LOW = 4,         /* predictions too low: data fall high in them */
  GM_ALARM_HIGH = 8,        /* predictions too high */
  GM_ALARM_NARROW = 16      /* predictions too sure: data fall at both ends of them */
};

typedef struct {
  gm_alarm_options options;
  double limit; /* of |mean| in units of its standard deviation */
  double mean;  /* of surprise: squares of innovations larger than predicted  */
  int64_t count;
  gm_alarm_state state;
  double last;     /* newest score */
  uint32_t voices; /* GM_ALARM_ bits; 0 unless state is RAISED */
  /* second voice */
  double rank_limit;                     /* as limit */
  double rank_low, rank_high, rank_wide; /* means of scores that grow with the fault */
  int64_t rank_count;
} gm_alarm;

/* Limit L: a one-sided exponentially weighted mean of independent standard normal scores, started
 * at 0, exceeds L sqrt(weight/(2-weight)) after run_length scores on average. Fails: GM_ERANGE. */
GM_API GM_NODISCARD gm_status gm_alarm_limit(gm_ctx *ctx, double run_length, double weight,
                                             double *limit_out);
/* options NULL: defaults. Fails: GM_ERANGE. */
GM_API GM_NODISCARD gm_status gm_alarm_start(gm_ctx *ctx, const gm_alarm_options *options,
                                             gm_alarm *out);
/* Score of a squared innovation d2 = v' S^-1 v of `dof` data: normal quantile of its chi-square
 * chance, kept within +-8.2. */
GM_API double gm_alarm_score(double d2, int32_t dof);
/* Takes one score and the effective number of members (INFINITY: not known). Returns the state. */
GM_API gm_alarm_state gm_alarm_feed(gm_alarm *a, double score, double ess);
/* Takes the data of one time by P(Y <= y) under their predictions, randomised for counts:
 * pit[count], in an order that does not depend on the values. Of several the next in turn is heard,
 * because they depend on each other, and the ranks of one sensor, time by time, do not. Does
 * nothing without rank_run_length, or where that one is NaN. Call it after gm_alarm_feed.
 * Three one-sided means of scores that are exactly normal (the PIT's quantile, its negative, the
 * quantile of |2 pit - 1|), each with a third of the rate: together they raise no more false alarms
 * than stated (measured: one in 1.1 times the stated number). */
GM_API gm_alarm_state gm_alarm_ranks(gm_alarm *a, int32_t count, const double *pit);
/* After the belief was made anew. */
GM_API void gm_alarm_clear(gm_alarm *a);

#ifdef __cplusplus
}
#endif
#endif
