/* output.c - files that the user asks to be written: what they may never be, and writing them. */
#include "program/program_internal.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- places ---------------------------------------------------------------------------------- */
bool gm_program_same_file(const char *a, const char *b)
{
  struct stat s, t;
  return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* The last part of head goes to the front of tail. */
static bool part_move(char head[PATH_MAX], char tail[PATH_MAX])
{
  char next[PATH_MAX];
  char *slash = strrchr(head, '/'), *part = slash ? slash + 1 : head;
  bool none = !part[0] || !strcmp(part, ".");
  int n = none ? snprintf(next, sizeof next, "%s", tail)
               : snprintf(next, sizeof next, "/%s%s", part, tail);
  if (n < 0 || n >= PATH_MAX) return false;
  snprintf(tail, PATH_MAX, "%s", next);
  if (!slash)
    snprintf(head, PATH_MAX, ".");
  else
    slash[slash == head] = 0;
  return true;
}

/* The one name of a place, whether or not there is a file: links are followed as far as there is
 * anything. */
static bool place_of(const char *path, char out[PATH_MAX])
{
  char head[PATH_MAX], tail[PATH_MAX] = "";
  if (!path[0] || strlen(path) >= PATH_MAX) return false;
  snprintf(head, sizeof head, "%s", path);
  while (!realpath(head, out)) {
    bool root = !strcmp(head, "/") || !strcmp(head, ".");
    if (root || !part_move(head, tail)) return false;
  }
  size_t n = strcmp(out, "/") != 0 ? strlen(out) : 0;
  return snprintf(out + n, PATH_MAX - n, "%s", tail) < (int)(PATH_MAX - n);
}

bool gm_program_same_place(const char *a, const char *b)
{
  char x[PATH_MAX], y[PATH_MAX];
  if (!strcmp(a, b) || gm_program_same_file(a, b)) return true;
  return place_of(a, x) && place_of(b, y) && !strcmp(x, y);
}

bool gm_program_place(const char *path, char *out, size_t bytes)
{
  char place[PATH_MAX];
  if (!place_of(path, place) || strlen(place) >= bytes) return false;
  snprintf(out, bytes, "%s", place);
  return true;
}

/* ---- before anything is done ----------------------------------------------------------------- */
int gm_program_refuse(const gm_program *p, const char *asked, const char *path, const char *what)
{
  return gm_program_say(p, GM_PROGRAM_BAD,
                        "%s %s: this is %s; another file is expected for the result", asked, path,
                        what);
}

/* 64 hexadecimal digits, blanks around them: what a master key looks like (store/crypt_master.c).
 */
static bool is_key(const char *head, size_t bytes)
{
  size_t from = strspn(head, " \t\r\n"), digits = strspn(head + from, "0123456789abcdefABCDEF");
  size_t end = from + digits + strspn(head + from + digits, " \t\r\n");
  return digits == 64 && end == bytes;
}

/* What is lost for good when it is written over, whoever's it is; NULL: none of these. */
static const char *precious(const char *path)
{
  static const char store[16] = "SQLite format 3",
                    keys[8] = {'G', 'E', 'M', 'E', 'L', 'K', 'E', 'Y'};
  struct stat info; /* a pipe must not be waited for */
  char head[256];
  FILE *f = !stat(path, &info) && S_ISREG(info.st_mode) ? fopen(path, "rb") : NULL;
  if (!f) return NULL;
  size_t bytes = fread(head, 1, sizeof head - 1, f);
  fclose(f);
  head[bytes] = 0;
  if (bytes >= sizeof store && !memcmp(head, store, sizeof store)) return "a store or its backup";
  if (bytes >= sizeof keys && !memcmp(head, keys, sizeof keys)) return "a file of a backup's keys";
  return is_key(head, bytes) ? "a master key" : NULL;
}

static bool is_file(const gm_option *o)
{
  return (o->flags & (GM_OPTION_READ | GM_OPTION_WRITTEN)) != 0;
}

/* One that is asked for, beside all others that were named; mine: its number among the options, -1
 * an argument. */
static int output_check(const gm_program *p, const char *asked, const char *path, int32_t mine)
{
  char other[80];
  if (!path[0]) return gm_program_say(p, GM_PROGRAM_BAD, "%s: a file is expected", asked);
  int code = p->about->may_write ? p->about->may_write(p, asked, path) : GM_PROGRAM_DONE;
  for (int32_t i = 0; i < p->given_count && !code; i++) {
    if (i == mine || !is_file(p->given[i]) || !gm_program_same_place(path, p->given_value[i]))
      continue;
    snprintf(other, sizeof other, "the file of --%.60s", p->given[i]->name);
    code = gm_program_refuse(p, asked, path, other);
  }
  const bool files = p->verb->argument_flags != 0 && mine >= 0;
  for (int32_t i = 0; i < p->argument_count && files && !code; i++)
    if (gm_program_same_place(path, p->argument[i]))
      code = gm_program_refuse(p, asked, path, "the file that the command is about");
  const char *what = code ? NULL : precious(path);
  return what ? gm_program_refuse(p, asked, path, what) : code;
}

int gm__outputs_check(const gm_program *p)
{
  char asked[80];
  int code = GM_PROGRAM_DONE;
  for (int32_t i = 0; i < p->given_count && !code; i++) {
    if (!(p->given[i]->flags & GM_OPTION_WRITTEN)) continue;
    snprintf(asked, sizeof asked, "--%.60s", p->given[i]->name);
    code = output_check(p, asked, p->given_value[i], i);
  }
  const bool written = p->verb->argument_flags & GM_OPTION_WRITTEN;
  for (int32_t i = 0; i < p->argument_count && written && !code; i++)
    code = output_check(p, "the argument", p->argument[i], -1);
  return code;
}

/* ---- folders --------------------------------------------------------------------------------- */
static gm_status folder_one(gm_ctx *ctx, const char *path)
{
  struct stat s;
  if (mkdir(path, 0777) == 0) return GM_OK;
  int why = errno;
  if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) return GM_OK;
  return gm_fail(ctx, GM_EIO, "%s: the folder cannot be made: %s", path, strerror(why));
}

