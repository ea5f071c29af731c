/* test_text_sbml.c - a model text written as SBML means the same when it is read again, and libsbml
 * finds no fault with it.
 * label: full */
#include "equations/text_case.h"
#include "gemel/rand.h"
#include "kinds/equations/net/net.h"
#include "kinds/equations/sbml/sbml.h"
#include "kinds/equations/text_net.h"
#include "support/data.h"
#include "support/fault.h"
#include <dirent.h>
#include <sbml/SBMLTypes.h>
#include <stdlib.h>

/* ---- there and back -------------------------------------------------------------------------- */
static const gm_eq_config no_outputs = {.text = ""};

static eq_source lowered(net *n, const char *what)
{
  eq_source s = {0};
  if (net_lower(n, &no_outputs, NULL, &s)) fail_msg("%s: %s", what, gm_message(ctx));
  net_free(n);
  return s;
}

/* A.x is A__x in SBML. */
static int32_t as_in_sbml(const eq_name *n, int32_t count, const char *name)
{
  char id[600];
  size_t m = 0;
  for (const char *p = name; *p && m + 3 < sizeof id; p++) {
    if (*p == '.') id[m++] = '_';
    id[m++] = *p == '.' ? '_' : *p;
  }
  id[m] = 0;
  return named(n, count, id);
}

enum { ROOM = 4000 };

typedef struct {
  const eq_source *there, *back;
  double x[ROOM], xb[ROOM], theta[ROOM], thetab[ROOM], t;
  const char *what;
  double *scratch;
  int32_t compared;
} pair;

static double uniform(uint64_t i)
{
  const gm_key key = {{20261121, 3, 5, 7}};
  uint64_t r[4];
  gm_draw4(key, 0, 0, 0, i, r);
  return (double)(r[0] >> 11) * 0x1p-53;
}

/* The same random point in both models: states and parameters by name. */
static void choose_point(pair *p, uint64_t number)
{
  const eq_source *a = p->there, *b = p->back;
  assert_true(a->state_count <= ROOM && b->parameter_count <= ROOM && a->parameter_count <= ROOM);
  p->t = uniform(number * 100000) * 3;
  for (int32_t i = 0; i < b->parameter_count; i++) p->thetab[i] = b->parameter[i].value;
  for (int32_t i = 0; i < a->parameter_count; i++) {
    int32_t k = as_in_sbml(b->parameter, b->parameter_count, a->parameter[i].name);
    double v = a->parameter[i].value;
    if (k < 0) fail_msg("%s: parameter %s is lost", p->what, a->parameter[i].name);
    if (memcmp(&b->parameter[k].value, &v, sizeof v) != 0)
      fail_msg("%s: parameter %s became %.17g", p->what, a->parameter[i].name,
               b->parameter[k].value);
    p->theta[i] = p->thetab[k] = v * (0.5 + uniform(number * 100000 + 1 + (uint64_t)i));
  }
  assert_int_equal(a->state_count, b->state_count);
  for (int32_t i = 0; i < a->state_count; i++) {
    int32_t k = as_in_sbml(b->state, b->state_count, a->state[i].name);
    if (k < 0) fail_msg("%s: state %s is lost", p->what, a->state[i].name);
    p->x[i] = p->xb[k] = 0.1 + 5 * uniform(number * 100000 + 50000 + (uint64_t)i);
  }
}

static void compare(pair *p, ir_ref f, ir_ref g, const char *part, const char *name)
{
  if ((f < 0) != (g < 0)) fail_msg("%s: %s of %s is there once", p->what, part, name);
  if (f < 0) return;
  double v = ir_eval(&p->there->graph, f, p->t, p->x, p->theta, p->scratch);
  double w = ir_eval(&p->back->graph, g, p->t, p->xb, p->thetab, p->scratch);
  if (strcmp(part, "trigger") == 0) { /* a number is a truth value there: anything but 0 is true */
    v = v != 0;
    w = w != 0;
  }
  bool same = (isnan(v) && isnan(w)) || v == w || fabs(v - w) <= 1e-11 * (fabs(v) + fabs(w));
  if (!same) fail_msg("%s: %s of %s was %.17g and became %.17g", p->what, part, name, v, w);
  p->compared++;
}

