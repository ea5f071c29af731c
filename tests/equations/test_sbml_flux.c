/* test_sbml_flux.c - flux balance on networks small enough to solve by hand.
 * label: quick */
#include "sbml_case.h"
#include "support/fault.h"

#define L3_FBC(version)                                                                            \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"1\" "       \
  "xmlns:fbc=\"http://www.sbml.org/sbml/level3/version1/fbc/version" version "\" "                 \
  "fbc:required=\"false\">\n"
#define SPECIES(id, boundary)                                                                      \
  "<species id=\"" id                                                                              \
  "\" compartment=\"c\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"" boundary             \
  "\" constant=\"false\"/>"
#define REFERENCE(id, n)                                                                           \
  "<speciesReference species=\"" id "\" stoichiometry=\"" n "\" constant=\"true\"/>"
#define REACTION(id, bounds, in, out)                                                              \
  "<reaction id=\"" id "\" reversible=\"false\" fast=\"false\" " bounds "><listOfReactants>" in    \
  "</listOfReactants><listOfProducts>" out "</listOfProducts></reaction>"
#define PARAMETER(id, v)  "<parameter id=\"" id "\" value=\"" v "\" constant=\"true\"/>"
#define BOUNDS(low, high) "fbc:lowerFluxBound=\"" low "\" fbc:upperFluxBound=\"" high "\""

/* X -> A (at most 10); A -> 2 B (at most 4); A -> B; B -> Y. Most of Y: 4 by the first way, the
 * other 6 by the second, 14 in all. type: of the objective; low: least flux of the second way */
/* clang-format off */
#define NETWORK(type, low) \
    L3_FBC("2") \
    "<model id=\"m\" fbc:strict=\"true\"><listOfCompartments><compartment id=\"c\" size=\"1\" " \
    "constant=\"true\"/></listOfCompartments><listOfSpecies>" SPECIES("X", "true") SPECIES("A", \
    "false") \
    SPECIES("B", "false") SPECIES("Y", "true") "</listOfSpecies><listOfParameters>" PARAMETER( \
    "none", "0") PARAMETER("four", "4") PARAMETER("ten", "10") PARAMETER("low", low) \
    PARAMETER("any", "INF") "</listOfParameters><listOfReactions>" REACTION( \
    "in", BOUNDS("none", "ten"), REFERENCE("X", "1"), REFERENCE("A", "1")) \
    REACTION("good", BOUNDS("none", "four"), REFERENCE("A", "1"), \
    REFERENCE("B", "2")) REACTION("poor", BOUNDS("low", "any"), \
    REFERENCE("A", "1"), REFERENCE("B", "1")) \
    REACTION( \
    "out", BOUNDS("none", "any"), REFERENCE("B", "1"), \
    REFERENCE( \
    "Y", \
    "1")) "</listOfReactions><fbc:listOfObjectives " \
    "fbc:activeObjective=\"best\"><fbc:objective fbc:id=\"other\" " \
    "fbc:type=\"minimize\"><fbc:listOfFluxObjectives>" \
    "<fbc:fluxObjective fbc:reaction=\"in\" fbc:coefficient=\"1\"/>" \
    "</fbc:listOfFluxObjectives></fbc:objective>" \
    "<fbc:objective fbc:id=\"best\" fbc:type=\"" type "\">" \
    "<fbc:listOfFluxObjectives><fbc:fluxObjective " \
    "fbc:reaction=\"out\" fbc:coefficient=\"0.5\"/>" \
    "</fbc:listOfFluxObjectives></fbc:objective>" \
    "</fbc:listOfObjectives></model>" SBML_END
/* clang-format on */

static void solve(const char *text, sbml_fluxes *x)
{
  gm_ctx *ctx;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  if (sbml_flux_balance(ctx, text, "case.xml", x)) fail_msg("%s", gm_message(ctx));
  gm_ctx_free(ctx); /* a block knows its own allocator */
}

static double flux_of(const sbml_fluxes *x, const char *reaction)
{
  for (int32_t i = 0; i < x->count; i++)
    if (strcmp(x->reaction[i], reaction) == 0) return x->flux[i];
  fail_msg("there is no %s", reaction);
  return 0;
}

/* The active objective at its greatest, and at its least when another flux is forced. */
static void flux__best_of_a_small_network(void **state)
{
  (void)state;
  sbml_fluxes x;
  solve(NETWORK("maximize", "0"), &x);
  assert_int_equal(SBML_FLUX_BEST, x.outcome);
  assert_string_equal("best", x.objective);
  case_close(7, x.value, 1e-12);
  case_close(10, flux_of(&x, "in"), 1e-12);
  case_close(4, flux_of(&x, "good"), 1e-12);
  case_close(6, flux_of(&x, "poor"), 1e-12);
  case_close(14, flux_of(&x, "out"), 1e-12);
  sbml_fluxes_free(&x);
  solve(NETWORK("minimize", "3"), &x);
  case_close(1.5, x.value, 1e-12);
  case_close(3, flux_of(&x, "poor"), 1e-12);
  assert_true(fabs(flux_of(&x, "good")) < 1e-12);
  sbml_fluxes_free(&x);
}

