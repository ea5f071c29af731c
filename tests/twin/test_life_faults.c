/* Lives under what once broke them: ids shared by kinds, ties, doses that come late behind a
 * checkpoint, definitions that come back or do not fit, facts that no model can take.
 * label: full */
#include "twin/life_case.h"

/* A measurement may have the id of a dose, or of a record of Gemel's own: neither stands in for the
 * other. */
static void ids__are_of_a_kind(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in;
  doses_add(l);
  gm_fact f = datum(0);
  f.id = "a"; /* a dose's */
  case_must(gm_life_add(l, ctx, &f, 1, NULL, &in), "add");
  assert_int_equal(1, in.taken);
  f.source = "gemel";
  f.id = "model";
  f.t_true_s += 60;
  case_must(gm_life_add(l, ctx, &f, 1, NULL, &in), "add");
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  assert_int_equal(2, renew(l).learned);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A trough and a dose of one time: the trough is drawn first, whichever was learned first, and
 * whether or not it was corrected. */
static void tie__does_not_hang_on_when_it_was_learned(void **state)
{
  (void)state;
  double mean[2];
  for (int i = 0; i < 2; i++) {
    gm_session *a = case_store();
    gm_life *l = life_new(a, "t1");
    gm_fact trough = fact(GM_RECORD_OBSERVATION, "cp", 12, "1.1", "mg/L", "trough");
    if (i == 0) add(l, &trough, 1);
    doses_add(l);
    if (i == 1) {
      trough.value = "1.2";
      add(l, &trough, 1);
      trough.value = "1.1";
      trough.version = "2";
      add(l, &trough, 1);
    }
    add(l, (gm_fact[]){datum(0)}, 1);
    renew(l);
    mean[i] = mean_cl(l);
    gm_life_free(l);
    case_close(a);
    case_unlink();
  }
  assert_true(mean[0] == mean[1]);
}

/* A definition that is put back in place gives the belief that it gave before, in the store too;
 * the belief of another one is never loaded under it. One that the thread does not fit is refused
 * before anything is written. */
static void definition__comes_back_or_is_refused(void **state)
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
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  for (int i = 0; i < 2; i++) {
    snprintf(other, sizeof other, "%s", definition_text);
    if (i == 0) strstr(other, "CL: {typical: 4")[14] = '2';
    file_write(definition_path, sizeof definition_path, "twin.yaml", other);
    case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
    gm_free(c);
    c = NULL;
  }
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  assert_true(mean_cl(l) == before);
  snprintf(other, sizeof other, "%s", definition_text);
  memcpy(strstr(other, "  cp: {is"), "  cq: {is", 9);
  memcpy(strstr(other, "targets: {cp"), "targets: {cq", 12);
  file_write(definition_path, sizeof definition_path, "twin.yaml", other);
  assert_int_equal(GM_ENOTFOUND, gm_life_migrate(l, ctx, definition_path, NULL, &c, &count));
  gm_message_clear(ctx);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  assert_true(mean_cl(l) == before);
  unlink(model_path);
  unlink(definition_path);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* What would stop the whole twin is refused where it comes in, and no value is quoted. */
static void fact__that_no_model_can_take(void **state)
{
  (void)state;
  static const struct {
    gm_record_kind kind;
    const char *series, *value, *unit;
    double duration_s;
  } bad[] = {{GM_RECORD_GIVEN, "drug", "-177", "mg", 0},
             {GM_RECORD_GIVEN, "drug", "177", "mg", INFINITY},
             {GM_RECORD_GIVEN, "drug", "177", "mg", -1},
             {GM_RECORD_COVARIATE, "WT", "0", "kg", 0},
             {GM_RECORD_COVARIATE, "WT", "-177", "kg", 0}};
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_intake in;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_fact f = fact(bad[i].kind, bad[i].series, 1, bad[i].value, bad[i].unit, "x");
    f.duration_s = bad[i].duration_s;
    assert_int_equal(GM_ERANGE, gm_life_add(l, ctx, &f, 1, NULL, &in));
    assert_null(strstr(gm_message(ctx), "177"));
    gm_message_clear(ctx);
  }
  doses_add(l);
  add(l, (gm_fact[]){datum(0)}, 1);
  assert_true(renew(l).renewed);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(ids__are_of_a_kind),
                                     cmocka_unit_test(tie__does_not_hang_on_when_it_was_learned),
                                     cmocka_unit_test(definition__comes_back_or_is_refused),
                                     cmocka_unit_test(fact__that_no_model_can_take)};
  return cmocka_run_group_tests_name("life faults", tests, case_begin, case_end);
}
