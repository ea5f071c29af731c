/* db_pg_value.h - what PostgreSQL's codes and binary values mean. Threads: any. */
#ifndef GEMEL_STORE_DB_PG_VALUE_H
#define GEMEL_STORE_DB_PG_VALUE_H
#include "gemel/base.h"

/* Types of arguments and results, by their numbers in pg_type.dat */
enum {
  GM__PG_BOOL = 16,
  GM__PG_BYTEA = 17,
  GM__PG_INT8 = 20,
  GM__PG_INT2 = 21,
  GM__PG_INT4 = 23,
  GM__PG_TEXT = 25,
  GM__PG_FLOAT4 = 700,
  GM__PG_FLOAT8 = 701,
  GM__PG_NUMERIC = 1700
};

/* The status of a failure by its SQLSTATE, and words for it; *words NULL: none are known. */
gm_status gm__pg_code(const char *code, const char **words);
/* A number of the type, as the server sends it; 0: of a type that is none. */
int64_t gm__pg_int(uint32_t type, const char *at);
double gm__pg_real(uint32_t type, const char *at);
#endif
