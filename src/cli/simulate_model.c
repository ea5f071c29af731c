/* simulate_model.c - a model file on its own: its parameters, doses into its states. */
#include "cli/simulate.h"
#include "gemel/schedule.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DOSES_MAX = 256 };

typedef struct {
  cli *c;
  gm_model *model;
  gm_model_info info;
  gm_event *event;
  int32_t event_count;
  double t_end;
} model_run;

static gm_status port_find(const model_run *r, const char *what, const char *into, int32_t *out)
{
  int32_t ports;
  const gm_var *port = gm_model_table(r->model, GM_TABLE_INPUT, &ports);
  *out = into[0] ? gm_model_find(r->model, GM_TABLE_INPUT, into) : ports == 1 ? 0 : -1;
  if (*out >= 0) return GM_OK;
  gm_text known;
  gm_text_init(&known, r->c->ctx);
  for (int32_t i = 0; i < ports && i < 20; i++)
    gm_text_addf(&known, "%s%s", i ? ", " : "", port[i].name);
  gm_status s =
      gm_fail(r->c->ctx, GM_ENOTFOUND, "%s: `into` one of the model's states is expected: %s", what,
              known.data ? known.data : "none");
  gm_text_free(&known);
  return s;
}

static gm_status amount_convert(const model_run *r, const char *what, const char *unit,
                                const char *port_unit, double *amount)
{
  gm_unit from, to;
  if (!unit[0]) return GM_OK;
  if (!port_unit[0])
    return gm_fail(r->c->ctx, GM_EUNIT, "%s: the state has no unit, so a plain number is expected",
                   what);
  gm_status s = gm_unit_parse_friendly(r->c->ctx, unit, &from, NULL);
  if (!s) s = gm_unit_parse_friendly(r->c->ctx, port_unit, &to, NULL);
  if (!s) s = gm_unit_convert(r->c->ctx, &from, &to, *amount, amount);
  return s ? gm_fail_at(r->c->ctx, s, "%s", what) : GM_OK;
}

static gm_status dose_event(const model_run *r, const char *what, const cli_dose *a, gm_event *e)
{
  int32_t k = 0, ports;
  gm_status s = port_find(r, what, a->into, &k);
  if (s) return s;
  double amount = a->amount;
  s = amount_convert(r, what, a->unit, gm_model_table(r->model, GM_TABLE_INPUT, &ports)[k].unit,
                     &amount);
  if (s) return s;
  double at = isnan(a->at) ? 0 : a->at, more = a->times ? a->times - 1.0 : 0;
  if (!a->times && a->every > 0) more = fmax(0, floor((r->t_end - at) / a->every));
  *e = (gm_event){.t = at,
                  .amount = amount,
                  .port = k,
                  .input = -1,
                  .kind = GM_EVENT_DOSE,
                  .interval = isnan(a->every) ? 0 : a->every,
                  .duration = isnan(a->over) ? 0 : a->over,
                  .additional = (int32_t)fmin(more, 1e6)};
  return GM_OK;
}

static gm_status doses_take(model_run *r)
{
  const char *text;
  gm_status s = GM_OK;
  r->event = gm_alloc(r->c->ctx, DOSES_MAX, sizeof *r->event);
  if (!r->event) return gm_fail(r->c->ctx, GM_ENOMEM, "doses");
  for (int32_t i = 0; (text = cli_value_at(r->c, "dose", i)) && !s; i++) {
    cli_dose *dose = NULL;
    int32_t count = 0;
    char what[160];
    snprintf(what, sizeof what, "--dose \"%.120s\"", text);
    s = cli_doses_read(r->c->ctx, what, text, r->info.time_unit, &dose, &count);
    if (!s && r->event_count + count > DOSES_MAX)
      s = gm_fail(r->c->ctx, GM_ERANGE, "more than %d doses", DOSES_MAX);
    for (int32_t k = 0; k < count && !s; k++)
      s = dose_event(r, what, &dose[k], &r->event[r->event_count++]);
    gm_free(dose);
  }
  cli_events_sort(r->event, r->event_count);
  return s;
}

