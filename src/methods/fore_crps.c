/* fore_crps.c - the continuous ranked probability score: integral of (F - 1{. >= y})^2.
 * A sample: exactly, gap by gap. Counts: the sum over the whole numbers. Any other law: adaptive
 * Gauss-Kronrod between its quantiles and outwards by doubled steps.
 * The score is E|Y - y| less half of E|Y - Y'| = 2 integral of F (1 - F). The fair form takes the
 * latter over members i != j alone, 2 integral of (F (1 - F) - sum w^2 F_m (1 - F_m)) /
 * (1 - sum w^2), each w a share. So it adds to the score 1/(1 - sum w^2) times the integral of
 * sum w^2 F_m (1 - F_m) - sum w^2 F (1 - F) ("extra" below). */
#include "methods/fore_law.h"
#include "num/score.h"
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
  bool ends; /* look at the ends of panels too */
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
static void sample_crps(job *j)
{
  const gm__law *l = j->l;
  double apart;
  j->crps = gm_score_crps_sorted(l->n, l->xs, l->cum, j->y, &apart);
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
/* What the polynomial through the 15 values is at the end of the panel: Lagrange's coefficients,
 * nodes from that end on. A step of the law in the hundredth of the panel that lies before the
 * first node is seen by neither rule, but by the value at the end. */
static const double to_end[15] = {1.4539837311033124,   -0.7066739934045738,  0.4200471997208829,
                                  -0.2914186959199906,  0.22117597022489272,  -0.17457035156224132,
                                  0.1397834317829084,   -0.11292917291898148, 0.09168729684857096,
                                  -0.07377897964426246, 0.057719118618911436, -0.04325081597817398,
                                  0.030438309530367934, -0.01845157704696343, 0.006238528645340283};
static const double before_first = 1 - 0.991455371120812639;
static const double gauss[4] = {0.129484966168869693, 0.279705391489276668, 0.381830050505118945,
                                0.417959183673469388};

typedef struct {
  double crps, extra, error;
} panel;

/* How far the values at the ends a, b are from what the 15 between say, over the hidden parts. */
static gm_status end_error(job *j, double a, double b, const terms *t, double *error)
{
  for (int32_t side = 0; side < 2; side++) {
    double end = side ? b : a, crps = 0, extra = 0;
    terms own;
    gm_status s = at(j, end, &own);
    if (s) return s;
    if (side && b <= j->y) own.crps = own.f * own.f; /* the score's own step is at y */
    for (int32_t i = 0; i < 15; i++) {
      crps += to_end[side ? 14 - i : i] * t[i].crps;
      extra += to_end[side ? 14 - i : i] * t[i].extra;
    }
    double off = fmax(fabs(crps - own.crps), fabs(extra - own.extra));
    *error = fmax(*error, (0.5 * b - 0.5 * a) * before_first * off);
  }
  j->points += 2;
  return GM_OK;
}

static gm_status rule(job *j, double a, double b, panel *out)
{
  double c = 0.5 * a + 0.5 * b, h = 0.5 * b - 0.5 * a, g[2] = {0}, k[2] = {0};
  terms all[15];
  for (int32_t i = 0; i < 15; i++) {
    int32_t at_node = i < 8 ? i : 14 - i;
    double x = c + (i < 8 ? -h : h) * node[at_node], w = kronrod[at_node];
    gm_status s = at(j, x, &all[i]);
    if (s) return s;
    terms t = all[i];
    k[0] += w * t.crps;
    k[1] += w * t.extra;
    if (at_node % 2) {
      g[0] += gauss[at_node / 2] * t.crps;
      g[1] += gauss[at_node / 2] * t.extra;
    }
  }
  j->points += 15;
  *out = (panel){h * k[0], h * k[1], h * fmax(fabs(k[0] - g[0]), fabs(k[1] - g[1]))};
  return j->ends && out->error <= j->tolerance ? end_error(j, a, b, all, &out->error) : GM_OK;
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
    j->ends = k < 2; /* the last attempt takes what it can get */
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
