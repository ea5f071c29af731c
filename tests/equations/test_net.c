/* test_net.c - what a network means: states, slopes, values at the start, events, by hand-worked
 * numbers from the rules of SBML Level 3 Version 2 (sections named at the cases).
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "equations/test_net.h"
#include "support/fault.h"

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

static void refused(gm_status with, const char *says)
{
  assert_int_equal(GM_OK, net_status);
  gm_status s = net_lower(&N, NULL, NULL, &O);
  if (s != with || !strstr(gm_message(ctx), says))
    fail_msg("%s: \"%s\", expected %s: \"%s\"", gm_status_name(s), gm_message(ctx),
             gm_status_name(with), says);
}

static void near(double a, double b)
{
  if (!(fabs(a - b) <= 1e-12 * (1 + fabs(b)))) fail_msg("%.17g, expected %.17g", a, b);
}

/* A species that reactions change is a state of its amount; its symbol is a concentration, and a
 * reaction's rate is amount per time (4.11.7). */
static void reaction__moves_amounts_by_its_rate(void **state)
{
  (void)state;
  parameter(&N, "k", 3);
  compartment(&N, "C", 2);
  species(&N, "A", "C", 5);
  species(&N, "B", "C", 0)->amount_only = true;
  reaction(&N, "R", "k*A*C", "A:-1 B:2");
  lower();
  assert_int_equal(2, O.state_count);
  assert_int_equal(2, O.parameter_count);
  near(start_of(&O, "A"), 10); /* 5 in a compartment of 2 */
  near(start_of(&O, "B"), 0);
  const double x[] = {8, 1}; /* [A] = 4, so the rate is 3*4*2 */
  near(rate_at(&O, "A", 0, x), -24);
  near(rate_at(&O, "B", 0, x), 48);
  near(output_at(&O, "A", 0, x), 4);
  near(output_at(&O, "B", 0, x), 1);
  assert_int_equal(1, O.channel_count);
  assert_int_equal(2, O.channel[0].change_count);
  near(value_at(&O, O.channel[0].propensity, 0, x), 24);
}

/* Stoichiometries may be rules, and a species may have a conversion factor from extent to its unit
 * (4.11.3, 4.11.7). */
static void reaction__takes_conversion_and_varying_stoichiometry(void **state)
{
  (void)state;
  parameter(&N, "f", 10);
  compartment(&N, "C", 1);
  add_symbol(&N, NET_STOICHIOMETRY, "m", NAN)->rule = IR_NONE;
  species(&N, "A", "C", 1);
  at(&N, "A")->conversion = net_find(&N, "f", 1);
  at(&N, "m")->rule = ex(&N, "1+time");
  reaction(&N, "R", "2*A", "A:m");
  lower();
  const double x[] = {3};
  near(rate_at(&O, "A", 4, x), 10 * 5 * 6); /* f * m * rate */
  near(value_at(&O, O.change[0].value, 4, x), 50);
}

/* Neither a boundary species nor a constant one is changed by its reaction (4.6.6): both are
 * parameters, and no parts of its channel. */
static void reaction__leaves_boundary_and_constant_species(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 2)->boundary = true;
  species(&N, "B", "C", 3)->constant = true;
  species(&N, "P", "C", 0);
  reaction(&N, "R", "A*B", "A:-1 B:-1 P:1 P:1");
  lower();
  assert_int_equal(1, O.state_count);
  assert_int_equal(3, O.parameter_count);
  near(rate_at(&O, "P", 0, (double[]){0}), 12);
  assert_int_equal(1, O.channel[0].change_count); /* P is in it twice: one change by 2 */
  near(value_at(&O, O.change[0].value, 0, NULL), 2);
}

/* In a compartment that grows, amounts move by their reactions alone, concentrations thin out, and
 * rateOf(S) of a concentration says so: (n' - [S] V')/V. */
