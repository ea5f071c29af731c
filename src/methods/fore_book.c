/* fore_book.c - the book of scores: adding, closing, merging, means. */
#include "methods/fore_book.h"
#include "num/distribution.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static const double score_max = 1e140; /* its square is still a number */

gm_status gm_book_new(gm_ctx *ctx, int32_t horizon_count, const double *horizon, gm_book **out)
{
  assert(out && (horizon || horizon_count < 1));
  if (horizon_count < 1 || horizon_count > GM__HORIZONS_MAX)
    return gm_fail(ctx, GM_ERANGE, "book of %d horizons", (int)horizon_count);
  for (int32_t i = 0; i < horizon_count; i++)
    if (!(horizon[i] > (i ? horizon[i - 1] : 0)) || !isfinite(horizon[i]))
      return gm_fail(ctx, GM_ERANGE, "horizon %d is %g, expected ascending above 0", (int)i,
                     horizon[i]);
  gm_book *b = gm_alloc(ctx, 1, sizeof *b);
  double *h = gm_alloc(ctx, horizon_count, sizeof *h);
  if (!b || !h) {
    gm_free(b);
    gm_free(h);
    return gm_fail(ctx, GM_ENOMEM, "book of %d horizons", (int)horizon_count);
  }
  memcpy(h, horizon, (size_t)horizon_count * sizeof *h);
  *b = (gm_book){.ctx = ctx, .horizon_count = horizon_count, .horizon = h};
  *out = b;
  return GM_OK;
}

static void row_free(gm__book_row *r)
{
  if (!r) return;
  gm_free(r->observable);
  gm_free(r->forecaster);
  gm_free(r);
}

void gm_book_free(gm_book *b)
{
  if (!b) return;
  for (int32_t i = 0; i < b->row_count; i++) row_free(b->row[i]);
  gm_free(b->row);
  gm_free(b->horizon);
  gm_free(b);
}

/* ---- rows ----------------------------------------------------------------------------------- */
static int order(const gm__book_row *r, const char *observable, int32_t horizon,
                 const char *forecaster)
{
  int d = strcmp(r->observable, observable);
  if (!d) d = (r->horizon > horizon) - (r->horizon < horizon);
  return d ? d : strcmp(r->forecaster, forecaster);
}

static gm_status insert(gm_book *b, int32_t at, gm__book_row *r)
{
  if (b->row_count == b->row_room) {
    int32_t room = b->row_room ? 2 * b->row_room : 8;
    gm_status s = gm_grow(b->ctx, &b->row, b->row_room, room, sizeof(gm__book_row *));
    if (s) return s;
    b->row_room = room;
  }
  memmove(b->row + at + 1, b->row + at, (size_t)(b->row_count - at) * sizeof(gm__book_row *));
  b->row[at] = r;
  b->row_count++;
  return GM_OK;
}

gm_status gm__book_row_of(gm_book *b, const char *observable, int32_t horizon,
                          const char *forecaster, gm__book_row **out)
{
  int32_t low = 0, high = b->row_count;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    int d = order(b->row[middle], observable, horizon, forecaster);
    if (!d) {
      *out = b->row[middle];
      return GM_OK;
    }
    if (d < 0)
      low = middle + 1;
    else
      high = middle;
  }
  gm_status s = GM_ENOMEM;
  gm__book_row *r = gm_alloc(b->ctx, 1, sizeof *r);
  if (r) {
    r->observable = gm_strdup(b->ctx, observable);
    r->forecaster = gm_strdup(b->ctx, forecaster);
    r->horizon = horizon;
    if (r->observable && r->forecaster) s = insert(b, low, r);
  }
  if (s) {
    row_free(r);
    return gm_fail(b->ctx, s, "row of the score book");
  }
  *out = r;
  return GM_OK;
}

/* ---- adding --------------------------------------------------------------------------------- */
static bool name_good(const char *name)
{
  return name && *name && strlen(name) <= GM__NAME_BYTES_MAX;
}

static gm_status check_score(gm_ctx *ctx, const char *who, const gm_score *s)
{
  const double v[] = {s->crps, s->wis, s->bias, s->said50, s->said90, s->pit};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
    if (!(fabs(v[i]) <= score_max)) return gm_fail(ctx, GM_EDOMAIN, "score of %s is %g", who, v[i]);
  if (isfinite(s->log_score) && fabs(s->log_score) > score_max)
    return gm_fail(ctx, GM_EDOMAIN, "log score of %s is %g", who, s->log_score);
  if (isinf(s->log_score) && s->log_score < 0)
    return gm_fail(ctx, GM_EDOMAIN, "log score of %s is -inf", who);
  return GM_OK;
}

