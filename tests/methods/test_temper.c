/* test_temper.c - the engine of tempering: a posterior in closed form, what goes with a particle,
 * runs, refusals. Its callers' tests are test_members.c and test_calib_particles.c.
 * label: quick */
#include "methods/temper.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

enum { N = 2000, D = 2, CARRIED = 3 };

static gm_ctx *ctx;
static double u[N * D], log_prior[N], loglik[N], carried[N * CARRIED];

/* Prior N(0, I); the sum of the coordinates is measured as 3 with sd 0.5, so that it has the
 * posterior mean 3 * 2 / 2.25 and variance 0.5 / 2.25, and the evidence is N(3; 0, 2.25). */
static const double seen = 3, error_sd = 0.5;

typedef struct {
  uint64_t turn; /* of the last call */
  int32_t calls, stages;
  double power;
  bool impossible;
} asked;

static gm_status density(void *user, int32_t n, const double *x, uint64_t turn, double *prior,
                         double *ll, double *f)
{
  asked *a = user;
  assert_true(a->calls == 0 || turn > a->turn); /* never twice */
  a->turn = turn;
  a->calls++;
  for (int32_t m = 0; m < n; m++) {
    double sum = x[m * D] + x[m * D + 1], r = (seen - sum) / error_sd;
    prior[m] = -0.5 * (x[m * D] * x[m * D] + x[m * D + 1] * x[m * D + 1]);
    ll[m] = a->impossible ? -INFINITY : -0.5 * r * r - log(error_sd * sqrt(2 * M_PI));
    f[m * CARRIED] = sum;
    f[m * CARRIED + 1] = prior[m];
    f[m * CARRIED + 2] = ll[m];
  }
  return GM_OK;
}

static gm_status reached(void *user, double power)
{
  asked *a = user;
  assert_true(power == 0 ? a->stages == 0 : power > a->power);
  a->power = power;
  a->stages += power > 0;
  return GM_OK;
}

static gm__temper options(asked *a)
{
  return (gm__temper){.ctx = ctx,
                      .n = N,
                      .d = D,
                      .carried = CARRIED,
                      .key = gm_key_make(5, 0, 0, 0),
                      .share_kept = 0.5,
                      .correlation_last = 0.1,
                      .pairs_last = 40,
                      .density = density,
                      .reached = reached,
                      .user = a};
}

static gm_status temper(const gm__temper *o, gm__tempered *t)
{
  gm_key prior = o->key;
  prior.v[1] = GM_PURPOSE_PRIOR;
  *t = (gm__tempered){.u = u, .log_prior = log_prior, .loglik = loglik, .carried = carried};
  for (int32_t m = 0; m < o->n; m++)
    gm__normals_draw(prior, o->run * N + (uint64_t)m, 0, gm_kind_draw(1, 0), D, u + m * D);
  gm_status s = density(o->user, o->n, u, 0, log_prior, loglik, carried);
  return s ? s : gm__temper_run(o, t);
}

/* Mean, variance and evidence are those of the closed form, within five errors. */
static void temper__gives_the_closed_form(void **state)
{
  (void)state;
  asked a = {0};
  gm__temper o = options(&a);
  gm__tempered t;
  double mean = 0, square = 0, across = 0;
  double exact = -0.5 * seen * seen / 2.25 - log(sqrt(2 * M_PI * 2.25));
  assert_int_equal(temper(&o, &t), GM_OK);
  for (int32_t m = 0; m < N; m++) {
    double sum = u[m * D] + u[m * D + 1], gap = u[m * D] - u[m * D + 1];
    mean += sum / N;
    square += sum * sum / N;
    across += gap * gap / N;
  }
  double variance = 0.5 / 2.25;
  assert_true(fabs(mean - seen * 2 / 2.25) < 5 * sqrt(variance / N));
  assert_true(fabs(square - mean * mean - variance) < 5 * variance * sqrt(2.0 / N));
  assert_true(fabs(across - 2) < 5 * 2 * sqrt(2.0 / N)); /* no data: as the prior */
  assert_true(fabs(t.log_evidence - exact) < 5 * sqrt(t.variance) && t.variance < 0.01);
  assert_true(t.variance_kept >= t.variance);
  assert_true(t.stages == a.stages && a.power == 1 && t.stages > 1);
  assert_true(t.accepted > 0.1 * t.proposed && t.accepted <= t.proposed);
  assert_true(t.accepted_last <= t.accepted && t.proposed_last < t.proposed);
  assert_true(t.correlation < 0.1);
  assert_true((int64_t)t.proposed == (int64_t)(a.calls - 1) * N);
}

