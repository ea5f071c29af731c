/* net_write.c - a network as a document of SBML Level 3 Version 2 core. */
#include "kinds/equations/net/net_write.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------ */
gm_status nw_fail(const nw_writer *w, gm_status s, const char *format, ...)
{
  char text[600];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  return net_fail(w->n, 0, s, "%s", text);
}

void nw_indent(nw_writer *w, int level) { gm_text_addf(w->to, "%*s", 2 * level, ""); }

void nw_text(nw_writer *w, const char *text)
{
  for (const char *p = text; *p;) {
    size_t n = strcspn(p, "&<>\"");
    gm_text_addn(w->to, p, n);
    p += n;
    if (!*p) return;
    gm_text_add(w->to, *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&quot;");
    p++;
  }
}

void nw_attribute_number(nw_writer *w, const char *name, double value)
{
  gm_text_addf(w->to, " %s=\"", name);
  if (isnan(value))
    gm_text_add(w->to, "NaN");
  else if (isinf(value))
    gm_text_add(w->to, value > 0 ? "INF" : "-INF");
  else
    nw_digits(w->to, value);
  gm_text_add(w->to, "\"");
}

static void attribute(nw_writer *w, const char *name, const char *value)
{
  if (!value || !value[0]) return;
  gm_text_addf(w->to, " %s=\"", name);
  nw_text(w, value);
  gm_text_add(w->to, "\"");
}

static void attribute_flag(nw_writer *w, const char *name, bool value)
{
  attribute(w, name, value ? "true" : "false");
}

/* ---- ids ------------------------------------------------------------------------------------- */
/* A.x is A__x in SBML, as where the package comp is flattened. */
static char *id_of(gm_ctx *ctx, const char *name)
{
  gm_text t;
  gm_text_init(&t, ctx);
  if (!name[0]) return gm_strdup(ctx, "");
  for (const char *p = name; *p; p++) gm_text_addn(&t, *p == '.' ? "__" : p, *p == '.' ? 2 : 1);
  if (t.status) gm_text_free(&t);
  return t.data;
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Are all ids different? */
static gm_status ids_differ(nw_writer *w)
{
  int32_t n = w->n->symbol_count;
  const char **all = gm_alloc(w->ctx, n, sizeof *all);
  if (!all) return gm_fail(w->ctx, GM_ENOMEM, "names of a model");
  gm_status s = GM_OK;
  for (int32_t i = 0; i < n; i++) all[i] = w->id[i];
  if (n) qsort(all, (size_t)n, sizeof *all, by_text);
  for (int32_t i = 1; i < n && !s; i++)
    if (strcmp(all[i - 1], all[i]) == 0)
      s = nw_fail(w, GM_EUNSUPPORTED, "two names would both be %.200s in SBML: rename one", all[i]);
  gm_free(all);
  return s;
}

static bool id_taken(const nw_writer *w, const char *id)
{
  for (int32_t i = 0; i < w->n->symbol_count; i++)
    if (strcmp(w->id[i], id) == 0) return true;
  return false;
}

/* SBML has no species outside of compartments: those without one get one of size 1. */
static gm_status default_compartment(nw_writer *w)
{
  bool needed = false;
  gm_text t;
  for (int32_t i = 0; i < w->n->symbol_count; i++)
    needed = needed || (w->n->symbol[i].kind == NET_SPECIES && w->n->symbol[i].compartment < 0);
  if (!needed) return GM_OK;
  gm_text_init(&t, w->ctx);
  gm_text_add(&t, "default_compartment");
  while (!t.status && id_taken(w, t.data)) gm_text_add(&t, "_");
  w->compartment = t.data;
  return t.status ? gm_fail(w->ctx, GM_ENOMEM, "a compartment") : GM_OK;
}

/* A stoichiometry that is the number of one species in one reaction keeps its id there; any other
 * is a parameter. */
static void find_references(nw_writer *w)
{
  const net *n = w->n;
  for (int32_t i = 0; i < n->symbol_count; i++) w->reference[i] = -1;
  for (int32_t k = 0; k < n->part_count; k++) {
    const ir_node *by = n->part[k].by < 0 ? NULL : &n->graph.node[n->part[k].by];
    if (by && by->op == IR_NEG) by = &n->graph.node[by->a];
    if (!by || by->op != IR_SYMBOL || n->symbol[by->index].kind != NET_STOICHIOMETRY) continue;
    w->reference[by->index] = w->reference[by->index] == -1 ? k : -2;
  }
}

static gm_status prepare(nw_writer *w)
{
  const net *n = w->n;
  w->id = gm_alloc(w->ctx, n->symbol_count, sizeof *w->id);
  w->used_in = gm_alloc(w->ctx, n->symbol_count, sizeof *w->used_in);
  w->reference = gm_alloc(w->ctx, n->symbol_count, sizeof *w->reference);
  if (!w->id || !w->used_in || !w->reference) return gm_fail(w->ctx, GM_ENOMEM, "names of a model");
  for (int32_t i = 0; i < n->symbol_count; i++) {
    w->id[i] = id_of(w->ctx, n->symbol[i].name);
    if (!w->id[i]) return gm_fail(w->ctx, GM_ENOMEM, "names of a model");
  }
  find_references(w);
  gm_status s = ids_differ(w);
  return s ? s : default_compartment(w);
}

/* ---- units ----------------------------------------------------------------------------------- */
/* The unit of a species' amount: its own, or that of its concentration times its compartment's. */
static void amount_code(const nw_writer *w, const net_symbol *y, char code[GM_UNIT_CODE_BYTES])
{
  const char *size = y->compartment < 0 ? "" : w->n->symbol[y->compartment].unit;
  size_t n = strlen(y->unit), m = strlen(size);
  bool amount =
      y->amount_only || y->compartment < 0 || w->n->symbol[y->compartment].dimensions == 0;
  snprintf(code, GM_UNIT_CODE_BYTES, "%.200s", amount && n <= 200 ? y->unit : "");
  if (amount || n == 0 || m == 0 || n + m + 4 > GM_UNIT_CODE_BYTES) return;
  bool simple = !strpbrk(size, "./");
  if (simple && n > m + 1 && y->unit[n - m - 1] == '/' && strcmp(y->unit + n - m, size) == 0)
    snprintf(code, GM_UNIT_CODE_BYTES, "%.*s", (int)(n - m - 1), y->unit);
  else
    snprintf(code, GM_UNIT_CODE_BYTES, simple ? "%s.%s" : "%s.(%s)", y->unit, size);
}

static gm_status unit_of(nw_writer *w, const net_symbol *y, const char **id_out)
{
  char code[GM_UNIT_CODE_BYTES];
  if (y->kind != NET_SPECIES) return nw_unit_id(w, y->unit, id_out);
  amount_code(w, y, code);
  return nw_unit_id(w, code, id_out);
}

/* All units in use, so that their definitions can stand in front. */
static gm_status find_units(nw_writer *w)
{
  const char *id;
  gm_status s = nw_unit_id(w, w->n->time_unit, &id);
  for (int32_t i = 0; i < w->n->symbol_count && !s; i++)
    if (w->n->symbol[i].kind != NET_REACTION) s = unit_of(w, &w->n->symbol[i], &id);
  return s;
}

/* The one unit that all species' amounts have, for the extent of reactions; NULL: there is none. */
static gm_status common_unit(nw_writer *w, const char **out)
{
  const char *id, *all = NULL;
  bool first = true;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < w->n->symbol_count && !s; i++) {
    if (w->n->symbol[i].kind != NET_SPECIES) continue;
    s = unit_of(w, &w->n->symbol[i], &id);
    if (first) all = id;
    if (!id || !all || strcmp(id, all) != 0) all = NULL;
    first = false;
  }
  *out = all;
  return s;
}

/* ---- symbols --------------------------------------------------------------------------------- */
/* The end of an element's opening tag, and where its value comes from, if that is known. */
static void close_tag(nw_writer *w, const char *element, const net_symbol *y)
{
  if (!y->source || !y->source[0]) {
    gm_text_add(w->to, "/>\n");
    return;
  }
  gm_text_add(w->to, ">\n        <notes><p xmlns=\"http://www.w3.org/1999/xhtml\">source: ");
  nw_text(w, y->source);
  gm_text_addf(w->to, "</p></notes>\n      </%s>\n", element);
}

static void open_tag(nw_writer *w, const char *element, int32_t i)
{
  const net_symbol *y = &w->n->symbol[i];
  gm_text_addf(w->to, "      <%s id=\"%s\"", element, w->id[i]);
  if (strcmp(w->id[i], y->name) != 0) attribute(w, "name", y->name);
}

static bool has_value(const net_symbol *y)
{
  return !isnan(y->value) && y->initial < 0 && y->rule < 0;
}

static gm_status compartment(nw_writer *w, int32_t i)
{
  const net_symbol *y = &w->n->symbol[i];
  const char *unit;
  gm_status s = unit_of(w, y, &unit);
  open_tag(w, "compartment", i);
  gm_text_addf(w->to, " spatialDimensions=\"%d\"", (int)y->dimensions);
  if (has_value(y)) nw_attribute_number(w, "size", y->value);
  attribute(w, "units", unit);
  attribute_flag(w, "constant", y->constant);
  close_tag(w, "compartment", y);
  return s;
}

static gm_status species(nw_writer *w, int32_t i)
{
  const net_symbol *y = &w->n->symbol[i];
  const char *unit;
  gm_status s = unit_of(w, y, &unit);
  open_tag(w, "species", i);
  attribute(w, "compartment", y->compartment < 0 ? w->compartment : w->id[y->compartment]);
  if (has_value(y))
    nw_attribute_number(w, y->value_is_amount ? "initialAmount" : "initialConcentration", y->value);
  attribute(w, "substanceUnits", unit);
  attribute_flag(w, "hasOnlySubstanceUnits", y->amount_only);
  attribute_flag(w, "boundaryCondition", y->boundary || y->constant);
  attribute_flag(w, "constant", y->constant);
  if (y->conversion >= 0) attribute(w, "conversionFactor", w->id[y->conversion]);
  close_tag(w, "species", y);
  return s;
}

static gm_status parameter(nw_writer *w, int32_t i)
{
  const net_symbol *y = &w->n->symbol[i];
  const char *unit;
  gm_status s = unit_of(w, y, &unit);
  open_tag(w, "parameter", i);
  if (has_value(y)) nw_attribute_number(w, "value", y->value);
  attribute(w, "units", unit);
  attribute_flag(w, "constant", y->constant);
  close_tag(w, "parameter", y);
  return s;
}

/* Is it written in this list? */
static bool belongs(const nw_writer *w, int32_t i, net_kind kind)
{
  net_kind k = w->n->symbol[i].kind;
  if (k == NET_STOICHIOMETRY) return kind == NET_PARAMETER && w->reference[i] < 0;
  return k == kind;
}

static gm_status list(nw_writer *w, const char *name, net_kind kind,
                      gm_status write(nw_writer *, int32_t))
{
  bool extra = kind == NET_COMPARTMENT && w->compartment, any = extra;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < w->n->symbol_count; i++) any = any || belongs(w, i, kind);
  if (!any) return GM_OK;
  gm_text_addf(w->to, "    <%s>\n", name);
  if (extra)
    gm_text_addf(w->to,
                 "      <compartment id=\"%s\" spatialDimensions=\"3\" size=\"1\" "
                 "units=\"dimensionless\" constant=\"true\"/>\n",
                 w->compartment);
  for (int32_t i = 0; i < w->n->symbol_count && !s; i++)
    if (belongs(w, i, kind)) s = write(w, i);
  gm_text_addf(w->to, "    </%s>\n", name);
  return s;
}

