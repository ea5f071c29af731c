/* output.c - files that the user asks to be written: what they may never be, besides what no
 * program writes over (program/output.c). */
#include "cli/keep.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The store, its log and its key; a path alone names them, as the log comes and goes. */
int cli_may_write(const cli *c, const char *asked, const char *path)
{
  static const char *const tail[] = {"", "-wal", "-shm", "-journal"};
  const char *url = cli_keep_url(c), *key = cli_keep_key_given(c);
  char place[PATH_MAX],
      real[PATH_MAX]; /* the log stands beside the file, not beside a link to it */
  bool server = strstr(url, "://") != NULL;
  if (key && !strncmp(key, "file:", 5) && cli_same_place(path, key + 5))
    return gm_program_refuse(c, asked, path, "the store's master key");
  if (server || !cli_exists(url) || !gm_program_place(url, real, sizeof real)) return CLI_DONE;
  for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
    int n = snprintf(place, sizeof place, "%s%s", real, tail[i]);
    if (n > 0 && n < PATH_MAX && cli_same_place(path, place))
      return gm_program_refuse(c, asked, path, i ? "the log of the store" : "the store");
  }
  snprintf(place, sizeof place, "%s.key", url);
  return !key && cli_same_place(path, place)
             ? gm_program_refuse(c, asked, path, "the store's master key")
             : CLI_DONE;
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

void cli_private(void) { umask(077); }
