/* prior.c - a learned prior: whose effects it is of, kept as JSON, put into a definition. */
#include "gemel/prior.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "gemel/bank.h"
#include "num/linalg.h"
#include "twin/prior_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { ETA_MAX = 200 };

static const char *const law_name[] = {"none", "lognormal", "normal", "logit"};
enum { LAWS = sizeof law_name / sizeof law_name[0] };

/* ---- making ---------------------------------------------------------------------------------- */
void gm_prior_free(gm_prior *p)
{
  if (p) gm_arena_free(p->memory); /* it lies there itself */
}

gm_prior *gm__prior_new(gm_ctx *ctx, int32_t eta_count)
{
  gm_arena *memory = NULL;
  if (gm_arena_new(ctx, 4096, &memory)) return NULL;
  ptrdiff_t k = eta_count;
  gm_prior *p = gm_arena_get(memory, 1, sizeof *p);
  gm_prior_effect *effect = gm_arena_get(memory, k, sizeof *effect);
  double *number = gm_arena_get(memory, k * k + 2 * k, sizeof *number);
  if (!p || !effect || !number) {
    gm_arena_free(memory);
    return NULL;
  }
  for (int32_t i = 0; i < eta_count; i++)
    effect[i] = (gm_prior_effect){.name = "", .unit = "", .typical = NAN};
  *p = (gm_prior){.eta_count = eta_count,
                  .effect = effect,
                  .mean = number,
                  .mean_error = number + k,
                  .omega = number + 2 * k,
                  .definition = "",
                  .model = "",
                  .memory = memory};
  return p;
}

static gm_status keep(gm_ctx *ctx, gm_prior *p, const char *text, const char **out)
{
  size_t bytes = strlen(text) + 1;
  char *t = gm_arena_get(p->memory, (ptrdiff_t)bytes, 1);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "prior");
  memcpy(t, text, bytes);
  *out = t;
  return GM_OK;
}

/* The parameter of each effect; NULL: none. */
static const gm_def_parameter *parameter_of(const gm_definition *d, int32_t eta)
{
  for (int32_t i = 0; i < d->parameter_count; i++)
    if (d->parameter[i].eta == eta) return &d->parameter[i];
  return NULL;
}

/* argument: a 1 for each covariate, and one more. */
static double typical_of(const gm_def_parameter *p, const double *argument)
{
  double v = gm_expr_eval(p->typical, argument);
  if (p->covariate) v *= gm_expr_eval(p->covariate, argument);
  return isfinite(v) ? v : NAN;
}

static gm_status ones_make(gm_ctx *ctx, const gm_definition *d, double **out)
{
  *out = gm_alloc(ctx, d->covariate_count + 1, sizeof **out);
  if (!*out) return gm_fail(ctx, GM_ENOMEM, "prior");
  for (int32_t i = 0; i <= d->covariate_count; i++) (*out)[i] = 1;
  return GM_OK;
}

gm_status gm__prior_describe(gm_ctx *ctx, gm_prior *p, const gm_definition *d,
                             const char *definition, const char *model)
{
  double *one = NULL;
  gm_status st = ones_make(ctx, d, &one);
  if (!st) st = keep(ctx, p, definition, &p->definition);
  if (!st) st = keep(ctx, p, model, &p->model);
  for (int32_t i = 0; i < p->eta_count && !st; i++) {
    const gm_def_parameter *of = parameter_of(d, i);
    if (!of) continue;
    p->effect[i].law = of->spread;
    p->effect[i].typical = typical_of(of, one);
    st = keep(ctx, p, of->name, &p->effect[i].name);
    if (!st) st = keep(ctx, p, of->unit, &p->effect[i].unit);
  }
  gm_free(one);
  return st;
}

