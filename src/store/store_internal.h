/* store_internal.h - inside of a store: connections, keys at hand, the committer. */
#ifndef GEMEL_STORE_STORE_INTERNAL_H
#define GEMEL_STORE_STORE_INTERNAL_H
#include "gemel/audit.h"
#include "store/crypt.h"
#include "store/db.h"
#include <pthread.h>

enum { GM__NAME_MAX = 200, GM__TEXT_MAX = 1000, GM__BODY_MAX = 64 << 20, GM__KEYS_AT_HAND = 1024 };

struct gm_session {
  gm_store *s;
  gm_access_who who; /* its texts are the session's own */
  gm_arena *memory;
  int64_t number;                  /* random; in its records and its rows of the log */
  int64_t subject;                 /* of a patient, else 0 */
  struct gm__audit_session *audit; /* audit.c */
};

/* An entry on its way: sealed, with the keyed hashes it is found by. */
typedef struct {
  int64_t kind, data_class;
  const char *add, *correct; /* why it may not be added, or correct another; NULL: it may */
  double t_true_s;
  unsigned char series[GM__INDEX_BYTES], thing[GM__INDEX_BYTES], version[GM__INDEX_BYTES];
  size_t at, bytes; /* of its body in the append's text */
} gm__sealed;

typedef struct gm__append gm__append;
struct gm__append {
  gm__append *next;
  int64_t twin, session;
  int64_t consents; /* of the twin when it was decided what may be done */
  int32_t count;
  bool consenting; /* the entries are consents */
  gm__sealed *entry;
  gm_text body;
  gm_receipt *receipt;
  gm_status status;
  int64_t seq; /* of the last record written, 0: none; then the head of the chain */
  unsigned char head[GM__HASH_BYTES];
  char message[300];
  bool done, stale; /* stale: the consents changed meanwhile */
  pthread_cond_t finished;
};

/* One connection, used by one thread at a time. */
typedef struct {
  gm__db *db;
  pthread_mutex_t lock;
} gm__line;

typedef struct {
  int64_t twin, subject, used;
  gm__keys *keys;   /* NULL: forgotten */
  int64_t consents; /* of the twin when the rules were read; -1: not read */
  gm_arena *memory; /* of the rules */
  gm_consent_rule *rule;
  int32_t rule_count;
} gm__key_at_hand;

struct gm_store {
  gm_ctx *ctx;
  gm__keys *master, *own; /* own: of names of subjects and twins */
  gm__line writing, reading;
  pthread_mutex_t key_lock;
  gm__key_at_hand key[GM__KEYS_AT_HAND];
  int32_t key_count;
  int64_t key_clock;
  /* the committer takes whatever waits, and commits it together */
  pthread_t committer;
  gm_ctx *commit_ctx; /* the committer's own */
  pthread_mutex_t queue_lock;
  pthread_cond_t queue_filled; /* by the monotonic clock */
  gm__append *first, **last;
  struct gm__audit_store *audit;       /* audit.c: rows that wait */
  int32_t waiting, inside, last_group; /* callers in the queue; on their way; in the last commit */
  int64_t commits;
  bool started, closing, rows_wait;
  _Atomic int64_t pages_rest_us; /* page_make.c: nothing is tried until then */
  _Atomic bool pages_busy;
  struct gm__card_wait *cards; /* card.c: on their way into one commit, under queue_lock */
};

/* ---- schema.c -------------------------------------------------------------------------------- */
/* Makes the tables or brings them up to date, step by step. Fails: GM_EUNSUPPORTED (newer). */
gm_status gm__schema_settle(gm__db *d, gm_ctx *ctx);
/* The tables in the order in which they can be filled, and their columns. */
enum { GM__COLUMNS_MAX = 24 };
typedef struct {
  const char *name; /* bytes of it */
  size_t bytes;
  char sort; /* 'i' BIGINT, 'r' DOUBLE PRECISION, 'b' BYTES, 't' TEXT */
  bool nullable;
} gm__column;
typedef gm_status gm__table_listener(void *user, const char *table, const gm__column *column,
                                     int32_t count);
gm_status gm__schema_tables(gm_ctx *ctx, gm__table_listener *listener, void *user);

/* ---- backup.c -------------------------------------------------------------------------------- */
/* Destroys the subject's key in every backup whose file of keys can be reached. For gm_store_erase:
 * inside its transaction on the writing line, whose lock is held, as its last step before the
 * commit. Files that could not be reached do not make it fail; they are told. */
typedef struct {
  int32_t reached, unreached;
  gm_text places; /* of those that were not: a JSON array of texts; the caller frees it */
} gm__forgotten;
gm_status gm__backup_forget(gm_store *s, gm_ctx *ctx, int64_t subject, gm__forgotten *out);

/* ---- subject.c ------------------------------------------------------------------------------- */
/* The store's own key, made when there is none. */
gm_status gm__store_key(gm_store *s, gm_ctx *ctx);
/* The number of a subject for a session that is being opened: nothing is asked, nothing logged. */
gm_status gm__subject_find(gm_store *s, gm_ctx *ctx, const char *id, int64_t *out);
/* The keys of the twin's subject; *out is held by the caller (gm__keys_free). GM_ENOTFOUND: no such
 * twin, or erased. */
gm_status gm__twin_keys(gm_store *s, gm_ctx *ctx, int64_t twin, gm__keys **out);
/* The entry of the twin with its keys in it; key_lock is held by the caller. */
gm_status gm__at_hand(gm_store *s, gm_ctx *ctx, int64_t twin, gm__key_at_hand **out);
/* A number that tells nothing: random, positive. */
int64_t gm__number_new(void);

