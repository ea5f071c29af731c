/* fore_book_text.c - the book of scores as a table to read and as text to keep.
 * Kept form, words between blanks, one line each:
 *   gemel-scores 1
 *   horizons COUNT h...
 *   row OBSERVABLE HORIZON FORECASTER      names with %XX for blanks, '%' and controls; '-' none
 *   counts n...          in the order of GM__BOOK_COUNTS
 *   pit n...
 *   sum NAME SIGN FIRST digit...           digits of 32 bits in hexadecimal from number FIRST on
 *   end */
#include "methods/fore_book.h"
#include "base/number.h"
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const sum_name[GM__SUM_COUNT] = {
#define GM_X(id, name) name,
    GM__BOOK_SUMS(GM_X)
#undef GM_X
};

/* ---- table ---------------------------------------------------------------------------------- */
static void print_interval(gm_text *out, const gm_book_row *r)
{
  if (isnan(r->skill))
    gm_text_add(out, "-");
  else if (isnan(r->skill_low))
    gm_text_addf(out, "%.1f %%", 100 * r->skill);
  else
    gm_text_addf(out, "%.1f %% (%.1f to %.1f)", 100 * r->skill, 100 * r->skill_low,
                 100 * r->skill_high);
}

void gm_book_print(const gm_book *b, gm_text *out)
{
  assert(b && out);
  gm_text_addf(out, "%-16s %8s %-16s %7s %8s %10s %10s %10s %6s %6s %6s  %-24s %s\n", "observable",
               "ahead", "forecaster", "n", "subjects", "CRPS", "WIS", "log score", "bias", "in 50",
               "in 90", "PIT", "skill of the twin, 90 %");
  for (int32_t i = 0, n = gm_book_rows(b); i < n; i++) {
    gm_book_row r = gm_book_at(b, i);
    gm_text_addf(out, "%-16s %8.4g %-16s %7" PRId64 " %8" PRId64 " %10.4g %10.4g ", r.observable,
                 r.horizon, *r.forecaster ? r.forecaster : "twin", r.n, r.subjects, r.crps, r.wis);
    if (r.log_infinite)
      gm_text_addf(out, "%10s ", "inf");
    else if (isnan(r.log_score))
      gm_text_addf(out, "%10s ", "-");
    else
      gm_text_addf(out, "%10.4g ", r.log_score);
    gm_text_addf(out, "%6.2f %6.2f %6.2f  %-24s ", r.bias, r.in50, r.in90,
                 gm_shape_text(r.flatness.shape));
    print_interval(out, &r);
    gm_text_add(out, "\n");
  }
}

/* ---- keeping -------------------------------------------------------------------------------- */
static void save_name(gm_text *out, const char *name)
{
  if (!*name) gm_text_add(out, "-");
  for (const char *c = name; *c; c++) {
    unsigned char u = (unsigned char)*c;
    if (u <= ' ' || u == '%' || u == 0x7f || (c == name && u == '-'))
      gm_text_addf(out, "%%%02x", u);
    else
      gm_text_addn(out, c, 1);
  }
}

static void save_sum(gm_text *out, const char *name, const gm__exact *sum)
{
  gm__exact e = *sum;
  gm__exact_settle(&e);
  bool negative = e.digit[GM__EXACT_DIGITS - 1] < 0;
  if (negative) {
    for (int32_t i = 0; i < GM__EXACT_DIGITS; i++) e.digit[i] = -e.digit[i];
    gm__exact_settle(&e);
  }
  int32_t first = 0, last = GM__EXACT_DIGITS - 1;
  while (last >= 0 && !e.digit[last]) last--;
  if (last < 0) return; /* a sum of 0 is left out */
  while (!e.digit[first]) first++;
  gm_text_addf(out, "sum %s %c %d", name, negative ? '-' : '+', (int)first);
  for (int32_t i = first; i <= last; i++) gm_text_addf(out, " %08" PRIx64, (uint64_t)e.digit[i]);
  gm_text_add(out, "\n");
}

