/* store.h - the thread: everything known of a twin, append-only, with when it was true and when it
 * was learned.
 * room: store
 *
 * A record is never changed. A correction is a newer version of the same thing (kind, source and
 * id); what was known at any time stays readable as it was. The same version again changes nothing,
 * so whoever is not sure that a record arrived sends it again. Bodies are sealed under a key of the
 * subject (docs/decisions/0007-store.md).
 * Threads: a store may be used by many at once; appends of all of them share commits. */
#ifndef GEMEL_STORE_H
#define GEMEL_STORE_H
#include "gemel/access.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_store gm_store;

typedef struct {
  const char *url;    /* a file's path, or "postgresql://..." */
  const char *master; /* "file:PATH", "env:NAME", "command:COMMAND": where the master key is */
  bool create;        /* make the store when it is not there */
} gm_store_options;

/* Opens, and brings an older store up to date. Fails: GM_ENOTFOUND (no store), GM_EPARSE (no store
 * of ours, damaged, another master key), GM_EUNSUPPORTED (made by a newer Gemel), GM_EIO, GM_EBUSY,
 * GM_EFULL, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_store_open(gm_ctx *ctx, const gm_store_options *o, gm_store **out);
/* Waits for appends under way. NULL ok. */
GM_API void gm_store_close(gm_store *s);

/* Commits of appends and of rows of the audit log since it was opened: each costs the disk one
 * sync. Those of subjects, twins, cards, documents, pages and erasures are not among them. */
GM_API int64_t gm_store_commits(gm_store *s);

/* ---- sessions -------------------------------------------------------------------------------- */
/* Somebody at the store, for a purpose. Every call below asks gm_access_decide or, where it speaks
 * of no record, gm_access_at_store; what is not allowed fails with GM_EDENIED, and who looked at
 * what is in the audit log (gemel/audit.h). A session may be used by many threads at once; close it
 * before the store. */
typedef struct gm_session gm_session;
/* who's texts are copied. The opening is the first row about it in the audit log. Fails: GM_EINVAL,
 * GM_ENOTFOUND (a patient's subject), as gm_store_open. */
GM_API GM_NODISCARD gm_status gm_session_open(gm_store *s, gm_ctx *ctx, const gm_access_who *who,
                                              gm_session **out);
GM_API void gm_session_close(gm_session *a); /* NULL ok */
GM_API gm_store *gm_session_store(const gm_session *a);
GM_API const gm_access_who *gm_session_who(const gm_session *a);

/* ---- subjects and twins ---------------------------------------------------------------------- */
/* The subject of a pseudonymous id (1 to 200 bytes); with create it is made, with a key of its own.
 * Fails: GM_ENOTFOUND (not there, or erased), GM_EINVAL, GM_EDENIED, as gm_store_open. */
GM_API GM_NODISCARD gm_status gm_store_subject(gm_session *a, gm_ctx *ctx, const char *id,
                                               bool create, int64_t *out);
/* The same of one that is there or was erased, for whoever erases once more. */
GM_API GM_NODISCARD gm_status gm_store_subject_known(gm_session *a, gm_ctx *ctx, const char *id,
                                                     int64_t *out);
/* The twin of that name, unique in the store (1 to 200 bytes); create: for this subject. subject 0:
 * whoever's it is (then not created). Fails: GM_ENOTFOUND (no such twin, or its subject is erased),
 * GM_EEXIST (another subject's twin has the name), as gm_store_subject. */
GM_API GM_NODISCARD gm_status gm_store_twin(gm_session *a, gm_ctx *ctx, int64_t subject,
                                            const char *name, bool create, int64_t *out);
/* Destroys the subject's key and everything sealed under it; a tombstone stays, and the chain of
 * its records can still be checked. The patient itself, or an operator at its request. Keys in
 * backups that cannot be reached are logged as a warning, with their files. Once more reaches for
 * these again, and empties the files again. Fails: GM_ENOTFOUND, GM_EDENIED; GM_EBUSY: it is
 * erased, but a log that others read still holds what was sealed. */
GM_API GM_NODISCARD gm_status gm_store_erase(gm_session *a, gm_ctx *ctx, int64_t subject);

typedef struct {
  int64_t twin, subject, created_us, seq; /* seq: of its last record */
  /* borrowed for the call; "" for whoever may not see names (GM_STORE_NAMES) */
  const char *name, *subject_id;
} gm_twin_found;
typedef gm_status gm_twin_listener(void *user, const gm_twin_found *t);
/* One of them. Fails: GM_ENOTFOUND (no such twin, or erased), GM_EDENIED. */
GM_API GM_NODISCARD gm_status gm_store_twin_look(gm_session *a, gm_ctx *ctx, int64_t twin,
                                                 gm_twin_listener *listener, void *user);
