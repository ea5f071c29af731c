/* test_sbml_math.c - MathML to expressions: every function against libm or by hand.
 * label: quick */
#include "sbml_case.h"

/* A rule a := formula in a model where x = 0.7, y = 2.5, n = 4, and f and g are functions. */
/* clang-format off */
static const char head[] =
    SBML_L3 "<model id=\"m\">\n<listOfFunctionDefinitions>"
    "<functionDefinition id=\"f\">" SBML_MATHML "<lambda><bvar><ci> x </ci></bvar>"
    "<bvar><ci> k </ci></bvar><apply><minus/><ci> x </ci><ci> k </ci></apply></lambda>"
    "</math></functionDefinition>"
    "<functionDefinition id=\"g\">" SBML_MATHML "<lambda><bvar><ci> k </ci></bvar>"
    "<apply><times/><cn> 2 </cn><apply><ci> f </ci><ci> k </ci><cn> 1 </cn></apply>"
    "</apply></lambda></math></functionDefinition>"
    "</listOfFunctionDefinitions><listOfParameters>"
    "<parameter id=\"a\" constant=\"false\"/>"
    "<parameter id=\"x\" value=\"0.7\" constant=\"true\"/>"
    "<parameter id=\"y\" value=\"2.5\" constant=\"true\"/>"
    "<parameter id=\"n\" value=\"4\" constant=\"true\"/>"
    "</listOfParameters><listOfRules><assignmentRule variable=\"a\">" SBML_MATHML;
/* clang-format on */
static const char tail[] = "</math></assignmentRule></listOfRules></model>" SBML_END;

static double formula(const char *mathml, double t)
{
  sbml_case c;
  char *text = malloc(sizeof head + sizeof tail + strlen(mathml));
  assert_non_null(text);
  sprintf(text, "%s%s%s", head, mathml, tail);
  case_read(&c, text);
  double v = case_value_at(&c, case_symbol(&c, "a")->rule, t, 0.5);
  case_free(&c);
  free(text);
  return v;
}

#define X      "<ci> x </ci>"
#define Y      "<ci> y </ci>"
#define N      "<ci> n </ci>"
#define CN(v)  "<cn> " v " </cn>"
#define AP(op) "<apply><" op "/>"
#define END    "</apply>"

typedef struct {
  const char *mathml;
  double want;
} known;

static void check(const known *k, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    double got = formula(k[i].mathml, 0);
    bool same = (isnan(k[i].want) && isnan(got)) || k[i].want == got ||
                fabs(k[i].want - got) <= 1e-14 * fabs(k[i].want);
    if (!same) fail_msg("%s: %.17g was expected, not %.17g", k[i].mathml, k[i].want, got);
  }
}
#define CHECK(k) check(k, sizeof(k) / sizeof(k)[0])

/* Numbers of every kind of <cn>, constants and csymbols have the values of SBML L3V2, 3.4. */
static void math__leaves_have_their_values(void **state)
{
  (void)state;
  const known k[] = {
      {"<cn type=\"integer\"> -7 </cn>", -7},
      {"<cn type=\"rational\"> 22 <sep/> 7 </cn>", 22.0 / 7},
      {"<cn type=\"e-notation\"> 12.5 <sep/> -3 </cn>", 0.0125},
      {"<exponentiale/>", exp(1)},
      {"<pi/>", acos(-1)},
      {"<true/>", 1},
      {"<false/>", 0},
      {"<infinity/>", INFINITY},
      {"<notanumber/>", NAN},
      {AP("minus") "<infinity/>" END, -INFINITY},
      {"<csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/avogadro\">"
       " N </csymbol>",
       6.02214179e23},
  };
  CHECK(k);
  case_close(3.25,
             formula("<csymbol encoding=\"text\" "
                     "definitionURL=\"http://www.sbml.org/sbml/symbols/time\"> t </csymbol>",
                     3.25),
             0);
}

