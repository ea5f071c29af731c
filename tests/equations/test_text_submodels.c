/* test_text_submodels.c - models inside models: names, what is given anew, second names, deletions,
 * and that hostile ones end.
 * label: quick */
#include "equations/text_case.h"
#include "support/fault.h"

static const char side[] = "model side(S, k1)\n"
                           "  J0: S + E -> SE; k1*S*E - k2*SE\n"
                           "  S = 5; E = 3; SE = E + S; k1 = 1.2; k2 = 0.4\n"
                           "end\n";

static eq_source with_side(const char *rest)
{
  char text[3000];
  snprintf(text, sizeof text, "%s%s", side, rest);
  return read_model(text);
}

/* What a sub-model holds is there under dotted names, once for each use, with its values. */
static void parts__have_dotted_names(void **state)
{
  (void)state;
  eq_source s = with_side("model both\n A: side()\n B: side()\n end\n");
  assert_string_equal("both", s.model_name);
  assert_int_equal(6, s.state_count);
  assert_int_equal(4, s.parameter_count);
  assert_string_equal("A.S", s.state[0].name);
  assert_string_equal("B.SE", s.state[5].name);
  NEAR(8, work_out(&s, s.initial[state_named(&s, "A.SE")], 0, NULL));
  NEAR(-(1.2 * 15 - 0.4 * 8), slope(&s, "B.E"));
  assert_string_equal("A.J0", s.channel[0].name);
  eq_source_free(&s);
}

/* Sub-models of sub-models add a dot; statements may use and give anew what is inside. */
static void parts__are_used_and_given_anew(void **state)
{
  (void)state;
  eq_source s = with_side("model two\n A: side(); A.E = 10\n A.SE -> ; k3*A.SE; k3 = 2\nend\n"
                          "model three\n T: two(); T.A.k1 = 0.1; y := T.A.E + T.k3\nend\n");
  NEAR(10 + 2, output(&s, "y"));
  NEAR(15, work_out(&s, s.initial[state_named(&s, "T.A.SE")], 0, NULL)); /* E + S with the new E */
  NEAR(0.1 * 5 * 10 - 0.4 * 15 - 2 * 15, slope(&s, "T.A.SE"));
  eq_source_free(&s);
  s = with_side("model own\n A: side()\n A.J0 = 7\n A.k2 := 2*time\nend");
  NEAR(-7, slope(&s, "A.S"));
  eq_source_free(&s);
}

/* `is` makes two names one: what is stated outside stays; of two from inside the right one does. */
static void is__makes_one_of_two(void **state)
{
  (void)state;
  eq_source s = with_side("model full\n var species S\n A: side(); A.S is S\n B: side(); B.S is S\n"
                          "B.k1 = 2.4; S = 7; y := A.S + B.S + S\nend\n");
  assert_int_equal(5, s.state_count);
  NEAR(-(1.2 * 21 - 0.4 * 10) - (2.4 * 21 - 0.4 * 10), slope(&s, "S"));
  NEAR(21, output(&s, "y"));
  eq_source_free(&s);
  s = with_side("model full\n A: side(); B: side(); B.S = 1; A.S is B.S\nend\n");
  assert_int_equal(5, s.state_count);
  NEAR(1, work_out(&s, s.initial[state_named(&s, "B.S")], 0, NULL));
  eq_source_free(&s);
  s = read_model("A -> B; A; A is ABA; ABA = 3; B = 1; y := ABA");
  NEAR(-3, slope(&s, "ABA"));
  NEAR(3, output(&s, "y"));
  eq_source_free(&s);
}

/* Names in brackets are joined to those of the model's brackets; a number gives a value. */
static void brackets__join_names(void **state)
{
  (void)state;
  eq_source s = with_side("model full\n A: side(X, q)\n side(X, 9)\n X = 2; q = 3\nend\n");
  NEAR(-(3 * 6 - 0.4 * 5) - (9 * 6 - 0.4 * 5), slope(&s, "X"));
  assert_true(named(s.state, s.state_count, "_M0.E") >= 0);
  eq_source_free(&s);
}

