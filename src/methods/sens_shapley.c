/* sens_shapley.c - Shapley effects of independent or Gaussian-coupled inputs.
 * A. B. Owen, SIAM/ASA J. Uncertain. Quantif. 2 (2014) 245; E. Song, B. L. Nelson & J. Staum,
 * ibid. 4 (2016) 1060 (the game c(set) = E Var[Y | the others], and random orders); T. Goda,
 * Reliab. Eng. Syst. Saf. 213 (2021) 107803 (one base point serves a whole order).
 *
 * A row has a base point and points where a set of inputs is drawn anew given the others; half the
 * squared difference of their outputs is without bias for c(set). */
#include "gemel/math.h"
#include "gemel/rand.h"
#include "methods/sens_internal.h"
#include "num/linalg.h"
#include "num/quasi.h"
#include <math.h>
#include <string.h>

enum { LOG2_ROWS = 10, LOG2_ROWS_MAX = 26, REPLICATES = 16, EXACT = 5, EXACT_MAX = 12 };

typedef struct {
  gm_ctx *ctx;
  const gm_function *f;
  gm_shapley_options o;
  int32_t inputs;
  bool exact;
  gm_sobol *net;
  gm__sens_block block;
  double *point;   /* [rows of a block][2 dim] uniform: base, innovations */
  double *factor;  /* [dim][dim] of the correlation, natural order; NULL: independent */
  double *by_set;  /* exact and dependent: [2^dim][dim][dim], kept inputs first */
  double *by_row;  /* random and dependent: [dim][dim] */
  double *scratch; /* [dim][dim + 4] */
  double *weight;  /* [inputs]: of a set's size in the exact sum */
  int32_t *order;  /* [inputs] scratch: order of the players */
  int32_t *place;  /* [dim] scratch: order of the factor's rows */
  double *sum;     /* [replicate][output][inputs + 2]: effects, variance, rows */
  double *num, *den;
  gm_shapley *out;
} shapley;

static gm_status correlation_check(gm_ctx *ctx, int32_t d, const double *r)
{
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j <= i; j++) {
      double a = r[(ptrdiff_t)i * d + j], b = r[(ptrdiff_t)j * d + i];
      if (!(a == b) || (i == j && a != 1))
        return gm_fail(ctx, GM_EDOMAIN,
                       "Shapley: correlation (%d, %d) is %g, (%d, %d) is %g: a symmetric matrix "
                       "with 1 on its diagonal was expected",
                       (int)i + 1, (int)j + 1, a, (int)j + 1, (int)i + 1, b);
    }
  return GM_OK;
}

static gm_status options_check(gm_ctx *ctx, const gm_function *f, gm_shapley_options *o)
{
  if (f->dim < 1 || f->output_count < 1)
    return gm_fail(ctx, GM_ERANGE, "Shapley: %d inputs, %d outputs", (int)f->dim,
                   (int)f->output_count);
  if (f->dim > GM_SOBOL_DIMENSION_MAX / 2)
    return gm_fail(ctx, GM_EUNSUPPORTED, "Shapley effects of %d inputs: at most %d", (int)f->dim,
                   GM_SOBOL_DIMENSION_MAX / 2);
  if (!o->log2_rows) o->log2_rows = LOG2_ROWS;
  if (!o->replicate_count) o->replicate_count = REPLICATES;
  if (!o->exact_max) o->exact_max = EXACT;
  if (o->log2_rows < 0 || o->log2_rows > LOG2_ROWS_MAX || o->replicate_count < 2 ||
      o->exact_max < -1 || o->exact_max > EXACT_MAX)
    return gm_fail(
        ctx, GM_ERANGE,
        "Shapley: 2^%d rows (1 to %d), %d replicates (2 or more), exact to %d (-1 to %d)",
        (int)o->log2_rows, LOG2_ROWS_MAX, (int)o->replicate_count, (int)o->exact_max, EXACT_MAX);
  gm_status s = gm__sens_level(ctx, &o->level);
  if (!s && o->correlation) s = correlation_check(ctx, f->dim, o->correlation);
  return s;
}

