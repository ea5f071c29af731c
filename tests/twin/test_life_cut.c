/* What stays when a call is cut short: by a store that refuses a record in the middle, or by an
 * allocation that fails. Nothing half made, nothing lost, nothing leaked, no pointer that was set.
 * label: full */
#include "twin/life_case.h"
#include "support/fault.h"

/* ---- a store that refuses -------------------------------------------------------------------- */
/* From now on records of this kind are refused, when so many are there already. */
static void store_refuse(gm_record_kind kind, int there)
{
  char sql[300];
  snprintf(sql, sizeof sql,
           "CREATE TRIGGER refuse BEFORE INSERT ON record WHEN NEW.kind = %d AND"
           " (SELECT count(*) FROM record WHERE kind = %d) >= %d"
           " BEGIN SELECT RAISE(ABORT, 'refused by a test'); END",
           (int)kind, (int)kind, there);
  case_sql(sql);
}

static void store_take(void) { case_sql("DROP TRIGGER refuse"); }

static void definition_write(char cl)
{
  char text[2000];
  snprintf(text, sizeof text, "%s", definition_text);
  strstr(text, "CL: {typical: 4")[14] = cl;
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  file_write(definition_path, sizeof definition_path, "twin.yaml", text);
}

static void definition_unlink(void)
{
  unlink(model_path);
  unlink(definition_path);
}

static gm_status make(gm_session *a, const char *twin, const char *subject,
                      const gm_consent_rule *rule, int32_t count)
{
  gm_life_options o = {.session = a, .twin = twin};
  gm_life_new n = {.subject = subject,
                   .definition = definition_path,
                   .origin_s = origin,
                   .seed = 7,
                   .members = 200,
                   .consent = rule,
                   .consent_count = count};
  gm_status st = gm_life_make(ctx, &o, &n);
  gm_message_clear(ctx);
  return st;
}

static gm_status open_try(gm_session *a, const char *twin)
{
  gm_life *l = NULL, *was = l;
  gm_life_options o = {.session = a, .twin = twin};
  gm_status st = gm_life_open(ctx, &o, &l);
  assert_true(!st || l == was);
  gm_life_free(l);
  gm_message_clear(ctx);
  return st;
}

/* ---- beginning ------------------------------------------------------------------------------- */
/* A twin whose model the store refused is no twin yet, and is made by making it again; after that
 * it is there, and nobody else's can take its name. */
static void make__is_finished_by_making_again(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_consent_rule all = {.permit = true, .actor = ""};
  definition_write('4');
  store_refuse(GM_RECORD_MODEL, 0);
  assert_int_not_equal(GM_OK, make(a, "t1", "p1", &all, 1));
  store_take();
  assert_int_equal(GM_ENOTFOUND, open_try(a, "t1"));
  assert_int_equal(GM_EEXIST, make(a, "t1", "p2", &all, 1)); /* a name that is taken, by p1 */
  assert_int_equal(GM_OK, make(a, "t1", "p1", &all, 1));
  assert_int_equal(GM_OK, open_try(a, "t1"));
  assert_int_equal(GM_EEXIST, make(a, "t1", "p1", &all, 1));
  assert_int_equal(1, case_number("SELECT count(*) FROM record WHERE kind = 12"));
  assert_int_equal(1, case_number("SELECT count(*) FROM subject"));
  definition_unlink();
  case_close(a);
  case_unlink();
}

/* Of three consents the store takes one, which does not let Gemel look: the same three finish it,
 * others do not. A whole twin that its patient has closed is never opened again by making it. */
