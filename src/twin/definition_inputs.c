/* definition_inputs.c - what is given to the subject, and how it comes into the model. */
#include "base/number.h"
#include "twin/definition_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a formula of an input must give: times in the model's unit, a rate in the input's unit by
 * the model's unit of time. */
typedef struct {
  const char *key;
  gm_def_unit unit;
  bool bare; /* a number alone has this unit */
  gm_expr **out;
} wanted;

/* ---- formulas -------------------------------------------------------------------------------- */
/* Over the parameters, then the covariates, all with their units. */
static gm_status compile(gm_def *r, const gm_yaml *n, const char *text, gm_expr **out)
{
  const gm_definition *d = r->d;
  int32_t own = d->parameter_count, count = own + d->covariate_count;
  const char **name = gm_arena_get(r->work, count, sizeof *name);
  const char **unit = gm_arena_get(r->work, count, sizeof *unit);
  char *where = NULL;
  if (!name || !unit) return gm_fail(r->ctx, GM_ENOMEM, "%s: formula", d->path);
  for (int32_t i = 0; i < own; i++) {
    name[i] = d->parameter[i].name;
    unit[i] = d->parameter[i].unit;
  }
  for (int32_t i = own; i < count; i++) {
    const gm_covariate *c = &d->covariate[i - own];
    name[i] = c->name;
    unit[i] = c->level_count ? "1" : c->unit;
  }
  gm_status s = gm__def_where(r, n, &where);
  return s ? s : gm_expr_new(r->ctx, text, name, unit, count, where, out);
}

/* A number and its unit. *is_one false: the text is something else, perhaps a formula. */
static gm_status constant(gm_def *r, const gm_yaml *n, const wanted *w, bool *is_one)
{
  double v = 0;
  gm_def_unit unit = {0};
  char text[GM__NUMBER_TEXT_BYTES];
  int32_t used = gm__number_begin(n->text, &v);
  *is_one = used < 0; /* an error of its own */
  if (used == 0) return GM_OK;
  const char *rest = n->text + (used > 0 ? used : 0);
  while (*rest == ' ') rest++;
  if (used > 0 && *rest) {
    gm_status s = strchr("*/+-^(,", *rest) ? GM_EPARSE : gm__def_quantity(r, n, &v, &unit);
    if (s) return s == GM_ENOMEM ? s : GM_OK;
  }
  *is_one = true;
  uint32_t flags = GM_DEF_NOT_NEGATIVE | (w->bare ? GM_DEF_BARE : 0u);
  gm_status s = gm__def_amount(r, n, &w->unit, flags, &v);
  if (s) return s;
  return compile(r, n, gm__number_text(v, text), w->out);
}

/* The same formula in the unit wanted. */
static gm_status converted(gm_def *r, const gm_yaml *n, const char *text, double factor,
                           gm_expr **out)
{
  char number[GM__NUMBER_TEXT_BYTES];
  size_t bytes = strlen(text) + sizeof number + 8;
  char *longer = gm_arena_get(r->work, (ptrdiff_t)bytes, 1);
  if (!longer) return gm_fail(r->ctx, GM_ENOMEM, "%s: formula", r->d->path);
  snprintf(longer, bytes, "%s * (%s)", gm__number_text(factor, number), text);
  gm_expr_free(*out);
  *out = NULL;
  return compile(r, n, longer, out);
}

static gm_status formula_read(gm_def *r, const gm_yaml *n, const wanted *w)
{
  char *text = NULL;
  bool is_constant = false, known = false;
  gm_status s = gm__def_text(r, n, &text);
  if (!s) s = constant(r, n, w, &is_constant);
  if (s || is_constant) return s;
  s = compile(r, n, text, w->out);
  if (s) return s;
  gm_def_unit unit = {gm_expr_unit(*w->out, &known), NULL};
  if (!known && w->bare) return GM_OK; /* numbers alone: what depends on a name has a unit */
  if (!known)
    return gm__yaml_fail(n, NULL, GM_EUNIT,
                         "the formula has no unit; one that converts to %.80s is "
                         "expected, as in '0.5 h' or a parameter with a unit",
                         w->unit.code);
  char dimension[GM_UNIT_TEXT_BYTES];
  unit.code = (char *)(uintptr_t)gm_unit_dimension_text(&unit.unit, dimension, sizeof dimension);
  double factor = 1;
  s = gm__def_factor(r, n, &unit, &w->unit, NULL, &factor);
  return s || factor == 1 ? s : converted(r, n, text, factor, w->out);
}

/* ---- inputs ---------------------------------------------------------------------------------- */
static gm_status port_find(gm_def *r, const gm_yaml *n, const char *into, int32_t *port)
{
  int32_t count = 0;
  const gm_model *model = r->d->model;
  const gm_var *table = gm_model_table(model, GM_TABLE_INPUT, &count);
  *port = gm_model_find(model, GM_TABLE_INPUT, into);
  if (*port >= 0) return GM_OK;
  const char **name = gm_arena_get(r->work, count, sizeof *name);
  if (!name) return gm_fail(r->ctx, GM_ENOMEM, "%s: inputs", r->d->path);
  for (int32_t i = 0; i < count; i++) name[i] = table[i].name;
  const char *kind = model->type->name;
  bool states = !strcmp(kind, "equations") || !strcmp(kind, "jump");
  return gm__def_unknown(n, NULL, GM_ENOTFOUND,
                         states ? "a state of the model" : "a port of the model", into, name,
                         count);
}

