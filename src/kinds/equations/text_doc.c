/* text_doc.c - the tables of a model text. */
#include "kinds/equations/text_doc.h"
#include "base/edit_distance.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

gm_status eqt_doc_init(eqt_doc *d, gm_ctx *ctx)
{
  *d = (eqt_doc){.ctx = ctx, .time_unit = -1};
  d->name.ctx = d->unit_name.ctx = d->function_name.ctx = d->model_key.ctx = ctx;
  return gm_arena_new(ctx, 16384, &d->arena);
}

static void table_free(eqt_table *t)
{
  gm_free(t->key);
  gm_free(t->slot);
}

void eqt_body_free(eqt_body *b)
{
  gm_free(b->reaction);
  gm_free(b->part);
  gm_free(b->event);
  gm_free(b->assign);
  gm_free(b->equation);
  *b = (eqt_body){0};
}

void eqt_model_free(eqt_model *m)
{
  table_free(&m->name);
  gm_free(m->symbol);
  gm_free(m->argument);
  eqt_body_free(&m->body);
}

void eqt_doc_free(eqt_doc *d)
{
  for (int32_t i = 0; i < d->model_count; i++) eqt_model_free(&d->model[i]);
  gm_free(d->model);
  eqt_body_free(&d->body);
  table_free(&d->model_key);
  table_free(&d->name);
  table_free(&d->unit_name);
  table_free(&d->function_name);
  gm_free(d->symbol);
  gm_free(d->unit);
  gm_free(d->function);
  gm_free(d->item);
  gm_free(d->unit_of_name);
  gm_free(d->same_unit);
  gm_arena_free(d->arena);
  *d = (eqt_doc){0};
}

/* ---- names --------------------------------------------------------------------------------- */
static uint32_t key_hash(const char *text, int32_t bytes)
{
  return (uint32_t)eq_name_hash(text, (size_t)bytes);
}

static bool key_is(const eqt_key *k, const char *text, int32_t bytes)
{
  return k->bytes == bytes && memcmp(k->text, text, (size_t)bytes) == 0;
}

int32_t eqt_table_find(const eqt_table *t, const char *text, int32_t bytes)
{
  if (!t->slot_count) return -1;
  uint32_t mask = (uint32_t)t->slot_count - 1;
  for (uint32_t h = key_hash(text, bytes);; h++) {
    int32_t i = t->slot[h & mask];
    if (i < 0) return -1;
    if (key_is(&t->key[i], text, bytes)) return i;
  }
}

static void slot_put(eqt_table *t, int32_t index)
{
  uint32_t mask = (uint32_t)t->slot_count - 1;
  uint32_t h = key_hash(t->key[index].text, t->key[index].bytes);
  while (t->slot[h & mask] >= 0) h++;
  t->slot[h & mask] = index;
}

static gm_status slots_grow(eqt_table *t)
{
  int32_t count = t->slot_count ? 4 * t->slot_count : 64;
  int32_t *slot = gm_alloc(t->ctx, count, sizeof *slot);
  if (!slot) return gm_fail(t->ctx, GM_ENOMEM, "table of %d names", (int)count);
  memset(slot, -1, (size_t)count * sizeof *slot);
  gm_free(t->slot);
  t->slot = slot;
  t->slot_count = count;
  for (int32_t i = 0; i < t->count; i++) slot_put(t, i);
  return GM_OK;
}

gm_status eqt_table_add(eqt_table *t, const char *text, int32_t bytes, int32_t *index_out)
{
  int32_t i = eqt_table_find(t, text, bytes);
  if (i < 0) {
    if (t->count >= EQT_NAME_COUNT_MAX)
      return gm_fail(t->ctx, GM_ERANGE, "more than %d names", (int)EQT_NAME_COUNT_MAX);
    gm_status s = eq_room(t->ctx, &t->key, t->count, &t->room, sizeof *t->key);
    if (!s && 2 * (t->count + 1) > t->slot_count) s = slots_grow(t);
    if (s) return s;
    i = t->count++;
    t->key[i] = (eqt_key){text, bytes};
    slot_put(t, i);
  }
  *index_out = i;
  return GM_OK;
}

const eqt_key *eqt_nearest(const eqt_table *t, const char *text, int32_t bytes,
                           bool (*usable)(const eqt_doc *d, int32_t index), const eqt_doc *d)
{
  const eqt_key *best = NULL;
  int32_t least = bytes < 3 ? 2 : 3; /* of a short word every letter counts */
  for (int32_t i = 0; i < t->count; i++) {
    if (usable && !usable(d, i)) continue;
    const eqt_key *k = &t->key[i];
    if (abs(k->bytes - bytes) >= least) continue; /* tables are long, and most words are far */
    int32_t distance = gm__edit_distancen(text, (size_t)bytes, k->text, (size_t)k->bytes);
    if (distance >= least || distance >= k->bytes) continue;
    least = distance;
    best = &t->key[i];
  }
  return best;
}

