/* net_write.h - what the files of net_write share. The document is written as text by hand:
 * libsbml prints numbers with 15 digits, and a model must come back with the bits it left with. */
#ifndef GEMEL_EQUATIONS_NET_WRITE_H
#define GEMEL_EQUATIONS_NET_WRITE_H
#include "kinds/equations/net/net.h"

enum {
  NW_BYTES_MAX = 64 << 20, /* as long as sbml_read takes */
  NW_DEPTH_MAX = 200,      /* <apply> inside <apply>; readers stop at some hundred */
  NW_OPERANDS_MAX = 10000  /* of one <apply>: libsbml makes as many nested ones of it */
};

typedef struct {
  char *code; /* UCUM, owned */
  char *id;   /* of its UnitDefinition, or a kind of unit of SBML; NULL: it cannot be said */
  bool base;  /* id is a kind of unit: no definition is needed */
} nw_unit;

typedef struct {
  const net *n;
  gm_ctx *ctx;
  gm_text out;
  gm_text *to;        /* what is written to now */
  char **id;          /* [symbol_count] names as SBML wants them */
  uint8_t *used_in;   /* [symbol_count] seen in the expression being written */
  int32_t *reference; /* [symbol_count] part that a NET_STOICHIOMETRY is the number of, else -1 */
  int32_t *reaction;  /* [part_count] */
  nw_unit *unit;
  int32_t unit_count, unit_room;
  int32_t depth;
  char *compartment; /* id of the compartment of species that have none; NULL: not needed */
} nw_writer;

gm_status nw_fail(const nw_writer *w, gm_status s, const char *format, ...) GM_PRINTF(3, 4);
void nw_indent(nw_writer *w, int level);
/* The number as xsd:double, with as few digits as bring it back. */
void nw_attribute_number(nw_writer *w, const char *name, double value);
void nw_text(nw_writer *w, const char *text); /* & < > " as entities */

/* net_write_math.c: <math> ... </math> of an expression. condition: a truth value is wanted.
 * Fails: GM_EUNSUPPORTED (draws; nested too deep), GM_ERANGE (too long), GM_ENOMEM. */
GM_NODISCARD gm_status nw_math(nw_writer *w, int level, ir_ref f, bool condition);
/* Digits of a value without an exponent: readers take mantissa and exponent apart and round. */
void nw_digits(gm_text *t, double value);

/* net_write_unit.c: the id of a unit given as UCUM, NULL when SBML cannot say it. Definitions come
 * out by nw_units. */
GM_NODISCARD gm_status nw_unit_id(nw_writer *w, const char *code, const char **id_out);
void nw_units(nw_writer *w);
void nw_units_free(nw_writer *w);
#endif
