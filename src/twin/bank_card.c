/* bank_card.c - cards as bytes, and chances out of forecasts. */
#include "bank_query.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const double gm_card_level[GM_CARD_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

/* ---- the form ---------------------------------------------------------------------------------
 */
/* Little-endian, IEC 60559, nothing aligned: "GMCD", version; health, level, four counts (int32);
 * t_made_s, t_datum_s; then what is counted, each: its texts with their NUL, its numbers. Draws:
 * their number (int32), 1 for doubles or 0 for floats (int32), the draws. */
static const char magic[4] = {'G', 'M', 'C', 'D'};
enum { FORM_VERSION = 1 };

static void int_put(gm_text *t, int32_t v) { gm_text_addn(t, (const char *)&v, sizeof v); }
static void reals_put(gm_text *t, const double *v, int32_t n)
{
  gm_text_addn(t, (const char *)v, (size_t)n * sizeof *v);
}
static void text_put(gm_text *t, const char *text) { gm_text_addn(t, text, strlen(text) + 1); }

static bool finite_all(const double *v, int32_t n)
{
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(v[i])) return false;
  return true;
}

static bool ascending(const double *v, int32_t n)
{
  for (int32_t i = 1; i < n; i++)
    if (v[i] < v[i - 1]) return false;
  return finite_all(v, n);
}

static bool fits_float(const double *v, int32_t n)
{
  for (int32_t i = 0; i < n; i++) {
    double size = fabs(v[i]);
    if (size > (double)FLT_MAX || (size < (double)FLT_MIN && size > 0)) return false;
  }
  return true;
}

static gm_status forecast_put(gm_ctx *ctx, const gm_card_forecast *f, gm_text *out)
{
  double number[] = {f->t_s, f->mean, f->sd};
  if (f->draw_count < 0 || f->draw_count > GM_CARD_DRAWS_MAX)
    return gm_fail(ctx, GM_ERANGE, "card: %d draws; at most %d", (int)f->draw_count,
                   GM_CARD_DRAWS_MAX);
  if (!finite_all(number, 3) || !ascending(f->quantile, GM_QUANTILE_COUNT) ||
      !ascending(f->with_noise, GM_QUANTILE_COUNT) || !ascending(f->draw, f->draw_count))
    return gm_fail(ctx, GM_EDOMAIN, "card: the forecast of %s is not finite, or does not ascend",
                   f->observable);
  text_put(out, f->observable);
  text_put(out, f->unit);
  reals_put(out, number, 3);
  reals_put(out, f->quantile, GM_QUANTILE_COUNT);
  reals_put(out, f->with_noise, GM_QUANTILE_COUNT);
  bool wide = !fits_float(f->draw, f->draw_count);
  int_put(out, f->draw_count);
  int_put(out, wide);
  if (wide) reals_put(out, f->draw, f->draw_count);
  for (int32_t i = 0; i < f->draw_count && !wide; i++) {
    float v = (float)f->draw[i];
    gm_text_addn(out, (const char *)&v, sizeof v);
  }
  return GM_OK;
}

static gm_status parts_put(gm_ctx *ctx, const gm_card *c, gm_text *out)
{
  for (int32_t i = 0; i < c->covariate_count; i++) {
    const gm_card_covariate *v = &c->covariate[i];
    if (!isfinite(v->value))
      return gm_fail(ctx, GM_EDOMAIN, "card: the covariate %s is not finite", v->name);
    text_put(out, v->name);
    text_put(out, v->unit);
    text_put(out, v->level);
    reals_put(out, &v->value, 1);
  }
  for (int32_t i = 0; i < c->parameter_count; i++) {
    const gm_card_parameter *p = &c->parameter[i];
    double number[] = {p->mean, p->sd};
    if (!finite_all(number, 2) || !ascending(p->quantile, GM_CARD_QUANTILES))
      return gm_fail(ctx, GM_EDOMAIN, "card: the parameter %s is not finite", p->name);
    text_put(out, p->name);
    text_put(out, p->unit);
    reals_put(out, number, 2);
    reals_put(out, p->quantile, GM_CARD_QUANTILES);
  }
  gm_status st = GM_OK;
  for (int32_t i = 0; i < c->forecast_count && !st; i++)
    st = forecast_put(ctx, &c->forecast[i], out);
  for (int32_t i = 0; i < c->score_count && !st; i++) {
    const gm_card_score *s = &c->score[i];
    double number[] = {(double)s->count, s->crps, s->crps_base, s->covered50, s->covered90};
    if (!finite_all(number, 5))
      return gm_fail(ctx, GM_EDOMAIN, "card: the scores of %s are not finite", s->observable);
    text_put(out, s->observable);
    reals_put(out, number, 5);
  }
  return st;
}

