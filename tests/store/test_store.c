/* The thread: what was known when, corrections, the same again, erasure, changed records, keys.
 * label: quick */
#include "store/store_case.h"
#include <pthread.h>

typedef struct {
  char text[4000];
  int32_t count;
} heard;

static gm_status listen(void *user, const gm_record_found *r)
{
  heard *h = user;
  if (r->kind == GM_RECORD_CONSENT) return GM_OK; /* of case_twin */
  size_t used = strlen(h->text);
  snprintf(h->text + used, sizeof h->text - used, "%s%g:%.*s", used ? " " : "", r->t_true_s,
           (int)r->bytes, (const char *)r->body);
  h->count++;
  return GM_OK;
}

static void hears(gm_session *s, const gm_record_query *q, const char *want)
{
  heard h = {.count = 0};
  case_must(gm_store_read(s, ctx, q, listen, &h), "read");
  assert_string_equal(want, h.text);
}

static gm_receipt add(gm_session *s, int64_t twin, double t, const char *id, const char *version,
                      const char *text)
{
  gm_receipt r;
  gm_entry e = case_entry(t, id, version, text);
  case_must(gm_store_append(s, ctx, twin, &e, 1, &r), "append");
  return r;
}

/* What the twin knew at each time of learning is exactly what had been appended by then, with the
 * versions of then; late data come in at their true time; the same version again adds nothing. */
static void read__is_as_it_was_known(void **state)
{
  (void)state;
  gm_session *s = case_store();
  int64_t twin = case_twin(s, "p1", "t1");
  gm_receipt a = add(s, twin, 10, "a", "1", "100");
  gm_receipt b = add(s, twin, 30, "b", "1", "120");
  gm_receipt late = add(s, twin, 20, "c", "1", "110");
  gm_receipt fixed = add(s, twin, 10, "a", "2", "101");
  gm_receipt again = add(s, twin, 30, "b", "1", "120");
  assert_true(again.already);
  assert_int_equal(again.seq, b.seq);
  assert_int_equal(5, fixed.seq);
  assert_true(a.t_learned < b.t_learned && b.t_learned < late.t_learned);
  hears(s, &(gm_record_query){.twin = twin}, "10:101 20:110 30:120");
  hears(s, &(gm_record_query){.twin = twin, .as_of = a.t_learned}, "10:100");
  hears(s, &(gm_record_query){.twin = twin, .as_of = b.t_learned}, "10:100 30:120");
  hears(s, &(gm_record_query){.twin = twin, .as_of = late.t_learned}, "10:100 20:110 30:120");
  hears(s, &(gm_record_query){.twin = twin, .as_of = a.t_learned - 1}, "");
  hears(s, &(gm_record_query){.twin = twin, .from_s = 15, .to_s = 30}, "20:110 30:120");
  hears(s, &(gm_record_query){.twin = twin, .all_versions = true}, "10:100 10:101 20:110 30:120");
  hears(s, &(gm_record_query){.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = "glucose"},
        "10:101 20:110 30:120");
  hears(s, &(gm_record_query){.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = "insulin"},
        "");
  hears(s, &(gm_record_query){.twin = twin, .kind = GM_RECORD_GIVEN}, "");
  case_close(s);
  s = case_store();
  hears(s, &(gm_record_query){.twin = case_twin(s, "p1", "t1"), .as_of = late.t_learned},
        "10:100 20:110 30:120");
  case_close(s);
  case_unlink();
}

/* An append of which one entry is bad leaves nothing of the others. */
static void append__is_all_or_none(void **state)
{
  (void)state;
  gm_session *s = case_store();
  int64_t twin = case_twin(s, "p1", "t1");
  gm_entry e[2] = {case_entry(1, "a", "1", "5"), case_entry(2, "b", "1", "6")};
  e[1].kind = 99;
  assert_int_equal(GM_EINVAL, gm_store_append(s, ctx, twin, e, 2, NULL));
  hears(s, &(gm_record_query){.twin = twin}, "");
  assert_int_equal(GM_ENOTFOUND, gm_store_append(s, ctx, twin + 1, e, 1, NULL));
  e[1] = case_entry(1, "a", "1", "5"); /* the same thing twice in one append is one record */
  gm_receipt r[2];
  case_must(gm_store_append(s, ctx, twin, e, 2, r), "append");
  assert_true(!r[0].already && r[1].already && r[0].seq == r[1].seq);
  case_close(s);
  case_unlink();
}

