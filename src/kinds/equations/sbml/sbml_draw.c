/* sbml_draw.c - draws of the package distrib (SBML L3 Package Distributions, Version 1 Release 1,
 * doi 10.1515/jib-2020-0018) as quantiles of one uniform number: the draw is a monotone function of
 * it, so two plans that share the number share the draw. Two more arguments cut a distribution to a
 * range: the quantile of F(low) + u (F(high) - F(low)). */
#include "kinds/equations/ir_quantile.h"
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <string.h>

typedef struct {
  sbml_reader *r;
  ir_graph *g;
  const char *name;
  ir_ref u, low, high; /* low, high: IR_NONE when it is not cut */
} draw;

static ir_ref num(const draw *d, double v) { return ir_const(d->g, v); }
static ir_ref f1(const draw *d, ir_op op, ir_ref a) { return ir_make(d->g, op, a, -1, -1); }
static ir_ref f2(const draw *d, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(d->g, op, a, b, -1);
}
static ir_ref add(const draw *d, ir_ref a, ir_ref b) { return f2(d, IR_ADD, a, b); }
static ir_ref sub(const draw *d, ir_ref a, ir_ref b) { return f2(d, IR_SUB, a, b); }
static ir_ref mul(const draw *d, ir_ref a, ir_ref b) { return f2(d, IR_MUL, a, b); }
static ir_ref over(const draw *d, ir_ref a, ir_ref b) { return f2(d, IR_DIV, a, b); }
static ir_ref minus(const draw *d, ir_ref a) { return f1(d, IR_NEG, a); }
static ir_ref pick(const draw *d, ir_ref a, ir_ref b, ir_ref c)
{
  return ir_make(d->g, IR_SELECT, a, b, c);
}

/* c[0] x^n + c[1] x^(n-1) + ... + c[n] */
static ir_ref polynomial(const draw *d, ir_ref x, const double *c, int n)
{
  ir_ref v = num(d, c[0]);
  for (int i = 1; i <= n; i++) v = add(d, mul(d, v, x), num(d, c[i]));
  return v;
}

/* ---- distributions symmetric about 0 --------------------------------------------------------- */
typedef struct {
  ir_ref (*cdf)(const draw *d, ir_ref z); /* for z <= 0 and, with less care, above */
  ir_ref (*quantile)(const draw *d, ir_ref p);
} symmetric;

/* J. F. Hart et al., Computer Approximations (1968), as given by G. West, "Better approximations to
 * cumulative normal functions", Wilmott (2005): to 1e-15. */
static ir_ref normal_cdf(const draw *d, ir_ref z)
{
  static const double top[] = {3.52624965998911e-02, 0.700383064443688, 6.37396220353165,
                               33.912866078383,      112.079291497871,  221.213596169931,
                               220.206867912376};
  static const double bottom[] = {8.83883476483184e-02, 1.75566716318264, 16.064177579207,
                                  86.7807322029461,     296.564248779674, 637.333633378831,
                                  793.826512519948,     440.413735824752};
  ir_ref a = f1(d, IR_ABS, z);
  ir_ref near_a = f2(d, IR_MIN, a, num(d, 8)), far_a = f2(d, IR_MIN, a, num(d, 40));
  ir_ref e = f1(d, IR_EXP, mul(d, num(d, -0.5), mul(d, far_a, far_a)));
  ir_ref middle = over(d, polynomial(d, near_a, top, 6), polynomial(d, near_a, bottom, 7));
  ir_ref b = add(d, far_a, num(d, 0.65));
  for (int k = 4; k >= 1; k--) b = add(d, far_a, over(d, num(d, k), b));
  ir_ref tail = over(d, num(d, 1 / 2.506628274631000502), b);
  ir_ref below = mul(d, e, pick(d, f2(d, IR_LT, a, num(d, 7.07106781186547)), middle, tail));
  return pick(d, f2(d, IR_LT, num(d, 0), z), sub(d, num(d, 1), below), below);
}

static ir_ref normal_quantile(const draw *d, ir_ref p) { return f1(d, IR_Q_NORMAL, p); }

static ir_ref laplace_cdf(const draw *d, ir_ref z)
{
  ir_ref below = mul(d, num(d, 0.5), f1(d, IR_EXP, minus(d, f1(d, IR_ABS, z))));
  return pick(d, f2(d, IR_LT, num(d, 0), z), sub(d, num(d, 1), below), below);
}

static ir_ref laplace_quantile(const draw *d, ir_ref p)
{
  ir_ref two = num(d, 2), low = f1(d, IR_LOG, mul(d, two, p));
  ir_ref high = minus(d, f1(d, IR_LOG, mul(d, two, sub(d, num(d, 1), p))));
  return pick(d, f2(d, IR_LT, p, num(d, 0.5)), low, high);
}

static const symmetric normal_law = {normal_cdf, normal_quantile};
static const symmetric laplace_law = {laplace_cdf, laplace_quantile};

/* z of the standard law, cut to the standardised limits. A range above 0 is mirrored, so that its
 * small probabilities do not vanish beside 1. */