static void compare_states(pair *p)
{
  const eq_source *a = p->there, *b = p->back;
  for (int32_t i = 0; i < a->state_count; i++) {
    int32_t k = as_in_sbml(b->state, b->state_count, a->state[i].name);
    assert_int_equal(a->kind[i], b->kind[k]);
    compare(p, a->rate[i], b->rate[k], "slope", a->state[i].name);
    compare(p, a->initial[i], b->initial[k], "start", a->state[i].name);
  }
  for (int32_t i = 0; i < a->output_count; i++) {
    int32_t k = as_in_sbml(b->output, b->output_count, a->output[i].name);
    if (k < 0) fail_msg("%s: output %s is lost", p->what, a->output[i].name);
    compare(p, a->value[i], b->value[k], "value", a->output[i].name);
  }
}

static void compare_events(pair *p)
{
  const eq_source *a = p->there, *b = p->back;
  assert_int_equal(a->event_count, b->event_count);
  for (int32_t i = 0; i < a->event_count; i++) {
    const eq_event *e = &a->event[i], *f = &b->event[i];
    assert_true(e->initial == f->initial && e->persistent == f->persistent &&
                e->at_trigger == f->at_trigger && e->assign_count == f->assign_count);
    compare(p, e->trigger, f->trigger, "trigger", e->name);
    compare(p, e->delay, f->delay, "delay", e->name);
    compare(p, e->priority, f->priority, "priority", e->name);
    for (int32_t k = 0; k < e->assign_count; k++)
      compare(p, a->assign[e->assign + k].value, b->assign[f->assign + k].value, "value", e->name);
  }
  assert_int_equal(a->channel_count, b->channel_count);
  for (int32_t i = 0; i < a->channel_count; i++) {
    assert_int_equal(a->channel[i].change_count, b->channel[i].change_count);
    compare(p, a->channel[i].propensity, b->channel[i].propensity, "rate", a->channel[i].name);
  }
  assert_int_equal(a->delay_count, b->delay_count);
  for (int32_t i = 0; i < a->delay_count; i++) {
    compare(p, a->delay[i].what, b->delay[i].what, "what", "a delay");
    compare(p, a->delay[i].lag, b->delay[i].lag, "lag", "a delay");
  }
}

static int32_t same_meaning(const eq_source *a, const eq_source *b, const char *what)
{
  static pair p; /* large */
  p = (pair){.there = a, .back = b, .what = what};
  int32_t most = a->graph.count > b->graph.count ? a->graph.count : b->graph.count;
  p.scratch = gm_alloc(ctx, most, sizeof *p.scratch);
  assert_non_null(p.scratch);
  for (uint64_t k = 0; k < 5; k++) {
    choose_point(&p, k + 1);
    compare_states(&p);
    compare_events(&p);
  }
  gm_free(p.scratch);
  return p.compared;
}

/* No errors, by libsbml's own rules; its warnings about units of bare numbers do not count. */
static void no_faults(const char *text, const char *what)
{
  SBMLDocument_t *d = readSBMLFromString(text);
  SBMLDocument_setConsistencyChecks(d, LIBSBML_CAT_UNITS_CONSISTENCY, 0);
  SBMLDocument_setConsistencyChecks(d, LIBSBML_CAT_MODELING_PRACTICE, 0);
  SBMLDocument_checkConsistency(d);
  unsigned errors = SBMLDocument_getNumErrorsWithSeverity(d, LIBSBML_SEV_ERROR) +
                    SBMLDocument_getNumErrorsWithSeverity(d, LIBSBML_SEV_FATAL);
  if (errors) {
    SBMLDocument_printErrors(d, stderr);
    fail_msg("%s: libsbml finds %u errors in\n%s", what, errors, text);
  }
  SBMLDocument_free(d);
}

static char *written(const net *n, const char *what)
{
  gm_text t;
  gm_text_init(&t, ctx);
  if (net_write_sbml(n, &t)) fail_msg("%s: %s", what, gm_message(ctx));
  return t.data;
}

