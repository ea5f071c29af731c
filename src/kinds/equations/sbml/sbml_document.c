/* sbml_document.c - from text to one flat libsbml model, or a refusal.
 *
 * An external model definition would make libsbml open files that the text names; it is refused
 * before anything is flattened. How much a hierarchy unfolds to is counted first: ten models that
 * hold ten of the next one each are ten lines and ten billion elements. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <sbml/conversion/ConversionProperties.h>
#include <sbml/packages/comp/common/compfwd.h>
#include <sbml/packages/fbc/common/FbcExtensionTypes.h>
#include <pthread.h>
#include <string.h>

/* The headers of libsbml's package comp need C++ (5.19: they include <set>); these are C functions
 * of theirs. The texts returned are the caller's. */
unsigned int CompModelPlugin_getNumSubmodels(CompModelPlugin_t *c);
Submodel_t *CompModelPlugin_getSubmodel(CompModelPlugin_t *c, unsigned int n);
char *Submodel_getModelRef(Submodel_t *s);
unsigned int CompSBMLDocumentPlugin_getNumModelDefinitions(CompSBMLDocumentPlugin_t *c);
ModelDefinition_t *CompSBMLDocumentPlugin_getModelDefinition(CompSBMLDocumentPlugin_t *c,
                                                             unsigned int n);
unsigned int CompSBMLDocumentPlugin_getNumExternalModelDefinitions(CompSBMLDocumentPlugin_t *c);
ExternalModelDefinition_t *
CompSBMLDocumentPlugin_getExternalModelDefinition(CompSBMLDocumentPlugin_t *c, unsigned int n);
char *ExternalModelDefinition_getId(ExternalModelDefinition_t *e);
char *ExternalModelDefinition_getSource(ExternalModelDefinition_t *e);

/* Errors of reading that libsbml 5.19 reports because it lacks the package distrib. */
static bool error_of_distrib(const XMLError_t *e, const char *message)
{
  return XMLError_getErrorId(e) == RequiredPackagePresent && strstr(message, "'distrib'");
}

/* The package in "Package 'NAME' is a required package", by which libsbml ends a long message. */
static gm_status package_fail(sbml_reader *r, const XMLError_t *e, const char *message)
{
  static const char before[] = "Package '";
  const char *name = strstr(message, before);
  if (name) name += sizeof before - 1;
  return gm_fail(r->ctx, GM_EUNSUPPORTED,
                 "%.200s:%u: the package %.*s, which the document requires", r->file,
                 XMLError_getLine(e), name ? (int)strcspn(name, "'") : 7, name ? name : "unknown");
}

/* One line of a message of libsbml, which may have many. */
static gm_status error_fail(sbml_reader *r, const XMLError_t *e, const char *message)
{
  char text[400];
  if (XMLError_getErrorId(e) == RequiredPackagePresent) return package_fail(r, e, message);
  size_t n = 0;
  for (const char *p = message; *p && n < sizeof text - 1; p++) {
    bool blank = *p == '\n' || *p == ' ' || *p == '\t' || *p == '\r';
    if (!blank)
      text[n++] = *p;
    else if (n && text[n - 1] != ' ')
      text[n++] = ' ';
  }
  while (n && text[n - 1] == ' ') n--;
  text[n] = 0;
  return gm_fail(r->ctx, GM_EPARSE, "%.200s:%u: %s: %s", r->file, XMLError_getLine(e),
                 XMLError_getShortMessage(e), text);
}

static gm_status errors_check(sbml_reader *r)
{
  unsigned count = SBMLDocument_getNumErrors(r->document);
  for (unsigned i = 0; i < count; i++) {
    const XMLError_t *e = (const XMLError_t *)SBMLDocument_getError(r->document, i);
    if (!XMLError_isError(e) && !XMLError_isFatal(e)) continue;
    const char *message = XMLError_getMessage(e);
    if (!error_of_distrib(e, message)) return error_fail(r, e, message);
  }
  return GM_OK;
}

/* ---- hierarchies ----------------------------------------------------------------------------- */
typedef struct {
  const char *id;
  ModelDefinition_t *model;
  double elements; /* unfolded; -1 while it is counted, 0 not yet */
} definition;

typedef struct {
  sbml_reader *r;
  definition *part;
  unsigned count;
  int depth;
} hierarchy;

static double elements_of(hierarchy *h, Model_t *m);

static double own_elements(Model_t *m)
{
  double n = 1.0 + Model_getNumCompartments(m) + Model_getNumSpecies(m) + Model_getNumParameters(m);
  n += Model_getNumRules(m) + Model_getNumReactions(m) + Model_getNumEvents(m);
  return n + Model_getNumInitialAssignments(m) + Model_getNumFunctionDefinitions(m);
}

static double elements_of_reference(hierarchy *h, const char *id)
{
  for (unsigned i = 0; i < h->count; i++) {
    definition *d = &h->part[i];
    if (strcmp(d->id, id) != 0) continue;
    if (d->elements < 0)
      (void)sbml_fail(h->r, GM_EPARSE, "the model definition \"%.60s\" contains itself", id);
    if (d->elements == 0) {
      d->elements = -1;
      d->elements = elements_of(h, (Model_t *)d->model);
    }
    return d->elements;
  }
  (void)sbml_fail(h->r, GM_EPARSE, "there is no model definition \"%.60s\"", id);
  return 0;
}

