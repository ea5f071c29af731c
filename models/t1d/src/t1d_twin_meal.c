/* t1d_twin_meal.c - the last hour run again: with meals that nobody told, of some times and sizes,
 * of which one is kept where it explains the readings better than none does; and with what is told
 * late. */
#include "t1d_twin_internal.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

enum { SIZES = 3, ONSETS = 4 };
/* A snack, a small and a large meal; onsets that a rise of 10 to 60 min lets be told apart. */
static const double size_g[SIZES] = {20, 45, 80};
static const double onset_min[ONSETS] = {15, 25, 40, 60};
/* ln of the prior odds of a meal in the hour looked at: e^-1 = 0.37 (three meals and as many snacks
 * in sixteen waking hours), shared by the sizes; a meal is taken from posterior odds of e on. Ours:
 * the prior belongs to a look that was called for by unexplained glucose, and the onsets are not
 * shared out since they overlap. */
static const double odds = -1.0, odds_least = 1.0;
/* Who told a meal in the last day leaves out one in ten (ours). */
static const double odds_teller = -1.0 - 2.3, teller_min = 1440;
/* Behind a meal that is known, a rise is that meal's for so long. */
static const double apart_min = 20;

/* Empty, and of good hope again after a failure. */
static void text_clear(gm_text *text)
{
  text->bytes = 0;
  text->status = GM_OK;
}

gm_status t1d__twin_remember(t1d_twin *t, gm_ctx *ctx, double cgm_mgdl, double loglik)
{
  twin_past *p = &t->past[t->past_next];
  text_clear(&p->belief);
  gm_status s = gm_filter_save(t->filter, ctx, &p->belief);
  if (s) return s;
  p->t_min = t->now_min;
  p->cgm_mgdl = cgm_mgdl;
  p->loglik = loglik;
  p->dropped = t->edges_dropped;
  t->past_next = (t->past_next + 1) % TWIN_BACK;
  if (t->past_count < TWIN_BACK) t->past_count++;
  return GM_OK;
}

void t1d__twin_forget(t1d_twin *t) { t->past_count = t->past_next = 0; }

/* The i-th newest; 0 is the present. */
static twin_past *past_at(t1d_twin *t, int32_t i)
{
  return &t->past[(t->past_next - 1 - i + 2 * TWIN_BACK) % TWIN_BACK];
}

static gm_status load(t1d_twin *t, gm_ctx *ctx, const twin_past *p)
{
  gm_status s = gm_filter_load(t->filter, ctx, p->belief.data, p->belief.bytes);
  if (!s) gm_filter_edges_dropped(t->filter, (int32_t)(t->edges_dropped - p->dropped));
  return s;
}

/* The readings behind the past moment `from` again; their log-likelihood. */
static gm_status replay(t1d_twin *t, gm_ctx *ctx, int32_t from, bool keep, double *loglik)
{
  gm_status s = load(t, ctx, past_at(t, from));
  *loglik = 0;
  for (int32_t i = from - 1; i >= 0 && !s; i--) {
    twin_past *p = past_at(t, i);
    gm_reading r = {.t = p->t_min, .value = p->cgm_mgdl};
    gm_filter_news n = {0};
    s = gm_filter_step(t->filter, ctx, p->t_min, &r, !isnan(p->cgm_mgdl), &n);
    *loglik += n.log_predictive;
    if (!s && keep) {
      text_clear(&p->belief);
      s = gm_filter_save(t->filter, ctx, &p->belief);
      p->loglik = n.log_predictive;
      p->dropped = t->edges_dropped;
    }
  }
  return s;
}

/* The meal's two edges: it is on the plate and eaten at once, and a meal begins. */
static gm_status eat(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g)
{
  gm_status s = t1d__twin_edge(t, ctx, (gm_edge){t_min, 0, t->rest_port, GM_EDGE_REPLACE});
  if (!s)
    s = t1d__twin_edge(t, ctx, (gm_edge){t_min, 1000 * carbs_g, t->stomach_port, GM_EDGE_BOLUS});
  return s;
}

/* The edges of the last hour or so, which a hypothesis may be put between. */
typedef struct {
  gm_edge *edge;
  int32_t from, count; /* from: in the twin's; count: all of the twin's */
} kept_edges;

static gm_status keep(t1d_twin *t, gm_ctx *ctx, kept_edges *k)
{
  *k = (kept_edges){.from = t->edge_count, .count = t->edge_count};
  const double oldest = t->now_min - onset_min[ONSETS - 1];
  while (k->from > t->edge_first && t->edge[k->from - 1].t >= oldest) k->from--;
  const int32_t n = k->count - k->from;
  k->edge = gm_alloc(ctx, n + 1, sizeof *k->edge);
  if (!k->edge) return gm_fail(ctx, GM_ENOMEM, "twin");
  if (n) memcpy(k->edge, t->edge + k->from, (size_t)n * sizeof *k->edge);
  return GM_OK;
}

static void restore(t1d_twin *t, const kept_edges *k)
{
  const int32_t n = k->count - k->from;
  if (n) memcpy(t->edge + k->from, k->edge, (size_t)n * sizeof *k->edge);
  t->edge_count = k->count;
  t1d__twin_drive_set(t);
}

/* The past moment at or before t_min; -1: none that old. */
static int32_t moment_before(t1d_twin *t, double t_min)
{
  for (int32_t i = 0; i < t->past_count; i++)
    if (past_at(t, i)->t_min <= t_min) return i;
  return -1;
}

static double none_loglik(t1d_twin *t, int32_t from)
{
  double sum = 0;
  for (int32_t i = 0; i < from; i++) sum += past_at(t, i)->loglik;
  return sum;
}

