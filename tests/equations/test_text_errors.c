/* test_text_errors.c - what is wrong in a model text is said with its place; hostile texts end.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/equations/source.h"
#include "support/fault.h"
#include <string.h>

static gm_ctx *ctx;

static int make_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int drop_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

typedef struct {
  const char *text, *message; /* message: how it begins */
  gm_status status;
} wrong;

static void check(const wrong *w, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    eq_source s, before;
    memset(&s, 0xA5, sizeof s);
    before = s;
    gm_eq_config c = {.text = w[i].text, .text_name = "m"};
    gm_status got = eq_source_read(ctx, &c, &s);
    if (got != w[i].status || strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\"\n  expected %s \"%s\"", w[i].text, gm_status_name(got),
               gm_message(ctx), gm_status_name(w[i].status), w[i].message);
    assert_memory_equal(&s, &before, sizeof s); /* untouched on failure */
  }
}

#define CHECK(list) check(list, sizeof(list) / sizeof(list)[0])

/* Errors of grammar name line and column (in characters) and what was expected. */
static void grammar__errors_have_a_place(void **state)
{
  (void)state;
  const wrong w[] = {
      {"x = ", "m:1:5: found the end of the text, expected a number, a name or (", GM_EPARSE},
      {"x = 1\ny := (x + 2\nz = 1",
       "m:2:12: the line ends where an operator or ) is expected; a \\ at its end goes on",
       GM_EPARSE},
      {"x = 1 +* 2", "m:1:8: found \"*\", expected a number, a name or (", GM_EPARSE},
      {"x = 1 2", "m:1:7: found \"2\", expected an operator, or the end", GM_EPARSE},
      {"x = 3)", "m:1:6: found \")\", expected an operator, or the end", GM_EPARSE},
      {"x ? 3", "m:1:3: found \"?\", expected =, :=, ', has or is", GM_EPARSE},
      {"x' 3", "m:1:4: found \"3\", expected = behind the '", GM_EPARSE},
      {"/* \xC3\xA9 */ x = \xC3\xA9", "m:1:13: character \"\xC3\xA9\" outside quotes", GM_EPARSE},
      {"x = ~1", "m:1:5: character \"~\" has no meaning here", GM_EPARSE},
      {"x = 1 /* open", "m:1:7: comment without its */", GM_EPARSE},
      {"x is \"open\ny = 1", "m:1:6: text without its closing quote", GM_EPARSE},
      {"x = 1\n\ty = 1 < 2 < 3", "m:2:12: comparisons are not chained", GM_EPARSE},
      {"y := piecewise(1, 1<2 && 2<3 || 3<4, 0)", "m:1:30: && and || meet", GM_EPARSE},
      {"y := 1 < 2", "m:1:6: a condition stands where a number is expected", GM_EPARSE},
      {"y := 1 + (1 < 2)", "m:1:10: a condition stands where a number", GM_EPARSE},
      {"y := piecewise(1, 2, 3)", "m:1:19: a number stands where a condition", GM_EPARSE},
      {"y := piecewise(1, 2 < 3)", "m:1:6: piecewise needs a last value", GM_EPARSE},
      {"y := piecewise(1)", "m:1:6: piecewise takes at least 3 arguments, not 1", GM_EPARSE},
      {"y := exp(1, 2)", "m:1:6: exp takes 1 argument, not 2", GM_EPARSE},
      {"y := pow(2)", "m:1:6: pow takes 2 arguments, not 1", GM_EPARSE},
      {"y := nofun(2)", "m:1:6: no function nofun", GM_EPARSE},
      {"k = 1; y := k(2)", "m:1:13: k is not a function: write * to multiply", GM_EPARSE},
      {"y := inf", "m:1:6: \"inf\" cannot stand in an expression", GM_EPARSE},
      {"y := nan", "m:1:6: \"nan\" cannot stand in an expression", GM_EPARSE},
      {"end", "m:1:1: end without a model or function", GM_EPARSE},
      {"model a\nx = 1\n", "m:1:1: the model that begins here has no end", GM_EPARSE},
      {"k = 1\nmodel a\nx = 1\nend", "m:1:1: statement outside the model", GM_EPARSE},
      {"model a\nx' = 1; x = 1\nend\nk = 1", "m:4:1: statement outside the model", GM_EPARSE},
      {"function f(a, a) a end", "m:1:15: the same name twice", GM_EPARSE},
      {"function f(a) a + b end", "m:1:19: \"b\" is not an argument of this function", GM_EPARSE},
      {"function exp(a) a end", "m:1:10: \"exp\" is a function", GM_EPARSE},
      {"function f() 1 end\nfunction f() 2 end", "m:2:10: function f is defined already",
       GM_EPARSE},
      {"function f() 1 end\ny := f(2)", "m:2:6: f takes 0 arguments, not 1", GM_EPARSE},
      {"pi = 3", "m:1:1: \"pi\" has a meaning of its own", GM_EPARSE},
      {"min = 3", "m:1:1: \"min\" is a function", GM_EPARSE},
      {"time = 3", "m:1:1: time runs by itself", GM_EPARSE},
      {"x = 1e999", "m:1:5: number 1e999 is too large", GM_ERANGE},
      {"x = 1e-999", "m:1:5: number 1e-999 is too small", GM_ERANGE},
      {"", "m:1:1: nothing to compute", GM_EPARSE},
      {"x = 1", "m:1:1: nothing to compute", GM_EPARSE},
      {"x = \x01", "m:1:5: control character 0x01", GM_EPARSE},
      {"x = \xFF", "m:1:5: byte 0xFF is not UTF-8 text", GM_EPARSE},
      {"x = \xC0\xAF", "m:1:5: byte 0xC0 is not UTF-8 text", GM_EPARSE},
  };
  CHECK(w);
}

