/* sens_morris.c - screening by elementary effects.
 * M. D. Morris, Factorial sampling plans for preliminary computational experiments, Technometrics
 * 33 (1991) 161; F. Campolongo, J. Cariboni & A. Saltelli, Environ. Model. Softw. 22 (2007) 1509
 * (mean of sizes). */
#include "gemel/rand.h"
#include "methods/sens_internal.h"
#include <math.h>
#include <string.h>

enum { TRAJECTORIES = 50, LEVELS = 4, KIND_GRID = 1, KIND_ORDER = 2 };

typedef struct {
  gm_ctx *ctx;
  const gm_function *f;
  gm_morris_options o;
  gm__sens_block block;
  int32_t *order; /* [dim] scratch */
  bool *up;       /* [dim] scratch */
  double *effect; /* [output][dim][trajectory] of those used */
  double *column; /* [trajectory] scratch */
  int32_t used;
  gm_morris *out;
} morris;

static gm_status options_check(gm_ctx *ctx, const gm_function *f, gm_morris_options *o)
{
  if (f->dim < 1 || f->output_count < 1)
    return gm_fail(ctx, GM_ERANGE, "Morris: %d inputs, %d outputs", (int)f->dim,
                   (int)f->output_count);
  if (!o->trajectory_count) o->trajectory_count = TRAJECTORIES;
  if (!o->level_count) o->level_count = LEVELS;
  if (o->trajectory_count < 2)
    return gm_fail(ctx, GM_ERANGE, "Morris: %d trajectories, at least 2 were expected",
                   (int)o->trajectory_count);
  if (o->level_count < 2 || o->level_count % 2)
    return gm_fail(ctx, GM_ERANGE, "Morris: %d levels, an even number was expected",
                   (int)o->level_count);
  if (!(o->edge >= 0 && o->edge < 0.5))
    return gm_fail(ctx, GM_ERANGE, "Morris: edge %g outside [0, 0.5)", o->edge);
  return gm__sens_level(ctx, &o->level);
}

static gm_key trajectory_key(const morris *m, int32_t t)
{
  return gm_key_make(m->o.seed, GM_PURPOSE_SENSITIVITY, 0, (uint64_t)t);
}

/* The order in which the inputs move in trajectory t, and whether each goes up. */
static void plan(const morris *m, int32_t t, double *start)
{
  gm_key key = trajectory_key(m, t);
  int32_t d = m->f->dim, half = m->o.level_count / 2;
  for (int32_t j = 0; j < d; j++) {
    double u[4];
    gm_uniform4(key, 0, (uint64_t)j, gm_kind_draw(KIND_GRID, 0), 0, u);
    int32_t low = (int32_t)(u[0] * half);
    m->up[j] = u[1] < 0.5;
    start[j] = (double)(m->up[j] ? low : low + half) / (m->o.level_count - 1);
    int32_t k = (int32_t)(u[2] * (j + 1)); /* Fisher-Yates, inside out */
    m->order[j] = m->order[k];
    m->order[k] = j;
  }
}

/* The points of trajectory t into row i of the block. */
static void fill(morris *m, int32_t i, int32_t t)
{
  int32_t d = m->f->dim;
  double *u = m->block.u + (ptrdiff_t)i * (d + 1) * d, span = 1 - 2 * m->o.edge;
  double delta = span * m->o.level_count / (2.0 * (m->o.level_count - 1));
  plan(m, t, u);
  for (int32_t j = 0; j < d; j++) u[j] = m->o.edge + span * u[j];
  for (int32_t k = 1; k <= d; k++) {
    double *next = u + (ptrdiff_t)k * d;
    int32_t j = m->order[k - 1];
    memcpy(next, next - d, (size_t)d * sizeof *u);
    next[j] += m->up[j] ? delta : -delta;
    if (next[j] < m->o.edge) next[j] = m->o.edge; /* rounding must not leave the cube */
    if (next[j] > 1 - m->o.edge) next[j] = 1 - m->o.edge;
  }
  if (!m->f->noisy) return;
  uint64_t word[4];
  gm_draw4(trajectory_key(m, t), 0, 0, gm_kind_draw(KIND_ORDER, 0), 0, word);
  for (int32_t k = 0; k <= d; k++) m->block.key[(ptrdiff_t)i * (d + 1) + k] = word[0];
}

/* Row i was trajectory t: its effects, one for each input. */
static void take(morris *m, int32_t i, int32_t t)
{
  int32_t d = m->f->dim, ny = m->f->output_count;
  const double *u = m->block.u + (ptrdiff_t)i * (d + 1) * d;
  const double *y = m->block.y + (ptrdiff_t)i * (d + 1) * ny;
  if (!m->block.good[i]) return;
  double *start = m->column; /* plan's third output, not needed again; column has dim places */
  plan(m, t, start);
  for (int32_t k = 1; k <= d; k++) {
    int32_t j = m->order[k - 1];
    double delta = u[(ptrdiff_t)k * d + j] - u[(ptrdiff_t)(k - 1) * d + j];
    for (int32_t o = 0; o < ny; o++)
      m->effect[((ptrdiff_t)o * d + j) * m->o.trajectory_count + m->used] =
          (y[(ptrdiff_t)k * ny + o] - y[(ptrdiff_t)(k - 1) * ny + o]) / delta;
  }
  m->used++;
}

