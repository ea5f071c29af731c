/* sir_agents.h - the Rosetta SIR as agents: a closed population, every infected meets others at
 * rate beta (each meeting is with one of all N, itself among them, so that infection has the rate
 * beta S I / N) and recovers at rate gamma. Parameters beta, gamma [1/d]; outputs S, I,
 * new_infections; macro view S, I, R and new_infections. */
#ifndef GEMEL_TESTS_SIR_AGENTS_H
#define GEMEL_TESTS_SIR_AGENTS_H
#include "gemel/agents.h"

enum { SIR_AGENTS_S, SIR_AGENTS_I, SIR_AGENTS_R };

static inline double sir_agents_meets(const gm_agents *w, const double *theta, int32_t agent)
{
  return gm_agents_whole(w, 0, 0)[agent] == SIR_AGENTS_I ? theta[0] : 0;
}

static inline double sir_agents_heals(const gm_agents *w, const double *theta, int32_t agent)
{
  return gm_agents_whole(w, 0, 0)[agent] == SIR_AGENTS_I ? theta[1] : 0;
}

static inline void sir_agents_meet(gm_agents_turn *turn)
{
  int32_t *state = gm_agents_whole(turn->world, 0, 0);
  int32_t other = gm_agents_pick(turn, 0, 0);
  if (state[other] != SIR_AGENTS_S) return;
  state[other] = SIR_AGENTS_I;
  gm_agents_shared(turn->world)[0] += 1;
  gm_agents_touch(turn, 0, other);
}

static inline void sir_agents_heal(gm_agents_turn *turn)
{
  gm_agents_whole(turn->world, 0, 0)[turn->agent] = SIR_AGENTS_R;
}

static inline void sir_agents_start(gm_agents_turn *turn)
{
  const int32_t *infected = gm_agents_user(turn->world);
  for (int32_t i = 0; i < *infected; i++) gm_agents_whole(turn->world, 0, 0)[i] = SIR_AGENTS_I;
}

/* n people, the first *infected of them infected; infected is borrowed until the model is freed. */
static inline gm_status sir_agents_make(gm_ctx *ctx, int32_t n, const int32_t *infected,
                                        gm_model **out)
{
  const gm_agents_attribute state = {.name = "state", .unit = "1", .upper = 2, .whole = true};
  const gm_agents_event event[] = {
      {.name = "meet", .hazard = sir_agents_meets, .fire = sir_agents_meet},
      {.name = "heal", .hazard = sir_agents_heals, .fire = sir_agents_heal}};
  const gm_agents_breed person = {.name = "person",
                                  .attribute = &state,
                                  .event = event,
                                  .attribute_count = 1,
                                  .event_count = 2,
                                  .initial = n,
                                  .closed = true};
  const gm_agents_attribute shared = {
      .name = "new_infections", .unit = "1", .upper = 1e9, .whole = true};
  const gm_var parameter[] = {
      {.name = "beta", .unit = "/d", .initial = 0.9, .upper = 1e6, .source = "Rosetta SIR"},
      {.name = "gamma", .unit = "/d", .initial = 0.3, .upper = 1e6, .source = "Rosetta SIR"}};
  const gm_agents_quantity macro[] = {
      {.name = "S", .unit = "1", .of = "person", .attribute = "state", .value = SIR_AGENTS_S},
      {.name = "I", .unit = "1", .of = "person", .attribute = "state", .value = SIR_AGENTS_I},
      {.name = "R", .unit = "1", .of = "person", .attribute = "state", .value = SIR_AGENTS_R},
      {.name = "new_infections", .unit = "1", .kind = GM_AGENTS_SHARED, .of = "new_infections"}};
  const gm_agents_quantity output[] = {macro[0], macro[1], macro[3]};
  gm_agents_config c = {.name = "sir_agents",
                        .time_unit = "d",
                        .breed = &person,
                        .shared = &shared,
                        .parameter = parameter,
                        .output = output,
                        .macro = macro,
                        .breed_count = 1,
                        .shared_count = 1,
                        .parameter_count = 2,
                        .output_count = 3,
                        .macro_count = 4,
                        .start = sir_agents_start,
                        .firing_max = 50000, /* for populations of some hundreds */
                        .user = infected};
  return gm_model_new(ctx, &gm_agents_type, &c, out);
}
#endif
