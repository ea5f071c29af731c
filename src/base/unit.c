/* unit.c - the algebra of units, and conversion of values. */
#include "base/unit_internal.h"
#include <assert.h>
#include <float.h>
#include <stdio.h>
#include <string.h>

gm__dd gm__unit_mantissa(const gm_unit *u) { return (gm__dd){u->mantissa, u->mantissa_low}; }

bool gm__unit_set(gm_unit *u, gm__dd mantissa, int64_t ten)
{
  if (!isfinite(mantissa.hi) || mantissa.hi <= 0) return false;
  /* mantissas stay near 1..10^44, where products of two lose nothing to over- or underflow */
  while (mantissa.hi >= 1e44) mantissa = gm__dd_scale(mantissa, -22), ten += 22;
  while (mantissa.hi < 1e-22) mantissa = gm__dd_scale(mantissa, 22), ten -= 22;
  if (ten > 400 || ten < -400) return false;
  double factor = gm__dd_scale(mantissa, (int32_t)ten).hi;
  if (!isfinite(factor) || factor < DBL_MIN) return false;
  u->mantissa = mantissa.hi;
  u->mantissa_low = mantissa.lo;
  u->ten = (int32_t)ten;
  u->factor = factor;
  return true;
}

gm_unit gm_unit_one(void) { return (gm_unit){.factor = 1, .mantissa = 1}; }

/* ---- comparing ----------------------------------------------------------------------------- */
bool gm_unit_same_dimension(const gm_unit *a, const gm_unit *b)
{
  assert(a && b);
  if (memcmp(a->dim, b->dim, sizeof a->dim) != 0) return false;
  for (int32_t i = 0; i < GM_UNIT_ARBITRARY_MAX; i++)
    if (a->arbitrary[i].id != b->arbitrary[i].id || a->arbitrary[i].power != b->arbitrary[i].power)
      return false;
  return true;
}

/* Whether one is of equivalents or osmoles where the other is of mol, or of nothing: 1 mmol of Ca2+
 * is 2 meq, and 1 mmol of NaCl about 2 mosm, although all three are the same number in UCUM. */
static bool same_count(const gm_unit *a, const gm_unit *b)
{
  return a->equivalent == b->equivalent && a->osmole == b->osmole;
}

bool gm_unit_same_kind(const gm_unit *a, const gm_unit *b)
{
  return gm_unit_same_dimension(a, b) && a->amount == b->amount;
}

bool gm_unit_equal(const gm_unit *a, const gm_unit *b)
{
  if (!gm_unit_same_kind(a, b)) return false;
  if (a->special != b->special || a->special_ten != b->special_ten || !same_count(a, b))
    return false;
  gm__dd r = gm__dd_div(gm__unit_mantissa(a), gm__unit_mantissa(b));
  return fabs(gm__dd_scale(r, a->ten - b->ten).hi - 1) <= 4 * DBL_EPSILON;
}

bool gm_unit_is_dimensionless(const gm_unit *a)
{
  gm_unit one = gm_unit_one();
  return !a->special && gm_unit_same_kind(a, &one);
}

/* ---- algebra ------------------------------------------------------------------------------- */
static bool is_unity(const gm_unit *a)
{
  return gm_unit_is_dimensionless(a) && !a->equivalent && !a->osmole && a->mantissa == 1 &&
         a->mantissa_low == 0 && a->ten == 0;
}

static gm_status fail_special(gm_ctx *ctx)
{
  return gm_fail(ctx, GM_EUNIT,
                 "a unit that is a point on a scale (Cel, [degF], [pH], dB, ...) cannot stand in a "
                 "product or power; for a difference of temperatures write K");
}

static gm_status fail_power(gm_ctx *ctx, int32_t power)
{
  return gm_fail(ctx, GM_ERANGE, "power %d of a unit is outside -128..127", (int)power);
}

