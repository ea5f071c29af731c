/* program.c - verbs that are programs of their own: `gemel NAME ...` runs gemel-NAME, which stands
 * beside gemel (docs/decisions/0010-programs.md). */
#include "cli/cli.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "gemel-";

/* The folder in which gemel stands. */
static bool folder_of_gemel(char *out, size_t room)
{
  ssize_t n = readlink("/proc/self/exe", out, room - 1);
  if (n <= 0) return false;
  out[n] = 0;
  char *slash = strrchr(out, '/');
  if (!slash) return false;
  *slash = 0;
  return true;
}

static bool is_name(const char *word)
{
  return word[0] && word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

bool cli_program_run(cli *c, char **argv, int *code)
{
  char folder[2048], path[2200];
  if (!is_name(argv[0]) || !folder_of_gemel(folder, sizeof folder)) return false;
  snprintf(path, sizeof path, "%s/%s%s", folder, prefix, argv[0]);
  if (access(path, X_OK)) return false;
  execv(path, argv);
  *code = cli_say(c, CLI_INTERNAL, "%s%s: %s", prefix, argv[0], strerror(errno));
  return true;
}

void cli_program_list(gm_text *out)
{
  char folder[2048], path[2400];
  DIR *d = folder_of_gemel(folder, sizeof folder) ? opendir(folder) : NULL;
  bool first = true;
  for (struct dirent *e; d && (e = readdir(d));) {
    const size_t n = sizeof prefix - 1;
    if (strncmp(e->d_name, prefix, n) != 0 || !is_name(e->d_name + n)) continue;
    snprintf(path, sizeof path, "%s/%.255s", folder, e->d_name);
    if (access(path, X_OK)) continue;
    gm_text_addf(out, "%s  %s\n", first ? "\nModels with verbs of their own:\n" : "",
                 e->d_name + n);
    first = false;
  }
  if (d) closedir(d);
}
