/* net_fast.h - shared by the two files of fast reactions. */
#ifndef GEMEL_EQUATIONS_NET_FAST_H
#define GEMEL_EQUATIONS_NET_FAST_H
#include "kinds/equations/net/net_internal.h"

/* A number of the stoichiometry: an expression in parameters, and its value as they are stated. */
typedef struct {
  ir_ref ref;
  double value;
} nl_entry;

typedef struct {
  int32_t rows, laws, columns; /* fast species; fast reactions; laws + rows */
  int32_t *law;                /* [laws] reaction */
  nl_entry *cell;              /* [rows][columns]: N | I, being reduced */
  nl_entry *net;               /* [rows][laws]: N as it was */
  bool *is_pivot;              /* [rows] */
  int32_t *pivot;              /* [rank] rows of the species left unknown */
  int32_t rank;
} nl_fastest;

/* Does an expression of "now" hang on constants alone? */
bool nl_fast_is_still(lowering *l, ir_ref now);
/* f with everything that is solved written out; and without the species of fast reactions. */
GM_NODISCARD gm_status nl_fast_expand(lowering *l, ir_ref *f);
GM_NODISCARD gm_status nl_fast_expand_slow(lowering *l, ir_ref *f);
/* net_lower_fast_law.c: finds the unknown species from rows row_count.. of l->row (one a pivot). */
GM_NODISCARD gm_status nl_fast_laws(lowering *l, nl_fastest *f);
#endif
