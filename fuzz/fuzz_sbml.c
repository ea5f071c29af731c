/* fuzz_sbml.c - any bytes as an SBML document (libFuzzer; preset `fuzz`).
 *
 * Whatever they are, reading ends: with a message, or with a network whose parts are whole. Corpus:
 * fuzz/corpus/sbml; tests/equations/test_sbml_corpus.c includes this file and replays it. */
#include "kinds/equations/sbml/sbml.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_sbml: %s\n", what);
  abort();
}

/* none: the part may be missing. */
static void demand_ref(const net *n, ir_ref e, bool none)
{
  demand((e >= 0 && e < n->graph.count) || (none && e == IR_NONE), "an expression is missing");
}

static void demand_symbols(const net *n)
{
  for (int32_t i = 0; i < n->symbol_count; i++) {
    const net_symbol *s = &n->symbol[i];
    demand(s->name && s->name[0] && s->unit && s->source, "a symbol is not whole");
    demand_ref(n, s->initial, true);
    demand_ref(n, s->rule, true);
    demand_ref(n, s->rate, true);
    bool in = s->compartment >= 0 && s->compartment < n->symbol_count;
    demand(s->kind != NET_SPECIES || in, "a species without compartment");
    demand(s->conversion >= -1 && s->conversion < n->symbol_count, "a factor that is not there");
    demand(s->rule < 0 || s->rate < 0, "two rules");
  }
}

static void demand_nodes(const net *n)
{
  for (int32_t i = 0; i < n->graph.count; i++) {
    const ir_node *e = &n->graph.node[i];
    demand(e->a < i && e->b < i && e->c < i, "an operand behind its operator");
    if (e->op == IR_SYMBOL) demand(e->index < n->symbol_count, "a symbol that is not there");
    if (e->op == IR_DELAYED) demand(e->index < n->delay_count, "a delay that is not there");
    if (e->op == IR_UNIFORM) demand(e->index < n->uniform_count, "a draw that is not there");
  }
}

static void demand_parts(const net *n)
{
  for (int32_t i = 0; i < n->reaction_count; i++) {
    const net_reaction *r = &n->reaction[i];
    demand_ref(n, r->rate, true);
    demand(r->part >= 0 && r->part + r->part_count <= n->part_count, "parts that are not there");
  }
  for (int32_t i = 0; i < n->part_count; i++) {
    demand_ref(n, n->part[i].by, false);
    demand(n->symbol[n->part[i].species].kind == NET_SPECIES, "a part that is no species");
  }
  for (int32_t i = 0; i < n->event_count; i++) {
    const net_event *e = &n->event[i];
    demand(e->name && e->name[0], "an event without name");
    demand_ref(n, e->trigger, true);
    demand_ref(n, e->delay, true);
    demand_ref(n, e->priority, true);
    demand(e->assign >= 0 && e->assign + e->assign_count <= n->assign_count, "no such assignment");
  }
  for (int32_t i = 0; i < n->assign_count; i++) demand_ref(n, n->assign[i].value, false);
  for (int32_t i = 0; i < n->algebraic_count; i++) demand_ref(n, n->algebraic[i], false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx;
  net n;
  char *text = malloc(bytes + 1);
  if (!text || gm_ctx_new(NULL, &ctx)) {
    free(text);
    return 0;
  }
  if (bytes) memcpy(text, data, bytes);
  text[bytes] = 0;
  if (sbml_read(ctx, text, "fuzz", &n) == GM_OK) {
    demand_symbols(&n);
    demand_nodes(&n);
    demand_parts(&n);
    net_free(&n);
  } else {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
  }
  sbml_fluxes x;
  gm_message_clear(ctx);
  if (sbml_flux_balance(ctx, text, "fuzz", &x) == GM_OK)
    sbml_fluxes_free(&x);
  else
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
  gm_ctx_free(ctx);
  free(text);
  return 0;
}
