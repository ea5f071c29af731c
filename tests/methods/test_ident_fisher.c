/* test_ident_fisher.c - Fisher information against closed forms.
 * label: quick */
#include "gemel/identify.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

/* y_k = A exp(-k/2 t) with A = e^z0, rate e^z1, sd 0.1 of the mean: for normal errors proportional
 * to the mean the variance tells too. Output k at t_k = k/2; gradient of ln y: (1, -rate t). */
static gm_status decay(void *user, gm_ctx *c, int32_t n, const double *z, double *mean,
                       double *variance)
{
  (void)user, (void)c;
  for (int32_t i = 0; i < n; i++)
    for (int32_t k = 0; k < 5; k++) {
      double y = exp(z[2 * i] - exp(z[2 * i + 1]) * 0.5 * k);
      mean[5 * i + k] = y, variance[5 * i + k] = 0.01 * y * y;
    }
  return GM_OK;
}

/* sum g g^T (1/0.01 + 2): mean and variance of a proportional error. */
static void fisher__of_a_decay(void **state)
{
  (void)state;
  static const char *const name[] = {"ln A", "ln k"};
  const double z[2] = {1.5, -0.4};
  for (int32_t informs = 0; informs < 2; informs++) {
    gm_moments m = {2, 5, name, decay, NULL, informs};
    gm_fisher *f = NULL;
    assert_int_equal(gm_fisher_run(ctx, &m, z, NULL, &f), GM_OK);
    double want[4] = {0}, factor = 100 + (informs ? 2 : 0);
    for (int32_t k = 0; k < 5; k++) {
      double g[2] = {1, -exp(z[1]) * 0.5 * k};
      for (int32_t p = 0; p < 4; p++) want[p] += factor * g[p / 2] * g[p % 2];
    }
    double det = want[0] * want[3] - want[1] * want[2];
    for (int32_t p = 0; p < 4; p++)
      assert_true(fabs(f->information[p] - want[p]) < 1e-6 * fabs(want[p]));
    assert_int_equal(f->rank, 2);
    assert_true(fabs(f->sd[0] - sqrt(want[3] / det)) < 1e-6);
    assert_true(fabs(f->sd[1] - sqrt(want[0] / det)) < 1e-6);
    assert_true(fabs(f->half[1] - 1.959963985 * f->sd[1]) < 1e-6);
    assert_true(fabs(f->eigenvalue[0] * f->eigenvalue[1] / det - 1) < 1e-5);
    assert_true(f->difference_error < 1e-3);
    gm_fisher_free(f);
  }
}

/* Poisson counts with mean e^(z0 + z1) and e^z2: information is the mean itself; only the sum of
 * the first two is seen, and the sloppy combination is called by name. */
static gm_status counts(void *user, gm_ctx *c, int32_t n, const double *z, double *mean,
                        double *variance)
{
  (void)c;
  for (int32_t i = 0; i < n; i++) {
    mean[2 * i] = variance[2 * i] = exp(z[3 * i] + z[3 * i + 1]);
    mean[2 * i + 1] = variance[2 * i + 1] = exp(z[3 * i + 2]) * (user ? NAN : 1);
  }
  return GM_OK;
}

static void fisher__names_what_is_not_seen(void **state)
{
  (void)state;
  static const char *const name[] = {"ln a", "ln b", "ln c"};
  const double z[3] = {1, 2, 1}, identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  gm_moments m = {3, 2, name, counts, NULL, false};
  gm_fisher *f = NULL;
  assert_int_equal(gm_fisher_run(ctx, &m, z, NULL, &f), GM_OK);
  assert_int_equal(f->rank, 2);
  assert_true(fabs(f->information[1] - exp(3)) < 1e-6 * exp(3));
  assert_true(f->eigenvalue[0] < 1e-6 && fabs(f->eigenvalue[1] - exp(1)) < 1e-6);
  assert_true(fabs(f->eigenvalue[2] - 2 * exp(3)) < 1e-5);
  assert_true(isinf(f->sd[0]) && isinf(f->sd[1]) && fabs(f->sd[2] - exp(-0.5)) < 1e-6);
  const char *sloppy = f->combination[0];
  assert_true(!strcmp(sloppy, "0.71 ln a - 0.71 ln b") ||
              !strcmp(sloppy, "-0.71 ln a + 0.71 ln b"));
  assert_string_equal(f->combination[1], "1.00 ln c");
  gm_fisher_free(f);
  /* with the prior N(0, 1) of each: {{1+q, q}, {q, 1+q}} inverted, q = e^3 */
  gm_fisher_options o = {.precision = identity};
  assert_int_equal(gm_fisher_run(ctx, &m, z, &o, &f), GM_OK);
  double q = exp(3);
  assert_true(fabs(f->sd[0] - sqrt((1 + q) / (1 + 2 * q))) < 1e-6 && f->rank == 2);
  gm_fisher_free(f);
}

static void fisher__refusals(void **state)
{
  (void)state;
  const double z[3] = {0, 0, 0}, bad[3] = {0, INFINITY, 0};
  int32_t broken = 1;
  gm_moments m = {3, 2, NULL, counts, &broken, false};
  gm_fisher *f = NULL;
  assert_int_equal(gm_fisher_run(ctx, &m, z, NULL, &f), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "output 2"));
  m.user = NULL;
  assert_int_equal(gm_fisher_run(ctx, &m, bad, NULL, &f), GM_EDOMAIN);
  gm_fisher_options o = {.level = -1};
  assert_int_equal(gm_fisher_run(ctx, &m, z, &o, &f), GM_ERANGE);
  assert_null(f);
}

static gm_status make(gm_ctx *c, void *user)
{
  (void)user;
  const double z[3] = {1, 2, 1};
  gm_moments m = {3, 2, NULL, counts, NULL, false};
  gm_fisher *f = NULL;
  gm_status s = gm_fisher_run(c, &m, z, NULL, &f);
  gm_fisher_free(f);
  return s;
}

static void fisher__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("information", make, NULL) >= 3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fisher__of_a_decay),
      cmocka_unit_test(fisher__names_what_is_not_seen),
      cmocka_unit_test(fisher__refusals),
      cmocka_unit_test(fisher__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
