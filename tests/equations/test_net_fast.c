/* test_net_fast.c - infinitely fast reactions, by equilibria worked out by hand.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "equations/test_net.h"

static gm_ctx *ctx;
static net N;
static eq_source O;

static int begin(void **state)
{
  (void)state;
  net_status = GM_OK;
  O = (eq_source){0};
  return gm_ctx_new(NULL, &ctx) || net_init(&N, ctx, "case.xml") ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  net_free(&N);
  if (O.graph.ctx) eq_source_free(&O);
  gm_ctx_free(ctx);
  return 0;
}

static void lower(void)
{
  assert_int_equal(GM_OK, net_status);
  gm_status s = net_lower(&N, NULL, NULL, &O);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
}

static void refused(const char *says)
{
  assert_int_equal(GM_OK, net_status);
  gm_status s = net_lower(&N, NULL, NULL, &O);
  if (s != GM_EUNSUPPORTED || !strstr(gm_message(ctx), says))
    fail_msg("%s: \"%s\", expected \"%s\"", gm_status_name(s), gm_message(ctx), says);
}

static void near(double a, double b)
{
  if (!(fabs(a - b) <= 1e-12 * (1 + fabs(b)))) fail_msg("%.17g, expected %.17g", a, b);
}

static void fast(const char *name, const char *rate, const char *parts)
{
  reaction(&N, name, rate, parts)->fast = true;
}

/* Values of outputs once pools have their values at the start. */
static double at_start(const char *name)
{
  double x[20];
  for (int32_t i = 0; i < O.state_count; i++) x[i] = value_at(&O, O.initial[i], 0, NULL);
  return output_at(&O, name, 0, x);
}

/* A fast equilibrium and a slow reaction (SBML Test Suite, case 00870): with A4 + A2 = 4 and
 * A4 = 2 A2, A2 is 4/3; the pool moves with the slow reaction alone. */
static void fast__equilibrium_leaves_its_pool_to_the_slow(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A1", "C", 2);
  species(&N, "A2", "C", 3);
  species(&N, "A3", "C", 4);
  species(&N, "A4", "C", 1);
  parameter(&N, "Kf1", 1);
  parameter(&N, "Kr1", 2);
  fast("F", "(Kf1*A4-Kr1*A2)*C", "A4:-1 A2:1");
  reaction(&N, "S", "(A1*A2-2*A3)*C", "A1:-1 A2:-1 A3:1");
  lower();
  near(at_start("A2"), 4 / 3.0);
  near(at_start("A4"), 8 / 3.0);
  assert_int_equal(3, O.state_count); /* A1, A3 and the pool */
  assert_string_equal("A2+A4", O.state[2].name);
  const double x[] = {2, 4, 4};
  near(rate_at(&O, "A2+A4", 0, x), -(2 * 4 / 3.0 - 8));
  near(rate_at(&O, "A1", 0, x), -(2 * 4 / 3.0 - 8));
  assert_int_equal(0, O.channel_count);
}

/* One that runs to its end, with a boundary species on the other side: A4 = 2 A2 (case 00873). */
static void fast__boundary_species_holds_the_other(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A2", "C", 3)->boundary = true;
  species(&N, "A4", "C", 1);
  fast("F", "C*(A4-2*A2)", "A4:-1 A2:1");
  lower();
  near(at_start("A4"), 6);
}

/* A -> 3 B runs until A is gone; A + B -> D until the scarcer is. */
static void fast__runs_until_a_factor_is_gone(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "A", "C", 5);
  species(&N, "B", "C", 1);
  species(&N, "P", "C", 2);
  species(&N, "Q", "C", 7);
  species(&N, "R", "C", 0);
  fast("F", "4*A", "A:-1 B:3");
  fast("G", "P*Q/(1+P)", "P:-1 Q:-1 R:1");
  lower();
  near(at_start("A"), 0);
  near(at_start("B"), 16);
  near(at_start("P"), 0);
  near(at_start("Q"), 5);
  near(at_start("R"), 2);
}

/* The sign of the rate's constant tells which way (cases 01399, 01567), also while it changes
 * (case 01568): S1 -> S2 with 5.5 - time. */
static void fast__direction_follows_the_sign(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 3);
  species(&N, "B", "C", 4);
  species(&N, "S", "C", 3);
  species(&N, "T", "C", 3);
  parameter(&N, "k", NAN);
  at(&N, "k")->rule = ex(&N, "5.5-time");
  fast("F", "-A*B", "A:-1 B:1");
  fast("G", "if(lt(0,k),S*k,T*k)", "S:-1 T:1");
  lower();
  near(at_start("A"), 7);
  near(at_start("B"), 0);
  near(at_start("S"), 0);
  near(at_start("T"), 6);
  double x[2];
  for (int i = 0; i < 2; i++) x[i] = value_at(&O, O.initial[i], 0, NULL);
  near(output_at(&O, "S", 6, x), 6);
  near(output_at(&O, "T", 6, x), 0);
}

