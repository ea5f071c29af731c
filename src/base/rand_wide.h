/* rand_wide.h - what the AVX2 and the AVX-512 table share; included once by each, after it has
 * defined WIDE (lanes of a register), wide_root (square root), wide_fma, wide_outside (bits of the
 * lanes that are not <= a bound), and SLEEF's wide_exp and wide_ln. No include guard: it makes
 * static functions of its includer. */
typedef double wide __attribute__((vector_size(8 * WIDE), may_alias));
typedef uint64_t wide_word __attribute__((vector_size(8 * WIDE), may_alias));

typedef double wide_any __attribute__((vector_size(8 * WIDE), aligned(8), may_alias));

#define ALL(x) ((x) - (wide){0}) /* a number in every lane: -0 is not asked for */

/* ---- Threefry4x64-20 (Salmon et al. 2011) ---------------------------------------------------- */
#define MIX(a, b, turn)                                                                            \
  do {                                                                                             \
    (a) += (b);                                                                                    \
    (b) = ((b) << (turn)) | ((b) >> (64 - (turn)));                                                \
    (b) ^= (a);                                                                                    \
  } while (0)
#define TWO_ROUNDS(r0, r1, r2, r3)                                                                 \
  do {                                                                                             \
    MIX(x0, x1, r0);                                                                               \
    MIX(x2, x3, r1);                                                                               \
    MIX(x0, x3, r2);                                                                               \
    MIX(x2, x1, r3);                                                                               \
  } while (0)
/* Four rounds and the subkey after them; s: which it is. */
#define EVEN(s, k0, k1, k2, k3)                                                                    \
  do {                                                                                             \
    TWO_ROUNDS(14, 16, 52, 57);                                                                    \
    TWO_ROUNDS(23, 40, 5, 37);                                                                     \
    x0 += k0, x1 += k1, x2 += k2, x3 += (k3) + (s);                                                \
  } while (0)
#define ODD(s, k0, k1, k2, k3)                                                                     \
  do {                                                                                             \
    TWO_ROUNDS(25, 33, 46, 12);                                                                    \
    TWO_ROUNDS(58, 22, 32, 32);                                                                    \
    x0 += k0, x1 += k1, x2 += k2, x3 += (k3) + (s);                                                \
  } while (0)

static void block(const gm__words *key, const gm__words *counter, gm__words *out)
{
  for (int i = 0; i < GM_LANES; i += WIDE) {
    const wide_word a = *(const wide_word *)&key->v[0][i], b = *(const wide_word *)&key->v[1][i];
    const wide_word c = *(const wide_word *)&key->v[2][i], d = *(const wide_word *)&key->v[3][i];
    const wide_word e = a ^ b ^ c ^ d ^ UINT64_C(0x1BD11BDAA9FC1A22);
    wide_word x0 = *(const wide_word *)&counter->v[0][i] + a;
    wide_word x1 = *(const wide_word *)&counter->v[1][i] + b;
    wide_word x2 = *(const wide_word *)&counter->v[2][i] + c;
    wide_word x3 = *(const wide_word *)&counter->v[3][i] + d;
    EVEN(1, b, c, d, e);
    ODD(2, c, d, e, a);
    EVEN(3, d, e, a, b);
    ODD(4, e, a, b, c);
    EVEN(5, a, b, c, d);
    *(wide_word *)&out->v[0][i] = x0;
    *(wide_word *)&out->v[1][i] = x1;
    *(wide_word *)&out->v[2][i] = x2;
    *(wide_word *)&out->v[3][i] = x3;
  }
}

/* A word below 2^52 becomes a double by standing in the fraction of one of [2^52, 2^53). */
static void unit(const uint64_t *word, double *out)
{
  for (int i = 0; i < GM_LANES; i += WIDE) {
    wide_word x = *(const wide_word *)&word[i] >> 12 | UINT64_C(0x4330000000000000);
    *(wide *)&out[i] = ((wide)x - 0x1p52 + 0.5) * 0x1p-52;
  }
}

