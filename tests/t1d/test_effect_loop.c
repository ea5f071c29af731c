/* The effects of a forecast against the published test vectors of LoopKit/LoopAlgorithm (MIT): each
 * case says what is reproduced and to how many digits. Three of them lie in tests/t1d/loop, the
 * rest in the data folder (t1d/loop_fixtures). label: quick */
#include "t1d_effect.h"
#include "base/json_tree.h"
#include "support/data.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

enum { MOST = 400 };
static gm_ctx *ctx;
static gm_arena *trees; /* of the case that runs, and scratch */

static int begin(void **state)
{
  (void)state;
  if (gm_ctx_new(NULL, &ctx)) return -1;
  return gm_arena_new(ctx, 1 << 20, &trees) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_arena_free(trees);
  gm_ctx_free(ctx);
  return 0;
}

/* ---- the vectors ----------------------------------------------------------------------------- */
static bool vector_path(const char *name, char *path, size_t room)
{
  char file[120];
  snprintf(path, room, "tests/t1d/loop/%.80s.json", name);
  FILE *f = fopen(path, "rb");
  if (f) {
    fclose(f);
    return true;
  }
  snprintf(file, sizeof file, "t1d/loop_fixtures/%.80s.json", name);
  return data_path(file, path, room);
}

/* Is the folder of all vectors there? If not, the case says so. */
static bool there(void)
{
  char path[1000];
  if (data_path("t1d/loop_fixtures", path, sizeof path)) return true;
  data_skip("Loop's test vectors", 1);
  return false;
}

/* Three vectors have a comma before a closing bracket, which JSON has not: it becomes a blank. */
static void commas_off(char *text)
{
  for (char *at = strchr(text, ','); at; at = strchr(at + 1, ',')) {
    const char next = at[1 + strspn(at + 1, " \n\r\t")];
    if (next == ']' || next == '}') *at = ' ';
  }
}

static const gm_json *load(const char *name)
{
  char path[1000], *text = NULL;
  size_t bytes = 0;
  gm_json *tree = NULL;
  if (!vector_path(name, path, sizeof path)) fail_msg("%s is not there", name);
  if (gm_file_read(ctx, path, 1 << 20, &text, &bytes)) fail_msg("%s", gm_message(ctx));
  commas_off(text);
  const gm_json_options o = {.name = name};
  if (gm__json_parse(ctx, trees, &o, text, bytes, &tree)) fail_msg("%s", gm_message(ctx));
  gm_free(text);
  return tree;
}

static double number(const gm_json *v, const char *key)
{
  const gm_json *c = gm__json_find(v, key);
  return c ? strtod(c->text, NULL) : NAN;
}

static double time_of(const char *text)
{
  struct tm t = {0};
  assert_int_equal(sscanf(text, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
                          &t.tm_min, &t.tm_sec),
                   6);
  t.tm_year -= 1900;
  t.tm_mon--;
  return (double)timegm(&t);
}

static double when(const gm_json *v, const char *key)
{
  const gm_json *c = gm__json_find(v, key);
  assert_non_null(c);
  return time_of(c->text);
}

/* Times and values of a series {date or startDate: ..., amount or value or quantity: ...}. */
typedef struct {
  double time_s[MOST], value[MOST];
  int32_t count;
} series;

static series load_series(const char *name)
{
  series s = {.count = 0};
  for (const gm_json *c = load(name)->first; c; c = c->next, s.count++) {
    assert_true(s.count < MOST);
    s.time_s[s.count] = when(c, gm__json_find(c, "date") ? "date" : "startDate");
    const char *key = gm__json_find(c, "amount")  ? "amount"
                      : gm__json_find(c, "value") ? "value"
                                                  : "quantity";
    s.value[s.count] = number(c, key);
  }
  return s;
}

