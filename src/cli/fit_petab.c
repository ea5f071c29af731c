/* fit_petab.c - gemel fit PROBLEM.yaml: a PEtab problem, from several starts. */
#include "cli/fit_petab.h"
#include "gemel/petab.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STARTS_DEFAULT = 10, STARTS_MAX = 100000, YAML_BYTES_MAX = 16 << 20 };

typedef struct {
  gm_petab_fit fit;
  double *z, *error; /* [d] */
  gm_status status;
  char message[300];
} start;

typedef struct {
  cli *c;
  gm_petab *p;
  const gm_petab_parameter *row;
  const int32_t *estimated;
  int32_t d, points;
  start *start;              /* [count] */
  double *room;              /* z and errors of all starts */
  int32_t count, done, best; /* best -1: none */
  gm_petab_value value;      /* at z */
  double *z, *error, *simulation;
} job;

bool cli_is_petab(gm_ctx *ctx, const char *path)
{
  char *text;
  size_t bytes;
  if (!cli_ends_with(path, ".yaml") && !cli_ends_with(path, ".yml")) return false;
  if (gm_file_read(ctx, path, YAML_BYTES_MAX, &text, &bytes)) {
    gm_message_clear(ctx);
    return false;
  }
  bool is = gm_petab_is_problem(ctx, text, bytes);
  gm_free(text);
  return is;
}

/* ---- options -------------------------------------------------------------------------------- */
/* No output may be a file that was read. */
static gm_status outputs_check(const job *j)
{
  static const char *const files[] = {"out", "simulation"};
  for (int i = 0; i < 2; i++) {
    const char *path = cli_value(j->c, files[i]), *input;
    for (int32_t k = 0; path && (input = gm_petab_file(j->p, k)); k++)
      if (cli_same_file(path, input))
        return gm_fail(j->c->ctx, GM_EINVAL, "--%s %.300s: this is a file of the problem", files[i],
                       path);
  }
  return GM_OK;
}

static gm_status options_check(job *j)
{
  static const char *const not_here[] = {"data", "subject", "now"};
  const cli *c = j->c;
  double count = STARTS_DEFAULT;
  for (int i = 0; i < 3; i++)
    if (cli_has(c, not_here[i]))
      return gm_fail(c->ctx, GM_EINVAL, "--%s: not for a PEtab problem, whose tables say it all",
                     not_here[i]);
  if (cli_has(c, "nominal") && (cli_has(c, "starts") || cli_has(c, "out")))
    return gm_fail(c->ctx, GM_EINVAL, "--nominal fits nothing: not for use with --starts or --out");
  const char *text = cli_value(c, "starts");
  gm_status s = text ? cli_number_read(c->ctx, "--starts", text, &count) : GM_OK;
  if (!s && !(count >= 1 && count <= STARTS_MAX && count == floor(count)))
    s = gm_fail(c->ctx, GM_ERANGE, "--starts %s: a whole number from 1 to %d is expected", text,
                (int)STARTS_MAX);
  j->count = (int32_t)count;
  return s ? s : outputs_check(j);
}

static gm_status room(job *j)
{
  gm_ctx *ctx = j->c->ctx;
  ptrdiff_t d = j->d;
  j->start = gm_alloc(ctx, j->count, sizeof *j->start);
  j->room = gm_alloc(ctx, 2 * d * (j->count + 1), sizeof *j->room);
  j->simulation = gm_alloc(ctx, j->points, sizeof *j->simulation);
  if (!j->start || !j->room || !j->simulation)
    return gm_fail(ctx, GM_ENOMEM, "%d starts", (int)j->count);
  j->z = j->room + 2 * d * j->count;
  j->error = j->z + d;
  for (int32_t i = 0; i < j->count; i++) {
    j->start[i].z = j->room + 2 * d * i;
    j->start[i].error = j->start[i].z + d;
  }
  for (int32_t k = 0; k < j->d; k++) j->error[k] = NAN;
  return GM_OK;
}

/* ---- searching ------------------------------------------------------------------------------ */
static double objective(const gm_petab_value *v) { return v->llh + v->log_prior; }

/* The first start is the nominal one, where the table has it. */
static gm_status start_place(job *j, int32_t i, double *z)
{
  if (i == 0 && !gm_petab_nominal(j->p, z)) return GM_OK;
  gm_message_clear(j->c->ctx);
  return gm_petab_draw(j->p, j->c->seed, (uint64_t)i, z);
}

/* A start that fails is no failure of the others. */
static gm_status start_run(job *j, int32_t i)
{
  start *k = &j->start[i];
  gm_ctx *ctx = j->c->ctx;
  const gm_watch watch = {.stop = j->c->watch.stop, .user = j->c->watch.user};
  gm_status s = start_place(j, i, k->z);
  if (s) return s;
  k->status = gm_petab_minimise(j->p, j->c->pool, &watch, k->z, k->z, k->error, &k->fit);
  if (k->status == GM_ENOMEM) return k->status;
  if (k->status) {
    snprintf(k->message, sizeof k->message, "%.290s", gm_message(ctx));
    gm_message_clear(ctx);
    return GM_OK;
  }
  if (j->best < 0 || objective(&k->fit.value) > objective(&j->start[j->best].fit.value))
    j->best = i;
  return GM_OK;
}

