/* test_records_text.c - the text beneath a data file: lines, cells, numbers, limits.
 * label: quick */
#include "gemel/records.h"
#include "interop/records_number.h"
#include "interop/records_reader.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* An allocator that knows how much it has given at most. */
typedef struct {
  size_t now, peak;
} meter;

static void *meter_alloc(void *user, size_t bytes)
{
  meter *m = user;
  char *p = malloc(bytes + 16);
  if (!p) return NULL;
  memcpy(p, &bytes, sizeof bytes);
  m->now += bytes;
  if (m->now > m->peak) m->peak = m->now;
  return p + 16;
}

static void meter_free(void *user, void *p)
{
  meter *m = user;
  if (!p) return;
  size_t bytes;
  memcpy(&bytes, (char *)p - 16, sizeof bytes);
  m->now -= bytes;
  free((char *)p - 16);
}

static meter used;
static gm_ctx *ctx;

static int setup(void **state)
{
  (void)state;
  used = (meter){0};
  gm_ctx_options options = {.allocator = {meter_alloc, meter_free, &used}};
  return gm_ctx_new(&options, &ctx) != GM_OK;
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  assert_true(used.now == 0);
  return 0;
}

static gm_status parse_bytes(const char *text, size_t bytes, gm_records **r)
{
  gm_message_clear(ctx);
  return gm_records_parse(ctx, "t.csv", text, bytes, r);
}

static void refuse_bytes(const char *text, size_t bytes, const char *where, const char *what)
{
  gm_records *r = NULL;
  gm_status s = parse_bytes(text, bytes, &r);
  const char *m = gm_message(ctx);
  assert_int_equal(s, GM_EPARSE);
  assert_null(r);
  if (strncmp(m, where, strlen(where)) != 0) fail_msg("\"%s\" does not begin with %s", m, where);
  if (!strstr(m, what)) fail_msg("\"%s\" does not say \"%s\"", m, what);
}

static void refuse(const char *text, const char *where, const char *what)
{
  refuse_bytes(text, strlen(text), where, what);
}

/* ---- numbers ------------------------------------------------------------------------------- */

static double number(const char *cell)
{
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  assert_true(c != (locale_t)0);
  double v = -77;
  const char *wrong = gm__cell_number(cell, c, &v);
  freelocale(c);
  if (wrong) fail_msg("\"%s\" %s", cell, wrong);
  return v;
}

/* Decimal texts come out as the nearest double: known hard cases, as hexadecimal by hand. */
static void number__nearest(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    double value;
  } list[] = {
      {"0", 0},
      {"1.", 1},
      {".5", 0.5},
      {"+2.5e+2", 250},
      {"-3E-1", -0x1.3333333333333p-2},
      {"0.1", 0x1.999999999999ap-4},
      {"000000000000000000000012", 12},
      {"9007199254740993", 0x1p53},                              /* half way: to even */
      {"9007199254740993.00000000000001", 0x1.0000000000001p53}, /* just above half way */
      {"9007199254740995", 0x1.0000000000002p53},
      {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
      {"2.2250738585072014e-308", 0x1p-1022},
      {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
      {"4.9406564584124654e-324", 0x1p-1074},
      {"2.4703282292062327e-324", 0}, /* below half of the least */
      {"123456789012345678901234567890e-29", 0x1.3c0ca428c59fbp0},
  };
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    double v = number(list[i].text);
    if (v != list[i].value)
      fail_msg("%s came out as %a, %a was expected", list[i].text, v, list[i].value);
  }
}

/* Seventeen digits bring every double back to itself (IEEE 754-2019, 5.12.2). */
static void number__round_trip(void **state)
{
  (void)state;
  uint64_t x = 1;
  for (int i = 0; i < 20000; i++) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t bits = x ^ (x >> 29);
    double v, w;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v)) continue;
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    w = number(text);
    if (memcmp(&v, &w, sizeof v) != 0) fail_msg("%s came out as %a", text, w);
  }
}

