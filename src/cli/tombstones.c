/* tombstones.c - the list of erased subjects, kept where the store is not. */
#include "cli/operator.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What gm_store_tombstones begins a list with. */
static const char list_begin[] = "# numbers of erased subjects";

int cli_tombstones_place(cli *c, const char *path)
{
  char head[sizeof list_begin] = "";
  if (!cli_exists(path)) return CLI_DONE;
  FILE *f = fopen(path, "rb");
  if (!f) return cli_say(c, CLI_BAD, "%s: %s", path, strerror(errno));
  size_t bytes = fread(head, 1, sizeof head - 1, f);
  fclose(f);
  return bytes == sizeof head - 1 && !strcmp(head, list_begin)
             ? CLI_DONE
             : cli_say(c, CLI_BAD, "%s is there already, and is no list of tombstones", path);
}

int cli_tombstones_write(cli *c, gm_session *by, const char *path)
{
  gm_status s = gm_store_tombstones(by, c->ctx, path);
  return s ? cli_fail(c, s) : CLI_DONE;
}
