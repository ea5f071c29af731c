/* read.h - a YAML text as a tree, for read.c alone: maps, lists and scalars with their lines. */
#ifndef GEMEL_QUEUE_READ_H
#define GEMEL_QUEUE_READ_H
#include "gemel/base.h"
#include <libfyaml.h>

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const char *name; /* of the text */
  int32_t line;     /* of the key in hand, from 1 */
  char path[200];   /* "stations.ward.service" */
} queue_reader;

/* One key of a map and what takes its value. */
typedef gm_status queue_taker(queue_reader *r, struct fy_node *value, void *into);
typedef struct {
  const char *key;
  queue_taker *take;
  size_t offset; /* of what is filled, in `into` */
} queue_key;

gm_status gm__queue_read_fail(queue_reader *r, gm_status s, const char *format, ...)
    GM_PRINTF(3, 4);
/* A map with known keys; each at most once. */
gm_status gm__queue_read_map(queue_reader *r, struct fy_node *map, const queue_key *key,
                             int32_t count, void *into);
/* Each entry of a map of names, or of a list (name NULL). */
typedef gm_status queue_entry_taker(queue_reader *r, const char *name, struct fy_node *value,
                                    void *into);
gm_status gm__queue_read_named(queue_reader *r, struct fy_node *map, size_t bytes, void **out,
                               int32_t *count, queue_entry_taker *take);
gm_status gm__queue_read_list(queue_reader *r, struct fy_node *list, size_t bytes, void **out,
                              int32_t *count, queue_entry_taker *take);
/* takers */
gm_status gm__queue_read_text(queue_reader *r, struct fy_node *value, void *text);
gm_status gm__queue_read_number(queue_reader *r, struct fy_node *value, void *number);
gm_status gm__queue_read_int(queue_reader *r, struct fy_node *value, void *number);
gm_status gm__queue_read_int64(queue_reader *r, struct fy_node *value, void *number);
gm_status gm__queue_read_bool(queue_reader *r, struct fy_node *value, void *flag);
#endif