/* The model takes the unit of the state, or where it states none the input's own. */
static gm_status port_unit(gm_def *r, const gm_yaml *n, const gm_var *row, gm_def_input *in,
                           const gm_def_unit *unit)
{
  char whose[200];
  gm_def_unit port = {0};
  gm_status s = gm__def_model_unit(r, row->unit, &port);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  if (!port.code) return GM_OK;
  snprintf(whose, sizeof whose, "%.90s in %.60s", in->into, r->d->model_file);
  return gm__def_factor(r, gm__yaml_find(n, "unit"), unit, &port, whose, &in->to_model);
}

static gm_status rate_unit(gm_def *r, const gm_yaml *n, const gm_def_unit *in, gm_def_unit *out)
{
  char code[2 * GM_UNIT_CODE_BYTES];
  gm_status s = gm_unit_divide(r->ctx, &in->unit, &r->time.unit, &out->unit);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  snprintf(code, sizeof code, "%s/%s", in->code, r->time.code);
  return gm__def_keep(r, code, &out->code);
}

static gm_status effects_read(gm_def *r, const gm_yaml *map, gm_def_input *in,
                              const gm_def_unit *unit)
{
  gm_def_unit one = {0};
  gm_status s = gm__def_model_unit(r, "1", &one);
  wanted w[] = {
      {"lag", r->time, false, &in->lag},
      {"bioavailability", one, true, &in->availability},
      {"duration", r->time, false, &in->duration},
      {"rate", one, false, &in->rate},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0] && !s; i++) {
    const gm_yaml *n = gm__yaml_find(map, w[i].key);
    if (!n) continue;
    if (w[i].out == &in->rate) s = rate_unit(r, n, unit, &w[i].unit);
    if (!s) s = formula_read(r, n, &w[i]);
  }
  return s;
}

static gm_status clears_read(gm_def *r, const gm_yaml *map, gm_def_input *in)
{
  const gm_yaml *n = gm__yaml_find(map, "clears");
  char *state = NULL;
  int32_t port = -1;
  if (!n) return GM_OK;
  gm_status s = gm__def_text(r, n, &state);
  if (!s) s = port_find(r, n, state, &port);
  in->clears = port + 1;
  return s;
}

static gm_status input_read(gm_def *r, const gm_yaml *n, gm_def_input *in, gm_def_unit *unit)
{
  gm_yaml *into = NULL;
  int32_t count;
  const gm_var *row = gm_model_table(r->d->model, GM_TABLE_INPUT, &count);
  *in = (gm_def_input){.port = -1, .to_model = 1};
  gm_status s = gm__def_name(r, n, false, &in->name);
  if (!s) s = gm__def_map(n, GM_DEF_INPUT);
  if (!s) s = gm__def_need(n, "into", "a state of the model", &into);
  if (!s) s = gm__def_text(r, into, &in->into);
  if (!s) s = port_find(r, into, in->into, &in->port);
  if (!s) s = gm__def_unit(r, n, "mg", unit);
  if (!s) s = gm__def_coding(r, n, &in->coding);
  if (s) return s;
  in->unit = unit->code;
  s = port_unit(r, n, row + in->port, in, unit);
  if (!s) s = clears_read(r, n, in);
  return s ? s : effects_read(r, n, in, unit);
}

/* ---- parameters that nothing uses ------------------------------------------------------------ */
static bool input_uses(const gm_def_input *in, int32_t parameter)
{
  const gm_expr *const e[] = {in->lag, in->availability, in->duration, in->rate};
  for (size_t i = 0; i < sizeof e / sizeof e[0]; i++)
    if (e[i] && gm_expr_depends(e[i], parameter)) return true;
  return false;
}

static bool is_used(const gm_definition *d, int32_t parameter)
{
  if (d->parameter[parameter].parameter >= 0) return true;
  for (int32_t i = 0; i < d->input_count; i++)
    if (input_uses(&d->input[i], parameter)) return true;
  return false;
}

static gm_status use_check(gm_def *r)
{
  const gm_definition *d = r->d;
  for (int32_t i = 0; i < d->parameter_count; i++) {
    if (is_used(d, i)) continue;
    int32_t count = 0;
    const gm_var *table = gm_model_table(d->model, GM_TABLE_PARAMETER, &count);
    const gm_yaml *n = gm__yaml_find(gm__yaml_find(r->root, "parameters"), d->parameter[i].name);
    const char **name = gm_arena_get(r->work, count, sizeof *name);
    if (!name) return gm_fail(r->ctx, GM_ENOMEM, "%s: parameters", d->path);
    for (int32_t k = 0; k < count; k++) name[k] = table[k].name;
    return gm__def_unknown(n, NULL, GM_ENOTFOUND, "a parameter of the model, and no input uses it",
                           d->parameter[i].name, name, count);
  }
  return GM_OK;
}

gm_status gm__def_read_inputs(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "inputs");
  if (!map) return use_check(r);
  gm_status s = gm__def_map(map, -1);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->input, &d->input);
  if (!s) s = gm__def_get(r, map->count, sizeof *r->input, &r->input);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t i = d->input_count++; /* before: what it holds is freed with the rest */
    s = input_read(r, n, &d->input[i], &r->input[i]);
  }
  return s ? s : use_check(r);
}
