/* mode_climb.c - trust-region search, then Newton steps with difference derivatives in coordinates
 * where the curvature is one (Boyd & Vandenberghe, Convex Optimization, 2004, 9.5, for the
 * decrement). A stationary point that is no minimum is left along its steepest descent. */
#include "methods/mode_climb.h"
#include "methods/mode_curvature.h"
#include "num/linalg.h"
#include "num/optimise.h"
#include <math.h>
#include <string.h>

enum { NEWTON_MAX = 15, ESCAPES_MAX = 4, TRIALS = 6 };

/* Below this many posterior standard deviations values differ by less than 5e-7: a step is judged
 * by the next gradient alone, and a search that gets no nearer has ended well. */
static const double decrement_small = 1e-3;
/* The Hessian is measured anew after a move of this many standard deviations. */
static const double hessian_reach = 1e-4;

typedef struct {
  gm__posterior *q;
  gm__climb *c;
  gm__local local;
  double *gauss;                  /* [d*d] K of the local coordinates             */
  double *hv;                     /* [d*d] Hessian there, mended if not positive  */
  double *fv;                     /* [d*d] its lower factor                       */
  double *g, *step, *best, *down; /* [d]; down: direction of negative curvature */
  double *block;
  bool have_gauss; /* K is of the Gauss-Newton matrix, not of I */
  bool have_exact; /* hv is measured, not I                     */
  bool indefinite; /* the measured one was not positive         */
  double decrement;
} polish;

gm_status gm__climb_open(gm_ctx *ctx, int32_t d, gm__climb *c)
{
  double *block = gm_alloc(ctx, (ptrdiff_t)d * (d + 1), sizeof *block);
  if (!block) return gm_fail(ctx, GM_ENOMEM, "climb in %d coordinates", (int)d);
  *c = (gm__climb){.u = block, .hessian = block + d, .block = block};
  return GM_OK;
}

void gm__climb_close(gm__climb *c) { gm_free(c->block); }

static void identity(int32_t d, double *a)
{
  memset(a, 0, (size_t)d * (size_t)d * sizeof *a);
  for (int32_t i = 0; i < d; i++) a[(ptrdiff_t)i * (d + 1)] = 1;
}

static gm_status polish_open(gm__posterior *q, gm__climb *c, polish *w)
{
  ptrdiff_t d = q->d;
  double *p = gm_alloc(q->ctx, 3 * d * d + 4 * d, sizeof *p);
  if (!p) return gm_fail(q->ctx, GM_ENOMEM, "polishing of a mode");
  *w = (polish){.q = q, .c = c, .gauss = p, .hv = p + d * d, .fv = p + 2 * d * d, .block = p};
  w->g = p + 3 * d * d;
  w->step = w->g + d;
  w->best = w->step + d;
  w->down = w->best + d;
  w->local = (gm__local){.q = q, .u = c->u, .k = w->gauss};
  return GM_OK;
}

static void polish_close(polish *w)
{
  gm__local_close(&w->local);
  gm_free(w->block);
}

/* Local coordinates from the Gauss-Newton matrix, or u itself where that cannot be had. */
static gm_status coordinates_set(polish *w)
{
  gm_status s = gm__mode_slopes(w->q, w->c->u, w->g, w->gauss);
  if (s && !gm__posterior_soft(w->q, s)) return s;
  w->have_gauss = !s && gm__la_cholesky(w->q->d, w->gauss, w->gauss) == 0;
  if (!w->have_gauss) identity(w->q->d, w->gauss);
  return GM_OK;
}

/* Keeps the direction of the lowest eigenvalue and lifts the low ones. */
static gm_status mend(polish *w)
{
  int32_t d = w->q->d;
  bool repaired;
  double *value = gm_alloc(w->q->ctx, (ptrdiff_t)d * (d + 1), sizeof *value);
  if (!value) return gm_fail(w->q->ctx, GM_ENOMEM, "curvature at the mode");
  gm_status s = gm_la_eigen(w->q->ctx, d, w->hv, value, value + d);
  for (int32_t i = 0; i < d && !s; i++) w->down[i] = value[d + (ptrdiff_t)i * d];
  gm_free(value);
  if (!s) s = gm_la_pd_repair(w->q->ctx, d, w->hv, 0.05, w->hv, &repaired);
  return s == GM_ENOMEM ? s : GM_OK; /* what cannot be mended has no factor: see hessian_set */
}

