/* Lives of one person under limits with everything that can go wrong at once: clocks of pump and
 * sensor that are moved, hours in which nobody decides, readings that are missing, false, doubled
 * or of another time, meals announced again and again, commands of any size. The test keeps its own
 * account of insulin by the time that really passed. */
#include "t1d_limit.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { LIVES = 400, MOMENTS = 250, READINGS = 80, GIVEN = 104, TOLD = 32 };

/* Share of a dose left, by the formula of the facts: td 360 min, delay 10, peak by age. */
static double share_left(double tp, double t)
{
  const double td = 360, tau = tp * (1 - tp / td) / (1 - 2 * tp / td), a = 2 * tau / td;
  const double s = 1 / (1 - a + (1 + a) * exp(-td / tau)), x = t - 10;
  if (x <= 0) return 1;
  if (x >= td) return 0;
  return 1 - s * (1 - a) * ((x * x / (tau * td * (1 - a)) - x / tau - 1) * exp(-x / tau) + 1);
}

typedef struct {
  gm_key key;
  uint64_t life, draws;
  double real, pump_shift, sensor_shift; /* min */
  double level;                          /* what the sensor says, without its faults */
  t1d_therapy therapy;
  t1d_limits limits;
  double t[READINGS], g[READINGS];
  uint32_t fault[READINGS];
  t1d_given given[GIVEN];
  t1d_told_meal told[TOLD];
  int32_t readings, givens, tolds;
  double true_t[MOMENTS], bolus_u[MOMENTS], beyond_u[MOMENTS]; /* the account */
  int32_t entries;
  bool heard_low; /* what came in at this moment is a reading below 70 of about now */
} person;

static double draw(person *p, double low, double high)
{
  return low + (high - low) * gm_uniform(p->key, p->life, p->draws++, 0, 0);
}

static bool chance(person *p, double share) { return draw(p, 0, 1) < share; }

static void be_born(person *p, uint64_t life)
{
  static const double bw[] = {50, 75, 25}, day[] = {45, 50, 18};
  memset(p, 0, sizeof *p);
  p->key = gm_key_make(11, GM_PURPOSE_TEST, 0, 0);
  p->life = life;
  const int i = (int)(life % 3);
  p->therapy = (t1d_therapy){.group = (t1d_group)i,
                             .bw_kg = bw[i],
                             .daily_dose_u = day[i] * draw(p, 0.7, 1.3),
                             .cr_g_per_u = draw(p, 4, 30),
                             .cf_mgdl_per_u = draw(p, 15, 90)};
  const double basal = p->therapy.daily_dose_u / 48;
  for (int h = 0; h < 24; h++) p->therapy.basal_u_per_h[h] = basal * draw(p, 0.5, 1.5);
  t1d_limits_of(&p->therapy, &p->limits);
  p->real = draw(p, 0, 1440);
  p->level = draw(p, 60, 300);
}

/* ---- what happens before a decision ---------------------------------------------------------- */
static void move_clocks(person *p)
{
  if (chance(p, 0.02))
    p->real += 5 * floor(draw(p, 1, 60)); /* nobody decides; the pump goes on */
  else if (chance(p, 0.03))
    p->pump_shift += 5 * floor(draw(p, -72, 80));
  if (chance(p, 0.5)) p->sensor_shift = p->pump_shift; /* it is set right, or never was wrong */
  if (chance(p, 0.01)) p->sensor_shift += draw(p, -400, 400);
}

static void push_reading(person *p, double t, double g, uint32_t fault)
{
  if (p->readings == READINGS) {
    p->readings--;
    memmove(p->t, p->t + 1, sizeof p->t - sizeof *p->t);
    memmove(p->g, p->g + 1, sizeof p->g - sizeof *p->g);
    memmove(p->fault, p->fault + 1, sizeof p->fault - sizeof *p->fault);
  }
  p->t[p->readings] = t;
  p->g[p->readings] = g;
  p->fault[p->readings++] = fault;
}

static void hear_sensor(person *p)
{
  static const double odd[] = {NAN, 0, 6.5, INFINITY, -40, 1e300};
  p->level = fmin(fmax(p->level + draw(p, -12, 12), 40), 400);
  p->heard_low = false;
  if (chance(p, 0.1)) return;
  double g = p->level;
  uint32_t fault = 0;
  if (chance(p, 0.05)) {
    g = draw(p, 40, 400);
    fault = chance(p, 0.7) ? 4 : 0;
  }
  if (chance(p, 0.02)) g = odd[(int)draw(p, 0, 5.99)];
  const double t = p->real + p->sensor_shift, now = p->real + p->pump_shift;
  push_reading(p, t, g, fault);
  if (chance(p, 0.02)) push_reading(p, t, g, fault);
  p->heard_low = g >= 20 && g < 70 && fabs(t - now) <= 60;
}

