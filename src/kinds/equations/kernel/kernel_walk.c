/* kernel_walk.c - the codes of a machine, by id. */
#include "kinds/equations/kernel/kernel_parts.h"
#include "kinds/equations/lane_lu.h"
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const lane_machine *m;
  const lane_code **list;
  gm_status status;
} walk;

/* A code that was not made has neither operations nor a number; number 0 is the setup's. */
static void take(walk *w, const lane_code *code)
{
  if (w->status || (!code->op && !code->id)) return;
  if (code->id < 0 || code->id >= w->m->code_count || w->list[code->id]) {
    w->status = gm_fail(w->ctx, GM_EINTERNAL, "kernel: code id %d of %d is out of range or twice",
                        (int)code->id, (int)w->m->code_count);
    return;
  }
  w->list[code->id] = code;
}

static void take_tangent(walk *w)
{
  const lane_tangent *t = &w->m->tangent;
  take(w, &t->rhs);
  take(w, &t->out);
  take(w, &t->init);
  take(w, &t->gap);
  take(w, &t->jacobian);
  for (int32_t i = 0; t->event && i < w->m->event_count; i++) take(w, &t->event[i]);
}

static void take_adjoint(walk *w)
{
  const lane_adjoint *a = &w->m->adjoint;
  take(w, &a->rhs.code);
  take(w, &a->out.code);
  take(w, &a->init.code);
  take(w, &a->gap.code);
  take(w, &a->jacobian.code);
  for (int32_t i = 0; a->event && i < w->m->event_count; i++) take(w, &a->event[i].code);
  take(w, &a->solve);
}

gm_status kernel__walk(gm_ctx *ctx, const lane_machine *m, const lane_code **list)
{
  walk w = {.ctx = ctx, .m = m, .list = list};
  const lane_code *const single[] = {&m->setup,  &m->rhs,       &m->out,          &m->init,
                                     &m->linear, &m->condition, &m->trigger,      &m->lag,
                                     &m->past,   &m->before,    &m->jacobian.code};
  memset(list, 0, (size_t)m->code_count * sizeof *list);
  for (size_t i = 0; i < sizeof single / sizeof *single; i++) take(&w, single[i]);
  for (int32_t i = 0; i < m->event_count; i++) take(&w, &m->event[i].code);
  take_tangent(&w);
  take_adjoint(&w);
  if (m->lu) {
    take(&w, &m->lu->factor);
    take(&w, &m->lu->solve);
  }
  for (int32_t k = 1; k < m->code_count && !w.status; k++)
    if (!list[k])
      w.status = gm_fail(ctx, GM_EINTERNAL, "kernel: code %d of %d is not known to kernel_walk.c",
                         (int)k, (int)m->code_count);
  return w.status;
}