/* The vector's grid, which must be whole steps of 5 minutes. */
static t1d_effect_grid grid_of(const series *s)
{
  t1d_effect_grid g;
  assert_int_equal(t1d_effect_grid_over(NULL, s->time_s[0], s->time_s[s->count - 1], 300, &g),
                   GM_OK);
  assert_int_equal(g.count, s->count);
  for (int32_t i = 0; i < g.count; i++) assert_true(t1d_effect_grid_at(&g, i) == s->time_s[i]);
  return g;
}

static void agree(const char *name, const series *want, const double *got, double tolerance)
{
  double worst = 0;
  for (int32_t i = 0; i < want->count; i++) worst = fmax(worst, fabs(want->value[i] - got[i]));
  printf("%-58s %3d values, largest difference %.2g\n", name, (int)want->count, worst);
  for (int32_t i = 0; i < want->count; i++) assert_true(fabs(want->value[i] - got[i]) <= tolerance);
}

static const t1d_effect_span always = {-1e12, 1e12, 40};
static t1d_effect_schedule constant(t1d_effect_span *p, double v)
{
  *p = always;
  p->value = v;
  return (t1d_effect_schedule){p, 1};
}

/* ---- insulin --------------------------------------------------------------------------------- */
static void insulin_case(const char *name, const t1d_effect_net_dose *net, int32_t count,
                         double tolerance)
{
  static double bolus[MOST], basal[MOST];
  series want = load_series(name);
  t1d_effect_grid g = grid_of(&want);
  t1d_effect_span p;
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_ADULT);
  assert_int_equal(
      t1d_effect_insulin(NULL, &m, net, count, constant(&p, 40), T1D_ISF_OF_DOSE, &g, bolus, basal),
      GM_OK);
  for (int32_t k = 0; k < g.count; k++) bolus[k] += basal[k];
  agree(name, &want, bolus, tolerance);
}

/* 1.5 U at once at 12:02:37, 40 mg/dL per U. */
static void insulin__effect_of_a_bolus(void **state)
{
  (void)state;
  if (!there()) return;
  double t = time_of("2015-07-13T12:02:37");
  insulin_case("effect_from_bolus_output", &(t1d_effect_net_dose){t, t, 1.5, false}, 1, 1e-9);
}

/* 2 U over an hour in which 1 U was scheduled: only the imbalance acts. */
static void insulin__effect_of_a_basal_imbalance(void **state)
{
  (void)state;
  if (!there()) return;
  double t = time_of("2015-07-13T12:00:00");
  t1d_effect_dose d = {t, t + 3600, 2, true};
  t1d_effect_net_dose net[2];
  t1d_effect_span p;
  int32_t n;
  assert_int_equal(t1d_effect_net(NULL, &d, 1, constant(&p, 1), net, 2, &n), GM_OK);
  insulin_case("effect_from_basal_output", net, n, 1e-9);
}

static int32_t load_doses(const gm_json *list, t1d_effect_dose *d)
{
  int32_t n = 0;
  for (const gm_json *c = list->first; c; c = c->next, n++) {
    const gm_json *type = gm__json_find(c, "type");
    d[n] = (t1d_effect_dose){when(c, "startDate"), when(c, "endDate"), number(c, "volume"),
                             type && strcmp(type->text, "basal") == 0};
  }
  return n;
}

/* Nineteen doses against a schedule of 1 U/h, 0.8 from 18:30 to 19:00 and from 20:30 to 21:00. (The
 * vectors' own program states the spans out of order, and is content with 3 mg/dL.) */
static void insulin__effect_of_a_history(void **state)
{
  (void)state;
  if (!there()) return;
  t1d_effect_dose d[40];
  t1d_effect_net_dose net[60];
  double t[] = {time_of("2015-10-15T18:00:00"), time_of("2015-10-15T18:30:00"),
                time_of("2015-10-15T19:00:00"), time_of("2015-10-15T20:30:00"),
                time_of("2015-10-15T21:00:00"), time_of("2015-10-15T23:00:00")};
  t1d_effect_span b[] = {
      {t[0], t[1], 1}, {t[1], t[2], 0.8}, {t[2], t[3], 1}, {t[3], t[4], 0.8}, {t[4], t[5], 1}};
  int32_t n = load_doses(load("dose_history"), d), m;
  assert_int_equal(n, 19);
  assert_int_equal(t1d_effect_net(NULL, d, n, (t1d_effect_schedule){b, 5}, net, 60, &m), GM_OK);
  insulin_case("effect_from_history_output", net, m, 1e-9);
}

