/* quantity.c - times and doses as people type them. */
#include "base/number.h"
#include "cli/cli.h"
#include "twin/forecast.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *blank_skip(const char *s)
{
  while (*s == ' ' || *s == '\t') s++;
  return s;
}

gm_status cli_number_read(gm_ctx *ctx, const char *what, const char *text, double *out)
{
  double v = 0;
  int32_t used = gm__number_begin(text, &v);
  if (used <= 0 || *blank_skip(text + used) || !isfinite(v))
    return gm_fail(ctx, GM_EPARSE, "%s: \"%.60s\": a number is expected", what, text);
  *out = v;
  return GM_OK;
}

static gm_status convert(gm_ctx *ctx, const char *what, const char *from, const char *to, double v,
                         double *out)
{
  gm_unit a, b;
  gm_status s = gm_unit_parse_friendly(ctx, from, &a, NULL);
  if (!s) s = gm_unit_parse_friendly(ctx, to, &b, NULL);
  if (!s) s = gm_unit_convert(ctx, &a, &b, v, out);
  return s ? gm_fail_at(ctx, s, "%s", what) : GM_OK;
}

gm_status cli_time(gm_ctx *ctx, const char *what, const char *text, const char *time_unit,
                   double *out)
{
  double v = 0;
  int32_t used = gm__number_begin(text, &v);
  if (used <= 0 || !isfinite(v))
    return gm_fail(ctx, GM_EPARSE, "%s: \"%.60s\": a time such as 48 or \"48 h\" is expected", what,
                   text);
  const char *unit = blank_skip(text + used);
  if (*unit && !time_unit[0])
    return gm_fail(ctx, GM_EUNIT,
                   "%s: \"%.60s\": the model states no unit of time, so a plain "
                   "number is expected",
                   what, text);
  if (*unit && isnan(cli_hour(unit)))
    return gm_fail(ctx, GM_EUNIT,
                   "%s: \"%.60s\": %.40s is no unit of time; one such as %.40s is "
                   "expected",
                   what, text, unit, time_unit);
  if (*unit) return convert(ctx, what, unit, time_unit, v, out);
  *out = v;
  return GM_OK;
}

double cli_hour(const char *time_unit)
{
  gm_unit h, m;
  double v;
  if (!time_unit[0] || gm_unit_parse(NULL, "h", &h) ||
      gm_unit_parse_friendly(NULL, time_unit, &m, NULL) || gm_unit_convert(NULL, &h, &m, 1, &v))
    return NAN;
  return v;
}

/* ---- doses --------------------------------------------------------------------------------- */
enum { WORD_INTO, WORD_AT, WORD_OVER, WORD_EVERY, WORD_TIMES, WORD_COUNT };
static const char *const words[] = {"into", "at", "over", "every", "times", NULL};

static int word_of(const char *s, size_t bytes)
{
  for (int i = 0; i < WORD_COUNT; i++)
    if (strlen(words[i]) == bytes && !memcmp(words[i], s, bytes)) return i;
  return -1;
}

/* Everything up to the next word of the grammar, into text; returns what comes then. */
static const char *value_take(const char *s, char *text, size_t room)
{
  size_t n = 0;
  for (s = blank_skip(s); *s;) {
    size_t bytes = strcspn(s, " \t");
    if (word_of(s, bytes) >= 0) break;
    if (n && n + 1 < room) text[n++] = ' ';
    for (size_t i = 0; i < bytes && n + 1 < room; i++) text[n++] = s[i];
    s = blank_skip(s + bytes);
  }
  text[n] = 0;
  return s;
}