static gm_status hessian_set(polish *w)
{
  int32_t d = w->q->d;
  gm_status s = gm__local_hessian(&w->local, w->c->energy, w->hv);
  if (s && !gm__posterior_soft(w->q, s)) return s;
  w->have_exact = !s;
  if (s) identity(d, w->hv);
  w->indefinite = gm__la_cholesky(d, w->hv, w->fv) != 0;
  if (!w->indefinite) return GM_OK;
  s = mend(w);
  if (s) return s;
  if (gm__la_cholesky(d, w->hv, w->fv)) {
    identity(d, w->hv);
    identity(d, w->fv);
  }
  return GM_OK;
}

static gm_status newton_step(polish *w)
{
  int32_t d = w->q->d;
  gm_status s = gm__local_gradient(&w->local, w->c->energy, w->g);
  if (s) return s;
  gm_la_solve_cholesky(d, w->fv, w->g, w->step);
  w->decrement = sqrt(fmax(0, gm_la_dot(d, w->g, w->step)));
  for (int32_t i = 0; i < d; i++) w->step[i] = -w->step[i];
  return GM_OK;
}

/* Tries reach[k] times the direction from v = 0 and goes to the best; *went 0: none is lower by
 * more than `least`. */
static gm_status go_best(polish *w, const double *direction, const double *reach, double least,
                         double *went)
{
  int32_t d = w->q->d;
  double value[TRIALS], low = w->c->energy - least;
  double *rows = gm_alloc(w->q->ctx, (ptrdiff_t)TRIALS * d, sizeof *rows);
  if (!rows) return gm_fail(w->q->ctx, GM_ENOMEM, "steps of a climb");
  for (int32_t k = 0; k < TRIALS; k++)
    for (int32_t i = 0; i < d; i++) rows[(ptrdiff_t)k * d + i] = reach[k] * direction[i];
  gm_status s = gm__local_energy(&w->local, TRIALS, rows, value);
  int32_t best = -1;
  for (int32_t k = 0; k < TRIALS && !s; k++)
    if (value[k] < low) {
      low = value[k];
      best = k;
    }
  *went = 0;
  if (best >= 0) {
    gm__local_point(&w->local, rows + (ptrdiff_t)best * d, w->best);
    memcpy(w->c->u, w->best, (size_t)d * sizeof *w->best);
    w->c->energy = low;
    *went = fabs(reach[best]);
  }
  gm_free(rows);
  return s;
}

/* The whole step, unasked: for steps too small to be seen in the value. */
static gm_status go_whole(polish *w)
{
  gm__local_point(&w->local, w->step, w->best);
  double energy;
  gm_status s = gm__posterior_energy(w->q, 1, w->best, &energy);
  if (s || !isfinite(energy)) return s;
  memcpy(w->c->u, w->best, (size_t)w->q->d * sizeof *w->best);
  w->c->energy = energy;
  return GM_OK;
}

static bool end(gm__climb *c, bool converged, const char *why)
{
  c->converged = converged;
  c->stopped = why;
  return true;
}

/* Whether the decrement says that this is the end; before: the one of the step before. */
static bool ended(polish *w, double tolerance, double before)
{
  if (w->decrement <= tolerance) return end(w->c, true, "Newton decrement below its tolerance");
  if (w->decrement < decrement_small && w->decrement > 0.5 * before)
    return end(w->c, true, "no visible decrease left");
  return false;
}

static gm_status polish_run(polish *w, double tolerance)
{
  static const double reach[TRIALS] = {1, 0.5, 0.25, 0.0625, 1.0 / 256, 2};
  double moved = INFINITY, before = INFINITY, went;
  gm_status s = coordinates_set(w);
  end(w->c, false, "limit of Newton steps");
  for (int it = 0; it < NEWTON_MAX && !s; it++, w->c->iterations++) {
    if (moved > hessian_reach) {
      s = hessian_set(w);
      moved = 0;
    }
    if (!s) s = newton_step(w);
    if (s || ended(w, tolerance, before)) break;
    before = w->decrement;
    if (w->decrement < decrement_small) {
      s = go_whole(w);
      went = 1;
    } else {
      s = go_best(w, w->step, reach, 0, &went);
      if (!s && went == 0) {
        end(w->c, false, "no step goes down");
        break;
      }
    }
    moved += went * gm_la_norm(w->q->d, w->step);
  }
  return s;
}

