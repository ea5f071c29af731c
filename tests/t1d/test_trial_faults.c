/* label: nightly */
/* test_trial_faults.c - faults of sensor, person and pump, one kind at a time, about one a day,
 * with the twin in the loop: predictive control on the person's own twin beside PID, ten adults,
 * the same faults in both arms. Judged by the truth (trial_watch.h). GEMEL_T1D_DAYS: days of each
 * kind [5]; 40 are 10,400 patient-days with faults (by hand: longer than ctest waits). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "trial_watch.h"
#include <stdio.h>
#include <stdlib.h>

enum { MPC, PID, ARMS };

typedef struct {
  t1d_trial_figure in[ARMS], below54[ARMS];
  watch_arm arm[ARMS];
} outcome;

static int32_t days_asked(void)
{
  const char *text = getenv("GEMEL_T1D_DAYS");
  const long days = text ? atol(text) : 5;
  assert_true(days >= 2 && days <= 3660);
  return (int32_t)days;
}

static const t1d_twin_belief_options own = {.ratios = true};
static const t1d_arm with_twin[ARMS] = {
    {.name = "mpc", .controller = &t1d_mpc, .belief = &t1d_twin_belief, .belief_options = &own},
    {.name = "pid", .controller = &t1d_pid}};
static const t1d_arm without[ARMS] = {{.name = "rules", .controller = &t1d_rules},
                                      {.name = "pid", .controller = &t1d_pid}};

/* kind T1D_FAULT_KINDS: none. */
static void faulty_trial(gm_ctx *ctx, gm_pool *pool, const t1d_arm arm[ARMS], int kind,
                         outcome *out)
{
  static watch w;
  const t1d_subject *subject[T1D_SUBJECT_COUNT];
  int32_t count = 0;
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++)
    if (t1d_subject_group(t1d_subject_at(i)) == T1D_ADULT) subject[count++] = t1d_subject_at(i);
  const t1d_fault_law law = {.kinds = kind < T1D_FAULT_KINDS ? T1D_FAULT_BIT(kind) : 0,
                             .per_day = 1,
                             .severity = T1D_FAULT_DRAWN};
  watch_begin(&w, subject, count);
  const t1d_trial_options o = {.subject = subject,
                               .subject_count = count,
                               .arm = arm,
                               .arm_count = ARMS,
                               .days = days_asked(),
                               .dropped_days = 1,
                               .sensor = T1D_SENSOR_BRETON,
                               .seed = 77,
                               .pool = pool,
                               .fault_law = &law,
                               .listen = watch_moment,
                               .listen_user = &w};
  t1d_trial *t;
  if (t1d_trial_run(ctx, &o, &t)) fail_msg("%s", gm_message(ctx));
  for (int32_t a = 0; a < ARMS; a++) {
    out->in[a] = t1d_trial_mean(t, a, -1, T1D_TIR);
    out->below54[a] = t1d_trial_mean(t, a, -1, T1D_TBR54);
    out->arm[a] = w.arm[a];
  }
  t1d_trial_free(t);
}

static void print_outcome(const char *kind, const t1d_arm arm[ARMS], const outcome *r)
{
  for (int32_t a = 0; a < ARMS; a++) {
    const watch_arm *w = &r->arm[a];
    print_message("%-11s %-5s  70-180 %5.1f+-%.1f  <54 %5.2f+-%.2f %%  unsafe %d (", kind,
                  arm[a].name, r->in[a].mean, r->in[a].se_run, r->below54[a].mean,
                  r->below54[a].se_run, (int)watch_unsafe(w));
    for (int k = 0; k < WATCH_KINDS; k++) print_message("%s%d", k ? " " : "", (int)w->unsafe[k]);
    print_message(")  misled %.2f %% of the time  lost %.1f h\n",
                  100. * (double)w->misled / (double)w->moments, (double)w->lost / 12);
  }
}

/* No command is unsafe, and under no kind of fault is more time spent below 54 mg/dL than without
 * faults or by PID under the same ones, whichever is more, within three errors of the run. */
static void faults__with_the_twin_in_the_loop(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_pool *pool;
  outcome none, r;
  int32_t failed = 0;
  int64_t moments = 0;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 0, &pool), GM_OK);
  faulty_trial(ctx, pool, with_twin, T1D_FAULT_KINDS, &none);
  print_outcome("none", with_twin, &none);
  for (int kind = 0; kind < T1D_FAULT_KINDS; kind++) {
    faulty_trial(ctx, pool, with_twin, kind, &r);
    print_outcome(t1d_fault_name((t1d_fault_kind)kind), with_twin, &r);
    const t1d_trial_figure *mpc = &r.below54[MPC], *pid = &r.below54[PID];
    const t1d_trial_figure *bar = pid->mean > none.below54[MPC].mean ? pid : &none.below54[MPC];
    const double noise = 3 * hypot(mpc->se_run, bar->se_run);
    const bool good = watch_unsafe(&r.arm[MPC]) == 0 && watch_unsafe(&r.arm[PID]) == 0 &&
                      mpc->mean <= bar->mean + noise;
    if (!good) print_message("  ^ below 54: at most %.2f+-%.2f %%\n", bar->mean, noise);
    failed += !good;
    moments += r.arm[MPC].moments + r.arm[PID].moments;
    assert_true(r.arm[MPC].faults == T1D_FAULT_BIT(kind));
  }
  print_message("%d patient-days with faults\n", (int)(moments / 288));
  gm_pool_free(pool);
  gm_ctx_free(ctx);
  assert_int_equal(failed, 0);
}

/* Rules and PID alone, which are fast: no command is unsafe under any kind. */
static void faults__without_a_twin(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_pool *pool;
  outcome r;
  int64_t moments = 0;
  int32_t unsafe = 0;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 0, &pool), GM_OK);
  for (int kind = 0; kind < T1D_FAULT_KINDS; kind++) {
    faulty_trial(ctx, pool, without, kind, &r);
    print_outcome(t1d_fault_name((t1d_fault_kind)kind), without, &r);
    for (int32_t a = 0; a < ARMS; a++) {
      unsafe += (int32_t)watch_unsafe(&r.arm[a]);
      moments += r.arm[a].moments;
      assert_true(r.arm[a].faults == T1D_FAULT_BIT(kind));
    }
  }
  print_message("%d patient-days with faults\n", (int)(moments / 288));
  gm_pool_free(pool);
  gm_ctx_free(ctx);
  assert_int_equal(unsafe, 0);
}

int main(void)
{
  const struct CMUnitTest test[] = {cmocka_unit_test(faults__without_a_twin),
                                    cmocka_unit_test(faults__with_the_twin_in_the_loop)};
  return cmocka_run_group_tests(test, NULL, NULL);
}
