/* build.c - from the config of a queue model to its machine: names become numbers, everything that
 * can be wrong is refused with the place it stands at. */
#include "gemel/rand.h"
#include "kinds/queue/machine.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const gm_queue_config *c;
  queue_machine *m;
  const char **names; /* [value_count] */
  gm_text sum;        /* the fingerprint's text */
  char where[200];
} builder;

GM_PRINTF(2, 3) static const char *at(builder *b, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  vsnprintf(b->where, sizeof b->where, format, ap);
  va_end(ap);
  return b->where;
}

/* A copy that the machine owns, for tables. */
static const char *keep(builder *b, const char *text)
{
  queue_machine *m = b->m;
  char *copy = gm_strdup(b->ctx, text ? text : "");
  if (copy) m->text[m->text_count++] = copy;
  return copy;
}

/* ---- names ----------------------------------------------------------------------------------- */
static gm_status add_name(builder *b, int32_t *count, const char *what, const char *name,
                          const char *suffix)
{
  char full[160];
  if (!name || !*name) return gm_fail(b->ctx, GM_EINVAL, "%s without a name", what);
  if (strlen(name) > 100)
    return gm_fail(b->ctx, GM_ERANGE, "%s %.40s...: name of more than 100 bytes", what, name);
  snprintf(full, sizeof full, "%s%s", name, suffix);
  for (int32_t i = 0; i < *count; i++)
    if (!strcmp(b->names[i], full))
      return gm_fail(b->ctx, GM_EINVAL, "%s %s: the name %s is there already", what, name, full);
  const char *kept = keep(b, full);
  if (!kept) return gm_fail(b->ctx, GM_ENOMEM, "names of a queue model");
  b->names[(*count)++] = kept;
  return GM_OK;
}

/* The names of a list whose entries begin with theirs. */
static gm_status add_names(builder *b, int32_t *n, const char *what, const void *list, size_t bytes,
                           int32_t count, const char *suffix)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) {
    const char *name;
    memcpy(&name, (const char *)list + (size_t)i * bytes, sizeof name);
    s = add_name(b, n, what, name, suffix);
  }
  return s;
}

static gm_status names(builder *b)
{
  const gm_queue_config *c = b->c;
  queue_machine *m = b->m;
  int32_t n = 0;
  const struct {
    int32_t *at; /* row of the first of them, NULL: not kept */
    const char *what, *suffix;
    const void *list;
    size_t bytes;
    int32_t count;
  } part[] = {
      {NULL, "parameter", "", c->parameter, sizeof *c->parameter, c->parameter_count},
      {&m->at_schedule, "schedule", "", c->schedule, sizeof *c->schedule, c->schedule_count},
      {&m->at_count, "station", "", c->station, sizeof *c->station, c->station_count},
      {&m->at_waiting, "station", "_waiting", c->station, sizeof *c->station, c->station_count},
      {&m->at_busy, "station", "_busy", c->station, sizeof *c->station, c->station_count},
      {&m->at_free, "resource", "_free", c->resource, sizeof *c->resource, c->resource_count}};
  static const char *const moment[] = {"t", "group", "priority"};
  gm_status s = GM_OK;
  for (size_t i = 0; i < sizeof part / sizeof *part && !s; i++) {
    if (part[i].at) *part[i].at = n;
    s = add_names(b, &n, part[i].what, part[i].list, part[i].bytes, part[i].count, part[i].suffix);
  }
  m->at_time = n;
  m->at_group = n + 1;
  m->at_priority = n + 2;
  for (int i = 0; i < 3 && !s; i++) s = add_name(b, &n, "of the moment,", moment[i], "");
  if (s) return s;
  /* names that cannot stand in an expression are found here, whether one uses them or not */
  gm_expr *e = NULL;
  s = gm_expr_new(b->ctx, "0", b->names, NULL, n, "names of a queue model", &e);
  gm_expr_free(e);
  return s;
}

static int32_t station_of(const builder *b, const char *name)
{
  for (int32_t i = 0; name && i < b->c->station_count; i++)
    if (!strcmp(b->c->station[i].name, name)) return i;
  return -1;
}

static int32_t resource_of(const builder *b, const char *name)
{
  for (int32_t i = 0; name && i < b->c->resource_count; i++)
    if (!strcmp(b->c->resource[i].name, name)) return i;
  return -1;
}

static int32_t stream_of(const builder *b, const char *name)
{
  for (int32_t i = 0; name && i < b->c->stream_count; i++)
    if (!strcmp(b->c->stream[i].name, name)) return i;
  return -1;
}

