/* kernel_cache.c - kernels on disk.
 *
 * One file a kernel, so that it can be put in place by one rename: the shared library as the
 * compiler left it, behind it the text it was made from (compiler, flags, source), and a tail with
 * both lengths and a hash of both. The loader of the system does not look behind the library. */
#include "gemel/rand.h"
#include "kinds/equations/kernel/kernel_parts.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES = 80, FILES_MAX = 1000, STALE_S = 3600 };
static const size_t file_bytes_max = (size_t)1 << 30;

/* ---- folder -------------------------------------------------------------------------------- */
/* mkdir of every part of the path; whether it worked shows afterwards. */
static void parts_make(char *path)
{
  for (char *c = path + 1;; c++) {
    if (*c && *c != '/') continue;
    char end = *c;
    *c = 0;
    (void)!mkdir(path, 0700);
    *c = end;
    if (!end) return;
  }
}

gm_status kernel__folder(gm_ctx *ctx, const char *folder)
{
  char path[PATH_MAX];
  size_t bytes = strlen(folder);
  struct stat st;
  if (*folder != '/' || bytes >= sizeof path)
    return gm_fail(ctx, GM_EIO, "kernel cache %s: an absolute path is expected", folder);
  memcpy(path, folder, bytes + 1);
  parts_make(path);
  if (stat(folder, &st) != 0)
    return gm_fail(ctx, GM_EIO, "kernel cache %s: %s", folder, strerror(errno));
  if (!S_ISDIR(st.st_mode) || access(folder, R_OK | W_OK | X_OK) != 0)
    return gm_fail(ctx, GM_EIO, "kernel cache %s: a folder to write in is expected", folder);
  if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
    return gm_fail(ctx, GM_EIO, "kernel cache %s: only its owner may get at it (mode 0700)",
                   folder);
  return GM_OK;
}

/* ---- content hash -------------------------------------------------------------------------- */
/* Two chains of words; each step is a bijection of the state, so one changed word always shows. */
void kernel__hash(const char *data, size_t bytes, char hex[33])
{
  uint64_t a = 0x9e3779b97f4a7c15u, b = 0xd1b54a32d192ed03u; /* odd, without pattern */
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    memcpy(&word, data + i, bytes - i < 8 ? bytes - i : 8);
    a = (a ^ word) * 0xff51afd7ed558ccdu; /* multipliers: Appleby's fmix64 (MurmurHash3, 2011) */
    a ^= a >> 32;
    b = (b ^ word) * 0xc4ceb9fe1a85ec53u;
    b = (b << 29 | b >> 35) + a;
  }
  a = gm_hash64(a, bytes);
  b = gm_hash64(b, a);
  snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, a, b);
}

static void tail_write(char tail[TAIL_BYTES], size_t library, size_t text, const char *data)
{
  char hex[33];
  kernel__hash(data, library + text, hex);
  memset(tail, '\n', TAIL_BYTES);
  int n = snprintf(tail, TAIL_BYTES, "gemel-kernel %d %016zx %014zx %s", KERNEL_ABI, library, text,
                   hex);
  assert(n > 0 && n < TAIL_BYTES);
  tail[n] = '\n';
}

/* ---- reading ------------------------------------------------------------------------------- */
/* Why the content is not what it should be; NULL: it is. */
static const char *wrong(const char *data, size_t bytes, const gm_text *text)
{
  char tail[TAIL_BYTES];
  if (bytes < TAIL_BYTES + text->bytes) return "too short";
  size_t library = bytes - TAIL_BYTES - text->bytes;
  tail_write(tail, library, text->bytes, data);
  if (memcmp(tail, data + bytes - TAIL_BYTES, TAIL_BYTES) != 0) return "lengths or hash differ";
  if (memcmp(text->data, data + library, text->bytes) != 0) return "made from another text";
  return NULL;
}