static void compartment__growing_thins_concentrations(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  at(&N, "C")->rate = ex(&N, "0.5");
  species(&N, "S", "C", 3);
  parameter(&N, "y", NAN);
  parameter(&N, "z", NAN);
  reaction(&N, "R", "7", "S:1");
  at(&N, "y")->rule = ex(&N, "rateOf(S)");
  at(&N, "z")->rule = ex(&N, "rateOf(y*0+C)");
  lower();
  near(start_of(&O, "S"), 6);
  const double x[] = {4, 20}; /* C, amount of S: concentration 5 */
  near(output_at(&O, "S", 0, x), 5);
  near(rate_at(&O, "S", 0, x), 7);
  near(output_at(&O, "y", 0, x), (7 - 5 * 0.5) / 4);
  near(output_at(&O, "z", 0, x), 0.5);
}

/* A rate rule on a concentration is d[S]/dt whatever its compartment does (4.9.4): where the size
 * is continuous the concentration is the state; where events may change the size it is the amount,
 * which then stays. */
static void rate_rule__is_of_the_concentration(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  at(&N, "C")->rate = ex(&N, "1");
  species(&N, "S", "C", 3)->boundary = true;
  at(&N, "S")->rate = ex(&N, "0.25");
  compartment(&N, "D", 4);
  at(&N, "D")->rate = ex(&N, "2");
  species(&N, "T", "D", 3)->boundary = true;
  at(&N, "T")->rate = ex(&N, "0.25");
  event(&N, "lt(1,time)");
  sets(&N, "D", "8");
  lower();
  near(start_of(&O, "S"), 3);
  near(start_of(&O, "T"), 12);
  const double x[] = {2, 3, 5, 30}; /* C, S, D, amount of T: concentration 6 */
  near(rate_at(&O, "S", 0, x), 0.25);
  near(rate_at(&O, "T", 0, x), 0.25 * 5 + 6 * 2);
  near(output_at(&O, "T", 0, x), 6);
  near(value_at(&O, O.slow[row(O.state, O.state_count, "T")], 0, x), 0.25 * 5 + 6 * 2);
  assert_int_equal(1, O.event_count);
  near(value_at(&O, O.assign[0].value, 2, x), 8);
}

/* An event that sets a concentration and the size of its compartment: the amount is that of the
 * size before it, since all assignments see the model as it was (cases 01779 and 01780 of the SBML
 * Test Suite); where it sets the size alone, amounts stay (no assignment to them). */
static void event__sets_concentrations_in_the_size_before(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "S", "C", 3);
  reaction(&N, "R", "1", "S:1");
  event(&N, "lt(1,time)");
  sets(&N, "C", "10");
  sets(&N, "S", "S+1");
  event(&N, "lt(2,time)");
  sets(&N, "C", "20");
  lower();
  const double x[] = {2, 6}; /* C, amount: concentration 3 */
  assert_int_equal(EQ_STATE_HELD, O.kind[0]);
  assert_int_equal(2, O.event[0].assign_count);
  assert_int_equal(1, O.assign[1].state);
  near(value_at(&O, O.assign[1].value, 2, x), 8); /* 4 in the size 2 */
  assert_int_equal(1, O.event[1].assign_count);
  near(value_at(&O, O.assign[2].value, 2, x), 20);
}

/* Set when it is triggered and carried out later, in a compartment that changes: which size it
 * would be is not known then, so it is refused. */
static void event__delayed_concentration_in_a_changing_size_is_refused(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  at(&N, "C")->rate = ex(&N, "1");
  species(&N, "S", "C", 3);
  reaction(&N, "R", "1", "S:1");
  event(&N, "lt(1,time)")->delay = ex(&N, "2");
  sets(&N, "S", "5");
  N.event[0].at_trigger = true;
  refused(GM_EUNSUPPORTED, "delayed event e sets the concentration S");
  N.event[0].at_trigger = false;
  lower();
  near(value_at(&O, O.assign[0].value, 2, (double[]){4, 6}), 20);
}

/* What events cannot do. */
static void event__refuses_what_it_cannot_set(void **state)
{
  (void)state;
  parameter(&N, "p", 1);
  at(&N, "p")->rule = ex(&N, "time");
  event(&N, "lt(1,time)");
  sets(&N, "p", "1");
  refused(GM_EPARSE, "p has an assignment rule");
  at(&N, "p")->rule = IR_NONE;
  at(&N, "p")->constant = true;
  refused(GM_EPARSE, "p is constant");
}

/* Assignment rules are written out, in whatever order they stand; a species in a compartment
 * without dimensions is an amount. */
