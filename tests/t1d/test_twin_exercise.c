/* label: full */
/* test_twin_exercise.c - exercise by heart rate in the streaming twin, against s2013.ant as truth.
 */
#include "hidden.h"
#include "t1d_exercise.h"
#include "t1d_rivals.h"

static gm_ctx *ctx;

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

/* y, z and the beats of a session against an independent simulation of s2013.ant's equations: RK4
 * of 0.6 s. The twin's steps of a quarter of a minute take z's rate at their middle. */
static void exercise__is_that_of_the_equations(void **state)
{
  (void)state;
  t1d_exercise e;
  double y = 0, z = 0, beats = 0;
  t1d_exercise_begin(&e, 0, 70);
  for (int32_t minute = 0; minute < 600; minute++) {
    const double rate = minute < 60 ? 70 : minute < 100 ? 140 : minute < 120 ? 110 : 71;
    const double above = rate > 80 ? rate - 70 : 0; /* 71 is rest */
    for (int32_t i = 0; i < 100; i++) {
      const double h = 0.01;
      double ky[4], kz[4], part[4] = {0, 0.5, 0.5, 1};
      for (int32_t s = 0; s < 4; s++) {
        const double a = y + (s ? h * part[s] * ky[s - 1] : 0);
        const double b = z + (s ? h * part[s] * kz[s - 1] : 0);
        const double f = pow(a / 7, 4) / (1 + pow(a / 7, 4));
        ky[s] = (above - a) / 5;
        kz[s] = f * (1 - b) - b / 600;
      }
      y += h / 6 * (ky[0] + 2 * ky[1] + 2 * ky[2] + ky[3]);
      z += h / 6 * (kz[0] + 2 * kz[1] + 2 * kz[2] + kz[3]);
      beats += h * above;
    }
    t1d_exercise_go(&e, minute + 1, rate);
    assert_true(fabs(e.y - y) < 1e-9);
    assert_true(fabs(e.z - z) < 2e-3);
    assert_true(fabs(e.beats - beats) < 1e-6);
  }
  assert_true(t1d_exercise_move(&e) == 0);
  assert_true(fabs(t1d_exercise_after(&e) - 2.59e-4 * beats * z) < 2e-3 * 2.59e-4 * beats);
}

/* ---- a person who exercises ------------------------------------------------------------------ */
enum { DAYS = 4, FROM_MIN = 16 * 60, LASTS_MIN = 60 };
static const double rest = 80, active = 135;

static bool exercises(int32_t t_min)
{
  const int32_t in_day = t_min % 1440;
  return in_day >= FROM_MIN && in_day < FROM_MIN + LASTS_MIN;
}

typedef struct {
  double square, bias;
  int32_t count;
} error;

/* Errors of the forecast of glucose an hour ahead that are made in the session and in the hour
 * behind it, from the second day on; of a twin with the heart rate and of one without. */
static void person_follow(int32_t number, bool announced, error sum[2])
{
  hidden p;
  t1d_twin *twin[2];
  double ahead[2][13];
  hidden_open(&p, ctx, number, hidden_s2013(ctx));
  *hidden_parameter(&p, "r3") = *hidden_parameter(&p, "xi") = 0;
  hidden_begin(&p);
  const int32_t hr = gm_model_find(p.model, GM_TABLE_INPUT, "HR");
  const int32_t ahr = gm_model_find(p.model, GM_TABLE_INPUT, "AHR");
  assert_true(hr >= 0 && ahr >= 0);
  for (int32_t k = 0; k < 2; k++) {
    t1d_twin_options o = hidden_options(&p);
    if (k) o.rest_heart_rate = rest;
    hidden_must(ctx, t1d_twin_new(ctx, &o, &twin[k]));
  }
  for (int32_t t = 5; t <= DAYS * 1440; t += 5) {
    const int32_t in_day = (t - 5) % 1440;
    gm_edge edge[2];
    int32_t count = 0;
    if (t % 1440 == 5)
      for (int32_t i = 0; i < 3; i++) {
        static const double at_h[3] = {7, 12.5, 19}, carbs_g[3] = {50, 60, 65};
        const double at = t - 5 + 60 * at_h[i], dose_u = carbs_g[i] / p.subject->cr_g_per_u;
        hidden_must(ctx, t1d_course_meal(p.course, ctx, at, carbs_g[i]));
        hidden_must(ctx, t1d_course_bolus(p.course, ctx, at, dose_u));
        for (int32_t k = 0; k < 2; k++) {
          hidden_must(ctx, t1d_twin_meal(twin[k], ctx, at, carbs_g[i]));
          hidden_must(ctx, t1d_twin_bolus(twin[k], ctx, at, dose_u));
        }
      }
    if (in_day == FROM_MIN) {
      edge[count++] = (gm_edge){t - 5, 0, ahr, GM_EDGE_REPLACE};
      edge[count++] = (gm_edge){t - 5, active, hr, GM_EDGE_REPLACE};
      if (announced) hidden_must(ctx, t1d_twin_exercise(twin[1], ctx, t - 5, LASTS_MIN, active));
    }
    if (in_day == FROM_MIN + LASTS_MIN) edge[count++] = (gm_edge){t - 5, rest, hr, GM_EDGE_REPLACE};
    const double glucose = hidden_go(&p, t, edge, count);
    const double reading = t1d_sensor_read(&p.sensor, t, glucose);
    hidden_must(ctx, t1d_twin_heart_rate(twin[1], ctx, t - 5, exercises(t - 5) ? active : rest));
    for (int32_t k = 0; k < 2; k++) {
      t1d_outlook o;
      double mean = 0;
      const t1d_outlook_options oo = {.steps = 12, .members = 16, .basal_u_per_h = -1};
      hidden_must(ctx, t1d_twin_step(twin[k], ctx, t, reading, NULL));
      hidden_must(ctx, t1d_twin_outlook(twin[k], ctx, &oo, &o));
      for (int32_t m = 0; m < o.members; m++) mean += o.weight[m] * o.glucose_mgdl[12 * m + 11];
      const int32_t made = t - 60, slot = (made / 5) % 13;
      if (made > 1440 && made % 1440 >= FROM_MIN && made % 1440 < FROM_MIN + LASTS_MIN + 60) {
        const double e = ahead[k][slot] - glucose;
        sum[k].square += e * e;
        sum[k].bias += e;
        sum[k].count++;
      }
      ahead[k][(t / 5) % 13] = mean;
    }
  }
  for (int32_t k = 0; k < 2; k++) t1d_twin_free(twin[k]);
  hidden_close(&p);
}

