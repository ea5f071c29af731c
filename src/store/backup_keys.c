/* backup_keys.c - the file of keys beside a backup. */
#include "store/backup_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = {'G', 'E', 'M', 'E', 'L', 'K', 'E', 'Y'};
enum { FILE_VERSION = 1, AT_ONCE = 512 };

static void put64(unsigned char *at, int64_t v)
{
  for (int i = 0; i < 8; i++) at[i] = (unsigned char)((uint64_t)v >> (8 * i));
}

static int64_t get64(const unsigned char *at)
{
  uint64_t v = 0;
  for (int i = 7; i >= 0; i--) v = v << 8 | at[i];
  return (int64_t)v;
}

static gm_status fail(gm_ctx *ctx, const char *path)
{
  int why = errno;
  return gm_fail(ctx, why == ENOSPC || why == EDQUOT ? GM_EFULL : GM_EIO, "%s: %s", path,
                 strerror(why));
}

/* ---- writing --------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  const char *path;
  int file;
  int64_t count;
  size_t used;
  unsigned char buffer[AT_ONCE * GM__KEYS_ENTRY_BYTES];
} keys_writer;

static gm_status flush(keys_writer *w)
{
  for (size_t at = 0; at < w->used;) {
    ssize_t n = write(w->file, w->buffer + at, w->used - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(w->ctx, w->path);
    at += (size_t)n;
  }
  w->used = 0;
  return GM_OK;
}

static gm_status entry_put(keys_writer *w, int64_t subject, const void *wrapped, size_t bytes)
{
  unsigned char *at = w->buffer + w->used;
  if (!wrapped || bytes != GM__WRAP_BYTES)
    return gm_fail(w->ctx, GM_EPARSE, "a wrapped key is damaged");
  put64(at, subject);
  put64(at + 8, 0);
  memcpy(at + 16, wrapped, GM__WRAP_BYTES);
  w->used += GM__KEYS_ENTRY_BYTES;
  w->count++;
  return w->used == sizeof w->buffer ? flush(w) : GM_OK;
}

static gm_status entries_put(keys_writer *w, gm__db *d, const char *sql)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(d, w->ctx, sql, &q);
  while (!st && !(st = gm__db_step(q, w->ctx, &row)) && row) {
    size_t bytes = 0;
    const void *wrapped = gm__db_bytes(q, 1, &bytes);
    st = entry_put(w, gm__db_int(q, 0), wrapped, bytes);
    if (st) gm__db_reset(q);
  }
  return st;
}

/* The head is written last: a file cut short is none. */
static gm_status head_put(keys_writer *w, int64_t number)
{
  unsigned char head[GM__KEYS_HEAD_BYTES];
  memcpy(head, magic, sizeof magic);
  put64(head + 8, FILE_VERSION);
  put64(head + 16, number);
  put64(head + 24, w->count);
  return pwrite(w->file, head, sizeof head, 0) == (ssize_t)sizeof head && fdatasync(w->file) == 0
             ? GM_OK
             : fail(w->ctx, w->path);
}

static gm_status keys_put(keys_writer *w, gm__db *d, int64_t number)
{
  static const char own[] = "SELECT id, key FROM own WHERE id = 0";
  static const char subjects[] =
      "SELECT id, key FROM subject WHERE key IS NOT NULL AND id > 0 ORDER BY id";
  if (lseek(w->file, GM__KEYS_HEAD_BYTES, SEEK_SET) < 0) return fail(w->ctx, w->path);
  gm_status st = entries_put(w, d, own);
  if (!st) st = entries_put(w, d, subjects);
  if (!st) st = flush(w);
  return st ? st : head_put(w, number);
}

gm_status gm__folder_sync(gm_ctx *ctx, const char *path)
{
  const char *slash = strrchr(path, '/');
  char *folder = slash ? gm_strndup(ctx, path, slash - path + 1) : gm_strdup(ctx, ".");
  if (!folder) return gm_fail(ctx, GM_ENOMEM, "backup");
  int f = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gm_status st = f >= 0 && fsync(f) == 0 ? GM_OK : fail(ctx, folder);
  if (f >= 0) close(f);
  gm_free(folder);
  return st;
}

