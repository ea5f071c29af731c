/* Data quality on glucose sensors of five people: the known sawtooth of one is found, and nobody
 * else has one.
 * label: quick */
#include "gemel/quality.h"
#include "support/data.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

enum { MOST = 13000 };
static gm_quality_datum data[MOST];
static gm_quality_finding found[MOST];

static int32_t read_series(const char *path)
{
  char line[200];
  int32_t n = 0;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  while (n < MOST && fgets(line, sizeof line, f)) {
    struct tm t = {0};
    double value;
    if (sscanf(line, "%d-%d-%d %d:%d:%d,%lf", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec, &value) != 7)
      continue; /* the heading */
    t.tm_year -= 1900;
    t.tm_mon--;
    data[n++] = (gm_quality_datum){(double)timegm(&t) / 3600, NAN, value};
  }
  fclose(f);
  return n;
}

static gm_quality_rules sensor_rules(void)
{
  gm_quality_rules r = gm_quality_defaults();
  r.hard_low = 10, r.hard_high = 1000;
  r.soft_low = 39, r.soft_high = 450;
  r.sensor_low = 40, r.sensor_high = 400;
  r.resolution = 1;
  r.noise_sd = 2, r.noise_cv = 0.02;
  r.rise_per_h = r.fall_per_h = 300;
  r.dip_fall = 30, r.dip_fall_per_h = 180, r.dip_h = 1;
  r.unit[0] = (gm_quality_unit){18.016, 0};
  r.unit_count = 1;
  r.unix_h = 0;
  return r;
}

/* facts known before: the first series has a sawtooth of 15 minutes and about 30 mg/dL; hupa_0011P
 * was filled in between data of 15 minutes, so that much of it lies between the sensor's steps. */
static void glucose__known_sawtooth_and_nobody_elses(void **state)
{
  gm_ctx *ctx = *state;
  static const char *const name[] = {"hupa_0001P", "hupa_0011P", "azt1d_subject1", "azt1d_subject7",
                                     "bigideas_001"};
  gm_quality_rules r = sensor_rules();
  for (int k = 0; k < 5; k++) {
    char file[100], path[1000];
    snprintf(file, sizeof file, "t1d/cgm_real/%s.csv", name[k]);
    if (!data_path(file, path, sizeof path)) {
      data_skip(file, 3);
      continue;
    }
    int32_t n = read_series(path), count[GM_QUALITY_REASONS] = {0}, verdict[4] = {0};
    assert_true(n > 2000);
    assert_int_equal(gm_quality_batch(ctx, &r, n, data, found), GM_OK);
    double height = 0;
    for (int32_t i = 0; i < n; i++) {
      verdict[found[i].verdict]++;
      for (int j = 0; j < GM_QUALITY_REASONS; j++) count[j] += found[i].reasons >> j & 1;
      if (found[i].reasons >> GM_QUALITY_SAWTOOTH & 1)
        height += found[i].measured[GM_QUALITY_SAWTOOTH];
    }
    double saw = (double)count[GM_QUALITY_SAWTOOTH] / n;
    print_message("%s: %d data, good %.1f %%, suspect %.1f %%, duplicate %.1f %%:", name[k], (int)n,
                  100.0 * verdict[GM_QUALITY_GOOD] / n, 100.0 * verdict[GM_QUALITY_SUSPECT] / n,
                  100.0 * verdict[GM_QUALITY_DUPLICATE] / n);
    for (int j = 0; j < GM_QUALITY_REASONS; j++)
      if (count[j])
        print_message(" %s %.2f", gm_quality_reason_name((gm_quality_reason)j),
                      100.0 * count[j] / n);
    print_message("\n");
    if (k == 0) {
      print_message("mean height of its teeth: %.0f mg/dL\n", height / count[GM_QUALITY_SAWTOOTH]);
      assert_true(saw > 0.3);
    } else {
      assert_true(saw < 0.001);
    }
    if (k == 1) assert_true(count[GM_QUALITY_OFF_GRID] > n / 3);
    assert_int_equal(verdict[GM_QUALITY_IMPOSSIBLE], 0);
  }
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(glucose__known_sawtooth_and_nobody_elses)};
  return cmocka_run_group_tests(tests, begin, end);
}
