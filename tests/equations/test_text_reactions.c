/* test_text_reactions.c - reactions, species and compartments of a model text; slopes by hand.
 * label: quick */
#include "equations/text_case.h"

/* A species moves by its stoichiometry times the rate, once for each place it stands in; reactions
 * have names of their own or none, and irreversible ones are written alike. */
static void reactions__move_species_by_their_numbers(void **state)
{
  (void)state;
  eq_source s = read_model("J0: 2 A + B -> 3 C; k*A*B\n"
                           "C => ; kd*C\n"
                           "-> A; 0.25\n"
                           "A + C -> A; 7\n"
                           "k = 2; kd = 0.5; A = 3; B = 5; C = 4");
  assert_int_equal(3, s.state_count);
  assert_string_equal("A", s.state[0].name);
  assert_string_equal("C", s.state[2].name);
  NEAR(-2 * 30 + 0.25, slope(&s, "A"));
  NEAR(-30, slope(&s, "B"));
  NEAR(3 * 30 - 2 - 7, slope(&s, "C"));
  assert_int_equal(4, s.channel_count);
  assert_string_equal("J0", s.channel[0].name);
  assert_true(s.channel[0].reversible);
  assert_false(s.channel[1].reversible);
  eq_source_free(&s);
}

/* The symbol of a species is its concentration, the rate is an amount per time, the state an
 * amount: in compartments of different size the concentrations move by different steps. */
static void compartments__turn_amounts_into_concentrations(void **state)
{
  (void)state;
  eq_source s = read_model("compartment big = 10, small = 2\n"
                           "species A in big, B in small\n"
                           "A -> B; k*A*big\n"
                           "A = 3; B = 1; k = 0.1; ratio := A/B");
  NEAR(30, work_out(&s, s.initial[state_named(&s, "A")], 0, NULL));
  NEAR(2, work_out(&s, s.initial[state_named(&s, "B")], 0, NULL));
  NEAR(-3, slope(&s, "A"));
  NEAR(3, slope(&s, "B"));
  NEAR(3, output(&s, "A"));
  NEAR(1, output(&s, "B"));
  const double later[] = {20, 12};
  NEAR(2.0 / 6, work_out(&s, s.value[0], 0, later));
  eq_source_free(&s);
}

/* substanceOnly: the name means the amount, and so does the value at the start. */
static void substance_only__means_the_amount(void **state)
{
  (void)state;
  eq_source s = read_model("compartment V = 4\n"
                           "substanceOnly species A in V; species B in V\n"
                           "A -> B; k*A; A = 8; B = 8; k = 0.5");
  NEAR(8, work_out(&s, s.initial[state_named(&s, "A")], 0, NULL));
  NEAR(32, work_out(&s, s.initial[state_named(&s, "B")], 0, NULL));
  NEAR(-4, slope(&s, "A"));
  NEAR(4, slope(&s, "B"));
  eq_source_free(&s);
}

/* No reaction moves a species marked $, one that is const, or one with a rule of its own. */
static void boundary__species_are_not_moved(void **state)
{
  (void)state;
  eq_source s = read_model("$A -> B; k; const D; B -> D; 2*k; B -> R; 3*k; B -> Q; 5*k\n"
                           "species $E; E = 2; -> E; 9\n"
                           "R := 7*B; Q' = -1; k = 1; A = 1; B = 1; D = 1; Q = 4");
  assert_int_equal(2, s.state_count);
  NEAR(1 - 2 - 3 - 5, slope(&s, "B"));
  NEAR(-1, slope(&s, "Q"));
  assert_true(named(s.parameter, s.parameter_count, "A") >= 0);
  assert_true(named(s.parameter, s.parameter_count, "D") >= 0);
  assert_true(named(s.parameter, s.parameter_count, "E") >= 0);
  NEAR(7, output(&s, "R"));
  eq_source_free(&s);
}

/* A stoichiometry may be a name; the rate may stand apart; a reaction's name is its rate. */
static void names__for_numbers_and_rates(void **state)
{
  (void)state;
  eq_source s = read_model("J1: n A -> m B\n J1 = k*A\n twice := 2*J1 + 0*B\n"
                           "n = 2.5; m := 3 + time; k = 4; A = 10; B = 0");
  const double x[] = {10, 0};
  NEAR(-2.5 * 40, slope(&s, "A"));
  NEAR(3 * 40, slope(&s, "B"));
  NEAR(5 * 40, work_out(&s, s.rate[state_named(&s, "B")], 2, x));
  NEAR(80, output(&s, "twice"));
  eq_source_free(&s);
}