/* What Antimony has and this subset has not is refused by its name. */
static void others__are_refused_by_name(void **state)
{
  (void)state;
  const wrong w[] = {
      {"import \"a.ant\"", "m:1:1: import is not supported", GM_EUNSUPPORTED},
      {"y := log(2)", "m:1:6: log(x) is read as ln by some programs", GM_EUNSUPPORTED},
      {"y := normal(0, 1)", "m:1:6: random draws (normal) are not supported", GM_EUNSUPPORTED},
      {"y := amount(x)", "m:1:6: amount() is for outputs", GM_EUNSUPPORTED},
      {"function f(x) delay(x, 1) end", "m:1:15: delay() is not known here", GM_EUNSUPPORTED},
      {"x < 5", "m:1:1: constraints belong to flux balance", GM_EUNSUPPORTED},
      {"5 < x", "m:1:1: constraints belong to flux balance", GM_EUNSUPPORTED},
      {"constraint: x < 5", "m:1:1: constraints belong to flux balance", GM_EUNSUPPORTED},
      {"maximize 2*x", "m:1:1: objectives belong to flux balance", GM_EUNSUPPORTED},
      {"o: maximize 2*x", "m:1:4: objectives belong to flux balance", GM_EUNSUPPORTED},
      {"x = 1; y*2 is x", "m:1:9: conversion factors between names", GM_EUNSUPPORTED},
      {"x = 1; y is x/f", "m:1:14: conversion factors between names", GM_EUNSUPPORTED},
      {"model a(x)\nx=1\nend\nA: a(), timeconv=60", "m:4:7: conversion factors of sub-models",
       GM_EUNSUPPORTED},
      {"x tastes \"sweet\"", "m:1:3: annotations with this word", GM_EUNSUPPORTED},
      {"S2 -| J0", "m:1:4: interactions", GM_EUNSUPPORTED},
      {"i: S2 -( J0", "m:1:7: interactions", GM_EUNSUPPORTED},
      {"--P1--G1", "m:1:1: DNA strands", GM_EUNSUPPORTED},
      {"P1--G1", "m:1:3: DNA strands", GM_EUNSUPPORTED},
      {"gene g", "m:1:1: genes are not supported", GM_EUNSUPPORTED},
      {"event E", "m:1:1: events have no declaration", GM_EUNSUPPORTED},
  };
  CHECK(w);
}