static gm_status dose_word(gm_ctx *ctx, const char *what, int word, const char *value,
                           const char *time_unit, cli_dose *d)
{
  double *const place[] = {NULL, &d->at, &d->over, &d->every, NULL};
  char where[256];
  double v = 0;
  snprintf(where, sizeof where, "%s: %s", what, words[word]);
  if (word == WORD_INTO) {
    if (!value[0] || strchr(value, ' '))
      return gm_fail(ctx, GM_EPARSE, "%s: \"%s\": one name is expected", where, value);
    snprintf(d->into, sizeof d->into, "%s", value);
    return GM_OK;
  }
  if (word != WORD_TIMES) return cli_time(ctx, where, value, time_unit, place[word]);
  gm_status s = cli_number_read(ctx, where, value, &v);
  if (!s && (v != floor(v) || v < 1 || v > 1e6))
    s = gm_fail(ctx, GM_ERANGE, "%s: %s: a whole number from 1 to 1000000 is expected", where,
                value);
  if (!s) d->times = (int32_t)v;
  return s;
}

static gm_status dose_check(gm_ctx *ctx, const char *what, const cli_dose *d)
{
  if (!(d->amount >= 0)) return gm_fail(ctx, GM_EDOMAIN, "%s: an amount >= 0 is expected", what);
  if (d->every <= 0 || d->over <= 0)
    return gm_fail(ctx, GM_EDOMAIN, "%s: a time > 0 is expected behind `every` and `over`", what);
  if (d->times && isnan(d->every))
    return gm_fail(ctx, GM_EPARSE, "%s: `times` without `every`", what);
  return GM_OK;
}

static gm_status dose_read(gm_ctx *ctx, const char *what, const char *text, const char *time_unit,
                           cli_dose *d)
{
  *d = (cli_dose){.amount = NAN, .at = NAN, .over = NAN, .every = NAN};
  char value[64];
  const char *s = blank_skip(text);
  int32_t used = gm__number_begin(s, &d->amount);
  if (used <= 0 || !isfinite(d->amount))
    return gm_fail(ctx, GM_EPARSE,
                   "%s: \"%.80s\": AMOUNT [UNIT] [into NAME] [at T] [over T] "
                   "[every T] [times N] is expected",
                   what, text);
  s = value_take(s + used, d->unit, sizeof d->unit);
  if (strchr(d->unit, ' '))
    return gm_fail(ctx, GM_EPARSE,
                   "%s: \"%s\" behind the amount: a unit is expected, then into, "
                   "at, over, every or times",
                   what, d->unit);
  unsigned seen = 0;
  while (*s) {
    size_t bytes = strcspn(s, " \t");
    int word = word_of(s, bytes);
    if (seen & 1u << word) return gm_fail(ctx, GM_EPARSE, "%s: `%s` twice", what, words[word]);
    seen |= 1u << word;
    s = value_take(s + bytes, value, sizeof value);
    gm_status st = dose_word(ctx, what, word, value, time_unit, d);
    if (st) return st;
  }
  return dose_check(ctx, what, d);
}

gm_status cli_doses_read(gm_ctx *ctx, const char *what, const char *text, const char *time_unit,
                         cli_dose **out, int32_t *count)
{
  int32_t parts = 1, n = 0;
  for (const char *s = text; *s; s++) parts += *s == ';';
  cli_dose *d = gm_alloc(ctx, parts, sizeof *d);
  if (!d) return gm_fail(ctx, GM_ENOMEM, "doses");
  gm_status st = GM_OK;
  for (const char *s = text; !st; s++) {
    size_t bytes = strcspn(s, ";");
    char *part = gm_strndup(ctx, s, (ptrdiff_t)bytes);
    st = part ? dose_read(ctx, what, part, time_unit, &d[n++]) : gm_fail(ctx, GM_ENOMEM, "doses");
    gm_free(part);
    s += bytes;
    if (!*s) break;
  }
  if (st) {
    gm_free(d);
    return st;
  }
  *out = d;
  *count = n;
  return GM_OK;
}