/* ---- access.c -------------------------------------------------------------------------------- */
#define GM__ACTOR_ROLE "role:" /* before a role in a consent's actor */
/* Does a session's scope (NULL: all) name this? */
bool gm__scope_allows(const char *scope, gm_act act, gm_record_kind kind);
/* Does a rule speak of this session's actor and purpose? */
bool gm__consent_speaks_of(const gm_consent_rule *r, const gm_access_who *who);

/* ---- session.c ------------------------------------------------------------------------------- */
/* What a session may do with a twin's records, by kind and class: NULL, or the reason why not. */
typedef struct {
  const char *not_allowed[GM_RECORD_KIND_COUNT][GM_CLASS_COUNT];
  bool emergency; /* something is allowed by the emergency alone */
} gm__rights;
/* By the consents of now. */
gm_status gm__rights_of(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act act, gm__rights *out);
/* The same for one sort, by the rules at hand, whose state is *consents: the committer looks
 * whether it still holds. */
gm_status gm__right_at_hand(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act act,
                            gm_record_kind kind, gm_data_class data_class, gm_access_decision *out,
                            int64_t *consents);
/* May it do this at the store? If not it is logged, and fails with GM_EDENIED. */
gm_status gm__may(gm_session *a, gm_ctx *ctx, gm_store_act act);
/* Whoever treats, or is the patient, knows whom; who learns from many does not. Not logged: without
 * names it goes on. */
bool gm__knows_names(const gm_session *a);
/* May it erase a subject? All that is held of it goes, so all must be allowed; consents have no
 * say.
 */
gm_status gm__may_erase(gm_session *a, gm_ctx *ctx, int64_t subject);
/* Keys and rules of a place go, wiped. */
void gm__place_drop(gm__key_at_hand *k);
/* Drops rules and keys at hand of a twin, of all twins of a subject: the next call asks again. */
void gm__rules_forget(gm_store *s, int64_t twin);
void gm__subject_forget(gm_store *s, int64_t subject);
/* Wipes what rules hold in an arena, before it is freed: actors may be people around the patient.
 */
void gm__rules_wipe(const gm_consent_rule *rule, int32_t count);
/* Logs it, and fails with GM_EDENIED. */
gm_status gm__denied(gm_session *a, gm_ctx *ctx, gm_act act, int64_t twin, int64_t kind,
                     const char *reason);

/* ---- read.c ---------------------------------------------------------------------------------- */
/* gm_store_read without a session, from any of the store's connections, locked by the caller. */
gm_status gm__records_read(gm__db *d, gm_ctx *ctx, gm__keys *k, const gm_record_query *q,
                           gm_record_listener *listener, void *user);

/* ---- verify.c -------------------------------------------------------------------------------- */
/* The database's own check of its pages and indexes. GM_EPARSE: damaged. */
gm_status gm__file_look(gm_store *s, gm_ctx *ctx);

/* ---- audit.c --------------------------------------------------------------------------------- */
/* Hands in a row. wait: it is on the disk when this returns; else it is soon, with the next commit.
 * detail: JSON or NULL. */
gm_status gm__audit_put(gm_session *a, gm_ctx *ctx, gm_audit_kind kind, int64_t twin,
                        int64_t subject, int64_t count, const char *detail, bool wait);
/* Inside a transaction for writing: adds the rows that wait. Then what came of it. */
gm_status gm__audit_write(gm_store *s, gm__db *d, gm_ctx *ctx);
void gm__audit_settle(gm_store *s, gm_status st);
/* The committer tells of records that were written (session, twin, seq, head). */
void gm__audit_wrote(gm_store *s, int64_t session, int64_t twin, int64_t seq,
                     const unsigned char head[GM__HASH_BYTES]);
gm_status gm__audit_begin(gm_session *a, gm_ctx *ctx); /* the session's own part */
void gm__audit_end(gm_session *a);
void gm__audit_free(gm_store *s);

/* ---- append.c -------------------------------------------------------------------------------- */
/* Appends entries that are allowed; kind CONSENT too. session 0: of the store itself. */
gm_status gm__append_entries(gm_session *a, gm_ctx *ctx, int64_t twin, const gm_entry *entry,
                             int32_t count, gm_receipt *receipt);
/* Wakes the committer, so that rows of the log are written soon. */
void gm__committer_wake(gm_store *s);
/* What a record's body is bound to: columns it cannot be moved away from. */
enum { GM__BOUND_BYTES = 16 + 2 * GM__INDEX_BYTES };
void gm__bound(int64_t twin, int64_t data_class, const unsigned char *thing,
               const unsigned char *version, unsigned char out[GM__BOUND_BYTES]);
void *gm__committer(void *store);
/* What a record's chain is made of, into out (cleared first): all columns but chain itself; of the
 * body its hash. */
enum { GM__CHAINED_BYTES = 8 * 7 + 3 * GM__INDEX_BYTES + GM__HASH_BYTES };
void gm__chained(int64_t twin, int64_t seq, int64_t t_learned, int64_t session, const gm__sealed *e,
                 const unsigned char digest[GM__HASH_BYTES], unsigned char out[GM__CHAINED_BYTES]);
void gm__digest(const void *body, size_t bytes, unsigned char out[GM__HASH_BYTES]);
#endif