static gm_status check_add(const gm_book *b, const char *observable, const gm_score *twin,
                           int32_t base_count, const gm_book_base *base)
{
  if (!name_good(observable))
    return gm_fail(b->ctx, GM_EINVAL, "observable without a name of 1 to 200 bytes");
  gm_status s = check_score(b->ctx, "the twin", twin);
  for (int32_t i = 0; i < base_count && !s; i++) {
    if (!name_good(base[i].name))
      return gm_fail(b->ctx, GM_EINVAL, "baseline %d without a name of 1 to 200 bytes", (int)i);
    for (int32_t k = 0; k < i; k++)
      if (!strcmp(base[i].name, base[k].name))
        return gm_fail(b->ctx, GM_EINVAL, "baseline %s twice for one outcome", base[i].name);
    s = check_score(b->ctx, base[i].name, base[i].score);
  }
  return s;
}

static void enter(gm__book_row *r, const gm_score *s, double twin_crps)
{
  gm__exact_add(&r->sum[GM__SUM_CRPS], s->crps);
  gm__exact_add(&r->sum[GM__SUM_WIS], s->wis);
  gm__exact_add(&r->sum[GM__SUM_BIAS], s->bias);
  gm__exact_add(&r->sum[GM__SUM_SAID50], s->said50);
  gm__exact_add(&r->sum[GM__SUM_SAID90], s->said90);
  gm__exact_add(&r->sum[GM__SUM_TWIN], twin_crps);
  gm__exact_add(&r->sum[GM__SUM_OPEN_A], twin_crps);
  gm__exact_add(&r->sum[GM__SUM_OPEN_B], s->crps);
  if (isfinite(s->log_score)) gm__exact_add(&r->sum[GM__SUM_LOG], s->log_score);
  r->count[GM__COUNT_LOG_INFINITE] += isinf(s->log_score) != 0;
  r->count[GM__COUNT_LOG_NONE] += isnan(s->log_score) != 0;
  r->count[GM__COUNT_IN50] += s->in50;
  r->count[GM__COUNT_IN90] += s->in90;
  r->count[GM__COUNT_N]++;
  r->count[GM__COUNT_OPEN_N]++;
  r->pit[gm_pit_bin(s->pit, GM_BOOK_BINS)]++;
}

gm_status gm_book_add(gm_book *b, const char *observable, double horizon, const gm_score *twin,
                      int32_t base_count, const gm_book_base *base)
{
  assert(b && twin && (base || base_count < 1));
  int32_t h = 0;
  gm__book_row *r;
  while (h < b->horizon_count && horizon > b->horizon[h]) h++;
  if (!(horizon > 0) || h == b->horizon_count)
    return gm_fail(b->ctx, GM_ERANGE, "forecast %g ahead, the book goes from 0 to %g", horizon,
                   b->horizon[b->horizon_count - 1]);
  gm_status s = check_add(b, observable, twin, base_count, base);
  /* all rows first: from there on nothing can fail */
  if (!s) s = gm__book_row_of(b, observable, h, "", &r);
  for (int32_t i = 0; i < base_count && !s; i++)
    s = gm__book_row_of(b, observable, h, base[i].name, &r);
  if (s) return s;
  for (int32_t i = -1; i < base_count; i++) {
    s = gm__book_row_of(b, observable, h, i < 0 ? "" : base[i].name, &r);
    assert(s == GM_OK);
    enter(r, i < 0 ? twin : base[i].score, twin->crps);
  }
  return GM_OK;
}

/* ---- subjects ------------------------------------------------------------------------------- */
/* Enters what is open in `from` as one subject into `to` (may be the same). */
static void enter_subject(gm__book_row *to, const gm__book_row *from)
{
  int64_t n = from->count[GM__COUNT_OPEN_N];
  if (!n) return;
  double a = gm__exact_value(&from->sum[GM__SUM_OPEN_A]);
  double b = gm__exact_value(&from->sum[GM__SUM_OPEN_B]);
  gm__exact_add(&to->sum[GM__SUM_AA], a * a);
  gm__exact_add(&to->sum[GM__SUM_AB], a * b);
  gm__exact_add(&to->sum[GM__SUM_BB], b * b);
  gm__exact_add(&to->sum[GM__SUM_BN], b * (double)n);
  gm__exact_add(&to->sum[GM__SUM_NN], (double)n * (double)n);
  to->count[GM__COUNT_SUBJECTS]++;
}

void gm_book_close(gm_book *b)
{
  assert(b);
  for (int32_t i = 0; i < b->row_count; i++) {
    gm__book_row *r = b->row[i];
    enter_subject(r, r);
    r->sum[GM__SUM_OPEN_A] = r->sum[GM__SUM_OPEN_B] = (gm__exact){0};
    r->count[GM__COUNT_OPEN_N] = 0;
  }
}

static bool same_horizons(const gm_book *a, const gm_book *b)
{
  return a->horizon_count == b->horizon_count &&
         !memcmp(a->horizon, b->horizon, (size_t)a->horizon_count * sizeof *a->horizon);
}

