/* records_row.c - one row: numbers, and the rules that bind them. The rules are those of NM-TRAN
 * and PREDPP (ICON, NONMEM Users Guide parts IV and VI): what EVID and MDV are when the file
 * does not say it, and which items each kind of record may have. Where NM-TRAN would leave
 * something unsaid (a value beside a dose), the row is refused instead. */
#include "interop/records_reader.h"
#include "interop/records_number.h"
#include <math.h>
#include <string.h>

enum { ADDITIONAL_MAX = 10000000 }; /* as gm_schedule_check has it */

static const struct {
  bool dose, plain; /* plain: no item of a dose may be there */
  const char *what;
} evid_rule[] = {
    [0] = {false, true, "an observation"},      [1] = {true, false, "a dose"},
    [2] = {false, true, "another event"},       [3] = {false, true, "a reset"},
    [4] = {true, false, "a reset with a dose"}, [8] = {false, false, "a replacement"},
};

const char *gm__row_cell(const gm__reader *r, gm__column_kind kind)
{
  int32_t i = r->at[kind];
  return i < 0 || gm__cell_missing(r->cell[i]) ? "" : r->cell[i];
}

const char *gm__row_text(gm__reader *r, const char *text)
{
  if (!text[0]) return "";
  const gm__interned *e = gm__intern_add(&r->table->texts, text);
  if (e) return e->text;
  (void)gm_fail(r->ctx, GM_ENOMEM, "%s:%d: text of a cell", r->name, (int)r->source.number);
  return NULL;
}

/* ---- numbers ------------------------------------------------------------------------------- */
/* A cell as a number; a missing one leaves *out as it is and has *given false. */
static gm_status number(gm__reader *r, gm__column_kind kind, double *out, bool *given)
{
  const char *cell = gm__row_cell(r, kind);
  *given = cell[0] != 0;
  if (!*given) return GM_OK;
  const char *wrong = gm__cell_number(cell, r->c_locale, out);
  return wrong ? gm__reader_refuse(r, kind, "\"%s\" %s", gm__show(cell).text, wrong) : GM_OK;
}

static gm_status integer(gm__reader *r, gm__column_kind kind, int32_t lower, int32_t upper,
                         int32_t *out, bool *given)
{
  double v;
  gm_status s = number(r, kind, &v, given);
  if (s || !*given) return s;
  if (v != floor(v) || v < lower || v > upper)
    return gm__reader_refuse(r, kind, "\"%s\", a whole number from %d to %d was expected",
                             gm__show(gm__row_cell(r, kind)).text, (int)lower, (int)upper);
  *out = (int32_t)v;
  return GM_OK;
}

/* What a row says, before it is known what kind of record it is. */
typedef struct {
  double duration, limit;
  int32_t evid, mdv;
  bool amount_given, value_given, duration_given, limit_given, evid_given, mdv_given;
} row;

static gm_status time_read(gm__reader *r, gm_record *rec)
{
  bool given;
  gm_status s = number(r, GM__COL_TIME, &rec->time, &given);
  if (s) return s;
  if (!given) return gm__reader_refuse(r, GM__COL_TIME, "missing, a number was expected");
  if (rec->time < 0)
    return gm__reader_refuse(r, GM__COL_TIME, "\"%s\" is negative, times from 0 on were expected",
                             gm__show(gm__row_cell(r, GM__COL_TIME)).text);
  if (rec->time == 0) rec->time = 0; /* -0 is 0 */
  return GM_OK;
}

static gm_status evid_read(gm__reader *r, row *w)
{
  if (r->at[GM__COL_EVID] < 0) return GM_OK;
  double v = 0; /* a missing cell is 0, as in NM-TRAN */
  bool given;
  gm_status s = number(r, GM__COL_EVID, &v, &given);
  if (s) return s;
  w->evid_given = true;
  const char *hint = "";
  if (v > 100) hint = " (numbers above 100 are the compound events of nlmixr and RxODE, not read)";
  if (v == 5 || v == 6 || v == 7) hint = " (5 to 7 are events of rxode2, not read)";
  bool good = v == 0 || v == 1 || v == 2 || v == 3 || v == 4 || v == 8;
  if (!good)
    return gm__reader_refuse(r, GM__COL_EVID, "\"%s\", one of 0, 1, 2, 3, 4, 8 was expected%s",
                             gm__show(gm__row_cell(r, GM__COL_EVID)).text, hint);
  w->evid = (int32_t)v;
  return GM_OK;
}