static void insulin__on_board(void **state)
{
  (void)state;
  if (!there()) return;
  static double got[MOST];
  series want = load_series("iob_timeline");
  double t = time_of("2015-10-15T19:00:00"), basal;
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_ADULT);
  t1d_effect_net_dose net = {t, t + 60, 2, false};
  for (int32_t i = 0; i < want.count; i++)
    t1d_effect_iob(&m, &net, 1, 300, want.time_s[i], &got[i], &basal);
  agree("iob_timeline", &want, got, 1e-9);
}

/* ---- trend ----------------------------------------------------------------------------------- */
static int32_t load_readings(const gm_json *list, t1d_effect_reading *r)
{
  int32_t n = 0;
  for (const gm_json *c = list->first; c; c = c->next, n++) {
    const gm_json *only = gm__json_find(c, "display_only"),
                  *from = gm__json_find(c, "provenance_identifier");
    double v = gm__json_find(c, "amount") ? number(c, "amount") : number(c, "value");
    r[n] =
        (t1d_effect_reading){when(c, "date"), v, from ? 1 : 0, only && only->kind == GM_JSON_TRUE};
  }
  return n;
}

static t1d_effect_trend trend_of(const char *name, int32_t most, bool twice)
{
  t1d_effect_reading r[40];
  int32_t n = load_readings(load(name), r);
  if (n > most) n = most;
  if (twice)
    for (int32_t i = n - 1; i >= 0; i--) r[2 * i] = r[2 * i + 1] = r[i];
  return t1d_effect_momentum(r, twice ? 2 * n : n, 1800, 300, 4, 40);
}

static void trend_case(const char *name, const char *want_name, bool twice)
{
  double got[MOST];
  series want = load_series(want_name);
  t1d_effect_trend m = trend_of(name, 40, twice);
  assert_int_equal(m.state, T1D_TREND_USED);
  assert_int_equal(m.count, want.count);
  assert_true(m.start_s == want.time_s[0]);
  for (int32_t i = 0; i < want.count; i++) got[i] = t1d_effect_momentum_at(&m, want.time_s[i]);
  agree(name, &want, got, 1e-9);
}

static void trend__slope_of_a_rise(void **state)
{
  (void)state;
  trend_case("momentum_effect_rising_glucose_input", "momentum_effect_rising_glucose_output",
             false);
}

static void trend__slopes(void **state)
{
  (void)state;
  if (!there()) return;
  trend_case("momentum_effect_bouncing_glucose_input", "momentum_effect_bouncing_glucose_output",
             false);
  trend_case("momentum_effect_rising_glucose_double_entries_input",
             "momentum_effect_rising_glucose_output", false);
  trend_case("momentum_effect_falling_glucose_input", "momentum_effect_falling_glucose_output",
             false);
  trend_case("momentum_effect_falling_glucose_input", "momentum_effect_falling_glucose_output",
             true);
  trend_case("momentum_effect_stable_glucose_input", "momentum_effect_stable_glucose_output",
             false);
}

static void trend__what_is_refused(void **state)
{
  (void)state;
  if (!there()) return;
  static const struct {
    const char *name;
    int32_t most;
    t1d_trend_state why;
  } c[] = {{"momentum_effect_duplicate_glucose_input", 40, T1D_TREND_NO_SLOPE},
           {"momentum_effect_incomplete_glucose_input", 40, T1D_TREND_GAP},
           {"momentum_effect_bouncing_glucose_input", 2, T1D_TREND_FEW},
           {"momentum_effect_bouncing_glucose_input", 0, T1D_TREND_FEW},
           {"momentum_effect_display_only_glucose_input", 40, T1D_TREND_CALIBRATION},
           {"momentum_effect_mixed_provenance_glucose_input", 40, T1D_TREND_SOURCES}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    t1d_effect_trend m = trend_of(c[i].name, c[i].most, false);
    assert_int_equal(m.state, c[i].why);
    assert_int_equal(m.count, 0);
    assert_true(t1d_effect_momentum_at(&m, 1e12) == 0);
  }
}

