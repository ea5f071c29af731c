/* system.h - a model put to data: what is unknown, what is measured, what is done.
 * room: methods
 * The one thing that fitting, filtering, forecasting and control take, for every kind.
 *
 * Coordinates: z[d] of unknown d has a standard normal prior (all independent, or coupled by
 * prior_factor); the parameter is a growing function of it. So the unit cube is the normal law's
 * cdf of z, and every method samples, searches and moves in z.
 * All structs are the caller's; a system borrows what it points to.
 * Threads: const calls may run together on different ensembles. */
#ifndef GEMEL_SYSTEM_H
#define GEMEL_SYSTEM_H
#include "gemel/ensemble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GM_UNKNOWN_MAX = 256 };

typedef enum {
  GM_PRIOR_NORMAL,    /* theta = center + spread z                            */
  GM_PRIOR_LOGNORMAL, /* theta = center exp(spread z)                         */
  GM_PRIOR_LOGIT,     /* theta = lower + (upper-lower)/(1+exp(-(center + spread z)))  */
  GM_PRIOR_UNIFORM    /* theta = lower + (upper-lower) Phi(z)                 */
} gm_prior_law;

typedef struct {
  const char *name;  /* borrowed */
  int32_t parameter; /* row of the model's parameters */
  gm_prior_law law;
  double center, spread, lower, upper;
  double drift; /* filters: sd of the random walk of z, per square root of time; 0: constant */
  /* > 0, filters: z moves and returns to its prior with this time constant, so that its law without
   * data is the prior at every time (Uhlenbeck & Ornstein, Phys. Rev. 36:823, 1930). Not with
   * drift, nor for an unknown that prior_factor couples to others. 0: it does not return. */
  double memory;
} gm_unknown;

/* How one output of the model is measured. f: the output; p0, p1: noise parameters, as numbers or,
 * where parameter0/1 >= 0, rows of the model's parameters (so that they may be unknown). */
typedef enum {
  GM_SENSE_NORMAL,            /* N(f, p0^2 + (p1 f)^2)                                     */
  GM_SENSE_LOGNORMAL,         /* ln y ~ N(ln f, p0^2)                                      */
  GM_SENSE_STUDENT,           /* (y - f)/p0 ~ Student t with p1 degrees of freedom         */
  GM_SENSE_POISSON,           /* Poisson(p0 f)                                             */
  GM_SENSE_BINOMIAL,          /* Binomial(round(f), p0)                                    */
  GM_SENSE_NEGATIVE_BINOMIAL, /* mean p0 f, variance mean + mean^2 / p1                    */
  GM_SENSE_OWN                /* logpdf and draw below                                     */
} gm_sense_law;

typedef struct gm_sensor gm_sensor;
struct gm_sensor {
  const char *name;
  int32_t output; /* row of the model's outputs */
  gm_sense_law law;
  double p0, p1;
  int32_t parameter0, parameter1; /* rows of the model's parameters that hold p0, p1; -1: as here */
  /* > 0: coloured. The residual in units of its sd is an autoregression with correlation
   * exp(-dt/memory) (NORMAL and LOGNORMAL). */
  double memory;
  /* OWN: y has all outputs of the member, theta its parameters (stride psx). */
  double (*logpdf)(void *user, const double *y, const double *theta, ptrdiff_t psx, double value);
  double (*draw)(void *user, const double *y, const double *theta, ptrdiff_t psx, gm_key key,
                 uint64_t slot, uint64_t index);
  void *user;
};

typedef struct {
  double t, value;
  int32_t sensor;
  int8_t censored; /* 1: below value, -1: above, 0: measured */
} gm_reading;

typedef struct {
  const gm_model *model;
  gm_pool *pool;       /* NULL: one worker */
  double t0;           /* the states are the model's initial ones here */
  const double *theta; /* [parameter_count] values of what is known; NULL: the model's own */
  const gm_unknown *unknown;
  int32_t unknown_count;
  const double *prior_factor; /* [unknown_count^2] lower: z = L e, e standard; NULL: identity */
  const gm_sensor *sensor;
  int32_t sensor_count;
  const gm_reading *reading; /* sorted by t, t >= t0 */
  int32_t reading_count;
  const gm_drive *drive; /* what is done, sorted; NULL: nothing */
  uint64_t seed, subject;
} gm_system;

/* Rows, laws, times, bounds. Fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN, naming what. */
GM_API GM_NODISCARD gm_status gm_system_check(gm_ctx *ctx, const gm_system *s);

/* Parameters of n members for coordinates z[m*unknown_count + d]: theta[i*n + m], the known ones
 * included. */
GM_API void gm_system_theta(const gm_system *s, int32_t n, const double *z, double *theta);
/* One unknown's value at coordinate z, and back (clipped to +-8.2 where it lies outside). */
GM_API double gm_unknown_value(const gm_unknown *u, double z);
GM_API double gm_unknown_coordinate(const gm_unknown *u, double value);
/* gm_unknown_value of n coordinates z[m*stride], to the bit and several times faster: out[n], no
 * part of z. */
GM_API void gm_unknown_values(const gm_unknown *u, int32_t n, const double *z, int32_t stride,
                              double *out);
/* ln of the prior density of z[unknown_count]. */
GM_API double gm_system_log_prior(const gm_system *s, const double *z);
/* z[n][unknown_count] from the prior; draw m is a pure function of (key, m). */
GM_API void gm_system_prior_draw(const gm_system *s, gm_key key, int32_t n, double *z);

/* Whose draws they are. */
GM_API gm_key gm_system_key(const gm_system *s, gm_purpose purpose, uint64_t replicate);

/* Outputs at sorted times for n members at z, each with the random key `replicate[m]` (NULL: m):
 * y[m][time][output_count], status[n]. Members of equal replicate share every draw inside the
 * model. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_system_simulate(const gm_system *s, gm_ctx *ctx, int32_t n,
                                                 const double *z, const uint64_t *replicate,
                                                 const double *time, int32_t time_count, double *y,
                                                 int8_t *status);

/* Measurement of a sensor, given the outputs y of one member and its parameters (stride psx). */
GM_API double gm_sense_logpdf(const gm_sensor *s, const double *y, const double *theta,
                              ptrdiff_t psx, double value, int8_t censored);
/* A coloured sensor (memory > 0) given the last residual in units of sd and the time since; NaN
 * last: none. *residual_out (may be NULL): this one's. */
GM_API double gm_sense_logpdf_after(const gm_sensor *s, const double *y, const double *theta,
                                    ptrdiff_t psx, double value, int8_t censored, double last,
                                    double dt, double *residual_out);
/* The same for n members: y[m*output_count + k] (sy = output_count), theta[i*n + m]; out[n]. */
GM_API void gm_sense_logpdf_all(const gm_sensor *s, int32_t n, const double *y, ptrdiff_t sy,
                                const double *theta, double value, int8_t censored, double *out);
/* Mean and variance of the measurement. OWN: NaN. */
GM_API void gm_sense_moments(const gm_sensor *s, const double *y, const double *theta,
                             ptrdiff_t psx, double *mean, double *variance);
/* P(Y <= value) and, for counts, P(Y < value) in *below (equal to it for continuous laws). */
GM_API double gm_sense_cdf(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                           double value, double *below);
/* A measurement drawn for (key, slot, index of the reading). */
GM_API double gm_sense_draw(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                            gm_key key, uint64_t slot, uint64_t index);
GM_API bool gm_sense_is_count(const gm_sensor *s);

#ifdef __cplusplus
}
#endif
#endif