static gm_status dose_items_read(gm__reader *r, gm_record *rec, row *w)
{
  bool given;
  gm_status s = number(r, GM__COL_AMT, &rec->amount, &w->amount_given);
  if (!s) s = number(r, GM__COL_RATE, &rec->rate, &given);
  if (!s) s = number(r, GM__COL_DUR, &w->duration, &w->duration_given);
  if (!s) s = number(r, GM__COL_II, &rec->interval, &given);
  if (!s) s = integer(r, GM__COL_ADDL, 0, ADDITIONAL_MAX, &rec->additional, &given);
  if (!s) s = integer(r, GM__COL_SS, 0, 2, &rec->steady, &given);
  if (!s) s = integer(r, GM__COL_CMT, 0, INT32_MAX, &rec->compartment, &given);
  if (!s) s = integer(r, GM__COL_OCC, 0, INT32_MAX, &rec->occasion, &given);
  if (!s && !given) rec->occasion = -1;
  return s;
}

static gm_status value_items_read(gm__reader *r, gm_record *rec, row *w)
{
  bool given;
  rec->value = NAN;
  gm_status s = number(r, GM__COL_DV, &rec->value, &w->value_given);
  if (!s) s = integer(r, GM__COL_MDV, 0, 1, &w->mdv, &w->mdv_given);
  if (!s) s = integer(r, GM__COL_CENS, -1, 1, &rec->censored, &given);
  if (!s && r->at[GM__COL_BLQ] >= 0) s = integer(r, GM__COL_BLQ, 0, 1, &rec->censored, &given);
  if (!s) s = number(r, GM__COL_LIMIT, &w->limit, &w->limit_given);
  return s;
}

/* ---- what kind of record it is ------------------------------------------------------------- */
static gm_status evid_settle(gm__reader *r, gm_record *rec, row *w)
{
  bool value = w->value_given && rec->value != 0;
  if (!w->evid_given) {
    bool dose = rec->amount != 0 || (rec->rate != 0 && rec->steady != 0);
    w->evid = dose ? 1 : w->mdv ? 2 : 0;
    if (dose && value && !w->mdv)
      return gm__reader_refuse(r, GM__COL_DV,
                               "a value beside a dose, two rows were expected (or MDV = 1 if it is "
                               "none)");
  } else if (w->evid != 0 && w->mdv_given && !w->mdv && value) {
    return gm__reader_refuse(r, GM__COL_MDV,
                             "0 with a value on %s (EVID %d), two rows were expected (or MDV = 1)",
                             evid_rule[w->evid].what, (int)w->evid);
  }
  rec->evid = w->evid;
  return GM_OK;
}

/* Items of a dose where there is none to be. */
static gm_status no_dose_items(gm__reader *r, const gm_record *rec, const row *w, bool amount_too)
{
  const struct {
    gm__column_kind kind;
    bool there;
  } item[] = {{GM__COL_AMT, amount_too && rec->amount != 0},
              {GM__COL_RATE, rec->rate != 0},
              {GM__COL_DUR, w->duration != 0},
              {GM__COL_II, rec->interval != 0},
              {GM__COL_ADDL, rec->additional != 0},
              {GM__COL_SS, rec->steady != 0}};
  for (size_t i = 0; i < sizeof item / sizeof item[0]; i++)
    if (item[i].there)
      return gm__reader_refuse(r, item[i].kind, "\"%s\" on %s (EVID %d), 0 or . was expected",
                               gm__show(gm__row_cell(r, item[i].kind)).text,
                               evid_rule[rec->evid].what, (int)rec->evid);
  return GM_OK;
}

static gm_status interval_check(gm__reader *r, const gm_record *rec, bool constant)
{
  if (rec->interval < 0)
    return gm__reader_refuse(r, GM__COL_II, "\"%s\" is negative, 0 or more was expected",
                             gm__show(gm__row_cell(r, GM__COL_II)).text);
  if (constant && (rec->interval != 0 || rec->additional != 0))
    return gm__reader_refuse(
        r, rec->additional ? GM__COL_ADDL : GM__COL_II,
        "on a constant infusion (SS with RATE and no AMT), 0 or . was expected");
  bool needs = rec->additional > 0 || (rec->steady && !constant);
  if (needs && rec->interval == 0)
    return gm__reader_refuse(r, rec->additional ? GM__COL_ADDL : GM__COL_SS,
                             "without an interval between doses, II > 0 was expected");
  return GM_OK;
}