/* ---- counteraction --------------------------------------------------------------------------- */
static void counteraction_case(const char *name)
{
  char file[100];
  t1d_effect_reading r[40];
  t1d_effect_velocity v[40];
  double got[MOST];
  int32_t n, k;
  series insulin = load_series("counteraction_effect_falling_glucose_insulin");
  t1d_effect_grid g = grid_of(&insulin);
  snprintf(file, sizeof file, "%s_input", name);
  n = load_readings(load(file), r);
  assert_int_equal(t1d_effect_counteraction(NULL, r, n, &g, insulin.value, v, &k), GM_OK);
  snprintf(file, sizeof file, "%s_output", name);
  series want = load_series(file);
  assert_int_equal(k, want.count);
  int32_t i = 0;
  for (const gm_json *c = load(file)->first; c; c = c->next, i++) {
    assert_true(v[i].start_s == when(c, "startDate"));
    assert_true(v[i].end_s == when(c, "endDate"));
    got[i] = v[i].mgdl_s * 60;
  }
  agree(name, &want, got, 1e-9);
}

static void counteraction__falling_glucose(void **state)
{
  (void)state;
  counteraction_case("counteraction_effect_falling_glucose");
  if (!there()) return;
  counteraction_case("counteraction_effect_falling_glucose_almost_duplicates");
}

/* ---- carbohydrate ---------------------------------------------------------------------------- */
typedef struct {
  const char *seen, *want;
  int32_t meal;
  bool effect; /* else grams on board */
  double ratio, seen_delay_s, effect_delay_s, assumed, longest;
  t1d_absorb_shape shape;
  bool adaptive;
  double left_s;     /* time remaining that the vectors' program expects ... */
  double observed_g; /* ... and grams observed; NAN: not stated */
  double left_close_s, observed_close_g;
} carb_case;

static int32_t load_velocities(const char *name, t1d_effect_velocity *v)
{
  int32_t n = 0;
  for (const gm_json *c = load(name)->first; c; c = c->next, n++)
    v[n] =
        (t1d_effect_velocity){when(c, "start_at"), when(c, "end_at"), number(c, "velocity") / 60};
  return n;
}

static int32_t load_meals(t1d_effect_meal *meal)
{
  int32_t n = 0;
  for (const gm_json *c = load("carb_entry_input")->first; c; c = c->next, n++)
    meal[n] = (t1d_effect_meal){when(c, "start_at"), number(c, "amount"),
                                number(c, "absorption_time") * 60};
  return n;
}

static void run_carb_case(const carb_case *c)
{
  t1d_effect_meal meal[3];
  t1d_effect_velocity v[60];
  t1d_effect_absorption state;
  double credit_g[60], got[MOST];
  t1d_effect_span f, r;
  t1d_carb_options o = t1d_carb_defaults();
  assert_int_equal(load_meals(meal), 3);
  int32_t n = load_velocities(c->seen, v);
  o.shape = c->shape, o.adaptive = c->adaptive, o.delay_s = c->seen_delay_s;
  o.assumed_overrun = c->assumed, o.longest_overrun = c->longest;
  assert_int_equal(t1d_effect_absorb(NULL, &meal[c->meal], 1, v, n, constant(&f, 40),
                                     constant(&r, c->ratio), &o, &state, credit_g),
                   GM_OK);
  assert_true(fabs(state.left_s - c->left_s) <= c->left_close_s);
  assert_true(isnan(c->observed_g) ||
              fabs(state.observed_g - c->observed_g) <= c->observed_close_g);
  series want = load_series(c->want);
  t1d_effect_grid g = grid_of(&want);
  o.delay_s = c->effect_delay_s;
  if (c->effect) t1d_effect_carbs(&state, 1, v, n, credit_g, &o, &g, got);
  for (int32_t k = 0; k < g.count && !c->effect; k++)
    got[k] = t1d_effect_cob(&state, 1, v, n, credit_g, &o, 300, want.time_s[k]);
  agree(c->want, &want, got, 1e-9);
}

