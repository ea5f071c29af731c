/* test_definition_errors.c - what is wrong in a definition is said with file, line, field and what
 * was expected; nothing is left behind, nothing partial comes out.
 * label: quick */
#include "twin/test_definition_case.h"
#include "support/fault.h"

typedef struct {
  const char *find, *put; /* one change to the case */
  gm_status status;
  const char *message; /* how it begins, without the folder */
} wrong;

static void check(const wrong *w, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    char *text = case_change(w[i].find, w[i].put);
    gm_definition *d = NULL;
    gm_status s = case_read(text, &d);
    const char *m = case_message();
    if (s != w[i].status || strncmp(m, w[i].message, strlen(w[i].message)) != 0)
      fail_msg("\"%s\" for \"%s\"\n  gave %s \"%s\"\n  expected %s \"%s\"", w[i].put, w[i].find,
               gm_status_name(s), m, gm_status_name(w[i].status), w[i].message);
    assert_null(d);
    free(text);
  }
}

#define CHECK(list) check(list, sizeof(list) / sizeof(list)[0])

/* A key that is not known is named with its line, the nearest one and all that are known. */
static void errors__unknown_keys(void **state)
{
  (void)state;
  const wrong w[] = {
      {"title: A case", "titel: A case", GM_EPARSE,
       "twin.yaml:2: titel: 'titel' is not a key here; did you mean 'title'? known: twin, title, "
       "question, context-of-use, model, kind, solver, subject, covariates-between-records, "
       "inputs, "
       "parameters, correlations, observables, targets, actions, limits, need, assumptions, "
       "sources, update-within"},
      {"typical: 15", "typcal: 15", GM_EPARSE,
       "twin.yaml:19: parameters.TLAG.typcal: 'typcal' is not a key here; did you mean 'typical'? "
       "known: typical, unit, between-subjects, occasion, covariate, fixed, source"},
      {"{lognormal: 0.25}", "{log-normal: 0.25}", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-subjects.log-normal: 'log-normal' is not a key here; "
       "did "
       "you mean 'lognormal'? known: lognormal, normal, logit"},
      {"{lognormal: {variance: 0.04}}", "{lognormal: {sd: 0.2}}", GM_EPARSE,
       "twin.yaml:17: parameters.V.between-subjects.lognormal.sd: 'sd' is not a key here; known: "
       "variance"},
      {"proportional: 10 %", "relative: 10 %", GM_EPARSE,
       "twin.yaml:24: observables.cp.error.relative: 'relative' is not a key here; known: "
       "additive, "
       "proportional, form"},
      {"is: 0.5}", "value: 0.5}", GM_EPARSE,
       "twin.yaml:22: correlations[1].value: 'value' is not a key here; known: between, is"},
      {"per-day: 4000 mg", "perday: 4000 mg", GM_EPARSE,
       "twin.yaml:36: limits.drug.perday: 'perday' is not a key here; did you mean 'per-day'?"},
      {"on: KA", "of: KA", GM_EPARSE,
       "twin.yaml:42: assumptions[2].of: 'of' is not a key here; did you mean 'on'? known: text, "
       "on"},
      {"high: 40", "hihg: 40", GM_EPARSE,
       "twin.yaml:32: targets.eff.hihg: 'hihg' is not a key here; "},
      {"every: [24", "evry: [24", GM_EPARSE, "twin.yaml:34: actions.drug.evry: "},
      {"at: 72 h", "after: 72 h", GM_EPARSE, "twin.yaml:39: need.eff.after: "},
      {"rtol", "tol", GM_EPARSE, "twin.yaml:6: solver.tol: 'tol' is not a key here; did you mean "},
      {"levels:", "level:", GM_EPARSE, "twin.yaml:10: subject.SEX.level: "},
      {"into: depot", "in: depot", GM_EPARSE, "twin.yaml:12: inputs.drug.in: "},
      {"label:", "lable:", GM_EPARSE, "twin.yaml:25: observables.cp.lable: "},
  };
  CHECK(w);
}

