/* choose_better.c - probability that one option does better, and what coupling can make of it.
 * Ties are counted half: P(A > B) + P(A = B)/2. The most that any coupling of two laws can make of
 * it is a transport of mass that a greedy rule solves (by an exchange argument): let the worst of A
 * win against the worst of B where it can, else the best against the best, else give the worst of A
 * to the best of B. Without ties it is 1 - sup_x (F_A(x) - F_B(x))^+ (V. Strassen, Ann. Math. Stat.
 * 36:423, 1965, theorem 11; for the law of a difference G. D. Makarov, Theory Probab. Appl. 26:803,
 * 1981). The least is 1 less the same with A and B exchanged. */
#include "methods/choose_internal.h"
#include "methods/compare.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

/* Two weighted samples, each sorted with weights of one sum. */
typedef struct {
  int32_t n;
  double *a, *wa, *b, *wb;
  double *left; /* [2][n] scratch */
} duel;

/* Independent P(A > B) with half the ties, times the square of the sum of weights. */
static double wins_of(const duel *d)
{
  double fb = 0, wins = 0;
  for (int32_t i = 0, j = 0; i < d->n;) {
    double x = j < d->n ? fmin(d->a[i], d->b[j]) : d->a[i], pa = 0, pb = 0;
    for (; i < d->n && gm__gain_of(d->a[i], x) == 0; i++) pa += d->wa[i];
    for (; j < d->n && gm__gain_of(d->b[j], x) == 0; j++) pb += d->wb[j];
    wins += pa * (fb + 0.5 * pb);
    fb += pb;
  }
  return wins;
}

/* What is left of one sample: places low..high have mass. */
typedef struct {
  const double *x;
  double *left;
  int32_t low, high;
} team;

static team team_of(int32_t n, const double *x, const double *weight, double *left)
{
  memcpy(left, weight, (size_t)n * sizeof *left);
  return (team){x, left, 0, n - 1};
}

static void spend(team *t, int32_t at, double mass)
{
  t->left[at] -= mass;
  while (t->low <= t->high && t->left[t->low] <= 0) t->low++;
  while (t->low <= t->high && t->left[t->high] <= 0) t->high--;
}

/* The most that couplings can make of P(A > B) with half the ties, times the sum of weights;
 * exchanged: of P(B > A). */
static double most_wins(const duel *d, bool exchanged)
{
  team a = team_of(d->n, d->a, d->wa, d->left), b = team_of(d->n, d->b, d->wb, d->left + d->n);
  team *own = exchanged ? &b : &a, *other = exchanged ? &a : &b;
  double sum = 0;
  while (own->low <= own->high && other->low <= other->high) {
    bool worst = gm__gain_of(own->x[own->low], other->x[other->low]) > 0;
    bool best = !worst && gm__gain_of(own->x[own->high], other->x[other->high]) > 0;
    int32_t i = best ? own->high : own->low, j = worst ? other->low : other->high;
    double mass = fmin(own->left[i], other->left[j]);
    bool tie = gm__gain_of(own->x[i], other->x[j]) == 0;
    sum += mass * (worst || best ? 1 : tie ? 0.5 : 0);
    spend(own, i, mass);
    spend(other, j, mass);
  }
  return sum;
}

/* 1 for a gain, 0 for a loss, a tie is half. */
static double sign_of(double a, double b)
{
  double gain = gm__gain_of(a, b);
  return gain > 0 ? 1 : gain < 0 ? 0 : 0.5;
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
  duel d = {.a = block, .left = block + 4 * (ptrdiff_t)room};
  d.wa = d.a + room;
  d.b = d.wa + room;
  d.wb = d.b + room;
  d.n = fill(g, o, from, to, d.a, d.wa);
  fill(g, g->base, from, to, d.b, d.wb);
  gm_status s = gm_stats_sort(ctx, d.n, d.a, d.wa);
  if (!s) s = gm_stats_sort(ctx, d.n, d.b, d.wb);
  if (!s) *out = d;
  return s;
}

static gm_status by_member(gm_ctx *ctx, const gm__gains *g, int32_t o, double *block, gm__better *r)
{
  double least = 0, most = 0, wins = 0;
  for (int32_t m = 0; m < g->c->member_count; m++) {
    duel d = {0};
    double w = g->weight[m];
    g->work[m] = 0.5;
    if (!(w > 0)) continue;
    gm_status s = duel_of(ctx, g, o, m, m + 1, block, &d);
    if (s) return s;
    double own = wins_of(&d) / w; /* weights of one member sum to w on both sides */
    wins += own;
    least += w - most_wins(&d, true);
    most += most_wins(&d, false);
    g->work[m] = g->c->coupled ? paired(g->c, o, g->base, m) : own / w;
  }
  r->independent = fmin(1, wins);
  r->better = fmin(1, fmax(0, gm__gains_mean(g, g->work, &r->better_error)));
  bool split = g->c->replicate_count > 1;
  r->within_low = split ? fmax(0, least) : NAN;
  r->within_high = split ? fmin(1, most) : NAN;
  return GM_OK;
}

gm_status gm__better_of(gm_ctx *ctx, const gm__gains *g, int32_t o, gm__better *out)
{
  gm__better r = {0};
  duel all;
  ptrdiff_t room = (ptrdiff_t)g->c->member_count * g->c->replicate_count;
  if (room > INT32_MAX / 6)
    return gm_fail(ctx, GM_ERANGE, "%td values of one option are too many", room);
  double *block = gm_alloc(ctx, 6 * room, sizeof *block);
  if (!block) return gm_fail(ctx, GM_ENOMEM, "comparison of %td values", room);
  gm_status s = duel_of(ctx, g, o, 0, g->c->member_count, block, &all);
  double low = s ? 0 : 1 - most_wins(&all, true), high = s ? 0 : most_wins(&all, false);
  if (!s) s = by_member(ctx, g, o, block, &r);
  gm_free(block);
  if (s) return s;
  r.low = fmax(0, low);
  r.high = fmin(1, high);
  *out = r;
  return GM_OK;
}
