/* fhir_out_internal.h - what the parts of the FHIR writer share. */
#ifndef GEMEL_INTEROP_FHIR_OUT_INTERNAL_H
#define GEMEL_INTEROP_FHIR_OUT_INTERNAL_H
#include "base/json_write.h"
#include "gemel/fhir_out.h"

enum {
  FHIR_OUT_ID_BYTES = 65,
  FHIR_OUT_TIME_BYTES = 40,
  FHIR_OUT_URL_BYTES = 400,
  FHIR_OUT_NUMBER_BYTES = 352 /* -4.94065645841247e-324 written out */
};

/* Code systems and extensions of our own; a private name space of URNs (RFC 8141, section 5). */
#define FHIR_OUT_OWN "urn:x-gemel:"

typedef enum {
  FHIR_OUT_HELD,
  FHIR_OUT_TWIN,
  FHIR_OUT_FORECAST,
  FHIR_OUT_PROPOSAL,
  FHIR_OUT_SECTIONS
} fhir_out_section;

struct gm_fhir_out {
  gm_ctx *ctx;
  gm_fhir_out_options o;
  gm_text *out;
  gm_json_writer bundle; /* of a collection; into out */
  gm_text pending;       /* entries of the present call, with commas; added when it is done */
  gm_text resource;      /* the one being written */
  gm_text body;          /* of a document: its entries */
  gm_text section[FHIR_OUT_SECTIONS], section_pending; /* references, with commas */
  char patient_id[FHIR_OUT_ID_BYTES], twin_id[FHIR_OUT_ID_BYTES];
  char patient_ref[FHIR_OUT_URL_BYTES], twin_ref[FHIR_OUT_URL_BYTES];
  uint64_t
      *seen; /* owned: hashes of full URL and version, open addressing; 0: free, 2: taken back */
  int32_t seen_count, seen_room;
  gm_text seen_pending; /* of the present call: hashes, 8 bytes each */
  bool twin_written, ended;
};

/* ---- names, times, numbers ------------------------------------------------------------------- */
/* text as an id of FHIR; itself where it is one. */
void fhir_out_id(const char *text, char out[FHIR_OUT_ID_BYTES]);
/* PREFIX and a number or name; as an id. */
void fhir_out_id_of(const char *name, const char *suffix, char out[FHIR_OUT_ID_BYTES]);
/* What a reference to it says: "TYPE/ID", or its urn:uuid (of a version, where it has one). */
void fhir_out_ref(const gm_fhir_out *w, const char *type, const char *id, const char *version,
                  char out[FHIR_OUT_URL_BYTES]);
/* Type and id of the resource that a fact becomes. */
const char *fhir_out_fact_type(const gm_fact *f);
void fhir_out_fact_id(const gm_fhir_out *w, const gm_fact *f, char out[FHIR_OUT_ID_BYTES]);
/* Its version as meta.versionId, "" none. */
void fhir_out_fact_version(const gm_fact *f, char out[FHIR_OUT_ID_BYTES]);
/* A reference to that resource. */
void fhir_out_fact_ref(const gm_fhir_out *w, const gm_fact *f, char out[FHIR_OUT_URL_BYTES]);
/* Fails: GM_ERANGE. */
gm_status fhir_out_time(gm_ctx *ctx, double unix_s, char out[FHIR_OUT_TIME_BYTES]);
double fhir_out_unix(const gm_fhir_out *w, double t); /* of the model's time */
/* To 6 significant digits, or to the whole number where that has more; without an exponent; v is
 * finite. */
const char *fhir_out_number(double v, char out[FHIR_OUT_NUMBER_BYTES]);
/* To 15 digits: what a clock or a step was set to, of which nothing may be lost. */
const char *fhir_out_exact(double v, char out[FHIR_OUT_NUMBER_BYTES]);

/* ---- entries --------------------------------------------------------------------------------- */
/* Begins a resource: its type and id. */
void fhir_out_begin(gm_fhir_out *w, gm_json_writer *j, const char *type, const char *id);
/* Ends it: it becomes an entry of the present call. */
gm_status fhir_out_take(gm_fhir_out *w, gm_json_writer *j, const char *type, const char *id,
                        const char *version);
/* All entries of the present call go out, into a section of a document (s GM_OK), or none of them.
 * Returns s, or why not. */
gm_status fhir_out_commit(gm_fhir_out *w, gm_status s, fhir_out_section section);

/* ---- elements -------------------------------------------------------------------------------- */
void fhir_out_reference(gm_json_writer *j, const char *key, const char *reference);
void fhir_out_subject(const gm_fhir_out *w, gm_json_writer *j, const char *key);
/* code "loinc|4548-4" or "": a CodeableConcept with that coding, where the system is known, and the
 * text. */
void fhir_out_concept(gm_json_writer *j, const char *key, const char *code, const char *text);
/* A concept of our own: system urn:x-gemel:SYSTEM. */
void fhir_out_own(gm_json_writer *j, const char *key, const char *system, const char *code,
                  const char *text);
void fhir_out_quantity(gm_json_writer *j, const char *key, const char *number,
                       const char *comparator, const char *unit);
/* {start, end} of Unix seconds. */
gm_status fhir_out_period(gm_fhir_out *w, gm_json_writer *j, const char *key, double begin_s,
                          double end_s);
/* A text without control characters, cut at 1,000 bytes; nothing where it is NULL or "". */
void fhir_out_text(gm_json_writer *j, const char *key, const char *text);
void fhir_out_note(gm_json_writer *j, const char *text); /* note: [{text}] */
/* identifier: [{system, value}]; nothing where value is "" */
void fhir_out_identifier(gm_json_writer *j, const char *system, const char *value);
const char *fhir_out_first_code(const gm_coding *c); /* "" none */
#endif