/* Settings and the two figures are those of the vectors' own test program (CarbMathTests). */
static void carbs__observed_absorption_replaces_the_assumed(void **state)
{
  (void)state;
  static const t1d_absorb_shape LIN = T1D_ABSORB_LINEAR, PW = T1D_ABSORB_PIECEWISE;
  if (!there()) return;
  const carb_case c[] = {
      {"ice_35_min_input", "dynamic_glucose_effect_none_observed_output", 2, true, 9, 600, 0, 2,
       1.5, LIN, false, 14400, NAN, 1, 0},
      {"ice_35_min_input", "ice_35_min_none_output", 2, false, 8, 600, 600, 2, 1.5, LIN, false,
       14400, NAN, 1, 0},
      {"ice_35_min_input", "ice_35_min_partial_output", 0, false, 8, 600, 600, 2, 1.5, LIN, false,
       8509, 18, 1, 1e-6},
      {"ice_35_min_input", "dynamic_glucose_effect_partially_observed_output", 0, true, 8, 600, 600,
       2, 1.5, LIN, false, 8509, 18, 1, 1e-6},
      {"ice_1_hour_input", "ice_1_hour_output", 0, false, 8, 600, 600, 2, 2, LIN, false, 0, 44, 1,
       1},
      {"ice_1_hour_input", "dynamic_glucose_effect_fully_observed_output", 0, true, 8, 600, 600,
       1.5, 1.5, LIN, false, 0, 44, 1, 1},
      {"ice_slow_absorption", "ice_slow_absorption_output", 1, false, 8, 0, 600, 2, 2, LIN, false,
       10488, NAN, 1, 0},
      {"ice_slow_absorption", "dynamic_glucose_effect_never_fully_observed_output", 1, true, 8, 0,
       600, 2, 2, LIN, false, 10488, NAN, 1, 0},
      {"ice_35_min_input", "ice_35_min_none_piecewiselinear_output", 2, false, 8, 600, 600, 1.5,
       1.5, PW, false, 10800, NAN, 1, 0},
      {"ice_35_min_input", "ice_35_min_partial_piecewiselinear_output", 0, false, 8, 600, 600, 1.5,
       1.5, PW, false, 7008, 18, 1, 1e-6},
      {"ice_1_hour_input", "ice_1_hour_output", 0, false, 8, 600, 600, 1.5, 1.5, PW, false, 0, 44,
       1, 1},
      {"ice_slow_absorption", "ice_slow_absorption_piecewiselinear_output", 1, false, 8, 0, 600,
       1.5, 1.5, PW, false, 6888, NAN, 1, 0},
      {"ice_35_min_input", "ice_35_min_partial_piecewiselinear_adaptiverate_output", 0, false, 8, 0,
       600, 1, 1.5, PW, true, 3326, 18, 1, 1e-6},
  };
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    run_carb_case(&c[i]);
  }
}

/* Published with three meals at once: grams observed and seconds remaining of each. */
static void carbs__three_meals_share_by_their_rates(void **state)
{
  (void)state;
  static const double want[3][2] = {
      {16.193665456944906, 9100.254941363484}, {1.806334543055097, 13532.959419333554}, {0, 14400}};
  if (!there()) return;
  t1d_effect_meal meal[3];
  t1d_effect_velocity v[60];
  t1d_effect_absorption got[3];
  double credit_g[180];
  t1d_effect_span f, r;
  t1d_carb_options o = t1d_carb_defaults();
  o.shape = T1D_ABSORB_LINEAR, o.delay_s = 0, o.assumed_overrun = o.longest_overrun = 2;
  assert_int_equal(load_meals(meal), 3);
  int32_t n = load_velocities("ice_35_min_input", v);
  assert_int_equal(
      t1d_effect_absorb(NULL, meal, 3, v, n, constant(&f, 40), constant(&r, 8), &o, got, credit_g),
      GM_OK);
  for (int i = 0; i < 3; i++) {
    assert_true(fabs(got[i].observed_g - want[i][0]) < 1e-7);
    assert_true(fabs(got[i].left_s - want[i][1]) < 1e-7);
  }
}