/* Functions of one number are those of libm, or follow from them by their definitions. */
static void math__functions_of_one(void **state)
{
  (void)state;
  const double x = 0.7, y = 2.5;
  const known k[] = {
      {AP("abs") AP("minus") X END END, x},
      {AP("floor") AP("minus") Y END END, -3},
      {AP("ceiling") Y END, 3},
      {AP("exp") X END, exp(x)},
      {AP("ln") X END, log(x)},
      {AP("log") X END, log10(x)},
      {AP("root") X END, sqrt(x)},
      {AP("factorial") N END, 24},
      {AP("not") X END, 0},
      {AP("sin") X END, sin(x)},
      {AP("cos") X END, cos(x)},
      {AP("tan") X END, tan(x)},
      {AP("sec") X END, 1 / cos(x)},
      {AP("csc") X END, 1 / sin(x)},
      {AP("cot") X END, 1 / tan(x)},
      {AP("sinh") X END, sinh(x)},
      {AP("cosh") X END, cosh(x)},
      {AP("tanh") X END, tanh(x)},
      {AP("sech") X END, 1 / cosh(x)},
      {AP("csch") X END, 1 / sinh(x)},
      {AP("coth") X END, 1 / tanh(x)},
      {AP("arcsin") X END, asin(x)},
      {AP("arccos") X END, acos(x)},
      {AP("arctan") X END, atan(x)},
      {AP("arcsec") Y END, acos(1 / y)},
      {AP("arccsc") Y END, asin(1 / y)},
      {AP("arccot") Y END, atan(1 / y)},
      {AP("arccot") CN("0") END, asin(1)},
      {AP("arcsinh") X END, asinh(x)},
      {AP("arccosh") Y END, acosh(y)},
      {AP("arctanh") X END, atanh(x)},
      {AP("arcsech") X END, acosh(1 / x)},
      {AP("arccsch") X END, asinh(1 / x)},
      {AP("arccoth") Y END, atanh(1 / y)},
  };
  CHECK(k);
}

/* Functions of two numbers, with the degree of a root and the base of a logarithm. */
static void math__functions_of_two(void **state)
{
  (void)state;
  const known k[] = {
      {AP("minus") X Y END, 0.7 - 2.5},
      {AP("divide") X Y END, 0.7 / 2.5},
      {AP("power") Y X END, pow(2.5, 0.7)},
      {AP("root") "<degree>" N "</degree>" Y END, pow(2.5, 0.25)},
      {AP("root") "<degree>" CN("3") "</degree>" CN("-8") END, -2},
      {AP("log") "<logbase>" CN("2") "</logbase>" CN("32") END, 5},
      {AP("quotient") CN("-7") CN("2") END, -3},
      {AP("rem") CN("-7") CN("2") END, -1},
      {AP("rem") CN("7.5") CN("-2") END, 1.5},
      {AP("implies") "<true/><false/>" END, 0},
      {AP("implies") "<false/><false/>" END, 1},
      {AP("neq") X Y END, 1},
  };
  CHECK(k);
}

/* Operators over no, one and many operands (SBML L3V2, 3.4.8 and table 6). */
static void math__any_number_of_operands(void **state)
{
  (void)state;
  const known k[] = {
      {AP("plus") END, 0},
      {AP("times") END, 1},
      {AP("and") END, 1},
      {AP("or") END, 0},
      {AP("xor") END, 0},
      {AP("plus") Y END, 2.5},
      {AP("times") Y END, 2.5},
      {AP("and") Y END, 1},
      {AP("eq") X END, 1},
      {AP("plus") CN("1") CN("2") CN("3") CN("4") CN("5") END, 15},
      {AP("times") CN("1") CN("2") CN("3") CN("4") CN("5") END, 120},
      {AP("minus") Y END, -2.5},
      {AP("lt") CN("1") CN("2") CN("3") END, 1},
      {AP("lt") CN("1") CN("3") CN("2") END, 0},
      {AP("leq") CN("1") CN("1") CN("2") END, 1},
      {AP("gt") CN("3") CN("2") CN("1") END, 1},
      {AP("gt") CN("3") CN("1") CN("2") END, 0},
      {AP("geq") CN("3") CN("3") CN("4") END, 0},
      {AP("eq") N CN("4") CN("4") END, 1},
      {AP("xor") "<true/><true/><true/>" END, 1},
      {AP("xor") "<true/><true/><false/>" END, 0},
      {AP("max") X Y N END, 4},
      {AP("min") X Y N END, 0.7},
      {AP("max") X END, 0.7},
  };
  CHECK(k);
}

/* Numbers serve as logical values and the other way round: 0 is false, all else is true. */
static void math__numbers_and_logical_values_mix(void **state)
{
  (void)state;
  const known k[] = {
      {AP("plus") "<true/><true/>" Y END, 4.5},
      {AP("times") AP("lt") X Y END Y END, 2.5},
      {AP("and") Y CN("-1") END, 1},
      {AP("and") Y CN("0") END, 0},
      {AP("xor") Y CN("3") END, 0},
      {AP("or") CN("0") CN("0.5") END, 1},
      {AP("eq") "<true/>" CN("1") END, 1},
      {"<piecewise><piece>" CN("5") Y "</piece><otherwise>" CN("6") "</otherwise></piecewise>", 5},
  };
  CHECK(k);
}

