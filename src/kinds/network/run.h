/* run.h - one member of a network on its way.
 *
 * The clock of node c is a unit-rate Poisson process (Anderson, J. Chem. Phys. 127:214107, 2007):
 * left[c] is the internal time to its next firing as of since[c], when its rate was last set to
 * rate[c]; it fires at when[c] = since[c] + left[c]/rate[c] if nothing changes. number[c] counts
 * firings and is the index of the draw behind left[c]. Nothing is touched between changes of the
 * rate, so a stretch cut in two gives the same bytes. Behind the nodes come the clocks of ports. */
#ifndef GEMEL_NETWORK_RUN_H
#define GEMEL_NETWORK_RUN_H
#include "kinds/network/machine.h"
#include "model/turn.h"

/* Third word of the draws' counters (gm_kind_draw). Never renumbered. */
enum {
  NET_KIND_CLOCK = 32,  /* internal time to firing `index` of a node or port */
  NET_KIND_CHOICE = 33, /* which of several transitions firing `index` of a node is */
  NET_KIND_START = 34,  /* who begins in a state; index: bits of the time */
  NET_KIND_PORT = 35,   /* who is moved by edge `index` of a port; draw: the port */
  NET_KIND_ENTER = 36,  /* who is moved by firing `index` of a port's stream */
  NET_KIND_SET = 37     /* who is moved by setting `index` of the macro view */
};

typedef struct {
  gm_work base;
  const net_machine *m;
  double *theta, *profile;                     /* [np] [nf] */
  int32_t *x;                                  /* [n] */
  double *count, *counter;                     /* [ns] [nc] */
  double *near;                                /* [n][nstored][ns] */
  double *left, *since, *rate, *when, *number; /* [clock_count] */
  double *done;                                /* [nport + 1] edges so far; times set */
  int32_t *heap, *place;                       /* [clock_count] */
  double *value, *memory; /* values of a formula in hand; those of the last time, each formula's */
  double *pick_u;         /* [n] */
  int32_t *pick, *stamp;  /* [n] */
  int32_t clock_count, serial;
  double next_profile; /* when a profile changes next */
  /* the member in hand */
  gm_turn turn;
  gm_key key;
  uint64_t slot;
  double t;
  int64_t firings;
  int8_t status;
} net_run;

/* rates.c */
double net_eval(net_run *r, const net_formula *f, int32_t node);
void net_memory_clear(net_run *r);
/* Rate at which a node leaves its state; marks the member diverged when it is no rate. */
double net_rate(net_run *r, int32_t node);
/* Where the firing of a node leads; *counter: -1 or which counts it. */
int32_t net_choose(net_run *r, int32_t node, int32_t *counter);
void net_draw_new(net_run *r, int32_t c);
void net_rate_set(net_run *r, int32_t c, double rate, double t);
void net_heap_make(net_run *r);
void net_heap_fix(net_run *r, int32_t c);
/* All rates anew at time t; clocks whose rate stays are not touched. Makes the heap. */
void net_refresh(net_run *r, double t);
void net_near_make(net_run *r); /* counts and sums near every node, from the nodes' states */
void net_move(net_run *r, int32_t node, int32_t to); /* rates are left */
void net_fire(net_run *r, int32_t c, double t);
/* Profiles at time t, and when they change next. */
void net_profiles_at(net_run *r, double t);

/* member.c */
void net_member_take(net_run *r, const gm_batch *b, int32_t member);
void net_member_load(net_run *r, double t0);
void net_member_store(net_run *r);
void net_member_init(net_run *r, double t0);
void net_member_advance(net_run *r, const gm_span *span);
void net_outputs(net_run *r, double *y);
#endif
