/* sbml_flux.c - flux balance: B. Olivier and F. Bergmann, SBML L3 Package Flux Balance Constraints,
 * Version 2 Release 1 (doi 10.1515/jib-2017-0082), solved by COIN Clp's simplex method.
 * Columns are reactions, rows the species that reactions change: stoichiometry times flux is 0. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <coin/Clp_C_Interface.h>
#include <float.h>
#include <math.h>
#include <sbml/packages/fbc/common/FbcExtensionTypes.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  sbml_reader r;
  SBasePlugin_t *plugin; /* of the model */
  int32_t rows, columns, entries;
  int32_t *row_of; /* [symbols] -1: no row */
  ir_ref *number;  /* [symbols] value at the start as a constant, IR_NONE not known */
  double *lower, *upper, *cost, *zero; /* [columns], zero [rows] */
  int *start, *index;                  /* column-wise matrix */
  double *entry, *sum;                 /* sum: one column by row */
} flux;

static void *array(flux *f, ptrdiff_t count, size_t bytes)
{
  void *p = gm_alloc(f->r.ctx, count, bytes);
  if (!p) (void)sbml_fail(&f->r, GM_ENOMEM, "flux balance");
  return p;
}

/* A text that libsbml's fbc made for us (also where its type says const), into text[SBML_ID_BYTES];
 * a longer one is cut and then not found. */
enum { SBML_ID_BYTES = 256 };

static const char *take(const char *from, char *text)
{
  union {
    const char *read;
    char *write;
  } owned = {.read = from};
  snprintf(text, SBML_ID_BYTES, "%s", from ? from : "");
  util_free(owned.write);
  return text;
}

/* ---- numbers at the start -------------------------------------------------------------------- */
/* Rules and initial assignments by replacing what is known, until nothing more becomes a number. */
static void numbers_find(flux *f)
{
  net *n = &f->r.net;
  bool more = true;
  for (int32_t i = 0; i < n->symbol_count; i++) {
    const net_symbol *s = &n->symbol[i];
    bool plain = s->rule < 0 && s->initial < 0 && !isnan(s->value);
    f->number[i] = plain ? ir_const(&n->graph, s->value) : IR_NONE;
  }
  for (int pass = 0; more && pass < 50 && !n->graph.status; pass++) {
    more = false;
    for (int32_t i = 0; i < n->symbol_count; i++) {
      const net_symbol *s = &n->symbol[i];
      ir_ref e = s->rule >= 0 ? s->rule : s->initial;
      if (f->number[i] >= 0 || e < 0) continue;
      e = ir_replace(&n->graph, e, IR_SYMBOL, f->number);
      if (e < 0 || n->graph.node[e].op != IR_CONST) continue;
      f->number[i] = e;
      more = true;
    }
  }
}

static double number_of(flux *f, ir_ref e, const char *what, const char *id)
{
  ir_graph *g = &f->r.net.graph;
  ir_ref v = e < 0 ? IR_NONE : ir_replace(g, e, IR_SYMBOL, f->number);
  if (v >= 0 && g->node[v].op == IR_CONST && !isnan(g->node[v].value)) return g->node[v].value;
  if (!f->r.status) f->r.status = g->status; /* no memory */
  (void)sbml_fail(&f->r, GM_EUNSUPPORTED, "%s %.60s is no number at the start", what, id);
  return 0;
}

static double bound_of(flux *f, const char *id)
{
  int32_t i = id ? net_find(&f->r.net, id, strlen(id)) : -1;
  if (i >= 0) return number_of(f, ir_leaf(&f->r.net.graph, IR_SYMBOL, i), "the flux bound", id);
  (void)sbml_fail(&f->r, GM_EPARSE, "there is no parameter \"%.60s\"", id ? id : "");
  return 0;
}