static void announce(person *p)
{
  const double now = p->real + p->pump_shift;
  if (!chance(p, 0.08)) return;
  if (p->tolds == TOLD) memmove(p->told, p->told + 1, (size_t)--p->tolds * sizeof *p->told);
  p->told[p->tolds++] = (t1d_told_meal){now, now, chance(p, 0.1) ? 1e6 : draw(p, 5, 150)};
}

/* ---- the decision ---------------------------------------------------------------------------- */
static double asked(person *p, double high)
{
  static const double odd[] = {NAN, INFINITY, -INFINITY, -3, 0, 1e300};
  return chance(p, 0.1) ? odd[(int)draw(p, 0, 5.99)] : (chance(p, 0.5) ? high : draw(p, 0, high));
}

static t1d_view see(const person *p)
{
  return (t1d_view){.now_min = p->real + p->pump_shift,
                    .step_min = 5,
                    .cgm = {p->t, p->g, p->readings},
                    .reading_faults = p->fault,
                    .given = p->given,
                    .given_count = p->givens,
                    .meal = p->told,
                    .meal_count = p->tolds,
                    .therapy = &p->therapy};
}

/* By the clock of the pump, as the profile runs. */
static double profile_of(const person *p)
{
  const double day = fmod(fmod(p->real + p->pump_shift, 1440) + 1440, 1440);
  return p->therapy.basal_u_per_h[(int)(day / 60)];
}

static double true_iob(const person *p)
{
  const double tp = p->therapy.group == T1D_ADULT ? 75 : 65;
  double sum = 0;
  for (int32_t i = 0; i < p->entries; i++) {
    const double age = p->real - p->true_t[i];
    sum += p->bolus_u[i] * share_left(tp, age) + p->beyond_u[i] * share_left(tp, age - 2.5);
  }
  return sum;
}

static void give(person *p, const t1d_command *c)
{
  if (p->givens == GIVEN) memmove(p->given, p->given + 1, (size_t)--p->givens * sizeof *p->given);
  p->given[p->givens++] =
      (t1d_given){p->real + p->pump_shift, 5, c->basal_u_per_h / 12, c->bolus_u};
  p->true_t[p->entries] = p->real;
  p->bolus_u[p->entries] = c->bolus_u;
  p->beyond_u[p->entries++] = (c->basal_u_per_h - profile_of(p)) / 12;
}

typedef struct {
  double nearest; /* highest insulin on board as a share of the limit, where anything was given */
  int64_t beyond, clock, meals;
} tally;

static void decide(person *p, tally *n)
{
  const t1d_view v = see(p);
  const double rate = asked(p, 20), dose = asked(p, 30), profile = profile_of(p);
  t1d_command c = {rate, dose, ""};
  uint32_t bits;
  t1d_limit_apply(&p->limits, &v, &c, &bits);
  assert_true(c.basal_u_per_h >= 0 && c.basal_u_per_h <= p->limits.basal_max_u_per_h);
  assert_true(c.bolus_u >= 0 && c.bolus_u <= p->limits.bolus_max_u);
  assert_true(c.basal_u_per_h <= (isfinite(rate) ? fmax(rate, 0) : profile));
  assert_true(c.bolus_u <= (isfinite(dose) ? fmax(dose, 0) : 0));
  if (p->heard_low) assert_true(c.basal_u_per_h == 0);
  const double on = true_iob(p) + c.bolus_u + (c.basal_u_per_h - profile) / 12;
  if (c.bolus_u > 0 || c.basal_u_per_h > profile) {
    assert_true(on <= p->limits.iob_max_u + 1e-9);
    n->nearest = fmax(n->nearest, on / p->limits.iob_max_u);
    n->beyond++;
  }
  n->clock += (bits & T1D_LIMIT_BIT(T1D_LIMIT_CLOCK)) != 0;
  n->meals += t1d_carbs_told(&v) > 0 && c.bolus_u > 0;
  give(p, &c);
}

/* 100,000 decisions: every command is a number within the hard limits, no more than was asked for,
 * nothing flows at a reading below 70, and wherever anything is given beyond the profile, insulin
 * that is truly on board and what is given stay within the limit on board. The limit is reached:
 * what stands in the way is the rule and not that little is asked for. */
static void any_life__stays_within_limits(void **state)
{
  (void)state;
  static person p;
  tally n = {0, 0, 0, 0};
  for (uint64_t life = 0; life < LIVES; life++) {
    be_born(&p, life);
    for (int i = 0; i < MOMENTS; i++, p.real += 5) {
      move_clocks(&p);
      hear_sensor(&p);
      announce(&p);
      decide(&p, &n);
    }
  }
  printf(
      "          %d decisions: %lld gave more than the profile, %lld with a clock that was moved, "
      "%lld boluses for a meal; nearest to the limit on board %.6f\n",
      LIVES * MOMENTS, (long long)n.beyond, (long long)n.clock, (long long)n.meals, n.nearest);
  assert_true(n.nearest > 0.999);
  assert_true(n.beyond > 5000 && n.clock > 5000 && n.meals > 1000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(any_life__stays_within_limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