static int32_t there_and_back(const char *text, const char *what)
{
  net n, m;
  if (eqt_net_read(ctx, text, what, &n)) fail_msg("%s", gm_message(ctx));
  char *sbml = written(&n, what);
  no_faults(sbml, what);
  if (sbml_read(ctx, sbml, what, &m)) fail_msg("%s: %s\n%s", what, gm_message(ctx), sbml);
  eq_source a = lowered(&n, what), b = lowered(&m, what);
  int32_t compared = same_meaning(&a, &b, what);
  eq_source_free(&a);
  eq_source_free(&b);
  gm_free(sbml);
  return compared;
}

static const char *const texts[] = {
    /* rules, derived values, functions */
    "function hill(x, e, n) x^n/(e^n + x^n) end\n"
    "model pd\n time has \"h\"; CL = 0.13 \"L/h\"; V = 8 \"L\"; k = CL/V; e = 2 \"mg/L\"; n = 1.7\n"
    "x = 10 \"mg\" # source: A & B <1999>\n x' = -k*x; C := x/V; E' = 1 - hill(C, e, n)*E; E = "
    "V*1.5\n"
    "pc = 3 \"%\"; w := -pc + 2*pc - 7 - pc - sqrt(abs(hid))*exp(-k*time); hid = 3\nend",
    /* reactions, compartments, amounts, names for numbers, boundary species */
    "compartment big = 10 \"L\", small = 2 \"L\"; A in big; B in small; substanceOnly species D in "
    "big\n"
    "J0: 2 A + B => n D; k*A*B*big\n J1: D -> m A; kd*D*A\n -> $Q; J0 + 1\n $Q -> B; Q*F\n"
    "A = 3; B = 5; D = 4; k = 0.25; kd = 0.5; n = 3; m := 1 + A/10; Q = 2; F := J1*2; F2' = "
    "rateOf(A)\n"
    "F2 = 0",
    /* events and delays */
    "x' = delay(x, 0.5)*0.1 - k*x; x = 2; k = 0.7; y = 1; compartment V = 3; S in V; S -> ; k*S*V; "
    "S = 2\n"
    "E1: at 2*k after x > 1 && !(y < 2 || S >= 3), priority = y, persistent = false: y = y + 1, S "
    "= S/2\n"
    "at time > 2, t0 = false: k = 2*k",
    /* a compartment that changes */
    "compartment V = 3; S in V; S -> P; k*S*V; S = 2; k = 0.5; V' = 0.1*V; P := S*2\n"
    "at 3 after time > 2, fromTrigger = false: V = 2*V",
    /* conditions and functions of MathML */
    "a = 2.25; b = 0.3; x' = f1 + f2 + f3 + f4 + f5; x = 1\n"
    "f1 := piecewise(1, xor(a > 1, x > 3), 2, a == b || (x != 1 && true), 3) + factorial(a)\n"
    "f2 := arcsinh(a) + arccosh(a) + arctanh(b) + sec(a) + arccot(b) + rem(x, a) + quotient(7, x) "
    "+ x % b\n"
    "f3 := min(a, x, b, 2) + max(a, x) + log10(a) + log(3, a) + ln(x) + root(3, x) + expm1(b) + "
    "log1p(b)\n"
    "f4 := floor(x) + ceil(x) + abs(-x) + tan(b) + arcsin(b) + arccos(b) + arctan(x) + sinh(b) + "
    "cosh(b)\n"
    "f5 := piecewise(sin(x), time > 1, cos(x)) + tanh(b) + pi + exponentiale - avogadro/1e23",
    /* sub-models */
    "model sub(S, k)\n compartment C = 2; species S in C, P in C; S = 3; P = 0.5; k = 0.5\n J: S "
    "-> 2 P; k*S*C\n"
    "E: at P > 1, priority = 2: P = 0\n end\n"
    "model *main\n A: sub(X, kk); B: sub(); A.C is B.C; kk = 0.1; X = 5; B.P -> Q; 0.3*B.P; Q = 0\n"
    "0 = z - 2*A.P - X\n y := A.J + z; species z\nend",
};

