/* ident_fisher.c - Fisher information from differences, its eigenvalues and what they are called.
 * Sloppy combinations: Gutenkunst et al., PLoS Comput. Biol. 3 (2007) e189. Differences with
 * Richardson's extrapolation: Dahlquist & Bjorck, Numerical Methods (1974), section 7.2.2. */
#include "gemel/identify.h"
#include "methods/ident_internal.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const gm_moments *m;
  gm_fisher_options o;
  int32_t d, k;                /* unknowns, outputs */
  double *z, *mean, *variance; /* [1 + 4 d] points */
  double *row;                 /* [2 d]: derivatives of one output and their errors */
  double *matrix, *inverse;    /* [d][d] scratch */
  double error;                /* sum of squared errors of the weighted derivatives */
  gm_fisher *out;
} fisher;

static double step_of(const fisher *w, const double *z, int32_t i)
{
  double h = (w->o.step > 0 ? w->o.step : 1e-2) * (1 + fabs(z[i]));
  volatile double moved = z[i] + h; /* so that the two points are exactly h apart */
  return moved - z[i];
}

/* Points: z, then for each unknown +h, -h, +h/2, -h/2. */
static gm_status evaluate(fisher *w, const double *z)
{
  int32_t n = 1 + 4 * w->d;
  static const double offset[4] = {1, -1, 0.5, -0.5};
  for (int32_t p = 0; p < n; p++) memcpy(w->z + (ptrdiff_t)p * w->d, z, (size_t)w->d * sizeof *z);
  for (int32_t i = 0; i < w->d; i++)
    for (int32_t q = 0; q < 4; q++)
      w->z[(ptrdiff_t)(1 + 4 * i + q) * w->d + i] += offset[q] * step_of(w, z, i);
  gm_status s = w->m->eval(w->m->user, w->ctx, n, w->z, w->mean, w->variance);
  if (s) return s;
  for (int32_t p = 0; p < n; p++)
    for (int32_t o = 0; o < w->k; o++) {
      double m = w->mean[(ptrdiff_t)p * w->k + o], v = w->variance[(ptrdiff_t)p * w->k + o];
      if (!isfinite(m) || !isfinite(v) || !(v > 0))
        return gm_fail(w->ctx, GM_EDOMAIN,
                       "information: output %d has mean %g, variance %g at point %d of %d (unknown "
                       "%d moved): finite, > 0 were expected",
                       (int)o + 1, m, v, (int)p + 1, (int)n, (int)(p ? (p - 1) / 4 + 1 : 0));
    }
  return GM_OK;
}

/* Derivative of f (values at the points, outputs apart) by unknown i, and its error. */
static double derivative(const fisher *w, const double *f, int32_t i, double h, double *error)
{
  const double *a = f + (ptrdiff_t)(1 + 4 * i) * w->k;
  double wide = (a[0] - a[w->k]) / (2 * h), close = (a[2 * w->k] - a[3 * w->k]) / h;
  double value = (4 * close - wide) / 3;
  /* the truncation left is far below the change; rounding is not */
  *error = fabs(close - wide) * 0.1 + 8 * DBL_EPSILON * (fabs(a[0]) + fabs(a[w->k])) / h;
  return value;
}

/* Adds g g^T of one row of weighted derivatives. */
static void add_row(fisher *w)
{
  for (int32_t i = 0; i < w->d; i++) {
    w->error += w->row[w->d + i] * w->row[w->d + i];
    for (int32_t j = 0; j < w->d; j++)
      w->out->information[(ptrdiff_t)i * w->d + j] += w->row[i] * w->row[j];
  }
}

static void gather(fisher *w, const double *z)
{
  for (int32_t o = 0; o < w->k; o++) {
    double v = w->variance[o], sd = sqrt(v);
    for (int32_t i = 0; i < w->d; i++) {
      w->row[i] = derivative(w, w->mean + o, i, step_of(w, z, i), &w->row[w->d + i]) / sd;
      w->row[w->d + i] /= sd;
    }
    add_row(w);
    if (!w->m->variance_informs) continue;
    for (int32_t i = 0; i < w->d; i++) { /* 1/2 (d v / v)^2 */
      double scale = 1 / (v * sqrt(2));
      w->row[i] = derivative(w, w->variance + o, i, step_of(w, z, i), &w->row[w->d + i]) * scale;
      w->row[w->d + i] *= scale;
    }
    add_row(w);
  }
}

/* "0.71 beta - 0.70 gamma": parts below a tenth of the largest are left out. */
static void call_it(const fisher *w, const double *vector, char *text, size_t room)
{
  double largest = 0;
  size_t used = 0;
  for (int32_t i = 0; i < w->d; i++) largest = fmax(largest, fabs(vector[i]));
  text[0] = 0;
  for (int32_t i = 0; i < w->d && used + 1 < room; i++) {
    char name[24];
    double v = vector[i];
    if (fabs(v) < 0.1 * largest) continue;
    used += (size_t)snprintf(text + used, room - used, "%s%.2f %.40s",
                             used ? (v < 0 ? " - " : " + ") : (v < 0 ? "-" : ""), fabs(v),
                             gm__ident_name(w->m->name, i, name));
  }
}

enum { NAME_ROOM = 56 }; /* of one part of a combination */

