/* test_petab_case.h - small PEtab problems written into a folder, and the closed form of their
 * model: the conversion A <-> B (mass action) in a compartment. */
#ifndef GEMEL_TESTS_PETAB_CASE_H
#define GEMEL_TESTS_PETAB_CASE_H
#include "gemel/petab.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SBML_HEAD                                                                                  \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"1\">\n"     \
  "<model id=\"m\">\n"
#define SBML_TAIL            "</model></sbml>\n"
#define MATH(body)           "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">" body "</math>"
#define CI(name)             "<ci>" name "</ci>"
#define TIMES(a, b, c)       "<apply><times/>" a b c "</apply>"
#define PARAMETER(id, value) "<parameter id=\"" id "\" value=\"" value "\" constant=\"true\"/>\n"
#define SPECIES(id, more)                                                                          \
  "<species id=\"" id "\" compartment=\"c\" hasOnlySubstanceUnits=\"false\" "                      \
  "boundaryCondition=\"false\" constant=\"false\" " more "/>\n"
#define REACTION(id, from, to, k)                                                                  \
  "<reaction id=\"" id                                                                             \
  "\" reversible=\"false\" fast=\"false\"><listOfReactants><speciesReference "                     \
  "species=\"" from "\" stoichiometry=\"1\" constant=\"true\"/></listOfReactants><listOfProducts>" \
  "<speciesReference species=\"" to "\" stoichiometry=\"1\" constant=\"true\"/></listOfProducts>"  \
  "<kineticLaw>" MATH(TIMES(CI("c"), CI(k), CI(from))) "</kineticLaw></reaction>\n"

/* A = a0 and B = b0 at the start, all four parameters 1 or 0 as in the format's own examples. */
#define CONVERSION                                                                                 \
  SBML_HEAD                                                                                        \
  "<listOfCompartments><compartment id=\"c\" size=\"1\" spatialDimensions=\"3\" "                  \
  "constant=\"true\"/></listOfCompartments>\n<listOfSpecies>" SPECIES("A", "")                     \
      SPECIES("B", "") "</listOfSpecies>\n<listOfParameters>" PARAMETER("a0", "1")                 \
          PARAMETER("b0", "1") PARAMETER("k1", "0")                                                \
              PARAMETER("k2", "0") "</listOfParameters>\n<listOfInitialAssignments>"               \
                                   "<initialAssignment symbol=\"A\">" MATH(                        \
                                       CI("a0")) "</initialAssignment><initialAssignment "         \
                                                 "symbol=\"B\">" MATH(                             \
                                                     CI("b0")) "</initialAssignment></"            \
                                                               "listOfInitialAssignments>"         \
                                                               "\n<"                               \
                                                               "listOfReactions"                   \
                                                               ">" REACTION("fwd", "A", "B", "k1") \
                                                                   REACTION("rev", "B", "A",       \
                                                                            "k2") "</"             \
                                                                                  "listOfReact"    \
                                                                                  "ions>"          \
                                                                                  "\n" SBML_TAIL

#define COMPARTMENT_C                                                                              \
  "<listOfCompartments><compartment id=\"c\" size=\"1\" spatialDimensions=\"3\" "                  \
  "constant=\"true\"/></listOfCompartments>\n"
#define MODEL_C_K1_K2(species, reactions)                                                          \
  SBML_HEAD COMPARTMENT_C "<listOfSpecies>" species                                                \
                          "</listOfSpecies>\n<listOfParameters>" PARAMETER("k1", "0")              \
                              PARAMETER("k2", "0") "</listOfParameters>\n" reactions SBML_TAIL
#define RATE_RULE(of, math)                                                                        \
  "<listOfRules><rateRule variable=\"" of "\">" MATH(math) "</rateRule></listOfRules>\n"
#define MINUS(a, b) "<apply><minus/>" a b "</apply>"

static inline double conversion_a(double t, double a, double b, double k1, double k2)
{
  double end = k2 * (a + b) / (k1 + k2);
  return end + (a - end) * exp(-(k1 + k2) * t);
}
static inline double conversion_b(double t, double a, double b, double k1, double k2)
{
  return a + b - conversion_a(t, a, b, k1, k2);
}

typedef struct {
  const char *model, *condition, *observable, *measurement, *parameter; /* model NULL: conversion */
} petab_files;

