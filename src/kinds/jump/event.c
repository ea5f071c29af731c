/* event.c - events as SBML Level 3 has them (L3V2, section 4.11): triggers, delays, priorities. */
#include "kinds/jump/run.h"
#include <string.h>

/* A waiting event: time, event, how often it was triggered before, its values if already known. */
enum { WAIT_TIME, WAIT_EVENT, WAIT_NUMBER, WAIT_VALUE };

static double *waiting(const jump_run *r, int32_t q)
{
  return r->queue + (ptrdiff_t)q * r->m->queue_width;
}

static void waiting_remove(jump_run *r, int32_t q)
{
  size_t bytes = (size_t)r->m->queue_width * sizeof(double);
  r->queue_count--;
  for (int32_t i = q; i < r->queue_count; i++) memcpy(waiting(r, i), waiting(r, i + 1), bytes);
}

double jump_queue_next(const jump_run *r)
{
  double next = INFINITY;
  for (int32_t q = 0; q < r->queue_count; q++) next = fmin(next, waiting(r, q)[WAIT_TIME]);
  return next;
}

static bool trigger_of(jump_run *r, int32_t e)
{
  const jump_code *c = &r->m->event[e].trigger;
  return c->count >= 0 && jump_code_run(r->m, c, r->reg) != 0;
}

void jump_events_begin(jump_run *r)
{
  r->queue_count = 0;
  for (int32_t e = 0; e < r->m->event_count; e++) r->flag[e] = r->m->event[e].initial;
}

bool jump_triggers_differ(jump_run *r)
{
  for (int32_t e = 0; e < r->m->event_count; e++)
    if (trigger_of(r, e) != (r->flag[e] != 0)) return true;
  return false;
}

bool jump_watched_differ(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  for (int32_t i = 0; i < c->watch_count; i++) {
    int32_t e = r->m->watch[c->watch + i];
    if (trigger_of(r, e) != (r->flag[e] != 0)) return true;
  }
  return false;
}

/* What the event assigns, at the present registers, with the draws of its firing `number`. */
static void values_of(jump_run *r, int32_t e, double number, double *out)
{
  const jump_event *v = &r->m->event[e];
  for (int32_t i = 0; i < r->m->nu; i++)
    r->reg[r->m->reg_uniform + i] = gm_uniform(
        r->key, r->slot, v->id, gm_kind_draw(JUMP_KIND_EVENT, (uint32_t)i), (uint64_t)number);
  (void)jump_code_run(r->m, &v->value, r->reg);
  for (int32_t i = 0; i < v->assign_count; i++) out[i] = r->reg[v->value_reg[i]];
}

