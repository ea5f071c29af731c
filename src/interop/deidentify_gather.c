/* deidentify_gather.c - what consents permit to be exported, each thing once. */
#include "base/number.h"
#include "gemel/unit.h"
#include "interop/deidentify_internal.h"
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const gm_record_kind kinds[] = {GM_RECORD_COVARIATE, GM_RECORD_OBSERVATION, GM_RECORD_GIVEN,
                                       GM_RECORD_ORDERED, GM_RECORD_REPORTED};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- permission ------------------------------------------------------------------------------ */
/* *out 1 may, -1 may not. */
static gm_status ask(gm__deid *e, int64_t twin, gm_act act, gm_record_kind kind, gm_data_class c,
                     int8_t *out)
{
  gm_status st = gm_store_may(e->a, e->ctx, twin, act, kind, c);
  *out = st ? -1 : 1;
  if (st != GM_EDENIED) return st;
  gm_message_clear(e->ctx);
  return GM_OK;
}

gm_status gm__deid_belief_may(gm__deid *e, gm__deid_twin *t)
{
  return ask(e, t->twin, GM_ACT_EXPORT, GM_RECORD_BELIEF, GM_CLASS_DERIVED, &t->belief);
}

static gm_status still(gm__deid *e, int64_t twin, gm_record_kind kind, gm_data_class c)
{
  gm_status st = gm_store_may(e->a, e->ctx, twin, GM_ACT_READ, kind, c);
  if (!st) st = gm_store_may(e->a, e->ctx, twin, GM_ACT_EXPORT, kind, c);
  if (st != GM_EDENIED && st != GM_ENOTFOUND) return st;
  gm_message_clear(e->ctx);
  return gm_fail(e->ctx, GM_EBUSY, "a consent was withdrawn meanwhile: nothing is exported; again");
}

static gm_status twin_still(gm__deid *e, const gm__deid_twin *t)
{
  gm_status st = GM_OK;
  for (int k = 0; k < GM__DEID_KINDS; k++)
    for (int c = 0; c < GM_CLASS_COUNT && !st; c++)
      if (t->used[k] >> c & 1) st = still(e, t->twin, (gm_record_kind)k, (gm_data_class)c);
  if (!st && t->belief > 0) st = still(e, t->twin, GM_RECORD_BELIEF, GM_CLASS_DERIVED);
  return st;
}

gm_status gm__deid_still_may(gm__deid *e)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < e->twin_count && !st; i++) {
    const gm__deid_twin *t = &e->twin[i];
    if (t->subject >= 0 && e->subject[t->subject].kept) st = twin_still(e, t);
  }
  return st;
}

/* ---- facts ----------------------------------------------------------------------------------- */
typedef struct {
  gm__deid *e;
  gm__deid_twin *t;
  int32_t twin;
  bool any;    /* a fact was permitted, also one that was not asked for */
  bool closed; /* a kind may not even be read: how many facts it has is not told */
  int64_t refused;
  /* of the kind at hand, by class */
  int64_t seen[GM_CLASS_COUNT], not_asked[GM_CLASS_COUNT], unreadable[GM_CLASS_COUNT];
} taker;

static bool listed(const char *name, const char *const *list, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(name, list[i])) return true;
  return false;
}

/* LOINC: Age; Age - Reported; Age - Calculated; Age - Estimated. */
static bool is_age(const gm__deid *e, const gm_fact *f)
{
  static const char *const name[] = {"age", "age_a", "age_y", "age_years", "age_yr", "age_mo"};
  static const char *const code[] = {"30525-0", "21612-7", "29553-5", "21611-9"};
  const char *bar = strrchr(f->code, '|');
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
    if (!strcasecmp(f->series, name[i])) return true;
  for (size_t i = 0; i < sizeof code / sizeof code[0]; i++)
    if (!strcmp(bar ? bar + 1 : f->code, code[i])) return true;
  return listed(f->series, e->o->age, e->o->age_count);
}

/* An age in years; false: its unit is no time. Without a unit it is years. */
static bool years(gm__deid *e, const gm_fact *f, double v, double *out)
{
  gm_unit from, to;
  *out = v;
  if (!f->unit[0]) return true;
  gm_status st = gm_unit_parse(e->ctx, f->unit, &from);
  if (!st) st = gm_unit_parse(e->ctx, "a", &to);
  if (!st) st = gm_unit_convert(e->ctx, &from, &to, v, out);
  if (st) gm_message_clear(e->ctx);
  return !st;
}

/* Finite, and in the years 1 to 9998, so that a shift stays in four digits. */
static bool time_good(double t_s) { return t_s >= -62135596800.0 && t_s < 253370764800.0; }

static const char *copy(gm__deid *e, const char *text)
{
  size_t n = strlen(text) + 1;
  char *p = gm_arena_get(e->memory, (ptrdiff_t)n, 1);
  return p ? memcpy(p, text, n) : NULL;
}

