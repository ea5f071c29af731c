/* test_petab_published.c - published problems give their published log likelihood. They are used
 * where they are there: GEMEL_DATA/petab/ID/ID.yaml for the ids of petab/petab_problems.tsv
 * (columns id, llh_amici, llh_from_shipped_simulation), the collection Benchmark-Models-PEtab.
 * Where two sources differ by more than 1e-3 there is nothing to compare with.
 * label: full */
#include "support/data.h"
#include "test_petab_case.h"

enum { LINE_BYTES = 4096, CELLS_MAX = 64 };

static int cut(char *line, char **cell)
{
  int n = 0;
  line[strcspn(line, "\r\n")] = 0;
  for (char *at = line; at && n < CELLS_MAX; n++) {
    cell[n] = at;
    at = strchr(at, '\t');
    if (at) *at++ = 0;
  }
  return n;
}

static int column(char **head, int count, const char *name)
{
  for (int i = 0; i < count; i++)
    if (!strcmp(head[i], name)) return i;
  fail_msg("petab_problems.tsv: no column %s", name);
  return -1;
}

/* How far a published llh may be: 1e-3 of it, and not more than 5e-3 (or 1e-5 of it). That is the
 * error of the published integration (relative tolerance 1e-8): against CVODE at 1e-12 the largest
 * found is 3.7e-3 (Fujita). */
static double allowed(double llh)
{
  return fmin(1e-3 * fmax(1, fabs(llh)), fmax(5e-3, 1e-5 * fabs(llh)));
}

/* The llh at nominal values. */
static void one(const char *id, double llh, const char *path)
{
  gm_ctx *ctx;
  gm_petab *p = NULL;
  gm_petab_value v;
  int32_t d;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_petab_read(ctx, path, NULL, &p)) fail_msg("%s: %s", id, gm_message(ctx));
  (void)gm_petab_estimated(p, &d);
  double *z = calloc((size_t)d + 1, sizeof *z);
  if (gm_petab_nominal(p, z) || gm_petab_evaluate(p, NULL, 1, z, &v, NULL, NULL, NULL))
    fail_msg("%s: %s", id, gm_message(ctx));
  printf("%s: llh %.9g, published %.9g\n", id, v.llh, llh);
  if (!(fabs(v.llh - llh) <= allowed(llh))) fail_msg("%s: llh %.9g", id, v.llh);
  free(z);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

static void published__log_likelihoods(void **state)
{
  (void)state;
  char path[1024], line[LINE_BYTES], *cell[CELLS_MAX];
  int32_t skipped = 0;
  if (!data_path("petab/petab_problems.tsv", path, sizeof path)) {
    data_skip("published PEtab problems", 1);
    return;
  }
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof line, f));
  int n = cut(line, cell), amici = column(cell, n, "llh_amici"),
      shipped = column(cell, n, "llh_from_shipped_simulation");
  while (fgets(line, sizeof line, f)) {
    char name[512];
    n = cut(line, cell);
    double a = n > shipped && cell[amici][0] ? strtod(cell[amici], NULL) : NAN;
    double b = n > shipped && cell[shipped][0] ? strtod(cell[shipped], NULL) : NAN;
    if (isnan(a) && isnan(b)) continue;
    if (fabs(a - b) > 1e-3 * fmax(1, fabs(a))) continue;
    snprintf(name, sizeof name, "petab/%.200s/%.200s.yaml", cell[0], cell[0]);
    if (data_path(name, path, sizeof path))
      one(cell[0], isnan(a) ? b : a, path);
    else
      skipped++;
  }
  fclose(f);
  if (skipped) data_skip("published PEtab problems", skipped);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(published__log_likelihoods)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
