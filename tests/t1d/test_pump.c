/* Insulin pumps: what is asked for, what is reported, what arrives, and that nothing is unaccounted
 * for.
 * label: quick */
#include "t1d_pump.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

static t1d_pump made(const t1d_pump_options *o)
{
  t1d_pump p;
  assert_int_equal(t1d_pump_new(ctx, o, 0, &p), GM_OK);
  return p;
}

static bool near(double a, double b) { return fabs(a - b) < 1e-9; }

static uint64_t seed;
static double uniform(void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(seed >> 11) / 9007199254740992.0;
}

/* The ideal pump gives what it is asked for. */
static void ideal__gives_what_is_asked(void **state)
{
  (void)state;
  t1d_pump p = made(NULL);
  t1d_delivery d = t1d_pump_give(&p, 5, 0.123456, 7.654321);
  assert_true(near(d.basal_u_per_h, 0.123456) && near(d.bolus_u, 7.654321) && d.flags == 0);
  assert_true(near(d.reported_basal_u_per_h, 0.123456) && near(d.reported_bolus_u, 7.654321));
  assert_true(d.bolus_min == 1 && p.t_min == 5);
  d = t1d_pump_give(&p, 0.5, 1e6, 1e6);
  assert_true(near(d.basal_u_per_h / 1e6, 1) && d.bolus_u == 1e6 && d.bolus_min == 0.5);
}

/* Steps and limits have the units they say: 0.05 U and U/h, 75 U and 35 U/h (simglucose issue 71
 * takes the rate's limit as U/min and rounds in pmol, that is, not at all). */
static void steps__and_limits_have_their_units(void **state)
{
  (void)state;
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
  t1d_pump p = made(&o);
  t1d_delivery d = t1d_pump_give(&p, 5, 1.03, 0.98);
  assert_true(near(d.basal_u_per_h, 1.05) && near(d.bolus_u, 1.0));
  d = t1d_pump_give(&p, 5, 1.02, 0.024);
  assert_true(near(d.basal_u_per_h, 1.0) && d.bolus_u == 0);
  d = t1d_pump_give(&p, 5, 36, 76);
  assert_true(near(d.basal_u_per_h, 35) && near(d.bolus_u, 75) && d.flags == T1D_PUMP_CUT);
  assert_true(near(p.account.cut, 1.0 / 12 + 1));
  o = t1d_pump_defaults(T1D_PUMP_INSULET);
  o.round = T1D_ROUND_DOWN;
  o.bolus_step_u = 0.025;
  o.basal_max_u_per_h = 0.12; /* no multiple of the step */
  p = made(&o);
  d = t1d_pump_give(&p, 5, 5, 31);
  assert_true(near(d.basal_u_per_h, 0.1) && near(d.bolus_u, 30));
  d = t1d_pump_give(&p, 5, 0.0999, 0.0749);
  assert_true(near(d.basal_u_per_h, 0.05) && near(d.bolus_u, 0.05));
  d = t1d_pump_give(&p, 5, 0.1, 0.075); /* a multiple is one, whatever its last bit */
  assert_true(near(d.basal_u_per_h, 0.1) && near(d.bolus_u, 0.075));
}

/* With carry, insulin given stays within half a step of what was asked for, however small each
 * command; rounding down it never exceeds it. A command of 0 gives 0. */
static void carry__keeps_the_sum(void **state)
{
  (void)state;
  for (int down = 0; down < 2; down++) {
    t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
    o.carry = true;
    o.round = down ? T1D_ROUND_DOWN : T1D_ROUND_NEAREST;
    t1d_pump p = made(&o);
    double asked[2] = {0}, given[2] = {0};
    for (int i = 0; i < 20000; i++) {
      double rate = i % 9 == 4 ? 0 : 0.3 * uniform(), bolus = i % 5 == 2 ? 0 : 0.04 * uniform();
      t1d_delivery d = t1d_pump_give(&p, 5, rate, bolus);
      asked[0] += rate / 12, asked[1] += bolus;
      given[0] += d.basal_u_per_h / 12, given[1] += d.bolus_u;
      assert_true((rate > 0 || d.basal_u_per_h == 0) && (bolus > 0 || d.bolus_u == 0));
      double step[2] = {0.05 / 12, 0.05};
      for (int k = 0; k < 2; k++) {
        double off = asked[k] - given[k];
        assert_true(down ? off > -1e-6 && off < step[k] : fabs(off) < step[k] / 2 + 1e-6);
      }
    }
  }
}

/* A bolus at 1.5 U/min: 10 U in 6 min 40 s, over two stretches; what waits is on the account. */
static void bolus__flows_at_its_speed(void **state)
{
  (void)state;
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
  o.bolus_u_per_min = 1.5;
  t1d_pump p = made(&o);
  t1d_delivery d = t1d_pump_give(&p, 5, 0, 10);
  assert_true(near(d.bolus_u, 7.5) && near(d.bolus_min, 5) && near(p.account.waiting, 2.5));
  d = t1d_pump_give(&p, 5, 0, 0);
  assert_true(near(d.bolus_u, 2.5) && near(d.bolus_min, 2.5 / 1.5) && p.account.waiting == 0);
}

