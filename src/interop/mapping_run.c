/* mapping_run.c - one row at a time: what it is called, what was wrong with it, and its account. */
#include "interop/mapping_internal.h"
#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HASH_BYTES = 16, REFUSALS_MAX = 4096 };

/* ---- texts ----------------------------------------------------------------------------------- */
static char *text_keep(gm__map_run *r, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));
static char *text_keep(gm__map_run *r, const char *format, va_list ap)
{
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, format, ap);
  char *text = n < 0 ? NULL : gm_arena_get(r->memory, (ptrdiff_t)n + 1, 1);
  if (text) vsnprintf(text, (size_t)n + 1, format, again);
  va_end(again);
  if (!text)
    (void)gm_fail(r->ctx, GM_ENOMEM, "%s:%lld: texts of a row", r->name, (long long)r->line);
  return text;
}

char *gm__map_text(gm__map_run *r, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  char *text = text_keep(r, format, ap);
  va_end(ap);
  return text;
}

bool gm__map_missing(const gm_mapping *m, const char *cell)
{
  for (int32_t i = 0; i < m->file.missing_count; i++)
    if (!strcmp(cell, m->file.missing[i])) return true;
  return !cell[0];
}

const char *gm__map_word_of(const gm__map_words *w, const char *text)
{
  for (int32_t i = 0; i < w->count; i++)
    if (!strcmp(w->word[i].from, text)) return w->word[i].to;
  return NULL;
}

/* ---- what is refused ------------------------------------------------------------------------- */
gm_status gm__map_refuse(gm__map_run *r, const char *column, gm_status s, const char *format, ...)
{
  if (r->refusal_count == REFUSALS_MAX) return GM_OK;
  if (r->refusal_count == r->refusal_room) {
    int32_t room = r->refusal_room ? 2 * r->refusal_room : 8;
    gm_mapping_refusal *more = gm_arena_get(r->memory, room, sizeof *more);
    if (!more) return gm_fail(r->ctx, GM_ENOMEM, "%s:%lld: account", r->name, (long long)r->line);
    if (r->refusal_count) memcpy(more, r->refusal, (size_t)r->refusal_count * sizeof *more);
    r->refusal = more;
    r->refusal_room = room;
  }
  va_list ap;
  va_start(ap, format);
  char *reason = text_keep(r, format, ap);
  va_end(ap);
  if (!reason) return GM_ENOMEM;
  r->refusal[r->refusal_count++] = (gm_mapping_refusal){column, s, reason};
  return GM_OK;
}

gm_status gm__map_refuse_message(gm__map_run *r, const char *column, gm_status s)
{
  if (s == GM_ENOMEM) return s;
  s = gm__map_refuse(r, column, s, "%s", gm_message(r->ctx));
  if (!s) gm_message_clear(r->ctx);
  return s;
}

/* ---- rows ------------------------------------------------------------------------------------ */
gm_status gm__map_row_begin(gm__map_run *r, const gm__line_source *source)
{
  unsigned char digest[HASH_BYTES];
  gm_arena_back(r->memory, r->mark);
  r->line = source->number;
  r->subject = r->id = r->version = "";
  r->withdrawn = r->asked = false;
  r->facts = 0;
  r->refusal = NULL;
  r->refusal_count = r->refusal_room = 0;
  crypto_generichash(digest, sizeof digest, (const unsigned char *)source->line, source->line_bytes,
                     NULL, 0);
  sodium_bin2hex(r->hash, sizeof r->hash, digest, sizeof digest);
  return GM_OK;
}

gm_status gm__map_row_end(gm__map_run *r)
{
  gm_mapping_totals *t = r->totals;
  gm_mapping_account a = {
      .line = r->line, .facts = r->facts, .refusal = r->refusal, .refusal_count = r->refusal_count};
  if (r->refusal_count)
    a.outcome = r->facts ? GM_MAPPING_PARTLY : GM_MAPPING_REFUSED;
  else
    a.outcome = r->facts || r->asked ? GM_MAPPING_TAKEN : GM_MAPPING_NOTHING;
  t->rows++;
  t->taken += a.outcome == GM_MAPPING_TAKEN;
  t->partly += a.outcome == GM_MAPPING_PARTLY;
  t->nothing += a.outcome == GM_MAPPING_NOTHING;
  t->refused += a.outcome == GM_MAPPING_REFUSED;
  t->refusals += r->refusal_count;
  return r->account ? r->account(r->user, &a) : GM_OK;
}

gm_status gm__map_subject(gm__map_run *r, const char *subject)
{
  gm_text *kept = &r->said_subject;
  r->subject = subject;
  if (kept->data && !strcmp(kept->data, subject)) return GM_OK;
  for (int32_t i = 0; i < r->m->columns.count; i++) r->said[i].bytes = 0;
  kept->bytes = 0;
  gm_text_add(kept, subject);
  return kept->status ? gm_fail(r->ctx, kept->status, "%s: a subject", r->name) : GM_OK;
}

gm_status gm__map_changed(gm__map_run *r, int32_t i, const char *text, bool *out)
{
  gm_text *said = &r->said[i];
  *out = !said->bytes || strcmp(said->data, text) != 0;
  r->asked = true;
  if (!*out) return GM_OK;
  said->bytes = 0;
  gm_text_add(said, text);
  return said->status ? gm_fail(r->ctx, said->status, "%s: a covariate", r->name) : GM_OK;
}

/* ---- facts ----------------------------------------------------------------------------------- */
/* The value as the definition has it; *good false: it was refused. */
static gm_status value_check(gm__map_run *r, const gm_fact *f, const char *column, double *out,
                             bool *good)
{
  gm_status s = gm_fact_value(r->ctx, r->m->definition, f, out);
  *good = !s;
  return s ? gm__map_refuse_message(r, column, s) : GM_OK;
}

gm_status gm__map_tell(gm__map_run *r, const gm__map_target *t, gm_fact *f, const char *part,
                       const char *column)
{
  double v = 1;
  bool good = true;
  if (!f->kind) f->kind = t->kind;
  f->series = t->series;
  f->subject = r->subject;
  f->withdrawn = r->withdrawn;
  f->data_class = t->class_number;
  f->licence = r->m->licence ? r->m->licence : "";
  f->source = r->m->source;
  f->version = r->version;
  f->code = t->code ? t->code : "";
  gm_status s = r->withdrawn ? GM_OK : value_check(r, f, column, &v, &good);
  if (s || !good) return s;
  if (t->input && v == 0 && !t->zeros) return GM_OK;
  f->id = part[0] ? gm__map_text(r, "%s#%s", r->id, part) : r->id;
  if (!f->id) return GM_ENOMEM;
  s = r->fact ? r->fact(r->user, f) : GM_OK;
  r->facts += !s;
  r->totals->facts += !s;
  return s;
}
