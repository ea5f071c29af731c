/* sir_queue.h - the closed stochastic SIR epidemic (facts: 50 persons, 3 infected) as a queue: the
 * susceptible and the infected are stations without a limit of servers, infection is a hazard of
 * the whole station, recovery an exponential service. Parameters beta, gamma, S0, I0, N; outputs
 * S, I, new_infections. */
#ifndef GEMEL_TESTS_SIR_QUEUE_H
#define GEMEL_TESTS_SIR_QUEUE_H
#include "gemel/queue.h"

/* *out is the caller's. S0 = population - infected. */
static inline gm_status sir_queue_new(gm_ctx *ctx, double beta, double gamma, int32_t population,
                                      int32_t infected, gm_model **out)
{
  const gm_queue_parameter parameter[] = {
      {.name = "beta", .unit = "d-1", .value = beta, .lower = 0, .upper = 1e6},
      {.name = "gamma", .unit = "d-1", .value = gamma, .lower = 0, .upper = 1e6},
      {.name = "S0", .unit = "1", .value = population - infected, .lower = 0, .upper = 1e6},
      {.name = "I0", .unit = "1", .value = infected, .lower = 0, .upper = 1e6},
      {.name = "N", .unit = "1", .value = population, .lower = 0, .upper = 1e6}};
  static const gm_queue_route infect[] = {{.to = "I", .probability = "1"}};
  static const gm_queue_station station[] = {
      {.name = "S", .hazard = "beta*S*I/N", .next = infect, .next_count = 1},
      {.name = "I", .service = {.kind = GM_QUEUE_EXPONENTIAL, .a = "1/gamma"}}};
  static const gm_queue_census census[] = {{.station = "S", .count = "S0"},
                                           {.station = "I", .count = "I0"}};
  static const gm_queue_output output[] = {
      {.name = "S", .measure = GM_QUEUE_IN_STATION, .of = "S"},
      {.name = "I", .measure = GM_QUEUE_IN_STATION, .of = "I"},
      {.name = "new_infections", .measure = GM_QUEUE_DEPARTURES, .of = "S"}};
  const gm_queue_config config = {.name = "sir",
                                  .time_unit = "d",
                                  .parameter = parameter,
                                  .parameter_count = 5,
                                  .station = station,
                                  .station_count = 2,
                                  .census = census,
                                  .census_count = 2,
                                  .output = output,
                                  .output_count = 3};
  return gm_model_new(ctx, &gm_queue, &config, out);
}
#endif