/* Numbers that are none are refused by name; nothing else is touched. */
static void command__that_is_none_is_refused(void **state)
{
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY, -0.1};
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
  for (int i = 0; i < 4; i++) {
    t1d_pump p = made(&o);
    t1d_delivery d = t1d_pump_give(&p, 5, bad[i], 1);
    assert_true(d.basal_u_per_h == 0 && near(d.bolus_u, 1) && d.flags == T1D_PUMP_REFUSED);
    d = t1d_pump_give(&p, 5, 1, bad[i]);
    assert_true(near(d.basal_u_per_h, 1) && d.bolus_u == 0 && d.flags == T1D_PUMP_REFUSED);
    assert_true(near(p.account.asked, 1 + 1.0 / 12));
  }
}

/* A blocked set at 1 U/h: reported as given, none arrives; noticed at 1.25 U, that is after 75 min;
 * then nothing is given or reported until the set is changed. */
static void occlusion__is_reported_as_given_until_noticed(void **state)
{
  (void)state;
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
  t1d_pump p = made(&o);
  t1d_pump_occlude(&p, true);
  for (int i = 0; i < 30; i++) {
    t1d_delivery d = t1d_pump_give(&p, 5, 1, 0);
    bool before = 5 * i < 75, noticed = 5 * (i + 1) >= 75;
    assert_true(d.basal_u_per_h == 0 && near(d.reported_basal_u_per_h, before));
    assert_true((d.flags & T1D_PUMP_OCCLUDED) && !(d.flags & T1D_PUMP_ALARM) == !noticed);
    t1d_pump_occlude(&p, true);
  }
  assert_true(near(p.account.lost, 1.25) && near(p.account.idle, 1.25));
  t1d_pump_change(&p);
  t1d_delivery d = t1d_pump_give(&p, 5, 1, 0);
  assert_true(near(d.basal_u_per_h, 1) && d.flags == 0);
}

/* A bolus fills it at once; noticed by time where that is set; what was held back flows at once
 * when the set opens, as much of it as is said. */
static void occlusion__by_time_and_release(void **state)
{
  (void)state;
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_IDEAL);
  o.release = 0.6;
  t1d_pump p = made(&o);
  t1d_pump_occlude(&p, true);
  t1d_delivery d = t1d_pump_give(&p, 5, 0, 4);
  assert_true(d.bolus_u == 0 && near(d.reported_bolus_u, 4) && (d.flags & T1D_PUMP_ALARM));
  t1d_pump_occlude(&p, false);
  d = t1d_pump_give(&p, 5, 0, 1);
  assert_true(near(d.bolus_u, 3.4) && near(d.reported_bolus_u, 1) && d.flags == T1D_PUMP_RELEASED);
  assert_true(near(p.account.lost, 1.6));
  o = t1d_pump_defaults(T1D_PUMP_IDEAL);
  o.occlusion_u = 0, o.occlusion_min = 240;
  p = made(&o);
  t1d_pump_occlude(&p, true);
  for (int i = 0; i < 60; i++) {
    d = t1d_pump_give(&p, 5, 3, 0);
    assert_true(!(d.flags & T1D_PUMP_ALARM) == (5 * (i + 1) < 240));
  }
}

/* 20 U at 2 U/h with a bolus of 5 U: empty in the 450th minute; the bolus goes before; a change of
 * set after three days fills it, and nothing flows for ten minutes. */
static void reservoir__empties_and_is_filled(void **state)
{
  (void)state;
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_IDEAL);
  o.reservoir_u = 20, o.site_day = 3, o.change_min = 10;
  t1d_pump p = made(&o);
  double sum = 0;
  for (int i = 0; i < 3 * 288 + 4; i++) {
    t1d_delivery d = t1d_pump_give(&p, 5, 2, i == 0 ? 5 : i == 864 ? 3 : 0);
    double t = 5 * i;
    if (i < 864) sum += d.bolus_u + d.basal_u_per_h / 12;
    assert_true(t >= 450 || d.flags == 0);
    assert_true(t < 450 || i >= 864 || (d.flags == T1D_PUMP_EMPTY && fabs(d.basal_u_per_h) < 1e-9));
    if (i < 864) continue;
    assert_true(d.flags == (i < 866 ? T1D_PUMP_CHANGING : 0));
    assert_true(near(d.basal_u_per_h, i < 866 ? 0 : 2) && near(d.bolus_u, i == 866 ? 3 : 0));
  }
  assert_true(near(sum, 20) && near(p.account.idle, 20.0 / 60));
}

/* Whatever is commanded and whatever happens: delivered, reported and every amount are finite and
 * at least 0, limits hold, and the account is whole. */