#define K1_K2                                                                                      \
  "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"                  \
  "k1\tlin\t0\t10\t0.8\t1\nk2\tlin\t0\t10\t0.6\t1\n"
#define OBS_A "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t0.5\n"

static char petab_folder[64];

static inline void petab_write(const char *name, const char *text)
{
  char path[128];
  snprintf(path, sizeof path, "%s/%s", petab_folder, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  assert_int_equal(fclose(f), 0);
}

static inline const char *petab_path(const char *name)
{
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", petab_folder, name);
  return path;
}

static inline void petab_files_write(const petab_files *f)
{
  petab_write("model.xml", f->model ? f->model : CONVERSION);
  petab_write("conditions.tsv", f->condition ? f->condition : "conditionId\nc0\n");
  petab_write("observables.tsv", f->observable ? f->observable : OBS_A);
  petab_write("measurements.tsv", f->measurement);
  petab_write("parameters.tsv", f->parameter ? f->parameter : K1_K2);
  petab_write("problem.yaml", "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n"
                              "- sbml_files: [model.xml]\n  condition_files: [conditions.tsv]\n"
                              "  observable_files: [observables.tsv]\n"
                              "  measurement_files:\n  - measurements.tsv\n");
}

static inline int petab_setup(void **state)
{
  (void)state;
  snprintf(petab_folder, sizeof petab_folder, "/tmp/gemel-petab-XXXXXX");
  return mkdtemp(petab_folder) ? 0 : -1;
}

static inline int petab_teardown(void **state)
{
  static const char *const name[] = {"model.xml",        "conditions.tsv", "observables.tsv",
                                     "measurements.tsv", "parameters.tsv", "problem.yaml",
                                     "more.tsv",         "model2.xml",     "other.tsv"};
  (void)state;
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) unlink(petab_path(name[i]));
  return rmdir(petab_folder);
}

static inline gm_petab *petab_open(gm_ctx *ctx, const petab_files *f)
{
  gm_petab *p = NULL;
  petab_files_write(f);
  if (gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p)) fail_msg("%s", gm_message(ctx));
  return p;
}

/* What a row should give. */
typedef struct {
  double measured, simulated, sigma;
  gm_petab_scale scale;
  bool laplace;
} petab_row;

/* The densities of the specification, written out: "Noise distributions". */
static inline double petab_row_llh(const petab_row *r, double *chi2)
{
  const double pi = 3.14159265358979323846;
  double m = r->measured, y = r->simulated, j = 1, e;
  if (r->scale == GM_PETAB_LOG) {
    m = log(r->measured);
    y = log(r->simulated);
    j = r->measured;
  } else if (r->scale == GM_PETAB_LOG10) {
    m = log10(r->measured);
    y = log10(r->simulated);
    j = r->measured * log(10);
  }
  e = (m - y) / r->sigma;
  *chi2 += e * e;
  if (r->laplace) return log(exp(-fabs(e)) / (2 * r->sigma * j));
  return log(exp(-e * e / 2) / (sqrt(2 * pi) * r->sigma * j));
}

static inline void petab_near(double got, double want, double by, const char *what, int32_t i)
{
  if (!(fabs(got - want) <= by * (1 + fabs(want))))
    fail_msg("%s %d: %.12g, expected %.12g", what, (int)i, got, want);
}

/* Nominal simulations, noise, llh and chi2 of a problem are those of rows. */
static inline void petab_expect(const petab_files *f, const petab_row *row, int32_t count)
{
  gm_ctx *ctx;
  double z[16], simulation[32], sigma[32], llh = 0, chi2 = 0;
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, f);
  assert_int_equal(gm_petab_point_count(p), count);
  if (gm_petab_nominal(p, z) || gm_petab_evaluate(p, NULL, 1, z, &v, simulation, sigma, NULL))
    fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < count; i++) {
    petab_near(simulation[i], row[i].simulated, 1e-7, "simulation", i);
    petab_near(sigma[i], row[i].sigma, 1e-7, "sigma", i);
    llh += petab_row_llh(&row[i], &chi2);
  }
  petab_near(v.llh, llh, 1e-6, "llh", 0);
  petab_near(v.chi2, chi2, 1e-6, "chi2", 0);
  assert_int_equal(v.bad_point, -1);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}
#endif
