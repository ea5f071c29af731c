/* test_net_output.c - outputs over a network's names; networks of a great size; memory that fails.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "equations/test_net.h"
#include "support/fault.h"
#include <time.h>

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

static void near(double a, double b)
{
  if (!(fabs(a - b) <= 1e-12 * (1 + fabs(b)))) fail_msg("%.17g, expected %.17g", a, b);
}

/* The value of an output over a small model at its start. */
static double value_of(const char *expression)
{
  const gm_eq_output output = {.name = "o", .expression = expression};
  const gm_eq_config config = {.output = &output, .output_count = 1};
  ir_ref asked = IR_NONE;
  double x[4];
  gm_status s = net_output_read(&N, &output, &asked);
  if (!s) s = net_lower(&N, &config, &asked, &O);
  if (s) fail_msg("%s: %s: %s", expression, gm_status_name(s), gm_message(ctx));
  for (int32_t i = 0; i < O.state_count; i++) x[i] = value_at(&O, O.initial[i], 0, NULL);
  double v = value_at(&O, O.value[0], 0, x);
  eq_source_free(&O);
  return v;
}

/* Names, also with dots and words of the grammar, arithmetic, amount, concentration and rateOf. */
static void output__reads_names_and_functions(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  species(&N, "S", "C", 3);
  species(&N, "T", "C", 8)->amount_only = true;
  at(&N, "T")->value_is_amount = true;
  parameter(&N, "SUB__k", 5);
  parameter(&N, "J.k", 6);
  parameter(&N, "at", 7);
  reaction(&N, "R", "S*C*T", "S:-1");
  assert_int_equal(GM_OK, net_status);
  near(value_of("S"), 3);
  near(value_of(" at "), 7);
  near(value_of("SUB.k + SUB__k"), 10);
  near(value_of("J.k"), 6);
  near(value_of("amount(S)"), 6);
  near(value_of("concentration(S)"), 3);
  near(value_of("amount(T) + 10*concentration(T)"), 48);
  near(value_of("rateOf(S)"), -24);
  near(value_of("R + time + exp(0)"), 49);
  near(value_of("piecewise(1, S > 2, 0)"), 1);
}

static void output_refused(const char *expression, gm_status with, const char *says)
{
  const gm_eq_output output = {.name = "o", .expression = expression, .where = "o.yaml:3"};
  ir_ref asked = 77;
  gm_status s = net_output_read(&N, &output, &asked);
  if (s != with || !strstr(gm_message(ctx), says) || asked != 77)
    fail_msg("%s: %s: \"%s\"", expression, gm_status_name(s), gm_message(ctx));
}

/* What is wrong is said with its place, and nothing is given. */
static void output__says_what_is_wrong(void **state)
{
  (void)state;
  compartment(&N, "C", 2);
  parameter(&N, "k", 3);
  output_refused("k + nobody", GM_EPARSE, "o.yaml:3: column 5: no nobody in the model");
  output_refused("k +", GM_EPARSE, "o.yaml:3");
  output_refused("k k", GM_EPARSE, "expected an operator");
  output_refused("amount(k)", GM_EPARSE, "takes the name of a species");
  output_refused("X.k", GM_EPARSE, "no X.k in the model");
  output_refused("", GM_EPARSE, "expected");
}

/* A chain of 100,000 rules (each needs the one behind it) and a circle of as many: no recursion,
 * and well below a second (2 s here: with sanitizers, on a loaded machine). */
static void lower__long_chains_are_no_danger(void **state)
{
  (void)state;
  enum { COUNT = 100000 };
  char name[20];
  ir_graph *g = &N.graph;
  for (int32_t i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "r%d", (int)i);
    parameter(&N, name, NAN);
  }
  assert_int_equal(GM_OK, net_status);
  for (int32_t i = 0; i < COUNT; i++) {
    ir_ref next = i + 1 < COUNT ? ir_leaf(g, IR_SYMBOL, i + 1) : ir_time(g);
    N.symbol[i].rule = ir_make(g, IR_ADD, next, ir_const(g, 1), IR_NONE);
  }
  clock_t t0 = clock();
  gm_status s = net_lower(&N, NULL, NULL, &O);
  double seconds = (double)(clock() - t0) / CLOCKS_PER_SEC;
  if (s) fail_msg("%s", gm_message(ctx));
  if (seconds > 2) fail_msg("%g s", seconds);
  near(output_at(&O, "r0", 0, NULL), COUNT);
  N.symbol[COUNT - 1].rule = ir_leaf(g, IR_SYMBOL, 0);
  eq_source again = {0};
  assert_int_equal(GM_EPARSE, net_lower(&N, NULL, NULL, &again));
  assert_non_null(strstr(gm_message(ctx), "circle: r0 -> r1 -> "));
}