/* Every twin that is not erased and whose MODEL records the session may read, in order of their
 * making. subject 0: of all. *withheld (may be NULL): how many it may not know of; what only
 * break-glass would open is among them, here and with cards. The listener may call the store. */
GM_API GM_NODISCARD gm_status gm_store_twins(gm_session *a, gm_ctx *ctx, int64_t subject,
                                             gm_twin_listener *listener, void *user,
                                             int64_t *withheld);

/* ---- consent --------------------------------------------------------------------------------- */
/* Appends a rule under an id of 1 to 200 bytes (a newer version replaces it; rule NULL withdraws
 * it). The patient, or a clinician who writes down what the patient said. It holds from the next
 * call of anybody on. Fails: GM_EINVAL (what is wrong with the rule), GM_ENOTFOUND (nothing of that
 * id to withdraw), as gm_store_append. */
GM_API GM_NODISCARD gm_status gm_store_consent(gm_session *a, gm_ctx *ctx, int64_t twin,
                                               const char *id, const gm_consent_rule *rule);
/* The rules of a twin that are not withdrawn, expired ones too; *out and its texts: owned by
 * memory. All of them for the patient and a clinician for care; researchers, devices and engines
 * get those that speak of them and their purpose; others GM_EDENIED: rules name people. */
GM_API GM_NODISCARD gm_status gm_store_consents(gm_session *a, gm_ctx *ctx, int64_t twin,
                                                gm_arena *memory, gm_consent_rule **out,
                                                int32_t *count);
/* May this session do this with records of this twin? GM_OK or GM_EDENIED with the reason. Asked
 * again by every call; for those who want to know before they begin. */
GM_API GM_NODISCARD gm_status gm_store_may(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act action,
                                           gm_record_kind kind, gm_data_class data_class);

/* ---- documents ------------------------------------------------------------------------------- */
/* Files that twins share and that say nothing of a patient (definitions, models): kept once, in the
 * clear, by their hash. For patients, clinicians, researchers and the engine; others GM_EDENIED. */
enum { GM_DOCUMENT_NAME_BYTES = 65 };
/* name: lower-case hex of BLAKE2b-256, with its NUL. Fails: GM_EINVAL (over 64 MiB), as append. */
GM_API GM_NODISCARD gm_status gm_store_document_put(gm_session *a, gm_ctx *ctx, const void *data,
                                                    size_t bytes,
                                                    char name[GM_DOCUMENT_NAME_BYTES]);
/* *out is owned by the caller (gm_free). Fails: GM_ENOTFOUND, GM_EPARSE (damaged). */
GM_API GM_NODISCARD gm_status gm_store_document_get(gm_session *a, gm_ctx *ctx, const char *name,
                                                    char **out, size_t *bytes);

/* ---- cards ----------------------------------------------------------------------------------- */
/* What is asked of many twins at once is kept on one card each: a projection of the thread, sealed
 * like a record, written anew and never history. seq: the last record it stands on; a card that
 * stands on fewer records than the one that is there is not taken. For whoever may add forecasts.
 * Fails: GM_EINVAL (no such record, over 64 MiB), as gm_store_append. */
GM_API GM_NODISCARD gm_status gm_store_card_put(gm_session *a, gm_ctx *ctx, int64_t twin,
                                                int64_t seq, const void *body, size_t bytes);
typedef struct {
  int64_t twin, subject, seq;
  const char *name, *subject_id; /* as in gm_twin_found */
  const void *body;
  size_t bytes;
} gm_card_found;
typedef gm_status gm_card_listener(void *user, const gm_card_found *c);
/* The cards of all twins whose covariates, beliefs and forecasts the session may read, of every
 * class that these have had, in order of the twins' making; *withheld (may be NULL): how many it
 * may not. The listener may call the store. Fails: GM_EPARSE (a card was changed: it is to be put
 * again), as gm_store_read. */
GM_API GM_NODISCARD gm_status gm_store_cards(gm_session *a, gm_ctx *ctx, gm_card_listener *listener,
                                             void *user, int64_t *withheld);

/* ---- records --------------------------------------------------------------------------------- */
/* Texts: "" where there is none; at most 1,000 bytes each. */
typedef struct {
  gm_record_kind kind;
  const char *series;      /* what it is of: the observable, the input */
  double t_true_s;         /* since 1970-01-01 UTC */
  const char *source, *id; /* which thing of its kind it speaks of: the same in all its versions */
  const char *version;
  const void *body;
  size_t bytes; /* at most 64 MiB */
  gm_data_class data_class;
  const char *licence; /* of the data; NULL: "" */
} gm_entry;