static gm_status fail_size(gm_ctx *ctx)
{
  return gm_fail(ctx, GM_ERANGE, "the size of the unit is outside 2.2e-308..1.8e308 base units");
}

/* *to = a * x + b * y where it fits */
static bool combine8(int8_t *to, int32_t a, int32_t x, int32_t b, int32_t y, int32_t *bad)
{
  int32_t sum = a * x + b * y;
  if (sum < INT8_MIN || sum > INT8_MAX) {
    *bad = sum;
    return false;
  }
  *to = (int8_t)sum;
  return true;
}

static bool combine_powers(const gm_unit *a, int32_t x, const gm_unit *b, int32_t y, gm_unit *out,
                           int32_t *bad)
{
  for (int32_t i = 0; i < GM_UNIT_DIMS; i++)
    if (!combine8(&out->dim[i], a->dim[i], x, b->dim[i], y, bad)) return false;
  return combine8(&out->amount, a->amount, x, b->amount, y, bad) &&
         combine8(&out->equivalent, a->equivalent, x, b->equivalent, y, bad) &&
         combine8(&out->osmole, a->osmole, x, b->osmole, y, bad);
}

/* Merges the two sorted lists. */
static gm_status combine_arbitrary(gm_ctx *ctx, const gm_unit *a, int32_t x, const gm_unit *b,
                                   int32_t y, gm_unit *out)
{
  const uint16_t none = UINT16_MAX;
  int32_t i = 0, j = 0, k = 0;
  for (;;) {
    uint16_t ia = i < GM_UNIT_ARBITRARY_MAX && a->arbitrary[i].id ? a->arbitrary[i].id : none;
    uint16_t ib = j < GM_UNIT_ARBITRARY_MAX && b->arbitrary[j].id ? b->arbitrary[j].id : none;
    if (ia == none && ib == none) return GM_OK;
    bool take_a = ia <= ib, take_b = ib <= ia;
    int32_t power = 0;
    if (take_a) power += a->arbitrary[i].power * x;
    if (take_b) power += b->arbitrary[j].power * y;
    i += take_a;
    j += take_b;
    if (power == 0) continue;
    if (power < INT8_MIN || power > INT8_MAX) return fail_power(ctx, power);
    if (k == GM_UNIT_ARBITRARY_MAX)
      return gm_fail(ctx, GM_EUNSUPPORTED, "more than %d different arbitrary units in one unit",
                     GM_UNIT_ARBITRARY_MAX);
    out->arbitrary[k].id = take_a ? ia : ib;
    out->arbitrary[k++].power = (int16_t)power;
  }
}

/* a b^sign; sign is 1 or -1 */
static gm_status combine(gm_ctx *ctx, const gm_unit *a, const gm_unit *b, int32_t sign,
                         gm_unit *out)
{
  assert(a && b && out);
  if (is_unity(b)) {
    *out = *a;
    return GM_OK;
  }
  if (is_unity(a) && sign > 0) {
    *out = *b;
    return GM_OK;
  }
  if (a->special || b->special) return fail_special(ctx);
  gm_unit r = {0};
  int32_t bad = 0;
  if (!combine_powers(a, 1, b, sign, &r, &bad)) return fail_power(ctx, bad);
  gm_status s = combine_arbitrary(ctx, a, 1, b, sign, &r);
  if (s) return s;
  gm__dd x = gm__unit_mantissa(a), y = gm__unit_mantissa(b);
  gm__dd m = sign > 0 ? gm__dd_mul(x, y) : gm__dd_div(x, y);
  if (!gm__unit_set(&r, m, (int64_t)a->ten + sign * (int64_t)b->ten)) return fail_size(ctx);
  *out = r;
  return GM_OK;
}

gm_status gm_unit_multiply(gm_ctx *ctx, const gm_unit *a, const gm_unit *b, gm_unit *out)
{
  return combine(ctx, a, b, 1, out);
}

