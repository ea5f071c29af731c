/* definition_model.c - the model a definition names, the observables it asks of it, and how each of
 * them errs. */
#include "gemel/equations.h"
#include "twin/definition_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MODEL_BYTES_MAX = 1 << 20 };

/* ---- observables: what must be known before the model ---------------------------------------- */
static gm_status observable_read(gm_def *r, const gm_yaml *n, gm_observable *o, gm_def_unit *unit)
{
  gm_yaml *is = NULL;
  gm_status s = gm__def_name(r, n, false, &o->name);
  if (!s) s = gm__def_map(n, GM_DEF_OBSERVABLE);
  if (s) return s;
  const gm_yaml *sensor = gm__yaml_find(n, "sensor");
  if (sensor)
    return gm__yaml_fail(sensor, NULL, GM_EUNSUPPORTED,
                         "errors with a memory are not supported in this version; leave it out");
  s = gm__def_need(n, "is", "a formula over the model's names", &is);
  if (!s) s = gm__def_text(r, is, &o->is);
  if (!s) s = gm__def_unit(r, n, "mg/L", unit);
  if (!s) s = gm__def_code(r, n, &o->code);
  if (!s) s = gm__def_text_of(r, n, "label", &o->label);
  if (!s) o->unit = unit->code;
  return s;
}

gm_status gm__def_read_observables(gm_def *r)
{
  gm_definition *d = r->d;
  gm_yaml *map = NULL;
  gm_status s = gm__def_need(r->root, "observables", "a map of what is measured", &map);
  if (!s) s = gm__def_map(map, -1);
  if (!s && !map->count)
    s = gm__yaml_fail(map, NULL, GM_EPARSE, "empty; at least one observable is expected");
  if (!s) s = gm__def_get(r, map->count, sizeof *d->observable, &d->observable);
  if (!s) s = gm__def_get(r, map->count, sizeof *r->observable, &r->observable);
  if (!s) s = gm__def_get(r, map->count, sizeof *r->measured, &r->measured);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t i = d->observable_count;
    s = observable_read(r, n, &d->observable[i], &r->observable[i]);
    if (!s) d->observable_count++;
  }
  return s;
}

/* ---- the model ------------------------------------------------------------------------------- */
static gm_status solver_read(gm_def *r, gm_eq_config *c)
{
  static const char *const method[] = {"auto", "explicit"};
  const gm_yaml *n = gm__yaml_find(r->root, "solver"), *v;
  if (!n) return GM_OK;
  int32_t which = 0;
  gm_status s = gm__def_map(n, GM_DEF_SOLVER);
  if (!s && (v = gm__yaml_find(n, "rtol"))) {
    s = gm__def_number(v, &c->rtol);
    if (!s && !(c->rtol > 0 && c->rtol < 1))
      s = gm__yaml_fail(v, NULL, GM_ERANGE, "'%.80s'; a number between 0 and 1 is expected",
                        v->text);
  }
  if (!s && (v = gm__yaml_find(n, "atol"))) {
    s = gm__def_number(v, &c->atol);
    if (!s && !(c->atol > 0))
      s = gm__yaml_fail(v, NULL, GM_ERANGE, "'%.80s'; more than 0 is expected", v->text);
  }
  if (!s && (v = gm__yaml_find(n, "method"))) s = gm__def_choice(v, method, 2, &which);
  c->solver = which ? GM_EQ_EXPLICIT : GM_EQ_AUTO;
  return s;
}

static gm_status outputs_make(gm_def *r, gm_eq_config *c)
{
  const gm_definition *d = r->d;
  gm_eq_output *output = gm_arena_get(r->work, d->observable_count, sizeof *output);
  if (!output) return gm_fail(r->ctx, GM_ENOMEM, "%s: observables", d->path);
  const gm_yaml *n = gm__yaml_find(r->root, "observables")->first;
  for (int32_t i = 0; i < d->observable_count; i++, n = n->next) {
    char *where = NULL;
    gm_status s = gm__def_where(r, gm__yaml_find(n, "is"), &where);
    if (s) return s;
    const gm_observable *o = &d->observable[i];
    output[i] = (gm_eq_output){o->name, o->is, o->unit, where};
  }
  c->output = output;
  c->output_count = d->observable_count;
  return GM_OK;
}

/* A path beside the definition, unless it begins at the root. */
static gm_status model_path(gm_def *r, char **out)
{
  const gm_definition *d = r->d;
  size_t bytes = strlen(d->folder) + strlen(d->model_file) + 2;
  char *path = gm_arena_get(r->work, (ptrdiff_t)bytes, 1);
  if (!path) return gm_fail(r->ctx, GM_ENOMEM, "%s: model", d->path);
  bool alone = d->model_file[0] == '/' || !strcmp(d->folder, ".");
  snprintf(path, bytes, "%s%s%s", alone ? "" : d->folder, alone ? "" : "/", d->model_file);
  *out = path;
  return GM_OK;
}