static void account__is_whole_whatever_happens(void **state)
{
  (void)state;
  for (int run = 0; run < 200; run++) {
    t1d_pump_options o = t1d_pump_defaults((t1d_pump_kind)(run % 3));
    o.carry = uniform() < 0.5;
    o.round = uniform() < 0.5 ? T1D_ROUND_DOWN : T1D_ROUND_NEAREST;
    o.bolus_u_per_min = uniform() < 0.5 ? 0 : 1.5;
    o.reservoir_u = uniform() < 0.5 ? 0 : 60;
    o.site_day = uniform() < 0.5 ? 0 : 1;
    o.change_min = 12;
    o.release = uniform();
    t1d_pump p = made(&o);
    double delivered = 0, reported = 0;
    for (int i = 0; i < 1000; i++) {
      double u = uniform(), rate = u < 0.03 ? NAN : u < 0.05 ? -1 : u < 0.1 ? 1e3 : 4 * uniform();
      double v = uniform(), bolus = v < 0.7    ? 0
                                    : v < 0.75 ? INFINITY
                                    : v < 0.8  ? 500
                                               : 9 * uniform();
      if (uniform() < 0.02) t1d_pump_occlude(&p, !p.occluded);
      if (uniform() < 0.01) t1d_pump_change(&p);
      double length = uniform() < 0.5 ? 5 : 1 + 20 * uniform();
      t1d_delivery d = t1d_pump_give(&p, length, rate, bolus);
      assert_true(d.basal_u_per_h >= 0 && d.bolus_u >= 0 && d.bolus_min >= 0);
      assert_true(isfinite(d.basal_u_per_h) && isfinite(d.bolus_u) && d.bolus_min <= length + 1e-9);
      assert_true(!(o.basal_max_u_per_h > 0) || d.basal_u_per_h <= o.basal_max_u_per_h + 1e-9);
      delivered += d.bolus_u + d.basal_u_per_h * length / 60;
      reported += d.reported_bolus_u + d.reported_basal_u_per_h * length / 60;
    }
    const t1d_pump_account *a = &p.account;
    double sum = a->delivered + a->waiting + a->cut + a->rounded + a->lost + a->idle + a->empty;
    assert_true(fabs(sum - a->asked) < 1e-7 * a->asked);
    assert_true(fabs(delivered - a->delivered) < 1e-7 * a->asked);
    assert_true(fabs(reported - a->reported) < 1e-7 * a->asked);
    assert_true(a->lost >= -1e-7 && a->idle >= 0 && a->empty >= 0 && a->cut >= 0);
  }
}

static void options__out_of_domain_are_refused(void **state)
{
  (void)state;
  t1d_pump p = made(NULL), before = p;
  t1d_pump_kind kind = T1D_PUMP_IDEAL;
  for (int i = 0; i < 11; i++) {
    t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
    double *field[] = {
        &o.bolus_step_u,    &o.basal_step_u_per_h, &o.bolus_max_u, &o.basal_max_u_per_h,
        &o.bolus_u_per_min, &o.reservoir_u,        &o.site_day,    &o.change_min,
        &o.occlusion_u,     &o.occlusion_min,      &o.release};
    *field[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? -1 : INFINITY;
    assert_int_equal(t1d_pump_new(ctx, &o, 0, &p), GM_EDOMAIN);
    assert_memory_equal(&p, &before, sizeof p);
  }
  t1d_pump_options o = t1d_pump_defaults(T1D_PUMP_COZMO);
  o.release = 1.1;
  assert_int_equal(t1d_pump_new(ctx, &o, 0, &p), GM_EDOMAIN);
  assert_int_equal(t1d_pump_new(ctx, NULL, NAN, &p), GM_EDOMAIN);
  assert_int_equal(t1d_pump_find(ctx, "insulet", &kind), GM_OK);
  assert_int_equal(kind, T1D_PUMP_INSULET);
  assert_int_equal(t1d_pump_find(ctx, "syringe", &kind), GM_ENOTFOUND);
  assert_null(t1d_pump_name(T1D_PUMP_KINDS));
}

static int up(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) == GM_OK ? 0 : -1;
}

static int down(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ideal__gives_what_is_asked),
      cmocka_unit_test(steps__and_limits_have_their_units),
      cmocka_unit_test(carry__keeps_the_sum),
      cmocka_unit_test(bolus__flows_at_its_speed),
      cmocka_unit_test(command__that_is_none_is_refused),
      cmocka_unit_test(occlusion__is_reported_as_given_until_noticed),
      cmocka_unit_test(occlusion__by_time_and_release),
      cmocka_unit_test(reservoir__empties_and_is_filled),
      cmocka_unit_test(account__is_whole_whatever_happens),
      cmocka_unit_test(options__out_of_domain_are_refused),
  };
  return cmocka_run_group_tests(tests, up, down);
}
