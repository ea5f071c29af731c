/* life_fork.c - a twin's knowledge in a twin of its own. */
#include "twin/life_internal.h"
#include <assert.h>
#include <string.h>

/* Entries whose texts and bodies lie in memory. */
typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  gm_entry *entry;
  int32_t count, room;
} copies;

static const void *copy(copies *c, const void *data, size_t bytes)
{
  char *at = gm_arena_get(c->memory, (ptrdiff_t)bytes + 1, 1);
  if (at && bytes) memcpy(at, data, bytes);
  return at;
}

static gm_status copy_hear(void *user, const gm_record_found *r)
{
  copies *c = user;
  if (c->count == c->room) {
    int32_t room = c->room ? 2 * c->room : 256;
    gm_entry *more = gm_arena_get(c->memory, room, sizeof *more);
    if (!more) return gm_fail(c->ctx, GM_ENOMEM, "%d records", (int)room);
    if (c->count) memcpy(more, c->entry, (size_t)c->count * sizeof *more);
    c->entry = more;
    c->room = room;
  }
  gm_entry *e = &c->entry[c->count];
  *e = (gm_entry){.kind = r->kind,
                  .series = copy(c, r->series, strlen(r->series)),
                  .t_true_s = r->t_true_s,
                  .source = copy(c, r->source, strlen(r->source)),
                  .id = copy(c, r->id, strlen(r->id)),
                  .version = copy(c, r->version, strlen(r->version)),
                  .body = copy(c, r->body, r->bytes),
                  .bytes = r->bytes,
                  .data_class = r->data_class,
                  .licence = copy(c, r->licence, strlen(r->licence))};
  if (!e->series || !e->source || !e->id || !e->version || !e->body || !e->licence)
    return gm_fail(c->ctx, GM_ENOMEM, "a record");
  c->count++;
  return GM_OK;
}

static const gm_record_kind fact_kind[] = {GM_RECORD_COVARIATE, GM_RECORD_GIVEN,
                                           GM_RECORD_OBSERVATION, GM_RECORD_ORDERED,
                                           GM_RECORD_REPORTED};
enum { FACT_KINDS = sizeof fact_kind / sizeof fact_kind[0] };

static gm_status facts_read(gm_life *l, int64_t twin, int64_t as_of, bool all_versions, copies *c)
{
  gm_status st = GM_OK;
  for (int i = 0; i < FACT_KINDS && !st; i++) {
    gm_record_query q = {
        .twin = twin, .kind = fact_kind[i], .as_of = as_of, .all_versions = all_versions};
    st = gm_store_read(l->session, c->ctx, &q, copy_hear, c);
  }
  return st;
}

static bool is_same(const gm_entry *a, const gm_entry *b)
{
  return a->kind == b->kind && !strcmp(a->source, b->source) && !strcmp(a->id, b->id) &&
         !strcmp(a->version, b->version);
}

/* A fork that was cut short has no facts yet, or all of them: other ones are of another fork, which
 * knew something else. */
static gm_status facts_fit(gm_life *l, gm_ctx *ctx, int64_t into, const copies *want,
                           const char *name)
{
  copies have = {.ctx = ctx};
  gm_status st = gm_arena_new(ctx, 65536, &have.memory);
  if (!st) st = facts_read(l, into, 0, true, &have);
  bool same = !have.count || have.count == want->count;
  for (int32_t i = 0; i < have.count && same; i++) same = is_same(&have.entry[i], &want->entry[i]);
  gm_arena_free(have.memory);
  if (st || same) return st;
  return gm_fail(ctx, GM_EEXIST, "twin %s was begun with other facts; another name is expected",
                 name);
}

static gm_status records_copy(gm_life *l, gm_ctx *ctx, int64_t into, const char *name,
                              int32_t *facts)
{
  copies c = {.ctx = ctx};
  gm_record_query model = {.twin = l->twin, .kind = GM_RECORD_MODEL, .as_of = l->as_of};
  gm_status st = gm_arena_new(ctx, 65536, &c.memory);
  if (!st) st = facts_read(l, l->twin, l->as_of, false, &c);
  int32_t count = c.count;
  if (!st) st = facts_fit(l, ctx, into, &c, name);
  if (!st) st = gm_store_read(l->session, ctx, &model, copy_hear, &c);
  if (!st) st = gm_store_append(l->session, ctx, into, c.entry, count, NULL);
  if (!st) st = gm_store_append(l->engine, ctx, into, c.entry + count, c.count - count, NULL);
  if (!st) *facts = count;
  gm_arena_free(c.memory);
  return st;
}

/* With the consents of now, also for a twin as it was. */
static gm_status fork_begin(gm_life *l, gm_ctx *ctx, const char *name, int64_t *into)
{
  gm_arena *memory = NULL;
  gm_consent_rule *rule = NULL;
  int32_t count = 0;
  gm_status st = gm_arena_new(ctx, 1024, &memory);
  if (!st) st = gm_store_consents(l->session, ctx, l->twin, memory, &rule, &count);
  gm__beginning b = {.user = l->session,
                     .engine = l->engine,
                     .subject = l->subject,
                     .twin = name,
                     .rule = rule,
                     .rule_count = count};
  if (!st) st = gm__life_begin(ctx, &b, into);
  gm_arena_free(memory);
  return st;
}

gm_status gm_life_fork(gm_life *l, gm_ctx *ctx, const char *name, gm_life_intake *intake)
{
  assert(l && ctx && name && intake);
  int64_t into = 0;
  int32_t facts = 0;
  gm_status st = fork_begin(l, ctx, name, &into);
  if (!st) st = records_copy(l, ctx, into, name, &facts);
  if (!st) *intake = (gm_life_intake){.taken = facts};
  return st;
}