/* ---- the programme --------------------------------------------------------------------------- */
static int32_t column_of(flux *f, const char *reaction)
{
  int32_t i = reaction ? net_find(&f->r.net, reaction, strlen(reaction)) : -1;
  int32_t low = 0, high = f->columns; /* reactions' symbols rise with them */
  while (i >= 0 && high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    if (f->r.net.reaction[middle].symbol <= i)
      low = middle;
    else
      high = middle;
  }
  if (i >= 0 && low < f->columns && f->r.net.reaction[low].symbol == i) return low;
  (void)sbml_fail(&f->r, GM_EPARSE, "there is no reaction \"%.60s\"", reaction ? reaction : "");
  return -1;
}

/* Version 1: a list of bounds, each with an operation. */
static void bounds_listed(flux *f)
{
  char operation[SBML_ID_BYTES], reaction[SBML_ID_BYTES];
  unsigned count = FbcModelPlugin_getNumFluxBounds(f->plugin);
  for (unsigned i = 0; i < count && !f->r.status; i++) {
    FluxBound_t *b = (FluxBound_t *)FbcModelPlugin_getFluxBound(f->plugin, i);
    (void)take(FluxBound_getOperation(b), operation);
    (void)take(FluxBound_getReaction(b), reaction);
    double v = FluxBound_getValue(b);
    sbml_at(&f->r, b, "the flux bound of", reaction);
    int32_t k = column_of(f, reaction);
    if (k < 0) return;
    bool less = strncmp(operation, "less", 4) == 0;
    bool greater = strncmp(operation, "greater", 7) == 0;
    bool equal = strcmp(operation, "equal") == 0;
    if (isnan(v) || !(less || greater || equal))
      (void)sbml_fail(&f->r, GM_EPARSE, "a bound without value or operation");
    if ((less || equal) && v < f->upper[k]) f->upper[k] = v;
    if ((greater || equal) && v > f->lower[k]) f->lower[k] = v;
  }
}

/* Version 2: attributes of the reactions that name parameters. */
static void bounds_named(flux *f)
{
  char id[SBML_ID_BYTES];
  for (int32_t k = 0; k < f->columns && !f->r.status; k++) {
    Reaction_t *e = Model_getReaction(f->r.model, (unsigned)k);
    FbcSBasePlugin_t *p = (FbcSBasePlugin_t *)SBase_getPlugin((SBase_t *)e, "fbc");
    sbml_at(&f->r, e, "reaction", Reaction_getId(e));
    if (p && FbcReactionPlugin_isSetLowerFluxBound(p))
      f->lower[k] =
          fmax(f->lower[k], bound_of(f, take(FbcReactionPlugin_getLowerFluxBound(p), id)));
    if (p && FbcReactionPlugin_isSetUpperFluxBound(p))
      f->upper[k] =
          fmin(f->upper[k], bound_of(f, take(FbcReactionPlugin_getUpperFluxBound(p), id)));
  }
}

static Objective_t *objective_active(flux *f)
{
  char id[SBML_ID_BYTES];
  (void)take(FbcModelPlugin_getActiveObjectiveId(f->plugin), id);
  unsigned count = FbcModelPlugin_getNumObjectives(f->plugin);
  for (unsigned i = 0; i < count; i++) {
    Objective_t *o = (Objective_t *)FbcModelPlugin_getObjective(f->plugin, i);
    const char *own = Objective_getId(o);
    if (!id[0] || (own && strcmp(own, id) == 0)) return o;
  }
  (void)sbml_fail(&f->r, count ? GM_EPARSE : GM_EUNSUPPORTED,
                  count ? "there is no objective \"%.60s\""
                        : "there is no flux balance in it (no objective of the package fbc)%s",
                  count ? id : "");
  return NULL;
}

