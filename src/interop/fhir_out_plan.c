/* fhir_out_plan.c - proposals: drafts of intent proposal, for somebody to decide on; never orders.
 */
#include "base/number.h"
#include "interop/fhir_out_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CANDIDATES = 10 };

static void draft(gm_json_writer *j)
{
  gm_json_write_text(j, "status", "draft");
  gm_json_write_text(j, "intent", "proposal");
}

static const gm_plan *plan_of(const gm_proposal *p, int32_t rank)
{
  return &p->comparison->plan[p->rank[rank]];
}

/* ---- MedicationRequest -------------------------------------------------------------------------
 */
/* How often, how long, from when to when. */
static gm_status timing_write(gm_fhir_out *w, gm_json_writer *j, const gm_plan *plan,
                              const gm_action *a, double t_end)
{
  char number[FHIR_OUT_NUMBER_BYTES];
  double hour = w->o.definition->hour;
  double begin = plan->event_count ? plan->event[0].t : t_end;
  gm_json_write_object(j, "timing");
  gm_json_write_object(j, "repeat");
  gm_status s =
      fhir_out_period(w, j, "boundsPeriod", fhir_out_unix(w, begin), fhir_out_unix(w, t_end));
  if (a->duration > 0) {
    gm_json_write_decimal(j, "duration", fhir_out_number(a->duration / hour, number));
    gm_json_write_text(j, "durationUnit", "h");
  }
  if (plan->every > 0 && isfinite(plan->every)) {
    gm_json_write_int(j, "frequency", 1);
    gm_json_write_decimal(j, "period", fhir_out_number(plan->every / hour, number));
    gm_json_write_text(j, "periodUnit", "h");
  }
  gm_json_write_object_end(j);
  gm_json_write_object_end(j);
  return s;
}

static gm_status request_write(gm_fhir_out *w, const gm_proposal *p, int32_t rank, const char *id,
                               const char *authored)
{
  gm_json_writer j;
  char number[FHIR_OUT_NUMBER_BYTES];
  const gm_definition *d = w->o.definition;
  const gm_plan *plan = plan_of(p, rank);
  if (plan->action < 0 || plan->action >= d->action_count || !isfinite(plan->dose))
    return gm_fail(w->ctx, GM_EINVAL, "FHIR out: a candidate that is none of the actions");
  const gm_action *a = &d->action[plan->action];
  const gm_def_input *input = &d->input[a->index];
  fhir_out_begin(w, &j, "MedicationRequest", id);
  draft(&j);
  fhir_out_concept(&j, "medicationCodeableConcept", fhir_out_first_code(&input->coding),
                   input->name);
  fhir_out_subject(w, &j, "subject");
  gm_json_write_text(&j, "authoredOn", authored);
  fhir_out_reference(&j, "requester", w->twin_ref);
  gm_json_write_array(&j, "dosageInstruction");
  gm_json_write_object(&j, NULL);
  fhir_out_text(&j, "text", plan->name);
  gm_status s = timing_write(w, &j, plan, a, p->comparison->t_end);
  gm_json_write_array(&j, "doseAndRate");
  gm_json_write_object(&j, NULL);
  fhir_out_quantity(&j, "doseQuantity", fhir_out_number(plan->dose, number), "", input->unit);
  gm_json_write_object_end(&j);
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_json_write_array_end(&j);
  return s ? s : fhir_out_take(w, &j, "MedicationRequest", id, "");
}

/* ---- RequestGroup ------------------------------------------------------------------------------
 */
static void action_write(gm_fhir_out *w, gm_json_writer *j, const gm_proposal *p, int32_t rank,
                         const char *id)
{
  char number[20], reference[FHIR_OUT_URL_BYTES];
  snprintf(number, sizeof number, "%d", (int)rank + 1);
  fhir_out_ref(w, "MedicationRequest", id, "", reference);
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "prefix", number);
  fhir_out_text(j, "title", plan_of(p, rank)->name);
  fhir_out_text(j, "description", p->reason[rank]);
  fhir_out_reference(j, "resource", reference);
  gm_json_write_object_end(j);
}