/* ---- the whole forecast ---------------------------------------------------------------------- */
typedef struct {
  t1d_effect_reading reading[MOST];
  t1d_effect_dose dose[MOST];
  t1d_effect_meal meal[10];
  t1d_effect_span basal[20], isf[20], ratio[20];
  t1d_effect_record record;
} scenario;

static t1d_effect_schedule load_spans(const gm_json *list, t1d_effect_span *p)
{
  int32_t n = 0;
  for (const gm_json *c = list->first; c; c = c->next, n++)
    p[n] = (t1d_effect_span){when(c, "startDate"), when(c, "endDate"), number(c, "value")};
  return (t1d_effect_schedule){p, n};
}

static const t1d_effect_record *load_scenario(const char *name, scenario *s)
{
  const gm_json *v = load(name);
  t1d_effect_record *r = &s->record;
  *r = (t1d_effect_record){.reading = s->reading, .dose = s->dose, .meal = s->meal};
  r->reading_count = load_readings(gm__json_find(v, "glucoseHistory"), s->reading);
  r->dose_count = load_doses(gm__json_find(v, "doses"), s->dose);
  for (const gm_json *c = gm__json_find(v, "carbEntries")->first; c; c = c->next)
    s->meal[r->meal_count++] =
        (t1d_effect_meal){when(c, "date"), number(c, "grams"),
                          gm__json_find(c, "absorptionTime") ? number(c, "absorptionTime") : 0};
  r->basal = load_spans(gm__json_find(v, "basal"), s->basal);
  r->isf = load_spans(gm__json_find(v, "sensitivity"), s->isf);
  r->carb_ratio = load_spans(gm__json_find(v, "carbRatio"), s->ratio);
  r->now_s = gm__json_find(v, "predictionStart") ? when(v, "predictionStart")
                                                 : s->reading[r->reading_count - 1].time_s;
  return r;
}

static void forecast__live_capture(void **state)
{
  (void)state;
  static scenario s;
  static t1d_effect_row row[MOST];
  double got[MOST];
  int32_t n;
  t1d_effect_note note;
  if (!there()) return;
  const t1d_effect_record *r = load_scenario("live_capture_input", &s);
  t1d_effect_options o = t1d_effect_defaults();
  series want = load_series("live_capture_predicted_glucose");
  o.horizon_s = want.time_s[want.count - 1] - r->now_s;
  assert_int_equal(t1d_effect_sum(ctx, r, &o, trees, row, MOST, &n, &note), GM_OK);
  assert_int_equal(n, want.count);
  for (int32_t i = 0; i < n; i++) {
    assert_true(row[i].time_s == want.time_s[i]);
    got[i] = row[i].total_mgdl;
  }
  agree("live_capture_predicted_glucose", &want, got, 1e-9);
  const t1d_effect_row *e = &row[n - 1];
  printf("  %.2f = %.0f reading %+.2f boluses %+.2f basal %+.2f carbohydrate %+.2f trend %+.2f "
         "misfit; on board %.2f U, %.1f g\n",
         e->total_mgdl, e->start_mgdl, e->bolus_mgdl, e->basal_mgdl, e->carb_mgdl, e->trend_mgdl,
         e->retro_mgdl, note.bolus_iob_u + note.basal_iob_u, note.cob_g);
}

/* The misfit's effect as Loop had it when the meal's forecasts were stated: summed up step by step
 * from the step before the reading, wherever between steps the reading lies, and so up to a step
 * early (LoopKit/Loop, issue 2287). The rate falls from r on the first step to 0 at 60 min. */