/* ---- initial assignments and rules ----------------------------------------------------------- */
static gm_status with_math(nw_writer *w, const char *element, const char *attribute_name,
                           const char *id, ir_ref f)
{
  int level = strcmp(element, "eventAssignment") == 0 ? 5 : 3;
  nw_indent(w, level);
  gm_text_addf(w->to, "<%s", element);
  if (id) attribute(w, attribute_name, id);
  gm_text_add(w->to, ">\n");
  gm_status s = nw_math(w, level + 1, f, false);
  nw_indent(w, level);
  gm_text_addf(w->to, "</%s>\n", element);
  return s;
}

static gm_status initial_assignments(nw_writer *w)
{
  bool any = false;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < w->n->symbol_count; i++) any = any || w->n->symbol[i].initial >= 0;
  if (any) gm_text_add(w->to, "    <listOfInitialAssignments>\n");
  for (int32_t i = 0; i < w->n->symbol_count && !s; i++)
    if (w->n->symbol[i].initial >= 0)
      s = with_math(w, "initialAssignment", "symbol", w->id[i], w->n->symbol[i].initial);
  if (any) gm_text_add(w->to, "    </listOfInitialAssignments>\n");
  return s;
}

/* The number of a species in a reaction, without its sign: *product_out tells the side. */
static ir_ref number_of(const nw_writer *w, const net_part *p, bool *product_out)
{
  const ir_node *by = &w->n->graph.node[p->by];
  *product_out = by->op == IR_CONST ? !(by->value < 0) : by->op != IR_NEG;
  return by->op == IR_NEG ? by->a : p->by;
}

