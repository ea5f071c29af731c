/* definition_parameters.c - the subject's covariates, the parameters and how they vary between
 * subjects and occasions. */
#include "num/linalg.h"
#include "base/number.h"
#include "twin/definition_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EFFECT_MAX = 200, COVARIATE_MAX = 200 };

/* ---- covariates ------------------------------------------------------------------------------ */
static int32_t level_find(const gm_covariate *c, const char *name)
{
  for (int32_t i = 0; i < c->level_count; i++)
    if (!strcmp(c->level[i], name)) return i;
  return -1;
}

static gm_status levels_read(gm_def *r, const gm_yaml *map, const gm_yaml *list, gm_covariate *c)
{
  static const char *const number_only[] = {"unit", "range"};
  for (size_t i = 0; i < 2; i++) {
    const gm_yaml *n = gm__yaml_find(map, number_only[i]);
    if (n) return gm__yaml_fail(n, NULL, GM_EPARSE, "not together with `levels`");
  }
  gm_status s = gm__def_list(list);
  if (!s && list->count < 2)
    s = gm__yaml_fail(list, NULL, GM_EPARSE, "one level; at least two are expected");
  if (!s) s = gm__def_get(r, list->count, sizeof *c->level, &c->level);
  if (!s) s = gm__def_keep(r, "", &c->unit);
  for (const gm_yaml *n = list->first; n && !s; n = n->next) {
    char *name = NULL;
    s = gm__def_text(r, n, &name);
    if (!s && level_find(c, name) >= 0)
      s = gm__yaml_fail(n, NULL, GM_EPARSE, "'%.80s' is there twice", name);
    if (!s) c->level[c->level_count++] = name;
  }
  return s;
}

static gm_status range_read(gm_def *r, const gm_yaml *n, gm_covariate *c, const gm_def_unit *unit)
{
  gm_status s = gm__def_list(n);
  if (!s && n->count != 2)
    s = gm__yaml_fail(n, NULL, GM_EPARSE, "a list of %d; [lowest, highest] is expected",
                      (int)n->count);
  if (!s) s = gm__def_amount(r, n->first, unit, GM_DEF_BARE | GM_DEF_POINT, &c->lower);
  if (!s) s = gm__def_amount(r, n->last, unit, GM_DEF_BARE | GM_DEF_POINT, &c->upper);
  if (!s && !(c->lower < c->upper))
    s = gm__yaml_fail(n, NULL, GM_ERANGE, "%g to %g; the lowest comes first", c->lower, c->upper);
  return s;
}

static gm_status fallback_read(gm_def *r, const gm_yaml *n, gm_covariate *c,
                               const gm_def_unit *unit)
{
  if (!c->level_count) {
    gm_status s = gm__def_amount(r, n, unit, GM_DEF_BARE | GM_DEF_POINT, &c->fallback);
    if (!s && !(c->fallback >= c->lower && c->fallback <= c->upper))
      s = gm__yaml_fail(n, NULL, GM_ERANGE, "%g lies outside `range`", c->fallback);
    return s;
  }
  int32_t which = 0;
  gm_status s = gm__def_choice(n, (const char *const *)c->level, c->level_count, &which);
  if (!s) c->fallback = which;
  return s;
}

static gm_status covariate_read(gm_def *r, const gm_yaml *n, gm_covariate *c, gm_def_unit *unit)
{
  *c = (gm_covariate){.lower = -INFINITY, .upper = INFINITY, .fallback = NAN};
  gm_status s = gm__def_name(r, n, true, &c->name);
  if (!s && !strcmp(n->key, "occasion"))
    s = gm__yaml_fail(n, NULL, GM_EPARSE,
                      "`occasion` is the number of the occasion; another name "
                      "is expected");
  if (!s) s = gm__def_map(n, GM_DEF_COVARIATE);
  if (!s) s = gm__def_coding(r, n, &c->coding);
  if (s) return s;
  const gm_yaml *levels = gm__yaml_find(n, "levels"), *v;
  if (levels) {
    s = levels_read(r, n, levels, c);
  } else {
    s = gm__def_unit(r, n, "kg (or `levels`)", unit);
    c->unit = unit->code;
    if (!s && (v = gm__yaml_find(n, "range"))) s = range_read(r, v, c, unit);
  }
  if (!s && (v = gm__yaml_find(n, "default"))) s = fallback_read(r, v, c, unit);
  return s;
}

