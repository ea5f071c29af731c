/* t1d_replay.h - a person's records as a stream: reading by reading the twin learns, forecasts are
 * made and scored when their time has come, as if the person were followed live.
 *
 * Readings closer together than 4.5 min are thinned (a sensor of 1 min gives one in five): the
 * twin's error of the sensor and the forecasts' lags are of 5 min. Insulin and meals are told over
 * the minutes they took; a basal rate that ends without another is followed by that of the schedule
 * (T1D_FLAG_SCHEDULED), else by that of the options. What was given or eaten before the first
 * reading is counted and left out, but for the basal rate that runs then.
 * Threads: one call at a time on one set of records. */
#ifndef T1D_REPLAY_H
#define T1D_REPLAY_H
#include "t1d_forecast.h"
#include "t1d_record.h"
#include "t1d_twin.h"

typedef struct {
  double zone_h;        /* local time less UTC: midnights, parts of the day */
  double bw_kg;         /* 0: 70 */
  double basal_u_per_h; /* where the records tell none; 0: what the prior's middle needs */
  bool no_twin;         /* readings alone */
  int32_t members;      /* of the outlook; 0: 32 */
  double score_share;   /* scores count from this share of the time on; 0: from the second day on;
                           a record that ends sooner is scored whole */
  /* per min; 0: the 10th percentile of the heart rates in the records, where there are 288 or more;
   * negative: exercise is not followed */
  double rest_heart_rate;
  bool explain; /* the last moment has `why` */
  uint64_t seed;
} t1d_replay_options;

typedef struct {
  double t_s, cgm_mgdl;       /* NaN: no reading was there */
  t1d_twin_news news;         /* without a twin: weight 1, what the twin would say NaN */
  const gm_online_law *law;   /* [T1D_FORECAST_HORIZONS]; NULL: the last reading is too old */
  const t1d_outlook *outlook; /* NULL without a twin */
  const t1d_explanation *why; /* of the outlook; NULL but at the last reading, or the step at which
                                 the replay is stopped, on demand */
} t1d_replay_moment;
typedef void t1d_replay_listener(void *user, const t1d_replay_moment *m);

typedef struct {
  int64_t readings, steps, held_out; /* held_out: readings that the twin did not learn from */
  int64_t between;                   /* readings too close to the one before: not used */
  int64_t fault[GM_QUALITY_REASONS];
  int64_t boluses, meals_told, basal_rates; /* from the first reading to the last, as recorded */
  int64_t before, after;                    /* boluses and meals before and behind that: left out */
  int64_t heart_rates, sessions;            /* that were followed */
  int64_t unused; /* of a finger; heart rate and exercise that are not followed */
  int64_t meals_found;
  int64_t lost;               /* steps with the twin lost */
  double days, days_recorded; /* followed; of all of the readings */
  bool complete;
  gm_online_score score[T1D_FORECAST_HORIZONS];
} t1d_replay;

/* options, listener and watch may be NULL; a stopped replay has scores so far and complete false.
 * watch is asked once in each step but the last, before the listener hears of it.
 * Fails, *out as it was: GM_EINVAL (no reading of a sensor), GM_EUNIT (no reading above 33.4:
 * mmol/L taken for mg/dL), GM_ENOMEM, GM_EDOMAIN (options). */
GM_NODISCARD gm_status t1d_replay_run(gm_ctx *ctx, const t1d_records *r,
                                      const t1d_replay_options *options,
                                      t1d_replay_listener *listener, void *user,
                                      const gm_watch *watch, t1d_replay *out);
#endif
