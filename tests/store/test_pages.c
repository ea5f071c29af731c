/* test_pages.c - reading by pages gives exactly what the records give, whatever happens to pages.
 * Expected: kept by the test beside the store, sorted and filtered by the words of store.h. */
#include "store_case.h"
#include "support/fault.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

enum { THINGS_MAX = 8000, BATCH_MAX = 700, SERIES = 4 };

static const struct {
  gm_record_kind kind;
  const char *name;
  int weight; /* how many records go there, of 100 */
} series[SERIES] = {{GM_RECORD_OBSERVATION, "glucose", 60},
                    {GM_RECORD_OBSERVATION, "heart rate", 35},
                    {GM_RECORD_GIVEN, "insulin", 4},
                    {GM_RECORD_COVARIATE, "weight", 1}};

/* What was appended. */
typedef struct {
  int series, number, version;
  double t;
  gm_data_class data_class;
  int64_t seq, learned, newer; /* newer: when a later version was learned; 0: it is the newest */
  char id[24], text[60];
} thing;
static thing all[THINGS_MAX], *expected[THINGS_MAX];
static int all_count;

static uint64_t state_random;
static uint32_t draw(uint32_t below)
{
  state_random = state_random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
  return (uint32_t)(state_random >> 33) % below;
}

/* ---- appending ------------------------------------------------------------------------------- */
static int latest_of(int s, int number)
{
  for (int i = all_count; i-- > 0;)
    if (all[i].series == s && all[i].number == number) return i;
  return -1;
}

static int series_drawn(void)
{
  int at = (int)draw(100), s = 0;
  while (at >= series[s].weight) at -= series[s++].weight;
  return s;
}

/* A new thing mostly in order of time, sometimes late, often at the time of another; or a newer
 * version of one that is there, maybe at another time. */
static void thing_draw(thing *o, int number)
{
  *o = (thing){.series = series_drawn(), .number = number, .version = 1};
  o->t = draw(10) ? 300.0 * (number / 3) : 300.0 * draw((uint32_t)number / 3 + 1);
  o->data_class = (gm_data_class)draw(GM_CLASS_COUNT);
  int of = number > 10 && !draw(12) ? (int)draw((uint32_t)all_count) : -1;
  if (of >= 0) {
    const thing *old = &all[latest_of(all[of].series, all[of].number)];
    o->series = old->series;
    o->number = old->number;
    o->version = old->version + 1;
    if (draw(2)) o->t = old->t;
  }
  snprintf(o->id, sizeof o->id, "%d-%d", o->series, o->number);
  snprintf(o->text, sizeof o->text, "%d.%d %.*s", o->number, o->version, (int)draw(40),
           "........................................");
}

static void batch_append(gm_session *a, int64_t twin, int count)
{
  static gm_entry e[BATCH_MAX];
  static gm_receipt r[BATCH_MAX];
  static char version[BATCH_MAX][12];
  int first = all_count;
  for (int i = 0; i < count; i++) {
    thing *o = &all[all_count];
    thing_draw(o, all_count);
    int old = latest_of(o->series, o->number);
    if (old >= 0) all[old].newer = -1 - all_count; /* learned when this one is */
    snprintf(version[i], sizeof version[i], "%d", o->version);
    e[i] = (gm_entry){.kind = series[o->series].kind,
                      .series = series[o->series].name,
                      .t_true_s = o->t,
                      .source = o->number % 5 ? "sensor" : "hand",
                      .id = o->id,
                      .version = version[i],
                      .body = o->text,
                      .bytes = strlen(o->text),
                      .data_class = o->data_class,
                      .licence = o->number % 3 ? "" : "CC-BY"};
    all_count++;
  }
  case_must(gm_store_append(a, ctx, twin, e, count, r), "append");
  for (int i = 0; i < count; i++) {
    all[first + i].seq = r[i].seq;
    all[first + i].learned = r[i].t_learned;
  }
  for (int i = 0; i < all_count; i++)
    if (all[i].newer < 0) all[i].newer = all[-1 - all[i].newer].learned;
}

