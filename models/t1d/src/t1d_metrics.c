/* t1d_metrics.c - sums by days, the figures made of them, and the days left out one by one. */
#include "t1d_metrics.h"
#include "t1d_unit.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>

#define DAY_MIN          1440.0
#define GLUCOSE_LEAST    1.0 /* the risk scale needs ln(G) > 0 */
#define GLUCOSE_MOST     2000.0
#define CENTRE_MGDL      120.0
#define DAYS_ENOUGH      14.0 /* Battelino 2019, table 1 */
#define ACTIVE_PCT_LEAST 70.0

static const char *const metric_name[] = {
#define T1D_X(code, name, unit) name,
    T1D_METRIC_LIST(T1D_X)
#undef T1D_X
};
static const char *const metric_unit[] = {
#define T1D_X(code, name, unit) unit,
    T1D_METRIC_LIST(T1D_X)
#undef T1D_X
};

const char *t1d_metric_name(t1d_metric m)
{
  assert((int)m >= 0 && m < T1D_METRIC_COUNT);
  return metric_name[m];
}

const char *t1d_metric_unit(t1d_metric m)
{
  assert((int)m >= 0 && m < T1D_METRIC_COUNT);
  return metric_unit[m];
}

/* ---- readings ------------------------------------------------------------------------------ */
static gm_status check_readings(gm_ctx *ctx, const t1d_readings *r)
{
  double most = 0, last = -INFINITY;
  for (int32_t i = 0; i < r->count; i++) {
    double g = r->glucose_mgdl[i];
    if (!isfinite(r->t_min[i]))
      return gm_fail(ctx, GM_EDOMAIN, "reading %d: the time is not finite", (int)i + 1);
    if (r->t_min[i] < last)
      return gm_fail(ctx, GM_EINVAL, "reading %d: the clock goes back; sort the readings by time",
                     (int)i + 1);
    last = r->t_min[i];
    if (isnan(g)) continue;
    if (!(g > GLUCOSE_LEAST && g <= GLUCOSE_MOST))
      return gm_fail(ctx, GM_EDOMAIN, "reading %d: glucose outside (%g, %g] mg/dL", (int)i + 1,
                     GLUCOSE_LEAST, GLUCOSE_MOST);
    most = fmax(most, g);
  }
  if (most > 0 && most < T1D_MMOL_L_MOST)
    return gm_fail(ctx, GM_EUNIT, "no reading above %g: mg/dL is expected, not mmol/L",
                   T1D_MMOL_L_MOST);
  return GM_OK;
}

gm_status t1d__readings_clean(gm_ctx *ctx, const t1d_readings *r, double from, double to,
                              t1d_same_time same_time, double *t, double *g, int32_t counts[3])
{
  int32_t n = 0, missing = 0, same = 0, in_group = 0;
  gm_status s = check_readings(ctx, r);
  if (s) return s;
  for (int32_t i = 0; i < r->count; i++) {
    if (!(r->t_min[i] >= from && r->t_min[i] < to)) continue;
    if (isnan(r->glucose_mgdl[i])) {
      missing++;
      continue;
    }
    bool again = n > 0 && t[n - 1] == r->t_min[i];
    in_group = again ? in_group + 1 : 1;
    same += again;
    if (again && same_time == T1D_SAME_TIME_REFUSE)
      return gm_fail(ctx, GM_EINVAL,
                     "reading %d has the time of one before it; say which is to count", (int)i + 1);
    if (!again || same_time == T1D_SAME_TIME_ALL) {
      t[n] = r->t_min[i];
      g[n++] = r->glucose_mgdl[i];
    } else if (same_time == T1D_SAME_TIME_LAST)
      g[n - 1] = r->glucose_mgdl[i];
    else if (same_time == T1D_SAME_TIME_MEAN)
      g[n - 1] += (r->glucose_mgdl[i] - g[n - 1]) / in_group;
  }
  if (n == 0) return gm_fail(ctx, GM_ENOTFOUND, "no reading in the window");
  counts[0] = n;
  counts[1] = missing;
  counts[2] = same;
  return GM_OK;
}

