/* sens_sobol.c - Sobol' indices by pick and freeze on independently scrambled nets.
 * First order: A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, table 2 (b); total: M. J.
 * W. Jansen, Comput. Phys. Commun. 117 (1999) 35; second order: A. Saltelli, Comput. Phys. Commun.
 * 145 (2002) 280. The key of a noisy model is picked and frozen like any input.
 *
 * Points of a row: A, B, then A with input j from B for each j (AB_j), then, with second order, B
 * with input j from A (BA_j). Sums of a net are kept about a shift, so that one pass is enough, and
 * are centred at the mean of all nets at the end. */
#include "gemel/rand.h"
#include "methods/sens_internal.h"
#include "num/quasi.h"
#include <math.h>
#include <string.h>

enum { LOG2_ROWS = 10, LOG2_ROWS_MAX = 26, REPLICATES = 16, INPUTS_SECOND_MAX = 256 };

/* Sums of one net for one output. With second order the two halves (AB and BA) are added up. */
enum { SUM_ROWS, SUM_Y, SUM_YY, SUM_INPUT }; /* rows; (yA-c) + (yB-c); their squares */
enum { INPUT_CROSS, INPUT_DIFF, INPUT_JANSEN, INPUT_NUMBERS }; /* for each input, from SUM_INPUT */

typedef struct {
  gm_ctx *ctx;
  const gm_function *f;
  gm_sobol_options o;
  int32_t inputs, pairs, width; /* width: sums of one net and output */
  gm_sobol *net;
  gm__sens_block block;
  double *point; /* [rows of a block][2 dim] */
  double *sum;   /* [replicate][output][width] */
  double *shift; /* [output]: the first row's A */
  bool shifted;
  double *num, *den, *more; /* [replicate] scratch */
  gm_sobol_shares *out;
} sobol;

int32_t gm_sobol_pair(int32_t inputs, int32_t i, int32_t j)
{
  int32_t a = i < j ? i : j, b = i < j ? j : i;
  return a * inputs - a * (a + 1) / 2 + b - a - 1;
}

static gm_status options_check(gm_ctx *ctx, const gm_function *f, gm_sobol_options *o)
{
  if (f->dim < 1 || f->output_count < 1)
    return gm_fail(ctx, GM_ERANGE, "Sobol' indices: %d inputs, %d outputs", (int)f->dim,
                   (int)f->output_count);
  if (f->dim > GM_SOBOL_DIMENSION_MAX / 2)
    return gm_fail(ctx, GM_EUNSUPPORTED, "Sobol' indices of %d inputs: at most %d", (int)f->dim,
                   GM_SOBOL_DIMENSION_MAX / 2);
  if (o->second && f->dim + 1 > INPUTS_SECOND_MAX)
    return gm_fail(ctx, GM_EUNSUPPORTED, "Sobol' indices of second order of %d inputs: at most %d",
                   (int)f->dim, INPUTS_SECOND_MAX - 1);
  if (!o->log2_rows) o->log2_rows = LOG2_ROWS;
  if (!o->replicate_count) o->replicate_count = REPLICATES;
  if (o->log2_rows < 0 || o->log2_rows > LOG2_ROWS_MAX)
    return gm_fail(ctx, GM_ERANGE, "Sobol' indices: 2^%d rows, 2^1 to 2^%d were expected",
                   (int)o->log2_rows, LOG2_ROWS_MAX);
  if (o->replicate_count < 2)
    return gm_fail(ctx, GM_ERANGE, "Sobol' indices: %d replicates, at least 2 were expected",
                   (int)o->replicate_count);
  return gm__sens_level(ctx, &o->level);
}

/* ---- points --------------------------------------------------------------------------------- */
/* Row i of the block from the point x = (a, b): A, B, AB_j, BA_j. */
static void fill_points(sobol *w, int32_t i, const double *x)
{
  int32_t d = w->f->dim, n = w->inputs;
  size_t bytes = (size_t)d * sizeof *x;
  double *u = w->block.u + (ptrdiff_t)i * w->block.per_row * d;
  memcpy(u, x, 2 * bytes);
  u += 2 * d;
  for (int32_t half = 0; half < (w->o.second ? 2 : 1); half++)
    for (int32_t j = 0; j < n; j++, u += d) {
      memcpy(u, x + (half ? d : 0), bytes);
      if (j < d) u[j] = x[(half ? 0 : d) + j];
    }
}

