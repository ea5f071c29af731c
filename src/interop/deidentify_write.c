/* deidentify_write.c - the tables: subjects in order of their pseudonyms, times shifted, words that
 * few share left out. */
#include "base/number.h"
#include "gemel/bank.h"
#include "gemel/unit.h"
#include "interop/deidentify_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void gm__deid_csv(gm_text *out, const char *text)
{
  if (!strpbrk(text, ",\"\r\n")) {
    gm_text_add(out, text);
    return;
  }
  gm_text_add(out, "\"");
  for (const char *p = text; *p; p++) gm_text_addn(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
  gm_text_add(out, "\"");
}

/* ---- words ----------------------------------------------------------------------------------- */
static void word_count(gm__deid *e, int32_t word, int32_t subject)
{
  if (word < 0 || e->words.word[word].last == subject) return;
  e->words.word[word].last = subject;
  e->words.word[word].subjects++;
}

static bool shared(const gm__deid *e, int32_t word)
{
  const gm__deid_word *w = &e->words.word[word];
  return w->plain && w->subjects >= e->k;
}

/* A code of UCUM without annotations is no free text. */
static bool unit_good(gm__deid *e, int32_t word)
{
  gm_unit u;
  const char *text = gm__deid_word_tail(&e->words, word);
  if (!text[0] || shared(e, word)) return true;
  if (!e->words.word[word].plain || strchr(text, '{')) return false;
  bool good = !gm_unit_parse(e->ctx, text, &u);
  gm_message_clear(e->ctx);
  return good;
}

gm_status gm__deid_rows_choose(gm__deid *e)
{
  for (int32_t i = 0; i < e->row_count; i++) {
    const gm__deid_row *r = &e->row[i];
    if (!r->out || !e->subject[r->subject].kept) continue;
    word_count(e, r->series, r->subject);
    word_count(e, r->unit, r->subject);
    word_count(e, r->value, r->subject);
  }
  for (int32_t i = 0; i < e->row_count; i++) {
    gm__deid_row *r = &e->row[i];
    if (!r->out || !e->subject[r->subject].kept) continue;
    r->out = shared(e, r->series) && unit_good(e, r->unit) && (r->value < 0 || shared(e, r->value));
    e->count.rare += !r->out;
    e->count.facts += r->out;
    e->twin[r->twin].rows += r->out;
  }
  return GM_OK;
}

/* ---- order ----------------------------------------------------------------------------------- */
static int by_name(const void *a, const void *b)
{
  const gm__deid_subject *const *p = a, *const *q = b;
  return strcmp((*p)->name, (*q)->name);
}

/* The kept ones by their pseudonyms: the store's order would tell who came first. */
static gm_status order_make(gm__deid *e, const gm__deid_subject ***out, int32_t *count)
{
  const gm__deid_subject **order = gm_arena_get(e->memory, e->subject_count + 1, sizeof *order);
  if (!order) return gm_fail(e->ctx, GM_ENOMEM, "subjects");
  *count = 0;
  for (int32_t i = 0; i < e->subject_count; i++)
    if (e->subject[i].kept) order[(*count)++] = &e->subject[i];
  if (*count) qsort(order, (size_t)*count, sizeof *order, by_name);
  *out = order;
  return GM_OK;
}

/* ---- subjects -------------------------------------------------------------------------------- */
gm_status gm__deid_subjects_write(gm__deid *e, const gm__deid_quasi *q, gm_text *out)
{
  const gm__deid_subject **order;
  int32_t count;
  gm_status st = order_make(e, &order, &count);
  if (st) return st;
  gm_text_add(out, "subject");
  for (int32_t i = 0; i < e->o->quasi_count; i++) {
    gm_text_add(out, ",");
    gm__deid_csv(out, q[i].asked->name);
  }
  gm_text_add(out, "\n");
  for (int32_t i = 0; i < count; i++) {
    gm_text_add(out, order[i]->name);
    for (int32_t k = 0; k < e->o->quasi_count; k++) {
      gm_text_add(out, ",");
      gm__deid_label(e, &q[k], (int32_t)(order[i] - e->subject), out);
    }
    gm_text_add(out, "\n");
  }
  return out->status ? gm_fail(e->ctx, out->status, "subjects") : GM_OK;
}

/* ---- facts ----------------------------------------------------------------------------------- */
/* Whole seconds are shifted as such and microseconds stay as they are, so that no interval changes.
 */
static void time_add(gm_text *out, double t_s, int32_t shift_days)
{
  char text[40];
  struct tm tm;
  double whole = floor(t_s);
  long us = lround((t_s - whole) * 1e6);
  time_t t = (time_t)whole + us / 1000000 + (time_t)shift_days * 86400;
  us %= 1000000;
  if (!gmtime_r(&t, &tm)) return;
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", (tm.tm_year + 1900) % 10000,
           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  gm_text_add(out, text);
  if (us) {
    int n = snprintf(text, sizeof text, ".%06ld", us);
    while (text[n - 1] == '0') text[--n] = 0;
    gm_text_add(out, text);
  }
  gm_text_add(out, "Z");
}

static void row_write(const gm__deid *e, const gm__deid_subject *s, const gm__deid_row *r,
                      gm_text *out)
{
  char number[GM__NUMBER_TEXT_BYTES];
  gm_text_addf(out, "%s,%s,", s->name, gm_record_kind_name((gm_record_kind)r->kind));
  gm__deid_csv(out, gm__deid_word_tail(&e->words, r->series));
  gm_text_add(out, ",");
  time_add(out, r->t_s, s->shift_days);
  gm_text_add(out, ",");
  if (r->duration_s > 0) gm_text_add(out, gm__number_text(r->duration_s, number));
  gm_text_add(out, ",");
  gm__deid_csv(out, r->text);
  gm_text_add(out, ",");
  gm__deid_csv(out, r->unit_text);
  gm_text_addf(out, ",%s,%s\n",
               r->censored > 0   ? "below"
               : r->censored < 0 ? "above"
                                 : "",
               gm_data_class_name((gm_data_class)r->data_class));
}

gm_status gm__deid_facts_write(gm__deid *e, gm_text *out)
{
  const gm__deid_subject **order;
  int32_t count;
  gm_status st = order_make(e, &order, &count);
  if (st) return st;
  gm_text_add(out, "subject,kind,series,time,duration_s,value,unit,limit,class\n");
  for (int32_t i = 0; i < count; i++)
    for (int32_t k = order[i]->row; k < order[i]->row + order[i]->row_count; k++)
      if (e->row[k].out) row_write(e, order[i], &e->row[k], out);
  return out->status ? gm_fail(e->ctx, out->status, "facts") : GM_OK;
}

/* ---- parameters ------------------------------------------------------------------------------ */
typedef struct {
  int32_t twin, name, unit; /* words */
  double mean;
} parameter;
typedef struct {
  gm__deid *e;
  parameter *p;
  int32_t count, room;
} collector;

static int by_number(const void *a, const void *b)
{
  const gm__deid_twin *p = a, *q = b;
  if (p->number != q->number) return p->number < q->number ? -1 : 1;
  return p->twin < q->twin ? -1 : p->twin > q->twin;
}

static gm_status parameter_add(collector *k, int32_t twin, const gm_card_parameter *p)
{
  gm__deid *e = k->e;
  if (k->count == k->room) {
    int32_t room = k->room ? 2 * k->room : 256;
    gm_status st = gm_grow(e->ctx, &k->p, k->room, room, sizeof *k->p);
    if (st) return gm_fail(e->ctx, st, "parameters");
    k->room = room;
  }
  parameter *n = &k->p[k->count];
  *n = (parameter){.twin = twin,
                   .name = gm__deid_word_of(&e->words, "parameter", p->name, NULL),
                   .unit = gm__deid_word_of(&e->words, "unit of parameter", p->name, p->unit),
                   .mean = p->mean};
  if (n->name < 0 || n->unit < 0) return gm_fail(e->ctx, GM_ENOMEM, "parameters");
  k->count++;
  return GM_OK;
}

static gm_status card_take(collector *k, const gm_card_found *f, int32_t twin)
{
  gm__deid *e = k->e;
  gm_card c;
  gm_status st = gm__deid_belief_may(e, &e->twin[twin]);
  if (st) return st;
  if (e->twin[twin].belief < 0) {
    e->count.parameters_withheld++;
    return GM_OK;
  }
  st = gm_card_read(e->ctx, f->body, f->bytes, e->scratch, &c);
  for (int32_t i = 0; !st && i < c.parameter_count; i++)
    st = parameter_add(k, twin, &c.parameter[i]);
  gm_arena_back(e->scratch, e->mark);
  return st;
}

static gm_status hear_card(void *user, const gm_card_found *f)
{
  collector *k = user;
  gm__deid *e = k->e;
  gm__deid_twin key = {.twin = f->twin, .number = f->subject};
  const gm__deid_twin *t =
      e->twin_count ? bsearch(&key, e->twin, (size_t)e->twin_count, sizeof *e->twin, by_number)
                    : NULL;
  if (gm_watch_stop(e->o->watch)) return gm_fail(e->ctx, GM_ECANCELLED, "stopped");
  if (!t || t->subject < 0 || !e->subject[t->subject].kept) return GM_OK;
  return card_take(k, f, (int32_t)(t - e->twin));
}

static int by_twin(const void *a, const void *b)
{
  const parameter *p = a, *q = b;
  if (p->twin != q->twin) return p->twin < q->twin ? -1 : 1;
  return p->name < q->name ? -1 : p->name > q->name;
}

/* Of each subject its twins' parameters; [twin] begins at first[twin]. */
static void sets_write(const collector *k, const gm__deid_subject *s, const int32_t *first,
                       gm_text *out)
{
  gm__deid *e = k->e;
  int32_t who = (int32_t)(s - e->subject);
  for (int32_t t = first[who]; t >= 0 && t < e->twin_count && e->twin[t].number == s->number; t++) {
    parameter key = {.twin = t, .name = -1};
    size_t before = out->bytes;
    int32_t low = 0, high = k->count;
    while (low < high) {
      int32_t mid = low + (high - low) / 2;
      if (by_twin(&k->p[mid], &key) < 0)
        low = mid + 1;
      else
        high = mid;
    }
    for (; low < k->count && k->p[low].twin == t; low++) {
      const parameter *p = &k->p[low];
      char text[40];
      if (!shared(e, p->name) || !unit_good(e, p->unit)) continue;
      snprintf(text, sizeof text, "%.3g", p->mean);
      gm_text_addf(out, "%s,%d,", s->name, (int)e->twin[t].place);
      gm__deid_csv(out, gm__deid_word_tail(&e->words, p->name));
      gm_text_addf(out, ",%s,", gm__number_point(text));
      gm__deid_csv(out, gm__deid_word_tail(&e->words, p->unit));
      gm_text_add(out, "\n");
    }
    e->count.parameter_sets += out->bytes > before;
  }
}

static gm_status sets_all(collector *k, gm_text *out)
{
  gm__deid *e = k->e;
  const gm__deid_subject **order;
  int32_t count;
  int32_t *first = gm_arena_get(e->memory, e->subject_count + 1, sizeof *first);
  gm_status st = order_make(e, &order, &count);
  if (st || !first) return gm_fail(e->ctx, GM_ENOMEM, "parameters");
  for (int32_t i = e->twin_count - 1; i >= 0; i--)
    if (e->twin[i].subject >= 0) first[e->twin[i].subject] = i;
  if (k->count) qsort(k->p, (size_t)k->count, sizeof *k->p, by_twin);
  for (int32_t i = 0; i < k->count; i++) {
    int32_t who = e->twin[k->p[i].twin].subject;
    word_count(e, k->p[i].name, who);
    word_count(e, k->p[i].unit, who);
  }
  gm_text_add(out, "subject,twin,parameter,mean,unit\n");
  for (int32_t i = 0; i < count; i++) sets_write(k, order[i], first, out);
  return out->status ? gm_fail(e->ctx, out->status, "parameters") : GM_OK;
}

gm_status gm__deid_parameters_write(gm__deid *e, gm_text *out)
{
  collector k = {.e = e};
  gm_status st = gm_store_cards(e->a, e->ctx, hear_card, &k, &e->count.parameters_withheld);
  if (!st) st = sets_all(&k, out);
  gm_free(k.p);
  return st;
}
