/* fhir_check_resource.c - invariants of resource types and their parts: those that R4 marks as
 * errors and that need nothing but the resource. Their names stand in the texts. */
#include "interop/fhir_check_internal.h"
#include "interop/fhir_check_value.h"
#include <math.h>
#include <string.h>

#define HAS(name) gm__fhir_has(n, name)

/* An invariant that is nothing but elements that exclude or need each other. */
typedef enum { NOT_BOTH, EITHER, ONE_OF, NEEDS, ANY_THREE } how;
typedef struct {
  const char *type;
  how how;
  const char *a, *b, *c; /* NEEDS: a needs b */
  const char *text;
} pair_rule;

static const pair_rule pairs[] = {
    {"Appointment_Participant", EITHER, "type", "actor", "", "app-1: a type or an actor is said"},
    {"AuditEvent_Entity", NOT_BOTH, "name", "query", "", "sev-1: either a name or a query"},
    {"CarePlan_Activity", NOT_BOTH, "detail", "reference", "",
     "cpl-3: either a detail or a reference"},
    {"Composition_Section", ANY_THREE, "text", "entry", "section",
     "cmp-1: a section has text, entries or sections"},
    {"Composition_Section", NOT_BOTH, "emptyReason", "entry", "",
     "cmp-2: a section is only empty without entries"},
    {"Condition_Evidence", EITHER, "code", "detail", "", "con-2: evidence has a code or a detail"},
    {"Condition_Stage", EITHER, "summary", "assessment", "",
     "con-1: a stage has a summary or an assessment"},
    {"Consent", EITHER, "policy", "policyRule", "", "ppc-1: a policy or a policyRule is said"},
    {"FamilyMemberHistory", NEEDS, "estimatedAge", "age", "",
     "fhs-2: only an age that is there is estimated"},
    {"Goal_Target", NEEDS, "detail", "measure", "", "gol-1: a target's detail has a measure"},
    {"ImmunizationRecommendation_Recommendation", EITHER, "vaccineCode", "targetDisease", "",
     "imr-1: a vaccineCode or a targetDisease is said"},
    {"Immunization_Education", EITHER, "documentType", "reference", "",
     "imm-1: education has a documentType or a reference"},
    {"List", NOT_BOTH, "emptyReason", "entry", "", "lst-1: a list is only empty without entries"},
    {"MedicationAdministration_Dosage", EITHER, "dose", "rate", "",
     "mad-1: a dosage has a dose or a rate"},
    {"Observation_ReferenceRange", ANY_THREE, "low", "high", "text",
     "obs-3: a reference range has low, high or text"},
    {"Organization", EITHER, "identifier", "name", "", "org-1: a name or an identifier is said"},
    {"QuestionnaireResponse_Item", NOT_BOTH, "item", "answer", "",
     "qrs-1: items nest in an answer, or there is none"},
    {"Questionnaire_Item", NOT_BOTH, "answerOption", "answerValueSet", "",
     "que-4: either answerOption or answerValueSet"},
    {"Questionnaire_Item", NOT_BOTH, "answerOption", "initial", "",
     "que-11: with answerOption there is no initial"},
    {"RequestGroup_Action", ONE_OF, "resource", "action", "",
     "rqg-1: an action has either a resource or actions"},
    {"ValueSet_Contains", EITHER, "code", "display", "", "vsd-6: a code or a display is said"},
    {"ValueSet_Contains", NEEDS, "code", "system", "", "vsd-10: a code has its system"},
    {"ValueSet_Include", EITHER, "valueSet", "system", "", "vsd-1: a valueSet or a system is said"},
    {"ValueSet_Include", NOT_BOTH, "concept", "filter", "", "vsd-3: either concepts or filters"},
    {"ValueSet_Include", NEEDS, "concept", "system", "", "vsd-2: concepts have their system"},
    {"ValueSet_Include", NEEDS, "filter", "system", "", "vsd-2: a filter has its system"},
};

static bool there(const gm_json *n, const char *name)
{
  return name[0] && (HAS(name) || gm__fhir_has_way(n, name));
}