gm_status gm_unit_divide(gm_ctx *ctx, const gm_unit *a, const gm_unit *b, gm_unit *out)
{
  return combine(ctx, a, b, -1, out);
}

gm_status gm_unit_power(gm_ctx *ctx, const gm_unit *a, int32_t n, gm_unit *out)
{
  assert(a && out);
  if (a->special && n == 1) {
    *out = *a;
    return GM_OK;
  }
  if (a->special) return fail_special(ctx);
  if (n < -999 || n > 999)
    return gm_fail(ctx, GM_ERANGE, "power %d of a unit is outside -999..999", (int)n);
  gm_unit r = {0}, one = gm_unit_one();
  int32_t bad = 0;
  if (!combine_powers(a, n, &one, 0, &r, &bad)) return fail_power(ctx, bad);
  gm_status s = combine_arbitrary(ctx, a, n, &one, 0, &r);
  if (s) return s;
  /* stepwise, so that the mantissa is brought back into range after each factor */
  gm_unit size = one;
  int32_t count = n < 0 ? -n : n;
  bool ok = true;
  for (int32_t i = 0; ok && i < count; i++) {
    gm__dd m = gm__unit_mantissa(&size), x = gm__unit_mantissa(a);
    ok = n > 0 ? gm__unit_set(&size, gm__dd_mul(m, x), (int64_t)size.ten + a->ten)
               : gm__unit_set(&size, gm__dd_div(m, x), (int64_t)size.ten - a->ten);
  }
  if (!ok || !gm__unit_set(&r, gm__unit_mantissa(&size), size.ten)) return fail_size(ctx);
  *out = r;
  return GM_OK;
}

static bool divide8(int8_t *x, int32_t n)
{
  bool ok = *x % n == 0;
  *x = (int8_t)(*x / n);
  return ok;
}

static bool divide_powers(gm_unit *r, int32_t n)
{
  bool ok = divide8(&r->amount, n);
  ok = divide8(&r->equivalent, n) && ok;
  ok = divide8(&r->osmole, n) && ok;
  for (int32_t i = 0; i < GM_UNIT_DIMS; i++) ok = divide8(&r->dim[i], n) && ok;
  for (int32_t i = 0; i < GM_UNIT_ARBITRARY_MAX; i++) {
    ok = r->arbitrary[i].power % n == 0 && ok;
    r->arbitrary[i].power = (int16_t)(r->arbitrary[i].power / n);
  }
  return ok;
}

gm_status gm_unit_root(gm_ctx *ctx, const gm_unit *a, int32_t n, gm_unit *out)
{
  assert(a && out);
  if (n < 1 || n > 127)
    return gm_fail(ctx, GM_ERANGE, "root %d of a unit is outside 1..127", (int)n);
  if (n == 1) {
    *out = *a;
    return GM_OK;
  }
  if (a->special) return fail_special(ctx);
  gm_unit r = *a;
  if (!divide_powers(&r, n)) {
    char text[GM_UNIT_TEXT_BYTES];
    return gm_fail(ctx, GM_EUNIT,
                   "root %d of a unit of dimension %s: its powers do not divide by %d", (int)n,
                   gm_unit_dimension_text(a, text, sizeof text), (int)n);
  }
  int32_t rest = ((a->ten % n) + n) % n;
  gm__dd m = gm__dd_scale(gm__unit_mantissa(a), rest);
  /* Newton's step for x^n = m from the double root doubles its digits */
  gm__dd x = gm__dd_of(n == 2 ? sqrt(m.hi) : pow(m.hi, 1.0 / n));
  for (int32_t i = 0; i < 3; i++) {
    gm__dd below = gm__dd_power(x, n - 1);
    gm__dd error = gm__dd_add(m, gm__dd_negate(gm__dd_mul(below, x)));
    x = gm__dd_add(x, gm__dd_div(error, gm__dd_mul(gm__dd_of(n), below)));
  }
  if (!gm__unit_set(&r, x, (a->ten - rest) / n)) return fail_size(ctx);
  *out = r;
  return GM_OK;
}

