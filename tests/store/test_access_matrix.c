/* The decision where it counts: every cell of role, kind, class, action, purpose and consent
 * through the calls of a real store, on both databases. label: full, long */
#include "store/access_table.h"
#include "store/store_case.h"
#include <pthread.h>

enum { KINDS = GM_RECORD_KIND_COUNT };

/* ---- consents of a twin ---------------------------------------------------------------------- */
#define U(name) (1u << GM_USE_##name)
#define K(name) (1u << GM_RECORD_##name)
#define C(name) (1u << GM_CLASS_##name)
#define A(name) (1u << GM_ACT_##name)
typedef struct {
  const char *name;
  gm_consent_rule rule[2];
  int32_t count;
} consents;
static const consents given[] = {
    {"none", {{0}}, 0},
    {"permit all", {{true, 0, 0, 0, 0, "", 0, 0}}, 1},
    {"deny all", {{false, 0, 0, 0, 0, "", 0, 0}}, 1},
    {"permit and deny all", {{true, 0, 0, 0, 0, "", 0, 0}, {false, 0, 0, 0, 0, "", 0, 0}}, 2},
    {"permit care", {{true, U(CARE), 0, 0, 0, "", 0, 0}}, 1},
    {"permit training", {{true, U(TRAINING), 0, 0, 0, "", 0, 0}}, 1},
    {"permit export", {{true, U(RESEARCH_EXPORT) | U(VIRTUAL_POPULATION), 0, 0, 0, "", 0, 0}}, 1},
    {"expired", {{true, 0, 0, 0, 0, "", 1e9, 1.1e9}}, 1},
    {"future", {{true, 0, 0, 0, 0, "", 4e9, 5e9}}, 1},
    {"since then", {{true, 0, 0, 0, 0, "", 1e9, INFINITY}}, 1},
    {"other actor", {{true, 0, 0, 0, 0, "somebody else", 0, 0}}, 1},
    {"this actor", {{true, 0, 0, 0, 0, "engine for care", 0, 0}}, 1},
    {"role", {{true, 0, 0, 0, 0, "role:clinician", 0, 0}}, 1},
    {"role denied",
     {{true, 0, 0, 0, 0, "", 0, 0}, {false, 0, 0, 0, 0, "role:researcher", 0, 0}},
     2},
    {"insurer permitted", {{true, 0, 0, 0, 0, "role:insurer", 0, 0}}, 1},
    {"classes", {{true, 0, 0, C(CLINICAL) | C(SENSITIVE), 0, "", 0, 0}}, 1},
    {"class denied", {{true, 0, 0, 0, 0, "", 0, 0}, {false, 0, 0, C(SENSITIVE), 0, "", 0, 0}}, 2},
    {"kinds", {{true, 0, K(OBSERVATION) | K(NOTE) | K(BELIEF), 0, 0, "", 0, 0}}, 1},
    {"actions", {{true, 0, 0, 0, A(READ), "", 0, 0}}, 1},
    {"action denied",
     {{true, 0, 0, 0, 0, "", 0, 0}, {false, 0, 0, 0, A(CORRECT) | A(EXPORT), "", 0, 0}},
     2}};
enum { GIVEN = sizeof given / sizeof given[0] };
_Static_assert(GIVEN % 5 == 0, "they are tried five at a time");

typedef struct {
  gm_access_who who;
  bool own;
  char actor[60];
} person;

static bool in(uint32_t set, int i) { return set == 0 || (set & (1u << i)) != 0; }

/* Does the rule speak of the cell? Now is in no period that ends or begins elsewhere. */
static bool speaks(const gm_consent_rule *r, const person *p, int kind, int data_class, int act)
{
  char role[60];
  snprintf(role, sizeof role, "role:%s", gm_access_role_name(p->who.role));
  bool actor = !r->actor[0] || !strcmp(r->actor, role) || !strcmp(r->actor, p->actor);
  bool now = r->to_s == 0 || (r->to_s > 2e9 && r->from_s < 1.5e9);
  return actor && now && in(r->uses, (int)p->who.use) && in(r->kinds, kind) &&
         in(r->classes, data_class) && in(r->actions, act);
}

