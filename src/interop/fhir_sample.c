/* fhir_sample.c - SampledData unrolled (datatypes.html#SampledData). */
#include "base/number.h"
#include "interop/fhir_in.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- decimals -------------------------------------------------------------------------------- */
typedef struct {
  int64_t digits;
  int32_t ten; /* value = digits 10^ten */
} decimal;

static bool digit_add(int64_t *v, char c)
{
  return !__builtin_mul_overflow(*v, (int64_t)10, v) &&
         !__builtin_add_overflow(*v, (int64_t)(c - '0'), v);
}

/* Plain decimals of at most 18 digits; no exponent. */
static bool decimal_read(const char *text, decimal *out)
{
  decimal d = {0};
  const char *p = text;
  bool minus = *p == '-', point = false;
  if (*p == '-' || *p == '+') p++;
  if (*p < '0' || *p > '9') return false;
  for (; *p; p++) {
    if (*p == '.' && !point) {
      point = true;
      continue;
    }
    if (*p < '0' || *p > '9' || !digit_add(&d.digits, *p)) return false;
    d.ten -= point;
  }
  if (minus) d.digits = -d.digits;
  *out = d;
  return true;
}

static bool decimal_shift(decimal *d, int32_t ten)
{
  for (; d->ten > ten; d->ten--)
    if (__builtin_mul_overflow(d->digits, (int64_t)10, &d->digits)) return false;
  return true;
}

/* a b + c. */
static bool decimal_sum(decimal a, decimal b, decimal c, decimal *out)
{
  decimal p = {0, a.ten + b.ten};
  if (__builtin_mul_overflow(a.digits, b.digits, &p.digits)) return false;
  int32_t ten = p.ten < c.ten ? p.ten : c.ten;
  if (!decimal_shift(&p, ten) || !decimal_shift(&c, ten)) return false;
  if (__builtin_add_overflow(p.digits, c.digits, &p.digits)) return false;
  *out = p;
  return p.digits > -1000000000000000000 && p.digits < 1000000000000000000;
}

static void decimal_text(decimal d, char out[32])
{
  char digits[24];
  int32_t point = -d.ten, width = point < 0 ? 1 : point > 17 ? 18 : point + 1;
  bool minus = d.digits < 0;
  snprintf(digits, sizeof digits, "%0*lld", (int)width, (long long)(minus ? -d.digits : d.digits));
  int32_t n = (int32_t)strlen(digits), whole = n - point;
  snprintf(out, 32, "%s%.*s%s%s", minus ? "-" : "", (int)whole, digits, point ? "." : "",
           digits + whole);
}

bool fhir_sample_value(const char *data, const char *factor, const char *origin, char out[32])
{
  decimal a, b, c, sum;
  if (decimal_read(data, &a) && decimal_read(factor, &b) && decimal_read(origin, &c) &&
      a.ten + b.ten >= -17 && c.ten >= -17 && decimal_sum(a, b, c, &sum)) {
    decimal_text(sum, out);
    return true;
  }
  double x, y, z;
  if (!gm__number_parse(data, &x) || !gm__number_parse(factor, &y) || !gm__number_parse(origin, &z))
    return false;
  z += x * y;
  if (!isfinite(z)) return false;
  gm__number_text(z, out);
  return true;
}

/* ---- samples --------------------------------------------------------------------------------- */
typedef struct {
  const gm_json *at;
  const char *factor, *lower, *upper; /* "" not said */
  fhir_quantity origin;
  double period_s;
  const gm_json *data;
} sampling;

/* A decimal below node; "" when it is not there. False: refused. */
static bool decimal_of(fhir_in *r, const gm_json *node, const char *key, const char **out)
{
  const gm_json *n = gm__json_find(node, key);
  *out = "";
  if (!n) return true;
  if (n->kind != GM_JSON_NUMBER)
    return fhir_refuse(r, "structure", n, NULL, "a number was expected");
  *out = n->text;
  return true;
}

static bool origin_read(fhir_in *r, const gm_json *node, fhir_quantity *out)
{
  const gm_json *origin = gm__json_find(node, "origin");
  if (!origin) return fhir_refuse(r, "required", node, "origin", "missing");
  if (!fhir_quantity_read(r, origin, out)) return false;
  return !out->censored || fhir_refuse(r, "invariant", origin, "comparator", "none was expected");
}