static double elements_of(hierarchy *h, Model_t *m)
{
  double n = own_elements(m);
  CompModelPlugin_t *c = (CompModelPlugin_t *)SBase_getPlugin((SBase_t *)m, "comp");
  if (++h->depth > 100) (void)sbml_fail(h->r, GM_ERANGE, "sub-models nested more than 100 deep");
  for (unsigned i = 0; c && i < CompModelPlugin_getNumSubmodels(c) && !h->r->status; i++) {
    char *id = Submodel_getModelRef(CompModelPlugin_getSubmodel(c, i)); /* ours to free */
    n += elements_of_reference(h, id ? id : "");
    util_free(id);
  }
  h->depth--;
  return n;
}

static void hierarchy_check(sbml_reader *r, CompSBMLDocumentPlugin_t *c)
{
  hierarchy h = {.r = r, .count = CompSBMLDocumentPlugin_getNumModelDefinitions(c)};
  if (CompSBMLDocumentPlugin_getNumExternalModelDefinitions(c) > 0) {
    ExternalModelDefinition_t *e = CompSBMLDocumentPlugin_getExternalModelDefinition(c, 0);
    char *id = ExternalModelDefinition_getId(e), *from = ExternalModelDefinition_getSource(e);
    sbml_at(r, e, NULL, NULL);
    (void)sbml_fail(r, GM_EUNSUPPORTED, "the external model definition \"%.60s\" (%.200s)",
                    id ? id : "", from ? from : "");
    util_free(id);
    util_free(from);
    return;
  }
  h.part = gm_alloc(r->ctx, (ptrdiff_t)h.count, sizeof *h.part);
  if (!h.part) {
    (void)sbml_fail(r, GM_ENOMEM, "the model definitions");
    return;
  }
  for (unsigned i = 0; i < h.count; i++) {
    h.part[i].model = CompSBMLDocumentPlugin_getModelDefinition(c, i);
    h.part[i].id = Model_getId((Model_t *)h.part[i].model);
    if (!h.part[i].id) h.part[i].id = "";
  }
  double n = elements_of(&h, SBMLDocument_getModel(r->document));
  if (n > SBML_UNFOLDED_MAX)
    (void)sbml_fail(r, GM_ERANGE, "the sub-models unfold to more than %d elements",
                    SBML_UNFOLDED_MAX);
  gm_free(h.part);
}

static void flatten(sbml_reader *r)
{
  ConversionProperties_t *p = ConversionProperties_create();
  ConversionProperties_addOptionWithKey(p, "flatten comp");
  ConversionProperties_setBoolValue(p, "flatten comp", 1);
  ConversionProperties_addOptionWithKey(p, "leavePorts");
  ConversionProperties_setBoolValue(p, "leavePorts", 0);
  ConversionProperties_addOptionWithKey(p, "abortIfUnflattenable");
  ConversionProperties_setValue(p, "abortIfUnflattenable", "none");
  ConversionProperties_addOptionWithKey(p, "performValidation");
  ConversionProperties_setBoolValue(p, "performValidation", 0);
  int done = SBMLDocument_convert(r->document, p);
  ConversionProperties_free(p);
  gm_status s = errors_check(r);
  if (!s && done != LIBSBML_OPERATION_SUCCESS)
    s = gm_fail(r->ctx, GM_EPARSE, "%.200s: the sub-models cannot be flattened", r->file);
  if (s && !r->status) r->status = s;
}

/* ---- packages -------------------------------------------------------------------------------- */
static void packages_check(sbml_reader *r, bool flux)
{
  SBase_t *d = (SBase_t *)r->document, *m = (SBase_t *)r->model;
  SBasePlugin_t *f = SBase_getPlugin(m, "fbc");
  if (!flux && f && FbcModelPlugin_getNumObjectives(f) > 0)
    (void)sbml_fail(r, GM_EUNSUPPORTED,
                    "flux balance (package fbc): such a model is solved, not simulated");
  if (SBase_getPlugin(d, "qual"))
    (void)sbml_fail(r, GM_EUNSUPPORTED, "qualitative models (package qual)");
  CompSBMLDocumentPlugin_t *c = (CompSBMLDocumentPlugin_t *)SBase_getPlugin(d, "comp");
  if (!c) return;
  if (!r->status) hierarchy_check(r, c);
  if (!r->status) flatten(r);
  r->model = SBMLDocument_getModel(r->document);
}

/* libsbml fills tables of the whole process while it reads and converts (DefinitionURLRegistry,
 * SBMLTransforms), without a lock: two documents read at once may crash. One is open at a time. */
static pthread_mutex_t libsbml = PTHREAD_MUTEX_INITIALIZER;

static gm_status document_read(sbml_reader *r, const char *text, bool flux)
{
  r->document = readSBMLFromString(text);
  if (!r->document) return gm_fail(r->ctx, GM_ENOMEM, "%.200s: the document", r->file);
  gm_status s = errors_check(r);
  if (s) return s;
  r->model = SBMLDocument_getModel(r->document);
  r->level = SBMLDocument_getLevel(r->document);
  r->version = SBMLDocument_getVersion(r->document);
  if (r->model) packages_check(r, flux);
  if (!r->status && !r->model)
    return gm_fail(r->ctx, GM_EPARSE, "%.200s: there is no model in it", r->file);
  return r->status;
}

gm_status sbml_document_open(sbml_reader *r, const char *text, bool flux)
{
  gm_text whole;
  gm_status s = sbml_scan(r->ctx, text, r->file, &whole);
  if (s) return s;
  pthread_mutex_lock(&libsbml);
  r->locked = true;
  s = document_read(r, whole.data, flux);
  gm_text_free(&whole);
  return s;
}

void sbml_document_close(sbml_reader *r)
{
  if (!r->locked) return;
  if (r->document) SBMLDocument_free(r->document);
  r->document = NULL;
  r->locked = false;
  pthread_mutex_unlock(&libsbml);
}