static void costs_read(flux *f, Objective_t *o)
{
  unsigned count = Objective_getNumFluxObjectives(o);
  for (unsigned i = 0; i < count && !f->r.status; i++) {
    FluxObjective_t *t = Objective_getFluxObjective(o, i);
    double v = FluxObjective_getCoefficient(t);
    const char *type = FluxObjective_getVariableTypeAsString(t);
    sbml_at(&f->r, t, "the objective, reaction", FluxObjective_getReaction(t));
    if (type && strcmp(type, "quadratic") == 0)
      (void)sbml_fail(&f->r, GM_EUNSUPPORTED, "a quadratic objective");
    if (!isfinite(v)) (void)sbml_fail(&f->r, GM_EPARSE, "a coefficient that is no number");
    int32_t k = column_of(f, FluxObjective_getReaction(t));
    if (k >= 0) f->cost[k] += v;
  }
}

/* One species may stand on both sides of a reaction: its parts are added up. */
static void column_fill(flux *f, int32_t k)
{
  const net *n = &f->r.net;
  const net_reaction *reaction = &n->reaction[k];
  int32_t last = reaction->part + reaction->part_count;
  for (int32_t i = reaction->part; i < last && !f->r.status; i++) {
    int32_t row = f->row_of[n->part[i].species];
    const char *name = n->symbol[n->part[i].species].name;
    if (row >= 0) f->sum[row] += number_of(f, n->part[i].by, "the stoichiometry of", name);
  }
  for (int32_t i = reaction->part; i < last; i++) {
    int32_t row = f->row_of[n->part[i].species];
    if (row < 0 || f->sum[row] == 0) continue;
    f->index[f->entries] = row;
    f->entry[f->entries++] = f->sum[row];
    f->sum[row] = 0;
  }
  f->start[k + 1] = f->entries;
}

static void arrays_make(flux *f)
{
  const net *n = &f->r.net;
  f->columns = n->reaction_count;
  f->row_of = array(f, n->symbol_count, sizeof *f->row_of);
  f->number = array(f, n->symbol_count, sizeof *f->number);
  for (int32_t i = 0; f->row_of && i < n->symbol_count; i++) {
    const net_symbol *s = &n->symbol[i];
    bool balanced = s->kind == NET_SPECIES && !s->boundary && !s->constant;
    f->row_of[i] = balanced ? f->rows++ : -1;
  }
  f->lower = array(f, f->columns, sizeof *f->lower);
  f->upper = array(f, f->columns, sizeof *f->upper);
  f->cost = array(f, f->columns, sizeof *f->cost);
  f->zero = array(f, f->rows, sizeof *f->zero);
  f->sum = array(f, f->rows, sizeof *f->sum);
  f->start = array(f, (ptrdiff_t)f->columns + 1, sizeof *f->start);
  f->index = array(f, n->part_count, sizeof *f->index);
  f->entry = array(f, n->part_count, sizeof *f->entry);
}

static void flux_free(flux *f)
{
  void *all[] = {f->row_of, f->number, f->lower, f->upper, f->cost,
                 f->zero,   f->sum,    f->start, f->index, f->entry};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) gm_free(all[i]);
  sbml_reader_free(&f->r);
  net_free(&f->r.net);
}

/* ---- the answer ------------------------------------------------------------------------------ */
void sbml_fluxes_free(sbml_fluxes *x)
{
  if (!x) return;
  for (int32_t i = 0; x->reaction && i < x->count; i++) gm_free(x->reaction[i]);
  gm_free(x->reaction);
  gm_free(x->flux);
  gm_free(x->objective);
  *x = (sbml_fluxes){.count = 0};
}

static void answer_make(flux *f, Objective_t *o, sbml_fluxes *x)
{
  const char *id = Objective_getId(o);
  bool whole = true;
  x->count = f->columns;
  x->objective = gm_strdup(f->r.ctx, id ? id : "");
  x->reaction = array(f, f->columns, sizeof *x->reaction);
  x->flux = array(f, f->columns, sizeof *x->flux);
  for (int32_t k = 0; x->reaction && x->flux && k < f->columns && whole; k++) {
    x->flux[k] = (double)NAN;
    x->reaction[k] = gm_strdup(f->r.ctx, f->r.net.symbol[f->r.net.reaction[k].symbol].name);
    whole = x->reaction[k] != NULL;
  }
  if (!whole || !x->objective) (void)sbml_fail(&f->r, GM_ENOMEM, "fluxes");
}

