/* crypt_master.c - the master key from a file, the environment or a program. */
#include "store/crypt.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- master key ------------------------------------------------------------------------------ */
/* 64 hexadecimal digits, blanks around them. */
static gm_status keys_of_hex(gm_ctx *ctx, const char *source, char *text, gm__keys **out)
{
  unsigned char raw[GM__KEY_BYTES];
  size_t bytes = 0;
  const char *end = NULL;
  int code = sodium_hex2bin(raw, sizeof raw, text, strlen(text), " \t\r\n", &bytes, &end);
  bool good = code == 0 && bytes == sizeof raw && *end == 0;
  gm_status s =
      good ? gm__keys_new(ctx, raw, out)
           : gm_fail(ctx, GM_EPARSE, "%s: no master key; 64 hexadecimal digits are expected there",
                     source);
  sodium_memzero(raw, sizeof raw);
  return s;
}

static gm_status stream_read(gm_ctx *ctx, const char *source, FILE *f, gm__keys **out)
{
  char text[256];
  setvbuf(f, NULL, _IONBF, 0); /* a buffer would keep a copy of the key */
  size_t bytes = fread(text, 1, sizeof text - 1, f);
  text[bytes] = 0;
  gm_status s = ferror(f) ? gm_fail(ctx, GM_EIO, "%s: cannot be read", source)
                          : keys_of_hex(ctx, source, text, out);
  sodium_memzero(text, sizeof text);
  return s;
}

static gm_status file_read(gm_ctx *ctx, const char *source, const char *path, gm__keys **out)
{
  struct stat info;
  FILE *f = fopen(path, "rb");
  if (!f) return gm_fail(ctx, GM_EIO, "%s: %s", source, strerror(errno));
  gm_status s = GM_OK;
  if (fstat(fileno(f), &info) != 0)
    s = gm_fail(ctx, GM_EIO, "%s: %s", source, strerror(errno));
  else if (info.st_mode & (S_IRWXG | S_IRWXO))
    s = gm_fail(ctx, GM_EIO, "%s: others than its owner may read it; mode 0600 is expected",
                source);
  if (!s) s = stream_read(ctx, source, f, out);
  fclose(f);
  return s;
}

/* A program and its arguments, parted by blanks, without a shell. */
enum { WORDS_MAX = 32, COMMAND_BYTES_MAX = 1000 };

static bool words_of(char *text, char *word[WORDS_MAX + 1])
{
  int count = 0;
  char *rest = NULL;
  for (char *w = strtok_r(text, " \t", &rest); w && count <= WORDS_MAX;
       w = strtok_r(NULL, " \t", &rest)) {
    if (count == WORDS_MAX) return false;
    word[count++] = w;
  }
  word[count] = NULL;
  return count > 0;
}

/* Its standard output; *pid is the program. */
static FILE *program_start(char *const word[], pid_t *pid)
{
  int end[2];
  posix_spawn_file_actions_t act;
  if (pipe2(end, O_CLOEXEC) != 0) return NULL;
  posix_spawn_file_actions_init(&act);
  posix_spawn_file_actions_adddup2(&act, end[1], STDOUT_FILENO);
  int code = posix_spawnp(pid, word[0], &act, NULL, word, environ);
  posix_spawn_file_actions_destroy(&act);
  close(end[1]);
  FILE *f = code == 0 ? fdopen(end[0], "rb") : NULL;
  if (!f) close(end[0]);
  if (code) errno = code;
  return f;
}

static gm_status command_read(gm_ctx *ctx, const char *source, const char *command, gm__keys **out)
{
  char text[COMMAND_BYTES_MAX + 1], *word[WORDS_MAX + 1];
  pid_t pid = -1;
  int code = 0;
  snprintf(text, sizeof text, "%s", command);
  if (strlen(command) > COMMAND_BYTES_MAX || !words_of(text, word))
    return gm_fail(ctx, GM_EPARSE, "master key: a program and at most %d arguments are expected",
                   WORDS_MAX - 1);
  FILE *f = program_start(word, &pid);
  if (!f) return gm_fail(ctx, GM_EIO, "%s: %s", source, strerror(errno));
  gm_status s = stream_read(ctx, source, f, out);
  fclose(f);
  if (waitpid(pid, &code, 0) != pid || !WIFEXITED(code) || WEXITSTATUS(code) != 0) {
    if (!s) gm__keys_free(*out);
    s = gm_fail(ctx, GM_EIO, "%s: the command failed", source);
  }
  return s;
}

gm_status gm__keys_master(gm_ctx *ctx, const char *source, gm__keys **out)
{
  assert(ctx && source && out);
  if (sodium_init() < 0) return gm_fail(ctx, GM_EINTERNAL, "libsodium cannot be used here");
  if (!strncmp(source, "file:", 5)) return file_read(ctx, source, source + 5, out);
  if (!strncmp(source, "command:", 8)) return command_read(ctx, source, source + 8, out);
  if (strncmp(source, "env:", 4) != 0)
    return gm_fail(ctx, GM_EPARSE,
                   "master key: file:PATH, env:NAME or command:COMMAND is expected");
  char *value = getenv(source + 4); /* lint: allow getenv, because the caller names the variable */
  if (!value) return gm_fail(ctx, GM_ENOTFOUND, "%s: the variable is not set", source);
  return keys_of_hex(ctx, source, value, out);
}
