/* A patient's view of its own data, from the first record to the last, by the store's calls alone.
 * label: quick */
#include "store/store_case.h"
#include "gemel/audit.h"
#include <math.h>

static gm_session *session_as(gm_store *s, gm_access_who who)
{
  gm_session *a = NULL;
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

/* "kind:id:body" of everything a session is told, in the order of the calls. */
typedef struct {
  char text[4000];
} view;

static gm_status look(void *user, const gm_record_found *r)
{
  view *v = user;
  size_t used = strlen(v->text);
  bool consent = r->kind == GM_RECORD_CONSENT;
  snprintf(v->text + used, sizeof v->text - used, "%s%s:%s:%.*s", used ? " " : "",
           gm_record_kind_name(r->kind), r->id, consent ? 0 : (int)r->bytes, (const char *)r->body);
  if (consent) snprintf(v->text + strlen(v->text), 20, "%s", r->bytes ? "rule" : "none");
  return GM_OK;
}

static void sees(gm_session *a, gm_record_query q, const char *want)
{
  view v = {.text = ""};
  case_must(gm_store_read(a, ctx, &q, look, &v), "read");
  assert_string_equal(want, v.text);
}

static gm_entry entry(gm_record_kind kind, double t, const char *id, const char *version,
                      const char *text)
{
  gm_entry e = case_entry(t, id, version, text);
  e.kind = kind;
  return e;
}

static gm_status add(gm_session *a, int64_t twin, gm_entry e, gm_receipt *r)
{
  return gm_store_append(a, ctx, twin, &e, 1, r);
}

typedef struct {
  int reads, denials, changes;
  int64_t twin;
  bool other;
} rows;

static gm_status row_see(void *user, const gm_audit_row *r)
{
  rows *n = user;
  n->reads += r->kind == GM_AUDIT_READ;
  n->denials += r->kind == GM_AUDIT_DENIED;
  n->changes += r->kind == GM_AUDIT_CONSENT;
  n->other |= r->twin && r->twin != n->twin;
  return GM_OK;
}

static gm_session *patient_at(gm_store *s, const char *subject)
{
  return session_as(
      s, (gm_access_who){
             .role = GM_AS_PATIENT, .use = GM_USE_CARE, .actor = "Pat", .subject = subject});
}

/* The clinician brings what was measured, the device and the engine work under the patient's
 * consents. */
static int64_t begins(gm_session *clinician, gm_session *patient)
{
  int64_t who = 0, twin = 0;
  gm_consent_rule care = {.permit = true, .uses = 1u << GM_USE_CARE, .actor = ""};
  case_must(gm_store_subject(clinician, ctx, "pat", false, &who), "subject");
  case_must(gm_store_twin(clinician, ctx, who, "pat's twin", true, &twin), "twin");
  assert_int_equal(GM_EDENIED,
                   add(clinician, twin, entry(GM_RECORD_OBSERVATION, 1, "o1", "1", "5.1"),
                       NULL)); /* nothing is permitted yet */
  case_must(gm_store_consent(patient, ctx, twin, "care", &care), "consent");
  case_must(add(clinician, twin, entry(GM_RECORD_OBSERVATION, 1, "o1", "1", "51"), NULL), "add");
  return twin;
}

/* The patient sees everything that is held, at first, corrected and at any time before; corrects a
 * measurement, adds its own, cannot rewrite a decision; withdraws and gives consent, with effect;
 * sees who looked; and ends it all. */
static void patient__sees_corrects_withdraws_and_ends(void **state)
{
  (void)state;
  gm_session *clinician = case_store();
  gm_store *s = gm_session_store(clinician);
  int64_t who = 0, other = 0;
  case_must(gm_store_subject(clinician, ctx, "pat", true, &who), "subject");
  case_must(gm_store_subject(clinician, ctx, "other", true, &other), "subject");
  int64_t others_twin = case_twin(clinician, "other", "other's twin");
  gm_session *p = patient_at(s, "pat");
  int64_t twin = begins(clinician, p);
  gm_session *engine =
      session_as(s, (gm_access_who){.role = GM_AS_ENGINE, .use = GM_USE_CARE, .actor = "gemel"});
  gm_receipt decided, fixed;
  case_must(add(engine, twin, entry(GM_RECORD_FORECAST, 2, "f1", "1", "up"), NULL), "forecast");
  case_must(add(clinician, twin, entry(GM_RECORD_DECISION, 3, "d1", "1", "wait"), &decided), "add");

  /* sees: everything, in all versions */
  gm_record_query all = {.twin = twin};
  sees(p, all, "observation:o1:51 forecast:f1:up decision:d1:wait consent:care:rule");
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT; kind++)
    for (int c = 0; c < GM_CLASS_COUNT; c++) {
      case_must(gm_store_may(p, ctx, twin, GM_ACT_READ, (gm_record_kind)kind, (gm_data_class)c),
                "read");
      case_must(gm_store_may(p, ctx, twin, GM_ACT_EXPORT, (gm_record_kind)kind, (gm_data_class)c),
                "export");
    }
  int64_t withheld = 0;
  view v = {.text = ""};
  assert_int_equal(GM_EDENIED,
                   gm_store_read(p, ctx,
                                 &(gm_record_query){.twin = others_twin, .withheld = &withheld},
                                 look, &v));

  /* corrects: a newer version; what the twin knew before stays readable */
  case_must(add(p, twin, entry(GM_RECORD_OBSERVATION, 1, "o1", "2", "5.1"), &fixed), "correct");
  case_must(add(p, twin, entry(GM_RECORD_REPORTED, 4, "r1", "1", "dizzy"), NULL), "report");
  case_must(add(p, twin, entry(GM_RECORD_NOTE, 5, "n1", "1", "do not agree"), NULL), "note");
  assert_int_equal(GM_EDENIED, add(p, twin, entry(GM_RECORD_DECISION, 3, "d1", "2", "act"), NULL));
  assert_int_equal(GM_EDENIED, add(p, twin, entry(GM_RECORD_FORECAST, 2, "f1", "2", "down"), NULL));
  sees(p, all,
       "observation:o1:5.1 forecast:f1:up decision:d1:wait reported:r1:dizzy note:n1:do not agree"
       " consent:care:rule");
  sees(p, (gm_record_query){.twin = twin, .as_of = fixed.t_learned - 1},
       "observation:o1:51 forecast:f1:up decision:d1:wait consent:care:rule");
  sees(p, (gm_record_query){.twin = twin, .kind = GM_RECORD_OBSERVATION, .all_versions = true},
       "observation:o1:51 observation:o1:5.1");
  sees(clinician, (gm_record_query){.twin = twin, .kind = GM_RECORD_OBSERVATION},
       "observation:o1:5.1");

  /* withdraws: nobody but the patient gets on */
  case_must(gm_store_consent(p, ctx, twin, "care", NULL), "withdraw");
  v.text[0] = 0;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION};
  assert_int_equal(GM_EDENIED, gm_store_read(clinician, ctx, &q, look, &v));
  assert_int_equal(GM_EDENIED, gm_store_read(engine, ctx, &q, look, &v));
  assert_int_equal(GM_EDENIED,
                   add(engine, twin, entry(GM_RECORD_FORECAST, 9, "f2", "1", "up"), NULL));
  assert_int_equal(GM_EDENIED,
                   add(clinician, twin, entry(GM_RECORD_OBSERVATION, 9, "o2", "1", "6"), NULL));
  assert_string_equal("", v.text);
  sees(p, q, "observation:o1:5.1");
  gm_consent_rule doctor = {.permit = true, .uses = 1u << GM_USE_CARE, .actor = "Dr. Test"};
  case_must(gm_store_consent(p, ctx, twin, "care", &doctor), "consent");
  sees(clinician, q, "observation:o1:5.1");
  assert_int_equal(GM_EDENIED, gm_store_read(engine, ctx, &q, look, &v));

  /* sees who looked, and no rows of others */
  rows n = {.twin = twin};
  case_must(gm_audit_read(p, ctx, 1, 0, twin, row_see, &n), "log");
  assert_true(n.reads > 0 && n.denials >= 6 && n.changes == 3 && !n.other);

  /* ends */
  assert_int_equal(GM_EDENIED, gm_store_erase(p, ctx, other));
  case_must(gm_store_erase(p, ctx, who), "erase");
  assert_int_equal(GM_ENOTFOUND, gm_store_read(p, ctx, &all, look, &v));
  assert_int_equal(GM_ENOTFOUND, gm_store_read(clinician, ctx, &all, look, &v));
  gm_session_close(p);
  assert_int_equal(
      GM_ENOTFOUND,
      gm_session_open(
          s, ctx, &(gm_access_who){.role = GM_AS_PATIENT, .actor = "Pat", .subject = "pat"}, &p));
  int64_t bad_twin = 0, bad = 0;
  case_must(gm_store_verify(s, ctx, 0, &bad_twin, &bad), "verify");
  assert_int_equal(0, bad);
  gm_session_close(engine);
  case_close(clinician);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(patient__sees_corrects_withdraws_and_ends)};
  return case_main("access_story", tests);
}
