/* fhir_check_rules.h - the rows of fhir_check_table.h made ready for look-up. Immutable. */
#ifndef GEMEL_INTEROP_FHIR_CHECK_RULES_H
#define GEMEL_INTEROP_FHIR_CHECK_RULES_H
#include "gemel/fhir_check.h"

/* Types by number: the primitives, any resource, then the rows. */
enum {
  GM__FHIR_BASE64,
  GM__FHIR_BOOLEAN,
  GM__FHIR_CANONICAL,
  GM__FHIR_CODE,
  GM__FHIR_DATE,
  GM__FHIR_DATE_TIME,
  GM__FHIR_DECIMAL,
  GM__FHIR_ID,
  GM__FHIR_INSTANT,
  GM__FHIR_INTEGER,
  GM__FHIR_MARKDOWN,
  GM__FHIR_OID,
  GM__FHIR_POSITIVE_INT,
  GM__FHIR_STRING,
  GM__FHIR_TIME,
  GM__FHIR_UNSIGNED_INT,
  GM__FHIR_URI,
  GM__FHIR_URL,
  GM__FHIR_UUID,
  GM__FHIR_XHTML,
  GM__FHIR_PRIMITIVE_COUNT,
  GM__FHIR_ANY_RESOURCE = GM__FHIR_PRIMITIVE_COUNT,
  GM__FHIR_FIRST_ROW
};

enum { GM__FHIR_CHOICES_MAX = 8 }; /* of one type */

typedef struct {
  const char *name; /* as JSON has it: "valueQuantity" */
  int32_t name_bytes, type;
  int32_t codes;       /* row of codes, -1: any */
  int8_t choice;       /* number of its choice within the type, -1 none */
  bool many, required; /* required: a choice's is in gm__fhir_type */
} gm__fhir_element;

typedef enum {
  GM__FHIR_ELEMENT,
  GM__FHIR_BACKBONE,
  GM__FHIR_RESOURCE,
  GM__FHIR_DOMAIN
} gm__fhir_base;

typedef struct {
  const char *name; /* ended by NUL */
  gm__fhir_base base;
  int32_t element, element_count;
  int32_t choice_count;
  const char *choice_name[GM__FHIR_CHOICES_MAX]; /* "value" */
  bool choice_required[GM__FHIR_CHOICES_MAX];
} gm__fhir_type;

struct gm_fhir_rules {
  gm_arena *memory;
  gm__fhir_type *type; /* by number - GM__FHIR_FIRST_ROW; the first four are the bases' */
  int32_t type_count;
  gm__fhir_element *element;
  int32_t element_count, element_room;
  uint16_t *slot; /* number of the element + 1 by (type, name); 0: free */
};

/* The type of a name, -1: there is none. */
int32_t gm__fhir_type_find(const gm_fhir_rules *r, const char *name, size_t bytes);
const gm__fhir_type *gm__fhir_type_of(const gm_fhir_rules *r, int32_t type); /* a row's */
const char *gm__fhir_type_name(const gm_fhir_rules *r, int32_t type);
bool gm__fhir_is_resource(const gm_fhir_rules *r, int32_t type);
/* The element of a type or its base, or NULL. */
const gm__fhir_element *gm__fhir_element_find(const gm_fhir_rules *r, int32_t type,
                                              const char *name, size_t bytes);
/* Is a code in a row of codes? */
bool gm__fhir_code_in(int32_t codes, const char *code, size_t bytes);
#endif
