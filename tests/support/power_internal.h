/* power_internal.h - files and log of the disk in memory. */
#ifndef GEMEL_TESTS_POWER_INTERNAL_H
#define GEMEL_TESTS_POWER_INTERNAL_H
#include "support/power_vfs.h"
#include <pthread.h>

enum { POWER_NAME = 400, POWER_FILES = 16, POWER_LOCKS = 8, POWER_REGIONS = 64 };

typedef struct {
  unsigned char *data;
  size_t bytes, room;
} power_content;
void power_content_write(power_content *c, size_t at, const void *data, size_t bytes);
void power_content_cut(power_content *c, size_t bytes);
void power_content_copy(power_content *to, const power_content *from);
void power_content_free(power_content *c);

/* A file; without a name once it was deleted, and gone when the last one closes it. */
typedef struct {
  int32_t number; /* 0: this place is free */
  int32_t holders;
  char name[POWER_NAME];
  power_content now;
  int32_t shared, reserved, exclusive; /* locks: how many hold them (the latter two: 0 or 1) */
  bool pending;
  unsigned char *region[POWER_REGIONS]; /* the shared index */
  int32_t region_bytes, mapped;
  int32_t shared_slot[POWER_LOCKS];
  bool exclusive_slot[POWER_LOCKS];
} power_node;

typedef enum { LOG_WRITE, LOG_CUT, LOG_SYNC, LOG_MAKE, LOG_TAKE, LOG_FOLDER, LOG_MARK } power_kind;
typedef struct {
  power_kind kind;
  int32_t node; /* number of the file; of a mark its value */
  size_t at, bytes;
  unsigned char *data; /* of a write; the name of MAKE and TAKE, ended by NUL */
} power_change;

typedef struct {
  pthread_mutex_t lock;
  power_node node[POWER_FILES];
  int32_t last_number;
  power_change *change;
  int32_t change_count, change_room;
  bool recording, readonly;
  int64_t quota, fail_at, calls, failed;
  uint32_t sorts;
  bool fail_after;
  int error; /* errno of the last failure */
} power_disk;
extern power_disk power__disk;

power_node *power__find(const char *name);
/* A new file; NULL name: one that nobody sees. */
power_node *power__make(const char *name);
void power__drop(power_node *n); /* memory and place */
void power__log(power_kind kind, int32_t node, size_t at, const void *data, size_t bytes);
void power__files_clear(void);
#endif
