/* ward_case.h - a hospital that uses everything the kind `queue` has. */
#ifndef GEMEL_TESTS_WARD_CASE_H
#define GEMEL_TESTS_WARD_CASE_H
#include "gemel/queue.h"

/* Parameters: arrivals 3 /h, triage 0.2 h, beds 6, stay 8 h. */
static inline gm_status ward_new(gm_ctx *ctx, gm_model **out)
{
  static const gm_queue_parameter parameter[] = {{.name = "lambda", .unit = "h-1", .value = 3},
                                                 {.name = "quick", .unit = "h", .value = 0.2},
                                                 {.name = "beds", .unit = "1", .value = 6},
                                                 {.name = "stay", .unit = "h", .value = 8}};
  static const double at[] = {0, 8, 20}, busy[] = {0.5, 1.5, 1}, shift[] = {2, 4, 3};
  static const gm_queue_schedule schedule[] = {
      {.name = "day", .period = 24, .at = at, .value = busy, .count = 3},
      {.name = "shift", .period = 24, .at = at, .value = shift, .count = 3}};
  static const gm_queue_resource resource[] = {{.name = "nurse", .units = "shift"},
                                               {.name = "bed", .units = "beds"}};
  static const gm_queue_stream stream[] = {
      {.name = "walk_in", .to = "triage", .rate = "lambda*day", .group = 1, .priority = 2},
      {.name = "ambulance",
       .to = "triage",
       .rate = "0.3*lambda/(1 + 0.1*triage_waiting)",
       .group = 2},
      {.name = "elective",
       .to = "ward",
       .gap = {GM_QUEUE_LOGNORMAL, "4", "0.3"},
       .group = 3,
       .priority = 1}};
  static const gm_queue_need nurse[] = {{.resource = "nurse", .units = 1}};
  static const gm_queue_need bed[] = {{.resource = "bed", .units = 1, .keep = true},
                                      {.resource = "nurse", .units = 1}};
  static const char *const bed_back[] = {"bed"};
  static const gm_queue_route triage_next[] = {
      {.to = "ward", .probability = "piecewise(0.5, group > 1.5, 0.1)"},
      {.to = "clinic", .probability = "0.4"}};
  static const gm_queue_route ward_next[] = {{.to = "rehab", .probability = "1"}};
  static const gm_queue_route clinic_next[] = {{.to = "triage", .probability = "0.1"}};
  static const gm_queue_station station[] = {
      {.name = "triage",
       .servers = "shift",
       .discipline = GM_QUEUE_PREEMPTIVE,
       .service = {GM_QUEUE_EXPONENTIAL, "quick*(1 + 0.2*group)", 0},
       .patience = {GM_QUEUE_EXPONENTIAL, "2", 0},
       .need = nurse,
       .need_count = 1,
       .next = triage_next,
       .next_count = 2,
       .priority = 2},
      {.name = "ward",
       .room = "4",
       .discipline = GM_QUEUE_PRIORITY,
       .service = {GM_QUEUE_GAMMA, "stay/8", "2"},
       .patience = {GM_QUEUE_WEIBULL, "12", "2"},
       .need = bed,
       .need_count = 2,
       .next = ward_next,
       .next_count = 1,
       .balk_to = "clinic",
       .renege_to = "clinic"},
      {.name = "rehab",
       .service = {GM_QUEUE_LOGNORMAL, "stay", "0.5"},
       .release = bed_back,
       .release_count = 1},
      {.name = "clinic",
       .servers = "3",
       .room = "20",
       .discipline = GM_QUEUE_LIFO,
       .hazard = "2*clinic_busy*(1 + 0.1*ward)",
       .next = clinic_next,
       .next_count = 1}};
  static const gm_queue_census census[] = {
      {.station = "rehab", .count = "2", .elapsed = "3", .group = 3, .priority = 1},
      {.station = "ward", .count = "2", .elapsed = "0.5", .group = 2},
      {.station = "ward", .count = "3", .elapsed = "1", .waiting = true, .priority = 1},
      {.station = "clinic", .count = "4"}};
  static const gm_queue_output output[] = {
      {.name = "n_triage", .measure = GM_QUEUE_IN_STATION, .of = "triage"},
      {.name = "n_ward", .measure = GM_QUEUE_IN_STATION, .of = "ward"},
      {.name = "n_rehab", .measure = GM_QUEUE_IN_STATION, .of = "rehab"},
      {.name = "q_triage", .measure = GM_QUEUE_WAITING, .of = "triage"},
      {.name = "b_clinic", .measure = GM_QUEUE_IN_SERVICE, .of = "clinic"},
      {.name = "servers", .measure = GM_QUEUE_SERVERS, .of = "triage"},
      {.name = "came", .measure = GM_QUEUE_ARRIVALS, .of = "triage"},
      {.name = "came_first",
       .measure = GM_QUEUE_ARRIVALS,
       .of = "triage",
       .one_priority = true,
       .priority = 0},
      {.name = "lost_patience", .measure = GM_QUEUE_RENEGED, .of = "triage"},
      {.name = "no_room", .measure = GM_QUEUE_BALKED, .of = "ward"},
      {.name = "wait", .measure = GM_QUEUE_MEAN_WAIT, .of = "triage"},
      {.name = "sojourn", .measure = GM_QUEUE_MEAN_SOJOURN, .of = "ward"},
      {.name = "mean_ward", .measure = GM_QUEUE_MEAN_IN_STATION, .of = "ward"},
      {.name = "use", .measure = GM_QUEUE_UTILISATION, .of = "triage"},
      {.name = "bed_use", .measure = GM_QUEUE_RESOURCE_UTILISATION, .of = "bed"},
      {.name = "nurses_free", .measure = GM_QUEUE_RESOURCE_FREE, .of = "nurse"},
      {.name = "electives", .measure = GM_QUEUE_STREAM_ARRIVALS, .of = "elective"},
      {.name = "load", .measure = GM_QUEUE_EXPRESSION, .expression = "(ward + rehab)/beds + 0*t"}};
#define WARD_COUNT(a) ((int32_t)(sizeof(a) / sizeof *(a)))
  const gm_queue_config config = {.name = "ward",
                                  .time_unit = "h",
                                  .parameter = parameter,
                                  .parameter_count = WARD_COUNT(parameter),
                                  .schedule = schedule,
                                  .schedule_count = WARD_COUNT(schedule),
                                  .resource = resource,
                                  .resource_count = WARD_COUNT(resource),
                                  .stream = stream,
                                  .stream_count = WARD_COUNT(stream),
                                  .station = station,
                                  .station_count = WARD_COUNT(station),
                                  .census = census,
                                  .census_count = WARD_COUNT(census),
                                  .output = output,
                                  .output_count = WARD_COUNT(output)};
  return gm_model_new(ctx, &gm_queue, &config, out);
}
#endif
