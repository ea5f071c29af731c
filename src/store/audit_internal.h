/* audit_internal.h - inside of the audit log: rows that wait (audit.c), rows on the disk
 * (audit_log.c), heads of the twins that sessions wrote to (audit_anchor.c). */
#ifndef GEMEL_STORE_AUDIT_INTERNAL_H
#define GEMEL_STORE_AUDIT_INTERNAL_H
#include "store/merkle.h"
#include "store/store_internal.h"

enum {
  GM__AUDIT_BUCKETS = 256,
  GM__AUDIT_ROWS_MAX = 10000,    /* that wait; then whoever hands one in waits for the disk */
  GM__AUDIT_DELAY_US = 50000,    /* until rows that nobody waits for go to the disk */
  GM__ANCHOR_TWINS_MAX = 1000,   /* of a session, then they are written */
  GM__ANCHOR_DELAY_US = 60000000 /* until the heads of twins are written, in a long session */
};

/* A row that waits. Until a transaction takes it, reads of the same session and twin are added to
 * it. */
typedef struct gm__audit_waiting gm__audit_waiting;
struct gm__audit_waiting {
  gm__audit_waiting *next, *same; /* same: the next one in its bucket of reads */
  int64_t ticket;                 /* its place among all that were handed in, from 1 on */
  gm_audit_row row;               /* its detail stands behind the struct */
};

typedef struct {
  int64_t twin, seq; /* twin 0: a free slot */
  unsigned char head[GM__HASH_BYTES];
} gm__anchor;

struct gm__audit_session {
  struct gm__audit_session *next; /* in its bucket */
  int64_t number;
  gm_ctx *ctx;      /* for its end */
  gm__anchor *slot; /* hash table of the twins it wrote to since its last ANCHOR row */
  int32_t slots, count;
};

/* What a session wrote, on its way into the session's table: the committer, who tells of it when it
 * is on the disk, cannot fail any more. */
typedef struct {
  int64_t session;
  gm__anchor to;
} gm__audit_note;

struct gm__audit_store {
  gm_store *s;
  int32_t sessions; /* that are open */
  pthread_t ticker;
  gm_ctx *ctx; /* the ticker's own */
  pthread_mutex_t lock;
  pthread_cond_t changed; /* for the ticker, by the monotonic clock */
  bool stop;
  int64_t due_us, anchor_due_us; /* monotonic; 0: nothing is */
  gm__audit_waiting *first, **last, *read[GM__AUDIT_BUCKETS];
  int64_t waiting, handed, taken, written; /* rows; tickets */
  struct gm__audit_session *session[GM__AUDIT_BUCKETS];
  gm__audit_note *note;
  int32_t notes, note_room;
  /* of whoever holds the writing line: the log as this process wrote it last */
  gm__merkle_edge edge;
  unsigned char leaf[GM__MERKLE_BYTES];
};

/* ---- audit.c --------------------------------------------------------------------------------- */
int64_t gm__audit_clock_us(void); /* monotonic */
/* Adds a row to those that wait; lock is held. *ticket may be NULL. Fails: GM_ENOMEM. */
gm_status gm__audit_queue(struct gm__audit_store *t, gm_ctx *ctx, const gm_audit_row *row,
                          int64_t *ticket);
/* Writes all rows up to that ticket, unless somebody else does first. Not with the writing line. */
gm_status gm__audit_flush(gm_store *s, gm_ctx *ctx, int64_t ticket);
/* The store's part; NULL: there was no session yet. */
struct gm__audit_store *gm__audit_of(gm_store *s);

/* ---- audit_anchor.c -------------------------------------------------------------------------- */
/* lock is held in both. Notes into the tables of their sessions; a table that is full is handed in
 * as a row first. Then room for as many notes. Fails: GM_ENOMEM; nothing is lost. */
gm_status gm__anchors_settle(struct gm__audit_store *t, gm_ctx *ctx, int32_t room);
/* Hands in a session's heads (0: all sessions'). Fails: GM_ENOMEM. */
gm_status gm__anchors_put(struct gm__audit_store *t, gm_ctx *ctx, int64_t session);

/* Detail of a MADE row: {"name": the keyed hash}. */
enum { GM__MADE_BYTES = 64 };
void gm__made_detail(const unsigned char name[GM__INDEX_BYTES], char out[GM__MADE_BYTES]);

typedef gm_status gm__anchor_listener(void *user, const gm__anchor *a);
/* The heads in an ANCHOR row. Fails: GM_EPARSE, GM_ENOMEM, as the listener. */
gm_status gm__anchors_read(gm_ctx *ctx, const char *detail, size_t bytes,
                           gm__anchor_listener *listener, void *user);

/* ---- audit_log.c ----------------------------------------------------------------------------- */
/* Adds the rows from `first` to the one with that ticket, inside a transaction. */
gm_status gm__log_write(struct gm__audit_store *t, gm__db *d, gm_ctx *ctx,
                        const gm__audit_waiting *first, int64_t ticket);

typedef struct {
  gm_audit_row row;
  unsigned char before[GM__MERKLE_BYTES], leaf[GM__MERKLE_BYTES];
  bool fits; /* its hash is right for what it says and for the row before */
} gm__log_row;
enum { GM__LOG_BATCH = 64 };
typedef struct {
  gm_text detail;
  gm__log_row row[GM__LOG_BATCH];
  int32_t count;
} gm__log_batch;
typedef struct {
  int64_t from, to;      /* numbers of rows */
  int64_t twin, subject; /* 0: all; a subject's: rows of its twins, openings of their sessions */
} gm__log_query;
/* The first rows of the query; fewer than GM__LOG_BATCH: these were the last. */
gm_status gm__log_rows(gm__db *d, gm_ctx *ctx, const gm__log_query *q, gm__log_batch *out);

/* Bytes of that length of a column. */
bool gm__bytes_take(const gm__stmt *row, int column, void *out, size_t want);

/* ---- verify.c -------------------------------------------------------------------------------- */
/* Looks at the records of all twins (twin 0) or of one, until something is wrong, which is then in
 * twin, twin_seq and what; records counts. logged: the log must know who wrote or erased them. */
gm_status gm__twins_look(gm_store *s, gm_ctx *ctx, int64_t twin, bool logged, gm_audit_finding *f);
#endif
