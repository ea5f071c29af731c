/* law.c - times drawn from a law, and what is left of a time given how long it has run. */
#include "gemel/math.h"
#include "kinds/queue/run.h"
#include <math.h>

enum { ATTEMPTS_MAX = 100000 };

static double exponential(const queue_meaning *q)
{
  return gm_exponential(q->key, q->slot, q->entity, q->kind_draw, q->index);
}

static double uniform(const queue_meaning *q)
{
  return gm_uniform(q->key, q->slot, q->entity, q->kind_draw, q->index);
}

double gm__queue_draw(gm_queue_law_kind kind, double a, double b, const queue_meaning *q)
{
  if (gm__queue_law_wrong(kind, a, b)) return NAN;
  switch (kind) {
  case GM_QUEUE_NO_LAW: break;
  case GM_QUEUE_FIXED: return a;
  case GM_QUEUE_EXPONENTIAL: return a * exponential(q);
  case GM_QUEUE_GAMMA:
    return a / b * gm_gamma(q->key, q->slot, q->entity, q->kind_draw, q->index, b);
  case GM_QUEUE_LOGNORMAL:
    return a * gm_exp(b * gm_normal(q->key, q->slot, q->entity, q->kind_draw, q->index));
  case GM_QUEUE_WEIBULL: return a * gm_pow(exponential(q), 1 / b);
  case GM_QUEUE_UNIFORM: return a + (b - a) * uniform(q);
  }
  return INFINITY;
}

/* ---- given how long it has run --------------------------------------------------------------- */
/* A gamma variate with scale 1 above c, by rejection. Far out: from a shifted exponential of the
 * best rate (Dagpunar, J. Statist. Comput. Simul. 7:59, 1978; Philippe, Stat. Comput. 7:173, 1997);
 * otherwise by drawing until one is above. Every attempt has an index of its own. */
static double gamma_above(double shape, double c, const queue_meaning *q)
{
  bool plain = c < shape;
  double d = c - shape;
  double rate = shape > 1 ? (d + gm_sqrt(d * d + 4 * c)) / (2 * c) : 1;
  double top = shape > 1 && rate < 1 ? (shape - 1) / (1 - rate) : c;
  if (top < c) top = c;
  queue_meaning mine = *q;
  mine.entity = gm_hash64(q->entity, q->index);
  for (int32_t i = 0; i < ATTEMPTS_MAX; i++) {
    mine.index = (uint64_t)i;
    if (plain) {
      double x = gm_gamma(mine.key, mine.slot, mine.entity, mine.kind_draw, mine.index, shape);
      if (x > c) return x;
      continue;
    }
    double u[4];
    gm_uniform4(mine.key, mine.slot, mine.entity, mine.kind_draw, mine.index, u);
    double x = c - gm_ln(u[0]) / rate;
    if (gm_ln(u[1]) <= (shape - 1) * gm_ln(x / top) - (1 - rate) * (x - top)) return x;
  }
  return c;
}

/* ln of a lognormal time in units of its sd, above z: upper tail of the normal law. Beyond 37 the
 * tail is exponential with rate z to within 1/z^2. */
static double normal_above(double z, double u)
{
  if (z > 37) return z - gm_ln(u) / z;
  return -gm_norm_quantile(u * gm_norm_cdf(-z));
}

double gm__queue_residual(gm_queue_law_kind kind, double a, double b, double elapsed,
                          const queue_meaning *q)
{
  double all = elapsed;
  if (gm__queue_law_wrong(kind, a, b) || !(elapsed >= 0 && elapsed < INFINITY)) return NAN;
  if (elapsed == 0) return gm__queue_draw(kind, a, b, q);
  switch (kind) {
  case GM_QUEUE_NO_LAW: return INFINITY;
  case GM_QUEUE_FIXED: all = a; break;
  case GM_QUEUE_EXPONENTIAL: return a * exponential(q);
  case GM_QUEUE_GAMMA: all = a > 0 ? a / b * gamma_above(b, elapsed * b / a, q) : 0; break;
  case GM_QUEUE_LOGNORMAL:
    if (a > 0 && b > 0)
      all = a * gm_exp(b * normal_above(gm_ln(elapsed / a) / b, uniform(q)));
    else
      all = a;
    break;
  case GM_QUEUE_WEIBULL:
    if (a > 0) all = a * gm_pow(gm_pow(elapsed / a, b) + exponential(q), 1 / b);
    break;
  case GM_QUEUE_UNIFORM: {
    double from = elapsed > a ? elapsed : a;
    if (from < b) all = from + (b - from) * uniform(q);
    break;
  }
  }
  return all > elapsed ? all - elapsed : 0;
}
