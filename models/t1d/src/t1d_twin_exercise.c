/* t1d_twin_exercise.c - heart rates and announced sessions of a twin, as edges of its drive. */
#include "t1d_twin_internal.h"
#include <math.h>

static const double piece_min = 5;
static const double stale_min = 15; /* an older heart rate says nothing: at rest */
/* Of an announced session without a heart rate: beats above rest of walking fast (ours: 40 % of the
 * reserve of an adult with 70 at rest and 190 at most, the lower end of moderate exercise: American
 * College of Sports Medicine, Med. Sci. Sports Exerc. 43:1334, 2011). */
static const double moderate_beats = 48;
/* A session that nobody announced is taken to go on for so long (ours: half of an hour's session).
 */
static const double goes_on_min = 30;

static gm_status follows(const t1d_twin *t, gm_ctx *ctx)
{
  if (t->o.rest_heart_rate > 0) return GM_OK;
  return gm_fail(ctx, GM_EINVAL, "twin: exercise without a heart rate at rest in its options");
}

gm_status t1d_twin_heart_rate(t1d_twin *t, gm_ctx *ctx, double t_min, double per_min)
{
  gm_status s = follows(t, ctx);
  if (s) return s;
  if (!(t_min >= t->now_min && isfinite(t_min)) ||
      !(per_min >= T1D_HEART_RATE_LEAST && per_min <= T1D_HEART_RATE_MOST))
    return gm_fail(ctx, GM_EDOMAIN, "twin: a heart rate of %g/min at %g min, expected %d to %d",
                   per_min, t_min, T1D_HEART_RATE_LEAST, T1D_HEART_RATE_MOST);
  const int32_t piece = (int32_t)fmin((t_min - t->now_min) / piece_min, TWIN_PIECES - 1);
  t->heart.sum[piece] += per_min;
  t->heart.count[piece]++;
  if (!(t_min >= t->heart.last_min)) return GM_OK;
  t->heart.last = per_min;
  t->heart.last_min = t_min;
  return GM_OK;
}

gm_status t1d_twin_exercise(t1d_twin *t, gm_ctx *ctx, double t_min, double duration_min,
                            double heart_rate)
{
  gm_status s = follows(t, ctx);
  if (s) return s;
  const bool rate =
      heart_rate == 0 || (heart_rate >= T1D_HEART_RATE_LEAST && heart_rate <= T1D_HEART_RATE_MOST);
  if (!isfinite(t_min) || !(duration_min >= 0 && duration_min <= 1440) || !rate)
    return gm_fail(ctx, GM_EDOMAIN, "twin: exercise of %g min at %g min with %g beats",
                   duration_min, t_min, heart_rate);
  t->heart.from_min = t_min;
  t->heart.to_min = t_min + duration_min;
  t->heart.rate = heart_rate > 0 ? heart_rate : t->o.rest_heart_rate + moderate_beats;
  return GM_OK;
}

static double planned(const twin_heart *h, double t_min)
{
  return t_min >= h->from_min && t_min < h->to_min ? h->rate : 0;
}

/* Of what is to come: what was read last goes on, until the announced session ends or for a while;
 * nothing read lately: what was announced. */
static double expected(const t1d_twin *t, double t_min)
{
  const twin_heart *h = &t->heart;
  if (t->now_min - h->last_min > stale_min) return planned(h, t_min);
  const bool under_way = planned(h, t->now_min) > 0;
  const double until = under_way ? h->to_min : t->now_min + goes_on_min;
  const bool moves = t1d_exercise_is(&t->exercise, h->last);
  if (moves && t_min < until) return h->last;
  return under_way ? 0 : planned(h, t_min);
}

/* Of a piece of the past: what was read in it; nothing: what was read last before it, what was
 * announced. */
static double heard(const twin_heart *h, int32_t piece, double t_min, double *value,
                    double *value_min)
{
  if (piece < TWIN_PIECES && h->count[piece] > 0) {
    *value = h->sum[piece] / h->count[piece];
    *value_min = t_min;
  }
  return t_min - *value_min <= stale_min ? *value : planned(h, t_min);
}

int32_t t1d__twin_exercise_most(const t1d_twin *t, double minutes)
{
  return t->o.rest_heart_rate > 0 ? 2 * ((int32_t)(minutes / piece_min) + 2) : 0;
}

int32_t t1d__twin_exercise_edges(const t1d_twin *t, t1d_exercise *e, double t1_min, bool ahead,
                                 double *move, double *after, int32_t room, gm_edge *edge)
{
  double value = t->heart.before, value_min = t->heart.before_min;
  int32_t count = 0;
  if (!(t->o.rest_heart_rate > 0)) return 0;
  while (e->t_min < t1_min && count + 2 <= room) {
    const double t0 = e->t_min, m0 = t1d_exercise_move(e), a0 = t1d_exercise_after(e);
    const int32_t piece = (int32_t)fmin((t0 - t->now_min) / piece_min + 0.5, TWIN_PIECES);
    const double rate = ahead ? expected(t, t0) : heard(&t->heart, piece, t0, &value, &value_min);
    t1d_exercise_go(e, fmin(t1_min, t0 + piece_min), rate);
    const double m = 0.5 * (m0 + t1d_exercise_move(e)), a = 0.5 * (a0 + t1d_exercise_after(e));
    if (m != *move) edge[count++] = (gm_edge){t0, m, t->move_row, GM_EDGE_PARAMETER};
    if (a != *after) edge[count++] = (gm_edge){t0, a, t->after_row, GM_EDGE_PARAMETER};
    *move = m;
    *after = a;
  }
  return count;
}
