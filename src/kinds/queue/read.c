/* read.c - the text form of a queue model (docs/queue.md), by tables of its keys. */
#include "base/yaml_form.h"
#include "gemel/queue.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 18 };

typedef struct {
  gm_queue_config config; /* first: the handle is this */
  gm_arena *arena;
} owner;

#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define FIELDS(a) .field = (a), .field_count = COUNT(a)

/* ---- laws ------------------------------------------------------------------------------------ */
#define LAW(member) gm__yaml_take_text, GM_YAML_AT(gm_queue_law, member)
static const gm_yaml_field fixed[] = {{"time", LAW(a), .needed = "its time"}};
static const gm_yaml_field exponential[] = {{"mean", LAW(a), .needed = "its mean"}};
static const gm_yaml_field gamma_law[] = {{"mean", LAW(a), .needed = "mean and shape"},
                                          {"shape", LAW(b), .needed = "mean and shape"}};
static const gm_yaml_field lognormal[] = {{"median", LAW(a), .needed = "median and sd"},
                                          {"sd", LAW(b), .needed = "median and sd"}};
static const gm_yaml_field weibull[] = {{"scale", LAW(a), .needed = "scale and shape"},
                                        {"shape", LAW(b), .needed = "scale and shape"}};
static const gm_yaml_field uniform[] = {{"least", LAW(a), .needed = "least and most"},
                                        {"most", LAW(b), .needed = "least and most"}};
static const struct {
  const char *name;
  gm_queue_law_kind kind;
  gm_yaml_form form;
} laws[] = {{"fixed", GM_QUEUE_FIXED, {FIELDS(fixed)}},
            {"exponential", GM_QUEUE_EXPONENTIAL, {FIELDS(exponential)}},
            {"gamma", GM_QUEUE_GAMMA, {FIELDS(gamma_law)}},
            {"lognormal", GM_QUEUE_LOGNORMAL, {FIELDS(lognormal)}},
            {"weibull", GM_QUEUE_WEIBULL, {FIELDS(weibull)}},
            {"uniform", GM_QUEUE_UNIFORM, {FIELDS(uniform)}}};

/* {exponential: 3}, {gamma: {mean: 3, shape: 2}} */
static gm_status take_law(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f, void *into)
{
  gm_queue_law *law = (gm_queue_law *)((char *)into + f->at);
  gm_status s = gm__yaml_is_map(node);
  if (!s && node->count != 1) s = gm__yaml_fail(node, NULL, GM_EPARSE, "one law is expected");
  if (s) return s;
  const gm_yaml *n = node->first;
  for (size_t i = 0; i < COUNT(laws); i++) {
    if (strcmp(laws[i].name, n->key) != 0) continue;
    const gm_yaml_form *form = &laws[i].form;
    law->kind = laws[i].kind;
    if (form->field_count == 1 && n->kind == GM_YAML_TEXT)
      return form->field->take(arena, n, form->field, law);
    return gm__yaml_read(arena, n, form, law);
  }
  return gm__yaml_fail(n, NULL, GM_EPARSE,
                       "no law of this name; known are fixed, exponential, gamma, lognormal, "
                       "weibull and uniform");
}

/* ---- parts ----------------------------------------------------------------------------------- */
/* In a config equal bounds are none. */
static gm_status parameter_check(const gm_yaml *node, void *into)
{
  const gm_queue_parameter *p = into;
  if (p->lower != p->upper) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "lower and upper are both %g", p->lower);
}

#define AT(member) GM_YAML_AT(gm_queue_parameter, member)
#define NAME_AT    (1 + offsetof(gm_queue_parameter, name))
static const gm_yaml_field parameter_fields[] = {
    {"value", gm__yaml_take_number, AT(value), .needed = "a value"},
    {"unit", gm__yaml_take_words, AT(unit)},
    {"lower", gm__yaml_take_number, AT(lower)},
    {"upper", gm__yaml_take_number, AT(upper)},
    {"source", gm__yaml_take_words, AT(source)}};
