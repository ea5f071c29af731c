/* test_text_units.c - units of a model text: what fits, what does not, and what is said.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/equations/eq_units.h"
#include "kinds/equations/source.h"
#include <stdio.h>
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

/* Names of every kind; one more line is added by each case. */
static const char frame[] =
    "time has \"h\"\n"
    "m = 5 \"mg\"; g = 2 \"g\"; V = 3 \"L\"; CL = 1 \"L/h\"; k = 2 \"1/h\"\n"
    "c = 1 \"mg/L\"; e = 3 \"mg/L\"; gam = 2 \"1\"; hid = 4; pc = 50 \"%\"\n"
    "rad = 1 \"rad\"; deg = 1 \"deg\"; T = 37 \"Cel\"; iu = 3 \"[IU]\"\n"
    "am = 2 \"mmol\"; x = 1 \"mg\"\n";

static gm_status read_line(const char *line, char *unit, size_t room)
{
  char text[2000];
  eq_source s;
  snprintf(text, sizeof text, "%s%s\n%s", frame, line, strstr(line, "x' =") ? "" : "x' = 0");
  gm_eq_config c = {.text = text, .text_name = "m"};
  gm_status status = eq_source_read(ctx, &c, &s);
  if (status) return status;
  if (unit) snprintf(unit, room, "%s", s.output[0].unit);
  eq_source_free(&s);
  return GM_OK;
}

/* Sums of like quantities, products, bare numbers in sums, names without unit: all fit. */
static void sound__expressions_pass(void **state)
{
  (void)state;
  const char *const line[] = {
      "y := m/V + c; y has \"mg/L\"",
      "y := CL/V - k; y has \"1/h\"",
      "y := m + 1; y has \"mg\"", /* a bare number takes the unit it needs */
      "y := 2*m/3; y has \"mg\"", /* and is 1 in products */
      "y := 0; y has \"mg\"",
      "y := m + hid", /* unknown silences */
      "y := hid*m + V; y has \"kg\"",
      "y := exp(-k*time); y has \"1\"",
      "y := exp(hid) + m",
      "y := ln(c/e)",
      "y := c^gam/(e^gam + c^gam); y has \"1\"", /* Hill with a parameter for its exponent */
      "y := m*c^gam/(e^gam + c^gam); y has \"mg\"",
      "y := (c/e)^gam + 1",
      "y := sqrt(c*e); y has \"mg/L\"",
      "y := c^2; y has \"mg2/L2\"",
      "y := (c*c)^0.5 + e",
      "y := root(2, c^2) + e",
      "y := sqr(c)/c + e",
      "y := (V^3)^(1/3) + V",
      "y := 1/c*m; y has \"L\"",
      "y := c^-1*m - V",
      "y := c^0 + 1",
      "y := min(c, e, 3) + c",
      "y := abs(c) + floor(e) - ceil(c)",
      "y := piecewise(c, c > e && time < 5, 0, time == 3 \"h\", e) + c",
      "y := 70 \"mg\" + m",
      "y := 1000 \"mg/g\"*g + m; y has \"mg\"", /* the factor is written, with its unit */
      "y := sin(rad) + cos(gam) + tan(1)",
      "y := pc + 50; y has \"%\"",
      "y := iu + 2 \"[IU]\"",
      "y := piecewise(T, T > 38, 36 \"Cel\"); y has \"Cel\"",
      "y := am/V; y has \"mmol/L\"",
      "x' = -k*x + 3 \"mg/h\"",
      "x' = -CL/V*x",
      "x' = -1",
      "x' = hid*x*x",
      "p = CL/V; p has \"1/h\"; q = 3*m",
      "mgx = -5 \"mg\"; y := mgx + m",
      "y := log(10 \"1\", c/e)",
  };
  for (size_t i = 0; i < sizeof line / sizeof line[0]; i++)
    if (read_line(line[i], NULL, 0)) fail_msg("%s\n%s", line[i], gm_message(ctx));
}

