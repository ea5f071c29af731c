/* conformance.h - the conformance kit: what every model type and every shipped model must keep
 * (docs/contract.md), generated from the model's own table. Flat state. */
#ifndef GEMEL_TESTS_CONFORMANCE_H
#define GEMEL_TESTS_CONFORMANCE_H
#include "gemel/model.h"

/* Makes the model anew; called several times, also with failing memory and under GEMEL_ISA. */
typedef gm_status conformance_make(void *user, gm_ctx *ctx, gm_model **out);

/* Runs every check; a failed one ends the test with a message. t_end: how far members are run;
 * dose: amount put into the first port at t_end/4 (and as a rate from t_end/2 on). */
void conformance_run(conformance_make *make, void *user, double t_end, double dose);
#endif
