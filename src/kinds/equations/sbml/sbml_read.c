/* sbml_read.c - the model's own elements: compartments, species, parameters, and the order in which
 * everything is read. Symbols come first, so that a formula may name what is defined below it. */
#include "gemel/unit.h"
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

gm_status sbml_fail(sbml_reader *r, gm_status s, const char *format, ...)
{
  char text[700];
  if (r->status) return r->status;
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  const char *what = r->what ? r->what : "", *id = r->what && r->id ? r->id : "";
  const char *gap = id[0] ? " " : "", *colon = what[0] ? ": " : "";
  r->status = s;
  if (r->line > 0)
    return gm_fail(r->ctx, s, "%.200s:%d: %s%s%.80s%s%s", r->file, (int)r->line, what, gap, id,
                   colon, text);
  return gm_fail(r->ctx, s, "%.200s: %s%s%.80s%s%s", r->file, what, gap, id, colon, text);
}

void sbml_at(sbml_reader *r, const void *element, const char *what, const char *id)
{
  r->what = what;
  r->id = id;
  r->line = element ? (int32_t)SBase_getLine((const SBase_t *)element) : 0;
}

/* A new symbol with its unit; NULL: r->status is set. */
static net_symbol *symbol_add(sbml_reader *r, net_kind kind, const char *id, const char *unit)
{
  int32_t i;
  if (r->status) return NULL;
  if (!id || !id[0]) {
    (void)sbml_fail(r, GM_EPARSE, "it has no id");
    return NULL;
  }
  r->status = net_symbol_add(&r->net, kind, id, &i);
  if (r->status) {
    r->status = gm_fail_at(r->ctx, r->status, "line %d", (int)r->line);
    return NULL;
  }
  net_symbol *s = &r->net.symbol[i];
  char *copy = gm_strdup(r->ctx, unit);
  if (!copy) {
    (void)sbml_fail(r, GM_ENOMEM, "its unit");
    return NULL;
  }
  gm_free(s->unit);
  s->unit = copy;
  s->line = r->line;
  return s;
}

void sbml_value(sbml_reader *r, net_symbol *s, bool stated, double value)
{
  s->value = stated ? value : (double)NAN;
  if (stated && isnan(value)) s->initial = ir_const(&r->net.graph, (double)NAN);
}

static void compartment_read(sbml_reader *r, Compartment_t *c)
{
  char unit[GM_UNIT_CODE_BYTES];
  sbml_at(r, c, "compartment", Compartment_getId(c));
  sbml_unit_of_compartment(r, c, unit);
  net_symbol *s = symbol_add(r, NET_COMPARTMENT, Compartment_getId(c), unit);
  if (!s) return;
  double dimensions = Compartment_getSpatialDimensionsAsDouble(c);
  bool stated = r->level == 1 || Compartment_isSetSize(c); /* level 1 has a default: 1 */
  s->dimensions = dimensions == 0 ? 0 : (dimensions == 1 ? 1 : (dimensions == 2 ? 2 : 3));
  sbml_value(r, s, stated, Compartment_getSize(c));
  s->constant = r->level > 1 && Compartment_getConstant(c);
}

static int32_t symbol_of(sbml_reader *r, const char *id, net_kind kind, const char *what)
{
  int32_t i = id ? net_find(&r->net, id, strlen(id)) : -1;
  if (i >= 0 && r->net.symbol[i].kind == kind) return i;
  (void)sbml_fail(r, GM_EPARSE, "there is no %s \"%.60s\"", what, id ? id : "");
  return -1;
}

static void species_read(sbml_reader *r, Species_t *e)
{
  char unit[GM_UNIT_CODE_BYTES];
  sbml_at(r, e, "species", Species_getId(e));
  sbml_unit_of_species(r, e, unit);
  net_symbol *s = symbol_add(r, NET_SPECIES, Species_getId(e), unit);
  if (!s) return;
  s->amount_only = Species_getHasOnlySubstanceUnits(e);
  s->boundary = Species_getBoundaryCondition(e);
  s->constant = r->level > 1 && Species_getConstant(e);
  s->value_is_amount = Species_isSetInitialAmount(e);
  if (s->value_is_amount)
    sbml_value(r, s, true, Species_getInitialAmount(e));
  else
    sbml_value(r, s, Species_isSetInitialConcentration(e), Species_getInitialConcentration(e));
  s->compartment = symbol_of(r, Species_getCompartment(e), NET_COMPARTMENT, "compartment");
}

