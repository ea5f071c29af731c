/* output.c - files that the user asks to be written: what they may never be, and writing them. */
#include "cli/keep.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- places ---------------------------------------------------------------------------------- */
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

bool cli_same_place(const char *a, const char *b)
{
  char x[PATH_MAX], y[PATH_MAX];
  if (!strcmp(a, b) || cli_same_file(a, b)) return true;
  return place_of(a, x) && place_of(b, y) && !strcmp(x, y);
}

/* ---- before anything is done ----------------------------------------------------------------- */
static int refused(const cli *c, const char *asked, const char *path, const char *what)
{
  return cli_say(c, CLI_BAD, "%s %s: this is %s; another file is expected for the result", asked,
                 path, what);
}

/* The store, its log and its key; a path alone names them, as the log comes and goes. */
static int store_check(const cli *c, const char *asked, const char *path)
{
  static const char *const tail[] = {"", "-wal", "-shm", "-journal"};
  const char *url = cli_keep_url(c), *key = cli_keep_key_given(c);
  char place[PATH_MAX],
      real[PATH_MAX]; /* the log stands beside the file, not beside a link to it */
  bool server = strstr(url, "://") != NULL;
  if (key && !strncmp(key, "file:", 5) && cli_same_place(path, key + 5))
    return refused(c, asked, path, "the store's master key");
  if (server || !cli_exists(url) || !place_of(url, real)) return CLI_DONE;
  for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
    int n = snprintf(place, sizeof place, "%s%s", real, tail[i]);
    if (n > 0 && n < PATH_MAX && cli_same_place(path, place))
      return refused(c, asked, path, i ? "the log of the store" : "the store");
  }
  snprintf(place, sizeof place, "%s.key", url);
  return !key && cli_same_place(path, place) ? refused(c, asked, path, "the store's master key")
                                             : CLI_DONE;
}

/* The i-th word of how a verb is used. */
static const char *use_word(const cli_verb *v, int32_t i)
{
  const char *word = v->use;
  while (i-- > 0 && word[0]) {
    word += strcspn(word, " ");
    word += strspn(word, " ");
  }
  return word;
}

static bool argument_is_file(const cli_verb *v, int32_t i)
{
  static const char *const file[] = {"DEFINITION", "MODEL", "PATH", "BACKUP"};
  const char *word = use_word(v, i);
  for (size_t k = 0; k < sizeof file / sizeof file[0]; k++)
    if (!strncmp(word, file[k], strlen(file[k]))) return true;
  return false;
}

static bool is_file(const cli_option *o)
{
  return o->value && (!strcmp(o->value, "FILE") || !strcmp(o->value, "OUT"));
}

/* Is the file of this option written? Backups come with keys and lists, which restoring reads. */
static bool is_output(const cli_verb *v, const cli_option *o)
{
  static const char *const name[] = {"out", "report", "fhir", "simulation", "tombstones", "keys"};
  if (!is_file(o) || v == &cli_verb_store_restore) return false;
  for (size_t k = 0; k < sizeof name / sizeof name[0]; k++)
    if (!strcmp(o->name, name[k])) return true;
  return false;
}

/* One that is asked for, beside all others that were named; mine: its number among the options,
 * -1 an argument. */
static int output_check(const cli *c, const char *asked, const char *path, int32_t mine)
{
  char other[80];
  int code = store_check(c, asked, path);
  for (int32_t i = 0; i < c->given_count && !code; i++) {
    if (i == mine || !is_file(c->given[i]) || !cli_same_place(path, c->given_value[i])) continue;
    snprintf(other, sizeof other, "the file of --%.60s", c->given[i]->name);
    code = refused(c, asked, path, other);
  }
  for (int32_t i = 0; i < c->argument_count && mine >= 0 && !code; i++)
    if (argument_is_file(c->verb, i) && cli_same_place(path, c->argument[i]))
      code = refused(c, asked, path, "the file that the command is about");
  return code;
}

int cli_outputs_check(const cli *c)
{
  char asked[80];
  int code = CLI_DONE;
  for (int32_t i = 0; i < c->given_count && !code; i++) {
    if (!is_output(c->verb, c->given[i])) continue;
    snprintf(asked, sizeof asked, "--%.60s", c->given[i]->name);
    if (!c->given_value[i][0]) return cli_say(c, CLI_BAD, "%s: a file is expected", asked);
    code = output_check(c, asked, c->given_value[i], i);
  }
  if (!code && c->verb == &cli_verb_store_backup)
    code = output_check(c, "PATH", c->argument[0], -1);
  return code;
}

gm_status cli_definition_apart(gm_ctx *ctx, const char *path, const gm_definition *d)
{
  bool alone = d->model_file[0] == '/' || !strcmp(d->folder, ".");
  gm_text model;
  gm_text_init(&model, ctx);
  gm_text_addf(&model, "%s%s%s", alone ? "" : d->folder, alone ? "" : "/", d->model_file);
  gm_status s = model.status ? gm_fail(ctx, model.status, "%s", path) : GM_OK;
  const char *const input[] = {d->path, model.data}, *const what[] = {"definition", "model"};
  for (int i = 0; i < 2 && !s; i++)
    if (cli_same_file(path, input[i]))
      s = gm_fail(ctx, GM_EINVAL, "%s is the %s (%s): another file is expected for the result",
                  path, what[i], input[i]);
  gm_text_free(&model);
  return s;
}

/* ---- writing --------------------------------------------------------------------------------- */
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
  char head[256];
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  size_t bytes = fread(head, 1, sizeof head - 1, f);
  fclose(f);
  head[bytes] = 0;
  if (bytes >= sizeof store && !memcmp(head, store, sizeof store)) return "a store or its backup";
  if (bytes >= sizeof keys && !memcmp(head, keys, sizeof keys)) return "a file of a backup's keys";
  return is_key(head, bytes) ? "a master key" : NULL;
}

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
  gm_status s = folder ? cli_folder_make(ctx, folder) : gm_fail(ctx, GM_ENOMEM, "%s", path);
  gm_free(folder);
  return s;
}

gm_status cli_write(gm_ctx *ctx, const char *path, const gm_text *data)
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

void cli_private(void) { umask(077); }
