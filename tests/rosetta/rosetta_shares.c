/* rosetta_shares.c - what the spread of the epidemic's size comes from. */
#include "gemel/math.h"
#include "gemel/sensitivity.h"
#include "rosetta/rosetta.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

typedef struct {
  const gm_system *s;
  int32_t output, output_count;
} size_by_day_28;

static gm_status size_eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                           const uint64_t *replicate, double *y)
{
  const size_by_day_28 *q = user;
  const double t = 28;
  double *z = malloc((size_t)n * 2 * sizeof *z);
  double *all = malloc((size_t)n * (size_t)q->output_count * sizeof *all);
  assert_true(z && all);
  for (int32_t i = 0; i < 2 * n; i++) z[i] = gm_norm_quantile(u[i]);
  gm_status s = gm_system_simulate(q->s, ctx, n, z, replicate, &t, 1, all, NULL);
  for (int32_t i = 0; i < n && !s; i++) y[i] = all[(ptrdiff_t)i * q->output_count + q->output];
  free(z);
  free(all);
  return s;
}

enum { MEAN, VARIANCE, OF_BETA, OF_GAMMA, OF_NOISE, SHARES };

void rosetta_shares(rosetta *r)
{
  static const double exact[SHARES] = {36.0919595, 189.558744, 0.130585, 0.183765, 0.668287};
  static const char *const name[SHARES] = {"mean size by day 28", "variance", "share of beta",
                                           "share of gamma", "share of chance"};
  answer a[SHARES][KIND_COUNT];
  for (int32_t k = 0; k < KIND_COUNT; k++) {
    gm_system s = rosetta_system(r, k, 0, 2);
    r->unknown[0] = (gm_unknown){.name = "beta",
                                 .parameter = r->unknown[0].parameter,
                                 .law = GM_PRIOR_UNIFORM,
                                 .lower = 0.6,
                                 .upper = 1.2};
    r->unknown[1] = (gm_unknown){.name = "gamma",
                                 .parameter = r->unknown[1].parameter,
                                 .law = GM_PRIOR_UNIFORM,
                                 .lower = 0.2,
                                 .upper = 0.5};
    gm_model_info info;
    gm_model_get_info(s.model, &info);
    size_by_day_28 q = {&s, gm_model_find(s.model, GM_TABLE_OUTPUT, "new_infections"),
                        info.output_count};
    gm_function f = {
        .dim = 2, .output_count = 1, .eval = size_eval, .user = &q, .noisy = k != KIND_ODE};
    gm_sobol_options o = {.seed = 1, .log2_rows = r->full ? 12 : 8, .replicate_count = 16};
    gm_sobol_shares *b;
    if (gm_sobol_run(r->ctx, &f, &o, &b)) fail_msg("%s", gm_message(r->ctx));
    a[MEAN][k] = (answer){b->mean[0].value, b->mean[0].error};
    a[VARIANCE][k] = (answer){b->variance[0].value, b->variance[0].error};
    a[OF_BETA][k] = (answer){b->first[0].value, b->first[0].error};
    a[OF_GAMMA][k] = (answer){b->first[1].value, b->first[1].error};
    a[OF_NOISE][k] = f.noisy ? (answer){b->total[2].value, b->total[2].error} : (answer){NAN, 0};
    gm_sobol_shares_free(b);
  }
  for (int q = 0; q < SHARES; q++) rosetta_row(r, "Sobol' with chance", name[q], exact[q], a[q], 0);
}
