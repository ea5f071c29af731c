/* json_build.h - a tree grows from tokens; what json_tree.c and json_parts.c share. */
#ifndef GEMEL_BASE_JSON_BUILD_H
#define GEMEL_BASE_JSON_BUILD_H
#include "base/json_tree.h"

typedef struct {
  const gm_json_doc *doc;
  gm_json_reader *reader; /* for messages */
  gm_arena *arena;
  size_t used, used_max; /* bytes had from the arena */
  char *tail;            /* of a block for short texts */
  size_t tail_bytes;
  gm_json *above; /* parent of the root: NULL, or the array of parts */
  gm_json *root, *open;
  const char *key; /* of the value to come */
  size_t key_bytes;
  uint64_t hash;
  bool whole; /* the root is complete */
} gm_json_build;

gm_status gm__json_build(gm_json_build *b, const gm_json_event *e);
/* Forgets the tree; the arena is the caller's to wind back. */
void gm__json_build_reset(gm_json_build *b);
/* The present limit of one tree. */
size_t gm__json_memory_max(const gm_json_reader *r);

enum { GM__JSON_KEY_SHOWN_BYTES = 64 };
/* A key in a message: cut between characters, '?' for control characters, NUL behind it. Returns
 * its bytes. */
size_t gm__json_key_shown(const char *key, size_t key_bytes, char *text, size_t bytes);
void gm__json_doc_init(gm_json_doc *doc, gm_ctx *ctx, const gm_json_options *options,
                       const gm_json_reader *r);
#endif
