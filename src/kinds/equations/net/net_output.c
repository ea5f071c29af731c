/* net_output.c - expressions of outputs over the names of a network, read by the grammar of model
 * texts (parse.h). Names inside a sub-model may be written SUB.x for a symbol SUB__x. */
#include "kinds/equations/net/net.h"
#include "kinds/equations/parse.h"
#include "kinds/equations/text_lower.h"
#include <assert.h>
#include <string.h>

typedef struct {
  net *n;
  eqt_doc doc;
  eqt_text text;
  eqt_lowering lower;
  ir_ref *ref; /* [doc.name.count] */
} reader;

/* The symbol of a name as it is, or with its dots as "__"; -1 none. */
static int32_t find(const net *n, const char *name, int32_t bytes)
{
  char with[2 * EQT_NAME_BYTES_MAX + 1];
  int32_t count = 0, i = net_find(n, name, (size_t)bytes);
  if (i >= 0 || bytes > EQT_NAME_BYTES_MAX) return i;
  for (int32_t k = 0; k < bytes; k++) {
    if (name[k] == '.') with[count++] = '_';
    with[count++] = name[k] == '.' ? '_' : name[k];
  }
  return net_find(n, with, (size_t)count);
}

/* A lone name, whatever it is: also one that is a word of the grammar, like `time` or `at`. */
static int32_t lone(const net *n, const char *text)
{
  size_t from = strspn(text, " \t"), bytes = strcspn(text + from, " \t");
  if (text[from + bytes + strspn(text + from + bytes, " \t")]) return -1;
  return bytes <= EQT_NAME_BYTES_MAX ? find(n, text + from, (int32_t)bytes) : -1;
}

static gm_status names(reader *r)
{
  int32_t count = r->doc.name.count;
  r->ref = gm_alloc(r->n->ctx, count, sizeof *r->ref);
  if (!r->ref) return gm_fail(r->n->ctx, GM_ENOMEM, "names of an output");
  for (int32_t i = 0; i < count; i++) {
    const eqt_key *k = &r->doc.name.key[i];
    int32_t symbol = find(r->n, k->text, k->bytes);
    if (symbol < 0)
      return eqt_fail(&r->text, r->doc.symbol[i].used_at, GM_EPARSE, "no %.*s in the model",
                      (int)k->bytes, k->text);
    r->ref[i] = ir_leaf(&r->n->graph, IR_SYMBOL, symbol);
  }
  return r->n->graph.status;
}

static gm_status read(reader *r, const gm_eq_output *o, ir_ref *out)
{
  eqt_expr e;
  eqt_value v;
  gm_status s = eqt_parse_alone(&r->doc, o->expression, eq_output_where(o), &r->text, &e);
  if (!s) s = names(r);
  if (!s) s = eqt_units_resolve(&r->doc);
  if (s) return s;
  eqt_lowering_init(&r->lower, &r->doc, &r->n->graph);
  r->lower.name_ref = r->ref;
  r->lower.net = r->n;
  s = eqt_lower(&r->lower, &e, &v);
  eqt_lowering_free(&r->lower);
  if (!s) *out = v.ref;
  return s;
}

gm_status net_output_read(net *n, const gm_eq_output *o, ir_ref *out)
{
  assert(n && o && o->expression && out);
  int32_t symbol = lone(n, o->expression);
  if (symbol >= 0) {
    ir_ref leaf = ir_leaf(&n->graph, IR_SYMBOL, symbol);
    if (leaf < 0) return n->graph.status;
    *out = leaf;
    return GM_OK;
  }
  reader r = {.n = n};
  gm_status s = eqt_doc_init(&r.doc, n->ctx);
  if (!s) s = read(&r, o, out);
  gm_free(r.ref);
  eqt_doc_free(&r.doc);
  return s;
}
