/* json_tree.h - one JSON value as a tree in an arena, and the values of a long array or of lines
 * one by one (json.h has the grammar, the limits and what is refused).
 * Numbers keep their text: 6.30 stays 6.30. */
#ifndef GEMEL_BASE_JSON_TREE_H
#define GEMEL_BASE_JSON_TREE_H
#include "base/json.h"

/* What all nodes of one reading share. */
typedef struct {
  gm_ctx *ctx;
  const char *name, *root; /* of the options; borrowed */
  uint64_t hash_key[2];
} gm_json_doc;

typedef struct gm_json gm_json;
struct gm_json {
  const gm_json_doc *doc;
  gm_json_token kind; /* GM_JSON_NULL .. GM_JSON_OBJECT */
  int32_t count;      /* of what is in it */
  int64_t index;      /* place in the array or object above it, from 0 */
  int64_t byte_at;    /* where it, or its opening bracket, ends in the input */
  const char *key;    /* in the object above it, ended by NUL; NULL in an array */
  size_t key_bytes;
  const char *text; /* of a text or number, ended by NUL ("" otherwise); a text may hold NUL too */
  size_t bytes;
  gm_json *parent, *first, *last, *next;
  uint64_t hash;       /* of its key */
  gm_json **slot;      /* of an object of many keys: hash table, NULL: free */
  uint32_t slot_count; /* a power of two; 0: no table */
};

/* Reads one value of at most options->memory_bytes_max bytes of memory (about 130 bytes a value and
 * its text). Tree and texts live in the arena; name and root are borrowed as long as it.
 * Fails as gm__json_feed. */
GM_NODISCARD gm_status gm__json_parse(gm_ctx *ctx, gm_arena *arena, const gm_json_options *options,
                                      const char *text, size_t bytes, gm_json **out);

/* The value of a key, or NULL; node may be NULL or no object. One comparison in the mean. */
const gm_json *gm__json_find(const gm_json *node, const char *key);
/* "Bundle.entry[3].resource.code", cut to bytes - 1; returns text. */
const char *gm__json_path(const gm_json *node, char *text, size_t bytes);
/* "an object", "a number": for messages. */
const char *gm__json_kind_text(gm_json_token kind);
/* Fails with "name: path: message"; returns s. */
gm_status gm__json_node_fail(const gm_json *node, gm_status s, const char *format, ...)
    GM_PRINTF(3, 4);

/* The nearest double. Fails: GM_EINVAL (no number), GM_ERANGE (beyond the doubles), GM_ENOMEM. */
GM_NODISCARD gm_status gm__json_double(const gm_json *node, double *out);
/* The whole number itself: 7, 7.0 and 0.7e1 are 7. Fails: GM_EINVAL (no number, or not whole),
 * GM_ERANGE. */
GM_NODISCARD gm_status gm__json_int(const gm_json *node, int64_t *out);

/* ---- parts ----------------------------------------------------------------------------------- */
/* The items of one array, or the values of lines, each as a tree that lives for the call only, so
 * that a file of any length needs the memory of one item. */
typedef struct gm_json_parts gm_json_parts;

/* index: from 0; of lines: the number of the line, from 1. part NULL: a line that was refused, with
 * its status, and its message in the context. Not GM_OK stops the reading. */
typedef gm_status gm_json_take(void *user, const gm_json *part, int64_t index, gm_status s);

/* path: the keys that lead from the outermost object to the array, path_count of them, borrowed
 * ({"entry"} for a Bundle; none: the value itself is the array). With options->lines no path.
 * *out is owned by the caller. Fails: GM_ENOMEM, GM_EINVAL. */
GM_NODISCARD gm_status gm__json_parts_new(gm_ctx *ctx, const gm_json_options *options,
                                          const char *const *path, int32_t path_count,
                                          gm_json_take *take, void *user, gm_json_parts **out);
void gm__json_parts_free(gm_json_parts *p); /* NULL ok */
/* To be fed and finished. Owned by p. */
gm_json_reader *gm__json_parts_reader(gm_json_parts *p);
/* All but the items: what was read so far, whole after the finish, the array without its items; its
 * memory is bounded like that of one item. NULL before the first token and for lines. */
const gm_json *gm__json_parts_rest(const gm_json_parts *p);
/* Items given so far; -1: the array has not been met (not there, when all is read). */
int64_t gm__json_parts_count(const gm_json_parts *p);
#endif