/* As in the store a thing is its kind, source and id: a dose and a datum may share an id. */
static void thing_name(const gm__deid *e, const gm_fact *f, unsigned char out[16])
{
  crypto_generichash_state h;
  unsigned char kind = (unsigned char)f->kind;
  crypto_generichash_init(&h, e->key, sizeof e->key, 16);
  crypto_generichash_update(&h, &kind, 1);
  crypto_generichash_update(&h, (const unsigned char *)f->source, strlen(f->source) + 1);
  crypto_generichash_update(&h, (const unsigned char *)f->id, strlen(f->id) + 1);
  crypto_generichash_final(&h, out, 16);
}

static gm_status row_room(gm__deid *e)
{
  if (e->row_count < e->row_room) return GM_OK;
  int32_t room = e->row_room ? 2 * e->row_room : 1024;
  gm_status st = gm_grow(e->ctx, &e->row, e->row_room, room, sizeof *e->row);
  if (!st) e->row_room = room;
  return st ? gm_fail(e->ctx, st, "facts") : GM_OK;
}

/* The value as it was written, or a word of it. False: no memory. */
static bool texts_take(gm__deid *e, const gm_fact *f, bool number, gm__deid_row *r)
{
  const char *kind = gm_record_kind_name(f->kind);
  r->series = gm__deid_word_of(&e->words, kind, f->series, NULL);
  r->unit = gm__deid_word_of(&e->words, "unit", f->series, f->unit);
  r->value = number ? -1 : gm__deid_word_of(&e->words, "value", f->series, f->value);
  if (r->series < 0 || r->unit < 0 || (!number && r->value < 0)) return false;
  r->unit_text = gm__deid_word_tail(&e->words, r->unit);
  r->text = number ? copy(e, f->value) : gm__deid_word_tail(&e->words, r->value);
  return r->text != NULL;
}

static gm_status fact_keep(taker *k, const gm_fact *f, const gm_record_found *found, int8_t quasi,
                           bool out)
{
  gm__deid *e = k->e;
  double v = NAN, a = NAN;
  bool number = gm__number_parse(f->value, &v), age = number && is_age(e, f);
  bool good = f->withdrawn ||
              (time_good(f->t_true_s) && isfinite(f->duration_s) && (!age || years(e, f, v, &a)));
  gm_status st = row_room(e);
  if (st) return st;
  gm__deid_row r = {.subject = k->t->subject,
                    .twin = k->twin,
                    .kind = (uint8_t)f->kind,
                    .data_class = (uint8_t)f->data_class,
                    .censored = f->censored,
                    .quasi = quasi,
                    .withdrawn = f->withdrawn,
                    .age = age,
                    .out = out && good,
                    .t_s = f->t_true_s,
                    .duration_s = f->duration_s,
                    .age_a = a,
                    .t_learned = found->t_learned};
  if (!good) r.quasi = -1;
  k->unreadable[f->data_class] += !good;
  thing_name(e, f, r.thing);
  if (!texts_take(e, f, number, &r)) return gm_fail(e->ctx, GM_ENOMEM, "facts");
  k->t->used[r.kind] |= (uint8_t)(1u << r.data_class);
  e->row[e->row_count++] = r;
  return GM_OK;
}

/* Which covariates are wanted, and as what. A withdrawal is heard whatever it is of. */
static gm_status fact_sort(taker *k, const gm_fact *f, const gm_record_found *found)
{
  const gm_deidentify_options *o = k->e->o;
  int8_t quasi = -1;
  bool covariate = f->kind == GM_RECORD_COVARIATE;
  for (int32_t i = 0; covariate && i < o->quasi_count; i++)
    if (!strcmp(f->series, o->quasi[i].name)) quasi = (int8_t)i;
  bool out = !covariate || (quasi < 0 && listed(f->series, o->covariate, o->covariate_count));
  if (quasi >= 0 || out || f->withdrawn) return fact_keep(k, f, found, quasi, out);
  k->not_asked[f->data_class]++;
  return GM_OK;
}

static gm_status hear_fact(void *user, const gm_record_found *r)
{
  taker *k = user;
  gm__deid *e = k->e;
  gm_fact f;
  if (gm_watch_stop(e->o->watch)) return gm_fail(e->ctx, GM_ECANCELLED, "stopped");
  k->seen[r->data_class]++;
  gm_status st = gm_fact_read(e->ctx, r, e->scratch, &f);
  if (!st) {
    st = fact_sort(k, &f, r);
  } else if (st != GM_ENOMEM) {
    gm_message_clear(e->ctx);
    k->unreadable[r->data_class]++;
    st = GM_OK;
  }
  gm_arena_back(e->scratch, e->mark);
  return st;
}

