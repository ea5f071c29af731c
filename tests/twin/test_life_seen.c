/* What is seen of a life: by whom, when a covariate lacks a value, as it was, and for how long.
 * label: full */
#include "twin/life_case.h"

/* ---- names ----------------------------------------------------------------------------------- */
/* Who brings data, or learns from many, is not told whose twin it is, though our own work for care
 * knows it; what is believed does not hang on who asked. */
static void subject__is_named_to_whom_names_are_for(void **state)
{
  (void)state;
  static const struct {
    gm_access_role role;
    gm_use use;
    const char *subject, *sees;
  } who[] = {{GM_AS_CLINICIAN, GM_USE_CARE, NULL, "p1"},
             {GM_AS_DEVICE, GM_USE_CARE, NULL, ""},
             {GM_AS_RESEARCHER, GM_USE_TRAINING, NULL, ""},
             {GM_AS_PATIENT, GM_USE_CARE, "p1", "p1"}};
  gm_session *a = case_store();
  double mean[2];
  for (int i = 0; i < 2; i++) { /* renewed by a clinician, and by a device */
    gm_life *l = life_new(a, i ? "by device" : "by clinician");
    doses_add(l);
    gm_life_free(l);
    gm_session *s = case_session(a, i ? GM_AS_DEVICE : GM_AS_CLINICIAN, GM_USE_CARE);
    l = life_open(s, i ? "by device" : "by clinician", 0);
    add(l, (gm_fact[]){datum(0)}, 1);
    assert_true(renew(l).renewed);
    gm_life_free(l);
    gm_session_close(s);
    l = life_open(a, i ? "by device" : "by clinician", 0);
    mean[i] = mean_cl(l);
    gm_life_free(l);
  }
  assert_true(mean[0] == mean[1]);
  for (size_t i = 0; i < sizeof who / sizeof who[0]; i++) {
    gm_access_who w = {
        .role = who[i].role, .use = who[i].use, .actor = "Somebody", .subject = who[i].subject};
    gm_session *s = NULL;
    case_must(gm_session_open(gm_session_store(a), ctx, &w, &s), "session");
    gm_life *l = life_open(s, "by device", 0);
    assert_string_equal(who[i].sees, gm_life_subject_id(l));
    gm_life_free(l);
    gm_session_close(s);
  }
  case_close(a);
  case_unlink();
}

/* ---- a covariate without a value ------------------------------------------------------------- */
static gm_fact weight_of(const char *version, bool withdrawn)
{
  gm_fact f = fact(GM_RECORD_COVARIATE, "WT", -9000, "82.5", "kg", "w");
  f.version = version;
  f.withdrawn = withdrawn;
  return f;
}

static void missing_check(gm_life *l, bool missing, int64_t observations, int64_t beliefs)
{
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin + 5 * hour, &s), "look");
  assert_string_equal(missing ? "WT" : "", s.missing);
  assert_int_equal(observations, s.observations);
  assert_int_equal(beliefs, s.beliefs);
  assert_true(!missing || (s.level == GM_LEVEL_STATIC && strstr(s.next, "WT")));
  assert_true(isnan(s.belief_s) == (missing || !beliefs));
}

static void refused_by_name(gm_status st)
{
  assert_int_equal(GM_ENOTFOUND, st);
  assert_non_null(strstr(gm_message(ctx), "covariate WT"));
  assert_null(strstr(gm_message(ctx), "p1"));
  gm_message_clear(ctx);
}

/* Where the model cannot run for want of a covariate, all else is shown, and which one it is; what
 * needs the model is refused by its name. When it comes the twin goes on, when it is withdrawn it
 * waits again. */
static void missing__is_named_and_hides_nothing(void **state)
{
  (void)state;
  gm_session *a = case_store();
  char text[2000];
  snprintf(text, sizeof text, "%s", definition_text);
  char *by = strstr(text, "WT: {unit: kg, default: 70}");
  memmove(by + 14, by + 27 - 1, strlen(by + 26) + 1); /* WT: {unit: kg} */
  gm_life *l = life_of(a, "t1", 200, model_text, text);
  gm_life_update u = {.learned = -1};
  gm_forecast *f = NULL;
  const gm_twin *t = NULL;
  missing_check(l, true, 0, 0);
  add(l, (gm_fact[]){fact(GM_RECORD_GIVEN, "drug", 0, "100", "mg", "a"), datum(0), datum(1)}, 3);
  missing_check(l, true, 2, 0);
  refused_by_name(gm_life_renew(l, ctx, NAN, &u));
  refused_by_name(gm_life_belief(l, ctx, &t));
  refused_by_name(gm_life_forecast(l, ctx, NULL, NAN, &f, NULL));
  assert_true(u.learned == -1 && !t && !f);
  add(l, (gm_fact[]){weight_of("1", false)}, 1);
  assert_int_equal(2, renew(l).learned);
  missing_check(l, false, 2, 1);
  add(l, (gm_fact[]){weight_of("2", true)}, 1);
  missing_check(l, true, 2, 1);
  gm_life_free(l);
  l = life_open(a, "t1", 0);
  missing_check(l, true, 2, 1);
  refused_by_name(gm_life_renew(l, ctx, NAN, &u));
  add(l, (gm_fact[]){weight_of("3", false)}, 1);
  missing_check(l, false, 2, 1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- as it was, and for how long ------------------------------------------------------------- */
/* Ages of a life as it was are counted from then. */
static void look__of_then_counts_from_then(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_state s;
  doses_add(l);
  add(l, (gm_fact[]){datum(0)}, 1);
  int64_t then = (int64_t)time(NULL) * 1000000 + 5000000;
  gm_life_free(l);
  l = life_open(a, "t1", then);
  case_must(gm_life_look(l, ctx, NAN, &s), "look");
  assert_true(s.age_s == (double)then * 1e-6 - (origin + value_h[0] * hour));
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A look's skill stays readable over renewals, which look themselves, and over a migration. */
static void skill__is_readable_until_the_next_look(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_state s, again;
  gm_life_change *c = NULL;
  int32_t count = 0;
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, 1);
  renew(l);
  add(l, (gm_fact[]){datum(4)}, 1);
  renew(l);
  case_must(gm_life_look(l, ctx, origin + 14 * hour, &s), "look");
  gm_life_skill seen = s.skill[0];
  assert_int_equal(1, seen.scored);
  add(l, (gm_fact[]){datum(5)}, 1);
  assert_int_equal(1, renew(l).scored);
  assert_memory_equal(&seen, &s.skill[0], sizeof seen);
  char text[2000];
  snprintf(text, sizeof text, "%s", definition_text);
  strstr(text, "CL: {typical: 4")[14] = '2';
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  file_write(definition_path, sizeof definition_path, "twin.yaml", text);
  case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
  assert_memory_equal(&seen, &s.skill[0], sizeof seen);
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &again), "look");
  assert_int_equal(0, again.skill[0].scored); /* under this definition */
  gm_free(c);
  unlink(model_path);
  unlink(definition_path);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(subject__is_named_to_whom_names_are_for),
                                     cmocka_unit_test(missing__is_named_and_hides_nothing),
                                     cmocka_unit_test(look__of_then_counts_from_then),
                                     cmocka_unit_test(skill__is_readable_until_the_next_look)};
  return cmocka_run_group_tests_name("life seen", tests, case_begin, case_end);
}
