/* field.c - fields at a step: which numbers hold. */
#include "gemel/math.h"
#include "kinds/agents/engine.h"
#include <math.h>

enum { PASSES_MAX = 10000 };

static double number(const gm_agents *w, double constant, int32_t parameter)
{
  return parameter < 0 ? constant : agents_theta(w)[parameter];
}

/* The weights of a step. False where they make no sense (a share outside 0..1, a negative rate):
 * then the member has diverged. */
static bool weights(const gm_agents *w, const agents_field *f, agents_spread *s)
{
  const agents_model *m = w->m;
  double d = number(w, f->f.diffusion, f->diffusion_at), decay = number(w, f->f.decay, f->decay_at);
  *s = (agents_spread){.spread = f->f.spread,
                       .width = m->width,
                       .height = m->height,
                       .passes = 1,
                       .source = number(w, f->f.source, f->source_at) * m->step,
                       .least = f->f.least};
  if (!(decay >= 0 && d >= 0) || !isfinite(s->source)) return false;
  s->stays = f->f.decay_law == GM_AGENTS_DECAY_RATE ? gm_exp(-decay * m->step) : 1 - decay;
  if (!(s->stays >= 0)) return false;
  if (s->spread == GM_AGENTS_SHARE8) {
    s->keep = 1 - d;
    s->give = d / 8;
    return d <= 1;
  }
  if (s->spread == GM_AGENTS_LAPLACE) { /* each pass gives at most 1/4 of a cell to each side */
    double r = d * m->step, passes = ceil(4 * r);
    if (!(passes <= PASSES_MAX)) return false;
    s->passes = passes > 1 ? (int32_t)passes : 1;
    s->give = r / s->passes;
    s->keep = 1 - 4 * s->give;
    if (s->keep < 0) s->keep = 0; /* by rounding only */
  }
  return true;
}

void agents_fields_move(agents_run *r)
{
  const agents_model *m = r->m;
  double *f = r->w->at[AGENTS_FIELD_S];
  for (int32_t i = 0; i < m->field_count; i++, f += m->cells) {
    agents_spread s;
    if (!weights(r->w, &m->field[i], &s)) {
      r->status |= GM_MEMBER_DIVERGED;
      continue;
    }
    m->kernel->step(f, &s, r->scratch);
  }
}
