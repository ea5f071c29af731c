/* test_many.c - draws and functions for many members: the bytes of those for one, on every
 * instruction set, for every count, whoever the members are. The functions for one are tested
 * against published vectors and laws in test_rand.c and test_math.c.
 * label: quick */
#include "gemel/many.h"
#include "base/rand_lanes.h"
#include "gemel/math.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 600 };

static uint64_t state_of(uint64_t i) { return gm_hash64(i, 4242); }

static void same_bytes(double a, double b) { assert_memory_equal(&a, &b, sizeof a); }

/* Every table gives the generator's block, lane by lane, for keys and counters of any bits. */
static void block__same_words_on_every_isa(void **state)
{
  (void)state;
  for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
    for (uint64_t round = 0; round < 200; round++) {
      gm__words key, counter, out;
      for (int w = 0; w < 4; w++)
        for (int i = 0; i < GM_LANES; i++) {
          key.v[w][i] = state_of(round * 64 + (uint64_t)(8 * w + i));
          counter.v[w][i] = state_of(round * 64 + (uint64_t)(8 * w + i + 32));
        }
      gm__rand_table((gm_isa)isa)->block(&key, &counter, &out);
      for (int i = 0; i < GM_LANES; i++) {
        gm_key k;
        gm__counter c;
        uint64_t want[4];
        for (int w = 0; w < 4; w++) {
          k.v[w] = key.v[w][i];
          c.v[w] = counter.v[w][i];
        }
        gm__block(k, c, want);
        for (int w = 0; w < 4; w++) assert_int_equal(out.v[w][i], want[w]);
      }
    }
}

/* Words at both ends and in the middle become the same uniforms. */
static void unit__same_bytes_on_every_isa(void **state)
{
  (void)state;
  for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
    for (uint64_t round = 0; round < 100; round++) {
      _Alignas(64) uint64_t word[GM_LANES];
      _Alignas(64) double out[GM_LANES];
      for (int i = 0; i < GM_LANES; i++) word[i] = state_of(round * 8 + (uint64_t)i);
      word[round % 8] = round < 8 ? 0 : round < 16 ? UINT64_MAX : UINT64_MAX << (round % 64);
      gm__rand_table((gm_isa)isa)->unit(word, out);
      for (int i = 0; i < GM_LANES; i++) same_bytes(out[i], gm__unit(word[i]));
    }
}

/* The quantile's middle, tails, far tails, seams, ends and what is no probability. */
static void quantile__same_bytes_on_every_isa(void **state)
{
  (void)state;
  static const double edge[] = {0,
                                1,
                                0.075,
                                0.925,
                                0x1.3333333333333p-4,
                                0.5,
                                1e-11,
                                1.4e-11,
                                1e-12,
                                1e-300,
                                5e-324,
                                -0.5,
                                1.5,
                                NAN,
                                INFINITY,
                                -INFINITY,
                                0x1p-53,
                                1 - 0x1p-53,
                                0.92500000000000004,
                                0.07499999999999996,
                                1.3887943864964021e-11,
                                -0.0};
  const int edges = (int)(sizeof edge / sizeof *edge);
  for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
    for (uint64_t round = 0; round < 400; round++) {
      _Alignas(64) double x[GM__MANY], out[GM__MANY];
      int n = GM_LANES * (1 + (int)(state_of(round) % (GM__MANY / GM_LANES)));
      for (int i = 0; i < n; i++) {
        uint64_t h = state_of(round * 1000 + (uint64_t)i);
        double u = gm__unit(h);
        x[i] = h % 16 == 0   ? edge[h / 16 % (uint64_t)edges]
               : h % 16 == 1 ? u * 0x1p-30
               : h % 16 == 2 ? exp(-700 * u)
               : h % 16 == 3 ? 1 - u * 0x1p-30
                             : u;
      }
      memcpy(out, x, sizeof x);
      gm__rand_table((gm_isa)isa)->quantile(n, out);
      for (int i = 0; i < n; i++) same_bytes(out[i], gm_norm_quantile(x[i]));
    }
}

/* Any count, members of one key or of many, slots given or counted, arrays at any place: what comes
 * out is what each member would draw alone, and nothing beyond is written. */
static void draws__are_those_of_each_member(void **state)
{
  (void)state;
  static gm_key key[MOST];
  static uint64_t slot[MOST];
  static double out[MOST + 2];
  for (int n = 0; n < MOST; n += n < 40 ? 1 : 37)
    for (int how = 0; how < 6; how++) {
      for (int i = 0; i < MOST; i++) {
        uint64_t who = how / 2 == 0 ? 0 : how / 2 == 1 ? (uint64_t)i : (uint64_t)(i / 5);
        key[i] = gm_key_make(3, GM_PURPOSE_TEST, who, 1);
        slot[i] = state_of((uint64_t)i);
      }
      const uint64_t *slots = how % 2 ? slot : NULL, kind = gm_kind_draw(7, 2);
      out[0] = out[n + 1] = 77;
      gm_normal_many(n, key, slots, 11, 5, kind, 9, out + 1);
      for (int i = 0; i < n; i++)
        same_bytes(out[i + 1], gm_normal(key[i], slots ? slot[i] : 11 + (uint64_t)i, 5, kind, 9));
      assert_true(out[0] == 77 && out[n + 1] == 77);
      gm_uniform_many(n, key, slots, 11, 5, kind, 9, out + 1);
      for (int i = 0; i < n; i++)
        same_bytes(out[i + 1], gm_uniform(key[i], slots ? slot[i] : 11 + (uint64_t)i, 5, kind, 9));
      assert_true(out[0] == 77 && out[n + 1] == 77);
    }
}

