/* power_vfs.c - the VFS: files in memory, with locks and the log's shared index. */
#include "support/power_internal.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  sqlite3_file base;
  power_node *node;
  int level;                          /* of the file's lock */
  uint32_t has_shared, has_exclusive; /* slots of the index */
  bool mapped, folder_sync, temporary;
} handle;

static sqlite3_vfs *real;

static void lock(void) { pthread_mutex_lock(&power__disk.lock); }
static int unlock(int code)
{
  pthread_mutex_unlock(&power__disk.lock);
  return code;
}

/* Does this call fail by order? */
static bool refused(uint32_t sort)
{
  power_disk *d = &power__disk;
  if (!(d->sorts & sort)) return false;
  d->calls++;
  bool hit = d->fail_at && (d->calls == d->fail_at || (d->calls > d->fail_at && d->fail_after));
  d->failed += hit;
  if (hit) d->error = EIO;
  return hit;
}

static int64_t used(void)
{
  int64_t sum = 0;
  for (int i = 0; i < POWER_FILES; i++) {
    const power_node *n = &power__disk.node[i];
    if (!n->number) continue;
    sum += (int64_t)n->now.bytes;
    for (int r = 0; r < POWER_REGIONS; r++) sum += n->region[r] ? n->region_bytes : 0;
  }
  return sum;
}

int64_t power_used(void)
{
  lock();
  int64_t n = used();
  unlock(0);
  return n;
}

/* ---- files ----------------------------------------------------------------------------------- */
static int file_read(sqlite3_file *f, void *out, int bytes, sqlite3_int64 at)
{
  const power_node *n = ((handle *)f)->node;
  lock();
  if (refused(POWER_READ)) return unlock(SQLITE_IOERR_READ);
  size_t from = (size_t)at, want = (size_t)bytes;
  size_t have = from < n->now.bytes ? n->now.bytes - from : 0;
  if (have > want) have = want;
  if (have) memcpy(out, n->now.data + from, have);
  memset((char *)out + have, 0, want - have);
  return unlock(have < want ? SQLITE_IOERR_SHORT_READ : SQLITE_OK);
}

static int file_write(sqlite3_file *f, const void *data, int bytes, sqlite3_int64 at)
{
  power_node *n = ((handle *)f)->node;
  lock();
  if (refused(POWER_WRITE)) return unlock(SQLITE_IOERR_WRITE);
  size_t fit = (size_t)bytes, end = (size_t)at + fit;
  if (power__disk.quota >= 0 && end > n->now.bytes) {
    int64_t over = used() + (int64_t)(end - n->now.bytes) - power__disk.quota;
    if (over > 0) fit = over < bytes ? fit - (size_t)over : 0; /* as much as there is room for */
  }
  if (fit) {
    power_content_write(&n->now, (size_t)at, data, fit);
    power__log(LOG_WRITE, n->number, (size_t)at, data, fit);
  }
  if (fit < (size_t)bytes) power__disk.error = ENOSPC;
  return unlock(fit < (size_t)bytes ? SQLITE_FULL : SQLITE_OK);
}

static int file_cut(sqlite3_file *f, sqlite3_int64 bytes)
{
  power_node *n = ((handle *)f)->node;
  lock();
  if (refused(POWER_TRUNCATE)) return unlock(SQLITE_IOERR_TRUNCATE);
  power_content_cut(&n->now, (size_t)bytes);
  power__log(LOG_CUT, n->number, (size_t)bytes, NULL, 0);
  return unlock(SQLITE_OK);
}

static int file_sync(sqlite3_file *f, int flags)
{
  (void)flags;
  handle *h = (handle *)f;
  lock();
  if (refused(POWER_SYNC)) return unlock(SQLITE_IOERR_FSYNC);
  power__log(LOG_SYNC, h->node->number, 0, NULL, 0);
  if (h->folder_sync) power__log(LOG_FOLDER, 0, 0, NULL, 0);
  h->folder_sync = false;
  return unlock(SQLITE_OK);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *out)
{
  lock();
  if (refused(POWER_SIZE)) return unlock(SQLITE_IOERR_FSTAT);
  *out = (sqlite3_int64)((handle *)f)->node->now.bytes;
  return unlock(SQLITE_OK);
}

