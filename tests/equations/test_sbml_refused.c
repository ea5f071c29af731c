/* test_sbml_refused.c - what is not read, each with its message; and hostile texts end.
 * label: quick */
#include "sbml_case.h"

#define CI(id)  "<ci> " id " </ci>"
#define CN(v)   "<cn> " v " </cn>"
#define MATH(m) SBML_MATHML m "</math>"

/* Parameters x (may change) and k (may not), and what follows. */
#define WITH(rest)                                                                                 \
  SBML_L3 "<model id=\"m\"><listOfParameters><parameter id=\"x\" value=\"1\" constant=\"false\"/>" \
          "<parameter id=\"k\" value=\"1\" constant=\"true\"/></listOfParameters>\n" rest          \
          "</model>" SBML_END

/* What libsbml finds wrong is handed on with its line. */
static void refused__not_sbml(void **state)
{
  (void)state;
  case_refused("", GM_EPARSE, "case.xml");
  case_refused("hello", GM_EPARSE, "case.xml");
  case_refused("<a><b></a>", GM_EPARSE, "case.xml:1");
  case_refused(SBML_L3 SBML_END, GM_EPARSE, "case.xml");
  case_refused(SBML_L3 "<model>\n<listOfParameters>\n<parameter value=\"1\"/>"
                       "</listOfParameters></model>" SBML_END,
               GM_EPARSE, "case.xml:5");
}

/* libsbml ends the process on these. */
static void refused__levels_and_versions_that_do_not_fit(void **state)
{
  (void)state;
  static const char *const root[] = {
      "xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"8\"",
      "xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"3\"",
      "xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"2\"",
      "xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"9\" version=\"9\"",
      "xmlns=\"http://example.org\" level=\"3\" version=\"1\"",
      "level=\"3\" version=\"1\"",
      "xmlns=\"http://www.sbml.org/sbml/level3/version1/core\"",
  };
  for (size_t i = 0; i < sizeof root / sizeof root[0]; i++) {
    char text[400];
    snprintf(text, sizeof text, "<sbml %s><model id=\"m\"/></sbml>", root[i]);
    case_refused(text, GM_EPARSE, "case.xml:1: <sbml> with a level, a version");
  }
}

/* A document type would let a text of a kilobyte grow to gigabytes. */
static void refused__document_types_and_encodings(void **state)
{
  (void)state;
  case_refused("<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"c\">]><sbml/>", GM_EUNSUPPORTED,
               "case.xml:2: a document type");
  case_refused("<?xml version=\"1.0\" encoding=\"UTF-7\"?><sbml/>", GM_EUNSUPPORTED, "encoding");
  case_refused(SBML_L3 "<!-- never ends", GM_EPARSE, "case.xml:3: a comment that is not closed");
  case_refused(SBML_L3 "<model id=\"never ends", GM_EPARSE, "a tag that is not closed");
}

/* Packages that change what a model means are refused by name; others do not matter. */
static void refused__packages(void **state)
{
  (void)state;
  static const char model[] = "<model id=\"m\"/>" SBML_END;
  char text[2000];
  snprintf(text, sizeof text, "%s%s", SBML_L3_WITH("spatial", "true"), model);
  case_refused(text, GM_EUNSUPPORTED, "the package spatial, which the document requires");
  snprintf(text, sizeof text, "%s%s", SBML_L3_WITH("multi", "true"), model);
  case_refused(text, GM_EUNSUPPORTED, "the package multi, which the document requires");
  snprintf(text, sizeof text, "%s%s", SBML_L3_WITH("arrays", "true"), model);
  case_refused(text, GM_EUNSUPPORTED, "the package arrays, which the document requires");
  snprintf(text, sizeof text, "%s%s", SBML_L3_WITH("qual", "true"), model);
  case_refused(text, GM_EUNSUPPORTED, "qualitative");
  sbml_case c;
  snprintf(text, sizeof text, "%s%s", SBML_L3_WITH("dyn", "false"), model);
  case_read(&c, text);
  case_free(&c);
}

