/* filter_states.c - the regularised particle filter for states: copies of a member that moves by no
 * chance would have one future, so they are drawn from a Gaussian kernel about it. Musso, Oudjane &
 * Le Gland, in: Doucet et al. (eds.), Sequential Monte Carlo Methods in Practice (2001), ch. 12.
 * Who was chosen once stays as it is. */
#include "methods/kalman.h"
#include "num/dense.h"
#include <math.h>
#include <string.h>

/* (4/(n(d+2)))^(1/(d+4)) (Silverman 1986, section 4.3). */
double gm__bandwidth(int32_t n, int32_t d) { return pow(4 / (n * (d + 2.0)), 1 / (d + 4.0)); }

gm_status gm__states_check(const gm_filter *f, gm_ctx *ctx)
{
  if (!(f->o.state_kernel > 0)) return GM_OK;
  if (f->o.kind != GM_FILTER_PARTICLE && f->o.kind != GM_FILTER_GUIDED)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: a kernel on states is for particles alone");
  if (f->o.rejuvenate != GM_REJUVENATE_NONE && f->o.rejuvenate != GM_REJUVENATE_KERNEL)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: a kernel on states goes with the kernel on unknowns or with none");
  if (gm_model_macro_count(f->s->model) < 1)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: model %s has no macro view", f->info.name);
  return GM_OK;
}

/* Continuous rows of the macro view, then the unknowns that move with them. */
typedef struct {
  const gm_var *var;
  int32_t mc, rows, unknowns, nv; /* macro rows; of them taken; unknowns with them; all */
  int32_t *row;                   /* [rows] */
  double *macro, *v;              /* [n][mc], [nv][n] */
} joint;

static void joint_free(joint *q)
{
  gm_free(q->row);
  gm_free(q->macro);
  gm_free(q->v);
}

static gm_status joint_new(const gm_filter *f, gm_ctx *ctx, joint *q)
{
  int32_t rows;
  const ptrdiff_t n = f->n;
  *q = (joint){.mc = gm_model_macro_count(f->s->model)};
  q->var = gm_model_table(f->s->model, GM_TABLE_STATE, &rows);
  q->row = gm_alloc(ctx, q->mc, sizeof *q->row);
  q->macro = gm_alloc(ctx, n * q->mc, sizeof *q->macro);
  if (!q->row || !q->macro) return gm_fail(ctx, GM_ENOMEM, "states of a filter");
  for (int32_t i = 0; i < q->mc && i < rows; i++)
    if (q->var[i].role == GM_ROLE_CONTINUOUS) q->row[q->rows++] = i;
  q->unknowns = f->o.rejuvenate == GM_REJUVENATE_KERNEL ? f->d : 0;
  q->nv = q->rows + q->unknowns;
  q->v = gm_alloc(ctx, n * q->nv, sizeof *q->v);
  if (!q->v) return gm_fail(ctx, GM_ENOMEM, "states of a filter");
  gm_status s = gm_ensemble_get(f->e, ctx, q->macro);
  for (int32_t i = 0; i < q->rows && !s; i++)
    for (ptrdiff_t m = 0; m < n; m++)
      q->v[i * n + m] = gm__state_free(&q->var[q->row[i]], q->macro[m * q->mc + q->row[i]]);
  for (int32_t i = 0; i < q->unknowns && !s; i++)
    for (ptrdiff_t m = 0; m < n; m++) q->v[(q->rows + i) * n + m] = f->z[m * f->d + i];
  return s;
}

/* v[nv][n] becomes deviations times the root of the weight. Members without weight may be anything,
 * also no number. */
static void weigh_rows(const gm_filter *f, const joint *q, const double *weight)
{
  for (int32_t i = 0; i < q->nv; i++) {
    double *row = q->v + (ptrdiff_t)i * f->n, mean = 0;
    for (int32_t m = 0; m < f->n; m++) mean += weight[m] > 0 ? weight[m] * row[m] : 0;
    for (int32_t m = 0; m < f->n; m++)
      row[m] = weight[m] > 0 ? sqrt(weight[m]) * (row[m] - mean) : 0;
  }
}

gm_status gm__states_spread(const gm_filter *f, gm_ctx *ctx, const double *weight,
                            double **factor_out)
{
  joint q;
  double square = 0, *factor = NULL;
  gm_status s = joint_new(f, ctx, &q);
  if (!s) {
    factor = gm_alloc(ctx, (ptrdiff_t)q.nv * q.nv, sizeof *factor);
    if (!factor) s = gm_fail(ctx, GM_ENOMEM, "states of a filter");
  }
  if (!s) {
    weigh_rows(f, &q, weight);
    gm__dense_add_bt_lower(q.nv, f->n, q.v, q.v, factor);
    for (int32_t m = 0; m < f->n; m++) square += weight[m] * weight[m];
    /* a sample's covariance is too small by as much; with hardly a member left, no guide at all */
    for (int32_t i = 0; i < q.nv * q.nv; i++) factor[i] /= 1 - fmin(square, 0.5);
    gm__kalman_factor_flat(q.nv, factor);
    *factor_out = factor;
  }
  joint_free(&q);
  return s;
}

/* One member's shift into its coordinates: h times the factor times normals, e[nv] scratch. */
static void move_one(gm_filter *f, const joint *q, const double *factor, double h, gm_key key,
                     ptrdiff_t m, double *e)
{
  const uint64_t slot = gm_ensemble_slot(f->e)[m];
  for (int32_t i = 0; i < q->nv; i++)
    e[i] = gm_normal(key, slot, (uint64_t)i, gm_kind_draw(12, 0), f->step);
  for (int32_t i = 0; i < q->nv; i++) {
    double v = q->v[i * (ptrdiff_t)f->n + m];
    for (int32_t j = 0; j <= i; j++) v += h * factor[(ptrdiff_t)i * q->nv + j] * e[j];
    if (i < q->rows)
      q->macro[m * q->mc + q->row[i]] = gm__state_bound(&q->var[q->row[i]], v);
    else
      f->z[m * f->d + i - q->rows] = v;
  }
}

gm_status gm__states_move(gm_filter *f, gm_ctx *ctx, const double *factor)
{
  const gm_key key = gm_system_key(f->s, GM_PURPOSE_MOVE, f->o.replicate);
  int32_t *times = f->ancestor + f->n; /* scratch of resampling, which is over */
  joint q;
  gm_status s = joint_new(f, ctx, &q);
  double *e = s ? NULL : gm_alloc(ctx, q.nv, sizeof *e);
  if (!s && !e) s = gm_fail(ctx, GM_ENOMEM, "states of a filter");
  if (!s) {
    const double h = f->o.state_kernel * gm__bandwidth(f->n, q.nv);
    memset(times, 0, (size_t)f->n * sizeof *times);
    for (int32_t m = 0; m < f->n; m++) times[f->ancestor[m]]++;
    for (int32_t m = 0; m < f->n; m++)
      if (times[f->ancestor[m]] > 1) move_one(f, &q, factor, h, key, m, e);
    if (q.unknowns) gm__filter_unknowns(f);
    s = gm_ensemble_set(f->e, ctx, q.macro);
  }
  gm_free(e);
  joint_free(&q);
  return s;
}
