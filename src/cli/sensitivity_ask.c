/* sensitivity_ask.c - what `gemel sensitivity` is asked for: model, laws of inputs, runs. */
#include "cli/sensitivity.h"
#include "cli/simulate.h"
#include "gemel/open.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  NETS = 16,
  LOG2_ROWS = 10,
  LOG2_LEAST = 3,
  LOG2_MOST = 24,
  EXACT_MAX = 5,
  TRAJECTORIES = 50,
  TRAJECTORIES_MOST = 1000000 /* all effects are kept */
};

static gm_status no_parameter(const sensitivity *a, const char *option, const char *name)
{
  int32_t count;
  const gm_var *p = gm_model_table(a->model, GM_TABLE_PARAMETER, &count);
  const char *known[257];
  gm_text all;
  gm_text_init(&all, a->c->ctx);
  for (int32_t i = 0; i < count && i < 256; i++) {
    known[i] = p[i].name;
    if (i < 20) gm_text_addf(&all, "%s%.60s", i ? ", " : "", p[i].name);
  }
  known[count < 256 ? count : 256] = NULL;
  const char *near = cli_nearest(name, known);
  gm_status s = gm_fail(a->c->ctx, GM_ENOTFOUND,
                        "--%s %s: the model has no parameter of that name%s%s%s; it has: %s%s",
                        option, name, near ? "; is it " : "", near ? near : "", near ? "?" : "",
                        all.data ? all.data : "none", count > 20 ? ", ..." : "");
  gm_text_free(&all);
  return s;
}

static gm_status parameter_find(const sensitivity *a, const char *option, const char *name,
                                int32_t *out)
{
  *out = gm_model_find(a->model, GM_TABLE_PARAMETER, name);
  return *out >= 0 ? GM_OK : no_parameter(a, option, name);
}

static gm_status parameters_set(sensitivity *a)
{
  int32_t count, k = -1;
  const gm_var *p = gm_model_table(a->model, GM_TABLE_PARAMETER, &count);
  a->theta = gm_arena_get(a->arena, count + 1, sizeof *a->theta);
  if (!a->theta) return gm_fail(a->c->ctx, GM_ENOMEM, "parameters");
  for (int32_t i = 0; i < count; i++) a->theta[i] = p[i].initial;
  const char *text, *value;
  char name[64];
  for (int32_t i = 0; (text = cli_value_at(a->c, "set", i)); i++) {
    gm_status s = cli_set_split(a->c->ctx, text, name, &value);
    if (!s) s = parameter_find(a, "set", name, &k);
    if (!s) s = cli_number_read(a->c->ctx, text, value, &a->theta[k]);
    if (s) return s;
  }
  return GM_OK;
}

/* ---- laws ------------------------------------------------------------------------------------ */
/* Two numbers with `between` in the middle. */
static gm_status pair_read(gm_ctx *ctx, const char *what, const char *text, const char *between,
                           double *first, double *second)
{
  char left[64];
  const char *middle = strstr(text, between);
  size_t n = middle ? (size_t)(middle - text) : sizeof left;
  if (n == 0 || n >= sizeof left || !middle[strlen(between)])
    return gm_fail(
        ctx, GM_EPARSE,
        "%s: NAME=LOW..HIGH, NAME=normal:MEAN,SD or NAME=lognormal:CENTER,SD is expected", what);
  memcpy(left, text, n);
  left[n] = 0;
  gm_status s = cli_number_read(ctx, what, left, first);
  return s ? s : cli_number_read(ctx, what, middle + strlen(between), second);
}

static gm_status law_read(gm_ctx *ctx, const char *what, const char *text, gm_unknown *u)
{
  gm_status s;
  bool lognormal = !strncmp(text, "lognormal:", 10), normal = !strncmp(text, "normal:", 7);
  if (lognormal || normal) {
    u->law = lognormal ? GM_PRIOR_LOGNORMAL : GM_PRIOR_NORMAL;
    s = pair_read(ctx, what, text + (lognormal ? 10 : 7), ",", &u->center, &u->spread);
    if (!s && lognormal && !(u->center > 0))
      s = gm_fail(ctx, GM_ERANGE, "%s: a center > 0 is expected", what);
    if (!s && !(u->spread > 0))
      s = gm_fail(ctx, GM_ERANGE, "%s: a standard deviation > 0 is expected", what);
    return s;
  }
  u->law = GM_PRIOR_UNIFORM;
  s = pair_read(ctx, what, text, "..", &u->lower, &u->upper);
  if (!s && !(u->lower < u->upper && isfinite(u->upper - u->lower)))
    s = gm_fail(ctx, GM_ERANGE, "%s: LOW < HIGH is expected", what);
  return s;
}

