/* sens_block.c - evaluation of a black box by blocks of rows; intervals from repeats. */
#include "methods/sens_internal.h"
#include "num/distribution.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POINTS_MAX = 8192, NUMBERS_MAX = 1 << 22 };

static int32_t rows_of(const gm_function *f, int32_t per_row, int32_t rows_max, int32_t points_max)
{
  int64_t rows = points_max / per_row;
  int64_t by_memory = NUMBERS_MAX / ((int64_t)per_row * (f->dim + f->output_count));
  if (rows > by_memory) rows = by_memory;
  if (rows > rows_max) rows = rows_max;
  return rows < 1 ? 1 : (int32_t)rows;
}

gm_status gm__sens_block_new(gm_ctx *ctx, const gm_function *f, int32_t per_row, int32_t rows_max,
                             int32_t batch_max, bool leave_out, gm_sens_count *count,
                             gm__sens_block *b)
{
  memset(b, 0, sizeof *b);
  if (batch_max < 0) return gm_fail(ctx, GM_ERANGE, "batch_max %d < 0", (int)batch_max);
  b->ctx = ctx, b->f = f, b->per_row = per_row, b->leave_out = leave_out, b->count = count;
  b->rows = rows_of(f, per_row, rows_max, batch_max ? batch_max : POINTS_MAX);
  ptrdiff_t points = (ptrdiff_t)b->rows * per_row;
  b->u = gm_alloc(ctx, points * f->dim, sizeof *b->u);
  b->key = gm_alloc(ctx, points, sizeof *b->key);
  b->y = gm_alloc(ctx, points * f->output_count, sizeof *b->y);
  b->good = gm_alloc(ctx, b->rows, sizeof *b->good);
  if (b->u && b->key && b->y && b->good) return GM_OK;
  gm__sens_block_free(b);
  return gm_fail(ctx, GM_ENOMEM, "sensitivity: %lld points of %d inputs", (long long)points,
                 (int)f->dim);
}

void gm__sens_block_free(gm__sens_block *b)
{
  gm_free(b->u), gm_free(b->key), gm_free(b->y), gm_free(b->good);
  memset(b, 0, sizeof *b);
}

/* Says which point: the first coordinates are enough to find it again with eval. */
static gm_status not_finite(const gm__sens_block *b, ptrdiff_t point, int32_t output)
{
  char text[160];
  size_t used = 0;
  const double *u = b->u + point * b->f->dim;
  for (int32_t j = 0; j < b->f->dim && used + 24 < sizeof text; j++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%.10g", j ? ", " : "", u[j]);
  return gm_fail(b->ctx, GM_EDOMAIN,
                 "output %d is %g at u = (%s%s), key %llu: a finite number was expected (leave_out "
                 "goes on without such rows)",
                 (int)output + 1, b->y[point * b->f->output_count + output], text,
                 used + 24 < sizeof text ? "" : ", ...", (unsigned long long)b->key[point]);
}

gm_status gm__sens_block_eval(gm__sens_block *b, int32_t rows)
{
  int32_t n = rows * b->per_row, ny = b->f->output_count;
  gm_status s = b->f->eval(b->f->user, b->ctx, n, b->u, b->key, b->y);
  if (s) return s;
  b->count->runs += n;
  for (int32_t i = 0; i < rows; i++) {
    b->good[i] = true;
    for (ptrdiff_t k = (ptrdiff_t)i * b->per_row; k < (ptrdiff_t)(i + 1) * b->per_row; k++) {
      bool finite = true;
      for (int32_t o = 0; o < ny; o++) {
        if (isfinite(b->y[k * ny + o])) continue;
        if (!b->leave_out) return not_finite(b, k, o);
        finite = false;
      }
      b->count->failed += !finite;
      b->good[i] = b->good[i] && finite;
    }
    b->count->left_out += !b->good[i];
  }
  return GM_OK;
}

gm_status gm__sens_level(gm_ctx *ctx, double *level)
{
  if (*level == 0) *level = 0.95;
  if (*level > 0 && *level < 1) return GM_OK;
  return gm_fail(ctx, GM_ERANGE, "level of intervals %g: a number between 0 and 1 was expected",
                 *level);
}

static gm_sens_value student(double value, double error, int32_t n, double level)
{
  double t = gm_dist_t_quantile(0.5 + level / 2, n - 1);
  return (gm_sens_value){value, error, value - t * error, value + t * error};
}

gm_sens_value gm__sens_mean(int32_t n, const double *x, double level)
{
  double mean = 0, square = 0;
  for (int32_t i = 0; i < n; i++) mean += x[i];
  mean /= n;
  for (int32_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
  return student(mean, sqrt(square / (n - 1) / n), n, level);
}

gm_sens_value gm__sens_ratio(int32_t n, const double *num, const double *den, double level)
{
  double above = 0, below = 0, square = 0;
  for (int32_t i = 0; i < n; i++) above += num[i], below += den[i];
  if (!(below > 0)) return (gm_sens_value){NAN, NAN, NAN, NAN};
  double ratio = above / below;
  for (int32_t i = 0; i < n; i++) {
    double rest = num[i] - ratio * den[i];
    square += rest * rest;
  }
  return student(ratio, sqrt(square / (n - 1) / n) / (below / n), n, level);
}
