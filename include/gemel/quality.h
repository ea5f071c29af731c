/* quality.h - is a datum fit to be believed? Checks of one observable's series of one subject.
 * room: methods
 * Nothing is dropped: a datum gets a verdict, the reasons for it with a measured number each, and
 * a weight that the rules state (1: as it is; between: its noise variance is divided by the weight;
 * 0: held out). Values are in the observable's unit, times in hours since the caller's epoch.
 *
 * Two forms: a state that takes data one at a time in the order in which they were learned and says
 * at once what looking back can tell; and a batch with look-ahead, which tells a spike from a step,
 * marks a fault from where it began and withdraws a suspicion that did not come true.
 *
 * What a threshold costs is its false-alarm rate: share of data of a clean series that are flagged
 * for that reason (in a batch a false FLAT, REPEAT or SAWTOOTH marks the stretch that led to it, so
 * the rate there is that of alarms, not of data). tests/methods/test_quality_clean.c measures it on
 * simulated series. Detection on injected faults: tests/methods/test_quality_faults.c.
 * Threads: a state belongs to one thread at a time; the rest may run together. */
#ifndef GEMEL_QUALITY_H
#define GEMEL_QUALITY_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GM_QUALITY_GOOD,
  GM_QUALITY_SUSPECT,
  GM_QUALITY_IMPOSSIBLE,
  GM_QUALITY_DUPLICATE
} gm_quality_verdict;

/* name, default weight, verdict it leads to, what its measured number is */
#define GM_QUALITY_LIST(X)                                                                         \
  X(NOT_FINITE, 0, IMPOSSIBLE, "value or time is not a finite number")                             \
  X(HARD_RANGE, 0, IMPOSSIBLE, "distance outside what is possible [unit]")                         \
  X(SOFT_RANGE, 0.25, SUSPECT, "distance outside what is plausible [unit]")                        \
  X(RISE, 0.1, SUSPECT, "rate since the last trusted datum [unit/h]")                              \
  X(FALL, 0.1, SUSPECT, "rate since the last trusted datum [unit/h]")                              \
  X(COPY, 0, DUPLICATE, "time to the same datum before [h]")                                       \
  X(CONFLICT, 0.25, SUSPECT, "difference to another datum of the same time [unit]")                \
  X(UNIT_SLIP, 0, SUSPECT, "log likelihood ratio of the other unit against this one")              \
  X(FLAT, 0, SUSPECT, "number of equal values in a row")                                           \
  X(SAWTOOTH, 0.25, SUSPECT, "peak to trough of the repeating pattern [unit]")                     \
  X(REPEAT, 0, SUSPECT, "number of changes that repeat an earlier stretch")                        \
  X(SPIKE, 0.1, SUSPECT, "distance from what is expected [standard deviations]")                   \
  X(STEP, 0.5, SUSPECT, "shift to a new level that the data confirm [unit]")                       \
  X(DIP, 0.25, SUSPECT, "depth of a fast fall [unit]")                                             \
  X(GAP, 1, GOOD, "time without data before this one [h]")                                         \
  X(CLOCK, 0, SUSPECT, "clock's offset against earlier data [h]")                                  \
  X(CLOCK_RESET, 0, SUSPECT, "time since a clock's usual zero [h]")                                \
  X(FUTURE, 0, SUSPECT, "time ahead of when it was learned [h]")                                   \
  X(LATE, 1, GOOD, "time behind the newest datum [h]")                                             \
  X(CLAMPED, 1, GOOD, "at the end of what the sensor can say; value [unit]")                       \
  X(OFF_GRID, 0.5, SUSPECT, "distance from the sensor's steps [steps]")

typedef enum {
#define GM_X(name, weight, verdict, text) GM_QUALITY_##name,
  GM_QUALITY_LIST(GM_X)
#undef GM_X
      GM_QUALITY_REASONS
} gm_quality_reason;
/* A reason as a bit of a set. */
#define GM_QUALITY_BIT(reason) (UINT32_C(1) << (reason))

GM_API const char *gm_quality_verdict_name(gm_quality_verdict v); /* "good"; static text */
GM_API const char *gm_quality_reason_name(gm_quality_reason r);   /* "UNIT_SLIP"; static text */
GM_API const char *gm_quality_reason_text(gm_quality_reason r);   /* what its number is; static */

enum { GM_QUALITY_UNITS = 8 };
/* A unit that data may be in by mistake: true value = factor * value read + offset. */
typedef struct {
  double factor, offset;
} gm_quality_unit;

/* Start from gm_quality_defaults (values in brackets). A false-alarm rate is per datum of a clean
 * series; 0 turns that check off. */
