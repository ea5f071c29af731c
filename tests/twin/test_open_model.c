/* test_open_model.c - models of every kind from files: which kind a file is, and what is refused.
 * label: quick */
#include "gemel/open.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define DECAY "species x\nx = 8; k = 2\nJ: x => ; k*x\n"
#define NET                                                                                        \
  "network: n\nnodes: 3\nstates: [S, I]\nlayers:\n  - {kind: complete}\nparameters: {b: 1}\n"      \
  "transitions:\n  - {from: S, to: I, rate: b}\n"
#define QUEUE                                                                                      \
  "queue: q\ntime: h\nparameters: {l: 4}\nstreams:\n  w: {to: d, rate: l}\nstations:\n"            \
  "  d: {servers: 1, service: {exponential: 0.1}}\noutputs:\n  n: d\n"

static gm_ctx *ctx;
static char folder[] = "/tmp/gemel-open-XXXXXX";
static char path[128];

static const char *file(const char *name, const char *text)
{
  if (path[0]) unlink(path);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  assert_int_equal(fclose(f), 0);
  return path;
}

/* The name of the kind that came of it, or that of the status. */
static const char *opened(const char *name, const char *text, const char *kind)
{
  static char is[32];
  gm_model *m = NULL;
  gm_open_options o = {.kind = kind};
  gm_status s = gm_model_open(ctx, file(name, text), &o, &m);
  snprintf(is, sizeof is, "%s", s ? gm_status_name(s) : m->type->name);
  assert_int_equal(s == GM_OK, m != NULL);
  gm_model_free(m);
  return is;
}

/* The kind is that which the file says: by its ending, its first byte, or its keys on the left. */
static void open__the_file_says_its_kind(void **state)
{
  (void)state;
  assert_string_equal(opened("a.ant", DECAY, NULL), "equations");
  assert_string_equal(opened("a.txt", DECAY, "equations"), "equations");
  assert_string_equal(opened("a.ant", DECAY, "jump"), "jump");
  assert_string_equal(opened("a.yaml", NET, NULL), "network");
  assert_string_equal(opened("a.yml", "# a\nkind: network # b\n" NET, "network"), "network");
  assert_string_equal(opened("a.yaml", QUEUE, "queue"), "queue");
  assert_string_equal(opened("a.yaml", "kind : 'queue'\r\n" QUEUE, NULL), "queue");
}

/* What is not of a known kind, or not of the one asked for, is refused with the kinds' names. */
static void open__others_are_refused_by_name(void **state)
{
  (void)state;
  assert_string_equal(opened("a.yaml", "twin: x\nmodel: m.ant\n", NULL), "GM_EUNSUPPORTED");
  assert_non_null(strstr(gm_message(ctx), "kind: network"));
  assert_string_equal(opened("a.yaml", "kind: field\n" NET, NULL), "GM_EUNSUPPORTED");
  assert_string_equal(opened("a.yaml", "", NULL), "GM_EUNSUPPORTED");
  assert_string_equal(opened("a.yaml", "x:\n  network: 1\nnetworks: 2\n", NULL), "GM_EUNSUPPORTED");
  assert_string_equal(opened("a.csv", "ID,TIME\n", NULL), "GM_EUNSUPPORTED");
  assert_string_equal(opened("a.ant", DECAY, "queue"), "GM_EINVAL");
  assert_string_equal(opened("a.yaml", QUEUE, "jump"), "GM_EINVAL");
  assert_string_equal(opened("a.ant", DECAY, "jumps"), "GM_EINVAL");
  assert_non_null(strstr(gm_message(ctx), "equations, jump, network, queue or compiled"));
  gm_model *m = NULL;
  assert_int_equal(gm_model_open(ctx, "/nowhere/a.ant", NULL, &m), GM_EIO);
  assert_null(m);
}

/* A fault in a file that has a line `kind:` is still said with its own line. */
static void open__lines_are_those_of_the_file(void **state)
{
  (void)state;
  const char *text = "kind: network\nnetwork: n\nnodes: 3\nstates: [S]\nwrong: 1\n";
  assert_string_not_equal(opened("a.yaml", text, NULL), "network");
  assert_non_null(strstr(gm_message(ctx), "a.yaml:5"));
}

/* Outputs asked for are expressions of a text; of a network they must be there. */
static void open__outputs_are_those_asked_for(void **state)
{
  (void)state;
  gm_eq_output output = {.name = "twice", .expression = "2*x"};
  gm_eq_config e = {.output = &output, .output_count = 1};
  gm_open_options o = {.equations = &e};
  gm_model *m = NULL;
  assert_int_equal(gm_model_open(ctx, file("a.ant", DECAY), &o, &m), GM_OK);
  assert_int_equal(gm_model_find(m, GM_TABLE_OUTPUT, "twice"), 0);
  gm_model_free(m);
  m = NULL;
  assert_int_equal(gm_model_open(ctx, file("a.yaml", NET), &o, &m), GM_ENOTFOUND);
  assert_null(m);
  assert_non_null(strstr(gm_message(ctx), "S, I"));
  output.expression = "I";
  assert_int_equal(gm_model_open(ctx, path, &o, &m), GM_OK);
  gm_model_free(m);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_model *m = NULL;
  gm_status s = gm_model_open(c, path, NULL, &m);
  gm_model_free(m);
  return s;
}

/* Every allocation may fail: GM_ENOMEM, and nothing is left behind. */
static void open__survives_lack_of_memory(void **state)
{
  (void)state;
  file("a.ant", DECAY);
  assert_true(fault_sweep_tolerant("text", trial, NULL) > 1); /* its kernel may be done without */
  file("a.yaml", "kind: network\n" NET);
  assert_true(fault_sweep("network", trial, NULL) > 1);
  file("a.yaml", QUEUE);
  assert_true(fault_sweep("queue", trial, NULL) > 1);
}

static int setup(void **state)
{
  (void)state;
  return !mkdtemp(folder) || gm_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  if (path[0]) unlink(path);
  return rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(open__the_file_says_its_kind),
                                     cmocka_unit_test(open__others_are_refused_by_name),
                                     cmocka_unit_test(open__lines_are_those_of_the_file),
                                     cmocka_unit_test(open__outputs_are_those_asked_for),
                                     cmocka_unit_test(open__survives_lack_of_memory)};
  return cmocka_run_group_tests_name("open_model", tests, setup, teardown);
}