static void rule__is_substituted(void **state)
{
  (void)state;
  parameter(&N, "a", NAN);
  parameter(&N, "b", NAN);
  parameter(&N, "k", 4);
  compartment(&N, "C", 5)->dimensions = 0;
  species(&N, "S", "C", 2);
  at(&N, "a")->rule = ex(&N, "b*b");
  at(&N, "b")->rule = ex(&N, "k+S+time");
  at(&N, "S")->rate = ex(&N, "a");
  lower();
  const double x[] = {2};
  near(start_of(&O, "S"), 2);
  near(rate_at(&O, "S", 1, x), 49);
  near(output_at(&O, "a", 1, x), 49);
  near(output_at(&O, "S", 1, x), 2);
  assert_string_equal("a", O.output[0].name); /* rules first, then states */
  assert_string_equal("b", O.output[1].name);
  assert_string_equal("S", O.output[2].name);
}

/* A circle of rules is refused with its names. */
static void rule__in_a_circle_is_refused(void **state)
{
  (void)state;
  parameter(&N, "a", NAN);
  parameter(&N, "b", NAN);
  parameter(&N, "c", NAN);
  at(&N, "a")->rule = ex(&N, "b+1");
  at(&N, "b")->rule = ex(&N, "2*c");
  at(&N, "c")->rule = ex(&N, "b-time");
  refused(GM_EPARSE, "rules go in a circle: b -> c -> b");
}

/* So is a circle of slopes: rateOf(x) in the rate rule of x. */
static void rule__slopes_in_a_circle_are_refused(void **state)
{
  (void)state;
  parameter(&N, "a", 1);
  at(&N, "a")->rate = ex(&N, "rateOf(a)+1");
  refused(GM_EPARSE, "go in a circle: a -> a");
}

/* Two rules for one name, and a rule beside a reaction, contradict each other. */
static void rule__two_for_one_name_are_refused(void **state)
{
  (void)state;
  parameter(&N, "a", 1);
  at(&N, "a")->rate = ex(&N, "1");
  at(&N, "a")->rule = ex(&N, "time");
  refused(GM_EPARSE, "a has an assignment rule and a rate rule");
  at(&N, "a")->rule = IR_NONE;
  species(&N, "S", NULL, 1);
  at(&N, "S")->rate = ex(&N, "1");
  reaction(&N, "R", "1", "S:1");
  refused(GM_EPARSE, "S has a rule and is changed by reactions");
}

/* Initial assignments see each other, rules, rates of reactions, slopes and the time, in whatever
 * order (3.4.8): a constant one is worked out from the parameters and is none itself. */
static void start__initial_assignments_see_everything(void **state)
{
  (void)state;
  parameter(&N, "u", 7)->initial = IR_NONE;
  parameter(&N, "v", NAN);
  parameter(&N, "w", NAN);
  parameter(&N, "k", 2);
  compartment(&N, "C", 4);
  species(&N, "S", "C", 1);
  parameter(&N, "r", NAN);
  reaction(&N, "R", "k*S", "S:-1");
  at(&N, "S")->initial = ex(&N, "w+1"); /* 3*k + 1 = 7 */
  at(&N, "w")->initial = ex(&N, "3*k"); /* 6 */
  at(&N, "v")->initial = ex(&N, "R+r+rateOf(S)");
  at(&N, "r")->rule = ex(&N, "S*10+time");
  lower();
  /* S = 7, R = 14, r = 70, rateOf(S) = -14/4 */
  near(start_of(&O, "S"), 28);
  assert_int_equal(3, O.parameter_count); /* u, k, C */
  assert_int_equal(1, O.derived_count);   /* w; v hangs on the time through r: it is held */
  assert_string_equal("w", O.parameter[3].name);
  near(O.parameter[3].value, 6);
  near(value_at(&O, O.derived[3], 0, NULL), 6);
  near(start_of(&O, "v"), 14 + 70 - 3.5);
  assert_int_equal(EQ_STATE_HELD, O.kind[row(O.state, O.state_count, "v")]);
}

/* Values at the start in a circle are refused with their names. */
static void start__in_a_circle_is_refused(void **state)
{
  (void)state;
  parameter(&N, "x", NAN);
  parameter(&N, "y", NAN);
  at(&N, "x")->initial = ex(&N, "y+1");
  at(&N, "y")->rule = ex(&N, "x*time");
  refused(GM_EPARSE, "values at the start go in a circle: x -> x");
}