static gm_status find_station(builder *b, const char *name, int32_t *out)
{
  *out = station_of(b, name);
  if (*out >= 0) return GM_OK;
  return gm_fail(b->ctx, GM_ENOTFOUND, "%s: there is no station \"%.80s\"", b->where,
                 name ? name : "");
}

static gm_status priority_check(builder *b, int32_t priority)
{
  if (priority >= 0 && priority < GM_QUEUE_PRIORITIES_MAX) {
    if (priority >= b->m->priority_count) b->m->priority_count = priority + 1;
    return GM_OK;
  }
  return gm_fail(b->ctx, GM_ERANGE, "%s: priority %d, expected 0 to %d", b->where, (int)priority,
                 GM_QUEUE_PRIORITIES_MAX - 1);
}

static gm_status formula(builder *b, queue_scope scope, const char *text, queue_formula *f)
{
  gm_text_addf(&b->sum, "|%s", text ? text : "");
  return gm__queue_formula(b->ctx, b->m, b->names, scope, text, b->where, f);
}

static gm_status not_negative(builder *b, const queue_formula *f)
{
  if (f->kind != QUEUE_CONSTANT || f->value >= 0) return GM_OK;
  return gm_fail(b->ctx, GM_ERANGE, "%s: %g, expected a number from 0 on", b->where, f->value);
}

/* ---- laws ------------------------------------------------------------------------------------ */
const char *gm__queue_law_wrong(gm_queue_law_kind kind, double a, double b)
{
  if (!(a >= 0 && a < INFINITY)) return "its first number must be finite and not negative";
  switch (kind) {
  case GM_QUEUE_GAMMA:
  case GM_QUEUE_WEIBULL: return b > 0 && b < INFINITY ? NULL : "its shape must be above 0";
  case GM_QUEUE_LOGNORMAL:
    return b >= 0 && b < INFINITY ? NULL : "its standard deviation must not be negative";
  case GM_QUEUE_UNIFORM:
    return b >= a && b < INFINITY ? NULL : "its most must not be below its least";
  case GM_QUEUE_NO_LAW:
  case GM_QUEUE_FIXED:
  case GM_QUEUE_EXPONENTIAL: break;
  }
  return NULL;
}

static bool has_second(gm_queue_law_kind kind)
{
  return kind != GM_QUEUE_FIXED && kind != GM_QUEUE_EXPONENTIAL && kind != GM_QUEUE_NO_LAW;
}

