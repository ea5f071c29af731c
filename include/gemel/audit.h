/* audit.h - who did what in a store: an append-only log that shows when it was changed.
 * room: store
 * Each row is a leaf of a Merkle tree as in RFC 6962 (leaf hash over 0x00 and the row, node hash
 * over 0x01 and its two children; BLAKE2b-256 in place of SHA-256) and holds the hash of the row
 * before. Whoever keeps a head (size and root) can show later that a row is in the log, and that
 * the log only grew. Rows name sessions, twins by number, kinds and counts; never a value.
 * Appends of records need no row of their own: each record holds its session, whose OPEN row is in
 * the log no later than the record, and the heads of the twins that a session wrote to are in its
 * ANCHOR rows: at its end, after a minute, at 1,000 twins, and whenever a head is asked for.
 * Rows that nobody waits for go to the disk with the next commit, at most 100 ms later; reads of
 * one session and twin are added up meanwhile. The last session's end waits for all. A row that
 * could not be written stays and is tried again; with 10,000 of them every call waits, and fails.
 * docs/audit.md has the bytes that are hashed. */
#ifndef GEMEL_AUDIT_H
#define GEMEL_AUDIT_H
#include "gemel/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GM_AUDIT_HASH_BYTES = 32, GM_AUDIT_PATH_MAX = 64 };

#define GM_AUDIT_LIST(X)                                                                           \
  X(OPEN, "session opened") /* detail: JSON of who: role, use, actor, scope, emergency reason */   \
  X(CLOSE, "session closed")                                                                       \
  X(READ, "records read")     /* count of those told; added up, see above */                       \
  X(DENIED, "denied")         /* detail: what was asked, and the reason */                         \
  X(EMERGENCY, "break-glass") /* allowed by the emergency alone */                                 \
  X(ANCHOR, "heads of twins") /* detail: twin, seq, head of each twin written to */                \
  X(CONSENT, "consent changed")                                                                    \
  X(MADE, "subject or twin made")                                                                  \
  X(ERASED, "subject erased")                                                                      \
  X(EXPORTED, "exported")                                                                          \
  X(BACKUP, "backup made or read back")
typedef enum {
#define GM_X(name, text) GM_AUDIT_##name,
  GM_AUDIT_LIST(GM_X)
#undef GM_X
      GM_AUDIT_COUNT
} gm_audit_kind;
GM_API const char *gm_audit_kind_name(gm_audit_kind k); /* "denied"; static text */

typedef struct {
  int64_t seq; /* from 1 on */
  int64_t t_us;
  int64_t session;
  gm_audit_kind kind;
  int64_t twin, subject; /* 0: none */
  int64_t count;         /* of records */
  const char *detail;    /* JSON, ended by NUL; borrowed for the call */
  size_t detail_bytes;
} gm_audit_row;
typedef gm_status gm_audit_listener(void *user, const gm_audit_row *r);

/* Rows from..to (0: to the end), oldest first; twin 0: all. For auditors; a patient gets the rows
 * about its own twins, and (twin 0) the openings of the sessions in them. All rows that were handed
 * in are there. The listener may use the store. Fails: GM_EDENIED, GM_EPARSE (the log was changed),
 * as gm_store_read. */
GM_API GM_NODISCARD gm_status gm_audit_read(gm_session *a, gm_ctx *ctx, int64_t from, int64_t to,
                                            int64_t twin, gm_audit_listener *listener, void *user);
/* Adds a row of the caller's own (EXPORTED, BACKUP); durable when it returns. detail: a JSON object
 * of at most 64 KiB that says nothing of a patient, or NULL. Fails: GM_EINVAL, GM_EDENIED
 * (devices, insurers), as gm_store_append (then the row may still come with a later commit). */
GM_API GM_NODISCARD gm_status gm_audit_note(gm_session *a, gm_ctx *ctx, gm_audit_kind kind,
                                            int64_t twin, int64_t count, const char *detail);

typedef struct {
  int64_t size; /* rows */
  unsigned char root[GM_AUDIT_HASH_BYTES];
} gm_audit_head;
/* All rows that were handed in to this store, and the heads of all twins its sessions wrote to, are
 * in the log first: the head stands for the records too. */
GM_API GM_NODISCARD gm_status gm_audit_head_get(gm_store *s, gm_ctx *ctx, gm_audit_head *out);

/* What is wrong with a store; what is NULL: nothing. */
typedef struct {
  int64_t audit_seq;      /* the first row of the log that does not fit, 0: all do */
  int64_t twin, twin_seq; /* the first record that does not fit its chain or an anchor, 0: all do */
  int64_t rows, records;  /* looked at */
  const char *what;       /* static text for people */
} gm_audit_finding;
/* The whole log and its tree; the chains of all twins; that they go through every anchor; that
 * twins and subjects are those that were made, records of sessions that were opened, bodies gone by
 * erasures alone. earlier (NULL ok): a head kept elsewhere that the log must have grown from. A row
 * is never found to be wrong because others write meanwhile. Needs no key. Fails: GM_EIO, ...; a
 * finding is no failure. */
GM_API GM_NODISCARD gm_status gm_audit_verify(gm_store *s, gm_ctx *ctx,
                                              const gm_audit_head *earlier, gm_audit_finding *out);

typedef struct {
  int64_t seq, size;
  unsigned char leaf[GM_AUDIT_HASH_BYTES];
  unsigned char path[GM_AUDIT_PATH_MAX][GM_AUDIT_HASH_BYTES];
  int32_t count; /* of path */
} gm_audit_proof;
/* That row seq is in the log of this size (0: the present one), RFC 6962 section 2.1.1. Reads at
 * most twice as many nodes as the tree has levels. Fails: GM_EINVAL (no such row in a log of that
 * size), GM_ENOTFOUND (the log is shorter), GM_EPARSE (damaged), as gm_store_open. */
GM_API GM_NODISCARD gm_status gm_audit_prove(gm_store *s, gm_ctx *ctx, int64_t seq, int64_t size,
                                             gm_audit_proof *out);
/* Without a store. */
GM_API bool gm_audit_proof_holds(const gm_audit_proof *p, const gm_audit_head *head);
/* That the log of `later` rows (0: now) grew from that of `earlier`, section 2.1.2; seq of the
 * proof is `earlier`. Fails likewise. */
GM_API GM_NODISCARD gm_status gm_audit_prove_growth(gm_store *s, gm_ctx *ctx, int64_t earlier,
                                                    int64_t later, gm_audit_proof *out);
GM_API bool gm_audit_growth_holds(const gm_audit_proof *p, const gm_audit_head *earlier,
                                  const gm_audit_head *later);

#ifdef __cplusplus
}
#endif
#endif