/* ---- conditional draws -------------------------------------------------------------------- */
/* The factor of the correlation with its rows and columns in the order place[dim]. */
static gm_status factor_of(shapley *w, const int32_t *place, double *l)
{
  int32_t d = w->f->dim;
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < d; j++)
      w->scratch[(ptrdiff_t)i * d + j] = w->o.correlation[(ptrdiff_t)place[i] * d + place[j]];
  return gm_la_cholesky(w->ctx, d, w->scratch, l);
}

static double open_cdf(double z)
{
  double u = gm_norm_cdf(z);
  return u > 0x1p-60 ? (u < 1 ? u : 1 - 0x1p-53) : 0x1p-60;
}

/* Base point of a row: u[dim], and its normal scores in w->scratch[0 .. dim). */
static void base_point(shapley *w, const double *x, double *u)
{
  int32_t d = w->f->dim;
  if (!w->factor) {
    memcpy(u, x, (size_t)d * sizeof *u);
    return;
  }
  double *z = w->scratch, *e = z + d;
  for (int32_t j = 0; j < d; j++) e[j] = gm_norm_quantile(x[j]);
  gm_la_mul_vec(d, d, w->factor, e, z);
  for (int32_t j = 0; j < d; j++) u[j] = open_cdf(z[j]);
}

/* u: the base point with the inputs place[kept ...] drawn anew, given the others, from the
 * innovations x[dim]; l: the factor in the order of place. */
static void redraw(shapley *w, const double *l, const int32_t *place, int32_t kept,
                   const double *base, const double *x, double *u)
{
  int32_t d = w->f->dim;
  memcpy(u, base, (size_t)d * sizeof *u);
  if (!w->factor) {
    for (int32_t k = kept; k < d; k++) u[place[k]] = x[place[k]];
    return;
  }
  const double *z = w->scratch;
  double *e = w->scratch + d;
  for (int32_t k = 0; k < d; k++) {
    const double *row = l + (ptrdiff_t)k * d;
    double mean = gm_la_dot(k, row, e);
    if (k < kept) {
      e[k] = (z[place[k]] - mean) / row[k];
    } else {
      e[k] = gm_norm_quantile(x[place[k]]);
      u[place[k]] = open_cdf(mean + row[k] * e[k]);
    }
  }
}

/* Inputs outside the set first. Returns how many. */
static int32_t place_set(const shapley *w, uint32_t set)
{
  int32_t d = w->f->dim, kept = 0, k = 0;
  for (int32_t j = 0; j < d; j++)
    if (!(set >> j & 1)) w->place[k++] = j;
  kept = k;
  for (int32_t j = 0; j < d; j++)
    if (set >> j & 1) w->place[k++] = j;
  return kept;
}

/* ---- rows --------------------------------------------------------------------------------- */
static uint64_t row_key(const shapley *w, int32_t replicate, int32_t row, uint64_t which)
{
  uint64_t seed = gm_hash64(w->o.seed, GM_PURPOSE_SENSITIVITY);
  return gm_hash64(gm_hash64(seed, 2 * (uint64_t)replicate + which), (uint64_t)row);
}

/* All sets: point `set` has the players of set drawn anew; the key is player dim. */
static void fill_exact(shapley *w, int32_t i, int32_t replicate, int32_t row)
{
  int32_t d = w->f->dim;
  ptrdiff_t first = (ptrdiff_t)i * w->block.per_row;
  const double *x = w->point + (ptrdiff_t)i * 2 * d;
  double *u = w->block.u + first * d;
  uint32_t inner = 1u << d;
  base_point(w, x, u);
  for (uint32_t set = 1; set < inner; set++) {
    int32_t kept = place_set(w, set);
    redraw(w, w->by_set ? w->by_set + (ptrdiff_t)set * d * d : NULL, w->place, kept, u, x + d,
           u + (ptrdiff_t)set * d);
  }
  if (!w->f->noisy) return;
  memcpy(u + (ptrdiff_t)inner * d, u, (size_t)inner * (size_t)d * sizeof *u);
  for (uint32_t set = 0; set < 2 * inner; set++)
    w->block.key[first + set] = row_key(w, replicate, row, set >= inner);
}