/* Where a species is: what is said of it; else the last reaction with `in`. */
static void in__follows_reactions_unless_said(void **state)
{
  (void)state;
  eq_source s = read_model("compartment a = 2, b = 5, c = 7; S in c\n"
                           "J in a: S -> P; 1\n P -> Q; 1 in b\n"
                           "S = 1; P = 1; Q = 1");
  NEAR(7, work_out(&s, s.initial[state_named(&s, "S")], 0, NULL));
  NEAR(5, work_out(&s, s.initial[state_named(&s, "P")], 0, NULL));
  NEAR(5, work_out(&s, s.initial[state_named(&s, "Q")], 0, NULL));
  eq_source_free(&s);
  s = read_model("S1 in V = 5; V = 3; S1 -> ; S1");
  NEAR(15, work_out(&s, s.initial[0], 0, NULL));
  eq_source_free(&s);
}

/* Units of states are those of amounts, units of outputs those of what the names mean. A species
 * said to be in mmol (as Antimony has it) or in mmol/L is the same species in a compartment. */
static void units__of_amounts_and_concentrations(void **state)
{
  (void)state;
  static const char *const said[] = {"S has \"mmol\"", "S has \"mmol/L\""};
  for (size_t i = 0; i < 2; i++) {
    char text[400];
    snprintf(text, sizeof text,
             "time has \"h\"; compartment V = 2 \"L\"; S in V; %s; S = 3; S -> ; k*S*V\n"
             "k = 0.1 \"1/h\"; y := S + 1 \"mmol/L\"; y has \"mmol/L\"",
             said[i]);
    eq_source s = read_model(text);
    assert_string_equal("mmol", s.state[0].unit);
    assert_string_equal("mmol/L", s.output[1].unit);
    assert_string_equal("", s.no_unit ? s.no_unit : "");
    eq_source_free(&s);
  }
}

/* The rate of a reaction is an amount per time; what does not fit is refused with both units. */
static void units__of_rates_are_checked(void **state)
{
  (void)state;
#define HEAD "time has \"h\"; compartment V = 2 \"L\"; species S in V; k = 1 \"1/h\"\n"
  const wrong w[] = {
      {HEAD "S = 3 \"mmol/L\"; J: S -> ; k*S",
       "m:2:27: the amount of S per time is in mmol/h, but the rate of J is in mmol/h/L", GM_EUNIT},
      {HEAD "S = 3 \"mmol/L\"; J: S -> ; S*V",
       "m:2:27: the amount of S per time is in mmol/h, but the rate of J is in mmol", GM_EUNIT},
      {HEAD "S = 3 \"mmol/L\"; J: S -> ; k*S*V; J has \"mg/h\"",
       "m:2:27: J is in mg/h, but its rate law", GM_EUNIT},
      {HEAD "S = 3 \"mmol/L\"; n = 2 \"mg/mmol\"; J: n S -> ; k*S*V",
       "m:2:46: the amount of S per time is in mmol/h", GM_EUNIT},
      {HEAD "S = 3 \"mmol\"; J: S -> ; k*S*V", "m:2:5: S is in mmol/L, but its value is in mmol",
       GM_EUNIT},
      {"time has \"h\"; A = 1 \"mg\"; B = 1 \"mmol\"; J: A -> B; 2 \"mg/h\"",
       "m:1:52: the amount of B per time is in mmol/h, but the rate of J is in mg/h", GM_EUNIT},
  };
  CHECK(w);
  eq_source s =
      read_model(HEAD "S = 3 \"mmol/L\"; n = 2 \"mmol/mg\"; J: n S -> ; k*1 \"mg\"; const q\n"
                      "$X -> S; k*S*V; X = 1 \"kg\"; q = 2");
  NEAR(-2 + 6, slope(&s, "S"));
  eq_source_free(&s);
}

