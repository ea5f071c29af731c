/* definition_quality.c - `quality` of an observable: what its data are checked by, brought into the
 * observable's unit and hours. The rules themselves are those of gemel/quality.h. */
#include "twin/definition_internal.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 32 };

typedef struct {
  gm_def *r;
  const gm_def_unit *unit; /* the observable's */
  double molar_mass;
  gm_quality_rules *rules;
} reading;

/* ---- quantities ------------------------------------------------------------------------------ */
/* A point on the observable's scale; mass and amount convert where the molar mass is stated. */
static gm_status point_read(const reading *q, const gm_yaml *n, double *out)
{
  gm_def_unit stated = {0};
  double v = 0;
  gm_status s = gm__def_quantity(q->r, n, &v, &stated);
  if (!s && stated.code) {
    s = gm_unit_convert_substance(q->r->ctx, &stated.unit, &q->unit->unit, q->molar_mass, v, &v);
    if (s) return gm__yaml_fail_at(n, NULL, s);
  }
  if (!s) *out = v;
  return s;
}

/* What differences on the observable's scale are counted in: its unit, or of a temperature kelvin,
 * of which *size are one degree. */
static gm_status step_unit(const reading *q, const gm_yaml *n, gm_def_unit *out, double *size)
{
  gm_def_unit kelvin = {0};
  double zero = 0, one = 0;
  *out = *q->unit;
  *size = 1;
  if (!q->unit->unit.special) return GM_OK;
  gm_status s = gm__def_model_unit(q->r, "K", &kelvin);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  if (!gm_unit_same_dimension(&q->unit->unit, &kelvin.unit))
    return gm__yaml_fail(n, NULL, GM_EUNSUPPORTED,
                         "differences on the scale %.80s are not known; leave it out",
                         q->unit->code);
  s = gm_unit_convert(q->r->ctx, &q->unit->unit, &kelvin.unit, 0, &zero);
  if (!s) s = gm_unit_convert(q->r->ctx, &q->unit->unit, &kelvin.unit, 1, &one);
  *out = kelvin;
  *size = one - zero;
  return s;
}

/* A difference (rate: a difference by time, in the observable's unit by hour), more than 0. */
static gm_status step_read(const reading *q, const gm_yaml *n, bool rate, double *out)
{
  gm_def_unit stated = {0}, to = {0}, hour = {0};
  double v = 0, size = 1;
  gm_status s = step_unit(q, n, &to, &size);
  if (!s) s = gm__def_quantity(q->r, n, &v, &stated);
  if (!s && rate && !stated.code)
    s = gm__yaml_fail(n, NULL, GM_EUNIT,
                      "'%.80s' has no unit; an amount by time is expected, as in '2 %.60s/h'",
                      n->text, to.code);
  if (!s && rate) s = gm__def_model_unit(q->r, "h", &hour);
  if (!s && rate) s = gm_unit_divide(q->r->ctx, &to.unit, &hour.unit, &to.unit);
  if (!s && stated.code) {
    s = gm_unit_convert_substance(q->r->ctx, &stated.unit, &to.unit, q->molar_mass, v, &v);
    if (s) return gm__yaml_fail_at(n, NULL, s);
    v /= size;
  }
  if (!s && !(v > 0))
    s = gm__yaml_fail(n, NULL, GM_ERANGE, "'%.80s'; more than 0 is expected", n->text);
  if (!s) *out = v;
  return s;
}

static gm_status hours_read(const reading *q, const gm_yaml *n, double *out)
{
  gm_def_unit hour = {0};
  gm_status s = gm__def_model_unit(q->r, "h", &hour);
  return s ? s : gm__def_amount(q->r, n, &hour, GM_DEF_POSITIVE, out);
}

/* ---- ranges ---------------------------------------------------------------------------------- */
static gm_status end_read(const reading *q, const gm_yaml *n, bool open, double *out)
{
  bool none = open && n->kind == GM_YAML_TEXT && !strcmp(n->text, "none");
  return none ? GM_OK : point_read(q, n, out);
}