/* A chain: A -> B and B -> D together run to D; conversion factors scale what arrives. */
static void fast__chain_runs_through(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 2);
  species(&N, "B", "C", 3);
  species(&N, "D", "C", 1);
  parameter(&N, "f", 10);
  at(&N, "D")->conversion = net_find(&N, "f", 1);
  fast("F", "A", "A:-1 B:1");
  fast("G", "2*B", "B:-1 D:1");
  lower();
  near(at_start("A"), 0);
  near(at_start("B"), 0);
  near(at_start("D"), 51);
}

/* A dimer's equilibrium is quadratic: an algebraic row that is 0 at the solution. 2 A <-> B, law
 * A^2 - 2 B, A + 2 B = 4: A^2 + A - 4 = 0. */
static void fast__nonlinear_is_an_algebraic_row(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 4);
  species(&N, "B", "C", 0);
  fast("F", "A^2-2*B", "A:-2 B:1");
  lower();
  int32_t k = -1;
  for (int32_t i = 0; i < O.state_count; i++)
    if (O.kind[i] == EQ_STATE_ALGEBRAIC) k = i;
  assert_true(k >= 0);
  assert_int_equal(2, O.state_count);
  double x[2];
  for (int i = 0; i < 2; i++) x[i] = value_at(&O, O.initial[i], 0, NULL);
  double a = (sqrt(17) - 1) / 2, b = (4 - a) / 2;
  x[k] = strcmp(O.state[k].name, "A") == 0 ? a : b;
  near(value_at(&O, O.rate[k], 0, x), 0);
  near(output_at(&O, "A", 0, x), a);
  near(output_at(&O, "B", 0, x), b);
}

/* An event that gives to a fast species gives to its pool. */
static void fast__event_goes_to_the_pool(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "A", "C", 2);
  species(&N, "B", "C", 4);
  fast("F", "A-B", "A:-1 B:1");
  event(&N, "lt(1,time)");
  sets(&N, "A", "10");
  lower();
  near(at_start("A"), 3);
  const double x[] = {12}; /* amounts 6 and 6; then 20 and 6 */
  assert_int_equal(1, O.event[0].assign_count);
  near(value_at(&O, O.assign[0].value, 2, x), 26);
}

/* What has no one place to rest is refused by name. */
static void fast__without_rest_is_refused(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 2);
  species(&N, "B", "C", 3);
  parameter(&N, "k", 0);
  fast("F", "k*A", "A:-1 B:1");
  refused("F stands still");
  N.reaction[0].rate = ex(&N, "B");
  refused("F never comes to rest");
  N.reaction[0].rate = ex(&N, "B-A");
  refused("F drives itself away from rest");
  N.reaction[0].rate = ex(&N, "2+k");
  refused("F does not slow down by what it changes");
  N.reaction[0].rate = ex(&N, "A*B*(A-1)");
  refused("several places");
  N.reaction[0].rate = ex(&N, "A*ln(1)"); /* 0 whatever happens: it moves nothing */
  lower();
  near(start_of(&O, "A"), 2);
  eq_source_free(&O);
  N.reaction[0].rate = ex(&N, "A");
  at(&N, "k")->constant = false;
  N.part[0].by = ex(&N, "-time");
  refused("a stoichiometry that changes");
  N.part[0].by = ex(&N, "0-1");
  at(&N, "k")->value = 1;
  at(&N, "k")->rule = ex(&N, "delay(A,1)");
  refused("a delay of something");
  at(&N, "k")->rule = ex(&N, "rateOf(A)");
  refused("fast reactions change");
}

/* P + Q -> R at the rate P Q/(K + P) runs until Q is gone when K > 0. With K < 0 the rate changes
 * its sign on the way, and there is no answer rather than that one. */
static void fast__answers_only_for_the_signs_it_stands_on(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "P", "C", 7);
  species(&N, "Q", "C", 2);
  species(&N, "R", "C", 0);
  parameter(&N, "K", 3);
  fast("F", "P*Q/(K+P)", "P:-1 Q:-1 R:1");
  lower();
  near(at_start("Q"), 0);
  near(at_start("R"), 2);
  for (int32_t i = 0; i < O.parameter_count; i++)
    if (!strcmp(O.parameter[i].name, "K")) O.parameter[i].value = -8;
  assert_true(isnan(at_start("Q")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(fast__equilibrium_leaves_its_pool_to_the_slow, begin, end),
      cmocka_unit_test_setup_teardown(fast__boundary_species_holds_the_other, begin, end),
      cmocka_unit_test_setup_teardown(fast__runs_until_a_factor_is_gone, begin, end),
      cmocka_unit_test_setup_teardown(fast__direction_follows_the_sign, begin, end),
      cmocka_unit_test_setup_teardown(fast__chain_runs_through, begin, end),
      cmocka_unit_test_setup_teardown(fast__nonlinear_is_an_algebraic_row, begin, end),
      cmocka_unit_test_setup_teardown(fast__event_goes_to_the_pool, begin, end),
      cmocka_unit_test_setup_teardown(fast__without_rest_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(fast__answers_only_for_the_signs_it_stands_on, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
