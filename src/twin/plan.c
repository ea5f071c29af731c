/* plan.c - candidate schedules: nothing, as it is, a dose repeated. */
#include "gemel/plan.h"
#include "twin/forecast.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static gm_status plan_begin(gm_ctx *ctx, const char *name, int32_t room, gm_plan *p)
{
  *p = (gm_plan){.action = -1};
  p->name = gm_strdup(ctx, name);
  p->event = gm_alloc(ctx, room, sizeof *p->event);
  if (p->name && p->event) return GM_OK;
  gm_plan_free(p);
  return gm_fail(ctx, GM_ENOMEM, "plan \"%s\"", name);
}

void gm_plan_free(gm_plan *p)
{
  if (!p) return;
  gm_free(p->name);
  gm_free(p->event);
  *p = (gm_plan){.action = -1};
}

gm_status gm_plan_nothing(gm_ctx *ctx, const gm_twin *t, double t_end, gm_plan *out)
{
  (void)t;
  (void)t_end;
  return plan_begin(ctx, "nothing", 0, out);
}

typedef struct {
  const gm_event *event; /* NULL: none was given */
  double t, interval, amount;
} given_dose;

/* The dose of an input given last at or before t_now, ADDL unrolled, records of one time taken
 * together; its interval is that of its record, else the time since the dose before. An extra dose
 * inside a running course does not end the course. */
static given_dose last_dose(const gm_subject *s, int32_t input, double t_now)
{
  given_dose g = {.t = NAN, .interval = NAN};
  for (int32_t i = 0; i < s->event_count; i++) {
    const gm_event *e = &s->event[i];
    bool dose = e->kind == GM_EVENT_DOSE || e->kind == GM_EVENT_RESET_DOSE;
    if (!dose || e->input != input || e->t > t_now) continue;
    double due = e->t + gm__additional_given(e, t_now) * e->interval;
    if (g.event && due < g.t) continue;
    bool together = g.event && due == g.t;
    bool course = e->additional > 0 || e->steady;
    g.amount = together ? g.amount + e->amount : e->amount;
    if (course)
      g.interval = e->interval;
    else if (!together)
      g.interval = due - g.t;
    g.event = e;
    g.t = due;
  }
  return g;
}

/* The dose goes on from now until before t_end; false: one dose only, nothing more is given. */
static bool goes_on(const gm_twin *t, int32_t input, double t_end, gm_event *out)
{
  given_dose g = last_dose(t->subject, input, t->t_now);
  double interval = g.interval;
  if (!g.event || !(interval > 0)) return false;
  double next = g.t + interval;
  if (next <= t->t_now) next += (floor((t->t_now - next) / interval) + 1) * interval;
  if (next >= t_end) return false;
  /* the last dose lies before t_end, as in gm_plan_repeat */
  double count = ceil((t_end - next) / interval - 1e-9) - 1;
  *out = *g.event;
  out->t = next;
  out->amount = g.amount;
  out->kind = GM_EVENT_DOSE;
  out->steady = 0;
  out->interval = interval;
  out->additional = (int32_t)fmax(0, fmin(count, 1e6));
  return true;
}

gm_status gm_plan_as_it_is(gm_ctx *ctx, const gm_twin *t, double t_end, gm_plan *out)
{
  gm_status s = plan_begin(ctx, "as it is", t->definition->input_count, out);
  for (int32_t i = 0; i < t->definition->input_count && !s; i++) {
    gm_event e;
    if (!goes_on(t, i, t_end, &e)) continue;
    int32_t at = out->event_count++; /* sorted by time */
    for (; at > 0 && out->event[at - 1].t > e.t; at--) out->event[at] = out->event[at - 1];
    out->event[at] = e;
  }
  return s;
}

/* "5 mg every 24 h", with the input's name in front when the definition has several actions. */
static gm_status repeat_begin(gm_ctx *ctx, const gm_definition *d, int32_t action, double dose,
                              double every, gm_plan *out)
{
  const gm_def_input *in = &d->input[d->action[action].index];
  gm_text name;
  gm_text_init(&name, ctx);
  if (d->action_count > 1) gm_text_addf(&name, "%s ", in->name);
  bool number = !strcmp(in->unit, "1"); /* of people, doses: "5 every 24 h" */
  gm_text_addf(&name, "%.6g%s%s every %.6g h", dose, number ? "" : " ", number ? "" : in->unit,
               every / d->hour);
  gm_status s = name.status ? name.status : plan_begin(ctx, name.data, 1, out);
  gm_text_free(&name);
  if (s) return s;
  out->action = action;
  out->dose = dose;
  out->every = every;
  return GM_OK;
}

static gm_dose_mode mode_of(const gm_def_input *in, double duration)
{
  if (duration > 0) return GM_DOSE_GIVEN;
  return in->rate       ? GM_DOSE_RATE_MODELLED
         : in->duration ? GM_DOSE_DURATION_MODELLED
                        : GM_DOSE_GIVEN;
}

gm_status gm_plan_repeat(gm_ctx *ctx, const gm_twin *t, int32_t action, double dose, double every,
                         double t_first, double t_end, gm_plan *out)
{
  const gm_definition *d = t->definition;
  assert(action >= 0 && action < d->action_count);
  const gm_action *a = &d->action[action];
  const gm_def_input *in = &d->input[a->index];
  if (!(isfinite(dose) && dose >= 0) || !(isfinite(every) && every > 0) || t_first < t->t_now)
    return gm_fail(ctx, GM_EDOMAIN,
                   "dose %g every %g from %g: a dose >= 0, an interval > 0 and a beginning not "
                   "before %g are expected",
                   dose, every, t_first, t->t_now);
  gm_status s = repeat_begin(ctx, d, action, dose, every, out);
  if (s || dose == 0 || t_first >= t_end) return s;
  /* the last dose lies before t_end, so that t_end is the end of the last interval */
  double count = ceil((t_end - t_first) / every - 1e-9) - 1;
  out->event[0] = (gm_event){.t = t_first,
                             .amount = dose * in->to_model,
                             .interval = every,
                             .additional = (int32_t)fmax(0, fmin(count, 1e6)),
                             .port = in->port,
                             .input = a->index,
                             .kind = GM_EVENT_DOSE,
                             .duration = a->duration,
                             .mode = mode_of(in, a->duration)};
  out->event_count = 1;
  return GM_OK;
}

double gm_plan_horizon(const gm_definition *d)
{
  double longest = 24 * d->hour;
  for (int32_t i = 0; i < d->action_count; i++)
    for (int32_t j = 0; j < d->action[i].every_count; j++)
      longest = fmax(longest, d->action[i].every[j]);
  return fmax(10 * longest, 240 * d->hour);
}
