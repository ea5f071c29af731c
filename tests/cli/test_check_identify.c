/* label: quick
 * test_check_identify.c - `gemel check MODEL --identify` from end to end, on two published models:
 * the cholera model SIWR (Lee, Kelly, Ochocki & Akinwumi 2017), of which everything can be found
 * from k*I, and the two compartments of Bellman & Astrom (1970), of which a product and a sum of
 * rates can. Both answers stand in the test cases of StructuralIdentifiability.jl (Dong, Goodbrake,
 * Harrington & Pogudin 2023). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char siwr[] = "model siwr\n"
                           "  S' = mu - bi*S*I - bw*S*W - mu*S + a*R\n"
                           "  I' = bw*S*W + bi*S*I - (gam + mu)*I\n"
                           "  W' = xi*(I - W)\n"
                           "  R' = gam*I - (mu + a)*R\n"
                           "  mu = 1; bi = 1; bw = 1; a = 1; gam = 1; xi = 1; k = 1\n"
                           "  S = 1; I = 1; W = 1; R = 1\n"
                           "end\n";
static const char two[] = "model two\n"
                          "  x0' = -(a01 + a21)*x0 + a12*x1\n"
                          "  x1' = a21*x0 - a12*x1\n"
                          "  a01 = 1; a12 = 2; a21 = 3; x0 = 1; x1 = 2\n"
                          "end\n";
static const char *gemel; /* NULL: no command */
static char folder[64] = "/tmp/gemel-identify-XXXXXX";

typedef struct {
  int code;
  char out[8192], err[8192];
} answer;

static void path_of(char path[128], const char *name)
{
  snprintf(path, 128, "%s/%s", folder, name);
}

static void file_put(const char *name, const char *text)
{
  char path[128];
  path_of(path, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), f));
  assert_int_equal(0, fclose(f));
}

static void file_get(const char *name, char *text, size_t room)
{
  char path[128];
  path_of(path, name);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  size_t n = fread(text, 1, room - 1, f);
  text[n] = 0;
  assert_int_equal(0, fclose(f));
}

static int open_folder(void **state)
{
  (void)state;
  gemel = getenv("GEMEL_CLI");
  if (gemel && access(gemel, X_OK) != 0) gemel = NULL;
  if (!mkdtemp(folder)) return -1;
  file_put("siwr.ant", siwr);
  file_put("two.ant", two);
  file_put("broken.ant", "model broken\n  x' = -k*(x\nend\n");
  file_put("event.ant", "x' = -k*x; k = 1; x = 1\nat x < 0.5: x = 1\n");
  file_put("one.yaml", "twin: one\n");
  return 0;
}

static int drop_folder(void **state)
{
  (void)state;
  static const char *const name[] = {"siwr.ant", "two.ant", "broken.ant", "event.ant",
                                     "one.yaml", "out",     "err"};
  char path[128];
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
    path_of(path, name[i]);
    (void)unlink(path);
  }
  return rmdir(folder);
}

/* gemel check ARGUMENTS, run in the folder; false: there is no command. */
static bool ask(answer *a, const char *arguments)
{
  char line[1024], here[512];
  if (!gemel) {
    print_message("skipped: gemel check %s (GEMEL_CLI names no command; 1 case)\n", arguments);
    return false;
  }
  assert_non_null(getcwd(here, sizeof here));
  snprintf(line, sizeof line, "cd %s && '%s%s%s' check %s >out 2>err </dev/null", folder,
           gemel[0] == '/' ? "" : here, gemel[0] == '/' ? "" : "/", gemel, arguments);
  int status = system(line); /* lint: allow system, because the command is what is tested */
  assert_true(WIFEXITED(status));
  a->code = WEXITSTATUS(status);
  file_get("out", a->out, sizeof a->out);
  file_get("err", a->err, sizeof a->err);
  return true;
}