/* Every kind of text means the same after a visit to SBML. */
static void texts__mean_the_same(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    char what[20];
    snprintf(what, sizeof what, "text %d", (int)i + 1);
    assert_true(there_and_back(texts[i], what) >= 20);
  }
}

/* So do the models of the library. */
static void library__means_the_same(void **state)
{
  (void)state;
  DIR *d = opendir("models");
  int32_t count = 0;
  assert_non_null(d);
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    char path[400], *text;
    snprintf(path, sizeof path, "models/%s/model.ant", e->d_name);
    if (e->d_name[0] == '.' || gm_file_read(ctx, path, 1 << 20, &text, NULL)) continue;
    there_and_back(text, path);
    gm_free(text);
    count++;
  }
  closedir(d);
  assert_true(count >= 5);
}

/* ---- numbers and units ----------------------------------------------------------------------- */
/* Numbers come back with every bit, whether they stand as values or in formulas. */
static void numbers__keep_their_bits(void **state)
{
  (void)state;
  const double value[] = {0.1 + 0.2,
                          1.0 / 3,
                          1e-300,
                          1.7976931348623157e308,
                          2.2250738585072014e-308,
                          2.5e-7,
                          6.02214076e23,
                          -0.0,
                          -123456789.123456789,
                          1e15,
                          1e16,
                          12345678901234567.0};
  for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
    net n, m;
    int32_t a, b;
    assert_int_equal(GM_OK, net_init(&n, ctx, "m"));
    assert_int_equal(GM_OK, net_symbol_add(&n, NET_PARAMETER, "a", &a));
    assert_int_equal(GM_OK, net_symbol_add(&n, NET_PARAMETER, "b", &b));
    n.symbol[a].value = value[i];
    n.symbol[b].rule = ir_const(&n.graph, value[i]);
    char *sbml = written(&n, "numbers");
    if (sbml_read(ctx, sbml, "numbers", &m)) fail_msg("%s\n%s", gm_message(ctx), sbml);
    double v = m.symbol[a].value, w = m.graph.node[m.symbol[b].rule].value;
    assert_memory_equal(&v, &value[i], sizeof v);
    if (w != value[i]) fail_msg("%.17g became %.17g\n%s", value[i], w, sbml);
    net_free(&n);
    net_free(&m);
    gm_free(sbml);
  }
}

/* Units come back as units that are equal, or not at all where SBML has none. */
static void units__come_back(void **state)
{
  (void)state;
  static const char *const code[] = {"mg/L",   "mmol",   "1/h",    "%",      "L/h/kg",    "min",
                                     "kg",     "ug/mL",  "m2",     "mV",     "kPa",       "10*-3",
                                     "umol/L", "mL/min", "1",      "wk",     "mol/(L.s)", "cm2/s",
                                     "[IU]/L", "Cel",    "10*9/L", "mm[Hg]", "cal"};
  for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
    net n, m;
    int32_t a;
    gm_unit there, back;
    assert_int_equal(GM_OK, net_init(&n, ctx, "m"));
    assert_int_equal(GM_OK, net_symbol_add(&n, NET_PARAMETER, "a", &a));
    gm_free(n.symbol[a].unit);
    n.symbol[a].unit = gm_strdup(ctx, code[i]);
    n.symbol[a].value = 1;
    char *sbml = written(&n, code[i]);
    no_faults(sbml, code[i]);
    if (sbml_read(ctx, sbml, "units", &m)) fail_msg("%s\n%s", gm_message(ctx), sbml);
    const char *got = m.symbol[a].unit;
    bool none = strchr(code[i], '[') || strcmp(code[i], "Cel") == 0;
    if (!got[0] && !strstr(sbml, "units=") && none) got = NULL;
    if (got && got[0]) {
      assert_int_equal(GM_OK, gm_unit_parse(ctx, code[i], &there));
      assert_int_equal(GM_OK, gm_unit_parse(ctx, got, &back));
      if (!gm_unit_equal(&there, &back)) fail_msg("%s became %s\n%s", code[i], got, sbml);
    } else if (got && i < 18) {
      fail_msg("%s is lost\n%s", code[i], sbml);
    }
    net_free(&n);
    net_free(&m);
    gm_free(sbml);
  }
}

