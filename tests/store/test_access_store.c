/* Scopes, emergencies and consents at a real store: who is told of consents, and that a change
 * holds from the next call of every session, store and process. label: quick */
#include "store/store_case.h"
#include "gemel/audit.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { CLASSES = GM_CLASS_COUNT };
#define U(name) (1u << GM_USE_##name)

/* One record of each kind but consents, of each class. */
static int64_t twin_seeded(gm_session *a, const char *subject, const char *name)
{
  static char id[GM_RECORD_KIND_COUNT * CLASSES][40];
  gm_entry e[GM_RECORD_KIND_COUNT * CLASSES];
  int32_t n = 0;
  int64_t twin = case_twin(a, subject, name);
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT; kind++)
    for (int c = 0; c < CLASSES && kind != GM_RECORD_CONSENT; c++, n++) {
      snprintf(id[n], sizeof id[n], "seed-%d-%d", kind, c);
      e[n] = case_entry(kind, id[n], "1", "1");
      e[n].kind = (gm_record_kind)kind;
      e[n].data_class = (gm_data_class)c;
    }
  case_must(gm_store_append(a, ctx, twin, e, n, NULL), "seed");
  return twin;
}

/* ---- scopes, emergencies, lists of consents -------------------------------------------------- */
static gm_session *session_as(gm_store *s, gm_access_who who)
{
  gm_session *a = NULL;
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

static gm_status nothing(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int *)user;
  return GM_OK;
}

static int reads(gm_session *a, int64_t twin, int kind, gm_status want)
{
  int n = 0;
  int64_t withheld = 0;
  gm_record_query q = {.twin = twin, .kind = (gm_record_kind)kind, .withheld = &withheld};
  gm_status st = gm_store_read(a, ctx, &q, nothing, &n);
  if (st != want) fail_msg("%s, not %s", gm_status_name(st), gm_status_name(want));
  return n;
}

/* A session with a scope does what the scope names and nothing else of what its role may. */
static void scope__narrows(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = twin_seeded(a, "p", "t"), id = 0;
  gm_session *b = session_as(s, (gm_access_who){.role = GM_AS_CLINICIAN,
                                                .use = GM_USE_CARE,
                                                .actor = "app",
                                                .scope = "observation.read belief.read note.add"});
  gm_entry e = case_entry(1, "new", "1", "1");
  gm_consent_rule all = {.permit = true, .actor = ""};
  assert_int_equal(CLASSES, reads(b, twin, GM_RECORD_OBSERVATION, GM_OK));
  assert_int_equal(2 * CLASSES, reads(b, twin, 0, GM_OK));
  assert_int_equal(0, reads(b, twin, GM_RECORD_GIVEN, GM_EDENIED));
  assert_int_equal(GM_EDENIED, gm_store_append(b, ctx, twin, &e, 1, NULL));
  assert_int_equal(GM_EDENIED, gm_store_consent(b, ctx, twin, "c", &all));
  assert_int_equal(GM_EDENIED, gm_store_subject(b, ctx, "new one", true, &id));
  e.kind = GM_RECORD_NOTE;
  case_must(gm_store_append(b, ctx, twin, &e, 1, NULL), "note");
  gm_session_close(b);
  case_close(a);
  case_unlink();
}

typedef struct {
  int emergencies, denials;
} seen;

static gm_status see(void *user, const gm_audit_row *r)
{
  seen *n = user;
  n->emergencies += r->kind == GM_AUDIT_EMERGENCY;
  n->denials += r->kind == GM_AUDIT_DENIED;
  return GM_OK;
}

static seen log_of(gm_store *s)
{
  seen n = {0};
  gm_session *auditor = session_as(
      s, (gm_access_who){.role = GM_AS_AUDITOR, .use = GM_USE_OPERATION, .actor = "auditor"});
  case_must(gm_audit_read(auditor, ctx, 1, 0, 0, see, &n), "log");
  gm_session_close(auditor);
  return n;
}

/* Break-glass opens what no consent permits and what one denies, except what is sensitive and
 * denied; each reading is in the log, and so is each refusal. */
