/* The conformance kit on every shipped model. label: full */
#include "gemel/definition.h"
#include "support/conformance.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* The model of a definition, on its own. */
static gm_status make(void *user, gm_ctx *ctx, gm_model **out)
{
  gm_definition *d = NULL;
  gm_status s = gm_definition_read(ctx, user, &d);
  if (s) return s;
  *out = d->model;
  d->model = NULL;
  gm_definition_free(d);
  return GM_OK;
}

/* Every shipped model keeps every rule of the contract; there are at least the five of the first
 * release. */
static void conformance__every_shipped_model(void **state)
{
  (void)state;
  DIR *dir = opendir("models");
  assert_non_null(dir);
  int count = 0;
  for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "models/%s/twin.yaml", e->d_name);
    if (e->d_name[0] == '.' || stat(path, &st) != 0) continue;
    print_message("%s\n", path);
    conformance_run(make, path, 96, 50);
    count++;
  }
  closedir(dir);
  assert_true(count >= 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(conformance__every_shipped_model)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
