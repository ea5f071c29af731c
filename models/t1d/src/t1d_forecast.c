/* t1d_forecast.c - what the twin and the readings so far say, put together online. */
#include "t1d_forecast.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

const double t1d_forecast_min[T1D_FORECAST_HORIZONS] = {30, 60, 120, 240, 360};
const char *const t1d_forecast_expert[T1D_FORECAST_EXPERTS] = {"last hour", "readings", "twin",
                                                               "twin moved", "all"};

/* 13 readings of an hour; behind them what helped on real sensors: the hour of the day, products of
 * level and slope, slow means, the same time the day before (tests/methods/test_online_real.c). */
enum {
  LAGS = 13,
  MEMORIES = 3,
  AT_HOUR = LAGS,           /* sine and cosine of the hour forecast, of twice that */
  AT_LEVEL = AT_HOUR + 4,   /* products of level, slope, slow slope */
  AT_MEMORY = AT_LEVEL + 4, /* means of 1, 4, 24 h */
  AT_YESTERDAY = AT_MEMORY + MEMORIES,
  READING_FEATURES,
  AT_TWIN = READING_FEATURES, /* the twin's mean for the horizon */
  AT_ERROR,                   /* reading minus the twin's glucose now */
  AT_W,                       /* disturbance */
  FEATURES,
  DAY = 288
};
static const double reading_every_min = 5, day_min = 1440;
static const double memory_min[MEMORIES] = {60, 240, 1440};
/* Residual variance over that of a coefficient beforehand: about 200 mg2/dL2 over 0.3^2. */
static const double coefficient_precision = 2000;

typedef struct {
  double lag[LAGS], memory[MEMORIES], last_min;
  double day[DAY]; /* readings by their place in the day, the newest of each */
} readings;

struct t1d_forecast {
  gm_online *online;
  readings r;
};

gm_online *t1d_forecast_online(t1d_forecast *f) { return f->online; }

static gm_status online_make(gm_ctx *ctx, gm_online **out)
{
  enum { ALL = FEATURES, ROOM = FEATURES + 1 };
  static const int32_t twin[] = {AT_TWIN}, moved[] = {AT_TWIN, AT_ERROR};
  static const double as_it_is[] = {1}, moved_mean[] = {1, 0, 0};
  static const double moved_precision[] = {1e6, 2000, 1000};
  static const double last[ROOM] = {1}; /* the last reading, until the data say otherwise */
  double all_mean[ROOM] = {[AT_TWIN] = 1}, precision[3][ROOM];
  const int32_t counts[3] = {LAGS, READING_FEATURES, ALL};
  for (int32_t k = 0; k < 3; k++)
    for (int32_t i = 0; i < ROOM; i++) precision[k][i] = i < counts[k] ? coefficient_precision : 1;
  const gm_online_expert expert[T1D_FORECAST_EXPERTS] = {
      {.count = LAGS, .constant = true, .mean = last, .precision = precision[0]},
      {.count = READING_FEATURES, .constant = true, .mean = last, .precision = precision[1]},
      {.count = 1, .feature = twin, .fixed = true, .mean = as_it_is},
      {.count = 2,
       .feature = moved,
       .constant = true,
       .mean = moved_mean,
       .precision = moved_precision},
      {.count = ALL, .constant = true, .mean = all_mean, .precision = precision[2]}};
  const gm_online_options o = {.horizon_count = T1D_FORECAST_HORIZONS,
                               .horizon = t1d_forecast_min,
                               .feature_count = FEATURES,
                               .expert_count = T1D_FORECAST_EXPERTS,
                               .expert = expert,
                               .tie = 2.4,
                               .pending = 100};
  return gm_online_new(ctx, &o, out);
}

gm_status t1d_forecast_new(gm_ctx *ctx, t1d_forecast **out)
{
  t1d_forecast *f = gm_alloc(ctx, 1, sizeof *f);
  if (!f) return gm_fail(ctx, GM_ENOMEM, "forecaster");
  gm_status s = online_make(ctx, &f->online);
  if (s) {
    gm_free(f);
    return s;
  }
  for (int32_t i = 0; i < LAGS; i++) f->r.lag[i] = NAN;
  for (int32_t i = 0; i < MEMORIES; i++) f->r.memory[i] = NAN;
  for (int32_t i = 0; i < DAY; i++) f->r.day[i] = NAN;
  f->r.last_min = NAN;
  *out = f;
  return GM_OK;
}

void t1d_forecast_free(t1d_forecast *f)
{
  if (!f) return;
  gm_online_free(f->online);
  gm_free(f);
}

static int32_t place_of(double t_min)
{
  double in_day = fmod(t_min, day_min);
  if (in_day < 0) in_day += day_min;
  return (int32_t)(in_day / reading_every_min) % DAY;
}

/* The newest reading comes in front; what is missing behind it is on the straight line when it is
 * little, else unknown. */
static void readings_take(t1d_forecast *f, double t_min, double cgm_mgdl)
{
  enum { FILLED = 2 };
  int32_t by =
      isnan(f->r.last_min) ? LAGS : (int32_t)lround((t_min - f->r.last_min) / reading_every_min);
  if (by < 1) by = 1;
  const bool fill = by - 1 <= FILLED;
  const double before = f->r.lag[0], passed = isnan(f->r.last_min) ? 0 : t_min - f->r.last_min;
  const int32_t moved = by < LAGS ? by : LAGS;
  memmove(f->r.lag + moved, f->r.lag, (size_t)(LAGS - moved) * sizeof *f->r.lag);
  for (int32_t i = 0; i < moved; i++) {
    f->r.lag[i] = fill ? cgm_mgdl + (before - cgm_mgdl) * i / by : NAN;
    if (i == 0) f->r.lag[i] = cgm_mgdl;
  }
  for (int32_t i = 0; i < MEMORIES; i++) {
    double share = -gm_expm1(-fmin(passed, 60) / memory_min[i]);
    f->r.memory[i] =
        isnan(f->r.memory[i]) ? cgm_mgdl : f->r.memory[i] + share * (cgm_mgdl - f->r.memory[i]);
  }
  f->r.day[place_of(t_min)] = cgm_mgdl;
  f->r.last_min = t_min;
}

