/* test_sbml_suite.c - every model of the SBML Test Suite that is there is read, or refused for the
 * reason it must be; flux balance cases have the suite's fluxes. Without the data: skipped, and
 * counted. Running the models is the business of `gemel suite`.
 * label: quick */
#include "sbml_case.h"
#include "support/data.h"
#include <dirent.h>

/* Their sub-models lie in other files, which this copy of the suite does not have. */
static const char *const external[] = {"01165", "01167", "01168", "01472", "01473", "01475"};

static char *load(gm_ctx *ctx, const char *folder, const char *number, const char *ending)
{
  char path[900], found[300] = "", *text;
  size_t bytes;
  snprintf(path, sizeof path, "%s/%s", folder, number);
  DIR *d = opendir(path);
  if (!d) fail_msg("%s is not there", path);
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    size_t n = strlen(e->d_name), m = strlen(ending);
    if (n > m && strcmp(e->d_name + n - m, ending) == 0) snprintf(found, 300, "%s", e->d_name);
  }
  closedir(d);
  if (!found[0]) fail_msg("%s has no %s", path, ending);
  snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", found);
  if (gm_file_read(ctx, path, 1 << 26, &text, &bytes)) fail_msg("%s", gm_message(ctx));
  return text;
}

/* ---- flux balance ---------------------------------------------------------------------------- */
static double flux_named(const sbml_fluxes *x, const char *name)
{
  if (strcmp(name, x->objective) == 0) return x->value;
  for (int32_t i = 0; i < x->count; i++)
    if (strcmp(x->reaction[i], name) == 0) return x->flux[i];
  fail_msg("no flux is called %s", name);
  return 0;
}

/* The suite's rule: |expected - got| <= 1e-3 + 1e-3 |expected|, as these cases' settings say. */
static void flux_check(gm_ctx *ctx, const char *folder, const char *number)
{
  sbml_fluxes x;
  char *text = load(ctx, folder, number, ".xml"),
       *result = load(ctx, folder, number, "results.csv");
  if (sbml_flux_balance(ctx, text, number, &x)) fail_msg("%s", gm_message(ctx));
  char *values = strpbrk(result, "\r\n"), *at;
  assert_non_null(values);
  *values++ = 0;
  values += strspn(values, "\r\n");
  for (char *name = strtok_r(result, ", ", &at); name; name = strtok_r(NULL, ", ", &at)) {
    double want = strtod(values, &values), got = flux_named(&x, name);
    bool same = isnan(want) ? isnan(got) : fabs(want - got) <= 1e-3 + 1e-3 * fabs(want);
    if (!same) fail_msg("%s: %s is %g, not %g", number, name, got, want);
    values += strspn(values, ", ");
  }
  sbml_fluxes_free(&x);
  gm_free(text);
  gm_free(result);
}

/* ---- all ------------------------------------------------------------------------------------- */
static bool refused(gm_ctx *ctx, const char *folder, const char *number, gm_status *status_out)
{
  net n;
  char *text = load(ctx, folder, number, ".xml");
  *status_out = sbml_read(ctx, text, number, &n);
  if (!*status_out) net_free(&n);
  gm_free(text);
  return *status_out != GM_OK;
}

static void check(gm_ctx *ctx, const char *folder, const char *number, bool semantic)
{
  gm_status s;
  bool far = false;
  if (!refused(ctx, folder, number, &s)) return;
  for (size_t i = 0; semantic && i < sizeof external / sizeof external[0]; i++)
    far = far || strcmp(external[i], number) == 0;
  bool flux = strstr(gm_message(ctx), "flux balance") != NULL;
  if (s != GM_EUNSUPPORTED || (!far && !flux)) fail_msg("%s", gm_message(ctx));
  if (flux) flux_check(ctx, folder, number);
}

static void folder_check(const char *name, bool semantic, int32_t count_known)
{
  char folder[600];
  int32_t count = 0;
  gm_ctx *ctx;
  if (!data_path(name, folder, sizeof folder)) {
    data_skip(name, count_known);
    return;
  }
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    if (strlen(e->d_name) != 5 || strspn(e->d_name, "0123456789") != 5) continue;
    check(ctx, folder, e->d_name, semantic);
    count++;
  }
  closedir(d);
  gm_ctx_free(ctx);
  if (count < count_known) fail_msg("%s: %d of %d cases", name, (int)count, (int)count_known);
}

/* Nothing but flux balance and files that are missing is refused. */
static void suite__semantic_cases_are_read(void **state)
{
  (void)state;
  folder_check("sbml/semantic", true, 1081);
}

static void suite__stochastic_cases_are_read(void **state)
{
  (void)state;
  folder_check("sbml/stochastic", false, 60);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(suite__semantic_cases_are_read),
      cmocka_unit_test(suite__stochastic_cases_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