/* Algebraic equations: one that is linear in what no other statement determines gives its value. */
static void equations__determine_what_nothing_else_does(void **state)
{
  (void)state;
  eq_source s = read_model("total: 0 = A + B - T; const T; T = 10; A' = -0.5*A; A = 4");
  assert_int_equal(1, s.state_count);
  NEAR(6, output(&s, "B"));
  eq_source_free(&s);
  s = read_model("alg1: 0 = x - 2*y\nx = ;\nvar x; const y = 3");
  NEAR(6, output(&s, "x"));
  eq_source_free(&s);
  s = read_model("0 = 2*x - 3*y; const y = 4; species x");
  NEAR(6, output(&s, "x"));
  eq_source_free(&s);
}

/* delay() and rateOf() reach the equations; a slope of a concentration is one. */
static void delays__and_slopes(void **state)
{
  (void)state;
  eq_source s =
      read_model("compartment V = 4; S in V; S -> ; k*S*V; S = 3; k = 0.5\n"
                 "x' = delay(x, tau) - x; x = 2; tau = 1.5; v := rateOf(S); w := rateOf(x)");
  NEAR(-1.5, output(&s, "v"));
  assert_int_equal(1, s.delay_count);
  NEAR(1.5, work_out(&s, s.delay[0].lag, 0, NULL));
  NEAR(2, work_out(&s, s.delay[0].what, 0, NULL));
  eq_source_free(&s);
}

/* Functions of MathML that are not in every programming language. */
static void functions__of_mathml(void **state)
{
  (void)state;
  eq_source s =
      read_model("a = 2; n = -7\n"
                 "f1 := factorial(a + 2); f2 := rem(n, 3); f3 := quotient(n, 3); f4 := n % 3\n"
                 "f5 := arcsinh(a); f6 := arccosh(a); f7 := arctanh(1/a); f8 := sec(a)\n"
                 "f9 := csc(a); g1 := cot(a); g2 := sech(a); g3 := csch(a); g4 := coth(a)\n"
                 "g5 := arccot(a); g6 := arcsec(a); g7 := arccsc(a); g8 := arccoth(a)\n"
                 "g9 := piecewise(1, xor(a > 1, a > 3), 0)\n"
                 "h1 := piecewise(1, implies(a > 1, a > 3), 0); h2 := 7.5 % 2");
  NEAR(24, output(&s, "f1"));
  NEAR(-1, output(&s, "f2"));
  NEAR(-2, output(&s, "f3"));
  NEAR(-1, output(&s, "f4"));
  NEAR(asinh(2), output(&s, "f5"));
  NEAR(acosh(2), output(&s, "f6"));
  NEAR(atanh(0.5), output(&s, "f7"));
  NEAR(1 / cos(2), output(&s, "f8"));
  NEAR(1 / sin(2), output(&s, "f9"));
  NEAR(1 / tan(2), output(&s, "g1"));
  NEAR(1 / cosh(2), output(&s, "g2"));
  NEAR(1 / sinh(2), output(&s, "g3"));
  NEAR(1 / tanh(2), output(&s, "g4"));
  NEAR(atan(0.5), output(&s, "g5"));
  NEAR(acos(0.5), output(&s, "g6"));
  NEAR(asin(0.5), output(&s, "g7"));
  NEAR(atanh(0.5), output(&s, "g8"));
  NEAR(1, output(&s, "g9"));
  NEAR(0, output(&s, "h1"));
  NEAR(1.5, output(&s, "h2"));
  eq_source_free(&s);
}

/* Outputs may ask for the other of amount and concentration, and for slopes. */
static void outputs__of_amounts_and_concentrations(void **state)
{
  (void)state;
  const gm_eq_output o[] = {{"a", "amount(S)", "mmol", NULL},
                            {"c", "concentration(S)", "mmol/L", NULL},
                            {"d", "concentration(T)", NULL, NULL},
                            {"e", "rateOf(S)", NULL, NULL}};
  gm_eq_config c = {
      .text = "time has \"h\"; compartment V = 4 \"L\"; S in V; substanceOnly species T in V\n"
              "S = 3 \"mmol/L\"; T = 8; S -> T; k*S*V; k = 0.5 \"1/h\"",
      .output = o,
      .output_count = 4};
  eq_source s;
  if (eq_source_read(ctx, &c, &s)) fail_msg("%s", gm_message(ctx));
  NEAR(12, output(&s, "a"));
  NEAR(3, output(&s, "c"));
  NEAR(2, output(&s, "d"));
  NEAR(-1.5, output(&s, "e"));
  eq_source_free(&s);
  const gm_eq_output bad = {"a", "amount(k)", NULL, "t:1"};
  c.output = &bad;
  c.output_count = 1;
  assert_int_equal(GM_EPARSE, eq_source_read(ctx, &c, &s));
  assert_string_equal("t:1: column 1: amount() takes the name of a species", gm_message(ctx));
}