/* A range beyond the model's own bounds would be computed, but mean nothing. */
static gm_status bounds_check(const sensitivity *a, const char *what, const gm_unknown *u)
{
  int32_t count;
  const gm_var *p = &gm_model_table(a->model, GM_TABLE_PARAMETER, &count)[u->parameter];
  if (u->law != GM_PRIOR_UNIFORM || !(p->lower < p->upper)) return GM_OK;
  if (u->lower >= p->lower && u->upper <= p->upper) return GM_OK;
  return gm_fail(a->c->ctx, GM_ERANGE, "%s: a range within the model's bounds is expected, %g..%g",
                 what, p->lower, p->upper);
}

static gm_status vary_take(sensitivity *a, const char *text)
{
  char what[160], name[64];
  const char *equal = strchr(text, '=');
  gm_unknown *u = &a->unknown[a->system.unknown_count];
  snprintf(what, sizeof what, "--vary %.120s", text);
  if (!equal || equal == text || equal - text > 63)
    return gm_fail(a->c->ctx, GM_EPARSE, "%s: NAME=LOW..HIGH is expected", what);
  memcpy(name, text, (size_t)(equal - text));
  name[equal - text] = 0;
  *u = (gm_unknown){.name = NULL};
  gm_status s = parameter_find(a, "vary", name, &u->parameter);
  if (!s) s = law_read(a->c->ctx, what, equal + 1, u);
  if (!s) s = bounds_check(a, what, u);
  if (s) return s;
  int32_t count;
  u->name = gm_model_table(a->model, GM_TABLE_PARAMETER, &count)[u->parameter].name;
  for (int32_t i = 0; i < a->system.unknown_count; i++)
    if (a->unknown[i].parameter == u->parameter)
      return gm_fail(a->c->ctx, GM_EINVAL, "%s: %s is varied twice", what, name);
  a->system.unknown_count++;
  return GM_OK;
}

static gm_status inputs_take(sensitivity *a)
{
  const char *text;
  gm_status s = GM_OK;
  a->unknown = gm_arena_get(a->arena, a->c->given_count + 1, sizeof *a->unknown);
  if (!a->unknown) return gm_fail(a->c->ctx, GM_ENOMEM, "inputs");
  for (int32_t i = 0; !s && (text = cli_value_at(a->c, "vary", i)); i++) {
    if (i == GM_UNKNOWN_MAX)
      return gm_fail(a->c->ctx, GM_ERANGE, "--vary: more than %d inputs", GM_UNKNOWN_MAX);
    s = vary_take(a, text);
  }
  return s;
}

/* ---- the model and its outputs --------------------------------------------------------------- */
static gm_status outputs_take(sensitivity *a, const gm_eq_config *e)
{
  int32_t n = e->output_count;
  a->row = gm_arena_get(a->arena, n, sizeof *a->row);
  a->name = gm_arena_get(a->arena, n, sizeof *a->name);
  if (!a->row || !a->name) return gm_fail(a->c->ctx, GM_ENOMEM, "outputs");
  for (int32_t i = 0; i < n; i++) {
    a->name[i] = e->output[i].name;
    a->row[i] = gm_model_find(a->model, GM_TABLE_OUTPUT, e->output[i].name);
    if (a->row[i] < 0) /* of network and queue, under another name */
      a->row[i] = gm_model_find(a->model, GM_TABLE_OUTPUT, e->output[i].expression);
    if (a->row[i] < 0)
      return gm_fail(a->c->ctx, GM_ENOTFOUND, "--output %s: the model has no such output",
                     e->output[i].name);
  }
  a->f.output_count = n;
  return GM_OK;
}

