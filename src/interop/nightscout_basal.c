/* nightscout_basal.c - the table of basal rates, what a profile asks for at a time, and temporary
 * rates as facts. */
#include "interop/nightscout_basal.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEMP_MINUTES_MAX = 31 * 1440 };

gm_status scout_basal_new(gm_ctx *ctx, scout_basal **out)
{
  scout_basal *b = gm_alloc(ctx, 1, sizeof *b);
  if (!b) return gm_fail(ctx, GM_ENOMEM, "no memory for a table of basal rates");
  b->ctx = ctx;
  *out = b;
  return GM_OK;
}

void scout_basal_free(scout_basal *b)
{
  if (!b) return;
  gm_free(b->temp.data);
  gm_free(b->step.data);
  gm_free(b->program.data);
  gm_free(b->doc.data);
  gm_free(b->change.data);
  gm_free(b);
}

gm_status scout_basal_add(scout_basal *b, basal_list *l, size_t bytes, void *out_address)
{
  if (l->count == l->room) {
    int64_t room = l->room ? 2 * l->room : 16;
    size_t more = (size_t)(room - l->room) * bytes;
    if (b->bytes + more > GM_NIGHTSCOUT_TABLE_BYTES)
      return gm_fail(b->ctx, GM_EFULL, "the basal rates take more than %d MiB of memory",
                     GM_NIGHTSCOUT_TABLE_BYTES >> 20);
    gm_status s = gm_grow(b->ctx, &l->data, l->room, room, bytes);
    if (s) return s;
    b->bytes += more;
    l->room = room;
  }
  *(void **)out_address = (char *)l->data + (size_t)l->count++ * bytes;
  return GM_OK;
}

/* ---- closing --------------------------------------------------------------------------------- */
static int32_t temp_order(const void *pa, const void *pb)
{
  const temp_rate *a = pa, *b = pb;
  if (a->t_s != b->t_s) return a->t_s < b->t_s ? -1 : 1;
  return (a->order > b->order) - (a->order < b->order);
}

static int32_t source_order(const void *pa, const void *pb)
{
  const basal_source *a = pa, *b = pb;
  if (a->t_s != b->t_s) return a->t_s < b->t_s ? -1 : 1;
  return (a->order > b->order) - (a->order < b->order);
}

/* Of several that begin at one moment the last one counts (the same document may have come twice);
 * each ends where the next begins. */
static void temps_close(scout_basal *b)
{
  temp_rate *t = b->temp.data;
  int64_t kept = 0;
  if (!b->temp.count) return;
  qsort(t, (size_t)b->temp.count, sizeof *t, temp_order);
  for (int64_t i = 0; i < b->temp.count; i++) {
    if (i + 1 < b->temp.count && t[i + 1].t_s == t[i].t_s) continue;
    t[kept++] = t[i];
  }
  b->temp.count = kept;
  for (int64_t i = 0; i + 1 < kept; i++) t[i].end_s = fmin(t[i].end_s, t[i + 1].t_s);
}

/* A document that came twice is one; of several that begin at one moment the last one counts. */
static void sources_close(basal_list *l)
{
  basal_source *x = l->data;
  int64_t kept = 0;
  if (!l->count) return;
  qsort(x, (size_t)l->count, sizeof *x, source_order);
  for (int64_t i = 0; i < l->count; i++) {
    if (i + 1 < l->count && x[i + 1].t_s == x[i].t_s) continue;
    x[kept++] = x[i];
  }
  l->count = kept;
}

void scout_basal_close(scout_basal *b)
{
  temps_close(b);
  sources_close(&b->doc);
  sources_close(&b->change);
}

