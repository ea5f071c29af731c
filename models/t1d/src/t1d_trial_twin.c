/* t1d_trial_twin.c - the streaming twin (t1d_twin.h) as the belief of an arm. */
#include "t1d_trial.h"
#include "t1d_twin.h"

typedef struct {
  t1d_twin *twin;
  int32_t members;
  bool identified;
} holder;

static gm_status open_twin(gm_ctx *ctx, const t1d_belief_start *start, const void *options,
                           void **out)
{
  t1d_twin_belief_options o = {0};
  if (options) o = *(const t1d_twin_belief_options *)options;
  holder *h = gm_alloc(ctx, 1, sizeof *h);
  if (!h) return gm_fail(ctx, GM_ENOMEM, "twin of a trial");
  h->members = o.members > 0 ? o.members : 32;
  h->identified = o.identified;
  const t1d_twin_options to = {.t0_min = start->t0_min,
                               .bw_kg = start->therapy->bw_kg,
                               .basal_u_per_h = t1d_basal_at(start->therapy, start->t0_min),
                               .group = &start->therapy->group,
                               .daily_u = o.ratios ? start->therapy->daily_dose_u : 0,
                               .cr_g_per_u = o.ratios ? start->therapy->cr_g_per_u : 0,
                               .cf_mgdl_per_u = o.ratios ? start->therapy->cf_mgdl_per_u : 0,
                               .is_virtual = !o.people,
                               .population = o.population,
                               .seed = start->seed,
                               .subject = start->subject};
  gm_status s = t1d_twin_new(ctx, &to, &h->twin);
  if (s) {
    gm_free(h);
    return s;
  }
  *out = h;
  return GM_OK;
}

static void close_twin(void *belief)
{
  holder *h = belief;
  if (!h) return;
  t1d_twin_free(h->twin);
  gm_free(h);
}

static gm_status meal(void *belief, gm_ctx *ctx, double t_min, double carbs_g)
{
  return t1d_twin_meal(((holder *)belief)->twin, ctx, t_min, carbs_g);
}

static gm_status bolus(void *belief, gm_ctx *ctx, double t_min, double dose_u)
{
  return t1d_twin_bolus(((holder *)belief)->twin, ctx, t_min, dose_u);
}

static gm_status basal(void *belief, gm_ctx *ctx, double t_min, double rate_u_per_h)
{
  return t1d_twin_basal(((holder *)belief)->twin, ctx, t_min, rate_u_per_h);
}

static gm_status step(void *belief, gm_ctx *ctx, double t_min, double cgm_mgdl,
                      t1d_belief_news *news)
{
  t1d_twin_news n = {0};
  gm_status s = t1d_twin_step(((holder *)belief)->twin, ctx, t_min, cgm_mgdl, &n);
  if (!s) *news = (t1d_belief_news){.lost = n.lost, .sensor_faults = n.faults};
  return s;
}

static gm_status outlook(void *belief, gm_ctx *ctx, double basal_u_per_h, t1d_outlook *out)
{
  holder *h = belief;
  const t1d_outlook_options o = {
      .members = h->members, .basal_u_per_h = basal_u_per_h, .per_unit = true};
  return t1d_twin_outlook(h->twin, ctx, &o, out);
}

static gm_status ratios(void *belief, gm_ctx *ctx, double basal_u_per_h, double *cr_g_per_u,
                        double *cf_mgdl_per_u)
{
  const holder *h = belief;
  t1d_ratios r;
  if (!h->identified) return GM_OK;
  const gm_status s = t1d_twin_ratios(h->twin, ctx, basal_u_per_h, &r);
  if (s == GM_ENUMERIC) return GM_OK; /* the ones before stay */
  if (s) return s;
  *cr_g_per_u = r.cr_g_per_u;
  *cf_mgdl_per_u = r.cf_mgdl_per_u;
  return GM_OK;
}

const t1d_belief t1d_twin_belief = {.name = "twin",
                                    .open = open_twin,
                                    .close = close_twin,
                                    .meal = meal,
                                    .bolus = bolus,
                                    .basal = basal,
                                    .step = step,
                                    .outlook = outlook,
                                    .ratios = ratios};
