/* t1d_record_internal.h - between the files that make records. */
#ifndef T1D_RECORD_INTERNAL_H
#define T1D_RECORD_INTERNAL_H
#include "t1d_record.h"

/* As t1d_record_definition, with insulin in T1D_INSULIN_UNIT: for mappings that write it as
 * twin.yaml does. Static. */
const gm_definition *t1d__record_definition_pmol(void);
/* From now on a basal rate holds to the next one. */
void t1d__record_hold_basal(t1d_record_builder *b);
#endif