gm_status gm_unit_sqrt(gm_ctx *ctx, const gm_unit *a, gm_unit *out)
{
  return gm_unit_root(ctx, a, 2, out);
}

/* ---- conversion ---------------------------------------------------------------------------- */
/* Whether `from` would have the dimension of `to` with its mass counted in mol (or back). */
static bool by_substance(const gm_unit *from, const gm_unit *to)
{
  int32_t mass = from->dim[2] - to->dim[2];
  gm_unit like = *from;
  like.dim[2] = to->dim[2];
  return mass != 0 && from->amount - to->amount == -mass && gm_unit_same_dimension(&like, to);
}

static gm_status fail_dimension(gm_ctx *ctx, const gm_unit *from, const gm_unit *to)
{
  char a[GM_UNIT_TEXT_BYTES], b[GM_UNIT_TEXT_BYTES];
  gm_unit_dimension_text(from, a, sizeof a);
  gm_unit_dimension_text(to, b, sizeof b);
  return gm_fail(
      ctx, GM_EUNIT, "cannot convert a unit of dimension %s to one of dimension %s%s", a, b,
      by_substance(from, to) ? ": between mass and mol a substance with its molar mass is needed"
                             : "");
}

static gm_status fail_count(gm_ctx *ctx)
{
  return gm_fail(ctx, GM_EUNIT,
                 "between eq or osm and mol, mass or a number the charge of the ion or the "
                 "dissociation is needed, which no unit tells: state the value in mol");
}

/* The same value on the same scale, but for the prefix: nothing may be lost in logarithms. */
static bool same_scale(const gm_unit *from, const gm_unit *to)
{
  return from->special == to->special && from->ten == to->ten && from->mantissa == to->mantissa &&
         from->mantissa_low == to->mantissa_low;
}

/* Takes the power of two out of *r, so that no step in between can leave the range of doubles. */
static void take_exponent(gm__dd *r, int *exponent)
{
  int e = 0;
  frexp(r->hi, &e);
  *r = (gm__dd){ldexp(r->hi, -e), ldexp(r->lo, -e)};
  *exponent += e;
}

/* r in `from` to `to`, both without their scales */
static gm__dd convert_ratio(const gm_unit *from, const gm_unit *to, gm__dd r)
{
  int exponent = 0;
  take_exponent(&r, &exponent);
  r = gm__dd_mul(r, gm__dd_div(gm__unit_mantissa(from), gm__unit_mantissa(to)));
  for (int32_t ten = from->ten - to->ten; ten != 0;) {
    int32_t step = ten > 44 ? 44 : ten < -44 ? -44 : ten;
    r = gm__dd_scale(r, step);
    take_exponent(&r, &exponent);
    ten -= step;
  }
  return (gm__dd){ldexp(r.hi, exponent), ldexp(r.lo, exponent)};
}

/* The dimensions are known to agree. */
static gm_status convert(gm_ctx *ctx, const gm_unit *from, const gm_unit *to, double value,
                         double *out)
{
  if (!isfinite(value)) return gm_fail(ctx, GM_EDOMAIN, "value %g to convert is not finite", value);
  gm__dd r = gm__dd_scale(gm__dd_of(value), from->special_ten), y;
  gm_status s = gm__scale_to_ratio(ctx, from->special, r, &r);
  if (s) return s;
  if (from->special && same_scale(from, to)) {
    y = gm__dd_scale(gm__dd_of(value), from->special_ten - to->special_ten);
  } else {
    r = convert_ratio(from, to, r);
    s = gm__scale_from_ratio(ctx, to->special, r, &y);
    if (s) return s;
    y = gm__dd_scale(y, -to->special_ten);
  }
  if (!isfinite(y.hi) || (y.hi == 0 && value != 0 && !from->special && !to->special))
    return gm_fail(ctx, GM_ERANGE, "the converted value is beyond the range of doubles");
  *out = y.hi;
  return GM_OK;
}

