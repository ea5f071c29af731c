/* fore_crps.c - the continuous ranked probability score: integral of (F - 1{. >= y})^2.
 * A sample: exactly, gap by gap. Counts: the sum over the whole numbers. Any other law: adaptive
 * Gauss-Kronrod between its quantiles and outwards by doubled steps.
 * The score is E|Y - y| less half of E|Y - Y'| = 2 integral of F (1 - F). The fair form takes the
 * latter over members i != j alone, 2 integral of (F (1 - F) - sum w^2 F_m (1 - F_m)) /
 * (1 - sum w^2), each w a share. So it adds to the score 1/(1 - sum w^2) times the integral of
 * sum w^2 F_m (1 - F_m) - sum w^2 F (1 - F) ("extra" below). */
#include "methods/fore_law.h"
#include <math.h>

enum { DEPTH_MAX = 60, DOUBLINGS_MAX = 1000 };
static const double terms_max = 5e6;  /* whole numbers times members that are summed over */
static const double points_max = 8e6; /* points times members of a quadrature */
static const double tail = 1e-10;     /* probability of what is not looked at, at least so small */

typedef struct {
  gm_ctx *ctx;
  const gm__law *l;
  double y, tolerance;
  double crps, extra; /* sums so far */
  int64_t points;
} job;

typedef struct {
  double crps, extra, f;
} terms;

static gm_status at(job *j, double x, terms *out)
{
  gm__law_point p;
  gm_status s = gm__law_at(j->ctx, j->l, j->l->law->count ? floor(x) : x, &p);
  if (s) return s;
  double miss = x >= j->y ? 1 - p.f : p.f;
  *out = (terms){miss * miss, p.own - j->l->self * p.f * (1 - p.f), p.f};
  return GM_OK;
}

/* ---- sample --------------------------------------------------------------------------------- */
static double gap_score(double a, double b, double f, double y)
{
  double left = fmax(0, fmin(b, y) - a), right = fmax(0, b - fmax(a, y));
  return left * f * f + right * (1 - f) * (1 - f);
}

static void sample_crps(job *j)
{
  const gm__law *l = j->l;
  double apart = 0, sum = fmax(0, l->xs[0] - j->y) + fmax(0, j->y - l->xs[l->n - 1]);
  for (int32_t i = 0; i + 1 < l->n; i++) {
    double f = l->cum[i];
    sum += gap_score(l->xs[i], l->xs[i + 1], f, j->y);
    apart += (l->xs[i + 1] - l->xs[i]) * f * (1 - f);
  }
  j->crps = sum;
  j->extra = -l->self * apart; /* E|X - X'|/2 is `apart`, among i != j apart/(1 - self) */
}

/* ---- counts --------------------------------------------------------------------------------- */
/* Below k0 and above k1 the law has next to nothing: F is 0 or 1 there, and what the outcome adds
 * is its distance. */
static gm_status count_crps(job *j, const double k[2])
{
  gm_status s = GM_OK;
  for (double i = k[0]; i < k[1] && !s; i++) {
    terms t;
    s = at(j, i, &t);
    j->crps += s ? 0 : t.crps;
    j->extra += s ? 0 : t.extra;
  }
  j->crps += fmax(0, k[0] - j->y) + fmax(0, j->y - k[1]);
  return s;
}

/* ---- other laws ----------------------------------------------------------------------------- */
/* Kronrod's 15 points (positive half, centre last) with Gauss's 7 among them: Piessens et al.,
 * QUADPACK (1983). */
static const double node[8] = {
    0.991455371120812639, 0.949107912342758525, 0.864864423359769073, 0.741531185599394440,
    0.586087235467691130, 0.405845151377397167, 0.207784955007898468, 0};
static const double kronrod[8] = {0.022935322010529225, 0.063092092629978553, 0.104790010322250184,
                                  0.140653259715525919, 0.169004726639267903, 0.190350578064785410,
                                  0.204432940075298892, 0.209482141084727828};
static const double gauss[4] = {0.129484966168869693, 0.279705391489276668, 0.381830050505118945,
                                0.417959183673469388};

typedef struct {
  double crps, extra, error;
} panel;

static gm_status rule(job *j, double a, double b, panel *out)
{
  double c = 0.5 * a + 0.5 * b, h = 0.5 * b - 0.5 * a, g[2] = {0}, k[2] = {0};
  for (int32_t i = 0; i < 15; i++) {
    int32_t at_node = i < 8 ? i : 14 - i;
    double x = c + (i < 8 ? -h : h) * node[at_node], w = kronrod[at_node];
    terms t;
    gm_status s = at(j, x, &t);
    if (s) return s;
    k[0] += w * t.crps;
    k[1] += w * t.extra;
    if (at_node % 2) {
      g[0] += gauss[at_node / 2] * t.crps;
      g[1] += gauss[at_node / 2] * t.extra;
    }
  }
  j->points += 15;
  *out = (panel){h * k[0], h * k[1], h * fmax(fabs(k[0] - g[0]), fabs(k[1] - g[1]))};
  return GM_OK;
}

