/* t1d_verb_records.h - the files of a person's records that a verb is given: read, and accounted
 * for. Threads: no shared state. */
#ifndef T1D_VERB_RECORDS_H
#define T1D_VERB_RECORDS_H
#include "t1d_verbs.h"
#include "t1d_json.h"
#include "t1d_record.h"

typedef struct {
  t1d_records records;
  const char *what;             /* "rows", "documents", "entries"; static */
  int64_t read, refused, parts; /* parts: refused of what was taken otherwise */
  int64_t not_mapped;           /* of what nothing here asks for */
  char first_refused[640];      /* where and why, without a value; "" none */
} t1d_input;

/* The command's arguments: tables (with the option `mapping`, in the clock of zone_h), Nightscout's
 * JSON or FHIR's, all of one person. *out: freed by the caller, also after a failure. Fails: as the
 * readers, GM_EINVAL (sorts of files that do not go together). */
GM_NODISCARD gm_status t1d_input_read(gm_program *p, double zone_h, t1d_input *out);
void t1d_input_free(t1d_input *in);
/* One line, and one with the first refusal if there is any. */
void t1d_input_show(const t1d_input *in, gm_text *out);
void t1d_input_json(const t1d_input *in, t1d_json *j); /* as the object "input" */
#endif
