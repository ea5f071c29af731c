/* crowd.h - members of a flat model, run together by the contract's functions; what they did held
 * against laws. For the tests of jump processes, networks and composites. */
#ifndef GEMEL_TESTS_CROWD_H
#define GEMEL_TESTS_CROWD_H
#include "gemel/model.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  gm_model *m;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  int32_t n, samples;
  double *x, *theta, *y; /* members one behind another; y [n][samples][output_count] */
  int8_t *status;
  gm_key *key; /* one a member */
  gm_batch b;
} crowd;

/* n members of a model, which it takes over with its context. */
void crowd_of(crowd *c, gm_ctx *ctx, gm_model *m, int32_t n);
void crowd_open(crowd *c, const gm_model_type *type, const void *config, int32_t n);
void crowd_close(crowd *c);
int32_t crowd_row(const crowd *c, gm_table which, const char *name); /* fails where there is none */
void crowd_parameter(crowd *c, const char *name, double value);      /* of all members */
void crowd_init(crowd *c);
/* On from t0 to t1, the same edges for all. */
void crowd_go(crowd *c, double t0, double t1, const double *sample, int32_t samples,
              const gm_edge *edge, int32_t edges);
/* All of that: opened, begun at 0, on to the last of the times, and every status 0. */
void crowd_run(crowd *c, const gm_model_type *type, const void *config, int32_t n, const double *t,
               int32_t samples);
double crowd_y(const crowd *c, int32_t member, int32_t sample, const char *output);
double crowd_x(const crowd *c, int32_t member, const char *row);
void crowd_all_well(const crowd *c); /* fails unless every status is 0 */
double crowd_mean(const crowd *c, int32_t sample, const char *output);
double crowd_variance(const crowd *c, int32_t sample, const char *output);

/* |value - want| <= 4 standard errors: fails by chance once in 16,000 checks; keys are fixed, so
 * that it fails always or never. */
void within(const char *what, double value, double want, double standard_error);
/* Share of members whose output is v, against probability p. */
void share_is(const char *what, const crowd *c, int32_t sample, const char *output, double v,
              double p);
/* Chi-squared of whole-numbered outputs against probabilities p[0..count-1] (the rest lies beyond),
 * in classes of at least ten expected. */
void distributed(const char *what, const crowd *c, int32_t sample, const char *output,
                 const double *p, int32_t count);
/* p := p exp(Q t), Q[n][n] with rows that sum to 0: scaling, Taylor's series, squaring. */
void chain_solve(const double *q, int32_t n, double t, double *p);
#endif