static gm_status law(builder *b, const gm_queue_law *from, queue_law *to)
{
  to->kind = from->kind;
  gm_text_addf(&b->sum, "|law%d", (int)from->kind);
  if (from->kind == GM_QUEUE_NO_LAW) return GM_OK;
  if ((int)from->kind < 0 || from->kind > GM_QUEUE_UNIFORM)
    return gm_fail(b->ctx, GM_EINVAL, "%s: law number %d is not known", b->where, (int)from->kind);
  gm_status s = formula(b, QUEUE_OF_CUSTOMER, from->a, &to->a);
  if (!s && has_second(from->kind)) s = formula(b, QUEUE_OF_CUSTOMER, from->b, &to->b);
  if (s || to->a.kind != QUEUE_CONSTANT || to->b.kind != QUEUE_CONSTANT) return s;
  const char *wrong = gm__queue_law_wrong(to->kind, to->a.value, to->b.value);
  return wrong ? gm_fail(b->ctx, GM_ERANGE, "%s: %s (it is %g, %g)", b->where, wrong, to->a.value,
                         to->b.value)
               : GM_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */
static gm_status step_check(builder *b, const gm_queue_schedule *from, int32_t k)
{
  double t = from->at[k];
  if (!isfinite(t) || !isfinite(from->value[k]))
    return gm_fail(b->ctx, GM_EDOMAIN, "%s: step %d is not finite", b->where, (int)k + 1);
  if (k && t <= from->at[k - 1])
    return gm_fail(b->ctx, GM_ERANGE, "%s: its times must rise, step %d does not", b->where,
                   (int)k + 1);
  if (from->period > 0 && !(t >= 0 && t < from->period))
    return gm_fail(b->ctx, GM_ERANGE, "%s: step %d at %g lies outside of its period", b->where,
                   (int)k + 1, t);
  return GM_OK;
}

static gm_status schedule(builder *b, int32_t i)
{
  const gm_queue_schedule *from = &b->c->schedule[i];
  queue_schedule *to = &b->m->schedule[i];
  at(b, "schedule %s", from->name);
  if (from->count < 1 || !from->at || !from->value)
    return gm_fail(b->ctx, GM_EINVAL, "%s: without steps", b->where);
  if (!(from->period >= 0 && from->period < INFINITY))
    return gm_fail(b->ctx, GM_ERANGE, "%s: period %g, expected a time above 0, or 0", b->where,
                   from->period);
  to->period = from->period;
  to->count = from->count;
  to->at = gm_alloc(b->ctx, from->count, sizeof *to->at);
  to->value = gm_alloc(b->ctx, from->count, sizeof *to->value);
  if (!to->at || !to->value) return gm_fail(b->ctx, GM_ENOMEM, "%s", b->where);
  gm_text_addf(&b->sum, "|%a", from->period);
  for (int32_t k = 0; k < from->count; k++) {
    gm_status s = step_check(b, from, k);
    if (s) return s;
    to->at[k] = from->at[k];
    to->value[k] = from->value[k];
    gm_text_addf(&b->sum, "|%a|%a", to->at[k], to->value[k]);
  }
  return GM_OK;
}

static gm_status stream(builder *b, int32_t i)
{
  const gm_queue_stream *from = &b->c->stream[i];
  queue_stream *to = &b->m->stream[i];
  if (!from->name || !*from->name) return gm_fail(b->ctx, GM_EINVAL, "a stream without a name");
  at(b, "stream %.80s", from->name);
  if (stream_of(b, from->name) != i)
    return gm_fail(b->ctx, GM_EINVAL, "%s: the name is there already", b->where);
  gm_text_addf(&b->sum, "\nstream|%s|%d|%d", from->name, (int)from->group, (int)from->priority);
  to->id = gm_hash_text(from->name);
  to->group = from->group;
  to->priority = from->priority;
  to->channel = to->renewal = -1;
  gm_status s = find_station(b, from->to, &to->to);
  if (!s) s = priority_check(b, from->priority);
  gm_text_addf(&b->sum, "|%s", from->to ? from->to : "");
  if (s) return s;
  if (!from->rate == (from->gap.kind == GM_QUEUE_NO_LAW))
    return gm_fail(b->ctx, GM_EINVAL, "%s: needs a rate or a law of its gaps, one of them",
                   b->where);
  if (from->rate) {
    queue_channel *k = &b->m->channel[to->channel = b->m->channel_count++];
    *k = (queue_channel){.kind = QUEUE_STREAM, .of = i, .id = to->id};
    at(b, "stream %.80s: rate", from->name);
    s = formula(b, QUEUE_OF_COUNTS, from->rate, &k->rate);
    return s ? s : not_negative(b, &k->rate);
  }
  to->renewal = b->m->renewal_count++;
  b->m->renewal_stream[to->renewal] = i;
  at(b, "stream %.80s: gap", from->name);
  return law(b, &from->gap, &to->gap);
}

static gm_status needs(builder *b, const gm_queue_station *from, queue_station *to)
{
  for (int32_t i = 0; i < from->need_count; i++) {
    const gm_queue_need *n = &from->need[i];
    at(b, "station %.80s: need %d", from->name, (int)i + 1);
    int32_t resource = resource_of(b, n->resource);
    if (resource < 0)
      return gm_fail(b->ctx, GM_ENOTFOUND, "%s: there is no resource \"%.80s\"", b->where,
                     n->resource ? n->resource : "");
    if (n->units < 1)
      return gm_fail(b->ctx, GM_ERANGE, "%s: %d units, expected 1 or more", b->where,
                     (int)n->units);
    for (int32_t k = 0; k < i; k++)
      if (to->need[k].resource == resource)
        return gm_fail(b->ctx, GM_EINVAL, "%s: resource %s is there already", b->where,
                       n->resource);
    to->need[i] = (queue_need){.resource = resource, .units = n->units, .keep = n->keep};
    to->need_count++;
    gm_text_addf(&b->sum, "|need%d*%d%c", (int)resource, (int)n->units, n->keep ? 'k' : '-');
  }
  for (int32_t i = 0; i < from->release_count; i++) {
    at(b, "station %.80s: release %d", from->name, (int)i + 1);
    to->release[i] = resource_of(b, from->release[i]);
    if (to->release[i] < 0)
      return gm_fail(b->ctx, GM_ENOTFOUND, "%s: there is no resource \"%.80s\"", b->where,
                     from->release[i] ? from->release[i] : "");
    to->release_count++;
    gm_text_addf(&b->sum, "|release%d", (int)to->release[i]);
  }
  return GM_OK;
}

static gm_status routes(builder *b, const gm_queue_station *from, queue_station *to)
{
  double sum = 0;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < from->next_count && !s; i++) {
    queue_route *r = &to->next[i];
    to->next_count++;
    at(b, "station %.80s: next %d", from->name, (int)i + 1);
    s = find_station(b, from->next[i].to, &r->to);
    if (!s) s = formula(b, QUEUE_OF_CUSTOMER, from->next[i].probability, &r->probability);
    if (!s) s = not_negative(b, &r->probability);
    if (r->probability.kind == QUEUE_CONSTANT) sum += r->probability.value;
    gm_text_addf(&b->sum, ">%d", (int)r->to);
  }
  if (!s && sum > 1 + 1e-9)
    return gm_fail(b->ctx, GM_ERANGE, "%s: probabilities add up to %.9g, more than 1", b->where,
                   sum);
  return s;
}

