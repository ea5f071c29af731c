/* records_intern.c - open addressing with linear probing, at most half full. */
#include "interop/records_intern.h"
#include <string.h>

enum { ROOM_FIRST = 256, BLOCK_BYTES = 16384 };

/* FNV-1a, 64 bits, and a final mix because the table takes the low bits. */
static uint64_t hash(const char *text)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++) h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return h ^ (h >> 32);
}

gm_status gm__intern_open(gm__intern *t, gm_ctx *ctx)
{
  *t = (gm__intern){.ctx = ctx, .room = ROOM_FIRST};
  gm_status s = gm_arena_new(ctx, BLOCK_BYTES, &t->arena);
  if (s) return s;
  t->row = gm_alloc(ctx, ROOM_FIRST, sizeof *t->row);
  if (t->row) return GM_OK;
  gm__intern_close(t);
  return gm_fail(ctx, GM_ENOMEM, "table of texts");
}

void gm__intern_close(gm__intern *t)
{
  gm_arena_free(t->arena);
  gm_free(t->row);
  *t = (gm__intern){0};
}

/* The place of a text: its entry, or the free one where it would be put. */
static gm__interned *place(const gm__intern *t, const char *text)
{
  uint64_t mask = (uint64_t)t->room - 1, i = hash(text) & mask;
  while (t->row[i].text && strcmp(t->row[i].text, text) != 0) i = (i + 1) & mask;
  return &t->row[i];
}

static bool grow(gm__intern *t)
{
  gm__intern larger = *t;
  larger.room = 2 * t->room;
  larger.row = gm_alloc(t->ctx, (ptrdiff_t)larger.room, sizeof *larger.row);
  if (!larger.row) return false;
  for (int64_t i = 0; i < t->room; i++)
    if (t->row[i].text) *place(&larger, t->row[i].text) = t->row[i];
  gm_free(t->row);
  *t = larger;
  return true;
}

gm__interned *gm__intern_add(gm__intern *t, const char *text)
{
  gm__interned *e = place(t, text);
  if (e->text) return e;
  if (2 * (t->count + 1) > t->room) {
    if (!grow(t)) return NULL;
    e = place(t, text);
  }
  size_t bytes = strlen(text) + 1;
  char *copy = gm_arena_get(t->arena, (ptrdiff_t)bytes, 1);
  if (!copy) return NULL;
  memcpy(copy, text, bytes);
  *e = (gm__interned){.text = copy, .mark = -1};
  t->count++;
  return e;
}

const gm__interned *gm__intern_find(const gm__intern *t, const char *text)
{
  const gm__interned *e = place(t, text);
  return e->text ? e : NULL;
}