/* One action that is a choice of at most one of the candidates. */
static gm_status group_write(gm_fhir_out *w, const gm_proposal *p, int32_t count, const char *name,
                             const char *authored)
{
  gm_json_writer j;
  char id[FHIR_OUT_ID_BYTES], request[FHIR_OUT_ID_BYTES], suffix[40];
  fhir_out_id_of(name, "group", id);
  fhir_out_begin(w, &j, "RequestGroup", id);
  draft(&j);
  fhir_out_own(&j, "code", "proposal", "alternatives", "Alternatives, best first");
  fhir_out_subject(w, &j, "subject");
  gm_json_write_text(&j, "authoredOn", authored);
  fhir_out_reference(&j, "author", w->twin_ref);
  gm_json_write_array(&j, "action");
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "title", "Alternatives, best first; at most one of them");
  gm_json_write_text(&j, "selectionBehavior", "at-most-one");
  gm_json_write_array(&j, "action");
  for (int32_t i = 0; i < count; i++) {
    snprintf(suffix, sizeof suffix, "candidate-%d", (int)i + 1);
    fhir_out_id_of(name, suffix, request);
    action_write(w, &j, p, i, request);
  }
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_json_write_array_end(&j);
  return fhir_out_take(w, &j, "RequestGroup", id, "");
}

/* ---- CarePlan ----------------------------------------------------------------------------------
 */
static void notes_write(gm_json_writer *j, const gm_proposal *p)
{
  char text[500];
  if (!p->withheld && !p->left_out_count) return;
  gm_json_write_array(j, "note");
  if (p->withheld) {
    snprintf(text, sizeof text, "Nothing is proposed: %.400s", p->withheld);
    gm_json_write_object(j, NULL);
    fhir_out_text(j, "text", text);
    gm_json_write_object_end(j);
  }
  for (int32_t i = 0; i < p->left_out_count; i++) {
    snprintf(text, sizeof text, "Left out: %.400s", p->left_out[i]);
    gm_json_write_object(j, NULL);
    fhir_out_text(j, "text", text);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
}

static gm_status care_plan_write(gm_fhir_out *w, const gm_proposal *p, int32_t count,
                                 const char *name, const char *authored)
{
  gm_json_writer j;
  char id[FHIR_OUT_ID_BYTES], reference[FHIR_OUT_URL_BYTES];
  const gm_definition *d = w->o.definition;
  fhir_out_id_of(name, "group", id);
  fhir_out_ref(w, "RequestGroup", id, "", reference);
  fhir_out_begin(w, &j, "CarePlan", name);
  draft(&j);
  gm_json_write_text(&j, "title",
                     count ? "Proposal of a digital twin, to be decided on"
                           : "No proposal of the digital twin");
  fhir_out_text(&j, "description", d->question);
  fhir_out_subject(w, &j, "subject");
  gm_status s = fhir_out_period(w, &j, "period", fhir_out_unix(w, p->comparison->t_now),
                                fhir_out_unix(w, p->comparison->t_end));
  gm_json_write_text(&j, "created", authored);
  fhir_out_reference(&j, "author", w->twin_ref);
  if (count) {
    gm_json_write_array(&j, "activity");
    gm_json_write_object(&j, NULL);
    fhir_out_reference(&j, "reference", reference);
    gm_json_write_object_end(&j);
    gm_json_write_array_end(&j);
  }
  notes_write(&j, p);
  return s ? s : fhir_out_take(w, &j, "CarePlan", name, "");
}

gm_status gm_fhir_out_proposal_add(gm_fhir_out *w, const gm_fhir_out_proposal *f)
{
  const gm_proposal *p = f->proposal;
  char authored[FHIR_OUT_TIME_BYTES], name[FHIR_OUT_ID_BYTES], request[FHIR_OUT_ID_BYTES];
  char suffix[80];
  assert(!w->ended);
  if (!w->o.definition || !w->twin_written)
    return gm_fail(w->ctx, GM_EINVAL, "FHIR out: a proposal needs a definition and its twin first");
  gm_status s = fhir_out_time(w->ctx, f->issued_s, authored);
  if (s) return s;
  int32_t most = f->candidate_max > 0 ? f->candidate_max : CANDIDATES;
  int32_t count = p->withheld ? 0 : p->candidate_count < most ? p->candidate_count : most;
  snprintf(suffix, sizeof suffix, "proposal-%.40s", authored);
  if (f->id && f->id[0])
    fhir_out_id(f->id, name);
  else
    fhir_out_id_of(w->twin_id, suffix, name);
  s = care_plan_write(w, p, count, name, authored);
  if (!s && count) s = group_write(w, p, count, name, authored);
  for (int32_t i = 0; i < count && !s; i++) {
    snprintf(suffix, sizeof suffix, "candidate-%d", (int)i + 1);
    fhir_out_id_of(name, suffix, request);
    s = request_write(w, p, i, request, authored);
  }
  return fhir_out_commit(w, s, FHIR_OUT_PROPOSAL);
}
