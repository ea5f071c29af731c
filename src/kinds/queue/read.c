/* read.c - the text form of a queue model (docs/queue.md). */
#include "kinds/queue/read.h"
#include "gemel/queue.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  /* libfyaml 0.7 takes 8 bytes of stack for each line of a block text, and loses memory where a
   * text has four '' in a row (its issue 233) */
  TEXT_BYTES_MAX = 1 << 18,
  QUOTE_RUN_MAX = 6
};

typedef struct {
  gm_queue_config config; /* first: the handle is this */
  gm_arena *arena;
} owner;

#define KEYS(a) (int32_t)(sizeof(a) / sizeof *(a))

/* ---- laws ------------------------------------------------------------------------------------ */
static const struct {
  const char *name, *a, *b;
  gm_queue_law_kind kind;
} laws[] = {{"fixed", "time", NULL, GM_QUEUE_FIXED},
            {"exponential", "mean", NULL, GM_QUEUE_EXPONENTIAL},
            {"gamma", "mean", "shape", GM_QUEUE_GAMMA},
            {"lognormal", "median", "sd", GM_QUEUE_LOGNORMAL},
            {"weibull", "scale", "shape", GM_QUEUE_WEIBULL},
            {"uniform", "least", "most", GM_QUEUE_UNIFORM}};

static gm_status take_one_law(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  gm_queue_law *law = into;
  for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
    if (strcmp(laws[i].name, name) != 0) continue;
    law->kind = laws[i].kind;
    if (!laws[i].b && fy_node_is_scalar(value))
      return gm__queue_read_text(r, value, (void *)&law->a);
    const queue_key keys[] = {{laws[i].a, gm__queue_read_text, offsetof(gm_queue_law, a)},
                              {laws[i].b, gm__queue_read_text, offsetof(gm_queue_law, b)}};
    gm_status s = gm__queue_read_map(r, value, keys, laws[i].b ? 2 : 1, law);
    if (!s && (!law->a || (laws[i].b && !law->b)))
      s = gm__queue_read_fail(r, GM_EINVAL, "needs %s%s%s", laws[i].a, laws[i].b ? " and " : "",
                              laws[i].b ? laws[i].b : "");
    return s;
  }
  return gm__queue_read_fail(r, GM_EINVAL,
                             "no law of this name; known are fixed, exponential, gamma, "
                             "lognormal, weibull and uniform");
}

static gm_status take_law(queue_reader *r, struct fy_node *value, void *into)
{
  void *law = NULL;
  int32_t count = 0;
  gm_status s = gm__queue_read_named(r, value, sizeof(gm_queue_law), &law, &count, take_one_law);
  if (!s && count != 1) s = gm__queue_read_fail(r, GM_EINVAL, "one law was expected");
  if (!s) *(gm_queue_law *)into = *(gm_queue_law *)law;
  return s;
}

/* ---- parts ----------------------------------------------------------------------------------- */
static gm_status take_parameter(queue_reader *r, const char *name, struct fy_node *value,
                                void *into)
{
  gm_queue_parameter *p = into;
  static const queue_key keys[] = {
      {"value", gm__queue_read_number, offsetof(gm_queue_parameter, value)},
      {"unit", gm__queue_read_text, offsetof(gm_queue_parameter, unit)},
      {"lower", gm__queue_read_number, offsetof(gm_queue_parameter, lower)},
      {"upper", gm__queue_read_number, offsetof(gm_queue_parameter, upper)},
      {"source", gm__queue_read_text, offsetof(gm_queue_parameter, source)}};
  p->name = name;
  p->value = NAN;
  if (fy_node_is_scalar(value)) return gm__queue_read_number(r, value, &p->value);
  bool lower = fy_node_mapping_lookup_by_string(value, "lower", FY_NT) != NULL;
  bool upper = fy_node_mapping_lookup_by_string(value, "upper", FY_NT) != NULL;
  gm_status s = gm__queue_read_map(r, value, keys, KEYS(keys), p);
  if (!s && isnan(p->value)) s = gm__queue_read_fail(r, GM_EINVAL, "needs a value");
  if (!s && lower && !upper) p->upper = INFINITY;
  if (!s && upper && !lower) p->lower = -INFINITY;
  return s;
}

static gm_status take_one_number(queue_reader *r, const char *name, struct fy_node *value,
                                 void *into)
{
  (void)name;
  return gm__queue_read_number(r, value, into);
}

typedef struct {
  double *list;
  int32_t count;
} numbers;

static gm_status take_numbers(queue_reader *r, struct fy_node *value, void *into)
{
  numbers *n = into;
  void *list = NULL;
  gm_status s = gm__queue_read_list(r, value, sizeof(double), &list, &n->count, take_one_number);
  if (!s) n->list = list;
  return s;
}

