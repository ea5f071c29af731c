/* fact.c - facts as records' bodies, and their values in the definition's units. */
#include "gemel/fact.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/number.h"
#include <math.h>
#include <string.h>

enum { COVARIATES_MAX = 200 };

/* ---- values ---------------------------------------------------------------------------------- */
/* What the definition says of a series. */
typedef struct {
  const char *unit;
  double molar_mass;
  const gm_covariate *covariate; /* with levels, else NULL */
} series;

static gm_status series_find(gm_ctx *ctx, const gm_definition *d, const gm_fact *f, series *out)
{
  int32_t i = -1;
  *out = (series){0};
  if (f->kind == GM_RECORD_OBSERVATION && (i = gm_definition_observable(d, f->series)) >= 0)
    *out = (series){d->observable[i].unit, d->observable[i].coding.molar_mass_g_per_mol, NULL};
  if (f->kind == GM_RECORD_COVARIATE && (i = gm_definition_covariate(d, f->series)) >= 0) {
    const gm_covariate *c = &d->covariate[i];
    *out = (series){c->unit, c->coding.molar_mass_g_per_mol, c->level_count ? c : NULL};
  }
  bool dose =
      f->kind == GM_RECORD_GIVEN || f->kind == GM_RECORD_ORDERED || f->kind == GM_RECORD_REPORTED;
  if (dose && (i = gm_definition_input(d, f->series)) >= 0)
    *out = (series){d->input[i].unit, d->input[i].coding.molar_mass_g_per_mol, NULL};
  return i >= 0 ? GM_OK
                : gm_fail(ctx, GM_ENOTFOUND, "'%.80s' is no %s of the definition", f->series,
                          dose                               ? "input"
                          : f->kind == GM_RECORD_OBSERVATION ? "observable"
                                                             : "covariate");
}

static gm_status level_find(gm_ctx *ctx, const gm_covariate *c, const char *value, double *out)
{
  for (int32_t i = 0; i < c->level_count; i++)
    if (!strcmp(c->level[i], value)) {
      *out = i;
      return GM_OK;
    }
  return gm_fail(ctx, GM_ENOTFOUND, "%.80s: a level that the definition does not have", c->name);
}

/* mg/h for some hours, where an amount is wanted. */
static gm_status rate_convert(gm_ctx *ctx, const gm_fact *f, const series *s, const gm_unit *from,
                              const gm_unit *to, double *out)
{
  gm_unit second, amount;
  gm_status st = gm_unit_parse(ctx, "s", &second);
  if (!st) st = gm_unit_multiply(ctx, from, &second, &amount);
  if (!st) st = gm_unit_convert_substance(ctx, &amount, to, s->molar_mass, *out, out);
  if (!st) *out *= f->duration_s;
  return st;
}

static gm_status convert(gm_ctx *ctx, const gm_fact *f, const series *s, double *out)
{
  gm_unit from, to;
  if (!f->unit[0])
    return gm_fail(ctx, GM_EUNIT, "%.80s: no unit; one that converts to %s is expected", f->series,
                   s->unit);
  gm_status st = gm_unit_parse(ctx, f->unit, &from);
  if (!st) st = gm_unit_parse(ctx, s->unit, &to);
  if (!st) st = gm_unit_convert_substance(ctx, &from, &to, s->molar_mass, *out, out);
  if (st == GM_EDOMAIN || st == GM_ERANGE) { /* those messages would hold the value */
    gm_message_clear(ctx);
    return gm_fail(ctx, st, "a number that its unit's scale does not have");
  }
  if (st != GM_EUNIT || !(f->duration_s > 0) || f->kind == GM_RECORD_OBSERVATION) return st;
  gm_message_clear(ctx);
  return rate_convert(ctx, f, s, &from, &to, out);
}

/* ---- what cannot be ---------------------------------------------------------------------------
 * One fact that no model can take would stop the whole twin; it is refused where it comes in. */
static gm_status observation_check(gm_ctx *ctx, const gm_definition *d, const gm_fact *f, double v)
{
  const gm_observable *o = &d->observable[gm_definition_observable(d, f->series)];
  bool below = isfinite(o->loq) && (v < o->loq || (o->censor_zero && v <= 0));
  if (o->log_scale && !(v > 0) && !below)
    return gm_fail(ctx, GM_ERANGE, "%.80s: not above 0, on a logarithmic scale", o->name);
  if (o->count && (!(v >= 0) || v != rint(v)))
    return gm_fail(ctx, GM_ERANGE, "%.80s: a whole number >= 0 is expected of counts", o->name);
  return GM_OK;
}

static gm_status dose_check(gm_ctx *ctx, const gm_fact *f, double v)
{
  if (!(v >= 0)) return gm_fail(ctx, GM_ERANGE, "%.80s: below 0, an amount is expected", f->series);
  return f->duration_s >= 0 && isfinite(f->duration_s)
             ? GM_OK
             : gm_fail(ctx, GM_ERANGE, "%.80s: a duration that is none", f->series);
}

static double usual(const gm_covariate *c)
{
  if (!isnan(c->fallback)) return c->fallback;
  if (isfinite(c->lower) && isfinite(c->upper)) return 0.5 * (c->lower + c->upper);
  return c->level_count ? 0 : 1;
}

