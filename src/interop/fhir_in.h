/* fhir_in.h - what the files of the FHIR reader share (gemel/fhir.h, docs/fhir.md).
 *
 * A file is read in passes: TABLE collects what references point at; of a history NEWEST finds the
 * newest version of each resource; FIRST, when properties of Patients are asked for, does all that
 * TELL does but tells nothing, to learn the time of each Patient's first datum; TELL tells. */
#ifndef GEMEL_INTEROP_FHIR_IN_H
#define GEMEL_INTEROP_FHIR_IN_H
#include "base/json_tree.h"
#include "gemel/fhir.h"

enum {
  FHIR_ID_BYTES = 65,      /* a logical id, with its NUL (datatypes.html#id) */
  FHIR_NAME_BYTES = 840,   /* "Observation/o1", or a fullUrl; with a suffix below 1,000 bytes */
  FHIR_SUFFIX_BYTES = 160, /* "#component 3#sample 12345" */
  FHIR_MATCH_MAX = 16,
  FHIR_REASON_BYTES = 700,
  FHIR_UNITS = 8 /* units in use that are known to be good */
};

/* ---- what the definition asks for ------------------------------------------------------------ */
typedef struct {
  const char *system, *code; /* system: its URL where we know it */
  const char *shown;         /* "loinc|4548-4" */
  gm_record_kind kind;       /* OBSERVATION, GIVEN (an input), COVARIATE */
  int32_t index;             /* of the observable, input or covariate */
} fhir_code;

typedef struct {
  fhir_code *code;
  int32_t count, input_count;
  bool patients; /* properties of Patients are asked for */
} fhir_map;

/* The series that a concept is, of one kind: at most one observable or input, any covariates. */
typedef struct {
  const fhir_code *code[FHIR_MATCH_MAX];
  int32_t count;
  bool several; /* more than one observable or input: which is not said */
} fhir_match;

gm_status fhir_map_make(gm_ctx *ctx, gm_arena *arena, const gm_definition *d, fhir_map *out);
const char *fhir_series(const gm_definition *d, const fhir_code *c); /* its name */
/* concept: a CodeableConcept or NULL. Adds to out, which the caller has cleared. */
void fhir_map_find(const fhir_map *m, gm_record_kind kind, const gm_json *concept, fhir_match *out);
/* A Coding; NULL: not asked for. */
const fhir_code *fhir_map_coding(const fhir_map *m, gm_record_kind kind, const gm_json *coding);
/* "Patient.gender" of the system fhir. */
const fhir_code *fhir_map_own(const fhir_map *m, const char *code);

/* ---- what references point at ---------------------------------------------------------------- */
typedef struct {
  const char *name, *full_url; /* "Patient/p1"; "" none */
  const char *code;            /* of a Medication: as it was matched; "" none */
  int32_t input;               /* -1: none of the definition's; FHIR_SEVERAL */
  bool patient;                /* else a Medication */
  bool shared_id;              /* another one has the same id, so it goes by its fullUrl */
  int8_t dated;                /* 0: not yet; 1: by a covariate; 2: by an observation or a dose */
  double first_s; /* of its first observation or dose; of its first covariate where it has none */
} fhir_thing;

enum { FHIR_NONE = -1, FHIR_SEVERAL = -2, FHIR_UNKNOWN = -3 };

typedef struct fhir_table fhir_table;
gm_status fhir_table_new(gm_ctx *ctx, fhir_table **out);
void fhir_table_free(fhir_table *t); /* NULL ok */
/* Number of the thing of this key ("urn:uuid:...", "Patient/p1", "SYSTEM|VALUE" of a Patient);
 * FHIR_NONE; FHIR_SEVERAL. */
int32_t fhir_table_find(const fhir_table *t, const char *key);
int32_t fhir_table_count(const fhir_table *t); /* things */
fhir_thing *fhir_table_at(fhir_table *t, int32_t thing);
const char *fhir_thing_name(const fhir_thing *t);
/* A Patient or Medication; id "" or full_url "": none. Returns its number in *out. */
gm_status fhir_table_add(fhir_table *t, bool patient, const char *id, const char *full_url,
                         int32_t *out);
/* One more key for a thing. */
gm_status fhir_table_key(fhir_table *t, const char *key, int32_t thing);
/* The newest version of a resource: remembers index when (updated_s, version) is not older than
 * what is there. */
gm_status fhir_table_newest(fhir_table *t, const char *name, double updated_s, int64_t version,
                            int64_t index);
int64_t fhir_table_newest_index(const fhir_table *t, const char *name); /* -1: not there */

/* ---- the reading ----------------------------------------------------------------------------- */
typedef enum { FHIR_TABLE, FHIR_NEWEST, FHIR_FIRST, FHIR_TELL } fhir_pass;

/* The entry at hand. */
typedef struct {
  const gm_json *resource;
  const char *type, *id, *full_url; /* id, full_url: "" none */
  int64_t index;
  char place[64];
  char name[FHIR_NAME_BYTES]; /* of its facts: "Observation/o1" */
  char version[FHIR_ID_BYTES];
  char subject_text[FHIR_NAME_BYTES];
  const char *subject;
  int32_t thing; /* the subject's, FHIR_NONE */
  gm_data_class data_class;
  bool withdrawn;
  int64_t facts, refused;
  const char *code; /* of the first refusal; NULL: none */
  const char *why;  /* it was not mapped */
  char reason[FHIR_REASON_BYTES];
} fhir_entry;

