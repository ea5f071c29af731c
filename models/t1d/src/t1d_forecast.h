/* t1d_forecast.h - forecasts of a sensor's readings with intervals that keep what they say: the
 * twin's outlook, corrected online by what its forecasts and an autoregression were worth
 * (gemel/online.h). Glucose in mg/dL, times in min; 0 is a midnight.
 * Threads: one call at a time on one forecaster. */
#ifndef T1D_FORECAST_H
#define T1D_FORECAST_H
#include "t1d_outlook.h"
#include "gemel/online.h"

/* Experts, in the order of gm_online_law.expert */
enum {
  T1D_FORECAST_LAST_HOUR, /* the last hour alone */
  T1D_FORECAST_READINGS,  /* all of the readings */
  T1D_FORECAST_TWIN,      /* the twin as it is */
  T1D_FORECAST_MOVED,     /* the twin moved by what is left of its present error */
  T1D_FORECAST_ALL,
  T1D_FORECAST_EXPERTS
};
enum { T1D_FORECAST_HORIZONS = 5, T1D_FORECAST_LEVEL90 = 2 }; /* the 90 % interval */
extern const double t1d_forecast_min[T1D_FORECAST_HORIZONS];  /* 30, 60, 120, 240, 360 */
extern const char *const t1d_forecast_expert[T1D_FORECAST_EXPERTS];

typedef struct t1d_forecast t1d_forecast;

/* *out is owned by the caller. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status t1d_forecast_new(gm_ctx *ctx, t1d_forecast **out);
void t1d_forecast_free(t1d_forecast *f); /* NULL ok */

/* What is known at a time: the reading (NaN: none) and its weight in [0, 1], and what the twin says
 * after it; outlook NULL: nothing. Until there was one the forecast is of the readings alone. */
typedef struct {
  double t_min, cgm_mgdl, weight;
  const t1d_outlook *outlook;
  double glucose_mgdl;          /* the twin's, under the skin, now */
  double disturbance_mg_kg_min; /* as t1d_twin_news */
} t1d_forecast_now;

/* The reading settles forecasts made for it, which are learned from; then law
 * [T1D_FORECAST_HORIZONS] of what comes. Fails: as gm_online_learn, gm_online_forecast. */
GM_NODISCARD gm_status t1d_forecast_step(t1d_forecast *f, gm_ctx *ctx, const t1d_forecast_now *now,
                                         gm_online_law *law);
/* For scores. */
gm_online *t1d_forecast_online(t1d_forecast *f);
/* Everything that decides the future, as bytes with a checksum, added to *out; what follows after
 * loading is the same to the bit. Fails: GM_ENOMEM; load: GM_EPARSE (damaged), *f as it was. */
GM_NODISCARD gm_status t1d_forecast_save(const t1d_forecast *f, gm_ctx *ctx, gm_text *out);
GM_NODISCARD gm_status t1d_forecast_load(t1d_forecast *f, gm_ctx *ctx, const void *data,
                                         size_t bytes);
#endif