typedef struct {
  double gain, onset, carbs_g;
  int32_t from;
} best_meal;

static gm_status try_all(t1d_twin *t, gm_ctx *ctx, const kept_edges *saved, double prior,
                         best_meal *best)
{
  gm_status s = GM_OK;
  for (int32_t o = 0; o < ONSETS && !s; o++) {
    double begin = t->now_min - onset_min[o], loglik;
    int32_t from = moment_before(t, begin);
    if (from < 1 || begin < t->meal_min + apart_min) continue;
    for (int32_t i = 0; i < SIZES && !s; i++) {
      s = eat(t, ctx, begin, size_g[i]);
      if (!s) s = replay(t, ctx, from, false, &loglik);
      if (s == GM_ENUMERIC) s = GM_OK, loglik = -INFINITY;
      restore(t, saved);
      double gain = loglik - none_loglik(t, from) + prior - gm_ln((double)SIZES);
      if (!s && gain > best->gain) *best = (best_meal){gain, begin, size_g[i], from};
    }
  }
  return s;
}

/* ln of the prior odds; the last meal that was told and has begun. */
static double prior_of(t1d_twin *t)
{
  double last = -INFINITY;
  for (int32_t i = 0; i < TWIN_TOLD; i++)
    if (t->told_min[i] <= t->now_min) last = fmax(last, t->told_min[i]);
  t->meal_min = fmax(t->meal_min, last);
  return t->now_min - last < teller_min ? odds_teller : odds;
}

/* Room for the two edges of a hypothesis: so that edges do not move while they are tried. */
static gm_status edges_room(t1d_twin *t, gm_ctx *ctx)
{
  const gm_edge none = {t->now_min, 0, t->rest_port, GM_EDGE_BOLUS};
  gm_status s = t1d__twin_edge(t, ctx, none);
  if (!s) s = t1d__twin_edge(t, ctx, none);
  if (!s) t->edge_count -= 2;
  t1d__twin_drive_set(t);
  return s;
}

gm_status t1d__twin_look_back(t1d_twin *t, gm_ctx *ctx, double *meal_g)
{
  best_meal best = {.gain = odds_least};
  kept_edges saved = {0};
  if (t->past_count < 4) return GM_OK;
  const double prior = prior_of(t);
  gm_status s = edges_room(t, ctx);
  if (!s) s = keep(t, ctx, &saved);
  if (!s) s = try_all(t, ctx, &saved, prior, &best);
  if (s && saved.edge) { /* back from the hypothesis */
    gm_status back = load(t, ctx, past_at(t, 0));
    gm_free(saved.edge);
    return back ? back : s;
  }
  double loglik;
  if (!s && best.carbs_g > 0) {
    s = eat(t, ctx, best.onset, best.carbs_g);
    if (!s) s = replay(t, ctx, best.from, true, &loglik);
    t->meal_min = t->found_min = best.onset;
    t->found_g = *meal_g = best.carbs_g;
  } else if (!s) {
    s = load(t, ctx, past_at(t, 0));
  }
  gm_free(saved.edge);
  return s;
}

/* ---- told late ------------------------------------------------------------------------------- */
static const double late_min = 60;

static gm_status too_late(t1d_twin *t, gm_ctx *ctx, double t_min)
{
  return gm_fail(ctx, GM_EDOMAIN,
                 "twin: told at %g min of what was at %g, expected at most %g later", t->now_min,
                 t_min, late_min);
}

/* The meal that was found was never eaten. */
static void found_forget(t1d_twin *t)
{
  int32_t to = t->edge_first;
  for (int32_t i = t->edge_first; i < t->edge_count; i++) {
    const gm_edge *e = &t->edge[i];
    const bool of_it =
        e->t == t->found_min && (e->port == t->rest_port || e->port == t->stomach_port);
    if (!of_it) t->edge[to++] = *e;
  }
  t->edge_count = to;
  t->found_min = -INFINITY;
  t1d__twin_drive_set(t);
}

/* The past moment to go back to for something of t_min; where none is so old, the oldest, and what
 * was then counts as if it was at that moment. */
static int32_t moment_for(t1d_twin *t, double *t_min)
{
  int32_t from = moment_before(t, *t_min);
  if (from >= 0) return from;
  from = t->past_count - 1;
  *t_min = from >= 0 ? past_at(t, from)->t_min : t->now_min;
  return from;
}

gm_status t1d__twin_told_late(t1d_twin *t, gm_ctx *ctx, gm_edge e)
{
  double loglik;
  if (!(e.t >= t->now_min - late_min)) return too_late(t, ctx, e.t);
  const int32_t from = moment_for(t, &e.t);
  gm_status s = t1d__twin_edge(t, ctx, e);
  if (!s && from < 0) return GM_OK;
  return s ? s : replay(t, ctx, from, true, &loglik);
}

gm_status t1d__twin_told_meal(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g, bool *done)
{
  const bool late = t_min < t->now_min;
  bool found = fabs(t_min - t->found_min) <= late_min;
  int32_t from = moment_before(t, found ? fmin(t_min, t->found_min) : t_min);
  double loglik;
  *done = late;
  if (late && t_min < t->now_min - late_min) return too_late(t, ctx, t_min);
  if (from < 0) found = false; /* what was found lies too far back: it stays */
  if (!late && !found) return GM_OK;
  if (from < 0) from = moment_for(t, &t_min);
  if (found) found_forget(t);
  gm_status s = late ? eat(t, ctx, t_min, carbs_g) : GM_OK;
  return s || from < 0 ? s : replay(t, ctx, from, true, &loglik);
}
