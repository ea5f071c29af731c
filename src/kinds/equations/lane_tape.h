/* lane_tape.h - what is remembered of members on their way, so that it can be gone back.
 *
 * One list of records a member, the newest first, in the arena: every step with the states at its
 * beginning (its stages are made again), and everything that happened between two steps. What
 * seldom changes (input rates, parameters, modes) is kept apart and shared by records. Nothing is
 * recorded while lane_work.tape is NULL. Included once for each instruction set, like
 * lane_tangent.h. */
#ifndef GEMEL_EQUATIONS_LANE_TAPE_H
#define GEMEL_EQUATIONS_LANE_TAPE_H
#include "kinds/equations/lane_queue.h"

/* Records up to TAPE_REMOVE hold no states. The moving time tau is that of lane_tangent.h. */
enum {
  TAPE_TAU_NONE,      /* tau is 0 */
  TAPE_TAU_EDGE,      /* tau is that of edge `number` */
  TAPE_TAU_WAITING,   /* tau is that of the waiting event at `place` */
  TAPE_INIT,          /* initial values */
  TAPE_REMOVE,        /* the waiting event at `place` is removed */
  TAPE_TAU_CONDITION, /* tau is that of condition `number` */
  TAPE_SHIFT,         /* states go to the moving time (number 1) or back from it (-1) */
  TAPE_EDGE,          /* edge `number` */
  TAPE_TRIGGER,       /* event `number` is put into the queue, at `place` */
  TAPE_EXECUTE,       /* event `number`, at `place`, is executed */
  TAPE_ALGEBRA,       /* algebraic states follow the others */
  TAPE_SAMPLE,        /* a sample at this point */
  TAPE_STEP           /* a step h, of which the part until t_new holds; number: lane_method */
};

typedef struct lane_record {
  struct lane_record *before;
  const double *environment; /* rate[nx], then param[np], then modes[mode_count] */
  double t, h, t_new;
  int32_t what, number, place;
  int32_t sample; /* how many samples were written when this was done */
  double x[];     /* [nx] */
} lane_record;

typedef struct lane_tape {
  gm_arena *arena;
  lane_record **last;               /* [n] by member */
  const double *environment[LANES]; /* the newest of the lane's member */
  bool moves[LANES];                /* tau is not known to be 0 */
  bool failed;                      /* no memory */
  const gm_pull *pull;
} lane_tape;

static int32_t environment_size(const lane_machine *m) { return m->nx + m->np + m->mode_count; }

static double environment_value(const lane_run *r, int lane, int32_t i)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  if (i < m->nx) return w->rate[i][lane];
  if (i < m->nx + m->np) return w->reg[m->reg_param + i - m->nx][lane];
  return w->condition[i - m->nx - m->np][lane];
}

/* The lane's present environment: the newest one where it is the same. NULL: no memory. */
static const double *environment_take(const lane_run *r, int lane)
{
  lane_tape *tape = r->w->tape;
  const double *old = tape->environment[lane];
  int32_t n = environment_size(r->m), same = 0;
  while (old && same < n && environment_value(r, lane, same) == old[same]) same++;
  if (old && same == n) return old;
  double *e = gm_arena_get(tape->arena, n + 1, sizeof *e);
  for (int32_t i = 0; e && i < n; i++) e[i] = environment_value(r, lane, i);
  tape->environment[lane] = e;
  return e;
}

/* A new record of the lane's present state; NULL: nothing is recorded. */
static lane_record *tape_add(const lane_run *r, int lane, int32_t what, int32_t number,
                             int32_t place)
{
  lane_tape *tape = r->w->tape;
  const lane_slot *s = &r->w->slot[lane];
  if (!tape || tape->failed) return NULL;
  size_t states = what <= TAPE_REMOVE ? 0 : (size_t)r->m->nx * sizeof(double);
  const double *e = what == TAPE_STEP ? tape->environment[lane] : environment_take(r, lane);
  lane_record *q = e ? gm_arena_get(tape->arena, 1, sizeof *q + states) : NULL;
  if (!q) {
    tape->failed = true;
    return NULL;
  }
  q->before = tape->last[s->member];
  q->environment = e;
  q->t = r->w->t[lane];
  q->what = what;
  q->number = number;
  q->place = place;
  q->sample = s->sample;
  for (int32_t i = 0; states && i < r->m->nx; i++) q->x[i] = r->w->x[i][lane];
  tape->last[s->member] = q;
  return q;
}

/* ---- what is recorded, in the order of lane_member.h and lane_discrete.h --------------------- */
static void tape_take(const lane_run *r, int lane)
{
  lane_tape *tape = r->w->tape;
  if (!tape) return;
  tape->environment[lane] = NULL;
  tape->moves[lane] = false;
}