static gm_status search(job *j)
{
  gm_status s = GM_OK;
  cli_progress_begin(&j->c->progress, "starts", j->count);
  for (int32_t i = 0; i < j->count && !s && !cli_interrupted(); i++) {
    s = start_run(j, i);
    j->done++;
    cli_progress_step(&j->c->progress);
  }
  cli_progress_end(&j->c->progress);
  if (s) return s;
  if (j->best < 0)
    return j->done && j->start[0].message[0]
               ? gm_fail(j->c->ctx, GM_ENUMERIC, "no start came to a result; the first: %s",
                         j->start[0].message)
               : gm_fail(j->c->ctx, GM_ECANCELLED, "stopped before the first result");
  memcpy(j->z, j->start[j->best].z, (size_t)j->d * sizeof *j->z);
  memcpy(j->error, j->start[j->best].error, (size_t)j->d * sizeof *j->z);
  return GM_OK;
}

static gm_status work(job *j)
{
  gm_status s = options_check(j);
  if (!s) s = room(j);
  if (s) return s;
  s = cli_has(j->c, "nominal") ? gm_petab_nominal(j->p, j->z) : search(j);
  if (!s) s = gm_petab_evaluate(j->p, j->c->pool, 1, j->z, &j->value, j->simulation, NULL, NULL);
  return s;
}

/* ---- results -------------------------------------------------------------------------------- */
static double value_at(const job *j, int32_t k)
{
  return gm_petab_from_scale(j->row[j->estimated[k]].scale, j->z[k]);
}

/* "lower", "upper", or "": at a bound within a ten-thousandth of the range on the scale. */
static const char *at_bound(const job *j, int32_t k)
{
  const gm_petab_parameter *p = &j->row[j->estimated[k]];
  double low = gm_petab_to_scale(p->scale, p->lower), high = gm_petab_to_scale(p->scale, p->upper);
  double range = isfinite(high - low) ? high - low : 1;
  if (j->z[k] - low < 1e-4 * range) return "lower";
  return high - j->z[k] < 1e-4 * range ? "upper" : "";
}

static double aic(const job *j) { return 2.0 * j->d - 2 * j->value.llh; }
static double bic(const job *j) { return j->d * log(j->points) - 2 * j->value.llh; }

static void show_starts(const job *j, gm_text *out)
{
  cli_table t;
  cli_table_init(&t, j->c->ctx, 6);
  static const char *const head[] = {"start", "first", "best", "chi2", "evaluations", "end"};
  for (int i = 0; i < 6; i++) cli_table_cell(&t, "%s", head[i]);
  for (int32_t i = 0; i < j->done; i++) {
    const start *k = &j->start[i];
    cli_table_cell(&t, "%d%s", (int)i + 1, i == j->best ? " *" : "");
    if (k->status) {
      for (int n = 0; n < 4; n++) cli_table_cell(&t, "-");
      cli_table_cell(&t, "%s", k->message);
      continue;
    }
    cli_table_cell(&t, "%.6g", k->fit.first);
    cli_table_cell(&t, "%.9g", objective(&k->fit.value));
    cli_table_cell(&t, "%.6g", k->fit.value.chi2);
    cli_table_cell(&t, "%lld", (long long)k->fit.evaluations);
    cli_table_cell(&t, "%s%s", k->fit.why, k->fit.converged ? "" : " (not converged)");
  }
  cli_table_write(&t, true, out);
  gm_text_add(out, "\n");
}

static void show_parameters(const job *j, gm_text *out)
{
  static const char *const scale[] = {"lin", "log", "log10"};
  static const char *const head[] = {"parameter", "value",     "scale",
                                     "on scale",  "std error", "at bound"};
  cli_table t;
  cli_table_init(&t, j->c->ctx, 6);
  for (int i = 0; i < 6; i++) cli_table_cell(&t, "%s", head[i]);
  for (int32_t k = 0; k < j->d; k++) {
    const gm_petab_parameter *p = &j->row[j->estimated[k]];
    cli_table_cell(&t, "%s", p->id);
    cli_table_cell(&t, "%.6g", value_at(j, k));
    cli_table_cell(&t, "%s", scale[p->scale]);
    cli_table_cell(&t, "%.6g", j->z[k]);
    cli_table_number(&t, j->error[k]);
    cli_table_cell(&t, "%s", at_bound(j, k));
  }
  cli_table_write(&t, true, out);
  gm_text_add(out, "\n");
}

