/* db_pg_value.c - what PostgreSQL's codes and binary values mean. */
#include "store/db_pg_value.h"
#include <string.h>

/* ---- codes ----------------------------------------------------------------------------------- */
/* The server's words may quote a value: its code is passed on, with words of our own. Codes:
 * PostgreSQL 15, appendix A. */
static const struct {
  const char *code;
  gm_status status;
  const char *words;
} known[] = {{"53100", GM_EFULL, "the server's disk is full"},
             {"53200", GM_EIO, "the server is out of memory"},
             {"53300", GM_EBUSY, "the server has too many connections"},
             {"53", GM_EFULL, "the server is at a limit"},
             {"40", GM_EBUSY, "in the way of another transaction"},
             {"55P03", GM_EBUSY, "another holds it for longer than the wait"},
             {"55", GM_EBUSY, "in use"},
             {"57014", GM_EBUSY, "took longer than the server allows"},
             {"57P", GM_EIO, "the server goes down or comes up"},
             {"23505", GM_EEXIST, "a key is there already"},
             {"23", GM_EINTERNAL, "against a rule of the tables"},
             {"25006", GM_EIO, "read-only"},
             {"25", GM_EIO, "the transaction had failed"},
             {"42P01", GM_EPARSE, "a table is missing"},
             {"42703", GM_EPARSE, "a column is missing"},
             {"42501", GM_EIO, "its user lacks the right"},
             {"28", GM_EIO, "the server does not let this user in"},
             {"3D", GM_ENOTFOUND, "no such database"},
             {"3F", GM_EPARSE, "no schema to put tables in"},
             {"58", GM_EIO, "the server's disk fails"},
             {"08", GM_EIO, "the connection failed"},
             {"XX", GM_EPARSE, "the server finds its data damaged"}};

gm_status gm__pg_code(const char *code, const char **words)
{
  *words = NULL;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (!strncmp(code, known[i].code, strlen(known[i].code))) {
      *words = known[i].words;
      return known[i].status;
    }
  return GM_EINTERNAL;
}

/* ---- values ---------------------------------------------------------------------------------- */
static uint64_t big_endian(const char *at, int bytes)
{
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | (unsigned char)at[i];
  return v;
}

static double real_of(const char *at, uint32_t type)
{
  uint64_t wide = big_endian(at, type == GM__PG_FLOAT4 ? 4 : 8);
  uint32_t narrow = (uint32_t)wide;
  double v;
  float f;
  memcpy(&v, &wide, sizeof v);
  memcpy(&f, &narrow, sizeof f);
  return type == GM__PG_FLOAT4 ? (double)f : v;
}

/* The whole part of a NUMERIC, which is what the server makes of a sum of numbers: digits to base
 * 10,000, their number, the weight of the first, the sign (src/backend/utils/adt/numeric.c,
 * numeric_send). */
static int64_t numeric_of(const char *at)
{
  int digits = (int)big_endian(at, 2), weight = (int16_t)big_endian(at + 2, 2);
  bool below = big_endian(at + 4, 2) == 0x4000;
  int64_t v = 0;
  for (int i = 0; i <= weight && i < 5; i++)
    v = v * 10000 + (i < digits ? (int64_t)big_endian(at + 8 + 2 * i, 2) : 0);
  return below ? -v : v;
}

int64_t gm__pg_int(uint32_t type, const char *at)
{
  switch (type) {
  case GM__PG_INT8: return (int64_t)big_endian(at, 8);
  case GM__PG_INT4: return (int32_t)big_endian(at, 4);
  case GM__PG_INT2: return (int16_t)big_endian(at, 2);
  case GM__PG_BOOL: return at[0] != 0;
  case GM__PG_NUMERIC: return numeric_of(at);
  case GM__PG_FLOAT4:
  case GM__PG_FLOAT8: return (int64_t)real_of(at, type);
  default: return 0;
  }
}

double gm__pg_real(uint32_t type, const char *at)
{
  bool is_real = type == GM__PG_FLOAT8 || type == GM__PG_FLOAT4;
  return is_real ? real_of(at, type) : (double)gm__pg_int(type, at);
}
