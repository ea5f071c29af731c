/* lane_table.h - the entry points of one instruction set; LANE_TABLE names the table it makes. */
#include "kinds/equations/lane_adjoint.h"
#include "kinds/equations/lane_drive.h"
#include "kinds/equations/lane_linear.h"

/* Members first..first+7 of the batch into the lanes; lanes past the end repeat the last member. */
static void block_load(const lane_machine *m, lane_work *w, const gm_batch *b, int32_t first)
{
  for (int l = 0; l < LANES; l++)
    parameters_load(m, w, b, first + l < b->n ? first + l : b->n - 1, l);
  vm_run(m, w, &m->setup);
}

static void block_init(const lane_machine *m, lane_work *w, const gm_batch *b, int32_t first,
                       double t0)
{
  block_load(m, w, b, first);
  w->reg[0] = v8_set(t0);
  vm_run(m, w, &m->init);
  for (int l = 0; l < LANES && first + l < b->n; l++) {
    int32_t member = first + l;
    int bad = 0;
    for (int32_t i = 0; i < m->nx; i++) {
      double v = w->reg[m->init_reg[i]][l];
      b->x[i * b->sx + member * b->sm] = one_nan(v);
      b->x[(m->nx + i) * b->sx + member * b->sm] = 0;
      bad |= !isfinite(v);
    }
    b->status[member] = bad ? GM_MEMBER_DIVERGED : GM_MEMBER_OK;
  }
}

/* Members with memory, draws or algebraic equations: one after the other. */
static void member_init(const lane_run *r, int32_t member, double t0)
{
  lane_work *w = r->w;
  w->slot[0].member = member;
  w->t = v8_set(t0);
  for (int32_t i = 0; i < r->m->nx; i++) w->atol[i][0] = r->m->atol;
  parameters_load(r->m, w, r->b, member, 0);
  vm_run(r->m, w, &r->m->setup);
  if (r->b->nd) tangents_take(r, 0);
  lane_reset(r, 0, t0);
  r->b->status[member] = lane_is_finite(r, 0) ? GM_MEMBER_OK : GM_MEMBER_DIVERGED;
  lane_put(r, 0);
}

/* Initial values of all members, each at the start of its span. */
static void vjp_init(const lane_run *r)
{
  lanes_clear(r);
  for (int32_t i = 0; i < r->b->n; i++) {
    r->w->slot[0] = (lane_slot){.member = i};
    tape_take(r, 0);
    member_init(r, i, r->span[i].t0);
  }
}

static void table_init(const lane_machine *m, lane_work *w, const gm_batch *b, double t0)
{
  lane_run run = {.m = m, .w = w, .b = b};
  lanes_clear(&run);
  if (!m->memory_count && !m->algebraic_count && !m->uniform_count && !b->nd) {
    for (int32_t first = 0; first < b->n; first += LANES) block_init(m, w, b, first, t0);
    return;
  }
  for (int32_t i = 0; i < b->n; i++) member_init(&run, i, t0);
}

static void table_observe(const lane_machine *m, lane_work *w, const gm_batch *b, double t,
                          double *y)
{
  lane_run run = {.m = m, .w = w, .b = b};
  lanes_clear(&run);
  for (int32_t first = 0; first < b->n; first += LANES) {
    block_load(m, w, b, first);
    w->reg[0] = v8_set(t);
    for (int l = 0; l < LANES; l++) {
      int32_t member = first + l < b->n ? first + l : b->n - 1;
      w->slot[l].member = member;
      if (m->history_count) memory_take(&run, l);
      for (int32_t i = 0; i < m->nx; i++)
        w->reg[m->reg_state + i][l] = b->x[i * b->sx + member * b->sm];
    }
    delays_load(&run, (1u << LANES) - 1);
    vm_run(m, w, &m->out);
    for (int l = 0; l < LANES && first + l < b->n; l++)
      for (int32_t k = 0; k < m->ny; k++)
        y[(ptrdiff_t)(first + l) * m->ny + k] = one_nan(w->reg[m->out_reg[k]][l]);
  }
}

/* In closed form, and then, by integration, the members for which that is not good enough. */
static void linear_then_others(const lane_machine *m, lane_work *w, const gm_batch *b,
                               const gm_span *span)
{
  w->postponed = false;
  linear_advance(m, w, b, span);
  if (w->postponed) drive_advance(m, w, b, span);
}

static void table_advance(const lane_machine *m, lane_work *w, const gm_batch *b,
                          const gm_span *span)
{
  if (m->is_linear)
    linear_then_others(m, w, b, span);
  else
    drive_advance(m, w, b, span);
}

/* Members first..first+n-1 of a batch without directions. */
static gm_batch batch_part(const gm_batch *b, int32_t first, int32_t n)
{
  gm_batch part = *b;
  part.n = n;
  part.nd = 0;
  part.step = NULL; /* forward and back go over the same steps, whatever was before */
  part.x += first * b->sm;
  part.theta += first * b->psm;
  part.status += first;
  part.slot0 += (uint64_t)first;
  if (b->key) part.key += first;
  if (b->slot) part.slot += first;
  return part;
}

/* Forward with the tape running, then back. The arena is wound back. */
static gm_status vjp_part(const lane_run *r, const gm_pull *pull, uint32_t flags, double *xbar,
                          double *thetabar, gm_arena *arena)
{
  lane_tape tape = {.arena = arena, .pull = pull};
  gm_arena_mark mark = gm_arena_at(arena);
  tape.last = gm_arena_get(arena, r->b->n, sizeof *tape.last);
  tape.failed = !tape.last;
  if (!tape.failed) {
    r->w->tape = &tape;
    if (flags & GM_VJP_INIT) vjp_init(r);
    drive_advance(r->m, r->w, r->b, r->span);
    r->w->tape = NULL;
  }
  if (!tape.failed) adjoint_run(r, &tape, xbar, thetabar);
  gm_arena_back(arena, mark);
  return tape.failed ? GM_ENOMEM : GM_OK;
}

/* So many members at a time that lanes are busy, and their steps do not fill the memory. */
enum { VJP_MEMBERS = 64 };

static gm_status table_vjp(const lane_machine *m, lane_work *w, const gm_batch *b,
                           const gm_span *span, const gm_pull *pull, uint32_t flags, double *xbar,
                           double *thetabar, gm_arena *arena)
{
  gm_status s = GM_OK;
  for (int32_t first = 0; first < b->n && !s; first += VJP_MEMBERS) {
    int32_t n = first + VJP_MEMBERS < b->n ? VJP_MEMBERS : b->n - first;
    gm_batch part = batch_part(b, first, n);
    const lane_run run = {.m = m, .w = w, .b = &part, .span = span + first};
    s = vjp_part(&run, pull + first, flags, xbar + first * b->sm, thetabar + first * b->psm, arena);
  }
  return s;
}

const lane_table LANE_TABLE = {
    .init = table_init, .observe = table_observe, .advance = table_advance, .vjp = table_vjp};
