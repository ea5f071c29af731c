/* records_column.c - names of columns, and the header line. The names are those of NM-TRAN (ICON,
 * NONMEM Users Guide part VIII), CENS, LIMIT and YTYPE those of Monolix, INPUT and OBSERVABLE ours;
 * docs/data.md lists them, and a test holds that list against this one. */
#include "interop/records_reader.h"
#include "interop/records_number.h"
#include <string.h>
#include <strings.h>

static const struct {
  const char *name;
  gm__column_kind kind;
} known[] = {
    {"ID", GM__COL_ID},
    {"TIME", GM__COL_TIME},
    {"AMT", GM__COL_AMT},
    {"RATE", GM__COL_RATE},
    {"DUR", GM__COL_DUR},
    {"II", GM__COL_II},
    {"ADDL", GM__COL_ADDL},
    {"SS", GM__COL_SS},
    {"EVID", GM__COL_EVID},
    {"CMT", GM__COL_CMT},
    {"DV", GM__COL_DV},
    {"OBSERVABLE", GM__COL_OBSERVABLE},
    {"MDV", GM__COL_MDV},
    {"CENS", GM__COL_CENS},
    {"BLQ", GM__COL_BLQ},
    {"LIMIT", GM__COL_LIMIT},
    {"OCC", GM__COL_OCC},
    {"INPUT", GM__COL_INPUT},
    {"C", GM__COL_COMMENT}, /* up to here: main names, in the order of gm__column_kind */
    {"SUBJECT", GM__COL_ID},
    {"SUBJ", GM__COL_ID},
    {"SUBJID", GM__COL_ID},
    {"USUBJID", GM__COL_ID},
    {"AMOUNT", GM__COL_AMT},
    {"DURATION", GM__COL_DUR},
    {"TINF", GM__COL_DUR},
    {"ADDITIONAL", GM__COL_ADDL},
    {"COMPARTMENT", GM__COL_CMT},
    {"VALUE", GM__COL_DV},
    {"Y", GM__COL_DV},
    {"DVID", GM__COL_OBSERVABLE},
    {"YTYPE", GM__COL_OBSERVABLE},
    {"CENSORED", GM__COL_CENS},
    {"BLOQ", GM__COL_BLQ},
    {"BQL", GM__COL_BLQ},
    {"OCCASION", GM__COL_OCC},
};

#define CALENDAR "calendar dates are not read, elapsed time as a number in TIME was expected"
#define RESERVED "an item of NM-TRAN that is not carried out, another name was expected"
static const struct {
  const char *name, *why;
} refused[] = {
    {"DATE", CALENDAR},
    {"DAT1", CALENDAR},
    {"DAT2", CALENDAR},
    {"DAT3", CALENDAR},
    {"ELTM", "a second column of times, the elapsed time in TIME was expected"},
    {"CALL", RESERVED},
    {"CONT", RESERVED},
    {"PCMT", RESERVED},
    {"L1", RESERVED},
    {"L2", RESERVED},
    {"MRG_", RESERVED},
    {"RAW_", RESERVED},
    {"RPT_", RESERVED},
};

gm__column_kind gm__column_find(const char *name, bool *synonym_out, const char **refusal_out)
{
  *refusal_out = NULL;
  *synonym_out = false;
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    if (strcasecmp(name, refused[i].name) == 0) *refusal_out = refused[i].why;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcasecmp(name, known[i].name) != 0) continue;
    *synonym_out = i >= GM__COL_KNOWN_COUNT;
    return known[i].kind;
  }
  return GM__COL_COVARIATE;
}

const char *gm__column_name(gm__column_kind kind) { return known[kind].name; }

const char *gm__column_known(int32_t i)
{
  int32_t known_count = sizeof known / sizeof known[0];
  int32_t refused_count = sizeof refused / sizeof refused[0];
  if (i < known_count) return known[i].name;
  return i < known_count + refused_count ? refused[i - known_count].name : NULL;
}

/* ---- the header line ----------------------------------------------------------------------- */
static char separator_find(const char *line)
{
  static const char candidate[] = {',', ';', '\t'};
  char best = 0;
  int64_t most = 0;
  for (size_t i = 0; i < sizeof candidate; i++) {
    int64_t n = gm__cells_count(line, candidate[i]);
    if (n > most) {
      most = n;
      best = candidate[i];
    }
  }
  return best;
}

/* Whether a line that begins with # is the header and not a remark. */
static bool has_name(char **cell, int32_t count, gm__column_kind kind)
{
  for (int32_t i = 0; i < count; i++) {
    bool synonym;
    const char *why;
    if (gm__column_find(cell[i], &synonym, &why) == kind) return true;
  }
  return false;
}

static gm_status header_split(gm__reader *r, char **cell, int32_t *count)
{
  r->separator = separator_find(r->source.line);
  if (!r->separator)
    return gm__reader_fail(r, -1,
                           "no separator in the header \"%s\", names separated by , or ; or tab "
                           "were expected",
                           gm__show(r->source.line).text);
  switch (gm__cells_split(r->source.line, r->separator, cell, GM__COLUMNS_MAX, count)) {
  case GM__CELLS_OK: return GM_OK;
  case GM__CELLS_TOO_MANY:
    return gm_fail(r->ctx, GM_ERANGE, "%s:%d: %d columns, at most %d were expected", r->name,
                   (int)r->source.number, (int)*count, GM__COLUMNS_MAX);
  default:
    return gm__reader_fail(r, -1,
                           "a quote that does not end with its name, closed quotes were "
                           "expected");
  }
}