/* Four normals of a block, for any slots and entities. */
static void normal4__is_that_of_each_block(void **state)
{
  (void)state;
  gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 2, 3);
  for (int n = 0; n < 40; n++) {
    uint64_t slot[40], entity[40];
    double out[161], want[4];
    for (int i = 0; i < 40; i++) {
      slot[i] = state_of((uint64_t)i);
      entity[i] = (uint64_t)i / 3;
    }
    out[4 * n] = 77;
    gm__normal4_many(n, key, slot, entity, gm_kind_draw(0, 1), 6, out);
    for (int i = 0; i < n; i++) {
      gm_normal4(key, slot[i], entity[i], gm_kind_draw(0, 1), 6, want);
      assert_memory_equal(want, out + 4 * i, sizeof want);
    }
    assert_true(out[4 * n] == 77);
  }
}

/* exp, ln and quantile of arrays, in place too, with what has no value among them. */
static void functions__are_those_of_one(void **state)
{
  (void)state;
  static double x[MOST], out[MOST];
  for (int i = 0; i < MOST; i++) x[i] = 1500 * (gm__unit(state_of((uint64_t)i)) - 0.5);
  for (int i = 0; i < MOST; i += 7) x[i] = gm__unit(state_of((uint64_t)i));
  x[3] = NAN, x[19] = -NAN, x[4] = INFINITY, x[5] = -INFINITY, x[6] = 0, x[8] = 709.79, x[9] = -746;
  static void (*const many[3])(int32_t, const double *, double *) = {gm_exp_many, gm_ln_many,
                                                                     gm_norm_quantile_many};
  static double (*const one[3])(double) = {gm_exp, gm_ln, gm_norm_quantile};
  for (int f = 0; f < 3; f++)
    for (int n = 0; n < MOST; n += n < 20 ? 1 : 53) {
      many[f](n, x, out);
      for (int i = 0; i < n; i++) same_bytes(out[i], one[f](x[i]));
      memcpy(out, x, sizeof x);
      many[f](n, out, out);
      for (int i = 0; i < n; i++) same_bytes(out[i], one[f](x[i]));
      for (int i = n; i < MOST; i++) same_bytes(out[i], x[i]);
    }
}

/* exp and ln of every instruction set, over numbers of any bits. */
static void exp_and_ln__same_bytes_on_every_isa(void **state)
{
  (void)state;
  enum { N = 1024 };
  static double x[N], out[N];
  for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
    for (uint64_t round = 0; round < 20; round++) {
      for (int i = 0; i < N; i++) {
        uint64_t bits = state_of(round * N + (uint64_t)i);
        memcpy(&x[i], &bits, sizeof bits);
        if (i % 2) x[i] = 1600 * (gm__unit(bits) - 0.5);
        if (i % 8 == 3) x[i] = 709.78 + 1e-2 * (gm__unit(bits) - 0.5);
      }
      gm__rand_table((gm_isa)isa)->exp(N, x, out);
      for (int i = 0; i < N; i++) same_bytes(out[i], gm_exp(x[i]));
      gm__rand_table((gm_isa)isa)->ln(N, x, out);
      for (int i = 0; i < N; i++) same_bytes(out[i], gm_ln(x[i]));
    }
}

/* Fresh slots differ from each other, from those of another generation or place, and from hashes
 * and blocks of draws; the count changes nothing. */
static void fresh_slots__differ(void **state)
{
  (void)state;
  enum { N = 501 };
  static uint64_t slot[N], a[4 * N], one;
  static int32_t member[N];
  for (int i = 0; i < N; i++) {
    slot[i] = (uint64_t)(i / 2);
    member[i] = i;
  }
  gm__fresh_slots(N, slot, 1, member, a);
  gm__fresh_slots(N, slot, 2, member, a + N);
  for (int i = 0; i < N; i++) {
    gm__fresh_slots(1, &slot[i], 1, &member[i], &one);
    assert_int_equal(one, a[i]);
    a[2 * N + i] = gm_hash64(slot[i], 1);
    member[i] = i + N;
  }
  gm__fresh_slots(N, slot, 1, member, a + 3 * N);
  for (int i = 0; i < 4 * N; i++)
    for (int j = 0; j < i; j++)
      assert_true(a[i] != a[j] || (i / N == 2 && j / N == 2 && slot[i % N] == slot[j % N]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(block__same_words_on_every_isa),
      cmocka_unit_test(unit__same_bytes_on_every_isa),
      cmocka_unit_test(quantile__same_bytes_on_every_isa),
      cmocka_unit_test(draws__are_those_of_each_member),
      cmocka_unit_test(normal4__is_that_of_each_block),
      cmocka_unit_test(functions__are_those_of_one),
      cmocka_unit_test(exp_and_ln__same_bytes_on_every_isa),
      cmocka_unit_test(fresh_slots__differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
