/* net_lower_names.c - which symbols are which rows of the result, with their names and units. */
#include "kinds/equations/net/net_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- order ---------------------------------------------------------------------------------- */
/* hangs[i]: does node i hang on the time of the start, or on chance? */
static void mark_hanging(const ir_graph *g, bool *hangs)
{
  for (int32_t i = 0; i < g->count; i++) {
    const ir_node *n = &g->node[i];
    hangs[i] = n->op == IR_TIME || n->op == IR_UNIFORM || n->op == IR_DELAYED ||
               (n->a >= 0 && hangs[n->a]) || (n->b >= 0 && hangs[n->b]) ||
               (n->c >= 0 && hangs[n->c]);
  }
}

static bool is_plain_parameter(const lowering *l, int32_t i)
{
  return l->symbol[i].role == NL_PARAMETER && l->symbol[i].free < 0 &&
         !isnan(l->n->symbol[i].value);
}

static bool is_derived(const lowering *l, int32_t i)
{
  return l->symbol[i].role == NL_DERIVED && l->symbol[i].free < 0 && l->n->symbol[i].initial >= 0;
}

/* What never changes, but begins with the time of the start or by chance, is held as a state. */
static gm_status hold_hanging(lowering *l)
{
  bool *hangs = gm_alloc(l->ctx, l->graph->count, sizeof *hangs);
  if (!hangs) return gm_fail(l->ctx, GM_ENOMEM, "states");
  mark_hanging(l->graph, hangs);
  for (int32_t i = 0; i < l->count; i++) {
    ir_ref at = l->start.result[l->start.node_count + i];
    if (nl_is_constant(l, i) && at >= 0 && hangs[at]) l->symbol[i].role = NL_HELD;
  }
  gm_free(hangs);
  return GM_OK;
}

gm_status nl_order(lowering *l)
{
  eq_source *o = l->out;
  int32_t all = l->count + l->pool_count;
  for (int32_t i = 0; i < l->count; i++)
    if (is_plain_parameter(l, i)) l->symbol[i].parameter = o->parameter_count++;
  o->parameter_count += l->config->free_initial_count;
  gm_status s = hold_hanging(l);
  if (s) return s;
  for (int32_t i = 0; i < all; i++)
    if (nl_is_state(l, i)) l->symbol[i].state = o->state_count++;
  for (int32_t i = 0; i < l->count; i++)
    if (is_derived(l, i)) l->symbol[i].parameter = o->parameter_count + o->derived_count++;
  return GM_OK;
}

/* ---- names ---------------------------------------------------------------------------------- */
static gm_status set_name(lowering *l, eq_name *n, const char *name, const char *unit,
                          const char *source, double value)
{
  n->value = value;
  n->name = gm_strdup(l->ctx, name);
  n->unit = gm_strdup(l->ctx, unit);
  n->source = gm_strdup(l->ctx, source);
  return n->name && n->unit && n->source ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "a name of a model");
}

/* The unit of a concentration times that of its compartment. Left open where one is not known. */
static void amount_unit(const lowering *l, int32_t i, char code[GM_UNIT_CODE_BYTES])
{
  const net_symbol *y = &l->n->symbol[i];
  const char *size = l->n->symbol[y->compartment].unit;
  size_t n = strlen(y->unit), m = strlen(size);
  code[0] = 0;
  if (n == 0 || m == 0 || n + m + 4 > GM_UNIT_CODE_BYTES) return;
  bool simple = !strpbrk(size, "./");
  if (simple && n > m + 1 && y->unit[n - m - 1] == '/' && strcmp(y->unit + n - m, size) == 0)
    snprintf(code, GM_UNIT_CODE_BYTES, "%.*s", (int)(n - m - 1), y->unit);
  else
    snprintf(code, GM_UNIT_CODE_BYTES, simple ? "%s.%s" : "%s.(%s)", y->unit, size);
}

/* The name of a symbol; held: with the unit of what its IR_STATE holds. */
static gm_status name_symbol(lowering *l, eq_name *n, int32_t i, bool held, double value)
{
  const net_symbol *y = &l->n->symbol[i];
  char code[GM_UNIT_CODE_BYTES];
  const char *unit = y->unit;
  if (held && l->symbol[i].holds_amount && nl_means_concentration(l, i)) {
    amount_unit(l, i, code);
    unit = code;
  }
  return set_name(l, n, y->name, unit, y->source, value);
}

static gm_status name_free(lowering *l, int32_t k)
{
  const net_symbol *y = &l->n->symbol[l->free_symbol[k]];
  int32_t first = l->out->parameter_count - l->config->free_initial_count;
  gm_text t;
  gm_text_init(&t, l->ctx);
  gm_text_addf(&t, "%s(0)", y->name);
  gm_status s = t.status ? gm_fail(l->ctx, GM_ENOMEM, "a name of a model")
                         : set_name(l, &l->out->parameter[first + k], t.data, y->unit, y->source,
                                    l->free_value[k]);
  gm_text_free(&t);
  return s;
}