static gm_status elsewhere(builder *b, const char *what, const gm_queue_station *from,
                           const char *to, int32_t *out)
{
  *out = -1;
  gm_text_addf(&b->sum, "|%s", to ? to : "");
  if (!to) return GM_OK;
  at(b, "station %.80s: %s", from->name, what);
  return find_station(b, to, out);
}

static gm_status service(builder *b, int32_t i)
{
  const gm_queue_station *from = &b->c->station[i];
  queue_station *to = &b->m->station[i];
  to->hazard = to->pick = -1;
  if (!from->hazard == (from->service.kind == GM_QUEUE_NO_LAW))
    return gm_fail(b->ctx, GM_EINVAL, "%s: needs a law of service or a hazard, one of them",
                   b->where);
  if (!from->hazard) {
    at(b, "station %.80s: service", from->name);
    return law(b, &from->service, &to->service);
  }
  if (from->discipline == GM_QUEUE_PREEMPTIVE)
    return gm_fail(b->ctx, GM_EUNSUPPORTED, "%s: a hazard cannot be preemptive", b->where);
  at(b, "station %.80s: hazard", from->name);
  to->pick = b->m->pick_count++;
  queue_channel *k = &b->m->channel[to->hazard = b->m->channel_count++];
  *k = (queue_channel){.kind = QUEUE_HAZARD, .of = i};
  k->id = gm_hash64(gm_hash_text("hazard"), to->id);
  gm_status s = formula(b, QUEUE_OF_COUNTS, from->hazard, &k->rate);
  return s ? s : not_negative(b, &k->rate);
}

static gm_status limit(builder *b, const gm_queue_station *from, const char *what, const char *text,
                       bool *there, queue_formula *f)
{
  *there = text != NULL;
  gm_text_addf(&b->sum, "|%s", what);
  if (!text) return GM_OK;
  at(b, "station %.80s: %s", from->name, what);
  gm_status s = formula(b, QUEUE_OF_FIXED, text, f);
  return s ? s : not_negative(b, f);
}

static gm_status station(builder *b, int32_t i)
{
  const gm_queue_station *from = &b->c->station[i];
  queue_station *to = &b->m->station[i];
  at(b, "station %s", from->name);
  gm_text_addf(&b->sum, "\nstation|%s|%d", from->name, (int)from->discipline);
  to->id = gm_hash_text(from->name);
  to->draw = (uint32_t)to->id;
  to->discipline = from->discipline;
  to->group = from->group;
  to->priority = from->priority;
  if ((int)from->discipline < 0 || from->discipline > GM_QUEUE_PREEMPTIVE)
    return gm_fail(b->ctx, GM_EINVAL, "%s: discipline number %d is not known", b->where,
                   (int)from->discipline);
  to->need = gm_alloc(b->ctx, from->need_count, sizeof *to->need);
  to->release = gm_alloc(b->ctx, from->release_count, sizeof *to->release);
  to->next = gm_alloc(b->ctx, from->next_count, sizeof *to->next);
  if (!to->need || !to->release || !to->next) return gm_fail(b->ctx, GM_ENOMEM, "%s", b->where);
  gm_status s = priority_check(b, from->priority);
  if (!s) s = service(b, i);
  if (!s) s = limit(b, from, "servers", from->servers, &to->limited, &to->servers);
  if (!s) s = limit(b, from, "room", from->room, &to->roomed, &to->room);
  if (!s) at(b, "station %.80s: patience", from->name);
  if (!s) s = law(b, &from->patience, &to->patience);
  if (!s) s = needs(b, from, to);
  if (!s) s = routes(b, from, to);
  if (!s) s = elsewhere(b, "balk", from, from->balk_to, &to->balk_to);
  if (!s) s = elsewhere(b, "renege", from, from->renege_to, &to->renege_to);
  return s;
}

