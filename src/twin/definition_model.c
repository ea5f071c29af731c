/* definition_model.c - the model a definition names, the observables it asks of it, and how each of
 * them errs. */
#include "gemel/open.h"
#include "twin/definition_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

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
  if (!s) s = gm__def_coding(r, n, &o->coding);
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
/* Is the model a text (or SBML), whose observables are formulas? Of other kinds they are outputs
 * that the model's own file names. */
static bool of_text(const gm_def *r)
{
  const char *kind = r->d->model->type->name;
  return !strcmp(kind, "equations") || !strcmp(kind, "jump");
}

static gm_status tolerance_read(const gm_yaml *v, double most, double *out)
{
  gm_status s = gm__def_number(v, out);
  if (!s && !(*out > 0 && *out < most))
    s = gm__yaml_fail(v, NULL, GM_ERANGE, "'%.80s'; %s is expected", v->text,
                      isinf(most) ? "more than 0" : "a number between 0 and 1");
  return s;
}

static gm_status solver_read(gm_def *r, gm_open_options *o, gm_eq_config *c)
{
  static const char *const solver[] = {"auto", "explicit", "stiff"};
  static const char *const jump[] = {"exact", "tau", "hybrid"};
  static const gm_eq_solver how[] = {GM_EQ_AUTO, GM_EQ_EXPLICIT, GM_EQ_STIFF};
  static const gm_jump_method method[] = {GM_JUMP_EXACT, GM_JUMP_TAU, GM_JUMP_HYBRID};
  const gm_yaml *n = gm__yaml_find(r->root, "solver"), *v;
  int32_t which = 0;
  if (!n) return GM_OK;
  gm_status s = gm__def_map(n, GM_DEF_SOLVER);
  if (!s && (v = gm__yaml_find(n, "rtol"))) s = tolerance_read(v, 1, &c->rtol);
  if (!s && (v = gm__yaml_find(n, "atol"))) s = tolerance_read(v, INFINITY, &c->atol);
  if (!s && (v = gm__yaml_find(n, "step-longest")))
    s = tolerance_read(v, INFINITY, &c->step_longest);
  if (s || !(v = gm__yaml_find(n, "method"))) return s;
  bool jumps = o->kind && !strcmp(o->kind, "jump");
  s = gm__def_choice(v, jumps ? jump : solver, 3, &which);
  if (jumps)
    o->method = method[which];
  else
    c->solver = how[which];
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
  if (r->model_path) return gm__def_keep(r, r->model_path, out);
  size_t bytes = strlen(d->folder) + strlen(d->model_file) + 2;
  char *path = gm_arena_get(r->work, (ptrdiff_t)bytes, 1);
  if (!path) return gm_fail(r->ctx, GM_ENOMEM, "%s: model", d->path);
  bool alone = d->model_file[0] == '/' || !strcmp(d->folder, ".");
  snprintf(path, bytes, "%s%s%s", alone ? "" : d->folder, alone ? "" : "/", d->model_file);
  *out = path;
  return GM_OK;
}

static gm_status kind_read(gm_def *r, gm_open_options *o)
{
  static const char *const kind[] = {"equations", "jump", "network", "queue", "compiled"};
  const gm_yaml *n = gm__yaml_find(r->root, "kind");
  int32_t which = 0;
  if (!n) return GM_OK;
  gm_status s = gm__def_choice(n, kind, 5, &which);
  o->kind = kind[which];
  return s;
}

