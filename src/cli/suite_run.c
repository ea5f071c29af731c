/* suite_run.c - a case of the semantic suite: simulated, and compared with what is expected. */
#include "cli/suite.h"
#include "kinds/equations/sbml/sbml.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Cases in which events of equal priority come in random order may miss their expected values by
 * chance; another seed is the suite's own advice. */
enum { SEEDS_MAX = 3 };

gm_status suite_refused(suite_case *c, gm_status s, suite_result *r)
{
  if (s == GM_ENOMEM || s == GM_EIO || s == GM_ECANCELLED) return s;
  r->outcome = s == GM_EINTERNAL ? SUITE_WRONG : SUITE_REFUSED;
  const char *m = gm_message(c->ctx);
  snprintf(r->why, sizeof r->why, "%s", m[0] ? m : gm_status_text(s));
  return GM_OK;
}

gm_status suite_times(suite_case *c, double **out)
{
  double *t = gm_arena_get(c->arena, c->steps + 1, sizeof *t);
  if (!t) return gm_fail(c->ctx, GM_ENOMEM, "case");
  for (int32_t i = 0; i <= c->steps; i++) t[i] = c->start + i * c->duration / c->steps;
  *out = t;
  return GM_OK;
}

gm_status suite_write(suite_case *c, const suite_options *o, const suite_table *t,
                      const double *time)
{
  if (!o->out) return GM_OK;
  char path[4096];
  gm_text text;
  gm_text_init(&text, c->ctx);
  suite_table_text(t, time, &text);
  snprintf(path, sizeof path, "%s/%s.csv", o->out, c->number);
  gm_status s = text.status ? gm_fail(c->ctx, text.status, "results")
                            : gm_file_write(c->ctx, path, text.data, text.bytes);
  gm_text_free(&text);
  return s;
}

/* ---- the model ------------------------------------------------------------------------------ */
static bool is_species(const net *n, const char *name)
{
  int32_t k = net_find(n, name, strlen(name));
  return k >= 0 && n->symbol[k].kind == NET_SPECIES;
}

/* "amount(S)" for a species S listed as an amount, "concentration(S)" likewise, else the name. */
static const char *expression_of(suite_case *c, const net *n, const char *name)
{
  const char *as = suite_list_has(&c->amount, name)          ? "amount"
                   : suite_list_has(&c->concentration, name) ? "concentration"
                                                             : NULL;
  if (!as || !is_species(n, name)) return name;
  size_t bytes = strlen(name) + 20;
  char *text = gm_arena_get(c->arena, (ptrdiff_t)bytes, 1);
  if (text) snprintf(text, bytes, "%s(%s)", as, name);
  return text;
}

gm_status suite_config(suite_case *c, const suite_options *o, const char *text,
                       const suite_list *name, gm_eq_config *out)
{
  net n;
  gm_eq_output *asked = gm_arena_get(c->arena, name->count, sizeof *asked);
  if (!asked) return gm_fail(c->ctx, GM_ENOMEM, "case");
  gm_status s = sbml_read(c->ctx, text, c->model_path, &n);
  if (s) return s;
  for (int32_t i = 0; i < name->count && !s; i++) {
    asked[i] = (gm_eq_output){.name = name->text[i], .where = c->number};
    asked[i].expression = expression_of(c, &n, name->text[i]);
    if (!asked[i].expression) s = gm_fail(c->ctx, GM_ENOMEM, "case");
  }
  net_free(&n);
  /* the engine's own error should not show: far below what the case allows */
  double atol = c->absolute > 0 ? c->absolute * 1e-5 : 1e-9;
  *out = (gm_eq_config){.text = text,
                        .format = GM_EQ_FORMAT_SBML,
                        .text_name = c->model_path,
                        .solver = o->solver,
                        .output = asked,
                        .output_count = name->count,
                        .rtol = c->stochastic ? 1e-6 : 1e-8,
                        .atol = fmax(fmin(atol, 1e-9), 1e-15)};
  return s;
}

gm_status suite_members(suite_case *c, const gm_model *m, const double *time, uint64_t seed,
                        int32_t first, int32_t n, double *y, int8_t *status)
{
  gm_model_info info;
  gm_timeline line = {0};
  gm_runner *runner = NULL;
  gm_model_get_info(m, &info);
  gm_timeline_spec spec = {.t_begin = fmin(c->start, 0),
                           .t_end = time[c->steps],
                           .sample = time,
                           .sample_count = c->steps + 1,
                           .port_count = info.input_count};
  int32_t parameters;
  const gm_var *p = gm_model_table(m, GM_TABLE_PARAMETER, &parameters);
  double *theta = gm_alloc(c->ctx, (ptrdiff_t)parameters * n, sizeof *theta);
  gm_key *key = gm_alloc(c->ctx, n, sizeof *key);
  uint64_t *slot = gm_alloc(c->ctx, n, sizeof *slot); /* all 0: the replicate is in the key */
  gm_status s = theta && key && slot ? GM_OK : gm_fail(c->ctx, GM_ENOMEM, "members");
  if (!s) s = gm_timeline_build(c->ctx, &spec, &line);
  if (!s) s = gm_runner_new(c->ctx, m, NULL, &runner);
  for (int32_t k = 0; k < n && !s; k++) {
    key[k] = gm_key_make(seed, GM_PURPOSE_INTRINSIC, gm_hash_text(c->number),
                         (uint64_t)first + (uint64_t)k);
    for (int32_t i = 0; i < parameters; i++) theta[(ptrdiff_t)i * n + k] = p[i].initial;
  }
  gm_run run = {.n = n,
                .timeline = &line,
                .shared_timeline = true,
                .theta = theta,
                .key = key,
                .slot = slot,
                .y = y,
                .status = status};
  if (!s) s = gm_runner_run(runner, c->ctx, &run);
  gm_runner_free(runner);
  gm_timeline_free(&line);
  gm_free(theta);
  gm_free(key);
  gm_free(slot);
  return s;
}

