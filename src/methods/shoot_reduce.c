/* shoot_reduce.c - multiple shooting: objective, constraints, and condensing: the states at the
 * joints are eliminated from the linearised problem (Bock & Plitt 1984), so that what is left are
 * controls and parameters. Rows are scaled; unknowns are scaled by the width of their bounds. */
#include "methods/shoot_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* ---- points --------------------------------------------------------------------------------- */
gm_status gm__shot_new(const gm__shoot *q, gm__shot *a)
{
  const ptrdiff_t nl = gm__shoot_local_max(q), m = q->m, samples = (ptrdiff_t)2 * q->ni * q->ny,
                  nw = q->nw, joints = m * q->ns;
  const ptrdiff_t part[] = {nw, m * q->nx,    m * q->nx, samples, joints * nl, samples * nl,
                            nw, q->rows * nw, q->rows,   q->rows, joints * nw, joints};
  double **to[] = {&a->w, &a->joint, &a->end, &a->y,  &a->end_d, &a->y_d,
                   &a->g, &a->c,     &a->v,   &a->vl, &a->s,     &a->e};
  ptrdiff_t all = 0;
  for (int32_t i = 0; i < 12; i++) all += part[i];
  *a = (gm__shot){0};
  double *at = gm_alloc(q->ctx, all, sizeof *at);
  if (!at) return gm_fail(q->ctx, GM_ENOMEM, "shooting of %d unknowns", (int)nw);
  for (int32_t i = 0; i < 12; at += part[i++]) *to[i] = at;
  return GM_OK;
}

void gm__shot_free(gm__shot *a) { gm_free(a->w); }

void gm__shot_copy(const gm__shoot *q, gm__shot *to, const gm__shot *from)
{
  memcpy(to->w, from->w, (size_t)q->nw * sizeof *to->w);
  memcpy(to->joint, from->joint, (size_t)q->m * (size_t)q->nx * sizeof *to->joint);
  memcpy(to->end, from->end, (size_t)q->m * (size_t)q->nx * sizeof *to->end);
  memcpy(to->y, from->y, (size_t)2 * (size_t)q->ni * (size_t)q->ny * sizeof *to->y);
  memcpy(to->v, from->v, (size_t)q->rows * sizeof *to->v);
  to->f = from->f;
  to->infeasibility = from->infeasibility;
  to->worst = from->worst;
  to->worst_row = from->worst_row;
}

/* ---- values --------------------------------------------------------------------------------- */
/* What a control's value counts for in sums: the interval's length, or 1 for doses. */
static double share(const gm_shoot *p, int32_t k, int32_t c)
{
  return p->control[c].kind == GM_EDGE_BOLUS ? 1 : p->t[k + 1] - p->t[k];
}

static double output_at(const gm__shoot *q, const gm__shot *a, const gm__place *at)
{
  return a->y[(ptrdiff_t)at->sample * q->ny + at->output];
}

static double objective(const gm__shoot *q, const gm__shot *a)
{
  double f = 0;
  for (int32_t i = 0; i < q->terms; i++) {
    const gm_shoot_term *t = &q->p->term[q->term[i].item];
    double y = output_at(q, a, &q->term[i]);
    f += t->square ? t->weight / 2 * (y - t->target) * (y - t->target) : t->weight * y;
  }
  for (int32_t k = 0; k < q->ni; k++)
    for (int32_t c = 0; c < q->nu; c++) {
      double u = a->w[k * q->nu + c];
      f += q->p->control[c].effort / 2 * u * u * share(q->p, k, c);
    }
  return f;
}

static double row_raw(const gm__shoot *q, const gm__shot *a, int32_t r)
{
  if (q->row_of[r] >= 0) return output_at(q, a, &q->bound[q->row_of[r]]);
  const int32_t c = q->p->total[~q->row_of[r]].control;
  double sum = 0;
  for (int32_t k = 0; k < q->ni; k++) sum += a->w[k * q->nu + c] * share(q->p, k, c);
  return sum;
}

