/* label: full */
/* test_twin_memory.c - every allocation of the twin, its outlook and its bytes, of the forecaster
 * and of a replay may fail: each gives GM_ENOMEM with a message and leaves no block behind, also
 * where a meal that nobody told is looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_replay.h"
#include "support/fault.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const t1d_twin_options options = {
    .bw_kg = 70, .basal_u_per_h = 1, .is_virtual = true, .first_mgdl = 120, .seed = 1};

/* Readings every 5 min; from the fourth on a rise that no meal told of explains. */
enum { STEPS = 9 };
static const double reading[STEPS] = {120, 121, 120, 122, 136, 152, 168, 185, 201};

static gm_status told(t1d_twin *t, gm_ctx *ctx, double now_min)
{
  gm_status s = t1d_twin_meal(t, ctx, now_min + 2, 5);
  if (!s) s = t1d_twin_bolus(t, ctx, now_min + 2, 0.5);
  if (!s) s = t1d_twin_basal(t, ctx, now_min + 3, 0.8);
  return s;
}

/* ---- the twin -------------------------------------------------------------------------------- */
static double found_g; /* of meals, in the last run that came through */

static gm_status a_life(gm_ctx *ctx, void *user)
{
  (void)user;
  t1d_twin *t = NULL;
  double found = 0;
  gm_status s = t1d_twin_new(ctx, &options, &t);
  if (s) assert_null(t);
  for (int i = 0; i < STEPS && !s; i++) {
    t1d_twin_news n;
    s = t1d_twin_step(t, ctx, 5 * (i + 1), reading[i], &n);
    if (!s) found += n.hidden_meal_g;
  }
  if (!s) found_g = found;
  if (!s) s = told(t, ctx, 5 * STEPS);
  t1d_twin_free(t);
  return s;
}

/* A twin that looks back, and finds a meal: or the sweep would not have passed there. */
static void twin__any_allocation_of_its_life_may_fail(void **state)
{
  (void)state;
  assert_true(fault_sweep("a twin's life", a_life, NULL) > 100);
  assert_true(found_g > 0);
}

/* ---- what is asked of it --------------------------------------------------------------------- */
static gm_status looks_ahead(gm_ctx *ctx, void *user)
{
  t1d_twin *t = user;
  t1d_outlook o;
  t1d_explanation e;
  t1d_ratios r;
  const t1d_outlook_options few = {.members = 4, .steps = 12, .basal_u_per_h = 2, .per_unit = true};
  gm_status s = t1d_twin_outlook(t, ctx, &few, &o);
  if (!s) s = t1d_twin_explain(t, ctx, &few, &e);
  if (!s) s = t1d_twin_ratios(t, ctx, 1, &r);
  return s;
}

static gm_status goes_on(gm_ctx *ctx, void *user)
{
  gm_text bytes;
  t1d_twin *again = NULL;
  gm_text_init(&bytes, ctx);
  gm_status s = t1d_twin_save(user, ctx, &bytes);
  if (!s) s = t1d_twin_load(ctx, &options, bytes.data, bytes.bytes, &again);
  if (s) assert_null(again);
  if (!s) s = told(again, ctx, 15);
  t1d_twin_free(again);
  gm_text_free(&bytes);
  return s;
}

static gm_status born_looking(gm_ctx *ctx, void *user)
{
  (void)user;
  t1d_twin *t = NULL;
  gm_status s = t1d_twin_new(ctx, &options, &t);
  if (!s) s = looks_ahead(ctx, t);
  t1d_twin_free(t);
  return s;
}

static void twin__any_allocation_of_its_outlook_may_fail(void **state)
{
  (void)state;
  assert_true(fault_sweep("a twin's outlook", born_looking, NULL) > 100);
}

static void twin__any_allocation_of_its_bytes_may_fail(void **state)
{
  (void)state;
  t1d_twin *t;
  gm_ctx *rich; /* the twin has memory; its bytes, and the twin made of them, have not */
  assert_int_equal(gm_ctx_new(NULL, &rich), GM_OK);
  if (t1d_twin_new(rich, &options, &t)) fail_msg("%s", gm_message(rich));
  for (int i = 0; i < 3; i++)
    if (t1d_twin_step(t, rich, 5 * (i + 1), reading[i], NULL)) fail_msg("%s", gm_message(rich));
  assert_true(fault_sweep("a twin's bytes", goes_on, t) > 10);
  t1d_twin_free(t);
  gm_ctx_free(rich);
}