void gm_book_save(const gm_book *b, gm_text *out)
{
  assert(b && out);
  char number[GM__NUMBER_TEXT_BYTES];
  gm_text_addf(out, "gemel-scores 1\nhorizons %d", (int)b->horizon_count);
  for (int32_t i = 0; i < b->horizon_count; i++)
    gm_text_addf(out, " %s", gm__number_text(b->horizon[i], number));
  gm_text_add(out, "\n");
  for (int32_t i = 0; i < b->row_count; i++) {
    const gm__book_row *r = b->row[i];
    if (!r->count[GM__COUNT_N]) continue;
    gm_text_add(out, "row ");
    save_name(out, r->observable);
    gm_text_addf(out, " %d ", (int)r->horizon);
    save_name(out, r->forecaster);
    gm_text_add(out, "\ncounts");
    for (int32_t k = 0; k < GM__COUNT_COUNT; k++) gm_text_addf(out, " %" PRId64, r->count[k]);
    gm_text_add(out, "\npit");
    for (int32_t k = 0; k < GM_BOOK_BINS; k++) gm_text_addf(out, " %" PRId64, r->pit[k]);
    gm_text_add(out, "\n");
    for (int32_t k = 0; k < GM__SUM_COUNT; k++) save_sum(out, sum_name[k], &r->sum[k]);
  }
  gm_text_add(out, "end\n");
}

/* ---- reading it back ------------------------------------------------------------------------ */
typedef struct {
  gm_ctx *ctx;
  const char *at;
  int32_t line;
  char word[3 * GM__NAME_BYTES_MAX + 2];
} reader;

static gm_status bad(reader *r, const char *expected)
{
  return gm_fail(r->ctx, GM_EPARSE, "score book, line %d: '%.40s', expected %s", (int)r->line,
                 r->word, expected);
}

/* The next word of this line into r->word; "" at its end. */
static void next_word(reader *r)
{
  size_t n = 0;
  while (*r->at == ' ') r->at++;
  while (*r->at && *r->at != ' ' && *r->at != '\n') {
    if (n + 1 < sizeof r->word) r->word[n++] = *r->at;
    r->at++;
  }
  r->word[n] = '\0';
}

static gm_status line_end(reader *r)
{
  next_word(r);
  if (r->word[0] || *r->at != '\n') return bad(r, "the end of the line");
  r->at++;
  r->line++;
  return GM_OK;
}

static gm_status expect(reader *r, const char *word)
{
  next_word(r);
  return strcmp(r->word, word) ? bad(r, word) : GM_OK;
}

