/* test_fore_book.c - the book of scores: exact sums, any order, kept to the last bit.
 * label: quick */
#include "gemel/forecast.h"
#include "methods/fore_exact.h"
#include "num/distribution.h"
#include "support/fault.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;
static const double horizon[2] = {1, 7};

static gm_key test_key(uint64_t n) { return gm_key_make(23, GM_PURPOSE_TEST, n, 0); }

/* Sums of doubles of wildly different size, signs mixed, are the exact sum rounded once: small
 * terms come back after large ones cancel, and any order gives the same digits. */
static void exact__sums_cancel_without_loss(void **state)
{
  (void)state;
  const double x[] = {1e300, 1, DBL_TRUE_MIN, -1e300, 0x1p-1022, -1, 3 * DBL_TRUE_MIN};
  gm__exact e = {0}, back = {0};
  for (int i = 0; i < 7; i++) gm__exact_add(&e, x[i]);
  for (int i = 6; i >= 0; i--) gm__exact_add(&back, x[i]);
  assert_true(gm__exact_value(&e) == 0x1p-1022 + 4 * DBL_TRUE_MIN);
  gm__exact_settle(&e);
  gm__exact_settle(&back);
  assert_memory_equal(e.digit, back.digit, sizeof e.digit);
  gm__exact one = {0}, zero = {0};
  gm__exact_add(&one, 1);
  gm__exact_add(&one, 0x1p-53); /* a tie: to even, down */
  assert_true(gm__exact_value(&one) == 1);
  gm__exact_add(&one, 0x1p-1000); /* now above the tie */
  assert_true(gm__exact_value(&one) == 1 + 0x1p-52);
  gm__exact_add(&one, -0x1p-1000);
  gm__exact_add(&one, 0x1p-52); /* 1 + 1.5 ulp: to even, up */
  assert_true(gm__exact_value(&one) == 1 + 0x1p-51);
  assert_true(gm__exact_value(&zero) == 0);
  gm__exact most = {0};
  gm__exact_add(&most, -DBL_MAX);
  assert_true(gm__exact_value(&most) == -DBL_MAX);
  gm__exact_add(&most, -DBL_MAX);
  assert_true(isinf(gm__exact_value(&most)));
}

/* Every double alone comes back as it was. */
static void exact__one_number_comes_back(void **state)
{
  (void)state;
  for (uint64_t k = 0; k < 20000; k++) {
    uint64_t w[4];
    double x;
    gm_draw4(test_key(1), k, 0, 0, 0, w);
    memcpy(&x, &w[0], sizeof x);
    if (!isfinite(x)) continue;
    gm__exact e = {0};
    gm__exact_add(&e, x);
    assert_true(gm__exact_value(&e) == x);
  }
}

/* A made-up score for (subject, case, forecaster). */
static gm_score made(uint64_t subject, uint64_t i, uint64_t who)
{
  gm_key key = test_key(100 + who);
  double u = gm_uniform(key, subject, i, 0, 0), v = gm_normal(test_key(90), subject, 0, 0, 0);
  gm_score s = {.crps = (u + (who ? 0.4 : 0)) * exp(v),
                .wis = u * 1.1,
                .bias = 2 * u - 1,
                .pit = u,
                .said50 = 0.5,
                .said90 = 0.9,
                .log_score = -log(u)};
  if (i % 7 == 3) s.log_score = INFINITY;
  if (i % 7 == 4) s.log_score = NAN;
  s.in50 = u < 0.5;
  s.in90 = u < 0.9;
  return s;
}

static void fill(gm_book *b, uint64_t subject, int cases)
{
  for (uint64_t i = 0; i < (uint64_t)cases; i++) {
    gm_score twin = made(subject, i, 0), last = made(subject, i, 1), others = made(subject, i, 2);
    gm_book_base base[2] = {{"last value", &last}, {"population", &others}};
    int count = i == 0 ? 1 : 2; /* the first outcome has one baseline only */
    assert_int_equal(gm_book_add(b, "glucose", 0.5, &twin, count, base), GM_OK);
    assert_int_equal(gm_book_add(b, "insulin %", 3, &twin, 0, NULL), GM_OK);
  }
}

static gm_book *book(void)
{
  gm_book *b;
  assert_int_equal(gm_book_new(ctx, 2, horizon, &b), GM_OK);
  return b;
}

static char *text_of(const gm_book *b)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_book_save(b, &t);
  assert_int_equal(t.status, GM_OK);
  return t.data;
}

