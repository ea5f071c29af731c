/* config.h - making a model from a configuration: what its two files share. */
#ifndef GEMEL_KINDS_AGENTS_CONFIG_H
#define GEMEL_KINDS_AGENTS_CONFIG_H
#include "kinds/agents/engine.h"
#include <stdio.h>

typedef struct {
  gm_ctx *ctx;
  const gm_agents_config *c;
  agents_model *m;
  uint32_t *meaning; /* those given so far */
  int32_t meaning_count, meaning_room;
} agents_maker;

/* config.c */
void *agents_get_memory(agents_maker *k, int64_t count, size_t bytes);
gm_status agents_no_memory(agents_maker *k);
gm_status agents_text(agents_maker *k, const char *from, const char **to);
gm_status agents_name(agents_maker *k, const char *what, int32_t i, const char *from,
                      const char **to);
gm_status agents_meaning(agents_maker *k, const char *what, const char *of, uint32_t *out);
void agents_print(agents_maker *k, const char *name, uint64_t number);
int32_t agents_find_parameter(const agents_maker *k, const char *name);
gm_status agents_attribute_copy(agents_maker *k, const char *what, int32_t i,
                                const gm_agents_attribute *a, gm_agents_attribute *to);

/* config_table.c */
gm_status agents_make_parameters(agents_maker *k);
gm_status agents_make_shared(agents_maker *k); /* and speeds */
gm_status agents_make_ports(agents_maker *k);
gm_status agents_make_quantities(agents_maker *k);
#endif