static void note(gm__shot *a, double violation, int32_t row)
{
  a->infeasibility += violation;
  if (!(violation <= a->worst)) {
    a->worst = violation;
    a->worst_row = row;
  }
}

void gm__shoot_measure(const gm__shoot *q, gm__shot *a)
{
  a->f = objective(q, a);
  a->infeasibility = a->worst = 0;
  a->worst_row = -1;
  for (int32_t r = 0; r < q->rows; r++) {
    a->v[r] = q->row_sign[r] * (row_raw(q, a, r) - q->row_base[r]) / q->row_scale[r];
    note(a, r < q->equals ? fabs(a->v[r]) : fmax(0, -a->v[r]), r);
  }
  for (int32_t j = 1; j < q->m; j++)
    for (int32_t i = 0; i < q->ns; i++) {
      double gap = a->end[(ptrdiff_t)(j - 1) * q->nx + q->row[i]] -
                   a->joint[(ptrdiff_t)j * q->nx + q->row[i]];
      note(a, fabs(gap) / q->state_size[i], -1);
    }
}

/* ---- condensing ----------------------------------------------------------------------------- */
/* out[nw] += weight * the row of local derivatives r as derivatives by the scaled unknowns; returns
 * what closing the gaps adds to it. */
static double expand(const gm__shoot *q, const gm__shot *a, int32_t j, const double *r,
                     double weight, double *out)
{
  const double *s = a->s + (ptrdiff_t)j * q->ns * q->nw, *e = a->e + (ptrdiff_t)j * q->ns;
  double gap = 0;
  for (int32_t i = 0; j && i < q->ns; i++) {
    if (r[i] == 0) continue;
    gap += r[i] * e[i];
    /* only what came before can have moved the joint */
    for (int32_t l = 0; l < q->first[j] * q->nu; l++)
      out[l] += weight * r[i] * s[(ptrdiff_t)i * q->nw + l];
    for (int32_t l = q->ni * q->nu; l < q->nw; l++)
      out[l] += weight * r[i] * s[(ptrdiff_t)i * q->nw + l];
  }
  const double *rp = r + q->ns, *ru = rp + q->np;
  for (int32_t i = 0, l = q->ni * q->nu; i < q->np; i++, l++) out[l] += weight * rp[i] * q->size[l];
  for (int32_t l = q->first[j] * q->nu; l < q->first[j + 1] * q->nu; l++)
    out[l] += weight * *ru++ * q->size[l];
  return weight * gap;
}

void gm__shoot_expand(const gm__shoot *q, const gm__shot *a, int32_t j, const double *r,
                      double *out)
{
  (void)expand(q, a, j, r, 1, out);
}

void gm__shoot_effort(const gm__shoot *q, double *hessian)
{
  for (int32_t l = 0; l < q->ni * q->nu; l++)
    hessian[(ptrdiff_t)l * q->nw + l] += q->p->control[l % q->nu].effort *
                                         share(q->p, l / q->nu, l % q->nu) * q->size[l] *
                                         q->size[l];
}

static int32_t segment_of(const gm__shoot *q, int32_t sample)
{
  int32_t j = 0;
  while (q->first[j + 1] <= sample / 2) j++;
  return j;
}

static double place_row(const gm__shoot *q, const gm__shot *a, const gm__place *at, double weight,
                        double *out)
{
  const ptrdiff_t nl = gm__shoot_local_max(q);
  return expand(q, a, segment_of(q, at->sample),
                a->y_d + ((ptrdiff_t)at->sample * q->ny + at->output) * nl, weight, out);
}

static void joints_reduce(gm__shoot *q, gm__shot *a)
{
  const ptrdiff_t nl = gm__shoot_local_max(q);
  memset(a->s, 0, (size_t)q->m * (size_t)q->ns * (size_t)q->nw * sizeof *a->s);
  memset(a->e, 0, (size_t)q->m * (size_t)q->ns * sizeof *a->e);
  for (int32_t j = 0; j + 1 < q->m; j++)
    for (int32_t i = 0; i < q->ns; i++) {
      const ptrdiff_t next = (ptrdiff_t)(j + 1) * q->ns + i;
      double gap = a->end[(ptrdiff_t)j * q->nx + q->row[i]] -
                   a->joint[(ptrdiff_t)(j + 1) * q->nx + q->row[i]];
      a->e[next] =
          gap + expand(q, a, j, a->end_d + ((ptrdiff_t)j * q->ns + i) * nl, 1, a->s + next * q->nw);
    }
}