/* The order of the players of this row (Fisher-Yates), into w->order. */
static void draw_order(const shapley *w, int32_t replicate, int32_t row)
{
  gm_key key = gm_key_make(w->o.seed, GM_PURPOSE_SENSITIVITY, 1, (uint64_t)replicate);
  for (int32_t j = 0; j < w->inputs; j++) {
    double u = gm_uniform(key, 0, (uint64_t)j, gm_kind_draw(0, 0), (uint64_t)row);
    int32_t k = (int32_t)(u * (j + 1));
    w->order[j] = w->order[k];
    w->order[k] = j;
  }
}

/* One order: point k has its first k players drawn anew. */
static gm_status fill_random(shapley *w, int32_t i, int32_t replicate, int32_t row)
{
  int32_t d = w->f->dim, kept = d;
  ptrdiff_t first = (ptrdiff_t)i * w->block.per_row;
  const double *x = w->point + (ptrdiff_t)i * 2 * d;
  double *u = w->block.u + first * d;
  draw_order(w, replicate, row);
  for (int32_t k = 0, at = d; k < w->inputs; k++) /* who is drawn anew last is kept longest */
    if (w->order[k] < d) w->place[--at] = w->order[k];
  if (w->factor) {
    gm_status s = factor_of(w, w->place, w->by_row);
    if (s) return s;
  }
  base_point(w, x, u);
  bool key = false;
  for (int32_t k = 0; k <= w->inputs; k++) {
    if (k && w->order[k - 1] < d) kept--;
    if (k && w->order[k - 1] == d) key = true;
    if (k) redraw(w, w->by_row, w->place, kept, u, x + d, u + (ptrdiff_t)k * d);
    if (w->f->noisy) w->block.key[first + k] = row_key(w, replicate, row, key);
  }
  return GM_OK;
}

static double half_square(double a, double b) { return 0.5 * (a - b) * (a - b); }

static void add_exact(const shapley *w, const double *y, int32_t o, double *s)
{
  int32_t ny = w->f->output_count, n = w->inputs;
  for (uint32_t set = 0; set < 1u << n; set++) {
    double without = half_square(y[o], y[(ptrdiff_t)set * ny + o]);
    double weight = w->weight[__builtin_popcount(set) < n ? __builtin_popcount(set) : n - 1];
    for (int32_t j = 0; j < n; j++)
      if (!(set >> j & 1))
        s[j] += weight * (half_square(y[o], y[(ptrdiff_t)(set | 1u << j) * ny + o]) - without);
  }
  s[n] += half_square(y[o], y[(ptrdiff_t)((1u << n) - 1) * ny + o]);
}

static void add_random(const shapley *w, const double *y, int32_t o, double *s)
{
  int32_t ny = w->f->output_count, n = w->inputs;
  double before = 0;
  for (int32_t k = 1; k <= n; k++) {
    double now = half_square(y[o], y[(ptrdiff_t)k * ny + o]);
    s[w->order[k - 1]] += now - before;
    before = now;
  }
  s[n] += before;
}

static void add_row(shapley *w, int32_t replicate, int32_t row, const double *y)
{
  if (!w->exact) draw_order(w, replicate, row);
  for (int32_t o = 0; o < w->f->output_count; o++) {
    double *s = w->sum + ((ptrdiff_t)replicate * w->f->output_count + o) * (w->inputs + 2);
    if (w->exact)
      add_exact(w, y, o, s);
    else
      add_random(w, y, o, s);
    s[w->inputs + 1] += 1;
  }
}

