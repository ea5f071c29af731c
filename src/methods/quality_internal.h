/* quality_internal.h - state of a series and the checks that look at it. */
#ifndef GEMEL_METHODS_QUALITY_INTERNAL_H
#define GEMEL_METHODS_QUALITY_INTERNAL_H
#include "gemel/quality.h"

enum {
  PAST = 128,   /* data kept, whatever their verdict                      */
  TRUSTED = 32, /* values kept that are believed                          */
  ERRORS = 32,  /* forecast errors kept of each forecaster                */
  FORECASTERS = 4,
  SAW_WINDOW = 24, /* differences looked at for a repeating pattern          */
  SAW_PERIOD = 6,
  PENDING = 16, /* largest relock */
  TIES = 3      /* a tie, one after a tie, one after two */
};

typedef struct {
  double t, value;
} point;

/* Plain bytes: saving it is copying it. */
typedef struct {
  point past[PAST];
  point trusted[TRUSTED];
  point pending[PENDING];
  double error[FORECASTERS][ERRORS];
  double interval[ERRORS];
  double long_error;   /* mean absolute error of the best forecaster, long memory */
  double least_change; /* smallest nonzero change seen; 0: none */
  double tie_ties[TIES], tie_pairs[TIES];
  double latest_t;                              /* newest time of a datum whose time is believed */
  double arrival_t, arrival_learned;            /* of the datum before, as said; NaN: none */
  double offset;                                /* of the clock now */
  double dip_top, dip_low, dip_start, dip_seen; /* dip_start NaN: none */
  double slipped;                               /* 1: the newest datum was in another unit */
  int64_t past_count, trusted_count, error_count, interval_count, pending_count, long_count;
  int64_t flat_run, offset_data;
  int32_t match[PAST]; /* changes that agree with the data i + 1 before, in a row */
} series;

struct gm_quality {
  gm_quality_rules rules;
  series s;
  double spike_limit[ERRORS + 1]; /* by number of errors known; follows from the rules */
  double rate_z, slip_limit;
};

/* What is known of the datum in hand. */
typedef struct {
  gm_quality_datum d;
  double t;     /* corrected */
  double usual; /* interval; NaN: not known */
  bool late, untimed;
} arrival;

static inline bool gm__quality_has(const gm_quality_finding *f, gm_quality_reason r)
{
  return f->reasons >> r & 1;
}
void gm__quality_add(gm_quality_finding *f, gm_quality_reason r, double measured);
void gm__quality_drop(gm_quality_finding *f, gm_quality_reason r);
/* Verdict and weight from the reasons. */
void gm__quality_settle(const gm_quality_rules *rules, gm_quality_finding *f);

/* The i-th newest (0: newest) of each. */
const point *gm__quality_past(const series *s, int64_t back);
const point *gm__quality_trusted(const series *s, int64_t back);

double gm__quality_median(int32_t n, double *x); /* reorders x; n >= 1 */
double gm__quality_noise(const gm_quality_rules *r, double value);
double gm__quality_usual(const gm_quality *q);
/* Smallest difference that two numbers of this series can have, 0: not known. */
double gm__quality_step(const gm_quality *q);

/* local.c: fills expected and scale; false while there are too few data. */
bool gm__quality_expect(const gm_quality *q, const arrival *a, gm_quality_finding *f);
/* Puts the datum to the memory: errors always (cut), the value unless it is not believed. */
void gm__quality_learn(gm_quality *q, const arrival *a, const gm_quality_finding *f, bool believed);
/* A new level after enough unexpected data that agree; true when this datum ends the wait. */
bool gm__quality_relock(gm_quality *q, const arrival *a, gm_quality_finding *f);

void gm__quality_time(gm_quality *q, arrival *a, gm_quality_finding *f);
void gm__quality_tie(const gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_range(const gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_slip(const gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_change(const gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_flat(gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_saw(const gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_repeat(gm_quality *q, const arrival *a, gm_quality_finding *f);
void gm__quality_dip(gm_quality *q, const arrival *a, gm_quality_finding *f);
#endif