/* Names: every one needs a value, only one, and no circle; the message names near words. */
static void names__need_one_value(void **state)
{
  (void)state;
  const wrong w[] = {
      {"central = 1\ncentral' = -k*centrl\nk = 1",
       "m:2:15: centrl is never given a value: is it central?", GM_EPARSE},
      {"x = 1; x' = -K1*x; k1 = 1", "m:1:14: K1 is never given a value: is it k1?", GM_EPARSE},
      {"x = 1; x' = -abcde", "m:1:14: abcde is never given a value", GM_EPARSE},
      {"x = 1; x' = 0; wt has \"kg\"", "m:1:16: wt is never given a value", GM_EPARSE},
      {"x' = 1", "m:1:1: state x has no initial value: write x = ...", GM_EPARSE},
      {"x = 1; x' = 0; x' = 1", "m:1:16: x has a rule already, in line 1", GM_EPARSE},
      {"x = 1\nx = 2", "m:2:1: x has a value already, in line 1", GM_EPARSE},
      {"x = 1; x := 2", "m:1:1: x has a value (=) and a rule (:=)", GM_EPARSE},
      {"x' = 1; x := 2", "m:1:1: x has a rate rule (') and a rule (:=)", GM_EPARSE},
      {"const x = 1; x' = 2", "m:1:7: x is const, but has a rule", GM_EPARSE},
      {"const x = 1; var x; x' = 2", "m:1:18: x is said to be const and var", GM_EPARSE},
      {"a := b; b := c + 1\nc := 2*a", "m:1:1: rules go in a circle: a -> b -> c -> a", GM_EPARSE},
      {"a := a + 1", "m:1:1: rules go in a circle: a -> a", GM_EPARSE},
      {"p = q; q = p; y := p", "m:1:1: values at the start go in a circle: p -> q -> p", GM_EPARSE},
      {"x = y; y := 2*x; x' = 0", "m:1:1: values at the start go in a circle: x -> y -> x",
       GM_EPARSE},
      {"k = time; y := k", "m:1:5: k is a parameter and cannot depend on time", GM_EPARSE},
      {"u := time; k = 2*u; y := k", "m:1:16: k is a parameter and cannot depend on time",
       GM_EPARSE},
      {"k = 1/0; y := k", "m:1:5: the value of k is not a finite number", GM_EDOMAIN},
      {"a = 0; k = ln(a); y := k", "m:1:12: the value of k is not a finite number", GM_EDOMAIN},
      {"a = 0; x = 1/a; x' = 0", "m:1:12: the value of x is not a finite number", GM_EDOMAIN},
      {"function f() 1 end\nf = 1; y := f", "m:2:1: f is a function and a quantity", GM_EPARSE},
  };
  CHECK(w);
}

/* A rate may use its own state, and rules may use a state whose rate uses the rules: no circle. */
static void circles__through_rates_are_none(void **state)
{
  (void)state;
  eq_source s;
  gm_eq_config c = {.text = "x = 1; y := 2*x; x' = -y + x"};
  assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
  eq_source_free(&s);
}

/* Errors in outputs stand behind the caller's own words for the place. */
static void outputs__errors_say_where(void **state)
{
  (void)state;
  const char *text = "x = 1 \"mg\"; V = 2 \"L\"; x' = 0";
  const struct {
    gm_eq_output o;
    gm_status status;
    const char *message;
  } w[] = {
      {{"c", "x/W", NULL, "t:3: c"}, GM_EPARSE, "t:3: c: column 3: W is never given a value"},
      {{"c", "x/V)", NULL, "t:3: c"}, GM_EPARSE, "t:3: c: column 4: found \")\", expected"},
      {{"c", "x/V\n+1", NULL, "t:3: c"}, GM_EPARSE, "t:3: c: column 4: found the end of the line"},
      {{"c", "x + V", NULL, "t:3: c"}, GM_EUNIT, "t:3: c: column 3: cannot add mg and L"},
      {{"c", "x/V", "ug/L", "t:3: c"},
       GM_EUNIT,
       "t:3: c: column 1: c is in ug/L, but its expression is in mg/L"},
      {{"c", "x/V", "nonsense!", "t:3: c"}, GM_EUNIT, "t:3: c: unit \"nonsense!\": "},
      {{"c", "", NULL, NULL}, GM_EPARSE, "c: column 1: found the end of the text"},
      {{"", "x", NULL, "t:3"}, GM_EINVAL, "t:3: an output needs a name"},
      {{"c", NULL, NULL, "t:3"}, GM_EINVAL, "t:3: an output needs a name"},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    eq_source s;
    gm_eq_config c = {.text = text, .output = &w[i].o, .output_count = 1};
    assert_int_equal(w[i].status, eq_source_read(ctx, &c, &s));
    if (strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("got \"%s\", expected \"%s\"", gm_message(ctx), w[i].message);
  }
}

/* ---- hostile texts --------------------------------------------------------------------------- */
static void ends_with(const char *text, gm_status status, const char *part)
{
  eq_source s;
  gm_eq_config c = {.text = text, .text_name = "m"};
  gm_status got = eq_source_read(ctx, &c, &s);
  if (got != status || !strstr(gm_message(ctx), part))
    fail_msg("%s \"%s\", expected %s with \"%s\"", gm_status_name(got), gm_message(ctx),
             gm_status_name(status), part);
}

static char *repeat(const char *head, const char *unit, int count, const char *tail)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, head);
  for (int i = 0; i < count; i++) gm_text_add(&t, unit);
  gm_text_add(&t, tail);
  assert_int_equal(GM_OK, t.status);
  return t.data;
}