static void make__tells_a_closed_twin_from_an_unfinished_one(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_consent_rule care = {.permit = true, .uses = 1u << GM_USE_CARE, .actor = ""},
                  training = {.permit = true, .uses = 1u << GM_USE_TRAINING, .actor = ""};
  gm_consent_rule rule[3] = {training, care, care}, other[3] = {care, training, care};
  rule[2].kinds = other[2].kinds = 1u << GM_RECORD_OBSERVATION;
  definition_write('4');
  for (int there = 0; there < 3; there++) {
    char name[8];
    snprintf(name, sizeof name, "t%d", there);
    store_refuse(GM_RECORD_CONSENT,
                 (int)case_number("SELECT count(*) FROM record WHERE kind = 13") + there);
    assert_int_not_equal(GM_OK, make(a, name, "p1", rule, 3));
    store_take();
    if (there == 1) assert_int_equal(GM_EEXIST, make(a, name, "p1", other, 3));
    assert_int_equal(GM_OK, make(a, name, "p1", rule, 3));
    assert_int_equal(GM_OK, open_try(a, name));
    assert_int_equal(GM_EEXIST, make(a, name, "p1", rule, 3));
    int64_t twin = 0;
    case_must(gm_store_twin(a, ctx, 0, name, false, &twin), "twin");
    case_must(gm_store_consent(a, ctx, twin, "consent 2", NULL), "withdraw");
    case_must(gm_store_consent(a, ctx, twin, "consent 3", NULL), "withdraw");
    assert_int_equal(GM_EEXIST, make(a, name, "p1", rule, 3));
    assert_int_equal(GM_EDENIED, open_try(a, name));
  }
  definition_unlink();
  case_close(a);
  case_unlink();
}

/* Whoever the consents name is who will do the work: asked before anything is made, and never of a
 * part of it alone. */
static void make__asks_for_whom_it_will_work_as(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_consent_rule named = {.permit = true, .actor = "gemel for Dr. Test"},
                  other = {.permit = true, .actor = "gemel for Dr. No"},
                  part = {.permit = true, .actor = "", .actions = 1u << GM_ACT_ADD};
  definition_write('4');
  assert_int_equal(GM_EDENIED, make(a, "t1", "p1", &other, 1));
  assert_int_equal(GM_EDENIED, make(a, "t1", "p1", &part, 1));
  assert_int_equal(0, case_number("SELECT count(*) FROM subject"));
  assert_int_equal(GM_OK, make(a, "t1", "p1", &named, 1));
  assert_int_equal(GM_OK, open_try(a, "t1"));
  definition_unlink();
  case_close(a);
  case_unlink();
}

/* A making, and a fork, in which the n-th allocation is refused: nothing leaks, and the next one
 * finishes it. Of their allocations those of a growing step are refused. */