static void emergency__is_logged(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = twin_seeded(a, "p", "t");
  gm_entry e = case_entry(1, "new", "1", "1");
  gm_session *b = session_as(s, (gm_access_who){.role = GM_AS_CLINICIAN,
                                                .use = GM_USE_CARE,
                                                .actor = "Dr. Night",
                                                .emergency = "unconscious in the ward"});
  assert_int_equal(CLASSES, reads(b, twin, GM_RECORD_OBSERVATION, GM_OK));
  assert_int_equal(0, log_of(s).emergencies); /* a consent permits it */
  case_must(gm_store_consent(a, ctx, twin, "all", NULL), "withdraw");
  assert_int_equal(0, reads(a, twin, GM_RECORD_OBSERVATION, GM_EDENIED));
  assert_int_equal(1, log_of(s).denials);
  assert_int_equal(CLASSES, reads(b, twin, GM_RECORD_OBSERVATION, GM_OK));
  assert_int_equal(1, log_of(s).emergencies);
  case_must(gm_store_consent(a, ctx, twin, "no", &(gm_consent_rule){.actor = ""}), "consent");
  assert_int_equal(CLASSES - 1, reads(b, twin, GM_RECORD_OBSERVATION, GM_OK));
  assert_int_equal(2, log_of(s).emergencies);
  assert_int_equal(GM_EDENIED, gm_store_append(b, ctx, twin, &e, 1, NULL));
  assert_int_equal(GM_EDENIED, gm_store_may(b, ctx, twin, GM_ACT_EXPORT, GM_RECORD_OBSERVATION,
                                            GM_CLASS_CLINICAL));
  assert_int_equal(3, log_of(s).denials);
  gm_session_close(b);
  case_close(a);
  case_unlink();
}

/* All rules for the patient and the clinician; for others those that speak of them; none for
 * the rest. Their texts outlive what the store holds. */
static void consents__are_told_to_whom_they_concern(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t"), other = 0;
  case_must(gm_store_subject(a, ctx, "q", true, &other), "subject");
  const gm_consent_rule rule[] = {{.permit = true, .uses = U(TRAINING), .actor = "role:researcher"},
                                  {.permit = false, .actor = "Dr. No"},
                                  {.permit = true, .uses = U(CARE), .actor = "pump 7"}};
  static const char *const id[] = {"1", "2", "3"};
  for (int i = 0; i < 3; i++) case_must(gm_store_consent(a, ctx, twin, id[i], &rule[i]), "consent");
  case_must(gm_store_consent(a, ctx, twin, "all", NULL), "withdraw");
  const struct {
    gm_access_who who;
    int32_t rules; /* -1: denied */
  } c[] = {{{GM_AS_PATIENT, GM_USE_CARE, "P", NULL, "p", NULL}, 3},
           {{GM_AS_PATIENT, GM_USE_CARE, "Q", NULL, "q", NULL}, -1},
           {{GM_AS_CLINICIAN, GM_USE_CARE, "Dr. Yes", NULL, NULL, NULL}, 3},
           {{GM_AS_RESEARCHER, GM_USE_TRAINING, "R", NULL, NULL, NULL}, 1},
           {{GM_AS_RESEARCHER, GM_USE_VIRTUAL_POPULATION, "R", NULL, NULL, NULL}, 0},
           {{GM_AS_DEVICE, GM_USE_CARE, "pump 7", NULL, NULL, NULL}, 1},
           {{GM_AS_DEVICE, GM_USE_CARE, "pump 8", NULL, NULL, NULL}, 0},
           {{GM_AS_ENGINE, GM_USE_CARE, "gemel", NULL, NULL, NULL}, 0},
           {{GM_AS_OPERATOR, GM_USE_OPERATION, "root", NULL, NULL, NULL}, -1},
           {{GM_AS_AUDITOR, GM_USE_OPERATION, "audit", NULL, NULL, NULL}, -1},
           {{GM_AS_INSURER, GM_USE_CARE, "I", NULL, NULL, NULL}, -1}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    gm_arena *memory = NULL;
    gm_consent_rule *out = NULL;
    int32_t count = -1;
    assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &memory));
    gm_session *b = session_as(s, c[i].who);
    gm_status st = gm_store_consents(b, ctx, twin, memory, &out, &count);
    gm_session_close(b);
    assert_int_equal(c[i].rules < 0 ? GM_EDENIED : GM_OK, st);
    assert_int_equal(c[i].rules, count);
    if (count == 3) assert_string_equal("Dr. No", out[1].actor);
    gm_arena_free(memory);
  }
  gm_consent_rule wrong = {.actor = "role:doctor"};
  assert_int_equal(GM_EINVAL, gm_store_consent(a, ctx, twin, "4", &wrong));
  assert_int_equal(GM_EINVAL, gm_store_consent(a, ctx, twin, "", &rule[0]));
  assert_int_equal(GM_ENOTFOUND, gm_store_consent(a, ctx, twin, "4", NULL));
  assert_int_equal(GM_ENOTFOUND, gm_store_consent(a, ctx, twin, "all", NULL)); /* it is already */
  case_close(a);
  case_unlink();
}