/* [lowest, highest]; open: either may be `none`, which leaves it as it was. */
static gm_status range_read(const reading *q, const gm_yaml *map, const char *key, bool open,
                            double *low, double *high)
{
  const gm_yaml *n = gm__yaml_find(map, key);
  if (!n) return GM_OK;
  if (n->kind != GM_YAML_LIST || n->count != 2)
    return gm__yaml_fail(n, NULL, GM_EPARSE, "[lowest, highest]%s is expected",
                         open ? ", `none` for an end that is not limited," : "");
  double a = *low, b = *high;
  gm_status s = end_read(q, n->first, open, &a);
  if (!s) s = end_read(q, n->last, open, &b);
  if (s) return s;
  if (isinf(a) && isinf(b))
    return gm__yaml_fail(n, NULL, GM_EPARSE, "limits nothing; leave it out");
  if (!(a < b)) return gm__yaml_fail(n, NULL, GM_ERANGE, "low %g is not below high %g", a, b);
  *low = a;
  *high = b;
  return GM_OK;
}

static gm_status ranges_read(const reading *q, const gm_yaml *n, const gm_observable *o)
{
  gm_quality_rules *k = q->rules;
  if (isfinite(o->loq)) k->sensor_low = o->loq;
  gm_status s = range_read(q, n, "possible", true, &k->hard_low, &k->hard_high);
  if (!s) s = range_read(q, n, "plausible", true, &k->soft_low, &k->soft_high);
  if (!s) s = range_read(q, n, "sensor", true, &k->sensor_low, &k->sensor_high);
  if (!s) s = range_read(q, n, "typical", false, &k->typical_low, &k->typical_high);
  return s;
}

/* ---- time ------------------------------------------------------------------------------------ */
static gm_status dip_read(const reading *q, const gm_yaml *n)
{
  gm_quality_rules *k = q->rules;
  gm_yaml *depth = NULL, *rate = NULL, *within = NULL;
  const gm_yaml *back = gm__yaml_find(n, "back");
  gm_status s = gm__def_map(n, GM_DEF_DIP);
  if (!s) s = gm__def_need(n, "depth", "how far the value falls", &depth);
  if (!s) s = gm__def_need(n, "rate", "how fast it falls, an amount by time,", &rate);
  if (!s) s = gm__def_need(n, "within", "how soon it is back, such as 2 h,", &within);
  if (!s) s = step_read(q, depth, false, &k->dip_fall);
  if (!s) s = step_read(q, rate, true, &k->dip_fall_per_h);
  if (!s) s = hours_read(q, within, &k->dip_h);
  if (s || !back) return s;
  s = gm__def_share(q->r, back, &k->dip_back);
  if (!s && !(k->dip_back > 0 && k->dip_back <= 1))
    s = gm__yaml_fail(back, NULL, GM_ERANGE, "'%.80s'; above 0 and at most 100 %% is expected",
                      back->text);
  return s;
}

static gm_status rates_read(const reading *q, const gm_yaml *n)
{
  gm_quality_rules *k = q->rules;
  const gm_yaml *v;
  gm_status s = GM_OK;
  if ((v = gm__yaml_find(n, "rise"))) s = step_read(q, v, true, &k->rise_per_h);
  if (!s && (v = gm__yaml_find(n, "fall"))) s = step_read(q, v, true, &k->fall_per_h);
  if (!s && (v = gm__yaml_find(n, "resolution"))) s = step_read(q, v, false, &k->resolution);
  if (!s && (v = gm__yaml_find(n, "every"))) s = hours_read(q, v, &k->usual_h);
  if (!s && (v = gm__yaml_find(n, "gap"))) {
    s = gm__def_number(v, &k->gap_factor);
    if (!s && !(k->gap_factor > 1))
      s = gm__yaml_fail(v, NULL, GM_ERANGE,
                        "'%.80s'; so many usual intervals, above 1, is expected", v->text);
  }
  return !s && (v = gm__yaml_find(n, "dip")) ? dip_read(q, v) : s;
}