typedef struct {
  gm_ctx *ctx;
  const gm_fhir_options *o;
  const gm_definition *d;
  const char *path;
  gm_arena *arena;
  fhir_map map;
  fhir_table *table;
  fhir_pass pass;
  bool bundle, history;
  bool sensitive; /* the Bundle says so of all that is in it */
  int32_t wanted; /* the patient of an identifier; FHIR_NONE: not among the Patients */
  int64_t count;  /* entries of this pass */
  double read_s;
  char unit[FHIR_UNITS][32];
  int32_t unit_next;
  gm_fhir_totals *totals;
  gm_text json;   /* for hashes */
  gm_status stop; /* what a handler could not say */
  fhir_entry e;
} fhir_in;

/* ---- entries (fhir_entry.c) ------------------------------------------------------------------ */
/* Handlers return other than GM_OK only where the reading must stop. */
typedef gm_status fhir_handler(fhir_in *r);
fhir_handler fhir_observation, fhir_administration, fhir_request, fhir_statement, fhir_condition,
    fhir_procedure, fhir_encounter, fhir_patient;

/* Makes a resource the entry at hand, with its type, id and name. full_url "" none. False: refused.
 */
bool fhir_entry_begin(fhir_in *r, const gm_json *resource, const char *full_url);
/* Its facts, in a pass that looks at them. */
gm_status fhir_entry_run(fhir_in *r);
/* Refuses a part, or the whole, of the entry: "Observation.component[1].valueQuantity.code: ...".
 * below: NULL or the name of what is missing below at. Returns false. */
bool fhir_refuse(fhir_in *r, const char *code, const gm_json *at, const char *below,
                 const char *format, ...) GM_PRINTF(5, 6);
/* Is it labelled so in its meta.security? */
bool fhir_is_sensitive(const gm_json *resource);
gm_status fhir_not_mapped(fhir_in *r, const char *why); /* static text; GM_OK */
/* The statuses that a resource may have, ended by {NULL}. */
typedef struct {
  const char *status;
  enum { FHIR_TAKE, FHIR_WITHDRAW, FHIR_REFUSE } what;
  const char *why; /* of a refusal: "cancelled: there is no result" */
} fhir_status;
/* Looks up `status`, and sets withdrawn. False: refused. */
bool fhir_status_read(fhir_in *r, const fhir_status *list);
/* Before the first fact: is the resource one that may be used, of a subject that is asked for?
 * subject_key: of the Reference; NULL: a Patient itself. False: refused or not mapped, or stop. */
bool fhir_gate(fhir_in *r, const char *subject_key);
/* Tells a fact, or refuses the part. The caller fills kind, series, times, value, unit, censored
 * and code; suffix goes behind the id; at: the element that the value is of. A withdrawn fact has
 * no value. */
gm_status fhir_tell(fhir_in *r, gm_fact *f, const char *suffix, const gm_json *at);

/* ---- references (fhir_reference.c) ----------------------------------------------------------- */
/* Who the Reference below key is; type "Patient" or "Medication". Gives the number of the thing, or
 * FHIR_NONE with the name as it stands, or FHIR_UNKNOWN when it was refused. name[bytes]. */
int32_t fhir_reference(fhir_in *r, const gm_json *reference, const char *type, char *name,
                       size_t bytes);
const gm_json *fhir_contained(const gm_json *resource, const char *reference);
/* Is a Reference one to a Patient? As far as its text tells. */
bool fhir_is_patient(const fhir_in *r, const gm_json *reference);

/* ---- elements (fhir_element.c) --------------------------------------------------------------- */
/* A text without NUL, or NULL. */
const char *fhir_text(const gm_json *object, const char *key);
bool fhir_is(const gm_json *object, const char *key, const char *text);
/* Does a CodeableConcept have this coding? system NULL: of any. */
bool fhir_has_coding(const gm_json *concept, const char *system, const char *code);

/* Item i of an array; NULL. */
const gm_json *fhir_item(const gm_json *array, int64_t i);

/* A time or a period. */
typedef struct {
  const gm_json *at;
  bool has_start, has_end, period;
  gm_fhir_time start, end; /* the same thing twice for a time */
} fhir_when;
/* Of effectiveDateTime, effectivePeriod, effectiveInstant, effectiveTiming (one event) for the stem
 * "effective". False: refused; nothing there is no refusal. */
bool fhir_when_read(fhir_in *r, const gm_json *parent, const char *stem, fhir_when *out);
bool fhir_time_of(fhir_in *r, const gm_json *text, gm_fhir_time *out);
/* Precise to the second and with a zone; else refused. */
bool fhir_exact(fhir_in *r, const gm_json *at, const gm_fhir_time *t);

typedef struct {
  const char *value; /* as written; borrowed */
  char unit[GM_UNIT_CODE_BYTES];
  int8_t censored;
} fhir_quantity;
bool fhir_quantity_read(fhir_in *r, const gm_json *node, fhir_quantity *out);

/* The level of a covariate, as the definition writes it; NULL: none of them. */
const char *fhir_level(const gm_covariate *c, const char *text);
const char *fhir_level_of(const gm_covariate *c, const gm_json *concept);
const char *fhir_level_yes(const gm_covariate *c, bool yes);

/* ---- samples (fhir_sample.c) ----------------------------------------------------------------- */
/* A fact for every sample; like: as far as it is the same for all, at the time of the first. */
gm_status fhir_samples(fhir_in *r, const gm_json *node, const gm_fact *like, const char *suffix);
/* data * factor + origin, exactly where all fit into 18 digits; else to 17. out[32]. */
bool fhir_sample_value(const char *data, const char *factor, const char *origin, char out[32]);
#endif