static gm_status one_block(shapley *w, int32_t replicate, int32_t at, int32_t n)
{
  gm_sobol_next(w->net, n, w->point);
  for (int32_t i = 0; i < n; i++) {
    gm_status s = GM_OK;
    if (w->exact)
      fill_exact(w, i, replicate, at + i);
    else
      s = fill_random(w, i, replicate, at + i);
    if (s) return s;
  }
  gm_status s = gm__sens_block_eval(&w->block, n);
  if (s) return s;
  for (int32_t i = 0; i < n; i++)
    if (w->block.good[i])
      add_row(w, replicate, at + i,
              w->block.y + (ptrdiff_t)i * w->block.per_row * w->f->output_count);
  return GM_OK;
}

static gm_status one_net(shapley *w, int32_t replicate, bool *stopped)
{
  int32_t rows = 1 << w->o.log2_rows;
  uint64_t key = gm_hash64(gm_hash64(w->o.seed, GM_PURPOSE_SENSITIVITY), ~(uint64_t)replicate);
  gm_sobol_net(w->net, w->o.log2_rows, &key);
  for (int32_t at = 0; at < rows;) {
    int32_t n = w->block.rows < rows - at ? w->block.rows : rows - at;
    if (gm_watch_stop(w->o.watch)) {
      *stopped = true;
      return GM_OK;
    }
    gm_status s = one_block(w, replicate, at, n);
    if (s) return s;
    at += n;
    gm_watch_progress(w->o.watch, "Shapley effects",
                      (replicate + (double)at / rows) / w->o.replicate_count);
  }
  const double *s = w->sum + (ptrdiff_t)replicate * w->f->output_count * (w->inputs + 2);
  if (s[w->inputs + 1] < 1)
    return gm_fail(w->ctx, GM_ENUMERIC, "Shapley: outputs are not finite in all rows of net %d",
                   (int)replicate + 1);
  return GM_OK;
}

static gm_status all_nets(shapley *w)
{
  bool stopped = false;
  gm_sens_count *count = &w->out->count;
  for (int32_t r = 0; r < w->o.replicate_count && !stopped; r++) {
    gm_status s = one_net(w, r, &stopped);
    if (s) return s;
    count->used += !stopped;
  }
  count->complete = !stopped;
  if (count->used >= 2) return GM_OK;
  return gm_fail(w->ctx, GM_ECANCELLED, "Shapley: stopped after %d nets", (int)count->used);
}

static void conclude(shapley *w)
{
  int32_t n = w->out->count.used, width = w->inputs + 2;
  for (int32_t o = 0; o < w->f->output_count; o++) {
    const double *s = w->sum + (ptrdiff_t)o * width;
    ptrdiff_t next = (ptrdiff_t)w->f->output_count * width;
    for (int32_t r = 0; r < n; r++)
      w->den[r] = s[r * next + w->inputs] / s[r * next + w->inputs + 1];
    w->out->variance[o] = gm__sens_mean(n, w->den, w->o.level);
    for (int32_t j = 0; j < w->inputs; j++) {
      for (int32_t r = 0; r < n; r++) w->num[r] = s[r * next + j] / s[r * next + w->inputs + 1];
      w->out->effect[(ptrdiff_t)o * w->inputs + j] = gm__sens_ratio(n, w->num, w->den, w->o.level);
    }
  }
}

/* ---- memory ------------------------------------------------------------------------------- */
static gm_status factors_new(shapley *w)
{
  int32_t d = w->f->dim;
  ptrdiff_t square = (ptrdiff_t)d * d, sets = w->exact ? (ptrdiff_t)1 << d : 0;
  if (!w->o.correlation) return GM_OK;
  w->factor = gm_alloc(w->ctx, square, sizeof *w->factor);
  w->by_row = gm_alloc(w->ctx, square, sizeof *w->by_row);
  w->by_set = gm_alloc(w->ctx, sets * square, sizeof *w->by_set);
  if (!w->factor || !w->by_row || !w->by_set)
    return gm_fail(w->ctx, GM_ENOMEM, "Shapley: factors of %d inputs", (int)d);
  place_set(w, 0);
  gm_status s = factor_of(w, w->place, w->factor);
  for (ptrdiff_t set = 0; set < sets && !s; set++) {
    place_set(w, (uint32_t)set);
    s = factor_of(w, w->place, w->by_set + set * square);
  }
  return s;
}