static bool ends_in(const char *text, const char *end)
{
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

static gm_status model_make(gm_def *r, const gm_yaml *n)
{
  gm_eq_config c = {0};
  char *path = NULL, *text = NULL;
  size_t bytes = 0;
  if (ends_in(r->d->model_file, ".xml") || ends_in(r->d->model_file, ".sbml"))
    return gm__yaml_fail(n, NULL, GM_EUNSUPPORTED,
                         "SBML files are not read in this version; a "
                         "model text (model.ant) is expected");
  gm_status s = solver_read(r, &c);
  if (!s) s = outputs_make(r, &c);
  if (!s) s = model_path(r, &path);
  if (s) return s;
  s = gm_file_read(r->ctx, path, MODEL_BYTES_MAX, &text, &bytes);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  if (strlen(text) != bytes) {
    gm_free(text);
    return gm__yaml_fail(n, NULL, GM_EPARSE, "%.300s holds a NUL byte; a text is expected", path);
  }
  c.text = text;
  c.text_name = path;
  s = gm_model_new(r->ctx, &gm_equations, &c, &r->d->model);
  gm_free(text);
  return s;
}

gm_status gm__def_read_model(gm_def *r)
{
  const gm_yaml *n = gm__yaml_find(r->root, "model");
  gm_definition *d = r->d;
  gm_status s = model_make(r, n);
  if (s) return s;
  gm_model_get_info(d->model, &r->info);
  s = gm__def_model_unit(r, r->info.time_unit, &r->time);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  if (!r->time.code)
    return gm__yaml_fail(n, NULL, GM_EUNIT,
                         "%.200s states no unit of time; a line such as "
                         "time has \"h\" is expected in it",
                         d->model_file);
  gm_def_unit hour = {0};
  s = gm__def_model_unit(r, "h", &hour);
  if (!s) s = gm__def_factor(r, n, &hour, &r->time, "time in the model", &d->hour);
  return s;
}

/* ---- errors ---------------------------------------------------------------------------------- */
static gm_status error_read(gm_def *r, const gm_yaml *e, gm_observable *o, const gm_def_unit *unit)
{
  static const char *const form[] = {"root-sum-square", "sum"};
  const gm_yaml *n;
  int32_t which = 0;
  gm_def_unit one = {0};
  gm_status s = gm__def_map(e, GM_DEF_ERROR);
  if (!s) s = gm__def_model_unit(r, "1", &one);
  if (!s && (n = gm__yaml_find(e, "additive")))
    s = gm__def_amount(r, n, o->log_scale ? &one : unit, GM_DEF_BARE | GM_DEF_NOT_NEGATIVE,
                       &o->additive);
  if (!s && (n = gm__yaml_find(e, "proportional"))) {
    s = o->log_scale ? gm__yaml_fail(n, NULL, GM_EPARSE,
                                     "not with `scale: log`, where `additive` "
                                     "is the standard deviation of the log")
                     : gm__def_share(r, n, &o->proportional);
  }
  if (!s && (n = gm__yaml_find(e, "form"))) s = gm__def_choice(n, form, 2, &which);
  if (s) return s;
  o->form = which ? GM_ERROR_SUM : GM_ERROR_ROOT_SUM_SQUARE;
  if (!(o->additive > 0 || o->proportional > 0))
    return gm__yaml_fail(e, NULL, GM_ERANGE,
                         "no measurement is exact; `additive` or "
                         "`proportional` above 0 is expected (or `error: none` "
                         "for what is never measured)");
  return GM_OK;
}

static gm_status limit_read(gm_def *r, const gm_yaml *n, gm_observable *o, const gm_def_unit *unit)
{
  const gm_yaml *loq = gm__yaml_find(n, "loq"), *zero = gm__yaml_find(n, "censor-zero");
  gm_status s = GM_OK;
  o->loq = NAN;
  if (loq) s = gm__def_amount(r, loq, unit, GM_DEF_BARE | GM_DEF_POINT | GM_DEF_POSITIVE, &o->loq);
  if (!s && zero) s = gm__def_bool(zero, &o->censor_zero);
  if (!s && o->censor_zero && !loq)
    s = gm__yaml_fail(zero, NULL, GM_EPARSE, "needs `loq`: below what the value lies");
  return s;
}

static gm_status measuring_read(gm_def *r, const gm_yaml *n, int32_t i)
{
  static const char *const scale[] = {"linear", "log"};
  gm_observable *o = &r->d->observable[i];
  gm_yaml *e = NULL;
  const gm_yaml *v = gm__yaml_find(n, "scale");
  int32_t which = 0;
  gm_status s = v ? gm__def_choice(v, scale, 2, &which) : GM_OK;
  if (s) return s;
  o->log_scale = which == 1;
  s = gm__def_need(n, "error", "{additive: ..., proportional: ...} or none", &e);
  if (s) return s;
  r->measured[i] = e->kind != GM_YAML_TEXT || strcmp(e->text, "none") != 0;
  if (r->measured[i]) s = error_read(r, e, o, &r->observable[i]);
  return s ? s : limit_read(r, n, o, &r->observable[i]);
}

gm_status gm__def_read_errors(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *n = gm__yaml_find(r->root, "observables")->first;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->observable_count && !s; i++, n = n->next) {
    d->observable[i].output = gm_model_find(d->model, GM_TABLE_OUTPUT, d->observable[i].name);
    if (d->observable[i].output < 0)
      return gm__yaml_fail(n, NULL, GM_EINTERNAL, "the model has no such output");
    s = measuring_read(r, n, i);
  }
  return s;
}