static void schedule(jump_run *r, int32_t e, double t)
{
  const jump_event *v = &r->m->event[e];
  double wait = v->delay.count >= 0 ? jump_code_run(r->m, &v->delay, r->reg) : 0;
  bool later = wait > 0;
  int32_t room = later ? r->m->pending_max : r->m->queue_max;
  if (!(wait >= 0 && wait < INFINITY)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  if (r->queue_count >= room) {
    r->status |= GM_MEMBER_STEPS;
    return;
  }
  double *w = waiting(r, r->queue_count++);
  w[WAIT_TIME] = t + wait;
  w[WAIT_EVENT] = e;
  w[WAIT_NUMBER] = r->fired[e]++;
  for (int32_t i = WAIT_VALUE; i < r->m->queue_width; i++) w[i] = 0;
  if (v->at_trigger) values_of(r, e, w[WAIT_NUMBER], w + WAIT_VALUE);
}

/* Triggers that rose are scheduled; one that fell takes its event back unless it persists. All
 * triggers are read before anything is scheduled. */
static void triggers_scan(jump_run *r, double t)
{
  const jump_machine *m = r->m;
  r->reg[0] = t;
  for (int32_t e = 0; e < m->event_count; e++) r->seen[e] = trigger_of(r, e);
  for (int32_t e = 0; e < m->event_count; e++) {
    bool was = r->flag[e], is = r->seen[e];
    r->flag[e] = is;
    if (is && !was) schedule(r, e, t);
    if (is || !was || m->event[e].persistent) continue;
    for (int32_t q = r->queue_count - 1; q >= 0; q--)
      if (waiting(r, q)[WAIT_EVENT] == e) waiting_remove(r, q);
  }
}

/* Of the events due at t the one with the highest priority; draws decide between equals, and those
 * without a priority come last. -1: none is due. */
static int32_t due_first(jump_run *r, double t)
{
  int32_t best = -1;
  double best_priority = 0, best_draw = 0;
  for (int32_t q = 0; q < r->queue_count; q++) {
    const double *w = waiting(r, q);
    if (w[WAIT_TIME] > t) continue;
    const jump_event *v = &r->m->event[(int32_t)w[WAIT_EVENT]];
    double p = v->priority.count >= 0 ? jump_code_run(r->m, &v->priority, r->reg) : -INFINITY;
    if (p != p) p = -INFINITY;
    double u = gm_uniform(r->key, r->slot, v->id, gm_kind_draw(JUMP_KIND_TIE, 0),
                          (uint64_t)w[WAIT_NUMBER]);
    if (best < 0 || p > best_priority || (p == best_priority && u > best_draw)) {
      best = q;
      best_priority = p;
      best_draw = u;
    }
  }
  return best;
}

static void execute(jump_run *r, int32_t q)
{
  double *w = waiting(r, q);
  int32_t e = (int32_t)w[WAIT_EVENT];
  const jump_event *v = &r->m->event[e];
  if (!v->at_trigger) values_of(r, e, w[WAIT_NUMBER], w + WAIT_VALUE);
  for (int32_t i = 0; i < v->assign_count; i++) {
    double value = w[WAIT_VALUE + i];
    if (!isfinite(value)) r->status |= GM_MEMBER_DIVERGED;
    if (r->m->is_count[v->state[i]])
      jump_count_set(r, v->state[i], value);
    else
      r->x[v->state[i]] = value;
  }
  waiting_remove(r, q);
}

bool jump_events_at(jump_run *r, double t)
{
  bool any = false;
  if (!r->m->event_count) return false;
  triggers_scan(r, t);
  for (;;) {
    if (r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) return any;
    int32_t q = due_first(r, t);
    if (q < 0) return any;
    execute(r, q);
    any = true;
    if (!jump_firing_count(r, t)) return any;
    triggers_scan(r, t);
  }
}

/* ---- conditions on time ---------------------------------------------------------------------- */
static void earlier(double at, double t, double *next)
{
  /* A condition like time > 5 holds only after 5: so a little later it is looked at again. */
  double after = at + fmax(fabs(at) * 0x1p-48, 0x1p-1000);
  if (at > t) *next = fmin(*next, at);
  if (after > t) *next = fmin(*next, after);
}

static void condition_earlier(jump_run *r, const jump_condition *c, double t, double *next)
{
  double origin = c->plain ? 0 : t;
  r->reg[0] = origin;
  double value = jump_code_run(r->m, &c->value, r->reg);
  double slope = jump_code_run(r->m, &c->slope, r->reg);
  if (slope == 0 || !isfinite(value) || !isfinite(slope)) return;
  if (!c->rounds) {
    earlier(origin - value / slope, t, next);
    return;
  }
  double now = value + slope * (t - origin);
  double near = slope > 0 ? floor(now) : ceil(now), far = slope > 0 ? near + 1 : near - 1;
  earlier(origin + (near - value) / slope, t, next);
  earlier(origin + (far - value) / slope, t, next);
}

double jump_condition_next(jump_run *r, double t)
{
  double next = INFINITY;
  for (int32_t i = 0; i < r->m->condition_count; i++)
    condition_earlier(r, &r->m->condition[i], t, &next);
  r->reg[0] = t;
  return next;
}
