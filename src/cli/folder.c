/* folder.c - folders and files of the command. */
#include "cli/cli.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_exists(const char *path)
{
  struct stat s;
  return lstat(path, &s) == 0;
}

bool cli_ends_with(const char *text, const char *end)
{
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

static bool home_try(const char *folder, const char *has, gm_text *out)
{
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, "%s/%s", folder, has);
  if (n < 0 || n >= (int)sizeof path || access(path, R_OK)) return false;
  gm_text_addf(out, "%s", !strcmp(folder, ".") ? "" : folder);
  if (strcmp(folder, ".") != 0) gm_text_add(out, "/");
  return true;
}

gm_status cli_home(gm_ctx *ctx, const char *has, gm_text *out)
{
  const char *home = getenv("GEMEL_HOME");
  if (home && home[0]) {
    if (home_try(home, has, out)) return out->status;
    return gm_fail(ctx, GM_EIO, "GEMEL_HOME is %s, but %s/%s cannot be read", home, home, has);
  }
  if (home_try(".", has, out)) return out->status;
  char exe[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 32);
  if (n > 0) {
    exe[n] = 0;
    char *slash = strrchr(exe, '/');
    if (slash) memcpy(slash, "/../share/gemel", sizeof "/../share/gemel");
    if (slash && home_try(exe, has, out)) return out->status;
  }
  return gm_fail(ctx, GM_EIO,
                 "%s is found neither here nor with the installed command; set "
                 "GEMEL_HOME to the folder that has it",
                 has);
}