/* No file of the store holds a value, a name, a series or an id in the clear, at any time; after
 * the erasure nobody reads the subject's records, the others' are there, and the chain is whole. */
static void erase__leaves_hashes_alone(void **state)
{
  (void)state;
  static const char *const secret[] = {"VALUE-OF-ONE", "patient-one", "twin-one", "glucose",
                                       "sensor"};
  gm_session *s = case_store();
  int64_t one = case_twin(s, "patient-one", "twin-one"),
          two = case_twin(s, "patient-two", "twin-two");
  for (int i = 0; i < 20; i++) {
    char id[20];
    snprintf(id, sizeof id, "id-%d", i);
    add(s, one, i, id, "1", "VALUE-OF-ONE");
    add(s, two, i, id, "1", "x");
  }
  for (int i = 0; i < 5; i++)
    if (case_bytes_hold(secret[i], strlen(secret[i]))) fail_msg("%s is in a file", secret[i]);
  int64_t who = 0, twin = 0, seq = 0;
  case_must(gm_store_subject(s, ctx, "patient-one", false, &who), "subject");
  case_erase(s, who);
  heard h = {.count = 0};
  assert_int_equal(GM_ENOTFOUND,
                   gm_store_read(s, ctx, &(gm_record_query){.twin = one}, listen, &h));
  assert_int_equal(0, h.count);
  assert_int_equal(GM_ENOTFOUND, gm_store_subject(s, ctx, "patient-one", true, &who));
  gm_entry e = case_entry(99, "z", "1", "1");
  assert_int_equal(GM_ENOTFOUND, gm_store_append(s, ctx, one, &e, 1, NULL));
  case_must(gm_store_read(s, ctx, &(gm_record_query){.twin = two}, listen, &h), "read");
  assert_int_equal(20, h.count);
  case_must(gm_store_verify(gm_session_store(s), ctx, 0, &twin, &seq), "verify");
  assert_int_equal(0, seq);
  case_close(s);
  case_unlink();
}

/* Whatever column of whatever record is changed, a record is taken out or the last are cut off: the
 * check says which is the first that does not fit. */
static void verify__finds_what_was_changed(void **state)
{
  (void)state;
  static const struct {
    const char *change;
    int64_t seq;
  } c[] = {{"UPDATE record SET t_true = t_true + 1 WHERE seq = 3", 3},
           {"UPDATE record SET learned = learned + 1 WHERE seq = 5", 5},
           {"UPDATE record SET kind = 2 WHERE seq = 2", 2},
           {"UPDATE record SET body = (SELECT body FROM record WHERE seq = 3) WHERE seq = 4", 4},
           {"UPDATE record SET body = NULL WHERE seq = 4", 4},
           {"UPDATE record SET thing = zeroblob(16) WHERE seq = 2", 2},
           {"UPDATE record SET version = zeroblob(16) WHERE seq = 6", 6},
           {"UPDATE record SET series = zeroblob(16) WHERE seq = 6", 6},
           {"UPDATE record SET chain = zeroblob(32) WHERE seq = 6", 6},
           {"DELETE FROM record WHERE seq = 3", 3},
           {"DELETE FROM record WHERE seq = 6", 6},
           {"UPDATE record SET class = class + 1 WHERE seq = 4", 4},
           {"UPDATE record SET session = session + 1 WHERE seq = 5", 5},
           {"DELETE FROM record WHERE seq = 7", 7},
           {"UPDATE twin SET head = zeroblob(32)", 8}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    gm_session *s = case_store();
    int64_t t = case_twin(s, "p", "t"), twin = 0, seq = 0;
    char id[2] = "a";
    for (int k = 0; k < 6; k++, id[0]++) add(s, t, k, id, "1", "17");
    case_must(gm_store_verify(gm_session_store(s), ctx, t, &twin, &seq), "verify");
    assert_int_equal(0, seq);
    case_close(s);
    case_sql(c[i].change);
    s = case_store();
    case_must(gm_store_verify(gm_session_store(s), ctx, 0, &twin, &seq), "verify");
    if (seq != c[i].seq) fail_msg("%s: record %d, not %d", c[i].change, (int)seq, (int)c[i].seq);
    case_close(s);
    case_unlink();
  }
}