/* The first piece whose condition holds; none and no otherwise: undefined. */
static void math__piecewise(void **state)
{
  (void)state;
  const known k[] = {
      {"<piecewise><piece>" CN("1") AP("gt") X Y END "</piece><piece>" CN("2") AP("lt") X Y END
       "</piece><piece>" CN("3") "<true/></piece><otherwise>" CN("4") "</otherwise></piecewise>",
       2},
      {"<piecewise><piece>" CN("1") AP("gt") X Y END "</piece></piecewise>", NAN},
      {"<piecewise><otherwise>" CN("8") "</otherwise></piecewise>", 8},
      {"<piecewise/>", NAN},
  };
  CHECK(k);
}

/* A function's arguments hide the model's names, also through nested calls. */
static void math__functions_are_unfolded(void **state)
{
  (void)state;
  const known k[] = {
      {"<apply><ci> f </ci>" Y X END, 2.5 - 0.7},
      {"<apply><ci> g </ci>" N END, 6},
      {"<apply><ci> g </ci><apply><ci> g </ci>" N END END, 10},
  };
  CHECK(k);
}

/* A sum of 15,000 terms, which libsbml holds nested 15,000 deep, is read; the terms keep their
 * order: 1 + 2^-53 + 2^-53 + ... is 1 when added from the left. */
static void math__long_sums_keep_their_order(void **state)
{
  (void)state;
  enum { TERMS = 15000 };
  static const char term[] = "<cn type=\"e-notation\"> 1.1102230246251565 <sep/> -16 </cn>";
  char *text = malloc((size_t)TERMS * sizeof term + 100);
  assert_non_null(text);
  char *p = text + sprintf(text, AP("plus") CN("1"));
  for (int i = 0; i < TERMS; i++) p += sprintf(p, "%s", term);
  sprintf(p, END);
  case_close(1, formula(text, 0), 0);
  free(text);
}

/* delay() and rateOf() become what net.h says. */
static void math__delay_and_rate_of(void **state)
{
  (void)state;
  sbml_case c;
  char text[4000];
  snprintf(text, sizeof text, "%s%s%s", head,
           AP("plus") "<apply><csymbol encoding=\"text\" "
                      "definitionURL=\"http://www.sbml.org/sbml/symbols/delay\"> d </csymbol>" AP(
                          "times") CN("2") Y END X END
           "<apply><csymbol encoding=\"text\" "
           "definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\"> r </csymbol>" Y END END,
           tail);
  case_read(&c, text);
  assert_int_equal(1, c.net.delay_count);
  case_close(5, case_value(&c, c.net.delay[0].what), 0);
  case_close(0.7, case_value(&c, c.net.delay[0].lag), 0);
  ir_ref rule = case_symbol(&c, "a")->rule;
  assert_true(ir_depends(&c.net.graph, rule, IR_DELAYED, 0));
  assert_true(ir_depends(&c.net.graph, rule, IR_RATE_OF, -1));
  case_free(&c);
}

/* What a formula does wrong is told with its place. */
static void math__wrong_formulas_are_told(void **state)
{
  (void)state;
  static const struct {
    const char *mathml, *part;
  } k[] = {
      {"<ci> z </ci>", "case.xml:4: the assignment rule of a: nothing is called \"z\""},
      {"<apply><ci> h </ci>" X END, "there is no function \"h\""},
      {"<apply><ci> f </ci>" X END, "the function f has 2 arguments and is given 1"},
      {AP("max") END, "max of nothing"},
  };
  for (size_t i = 0; i < sizeof k / sizeof k[0]; i++) {
    char text[4000];
    snprintf(text, sizeof text, "%s%s%s", head, k[i].mathml, tail);
    case_refused(text, GM_EPARSE, k[i].part);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(math__leaves_have_their_values),
      cmocka_unit_test(math__functions_of_one),
      cmocka_unit_test(math__functions_of_two),
      cmocka_unit_test(math__any_number_of_operands),
      cmocka_unit_test(math__numbers_and_logical_values_mix),
      cmocka_unit_test(math__piecewise),
      cmocka_unit_test(math__functions_are_unfolded),
      cmocka_unit_test(math__long_sums_keep_their_order),
      cmocka_unit_test(math__delay_and_rate_of),
      cmocka_unit_test(math__wrong_formulas_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
