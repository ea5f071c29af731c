/* deidentify.c - the order of a de-identified export: gather what may go, group, choose, write, ask
 * again, log, hand out. */
#include "gemel/audit.h"
#include "interop/deidentify_internal.h"
#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- options --------------------------------------------------------------------------------- */
static gm_status quasi_check(gm_ctx *ctx, const gm_deidentify_options *o, int32_t at)
{
  const gm_deidentify_quasi *q = &o->quasi[at];
  if (!q->name || !q->name[0])
    return gm_fail(ctx, GM_EINVAL, "quasi-identifier %d: a covariate's name is expected", at + 1);
  for (int32_t i = 0; i < at; i++)
    if (!strcmp(q->name, o->quasi[i].name))
      return gm_fail(ctx, GM_EINVAL, "quasi-identifier %d is there twice", at + 1);
  for (int32_t i = 0; i < q->cut_count; i++)
    if (!isfinite(q->cut[i]) || (i && q->cut[i] <= q->cut[i - 1]))
      return gm_fail(ctx, GM_EINVAL, "quasi-identifier %d: cuts are expected to rise", at + 1);
  for (int32_t i = 0; i < o->covariate_count; i++)
    if (!strcmp(q->name, o->covariate[i]))
      return gm_fail(ctx, GM_EINVAL,
                     "quasi-identifier %d cannot also go out as it is: its groups would be undone",
                     at + 1);
  return GM_OK;
}

static gm_status options_check(gm__deid *e)
{
  const gm_deidentify_options *o = e->o;
  gm_status st = GM_OK;
  e->k = o->k ? o->k : GM_DEIDENTIFY_K_LEAST;
  e->suppress_max = o->suppress_max != 0 ? o->suppress_max : 0.05;
  if (e->k < GM_DEIDENTIFY_K_LEAST)
    return gm_fail(e->ctx, GM_EINVAL, "k: %d or more is expected", (int)GM_DEIDENTIFY_K_LEAST);
  if (!(e->suppress_max > 0 && e->suppress_max <= 1))
    return gm_fail(e->ctx, GM_EINVAL, "share to leave out: above 0 and at most 1 is expected");
  if (o->quasi_count < 1 || o->quasi_count > GM_DEIDENTIFY_QUASI_MAX)
    return gm_fail(e->ctx, GM_EINVAL, "1 to %d quasi-identifiers are expected",
                   (int)GM_DEIDENTIFY_QUASI_MAX);
  for (int32_t i = 0; i < o->quasi_count && !st; i++) st = quasi_check(e->ctx, o, i);
  if (!st && gm_session_who(e->a)->use != GM_USE_RESEARCH_EXPORT)
    st = gm_fail(e->ctx, GM_EDENIED, "a session for research-export is expected");
  return st;
}

/* ---- steps ----------------------------------------------------------------------------------- */
static gm_status begin(gm__deid *e)
{
  if (sodium_init() < 0) return gm_fail(e->ctx, GM_EINTERNAL, "libsodium cannot be used");
  if (e->o->key)
    memcpy(e->key, e->o->key, sizeof e->key);
  else
    randombytes_buf(e->key, sizeof e->key);
  gm_status st = gm_arena_new(e->ctx, 1 << 18, &e->memory);
  if (!st) st = gm_arena_new(e->ctx, 1 << 14, &e->scratch);
  if (!st) st = gm__deid_words_init(&e->words, e->ctx);
  if (!st) e->mark = gm_arena_at(e->scratch);
  return st ? gm_fail(e->ctx, st, "export") : GM_OK;
}

static void end(gm__deid *e)
{
  sodium_memzero(e->key, sizeof e->key);
  gm__deid_words_free(&e->words);
  gm_arena_free(e->scratch);
  gm_arena_free(e->memory);
  gm_free(e->twin);
  gm_free(e->subject);
  gm_free(e->row);
}

