/* calib_target.c - asking a target: batches without impossible points, differences for missing
 * derivatives, draws and starts within the bounds. */
#include "methods/calib_internal.h"
#include <math.h>
#include <string.h>

enum { PRIOR_TRIES = 10000, START_TRIES = 200 };
/* Central differences: the cube root of the relative error of a value that was itself computed by
 * an integrator at about 1e-12. */
static const double step_relative = 1e-4;

gm_key gm__calib_key(gm_key key, gm_purpose purpose)
{
  key.v[1] = (uint64_t)purpose;
  return key;
}

gm_status gm__target_check(gm_ctx *ctx, const gm_target *t, bool need_loglik)
{
  if (!t || t->dim < 1) return gm_fail(ctx, GM_EINVAL, "target: at least one coordinate is needed");
  if (need_loglik && !t->loglik)
    return gm_fail(ctx, GM_EUNSUPPORTED, "target: a log-likelihood is needed");
  if (t->residual && t->residual_count < 1)
    return gm_fail(ctx, GM_EINVAL, "target: %d residuals", (int)t->residual_count);
  for (int32_t i = 0; i < t->dim; i++) {
    double low = t->lower ? t->lower[i] : -INFINITY, high = t->upper ? t->upper[i] : INFINITY;
    if (!(low < high) || low == INFINITY || high == -INFINITY)
      return gm_fail(ctx, GM_EINVAL, "target: bounds of coordinate %d: [%g, %g]", (int)i + 1, low,
                     high);
  }
  return GM_OK;
}

void gm__calib_close(gm__calib *c)
{
  gm_free(c->room);
  gm_free(c->replicate);
  gm_free(c->index);
}

double *gm__calib_room(gm__calib *c, ptrdiff_t count)
{
  if (count <= c->room_size) return c->room;
  double *p = gm_alloc(c->ctx, count, sizeof *p);
  if (!p) {
    (void)gm_fail(c->ctx, GM_ENOMEM, "calibration: room for %td numbers", count);
    return NULL;
  }
  gm_free(c->room);
  c->room = p;
  c->room_size = count;
  return p;
}

/* index[n] and replicate[n] of a batch. */
static gm_status lists(gm__calib *c, int32_t n)
{
  if (n <= c->index_size) return GM_OK;
  int32_t *index = gm_alloc(c->ctx, n, sizeof *index);
  uint64_t *replicate = gm_alloc(c->ctx, n, sizeof *replicate);
  if (!index || !replicate) {
    gm_free(index);
    gm_free(replicate);
    return gm_fail(c->ctx, GM_ENOMEM, "calibration: a batch of %d points", (int)n);
  }
  gm_free(c->index);
  gm_free(c->replicate);
  c->index = index;
  c->replicate = replicate;
  c->index_size = n;
  return GM_OK;
}

bool gm__target_inside(const gm_target *t, const double *z)
{
  for (int32_t i = 0; i < t->dim; i++) {
    if (!isfinite(z[i])) return false;
    if (t->lower && z[i] < t->lower[i]) return false;
    if (t->upper && z[i] > t->upper[i]) return false;
  }
  return true;
}

double gm__target_log_prior(const gm_target *t, const double *z)
{
  if (!gm__target_inside(t, z)) return -INFINITY;
  if (t->log_prior) {
    double lp = t->log_prior(t->user, z);
    return isnan(lp) ? -INFINITY : lp;
  }
  double sum = 0;
  for (int32_t i = 0; i < t->dim; i++) sum += z[i] * z[i];
  return -0.5 * sum - t->dim * 0.91893853320467274178; /* ln(2 pi) / 2 */
}

void gm__target_log_prior_gradient(const gm_target *t, const double *z, double *g, double *work)
{
  if (t->log_prior_gradient) {
    t->log_prior_gradient(t->user, z, g);
    return;
  }
  if (!t->log_prior) {
    for (int32_t i = 0; i < t->dim; i++) g[i] = -z[i];
    return;
  }
  memcpy(work, z, (size_t)t->dim * sizeof *z);
  for (int32_t i = 0; i < t->dim; i++) {
    double h = 1e-5 * (1 + fabs(z[i])), here = t->log_prior(t->user, z);
    work[i] = z[i] + h;
    double up = t->log_prior(t->user, work), above = work[i] - z[i];
    work[i] = z[i] - h;
    double down = t->log_prior(t->user, work), below = z[i] - work[i];
    work[i] = z[i];
    if (isfinite(up) && isfinite(down))
      g[i] = (up - down) / (above + below);
    else if (isfinite(up))
      g[i] = (up - here) / above;
    else
      g[i] = isfinite(down) ? (here - down) / below : 0;
  }
}

