/* backup_internal.h - the file of keys beside a backup, and copying rows from one database into
 * another. */
#ifndef GEMEL_STORE_BACKUP_INTERNAL_H
#define GEMEL_STORE_BACKUP_INTERNAL_H
#include "store/store_internal.h"

/* ---- backup_keys.c --------------------------------------------------------------------------- */
/* Head: 8 bytes GEMELKEY, then version, number of the backup and number of entries, 8 bytes each,
 * the least first. Entry: subject, 1 when erased else 0, the key wrapped by the master's. Sorted by
 * subject; the store's own key is subject 0. Entries are of one size, so that a key is destroyed by
 * writing over it. */
enum { GM__KEYS_HEAD_BYTES = 32, GM__KEYS_ENTRY_BYTES = 16 + GM__WRAP_BYTES };
typedef struct {
  int file;
  int64_t count;
} gm__keys_file;
/* Writes the keys that a store holds now, for the backup of that number; a transaction of d is open
 * in which nobody else can erase. Whole and on the disk, or not there. */
gm_status gm__keys_file_write(gm__db *d, gm_ctx *ctx, const char *path, int64_t number);
/* Fails: GM_EIO, GM_EPARSE (no such file, of another backup). */
gm_status gm__keys_file_open(gm_ctx *ctx, const char *path, bool to_change, int64_t number,
                             gm__keys_file *out);
void gm__keys_file_close(gm__keys_file *f);
/* *there false: it holds no key of this subject (any more). */
gm_status gm__keys_file_find(gm_ctx *ctx, const gm__keys_file *f, int64_t subject, bool *there,
                             unsigned char wrapped[GM__WRAP_BYTES]);
/* Writes over the subject's key, to the disk. */
gm_status gm__keys_file_forget(gm_ctx *ctx, const gm__keys_file *f, int64_t subject);
/* A new name is on the disk when its folder is. */
gm_status gm__folder_sync(gm_ctx *ctx, const char *path);

/* ---- backup_copy.c --------------------------------------------------------------------------- */
typedef struct {
  bool null;
  int64_t whole;
  double real;
  const void *data; /* bytes, or a text and its NUL */
  size_t bytes;
} gm__cell;
/* May change the cells of a row of the table, or leave the row out. Data that a cell is given must
 * live until the next row. */
typedef gm_status gm__row_change(void *user, const char *table, const gm__column *column,
                                 gm__cell *cell, int32_t count, bool *leave_out);
/* Every table of the schema, row by row. The statements' texts go to memory, which must live until
 * both are closed. */
gm_status gm__tables_copy(gm__db *from, gm__db *to, gm_ctx *ctx, gm_arena *memory,
                          gm__row_change *change, void *user);
#endif