static ir_ref symmetric_draw(const draw *d, const symmetric *law, ir_ref middle, ir_ref scale)
{
  if (d->low < 0) return add(d, middle, mul(d, scale, law->quantile(d, d->u)));
  ir_ref a = over(d, sub(d, d->low, middle), scale), b = over(d, sub(d, d->high, middle), scale);
  ir_ref turn = f2(d, IR_LT, num(d, 0), a);
  ir_ref from = pick(d, turn, minus(d, b), a), to = pick(d, turn, minus(d, a), b);
  ir_ref u = pick(d, turn, sub(d, num(d, 1), d->u), d->u);
  ir_ref p = law->cdf(d, from);
  p = add(d, p, mul(d, u, sub(d, law->cdf(d, to), p)));
  ir_ref z = law->quantile(d, p);
  z = f2(d, IR_MAX, from, f2(d, IR_MIN, to, z)); /* against rounding at the limits */
  z = pick(d, turn, minus(d, z), z);
  return add(d, middle, mul(d, scale, z));
}

/* ---- the rest in closed form ----------------------------------------------------------------- */
/* Exponential of rate 1, cut to [low, high]; low < 0 means 0. */
static ir_ref exponential_draw(const draw *d, ir_ref low, ir_ref high)
{
  if (low < 0) return minus(d, f1(d, IR_LOG1P, minus(d, d->u)));
  low = f2(d, IR_MAX, num(d, 0), low);
  ir_ref share = f1(d, IR_EXPM1, sub(d, low, high)); /* -P(within the range | above low) */
  ir_ref x = sub(d, low, f1(d, IR_LOG1P, mul(d, d->u, share)));
  return f2(d, IR_MIN, x, high);
}

static ir_ref draw_uniform(const draw *d, const ir_ref *a)
{
  return add(d, a[0], mul(d, sub(d, a[1], a[0]), d->u));
}

static ir_ref draw_normal(const draw *d, const ir_ref *a)
{
  return symmetric_draw(d, &normal_law, a[0], a[1]);
}

static ir_ref draw_laplace(const draw *d, const ir_ref *a)
{
  return symmetric_draw(d, &laplace_law, a[0], a[1]);
}

/* mean and deviation are those of the logarithm. */
static ir_ref draw_lognormal(const draw *d, const ir_ref *a)
{
  draw log_d = *d;
  if (d->low >= 0) {
    log_d.low = f1(d, IR_LOG, f2(d, IR_MAX, num(d, 0), d->low));
    log_d.high = f1(d, IR_LOG, f2(d, IR_MAX, num(d, 0), d->high));
  }
  return f1(d, IR_EXP, symmetric_draw(&log_d, &normal_law, a[0], a[1]));
}

static ir_ref draw_exponential(const draw *d, const ir_ref *a)
{
  ir_ref low = d->low < 0 ? IR_NONE : mul(d, a[0], d->low);
  ir_ref high = d->low < 0 ? IR_NONE : mul(d, a[0], d->high);
  return over(d, exponential_draw(d, low, high), a[0]);
}

/* x^2 / (2 scale^2) is exponential. */
static ir_ref draw_rayleigh(const draw *d, const ir_ref *a)
{
  ir_ref low = IR_NONE, high = IR_NONE, half = num(d, 0.5);
  if (d->low >= 0) {
    ir_ref from = over(d, f2(d, IR_MAX, num(d, 0), d->low), a[0]), to = over(d, d->high, a[0]);
    low = mul(d, half, mul(d, from, from));
    high = mul(d, half, mul(d, to, to));
  }
  ir_ref e = exponential_draw(d, low, high);
  return mul(d, a[0], f1(d, IR_SQRT, mul(d, num(d, 2), e)));
}

static ir_ref draw_cauchy(const draw *d, const ir_ref *a)
{
  ir_ref from = num(d, -1.570796326794896619), to = num(d, 1.570796326794896619);
  if (d->low >= 0) {
    from = f1(d, IR_ATAN, over(d, sub(d, d->low, a[0]), a[1]));
    to = f1(d, IR_ATAN, over(d, sub(d, d->high, a[0]), a[1]));
  }
  ir_ref angle = add(d, from, mul(d, d->u, sub(d, to, from)));
  return add(d, a[0], mul(d, a[1], f1(d, IR_TAN, angle)));
}

static ir_ref draw_bernoulli(const draw *d, const ir_ref *a)
{
  return f2(d, IR_LT, sub(d, num(d, 1), a[0]), d->u);
}

/* ---- gamma and counts: the graph has their quantiles, but not what cuts them ----------------- */
static bool number(const draw *d, ir_ref a, double *out)
{
  if (a < 0 || d->g->node[a].op != IR_CONST) return false;
  *out = d->g->node[a].value;
  return true;
}

/* An infinite limit may be a term, for example -(inf). */
static bool limit_number(const draw *d, ir_ref a, double *out)
{
  if (number(d, a, out)) return true;
  bool negative = a >= 0 && d->g->node[a].op == IR_NEG && number(d, d->g->node[a].a, out);
  if (negative) *out = -*out;
  return negative;
}

