/* propose.c - search over the allowed doses and intervals, under the limits. */
#include "gemel/plan.h"
#include "twin/forecast.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  gm_proposal *p;
  gm_plan *plan;
  int32_t count, room;
  double t_end;
} search;

static char *text_line(gm_ctx *ctx, gm_text *t)
{
  char *line = t->status ? NULL : gm_strdup(ctx, t->data ? t->data : "");
  gm_text_free(t);
  return line;
}

/* What was given of an input in (t - day, t_now], in the input's unit. */
static double given_since(const search *s, const gm_action *a, double t_from)
{
  const gm_subject *w = s->t->subject;
  double sum = 0;
  for (int32_t i = 0; i < w->event_count; i++) {
    const gm_event *e = &w->event[i];
    bool dose = e->kind == GM_EVENT_DOSE || e->kind == GM_EVENT_RESET_DOSE;
    if (!dose || e->input != a->index || e->t > s->t->t_now) continue;
    int32_t last = gm__additional_given(e, s->t->t_now);
    for (int32_t j = last; j >= 0 && e->t + j * e->interval > t_from; j--) sum += e->amount;
  }
  return sum / s->t->definition->input[a->index].to_model;
}

/* The most that falls within any 24 h, doses already given among them. */
static double most_in_a_day(const search *s, const gm_action *a, double dose, double every,
                            double t_first)
{
  double day = 24 * s->t->definition->hour, most = 0;
  int32_t count = (int32_t)fmin(ceil(day / every - 1e-9), 1e6);
  for (int32_t k = 1; k <= (count > 1 ? count : 1); k++) /* the window ends at the k-th dose */
    most = fmax(most, k * dose + given_since(s, a, t_first + (k - 1) * every - day * (1 - 1e-9)));
  return most;
}

/* Why a limit forbids this dose, as text; empty: it is allowed. */
static void limit_reason(const search *s, const gm_action *a, double dose, double every,
                         double t_first, gm_text *why)
{
  const gm_definition *d = s->t->definition;
  const char *unit = d->input[a->index].unit;
  double per_day = most_in_a_day(s, a, dose, every, t_first);
  for (int32_t i = 0; i < d->limit_count; i++) {
    const gm_limit *l = &d->limit[i];
    if (l->index != a->index) continue;
    if (dose > l->per_dose * (1 + 1e-9))
      gm_text_addf(why, "more than %.6g %s in one dose", l->per_dose, unit);
    else if (per_day > l->per_day * (1 + 1e-9))
      gm_text_addf(why, "%.*g %s within 24 h, the limit is %.6g %s",
                   per_day > l->per_day * 1.001 ? 4 : 6, per_day, unit, l->per_day, unit);
    else if (every < l->interval_least * (1 - 1e-9))
      gm_text_addf(why, "doses less than %.6g h apart", l->interval_least / d->hour);
  }
}

static gm_status leave_out(search *s, const gm_plan *plan, gm_text *why)
{
  gm_proposal *p = s->p;
  gm_text line;
  gm_text_init(&line, s->ctx);
  gm_text_addf(&line, "%s: %s", plan->name, why->data);
  p->left_out[p->left_out_count] = text_line(s->ctx, &line);
  if (!p->left_out[p->left_out_count]) return gm_fail(s->ctx, GM_ENOMEM, "proposal");
  p->left_out_count++;
  return GM_OK;
}

/* When the first dose of a plan falls: one interval after the last recorded dose, or now. */
static double first_time(const search *s, const gm_action *a, double every)
{
  const gm_subject *w = s->t->subject;
  double last = NAN;
  for (int32_t i = 0; i < w->event_count; i++) {
    const gm_event *e = &w->event[i];
    bool dose = e->kind == GM_EVENT_DOSE || e->kind == GM_EVENT_RESET_DOSE;
    if (!dose || e->input != a->index || e->t > s->t->t_now) continue;
    last = fmax(isnan(last) ? -INFINITY : last,
                e->t + gm__additional_given(e, s->t->t_now) * e->interval);
  }
  return isnan(last) ? s->t->t_now : fmax(s->t->t_now, last + every);
}

static gm_status candidate(search *s, int32_t action, double dose, double every)
{
  const gm_definition *d = s->t->definition;
  const gm_action *a = &d->action[action];
  gm_plan plan;
  gm_text why;
  double t_first = first_time(s, a, every);
  gm_status st = gm_plan_repeat(s->ctx, s->t, action, dose, every, t_first, s->t_end, &plan);
  if (st) return st;
  gm_text_init(&why, s->ctx);
  limit_reason(s, a, dose, every, t_first, &why);
  st = why.status;
  if (!st && why.bytes == 0)
    s->plan[s->count++] = plan;
  else {
    if (!st) st = leave_out(s, &plan, &why);
    gm_plan_free(&plan);
  }
  gm_text_free(&why);
  return st;
}

static gm_status candidates(search *s)
{
  const gm_definition *d = s->t->definition;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < d->action_count; i++)
    s->room += d->action[i].dose_count * d->action[i].every_count;
  s->plan = gm_alloc(s->ctx, s->room, sizeof *s->plan);
  s->p->left_out = gm_alloc(s->ctx, s->room, sizeof *s->p->left_out);
  if (!s->plan || !s->p->left_out) return gm_fail(s->ctx, GM_ENOMEM, "proposal");
  for (int32_t i = 0; i < d->action_count; i++)
    for (int32_t j = 0; j < d->action[i].every_count; j++)
      for (int32_t k = 0; k < d->action[i].dose_count && !st; k++)
        st = candidate(s, i, d->action[i].dose[k], d->action[i].every[j]);
  if (!st && s->count == 0)
    st = gm_fail(s->ctx, GM_EINVAL, "%s: the limits forbid every dose of the actions", d->path);
  return st;
}

