/* fhir_table.c - what references point at: Patients and Medications by their keys, and in a history
 * the newest version of each resource. An open hash table over texts in an arena. */
#include "base/json_keys.h"
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>

typedef struct {
  uint64_t hash;
  const char *text;
  int32_t thing; /* FHIR_SEVERAL; of newest: FHIR_NONE */
  int64_t version, index;
  double updated_s;
} key;

struct fhir_table {
  gm_ctx *ctx;
  gm_arena *arena;
  size_t used;
  key *keys;
  fhir_thing *thing;
  uint32_t *slot; /* 0: free, else a key's number from 1 */
  int32_t key_count, key_room, thing_count, thing_room;
  uint32_t slot_count;
  gm_json_keys chance; /* for its hash key alone: nobody can choose keys that collide */
};

gm_status fhir_table_new(gm_ctx *ctx, fhir_table **out)
{
  fhir_table *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "no memory for the table of references");
  t->ctx = ctx;
  gm__json_keys_init(&t->chance, ctx, 0, 0);
  gm_status s = gm_arena_new(ctx, 16384, &t->arena);
  if (s)
    fhir_table_free(t);
  else
    *out = t;
  return s;
}

void fhir_table_free(fhir_table *t)
{
  if (!t) return;
  gm_arena_free(t->arena);
  gm_free(t->keys);
  gm_free(t->thing);
  gm_free(t->slot);
  gm__json_keys_free(&t->chance);
  gm_free(t);
}

static gm_status room_take(fhir_table *t, size_t bytes)
{
  if (bytes > GM_FHIR_TABLE_BYTES - t->used)
    return gm_fail(t->ctx, GM_EFULL,
                   "more Patients and Medications than a table of %d MiB holds: split the file",
                   GM_FHIR_TABLE_BYTES >> 20);
  t->used += bytes;
  return GM_OK;
}

static gm_status keep(fhir_table *t, const char *text, const char **out)
{
  size_t bytes = strlen(text) + 1;
  gm_status s = room_take(t, bytes);
  if (s) return s;
  char *p = gm_arena_get(t->arena, (ptrdiff_t)bytes, 1);
  if (!p) return gm_fail(t->ctx, GM_ENOMEM, "no memory for the table of references");
  memcpy(p, text, bytes);
  *out = p;
  return GM_OK;
}

/* ---- keys ------------------------------------------------------------------------------------ */
static uint32_t *slot_of(const fhir_table *t, uint64_t hash, const char *text)
{
  uint32_t mask = t->slot_count - 1, i = (uint32_t)hash & mask;
  for (; t->slot[i]; i = (i + 1) & mask) {
    const key *k = &t->keys[t->slot[i] - 1];
    if (k->hash == hash && !strcmp(k->text, text)) break;
  }
  return &t->slot[i];
}

static uint64_t hash_of(const fhir_table *t, const char *text)
{
  return gm__json_hash(t->chance.hash_key, text, strlen(text));
}

static key *key_find(const fhir_table *t, const char *text)
{
  uint32_t at = t->slot_count ? *slot_of(t, hash_of(t, text), text) : 0;
  return at ? &t->keys[at - 1] : NULL;
}

static gm_status keys_grow(fhir_table *t)
{
  if (t->key_count < t->key_room) return GM_OK;
  int32_t room = t->key_room ? 2 * t->key_room : 64;
  gm_status s = room_take(t, (size_t)(room - t->key_room) * (sizeof(key) + 2 * sizeof *t->slot));
  if (s) return s;
  uint32_t *slot = gm_alloc(t->ctx, 2 * (ptrdiff_t)room, sizeof *slot);
  if (!slot || gm_grow(t->ctx, &t->keys, t->key_room, room, sizeof *t->keys)) {
    gm_free(slot);
    return gm_fail(t->ctx, GM_ENOMEM, "no memory for the table of references");
  }
  gm_free(t->slot);
  t->slot = slot;
  t->slot_count = 2 * (uint32_t)room;
  t->key_room = room;
  for (int32_t i = 0; i < t->key_count; i++)
    *slot_of(t, t->keys[i].hash, t->keys[i].text) = (uint32_t)i + 1;
  return GM_OK;
}

static gm_status key_add(fhir_table *t, const char *text, key **out)
{
  key k = {.hash = hash_of(t, text), .thing = FHIR_NONE, .index = -1};
  gm_status s = keys_grow(t);
  if (!s) s = keep(t, text, &k.text);
  if (s) return s;
  t->keys[t->key_count] = k;
  *slot_of(t, k.hash, k.text) = (uint32_t)++t->key_count;
  *out = &t->keys[t->key_count - 1];
  return GM_OK;
}