static bool pair_holds(const pair_rule *p, const gm_json *n)
{
  bool a = there(n, p->a), b = there(n, p->b);
  switch (p->how) {
  case NOT_BOTH: return !(a && b);
  case EITHER: return a || b;
  case ONE_OF: return a != b;
  case NEEDS: return !a || b;
  case ANY_THREE: return a || b || there(n, p->c);
  }
  return true;
}

static void pairs_check(gm__fhir_check *c, const gm_json *n, const char *type)
{
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    if (strcmp(pairs[i].type, type) == 0)
      gm__fhir_demand(c, pair_holds(&pairs[i], n), n, pairs[i].text);
}

static double number(const gm_json *node, const char *name)
{
  double v;
  const gm_json *n = gm__json_find(node, name);
  return n && n->kind == GM_JSON_NUMBER && gm__json_double(n, &v) == GM_OK ? v : NAN;
}

/* Does one coding of a concept have this code? */
static bool concept_is(const gm_json *concept, const char *code)
{
  const gm_json *list = gm__json_find(concept, "coding");
  for (const gm_json *n = list ? list->first : NULL; n; n = n->next)
    if (gm__fhir_is(n, "code", code)) return true;
  return false;
}

/* ---- clinical -------------------------------------------------------------------------------- */
static void allergy(gm__fhir_check *c, const gm_json *n)
{
  bool error = concept_is(gm__json_find(n, "verificationStatus"), "entered-in-error");
  gm__fhir_demand(c, error || HAS("clinicalStatus"), n,
                  "ait-1: a clinicalStatus is said unless it was entered in error");
  gm__fhir_demand(c, !error || !HAS("clinicalStatus"), n,
                  "ait-2: what was entered in error has no clinicalStatus");
}

static void condition(gm__fhir_check *c, const gm_json *n)
{
  const gm_json *clinical = gm__json_find(n, "clinicalStatus");
  bool ended = concept_is(clinical, "resolved") || concept_is(clinical, "remission") ||
               concept_is(clinical, "inactive");
  gm__fhir_demand(c, !gm__fhir_has_way(n, "abatement") || ended, n,
                  "con-4: what has abated is inactive, resolved or in remission");
  gm__fhir_demand(
      c, !concept_is(gm__json_find(n, "verificationStatus"), "entered-in-error") || !clinical, n,
      "con-5: what was entered in error has no clinicalStatus");
}

/* Have two concepts a coding in common? */
static bool concepts_meet(const gm_json *a, const gm_json *b)
{
  const gm_json *x = gm__json_find(a, "coding"), *y = gm__json_find(b, "coding");
  int32_t looked = 0; /* concepts have few codings: more than that are not compared */
  for (x = x ? x->first : NULL; x; x = x->next)
    for (const gm_json *k = y ? y->first : NULL; k && looked < 1000; k = k->next, looked++)
      if (gm__fhir_text(x, "code")[0] && gm__fhir_is(k, "code", gm__fhir_text(x, "code")) &&
          gm__fhir_is(k, "system", gm__fhir_text(x, "system")))
        return true;
  return false;
}

static void observation(gm__fhir_check *c, const gm_json *n)
{
  bool value = gm__fhir_has_way(n, "value");
  gm__fhir_demand(c, !HAS("dataAbsentReason") || !value, n,
                  "obs-6: a dataAbsentReason goes with no value");
  if (!value) return;
  const gm_json *list = gm__json_find(n, "component");
  for (const gm_json *k = list ? list->first : NULL; k; k = k->next)
    gm__fhir_demand(c, !concepts_meet(gm__json_find(n, "code"), gm__json_find(k, "code")), n,
                    "obs-7: with a component of the same code there is no value");
}

static void component(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, !HAS("dataAbsentReason") || !gm__fhir_has_way(n, "value"), n,
                  "obs-6: a dataAbsentReason goes with no value");
}

static void family(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, !gm__fhir_has_way(n, "age") || !gm__fhir_has_way(n, "born"), n,
                  "fhs-1: either an age or when born");
}