/* ---- symbols and units --------------------------------------------------------------------- */
/* A name with a dot is never new: it is one of a sub-model that has been named. */
static gm_status no_such_dotted(const eqt_doc *d, const eqt_text *t, eqt_token name)
{
  const char *word = t->data + name.at;
  int32_t dot = name.bytes - 1;
  while (word[dot] != '.') dot--;
  int32_t i = eqt_table_find(&d->name, word, dot);
  if (i < 0 || d->symbol[i].thing != EQT_SUBMODEL)
    return eqt_fail(
        t, name.at, GM_EPARSE,
        "%.*s: there is no sub-model %.*s: it is named (%.*s: MODEL()) before it is used",
        (int)name.bytes, word, (int)dot, word, (int)dot, word);
  return eqt_fail(t, name.at, GM_EPARSE, "sub-model %.*s has no %.*s", (int)dot, word,
                  (int)(name.bytes - dot - 1), word + dot + 1);
}

gm_status eqt_symbol_new(eqt_doc *d, const eqt_text *t, eqt_token place, eqt_key key,
                         int32_t *index_out)
{
  int32_t before = d->name.count, i;
  if (d->name_total >= EQT_NAME_TOTAL_MAX)
    return eqt_fail(t, place.at, GM_ERANGE, "more than %d names in all models together",
                    (int)EQT_NAME_TOTAL_MAX);
  /* room first: a table and its array grow together or not at all */
  gm_status s = eq_room(d->ctx, &d->symbol, before, &d->symbol_room, sizeof *d->symbol);
  if (!s) s = eqt_table_add(&d->name, key.text, key.bytes, &i);
  if (s == GM_ERANGE)
    return eqt_fail(t, place.at, s, "more than %d names", (int)EQT_NAME_COUNT_MAX);
  if (s) return s;
  if (i == before) {
    d->name_total++;
    d->symbol[i] = (eqt_symbol){.text = t,
                                .seen_at = place.at,
                                .used_at = -1,
                                .defined_at = -1,
                                .unit = -1,
                                .alias = -1,
                                .place = -1,
                                .compartment = -1,
                                .of_reaction = -1,
                                .of_submodel = -1,
                                .index = -1};
  }
  *index_out = eqt_root(d, i);
  return GM_OK;
}

gm_status eqt_symbol_get(eqt_doc *d, const eqt_text *t, eqt_token name, int32_t *index_out)
{
  eqt_key key = {t->data + name.at, name.bytes};
  if (d->dots_known && eqt_dotted(t, name) && eqt_table_find(&d->name, key.text, key.bytes) < 0)
    return no_such_dotted(d, t, name);
  return eqt_symbol_new(d, t, name, key, index_out);
}

gm_status eqt_unit_formula(eqt_doc *d, const eqt_text *t, int32_t from, int32_t *index_out)
{
  gm_status s = eq_room(d->ctx, &d->unit, d->unit_count, &d->unit_room, sizeof *d->unit);
  if (s) return s;
  d->unit[d->unit_count] = (eqt_unit_entry){.text = t, .at = from, .from = from};
  *index_out = d->unit_count++;
  return GM_OK;
}

gm_status eqt_unit_get(eqt_doc *d, const eqt_text *t, eqt_token name, int32_t *index_out)
{
  int32_t before = d->unit_name.count, i, entry;
  gm_status s =
      eq_room(d->ctx, &d->unit_of_name, before, &d->unit_of_name_room, sizeof *d->unit_of_name);
  if (!s) s = eq_room(d->ctx, &d->unit, d->unit_count, &d->unit_room, sizeof *d->unit);
  if (!s) s = eqt_table_add(&d->unit_name, t->data + name.at, name.bytes, &i);
  if (s == GM_ERANGE) return eqt_fail(t, name.at, s, "more than %d units", (int)EQT_NAME_COUNT_MAX);
  if (s) return s;
  if (i == before) {
    s = eqt_unit_formula(d, t, name.at, &entry);
    if (s) return s; /* cannot happen: room was made above */
    d->unit[entry].from = -1;
    d->unit[entry].bytes = name.bytes;
    d->unit[entry].quoted = name.kind == EQT_STRING;
    d->unit_of_name[i] = entry;
  }
  *index_out = d->unit_of_name[i];
  return GM_OK;
}