/* An hour of exercise a day: the twin that hears the heart rate forecasts the hour to come, from in
 * the session and the hour behind it, with less error than the one that does not, which forecasts
 * too high; and better still where the session was announced, so that it knows how long it lasts.
 */
static void twin__hears_exercise(void **state)
{
  (void)state;
  double rmse[2][2];
  for (int32_t announced = 0; announced < 2; announced++) {
    error sum[2] = {{0}};
    for (int32_t i = 10; i < 20; i += 3) person_follow(i, announced, sum);
    for (int32_t k = 0; k < 2; k++) {
      rmse[announced][k] = sqrt(sum[k].square / sum[k].count);
      print_message("%s, %s: RMSE at an hour %.1f mg/dL, bias %+.1f, of %d forecasts\n",
                    announced ? "announced" : "not announced",
                    k ? "with the heart rate" : "without it", rmse[announced][k],
                    sum[k].bias / sum[k].count, (int)sum[k].count);
    }
  }
  assert_true(rmse[0][1] < 0.75 * rmse[0][0]);
  assert_true(rmse[1][1] < rmse[0][1]);
}

/* An hour at 150, heard in one step of eight hours, does what it does in steps of five minutes. */
static void heart_rate__counts_when_it_was(void **state)
{
  (void)state;
  double glucose[3];
  for (int32_t how = 0; how < 3; how++) { /* one step, steps of 5 min, at rest */
    t1d_twin *twin;
    t1d_twin_news n;
    const t1d_twin_options o = {
        .bw_kg = 70, .basal_u_per_h = 1, .first_mgdl = 140, .rest_heart_rate = 70};
    hidden_must(ctx, t1d_twin_new(ctx, &o, &twin));
    for (int32_t t = 0; t < 480; t += 5) {
      const double rate = how < 2 && t >= 300 && t < 360 ? 150 : 70;
      hidden_must(ctx, t1d_twin_heart_rate(twin, ctx, t, rate));
      if (how == 1) hidden_must(ctx, t1d_twin_step(twin, ctx, t + 5, NAN, NULL));
    }
    hidden_must(ctx, t1d_twin_step(twin, ctx, 480, NAN, &n));
    glucose[how] = n.glucose_mgdl;
    t1d_twin_free(twin);
  }
  print_message(
      "after an hour at 150: %.1f in one step, %.1f in steps of 5 min, at rest %.1f mg/dL\n",
      glucose[0], glucose[1], glucose[2]);
  assert_true(fabs(glucose[0] - glucose[1]) < 0.1 * fabs(glucose[2] - glucose[1]));
  assert_true(glucose[1] < glucose[2]);
}

/* Heart rates for a twin that does not follow them, and impossible ones, are refused. */
static void twin__refuses_what_it_does_not_follow(void **state)
{
  (void)state;
  t1d_twin *twin;
  hidden_must(ctx, t1d_twin_new(ctx, &(t1d_twin_options){.bw_kg = 70}, &twin));
  assert_int_equal(t1d_twin_heart_rate(twin, ctx, 0, 90), GM_EINVAL);
  assert_int_equal(t1d_twin_exercise(twin, ctx, 0, 30, 0), GM_EINVAL);
  t1d_twin_free(twin);
  hidden_must(ctx,
              t1d_twin_new(ctx, &(t1d_twin_options){.bw_kg = 70, .rest_heart_rate = 60}, &twin));
  assert_int_equal(t1d_twin_heart_rate(twin, ctx, 0, 500), GM_EDOMAIN);
  assert_int_equal(t1d_twin_heart_rate(twin, ctx, NAN, 90), GM_EDOMAIN);
  assert_int_equal(t1d_twin_exercise(twin, ctx, 0, -1, 0), GM_EDOMAIN);
  assert_int_equal(t1d_twin_heart_rate(twin, ctx, 0, 90), GM_OK);
  t1d_twin_free(twin);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(exercise__is_that_of_the_equations),
      cmocka_unit_test(twin__hears_exercise),
      cmocka_unit_test(heart_rate__counts_when_it_was),
      cmocka_unit_test(twin__refuses_what_it_does_not_follow),
  };
  return cmocka_run_group_tests(test, begin, end);
}
