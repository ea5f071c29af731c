/* twin.c - the belief about one subject from its data, and how well it fits. */
#include "gemel/twin.h"
#include "gemel/plan.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>

static int32_t learned_count(const gm_subject *s, double t_now)
{
  int32_t n = 0;
  while (n < s->datum_count && s->datum[n].t <= t_now) n++;
  return n;
}

/* Our own limits: one false alarm in 1,000 (lost) and in 100 (uncertain) twins whose model holds,
 * beside the alarm of the innovations where they are followed in time; an ensemble worth less than
 * 50 members has tails nobody saw. Stale: the last datum lies further back than the definition's
 * horizon of plans. */
static const double lost_p = 1e-3, uncertain_p = 1e-2, ess_least = 50;

static gm_health health_of(const gm_twin *t)
{
  if (t->learned == 0) return GM_HEALTH_WARMING;
  if (!(t->fit_p >= lost_p) || t->alarm == GM_ALARM_RAISED) return GM_HEALTH_LOST;
  double age = t->t_now - t->subject->datum[t->learned - 1].t;
  if (age > gm_plan_horizon(t->definition)) return GM_HEALTH_STALE;
  double least = fmin(ess_least, 0.2 * t->posterior->n);
  if (!(t->fit_p >= uncertain_p) || (t->mode && !t->mode->converged) ||
      !(t->posterior->ess >= least))
    return GM_HEALTH_UNCERTAIN;
  return GM_HEALTH_TRACKING;
}

const char *gm_health_name(gm_health h)
{
  static const char *const name[] = {"warming-up", "tracking", "uncertain", "stale", "lost"};
  return name[h];
}

gm_status gm_twin_new(gm_ctx *ctx, const gm_definition *d, const gm_subject *s,
                      const gm_twin_options *options, gm_twin **out)
{
  assert(ctx && d && s && options && out);
  gm_twin *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "twin");
  gm_text_init(&t->paths, ctx);
  t->definition = d;
  t->subject = s;
  t->seed = options->seed;
  t->t_now = isnan(options->t_now) ? s->t_last : options->t_now;
  t->learned = learned_count(s, t->t_now);
  gm_status st = GM_OK;
  if (t->t_now < s->t_first)
    st = gm_fail(ctx, GM_EDOMAIN, "now is %g, before the first record at %g", t->t_now, s->t_first);
  if (!st) st = gm_runner_new(ctx, d->model, options->pool, &t->runner);
  if (!st) st = gm__twin_learn(ctx, t, options);
  if (st) {
    gm_twin_free(t);
    return gm_fail_at(ctx, st, "subject %s", s->id);
  }
  t->health = health_of(t);
  *out = t;
  return GM_OK;
}

void gm_twin_free(gm_twin *t)
{
  if (!t) return;
  gm_mode_free(t->mode);
  gm_members_free(t->posterior);
  gm_members_free(t->prior);
  gm_lineage_free(t->lineage);
  gm_lineage_free(t->prior_lineage);
  gm_runner_free(t->runner);
  gm_text_free(&t->paths);
  gm_free(t->fitted);
  gm_free(t->residual);
  gm_free(t);
}
