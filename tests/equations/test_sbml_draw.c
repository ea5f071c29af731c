/* test_sbml_draw.c - draws of the package distrib: each is the number whose distribution function,
 * written here from the law's textbook form, is the uniform number it was made of.
 * label: quick */
#include "sbml_case.h"

static const char head[] = SBML_L3_WITH(
    "distrib", "true") "<model id=\"m\"><listOfParameters><parameter id=\"x\" constant=\"false\"/>"
                       "<parameter id=\"p\" value=\"0.5\" constant=\"false\"/>"
                       "<parameter id=\"q\" value=\"3\" constant=\"false\"/></listOfParameters>";
#define DRAW(name, arguments)                                                                      \
  "<apply><csymbol encoding=\"text\" definitionURL="                                               \
  "\"http://www.sbml.org/sbml/symbols/distrib/" name "\"> any </csymbol>" arguments "</apply>"
#define CN(v)     "<cn> " v " </cn>"
#define CI(id)    "<ci> " id " </ci>"
#define INF       "<infinity/>"
#define MINUS_INF "<apply><minus/><infinity/></apply>"

static void model_text(char *text, size_t room, const char *mathml)
{
  snprintf(text, room,
           "%s<listOfInitialAssignments><initialAssignment symbol=\"x\">" SBML_MATHML
           "%s</math></initialAssignment></listOfInitialAssignments></model>" SBML_END,
           head, mathml);
}

static double draw(const char *mathml, double u)
{
  sbml_case c;
  char text[4000];
  model_text(text, sizeof text, mathml);
  case_read(&c, text);
  assert_int_equal(1, c.net.uniform_count);
  double v = case_value_at(&c, case_symbol(&c, "x")->initial, 0, u);
  case_free(&c);
  return v;
}

/* ---- distribution functions ------------------------------------------------------------------ */
static double normal(double x) { return 0.5 * erfc(-x / sqrt(2)); }
static double normal_1_2(double x) { return normal((x - 1) / 2); }
static double lognormal_p_q(double x) { return x <= 0 ? 0 : normal((log(x) - 0.5) / 3); }
static double uniform_p_q(double x) { return (x - 0.5) / 2.5; }
static double exponential_3(double x) { return x <= 0 ? 0 : -expm1(-3 * x); }
static double rayleigh_3(double x) { return x <= 0 ? 0 : -expm1(-x * x / 18); }
static double cauchy_1_2(double x) { return 0.5 + atan((x - 1) / 2) / acos(-1); }
static double cauchy_3(double x) { return 0.5 + atan(x / 3) / acos(-1); }
static double laplace_z(double z) { return z < 0 ? 0.5 * exp(z) : 1 - 0.5 * exp(-z); }
static double laplace_1_2(double x) { return laplace_z((x - 1) / 2); }
static double laplace_3(double x) { return laplace_z(x / 3); }
static double gamma_2_3(double x) { return x <= 0 ? 0 : 1 - exp(-x / 3) * (1 + x / 3); }
static double chisquare_4(double x) { return x <= 0 ? 0 : 1 - exp(-x / 2) * (1 + x / 2); }

typedef struct {
  const char *mathml;
  double (*cdf)(double x);
  double low, high; /* of the range, infinite where it is not cut */
} law;

