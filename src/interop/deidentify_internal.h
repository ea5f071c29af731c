/* deidentify_internal.h - the parts of gm_deidentify: facts are gathered, subjects grouped, texts
 * written. */
#ifndef GEMEL_INTEROP_DEIDENTIFY_INTERNAL_H
#define GEMEL_INTEROP_DEIDENTIFY_INTERNAL_H
#include "gemel/deidentify.h"
#include "gemel/fact.h"

enum { GM__DEID_KINDS = GM_RECORD_COVARIATE + 1, GM__DEID_NAME_BYTES = 33 };
#define GM__DEID_YEAR_S (365.25 * 86400) /* UCUM: a */

/* ---- words ----------------------------------------------------------------------------------- */
/* Texts, each once, and how many subjects share each. */
typedef struct {
  const char *text;
  int32_t last, subjects; /* last: the subject that was counted last */
  bool plain;             /* printable, and no formula to a spreadsheet */
} gm__deid_word;
typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  gm__deid_word *word;
  int32_t count, room;
  int32_t *slot; /* number + 1; 0: free */
  int32_t slots; /* a power of two */
  unsigned char key[16];
} gm__deid_words;
gm_status gm__deid_words_init(gm__deid_words *w, gm_ctx *ctx);
void gm__deid_words_free(gm__deid_words *w);
/* Number of the text of up to three parts (b, c may be NULL); -1: no memory. Its text begins with
 * part a and a byte 0x1f where there is a b; gm__deid_word_tail gives the last part. */
int32_t gm__deid_word_of(gm__deid_words *w, const char *a, const char *b, const char *c);
const char *gm__deid_word_tail(const gm__deid_words *w, int32_t number);

/* ---- what is gathered ------------------------------------------------------------------------ */
typedef struct {
  int64_t twin, number;         /* of it and of its subject in the store */
  int32_t subject;              /* -1: nothing of it is exported */
  int32_t place;                /* among its subject's twins, from 1 on */
  uint8_t used[GM__DEID_KINDS]; /* bits of the classes that were taken, of each kind */
  int8_t belief;                /* its parameters may go out: 1; not asked yet: 0; no: -1 */
  int64_t rows;
} gm__deid_twin;

typedef struct {
  int64_t number;
  char name[GM__DEID_NAME_BYTES];
  int32_t shift_days;
  double last_s; /* of its last fact */
  bool kept;
  int32_t row, row_count; /* its facts */
} gm__deid_subject;

typedef struct {
  int32_t subject, twin;
  uint8_t kind, data_class;
  int8_t censored, quasi;       /* quasi: which one it is of, -1: none */
  bool withdrawn, age, out;     /* out: goes out as a fact */
  int32_t series, unit, value;  /* words of kind, series; of series, unit; of series, value or -1 */
  const char *text, *unit_text; /* the value, and its unit */
  double t_s, duration_s, age_a; /* age_a: in years */
  int64_t t_learned;
  unsigned char thing[16];
} gm__deid_row;

typedef struct {
  gm_session *a;
  gm_ctx *ctx;
  const gm_deidentify_options *o;
  int32_t k;
  double suppress_max;
  unsigned char key[GM_DEIDENTIFY_KEY_BYTES];
  gm_arena *memory, *scratch;
  gm_arena_mark mark; /* of scratch */
  gm__deid_words words;
  gm__deid_twin *twin;
  gm__deid_subject *subject;
  gm__deid_row *row;
  int32_t twin_count, twin_room, subject_count, row_count, row_room;
  gm_deidentify_counts count;
} gm__deid;

/* Twins, subjects and facts, each thing once, by subject and time; fills counts. */
gm_status gm__deid_gather(gm__deid *e);
/* The parameters of a twin may be exported: 1; -1 no. */
gm_status gm__deid_belief_may(gm__deid *e, gm__deid_twin *t);
/* Consents as they are now still permit what was taken of the subjects that are kept. */
gm_status gm__deid_still_may(gm__deid *e);

/* ---- groups ---------------------------------------------------------------------------------- */
/* One quasi-identifier: value[n] or level[n] of every subject, cut or generalised step by step. */
typedef struct {
  const gm_deidentify_quasi *asked;
  double scale; /* of its cuts' unit, in that of its values: months of an age */
  bool numeric, age;
  char unit[GM_UNIT_CODE_BYTES];
  double *value;  /* [n] NaN: not said */
  int32_t *level; /* [n] its word; -1: not said */
  int32_t *wide;  /* [n] after the caller's general levels */
  double *cut;    /* owned by the arena */
  int32_t cut_count;
  int32_t step, step_max; /* step_max: all in one; 0: there are no cuts */
  int32_t distinct;       /* values or bins before any step */
} gm__deid_quasi;

/* Cuts for values x[n] (NaN left out) into about `bins` bins of as many; cut[bins - 1]. */
int32_t gm__deid_cuts(int32_t n, const double *x, int32_t bins, double *scratch, double *cut);
/* The bin or level of a subject at the present step, -1: not said. */
int32_t gm__deid_code(const gm__deid_quasi *q, int32_t subject);
/* Steps until at most suppress_max of the n subjects are in groups of fewer than k; then
 * group[n] (numbers from 0 on, as they come) and *smallest, kept[n]. */
gm_status gm__deid_group(gm_ctx *ctx, int32_t n, gm__deid_quasi *quasi, int32_t quasi_count,
                         int32_t k, double suppress_max, int32_t *group, bool *kept,
                         int32_t *smallest);
/* The quasi-identifiers of what was gathered. quasi[o->quasi_count] */
gm_status gm__deid_quasi_make(gm__deid *e, gm__deid_quasi *quasi);
/* What a subject's column says: "40 to <65", "female", "*", "". */
void gm__deid_label(const gm__deid *e, const gm__deid_quasi *q, int32_t subject, gm_text *out);

/* ---- texts ----------------------------------------------------------------------------------- */
void gm__deid_csv(gm_text *out, const char *text); /* one field, quoted where need be */
/* Marks rows of rare words, and counts. */
gm_status gm__deid_rows_choose(gm__deid *e);
gm_status gm__deid_subjects_write(gm__deid *e, const gm__deid_quasi *q, gm_text *out);
gm_status gm__deid_facts_write(gm__deid *e, gm_text *out);
gm_status gm__deid_parameters_write(gm__deid *e, gm_text *out);
gm_status gm__deid_report_write(gm__deid *e, const gm__deid_quasi *q, gm_text *json, gm_text *text);

#endif