/* Rows hold the means, shares, paired skill and its interval with subjects as units: by hand. */
static void rows__are_the_means_by_hand(void **state)
{
  (void)state;
  enum { SUBJECTS = 6, CASES = 5 };
  gm_book *bank = book();
  double own = 0, paired = 0, base = 0, a[SUBJECTS] = {0}, b[SUBJECTS] = {0}, logs = 0, wis = 0;
  int in90 = 0;
  for (uint64_t s = 0; s < SUBJECTS; s++) {
    fill(bank, s, CASES);
    gm_book_close(bank);
    for (uint64_t i = 0; i < CASES; i++) {
      gm_score t = made(s, i, 0), p = made(s, i, 2);
      own += t.crps;
      wis += t.wis;
      in90 += t.in90;
      if (isfinite(t.log_score)) logs += t.log_score;
      if (!i) continue;
      paired += t.crps;
      base += p.crps;
      a[s] += t.crps;
      b[s] += p.crps;
    }
  }
  assert_int_equal(gm_book_rows(bank), 4);
  gm_book_row r = gm_book_at(bank, 0), p = gm_book_at(bank, 2), insulin = gm_book_at(bank, 3);
  assert_string_equal(r.observable, "glucose");
  assert_string_equal(r.forecaster, "");
  assert_string_equal(p.forecaster, "population");
  assert_string_equal(insulin.observable, "insulin %");
  assert_true(insulin.horizon == 7 && r.horizon == 1);
  assert_true(r.n == SUBJECTS * CASES && r.subjects == SUBJECTS && p.n == SUBJECTS * (CASES - 1));
  assert_true(fabs(r.crps - own / r.n) < 1e-14 && fabs(r.wis - wis / r.n) < 1e-14);
  assert_true(r.in90 == in90 / (double)r.n && r.log_infinite == SUBJECTS && r.log_none == SUBJECTS);
  assert_true(fabs(r.log_score - logs / (3 * SUBJECTS)) < 1e-14);
  assert_true(isnan(r.skill));
  double skill = 1 - paired / base, sum = 0;
  for (int s = 0; s < SUBJECTS; s++)
    sum += (a[s] - paired / base * b[s]) * (a[s] - paired / base * b[s]);
  double reach =
      gm_dist_t_quantile(0.95, SUBJECTS - 1) * sqrt(sum * SUBJECTS / (SUBJECTS - 1)) / base;
  assert_true(fabs(p.skill - skill) < 1e-14);
  assert_true(fabs(p.skill_low - (skill - reach)) < 1e-12);
  assert_true(fabs(p.skill_high - (skill + reach)) < 1e-12);
  gm_book_free(bank);
}

/* A bank has the same bytes in whatever order and grouping its twins are merged, and also when the
 * subjects were entered one after the other. */
static void bank__has_the_same_bytes_in_any_order(void **state)
{
  (void)state;
  enum { TWINS = 12 };
  gm_book *twin[TWINS], *up = book(), *down = book(), *half = book(), *rest = book(),
                        *flat = book();
  for (uint64_t s = 0; s < TWINS; s++) {
    twin[s] = book();
    fill(twin[s], s, 3 + (int)s);
    fill(flat, s, 3 + (int)s);
    gm_book_close(flat);
  }
  for (int s = 0; s < TWINS; s++) {
    assert_int_equal(gm_book_merge(up, twin[s]), GM_OK);
    assert_int_equal(gm_book_merge(down, twin[TWINS - 1 - s]), GM_OK);
    assert_int_equal(gm_book_merge(s % 3 ? half : rest, twin[s]), GM_OK);
  }
  assert_int_equal(gm_book_merge(rest, half), GM_OK);
  char *a = text_of(up), *b = text_of(down), *c = text_of(rest), *d = text_of(flat);
  assert_string_equal(a, b);
  assert_string_equal(a, c);
  assert_string_equal(a, d);
  gm_free(a);
  gm_free(b);
  gm_free(c);
  gm_free(d);
  for (int s = 0; s < TWINS; s++) gm_book_free(twin[s]);
  gm_book_free(up);
  gm_book_free(down);
  gm_book_free(half);
  gm_book_free(rest);
  gm_book_free(flat);
}

/* Kept and read back, a book goes on as if nothing had been: same text, an open subject too. */
static void text__keeps_every_bit(void **state)
{
  (void)state;
  gm_book *b = book(), *again;
  fill(b, 1, 5);
  gm_book_close(b);
  fill(b, 2, 4);
  char *kept = text_of(b);
  assert_int_equal(gm_book_load(ctx, kept, &again), GM_OK);
  fill(b, 3, 2);
  fill(again, 3, 2);
  gm_book_close(b);
  gm_book_close(again);
  char *x = text_of(b), *y = text_of(again);
  assert_string_equal(x, y);
  gm_text t;
  gm_text_init(&t, ctx);
  gm_book_print(again, &t);
  assert_non_null(strstr(t.data, "population"));
  gm_text_free(&t);
  gm_free(kept);
  gm_free(x);
  gm_free(y);
  gm_book_free(b);
  gm_book_free(again);
}