typedef struct {
  double hard_low, hard_high; /* [none] outside: impossible. Exact: no false alarms. */
  double soft_low, soft_high; /* [none] outside: implausible */
  double sensor_low,
      sensor_high; /* [none] values here are censored by the sensor, and may repeat */
  double typical_low,
      typical_high; /* [NaN] middle 95 % of subjects: the level before there are data */
  double rise_per_h, fall_per_h; /* [none] fastest true change, both > 0 */
  /* Noise of one measurement: sqrt(noise_sd^2 + (noise_cv value)^2); [0] not known, then learned
   * where that is possible. */
  double noise_sd, noise_cv;
  double resolution;  /* [0] step of the sensor's numbers; 0: not known (OFF_GRID is not asked) */
  double usual_h;     /* [0] usual interval; 0: learned, the median */
  double gap_factor;  /* [3] more than so many usual intervals is a gap */
  double tie_h;       /* [1/3600] times this near are the same */
  double near_factor; /* [0.2] same value within this part of the usual interval: a duplicate */
  double clock_h;     /* [0.25] smallest jump of a clock, at least half a usual interval */
  double future_h;    /* [0.25] data may be so far ahead of when they were learned */
  double unix_h;      /* [NaN] Unix time at the caller's time 0 [h]; NaN: CLOCK_RESET not asked */
  double reset_h;     /* [48] a clock that began anew is within this of 1970, 1980 (GPS) or 2000 */
  /* A fall of at least dip_fall at dip_fall_per_h or faster that comes back by dip_back of its
   * depth within dip_h (compression of a glucose sensor). [0] dip_fall 0: not asked;
   * dip_back [0.6] */
  double dip_fall, dip_fall_per_h, dip_h, dip_back;
  double rate_rate; /* [1e-4] RISE, FALL of a true change at the limit: noise is allowed for */
  double slip_rate; /* [1e-4] UNIT_SLIP, all units together */
  double flat_rate; /* [1e-4] FLAT */
  double saw_rate;  /* [1e-4] SAWTOOTH */
  double saw_least; /* [0] smallest peak to trough, at least 3 noise sd and 2 resolutions [unit] */
  double repeat_rate;                /* [1e-4] REPEAT */
  double spike_rate;                 /* [1e-4] SPIKE */
  double weight[GM_QUALITY_REASONS]; /* of a datum with this reason; of several the smallest */
  gm_quality_unit unit[GM_QUALITY_UNITS];
  int32_t unit_count; /* [0] */
  int32_t relock;     /* [3] so many unexpected data that agree with each other are a new level */
  int32_t clock_hold; /* [100] data after which a moved clock counts as the right one */
  int32_t flat_least; /* [4] fewest equal values that can be FLAT */
} gm_quality_rules;

GM_API gm_quality_rules gm_quality_defaults(void);

typedef struct {
  double t_h;       /* when it was true, as the source says */
  double learned_h; /* when it was learned; NaN: not known */
  double value;
} gm_quality_datum;

typedef struct {
  gm_quality_verdict verdict;
  uint32_t reasons;  /* set of GM_QUALITY_BIT */
  double weight;     /* in [0, 1] */
  double t_h;        /* its time with the clock's known offset taken away */
  double expected;   /* from the data before it (batch: as the stream had it); NaN: too few */
  double scale;      /* standard deviation of expected, NaN: too few */
  double corrected;  /* UNIT_SLIP: the value in the right unit; otherwise the value */
  int32_t slip_unit; /* which unit fits; -1 */
  int32_t spare;     /* 0 */
  double measured[GM_QUALITY_REASONS]; /* of each reason in the set; NaN otherwise */
} gm_quality_finding;

typedef struct gm_quality gm_quality;

/* rules are copied. *out: owned by the caller. Fails: GM_ERANGE (which rule), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_quality_new(gm_ctx *ctx, const gm_quality_rules *rules,
                                             gm_quality **out);
GM_API void gm_quality_free(gm_quality *q); /* NULL ok */
/* Takes the next datum learned. Never fails: what is wrong with it is the finding. */
GM_API void gm_quality_take(gm_quality *q, gm_quality_datum datum, gm_quality_finding *out);
/* Usual intervals since the newest datum at now_h; NaN while the interval is not known. More than
 * gap_factor: data are missing now. */
GM_API double gm_quality_silence(const gm_quality *q, double now_h);

/* The state as bytes with checksum, added to out; what is taken after loading it is found as if
 * there had been no pause. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_quality_save(const gm_quality *q, gm_ctx *ctx, gm_text *out);
/* Fails, leaving q as it was: GM_EPARSE (cut, damaged, or of other rules). */
GM_API GM_NODISCARD gm_status gm_quality_load(gm_quality *q, gm_ctx *ctx, const void *data,
                                              size_t bytes);

/* All data at once, in the order in which they were learned; out[count]. Fails: GM_ERANGE (rules,
 * count < 0), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_quality_batch(gm_ctx *ctx, const gm_quality_rules *rules,
                                               int32_t count, const gm_quality_datum *data,
                                               gm_quality_finding *out);

#ifdef __cplusplus
}
#endif
#endif
