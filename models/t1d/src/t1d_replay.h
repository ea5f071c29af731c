/* t1d_replay.h - a person's records as a stream: reading by reading the twin learns, forecasts are
 * made and scored when their time has come, as if the person were followed live.
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
  double score_share;   /* scores count from this share of the time on; 0: from the second day on */
  uint64_t seed;
} t1d_replay_options;

typedef struct {
  double t_s, cgm_mgdl; /* NaN: no reading was there */
  t1d_twin_news news;
  const gm_online_law *law;   /* [T1D_FORECAST_HORIZONS]; NULL: the last reading is too old */
  const t1d_outlook *outlook; /* NULL without a twin */
} t1d_replay_moment;
typedef void t1d_replay_listener(void *user, const t1d_replay_moment *m);

typedef struct {
  int64_t readings, steps, held_out; /* held_out: readings whose weight was below 1/2 */
  int64_t fault[GM_QUALITY_REASONS];
  int64_t meals_told, meals_found, boluses;
  int64_t lost; /* steps with the twin lost */
  double days;
  bool complete;
  gm_online_score score[T1D_FORECAST_HORIZONS];
} t1d_replay;

/* options, listener and watch may be NULL; a stopped replay has scores so far and complete false.
 * Fails: GM_EINVAL (no reading of a sensor), GM_ENOMEM, GM_EDOMAIN (options). */
GM_NODISCARD gm_status t1d_replay_run(gm_ctx *ctx, const t1d_records *r,
                                      const t1d_replay_options *options,
                                      t1d_replay_listener *listener, void *user,
                                      const gm_watch *watch, t1d_replay *out);
#endif
