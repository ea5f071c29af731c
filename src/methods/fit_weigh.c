/* fit_weigh.c - members against readings: densities, sensors with memory, weights. */
#include "methods/fit.h"
#include <math.h>

void gm__fit_forget(const gm_system *s, int32_t n, gm__fit_memory *memory)
{
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * s->sensor_count; i++) memory->last[i] = NAN;
}

void gm__fit_weigh(const gm_system *s, const gm_reading *r, int32_t n, const double *y,
                   ptrdiff_t sy, const double *theta, gm__fit_memory *memory, double *work,
                   double *lp)
{
  const gm_sensor *o = &s->sensor[r->sensor];
  if (o->memory > 0) {
    double dt = r->t - memory->t[r->sensor];
    for (int32_t m = 0; m < n; m++) {
      double *last = &memory->last[(ptrdiff_t)m * s->sensor_count + r->sensor], now;
      work[m] = gm_sense_logpdf_after(o, y + m * sy, theta + m, n, r->value, r->censored, *last, dt,
                                      &now);
      *last = now;
    }
    memory->t[r->sensor] = r->t;
  } else {
    gm_sense_logpdf_all(o, n, y, sy, theta, r->value, r->censored, work);
  }
  for (int32_t m = 0; m < n; m++) lp[m] = isnan(work[m]) ? -INFINITY : lp[m] + work[m];
}

void gm__fit_weigh_all(const gm_system *s, const gm_reading *r, int32_t count, int32_t n,
                       const double *y, int32_t time_count, double *theta, gm__fit_memory *memory,
                       double *work, double *lp)
{
  int32_t ny, edge = 0, at = 0;
  (void)gm_model_table(s->model, GM_TABLE_OUTPUT, &ny);
  for (int32_t m = 0; m < n; m++) lp[m] = 0;
  gm__fit_forget(s, n, memory);
  for (int32_t i = 0; i < count; i++) {
    if (i && r[i].t > r[i - 1].t) at++;
    for (; s->drive && edge < s->drive->edge_count && s->drive->edge[edge].t <= r[i].t; edge++) {
      const gm_edge *e = &s->drive->edge[edge];
      for (int32_t m = 0; m < n && e->kind == GM_EDGE_PARAMETER; m++)
        theta[(ptrdiff_t)e->port * n + m] = e->value;
    }
    gm__fit_weigh(s, &r[i], n, y + (ptrdiff_t)at * ny, (ptrdiff_t)time_count * ny, theta, memory,
                  work, lp);
  }
}

int32_t gm__fit_times(const gm_reading *r, int32_t count, double *time)
{
  int32_t times = 0;
  for (int32_t i = 0; i < count; i++)
    if (!i || r[i].t > r[i - 1].t) time[times++] = r[i].t;
  return times;
}

double gm__fit_reweigh(int32_t n, double *weight, const double *lp)
{
  double top = -INFINITY, sum = 0;
  for (int32_t m = 0; m < n; m++)
    if (weight[m] > 0 && lp[m] > top) top = lp[m];
  if (!isfinite(top)) return -INFINITY;
  for (int32_t m = 0; m < n; m++) sum += weight[m] * exp(lp[m] - top);
  for (int32_t m = 0; m < n; m++) weight[m] *= exp(lp[m] - top) / sum;
  return top + log(sum);
}

gm_status gm__fit_check(gm_ctx *ctx, const gm_system *s, const char *who)
{
  gm_status st = gm_system_check(ctx, s);
  if (st) return st;
  if (s->unknown_count < 1) return gm_fail(ctx, GM_EINVAL, "%s: a system without unknowns", who);
  if (s->reading_count < 1) return gm_fail(ctx, GM_EINVAL, "%s: a system without readings", who);
  for (int32_t i = 0; s->drive && i < s->drive->edge_count; i++)
    for (int32_t d = 0; d < s->unknown_count; d++)
      if (s->drive->edge[i].kind == GM_EDGE_PARAMETER &&
          s->drive->edge[i].port == s->unknown[d].parameter)
        return gm_fail(ctx, GM_EUNSUPPORTED, "%s: edge %d switches the unknown %s", who, (int)i,
                       s->unknown[d].name ? s->unknown[d].name : "?");
  return GM_OK;
}

double gm_log_mean_exp(int32_t n, const double *x, double *error)
{
  double top = -INFINITY, sum = 0, mean = 0, square = 0;
  for (int32_t i = 0; i < n; i++) top = fmax(top, x[i]);
  if (error) *error = n > 1 ? 0 : NAN;
  if (!isfinite(top)) return top;
  for (int32_t i = 0; i < n; i++) sum += exp(x[i] - top);
  double value = top + log(sum / n);
  /* the estimate without number i, over all i; where one point is all there is, it is infinite */
  for (int32_t i = 0; i < n && n > 1; i++) {
    double rest = log((sum - exp(x[i] - top)) / (n - 1)), step = rest - mean;
    if (!isfinite(rest)) {
      square = INFINITY;
      break;
    }
    mean += step / (i + 1);
    square += step * (rest - mean);
  }
  if (error && n > 1) *error = sqrt(square * (n - 1) / n);
  return value;
}