gm_status gm__def_read_subject(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "subject");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (!s && map->count > COVARIATE_MAX)
    s = gm__yaml_fail(map, NULL, GM_ERANGE, "more than %d covariates", COVARIATE_MAX);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->covariate, &d->covariate);
  if (!s) s = gm__def_get(r, map->count, sizeof *r->covariate, &r->covariate);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t i = d->covariate_count;
    s = covariate_read(r, n, &d->covariate[i], &r->covariate[i]);
    if (!s) d->covariate_count++;
  }
  return s;
}

/* ---- spread ---------------------------------------------------------------------------------- */
static const char *const spread_name[] = {"lognormal", "normal", "logit"};

static gm_status spread_sd(gm_def *r, const gm_yaml *n, gm_spread kind, const gm_def_unit *unit,
                           double *out)
{
  static const uint32_t flags = GM_DEF_BARE | GM_DEF_POSITIVE;
  gm_def_unit one = {0};
  gm_status s = gm__def_model_unit(r, "1", &one);
  if (s) return s;
  const gm_def_unit *in = kind == GM_SPREAD_NORMAL ? unit : &one;
  if (n->kind != GM_YAML_MAP) return gm__def_amount(r, n, in, flags, out);
  gm_yaml *v = NULL;
  s = gm__def_map(n, GM_DEF_VARIANCE);
  if (!s) s = gm__def_need(n, "variance", "a variance", &v);
  if (!s) s = gm__def_number(v, out); /* in the square of the unit */
  if (!s && !(*out > 0))
    s = gm__yaml_fail(v, NULL, GM_ERANGE, "'%.80s'; more than 0 is expected", v->text);
  if (!s) *out = sqrt(*out);
  return s;
}

static gm_status spread_read(gm_def *r, const gm_yaml *n, const gm_def_unit *unit, gm_spread *kind,
                             double *sd)
{
  gm_status s = gm__def_map(n, GM_DEF_SPREAD);
  if (!s && n->count != 1)
    s = gm__yaml_fail(n, NULL, GM_EPARSE, "%d keys; one of lognormal, normal, logit is expected",
                      (int)n->count);
  if (s) return s;
  for (int32_t i = 0; i < 3; i++)
    if (!strcmp(n->first->key, spread_name[i])) *kind = (gm_spread)(GM_SPREAD_LOGNORMAL + i);
  return spread_sd(r, n->first, *kind, unit, sd);
}

static gm_status spreads_check(const gm_yaml *n, const gm_def_parameter *p)
{
  const gm_yaml *between = gm__yaml_find(n, "between-subjects");
  const gm_yaml *occasion = gm__yaml_find(n, "occasion"), *fixed = gm__yaml_find(n, "fixed");
  bool is_fixed = false;
  gm_status s = fixed ? gm__def_bool(fixed, &is_fixed) : GM_OK;
  if (s) return s;
  if (is_fixed && (between || occasion))
    return gm__yaml_fail(fixed, NULL, GM_EPARSE, "a fixed parameter does not vary; leave out `%s`",
                         between ? "between-subjects" : "occasion");
  if (between && occasion && p->spread != p->occasion_spread)
    return gm__yaml_fail(occasion, NULL, GM_EPARSE,
                         "%s, but between subjects it is %s; one kind is expected",
                         spread_name[p->occasion_spread - 1], spread_name[p->spread - 1]);
  return GM_OK;
}

static gm_status spreads_read(gm_def *r, const gm_yaml *n, gm_def_parameter *p,
                              const gm_def_unit *unit)
{
  const gm_yaml *between = gm__yaml_find(n, "between-subjects");
  const gm_yaml *occasion = gm__yaml_find(n, "occasion");
  gm_status s = GM_OK;
  if (between) s = spread_read(r, between, unit, &p->spread, &p->spread_sd);
  if (!s && occasion) s = spread_read(r, occasion, unit, &p->occasion_spread, &p->occasion_sd);
  if (!s) s = spreads_check(n, p);
  if (s) return s;
  if (between) p->eta = r->d->eta_count++;
  if (occasion) p->occasion = r->d->occasion_effect_count++;
  if (occasion && !between) p->spread = p->occasion_spread; /* the formula it varies by */
  return GM_OK;
}