/* Must the number be written as a rule of its own? Its id is REACTION__partN. */
static bool needs_rule(const nw_writer *w, int32_t part)
{
  bool product;
  if (w->n->part[part].by < 0) return false;
  const ir_node *n = &w->n->graph.node[number_of(w, &w->n->part[part], &product)];
  bool own = n->op == IR_SYMBOL && w->n->symbol[n->index].kind == NET_STOICHIOMETRY &&
             w->reference[n->index] == part;
  return n->op != IR_CONST && !own;
}

static void part_id(const nw_writer *w, int32_t part, char id[300])
{
  snprintf(id, 300, "%.250s__part%d", w->id[w->n->reaction[w->reaction[part]].symbol], (int)part);
}

static gm_status part_rules(nw_writer *w)
{
  char id[300];
  bool product;
  gm_status s = GM_OK;
  for (int32_t k = 0; k < w->n->part_count && !s; k++) {
    if (!needs_rule(w, k)) continue;
    part_id(w, k, id);
    if (id_taken(w, id))
      return nw_fail(w, GM_EUNSUPPORTED, "the name %.250s is needed for a stoichiometry in SBML",
                     id);
    s = with_math(w, "assignmentRule", "variable", id, number_of(w, &w->n->part[k], &product));
  }
  return s;
}

