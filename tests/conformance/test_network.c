/* The conformance kit on models of the kind `network`: complete and drawn graphs, profiles, and a
 * Boolean network. */
#include "gemel/network.h"
#include "support/conformance.h"
#include "support/sir_network.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static gm_status make(void *user, gm_ctx *ctx, gm_model **out)
{
  return gm_model_new(ctx, &gm_network, user, out);
}

static gm_status make_sir(void *user, gm_ctx *ctx, gm_model **out)
{
  (void)user;
  return sir_network_new(ctx, 50, 3, 0.9, 0.3, out);
}

/* A complete graph of people alike. */
static void conformance__complete_graph(void **state)
{
  (void)state;
  conformance_run(make_sir, NULL, 24, 4);
}

/* Households within a small world, a season, ages, counts and watches, ports that stream. */
static void conformance__layers_and_profiles(void **state)
{
  (void)state;
  enum { NODES = 30 };
  double at[] = {0, 5}, open[] = {1, 0.3}, age[NODES];
  const char *const states[] = {"S", "E", "I", "R"};
  for (int32_t i = 0; i < NODES; i++) age[i] = 0.5 + (i % 7) / 4.0;
  const gm_network_parameter parameter[] = {{.name = "beta", .value = 0.3},
                                            {.name = "home", .value = 0.8},
                                            {.name = "seeds", .value = 4}};
  const gm_network_profile profile[] = {{"school", at, open, 2, 7}};
  const gm_network_attribute attribute[] = {{"age", age}};
  const gm_network_layer layer[] = {
      {.name = "house", .kind = GM_GRAPH_GROUPS, .group_size = 3, .weight = 1.3},
      {.name = "town", .kind = GM_GRAPH_SMALL_WORLD, .neighbours = 4, .rewire = 0.2, .seed = 9}};
  const gm_network_transition transition[] = {
      {"S", "E", "age*(home*near_house_I + beta*school*near_town_I)", "cases"},
      {"E", "I", "0.4", NULL},
      {"I", "R", "0.2", NULL},
      {"I", "S", "0.02*degree", NULL},
      {"R", "S", "0.05", NULL}};
  const int32_t first[] = {3, 17};
  const gm_network_start start[] = {{.state = "R", .node = first, .node_count = 2},
                                    {.state = "I", .count = "seeds"}};
  const gm_network_watch watch[] = {{"patient", 4, "I"}};
  const gm_network_output output[] = {{"share", NULL, "100*(E + I)/population"}};
  const gm_network_port port[] = {{"vaccine", "S", "R"}, {"import", "S", "I"}};
  gm_network_config config = {.parameter = parameter,
                              .parameter_count = 3,
                              .profile = profile,
                              .profile_count = 1,
                              .node_count = NODES,
                              .state = states,
                              .state_count = 4,
                              .attribute = attribute,
                              .attribute_count = 1,
                              .layer = layer,
                              .layer_count = 2,
                              .transition = transition,
                              .transition_count = 5,
                              .start = start,
                              .start_count = 2,
                              .watch = watch,
                              .watch_count = 1,
                              .output = output,
                              .output_count = 1,
                              .port = port,
                              .port_count = 2,
                              .firing_max = 5000};
  conformance_run(make, &config, 24, 3);
}

/* A Boolean network with a season. */
static void conformance__boolean(void **state)
{
  (void)state;
  double at[] = {2, 9}, light[] = {1, 2};
  const gm_network_parameter parameter[] = {{.name = "u", .value = 0.7},
                                            {.name = "d", .value = 0.5}};
  const gm_network_profile profile[] = {{"light", at, light, 2, 0}};
  const gm_network_rule rule[] = {{"A", "not C", "u*light", "d", "0.3"},
                                  {"B", "A and not C", "u", "d", NULL},
                                  {"C", "A or B", "0.3*u + B", "d", "u"}};
  const gm_network_output output[] = {{"sum", NULL, "A + B + C"}};
  gm_network_config config = {.parameter = parameter,
                              .parameter_count = 2,
                              .profile = profile,
                              .profile_count = 1,
                              .rule = rule,
                              .rule_count = 3,
                              .output = output,
                              .output_count = 1,
                              .firing_max = 5000};
  conformance_run(make, &config, 24, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__complete_graph),
      cmocka_unit_test(conformance__layers_and_profiles),
      cmocka_unit_test(conformance__boolean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