gm_status gm_program_folder(gm_ctx *ctx, const char *path)
{
  char *part = gm_strdup(ctx, path);
  if (!part) return gm_fail(ctx, GM_ENOMEM, "%s", path);
  gm_status s = GM_OK;
  for (char *p = part; *p && !s; p++) {
    if (*p != '/' || p == part) continue;
    *p = 0;
    s = folder_one(ctx, part);
    *p = '/';
  }
  if (!s && part[0]) s = folder_one(ctx, part);
  gm_free(part);
  return s;
}

/* ---- writing --------------------------------------------------------------------------------- */
/* A pipe or a device has no name to be taken over. */
static gm_status stream_write(gm_ctx *ctx, const char *path, const gm_text *data)
{
  FILE *f = fopen(path, "wb");
  bool good = f && (!data->bytes || fwrite(data->data, 1, data->bytes, f) == data->bytes);
  int why = errno;
  if (f && fclose(f) && good) {
    why = errno;
    good = false;
  }
  return good ? GM_OK : gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(why));
}

static gm_status folder_of(gm_ctx *ctx, const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash || slash == path) return GM_OK;
  char *folder = gm_strndup(ctx, path, slash - path);
  gm_status s = folder ? gm_program_folder(ctx, folder) : gm_fail(ctx, GM_ENOMEM, "%s", path);
  gm_free(folder);
  return s;
}

gm_status gm_program_write(gm_ctx *ctx, const char *path, const gm_text *data)
{
  struct stat info;
  if (data->status) return gm_fail(ctx, data->status, "%s: %s", path, gm_status_text(data->status));
  bool there = stat(path, &info) == 0;
  if (there && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
    return stream_write(ctx, path, data);
  const char *what = there ? precious(path) : NULL;
  if (what)
    return gm_fail(ctx, GM_EINVAL, "%s is %s: another file is expected for the result", path, what);
  gm_status s = folder_of(ctx, path);
  return s ? s : gm_file_write(ctx, path, data->data ? data->data : "", data->bytes);
}