/* ---- what cannot be written ------------------------------------------------------------------ */
static void refused(const net *n, gm_status status, const char *part)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status got = net_write_sbml(n, &t);
  if (got != status || !strstr(gm_message(ctx), part))
    fail_msg("%s \"%s\", expected %s with \"%s\"", gm_status_name(got), gm_message(ctx),
             gm_status_name(status), part);
  assert_int_equal(0, t.bytes);
  gm_text_free(&t);
}

static net read_net(const char *text)
{
  net n;
  if (eqt_net_read(ctx, text, "m", &n)) fail_msg("%s", gm_message(ctx));
  return n;
}

/* Draws, fast reactions, depth, and names that would meet are refused by name. */
static void others__are_refused_by_name(void **state)
{
  (void)state;
  net n = read_net("x' = k; x = 1; k = 2; A -> B; k; A = 1; B = 1");
  n.symbol[0].initial = ir_make(&n.graph, IR_Q_NORMAL, net_uniform(&n), IR_NONE, IR_NONE);
  refused(&n, GM_EUNSUPPORTED, "random draws (package distrib)");
  n.symbol[0].initial = IR_NONE;
  n.reaction[0].fast = true;
  refused(&n, GM_EUNSUPPORTED, "reaction _J0 is fast");
  net_free(&n);
  n = read_net("model s\n x = 1; x' = 1\nend\nmodel t\n A: s(); A__x = 2; y := A__x\nend");
  refused(&n, GM_EUNSUPPORTED, "two names would both be A__x");
  net_free(&n);
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "function f(x) ");
  for (int i = 0; i < 100; i++) gm_text_add(&t, "cos(");
  gm_text_add(&t, "x");
  for (int i = 0; i < 100; i++) gm_text_add(&t, ")");
  gm_text_add(&t, " end\nx' = f(f(f(x))); x = 1");
  n = read_net(t.data);
  refused(&n, GM_EUNSUPPORTED, "nested more than 200 deep");
  net_free(&n);
  gm_text_free(&t);
}

/* A sum of many terms has depth one, and comes back; shared terms are not written out for ever. */
static void sums__may_be_long(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "a = 0.1; b = 3; x' = a");
  for (int i = 0; i < 9000; i++) gm_text_addf(&t, "%cb*%d", i % 3 ? '+' : '-', i);
  gm_text_add(&t, "; x = 1");
  there_and_back(t.data, "long sum");
  gm_text_free(&t);
  gm_text_add(&t, "function f0(x) sin(x) + 1 end\n");
  for (int i = 1; i < 30; i++) gm_text_addf(&t, "function f%d(x, y) sin(x*y) + y end\n", i);
  gm_text_add(&t, "a = 1; b0 := a");
  for (int i = 1; i < 30; i++) gm_text_addf(&t, "; b%d := f%d(b%d, b%d)", i, i, i - 1, i - 1);
  there_and_back(t.data, "functions");
  gm_text_free(&t);
}

/* Terms that are used twice at each of many levels are written out: that ends with a message. */
static void shared__terms_are_bounded(void **state)
{
  (void)state;
  net n = read_net("x' = 1; x = 1");
  ir_ref f = ir_leaf(&n.graph, IR_SYMBOL, 0);
  for (int i = 0; i < 60; i++)
    f = ir_make(&n.graph, IR_DIV, ir_make(&n.graph, IR_SIN, f, IR_NONE, IR_NONE),
                ir_make(&n.graph, IR_COS, f, IR_NONE, IR_NONE), IR_NONE);
  n.symbol[0].rate = f;
  refused(&n, GM_ERANGE, "longer than 67108864 bytes as SBML");
  net_free(&n);
}