/* Every cut of a kept book, and every byte of it changed, is refused or read, never a crash. */
static void text__damage_is_refused(void **state)
{
  (void)state;
  gm_book *b = book(), *again = NULL;
  fill(b, 1, 2);
  char *kept = text_of(b);
  size_t n = strlen(kept);
  for (size_t i = 0; i < n; i++) {
    char old = kept[i];
    kept[i] = '\0';
    assert_int_equal(gm_book_load(ctx, kept, &again), GM_EPARSE);
    static const char other[] = {'9', '-', ' ', '\n', '%', 'f'};
    for (size_t k = 0; k < sizeof other; k++) {
      kept[i] = other[k];
      gm_status s = gm_book_load(ctx, kept, &again);
      if (s == GM_OK) {
        for (int32_t r = 0; r < gm_book_rows(again); r++) (void)gm_book_at(again, r);
        gm_book_close(again);
        gm_book_free(again);
      } else
        assert_int_equal(s, GM_EPARSE);
    }
    kept[i] = old;
  }
  assert_int_equal(gm_book_load(ctx, "", &again), GM_EPARSE);
  gm_free(kept);
  gm_book_free(b);
}

/* What does not belong in a book leaves it as it was. */
static void refusals__leave_the_book(void **state)
{
  (void)state;
  gm_book *b = book(), *other;
  const double longer[1] = {9};
  gm_score good = made(1, 1, 0), bad = good;
  bad.crps = NAN;
  gm_book_base twice[2] = {{"x", &good}, {"x", &good}}, empty = {"", &good}, wrong = {"x", &bad};
  fill(b, 1, 2);
  char *before = text_of(b);
  assert_int_equal(gm_book_add(b, "y", 8, &good, 0, NULL), GM_ERANGE);
  assert_int_equal(gm_book_add(b, "y", 0, &good, 0, NULL), GM_ERANGE);
  assert_int_equal(gm_book_add(b, "y", NAN, &good, 0, NULL), GM_ERANGE);
  assert_int_equal(gm_book_add(b, "", 1, &good, 0, NULL), GM_EINVAL);
  assert_int_equal(gm_book_add(b, "y", 1, &good, 2, twice), GM_EINVAL);
  assert_int_equal(gm_book_add(b, "y", 1, &good, 1, &empty), GM_EINVAL);
  assert_int_equal(gm_book_add(b, "y", 1, &good, 1, &wrong), GM_EDOMAIN);
  assert_int_equal(gm_book_add(b, "y", 1, &bad, 0, NULL), GM_EDOMAIN);
  assert_int_equal(gm_book_merge(b, b), GM_EINVAL);
  assert_int_equal(gm_book_new(ctx, 1, longer, &other), GM_OK);
  assert_int_equal(gm_book_merge(b, other), GM_EINVAL);
  gm_book_free(other);
  assert_int_equal(gm_book_new(ctx, 0, longer, &other), GM_ERANGE);
  char *after = text_of(b);
  assert_string_equal(before, after);
  gm_free(before);
  gm_free(after);
  gm_book_free(b);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_book *b = NULL, *sum = NULL, *again = NULL;
  gm_score s = made(1, 1, 0);
  gm_book_base base = {"last value", &s};
  gm_text t;
  gm_text_init(&t, c);
  gm_status r = gm_book_new(c, 2, horizon, &b);
  if (!r) r = gm_book_add(b, "glucose", 1, &s, 1, &base);
  if (!r) r = gm_book_new(c, 2, horizon, &sum);
  if (!r) r = gm_book_merge(sum, b);
  if (!r) {
    gm_book_save(sum, &t);
    r = t.status;
  }
  if (!r) r = gm_book_load(c, t.data, &again);
  gm_text_free(&t);
  gm_book_free(b);
  gm_book_free(sum);
  gm_book_free(again);
  return r;
}

static void memory__every_refusal_is_clean(void **state)
{
  (void)state;
  assert_true(fault_sweep("score book", trial, NULL) > 10);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact__sums_cancel_without_loss),
      cmocka_unit_test(exact__one_number_comes_back),
      cmocka_unit_test(rows__are_the_means_by_hand),
      cmocka_unit_test(bank__has_the_same_bytes_in_any_order),
      cmocka_unit_test(text__keeps_every_bit),
      cmocka_unit_test(text__damage_is_refused),
      cmocka_unit_test(refusals__leave_the_book),
      cmocka_unit_test(memory__every_refusal_is_clean),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