/* Which of the classes of this kind may be exported; the others' rows from `first` on go again. (A
 * listener of gm_store_read may not ask.) */
static gm_status classes_ask(taker *k, gm_record_kind kind, int32_t first)
{
  gm__deid *e = k->e;
  int8_t may[GM_CLASS_COUNT] = {0};
  int32_t n = first;
  for (int c = 0; c < GM_CLASS_COUNT; c++) {
    if (!k->seen[c]) continue;
    gm_status st = ask(e, k->t->twin, GM_ACT_EXPORT, kind, (gm_data_class)c, &may[c]);
    if (st) return st;
    k->any |= may[c] > 0;
    k->refused += may[c] > 0 ? 0 : k->seen[c];
    e->count.not_asked += may[c] > 0 ? k->not_asked[c] : 0;
    e->count.unreadable += may[c] > 0 ? k->unreadable[c] : 0;
    if (may[c] < 0) k->t->used[kind] &= (uint8_t) ~(1u << c);
  }
  for (int32_t i = first; i < e->row_count; i++)
    if (may[e->row[i].data_class] > 0) e->row[n++] = e->row[i];
  e->row_count = n;
  memset(k->seen, 0, sizeof k->seen);
  memset(k->not_asked, 0, sizeof k->not_asked);
  memset(k->unreadable, 0, sizeof k->unreadable);
  return GM_OK;
}

/* A twin whose subject was erased meanwhile is passed over; whatever was taken of it is dropped. */
static gm_status twin_take(gm__deid *e, int32_t i)
{
  taker k = {.e = e, .t = &e->twin[i], .twin = i};
  int32_t before = e->row_count;
  gm_status st = GM_OK;
  for (int n = 0; n < KINDS && !st; n++) {
    int64_t withheld = 0;
    int32_t first = e->row_count;
    gm_record_query q = {.twin = k.t->twin, .kind = kinds[n], .withheld = &withheld};
    st = gm_store_read(e->a, e->ctx, &q, hear_fact, &k);
    k.closed |= st == GM_EDENIED;
    k.refused += st ? 0 : withheld;
    if (st == GM_EDENIED) st = GM_OK;
    if (!st) st = classes_ask(&k, kinds[n], first);
  }
  if (st && st != GM_ENOTFOUND) return st;
  gm_message_clear(e->ctx);
  if (st || !k.any) {
    e->row_count = before;
    k.t->subject = -1;
    e->count.withheld += !st && (k.closed || k.refused);
    e->count.empty += !st && !k.closed && !k.refused;
    return GM_OK;
  }
  e->count.not_permitted += k.refused;
  return GM_OK;
}

/* ---- each thing once ------------------------------------------------------------------------- */
static int by_thing(const void *a, const void *b)
{
  const gm__deid_row *p = a, *q = b;
  if (p->subject != q->subject) return p->subject < q->subject ? -1 : 1;
  int c = memcmp(p->thing, q->thing, sizeof p->thing);
  if (c) return c;
  if (p->withdrawn != q->withdrawn) return p->withdrawn ? -1 : 1;
  return p->t_learned > q->t_learned ? -1 : p->t_learned < q->t_learned;
}

static int by_time(const void *a, const void *b)
{
  const gm__deid_row *p = a, *q = b;
  if (p->subject != q->subject) return p->subject < q->subject ? -1 : 1;
  if (p->t_s != q->t_s) return p->t_s < q->t_s ? -1 : 1;
  if (p->kind != q->kind) return p->kind < q->kind ? -1 : 1;
  return memcmp(p->thing, q->thing, sizeof p->thing);
}

/* Forks hold the same things: the newest is taken, none where one of the twins knows it withdrawn.
 */
static void things_once(gm__deid *e)
{
  int32_t n = 0;
  if (!e->row_count) return;
  qsort(e->row, (size_t)e->row_count, sizeof *e->row, by_thing);
  for (int32_t i = 0, first = 0; i < e->row_count; i++) {
    const gm__deid_row *r = &e->row[i], *f = &e->row[first];
    if (i && (r->subject != f->subject || memcmp(r->thing, f->thing, sizeof r->thing) != 0))
      first = i;
    if (i != first)
      e->count.again++;
    else if (r->withdrawn)
      e->count.withdrawn++;
    if (i == first && !r->withdrawn) e->row[n++] = *r;
  }
  e->row_count = n;
}