/* ---- formulas over covariates ---------------------------------------------------------------- */
/* Covariates enter as numbers in their stated units, so their units are not checked here: published
 * formulas such as (WT/70)^0.75 have none. */
static gm_status formula(gm_def *r, const gm_yaml *n, const char *text, gm_expr **out)
{
  const gm_definition *d = r->d;
  int32_t count = d->covariate_count;
  const char **name = gm_arena_get(r->work, count + 1, sizeof *name);
  char *where = NULL;
  if (!name) return gm_fail(r->ctx, GM_ENOMEM, "%s: formula", d->path);
  for (int32_t i = 0; i < count; i++) name[i] = d->covariate[i].name;
  name[count] = "occasion";
  gm_status s = gm__def_where(r, n, &where);
  return s ? s : gm_expr_new(r->ctx, text, name, NULL, count + 1, where, out);
}

static gm_status typical_constant(gm_def *r, const gm_yaml *n, gm_def_parameter *p, double v)
{
  char text[GM__NUMBER_TEXT_BYTES];
  if (p->spread == GM_SPREAD_LOGNORMAL && !(v > 0))
    return gm__yaml_fail(n, NULL, GM_ERANGE,
                         "'%.80s' with lognormal spread; more than 0 is "
                         "expected",
                         n->text);
  if (p->spread == GM_SPREAD_LOGIT && !(v > 0 && v < 1))
    return gm__yaml_fail(n, NULL, GM_ERANGE,
                         "'%.80s' with logit spread; a share between 0 and 1 "
                         "is expected",
                         n->text);
  if (p->parameter >= 0) {
    int32_t count = 0;
    const gm_var *row = gm_model_table(r->d->model, GM_TABLE_PARAMETER, &count) + p->parameter;
    double model = v * p->to_model;
    if (!(model >= row->lower && model <= row->upper))
      return gm__yaml_fail(n, NULL, GM_ERANGE, "'%.80s'; the model takes %g to %g %s", n->text,
                           row->lower, row->upper, row->unit);
  }
  return formula(r, n, gm__number_text(v, text), &p->typical);
}

static gm_status typical_read(gm_def *r, const gm_yaml *map, gm_def_parameter *p)
{
  gm_yaml *n = NULL;
  char *text = NULL;
  double v = 0;
  gm_status s = gm__def_need(map, "typical", "a number or a formula over covariates", &n);
  if (!s) s = gm__def_text(r, n, &text);
  if (s) return s;
  int32_t used = gm__number_begin(text, &v);
  if (used == -1 || used == -2 || (used > 0 && !text[used])) {
    s = gm__def_number(n, &v);
    return s ? s : typical_constant(r, n, p, v);
  }
  s = formula(r, n, text, &p->typical);
  if (s != GM_EPARSE || used == 0) return s;
  gm_def_unit unit = {0}; /* is it "0.133 L/h"? Then the formula's message would mislead */
  gm_status q = gm__def_quantity(r, n, &v, &unit);
  if (q == GM_ENOMEM) return q;
  if (q) return formula(r, n, text, &p->typical);
  return gm__yaml_fail(n, NULL, GM_EPARSE,
                       "'%.80s'; a number alone is expected, its unit in `unit`", text);
}

/* ---- parameters ------------------------------------------------------------------------------ */
static gm_status model_link(gm_def *r, const gm_yaml *n, gm_def_parameter *p,
                            const gm_def_unit *unit)
{
  gm_definition *d = r->d;
  int32_t count = 0;
  const gm_var *row = gm_model_table(d->model, GM_TABLE_PARAMETER, &count);
  gm_def_unit to = {0};
  p->to_model = 1;
  p->parameter = gm_model_find(d->model, GM_TABLE_PARAMETER, p->name);
  if (p->parameter < 0) return GM_OK;
  gm_status s = gm__def_model_unit(r, row[p->parameter].unit, &to);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  if (!to.code)
    return gm__yaml_fail(n, NULL, GM_EUNIT,
                         "%.200s states no unit for %s; one that converts to "
                         "%.80s is expected there",
                         d->model_file, p->name, unit->code);
  char whose[200];
  snprintf(whose, sizeof whose, "%s in %.60s", p->name, d->model_file);
  return gm__def_factor(r, gm__yaml_find(n, "unit"), unit, &to, whose, &p->to_model);
}

