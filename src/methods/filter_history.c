/* filter_history.c - the members' outputs at past data times, kept in step with the belief. */
#include "gemel/smooth.h"
#include "methods/filter.h"
#include "num/dense.h"
#include <math.h>
#include <string.h>

typedef struct {
  double t;
  double *value;    /* [rows][n] outputs, then coordinates */
  double *filtered; /* [output_count] weighted means when the data came */
  int32_t *from;    /* [n] member here of each member at the next entry's time (or now) */
} entry;

typedef struct {
  int32_t rows, count, room;
  entry *entry;
  double *deviation; /* [rows][n] */
  double *mix;       /* [n][n], ensemble Kalman filters */
  int32_t *carry;    /* [n] */
} history;

gm_status gm__history_new(gm_filter *f, gm_ctx *ctx)
{
  bool kalman = f->o.kind == GM_FILTER_ENKF || f->o.kind == GM_FILTER_ETKF;
  if (f->o.kind == GM_FILTER_UKF || f->o.kind == GM_FILTER_LETKF)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: history is kept by particles, ENKF and ETKF, not by sigma points and "
                   "local filters");
  if (!kalman && f->o.rejuvenate == GM_REJUVENATE_MOVE)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: resample-move keeps no history");
  history *h = f->history = gm_alloc(ctx, 1, sizeof *h);
  if (!h) return gm_fail(ctx, GM_ENOMEM, "history of a filter");
  h->rows = f->info.output_count + f->d;
  h->carry = gm_alloc(ctx, f->n, sizeof *h->carry);
  if (!h->carry) return gm_fail(ctx, GM_ENOMEM, "history of a filter");
  if (!kalman) return GM_OK;
  h->deviation = gm_alloc(ctx, (ptrdiff_t)h->rows * f->n, sizeof *h->deviation);
  h->mix = gm_alloc(ctx, (ptrdiff_t)f->n * f->n, sizeof *h->mix);
  return h->deviation && h->mix ? GM_OK : gm_fail(ctx, GM_ENOMEM, "history of a filter");
}

static void entry_free(entry *e)
{
  gm_free(e->value);
  gm_free(e->filtered);
  gm_free(e->from);
}

void gm__history_forget(gm_filter *f)
{
  history *h = f->history;
  for (int32_t i = 0; h && i < h->count; i++) entry_free(&h->entry[i]);
  if (h) h->count = 0;
}

void gm__history_free(gm_filter *f)
{
  history *h = f->history;
  if (!h) return;
  gm__history_forget(f);
  gm_free(h->entry);
  gm_free(h->deviation);
  gm_free(h->mix);
  gm_free(h->carry);
  gm_free(h);
}

/* Weighted mean and sd of row[n], members without a value left out. index NULL: as they stand. */
static void moments(const gm_filter *f, const double *row, const int32_t *index, double *mean,
                    double *sd)
{
  double a = 0, b = 0, weight = 0;
  for (int32_t m = 0; m < f->n; m++) {
    double v = row[index ? index[m] : m];
    if (!isfinite(v)) continue;
    weight += f->weight[m];
    a += f->weight[m] * v;
  }
  a /= weight;
  for (int32_t m = 0; m < f->n; m++) {
    double v = row[index ? index[m] : m];
    if (isfinite(v)) b += f->weight[m] * (v - a) * (v - a);
  }
  bool particle = f->o.kind == GM_FILTER_PARTICLE || f->o.kind == GM_FILTER_GUIDED;
  if (!particle) b *= f->n / (f->n - 1.0);
  *mean = weight > 0 ? a : NAN;
  if (sd) *sd = weight > 0 ? sqrt(b / weight) : NAN;
}

gm_status gm__history_take(gm_filter *f, gm_ctx *ctx)
{
  history *h = f->history;
  const int32_t n = f->n, ny = f->info.output_count;
  if (!h) return GM_OK;
  if (h->count == h->room) {
    int32_t room = h->room ? 2 * h->room : 32;
    gm_status s = gm_grow(ctx, (void *)&h->entry, h->room, room, sizeof *h->entry);
    if (s) return s;
    h->room = room;
  }
  entry e = {.t = gm_ensemble_time(f->e)};
  e.value = gm_alloc(ctx, (ptrdiff_t)h->rows * n, sizeof *e.value);
  e.filtered = gm_alloc(ctx, ny, sizeof *e.filtered);
  e.from = gm_alloc(ctx, n, sizeof *e.from);
  gm_status s = e.value && e.filtered && e.from ? GM_OK : gm_fail(ctx, GM_ENOMEM, "history");
  if (!s) s = gm_ensemble_observe(f->e, ctx, f->y); /* an analysis has moved the states */
  if (s) {
    entry_free(&e);
    return s;
  }
  for (int32_t m = 0; m < n; m++) {
    for (int32_t k = 0; k < ny; k++) e.value[(ptrdiff_t)k * n + m] = f->y[(ptrdiff_t)m * ny + k];
    for (int32_t i = 0; i < f->d; i++)
      e.value[(ptrdiff_t)(ny + i) * n + m] = f->z[(ptrdiff_t)m * f->d + i];
    e.from[m] = m;
  }
  for (int32_t k = 0; k < ny; k++)
    moments(f, e.value + (ptrdiff_t)k * n, NULL, &e.filtered[k], NULL);
  h->entry[h->count++] = e;
  return GM_OK;
}

