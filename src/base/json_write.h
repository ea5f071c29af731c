/* json_write.h - gemel/json_write.h, and trees. */
#ifndef GEMEL_BASE_JSON_WRITE_H
#define GEMEL_BASE_JSON_WRITE_H
#include "gemel/json_write.h"
#include "base/json_tree.h"

/* A tree, its numbers as they were written. */
void gm__json_write_tree(gm_json_writer *w, const char *key, const gm_json *node);
#endif