/* A name without a value matters only where it is used. */
static void start__missing_value_is_refused_where_used(void **state)
{
  (void)state;
  parameter(&N, "k", NAN);
  compartment(&N, "C", NAN);
  species(&N, "A", "C", 1)->amount_only = true;
  at(&N, "A")->value_is_amount = true;
  reaction(&N, "R", "2*A", "A:-1");
  lower();
  assert_int_equal(0, O.parameter_count);
  eq_source_free(&O);
  N.reaction[0].rate = ex(&N, "k*A");
  refused(GM_EPARSE, "k is used, but it has no value");
  at(&N, "k")->value = 1;
  at(&N, "A")->value = NAN;
  refused(GM_EPARSE, "A has no value at the start");
}

/* The start as a parameter: in the meaning of the symbol, for species and constants, also where
 * others begin from it. */
static void start__free_values_are_parameters(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "S", "C", 10)->value_is_amount = true;
  parameter(&N, "q", NAN);
  parameter(&N, "k", 3);
  at(&N, "q")->initial = ex(&N, "2*S");
  reaction(&N, "R", "q*k", "S:1");
  const char *const names[] = {"S", "C", "q"};
  const gm_eq_config config = {.free_initial = names, .free_initial_count = 3};
  assert_int_equal(GM_OK, net_lower(&N, &config, NULL, &O));
  assert_int_equal(4, O.parameter_count);
  assert_int_equal(0, O.derived_count);
  assert_string_equal("k", O.parameter[0].name);
  assert_string_equal("S(0)", O.parameter[1].name);
  assert_string_equal("C(0)", O.parameter[2].name);
  assert_string_equal("q(0)", O.parameter[3].name);
  near(O.parameter[1].value, 5);
  near(O.parameter[2].value, 2);
  near(O.parameter[3].value, 10);
  near(start_of(&O, "S"), 10);
  O.parameter[1].value = 7;
  O.parameter[2].value = 3;
  near(start_of(&O, "S"), 21);
  near(rate_at(&O, "S", 0, (double[]){21}), 30);
  eq_source_free(&O);
  const char *const wrong[] = {"nobody"};
  const gm_eq_config bad = {.free_initial = wrong, .free_initial_count = 1};
  assert_int_equal(GM_EPARSE, net_lower(&N, &bad, NULL, &O));
  assert_non_null(strstr(gm_message(ctx), "nobody"));
}

/* rateOf a name with an assignment rule is its slope along the solution. */
static void rate_of__rule_is_the_total_derivative(void **state)
{
  (void)state;
  parameter(&N, "x", 1);
  parameter(&N, "y", NAN);
  parameter(&N, "d", NAN);
  at(&N, "x")->rate = ex(&N, "5");
  at(&N, "y")->rule = ex(&N, "x^2*time");
  at(&N, "d")->rule = ex(&N, "rateOf(y)");
  lower();
  near(output_at(&O, "d", 3, (double[]){4}), 2 * 4 * 5 * 3 + 16);
}

/* An algebraic rule that is linear in its unknown becomes a rule: here k, found through another
 * rule; a value at the start may come from it. */
static void algebraic__linear_is_solved(void **state)
{
  (void)state;
  parameter(&N, "k", NAN);
  parameter(&N, "twice", NAN);
  parameter(&N, "x", NAN);
  at(&N, "twice")->rule = ex(&N, "2*k");
  at(&N, "x")->rate = ex(&N, "k");
  at(&N, "x")->initial = ex(&N, "k+1");
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "twice+x*x-10")));
  refused(GM_EPARSE, "circle"); /* x begins from k, and k from x */
  at(&N, "x")->initial = ex(&N, "4");
  lower();
  assert_int_equal(1, O.state_count);
  near(rate_at(&O, "x", 0, (double[]){4}), -3);
  near(output_at(&O, "k", 0, (double[]){4}), -3);
}

