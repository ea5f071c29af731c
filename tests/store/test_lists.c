/* test_lists.c - the twins of a store, as far as a session may know of them. */
#include "store_case.h"

enum { MANY = 700 };
typedef struct {
  int64_t twin[MANY], last;
  char names[400];
  int count;
} told;

static gm_status hear(void *user, const gm_twin_found *f)
{
  told *t = user;
  size_t at = strlen(t->names);
  assert_true(f->created_us >= t->last && f->subject > 0 && f->created_us > 1600000000000000);
  t->last = f->created_us;
  if (t->count < MANY) t->twin[t->count] = f->twin;
  t->count++;
  if (at < sizeof t->names - 60)
    snprintf(t->names + at, sizeof t->names - at, "%s of %s at %lld;", f->name, f->subject_id,
             (long long)f->seq);
  return GM_OK;
}

static void list_is(gm_session *a, int64_t subject, const char *want, int64_t want_withheld)
{
  told t = {.count = 0};
  int64_t withheld = -1;
  case_must(gm_store_twins(a, ctx, subject, hear, &t, &withheld), "twins");
  if (want) assert_string_equal(want, t.names);
  assert_int_equal(want_withheld, withheld);
}

static gm_session *session_of(gm_session *a, gm_access_role role, gm_use use, const char *subject)
{
  gm_session *b = NULL;
  gm_access_who who = {.role = role, .use = use, .actor = "x y", .subject = subject};
  case_must(gm_session_open(gm_session_store(a), ctx, &who, &b), "session");
  return b;
}

/* Whoever treats sees names where a consent lets it; the patient sees its own; a researcher sees
 * that there are twins, not whose; with or without cards the same. */
static void twins__as_far_as_known(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t one = case_twin(a, "p1", "t1"), two = case_twin(a, "p2", "t2"), p1 = 0, p2 = 0;
  case_must(gm_store_subject(a, ctx, "p1", false, &p1), "subject");
  case_must(gm_store_subject(a, ctx, "p2", false, &p2), "subject");
  gm_consent_rule no = {.permit = false, .actor = "", .uses = 1u << GM_USE_TRAINING};
  case_must(gm_store_consent(a, ctx, two, "no", &no), "deny");
  gm_session *patient = session_of(a, GM_AS_PATIENT, GM_USE_CARE, "p2");
  gm_session *research = session_of(a, GM_AS_RESEARCHER, GM_USE_TRAINING, NULL);
  for (int cards = 0; cards < 3; cards++) {
    list_is(a, 0, "t1 of p1 at 1;t2 of p2 at 2;", 0);
    list_is(a, p1, "t1 of p1 at 1;", 0);
    list_is(patient, 0, "t2 of p2 at 2;", 1);
    list_is(patient, p1, "", 1);
    list_is(research, 0, " of  at 1;", 1);
    if (cards == 0) {
      case_must(gm_store_card_put(a, ctx, one, 1, "c", 1), "card");
      case_must(gm_store_card_put(a, ctx, two, 2, "c", 1), "card");
    }
    /* a list does not need cards, so damaged ones do not hinder it */
    if (cards == 1) case_sql("UPDATE card SET body = zeroblob(100)");
  }
  gm_session_close(patient);
  gm_session_close(research);
  case_close(a);
  case_unlink();
}

typedef struct {
  gm_session *a;
  int stop_at, count;
} stopper;

/* Asks the store about each, and has enough at one of them. */
static gm_status hear_until(void *user, const gm_twin_found *f)
{
  stopper *s = user;
  told t = {.count = 0};
  case_must(gm_store_twin_look(s->a, ctx, f->twin, hear, &t), "look");
  assert_int_equal(f->twin, t.twin[0]);
  return s->count++ == s->stop_at ? gm_fail(ctx, GM_ECANCELLED, "enough") : GM_OK;
}

/* More twins than are read at a time, the next while these are told: each once, in order; a
 * subject's are found among them; the listener may ask the store, and stop anywhere. */
static void twins__of_many(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t subject = 0;
  for (int i = 0; i < MANY; i++) {
    char name[20];
    snprintf(name, sizeof name, "t%d", i);
    case_twin(a, i % 7 ? name : "the same", name);
  }
  told t = {.count = 0};
  case_must(gm_store_twins(a, ctx, 0, hear, &t, NULL), "twins");
  assert_int_equal(MANY, t.count);
  case_must(gm_store_subject(a, ctx, "the same", false, &subject), "subject");
  t = (told){.count = 0};
  case_must(gm_store_twins(a, ctx, subject, hear, &t, NULL), "twins");
  assert_int_equal(MANY / 7, t.count);
  for (int at = 0; at < MANY; at += MANY / 5) {
    stopper s = {.a = a, .stop_at = at};
    assert_int_equal(GM_ECANCELLED, gm_store_twins(a, ctx, 0, hear_until, &s, NULL));
    assert_string_equal("enough", gm_message(ctx));
    assert_int_equal(at + 1, s.count);
  }
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(twins__as_far_as_known),
                                     cmocka_unit_test(twins__of_many)};
  return case_main("lists", tests);
}
