/* consent.c - the subject's rules about who may do what, as records of the thread: a newer version
 * of the same id replaces a rule, an empty one withdraws it. */
#include "base/clock.h"
#include "store/store_internal.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char source[] = "consent";

/* ---- adding and withdrawing ------------------------------------------------------------------ */
/* Two versions made at the same time are two: the time alone would drop the later one. */
static gm_status rule_append(gm_session *a, gm_ctx *ctx, int64_t twin, const char *id,
                             const gm_text *body)
{
  char version[64];
  int64_t now = gm__clock_us();
  snprintf(version, sizeof version, "%lld-%llx", (long long)now,
           (unsigned long long)gm__number_new());
  gm_entry e = {.kind = GM_RECORD_CONSENT,
                .series = "",
                .t_true_s = (double)now * 1e-6,
                .source = source,
                .id = id,
                .version = version,
                .body = body->data,
                .bytes = body->bytes,
                .data_class = GM_CLASS_REPORTED};
  return gm__append_entries(a, ctx, twin, &e, 1, NULL);
}

typedef struct {
  const char *id;
  bool there;
} seeker;

static gm_status seek(void *user, const gm_record_found *r)
{
  seeker *k = user;
  k->there |= r->bytes && !strcmp(r->id, k->id) && !strcmp(r->source, source);
  return GM_OK;
}

/* A withdrawal that names nothing would be believed to have had an effect. */
static gm_status withdrawable(gm_session *a, gm_ctx *ctx, int64_t twin, const char *id)
{
  gm_store *s = a->s;
  gm_access_decision d;
  gm__keys *keys = NULL;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_CONSENT};
  seeker k = {.id = id};
  int64_t state;
  gm_status st = gm__right_at_hand(a, ctx, twin, GM_ACT_CORRECT, GM_RECORD_CONSENT,
                                   GM_CLASS_REPORTED, &d, &state);
  if (!st && !d.allowed)
    return gm__denied(a, ctx, GM_ACT_CORRECT, twin, GM_RECORD_CONSENT, d.reason);
  if (!st) st = gm__twin_keys(s, ctx, twin, &keys);
  if (!st) {
    pthread_mutex_lock(&s->reading.lock);
    st = gm__records_read(s->reading.db, ctx, keys, &q, seek, &k);
    pthread_mutex_unlock(&s->reading.lock);
  }
  gm__keys_free(keys);
  if (!st && !k.there) st = gm_fail(ctx, GM_ENOTFOUND, "no consent of this id is in force");
  return st;
}

gm_status gm_store_consent(gm_session *a, gm_ctx *ctx, int64_t twin, const char *id,
                           const gm_consent_rule *rule)
{
  assert(a && ctx && id);
  gm_text body;
  size_t n = strlen(id);
  if (n < 1 || n > GM__NAME_MAX)
    return gm_fail(ctx, GM_EINVAL, "a consent's id of %zu bytes; 1 to %d are expected", n,
                   GM__NAME_MAX);
  gm_text_init(&body, ctx);
  gm_status st = rule ? gm_consent_body(ctx, rule, &body) : withdrawable(a, ctx, twin, id);
  if (!st) st = rule_append(a, ctx, twin, id, &body);
  if (!st) gm__rules_forget(a->s, twin);
  if (!st) st = gm__audit_put(a, ctx, GM_AUDIT_CONSENT, twin, 0, 1, NULL, false);
  gm__text_wipe(&body);
  return st;
}

/* ---- telling --------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  const gm_access_who *who; /* NULL: all rules; else those alone that speak of it */
  gm_consent_rule *rule;
  int32_t count, room;
} collector;

static gm_status collect(void *user, const gm_record_found *r)
{
  collector *c = user;
  gm_consent_rule rule;
  if (!r->bytes) return GM_OK; /* withdrawn */
  gm_status st = gm_consent_read(c->ctx, r->body, r->bytes, c->memory, &rule);
  if (st) return gm_fail_at(c->ctx, st, "a consent");
  if (c->who && !gm__consent_speaks_of(&rule, c->who)) return GM_OK;
  if (c->count == c->room) {
    int32_t room = c->room ? 2 * c->room : 4;
    gm_consent_rule *more = gm_arena_get(c->memory, room, sizeof *more);
    if (!more) return gm_fail(c->ctx, GM_ENOMEM, "consents");
    if (c->count) memcpy(more, c->rule, (size_t)c->count * sizeof *more);
    c->rule = more;
    c->room = room;
  }
  c->rule[c->count++] = rule;
  return GM_OK;
}

/* Who may know of all rules, who of those that speak of him, and who of none. Rules name people. */
static gm_status may_know(gm_session *a, gm_ctx *ctx, int64_t twin, bool *all)
{
  gm__rights rights;
  gm_status st = gm__rights_of(a, ctx, twin, GM_ACT_READ, &rights);
  const char *why = st ? NULL : rights.not_allowed[GM_RECORD_CONSENT][GM_CLASS_REPORTED];
  *all = !why;
  if (st || !why) return st;
  bool some = gm_access_at_store(&a->who, GM_STORE_RULES).allowed;
  return some ? GM_OK : gm__denied(a, ctx, GM_ACT_READ, twin, GM_RECORD_CONSENT, why);
}

gm_status gm_store_consents(gm_session *a, gm_ctx *ctx, int64_t twin, gm_arena *memory,
                            gm_consent_rule **out, int32_t *count)
{
  assert(a && ctx && memory && out && count);
  gm_store *s = a->s;
  bool all = false;
  gm__keys *keys = NULL;
  collector c = {.ctx = ctx, .memory = memory};
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_CONSENT};
  gm_status st = may_know(a, ctx, twin, &all);
  c.who = all ? NULL : &a->who;
  if (!st) st = gm__twin_keys(s, ctx, twin, &keys);
  if (!st) {
    pthread_mutex_lock(&s->reading.lock);
    st = gm__records_read(s->reading.db, ctx, keys, &q, collect, &c);
    pthread_mutex_unlock(&s->reading.lock);
  }
  gm__keys_free(keys);
  if (!st) st = gm__audit_put(a, ctx, GM_AUDIT_READ, twin, 0, c.count, NULL, false);
  if (st) return st;
  *out = c.rule;
  *count = c.count;
  return GM_OK;
}