/* The k-th smallest (k from 0) by Hoare's selection; a is reordered. */
static double select_rank(double *a, int32_t n, int32_t k)
{
  int32_t lo = 0, hi = n - 1;
  while (lo < hi) {
    double pivot = a[lo + (hi - lo) / 2];
    int32_t i = lo, j = hi;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i > j) break;
      double swap = a[i];
      a[i++] = a[j];
      a[j--] = swap;
    }
    if (k <= j)
      hi = j;
    else if (k >= i)
      lo = i;
    else
      break;
  }
  return a[k];
}

/* No sensor reads more often than once a minute: what is nearer was told twice. */
static const double period_least_min = 0.75;

/* The median of the distances that are no reading told twice and hold no lost one: of those up to
 * 1.5 times the lower quartile, so that up to three quarters of them may hold one. 5 min, the
 * commonest sensor's, with none. */
static double usual_period(const double *t, int32_t n, double *scratch)
{
  int32_t m = 0, kept = 0;
  for (int32_t i = 1; i < n; i++)
    if (t[i] - t[i - 1] >= period_least_min) scratch[m++] = t[i] - t[i - 1];
  if (m == 0) return 5.0;
  double quartile = select_rank(scratch, m, (m - 1) / 4);
  for (int32_t i = 0; i < m; i++)
    if (scratch[i] <= 1.5 * quartile) scratch[kept++] = scratch[i];
  return select_rank(scratch, kept, (kept - 1) / 2);
}

/* ---- sums ---------------------------------------------------------------------------------- */
/* Sums over the readings, or over the minutes, of one day. */
typedef struct {
  double weight;      /* readings or minutes */
  double sum, square; /* of G - CENTRE_MGDL */
  double below54, below70, above140, above180, above250;
  double low, high; /* risk */
} tally;

/* sum + b t: with b = -1, what is left without t. */
static tally plus(const tally *sum, double b, const tally *t)
{
  tally out = *sum;
  out.weight += b * t->weight;
  out.sum += b * t->sum;
  out.square += b * t->square;
  out.below54 += b * t->below54;
  out.below70 += b * t->below70;
  out.above140 += b * t->above140;
  out.above180 += b * t->above180;
  out.above250 += b * t->above250;
  out.low += b * t->low;
  out.high += b * t->high;
  return out;
}

double t1d_risk_scale(double glucose_mgdl)
{
  return 1.509 * (gm_pow(gm_ln(glucose_mgdl), 1.084) - 5.381);
}

/* Sensors report whole numbers, and the middle of two is a half: most values are asked again and
 * again, so each half step keeps its answer. */
enum { RISK_STEPS = 1300 };
typedef struct {
  double scale[RISK_STEPS]; /* of step / 2; 0: not asked yet (f is 0 at no half number) */
} risk_table;

static double risk_scale(risk_table *table, double g)
{
  double twice = 2 * g;
  if (!(twice < RISK_STEPS) || twice != (double)(int32_t)twice) return t1d_risk_scale(g);
  double *f = &table->scale[(int32_t)twice];
  if (*f == 0) *f = t1d_risk_scale(g);
  return *f;
}

/* Where f is 0: exp(5.381^(1/1.084)). */
#define RISK_ZERO_MGDL 112.51738459804369

static void add_reading(tally *t, double g, risk_table *table)
{
  double f = risk_scale(table, g), risk = 10 * f * f;
  t->weight += 1;
  t->sum += g - CENTRE_MGDL;
  t->square += (g - CENTRE_MGDL) * (g - CENTRE_MGDL);
  t->below54 += g < 54;
  t->below70 += g < 70;
  t->above140 += g > 140;
  t->above180 += g > 180;
  t->above250 += g > 250;
  *(f < 0 ? &t->low : &t->high) += risk;
}

/* Share of the line from a to b that lies below x. */
static double share_below(double a, double b, double x)
{
  if (a == b) return a < x;
  double lo = fmin(a, b), hi = fmax(a, b);
  return fmin(1, fmax(0, (x - lo) / (hi - lo)));
}

static double share_above(double a, double b, double x) { return share_below(-a, -b, -x); }

/* Risk along a line that stays on one side of RISK_ZERO_MGDL, by Simpson's rule on pieces of at
 * most 12 mg/dL: good to some 1e-4 of it, also across a bridged gap. */