/* delete takes a part with the reactions and formulas that need it; `A.x = ;` takes a value. */
static void deleted__parts_are_gone(void **state)
{
  (void)state;
  eq_source s =
      with_side("model less\n A: side(); delete A.J0; A.S' = -A.k1*A.S\n A.SE = ; A.SE = 1\nend\n");
  assert_int_equal(1, s.state_count);
  NEAR(-6, slope(&s, "A.S"));
  eq_source_free(&s);
  s = with_side("model less\n A: side(); delete A.E\n A.SE = 4; A.S -> ; A.S\nend\n");
  assert_int_equal(1, s.state_count); /* the reaction went with E */
  NEAR(-5, slope(&s, "A.S"));
  assert_int_equal(-1, named(s.parameter, s.parameter_count, "A.E"));
  eq_source_free(&s);
  s = read_model("model r\n x := 2*time; v = 1; v' = x\n at v > 2: v = 0\n end\n"
                 "model m\n R: r(); R.x := ; R.x = 3; delete R._E0\nend");
  NEAR(3, slope(&s, "R.v"));
  assert_int_equal(0, s.event_count);
  eq_source_free(&s);
}

/* The main model is that with a *; else what stands outside of models; else the last. */
static void main__model_is_chosen(void **state)
{
  (void)state;
  eq_source s = read_model("model *a\n x' = 1; x = 0\nend\nmodel b\n y' = 1; y = 0\nend");
  assert_string_equal("a", s.model_name);
  assert_string_equal("x", s.state[0].name);
  eq_source_free(&s);
  s = read_model("model a\n x' = 1; x = 0\nend\nmodel b\n y' = 1; y = 0\nend\na is \"first\"");
  assert_string_equal("b", s.model_name);
  eq_source_free(&s);
  s = read_model("model a(k)\n x' = k; x = 0\nend\nP: a(3)\nP.x = 2");
  NEAR(3, slope(&s, "P.x"));
  NEAR(2, work_out(&s, s.initial[0], 0, NULL));
  eq_source_free(&s);
}

/* Compartments, events, equations and units come along; a sub-model may be `in` a compartment. */
static void all__kinds_come_along(void **state)
{
  (void)state;
  eq_source s = read_model(
      "unit u = 1e-3 mole\n"
      "model part\n unit u = 1e-3 mole; time has \"h\"\n J: S -> P; k*S; S = 6 u; P = 0 u\n"
      " k = 2 \"1/h\"; E: at S < 1 u, priority = 3: S = 6\n"
      " 0 = q - 2*S; species q\n end\n"
      "model whole\n time has \"h\"; compartment V = 3\n A: part() in V\n"
      " y := A.q + A.J\nend\n"
      "unit u2 = 1 mole");
  assert_string_equal("h", s.time_unit);
  NEAR(18, work_out(&s, s.initial[state_named(&s, "A.S")], 0, NULL)); /* 6 in a V of 3 */
  NEAR(12 + 12, output(&s, "y"));
  assert_int_equal(1, s.event_count);
  assert_string_equal("A.E", s.event[0].name);
  NEAR(18, work_out(&s, s.assign[0].value, 0, NULL));
  eq_source_free(&s);
}

/* Annotations, terms of SBO and names for display change nothing. */
static void annotations__change_nothing(void **state)
{
  (void)state;
  eq_source s =
      read_model("model m()\n model description \"http://a\", \"http://b\"\n"
                 " model is \"Shown\"\n x' = 1; x = 0; x identity \"http://c\",\n   \"http://d\"\n"
                 " x.sboTerm = 236; x.sboTerm = SBO:0000236; x is \"X\"\nend\n"
                 "m taxon \"http://t\"\nm.sboTerm = 4\nm is \"M\"");
  assert_int_equal(1, s.state_count);
  eq_source_free(&s);
}