static void prediction(gm__fhir_check *c, const gm_json *n)
{
  double p = number(n, "probabilityDecimal");
  const gm_json *r = gm__json_find(n, "probabilityRange");
  double low = number(gm__json_find(r, "low"), "value");
  double high = number(gm__json_find(r, "high"), "value");
  gm__fhir_demand(c, !(p > 100) && !(low > 100) && !(high > 100), n,
                  "ras-2: a probability is at most 100");
}

static void dispense(gm__fhir_check *c, const gm_json *n)
{
  int32_t way =
      gm__fhir_time_compare(gm__fhir_text(n, "whenPrepared"), gm__fhir_text(n, "whenHandedOver"));
  gm__fhir_demand(c, way != 1, n, "mdd-1: it is not handed over before it was prepared");
}

static void appointment(gm__fhir_check *c, const gm_json *n)
{
  const char *s = gm__fhir_text(n, "status");
  bool open = !strcmp(s, "proposed") || !strcmp(s, "cancelled") || !strcmp(s, "waitlist");
  bool over = !strcmp(s, "cancelled") || !strcmp(s, "noshow");
  gm__fhir_demand(c, HAS("start") == HAS("end"), n, "app-2: both start and end, or neither");
  gm__fhir_demand(c, open || (HAS("start") && HAS("end")), n,
                  "app-3: only a proposed or cancelled one is without start and end");
  gm__fhir_demand(c, !HAS("cancelationReason") || over, n,
                  "app-4: only a cancelled one has a cancelationReason");
}

static void patient_contact(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, HAS("name") || HAS("telecom") || HAS("address") || HAS("organization"), n,
                  "pat-1: a contact has details or an organization");
}

/* org-2, org-3: not of a home. */
static void organization(gm__fhir_check *c, const gm_json *n)
{
  static const char *const part[] = {"address", "telecom"};
  static const char *const text[] = {"org-2: an address of an organization is no home",
                                     "org-3: a contact point of an organization is no home"};
  for (int32_t i = 0; i < 2; i++) {
    const gm_json *list = gm__json_find(n, part[i]);
    for (const gm_json *k = list ? list->first : NULL; k; k = k->next)
      gm__fhir_demand(c, !gm__fhir_is(k, "use", "home"), k, text[i]);
  }
}

static void list_rules(gm__fhir_check *c, const gm_json *n)
{
  const gm_json *list = gm__json_find(n, "entry");
  bool changes = gm__fhir_is(n, "mode", "changes");
  for (const gm_json *k = list ? list->first : NULL; k; k = k->next)
    gm__fhir_demand(c, changes || !gm__json_find(k, "deleted"), k,
                    "lst-2: only a list of changes has deleted entries");
}

/* ---- parameters, definitions -------------------------------------------------------------------
 */
static void parameter(gm__fhir_check *c, const gm_json *n)
{
  int32_t count = (HAS("part") != 0) + (HAS("resource") != 0) + gm__fhir_has_way(n, "value");
  gm__fhir_demand(c, count == 1, n, "inv-1: a parameter has one of value, resource and parts");
}

static void question_more(gm__fhir_check *c, const gm_json *n, const char *type)
{
  bool group = !strcmp(type, "group"), display = !strcmp(type, "display");
  bool choice = !strcmp(type, "choice") || !strcmp(type, "open-choice") ||
                !strcmp(type, "decimal") || !strcmp(type, "integer") || !strcmp(type, "date") ||
                !strcmp(type, "dateTime") || !strcmp(type, "time") || !strcmp(type, "string") ||
                !strcmp(type, "quantity");
  gm__fhir_demand(c, choice || (!HAS("answerOption") && !HAS("answerValueSet")), n,
                  "que-5: this type of question has no list of answers");
  gm__fhir_demand(c, !(group || display) || !HAS("initial"), n,
                  "que-8: a group or display has no initial answer");
  const gm_json *repeats = gm__json_find(n, "repeats");
  gm__fhir_demand(c, gm__fhir_count(n, "initial") < 2 || (repeats && repeats->kind == GM_JSON_TRUE),
                  n, "que-13: only a question that repeats has several initial answers");
}