/* Errors about reactions have a place and say what to do. */
static void errors__have_a_place(void **state)
{
  (void)state;
  const wrong w[] = {
      {"A -> B; k*A; A = 1; k = 1", "m:1:6: species B has no initial value: write B = ...",
       GM_EPARSE},
      {"A -> B; A = 1", "m:1:11: found \"=\", expected an operator, or the end", GM_EPARSE},
      {"J: A -> B;\nA = 1; B = 1", "m:1:1: J has no rate: write A -> B; rate", GM_EPARSE},
      {"A -> B\nA = 1; B = 1", "m:1:1: _J0 has no rate", GM_EPARSE},
      {"J: A -> B; 1; J: B -> A; 1; A = 1; B = 1", "m:1:15: J is a reaction already, in line 1",
       GM_EPARSE},
      {"J: A -> B; 1\nJ = 2; A = 1; B = 1", "m:2:1: J has a value already, in line 1", GM_EPARSE},
      {"A: A -> B; 1; A = 1; B = 1", "m:1:4: A is a reaction and cannot be a species", GM_EPARSE},
      {"compartment V = 1; V -> B; 1", "m:1:20: V is a compartment and cannot be a species",
       GM_EPARSE},
      {"reaction J; x = 1; x' = J", "m:1:10: J is a reaction without A -> B", GM_EPARSE},
      {"J: A -> ; 1; A = 1; J' = 2", "m:1:21: J is a reaction: its rate is given by =", GM_EPARSE},
      {"A + -> B; 1", "m:1:5: found \"->\", expected the name of a species", GM_EPARSE},
      {"A + 2 -> B; 1", "m:1:7: found \"->\", expected the name of a species", GM_EPARSE},
      {"A B C -> D; 1", "m:1:5: found \"C\", expected +, -> or =>", GM_EPARSE},
      {"A -> B C D; 1", "m:1:10: found \"D\", expected +, or ; and the rate", GM_EPARSE},
      {"A -> B; 1 < 2; A = 1; B = 1", "m:1:9: a condition stands where a number", GM_EPARSE},
      {"S in V; S = 1; S' = 0", "m:1:6: V is never given a value", GM_EPARSE},
      {"y := rateOf(2*x); x = 1", "m:1:6: rateOf() takes the name of a quantity", GM_EPARSE},
      {"x = ; y := 2*x", "m:1:14: x is never given a value", GM_EPARSE},
      {"1e999 A -> ; 1", "m:1:1: number 1e999 is too large", GM_ERANGE},
  };
  CHECK(w);
}

/* Numbers far out are numbers: nothing is refused, and nothing overflows on the way. */
static void numbers__may_be_huge(void **state)
{
  (void)state;
  eq_source s = read_model("1e300 A -> ; k*A; k = 1e-300; A = 5");
  NEAR(-5, slope(&s, "A"));
  eq_source_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reactions__move_species_by_their_numbers),
      cmocka_unit_test(compartments__turn_amounts_into_concentrations),
      cmocka_unit_test(substance_only__means_the_amount),
      cmocka_unit_test(boundary__species_are_not_moved),
      cmocka_unit_test(names__for_numbers_and_rates),
      cmocka_unit_test(in__follows_reactions_unless_said),
      cmocka_unit_test(units__of_amounts_and_concentrations),
      cmocka_unit_test(units__of_rates_are_checked),
      cmocka_unit_test(equations__determine_what_nothing_else_does),
      cmocka_unit_test(delays__and_slopes),
      cmocka_unit_test(functions__of_mathml),
      cmocka_unit_test(outputs__of_amounts_and_concentrations),
      cmocka_unit_test(errors__have_a_place),
      cmocka_unit_test(numbers__may_be_huge),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