/* What is missing is named together with what was expected; a missing unit is never a 1. */
static void errors__missing(void **state)
{
  (void)state;
  const wrong w[] = {
      {"unit: L/d, ", "", GM_EUNIT,
       "twin.yaml:15: parameters.CL.unit: missing; a UCUM code such as L/h is expected"},
      {"unit: L/d", "unit: ", GM_EUNIT,
       "twin.yaml:15: parameters.CL.unit: empty; a UCUM code such as L/h is expected"},
      {"unit: kg, ", "", GM_EUNIT,
       "twin.yaml:9: subject.WT.unit: missing; a UCUM code such as kg "},
      {"unit: g, ", "", GM_EUNIT,
       "twin.yaml:12: inputs.drug.unit: missing; a UCUM code such as mg"},
      {"unit: mg/L, ", "", GM_EUNIT,
       "twin.yaml:24: observables.cp.unit: missing; a UCUM code such as mg/L is expected"},
      {", unit: mg.d/L", "", GM_EUNIT,
       "twin.yaml:31: targets.cp[2].unit: missing; the unit of an area, such as mg/L.h, is "
       "expected"},
      {"twin: case\n", "", GM_EPARSE,
       "twin.yaml:1: twin: missing; the name of the twin is expected"},
      {"twin: case\n", "twin:\n", GM_EPARSE, "twin.yaml:1: twin: empty; the name of the twin is "},
      {"question: Which dose keeps cp above 5?\n", "", GM_EPARSE,
       "twin.yaml:1: question: missing; "},
      {"context-of-use: tests\n", "", GM_EPARSE, "twin.yaml:1: context-of-use: missing; "},
      {"model: model.ant\n", "", GM_EPARSE,
       "twin.yaml:1: model: missing; the file of the model is "},
      {"typical: 15, ", "", GM_EPARSE,
       "twin.yaml:19: parameters.TLAG.typical: missing; a number or "},
      {"into: depot, ", "", GM_EPARSE, "twin.yaml:12: inputs.drug.into: missing; a state of the "},
      {"is: central/V, ", "", GM_EPARSE, "twin.yaml:24: observables.cp.is: missing; "},
      {", error: none", "", GM_EPARSE,
       "twin.yaml:27: observables.eff.error: missing; {additive: ..., proportional: ...} or none "
       "is "
       "expected"},
      {"doses: [2, 0.5, 1000 mg], ", "", GM_EPARSE, "twin.yaml:34: actions.drug.doses: missing; "},
      {"at: 3 d, ", "", GM_EPARSE,
       "twin.yaml:38: need.cp.at: missing; how far ahead, such as 72 h"},
      {"within: 10 %, ", "", GM_EPARSE,
       "twin.yaml:38: need.cp.within: missing; a share such as 10 % or an amount such as 2 mg/L "
       "is"},
      {"text: absorption is first order, ", "", GM_EPARSE,
       "twin.yaml:42: assumptions[2].text: miss"},
      {"{high: 40}", "{of: peak}", GM_EPARSE,
       "twin.yaml:32: targets.eff: no bound; low, high or b"},
      {"{per-day: 4000 mg, per-dose: 2, interval-least: 0.25 d}", "{}", GM_EPARSE,
       "twin.yaml:36: limits.drug: empty; per-day, per-dose or interval-least is expected"},
  };
  CHECK(w);
}

/* Units that do not fit are named on both sides; a number without unit is refused where it counts.
 */