/* What strtod would take, or half take, but a data file must not hold. */
static void number__refused(void **state)
{
  (void)state;
  static const struct {
    const char *text, *what;
  } list[] = {
      {"nan", "not finite"},     {"NaN", "not finite"},       {"-nan(1)", "not finite"},
      {"inf", "not finite"},     {"-Infinity", "not finite"}, {"0x10", "hexadecimal"},
      {"-0X1p3", "hexadecimal"}, {"1e999", "too large"},      {"-1e999", "too large"},
      {"1,5", "decimal comma"},  {"1.5,2", "decimal comma"},  {"1e", "not a number"},
      {"1e+", "not a number"},   {"e5", "not a number"},      {"+", "not a number"},
      {"-.", "not a number"},    {"1.2.3", "not a number"},   {"1 2", "not a number"},
      {"1_000", "not a number"}, {"12h", "not a number"},     {"--1", "not a number"},
      {"1d3", "not a number"},   {"10:30", "time of day"},    {"2020-01-01", "date"},
      {"1/2/2020", "date"},      {">5", "limit as text"},     {"abc", "not a number"},
  };
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    double v = -77;
    const char *wrong = gm__cell_number(list[i].text, c, &v);
    if (!wrong) fail_msg("\"%s\" came out as %g", list[i].text, v);
    if (!strstr(wrong, list[i].what)) fail_msg("\"%s\" %s", list[i].text, wrong);
    assert_true(v == -77 && strstr(wrong, "expected"));
  }
  freelocale(c);
  refuse("ID;TIME;DV\n1;0;2,5\n", "t.csv:2:DV: ", "decimal comma");
  refuse("ID,TIME,DV\n1,0,\"2,5\"\n", "t.csv:2:DV: ", "decimal comma");
  refuse("ID,TIME,DV\n1,0,2,5\n", "t.csv:2: ", "decimal comma?");
}

/* A locale with a decimal comma changes nothing, and is not changed. */
static void number__any_locale(void **state)
{
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
  char before[64];
  snprintf(before, sizeof before, "%s", setlocale(LC_ALL, NULL));
  const char *found = NULL;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++)
    found = setlocale(LC_ALL, names[i]);
  if (!found) {
    fprintf(stderr, "SKIPPED 1 check: no locale with a decimal comma is installed\n");
    return;
  }
  assert_int_equal(localeconv()->decimal_point[0], ',');
  gm_records *r = NULL;
  const char *text = "ID,TIME,DV\n1,0.5,2.25\n";
  gm_status s = parse_bytes(text, strlen(text), &r);
  int point = localeconv()->decimal_point[0];
  setlocale(LC_ALL, before);
  assert_int_equal(s, GM_OK);
  assert_int_equal(point, ',');
  assert_true(r->record[0].time == 0.5 && r->record[0].value == 2.25);
  gm_records_free(r);
}

/* ---- lines and cells ----------------------------------------------------------------------- */

/* Quotes hold separators, quotes and blanks; without them blanks at the ends go. */
static void cell__quotes(void **state)
{
  (void)state;
  const char *text = "ID,TIME,DV,A,B,C1,D\n"
                     "1,0,\"5\",\"x, \"\"y\"\"\",  two words ,\" kept \",5\"\n"
                     "\"1\" ,1,6,\"\",\"NA\",\".\",\xC3\xA4\n";
  gm_records *r = NULL;
  assert_int_equal(parse_bytes(text, strlen(text), &r), GM_OK);
  assert_string_equal(r->cell[0], "x, \"y\"");
  assert_string_equal(r->cell[1], "two words");
  assert_string_equal(r->cell[2], " kept ");
  assert_string_equal(r->cell[3], "5\"");
  assert_string_equal(r->cell[4], "");
  assert_string_equal(r->cell[5], "");
  assert_string_equal(r->cell[6], "");
  assert_string_equal(r->cell[7], "\xC3\xA4");
  assert_int_equal(r->subject_count, 1);
  gm_records_free(r);
  refuse("ID,TIME,DV\n1,0,\"5\n", "t.csv:2: ", "not closed");
  refuse("ID,TIME,DV\n1,0,\"5\"x\n", "t.csv:2: ", "closing quote");
}