static gm_status parameters_set(model_run *r, double *theta)
{
  int32_t count;
  const gm_var *p = gm_model_table(r->model, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count; i++) theta[i] = p[i].initial;
  const char *text, *value;
  char name[64];
  for (int32_t i = 0; (text = cli_value_at(r->c, "set", i)); i++) {
    gm_status s = cli_set_split(r->c->ctx, text, name, &value);
    int32_t k = s ? -1 : gm_model_find(r->model, GM_TABLE_PARAMETER, name);
    if (!s && k < 0)
      s = gm_fail(r->c->ctx, GM_ENOTFOUND, "--set %s: the model has no parameter of that name",
                  text);
    if (!s) s = cli_number_read(r->c->ctx, text, value, &theta[k]);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status model_go(model_run *r, const simulate_table *s, double *theta, double *y,
                          int8_t *status)
{
  gm_timeline line = {0};
  gm_runner *runner = NULL;
  /* doses later than the last row change nothing */
  while (r->event_count && r->event[r->event_count - 1].t > s->time[s->time_count - 1])
    r->event_count--;
  double begin = s->time[0];
  if (r->event_count && r->event[0].t < begin) begin = r->event[0].t;
  gm_timeline_spec spec = {.t_begin = begin,
                           .t_end = s->time[s->time_count - 1],
                           .event = r->event,
                           .event_count = r->event_count,
                           .sample = s->time,
                           .sample_count = s->time_count,
                           .port_count = r->info.input_count};
  gm_status st = gm_schedule_check(r->c->ctx, r->event, r->event_count, r->info.input_count);
  if (!st) st = gm_timeline_build(r->c->ctx, &spec, &line);
  if (!st) st = gm_runner_new(r->c->ctx, r->model, NULL, &runner);
  gm_run run = {
      .n = 1, .timeline = &line, .shared_timeline = true, .theta = theta, .y = y, .status = status};
  if (!st) st = gm_runner_run(runner, r->c->ctx, &run);
  gm_runner_free(runner);
  gm_timeline_free(&line);
  return st;
}

static void table_fill(simulate_table *s, const model_run *r, const double *y)
{
  int32_t count;
  const gm_var *out = gm_model_table(r->model, GM_TABLE_OUTPUT, &count);
  simulate_head(s, false, false, r->info.time_unit);
  for (int32_t k = 0; k < count; k++) simulate_column(s, out[k].name, out[k].unit);
  simulate_head_end(s);
  for (int32_t i = 0; i < s->time_count; i++) {
    simulate_row(s, NULL, -1, s->time[i]);
    for (int32_t k = 0; k < count; k++) simulate_cell(s, y[(ptrdiff_t)i * count + k]);
    simulate_row_end(s);
  }
}

gm_status simulate_model(simulate_table *s)
{
  model_run r = {.c = s->c};
  gm_ctx *ctx = s->c->ctx;
  double *theta = NULL, *y = NULL;
  int8_t status = 0;
  gm_status st = cli_model_read(ctx, s->c->argument[0], &r.model);
  if (st) return st;
  gm_model_get_info(r.model, &r.info);
  double hour = cli_hour(r.info.time_unit);
  st = simulate_times(s, r.info.time_unit, 0, isnan(hour) ? 100 : 240 * hour);
  if (st) goto out;
  r.t_end = s->time[s->time_count - 1];
  st = doses_take(&r);
  if (st) goto out;
  theta = gm_alloc(ctx, r.info.parameter_count, sizeof *theta);
  y = gm_alloc(ctx, (ptrdiff_t)s->time_count * r.info.output_count, sizeof *y);
  if (!theta || !y) st = gm_fail(ctx, GM_ENOMEM, "simulation");
  if (!st) st = parameters_set(&r, theta);
  if (!st) st = model_go(&r, s, theta, y, &status);
  if (!st) table_fill(s, &r, y);
  s->failed = status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS) ? 1 : 0;
out:
  gm_free(theta);
  gm_free(y);
  gm_free(r.event);
  gm_model_free(r.model);
  return st;
}