/* Of the readings alone, for one horizon. */
static void reading_features(const t1d_forecast *f, double t_min, double horizon_min, double *x)
{
  const double turn = 2 * 3.14159265358979323846 * (t_min + horizon_min) / day_min;
  memcpy(x, f->r.lag, sizeof f->r.lag);
  const double level = x[0] - 140, rise = x[0] - x[3], slow = x[0] - x[6];
  x[AT_HOUR] = 10 * gm_sin(turn);
  x[AT_HOUR + 1] = 10 * gm_cos(turn);
  x[AT_HOUR + 2] = 10 * gm_sin(2 * turn);
  x[AT_HOUR + 3] = 10 * gm_cos(2 * turn);
  x[AT_LEVEL] = level * level / 100;
  x[AT_LEVEL + 1] = level * rise / 50;
  x[AT_LEVEL + 2] = rise * fabs(rise) / 20;
  x[AT_LEVEL + 3] = level * slow / 50;
  memcpy(x + AT_MEMORY, f->r.memory, sizeof f->r.memory);
  const double yesterday = f->r.day[place_of(t_min + horizon_min)];
  x[AT_YESTERDAY] = isnan(yesterday) ? f->r.memory[MEMORIES - 1] : yesterday;
}

static double outlook_mean(const t1d_outlook *o, double horizon_min)
{
  int32_t step = (int32_t)lround(horizon_min / o->step_min) - 1;
  if (step < 0 || step >= o->steps) return NAN;
  double a = 0;
  for (int32_t m = 0; m < o->members; m++)
    if (o->weight[m] > 0) a += o->weight[m] * o->glucose_mgdl[(ptrdiff_t)m * o->steps + step];
  return a;
}

/* No reading is below 0; scores are of the law as it was. */
static void positive(gm_online_law *law)
{
  if (law->mean < 0) law->mean = 0;
  if (law->median < 0) law->median = 0;
  for (int32_t k = 0; k < GM_ONLINE_LEVELS; k++) {
    if (law->low[k] < 0) law->low[k] = 0;
    if (law->high[k] < 0) law->high[k] = 0;
  }
}

gm_status t1d_forecast_step(t1d_forecast *f, gm_ctx *ctx, const t1d_forecast_now *now,
                            gm_online_law *law)
{
  const bool read = !isnan(now->cgm_mgdl);
  gm_status s = gm_online_learn(f->online, ctx, now->t_min, now->cgm_mgdl, read ? now->weight : 1);
  if (s) return s;
  if (read && now->weight >= 0.5) readings_take(f, now->t_min, now->cgm_mgdl);
  double x[T1D_FORECAST_HORIZONS][FEATURES];
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    reading_features(f, now->t_min, t1d_forecast_min[h], x[h]);
    x[h][AT_TWIN] = x[h][AT_ERROR] = x[h][AT_W] = NAN;
    if (!now->outlook) continue;
    x[h][AT_TWIN] = outlook_mean(now->outlook, t1d_forecast_min[h]);
    x[h][AT_ERROR] = f->r.lag[0] - now->glucose_mgdl;
    x[h][AT_W] = 30 * now->disturbance_mg_kg_min; /* of the size of the others */
  }
  s = gm_online_forecast(f->online, ctx, now->t_min, &x[0][0], law);
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && !s; h++) positive(&law[h]);
  return s;
}

/* ---- bytes ----------------------------------------------------------------------------------- */
/* "GMT1DFC1", a checksum of the readings, the readings, the online forecaster's own bytes. */
static const char magic[8] = {'G', 'M', 'T', '1', 'D', 'F', 'C', '1'};

gm_status t1d_forecast_save(const t1d_forecast *f, gm_ctx *ctx, gm_text *out)
{
  const uint64_t sum = gm_checksum(&f->r, sizeof f->r);
  gm_text_addn(out, magic, sizeof magic);
  gm_text_addn(out, (const char *)&sum, sizeof sum);
  gm_text_addn(out, (const char *)&f->r, sizeof f->r);
  return out->status ? gm_fail(ctx, out->status, "saving a forecaster")
                     : gm_online_save(f->online, ctx, out);
}

gm_status t1d_forecast_load(t1d_forecast *f, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *at = data;
  uint64_t sum;
  readings r;
  const size_t fixed = sizeof magic + sizeof sum + sizeof r;
  if (bytes < fixed || memcmp(at, magic, sizeof magic) != 0)
    return gm_fail(ctx, GM_EPARSE, "a saved forecaster is cut short or damaged");
  memcpy(&sum, at + sizeof magic, sizeof sum);
  memcpy(&r, at + sizeof magic + sizeof sum, sizeof r);
  if (sum != gm_checksum(&r, sizeof r))
    return gm_fail(ctx, GM_EPARSE, "a saved forecaster is damaged");
  gm_status s = gm_online_load(f->online, ctx, at + fixed, bytes - fixed);
  if (!s) f->r = r;
  return s;
}
