/* sir_network.h - the closed epidemic of N people as a contact network: everybody meets everybody
 * at rate beta/N, the infected recover at rate gamma. The same law as the jump process with rates
 * beta*S*I/N and gamma*I. */
#ifndef GEMEL_TESTS_SIR_NETWORK_H
#define GEMEL_TESTS_SIR_NETWORK_H
#include "gemel/network.h"

/* Parameters beta, gamma (1/d); outputs S, I, R, new_infections; ports I (S -> I), R (I -> R). */
static inline gm_status sir_network_new(gm_ctx *ctx, int32_t people, int32_t infected, double beta,
                                        double gamma, gm_model **out)
{
  static const char *const state[] = {"S", "I", "R"};
  char count[16];
  int32_t digits = 0;
  for (int32_t k = infected, power = 1000000000; power; power /= 10)
    if (k / power || digits || power == 1) count[digits++] = (char)('0' + k / power % 10);
  count[digits] = 0;
  const gm_network_parameter parameter[] = {
      {.name = "beta", .value = beta, .lower = 0, .upper = 1e6},
      {.name = "gamma", .value = gamma, .lower = 0, .upper = 1e6}};
  const gm_network_layer layer[] = {{.kind = GM_GRAPH_COMPLETE}};
  const gm_network_transition transition[] = {
      {"S", "I", "beta*near_I/population", "new_infections"}, {"I", "R", "gamma", NULL}};
  const gm_network_start start[] = {{.state = "I", .count = count}};
  const gm_network_config config = {.name = "sir",
                                    .time_unit = "d",
                                    .parameter = parameter,
                                    .parameter_count = 2,
                                    .node_count = people,
                                    .state = state,
                                    .state_count = 3,
                                    .layer = layer,
                                    .layer_count = 1,
                                    .transition = transition,
                                    .transition_count = 2,
                                    .start = start,
                                    .start_count = 1};
  return gm_model_new(ctx, &gm_network, &config, out);
}
#endif