static gm_status census(builder *b, int32_t i)
{
  const gm_queue_census *from = &b->c->census[i];
  queue_census *to = &b->m->census[i];
  at(b, "census %d", (int)i + 1);
  gm_text_addf(&b->sum, "\ncensus|%s|%d|%d|%d", from->station ? from->station : "",
               (int)from->group, (int)from->priority, (int)from->waiting);
  to->group = from->group;
  to->priority = from->priority;
  to->waiting = from->waiting;
  to->id = gm_hash64(gm_hash_text("census"), (uint64_t)i);
  gm_status s = find_station(b, from->station, &to->station);
  if (!s) s = priority_check(b, from->priority);
  if (!s) at(b, "census %d (%.80s): count", (int)i + 1, from->station);
  if (!s) s = formula(b, QUEUE_OF_FIXED, from->count, &to->count);
  if (!s) s = not_negative(b, &to->count);
  if (!s) at(b, "census %d (%.80s): elapsed", (int)i + 1, from->station);
  if (!s) s = formula(b, QUEUE_OF_FIXED, from->elapsed ? from->elapsed : "0", &to->elapsed);
  return s ? s : not_negative(b, &to->elapsed);
}

/* ---- outputs --------------------------------------------------------------------------------- */
static gm_status output_of(builder *b, const gm_queue_output *from, queue_output *to)
{
  switch (from->measure) {
  case GM_QUEUE_EXPRESSION: return formula(b, QUEUE_OF_TIME, from->expression, &to->expression);
  case GM_QUEUE_RESOURCE_USED:
  case GM_QUEUE_RESOURCE_FREE:
  case GM_QUEUE_RESOURCE_UTILISATION: to->of = resource_of(b, from->of); break;
  case GM_QUEUE_STREAM_ARRIVALS: to->of = stream_of(b, from->of); break;
  default: to->of = station_of(b, from->of);
  }
  if (to->of < 0)
    return gm_fail(b->ctx, GM_ENOTFOUND, "%s: \"%.80s\" is not there", b->where,
                   from->of ? from->of : "");
  if ((from->measure == GM_QUEUE_UTILISATION || from->measure == GM_QUEUE_SERVERS) &&
      !b->m->station[to->of].limited)
    return gm_fail(b->ctx, GM_EUNSUPPORTED, "%s: station %s has no limit of servers", b->where,
                   from->of);
  if (!from->one_priority) return GM_OK;
  if (from->measure < GM_QUEUE_ARRIVALS || from->measure > GM_QUEUE_MEAN_SOJOURN)
    return gm_fail(b->ctx, GM_EUNSUPPORTED, "%s: is not kept by priority", b->where);
  to->priority = from->priority;
  return priority_check(b, from->priority);
}

static bool is_count(gm_queue_measure q)
{
  return q <= GM_QUEUE_RENEGED || q == GM_QUEUE_STREAM_ARRIVALS;
}

static bool is_time(gm_queue_measure q)
{
  return q >= GM_QUEUE_WAIT_TOTAL && q <= GM_QUEUE_MEAN_SOJOURN;
}

static gm_var row(builder *b, const char *name, const char *unit, gm_role role)
{
  return (gm_var){.name = keep(b, name),
                  .unit = keep(b, unit),
                  .source = "",
                  .role = role,
                  .lower = role == GM_ROLE_COUNT ? 0 : -INFINITY,
                  .upper = INFINITY};
}

static gm_status output(builder *b, int32_t i)
{
  const gm_queue_output *from = &b->c->output[i];
  queue_output *to = &b->m->output[i];
  if (!from->name || !*from->name) return gm_fail(b->ctx, GM_EINVAL, "an output without a name");
  at(b, "output %.80s", from->name);
  gm_text_addf(&b->sum, "\noutput|%d", (int)from->measure);
  if ((int)from->measure < 0 || from->measure > GM_QUEUE_EXPRESSION)
    return gm_fail(b->ctx, GM_EINVAL, "%s: measure number %d is not known", b->where,
                   (int)from->measure);
  for (int32_t k = 0; k < i; k++)
    if (!strcmp(b->c->output[k].name, from->name))
      return gm_fail(b->ctx, GM_EINVAL, "%s: the name is there already", b->where);
  to->measure = from->measure;
  to->of = to->priority = -1;
  gm_status s = output_of(b, from, to);
  const char *unit = from->unit               ? from->unit
                     : is_time(from->measure) ? (b->c->time_unit ? b->c->time_unit : "")
                                              : (from->measure == GM_QUEUE_EXPRESSION ? "" : "1");
  b->m->output_row[i] =
      row(b, from->name, unit, is_count(from->measure) ? GM_ROLE_COUNT : GM_ROLE_CONTINUOUS);
  b->m->output_row[i].initial = NAN;
  return s;
}

