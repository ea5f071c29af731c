/* deidentify.h - data of many subjects for research, without what says who they are.
 * room: interop
 * Works on the twins of a store that consents permit to be exported. What is done with each of the
 * 18 identifiers of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)(i)), and what is not promised, stands
 * in the report and in docs/deidentify.md. Subjects that are too few in their group of
 * quasi-identifiers are left out (k-anonymity: L. Sweeney, Int. J. Uncertainty, Fuzziness and
 * Knowledge-Based Systems 10 (2002) 557-570). Everything is held in memory: some 200 bytes a fact.
 * Threads: no shared state. */
#ifndef GEMEL_DEIDENTIFY_H
#define GEMEL_DEIDENTIFY_H
#include "gemel/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* K_LEAST: the threshold 0.09 of EMA policy 0070 is one in 11; gemel/bank.h has the same. */
enum { GM_DEIDENTIFY_K_LEAST = 11, GM_DEIDENTIFY_QUASI_MAX = 8, GM_DEIDENTIFY_KEY_BYTES = 32 };

/* A covariate that others may know of a subject, by its first value of each subject. */
typedef struct {
  const char *name;
  const char *unit; /* of numbers, UCUM; NULL: of the first subject that has it (ages: a) */
  /* Bins of numbers, ascending; none: quantiles, to steps of a hundredth to a tenth of the range.
   * Where that does not do every second cut goes, until there is none. */
  const double *cut;
  int32_t cut_count;
  /* Levels, and what each becomes before all become one; may be none. */
  const char *const *level, *const *general;
  int32_t level_count;
} gm_deidentify_quasi;

/* Lists are borrowed for the call; NULL with a count 0. */
typedef struct {
  const gm_deidentify_quasi *quasi; /* 1 to GM_DEIDENTIFY_QUASI_MAX */
  int32_t quasi_count;
  const char *const *covariate; /* those that go out with their values and times; others do not */
  int32_t covariate_count;
  const char *const *age; /* series that are ages, beside "age" and what is coded as an age */
  int32_t age_count;
  int32_t k;                /* 0: K_LEAST, which is also the least */
  double suppress_max;      /* share of subjects to leave out rather than to widen bins; 0: 0.05 */
  bool parameters;          /* means of the calibrated parameters, in 3 digits: they are
                          quasi-identifying, and k does not cover them */
  const unsigned char *key; /* [GM_DEIDENTIFY_KEY_BYTES] of pseudonyms and shifts; NULL: one is made
                               for this export and wiped */
  const gm_watch *watch;
} gm_deidentify_options;

typedef struct {
  int64_t kept, suppressed;        /* subjects */
  int64_t twins, withheld, empty;  /* twins exported; not permitted; without a fact to export */
  int64_t facts, withdrawn, again; /* exported; withdrawn; the same thing in a fork, or an old
                                      version of it there */
  int64_t not_permitted; /* facts of twins exported, without those of kinds that may not be read */
  int64_t not_asked;     /* facts of covariates that were not asked for */
  int64_t rare;          /* facts with a word that fewer than k subjects share: may be free text */
  int64_t unreadable; /* no fact, no time of the years 1 to 9998, an age without a unit of time */
  int64_t parameter_sets, parameters_withheld;
  int32_t k, k_reached; /* asked for; subjects in the smallest group */
} gm_deidentify_counts;

/* CSV (RFC 4180, first line names) and the report, as docs/deidentify.md has them. */
typedef struct {
  gm_text subjects, facts, parameters, report_json, report_text; /* parameters: "" not asked for */
  gm_deidentify_counts count;
} gm_deidentified;

/* For sessions of the purpose research-export. A row EXPORTED of each twin is in the audit log, and
 * consents are asked once more, before anything is given out. out is to be freed, and untouched
 * after a failure: GM_EDENIED (another purpose, or fewer than k subjects remain), GM_EINVAL (an
 * option), GM_ENOTFOUND (a covariate that nobody has), GM_EBUSY (a consent was withdrawn or a
 * subject erased meanwhile: again), GM_ECANCELLED, as gm_store_read. */
GM_API GM_NODISCARD gm_status gm_deidentify(gm_session *a, gm_ctx *ctx,
                                            const gm_deidentify_options *o, gm_deidentified *out);
GM_API void gm_deidentified_free(gm_deidentified *d); /* NULL ok; a zeroed one too */

/* A key kept in a file (64 hex digits), made for its owner alone when the file is not there: later
 * exports with it have the same pseudonyms and shifts. Whoever has it and the store knows who is
 * who. key[GM_DEIDENTIFY_KEY_BYTES], to be wiped by the caller. Fails: GM_EIO, GM_EPARSE. */
GM_API GM_NODISCARD gm_status gm_deidentify_key(gm_ctx *ctx, const char *path, unsigned char *key);

#ifdef __cplusplus
}
#endif
#endif
