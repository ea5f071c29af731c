/* Trials in virtual people: the published table of a plain open loop, the same bytes on any number
 * of threads, faults that reach the loop, and what the predictive controller does on the truth.
 * label: full */
#include "t1d_trial.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
  const t1d_subject *of[T1D_SUBJECT_COUNT];
  int32_t count;
} crowd;

static crowd group_of(t1d_group g, int32_t most)
{
  crowd c = {{NULL}, 0};
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT && c.count < most; i++)
    if (t1d_subject_group(t1d_subject_at(i)) == g) c.of[c.count++] = t1d_subject_at(i);
  return c;
}

static t1d_trial *run(gm_ctx *ctx, const t1d_trial_options *o)
{
  t1d_trial *t = NULL;
  if (t1d_trial_run(ctx, o, &t)) fail_msg("%s", gm_message(ctx));
  return t;
}

static gm_ctx *context(void)
{
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  return ctx;
}

static const t1d_arm by_hand = {
    .name = "open loop", .controller = &t1d_openloop, .open_sensor = true};

/* ---- a published table ------------------------------------------------------------------------
 */
/* Open loop, ten adults, seven days, the first dropped, per cent: exact, 30 % less and more insulin
 * for meals, none, sensitivity 30 % more and less. Source: data/t1d/insilico_baseline_7day.csv,
 * made with an independent implementation of the simulator. Our bolus is at most 17 U (AndroidAPS),
 * which one adult's 20.8 U of 30 % too much exceeds: that row may differ by his share. */
static void open_loop__as_the_baseline(void **state)
{
  (void)state;
  static const struct {
    const char *scenario;
    double in, below, above, bar;
  } row[] = {{"exact", 95.8, 2.25, 1.9, 0.25},   {"carbs-70", 85.3, 0, 14.7, 0.25},
             {"carbs-130", 89.0, 10.67, 0.4, 2}, {"unannounced", 13.6, 0, 86.4, 0.25},
             {"si-130", 76.9, 23.08, 0.0, 0.25}, {"si-70", 71.7, 0, 28.3, 0.25}};
  gm_ctx *ctx = context();
  const crowd adults = group_of(T1D_ADULT, 30);
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const t1d_trial_options o = {.subject = adults.of,
                                 .subject_count = adults.count,
                                 .arm = &by_hand,
                                 .arm_count = 1,
                                 .scenario = t1d_scenario_find(row[i].scenario)};
    t1d_trial *t = run(ctx, &o);
    const double in = t1d_trial_mean(t, 0, T1D_ADULT, T1D_TIR).mean,
                 below = t1d_trial_mean(t, 0, T1D_ADULT, T1D_TBR70).mean,
                 above = t1d_trial_mean(t, 0, T1D_ADULT, T1D_TAR180).mean;
    print_message("%-12s %5.1f %5.2f %5.1f (%.1f %.2f %.1f)\n", row[i].scenario, in, below, above,
                  row[i].in, row[i].below, row[i].above);
    assert_true(fabs(in - row[i].in) < row[i].bar && fabs(below - row[i].below) < row[i].bar &&
                fabs(above - row[i].above) < row[i].bar);
    assert_true(t->complete && t->days == 7);
    t1d_trial_free(t);
  }
  gm_ctx_free(ctx);
}

/* ---- threads ----------------------------------------------------------------------------------
 */
typedef struct {
  uint64_t hash;
  int64_t count;
} trace;

static void hash_moment(void *user, const t1d_moment *m)
{
  trace *h = user;
  const double part[] = {m->t_min,         m->glucose_mgdl, m->given.basal_u_per_h,
                         m->given.bolus_u, m->iob_u,        m->delivery.basal_u_per_h};
  uint64_t bits;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    memcpy(&bits, &part[i], sizeof bits);
    h->hash = gm_hash64(h->hash, bits);
  }
  h->hash = gm_hash64(h->hash, m->limits + 97 * (uint64_t)m->person + 13 * (uint64_t)m->arm);
  h->count++;
}

