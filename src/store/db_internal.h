/* db_internal.h - what a database must give to stand behind db.h. */
#ifndef GEMEL_STORE_DB_INTERNAL_H
#define GEMEL_STORE_DB_INTERNAL_H
#include "store/db.h"

typedef struct {
  const char *bytes_type; /* what BYTES is called */
  /* These may be left out: what they are for does not exist there. */
  const char *parted; /* what PARTED is called */
  bool locks_rows;    /* FOR UPDATE is understood */
  gm_status (*part)(gm__db *d, gm_ctx *ctx, const char *table);
  const char *(*url)(const gm__db *d); /* by which it was opened; else its name */
  gm_status (*check)(gm__db *d, gm_ctx *ctx, bool *whole);
  const char *begin_read; /* statement; else BEGIN */
  /* May be sent later; else a step and a reset */
  gm_status (*run)(gm__stmt *s, gm_ctx *ctx);
  gm_status (*settle)(gm__db *d, gm_ctx *ctx); /* where run sends later */
  /* Asks many at once; else one after the other */
  gm_status (*each)(gm__stmt *s, gm_ctx *ctx, int32_t count, gm__db_ask *ask, gm__db_hear *hear,
                    void *user);
  gm_status (*open)(gm_ctx *ctx, const char *url, bool create, gm__db **out);
  void (*close)(gm__db *d);
  gm_status (*exec)(gm__db *d, gm_ctx *ctx, const char *sql);
  gm_status (*begin)(gm__db *d, gm_ctx *ctx);
  gm_status (*commit)(gm__db *d, gm_ctx *ctx);
  void (*rollback)(gm__db *d);
  gm_status (*clean)(gm__db *d, gm_ctx *ctx);
  gm_status (*prepare)(gm__db *d, gm_ctx *ctx, const char *sql, gm__stmt **out);
  void (*bind_int)(gm__stmt *s, int at, int64_t v);
  void (*bind_real)(gm__stmt *s, int at, double v);
  void (*bind_bytes)(gm__stmt *s, int at, const void *data, size_t bytes);
  void (*bind_text)(gm__stmt *s, int at, const char *text);
  gm_status (*step)(gm__stmt *s, gm_ctx *ctx, bool *row);
  void (*reset)(gm__stmt *s);
  int64_t (*get_int)(const gm__stmt *s, int column);
  double (*get_real)(const gm__stmt *s, int column);
  const void *(*get_bytes)(const gm__stmt *s, int column, size_t *bytes);
  const char *(*get_text)(const gm__stmt *s, int column);
} gm__db_type;

/* Every database's own struct begins with this. */
struct gm__db {
  const gm__db_type *type;
  gm_ctx *ctx;
  char *name;
  gm__stmt *first; /* prepared statements */
  gm_ctx *own;     /* db.c: for what lives as long as the connection, whoever asks for it */
};
struct gm__stmt {
  gm__db *db;
  gm__stmt *next;
  const char *sql; /* the literal: its address is its name */
};

extern const gm__db_type gm__db_sqlite;
#ifdef GEMEL_WITH_POSTGRESQL
extern const gm__db_type gm__db_pg;
#endif
#endif
