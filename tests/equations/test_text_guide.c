/* test_text_guide.c - the examples of docs/model-text.md are read, run at their start, and written
 * as SBML; what it lists is what is there. Runs in the project's root.
 * label: quick */
#include "equations/text_case.h"
#include "kinds/equations/parse.h"
#include "kinds/equations/text_net.h"
#include <ctype.h>

static char *guide(void)
{
  char *text;
  if (gm_file_read(ctx, "docs/model-text.md", 1 << 20, &text, NULL))
    fail_msg("%s", gm_message(ctx));
  return text;
}

/* Finite slopes at the start, and a document of SBML. */
static void runs(const char *text)
{
  net n;
  gm_text t;
  eq_source s = read_model(text);
  for (int32_t i = 0; i < s.state_count; i++)
    assert_true(isfinite(work_out(&s, s.rate[i], 0, NULL)));
  eq_source_free(&s);
  gm_text_init(&t, ctx);
  if (eqt_net_read(ctx, text, "guide", &n) || net_write_sbml(&n, &t))
    fail_msg("%s", gm_message(ctx));
  net_free(&n);
  gm_text_free(&t);
}

/* Every block marked antimony is a model that can be read and written. */
static void examples__are_models(void **state)
{
  (void)state;
  static const char mark[] = "\n```antimony\n", end[] = "\n```";
  char *text = guide();
  int32_t count = 0;
  for (char *p = strstr(text, mark); p; p = strstr(p, mark)) {
    p += sizeof mark - 1;
    char *stop = strstr(p, end);
    assert_non_null(stop);
    *stop = 0;
    runs(p);
    p = stop + 1;
    count++;
  }
  gm_free(text);
  assert_int_equal(5, count);
}

/* The two infusions of the guide: an event at one hour starts, and one behind 4 mg/L stops. */
static void example__of_events_is_as_described(void **state)
{
  (void)state;
  char *text = guide(), *p = strstr(text, "model infusion");
  assert_non_null(p);
  *strstr(p, "\n```") = 0;
  eq_source s = read_model(p);
  assert_int_equal(2, s.event_count);
  assert_false(s.event[0].initial);
  assert_true(s.event[1].initial && !s.event[1].persistent);
  NEAR(2, work_out(&s, s.event[1].delay, 0, NULL));
  NEAR(5, work_out(&s, s.assign[s.event[0].assign].value, 1, NULL));
  eq_source_free(&s);
  gm_free(text);
}

/* Every function of the language is named in the guide. */
static void functions__are_listed(void **state)
{
  (void)state;
  char *text = guide();
  for (int32_t i = 0; i < eqt_builtin_count; i++) {
    const char *name = eqt_builtins[i].name;
    const char *bare = strncmp(name, "arc", 3) == 0 ? name + 3 : name;
    bool there = false;
    for (const char *p = strstr(text, bare); p && !there; p = strstr(p + 1, bare)) {
      char behind = p[strlen(bare)];
      there = !isalnum((unsigned char)p[-1]) && !isalnum((unsigned char)behind);
    }
    if (!there) fail_msg("docs/model-text.md does not name %s", name);
  }
  gm_free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(examples__are_models),
      cmocka_unit_test(example__of_events_is_as_described),
      cmocka_unit_test(functions__are_listed),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
