/* t1d_verb_records.h - the files of a person's records that a verb is given: read, and accounted
 * for. Threads: no shared state. */
#ifndef T1D_VERB_RECORDS_H
#define T1D_VERB_RECORDS_H
#include "t1d_verbs.h"
#include "gemel/json_write.h"
#include "t1d_record.h"

typedef struct {
  t1d_records records;
  const char *what;             /* "rows", "documents", "entries"; static */
  int64_t read, refused, parts; /* parts: refused of documents and entries */
  int64_t not_mapped;           /* of what nothing here asks for */
  char first_refused[640];      /* file, place and why, without a value; "" none */
  char clock[24];   /* of local time: "UTC+5:30", or where --zone is not given "UTC" or "as in the
                     tables"; no markup */
  bool utc_taken;   /* the clock is UTC because nothing else was said */
  bool zone_needed; /* basal of a profile was refused, as its zone is only a name */
} t1d_input;

/* The command's arguments: tables (with the options `mapping`, of which a table takes the first
 * whose columns it has, in the clock of zone_h), Nightscout's JSON (zone_h where a profile's zone
 * is only a name and the option `zone` is given) or FHIR's, all of one person. *out: freed by the
 * caller, also after a failure. Fails: as the readers, GM_EINVAL (sorts of files that do not go
 * together; a mapping that no table fits, or that stands beside files of another sort; no reading
 * of a sensor), GM_EUNIT (more than half of the readings can only be mmol/L). */
GM_NODISCARD gm_status t1d_input_read(gm_program *p, double zone_h, t1d_input *out);
void t1d_input_free(t1d_input *in);
/* One line, those with warnings, the first refusal and a refused profile if there is any, and the
 * clock's. */
void t1d_input_show(const t1d_input *in, gm_text *out);
/* The warnings alone, a line each; nothing where there are none. */
void t1d_input_doubts(const t1d_input *in, gm_text *out);
void t1d_input_json(const t1d_input *in, gm_json_writer *j); /* as the object "input" */
#endif
