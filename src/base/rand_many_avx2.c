/* rand_many_avx2.c - draws for many members, eight blocks of the generator at a time; for the least
 * processor Gemel runs on. */
#include "base/rand_lanes.h"
#include "gemel/many.h"
#include "gemel/math.h"
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* ---- one by one ------------------------------------------------------------------------------ */
static void exp_each(int32_t n, const double *x, double *out)
{
  for (int32_t i = 0; i < n; i++) out[i] = gm_exp(x[i]);
}

static void ln_each(int32_t n, const double *x, double *out)
{
  for (int32_t i = 0; i < n; i++) out[i] = gm_ln(x[i]);
}

static void block(const gm__words *key, const gm__words *counter, gm__words *out)
{
  for (int i = 0; i < GM_LANES; i++) {
    gm_key k;
    gm__counter c;
    uint64_t x[4];
    for (int w = 0; w < 4; w++) {
      k.v[w] = key->v[w][i];
      c.v[w] = counter->v[w][i];
    }
    gm__block(k, c, x);
    for (int w = 0; w < 4; w++) out->v[w][i] = x[w];
  }
}

static void unit(const uint64_t *word, double *out)
{
  for (int i = 0; i < GM_LANES; i++) out[i] = gm__unit(word[i]);
}

static void quantile(int32_t n, double *x)
{
  for (int32_t i = 0; i < n; i++) x[i] = gm_norm_quantile(x[i]);
}

const gm__rand_lanes gm__rand_scalar = {exp_each, ln_each, block, unit, quantile};

/* ---- tables ---------------------------------------------------------------------------------- */
const gm__rand_lanes *gm__rand_table(gm_isa isa)
{
  return isa == GM_ISA_AVX512 ? &gm__rand_avx512
         : isa == GM_ISA_AVX2 ? &gm__rand_avx2
                              : &gm__rand_scalar;
}

const gm__rand_lanes *gm__rand_widest(void)
{
  static _Atomic(const gm__rand_lanes *) found;
  const gm__rand_lanes *t = atomic_load_explicit(&found, memory_order_relaxed);
  if (t) return t;
  t = gm__rand_table(gm__isa());
  atomic_store_explicit(&found, t, memory_order_relaxed);
  return t;
}

/* ---- words ----------------------------------------------------------------------------------- */
static void fill(uint64_t *row, uint64_t value)
{
  for (int i = 0; i < GM_LANES; i++) row[i] = value;
}

/* Lanes beyond count repeat the first. */
static void take(int32_t count, const uint64_t *from, uint64_t *row)
{
  if (count >= GM_LANES)
    memcpy(row, from, GM_LANES * sizeof *row);
  else
    for (int i = 0; i < GM_LANES; i++) row[i] = from[i < count ? i : 0];
}

typedef uint64_t four_words __attribute__((vector_size(32), aligned(8), may_alias));

typedef struct {
  gm__words words;
  gm_key one; /* every lane's, if same */
  bool same;
} lane_keys;