/* ---- from the next call on ------------------------------------------------------------------- */
/* One answer for each question: may a researcher read, and the engine write? */
static char ask(gm_session *researcher, gm_session *engine, int64_t twin, int round)
{
  int n = 0;
  char id[20];
  snprintf(id, sizeof id, "b%d", round);
  gm_entry e = case_entry(round, id, "1", "1");
  e.kind = GM_RECORD_BELIEF;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION};
  gm_status read = gm_store_read(researcher, ctx, &q, nothing, &n);
  gm_status may = gm_store_may(researcher, ctx, twin, GM_ACT_READ, GM_RECORD_OBSERVATION, 0);
  gm_status append = gm_store_append(engine, ctx, twin, &e, 1, NULL);
  if (!read && n && !may && !append) return 'y';
  return read == GM_EDENIED && may == GM_EDENIED && append == GM_EDENIED && !n ? 'n' : '?';
}

static void two_sessions(gm_session **researcher, gm_session **engine)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY"};
  case_must(gm_store_open(ctx, &o, &s), "open");
  *researcher = session_as(
      s, (gm_access_who){.role = GM_AS_RESEARCHER, .use = GM_USE_TRAINING, .actor = "R"});
  *engine =
      session_as(s, (gm_access_who){.role = GM_AS_ENGINE, .use = GM_USE_TRAINING, .actor = "G"});
}

static void answer_until_closed(int questions, int answers)
{
  gm_session *researcher = NULL, *engine = NULL;
  int64_t twin;
  for (int round = 0; read(questions, &twin, sizeof twin) == sizeof twin; round++) {
    if (!researcher) two_sessions(&researcher, &engine);
    char c = ask(researcher, engine, twin, 1000 + round);
    if (write(answers, &c, 1) != 1) break;
  }
  gm_store *s = researcher ? gm_session_store(researcher) : NULL;
  gm_session_close(researcher);
  gm_session_close(engine);
  gm_store_close(s);
  _exit(0);
}

/* A permit given or withdrawn holds from the very next call: of the same session, of another store
 * open on the same database, and of another process. */