static gm_status rules(nw_writer *w)
{
  const net *n = w->n;
  bool any = n->algebraic_count > 0;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < n->symbol_count; i++)
    any = any || n->symbol[i].rule >= 0 || n->symbol[i].rate >= 0;
  for (int32_t k = 0; k < n->part_count; k++) any = any || needs_rule(w, k);
  if (!any) return GM_OK;
  gm_text_add(w->to, "    <listOfRules>\n");
  for (int32_t i = 0; i < n->symbol_count && !s; i++) {
    if (n->symbol[i].rule >= 0)
      s = with_math(w, "assignmentRule", "variable", w->id[i], n->symbol[i].rule);
    if (!s && n->symbol[i].rate >= 0)
      s = with_math(w, "rateRule", "variable", w->id[i], n->symbol[i].rate);
  }
  if (!s) s = part_rules(w);
  for (int32_t i = 0; i < n->algebraic_count && !s; i++)
    s = with_math(w, "algebraicRule", NULL, NULL, n->algebraic[i]);
  gm_text_add(w->to, "    </listOfRules>\n");
  return s;
}

/* ---- reactions ------------------------------------------------------------------------------- */
static void part(nw_writer *w, int32_t k)
{
  const net_part *p = &w->n->part[k];
  char id[300];
  bool product, constant = true;
  gm_text_add(w->to, "          <speciesReference");
  if (p->by >= 0) {
    const ir_node *n = &w->n->graph.node[number_of(w, p, &product)];
    if (n->op == IR_CONST) {
      nw_attribute_number(w, "stoichiometry", fabs(n->value));
    } else if (needs_rule(w, k)) {
      part_id(w, k, id);
      attribute(w, "id", id);
      constant = false;
    } else {
      const net_symbol *y = &w->n->symbol[n->index];
      attribute(w, "id", w->id[n->index]);
      if (has_value(y)) nw_attribute_number(w, "stoichiometry", y->value);
      constant = y->constant;
    }
  }
  attribute(w, "species", w->id[p->species]);
  attribute_flag(w, "constant", constant);
  gm_text_add(w->to, "/>\n");
}