/* Two rules that only together determine two unknowns: a + b = 5, a - b = time. */
static void algebraic__system_is_solved(void **state)
{
  (void)state;
  parameter(&N, "a", NAN);
  parameter(&N, "b", NAN);
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "a+b-5")));
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "a-b-time")));
  lower();
  assert_int_equal(0, O.state_count);
  near(output_at(&O, "a", 1, NULL), 3);
  near(output_at(&O, "b", 1, NULL), 2);
}

/* Otherwise it is a row of its own, solved when the model runs, from the stated value on; its slope
 * is by implicit differentiation: u^3 + x u - 10 = 0, u' = -x' u / (3 u^2 + x). */
static void algebraic__nonlinear_is_left_as_a_row(void **state)
{
  (void)state;
  parameter(&N, "u", 2);
  parameter(&N, "x", 1);
  parameter(&N, "s", NAN);
  at(&N, "x")->rate = ex(&N, "7");
  at(&N, "s")->rule = ex(&N, "rateOf(u)");
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "u^3+x*u-10")));
  lower();
  const double x[] = {2, 1};
  assert_int_equal(EQ_STATE_ALGEBRAIC, O.kind[0]);
  near(start_of(&O, "u"), 2);
  near(rate_at(&O, "u", 0, x), 0);
  near(rate_at(&O, "u", 0, (double[]){3, 1}), 20);
  near(output_at(&O, "s", 0, x), -7 * 2 / 13.0);
}

/* A condition on the unknown makes a rule nonlinear, though its derivative is 1. */
static void algebraic__condition_on_the_unknown_is_not_linear(void **state)
{
  (void)state;
  parameter(&N, "u", 5);
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "if(lt(u,3),u-1,u-4)")));
  lower();
  assert_int_equal(1, O.state_count);
  near(rate_at(&O, "u", 0, (double[]){5}), 1);
}

/* Rules that determine nothing, or twice the same, or something that is not theirs, are refused. */
static void algebraic__ill_posed_is_refused(void **state)
{
  (void)state;
  parameter(&N, "a", 1);
  parameter(&N, "b", 2);
  at(&N, "b")->rate = ex(&N, "1");
  at(&N, "a")->constant = true;
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "a-b")));
  refused(GM_EUNSUPPORTED, "nothing in it is left for it to determine");
  at(&N, "a")->constant = false;
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "2*a-b")));
  refused(GM_EUNSUPPORTED, "is determined by another one");
  parameter(&N, "c", NAN);
  parameter(&N, "d", NAN);
  N.algebraic_count = 0;
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "c+d-b")));
  refused(GM_EUNSUPPORTED, "could determine c or d");
}

/* Of a stated species and a boundary species that nothing sets, the first is determined (case 01787
 * of the SBML Test Suite). */
static void algebraic__boundary_species_stays(void **state)
{
  (void)state;
  compartment(&N, "C", 1);
  species(&N, "A", "C", 2);
  species(&N, "B", "C", 3)->boundary = true;
  assert_int_equal(GM_OK, net_algebraic_add(&N, ex(&N, "B-A")));
  lower();
  near(output_at(&O, "A", 0, NULL), 3);
}

/* Delays that nothing uses are left out, and the others numbered anew; before the start things are
 * as at the start but for the time. */
static void delay__only_those_in_use(void **state)
{
  (void)state;
  parameter(&N, "x", 2);
  parameter(&N, "y", NAN);
  ir_ref unused = ex(&N, "delay(x,9)");
  (void)unused;
  at(&N, "x")->rate = ex(&N, "delay(x*time,3)");
  at(&N, "y")->initial = ex(&N, "delay(x+time,5)");
  lower();
  assert_int_equal(1, O.delay_count);
  assert_int_equal(IR_DELAYED, O.graph.node[O.rate[0]].op);
  assert_int_equal(0, O.graph.node[O.rate[0]].index);
  assert_int_equal(IR_CONST, O.graph.node[O.delay[0].lag].op);
  near(O.graph.node[O.delay[0].lag].value, 3);
}

