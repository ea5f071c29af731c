/* sensitivity_show.c - shares with their intervals, as a table and as JSON. */
#include "cli/sensitivity.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const method_name[] = {"sobol", "morris", "shapley"};
static const char *const method_title[] = {"Sobol' indices", "Morris screening", "Shapley effects"};

typedef struct {
  const char *name; /* in JSON */
  const char *title;
  const gm_sens_value *value; /* [output * inputs + input] */
} column;

const gm_sens_count *sensitivity_count(const sensitivity *a)
{
  if (a->sobol) return &a->sobol->count;
  return a->morris ? &a->morris->count : &a->shapley->count;
}

/* The columns of the method; returns how many, and how many rows they have an output. */
static int32_t columns_of(const sensitivity *a, column *k, int32_t *inputs)
{
  if (a->sobol) {
    *inputs = a->sobol->inputs;
    k[0] = (column){"first", "first order", a->sobol->first};
    k[1] = (column){"total", "total", a->sobol->total};
    k[2] = (column){"interaction", "interactions", a->sobol->interaction};
    return 3;
  }
  if (a->morris) {
    *inputs = a->morris->dim;
    k[0] = (column){"mu_star", "mean size of effect", a->morris->mu_star};
    k[1] = (column){"mu", "mean effect", a->morris->mu};
    k[2] = (column){"sigma", "sd of effect", a->morris->sigma};
    return 3;
  }
  *inputs = a->shapley->inputs;
  k[0] = (column){"effect", "share", a->shapley->effect};
  return 1;
}

static const char *input_name(const sensitivity *a, int32_t j)
{
  return j < a->f.dim ? a->unknown[j].name : "noise";
}

/* ---- for people ------------------------------------------------------------------------------ */
static void law_text(const gm_unknown *u, char *text, size_t bytes)
{
  if (u->law == GM_PRIOR_UNIFORM)
    snprintf(text, bytes, "uniform %.6g to %.6g", u->lower, u->upper);
  else
    snprintf(text, bytes, "%s %.6g, sd %.6g%s", u->law == GM_PRIOR_NORMAL ? "normal" : "lognormal",
             u->center, u->spread, u->law == GM_PRIOR_NORMAL ? "" : " of the logarithm");
}

static void cell_text(const gm_sens_value *v, bool share, char *text, size_t bytes)
{
  if (isnan(v->value))
    snprintf(text, bytes, "-");
  else if (share)
    snprintf(text, bytes, "%.2f %% [%.2f, %.2f]", 100 * v->value, 100 * v->low, 100 * v->high);
  else
    snprintf(text, bytes, "%.5g [%.5g, %.5g]", v->value, v->low, v->high);
}

static void table_write(const sensitivity *a, int32_t o, gm_text *out)
{
  column k[3];
  int32_t inputs, columns = columns_of(a, k, &inputs);
  char cell[96];
  gm_text_addf(out, "  %-16s", "input");
  for (int32_t i = 0; i < columns; i++)
    gm_text_addf(out, "  %-*s", i + 1 < columns ? 28 : 0, k[i].title);
  gm_text_add(out, "\n");
  for (int32_t j = 0; j < inputs; j++) {
    gm_text_addf(out, "  %-16.60s", input_name(a, j));
    for (int32_t i = 0; i < columns; i++) {
      cell_text(&k[i].value[(ptrdiff_t)o * inputs + j], !a->morris, cell, sizeof cell);
      gm_text_addf(out, "  %-*s", i + 1 < columns ? 28 : 0, cell);
    }
    gm_text_add(out, "\n");
  }
}

static void pairs_write(const sensitivity *a, int32_t o, gm_text *out)
{
  const gm_sobol_shares *s = a->sobol;
  char cell[96];
  for (int32_t i = 0; i < s->inputs; i++)
    for (int32_t j = i + 1; j < s->inputs; j++) {
      ptrdiff_t k = (ptrdiff_t)o * s->pairs + gm_sobol_pair(s->inputs, i, j);
      cell_text(&s->second[k], true, cell, sizeof cell);
      gm_text_addf(out, "  %.60s with %.60s: %s\n", input_name(a, i), input_name(a, j), cell);
    }
}

static void output_write(const sensitivity *a, int32_t o, gm_text *out)
{
  char cell[96];
  gm_text_add(out, "\n");
  cli_safe(out, a->name[o]);
  gm_text_addf(out, " at %.6g%s%s", a->at, a->info.time_unit[0] ? " " : "", a->info.time_unit);
  const gm_sens_value *mean = a->sobol ? &a->sobol->mean[o] : NULL;
  const gm_sens_value *variance = a->sobol     ? &a->sobol->variance[o]
                                  : a->shapley ? &a->shapley->variance[o]
                                               : NULL;
  if (mean) {
    cell_text(mean, false, cell, sizeof cell);
    gm_text_addf(out, ": mean %s", cell);
  }
  if (variance) {
    cell_text(variance, false, cell, sizeof cell);
    gm_text_addf(out, "%s variance %s", mean ? "," : ":", cell);
    if (variance->value == 0) gm_text_add(out, "; it does not vary, so there are no shares");
  }
  gm_text_add(out, "\n");
  table_write(a, o, out);
  if (a->sobol && a->pairs) pairs_write(a, o, out);
  if (!a->sobol || !a->f.noisy) return;
  cell_text(&a->sobol->explained[o], true, cell, sizeof cell);
  gm_text_addf(out,
               "  The inputs explain %s of the variance; the rest is the model's own noise (its "
               "total share).\n",
               cell);
}

