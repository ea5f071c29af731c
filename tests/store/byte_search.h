/* byte_search.h - looks for known bytes in the files of a folder and in the memory of a process, as
 * whoever gets hold of a disk or a dump would. */
#ifndef GEMEL_TESTS_STORE_BYTE_SEARCH_H
#define GEMEL_TESTS_STORE_BYTE_SEARCH_H
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { SEARCH_MAX = 400, SEARCH_BLOCK = 1 << 20, SEARCH_OVERLAP = 256 };

typedef struct {
  const char *name; /* for the message */
  unsigned char bytes[80];
  size_t count;
} needle;

typedef struct {
  needle n[SEARCH_MAX];
  int count;
  int64_t bytes;   /* looked at */
  int found;       /* how many hits */
  char where[300]; /* the first */
} search;

static inline void search_add(search *s, const char *name, const void *bytes, size_t count)
{
  needle *n = &s->n[s->count++];
  if (count > sizeof n->bytes) abort();
  n->name = name;
  n->count = count;
  memcpy(n->bytes, bytes, count);
}

static inline void search_block(search *s, const unsigned char *data, size_t bytes,
                                const char *where)
{
  for (int i = 0; i < s->count; i++) {
    const unsigned char *at = memmem(data, bytes, s->n[i].bytes, s->n[i].count);
    if (at && !s->found++) snprintf(s->where, sizeof s->where, "%s in %.200s", s->n[i].name, where);
  }
}

/* Blocks overlap, so that nothing hides at a border. read_at: bytes got, 0 at the end. */
static inline void search_range(search *s, int file, uint64_t from, uint64_t to, const char *where)
{
  unsigned char *block = malloc(SEARCH_BLOCK);
  for (uint64_t at = from; at < to;) {
    uint64_t left = to - at;
    ssize_t n = pread(file, block, left < SEARCH_BLOCK ? (size_t)left : SEARCH_BLOCK, (off_t)at);
    if (n <= 0) break;
    search_block(s, block, (size_t)n, where);
    s->bytes += n;
    if (n <= SEARCH_OVERLAP || at + (uint64_t)n >= to) break;
    at += (uint64_t)n - SEARCH_OVERLAP;
  }
  free(block);
}

static inline void search_file(search *s, const char *path)
{
  int file = open(path, O_RDONLY);
  struct stat st;
  if (file < 0) return;
  if (!fstat(file, &st)) search_range(s, file, 0, (uint64_t)st.st_size, path);
  close(file);
}

static inline void search_folder(search *s, const char *folder)
{
  DIR *d = opendir(folder);
  char path[600];
  for (struct dirent *e; d && (e = readdir(d));) {
    struct stat st;
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (lstat(path, &st)) continue;
    if (S_ISDIR(st.st_mode)) search_folder(s, path);
    if (S_ISREG(st.st_mode)) search_file(s, path);
  }
  if (d) closedir(d);
}

/* All memory of a process that can be read, as a dump would have it and more: what is kept out of
 * dumps too. */
static inline void search_process(search *s, pid_t process)
{
  char path[64], line[600];
  snprintf(path, sizeof path, "/proc/%d/mem", (int)process);
  int memory = open(path, O_RDONLY);
  snprintf(path, sizeof path, "/proc/%d/maps", (int)process);
  FILE *maps = fopen(path, "r");
  while (maps && memory >= 0 && fgets(line, sizeof line, maps)) {
    unsigned long long from = 0, to = 0;
    char rights[8] = "";
    if (sscanf(line, "%llx-%llx %7s", &from, &to, rights) != 3 || rights[0] != 'r') continue;
    if (strstr(line, "[v")) continue;     /* the kernel's own pages */
    if (to - from > 1ull << 32) continue; /* what a sanitizer keeps beside the memory */
    line[strcspn(line, "\n")] = 0;
    search_range(s, memory, from, to, line);
  }
  if (maps) fclose(maps);
  if (memory >= 0) close(memory);
}
#endif
