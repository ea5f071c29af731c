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

/* Of what ascends all is finite when both ends are; a NaN does not ascend. */
static bool ascending(const double *v, int32_t n)
{
  for (int32_t i = 1; i < n; i++)
    if (!(v[i] >= v[i - 1])) return false;
  return n < 1 || (isfinite(v[0]) && isfinite(v[n - 1]));
}

/* Draws are kept as floats only where nothing is lost: a draw that moves by a rounding moves from
 * one side of a threshold to the other where many members stand at one value (0, a limit, a count).
 */
static bool are_floats(const double *v, int32_t n)
{
  for (int32_t i = 0; i < n; i++)
    if (fabs(v[i]) > (double)FLT_MAX || (double)(float)v[i] != v[i]) return false;
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
  bool wide = !are_floats(f->draw, f->draw_count);
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

/* What gm_card_write does not write is not read either: a card that was made by hand must not put
 * NaN or crossed quantiles into sums over many. */
static void finite_take(source *s, double *v, int32_t n)
{
  take(s, v, (size_t)n * sizeof *v);
  s->bad |= !finite_all(v, n);
}

static void ascending_take(source *s, double *v, int32_t n)
{
  take(s, v, (size_t)n * sizeof *v);
  s->bad |= !ascending(v, n);
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
  finite_take(s, &f->t_s, 1);
  finite_take(s, &f->mean, 1);
  finite_take(s, &f->sd, 1);
  ascending_take(s, f->quantile, GM_QUANTILE_COUNT);
  ascending_take(s, f->with_noise, GM_QUANTILE_COUNT);
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
  s->bad |= draw && !ascending(draw, count);
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
    finite_take(s, &v[i].value, 1);
  }
  gm_card_parameter *p = room(s, count[1], sizeof *p, 2 + 8 * 7);
  for (int32_t i = 0; i < count[1] && p && !s->bad; i++) {
    p[i].name = text_take(s);
    p[i].unit = text_take(s);
    finite_take(s, &p[i].mean, 1);
    finite_take(s, &p[i].sd, 1);
    ascending_take(s, p[i].quantile, GM_CARD_QUANTILES);
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
    double number[5];
    o[i].observable = text_take(s);
    finite_take(s, number, 5);
    bool counted = number[0] >= 0 && number[0] < 9e15;
    s->bad |= !counted;
    o[i].count = counted ? (int64_t)number[0] : 0;
    o[i].crps = number[1];
    o[i].crps_base = number[2];
    o[i].covered50 = number[3];
    o[i].covered90 = number[4];
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
  finite_take(&s, &c.t_made_s, 1);
  take(&s, &c.t_datum_s, sizeof c.t_datum_s); /* NaN: no datum */
  s.bad |= isinf(c.t_datum_s) != 0;
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
static bool is_below(gm__sign sign) { return sign == GM__LESS || sign == GM__LESS_EQUAL; }

/* Does a value at x lie above the cut? P(X < x) is what P(X >= x) leaves. */
static bool is_above_at(gm__sign sign) { return sign == GM__MORE_EQUAL || sign == GM__LESS; }

/* By the quantiles: straight between them, a bound beyond the outer ones. The levels are as far
 * from 0 as from 1, so that a chance of being above is read from them as they stand, too. */
static gm_chance by_quantiles(const double *q, double x, gm__sign sign)
{
  enum { N = GM_QUANTILE_COUNT };
  const double *level = gm_quantile_level;
  bool below = is_below(sign), above_at = is_above_at(sign);
  /* at a value on which several quantiles lie, P(X > x) and P(X >= x) are two */
  bool under = x < q[0] || (x == q[0] && above_at);
  bool over = x > q[N - 1] || (x == q[N - 1] && !above_at);
  if (under || over) {
    double out = level[0]; /* of each tail */
    return under != below ? (gm_chance){1 - out / 2, level[N - 1], 1, NAN}
                          : (gm_chance){out / 2, 0, out, NAN};
  }
  int32_t i = 0;
  while (above_at ? x > q[i + 1] : x >= q[i + 1]) i++;
  double part = (x - q[i]) / (q[i + 1] - q[i]);
  double from = below ? level[i] : level[N - 1 - i], to = below ? level[i + 1] : level[N - 2 - i];
  double p = (1 - part) * from + part * to;
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
  return gm__card_chance(f, measured, x, GM__MORE);
}

gm_chance gm__card_chance(const gm_card_forecast *f, bool measured, double x, gm__sign sign)
{
  gm_chance c = by_quantiles(measured ? f->with_noise : f->quantile, x, sign);
  if (measured || f->draw_count < DRAWS_LEAST || c.low < c.high) return c;
  int32_t below = draws_below(f, x, !is_above_at(sign));
  if (below == 0 || below == f->draw_count) return c; /* the quantiles see farther */
  double n = f->draw_count, p = (is_below(sign) ? below : f->draw_count - below) / n;
  return (gm_chance){p, p, p, sqrt(p * (1 - p) / n)};
}
