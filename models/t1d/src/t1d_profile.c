/* t1d_profile.c - readings by time of day, sorted once by glucose; weighted quantiles by bin. */
#include "t1d_profile.h"
#include "gemel/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

#define DAY_MIN 1440.0

const double t1d_profile_level[T1D_LEVEL_COUNT] = {0.05, 0.25, 0.5, 0.75, 0.95};

typedef struct {
  double value;
  double at;   /* minutes since midnight; in a window: the weight */
  int32_t day; /* 0: the last 24 h */
} item;

typedef struct {
  t1d_profile_options o;
  double *t, *g;
  int32_t n;
  item *sorted;         /* by bin, then by glucose */
  int32_t *start;       /* [bin + 1] into sorted */
  item *near, *scratch; /* the window of a bin */
  double *day_weight, *day_below;
  int32_t *seen; /* [day]: last bin that saw the day, plus 1 */
  t1d_profile *p;
} work;

/* ---- sorting: by runs, for a window is made of bins that are sorted already ------------------ */
static int32_t run_end(const item *a, int32_t from, int32_t n)
{
  int32_t i = from + 1;
  while (i < n && a[i - 1].value <= a[i].value) i++;
  return i < n ? i : n;
}

static void merge(const item *a, int32_t from, int32_t middle, int32_t to, item *out)
{
  int32_t i = from, j = middle;
  for (int32_t k = from; k < to; k++)
    out[k] = j >= to || (i < middle && a[i].value <= a[j].value) ? a[i++] : a[j++];
}

/* Natural merge sort, stable. Both arrays hold n; the result is in the one returned. */
static item *sort_runs(item *a, item *b, int32_t n)
{
  for (;;) {
    int32_t from = 0, runs = 0;
    while (from < n) {
      int32_t middle = run_end(a, from, n);
      int32_t to = middle < n ? run_end(a, middle, n) : n;
      merge(a, from, middle, to, b);
      from = to;
      runs++;
    }
    item *swap = a;
    a = b;
    b = swap;
    if (runs <= 1) return a;
  }
}

/* ---- quantiles ------------------------------------------------------------------------------- */
/* Value where the middle of the weights reaches p of all; a[].at are weights, sorted by value. */
static double quantile(const item *a, int32_t n, double all, double p)
{
  double before = 0, last = 0; /* weight before item i; position of the item before */
  for (int32_t i = 0; i < n; i++) {
    double at = (before + 0.5 * a[i].at) / all;
    if (at >= p) {
      if (i == 0) return a[0].value;
      return a[i - 1].value + (a[i].value - a[i - 1].value) * (p - last) / (at - last);
    }
    before += a[i].at;
    last = at;
  }
  return a[n - 1].value;
}

/* Standard error of the share of the weight that lies at or below value, a ratio of sums over
 * days: from each day's weight there against the share of its weight that would be there. */
static double share_error(work *w, const item *a, int32_t n, double all, double value, int32_t days)
{
  double square = 0;
  memset(w->day_below, 0, (size_t)w->o.day_count * sizeof(double));
  for (int32_t i = 0; i < n && a[i].value <= value; i++) w->day_below[a[i].day] += a[i].at;
  double share = 0; /* not quite the level: ties and steps */
  for (int32_t d = 0; d < w->o.day_count; d++) share += w->day_below[d] / all;
  for (int32_t d = 0; d < w->o.day_count; d++) {
    double off = (w->day_below[d] - share * w->day_weight[d]) / all;
    square += off * off;
  }
  return sqrt(square * days / (days - 1));
}

/* ---- bins ------------------------------------------------------------------------------------ */
static double time_of_day(const work *w, double t)
{
  double since = t - w->o.midnight_min, at = since - DAY_MIN * floor(since / DAY_MIN);
  return at < DAY_MIN ? at : 0; /* rounding just below a midnight */
}

static int32_t bin_of(const work *w, double at)
{
  int32_t b = (int32_t)(at / w->o.bin_min);
  return b < w->p->bin_count ? b : w->p->bin_count - 1;
}

/* Readings by bin, within a bin by glucose. */
static void sort_readings(work *w)
{
  int32_t bins = w->p->bin_count;
  for (int32_t i = 0; i < w->n; i++) w->start[bin_of(w, time_of_day(w, w->t[i])) + 1]++;
  for (int32_t b = 0; b < bins; b++) w->start[b + 1] += w->start[b];
  for (int32_t i = w->n - 1; i >= 0; i--) { /* start[b + 1] goes down to the start of bin b */
    double at = time_of_day(w, w->t[i]), ago = (w->p->to_min - w->t[i]) / DAY_MIN;
    int32_t day = (int32_t)ago;
    if (day >= w->o.day_count) day = w->o.day_count - 1;
    w->sorted[--w->start[bin_of(w, at) + 1]] = (item){w->g[i], at, day};
  }
  for (int32_t b = 0; b < bins; b++) w->start[b] = w->start[b + 1];
  w->start[bins] = w->n;
  for (int32_t b = 0; b < bins; b++) {
    int32_t from = w->start[b], n = w->start[b + 1] - from;
    if (n < 2) continue;
    item *done = sort_runs(w->sorted + from, w->scratch, n);
    if (done != w->sorted + from) memcpy(w->sorted + from, done, (size_t)n * sizeof *done);
  }
}