static bool expected(const consents *c, const person *p, int kind, int data_class, int act)
{
  bool emergency;
  table_case t = {.own = p->own,
                  .in_scope = true,
                  .emergency = p->who.emergency != NULL,
                  .sensitive = data_class == GM_CLASS_SENSITIVE};
  for (int32_t i = 0; i < c->count; i++) {
    bool fits = speaks(&c->rule[i], p, kind, data_class, act);
    t.permitted |= fits && c->rule[i].permit;
    t.denied |= fits && !c->rule[i].permit;
  }
  return table_allows((int)p->who.role, (int)p->who.use, kind, act, t, &emergency);
}

/* ---- people ---------------------------------------------------------------------------------- */
/* Every role for every purpose; a patient at its own twin and at another's; a clinician in an
 * emergency. */
enum { PEOPLE_MAX = 60 };
static person people[PEOPLE_MAX];
static int people_count;

static void people_fill(void)
{
  people_count = 0;
  for (int role = 0; role < ROLES; role++)
    for (int use = 0; use < USES; use++)
      for (int more = 0; more < 2; more++) {
        bool patient = role == GM_AS_PATIENT, care = role == GM_AS_CLINICIAN && use == GM_USE_CARE;
        if (more && !patient && !care) continue;
        person *p = &people[people_count++];
        *p = (person){.who = {.role = (gm_access_role)role, .use = (gm_use)use},
                      .own = patient && !more};
        snprintf(p->actor, sizeof p->actor, "%s for %s", gm_access_role_name(p->who.role),
                 gm_use_name(p->who.use));
        p->who.actor = p->actor;
        if (patient) p->who.subject = more ? "the other" : "the one";
        if (care && more) p->who.emergency = "unconscious in the ward";
      }
}

/* ---- what each of them tries ----------------------------------------------------------------- */
typedef struct {
  gm_store *s;
  const consents *c;
  const person *p;
  gm_ctx *ctx;
  int64_t twin, cells, allowed;
  int number;
  bool writing;
  char fault[400];
} attempt;

static void settle(attempt *t, bool want, gm_status got, int kind, int data_class, int act,
                   const char *call)
{
  t->cells++;
  t->allowed += want;
  if (got == (want ? GM_OK : GM_EDENIED) || t->fault[0]) return;
  snprintf(t->fault, sizeof t->fault, "%s: %s %ss %s (%s)%s, %s: %s, %s expected (%.100s)", call,
           t->p->actor, gm_act_name((gm_act)act), gm_record_kind_name((gm_record_kind)kind),
           data_class < 0 ? "any" : gm_data_class_name((gm_data_class)data_class),
           t->p->own ? " of its own" : "", t->c->name, gm_status_name(got),
           want ? "allowed" : "denied", got ? gm_message(t->ctx) : "");
}

typedef struct {
  int kind;
  bool class_told[CLASSES];
} told;

static gm_status tell(void *user, const gm_record_found *r)
{
  told *t = user;
  if ((int)r->kind != t->kind) return GM_EINTERNAL;
  t->class_told[r->data_class] = true;
  return GM_OK;
}

/* Consents are of one class; of all other kinds there is a record of each class. */
static void try_read(attempt *t, gm_session *a, int kind)
{
  told h = {.kind = kind};
  int64_t withheld = 0;
  bool any = false;
  gm_record_query q = {.twin = t->twin, .kind = (gm_record_kind)kind, .withheld = &withheld};
  for (int c = 0; c < CLASSES; c++) any |= expected(t->c, t->p, kind, c, GM_ACT_READ);
  gm_status st = gm_store_read(a, t->ctx, &q, tell, &h);
  if (st != (any ? GM_OK : GM_EDENIED)) settle(t, any, st, kind, -1, GM_ACT_READ, "read");
  int64_t hidden = 0;
  for (int c = 0; c < CLASSES; c++) {
    if (kind == GM_RECORD_CONSENT && c != GM_CLASS_REPORTED) continue;
    bool want = expected(t->c, t->p, kind, c, GM_ACT_READ);
    hidden += !want;
    settle(t, want, h.class_told[c] ? GM_OK : GM_EDENIED, kind, c, GM_ACT_READ, "read");
  }
  if (any && kind != GM_RECORD_CONSENT && withheld != hidden && !t->fault[0])
    snprintf(t->fault, sizeof t->fault, "%d records withheld, %d expected", (int)withheld,
             (int)hidden);
}

static gm_status append(attempt *t, gm_session *a, int kind, int data_class, const char *id,
                        const char *version)
{
  gm_entry e = case_entry(kind, id, version, "1");
  e.kind = (gm_record_kind)kind;
  e.data_class = (gm_data_class)data_class;
  return gm_store_append(a, t->ctx, t->twin, &e, 1, NULL);
}