static void output_default(builder *b)
{
  for (int32_t i = 0; i < b->m->output_count; i++) {
    b->m->output[i] = (queue_output){.measure = GM_QUEUE_IN_STATION, .of = i, .priority = -1};
    b->m->output_row[i] = row(b, b->c->station[i].name, "1", GM_ROLE_COUNT);
    b->m->output_row[i].initial = NAN;
  }
}

/* ---- tables ---------------------------------------------------------------------------------- */
static gm_status parameter(builder *b, int32_t i)
{
  const gm_queue_parameter *p = &b->c->parameter[i];
  gm_var *v = &b->m->parameter_row[i];
  bool bounded = p->lower != p->upper;
  *v = row(b, p->name, p->unit, GM_ROLE_CONTINUOUS);
  v->source = keep(b, p->source);
  v->initial = p->value;
  v->lower = bounded ? p->lower : -INFINITY;
  v->upper = bounded ? p->upper : INFINITY;
  gm_text_addf(&b->sum, "\nparameter|%s", p->name);
  if (!isfinite(p->value))
    return gm_fail(b->ctx, GM_EDOMAIN, "parameter %s: its value is not finite", p->name);
  if (!(v->lower < v->upper))
    return gm_fail(b->ctx, GM_ERANGE, "parameter %s: bounds %g and %g", p->name, p->lower,
                   p->upper);
  if (p->value >= v->lower && p->value <= v->upper) return GM_OK;
  return gm_fail(b->ctx, GM_ERANGE, "parameter %s: value %g lies outside of %g to %g", p->name,
                 p->value, p->lower, p->upper);
}

static void station_rows(builder *b)
{
  for (int32_t i = 0; i < b->m->station_count; i++) {
    b->m->state_row[i] = row(b, b->c->station[i].name, "1", GM_ROLE_COUNT);
    b->m->input_row[i] = b->m->state_row[i];
    b->m->input_row[i].initial = i;
  }
}

/* Every station has a channel for its input rate, after those of streams and hazards. */
static void inflows(builder *b)
{
  queue_machine *m = b->m;
  uint64_t inflow = gm_hash_text("inflow");
  for (int32_t i = 0; i < m->station_count; i++) {
    queue_station *st = &m->station[i];
    queue_channel *k = &m->channel[st->inflow = m->channel_count++];
    *k = (queue_channel){.kind = QUEUE_INFLOW, .of = i, .id = gm_hash64(inflow, st->id)};
  }
}

/* ---- who depends on what --------------------------------------------------------------------- */
static bool uses(const queue_machine *m, const queue_channel *k, int32_t value)
{
  if (k->kind == QUEUE_HAZARD && value == m->at_busy + k->of) return true; /* nobody: rate 0 */
  for (int32_t i = 0; i < k->rate.use_count; i++)
    if (k->rate.use[i] == value) return true;
  return false;
}

