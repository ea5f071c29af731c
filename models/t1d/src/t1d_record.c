/* t1d_record.c - facts as records: which are taken and their values, versions and duplicates, basal
 * and exercise as steps. */
#include "t1d_record_internal.h"
#include "t1d_unit.h"
#include "gemel/rand.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const series_name[] = {
#define T1D_X(code, series, unit) series,
    T1D_RECORD_LIST(T1D_X)
#undef T1D_X
};

const char *t1d_record_series(t1d_record_kind k)
{
  return k < T1D_RECORD_KINDS ? series_name[k] : NULL;
}

const char *t1d_record_unit(t1d_record_kind k)
{
  static const char *const unit[] = {
#define T1D_X(code, series, unit) unit,
      T1D_RECORD_LIST(T1D_X)
#undef T1D_X
  };
  return k < T1D_RECORD_KINDS ? unit[k] : NULL;
}

void t1d_records_free(t1d_records *r)
{
  if (!r) return;
  gm_free(r->record);
  *r = (t1d_records){0};
}

/* ---- taking ---------------------------------------------------------------------------------- */
enum { TAKEN_MAX = 100000000 };

typedef struct {
  t1d_record r;
  uint64_t id; /* of source and id; twice the same by chance in 10^8: 3e-4 */
  int32_t order;
  bool withdrawn;
} taken;

struct t1d_record_builder {
  gm_ctx *ctx;
  char *subject; /* owned; NULL: not yet known */
  bool hold_basal;
  taken *item; /* owned */
  int32_t count, room;
  t1d_records sum;   /* its counts */
  char refusal[240]; /* of the last fact that was refused */
};

gm_status t1d_record_builder_new(gm_ctx *ctx, const t1d_record_options *options,
                                 t1d_record_builder **out)
{
  t1d_record_builder *b = gm_alloc(ctx, 1, sizeof *b);
  if (!b) return gm_fail(ctx, GM_ENOMEM, "records");
  b->ctx = ctx;
  b->hold_basal = options && options->hold_basal;
  if (options && options->subject) {
    b->subject = gm_strdup(ctx, options->subject);
    if (!b->subject) {
      gm_free(b);
      return gm_fail(ctx, GM_ENOMEM, "records");
    }
  }
  *out = b;
  return GM_OK;
}

void t1d__record_hold_basal(t1d_record_builder *b) { b->hold_basal = true; }

void t1d_record_builder_free(t1d_record_builder *b)
{
  if (!b) return;
  gm_free(b->subject);
  gm_free(b->item);
  gm_free(b);
}

static gm_status add(t1d_record_builder *b, const taken *t)
{
  if (b->count == TAKEN_MAX) return gm_fail(b->ctx, GM_EFULL, "more than %d records", TAKEN_MAX);
  if (b->count == b->room) {
    int32_t room = b->room ? 2 * b->room : 256;
    gm_status s = gm_grow(b->ctx, &b->item, b->room, room, sizeof *b->item);
    if (s) return s;
    b->room = room;
  }
  b->item[b->count] = *t;
  b->item[b->count].order = b->count;
  b->count++;
  return GM_OK;
}

/* What was ordered or reported was not given, but for a pump's profile; what is eaten is told by
 * the eater. */
static bool is_taken(gm_record_kind told, t1d_record_kind k)
{
  switch (k) {
  case T1D_RECORD_GLUCOSE:
  case T1D_RECORD_METER: return told == GM_RECORD_OBSERVATION;
  case T1D_RECORD_HEART_RATE:
  case T1D_RECORD_EXERCISE: return told == GM_RECORD_COVARIATE;
  case T1D_RECORD_BASAL: return told == GM_RECORD_GIVEN || told == GM_RECORD_ORDERED;
  case T1D_RECORD_BOLUS: return told == GM_RECORD_GIVEN;
  case T1D_RECORD_CARBS: return told == GM_RECORD_GIVEN || told == GM_RECORD_REPORTED;
  default: return false;
  }
}

static t1d_record_kind kind_of(const gm_fact *f)
{
  t1d_record_kind k = T1D_RECORD_GLUCOSE;
  while (k < T1D_RECORD_KINDS && strcmp(series_name[k], f->series) != 0) k++;
  return is_taken(f->kind, k) ? k : T1D_RECORD_KINDS;
}

