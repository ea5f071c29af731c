/* test_sbml.c - what the elements of SBML become, level by level.
 * label: quick */
#include "sbml_case.h"
#include "support/fault.h"

#define CI(id)  "<ci> " id " </ci>"
#define CN(v)   "<cn> " v " </cn>"
#define MATH(m) SBML_MATHML m "</math>"

/* ---- level 1 --------------------------------------------------------------------------------- */
/* Level 1 has formulas in text, volumes of 1 where none is stated and log as natural logarithm; a
 * rule of type rate is a rate rule; what has no rule and is no species is constant. */
static void level1__defaults_and_rules(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, SBML_L1
            "<model name=\"one\"><listOfCompartments><compartment name=\"v\"/></listOfCompartments>"
            "<listOfSpecies><species name=\"s\" compartment=\"v\" initialAmount=\"3\"/>"
            "<species name=\"q\" compartment=\"v\" initialAmount=\"1\"/></listOfSpecies>"
            "<listOfParameters><parameter name=\"k\" value=\"2\"/>"
            "<parameter name=\"z\" value=\"1\"/></listOfParameters>"
            "<listOfRules><parameterRule name=\"z\" formula=\"log(k)*pow(s,2)\"/>"
            "<speciesConcentrationRule species=\"q\" formula=\"k*q\" type=\"rate\"/></listOfRules>"
            "<listOfReactions><reaction name=\"r\"><listOfReactants>"
            "<speciesReference species=\"s\" stoichiometry=\"3\" denominator=\"2\"/>"
            "</listOfReactants><kineticLaw formula=\"k*s\">"
            "<listOfParameters><parameter name=\"k\" value=\"5\"/></listOfParameters>"
            "</kineticLaw></reaction></listOfReactions></model>" SBML_END);
  const net_symbol *v = case_symbol(&c, "v"), *s = case_symbol(&c, "s");
  assert_true(v->kind == NET_COMPARTMENT && v->value == 1 && v->dimensions == 3 && v->constant);
  assert_true(case_symbol(&c, "k")->constant && !case_symbol(&c, "z")->constant);
  assert_false(s->constant);
  assert_true(s->kind == NET_SPECIES && s->value == 3 && s->value_is_amount && !s->amount_only);
  assert_int_equal(net_find(&c.net, "v", 1), s->compartment);
  case_close(log(2) * 9, case_value(&c, case_symbol(&c, "z")->rule), 1e-15);
  case_close(2, case_value(&c, case_symbol(&c, "q")->rate), 0);
  case_close(-1.5, case_value(&c, c.net.part[0].by), 0);
  case_close(15, case_value(&c, c.net.reaction[0].rate), 0); /* the law's own k */
  assert_string_equal("mol/L", s->unit);
  assert_string_equal("s", c.net.time_unit);
  case_free(&c);
}