static void keys_take(int32_t count, const gm_key *key, lane_keys *to)
{
  const four_words one = *(const four_words *)to->one.v;
  four_words other = {!to->same};
  for (int32_t i = 0; i < count; i++) other |= *(const four_words *)key[i].v ^ one;
  if (!(other[0] | other[1] | other[2] | other[3])) return;
  to->one = key[0];
  to->same = true;
  for (int i = 0; i < GM_LANES; i++) {
    const gm_key *k = &key[i < count ? i : 0];
    to->same = to->same && !memcmp(k, key, sizeof *k);
    for (int w = 0; w < 4; w++) to->words.v[w][i] = k->v[w];
  }
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* ---- functions ------------------------------------------------------------------------------- */
typedef void lanes_function(int32_t n, const double *x, double *out);

static void apply(int32_t n, const double *x, double *out, lanes_function *f)
{
  const int32_t whole = n / GM_LANES * GM_LANES;
  double lane[GM_LANES];
  f(whole, x, out);
  if (whole == n) return;
  for (int k = 0; k < GM_LANES; k++) lane[k] = x[whole + k < n ? whole + k : whole];
  f(GM_LANES, lane, lane);
  memcpy(out + whole, lane, (size_t)(n - whole) * sizeof *out);
}

void gm_exp_many(int32_t n, const double *x, double *out)
{
  apply(n, x, out, gm__rand_widest()->exp);
}

void gm_ln_many(int32_t n, const double *x, double *out)
{
  apply(n, x, out, gm__rand_widest()->ln);
}

void gm_norm_quantile_many(int32_t n, const double *p, double *out)
{
  const gm__rand_lanes *lanes = gm__rand_widest();
  _Alignas(64) double part[GM__MANY];
  for (int32_t i = 0; i < n; i += GM__MANY) {
    int32_t count = least(n - i, GM__MANY), padded = count;
    memcpy(part, p + i, (size_t)count * sizeof *part);
    while (padded % GM_LANES) part[padded++] = 0.5;
    lanes->quantile(padded, part);
    memcpy(out + i, part, (size_t)count * sizeof *part);
  }
}

/* ---- draws ----------------------------------------------------------------------------------- */
/* Uniforms of n <= GM__MANY members, whole lanes of them. */
static void uniforms(const gm__rand_lanes *lanes, int32_t n, const gm_key *key,
                     const uint64_t *slot, uint64_t slot0, gm__words *counter, lane_keys *keys,
                     double *out)
{
  gm__words word;
  for (int32_t i = 0; i < n; i += GM_LANES) {
    int32_t count = least(n - i, GM_LANES);
    keys_take(count, key + i, keys);
    if (slot) take(count, slot + i, counter->v[0]);
    for (int k = 0; !slot && k < GM_LANES; k++) counter->v[0][k] = slot0 + (uint64_t)(i + k);
    lanes->block(&keys->words, counter, &word);
    lanes->unit(word.v[0], out + i);
  }
}

static void draw(int32_t n, const gm_key *key, const uint64_t *slot, uint64_t slot0,
                 const uint64_t *rest, bool normal, double *out)
{
  const gm__rand_lanes *lanes = gm__rand_widest();
  _Alignas(64) double part[GM__MANY];
  gm__words counter;
  lane_keys keys = {.same = false};
  for (int w = 1; w < 4; w++) fill(counter.v[w], rest[w - 1]);
  for (int32_t i = 0; i < n; i += GM__MANY) {
    int32_t count = least(n - i, GM__MANY);
    uniforms(lanes, count, key + i, slot ? slot + i : NULL, slot0 + (uint64_t)i, &counter, &keys,
             part);
    if (normal) lanes->quantile((count + GM_LANES - 1) / GM_LANES * GM_LANES, part);
    memcpy(out + i, part, (size_t)count * sizeof *out);
  }
}

void gm_uniform_many(int32_t n, const gm_key *key, const uint64_t *slot, uint64_t slot0,
                     uint64_t entity, uint64_t kind_draw, uint64_t index, double *out)
{
  assert(kind_draw >> 56 == 0);
  draw(n, key, slot, slot0, (uint64_t[]){entity, kind_draw, index}, false, out);
}

void gm_normal_many(int32_t n, const gm_key *key, const uint64_t *slot, uint64_t slot0,
                    uint64_t entity, uint64_t kind_draw, uint64_t index, double *out)
{
  assert(kind_draw >> 56 == 0);
  draw(n, key, slot, slot0, (uint64_t[]){entity, kind_draw, index}, true, out);
}

void gm__normal4_many(int32_t n, gm_key key, const uint64_t *slot, const uint64_t *entity,
                      uint64_t kind_draw, uint64_t index, double *out)
{
  const gm__rand_lanes *lanes = gm__rand_widest();
  _Alignas(64) double u[4 * GM_LANES];
  gm__words keys, counter, word;
  for (int w = 0; w < 4; w++) fill(keys.v[w], key.v[w]);
  fill(counter.v[2], kind_draw);
  fill(counter.v[3], index);
  for (int32_t i = 0; i < n; i += GM_LANES) {
    int32_t count = least(n - i, GM_LANES);
    take(count, slot + i, counter.v[0]);
    take(count, entity + i, counter.v[1]);
    lanes->block(&keys, &counter, &word);
    for (int w = 0; w < 4; w++) lanes->unit(word.v[w], u + w * GM_LANES);
    lanes->quantile(4 * GM_LANES, u);
    for (int32_t k = 0; k < count; k++)
      for (int w = 0; w < 4; w++) out[4 * (i + k) + w] = u[w * GM_LANES + k];
  }
}

/* ---- slots ----------------------------------------------------------------------------------- */
void gm__fresh_slots(int32_t n, const uint64_t *slot, uint64_t generation, const int32_t *member,
                     uint64_t *out)
{
  const gm__rand_lanes *lanes = gm__rand_widest();
  gm__words keys, counter, word;
  for (int w = 0; w < 4; w++) fill(keys.v[w], gm__hash_key.v[w]);
  fill(counter.v[1], generation);
  fill(counter.v[2], 3); /* the domains of gm_hash64 and gm_hash_text are 0, 1, 2 */
  for (int32_t i = 0; i < n; i += GM_LANES) {
    int32_t count = least(n - i, GM_LANES);
    take(count, slot + i, counter.v[0]);
    for (int k = 0; k < GM_LANES; k++) counter.v[3][k] = (uint64_t)member[i + (k < count ? k : 0)];
    lanes->block(&keys, &counter, &word);
    memcpy(out + i, word.v[0], (size_t)count * sizeof *out);
  }
}
