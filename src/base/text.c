/* text.c - growing text, and files read and written whole. */
#include "gemel/base.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void gm_text_init(gm_text *t, gm_ctx *ctx) { *t = (gm_text){.ctx = ctx}; }

static bool text_room(gm_text *t, size_t more)
{
  if (t->status) return false;
  if (more >= PTRDIFF_MAX - t->bytes) {
    t->status = gm_fail(t->ctx, GM_ENOMEM, "text of %zu more bytes", more);
    return false;
  }
  size_t need = t->bytes + more + 1, room = t->room ? t->room : 256;
  if (need <= t->room) return true;
  while (room < need) room = room > PTRDIFF_MAX / 2 ? need : 2 * room;
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
  if (n < 0 && !t->status)
    t->status = gm_fail(t->ctx, GM_EINVAL, "text: \"%.100s\" cannot be printed", format);
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

/* ---- writing ------------------------------------------------------------------------------- */
/* A new file beside path that nobody else has; its mode is that of any new file. -1: errno tells.
 * A name can be taken by what an earlier process of the same number left behind. */
static int temporary_open(const char *path, gm_text *name)
{
  static _Atomic uint32_t serial;
  for (int tries = 0; tries < 100; tries++) {
    gm_text_free(name);
    gm_text_addf(name, "%s.%ld.%lu", path, (long)getpid(), (unsigned long)serial++);
    if (name->status) return -1;
    int fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static bool write_all(int fd, const char *data, size_t bytes)
{
  while (bytes) {
    ssize_t n = write(fd, data, bytes);
    if (n < 0 && errno != EINTR) return false;
    if (n <= 0) continue;
    data += n;
    bytes -= (size_t)n;
  }
  return true;
}

/* Fills fd, closes it and gives it its name: 0, or the errno of the call that failed first. The
 * content is on the disk before the name is, so that a crash leaves the old file or the new. */
static int fill(int fd, const char *temporary, const char *path, const char *data, size_t bytes)
{
  int error = write_all(fd, data, bytes) ? 0 : errno;
  if (!error && fsync(fd) != 0 && errno != EINVAL) error = errno; /* EINVAL: has no disk */
  if (close(fd) != 0 && !error) error = errno;
  if (!error && rename(temporary, path) != 0) error = errno;
  if (error) unlink(temporary);
  return error;
}

gm_status gm_file_write(gm_ctx *ctx, const char *path, const char *data, size_t bytes)
{
  assert(ctx && path && (data || !bytes));
  gm_text temporary;
  gm_text_init(&temporary, ctx);
  int fd = temporary_open(path, &temporary), error = fd < 0 ? errno : 0;
  gm_status s = temporary.status;
  if (!s && fd >= 0) error = fill(fd, temporary.data, path, data, bytes);
  if (s)
    s = gm_fail(ctx, s, "%s: no memory for its name", path);
  else if (error)
    s = gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(error));
  gm_text_free(&temporary);
  return s;
}
