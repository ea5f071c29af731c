/* structural_field.c - arithmetic modulo a prime, rational reconstruction, echelon forms. */
#include "kinds/equations/structural_field.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t gm__field_power(uint64_t p, uint64_t a, uint64_t n)
{
  uint64_t r = 1;
  for (; n; n >>= 1) {
    if (n & 1) r = sf_mul(p, r, a);
    a = sf_mul(p, a, a);
  }
  return r;
}

bool gm__field_root(uint64_t p, uint64_t a, uint64_t *out)
{
  uint64_t r = gm__field_power(p, a, (p + 1) / 4); /* p is 3 modulo 4 */
  *out = r;
  return sf_mul(p, r, r) == a;
}

static uint64_t scaled(uint64_t p, int64_t whole, uint64_t base, int exponent)
{
  uint64_t a = (uint64_t)llabs(whole) % p;
  uint64_t f = gm__field_power(p, base, (uint64_t)abs(exponent));
  a = sf_mul(p, a, exponent < 0 ? sf_inverse(p, f) : f);
  return whole < 0 ? sf_sub(p, 0, a) : a;
}

bool gm__field_from(uint64_t p, double v, uint64_t *out)
{
  char text[40];
  if (!isfinite(v)) return false;
  snprintf(text, sizeof text, "%.14e", v); /* a value written with up to 15 digits is meant so */
  gm__number_point(text);
  double back;
  if (gm__number_parse(text, &back) && back == v) {
    char digits[40], *e = strchr(text, 'e');
    int n = 0;
    for (const char *s = text; s < e; s++)
      if (*s != '.') digits[n++] = *s;
    digits[n] = 0;
    *out = scaled(p, strtoll(digits, NULL, 10), 10, (int)strtol(e + 1, NULL, 10) - 14);
  } else {
    int exponent;
    double m = frexp(v, &exponent);
    *out = scaled(p, (int64_t)ldexp(m, 53), 2, exponent - 53);
  }
  return true;
}

/* Wang 1981: the extended Euclidean algorithm stopped half way. */
bool gm__field_ratio(uint64_t p, uint64_t a, int64_t most, int64_t *num, int64_t *den)
{
  int64_t r0 = (int64_t)p, r1 = (int64_t)a, t0 = 0, t1 = 1;
  while (r1 > most) {
    int64_t q = r0 / r1, r = r0 - q * r1, t = t0 - q * t1;
    r0 = r1;
    r1 = r;
    t0 = t1;
    t1 = t;
  }
  if (t1 == 0 || llabs(t1) > most) return false;
  *num = t1 < 0 ? -r1 : r1;
  *den = llabs(t1);
  return true;
}

gm_status gm__span_init(sf_span *s, gm_ctx *ctx, uint64_t p, int32_t columns)
{
  *s = (sf_span){.p = p, .columns = columns};
  s->pivot = gm_alloc(ctx, columns, sizeof *s->pivot);
  s->row = gm_alloc(ctx, (ptrdiff_t)columns * columns, sizeof *s->row);
  if (s->pivot && s->row) return GM_OK;
  gm__span_free(s);
  return gm_fail(ctx, GM_ENOMEM, "a matrix of %d columns", (int)columns);
}

void gm__span_free(sf_span *s)
{
  gm_free(s->pivot);
  gm_free(s->row);
  *s = (sf_span){0};
}

/* v -= f * row */
static void take(uint64_t p, int32_t n, uint64_t *v, uint64_t f, const uint64_t *row)
{
  for (int32_t j = 0; f && j < n; j++) v[j] = sf_sub(p, v[j], sf_mul(p, f, row[j]));
}

bool gm__span_add(sf_span *s, uint64_t *v)
{
  int32_t n = s->columns, lead = 0;
  uint64_t p = s->p;
  for (int32_t i = 0; i < s->count; i++) take(p, n, v, v[s->pivot[i]], s->row + (size_t)i * n);
  while (lead < n && v[lead] == 0) lead++;
  if (lead == n) return false;
  uint64_t inverse = sf_inverse(p, v[lead]);
  for (int32_t j = 0; j < n; j++) v[j] = sf_mul(p, v[j], inverse);
  for (int32_t i = 0; i < s->count; i++) {
    uint64_t *row = s->row + (size_t)i * n;
    take(p, n, row, row[lead], v);
  }
  s->pivot[s->count] = lead;
  memcpy(s->row + (size_t)s->count * n, v, (size_t)n * sizeof *v);
  s->count++;
  return true;
}

void gm__span_normal(const sf_span *s, int32_t i, uint64_t *out)
{
  int32_t n = s->columns, j = 0;
  for (;; j++) { /* column j is the i-th that is no pivot */
    bool pivot = false;
    for (int32_t k = 0; k < s->count && !pivot; k++) pivot = s->pivot[k] == j;
    if (!pivot && i-- == 0) break;
  }
  memset(out, 0, (size_t)n * sizeof *out);
  out[j] = 1;
  for (int32_t k = 0; k < s->count; k++)
    out[s->pivot[k]] = sf_sub(s->p, 0, s->row[(size_t)k * n + j]);
}