/* Every row has as many cells as the header; the message has both numbers. */
static void cell__count(void **state)
{
  (void)state;
  refuse("ID,TIME,DV,WT\n1,0,5\n", "t.csv:2: ", "3 cells, 4 as");
  refuse("ID;TIME;DV\n1;0;5;6;7\n", "t.csv:2: ", "5 cells, 3 as");
}

/* What is no text is refused with the line: NUL, control bytes, lone CR, other encodings. */
static void line__not_text(void **state)
{
  (void)state;
  static const char nul[] = "ID,TIME,DV\n1,0,\0005\n";
  refuse_bytes(nul, sizeof nul - 1, "t.csv:2: ", "control byte (0x00)");
  refuse("ID,TIME,DV\n1,0,\0335\n", "t.csv:2: ", "control byte (0x1b)");
  refuse("ID,TIME,DV\r1,0,5\r", "t.csv:1: ", "carriage return");
  static const char utf16[] = "\xFF\xFEI\0D\0,\0T\0";
  refuse_bytes(utf16, sizeof utf16 - 1, "t.csv:1: ", "UTF-16");
  static const char *const bad[] = {"\xE4",
                                    "\xC3",
                                    "\xC0\x80",
                                    "\xE0\x9F\xBF",
                                    "\xED\xA0\x80",
                                    "\xF0\x8F\xBF\xBF",
                                    "\xF4\x90\x80\x80",
                                    "\x80",
                                    "\xF8\x88\x80\x80\x80",
                                    "\xF5\x80\x80\x80"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[64];
    snprintf(text, sizeof text, "ID,TIME,DV,S\n1,0,5,%s\n", bad[i]);
    refuse(text, "t.csv:2: ", "byte 7 (");
  }
  static const char *const good[] = {"\xC2\x80",     "\xE0\xA0\x80",     "\xED\x9F\xBF",
                                     "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    char text[64];
    snprintf(text, sizeof text, "ID,TIME,DV,S\n1,0,5,%s\n", good[i]);
    gm_records *r = NULL;
    assert_int_equal(parse_bytes(text, strlen(text), &r), GM_OK);
    assert_string_equal(r->cell[0], good[i]);
    gm_records_free(r);
  }
}

/* A message shows at most the beginning of a cell, in whole characters. */
static void line__messages_are_short(void **state)
{
  (void)state;
  char text[4096];
  snprintf(text, sizeof text, "ID,TIME,DV\n1,0,%s%0*d\n", "abcdefghijklmnopqrstuvwxyz01\xC3\xA4",
           3000, 0);
  refuse(text, "t.csv:2:DV: ", "\"abcdefghijklmnopqrstuvwxyz01...\"");
  assert_true(strlen(gm_message(ctx)) < 200);
  refuse("ID,TIME,DV\n1,0,abcdefghijklmnopqrstuvwxyz012345\n",
         "t.csv:2:DV: ", "\"abcdefghijklmnopqrstuvwxyz012345\"");
  refuse("ID,TIME,DV\n1,0,abcdefghijklmnopqrstuvwxyz0123456\n",
         "t.csv:2:DV: ", "\"abcdefghijklmnopqrstuvwxyz012...\"");
}

/* ---- files and limits ---------------------------------------------------------------------- */

