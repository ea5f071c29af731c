/* crypt.h - what makes a subject's records unreadable without its key, and their order provable.
 *
 * Each subject has a key of its own, drawn at random and kept wrapped by the store's master key.
 * Bodies are sealed (XChaCha20-Poly1305, a random nonce each) under the subject's key; names that
 * are looked up are keyed hashes (BLAKE2b); records are chained by plain BLAKE2b over what is
 * stored, so that the chain can be checked without any key. All by libsodium.
 * Keys live in memory that is neither swapped nor dumped (sodium_malloc) and are wiped when freed.
 * Threads: no state beyond what is passed. */
#ifndef GEMEL_STORE_CRYPT_H
#define GEMEL_STORE_CRYPT_H
#include "gemel/base.h"

enum {
  GM__KEY_BYTES = 32,
  GM__SEAL_BYTES = 40,  /* a sealed text is longer by nonce and tag */
  GM__HASH_BYTES = 32,  /* of the chain */
  GM__INDEX_BYTES = 16, /* of a name that is looked up */
  GM__WRAP_BYTES = GM__KEY_BYTES + GM__SEAL_BYTES
};

typedef struct gm__keys gm__keys; /* a key and what is derived from it */

/* From 32 bytes, which the caller wipes. Fails: GM_ENOMEM, GM_EIO (no memory can be locked). */
gm_status gm__keys_new(gm_ctx *ctx, const unsigned char raw[GM__KEY_BYTES], gm__keys **out);
/* A new random key. */
gm_status gm__keys_random(gm_ctx *ctx, gm__keys **out);
/* One more holder; each calls gm__keys_free, and the last one wipes. NULL ok. Any thread. */
gm__keys *gm__keys_hold(gm__keys *k);
void gm__keys_free(gm__keys *k);

/* Master key: "file:PATH", "env:NAME" or "command:COMMAND" (its output); 64 hexadecimal digits are
 * expected there. A file that others may read is refused. Messages never hold what was read.
 * Fails: GM_EIO, GM_EPARSE, GM_ENOTFOUND, GM_ENOMEM. */
gm_status gm__keys_master(gm_ctx *ctx, const char *source, gm__keys **out);

/* A subject's key under the master's, bound to the subject's number. unwrap fails: GM_EPARSE (not
 * this master, or changed). */
gm_status gm__keys_wrap(gm_ctx *ctx, const gm__keys *master, int64_t subject, const gm__keys *k,
                        unsigned char out[GM__WRAP_BYTES]);
gm_status gm__keys_unwrap(gm_ctx *ctx, const gm__keys *master, int64_t subject,
                          const unsigned char *wrapped, size_t bytes, gm__keys **out);
/* The same into keys that are there (*k; NULL: made) and have no other holder: locked memory takes
 * longer to come by than the key. On failure *k is as it was, or wiped. */
gm_status gm__keys_renew(gm_ctx *ctx, const gm__keys *master, int64_t subject,
                         const unsigned char *wrapped, size_t bytes, gm__keys **k);

/* Appends nonce, cipher and tag of data to out. bound: what it belongs to, checked on opening. */
gm_status gm__seal(gm_ctx *ctx, const gm__keys *k, const void *data, size_t bytes,
                   const void *bound, size_t bound_bytes, gm_text *out);
/* Appends the plain text. Fails: GM_EPARSE (changed, another key, or it belongs elsewhere). */
gm_status gm__unseal(gm_ctx *ctx, const gm__keys *k, const void *sealed, size_t bytes,
                     const void *bound, size_t bound_bytes, gm_text *out);
/* Room for that many bytes more. A text that holds a patient's data grows by this alone: what was
 * in the memory it leaves is wiped (gm_text_add and its like would leave a copy behind when they
 * need more room). Fails as they do: t->status. */
void gm__text_reserve(gm_text *t, size_t more);
/* Wipes a text that held a patient's data, all of its room, and frees it. */
void gm__text_wipe(gm_text *t);

/* Keyed hash of a name, a place that only holders of the key can compute. */
void gm__index_of(const gm__keys *k, const void *name, size_t bytes,
                  unsigned char out[GM__INDEX_BYTES]);
/* out = BLAKE2b-256(before | data). out may be before. */
void gm__chain(const unsigned char before[GM__HASH_BYTES], const void *data, size_t bytes,
               unsigned char out[GM__HASH_BYTES]);
#endif