/* hessian by u = K Hv K' */
static gm_status hessian_keep(polish *w)
{
  ptrdiff_t d = w->q->d;
  w->c->repaired = !w->have_exact || w->indefinite;
  if (w->c->repaired && w->have_gauss) { /* Gauss-Newton itself, rather than a mended one */
    identity(w->q->d, w->hv);
  }
  double *work = gm_alloc(w->q->ctx, d * d, sizeof *work);
  if (!work) return gm_fail(w->q->ctx, GM_ENOMEM, "Hessian of a mode");
  gm_la_mul(w->q->d, w->q->d, w->q->d, w->gauss, w->hv, work);
  gm_la_mul_t(w->q->d, w->q->d, w->q->d, work, w->gauss, w->c->hessian);
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < i; j++) w->c->hessian[j * d + i] = w->c->hessian[i * d + j];
  gm_free(work);
  return GM_OK;
}

/* From a saddle down along the direction of negative curvature. */
static gm_status escape(polish *w, bool *away)
{
  static const double reach[TRIALS] = {1, -1, 0.25, -0.25, 3, -3};
  double went = 0;
  gm_status s = GM_OK;
  if (w->have_exact && w->indefinite) s = go_best(w, w->down, reach, 1e-6, &went);
  *away = went > 0;
  return s;
}

/* ---- search -------------------------------------------------------------------------------- */
/* Slope and Gauss-Newton Hessian come from one batch of predictions, asked for when the slope is
 * wanted and kept for the Hessian. */
typedef struct {
  gm__posterior *q;
  double *h; /* [d*d] at the last gradient's point */
} slopes;

static gm_status slopes_energy(void *user, int32_t n, const double *u, double *value)
{
  return gm__posterior_energy(((slopes *)user)->q, n, u, value);
}

static gm_status slopes_gradient(void *user, const double *u, double *gradient)
{
  slopes *a = user;
  return gm__mode_slopes(a->q, u, gradient, a->h);
}

static gm_status slopes_hessian(void *user, const double *u, double *hessian)
{
  slopes *a = user; /* the minimiser asks at the point of the last gradient */
  (void)u;
  memcpy(hessian, a->h, (size_t)a->q->d * (size_t)a->q->d * sizeof *hessian);
  return GM_OK;
}

/* By Gauss-Newton; where predictions beside a point are not finite, by differences of the energy,
 * which can do with one side. */
static gm_status search(gm__posterior *q, gm__climb *c)
{
  gm_opt_result r;
  gm_opt_options o = {.gradient_tolerance = 1e-5, .watch = q->watch};
  slopes a = {q, c->hessian};
  o.gradient = slopes_gradient;
  o.hessian = slopes_hessian;
  gm_status s = gm_opt_minimise(q->ctx, q->d, slopes_energy, &a, &o, c->u, c->u, NULL, NULL, &r);
  if (s == GM_ENUMERIC && gm__posterior_soft(q, s)) {
    o.gradient = NULL;
    o.hessian = NULL;
    s = gm_opt_minimise(q->ctx, q->d, slopes_energy, &a, &o, c->u, c->u, NULL, NULL, &r);
  }
  if (s) return s;
  c->energy = r.value;
  c->iterations += r.iterations;
  return GM_OK;
}

gm_status gm__climb_run(gm__posterior *q, double tolerance, gm__climb *c)
{
  polish w = {0};
  gm_status s = polish_open(q, c, &w);
  if (s) return s;
  c->iterations = 0;
  bool away = true;
  for (int round = 0; away && !s; round++) {
    s = search(q, c);
    if (!s) s = polish_run(&w, tolerance);
    if (s) break;
    s = hessian_keep(&w);
    if (!s && round < ESCAPES_MAX) s = escape(&w, &away);
    if (round >= ESCAPES_MAX) away = false;
  }
  polish_close(&w);
  return s;
}