gm_status fhir_table_key(fhir_table *t, const char *text, int32_t thing)
{
  key *k = key_find(t, text);
  gm_status s = k ? GM_OK : key_add(t, text, &k);
  if (s) return s;
  k->thing = k->thing == FHIR_NONE || k->thing == thing ? thing : FHIR_SEVERAL;
  return GM_OK;
}

int32_t fhir_table_find(const fhir_table *t, const char *text)
{
  const key *k = key_find(t, text);
  return k ? k->thing : FHIR_NONE;
}

/* ---- things ---------------------------------------------------------------------------------- */
int32_t fhir_table_count(const fhir_table *t) { return t->thing_count; }

fhir_thing *fhir_table_at(fhir_table *t, int32_t thing) { return &t->thing[thing]; }

const char *fhir_thing_name(const fhir_thing *t)
{
  return t->name[0] && !(t->shared_id && t->full_url[0]) ? t->name : t->full_url;
}

static gm_status thing_new(fhir_table *t, const fhir_thing *like, int32_t *out)
{
  if (t->thing_count == t->thing_room) {
    int32_t room = t->thing_room ? 2 * t->thing_room : 32;
    gm_status s = room_take(t, (size_t)(room - t->thing_room) * sizeof *t->thing);
    if (!s) s = gm_grow(t->ctx, &t->thing, t->thing_room, room, sizeof *t->thing);
    if (s) return s;
    t->thing_room = room;
  }
  t->thing[t->thing_count] = *like;
  *out = t->thing_count++;
  return GM_OK;
}

/* The thing that was met before under this fullUrl or name; a name that two things of different
 * fullUrls have is marked. */
static int32_t thing_known(fhir_table *t, const char *name, const char *full_url)
{
  int32_t by_url = full_url[0] ? fhir_table_find(t, full_url) : FHIR_NONE;
  if (by_url >= 0) return by_url;
  int32_t by_name = name[0] ? fhir_table_find(t, name) : FHIR_NONE;
  if (by_name < 0) return FHIR_NONE;
  fhir_thing *other = &t->thing[by_name];
  if (!full_url[0] || !other->full_url[0]) return by_name;
  other->shared_id = true;
  return FHIR_NONE;
}

/* What the thing does not know of itself yet, and its keys. */
static gm_status thing_name(fhir_table *t, int32_t number, const char *name, const char *full_url)
{
  fhir_thing *at = &t->thing[number];
  gm_status s = GM_OK;
  if (name[0]) {
    if (!at->name[0]) s = keep(t, name, &at->name);
    if (!s) s = fhir_table_key(t, name, number);
  }
  if (!s && full_url[0]) {
    if (!at->full_url[0]) s = keep(t, full_url, &at->full_url);
    if (!s) s = fhir_table_key(t, full_url, number);
  }
  return s;
}

gm_status fhir_table_add(fhir_table *t, bool patient, const char *id, const char *full_url,
                         int32_t *out)
{
  fhir_thing thing = {
      .name = "", .full_url = "", .code = "", .input = FHIR_NONE, .patient = patient};
  char name[FHIR_ID_BYTES + 16] = "";
  gm_status s = GM_OK;
  if (id[0]) snprintf(name, sizeof name, "%s/%s", patient ? "Patient" : "Medication", id);
  int32_t known = thing_known(t, name, full_url);
  thing.shared_id = name[0] && fhir_table_find(t, name) != FHIR_NONE;
  if (known < 0) s = thing_new(t, &thing, &known);
  if (!s) s = thing_name(t, known, name, full_url);
  if (!s) *out = known;
  return s;
}

/* ---- the newest version ---------------------------------------------------------------------- */
gm_status fhir_table_newest(fhir_table *t, const char *name, double updated_s, int64_t version,
                            int64_t index)
{
  key *k = key_find(t, name);
  gm_status s = k ? GM_OK : key_add(t, name, &k);
  if (s) return s;
  bool newer = k->index < 0 || updated_s > k->updated_s ||
               (!(updated_s < k->updated_s) && version > k->version);
  if (!newer) return GM_OK; /* of equals the first: a history begins with its newest */
  k->updated_s = updated_s;
  k->version = version;
  k->index = index;
  return GM_OK;
}

int64_t fhir_table_newest_index(const fhir_table *t, const char *name)
{
  const key *k = key_find(t, name);
  return k ? k->index : -1;
}