/* ---- doses under a definition -------------------------------------------------------------- */
static gm_status input_find(gm_ctx *ctx, const char *what, const gm_definition *d, const char *into,
                            int32_t *out)
{
  int32_t k = into[0] ? gm_definition_input(d, into) : d->input_count == 1 ? 0 : -1;
  for (int32_t i = 0; k < 0 && into[0] && i < d->input_count; i++)
    if (!strcmp(d->input[i].into, into)) k = i;
  if (k >= 0) {
    *out = k;
    return GM_OK;
  }
  gm_text known;
  gm_text_init(&known, ctx);
  for (int32_t i = 0; i < d->input_count; i++)
    gm_text_addf(&known, "%s%s", i ? ", " : "", d->input[i].name);
  gm_status s = gm_fail(ctx, GM_ENOTFOUND, "%s: %s%s%s; `into` one of these inputs is expected: %s",
                        what, into[0] ? "no input is called \"" : "into which input?", into,
                        into[0] ? "\"" : "", known.data ? known.data : "none");
  gm_text_free(&known);
  return s;
}

static double dose_time(const cli_dose *a, double t_first, double last)
{
  if (!isnan(a->at)) return a->at;
  return isnan(last) || !(a->every > 0) ? t_first : fmax(t_first, last + a->every);
}

static gm_status dose_event(gm_ctx *ctx, const char *what, const gm_definition *d,
                            const cli_dose *a, double t_first, double t_end, const double *last,
                            gm_event *e)
{
  int32_t k = 0;
  gm_status s = input_find(ctx, what, d, a->into, &k);
  if (s) return s;
  const gm_def_input *in = &d->input[k];
  double amount = a->amount, at = dose_time(a, t_first, last ? last[k] : NAN);
  if (a->unit[0]) s = convert(ctx, what, a->unit, in->unit, a->amount, &amount);
  if (s) return s;
  double more = a->times ? a->times - 1.0 : 0;
  if (!a->times && a->every > 0) more = fmax(0, ceil((t_end - at) / a->every - 1e-9) - 1);
  *e = (gm_event){.t = at,
                  .amount = amount * in->to_model,
                  .port = in->port,
                  .input = k,
                  .additional = (int32_t)fmin(more, 1e6),
                  .kind = GM_EVENT_DOSE};
  if (a->every > 0) e->interval = a->every;
  if (a->over > 0)
    e->duration = a->over;
  else if (in->duration)
    e->mode = GM_DOSE_DURATION_MODELLED;
  else if (in->rate)
    e->mode = GM_DOSE_RATE_MODELLED;
  return GM_OK;
}

void cli_events_sort(gm_event *event, int32_t count)
{
  for (int32_t i = 1; i < count; i++) { /* few, and equal times keep their order */
    gm_event e = event[i];
    int32_t k = i;
    for (; k > 0 && event[k - 1].t > e.t; k--) event[k] = event[k - 1];
    event[k] = e;
  }
  for (int32_t i = 0; i < count; i++) event[i].order = i;
}

gm_status cli_dose_events(gm_ctx *ctx, const char *what, const gm_definition *d,
                          const cli_dose *dose, int32_t count, double t_first, double t_end,
                          const double *last, gm_event **out)
{
  gm_event *e = gm_alloc(ctx, count, sizeof *e);
  gm_status s = e ? GM_OK : gm_fail(ctx, GM_ENOMEM, "doses");
  for (int32_t i = 0; i < count && !s; i++)
    s = dose_event(ctx, what, d, &dose[i], t_first, t_end, last, &e[i]);
  if (s) {
    gm_free(e);
    return s;
  }
  cli_events_sort(e, count);
  *out = e;
  return GM_OK;
}

void cli_last_doses(const gm_subject *s, const gm_definition *d, double t, double *last)
{
  int32_t count;
  const gm_event *e = gm_subject_events(s, &count);
  for (int32_t i = 0; i < d->input_count; i++) last[i] = NAN;
  for (int32_t i = 0; i < count; i++) {
    bool dose = e[i].kind == GM_EVENT_DOSE || e[i].kind == GM_EVENT_RESET_DOSE;
    if (!dose || e[i].t > t || e[i].input < 0) continue;
    double due = e[i].t + gm__additional_given(&e[i], t) * e[i].interval;
    last[e[i].input] = fmax(last[e[i].input], due); /* of NaN and a number: the number */
  }
}