/* ---- locks of a file: sqlite.org/lockingv3.html ---------------------------------------------- */
static int level_raise(handle *h, int want)
{
  power_node *n = h->node;
  if (want == SQLITE_LOCK_SHARED) {
    if (n->pending || n->exclusive) return SQLITE_BUSY;
    n->shared++;
    h->level = want;
    return SQLITE_OK;
  }
  if (h->level < SQLITE_LOCK_RESERVED) {
    if (n->reserved) return SQLITE_BUSY;
    n->reserved = 1;
    h->level = SQLITE_LOCK_RESERVED;
  }
  if (want == SQLITE_LOCK_RESERVED) return SQLITE_OK;
  n->pending = true;
  h->level = SQLITE_LOCK_PENDING;
  if (n->shared > 1) return SQLITE_BUSY;
  n->exclusive = 1;
  h->level = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

static int file_lock(sqlite3_file *f, int want)
{
  handle *h = (handle *)f;
  lock();
  if (h->level >= want) return unlock(SQLITE_OK);
  if (refused(POWER_LOCK)) return unlock(SQLITE_IOERR_LOCK);
  return unlock(level_raise(h, want));
}

static void level_lower(handle *h, int to)
{
  power_node *n = h->node;
  if (h->level >= SQLITE_LOCK_RESERVED) n->reserved = 0;
  if (h->level >= SQLITE_LOCK_PENDING) n->pending = false;
  if (h->level == SQLITE_LOCK_EXCLUSIVE) n->exclusive = 0;
  if (h->level >= SQLITE_LOCK_SHARED && to == SQLITE_LOCK_NONE) n->shared--;
  h->level = to;
}

static int file_unlock(sqlite3_file *f, int to)
{
  handle *h = (handle *)f;
  lock();
  if (h->level > to) level_lower(h, to);
  return unlock(SQLITE_OK);
}

static int file_reserved(sqlite3_file *f, int *out)
{
  lock();
  *out = ((handle *)f)->node->reserved;
  return unlock(SQLITE_OK);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
  (void)f, (void)op, (void)arg;
  return SQLITE_NOTFOUND;
}
static int file_sector(sqlite3_file *f)
{
  (void)f;
  return 4096; /* as the unix VFS */
}
static int file_traits(sqlite3_file *f)
{
  (void)f;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the unix VFS: no neighbours are harmed */
}

/* ---- the shared index of the log ------------------------------------------------------------- */
static int share_map(sqlite3_file *f, int region, int bytes, int extend, void volatile **out)
{
  handle *h = (handle *)f;
  power_node *n = h->node;
  *out = NULL;
  lock();
  if (refused(POWER_SHARE)) return unlock(SQLITE_IOERR_SHMMAP);
  if (region >= POWER_REGIONS) return unlock(SQLITE_IOERR_SHMSIZE);
  if (!h->mapped) n->mapped++;
  h->mapped = true;
  if (!n->region[region] && extend) {
    if (power__disk.quota >= 0 && used() + bytes > power__disk.quota) {
      power__disk.error = ENOSPC;
      return unlock(SQLITE_IOERR_SHMSIZE);
    }
    n->region[region] = calloc(1, (size_t)bytes);
    n->region_bytes = bytes;
  }
  *out = n->region[region];
  return unlock(SQLITE_OK);
}

static int slots_take(handle *h, int at, int count, bool exclusive)
{
  power_node *n = h->node;
  uint32_t mask = ((1U << count) - 1) << at;
  for (int i = at; i < at + count; i++) {
    bool others = n->shared_slot[i] > (h->has_shared >> i & 1 ? 1 : 0);
    if (n->exclusive_slot[i] || (exclusive && others)) return SQLITE_BUSY;
  }
  for (int i = at; i < at + count; i++) {
    if (exclusive)
      n->exclusive_slot[i] = true;
    else if (!(h->has_shared >> i & 1))
      n->shared_slot[i]++;
  }
  *(exclusive ? &h->has_exclusive : &h->has_shared) |= mask;
  return SQLITE_OK;
}

static void slots_leave(handle *h, int at, int count)
{
  power_node *n = h->node;
  for (int i = at; i < at + count; i++) {
    if (h->has_exclusive >> i & 1) n->exclusive_slot[i] = false;
    if (h->has_shared >> i & 1) n->shared_slot[i]--;
    h->has_exclusive &= ~(1U << i);
    h->has_shared &= ~(1U << i);
  }
}

static int share_lock(sqlite3_file *f, int at, int count, int flags)
{
  handle *h = (handle *)f;
  int code = SQLITE_OK;
  lock();
  if (flags & SQLITE_SHM_UNLOCK)
    slots_leave(h, at, count);
  else if (refused(POWER_SHARE))
    code = SQLITE_IOERR_SHMLOCK;
  else
    code = slots_take(h, at, count, flags & SQLITE_SHM_EXCLUSIVE);
  return unlock(code);
}

static void share_barrier(sqlite3_file *f)
{
  (void)f;
  lock();
  unlock(0);
}

static void share_leave(handle *h)
{
  power_node *n = h->node;
  if (!h->mapped) return;
  slots_leave(h, 0, POWER_LOCKS);
  h->mapped = false;
  if (--n->mapped) return;
  for (int i = 0; i < POWER_REGIONS; i++) {
    free(n->region[i]);
    n->region[i] = NULL;
  }
}

static int share_unmap(sqlite3_file *f, int all)
{
  (void)all;
  lock();
  share_leave((handle *)f);
  return unlock(SQLITE_OK);
}

static int file_close(sqlite3_file *f)
{
  handle *h = (handle *)f;
  power_node *n = h->node;
  lock();
  share_leave(h);
  level_lower(h, SQLITE_LOCK_NONE);
  if (--n->holders == 0 && !n->name[0]) power__drop(n);
  return unlock(SQLITE_OK);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_cut,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_traits,
                                           .xShmMap = share_map,
                                           .xShmLock = share_lock,
                                           .xShmBarrier = share_barrier,
                                           .xShmUnmap = share_unmap};

/* ---- the folder ------------------------------------------------------------------------------ */
static int disk_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *got)
{
  (void)v;
  handle *h = (handle *)f;
  const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  memset(h, 0, sizeof *h);
  lock();
  if (refused(POWER_OPEN)) return unlock(SQLITE_CANTOPEN);
  power_node *n = name ? power__find(name) : NULL;
  if (power__disk.readonly && n && flags & SQLITE_OPEN_READWRITE)
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  if (!n && (!(flags & SQLITE_OPEN_CREATE) || power__disk.readonly)) {
    power__disk.error = power__disk.readonly ? EROFS : ENOENT;
    return unlock(SQLITE_CANTOPEN);
  }
  if (!n) n = power__make(name);
  if (!n) return unlock(SQLITE_CANTOPEN);
  n->holders++;
  h->node = n;
  h->folder_sync = flags & SQLITE_OPEN_CREATE && flags & journals;
  h->base.pMethods = &methods;
  if (got) *got = flags;
  return unlock(SQLITE_OK);
}