static const gm_yaml_form parameter_form = {
    .bytes = sizeof(gm_queue_parameter),
    FIELDS(parameter_fields),
    .name_at = NAME_AT,
    .initial = &(const gm_queue_parameter){.lower = -INFINITY, .upper = INFINITY},
    .plain = &parameter_fields[0],
    .check = parameter_check};
#undef AT
#undef NAME_AT

static gm_status schedule_check(const gm_yaml *node, void *into)
{
  (void)into;
  const gm_yaml *at = gm__yaml_find(node, "at"), *value = gm__yaml_find(node, "value");
  if (at->count == value->count) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "%d times and %d values", (int)at->count,
                       (int)value->count);
}

static const gm_yaml_field schedule_fields[] = {
    {"period", gm__yaml_take_number, GM_YAML_AT(gm_queue_schedule, period)},
    {"at", gm__yaml_take_numbers, GM_YAML_LIST_AT(gm_queue_schedule, at, count), .needed = "times"},
    {"value", gm__yaml_take_numbers, GM_YAML_LIST_AT(gm_queue_schedule, value, count),
     .needed = "values"}};
static const gm_yaml_form schedule_form = {.bytes = sizeof(gm_queue_schedule),
                                           FIELDS(schedule_fields),
                                           .name_at = 1 + offsetof(gm_queue_schedule, name),
                                           .check = schedule_check};

static const gm_yaml_field resource_units = {NULL, gm__yaml_take_text,
                                             GM_YAML_AT(gm_queue_resource, units)};
static const gm_yaml_form resource_form = {.bytes = sizeof(gm_queue_resource),
                                           .name_at = 1 + offsetof(gm_queue_resource, name),
                                           .plain = &resource_units};

#define AT(member) GM_YAML_AT(gm_queue_stream, member)
#define NAME_AT    (1 + offsetof(gm_queue_stream, name))
static const gm_yaml_field stream_fields[] = {{"to", gm__yaml_take_text, AT(to)},
                                              {"rate", gm__yaml_take_text, AT(rate)},
                                              {"gap", take_law, AT(gap)},
                                              {"group", gm__yaml_take_int, AT(group)},
                                              {"priority", gm__yaml_take_int, AT(priority)}};
static const gm_yaml_form stream_form = {
    .bytes = sizeof(gm_queue_stream), FIELDS(stream_fields), .name_at = NAME_AT};
#undef AT
#undef NAME_AT

/* ---- stations -------------------------------------------------------------------------------- */
static const char *const disciplines[] = {
    [GM_QUEUE_FIFO] = "fifo",
    [GM_QUEUE_LIFO] = "lifo",
    [GM_QUEUE_PRIORITY] = "priority",
    [GM_QUEUE_PREEMPTIVE] = "preemptive",
    NULL,
};

/* `inf`: no limit */
static gm_status take_limit(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                            void *into)
{
  if (!strcmp(node->text, "inf")) return GM_OK;
  return gm__yaml_take_text(arena, node, f, into);
}

static const gm_yaml_field need_fields[] = {
    {"units", gm__yaml_take_int, GM_YAML_AT(gm_queue_need, units)},
    {"keep", gm__yaml_take_bool, GM_YAML_AT(gm_queue_need, keep)}};
static const gm_yaml_form need_form = {.bytes = sizeof(gm_queue_need),
                                       FIELDS(need_fields),
                                       .name_at = 1 + offsetof(gm_queue_need, resource),
                                       .initial = &(const gm_queue_need){.units = 1},
                                       .plain = &need_fields[0]};

static const gm_yaml_field route_probability = {NULL, gm__yaml_take_text,
                                                GM_YAML_AT(gm_queue_route, probability)};
static const gm_yaml_form route_form = {.bytes = sizeof(gm_queue_route),
                                        .name_at = 1 + offsetof(gm_queue_route, to),
                                        .plain = &route_probability};

