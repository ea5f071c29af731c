/* test_text_expr.c - one expression over given names; and printing a model's graph as text and
 * reading it again gives the same graph.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/expr.h"
#include "gemel/rand.h"
#include "kinds/equations/source.h"
#include "support/fault.h"
#include <math.h>
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

static const char *const name[] = {"WT", "AGE", "SEX", "CRCL"};
static const char *const unit[] = {"kg", "a", NULL, "mL/min"};

/* An allometric covariate has its value, is without unit, and says which names it needs. */
static void expression__has_value_unit_and_names(void **state)
{
  (void)state;
  gm_expr *e;
  bool known = false;
  const double v[] = {35, 40, 1, 90};
  assert_int_equal(GM_OK, gm_expr_new(ctx, "(WT/70 \"kg\")^0.75", name, unit, 4, NULL, &e));
  assert_true(fabs(gm_expr_eval(e, v) - 0.5946035575013605) < 1e-15); /* 2^-0.75 */
  gm_unit u = gm_expr_unit(e, &known), one = gm_unit_one();
  assert_true(known && gm_unit_equal(&u, &one));
  assert_true(gm_expr_depends(e, 0));
  assert_false(gm_expr_depends(e, 1));
  gm_expr_free(e);
  assert_int_equal(GM_OK,
                   gm_expr_new(ctx, "piecewise(0.85, SEX == 1, 1)*CRCL", name, unit, 4, NULL, &e));
  assert_true(fabs(gm_expr_eval(e, v) - 76.5) < 1e-12);
  u = gm_expr_unit(e, &known);
  assert_true(known);
  gm_expr_free(e);
  assert_int_equal(GM_OK, gm_expr_new(ctx, "2*SEX + 0*AGE", name, unit, 4, NULL, &e));
  gm_expr_unit(e, &known);
  assert_false(known);
  assert_false(gm_expr_depends(e, 1));
  gm_expr_free(e);
  assert_int_equal(GM_OK, gm_expr_new(ctx, "3 + 4", NULL, NULL, 0, NULL, &e));
  assert_true(gm_expr_eval(e, NULL) == 7);
  gm_expr_free(e);
}

/* Wrong expressions are refused with the caller's place and a column, and *out stays. */
static void expression__errors_say_where(void **state)
{
  (void)state;
  const struct {
    const char *text, *message;
    gm_status status;
  } w[] = {
      {"WT + HT", "t:9: column 6: HT is never given a value: is it WT?", GM_EPARSE},
      {"WT + AGE", "t:9: column 4: cannot add kg and a", GM_EUNIT},
      {"(WT/70)^0.75", "t:9: column 8: kg to the power 0.75 is no unit", GM_EUNIT},
      {"WT > 70", "t:9: column 1: a condition stands where a number", GM_EPARSE},
      {"time", "t:9: column 1: time is not known here", GM_EPARSE},
      {"WT = 3", "t:9: column 4: found \"=\", expected an operator or the end", GM_EPARSE},
      {"WT\n+1", "t:9: column 3: found the end of the line", GM_EPARSE},
      {"", "t:9: column 1: found the end of the text", GM_EPARSE},
      {"log(WT)", "t:9: column 1: log(x) is read as ln", GM_EUNSUPPORTED},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    gm_expr *e = NULL;
    assert_int_equal(w[i].status, gm_expr_new(ctx, w[i].text, name, unit, 4, "t:9", &e));
    assert_null(e);
    if (strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave \"%s\"\n  expected \"%s\"", w[i].text, gm_message(ctx), w[i].message);
  }
}