/* ---- what is expected -------------------------------------------------------------------------
 */
static int by_time(const void *a, const void *b)
{
  const thing *x = *(thing *const *)a, *y = *(thing *const *)b;
  return x->t != y->t ? (x->t < y->t ? -1 : 1) : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int expect(const gm_record_query *q)
{
  int n = 0;
  bool always = q->from_s == 0 && q->to_s == 0;
  int64_t as_of = q->as_of ? q->as_of : INT64_MAX;
  for (int i = 0; i < all_count; i++) {
    thing *o = &all[i];
    if (q->kind && series[o->series].kind != q->kind) continue;
    if (q->series && strcmp(series[o->series].name, q->series) != 0) continue;
    if (!always && (o->t < q->from_s || o->t > q->to_s)) continue;
    if (o->learned > as_of) continue;
    if (!q->all_versions && o->newer && o->newer <= as_of) continue;
    expected[n++] = o;
  }
  qsort(expected, (size_t)n, sizeof expected[0], by_time);
  return n;
}

typedef struct {
  int at, count;
} heard;

static gm_status hear(void *user, const gm_record_found *r)
{
  heard *h = user;
  if (r->kind == GM_RECORD_CONSENT) return GM_OK; /* the case's own */
  assert_true(h->at < h->count);
  const thing *o = expected[h->at++];
  char version[12];
  snprintf(version, sizeof version, "%d", o->version);
  assert_int_equal(o->seq, r->seq);
  assert_int_equal(o->learned, r->t_learned);
  assert_int_equal(series[o->series].kind, r->kind);
  assert_int_equal(o->data_class, r->data_class);
  assert_true(o->t == r->t_true_s && r->session != 0);
  assert_string_equal(series[o->series].name, r->series);
  assert_string_equal(o->number % 5 ? "sensor" : "hand", r->source);
  assert_string_equal(o->id, r->id);
  assert_string_equal(version, r->version);
  assert_string_equal(o->number % 3 ? "" : "CC-BY", r->licence);
  assert_int_equal(strlen(o->text), r->bytes);
  assert_memory_equal(o->text, r->body, r->bytes);
  return GM_OK;
}

static void reads_as_expected(gm_session *a, const gm_record_query *q)
{
  heard h = {.count = expect(q)};
  case_must(gm_store_read(a, ctx, q, hear, &h), "read");
  assert_int_equal(h.count, h.at);
}

static gm_record_query query_draw(int64_t twin)
{
  gm_record_query q = {.twin = twin, .all_versions = !draw(3)};
  int s = (int)draw(SERIES);
  if (draw(4)) q.kind = series[s].kind;
  if (q.kind && draw(3)) q.series = series[s].name;
  if (!draw(3)) q.as_of = all[draw((uint32_t)all_count)].learned;
  if (!draw(2)) {
    q.from_s = 300.0 * draw((uint32_t)all_count / 3 + 1);
    q.to_s = q.from_s + 300.0 * draw((uint32_t)all_count / 3 + 1) + 1;
  }
  return q;
}

static void thread_make(gm_session *a, int64_t twin, uint64_t seed, int things)
{
  state_random = seed;
  all_count = 0;
  while (all_count < things) {
    int room = things - all_count, count = 1 + (int)draw(BATCH_MAX);
    batch_append(a, twin, count < room ? count : room);
    if (all_count < 20) continue;
    for (int i = 0; i < 4; i++) reads_as_expected(a, &(gm_record_query[1]){query_draw(twin)}[0]);
  }
}

static int64_t pages(void) { return case_number("SELECT COUNT(*) FROM page"); }

/* Random threads with late data, ties, corrections that also move in time, read on the way by
 * random questions: every field of every record, in order, and nothing else; while pages come in
 * between. */
static void pages__give_what_records_give(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    gm_session *a = case_store();
    int64_t twin = case_twin(a, "p", "t");
    thread_make(a, twin, seed, 4500);
    assert_true(pages() >= 2);
    for (int i = 0; i < 60; i++) {
      gm_record_query q = query_draw(twin);
      reads_as_expected(a, &q);
    }
    case_close(a);
    case_unlink();
  }
}