/* |set|! (inputs - |set| - 1)! / inputs!: the share of orders in which exactly set comes before. */
static void weights_fill(shapley *w)
{
  int32_t n = w->inputs;
  if (!w->exact) return;
  w->weight[0] = 1.0 / n;
  for (int32_t k = 1; k < n; k++) w->weight[k] = w->weight[k - 1] * k / (n - k);
}

static gm_status result_new(shapley *w)
{
  size_t ny = (size_t)w->f->output_count, values = ny * (size_t)w->inputs + ny;
  gm_shapley *out = gm_alloc(w->ctx, 1, sizeof *out + values * sizeof(gm_sens_value));
  if (!out) return gm_fail(w->ctx, GM_ENOMEM, "Shapley effects of %d inputs", (int)w->inputs);
  out->dim = w->f->dim, out->inputs = w->inputs, out->output_count = w->f->output_count;
  out->exact_orders = w->exact;
  out->effect = (gm_sens_value *)(out + 1);
  out->variance = out->effect + ny * (size_t)w->inputs;
  w->out = out;
  return GM_OK;
}

static gm_status memory(shapley *w)
{
  int32_t d = w->f->dim, n = w->inputs, r = w->o.replicate_count;
  gm_status s = result_new(w);
  if (!s) s = gm_sobol_new(w->ctx, 2 * d, NULL, &w->net);
  if (!s)
    s = gm__sens_block_new(w->ctx, w->f, w->exact ? 1 << n : n + 1, 1 << w->o.log2_rows,
                           w->o.batch_max, w->o.leave_out, &w->out->count, &w->block);
  if (s) return s;
  w->point = gm_alloc(w->ctx, (ptrdiff_t)w->block.rows * 2 * d, sizeof *w->point);
  w->scratch = gm_alloc(w->ctx, (ptrdiff_t)d * (d + 4), sizeof *w->scratch);
  w->weight = gm_alloc(w->ctx, n, sizeof *w->weight);
  w->order = gm_alloc(w->ctx, n + d, sizeof *w->order);
  w->sum = gm_alloc(w->ctx, (ptrdiff_t)r * w->f->output_count * (n + 2), sizeof *w->sum);
  w->num = gm_alloc(w->ctx, 2 * (ptrdiff_t)r, sizeof *w->num);
  if (!w->point || !w->scratch || !w->weight || !w->order || !w->sum || !w->num)
    return gm_fail(w->ctx, GM_ENOMEM, "Shapley: sums of %d nets", (int)r);
  w->place = w->order + n;
  w->den = w->num + r;
  weights_fill(w);
  return factors_new(w);
}

gm_status gm_shapley_run(gm_ctx *ctx, const gm_function *f, const gm_shapley_options *options,
                         gm_shapley **out)
{
  shapley w = {.ctx = ctx, .f = f};
  if (options) w.o = *options;
  gm_status s = options_check(ctx, f, &w.o);
  if (s) return s;
  w.inputs = f->dim + (f->noisy ? 1 : 0);
  w.exact = w.inputs <= w.o.exact_max;
  s = memory(&w);
  if (!s) s = all_nets(&w);
  if (!s) {
    conclude(&w);
    *out = w.out;
    w.out = NULL;
  }
  gm__sens_block_free(&w.block);
  gm_sobol_free(w.net);
  gm_free(w.point), gm_free(w.factor), gm_free(w.by_set), gm_free(w.by_row);
  gm_free(w.scratch), gm_free(w.weight), gm_free(w.order), gm_free(w.sum), gm_free(w.num);
  gm_free(w.out);
  return s;
}

void gm_shapley_free(gm_shapley *s) { gm_free(s); }