void gm__history_select(gm_filter *f, const int32_t *ancestor)
{
  history *h = f->history;
  if (!h || !h->count) return;
  int32_t *from = h->entry[h->count - 1].from, *copy = h->carry;
  for (int32_t m = 0; m < f->n; m++) copy[m] = from[ancestor[m]];
  memcpy(from, copy, (size_t)f->n * sizeof *from);
}

/* Every past row becomes (keep ? itself : its mean) + deviations times mix[n][n]. */
static void mix_rows(gm_filter *f, const double *mix, bool keep)
{
  history *h = f->history;
  const int32_t n = f->n;
  for (int32_t i = 0; i < h->count; i++) {
    double *value = h->entry[i].value;
    for (int32_t r = 0; r < h->rows; r++) {
      double *row = value + (ptrdiff_t)r * n, *off = h->deviation + (ptrdiff_t)r * n, mean = 0;
      for (int32_t m = 0; m < n; m++) mean += row[m] / n;
      for (int32_t m = 0; m < n; m++) off[m] = row[m] - mean;
      for (int32_t m = 0; m < n && !keep; m++) row[m] = mean;
    }
    gm__dense_add(h->rows, n, n, h->deviation, mix, value);
  }
}

void gm__history_transform(gm_filter *f, const double *gain)
{
  history *h = f->history;
  if (h) mix_rows(f, gain, false);
}

void gm__history_update(gm_filter *f, int32_t m, const double *hp, const double *scaled)
{
  history *h = f->history;
  if (!h) return;
  memset(h->mix, 0, (size_t)f->n * (size_t)f->n * sizeof *h->mix);
  gm__dense_add_at(f->n, m, f->n, hp, scaled, h->mix);
  mix_rows(f, h->mix, true);
}

/* ---- reading it ------------------------------------------------------------------------------ */
static gm_smooth *smooth_new(gm_ctx *ctx, int32_t times, int32_t ny, int32_t d)
{
  gm_smooth *s = gm_alloc(ctx, 1, sizeof *s);
  if (!s) return NULL;
  *s = (gm_smooth){.time_count = times, .output_count = ny, .unknown_count = d};
  s->t = gm_alloc(ctx, times, sizeof *s->t);
  s->mean = gm_alloc(ctx, (ptrdiff_t)times * ny, sizeof *s->mean);
  s->sd = gm_alloc(ctx, (ptrdiff_t)times * ny, sizeof *s->sd);
  s->z_mean = gm_alloc(ctx, (ptrdiff_t)times * d, sizeof *s->z_mean);
  s->z_sd = gm_alloc(ctx, (ptrdiff_t)times * d, sizeof *s->z_sd);
  s->filtered = gm_alloc(ctx, (ptrdiff_t)times * ny, sizeof *s->filtered);
  s->distinct = gm_alloc(ctx, times, sizeof *s->distinct);
  if (s->t && s->mean && s->sd && s->z_mean && s->z_sd && s->filtered && s->distinct) return s;
  gm_smooth_free(s);
  return NULL;
}

static void smooth_entry(const gm_filter *f, const entry *e, const int32_t *index, int32_t i,
                         gm_smooth *s)
{
  const ptrdiff_t n = f->n, ny = s->output_count, d = f->d;
  s->t[i] = e->t;
  memcpy(s->filtered + i * ny, e->filtered, (size_t)ny * sizeof *s->filtered);
  for (ptrdiff_t k = 0; k < ny; k++)
    moments(f, e->value + k * n, index, &s->mean[i * ny + k], &s->sd[i * ny + k]);
  for (ptrdiff_t k = 0; k < d; k++)
    moments(f, e->value + (ny + k) * n, index, &s->z_mean[i * d + k], &s->z_sd[i * d + k]);
}

gm_status gm_filter_smooth(const gm_filter *f, gm_ctx *ctx, gm_smooth **out)
{
  const history *h = f->history;
  const int32_t n = f->n;
  if (!h) return gm_fail(ctx, GM_EINVAL, "smoothing: the filter was made without keep_history");
  if (!h->count) return gm_fail(ctx, GM_EINVAL, "smoothing: no data yet");
  gm_smooth *s = smooth_new(ctx, h->count, f->info.output_count, f->d);
  int32_t *index = gm_alloc(ctx, n, sizeof *index);
  uint8_t *seen = gm_alloc(ctx, n, sizeof *seen);
  if (!s || !index || !seen) {
    gm_smooth_free(s);
    gm_free(index);
    gm_free(seen);
    return gm_fail(ctx, GM_ENOMEM, "smoothing of %d times", (int)h->count);
  }
  for (int32_t m = 0; m < n; m++) index[m] = m;
  for (int32_t i = h->count - 1; i >= 0; i--) {
    memset(seen, 0, (size_t)n);
    for (int32_t m = 0; m < n; m++) {
      index[m] = h->entry[i].from[index[m]];
      if (f->weight[m] > 0) seen[index[m]] = 1;
    }
    for (int32_t m = 0; m < n; m++) s->distinct[i] += seen[m];
    smooth_entry(f, &h->entry[i], index, i, s);
  }
  gm_free(index);
  gm_free(seen);
  *out = s;
  return GM_OK;
}

void gm_smooth_free(gm_smooth *s)
{
  if (!s) return;
  gm_free(s->t);
  gm_free(s->mean);
  gm_free(s->sd);
  gm_free(s->z_mean);
  gm_free(s->z_sd);
  gm_free(s->filtered);
  gm_free(s->distinct);
  gm_free(s);
}