static void merge_row(gm__book_row *to, const gm__book_row *from)
{
  for (int32_t k = 0; k < GM__SUM_COUNT; k++)
    if (k != GM__SUM_OPEN_A && k != GM__SUM_OPEN_B) gm__exact_merge(&to->sum[k], &from->sum[k]);
  for (int32_t k = 0; k < GM__COUNT_COUNT; k++)
    if (k != GM__COUNT_OPEN_N) to->count[k] += from->count[k];
  for (int32_t k = 0; k < GM_BOOK_BINS; k++) to->pit[k] += from->pit[k];
  enter_subject(to, from);
}

gm_status gm_book_merge(gm_book *b, const gm_book *from)
{
  assert(b && from);
  gm__book_row *r;
  if (b == from) return gm_fail(b->ctx, GM_EINVAL, "a score book merged into itself");
  if (!same_horizons(b, from)) return gm_fail(b->ctx, GM_EINVAL, "score books of other horizons");
  for (int32_t pass = 0; pass < 2; pass++) /* all rows first: then nothing can fail */
    for (int32_t i = 0; i < from->row_count; i++) {
      const gm__book_row *f = from->row[i];
      gm_status s = gm__book_row_of(b, f->observable, f->horizon, f->forecaster, &r);
      if (s) return s;
      if (pass) merge_row(r, f);
    }
  return GM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */
int32_t gm_book_rows(const gm_book *b)
{
  int32_t n = 0;
  for (int32_t i = 0; i < b->row_count; i++) n += b->row[i]->count[GM__COUNT_N] > 0;
  return n;
}

static double value(const gm__book_row *r, int32_t sum) { return gm__exact_value(&r->sum[sum]); }

/* Errors of means and of the ratio with subjects as units: a ratio estimator's linearisation
 * (Cochran, Sampling Techniques, 3rd ed., 6.3). An open subject counts as one. */
static void over_subjects(const gm__book_row *r, gm_book_row *out)
{
  gm__book_row all = *r; /* its texts are only borrowed */
  enter_subject(&all, r);
  double c = (double)all.count[GM__COUNT_SUBJECTS], n = (double)all.count[GM__COUNT_N];
  double twin = value(r, GM__SUM_TWIN), own = value(r, GM__SUM_CRPS);
  out->subjects = all.count[GM__COUNT_SUBJECTS];
  out->crps_error = out->skill = out->skill_low = out->skill_high = NAN;
  if (*r->forecaster && own > 0) out->skill = 1 - twin / own;
  if (c < 2) return;
  double bb = value(&all, GM__SUM_BB), small = c / (c - 1), mean = own / n;
  double square = bb - 2 * mean * value(&all, GM__SUM_BN) + mean * mean * value(&all, GM__SUM_NN);
  out->crps_error = sqrt(fmax(0, square) * small) / n;
  if (isnan(out->skill)) return;
  double ratio = twin / own;
  square = value(&all, GM__SUM_AA) - 2 * ratio * value(&all, GM__SUM_AB) + ratio * ratio * bb;
  double reach = gm_dist_t_quantile(0.95, c - 1) * sqrt(fmax(0, square) * small) / own;
  out->skill_low = out->skill - reach;
  out->skill_high = out->skill + reach;
}

gm_book_row gm_book_at(const gm_book *b, int32_t row)
{
  int32_t i = 0;
  for (int32_t seen = -1; i < b->row_count; i++)
    if (b->row[i]->count[GM__COUNT_N] > 0 && ++seen == row) break;
  assert(row >= 0 && i < b->row_count);
  const gm__book_row *r = b->row[i];
  double n = (double)r->count[GM__COUNT_N];
  int64_t logs =
      r->count[GM__COUNT_N] - r->count[GM__COUNT_LOG_INFINITE] - r->count[GM__COUNT_LOG_NONE];
  gm_book_row out = {.observable = r->observable,
                     .forecaster = r->forecaster,
                     .horizon = b->horizon[r->horizon],
                     .n = r->count[GM__COUNT_N],
                     .crps = value(r, GM__SUM_CRPS) / n,
                     .wis = value(r, GM__SUM_WIS) / n,
                     .bias = value(r, GM__SUM_BIAS) / n,
                     .log_score = logs > 0 ? value(r, GM__SUM_LOG) / (double)logs : NAN,
                     .log_infinite = r->count[GM__COUNT_LOG_INFINITE],
                     .log_none = r->count[GM__COUNT_LOG_NONE],
                     .in50 = (double)r->count[GM__COUNT_IN50] / n,
                     .in90 = (double)r->count[GM__COUNT_IN90] / n,
                     .said50 = value(r, GM__SUM_SAID50) / n,
                     .said90 = value(r, GM__SUM_SAID90) / n,
                     .twin_crps = value(r, GM__SUM_TWIN) / n};
  memcpy(out.pit, r->pit, sizeof out.pit);
  over_subjects(r, &out);
  gm_status s = gm_histogram_flatness(NULL, GM_BOOK_BINS, r->pit, 0.01, &out.flatness);
  assert(s == GM_OK);
  (void)s;
  return out;
}
