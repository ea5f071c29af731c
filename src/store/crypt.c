/* crypt.c - keys, seals, keyed names and the chain. */
#include "store/crypt.h"
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, ROOM_LEAST = 256 };
_Static_assert(GM__SEAL_BYTES == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "sizes");

/* BLAKE2b begins with its key as a block of its state, which lies on the stack and is not wiped:
 * this much of the stack below is, after hashing with a key. */
enum { HASH_STACK = 2048 };

/* Derived keys, so that no key serves two purposes (BLAKE2b KDF of libsodium). */
enum { KEY_BODY = 1, KEY_INDEX = 2, KEY_WRAP = 3 };
static const char kdf_context[crypto_kdf_CONTEXTBYTES] = "gemelkey";

struct gm__keys {
  _Atomic int32_t holders;
  unsigned char raw[GM__KEY_BYTES], body[GM__KEY_BYTES], index[GM__KEY_BYTES], wrap[GM__KEY_BYTES];
};

static void keys_derive(gm__keys *k, const unsigned char raw[GM__KEY_BYTES])
{
  memcpy(k->raw, raw, sizeof k->raw);
  crypto_kdf_derive_from_key(k->body, sizeof k->body, KEY_BODY, kdf_context, k->raw);
  crypto_kdf_derive_from_key(k->index, sizeof k->index, KEY_INDEX, kdf_context, k->raw);
  crypto_kdf_derive_from_key(k->wrap, sizeof k->wrap, KEY_WRAP, kdf_context, k->raw);
  sodium_stackzero(HASH_STACK);
}

gm_status gm__keys_new(gm_ctx *ctx, const unsigned char raw[GM__KEY_BYTES], gm__keys **out)
{
  if (sodium_init() < 0) return gm_fail(ctx, GM_EINTERNAL, "libsodium cannot be used here");
  gm__keys *k = sodium_malloc(sizeof *k);
  if (!k) return gm_fail(ctx, GM_ENOMEM, "a key in locked memory");
  atomic_init(&k->holders, 1);
  keys_derive(k, raw);
  *out = k;
  return GM_OK;
}

gm_status gm__keys_random(gm_ctx *ctx, gm__keys **out)
{
  unsigned char raw[GM__KEY_BYTES];
  if (sodium_init() < 0) return gm_fail(ctx, GM_EINTERNAL, "libsodium cannot be used here");
  randombytes_buf(raw, sizeof raw);
  gm_status s = gm__keys_new(ctx, raw, out);
  sodium_memzero(raw, sizeof raw);
  return s;
}

gm__keys *gm__keys_hold(gm__keys *k)
{
  if (k) atomic_fetch_add(&k->holders, 1);
  return k;
}

void gm__keys_free(gm__keys *k)
{
  if (k && atomic_fetch_sub(&k->holders, 1) == 1) sodium_free(k); /* wipes first */
}

/* ---- seals ----------------------------------------------------------------------------------- */
void gm__text_reserve(gm_text *t, size_t more)
{
  if (t->status) return;
  if (more >= PTRDIFF_MAX / 2 - t->bytes) {
    t->status = gm_fail(t->ctx, GM_ENOMEM, "text of %zu more bytes", more);
    return;
  }
  size_t need = t->bytes + more + 1, room = t->room ? 2 * t->room : ROOM_LEAST;
  if (need <= t->room) return;
  if (room < need) room = need;
  char *data = gm_alloc(t->ctx, (ptrdiff_t)room, 1);
  if (!data) {
    t->status = gm_fail(t->ctx, GM_ENOMEM, "text of %zu more bytes", more);
    return;
  }
  if (t->bytes) memcpy(data, t->data, t->bytes);
  if (t->data) sodium_memzero(t->data, t->room);
  gm_free(t->data);
  t->data = data;
  t->room = room;
}

static gm_status seal(gm_ctx *ctx, const unsigned char *key, const void *data, size_t bytes,
                      const void *bound, size_t bound_bytes, gm_text *out)
{
  gm__text_reserve(out, bytes + GM__SEAL_BYTES);
  if (out->status) return gm_fail(ctx, out->status, "sealing");
  unsigned char *at = (unsigned char *)out->data + out->bytes;
  unsigned long long used = 0;
  randombytes_buf(at, NONCE);
  crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE, &used, data, bytes, bound, bound_bytes,
                                             NULL, at, key);
  out->bytes += bytes + GM__SEAL_BYTES;
  out->data[out->bytes] = 0;
  return GM_OK;
}