/* What does not fit is refused at the operator, with both units as they were written. */
static void unsound__expressions_are_refused(void **state)
{
  (void)state;
  const struct {
    const char *line, *message;
  } w[] = {
      {"y := m + V", "m:6:8: cannot add mg and L"},
      {"y := m - c*V*V", "m:6:8: cannot take the difference of mg and mg.L"},
      {"y := m + g", "m:6:8: cannot add mg and g: same kind, other size"},
      {"y := m/V + 1/V", "m:6:10: cannot add mg/L and 1/L"},
      {"y := CL/V + k/V", "m:6:11: cannot add 1/h and 1/h/L"},
      {"y := piecewise(1, m < V, 0)", "m:6:21: cannot compare mg and L"},
      {"y := piecewise(m, time < 1, V)", "m:6:6: piecewise has values in mg and L"},
      {"y := max(m, V)", "m:6:6: max of mg and L"},
      {"y := exp(m)", "m:6:6: what exp is taken of must be a plain number, but is in mg"},
      {"y := ln(c)", "m:6:6: what ln is taken of must be a plain number, but is in mg/L"},
      {"y := exp(pc)", "m:6:6: what exp is taken of must be a plain number, but is in %"},
      {"y := sin(deg)", "m:6:6: what sin is taken of must be a plain number, but is in deg"},
      {"y := tanh(rad)", "m:6:6: what tanh is taken of must be a plain number, but is in rad"},
      {"y := 2^m", "m:6:7: an exponent must be a plain number, but is in mg"},
      {"y := m^0.75", "m:6:7: mg to the power 0.75 is no unit: divide by a reference"},
      {"y := sqrt(m)", "m:6:6: mg to the power 0.5 is no unit"},
      {"y := c^gam + e^2", "m:6:12: cannot add (mg/L)^variable and mg2/L2"},
      {"y := c^gam + m^gam", "m:6:12: cannot add (mg/L)^variable and (mg)^variable"},
      {"y := c^gam + m", "m:6:12: cannot add (mg/L)^variable and mg"},
      {"y := m; y has \"g\"", "m:6:6: y is in g, but its rule is in mg: same kind, other size"},
      {"y := m/V; y has \"mg\"", "m:6:6: y is in mg, but its rule is in mg/L"},
      {"z = m; z has \"L\"", "m:6:5: z is in L, but its value is in mg"},
      {"z = 5 \"mg\"; z has \"L\"", "m:6:5: z is in L, but its value is in mg"},
      {"x' = k*V", "m:6:6: x' is in mg/h, but its rate rule is in L/h"},
      {"x' = x", "m:6:6: x' is in mg/h, but its rate rule is in mg"},
      {"x' = x*60 \"1/min\"", "m:6:6: x' is in mg/h, but its rate rule is in mg/min: same kind"},
      {"y := T + 1 \"Cel\"", "m:6:8: Cel has a zero of its own: it cannot be added"},
      {"y := 2*T", "m:6:7: Cel has a zero of its own: it cannot be multiplied"},
      {"y := iu + m", "m:6:9: cannot add [IU] and mg"},
      {"y := am/V + 1/V", "m:6:11: cannot add mmol/L and 1/L"},
      {"m has \"g\"", "m:2:5: m is in g, but its value is in mg"},
      {"m has \"mg\"; m has \"mg\"", "m:6:13: m has a unit already, in line 6"},
      {"time has \"h\"", "m:6:1: time has a unit already, in line 1"},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    gm_status s = read_line(w[i].line, NULL, 0);
    if (!s || strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\"\n  expected \"%s\"", w[i].line, gm_status_name(s),
               s ? gm_message(ctx) : "", w[i].message);
    assert_true(s == GM_EUNIT || s == GM_EPARSE);
  }
}

/* Checks inside a function of the text name the function's line and that of the call. */
static void functions__are_checked_at_each_call(void **state)
{
  (void)state;
  eq_source s;
  gm_eq_config c = {.text_name = "m"};
  c.text = "function plus(a, b)\n  a + b\nend\n"
           "m = 1 \"mg\"; V = 2 \"L\"; y := plus(m, m)\nz := plus(m, V)";
  assert_int_equal(GM_EUNIT, eq_source_read(ctx, &c, &s));
  assert_string_equal("m:2:5: cannot add mg and L (in the call at 5:6)", gm_message(ctx));
}