static gm_status spectrum(fisher *w)
{
  gm_fisher *out = w->out;
  int32_t d = w->d;
  gm_status s = gm_la_eigen(w->ctx, d, out->information, out->eigenvalue, w->matrix);
  if (s) return s;
  double top = sqrt(fmax(out->eigenvalue[d - 1], 0)), error = sqrt(w->error);
  out->difference_error = top > 0 ? error / top : 0;
  /* the roots are singular values of the derivatives: an error moves them by at most its norm; what
   * the eigenvalues themselves lose to rounding is a root of about 1e-8 */
  double floor_root = fmax(error, 4e-8 * top);
  for (int32_t k = 0; k < d; k++) {
    double *v = out->vector + (ptrdiff_t)k * d;
    for (int32_t i = 0; i < d; i++) v[i] = w->matrix[(ptrdiff_t)i * d + k];
    out->rank += sqrt(fmax(out->eigenvalue[k], 0)) > floor_root;
    call_it(w, v, out->combination[k], (size_t)d * NAME_ROOM);
  }
  return GM_OK;
}

/* sd from the eigenvectors that are seen; an unknown with a part in the others is not held. */
static void sd_of_data(fisher *w)
{
  gm_fisher *out = w->out;
  for (int32_t i = 0; i < w->d; i++) {
    double variance = 0, unseen = 0;
    for (int32_t k = 0; k < w->d; k++) {
      double v = out->vector[(ptrdiff_t)k * w->d + i];
      if (k < w->d - out->rank)
        unseen += v * v;
      else
        variance += v * v / out->eigenvalue[k];
    }
    out->sd[i] = unseen > 1e-8 ? INFINITY : sqrt(variance);
  }
}

static gm_status sd_with_prior(fisher *w)
{
  int32_t d = w->d;
  for (int32_t k = 0; k < d * d; k++) w->matrix[k] = w->out->information[k] + w->o.precision[k];
  gm_status s = gm_la_spd_inverse(w->ctx, d, w->matrix, w->inverse);
  for (int32_t i = 0; !s && i < d; i++) w->out->sd[i] = sqrt(w->inverse[(ptrdiff_t)i * (d + 1)]);
  return s;
}

static gm_status check(gm_ctx *ctx, const gm_moments *m, const double *z, gm_fisher_options *o)
{
  if (m->dim < 1 || m->output_count < 1)
    return gm_fail(ctx, GM_ERANGE, "information: %d unknowns, %d outputs", (int)m->dim,
                   (int)m->output_count);
  if (o->level == 0) o->level = 0.95;
  if (!(o->level > 0 && o->level < 1) || !(o->step >= 0 && isfinite(o->step)))
    return gm_fail(ctx, GM_ERANGE, "information: level %g, step %g", o->level, o->step);
  for (int32_t i = 0; i < m->dim; i++) {
    if (!isfinite(z[i]))
      return gm_fail(ctx, GM_EDOMAIN, "information: z%d is %g", (int)i + 1, z[i]);
    for (int32_t j = 0; o->precision && j < i; j++)
      if (o->precision[(ptrdiff_t)i * m->dim + j] != o->precision[(ptrdiff_t)j * m->dim + i])
        return gm_fail(ctx, GM_EDOMAIN, "information: prior precision (%d, %d) is not symmetric",
                       (int)i + 1, (int)j + 1);
  }
  return GM_OK;
}

static gm_status memory(fisher *w)
{
  ptrdiff_t d = w->d, points = 1 + 4 * d, text = d * NAME_ROOM;
  w->z = gm_alloc(w->ctx, points * (d + 2 * w->k), sizeof *w->z);
  w->row = gm_alloc(w->ctx, 2 * d + 2 * d * d, sizeof *w->row);
  size_t numbers = (size_t)(2 * d * d + 3 * d) * sizeof(double);
  w->out = gm_alloc(w->ctx, 1,
                    sizeof *w->out + numbers + (size_t)d * sizeof(char *) + (size_t)(d * text));
  if (!w->z || !w->row || !w->out)
    return gm_fail(w->ctx, GM_ENOMEM, "information on %d unknowns", (int)d);
  w->mean = w->z + points * d;
  w->variance = w->mean + points * w->k;
  w->matrix = w->row + 2 * d;
  w->inverse = w->matrix + d * d;
  gm_fisher *out = w->out;
  out->dim = w->d;
  out->information = (double *)(out + 1);
  out->vector = out->information + d * d;
  out->eigenvalue = out->vector + d * d;
  out->sd = out->eigenvalue + d;
  out->half = out->sd + d;
  out->combination = (char **)(out->half + d);
  char *names = (char *)(out->combination + d);
  for (ptrdiff_t k = 0; k < d; k++) out->combination[k] = names + k * text;
  return GM_OK;
}

gm_status gm_fisher_run(gm_ctx *ctx, const gm_moments *m, const double *z,
                        const gm_fisher_options *options, gm_fisher **out)
{
  fisher w = {.ctx = ctx, .m = m, .d = m->dim, .k = m->output_count};
  if (options) w.o = *options;
  gm_status s = check(ctx, m, z, &w.o);
  if (s) return s;
  s = memory(&w);
  if (!s) s = evaluate(&w, z);
  if (!s) {
    gather(&w, z);
    s = spectrum(&w);
  }
  if (!s && w.o.precision) s = sd_with_prior(&w);
  if (!s) {
    if (!w.o.precision) sd_of_data(&w);
    double q = gm_dist_normal_quantile(0.5 + w.o.level / 2);
    for (int32_t i = 0; i < w.d; i++) w.out->half[i] = q * w.out->sd[i];
    *out = w.out;
    w.out = NULL;
  }
  gm_free(w.z), gm_free(w.row), gm_free(w.out);
  return s;
}

void gm_fisher_free(gm_fisher *f) { gm_free(f); }
