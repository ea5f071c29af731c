/* build.h - making a machine from the equations: what the files build*.c share. */
#ifndef GEMEL_JUMP_BUILD_H
#define GEMEL_JUMP_BUILD_H
#include "kinds/equations/tables.h"
#include "kinds/jump/machine.h"

typedef struct {
  ir_ref *ref;
  int32_t count, room;
} jump_refs;

typedef struct {
  gm_ctx *ctx;
  jump_machine *m;
  eq_source *s;
  jump_coder coder;
  jump_refs law;       /* [reaction_count] propensities */
  jump_refs by;        /* [change_count] expressions of coded changes, IR_NONE: a number */
  jump_refs read;      /* [read_count] derivatives of propensities */
  jump_refs condition; /* two a condition: value, slope */
  jump_refs bend;
  int32_t looks;  /* left for the law in hand: products that share factors must not take for ever */
  uint8_t *flows; /* [nx] the state has a rate rule */
} jump_builder;

GM_NODISCARD gm_status jump_refs_add(gm_ctx *ctx, jump_refs *l, ir_ref r);
/* Slope of state i by rate rules, IR_NONE: it has none. */
ir_ref jump_slow_of(const eq_source *s, int32_t i);
GM_NODISCARD gm_status jump_reads_state(jump_builder *b, ir_ref f, bool *out);

/* build_channel.c: channels, changes, needs; law and by are filled. */
GM_NODISCARD gm_status jump_build_channels(jump_builder *b);
/* build_time.c: time conditions, how each channel moves, machine->flows. */
GM_NODISCARD gm_status jump_build_time(jump_builder *b);
#endif