static void errors__units(void **state)
{
  (void)state;
  const wrong w[] = {
      {"unit: L/d", "unit: L", GM_EUNIT,
       "twin.yaml:15: parameters.CL.unit: L does not convert to L/h, the unit of CL in model.ant"},
      {"unit: L/d", "unit: furlong", GM_EPARSE, "twin.yaml:15: parameters.CL.unit: "},
      {"unit: g,", "unit: mmol,", GM_EUNIT,
       "twin.yaml:12: inputs.drug.unit: mmol does not convert to mg, the unit of depot in "
       "model.ant"},
      {"lag: TLAG", "lag: 0.25", GM_EUNIT,
       "twin.yaml:12: inputs.drug.lag: '0.25' has no unit; one that converts to h is expected, as "
       "in"},
      {"lag: TLAG", "lag: 2 mg", GM_EUNIT,
       "twin.yaml:12: inputs.drug.lag: mg does not convert to h"},
      {"lag: TLAG", "lag: TLAG * WT", GM_EUNIT, "twin.yaml:12: inputs.drug.lag: "},
      {"lag: TLAG", "lag: TLAG + CL", GM_EUNIT,
       "twin.yaml:12: inputs.drug.lag: column 6: cannot add min and L/d"},
      {"lag: TLAG", "lag: SEX", GM_EUNIT, "twin.yaml:12: inputs.drug.lag: 1 does not convert to h"},
      {"rate: 2 * R1", "rate: 100", GM_EUNIT,
       "twin.yaml:13: inputs.drug.rate: '100' has no unit; one "
       "that converts to g/h is expected"},
      {"80 %", "80 mg", GM_EUNIT,
       "twin.yaml:12: inputs.drug.bioavailability: mg does not convert to"},
      {"additive: 400 ug/L", "additive: 400 ug", GM_EUNIT,
       "twin.yaml:24: observables.cp.error.additive: ug does not convert to mg/L"},
      {"{additive: 0.2}, scale", "{additive: 0.2 mg}, scale", GM_EUNIT,
       "twin.yaml:26: observables.amount.error.additive: mg does not convert to 1"},
      {"loq: 0.1", "loq: 0.1 mg", GM_EUNIT,
       "twin.yaml:25: observables.cp.loq: mg does not convert "},
      {"{is: central/V, unit: mg/L", "{is: central/V, unit: ug/L", GM_EUNIT,
       "twin.yaml:24: observables.cp.is"},
      {"unit: mg.d/L", "unit: mg/L", GM_EUNIT,
       "twin.yaml:31: targets.cp[2].unit: mg/L does not convert to mg/L.h"},
      {"{high: 40}", "{high: 40 mg}", GM_EUNIT,
       "twin.yaml:32: targets.eff.high: mg does not convert "},
      {"0.5 d]", "12]", GM_EUNIT,
       "twin.yaml:34: actions.drug.every[2]: '12' has no unit; one that "
       "converts to h is expected, as in '24 h'"},
      {"1000 mg]", "1000 mL]", GM_EUNIT,
       "twin.yaml:34: actions.drug.doses[3]: mL does not convert to "
       "g"},
      {"per-day: 4000 mg", "per-day: 4000 mg/d", GM_EUNIT, "twin.yaml:36: limits.drug.per-day: "},
      {"interval-least: 0.25 d", "interval-least: 6", GM_EUNIT,
       "twin.yaml:36: limits.drug.interval-"},
      {"within: 10 %", "within: 0.1", GM_EUNIT,
       "twin.yaml:38: need.cp.within: '0.1' has no unit; a share such as 10 % or an amount such as "
       "2 "
       "mg/L is expected"},
      {"within: 10 %", "within: 10 kg", GM_EUNIT,
       "twin.yaml:38: need.cp.within: kg does not convert"},
      {"{normal: 0.2}", "{normal: 0.2 h}", GM_EUNIT,
       "twin.yaml:18: parameters.KA.between-subjects.normal: h does not convert to /h"},
      {"{normal: 0.2}", "{logit: 0.2}", GM_EUNIT,
       "twin.yaml:18: parameters.KA.unit: /h with logit spread; a share has the unit 1"},
      {"typical: 8, unit", "typical: 8 L/d, unit", GM_EPARSE,
       "twin.yaml:15: parameters.CL.typical: '8 L/d'; a number alone is expected, its unit in "
       "`unit`"},
  };
  CHECK(w);
}