static gm_status dose_check(gm__reader *r, const gm_record *rec, const row *w)
{
  bool constant = rec->steady && rec->amount == 0 && rec->rate > 0;
  if (rec->amount < 0)
    return gm__reader_refuse(r, GM__COL_AMT, "\"%s\" is negative, 0 or more was expected",
                             gm__show(gm__row_cell(r, GM__COL_AMT)).text);
  if (!w->amount_given && !constant)
    return gm_fail(r->ctx, GM_EPARSE, "%s:%d:AMT: missing on %s (EVID %d), a number was expected",
                   r->name, (int)r->source.number, evid_rule[rec->evid].what, (int)rec->evid);
  if (rec->rate < 0 && rec->rate != -1 && rec->rate != -2)
    return gm__reader_refuse(r, GM__COL_RATE,
                             "\"%s\", a rate >= 0 was expected, or -1 (modelled rate) or -2 "
                             "(modelled duration)",
                             gm__show(gm__row_cell(r, GM__COL_RATE)).text);
  if (rec->rate > 0 && rec->amount == 0 && !constant)
    return gm__reader_refuse(r, GM__COL_RATE,
                             "a rate without an amount, AMT > 0 was expected (or SS = 1 for a "
                             "constant infusion)");
  /* AMT / DUR would be a rate; but with an availability F, NM-TRAN's infusion of a given rate lasts
   * F AMT / RATE, while one of a given duration has the rate F AMT / DUR */
  if (w->duration != 0)
    return gm__reader_refuse(r, GM__COL_DUR,
                             "durations are not read from data, RATE = AMT / DUR was expected, or "
                             "RATE = -2 and the duration in the definition");
  return interval_check(r, rec, constant);
}

static gm_status censored_check(gm__reader *r, const gm_record *rec, const row *w)
{
  bool blq = r->at[GM__COL_BLQ] >= 0;
  if (!rec->censored) return GM_OK;
  if (!w->value_given || (blq && rec->value == 0))
    return gm__reader_refuse(r, blq ? GM__COL_BLQ : GM__COL_CENS,
                             "%d without the limit, the limit of quantification as DV was expected",
                             (int)rec->censored);
  if (w->limit_given)
    return gm__reader_refuse(r, GM__COL_LIMIT,
                             "the other end of a censored interval is not carried out, . was "
                             "expected");
  return GM_OK;
}

static gm_status kind_check(gm__reader *r, gm_record *rec, row *w)
{
  if (evid_rule[rec->evid].dose) {
    gm_status s = dose_check(r, rec, w);
    if (s) return s;
  } else {
    gm_status s = no_dose_items(r, rec, w, evid_rule[rec->evid].plain);
    if (s) return s;
    if (rec->evid == 8 && !w->amount_given)
      return gm_fail(r->ctx, GM_EPARSE,
                     "%s:%d:AMT: missing on a replacement (EVID 8), a number "
                     "was expected",
                     r->name, (int)r->source.number);
  }
  rec->missing = rec->evid != 0 || w->mdv || !w->value_given;
  if (rec->evid == 0 && !w->mdv) return censored_check(r, rec, w);
  rec->value = NAN;
  rec->censored = 0;
  return GM_OK;
}

gm_status gm__row_read(gm__reader *r, gm_record *out)
{
  gm_record rec = {.line = r->source.number};
  row w = {0};
  gm_status s = time_read(r, &rec);
  if (!s) s = dose_items_read(r, &rec, &w);
  if (!s) s = value_items_read(r, &rec, &w);
  if (!s) s = evid_read(r, &w);
  if (!s) s = evid_settle(r, &rec, &w);
  if (!s) s = kind_check(r, &rec, &w);
  if (s) return s;
  rec.observable = gm__row_text(r, gm__row_cell(r, GM__COL_OBSERVABLE));
  rec.input = gm__row_text(r, gm__row_cell(r, GM__COL_INPUT));
  if (!rec.observable || !rec.input) return GM_ENOMEM;
  *out = rec;
  return GM_OK;
}