gm_status gm_card_write(gm_ctx *ctx, const gm_card *c, gm_text *out)
{
  assert(ctx && c && out);
  size_t begin = out->bytes;
  double number[] = {c->t_made_s, c->t_datum_s};
  if (!isfinite(c->t_made_s) || isinf(c->t_datum_s))
    return gm_fail(ctx, GM_EDOMAIN, "card: its times are not finite");
  gm_text_addn(out, magic, sizeof magic);
  int_put(out, FORM_VERSION);
  int_put(out, (int32_t)c->health);
  int_put(out, (int32_t)c->level);
  int_put(out, c->covariate_count);
  int_put(out, c->parameter_count);
  int_put(out, c->forecast_count);
  int_put(out, c->score_count);
  reals_put(out, number, 2);
  gm_status st = parts_put(ctx, c, out);
  if (!st && out->status) st = gm_fail(ctx, out->status, "card");
  if (st && out->data) {
    out->bytes = begin;
    out->data[begin] = 0;
  }
  return st;
}

/* ---- reading ----------------------------------------------------------------------------------
 */
typedef struct {
  const char *at, *end;
  gm_arena *memory;
  bool bad, full; /* cut short, or no card; no memory */
} source;

static void take(source *s, void *out, size_t bytes)
{
  if (s->bad || (size_t)(s->end - s->at) < bytes) {
    s->bad = true;
    memset(out, 0, bytes);
    return;
  }
  memcpy(out, s->at, bytes);
  s->at += bytes;
}

static int32_t int_take(source *s)
{
  int32_t v;
  take(s, &v, sizeof v);
  return v;
}

static const char *text_take(source *s)
{
  const char *text = s->at, *nul = s->bad ? NULL : memchr(text, 0, (size_t)(s->end - text));
  if (!nul) {
    s->bad = true;
    return "";
  }
  s->at = nul + 1;
  return text;
}

/* Room for count things, each of at least `least` bytes in the card; NULL: none. */
static void *room(source *s, int32_t count, size_t bytes, size_t least)
{
  if (s->bad || count < 0 || (size_t)count > (size_t)(s->end - s->at) / least) {
    s->bad = true;
    return NULL;
  }
  void *p = gm_arena_get(s->memory, count, bytes);
  s->full |= !p;
  return p;
}

static void forecast_take(source *s, gm_card_forecast *f)
{
  f->observable = text_take(s);
  f->unit = text_take(s);
  take(s, &f->t_s, sizeof f->t_s);
  take(s, &f->mean, sizeof f->mean);
  take(s, &f->sd, sizeof f->sd);
  take(s, f->quantile, sizeof f->quantile);
  take(s, f->with_noise, sizeof f->with_noise);
  int32_t count = int_take(s), wide = int_take(s);
  double *draw = count <= GM_CARD_DRAWS_MAX ? room(s, count, sizeof *draw, sizeof(float)) : NULL;
  s->bad |= count > GM_CARD_DRAWS_MAX;
  for (int32_t i = 0; i < count && draw; i++) {
    float v;
    if (wide)
      take(s, &draw[i], sizeof draw[i]);
    else
      take(s, &v, sizeof v), draw[i] = (double)v;
  }
  f->draw = draw;
  f->draw_count = count;
}

static void models_take(source *s, const int32_t count[4], gm_card *c)
{
  gm_card_covariate *v = room(s, count[0], sizeof *v, 3 + 8);
  for (int32_t i = 0; i < count[0] && v && !s->bad; i++) {
    v[i].name = text_take(s);
    v[i].unit = text_take(s);
    v[i].level = text_take(s);
    take(s, &v[i].value, sizeof v[i].value);
  }
  gm_card_parameter *p = room(s, count[1], sizeof *p, 2 + 8 * 7);
  for (int32_t i = 0; i < count[1] && p && !s->bad; i++) {
    p[i].name = text_take(s);
    p[i].unit = text_take(s);
    take(s, &p[i].mean, sizeof p[i].mean);
    take(s, &p[i].sd, sizeof p[i].sd);
    take(s, p[i].quantile, sizeof p[i].quantile);
  }
  c->covariate = v;
  c->parameter = p;
}

static void forecasts_take(source *s, const int32_t count[4], gm_card *c)
{
  gm_card_forecast *f = room(s, count[2], sizeof *f, 2 + 8 * 17 + 8);
  for (int32_t i = 0; i < count[2] && f && !s->bad; i++) forecast_take(s, &f[i]);
  gm_card_score *o = room(s, count[3], sizeof *o, 1 + 8 * 5);
  for (int32_t i = 0; i < count[3] && o && !s->bad; i++) {
    double number;
    o[i].observable = text_take(s);
    take(s, &number, sizeof number);
    o[i].count = number >= 0 && number < 9e15 ? (int64_t)number : 0;
    take(s, &o[i].crps, sizeof(double));
    take(s, &o[i].crps_base, sizeof(double));
    take(s, &o[i].covered50, sizeof(double));
    take(s, &o[i].covered90, sizeof(double));
  }
  c->forecast = f;
  c->score = o;
}