/* Where there are pages the records themselves are not looked at: bodies that are gone there are
 * not missed, so that what the other cases damage really is what is read. */
static void pages__are_what_is_read(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  thread_make(a, twin, 7, 5000);
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = "glucose"};
  reads_as_expected(a, &q);
  int64_t last = case_number("SELECT MIN(last) FROM page");
  char sql[200];
  snprintf(sql, sizeof sql,
           "UPDATE record SET body = zeroblob(60) WHERE seq <= %lld AND series IN"
           " (SELECT series FROM page WHERE last = %lld)",
           (long long)last, (long long)last);
  case_sql(sql);
  reads_as_expected(a, &q);
  case_close(a);
  case_unlink();
}

/* A page that was changed in any column, or is gone, is not believed: reading gives what the
 * records give, and after some more readings the page is there again. */
static void pages__damaged_ones_are_made_again(void **state)
{
  (void)state;
  static const char *const harm[] = {"UPDATE page SET body = zeroblob(900)",
                                     "UPDATE page SET mark = zeroblob(16)",
                                     "UPDATE page SET last = last + 3000",
                                     "UPDATE page SET last = last - 1",
                                     "UPDATE page SET first = first + 1",
                                     "UPDATE page SET t_least = 1e12",
                                     "UPDATE page SET t_most = -1e12",
                                     "UPDATE page SET kind = 2",
                                     ("UPDATE page SET series = zeroblob(16)"
                                      " WHERE last = (SELECT MIN(last) FROM page)"),
                                     "DELETE FROM page WHERE first = 1",
                                     "DELETE FROM page"};
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  thread_make(a, twin, 11, 6000);
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION};
  for (int i = 0; i < 4; i++) reads_as_expected(a, &q);
  int64_t good = case_number("SELECT COUNT(*) FROM page WHERE kind = 1");
  assert_true(good >= 3);
  for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
    case_sql("DELETE FROM page WHERE kind = 2");
    case_sql(harm[i]);
    for (int k = 0; k < 8; k++) reads_as_expected(a, &q);
    case_sql("DELETE FROM page WHERE series = zeroblob(16)");
    int64_t now = case_number("SELECT COUNT(*) FROM page WHERE kind = 1");
    if (now != good) fail_msg("%s: %d pages, were %d", harm[i], (int)now, (int)good);
  }
  case_close(a);
  case_unlink();
}

/* ---- at once -----------------------------------------------------------------------------------
 */
enum { WRITERS = 2, READERS = 3, EACH = 4000 };
typedef struct {
  gm_session *a;
  int64_t twin;
  int number;
  _Atomic int *running;
} actor;

/* Threads cannot fail a case of cmocka. */
static _Noreturn void give_up(const char *what, const char *why)
{
  fprintf(stderr, "%s: %s\n", what, why);
  abort();
}

static void *write_on(void *user)
{
  actor *w = user;
  gm_ctx *own = NULL;
  char name[20];
  snprintf(name, sizeof name, "series %d", w->number);
  if (gm_ctx_new(NULL, &own)) give_up("context", "");
  for (int k = 0; k < EACH; k += 100) {
    gm_entry e[101];
    char id[101][24];
    for (int i = 0; i < 101; i++) {
      /* one of them corrects what was appended long before */
      int number = i < 100 ? k + i : k / 2;
      snprintf(id[i], sizeof id[i], "%d-%d", w->number, number);
      e[i] = case_entry(number, id[i], i < 100 ? "1" : id[99], "x");
      e[i].series = name;
    }
    if (gm_store_append(w->a, own, w->twin, e, 101, NULL)) give_up("append", gm_message(own));
  }
  gm_ctx_free(own);
  atomic_fetch_sub(w->running, 1);
  return NULL;
}