gm_status nl_names(lowering *l)
{
  eq_source *o = l->out;
  const net *n = l->n;
  gm_status s = GM_OK;
  o->model_name = gm_strdup(l->ctx, n->name[0] ? n->name : "model");
  o->time_unit = gm_strdup(l->ctx, n->time_unit);
  if (!o->model_name || !o->time_unit) s = gm_fail(l->ctx, GM_ENOMEM, "name of a model");
  for (int32_t i = 0; i < l->count && !s; i++) {
    const nl_symbol *m = &l->symbol[i];
    if (m->parameter >= 0)
      s = name_symbol(l, &o->parameter[m->parameter], i, m->role != NL_DERIVED, n->symbol[i].value);
    if (m->state >= 0 && !s) s = name_symbol(l, &o->state[m->state], i, true, NAN);
  }
  for (int32_t k = 0; k < l->config->free_initial_count && !s; k++) s = name_free(l, k);
  for (int32_t k = 0; k < l->pool_count && !s; k++)
    s = set_name(l, &o->state[l->symbol[l->count + k].state], l->pool_name[k], "", "", NAN);
  return s;
}

/* ---- outputs -------------------------------------------------------------------------------- */
static gm_status check_asked(const lowering *l, int32_t k, const char *where)
{
  const gm_eq_output *a = &l->config->output[k];
  if (l->asked[k] < 0 || !a->name || !a->name[0])
    return gm_fail(l->ctx, GM_EINVAL, "%.200s: an output needs a name and an expression", where);
  for (int32_t i = 0; i < k; i++)
    if (strcmp(l->config->output[i].name, a->name) == 0)
      return gm_fail(l->ctx, GM_EINVAL, "%.200s: output %.80s is there twice", where, a->name);
  return GM_OK;
}

static gm_status asked_output(lowering *l, int32_t k)
{
  const gm_eq_output *a = &l->config->output[k];
  const char *where = a->where ? a->where : a->name ? a->name : "output", *unit = "", *source = "";
  char code[GM_UNIT_CODE_BYTES] = "";
  gm_unit known;
  gm_status s = check_asked(l, k, where);
  if (s) return s;
  const ir_node *n = &l->graph->node[l->asked[k]];
  if (n->op == IR_SYMBOL) {
    unit = l->n->symbol[n->index].unit;
    source = l->n->symbol[n->index].source;
  }
  if (a->unit && a->unit[0]) {
    s = gm_unit_parse_friendly(l->ctx, a->unit, &known, code);
    unit = code;
  }
  if (s) return gm_fail_at(l->ctx, GM_EUNIT, "%.200s: unit \"%.80s\"", where, a->unit);
  l->out->value[k] = nl_now_node(l, l->asked[k]);
  return set_name(l, &l->out->output[k], a->name, unit, source, NAN);
}

static bool is_rule(const lowering *l, int32_t i)
{
  return l->symbol[i].role == NL_RULE || l->symbol[i].role == NL_SOLVED;
}

/* Every rule, then every state, in the order of the model. */
static gm_status default_outputs(lowering *l)
{
  int32_t k = 0;
  gm_status s = GM_OK;
  for (int pass = 0; pass < 2; pass++)
    for (int32_t i = 0; i < l->count && !s; i++) {
      if (pass == 0 ? !is_rule(l, i) : !nl_is_state(l, i)) continue;
      l->out->value[k] = nl_now_value(l, i);
      s = name_symbol(l, &l->out->output[k++], i, false, NAN);
    }
  return s;
}

gm_status nl_outputs(lowering *l)
{
  eq_source *o = l->out;
  int32_t asked = l->config->output_count;
  gm_status s = GM_OK;
  o->output_count = asked;
  for (int32_t i = 0; i < l->count && !asked; i++)
    o->output_count += is_rule(l, i) || nl_is_state(l, i);
  o->output = gm_alloc(l->ctx, o->output_count, sizeof *o->output);
  o->value = gm_alloc(l->ctx, o->output_count, sizeof *o->value);
  if (!o->output || !o->value) {
    if (!o->output) o->output_count = 0;
    return gm_fail(l->ctx, GM_ENOMEM, "outputs");
  }
  if (!asked) return default_outputs(l);
  for (int32_t k = 0; k < asked && !s; k++) s = asked_output(l, k);
  return s;
}

/* ---- names without unit --------------------------------------------------------------------- */
static void list(gm_text *t, const char *name)
{
  gm_text_addf(t, "%s%s", t->bytes ? ", " : "", name);
}

static void list_rows(const lowering *l, gm_text *t, bool (*of)(const lowering *l, int32_t i))
{
  for (int32_t i = 0; i < l->count; i++)
    if (of(l, i) && !l->n->symbol[i].unit[0]) list(t, l->n->symbol[i].name);
}

gm_status nl_unitless(lowering *l)
{
  gm_text t;
  gm_text_init(&t, l->ctx);
  gm_text_add(&t, l->n->time_unit[0] ? "" : "time");
  list_rows(l, &t, nl_is_state);
  list_rows(l, &t, is_rule);
  list_rows(l, &t, is_plain_parameter);
  list_rows(l, &t, is_derived);
  for (int32_t k = 0; k < l->config->output_count; k++)
    if (!l->out->output[k].unit[0]) list(&t, l->out->output[k].name);
  if (!t.status && !t.data) gm_text_add(&t, "");
  if (t.status) {
    gm_text_free(&t);
    return gm_fail(l->ctx, GM_ENOMEM, "list of names without unit");
  }
  l->out->no_unit = t.data; /* passed on */
  return GM_OK;
}
