/* sbml_reaction.c - reactions, species references and kinetic laws. */
#include "gemel/unit.h"
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- names first ----------------------------------------------------------------------------- */
/* What a stoichiometry is besides a symbol of its own: a number, or a formula read later
 * (IR_NONE). */
static double stated(const sbml_reader *r, SpeciesReference_t *e)
{
  double v = SpeciesReference_getStoichiometry(e);
  if (r->level == 3) return SpeciesReference_isSetStoichiometry(e) ? v : (double)NAN;
  return v / SpeciesReference_getDenominator(e);
}

/* Level 3: a reference with an id is a symbol; rules, events and assignments may change it. */
static ir_ref reference_symbol(sbml_reader *r, SpeciesReference_t *e, const char *id)
{
  int32_t i;
  r->status = net_symbol_add(&r->net, NET_STOICHIOMETRY, id, &i);
  if (r->status) return IR_NONE;
  net_symbol *s = &r->net.symbol[i];
  s->value = stated(r, e);
  s->constant = SpeciesReference_getConstant(e);
  s->line = r->line;
  return ir_leaf(&r->net.graph, IR_SYMBOL, i);
}

static void part_add(sbml_reader *r, SpeciesReference_t *e, bool reactant)
{
  ir_graph *g = &r->net.graph;
  const char *species = SpeciesReference_getSpecies(e), *id = SpeciesReference_getId(e);
  int32_t i = species ? net_find(&r->net, species, strlen(species)) : -1;
  r->line = (int32_t)SBase_getLine((SBase_t *)e);
  if (i < 0 || r->net.symbol[i].kind != NET_SPECIES) {
    (void)sbml_fail(r, GM_EPARSE, "there is no species \"%.60s\"", species ? species : "");
    return;
  }
  ir_ref by = r->level == 3 && id && id[0] ? reference_symbol(r, e, id) : ir_const(g, stated(r, e));
  if (reactant) by = ir_make(g, IR_NEG, by, IR_NONE, IR_NONE);
  if (!r->status) r->status = net_part_add(&r->net, i, by);
}

static void reaction_add(sbml_reader *r, Reaction_t *e)
{
  int32_t i;
  const char *id = Reaction_getId(e);
  sbml_at(r, e, "reaction", id);
  if (!id || !id[0]) {
    (void)sbml_fail(r, GM_EPARSE, "it has no id");
    return;
  }
  r->status = net_reaction_add(&r->net, id, &i);
  if (r->status) return;
  net_reaction *n = &r->net.reaction[i];
  r->net.symbol[n->symbol].line = r->line;
  n->fast = Reaction_getFast(e);
  n->reversible = Reaction_getReversible(e);
  for (unsigned k = 0; k < Reaction_getNumReactants(e) && !r->status; k++)
    part_add(r, Reaction_getReactant(e, k), true);
  for (unsigned k = 0; k < Reaction_getNumProducts(e) && !r->status; k++)
    part_add(r, Reaction_getProduct(e, k), false);
}

/* ---- parameters of one law ------------------------------------------------------------------- */
static void local_add(sbml_reader *r, const char *reaction, const Parameter_t *p)
{
  char unit[GM_UNIT_CODE_BYTES], name[512];
  int32_t i;
  const char *id = Parameter_getId(p);
  int n = snprintf(name, sizeof name, "%s.%s", reaction, id ? id : "");
  if (n < 0 || (size_t)n >= sizeof name) {
    (void)sbml_fail(r, GM_ERANGE, "a name of more than %zu bytes", sizeof name);
    return;
  }
  sbml_unit_code(r, Parameter_getUnits(p), unit);
  r->status = net_symbol_add(&r->net, NET_PARAMETER, name, &i);
  if (r->status) return;
  net_symbol *s = &r->net.symbol[i];
  s->constant = true;
  sbml_value(r, s, Parameter_isSetValue(p), Parameter_getValue(p));
  s->line = (int32_t)SBase_getLine((const SBase_t *)p);
  char *copy = gm_strdup(r->ctx, unit);
  if (!copy) {
    (void)sbml_fail(r, GM_ENOMEM, "a unit");
    return;
  }
  gm_free(s->unit);
  s->unit = copy;
}

