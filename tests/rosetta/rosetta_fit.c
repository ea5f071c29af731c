/* rosetta_fit.c - the rates by iterated filtering, Monte Carlo adjusted profiles and particle
 * Markov chains. */
#include "gemel/stochastic.h"
#include "rosetta/rosetta.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdio.h>
#include <cmocka.h>

static void not_asked(answer *a)
{
  for (int k = 0; k < KIND_COUNT; k++) a[k] = (answer){NAN, 0};
}

static bool asked(const rosetta *r, int32_t k)
{
  return k != KIND_ODE && (r->full || k == KIND_JUMP);
}

/* ---- maximum likelihood ---------------------------------------------------------------------- */
static void likeliest(rosetta *r)
{
  answer ll[KIND_COUNT], beta[KIND_COUNT], gamma[KIND_COUNT];
  not_asked(ll);
  not_asked(beta);
  not_asked(gamma);
  for (int32_t k = 0; k < KIND_COUNT; k++) {
    if (!asked(r, k)) continue;
    gm_system s = rosetta_system(r, k, 20, 2);
    gm_if2_options o = {.particles = r->full ? 2000 : 500,
                        .iterations = r->full ? 100 : 40,
                        .starts = r->full ? 8 : 4,
                        .repeats = r->full ? 40 : 20,
                        .check_particles = r->full ? 4000 : 1000};
    gm_if2 *b;
    if (gm_if2_run(r->ctx, &s, &o, &b)) fail_msg("%s", gm_message(r->ctx));
    ll[k] = (answer){b->loglik[0], b->loglik_error[0]};
    beta[k] = (answer){gm_unknown_value(&s.unknown[0], b->z[0]), 0};
    gamma[k] = (answer){gm_unknown_value(&s.unknown[1], b->z[1]), 0};
    gm_if2_free(b);
  }
  /* the end of a search lies a little below the top: 0.2 in ln likelihood is a shift of 0.6
   * standard errors, that is of 0.2 in beta and 0.035 in gamma; the best of several is a little
   * lucky too */
  rosetta_row(r, "iterated filtering", "ln likelihood at its end", -28.6640700639395, ll, 0.2);
  rosetta_row(r, "iterated filtering", "beta", 1.28358645, beta, 0.25);
  rosetta_row(r, "iterated filtering", "gamma", 0.37758432, gamma, 0.045);
}

/* ---- profiles -------------------------------------------------------------------------------- */
static void profile(rosetta *r, int32_t unknown, const char *name, const double exact[2],
                    double from, double to)
{
  answer end[2][KIND_COUNT];
  char text[64];
  not_asked(end[0]);
  not_asked(end[1]);
  for (int32_t k = 0; k < KIND_COUNT; k++) {
    if (!asked(r, k)) continue;
    gm_system s = rosetta_system(r, k, 20, 2);
    gm_fit_target *t;
    gm_fit_options o = {.particles = r->full ? 2000 : 500};
    if (gm_fit_target_new(r->ctx, &s, &o, &t)) fail_msg("%s", gm_message(r->ctx));
    gm_objective f = gm_fit_objective(t);
    double z[2] = {gm_unknown_coordinate(&s.unknown[0], 1.28358645),
                   gm_unknown_coordinate(&s.unknown[1], 0.37758432)};
    gm_mcap_plan plan = {.seed = 5,
                         .low = gm_unknown_coordinate(&s.unknown[unknown], from),
                         .high = gm_unknown_coordinate(&s.unknown[unknown], to),
                         .grid_count = r->full ? 40 : 20};
    gm_mcap m;
    if (gm_mcap_run(r->ctx, &f, z, unknown, &plan, NULL, NULL, NULL, &m))
      fail_msg("%s", gm_message(r->ctx));
    end[0][k] = (answer){gm_unknown_value(&s.unknown[unknown], m.low), 0};
    end[1][k] = (answer){gm_unknown_value(&s.unknown[unknown], m.high), 0};
    gm_fit_target_free(t);
  }
  /* the noise widens the interval: ends within an eighth */
  for (int q = 0; q < 2; q++) {
    snprintf(text, sizeof text, "%s, %s end of 95 %%", name, q ? "upper" : "lower");
    rosetta_row(r, "adjusted profile", text, exact[q], end[q], exact[q] / 8);
  }
}

/* ---- particle chains ------------------------------------------------------------------------- */
static void chains(rosetta *r)
{
  static const double exact[4] = {1.12743685, 0.35240856, 0.29588258, 0.05244066};
  static const char *const name[4] = {"mean beta", "mean gamma", "sd beta", "sd gamma"};
  answer a[4][KIND_COUNT];
  if (!r->full) return;
  for (int q = 0; q < 4; q++) not_asked(a[q]);
  for (int32_t k = 0; k < KIND_ODE; k++) {
    gm_system s = rosetta_system(r, k, 20, 2);
    gm_pmmh_options o = {.particles = 400,
                         .chain = {.chains = 4, .warmup = 1000, .draws = 2000, .thin = 2}};
    gm_pmmh *b;
    if (gm_pmmh_run(r->ctx, &s, &o, &b)) fail_msg("%s", gm_message(r->ctx));
    const gm_chains *c = b->chains;
    int32_t n = c->chain_count * c->draw_count;
    for (int q = 0; q < 2; q++) {
      double sum = 0, square = 0;
      for (int32_t i = 0; i < n; i++) {
        double v = gm_unknown_value(&s.unknown[q], c->z[2 * (ptrdiff_t)i + q]);
        sum += v;
        square += v * v;
      }
      double sd = sqrt(square / n - sum / n * sum / n), size = c->marginal[q].ess_bulk;
      a[q][k] = (answer){sum / n, sd / sqrt(size)};
      a[2 + q][k] = (answer){sd, sd / sqrt(size)}; /* heavier tails than normal: not sqrt(2 size) */
    }
    gm_pmmh_free(b);
  }
  for (int q = 0; q < 4; q++) rosetta_row(r, "particle chains", name[q], exact[q], a[q], 0);
}

void rosetta_fit(rosetta *r)
{
  static const double beta[2] = {0.69907, 2.12315}, gamma[2] = {0.27049, 0.51345};
  likeliest(r);
  profile(r, 0, "beta", beta, 0.55, 2.7);
  profile(r, 1, "gamma", gamma, 0.22, 0.62);
  chains(r);
}
