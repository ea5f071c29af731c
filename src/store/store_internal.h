/* store_internal.h - inside of a store: connections, keys at hand, the committer. */
#ifndef GEMEL_STORE_STORE_INTERNAL_H
#define GEMEL_STORE_STORE_INTERNAL_H
#include "gemel/store.h"
#include "store/crypt.h"
#include "store/db.h"
#include <pthread.h>

enum { GM__NAME_MAX = 200, GM__TEXT_MAX = 1000, GM__BODY_MAX = 64 << 20, GM__KEYS_AT_HAND = 1024 };

/* An entry on its way: sealed, with the keyed hashes it is found by. */
typedef struct {
  int64_t kind;
  double t_true_s;
  unsigned char series[GM__INDEX_BYTES], thing[GM__INDEX_BYTES], version[GM__INDEX_BYTES];
  size_t at, bytes; /* of its body in the append's text */
} gm__sealed;

typedef struct gm__append gm__append;
struct gm__append {
  gm__append *next;
  int64_t twin;
  int32_t count;
  gm__sealed *entry;
  gm_text body;
  gm_receipt *receipt;
  gm_status status;
  char message[300];
  bool done;
  pthread_cond_t finished;
};

/* One connection, used by one thread at a time. */
typedef struct {
  gm__db *db;
  pthread_mutex_t lock;
} gm__line;

typedef struct {
  int64_t twin, subject, used;
  gm__keys *keys; /* NULL: forgotten */
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
  pthread_mutex_t queue_lock;
  pthread_cond_t queue_filled; /* by the monotonic clock */
  gm__append *first, **last;
  int32_t waiting, inside, last_group; /* callers in the queue; on their way; in the last commit */
  int64_t commits;
  bool started, closing;
};

/* ---- schema.c -------------------------------------------------------------------------------- */
/* Makes the tables or brings them up to date, step by step. Fails: GM_EUNSUPPORTED (newer). */
gm_status gm__schema_settle(gm__db *d, gm_ctx *ctx);
int64_t gm__now_us(void);

/* ---- subject.c ------------------------------------------------------------------------------- */
/* The store's own key, made when there is none. */
gm_status gm__store_key(gm_store *s, gm_ctx *ctx);
/* The keys of the twin's subject; *out is held by the caller (gm__keys_free). GM_ENOTFOUND: no such
 * twin, or erased. */
gm_status gm__twin_keys(gm_store *s, gm_ctx *ctx, int64_t twin, gm__keys **out);
void gm__keys_forget(gm_store *s, int64_t subject);

/* ---- append.c -------------------------------------------------------------------------------- */
void *gm__committer(void *store);
/* What a record's chain is made of, into out (cleared first): all columns but chain itself; of the
 * body its hash. */
enum { GM__CHAINED_BYTES = 8 * 5 + 3 * GM__INDEX_BYTES + GM__HASH_BYTES };
void gm__chained(int64_t twin, int64_t seq, int64_t t_learned, const gm__sealed *e,
                 const unsigned char digest[GM__HASH_BYTES], unsigned char out[GM__CHAINED_BYTES]);
void gm__digest(const void *body, size_t bytes, unsigned char out[GM__HASH_BYTES]);
#endif