/* Numbers: finite, with a point, of the right sign. */
static void errors__numbers(void **state)
{
  (void)state;
  const wrong w[] = {
      {"{lognormal: 0.25}", "{lognormal: -0.25}", GM_ERANGE,
       "twin.yaml:15: parameters.CL.between-subjects.lognormal: '-0.25'; more than 0 is expected"},
      {"{lognormal: 0.25}", "{lognormal: 0}", GM_ERANGE,
       "twin.yaml:15: parameters.CL.between-subje"},
      {"{lognormal: 0.25}", "{lognormal: .nan}", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-sub"},
      {"{lognormal: 0.25}", "{lognormal: .inf}", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-sub"},
      {"{lognormal: 0.25}", "{lognormal: 1e999}", GM_ERANGE,
       "twin.yaml:15: parameters.CL.between-subjects.lognormal: '1e999' is too large for a number"},
      {"variance: 0.04", "variance: -1", GM_ERANGE,
       "twin.yaml:17: parameters.V.between-subjects.lognormal.variance: '-1'; more than 0 is "
       "expecte"},
      {"variance: 0.04", "variance: 0x10", GM_EPARSE,
       "twin.yaml:17: parameters.V.between-subjects.lognormal.variance: '0x10'; a number alone "
       "is "},
      {"variance: 0.04", "variance: \"0,04\"", GM_EPARSE,
       "twin.yaml:17: parameters.V.between-subjects.lognormal.variance: '0,04'; the decimal sign "
       "is "},
      {"additive: 400 ug/L", "additive: -1", GM_ERANGE,
       "twin.yaml:24: observables.cp.error.additive: '-1'; 0 or more is expected"},
      {"proportional: 10 %", "proportional: -10 %", GM_ERANGE,
       "twin.yaml:24: observables.cp.error.pr"},
      {"{additive: 400 ug/L, proportional: 10 %}", "{additive: 0}", GM_ERANGE,
       "twin.yaml:24: observables.cp.error: no measurement is exact; `additive` or `proportional` "
       "above 0 is expected (or `error: none` for what is never measured)"},
      {"typical: 8,", "typical: -8,", GM_ERANGE,
       "twin.yaml:15: parameters.CL.typical: '-8' with "
       "lognormal spread; more than 0 is expected"},
      {"typical: 8,", "typical: nan,", GM_EPARSE, "twin.yaml:15: parameters.CL.typical"},
      {"typical: 8,", "typical: 1e400,", GM_ERANGE,
       "twin.yaml:15: parameters.CL.typical: '1e400' is "},
      {"typical: 1, unit: /h, between-subjects: {normal",
       "typical: 1, unit: \"1\", between-subjects: {logit", GM_EUNIT,
       "twin.yaml:18: parameters.KA.unit: 1 does not convert to /h"},
      {"R1: {typical: 100, unit: mg/h}",
       "R1: {typical: 1, unit: \"1\", between-subjects: {logit: 1}}", GM_ERANGE,
       "twin.yaml:20: parameters.R1.typical: '1' with logit spread; a share between 0 and"},
      {"low: 5, high: 10", "low: 10, high: 5", GM_ERANGE,
       "twin.yaml:30: targets.cp[1]: low 10 is not below high 5"},
      {"best: 3", "best: 5", GM_ERANGE,
       "twin.yaml:31: targets.cp[2].best: 120 lies outside 48 to 96"},
      {"[40, 150]", "[150, 40]", GM_ERANGE,
       "twin.yaml:9: subject.WT.range: 150 to 40; the lowest "},
      {"[40, 150]", "[40]", GM_EPARSE,
       "twin.yaml:9: subject.WT.range: a list of 1; [lowest, highest] is"},
      {"default: 70", "default: 7", GM_ERANGE, "twin.yaml:9: subject.WT.default: 7 lies outside"},
      {"rtol: 1e-9", "rtol: 2", GM_ERANGE,
       "twin.yaml:6: solver.rtol: '2'; a number between 0 and 1"},
      {"atol: 1e-12", "atol: -1", GM_ERANGE, "twin.yaml:6: solver.atol: '-1'; more than 0 is "},
      {"doses: [2, 0.5", "doses: [-2, 0.5", GM_ERANGE,
       "twin.yaml:34: actions.drug.doses[1]: '-2'; 0 "},
      {"doses: [2, 0.5", "doses: [1, 0.5", GM_EPARSE,
       "twin.yaml:34: actions.drug.doses: 1 g is there "
       "twice"},
      {"every: [24 h", "every: [0 h", GM_ERANGE,
       "twin.yaml:34: actions.drug.every[1]: '0 h'; more "},
      {"within-absolute: 5", "within-absolute: 0", GM_ERANGE,
       "twin.yaml:39: need.eff.within-absolute"},
      {"loq: 0.1", "loq: 0", GM_ERANGE,
       "twin.yaml:25: observables.cp.loq: '0'; more than 0 is expec"},
      {"duration: 30 min, rate", "duration: -30 min, rate", GM_ERANGE,
       "twin.yaml:13: inputs.drug.duration: '-30 min'; 0 or more is expected"},
  };
  CHECK(w);
}

/* Names that are not there, names that cannot be, and words outside their list. */
static void errors__names(void **state)
{
  (void)state;
  const wrong w[] = {
      {"  KA: {", "  KB: {", GM_ENOTFOUND,
       "twin.yaml:18: parameters.KB: 'KB' is not a parameter of the model, and no input uses it; "
       "did "
       "you mean 'KA'? known: CL, V, KA, KE"},
      {"lag: TLAG, ", "", GM_ENOTFOUND,
       "twin.yaml:19: parameters.TLAG: 'TLAG' is not a parameter of "
       "the model, and no input uses it; "},
      {"into: depot", "into: depo", GM_ENOTFOUND,
       "twin.yaml:12: inputs.drug.into: 'depo' is not a state of the model; did you mean 'depot'? "
       "known: "},
      {"[CL, V]", "[CL, W]", GM_ENOTFOUND,
       "twin.yaml:22: correlations[1].between[2]: 'W' is not a parameter that varies between "
       "subjects; did you mean 'V'? known: CL, V, KA"},
      {"[CL, V]", "[CL, TLAG]", GM_ENOTFOUND,
       "twin.yaml:22: correlations[1].between[2]: 'TLAG' is no"},
      {"[CL, V]", "[CL, CL]", GM_EPARSE,
       "twin.yaml:22: correlations[1].between: the same parameter "},
      {"[CL, V]", "[CL]", GM_EPARSE,
       "twin.yaml:22: correlations[1].between: a list of 1; two names are"},
      {"  eff: {high: 40}", "  effect: {high: 40}", GM_ENOTFOUND,
       "twin.yaml:32: targets.effect: 'effect' is not an observable of this definition; "},
      {"  drug: {doses", "  drugs: {doses", GM_ENOTFOUND,
       "twin.yaml:34: actions.drugs: 'drugs' is not an input of this definition; did you mean "
       "'drug'?"
       " known: drug"},
      {"  drug: {per-day", "  dr: {per-day", GM_ENOTFOUND,
       "twin.yaml:36: limits.dr: 'dr' is not an "},
      {"  cp: {within", "  pc: {within", GM_ENOTFOUND,
       "twin.yaml:38: need.pc: 'pc' is not an observ"},
      {"of: trough", "of: through", GM_EPARSE,
       "twin.yaml:30: targets.cp[1].of: 'through' is not a choice here; did you mean 'trough'? "
       "known: "
       "range, trough, peak, auc24, average"},
      {"method: explicit", "method: rk4", GM_EPARSE,
       "twin.yaml:6: solver.method: 'rk4' is not a cho"},
      {"records: last", "records: never", GM_EPARSE,
       "twin.yaml:7: covariates-between-records: 'neve"},
      {"scale: log", "scale: ln", GM_EPARSE,
       "twin.yaml:26: observables.amount.scale: 'ln' is not a "},
      {"against: last-value", "against: luck", GM_EPARSE,
       "twin.yaml:38: need.cp.against: 'luck' is "},
      {"fixed: true", "fixed: yes", GM_EPARSE,
       "twin.yaml:19: parameters.TLAG.fixed: 'yes' is not a "},
      {"default: male", "default: man", GM_EPARSE,
       "twin.yaml:10: subject.SEX.default: 'man' is not a"},
      {"levels: [female, male], default: male", "levels: [a, a]", GM_EPARSE,
       "twin.yaml:10: subject.SEX.levels[2]: 'a' is there twice"},
      {"levels: [female, male], default: male", "levels: [a]", GM_EPARSE,
       "twin.yaml:10: subject.SEX.levels: one level; at least two are expected"},
      {"levels: [female", "unit: kg, levels: [female", GM_EPARSE,
       "twin.yaml:10: subject.SEX.unit: not together with `levels`"},
      {"  SEX: {", "  S-X: {", GM_EPARSE, "twin.yaml:10: subject.S-X: not a name; a letter, then "},
      {"  SEX: {", "  occasion: {", GM_EPARSE,
       "twin.yaml:10: subject.occasion: `occasion` is the "},
      {"  R1: {", "  SEX: {", GM_EPARSE,
       "twin.yaml:20: parameters.SEX: a covariate under `subject` "},
      {"  R1: {", "  time: {", GM_EPARSE,
       "twin.yaml:20: parameters.time: `time` has a meaning of its"},
      {"loinc|1-8", "loinc 1-8", GM_EPARSE,
       "twin.yaml:25: observables.cp.code: 'loinc 1-8'; SYSTEM|CODE such as loinc|29463-7 is "
       "expected"},
      {"(1 + 0.1*SEX)", "(1 + 0.1*SEXX)", GM_EPARSE, "twin.yaml:17: parameters.V.typical:"},
      {"(WT/70)^0.75", "(WT/70^0.75", GM_EPARSE, "twin.yaml:16: parameters.CL.covariate:"},
      {"is: central/V", "is: centrl/V", GM_EPARSE, "twin.yaml:24: observables.cp.is"},
  };
  CHECK(w);
}

/* A list where a map belongs, a map where a text belongs, and what excludes each other. */
static void errors__shapes(void **state)
{
  (void)state;
  const wrong w[] = {
      {"title: A case", "title: [A, case]", GM_EPARSE,
       "twin.yaml:2: title: a list; a text is expec"},
      {"title: A case", "title: {A: case}", GM_EPARSE,
       "twin.yaml:2: title: a map; a text is expected"},
      {"title: A case", "title: \"\"", GM_EPARSE,
       "twin.yaml:2: title: nothing; a text is expected"},
      {"{rtol: 1e-9, atol: 1e-12, method: explicit}", "fast", GM_EPARSE,
       "twin.yaml:6: solver: a text; a map (key: value) is expected"},
      {"{lognormal: 0.25}", "0.25", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-subjects: a text; a map (key: value) is expected"},
      {"{lognormal: 0.25}", "{lognormal: 0.25, normal: 1}", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-subjects: 2 keys; one of lognormal, normal, logit is"},
      {"{lognormal: 0.25}", "{lognormal: [0.25]}", GM_EPARSE,
       "twin.yaml:15: parameters.CL.between-subjects.lognormal: a list; "},
      {"occasion: {lognormal: 0.1}", "occasion: {normal: 0.1}", GM_EPARSE,
       "twin.yaml:16: parameters.CL.occasion: normal, but between subjects it is lognormal; one "
       "kind"},
      {"fixed: true", "fixed: true, occasion: {normal: 1}", GM_EPARSE,
       "twin.yaml:19: parameters.TLAG.fixed: a fixed parameter does not vary; leave out "
       "`occasion`"},
      {"  - {between: [CL, V], is: 0.5}", "  between: [CL, V]\n  is: 0.5", GM_EPARSE,
       "twin.yaml:21: correlations: a map; a list [...] is expected"},
      {"doses: [2, 0.5, 1000 mg]", "doses: []", GM_EPARSE,
       "twin.yaml:34: actions.drug.doses: an emp"},
      {"sources: [Someone 1990, Other 1991]", "sources: Someone", GM_EPARSE,
       "twin.yaml:43: sources: "},
      {"error: none", "error: no", GM_EPARSE, "twin.yaml:27: observables.eff.error: a text; a map"},
      {"{additive: 0.2}, scale", "{additive: 0.2, proportional: 0.1}, scale", GM_EPARSE,
       "twin.yaml:26: observables.amount.error.proportional: not with `scale: log`"},
      {"loq: 0.1, ", "", GM_EPARSE, "twin.yaml:25: observables.cp.censor-zero: needs `loq`"},
      {"within: 10 %", "within: 10 %, within-absolute: 1", GM_EPARSE,
       "twin.yaml:38: need.cp.within-absolute: not together with `within`; one is expected"},
      {"scale: log", "sensor: {tau: 1 h}", GM_EUNSUPPORTED,
       "twin.yaml:26: observables.amount.sensor: errors with a memory are not supported in this "
       "version; leave it out"},
      {"model: model.ant", "model: model.ant\nkind: queue", GM_EINVAL, "twin.yaml:5: model: "},
      {"model: model.ant", "model: model.ant\nkind: fields", GM_EPARSE, "twin.yaml:6: kind: "},
      {"model: model.ant", "model: other.ant", GM_EIO, "twin.yaml:5: model: "},
      {"model: model.ant", "model: .", GM_EIO, "twin.yaml:5: model: "},
  };
  CHECK(w);
}

/* Correlations that cannot hold together are refused with the names that are bound to each other:
 * with r(CL,V) = r(V,KA) = 0.9, r(CL,KA) = -0.9 the determinant is 1 - 3*0.81 - 2*0.729 < 0. */
static void errors__correlations(void **state)
{
  (void)state;
  const wrong w[] = {
      {"is: 0.5}", "is: 0.9}\n  - {between: [V, KA], is: 0.9}\n  - {between: [KA, CL], is: -0.9}",
       GM_ERANGE,
       "twin.yaml:21: correlations: the correlations of CL, V, KA cannot hold together "
       "(their matrix is not positive definite)"},
      {"is: 0.5}", "is: 1}", GM_ERANGE,
       "twin.yaml:22: correlations[1].is: '1' between CL and V; a "
       "number between -1 and 1 is expected"},
      {"is: 0.5}", "is: -1.5}", GM_ERANGE,
       "twin.yaml:22: correlations[1].is: '-1.5' between CL and V"},
      {"is: 0.5}", "is: 0.5}\n  - {between: [V, CL], is: 0.4}", GM_EPARSE,
       "twin.yaml:23: correlations[2].between: V and CL were given before"},
  };
  CHECK(w);
}

/* A model text that states no unit of time, or no unit for what the definition gives, is refused;
 * so is a model that is wrong itself, with its own line. */
static void errors__models(void **state)
{
  (void)state;
  const struct {
    const char *model, *message;
    gm_status status;
  } w[] = {
      {"x has \"mg\"\nx = 0\nk = 1 \"/h\"\nx' = -k*x\n",
       "twin.yaml:4: model: model.ant states no unit of time; a line such as time has \"h\" is "
       "expected in it",
       GM_EUNIT},
      {"time has \"h\"\nx has \"mg\"\nx = 0\nk = 1\nx' = -k*x\n",
       "twin.yaml:6: parameters.k: model.ant states no unit for k; one that converts to /h is "
       "expected there",
       GM_EUNIT},
      {"time has \"h\"\nx has \"mg\"\nx = 0\nx' = -k*x\n", "model.ant:4:7: ", GM_EPARSE},
  };
  static const char twin[] = "twin: a\nquestion: b\ncontext-of-use: c\nmodel: model.ant\n"
                             "parameters:\n  k: {typical: 1, unit: /h}\n"
                             "observables: {x: {is: x, unit: mg, error: {additive: 1}}}\n";
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    gm_definition *d = NULL;
    case_write("model.ant", w[i].model, strlen(w[i].model));
    gm_status s = case_read(twin, &d);
    if (s != w[i].status || strncmp(case_message(), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s \"%s\", expected \"%s\"", gm_status_name(s), case_message(), w[i].message);
    assert_null(d);
  }
  case_write("model.ant", CASE_MODEL, strlen(CASE_MODEL));
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_definition *d = NULL;
  gm_status s = gm_definition_read(c, case_path, &d);
  if (s)
    assert_null(d);
  else
    gm_definition_free(d);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, a message, and nothing is left behind. */
static void errors__out_of_memory(void **state)
{
  (void)state;
  case_write("twin.yaml", CASE_TWIN, strlen(CASE_TWIN));
  int64_t n = fault_sweep("gm_definition_read", trial, NULL);
  assert_true(n > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors__unknown_keys),  cmocka_unit_test(errors__missing),
      cmocka_unit_test(errors__units),         cmocka_unit_test(errors__numbers),
      cmocka_unit_test(errors__names),         cmocka_unit_test(errors__shapes),
      cmocka_unit_test(errors__correlations),  cmocka_unit_test(errors__models),
      cmocka_unit_test(errors__out_of_memory),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
