/* t1d_metrics.h - what a glucose sensor's readings say in the numbers of the consensus.
 *
 * Definitions: Battelino et al., Diabetes Care 42:1593 (2019), for the times in ranges, the
 * coefficient of variation and what data suffice; Bergenstal et al., Diabetes Care 41:2275 (2018),
 * GMI; Kovatchev et al., Diabetes Care 20:1655 (1997) and 29:2433 (2006), LBGI and HBGI; Klonoff et
 * al., J. Diabetes Sci. Technol. 17:1226 (2023), GRI; Wojcicki, Horm. Metab. Res. 27:41 (1995), J.
 *
 * Gaps. Every metric is given twice:
 *  - by readings: each reading counts once, gaps are not there. This is what most reports print.
 *  - by time: the glucose between two neighbouring readings is the straight line between them, if
 *    they are no further apart than bridge_min; a longer gap is no data and counts for nothing. So
 *    a sensor that reads more often, or fails more often, when glucose is low does not bend them.
 *
 * Uncertainty: standard errors from whole days left out one by one (delete-m_j jackknife, Busing et
 * al., Stat. Comput. 9:3, 1999: days may hold different amounts of data). They are the spread to be
 * expected of another spell as long in the same life; that neighbouring days resemble each other
 * makes them a little too small. Threads: all functions may run together. */
#ifndef T1D_METRICS_H
#define T1D_METRICS_H
#include "gemel/base.h"

/* Sensor readings in order of time. Arrays of count numbers, borrowed for the call only.
 * t_min: minutes since any epoch, finite, never going back. glucose_mgdl: NaN is a reading that did
 * not come; others lie in (1, 2000]. */
typedef struct {
  const double *t_min;
  const double *glucose_mgdl;
  int32_t count;
} t1d_readings;

/* What is done with readings that carry the same time (two receivers, filled-in data). */
typedef enum {
  T1D_SAME_TIME_REFUSE, /* GM_EINVAL, naming the reading */
  T1D_SAME_TIME_ALL,    /* each counts by readings; by time, the line jumps there */
  T1D_SAME_TIME_FIRST,
  T1D_SAME_TIME_LAST,
  T1D_SAME_TIME_MEAN,
  T1D_SAME_TIME_COUNT
} t1d_same_time;

typedef struct {
  double period_min;   /* of the sensor; 0: the usual distance of readings (above 45 s; none: 5) */
  double bridge_min;   /* longest distance the line may bridge; 0: three periods */
  double from_min;     /* only readings with from_min <= t < to_min are used and expected; */
  double to_min;       /*   both 0: from the first to the last */
  double midnight_min; /* any local midnight on the clock of t_min: where days begin */
  t1d_same_time same_time;
} t1d_metrics_options;

/* code, name, unit. Times are shares of readings or of the bridged time. SD by readings has n - 1,
 * by time it is that of the line. Ranges as the consensus has them: 70 and 180 are in range. */
#define T1D_METRIC_LIST(X)                                                                         \
  X(T1D_MEAN, "mean", "mg/dL")                                                                     \
  X(T1D_SD, "SD", "mg/dL")                                                                         \
  X(T1D_CV, "CV", "%")                                                                             \
  X(T1D_TIR, "70-180", "%")                                                                        \
  X(T1D_TITR, "70-140", "%")                                                                       \
  X(T1D_TBR70, "<70", "%")                                                                         \
  X(T1D_TBR54, "<54", "%")                                                                         \
  X(T1D_TBR_LEVEL1, "54-69", "%") /* 54 <= G < 70 */                                               \
  X(T1D_TAR180, ">180", "%")                                                                       \
  X(T1D_TAR250, ">250", "%")                                                                       \
  X(T1D_TAR_LEVEL1, "181-250", "%") /* 180 < G <= 250 */                                           \
  X(T1D_GMI, "GMI", "%")                                                                           \
  X(T1D_LBGI, "LBGI", "1")                                                                         \
  X(T1D_HBGI, "HBGI", "1")                                                                         \
  X(T1D_GRI, "GRI", "1") /* at most 100 */                                                         \
  X(T1D_J, "J index", "1")

typedef enum {
#define T1D_X(code, name, unit) code,
  T1D_METRIC_LIST(T1D_X)
#undef T1D_X
      T1D_METRIC_COUNT
} t1d_metric;

const char *t1d_metric_name(t1d_metric m); /* static text */
const char *t1d_metric_unit(t1d_metric m);

typedef struct {
  double value; /* NaN where there is not enough data for it (SD of one reading) */
  double se;    /* standard error; NaN with data on fewer than two days; 0 for a share that is 0 or
                  * 100 % on every day, which is no certainty */
} t1d_figure;

typedef struct {
  t1d_figure by_reading[T1D_METRIC_COUNT];
  t1d_figure by_time[T1D_METRIC_COUNT];
  int32_t reading_count;         /* used */
  int32_t missing_count;         /* NaN in the window */
  int32_t same_time_count;       /* readings that carry the time of the one before */
  int32_t day_count;             /* local days with a reading */
  int32_t gap_count;             /* distances longer than bridge_min */
  double gap_longest_min;        /* the longest distance of two readings; 0 with one */
  double period_min, bridge_min; /* as used */
  double span_days;              /* from the first reading to one period behind the last */
  double timed_days;             /* time the line covers: what by_time is made of */
  /* Share of the expected readings that came: of the window when one was given, else of the span.
   * A reading stands for the distance to the next one where that is at most 1.5 periods, else for
   * one period, so that neither a wandering clock nor double readings bend it. */
  double active_pct;
  bool sufficient;  /* 14 days (of the window) and 70 % active (Battelino 2019), to one period */
  char reason[120]; /* why not; "" when it suffices */
} t1d_metrics;

/* Computes all of it. options may be NULL (all 0).
 * Fails: GM_EINVAL (the clock goes back; same times that are to be refused; a bad option),
 * GM_EDOMAIN (a time or reading not finite or outside its domain), GM_EUNIT (no reading above 33.4:
 * mmol/L taken for mg/dL), GM_ENOTFOUND (no reading in the window), GM_ENOMEM. Messages name the
 * number of a reading, never its value. */
GM_NODISCARD gm_status t1d_metrics_of(gm_ctx *ctx, const t1d_readings *r,
                                      const t1d_metrics_options *options, t1d_metrics *out);

/* The risk scale f(G) = 1.509 (ln(G)^1.084 - 5.381), G in mg/dL above 1; 0 near 112.5, the risk is
 * 10 f^2, a low one where f < 0. Outside 20-600 mg/dL, for which it was made, it simply goes on. */
double t1d_risk_scale(double glucose_mgdl);

/* ---- between the files of this folder -------------------------------------------------------- */
/* Checks r and copies the readings with from <= t < to into t and g (room for r->count each).
 * counts: {used, missing, same time}. Fails as t1d_metrics_of, without GM_ENOMEM. */
GM_NODISCARD gm_status t1d__readings_clean(gm_ctx *ctx, const t1d_readings *r, double from,
                                           double to, t1d_same_time same_time, double *t, double *g,
                                           int32_t counts[3]);
/* Standard error of `whole` from the values left_out[j * stride] without block j, which holds
 * weight[j] of the data; blocks of weight 0 do not count. NaN with fewer than two blocks. */
double t1d__block_se(double whole, const double *left_out, ptrdiff_t stride, const double *weight,
                     int32_t block_count);
#endif
