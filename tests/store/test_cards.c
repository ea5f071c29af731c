/* test_cards.c - cards of all twins: who gets which, what they are bound to, how they are written.
 */
#include "store_case.h"
#include <pthread.h>

static gm_session *session_of(gm_session *a, gm_access_role role, gm_use use)
{
  gm_session *b = NULL;
  gm_access_who who = {.role = role, .use = use, .actor = "somebody else"};
  case_must(gm_session_open(gm_session_store(a), ctx, &who, &b), "session");
  return b;
}

static void put(gm_session *a, int64_t twin, int64_t seq, const char *text)
{
  case_must(gm_store_card_put(a, ctx, twin, seq, text, strlen(text)), "card");
}

typedef struct {
  char text[2000];
  const int64_t *order; /* of the twins; NULL: not looked at */
  int count;
  gm_session *inside; /* reads the twin from within */
} told;

static gm_status nothing(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int *)user;
  return GM_OK;
}

static gm_status hear(void *user, const gm_card_found *c)
{
  told *t = user;
  size_t at = strlen(t->text);
  assert_true(c->subject > 0);
  if (t->order) assert_int_equal(t->order[t->count], c->twin);
  t->count++;
  if (t->inside) {
    int records = 0;
    gm_record_query q = {.twin = c->twin};
    case_must(gm_store_read(t->inside, ctx, &q, nothing, &records), "read inside");
    assert_true(records > 0);
  }
  if (at < sizeof t->text - 100)
    snprintf(t->text + at, sizeof t->text - at, "%s|%s|%lld|%.*s;", c->name, c->subject_id,
             (long long)c->seq, (int)c->bytes, (const char *)c->body);
  return GM_OK;
}

/* What a session is told, and how many cards are kept from it. */
static void cards_are(gm_session *a, const char *want, int64_t want_withheld)
{
  told t = {.count = 0};
  int64_t withheld = -1;
  case_must(gm_store_cards(a, ctx, hear, &t, &withheld), "cards");
  assert_string_equal(want, t.text);
  assert_int_equal(want_withheld, withheld);
}

static void record(gm_session *a, int64_t twin, gm_record_kind kind, gm_data_class class)
{
  static int number;
  char id[20];
  snprintf(id, sizeof id, "r%d", number++);
  gm_entry e = case_entry(1, id, "1", "x");
  e.kind = kind;
  e.data_class = class;
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
}

/* A card is told with its names to who treats; a consent withdrawn after it was made holds at the
 * next question, from another store on the same database too, and given again opens it again. */
static void cards__follow_consents(void **state)
{
  (void)state;
  gm_session *a = case_store(), *b = case_store();
  int64_t twin = case_twin(a, "p1", "t1");
  gm_consent_rule no = {.permit = false, .actor = ""};
  put(a, twin, 1, "card");
  cards_are(a, "t1|p1|1|card;", 0);
  case_must(gm_store_consent(b, ctx, twin, "all", NULL), "withdraw");
  cards_are(a, "", 1);
  cards_are(b, "", 1);
  gm_consent_rule all = {.permit = true, .actor = ""};
  case_must(gm_store_consent(b, ctx, twin, "all", &all), "consent");
  cards_are(a, "t1|p1|1|card;", 0);
  case_must(gm_store_consent(a, ctx, twin, "not him", &no), "deny");
  cards_are(b, "", 1);
  case_close(b);
  case_close(a);
  case_unlink();
}

/* Uses are decided one by one, and whoever learns from many is not told whom; a device, which
 * reads nothing, gets no card. */
static void cards__by_use_and_role(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p1", "t1"), other = case_twin(a, "p2", "t2");
  put(a, twin, 1, "one"); /* told in order of the twins' making */
  put(a, other, 1, "two");
  gm_consent_rule no = {.permit = false, .actor = "", .uses = 1u << GM_USE_TRAINING};
  case_must(gm_store_consent(a, ctx, other, "no training", &no), "deny");
  gm_session *r = session_of(a, GM_AS_RESEARCHER, GM_USE_TRAINING);
  gm_session *v = session_of(a, GM_AS_RESEARCHER, GM_USE_VIRTUAL_POPULATION);
  gm_session *d = session_of(a, GM_AS_DEVICE, GM_USE_CARE);
  gm_session *i = session_of(a, GM_AS_INSURER, GM_USE_CARE);
  cards_are(r, "||1|one;", 1);
  cards_are(v, "||1|one;||1|two;", 0);
  cards_are(d, "", 2);
  cards_are(i, "", 2);
  gm_session_close(r);
  gm_session_close(v);
  gm_session_close(d);
  gm_session_close(i);
  case_close(a);
  case_unlink();
}

/* A card that holds a genetic covariate is kept from whom the genetic class is denied; the same
 * rule keeps no card whose covariates are of another class. */