static void text_write(const sensitivity *a, gm_text *out)
{
  const gm_sens_count *n = sensitivity_count(a);
  char law[128];
  cli_safe(out, a->c->argument[0]);
  gm_text_addf(out, ": %s, kind %s, %lld runs, intervals of 95 %%\n", method_title[a->method],
               a->model->type->name, (long long)n->runs);
  for (int32_t j = 0; j < a->f.dim; j++) {
    law_text(&a->unknown[j], law, sizeof law);
    gm_text_addf(out, "  %-16.60s  %s\n", a->unknown[j].name, law);
  }
  for (int32_t o = 0; o < a->f.output_count; o++) output_write(a, o, out);
  if (a->morris && a->f.noisy)
    gm_text_add(out, "  Effects are taken at equal noise; it shows in their sd.\n");
  if (n->left_out)
    gm_text_addf(out, "\n%lld runs gave no number; %lld rows are left out of all sums.\n",
                 (long long)n->failed, (long long)n->left_out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */
static void json_value(gm_json_writer *j, const char *key, const gm_sens_value *v)
{
  gm_json_write_object(j, key);
  gm_json_write_number(j, "value", v->value);
  gm_json_write_number(j, "error", v->error);
  gm_json_write_number(j, "low", v->low);
  gm_json_write_number(j, "high", v->high);
  gm_json_write_object_end(j);
}

static void json_pairs(const sensitivity *a, int32_t o, gm_json_writer *j)
{
  const gm_sobol_shares *s = a->sobol;
  gm_json_write_array(j, "pairs");
  for (int32_t i = 0; i < s->inputs; i++)
    for (int32_t k = i + 1; k < s->inputs; k++) {
      gm_json_write_object(j, NULL);
      gm_json_write_text(j, "first", input_name(a, i));
      gm_json_write_text(j, "second", input_name(a, k));
      json_value(j, "interaction",
                 &s->second[(ptrdiff_t)o * s->pairs + gm_sobol_pair(s->inputs, i, k)]);
      gm_json_write_object_end(j);
    }
  gm_json_write_array_end(j);
}

static void json_output(const sensitivity *a, int32_t o, gm_json_writer *j)
{
  column k[3];
  int32_t inputs, columns = columns_of(a, k, &inputs);
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "name", a->name[o]);
  if (a->sobol) json_value(j, "mean", &a->sobol->mean[o]);
  if (!a->morris)
    json_value(j, "variance", a->sobol ? &a->sobol->variance[o] : &a->shapley->variance[o]);
  if (a->sobol) json_value(j, "explained", &a->sobol->explained[o]);
  gm_json_write_array(j, "inputs");
  for (int32_t i = 0; i < inputs; i++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "name", input_name(a, i));
    gm_json_write_bool(j, "noise", i >= a->f.dim);
    for (int32_t m = 0; m < columns; m++)
      json_value(j, k[m].name, &k[m].value[(ptrdiff_t)o * inputs + i]);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  if (a->sobol && a->pairs) json_pairs(a, o, j);
  gm_json_write_object_end(j);
}

static void json_inputs(const sensitivity *a, gm_json_writer *j)
{
  char law[128];
  gm_json_write_array(j, "vary");
  for (int32_t i = 0; i < a->f.dim; i++) {
    law_text(&a->unknown[i], law, sizeof law);
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "name", a->unknown[i].name);
    gm_json_write_text(j, "law", law);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
}

static void json_write(const sensitivity *a, gm_text *out)
{
  const gm_sens_count *n = sensitivity_count(a);
  gm_json_writer j;
  gm_json_write_begin(&j, out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", "sensitivity");
  gm_json_write_text(&j, "model", a->c->argument[0]);
  gm_json_write_text(&j, "kind", a->model->type->name);
  gm_json_write_text(&j, "method", method_name[a->method]);
  gm_json_write_number(&j, "at", a->at);
  gm_json_write_text(&j, "time_unit", a->info.time_unit);
  gm_json_write_int(&j, "seed", (int64_t)a->c->seed);
  gm_json_write_number(&j, "level", 0.95);
  json_inputs(a, &j);
  gm_json_write_array(&j, "outputs");
  for (int32_t o = 0; o < a->f.output_count; o++) json_output(a, o, &j);
  gm_json_write_array_end(&j);
  gm_json_write_int(&j, "runs", n->runs);
  gm_json_write_int(&j, "asked", a->runs);
  gm_json_write_int(&j, "failed", n->failed);
  gm_json_write_int(&j, "left_out", n->left_out);
  gm_json_write_bool(&j, "stopped", !n->complete);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

void sensitivity_show(const sensitivity *a)
{
  if (a->c->json)
    json_write(a, &a->c->out);
  else
    text_write(a, &a->c->out);
}