static const char *file_make(const char *text, size_t bytes)
{
  static char path[40];
  snprintf(path, sizeof path, "test_records_text.XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, bytes), (ssize_t)bytes);
  assert_int_equal(close(fd), 0);
  return path;
}

/* A file and the same text in memory give the same table, also where lines lie across the edge of
 * the window that moves over the file. */
static void file__same_as_memory(void **state)
{
  (void)state;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "ID,TIME,DV,NOTE\r\n");
  for (int i = 0; i < 4000; i++) gm_text_addf(&t, "1,%d,%d.25,%0*d\r\n", i, i, 1 + i % 97, i);
  assert_int_equal(t.status, GM_OK);
  gm_records *a = NULL, *b = NULL;
  const char *path = file_make(t.data, t.bytes);
  assert_int_equal(parse_bytes(t.data, t.bytes, &a), GM_OK);
  assert_int_equal(gm_records_read(ctx, path, &b), GM_OK);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(a->record_count, 4000);
  assert_int_equal(b->record_count, 4000);
  assert_string_equal(b->path, path);
  for (int i = 0; i < 4000; i++) {
    assert_true(a->record[i].value == i + 0.25 && b->record[i].value == i + 0.25);
    assert_int_equal(b->record[i].line, i + 2);
    assert_string_equal(a->cell[i], b->cell[i]);
  }
  gm_records_free(a);
  gm_records_free(b);
  gm_text_free(&t);
}

/* A file that is not there, and a folder, give GM_EIO with the path. */
static void file__not_readable(void **state)
{
  (void)state;
  gm_records *r = NULL;
  assert_int_equal(gm_records_read(ctx, "no/such/file.csv", &r), GM_EIO);
  assert_non_null(strstr(gm_message(ctx), "no/such/file.csv"));
  assert_int_equal(gm_records_read(ctx, ".", &r), GM_EIO);
  assert_non_null(strstr(gm_message(ctx), "folder"));
  assert_null(r);
}

static gm_status read_within(const char *text, size_t line_max, size_t file_max, gm_records **r)
{
  gm__records_limits l = {.line_bytes_max = line_max, .file_bytes_max = file_max};
  const char *path = file_make(text, strlen(text));
  gm_records *a = NULL;
  gm_status s = gm__records_read_within(ctx, path, NULL, 0, l, &a);
  gm_status m = gm__records_read_within(ctx, "t.csv", text, strlen(text), l, r);
  assert_int_equal(s, m); /* file and memory keep the same limits */
  gm_records_free(a);
  assert_int_equal(unlink(path), 0);
  return m;
}

/* A line and a file of just the limit are read, one byte more is refused; line end and byte order
 * mark do not count for the line. The usual limits are 1 MiB and 1 GiB. */
static void limit__exact(void **state)
{
  (void)state;
  assert_true(gm__records_limits_usual().line_bytes_max == 1048576);
  assert_true(gm__records_limits_usual().file_bytes_max == 1073741824);
  static const char *const text[] = {"ID,TIME,DV\n1,0,123456789\n",
                                     "\xEF\xBB\xBFID,TIME,DV,S\r\n1,0,1,234567\r\n"};
  for (int i = 0; i < 2; i++) {
    size_t longest = i ? 12 : 13, total = strlen(text[i]);
    gm_records *r = NULL;
    assert_int_equal(read_within(text[i], longest, total, &r), GM_OK);
    gm_records_free(r);
    assert_int_equal(read_within(text[i], longest - 1, total, &r), GM_ERANGE);
    assert_non_null(strstr(gm_message(ctx), "t.csv:"));
    assert_int_equal(read_within(text[i], longest, total - 1, &r), GM_ERANGE);
    assert_non_null(strstr(gm_message(ctx), "bytes"));
  }
}

