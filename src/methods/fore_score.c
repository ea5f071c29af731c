/* fore_score.c - all scores of one law at one outcome. */
#include "methods/fore_law.h"
#include "num/score.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

const double gm_score_level[GM_SCORE_LEVELS] = {0.01, 0.025, 0.05, 0.1, 0.15, 0.2,   0.25, 0.3,
                                                0.35, 0.4,   0.45, 0.5, 0.55, 0.6,   0.65, 0.7,
                                                0.75, 0.8,   0.85, 0.9, 0.95, 0.975, 0.99};
enum { LEVEL_05 = 2, LEVEL_25 = 6, LEVEL_50 = 11, LEVEL_75 = 16, LEVEL_95 = 20 };

static gm_status log_score(gm_ctx *ctx, const gm__law *l, double y, double *out)
{
  const gm_law *law = l->law;
  gm__law_point p;
  if (l->xs) {
    gm_status s = gm__law_at(ctx, l, y, &p);
    if (!s) *out = law->count ? -log(p.f - p.below) : NAN;
    return s;
  }
  *out = NAN;
  if (!law->logpdf) return GM_OK;
  double *term = gm_alloc(ctx, l->n, sizeof *term);
  if (!term) return gm_fail(ctx, GM_ENOMEM, "log score of %d members", (int)l->n);
  int32_t k = 0;
  for (int32_t m = 0; m < law->n; m++) {
    double w = law->weight ? law->weight[m] : 1;
    if (w > 0) term[k++] = law->logpdf(law->user, m, y) + log(w / l->total);
  }
  double sum = gm_stats_log_sum_exp(k, term);
  gm_free(term);
  if (isnan(sum)) return gm_fail(ctx, GM_EDOMAIN, "law: a member has no density at %g", y);
  *out = -sum;
  return GM_OK;
}

/* What the law gives the closed interval [a, b]. */
static gm_status said(gm_ctx *ctx, const gm__law *l, double a, double b, double *out)
{
  gm__law_point low, high;
  gm_status s = gm__law_at(ctx, l, a, &low);
  if (!s) s = gm__law_at(ctx, l, b, &high);
  if (!s) *out = high.f - low.below;
  return s;
}

static gm_status intervals(gm_ctx *ctx, const gm__law *l, double y, const double *q, gm_score *r)
{
  static const int32_t shown[5] = {LEVEL_05, LEVEL_25, LEVEL_50, LEVEL_75, LEVEL_95};
  gm_wis wis;
  for (int32_t k = 0; k < 5; k++) r->q[k] = q[shown[k]];
  r->in50 = y >= r->q[1] && y <= r->q[3];
  r->in90 = y >= r->q[0] && y <= r->q[4];
  gm_status s = said(ctx, l, r->q[1], r->q[3], &r->said50);
  if (!s) s = said(ctx, l, r->q[0], r->q[4], &r->said90);
  if (!s) s = gm_score_wis(ctx, GM_SCORE_LEVELS, gm_score_level, q, y, &wis);
  if (!s) r->wis = wis.score;
  return s;
}

gm_status gm_law_score(gm_ctx *ctx, const gm_law *law, double y, gm_key key, uint64_t index,
                       gm_score *out)
{
  assert(law && out);
  double q[GM_SCORE_LEVELS];
  gm_score r = {0};
  gm__law l;
  gm__law_point p;
  if (!isfinite(y) || (law->count && (y < 0 || y != floor(y))))
    return gm_fail(ctx, GM_EDOMAIN, "outcome %g%s", y, law->count ? " of a count" : "");
  gm_status s = gm__law_open(ctx, law, &l);
  if (s) return s;
  s = gm__law_at(ctx, &l, y, &p);
  if (!s) s = gm__law_quantiles(ctx, &l, GM_SCORE_LEVELS, gm_score_level, q);
  if (!s) s = intervals(ctx, &l, y, q, &r);
  if (!s) s = log_score(ctx, &l, y, &r.log_score);
  if (!s) s = gm__law_crps(ctx, &l, y, GM_SCORE_LEVELS, q, &r.crps, &r.crps_fair);
  gm__law_close(&l);
  if (s) return s;
  key.v[1] = GM_PURPOSE_BOOTSTRAP;
  double v = gm_uniform(key, 0, 0, gm_kind_draw(GM__KIND_PIT, 0), index);
  r.bias = 1 - p.f - p.below;
  r.pit = p.below + v * (p.f - p.below);
  *out = r;
  return GM_OK;
}