static uint32_t flags_of(const gm_fact *f, t1d_record_kind k)
{
  uint32_t flags = 0;
  if (k == T1D_RECORD_METER) flags |= T1D_FLAG_CALIBRATION;
  if (!strcmp(f->code, "nightscout|sgv.noisy")) flags |= T1D_FLAG_NOISY;
  if (f->censored) flags |= f->censored > 0 ? T1D_FLAG_LOW : T1D_FLAG_HIGH;
  if (k == T1D_RECORD_BASAL && f->kind == GM_RECORD_ORDERED) flags |= T1D_FLAG_SCHEDULED;
  return flags;
}

/* "6000.pmol/kg" and rates of it as [IU], "1200.pmol/kg/min" as [IU] in five minutes. */
static const char *insulin_unit(const char *unit)
{
  static const char *const same[][2] = {
      {T1D_INSULIN_UNIT, "[IU]"},
      {T1D_INSULIN_UNIT "/h", "[IU]/h"},
      {"1200.pmol/kg/min", "[IU]/(5.min)"},
  };
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
    if (!strcmp(unit, same[i][0])) return same[i][1];
  return unit;
}

/* Told in mmol/L to one decimal: whole mg/dL by 18, as sensors and the consensus turn one into the
 * other (3.0 3.9 7.8 10.0 13.9 mmol/L are 54 70 140 180 250 mg/dL, Battelino et al. 2019), so that
 * 10.0 is still in range and the top of a sensor is its top. More decimals: the molar mass. */
static double molar_glucose(const gm_fact *f, double mgdl)
{
  const double tenths = 10 * mgdl / T1D_MGDL_PER_MMOL_L, whole = round(tenths);
  const bool molar = !strncmp(f->unit, "mmol", 4) && fabs(tenths - whole) < 1e-6;
  return molar ? round(1.8 * whole) : mgdl;
}

static bool refuse(t1d_record_builder *b, const char *series, const char *why)
{
  snprintf(b->refusal, sizeof b->refusal, "%.30s: %.200s", series, why);
  return false;
}

static bool value_of(t1d_record_builder *b, const gm_fact *fact, t1d_record *r)
{
  gm_fact f = *fact;
  if (r->kind == T1D_RECORD_BOLUS || r->kind == T1D_RECORD_BASAL) f.unit = insulin_unit(f.unit);
  if (gm_fact_value(b->ctx, t1d_record_definition(), &f, &r->value)) {
    snprintf(b->refusal, sizeof b->refusal, "%s", gm_message(b->ctx)); /* begins with the series */
    gm_message_clear(b->ctx);
    return false;
  }
  if (r->kind == T1D_RECORD_BASAL && !(f.duration_s > 0))
    return refuse(b, f.series, "a rate without a duration");
  if (r->kind == T1D_RECORD_BASAL) r->value *= 3600 / f.duration_s;
  if (r->kind == T1D_RECORD_GLUCOSE || r->kind == T1D_RECORD_METER)
    r->value = molar_glucose(&f, r->value);
  return true;
}

/* ---- what cannot be -------------------------------------------------------------------------- */
/* The bounds are ours: a slip of the pen (6000 for 60.00) or a wrong unit lies beyond them, what
 * was measured, given and eaten does not. They leave glucose in mmol/L under the name of mg/dL as
 * it is, for it to be found as such. The reasons below say the same numbers. */
static const double glucose_below_mgdl = 1;    /* 0 and less is a state of a sensor, no glucose */
static const double glucose_most_mgdl = 1500;  /* sensors end at 500, meters at 600 */
static const double bolus_most_u = 100;        /* pumps give 75 at once at most: docs/t1d.md */
static const double basal_most_u_per_h = 35;   /* the highest that a pump can be set to: there */
static const double carbs_most_g = 500;        /* at once; a large meal has 150 */
static const double time_least_s = 1e8;        /* March 1973, as of Nightscout: docs/cgm.md */
static const double time_below_s = 4102444800; /* 2100-01-01 */

static const char *implausible(const t1d_record *r)
{
  if (!(r->t_s >= time_least_s && r->t_s < time_below_s))
    return "a time before March 1973 or after 2099: a clock that was not set";
  switch (r->kind) {
  case T1D_RECORD_GLUCOSE:
  case T1D_RECORD_METER:
    return r->value > glucose_below_mgdl && r->value <= glucose_most_mgdl
               ? NULL
               : "not above 1 or above 1500 mg/dL, which no sensor or meter says";
  case T1D_RECORD_BOLUS:
    return r->value >= 0 && r->value <= bolus_most_u ? NULL : "below 0 or above 100 U in one bolus";
  case T1D_RECORD_BASAL:
    return r->value >= 0 && r->value <= basal_most_u_per_h
               ? NULL
               : "below 0 or above 35 U/h, which no pump gives";
  case T1D_RECORD_CARBS:
    return r->value >= 0 && r->value <= carbs_most_g ? NULL : "below 0 or above 500 g at once";
  default: return NULL;
  }
}

