/* deidentify_key.c - a key of pseudonyms that is kept, so that a later export continues one. */
#include "gemel/deidentify.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { HEX = 2 * GM_DEIDENTIFY_KEY_BYTES };

static gm_status key_make(gm_ctx *ctx, int f, const char *path, unsigned char *key)
{
  char hex[HEX + 2];
  randombytes_buf(key, GM_DEIDENTIFY_KEY_BYTES);
  sodium_bin2hex(hex, sizeof hex, key, GM_DEIDENTIFY_KEY_BYTES);
  hex[HEX] = '\n';
  bool good = write(f, hex, HEX + 1) == HEX + 1 && fsync(f) == 0;
  int why = errno;
  sodium_memzero(hex, sizeof hex);
  if (close(f)) good = false;
  if (good) return GM_OK;
  unlink(path);
  return gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(why));
}

static gm_status key_take(gm_ctx *ctx, const char *path, unsigned char *key)
{
  char *text = NULL;
  size_t bytes = 0, got = 0;
  gm_status st = gm_file_read(ctx, path, 4096, &text, &bytes);
  if (st) return st;
  while (bytes && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r')) bytes--;
  bool good =
      bytes == HEX && !sodium_hex2bin(key, GM_DEIDENTIFY_KEY_BYTES, text, bytes, NULL, &got, NULL);
  sodium_memzero(text, strlen(text));
  gm_free(text);
  return good && got == GM_DEIDENTIFY_KEY_BYTES
             ? GM_OK
             : gm_fail(ctx, GM_EPARSE, "%s: %d hexadecimal digits are expected", path, (int)HEX);
}

gm_status gm_deidentify_key(gm_ctx *ctx, const char *path, unsigned char *key)
{
  if (sodium_init() < 0) return gm_fail(ctx, GM_EINTERNAL, "libsodium cannot be used");
  int f = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (f >= 0) return key_make(ctx, f, path, key);
  if (errno == EEXIST) return key_take(ctx, path, key);
  return gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
}
