/* verb_store_new.c - gemel store new: an empty store, and its master key. */
#include "cli/keep.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key that is not there yet is made, for its owner alone to read. */
static int key_make(cli *c, const char *path, bool *made)
{
  unsigned char raw[32];
  char hex[66];
  int f = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
  *made = f >= 0;
  if (f < 0 && errno == EEXIST) return CLI_DONE;
  if (f < 0) return cli_say(c, CLI_BAD, "%s: %s", path, strerror(errno));
  randombytes_buf(raw, sizeof raw);
  sodium_bin2hex(hex, sizeof hex, raw, sizeof raw);
  hex[64] = '\n';
  bool good = write(f, hex, 65) == 65 && fsync(f) == 0;
  sodium_memzero(raw, sizeof raw);
  sodium_memzero(hex, sizeof hex);
  if (close(f)) good = false;
  return good ? CLI_DONE : cli_say(c, CLI_INTERNAL, "%s: %s", path, strerror(errno));
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_text key;
  bool made = false;
  const char *url = cli_keep_url(c);
  int code = cli_keep_place(c, url);
  if (code) return code;
  if (cli_exists(url)) return cli_keep_say(c, url, " is there already");
  if (sodium_init() < 0) return cli_say(c, CLI_INTERNAL, "libsodium cannot be used");
  code = cli_keep_key(c, url, &key);
  umask(077); /* the store too is its owner's alone */
  if (!code && !strncmp(key.data, "file:", 5)) code = key_make(c, key.data + 5, &made);
  if (!code) code = cli_keep_open(c, true, &k);
  if (code && made && !k.store && !cli_exists(url)) unlink(key.data + 5); /* a key to nothing */
  if (!code) {
    cli_keep_name(url, &c->out);
    gm_text_addf(&c->out,
                 ": an empty store\n%s: its master key%s. Who has it reads everything; without it "
                 "nobody can.\nKeep a copy where the store's backups are not.\n",
                 key.data, made ? ", made now" : "");
  }
  cli_keep_close(&k);
  gm_text_free(&key);
  return code;
}

static const cli_option options[] = {
    {"store", "URL", "the store: a file or postgresql://... (GEMEL_STORE; gemel.db)", false},
    {"key", "SOURCE", "its master key: file:, env: or command: (GEMEL_KEY; file:STORE.key)", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_store_new = {
    .name = "store new",
    .summary = "make an empty store for twins",
    .use = "[--store URL] [--key SOURCE]",
    .details = "Makes a store, and a master key in a file when `--key file:PATH` names one that is "
               "not there.\n",
    .option = options,
    .argument_count = 0,
    .run = run};