static void fill_keys(sobol *w, int32_t i, uint64_t replicate, uint64_t row)
{
  uint64_t seed = gm_hash64(w->o.seed, GM_PURPOSE_SENSITIVITY), ab[2];
  for (uint64_t k = 0; k < 2; k++) ab[k] = gm_hash64(gm_hash64(seed, 2 * replicate + k), row);
  uint64_t *key = w->block.key + (ptrdiff_t)i * w->block.per_row;
  *key++ = ab[0];
  *key++ = ab[1];
  for (int32_t half = 0; half < (w->o.second ? 2 : 1); half++)
    for (int32_t j = 0; j < w->inputs; j++) *key++ = ab[j < w->f->dim ? half : !half];
}

/* ---- sums ----------------------------------------------------------------------------------- */
static void add_inputs(double *s, int32_t inputs, double own, double other, double c,
                       const double *y, int32_t stride)
{
  /* own: y at the base point; other: at the point whose input j was put in */
  for (int32_t j = 0; j < inputs; j++, s += INPUT_NUMBERS) {
    double diff = y[(ptrdiff_t)j * stride] - own;
    s[INPUT_CROSS] += (other - c) * diff;
    s[INPUT_DIFF] += diff;
    s[INPUT_JANSEN] += diff * diff;
  }
}

/* Sums of (yBA_i - c)(yAB_j - c), both ways round: they share inputs i and j alone. */
static void add_pairs(double *s, int32_t inputs, double c, const double *y, int32_t stride)
{
  const double *ba = y + (ptrdiff_t)inputs * stride;
  for (int32_t i = 0; i < inputs; i++)
    for (int32_t j = i + 1; j < inputs; j++)
      *s++ += (ba[(ptrdiff_t)i * stride] - c) * (y[(ptrdiff_t)j * stride] - c) +
              (ba[(ptrdiff_t)j * stride] - c) * (y[(ptrdiff_t)i * stride] - c);
}

static void add_row(sobol *w, int32_t replicate, const double *y)
{
  int32_t ny = w->f->output_count, n = w->inputs;
  if (!w->shifted) memcpy(w->shift, y, (size_t)ny * sizeof *y);
  w->shifted = true;
  for (int32_t o = 0; o < ny; o++) {
    double *s = w->sum + ((ptrdiff_t)replicate * ny + o) * w->width;
    double c = w->shift[o], a = y[o], b = y[ny + o];
    s[SUM_ROWS] += 1;
    s[SUM_Y] += (a - c) + (b - c);
    s[SUM_YY] += (a - c) * (a - c) + (b - c) * (b - c);
    add_inputs(s + SUM_INPUT, n, a, b, c, y + 2 * ny + o, ny);
    if (!w->o.second) continue;
    add_inputs(s + SUM_INPUT, n, b, a, c, y + (ptrdiff_t)(2 + n) * ny + o, ny);
    add_pairs(s + SUM_INPUT + (ptrdiff_t)INPUT_NUMBERS * n, n, c, y + 2 * ny + o, ny);
  }
}

static gm_status one_net(sobol *w, int32_t replicate, bool *stopped)
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
    gm_sobol_next(w->net, n, w->point);
    for (int32_t i = 0; i < n; i++) {
      fill_points(w, i, w->point + (ptrdiff_t)i * 2 * w->f->dim);
      if (w->f->noisy) fill_keys(w, i, (uint64_t)replicate, (uint64_t)(at + i));
    }
    gm_status s = gm__sens_block_eval(&w->block, n);
    if (s) return s;
    for (int32_t i = 0; i < n; i++)
      if (w->block.good[i])
        add_row(w, replicate, w->block.y + (ptrdiff_t)i * w->block.per_row * w->f->output_count);
    at += n;
    gm_watch_progress(w->o.watch, "Sobol' indices",
                      (replicate + (double)at / rows) / w->o.replicate_count);
  }
  return GM_OK;
}

static gm_status all_nets(sobol *w)
{
  bool stopped = false;
  gm_status s = GM_OK;
  gm_sens_count *count = &w->out->count;
  for (int32_t r = 0; r < w->o.replicate_count && !s && !stopped; r++) {
    s = one_net(w, r, &stopped);
    if (s || stopped) break;
    if (w->sum[(ptrdiff_t)r * w->f->output_count * w->width + SUM_ROWS] < 2)
      return gm_fail(w->ctx, GM_ENUMERIC,
                     "Sobol' indices: outputs are not finite in nearly all rows of net %d",
                     (int)r + 1);
    count->used++;
  }
  if (s) return s;
  count->complete = !stopped;
  if (count->used < 2)
    return gm_fail(w->ctx, GM_ECANCELLED, "Sobol' indices: stopped after %d nets",
                   (int)count->used);
  return GM_OK;
}