static void begin__is_finished_after_any_allocation(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_consent_rule all = {.permit = true, .actor = ""};
  gm_life_intake in;
  char name[32];
  fault memory;
  doses_add(l);
  definition_write('4');
  for (int fork = 0; fork < 2; fork++) {
    bool refused = true;
    for (int64_t n = 1; refused; n += 1 + n / 10) {
      gm_life_options o = {.session = a, .twin = name};
      gm_life_new new = {.subject = "p1",
                         .definition = definition_path,
                         .origin_s = origin,
                         .consent = &all,
                         .consent_count = 1};
      snprintf(name, sizeof name, "%s %d", fork ? "fork" : "make", (int)n);
      fault_init(&memory);
      gm_ctx *own = fault_ctx(&memory);
      fault_arm(&memory, n, n % 2 != 0);
      gm_status st = fork ? gm_life_fork(l, own, name, &in) : gm_life_make(own, &o, &new);
      refused = memory.failed > 0;
      fault_disarm(&memory);
      assert_true(st == GM_OK || (refused && st == GM_ENOMEM));
      if (st) st = fork ? gm_life_fork(l, own, name, &in) : gm_life_make(own, &o, &new);
      if (st) fail_msg("%s: %s", name, gm_message(own));
      assert_int_equal(1, memory.live);
      gm_ctx_free(own);
      assert_int_equal(GM_OK, open_try(a, name));
    }
  }
  definition_unlink();
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A fork that was cut short is finished by forking again, by one that knew the same alone. */
static void fork__is_finished_by_forking_again(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in = {-1, -1, -1};
  doses_add(l);
  add(l, (gm_fact[]){datum(0), datum(1)}, 2);
  for (int kind = 0; kind < 2; kind++) {
    const char *name = kind ? "f1" : "f0";
    store_refuse(kind ? GM_RECORD_MODEL : GM_RECORD_OBSERVATION, 0);
    assert_int_not_equal(GM_OK, gm_life_fork(l, ctx, name, &in));
    assert_int_equal(-1, in.taken);
    store_take();
    gm_message_clear(ctx);
    assert_int_equal(GM_ENOTFOUND, open_try(a, name));
  }
  add(l, (gm_fact[]){datum(2)}, 1);
  assert_int_equal(GM_EEXIST, gm_life_fork(l, ctx, "f1", &in)); /* it has the facts of before */
  assert_int_equal(-1, in.taken);
  gm_message_clear(ctx);
  case_must(gm_life_fork(l, ctx, "f0", &in), "fork"); /* it had none yet */
  assert_int_equal(7, in.taken);
  assert_int_equal(GM_EEXIST, gm_life_fork(l, ctx, "f0", &in));
  gm_message_clear(ctx);
  renew(l);
  gm_life *f = life_open(a, "f0", 0);
  renew(f);
  assert_true(mean_cl(f) == mean_cl(l));
  gm_life_free(f);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- what is issued -------------------------------------------------------------------------- */
/* Out pointers are set last: by a call that could not keep what it made they are not, and what it
 * made is freed. */
static void refused__sets_nothing_and_leaks_nothing(void **state)
{
  (void)state;
  fault memory;
  fault_init(&memory);
  gm_ctx *own = fault_ctx(&memory);
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  doses_add(l);
  add(l, (gm_fact[]){datum(0), datum(1)}, 2);
  renew(l);
  gm_life_free(l);
  gm_life_options o = {.session = a, .twin = "t1"};
  gm_forecast *f = (gm_forecast *)&memory, *f_was = f;
  gm_proposal *p = (gm_proposal *)&memory, *p_was = p;
  gm_receipt r = {.seq = -1};
  gm_life_update u = {.learned = -1};
  assert_int_equal(GM_OK, gm_life_open(own, &o, &l));
  store_refuse(GM_RECORD_FORECAST, 0);
  assert_int_not_equal(GM_OK, gm_life_forecast(l, own, NULL, 30, &f, &r));
  store_take();
  store_refuse(GM_RECORD_PROPOSAL, 0);
  assert_int_not_equal(GM_OK, gm_life_propose(l, own, 48, &p, &r));
  store_take();
  add(l, (gm_fact[]){datum(4)}, 1);
  store_refuse(GM_RECORD_BELIEF, 0);
  assert_int_not_equal(GM_OK, gm_life_renew(l, own, NAN, &u));
  store_take();
  assert_true(f == f_was && p == p_was && r.seq == -1 && u.learned == -1);
  assert_int_equal(GM_OK, gm_life_renew(l, own, NAN, &u)); /* and it goes on */
  assert_true(u.renewed && u.learned == 3);
  gm_life_free(l);
  assert_int_equal(1, memory.live); /* the context itself */
  gm_ctx_free(own);
  case_close(a);
  case_unlink();
}

static int64_t records(gm_record_kind kind)
{
  char sql[80];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM record WHERE kind = %d", (int)kind);
  return case_number(sql);
}

/* A belief whose forecast could not be kept is there, and says so with the next renewal, of this
 * life or another; after that there is nothing new. */
static void renew__issues_what_it_could_not_keep(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_update u = {.learned = -1};
  doses_add(l);
  for (int i = 0; i < 2; i++) {
    add(l, (gm_fact[]){datum(4 * i)}, 1);
    store_refuse(GM_RECORD_FORECAST, 0);
    assert_int_not_equal(GM_OK, gm_life_renew(l, ctx, NAN, &u));
    assert_int_equal(-1, u.learned);
    store_take();
    gm_message_clear(ctx);
    assert_true(records(GM_RECORD_BELIEF) == i + 1 && records(GM_RECORD_FORECAST) == i);
    if (i) {
      gm_life_free(l);
      l = life_open(a, "t1", 0);
    }
    for (int again = 0; again < 2; again++) {
      gm_life_update next = renew(l);
      assert_true(!next.renewed && (next.forecast > 0) == !again);
      assert_true(records(GM_RECORD_BELIEF) == i + 1 && records(GM_RECORD_FORECAST) == i + 1);
      assert_int_equal(1, case_number("SELECT count(*) FROM card"));
    }
  }
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- migration ------------------------------------------------------------------------------- */
/* Refused before the model is there: the old definition stays, here and in the store. After it: the
 * new one is in place in both, and the twin goes on under it. */
static void migrate__is_before_or_after(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_change *c = (gm_life_change *)&a, *was = c;
  int32_t count = -1;
  doses_add(l);
  add(l, (gm_fact[]){datum(0), datum(1), datum(2)}, 3);
  renew(l);
  double before = mean_cl(l);
  definition_write('2');
  store_refuse(GM_RECORD_MODEL, 0);
  assert_int_not_equal(GM_OK, gm_life_migrate(l, ctx, definition_path, NULL, &c, &count));
  store_take();
  gm_message_clear(ctx);
  assert_true(c == was && count == -1);
  assert_true(gm_life_definition(l)->parameter_count == 2 && mean_cl(l) == before);
  store_refuse(GM_RECORD_BELIEF, 1);
  assert_int_not_equal(GM_OK, gm_life_migrate(l, ctx, definition_path, NULL, &c, &count));
  store_take();
  gm_message_clear(ctx);
  assert_true(c == was && count == -1);
  assert_int_equal(2, case_number("SELECT count(*) FROM record WHERE kind = 12"));
  assert_true(renew(l).renewed);
  double after = mean_cl(l);
  assert_true(fabs(after - before) > 0.1);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  assert_true(mean_cl(l) == after && !renew(l).renewed);
  /* what is no reason to go on without a comparison is passed on: here that it may not be kept */
  definition_write('4');
  add(l, (gm_fact[]){datum(3)}, 1);
  store_refuse(GM_RECORD_FORECAST, 0);
  assert_int_not_equal(GM_OK, gm_life_migrate(l, ctx, definition_path, NULL, &c, &count));
  store_take();
  gm_message_clear(ctx);
  assert_int_equal(2, case_number("SELECT count(*) FROM record WHERE kind = 12"));
  definition_unlink();
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* One migration with the n-th allocation failing, and after it all others too or not. Afterwards
 * the life can be looked at, says what the store says, and leaves nothing behind. */
static bool migrate_starved(gm_session *a, int64_t n, bool after)
{
  fault memory;
  fault_init(&memory);
  gm_ctx *own = fault_ctx(&memory);
  gm_life *l = NULL;
  gm_life_options o = {.session = a, .twin = "t1"};
  gm_life_change *c = NULL;
  gm_life_state s;
  const gm_twin *t = NULL;
  int32_t count = -1;
  assert_int_equal(GM_OK, gm_life_open(own, &o, &l));
  fault_arm(&memory, n, after);
  gm_status st = gm_life_migrate(l, own, definition_path, NULL, &c, &count);
  bool refused = memory.failed > 0;
  fault_disarm(&memory);
  if (st && (st != GM_ENOMEM || c || count != -1))
    fail_msg("allocation %d: %s: %s", (int)n, gm_status_name(st), gm_message(own));
  assert_true(!st || refused);
  gm_message_clear(own);
  assert_int_equal(GM_OK, gm_life_look(l, own, origin + 5 * hour, &s));
  assert_int_equal(GM_OK, gm_life_belief(l, own, &t));
  assert_string_equal("case", gm_life_definition(l)->twin);
  gm_life_free(l);
  gm_free(c);
  assert_int_equal(1, memory.live);
  gm_ctx_free(own);
  return refused;
}

/* Of the some thousand allocations of a migration those of a growing step are refused: each of the
 * first, every tenth or so of the later ones. */
static void migrate__survives_any_allocation(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_of(a, "t1", 40, model_text, definition_text);
  doses_add(l);
  add(l, (gm_fact[]){datum(0), datum(1)}, 2);
  renew(l);
  gm_life_free(l);
  bool refused = true;
  int64_t tried = 0;
  for (int64_t n = 1; refused; n += 1 + n / 12) {
    definition_write(tried++ % 2 ? '4' : '2');
    refused = migrate_starved(a, n, n % 2 != 0);
  }
  assert_true(tried > 40);
  definition_unlink();
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(make__is_finished_by_making_again),
      cmocka_unit_test(make__tells_a_closed_twin_from_an_unfinished_one),
      cmocka_unit_test(make__asks_for_whom_it_will_work_as),
      cmocka_unit_test(begin__is_finished_after_any_allocation),
      cmocka_unit_test(fork__is_finished_by_forking_again),
      cmocka_unit_test(refused__sets_nothing_and_leaks_nothing),
      cmocka_unit_test(renew__issues_what_it_could_not_keep),
      cmocka_unit_test(migrate__is_before_or_after),
      cmocka_unit_test(migrate__survives_any_allocation)};
  return cmocka_run_group_tests_name("lives cut short", tests, case_begin, case_end);
}
