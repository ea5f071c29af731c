/* fuzz_text.c - any bytes as a model text, and as an expression.
 *
 * Whatever they are, reading ends: with a message, or with a model whose parts are whole. A model
 * that can be written as SBML can be read again. libFuzzer
 * calls the function below; tests/equations/test_text_corpus.c runs it over fuzz/corpus/text. */
#include "gemel/expr.h"
#include "kinds/equations/eq_units.h"
#include "kinds/equations/sbml/sbml.h"
#include "kinds/equations/source.h"
#include "kinds/equations/text_net.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_text: %s\n", what);
  abort();
}

static void demand_refs(const eq_source *s, const ir_ref *r, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    demand(r[i] >= 0 && r[i] < s->graph.count, "a part is missing");
}

static void demand_names(const eq_name *n, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    demand(n[i].name && n[i].name[0] && n[i].unit && n[i].source, "a name is not whole");
}

/* Operands come before operators, and refer to states and parameters that exist. */
static void demand_graph(const eq_source *s)
{
  for (int32_t i = 0; i < s->graph.count; i++) {
    const ir_node *n = &s->graph.node[i];
    demand(n->a < i && n->b < i && n->c < i, "a node refers forward");
    if (n->op == IR_STATE) demand(n->index >= 0 && n->index < s->state_count, "no such state");
    demand(n->op != IR_SYMBOL && n->op != IR_RATE_OF, "a name is left over");
    if (n->op == IR_DELAYED) demand(n->index >= 0 && n->index < s->delay_count, "no such delay");
    if (n->op == IR_PARAM)
      demand(n->index >= 0 && n->index < s->parameter_count, "no such free parameter");
  }
}

static void demand_ref(const eq_source *s, ir_ref r, bool may_be_none)
{
  demand((r >= 0 && r < s->graph.count) || (may_be_none && r == IR_NONE), "a part is missing");
}

static void demand_events(const eq_source *s)
{
  for (int32_t i = 0; i < s->event_count; i++) {
    const eq_event *e = &s->event[i];
    demand(e->name != NULL, "an event without a name");
    demand_ref(s, e->trigger, false);
    demand_ref(s, e->delay, true);
    demand_ref(s, e->priority, true);
    demand(e->assign >= 0 && e->assign + e->assign_count <= s->assign_count, "no such assignment");
  }
  for (int32_t i = 0; i < s->assign_count; i++) {
    demand_ref(s, s->assign[i].value, false);
    demand(s->assign[i].state >= 0 && s->assign[i].state < s->state_count, "no such state");
  }
  for (int32_t i = 0; i < s->delay_count; i++) {
    demand_ref(s, s->delay[i].what, false);
    demand_ref(s, s->delay[i].lag, false);
  }
  for (int32_t i = 0; i < s->channel_count; i++) {
    const eq_channel *c = &s->channel[i];
    demand(c->name != NULL, "a reaction without a name");
    demand_ref(s, c->propensity, false);
    demand(c->change >= 0 && c->change + c->change_count <= s->change_count, "no such change");
  }
}

static void demand_whole(gm_ctx *ctx, const eq_source *s)
{
  gm_text t;
  demand(s->model_name && s->time_unit, "no name");
  demand(s->output_count > 0, "nothing to compute");
  demand_names(s->state, s->state_count);
  demand_names(s->parameter, s->parameter_count + s->derived_count);
  demand_names(s->output, s->output_count);
  demand_refs(s, s->rate, s->state_count);
  demand_refs(s, s->initial, s->state_count);
  demand_refs(s, s->value, s->output_count);
  demand_refs(s, s->derived + s->parameter_count, s->derived_count);
  demand_graph(s);
  demand_events(s);
  for (int32_t i = 0; i < s->parameter_count + s->derived_count; i++)
    demand(isfinite(s->parameter[i].value), "a parameter is not finite");
  gm_text_init(&t, ctx);
  eq_units_missing(s, &t);
  gm_text_free(&t);
}

static void as_model(gm_ctx *ctx, const char *text)
{
  eq_source s;
  gm_eq_config c = {.text = text, .text_name = "fuzz"};
  gm_message_clear(ctx);
  if (eq_source_read(ctx, &c, &s) == GM_OK) {
    demand_whole(ctx, &s);
    eq_source_free(&s);
  } else {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
  }
}

static void as_sbml(gm_ctx *ctx, const char *text)
{
  enum { BYTES_MAX = 100000 }; /* libsbml takes its time */
  net n, back;
  gm_text t;
  gm_message_clear(ctx);
  if (eqt_net_read(ctx, text, "fuzz", &n)) {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
    return;
  }
  gm_text_init(&t, ctx);
  gm_message_clear(ctx);
  if (net_write_sbml(&n, &t)) {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
  } else if (t.bytes < BYTES_MAX) {
    gm_status s = sbml_read(ctx, t.data, "fuzz", &back);
    if (s) fprintf(stderr, "%s\n%s\n", gm_message(ctx), t.data);
    demand(s == GM_OK, "what was written cannot be read");
    net_free(&back);
  }
  gm_text_free(&t);
  net_free(&n);
}

static void as_expression(gm_ctx *ctx, const char *text)
{
  static const char *const name[] = {"a", "b", "WT"}, *const unit[] = {"mg", NULL, "kg"};
  const double value[] = {1, 2, 70};
  gm_expr *e = NULL;
  gm_message_clear(ctx);
  if (gm_expr_new(ctx, text, name, unit, 3, "fuzz", &e) == GM_OK) {
    double first = gm_expr_eval(e, value), again = gm_expr_eval(e, value);
    demand(memcmp(&first, &again, sizeof first) == 0, "two values of one expression");
    gm_expr_free(e);
  } else {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx;
  char *text = malloc(bytes + 1);
  if (!text || gm_ctx_new(NULL, &ctx)) {
    free(text);
    return 0;
  }
  if (bytes) memcpy(text, data, bytes);
  text[bytes] = 0;
  as_model(ctx, text);
  as_sbml(ctx, text);
  as_expression(ctx, text);
  gm_ctx_free(ctx);
  free(text);
  return 0;
}
