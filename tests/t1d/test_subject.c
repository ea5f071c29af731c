/* The thirty virtual subjects: the program's table is the file's, and each is at rest. */
#include "base/number.h"
#include "t1d_subject.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* subjects.csv and the program's table hold the same names and doubles. */
static void subjects__are_those_of_the_file(void **state)
{
  (void)state;
  char line[2048];
  FILE *f = fopen("models/t1d/subjects.csv", "r");
  assert_non_null(f);
  for (int32_t row = -1; fgets(line, sizeof line, f); row++) {
    line[strcspn(line, "\r\n")] = 0;
    const t1d_subject *s = row < 0 ? NULL : t1d_subject_at(row);
    assert_true(row < 0 || s);
    char *save = NULL, *field = strtok_r(line, ",", &save);
    if (s) assert_string_equal(field, s->id);
    for (int32_t i = -5; i < T1D_PARAMETER_COUNT; i++) {
      field = strtok_r(NULL, ",", &save);
      assert_non_null(field);
      if (!s) {
        if (i >= 0) assert_string_equal(field, t1d_parameter_name[i]);
        continue;
      }
      const double head[5] = {s->age_a, s->cr_g_per_u, s->cf_mgdl_per_u, s->tdi_u_per_day,
                              s->basal_u_per_h};
      double value;
      assert_true(gm__number_parse(field, &value));
      assert_true(value == (i < 0 ? head[i + 5] : s->theta[i]));
    }
    assert_null(strtok_r(NULL, ",", &save));
  }
  fclose(f);
  assert_null(t1d_subject_at(T1D_SUBJECT_COUNT));
  assert_null(t1d_subject_find("adult011"));
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++)
    assert_int_equal(t1d_subject_group(t1d_subject_at(i)), i / 10);
}

/* Parameters reach their rows by name; a model without them is refused and nothing written. */
static void subject__fills_its_member(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_model *model, *other;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (t1d_s2008_new(ctx, NULL, &model)) fail_msg("%s", gm_message(ctx));
  gm_model_info info;
  gm_model_get_info(model, &info);
  double theta[2 * 64], kept = 7;
  assert_true(info.parameter_count <= 64);
  const t1d_subject *s = t1d_subject_find("child003");
  assert_int_equal(t1d_subject_theta(ctx, s, model, theta, 2), GM_OK);
  for (int32_t i = 0; i < T1D_PARAMETER_COUNT; i++)
    assert_true(theta[2 * gm_model_find(model, GM_TABLE_PARAMETER, t1d_parameter_name[i])] ==
                s->theta[i]);
  gm_eq_config c = {.text = "x = 1; k = 2; x' = -k*x"};
  assert_int_equal(gm_model_new(ctx, &gm_equations, &c, &other), GM_OK);
  assert_int_equal(t1d_subject_theta(ctx, s, other, &kept, 1), GM_EINVAL);
  assert_true(kept == 7);
  gm_model_free(other);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(subjects__are_those_of_the_file),
      cmocka_unit_test(subject__fills_its_member),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