gm_status gm__target_prior_draw(gm_ctx *ctx, const gm_target *t, gm_key key, uint64_t slot,
                                double *z)
{
  for (uint64_t tries = 0; tries < PRIOR_TRIES; tries++) {
    uint64_t s = tries ? gm_hash64(slot, tries) : slot;
    if (t->prior_draw) {
      t->prior_draw(t->user, key, s, z);
    } else {
      double four[4];
      for (int32_t i = 0; i < t->dim; i++) {
        if (i % 4 == 0) gm_normal4(key, s, 0, gm_kind_draw(0, 0), (uint64_t)i / 4, four);
        z[i] = four[i % 4];
      }
    }
    if (gm__target_log_prior(t, z) > -INFINITY) return GM_OK;
  }
  return gm_fail(ctx, GM_EDOMAIN, "target: %d draws of the prior lie outside its bounds",
                 PRIOR_TRIES);
}

/* Lists the points whose prior is not 0 and fills lp; returns their number. */
static int32_t possible(gm__calib *c, int32_t n, const double *z, double *lp)
{
  int32_t count = 0;
  for (int32_t m = 0; m < n; m++) {
    lp[m] = gm__target_log_prior(c->t, z + (ptrdiff_t)m * c->t->dim);
    if (lp[m] > -INFINITY) c->index[count++] = m;
  }
  return count;
}

static gm_status number_check(gm__calib *c, int32_t n, const double *ll)
{
  for (int32_t k = 0; k < n; k++)
    if (ll[k] == INFINITY) return gm_fail(c->ctx, GM_EDOMAIN, "target: a log-likelihood is +inf");
  return GM_OK;
}

gm_status gm__calib_loglik(gm__calib *c, int32_t n, const double *z, const uint64_t *replicate,
                           double *lp, double *ll)
{
  ptrdiff_t d = c->t->dim;
  gm_status s = lists(c, n);
  if (s) return s;
  int32_t count = possible(c, n, z, lp);
  double *points = gm__calib_room(c, n * (d + 1));
  if (!points) return GM_ENOMEM;
  double *values = points + n * d;
  for (int32_t k = 0; k < count; k++) {
    int32_t m = c->index[k];
    memcpy(points + k * d, z + m * d, (size_t)d * sizeof *z);
    c->replicate[k] = replicate ? replicate[m] : 0;
  }
  if (count) s = c->t->loglik(c->t->user, c->ctx, count, points, c->replicate, values);
  if (!s) s = number_check(c, count, values);
  if (s) return s;
  for (int32_t m = 0; m < n; m++) ll[m] = -INFINITY;
  for (int32_t k = 0; k < count; k++)
    if (!isnan(values[k])) ll[c->index[k]] = values[k];
  c->evaluations += count;
  return GM_OK;
}

/* Where the difference points of coordinate i lie: within the bounds. */
static void points_around(const gm_target *t, const double *z, int32_t i, double *up, double *down)
{
  double h = step_relative * (1 + fabs(z[i]));
  *up = z[i] + h;
  *down = z[i] - h;
  if (t->upper) *up = fmin(*up, t->upper[i]);
  if (t->lower) *down = fmax(*down, t->lower[i]);
}

static double slope(double up, double here, double down, double above, double below)
{
  if (isfinite(up) && isfinite(down)) {
    if (above == below || above == 0 || below == 0) return (up - down) / (above + below);
    /* three points at unequal distances: still of second order */
    return ((up - here) * below / above - (down - here) * above / below) / (above + below);
  }
  if (isfinite(up) && above > 0) return (up - here) / above;
  return isfinite(down) && below > 0 ? (here - down) / below : 0;
}