static void add_risk_side(tally *t, double minutes, double a, double b, risk_table *table)
{
  int32_t pieces = 1 + (int32_t)(fabs(b - a) / 12);
  double risk = 0, fa = risk_scale(table, a), fm = fa;
  for (int32_t k = 0; k < pieces; k++) {
    double from = a + (b - a) * k / pieces, to = a + (b - a) * (k + 1) / pieces;
    double fb = risk_scale(table, to);
    fm = risk_scale(table, 0.5 * (from + to));
    risk += 10 * (fa * fa + 4 * fm * fm + fb * fb) / 6;
    fa = fb;
  }
  *(fm < 0 ? &t->low : &t->high) += minutes * risk / pieces;
}

static void add_risk(tally *t, double minutes, double a, double b, risk_table *table)
{
  double before = (RISK_ZERO_MGDL - a) / (b - a); /* share of the way to the zero */
  if (!(before > 0 && before < 1)) {
    add_risk_side(t, minutes, a, b, table);
    return;
  }
  add_risk_side(t, minutes * before, a, RISK_ZERO_MGDL, table);
  add_risk_side(t, minutes * (1 - before), RISK_ZERO_MGDL, b, table);
}

static void add_line(tally *t, double minutes, double a, double b, risk_table *table)
{
  double ca = a - CENTRE_MGDL, cb = b - CENTRE_MGDL;
  t->weight += minutes;
  t->sum += minutes * 0.5 * (ca + cb);
  t->square += minutes * (ca * ca + ca * cb + cb * cb) / 3; /* integral of a squared line */
  t->below54 += minutes * share_below(a, b, 54);
  t->below70 += minutes * share_below(a, b, 70);
  t->above140 += minutes * share_above(a, b, 140);
  t->above180 += minutes * share_above(a, b, 180);
  t->above250 += minutes * share_above(a, b, 250);
  add_risk(t, minutes, a, b, table);
}

/* ---- figures ------------------------------------------------------------------------------- */
/* taken: 1 where the mean is taken off the degrees of freedom (readings), 0 for the line. */
static void figures(const tally *t, double taken, double *out)
{
  double pct = 100 / t->weight, mean = CENTRE_MGDL + t->sum / t->weight;
  double spread = fmax(0, t->square - t->sum * t->sum / t->weight);
  double sd = t->weight > taken ? sqrt(spread / (t->weight - taken)) : NAN;
  double below54 = pct * t->below54, below70 = pct * t->below70;
  double above180 = pct * t->above180, above250 = pct * t->above250;
  if (!(t->weight > 0)) {
    for (int m = 0; m < T1D_METRIC_COUNT; m++) out[m] = NAN;
    return;
  }
  out[T1D_MEAN] = mean;
  out[T1D_SD] = sd;
  out[T1D_CV] = 100 * sd / mean;
  out[T1D_TIR] = pct * (t->weight - t->below70 - t->above180);
  out[T1D_TITR] = pct * (t->weight - t->below70 - t->above140);
  out[T1D_TBR70] = below70;
  out[T1D_TBR54] = below54;
  out[T1D_TBR_LEVEL1] = pct * (t->below70 - t->below54);
  out[T1D_TAR180] = above180;
  out[T1D_TAR250] = above250;
  out[T1D_TAR_LEVEL1] = pct * (t->above180 - t->above250);
  out[T1D_GMI] = 3.31 + 0.02392 * mean;
  out[T1D_LBGI] = t->low / t->weight;
  out[T1D_HBGI] = t->high / t->weight;
  out[T1D_GRI] = fmin(100, 3 * below54 + 2.4 * (below70 - below54) + 1.6 * above250 +
                               0.8 * (above180 - above250));
  out[T1D_J] = 0.001 * (mean + sd) * (mean + sd);
}

/* Busing, Meijer & van der Leeden (1999), eq. 8-11: pseudo-values h T - (h - 1) T_(j), h = n / m_j.
 * With equal blocks it is the ordinary jackknife. */