#define AT(member)    GM_YAML_AT(gm_queue_station, member)
#define NAME_AT       (1 + offsetof(gm_queue_station, name))
#define LIST_AT(list) GM_YAML_LIST_AT(gm_queue_station, list, list##_count)
static const gm_yaml_field station_fields[] = {
    {"servers", take_limit, AT(servers)},
    {"room", take_limit, AT(room)},
    {"discipline", gm__yaml_take_choice, AT(discipline), .of = disciplines},
    {"service", take_law, AT(service)},
    {"hazard", gm__yaml_take_text, AT(hazard)},
    {"patience", take_law, AT(patience)},
    {"needs", gm__yaml_take_named, LIST_AT(need), .of = &need_form},
    {"releases", gm__yaml_take_texts, LIST_AT(release)},
    {"next", gm__yaml_take_named, LIST_AT(next), .of = &route_form},
    {"balk", gm__yaml_take_text, AT(balk_to)},
    {"renege", gm__yaml_take_text, AT(renege_to)},
    {"group", gm__yaml_take_int, AT(group)},
    {"priority", gm__yaml_take_int, AT(priority)}};
static const gm_yaml_form station_form = {
    .bytes = sizeof(gm_queue_station), FIELDS(station_fields), .name_at = NAME_AT};
#undef AT
#undef NAME_AT
#undef LIST_AT

#define AT(member) GM_YAML_AT(gm_queue_census, member)
static const gm_yaml_field census_fields[] = {
    {"station", gm__yaml_take_text, AT(station)},  {"count", gm__yaml_take_text, AT(count)},
    {"elapsed", gm__yaml_take_text, AT(elapsed)},  {"group", gm__yaml_take_int, AT(group)},
    {"priority", gm__yaml_take_int, AT(priority)}, {"waiting", gm__yaml_take_bool, AT(waiting)}};
static const gm_yaml_form census_form = {.bytes = sizeof(gm_queue_census),
                                         FIELDS(census_fields),
                                         .initial = &(const gm_queue_census){.count = "1"}};
#undef AT

/* ---- outputs --------------------------------------------------------------------------------- */
static const char *const measures[] = {
    [GM_QUEUE_IN_STATION] = "in-station",
    [GM_QUEUE_WAITING] = "waiting",
    [GM_QUEUE_IN_SERVICE] = "in-service",
    [GM_QUEUE_SERVERS] = "servers",
    [GM_QUEUE_ARRIVALS] = "arrivals",
    [GM_QUEUE_STARTED] = "started",
    [GM_QUEUE_DELAYED] = "delayed",
    [GM_QUEUE_DEPARTURES] = "departures",
    [GM_QUEUE_BALKED] = "balked",
    [GM_QUEUE_RENEGED] = "reneged",
    [GM_QUEUE_WAIT_TOTAL] = "wait-total",
    [GM_QUEUE_SOJOURN_TOTAL] = "sojourn-total",
    [GM_QUEUE_MEAN_WAIT] = "mean-wait",
    [GM_QUEUE_MEAN_SOJOURN] = "mean-sojourn",
    [GM_QUEUE_MEAN_IN_STATION] = "mean-in-station",
    [GM_QUEUE_MEAN_WAITING] = "mean-waiting",
    [GM_QUEUE_MEAN_IN_SERVICE] = "mean-in-service",
    [GM_QUEUE_UTILISATION] = "utilisation",
    [GM_QUEUE_RESOURCE_USED] = "resource-used",
    [GM_QUEUE_RESOURCE_FREE] = "resource-free",
    [GM_QUEUE_RESOURCE_UTILISATION] = "resource-utilisation",
    [GM_QUEUE_STREAM_ARRIVALS] = "stream-arrivals",
    [GM_QUEUE_EXPRESSION] = "expression",
    NULL,
};

