/* deidentify_words.c - texts met in facts, each kept once: those that few subjects share do not go
 * out. */
#include "interop/deidentify_internal.h"
#include <sodium.h>
#include <string.h>

gm_status gm__deid_words_init(gm__deid_words *w, gm_ctx *ctx)
{
  *w = (gm__deid_words){.ctx = ctx, .slots = 1 << 10};
  randombytes_buf(w->key, sizeof w->key);
  w->slot = gm_alloc(ctx, w->slots, sizeof *w->slot);
  gm_status st = gm_arena_new(ctx, 1 << 16, &w->memory);
  return st || !w->slot ? gm_fail(ctx, GM_ENOMEM, "words") : GM_OK;
}

void gm__deid_words_free(gm__deid_words *w)
{
  gm_arena_free(w->memory);
  gm_free(w->word);
  gm_free(w->slot);
}

/* Printable, and not what a spreadsheet would take for a formula. */
static bool is_plain(const char *text)
{
  if (text[0] && strchr("=+-@", text[0])) return false;
  for (const char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f) return false;
  return strlen(text) <= 80;
}

static uint64_t hash_of(const gm__deid_words *w, const char *text, size_t bytes)
{
  uint64_t h;
  _Static_assert(crypto_shorthash_BYTES == sizeof h, "one word");
  crypto_shorthash((unsigned char *)&h, (const unsigned char *)text, bytes, w->key);
  return h;
}

static gm_status slots_double(gm__deid_words *w)
{
  int32_t slots = 2 * w->slots;
  int32_t *slot = gm_alloc(w->ctx, slots, sizeof *slot);
  if (!slot) return gm_fail(w->ctx, GM_ENOMEM, "words");
  for (int32_t i = 0; i < w->count; i++) {
    const char *t = w->word[i].text;
    uint64_t at = hash_of(w, t, strlen(t)) & (uint64_t)(slots - 1);
    while (slot[at]) at = (at + 1) & (uint64_t)(slots - 1);
    slot[at] = i + 1;
  }
  gm_free(w->slot);
  w->slot = slot;
  w->slots = slots;
  return GM_OK;
}

static gm_status word_room(gm__deid_words *w)
{
  if (2 * (w->count + 1) > w->slots && slots_double(w)) return GM_ENOMEM;
  if (w->count < w->room) return GM_OK;
  int32_t room = w->room ? 2 * w->room : 256;
  gm_status st = gm_grow(w->ctx, &w->word, w->room, room, sizeof *w->word);
  if (!st) w->room = room;
  return st;
}

int32_t gm__deid_word_of(gm__deid_words *w, const char *a, const char *b, const char *c)
{
  size_t n[3] = {strlen(a), b ? strlen(b) + 1 : 0, c ? strlen(c) + 1 : 0};
  gm_arena_mark mark = gm_arena_at(w->memory);
  char *text = gm_arena_get(w->memory, (ptrdiff_t)(n[0] + n[1] + n[2] + 1), 1);
  if (!text || word_room(w)) return gm_fail(w->ctx, GM_ENOMEM, "words"), -1;
  memcpy(text, a, n[0]);
  if (b) text[n[0]] = 0x1f;
  if (b) memcpy(text + n[0] + 1, b, n[1] - 1);
  if (c) text[n[0] + n[1]] = 0x1f;
  if (c) memcpy(text + n[0] + n[1] + 1, c, n[2] - 1);
  uint64_t at = hash_of(w, text, n[0] + n[1] + n[2]) & (uint64_t)(w->slots - 1);
  for (; w->slot[at]; at = (at + 1) & (uint64_t)(w->slots - 1))
    if (!strcmp(w->word[w->slot[at] - 1].text, text)) {
      gm_arena_back(w->memory, mark);
      return w->slot[at] - 1;
    }
  const char *last = c ? c : b ? b : a;
  w->word[w->count] = (gm__deid_word){.text = text, .last = -1, .plain = is_plain(last)};
  w->slot[at] = ++w->count;
  return w->count - 1;
}

const char *gm__deid_word_tail(const gm__deid_words *w, int32_t number)
{
  const char *text = w->word[number].text, *part = strrchr(text, 0x1f);
  return part ? part + 1 : text;
}
