/* document.c - files that twins share, kept once by their hash. */
#include "store/store_internal.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

static void name_of(const void *data, size_t bytes, unsigned char hash[GM__HASH_BYTES],
                    char name[GM_DOCUMENT_NAME_BYTES])
{
  gm__digest(data, bytes, hash);
  sodium_bin2hex(name, GM_DOCUMENT_NAME_BYTES, hash, GM__HASH_BYTES);
}

static gm_status put(gm_store *s, gm_ctx *ctx, const unsigned char *hash, const void *data,
                     size_t bytes)
{
  gm__db *d = s->writing.db;
  gm__stmt *find, *insert;
  bool row = false;
  gm_status st = gm__db_prepare(d, ctx, "SELECT 1 FROM document WHERE name = $1", &find);
  if (!st)
    st = gm__db_prepare(d, ctx, "INSERT INTO document (name, body) VALUES ($1, $2)", &insert);
  if (st) return st;
  gm__db_bind_bytes(find, 1, hash, GM__HASH_BYTES);
  st = gm__db_step(find, ctx, &row);
  if (row) gm__db_reset(find);
  if (st || row) return st;
  gm__db_bind_bytes(insert, 1, hash, GM__HASH_BYTES);
  gm__db_bind_bytes(insert, 2, data, bytes);
  return gm__db_run(insert, ctx);
}

gm_status gm_store_document_put(gm_session *a, gm_ctx *ctx, const void *data, size_t bytes,
                                char name[GM_DOCUMENT_NAME_BYTES])
{
  assert(a && ctx && (data || !bytes) && name);
  gm_store *s = a->s;
  unsigned char hash[GM__HASH_BYTES];
  if (bytes > GM__BODY_MAX)
    return gm_fail(ctx, GM_EINVAL, "a document of %zu bytes; at most %d", bytes, GM__BODY_MAX);
  gm_status st = gm__may(a, ctx, GM_STORE_DOCUMENTS);
  if (st) return st;
  name_of(data, bytes, hash, name);
  pthread_mutex_lock(&s->writing.lock);
  st = gm__db_begin(s->writing.db, ctx);
  if (!st) {
    st = put(s, ctx, hash, data ? data : "", bytes);
    if (!st)
      st = gm__db_commit(s->writing.db, ctx);
    else
      gm__db_rollback(s->writing.db);
  }
  pthread_mutex_unlock(&s->writing.lock);
  return st;
}

/* Of lower-case digits alone: a document has one name. */
static bool hash_of(const char *name, unsigned char hash[GM__HASH_BYTES])
{
  size_t digits = strspn(name, "0123456789abcdef"), bytes = 0;
  return digits == GM_DOCUMENT_NAME_BYTES - 1 && !name[digits] &&
         sodium_hex2bin(hash, GM__HASH_BYTES, name, digits, NULL, &bytes, NULL) == 0;
}

/* The document of the row, if it still is what it is named by. */
static gm_status take(gm_ctx *ctx, const gm__stmt *q, const char *name,
                      const unsigned char hash[GM__HASH_BYTES], char **out, size_t *bytes)
{
  unsigned char found[GM__HASH_BYTES];
  size_t length = 0;
  const void *data = gm__db_bytes(q, 0, &length);
  gm__digest(data, length, found);
  if (memcmp(found, hash, sizeof found) != 0)
    return gm_fail(ctx, GM_EPARSE, "document %.12s... is damaged", name);
  char *copy = gm_strndup(ctx, data ? data : "", (ptrdiff_t)length);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "a document");
  *out = copy;
  *bytes = length;
  return GM_OK;
}

gm_status gm_store_document_get(gm_session *a, gm_ctx *ctx, const char *name, char **out,
                                size_t *bytes)
{
  assert(a && ctx && name && out && bytes);
  gm_store *s = a->s;
  unsigned char hash[GM__HASH_BYTES];
  gm__stmt *q;
  bool row = false;
  if (!hash_of(name, hash)) return gm_fail(ctx, GM_EINVAL, "a document's name is 64 hex digits");
  gm_status st = gm__may(a, ctx, GM_STORE_DOCUMENTS);
  if (st) return st;
  pthread_mutex_lock(&s->reading.lock);
  st = gm__db_prepare(s->reading.db, ctx, "SELECT body FROM document WHERE name = $1", &q);
  if (!st) {
    gm__db_bind_bytes(q, 1, hash, sizeof hash);
    st = gm__db_step(q, ctx, &row);
  }
  if (!st && !row) st = gm_fail(ctx, GM_ENOTFOUND, "no document %.12s...", name);
  if (!st) st = take(ctx, q, name, hash, out, bytes);
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}