/* ---- shares --------------------------------------------------------------------------------- */
static const double *sums(const sobol *w, int32_t replicate, int32_t output)
{
  return w->sum + ((ptrdiff_t)replicate * w->f->output_count + output) * w->width;
}

/* E[(other - mean)(y_j - own)]: what input j does by itself. mean is counted from the shift. */
static double first_part(const sobol *w, const double *s, int32_t j, double mean)
{
  const double *in = s + SUM_INPUT + (ptrdiff_t)INPUT_NUMBERS * j;
  return (in[INPUT_CROSS] - mean * in[INPUT_DIFF]) / (s[SUM_ROWS] * (w->o.second ? 2 : 1));
}

static double total_part(const sobol *w, const double *s, int32_t j)
{
  const double *in = s + SUM_INPUT + (ptrdiff_t)INPUT_NUMBERS * j;
  return in[INPUT_JANSEN] / (2 * s[SUM_ROWS] * (w->o.second ? 2 : 1));
}

/* E[(yBA_i - mean)(yAB_j - mean)] of both ways round: Var E[Y | X_i, X_j]. The sums of the AB_j and
 * BA_j are 2 SUM_Y-like: each is the base's sum plus its differences. */
static double pair_part(const sobol *w, const double *s, int32_t i, int32_t j, double mean)
{
  const double *pair = s + SUM_INPUT + (ptrdiff_t)INPUT_NUMBERS * w->inputs;
  double product = pair[gm_sobol_pair(w->inputs, i, j)];
  /* sum of (yBA_i - c) + (yAB_i - c) over rows, and the same of j */
  double of_i = s[SUM_Y] + s[SUM_INPUT + INPUT_NUMBERS * i + INPUT_DIFF];
  double of_j = s[SUM_Y] + s[SUM_INPUT + INPUT_NUMBERS * j + INPUT_DIFF];
  double n = s[SUM_ROWS];
  return (product - mean * (of_i + of_j)) / (2 * n) + mean * mean;
}

static double mean_all(const sobol *w, int32_t o)
{
  double sum = 0;
  for (int32_t r = 0; r < w->out->count.used; r++)
    sum += sums(w, r, o)[SUM_Y] / (2 * sums(w, r, o)[SUM_ROWS]);
  return sum / w->out->count.used;
}

static void conclude_moments(sobol *w, int32_t o, double mean)
{
  int32_t n = w->out->count.used;
  for (int32_t r = 0; r < n; r++) {
    const double *s = sums(w, r, o);
    w->num[r] = w->shift[o] + s[SUM_Y] / (2 * s[SUM_ROWS]);
    w->den[r] = s[SUM_YY] / (2 * s[SUM_ROWS]) - mean * s[SUM_Y] / s[SUM_ROWS] + mean * mean;
  }
  w->out->mean[o] = gm__sens_mean(n, w->num, w->o.level);
  w->out->variance[o] = gm__sens_mean(n, w->den, w->o.level);
}

/* Shares of input j; w->den holds the variances of the nets. */
static void conclude_input(sobol *w, int32_t o, int32_t j, double mean)
{
  int32_t n = w->out->count.used;
  ptrdiff_t at = (ptrdiff_t)o * w->inputs + j;
  for (int32_t r = 0; r < n; r++) w->num[r] = first_part(w, sums(w, r, o), j, mean);
  w->out->first[at] = gm__sens_ratio(n, w->num, w->den, w->o.level);
  for (int32_t r = 0; r < n; r++) {
    double total = total_part(w, sums(w, r, o), j);
    w->num[r] = total - w->num[r];
    w->more[r] = total;
  }
  w->out->total[at] = gm__sens_ratio(n, w->more, w->den, w->o.level);
  w->out->interaction[at] = gm__sens_ratio(n, w->num, w->den, w->o.level);
}

static void conclude_explained(sobol *w, int32_t o, double mean)
{
  int32_t n = w->out->count.used, d = w->f->dim;
  for (int32_t r = 0; r < n; r++)
    w->more[r] = w->den[r] - (w->f->noisy ? total_part(w, sums(w, r, o), d) : 0);
  w->out->explained[o] = gm__sens_ratio(n, w->more, w->den, w->o.level);
  for (int32_t j = 0; j < d; j++) {
    for (int32_t r = 0; r < n; r++) w->num[r] = first_part(w, sums(w, r, o), j, mean);
    w->out->explained_first[(ptrdiff_t)o * d + j] = gm__sens_ratio(n, w->num, w->more, w->o.level);
  }
}