/* ---- writing --------------------------------------------------------------------------------- */
static void effects_write(gm_json_writer *w, const gm_prior *p)
{
  gm_json_write_array(w, "effects");
  for (int32_t i = 0; i < p->eta_count; i++) {
    const gm_prior_effect *e = &p->effect[i];
    gm_json_write_object(w, NULL);
    gm_json_write_text(w, "name", e->name);
    gm_json_write_text(w, "unit", e->unit);
    gm_json_write_text(w, "law", law_name[e->law]);
    gm_json_write_number(w, "typical", e->typical);
    gm_json_write_object_end(w);
  }
  gm_json_write_array_end(w);
}

void gm_prior_write(const gm_prior *p, gm_text *out)
{
  gm_json_writer w;
  int32_t k = p->eta_count;
  gm_json_write_begin(&w, out, 1);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "gemel", "prior of random effects");
  gm_json_write_text(&w, "definition", p->definition);
  gm_json_write_text(&w, "model", p->model);
  gm_json_write_int(&w, "twins", p->twins);
  gm_json_write_int(&w, "subjects", p->subjects);
  gm_json_write_int(&w, "other", p->other);
  gm_json_write_int(&w, "iterations", p->iterations);
  gm_json_write_number(&w, "ess_least", p->ess_least);
  gm_json_write_bool(&w, "converged", p->converged);
  gm_json_write_bool(&w, "unconverged_ok", p->unconverged_ok);
  gm_json_write_bool(&w, "other_files_ok", p->other_files_ok);
  effects_write(&w, p);
  gm_json_write_numbers(&w, "mean", k, p->mean);
  gm_json_write_numbers(&w, "mean_error", k, p->mean_error);
  gm_json_write_numbers(&w, "omega", k * k, p->omega);
  gm_json_write_object_end(&w);
}

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status find(const gm_json *root, const char *key, const gm_json **out)
{
  *out = gm__json_find(root, key);
  return *out ? GM_OK : gm__json_node_fail(root, GM_EPARSE, "`%s` is missing", key);
}

/* null is NaN where that may be. */
static gm_status number_read(const gm_json *n, bool maybe, double *out)
{
  if (maybe && n->kind == GM_JSON_NULL) {
    *out = NAN;
    return GM_OK;
  }
  gm_status st = gm__json_double(n, out);
  return st == GM_EINVAL ? gm__json_node_fail(n, GM_EPARSE, "a number is expected") : st;
}

static gm_status numbers_read(const gm_json *root, const char *key, int32_t n, bool maybe,
                              double *out)
{
  const gm_json *a;
  gm_status st = find(root, key, &a);
  if (st) return st;
  if (a->kind != GM_JSON_ARRAY || a->count != n)
    return gm__json_node_fail(a, GM_EPARSE, "%d numbers are expected", (int)n);
  const gm_json *v = a->first;
  for (int32_t i = 0; i < n && !st; i++, v = v->next) st = number_read(v, maybe, &out[i]);
  return st;
}

static gm_status count_read(const gm_json *root, const char *key, int32_t *out)
{
  int64_t v = 0;
  const gm_json *n;
  gm_status st = find(root, key, &n);
  if (st) return st;
  if (gm__json_int(n, &v) || v < 0 || v > INT32_MAX)
    return gm__json_node_fail(n, GM_EPARSE, "a count is expected");
  *out = (int32_t)v;
  return GM_OK;
}

static gm_status bool_read(const gm_json *root, const char *key, bool *out)
{
  const gm_json *n;
  gm_status st = find(root, key, &n);
  if (st) return st;
  *out = n->kind == GM_JSON_TRUE;
  return *out || n->kind == GM_JSON_FALSE
             ? GM_OK
             : gm__json_node_fail(n, GM_EPARSE, "true or false is expected");
}

static gm_status text_read(gm_ctx *ctx, gm_prior *p, const gm_json *root, const char *key,
                           const char **out)
{
  const gm_json *n;
  gm_status st = find(root, key, &n);
  if (st) return st;
  if (n->kind != GM_JSON_TEXT) return gm__json_node_fail(n, GM_EPARSE, "a text is expected");
  return keep(ctx, p, n->text, out);
}