/* ---- what holds at a time -------------------------------------------------------------------- */
int64_t scout_basal_begun(const basal_list *l, double t_s)
{
  int64_t low = 0, high = l->count;
  while (low < high) {
    int64_t mid = low + (high - low) / 2;
    if (source_at(l, mid)->t_s <= t_s)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

int64_t scout_basal_temp_behind(const scout_basal *b, double t_s)
{
  int64_t low = 0, high = b->temp.count;
  while (low < high) {
    int64_t mid = low + (high - low) / 2;
    if (temp_at(b, mid)->t_s <= t_s)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

/* Names of a later upload carry what follows "@@@@@" (lib/profilefunctions.js). */
static bool same_name(const char *a, const char *b)
{
  size_t n = strcspn(a, "@"), m = strcspn(b, "@");
  return !strcmp(a, b) || (n == m && !strncmp(a, b, n) && (!a[n] || !b[m]));
}

static const basal_program *program_find(const scout_basal *b, const basal_source *in,
                                         const char *name)
{
  for (int32_t i = 0; in && i < in->count; i++)
    if (same_name(program_at(b, in->first + i)->name, name)) return program_at(b, in->first + i);
  return NULL;
}

/* The step that holds at t and where the next one begins. */
static void step_find(const scout_basal *b, const basal_program *p, const basal_source *owner,
                      double t_s, basal_moment *out)
{
  double local = t_s + p->zone_s - owner->shift_s;
  double midnight = 86400 * floor(local / 86400), second = local - midnight;
  int32_t i = 0;
  while (i + 1 < p->count && step_at(b, p->first + i + 1)->second <= second) i++;
  double end = i + 1 < p->count ? step_at(b, p->first + i + 1)->second : 86400;
  double next = midnight + end - p->zone_s + owner->shift_s;
  out->rate = step_at(b, p->first + i)->rate * owner->scale;
  if (next > t_s) out->next_s = fmin(out->next_s, next);
}

void scout_basal_at(const scout_basal *b, double t_s, basal_moment *out)
{
  int64_t docs = scout_basal_begun(&b->doc, t_s), changes = scout_basal_begun(&b->change, t_s);
  const basal_source *doc = docs ? source_at(&b->doc, docs - 1) : NULL, *change = NULL;
  *out = (basal_moment){.rate = NAN, .next_s = INFINITY};
  if (docs < b->doc.count) out->next_s = source_at(&b->doc, docs)->t_s;
  if (changes < b->change.count)
    out->next_s = fmin(out->next_s, source_at(&b->change, changes)->t_s);
  for (int64_t i = changes - 1; i >= 0 && !change; i--)
    if (t_s < source_at(&b->change, i)->until_s) change = source_at(&b->change, i);
  out->owner = change ? change : doc;
  if (!out->owner) return;
  if (change) out->next_s = fmin(out->next_s, change->until_s);
  out->program = program_find(b, change && change->count ? change : doc, out->owner->name);
  if (out->program && out->program->zoned) step_find(b, out->program, out->owner, t_s, out);
}

/* ---- temporary rates ------------------------------------------------------------------------- */
typedef struct {
  temp_kind kind;
  double minutes, rate, percent;
  const char *text; /* of an absolute rate, as it was written; NULL: worked out */
} temp_read;

/* Nightscout adds `percent` to 100: -50 is half of the profile's rate. False: refused. */
static bool temp_parse(scout_in *r, temp_read *t)
{
  const gm_json *n = r->d.node, *absolute = scout_value(n, "absolute");
  const char *temp = scout_text(n, "temp");
  *t = (temp_read){.kind = TEMP_CANCEL};
  if (!scout_read(r, "duration", &t->minutes)) return false;
  if (!(t->minutes > 0)) return true; /* it ends what runs */
  if (t->minutes > TEMP_MINUTES_MAX) return scout_refuse(r, "duration", "longer than 31 days");
  bool is_rate = !scout_value(n, "percent") && (!temp || !strcasecmp(temp, "absolute"));
  if (!absolute && is_rate) absolute = scout_value(n, "rate");
  if (absolute) {
    t->text = scout_number(absolute, &t->rate);
    if (!t->text || t->rate < 0) return scout_refuse(r, absolute->key, "not a number >= 0");
    t->kind = TEMP_RATE;
    return true;
  }
  if (!scout_read(r, "percent", &t->percent)) return false;
  if (!(t->percent >= -100))
    return scout_refuse(r, "absolute", "missing, and no percent >= -100 either");
  t->kind = TEMP_PERCENT;
  return true;
}

static gm_status temp_note(scout_in *r, const temp_read *t)
{
  temp_rate *n;
  if (r->d.withdrawn) return GM_OK;
  gm_status s = scout_basal_add(r->basal, &r->basal->temp, sizeof *n, &n);
  if (s) return s;
  *n = (temp_rate){.t_s = r->d.t_s,
                   .end_s = r->d.t_s + 60 * (t->minutes > 0 ? t->minutes : 0),
                   .order = r->basal->order++,
                   .key = r->d.key,
                   .kind = t->kind};
  if (t->kind == TEMP_CANCEL) n->end_s = n->t_s;
  return GM_OK;
}

static gm_status rate_tell(scout_in *r, double t_s, double end_s, const char *value, int32_t part)
{
  char suffix[40] = "#basal", version[SCOUT_ID_BYTES + 40];
  gm_fact f = {.kind = GM_RECORD_GIVEN,
               .t_true_s = t_s,
               .duration_s = end_s - t_s,
               .value = value,
               .unit = r->rate,
               .version = version,
               .data_class = GM_CLASS_DEVICE};
  if (part > 1) snprintf(suffix, sizeof suffix, "#basal %d", (int)part);
  /* how long it ran is part of the version: a later export may know that it was cut short */
  snprintf(version, sizeof version, "%s/%lld", r->d.version, (long long)(end_s - t_s));
  return scout_tell(r, SCOUT_BASAL, NULL, &f, suffix, "absolute");
}

/* A share of what the profile asks for: a fact for each of its steps. */
static gm_status percent_tell(scout_in *r, const temp_read *t, double end_s)
{
  char number[GM__NUMBER_TEXT_BYTES];
  basal_moment m;
  gm_status s = GM_OK;
  int32_t part = 0;
  for (double at = r->d.t_s; at < end_s && !s; at = m.next_s) {
    scout_basal_at(r->basal, at, &m);
    m.next_s = fmin(m.next_s, end_s);
    if (t->percent > -100 && isnan(m.rate)) {
      scout_refuse(r, "percent", "of a profile whose basal or time zone is not known");
      continue;
    }
    double rate = t->percent > -100 ? m.rate * (100 + t->percent) / 100 : 0;
    s = rate_tell(r, at, m.next_s, gm__number_text(rate, number), ++part);
    if (!(t->percent > -100)) break;
  }
  return s;
}

static gm_status temp_tell(scout_in *r, const temp_read *t)
{
  double end_s = r->d.t_s + 60 * t->minutes;
  if (!r->d.withdrawn) {
    int64_t i = scout_basal_temp_behind(r->basal, r->d.t_s) - 1;
    const temp_rate *own = i >= 0 ? temp_at(r->basal, i) : NULL;
    if (!own || own->t_s != r->d.t_s || own->key != r->d.key)
      return scout_not_mapped(r, "another temporary rate begins at the same moment");
    end_s = own->end_s;
  }
  if (t->kind == TEMP_RATE) return rate_tell(r, r->d.t_s, end_s, t->text, 1);
  if (t->percent > -100) return percent_tell(r, t, end_s);
  return rate_tell(r, r->d.t_s, end_s, "0", 1);
}

gm_status scout_temporary(scout_in *r)
{
  temp_read t;
  if (!r->series[SCOUT_BASAL]) return scout_not_mapped(r, "nothing asks for nightscout|basal");
  bool good = temp_parse(r, &t);
  if (!good) t = (temp_read){.kind = TEMP_CANCEL}; /* what ran before runs no longer */
  if (r->pass == SCOUT_TABLE) return temp_note(r, &t);
  if (!good) return GM_OK;
  if (t.kind == TEMP_CANCEL) return scout_not_mapped(r, "it only ends the rate before it");
  return temp_tell(r, &t);
}
