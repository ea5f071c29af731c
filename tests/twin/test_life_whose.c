/* Whose data are added: a source that has spoken of one subject in a twin does not slip in
 * another's. What it called the patient is a matter of the source; nothing of it is told. */
#include "twin/life_case.h"

static gm_fact of(gm_fact f, const char *source, const char *subject)
{
  f.source = source;
  f.subject = subject;
  return f;
}

static gm_status count_hear(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int32_t *)user;
  return GM_OK;
}

/* Observations, all versions of them. */
static int32_t written(gm_session *a, const gm_life *l)
{
  int32_t n = 0;
  gm_record_query q = {
      .twin = gm_life_twin(l), .kind = GM_RECORD_OBSERVATION, .all_versions = true};
  case_must(gm_store_read(a, ctx, &q, count_hear, &n), "read");
  return n;
}

/* Refused, naming the source and neither subject. */
static void refused(gm_life *l, const gm_fact *f, int32_t count)
{
  gm_life_intake in = {.taken = 9};
  gm_life_add_options no = {.same_person = false};
  assert_int_equal(GM_EINVAL, gm_life_add(l, ctx, f, count, &no, &in));
  assert_true(in.taken == 9 && in.already == 0); /* as it was */
  if (!strstr(gm_message(ctx), f[count - 1].source) || strstr(gm_message(ctx), "Patient") ||
      strstr(gm_message(ctx), "1703"))
    fail_msg("%s", gm_message(ctx));
  gm_message_clear(ctx);
}

static void vouched(gm_life *l, const gm_fact *f)
{
  gm_life_intake in;
  gm_life_add_options o = {.same_person = true};
  case_must(gm_life_add(l, ctx, f, 1, &o, &in), "add");
  assert_int_equal(1, in.taken);
}

/* Another subject of the same source is refused with all of its call, also when the twin is opened
 * again; another source may call the patient something else; who names nobody is not compared. */