/* Subjects of whom no fact is left are none of the export. */
static gm_status subjects_compact(gm__deid *e)
{
  int32_t n = 0;
  int32_t *now = gm_arena_get(e->memory, e->subject_count + 1, sizeof *now);
  if (!now) return gm_fail(e->ctx, GM_ENOMEM, "subjects");
  for (int32_t i = 0; i < e->row_count; i++) now[e->row[i].subject] = 1;
  for (int32_t i = 0; i < e->subject_count; i++) {
    if (now[i]) e->subject[n] = e->subject[i];
    now[i] = now[i] ? n++ : -1;
  }
  e->subject_count = n;
  for (int32_t i = 0; i < e->row_count; i++) e->row[i].subject = now[e->row[i].subject];
  for (int32_t i = 0; i < e->twin_count; i++) {
    gm__deid_twin *t = &e->twin[i];
    if (t->subject >= 0 && now[t->subject] < 0) e->count.empty++;
    if (t->subject >= 0) t->subject = now[t->subject];
  }
  return GM_OK;
}

/* Where each subject's facts are, and when its last one was. */
static void subjects_fill(gm__deid *e)
{
  if (e->row_count) qsort(e->row, (size_t)e->row_count, sizeof *e->row, by_time);
  for (int32_t i = e->row_count - 1; i >= 0; i--) {
    const gm__deid_row *r = &e->row[i];
    gm__deid_subject *s = &e->subject[r->subject];
    if (!s->row_count++) s->last_s = r->t_s;
    double end = r->t_s + (r->duration_s > 0 ? r->duration_s : 0);
    if (end > s->last_s) s->last_s = end;
    s->row = i;
  }
}

/* Ages over 89 become 90 (45 CFR 164.514(b)(2)(i)(C)), also those from which the age at a later
 * fact would follow. */
static void ages_pool(gm__deid *e)
{
  for (int32_t i = 0; i < e->row_count; i++) {
    gm__deid_row *r = &e->row[i];
    double later = (e->subject[r->subject].last_s - r->t_s) / GM__DEID_YEAR_S;
    if (!r->age || !(r->age_a + later > 89)) continue;
    r->age_a = 90;
    r->text = "90";
    r->unit_text = "a";
  }
}

/* ---- twins ----------------------------------------------------------------------------------- */
static gm_status hear_twin(void *user, const gm_twin_found *f)
{
  gm__deid *e = user;
  if (e->twin_count == e->twin_room) {
    int32_t room = e->twin_room ? 2 * e->twin_room : 256;
    gm_status st = gm_grow(e->ctx, &e->twin, e->twin_room, room, sizeof *e->twin);
    if (st) return gm_fail(e->ctx, st, "twins");
    e->twin_room = room;
  }
  e->twin[e->twin_count++] = (gm__deid_twin){.twin = f->twin, .number = f->subject};
  return GM_OK;
}

static int by_subject(const void *a, const void *b)
{
  const gm__deid_twin *p = a, *q = b;
  if (p->number != q->number) return p->number < q->number ? -1 : 1;
  return p->twin < q->twin ? -1 : p->twin > q->twin;
}

/* Pseudonym and shift are keyed hashes of the subject's number, which is random itself. */
static void subject_name(const gm__deid *e, gm__deid_subject *s)
{
  unsigned char hash[24];
  uint64_t days;
  crypto_generichash(hash, sizeof hash, (const unsigned char *)&s->number, sizeof s->number, e->key,
                     sizeof e->key);
  sodium_bin2hex(s->name, sizeof s->name, hash, 16);
  memcpy(&days, hash + 16, sizeof days);
  int32_t d = (int32_t)(days % 730); /* -365 .. -1, 1 .. 365 */
  s->shift_days = d < 365 ? d - 365 : d - 364;
}

static gm_status subjects_make(gm__deid *e)
{
  if (e->twin_count) qsort(e->twin, (size_t)e->twin_count, sizeof *e->twin, by_subject);
  e->subject = gm_alloc(e->ctx, e->twin_count, sizeof *e->subject);
  if (!e->subject) return gm_fail(e->ctx, GM_ENOMEM, "subjects");
  for (int32_t i = 0; i < e->twin_count; i++) {
    gm__deid_twin *t = &e->twin[i];
    bool same = i && t->number == t[-1].number;
    if (!same) e->subject[e->subject_count++] = (gm__deid_subject){.number = t->number};
    t->subject = e->subject_count - 1;
    t->place = same ? t[-1].place + 1 : 1;
    if (!same) subject_name(e, &e->subject[t->subject]);
  }
  return GM_OK;
}

gm_status gm__deid_gather(gm__deid *e)
{
  gm_status st = gm_store_twins(e->a, e->ctx, 0, hear_twin, e, &e->count.withheld);
  if (!st) st = subjects_make(e);
  for (int32_t i = 0; i < e->twin_count && !st; i++) {
    gm_watch_progress(e->o->watch, "reading", (double)i / e->twin_count);
    st = twin_take(e, i);
  }
  if (st) return st;
  things_once(e);
  st = subjects_compact(e);
  if (st) return st;
  subjects_fill(e);
  ages_pool(e);
  return GM_OK;
}