static gm_status model_take(sensitivity *a)
{
  cli *c = a->c;
  gm_eq_config e;
  gm_open_options o = {.kind = cli_value(c, "kind"), .equations = &e};
  gm_status s = simulate_config(c, a->arena, NULL, &e);
  if (!s) s = gm_model_open(c->ctx, c->argument[0], &o, &a->model);
  if (s) return s;
  gm_model_get_info(a->model, &a->info);
  a->system.model = a->model;
  s = outputs_take(a, &e);
  if (!s) s = cli_time(c->ctx, "--at", cli_value(c, "at"), a->info.time_unit, &a->at);
  if (!s && !(a->at >= 0))
    s = gm_fail(c->ctx, GM_EDOMAIN, "--at %s: a time from 0 on is expected", cli_value(c, "at"));
  return s;
}

/* ---- runs ------------------------------------------------------------------------------------ */
static gm_status method_take(sensitivity *a)
{
  static const char *const known[] = {"sobol", "morris", "shapley"};
  const char *word = cli_value(a->c, "method");
  int k = 0;
  while (word && k < 3 && strcmp(word, known[k]) != 0) k++;
  if (k == 3)
    return gm_fail(a->c->ctx, GM_EINVAL, "--method %.40s: sobol, morris or shapley is expected",
                   word);
  a->method = (sensitivity_method)k;
  return GM_OK;
}

/* Runs of one row of the design. */
static int32_t row_runs(const sensitivity *a)
{
  int32_t dim = a->system.unknown_count, inputs = dim + a->f.noisy;
  if (a->method == SENSITIVITY_MORRIS) return dim + 1;
  if (a->method == SENSITIVITY_SOBOL) return (a->pairs ? 2 : 1) * inputs + 2;
  return inputs <= EXACT_MAX ? 1 << inputs : inputs + 1;
}

/* At most so many runs as --runs says: whole trajectories, or nets of a power of two. */
static gm_status runs_take(sensitivity *a)
{
  int32_t per_row = row_runs(a), runs = 0, log2_rows = LOG2_ROWS;
  bool morris = a->method == SENSITIVITY_MORRIS;
  int64_t least = (int64_t)per_row * (morris ? 2 : NETS << LOG2_LEAST);
  gm_status s = simulate_whole(a->c, "runs", 1, 2e9, &runs);
  if (s) return s;
  if (runs && runs < least)
    return gm_fail(a->c->ctx, GM_ERANGE, "--runs %d: at least %lld are expected for %d inputs%s",
                   (int)runs, (long long)least, (int)a->system.unknown_count,
                   a->f.noisy && !morris ? " and the noise" : "");
  a->nets = NETS;
  a->trajectories = runs ? runs / per_row : TRAJECTORIES;
  if (a->trajectories > TRAJECTORIES_MOST) a->trajectories = TRAJECTORIES_MOST;
  for (log2_rows = runs ? LOG2_LEAST : LOG2_ROWS;
       runs && log2_rows < LOG2_MOST && ((int64_t)per_row * NETS << (log2_rows + 1)) <= runs;)
    log2_rows++;
  a->log2_rows = log2_rows;
  a->runs = (int64_t)per_row * (morris ? a->trajectories : (int64_t)NETS << log2_rows);
  return GM_OK;
}

gm_status sensitivity_ask(sensitivity *a)
{
  static const char *const needed[][2] = {{"vary", "--vary NAME=LOW..HIGH"},
                                          {"output", "--output NAME_OR_EXPRESSION"},
                                          {"at", "--at T"}};
  cli *c = a->c;
  for (int i = 0; i < 3; i++)
    if (!cli_has(c, needed[i][0]))
      return gm_fail(c->ctx, GM_EINVAL, "%s is needed; use: gemel %s %s", needed[i][1],
                     c->verb->name, c->verb->use);
  gm_status s = method_take(a);
  if (!s) s = model_take(a);
  if (!s) s = parameters_set(a);
  if (!s) s = inputs_take(a);
  if (s) return s;
  a->leave_out = cli_has(c, "leave-out");
  a->pairs = cli_has(c, "pairs");
  if (a->pairs && a->method != SENSITIVITY_SOBOL)
    return gm_fail(c->ctx, GM_EINVAL, "--pairs is for --method sobol");
  a->system.pool = c->pool;
  a->system.theta = a->theta;
  a->system.unknown = a->unknown;
  a->system.seed = c->seed;
  a->f.dim = a->system.unknown_count;
  a->f.noisy = (a->info.flags & GM_MODEL_STOCHASTIC) != 0;
  s = gm_system_check(c->ctx, &a->system);
  return s ? s : runs_take(a);
}