/* ---- level 2 --------------------------------------------------------------------------------- */
/* clang-format off */
static const char level2[] = SBML_L2
    "<model id=\"two\"><listOfUnitDefinitions>"
    "<unitDefinition id=\"substance\"><listOfUnits><unit kind=\"mole\" scale=\"-9\"/>"
    "</listOfUnits></unitDefinition>"
    "<unitDefinition id=\"time\"><listOfUnits><unit kind=\"second\" multiplier=\"60\"/>"
    "</listOfUnits></unitDefinition>"
    "<unitDefinition id=\"per\"><listOfUnits><unit kind=\"gram\" scale=\"-3\"/>"
    "<unit kind=\"second\" exponent=\"-2\"/><unit kind=\"litre\" exponent=\"-1\"/>"
    "</listOfUnits></unitDefinition>"
    "<unitDefinition id=\"inch\"><listOfUnits>"
    "<unit kind=\"metre\" multiplier=\"0.0254\"/></listOfUnits></unitDefinition>"
    "</listOfUnitDefinitions>"
    "<listOfCompartments><compartment id=\"c\" size=\"4\"/>"
    "<compartment id=\"p\" spatialDimensions=\"0\"/>"
    "<compartment id=\"m\" spatialDimensions=\"2\" size=\"3\" constant=\"false\" "
    "outside=\"c\"/></listOfCompartments>"
    "<listOfSpecies><species id=\"a\" compartment=\"c\" initialConcentration=\"2\"/>"
    "<species id=\"b\" compartment=\"m\" initialAmount=\"6\" hasOnlySubstanceUnits=\"true\" "
    "boundaryCondition=\"true\" constant=\"true\"/>"
    "<species id=\"e\" compartment=\"p\"/></listOfSpecies>"
    "<listOfParameters><parameter id=\"k\" value=\"3\" units=\"per\"/>"
    "<parameter id=\"w\" constant=\"false\" units=\"inch\"/>"
    "<parameter id=\"h\" value=\"NaN\"/></listOfParameters>"
    "<listOfInitialAssignments><initialAssignment symbol=\"w\">" MATH("<apply><plus/>" CI("k") CN(
    "1") "</apply>") "</initialAssignment></listOfInitialAssignments>"
    "<listOfReactions><reaction id=\"r\" reversible=\"false\" "
    "fast=\"true\"><listOfReactants>"
    "<speciesReference species=\"a\"><stoichiometryMath>" MATH(
    "<apply><times/>" CI("k") CN(
    "2") "</apply>") "</stoichiometryMath></speciesReference>"
    "</"
    "listOfReactants><listOfProducts><"
    "speciesReference "
    "species=\"b\"/></listOfProducts>"
    "<listOfModifiers><modifierSpeciesReference "
    "species=\"e\"/></listOfModifiers>"
    "<kineticLaw>" MATH("<apply><times/>" CI("k") CI(
    "a") "</apply>") "</kineticLaw></reaction>"
    "<reaction "
    "id=\"idle\"><"
    "listOfReactants><"
    "speciesReference "
    "species=\"a\"/></"
    "listOfReactants>"
    "</reaction></"
    "listOfReactions>"
    "<listOfEvents><event "
    "id=\"ev\"><"
    "trigger>" MATH(
    "<apply><"
    "gt/>" CI("a") CN(
    "1") "</apply>") "</"
    "tr"
    "ig"
    "ge"
    "r>"
    "<d"
    "el"
    "ay"
    ">" MATH(CN(
    "0.5")) "</"
    "delay><"
    "listOfEventA"
    "ssignments>"
    "<eventAssign"
    "ment "
    "variable="
    "\"w\">" MATH(CN(
    "7")) "</"
    "ev"
    "en"
    "tA"
    "ss"
    "ig"
    "nm"
    "en"
    "t>"
    "<e"
    "ve"
    "nt"
    "As"
    "si"
    "gn"
    "me"
    "nt"
    " v"
    "ar"
    "ia"
    "bl"
    "e="
    "\""
    "a"
    "\""
    ">" MATH(CI(
    "k")) "</eventAssignment>"
    "</listOfEventAssignments></event>"
    "<event useValuesFromTriggerTime=\"false\"><trigger>" MATH(
    "<true/>") "</trigger>"
    "<listOfEventAssignments><eventAssignment variable=\"w\">" MATH(
    CN("1")) "</eventAssignment></listOfEventAssignments></event></listOfEvents></model>" SBML_END;
/* clang-format on */

/* Defaults of level 2: constant compartments and parameters, species neither constant nor boundary,
 * three dimensions, a stoichiometry of 1, reversible reactions. */
static void level2__symbols(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level2);
  const net_symbol *cc = case_symbol(&c, "c"), *p = case_symbol(&c, "p"), *m = case_symbol(&c, "m");
  assert_true(cc->constant && cc->value == 4 && cc->dimensions == 3);
  assert_true(p->dimensions == 0 && isnan(p->value));
  assert_true(m->dimensions == 2 && m->value == 3 && !m->constant);
  const net_symbol *a = case_symbol(&c, "a"), *b = case_symbol(&c, "b"), *e = case_symbol(&c, "e");
  assert_true(a->value == 2 && !a->value_is_amount && !a->amount_only && !a->boundary);
  assert_true(b->value == 6 && b->value_is_amount && b->amount_only && b->boundary && b->constant);
  assert_true(isnan(e->value) && e->initial == IR_NONE && e->conversion == -1);
  const net_symbol *k = case_symbol(&c, "k"), *w = case_symbol(&c, "w"), *h = case_symbol(&c, "h");
  assert_true(k->constant && k->value == 3 && k->kind == NET_PARAMETER && k->initial == IR_NONE);
  assert_true(!w->constant && isnan(w->value));
  case_close(4, case_value(&c, w->initial), 0);
  assert_true(h->initial >= 0 && isnan(case_value(&c, h->initial))); /* stated, not missing */
  case_free(&c);
}

/* Units become UCUM codes: prefixes by scale, minutes by factor, a factor where it is short, and
 * concentrations where the symbol is one. */