/* Errors have a place and say what was expected. */
static void errors__have_a_place(void **state)
{
  (void)state;
  const wrong w[] = {
      {"A: sub(x)", "m:1:4: there is no model sub: a model stands in front", GM_EPARSE},
      {"sub(x)", "m:1:1: there is no model sub", GM_EPARSE},
      {"model a\nA: a()\nend", "m:2:4: there is no model a", GM_EPARSE},
      {"A.x = 3", "m:1:1: A.x: there is no sub-model A", GM_EPARSE},
      {"y := 2*A.x", "m:1:8: A.x: there is no sub-model A", GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); A.z = 3", "m:4:9: sub-model A has no z", GM_EPARSE},
      {"model a(x)\nx=1;x'=1\nend\nA: a(p, q)", "m:4:9: model a has 1 name in brackets", GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nmodel a\nend", "m:4:7: there is a model a already", GM_EPARSE},
      {"model a\nmodel b\nend\nend", "m:2:1: a model inside a model", GM_EPARSE},
      {"model *a\nx=1;x'=1\nend\nmodel *b\nend", "m: models a and b are both marked *", GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a()\nA: a()", "m:5:1: A cannot be a new sub-model", GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); y := A", "m:4:14: A has no value: it is the name",
       GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); A.x = 2; A.x = 3", "m:4:18: A.x has a value already",
       GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); y = 2; A.x = 3; A.x is y", "m:4:32: both names of y have",
       GM_EPARSE},
      {"model a\nx:=1\nend\nA: a(); A.x = 3", "m:4:9: A.x has a value (=) and a rule (:=)",
       GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); delete A.x; y := A.x", "m:4:26: A.x has been deleted",
       GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); delete A", "m:4:16: delete takes what a sub-model holds",
       GM_EPARSE},
      {"model a\nx=1;x'=1\nend\nA: a(); A.x' = ; A.x = ; A.x = ;",
       "m:4:26: nothing to take away from A.x", GM_EPARSE},
      {"x = 1; x' = ; y = 2", "m:1:13: found \";\", expected a number", GM_EPARSE},
      {"model a\nx=1 \"mg\";x'=1\nend\nA: a(); y has \"L\"; A.x is y; y = 2",
       "m:4:27: two units for one thing: mg and L", GM_EUNIT},
      {"model a\nV=8 \"mL\";y:=V\nend\nA: a(); A.V = 5 \"L\"",
       "m:4:15: A.V is in mL, but its value is in L", GM_EUNIT},
      {"model a\ntime has \"h\"; y := 1\nend\nmodel b\ntime has \"d\"; A: a()\nend",
       "m:5:1: two units for one thing: h and d", GM_EUNIT},
      {"model a\nunit u = gram\ny := 1 u\nend\nmodel b\nunit u = mole; A: a()\nend",
       "m:6:6: two units for one thing: g and mol", GM_EUNIT},
      {"model a\nJ: S -> ; 1; S = 1\nend\nA: a(); B: a(); A.J is B.J",
       "m:4:24: two reactions cannot be one", GM_EPARSE},
  };
  CHECK(w);
}

static void ends_with(const char *text, gm_status status, const char *part)
{
  eq_source s;
  gm_eq_config c = {.text = text, .text_name = "m"};
  gm_status got = eq_source_read(ctx, &c, &s);
  if (got != status || !strstr(gm_message(ctx), part))
    fail_msg("%s \"%s\", expected %s with \"%s\"", gm_status_name(got), gm_message(ctx),
             gm_status_name(status), part);
}

