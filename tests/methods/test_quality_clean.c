/* What the checks of data quality cost on clean series: no more false alarms than stated.
 * label: full */
#include "methods/quality_series.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum { LENGTH = 2000, SERIES = 20 };

static gm_quality_datum data[LENGTH];
static gm_quality_finding found[LENGTH];

static void stream(gm_ctx *ctx, const gm_quality_rules *r, int32_t n)
{
  gm_quality *q;
  assert_int_equal(gm_quality_new(ctx, r, &q), GM_OK);
  for (int32_t i = 0; i < n; i++) gm_quality_take(q, data[i], &found[i]);
  gm_quality_free(q);
}

/* Alarms of a reason: of runs without a break only the first counts. */
static int32_t alarms(int32_t n, gm_quality_reason r, bool runs)
{
  int32_t count = 0;
  for (int32_t i = 0; i < n; i++) {
    bool now = found[i].reasons >> r & 1, before = i > 0 && found[i - 1].reasons >> r & 1;
    count += now && !(runs && before);
  }
  return count;
}

static bool stretches(int r)
{
  return r == GM_QUALITY_FLAT || r == GM_QUALITY_SAWTOOTH || r == GM_QUALITY_REPEAT;
}

/* What says nothing against a datum, and comes with lost data. */
static bool may_be(int r) { return r == GM_QUALITY_GAP; }

static void count_alarms(gm_ctx *ctx, const temper *m, double rate, bool batch,
                         int32_t count[GM_QUALITY_REASONS], int32_t *total)
{
  gm_quality_rules r = rules_of(m);
  r.slip_rate = r.flat_rate = r.saw_rate = r.repeat_rate = r.spike_rate = rate;
  for (uint64_t k = 0; k < SERIES; k++) {
    int32_t n = clean_series(m, k, LENGTH, data);
    if (batch)
      assert_int_equal(gm_quality_batch(ctx, &r, n, data, found), GM_OK);
    else
      stream(ctx, &r, n);
    *total += n;
    for (int i = 0; i < GM_QUALITY_REASONS; i++)
      count[i] += alarms(n, (gm_quality_reason)i, batch && stretches(i));
  }
}

/* No reason is given more often than its stated rate (plus 4 standard errors of a Poisson count),
 * at the default rate and at one in a hundred, by the stream and by the batch; those that need no
 * rate are never given. A step is a spike's alarm that came true three times. */
static void clean__no_more_alarms_than_stated(void **state)
{
  gm_ctx *ctx = *state;
  const double rates[] = {1e-4, 1e-2};
  for (int m = 0; m < TEMPERS; m++)
    for (int k = 0; k < 4; k++) {
      int32_t count[GM_QUALITY_REASONS] = {0}, total = 0;
      double rate = rates[k / 2];
      count_alarms(ctx, &tempers[m], rate, k % 2, count, &total);
      double most = rate * total + 4 * sqrt(rate * total);
      print_message("%s, %s, %d data, stated %g:", tempers[m].name, k % 2 ? "batch" : "stream",
                    (int)total, rate);
      for (int i = 0; i < GM_QUALITY_REASONS; i++) {
        bool rated = stretches(i) || i == GM_QUALITY_UNIT_SLIP || i == GM_QUALITY_SPIKE ||
                     i == GM_QUALITY_STEP;
        if (count[i])
          print_message(" %s %.2g", gm_quality_reason_name((gm_quality_reason)i),
                        (double)count[i] / total);
        if (!may_be(i)) assert_true(rated ? count[i] <= most : count[i] == 0);
      }
      print_message("\n");
    }
}

/* A true change at the very limit with known noise exceeds it at the stated rate: with independent
 * noise at both ends the excess is normal, so the share is the rate itself. */
static void rate__at_the_limit_as_stated(void **state)
{
  gm_ctx *ctx = *state;
  gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  gm_quality_rules r = gm_quality_defaults();
  r.noise_sd = 2;
  r.fall_per_h = r.rise_per_h = 120;
  r.rate_rate = 1e-2;
  r.spike_rate = r.saw_rate = 0;
  r.relock = 16;
  int32_t count = 0, total = 0;
  for (uint64_t k = 0; k < 1000; k++) { /* short ramps from fresh states: pairs */
    for (int32_t i = 0; i < 40; i++)
      data[i] = (gm_quality_datum){
          i * 0.1, NAN,
          12.0 * (i % 2) + 2 * gm_normal(key, 0, 0, gm_kind_draw(1, 0), k * 40 + (uint64_t)i)};
    for (int32_t i = 0; i + 1 < 40; i += 2) {
      gm_quality_finding f;
      gm_quality *q;
      assert_int_equal(gm_quality_new(ctx, &r, &q), GM_OK);
      gm_quality_take(q, data[i], &f);
      gm_quality_take(q, data[i + 1], &f);
      gm_quality_free(q);
      count += f.reasons >> GM_QUALITY_RISE & 1;
      total++;
    }
  }
  print_message("rise at the limit: %d of %d flagged, stated 0.01\n", (int)count, (int)total);
  assert_true(fabs(count - 0.01 * total) < 4 * sqrt(0.01 * total));
}

static int begin(void **state)
{
  gm_ctx *ctx = NULL;
  if (gm_ctx_new(NULL, &ctx)) return -1;
  *state = ctx;
  return 0;
}

static int end(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clean__no_more_alarms_than_stated),
      cmocka_unit_test(rate__at_the_limit_as_stated),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
