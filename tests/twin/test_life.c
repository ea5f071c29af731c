/* A twin that lives in a store: what it learns is what a run over the same records says; late,
 * corrected and withdrawn data; what it knew then; what it is.
 * label: full */
#include "twin/life_case.h"

/* Units are converted, what was only ordered is no input, the weight of years ago holds: the belief
 * is, to the bit, that of the same records in a table. */
static void life__believes_what_a_run_says(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  double want;
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, 1);
  gm_life_update u = renew(l);
  assert_true(u.renewed);
  assert_int_equal(4, u.learned);
  table_twin(4, &want, NULL);
  assert_true(mean_cl(l) == want);
  u = renew(l);
  assert_false(u.renewed); /* nothing new: nothing written */
  add(l, (gm_fact[]){datum(2)}, 1);
  assert_false(renew(l).renewed); /* known already */
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  assert_true(mean_cl(l) == want); /* as it was saved */
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

static int64_t learned_now(gm_life *l)
{
  gm_life_update u;
  case_must(gm_life_renew(l, ctx, NAN, &u), "renew");
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Data that come late, in another order, corrected or withdrawn, lead to the belief that the final
 * state of the records alone leads to; what was believed before is still there as of then. */
static void life__learns_again_from_late_and_corrected_data(void **state)
{
  (void)state;
  static const int order[DATA] = {3, 0, 5, 1, 4, 2};
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  double want, then[DATA];
  int64_t at[DATA];
  doses_add(l);
  for (int i = 0; i < DATA; i++) {
    gm_fact f = datum(order[i]);
    gm_fact wrong = f;
    wrong.value = "7.7";
    wrong.version = "0";
    if (order[i] == 0) add(l, &wrong, 1), renew(l); /* corrected after it was believed */
    add(l, &f, 1);
    if (i == 3) {
      gm_fact ghost = fact(GM_RECORD_OBSERVATION, "cp", 6, "9", "mg/L", "ghost");
      add(l, &ghost, 1);
      renew(l);
      ghost.withdrawn = true;
      ghost.version = "2";
      add(l, &ghost, 1);
    }
    at[i] = learned_now(l);
    then[i] = mean_cl(l);
  }
  table_twin(DATA, &want, NULL);
  assert_true(then[DATA - 1] == want);
  gm_life_free(l);
  for (int i = 0; i < DATA; i++) {
    l = life_open(a, "t1", at[i]);
    assert_true(mean_cl(l) == then[i]);
    gm_life_free(l);
  }
  case_close(a);
  case_unlink();
}

static const char jump_text[] =
    "time has \"h\"\nspecies S, I\nS = 47; I = 3\nbeta = 0.9\nbeta has \"1/h\"\n"
    "infect: S + I => 2 I; beta*S*I/50\nleave: I => ; 0.3 \"1/h\"*I\n";
static const char jump_definition[] =
    "twin: ward\nquestion: How many?\ncontext-of-use: tests\nmodel: model.ant\nkind: jump\n"
    "parameters:\n  beta: {typical: 0.9, unit: 1/h, between-subjects: {lognormal: 0.5}}\n"
    "observables:\n  cases: {is: I, unit: \"1\", error: {additive: 2}}\n";

static gm_fact count_fact(int i)
{
  static const char *const value[DATA] = {"5", "9", "14", "17", "15", "11"};
  static char id[DATA][8];
  snprintf(id[i], sizeof id[i], "c%d", i);
  return fact(GM_RECORD_OBSERVATION, "cases", 1 + i, value[i], "", id[i]);
}

/* A twin that follows its data goes on from what it had come to, also when a datum comes late: then
 * from the last belief before it. The belief has the bytes of one that took all data at once. */
static void life__goes_on_from_the_right_checkpoint(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_of(a, "t1", 2000, jump_text, jump_definition);
  gm_life *all = life_of(a, "t2", 2000, jump_text, jump_definition);
  gm_fact start = fact(GM_RECORD_OBSERVATION, "cases", 0, "3", "", "s");
  add(l, &start, 1);
  add(all, &start, 1);
  for (int i = 0; i < DATA; i++) {
    if (i == 3) continue; /* late */
    add(l, (gm_fact[]){count_fact(i)}, 1);
    gm_life_update v = renew(l);
    if (v.from_checkpoint != (i > 0)) fail_msg("datum %d", i);
  }
  add(l, (gm_fact[]){count_fact(3)}, 1);
  gm_life_update u = renew(l);
  assert_true(u.from_checkpoint && u.learned == DATA + 1);
  for (int i = 0; i < DATA; i++) add(all, (gm_fact[]){count_fact(i)}, 1);
  assert_false(renew(all).from_checkpoint);
  assert_true(mean_cl(l) == mean_cl(all));
  gm_fact wrong = count_fact(0); /* the first datum is corrected: all is learned again */
  wrong.version = "2";
  wrong.value = "6";
  add(l, &wrong, 1);
  assert_false(renew(l).from_checkpoint);
  gm_life_free(l);
  gm_life_free(all);
  case_close(a);
  case_unlink();
}

typedef struct {
  int32_t count;
  char last[4000];
} heard;

static gm_status listen(void *user, const gm_record_found *r)
{
  heard *h = user;
  h->count++;
  snprintf(h->last, sizeof h->last, "%.*s", (int)r->bytes, (const char *)r->body);
  return GM_OK;
}

static heard read_kind(gm_session *a, gm_life *l, gm_record_kind kind)
{
  heard h = {0, ""};
  gm_record_query q = {.twin = gm_life_twin(l), .kind = kind, .all_versions = true};
  case_must(gm_store_read(a, ctx, &q, listen, &h), "read");
  return h;
}

/* Forecasts are kept as they were issued, and scored when what they spoke of arrives, not before;
 * data that come late are not scored. */
static void life__scores_what_it_said(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, i == 2 ? 0 : 1);
  gm_life_update u = renew(l);
  assert_int_equal(0, u.scored);
  add(l, (gm_fact[]){datum(2)}, 1); /* late */
  u = renew(l);
  assert_true(u.renewed);
  assert_int_equal(0, u.scored);
  add(l, (gm_fact[]){datum(4)}, 1);
  add(l, (gm_fact[]){datum(5)}, 1);
  u = renew(l);
  assert_int_equal(2, u.scored);
  assert_int_equal(1, read_kind(a, l, GM_RECORD_SCORE).count);
  assert_int_equal(3, read_kind(a, l, GM_RECORD_FORECAST).count);
  assert_int_equal(3, read_kind(a, l, GM_RECORD_BELIEF).count);
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
  assert_int_equal(2, s.scored);
  assert_int_equal(2, s.skill[0].scored);
  assert_true(s.skill[0].crps > 0 && s.skill[0].crps_population > 0);
  assert_true(s.skill[0].covered90 >= s.skill[0].covered50);
  assert_int_equal(6, s.observations);
  assert_int_equal(2, s.given);
  assert_int_equal(1, s.ordered);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A level is held only as long as its conditions hold, and says what the next one lacks. */
static void life__level_rises_and_falls(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin, &s), "look");
  assert_int_equal(GM_LEVEL_STATIC, s.level);
  assert_false(s.is_twin);
  assert_non_null(strstr(s.next, "observation"));
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, 1);
  case_must(gm_life_look(l, ctx, origin + 9 * hour, &s), "look");
  assert_int_equal(GM_LEVEL_STATIC, s.level);
  renew(l);
  case_must(gm_life_look(l, ctx, origin + 9 * hour, &s), "look");
  assert_int_equal(GM_LEVEL_SHADOW, s.level);
  assert_true(s.is_twin);
  assert_true(s.mark[0].holds && s.mark[1].holds && !s.mark[3].holds && !s.mark[4].holds);
  case_must(gm_life_look(l, ctx, origin + 9 * hour + 60 * 86400, &s), "look"); /* data stopped */
  assert_int_equal(GM_LEVEL_MIRROR, s.level);
  assert_false(s.is_twin);
  assert_true(s.health == GM_HEALTH_STALE || s.health == GM_HEALTH_LOST);
  add(l, (gm_fact[]){datum(4)}, 1); /* not learned yet */
  case_must(gm_life_look(l, ctx, origin + 14 * hour, &s), "look");
  assert_int_equal(GM_LEVEL_MIRROR, s.level);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A proposal, and what a person decided on it, are in the thread; then the twin has had impact. */