static gm_status dependents(builder *b)
{
  queue_machine *m = b->m;
  int32_t count = 0;
  for (int32_t pass = 0; pass < 2; pass++) {
    count = 0;
    for (int32_t v = 0; v < m->value_count; v++) {
      if (pass) m->dependent_at[v] = count;
      for (int32_t k = 0; k < m->channel_count; k++)
        if (uses(m, &m->channel[k], v)) {
          if (pass) m->dependent[count] = k;
          count++;
        }
    }
    if (pass) break;
    m->dependent_at = gm_alloc(b->ctx, m->value_count + 1, sizeof *m->dependent_at);
    m->dependent = gm_alloc(b->ctx, count, sizeof *m->dependent);
    if (!m->dependent_at || !m->dependent)
      return gm_fail(b->ctx, GM_ENOMEM, "dependencies of a queue model");
  }
  m->dependent_at[m->value_count] = count;
  return GM_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */
static bool list_good(int32_t count, const void *list)
{
  return count == 0 || (count > 0 && count <= QUEUE_THINGS_MAX && list);
}

static gm_status counts_check(builder *b)
{
  const gm_queue_config *c = b->c;
  const struct {
    const char *what;
    int32_t count;
    const void *list;
  } part[] = {{"parameters", c->parameter_count, c->parameter},
              {"schedules", c->schedule_count, c->schedule},
              {"resources", c->resource_count, c->resource},
              {"streams", c->stream_count, c->stream},
              {"stations", c->station_count, c->station},
              {"rows of the census", c->census_count, c->census},
              {"outputs", c->output_count, c->output}};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    if (part[i].count < 0 || part[i].count > QUEUE_THINGS_MAX)
      return gm_fail(b->ctx, GM_ERANGE, "%d %s, expected 0 to %d", (int)part[i].count, part[i].what,
                     QUEUE_THINGS_MAX);
    if (part[i].count && !part[i].list)
      return gm_fail(b->ctx, GM_EINVAL, "%s are counted, but not given", part[i].what);
  }
  if (!c->station_count) return gm_fail(b->ctx, GM_EINVAL, "a queue model without a station");
  if (c->customer_max < 0 || c->customer_max > INT32_MAX / 2)
    return gm_fail(b->ctx, GM_ERANGE, "customer_max %lld, expected 1 to %d",
                   (long long)c->customer_max, INT32_MAX / 2);
  if (c->event_max < 0) return gm_fail(b->ctx, GM_ERANGE, "event_max is negative");
  for (int32_t i = 0; i < c->station_count; i++)
    if (!list_good(c->station[i].need_count, c->station[i].need) ||
        !list_good(c->station[i].release_count, c->station[i].release) ||
        !list_good(c->station[i].next_count, c->station[i].next))
      return gm_fail(b->ctx, GM_EINVAL, "station %d: counts of needs, releases or routes",
                     (int)i + 1);
  return GM_OK;
}

static gm_status room(builder *b)
{
  const gm_queue_config *c = b->c;
  queue_machine *m = b->m;
  m->parameter_count = c->parameter_count;
  m->schedule_count = c->schedule_count;
  m->resource_count = c->resource_count;
  m->stream_count = c->stream_count;
  m->station_count = c->station_count;
  m->census_count = c->census_count;
  m->output_count = c->output_count ? c->output_count : c->station_count;
  m->priority_count = 1;
  m->customer_max = c->customer_max ? c->customer_max : 1000000;
  m->event_max = c->event_max ? c->event_max : INT64_C(10000000000);
  m->value_count =
      m->parameter_count + m->schedule_count + 3 * m->station_count + m->resource_count + 3;
  int32_t texts =
      m->value_count + 3 * m->parameter_count + 2 * m->station_count + 2 * m->output_count + 2;
  const struct {
    void *at; /* of the pointer */
    ptrdiff_t count;
    size_t bytes;
  } list[] = {{&b->names, m->value_count, sizeof *b->names},
              {&m->text, texts, sizeof *m->text},
              {&m->parameter_row, m->parameter_count, sizeof *m->parameter_row},
              {&m->state_row, m->station_count, sizeof *m->state_row},
              {&m->input_row, m->station_count, sizeof *m->input_row},
              {&m->output_row, m->output_count, sizeof *m->output_row},
              {&m->schedule, m->schedule_count, sizeof *m->schedule},
              {&m->resource, m->resource_count, sizeof *m->resource},
              {&m->stream, m->stream_count, sizeof *m->stream},
              {&m->renewal_stream, m->stream_count, sizeof *m->renewal_stream},
              {&m->station, m->station_count, sizeof *m->station},
              {&m->census, m->census_count, sizeof *m->census},
              {&m->output, m->output_count, sizeof *m->output},
              {&m->channel, m->stream_count + 2 * (ptrdiff_t)m->station_count, sizeof *m->channel}};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    void *p = gm_alloc(b->ctx, list[i].count, list[i].bytes);
    if (!p) return gm_fail(b->ctx, GM_ENOMEM, "a queue model");
    memcpy(list[i].at, &p, sizeof p);
  }
  return GM_OK;
}

static gm_status resource(builder *b, int32_t i)
{
  at(b, "resource %s: units", b->c->resource[i].name);
  gm_text_addf(&b->sum, "\nresource|%s", b->c->resource[i].name);
  gm_status s = formula(b, QUEUE_OF_FIXED, b->c->resource[i].units, &b->m->resource[i].units);
  return s ? s : not_negative(b, &b->m->resource[i].units);
}

