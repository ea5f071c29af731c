/* json_keys.c - the keys of the open objects. */
#include "base/json_keys.h"
#include <assert.h>
#include <string.h>
#include <sys/random.h>

static uint64_t turn(uint64_t x, int32_t bits) { return x << bits | x >> (64 - bits); }

static void sip_round(uint64_t v[4])
{
  v[0] += v[1];
  v[2] += v[3];
  v[1] = turn(v[1], 13) ^ v[0];
  v[3] = turn(v[3], 16) ^ v[2];
  v[0] = turn(v[0], 32);
  v[2] += v[1];
  v[0] += v[3];
  v[1] = turn(v[1], 17) ^ v[2];
  v[3] = turn(v[3], 21) ^ v[0];
  v[2] = turn(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
  v[3] ^= m;
  sip_round(v);
  sip_round(v);
  v[0] ^= m;
}

uint64_t gm__json_hash(const uint64_t hash_key[2], const void *data, size_t bytes)
{
  const unsigned char *p = data;
  uint64_t v[4] = {hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du,
                   hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u};
  uint64_t m = 0, last = (uint64_t)bytes << 56;
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    memcpy(&m, p + i, 8);
    sip_word(v, m);
  }
  for (size_t k = i; k < bytes; k++) last |= (uint64_t)p[k] << (8 * (k - i));
  sip_word(v, last);
  v[2] ^= 0xFF;
  for (int32_t k = 0; k < 4; k++) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void gm__json_keys_init(gm_json_keys *k, gm_ctx *ctx, int32_t count_max, size_t bytes_max)
{
  *k = (gm_json_keys){.ctx = ctx, .count_max = count_max, .bytes_max = bytes_max};
  /* Without chance (a kernel before 3.17) the address of the reader has to do. */
  ssize_t n = getrandom(k->hash_key, 16, 0); /* lint: allow getrandom, because no result shows it */
  if (n != 16) k->hash_key[0] = (uint64_t)(uintptr_t)k;
}

void gm__json_keys_free(gm_json_keys *k)
{
  gm_free(k->key);
  gm_free(k->text);
  gm_free(k->slot);
  *k = (gm_json_keys){0};
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *slot_of(const gm_json_keys *k, int32_t level, uint64_t hash, const char *text,
                         size_t bytes)
{
  uint32_t mask = k->slot_count - 1, i = (uint32_t)hash & mask;
  for (; k->slot[i]; i = (i + 1) & mask) {
    const gm_json_key *other = &k->key[k->slot[i] - 1];
    if (other->hash == hash && other->level == level && other->bytes == bytes &&
        (bytes == 0 || memcmp(k->text + other->text_at, text, bytes) == 0))
      break;
  }
  return &k->slot[i];
}

static uint32_t *slot_of_key(const gm_json_keys *k, int32_t index)
{
  const gm_json_key *key = &k->key[index];
  return slot_of(k, key->level, key->hash, k->text + key->text_at, key->bytes);
}

/* Keys come into the new table in the order of the stack, as if they had been added to it: dropping
 * the last one may then simply free its slot. */
static gm_status keys_room(gm_json_keys *k)
{
  if (k->count < k->room) return GM_OK;
  int32_t room = k->room ? 2 * k->room : 64;
  uint32_t *slot = gm_alloc(k->ctx, 2 * (ptrdiff_t)room, sizeof *slot);
  if (!slot || gm_grow(k->ctx, &k->key, k->room, room, sizeof *k->key)) {
    gm_free(slot);
    return gm_fail(k->ctx, GM_ENOMEM, "%d keys of JSON objects", (int)room);
  }
  gm_free(k->slot);
  k->slot = slot;
  k->slot_count = 2 * (uint32_t)room;
  k->room = room;
  for (int32_t i = 0; i < k->count; i++) *slot_of_key(k, i) = (uint32_t)i + 1;
  return GM_OK;
}

static gm_status text_room(gm_json_keys *k, size_t bytes)
{
  size_t room = k->text_room ? k->text_room : 1024;
  while (room - k->bytes < bytes) room *= 2;
  if (room == k->text_room) return GM_OK;
  if (gm_grow(k->ctx, &k->text, (ptrdiff_t)k->text_room, (ptrdiff_t)room, 1))
    return gm_fail(k->ctx, GM_ENOMEM, "keys of JSON objects: %zu bytes", room);
  k->text_room = room;
  return GM_OK;
}

gm_status gm__json_keys_add(gm_json_keys *k, int32_t level, const char *text, size_t bytes,
                            uint64_t *hash_out)
{
  if (k->count >= k->count_max || bytes > k->bytes_max - k->bytes) return GM_EFULL;
  gm_status s = keys_room(k);
  if (!s) s = text_room(k, bytes);
  if (s) return s;
  uint64_t hash = gm__json_hash(k->hash_key, text, bytes);
  uint32_t *slot = slot_of(k, level, hash, text, bytes);
  if (*slot) return GM_EPARSE;
  if (bytes) memcpy(k->text + k->bytes, text, bytes);
  k->key[k->count] =
      (gm_json_key){.hash = hash, .text_at = k->bytes, .bytes = bytes, .level = level};
  k->bytes += bytes;
  *slot = (uint32_t)++k->count;
  *hash_out = hash;
  return GM_OK;
}

void gm__json_keys_drop(gm_json_keys *k, int32_t count)
{
  assert(count <= k->count);
  while (k->count > count) {
    *slot_of_key(k, k->count - 1) = 0;
    k->bytes = k->key[--k->count].text_at;
  }
}