static gm_status output_check(const gm_yaml *node, void *into)
{
  gm_queue_output *q = into;
  bool is_expression = q->measure == GM_QUEUE_EXPRESSION;
  q->one_priority = q->priority >= 0;
  if (is_expression == (q->expression != NULL) && is_expression != (q->of != NULL)) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "needs a measure and of, or an expression");
}

#define AT(member) GM_YAML_AT(gm_queue_output, member)
#define NAME_AT    (1 + offsetof(gm_queue_output, name))
static const gm_yaml_field output_fields[] = {
    {"expression", gm__yaml_take_text, AT(expression)},
    {"measure", gm__yaml_take_choice, AT(measure), .of = measures},
    {"of", gm__yaml_take_text, AT(of)},
    {"unit", gm__yaml_take_words, AT(unit)},
    {"priority", gm__yaml_take_int, AT(priority)}};
static const gm_yaml_form output_form = {
    .bytes = sizeof(gm_queue_output),
    FIELDS(output_fields),
    .name_at = NAME_AT,
    .initial = &(const gm_queue_output){.measure = GM_QUEUE_EXPRESSION, .priority = -1},
    .plain = &output_fields[0],
    .check = output_check};
#undef AT
#undef NAME_AT

/* ---- the whole ------------------------------------------------------------------------------- */
#define AT(member)    GM_YAML_AT(gm_queue_config, member)
#define LIST_AT(list) GM_YAML_LIST_AT(gm_queue_config, list, list##_count)
static const gm_yaml_field fields[] = {
    {"queue", gm__yaml_take_text, AT(name)},
    {"time", gm__yaml_take_text, AT(time_unit), .needed = "the unit of time"},
    {"parameters", gm__yaml_take_named, LIST_AT(parameter), .of = &parameter_form},
    {"schedules", gm__yaml_take_named, LIST_AT(schedule), .of = &schedule_form},
    {"resources", gm__yaml_take_named, LIST_AT(resource), .of = &resource_form},
    {"streams", gm__yaml_take_named, LIST_AT(stream), .of = &stream_form},
    {"stations", gm__yaml_take_named, LIST_AT(station), .of = &station_form},
    {"census", gm__yaml_take_list, LIST_AT(census), .of = &census_form},
    {"outputs", gm__yaml_take_named, LIST_AT(output), .of = &output_form},
    {"customer-max", gm__yaml_take_int64, AT(customer_max)},
    {"event-max", gm__yaml_take_int64, AT(event_max)}};
static const gm_yaml_form form = {FIELDS(fields)};
#undef AT
#undef LIST_AT

gm_status gm_queue_read(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                        gm_queue_config **out)
{
  assert(ctx && text && out);
  gm_yaml *root;
  if (!name) name = "queue";
  if (bytes > TEXT_BYTES_MAX)
    return gm_fail(ctx, GM_ERANGE, "%.200s: %zu bytes, more than %d", name, bytes,
                   (int)TEXT_BYTES_MAX);
  owner *o = gm_alloc(ctx, 1, sizeof *o);
  if (!o) return gm_fail(ctx, GM_ENOMEM, "%.200s", name);
  gm_status s = gm_arena_new(ctx, 0, &o->arena);
  if (!s) s = gm__yaml_parse(ctx, o->arena, name, text, bytes, &root);
  if (!s) s = gm__yaml_read(o->arena, root, &form, &o->config);
  if (s) {
    gm_queue_config_free(&o->config);
    return s;
  }
  *out = &o->config;
  return GM_OK;
}

gm_status gm_queue_read_file(gm_ctx *ctx, const char *path, gm_queue_config **out)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_status s = gm_file_read(ctx, path, TEXT_BYTES_MAX, &text, &bytes);
  if (!s) s = gm_queue_read(ctx, path, text, bytes, out);
  gm_free(text);
  return s;
}

void gm_queue_config_free(gm_queue_config *c)
{
  owner *o = (owner *)c;
  if (!o) return;
  gm_arena_free(o->arena);
  gm_free(o);
}
