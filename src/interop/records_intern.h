/* records_intern.h - each different text once, with a number that may be hung on it. */
#ifndef GM_INTEROP_RECORDS_INTERN_H
#define GM_INTEROP_RECORDS_INTERN_H
#include "gemel/base.h"

typedef struct {
  const char *text; /* owned by the arena */
  int32_t mark;     /* -1 at first */
} gm__interned;

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;   /* owned */
  gm__interned *row; /* owned; [room], an open-addressed table */
  int64_t count, room;
} gm__intern;

GM_NODISCARD gm_status gm__intern_open(gm__intern *t, gm_ctx *ctx);
void gm__intern_close(gm__intern *t); /* zeros are ok */
/* The entry of a text, made if need be; valid until the next call. NULL: no memory. */
gm__interned *gm__intern_add(gm__intern *t, const char *text);
const gm__interned *gm__intern_find(const gm__intern *t, const char *text); /* or NULL */
#endif
