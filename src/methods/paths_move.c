/* paths_move.c - copies by weight, and moves of coordinates and of the last stretches of paths. */
#include "gemel/math.h"
#include "methods/paths.h"
#include "num/linalg.h"
#include "num/resample.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

/* After each resampling: rounds of one step of the coordinates and one of the paths. */
enum { ROUNDS = 3, STRETCHES = 3 };
/* Metropolis steps of d normal coordinates mix best at 2.38/sqrt(d) of their spread (Roberts,
 * Gelman & Gilks 1997); the scale then follows what is accepted. */
static const double step_best = 2.38;

/* The first copy of a member stays what it is; the others draw anew after what is learned. */
static void lineage_copy(gm__paths *s, int32_t m, int32_t from, bool fresh)
{
  int32_t open = s->power > 0 ? s->done + 1 : s->done; /* first segment that no datum has seen */
  for (int32_t g = 0; g <= s->groups; g++) {
    uint64_t slot = s->now.slot[(ptrdiff_t)g * s->n + from];
    if (fresh && g >= open) slot = gm_hash64(slot, ((uint64_t)s->stages << 32) + (uint64_t)m);
    s->next.slot[(ptrdiff_t)g * s->n + m] = slot;
  }
}

static void lineage_swap(gm__paths *s)
{
  gm_lineage l = s->now;
  s->now = s->next;
  s->next = l;
}

static gm_status copies_make(gm__paths *s)
{
  gm_key key = s->key;
  key.v[1] = GM_PURPOSE_RESAMPLE;
  double at = gm_uniform(key, 0, 0, gm_kind_draw(1, 0), (uint64_t)s->stages);
  gm__resample(s->n, s->w, at, s->ancestor);
  size_t row = (size_t)s->d * sizeof *s->u;
  for (int32_t m = 0; m < s->n; m++) {
    int32_t a = s->ancestor[m];
    memcpy(s->u_new + (ptrdiff_t)m * s->d, s->u + (ptrdiff_t)a * s->d, row);
    s->eve_next[m] = s->eve[a];
    lineage_copy(s, m, a, m > 0 && s->ancestor[m - 1] == a);
  }
  memcpy(s->u, s->u_new, (size_t)s->n * row);
  memcpy(s->eve, s->eve_next, (size_t)s->n * sizeof *s->eve);
  lineage_swap(s);
  memset(s->log_w, 0, (size_t)s->n * sizeof *s->log_w);
  return gm__paths_predict(s, &s->now, s->u, s->f);
}

/* ln likelihood of what is learned, from group g on. */
static double learned(const gm__paths *s, const double *f, int32_t g)
{
  double sum = 0;
  for (; g < s->done; g++) sum += gm__paths_loglik(s, f, g);
  if (s->power > 0 && g == s->done) sum += s->power * gm__paths_loglik(s, f, g);
  return sum;
}

static gm_key move_key(const gm__paths *s)
{
  gm_key key = s->key;
  key.v[1] = GM_PURPOSE_MOVE;
  return key;
}

static double log_prior(const gm__paths *s, const double *u)
{
  return -0.5 * gm_la_dot(s->d, u, u);
}

/* Member m becomes its proposal when the uniform of this round lies below the ratio. */
static bool decide(gm__paths *s, int32_t m, int32_t round, int32_t kind, int32_t from)
{
  ptrdiff_t data = s->p->datum_count, d = s->d;
  double *u = s->u + m * d, *f = s->f + m * data;
  const double *u_new = s->u_new + m * d, *f_new = s->f_new + m * data;
  double gain = learned(s, f_new, from) - learned(s, f, from);
  if (kind == 0) gain += log_prior(s, u_new) - log_prior(s, u);
  uint64_t index = (uint64_t)s->stages * ROUNDS + (uint64_t)round;
  double r = gm_uniform(move_key(s), (uint64_t)m, 0, gm_kind_draw(3, (uint32_t)kind), index);
  if (!(gm_ln(r) < gain)) return false;
  memcpy(u, u_new, (size_t)d * sizeof *u);
  memcpy(f, f_new, (size_t)data * sizeof *f);
  for (int32_t g = 0; g <= s->groups; g++)
    s->now.slot[(ptrdiff_t)g * s->n + m] = s->next.slot[(ptrdiff_t)g * s->n + m];
  return true;
}