/* Models that double at each level, of names, of terms, or of nothing, end with a message. */
static void bombs__end(void **state)
{
  (void)state;
  static const char *const leaf[] = {"x = 1; x' = -x", "", "y := 1+1+1+1+1+1+1+1+1"};
  for (size_t k = 0; k < 3; k++) {
    gm_text t;
    gm_text_init(&t, ctx);
    gm_text_addf(&t, "model m0\n%s\nend\n", leaf[k]);
    for (int i = 1; i < 60; i++)
      gm_text_addf(&t, "model m%d\nA: m%d()\nB: m%d()\nend\n", i, i - 1, i - 1);
    ends_with(t.data, GM_ERANGE, "more than 32768 names");
    gm_text_free(&t);
  }
}

/* Many models that each hold one large model are bounded by the number of all names. */
static void copies__are_bounded(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "model big\n");
  for (int i = 0; i < 20000; i++) gm_text_addf(&t, "x%d=1\n", i);
  gm_text_add(&t, "end\n");
  for (int i = 0; i < 1000; i++) gm_text_addf(&t, "model n%d\nA: big()\nend\n", i);
  ends_with(t.data, GM_ERANGE, "more than 262144 names in all models together");
  gm_text_free(&t);
  gm_text_add(&t, "model big\ny := 1");
  for (int i = 0; i < 300000; i++) gm_text_add(&t, "+1");
  gm_text_add(&t, "\nend\n");
  for (int i = 0; i < 10; i++) gm_text_addf(&t, "model n%d\nA: big()\nend\n", i);
  ends_with(t.data, GM_ERANGE, "more than 1000000 terms with all sub-models");
  gm_text_free(&t);
  gm_text_add(&t, "model deep0\nx = 1\nend\n");
  for (int i = 1; i < 200; i++) gm_text_addf(&t, "model deep%d\nA: deep%d()\nend\n", i, i - 1);
  ends_with(t.data, GM_ERANGE, "a name inside gets longer than 255");
  gm_text_free(&t);
}

/* Second names in a long chain, and in a circle, are put together without recursion. */
static void second__names_may_chain(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  for (int i = 0; i < 20000; i++) gm_text_addf(&t, "a%d is a%d\n", i, i + 1);
  gm_text_add(&t, "a20000 is a0\na7 = 3; y := a123 + a20000");
  eq_source s = read_model(t.data);
  NEAR(6, output(&s, "y"));
  eq_source_free(&s);
  gm_text_free(&t);
}

static gm_status trial(gm_ctx *c, void *user)
{
  eq_source s;
  gm_eq_config g = {
      .text = "model a(S)\ncompartment V = 2 \"L\"; S in V = 3 \"mmol/L\"; J: n S -> P; k*S\n"
              "P = 1; k = 2; n = 2; E: at 2 after S < k: S = 3, P = 1\n"
              "0 = q - S; species q\nend\n"
              "model *b\nA: a(X); A.P is Y; delete A.E; at X > 3: X = 1; y := A.q + delay(X, 1)\n"
              "end"};
  (void)user;
  gm_status status = eq_source_read(c, &g, &s);
  if (!status) eq_source_free(&s);
  return status;
}

/* Whatever allocation fails, the answer is GM_ENOMEM and nothing is left behind. */
static void memory__failures_leave_nothing(void **state)
{
  (void)state;
  assert_true(fault_sweep("eq_source_read with sub-models", trial, NULL) > 60);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts__have_dotted_names),
      cmocka_unit_test(parts__are_used_and_given_anew),
      cmocka_unit_test(is__makes_one_of_two),
      cmocka_unit_test(brackets__join_names),
      cmocka_unit_test(deleted__parts_are_gone),
      cmocka_unit_test(main__model_is_chosen),
      cmocka_unit_test(all__kinds_come_along),
      cmocka_unit_test(annotations__change_nothing),
      cmocka_unit_test(errors__have_a_place),
      cmocka_unit_test(bombs__end),
      cmocka_unit_test(copies__are_bounded),
      cmocka_unit_test(second__names_may_chain),
      cmocka_unit_test(memory__failures_leave_nothing),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
