/* json.h - JSON as a stream of tokens (RFC 8259), whatever its size; json_tree.h makes trees of it.
 *
 * Bytes are fed in pieces of any length; a handler is called for every token. Numbers stay as they
 * were written. Memory is bounded by the limits below, never by the length of the input.
 * Refused, with "name:line:column: path: what" (the column counts bytes, from 1; of a
 * token it is the last): what is not the
 * grammar, bytes that are not UTF-8, half of a surrogate pair in \u escapes (no character), a key
 * twice in one object, more than one value, and what is beyond a limit. A byte order mark at the
 * very beginning is passed over. Messages never quote a value: it may be a patient's. They do hold
 * keys. Array places count from 0, as in FHIRPath.
 * Threads: no shared state; a reader belongs to one thread at a time. */
#ifndef GEMEL_BASE_JSON_H
#define GEMEL_BASE_JSON_H
#include "gemel/base.h"

typedef enum {
  GM_JSON_NULL,
  GM_JSON_FALSE,
  GM_JSON_TRUE,
  GM_JSON_NUMBER,
  GM_JSON_TEXT,
  GM_JSON_ARRAY,
  GM_JSON_OBJECT,
  GM_JSON_KEY,        /* the value comes next */
  GM_JSON_ARRAY_END,  /* nothing below stands in a tree */
  GM_JSON_OBJECT_END, /* both: depth as it is after closing */
  GM_JSON_LINE_END    /* of a value on a line of its own, see lines; status tells how it went */
} gm_json_token;

typedef struct {
  gm_json_token token;
  const char *text; /* of a key, text (escapes resolved) or number (as written); borrowed for the
                     * call, not ended by NUL, may hold NUL */
  size_t bytes;
  uint64_t hash;    /* of a key, by gm__json_hash of the reader's hash key */
  int32_t depth;    /* how many arrays and objects are open, this one included */
  int64_t byte_at;  /* of the end of the token in the input, from 0 */
  gm_status status; /* of GM_JSON_LINE_END; its message is in the context */
} gm_json_event;

/* Not GM_OK: reading stops and gives that status (a line is given up, see lines); the handler says
 * why by gm__json_fail. It must not feed the reader that calls it. */
typedef gm_status gm_json_handler(void *user, const gm_json_event *e);

/* All 0: the defaults. */
typedef struct {
  const char *name;  /* of the input, for messages; borrowed; NULL: "JSON" */
  const char *root;  /* what paths begin with, for example "Bundle"; borrowed; NULL: nothing */
  int32_t depth_max; /* default 100 */
  size_t string_bytes_max; /* of a key or text as written, default 16 MiB */
  size_t number_bytes_max; /* default 400, what gm__number_begin takes */
  int32_t key_count_max;   /* held at one time: of all open objects; default 100,000 */
  size_t key_bytes_max;    /* likewise; default 16 MiB */
  int64_t token_count_max; /* default: no limit */
  size_t memory_bytes_max; /* of one tree (json_tree.h); default 64 MiB */
  bool lines; /* NDJSON: one value on each line, blank lines passed over. A line that is refused is
               * given up with GM_JSON_LINE_END and its status, and the next one is read; only
               * GM_ENOMEM, GM_ECANCELLED and what the handler gives for GM_JSON_LINE_END stop. */
} gm_json_options;

typedef struct gm_json_reader gm_json_reader;

/* options may be NULL; handler may be NULL (only checks). *out is owned by the caller, user is
 * borrowed until it is freed. Fails: GM_ENOMEM, GM_EINVAL (a negative limit). */
GM_NODISCARD gm_status gm__json_reader_new(gm_ctx *ctx, const gm_json_options *options,
                                           gm_json_handler *handler, void *user,
                                           gm_json_reader **out);
void gm__json_reader_free(gm_json_reader *r); /* NULL ok */
/* Reads on. Fails: GM_EPARSE, GM_ERANGE (limits), GM_ENOMEM, what the handler gave; after that
 * every call gives the same. */
GM_NODISCARD gm_status gm__json_feed(gm_json_reader *r, const char *data, size_t bytes);
/* The input ends here; to be called once. */
GM_NODISCARD gm_status gm__json_finish(gm_json_reader *r);
/* All of a file in pieces, and the finish. Fails as both, and GM_EIO. */
GM_NODISCARD gm_status gm__json_feed_file(gm_json_reader *r, const char *path);

/* For handlers: "name:line:column: path: message" of the present token. Returns s. */
gm_status gm__json_fail(gm_json_reader *r, gm_status s, const char *format, ...) GM_PRINTF(3, 4);
/* "Bundle.entry[3].resource.code" of the present token, cut to bytes - 1; returns text. */
const char *gm__json_where(const gm_json_reader *r, char *text, size_t bytes);
int64_t gm__json_line(const gm_json_reader *r); /* where the present piece begins, from 1 */
/* The two words that keys are hashed by; they differ from run to run. */
const uint64_t *gm__json_hash_key(const gm_json_reader *r);
#endif