/* ---- the verdict ---------------------------------------------------------------------------- */
static void verdict(const suite_case *c, const double *time, const suite_table *got,
                    suite_result *r)
{
  const suite_table *t = &c->expected;
  r->outcome = SUITE_MATCH;
  r->why[0] = 0;
  for (int32_t i = 0; i < t->row_count; i++)
    for (int32_t k = 0; k < t->column.count; k++) {
      ptrdiff_t cell = (ptrdiff_t)i * t->column.count + k;
      if (suite_close(t->value[cell], got->value[cell], c->absolute, c->relative)) continue;
      char at[40] = "";
      if (time) snprintf(at, sizeof at, " at %g", time[i]);
      snprintf(r->why, sizeof r->why, "%.100s%s: expected %.8g, got %.8g", t->column.text[k], at,
               t->value[cell], got->value[cell]);
      r->outcome = SUITE_WRONG;
      return;
    }
}

static const char *status_text(int8_t status)
{
  return status & GM_MEMBER_DIVERGED ? "diverged" : "took too many steps";
}

static gm_status run_seed(suite_case *c, const suite_options *o, const gm_model *m,
                          const double *time, uint64_t seed, suite_result *r)
{
  int8_t status = 0;
  suite_table got = c->expected;
  got.value = gm_arena_get(c->arena, (ptrdiff_t)got.row_count * got.column.count, sizeof(double));
  if (!got.value) return gm_fail(c->ctx, GM_ENOMEM, "case");
  gm_status s = suite_members(c, m, time, seed, 0, 1, got.value, &status);
  if (s) return s;
  verdict(c, time, &got, r);
  if (status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) {
    char why[sizeof r->why];
    snprintf(why, sizeof why, "%s%s%.400s", status_text(status), r->why[0] ? "; " : "", r->why);
    memcpy(r->why, why, sizeof why);
    r->outcome = SUITE_WRONG;
  }
  return suite_write(c, o, &got, time);
}

static gm_status run_course(suite_case *c, const suite_options *o, const char *text,
                            suite_result *r)
{
  gm_eq_config config;
  gm_model *m = NULL;
  double *time;
  bool chance = suite_list_has(&c->test_tag, "RandomEventExecution") ||
                suite_list_has(&c->component_tag, "RandomEventExecution");
  gm_status s = suite_times(c, &time);
  if (!s) s = suite_config(c, o, text, &c->expected.column, &config);
  if (!s) s = gm_model_new(c->ctx, &gm_equations, &config, &m);
  if (s) return suite_refused(c, s, r);
  do s = run_seed(c, o, m, time, o->seed + (uint64_t)r->runs++, r);
  while (!s && chance && r->outcome == SUITE_WRONG && r->runs < SEEDS_MAX);
  gm_model_free(m);
  return s ? suite_refused(c, s, r) : GM_OK;
}

/* ---- flux balance --------------------------------------------------------------------------- */
static bool flux_of(const sbml_fluxes *f, const char *name, double *out)
{
  if (!strcmp(f->objective, name)) {
    *out = f->value;
    return true;
  }
  for (int32_t i = 0; i < f->count; i++)
    if (!strcmp(f->reaction[i], name)) {
      *out = f->flux[i];
      return true;
    }
  return false;
}

static gm_status run_flux(suite_case *c, const suite_options *o, const char *text, suite_result *r)
{
  sbml_fluxes f = {0};
  suite_table got = c->expected;
  got.row_count = 1;
  got.value = gm_arena_get(c->arena, got.column.count, sizeof(double));
  if (!got.value) return gm_fail(c->ctx, GM_ENOMEM, "case");
  gm_status s = sbml_flux_balance(c->ctx, text, c->model_path, &f);
  for (int32_t k = 0; k < got.column.count && !s; k++)
    if (!flux_of(&f, got.column.text[k], &got.value[k]))
      s = gm_fail(c->ctx, GM_ENOTFOUND, "%s: no flux or objective is called %s", c->model_path,
                  got.column.text[k]);
  sbml_fluxes_free(&f);
  if (s) return suite_refused(c, s, r);
  c->expected.row_count = 1;
  verdict(c, NULL, &got, r);
  return suite_write(c, o, &got, NULL);
}

gm_status suite_run(suite_case *c, const suite_options *o, suite_result *r)
{
  char *text = NULL;
  gm_status s = cli_model_text(c->ctx, c->model_path, &text);
  if (s == GM_ENOMEM) return s;
  if (s) { /* one case that cannot be read does not end the others */
    r->outcome = SUITE_BROKEN;
    snprintf(r->why, sizeof r->why, "%s", gm_message(c->ctx));
    return GM_OK;
  }
  if (c->stochastic)
    s = suite_run_stochastic(c, o, text, r);
  else if (c->flux)
    s = run_flux(c, o, text, r);
  else
    s = run_course(c, o, text, r);
  r->class = c->class;
  gm_free(text);
  return s;
}