static void side(nw_writer *w, const net_reaction *r, bool products)
{
  const char *name = products ? "listOfProducts" : "listOfReactants";
  bool open = false, product;
  for (int32_t k = r->part; k < r->part + r->part_count; k++) {
    product = true;
    if (w->n->part[k].by >= 0) (void)number_of(w, &w->n->part[k], &product);
    w->used_in[w->n->part[k].species] = 0; /* it is no modifier */
    if (product != products) continue;
    if (!open) gm_text_addf(w->to, "        <%s>\n", name);
    open = true;
    part(w, k);
  }
  if (open) gm_text_addf(w->to, "        </%s>\n", name);
}

/* Species that the rate depends on and that are on neither side. */
static void modifiers(nw_writer *w)
{
  bool open = false;
  for (int32_t i = 0; i < w->n->symbol_count; i++) {
    if (!w->used_in[i] || w->n->symbol[i].kind != NET_SPECIES) continue;
    if (!open) gm_text_add(w->to, "        <listOfModifiers>\n");
    open = true;
    gm_text_add(w->to, "          <modifierSpeciesReference");
    attribute(w, "species", w->id[i]);
    gm_text_add(w->to, "/>\n");
  }
  if (open) gm_text_add(w->to, "        </listOfModifiers>\n");
}

/* The law is written first, into a text of its own: it tells which species are modifiers. */
static gm_status reaction(nw_writer *w, const net_reaction *r)
{
  gm_text law;
  gm_status s = GM_OK;
  gm_text_init(&law, w->ctx);
  memset(w->used_in, 0, (size_t)w->n->symbol_count * sizeof *w->used_in);
  if (r->fast && r->rate >= 0)
    return nw_fail(w, GM_EUNSUPPORTED,
                   "reaction %.200s is fast: SBML Level 3 Version 2 has no fast reactions",
                   w->n->symbol[r->symbol].name);
  if (r->rate >= 0) {
    w->to = &law;
    gm_text_add(w->to, "        <kineticLaw>\n");
    s = nw_math(w, 5, r->rate, false);
    gm_text_add(w->to, "        </kineticLaw>\n");
    w->to = &w->out;
  }
  open_tag(w, "reaction", r->symbol);
  attribute_flag(w, "reversible", r->reversible);
  gm_text_add(w->to, ">\n");
  side(w, r, false);
  side(w, r, true);
  modifiers(w);
  if (law.bytes) gm_text_addn(w->to, law.data, law.bytes);
  gm_text_add(w->to, "      </reaction>\n");
  if (!s) s = law.status;
  gm_text_free(&law);
  return s;
}

static gm_status reactions(nw_writer *w)
{
  gm_status s = GM_OK;
  if (w->n->reaction_count == 0) return GM_OK;
  gm_text_add(w->to, "    <listOfReactions>\n");
  for (int32_t i = 0; i < w->n->reaction_count && !s; i++) s = reaction(w, &w->n->reaction[i]);
  gm_text_add(w->to, "    </listOfReactions>\n");
  return s;
}

/* ---- events ---------------------------------------------------------------------------------- */
static gm_status event_part(nw_writer *w, const char *element, ir_ref f)
{
  if (f < 0) return GM_OK;
  gm_text_addf(w->to, "        <%s>\n", element);
  gm_status s = nw_math(w, 5, f, false);
  gm_text_addf(w->to, "        </%s>\n", element);
  return s;
}

/* Letters, digits and _ only, no digit in front: an SId. */
static bool is_id(const char *text)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return text[0] && !(text[0] >= '0' && text[0] <= '9') && !text[strspn(text, letters)];
}

/* Events that had no id have names readers made up; those are left out. */
static gm_status open_event(nw_writer *w, const net_event *e)
{
  char *id = id_of(w->ctx, e->name ? e->name : "");
  if (!id) return gm_fail(w->ctx, GM_ENOMEM, "an event");
  gm_text_add(w->to, "      <event");
  attribute(w, "id", is_id(id) && !id_taken(w, id) ? id : NULL);
  gm_free(id);
  return GM_OK;
}