static gm_status one_after_the_other(void *user, const gm_record_found *r)
{
  int *next = user;
  if (atoi(strchr(r->id, '-') + 1) != (*next)++) give_up("out of order", r->id);
  return GM_OK;
}

/* Until nobody writes any more, and once at least. */
static void *read_on(void *user)
{
  actor *w = user;
  gm_ctx *own = NULL;
  int before[WRITERS] = {0};
  if (gm_ctx_new(NULL, &own)) give_up("context", "");
  do
    for (int i = 0; i < WRITERS; i++) {
      char name[20];
      int next = 0;
      snprintf(name, sizeof name, "series %d", i);
      gm_record_query q = {.twin = w->twin, .kind = GM_RECORD_OBSERVATION, .series = name};
      if (gm_store_read(w->a, own, &q, one_after_the_other, &next))
        give_up("read", gm_message(own));
      if (next < before[i] || next % 100) give_up("read", "not whole");
      before[i] = next;
    }
  while (atomic_load(w->running) > 0);
  gm_ctx_free(own);
  return NULL;
}

static void read_whole(gm_session *a, int64_t twin, int number)
{
  char name[20];
  int next = 0;
  snprintf(name, sizeof name, "series %d", number);
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = name};
  case_must(gm_store_read(a, ctx, &q, one_after_the_other, &next), "read");
  assert_int_equal(EACH, next);
}

/* Two stores on one database, as two processes have them, with writers and readers of both: a
 * reading always is whole batches, each thing once though it was corrected, and never less than
 * before; pages are made meanwhile, from both sides. */
static void pages__hold_while_others_append(void **state)
{
  (void)state;
  gm_session *a[2] = {case_store(), case_store()};
  int64_t twin = case_twin(a[0], "p", "t");
  _Atomic int running = WRITERS;
  actor w[WRITERS + READERS];
  pthread_t thread[WRITERS + READERS];
  for (int i = 0; i < WRITERS + READERS; i++) {
    w[i] = (actor){a[i % 2], twin, i, &running};
    pthread_create(&thread[i], NULL, i < WRITERS ? write_on : read_on, &w[i]);
  }
  for (int i = 0; i < WRITERS + READERS; i++) pthread_join(thread[i], NULL);
  /* a store that found nothing to do, as the other was first, rests for a while */
  for (int tries = 0; tries == 0 || (tries < 600 && pages() < 2 * (EACH / 1024)); tries++) {
    if (tries) usleep(100000);
    for (int i = 0; i < 2; i++) read_whole(a[i], twin, i);
  }
  assert_true(pages() >= 2 * (EACH / 1024));
  case_close(a[0]);
  case_close(a[1]);
  case_unlink();
}

/* ---- memory ------------------------------------------------------------------------------------
 */
typedef struct {
  gm_session *a;
  int64_t twin;
} trial;

static gm_status count_on(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int *)user;
  return GM_OK;
}

static gm_status read_trial(gm_ctx *c, void *user)
{
  trial *t = user;
  int count = 0;
  gm_record_query q = {.twin = t->twin};
  gm_status st = gm_store_read(t->a, c, &q, count_on, &count);
  if (!st) assert_true(count > all_count / 2);
  return st;
}

/* Reading without memory at any place says so, or reads whole, and leaks nothing. */
static void pages__reading_without_memory(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  thread_make(a, twin, 13, 2500);
  trial t = {a, twin};
  assert_true(fault_sweep_tolerant("read", read_trial, &t) > 10);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(pages__give_what_records_give),
                                     cmocka_unit_test(pages__are_what_is_read),
                                     cmocka_unit_test(pages__damaged_ones_are_made_again),
                                     cmocka_unit_test(pages__hold_while_others_append),
                                     cmocka_unit_test(pages__reading_without_memory)};
  return case_main("pages", tests);
}
