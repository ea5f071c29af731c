/* fhir_out.h - HL7 FHIR R4 out: what is held of a patient, the twin, its forecasts and its
 * proposals as one Bundle. room: interop
 *
 * Which thing becomes which resource is in docs/fhir-out.md. Forecasts never look like measurements
 * and proposals never like orders: codes of forecasts are Gemel's own, proposals are drafts of
 * intent `proposal`. Decimals of facts stay as they were written; numbers of Gemel's own have at
 * most 6 significant digits. All that is written passes gm_fhir_check.
 * Entries are written as they come, so that of memory only one is needed and 16 bytes for each
 * written; a document is held whole until its end, as its table of contents stands first.
 * Threads: a writer belongs to one thread at a time; no other state. */
#ifndef GEMEL_FHIR_OUT_H
#define GEMEL_FHIR_OUT_H
#include "gemel/fact.h"
#include "gemel/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts are borrowed until the writer is freed. Ids that FHIR does not allow (other than 1 to 64
 * letters, digits, - and .) become the same 32 digits each time. */
typedef struct {
  const char *base;       /* "https://host/fhir": full URLs are BASE/TYPE/ID; NULL: a urn:uuid that
                             is the same for the same patient, type and id each time */
  const char *patient;    /* id of the Patient */
  const char *identifier; /* of the patient, SYSTEM|VALUE or VALUE; NULL: none */
  const char *gender;     /* "female", "male", "other", "unknown"; NULL: not said */
  const char *birth_date; /* "1970", "1970-05", "1970-05-17"; NULL: not said */
  const char *twin;       /* its name, unique; NULL: no twin, only what is held */
  const char *source;     /* facts of this source keep the ids that FHIR gave them, those of others
                             get ids of our own; NULL: all keep them */
  const char *title;      /* of a document; NULL: "Record of a digital twin" */
  const gm_definition *definition; /* codings and units; NULL: none, and no forecast */
  double t0_s;                     /* Unix seconds of the model's time 0 */
  double now_s;                    /* Unix seconds of the Bundle */
  bool document;                   /* a document with a Composition; else a collection */
} gm_fhir_out_options;

typedef struct gm_fhir_out gm_fhir_out;

/* Begins a Bundle, with the Patient. It is added to out, which is borrowed until the writer is
 * freed and may be emptied between calls (bytes = 0). *w is owned by the caller. Fails: GM_EINVAL
 * (no patient, a gender or birth date that FHIR has not), GM_ERANGE (a time beyond the years 1 to
 * 9999), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_fhir_out_new(gm_ctx *ctx, const gm_fhir_out_options *o,
                                              gm_text *out, gm_fhir_out **w);
GM_API void gm_fhir_out_free(gm_fhir_out *w); /* NULL ok */

/* All calls below, when they fail, have added nothing. Each fails with GM_EEXIST (the same thing in
 * the same version was written before), GM_ERANGE (a time, or a number that is not finite where one
 * is needed), GM_EINVAL, GM_ENOMEM. */

/* A fact as Observation (measured, covariate), MedicationAdministration (given), MedicationRequest
 * (ordered) or MedicationStatement (reported). Fails also: GM_EPARSE (its value is no number, and
 * no level of a covariate). */
GM_API GM_NODISCARD gm_status gm_fhir_out_fact(gm_fhir_out *w, const gm_fact *f);

/* ---- the twin -------------------------------------------------------------------------------- */
/* Texts may be NULL or "". */
typedef struct {
  const char *version; /* of the definition */
  const char *health;  /* gm_health_name */
  const char *level;   /* static, mirror, shadow, intelligent; or "a model, not a twin" */
} gm_fhir_out_device;
/* The twin as Device (software) of the patient; once, before forecasts and proposals. Fails also:
 * GM_EINVAL (no name of a twin). */
GM_API GM_NODISCARD gm_status gm_fhir_out_twin(gm_fhir_out *w, const gm_fhir_out_device *d);

/* ---- forecasts ------------------------------------------------------------------------------- */
typedef struct {
  const char *outcome;   /* "CRP below 10 mg/L at day 7" */
  double probability;    /* 0 to 1 */
  double t_begin, t_end; /* in the model's time */
} gm_fhir_out_event;

typedef struct {
  const char *id;              /* unique within the twin; "" or NULL: made of the time of issue */
  const gm_forecast *forecast; /* NULL: only events */
  double t_now;                /* what was known then is what it rests on; model's time */
  double issued_s;             /* Unix seconds */
  bool measured; /* quantiles of a measurement, noise included; else of the observable itself */
  uint64_t seed;
  const char *input_hash, *build; /* for the Provenance; NULL or "": not said */
  const gm_fhir_out_event *event;
  int32_t event_count;
  const gm_fact *basis; /* the facts that it rests on; only what names them is used */
  int32_t basis_count;
} gm_fhir_out_forecast;
/* A RiskAssessment (events), for each observable an Observation for each stretch of even steps in
 * time (SampledData, one component for each quantile), and a Provenance of all of them. */
GM_API GM_NODISCARD gm_status gm_fhir_out_forecast_add(gm_fhir_out *w,
                                                       const gm_fhir_out_forecast *f);

/* ---- proposals ------------------------------------------------------------------------------- */
typedef struct {
  const char *id; /* as above */
  const gm_proposal *proposal;
  double issued_s;
  int32_t candidate_max; /* the best so many are written; 0: 10 */
} gm_fhir_out_proposal;
/* A CarePlan, a RequestGroup of alternatives, best first, and for each a MedicationRequest: all of
 * status draft and intent proposal. What is withheld has a CarePlan that says why, and no more. */
GM_API GM_NODISCARD gm_status gm_fhir_out_proposal_add(gm_fhir_out *w,
                                                       const gm_fhir_out_proposal *p);

/* Ends the Bundle; nothing can be added after it. */
GM_API GM_NODISCARD gm_status gm_fhir_out_end(gm_fhir_out *w);

#ifdef __cplusplus
}
#endif
#endif
