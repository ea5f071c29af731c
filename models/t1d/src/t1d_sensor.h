/* t1d_sensor.h - continuous glucose sensors of virtual people: from interstitial glucose to
 * readings. Glucose in mg/dL, times in min since any epoch, the same throughout a run.
 *
 * The error of a sensor is a pure function of (seed, subject, device, time since insertion): it
 * does not depend on which readings are taken, in which order, or on what else is drawn. Two arms
 * of a trial with the same seed share every sensor error, whatever happens to glucose. The state
 * below is a memo of that function: a plain struct without pointers, copied by assignment; one made
 * anew from the same options gives the same readings, so that the options are all there is to save.
 *
 * Errors of the kinds (sources and steps beside the tables in t1d_sensor.c):
 *   BRETON       e of a first-order autoregression each 15 min, made an error by Johnson's SU
 * curve, cubic spline in between SEVEN_PLUS, G5, G6   a(t) IG + b(t) + v + c, a and b drifting with
 * the days since calibration (G6: since insertion), v and c second-order autoregressions each 5
 * min; the same a and b for every device of the kind G6_DRAWN     the same form without c, its
 * seven numbers drawn for each device WHITE        independent normal errors Threads: a sensor
 * belongs to one thread at a time. */
#ifndef T1D_SENSOR_H
#define T1D_SENSOR_H
#include "gemel/base.h"

typedef enum {
  T1D_SENSOR_EXACT,
  T1D_SENSOR_WHITE,
  T1D_SENSOR_BRETON,     /* Breton & Kovatchev 2008 */
  T1D_SENSOR_SEVEN_PLUS, /* Facchinetti et al. 2014 */
  T1D_SENSOR_G5,         /* Vettoretti et al. 2018 */
  T1D_SENSOR_G6,         /* Vettoretti et al., EMBC 2019 */
  T1D_SENSOR_G6_DRAWN,   /* Vettoretti et al., Sensors 2019 */
  T1D_SENSOR_KINDS
} t1d_sensor_kind;

const char *t1d_sensor_name(t1d_sensor_kind kind); /* "breton"; static text; NULL: no such kind */
/* Fails: GM_ENOTFOUND. */
GM_NODISCARD gm_status t1d_sensor_find(gm_ctx *ctx, const char *name, t1d_sensor_kind *out);

typedef struct {
  uint64_t seed, subject;
  uint64_t device;            /* number of the first device; the next one has the next number */
  double start_min;           /* the first device is inserted; by default so that it is warm at 0 */
  double sample_min;          /* between readings; 5. WHITE draws anew for each */
  double noise_min;           /* a step of the autoregressions v and c; 5 */
  double sd_mgdl;             /* WHITE: 5 */
  double life_day;            /* then the next device is inserted; 0: one device for ever */
  double warmup_min;          /* after insertion, without readings */
  double calibrate_h;         /* a and b begin anew; 0: never */
  double low_mgdl, high_mgdl; /* readings beyond are shown as these, flagged; 0 and 0: no bounds */
  double resolution_mgdl;     /* readings are rounded to multiples; 0: not */
} t1d_sensor_options;

/*              life  warm-up  calibration  range    resolution
 * EXACT         -      -         -           -          -
 * WHITE         -      -         -         40-400       1
 * BRETON        -      -         -         39-600       -     (as simglucose)
 * SEVEN_PLUS    7 d   120 min   12 h       40-400       1
 * G5            7 d   120 min   12 h       40-400       1
 * G6, G6_DRAWN 10 d   120 min    -         40-400       1 */
t1d_sensor_options t1d_sensor_defaults(t1d_sensor_kind kind);

/* Why a reading is not simply a reading. */
enum {
  T1D_SAMPLE_LOW = 1,    /* below the range: mgdl is its lower bound  */
  T1D_SAMPLE_HIGH = 2,   /* above the range: mgdl is its upper bound  */
  T1D_SAMPLE_MISSING = 4 /* no reading (warm-up, not inserted): NaN   */
};
typedef struct {
  double t_min, mgdl;
  uint32_t flags;
} t1d_sample;

enum { T1D_SENSOR_KNOTS = 11 };
/* Read only; made by t1d_sensor_new. */
typedef struct {
  t1d_sensor_kind kind;
  t1d_sensor_options o;
  int64_t age;              /* of the device at work, counted in devices; -1: none yet */
  int64_t step;             /* of its autoregressions; -1: none yet */
  double v[2], c[2];        /* at step and at the one before */
  double gain[3], shift[3]; /* a and b: polynomials in days */
  double ar_v[3], ar_c[3];  /* coefficients of the last and the last but one; sd of what is new */
  int64_t piece;            /* of the spline; -1: none yet */
  double e, knot[T1D_SENSOR_KNOTS], bend[T1D_SENSOR_KNOTS];
} t1d_sensor;

/* options NULL: the kind's defaults. No memory is allocated; *out is the caller's.
 * Fails: GM_EINVAL (kind), GM_EDOMAIN (options). */
GM_NODISCARD gm_status t1d_sensor_new(gm_ctx *ctx, t1d_sensor_kind kind,
                                      const t1d_sensor_options *options, t1d_sensor *out);

/* The reading at t_min while interstitial glucose is interstitial_mgdl. Times in order are fast
 * (the error goes on from the last one); an earlier time gives what it gave before, but goes
 * through the device's life from its insertion. Glucose that is not finite gives no reading. Nor
 * does a device's age above 5e7 min (95 years), of endless devices. */
t1d_sample t1d_sensor_sample(t1d_sensor *s, double t_min, double interstitial_mgdl);
double t1d_sensor_read(t1d_sensor *s, double t_min, double interstitial_mgdl); /* NaN: none */

/* Standard deviation of v + c in the long run, for those kinds; of WHITE; 0 for EXACT; of BRETON's
 * error at its knots. G6_DRAWN: of the device that read last (NaN before). [mg/dL] */
double t1d_sensor_sd(const t1d_sensor *s);
#endif
