/* sbml_case.h - reading small SBML texts in tests, and the value of what was read. */
#ifndef GEMEL_TESTS_SBML_CASE_H
#define GEMEL_TESTS_SBML_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/equations/sbml/sbml.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SBML_MATHML "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">"
#define SBML_L1                                                                                    \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level1\" level=\"1\" version=\"2\">\n"
#define SBML_L2                                                                                    \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"4\">\n"
#define SBML_L3                                                                                    \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n"
/* Level 3 with a package: its name in quotes, and whether it is required */
#define SBML_L3_WITH(package, required)                                                            \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                   \
  "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"1\""        \
  " xmlns:" package "=\"http://www.sbml.org/sbml/level3/version1/" package "/version1\" " package  \
  ":required=\"" required "\">\n"
#define SBML_END "</sbml>\n"

typedef struct {
  gm_ctx *ctx;
  net net;
} sbml_case;

static inline void case_read(sbml_case *c, const char *text)
{
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &c->ctx));
  if (sbml_read(c->ctx, text, "case.xml", &c->net)) fail_msg("%s", gm_message(c->ctx));
}

static inline void case_free(sbml_case *c)
{
  net_free(&c->net);
  gm_ctx_free(c->ctx);
}

static inline const net_symbol *case_symbol(const sbml_case *c, const char *name)
{
  int32_t i = net_find(&c->net, name, strlen(name));
  if (i < 0) fail_msg("there is no %s", name);
  return &c->net.symbol[i];
}

/* The value of an expression when every symbol has the value it states, and draws are u. */
static inline double case_value_at(sbml_case *c, ir_ref e, double t, double u)
{
  net *n = &c->net;
  assert_true(e >= 0);
  ir_ref *symbol = calloc((size_t)n->symbol_count + 1, sizeof *symbol);
  ir_ref *uniform = calloc((size_t)n->uniform_count + 1, sizeof *uniform);
  assert_true(symbol && uniform);
  for (int32_t i = 0; i < n->symbol_count; i++) symbol[i] = ir_const(&n->graph, n->symbol[i].value);
  for (int32_t i = 0; i < n->uniform_count; i++) uniform[i] = ir_const(&n->graph, u);
  e = ir_replace(&n->graph, e, IR_SYMBOL, symbol);
  e = ir_replace(&n->graph, e, IR_UNIFORM, uniform);
  assert_true(e >= 0);
  double *scratch = calloc((size_t)n->graph.count, sizeof *scratch);
  assert_non_null(scratch);
  double v = ir_eval(&n->graph, e, t, NULL, NULL, scratch);
  free(scratch);
  free(symbol);
  free(uniform);
  return v;
}

static inline double case_value(sbml_case *c, ir_ref e) { return case_value_at(c, e, 0, 0.5); }

static inline void case_close(double want, double got, double relative)
{
  if (isnan(want) && isnan(got)) return;
  if (want == got || fabs(want - got) <= relative * (fabs(want) + 1e-300)) return;
  fail_msg("%.17g was expected, and it is %.17g", want, got);
}

/* Reading fails with this status, and the message holds this text. */
static inline void case_refused(const char *text, gm_status status, const char *part)
{
  gm_ctx *ctx;
  net n;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  gm_status s = sbml_read(ctx, text, "case.xml", &n);
  if (!s) {
    net_free(&n);
    fail_msg("it was read; \"%s\" was expected", part);
  }
  if (s != status || !strstr(gm_message(ctx), part))
    fail_msg("%s \"%s\" was expected, and it is %s \"%s\"", gm_status_name(status), part,
             gm_status_name(s), gm_message(ctx));
  gm_ctx_free(ctx);
}
#endif