static void trial__same_bytes_on_any_threads(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  trace seen[3] = {{0, 0}, {0, 0}, {0, 0}};
  const crowd some = group_of(T1D_ADULT, 3);
  const t1d_oracle_options oracle = {.members = 3};
  const t1d_arm arm[] = {
      by_hand,
      {.name = "rules", .controller = &t1d_rules},
      {.name = "mpc", .controller = &t1d_mpc, .belief = &t1d_oracle, .belief_options = &oracle}};
  const t1d_fault_law law = {.kinds = T1D_FAULT_ALL, .per_day = 0.3, .severity = T1D_FAULT_DRAWN};
  for (int i = 0; i < 3; i++) {
    gm_pool *pool = NULL;
    if (i) assert_int_equal(gm_pool_new(ctx, i == 1 ? 2 : 5, &pool), GM_OK);
    const t1d_trial_options o = {.subject = some.of,
                                 .subject_count = some.count,
                                 .replicates = 2,
                                 .arm = arm,
                                 .arm_count = 3,
                                 .days = 2,
                                 .dropped_days = 0,
                                 .sensor = T1D_SENSOR_G6,
                                 .seed = 5,
                                 .pool = pool,
                                 .fault_law = &law,
                                 .listen = hash_moment,
                                 .listen_user = &seen[i]};
    t1d_trial_free(run(ctx, &o));
    gm_pool_free(pool);
  }
  assert_true(seen[0].count == 3 * 2 * 3 * 2 * 288);
  assert_true(seen[0].hash == seen[1].hash && seen[0].hash == seen[2].hash);
  gm_ctx_free(ctx);
}

/* An arm's result does not hang on which other arms are tried beside it. */
static void arm__alone_and_in_company(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const crowd some = group_of(T1D_ADOLESCENT, 2);
  const t1d_arm arm[] = {by_hand, {.name = "pid", .controller = &t1d_pid}};
  t1d_trial_options o = {.subject = some.of,
                         .subject_count = some.count,
                         .arm = arm,
                         .arm_count = 2,
                         .days = 2,
                         .dropped_days = 1,
                         .sensor = T1D_SENSOR_BRETON,
                         .seed = 3};
  t1d_trial *both = run(ctx, &o);
  o.arm = &arm[1];
  o.arm_count = 1;
  t1d_trial *one = run(ctx, &o);
  for (int32_t i = 0; i < one->person_count; i++)
    for (int m = 0; m < T1D_METRIC_COUNT; m++)
      assert_true(one->person[i].metrics.by_reading[m].value ==
                  both->person[2 * i + 1].metrics.by_reading[m].value);
  t1d_trial_free(both);
  t1d_trial_free(one);
  gm_ctx_free(ctx);
}

/* ---- figures ----------------------------------------------------------------------------------
 */
/* Means, errors and paired intervals of a record made by hand: persons 10, 12, 17 against 9, 12,
 * 14: differences 1, 0, 3: mean 4/3, SD sqrt(7/3), Student's t of two degrees 4.3027. */
static void figures__of_a_record_by_hand(void **state)
{
  (void)state;
  static t1d_trial_person p[6];
  static const double value[] = {10, 9, 12, 12, 17, 14};
  for (int i = 0; i < 6; i++) {
    p[i] = (t1d_trial_person){.person = i / 2, .arm = i % 2, .group = T1D_ADULT};
    p[i].metrics.by_reading[T1D_TIR] = (t1d_figure){value[i], 0.5};
  }
  const t1d_trial t = {.person = p, .person_count = 3, .arm_count = 2};
  t1d_trial_figure f = t1d_trial_mean(&t, 0, T1D_ADULT, T1D_TIR);
  assert_true(fabs(f.mean - 13) < 1e-12 && fabs(f.se_run - sqrt(0.75) / 3) < 1e-12);
  assert_true(fabs(f.se_people - sqrt(13. / 3)) < 1e-12);
  f = t1d_trial_difference(&t, 0, 1, -1, T1D_TIR);
  const double half = 4.302652729749462 * sqrt(7. / 9);
  assert_true(fabs(f.mean - 4. / 3) < 1e-12 && fabs(f.low - (4. / 3 - half)) < 1e-9 &&
              fabs(f.high - (4. / 3 + half)) < 1e-9);
  assert_true(isnan(t1d_trial_mean(&t, 0, T1D_CHILD, T1D_TIR).mean));
}

