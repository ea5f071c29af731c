/* choose_options.c - options against a base: gain, probability better, regret, verdict. */
#include "methods/choose_internal.h"
#include "num/distribution.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

const char *gm_verdict_text(gm_verdict v)
{
  static const char *const text[] = {
      "distinguishable", "no distinguishable difference: regret below the threshold",
      "no distinguishable difference: the interval of the difference contains 0",
      "no distinguishable difference: within the Monte Carlo error, more runs would tell"};
  return (unsigned)v < sizeof text / sizeof text[0] ? text[v] : "unknown";
}

/* ---- intervals ------------------------------------------------------------------------------ */
/* Interval of the members' expected gains, its ends moved out by the Monte Carlo error. */
static gm_status expected_gain(gm_ctx *ctx, const gm__gains *g, int32_t o, double level,
                               gm_estimate *out)
{
  int32_t n = g->c->member_count;
  const double prob[2] = {0.5 - 0.5 * level, 0.5 + 0.5 * level};
  double q[2], mean = g->average[o] - g->average[g->base], error = sqrt(g->parts[o].monte_carlo);
  double reach = gm_dist_normal_quantile(prob[1]) * error;
  gm_status s = gm_stats_quantiles(ctx, n, g->shrunk + (ptrdiff_t)o * n, g->weight, 2, prob, q);
  if (s) return s;
  double down = fmax(0, mean - q[0]), up = fmax(0, q[1] - mean);
  *out = (gm_estimate){mean, mean - sqrt(down * down + reach * reach),
                       mean + sqrt(up * up + reach * reach), error};
  return GM_OK;
}

/* Interval of one patient's gain. Without coupling, replicate r of one option meets several of the
 * other, shifted. */
static gm_status one_gain(gm_ctx *ctx, const gm__gains *g, int32_t o, double level,
                          gm_choice_option *out)
{
  enum { SHIFTS_MAX = 8 };
  const gm_choice *c = g->c;
  const double prob[2] = {0.5 - 0.5 * level, 0.5 + 0.5 * level};
  int32_t k = 0, count = c->replicate_count, shifts = c->coupled ? 1 : count;
  if (shifts > SHIFTS_MAX) shifts = SHIFTS_MAX;
  ptrdiff_t room = (ptrdiff_t)c->member_count * count * shifts;
  if (room > INT32_MAX / 2) return gm_fail(ctx, GM_ERANGE, "%td gains are too many", room);
  double *x = gm_alloc(ctx, 2 * room, sizeof *x), *w = x ? x + room : NULL, q[2];
  if (!x) return gm_fail(ctx, GM_ENOMEM, "%td gains", room);
  for (int32_t m = 0; m < c->member_count; m++)
    for (int32_t r = 0; r < count && g->weight[m] > 0; r++)
      for (int32_t i = 0; i < shifts; i++, k++) {
        x[k] = gm__choice_value(c, o, m, r) - gm__choice_value(c, g->base, m, (r + i) % count);
        w[k] = g->weight[m] / (count * shifts);
        if (o == g->base) x[k] = 0;
      }
  gm_status s = gm_stats_quantiles(ctx, k, x, w, 2, prob, q);
  gm_free(x);
  if (s) return s;
  out->one_low = q[0];
  out->one_high = q[1];
  return GM_OK;
}

/* ---- regret --------------------------------------------------------------------------------- */
static double versus_regret(const gm__gains *g, int32_t o, double mean)
{
  int32_t n = g->c->member_count;
  const double *u = g->shrunk + (ptrdiff_t)o * n;
  for (int32_t m = 0; m < n; m++) g->work[m] = fmax(0, mean >= 0 ? u[m] : -u[m]);
  return gm__gains_mean(g, g->work, NULL);
}

static gm_verdict verdict_of(const gm_choice_option *r, double threshold)
{
  if (r->versus_regret <= threshold) return GM_SAME_SMALL;
  if (fabs(r->gain.mean) <= 2 * r->gain.error) return GM_SAME_MONTE_CARLO;
  if (r->gain.low <= 0 && r->gain.high >= 0) return GM_SAME_SPANS_ZERO;
  return GM_DIFFERS;
}

static gm_status option_of(gm_ctx *ctx, const gm__gains *g, int32_t o, double threshold,
                           double level, gm_choice_option *out)
{
  gm_choice_option r = {.parts = g->parts[o], .value = g->average[o]};
  gm__better b;
  gm_status s = expected_gain(ctx, g, o, level, &r.gain);
  if (!s) s = one_gain(ctx, g, o, level, &r);
  if (!s) s = gm__better_of(ctx, g, o, &b);
  if (s) return s;
  r.better = b.better;
  r.better_error = b.better_error;
  r.better_independent = b.independent;
  r.better_low = b.low;
  r.better_high = b.high;
  r.within_low = b.within_low;
  r.within_high = b.within_high;
  if (o == g->base) { /* an option against itself is no comparison */
    r.better = r.better_independent = r.better_low = r.better_high = 0.5;
    r.within_low = r.within_high = 0.5;
    r.better_error = 0;
  }
  r.regret = gm__gains_loss(g, g->shrunk, o, &r.regret_error);
  r.versus_regret = versus_regret(g, o, r.gain.mean);
  r.verdict = verdict_of(&r, threshold);
  *out = r;
  return GM_OK;
}

gm_status gm_choose(gm_ctx *ctx, const gm_choice *c, int32_t base, double threshold, double level,
                    gm_choice_option *option, gm_choice_summary *summary)
{
  assert(c && option);
  gm__gains g;
  if (level == 0) level = 0.9;
  if (!(level > 0 && level < 1) || !(threshold >= 0) || base < 0)
    return gm_fail(ctx, GM_ERANGE, "choice with base %d, threshold %g, level %g", (int)base,
                   threshold, level);
  gm_status s = gm__gains_make(ctx, c, base, &g);
  if (s) return s;
  gm_choice_option *r = gm_alloc(ctx, c->option_count, sizeof *r);
  if (!r) s = gm_fail(ctx, GM_ENOMEM, "choice of %d options", (int)c->option_count);
  for (int32_t o = 0; o < c->option_count && !s; o++)
    s = option_of(ctx, &g, o, threshold, level, &r[o]);
  for (int32_t o = 0; o < c->option_count && !s; o++) option[o] = r[o];
  if (!s && summary)
    *summary = (gm_choice_summary){g.best, r[g.best].regret, r[g.best].regret_error,
                                   c->replicate_count < 2};
  gm_free(r);
  gm__gains_free(&g);
  return s;
}
