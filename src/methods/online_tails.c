/* online_tails.c - quantiles of scaled residuals, kept at their probabilities by feedback.
 * Each probability p has trackers theta of several gains: theta += gain (p - [r <= Q(theta)]), Q
 * the quantiles of the last residuals (Gibbs & Candes, NeurIPS 2021, eq. 2, for one tail). Trackers
 * are averaged with weights from their pinball losses (DtACI: Gibbs & Candes, J. Mach. Learn. Res.
 * 25:162, 2024, algorithm 1, eta from the losses as in their section 4, by a fading mean). */
#include "gemel/math.h"
#include "methods/online_internal.h"
#include <math.h>
#include <string.h>

enum { PSEUDO = 40, ADOPTED = 100, MEMORY = 500 };

ptrdiff_t gm__tails_room(int32_t window, int32_t probs, int32_t gains)
{
  return 2 * (ptrdiff_t)window + 2 + 2 * (ptrdiff_t)probs * gains + probs;
}

void gm__tails_place(gm__tails *s, double *room)
{
  ptrdiff_t each = (ptrdiff_t)s->probs * s->gains;
  s->count = room;
  s->head = room + 1;
  s->ring = room + 2;
  s->sorted = s->ring + s->window;
  s->level = s->sorted + s->window;
  s->weight = s->level + each;
  s->loss = s->weight + each;
}

/* Trackers at their probabilities, none better than another. */
static void start_trackers(gm__tails *s)
{
  for (int32_t i = 0; i < s->probs; i++) {
    double p = s->prob[i];
    /* mean square of the loss of a uniform rank at the right threshold */
    s->loss[i] = p * p * (1 - p) * (1 - p) / 3;
    for (int32_t k = 0; k < s->gains; k++) {
      s->level[(ptrdiff_t)i * s->gains + k] = p;
      s->weight[(ptrdiff_t)i * s->gains + k] = 1.0 / s->gains;
    }
  }
}

/* Before there are residuals: normal ones whose mean absolute value is 1. */
void gm__tails_start(gm__tails *s)
{
  static const double per_sd = 1.2533141373155003; /* sqrt(pi / 2) */
  for (int32_t i = 0; i < PSEUDO; i++)
    s->ring[i] = s->sorted[i] = per_sd * gm_norm_quantile((i + 0.5) / PSEUDO);
  *s->count = *s->head = PSEUDO;
  start_trackers(s);
}

/* Beyond the outermost residuals it goes on in a straight line, 20 times the middle half's width
 * for a probability of 1: where the feedback asks for more than was ever seen, it gets it. */
static double quantile(const gm__tails *s, double p)
{
  int32_t n = (int32_t)*s->count;
  double at = p * (n + 1) - 1, top = n - 1;
  double width = s->sorted[3 * n / 4] - s->sorted[n / 4], slope = 20 * width / (n + 1);
  if (at <= 0) return s->sorted[0] + at * slope;
  if (at >= top) return s->sorted[n - 1] + (at - top) * slope;
  int32_t i = (int32_t)at;
  return s->sorted[i] + (at - i) * (s->sorted[i + 1] - s->sorted[i]);
}

void gm__tails_adopt(gm__tails *s, const gm__tails *from)
{
  for (int32_t i = 0; i < ADOPTED; i++)
    s->ring[i] = s->sorted[i] = quantile(from, (i + 0.5) / ADOPTED);
  *s->count = *s->head = ADOPTED;
  start_trackers(s);
}

void gm__tails_say(const gm__tails *s, double *q, double *each_q, double *each_level)
{
  for (int32_t i = 0; i < s->probs; i++) {
    ptrdiff_t row = (ptrdiff_t)i * s->gains;
    double level = 0;
    for (int32_t k = 0; k < s->gains; k++) {
      each_level[row + k] = s->level[row + k];
      each_q[row + k] = quantile(s, s->level[row + k]);
      level += s->weight[row + k] * s->level[row + k];
    }
    q[i] = quantile(s, level);
  }
}

/* How many of sorted[n] are below r. */
static int32_t below(int32_t n, const double *sorted, double r)
{
  int32_t low = 0, high = n;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (sorted[middle] < r)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void keep(gm__tails *s, double r)
{
  int32_t n = (int32_t)*s->count, head = (int32_t)*s->head % s->window;
  if (n == s->window) {
    int32_t old = below(n, s->sorted, s->ring[head]);
    if (old >= n) old = n - 1; /* not in an honest state */
    memmove(s->sorted + old, s->sorted + old + 1, (size_t)(n - 1 - old) * sizeof *s->sorted);
    n--;
  }
  int32_t place = below(n, s->sorted, r);
  memmove(s->sorted + place + 1, s->sorted + place, (size_t)(n - place) * sizeof *s->sorted);
  s->sorted[place] = r;
  s->ring[head] = r;
  *s->count = n + 1;
  *s->head = head + 1;
}

/* Weights of one probability's trackers by their losses at the rank of the newest residual. */
static void weigh(gm__tails *s, int32_t i, double rank, double share_of, const double *said)
{
  double *w = s->weight + (ptrdiff_t)i * s->gains, loss[GM_ONLINE_GAINS], square = 0, sum = 0;
  double least = INFINITY, share = 1.0 / (2 * MEMORY), p = s->prob[i];
  double eta = sqrt((gm_ln(2.0 * s->gains * MEMORY) + 1) / (MEMORY * s->loss[i]));
  for (int32_t k = 0; k < s->gains; k++) {
    double off = rank - said[k];
    loss[k] = p * off - fmin(0, off);
    square += w[k] * loss[k] * loss[k];
    least = fmin(least, loss[k]);
  }
  for (int32_t k = 0; k < s->gains; k++) sum += w[k] *= gm_exp(-eta * share_of * (loss[k] - least));
  for (int32_t k = 0; k < s->gains; k++) w[k] = (1 - share) * w[k] / sum + share / s->gains;
  s->loss[i] += (square - s->loss[i]) / MEMORY;
}

void gm__tails_learn(gm__tails *s, double r, double share, const double *each_q,
                     const double *each_level)
{
  int32_t n = (int32_t)*s->count;
  double rank = (below(n, s->sorted, r) + 0.5) / (n + 1);
  for (int32_t i = 0; i < s->probs; i++) {
    ptrdiff_t row = (ptrdiff_t)i * s->gains;
    if (s->gains > 1) weigh(s, i, rank, share, each_level + row);
    for (int32_t k = 0; k < s->gains; k++)
      s->level[row + k] += share * s->gain[k] * (s->prob[i] - (r <= each_q[row + k]));
  }
  keep(s, r);
}