static gm_status parts(builder *b)
{
  queue_machine *m = b->m;
  const struct {
    gm_status (*read)(builder *b, int32_t i);
    int32_t count;
  } part[] = {{parameter, m->parameter_count}, {schedule, m->schedule_count},
              {resource, m->resource_count},   {stream, m->stream_count},
              {station, m->station_count},     {census, m->census_count},
              {output, b->c->output_count}};
  gm_status s = names(b);
  for (size_t p = 0; p < sizeof part / sizeof *part; p++)
    for (int32_t i = 0; i < part[p].count && !s; i++) s = part[p].read(b, i);
  if (s) return s;
  if (!b->c->output_count) output_default(b);
  station_rows(b);
  inflows(b);
  m->name = gm_strdup(b->ctx, b->c->name ? b->c->name : "queue");
  m->time_unit = gm_strdup(b->ctx, b->c->time_unit ? b->c->time_unit : "");
  if (!m->name || !m->time_unit) return gm_fail(b->ctx, GM_ENOMEM, "a queue model");
  return dependents(b);
}

static gm_status tables_check(builder *b)
{
  const queue_machine *m = b->m;
  bool all = true;
  for (int32_t i = 0; i < m->parameter_count; i++)
    all = all && m->parameter_row[i].name && m->parameter_row[i].unit && m->parameter_row[i].source;
  for (int32_t i = 0; i < m->station_count; i++)
    all = all && m->state_row[i].name && m->state_row[i].unit;
  for (int32_t i = 0; i < m->output_count; i++)
    all = all && m->output_row[i].name && m->output_row[i].unit;
  return all && !b->sum.status ? GM_OK : gm_fail(b->ctx, GM_ENOMEM, "tables of a queue model");
}

gm_status gm__queue_build(gm_ctx *ctx, const gm_queue_config *c, queue_machine *m)
{
  builder b = {.ctx = ctx, .c = c, .m = m};
  gm_text_init(&b.sum, ctx);
  gm_status s = c ? counts_check(&b) : gm_fail(ctx, GM_EINVAL, "a queue model without a config");
  if (!s) s = room(&b);
  if (!s) s = parts(&b);
  if (!s) s = tables_check(&b);
  if (!s) m->fingerprint = gm_hash_text(b.sum.data);
  gm_text_free(&b.sum);
  gm_free(b.names);
  return s;
}

static void law_free(queue_law *l)
{
  gm__queue_formula_free(&l->a);
  gm__queue_formula_free(&l->b);
}

static void station_free(queue_station *s)
{
  gm__queue_formula_free(&s->servers);
  gm__queue_formula_free(&s->room);
  law_free(&s->service);
  law_free(&s->patience);
  for (int32_t i = 0; i < s->next_count; i++) gm__queue_formula_free(&s->next[i].probability);
  gm_free(s->need);
  gm_free(s->release);
  gm_free(s->next);
}

static void census_free(queue_census *c)
{
  gm__queue_formula_free(&c->count);
  gm__queue_formula_free(&c->elapsed);
}

static void schedule_free(queue_schedule *s)
{
  gm_free(s->at);
  gm_free(s->value);
}

/* Of a machine that is not complete: a list that is not there has no entries. */
static void entries_free(queue_machine *m)
{
  for (int32_t i = 0; m->schedule && i < m->schedule_count; i++) schedule_free(&m->schedule[i]);
  for (int32_t i = 0; m->stream && i < m->stream_count; i++) law_free(&m->stream[i].gap);
  for (int32_t i = 0; m->station && i < m->station_count; i++) station_free(&m->station[i]);
  for (int32_t i = 0; m->census && i < m->census_count; i++) census_free(&m->census[i]);
}

static void formulas_free(queue_machine *m)
{
  for (int32_t i = 0; m->resource && i < m->resource_count; i++)
    gm__queue_formula_free(&m->resource[i].units);
  for (int32_t i = 0; m->output && i < m->output_count; i++)
    gm__queue_formula_free(&m->output[i].expression);
  for (int32_t i = 0; m->channel && i < m->channel_count; i++)
    gm__queue_formula_free(&m->channel[i].rate);
}

void gm__queue_machine_free(queue_machine *m)
{
  for (int32_t i = 0; m->text && i < m->text_count; i++) gm_free(m->text[i]);
  entries_free(m);
  formulas_free(m);
  void *const all[] = {m->text,         m->schedule,   m->resource, m->stream,    m->station,
                       m->census,       m->output,     m->channel,  m->state_row, m->parameter_row,
                       m->input_row,    m->output_row, m->name,     m->time_unit, m->renewal_stream,
                       m->dependent_at, m->dependent};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) gm_free(all[i]);
}