/* A hierarchy may not reach for other files, contain itself, or unfold without end. */
static void refused__hierarchies(void **state)
{
  (void)state;
  case_refused(
      SBML_L3_WITH(
          "comp",
          "true") "<model id=\"m\"/><comp:listOfExternalModelDefinitions>"
                  "<comp:externalModelDefinition comp:id=\"far\" comp:source=\"/etc/passwd\"/>"
                  "</comp:listOfExternalModelDefinitions>" SBML_END,
      GM_EUNSUPPORTED, "the external model definition \"far\" (/etc/passwd)");
  case_refused(
      SBML_L3_WITH(
          "comp", "true") "<model id=\"m\"><comp:listOfSubmodels><comp:submodel comp:id=\"s\" "
                          "comp:modelRef=\"a\"/></comp:listOfSubmodels></model>"
                          "<comp:listOfModelDefinitions><comp:modelDefinition id=\"a\">"
                          "<comp:listOfSubmodels><comp:submodel comp:id=\"s\" comp:modelRef=\"a\"/>"
                          "</comp:listOfSubmodels></comp:modelDefinition></"
                          "comp:listOfModelDefinitions>" SBML_END,
      GM_EPARSE, "\"a\" contains itself");
  case_refused(
      SBML_L3_WITH("comp",
                   "true") "<model id=\"m\"><comp:listOfSubmodels><comp:submodel comp:id=\"s\" "
                           "comp:modelRef=\"a\"/></comp:listOfSubmodels></model>" SBML_END,
      GM_EPARSE, "there is no model definition \"a\"");
}

/* Seven models, each ten times inside the next: ten million elements from forty lines. */
static void hostile__a_hierarchy_that_multiplies(void **state)
{
  (void)state;
  char text[20000], *p = text;
  p += sprintf(p, "%s", SBML_L3_WITH("comp", "true"));
  p += sprintf(p, "<model id=\"m\"><comp:listOfSubmodels><comp:submodel comp:id=\"s\" "
                  "comp:modelRef=\"m7\"/></comp:listOfSubmodels></model>"
                  "<comp:listOfModelDefinitions><comp:modelDefinition id=\"m0\"/>");
  for (int i = 1; i <= 7; i++) {
    p += sprintf(p, "<comp:modelDefinition id=\"m%d\"><comp:listOfSubmodels>", i);
    for (int k = 0; k < 10; k++)
      p += sprintf(p, "<comp:submodel comp:id=\"s%d\" comp:modelRef=\"m%d\"/>", k, i - 1);
    p += sprintf(p, "</comp:listOfSubmodels></comp:modelDefinition>");
  }
  sprintf(p, "</comp:listOfModelDefinitions>" SBML_END);
  case_refused(text, GM_ERANGE, "unfold to more than");
}

/* Names that are not there, and symbols that cannot be set. */
static void refused__names(void **state)
{
  (void)state;
#define RULE(id)                                                                                   \
  "<listOfRules><rateRule variable=\"" id "\">" MATH(CN("1")) "</rateRule></listOfRules>"
  case_refused(WITH(RULE("z")), GM_EPARSE,
               "case.xml:4: the rate rule of z: nothing is called \"z\"");
  case_refused(WITH(RULE("k")), GM_EPARSE, "k is constant and cannot be set");
  case_refused(
      WITH("<listOfRules><rateRule variable=\"x\">" MATH(CN(
          "1")) "</rateRule>"
                "<assignmentRule variable=\"x\">" MATH(CN("1")) "</assignmentRule></listOfRules>"),
      GM_EPARSE, "there is another rule for it");
  case_refused(
      WITH("<listOfInitialAssignments><initialAssignment symbol=\"x\">" MATH(
          CN("1")) "</initialAssignment><initialAssignment symbol=\"x\">" MATH(CN("1")) "</"
                                                                                        "initialAss"
                                                                                        "ignment></"
                                                                                        "listOfInit"
                                                                                        "ialAssignm"
                                                                                        "ents>"),
      GM_EPARSE, "there are two of them");
  case_refused(WITH("<listOfReactions><reaction id=\"r\" reversible=\"false\"><listOfReactants>"
                    "<speciesReference species=\"s\" constant=\"true\"/></listOfReactants>"
                    "</reaction></listOfReactions>"),
               GM_EPARSE, "there is no species \"s\"");
  case_refused(WITH("<listOfReactions><reaction id=\"x\" reversible=\"false\"/>"
                    "</listOfReactions>"),
               GM_EPARSE, "x");
}

/* A running reaction whose stoichiometry nobody states has no meaning. */
static void refused__a_stoichiometry_without_value(void **state)
{
  (void)state;
  case_refused(SBML_L3 "<model><listOfCompartments><compartment id=\"c\" constant=\"true\"/>"
                       "</listOfCompartments><listOfSpecies><species id=\"s\" compartment=\"c\" "
                       "hasOnlySubstanceUnits=\"true\" boundaryCondition=\"false\" "
                       "constant=\"false\"/></listOfSpecies><listOfReactions>"
                       "<reaction id=\"r\" reversible=\"false\"><listOfReactants>"
                       "<speciesReference species=\"s\" constant=\"true\"/></listOfReactants>"
                       "<kineticLaw>" MATH(CN("1")) "</kineticLaw></reaction></listOfReactions>"
                                                    "</model>" SBML_END,
               GM_EPARSE, "reaction r: the stoichiometry of s has no value");
}