static const law laws[] = {
    {DRAW("normal", CN("1") CN("2")), normal_1_2, -INFINITY, INFINITY},
    {DRAW("normal", CN("1") CN("2") CN("-1") CN("4")), normal_1_2, -1, 4},
    {DRAW("normal", CN("1") CN("2") CN("9") CN("12")), normal_1_2, 9, 12},
    {DRAW("normal", CN("1") CN("2") CN("-20") CN("-10")), normal_1_2, -20, -10},
    {DRAW("normal", CN("1") CN("2") MINUS_INF CI("p")), normal_1_2, -INFINITY, 0.5},
    {DRAW("normal", CN("1") CN("2") CI("q") INF), normal_1_2, 3, INFINITY},
    {DRAW("lognormal", CI("p") CI("q")), lognormal_p_q, -INFINITY, INFINITY},
    {DRAW("lognormal", CI("p") CI("q") CN("0.2") CN("7")), lognormal_p_q, 0.2, 7},
    {DRAW("lognormal", CI("p") CI("q") CN("-1") CN("7")), lognormal_p_q, 0, 7},
    {DRAW("uniform", CI("p") CI("q")), uniform_p_q, -INFINITY, INFINITY},
    {DRAW("exponential", CI("q")), exponential_3, -INFINITY, INFINITY},
    {DRAW("exponential", CI("q") CI("p") CN("2")), exponential_3, 0.5, 2},
    {DRAW("exponential", CI("q") CN("0.25") INF), exponential_3, 0.25, INFINITY},
    {DRAW("exponential", CI("q") MINUS_INF CN("0.75")), exponential_3, 0, 0.75},
    {DRAW("rayleigh", CI("q")), rayleigh_3, -INFINITY, INFINITY},
    {DRAW("rayleigh", CI("q") CI("p") CN("4")), rayleigh_3, 0.5, 4},
    {DRAW("cauchy", CN("1") CN("2")), cauchy_1_2, -INFINITY, INFINITY},
    {DRAW("cauchy", CI("q")), cauchy_3, -INFINITY, INFINITY},
    {DRAW("cauchy", CN("1") CN("2") CI("p") CN("9")), cauchy_1_2, 0.5, 9},
    {DRAW("laplace", CN("1") CN("2")), laplace_1_2, -INFINITY, INFINITY},
    {DRAW("laplace", CI("q")), laplace_3, -INFINITY, INFINITY},
    {DRAW("laplace", CN("1") CN("2") CI("p") CI("q")), laplace_1_2, 0.5, 3},
    {DRAW("laplace", CN("1") CN("2") CN("2") CN("10")), laplace_1_2, 2, 10},
    {DRAW("gamma", CN("2") CI("q")), gamma_2_3, -INFINITY, INFINITY},
    {DRAW("gamma", CN("2") CN("3") CN("1") CN("6")), gamma_2_3, 1, 6},
    {DRAW("gamma", CN("2") CN("3") MINUS_INF CN("6")), gamma_2_3, 0, 6},
    {DRAW("chisquare", CN("4")), chisquare_4, -INFINITY, INFINITY},
    {DRAW("chisquare", CN("4") CN("2") INF), chisquare_4, 2, INFINITY},
};

/* F of the draw is u, or in a range (F(x) - F(low)) / (F(high) - F(low)); 1e-9 is what is left
 * where F here cancels. The draw lies in the range and grows with u. */
static void draw__has_its_distribution(void **state)
{
  (void)state;
  static const double u[] = {0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999};
  for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
    const law *l = &laws[i];
    double low = isinf(l->low) ? 0 : l->cdf(l->low), high = isinf(l->high) ? 1 : l->cdf(l->high);
    double before = -INFINITY;
    for (size_t k = 0; k < sizeof u / sizeof u[0]; k++) {
      double x = draw(l->mathml, u[k]), got = (l->cdf(x) - low) / (high - low);
      bool good = fabs(got - u[k]) <= 1e-9 && x > before && x >= l->low && x <= l->high;
      if (!good) fail_msg("%s: u = %g gives %.17g, of which F is %.17g", l->mathml, u[k], x, got);
      before = x;
    }
  }
}

/* Beyond the reach of 1 - F: the normal law above 30 deviations, by its tail exp(-a (x - a)). */
static void draw__keeps_its_digits_in_the_tail(void **state)
{
  (void)state;
  double x = draw(DRAW("normal", CN("0") CN("1") CN("30") INF), 0.5);
  double above = erfc(x / sqrt(2)) / erfc(30 / sqrt(2));
  assert_true(x > 30 && fabs(above - 0.5) < 1e-9);
}

/* Counts: the least whose probability reaches u, by hand for laws of a few values. */
static void draw__counts(void **state)
{
  (void)state;
  /* binomial 2, 1/2: 1/4, 3/4, 1 */
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5")), 0.2) == 0);
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5")), 0.3) == 1);
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5")), 0.8) == 2);
  /* cut to 1..2: 2/3, 1 */
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5") CN("0.5") CN("2")), 0.01) == 1);
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5") CN("1") CN("2")), 0.66) == 1);
  assert_true(draw(DRAW("binomial", CN("2") CN("0.5") CN("1") CN("2")), 0.67) == 2);
  /* Poisson of mean log 2: P(0) is 1/2, P(1) is log(2)/2 */
  assert_true(draw(DRAW("poisson", CN("0.693147180559945")), 0.49) == 0);
  assert_true(draw(DRAW("poisson", CN("0.693147180559945")), 0.84) == 1);
  assert_true(draw(DRAW("poisson", CN("0.693147180559945")), 0.85) == 2);
  assert_true(draw(DRAW("poisson", CN("0.693147180559945") CN("1") INF), 0.69) == 1);
  assert_true(draw(DRAW("poisson", CN("0.693147180559945") CN("1") INF), 0.70) == 2);
  assert_true(draw(DRAW("bernoulli", CN("0.3")), 0.69) == 0);
  assert_true(draw(DRAW("bernoulli", CN("0.3")), 0.71) == 1);
}

