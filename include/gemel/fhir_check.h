/* fhir_check.h - is this FHIR R4? Structure and values of any resource in JSON.
 * room: interop
 *
 * Checked: the resource type; that every element is one of its type, as often as it may be; the
 * forms of primitive values; one way only of each choice; codes of required bindings as far as the
 * JSON schema states them; references, contained resources, extensions on primitives; empty
 * objects, arrays and texts; and those invariants of the base specification that need nothing but
 * the resource itself (docs/fhir-out.md lists them). Not checked: profiles, terminology, narrative
 * beyond its outermost element, what extensions mean.
 * No reason quotes a value: it may be a patient's. It does name elements.
 * Threads: rules are immutable and may be shared; all else has no shared state. */
#ifndef GEMEL_FHIR_CHECK_H
#define GEMEL_FHIR_CHECK_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The types of FHIR R4 4.0.1, their elements and codes. */
typedef struct gm_fhir_rules gm_fhir_rules;
/* About 1 ms and 600 kB. *out is owned by the caller. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_fhir_rules_new(gm_ctx *ctx, gm_fhir_rules **out);
GM_API void gm_fhir_rules_free(gm_fhir_rules *r); /* NULL ok */

typedef enum {
  GM_FHIR_FATAL, /* reading ended here */
  GM_FHIR_ERROR,
  GM_FHIR_WARNING,
  GM_FHIR_INFORMATION
} gm_fhir_severity;

/* Texts are owned by the report. */
typedef struct {
  gm_fhir_severity severity;
  const char *code; /* of OperationOutcome.issue: "structure", "required", "value", ... */
  const char
      *expression;    /* "Bundle.entry[3].resource.valueQuantity"; elements as JSON names them */
  const char *reason; /* one sentence; an invariant's begins with its name, "per-1: ..." */
} gm_fhir_issue;

/* All 0: the defaults. */
typedef struct {
  const char *name;        /* of the input, for messages; borrowed for the call; NULL: "resource" */
  int32_t issue_count_max; /* kept; the others are only counted; default 1,000 */
  size_t
      memory_bytes_max; /* of a resource, or of an entry of a Bundle, as a tree; default 64 MiB */
  int32_t entry_count_max; /* of a Bundle whose fullUrls are compared; default 1,000,000 */
} gm_fhir_check_options;

typedef struct {
  const gm_fhir_issue *issue; /* in the order in which they were found */
  int32_t issue_count;
  int64_t errors;    /* fatal ones too, all of them */
  int64_t warnings;  /* all of them */
  int64_t left_out;  /* issues beyond issue_count_max */
  int64_t resources; /* looked at: the outermost, entries, contained */
  const char *type;  /* of the outermost, "" when it has none */
  void *memory;      /* private */
} gm_fhir_report;

/* One resource in JSON; options may be NULL. What is wrong with it is in the report (also what is
 * no JSON: one fatal issue); the status tells only of the checking. A Bundle is read entry by
 * entry, so that its length needs no memory but some 50 bytes an entry. *out is owned by the
 * caller. Fails: GM_ENOMEM, GM_EINVAL (a negative limit). */
GM_API GM_NODISCARD gm_status gm_fhir_check(gm_ctx *ctx, const gm_fhir_rules *rules,
                                            const gm_fhir_check_options *options, const char *json,
                                            size_t bytes, gm_fhir_report **out);
/* The same of a file, which may be longer than memory. Fails also: GM_EIO. */
GM_API GM_NODISCARD gm_status gm_fhir_check_file(gm_ctx *ctx, const gm_fhir_rules *rules,
                                                 const gm_fhir_check_options *options,
                                                 const char *path, gm_fhir_report **out);
GM_API void gm_fhir_report_free(gm_fhir_report *r); /* NULL ok */

/* The report as an OperationOutcome, added to out. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_fhir_report_json(gm_ctx *ctx, const gm_fhir_report *r,
                                                  gm_text *out);
GM_API const char *gm_fhir_severity_name(gm_fhir_severity s); /* "error"; static text */

#ifdef __cplusplus
}
#endif
#endif