static gm_status trial(gm_ctx *c, void *user)
{
  net n;
  gm_text t;
  (void)user;
  gm_text_init(&t, c);
  gm_status s = eqt_net_read(c, texts[1], "m", &n);
  if (s) return s;
  s = net_write_sbml(&n, &t);
  net_free(&n);
  gm_text_free(&t);
  return s;
}

/* Whatever allocation fails, the answer is GM_ENOMEM and nothing is left behind. */
static void memory__failures_leave_nothing(void **state)
{
  (void)state;
  assert_true(fault_sweep("net_write_sbml", trial, NULL) > 60);
}

/* ---- the test suite of SBML ------------------------------------------------------------------ */
static bool suite_text(const char *folder, const char *number, char **out)
{
  static const char *const level[] = {"l3v2", "l3v1", "l2v5", "l2v4",
                                      "l2v3", "l2v2", "l2v1", "l1v2"};
  for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
    char path[1200];
    int n = snprintf(path, sizeof path, "%.600s/%.250s/%.250s-sbml-%s.xml", folder, number, number,
                     level[i]);
    if (n > 0 && (size_t)n < sizeof path && gm_file_read(ctx, path, 1 << 24, out, NULL) == GM_OK)
      return true;
  }
  return false;
}

/* Fails unless the message that is there is one of those; returns 0. */
static int32_t for_reason(const char *number, const char *const *reason)
{
  for (; *reason; reason++)
    if (strstr(gm_message(ctx), *reason)) return 0;
  fail_msg("%s: %s", number, gm_message(ctx));
  return 0;
}

/* One case: 1 written and the same, 0 refused, for a reason that is known. */
static int32_t suite_case(const char *text, const char *number)
{
  net n, m;
  gm_text t;
  gm_text_init(&t, ctx);
  static const char *const reading[] = {"flux balance", "external model definition", NULL};
  static const char *const writing[] = {"fast reaction", NULL};
  static const char *const lowering[] = {"nothing to compute: no rule, no reaction, no event",
                                         NULL};
  if (sbml_read(ctx, text, number, &n)) return for_reason(number, reading);
  gm_status s = net_write_sbml(&n, &t);
  if (s) {
    net_free(&n);
    return for_reason(number, writing);
  }
  if (sbml_read(ctx, t.data, number, &m)) fail_msg("%s: %s\n%s", number, gm_message(ctx), t.data);
  eq_source a = {0}, b = {0};
  gm_status there = net_lower(&n, &no_outputs, NULL, &a);
  gm_status back = net_lower(&m, &no_outputs, NULL, &b);
  if (there != back) fail_msg("%s: %s, then %s", number, gm_status_name(there), gm_message(ctx));
  if (there) (void)for_reason(number, lowering);
  if (!there) same_meaning(&a, &b, number);
  net_free(&n);
  net_free(&m);
  eq_source_free(&a);
  eq_source_free(&b);
  gm_text_free(&t);
  return !there;
}

/* Every case of SBML's own test suite that can be read and written means the same afterwards. */
static void suite__means_the_same(void **state)
{
  (void)state;
  char folder[600];
  int32_t same = 0, all = 0;
  if (!data_path("sbml/semantic", folder, sizeof folder)) {
    data_skip("SBML's test suite written and read again", 1);
    return;
  }
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    char *text;
    if (e->d_name[0] == '.' || !suite_text(folder, e->d_name, &text)) continue;
    all++;
    same += suite_case(text, e->d_name);
    gm_free(text);
  }
  closedir(d);
  print_message("%d of %d cases written and read again\n", (int)same, (int)all);
  assert_true(all == 0 || same >= all * 9 / 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts__mean_the_same),
      cmocka_unit_test(library__means_the_same),
      cmocka_unit_test(numbers__keep_their_bits),
      cmocka_unit_test(units__come_back),
      cmocka_unit_test(others__are_refused_by_name),
      cmocka_unit_test(sums__may_be_long),
      cmocka_unit_test(shared__terms_are_bounded),
      cmocka_unit_test(memory__failures_leave_nothing),
      cmocka_unit_test(suite__means_the_same),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