static void conclude_pairs(sobol *w, int32_t o, double mean)
{
  int32_t n = w->out->count.used, k = 0;
  for (int32_t i = 0; i < w->inputs; i++)
    for (int32_t j = i + 1; j < w->inputs; j++, k++) {
      for (int32_t r = 0; r < n; r++) {
        const double *s = sums(w, r, o);
        w->num[r] =
            pair_part(w, s, i, j, mean) - first_part(w, s, i, mean) - first_part(w, s, j, mean);
      }
      w->out->second[(ptrdiff_t)o * w->pairs + k] = gm__sens_ratio(n, w->num, w->den, w->o.level);
    }
}

static void conclude(sobol *w)
{
  for (int32_t o = 0; o < w->f->output_count; o++) {
    double mean = mean_all(w, o); /* from the shift */
    conclude_moments(w, o, mean);
    for (int32_t j = 0; j < w->inputs; j++) conclude_input(w, o, j, mean);
    conclude_explained(w, o, mean);
    if (w->o.second) conclude_pairs(w, o, mean);
  }
}

/* ---- memory --------------------------------------------------------------------------------- */
static gm_status result_new(sobol *w)
{
  ptrdiff_t ny = w->f->output_count, k = ny * w->inputs, d = ny * w->f->dim;
  ptrdiff_t pairs = w->o.second ? ny * w->pairs : 0;
  size_t values = (size_t)(3 * k + d + 3 * ny + pairs);
  gm_sobol_shares *out = gm_alloc(w->ctx, 1, sizeof *out + values * sizeof(gm_sens_value));
  if (!out) return gm_fail(w->ctx, GM_ENOMEM, "Sobol' indices of %d inputs", (int)w->inputs);
  out->dim = w->f->dim, out->inputs = w->inputs, out->output_count = w->f->output_count;
  out->pairs = w->pairs, out->rows = 1 << w->o.log2_rows;
  gm_sens_value *v = (gm_sens_value *)(out + 1);
  out->first = v, out->total = v + k, out->interaction = v + 2 * k;
  out->explained_first = v + 3 * k, v += 3 * k + d;
  out->explained = v, out->mean = v + ny, out->variance = v + 2 * ny;
  out->second = pairs ? v + 3 * ny : NULL;
  w->out = out;
  return GM_OK;
}

static gm_status memory(sobol *w)
{
  int32_t n = w->inputs, r = w->o.replicate_count, ny = w->f->output_count;
  w->pairs = n * (n - 1) / 2;
  w->width = SUM_INPUT + INPUT_NUMBERS * n + (w->o.second ? w->pairs : 0);
  gm_status s = result_new(w);
  if (!s) s = gm_sobol_new(w->ctx, 2 * w->f->dim, NULL, &w->net);
  if (!s)
    s = gm__sens_block_new(w->ctx, w->f, 2 + n * (w->o.second ? 2 : 1), 1 << w->o.log2_rows,
                           w->o.batch_max, w->o.leave_out, &w->out->count, &w->block);
  if (s) return s;
  w->point = gm_alloc(w->ctx, (ptrdiff_t)w->block.rows * 2 * w->f->dim, sizeof *w->point);
  w->sum = gm_alloc(w->ctx, (ptrdiff_t)r * ny * w->width, sizeof *w->sum);
  w->shift = gm_alloc(w->ctx, ny, sizeof *w->shift);
  w->num = gm_alloc(w->ctx, 3 * (ptrdiff_t)r, sizeof *w->num);
  if (!w->point || !w->sum || !w->shift || !w->num)
    return gm_fail(w->ctx, GM_ENOMEM, "Sobol' indices: sums of %d nets", (int)r);
  w->den = w->num + r;
  w->more = w->den + r;
  return GM_OK;
}

gm_status gm_sobol_run(gm_ctx *ctx, const gm_function *f, const gm_sobol_options *options,
                       gm_sobol_shares **out)
{
  sobol w = {.ctx = ctx, .f = f};
  if (options) w.o = *options;
  gm_status s = options_check(ctx, f, &w.o);
  if (s) return s;
  w.inputs = f->dim + (f->noisy ? 1 : 0);
  s = memory(&w);
  if (!s) s = all_nets(&w);
  if (!s) {
    conclude(&w);
    *out = w.out;
    w.out = NULL;
  }
  gm__sens_block_free(&w.block);
  gm_sobol_free(w.net);
  gm_free(w.point), gm_free(w.sum), gm_free(w.shift), gm_free(w.num), gm_free(w.out);
  return s;
}

void gm_sobol_shares_free(gm_sobol_shares *s) { gm_free(s); }