static void life__keeps_proposals_and_decisions(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_proposal *p = NULL;
  gm_receipt made, decided;
  gm_life_state s;
  doses_add(l);
  for (int i = 0; i < DATA; i++) add(l, (gm_fact[]){datum(i)}, 1);
  renew(l);
  case_must(gm_life_propose(l, ctx, NAN, &p, &made), "propose");
  assert_true(p->candidate_count > 0);
  gm_proposal_free(p);
  assert_int_equal(GM_EINVAL, gm_life_decide(l, ctx, made.seq, "accepted", "", &decided));
  case_must(gm_life_decide(l, ctx, made.seq, "accepted", "trough below 2", &decided), "decide");
  heard h = read_kind(a, l, GM_RECORD_DECISION);
  assert_non_null(strstr(h.last, "\"who\":\"Dr. Test\""));
  assert_non_null(strstr(h.last, "trough below 2"));
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
  assert_true(s.mark[4].holds);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A fork knows what its twin knew then, and goes its own way. */
static void life__forks_as_it_was(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1"), *f;
  gm_life_intake in;
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, 1);
  int64_t at = learned_now(l);
  double then = mean_cl(l);
  for (int i = 4; i < DATA; i++) add(l, (gm_fact[]){datum(i)}, 1);
  renew(l);
  double now = mean_cl(l);
  assert_true(now != then);
  gm_life_free(l);
  l = life_open(a, "t1", at);
  case_must(gm_life_fork(l, ctx, "t2", &in), "fork");
  assert_int_equal(GM_EEXIST, gm_life_fork(l, ctx, "t2", &in));
  gm_life_free(l);
  f = life_open(a, "t2", 0);
  renew(f);
  assert_true(mean_cl(f) == then);
  add(f, (gm_fact[]){datum(4)}, 1);
  renew(f);
  gm_life_free(f);
  l = life_open(a, "t1", 0);
  assert_true(mean_cl(l) == now);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* Under another definition the thread is run again, and what changed in the forecasts is said: a
 * prior of half the clearance between subjects of no spread forecasts higher. Back again: as
 * before. */
static void life__migrates_and_says_what_changed(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_change *c = NULL;
  int32_t count = 0;
  char other[2000];
  doses_add(l);
  for (int i = 0; i < 3; i++) add(l, (gm_fact[]){datum(i)}, 1);
  renew(l);
  double before = mean_cl(l);
  snprintf(other, sizeof other, "%s", definition_text);
  char *cl = strstr(other, "CL: {typical: 4");
  assert_non_null(cl);
  cl[14] = '2';
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  file_write(definition_path, sizeof definition_path, "twin.yaml", other);
  case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
  assert_true(count > 10 && fabs(mean_cl(l) - before) > 0.1);
  for (int32_t i = 0; i < count; i++)
    assert_true(c[i].before[0] <= c[i].before[1] && c[i].after[1] <= c[i].after[2]);
  gm_free(c);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition_text);
  case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
  gm_free(c);
  unlink(model_path);
  unlink(definition_path);
  assert_true(mean_cl(l) == before);
  assert_int_equal(3, read_kind(a, l, GM_RECORD_MODEL).count);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* What the definition cannot take is refused by name, with all of its call; nothing is quoted. */
static void life__refuses_by_name(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in;
  static const struct {
    const char *series, *value, *unit, *says;
    gm_record_kind kind;
    gm_status status;
  } bad[] = {{"cp", "4.1", "s", "cp", GM_RECORD_OBSERVATION, GM_EUNIT},
             {"cp", "secret", "mg/L", "not a decimal number", GM_RECORD_OBSERVATION, GM_EPARSE},
             {"cp", "4.1", "", "no unit", GM_RECORD_OBSERVATION, GM_EUNIT},
             {"glucose", "4.1", "mg/L", "no observable", GM_RECORD_OBSERVATION, GM_ENOTFOUND},
             {"drug", "4.1", "mL", "drug", GM_RECORD_GIVEN, GM_EUNIT},
             {"SEX", "other", "", "SEX", GM_RECORD_COVARIATE, GM_ENOTFOUND}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_fact f[2] = {datum(0), fact(bad[i].kind, bad[i].series, 1, bad[i].value, bad[i].unit, "x")};
    assert_int_equal(bad[i].status, gm_life_add(l, ctx, f, 2, NULL, &in));
    if (!strstr(gm_message(ctx), bad[i].says)) fail_msg("%d: %s", (int)i, gm_message(ctx));
    assert_null(strstr(gm_message(ctx), "secret"));
    gm_message_clear(ctx);
  }
  assert_int_equal(0, read_kind(a, l, GM_RECORD_OBSERVATION).count);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(life__believes_what_a_run_says),
      cmocka_unit_test(life__learns_again_from_late_and_corrected_data),
      cmocka_unit_test(life__goes_on_from_the_right_checkpoint),
      cmocka_unit_test(life__scores_what_it_said),
      cmocka_unit_test(life__level_rises_and_falls),
      cmocka_unit_test(life__keeps_proposals_and_decisions),
      cmocka_unit_test(life__forks_as_it_was),
      cmocka_unit_test(life__migrates_and_says_what_changed),
      cmocka_unit_test(life__refuses_by_name)};
  return cmocka_run_group_tests_name("life", tests, case_begin, case_end);
}
