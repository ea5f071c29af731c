/* petab_objective.c - likelihood, chi2 and priors (PEtab 1, "Noise distributions" and "Parameter
 * table"). */
#include "gemel/math.h"
#include "interop/petab.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LN_2PI 1.8378770664093454836
#define LN_10  2.3025850929940456840

double pt_point_log(const pt_observable *o, double measured, double simulated, double sigma,
                    double *r)
{
  double m = gm_petab_to_scale(o->scale, measured), s = gm_petab_to_scale(o->scale, simulated);
  *r = NAN;
  if (!isfinite(simulated) || !isfinite(s) || !(sigma > 0) || !isfinite(sigma)) return -INFINITY;
  *r = (m - s) / sigma;
  double jacobian = o->scale == GM_PETAB_LIN   ? 0
                    : o->scale == GM_PETAB_LOG ? gm_ln(measured)
                                               : gm_ln(measured) + gm_ln(LN_10);
  if (o->laplace) return -gm_ln(2 * sigma) - fabs(*r) - jacobian;
  return -0.5 * LN_2PI - gm_ln(sigma) - 0.5 * *r * *r - jacobian;
}

double pt_prior_sum(const gm_petab *p, const double *z)
{
  const pt_parameters *all = &p->parameters;
  double sum = 0;
  for (int32_t k = 0; k < all->d; k++) {
    int32_t i = all->estimated[k];
    sum += pt_prior_log(&all->objective[i], all->row[i].scale, z[k]);
  }
  return sum;
}

static gm_petab_value value_of(const gm_petab *p, const double *simulation, const double *sigma,
                               double *residual)
{
  gm_petab_value v = {.bad_point = -1};
  for (int32_t i = 0; i < p->problem_count; i++) {
    const pt_problem *q = &p->problem[i];
    for (int32_t k = 0; k < q->point_count; k++) {
      int32_t at = q->first_point + k;
      double r, l = pt_point_log(&q->observable[q->point[k].observable], q->point[k].value,
                                 simulation[at], sigma[at], &r);
      if (l == -INFINITY && v.bad_point < 0) v.bad_point = at;
      v.llh += l;
      v.chi2 += isnan(r) ? INFINITY : r * r;
      if (residual) residual[at] = r;
    }
  }
  return v;
}

static gm_status vectors_check(const gm_petab *p, int32_t n, const double *z)
{
  int32_t d = p->parameters.d;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * d; i++)
    if (!isfinite(z[i]))
      return gm_fail(p->ctx, GM_EDOMAIN, "%.80s is %g",
                     p->parameters.row[p->parameters.estimated[i % d]].id, z[i]);
  return GM_OK;
}

void pt_linear_fill(const gm_petab *p, int32_t n, const double *z, double *linear)
{
  const pt_parameters *all = &p->parameters;
  for (int32_t v = 0; v < n; v++)
    for (int32_t i = 0; i < all->count; i++) {
      int32_t k = all->coordinate[i];
      linear[(ptrdiff_t)v * all->count + i] =
          k < 0 ? all->row[i].nominal
                : gm_petab_from_scale(all->row[i].scale, z[(ptrdiff_t)v * all->d + k]);
    }
}

/* room: [2][n][points] for simulations and noise. */
static gm_status work_out(gm_petab *p, gm_pool *pool, int32_t n, const double *z, double *linear,
                          double *room, gm_petab_value *value, double *residual)
{
  double *sigma = room + (ptrdiff_t)n * p->point_count;
  p->vectors_run += n;
  pt_linear_fill(p, n, z, linear);
  gm_status s = pt_simulate(p, pool, n, linear, room, sigma);
  for (int32_t v = 0; v < n && !s; v++) {
    ptrdiff_t at = (ptrdiff_t)v * p->point_count;
    value[v] = value_of(p, room + at, sigma + at, residual ? residual + at : NULL);
    value[v].log_prior = pt_prior_sum(p, z + (ptrdiff_t)v * p->parameters.d);
  }
  return s;
}

gm_status gm_petab_evaluate(gm_petab *p, gm_pool *pool, int32_t n, const double *z,
                            gm_petab_value *value, double *simulation, double *sigma,
                            double *residual)
{
  static const double none[1];
  assert(p && n >= 0 && (z || p->parameters.d == 0) && value);
  if (!z) z = none;
  gm_status s = vectors_check(p, n, z);
  if (s) return s;
  ptrdiff_t points = (ptrdiff_t)n * p->point_count;
  double *linear = gm_alloc(p->ctx, (ptrdiff_t)n * p->parameters.count, sizeof *linear);
  double *room = gm_alloc(p->ctx, 2 * points, sizeof *room);
  s = linear && room ? work_out(p, pool, n, z, linear, room, value, residual)
                     : gm_fail(p->ctx, GM_ENOMEM, "%d vectors", (int)n);
  if (!s && simulation) memcpy(simulation, room, (size_t)points * sizeof *room);
  if (!s && sigma) memcpy(sigma, room + points, (size_t)points * sizeof *room);
  gm_free(linear);
  gm_free(room);
  return s;
}

void gm_petab_bad_point(const gm_petab *p, int32_t point, char *text, size_t bytes)
{
  const pt_problem *q;
  const pt_point *k = pt_point_at(p, point, &q);
  const pt_experiment *e = &q->experiment[k->experiment];
  snprintf(text, bytes, "%.300s:%d: %.80s under condition %.80s%s", k->table->path,
           (int)k->table->line[k->row], q->observable[k->observable].id,
           q->condition[e->condition].id,
           k->sample < 0 || e->before >= 0
               ? ": no finite value (no steady state, or noise that is not positive)"
               : ": no finite value (simulation failed, or noise that is not positive)");
}