/* Depth, length, number and size beyond the limits end with a message, not with a crash. */
static void limits__end_with_a_message(void **state)
{
  (void)state;
  const struct {
    const char *head, *unit, *tail, *part;
    int count;
    gm_status status;
  } w[] = {
      {"y := ", "(", "1", "more than 200 deep", 100000, GM_ERANGE},
      {"y := ", "-", "1", "more than 200 deep", 100000, GM_ERANGE},
      {"y := piecewise(1, ", "!", "true, 0)", "more than 200 deep", 100000, GM_ERANGE},
      {"y := 1", "^1", "", "more than 200 deep", 100000, GM_ERANGE},
      {"y := ", "exp(", "1", "more than 200 deep", 100000, GM_ERANGE},
      {"unit u = ", "(", "second", "more than 32 deep", 100000, GM_ERANGE},
      {"y", "y", " := 1", "name longer than 255", 100000, GM_ERANGE},
      {"y := 1", "0", "", "number longer than 400", 100000, GM_ERANGE},
      {"y := 1 # ", "x", "", "longer than 1048576 bytes", 1 << 20, GM_ERANGE},
      {"y := 1 # source: ", "x", "", "source longer than 1000 bytes", 5000, GM_ERANGE},
      {"y := a", "+a", "", "more than 1000000 terms", 510000, GM_ERANGE},
      {"y := a", "+a", "", "a is never given a value", 400000, GM_EPARSE},
      {"y := max(1", ",1", "", "an operator, a comma or )", 500000, GM_EPARSE},
      {"unit u = second", "*second*u", "\nx has u", "defined by itself", 10, GM_EUNIT},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    char *text = repeat(w[i].head, w[i].unit, w[i].count, w[i].tail);
    ends_with(text, w[i].status, w[i].part);
    gm_free(text);
  }
}

/* Brackets up to the limit are read. */
static void nesting__of_200_is_read(void **state)
{
  (void)state;
  char *open = repeat("y := ", "(", 200, "1");
  char *text = repeat(open, ")", 200, "");
  eq_source s;
  gm_eq_config c = {.text = text};
  assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
  eq_source_free(&s);
  gm_free(open);
  gm_free(text);
}