static void level2__units(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level2);
  assert_string_equal("min", c.net.time_unit);
  assert_string_equal("L", case_symbol(&c, "c")->unit);
  assert_string_equal("m2", case_symbol(&c, "m")->unit);
  assert_string_equal("nmol/L", case_symbol(&c, "a")->unit);
  assert_string_equal("nmol", case_symbol(&c, "b")->unit);
  assert_string_equal("nmol", case_symbol(&c, "e")->unit); /* in a point it is an amount */
  assert_string_equal("mg/s2/L", case_symbol(&c, "k")->unit);
  assert_string_equal("254.10*-4.m", case_symbol(&c, "w")->unit);
  assert_string_equal("", case_symbol(&c, "h")->unit);
  case_free(&c);
}

/* A stoichiometry may be a formula; a reaction without law has no rate. */
static void level2__reactions(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level2);
  assert_int_equal(2, c.net.reaction_count);
  const net_reaction *r = &c.net.reaction[0], *idle = &c.net.reaction[1];
  assert_true(r->fast && !r->reversible && r->part_count == 2);
  case_close(-6, case_value(&c, c.net.part[r->part].by), 0);
  case_close(1, case_value(&c, c.net.part[r->part + 1].by), 0);
  assert_int_equal(net_find(&c.net, "b", 1), c.net.part[r->part + 1].species);
  case_close(6, case_value(&c, r->rate), 0);
  assert_true(idle->rate == IR_NONE && idle->reversible && !idle->fast);
  case_free(&c);
}

/* Before level 3 a trigger that holds at the start does not fire then, and a delayed event stays
 * scheduled. Values are those of the trigger's time unless it says otherwise. */
static void level2__events(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level2);
  assert_int_equal(2, c.net.event_count);
  const net_event *e = &c.net.event[0], *late = &c.net.event[1];
  assert_string_equal("ev", e->name);
  assert_true(e->initial && e->persistent && e->at_trigger && e->priority == IR_NONE);
  case_close(0.5, case_value(&c, e->delay), 0);
  case_close(1, case_value(&c, e->trigger), 0);
  assert_int_equal(2, e->assign_count);
  assert_int_equal(net_find(&c.net, "a", 1), c.net.assign[e->assign + 1].symbol);
  case_close(3, case_value(&c, c.net.assign[e->assign + 1].value), 0);
  assert_true(!late->at_trigger && late->delay == IR_NONE && late->assign_count == 1);
  case_free(&c);
}

