/* power_vfs.h - a disk in memory for SQLite, which can lose its power, be full, fail and be
 * damaged.
 *
 * power_mount makes it the VFS that every database opened from then on uses. It keeps what unix
 * files promise and no more: a write, a cut or a new length is on the disk once the file was
 * synced; a name that was made or taken away once its folder was. When the folder is synced is as
 * in SQLite's unix VFS (os_unix.c: with the first sync of a journal or log that xOpen was to
 * create, and by xDelete on demand). The shared index of the log is memory of the processes and is
 * lost. Threads: databases may be used by many; the rest belongs to one thread while none is open.
 */
#ifndef GEMEL_TESTS_POWER_VFS_H
#define GEMEL_TESTS_POWER_VFS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void power_mount(void);   /* once, before the first database is opened */
void power_unmount(void); /* databases are on the real disk again */
void power_format(void);  /* no files, no log, no faults */

/* ---- what lies on it --------------------------------------------------------------------------
 */
/* Content of a file (borrowed until the next call of anything); NULL: there is no such file. */
unsigned char *power_file(const char *name, size_t *bytes);
/* Is this anywhere in a file? */
bool power_holds(const void *what, size_t bytes);
void power_keep(void); /* remembers all files, instead of those remembered before */
void power_back(void); /* all files are as they were then */
/* Writes the files into a folder of the real disk, to be looked at after a failure. */
void power_dump(const char *folder);

/* ---- faults -----------------------------------------------------------------------------------
 */
enum {
  POWER_OPEN = 1,
  POWER_READ = 2,
  POWER_WRITE = 4,
  POWER_SYNC = 8,
  POWER_TRUNCATE = 16,
  POWER_DELETE = 32,
  POWER_SIZE = 64,
  POWER_LOCK = 128,
  POWER_SHARE = 256, /* of the shared index */
  POWER_ANY = 511
};
/* Calls of these sorts are counted from now on; number `at` fails (0: none), and with `after` all
 * behind it. Failing is SQLITE_IOERR or SQLITE_CANTOPEN. */
void power_fault(uint32_t sorts, int64_t at, bool after);
int64_t power_calls(void);  /* counted since then */
int64_t power_failed(void); /* of them, failed */
/* All files together hold at most so many bytes; -1: any number. */
void power_quota(int64_t bytes);
int64_t power_used(void);       /* bytes held */
void power_readonly(bool only); /* files cannot be opened for writing, made or taken away */

/* ---- power cuts -------------------------------------------------------------------------------
 */
/* Turned on: a new log begins, from the files as they are; every change is logged. */
void power_record(bool on);
int32_t power_length(void);
/* Puts a mark into the log: what the life was told by then. value >= 0. */
void power_mark(int32_t value);

/* Goes through the log, one change at a time, and makes what the disk may hold after a cut. */
typedef struct power_replay power_replay;
/* The log began with an empty disk, or (kept) with the files that power_keep remembers, all of them
 * on the disk. deaf: syncs did nothing (a disk that lies), to see that a test finds what is then
 * lost. */
power_replay *power_replay_new(bool kept, bool deaf);
void power_replay_free(power_replay *r);
/* One on; *mark: the mark passed, -1: none. false: the log is at its end. */
bool power_replay_next(power_replay *r, int32_t *mark);
int32_t power_replay_pending(const power_replay *r); /* changes that a cut may lose */
/* Sector boundaries (512 bytes) inside of pending write w; 0 for other changes. */
int32_t power_replay_tears(const power_replay *r, int32_t w);

typedef enum {
  POWER_PREFIX, /* the first n pending changes */
  POWER_TORN,   /* as PREFIX, then change n up to its tear-th sector boundary */
  POWER_ALONE,  /* change n up to its tear-th boundary (0: all of it), no other */
  POWER_SOME,   /* a random part of the changes, in order */
  POWER_SHARDS  /* of each write a random part of its sectors */
} power_sort;
typedef struct {
  power_sort sort;
  int32_t n, tear;
  uint64_t seed;
} power_cut;
/* The disk holds what is left after this cut; all databases must be closed. */
void power_replay_mount(const power_replay *r, const power_cut *c);
#endif
