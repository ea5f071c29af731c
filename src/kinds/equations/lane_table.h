/* lane_table.h - the entry points of one instruction set; LANE_TABLE names the table it makes. */
#include "kinds/equations/lane_explicit.h"
#include "kinds/equations/lane_linear.h"

/* Members first..first+7 of the batch into the lanes; lanes past the end repeat the last member. */
static void block_load(const lane_machine *m, lane_work *w, const gm_batch *b, int32_t first)
{
  constants_load(m, w);
  for (int l = 0; l < LANES; l++)
    parameters_load(m, w, b, first + l < b->n ? first + l : b->n - 1, l);
  vm_run(&m->setup, m->vmath, w->reg);
}

static void table_init(const lane_machine *m, lane_work *w, const gm_batch *b, double t0)
{
  for (int32_t first = 0; first < b->n; first += LANES) {
    block_load(m, w, b, first);
    w->reg[0] = v8_set(t0);
    vm_run(&m->init, m->vmath, w->reg);
    for (int l = 0; l < LANES && first + l < b->n; l++) {
      int32_t member = first + l;
      int bad = 0;
      for (int32_t i = 0; i < m->nx; i++) {
        double v = w->reg[m->init_reg[i]][l];
        b->x[i * b->sx + member * b->sm] = v;
        b->x[(m->nx + i) * b->sx + member * b->sm] = 0;
        bad |= !isfinite(v);
      }
      b->status[member] = bad ? GM_MEMBER_DIVERGED : GM_MEMBER_OK;
    }
  }
}

static void table_observe(const lane_machine *m, lane_work *w, const gm_batch *b, double t,
                          double *y)
{
  for (int32_t first = 0; first < b->n; first += LANES) {
    block_load(m, w, b, first);
    w->reg[0] = v8_set(t);
    for (int l = 0; l < LANES; l++) {
      int32_t member = first + l < b->n ? first + l : b->n - 1;
      for (int32_t i = 0; i < m->nx; i++)
        w->reg[m->reg_state + i][l] = b->x[i * b->sx + member * b->sm];
    }
    vm_run(&m->out, m->vmath, w->reg);
    for (int l = 0; l < LANES && first + l < b->n; l++)
      for (int32_t k = 0; k < m->ny; k++)
        y[(ptrdiff_t)(first + l) * m->ny + k] = w->reg[m->out_reg[k]][l];
  }
}

static void table_advance(const lane_machine *m, lane_work *w, const gm_batch *b,
                          const gm_span *span)
{
  if (m->is_linear)
    linear_advance(m, w, b, span);
  else
    explicit_advance(m, w, b, span);
}

const lane_table LANE_TABLE = {
    .init = table_init, .observe = table_observe, .advance = table_advance};
