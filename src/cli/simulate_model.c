/* simulate_model.c - a model file on its own: as equations or as random jumps, its parameters,
 * doses into its states. */
#include "cli/simulate.h"
#include "gemel/jump.h"
#include "gemel/schedule.h"
#include "kinds/equations/source.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DOSES_MAX = 256 };

typedef struct {
  cli *c;
  simulate_table *s;
  gm_arena *arena;
  char *text; /* owned */
  gm_model *model;
  gm_model_info info;
  int32_t replicates;
  bool many, summary;
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
                  .additional = (int32_t)fmin(more, 1e6)}; /* gm_timeline_build refuses so many */
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

static gm_status no_parameter(const model_run *r, const char *text, const char *name)
{
  bool state = gm_model_find(r->model, GM_TABLE_STATE, name) >= 0;
  if (state)
    return gm_fail(r->c->ctx, GM_ENOTFOUND,
                   "--set %s: %s is a state; what it is at the start is set by \"%s(0)=VALUE\"",
                   text, name, name);
  return gm_fail(r->c->ctx, GM_ENOTFOUND,
                 "--set %s: the model has no parameter of that name, or works it out from others "
                 "(gemel check lists the parameters)",
                 text);
}

static gm_status parameters_set(const model_run *r, double *theta)
{
  int32_t count;
  const gm_var *p = gm_model_table(r->model, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count; i++) theta[i] = p[i].initial;
  const char *text, *value;
  char name[64];
  for (int32_t i = 0; (text = cli_value_at(r->c, "set", i)); i++) {
    gm_status s = cli_set_split(r->c->ctx, text, name, &value);
    int32_t k = s ? -1 : gm_model_find(r->model, GM_TABLE_PARAMETER, name);
    if (!s && k < 0) s = no_parameter(r, text, name);
    if (!s) s = cli_number_read(r->c->ctx, text, value, &theta[k]);
    if (s) return s;
  }
  return GM_OK;
}

/* ---- the model ------------------------------------------------------------------------------ */
static gm_status method_take(const cli *c, gm_jump_method *out)
{
  static const char *const known[] = {"exact", "tau", "hybrid"};
  static const gm_jump_method method[] = {GM_JUMP_EXACT, GM_JUMP_TAU, GM_JUMP_HYBRID};
  const char *word = cli_value(c, "stochastic");
  for (int i = 0; i < 3; i++)
    if (!strcmp(word, known[i])) {
      *out = method[i];
      return GM_OK;
    }
  return gm_fail(c->ctx, GM_EINVAL, "--stochastic %.40s: exact, tau or hybrid is expected", word);
}

static gm_status model_make(model_run *r)
{
  gm_eq_config config;
  gm_jump_config jump = {.method = GM_JUMP_EXACT};
  gm_status s = simulate_config(r->c, r->arena, r->text, &config);
  if (s || !cli_has(r->c, "stochastic"))
    return s ? s : gm_model_new(r->c->ctx, &gm_equations, &config, &r->model);
  s = method_take(r->c, &jump.method);
  jump.equations = config;
  return s ? s : gm_model_new(r->c->ctx, &gm_jump, &jump, &r->model);
}

static gm_status replicates_take(model_run *r)
{
  r->replicates = 1;
  r->many = cli_has(r->c, "replicates");
  r->summary = cli_has(r->c, "summary");
  gm_status s = simulate_whole(r->c, "replicates", 1, 1e7, &r->replicates);
  if (!s && r->summary && r->replicates < 2)
    s = gm_fail(r->c->ctx, GM_EINVAL, "--summary needs --replicates N, 2 or more");
  return s;
}

/* ---- running -------------------------------------------------------------------------------- */
static gm_status model_go(model_run *r, double *theta, simulate_runs *runs)
{
  const simulate_table *s = r->s;
  gm_timeline line = {0};
  double end = s->time[s->time_count - 1];
  /* doses later than the last row change nothing */
  while (r->event_count && r->event[r->event_count - 1].t > end) r->event_count--;
  double begin = fmin(s->time[0], 0);
  if (r->event_count && r->event[0].t < begin) begin = r->event[0].t;
  gm_timeline_spec spec = {.t_begin = begin,
                           .t_end = end,
                           .event = r->event,
                           .event_count = r->event_count,
                           .sample = s->time,
                           .sample_count = s->time_count,
                           .port_count = r->info.input_count};
  gm_status st = gm_schedule_check(r->c->ctx, r->event, r->event_count, r->info.input_count);
  if (!st) st = gm_timeline_build(r->c->ctx, &spec, &line);
  *runs = (simulate_runs){.model = r->model,
                          .time = s->time,
                          .edge = line.edge,
                          .theta = theta,
                          .begin = begin,
                          .time_count = s->time_count,
                          .edge_count = line.edge_count,
                          .replicates = r->replicates};
  if (!st) st = simulate_run(r->c, runs);
  gm_timeline_free(&line);
  return st;
}