static void parameter_read(sbml_reader *r, Parameter_t *p)
{
  char unit[GM_UNIT_CODE_BYTES];
  sbml_at(r, p, "parameter", Parameter_getId(p));
  sbml_unit_code(r, Parameter_getUnits(p), unit);
  net_symbol *s = symbol_add(r, NET_PARAMETER, Parameter_getId(p), unit);
  if (!s) return;
  sbml_value(r, s, Parameter_isSetValue(p), Parameter_getValue(p));
  s->constant = r->level > 1 && Parameter_getConstant(p);
}

/* Factors are parameters, which stand behind the species. */
static void conversions_read(sbml_reader *r)
{
  const char *all = Model_getConversionFactor(r->model);
  unsigned count = r->level < 3 ? 0 : Model_getNumSpecies(r->model);
  for (unsigned i = 0; i < count && !r->status; i++) {
    Species_t *e = Model_getSpecies(r->model, i);
    const char *own = Species_getConversionFactor(e);
    const char *factor = own && own[0] ? own : all;
    if (!factor || !factor[0]) continue;
    sbml_at(r, e, "species", Species_getId(e));
    int32_t s = symbol_of(r, Species_getId(e), NET_SPECIES, "species");
    int32_t f = symbol_of(r, factor, NET_PARAMETER, "parameter");
    if (s >= 0) r->net.symbol[s].conversion = f;
  }
}

static void symbols_read(sbml_reader *r)
{
  unsigned count = Model_getNumCompartments(r->model);
  for (unsigned i = 0; i < count && !r->status; i++)
    compartment_read(r, Model_getCompartment(r->model, i));
  count = Model_getNumSpecies(r->model);
  for (unsigned i = 0; i < count && !r->status; i++) species_read(r, Model_getSpecies(r->model, i));
  count = Model_getNumParameters(r->model);
  for (unsigned i = 0; i < count && !r->status; i++)
    parameter_read(r, Model_getParameter(r->model, i));
  conversions_read(r);
  sbml_reactions_add(r);
}

static void names_read(sbml_reader *r)
{
  char unit[GM_UNIT_CODE_BYTES];
  const char *id = Model_getId(r->model);
  sbml_unit_of_time(r, unit);
  char *name = gm_strdup(r->ctx, id ? id : ""), *time_unit = gm_strdup(r->ctx, unit);
  if (!name || !time_unit) {
    (void)sbml_fail(r, GM_ENOMEM, "the model's name");
    gm_free(name);
    gm_free(time_unit);
    return;
  }
  gm_free(r->net.name);
  gm_free(r->net.time_unit);
  r->net.name = name;
  r->net.time_unit = time_unit;
}

void sbml_model_read(sbml_reader *r)
{
  sbml_at(r, NULL, NULL, NULL);
  sbml_units_read(r);
  if (!r->status) names_read(r);
  if (!r->status) sbml_functions_read(r);
  if (!r->status) symbols_read(r);
  if (!r->status) sbml_reactions_read(r);
  if (!r->status) sbml_assignments_read(r);
  if (!r->status) sbml_rules_read(r);
  if (!r->status) sbml_events_read(r);
  if (!r->status) r->status = r->net.graph.status;
}

void sbml_reader_free(sbml_reader *r)
{
  sbml_functions_free(r);
  sbml_units_free(r);
  gm_free(r->assigned);
  r->assigned = NULL;
  sbml_document_close(r);
}

gm_status sbml_read(gm_ctx *ctx, const char *text, const char *name, net *out)
{
  sbml_reader r = {.ctx = ctx, .file = name ? name : "model"};
  gm_status s = net_init(&r.net, ctx, name);
  if (s) return s;
  s = sbml_document_open(&r, text, false);
  if (!s) {
    sbml_model_read(&r);
    s = r.status;
  }
  sbml_reader_free(&r);
  if (s)
    net_free(&r.net);
  else
    *out = r.net;
  return s;
}
