/* nightscout.h - exports of Nightscout (cgm-remote-monitor, API v1 and v3) as facts: sensor and
 * meter glucose, boluses, carbohydrate, basal insulin by temporary rates and by profile.
 * room: interop
 * docs/cgm.md has every field that is looked at. What is asked for stands in the definition, as
 * codes: nightscout|sgv and nightscout|mbg of observables, nightscout|insulin, nightscout|basal and
 * nightscout|carbs of inputs, nightscout|exercise of a covariate with the levels no and yes.
 * Every document is accounted for: taken, not mapped, or refused with a reason that names the field
 * and never its value. Files are read twice (a temporary rate ends where the next one begins), so
 * they must be regular files; of memory they need one document (64 MiB at most) and a table of the
 * basal rates (GM_NIGHTSCOUT_TABLE_BYTES at most), whatever their length.
 * Threads: no shared state. */
#ifndef GEMEL_NIGHTSCOUT_H
#define GEMEL_NIGHTSCOUT_H
#include "gemel/fact.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GM_NIGHTSCOUT_TABLE_BYTES = 64 << 20 };

#define GM_NIGHTSCOUT_OUTCOME_LIST(X)                                                              \
  X(TAKEN, "taken")           /* facts were told; parts may have been refused */                   \
  X(NOT_MAPPED, "not mapped") /* nothing asks for it */                                            \
  X(REFUSED, "refused")       /* asked for, and no fact could be made of it */
typedef enum {
#define GM_X(name, text) GM_NIGHTSCOUT_##name,
  GM_NIGHTSCOUT_OUTCOME_LIST(GM_X)
#undef GM_X
      GM_NIGHTSCOUT_OUTCOME_COUNT
} gm_nightscout_outcome;
GM_API const char *gm_nightscout_outcome_name(gm_nightscout_outcome o); /* static text */

/* What became of one document. Texts are borrowed for the call, "" where there is none. */
typedef struct {
  int32_t file;      /* number of its path, from 0 */
  int64_t index;     /* in its array from 0; of lines the line's number from 1 */
  const char *place; /* "[3]", "result[3]", "treatments[3]", "line 12" */
  const char *kind;  /* "entry", "treatment", "profile", "" none of them */
  const char *id;    /* as the source has it, or a hash */
  gm_nightscout_outcome outcome;
  const char *reason; /* "treatment.duration: ..." of the first refusal; why it is not mapped */
  int64_t facts;      /* told */
  int64_t parts_refused;
} gm_nightscout_account;
/* Returns other than GM_OK to stop, which the reader then returns. */
typedef gm_status gm_nightscout_listener(void *user, const gm_nightscout_account *a);

typedef struct {
  const gm_definition *definition; /* what is asked for; NULL: nothing is mapped */
  const char *subject;             /* whose data these are: an export does not say; NULL: "" */
  const char *source;              /* gm_fact.source; NULL or "": "nightscout" */
  const char *licence;             /* of the data; NULL: "" */
  const char *insulin_unit;        /* what a unit of insulin is written as; NULL: "[IU]" */
  bool lines;                      /* one document on each line, as mongoexport writes */
  bool zone_known;                 /* zone_min is said: */
  int32_t zone_min;    /* minutes east of UTC of profiles whose time zone is only a name */
  bool profile_given;  /* a profile's basal counts as given wherever no temporary rate runs; else it
                          is told as ordered, whatever runs */
  double from_s, to_s; /* a profile's basal is told for this time; both 0: from the first datum of
                          the files to the last */
  gm_fact_listener *fact;          /* NULL ok; facts of a document come before its account */
  gm_nightscout_listener *account; /* NULL ok; in the order of the documents */
  void *user;
} gm_nightscout_options;

/* documents = taken + not_mapped + refused. */
typedef struct {
  int64_t documents, taken, not_mapped, refused, facts, parts_refused;
} gm_nightscout_totals;

/* Reads files that belong together (entries, treatments, profiles, pages of them) as one export.
 * Each is an array of documents, an object with such an array as `result` (API v3) or with arrays
 * named `entries`, `treatments`, `profile`, `devicestatus` (which must fit into memory), a single
 * document, or lines. *totals is set whatever happens: what was told before a failure. A file that
 * is no JSON is refused before anything is told; of lines such a line is one refused document.
 * Fails: GM_EINVAL (path_count < 1, an unknown code nightscout|..., one that two series have, one
 * of the wrong sort, a bad option), GM_EIO (no regular file, changed while it was read), GM_EPARSE,
 * GM_ERANGE (limits), GM_EFULL (the table), GM_EUNIT (insulin_unit), GM_ENOMEM, what a listener
 * gave. */
GM_API GM_NODISCARD gm_status gm_nightscout_read(gm_ctx *ctx, const char *const *path,
                                                 int32_t path_count,
                                                 const gm_nightscout_options *options,
                                                 gm_nightscout_totals *totals);

#ifdef __cplusplus
}
#endif
#endif