/* Finds the header line and cuts it; cell has room for GM__COLUMNS_MAX names. */
static gm_status header_find(gm__reader *r, char **cell, int32_t *count)
{
  for (;;) {
    bool more;
    gm_status s = gm__line_next(&r->source, &more);
    if (s) return s;
    if (!more)
      return gm_fail(r->ctx, GM_EPARSE, "%s: no header, a first line with ID and TIME was expected",
                     r->name);
    char *p = r->source.line;
    p += strspn(p, " \t");
    if (!*p) continue;
    bool mark = *p == '#';
    if (mark) *p = ' ';
    s = header_split(r, cell, count);
    if (!mark) return s;
    if (!s && has_name(cell, *count, GM__COL_ID) && has_name(cell, *count, GM__COL_TIME)) return s;
    gm_message_clear(r->ctx);
    r->comment_count++;
  }
}

static gm_status columns_keep(gm__reader *r, char **cell, int32_t count)
{
  r->column = gm_alloc(r->ctx, count, sizeof *r->column);
  r->cell = gm_alloc(r->ctx, count, sizeof *r->cell);
  r->covariate = gm_alloc(r->ctx, count, sizeof *r->covariate);
  if (!r->column || !r->cell || !r->covariate)
    return gm_fail(r->ctx, GM_ENOMEM, "%s: %d columns", r->name, (int)count);
  for (int32_t i = 0; i < count; i++) {
    r->column[i] = gm__row_text(r, cell[i]);
    if (!r->column[i]) return GM_ENOMEM;
  }
  r->column_count = count;
  return GM_OK;
}

static gm_status names_check(gm__reader *r)
{
  for (int32_t i = 0; i < r->column_count; i++) {
    if (gm__cell_missing(r->column[i]))
      return gm__reader_fail(r, -1,
                             "column %d has no name, one for each column was expected (row names "
                             "of R: write.csv with row.names = FALSE)",
                             (int)i + 1);
    for (int32_t j = 0; j < i; j++)
      if (strcasecmp(r->column[i], r->column[j]) == 0)
        return gm__reader_fail(r, i,
                               "stands in the header twice (columns %d and %d), each name "
                               "once was expected",
                               (int)j + 1, (int)i + 1);
  }
  return GM_OK;
}

/* Main names first, so that a synonym beside one is an ordinary covariate. */
static gm_status columns_assign(gm__reader *r, bool synonyms, bool *taken)
{
  for (int32_t i = 0; i < r->column_count; i++) {
    bool synonym;
    const char *why;
    gm__column_kind kind = gm__column_find(r->column[i], &synonym, &why);
    if (why) return gm__reader_fail(r, i, "%s", why);
    if (kind == GM__COL_COVARIATE || synonym != synonyms) continue;
    int32_t other = r->at[kind];
    if (other >= 0) {
      if (strcasecmp(r->column[other], gm__column_name(kind)) == 0) continue;
      return gm__reader_fail(r, i, "means the same as column %s, one of them was expected",
                             gm__show(r->column[other]).text);
    }
    r->at[kind] = i;
    taken[i] = true;
  }
  return GM_OK;
}

static gm_status columns_check(gm__reader *r)
{
  const int32_t *at = r->at;
  for (gm__column_kind k = GM__COL_ID; k <= GM__COL_TIME; k++)
    if (at[k] < 0)
      return gm_fail(r->ctx, GM_EPARSE, "%s:%d:%s: there is no such column, it was expected",
                     r->name, (int)r->source.number, gm__column_name(k));
  if (at[GM__COL_DV] < 0 && at[GM__COL_AMT] < 0 && at[GM__COL_EVID] < 0)
    return gm__reader_fail(r, -1,
                           "no column DV, AMT or EVID, at least one of what was measured and "
                           "what was given was expected");
  if (at[GM__COL_CENS] >= 0 && at[GM__COL_BLQ] >= 0)
    return gm__reader_refuse(r, GM__COL_BLQ,
                             "means the same as column %s, one of them was expected",
                             gm__show(r->column[at[GM__COL_CENS]]).text);
  return GM_OK;
}

static gm_status covariates_keep(gm__reader *r, const bool *taken)
{
  gm_records *p = &r->table->pub;
  p->covariate = gm_alloc(r->ctx, r->column_count, sizeof *p->covariate);
  if (!p->covariate) return gm_fail(r->ctx, GM_ENOMEM, "%s: names of covariates", r->name);
  for (int32_t i = 0; i < r->column_count; i++) {
    if (taken[i]) continue;
    char *name = gm_strdup(r->ctx, r->column[i]);
    if (!name) return gm_fail(r->ctx, GM_ENOMEM, "%s: names of covariates", r->name);
    r->covariate[p->covariate_count] = i;
    p->covariate[p->covariate_count++] = name;
  }
  return GM_OK;
}

gm_status gm__header_read(gm__reader *r)
{
  int32_t count = 0;
  bool *taken = NULL;
  for (int k = 0; k < GM__COL_KNOWN_COUNT; k++) r->at[k] = -1;
  char **cell = gm_alloc(r->ctx, GM__COLUMNS_MAX, sizeof *cell);
  if (!cell) return gm_fail(r->ctx, GM_ENOMEM, "%s: header", r->name);
  gm_status s = header_find(r, cell, &count);
  if (!s) s = columns_keep(r, cell, count);
  if (s) goto out;
  taken = gm_alloc(r->ctx, count, sizeof *taken);
  if (!taken) {
    s = gm_fail(r->ctx, GM_ENOMEM, "%s: header", r->name);
    goto out;
  }
  s = names_check(r);
  if (!s) s = columns_assign(r, false, taken);
  if (!s) s = columns_assign(r, true, taken);
  if (!s) s = columns_check(r);
  if (!s) s = covariates_keep(r, taken);
out:
  gm_free(taken);
  gm_free(cell);
  return s;
}