typedef struct {
  gm_session *s;
  int64_t twin;
  int number;
} writer;

static void *write_twenty(void *user)
{
  writer *w = user;
  gm_ctx *own = NULL;
  if (gm_ctx_child(ctx, &own)) return NULL;
  for (int i = 0; i < 20; i++) {
    char id[40];
    snprintf(id, sizeof id, "%d-%d", w->number, i);
    gm_entry e = case_entry(i, id, "1", "1");
    if (gm_store_append(w->s, own, w->twin, &e, 1, NULL)) return NULL;
  }
  gm_ctx_free(own);
  return w;
}

/* Sixteen callers share commits: all 320 records are there, and far fewer commits were made. */
static void append__shares_commits(void **state)
{
  (void)state;
  enum { WRITERS = 16 };
  gm_session *s = case_store();
  pthread_t thread[WRITERS];
  writer w[WRITERS];
  heard h = {.count = 0};
  int64_t twin = case_twin(s, "p", "t");
  for (int i = 0; i < WRITERS; i++) {
    w[i] = (writer){s, twin, i};
    assert_int_equal(0, pthread_create(&thread[i], NULL, write_twenty, &w[i]));
  }
  for (int i = 0; i < WRITERS; i++) {
    void *done = NULL;
    pthread_join(thread[i], &done);
    assert_non_null(done);
  }
  case_must(gm_store_read(s, ctx, &(gm_record_query){.twin = twin}, listen, &h), "read");
  assert_int_equal(WRITERS * 20, h.count);
  assert_true(gm_store_commits(gm_session_store(s)) < WRITERS * 20 / 2);
  case_close(s);
  case_unlink();
}

/* Another master key opens nothing; a file of others is not touched; a newer store is refused. */
static void open__refuses_by_name(void **state)
{
  (void)state;
  gm_session *s = case_store();
  case_twin(s, "p", "t");
  case_close(s);
  gm_store *f = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_OTHER"};
  unsetenv("GEMEL_TEST_OTHER");
  assert_int_equal(GM_ENOTFOUND, gm_store_open(ctx, &o, &f));
  setenv("GEMEL_TEST_OTHER", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  assert_int_equal(GM_EPARSE, gm_store_open(ctx, &o, &f));
  assert_non_null(strstr(gm_message(ctx), "master key"));
  setenv("GEMEL_TEST_OTHER", "secret words", 1);
  assert_int_equal(GM_EPARSE, gm_store_open(ctx, &o, &f));
  assert_null(strstr(gm_message(ctx), "secret words"));
  o.master = "env:GEMEL_TEST_KEY";
  case_sql("UPDATE gemel SET value = 99");
  assert_int_equal(GM_EUNSUPPORTED, gm_store_open(ctx, &o, &f));
  case_unlink();
  assert_int_equal(GM_ENOTFOUND, gm_store_open(ctx, &o, &f));
  case_sql("CREATE TABLE theirs (x BIGINT)");
  o.create = true;
  assert_int_equal(GM_EPARSE, gm_store_open(ctx, &o, &f));
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(read__is_as_it_was_known),
                                     cmocka_unit_test(append__is_all_or_none),
                                     cmocka_unit_test(append__shares_commits),
                                     cmocka_unit_test(erase__leaves_hashes_alone),
                                     cmocka_unit_test(verify__finds_what_was_changed),
                                     cmocka_unit_test(open__refuses_by_name)};
  return case_main("store", tests);
}
