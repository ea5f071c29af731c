/* text.c - growing text, and files read and written whole. */
#include "gemel/base.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void gm_text_init(gm_text *t, gm_ctx *ctx) { *t = (gm_text){.ctx = ctx}; }

static bool text_room(gm_text *t, size_t more)
{
  if (t->status) return false;
  if (t->bytes + more + 1 <= t->room) return true;
  size_t room = t->room ? t->room : 256;
  while (room < t->bytes + more + 1) room *= 2;
  t->status = gm_grow(t->ctx, &t->data, (ptrdiff_t)t->bytes, (ptrdiff_t)room, 1);
  if (!t->status) t->room = room;
  return !t->status;
}

void gm_text_addn(gm_text *t, const char *text, size_t bytes)
{
  if (!text_room(t, bytes)) return;
  if (bytes) memcpy(t->data + t->bytes, text, bytes);
  t->bytes += bytes;
  t->data[t->bytes] = 0;
}

void gm_text_add(gm_text *t, const char *text) { gm_text_addn(t, text, strlen(text)); }

void gm_text_addf(gm_text *t, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(NULL, 0, format, ap);
  va_end(ap);
  if (n < 0 || !text_room(t, (size_t)n)) return;
  va_start(ap, format);
  vsnprintf(t->data + t->bytes, (size_t)n + 1, format, ap);
  va_end(ap);
  t->bytes += (size_t)n;
}

void gm_text_free(gm_text *t)
{
  gm_free(t->data);
  *t = (gm_text){.ctx = t->ctx};
}

static gm_status read_all(gm_ctx *ctx, const char *path, FILE *f, size_t bytes_max, gm_text *t)
{
  char buffer[16384];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, f)) > 0) {
    if (t->bytes + n > bytes_max)
      return gm_fail(ctx, GM_ERANGE, "%s: longer than the %zu bytes allowed", path, bytes_max);
    gm_text_addn(t, buffer, n);
    if (t->status) return t->status;
  }
  if (ferror(f)) return gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
  return GM_OK;
}

gm_status gm_file_read(gm_ctx *ctx, const char *path, size_t bytes_max, char **out,
                       size_t *bytes_out)
{
  assert(ctx && path && out);
  FILE *f = fopen(path, "rb");
  if (!f) return gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
  struct stat st;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status s = GM_OK;
  if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
    s = gm_fail(ctx, GM_EIO, "%s: is a folder, a file was expected", path);
  if (!s) s = read_all(ctx, path, f, bytes_max, &t);
  if (!s && !t.data) gm_text_add(&t, "");
  if (!s) s = t.status;
  fclose(f);
  if (s) {
    gm_text_free(&t);
    return s;
  }
  *out = t.data;
  if (bytes_out) *bytes_out = t.bytes;
  return GM_OK;
}

gm_status gm_file_write(gm_ctx *ctx, const char *path, const char *data, size_t bytes)
{
  assert(ctx && path && (data || !bytes));
  gm_text temporary;
  gm_text_init(&temporary, ctx);
  gm_text_addf(&temporary, "%s.XXXXXX", path);
  if (temporary.status) return gm_fail(ctx, GM_ENOMEM, "%s", path);
  gm_status s = GM_OK;
  int fd = mkstemp(temporary.data);
  FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
  if (!f) {
    s = gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
  } else {
    bool good = fwrite(data, 1, bytes, f) == bytes && fflush(f) == 0;
    mode_t mask = umask(0);
    umask(mask);
    good = good && fchmod(fd, 0666 & ~mask) == 0;
    good = (fclose(f) == 0) && good;
    if (!good || rename(temporary.data, path) != 0)
      s = gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
  }
  if (s && fd >= 0) unlink(temporary.data);
  gm_text_free(&temporary);
  return s;
}