static void show(const job *j, gm_text *out)
{
  int32_t count;
  (void)gm_petab_parameters(j->p, &count);
  gm_text_addf(out, "%s: %d of %d parameters estimated, %d measurements, %d conditions\n\n",
               j->c->argument[0], (int)j->d, (int)count, (int)j->points,
               (int)gm_petab_condition_count(j->p));
  if (!cli_has(j->c, "nominal")) {
    show_starts(j, out);
    show_parameters(j, out);
  }
  gm_text_addf(out, "%s: llh %.9g, chi2 %.9g", cli_has(j->c, "nominal") ? "nominal" : "best",
               j->value.llh, j->value.chi2);
  if (j->value.log_prior != 0) gm_text_addf(out, ", log prior %.9g", j->value.log_prior);
  gm_text_addf(out, ", AIC %.9g, BIC %.9g\n", aic(j), bic(j));
}

static void json_starts(const job *j, gm_json_writer *o)
{
  gm_json_write_array(o, "starts");
  for (int32_t i = 0; i < j->done; i++) {
    const start *k = &j->start[i];
    gm_json_write_object(o, NULL);
    if (k->status) {
      gm_json_write_text(o, "failed", k->message);
    } else {
      gm_json_write_number(o, "first", k->fit.first);
      gm_json_write_number(o, "objective", objective(&k->fit.value));
      gm_json_write_number(o, "llh", k->fit.value.llh);
      gm_json_write_number(o, "chi2", k->fit.value.chi2);
      gm_json_write_int(o, "iterations", k->fit.iterations);
      gm_json_write_int(o, "evaluations", k->fit.evaluations);
      gm_json_write_bool(o, "converged", k->fit.converged);
      gm_json_write_text(o, "end", k->fit.why);
    }
    gm_json_write_object_end(o);
  }
  gm_json_write_array_end(o);
}

static void json(const job *j, gm_text *out)
{
  static const char *const scale[] = {"lin", "log", "log10"};
  gm_json_writer o;
  gm_json_write_begin(&o, out, 1);
  gm_json_write_object(&o, NULL);
  gm_json_write_text(&o, "problem", j->c->argument[0]);
  gm_json_write_int(&o, "measurements", j->points);
  gm_json_write_number(&o, "llh", j->value.llh);
  gm_json_write_number(&o, "chi2", j->value.chi2);
  gm_json_write_number(&o, "log_prior", j->value.log_prior);
  gm_json_write_number(&o, "aic", aic(j));
  gm_json_write_number(&o, "bic", bic(j));
  gm_json_write_array(&o, "parameters");
  for (int32_t k = 0; k < j->d; k++) {
    const gm_petab_parameter *p = &j->row[j->estimated[k]];
    gm_json_write_object(&o, NULL);
    gm_json_write_text(&o, "id", p->id);
    gm_json_write_text(&o, "scale", scale[p->scale]);
    gm_json_write_number(&o, "value", value_at(j, k));
    gm_json_write_number(&o, "on_scale", j->z[k]);
    gm_json_write_number(&o, "standard_error", j->error[k]);
    gm_json_write_text(&o, "at_bound", at_bound(j, k));
    gm_json_write_object_end(&o);
  }
  gm_json_write_array_end(&o);
  if (!cli_has(j->c, "nominal")) json_starts(j, &o);
  gm_json_write_object_end(&o);
  gm_text_add(out, "\n");
}

static gm_status files_write(const job *j)
{
  const char *out = cli_value(j->c, "out"), *simulation = cli_value(j->c, "simulation");
  gm_text text;
  gm_text_init(&text, j->c->ctx);
  gm_status s = GM_OK;
  if (out) s = gm_petab_write_parameters(j->p, j->z, &text);
  if (out && !s) s = cli_write(j->c->ctx, out, &text);
  gm_text_free(&text);
  gm_text_init(&text, j->c->ctx);
  if (simulation && !s) s = gm_petab_write_simulation(j->p, j->simulation, &text);
  if (simulation && !s) s = cli_write(j->c->ctx, simulation, &text);
  gm_text_free(&text);
  return s;
}

static int finish(job *j)
{
  char text[500];
  gm_status s = files_write(j);
  if (s) return cli_fail(j->c, s);
  if (j->c->json)
    json(j, &j->c->out);
  else
    show(j, &j->c->out);
  if (j->value.bad_point >= 0) {
    gm_petab_bad_point(j->p, j->value.bad_point, text, sizeof text);
    return cli_say(j->c, CLI_NO, "%s", text);
  }
  if (!cli_interrupted()) return CLI_DONE;
  return cli_say(j->c, CLI_NO, "stopped after %d of %d starts; this is the best so far",
                 (int)j->done, (int)j->count);
}

int cli_fit_petab(cli *c)
{
  job j = {.c = c, .best = -1};
  int32_t count;
  int code;
  gm_status s = gm_petab_read(c->ctx, c->argument[0], NULL, &j.p);
  if (s) return cli_fail(c, s);
  j.row = gm_petab_parameters(j.p, &count);
  j.estimated = gm_petab_estimated(j.p, &j.d);
  j.points = gm_petab_point_count(j.p);
  s = work(&j);
  code = s ? cli_fail(c, s) : finish(&j);
  gm_free(j.start);
  gm_free(j.room);
  gm_free(j.simulation);
  gm_petab_free(j.p);
  return code;
}
