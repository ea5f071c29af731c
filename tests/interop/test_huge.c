/* Texts of a gigabyte, in a Bundle, in lines and in a table: each reader ends with a clear error,
 * or goes on behind them, and the process never holds more than a small part of one. The text is
 * made while it is read (a pipe), and where a reader needs a file, it is one in memory that is not
 * the reader's: no disk is touched.
 * label: nightly */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/fhir.h"
#include "gemel/fhir_check.h"
#include "gemel/mapping.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 1 << 20, PIECES = 1024, HEAD = 4096 };
/* The reader keeps one text of 16 MiB, the checker one of 64 MiB; each is grown by doubling, and
 * the parser below has it once more. */
enum { READER_MIB = 96, CHECKER_MIB = 256, TABLE_MIB = 16 };

static const char model[] = "model body\ntime has \"h\"\nG = 100\nG' = 0\nend\n";
static const char twin[] =
    "twin: case\nquestion: q\ncontext-of-use: tests\nmodel: model.ant\n"
    "observables:\n"
    "  glucose: {is: G, unit: mg/dL, error: {additive: 5}, code: loinc|2345-7}\n";
static const char table[] = "mapping: table\nsource: s\nsubject: p\n"
                            "time: {column: t, format: iso}\n"
                            "columns: {g: {observable: glucose, unit: mg/dL}}\n";

static gm_ctx *ctx;
static gm_definition *definition;
static gm_fhir_rules *rules;
static char folder[300];

/* A gigabyte of x between a head and a tail. */
typedef struct {
  const char *head, *tail;
} text;

/* What a reader said, in memory that its process shares. */
typedef struct {
  gm_status status;
  char message[1024];
  int64_t entries, taken, refused, errors;
} told;
typedef void reader(told *t, const char *path);

/* ---- the text -------------------------------------------------------------------------------- */
static bool all_write(int to, const char *data, size_t bytes)
{
  for (size_t done = 0; done < bytes;) {
    ssize_t n = write(to, data + done, bytes - done);
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

/* False: whoever reads had enough, or there is no more room. */
static bool middle_write(int to)
{
  static char piece[PIECE];
  bool good = true;
  memset(piece, 'x', PIECE);
  for (int i = 0; good && i < PIECES; i++) good = all_write(to, piece, PIECE);
  return good;
}

static bool text_write(int to, const text *x)
{
  return all_write(to, x->head, strlen(x->head)) && middle_write(to) &&
         all_write(to, x->tail, strlen(x->tail));
}

/* ---- a process that reads -------------------------------------------------------------------- */
static pid_t start(told *t, reader *read_it, int from)
{
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", from);
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid) return pid;
  read_it(t, path);
  _exit(0);
}

/* The most that the process held, in MiB. */
static double finish(pid_t pid)
{
  struct rusage used;
  int status = 0;
  assert_int_equal(pid, wait4(pid, &status, 0, &used));
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return (double)used.ru_maxrss / 1024;
}

static const told *look(const char *what, const told *t, double most_mib, double room_mib)
{
  printf("%-28s at most %3.0f MiB: %s%s%s\n", what, most_mib, gm_status_name(t->status),
         t->message[0] ? ": " : "", t->message);
  assert_true(most_mib < room_mib);
  assert_null(strstr(t->message, "xxxx"));
  return t;
}

static told *shared(void)
{
  static told *t;
  if (!t) t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(t != MAP_FAILED);
  memset(t, 0, sizeof *t);
  return t;
}

/* The text goes through a pipe, and is nowhere. */
static const told *piped(const char *what, reader *read_it, const text *x)
{
  int end[2];
  told *t = shared();
  assert_int_equal(0, pipe(end));
  fcntl(end[1], F_SETFD, FD_CLOEXEC);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (!pid) { /* who writes */
    close(end[0]);
    text_write(end[1], x);
    _exit(0);
  }
  close(end[1]);
  pid_t reading = start(t, read_it, end[0]);
  close(end[0]);
  double most_mib = finish(reading);
  waitpid(pid, NULL, 0);
  return look(what, t, most_mib, TABLE_MIB);
}

/* For a reader that reads twice: a file that lies in memory alone, of nobody. Its middle is written
 * once; blanks fill up what is before the head. */
static const told *filed(const char *what, reader *read_it, const text *x, double room_mib)
{
  static int f = -1;
  char first[HEAD];
  told *t = shared();
  memset(first, ' ', HEAD);
  memcpy(first + HEAD - strlen(x->head), x->head, strlen(x->head));
  if (f < 0) {
    f = memfd_create("huge", MFD_CLOEXEC);
    if (f < 0 || !all_write(f, first, HEAD) || !middle_write(f))
      fail_msg("%s: no gigabyte of memory to put it in", what);
  }
  off_t behind = HEAD + (off_t)PIECE * PIECES;
  assert_int_equal(HEAD, pwrite(f, first, HEAD, 0));
  assert_int_equal(0, ftruncate(f, behind));
  assert_int_equal(strlen(x->tail), pwrite(f, x->tail, strlen(x->tail), behind));
  return look(what, t, finish(start(t, read_it, f)), room_mib);
}

/* ---- readers --------------------------------------------------------------------------------- */
static void said(told *t, const char *what) { snprintf(t->message, sizeof t->message, "%s", what); }

static void fhir_read(told *t, const char *path, bool lines)
{
  gm_fhir_totals totals;
  const gm_fhir_options o = {.definition = definition, .lines = lines};
  t->status = gm_fhir_read_file(ctx, path, &o, &totals);
  t->entries = totals.entries;
  t->refused = totals.refused;
  said(t, t->status ? gm_message(ctx) : "");
}

static void bundle_read(told *t, const char *path) { fhir_read(t, path, false); }
static void lines_read(told *t, const char *path) { fhir_read(t, path, true); }

static void check_read(told *t, const char *path)
{
  gm_fhir_report *r = NULL;
  t->status = gm_fhir_check_file(ctx, rules, NULL, path, &r);
  said(t, t->status ? gm_message(ctx) : r->issue_count ? r->issue[0].reason : "");
  if (t->status) return;
  t->errors = r->errors;
  gm_fhir_report_free(r);
}

static void table_read(told *t, const char *path)
{
  gm_mapping *m = NULL;
  gm_mapping_totals totals = {0};
  t->status = gm_mapping_parse(ctx, "m.yaml", table, strlen(table), definition, &m);
  if (!t->status) t->status = gm_mapping_facts(ctx, m, path, NULL, NULL, NULL, &totals);
  t->taken = totals.taken;
  said(t, t->status ? gm_message(ctx) : "");
  gm_mapping_free(m);
}

/* ---- claims ---------------------------------------------------------------------------------- */
#define ENTRY   "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":"
#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"a\"}"

/* Of a Bundle the whole is refused, at its line; of lines that line alone. */
static void huge__of_the_reader(void **state)
{
  (void)state;
  static const text value = {ENTRY "{\"resourceType\":\"Patient\",\"id\":\"", "\"}}]}"};
  static const text name = {ENTRY "{\"resourceType\":\"Patient\",\"", "\":1}}]}"};
  static const text line = {PATIENT "\n{\"resourceType\":\"Patient\",\"id\":\"",
                            "\"}\n" PATIENT "\n"};
  const text *of_bundle[] = {&value, &name};
  for (int i = 0; i < 2; i++) {
    const told *t =
        filed(i ? "a Bundle's name" : "a Bundle's text", bundle_read, of_bundle[i], READER_MIB);
    assert_int_equal(GM_ERANGE, t->status);
    assert_int_equal(0, t->entries);
    assert_non_null(strstr(t->message, ":1:"));
  }
  const told *t = filed("a line's text", lines_read, &line, READER_MIB);
  assert_int_equal(GM_OK, t->status);
  assert_int_equal(3, t->entries);
  assert_int_equal(1, t->refused);
}

/* What is wrong is an issue of the report. */
static void huge__of_the_checker(void **state)
{
  (void)state;
  static const text value = {"{\"resourceType\":\"Patient\",\"id\":\"", "\"}"};
  static const text name = {"{\"resourceType\":\"Patient\",\"", "\":1}"};
  static const text entry = {ENTRY "{\"resourceType\":\"Patient\",\"id\":\"", "\"}}]}"};
  static const struct {
    const char *what;
    const text *text;
  } of[] = {
      {"a checked text", &value}, {"a checked name", &name}, {"a checked Bundle's text", &entry}};
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
    const told *t = filed(of[i].what, check_read, of[i].text, CHECKER_MIB);
    assert_int_equal(GM_OK, t->status);
    assert_true(t->errors > 0);
    assert_true(t->message[0]);
  }
}