/* More columns than 4,096 are refused, 4,096 are read. */
static void limit__columns(void **state)
{
  (void)state;
  for (int n = 4096; n <= 4097; n++) {
    gm_text t;
    gm_text_init(&t, ctx);
    gm_text_add(&t, "ID,TIME,DV");
    for (int i = 3; i < n; i++) gm_text_addf(&t, ",X%d", i);
    gm_text_add(&t, "\n1,0,5");
    for (int i = 3; i < n; i++) gm_text_addf(&t, ",%d", i);
    gm_records *r = NULL;
    gm_status s = parse_bytes(t.data, t.bytes, &r);
    if (n == 4096) {
      assert_int_equal(s, GM_OK);
      assert_int_equal(r->covariate_count, 4093);
      assert_string_equal(r->cell[4092], "4095");
      gm_records_free(r);
    } else {
      assert_int_equal(s, GM_ERANGE);
      assert_non_null(strstr(gm_message(ctx), "4097 columns"));
    }
    gm_text_free(&t);
  }
}

/* Writes `begin`, and then x without end, to a pipe until its reader goes away. */
static pid_t endless(const char *path, const char *begin)
{
  pid_t child = fork();
  if (child != 0) return child;
  signal(SIGPIPE, SIG_DFL);
  FILE *f = fopen(path, "wb");
  if (!f) _exit(1);
  static char x[65536];
  memset(x, 'x', sizeof x);
  fputs(begin, f);
  for (int64_t i = 0; i < 16384; i++) /* 1 GiB */
    if (fwrite(x, 1, sizeof x, f) != sizeof x) break;
  _exit(0);
}

/* A gigabyte without a line end stops with a message, with no more memory than a few lines' worth:
 * as the header, as a row, and behind a # . */
static void limit__endless_line(void **state)
{
  (void)state;
  static const char *const begin[] = {"", "ID,TIME,DV\n1,0,", "ID,TIME,DV\n#"};
  for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++) {
    char folder[] = "test_records_text.XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = endless(path, begin[i]);
    assert_true(child > 0);
    used.peak = used.now;
    gm_records *r = NULL;
    gm_status s = gm_records_read(ctx, path, &r);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    rmdir(folder);
    assert_int_equal(s, GM_ERANGE);
    assert_non_null(strstr(gm_message(ctx), i ? "pipe:2: the line is longer" : "pipe:1: the line"));
    assert_true(used.peak < 4 * 1048576);
  }
}

/* Covariates that stay the same cost one text, and a pointer each: a table of 100,000 equal rows
 * takes its records and pointers, the spare room of arrays that grow by half, and little else. */
static void limit__memory_of_equal_cells(void **state)
{
  (void)state;
  enum { ROWS = 100000 };
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "ID,TIME,DV,SEX,NOTE\n");
  for (int i = 0; i < ROWS; i++)
    gm_text_add(&t, "1,0,5,female,a note that stays the same in all of the rows of this table\n");
  size_t text = used.now;
  used.peak = text;
  gm_records *r = NULL;
  assert_int_equal(parse_bytes(t.data, t.bytes, &r), GM_OK);
  assert_int_equal(r->record_count, ROWS);
  assert_ptr_equal(r->cell[1], r->cell[2 * ROWS - 1]);
  size_t row = sizeof(gm_record) + 2 * sizeof(char *);
  assert_true(used.now - text < ROWS * row * 16 / 10 + 65536);
  gm_records_free(r);
  gm_text_free(&t);
}

/* Files are made where they do not matter. */
static int work_elsewhere(void **state)
{
  (void)state;
  const char *temporary = getenv("TMPDIR");
  return chdir(temporary ? temporary : "/tmp");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(number__nearest),      CASE(number__round_trip),
      CASE(number__refused),      CASE(number__any_locale),
      CASE(cell__quotes),         CASE(cell__count),
      CASE(line__not_text),       CASE(line__messages_are_short),
      CASE(file__same_as_memory), CASE(file__not_readable),
      CASE(limit__exact),         CASE(limit__columns),
      CASE(limit__endless_line),  CASE(limit__memory_of_equal_cells),
  };
  return cmocka_run_group_tests(tests, work_elsewhere, NULL);
}