static gm_status model_make(gm_def *r, const gm_yaml *n)
{
  gm_eq_config c = {0};
  gm_open_options o = {.equations = &c};
  char *path = NULL;
  gm_status s = kind_read(r, &o);
  if (!s) s = solver_read(r, &o, &c);
  if (!s) s = outputs_make(r, &c);
  if (!s) s = model_path(r, &path);
  if (s) return s;
  s = gm_model_open(r->ctx, path, &o, &r->d->model);
  /* messages of the readers begin with the model's own file and line */
  return s == GM_EIO || s == GM_EUNSUPPORTED || s == GM_EINVAL ? gm__yaml_fail_at(n, NULL, s) : s;
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
/* The first of these keys that is there, or NULL. */
static const gm_yaml *one_of(const gm_yaml *map, const char *a, const char *b, const char *c)
{
  const gm_yaml *n = gm__yaml_find(map, a);
  if (!n) n = gm__yaml_find(map, b);
  return n || !c ? n : gm__yaml_find(map, c);
}

/* An optional finite number > 0. */
static gm_status above_zero(const gm_yaml *n, double most, double *out)
{
  if (!n) return GM_OK;
  gm_status s = gm__def_number(n, out);
  if (s || (*out > 0 && *out <= most && isfinite(*out))) return s;
  return gm__yaml_fail(n, NULL, GM_ERANGE, "'%.80s'; above 0%s is expected", n->text,
                       isinf(most) ? "" : " and at most 1");
}

/* {counts: binomial, share: 0.6}, {counts: poisson}, {counts: negative-binomial, size: 5} */
static gm_status counts_read(const gm_yaml *e, gm_observable *o)
{
  static const char *const law[] = {"poisson", "binomial", "negative-binomial"};
  static const gm_count_law count[] = {GM_COUNT_POISSON, GM_COUNT_BINOMIAL,
                                       GM_COUNT_NEGATIVE_BINOMIAL};
  const gm_yaml *n;
  int32_t which = 0;
  gm_status s = gm__def_choice(gm__yaml_find(e, "counts"), law, 3, &which);
  if (s) return s;
  o->count = count[which];
  o->share = 1;
  if ((n = one_of(e, "additive", "proportional", "form")))
    return gm__yaml_fail(n, NULL, GM_EPARSE, "not with `counts`");
  s = above_zero(gm__yaml_find(e, "share"), which == 1 ? 1 : INFINITY, &o->share);
  n = gm__yaml_find(e, "size");
  if (!s && n && which != 2)
    s = gm__yaml_fail(n, NULL, GM_EPARSE, "is of negative-binomial counts");
  if (!s && !n && which == 2)
    s = gm__yaml_fail(e, "size", GM_EPARSE, "missing; a number > 0 is expected");
  return s ? s : above_zero(n, INFINITY, &o->size);
}

static gm_status counts_check(const gm_def *r, const gm_yaml *n, const gm_observable *o)
{
  gm_model_info info;
  gm_model_get_info(r->d->model, &info);
  if (o->log_scale || gm__yaml_find(n, "loq"))
    return gm__yaml_fail(n, NULL, GM_EPARSE, "counts have no `scale: log` and no `loq`");
  if (o->count == GM_COUNT_BINOMIAL && !(info.flags & GM_MODEL_STOCHASTIC))
    return gm__yaml_fail(n, "error", GM_EUNSUPPORTED,
                         "binomial counts are of whole numbers, which only a model that moves by "
                         "chance has; poisson is expected here");
  return GM_OK;
}

static gm_status normal_read(gm_def *r, const gm_yaml *e, gm_observable *o, const gm_def_unit *unit)
{
  static const char *const form[] = {"root-sum-square", "sum"};
  const gm_yaml *n;
  int32_t which = 0;
  gm_def_unit one = {0};
  gm_status s = gm__def_model_unit(r, "1", &one);
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
  o->form = which ? GM_ERROR_SUM : GM_ERROR_ROOT_SUM_SQUARE;
  return s;
}

static gm_status error_read(gm_def *r, const gm_yaml *e, gm_observable *o, const gm_def_unit *unit)
{
  gm_status s = gm__def_map(e, GM_DEF_ERROR);
  if (s) return s;
  if (gm__yaml_find(e, "counts")) return counts_read(e, o);
  const gm_yaml *n = one_of(e, "share", "size", NULL);
  if (n) return gm__yaml_fail(n, NULL, GM_EPARSE, "is of `counts`");
  s = normal_read(r, e, o, unit);
  if (!s && !(o->additive > 0 || o->proportional > 0))
    s = gm__yaml_fail(e, NULL, GM_ERANGE,
                      "no measurement is exact; `additive` or "
                      "`proportional` above 0 is expected (or `error: none` "
                      "for what is never measured)");
  return s;
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
  if (!s && o->count) s = counts_check(r, n, o);
  return s ? s : limit_read(r, n, o, &r->observable[i]);
}

/* Row of the model's outputs. An output of a file has the unit that the file states. */
static gm_status output_find(gm_def *r, const gm_yaml *n, int32_t i)
{
  gm_observable *o = &r->d->observable[i];
  const gm_model *m = r->d->model;
  o->output = gm_model_find(m, GM_TABLE_OUTPUT, of_text(r) ? o->name : o->is);
  if (o->output < 0) return gm__yaml_fail(n, NULL, GM_EINTERNAL, "the model has no such output");
  if (of_text(r)) return GM_OK;
  int32_t count = 0;
  const char *unit = gm_model_table(m, GM_TABLE_OUTPUT, &count)[o->output].unit;
  gm_def_unit own = {0};
  double factor = 1;
  gm_status s = gm__def_model_unit(r, unit, &own);
  if (s) return gm__yaml_fail_at(n, "is", s);
  if (own.code) s = gm__def_factor(r, n, &own, &r->observable[i], NULL, &factor);
  if (!s && factor != 1)
    s = gm__yaml_fail(n, "unit", GM_EUNIT, "%.80s in the model; the same unit is expected", unit);
  return s;
}

gm_status gm__def_read_errors(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *n = gm__yaml_find(r->root, "observables")->first;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->observable_count && !s; i++, n = n->next) {
    s = output_find(r, n, i);
    if (!s) s = measuring_read(r, n, i);
  }
  return s;
}