/* Adds the integral over [a, b], halving while the two rules differ. */
static gm_status stretch(job *j, double a, double b, int32_t depth)
{
  panel p;
  if (!(b > a)) return GM_OK;
  if ((double)j->points * j->l->n > points_max)
    return gm_fail(j->ctx, GM_ENUMERIC,
                   "law too rough for the CRPS by quadrature; give it as a sample");
  gm_status s = rule(j, a, b, &p);
  if (s) return s;
  double middle = 0.5 * a + 0.5 * b;
  if (p.error <= j->tolerance || depth == DEPTH_MAX || !(middle > a && middle < b)) {
    j->crps += p.crps;
    j->extra += p.extra;
    return GM_OK;
  }
  s = stretch(j, a, middle, depth + 1);
  return s ? s : stretch(j, middle, b, depth + 1);
}

/* From the end of the middle part outwards until nothing is added any more. */
static gm_status outwards(job *j, double from, double sign, double step)
{
  for (int32_t k = 0; k < DOUBLINGS_MAX && isfinite(from + sign * step); k++) {
    double to = from + sign * step, crps = j->crps, extra = j->extra;
    terms end;
    gm_status s = stretch(j, fmin(from, to), fmax(from, to), 0);
    if (!s) s = at(j, to, &end);
    if (s) return s;
    if ((sign > 0 ? 1 - end.f : end.f) < tail && j->crps - crps <= 1e-12 * j->crps &&
        fabs(j->extra - extra) <= 1e-12 * j->crps)
      return GM_OK;
    from = to;
    step *= 2;
  }
  return gm_fail(j->ctx, GM_ENUMERIC, "law without a finite CRPS: its tail is too heavy");
}

/* From `from` to `to`, an outcome outside the levels, by doubled steps: one rule over a long way
 * would not see what the law still does at its beginning. */
static gm_status approach(job *j, double from, double to, double step)
{
  gm_status s = GM_OK;
  double sign = to > from ? 1 : -1;
  while (!s && (to - from) * sign > 0) {
    double next = (to - from) * sign > step ? from + sign * step : to;
    s = stretch(j, fmin(from, next), fmax(from, next), 0);
    if (next == from) break; /* steps below rounding */
    from = next;
    step *= 2;
  }
  return s;
}

static gm_status other_crps(job *j, double tolerance, int32_t levels, const double *level)
{
  double first = level[0], last = level[levels - 1], step = last - first;
  double left = fmin(j->y, first), right = fmax(j->y, last);
  gm_status s = GM_OK;
  step = fmax(step, fmax(1e-12 * fmax(fabs(left), fabs(right)), 1e-300));
  j->tolerance =
      tolerance * step + 4e-16 * fmax(fabs(first), fabs(last)); /* rounding of x itself */
  for (int32_t k = 0; k + 1 < levels && !s; k++) {
    double a = level[k], b = level[k + 1], middle = fmin(b, fmax(a, j->y));
    s = stretch(j, a, middle, 0); /* the score has a step at the outcome: no rule goes across */
    if (!s) s = stretch(j, middle, b, 0);
  }
  if (!s) s = approach(j, first, left, step);
  if (!s) s = approach(j, last, right, step);
  if (!s) s = outwards(j, left, -1, step);
  return s ? s : outwards(j, right, 1, step);
}

/* As finely as the law lets itself be integrated: hundreds of members with next to no noise make
 * hundreds of steps. */
static gm_status rough_crps(job *j, int32_t levels, const double *level)
{
  static const double tolerance[3] = {1e-11, 1e-9, 1e-7};
  const job start = *j;
  gm_status s = GM_ENUMERIC;
  for (int32_t k = j->l->law->count ? 2 : 0; k < 3 && s == GM_ENUMERIC; k++) {
    *j = start;
    s = other_crps(j, tolerance[k], levels, level);
  }
  return s;
}

gm_status gm__law_crps(gm_ctx *ctx, const gm__law *l, double y, int32_t levels, const double *level,
                       double *crps, double *fair)
{
  static const double ends[2] = {1e-11, 1 - 1e-11};
  double k[2] = {0};
  job j = {.ctx = ctx, .l = l, .y = y};
  gm_status s = GM_OK;
  if (l->xs)
    sample_crps(&j);
  else if (l->law->count)
    s = gm__law_quantiles(ctx, l, 2, ends, k);
  if (!s && !l->xs) { /* counts so wide that the sum takes too long are all but continuous */
    bool short_sum = l->law->count && (k[1] - k[0]) * l->n <= terms_max;
    s = short_sum ? count_crps(&j, k) : rough_crps(&j, levels, level);
  }
  if (s) return s;
  *crps = j.crps;
  *fair = l->self < 1 - 1e-12 ? j.crps + j.extra / (1 - l->self) : NAN;
  return GM_OK;
}