/* u of the cut law. p_low = P(X < low), above: P(X > .) likewise; all numbers. */
static ir_ref cut_u(const draw *d, double p_low, double p_high)
{
  if (p_high - p_low > 1e-6) /* else u' has fewer than 10 digits left */
    return add(d, num(d, p_low), mul(d, num(d, p_high - p_low), d->u));
  (void)sbml_fail(d->r, GM_EUNSUPPORTED,
                  "%.20s: limits that leave less than a millionth of the distribution", d->name);
  return IR_NONE;
}

static ir_ref cut_fail(const draw *d)
{
  (void)sbml_fail(d->r, GM_EUNSUPPORTED, "%.20s with limits: every argument must be a number",
                  d->name);
  return IR_NONE;
}

static ir_ref gamma_draw(const draw *d, ir_ref shape, ir_ref scale)
{
  ir_ref u = d->u;
  double a, s, low, high;
  if (d->low >= 0) {
    if (!number(d, shape, &a) || !number(d, scale, &s) || !limit_number(d, d->low, &low) ||
        !limit_number(d, d->high, &high))
      return cut_fail(d);
    u = cut_u(d, ir_cdf_gamma(low / s, a, NULL), ir_cdf_gamma(high / s, a, NULL));
  }
  return u < 0 ? IR_NONE : mul(d, scale, f2(d, IR_Q_GAMMA, u, shape));
}

static ir_ref draw_gamma(const draw *d, const ir_ref *a) { return gamma_draw(d, a[0], a[1]); }

static ir_ref draw_chisquare(const draw *d, const ir_ref *a)
{
  return gamma_draw(d, mul(d, num(d, 0.5), a[0]), num(d, 2));
}

static ir_ref draw_poisson(const draw *d, const ir_ref *a)
{
  ir_ref u = d->u;
  double mean, low, high;
  if (d->low >= 0) {
    if (!number(d, a[0], &mean) || !limit_number(d, d->low, &low) ||
        !limit_number(d, d->high, &high))
      return cut_fail(d);
    u = cut_u(d, ir_cdf_poisson(ceil(low) - 1, mean, NULL), ir_cdf_poisson(high, mean, NULL));
  }
  return u < 0 ? IR_NONE : f2(d, IR_Q_POISSON, u, a[0]);
}

static ir_ref draw_binomial(const draw *d, const ir_ref *a)
{
  ir_ref u = d->u;
  double n, p, low, high;
  if (d->low >= 0) {
    if (!number(d, a[0], &n) || !number(d, a[1], &p) || !limit_number(d, d->low, &low) ||
        !limit_number(d, d->high, &high))
      return cut_fail(d);
    u = cut_u(d, ir_cdf_binomial(ceil(low) - 1, n, p, NULL), ir_cdf_binomial(high, n, p, NULL));
  }
  return u < 0 ? IR_NONE : ir_make(d->g, IR_Q_BINOMIAL, u, a[0], a[1]);
}

/* ---- by name --------------------------------------------------------------------------------- */
static const struct {
  const char *name;
  int arguments;
  bool centred; /* the first argument may be left out: 0 */
  bool cut;     /* may have limits */
  ir_ref (*make)(const draw *d, const ir_ref *a);
} laws[] = {
    {"bernoulli", 1, false, false, draw_bernoulli},
    {"binomial", 2, false, true, draw_binomial},
    {"cauchy", 2, true, true, draw_cauchy},
    {"chisquare", 1, false, true, draw_chisquare},
    {"exponential", 1, false, true, draw_exponential},
    {"gamma", 2, false, true, draw_gamma},
    {"laplace", 2, true, true, draw_laplace},
    {"lognormal", 2, false, true, draw_lognormal},
    {"normal", 2, false, true, draw_normal},
    {"poisson", 1, false, true, draw_poisson},
    {"rayleigh", 1, false, true, draw_rayleigh},
    {"uniform", 2, false, false, draw_uniform},
};

ir_ref sbml_draw(sbml_reader *r, const char *name, const ir_ref *operand, int32_t count)
{
  draw d = {.r = r, .g = &r->net.graph, .name = name, .low = IR_NONE, .high = IR_NONE};
  for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
    int want = laws[i].arguments;
    if (strcmp(laws[i].name, name) != 0) continue;
    d.u = net_uniform(&r->net);
    if (laws[i].centred && count == 1) {
      const ir_ref both[2] = {ir_const(d.g, 0), operand[0]};
      return laws[i].make(&d, both);
    }
    if (laws[i].cut && count == want + 2) {
      d.low = operand[want];
      d.high = operand[want + 1];
    } else if (count != want) {
      (void)sbml_fail(r, GM_EPARSE, "a draw from %.20s with %d arguments", name, (int)count);
      return IR_NONE;
    }
    return laws[i].make(&d, operand);
  }
  (void)sbml_fail(r, GM_EUNSUPPORTED, "draws from the distribution \"%.40s\"", name);
  return IR_NONE;
}