/* ---- the table ------------------------------------------------------------------------------ */
static void rows_fill(const model_run *r, const simulate_runs *runs)
{
  simulate_table *s = r->s;
  for (int32_t m = 0; m < r->replicates; m++)
    for (int32_t i = 0; i < runs->rows[m]; i++) {
      ptrdiff_t row = (ptrdiff_t)m * s->time_count + i;
      simulate_row(s, NULL, r->many ? m : -1, s->time[i]);
      for (int32_t k = 0; k < r->info.output_count; k++)
        simulate_cell(s, runs->y[row * r->info.output_count + k]);
      simulate_row_end(s);
    }
}

/* Mean and standard deviation over the replicates that got so far; a diverged one, whose cells are
 * no numbers, is left out. B. P. Welford, Technometrics 4:419 (1962). */
static void moments(const model_run *r, const simulate_runs *runs, int32_t row, int32_t output)
{
  double mean = 0, m2 = 0;
  int32_t n = 0;
  for (int32_t m = 0; m < r->replicates; m++) {
    ptrdiff_t at = (ptrdiff_t)m * r->s->time_count + row;
    if (runs->rows[m] <= row || (runs->status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)))
      continue;
    double y = runs->y[at * r->info.output_count + output], d = y - mean;
    mean += d / ++n;
    m2 += d * (y - mean);
  }
  simulate_cell(r->s, n > 0 ? mean : NAN);
  simulate_cell(r->s, n > 1 ? sqrt(m2 / (n - 1)) : NAN);
}

static void summary_fill(const model_run *r, const simulate_runs *runs)
{
  simulate_table *s = r->s;
  int32_t rows = 0;
  for (int32_t m = 0; m < r->replicates; m++) rows = runs->rows[m] > rows ? runs->rows[m] : rows;
  for (int32_t i = 0; i < rows; i++) {
    simulate_row(s, NULL, -1, s->time[i]);
    for (int32_t k = 0; k < r->info.output_count; k++) moments(r, runs, i, k);
    simulate_row_end(s);
  }
}

static void table_head(const model_run *r)
{
  int32_t count;
  char name[256];
  const gm_var *out = gm_model_table(r->model, GM_TABLE_OUTPUT, &count);
  simulate_head(r->s, false, r->many && !r->summary ? "replicate" : NULL, r->info.time_unit);
  for (int32_t k = 0; k < count; k++) {
    if (!r->summary) {
      simulate_column(r->s, out[k].name, out[k].unit);
      continue;
    }
    snprintf(name, sizeof name, "%.240s mean", out[k].name);
    simulate_column(r->s, name, out[k].unit);
    snprintf(name, sizeof name, "%.240s sd", out[k].name);
    simulate_column(r->s, name, out[k].unit);
  }
  simulate_head_end(r->s);
}

static void table_fill(const model_run *r, const simulate_runs *runs)
{
  simulate_table *s = r->s;
  table_head(r);
  if (r->summary)
    summary_fill(r, runs);
  else
    rows_fill(r, runs);
  s->rows_asked = (int64_t)r->replicates * s->time_count;
  for (int32_t m = 0; m < r->replicates; m++) {
    s->rows += runs->rows[m];
    if (runs->status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) s->failed++;
  }
}

/* ---- one after the other -------------------------------------------------------------------- */
static gm_status course_take(model_run *r)
{
  simulate_table *s = r->s;
  double hour = cli_hour(r->info.time_unit);
  bool sbml = eq_looks_like_sbml(r->text); /* seconds by default: ten days are too many */
  gm_status st = simulate_times(s, r->info.time_unit, 0, isnan(hour) || sbml ? 100 : 240 * hour);
  if (st) return st;
  double cells = (double)r->replicates * s->time_count * (1 + r->info.output_count);
  if (cells > SIMULATE_CELLS_MAX)
    return gm_fail(r->c->ctx, GM_ERANGE,
                   "%g values, more than %d: fewer rows, --variables or --replicates are expected",
                   cells, SIMULATE_CELLS_MAX);
  r->t_end = s->time[s->time_count - 1];
  return doses_take(r);
}

static gm_status model_run_all(model_run *r)
{
  simulate_runs runs = {0};
  gm_status s = replicates_take(r);
  if (!s) s = model_make(r);
  if (s) return s;
  gm_model_get_info(r->model, &r->info);
  s = course_take(r);
  double *theta = s ? NULL : gm_alloc(r->c->ctx, r->info.parameter_count, sizeof *theta);
  if (!s && !theta) s = gm_fail(r->c->ctx, GM_ENOMEM, "simulation");
  if (!s) s = parameters_set(r, theta);
  if (!s) s = model_go(r, theta, &runs);
  if (!s) table_fill(r, &runs);
  simulate_run_free(&runs);
  gm_free(theta);
  return s;
}

gm_status simulate_model(simulate_table *s)
{
  model_run r = {.c = s->c, .s = s};
  gm_status st = cli_model_text(s->c->ctx, s->c->argument[0], &r.text);
  if (!st && cli_is_flux_balance(s->c->ctx, r.text, s->c->argument[0])) {
    st = simulate_fluxes(s, r.text);
  } else {
    if (!st) st = gm_arena_new(s->c->ctx, 1 << 14, &r.arena);
    if (!st) st = model_run_all(&r);
  }
  gm_free(r.event);
  gm_model_free(r.model);
  gm_arena_free(r.arena);
  gm_free(r.text);
  return st;
}
