/* graph.h - one layer of contacts as rows of edges. */
#ifndef GEMEL_NETWORK_GRAPH_H
#define GEMEL_NETWORK_GRAPH_H
#include "gemel/network.h"

enum { NET_NODE_MAX = 1 << 24, NET_EDGE_MAX = 1 << 30 };

/* first[j] .. first[j+1]: whom node j acts on. complete: nothing is stored but the weight. */
typedef struct {
  bool complete;
  double weight;  /* complete: of every pair */
  int32_t *first; /* [n + 1] */
  int32_t *to;
  double *w;
  double *degree; /* [n] summed weights of what acts on a node; NULL: complete */
} net_graph;

/* Makes a layer over n nodes. All weights are brought to a common grid of 2^-52 of the largest
 * summed weight, so that sums of them are exact in any order. where: for messages.
 * Fails: GM_EINVAL, GM_ERANGE, GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status net_graph_make(gm_ctx *ctx, const gm_network_layer *layer, int32_t n,
                                      const char *where, net_graph *out);
void net_graph_free(net_graph *g);
#endif