/* ---- other units ----------------------------------------------------------------------------- */
/* true value = factor * value read + offset. Logarithmic scales have no such line. */
static gm_status slip_line(const reading *q, const gm_yaml *n, const gm_def_unit *from,
                           gm_quality_unit *out)
{
  gm_ctx *ctx = q->r->ctx;
  gm_def_unit kelvin = {0};
  double zero = 0, one = 0;
  gm_status s = gm__def_model_unit(q->r, "K", &kelvin);
  bool scale = from->unit.special || q->unit->unit.special;
  if (!s && scale && !gm_unit_same_dimension(&from->unit, &kelvin.unit))
    return gm__yaml_fail(n, NULL, GM_EUNSUPPORTED, "a slip between %.60s and %.60s is not known",
                         from->code, q->unit->code);
  const gm_unit *to = &q->unit->unit;
  if (!s && scale) s = gm_unit_convert(ctx, &from->unit, to, 0, &zero);
  if (!s) s = gm_unit_convert_substance(ctx, &from->unit, to, q->molar_mass, 1, &one);
  if (s) return gm__yaml_fail_at(n, NULL, s);
  *out = (gm_quality_unit){one - zero, zero};
  return GM_OK;
}

static gm_status slip_check(const reading *q, const gm_yaml *n, const gm_quality_unit *u)
{
  const gm_quality_rules *k = q->rules;
  if (u->factor == 1 && u->offset == 0)
    return gm__yaml_fail(n, NULL, GM_EPARSE,
                         "values in it are the same as in %.80s; a unit that data may be in by "
                         "mistake is expected",
                         q->unit->code);
  for (int32_t i = 0; i < k->unit_count; i++)
    if (k->unit[i].factor == u->factor && k->unit[i].offset == u->offset)
      return gm__yaml_fail(n, NULL, GM_EPARSE, "the same as another one of the list");
  if (k->unit_count == GM_QUALITY_UNITS)
    return gm__yaml_fail(n, NULL, GM_ERANGE, "at most %d units are expected", GM_QUALITY_UNITS);
  return GM_OK;
}

static gm_status units_read(const reading *q, const gm_yaml *list)
{
  gm_status s = gm__def_list(list);
  for (const gm_yaml *n = list->first; n && !s; n = n->next) {
    char *text = NULL;
    gm_def_unit from = {0};
    gm_quality_unit u = {0};
    s = gm__def_text(q->r, n, &text);
    if (s) return s;
    s = gm__def_model_unit(q->r, text, &from);
    if (s) return gm__yaml_fail_at(n, NULL, s);
    s = slip_line(q, n, &from, &u);
    if (!s) s = slip_check(q, n, &u);
    if (!s) q->rules->unit[q->rules->unit_count++] = u;
  }
  return s;
}

/* ---- weights --------------------------------------------------------------------------------- */
/* "HARD_RANGE" is written hard-range. */
static void reason_text(int32_t i, char *text)
{
  const char *name = gm_quality_reason_name((gm_quality_reason)i);
  size_t n = 0;
  for (; name[n] && n + 1 < REASON_BYTES; n++)
    text[n] = (char)(name[n] == '_' ? '-' : tolower((unsigned char)name[n]));
  text[n] = 0;
}

static gm_status reason_find(const gm_yaml *n, const char *word, int32_t *out)
{
  char text[GM_QUALITY_REASONS][REASON_BYTES];
  const char *name[GM_QUALITY_REASONS];
  for (int32_t i = 0; i < GM_QUALITY_REASONS; i++) {
    reason_text(i, text[i]);
    name[i] = text[i];
    if (strcmp(word, text[i]) != 0) continue;
    *out = i;
    return GM_OK;
  }
  return gm__def_unknown(n, NULL, GM_EPARSE, "a reason", word, name, GM_QUALITY_REASONS);
}