/* Two draws in one formula, and two calls of a function that draws, are different numbers. */
static void draw__each_is_new(void **state)
{
  (void)state;
  sbml_case c;
  char text[4000];
  model_text(text, sizeof text,
             "<apply><minus/>" DRAW("normal", CN("0") CN("1"))
                 DRAW("normal", CN("0") CN("1")) "</apply>");
  case_read(&c, text);
  assert_int_equal(2, c.net.uniform_count);
  ir_ref e = case_symbol(&c, "x")->initial;
  assert_true(ir_depends(&c.net.graph, e, IR_UNIFORM, 0));
  assert_true(ir_depends(&c.net.graph, e, IR_UNIFORM, 1));
  case_free(&c);
}

static void refused(const char *mathml, gm_status s, const char *part)
{
  char text[4000];
  model_text(text, sizeof text, mathml);
  case_refused(text, s, part);
}

/* Laws that are not known, wrong numbers of arguments, and limits that cannot be worked out. */
static void draw__refused(void **state)
{
  (void)state;
  refused(DRAW("zipf", CN("1")), GM_EUNSUPPORTED, "draws from the distribution \"zipf\"");
  refused(DRAW("normal", CN("1")), GM_EPARSE, "a draw from normal with 1 arguments");
  refused(DRAW("uniform", CN("1") CN("2") CN("1") CN("2")), GM_EPARSE, "with 4 arguments");
  refused(DRAW("gamma", CI("p") CN("1") CN("1") CN("2")), GM_EUNSUPPORTED,
          "gamma with limits: every argument must be a number");
  refused(DRAW("poisson", CN("1") CN("1000") INF), GM_EUNSUPPORTED, "less than a millionth");
}

/* Only the start and an event have a moment at which to draw. */
static void draw__only_where_there_is_a_moment(void **state)
{
  (void)state;
  char text[4000];
  snprintf(text, sizeof text,
           "%s<listOfRules><assignmentRule variable=\"x\">" SBML_MATHML
           "%s</math></assignmentRule></listOfRules></model>" SBML_END,
           head, DRAW("normal", CN("0") CN("1")));
  case_refused(text, GM_EUNSUPPORTED, "only initial assignments and event assignments draw");
  snprintf(text, sizeof text,
           "%s<listOfEvents><event id=\"e\" useValuesFromTriggerTime=\"true\">"
           "<trigger initialValue=\"true\" persistent=\"true\">" SBML_MATHML
           "<true/></math></trigger><delay>" SBML_MATHML "%s</math></delay></event></listOfEvents>"
           "</model>" SBML_END,
           head, DRAW("normal", CN("0") CN("1")));
  case_refused(text, GM_EUNSUPPORTED, "only initial assignments and event assignments draw");
}

/* Without the package the csymbol means nothing. */
static void draw__needs_the_package(void **state)
{
  (void)state;
  case_refused(
      SBML_L3
      "<model id=\"m\"><listOfParameters><parameter id=\"x\" constant=\"false\"/>"
      "</listOfParameters><listOfInitialAssignments><initialAssignment "
      "symbol=\"x\">" SBML_MATHML DRAW(
          "normal",
          CN("0")
              CN("1")) "</math></initialAssignment></listOfInitialAssignments></model>" SBML_END,
      GM_EPARSE, "csymbol");
}

/* The older convention: a function annotated with the page of a law draws from it. */
static void draw__annotated_functions(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, SBML_L2
            "<model id=\"m\"><listOfFunctionDefinitions><functionDefinition id=\"expo\">"
            "<annotation><distribution xmlns=\"http://sbml.org/annotations/distribution\" "
            "definition=\"http://en.wikipedia.org/wiki/Exponential_distribution\"/></"
            "annotation>" SBML_MATHML "<lambda><bvar>" CI("l") "</bvar><apply><divide/>" CN("1")
                CI("l") "</apply></lambda></math></functionDefinition></listOfFunctionDefinitions>"
                        "<listOfParameters><parameter "
                        "id=\"x\"/></listOfParameters><listOfInitialAssignments>"
                        "<initialAssignment symbol=\"x\">" SBML_MATHML "<apply>" CI("expo")
                            CN("2") "</apply></math></initialAssignment></"
                                    "listOfInitialAssignments></model>" SBML_END);
  case_close(-log(0.75) / 2, case_value_at(&c, case_symbol(&c, "x")->initial, 0, 0.25), 1e-14);
  case_free(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draw__has_its_distribution),
      cmocka_unit_test(draw__keeps_its_digits_in_the_tail),
      cmocka_unit_test(draw__counts),
      cmocka_unit_test(draw__each_is_new),
      cmocka_unit_test(draw__refused),
      cmocka_unit_test(draw__only_where_there_is_a_moment),
      cmocka_unit_test(draw__needs_the_package),
      cmocka_unit_test(draw__annotated_functions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