static gm_status event(nw_writer *w, const net_event *e)
{
  gm_status s = open_event(w, e);
  if (s) return s;
  attribute_flag(w, "useValuesFromTriggerTime", e->at_trigger);
  gm_text_add(w->to, ">\n");
  if (e->trigger >= 0) {
    gm_text_add(w->to, "        <trigger");
    attribute_flag(w, "initialValue", e->initial);
    attribute_flag(w, "persistent", e->persistent);
    gm_text_add(w->to, ">\n");
    s = nw_math(w, 5, e->trigger, true);
    gm_text_add(w->to, "        </trigger>\n");
  }
  if (!s) s = event_part(w, "priority", e->priority);
  if (!s) s = event_part(w, "delay", e->delay);
  if (e->assign_count) gm_text_add(w->to, "        <listOfEventAssignments>\n");
  for (int32_t k = e->assign; k < e->assign + e->assign_count && !s; k++)
    s = with_math(w, "eventAssignment", "variable", w->id[w->n->assign[k].symbol],
                  w->n->assign[k].value);
  if (e->assign_count) gm_text_add(w->to, "        </listOfEventAssignments>\n");
  gm_text_add(w->to, "      </event>\n");
  return s;
}

static gm_status events(nw_writer *w)
{
  gm_status s = GM_OK;
  if (w->n->event_count == 0) return GM_OK;
  gm_text_add(w->to, "    <listOfEvents>\n");
  for (int32_t i = 0; i < w->n->event_count && !s; i++) s = event(w, &w->n->event[i]);
  gm_text_add(w->to, "    </listOfEvents>\n");
  return s;
}

/* ---- all of it ------------------------------------------------------------------------------- */
static gm_status head(nw_writer *w)
{
  const char *time, *extent;
  char *id = id_of(w->ctx, w->n->name);
  gm_status s = id ? nw_unit_id(w, w->n->time_unit, &time) : gm_fail(w->ctx, GM_ENOMEM, "a name");
  if (!s) s = common_unit(w, &extent);
  if (!s) {
    gm_text_add(w->to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" "
                       "version=\"2\">\n  <model");
    attribute(w, id_taken(w, id) ? "name" : "id", id);
    attribute(w, "timeUnits", time);
    attribute(w, "substanceUnits", extent);
    attribute(w, "extentUnits", extent);
    gm_text_add(w->to, ">\n");
    nw_units(w);
  }
  gm_free(id);
  return s;
}

static gm_status document(nw_writer *w)
{
  gm_status s = prepare(w);
  if (!s) s = find_units(w);
  if (!s) s = head(w);
  if (!s) s = list(w, "listOfCompartments", NET_COMPARTMENT, compartment);
  if (!s) s = list(w, "listOfSpecies", NET_SPECIES, species);
  if (!s) s = list(w, "listOfParameters", NET_PARAMETER, parameter);
  if (!s) s = initial_assignments(w);
  if (!s) s = rules(w);
  if (!s) s = reactions(w);
  if (!s) s = events(w);
  gm_text_add(w->to, "  </model>\n</sbml>\n");
  if (!s && w->out.status) s = gm_fail(w->ctx, w->out.status, "the SBML document");
  return s;
}

gm_status net_write_sbml(const net *n, gm_text *out)
{
  assert(n && out);
  nw_writer w = {.n = n, .ctx = n->ctx};
  gm_text_init(&w.out, n->ctx);
  w.to = &w.out;
  w.reaction = gm_alloc(n->ctx, n->part_count, sizeof *w.reaction);
  gm_status s = w.reaction ? GM_OK : gm_fail(n->ctx, GM_ENOMEM, "reactions");
  for (int32_t i = 0; i < n->reaction_count && !s; i++)
    for (int32_t k = 0; k < n->reaction[i].part_count; k++) w.reaction[n->reaction[i].part + k] = i;
  if (!s) s = document(&w);
  if (!s) gm_text_addn(out, w.out.data, w.out.bytes);
  if (!s && out->status) s = gm_fail(n->ctx, out->status, "the SBML document");
  for (int32_t i = 0; w.id && i < n->symbol_count; i++) gm_free(w.id[i]);
  gm_free(w.id);
  gm_free(w.used_in);
  gm_free(w.reference);
  gm_free(w.reaction);
  gm_free(w.compartment);
  nw_units_free(&w);
  gm_text_free(&w.out);
  return s;
}