/* Has every parameter a typical value that its spread allows? argument: covariates, then 1. */
static bool typical_good(const gm_definition *d, const double *argument)
{
  for (int32_t i = 0; i < d->parameter_count; i++) {
    const gm_def_parameter *p = &d->parameter[i];
    double v = gm_expr_eval(p->typical, argument);
    if (p->covariate) v *= gm_expr_eval(p->covariate, argument);
    if (!isfinite(v) || (p->spread == GM_SPREAD_LOGNORMAL && !(v > 0)) ||
        (p->spread == GM_SPREAD_LOGIT && !(v > 0 && v < 1)))
      return false;
  }
  return true;
}

/* With the others at usual values: a weight of 0 makes a clearance of 0. */
static gm_status covariate_check(gm_ctx *ctx, const gm_definition *d, const gm_fact *f, double v)
{
  double argument[COVARIATES_MAX + 1];
  int32_t at = gm_definition_covariate(d, f->series);
  if (!isfinite(v)) return gm_fail(ctx, GM_ERANGE, "%.80s: not a finite number", f->series);
  if (d->covariate_count > COVARIATES_MAX) return GM_OK;
  for (int32_t i = 0; i < d->covariate_count; i++) argument[i] = usual(&d->covariate[i]);
  argument[d->covariate_count] = 1; /* occasion */
  bool sane = typical_good(d, argument);
  argument[at] = v;
  return !sane || typical_good(d, argument)
             ? GM_OK
             : gm_fail(ctx, GM_ERANGE, "%.80s: a value with which a parameter has no typical value",
                       f->series);
}

static gm_status value_check(gm_ctx *ctx, const gm_definition *d, const gm_fact *f, double v)
{
  if (f->kind == GM_RECORD_OBSERVATION) return observation_check(ctx, d, f, v);
  if (f->kind == GM_RECORD_COVARIATE) return covariate_check(ctx, d, f, v);
  return dose_check(ctx, f, v);
}

gm_status gm_fact_value(gm_ctx *ctx, const gm_definition *d, const gm_fact *f, double *out)
{
  series s;
  double v = 0;
  gm_status st = series_find(ctx, d, f, &s);
  if (st) return st;
  if (s.covariate) return level_find(ctx, s.covariate, f->value, out);
  if (!gm__number_parse(f->value, &v))
    return gm_fail(ctx, GM_EPARSE, "%.80s: not a decimal number", f->series);
  bool bare = !f->unit[0] && !strcmp(s.unit, "1");
  if (!bare && strcmp(f->unit, s.unit) != 0) st = convert(ctx, f, &s, &v);
  if (st) return gm_fail_at(ctx, st, "%.80s", f->series);
  st = value_check(ctx, d, f, v);
  if (st) return st;
  *out = v;
  return GM_OK;
}

/* ---- bodies ---------------------------------------------------------------------------------- */
gm_status gm_fact_body(gm_ctx *ctx, const gm_fact *f, gm_text *out)
{
  gm_json_writer w;
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "value", f->value);
  if (f->unit[0]) gm_json_write_text(&w, "unit", f->unit);
  if (f->duration_s > 0) gm_json_write_number(&w, "duration_s", f->duration_s);
  if (f->censored) gm_json_write_text(&w, "limit", f->censored > 0 ? "below" : "above");
  if (f->withdrawn) gm_json_write_bool(&w, "withdrawn", true);
  if (f->code[0]) gm_json_write_text(&w, "code", f->code);
  if (f->subject[0]) gm_json_write_text(&w, "subject", f->subject);
  gm_json_write_object_end(&w);
  return out->status ? gm_fail(ctx, out->status, "writing a record") : GM_OK;
}

static const char *text_of(const gm_json *root, const char *key)
{
  const gm_json *n = gm__json_find(root, key);
  return n && n->kind == GM_JSON_TEXT ? n->text : "";
}

gm_status gm_fact_read(gm_ctx *ctx, const gm_record_found *r, gm_arena *memory, gm_fact *out)
{
  gm_json_options options = {.name = "record"};
  gm_json *root = NULL;
  gm_status st = gm__json_parse(ctx, memory, &options, r->body, r->bytes, &root);
  if (!st && root->kind != GM_JSON_OBJECT)
    st = gm_fail(ctx, GM_EPARSE, "record %lld: an object is expected", (long long)r->seq);
  if (st) return st;
  const gm_json *duration = gm__json_find(root, "duration_s");
  const gm_json *withdrawn = gm__json_find(root, "withdrawn");
  const char *limit = text_of(root, "limit");
  *out = (gm_fact){.kind = r->kind,
                   .subject = text_of(root, "subject"),
                   .series = r->series,
                   .t_true_s = r->t_true_s,
                   .value = text_of(root, "value"),
                   .unit = text_of(root, "unit"),
                   .censored = (int8_t)(limit[0] == 'b'   ? 1
                                        : limit[0] == 'a' ? -1
                                                          : 0),
                   .withdrawn = withdrawn && withdrawn->kind == GM_JSON_TRUE,
                   .data_class = r->data_class,
                   .licence = r->licence,
                   .source = r->source,
                   .id = r->id,
                   .version = r->version,
                   .code = text_of(root, "code")};
  if (duration) st = gm__json_double(duration, &out->duration_s);
  return st ? gm_fail_at(ctx, st, "record %lld", (long long)r->seq) : GM_OK;
}