static gm_status take_schedule(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  struct {
    double period;
    numbers at, value;
  } given = {0};
  const queue_key keys[] = {
      {"period", gm__queue_read_number, (size_t)((char *)&given.period - (char *)&given)},
      {"at", take_numbers, (size_t)((char *)&given.at - (char *)&given)},
      {"value", take_numbers, (size_t)((char *)&given.value - (char *)&given)}};
  gm_status s = gm__queue_read_map(r, value, keys, KEYS(keys), &given);
  if (!s && given.at.count != given.value.count)
    s = gm__queue_read_fail(r, GM_EINVAL, "%d times and %d values", (int)given.at.count,
                            (int)given.value.count);
  *(gm_queue_schedule *)into = (gm_queue_schedule){.name = name,
                                                   .period = given.period,
                                                   .at = given.at.list,
                                                   .value = given.value.list,
                                                   .count = given.at.count};
  return s;
}

static gm_status take_resource(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  gm_queue_resource *q = into;
  q->name = name;
  return gm__queue_read_text(r, value, (void *)&q->units);
}

static gm_status take_stream(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  static const queue_key keys[] = {
      {"to", gm__queue_read_text, offsetof(gm_queue_stream, to)},
      {"rate", gm__queue_read_text, offsetof(gm_queue_stream, rate)},
      {"gap", take_law, offsetof(gm_queue_stream, gap)},
      {"group", gm__queue_read_int, offsetof(gm_queue_stream, group)},
      {"priority", gm__queue_read_int, offsetof(gm_queue_stream, priority)}};
  ((gm_queue_stream *)into)->name = name;
  return gm__queue_read_map(r, value, keys, KEYS(keys), into);
}

/* ---- stations -------------------------------------------------------------------------------- */
static gm_status take_discipline(queue_reader *r, struct fy_node *value, void *into)
{
  static const char *const names[] = {"fifo", "lifo", "priority", "preemptive"};
  const char *t = NULL;
  gm_status s = gm__queue_read_text(r, value, (void *)&t);
  for (int i = 0; i < 4 && !s; i++)
    if (!strcmp(t, names[i])) {
      *(gm_queue_discipline *)into = (gm_queue_discipline)i;
      return GM_OK;
    }
  return s ? s
           : gm__queue_read_fail(r, GM_EINVAL,
                                 "\"%.60s\"; fifo, lifo, priority or preemptive was expected", t);
}

/* `inf`: no limit */
static gm_status take_limit(queue_reader *r, struct fy_node *value, void *into)
{
  const char *t = NULL;
  gm_status s = gm__queue_read_text(r, value, (void *)&t);
  if (!s) *(const char **)into = strcmp(t, "inf") != 0 ? t : NULL;
  return s;
}

static gm_status take_need(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  static const queue_key keys[] = {{"units", gm__queue_read_int, offsetof(gm_queue_need, units)},
                                   {"keep", gm__queue_read_bool, offsetof(gm_queue_need, keep)}};
  gm_queue_need *n = into;
  n->resource = name;
  n->units = 1;
  if (fy_node_is_scalar(value)) return gm__queue_read_int(r, value, &n->units);
  return gm__queue_read_map(r, value, keys, KEYS(keys), n);
}

static gm_status take_route(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  gm_queue_route *q = into;
  q->to = name;
  return gm__queue_read_text(r, value, (void *)&q->probability);
}

static gm_status take_one_text(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  (void)name;
  return gm__queue_read_text(r, value, into);
}

static gm_status take_needs(queue_reader *r, struct fy_node *value, void *into)
{
  gm_queue_station *st = into;
  void *list = NULL;
  gm_status s =
      gm__queue_read_named(r, value, sizeof(gm_queue_need), &list, &st->need_count, take_need);
  st->need = list;
  return s;
}

static gm_status take_routes(queue_reader *r, struct fy_node *value, void *into)
{
  gm_queue_station *st = into;
  void *list = NULL;
  gm_status s =
      gm__queue_read_named(r, value, sizeof(gm_queue_route), &list, &st->next_count, take_route);
  st->next = list;
  return s;
}

static gm_status take_releases(queue_reader *r, struct fy_node *value, void *into)
{
  gm_queue_station *st = into;
  void *list = NULL;
  gm_status s =
      gm__queue_read_list(r, value, sizeof(char *), &list, &st->release_count, take_one_text);
  st->release = list;
  return s;
}