static double early_decay(const t1d_effect_retro *r, double t_s)
{
  const double step = 300, decay = 3600, begin = floor(r->last_s / step) * step,
               end = ceil((r->last_s + decay) / step) * step;
  double sum = 0;
  for (double t = begin + step; t <= t_s && t < end; t += step)
    sum += step * r->mgdl_s * (1 - (t - begin - step) / (decay - step));
  return sum;
}

/* The forecast's end with that effect in place of today's, blended with the trend as it was. */
static double end_with_early_decay(const t1d_effect_row *row, int32_t n,
                                   const t1d_effect_note *note)
{
  double total = row[n - 1].total_mgdl;
  for (int32_t i = 1; i < n; i++) {
    const double t = row[i].time_s, t0 = i > 1 ? row[i - 1].time_s : t - 300;
    const double today = t1d_effect_retrospective_at(&note->retro, t) -
                         t1d_effect_retrospective_at(&note->retro, t0);
    const double blended = row[i].retro_mgdl - row[i - 1].retro_mgdl;
    const double share = today != 0 ? blended / today : 1;
    total += share * (early_decay(&note->retro, t) - early_decay(&note->retro, t0)) - blended;
  }
  return total;
}

/* Where the forecasts of a meal end, stated by the vectors' own test program to 0.1 mg/dL, with the
 * sensitivity of the time of action and of the dose's time: reproduced to that with the decay of
 * the misfit that Loop had then. live_capture above was stated with today's, which counts from the
 * reading: with it both end 0.14 mg/dL higher. (The two vectors differ in a flag alone.) */
static void forecast__meal(void **state)
{
  (void)state;
  static scenario s;
  static t1d_effect_row row[MOST];
  static const struct {
    t1d_isf_rule rule;
    double end_mgdl;
  } c[] = {{T1D_ISF_OF_TIME, 274}, {T1D_ISF_OF_DOSE, 269}};
  int32_t n;
  t1d_effect_note note;
  for (int i = 0; i < 2; i++) {
    const t1d_effect_record *r = load_scenario("meal-bolus-isf", &s);
    t1d_effect_options o = t1d_effect_defaults();
    o.isf_rule = c[i].rule;
    o.horizon_s = 8 * 3600.0;
    gm_status st = t1d_effect_sum(ctx, r, &o, trees, row, MOST, &n, &note);
    assert_int_equal(st, GM_OK);
    assert_true(note.retro.used && note.retro.mgdl_s != 0);
    const double early = end_with_early_decay(row, n, &note), today = row[n - 1].total_mgdl;
    printf("meal-bolus-isf ends at %.3f, stated %.0f; with today's decay at %.3f\n", early,
           c[i].end_mgdl, today);
    assert_true(fabs(early - c[i].end_mgdl) <= 0.1);
    assert_true(fabs(today - early) > 0.1 && fabs(today - early) < 0.2);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(insulin__effect_of_a_bolus, begin, end),
      cmocka_unit_test_setup_teardown(insulin__effect_of_a_basal_imbalance, begin, end),
      cmocka_unit_test_setup_teardown(insulin__effect_of_a_history, begin, end),
      cmocka_unit_test_setup_teardown(insulin__on_board, begin, end),
      cmocka_unit_test_setup_teardown(trend__slope_of_a_rise, begin, end),
      cmocka_unit_test_setup_teardown(trend__slopes, begin, end),
      cmocka_unit_test_setup_teardown(trend__what_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(counteraction__falling_glucose, begin, end),
      cmocka_unit_test_setup_teardown(carbs__observed_absorption_replaces_the_assumed, begin, end),
      cmocka_unit_test_setup_teardown(carbs__three_meals_share_by_their_rates, begin, end),
      cmocka_unit_test_setup_teardown(forecast__live_capture, begin, end),
      cmocka_unit_test_setup_teardown(forecast__meal, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