/* The readings near the middle of bin b with their weights. */
static int32_t gather(work *w, int32_t b)
{
  int32_t n = 0, bins = w->p->bin_count;
  double smooth = w->p->smooth_min, middle = (b + 0.5) * w->o.bin_min;
  int32_t reach = smooth > 0 ? (int32_t)(smooth / w->o.bin_min + 0.5) : 0;
  for (int32_t k = -reach; k <= reach; k++) {
    int32_t c = (b + k + bins) % bins;
    for (int32_t i = w->start[c]; i < w->start[c + 1]; i++) {
      double off = fabs(w->sorted[i].at - middle);
      double weight = smooth > 0 ? 1 - fmin(off, DAY_MIN - off) / smooth : 1;
      if (!(weight > 0)) continue;
      w->near[n] = w->sorted[i];
      w->near[n++].at = weight;
    }
  }
  return n;
}

static int32_t days_of(work *w, const item *a, int32_t n, int32_t mark)
{
  int32_t days = 0;
  for (int32_t i = 0; i < n; i++) {
    days += w->seen[a[i].day] != mark;
    w->seen[a[i].day] = mark;
  }
  return days;
}

static void fill_bin(work *w, int32_t b)
{
  t1d_profile *p = w->p;
  double *q = p->quantile_mgdl + (ptrdiff_t)b * T1D_LEVEL_COUNT;
  double *low = p->low_mgdl + (ptrdiff_t)b * T1D_LEVEL_COUNT;
  double *high = p->high_mgdl + (ptrdiff_t)b * T1D_LEVEL_COUNT, all = 0;
  int32_t n = gather(w, b);
  p->days_in_bin[b] = days_of(w, w->sorted + w->start[b], w->start[b + 1] - w->start[b], 2 * b + 1);
  p->days_behind[b] = days_of(w, w->near, n, 2 * b + 2);
  for (int l = 0; l < T1D_LEVEL_COUNT; l++) q[l] = low[l] = high[l] = NAN;
  if (n == 0) return;
  const item *a = sort_runs(w->near, w->scratch, n);
  memset(w->day_weight, 0, (size_t)w->o.day_count * sizeof(double));
  for (int32_t i = 0; i < n; i++) {
    all += a[i].at;
    w->day_weight[a[i].day] += a[i].at;
  }
  const double reach = p->days_behind[b] < 2 ? 0 : gm_dist_t_quantile(0.95, p->days_behind[b] - 1);
  for (int l = 0; l < T1D_LEVEL_COUNT; l++) {
    double level = t1d_profile_level[l];
    q[l] = quantile(a, n, all, level);
    if (p->days_behind[b] < 2) continue;
    double e = reach * share_error(w, a, n, all, q[l], p->days_behind[b]);
    low[l] = quantile(a, n, all, level - e);
    high[l] = quantile(a, n, all, level + e);
  }
}

/* ---- making ---------------------------------------------------------------------------------- */
static gm_status take_options(gm_ctx *ctx, work *w, const t1d_profile_options *options)
{
  if (options) w->o = *options;
  if (w->o.day_count == 0) w->o.day_count = 14;
  if (w->o.bin_min == 0) w->o.bin_min = 5;
  if (w->o.smooth_min == 0) w->o.smooth_min = 30;
  if (w->o.day_count < 0 || w->o.day_count > 36525)
    return gm_fail(ctx, GM_EINVAL, "profile: %d days", (int)w->o.day_count);
  if (w->o.bin_min < 0 || 1440 % w->o.bin_min != 0)
    return gm_fail(ctx, GM_EINVAL, "profile: a bin of %d min does not divide the day",
                   (int)w->o.bin_min);
  if (!(w->o.smooth_min <= 360) || !isfinite(w->o.midnight_min))
    return gm_fail(ctx, GM_EINVAL, "profile: smoothing above 360 min, or midnight not finite");
  if ((int)w->o.same_time < 0 || w->o.same_time >= T1D_SAME_TIME_COUNT)
    return gm_fail(ctx, GM_EINVAL, "profile: no such treatment of same times");
  return GM_OK;
}