/* Names that cannot be names, twins, wrong units, and too many terms are refused. */
static void expression__bad_names_are_refused(void **state)
{
  (void)state;
  const char *const bad[] = {"2x", "a b", "", "exp", "time", "a'", "a\n"};
  const char *const twins[] = {"a", "a"}, *const one[] = {"a"}, *const wrong[] = {"flagon"};
  gm_expr *e;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(GM_EINVAL, gm_expr_new(ctx, "1", &bad[i], NULL, 1, NULL, &e));
  assert_int_equal(GM_EINVAL, gm_expr_new(ctx, "1", twins, NULL, 2, NULL, &e));
  assert_int_equal(GM_EUNIT, gm_expr_new(ctx, "a", one, wrong, 1, NULL, &e));
  assert_int_equal(GM_EINVAL, gm_expr_new(ctx, NULL, one, NULL, 1, NULL, &e));
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "a");
  for (int i = 1; i < 1100; i++) gm_text_addf(&t, "+sin(%d*a)", i);
  assert_int_equal(GM_ERANGE, gm_expr_new(ctx, t.data, one, NULL, 1, NULL, &e));
  gm_text_free(&t);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_expr *e;
  (void)user;
  gm_status s = gm_expr_new(c, "(WT/70 \"kg\")^0.75*exp(AGE/30 \"a\")", name, unit, 4, "t", &e);
  if (!s) gm_expr_free(e);
  return s;
}

static void expression__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("gm_expr_new", trial, NULL) > 10);
}

/* ---- print and read again -------------------------------------------------------------------- */
static const gm_key key = {{20261120, 1, 2, 3}};
static uint64_t drawn;

static uint64_t draw(uint64_t below)
{
  uint64_t r[4];
  gm_draw4(key, 0, 0, 0, drawn++, r);
  return r[0] % below;
}

static void random_condition(gm_text *t, int depth);

/* A random expression, with only as many brackets as a person might write. */
static void random_number(gm_text *t, int depth)
{
  static const char *const leaf[] = {"a", "b", "x", "time", "2", "0.25", "1e-3", "pi"};
  static const char *const function[] = {"exp",  "ln",    "sqrt",  "abs",    "sin",
                                         "tanh", "floor", "log10", "arctan", "expm1"};
  static const char *const sign[] = {"+", "-", "*", "/", "^"};
  uint64_t kind = depth <= 0 ? 0 : draw(8);
  if (kind < 2) {
    gm_text_add(t, leaf[draw(8)]);
  } else if (kind < 5) {
    random_number(t, depth - 1);
    gm_text_add(t, sign[draw(5)]);
    random_number(t, depth - 1);
  } else if (kind == 5) {
    gm_text_add(t, draw(2) ? "-(" : "(");
    random_number(t, depth - 1);
    gm_text_add(t, ")");
  } else if (kind == 6) {
    gm_text_addf(t, "%s(", function[draw(10)]);
    random_number(t, depth - 1);
    gm_text_add(t, ")");
  } else {
    gm_text_add(t, "piecewise(");
    random_number(t, depth - 1);
    gm_text_add(t, ", ");
    random_condition(t, depth - 1);
    gm_text_add(t, ", ");
    random_number(t, depth - 1);
    gm_text_add(t, ")");
  }
}

static void random_condition(gm_text *t, int depth)
{
  static const char *const sign[] = {"<", "<=", ">", ">=", "==", "!="};
  gm_text_add(t, draw(3) ? "" : "!");
  gm_text_add(t, "(");
  random_number(t, depth - 1);
  gm_text_add(t, sign[draw(6)]);
  random_number(t, depth - 1);
  gm_text_add(t, draw(2) ? ") && (" : ") || (");
  random_number(t, depth - 1);
  gm_text_add(t, sign[draw(6)]);
  random_number(t, depth - 1);
  gm_text_add(t, ")");
}