double t1d__block_se(double whole, const double *left_out, ptrdiff_t stride, const double *weight,
                     int32_t block_count)
{
  double all = 0, estimate = 0, variance = 0;
  int32_t g = 0;
  for (int32_t j = 0; j < block_count; j++) {
    all += weight[j];
    g += weight[j] > 0;
  }
  if (g < 2) return NAN;
  for (int32_t j = 0; j < block_count; j++)
    if (weight[j] > 0) estimate += whole - (1 - weight[j] / all) * left_out[j * stride];
  for (int32_t j = 0; j < block_count; j++) {
    if (!(weight[j] > 0)) continue;
    double h = all / weight[j];
    double off = h * whole - (h - 1) * left_out[j * stride] - estimate;
    variance += off * off / (h - 1);
  }
  return sqrt(variance / g);
}

/* One of the two ways of counting. */
typedef struct {
  tally *day;
  double *left_out; /* [day][metric] */
  double *weight;   /* [day] */
  int32_t day_count;
  double taken;
} account;

static void settle(account *a, t1d_figure *out)
{
  tally all = {0};
  double whole[T1D_METRIC_COUNT];
  for (int32_t d = 0; d < a->day_count; d++) all = plus(&all, 1, &a->day[d]);
  figures(&all, a->taken, whole);
  for (int32_t d = 0; d < a->day_count; d++) {
    tally rest = plus(&all, -1, &a->day[d]);
    a->weight[d] = a->day[d].weight;
    figures(&rest, a->taken, a->left_out + (ptrdiff_t)d * T1D_METRIC_COUNT);
  }
  for (int m = 0; m < T1D_METRIC_COUNT; m++) {
    out[m].value = whole[m];
    out[m].se = t1d__block_se(whole[m], a->left_out + m, T1D_METRIC_COUNT, a->weight, a->day_count);
  }
}

/* ---- all of it ----------------------------------------------------------------------------- */
typedef struct {
  t1d_metrics_options o;
  bool whole; /* no window was given */
  double *t, *g, *scratch;
  int32_t n, day_count;
  account by_reading, by_time;
  risk_table *table;
  t1d_metrics m;
} work;

static void work_free(work *w)
{
  gm_free(w->t);
  gm_free(w->by_reading.day);
  gm_free(w->by_reading.left_out);
  gm_free(w->table);
}

static gm_status check_options(gm_ctx *ctx, work *w)
{
  const t1d_metrics_options *o = &w->o;
  const double number[] = {o->period_min, o->bridge_min, o->from_min, o->to_min, o->midnight_min};
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    if (!isfinite(number[i]))
      return gm_fail(ctx, GM_EINVAL, "metrics: an option is not a finite number");
  if (o->period_min < 0 || o->bridge_min < 0)
    return gm_fail(ctx, GM_EINVAL, "metrics: period and bridge must not be negative");
  if ((int)o->same_time < 0 || o->same_time >= T1D_SAME_TIME_COUNT)
    return gm_fail(ctx, GM_EINVAL, "metrics: no such treatment of same times");
  w->whole = o->from_min == 0 && o->to_min == 0;
  if (!w->whole && !(o->from_min < o->to_min))
    return gm_fail(ctx, GM_EINVAL, "metrics: the window must end after its start");
  return GM_OK;
}

static gm_status take_readings(gm_ctx *ctx, const t1d_readings *r, work *w)
{
  int32_t counts[3];
  double from = w->whole ? -INFINITY : w->o.from_min, to = w->whole ? INFINITY : w->o.to_min;
  w->t = gm_alloc(ctx, r->count, 3 * sizeof(double));
  w->table = gm_alloc(ctx, 1, sizeof *w->table);
  if (!w->t || !w->table) return gm_fail(ctx, GM_ENOMEM, "%d readings", (int)r->count);
  w->g = w->t + r->count;
  w->scratch = w->g + r->count;
  gm_status s = t1d__readings_clean(ctx, r, from, to, w->o.same_time, w->t, w->g, counts);
  if (s) return s;
  w->n = w->m.reading_count = counts[0];
  w->m.missing_count = counts[1];
  w->m.same_time_count = counts[2];
  w->m.period_min = w->o.period_min > 0 ? w->o.period_min : usual_period(w->t, w->n, w->scratch);
  w->m.bridge_min = w->o.bridge_min > 0 ? w->o.bridge_min : 3 * w->m.period_min;
  return GM_OK;
}

static double day_of(const work *w, int32_t i)
{
  return floor((w->t[i] - w->o.midnight_min) / DAY_MIN);
}