static void consent__holds_from_the_next_call_everywhere(void **state)
{
  (void)state;
  int down[2], up[2];
  assert_int_equal(0, pipe(down) | pipe(up));
  pid_t child = fork();
  if (!child) {
    close(down[1]);
    close(up[0]);
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure there ends that process, not its case */
    answer_until_closed(down[0], up[1]);
  }
  close(down[0]);
  close(up[1]);
  gm_session *a = case_store(), *here[2], *there[2];
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t");
  gm_entry e = case_entry(1, "o", "1", "1");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  here[0] = session_as(
      s, (gm_access_who){.role = GM_AS_RESEARCHER, .use = GM_USE_TRAINING, .actor = "R"});
  here[1] =
      session_as(s, (gm_access_who){.role = GM_AS_ENGINE, .use = GM_USE_TRAINING, .actor = "G"});
  two_sessions(&there[0], &there[1]);
  for (int round = 0; round < 30; round++) {
    gm_consent_rule r = {.permit = round % 3 == 0, .uses = U(TRAINING), .actor = ""};
    char want = round % 3 ? 'n' : 'y', got = 0; /* permitted; denied; the permit withdrawn */
    const char *id = round % 3 == 1 ? "denial" : "all";
    if (round == 0) continue; /* case_twin permits */
    if (round % 3 == 0) case_must(gm_store_consent(a, ctx, twin, "denial", NULL), "withdraw");
    case_must(gm_store_consent(a, ctx, twin, id, round % 3 == 2 ? NULL : &r), "consent");
    assert_int_equal(sizeof twin, write(down[1], &twin, sizeof twin));
    assert_int_equal(want, ask(here[0], here[1], twin, round));
    assert_int_equal(want, ask(there[0], there[1], twin, 500 + round));
    assert_int_equal(1, read(up[0], &got, 1));
    assert_int_equal(want, got);
  }
  close(down[1]);
  close(up[0]);
  int code = 0;
  waitpid(child, &code, 0);
  assert_int_equal(0, code);
  for (int i = 0; i < 2; i++) gm_session_close(here[i]);
  gm_session_close(there[1]);
  case_close(there[0]);
  case_close(a);
  case_unlink();
}

/* ---- threads --------------------------------------------------------------------------------- */
/* Even: permitted; odd: not; the highest bit: it is being changed. */
static _Atomic uint32_t stage;
static _Atomic bool over;
enum { CHANGING = 1u << 31, THREADS = 6 };

typedef struct {
  gm_store *s;
  int64_t twin;
  int number, sure;
  char fault[200];
} hasty;

static gm_status hasty_ask(hasty *h, gm_ctx *own, gm_session *a, int round)
{
  char id[40];
  int n = 0;
  gm_entry e = case_entry(round, id, "1", "1");
  e.kind = GM_RECORD_SCORE;
  snprintf(id, sizeof id, "%d of %d", round, h->number);
  gm_record_query q = {.twin = h->twin, .kind = GM_RECORD_OBSERVATION};
  return h->number % 2 ? gm_store_read(a, own, &q, nothing, &n)
                       : gm_store_append(a, own, h->twin, &e, 1, NULL);
}

static void *hurry(void *user)
{
  hasty *h = user;
  gm_ctx *own = NULL;
  gm_session *a = NULL;
  gm_access_who who = {.role = GM_AS_ENGINE, .use = GM_USE_TRAINING, .actor = "gemel"};
  if (gm_ctx_child(ctx, &own) || gm_session_open(h->s, own, &who, &a)) h->fault[0] = '?';
  for (int round = 0; a && !over; round++) {
    uint32_t before = stage;
    gm_status st = hasty_ask(h, own, a, round);
    if (before != stage || before & CHANGING) continue;
    h->sure++;
    if (st != (before & 1 ? GM_EDENIED : GM_OK))
      snprintf(h->fault, sizeof h->fault, "thread %d, stage %u: %s", h->number, before,
               gm_status_name(st));
  }
  gm_session_close(a);
  gm_ctx_free(own);
  return NULL;
}

/* Threads that read and append all the time are answered by the consents of the call's time: no
 * call that began after a change returned, and ended before the next one, is answered otherwise. */
static void consent__holds_for_threads_in_a_hurry(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  pthread_t thread[THREADS];
  hasty h[THREADS];
  int sure = 0;
  gm_consent_rule all = {.permit = true, .actor = ""};
  gm_entry e = case_entry(1, "o", "1", "1");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  stage = 0;
  over = false;
  for (int i = 0; i < THREADS; i++) {
    h[i] = (hasty){.s = gm_session_store(a), .twin = twin, .number = i};
    assert_int_equal(0, pthread_create(&thread[i], NULL, hurry, &h[i]));
  }
  for (uint32_t k = 1; k <= 40; k++) {
    stage |= CHANGING;
    case_must(gm_store_consent(a, ctx, twin, "all", k % 2 ? NULL : &all), "consent");
    stage = k;
    usleep(5000);
  }
  over = true;
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < THREADS; i++) {
    if (h[i].fault[0]) fail_msg("%s", h[i].fault);
    sure += h[i].sure;
  }
  print_message("%d calls whose answer is known\n", sure);
  assert_true(sure > 50);
  case_close(a);
  case_unlink();
}

