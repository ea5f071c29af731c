/* fhir_check_table.h - the types and codes of FHIR R4 as rows of text; tools/fhir-table makes them
 * and tells their form. Each list ends with NULL. */
#ifndef GEMEL_INTEROP_FHIR_CHECK_TABLE_H
#define GEMEL_INTEROP_FHIR_CHECK_TABLE_H

extern const char *const gm__fhir_type_rows_1[];
extern const char *const gm__fhir_type_rows_2[];
extern const char *const gm__fhir_type_rows_3[];
extern const char *const gm__fhir_code_rows[]; /* row k: the codes of #k, a space between */
#endif