gm_status gm__keys_file_write(gm__db *d, gm_ctx *ctx, const char *path, int64_t number)
{
  keys_writer *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "backup");
  w->ctx = ctx;
  w->path = path;
  w->file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  gm_status st = w->file < 0 ? fail(ctx, path) : keys_put(w, d, number);
  if (!st) st = gm__folder_sync(ctx, path);
  if (w->file >= 0) close(w->file);
  if (st && w->file >= 0) unlink(path);
  gm_free(w);
  return st;
}

/* ---- reading and forgetting ------------------------------------------------------------------ */
gm_status gm__keys_file_open(gm_ctx *ctx, const char *path, bool to_change, int64_t number,
                             gm__keys_file *out)
{
  unsigned char head[GM__KEYS_HEAD_BYTES];
  int f = open(path, (to_change ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (f < 0) return fail(ctx, path);
  bool ours = pread(f, head, sizeof head, 0) == (ssize_t)sizeof head &&
              !memcmp(head, magic, sizeof magic) && get64(head + 8) == FILE_VERSION;
  gm_status st = GM_OK;
  if (!ours)
    st = gm_fail(ctx, GM_EPARSE, "%s: no file of keys of a backup", path);
  else if (get64(head + 16) != number)
    st = gm_fail(ctx, GM_EPARSE, "%s: keys of another backup", path);
  if (st)
    close(f);
  else
    *out = (gm__keys_file){.file = f, .count = get64(head + 24)};
  return st;
}

void gm__keys_file_close(gm__keys_file *f)
{
  if (f->file > 0) close(f->file);
  f->file = 0;
}

static gm_status entry_read(gm_ctx *ctx, const gm__keys_file *f, int64_t i,
                            unsigned char entry[GM__KEYS_ENTRY_BYTES])
{
  off_t at = GM__KEYS_HEAD_BYTES + (off_t)i * GM__KEYS_ENTRY_BYTES;
  return pread(f->file, entry, GM__KEYS_ENTRY_BYTES, at) == GM__KEYS_ENTRY_BYTES
             ? GM_OK
             : gm_fail(ctx, GM_EPARSE, "a file of keys is cut short");
}

/* Number of the subject's entry, -1: none. */
static gm_status entry_find(gm_ctx *ctx, const gm__keys_file *f, int64_t subject, int64_t *out,
                            unsigned char entry[GM__KEYS_ENTRY_BYTES])
{
  int64_t low = 0, high = f->count;
  *out = -1;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    gm_status st = entry_read(ctx, f, middle, entry);
    if (st) return st;
    int64_t there = get64(entry);
    if (there == subject) {
      *out = middle;
      return GM_OK;
    }
    if (there < subject)
      low = middle + 1;
    else
      high = middle;
  }
  return GM_OK;
}

gm_status gm__keys_file_find(gm_ctx *ctx, const gm__keys_file *f, int64_t subject, bool *there,
                             unsigned char wrapped[GM__WRAP_BYTES])
{
  unsigned char entry[GM__KEYS_ENTRY_BYTES];
  int64_t i;
  gm_status st = entry_find(ctx, f, subject, &i, entry);
  *there = !st && i >= 0 && get64(entry + 8) == 0;
  if (*there) memcpy(wrapped, entry + 16, GM__WRAP_BYTES);
  return st;
}

gm_status gm__keys_file_forget(gm_ctx *ctx, const gm__keys_file *f, int64_t subject)
{
  unsigned char entry[GM__KEYS_ENTRY_BYTES];
  int64_t i;
  gm_status st = entry_find(ctx, f, subject, &i, entry);
  if (st || i < 0) return st;
  memset(entry + 8, 0, sizeof entry - 8);
  put64(entry + 8, 1);
  off_t at = GM__KEYS_HEAD_BYTES + (off_t)i * GM__KEYS_ENTRY_BYTES;
  bool done =
      pwrite(f->file, entry, sizeof entry, at) == (ssize_t)sizeof entry && fdatasync(f->file) == 0;
  return done ? GM_OK : fail(ctx, "a file of keys");
}