static void solve(flux *f, bool greatest, sbml_fluxes *x)
{
  Clp_Simplex *clp = Clp_newModel();
  Clp_setLogLevel(clp, 0);
  Clp_loadProblem(clp, f->columns, f->rows, f->start, f->index, f->entry, f->lower, f->upper,
                  f->cost, f->zero, f->zero);
  Clp_setOptimizationDirection(clp, greatest ? -1 : 1);
  (void)Clp_primal(clp, 0);
  int status = Clp_status(clp); /* 0 best, 1 infeasible, 2 unbounded, more: it gave up */
  if (status == 0) {
    const double *best = Clp_primalColumnSolution(clp);
    x->value = 0;
    for (int32_t k = 0; k < f->columns; k++) {
      x->flux[k] = best[k];
      x->value += f->cost[k] * best[k];
    }
  } else if (status == 1 || status == 2) {
    x->outcome = status == 1 ? SBML_FLUX_INFEASIBLE : SBML_FLUX_UNBOUNDED;
    x->value = status == 1 ? (double)NAN : (greatest ? (double)INFINITY : -(double)INFINITY);
  } else {
    (void)sbml_fail(&f->r, GM_ENUMERIC, "Clp gave up with status %d", status);
  }
  Clp_deleteModel(clp);
}

static void flux_solve(flux *f, sbml_fluxes *x)
{
  f->plugin = SBase_getPlugin((SBase_t *)f->r.model, "fbc");
  sbml_at(&f->r, NULL, NULL, NULL);
  if (!f->plugin) {
    (void)sbml_fail(&f->r, GM_EUNSUPPORTED, "there is no flux balance in it (package fbc)");
    return;
  }
  Objective_t *o = objective_active(f);
  if (o) sbml_model_read(&f->r);
  if (!f->r.status) arrays_make(f);
  if (f->r.status) return;
  numbers_find(f);
  for (int32_t k = 0; k < f->columns; k++) { /* Clp's infinity is the largest double */
    f->lower[k] = -DBL_MAX;
    f->upper[k] = DBL_MAX;
  }
  bounds_listed(f);
  if (!f->r.status) bounds_named(f);
  if (!f->r.status) costs_read(f, o);
  for (int32_t k = 0; k < f->columns && !f->r.status; k++) {
    sbml_at(&f->r, Model_getReaction(f->r.model, (unsigned)k), "reaction",
            f->r.net.symbol[f->r.net.reaction[k].symbol].name);
    column_fill(f, k);
  }
  if (!f->r.status) answer_make(f, o, x);
  const char *type = Objective_getType(o);
  if (!f->r.status) solve(f, type && strncmp(type, "max", 3) == 0, x);
}

gm_status sbml_flux_balance(gm_ctx *ctx, const char *text, const char *name, sbml_fluxes *out)
{
  flux f = {.r = {.ctx = ctx, .file = name ? name : "model"}};
  sbml_fluxes x = {.count = 0};
  gm_status s = net_init(&f.r.net, ctx, name);
  if (s) return s;
  s = sbml_document_open(&f.r, text, true);
  if (!s) {
    flux_solve(&f, &x);
    s = f.r.status;
  }
  flux_free(&f);
  if (s)
    sbml_fluxes_free(&x);
  else
    *out = x;
  return s;
}

bool sbml_is_flux_balance(gm_ctx *ctx, const char *text, const char *name)
{
  sbml_reader r = {.ctx = ctx, .file = name ? name : "model"};
  bool yes = false;
  if (sbml_document_open(&r, text, true) == GM_OK) {
    SBasePlugin_t *p = SBase_getPlugin((SBase_t *)r.model, "fbc");
    yes = p && FbcModelPlugin_getNumObjectives(p) > 0;
  }
  sbml_reader_free(&r);
  return yes;
}
