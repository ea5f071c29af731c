/* Carrying off: of every kind and class it is asked, and what one may not export does not go out.
 * label: quick */
#include "store/store_case.h"

enum { KINDS = GM_RECORD_KIND_COUNT, CLASSES = GM_CLASS_COUNT };

/* A record of each kind and class, under the consent "all". Consents are of one class of their own.
 */
static int64_t twin_filled(gm_session *a)
{
  static char id[KINDS * CLASSES][20];
  gm_entry e[KINDS * CLASSES];
  int32_t n = 0;
  int64_t twin = case_twin(a, "p", "t");
  for (int kind = 1; kind < KINDS; kind++)
    for (int c = 0; c < CLASSES && kind != GM_RECORD_CONSENT; c++, n++) {
      snprintf(id[n], sizeof id[n], "%d-%d", kind, c);
      e[n] = case_entry(kind, id[n], "1", "1");
      e[n].kind = (gm_record_kind)kind;
      e[n].data_class = (gm_data_class)c;
    }
  case_must(gm_store_append(a, ctx, twin, e, n, NULL), "append");
  return twin;
}

typedef struct {
  int of[KINDS][CLASSES], count;
} told;

static gm_status hear(void *user, const gm_record_found *r)
{
  told *t = user;
  t->of[r->kind][r->data_class]++;
  t->count++;
  return GM_OK;
}

static void deny(gm_session *a, int64_t twin, uint32_t kinds, uint32_t classes)
{
  gm_consent_rule no = {
      .actions = 1u << GM_ACT_EXPORT, .kinds = kinds, .classes = classes, .actor = ""};
  case_must(gm_store_consent(a, ctx, twin, "no", &no), "deny");
}

/* All records of all kinds; the same of one kind each: both leave out what is denied, and say how
 * many. */
static void goes_out(gm_session *a, int64_t twin, uint32_t kinds, uint32_t classes)
{
  told all = {.count = 0};
  int64_t withheld = 0, left = 0;
  gm_record_query q = {.twin = twin, .withheld = &withheld};
  case_must(gm_store_export(a, ctx, &q, hear, &all), "export");
  for (int kind = 1; kind < KINDS; kind++) {
    told one = {.count = 0};
    if (kind == GM_RECORD_CONSENT) continue;
    for (int c = 0; c < CLASSES; c++) {
      bool denied = (!kinds || kinds >> kind & 1) && (!classes || classes >> c & 1);
      left += denied;
      if (all.of[kind][c] == denied)
        fail_msg("%s of class %s %s", gm_record_kind_name((gm_record_kind)kind),
                 gm_data_class_name((gm_data_class)c), denied ? "went out" : "did not go out");
    }
    q.kind = (gm_record_kind)kind;
    bool closed = (!kinds || kinds >> kind & 1) && !classes;
    gm_status st = gm_store_export(a, ctx, &q, hear, &one);
    assert_int_equal(closed ? GM_EDENIED : GM_OK, st);
    assert_memory_equal(all.of[kind], one.of[kind], sizeof one.of[kind]);
  }
  q.kind = 0;
  case_must(gm_store_export(a, ctx, &q, hear, &all), "export");
  assert_true(withheld >= left && withheld <= left + 2); /* the consents themselves: at most both */
}

/* A denial of the export of each kind, of each class and of each pair of them keeps just that back,
 * although it may be read. */
static void export__leaves_out_what_is_denied(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = twin_filled(a);
  for (int kind = 0; kind < KINDS; kind++) {
    if (kind == GM_RECORD_CONSENT) continue;
    for (int c = -1; c < CLASSES; c++) {
      uint32_t kinds = kind ? 1u << kind : 0, classes = c < 0 ? 0 : 1u << c;
      if (!kinds && !classes) continue;
      deny(a, twin, kinds, classes);
      goes_out(a, twin, kinds, classes);
    }
  }
  told read = {.count = 0};
  int64_t withheld = 0;
  gm_record_query q = {.twin = twin, .withheld = &withheld};
  case_must(gm_store_read(a, ctx, &q, hear, &read), "read");
  assert_int_equal(0, withheld);
  case_close(a);
  case_unlink();
}

/* What may be exported but not read does not go out either; with a consent for neither nothing
 * does, and each refusal is in the log. */
static void export__asks_for_reading_too(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = twin_filled(a), withheld = 0;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .withheld = &withheld};
  told t = {.count = 0};
  gm_consent_rule no = {
      .actions = 1u << GM_ACT_READ, .classes = 1u << GM_CLASS_GENETIC, .actor = ""};
  case_must(gm_store_consent(a, ctx, twin, "no", &no), "deny");
  case_must(gm_store_export(a, ctx, &q, hear, &t), "export");
  assert_int_equal(CLASSES - 1, t.count);
  assert_int_equal(0, t.of[GM_RECORD_OBSERVATION][GM_CLASS_GENETIC]);
  assert_int_equal(1, withheld);
  q.withheld = NULL; /* whoever does not ask how many were left out is told that there are some */
  assert_int_equal(GM_EDENIED, gm_store_export(a, ctx, &q, hear, &t));
  deny(a, twin, 0, 1u << GM_CLASS_GENETIC);
  assert_int_equal(GM_EDENIED, gm_store_export(a, ctx, &q, hear, &t));
  case_must(gm_store_consent(a, ctx, twin, "all", NULL), "withdraw");
  int64_t denials = case_number("SELECT COUNT(*) FROM audit WHERE kind = 3");
  t.count = 0;
  q.withheld = &withheld;
  assert_int_equal(GM_EDENIED, gm_store_export(a, ctx, &q, hear, &t));
  assert_int_equal(0, t.count);
  assert_int_equal(denials + 1, case_number("SELECT COUNT(*) FROM audit WHERE kind = 3"));
  case_close(a);
  case_unlink();
}

/* A break-glass opens nothing for export; the patient carries off everything. */
static void export__is_not_for_emergencies(void **state)
{
  (void)state;
  gm_session *a = case_store(), *b = NULL;
  int64_t twin = twin_filled(a), withheld = 0;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .withheld = &withheld};
  gm_access_who night = {.role = GM_AS_CLINICIAN,
                         .actor = "Dr. Night",
                         .emergency = "unconscious in the ward"},
                patient = {.role = GM_AS_PATIENT, .actor = "P", .subject = "p"};
  told t = {.count = 0};
  deny(a, twin, 0, 0);
  case_must(gm_session_open(gm_session_store(a), ctx, &night, &b), "session");
  assert_int_equal(GM_EDENIED, gm_store_export(b, ctx, &q, hear, &t));
  assert_int_equal(0, t.count);
  gm_session_close(b);
  case_must(gm_session_open(gm_session_store(a), ctx, &patient, &b), "session");
  q.kind = 0;
  case_must(gm_store_export(b, ctx, &q, hear, &t), "export");
  assert_int_equal((KINDS - 2) * CLASSES + 2, t.count); /* and two consents */
  assert_int_equal(0, withheld);
  gm_session_close(b);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(export__leaves_out_what_is_denied),
                                     cmocka_unit_test(export__asks_for_reading_too),
                                     cmocka_unit_test(export__is_not_for_emergencies)};
  return case_main("export_denied", tests);
}