/* ---- functions ------------------------------------------------------------------------------- */
/* Where SLEEF's result is no number or not finite, the public function knows (math_wide.h). */
static void exp_many(int32_t n, const double *x, double *out)
{
  for (int32_t i = 0; i < n; i += WIDE) {
    const wide a = *(const wide_any *)&x[i];
    const wide y = wide_exp(a);
    const int odd = wide_outside(y, 0x1.fffffffffffffp1023);
    *(wide_any *)&out[i] = y;
    for (int l = 0; l < WIDE && __builtin_expect(odd != 0, 0); l++)
      if (odd >> l & 1) out[i + l] = gm_exp(a[l]);
  }
}

static void ln_many(int32_t n, const double *x, double *out)
{
  for (int32_t i = 0; i < n; i += WIDE) {
    const wide a = *(const wide_any *)&x[i];
    const wide y = wide_ln(a);
    const int odd = wide_outside(y, 0x1.fffffffffffffp1023);
    *(wide_any *)&out[i] = y;
    for (int l = 0; l < WIDE && __builtin_expect(odd != 0, 0); l++)
      if (odd >> l & 1) out[i + l] = gm_ln(a[l]);
  }
}

/* ---- quantile (gm_norm_quantile) ------------------------------------------------------------- */
static inline wide ratio(const double a[2][8], wide head, wide r)
{
  wide p = ALL(a[0][7]), q = ALL(a[1][7]);
  for (int i = 6; i >= 0; i--) {
    p = wide_fma(p, r, ALL(a[0][i]));
    q = wide_fma(q, r, ALL(a[1][i]));
  }
  return head * p / q;
}

/* The tails of x[n], n a multiple of GM_LANES. What lies beyond the first tail, or is no
 * probability, is made by the public function. */
static void tails(int32_t n, double *x)
{
  _Alignas(64) double small[GM_LANES], z[GM_LANES];
  for (int32_t i = 0; i < n; i += GM_LANES) {
    int beyond = 0;
    for (int l = 0; l < GM_LANES; l++) small[l] = x[i + l] < 0.5 ? x[i + l] : 1 - x[i + l];
    ln_many(GM_LANES, small, small);
    for (int l = 0; l < GM_LANES; l += WIDE) {
      wide r = wide_root(-*(const wide *)&small[l]);
      *(wide *)&z[l] = ratio(gm__normal_tail, ALL(1.0), r - 1.6);
      beyond |= wide_outside(r, 5) << l;
    }
    for (int l = 0; l < GM_LANES; l++) z[l] = x[i + l] < 0.5 ? -z[l] : z[l];
    for (int l = 0; l < GM_LANES && __builtin_expect(beyond != 0, 0); l++)
      if (beyond >> l & 1) z[l] = gm_norm_quantile(x[i + l]);
    memcpy(x + i, z, sizeof z);
  }
}

static void quantile(int32_t n, double *x)
{
  _Alignas(64) double far[GM__MANY + GM_LANES];
  int16_t at[GM__MANY + GM_LANES];
  int32_t count = 0;
  for (int32_t i = 0; i < n; i++) {
    at[count] = (int16_t)i;
    count += !(fabs(x[i] - 0.5) <= 0.425);
  }
  const int32_t padded = (count + GM_LANES - 1) / GM_LANES * GM_LANES;
  for (int32_t i = 0; i < count; i++) far[i] = x[at[i]];
  for (int32_t i = count; i < padded; i++) far[i] = 0.01;
  tails(padded, far);
  for (int32_t i = 0; i < n; i += WIDE) {
    wide q = *(const wide *)&x[i] - 0.5;
    *(wide *)&x[i] = ratio(gm__normal_middle, q, wide_fma(-q, q, ALL(0.180625)));
  }
  for (int32_t i = 0; i < count; i++) x[at[i]] = far[i];
}