static gm_status gradient_differences(gm__calib *c, int32_t n, const double *z, double *lp,
                                      double *ll, double *g)
{
  ptrdiff_t d = c->t->dim, each = 2 * d + 1;
  double *z1 = gm_alloc(c->ctx, n * each * (d + 2), sizeof *z1);
  if (!z1) return gm_fail(c->ctx, GM_ENOMEM, "differences at %d points", (int)n);
  double *lp1 = z1 + n * each * d, *ll1 = lp1 + n * each;
  for (ptrdiff_t m = 0; m < n; m++)
    for (ptrdiff_t k = 0; k < each; k++) {
      double *to = z1 + (m * each + k) * d, up, down;
      memcpy(to, z + m * d, (size_t)d * sizeof *to);
      if (!k) continue;
      ptrdiff_t i = (k - 1) / 2;
      points_around(c->t, z + m * d, (int32_t)i, &up, &down);
      to[i] = k % 2 ? up : down;
    }
  gm_status s = gm__calib_loglik(c, (int32_t)(n * each), z1, NULL, lp1, ll1);
  for (ptrdiff_t m = 0; m < n && !s; m++) {
    const double *l = ll1 + m * each;
    lp[m] = lp1[m * each];
    ll[m] = l[0];
    for (ptrdiff_t i = 0; i < d; i++) {
      double x = z[m * d + i], up = z1[(m * each + 2 * i + 1) * d + i],
             down = z1[(m * each + 2 * i + 2) * d + i];
      g[m * d + i] = slope(l[2 * i + 1], l[0], l[2 * i + 2], up - x, x - down);
    }
  }
  gm_free(z1);
  return s;
}

gm_status gm__calib_gradient(gm__calib *c, int32_t n, const double *z, double *lp, double *ll,
                             double *g)
{
  ptrdiff_t d = c->t->dim;
  c->gradients += n;
  if (!c->t->gradient) return gradient_differences(c, n, z, lp, ll, g);
  gm_status s = lists(c, n);
  if (s) return s;
  int32_t count = possible(c, n, z, lp);
  double *points = gm__calib_room(c, n * (2 * d + 1));
  if (!points) return GM_ENOMEM;
  double *slopes = points + n * d, *values = slopes + n * d;
  for (int32_t k = 0; k < count; k++)
    memcpy(points + k * d, z + c->index[k] * d, (size_t)d * sizeof *z);
  if (count) s = c->t->gradient(c->t->user, c->ctx, count, points, values, slopes);
  if (!s) s = number_check(c, count, values);
  if (s) return s;
  for (int32_t m = 0; m < n; m++) ll[m] = -INFINITY;
  memset(g, 0, (size_t)(n * d) * sizeof *g);
  for (int32_t k = 0; k < count; k++) {
    double *to = g + c->index[k] * d;
    bool fine = !isnan(values[k]);
    memcpy(to, slopes + k * d, (size_t)d * sizeof *to);
    for (ptrdiff_t i = 0; i < d; i++) fine = fine && isfinite(to[i]);
    if (fine) /* a value whose slopes are not numbers is no place to be */
      ll[c->index[k]] = values[k];
    else
      memset(to, 0, (size_t)d * sizeof *to);
  }
  c->evaluations += count;
  return GM_OK;
}

static gm_status jacobian_differences(gm__calib *c, int32_t n, const double *z, double *r,
                                      double *jac)
{
  ptrdiff_t d = c->t->dim, rows = c->t->residual_count, each = 2 * d + 1;
  double *z1 = gm_alloc(c->ctx, n * each * (d + rows), sizeof *z1);
  if (!z1) return gm_fail(c->ctx, GM_ENOMEM, "jacobians at %d points", (int)n);
  double *r1 = z1 + n * each * d;
  for (ptrdiff_t m = 0; m < n; m++)
    for (ptrdiff_t k = 0; k < each; k++) {
      double *to = z1 + (m * each + k) * d, up, down;
      memcpy(to, z + m * d, (size_t)d * sizeof *to);
      if (!k) continue;
      ptrdiff_t i = (k - 1) / 2;
      points_around(c->t, z + m * d, (int32_t)i, &up, &down);
      to[i] = k % 2 ? up : down;
    }
  gm_status s = c->t->residual(c->t->user, c->ctx, (int32_t)(n * each), z1, r1, NULL);
  for (ptrdiff_t m = 0; m < n && !s; m++) {
    const double *base = r1 + m * each * rows;
    memcpy(r + m * rows, base, (size_t)rows * sizeof *r);
    for (ptrdiff_t i = 0; i < d; i++) {
      double x = z[m * d + i], up = z1[(m * each + 2 * i + 1) * d + i] - x,
             down = x - z1[(m * each + 2 * i + 2) * d + i];
      for (ptrdiff_t j = 0; j < rows; j++)
        jac[(m * rows + j) * d + i] =
            slope(base[(2 * i + 1) * rows + j], base[j], base[(2 * i + 2) * rows + j], up, down);
    }
  }
  if (!s) c->evaluations += n * each;
  gm_free(z1);
  return s;
}