int32_t t1d_record_refused(const t1d_record_builder *b, const char **why)
{
  if (why) *why = b->refusal;
  return b->sum.refused + b->sum.implausible;
}

gm_status t1d_record_take(void *builder, const gm_fact *f)
{
  t1d_record_builder *b = builder;
  taken t = {.withdrawn = f->withdrawn};
  if (!b->subject && !(b->subject = gm_strdup(b->ctx, f->subject)))
    return gm_fail(b->ctx, GM_ENOMEM, "records");
  if (strcmp(b->subject, f->subject) != 0) {
    b->sum.of_others++;
    return GM_OK;
  }
  t.r = (t1d_record){.t_s = f->t_true_s, .duration_min = f->duration_s / 60, .kind = kind_of(f)};
  if (t.r.kind == T1D_RECORD_KINDS) {
    b->sum.not_taken++;
    return GM_OK;
  }
  t.r.flags = flags_of(f, t.r.kind);
  t.id = gm_hash_text(f->id) * 31 + gm_hash_text(f->source) * 7 + (uint64_t)t.r.kind;
  if (!f->withdrawn && !value_of(b, f, &t.r)) {
    b->sum.refused++;
    return GM_OK;
  }
  const char *why = f->withdrawn ? NULL : implausible(&t.r);
  if (why) {
    refuse(b, f->series, why);
    b->sum.implausible++;
    return GM_OK;
  }
  return add(b, &t);
}

/* ---- versions and duplicates ----------------------------------------------------------------- */
static int32_t by_id(const void *pa, const void *pb)
{
  const taken *a = pa, *b = pb;
  if (a->id != b->id) return a->id < b->id ? -1 : 1;
  return a->order < b->order ? -1 : 1;
}

/* Where one session ends and the next begins the end comes first. */
static int32_t by_time(const void *pa, const void *pb)
{
  const taken *a = pa, *b = pb;
  if (a->r.t_s != b->r.t_s) return a->r.t_s < b->r.t_s ? -1 : 1;
  if (a->r.kind != b->r.kind) return a->r.kind < b->r.kind ? -1 : 1;
  if (a->r.kind == T1D_RECORD_EXERCISE && a->r.value != b->r.value)
    return a->r.value < b->r.value ? -1 : 1;
  return a->order < b->order ? -1 : 1;
}

static void sort(t1d_record_builder *b, int32_t (*order)(const void *, const void *))
{
  if (b->count) qsort(b->item, (size_t)b->count, sizeof *b->item, order);
}

/* Of all that has one id the last one told, if it was not taken back. */
static void newest_keep(t1d_record_builder *b)
{
  int32_t kept = 0;
  sort(b, by_id);
  for (int32_t i = 0; i < b->count; i++) {
    bool last = i + 1 == b->count || b->item[i + 1].id != b->item[i].id;
    if (!last)
      b->sum.duplicates++;
    else if (b->item[i].withdrawn)
      b->sum.withdrawn++;
    else
      b->item[kept++] = b->item[i];
  }
  b->count = kept;
  sort(b, by_time);
}

static bool same_datum(const t1d_record *a, const t1d_record *b)
{
  return a->value == b->value && a->duration_min == b->duration_min && a->flags == b->flags;
}

/* Of one kind at one time. */
static bool together(const t1d_record *a, const t1d_record *b)
{
  return a->t_s == b->t_s && a->kind == b->kind;
}

/* Under several ids: two receivers of one sensor, a dose told by the pump and by an app. */
static void copies_drop(t1d_record_builder *b)
{
  int32_t kept = 0;
  for (int32_t i = 0; i < b->count; i++) {
    const t1d_record *r = &b->item[i].r;
    int32_t k = kept - 1;
    while (k >= 0 && together(&b->item[k].r, r) && !same_datum(&b->item[k].r, r)) k--;
    if (k >= 0 && together(&b->item[k].r, r)) {
      b->sum.duplicates++;
    } else if (k < kept - 1 && r->kind == T1D_RECORD_GLUCOSE) {
      b->sum.conflicts++;
      b->item[kept - 1] = b->item[i];
    } else {
      b->item[kept++] = b->item[i];
    }
  }
  b->count = kept;
}

