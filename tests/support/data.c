/* data.c - finds the data folder, and counts what is left out without it. */
#include "support/data.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int32_t skipped;

const char *data_folder(void)
{
  const char *wish = getenv("GEMEL_DATA");
  const char *folder = wish && wish[0] ? wish : "../shared/data";
  struct stat st;
  return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) ? folder : NULL;
}

bool data_path(const char *file, char *path, size_t room)
{
  if (!room) return false;
  path[0] = 0;
  const char *folder = data_folder();
  if (!folder || strlen(folder) + strlen(file) + 2 > room) return false;
  snprintf(path, room, "%s/%s", folder, file);
  struct stat st;
  if (stat(path, &st) == 0) return true;
  path[0] = 0;
  return false;
}

void data_skip(const char *what, int32_t check_count)
{
  skipped += check_count;
  fprintf(stderr, "SKIPPED %d checks: %s (no data folder; set GEMEL_DATA)\n", (int)check_count,
          what);
}

int32_t data_skipped(void) { return skipped; }
