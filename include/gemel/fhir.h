/* fhir.h - HL7 FHIR R4 in: facts out of Bundles, single resources and NDJSON. room: interop
 * Which resource becomes which fact is in docs/fhir.md. Every entry is accounted for: taken, not
 * mapped (nothing in the definition asks for it), or refused, with a code of FHIR's issue types and
 * a reason that names the element and never its value.
 * A file is read at least twice (references may point forward), so it must be a regular file; of
 * memory it needs one entry (64 MiB at most) and the table of Patients and Medications
 * (GM_FHIR_TABLE_BYTES at most), whatever its length. Threads: no shared state. */
#ifndef GEMEL_FHIR_H
#define GEMEL_FHIR_H
#include "gemel/fact.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GM_FHIR_TABLE_BYTES = 64 << 20 };

#define GM_FHIR_OUTCOME_LIST(X)                                                                    \
  X(TAKEN, "taken")           /* facts were told; parts may have been refused */                   \
  X(NOT_MAPPED, "not mapped") /* nothing asks for it, or it is of another patient */               \
  X(REFUSED, "refused")       /* asked for, and no fact could be made of it */
typedef enum {
#define GM_X(name, text) GM_FHIR_##name,
  GM_FHIR_OUTCOME_LIST(GM_X)
#undef GM_X
      GM_FHIR_OUTCOME_COUNT
} gm_fhir_outcome;
GM_API const char *gm_fhir_outcome_name(gm_fhir_outcome o); /* "not mapped"; static text */

/* What became of one entry. Texts are borrowed for the call, "" where there is none. */
typedef struct {
  int64_t index;        /* of a Bundle's entry from 0; of NDJSON the line's number from 1 */
  const char *place;    /* "Bundle.entry[3]", "line 12", "Observation" of a single resource */
  const char *resource; /* its type */
  const char *id;       /* logical id, or the entry's fullUrl */
  gm_fhir_outcome outcome;
  const char *code; /* of FHIR's issue types ("required", "value"), of the first refusal; else
                         "informational" */
  const char
      *reason;   /* "Observation.component[1].valueQuantity.code: ..."; what was not mapped, why */
  int64_t facts; /* told */
  int64_t
      parts_refused; /* components, samples, dosages that were refused; the first is the reason */
} gm_fhir_account;
/* Returns other than GM_OK to stop, which the reader then returns. */
typedef gm_status gm_fhir_account_listener(void *user, const gm_fhir_account *a);

typedef struct {
  const gm_definition *definition; /* what is asked for; NULL: nothing is mapped */
  const char *source;              /* gm_fact.source; NULL or "": "fhir" */
  const char *licence;             /* of the data; NULL: "" */
  const char *patient; /* only this one: a logical id, "Patient/ID", or SYSTEM|VALUE of one of its
                          identifiers; NULL: all */
  bool lines;          /* NDJSON: one resource on each line */
  double read_s;       /* time of reading, Unix seconds; 0: the clock's. Properties of a Patient of
                          whom there is no datum are true at this time. */
  gm_fact_listener *fact;            /* NULL ok; an entry's facts come before its account */
  gm_fhir_account_listener *account; /* NULL ok; in the order of the entries */
  void *user;
} gm_fhir_options;

/* entries = taken + not_mapped + refused. */
typedef struct {
  int64_t entries, taken, not_mapped, refused, facts, parts_refused;
} gm_fhir_totals;

/* Reads a file. *totals is set whatever happens: what was told before a failure. A Bundle that is
 * no JSON, or whose one entry is beyond the limits, is refused before anything of it is told; of
 * NDJSON such a line is one refused entry. Fails: GM_EIO (no regular file, changed while it was
 * read), GM_EPARSE ("file:line:column: where: what"), GM_ERANGE (limits), GM_EFULL (the table),
 * GM_EINVAL (a code of the definition that two series have, or an unknown "fhir|..." code; an
 * identifier of two Patients), GM_ENOMEM, what a listener gave. */
GM_API GM_NODISCARD gm_status gm_fhir_read_file(gm_ctx *ctx, const char *path,
                                                const gm_fhir_options *options,
                                                gm_fhir_totals *totals);

/* ---- the account as FHIR --------------------------------------------------------------------- */
/* Bundle of type batch-response: for each entry a status ("201 Created", "200 OK" for what is not
 * mapped, "422 Unprocessable Entity") and an OperationOutcome. Failures stay in out (its status).
 * out may be emptied between the calls (bytes = 0), so that memory need not grow. */
typedef struct {
  gm_text *out; /* borrowed */
  int64_t count;
} gm_fhir_account_writer;
GM_API void gm_fhir_account_begin(gm_fhir_account_writer *w, gm_text *out);
GM_API void gm_fhir_account_json(gm_fhir_account_writer *w, const gm_fhir_account *a);
GM_API void gm_fhir_account_end(gm_fhir_account_writer *w);

/* ---- times ----------------------------------------------------------------------------------- */
typedef enum { GM_FHIR_YEAR, GM_FHIR_MONTH, GM_FHIR_DAY, GM_FHIR_INSTANT } gm_fhir_precision;
typedef struct {
  double begin_s,
      end_s; /* Unix seconds: an instant twice, or [begin, end) of the day, month, year */
  gm_fhir_precision precision;
  bool zone; /* stated; without it UTC is taken */
} gm_fhir_time;
/* A date, dateTime or instant of R4, in the Gregorian calendar, years 1 to 9999. Second 60 (leap
 * second) is 59.999999. False: it is none; *out is left. */
GM_API bool gm_fhir_time_read(const char *text, gm_fhir_time *out);

/* ---- code systems ---------------------------------------------------------------------------- */
/* "http://loinc.org" of "loinc", of the URL itself or of its OID; NULL: not known. Static text. */
GM_API const char *gm_fhir_system_url(const char *name);
/* "loinc" of any of these; NULL: not known. */
GM_API const char *gm_fhir_system_name(const char *url);

#ifdef __cplusplus
}
#endif
#endif