static gm_status walk(morris *m)
{
  for (int32_t t = 0; t < m->o.trajectory_count;) {
    int32_t left = m->o.trajectory_count - t, n = m->block.rows < left ? m->block.rows : left;
    if (gm_watch_stop(m->o.watch)) {
      m->out->count.complete = false;
      if (m->used >= 2) return GM_OK;
      return gm_fail(m->ctx, GM_ECANCELLED, "Morris: stopped after %d trajectories", (int)t);
    }
    for (int32_t i = 0; i < n; i++) fill(m, i, t + i);
    gm_status s = gm__sens_block_eval(&m->block, n);
    if (s) return s;
    for (int32_t i = 0; i < n; i++) take(m, i, t + i);
    t += n;
    gm_watch_progress(m->o.watch, "Morris", (double)t / m->o.trajectory_count);
  }
  if (m->used >= 2) return GM_OK;
  return gm_fail(m->ctx, GM_ENUMERIC, "Morris: %lld of %d trajectories have outputs not finite",
                 (long long)m->out->count.left_out, (int)m->o.trajectory_count);
}

/* The sd of x[n]; its interval from the jackknife of ln sd (Miller 1968), which stays above 0. */
static gm_sens_value spread(int32_t n, const double *x, double *scratch, double level)
{
  double mean = 0, square = 0;
  for (int32_t i = 0; i < n; i++) mean += x[i];
  mean /= n;
  for (int32_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
  double sd = sqrt(square / (n - 1));
  if (sd == 0) return (gm_sens_value){0, 0, 0, 0};
  if (n < 3) return (gm_sens_value){sd, NAN, 0, INFINITY};
  for (int32_t i = 0; i < n; i++) { /* without i */
    double rest = square - (x[i] - mean) * (x[i] - mean) * n / (n - 1);
    scratch[i] = n * log(sd) - (n - 1) * 0.5 * log(fmax(rest, 0) / (n - 2));
  }
  gm_sens_value v = gm__sens_mean(n, scratch, level);
  if (!isfinite(v.error)) return (gm_sens_value){sd, NAN, 0, INFINITY};
  double wide = v.high - v.value; /* about ln sd itself */
  return (gm_sens_value){sd, sd * v.error, sd * exp(-wide), sd * exp(wide)};
}

static void conclude(morris *m)
{
  gm_morris *out = m->out;
  int32_t n = m->used;
  out->count.used = n;
  for (int32_t k = 0; k < out->dim * out->output_count; k++) {
    double *e = m->effect + (ptrdiff_t)k * m->o.trajectory_count;
    out->mu[k] = gm__sens_mean(n, e, m->o.level);
    out->sigma[k] = spread(n, e, m->column, m->o.level);
    for (int32_t i = 0; i < n; i++) e[i] = fabs(e[i]);
    out->mu_star[k] = gm__sens_mean(n, e, m->o.level);
  }
}

static gm_status memory(morris *m)
{
  int32_t d = m->f->dim, r = m->o.trajectory_count;
  ptrdiff_t k = (ptrdiff_t)d * m->f->output_count;
  m->order = gm_alloc(m->ctx, d, sizeof *m->order);
  m->up = gm_alloc(m->ctx, d, sizeof *m->up);
  m->effect = gm_alloc(m->ctx, k * r, sizeof *m->effect);
  m->column = gm_alloc(m->ctx, d > r ? d : r, sizeof *m->column);
  m->out = gm_alloc(m->ctx, 1, sizeof *m->out + (size_t)(3 * k) * sizeof(gm_sens_value));
  if (!m->order || !m->up || !m->effect || !m->column || !m->out)
    return gm_fail(m->ctx, GM_ENOMEM, "Morris: %d trajectories of %d inputs", (int)r, (int)d);
  m->out->dim = d, m->out->output_count = m->f->output_count;
  m->out->mu = (gm_sens_value *)(m->out + 1);
  m->out->mu_star = m->out->mu + k;
  m->out->sigma = m->out->mu_star + k;
  m->out->count.complete = true;
  return gm__sens_block_new(m->ctx, m->f, d + 1, r, m->o.batch_max, m->o.leave_out, &m->out->count,
                            &m->block);
}

gm_status gm_morris_run(gm_ctx *ctx, const gm_function *f, const gm_morris_options *options,
                        gm_morris **out)
{
  morris m = {.ctx = ctx, .f = f};
  if (options) m.o = *options;
  gm_status s = options_check(ctx, f, &m.o);
  if (s) return s;
  s = memory(&m);
  if (!s) s = walk(&m);
  if (!s) {
    conclude(&m);
    *out = m.out;
    m.out = NULL;
  }
  gm__sens_block_free(&m.block);
  gm_free(m.order), gm_free(m.up), gm_free(m.effect), gm_free(m.column), gm_free(m.out);
  return s;
}

void gm_morris_free(gm_morris *m) { gm_free(m); }