gm_status kernel__cache_check(gm_ctx *ctx, const char *path, const gm_text *text)
{
  char *data;
  size_t bytes;
  if (access(path, F_OK) != 0) return gm_fail(ctx, GM_ENOTFOUND, "%s: not there", path);
  gm_status s = gm_file_read(ctx, path, file_bytes_max, &data, &bytes);
  if (s == GM_ENOMEM) return s;
  const char *why = s ? "cannot be read" : wrong(data, bytes, text);
  if (!s) gm_free(data);
  if (!why) {
    utimensat(AT_FDCWD, path, NULL, 0); /* used now: see kernel__cache_trim */
    return GM_OK;
  }
  unlink(path);
  gm_log(ctx, GM_LOG_WARNING, "kernel cache: %s: %s; it is made anew", path, why);
  return gm_fail(ctx, GM_ENOTFOUND, "%s: %s", path, why);
}

/* ---- writing ------------------------------------------------------------------------------- */
gm_status kernel__cache_store(gm_ctx *ctx, const char *path, const char *library,
                              const gm_text *text)
{
  char *data = NULL, tail[TAIL_BYTES];
  size_t bytes;
  gm_text all;
  gm_text_init(&all, ctx);
  gm_status s = gm_file_read(ctx, library, file_bytes_max / 2, &data, &bytes);
  if (s) return s;
  gm_text_addn(&all, data, bytes);
  gm_text_addn(&all, text->data, text->bytes);
  if (!all.status) {
    tail_write(tail, bytes, text->bytes, all.data);
    gm_text_addn(&all, tail, TAIL_BYTES);
  }
  s = all.status ? gm_fail(ctx, all.status, "kernel file")
                 : gm_file_write(ctx, path, all.data, all.bytes);
  gm_text_free(&all);
  gm_free(data);
  return s;
}

/* ---- keeping it small ---------------------------------------------------------------------- */
typedef struct {
  time_t used;
  char name[64];
} cached;

static int older(const void *a, const void *b)
{
  const cached *x = a, *y = b;
  return (x->used > y->used) - (x->used < y->used);
}

/* A kernel is KEY.so; KEY.so.lock and KEY.so.PROCESS.NUMBER are of those who write one, or left. */
static bool is_kernel(const char *name) { return strlen(name) == 35 && !strcmp(name + 32, ".so"); }
static bool is_left(const char *name)
{
  return strlen(name) > 36 && !strncmp(name + 32, ".so.", 4);
}

typedef struct {
  DIR *dir;
  cached *file; /* [FILES_MAX + 1] kernels */
  int32_t count;
  time_t newest; /* of all files: the one just written, so that no clock is needed */
} listing;

static void list_one(listing *l, const char *name)
{
  struct stat st;
  if (fstatat(dirfd(l->dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (st.st_mtime > l->newest) l->newest = st.st_mtime;
  if (!is_kernel(name) || l->count > FILES_MAX) return;
  l->file[l->count].used = st.st_mtime;
  memcpy(l->file[l->count++].name, name, strlen(name) + 1);
}

static void left_remove(const listing *l, const char *name)
{
  struct stat st;
  if (!is_left(name) || fstatat(dirfd(l->dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (l->newest - st.st_mtime > STALE_S) unlinkat(dirfd(l->dir), name, 0);
}

void kernel__cache_trim(gm_ctx *ctx, const char *folder)
{
  listing l = {.dir = opendir(folder)};
  if (!l.dir) return;
  l.file = gm_alloc(ctx, FILES_MAX + 1, sizeof *l.file);
  if (!l.file) goto out;
  for (struct dirent *e; (e = readdir(l.dir));) list_one(&l, e->d_name);
  rewinddir(l.dir);
  for (struct dirent *e; (e = readdir(l.dir));) left_remove(&l, e->d_name);
  if (l.count > FILES_MAX) { /* a tenth goes, so that this is rare */
    qsort(l.file, (size_t)l.count, sizeof *l.file, older);
    for (int32_t i = 0; i < FILES_MAX / 10; i++) unlinkat(dirfd(l.dir), l.file[i].name, 0);
  }
  gm_free(l.file);
out:
  closedir(l.dir);
}