/* What a particle carries, its prior and its likelihood are those of the place where it is, through
 * resampling and moves, to the last bit. */
static void temper__carries_what_belongs_to_a_place(void **state)
{
  (void)state;
  asked a = {0}, b = {0};
  gm__temper o = options(&a);
  gm__tempered t;
  static double p[N], l[N], f[N * CARRIED];
  assert_int_equal(temper(&o, &t), GM_OK);
  assert_int_equal(density(&b, N, u, 0, p, l, f), GM_OK);
  assert_memory_equal(p, log_prior, sizeof p);
  assert_memory_equal(l, loglik, sizeof l);
  assert_memory_equal(f, carried, sizeof f);
}

/* The same key gives the same bytes; another run of it other draws. */
static void temper__is_a_function_of_key_and_run(void **state)
{
  (void)state;
  static double first[N * D];
  asked a = {0}, b = {0}, c = {0};
  gm__temper o = options(&a);
  gm__tempered t;
  assert_int_equal(temper(&o, &t), GM_OK);
  memcpy(first, u, sizeof first);
  o.user = &b;
  assert_int_equal(temper(&o, &t), GM_OK);
  assert_memory_equal(first, u, sizeof first);
  o.user = &c;
  o.run = 1;
  assert_int_equal(temper(&o, &t), GM_OK);
  for (int32_t i = 0; i < N * D; i++) assert_true(first[i] != u[i]);
}

/* Particles that all begin at one place have no covariance: they are moved all the same, and end
 * near the posterior. */
static void temper__begins_at_one_place(void **state)
{
  (void)state;
  asked a = {0};
  gm__temper o = options(&a);
  gm__tempered t = {.u = u, .log_prior = log_prior, .loglik = loglik, .carried = carried};
  for (int32_t i = 0; i < N * D; i++) u[i] = 1;
  assert_int_equal(density(&a, N, u, 0, log_prior, loglik, carried), GM_OK);
  assert_int_equal(gm__temper_run(&o, &t), GM_OK);
  int32_t moved = 0;
  for (int32_t i = 0; i < N * D; i++) moved += u[i] != 1;
  assert_true(moved > N);
  assert_true(fabs(t.log_evidence - loglik[0]) < 0.1 && t.variance == 0);
}

static gm_status stop_half_way(void *user, double power)
{
  (void)user;
  return power > 0 ? gm_fail(ctx, GM_ECANCELLED, "stopped") : GM_OK;
}

/* Data that no particle can have given is refused, and the caller can end a run. */
static void temper__refusals(void **state)
{
  (void)state;
  asked a = {.impossible = true}, b = {0};
  gm__temper o = options(&a);
  gm__tempered t;
  assert_int_equal(temper(&o, &t), GM_ENUMERIC);
  assert_non_null(strstr(gm_message(ctx), "none of 2000"));
  o.user = &b;
  o.reached = stop_half_way;
  assert_int_equal(temper(&o, &t), GM_ECANCELLED);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  asked a = {0};
  gm__temper o = options(&a);
  gm__tempered t;
  o.ctx = c;
  o.n = 50;
  return temper(&o, &t);
}

static void temper__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("tempering", trial, NULL) >= 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(temper__gives_the_closed_form),
      cmocka_unit_test(temper__carries_what_belongs_to_a_place),
      cmocka_unit_test(temper__is_a_function_of_key_and_run),
      cmocka_unit_test(temper__begins_at_one_place),
      cmocka_unit_test(temper__refusals),
      cmocka_unit_test(temper__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