/* The row before it was told; the error names the line and the limit. */
static void huge__of_the_table(void **state)
{
  (void)state;
  static const text cell = {"p,t,g\na,2024-05-01T00:00:00Z,100\na,2024-05-01T00:05:00Z,",
                            "\na,2024-05-01T00:10:00Z,100\n"};
  const told *t = piped("a cell", table_read, &cell);
  assert_int_equal(GM_ERANGE, t->status);
  assert_int_equal(1, t->taken);
  assert_non_null(strstr(t->message, ":3:"));
  assert_non_null(strstr(t->message, "1048576 bytes"));
}

static void file_write(const char *name, const char *data)
{
  char path[340];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (gm_file_write(ctx, path, data, strlen(data))) fail_msg("%s", gm_message(ctx));
}

static int begin(void **state)
{
  (void)state;
  char path[340];
  const char *where = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/gemel-huge-XXXXXX", where && where[0] ? where : "/tmp");
  if (!mkdtemp(folder) || gm_ctx_new(NULL, &ctx)) return -1;
  file_write("model.ant", model);
  file_write("twin.yaml", twin);
  snprintf(path, sizeof path, "%s/twin.yaml", folder);
  gm_status st = gm_definition_read(ctx, path, &definition);
  if (!st) st = gm_fhir_rules_new(ctx, &rules);
  if (st) fprintf(stderr, "%s\n", gm_message(ctx));
  signal(SIGPIPE, SIG_IGN); /* a reader that had enough ends the pipe */
  return st ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  static const char *const file[] = {"model.ant", "twin.yaml"};
  char path[340];
  gm_fhir_rules_free(rules);
  gm_definition_free(definition);
  gm_ctx_free(ctx);
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, file[i]);
    unlink(path);
  }
  return rmdir(folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(huge__of_the_reader),
                                     cmocka_unit_test(huge__of_the_checker),
                                     cmocka_unit_test(huge__of_the_table)};
  return cmocka_run_group_tests_name("huge", tests, begin, end);
}