gm_status gm__shoot_reduce(gm__shoot *q, gm__shot *a)
{
  joints_reduce(q, a);
  memset(a->g, 0, (size_t)q->nw * sizeof *a->g);
  memset(a->c, 0, (size_t)q->rows * (size_t)q->nw * sizeof *a->c);
  a->f_gap = 0;
  for (int32_t i = 0; i < q->terms; i++) {
    const gm_shoot_term *t = &q->p->term[q->term[i].item];
    double slope = t->square ? output_at(q, a, &q->term[i]) - t->target : 1;
    a->f_gap += place_row(q, a, &q->term[i], t->weight * slope, a->g);
  }
  for (int32_t k = 0; k < q->ni; k++)
    for (int32_t c = 0; c < q->nu; c++) {
      const int32_t l = k * q->nu + c;
      a->g[l] += q->p->control[c].effort * a->w[l] * share(q->p, k, c) * q->size[l];
    }
  for (int32_t r = 0; r < q->rows; r++) {
    double *out = a->c + (ptrdiff_t)r * q->nw, weight = q->row_sign[r] / q->row_scale[r];
    a->vl[r] = a->v[r];
    if (q->row_of[r] >= 0) {
      a->vl[r] += place_row(q, a, &q->bound[q->row_of[r]], weight, out);
      continue;
    }
    const int32_t c = q->p->total[~q->row_of[r]].control;
    for (int32_t k = 0; k < q->ni; k++)
      out[k * q->nu + c] = weight * share(q->p, k, c) * q->size[k * q->nu + c];
  }
  bool fine = isfinite(a->f_gap);
  for (int32_t i = 0; i < q->nw; i++) fine = fine && isfinite(a->g[i]);
  for (ptrdiff_t i = 0; i < (ptrdiff_t)q->rows * q->nw; i++) fine = fine && isfinite(a->c[i]);
  if (fine) return GM_OK;
  return gm_fail(q->ctx, GM_ENUMERIC, "shooting: derivatives of the model are not finite");
}

double gm__shoot_steepest(const gm__shoot *q, const gm__shot *a)
{
  double most = 0;
  for (int32_t i = 0; i < q->nw; i++) most = fmax(most, fabs(a->g[i]));
  return most;
}

gm_status gm__shoot_gauss_newton(gm__shoot *q, const gm__shot *a, double *hessian)
{
  const int32_t n = q->nw;
  double *row = gm_alloc(q->ctx, n, sizeof *row), most = 0;
  if (!row) return gm_fail(q->ctx, GM_ENOMEM, "Gauss-Newton");
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  for (int32_t i = 0; i < q->terms; i++) {
    memset(row, 0, (size_t)n * sizeof *row);
    (void)place_row(q, a, &q->term[i], 1, row);
    const double weight = q->p->term[q->term[i].item].weight;
    for (int32_t r = 0; r < n; r++)
      for (int32_t c = 0; row[r] != 0 && c < n; c++)
        hessian[(ptrdiff_t)r * n + c] += weight * row[r] * row[c];
  }
  gm__shoot_effort(q, hessian);
  for (int32_t l = 0; l < n; l++) most = fmax(most, hessian[(ptrdiff_t)l * n + l]);
  /* keeps it positive definite where nothing depends on an unknown */
  most = fmax(1e-9 * most, 1e-8 * gm__shoot_steepest(q, a)) + 1e-300;
  for (int32_t l = 0; l < n; l++) hessian[(ptrdiff_t)l * n + l] += most;
  gm_free(row);
  return GM_OK;
}
