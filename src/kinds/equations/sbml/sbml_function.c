/* sbml_function.c - the function definitions of a model, sorted by name. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <stdlib.h>
#include <string.h>

/* Before distrib there was a convention (F. T. Bergmann, "Custom distribution annotation", 2012): a
 * function annotated with the page of a distribution draws from it; its body is the mean, for
 * programs that do not know. */
static const struct {
  const char *page, *draw;
} pages[] = {
    {"Uniform_distribution_(continuous)", "uniform"},
    {"Normal_distribution", "normal"},
    {"Exponential_distribution", "exponential"},
    {"Gamma_distribution", "gamma"},
    {"Poisson_distribution", "poisson"},
    {"Lognormal_distribution", "lognormal"},
    {"Log-normal_distribution", "lognormal"},
    {"Chi-squared_distribution", "chisquare"},
    {"Laplace_distribution", "laplace"},
    {"Cauchy_distribution", "cauchy"},
    {"Rayleigh_distribution", "rayleigh"},
    {"Binomial_distribution", "binomial"},
    {"Bernoulli_distribution", "bernoulli"},
};

static const char *annotated_draw(sbml_reader *r, FunctionDefinition_t *f)
{
  const char *draw = NULL;
  if (!SBase_isSetAnnotation((SBase_t *)f)) return NULL;
  char *text = SBase_getAnnotationString((SBase_t *)f); /* ours to free */
  const char *space = text ? strstr(text, "http://sbml.org/annotations/distribution") : NULL;
  const char *wiki = space ? strstr(text, ".wikipedia.org/wiki/") : NULL;
  if (wiki) {
    const char *page = wiki + strlen(".wikipedia.org/wiki/");
    for (size_t i = 0; i < sizeof pages / sizeof pages[0] && !draw; i++) {
      size_t n = strlen(pages[i].page);
      bool ends = strncmp(page, pages[i].page, n) == 0 && (page[n] == '"' || page[n] == '\'');
      if (ends) draw = pages[i].draw;
    }
    if (!draw) (void)sbml_fail(r, GM_EUNSUPPORTED, "draws from the distribution \"%.40s\"", page);
  }
  util_free(text);
  return draw;
}

static void function_read(sbml_reader *r, FunctionDefinition_t *f, sbml_function *out)
{
  const char *id = FunctionDefinition_getId(f);
  sbml_at(r, f, "the function", id ? id : "");
  *out = (sbml_function){.id = id ? id : "", .line = r->line};
  if (FunctionDefinition_isSetMath(f)) out->body = sbml_own(FunctionDefinition_getBody(f));
  unsigned count = FunctionDefinition_getNumArguments(f);
  if (count > SBML_ARGUMENTS_MAX) {
    (void)sbml_fail(r, GM_ERANGE, "more than %d arguments", SBML_ARGUMENTS_MAX);
    return;
  }
  out->argument = gm_alloc(r->ctx, (ptrdiff_t)count, sizeof *out->argument);
  if (!out->argument) {
    (void)sbml_fail(r, GM_ENOMEM, "its arguments");
    return;
  }
  out->argument_count = (int32_t)count;
  for (unsigned i = 0; i < count; i++) {
    const ASTNode_t *a = FunctionDefinition_getArgument(f, i);
    const char *name = a ? ASTNode_getName(a) : NULL;
    out->argument[i] = name ? name : "";
  }
  out->draw = annotated_draw(r, f);
}

static int by_id(const void *a, const void *b)
{
  return strcmp(((const sbml_function *)a)->id, ((const sbml_function *)b)->id);
}

void sbml_functions_read(sbml_reader *r)
{
  unsigned count = Model_getNumFunctionDefinitions(r->model);
  r->function = gm_alloc(r->ctx, (ptrdiff_t)count, sizeof *r->function);
  if (!r->function) {
    (void)sbml_fail(r, GM_ENOMEM, "functions");
    return;
  }
  for (unsigned i = 0; i < count && !r->status; i++) {
    r->function_count = (int32_t)i + 1;
    function_read(r, Model_getFunctionDefinition(r->model, i), &r->function[i]);
  }
  qsort(r->function, (size_t)r->function_count, sizeof *r->function, by_id);
  for (int32_t i = 1; i < r->function_count && !r->status; i++)
    if (strcmp(r->function[i - 1].id, r->function[i].id) == 0) {
      r->line = r->function[i].line;
      (void)sbml_fail(r, GM_EPARSE, "two functions are called \"%.60s\"", r->function[i].id);
    }
}

void sbml_functions_free(sbml_reader *r)
{
  for (int32_t i = 0; i < r->function_count; i++) gm_free((void *)r->function[i].argument);
  gm_free(r->function);
  r->function = NULL;
  r->function_count = 0;
}

sbml_function *sbml_function_find(sbml_reader *r, const char *id)
{
  const sbml_function key = {.id = id};
  if (!r->function_count) return NULL;
  return bsearch(&key, r->function, (size_t)r->function_count, sizeof key, by_id);
}
