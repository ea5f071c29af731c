/* nightscout_in.h - what the files of the Nightscout reader share (gemel/nightscout.h,
 * docs/cgm.md). Two passes over all files: TABLE collects what decides how long a basal rate lasts,
 * TELL tells. */
#ifndef GEMEL_INTEROP_NIGHTSCOUT_IN_H
#define GEMEL_INTEROP_NIGHTSCOUT_IN_H
#include "base/json_tree.h"
#include "gemel/nightscout.h"

enum {
  SCOUT_ID_BYTES = 200,
  SCOUT_NAME_BYTES = 100, /* of a profile */
  SCOUT_REASON_BYTES = 500,
  SCOUT_STEPS_MAX = 1440 /* of one profile: one a minute */
};

/* Times that are believed: 1973 to 2100. A clock that was never set says 1970. */
#define SCOUT_TIME_FIRST_S 1e8
#define SCOUT_TIME_LAST_S  4102444800.0

/* nightscout|NAME, and the sort of series that may ask for it. */
#define SCOUT_CODE_LIST(X)                                                                         \
  X(SCOUT_SGV, "sgv", GM_RECORD_OBSERVATION)                                                       \
  X(SCOUT_MBG, "mbg", GM_RECORD_OBSERVATION)                                                       \
  X(SCOUT_INSULIN, "insulin", GM_RECORD_GIVEN)                                                     \
  X(SCOUT_BASAL, "basal", GM_RECORD_GIVEN)                                                         \
  X(SCOUT_CARBS, "carbs", GM_RECORD_GIVEN)                                                         \
  X(SCOUT_EXERCISE, "exercise", GM_RECORD_COVARIATE)
typedef enum {
#define GM_X(code, name, kind) code,
  SCOUT_CODE_LIST(GM_X)
#undef GM_X
      SCOUT_CODE_COUNT
} scout_code;

typedef enum { SCOUT_TABLE, SCOUT_TELL } scout_pass;
typedef enum { SCOUT_ENTRY, SCOUT_TREATMENT, SCOUT_PROFILE, SCOUT_OTHER } scout_kind;

/* The document at hand. */
typedef struct {
  const gm_json *node;
  scout_kind kind;
  int64_t index;
  char place[64];
  char id[SCOUT_ID_BYTES], version[SCOUT_ID_BYTES];
  uint64_t key; /* of kind and id */
  bool timed;
  double t_s;
  bool withdrawn;
  int64_t facts, refused;
  const char *why; /* it was not mapped */
  char reason[SCOUT_REASON_BYTES];
} scout_doc;

typedef struct scout_basal scout_basal; /* nightscout_basal.c */

typedef struct {
  gm_ctx *ctx;
  const gm_nightscout_options *o;
  const char *path;
  int32_t file;
  scout_pass pass;
  const char *series[SCOUT_CODE_COUNT]; /* NULL: nothing asks for it */
  char insulin[GM_UNIT_CODE_BYTES], rate[GM_UNIT_CODE_BYTES];
  scout_basal *basal;
  double first_s, last_s; /* of the data, first > last: none */
  int64_t count;          /* documents of this pass */
  gm_nightscout_totals *totals;
  gm_text json;   /* for hashes */
  gm_arena *work; /* a profile written as text */
  gm_status stop; /* what a handler could not say */
  scout_doc d;
} scout_in;

/* ---- values (nightscout_value.c) ------------------------------------------------------------- */
/* A text without NUL that is not empty, or NULL. */
const char *scout_text(const gm_json *object, const char *key);
bool scout_is(const gm_json *object, const char *key, const char *text);
/* A value that is there: not missing, null or "". NULL: none. */
const gm_json *scout_value(const gm_json *object, const char *key);
/* A decimal as it was written (a number, a text of one, mongoexport's {"$numberDouble": ...}), and
 * its value in *v. NULL: it is none. */
const char *scout_number(const gm_json *n, double *v);
/* A number of a field; false: refused. Nothing there is NaN and true. */
bool scout_read(scout_in *r, const char *key, double *v);
/* A time as milliseconds or seconds since 1970 or in ISO 8601; offset: the document's utcOffset,
 * for a text without zone, or NULL. */
bool scout_time_of(const gm_json *n, const gm_json *offset, double *out);

/* ---- documents (nightscout_doc.c) ------------------------------------------------------------ */
/* Makes a JSON value the document at hand: kind, id, version, time. False: refused. */
bool scout_doc_begin(scout_in *r, const gm_json *node);
/* Refuses a part, or the whole; key "": the document itself. Returns false. */
bool scout_refuse(scout_in *r, const char *key, const char *format, ...) GM_PRINTF(3, 4);
/* Static text; GM_OK. */
gm_status scout_not_mapped(scout_in *r, const char *why);
/* Tells a fact, or refuses the part. The caller fills kind, times, value, unit, censored, class;
 * code: what asks for it; name: of gm_fact.code, NULL: that of code; suffix goes behind the id. */
gm_status scout_tell(scout_in *r, scout_code code, const char *name, gm_fact *f, const char *suffix,
                     const char *key);
gm_status scout_entry(scout_in *r);
gm_status scout_treatment(scout_in *r);

/* ---- basal rates (nightscout_basal.c, nightscout_profile.c) ---------------------------------- */
gm_status scout_basal_new(gm_ctx *ctx, scout_basal **out);
void scout_basal_free(scout_basal *b); /* NULL ok */
/* After the pass TABLE. */
void scout_basal_close(scout_basal *b);
/* A document of the eventType Temp Basal or Profile Switch, and a profile, in either pass. */
gm_status scout_temporary(scout_in *r);
gm_status scout_switch(scout_in *r);
gm_status scout_profile(scout_in *r);
#endif
