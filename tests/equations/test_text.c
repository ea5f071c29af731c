/* test_text.c - model text read into states, parameters, rates and outputs; values by hand.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/equations/eq_units.h"
#include "kinds/equations/source.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static gm_ctx *ctx;

static int make_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int drop_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

static eq_source read_with(const char *text, const gm_eq_output *output, int32_t count)
{
  eq_source s = {0};
  gm_eq_config c = {.text = text, .output = output, .output_count = count};
  if (eq_source_read(ctx, &c, &s)) fail_msg("%s", gm_message(ctx));
  return s;
}

static eq_source read_text(const char *text) { return read_with(text, NULL, 0); }

static double value(const eq_source *s, ir_ref f, double t, const double *x)
{
  double theta[64] = {0}, scratch[4096];
  assert_true(s->graph.count <= 4096 && s->parameter_count <= 64);
  for (int32_t i = 0; i < s->parameter_count; i++) theta[i] = s->parameter[i].value;
  return ir_eval(&s->graph, f, t, x, theta, scratch);
}

/* The value of one expression with a = 2, b = 3, c = 5, t = 7. */
static double calc(const char *expression)
{
  char text[4000];
  snprintf(text, sizeof text, "a = 2; b = 3; c = 5\ny := %s\n", expression);
  eq_source s = read_text(text);
  double v = value(&s, s.value[0], 7, NULL);
  eq_source_free(&s);
  return v;
}

static void near_line(double expected, double got, int line)
{
  if (!(fabs(expected - got) <= 1e-13 * (1 + fabs(expected))))
    fail_msg("line %d: expected %.17g, got %.17g", line, expected, got);
}
#define NEAR(expected, got) near_line(expected, got, __LINE__)

/* Products bind before sums, powers before signs, powers from the right, the rest from the left. */
static void operators__bind_as_in_antimony(void **state)
{
  (void)state;
  NEAR(17, calc("a + b*c"));
  NEAR(25, calc("(a + b)*c"));
  NEAR(-6, calc("a - b - c"));
  NEAR(2.0 / 15, calc("a/b/c"));
  NEAR(10.0 / 3, calc("a/b*c"));
  NEAR(-9, calc("-b^a"));
  NEAR(9, calc("(-b)^a"));
  NEAR(512, calc("a^b^a"));
  NEAR(64, calc("(a^b)^a"));
  NEAR(0.125, calc("a^-b"));
  NEAR(1.0 / 512, calc("2^-b^2"));
  NEAR(0.375, calc("2^-b*3"));
  NEAR(-6, calc("a*-b"));
  NEAR(5, calc("a--b"));
  NEAR(5, calc("a - - b"));
  NEAR(2, calc("+a"));
  NEAR(14, calc("a*time"));
}

/* Numbers are read in every form, and the same whatever the locale. */
static void numbers__are_read_in_every_form(void **state)
{
  (void)state;
  assert_true(calc("1") == 1);
  assert_true(calc("1.5") == 1.5);
  assert_true(calc(".5") == 0.5);
  assert_true(calc("5.") == 5);
  assert_true(calc("1e3") == 1000);
  assert_true(calc("1E-3") == 1e-3);
  assert_true(calc("2.5e+2") == 250);
  assert_true(calc("0.1") == 0.1);
  assert_true(calc("123456789012345678") == 123456789012345678.0);
}