typedef struct {
  int64_t seq;       /* number in the twin's thread, from 1 on */
  int64_t t_learned; /* microseconds since 1970-01-01 UTC; grows with seq */
  bool already;      /* this version was there before: nothing was added */
} gm_receipt;

/* Appends all or none of the entries; when it returns GM_OK they are on the disk. receipt[count]
 * may be NULL. Fails: GM_ENOTFOUND (no such twin, or its subject was erased), GM_EINVAL, GM_EDOMAIN
 * (a time that is no number), GM_EFULL, GM_EDENIED, GM_EIO, GM_EBUSY, GM_ENOMEM; then nothing of
 * them is there. */
GM_API GM_NODISCARD gm_status gm_store_append(gm_session *a, gm_ctx *ctx, int64_t twin,
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
  int64_t *withheld; /* NULL ok: receives how many records the session may not see. Without it, and
                          for a query of a kind that it may not see at all, GM_EDENIED. */
} gm_record_query;

typedef struct {
  int64_t seq, t_learned;
  gm_record_kind kind;
  double t_true_s;
  const char *series, *source, *id, *version; /* borrowed for the call */
  const void *body;
  size_t bytes;
  gm_data_class data_class;
  const char *licence;
  int64_t session; /* who wrote it: gemel/audit.h */
} gm_record_found;
/* Returns other than GM_OK to stop, which gm_store_read then returns. */
typedef gm_status gm_record_listener(void *user, const gm_record_found *r);

/* Calls back for every record, in order of (t_true_s, seq). The listener must not call the store.
 * Fails: GM_ENOTFOUND, GM_EPARSE (a record was changed), as above. */
GM_API GM_NODISCARD gm_status gm_store_read(gm_session *a, gm_ctx *ctx, const gm_record_query *q,
                                            gm_record_listener *listener, void *user);

/* gm_store_read for carrying off: of every kind and class met it is asked whether the session may
 * export it too, and what it may not is withheld like what it may not see. Who exports says so with
 * gm_audit_note. Fails: as gm_store_read. */
GM_API GM_NODISCARD gm_status gm_store_export(gm_session *a, gm_ctx *ctx, const gm_record_query *q,
                                              gm_record_listener *listener, void *user);

/* Checks the chain of a twin's records (0: of all twins): *seq_out is the first record that does
 * not fit (0: all do), *twin_out whose it is. Needs no key. Fails: GM_EPARSE (the database's own
 * check finds it damaged), GM_EIO, GM_EBUSY, GM_ENOMEM; a record that does not fit is no failure.
 */
GM_API GM_NODISCARD gm_status gm_store_verify(gm_store *s, gm_ctx *ctx, int64_t twin,
                                              int64_t *twin_out, int64_t *seq_out);

/* ---- backup ---------------------------------------------------------------------------------- */
/* Writes what the store holds at one moment into a file (SQLite), while it is in use: all of it
 * sealed as it is, without the subjects' keys. These, still wrapped by the master's, go into a
 * second file (keys NULL: path with ".keys" behind it); the store remembers its place, and
 * gm_store_erase destroys the subject's key there too. Who has both files and the master key has
 * the store: keep them apart. For operators. Fails: GM_EDENIED, GM_EEXIST (one of the files is
 * there), GM_EIO, GM_EFULL, as gm_store_open; then neither is there. */
GM_API GM_NODISCARD gm_status gm_store_backup(gm_session *a, gm_ctx *ctx, const char *path,
                                              const char *keys);
/* Writes the numbers of all erased subjects, one a line: for restoring from keys that an erasure
 * could not reach. For operators. */
GM_API GM_NODISCARD gm_status gm_store_tombstones(gm_session *a, gm_ctx *ctx, const char *path);

typedef struct {
  const char *path, *keys; /* as they were made by gm_store_backup */
  const char *tombstones;  /* NULL: no list */
  gm_store_options to;     /* a place without a store, on either database; the same master key */
} gm_restore_options;
typedef struct {
  int64_t subjects, twins, records;
  int64_t erased;            /* of the subjects: without a key, or on the list */
  int64_t bad_twin, bad_seq; /* the first record whose chain does not fit; 0: all do */
} gm_restore_report;
/* Makes a new store out of a backup, whole or not at all; this is also how a store moves between
 * databases. Erased subjects come back as tombstones. A backup of an older version is brought up to
 * date first. Fails: GM_EDENIED (no operator), GM_EPARSE (files that do not belong together,
 * another master key), GM_EEXIST (there is a store), as gm_store_open. */
GM_API GM_NODISCARD gm_status gm_store_restore(gm_ctx *ctx, const gm_restore_options *o,
                                               const gm_access_who *who, gm_restore_report *out);

#ifdef __cplusplus
}
#endif
#endif
