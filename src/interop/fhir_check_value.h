/* fhir_check_value.h - the forms of FHIR's primitive values (R4, datatypes.html#primitive). */
#ifndef GEMEL_INTEROP_FHIR_CHECK_VALUE_H
#define GEMEL_INTEROP_FHIR_CHECK_VALUE_H
#include "base/json_tree.h"
#include "interop/fhir_check_rules.h"

/* What is wrong with a value of that primitive type, or NULL; static text that never quotes it. */
const char *gm__fhir_value_fault(int32_t primitive, const gm_json *value);

/* Bytes that base64 text stands for, -1: it is none. Spaces and line ends are passed over. */
int64_t gm__fhir_base64_bytes(const char *text, size_t bytes);

/* "http://..." and "urn:...": begins with a scheme of RFC 3986. */
bool gm__fhir_is_absolute(const char *text);
bool gm__fhir_is_id(const char *text, size_t bytes);

/* Compares two date or dateTime texts as FHIRPath does: -1, 0, 1; 2: cannot be decided, as one is
 * more precise and they agree as far as both go, or one is no time. */
int32_t gm__fhir_time_compare(const char *a, const char *b);
#endif