/* Digits alone, at most 18 decimal or 8 hexadecimal ones. */
static gm_status whole(reader *r, int base, int64_t *out)
{
  int64_t v = 0;
  size_t n = 0, most = base == 16 ? 8 : 18;
  next_word(r);
  for (; r->word[n]; n++) {
    unsigned char c = (unsigned char)r->word[n];
    if (n == most || !(base == 16 ? isxdigit(c) : isdigit(c))) return bad(r, "a whole number");
    v = v * base + (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
  }
  if (!n) return bad(r, "a whole number");
  *out = v;
  return GM_OK;
}

static int hex_of(char c)
{
  if (!isxdigit((unsigned char)c)) return -1;
  return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* One byte of a name, %XX or itself; bytes read, 0 when it is neither. */
static size_t name_byte(const char *c, char *out)
{
  int high, low;
  *out = *c;
  if (*c != '%') return 1;
  high = hex_of(c[1]);
  low = high < 0 ? -1 : hex_of(c[2]);
  if (low < 0 || !(high | low)) return 0;
  *out = (char)(high * 16 + low);
  return 3;
}

static gm_status name(reader *r, bool may_lack, char out[GM__NAME_BYTES_MAX + 1])
{
  size_t n = 0;
  next_word(r);
  bool none = !strcmp(r->word, "-");
  if (!r->word[0] || (none && !may_lack)) return bad(r, "a name");
  for (const char *c = none ? "" : r->word; *c;) {
    size_t step = n < GM__NAME_BYTES_MAX ? name_byte(c, &out[n++]) : 0;
    if (!step) return bad(r, "a name with %XX for what is special");
    c += step;
  }
  out[n] = '\0';
  return GM_OK;
}

static gm_status head(reader *r, gm_book **out)
{
  double h[GM__HORIZONS_MAX];
  int64_t count = 0;
  gm_status s = expect(r, "gemel-scores");
  if (!s) s = expect(r, "1");
  if (!s) s = line_end(r);
  if (!s) s = expect(r, "horizons");
  if (!s) s = whole(r, 10, &count);
  if (!s && (count < 1 || count > GM__HORIZONS_MAX)) s = bad(r, "1 to 1000 horizons");
  for (int64_t i = 0; i < count && !s; i++) {
    next_word(r);
    if (!gm__number_parse(r->word, &h[i]) || !(h[i] > (i ? h[i - 1] : 0)))
      s = bad(r, "an ascending horizon > 0");
  }
  if (!s) s = line_end(r);
  return s ? s : gm_book_new(r->ctx, (int32_t)count, h, out);
}

static gm_status read_sum(reader *r, gm__book_row *row)
{
  int32_t k = 0;
  int64_t first, digit;
  next_word(r);
  while (k < GM__SUM_COUNT && strcmp(r->word, sum_name[k])) k++;
  if (k == GM__SUM_COUNT) return bad(r, "the name of a sum");
  gm__exact *e = &row->sum[k];
  next_word(r);
  bool negative = !strcmp(r->word, "-");
  if (!negative && strcmp(r->word, "+")) return bad(r, "a sign");
  gm_status s = whole(r, 10, &first);
  if (s) return s;
  *e = (gm__exact){0};
  /* the last digit but one is the highest that sums of finite numbers reach */
  for (int64_t i = first; *r->at == ' '; i++) {
    s = whole(r, 16, &digit);
    if (!s && i > GM__EXACT_DIGITS - 2) s = bad(r, "fewer digits");
    if (s) return s;
    e->digit[i] = negative ? -digit : digit;
  }
  gm__exact_settle(e);
  /* their products are taken */
  if ((k == GM__SUM_OPEN_A || k == GM__SUM_OPEN_B) && !(fabs(gm__exact_value(e)) < 1e150))
    return bad(r, "a smaller sum");
  return line_end(r);
}

static gm_status check_row(reader *r, const gm__book_row *row)
{
  const int64_t *c = row->count;
  int64_t pits = 0, n = c[GM__COUNT_N];
  for (int32_t k = 0; k < GM_BOOK_BINS; k++) pits += row->pit[k];
  bool good = n >= 1 && n <= INT64_C(1) << 52 && pits == n && c[GM__COUNT_IN50] <= n &&
              c[GM__COUNT_IN90] <= n && c[GM__COUNT_LOG_NONE] <= n &&
              c[GM__COUNT_LOG_INFINITE] <= n - c[GM__COUNT_LOG_NONE] && c[GM__COUNT_OPEN_N] <= n &&
              c[GM__COUNT_SUBJECTS] <= n;
  return good ? GM_OK : bad(r, "counts that agree with each other");
}

/* The line that names a row; an empty row of the book. */
static gm_status row_line(reader *r, gm_book *b, gm__book_row **row)
{
  char observable[GM__NAME_BYTES_MAX + 1], forecaster[GM__NAME_BYTES_MAX + 1];
  int64_t horizon = 0;
  gm_status s = name(r, false, observable);
  if (!s) s = whole(r, 10, &horizon);
  if (!s && horizon >= b->horizon_count) s = bad(r, "the number of a horizon");
  if (!s) s = name(r, true, forecaster);
  if (!s) s = line_end(r);
  if (!s) s = gm__book_row_of(b, observable, (int32_t)horizon, forecaster, row);
  if (!s && (*row)->count[GM__COUNT_N]) s = bad(r, "each row once");
  return s;
}

static gm_status read_row(reader *r, gm_book *b)
{
  gm__book_row *row = NULL;
  gm_status s = row_line(r, b, &row);
  if (!s) s = expect(r, "counts");
  for (int32_t k = 0; k < GM__COUNT_COUNT && !s; k++) s = whole(r, 10, &row->count[k]);
  if (!s) s = line_end(r);
  if (!s) s = expect(r, "pit");
  for (int32_t k = 0; k < GM_BOOK_BINS && !s; k++) s = whole(r, 10, &row->pit[k]);
  if (!s) s = check_row(r, row);
  if (!s) s = line_end(r);
  while (!s && !strncmp(r->at, "sum ", 4)) {
    s = expect(r, "sum");
    if (!s) s = read_sum(r, row);
  }
  return s;
}

gm_status gm_book_load(gm_ctx *ctx, const char *text, gm_book **out)
{
  assert(text && out);
  reader r = {.ctx = ctx, .at = text, .line = 1};
  gm_book *b = NULL;
  gm_status s = head(&r, &b);
  while (!s && !strncmp(r.at, "row ", 4)) {
    s = expect(&r, "row");
    if (!s) s = read_row(&r, b);
  }
  if (!s) s = expect(&r, "end");
  if (!s) s = line_end(&r);
  if (!s && *r.at) s = bad(&r, "nothing behind the end");
  if (s)
    gm_book_free(b);
  else
    *out = b;
  return s;
}