static gm_status take_readings(gm_ctx *ctx, work *w, const t1d_readings *r, double *to)
{
  int32_t counts[3], last = r->count - 1;
  w->t = gm_alloc(ctx, r->count, 2 * sizeof(double));
  if (!w->t) return gm_fail(ctx, GM_ENOMEM, "%d readings", (int)r->count);
  w->g = w->t + r->count;
  while (last >= 0 && isnan(r->glucose_mgdl[last])) last--;
  *to = last >= 0 ? r->t_min[last] : 0;
  double from = nextafter(*to - DAY_MIN * w->o.day_count, INFINITY);
  gm_status s = t1d__readings_clean(ctx, r, from, nextafter(*to, INFINITY), w->o.same_time, w->t,
                                    w->g, counts);
  if (!s) w->n = counts[0];
  return s;
}

static gm_status take_memory(gm_ctx *ctx, work *w)
{
  int32_t bins = 1440 / w->o.bin_min;
  w->sorted = gm_alloc(ctx, w->n, 3 * sizeof(item));
  w->start = gm_alloc(ctx, (ptrdiff_t)bins + 1 + w->o.day_count, sizeof(int32_t));
  w->day_weight = gm_alloc(ctx, w->o.day_count, 2 * sizeof(double));
  w->p = gm_alloc(ctx, 1, sizeof *w->p);
  if (!w->sorted || !w->start || !w->day_weight || !w->p) goto none;
  w->near = w->sorted + w->n;
  w->scratch = w->near + w->n;
  w->seen = w->start + bins + 1;
  w->day_below = w->day_weight + w->o.day_count;
  w->p->bin_count = bins;
  w->p->quantile_mgdl = gm_alloc(ctx, bins, 3 * T1D_LEVEL_COUNT * sizeof(double));
  w->p->days_in_bin = gm_alloc(ctx, bins, 2 * sizeof(int32_t));
  if (!w->p->quantile_mgdl || !w->p->days_in_bin) goto none;
  w->p->low_mgdl = w->p->quantile_mgdl + (ptrdiff_t)bins * T1D_LEVEL_COUNT;
  w->p->high_mgdl = w->p->low_mgdl + (ptrdiff_t)bins * T1D_LEVEL_COUNT;
  w->p->days_behind = w->p->days_in_bin + bins;
  return GM_OK;
none:
  return gm_fail(ctx, GM_ENOMEM, "profile of %d readings", (int)w->n);
}

gm_status t1d_profile_new(gm_ctx *ctx, const t1d_readings *r, const t1d_profile_options *options,
                          t1d_profile **out)
{
  assert(r && out && (r->count <= 0 || (r->t_min && r->glucose_mgdl)));
  work w = {0};
  double to = 0;
  if (r->count < 0) return gm_fail(ctx, GM_EINVAL, "%d readings", (int)r->count);
  gm_status s = take_options(ctx, &w, options);
  if (s) goto out;
  if ((s = take_readings(ctx, &w, r, &to))) goto out;
  if ((s = take_memory(ctx, &w))) goto out;
  w.p->to_min = to;
  w.p->from_min = to - DAY_MIN * w.o.day_count;
  w.p->smooth_min = fmax(0, w.o.smooth_min);
  w.p->bin_min = w.o.bin_min;
  w.p->day_count = w.o.day_count;
  w.p->reading_count = w.n;
  sort_readings(&w);
  for (int32_t b = 0; b < w.p->bin_count; b++) fill_bin(&w, b);
  *out = w.p;
  w.p = NULL;
out:
  t1d_profile_free(w.p);
  gm_free(w.day_weight);
  gm_free(w.start);
  gm_free(w.sorted);
  gm_free(w.t);
  return s;
}

void t1d_profile_free(t1d_profile *p)
{
  if (!p) return;
  gm_free(p->quantile_mgdl);
  gm_free(p->days_in_bin);
  gm_free(p);
}

/* ---- errors as text -------------------------------------------------------------------------- */
int t1d__error_digits(double se, int digits)
{
  static const double tenth[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6};
  const int count = (int)(sizeof tenth / sizeof tenth[0]);
  for (const int most = digits + 2; digits <= most && digits < count; digits++)
    if (se * tenth[digits] >= 0.95) return digits;
  return -1;
}

const char *t1d__not_seen(t1d_metric m, const t1d_figure *f)
{
  static const bool share[T1D_METRIC_COUNT] = {
      [T1D_TIR] = true,    [T1D_TITR] = true,       [T1D_TBR70] = true,  [T1D_TBR54] = true,
      [T1D_TAR180] = true, [T1D_TBR_LEVEL1] = true, [T1D_TAR250] = true, [T1D_TAR_LEVEL1] = true};
  if (!share[m]) return "";
  return f->value <= 0 ? "none seen" : f->value >= 100 ? "all seen" : "";
}
