/* store.h - the thread: everything known of a twin, append-only, with when it was true and when it
 * was learned. room: store A record is never changed. A correction is a newer version of the same
 * thing (source and id); what was known at any time stays readable as it was. The same version
 * again changes nothing, so whoever is not sure that a record arrived sends it again. Bodies are
 * sealed under a key of the subject (docs/decisions/0007-store.md). Threads: a store may be used by
 * many at once; appends of all of them share commits. */
#ifndef GEMEL_STORE_H
#define GEMEL_STORE_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_store gm_store;

typedef struct {
  const char *url;    /* a file's path */
  const char *master; /* "file:PATH", "env:NAME", "command:COMMAND": where the master key is */
  bool create;        /* make the store when it is not there */
} gm_store_options;

/* Opens, and brings an older store up to date. Fails: GM_ENOTFOUND (no store), GM_EPARSE (no store
 * of ours, damaged, another master key), GM_EUNSUPPORTED (made by a newer Gemel), GM_EIO, GM_EBUSY,
 * GM_EFULL, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_store_open(gm_ctx *ctx, const gm_store_options *o, gm_store **out);
/* Waits for appends under way. NULL ok. */
GM_API void gm_store_close(gm_store *s);

/* Commits since it was opened: each costs the disk one sync. */
GM_API int64_t gm_store_commits(gm_store *s);

/* ---- subjects and twins ---------------------------------------------------------------------- */
/* The subject of a pseudonymous id (1 to 200 bytes); with create it is made, with a key of its own.
 * Fails: GM_ENOTFOUND (not there, or erased), GM_EINVAL, as gm_store_open. */
GM_API GM_NODISCARD gm_status gm_store_subject(gm_store *s, gm_ctx *ctx, const char *id,
                                               bool create, int64_t *out);
/* The twin of that name, unique in the store (1 to 200 bytes); create: for this subject. */
GM_API GM_NODISCARD gm_status gm_store_twin(gm_store *s, gm_ctx *ctx, int64_t subject,
                                            const char *name, bool create, int64_t *out);
/* Destroys the subject's key and everything sealed under it; a tombstone stays, and the chain of
 * its records can still be checked. */
GM_API GM_NODISCARD gm_status gm_store_erase(gm_store *s, gm_ctx *ctx, int64_t subject);

/* ---- records --------------------------------------------------------------------------------- */
typedef enum {
  GM_RECORD_OBSERVATION = 1,
  GM_RECORD_GIVEN, /* a dose that was given; ordered and reported ones are no inputs */
  GM_RECORD_ORDERED,
  GM_RECORD_REPORTED,
  GM_RECORD_COVARIATE,
  GM_RECORD_BELIEF,
  GM_RECORD_FORECAST,
  GM_RECORD_SCORE,
  GM_RECORD_PLAN,
  GM_RECORD_PROPOSAL,
  GM_RECORD_DECISION,
  GM_RECORD_MODEL,
  GM_RECORD_CONSENT,
  GM_RECORD_QUALITY,
  GM_RECORD_NOTE,
  GM_RECORD_KIND_COUNT
} gm_record_kind;

/* Texts: "" where there is none; at most 1,000 bytes each. */
typedef struct {
  gm_record_kind kind;
  const char *series;      /* what it is of: the observable, the input */
  double t_true_s;         /* since 1970-01-01 UTC */
  const char *source, *id; /* which thing it speaks of: the same in all its versions */
  const char *version;
  const void *body;
  size_t bytes; /* at most 64 MiB */
} gm_entry;

typedef struct {
  int64_t seq;       /* number in the twin's thread, from 1 on */
  int64_t t_learned; /* microseconds since 1970-01-01 UTC; grows with seq */
  bool already;      /* this version was there before: nothing was added */
} gm_receipt;

/* Appends all or none of the entries; when it returns GM_OK they are on the disk. receipt[count]
 * may be NULL. Fails: GM_ENOTFOUND (no such twin, or its subject was erased), GM_EINVAL, GM_EFULL,
 * GM_EIO, GM_EBUSY, GM_ENOMEM; then nothing of them is there. */
GM_API GM_NODISCARD gm_status gm_store_append(gm_store *s, gm_ctx *ctx, int64_t twin,
                                              const gm_entry *entry, int32_t count,
                                              gm_receipt *receipt);

/* What is asked of a twin's thread. */
typedef struct {
  int64_t twin;
  gm_record_kind kind; /* 0: all */
  const char *series;  /* NULL: all (then of one kind only if kind is given) */
  double from_s, to_s; /* true in [from_s, to_s]; both 0: always */
  int64_t as_of;       /* as it was known at this time of learning; 0: now */
  bool all_versions;   /* older versions of a thing too */
} gm_record_query;

typedef struct {
  int64_t seq, t_learned;
  gm_record_kind kind;
  double t_true_s;
  const char *series, *source, *id, *version; /* borrowed for the call */
  const void *body;
  size_t bytes;
} gm_record_found;
/* Returns other than GM_OK to stop, which gm_store_read then returns. */
typedef gm_status gm_record_listener(void *user, const gm_record_found *r);

/* Calls back for every record, in order of (t_true_s, seq). Fails: GM_ENOTFOUND, GM_EPARSE (a
 * record was changed), as above. */
GM_API GM_NODISCARD gm_status gm_store_read(gm_store *s, gm_ctx *ctx, const gm_record_query *q,
                                            gm_record_listener *listener, void *user);

/* Checks the chain of a twin's records (0: of all twins): *seq_out is the first record that does
 * not fit (0: all do), *twin_out whose it is. Needs no key. */
GM_API GM_NODISCARD gm_status gm_store_verify(gm_store *s, gm_ctx *ctx, int64_t twin,
                                              int64_t *twin_out, int64_t *seq_out);

#ifdef __cplusplus
}
#endif
#endif