gm_status gm_unit_convert(gm_ctx *ctx, const gm_unit *from, const gm_unit *to, double value,
                          double *out)
{
  assert(from && to && out);
  if (!gm_unit_same_dimension(from, to)) return fail_dimension(ctx, from, to);
  if (!same_count(from, to)) return fail_count(ctx);
  return convert(ctx, from, to, value, out);
}

gm_status gm_unit_factor(gm_ctx *ctx, const gm_unit *from, const gm_unit *to, double *out)
{
  assert(from && to && out);
  if (from->special || to->special)
    return gm_fail(ctx, GM_EUNIT,
                   "a scale (Cel, [degF], [pH], dB, ...) does not convert by a factor: convert the "
                   "values");
  return gm_unit_convert(ctx, from, to, 1, out);
}

gm_status gm_unit_convert_substance(gm_ctx *ctx, const gm_unit *from, const gm_unit *to,
                                    double molar_mass_g_per_mol, double value, double *out)
{
  assert(from && to && out);
  if (!by_substance(from, to)) return gm_unit_convert(ctx, from, to, value, out);
  if (!same_count(from, to)) return fail_count(ctx);
  if (!(molar_mass_g_per_mol > 0) || !isfinite(molar_mass_g_per_mol))
    return gm_fail(
        ctx, GM_EUNIT,
        "between mass and mol a substance with its molar mass (g/mol, above 0) is needed; "
        "got %g",
        molar_mass_g_per_mol);
  /* one gram of it is 1/M mol, which is a number */
  gm_unit mol;
  gm_status s = gm_unit_parse(ctx, "mol", &mol);
  if (s) return s;
  gm__dd per_g = gm__dd_div(gm__unit_mantissa(&mol), gm__dd_of(molar_mass_g_per_mol));
  int32_t mass = from->dim[2] - to->dim[2], n = mass < 0 ? -mass : mass;
  gm_unit like = *from;
  like.dim[2] = to->dim[2];
  gm_unit grams = gm_unit_one();
  if (!gm__unit_set(&grams, per_g, mol.ten)) return fail_size(ctx);
  s = gm_unit_power(ctx, &grams, n, &grams);
  if (!s)
    s = mass > 0 ? gm_unit_multiply(ctx, &like, &grams, &like)
                 : gm_unit_divide(ctx, &like, &grams, &like);
  return s ? s : convert(ctx, &like, to, value, out);
}

/* ---- text ---------------------------------------------------------------------------------- */
static void add_power(char *text, size_t bytes, const char *code, int32_t power)
{
  size_t n = strlen(text);
  const char *dot = n ? "." : "";
  if (power == 0 || n + 1 >= bytes) return;
  if (power == 1)
    snprintf(text + n, bytes - n, "%s%s", dot, code);
  else
    snprintf(text + n, bytes - n, "%s%s%d", dot, code, (int)power);
}

const char *gm_unit_dimension_text(const gm_unit *a, char *text, size_t bytes)
{
  assert(a && text && bytes > 0);
  text[0] = 0;
  for (int32_t i = 0; i < GM_UNIT_ARBITRARY_MAX && a->arbitrary[i].id; i++)
    add_power(text, bytes, gm__unit_table[a->arbitrary[i].id].code, a->arbitrary[i].power);
  add_power(text, bytes, "mol", a->amount);
  /* mass first, as people write concentrations */
  static const int32_t order[GM_UNIT_DIMS] = {2, 0, 1, 3, 4, 5, 6};
  for (int32_t i = 0; i < GM_UNIT_DIMS; i++)
    add_power(text, bytes, gm__unit_base_codes[order[i]], a->dim[order[i]]);
  if (!text[0]) snprintf(text, bytes, "1");
  return text;
}