/* ---- memory ---------------------------------------------------------------------------------- */
static _Atomic int64_t left, held; /* allocations until one fails; not freed yet */
static void *take(void *user, size_t bytes)
{
  (void)user;
  if (left-- == 0) return NULL;
  held++;
  return malloc(bytes);
}
static void give(void *user, void *p)
{
  (void)user;
  held--;
  free(p);
}

typedef struct {
  gm_session *a;
  int64_t twin, subject;
} at_store;

static gm_status call_session(gm_ctx *c, at_store *t)
{
  gm_session *a = NULL;
  gm_status st = gm_session_open(
      gm_session_store(t->a), c,
      &(gm_access_who){.role = GM_AS_PATIENT, .actor = "P", .scope = "*.*", .subject = "p"}, &a);
  gm_session_close(a);
  return st;
}
static gm_status call_consent(gm_ctx *c, at_store *t)
{
  return gm_store_consent(t->a, c, t->twin, "more", &(gm_consent_rule){.actor = "nobody"});
}
static gm_status call_withdraw(gm_ctx *c, at_store *t)
{
  return gm_store_consent(t->a, c, t->twin, "more", NULL);
}
static gm_status call_consents(gm_ctx *c, at_store *t)
{
  gm_arena *memory = NULL;
  gm_consent_rule *rule;
  int32_t count = 0;
  gm_status st = gm_arena_new(c, 64, &memory);
  if (!st) st = gm_store_consents(t->a, c, t->twin, memory, &rule, &count);
  gm_arena_free(memory);
  return st;
}
static gm_status call_erase(gm_ctx *c, at_store *t)
{
  gm_session *o =
      session_as(gm_session_store(t->a),
                 (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "root"});
  gm_status st = gm_store_erase(o, c, t->subject);
  gm_session_close(o);
  return st;
}

/* Whichever allocation of a call fails, it says GM_ENOMEM, keeps no memory, and the next one with
 * enough of it succeeds. */
static void memory__that_is_short_is_said(void **state)
{
  (void)state;
  gm_status (*const call[])(gm_ctx * c, at_store * t) = {call_session, call_consent, call_withdraw,
                                                         call_consents, call_erase};
  gm_ctx *small = NULL;
  gm_ctx_options o = {.allocator = {take, give, NULL}};
  left = -1;
  held = 0;
  case_must(gm_ctx_new(&o, &small), "ctx");
  at_store t = {.a = case_store()};
  t.twin = case_twin(t.a, "p", "t");
  case_must(gm_store_subject(t.a, ctx, "p", false, &t.subject), "subject");
  for (int i = 0; i < 5; i++) {
    int64_t before = held, n = 0;
    gm_status st = GM_ENOMEM;
    for (; st == GM_ENOMEM && n < 500; n++) {
      left = n;
      st = call[i](small, &t);
      if (held != before) fail_msg("call %d, allocation %d: memory is lost", i, (int)n);
    }
    if (st || n < 2) fail_msg("call %d: %s after %d", i, gm_status_name(st), (int)n);
    left = -1;
  }
  case_close(t.a);
  gm_ctx_free(small);
  assert_int_equal(0, held);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(scope__narrows),
                                     cmocka_unit_test(emergency__is_logged),
                                     cmocka_unit_test(consents__are_told_to_whom_they_concern),
                                     cmocka_unit_test(consent__holds_from_the_next_call_everywhere),
                                     cmocka_unit_test(consent__holds_for_threads_in_a_hurry),
                                     cmocka_unit_test(memory__that_is_short_is_said)};
  return case_main("access_store", tests);
}
