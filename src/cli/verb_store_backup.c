/* verb_store_backup.c - gemel store backup: a copy of a store while it is in use. */
#include "cli/operator.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cli_operator(cli *c, gm_access_who *out)
{
  const char *as = cli_value(c, "as"), *name = cli_login();
  if (as && strncmp(as, "operator:", 9) != 0 && strcmp(as, "operator") != 0)
    return cli_say(c, CLI_BAD, "--as operator:NAME is expected: operators run stores");
  if (as && as[8] == ':' && as[9]) name = as + 9;
  *out = (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = name};
  return CLI_DONE;
}

/* What is there is never written over; the library says so once more, whoever comes between. */
static int places_free(cli *c, const char *path, const char *keys)
{
  if (cli_exists(path)) return cli_say(c, CLI_BAD, "%s is there already", path);
  if (cli_exists(keys)) return cli_say(c, CLI_BAD, "%s is there already", keys);
  const char *list = cli_value(c, "tombstones");
  if (cli_same_place(path, keys) || (list && cli_same_place(list, keys)))
    return cli_say(c, CLI_BAD, "%s: the keys' file; each of the files needs a name of its own",
                   keys);
  return CLI_DONE;
}

static int backup(cli *c, const char *path, const char *keys, const char *tombstones)
{
  gm_store *store = NULL;
  gm_session *session = NULL;
  gm_access_who who;
  int code = cli_operator(c, &who);
  if (!code) code = cli_keep_store(c, false, &store);
  if (code) return code;
  umask(077); /* a backup too is its owner's alone */
  gm_status s = gm_session_open(store, c->ctx, &who, &session);
  if (!s) s = gm_store_backup(session, c->ctx, path, keys);
  if (s) code = cli_fail(c, s);
  if (!code && tombstones) code = cli_tombstones_write(c, session, tombstones);
  gm_session_close(session);
  gm_store_close(store);
  return code;
}

static void said(cli *c, const char *path, const char *keys, const char *tombstones)
{
  gm_json_writer j;
  if (!c->json) {
    gm_text_addf(&c->out,
                 "%s: what the store holds, sealed\n%s: the subjects' keys, wrapped by the "
                 "master's\nKeep the two and the master key apart: who has all three has the "
                 "store.\n",
                 path, keys);
    if (tombstones) gm_text_addf(&c->out, "%s: numbers of all erased subjects\n", tombstones);
    return;
  }
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "backup", path);
  gm_json_write_text(&j, "keys", keys);
  if (tombstones) gm_json_write_text(&j, "tombstones", tombstones);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static int run(cli *c)
{
  const char *path = c->argument[0], *asked = cli_value(c, "keys");
  const char *tombstones = cli_value(c, "tombstones");
  gm_text keys;
  gm_text_init(&keys, c->ctx);
  gm_text_addf(&keys, "%s%s", asked ? asked : path, asked ? "" : ".keys");
  int code = keys.status ? cli_fail(c, keys.status) : places_free(c, path, keys.data);
  if (!code && tombstones) code = cli_tombstones_place(c, tombstones);
  if (!code) code = backup(c, path, keys.data, tombstones);
  if (!code) said(c, path, keys.data, tombstones);
  gm_text_free(&keys);
  return code;
}

static const cli_option options[] = {
    {"keys", "FILE", "where the subjects' keys go (PATH.keys)", GM_OPTION_WRITTEN},
    {"tombstones", "FILE", "write the list of all erased subjects too, for store restore",
     GM_OPTION_WRITTEN},
    CLI_OPERATOR_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_store_backup = {
    .name = "store backup",
    .summary = "copy a store while it is in use",
    .use = "PATH [--keys FILE] [--tombstones FILE]",
    .details = "Two files: what the store holds, sealed; and the subjects' keys, which the store\n"
               "remembers, so that an erasure later destroys the subject's key there too. Nothing\n"
               "is written over but an older list of tombstones.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_WRITTEN,
    .run = run};