static void try_write(attempt *t, gm_session *a, int kind, int data_class)
{
  char seed[40], id[60], version[40];
  snprintf(seed, sizeof seed, "seed-%d-%d", kind, data_class);
  snprintf(id, sizeof id, "%d-%d-%d", t->number, kind, data_class);
  snprintf(version, sizeof version, "by %d", t->number);
  settle(t, expected(t->c, t->p, kind, data_class, GM_ACT_ADD),
         append(t, a, kind, data_class, id, "1"), kind, data_class, GM_ACT_ADD, "append");
  settle(t, expected(t->c, t->p, kind, data_class, GM_ACT_CORRECT),
         append(t, a, kind, data_class, seed, version), kind, data_class, GM_ACT_CORRECT, "append");
}

/* A rule about nobody, so that it changes nothing for the others; then another in its place. */
static void try_consent(attempt *t, gm_session *a)
{
  gm_consent_rule nobody = {.actor = "nobody at all"};
  char id[40];
  snprintf(id, sizeof id, "of %d", t->number);
  bool add = expected(t->c, t->p, GM_RECORD_CONSENT, GM_CLASS_REPORTED, GM_ACT_ADD);
  settle(t, add, gm_store_consent(a, t->ctx, t->twin, id, &nobody), GM_RECORD_CONSENT,
         GM_CLASS_REPORTED, GM_ACT_ADD, "consent");
  settle(t, expected(t->c, t->p, GM_RECORD_CONSENT, GM_CLASS_REPORTED, GM_ACT_CORRECT),
         gm_store_consent(a, t->ctx, t->twin, add ? id : "seed", add ? NULL : &nobody),
         GM_RECORD_CONSENT, GM_CLASS_REPORTED, GM_ACT_CORRECT, "consent");
}

static void try_kind(attempt *t, gm_session *a, int kind)
{
  if (!t->writing) {
    try_read(t, a, kind);
    return;
  }
  for (int c = 0; c < CLASSES; c++) {
    if (kind != GM_RECORD_CONSENT) try_write(t, a, kind, c);
    for (int act = GM_ACT_EXPORT; act <= GM_ACT_ERASE; act++)
      settle(t, expected(t->c, t->p, kind, c, act),
             gm_store_may(a, t->ctx, t->twin, (gm_act)act, (gm_record_kind)kind, (gm_data_class)c),
             kind, c, act, "may");
  }
  if (kind == GM_RECORD_CONSENT) try_consent(t, a);
}

static void *try_all(void *user)
{
  attempt *t = user;
  gm_session *a = NULL;
  if (gm_ctx_child(ctx, &t->ctx) || gm_session_open(t->s, t->ctx, &t->p->who, &a))
    snprintf(t->fault, sizeof t->fault, "no session for %s", t->p->actor);
  for (int kind = 1; kind < KINDS && a; kind++) try_kind(t, a, kind);
  gm_session_close(a);
  gm_ctx_free(t->ctx);
  return NULL;
}

/* ---- a twin under consents ------------------------------------------------------------------- */
static int64_t twin_seeded(gm_session *a, const char *subject, const char *name)
{
  static char id[KINDS * CLASSES][40];
  gm_entry e[KINDS * CLASSES];
  int32_t n = 0;
  int64_t twin = case_twin(a, subject, name);
  for (int kind = 1; kind < KINDS; kind++)
    for (int c = 0; c < CLASSES && kind != GM_RECORD_CONSENT; c++, n++) {
      snprintf(id[n], sizeof id[n], "seed-%d-%d", kind, c);
      e[n] = case_entry(kind, id[n], "1", "1");
      e[n].kind = (gm_record_kind)kind;
      e[n].data_class = (gm_data_class)c;
    }
  case_must(gm_store_append(a, ctx, twin, e, n, NULL), "seed");
  return twin;
}

static void consents_set(gm_session *a, int64_t twin, const consents *c)
{
  static const char *const id[] = {"first", "second"};
  for (int32_t i = 0; i < c->count; i++)
    case_must(gm_store_consent(a, ctx, twin, id[i], &c->rule[i]), c->name);
  case_must(gm_store_consent(a, ctx, twin, "all", NULL), "withdraw");
}