/* ---- level 3 --------------------------------------------------------------------------------- */
/* clang-format off */
static const char level3[] = SBML_L3 "<model id=\"three\" substanceUnits=\"mole\" timeUnits=\"h\" "
    "volumeUnits=\"litre\" "
    "conversionFactor=\"cf\"><listOfUnitDefinitions><"
    "unitDefinition id=\"h\">"
    "<listOfUnits><unit kind=\"second\" exponent=\"1\" "
    "scale=\"0\" multiplier=\"3600\"/>"
    "</listOfUnits></unitDefinition></listOfUnitDefinitions>"
    "<listOfCompartments><compartment id=\"c\" "
    "spatialDimensions=\"3\" size=\"2\" constant=\"false\"/>"
    "</listOfCompartments>"
    "<listOfSpecies><species id=\"s\" compartment=\"c\" "
    "initialAmount=\"1\" "
    "hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" "
    "constant=\"false\"/>"
    "<species id=\"q\" compartment=\"c\" initialAmount=\"1\" "
    "conversionFactor=\"own\" "
    "hasOnlySubstanceUnits=\"true\" boundaryCondition=\"false\" "
    "constant=\"false\"/>"
    "</listOfSpecies><listOfParameters>"
    "<parameter id=\"cf\" value=\"10\" constant=\"true\"/>"
    "<parameter id=\"own\" value=\"20\" constant=\"true\"/>"
    "<parameter id=\"p\" value=\"4\" constant=\"false\"/>"
    "<parameter id=\"o\" value=\"5\" "
    "constant=\"false\"/></listOfParameters>"
    "<listOfRules><assignmentRule variable=\"n\">" MATH(CI("p")) "</assignmentRule>"
    "<assignmentRule variable=\"o\">" MATH("") "</assignmentRule>"
    "<algebraicRule>" MATH(
    "<apply><minus/>" CI("p") CN("1") "</apply>") "</algebraicRule>"
    "</listOfRules><listOfReactions><reaction id=\"r\" "
    "reversible=\"true\"><listOfReactants>"
    "<speciesReference id=\"n\" species=\"s\" "
    "constant=\"false\"/>"
    "<speciesReference id=\"two\" species=\"s\" "
    "stoichiometry=\"2\" constant=\"true\"/>"
    "</listOfReactants><listOfProducts>"
    "<speciesReference species=\"q\" stoichiometry=\"3\" "
    "constant=\"true\"/>"
    "</listOfProducts><kineticLaw>"
    MATH("<apply><times/>" CI("cf") CI("s") CI("later") "</apply>") "<listOfLocalParameters>"
    "<localParameter id=\"cf\" "
    "value=\"6\"/></"
    "listOfLocalParameters></"
    "kineticLaw></reaction>"
    "<reaction id=\"later\" "
    "reversible=\"false\"><"
    "kineticLaw>" MATH(
    CI("cf")) "</kineticLaw></"
    "reaction></"
    "listOfReactions"
    ">"
    "<listOfEvents><"
    "event id=\"e\" "
    "useValuesFromTr"
    "iggerTime="
    "\"false\">"
    "<trigger "
    "initialValue="
    "\"false\" "
    "persistent="
    "\"false\""
    ">" MATH(
    "<apply"
    "><gt/"
    ">" CI(
    "s")
    CN("1") "</apply>") "</trigger><priority>" MATH(CN("9")) "</"
    "pr"
    "io"
    "ri"
    "ty"
    "><"
    "li"
    "st"
    "Of"
    "Ev"
    "en"
    "tA"
    "ss"
    "ig"
    "nm"
    "en"
    "ts"
    ">"
    "<e"
    "ve"
    "nt"
    "As"
    "si"
    "gn"
    "me"
    "nt"
    " v"
    "ar"
    "ia"
    "bl"
    "e="
    "\""
    "n"
    "\""
    "/>"
    "</"
    "li"
    "st"
    "Of"
    "Ev"
    "en"
    "tA"
    "ss"
    "ig"
    "nm"
    "en"
    "ts"
    "><"
    "/e"
    "ve"
    "nt"
    ">"
    "<e"
    "ve"
    "nt"
    " i"
    "d="
    "\""
    "ne"
    "ve"
    "r"
    "\""
    " u"
    "se"
    "Va"
    "lu"
    "es"
    "Fr"
    "om"
    "Tr"
    "ig"
    "ge"
    "rT"
    "im"
    "e="
    "\""
    "tr"
    "ue"
    "\""
    "/>"
    "</"
    "li"
    "st"
    "Of"
    "Ev"
    "en"
    "ts"
    "><"
    "/m"
    "od"
    "el"
    ">" SBML_END;
/* clang-format on */

/* Conversion factors: the species' own before the model's. Species references with an id are
 * symbols, with the sign put where they are used. */
static void level3__symbols(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level3);
  assert_string_equal("h", c.net.time_unit);
  assert_string_equal("mol/L", case_symbol(&c, "s")->unit);
  assert_string_equal("mol", case_symbol(&c, "q")->unit);
  assert_int_equal(net_find(&c.net, "cf", 2), case_symbol(&c, "s")->conversion);
  assert_int_equal(net_find(&c.net, "own", 3), case_symbol(&c, "q")->conversion);
  const net_symbol *n = case_symbol(&c, "n"), *two = case_symbol(&c, "two");
  assert_true(n->kind == NET_STOICHIOMETRY && isnan(n->value) && !n->constant && n->rule >= 0);
  assert_true(two->kind == NET_STOICHIOMETRY && two->value == 2 && two->constant);
  const net_part *part = &c.net.part[c.net.reaction[0].part];
  assert_true(ir_depends(&c.net.graph, part[0].by, IR_SYMBOL, net_find(&c.net, "n", 1)));
  case_close(-2, case_value(&c, part[1].by), 0);
  case_close(3, case_value(&c, part[2].by), 0);
  case_free(&c);
}

/* A parameter inside a law is called REACTION.NAME and hides the model's; elsewhere it is unknown.
 * Names may be used above the place where they are defined. */