gm_status gm__calib_residual(gm__calib *c, int32_t n, const double *z, double *r, double *jac)
{
  if (jac) c->gradients += n;
  if (jac && c->t->no_jacobian) return jacobian_differences(c, n, z, r, jac);
  gm_status s = c->t->residual(c->t->user, c->ctx, n, z, r, jac);
  if (!s) c->evaluations += n;
  return s;
}

/* One round: the starts that are not possible yet are drawn again. */
static gm_status starts_round(gm__calib *c, gm_key key, int32_t n, int32_t round, double *z,
                              double *lp, double *ll, int32_t *left)
{
  ptrdiff_t d = c->t->dim;
  int32_t count = 0;
  double *z1 = gm_alloc(c->ctx, n * (d + 2), sizeof *z1), *lp1 = NULL, *ll1 = NULL;
  uint64_t *replicate = gm_alloc(c->ctx, n, sizeof *replicate);
  gm_status s = GM_OK;
  if (!z1 || !replicate) {
    s = gm_fail(c->ctx, GM_ENOMEM, "%d starts", (int)n);
    goto out;
  }
  lp1 = z1 + n * d;
  ll1 = lp1 + n;
  for (ptrdiff_t m = 0; m < n && !s; m++) {
    if (round && isfinite(ll[m])) continue;
    uint64_t slot = (uint64_t)round * (uint64_t)n + (uint64_t)m;
    s = gm__target_prior_draw(c->ctx, c->t, key, slot, z1 + count * d);
    replicate[count++] = gm_hash64(gm_hash64(key.v[0], UINT64_C(0x57a7)), slot);
  }
  if (!s) s = gm__calib_loglik(c, count, z1, replicate, lp1, ll1);
  if (s) goto out;
  *left = 0;
  for (ptrdiff_t m = 0, k = 0; m < n; m++) {
    if (round && isfinite(ll[m])) continue;
    memcpy(z + m * d, z1 + k * d, (size_t)d * sizeof *z);
    lp[m] = lp1[k];
    ll[m] = ll1[k++];
    *left += !isfinite(ll[m]);
  }
out:
  gm_free(z1);
  gm_free(replicate);
  return s;
}

gm_status gm__calib_starts(gm__calib *c, gm_key key, int32_t n, const double *given, double *z,
                           double *lp, double *ll)
{
  int32_t left = n;
  key = gm__calib_key(key, GM_PURPOSE_PRIOR);
  if (given) {
    memcpy(z, given, (size_t)n * (size_t)c->t->dim * sizeof *z);
    gm_status s = gm__calib_loglik(c, n, z, NULL, lp, ll);
    for (int32_t m = 0; m < n && !s; m++)
      if (!isfinite(ll[m]))
        s = gm_fail(c->ctx, GM_EDOMAIN, "start %d is not possible (log-likelihood %g)", (int)m + 1,
                    ll[m]);
    return s;
  }
  for (int32_t round = 0; left && round < START_TRIES; round++) {
    if (gm_watch_stop(c->watch))
      return gm_fail(c->ctx, GM_ECANCELLED, "stopped while looking for starts");
    gm_status s = starts_round(c, key, n, round, z, lp, ll, &left);
    if (s) return s;
  }
  if (!left) return GM_OK;
  return gm_fail(c->ctx, GM_EDOMAIN, "%d of %d chains: none of %d draws of the prior is possible",
                 (int)left, (int)n, START_TRIES);
}