/* ---- ranking --------------------------------------------------------------------------------- */
static double per_time(const gm_plan *p) { return p->every > 0 ? p->dose / p->every : 0; }

/* Better first; plans whose utilities differ by less than the Monte Carlo error: smaller dose. */
static bool comes_before(const gm_comparison *c, int32_t a, int32_t b)
{
  const gm_estimate *ua = &c->result[a].utility, *ub = &c->result[b].utility;
  double tie = fmax(1e-9, fmax(ua->error, ub->error));
  if (fabs(ua->mean - ub->mean) > tie) return ua->mean > ub->mean;
  if (per_time(&c->plan[a]) != per_time(&c->plan[b]))
    return per_time(&c->plan[a]) < per_time(&c->plan[b]);
  return a < b;
}

/* "within the error" is no order (it is not transitive), so the best is picked again and again. */
static void rank_plans(gm_proposal *p)
{
  const gm_comparison *c = p->comparison;
  for (int32_t i = 0; i < c->plan_count; i++)
    if (c->plan[i].action >= 0) p->rank[p->candidate_count++] = i;
  for (int32_t i = 0; i < p->candidate_count; i++) {
    int32_t top = i;
    for (int32_t j = i + 1; j < p->candidate_count; j++)
      if (c->result[p->rank[j]].utility.mean > c->result[p->rank[top]].utility.mean) top = j;
    int32_t pick = top;
    for (int32_t j = i; j < p->candidate_count; j++) {
      double gap = c->result[p->rank[top]].utility.mean - c->result[p->rank[j]].utility.mean;
      double tie = fmax(1e-9, c->result[p->rank[top]].utility.error);
      if (gap <= tie && comes_before(c, p->rank[j], p->rank[pick])) pick = j;
    }
    int32_t swap = p->rank[i];
    p->rank[i] = p->rank[pick];
    p->rank[pick] = swap;
  }
}

/* A proposal of a twin that does not follow its patient, or of a dose that helps nobody, would be
 * worse than none. */
static const char *reason_to_withhold(const gm_twin *t, const gm_proposal *p)
{
  const gm_comparison *c = p->comparison;
  double best = c->result[p->rank[0]].utility.mean;
  if (c->plan_count < c->asked) return "the search was stopped";
  if (t->health == GM_HEALTH_LOST) return "the twin has lost this patient";
  if (best <= c->result[c->as_it_is].utility.mean) return "no candidate is better than as it is";
  if (best <= c->result[c->nothing].utility.mean) return "no candidate is better than nothing";
  return NULL;
}

static const char *target_words(gm_target_kind kind)
{
  static const char *const word[] = {"in range", "trough", "peak", "AUC24", "average"};
  return word[kind];
}

static gm_status reasons(search *s)
{
  gm_proposal *p = s->p;
  const gm_comparison *c = p->comparison;
  for (int32_t i = 0; i < p->candidate_count; i++) {
    const gm_plan_result *r = &c->result[p->rank[i]];
    gm_text line;
    gm_text_init(&line, s->ctx);
    for (int32_t g = 0; g < c->target_count; g++) {
      const gm_def_target *k = &s->t->definition->target[g];
      gm_text_addf(&line, "%s%s %s: %.0f %% met, %.0f %% below, %.0f %% above", g ? "; " : "",
                   k->observable, target_words(k->kind), 100 * r->target[g].attained,
                   100 * r->target[g].below, 100 * r->target[g].above);
    }
    gm_text_addf(&line, "; %s",
                 r->distinguishable
                     ? r->gain.mean > 0 ? "better than as it is" : "worse than as it is"
                     : "no distinguishable difference from as it is");
    p->reason[i] = text_line(s->ctx, &line);
    if (!p->reason[i]) return gm_fail(s->ctx, GM_ENOMEM, "proposal");
  }
  return GM_OK;
}

gm_status gm_propose(gm_ctx *ctx, const gm_twin *t, double t_end, const gm_watch *watch,
                     gm_proposal **out)
{
  assert(ctx && t && out);
  if (t->definition->action_count == 0)
    return gm_fail(ctx, GM_EINVAL,
                   "%s: no actions: there is nothing to propose; a field `actions` "
                   "is expected",
                   t->definition->path);
  gm_proposal *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "proposal");
  search s = {.ctx = ctx, .t = t, .p = p, .t_end = t_end};
  gm_status st = candidates(&s);
  if (!st) st = gm_compare(ctx, t, s.plan, s.count, t_end, watch, &p->comparison);
  if (!st) {
    p->rank = gm_alloc(ctx, s.count, sizeof *p->rank);
    p->reason = gm_alloc(ctx, s.count, sizeof *p->reason);
    if (!p->rank || !p->reason) st = gm_fail(ctx, GM_ENOMEM, "proposal");
  }
  if (!st) {
    rank_plans(p);
    p->withheld = reason_to_withhold(t, p);
    st = reasons(&s);
  }
  for (int32_t i = 0; i < s.count; i++) gm_plan_free(&s.plan[i]);
  gm_free(s.plan);
  if (st) {
    gm_proposal_free(p);
    return st;
  }
  *out = p;
  return GM_OK;
}

void gm_proposal_free(gm_proposal *p)
{
  if (!p) return;
  gm_comparison_free(p->comparison);
  for (int32_t i = 0; p->reason && i < p->candidate_count; i++) gm_free(p->reason[i]);
  for (int32_t i = 0; i < p->left_out_count; i++) gm_free(p->left_out[i]);
  gm_free(p->reason);
  gm_free(p->left_out);
  gm_free(p->rank);
  gm_free(p);
}
