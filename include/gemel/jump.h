/* jump.h - the kind `jump`: the reactions of a model read as random jumps of whole counts.
 * room: kinds/jump
 * docs/jump.md describes how reactions, events and inputs are read, and what is refused. */
#ifndef GEMEL_JUMP_H
#define GEMEL_JUMP_H
#include "gemel/equations.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GM_JUMP_EXACT, /* every firing by itself, the exact law */
  GM_JUMP_TAU,   /* leaps over many firings while propensities hardly change */
  GM_JUMP_HYBRID /* reactions among large counts as differential equations, the others as jumps */
} gm_jump_method;

typedef struct {
  gm_eq_config equations; /* the model, its outputs; rtol and atol: of what flows */
  gm_jump_method method;
  double tau_epsilon;       /* TAU: share by which a propensity may change in a leap; 0: 0.03 */
  double hybrid_population; /* HYBRID: a reaction flows while all counts it changes are at least */
                            /* this; 0: 1000 */
  double hybrid_rate;       /* HYBRID: and its propensity is at least this [1/time] */
  int64_t firing_max;       /* firings in a span (a leap counts as one), then */
                            /* GM_MEMBER_STEPS; 0: 100,000,000 */
} gm_jump_config;

/* Parameters and outputs: those of the same model under gm_equations. Input ports: one a state, in
 * the order of the states. State: the states (those that reactions change are counts), the held
 * input rate of every port, then memory: clocks, triggers, waiting events, an open leap. The macro
 * view is the states alone; set brings counts to whole numbers and leaves the clocks.
 *
 * A bolus and a replacement into a count are brought to a whole number (GM_MEMBER_PROJECTED tells);
 * an input rate into a count is a stream of single arrivals with that mean rate.
 * Draws: by member key, slot, channel (hash of its name) and number of the firing; a key of zeros
 * when the batch has none.
 * create fails: as gm_equations; GM_EUNSUPPORTED by name (see docs/jump.md); GM_ERANGE. */
GM_API extern const gm_model_type gm_jump;

#ifdef __cplusplus
}
#endif
#endif