static gm_status proposals_decide(gm__paths *s, int32_t round, int32_t kind, int32_t from)
{
  gm_status st = gm__paths_predict(s, &s->next, s->u_new, s->f_new);
  int32_t accepted = 0;
  for (int32_t m = 0; m < s->n && !st; m++) accepted += decide(s, m, round, kind, from);
  s->accepted += accepted;
  s->proposed += s->n;
  double share = (double)accepted / s->n;
  if (kind == 0 && !st) s->scale *= share < 0.15 ? 0.6 : share > 0.4 ? 1.4 : 1;
  return st;
}

/* Coordinates move, the slots are held. */
static gm_status coordinates_move(gm__paths *s, int32_t round)
{
  int32_t d = s->d;
  double by = s->scale * step_best / sqrt(d);
  uint64_t index = (uint64_t)s->stages * ROUNDS + (uint64_t)round;
  for (int32_t m = 0; m < s->n; m++) {
    const double *u = s->u + (ptrdiff_t)m * d;
    double *to = s->u_new + (ptrdiff_t)m * d;
    memcpy(to, u, (size_t)d * sizeof *to);
    for (int32_t i = 0; i < d; i++) {
      double e = by * gm_normal(move_key(s), (uint64_t)m, (uint64_t)i, gm_kind_draw(1, 0), index);
      for (int32_t k = i; k < d; k++) to[k] += s->step[k * d + i] * e;
    }
  }
  memcpy(s->next.slot, s->now.slot, (size_t)(s->groups + 1) * (size_t)s->n * sizeof *s->now.slot);
  return proposals_decide(s, round, 0, 0);
}

/* The last one, two or three stretches are drawn anew. */
static gm_status paths_move(gm__paths *s, int32_t round)
{
  int32_t last = s->power > 0 ? s->done : s->done - 1;
  int32_t from = last - round % STRETCHES > 0 ? last - round % STRETCHES : 0;
  /* the top bit: no copy (lineage_copy) ever gets the slot of a proposal */
  uint64_t mark = UINT64_C(1) << 63 | ((uint64_t)s->stages * ROUNDS + (uint64_t)round) << 32;
  for (int32_t g = 0; g <= s->groups; g++)
    for (int32_t m = 0; m < s->n; m++) {
      uint64_t slot = s->now.slot[(ptrdiff_t)g * s->n + m];
      s->next.slot[(ptrdiff_t)g * s->n + m] =
          g < from ? slot : gm_hash64(s->now.slot[(ptrdiff_t)from * s->n + m], mark + (uint64_t)m);
    }
  memcpy(s->u_new, s->u, (size_t)s->n * (size_t)s->d * sizeof *s->u);
  return proposals_decide(s, round, 1, from);
}

/* Spread of the members, as a factor; where they have collapsed, a small share of the prior's. */
static gm_status step_find(gm__paths *s)
{
  int32_t d = s->d;
  gm_status st = gm_stats_covariance(s->ctx, s->n, d, s->u, NULL, s->z, s->cov);
  for (int32_t i = 0; i < d && !st; i++) s->cov[i * d + i] += 1e-8;
  return st ? st : gm_la_cholesky(s->ctx, d, s->cov, s->step);
}

gm_status gm__paths_renew(gm__paths *s)
{
  s->stages++;
  gm_status st = copies_make(s);
  if (!st && s->d) st = step_find(s);
  for (int32_t i = 0; i < ROUNDS && !st; i++) {
    if (s->d) st = coordinates_move(s, i);
    if (!st && !s->p->certain) st = paths_move(s, i);
  }
  return st;
}