static gm_status name_check(gm_def *r, const gm_yaml *n)
{
  if (!strcmp(n->key, "occasion") || !strcmp(n->key, "time"))
    return gm__yaml_fail(n, NULL, GM_EPARSE,
                         "`%s` has a meaning of its own; another name is "
                         "expected",
                         n->key);
  if (gm_definition_covariate(r->d, n->key) >= 0)
    return gm__yaml_fail(n, NULL, GM_EPARSE, "a covariate under `subject` has the same name");
  return GM_OK;
}

static gm_status parameter_read(gm_def *r, const gm_yaml *n, gm_def_parameter *p, gm_def_unit *unit)
{
  *p = (gm_def_parameter){.eta = -1, .occasion = -1, .parameter = -1, .to_model = 1};
  gm_status s = gm__def_name(r, n, true, &p->name);
  if (!s) s = name_check(r, n);
  if (!s) s = gm__def_map(n, GM_DEF_PARAMETER);
  if (!s) s = gm__def_unit(r, n, "L/h", unit);
  if (!s) s = gm__def_text_of(r, n, "source", &p->source);
  if (s) return s;
  p->unit = unit->code;
  s = model_link(r, n, p, unit);
  if (!s) s = spreads_read(r, n, p, unit);
  if (!s && p->spread == GM_SPREAD_LOGIT && strcmp(unit->code, "1") != 0)
    s = gm__yaml_fail(gm__yaml_find(n, "unit"), NULL, GM_EUNIT,
                      "%.80s with logit spread; a share has the unit 1", unit->code);
  if (!s) s = typical_read(r, n, p);
  const gm_yaml *factor = gm__yaml_find(n, "covariate");
  char *text = NULL;
  if (!s && factor) s = gm__def_text(r, factor, &text);
  if (!s && factor) s = formula(r, factor, text, &p->covariate);
  return s;
}

gm_status gm__def_read_parameters(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "parameters");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->parameter, &d->parameter);
  if (!s) s = gm__def_get(r, map->count, sizeof *r->parameter, &r->parameter);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t i = d->parameter_count++; /* before: what it holds is freed with the rest */
    s = parameter_read(r, n, &d->parameter[i], &r->parameter[i]);
  }
  return s;
}

/* ---- correlations ---------------------------------------------------------------------------- */
static const gm_def_parameter *of_eta(const gm_definition *d, int32_t eta)
{
  for (int32_t i = 0; i < d->parameter_count; i++)
    if (d->parameter[i].eta == eta) return &d->parameter[i];
  return NULL;
}

static gm_status effect_of(gm_def *r, const gm_yaml *n, int32_t *out)
{
  const gm_definition *d = r->d;
  const char **name = gm_arena_get(r->work, d->eta_count, sizeof *name);
  if (!name) return gm_fail(r->ctx, GM_ENOMEM, "%s: correlations", d->path);
  for (int32_t i = 0; i < d->eta_count; i++) {
    name[i] = of_eta(d, i)->name;
    if (n->kind == GM_YAML_TEXT && !strcmp(name[i], n->text)) {
      *out = i;
      return GM_OK;
    }
  }
  return gm__def_unknown(n, NULL, GM_ENOTFOUND, "a parameter that varies between subjects",
                         n->kind == GM_YAML_TEXT ? n->text : gm__yaml_kind_text(n), name,
                         d->eta_count);
}

/* The two effects of `between: [A, B]`, which c must not have yet. */
static gm_status pair_read(gm_def *r, const gm_yaml *pair, const double *c, int32_t *i, int32_t *j)
{
  gm_status s = gm__def_list(pair);
  if (!s && pair->count != 2)
    s = gm__yaml_fail(pair, NULL, GM_EPARSE, "a list of %d; two names are expected",
                      (int)pair->count);
  if (!s) s = effect_of(r, pair->first, i);
  if (!s) s = effect_of(r, pair->last, j);
  if (s) return s;
  if (*i == *j)
    return gm__yaml_fail(pair, NULL, GM_EPARSE, "the same parameter twice; two are expected");
  if (!isnan(c[*i * r->d->eta_count + *j]))
    return gm__yaml_fail(pair, NULL, GM_EPARSE, "%s and %s were given before", pair->first->text,
                         pair->last->text);
  return GM_OK;
}