static void source__speaks_of_one_subject(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_fact mine = of(datum(0), "ward", "Patient/1701"), other = of(datum(1), "ward", "1703");
  gm_fact laboratory = of(datum(2), "laboratory", "1703"), nobody = of(datum(3), "ward", "");
  add(l, &nobody, 1);
  add(l, &mine, 1);
  for (int i = 0; i < 2; i++) {
    refused(l, (gm_fact[]){of(datum(4), "ward", "Patient/1701"), other}, 2);
    assert_int_equal(i ? 4 : 2, written(a, l));
    add(l, &laboratory, 1);
    add(l, (gm_fact[]){of(datum(5), "ward", "")}, 1);
    gm_life_free(l);
    l = life_open(a, "t1", 0);
  }
  refused(l, (gm_fact[]){of(datum(1), "laboratory", "Patient/1701")}, 1);
  add(l, (gm_fact[]){of(datum(4), "ward", "Patient/1701")}, 1);
  assert_int_equal(5, written(a, l));
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* Two subjects in one call differ as well; and it is the whole call that is refused. */
static void call__speaks_of_one_subject(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_fact both[2] = {of(datum(0), "ward", "Patient/1701"), of(datum(1), "ward", "Patient/1703")};
  refused(l, both, 2);
  assert_int_equal(0, written(a, l));
  add(l, &both[1], 1); /* what was refused was not said: either may come first */
  refused(l, &both[0], 1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* Whoever knows that it is one person says so once; from then on both ids are the patient's. */
static void caller__may_vouch(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  add(l, (gm_fact[]){of(datum(0), "ward", "Patient/1701")}, 1);
  vouched(l, (gm_fact[]){of(datum(1), "ward", "Patient/1702")});
  add(l, (gm_fact[]){of(datum(2), "ward", "Patient/1702")}, 1);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  add(l, (gm_fact[]){of(datum(3), "ward", "Patient/1702"), of(datum(4), "ward", "Patient/1701")},
      2);
  refused(l, (gm_fact[]){of(datum(5), "ward", "Patient/1703")}, 1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* Corrections and withdrawals by another subject's file would change this one's data: refused. What
 * was withdrawn was never said, so its subject is a stranger again. */
static void withdrawal__is_of_a_subject_too(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_fact mine = of(datum(0), "ward", "Patient/1701"), wrong = of(datum(1), "ward", "1703");
  add(l, &mine, 1);
  gm_fact other = of(mine, "ward", "Patient/1703");
  other.version = "2";
  other.value = "9";
  refused(l, &other, 1);
  other.withdrawn = true;
  refused(l, &other, 1);
  vouched(l, &wrong);
  wrong.version = "2";
  wrong.withdrawn = true;
  add(l, &wrong, 1);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  refused(l, (gm_fact[]){of(datum(2), "ward", "1703")}, 1);
  add(l, (gm_fact[]){of(datum(2), "ward", "Patient/1701")}, 1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* Orders and reports, which no belief takes in, say whose they are as well. */
static void order__tells_whose(void **state)
{
  (void)state;
  static const gm_record_kind kinds[] = {GM_RECORD_ORDERED, GM_RECORD_REPORTED, GM_RECORD_GIVEN};
  for (int i = 0; i < 3; i++) {
    gm_session *a = case_store();
    gm_life *l = life_new(a, "t1");
    gm_fact f = of(fact(kinds[i], "drug", 3, "100", "mg", "o"), "ward", "Patient/1701");
    add(l, &f, 1);
    gm_life_free(l);
    l = life_open(a, "t1", 0);
    refused(l, (gm_fact[]){of(datum(0), "ward", "Patient/1703")}, 1);
    gm_life_free(l);
    case_close(a);
    case_unlink();
  }
}

/* Facts are added and compared before a covariate that every belief needs has arrived. */
static void covariate__that_is_missing_blocks_nothing(void **state)
{
  (void)state;
  char needs[2000];
  snprintf(needs, sizeof needs, "%s", definition_text);
  char *at = strstr(needs, ", default: 70");
  assert_non_null(at);
  memmove(at, at + 13, strlen(at + 13) + 1);
  gm_session *a = case_store();
  gm_life *l = life_of(a, "t1", 50, model_text, needs);
  gm_life_update u;
  add(l, (gm_fact[]){of(datum(0), "ward", "Patient/1701")}, 1);
  assert_true(gm_life_renew(l, ctx, NAN, &u) != GM_OK);
  gm_message_clear(ctx);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  add(l, (gm_fact[]){of(datum(1), "ward", "Patient/1701")}, 1);
  refused(l, (gm_fact[]){of(datum(2), "ward", "Patient/1703")}, 1);
  add(l, (gm_fact[]){of(fact(GM_RECORD_COVARIATE, "WT", 0, "82.5", "kg", "w"), "ward", "")}, 1);
  assert_int_equal(2, renew(l).learned);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* What failed for another reason leaves nothing behind: the source has not spoken yet. */
static void failure__leaves_no_trace(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in;
  gm_fact bad = of(datum(0), "ward", "Patient/1703");
  bad.unit = "s";
  assert_int_equal(GM_EUNIT, gm_life_add(l, ctx, &bad, 1, NULL, &in));
  gm_message_clear(ctx);
  add(l, (gm_fact[]){of(datum(0), "ward", "Patient/1701")}, 1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* What somebody else added since is compared too; own work in between does not matter. */
static void others__are_heard(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1"), *second = life_open(a, "t1", 0);
  doses_add(l);
  add(second, (gm_fact[]){of(datum(0), "ward", "Patient/1701")}, 1);
  refused(l, (gm_fact[]){of(datum(1), "ward", "Patient/1703")}, 1);
  renew(l);
  add(l, (gm_fact[]){of(datum(2), "clinic", "Patient/1703")}, 1);
  refused(second, (gm_fact[]){of(datum(3), "clinic", "Patient/1701")}, 1);
  assert_int_equal(2, written(a, l));
  gm_life_free(second);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* The first id that a source uses is compared with the subjects of the store, by itself and behind
 * its last '/'; an id that is nobody's is taken, unless the caller wants it named. */
static void first__is_no_other_subject_of_the_store(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in;
  int64_t other = 0;
  gm_life_add_options named = {.named = true};
  case_must(gm_store_subject(a, ctx, "1703", true, &other), "subject");
  refused(l, (gm_fact[]){of(datum(0), "ward", "Patient/1703")}, 1);
  refused(l, (gm_fact[]){of(datum(0), "ward", "1703")}, 1);
  refused(l, (gm_fact[]){of(datum(0), "ward", "urn:x/Patient/1703")}, 1);
  gm_fact stranger = of(datum(0), "ward", "Patient/9");
  assert_int_equal(GM_EINVAL, gm_life_add(l, ctx, &stranger, 1, &named, &in));
  gm_message_clear(ctx);
  assert_int_equal(0, written(a, l));
  char own[300];
  snprintf(own, sizeof own, "Patient/%s", gm_life_subject_id(l));
  gm_fact mine = of(datum(0), "ward", own);
  case_must(gm_life_add(l, ctx, &mine, 1, &named, &in), "add");
  add(l, (gm_fact[]){of(datum(1), "clinic", "Patient/9")}, 1);
  vouched(l, (gm_fact[]){of(datum(2), "laboratory", "1703")});
  refused(l, (gm_fact[]){of(datum(3), "ward", "Patient/1703")}, 1);
  assert_int_equal(3, written(a, l));
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(source__speaks_of_one_subject),
                                     cmocka_unit_test(call__speaks_of_one_subject),
                                     cmocka_unit_test(caller__may_vouch),
                                     cmocka_unit_test(withdrawal__is_of_a_subject_too),
                                     cmocka_unit_test(order__tells_whose),
                                     cmocka_unit_test(covariate__that_is_missing_blocks_nothing),
                                     cmocka_unit_test(failure__leaves_no_trace),
                                     cmocka_unit_test(others__are_heard),
                                     cmocka_unit_test(first__is_no_other_subject_of_the_store)};
  return case_main("life whose", tests);
}