static gm_status group(gm__deid *e, gm__deid_quasi *q)
{
  int32_t n = e->subject_count;
  int32_t *number = gm_arena_get(e->memory, n + 1, sizeof *number);
  bool *kept = gm_arena_get(e->memory, n + 1, sizeof *kept);
  if (!number || !kept) return gm_fail(e->ctx, GM_ENOMEM, "groups");
  gm_status st = gm__deid_group(e->ctx, n, q, e->o->quasi_count, e->k, e->suppress_max, number,
                                kept, &e->count.k_reached);
  if (st) return st;
  for (int32_t i = 0; i < n; i++) {
    e->subject[i].kept = kept[i];
    e->count.kept += kept[i];
    e->count.suppressed += !kept[i];
  }
  for (int32_t i = 0; i < e->twin_count; i++)
    e->count.twins += e->twin[i].subject >= 0 && kept[e->twin[i].subject];
  return GM_OK;
}

static gm_status too_few(gm__deid *e)
{
  return gm_fail(e->ctx, GM_EDENIED, "fewer than %d subjects remain: nothing is exported",
                 (int)e->k);
}

static gm_status write_all(gm__deid *e, const gm__deid_quasi *q, gm_deidentified *d)
{
  gm_status st = gm__deid_rows_choose(e);
  if (!st) st = gm__deid_subjects_write(e, q, &d->subjects);
  if (!st) st = gm__deid_facts_write(e, &d->facts);
  if (!st && e->o->parameters) st = gm__deid_parameters_write(e, &d->parameters);
  if (!st) st = gm__deid_report_write(e, q, &d->report_json, &d->report_text);
  return st;
}

static gm_status log_all(gm__deid *e)
{
  char detail[80];
  gm_status st = GM_OK;
  snprintf(detail, sizeof detail, "{\"form\":\"de-identified\",\"k\":%d,\"parameters\":%s}",
           (int)e->k, e->o->parameters ? "true" : "false");
  for (int32_t i = 0; i < e->twin_count && !st; i++) {
    const gm__deid_twin *t = &e->twin[i];
    if (t->subject < 0 || !e->subject[t->subject].kept) continue;
    if (gm_watch_stop(e->o->watch)) return gm_fail(e->ctx, GM_ECANCELLED, "stopped");
    st = gm_audit_note(e->a, e->ctx, GM_AUDIT_EXPORTED, t->twin, t->rows, detail);
  }
  return st;
}

static gm_status steps(gm__deid *e, gm_deidentified *d)
{
  gm__deid_quasi quasi[GM_DEIDENTIFY_QUASI_MAX];
  gm_status st = begin(e);
  if (!st) st = gm__deid_gather(e);
  if (!st && e->subject_count < e->k) st = too_few(e);
  if (!st) st = gm__deid_quasi_make(e, quasi);
  if (!st) st = group(e, quasi);
  if (!st && e->count.kept < e->k) st = too_few(e);
  if (!st) st = write_all(e, quasi, d);
  if (!st) st = gm__deid_still_may(e);
  if (!st) st = log_all(e);
  return st;
}

gm_status gm_deidentify(gm_session *a, gm_ctx *ctx, const gm_deidentify_options *o,
                        gm_deidentified *out)
{
  assert(a && ctx && o && out);
  gm__deid e = {.a = a, .ctx = ctx, .o = o};
  gm_deidentified d = {0};
  gm_status st = options_check(&e);
  if (st) return st;
  gm_text_init(&d.subjects, ctx);
  gm_text_init(&d.facts, ctx);
  gm_text_init(&d.parameters, ctx);
  gm_text_init(&d.report_json, ctx);
  gm_text_init(&d.report_text, ctx);
  st = steps(&e, &d);
  d.count = e.count;
  d.count.k = e.k;
  end(&e);
  if (st)
    gm_deidentified_free(&d);
  else
    *out = d;
  return st;
}

void gm_deidentified_free(gm_deidentified *d)
{
  if (!d) return;
  gm_text_free(&d->subjects);
  gm_text_free(&d->facts);
  gm_text_free(&d->parameters);
  gm_text_free(&d->report_json);
  gm_text_free(&d->report_text);
}