/* The graph below f as text, every node in brackets. condition: f stands where one is expected. */
static void print(const ir_graph *g, ir_ref f, bool condition, gm_text *t)
{
  static const char *const infix[IR_OP_COUNT] = {
      [IR_ADD] = "+", [IR_SUB] = "-", [IR_MUL] = "*", [IR_DIV] = "/",  [IR_LT] = "<",
      [IR_LE] = "<=", [IR_EQ] = "==", [IR_NE] = "!=", [IR_AND] = "&&", [IR_OR] = "||"};
  const ir_node *n = &g->node[f];
  bool logic = n->op == IR_AND || n->op == IR_OR || n->op == IR_NOT;
  if (n->op == IR_CONST && condition)
    gm_text_add(t, n->value != 0 ? "true" : "false");
  else if (n->op == IR_CONST)
    gm_text_addf(t, n->value < 0 ? "(%.17g)" : "%.17g", n->value);
  else if (n->op == IR_TIME)
    gm_text_add(t, "time");
  else if (n->op == IR_STATE)
    gm_text_add(t, "x");
  else if (n->op == IR_PARAM)
    gm_text_add(t, n->index ? "b" : "a");
  else if (infix[n->op]) {
    gm_text_add(t, "(");
    print(g, n->a, logic, t);
    gm_text_add(t, infix[n->op]);
    print(g, n->b, logic, t);
    gm_text_add(t, ")");
  } else if (n->op == IR_SELECT) {
    gm_text_add(t, "piecewise(");
    print(g, n->b, false, t);
    gm_text_add(t, ",");
    print(g, n->a, true, t);
    gm_text_add(t, ",");
    print(g, n->c, false, t);
    gm_text_add(t, ")");
  } else {
    gm_text_addf(t, "%s(", n->op == IR_NEG ? "-" : n->op == IR_NOT ? "!" : ir_op_name(n->op));
    print(g, n->a, logic, t);
    if (n->b >= 0) gm_text_add(t, ",");
    if (n->b >= 0) print(g, n->b, false, t);
    gm_text_add(t, ")");
  }
}

static bool same(const ir_graph *g, ir_ref f, const ir_graph *h, ir_ref k)
{
  if (f < 0 || k < 0) return f == k;
  const ir_node *p = &g->node[f], *q = &h->node[k];
  if (p->op != q->op || p->index != q->index || p->value != q->value) return false;
  if (same(g, p->a, h, q->a) && same(g, p->b, h, q->b) && same(g, p->c, h, q->c)) return true;
  bool turns = p->op == IR_ADD || p->op == IR_MUL || p->op == IR_EQ || p->op == IR_NE ||
               p->op == IR_AND || p->op == IR_OR;
  return turns && same(g, p->a, h, q->b) && same(g, p->b, h, q->a);
}

static gm_status read_y(const char *expression, eq_source *out)
{
  char text[20000];
  int n = snprintf(text, sizeof text, "a = 1.5; b = 0.5; x = 2; x' = 0; y := %s", expression);
  assert_true(n > 0 && (size_t)n < sizeof text);
  gm_eq_config c = {.text = text};
  return eq_source_read(ctx, &c, out);
}

/* Reading an expression, printing what it became, and reading that, gives the same graph: nothing
 * is lost or turned by the parser. 2,000 expressions with a fixed key. */
static void printing__and_reading_again_is_the_same(void **state)
{
  (void)state;
  int32_t read_count = 0;
  drawn = 0;
  for (int i = 0; i < 2000; i++) {
    gm_text t, again;
    eq_source s, r;
    gm_text_init(&t, ctx);
    gm_text_init(&again, ctx);
    random_number(&t, 4);
    if (read_y(t.data, &s)) fail_msg("%s\n%s", t.data, gm_message(ctx));
    print(&s.graph, s.value[0], false, &again);
    if (again.bytes < 15000) {
      if (read_y(again.data, &r)) fail_msg("%s\n%s\n%s", t.data, again.data, gm_message(ctx));
      if (!same(&s.graph, s.value[0], &r.graph, r.value[0]))
        fail_msg("%s\nbecame %s", t.data, again.data);
      eq_source_free(&r);
      read_count++;
    }
    eq_source_free(&s);
    gm_text_free(&t);
    gm_text_free(&again);
  }
  assert_true(read_count > 1900);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expression__has_value_unit_and_names),
      cmocka_unit_test(expression__errors_say_where),
      cmocka_unit_test(expression__bad_names_are_refused),
      cmocka_unit_test(expression__survives_lack_of_memory),
      cmocka_unit_test(printing__and_reading_again_is_the_same),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