static gm_status correlation_read(gm_def *r, const gm_yaml *n, double *c)
{
  int32_t m = r->d->eta_count, i = 0, j = 0;
  gm_yaml *pair = NULL, *is = NULL;
  double v = 0;
  gm_status s = gm__def_map(n, GM_DEF_CORRELATION);
  if (!s) s = gm__def_need(n, "between", "[A, B], two parameters,", &pair);
  if (!s) s = pair_read(r, pair, c, &i, &j);
  if (!s) s = gm__def_need(n, "is", "a number between -1 and 1", &is);
  if (!s) s = gm__def_number(is, &v);
  if (s) return s;
  if (!(v > -1 && v < 1))
    return gm__yaml_fail(is, NULL, GM_ERANGE,
                         "'%.40s' between %s and %s; a number between -1 and 1 is expected",
                         is->text, pair->first->text, pair->last->text);
  c[i * m + j] = c[j * m + i] = v;
  return GM_OK;
}

/* The parameters whose correlations cannot all hold: those up to the pivot that are bound to it. */
static gm_status not_positive(gm_def *r, const gm_yaml *list, const double *c, int32_t pivot)
{
  int32_t m = r->d->eta_count;
  bool *bound = gm_arena_get(r->work, m, sizeof *bound);
  if (!bound) return gm_fail(r->ctx, GM_ENOMEM, "%s: correlations", r->d->path);
  bound[pivot] = true;
  for (int32_t round = 0; round <= pivot; round++)
    for (int32_t i = 0; i <= pivot; i++)
      for (int32_t j = 0; j <= pivot; j++)
        if (bound[i] && c[i * m + j] != 0) bound[j] = true;
  char names[400] = "";
  size_t at = 0;
  for (int32_t i = 0; i <= pivot && at < sizeof names - 110; i++)
    if (bound[i])
      at += (size_t)snprintf(names + at, sizeof names - at, "%s%.90s", at ? ", " : "",
                             of_eta(r->d, i)->name);
  return gm__yaml_fail(list, NULL, GM_ERANGE,
                       "the correlations of %s cannot hold together (their "
                       "matrix is not positive definite)",
                       names);
}

static gm_status matrices_fill(gm_def *r, const gm_yaml *list, double *c)
{
  gm_definition *d = r->d;
  int32_t m = d->eta_count;
  for (int32_t k = 0; k < m * m; k++)
    if (isnan(c[k])) c[k] = k % (m + 1) == 0;
  double *l = gm_arena_get(r->work, (ptrdiff_t)m * m, sizeof *l);
  if (!l) return gm_fail(r->ctx, GM_ENOMEM, "%s: correlations", d->path);
  int32_t bad = m ? gm__la_cholesky(m, c, l) : 0;
  if (bad) return not_positive(r, list, c, bad - 1);
  for (int32_t i = 0; i < m; i++) /* one half, then its mirror: symmetric to the bit */
    for (int32_t j = 0; j <= i; j++)
      d->omega[i * m + j] = d->omega[j * m + i] =
          c[i * m + j] * of_eta(d, i)->spread_sd * of_eta(d, j)->spread_sd;
  for (int32_t i = 0; i < d->parameter_count; i++) {
    const gm_def_parameter *p = &d->parameter[i];
    if (p->occasion >= 0)
      d->occasion_omega[p->occasion * (d->occasion_effect_count + 1)] =
          p->occasion_sd * p->occasion_sd;
  }
  return GM_OK;
}

gm_status gm__def_read_correlations(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *list = gm__yaml_find(r->root, "correlations");
  ptrdiff_t m = d->eta_count, k = d->occasion_effect_count;
  double *c = NULL;
  if (m > EFFECT_MAX || k > EFFECT_MAX)
    return gm__yaml_fail(gm__yaml_find(r->root, "parameters"), NULL, GM_ERANGE,
                         "more than %d parameters vary", EFFECT_MAX);
  gm_status s = gm__def_get(r, m * m, sizeof *d->omega, &d->omega);
  if (!s) s = gm__def_get(r, k * k, sizeof *d->occasion_omega, &d->occasion_omega);
  if (!s) s = gm__def_get(r, m * m, sizeof *c, &c);
  if (!s && list) s = gm__def_list(list);
  if (s) return s;
  for (ptrdiff_t i = 0; i < m * m; i++) c[i] = NAN;
  for (const gm_yaml *n = list ? list->first : NULL; n && !s; n = n->next)
    s = correlation_read(r, n, c);
  return s ? s : matrices_fill(r, list ? list : r->root, c);
}
