/* exact.c - next reaction method: every firing by itself, propensities constant between jumps. */
#include "kinds/jump/run.h"

void jump_exact_to(jump_run *r, double stop)
{
  const jump_channel *channel = r->m->channel;
  for (;;) {
    int32_t k = jump_first(r);
    double t = k >= 0 ? r->when[k] : INFINITY;
    if (!(t <= stop)) break;
    if (t > r->turn.due) jump_samples_before(r, t);
    if (t < r->t) t = r->t; /* by rounding */
    jump_fire(r, k, t);
    bool more = jump_firing_count(r, t);
    r->t = t;
    if (!more || r->status & GM_MEMBER_DIVERGED) return;
    if (channel[k].moves_condition) return;
    if (r->m->method == GM_JUMP_HYBRID && jump_partition_moves(r, k)) return;
    if (channel[k].watch_count && jump_watched_differ(r, k)) return;
  }
  r->t = stop;
}
