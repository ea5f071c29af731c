/* show_twin.c - a twin's parameters and forecast, for people and as JSON. */
#include "cli/cli.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

static const char *time_unit(const gm_twin *t)
{
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  return info.time_unit;
}

/* ---- parameters ---------------------------------------------------------------------------- */
typedef struct {
  int32_t count;
  double *typical, *mode, *low, *median, *high; /* [count] */
} parameter_table;

static gm_status parameters_fill(gm_ctx *ctx, const gm_twin *t, double *work, parameter_table *p)
{
  static const double level[3] = {0.05, 0.5, 0.95};
  const gm_members *m = t->posterior;
  int32_t k = p->count;
  double *value = work, *zero = value + k, *column = zero + m->dim, q[3];
  gm_subject_parameters(t->subject, zero, t->t_now, p->typical);
  for (int32_t j = 0; j < k; j++) p->mode[j] = NAN; /* none is looked for along paths of chance */
  if (t->mode) gm_subject_parameters(t->subject, t->mode->z, t->t_now, p->mode);
  for (int32_t i = 0; i < m->n; i++) {
    gm_subject_parameters(t->subject, m->z + (ptrdiff_t)i * m->dim, t->t_now, value);
    for (int32_t j = 0; j < k; j++) column[(ptrdiff_t)j * m->n + i] = value[j];
  }
  for (int32_t j = 0; j < k; j++) {
    gm_status s =
        gm_stats_quantiles(ctx, m->n, column + (ptrdiff_t)j * m->n, m->weight, 3, level, q);
    if (s) return gm_fail_at(ctx, s, "parameter %s", t->definition->parameter[j].name);
    p->low[j] = q[0];
    p->median[j] = q[1];
    p->high[j] = q[2];
  }
  return GM_OK;
}

/* *memory is owned by the caller. */
static gm_status parameters_make(gm_ctx *ctx, const gm_twin *t, parameter_table *p, double **memory)
{
  int32_t k = t->definition->parameter_count;
  ptrdiff_t work = k + t->posterior->dim + (ptrdiff_t)k * t->posterior->n;
  double *a = gm_alloc(ctx, 5 * k + work, sizeof *a);
  if (!a) return gm_fail(ctx, GM_ENOMEM, "parameters");
  *p = (parameter_table){k, a, a + k, a + 2 * k, a + 3 * k, a + 4 * k};
  gm_status s = parameters_fill(ctx, t, a + 5 * k, p);
  if (s)
    gm_free(a);
  else
    *memory = a;
  return s;
}

gm_status cli_show_parameters(gm_ctx *ctx, const gm_twin *t, gm_text *out)
{
  parameter_table p;
  double *memory;
  gm_status s = parameters_make(ctx, t, &p, &memory);
  if (s) return s;
  cli_table table;
  cli_table_init(&table, ctx, 7);
  static const char *const head[] = {"parameter", "typical", "mode", "median",
                                     "5 %",       "95 %",    "unit"};
  for (int i = 0; i < 7; i++) cli_table_cell(&table, "%s", head[i]);
  for (int32_t i = 0; i < p.count; i++) {
    const double v[] = {p.typical[i], p.mode[i], p.median[i], p.low[i], p.high[i]};
    cli_table_cell(&table, "%s", t->definition->parameter[i].name);
    for (int k = 0; k < 5; k++) cli_table_number(&table, v[k]);
    cli_table_cell(&table, "%s", t->definition->parameter[i].unit);
  }
  cli_table_write(&table, true, out);
  gm_free(memory);
  return GM_OK;
}

gm_status cli_json_parameters(gm_ctx *ctx, const gm_twin *t, gm_json_writer *j)
{
  parameter_table p;
  double *memory;
  gm_status s = parameters_make(ctx, t, &p, &memory);
  if (s) return s;
  gm_json_write_array(j, "parameters");
  for (int32_t i = 0; i < p.count; i++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "name", t->definition->parameter[i].name);
    gm_json_write_text(j, "unit", t->definition->parameter[i].unit);
    gm_json_write_number(j, "typical", p.typical[i]);
    gm_json_write_number(j, "mode", p.mode[i]);
    gm_json_write_number(j, "median", p.median[i]);
    gm_json_write_number(j, "low", p.low[i]);
    gm_json_write_number(j, "high", p.high[i]);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_free(memory);
  return GM_OK;
}

gm_status cli_json_twin(gm_ctx *ctx, const gm_twin *t, gm_json_writer *j)
{
  int32_t data;
  gm_subject_data(t->subject, &data);
  gm_json_write_text(j, "subject", gm_subject_id(t->subject));
  gm_json_write_number(j, "now", t->t_now);
  gm_json_write_text(j, "time_unit", time_unit(t));
  gm_json_write_int(j, "learned", t->learned);
  gm_json_write_int(j, "data", data);
  gm_json_write_text(j, "health", gm_health_name(t->health));
  gm_json_write_number(j, "fit_p",
                       t->learned ? t->fit_p : NAN); /* without data nothing is fitted */
  gm_json_write_number(j, "objective", t->mode && t->learned ? t->mode->objective : NAN);
  gm_json_write_bool(j, "converged", !t->mode || t->mode->converged);
  gm_json_write_int(j, "members", t->posterior->n);
  gm_json_write_number(j, "ess", t->posterior->ess);
  gm_json_write_number(j, "khat", t->posterior->khat);
  gm_json_write_number(j, "log_evidence", t->posterior->log_evidence);
  gm_json_write_number(j, "log_evidence_sd", t->posterior->log_evidence_sd);
  gm_json_write_text(j, "method", t->posterior->method);
  gm_json_write_text(j, "rung", t->mode ? t->mode->rung : "simulation");
  gm_json_write_numbers(j, "effects", t->mode ? t->mode->dim : 0, t->mode ? t->mode->z : NULL);
  return cli_json_parameters(ctx, t, j);
}