/* A species in 50,000 reactions, each with its own constant: linear, too. */
static void lower__hub_species_is_no_danger(void **state)
{
  (void)state;
  enum { COUNT = 50000 };
  char name[20];
  ir_graph *g = &N.graph;
  int32_t index;
  compartment(&N, "C", 2);
  species(&N, "S", "C", 1);
  for (int32_t i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "J%d", (int)i);
    assert_int_equal(GM_OK, net_reaction_add(&N, name, &index));
    N.reaction[index].rate =
        ir_make(g, IR_MUL, ir_const(g, i + 2), ir_leaf(g, IR_SYMBOL, 1), IR_NONE);
    assert_int_equal(GM_OK, net_part_add(&N, 1, ir_const(g, 1)));
  }
  clock_t t0 = clock();
  assert_int_equal(GM_OK, net_lower(&N, NULL, NULL, &O));
  double seconds = (double)(clock() - t0) / CLOCKS_PER_SEC;
  if (seconds > 2) fail_msg("%g s", seconds);
  near(rate_at(&O, "S", 0, (double[]){2}), COUNT * (COUNT + 3.0) / 2);
}

/* A model with some of everything. */
static void some_of_everything(net *n)
{
  parameter(n, "k", 2);
  parameter(n, "u", 1);
  parameter(n, "v", NAN);
  parameter(n, "w", NAN);
  parameter(n, "y", NAN);
  compartment(n, "C", 2);
  species(n, "S", "C", 3);
  species(n, "T", "C", 4);
  species(n, "F", "C", 4);
  species(n, "G", "C", 4);
  if (net_status) return;
  at(n, "C")->rate = ex(n, "k/9");
  at(n, "w")->initial = ex(n, "uniform()+S");
  at(n, "y")->rule = ex(n, "rateOf(S)+delay(T,k)");
  reaction(n, "R", "k*S*C", "S:-1 T:2");
  reaction(n, "Q", "F-2*G", "F:-1 G:1")->fast = true;
  if (net_status) return;
  keep(net_algebraic_add(n, ex(n, "v+S-5")));
  keep(net_algebraic_add(n, ex(n, "u^3+S-5")));
  event(n, "lt(1,time)");
  if (net_status) return;
  sets(n, "T", "u");
  sets(n, "C", "3");
}

static gm_status trial(gm_ctx *with, void *user)
{
  static const char *const free_name[] = {"T"};
  const gm_eq_output output = {.name = "o", .expression = "amount(S) + R"};
  const gm_eq_config asking = {
      .output = &output, .output_count = 1, .free_initial = free_name, .free_initial_count = 1};
  const gm_eq_config plain = {0};
  bool asks = *(bool *)user;
  net n;
  eq_source o;
  ir_ref asked = IR_NONE;
  gm_status s = net_init(&n, with, "case.xml");
  if (s) return s;
  net_status = GM_OK;
  some_of_everything(&n);
  s = net_status ? net_status : n.graph.status;
  if (!s && asks) s = net_output_read(&n, &output, &asked);
  if (!s) s = net_lower(&n, asks ? &asking : &plain, &asked, &o);
  if (!s) eq_source_free(&o);
  net_free(&n);
  return s;
}

/* Every allocation may fail: GM_ENOMEM with a message, and nothing is left behind. */
static void lower__survives_failing_memory(void **state)
{
  (void)state;
  bool asks = false;
  assert_true(fault_sweep("net_lower", trial, &asks) > 100);
  asks = true;
  assert_true(fault_sweep("net_lower with an output", trial, &asks) > 100);
}

/* A name is there once; the table finds each of many. */
static void names__are_unique_and_found(void **state)
{
  (void)state;
  char name[20];
  int32_t i;
  for (int32_t k = 0; k < 5000; k++) {
    snprintf(name, sizeof name, "n%d", (int)k);
    assert_int_equal(GM_OK, net_symbol_add(&N, NET_PARAMETER, name, &i));
    assert_int_equal(k, i);
  }
  assert_int_equal(4321, net_find(&N, "n4321 + x", 5));
  assert_int_equal(-1, net_find(&N, "n5000", 5));
  N.symbol[7].line = 12;
  assert_int_equal(GM_EPARSE, net_reaction_add(&N, "n7", &i));
  assert_string_equal("case.xml:12: the name n7 is taken by a parameter", gm_message(ctx));
  assert_int_equal(0, N.reaction_count);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(output__reads_names_and_functions, begin, end),
      cmocka_unit_test_setup_teardown(output__says_what_is_wrong, begin, end),
      cmocka_unit_test_setup_teardown(lower__long_chains_are_no_danger, begin, end),
      cmocka_unit_test_setup_teardown(lower__hub_species_is_no_danger, begin, end),
      cmocka_unit_test_setup_teardown(lower__survives_failing_memory, begin, end),
      cmocka_unit_test_setup_teardown(names__are_unique_and_found, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
