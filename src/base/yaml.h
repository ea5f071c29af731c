/* yaml.h - a small tree of a YAML text, with the place of every node; yaml_form.h makes structs of
 * it.
 *
 * What files of this project need and nothing else: maps, lists, texts. Numbers stay as written.
 * Refused, each with its line: anchors, aliases (so no text grows by expansion), tags, keys that
 * are not plain texts, a key twice in one map, a second document, bytes that are not UTF-8, control
 * characters, nesting beyond 32, more than 100,000 nodes (or the caller's limit), more than 2,000
 * keys in a map, a text of more than 65,536 bytes, more than six ' in a row, more than
 * 1,000 brackets that stay open.
 * Threads: no state; calls may run together, each with its own context and arena. */
#ifndef GEMEL_BASE_YAML_H
#define GEMEL_BASE_YAML_H
#include "gemel/base.h"

typedef enum { GM_YAML_TEXT, GM_YAML_MAP, GM_YAML_LIST } gm_yaml_kind;

/* What all nodes of one text share. */
typedef struct {
  gm_ctx *ctx;
  const char *name; /* of the file, for messages; borrowed */
} gm_yaml_doc;

typedef struct gm_yaml gm_yaml;
struct gm_yaml {
  const gm_yaml_doc *doc;
  gm_yaml_kind kind;
  bool quoted;      /* a text that was written in quotes or as a block */
  int32_t line;     /* from 1: of the key in a map, else of the node */
  int32_t column;   /* from 1, likewise */
  int32_t index;    /* place in the list or map above it, from 0 */
  int32_t count;    /* of what is in it */
  const char *key;  /* in the map above it, NULL in a list */
  const char *text; /* of a text; "" otherwise */
  gm_yaml *parent, *first, *last, *next;
};

/* Reads a text. The tree and copies of all texts live in the arena; name is borrowed as long as the
 * tree. Fails with "name:line: what": GM_EPARSE, GM_ERANGE (limits), GM_ENOMEM. */
GM_NODISCARD gm_status gm__yaml_parse(gm_ctx *ctx, gm_arena *arena, const char *name,
                                      const char *text, size_t bytes, gm_yaml **out);
/* The same of a text of at most node_max nodes. */
GM_NODISCARD gm_status gm__yaml_parse_up_to(gm_ctx *ctx, gm_arena *arena, const char *name,
                                            const char *text, size_t bytes, int32_t node_max,
                                            gm_yaml **out);
/* The value of a key, or NULL. */
gm_yaml *gm__yaml_find(const gm_yaml *map, const char *key);
/* A plain text that says nothing: empty, ~, null. */
bool gm__yaml_is_null(const gm_yaml *node);
/* "a map", "a list", "a text", "nothing": for messages. */
const char *gm__yaml_kind_text(const gm_yaml *node);
/* "parameters.CL.unit", "sources[2]" (lists count from 1), cut to bytes - 1; returns text. */
const char *gm__yaml_path(const gm_yaml *node, char *text, size_t bytes);
/* Fails with "name:line: path.key: message", and " (column c)" behind it where other nodes share
 * the line; key may be NULL. Returns s. */
gm_status gm__yaml_fail(const gm_yaml *node, const char *key, gm_status s, const char *format, ...)
    GM_PRINTF(4, 5);
/* Puts "name:line: path.key: " in front of the present message. Returns s. */
gm_status gm__yaml_fail_at(const gm_yaml *node, const char *key, gm_status s);
#endif