static gm_status take_station(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  static const queue_key keys[] = {
      {"servers", take_limit, offsetof(gm_queue_station, servers)},
      {"room", take_limit, offsetof(gm_queue_station, room)},
      {"discipline", take_discipline, offsetof(gm_queue_station, discipline)},
      {"service", take_law, offsetof(gm_queue_station, service)},
      {"hazard", gm__queue_read_text, offsetof(gm_queue_station, hazard)},
      {"patience", take_law, offsetof(gm_queue_station, patience)},
      {"needs", take_needs, 0},
      {"releases", take_releases, 0},
      {"next", take_routes, 0},
      {"balk", gm__queue_read_text, offsetof(gm_queue_station, balk_to)},
      {"renege", gm__queue_read_text, offsetof(gm_queue_station, renege_to)},
      {"group", gm__queue_read_int, offsetof(gm_queue_station, group)},
      {"priority", gm__queue_read_int, offsetof(gm_queue_station, priority)}};
  ((gm_queue_station *)into)->name = name;
  return gm__queue_read_map(r, value, keys, KEYS(keys), into);
}

static gm_status take_census(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  (void)name;
  static const queue_key keys[] = {
      {"station", gm__queue_read_text, offsetof(gm_queue_census, station)},
      {"count", gm__queue_read_text, offsetof(gm_queue_census, count)},
      {"elapsed", gm__queue_read_text, offsetof(gm_queue_census, elapsed)},
      {"group", gm__queue_read_int, offsetof(gm_queue_census, group)},
      {"priority", gm__queue_read_int, offsetof(gm_queue_census, priority)},
      {"waiting", gm__queue_read_bool, offsetof(gm_queue_census, waiting)}};
  ((gm_queue_census *)into)->count = "1";
  return gm__queue_read_map(r, value, keys, KEYS(keys), into);
}

/* ---- outputs --------------------------------------------------------------------------------- */
static const char *const measures[] = {"in-station",      "waiting",         "in-service",
                                       "servers",         "arrivals",        "started",
                                       "delayed",         "departures",      "balked",
                                       "reneged",         "wait-total",      "sojourn-total",
                                       "mean-wait",       "mean-sojourn",    "mean-in-station",
                                       "mean-waiting",    "mean-in-service", "utilisation",
                                       "resource-used",   "resource-free",   "resource-utilisation",
                                       "stream-arrivals", "expression"};

static gm_status take_measure(queue_reader *r, struct fy_node *value, void *into)
{
  const char *t = NULL;
  gm_status s = gm__queue_read_text(r, value, (void *)&t);
  for (size_t i = 0; i < sizeof measures / sizeof *measures && !s; i++)
    if (!strcmp(t, measures[i])) {
      *(gm_queue_measure *)into = (gm_queue_measure)i;
      return GM_OK;
    }
  return s ? s : gm__queue_read_fail(r, GM_EINVAL, "there is no measure \"%.60s\"", t);
}

