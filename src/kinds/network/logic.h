/* logic.h - rules of Boolean networks: and, or, xor, not over the nodes. */
#ifndef GEMEL_NETWORK_LOGIC_H
#define GEMEL_NETWORK_LOGIC_H
#include "gemel/base.h"

/* Code in postfix order: a node's number, or one of the operators. */
enum { NET_NOT = -1, NET_AND = -2, NET_OR = -3, NET_XOR = -4, NET_TRUE = -5, NET_FALSE = -6 };

typedef struct {
  int32_t *code;
  int32_t count;
} net_logic;

/* Reads a rule; names[count] are the nodes. where: for messages. Binding, strongest first: not,
 * and, xor, or. Fails: GM_EPARSE (with the column), GM_ENOTFOUND (no such node), GM_ERANGE (nested
 * deeper than 50), GM_ENOMEM. */
GM_NODISCARD gm_status net_logic_read(gm_ctx *ctx, const char *text, const char *const *names,
                                      int32_t count, const char *where, net_logic *out);
void net_logic_free(net_logic *l);
/* Its value where node i is on when value[i] is not 0. */
bool net_logic_eval(const net_logic *l, const int32_t *value);
#endif