/* Bounds that cannot be kept give no number. */
static void flux__infeasible(void **state)
{
  (void)state;
  sbml_fluxes x;
  solve(NETWORK("maximize", "11"), &x);
  assert_int_equal(SBML_FLUX_INFEASIBLE, x.outcome);
  assert_true(isnan(x.value) && isnan(flux_of(&x, "out")));
  sbml_fluxes_free(&x);
}

/* clang-format off */
#define LISTED(bounds) \
    L3_FBC("1") \
    "<model id=\"m\"><listOfCompartments><compartment id=\"c\" size=\"1\" constant=\"true\"/>" \
    "</listOfCompartments><listOfSpecies>" SPECIES("X", "true") \
    SPECIES("Y", "true") "</listOfSpecies><listOfReactions>" REACTION( \
    "r", "", REFERENCE("X", "1"), \
    REFERENCE( \
    "Y", \
    "1")) "</listOfReactions><fbc:listOfFluxBounds>" bounds "</fbc:listOfFluxBounds>" \
    "<fbc:listOfObjectives fbc:activeObjective=\"o\"><fbc:objective fbc:id=\"o\" " \
    "fbc:type=\"maximize\"><fbc:listOfFluxObjectives><fbc:fluxObjective " \
    "fbc:reaction=\"r\" " \
    "fbc:coefficient=\"2\"/></fbc:listOfFluxObjectives></fbc:objective>" \
    "</fbc:listOfObjectives></model>" SBML_END
/* clang-format on */
#define BOUND(operation, v)                                                                        \
  "<fbc:fluxBound fbc:reaction=\"r\" fbc:operation=\"" operation "\" fbc:value=\"" v "\"/>"

/* Version 1 lists bounds; without an upper one there is no greatest flux. */
static void flux__version_1_and_unbounded(void **state)
{
  (void)state;
  sbml_fluxes x;
  solve(LISTED(BOUND("greaterEqual", "-1") BOUND("lessEqual", "5") BOUND("lessEqual", "4")), &x);
  case_close(8, x.value, 1e-12);
  sbml_fluxes_free(&x);
  solve(LISTED(BOUND("equal", "3")), &x);
  case_close(6, x.value, 1e-12);
  sbml_fluxes_free(&x);
  solve(LISTED(BOUND("greaterEqual", "0")), &x);
  assert_int_equal(SBML_FLUX_UNBOUNDED, x.outcome);
  assert_true(x.value == INFINITY);
  sbml_fluxes_free(&x);
}

/* Such a model is not simulated, and one without objective is not solved. */
static void flux__and_simulation_are_told_apart(void **state)
{
  (void)state;
  gm_ctx *ctx;
  sbml_fluxes x;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  case_refused(NETWORK("maximize", "0"), GM_EUNSUPPORTED, "flux balance (package fbc)");
  assert_true(sbml_is_flux_balance(ctx, NETWORK("maximize", "0"), "case.xml"));
  assert_false(sbml_is_flux_balance(ctx, SBML_L3 "<model id=\"m\"/>" SBML_END, "case.xml"));
  assert_false(sbml_is_flux_balance(ctx, "no SBML", "case.xml"));
  gm_status s = sbml_flux_balance(ctx, SBML_L3 "<model id=\"m\"/>" SBML_END, "case.xml", &x);
  assert_int_equal(GM_EUNSUPPORTED, s);
  assert_non_null(strstr(gm_message(ctx), "no flux balance"));
  s = sbml_flux_balance(ctx, LISTED(BOUND("less", "NaN")), "case.xml", &x);
  assert_int_equal(GM_EPARSE, s);
  gm_ctx_free(ctx);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  sbml_fluxes x;
  gm_status s = sbml_flux_balance(ctx, user, "case.xml", &x);
  if (!s) sbml_fluxes_free(&x);
  return s;
}

/* Every allocation of ours may fail. */
static void flux__survives_failing_memory(void **state)
{
  (void)state;
  static char text[] = NETWORK("maximize", "0");
  assert_true(fault_sweep("flux balance", trial, text) > 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flux__best_of_a_small_network),
      cmocka_unit_test(flux__infeasible),
      cmocka_unit_test(flux__version_1_and_unbounded),
      cmocka_unit_test(flux__and_simulation_are_told_apart),
      cmocka_unit_test(flux__survives_failing_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