static gm_status make_days(gm_ctx *ctx, work *w)
{
  w->day_count = 1;
  for (int32_t i = 1; i < w->n; i++) w->day_count += day_of(w, i) != day_of(w, i - 1);
  w->by_reading.day = gm_alloc(ctx, w->day_count, 2 * sizeof(tally));
  w->by_reading.left_out = gm_alloc(ctx, w->day_count, (T1D_METRIC_COUNT + 1) * sizeof(double));
  if (!w->by_reading.day || !w->by_reading.left_out)
    return gm_fail(ctx, GM_ENOMEM, "sums of %d days", (int)w->day_count);
  w->by_reading.weight = w->by_reading.left_out + (ptrdiff_t)w->day_count * T1D_METRIC_COUNT;
  w->by_reading.day_count = w->day_count;
  w->by_reading.taken = 1;
  w->by_time = w->by_reading; /* the scratch is shared: one is settled after the other */
  w->by_time.day += w->day_count;
  w->by_time.taken = 0;
  return GM_OK;
}

/* A stretch belongs to the day it begins in. */
static void add_all(work *w)
{
  t1d_metrics *m = &w->m;
  double active = 0, end = w->whole ? INFINITY : w->o.to_min;
  for (int32_t i = 0, d = 0; i < w->n; i++) {
    if (i > 0 && day_of(w, i) != day_of(w, i - 1)) d++;
    add_reading(&w->by_reading.day[d], w->g[i], w->table);
    double minutes = i + 1 < w->n ? w->t[i + 1] - w->t[i] : fmin(m->period_min, end - w->t[i]);
    active += minutes <= 1.5 * m->period_min ? minutes : m->period_min;
    if (i + 1 == w->n) break;
    m->gap_longest_min = fmax(m->gap_longest_min, minutes);
    if (minutes > m->bridge_min)
      m->gap_count++;
    else if (minutes > 0)
      add_line(&w->by_time.day[d], minutes, w->g[i], w->g[i + 1], w->table);
  }
  m->day_count = w->day_count;
  m->span_days = (w->t[w->n - 1] - w->t[0] + m->period_min) / DAY_MIN;
  m->active_pct = 100 * active / (w->whole ? m->span_days * DAY_MIN : w->o.to_min - w->o.from_min);
  for (int32_t d = 0; d < w->day_count; d++) m->timed_days += w->by_time.day[d].weight / DAY_MIN;
}

/* Days are those of the window, where one was asked for: what it lacks at its ends is missing from
 * the readings that are expected in it. */
static void judge(t1d_metrics *m, double window_min)
{
  const double asked_days = window_min > 0 ? window_min / DAY_MIN : m->span_days;
  bool days = asked_days * DAY_MIN >= DAYS_ENOUGH * DAY_MIN - m->period_min;
  bool active = m->active_pct >= ACTIVE_PCT_LEAST;
  m->sufficient = days && active;
  if (m->sufficient) return;
  int at = 0;
  if (!days)
    at = snprintf(m->reason, sizeof m->reason, "%.1f days of data, %g are asked for", asked_days,
                  DAYS_ENOUGH);
  if (!active)
    snprintf(m->reason + at, sizeof m->reason - (size_t)at,
             "%s%.1f %% of the expected readings, %g %% are asked for", days ? "" : "; ",
             m->active_pct, ACTIVE_PCT_LEAST);
}

gm_status t1d_metrics_of(gm_ctx *ctx, const t1d_readings *r, const t1d_metrics_options *options,
                         t1d_metrics *out)
{
  assert(r && out && (r->count == 0 || (r->t_min && r->glucose_mgdl)));
  work w = {0};
  if (options) w.o = *options;
  if (r->count < 0) return gm_fail(ctx, GM_EINVAL, "%d readings", (int)r->count);
  gm_status s = check_options(ctx, &w);
  if (s) goto out;
  if ((s = take_readings(ctx, r, &w))) goto out;
  if ((s = make_days(ctx, &w))) goto out;
  add_all(&w);
  settle(&w.by_reading, w.m.by_reading);
  settle(&w.by_time, w.m.by_time);
  judge(&w.m, w.whole ? 0 : w.o.to_min - w.o.from_min);
  *out = w.m;
out:
  work_free(&w);
  return s;
}