/* Ten people's interval: t of nine degrees is 2.262 (any table). */
static void figures__students_t(void **state)
{
  (void)state;
  static t1d_trial_person p[10];
  for (int i = 0; i < 10; i++) {
    p[i] = (t1d_trial_person){.person = i};
    p[i].metrics.by_reading[T1D_TIR].value = i;
  }
  const t1d_trial t = {.person = p, .person_count = 10, .arm_count = 1};
  const t1d_trial_figure f = t1d_trial_mean(&t, 0, -1, T1D_TIR);
  assert_true(fabs((f.high - f.mean) / f.se_people - 2.262157) < 2e-4);
}

/* ---- stopping, refusing -----------------------------------------------------------------------
 */
typedef struct {
  int32_t left;
} patience;

static bool impatient(void *user) { return ((patience *)user)->left-- <= 0; }

static void trial__stopped_gives_what_there_is(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const crowd one = group_of(T1D_ADULT, 1);
  patience p = {36}; /* hours */
  const gm_watch w = {.stop = impatient, .user = &p};
  t1d_trial_options o = {
      .subject = one.of, .subject_count = 1, .arm = &by_hand, .arm_count = 1, .watch = &w};
  t1d_trial *t = run(ctx, &o);
  assert_true(!t->complete && t->days == 1.5);
  assert_int_equal(t->person[0].metrics.reading_count, 144);
  t1d_trial_free(t);
  p.left = 12;
  t = NULL;
  assert_int_equal(t1d_trial_run(ctx, &o, &t), GM_ECANCELLED);
  assert_null(t);
  gm_ctx_free(ctx);
}

static void trial__refuses(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const crowd one = group_of(T1D_ADULT, 1);
  t1d_trial *t = NULL;
  const t1d_trial_options good = {
      .subject = one.of, .subject_count = 1, .arm = &by_hand, .arm_count = 1, .days = 1};
  t1d_trial_options o = good;
  o.subject_count = 0;
  assert_int_equal(t1d_trial_run(ctx, &o, &t), GM_EINVAL);
  o = good;
  o.dropped_days = 1;
  assert_int_equal(t1d_trial_run(ctx, &o, &t), GM_EDOMAIN);
  const t1d_arm none = {.name = "none"};
  o = good;
  o.arm = &none;
  assert_int_equal(t1d_trial_run(ctx, &o, &t), GM_EINVAL);
  assert_null(t);
  gm_ctx_free(ctx);
}

static gm_status short_trial(gm_ctx *ctx, void *user)
{
  t1d_trial *t = NULL;
  const crowd *one = user;
  static const t1d_oracle_options oracle = {.members = 1};
  const t1d_arm arm[] = {
      by_hand,
      {.name = "mpc", .controller = &t1d_mpc, .belief = &t1d_oracle, .belief_options = &oracle}};
  patience p = {1};
  const gm_watch w = {.stop = impatient, .user = &p};
  const t1d_trial_options o = {
      .subject = one->of, .subject_count = 1, .arm = arm, .arm_count = 2, .days = 1, .watch = &w};
  gm_status s = t1d_trial_run(ctx, &o, &t);
  t1d_trial_free(t);
  return s;
}

/* Whichever allocation fails, the trial says so and nothing leaks. */
static void trial__survives_want_of_memory(void **state)
{
  (void)state;
  crowd one = group_of(T1D_ADULT, 1);
  assert_true(fault_sweep("trial", short_trial, &one) > 20);
}

/* ---- faults -----------------------------------------------------------------------------------
 */
typedef struct {
  int64_t moments, unsafe, high_low;
  uint32_t faults;
} watchman;

/* Beyond the limits of an adult; a microbolus or basal while the reading is low or, without a
 * reading, anything above the profile. */