static int disk_delete(sqlite3_vfs *v, const char *name, int folder_sync)
{
  (void)v;
  lock();
  if (refused(POWER_DELETE)) return unlock(SQLITE_IOERR_DELETE);
  power_node *n = power__find(name);
  if (!n) return unlock(SQLITE_IOERR_DELETE_NOENT);
  if (power__disk.readonly) return unlock(SQLITE_IOERR_DELETE);
  power__log(LOG_TAKE, n->number, 0, name, strlen(name) + 1);
  if (folder_sync) power__log(LOG_FOLDER, 0, 0, NULL, 0);
  n->name[0] = 0;
  if (!n->holders) power__drop(n);
  return unlock(SQLITE_OK);
}

static int disk_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
  (void)v;
  lock();
  const power_node *n = power__find(name);
  /* as the unix VFS: an empty file counts as none */
  *out = n && (flags != SQLITE_ACCESS_EXISTS || n->now.bytes > 0);
  if (flags == SQLITE_ACCESS_READWRITE && power__disk.readonly) *out = 0;
  return unlock(SQLITE_OK);
}

static int disk_path(sqlite3_vfs *v, const char *name, int bytes, char *out)
{
  (void)v;
  return snprintf(out, (size_t)bytes, "%s", name) < bytes ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int disk_error(sqlite3_vfs *v, int bytes, char *text)
{
  (void)v, (void)bytes, (void)text;
  return power__disk.error;
}

static sqlite3_vfs disk;

void power_mount(void)
{
  if (!real) {
    real = sqlite3_vfs_find(NULL);
    disk = *real;
    disk.pNext = NULL;
    disk.zName = "gemel-power";
    disk.szOsFile = sizeof(handle);
    disk.mxPathname = POWER_NAME - 1;
    disk.xOpen = disk_open;
    disk.xDelete = disk_delete;
    disk.xAccess = disk_access;
    disk.xFullPathname = disk_path;
    disk.xGetLastError = disk_error;
  }
  power_format();
  sqlite3_vfs_register(&disk, 1);
}

void power_unmount(void)
{
  power_format();
  sqlite3_vfs_unregister(&disk);
  sqlite3_vfs_register(real, 1);
}