static gm_status take_output(queue_reader *r, const char *name, struct fy_node *value, void *into)
{
  static const queue_key keys[] = {
      {"measure", take_measure, offsetof(gm_queue_output, measure)},
      {"of", gm__queue_read_text, offsetof(gm_queue_output, of)},
      {"expression", gm__queue_read_text, offsetof(gm_queue_output, expression)},
      {"unit", gm__queue_read_text, offsetof(gm_queue_output, unit)},
      {"priority", gm__queue_read_int, offsetof(gm_queue_output, priority)}};
  gm_queue_output *q = into;
  q->name = name;
  q->measure = GM_QUEUE_EXPRESSION;
  q->priority = -1;
  if (fy_node_is_scalar(value)) return gm__queue_read_text(r, value, (void *)&q->expression);
  gm_status s = gm__queue_read_map(r, value, keys, KEYS(keys), q);
  q->one_priority = q->priority >= 0;
  if (s) return s;
  bool is_expression = q->measure == GM_QUEUE_EXPRESSION;
  if (is_expression != (q->expression != NULL) || is_expression == (q->of != NULL))
    return gm__queue_read_fail(r, GM_EINVAL, "needs a measure and of, or an expression");
  return GM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */
#define NAMED(function, type, field, taker)                                                        \
  static gm_status function(queue_reader *r, struct fy_node *value, void *into)                    \
  {                                                                                                \
    gm_queue_config *c = into;                                                                     \
    void *list = NULL;                                                                             \
    gm_status s = gm__queue_read_named(r, value, sizeof(type), &list, &c->field##_count, taker);   \
    c->field = list;                                                                               \
    return s;                                                                                      \
  }
NAMED(take_parameters, gm_queue_parameter, parameter, take_parameter)
NAMED(take_schedules, gm_queue_schedule, schedule, take_schedule)
NAMED(take_resources, gm_queue_resource, resource, take_resource)
NAMED(take_streams, gm_queue_stream, stream, take_stream)
NAMED(take_stations, gm_queue_station, station, take_station)
NAMED(take_outputs, gm_queue_output, output, take_output)

static gm_status take_people(queue_reader *r, struct fy_node *value, void *into)
{
  gm_queue_config *c = into;
  void *list = NULL;
  gm_status s =
      gm__queue_read_list(r, value, sizeof(gm_queue_census), &list, &c->census_count, take_census);
  c->census = list;
  return s;
}

static gm_status read_root(queue_reader *r, struct fy_node *root, gm_queue_config *c)
{
  static const queue_key keys[] = {
      {"queue", gm__queue_read_text, offsetof(gm_queue_config, name)},
      {"time", gm__queue_read_text, offsetof(gm_queue_config, time_unit)},
      {"parameters", take_parameters, 0},
      {"schedules", take_schedules, 0},
      {"resources", take_resources, 0},
      {"streams", take_streams, 0},
      {"stations", take_stations, 0},
      {"census", take_people, 0},
      {"outputs", take_outputs, 0},
      {"customer-max", gm__queue_read_int64, offsetof(gm_queue_config, customer_max)},
      {"event-max", gm__queue_read_int64, offsetof(gm_queue_config, event_max)}};
  r->line = 1;
  if (!root) return gm__queue_read_fail(r, GM_EPARSE, "a map was expected, the text is empty");
  gm_status s = gm__queue_read_map(r, root, keys, KEYS(keys), c);
  if (!s && !c->time_unit)
    s = gm__queue_read_fail(r, GM_EINVAL, "the unit of time (time: h) is missing");
  return s;
}

static gm_status text_check(queue_reader *r, const char *text, size_t bytes)
{
  int32_t quotes = 0;
  if (bytes > TEXT_BYTES_MAX)
    return gm_fail(r->ctx, GM_ERANGE, "%.200s: %zu bytes, more than %d", r->name, bytes,
                   (int)TEXT_BYTES_MAX);
  r->line = 1;
  for (size_t i = 0; i < bytes; i++) {
    unsigned char c = (unsigned char)text[i];
    quotes = c == '\'' ? quotes + 1 : 0;
    if (quotes > QUOTE_RUN_MAX)
      return gm__queue_read_fail(r, GM_EPARSE, "more than %d ' in a row", QUOTE_RUN_MAX);
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t')
      return gm__queue_read_fail(r, GM_EPARSE, "byte %d is a control character", (int)c);
    r->line += c == '\n';
  }
  return GM_OK;
}

static gm_status not_yaml(queue_reader *r, struct fy_diag *diag)
{
  void *at = NULL;
  struct fy_diag_error *e = diag ? fy_diag_errors_iterate(diag, &at) : NULL;
  r->line = e ? e->line : 1;
  if (!e) return gm__queue_read_fail(r, GM_EPARSE, "a map was expected, the text is empty");
  return gm__queue_read_fail(r, GM_EPARSE, "not YAML: %.200s", e->msg ? e->msg : "?");
}

static gm_status read_text(queue_reader *r, const char *text, size_t bytes, gm_queue_config *c)
{
  struct fy_diag_cfg quiet;
  fy_diag_cfg_default(&quiet);
  quiet.fp = NULL;
  struct fy_diag *diag = fy_diag_create(&quiet);
  if (!diag) return gm_fail(r->ctx, GM_ENOMEM, "%.200s", r->name);
  fy_diag_set_collect_errors(diag, true);
  struct fy_parse_cfg cfg = {.flags = FYPCF_DISABLE_RECYCLING | FYPCF_QUIET, .diag = diag};
  struct fy_document *d = fy_document_build_from_string(&cfg, text, bytes);
  gm_status s = d ? read_root(r, fy_document_root(d), c) : not_yaml(r, diag);
  if (d) fy_document_destroy(d);
  fy_diag_destroy(diag);
  return s;
}

gm_status gm_queue_read(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                        gm_queue_config **out)
{
  assert(ctx && text && out);
  queue_reader r = {.ctx = ctx, .name = name ? name : "queue"};
  gm_status s = text_check(&r, text, bytes);
  if (s) return s;
  owner *o = gm_alloc(ctx, 1, sizeof *o);
  if (!o) return gm_fail(ctx, GM_ENOMEM, "%.200s", r.name);
  s = gm_arena_new(ctx, 0, &o->arena);
  if (!s) {
    r.arena = o->arena;
    s = read_text(&r, text, bytes, &o->config);
  }
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