static gm_status weights_read(const reading *q, const gm_yaml *map, uint32_t *said)
{
  gm_status s = gm__def_map(map, -1);
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t i = 0;
    double w = 0;
    s = reason_find(n, n->key, &i);
    if (!s) s = gm__def_share(q->r, n, &w);
    if (!s && w > 1)
      s = gm__yaml_fail(n, NULL, GM_ERANGE, "'%.80s'; 0 (held out) to 1 (as it is) is expected",
                        n->text);
    if (s) return s;
    q->rules->weight[i] = w;
    *said |= GM_QUALITY_BIT(i);
  }
  return s;
}

static gm_status hold_out_read(const reading *q, const gm_yaml *list, uint32_t said)
{
  gm_status s = gm__def_list(list);
  for (const gm_yaml *n = list->first; n && !s; n = n->next) {
    int32_t i = 0;
    char *text = NULL;
    s = gm__def_text(q->r, n, &text);
    if (!s) s = reason_find(n, text, &i);
    if (!s && (said & GM_QUALITY_BIT(i)))
      s = gm__yaml_fail(n, NULL, GM_EPARSE, "'%.80s' has its weight elsewhere; one is expected",
                        text);
    if (s) return s;
    q->rules->weight[i] = 0;
    said |= GM_QUALITY_BIT(i);
  }
  return s;
}

/* ---- the whole ------------------------------------------------------------------------------- */
/* The noise of a measurement as the error model has it. Of a sum of both parts, sqrt(2) times the
 * root of their squares is never less than it; a standard deviation s of the logarithm is a
 * coefficient of variation sqrt(exp(s^2) - 1). That of counts depends on the count: learned. */
static void noise_set(gm_quality_rules *k, const gm_observable *o)
{
  double more = o->form == GM_ERROR_SUM && o->additive > 0 && o->proportional > 0 ? sqrt(2) : 1;
  if (o->count) return;
  if (o->log_scale) {
    k->noise_cv = sqrt(expm1(o->additive * o->additive));
    return;
  }
  k->noise_sd = more * o->additive;
  k->noise_cv = more * o->proportional;
}

/* What is left to check of the rules is what gm_quality_new refuses. */
static gm_status rules_check(const reading *q, const gm_yaml *n)
{
  gm_quality *state = NULL;
  gm_status s = gm_quality_new(q->r->ctx, q->rules, &state);
  gm_quality_free(state);
  return s ? gm__yaml_fail_at(n, NULL, s) : GM_OK;
}

static gm_status quality_read(gm_def *r, const gm_yaml *n, int32_t index)
{
  gm_observable *o = &r->d->observable[index];
  const gm_yaml *v;
  uint32_t said = 0;
  if (!r->measured[index])
    return gm__yaml_fail(n, NULL, GM_EPARSE, "is of what is measured, and `error` is none here");
  reading q = {r, &r->observable[index], o->coding.molar_mass_g_per_mol, NULL};
  gm_status s = gm__def_map(n, GM_DEF_QUALITY);
  if (!s) s = gm__def_get(r, 1, sizeof *q.rules, &q.rules);
  if (s) return s;
  *q.rules = gm_quality_defaults();
  noise_set(q.rules, o);
  s = ranges_read(&q, n, o);
  if (!s) s = rates_read(&q, n);
  if (!s && (v = gm__yaml_find(n, "units"))) s = units_read(&q, v);
  if (!s && (v = gm__yaml_find(n, "weights"))) s = weights_read(&q, v, &said);
  if (!s && (v = gm__yaml_find(n, "hold-out"))) s = hold_out_read(&q, v, said);
  if (!s) s = rules_check(&q, n);
  if (!s) o->quality = q.rules;
  return s;
}

gm_status gm__def_read_quality(gm_def *r)
{
  const gm_yaml *n = gm__yaml_find(r->root, "observables")->first;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < r->d->observable_count && !s; i++, n = n->next) {
    const gm_yaml *quality = gm__yaml_find(n, "quality");
    if (quality) s = quality_read(r, quality, i);
  }
  return s;
}