static void watch_safety(void *user, const t1d_moment *m)
{
  watchman *w = user;
  const bool told = m->told_g[0] > 0 || m->told_g[1] > 0;
  const bool low = m->reading_mgdl >= 20 && m->reading_mgdl < 70 && m->reading_min == m->t_min;
  w->moments++;
  w->faults |= m->faults;
  w->unsafe += m->given.bolus_u > 17 || m->given.basal_u_per_h > 10;
  w->unsafe += !(m->given.bolus_u >= 0) || !(m->given.basal_u_per_h >= 0);
  w->unsafe += low && m->given.basal_u_per_h > 0;
  w->unsafe += low && !told && m->given.bolus_u > 0;
}

/* Every fault of every severity, in the loops without a belief: no command is unsafe. */
static void faults__no_unsafe_command(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const crowd adults = group_of(T1D_ADULT, 10);
  const t1d_arm arm[] = {{.name = "rules", .controller = &t1d_rules},
                         {.name = "pid", .controller = &t1d_pid}};
  const t1d_fault_law law = {.kinds = T1D_FAULT_ALL, .per_day = 0.5, .severity = T1D_FAULT_DRAWN};
  watchman w = {0, 0, 0, 0};
  const t1d_trial_options o = {.subject = adults.of,
                               .subject_count = adults.count,
                               .arm = arm,
                               .arm_count = 2,
                               .days = 10,
                               .dropped_days = 1,
                               .sensor = T1D_SENSOR_BRETON,
                               .seed = 11,
                               .fault_law = &law,
                               .listen = watch_safety,
                               .listen_user = &w};
  t1d_trial *t = run(ctx, &o);
  print_message("%d days with faults: below 54: rules %.2f %%, pid %.2f %%\n",
                (int)(w.moments / 288), t1d_trial_mean(t, 0, -1, T1D_TBR54).mean,
                t1d_trial_mean(t, 1, -1, T1D_TBR54).mean);
  assert_true(w.faults == T1D_FAULT_ALL);
  assert_true(w.unsafe == 0);
  t1d_trial_free(t);
  gm_ctx_free(ctx);
}

/* ---- control ----------------------------------------------------------------------------------
 */
/* On the truth with a spread around it the predictive controller keeps the gates that are set for
 * the twin: meals announced 97 % in range and at most 1.5 % below 70, unannounced 85 % and 1.5 %.
 */
static void mpc__on_the_truth_keeps_the_gates(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const crowd adults = group_of(T1D_ADULT, 10);
  const t1d_oracle_options oracle = {.members = 8};
  const t1d_arm arm = {
      .name = "mpc", .controller = &t1d_mpc, .belief = &t1d_oracle, .belief_options = &oracle};
  for (int i = 0; i < 2; i++) {
    const t1d_trial_options o = {.subject = adults.of,
                                 .subject_count = adults.count,
                                 .arm = &arm,
                                 .arm_count = 1,
                                 .days = 3,
                                 .dropped_days = 1,
                                 .scenario = t1d_scenario_find(i ? "unannounced" : "exact"),
                                 .sensor = T1D_SENSOR_BRETON,
                                 .seed = 1};
    t1d_trial *t = run(ctx, &o);
    const t1d_trial_figure in = t1d_trial_mean(t, 0, -1, T1D_TIR),
                           low = t1d_trial_mean(t, 0, -1, T1D_TBR70);
    print_message("%s: 70-180 %.1f %%, < 70 %.2f %%\n", i ? "unannounced" : "announced", in.mean,
                  low.mean);
    assert_true(in.mean >= (i ? 85 : 97) && low.mean <= 1.5);
    t1d_trial_free(t);
  }
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(open_loop__as_the_baseline),
      cmocka_unit_test(trial__same_bytes_on_any_threads),
      cmocka_unit_test(arm__alone_and_in_company),
      cmocka_unit_test(figures__of_a_record_by_hand),
      cmocka_unit_test(figures__students_t),
      cmocka_unit_test(trial__stopped_gives_what_there_is),
      cmocka_unit_test(trial__refuses),
      cmocka_unit_test(trial__survives_want_of_memory),
      cmocka_unit_test(faults__no_unsafe_command),
      cmocka_unit_test(mpc__on_the_truth_keeps_the_gates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
