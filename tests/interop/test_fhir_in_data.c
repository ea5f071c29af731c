/* test_fhir_in_data.c - published FHIR R4: every entry has its account, counted independently.
 * label: quick */
#include "interop/test_fhir_in_case.h"
#include "base/json.h"
#include "support/data.h"
#include <dirent.h>

/* ---- an independent count -------------------------------------------------------------------- */
/* Of the token stream: values of the outermost array "entry", the resourceType of the whole, and
 * how often a text stands there. */
typedef struct {
  bool at_entry, at_type, in_entry, bundle;
  int64_t entries, weights;
} counting;

static gm_status count_token(void *user, const gm_json_event *e)
{
  counting *c = user;
  bool ends = e->token == GM_JSON_ARRAY_END || e->token == GM_JSON_OBJECT_END;
  bool opens = e->token == GM_JSON_ARRAY || e->token == GM_JSON_OBJECT;
  if (e->token == GM_JSON_KEY && e->depth == 1) {
    c->at_entry = e->bytes == 5 && !memcmp(e->text, "entry", 5);
    c->at_type = e->bytes == 12 && !memcmp(e->text, "resourceType", 12);
    return GM_OK;
  }
  if (e->token == GM_JSON_TEXT && e->depth == 1 && c->at_type)
    c->bundle = e->bytes == 6 && !memcmp(e->text, "Bundle", 6);
  if (e->token == GM_JSON_TEXT && e->bytes == 7 && !memcmp(e->text, "29463-7", 7)) c->weights++;
  if (e->token == GM_JSON_ARRAY && e->depth == 2 && c->at_entry) c->in_entry = true;
  if (e->token == GM_JSON_ARRAY_END && e->depth == 1) c->in_entry = false;
  if (c->in_entry && e->token != GM_JSON_KEY && !ends && e->depth == (opens ? 3 : 2) &&
      !(e->token == GM_JSON_ARRAY && e->depth == 2))
    c->entries++;
  return GM_OK;
}

static counting count_file(const char *path)
{
  counting c = {0};
  gm_json_reader *r;
  assert_int_equal(GM_OK, gm__json_reader_new(ctx, NULL, count_token, &c, &r));
  if (gm__json_feed_file(r, path)) fail_msg("%s", gm_message(ctx));
  gm__json_reader_free(r);
  return c;
}

/* ---- readings -------------------------------------------------------------------------------- */
typedef struct {
  int64_t accounts, facts, sum[GM_FHIR_OUTCOME_COUNT], weights, files, entries;
} tally;

static gm_status tally_fact(void *user, const gm_fact *f)
{
  tally *t = user;
  t->facts++;
  t->weights += !strcmp(f->series, "weight");
  return GM_OK;
}

static gm_status tally_account(void *user, const gm_fhir_account *a)
{
  tally *t = user;
  t->accounts++;
  t->sum[a->outcome]++;
  if (a->outcome != GM_FHIR_TAKEN) assert_true(a->reason[0]);
  return GM_OK;
}

static counting read_one(const char *path, tally *t)
{
  const gm_fhir_options o = {
      .definition = definition, .fact = tally_fact, .account = tally_account, .user = t};
  gm_fhir_totals n;
  tally before = *t;
  counting c = count_file(path);
  int64_t entries = c.bundle ? c.entries : 1;
  if (gm_fhir_read_file(ctx, path, &o, &n)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(entries, n.entries);
  assert_int_equal(entries, t->accounts - before.accounts);
  assert_int_equal(entries, n.taken + n.not_mapped + n.refused);
  assert_int_equal(n.taken, t->sum[GM_FHIR_TAKEN] - before.sum[GM_FHIR_TAKEN]);
  assert_int_equal(n.facts, t->facts - before.facts);
  t->files++;
  t->entries += entries;
  return c;
}

/* Unpacks into in.json of the case's folder where the name tells so; the path to read. */
static const char *unpacked(const char *path)
{
  char command[2400];
  const char *dot = strrchr(path, '.'), *with = NULL;
  if (dot && !strcmp(dot, ".gz")) with = "gzip";
  if (dot && !strcmp(dot, ".bz2")) with = "bzip2";
  if (!with) return path;
  snprintf(command, sizeof command, "%s -dc '%s' > '%s'", with, path, case_path("in.json"));
  return system(command) ? NULL : case_path("in.json");
}

/* Every file of a folder. each_weight: whatever has the code of the body weight is a measurement of
 * it, with time and unit. */
static void folder_read(const char *name, int64_t entries, bool each_weight)
{
  char folder[600], path[1000];
  tally t = {0};
  int64_t weights = 0;
  snprintf(folder, sizeof folder, "%s/platform/%s", data_folder() ? data_folder() : "none", name);
  DIR *d = opendir(folder);
  if (!d) {
    data_skip(name, 5);
    return;
  }
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    const char *file = unpacked(path);
    if (!file) fail_msg("%s: not unpacked", path);
    weights += read_one(file, &t).weights;
  }
  closedir(d);
  printf("%s: %" PRId64 " files, %" PRId64 " entries: %" PRId64 " taken (%" PRId64
         " facts), %" PRId64 " not mapped, %" PRId64 " refused\n",
         name, t.files, t.entries, t.sum[0], t.facts, t.sum[1], t.sum[2]);
  assert_int_equal(entries, t.entries);
  if (each_weight) assert_int_equal(weights, t.weights);
  assert_true(!each_weight || weights > 0);
}

/* Numbers of entries counted by another program (Python's json module), November 2026. */
static void data__fhir_r4(void **state)
{
  (void)state;
  folder_read("fhir-r4-examples", 52, false);
}

static void data__us_core(void **state)
{
  (void)state;
  folder_read("us-core-examples", 91, false);
}

static void data__devices(void **state)
{
  (void)state;
  folder_read("phd-device-examples", 27, false);
}

static void data__synthea(void **state)
{
  (void)state;
  folder_read("synthea-r4", 1832, true);
  folder_read("synthea-r4-v2", 1590, true);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data__fhir_r4),
      cmocka_unit_test(data__us_core),
      cmocka_unit_test(data__devices),
      cmocka_unit_test(data__synthea),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