static gm_status law_read(gm_ctx *ctx, gm_prior *p, const gm_json *root, gm_spread *out)
{
  const char *text = NULL;
  gm_status st = text_read(ctx, p, root, "law", &text);
  if (st) return st;
  for (int32_t i = 0; i < LAWS; i++)
    if (!strcmp(text, law_name[i])) {
      *out = (gm_spread)i;
      return GM_OK;
    }
  return gm__json_node_fail(root, GM_EPARSE, "`law`: lognormal, normal or logit is expected");
}

static gm_status effects_read(gm_ctx *ctx, gm_prior *p, const gm_json *root)
{
  const gm_json *a, *typical;
  gm_status st = find(root, "effects", &a);
  if (st) return st;
  if (a->kind != GM_JSON_ARRAY || a->count != p->eta_count)
    return gm__json_node_fail(a, GM_EPARSE, "%d effects are expected", (int)p->eta_count);
  const gm_json *v = a->first;
  for (int32_t i = 0; i < p->eta_count && !st; i++, v = v->next) {
    gm_prior_effect *e = &p->effect[i];
    st = text_read(ctx, p, v, "name", &e->name);
    if (!st) st = text_read(ctx, p, v, "unit", &e->unit);
    if (!st) st = law_read(ctx, p, v, &e->law);
    if (!st) st = find(v, "typical", &typical);
    if (!st) st = number_read(typical, true, &e->typical);
  }
  return st;
}

static gm_status marks_read(const gm_json *root, gm_prior *p)
{
  gm_status st = bool_read(root, "converged", &p->converged);
  if (!st) st = bool_read(root, "unconverged_ok", &p->unconverged_ok);
  bool said = gm__json_find(root, "other_files_ok") != NULL; /* priors of before do not say it */
  return st || !said ? st : bool_read(root, "other_files_ok", &p->other_files_ok);
}

static gm_status all_read(gm_ctx *ctx, gm_prior *p, const gm_json *root)
{
  int32_t k = p->eta_count;
  const gm_json *ess;
  gm_status st = effects_read(ctx, p, root);
  if (!st) st = text_read(ctx, p, root, "definition", &p->definition);
  if (!st) st = text_read(ctx, p, root, "model", &p->model);
  if (!st) st = numbers_read(root, "mean", k, false, p->mean);
  if (!st) st = numbers_read(root, "mean_error", k, true, p->mean_error);
  if (!st) st = numbers_read(root, "omega", k * k, false, p->omega);
  if (!st) st = count_read(root, "twins", &p->twins);
  if (!st) st = count_read(root, "subjects", &p->subjects);
  if (!st) st = count_read(root, "other", &p->other);
  if (!st) st = count_read(root, "iterations", &p->iterations);
  if (!st) st = find(root, "ess_least", &ess);
  if (!st) st = number_read(ess, true, &p->ess_least);
  return st ? st : marks_read(root, p);
}

static gm_status tree_read(gm_ctx *ctx, const gm_json *root, gm_prior **out)
{
  const gm_json *mean = gm__json_find(root, "mean");
  if (!mean || mean->kind != GM_JSON_ARRAY || mean->count < 1 || mean->count > ETA_MAX)
    return gm_fail(ctx, GM_EPARSE, "%s: no learned prior", root->doc->name);
  gm_prior *p = gm__prior_new(ctx, mean->count);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "prior");
  gm_status st = all_read(ctx, p, root);
  if (st)
    gm_prior_free(p);
  else
    *out = p;
  return st;
}

gm_status gm_prior_read(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                        gm_prior **out)
{
  assert(ctx && name && text && out);
  gm_json_options o = {.name = name};
  gm_json *root = NULL;
  gm_arena *memory = NULL;
  gm_status st = gm_arena_new(ctx, 4096, &memory);
  if (!st) st = gm__json_parse(ctx, memory, &o, text, bytes, &root);
  if (!st) st = tree_read(ctx, root, out);
  gm_arena_free(memory);
  return st;
}

