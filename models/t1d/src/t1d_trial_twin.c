/* t1d_trial_twin.c - the streaming twin (t1d_twin.h) as the belief of an arm. */
#include "t1d_trial.h"
#include "t1d_twin.h"
#include <math.h>
#include <string.h>

enum { OUTLOOK_STEPS = 60 }; /* 5 h: as far as t1d_mpc looks (risk_min) */

/* What a unit does changes slowly, and is half of an outlook's work: it is asked for every 15 min,
 * and at once when a meal is told or found, or more than a unit was given: on top of a meal's bolus
 * one does a third of what it did before. Outlooks in between have members of the same chance, so
 * that each goes with its own unit. */
static const double unit_kept_min = 15, given_most_u = 1;

typedef struct {
  t1d_twin *twin;
  int32_t members;
  bool identified;
  double *unit;      /* [members][OUTLOOK_STEPS] what a unit did when it was last asked for */
  double unit_t_min; /* when; NaN: not */
  double t_min;      /* of the last step */
  double given_u;    /* at once, since a unit was asked for */
  uint64_t chance;
} holder;

static gm_status open_twin(gm_ctx *ctx, const t1d_belief_start *start, const void *options,
                           void **out)
{
  t1d_twin_belief_options o = {0};
  if (options) o = *(const t1d_twin_belief_options *)options;
  holder *h = gm_alloc(ctx, 1, sizeof *h);
  if (!h) return gm_fail(ctx, GM_ENOMEM, "twin of a trial");
  h->members = o.members > 0 ? o.members + o.members % 2 : 32;
  h->identified = o.identified;
  h->unit_t_min = NAN;
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
  h->unit = gm_alloc(ctx, (ptrdiff_t)h->members * OUTLOOK_STEPS, sizeof *h->unit);
  gm_status s = h->unit ? t1d_twin_new(ctx, &to, &h->twin) : gm_fail(ctx, GM_ENOMEM, "twin");
  if (s) {
    gm_free(h->unit);
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
  gm_free(h->unit);
  gm_free(h);
}

static gm_status meal(void *belief, gm_ctx *ctx, double t_min, double carbs_g)
{
  holder *h = belief;
  h->unit_t_min = NAN;
  return t1d_twin_meal(h->twin, ctx, t_min, carbs_g);
}

static gm_status bolus(void *belief, gm_ctx *ctx, double t_min, double dose_u)
{
  holder *h = belief;
  h->given_u += dose_u;
  return t1d_twin_bolus(h->twin, ctx, t_min, dose_u);
}

static gm_status basal(void *belief, gm_ctx *ctx, double t_min, double rate_u_per_h)
{
  return t1d_twin_basal(((holder *)belief)->twin, ctx, t_min, rate_u_per_h);
}

static gm_status step(void *belief, gm_ctx *ctx, double t_min, double cgm_mgdl,
                      t1d_belief_news *news)
{
  holder *h = belief;
  t1d_twin_news n = {0};
  h->t_min = t_min;
  gm_status s = t1d_twin_step(h->twin, ctx, t_min, cgm_mgdl, &n);
  if (n.lost || n.hidden_meal_g > 0) h->unit_t_min = NAN;
  if (!s) *news = (t1d_belief_news){.lost = n.lost, .sensor_faults = n.faults};
  return s;
}

/* May the unit of before stand for that of now? */
static bool unit_holds(const holder *h)
{
  return h->given_u <= given_most_u && h->t_min >= h->unit_t_min &&
         h->t_min < h->unit_t_min + unit_kept_min;
}

/* Keeps what a unit does, unless a member is no number: the next outlook asks again then. */
static void unit_keep(holder *h, const t1d_outlook *o)
{
  h->unit_t_min = o->t_min;
  h->given_u = 0;
  for (int32_t m = 0; m < o->members; m++)
    if (!(o->weight[m] > 0)) h->unit_t_min = NAN;
  memcpy(h->unit, o->per_unit_mgdl, (size_t)o->members * (size_t)o->steps * sizeof *h->unit);
}

static gm_status outlook(void *belief, gm_ctx *ctx, double basal_u_per_h, t1d_outlook *out)
{
  holder *h = belief;
  const bool fresh = !unit_holds(h);
  if (fresh) h->chance++;
  const t1d_outlook_options o = {.steps = OUTLOOK_STEPS,
                                 .members = h->members,
                                 .basal_u_per_h = basal_u_per_h,
                                 .per_unit = fresh,
                                 .chance = h->chance};
  const gm_status s = t1d_twin_outlook(h->twin, ctx, &o, out);
  if (s) return s;
  if (fresh) unit_keep(h, out);
  out->per_unit_mgdl = h->unit;
  return GM_OK;
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