/* ---- head ---------------------------------------------------------------------------------- */
gm_status cli_show_twin(gm_ctx *ctx, const gm_twin *t, gm_text *out)
{
  (void)ctx;
  char a[32], b[32];
  int32_t data;
  gm_subject_data(t->subject, &data);
  gm_text_add(out, "subject ");
  cli_safe(out, gm_subject_id(t->subject));
  gm_text_addf(out, ": %s; learned from %d of %d values, up to %s %s; ", gm_health_name(t->health),
               (int)t->learned, (int)data, cli_number(t->t_now, a), time_unit(t));
  if (!t->learned) {
    gm_text_addf(out, "nothing was fitted\n  %d members, effective %.0f\n", (int)t->posterior->n,
                 t->posterior->ess);
    return out->status;
  }
  if (t->mode)
    gm_text_addf(out, "objective %.4f", t->mode->objective);
  else
    gm_text_addf(out, "log evidence %.2f +- %.2f", t->posterior->log_evidence,
                 t->posterior->log_evidence_sd);
  gm_text_addf(out, "; fit p = %s\n", cli_number(t->fit_p, b));
  gm_text_addf(out, "  %d members, %s, effective %.0f%s\n", (int)t->posterior->n,
               t->posterior->method, t->posterior->ess,
               !t->mode || t->mode->converged ? "" : "; the mode did not converge");
  return out->status;
}

void cli_warn_twin(const cli *c, const gm_twin *t, gm_text *out)
{
  (void)c;
  if (t->health == GM_HEALTH_LOST)
    gm_text_add(out, "  WARNING: lost: the model does not follow this subject; do not act on it\n");
  if (t->health == GM_HEALTH_UNCERTAIN)
    gm_text_add(
        out,
        "  WARNING: uncertain: poor fit or too few effective members (--members takes more)\n");
  if (t->health == GM_HEALTH_WARMING)
    gm_text_add(out, "  note: no data learned yet: this is the population's belief\n");
  const gm_definition *d = t->definition;
  for (int32_t i = 0; i < d->covariate_count; i++) {
    double v = gm_subject_covariate(t->subject, i);
    const gm_covariate *k = &d->covariate[i];
    if (k->level_count || (v >= k->lower && v <= k->upper)) continue;
    gm_text_addf(out, "  WARNING: %s = %g %s lies outside the population studied (%g to %g)\n",
                 k->name, v, k->unit, k->lower, k->upper);
  }
}

/* ---- forecast ------------------------------------------------------------------------------ */
static void forecast_cell(cli_table *t, const gm_forecast *f, ptrdiff_t cell)
{
  char a[32], b[32], c[32];
  const double *q = f->quantile + cell * GM_QUANTILE_COUNT;
  cli_table_cell(t, "%s (%s to %s)", cli_number(q[3], a), cli_number(q[1], b), cli_number(q[5], c));
}

/* At the beginning, the quarters and the end of what comes. */
void cli_show_forecast(gm_ctx *ctx, const gm_twin *t, const gm_forecast *f, const gm_forecast *p,
                       gm_text *out)
{
  const gm_definition *d = t->definition;
  int32_t first = 0;
  while (first + 1 < f->time_count && f->time[first] < t->t_now) first++;
  for (int32_t k = 0; k < d->observable_count; k++) {
    cli_table table;
    cli_table_init(&table, ctx, 3);
    cli_table_cell(&table, "time [%s]", time_unit(t));
    cli_table_cell(&table, "twin: median (5 to 95 %%)");
    cli_table_cell(&table, "population");
    for (int32_t i = 0; i < 5; i++) {
      int32_t time = first + (f->time_count - 1 - first) * i / 4;
      ptrdiff_t cell = (ptrdiff_t)k * f->time_count + time;
      cli_table_number(&table, f->time[time]);
      forecast_cell(&table, f, cell);
      forecast_cell(&table, p, cell);
    }
    gm_text_addf(out, "  forecast of %s [%s]\n", d->observable[k].name, d->observable[k].unit);
    cli_table_write(&table, false, out);
  }
  if (f->diverged)
    gm_text_addf(out, "  WARNING: %d members left out: they did not get through\n",
                 (int)f->diverged);
}

static void json_quantiles(const gm_forecast *f, int32_t observable, const char *key,
                           gm_json_writer *j)
{
  static const char *const name[GM_QUANTILE_COUNT] = {"q025", "q05", "q25", "q50",
                                                      "q75",  "q95", "q975"};
  gm_json_write_object(j, key);
  for (int k = 0; k < GM_QUANTILE_COUNT; k++) {
    gm_json_write_array(j, name[k]);
    for (int32_t i = 0; i < f->time_count; i++) {
      ptrdiff_t cell = (ptrdiff_t)observable * f->time_count + i;
      gm_json_write_number(j, NULL, f->quantile[cell * GM_QUANTILE_COUNT + k]);
    }
    gm_json_write_array_end(j);
  }
  gm_json_write_object_end(j);
}

void cli_json_forecast(const gm_twin *t, const gm_forecast *f, const gm_forecast *p,
                       gm_json_writer *j)
{
  const gm_definition *d = t->definition;
  gm_json_write_object(j, "forecast");
  gm_json_write_numbers(j, "time", f->time_count, f->time);
  gm_json_write_int(j, "diverged", f->diverged);
  gm_json_write_array(j, "observables");
  for (int32_t k = 0; k < d->observable_count; k++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "name", d->observable[k].name);
    gm_json_write_text(j, "unit", d->observable[k].unit);
    json_quantiles(f, k, "twin", j);
    json_quantiles(p, k, "population", j);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}