static void level3__local_parameters(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level3);
  const net_symbol *local = case_symbol(&c, "r.cf");
  assert_true(local->value == 6 && local->constant && local->kind == NET_PARAMETER);
  ir_graph *g = &c.net.graph;
  ir_ref law = c.net.reaction[0].rate, later = c.net.reaction[1].rate;
  assert_true(ir_depends(g, law, IR_SYMBOL, net_find(&c.net, "r.cf", 4)));
  assert_false(ir_depends(g, law, IR_SYMBOL, net_find(&c.net, "cf", 2)));
  assert_true(ir_depends(g, law, IR_SYMBOL, net_find(&c.net, "later", 5)));
  assert_true(ir_depends(g, later, IR_SYMBOL, net_find(&c.net, "cf", 2)));
  case_free(&c);
}

/* Elements without formula have no effect (L3V2); an event without trigger never fires. */
static void level3__missing_formulas(void **state)
{
  (void)state;
  sbml_case c;
  case_read(&c, level3);
  const net_event *e = &c.net.event[0], *never = &c.net.event[1];
  assert_true(!e->initial && !e->persistent && !e->at_trigger && e->assign_count == 0);
  case_close(9, case_value(&c, e->priority), 0);
  assert_true(never->trigger == IR_NONE && never->at_trigger);
  assert_true(case_symbol(&c, "o")->rule == IR_NONE && case_symbol(&c, "o")->value == 5);
  assert_int_equal(1, c.net.algebraic_count);
  case_close(3, case_value(&c, c.net.algebraic[0]), 0);
  case_free(&c);
}

/* ---- hierarchies ----------------------------------------------------------------------------- */
/* Sub-models are unfolded: SUB__NAME, what is replaced is gone, and a sub-model whose time runs
 * twice as fast has doubled rates. */
static void comp__is_flattened(void **state)
{
  (void)state;
  sbml_case c;
  case_read(
      &c,
      SBML_L3_WITH(
          "comp",
          "true") "<model id=\"top\"><listOfParameters>"
                  "<parameter id=\"k\" value=\"3\" constant=\"true\"><comp:listOfReplacedElements>"
                  "<comp:replacedElement comp:submodelRef=\"A\" comp:idRef=\"k\"/>"
                  "</comp:listOfReplacedElements></parameter>"
                  "<parameter id=\"half\" value=\"0.5\" constant=\"true\"/></listOfParameters>"
                  "<comp:listOfSubmodels><comp:submodel comp:id=\"A\" comp:modelRef=\"sub\"/>"
                  "<comp:submodel comp:id=\"B\" comp:modelRef=\"sub\" "
                  "comp:timeConversionFactor=\"half\"/>"
                  "</comp:listOfSubmodels></model>"
                  "<comp:listOfModelDefinitions><comp:modelDefinition id=\"sub\"><listOfParameters>"
                  "<parameter id=\"k\" value=\"7\" constant=\"true\"/>"
                  "<parameter id=\"x\" value=\"1\" constant=\"false\"/></listOfParameters>"
                  "<listOfRules><rateRule variable=\"x\">" MATH(
                      CI("k")) "</rateRule></listOfRules>"
                               "</comp:modelDefinition></comp:listOfModelDefinitions>" SBML_END);
  assert_int_equal(-1, net_find(&c.net, "A__k", 4));
  case_close(3, case_value(&c, case_symbol(&c, "A__x")->rate), 0);
  case_close(14, case_value(&c, case_symbol(&c, "B__x")->rate), 1e-15);
  case_free(&c);
}

/* ---- allocation ------------------------------------------------------------------------------ */
static gm_status trial(gm_ctx *ctx, void *user)
{
  net n;
  gm_status s = sbml_read(ctx, user, "case.xml", &n);
  if (!s) net_free(&n);
  return s;
}

/* Every allocation of ours may fail: an error then, and nothing is left behind. */
static void read__survives_failing_memory(void **state)
{
  (void)state;
  char text2[sizeof level2], text3[sizeof level3];
  memcpy(text2, level2, sizeof level2);
  memcpy(text3, level3, sizeof level3);
  assert_true(fault_sweep("level 2", trial, text2) > 20);
  assert_true(fault_sweep("level 3", trial, text3) > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(level1__defaults_and_rules),
      cmocka_unit_test(level2__symbols),
      cmocka_unit_test(level2__units),
      cmocka_unit_test(level2__reactions),
      cmocka_unit_test(level2__events),
      cmocka_unit_test(level3__symbols),
      cmocka_unit_test(level3__local_parameters),
      cmocka_unit_test(level3__missing_formulas),
      cmocka_unit_test(comp__is_flattened),
      cmocka_unit_test(read__survives_failing_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