/* Every function means what its name says in SBML's infix form. */
static void functions__have_their_values(void **state)
{
  (void)state;
  NEAR(exp(2), calc("exp(a)"));
  NEAR(log(2), calc("ln(a)"));
  NEAR(log10(2), calc("log10(a)"));
  NEAR(3, calc("log(2, 8)"));
  NEAR(log1p(2), calc("log1p(a)"));
  NEAR(expm1(2), calc("expm1(a)"));
  NEAR(sqrt(2), calc("sqrt(a)"));
  NEAR(4, calc("sqr(a)"));
  NEAR(2, calc("root(3, 8)"));
  NEAR(8, calc("pow(a, b)"));
  NEAR(8, calc("power(a, b)"));
  NEAR(2, calc("abs(-a)"));
  NEAR(-3, calc("floor(-2.5)"));
  NEAR(-2, calc("ceil(-2.5)"));
  NEAR(-2, calc("ceiling(-2.5)"));
  NEAR(sin(2), calc("sin(a)"));
  NEAR(cos(2), calc("cos(a)"));
  NEAR(tan(2), calc("tan(a)"));
  NEAR(asin(0.5), calc("arcsin(0.5)"));
  NEAR(asin(0.5), calc("asin(1/a)"));
  NEAR(acos(0.5), calc("arccos(1/a)"));
  NEAR(acos(0.5), calc("acos(0.5)"));
  NEAR(atan(2), calc("arctan(a)"));
  NEAR(atan(2), calc("atan(a)"));
  NEAR(sinh(2), calc("sinh(a)"));
  NEAR(cosh(2), calc("cosh(a)"));
  NEAR(tanh(2), calc("tanh(a)"));
  NEAR(2, calc("min(a, b, c)"));
  NEAR(5, calc("max(a, b, c)"));
  NEAR(3, calc("min(c, b)"));
  NEAR(acos(-1), calc("pi"));
  NEAR(exp(1), calc("exponentiale"));
  assert_true(calc("avogadro") == 6.02214076e23);
}

/* Conditions and piecewise choose the first pair whose condition holds, then the last value. */
static void piecewise__takes_the_first_that_holds(void **state)
{
  (void)state;
  NEAR(10, calc("piecewise(10, a < b, 20)"));
  NEAR(20, calc("piecewise(10, a > b, 20)"));
  NEAR(10, calc("piecewise(10, b > a, 20, b > 0, 30)"));
  NEAR(30, calc("piecewise(10, a == b, 20, a >= b, 30)"));
  NEAR(1, calc("piecewise(1, a <= 2 && b != 4, 0)"));
  NEAR(1, calc("piecewise(1, a > 9 || b >= 3, 0)"));
  NEAR(1, calc("piecewise(1, !(a > 9), 0)"));
  NEAR(1, calc("piecewise(1, true, 0)"));
  NEAR(0, calc("piecewise(1, false, 0)"));
  NEAR(1, calc("piecewise(1, gt(c, a) && lt(a, c) && geq(a, 2) && leq(a, 2), 0)"));
  NEAR(1, calc("piecewise(1, and(eq(a, 2), neq(a, b), not(false)), 0)"));
  NEAR(1, calc("piecewise(1, or(false, a < 1, c > 4), 0)"));
  NEAR(1, calc("piecewise(1, time > 6.9, 0)"));
  NEAR(1, calc("piecewise(1, a + 1 == b, 0)"));
}

/* A one-compartment model gives its names, values, units, sources and rates. */
static void model__gives_its_tables(void **state)
{
  (void)state;
  eq_source s = read_text("// oral dosing\n"
                          "model *pk()\n"
                          "  time has \"h\"\n"
                          "  CL = 0.133 \"L/h\"  # source: Holford 1986\n"
                          "  V = 8 \"L\"; ka = 1.5 \"1/h\"  // source:  two on a line \n"
                          "  depot = 100 \"mg\"; central = 0 \"mg\"\n"
                          "  depot' = -ka*depot /* a block\n comment */\n"
                          "  central' = ka*depot - \\\n    CL/V*central\n"
                          "  cp := central/V; cp has \"mg/L\" # source: ignored? no: a definition\n"
                          "end\n");
  assert_string_equal("pk", s.model_name);
  assert_string_equal("h", s.time_unit);
  assert_int_equal(3, s.parameter_count);
  assert_int_equal(2, s.state_count);
  assert_int_equal(3, s.output_count);
  assert_string_equal("CL", s.parameter[0].name);
  assert_string_equal("L/h", s.parameter[0].unit);
  assert_string_equal("Holford 1986", s.parameter[0].source);
  assert_string_equal("two on a line", s.parameter[1].source);
  assert_string_equal("two on a line", s.parameter[2].source);
  assert_true(s.parameter[0].value == 0.133);
  assert_string_equal("depot", s.state[0].name);
  assert_true(s.state[0].value == 100 && s.state[1].value == 0);
  assert_string_equal("", s.state[0].source);
  assert_string_equal("cp", s.output[0].name);
  assert_string_equal("mg/L", s.output[0].unit);
  assert_string_equal("depot", s.output[1].name);
  assert_string_equal("central", s.output[2].name);
  const double x[] = {10, 40};
  NEAR(-15, value(&s, s.rate[0], 0, x));
  NEAR(15 - 0.133 / 8 * 40, value(&s, s.rate[1], 0, x));
  NEAR(5, value(&s, s.value[0], 0, x));
  NEAR(40, value(&s, s.value[2], 0, x));
  gm_text t;
  gm_text_init(&t, ctx);
  eq_units_missing(&s, &t);
  assert_int_equal(0, t.bytes);
  gm_text_free(&t);
  eq_source_free(&s);
}