/* Functions that double at each level, units that double, too many names: all end. */
static void growth__is_bounded(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "function f0(x) x + 1 end\n");
  for (int i = 1; i < 40; i++)
    gm_text_addf(&t, "function f%d(x) f%d(x) + f%d(x*1.5) end\n", i, i - 1, i - 1);
  gm_text_add(&t, "a = 1; y := f39(a)");
  ends_with(t.data, GM_ERANGE, "terms");
  gm_text_free(&t);
  gm_text_add(&t, "function f0(x) x end\n");
  for (int i = 1; i < 70; i++) gm_text_addf(&t, "function f%d(x) f%d(x) end\n", i, i - 1);
  ends_with(t.data, GM_ERANGE, "functions more than 64 deep");
  gm_text_free(&t);
  gm_text_add(&t, "unit u0 = kilogram*ampere\n");
  for (int i = 1; i < 30; i++) gm_text_addf(&t, "unit u%d = u%d*u%d\n", i, i - 1, i - 1);
  ends_with(t.data, GM_ERANGE, "code gets longer");
  gm_text_free(&t);
  for (int i = 0; i < 50; i++) gm_text_addf(&t, "unit u%d = u%d\n", i, i + 1);
  gm_text_add(&t, "unit u50 = second\n");
  ends_with(t.data, GM_ERANGE, "more than 32 deep");
  gm_text_free(&t);
  for (int i = 0; i < 33000; i++) gm_text_addf(&t, "a%d = 1\n", i);
  ends_with(t.data, GM_ERANGE, "more than 32768 names");
  gm_text_free(&t);
  gm_text_add(&t, "a0 := a1");
  for (int i = 1; i < 30000; i++) gm_text_addf(&t, "\na%d := a%d", i, (i + 1) % 30000);
  ends_with(t.data, GM_EPARSE, "... -> a0");
  gm_text_free(&t);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status trial(gm_ctx *c, void *user)
{
  eq_source s;
  const gm_eq_output o[] = {{"c", "hill(x/V)", "1", NULL}, {"d", "5 \"mg\" + x", "mg", "here"}};
  gm_eq_config g = {.output = o, .output_count = 2};
  g.text = "function hill(x) x*2/(1 \"mg/L\" + x) end\nmodel q\ntime has \"h\"\n"
           "unit lph = litre/3600 second\nV = 2 \"L\"; CL = 3 lph # source: here\n"
           "k = CL/V; x = V*1 \"mg/L\"; r := -k*x; x' = r\nend\n";
  (void)user;
  gm_status status = eq_source_read(c, &g, &s);
  if (!status) eq_source_free(&s);
  return status;
}

/* Whatever allocation fails, the answer is GM_ENOMEM and nothing is left behind. */
static void memory__failures_leave_nothing(void **state)
{
  (void)state;
  assert_true(fault_sweep("eq_source_read", trial, NULL) > 30);
}

/* Two outputs of one name are refused, in a text and in SBML alike: columns are found by name. */
static void outputs__have_names_of_their_own(void **state)
{
  (void)state;
  static const char sbml[] =
      "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" "
      "version=\"2\"><model>"
      "<listOfParameters><parameter id=\"x\" value=\"1\" constant=\"true\"/></listOfParameters>"
      "</model></sbml>";
  const char *const text[] = {"x = 1", sbml};
  const gm_eq_output o[] = {
      {"b", "x", NULL, NULL}, {"a", "2*x", NULL, NULL}, {"b", "3*x", NULL, NULL}};
  for (int i = 0; i < 2; i++) {
    eq_source s;
    gm_eq_config c = {.text = text[i], .output = o, .output_count = 3};
    assert_int_equal(GM_EINVAL, eq_source_read(ctx, &c, &s));
    assert_string_equal("b: output b is there twice", gm_message(ctx));
    c.output_count = 2;
    assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
    eq_source_free(&s);
  }
}

/* A number is read whole or refused: 400 characters, exponent included, are the limit. */
static void numbers__have_a_length(void **state)
{
  (void)state;
  char text[600] = "x = 1.";
  size_t begin = strlen("x = ");
  memset(text + strlen(text), '0', 400 - 3 - strlen("1."));
  strcat(text, "e-3"); /* 400 in all */
  strcat(text, "\nx' = 0");
  char *end = strchr(text, '\n');
  assert_int_equal(400, end - text - (ptrdiff_t)begin);
  eq_source s;
  gm_eq_config c = {.text = text, .text_name = "m"};
  text[begin + 5] = '5'; /* 1.0005, and so on, times a thousandth */
  assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
  assert_true(s.state[0].value == 1.0005e-3);
  eq_source_free(&s);
  memmove(text + begin + 1, text + begin, strlen(text + begin) + 1);
  assert_int_equal(GM_ERANGE, eq_source_read(ctx, &c, &s));
  assert_string_equal("m:1:5: number longer than 400 characters", gm_message(ctx));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grammar__errors_have_a_place),
      cmocka_unit_test(others__are_refused_by_name),
      cmocka_unit_test(names__need_one_value),
      cmocka_unit_test(circles__through_rates_are_none),
      cmocka_unit_test(outputs__errors_say_where),
      cmocka_unit_test(outputs__have_names_of_their_own),
      cmocka_unit_test(numbers__have_a_length),
      cmocka_unit_test(limits__end_with_a_message),
      cmocka_unit_test(nesting__of_200_is_read),
      cmocka_unit_test(growth__is_bounded),
      cmocka_unit_test(memory__failures_leave_nothing),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
