/* json_keys.h - the keys of all objects that are open, to find one that comes twice.
 * A stack: when an object closes, its keys are the last ones and are dropped. */
#ifndef GEMEL_BASE_JSON_KEYS_H
#define GEMEL_BASE_JSON_KEYS_H
#include "gemel/base.h"

typedef struct {
  uint64_t hash;
  size_t text_at, bytes;
  int32_t level;
} gm_json_key;

typedef struct {
  gm_ctx *ctx;
  uint64_t hash_key[2];
  int32_t count_max;
  size_t bytes_max;
  gm_json_key *key; /* owned, count of room */
  char *text;       /* owned: all keys, one behind the other */
  uint32_t *slot;   /* owned: hash table by linear probing, number of the key + 1, 0: free */
  int32_t count, room;
  size_t bytes, text_room;
  uint32_t slot_count; /* a power of two, at least twice room */
} gm_json_keys;

/* SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012): nobody can write keys that all fall into
 * one slot without knowing the hash key. Threads: no state. */
uint64_t gm__json_hash(const uint64_t hash_key[2], const void *data, size_t bytes);

/* Takes a hash key by chance; allocates nothing yet. */
void gm__json_keys_init(gm_json_keys *k, gm_ctx *ctx, int32_t count_max, size_t bytes_max);
void gm__json_keys_free(gm_json_keys *k);
/* Adds a key of the object that is open on a level, which must be the deepest. Fails, with no
 * message but for GM_ENOMEM: GM_EPARSE (it is there), GM_EFULL (limits). */
GM_NODISCARD gm_status gm__json_keys_add(gm_json_keys *k, int32_t level, const char *text,
                                         size_t bytes, uint64_t *hash_out);
/* Drops all but the first count keys. */
void gm__json_keys_drop(gm_json_keys *k, int32_t count);
#endif