static void tape_sample(const lane_run *r, int lane)
{
  (void)tape_add(r, lane, TAPE_SAMPLE, r->w->slot[lane].sample - 1, 0);
}

static void tape_shift(const lane_run *r, int lane, int32_t sign)
{
  if (r->w->tape && r->w->tape->moves[lane]) (void)tape_add(r, lane, TAPE_SHIFT, sign, 0);
}

static void tape_edge_before(const lane_run *r, int lane, int32_t number)
{
  lane_tape *tape = r->w->tape;
  if (!tape) return;
  tape->moves[lane] = tape->pull[r->w->slot[lane].member].edge_tbar != NULL;
  if (tape->moves[lane]) (void)tape_add(r, lane, TAPE_TAU_EDGE, number, 0);
  tape_shift(r, lane, 1);
  (void)tape_add(r, lane, TAPE_EDGE, number, 0);
}

static void tape_edge_after(const lane_run *r, int lane) { tape_shift(r, lane, -1); }

static void tape_algebra(const lane_run *r, int lane)
{
  if (r->m->algebraic_count) (void)tape_add(r, lane, TAPE_ALGEBRA, 0, 0);
}

static void tape_reset(const lane_run *r, int lane, double t)
{
  lane_record *q = tape_add(r, lane, TAPE_INIT, 0, 0);
  if (q) q->t = t;
  tape_algebra(r, lane);
}

static void tape_event(const lane_run *r, int lane, int32_t what, int32_t event, int32_t place)
{
  (void)tape_add(r, lane, what, event, place);
}

static void tape_remove(const lane_run *r, int lane, int32_t place)
{
  (void)tape_add(r, lane, TAPE_REMOVE, 0, place);
}

/* What moves the lane's present point, as tau_find decides. */
static void tape_tau_find(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  for (int32_t i = 0; i < w->queue_count[lane]; i++) {
    if (waiting(r, lane, i)[WAIT_TIME] > w->t[lane]) continue;
    (void)tape_add(r, lane, TAPE_TAU_WAITING, 0, i);
    w->tape->moves[lane] = true;
    return;
  }
  if (!m->condition_count || w->restart[lane] != LANE_RESTART_SLOPES) return;
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  vm_run(m, w, &m->condition);
  for (int32_t i = 0; i < m->condition_count; i++) {
    if (w->reg[m->condition_reg[i]][lane] == w->condition[i][lane]) continue;
    (void)tape_add(r, lane, TAPE_TAU_CONDITION, i, 0);
    w->tape->moves[lane] = true;
    return;
  }
}

/* The same in steps, where several things move (lane_discrete.h). */
static void tape_leave(const lane_run *r, int lane, int32_t condition)
{
  if (!r->w->tape) return;
  (void)tape_add(r, lane, TAPE_TAU_CONDITION, condition, 0);
  r->w->tape->moves[lane] = true;
  tape_shift(r, lane, 1);
  tape_algebra(r, lane);
}

static void tape_return(const lane_run *r, int lane)
{
  if (!r->w->tape) return;
  tape_shift(r, lane, -1);
  (void)tape_add(r, lane, TAPE_TAU_NONE, 0, 0);
  r->w->tape->moves[lane] = false;
  tape_algebra(r, lane);
}

static void tape_move(const lane_run *r, int lane, int32_t place)
{
  if (!r->w->tape) return;
  tape_shift(r, lane, -1);
  (void)tape_add(r, lane, TAPE_TAU_WAITING, 0, place);
  r->w->tape->moves[lane] = true;
  tape_shift(r, lane, 1);
  tape_algebra(r, lane);
}

static void tape_settle_before(const lane_run *r, int lane, bool moved)
{
  if (!r->w->tape) return;
  if (!moved || r->w->several) r->w->tape->moves[lane] = false;
  if (!r->w->several) tape_tau_find(r, lane);
  tape_shift(r, lane, 1);
  tape_algebra(r, lane);
}

static void tape_settle_after(const lane_run *r, int lane)
{
  if (!r->w->tape) return;
  tape_shift(r, lane, -1);
  (void)tape_add(r, lane, TAPE_TAU_NONE, 0, 0);
  tape_algebra(r, lane);
}

/* Accepted steps h, before their ends, at t_new, are taken over. */
static void tape_steps(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 t_new)
{
  const lane_work *w = r->w;
  for (int l = 0; l < LANES && w->tape; l++) {
    if (!(accepted >> l & 1)) continue;
    bool stiff = w->stiff_lanes >> l & 1, pivoted = w->pivoted >> l & 1;
    lane_method method = !stiff ? LANE_EXPLICIT : pivoted ? LANE_PIVOTED : LANE_STIFF;
    lane_record *q = tape_add(r, l, TAPE_STEP, (int32_t)method, 0);
    if (!q) return;
    q->h = h[l];
    q->t_new = t_new[l];
  }
}
#endif
