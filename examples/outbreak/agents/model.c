/* model.c - the ward as 50 agents: who is ill meets others and recovers; a vaccination makes a
 * susceptible person immune. Built by:
 *   cc -shared -fPIC -I INCLUDE_OF_GEMEL -o model.so model.c */
#include "gemel/agents.h"

enum { WELL, ILL, IMMUNE };
enum { PERSON, STATE = 0, PEOPLE = 50, ILL_AT_FIRST = 3 };

const uint32_t gemel_model_abi = GM_MODEL_ABI;
gm_status gemel_model(gm_ctx *ctx, gm_model **out);

static double when_ill(const gm_agents *w, int32_t agent, double rate)
{
  return gm_agents_whole(w, PERSON, STATE)[agent] == ILL ? rate : 0;
}

static double meets(const gm_agents *w, const double *theta, int32_t agent)
{
  return when_ill(w, agent, theta[0]);
}

static double heals(const gm_agents *w, const double *theta, int32_t agent)
{
  return when_ill(w, agent, theta[1]);
}

/* Anyone of the 50 is met, oneself among them, so that the ward is infected at beta S I / 50. */
static void meet(gm_agents_turn *turn)
{
  int32_t *state = gm_agents_whole(turn->world, PERSON, STATE);
  int32_t other = gm_agents_pick(turn, 0, PERSON);
  if (state[other] != WELL) return;
  state[other] = ILL;
  gm_agents_shared(turn->world)[0] += 1;
  gm_agents_touch(turn, PERSON, other);
}

static void heal(gm_agents_turn *turn)
{
  gm_agents_whole(turn->world, PERSON, STATE)[turn->agent] = IMMUNE;
}

static void start(gm_agents_turn *turn)
{
  for (int32_t i = 0; i < ILL_AT_FIRST; i++) gm_agents_whole(turn->world, PERSON, STATE)[i] = ILL;
}

/* value people at most, in the order of the beds. */
static void vaccinate(gm_agents_turn *turn, double value, gm_edge_kind kind)
{
  int32_t *state = gm_agents_whole(turn->world, PERSON, STATE);
  (void)kind;
  for (int32_t i = 0; i < PEOPLE && value >= 1; i++) {
    if (state[i] != WELL) continue;
    state[i] = IMMUNE;
    value -= 1;
  }
}

gm_status gemel_model(gm_ctx *ctx, gm_model **out)
{
  const gm_agents_attribute state = {.name = "state", .unit = "1", .upper = IMMUNE, .whole = true};
  const gm_agents_attribute cases = {.name = "cases", .unit = "1", .upper = 1e9, .whole = true};
  const gm_agents_event event[] = {{.name = "meet", .hazard = meets, .fire = meet},
                                   {.name = "heal", .hazard = heals, .fire = heal}};
  const gm_agents_breed person = {.name = "person",
                                  .attribute = &state,
                                  .event = event,
                                  .attribute_count = 1,
                                  .event_count = 2,
                                  .initial = PEOPLE,
                                  .closed = true};
  const gm_var parameter[] = {{.name = "beta", .unit = "1/d", .initial = 0.9, .upper = 100},
                              {.name = "gamma", .unit = "1/d", .initial = 0.3, .upper = 100}};
  const gm_agents_quantity macro[] = {
      {.name = "well", .unit = "1", .of = "person", .attribute = "state", .value = WELL},
      {.name = "ill", .unit = "1", .of = "person", .attribute = "state", .value = ILL},
      {.name = "immune", .unit = "1", .of = "person", .attribute = "state", .value = IMMUNE},
      {.name = "cases", .unit = "1", .kind = GM_AGENTS_SHARED, .of = "cases"}};
  const gm_agents_quantity output[] = {macro[1], macro[3]};
  const gm_agents_port port = {
      .name = "vaccine", .unit = "1", .into = GM_AGENTS_INTO_RULE, .dose = vaccinate};
  const gm_agents_config c = {.name = "outbreak",
                              .time_unit = "d",
                              .breed = &person,
                              .shared = &cases,
                              .parameter = parameter,
                              .output = output,
                              .macro = macro,
                              .port = &port,
                              .breed_count = 1,
                              .shared_count = 1,
                              .parameter_count = 2,
                              .output_count = 2,
                              .macro_count = 4,
                              .port_count = 1,
                              .start = start,
                              .firing_max = 50000};
  return gm_model_new(ctx, &gm_agents_type, &c, out);
}