/* Parameters come in the order of their values, states in the order of their rate rules, whatever
 * was mentioned first; names may be used before they are given. */
static void order__is_that_of_the_definitions(void **state)
{
  (void)state;
  eq_source s = read_text("y' = k2*y + k1*x\n k1 has \"1\"\n x' = -k1*x\n x = 1\n k2 = 5\n"
                          "y = 2\n k1 = 4\n");
  assert_string_equal("y", s.state[0].name);
  assert_string_equal("x", s.state[1].name);
  assert_string_equal("k2", s.parameter[0].name);
  assert_string_equal("k1", s.parameter[1].name);
  const double x[] = {2, 1};
  NEAR(5 * 2 + 4 * 1, value(&s, s.rate[0], 0, x));
  eq_source_free(&s);
}

/* A number is a parameter even when it is written as a sum; what depends on others is derived, is
 * no row, and stands in every expression in terms of the free ones. */
static void derived__are_written_out_in_free_parameters(void **state)
{
  (void)state;
  eq_source s = read_text("a = 2*3 + 1; k = a/b; b = 4; kk = k*2 + r\n r := 3*a\n"
                          "x = kk + y; y = 10; x' = -k*x; y' = time");
  assert_int_equal(2, s.parameter_count);
  assert_int_equal(2, s.derived_count);
  assert_string_equal("a", s.parameter[0].name);
  assert_string_equal("b", s.parameter[1].name);
  assert_string_equal("k", s.parameter[2].name);
  assert_string_equal("kk", s.parameter[3].name);
  assert_int_equal(IR_NONE, s.derived[0]);
  assert_int_equal(IR_NONE, s.derived[1]);
  assert_true(s.parameter[0].value == 7);
  assert_true(s.parameter[2].value == 1.75);
  assert_true(s.parameter[3].value == 24.5);
  const double x[] = {8, 0};
  NEAR(34.5, value(&s, s.initial[0], 0, x));
  assert_true(isnan(s.state[0].value)); /* not a number of its own */
  assert_true(s.state[1].value == 10);
  NEAR(-14, value(&s, s.rate[0], 0, x));
  for (int32_t i = 2; i < 4; i++) assert_false(ir_depends(&s.graph, s.rate[0], IR_PARAM, i));
  assert_true(ir_depends(&s.graph, s.rate[0], IR_PARAM, 1));
  assert_false(ir_depends(&s.graph, s.initial[0], IR_STATE, -1));
  eq_source_free(&s);
}

/* Functions of the text are written out; they may call earlier ones, over several lines. */
static void functions__of_the_text_are_written_out(void **state)
{
  (void)state;
  eq_source s = read_text("function sq(x) x*x end\n"
                          "function poly(a, b, x)\n  a*sq(x) + b\nend\n"
                          "function over(x, y)\n x > y\n end\n"
                          "function three() 3 end\n"
                          "p = 2; q = 5\n y := poly(p, q, p + 1) + three()\n"
                          "z := piecewise(1, over(p, q), 2)");
  NEAR(2 * 9 + 5 + 3, value(&s, s.value[0], 0, NULL));
  NEAR(2, value(&s, s.value[1], 0, NULL));
  eq_source_free(&s);
}

/* Rules may use each other in any order, and are gone from the result. */
static void rules__are_substituted(void **state)
{
  (void)state;
  eq_source s = read_text("u := v + 1; v := 2*x; x = 3; x' = -u\n");
  const double x[] = {10};
  NEAR(-21, value(&s, s.rate[0], 0, x));
  NEAR(21, value(&s, s.value[0], 0, x));
  eq_source_free(&s);
}