static gm_status unseal(gm_ctx *ctx, const unsigned char *key, const void *sealed, size_t bytes,
                        const void *bound, size_t bound_bytes, gm_text *out)
{
  const unsigned char *at = sealed;
  if (bytes < GM__SEAL_BYTES) return gm_fail(ctx, GM_EPARSE, "a sealed record is cut short");
  size_t plain = bytes - GM__SEAL_BYTES;
  gm__text_reserve(out, plain);
  if (out->status) return gm_fail(ctx, out->status, "opening a sealed record");
  unsigned long long used = 0;
  int code = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out->data + out->bytes,
                                                        &used, NULL, at + NONCE, bytes - NONCE,
                                                        bound, bound_bytes, at, key);
  if (code == 0) out->bytes += plain;
  out->data[out->bytes] = 0;
  return code == 0 ? GM_OK
                   : gm_fail(ctx, GM_EPARSE, "a sealed record was changed, or is not of this key");
}

gm_status gm__seal(gm_ctx *ctx, const gm__keys *k, const void *data, size_t bytes,
                   const void *bound, size_t bound_bytes, gm_text *out)
{
  return seal(ctx, k->body, data, bytes, bound, bound_bytes, out);
}

gm_status gm__unseal(gm_ctx *ctx, const gm__keys *k, const void *sealed, size_t bytes,
                     const void *bound, size_t bound_bytes, gm_text *out)
{
  return unseal(ctx, k->body, sealed, bytes, bound, bound_bytes, out);
}

void gm__text_wipe(gm_text *t)
{
  if (t->data) sodium_memzero(t->data, t->room); /* it may have held more than now */
  gm_text_free(t);
}

/* ---- wrapped keys ---------------------------------------------------------------------------- */
gm_status gm__keys_wrap(gm_ctx *ctx, const gm__keys *master, int64_t subject, const gm__keys *k,
                        unsigned char out[GM__WRAP_BYTES])
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status s = seal(ctx, master->wrap, k->raw, sizeof k->raw, &subject, sizeof subject, &t);
  if (!s) memcpy(out, t.data, GM__WRAP_BYTES);
  gm_text_free(&t);
  return s;
}

gm_status gm__keys_unwrap(gm_ctx *ctx, const gm__keys *master, int64_t subject,
                          const unsigned char *wrapped, size_t bytes, gm__keys **out)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status s = bytes == GM__WRAP_BYTES
                    ? unseal(ctx, master->wrap, wrapped, bytes, &subject, sizeof subject, &t)
                    : gm_fail(ctx, GM_EPARSE, "a wrapped key of %zu bytes", bytes);
  if (s == GM_EPARSE) s = gm_fail(ctx, s, "the master key is not the one of this store");
  if (!s) s = gm__keys_new(ctx, (const unsigned char *)t.data, out);
  gm__text_wipe(&t);
  return s;
}

gm_status gm__keys_renew(gm_ctx *ctx, const gm__keys *master, int64_t subject,
                         const unsigned char *wrapped, size_t bytes, gm__keys **k)
{
  unsigned char raw[GM__KEY_BYTES];
  unsigned long long used = 0;
  if (!*k) return gm__keys_unwrap(ctx, master, subject, wrapped, bytes, k);
  if (bytes != GM__WRAP_BYTES) return gm_fail(ctx, GM_EPARSE, "a wrapped key of %zu bytes", bytes);
  int code = crypto_aead_xchacha20poly1305_ietf_decrypt(
      raw, &used, NULL, wrapped + NONCE, bytes - NONCE, (const unsigned char *)&subject,
      sizeof subject, wrapped, master->wrap);
  if (code == 0) keys_derive(*k, raw);
  sodium_memzero(raw, sizeof raw);
  return code == 0 ? GM_OK : gm_fail(ctx, GM_EPARSE, "the master key is not the one of this store");
}

/* ---- names and the chain --------------------------------------------------------------------- */
void gm__index_of(const gm__keys *k, const void *name, size_t bytes,
                  unsigned char out[GM__INDEX_BYTES])
{
  crypto_generichash(out, GM__INDEX_BYTES, name, bytes, k->index, sizeof k->index);
  sodium_stackzero(HASH_STACK);
}

void gm__chain(const unsigned char before[GM__HASH_BYTES], const void *data, size_t bytes,
               unsigned char out[GM__HASH_BYTES])
{
  crypto_generichash_state h;
  crypto_generichash_init(&h, NULL, 0, GM__HASH_BYTES);
  crypto_generichash_update(&h, before, GM__HASH_BYTES);
  crypto_generichash_update(&h, data, bytes);
  crypto_generichash_final(&h, out, GM__HASH_BYTES);
}
