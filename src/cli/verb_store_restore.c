/* verb_store_restore.c - gemel store restore: a new store out of a backup. */
#include "cli/operator.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void report_json(cli *c, const gm_restore_report *r)
{
  gm_json_writer j;
  char twin[32];
  snprintf(twin, sizeof twin, "%lld", (long long)r->bad_twin); /* too long for a double */
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, "subjects", r->subjects);
  gm_json_write_int(&j, "erased", r->erased);
  gm_json_write_int(&j, "twins", r->twins);
  gm_json_write_int(&j, "records", r->records);
  gm_json_write_bool(&j, "holds", !r->bad_twin);
  if (r->bad_twin) gm_json_write_text(&j, "twin", twin);
  if (r->bad_twin) gm_json_write_int(&j, "record", r->bad_seq);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static void report_text(cli *c, const gm_restore_report *r)
{
  gm_text_addf(&c->out, "%lld subjects, %lld of them erased; %lld twins, %lld records\n",
               (long long)r->subjects, (long long)r->erased, (long long)r->twins,
               (long long)r->records);
  if (r->bad_twin)
    gm_text_addf(&c->out, "changed: record %lld of twin %lld does not fit its chain\n",
                 (long long)r->bad_seq, (long long)r->bad_twin);
}

static int restore(cli *c, const char *keys, gm_restore_report *r)
{
  gm_text key;
  gm_access_who who;
  const char *url = cli_value(c, "store");
  int code = cli_operator(c, &who);
  if (!code) code = cli_keep_place(c, url);
  if (code) return code;
  if (cli_exists(url)) return cli_keep_say(c, url, " is there already");
  code = cli_keep_key(c, url, &key);
  if (!code && !cli_exists(c->argument[0]))
    code = cli_say(c, CLI_BAD, "%s: there is no backup", c->argument[0]);
  gm_restore_options o = {.path = c->argument[0],
                          .keys = keys,
                          .tombstones = cli_value(c, "tombstones"),
                          .to = {.url = url, .master = key.data, .create = true}};
  umask(077);
  gm_status s = code ? GM_OK : gm_store_restore(c->ctx, &o, &who, r);
  if (s) code = cli_fail(c, s);
  gm_text_free(&key);
  return code;
}

static int run(cli *c)
{
  gm_restore_report r = {0};
  gm_text keys;
  const char *asked = cli_value(c, "keys");
  if (!cli_value(c, "store")) return cli_say_use(c, "--store URL is expected: the new store");
  gm_text_init(&keys, c->ctx);
  gm_text_addf(&keys, "%s%s", asked ? asked : c->argument[0], asked ? "" : ".keys");
  int code = keys.status ? cli_fail(c, keys.status) : restore(c, keys.data, &r);
  gm_text_free(&keys);
  if (code) return code;
  if (c->json)
    report_json(c, &r);
  else
    report_text(c, &r);
  return r.bad_twin ? CLI_NO : CLI_DONE;
}

static const cli_option options[] = {
    {"keys", "FILE", "the subjects' keys of the backup (BACKUP.keys)", GM_OPTION_READ},
    {"tombstones", "FILE",
     "list of subjects erased since (store backup, twin erase), to be erased again",
     GM_OPTION_READ},
    CLI_OPERATOR_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_store_restore = {
    .name = "store restore",
    .summary = "make a new store out of a backup",
    .use = "BACKUP --store URL [--keys FILE] [--tombstones FILE]",
    .details =
        "The place must be without a store, a file or a PostgreSQL database; the master key is\n"
        "that of the store of the backup (--key). Whole or not at all. Code 1: restored, but a\n"
        "record was changed in the backup.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