static void question(gm__fhir_check *c, const gm_json *n)
{
  const char *type = gm__fhir_text(n, "type");
  bool group = !strcmp(type, "group"), display = !strcmp(type, "display");
  gm__fhir_demand(c, !group || HAS("item"), n, "que-1: a group has items");
  gm__fhir_demand(c, !display || !HAS("item"), n, "que-1: a display has no items");
  gm__fhir_demand(c, !display || !HAS("code"), n, "que-3: a display has no code");
  gm__fhir_demand(c, !display || (!HAS("required") && !HAS("repeats")), n,
                  "que-6: a display is neither required nor repeated");
  gm__fhir_demand(c, gm__fhir_count(n, "enableWhen") < 2 || HAS("enableBehavior"), n,
                  "que-12: with several enableWhen there is an enableBehavior");
  question_more(c, n, type);
}

static void enable_when(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, !gm__fhir_is(n, "operator", "exists") || HAS("answerBoolean"), n,
                  "que-7: the operator exists has a boolean answer");
}

static void search_parameter(gm__fhir_check *c, const gm_json *n)
{
  if (gm__fhir_is(n, "type", "composite") && gm__fhir_count(n, "component") < 2)
    gm__fhir_issue(c, GM_FHIR_ERROR, "business-rule", n,
                   "a composite search parameter has two or more components");
}

static void include(gm__fhir_check *c, const gm_json *n)
{
  const char *system = gm__fhir_text(n, "system");
  if (system[0] && !gm__fhir_is_absolute(system))
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", n, "the system of a value set is absolute");
}

/* Resources that are known by a canonical URL: it is absolute. */
static void canonical_url(gm__fhir_check *c, const gm_json *n, const char *type)
{
  static const char *const types[] = {"ActivityDefinition",
                                      "CapabilityStatement",
                                      "ChargeItemDefinition",
                                      "CodeSystem",
                                      "CompartmentDefinition",
                                      "ConceptMap",
                                      "EventDefinition",
                                      "Evidence",
                                      "EvidenceVariable",
                                      "ExampleScenario",
                                      "GraphDefinition",
                                      "ImplementationGuide",
                                      "Library",
                                      "Measure",
                                      "MessageDefinition",
                                      "OperationDefinition",
                                      "PlanDefinition",
                                      "Questionnaire",
                                      "ResearchDefinition",
                                      "SearchParameter",
                                      "StructureDefinition",
                                      "StructureMap",
                                      "TerminologyCapabilities",
                                      "TestScript",
                                      "ValueSet"};
  const gm_json *url = gm__json_find(n, "url");
  if (!url || url->kind != GM_JSON_TEXT || gm__fhir_is_absolute(url->text)) return;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i], type) == 0)
      gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", url, "a canonical URL is absolute");
}

static const gm__fhir_rule_row rows[] = {{"AllergyIntolerance", allergy},
                                         {"Appointment", appointment},
                                         {"Bundle_Entry", gm__fhir_bundle_entry},
                                         {"Condition", condition},
                                         {"FamilyMemberHistory", family},
                                         {"List", list_rules},
                                         {"MedicationDispense", dispense},
                                         {"Observation", observation},
                                         {"Observation_Component", component},
                                         {"Organization", organization},
                                         {"Parameters_Parameter", parameter},
                                         {"Patient_Contact", patient_contact},
                                         {"Questionnaire_EnableWhen", enable_when},
                                         {"Questionnaire_Item", question},
                                         {"RiskAssessment_Prediction", prediction},
                                         {"SearchParameter", search_parameter},
                                         {"ValueSet_Include", include}};

void gm__fhir_resource_invariants(gm__fhir_check *c, const gm_json *node, const char *type)
{
  gm__fhir_rule *f = gm__fhir_rule_find(rows, sizeof rows / sizeof rows[0], type);
  if (f) f(c, node);
  pairs_check(c, node, type);
  canonical_url(c, node, type);
}