/* ---- applying -------------------------------------------------------------------------------- */
static gm_status effect_check(gm_ctx *ctx, const gm_prior_effect *e, const gm_def_parameter *of,
                              const double *one)
{
  const char *name = of ? of->name : "";
  if (strcmp(e->name, name) != 0)
    return gm_fail(ctx, GM_EINVAL, "the prior was learned of %s where the definition has %s",
                   e->name, name);
  if (of && (e->law != of->spread || strcmp(e->unit, of->unit) != 0))
    return gm_fail(ctx, GM_EINVAL,
                   "the prior was learned of a %s %s in %s; the definition's is %s in %s",
                   law_name[e->law], name, e->unit, law_name[of->spread], of->unit);
  double typical = of ? typical_of(of, one) : NAN;
  bool same = typical == e->typical || (isnan(typical) && isnan(e->typical));
  return same ? GM_OK
              : gm_fail(ctx, GM_EINVAL,
                        "the prior was learned about another typical %s (%g) than the "
                        "definition's (%g)",
                        name, e->typical, typical);
}

static gm_status effects_check(gm_ctx *ctx, const gm_prior *p, const gm_definition *d)
{
  double *one = NULL;
  if (p->eta_count != d->eta_count)
    return gm_fail(ctx, GM_EINVAL, "a prior of %d random effects; the definition has %d",
                   (int)p->eta_count, (int)d->eta_count);
  gm_status st = ones_make(ctx, d, &one);
  for (int32_t i = 0; i < p->eta_count && !st; i++)
    st = effect_check(ctx, &p->effect[i], parameter_of(d, i), one);
  gm_free(one);
  return st;
}

static gm_status omega_check(gm_ctx *ctx, const gm_prior *p)
{
  int32_t k = p->eta_count;
  bool same = true;
  for (int32_t i = 0; i < k * k; i++) same &= p->omega[i] == p->omega[i % k * k + i / k];
  double *factor = gm_alloc(ctx, (ptrdiff_t)k * k, sizeof *factor);
  if (!factor) return gm_fail(ctx, GM_ENOMEM, "prior");
  bool fits = same && gm__la_cholesky(k, p->omega, factor) == 0;
  gm_free(factor);
  return fits ? GM_OK : gm_fail(ctx, GM_EINVAL, "the prior's `omega` is no covariance");
}

/* NULL: not asked. */
static gm_status file_check(gm_ctx *ctx, const gm_prior *p, const char *what, const char *was,
                            const char *is)
{
  if (!is || p->other_files_ok || !strcmp(was, is)) return GM_OK;
  return gm_fail(
      ctx, GM_EINVAL,
      "the prior was learned under another file of the %s (%.12s) than this one (%.12s); "
      "`other_files_ok` takes it even so",
      what, was, is);
}

gm_status gm_prior_apply(gm_ctx *ctx, const gm_prior *p, const char *definition, const char *model,
                         gm_definition *d)
{
  assert(ctx && p && d);
  size_t k = (size_t)d->eta_count;
  gm_status st = effects_check(ctx, p, d);
  if (!st) st = file_check(ctx, p, "definition", p->definition, definition);
  if (!st) st = file_check(ctx, p, "model", p->model, model);
  if (!st && p->subjects < GM_BANK_LEAST)
    st = gm_fail(ctx, GM_EDENIED, "a prior learned of %d subjects; at least %d are expected",
                 (int)p->subjects, GM_BANK_LEAST);
  if (!st && !p->converged && !p->unconverged_ok)
    st = gm_fail(ctx, GM_EINVAL,
                 "learning this prior had not come to an end (`converged`; `unconverged_ok` takes "
                 "it even so)");
  if (!st) st = omega_check(ctx, p);
  if (st) return st;
  double *mean = gm_arena_get(d->memory, d->eta_count, sizeof *mean);
  if (!mean) return gm_fail(ctx, GM_ENOMEM, "prior");
  memcpy(mean, p->mean, k * sizeof *mean);
  memcpy(d->omega, p->omega, k * k * sizeof *d->omega);
  d->eta_mean = mean;
  return GM_OK;
}