/* The twins of several consents side by side, so that refusals share the log's commits. */
enum { AT_ONCE = 5 };
static void together(attempt t[AT_ONCE][PEOPLE_MAX], bool writing)
{
  static pthread_t thread[AT_ONCE][PEOPLE_MAX];
  for (int g = 0; g < AT_ONCE; g++)
    for (int i = 0; i < people_count; i++) {
      t[g][i].writing = writing;
      assert_int_equal(0, pthread_create(&thread[g][i], NULL, try_all, &t[g][i]));
    }
  for (int g = 0; g < AT_ONCE; g++)
    for (int i = 0; i < people_count; i++) pthread_join(thread[g][i], NULL);
  for (int g = 0; g < AT_ONCE; g++)
    for (int i = 0; i < people_count; i++)
      if (t[g][i].fault[0]) fail_msg("%s", t[g][i].fault);
}

/* What everybody may do with every kind and class of records is what the page says, under every
 * consent, when it is tried, all of them at once. */
static void store__does_what_is_allowed_in_every_cell(void **state)
{
  (void)state;
  static attempt t[AT_ONCE][PEOPLE_MAX];
  int64_t cells = 0, allowed = 0, other;
  gm_session *a = case_store();
  people_fill();
  case_must(gm_store_subject(a, ctx, "the other", true, &other), "subject");
  for (int from = 0; from < GIVEN; from += AT_ONCE) {
    memset(t, 0, sizeof t);
    for (int g = 0; g < AT_ONCE; g++) {
      const consents *c = &given[from + g];
      int64_t twin = twin_seeded(a, "the one", c->name);
      consents_set(a, twin, c);
      for (int i = 0; i < people_count; i++)
        t[g][i] =
            (attempt){.s = gm_session_store(a), .c = c, .p = &people[i], .twin = twin, .number = i};
    }
    together(t, false);
    together(t, true);
    for (int g = 0; g < AT_ONCE; g++)
      for (int i = 0; i < people_count; i++) cells += t[g][i].cells, allowed += t[g][i].allowed;
  }
  print_message("%lld cells tried by %d sessions under %d consents, %lld of them allowed\n",
                (long long)cells, people_count, GIVEN, (long long)allowed);
  int64_t twin = 0, seq = 0;
  case_must(gm_store_verify(gm_session_store(a), ctx, 0, &twin, &seq), "verify");
  assert_int_equal(0, seq);
  case_close(a);
  case_unlink();
}

/* ---- erasure --------------------------------------------------------------------------------- */
/* Whoever may erase does, whatever consents say; after the others' attempts all is there. */
static void erase__is_for_patients_and_operators(void **state)
{
  (void)state;
  static const int under[] = {0, 1, 2}; /* none, permit all, deny all */
  gm_session *a = case_store();
  int64_t other, erased = 0, tried = 0;
  people_fill();
  case_must(gm_store_subject(a, ctx, "the other", true, &other), "subject");
  for (int i = 0; i < 3 * people_count; i++, tried++) {
    person p = people[i / 3];
    gm_session *b = NULL;
    char name[40];
    int64_t subject = 0;
    snprintf(name, sizeof name, "subject %d", i);
    int64_t twin = case_twin(a, name, name);
    consents_set(a, twin, &given[under[i % 3]]);
    case_must(gm_store_subject(a, ctx, name, false, &subject), "subject");
    if (p.own) p.who.subject = name;
    case_must(gm_session_open(gm_session_store(a), ctx, &p.who, &b), "session");
    bool want = (p.who.role == GM_AS_PATIENT && p.own && p.who.use != GM_USE_OPERATION) ||
                (p.who.role == GM_AS_OPERATOR && p.who.use == GM_USE_OPERATION);
    gm_status st = gm_store_erase(b, ctx, subject);
    if (st != (want ? GM_OK : GM_EDENIED))
      fail_msg("%s%s: %s", p.actor, p.own ? " of its own" : "", gm_status_name(st));
    st = gm_store_subject(a, ctx, name, false, &subject);
    assert_int_equal(want ? GM_ENOTFOUND : GM_OK, st);
    erased += want;
    gm_session_close(b);
  }
  print_message("%lld erasures tried, %lld allowed\n", (long long)tried, (long long)erased);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(store__does_what_is_allowed_in_every_cell),
                                     cmocka_unit_test(erase__is_for_patients_and_operators)};
  return case_main("access_matrix", tests);
}