static void locals_add(sbml_reader *r, Reaction_t *e)
{
  KineticLaw_t *k = Reaction_getKineticLaw(e);
  const char *id = Reaction_getId(e);
  sbml_at(r, e, "reaction", id);
  unsigned count = k ? KineticLaw_getNumParameters(k) : 0;
  for (unsigned i = 0; r->level < 3 && i < count && !r->status; i++)
    local_add(r, id, KineticLaw_getParameter(k, i));
  count = k && r->level == 3 ? KineticLaw_getNumLocalParameters(k) : 0;
  for (unsigned i = 0; i < count && !r->status; i++) /* a LocalParameter is a Parameter */
    local_add(r, id, (const Parameter_t *)KineticLaw_getLocalParameter(k, i));
}

void sbml_reactions_add(sbml_reader *r)
{
  unsigned count = Model_getNumReactions(r->model);
  for (unsigned i = 0; i < count && !r->status; i++)
    reaction_add(r, Model_getReaction(r->model, i));
  for (unsigned i = 0; i < count && !r->status; i++) locals_add(r, Model_getReaction(r->model, i));
}

/* ---- then formulas --------------------------------------------------------------------------- */
/* Level 2: a stoichiometry may be a formula, worked out as time goes on. */
static void part_read(sbml_reader *r, SpeciesReference_t *e, bool reactant, int32_t part)
{
  ir_graph *g = &r->net.graph;
  if (!SpeciesReference_isSetStoichiometryMath(e)) return;
  const StoichiometryMath_t *m = SpeciesReference_getStoichiometryMath(e);
  sbml_at(r, e, "the stoichiometry of", SpeciesReference_getSpecies(e));
  ir_ref by = sbml_formula(r, m ? StoichiometryMath_getMath(m) : NULL);
  if (by < 0) return;
  r->net.part[part].by = reactant ? ir_make(g, IR_NEG, by, IR_NONE, IR_NONE) : by;
}

/* A reaction that runs needs every stoichiometry it has. */
static void parts_check(sbml_reader *r, Reaction_t *e, const net_reaction *n)
{
  sbml_at(r, e, "reaction", Reaction_getId(e));
  for (int32_t k = n->part; k < n->part + n->part_count && !r->status; k++) {
    const ir_node *by = &r->net.graph.node[r->net.part[k].by];
    if (by->op == IR_NEG) by = &r->net.graph.node[by->a];
    if (by->op == IR_CONST && isnan(by->value))
      (void)sbml_fail(r, GM_EPARSE, "the stoichiometry of %.60s has no value",
                      r->net.symbol[r->net.part[k].species].name);
  }
}

static void law_read(sbml_reader *r, Reaction_t *e, net_reaction *n)
{
  KineticLaw_t *k = Reaction_getKineticLaw(e);
  if (!k || !KineticLaw_isSetMath(k)) return;
  sbml_at(r, k, "the rate of reaction", Reaction_getId(e));
  r->reaction = Reaction_getId(e);
  n->rate = sbml_formula(r, KineticLaw_getMath(k));
  r->reaction = NULL;
  if (n->rate >= 0) parts_check(r, e, n);
}

void sbml_reactions_read(sbml_reader *r)
{
  for (int32_t i = 0; i < r->net.reaction_count && !r->status; i++) {
    Reaction_t *e = Model_getReaction(r->model, (unsigned)i);
    net_reaction *n = &r->net.reaction[i];
    int32_t part = n->part;
    for (unsigned k = 0; k < Reaction_getNumReactants(e) && !r->status; k++)
      part_read(r, Reaction_getReactant(e, k), true, part++);
    for (unsigned k = 0; k < Reaction_getNumProducts(e) && !r->status; k++)
      part_read(r, Reaction_getProduct(e, k), false, part++);
    if (!r->status) law_read(r, e, n);
  }
}