gm_status gm_card_read(gm_ctx *ctx, const void *data, size_t bytes, gm_arena *memory, gm_card *out)
{
  assert(ctx && (data || !bytes) && memory && out);
  source s = {.at = data, .end = (const char *)data + bytes, .memory = memory};
  char head[4];
  int32_t count[4];
  take(&s, head, sizeof head);
  int32_t version = int_take(&s);
  if (s.bad || memcmp(head, magic, sizeof magic) != 0)
    return gm_fail(ctx, GM_EPARSE, "this is no card of a twin");
  if (version > FORM_VERSION)
    return gm_fail(ctx, GM_EUNSUPPORTED, "a card of form %d; this Gemel knows %d", (int)version,
                   FORM_VERSION);
  gm_card c = {.health = (gm_health)int_take(&s)};
  c.level = (gm_level)int_take(&s);
  take(&s, count, sizeof count);
  take(&s, &c.t_made_s, sizeof c.t_made_s);
  take(&s, &c.t_datum_s, sizeof c.t_datum_s);
  models_take(&s, count, &c);
  forecasts_take(&s, count, &c);
  if (s.full) return gm_fail(ctx, GM_ENOMEM, "a card");
  bool known = (int)c.health >= 0 && c.health <= GM_HEALTH_LOST && (int)c.level >= 0 &&
               c.level <= GM_LEVEL_INTELLIGENT;
  if (s.bad || s.at != s.end || !known) return gm_fail(ctx, GM_EPARSE, "a card is damaged");
  c.covariate_count = count[0];
  c.parameter_count = count[1];
  c.forecast_count = count[2];
  c.score_count = count[3];
  *out = c;
  return GM_OK;
}

/* ---- draws ------------------------------------------------------------------------------------
 */
static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

int32_t gm_card_thin(int32_t n, const double *x, const double *weight, double *scratch,
                     double draw[GM_CARD_DRAWS_MAX])
{
  double sum = 0, below = 0;
  int32_t kept = 0, at = 0;
  for (int32_t i = 0; i < n; i++) {
    double w = weight ? weight[i] : 1;
    if (!(w > 0) || !isfinite(x[i])) continue; /* a member that diverged */
    scratch[2 * kept] = x[i];
    scratch[2 * kept++ + 1] = w;
    sum += w;
  }
  qsort(scratch, (size_t)kept, 2 * sizeof *scratch, by_value);
  int32_t count = kept < GM_CARD_DRAWS_MAX ? kept : GM_CARD_DRAWS_MAX;
  for (int32_t i = 0; i < count; i++) {
    double level = (i + 0.5) / count * sum;
    while (at < kept - 1 && below + scratch[2 * at + 1] < level) below += scratch[2 * at++ + 1];
    draw[i] = scratch[2 * at];
  }
  return count;
}

/* ---- chances -----------------------------------------------------------------------------------
 */
/* P(X > x), or P(X >= x), by the quantiles: straight between them, a bound beyond the outer ones.
 */
static gm_chance by_quantiles(const double *q, double x, bool or_equal)
{
  enum { N = GM_QUANTILE_COUNT };
  const double *level = gm_quantile_level;
  double out = 1 - level[N - 1]; /* of each tail */
  if (x < q[0]) return (gm_chance){1 - out / 2, 1 - out, 1, NAN};
  /* at a value on which several quantiles lie, P(X > x) and P(X >= x) are two */
  if (x > q[N - 1] || (x == q[N - 1] && !or_equal)) return (gm_chance){out / 2, 0, out, NAN};
  if (x == q[0] && or_equal) return (gm_chance){1 - out / 2, 1 - out, 1, NAN};
  int32_t i = 0;
  while (or_equal ? x > q[i + 1] : x >= q[i + 1]) i++;
  double p = 1 - (level[i] + (level[i + 1] - level[i]) * (x - q[i]) / (q[i + 1] - q[i]));
  return (gm_chance){p, p, p, NAN};
}

enum { DRAWS_LEAST = 16 };

/* How many draws lie below x, or (equal) at most at it. */
static int32_t draws_below(const gm_card_forecast *f, double x, bool equal)
{
  int32_t low = 0, high = f->draw_count;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (f->draw[middle] < x || (equal && f->draw[middle] == x))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

gm_chance gm_card_chance(const gm_card_forecast *f, bool measured, double x)
{
  return gm__card_chance(f, measured, x, false);
}

gm_chance gm__card_chance(const gm_card_forecast *f, bool measured, double x, bool or_equal)
{
  gm_chance c = by_quantiles(measured ? f->with_noise : f->quantile, x, or_equal);
  if (measured || f->draw_count < DRAWS_LEAST || c.low < c.high) return c;
  int32_t low = draws_below(f, x, !or_equal);
  double n = f->draw_count, p = (n - low) / n;
  if (low == 0 || low == f->draw_count) return c; /* the quantiles see farther */
  return (gm_chance){p, p, p, sqrt(p * (1 - p) / n)};
}
