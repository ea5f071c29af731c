/* test_fhir_in_large.c - a Bundle of 100,000 entries, and texts of any length, in bounded memory.
 * label: full */
#include "interop/test_fhir_in_case.h"
#include <stdatomic.h>
#include <time.h>

/* ---- an allocator that knows the most that was held ------------------------------------------ */
typedef struct {
  int64_t live, peak;
} gauge;
typedef struct {
  gauge *g;
  size_t bytes;
  max_align_t data[];
} block;

static void *gauge_alloc(void *user, size_t bytes)
{
  gauge *g = user;
  block *b = malloc(sizeof *b + bytes);
  if (!b) return NULL;
  b->g = g;
  b->bytes = bytes;
  g->live += (int64_t)bytes;
  if (g->live > g->peak) g->peak = g->live;
  return b->data;
}

static void gauge_free(void *user, void *p)
{
  gauge *g = user;
  if (!p) return;
  block *b = (block *)(void *)((char *)p - offsetof(block, data));
  g->live -= (int64_t)b->bytes;
  free(b);
}

/* ---- files ----------------------------------------------------------------------------------- */
/* A Bundle of so many Observations of 50 Patients, who stand at its end. Returns its bytes. */
static int64_t bundle_write(int64_t count)
{
  FILE *f = fopen(case_path("in.json"), "wb");
  assert_non_null(f);
  fprintf(f, "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n");
  for (int64_t i = 0; i < count; i++)
    fprintf(
        f,
        "{\"fullUrl\":\"urn:uuid:%032" PRIx64 "\",\"resource\":{\"resourceType\":\"Observation\","
        "\"id\":\"o%" PRId64 "\",\"meta\":{\"versionId\":\"1\"},\"status\":\"final\",\"category\":"
        "[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/observation-category\""
        ",\"code\":\"laboratory\",\"display\":\"laboratory\"}]}],\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"2345-7\",\"display\":\"Glucose\"}],\"text\":\"Glucose\"},"
        "\"subject\":{\"reference\":\"urn:uuid:p%" PRId64 "\"},\"effectiveDateTime\":"
        "\"2015-02-07T13:28:%02d+01:00\",\"issued\":\"2015-02-07T13:28:17.239+01:00\","
        "\"valueQuantity\":{\"value\":%" PRId64 ".%" PRId64
        ",\"unit\":\"mg/dL\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/dL\"}}},\n",
        i, i, i % 50, (int)(i % 60), 70 + i % 80, i % 10);
  for (int i = 0; i < 50; i++)
    fprintf(
        f,
        "%s{\"fullUrl\":\"urn:uuid:p%d\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p%d\","
        "\"gender\":\"female\",\"birthDate\":\"1960-01-01\"}}",
        i ? ",\n" : "", i, i);
  fprintf(f, "]}\n");
  int64_t bytes = ftell(f);
  assert_int_equal(0, fclose(f));
  return bytes;
}

/* Reads in.json with a context of its own; *peak: the most memory held beyond the context's. */
static gm_status read_gauged(bool lines, gm_fhir_totals *totals, int64_t *peak, char message[1024])
{
  gauge g = {0};
  gm_ctx *c;
  const gm_ctx_options how = {.allocator = {gauge_alloc, gauge_free, &g}};
  assert_int_equal(GM_OK, gm_ctx_new(&how, &c));
  int64_t before = g.live;
  g.peak = g.live;
  const gm_fhir_options o = {.definition = definition, .lines = lines};
  gm_status s = gm_fhir_read_file(c, case_path("in.json"), &o, totals);
  *peak = g.peak - before;
  assert_int_equal(before, g.live);
  snprintf(message, 1024, "%s", gm_message(c));
  gm_ctx_free(c);
  return s;
}

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* All entries are told and accounted for; ten times as many take no more memory. */
static void large__bounded_memory(void **state)
{
  (void)state;
  gm_fhir_totals small, t;
  int64_t few, many;
  char message[1024];
  bundle_write(10000);
  assert_int_equal(GM_OK, read_gauged(false, &small, &few, message));
  assert_int_equal(10050, small.entries);
  int64_t bytes = bundle_write(100000);
  double began = seconds();
  if (read_gauged(false, &t, &many, message)) fail_msg("%s", message);
  double took = seconds() - began;
  printf("%" PRId64 " entries, %.1f MB: %.2f s of CPU, %.1f MB/s, %.0f entries/s; memory at most "
         "%.0f kB (of 10,050 entries: %.0f kB)\n",
         t.entries, 1e-6 * (double)bytes, took, 1e-6 * (double)bytes / took,
         (double)t.entries / took, 1e-3 * (double)many, 1e-3 * (double)few);
  assert_int_equal(100050, t.entries);
  assert_int_equal(100050, t.taken);
  assert_int_equal(100100, t.facts);
  assert_true(many <= few);
  assert_true(many < 2 << 20);
}

/* A text without end: of a Bundle the whole is refused, of lines that one line, both without
 * keeping it. */
static void large__texts(void **state)
{
  (void)state;
  enum { MEGABYTES = 200 };
  static char piece[1 << 20];
  char message[1024];
  gm_fhir_totals t;
  int64_t peak;
  memset(piece, 'x', sizeof piece);
  for (int lines = 0; lines < 2; lines++) {
    FILE *f = fopen(case_path("in.json"), "wb");
    assert_non_null(f);
    if (!lines) fprintf(f, "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":");
    fprintf(f, "{\"resourceType\":\"Observation\",\"id\":\"");
    for (int i = 0; i < MEGABYTES; i++) assert_int_equal(1, fwrite(piece, sizeof piece, 1, f));
    fprintf(f, "\"}%s\n", lines ? "\n{\"resourceType\":\"Observation\"}" : "}]}");
    assert_int_equal(0, fclose(f));
    gm_status s = read_gauged(lines, &t, &peak, message);
    assert_int_equal(lines ? GM_OK : GM_ERANGE, s);
    assert_int_equal(lines ? 2 : 0, t.entries);
    assert_int_equal(lines ? 1 : 0, t.refused);
    if (!lines) assert_non_null(strstr(message, "in.json:1:"));
    assert_true(peak < 64 << 20);
  }
}

/* So many Patients that they do not go into the table: said, with the limit. */
static void large__table_full(void **state)
{
  (void)state;
  gm_fhir_totals t;
  int64_t peak;
  char message[1024];
  FILE *f = fopen(case_path("in.json"), "wb");
  assert_non_null(f);
  for (int i = 0; i < 400000; i++)
    fprintf(f,
            "{\"resourceType\":\"Patient\",\"id\":\"%060d\",\"identifier\":[{\"system\":"
            "\"http://a.org/a-rather-long-name-of-a-system\",\"value\":\"%040d\"}]}\n",
            i, i);
  assert_int_equal(0, fclose(f));
  assert_int_equal(GM_EFULL, read_gauged(true, &t, &peak, message));
  assert_non_null(strstr(message, "64 MiB"));
  assert_int_equal(0, t.entries);
  assert_true(peak < 2 * (int64_t)GM_FHIR_TABLE_BYTES);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large__bounded_memory),
      cmocka_unit_test(large__texts),
      cmocka_unit_test(large__table_full),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