/* ---- basal and exercise as steps ------------------------------------------------------------- */
typedef struct {
  double t_s, end_s, rate;
  uint32_t flags;
} step;

static bool is_scheduled(const t1d_record *r) { return r->flags & T1D_FLAG_SCHEDULED; }

/* Those of one sort, each cut where the next begins; of two that begin together the last one. */
static int32_t steps_of(const t1d_record_builder *b, bool scheduled, step *out)
{
  int32_t n = 0;
  for (int32_t i = 0; i < b->count; i++) {
    const t1d_record *r = &b->item[i].r;
    if (r->kind != T1D_RECORD_BASAL || is_scheduled(r) != scheduled) continue;
    if (n && out[n - 1].t_s == r->t_s) n--;
    if (n && (out[n - 1].end_s > r->t_s || (b->hold_basal && !scheduled)))
      out[n - 1].end_s = r->t_s;
    out[n++] = (step){r->t_s, r->t_s + 60 * r->duration_min, r->value, r->flags};
  }
  if (n && b->hold_basal && !scheduled)
    out[n - 1].end_s = fmax(out[n - 1].end_s, b->item[b->count - 1].r.t_s);
  return n;
}

static gm_status step_add(t1d_record_builder *b, double t_s, double end_s, const step *of)
{
  taken t = {.r = {.t_s = t_s,
                   .value = of->rate,
                   .duration_min = (end_s - t_s) / 60,
                   .kind = T1D_RECORD_BASAL,
                   .flags = of->flags}};
  return end_s > t_s ? add(b, &t) : GM_OK;
}

/* The schedule where nothing is given. */
static gm_status schedule_add(t1d_record_builder *b, const step *order, int32_t order_count,
                              const step *given, int32_t given_count)
{
  gm_status s = GM_OK;
  int32_t j = 0;
  for (int32_t i = 0; i < order_count && !s; i++) {
    double at = order[i].t_s;
    while (j < given_count && given[j].end_s <= at) j++;
    for (int32_t k = j; k < given_count && given[k].t_s < order[i].end_s && !s; k++) {
      s = step_add(b, at, given[k].t_s, &order[i]);
      at = fmax(at, given[k].end_s);
    }
    if (!s) s = step_add(b, at, order[i].end_s, &order[i]);
  }
  return s;
}

static gm_status basal_make(t1d_record_builder *b)
{
  int32_t kept = 0;
  step *given = gm_alloc(b->ctx, b->count, sizeof *given);
  step *order = gm_alloc(b->ctx, b->count, sizeof *order);
  gm_status s = given && order ? GM_OK : gm_fail(b->ctx, GM_ENOMEM, "basal steps");
  if (s) goto out;
  int32_t given_count = steps_of(b, false, given), order_count = steps_of(b, true, order);
  for (int32_t i = 0; i < b->count; i++)
    if (b->item[i].r.kind != T1D_RECORD_BASAL) b->item[kept++] = b->item[i];
  b->count = kept;
  for (int32_t i = 0; i < given_count && !s; i++)
    s = step_add(b, given[i].t_s, given[i].end_s, &given[i]);
  if (!s) s = schedule_add(b, order, order_count, given, given_count);
out:
  gm_free(given);
  gm_free(order);
  return s;
}

/* yes ... no becomes one record with its duration. */
static void exercise_make(t1d_record_builder *b)
{
  int32_t kept = 0, open = -1;
  for (int32_t i = 0; i < b->count; i++) {
    taken t = b->item[i];
    if (t.r.kind == T1D_RECORD_EXERCISE) {
      if (open >= 0) b->item[open].r.duration_min = (t.r.t_s - b->item[open].r.t_s) / 60;
      open = t.r.value > 0 ? kept : -1;
      if (open < 0) continue;
    }
    b->item[kept++] = t;
  }
  b->count = kept;
}

gm_status t1d_record_finish(t1d_record_builder *b, t1d_records *out)
{
  newest_keep(b);
  copies_drop(b);
  exercise_make(b);
  gm_status s = basal_make(b);
  if (s) return s;
  sort(b, by_time);
  t1d_records r = b->sum;
  r.record = gm_alloc(b->ctx, b->count, sizeof *r.record);
  if (!r.record) return gm_fail(b->ctx, GM_ENOMEM, "%d records", (int)b->count);
  for (int32_t i = 0; i < b->count; i++) r.record[i] = b->item[i].r;
  r.count = b->count;
  *out = r;
  return GM_OK;
}