static void has(const char *text, const char *part)
{
  if (!strstr(text, part)) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static int count(const char *text, const char *part)
{
  int n = 0;
  for (const char *s = strstr(text, part); s; s = strstr(s + 1, part)) n++;
  return n;
}

/* SIWR: code 0, eleven unknowns, every one identifiable, nothing only together. */
static void identify__everything_of_siwr(void **state)
{
  (void)state;
  answer a;
  if (!ask(&a, "siwr.ant --identify --output 'k*I' --free-start")) return;
  assert_int_equal(0, a.code);
  assert_string_equal("", a.err);
  assert_int_equal(11, count(a.out, " identifiable\n"));
  assert_int_equal(0, count(a.out, "NOT"));
  assert_int_equal(0, count(a.out, "only together"));
  has(a.out, "11 of 11 dimensions");
}

/* Two compartments, x0 measured: code 1; the start of x0, a product, a sum, and a12 (x0 + x1) of
 * the starts. */
static void identify__product_and_sum_of_two_compartments(void **state)
{
  (void)state;
  answer a;
  if (!ask(&a, "two.ant --identify --output x0 --free-start")) return;
  assert_int_equal(1, a.code);
  assert_string_equal("", a.err);
  has(a.out, "  x0(0)    identifiable\n");
  assert_int_equal(4, count(a.out, "NOT identifiable\n"));
  has(a.out, "only together: a01*a12\n");
  has(a.out, "only together: a01 + a12 + a21\n");
  has(a.out, "only together: a12*x0(0) + a12*x1(0)\n");
  assert_int_equal(3, count(a.out, "only together"));
  has(a.out, "4 of 5 dimensions");
}

/* With what is known said, the rest is found: starts as in the text, or one rate given. */
static void identify__heeds_what_is_known(void **state)
{
  (void)state;
  answer a;
  if (!ask(&a, "two.ant --identify --output x0")) return;
  assert_int_equal(0, a.code);
  assert_true(ask(&a, "two.ant --identify --output x0 --free-start --known a21"));
  assert_int_equal(0, a.code);
  assert_int_equal(4, count(a.out, " identifiable\n"));
  assert_true(ask(&a, "two.ant --identify --output x0 --output x1 --free-start"));
  assert_int_equal(0, a.code);
  assert_true(ask(&a, "two.ant --identify --output x0 --unknown a01 --unknown x1 --free-start"));
  assert_int_equal(0, a.code);
}

/* --json says the same: the whole text but for the version. */
static void identify__json(void **state)
{
  (void)state;
  answer a;
  char want[1024];
  if (!ask(&a, "two.ant --identify --output x0 --free-start --json")) return;
  assert_int_equal(1, a.code);
  snprintf(want, sizeof want,
           "{\n  \"gemel\": \"%s\",\n  \"verb\": \"check\",\n  \"file\": \"two.ant\",\n"
           "  \"good\": false,\n  \"unknown\": [{\"name\": \"a01\",\"identifiable\": false},"
           "{\"name\": \"a12\",\"identifiable\": false},"
           "{\"name\": \"a21\",\"identifiable\": false},"
           "{\"name\": \"x0(0)\",\"identifiable\": true},"
           "{\"name\": \"x1(0)\",\"identifiable\": false}],\n"
           "  \"combinations\": [\"a01*a12\",\"a01 + a12 + a21\","
           "\"a12*x0(0) + a12*x1(0)\"],\n  \"other_functions\": 0,\n  \"rank\": 4,\n",
           gm_version());
  assert_int_equal(0, strncmp(want, a.out, strlen(want)));
  has(a.out, "\"order\": ");
  has(a.out, "\"points\": ");
  assert_string_equal("}\n", a.out + strlen(a.out) - 2);
  assert_true(ask(&a, "siwr.ant --identify --output 'k*I' --free-start --json"));
  assert_int_equal(0, a.code);
  has(a.out, "\"good\": true,");
  has(a.out, "\"combinations\": [],");
  assert_int_equal(11, count(a.out, "\"identifiable\": true"));
}

/* Another seed of the points gives the same answer. */
static void identify__does_not_hang_on_the_seed(void **state)
{
  (void)state;
  answer a, b;
  if (!ask(&a, "two.ant --identify --output x0 --free-start --seed 1")) return;
  assert_true(ask(&b, "two.ant --identify --output x0 --free-start --seed 77"));
  assert_int_equal(1, b.code);
  assert_string_equal(a.out, b.out);
}

/* Bad input: code 2, nothing on stdout, and what is wrong on stderr. */
static void identify__refuses_bad_input(void **state)
{
  (void)state;
  static const struct {
    const char *arguments, *message;
  } wrong[] = {
      {"two.ant --identify", "--identify needs what is measured"},
      {"two.ant --identify --output x9", "x9"},
      {"two.ant --identify --output 'x0 +'", "x0 +"},
      {"two.ant --identify --output x0 --unknown b", "unknown b: no parameter or state"},
      {"two.ant --identify --output x0 --known x9", "known x9: no parameter"},
      {"two.ant --identify --output x0 --input u", "input u: no state"},
      {"two.ant --identify --output x0 --known a01 --unknown a01", "known and unknown"},
      {"two.ant --output x0", "--output needs --identify"},
      {"two.ant --free-start", "--free-start needs --identify"},
      {"none.ant --identify --output x0", "none.ant"},
      {"broken.ant --identify --output x", "broken.ant:2"},
      {"event.ant --identify --output x", "the model has events"},
      {"one.yaml --identify --output x", "not a definition"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    answer a;
    if (!ask(&a, wrong[i].arguments)) continue;
    if (a.code != 2 || a.out[0])
      fail_msg("check %s: code %d\n%s%s", wrong[i].arguments, a.code, a.out, a.err);
    has(a.err, wrong[i].message);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(identify__everything_of_siwr),
      cmocka_unit_test(identify__product_and_sum_of_two_compartments),
      cmocka_unit_test(identify__heeds_what_is_known),
      cmocka_unit_test(identify__json),
      cmocka_unit_test(identify__does_not_hang_on_the_seed),
      cmocka_unit_test(identify__refuses_bad_input),
  };
  return cmocka_run_group_tests(tests, open_folder, drop_folder);
}