/* A twin that had no memory for a step goes on from there all the same; it says no
 * number that is no glucose, and is freed whole. */
static void twin__says_nothing_false_after_a_step_without_memory(void **state)
{
  (void)state;
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  int32_t refused = 0, went_on = 0;
  for (int64_t n = 1; n <= 40; n++) {
    t1d_twin *t;
    if (t1d_twin_new(ctx, &options, &t)) fail_msg("%s", gm_message(ctx));
    for (int i = 0; i < STEPS + 3; i++) {
      t1d_twin_news news = {.glucose_mgdl = NAN};
      if (i == STEPS - 2) fault_arm(&f, n, false);
      gm_status s = t1d_twin_step(t, ctx, 5 * (i + 1), reading[i < STEPS ? i : STEPS - 1], &news);
      refused += s != GM_OK;
      went_on += !s && i == STEPS + 2;
      fault_disarm(&f);
      if (s) assert_int_equal(s, GM_ENOMEM);
      if (!s) assert_true(news.glucose_mgdl > 20 && news.glucose_mgdl < 600);
    }
    t1d_twin_free(t);
  }
  print_message("%d steps of 40 twins refused; %d twins went on\n", (int)refused, (int)went_on);
  assert_true(refused > 0);
  assert_int_equal(went_on, 40);
  gm_ctx_free(ctx);
  assert_int_equal(f.live, 0);
}

/* ---- forecaster and replay ------------------------------------------------------------------- */
static gm_status forecasts(gm_ctx *ctx, void *user)
{
  (void)user;
  t1d_forecast *f = NULL, *g = NULL;
  gm_text bytes;
  gm_text_init(&bytes, ctx);
  gm_status s = t1d_forecast_new(ctx, &f);
  if (s) assert_null(f);
  for (int i = 0; i < STEPS && !s; i++) {
    gm_online_law law[T1D_FORECAST_HORIZONS];
    const t1d_forecast_now now = {.t_min = 5 * i, .cgm_mgdl = reading[i], .weight = 1};
    s = t1d_forecast_step(f, ctx, &now, law);
  }
  if (!s) s = t1d_forecast_save(f, ctx, &bytes);
  if (!s) s = t1d_forecast_new(ctx, &g);
  if (!s) s = t1d_forecast_load(g, ctx, bytes.data, bytes.bytes);
  t1d_forecast_free(g);
  t1d_forecast_free(f);
  gm_text_free(&bytes);
  return s;
}

static void forecast__any_allocation_may_fail(void **state)
{
  (void)state;
  assert_true(fault_sweep("a forecaster", forecasts, NULL) > 5);
}

static gm_status replays(gm_ctx *ctx, void *user)
{
  t1d_record record[] = {
      {.t_s = 0, .kind = T1D_RECORD_GLUCOSE, .value = 120},
      {.t_s = 60, .kind = T1D_RECORD_BASAL, .value = 2, .duration_min = 4},
      {.t_s = 120, .kind = T1D_RECORD_BOLUS, .value = 1, .duration_min = 6},
      {.t_s = 180, .kind = T1D_RECORD_CARBS, .value = 12, .duration_min = 3},
      {.t_s = 300, .kind = T1D_RECORD_GLUCOSE, .value = 121},
      {.t_s = 900, .kind = T1D_RECORD_GLUCOSE, .value = 124},
  };
  const t1d_records r = {.record = record, .count = (int32_t)(sizeof record / sizeof *record)};
  const t1d_replay_options o = {.members = 2, .no_twin = *(const bool *)user};
  t1d_replay out;
  return t1d_replay_run(ctx, &r, &o, NULL, NULL, NULL, &out);
}

static void replay__any_allocation_may_fail(void **state)
{
  (void)state;
  for (int i = 0; i < 2; i++) {
    bool no_twin = i;
    assert_true(fault_sweep("a replay", replays, &no_twin) > 5);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(twin__any_allocation_of_its_life_may_fail),
      cmocka_unit_test(twin__any_allocation_of_its_outlook_may_fail),
      cmocka_unit_test(twin__any_allocation_of_its_bytes_may_fail),
      cmocka_unit_test(twin__says_nothing_false_after_a_step_without_memory),
      cmocka_unit_test(forecast__any_allocation_may_fail),
      cmocka_unit_test(replay__any_allocation_may_fail),
  };
  setenv("GEMEL_KERNEL", "off", 1); /* nothing in the background that may do without memory */
  return cmocka_run_group_tests(test, NULL, NULL);
}
