/* Groups of quasi-identifiers over random tables, and the cuts of their bins.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "interop/deidentify_internal.h"
#include "support/fault.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 400, Q = 4 };

typedef struct {
  gm__deid_quasi q[Q];
  double value[Q][N], cut[Q][32], scratch[N];
  int32_t level[Q][N], wide[Q][N], group[N];
  bool kept[N];
} table;

static uint64_t state_of;
/* splitmix64: Steele, Lea and Flood, OOPSLA 2014, figure 16 */
static uint32_t draw(uint32_t below)
{
  uint64_t z = (state_of += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static int32_t fill(table *t, int32_t count)
{
  int32_t n = 1 + (int32_t)draw(N);
  memset(t, 0, sizeof *t);
  for (int32_t i = 0; i < count; i++) {
    gm__deid_quasi *q = &t->q[i];
    uint32_t values = 1 + draw(60);
    *q = (gm__deid_quasi){.numeric = draw(2),
                          .value = t->value[i],
                          .level = t->level[i],
                          .wide = t->wide[i],
                          .cut = t->cut[i],
                          .step_max = 2};
    for (int32_t k = 0; k < n; k++) {
      bool missing = !draw(20);
      uint32_t v = draw(values);
      t->value[i][k] = missing ? NAN : (double)v * 1.5 - 10;
      t->level[i][k] = missing ? -1 : (int32_t)v;
      t->wide[i][k] = missing ? -1 : (int32_t)v / 4;
    }
    if (!q->numeric) continue;
    q->cut_count = gm__deid_cuts(n, q->value, 16, t->scratch, q->cut);
    for (q->step_max = 0; 1 << q->step_max <= q->cut_count;) q->step_max++;
  }
  return n;
}

static int32_t alike(const table *t, int32_t n, int32_t count, int32_t who)
{
  int32_t same = 0;
  for (int32_t j = 0; j < n; j++) {
    bool all = true;
    for (int32_t i = 0; i < count; i++)
      all = all && gm__deid_code(&t->q[i], j) == gm__deid_code(&t->q[i], who);
    same += all;
  }
  return same;
}

/* Over 300 random tables: kept is who has at least k alike, counted one by one, all who are alike
 * stay or go together, the smallest group is the smallest counted, and no more are left out than
 * allowed as long as anything could still be widened. */
static void groups__hold_k_over_random_tables(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  static table t;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  state_of = 5;
  for (int trial = 0; trial < 300; trial++) {
    int32_t count = 1 + (int32_t)draw(Q), n = fill(&t, count), k = 2 + (int32_t)draw(20);
    int32_t smallest = -1, least = 0, left = 0;
    double share = 0.01 * (1 + draw(20));
    bool wider = false;
    assert_int_equal(GM_OK,
                     gm__deid_group(ctx, n, t.q, count, k, share, t.group, t.kept, &smallest));
    for (int32_t i = 0; i < count; i++) wider = wider || t.q[i].step < t.q[i].step_max;
    for (int32_t i = 0; i < n; i++) {
      int32_t same = alike(&t, n, count, i);
      assert_int_equal(same >= k, t.kept[i]);
      if (t.kept[i] && (!least || same < least)) least = same;
      left += !t.kept[i];
    }
    assert_int_equal(least, smallest);
    if (wider) assert_true(left <= share * n);
    if (n >= k && !wider) assert_int_equal(0, left); /* all are alike */
  }
  gm_ctx_free(ctx);
}

/* One step at a time, nothing is widened that need not be. */
static void enough_alike__are_left_as_they_are(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  static table t;
  int32_t smallest = 0;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  memset(&t, 0, sizeof t);
  t.q[0] = (gm__deid_quasi){.level = t.level[0], .wide = t.wide[0], .step_max = 2};
  for (int32_t i = 0; i < 40; i++) t.level[0][i] = i / 20;
  assert_int_equal(GM_OK, gm__deid_group(ctx, 40, t.q, 1, 20, 0.05, t.group, t.kept, &smallest));
  assert_int_equal(0, t.q[0].step);
  assert_int_equal(20, smallest);
  assert_int_equal(GM_OK, gm__deid_group(ctx, 40, t.q, 1, 21, 0.05, t.group, t.kept, &smallest));
  assert_true(t.q[0].step > 0);
  assert_int_equal(40, smallest);
  gm_ctx_free(ctx);
}

/* Cuts rise, part the values, and are none of them but round: a hundredth to a tenth of the range.
 */
static void cuts__rise_and_are_round(void **state)
{
  (void)state;
  static double x[N], scratch[N];
  double cut[32];
  for (int32_t i = 0; i < N; i++) x[i] = 1000.0123 + 0.1217 * i;
  int32_t n = gm__deid_cuts(N, x, 8, scratch, cut);
  assert_int_equal(7, n);
  for (int32_t i = 0; i < n; i++) {
    assert_true(cut[i] > x[0] && cut[i] <= x[N - 1] && (!i || cut[i] > cut[i - 1]));
    assert_true(fabs(cut[i] - round(cut[i])) < 1e-9); /* range 48.6: steps of 1 */
  }
  for (int32_t i = 0; i < N; i++) x[i] = i % 2;
  assert_int_equal(1, gm__deid_cuts(N, x, 8, scratch, cut));
  assert_true(cut[0] == 1);
  for (int32_t i = 0; i < N; i++) x[i] = NAN;
  assert_int_equal(0, gm__deid_cuts(N, x, 8, scratch, cut));
}

/* A cut is the very number that its label prints: 0.7, and not the sum of seven tenths above it. */
static void cuts__are_what_is_printed(void **state)
{
  (void)state;
  static double x[N], scratch[N];
  double cut[32];
  for (int scale = -6; scale <= 6; scale++) {
    for (int32_t i = 0; i < N; i++) x[i] = pow(10, scale) * i / N;
    int32_t n = gm__deid_cuts(N, x, 16, scratch, cut);
    assert_true(n > 8);
    for (int32_t i = 0; i < n; i++) {
      char text[40];
      snprintf(text, sizeof text, "%.3g", cut[i]); /* steps are a hundredth to a tenth */
      assert_true(strtod(text, NULL) == cut[i]);
    }
  }
}

static gm_status group_trial(gm_ctx *ctx, void *user)
{
  table *t = user;
  int32_t smallest;
  t->q[0].step = t->q[1].step = 0;
  return gm__deid_group(ctx, 50, t->q, 2, 11, 0.05, t->group, t->kept, &smallest);
}

static gm_status words_trial(gm_ctx *ctx, void *user)
{
  gm__deid_words w;
  char text[20];
  (void)user;
  gm_status st = gm__deid_words_init(&w, ctx);
  for (int i = 0; i < 2000 && !st; i++) {
    snprintf(text, sizeof text, "word %d", i / 2);
    int32_t n = gm__deid_word_of(&w, "unit", "glucose", text);
    st = n < 0 ? GM_ENOMEM : GM_OK;
    if (!st) assert_int_equal(i / 2, n);
    if (!st) assert_string_equal(text, gm__deid_word_tail(&w, n));
  }
  gm__deid_words_free(&w);
  return st;
}

/* Every allocation that fails is said, and leaves nothing behind. */
static void faults__leave_nothing(void **state)
{
  (void)state;
  static table t;
  state_of = 9;
  fill(&t, 2);
  assert_true(fault_sweep("groups", group_trial, &t) > 0);
  assert_true(fault_sweep("words", words_trial, NULL) > 0);
}

/* What a spreadsheet would run, or a terminal obey, is not plain. */
static void words__that_are_formulas_are_not_plain(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  gm__deid_words w;
  static const char *const bad[] = {"=1+1", "@x", "+a", "-a", "a\nb", "a\037b"};
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  assert_int_equal(GM_OK, gm__deid_words_init(&w, ctx));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int32_t n = gm__deid_word_of(&w, "value", "s", bad[i]);
    assert_false(w.word[n].plain);
  }
  int32_t n = gm__deid_word_of(&w, "value", "s", "never");
  assert_true(w.word[n].plain);
  gm__deid_words_free(&w);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups__hold_k_over_random_tables),
      cmocka_unit_test(enough_alike__are_left_as_they_are),
      cmocka_unit_test(cuts__rise_and_are_round),
      cmocka_unit_test(cuts__are_what_is_printed),
      cmocka_unit_test(faults__leave_nothing),
      cmocka_unit_test(words__that_are_formulas_are_not_plain),
  };
  return cmocka_run_group_tests_name("deidentify groups", tests, NULL, NULL);
}