static void cards__by_class(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t plain = case_twin(a, "p1", "t1"), genetic = case_twin(a, "p2", "t2");
  gm_consent_rule no = {.permit = false, .actor = "", .classes = 1u << GM_CLASS_GENETIC};
  record(a, plain, GM_RECORD_COVARIATE, GM_CLASS_CLINICAL);
  record(a, plain, GM_RECORD_OBSERVATION, GM_CLASS_GENETIC); /* not on the card */
  record(a, genetic, GM_RECORD_COVARIATE, GM_CLASS_GENETIC);
  put(a, plain, 3, "plain");
  put(a, genetic, 2, "genetic");
  record(a, genetic, GM_RECORD_COVARIATE, GM_CLASS_CLINICAL);
  put(a, genetic, 3, "genetic still");
  case_must(gm_store_consent(a, ctx, plain, "no genes", &no), "deny");
  case_must(gm_store_consent(a, ctx, genetic, "no genes", &no), "deny");
  cards_are(a, "t1|p1|3|plain;", 1);
  case_close(a);
  case_unlink();
}

/* The newest card is kept, whoever comes last; one that stands on a record that is not there is
 * refused. */
static void cards__never_go_back(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p1", "t1");
  record(a, twin, GM_RECORD_OBSERVATION, GM_CLASS_CLINICAL);
  put(a, twin, 2, "of two");
  put(a, twin, 1, "of one");
  cards_are(a, "t1|p1|2|of two;", 0);
  put(a, twin, 2, "of two, again");
  cards_are(a, "t1|p1|2|of two, again;", 0);
  assert_int_equal(GM_EINVAL, gm_store_card_put(a, ctx, twin, 3, "x", 1));
  assert_int_equal(GM_ENOTFOUND, gm_store_card_put(a, ctx, twin + 1, 0, "x", 1));
  gm_session *d = session_of(a, GM_AS_DEVICE, GM_USE_CARE);
  assert_int_equal(GM_EDENIED, gm_store_card_put(d, ctx, twin, 2, "x", 1));
  gm_session_close(d);
  case_close(a);
  case_unlink();
}

/* A card changed in any column, or moved to another twin, is not believed: above all not the state
 * of the consents, by which old rules would come back. */
static void cards__are_bound(void **state)
{
  (void)state;
  static const char *const harm[] = {"UPDATE card SET seq = 0", "UPDATE card SET consents = 2",
                                     "UPDATE card SET classes = 0",
                                     "UPDATE card SET body = zeroblob(200)",
                                     ("UPDATE card SET twin = (SELECT id FROM twin WHERE id"
                                      " NOT IN (SELECT twin FROM card))")};
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p1", "t1");
  case_twin(a, "p2", "t2");
  gm_consent_rule no = {.permit = false, .actor = ""};
  put(a, twin, 1, "card");
  case_must(gm_store_consent(a, ctx, twin, "no", &no), "deny");
  for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
    told t = {.count = 0};
    case_sql(harm[i]);
    gm_status st = gm_store_cards(a, ctx, hear, &t, NULL);
    if (st != GM_EPARSE) fail_msg("%s: %s", harm[i], gm_status_name(st));
    assert_int_equal(0, t.count);
    case_sql("DELETE FROM card");
    case_must(gm_store_consent(a, ctx, twin, "no", NULL), "permit");
    put(a, twin, 1, "card");
    case_must(gm_store_consent(a, ctx, twin, "no", &no), "deny");
  }
  case_close(a);
  case_unlink();
}

/* ---- many ---------------------------------------------------------------------------------------
 */
enum { THREADS = 8, TWINS = 600, EACH = 20 };
typedef struct {
  gm_session *a;
  int64_t twin;
} putter;

static void *put_on(void *user)
{
  putter *p = user;
  gm_ctx *own = NULL;
  if (gm_ctx_new(NULL, &own)) abort();
  for (int i = 0; i < EACH; i++)
    if (gm_store_card_put(p->a, own, p->twin, 1, "shared", 6)) {
      fprintf(stderr, "card: %s\n", gm_message(own));
      abort();
    }
  gm_ctx_free(own);
  return NULL;
}

/* Many threads put cards side by side; each gets its own told once; and more twins than keys or
 * rows at hand are gone through in order, while the listener reads each of them. */
static void cards__of_many(void **state)
{
  (void)state;
  gm_session *a = case_store();
  static int64_t twin[TWINS];
  putter p[THREADS];
  pthread_t thread[THREADS];
  for (int i = 0; i < TWINS; i++) {
    char name[20];
    snprintf(name, sizeof name, "t%d", i);
    twin[i] = case_twin(a, name, name);
  }
  for (int i = 0; i < THREADS; i++) {
    p[i] = (putter){a, twin[i]};
    pthread_create(&thread[i], NULL, put_on, &p[i]);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  for (int i = THREADS; i < TWINS; i++) put(a, twin[i], 1, "alone");
  told t = {.inside = a, .order = twin};
  int64_t withheld = -1;
  case_must(gm_store_cards(a, ctx, hear, &t, &withheld), "cards");
  assert_int_equal(TWINS, t.count);
  assert_int_equal(0, withheld);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cards__follow_consents), cmocka_unit_test(cards__by_use_and_role),
      cmocka_unit_test(cards__by_class),        cmocka_unit_test(cards__never_go_back),
      cmocka_unit_test(cards__are_bound),       cmocka_unit_test(cards__of_many)};
  return case_main("cards", tests);
}
