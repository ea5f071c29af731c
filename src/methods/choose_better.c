/* choose_better.c - probability that one option does better, and what coupling can make of it.
 * Over all couplings of two laws the least possible P(A > B) is sup_x (F_B(x) - F_A(x))^+
 * (V. Strassen, Ann. Math. Stat. 36:423, 1965, theorem 11; for the law of a difference G. D.
 * Makarov, Theory Probab. Appl. 26:803, 1981). So with ties counted half, P(A > B) + P(A = B)/2
 * lies between that and 1 - sup_x (F_A(x) - F_B(x))^+. */
#include "methods/choose_internal.h"
#include "num/stats.h"
#include <math.h>

/* Two weighted samples, each sorted with weights of one sum: independent P(A > B) with half the
 * ties, and the two suprema. */
typedef struct {
  double wins, least_more, least_less;
} duel;

static duel meet(int32_t n, const double *a, const double *wa, const double *b, const double *wb)
{
  duel d = {0};
  double fa = 0, fb = 0;
  for (int32_t i = 0, j = 0; i < n || j < n;) {
    double x = j == n || (i < n && a[i] <= b[j]) ? a[i] : b[j], pa = 0, pb = 0;
    for (; i < n && a[i] == x; i++) pa += wa[i];
    for (; j < n && b[j] == x; j++) pb += wb[j];
    d.wins += pa * (fb + 0.5 * pb);
    fa += pa;
    fb += pb;
    d.least_more = fmax(d.least_more, fb - fa);
    d.least_less = fmax(d.least_less, fa - fb);
  }
  return d;
}

/* Differences below rounding of the values count as none (as in compare.c). */
static double sign_of(double a, double b)
{
  double d = a - b;
  if (fabs(d) <= 1e-12 * fmax(1, fmax(fabs(a), fabs(b)))) return 0.5;
  return d > 0;
}

static double paired(const gm_choice *c, int32_t o, int32_t base, int32_t m)
{
  double sum = 0;
  for (int32_t r = 0; r < c->replicate_count; r++)
    sum += sign_of(gm__choice_value(c, o, m, r), gm__choice_value(c, base, m, r));
  return sum / c->replicate_count;
}

/* All values of option o: x and weights, members' replicates side by side; returns how many. */
static int32_t fill(const gm__gains *g, int32_t o, int32_t from, int32_t to, double *x, double *w)
{
  int32_t k = 0, r_count = g->c->replicate_count;
  for (int32_t m = from; m < to; m++)
    for (int32_t r = 0; r < r_count && g->weight[m] > 0; r++, k++) {
      x[k] = gm__choice_value(g->c, o, m, r);
      w[k] = g->weight[m] / r_count;
    }
  return k;
}

static gm_status duel_of(gm_ctx *ctx, const gm__gains *g, int32_t o, int32_t from, int32_t to,
                         double *block, duel *out)
{
  int32_t room = g->c->member_count * g->c->replicate_count;
  double *a = block, *wa = a + room, *b = wa + room, *wb = b + room;
  int32_t n = fill(g, o, from, to, a, wa);
  fill(g, g->base, from, to, b, wb);
  gm_status s = gm_stats_sort(ctx, n, a, wa);
  if (!s) s = gm_stats_sort(ctx, n, b, wb);
  if (!s) *out = meet(n, a, wa, b, wb);
  return s;
}

static gm_status by_member(gm_ctx *ctx, const gm__gains *g, int32_t o, double *block, gm__better *r)
{
  double more = 0, less = 0, wins = 0;
  for (int32_t m = 0; m < g->c->member_count; m++) {
    duel d = {0};
    double w = g->weight[m];
    g->work[m] = 0.5;
    if (!(w > 0)) continue;
    gm_status s = duel_of(ctx, g, o, m, m + 1, block, &d);
    if (s) return s;
    wins += d.wins / w; /* weights of one member sum to w on both sides */
    more += d.least_more;
    less += d.least_less;
    g->work[m] = g->c->coupled ? paired(g->c, o, g->base, m) : d.wins / (w * w);
  }
  r->independent = fmin(1, wins);
  r->better = fmin(1, fmax(0, gm__gains_mean(g, g->work, &r->better_error)));
  bool split = g->c->replicate_count > 1;
  r->within_low = split ? more : NAN;
  r->within_high = split ? 1 - less : NAN;
  return GM_OK;
}

gm_status gm__better_of(gm_ctx *ctx, const gm__gains *g, int32_t o, gm__better *out)
{
  gm__better r = {0};
  duel all;
  ptrdiff_t room = (ptrdiff_t)g->c->member_count * g->c->replicate_count;
  if (room > INT32_MAX / 4)
    return gm_fail(ctx, GM_ERANGE, "%td values of one option are too many", room);
  double *block = gm_alloc(ctx, 4 * room, sizeof *block);
  if (!block) return gm_fail(ctx, GM_ENOMEM, "comparison of %td values", room);
  gm_status s = duel_of(ctx, g, o, 0, g->c->member_count, block, &all);
  if (!s) s = by_member(ctx, g, o, block, &r);
  gm_free(block);
  if (s) return s;
  r.low = fmin(1, all.least_more);
  r.high = fmax(0, 1 - all.least_less);
  *out = r;
  return GM_OK;
}