/* When the samples were taken, beside the first. */
static bool period_read(fhir_in *r, const gm_json *node, double *period_s)
{
  const char *period, *dimensions;
  double ms, count;
  if (!decimal_of(r, node, "period", &period) || !decimal_of(r, node, "dimensions", &dimensions))
    return false;
  if (!gm__number_parse(period, &ms) || !(ms > 0))
    return fhir_refuse(r, period[0] ? "value" : "required", node, "period",
                       "milliseconds above 0 were expected");
  if (!gm__number_parse(dimensions, &count) || count != 1)
    return fhir_refuse(r, dimensions[0] ? "not-supported" : "required", node, "dimensions",
                       "1 was expected: which of several is the series, cannot be told");
  *period_s = ms / 1000;
  return true;
}

static bool sampling_read(fhir_in *r, const gm_json *node, sampling *out)
{
  sampling s = {.at = node};
  if (node->kind != GM_JSON_OBJECT)
    return fhir_refuse(r, "structure", node, NULL, "a SampledData was expected");
  if (!origin_read(r, node, &s.origin) || !period_read(r, node, &s.period_s)) return false;
  if (!decimal_of(r, node, "factor", &s.factor) || !decimal_of(r, node, "lowerLimit", &s.lower) ||
      !decimal_of(r, node, "upperLimit", &s.upper))
    return false;
  s.data = gm__json_find(node, "data");
  if (!fhir_text(node, "data"))
    return fhir_refuse(r, "required", node, "data", "missing; a text was expected");
  *out = s;
  return true;
}

/* The next word from *p on; one that is too long for a number is "?". */
static bool word_next(const char **p, char *word, size_t bytes)
{
  const char *begin = *p + strspn(*p, " \t\r\n");
  size_t n = strcspn(begin, " \t\r\n");
  *p = begin + n;
  snprintf(word, bytes, "%.*s", n < bytes ? (int)n : 1, n < bytes ? begin : "?");
  return n;
}

/* E: an error, L: below the lower limit, U: above the upper one. */
static bool letter_read(fhir_in *r, const sampling *s, char letter, gm_fact *f)
{
  const char *limit = letter == 'L' ? s->lower : s->upper;
  if (letter == 'E') return fhir_refuse(r, "value", s->data, NULL, "a sample that is an error (E)");
  if (!limit[0])
    return fhir_refuse(r, "required", s->at, letter == 'L' ? "lowerLimit" : "upperLimit",
                       "missing beside a sample beyond it");
  f->value = limit;
  f->censored = letter == 'L' ? 1 : -1;
  return true;
}

static bool sample_read(fhir_in *r, const sampling *s, const char *word, char text[32], gm_fact *f)
{
  if (strchr("ELU", word[0]) && !word[1]) return letter_read(r, s, word[0], f);
  f->censored = 0;
  f->value = text;
  if (fhir_sample_value(word, s->factor[0] ? s->factor : "1", s->origin.value, text)) return true;
  return fhir_refuse(r, "value", s->data, NULL, "a sample that is no decimal and none of E, L, U");
}

gm_status fhir_samples(fhir_in *r, const gm_json *node, const gm_fact *like, const char *suffix)
{
  sampling s;
  gm_fact f = *like;
  char word[64], text[32], name[FHIR_SUFFIX_BYTES];
  if (f.kind != GM_RECORD_OBSERVATION) {
    fhir_refuse(r, "not-supported", node, NULL, "a covariate from SampledData");
    return GM_OK;
  }
  if (!sampling_read(r, node, &s)) return GM_OK;
  const char *p = s.data->text;
  gm_status st = GM_OK;
  f.unit = s.origin.unit;
  for (int64_t i = 0; !st && word_next(&p, word, sizeof word); i++) {
    if (!sample_read(r, &s, word, text, &f)) continue;
    f.t_true_s = like->t_true_s + (double)i * s.period_s;
    snprintf(name, sizeof name, "%.100s#sample %lld", suffix, (long long)i);
    st = fhir_tell(r, &f, name, node);
  }
  return st;
}