/* Outputs asked for replace the default ones and may use any name and function. */
static void outputs__are_expressions_over_the_names(void **state)
{
  (void)state;
  const gm_eq_output o[] = {{"cp", "central/V", "mg/L", "twin.yaml:4: cp"},
                            {"twice", "two(k)*central", NULL, NULL},
                            {"amount", "central", "", NULL}};
  eq_source s = read_with("function two(x) 2*x end\n V = 4 \"L\"; k = 3; central = 0 \"mg\"\n"
                          "central' = -k*central; V_unused := V # source: S\n",
                          o, 3);
  const double x[] = {20};
  assert_int_equal(3, s.output_count);
  NEAR(5, value(&s, s.value[0], 0, x));
  NEAR(120, value(&s, s.value[1], 0, x));
  assert_string_equal("mg/L", s.output[0].unit);
  assert_string_equal("", s.output[1].unit);
  assert_string_equal("mg", s.output[2].unit);
  eq_source_free(&s);
}

/* What Antimony allows around a model is taken: declarations, display names, byte order mark,
 * Windows line ends, `module`, an interface, no model at all. */
static void antimony__forms_are_taken(void **state)
{
  (void)state;
  eq_source s = read_text("\xEF\xBB\xBFmodule m(k, x)\r\n"
                          "  const k = 2, q; var species x, z has \"mg\"\r\n"
                          "  compartment V = 3; formula f; f = 1; species w = 4\r\n"
                          "  x is \"Warfarin \xC2\xB5g\"; q = 1\r\n"
                          "  x' = -k*x; x = 1; z = 1 \"mg\"; z' = 0\r\n"
                          "end\r\n m is \"shown\"\r\n");
  assert_string_equal("m", s.model_name);
  assert_int_equal(5, s.parameter_count);
  assert_string_equal("k", s.parameter[0].name);
  assert_string_equal("V", s.parameter[1].name);
  assert_string_equal("w", s.parameter[3].name);
  assert_string_equal("mg", s.state[1].unit);
  eq_source_free(&s);
  s = read_text("x = 1; x' = 0");
  assert_string_equal("model", s.model_name);
  assert_string_equal("", s.time_unit);
  eq_source_free(&s);
}

/* A sum of many terms is no deep tree: reading it takes no more stack than a short one. */
static void sums__may_be_long(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "a = 1\ny := a");
  for (int i = 1; i < 200000; i++) gm_text_add(&t, "+a");
  eq_source s = read_text(t.data);
  double *scratch = gm_alloc(ctx, s.graph.count, sizeof *scratch);
  const double theta[] = {1};
  assert_non_null(scratch);
  assert_true(ir_eval(&s.graph, s.value[0], 0, NULL, theta, scratch) == 200000);
  gm_free(scratch);
  gm_text_free(&t);
  eq_source_free(&s);
}

/* A chain of rules as long as the table of names allows is put in order without recursion. */
static void rules__may_chain_for_long(void **state)
{
  (void)state;
  enum { COUNT = 30000 };
  gm_text t;
  gm_text_init(&t, ctx);
  for (int i = 0; i < COUNT; i++) gm_text_addf(&t, "r%d := r%d + 1\n", i, i + 1);
  gm_text_addf(&t, "r%d = 5\n", (int)COUNT);
  eq_source s = read_text(t.data);
  double *scratch = gm_alloc(ctx, s.graph.count, sizeof *scratch);
  const double theta[] = {5};
  assert_non_null(scratch);
  assert_true(ir_eval(&s.graph, s.value[0], 0, NULL, theta, scratch) == COUNT + 5);
  gm_free(scratch);
  gm_text_free(&t);
  eq_source_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operators__bind_as_in_antimony),
      cmocka_unit_test(numbers__are_read_in_every_form),
      cmocka_unit_test(functions__have_their_values),
      cmocka_unit_test(piecewise__takes_the_first_that_holds),
      cmocka_unit_test(model__gives_its_tables),
      cmocka_unit_test(order__is_that_of_the_definitions),
      cmocka_unit_test(derived__are_written_out_in_free_parameters),
      cmocka_unit_test(functions__of_the_text_are_written_out),
      cmocka_unit_test(rules__are_substituted),
      cmocka_unit_test(outputs__are_expressions_over_the_names),
      cmocka_unit_test(antimony__forms_are_taken),
      cmocka_unit_test(sums__may_be_long),
      cmocka_unit_test(rules__may_chain_for_long),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
