/* rosetta.h - one epidemic of 50 people, written as five kinds of model, and every method's answer
 * beside the exact one (tests/support/sir_exact.h; constants from the same enumeration).
 * The four stochastic kinds have the same law; the differential equations are its limit for many
 * people and answer a different question, so their numbers are shown and not judged. */
#ifndef GEMEL_TESTS_ROSETTA_H
#define GEMEL_TESTS_ROSETTA_H
#include "gemel/assimilate.h"
#include "gemel/control.h"
#include "support/sir_exact.h"
#include <stdbool.h>

enum { KIND_JUMP, KIND_AGENTS, KIND_QUEUE, KIND_NETWORK, KIND_ODE, KIND_COUNT };

typedef struct {
  gm_ctx *ctx;
  gm_pool *pool;
  gm_model *model[KIND_COUNT];
  int32_t infected; /* borrowed by the agents */
  bool full;
  int32_t rows, answers, wrong; /* answers of the stochastic kinds */
  /* of the kind that is asked now */
  gm_sensor sensor;
  gm_unknown unknown[2];
  gm_reading reading[SIR_DAYS];
} rosetta;

typedef struct {
  double value, error; /* Monte Carlo standard error; NaN value: not asked of this kind */
} answer;

extern const char *const rosetta_kind[KIND_COUNT];

gm_status rosetta_open(rosetta *r, bool full);
void rosetta_close(rosetta *r);
/* The epidemic of a kind with the data of so many days; unknowns: 0, or 2 (beta, gamma). */
gm_system rosetta_system(rosetta *r, int32_t kind, int32_t days, int32_t unknowns);

/* A row of the table: exact value, answers of the kinds; wrong where a stochastic kind is more than
 * 4 errors (and more than `slack`) away. */
void rosetta_row(rosetta *r, const char *method, const char *quantity, double exact,
                 const answer a[KIND_COUNT], double slack);
/* A row whose right answer is only known to lie between two numbers: wrong where it is more than 4
 * errors outside. */
void rosetta_range(rosetta *r, const char *method, const char *quantity, double low, double high,
                   const answer a[KIND_COUNT]);
void rosetta_head(void);

/* Each asks every kind and adds rows. */
void rosetta_filter(rosetta *r);
void rosetta_forecast(rosetta *r);
void rosetta_belief(rosetta *r);
void rosetta_fit(rosetta *r);
void rosetta_shares(rosetta *r);
void rosetta_control(rosetta *r);
#endif