/* ---- hostile sizes --------------------------------------------------------------------------- */
static char *repeated(const char *before, const char *part, int count, const char *middle,
                      const char *part_after, const char *after)
{
  size_t n = strlen(before) + strlen(middle) + strlen(after) + 1;
  n += (size_t)count * (strlen(part) + strlen(part_after));
  char *text = malloc(n), *p = text;
  assert_non_null(text);
  p += sprintf(p, "%s", before);
  for (int i = 0; i < count; i++) p += sprintf(p, "%s", part);
  p += sprintf(p, "%s", middle);
  for (int i = 0; i < count; i++) p += sprintf(p, "%s", part_after);
  sprintf(p, "%s", after);
  return text;
}

#define RULE_OF_X "<listOfRules><assignmentRule variable=\"x\">" SBML_MATHML
#define RULE_END  "</math></assignmentRule></listOfRules>"
#define BEFORE                                                                                     \
  SBML_L3 "<model id=\"m\"><listOfParameters><parameter id=\"x\" constant=\"false\"/>"             \
          "</listOfParameters>" RULE_OF_X
#define AFTER RULE_END "</model>" SBML_END

/* Formulas nested too deep or too long for a parser that recurses are stopped before it. */
static void hostile__deep_and_long_formulas(void **state)
{
  (void)state;
  char *deep = repeated(BEFORE, "<apply><sin/>", 100000, CN("1"), "</apply>", AFTER);
  case_refused(deep, GM_ERANGE, "nested more than 500 deep");
  free(deep);
  char *wide = repeated(BEFORE "<apply><plus/>", CN("1"), 1000000, "</apply>", "", AFTER);
  case_refused(wide, GM_ERANGE, "more than 20000 operands");
  free(wide);
  char *open = repeated(SBML_L3, "<a>", 100000, "", "", "");
  case_refused(open, GM_ERANGE, "nested more than 500 deep");
  free(open);
}

/* Functions that double their terms at each level, or call themselves, end with a message. */
static void hostile__functions(void **state)
{
  (void)state;
  char *text = malloc(100000), *p = text;
  assert_non_null(text);
  p += sprintf(p, "%s", SBML_L3 "<model id=\"m\"><listOfFunctionDefinitions>");
  for (int i = 0; i < 60; i++) {
    p += sprintf(
        p, "<functionDefinition id=\"f%d\">" SBML_MATHML "<lambda><bvar>" CI("y") "</bvar>", i);
    if (i == 0)
      p += sprintf(p, "<apply><sin/>" CI("y") "</apply>");
    else
      p += sprintf(p,
                   "<apply><plus/><apply><ci> f%d </ci>" CI(
                       "y") "</apply><apply><ci> f%d </ci>"
                            "<apply><plus/>" CI("y") CN("1") "</apply></apply></apply>",
                   i - 1, i - 1);
    p += sprintf(p, "</lambda></math></functionDefinition>");
  }
  sprintf(p,
          "</listOfFunctionDefinitions><listOfParameters><parameter id=\"x\" constant=\"false\"/>"
          "</listOfParameters>" RULE_OF_X "<apply><ci> f59 </ci>" CN("1") "</apply>" AFTER);
  case_refused(text, GM_ERANGE, "unfold to more than");
  free(text);
  case_refused(
      SBML_L3 "<model id=\"m\"><listOfFunctionDefinitions><functionDefinition id=\"f\">" MATH(
          "<lambda><bvar>" CI("y") "</bvar><apply>" CI("f")
              CI("y") "</apply></lambda>") "</functionDefinition></"
                                           "listOfFunctionDefinitions><listOfParameters>"
                                           "<parameter id=\"x\" "
                                           "constant=\"false\"/></listOfParameters>" RULE_OF_X
                                           "<apply>" CI("f") CN("1") "</apply>" AFTER,
      GM_EPARSE, "the function f calls itself");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refused__not_sbml),
      cmocka_unit_test(refused__levels_and_versions_that_do_not_fit),
      cmocka_unit_test(refused__document_types_and_encodings),
      cmocka_unit_test(refused__packages),
      cmocka_unit_test(refused__hierarchies),
      cmocka_unit_test(hostile__a_hierarchy_that_multiplies),
      cmocka_unit_test(refused__names),
      cmocka_unit_test(refused__a_stoichiometry_without_value),
      cmocka_unit_test(hostile__deep_and_long_formulas),
      cmocka_unit_test(hostile__functions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