/* Draws are made at the start and by events; a constant with one is a state that is held. */
static void draw__only_at_the_start_and_in_events(void **state)
{
  (void)state;
  parameter(&N, "x", NAN);
  parameter(&N, "y", 1);
  at(&N, "x")->initial = ex(&N, "uniform()");
  event(&N, "lt(1,time)");
  sets(&N, "y", "uniform()");
  lower();
  assert_int_equal(2, O.state_count);
  assert_int_equal(2, O.uniform_count);
  assert_int_equal(EQ_STATE_HELD, O.kind[0]);
  assert_int_equal(IR_UNIFORM, O.graph.node[O.initial[0]].op);
  eq_source_free(&O);
  parameter(&N, "z", NAN);
  at(&N, "z")->rule = ex(&N, "uniform()");
  refused(GM_EUNSUPPORTED, "the value of z hangs on a random draw");
}

/* Outputs asked for are worked out in place of all names. */
static void output__asked_for(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "S", "C", 3);
  reaction(&N, "R", "4", "S:1");
  const gm_eq_output output[] = {{.name = "conc", .expression = "S"},
                                 {.name = "all", .expression = "S*C", .unit = "mg"}};
  const ir_ref asked[] = {ex(&N, "S"), ex(&N, "S*C")};
  const gm_eq_config config = {.output = output, .output_count = 2};
  at(&N, "S")->source[0] = 0;
  gm_free(at(&N, "S")->unit);
  at(&N, "S")->unit = gm_strdup(ctx, "mg/L");
  gm_free(at(&N, "C")->unit);
  at(&N, "C")->unit = gm_strdup(ctx, "L");
  assert_int_equal(GM_OK, net_lower(&N, &config, asked, &O));
  assert_int_equal(2, O.output_count);
  assert_string_equal("mg/L", O.output[0].unit);
  assert_string_equal("mg", O.output[1].unit);
  assert_string_equal("mg", O.state[0].unit); /* the state is the amount */
  assert_string_equal("time", O.no_unit);
  const double x[] = {10};
  near(value_at(&O, O.value[0], 0, x), 5);
  near(value_at(&O, O.value[1], 0, x), 10);
  assert_int_equal(IR_STATE, O.graph.node[O.value[1]].op); /* not divided by C before */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(reaction__moves_amounts_by_its_rate, begin, end),
      cmocka_unit_test_setup_teardown(reaction__takes_conversion_and_varying_stoichiometry, begin,
                                      end),
      cmocka_unit_test_setup_teardown(reaction__leaves_boundary_and_constant_species, begin, end),
      cmocka_unit_test_setup_teardown(compartment__growing_thins_concentrations, begin, end),
      cmocka_unit_test_setup_teardown(rate_rule__is_of_the_concentration, begin, end),
      cmocka_unit_test_setup_teardown(event__sets_concentrations_in_the_size_before, begin, end),
      cmocka_unit_test_setup_teardown(event__delayed_concentration_in_a_changing_size_is_refused,
                                      begin, end),
      cmocka_unit_test_setup_teardown(event__refuses_what_it_cannot_set, begin, end),
      cmocka_unit_test_setup_teardown(rule__is_substituted, begin, end),
      cmocka_unit_test_setup_teardown(rule__in_a_circle_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(rule__slopes_in_a_circle_are_refused, begin, end),
      cmocka_unit_test_setup_teardown(rule__two_for_one_name_are_refused, begin, end),
      cmocka_unit_test_setup_teardown(start__initial_assignments_see_everything, begin, end),
      cmocka_unit_test_setup_teardown(start__in_a_circle_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(start__missing_value_is_refused_where_used, begin, end),
      cmocka_unit_test_setup_teardown(start__free_values_are_parameters, begin, end),
      cmocka_unit_test_setup_teardown(rate_of__rule_is_the_total_derivative, begin, end),
      cmocka_unit_test_setup_teardown(algebraic__linear_is_solved, begin, end),
      cmocka_unit_test_setup_teardown(algebraic__system_is_solved, begin, end),
      cmocka_unit_test_setup_teardown(algebraic__nonlinear_is_left_as_a_row, begin, end),
      cmocka_unit_test_setup_teardown(algebraic__condition_on_the_unknown_is_not_linear, begin,
                                      end),
      cmocka_unit_test_setup_teardown(algebraic__ill_posed_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(algebraic__boundary_species_stays, begin, end),
      cmocka_unit_test_setup_teardown(delay__only_those_in_use, begin, end),
      cmocka_unit_test_setup_teardown(draw__only_at_the_start_and_in_events, begin, end),
      cmocka_unit_test_setup_teardown(output__asked_for, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