/* Units are defined by formulas of SBML's base units, in any order, and come out as UCUM. */
static void definitions__become_ucum(void **state)
{
  (void)state;
  const struct {
    const char *line, *ucum;
  } w[] = {
      {"unit lph = litre/hour; unit hour = 3600 seconds\ny := 1; y has lph", "L/h"},
      {"unit u = 1e-3 gram\ny := 1; y has u", "mg"},
      {"unit u = 10^-3 litre\ny := 1; y has u", "mL"},
      {"unit u = 86400 second\ny := 1; y has u", "d"},
      {"unit u = 1e-6 mole / litre\ny := 1; y has u", "umol/L"},
      {"unit u = kilogram*metre^2/second^2\ny := 1; y has u", "kg.m2/s2"},
      {"unit u = (metre/second)^2\ny := 1; y has u", "m/s.m/s"},
      {"unit u = 7 gram/(2 litre)\ny := 1; y has u", "7.g/(2.L)"},
      {"unit u = 0.25 joule\ny := 1; y has u", "25.10*-2.J"},
      {"unit u = 1 item / 86400 seconds\ny := 1; y has u", "/d"},
      {"y := 1; y has gram/litre", "g/L"},
      {"y := 1; y has second^-1", "s-1"},
      {"y := 1; y has \"mg\"/\"L\"", "mg/L"},
      {"y := 1; y has dimensionless", "1"},
      {"y := 5 kelvins", "K"},
      {"y := 1; y has \"mcg\"", "ug"},      /* everyday spelling */
      {"y := 1; y has \"mmHg\"", "mm[Hg]"}, /* likewise */
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    char unit[100] = "", text[500];
    eq_source s;
    snprintf(text, sizeof text, "%s\n", w[i].line);
    gm_eq_config c = {.text = text};
    if (eq_source_read(ctx, &c, &s)) fail_msg("%s\n%s", w[i].line, gm_message(ctx));
    snprintf(unit, sizeof unit, "%s", s.output[0].unit);
    eq_source_free(&s);
    gm_unit got, wanted;
    assert_int_equal(GM_OK, gm_unit_parse(ctx, unit, &got));
    assert_int_equal(GM_OK, gm_unit_parse(ctx, w[i].ucum, &wanted));
    if (!gm_unit_equal(&got, &wanted) || strcmp(unit, w[i].ucum) != 0)
      fail_msg("%s\n  gave %s, expected %s", w[i].line, unit, w[i].ucum);
  }
}

/* Wrong units are refused with their place. */
static void definitions__errors_have_a_place(void **state)
{
  (void)state;
  const struct {
    const char *text, *message;
  } w[] = {
      {"y := 1; y has mg", "m:1:15: no unit mg: define it (unit mg = ...) or write a UCUM code"},
      {"y := 1; y has \"Lh\"", "m:1:15: unit \"Lh\": "},
      {"y := 1; y has \"\"", "m:1:15: unit \"\": "},
      {"unit u = v; unit v = u\ny := 1 u", "m:1:6: unit u is defined by itself"},
      {"unit litre = 2 gram\ny := 1", "m:1:6: litre is a base unit"},
      {"unit u = 0 gram\ny := 1", "m:1:10: a unit cannot be 0"},
      {"unit u = gram^0\ny := 1", "m:1:15: expected a whole exponent"},
      {"unit u = gram^1.5\ny := 1", "m:1:15: expected a whole exponent"},
      {"unit u = 3 second^2\ny := 1", "m:1:18: what has the exponent?"},
      {"unit u\ny := 1", "m:1:7: found the end of the line, expected = and the unit's formula"},
      {"unit u = gram; unit u = gram", "m:1:21: unit u is defined already, in line 1"},
      {"unit u = gram*\ny := 1", "m:1:15: found the end of the line, expected a unit"},
      {"unit u = celsius*gram\ny := 1", "m:1:6: unit Cel.g: "},
      {"unit time_unit = second; time has \"h\"; y := 1", "m:1:6: time_unit is s, but time has h"},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    eq_source s;
    gm_eq_config c = {.text = w[i].text, .text_name = "m"};
    gm_status got = eq_source_read(ctx, &c, &s);
    if (!got || strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\"\n  expected \"%s\"", w[i].text, gm_status_name(got),
               got ? gm_message(ctx) : "", w[i].message);
  }
}

/* SBML's time_unit sets the unit of time too. */
static void time__unit_may_come_from_sbml(void **state)
{
  (void)state;
  eq_source s;
  gm_eq_config c = {.text = "unit time_unit = 86400 second\ny := time + 1 \"d\""};
  assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
  assert_string_equal("d", s.time_unit);
  eq_source_free(&s);
}

/* The list of names without unit holds every kind of name, and time. */
static void missing__units_are_listed(void **state)
{
  (void)state;
  eq_source s;
  gm_text t;
  const gm_eq_output o[] = {{"out", "2*x", NULL, NULL}, {"good", "x", "mg", NULL}};
  gm_eq_config c = {.text = "k = 1; l = 2 \"1\"; d = 2*k; y := 3; x = 1 \"mg\"; x' = -k*x; z = 1\n"
                            "z' = 0",
                    .output = o,
                    .output_count = 2};
  assert_int_equal(GM_OK, eq_source_read(ctx, &c, &s));
  gm_text_init(&t, ctx);
  eq_units_missing(&s, &t);
  assert_string_equal("time, z, y, k, d, out", t.data);
  gm_text_free(&t);
  eq_source_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound__expressions_pass),
      cmocka_unit_test(unsound__expressions_are_refused),
      cmocka_unit_test(functions__are_checked_at_each_call),
      cmocka_unit_test(definitions__become_ucum),
      cmocka_unit_test(definitions__errors_have_a_place),
      cmocka_unit_test(time__unit_may_come_from_sbml),
      cmocka_unit_test(missing__units_are_listed),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
