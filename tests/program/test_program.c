/* test_program.c - a command of verbs: words, options, numbers, messages, codes, and which files it
 * refuses to write.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/program.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 4096 };
static char folder[300], said[ROOM], printed[ROOM];

/* What the verb saw. */
static struct {
  int32_t runs, arguments, names;
  char first[200], name[2][40];
  double number;
  int64_t whole;
  uint64_t seed;
  bool json, flag;
} saw;

static int work(gm_program *p)
{
  saw.runs++;
  saw.arguments = p->argument_count;
  if (p->argument_count) snprintf(saw.first, sizeof saw.first, "%s", p->argument[0]);
  assert_null(p->argument[p->argument_count]);
  for (; saw.names < 2 && gm_program_value_at(p, "name", saw.names); saw.names++)
    snprintf(saw.name[saw.names], sizeof saw.name[0], "%s",
             gm_program_value_at(p, "name", saw.names));
  int code = gm_program_number(p, "number", -2, 2, 0.5, &saw.number);
  if (!code) code = gm_program_whole(p, "whole", 1, 10, 4, &saw.whole);
  if (code) return code;
  saw.json = p->json;
  saw.flag = gm_program_has(p, "flag");
  saw.seed = p->seed;
  gm_text_add(&p->out, "a result\n");
  const char *out = gm_program_value(p, "out");
  gm_status s = out ? gm_program_write(p->ctx, out, &p->out) : GM_OK;
  return s ? gm_program_fail(p, s) : GM_PROGRAM_DONE;
}

static int no(gm_program *p)
{
  gm_text_add(&p->out, "it says no\n");
  return GM_PROGRAM_NO;
}

static const gm_option options[] = {{"number", "X", "a number", 0},
                                    {"whole", "N", "a whole one", 0},
                                    {"name", "NAME", "a name", GM_OPTION_MANY},
                                    {"flag", NULL, "a flag", 0},
                                    {"a-name-longer-than", "COLUMN",
                                     "its text begins below, where the texts of the others begin; "
                                     "a long one goes on there too, word by word",
                                     0},
                                    {"map", "FILE", "is read", GM_OPTION_READ},
                                    {"out", "FILE", "is written", GM_OPTION_WRITTEN},
                                    {"picture", "FILE", "is written", GM_OPTION_WRITTEN},
                                    {NULL, NULL, NULL, 0}};
enum { OPTIONS = sizeof options / sizeof options[0] };
static const gm_option general[] = {{"json", NULL, "as JSON", 0},
                                    {"seed", "N", "of draws", 0},
                                    {"help", NULL, "this text", 0},
                                    {NULL, NULL, NULL, 0}};
static const gm_verb work_verb = {.name = "work",
                                  .summary = "does it",
                                  .use = "FILE...",
                                  .details = "",
                                  .option = options,
                                  .argument_count = 1,
                                  .argument_flags = GM_OPTION_READ,
                                  .argument_more = 2,
                                  .run = work},
                     two_words = {.name = "thing show",
                                  .summary = "shows it",
                                  .use = "",
                                  .details = "",
                                  .option = options + OPTIONS - 1,
                                  .run = no},
                     bare = {.name = "bare",
                             .summary = "has no options",
                             .use = "",
                             .details = "",
                             .run = no};
static const gm_verb *const verbs[] = {&work_verb, &two_words, NULL};
static const gm_program_about about = {
    .name = "tool x", .about = "tool x - a test", .verb = verbs, .general = general};
static const gm_verb *const bare_verbs[] = {&bare, NULL};
static const gm_program_about bare_about = {
    .name = "tool x", .about = "tool x - without options", .verb = bare_verbs};

/* ---- calling --------------------------------------------------------------------------------- */
static const char *file(const char *name)
{
  static char path[4][400];
  static int32_t next;
  next = (next + 1) % 4;
  snprintf(path[next], sizeof path[0], "%s/%s", folder, name);
  return path[next];
}

static void taken(const char *name, char *to)
{
  FILE *f = fopen(file(name), "rb");
  assert_non_null(f);
  to[fread(to, 1, ROOM - 1, f)] = 0;
  fclose(f);
}

static int turned(FILE *stream, const char *name)
{
  fflush(stream);
  int old = dup(fileno(stream));
  assert_non_null(freopen(file(name), "wb", stream));
  return old;
}

static void back(FILE *stream, int old)
{
  fflush(stream);
  dup2(old, fileno(stream));
  close(old);
}

/* Words parted by blanks; @ is the folder. Returns the code; what was printed is in said, printed.
 */
static int call_of(const gm_program_about *program, const char *line)
{
  static char word[16][400];
  char *argv[20] = {(char *)(uintptr_t) "x"};
  int argc = 1;
  for (const char *at = line; *at && argc < 16; argc++) {
    size_t n = strcspn(at, " ");
    snprintf(word[argc], sizeof word[0], "%s%.*s", *at == '@' ? folder : "",
             (int)(n - (*at == '@')), at + (*at == '@'));
    argv[argc] = word[argc];
    at += n + (at[n] == ' ');
  }
  memset(&saw, 0, sizeof saw);
  int out = turned(stdout, "stdout"), err = turned(stderr, "stderr");
  int code = gm_program_main(program, argc, argv);
  back(stdout, out);
  back(stderr, err);
  taken("stdout", printed);
  taken("stderr", said);
  return code;
}

static int call(const char *line) { return call_of(&about, line); }

static void refuses(const char *line, const char *why)
{
  int code = call(line);
  if (code != GM_PROGRAM_BAD || !strstr(said, why) || saw.runs)
    fail_msg("%s: code %d, \"%s\", expected 2 and \"%s\"", line, code, said, why);
  assert_string_equal(printed, "");
  assert_true(!strncmp(said, "tool x: ", 8));
}

static void put(const char *name, const char *text, size_t bytes)
{
  FILE *f = fopen(file(name), "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, bytes, f), bytes);
  fclose(f);
}

static int begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/gemel-program-XXXXXX", where && where[0] ? where : "/tmp");
  return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
  (void)state;
  static const char *const made[] = {"stdout", "stderr", "in",   "map",   "out",
                                     "store",  "key",    "keys", "n/e/w", "link"};
  for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) unlink(file(made[i]));
  rmdir(file("n/e"));
  rmdir(file("n"));
  return rmdir(folder);
}

/* ---- words and options ----------------------------------------------------------------------- */
/* Values behind a blank or =, repeated ones in order, flags, arguments in between, -- for what
 * begins with a dash; what is not given has its standard. */
static void options__are_read(void **state)
{
  (void)state;
  assert_int_equal(call("work a --number=-1.25 b --whole 7 --name x --flag --name=y --json -- --c"),
                   GM_PROGRAM_DONE);
  assert_string_equal(printed, "a result\n");
  assert_string_equal(said, "");
  assert_int_equal(saw.arguments, 3);
  assert_string_equal(saw.first, "a");
  assert_true(saw.number == -1.25);
  assert_int_equal(saw.whole, 7);
  assert_int_equal(saw.names, 2);
  assert_string_equal(saw.name[0], "x");
  assert_string_equal(saw.name[1], "y");
  assert_true(saw.flag && saw.json);
  assert_int_equal(saw.seed, 1);
  assert_int_equal(call("work a --seed 12"), GM_PROGRAM_DONE);
  assert_true(saw.number == 0.5 && saw.whole == 4 && saw.seed == 12 && !saw.flag && !saw.json);
}

/* What is wrong with an option is said before the verb does anything, with the nearest name. */
static void options__refusals_name_the_cause(void **state)
{
  (void)state;
  refuses("work a --nmber 1", "unknown option --nmber; is it --number?; see tool x work --help");
  refuses("work a --zzzzzzzz 1", "unknown option --zzzzzzzz; see tool x work --help");
  refuses("work a --number", "--number: a value is expected: --number X");
  refuses("work a --flag=1", "--flag takes no value");
  refuses("work a --whole 2 --whole 3", "--whole is given twice");
  refuses("work a --seed 1.5", "--seed 1.5: a whole number from 0 to ");
  refuses("work", "an argument is missing; use: tool x work FILE...");
  refuses("work a b c d", "\"d\" is one argument too many");
  refuses("wrk a", "unknown verb \"wrk\"; is it work?; see tool x --help");
}

/* A number must be one, whole and within bounds; the verb that asks for it gets code 2. */
static void numbers__have_bounds(void **state)
{
  (void)state;
  static const char *const wrong[] = {"--number 2.001", "--number x",    "--number 1x",
                                      "--number nan",   "--number -2.1", "--whole 2.5",
                                      "--whole 0",      "--whole 11"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    char line[80];
    snprintf(line, sizeof line, "work a %s", wrong[i]);
    assert_int_equal(call(line), GM_PROGRAM_BAD);
    assert_non_null(strstr(said, "is expected"));
    assert_string_equal(printed, "");
  }
  assert_int_equal(call("work a --number 1e-1 --whole 1e1"), GM_PROGRAM_DONE);
  assert_true(saw.number == 0.1 && saw.whole == 10);
}

/* Help of all, of a verb, of a family of verbs of two words; a result that says no is printed. */
static void words__find_their_verb(void **state)
{
  (void)state;
  assert_int_equal(call("--help"), GM_PROGRAM_DONE);
  assert_non_null(strstr(printed, "tool x - a test"));
  assert_non_null(strstr(printed, "thing show"));
  assert_int_equal(call("help work"), GM_PROGRAM_DONE);
  assert_non_null(strstr(printed, "Use: tool x work FILE..."));
  assert_non_null(strstr(printed, "--name NAME          a name; may be repeated"));
  assert_int_equal(call("work --help"), GM_PROGRAM_DONE);
  assert_int_equal(saw.runs, 0);
  assert_int_equal(call("thing"), GM_PROGRAM_DONE);
  assert_non_null(strstr(printed, "tool x thing - verbs:"));
  assert_int_equal(call("thing show"), GM_PROGRAM_NO);
  assert_string_equal(printed, "it says no\n");
  assert_int_equal(call(""), GM_PROGRAM_BAD);
  assert_non_null(strstr(said, "Verbs:"));
}

/* A line of help has 100 columns at most, and the text of every option begins at one column. */
static void help__keeps_its_columns(void **state)
{
  (void)state;
  assert_int_equal(call("work --help"), GM_PROGRAM_DONE);
  for (const char *s = printed; *s; s += strcspn(s, "\n") + 1) assert_true(strcspn(s, "\n") <= 100);
  assert_non_null(strstr(printed, "\n  --flag               a flag\n"));
  assert_non_null(strstr(printed, "\n  --a-name-longer-than COLUMN\n"
                                  "                       its text begins below, where the "));
  assert_non_null(
      strstr(printed, "a long one goes\n                       on there too, word by word\n"));
}

/* A program without options, and verbs without any, are used all the same; -h is no option then. */
static void options__may_be_none(void **state)
{
  (void)state;
  assert_int_equal(call_of(&bare_about, "bare"), GM_PROGRAM_NO);
  assert_string_equal(printed, "it says no\n");
  assert_int_equal(call_of(&bare_about, "bare -h"), GM_PROGRAM_BAD);
  assert_non_null(strstr(said, "unknown option -h"));
  assert_int_equal(call_of(&bare_about, "bare --x"), GM_PROGRAM_BAD);
  assert_non_null(strstr(said, "unknown option --x"));
  assert_int_equal(call_of(&bare_about, "help bare"), GM_PROGRAM_DONE);
  assert_non_null(strstr(printed, "has no options"));
  assert_int_equal(call("work -h"), GM_PROGRAM_DONE);
  assert_non_null(strstr(printed, "Use: tool x work"));
}

/* What could steer a terminal is not printed: escape, delete, the control characters behind U+007F
 * and bytes that are no UTF-8; letters of all alphabets are. */
static void messages__do_not_steer_the_terminal(void **state)
{
  (void)state;
  assert_int_equal(call("wrk\x1b[2J\x7f\xc2\x9b\x9b\xff.\xc2\xb1\xc3\xa9\xe2\x82\xac"),
                   GM_PROGRAM_BAD);
  assert_non_null(strstr(said, "\"wrk?[2J?????.\xc2\xb1\xc3\xa9\xe2\x82\xac\""));
}

/* ---- files ----------------------------------------------------------------------------------- */
/* A file that is written is none that is read, whatever name it has, nor asked for twice, and no
 * store, backup's keys or master key; all this before the verb does anything. */
static void files__that_are_not_written(void **state)
{
  (void)state;
  put("in", "1", 1);
  put("map", "2", 1);
  put("store", "SQLite format 3\0 and so on", 26);
  put("keys", "GEMELKEYS", 9);
  put("key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 65);
  assert_int_equal(symlink(file("in"), file("link")), 0);
  refuses("work @/in --out @/in", "this is the file that the command is about");
  refuses("work @/in --out @/./in", "this is the file that the command is about");
  refuses("work @/in --out @/link", "this is the file that the command is about");
  refuses("work @/in --map @/map --out @/map", "this is the file of --map");
  refuses("work @/in --picture @/out --out @/./out", "this is the file of --");
  refuses("work @/in --out @/store", "this is a store or its backup");
  refuses("work @/in --out @/keys", "this is a file of a backup's keys");
  refuses("work @/in --out @/key", "this is a master key");
  refuses("work @/in --out=", "--out: a file is expected");
}

/* What may be written is, with the folders above it. */
static void files__are_written_whole(void **state)
{
  (void)state;
  char text[ROOM];
  put("in", "1", 1);
  assert_int_equal(call("work @/in --out @/n/e/w"), GM_PROGRAM_DONE);
  taken("n/e/w", text);
  assert_string_equal(text, "a result\n");
  assert_int_equal(call("work @/in --out @/n/e/w"), GM_PROGRAM_DONE);
  taken("in", text);
  assert_string_equal(text, "1");
  assert_int_equal(call("work @/in --out /dev/null"), GM_PROGRAM_DONE);
}

/* ---- codes ----------------------------------------------------------------------------------- */
/* What failed by numbers or was stopped is a no; memory, the processor and limits are internal; the
 * rest is bad input. */
static void codes__of_statuses(void **state)
{
  (void)state;
  assert_int_equal(gm_program_code(GM_OK), 0);
  assert_int_equal(gm_program_code(GM_ENUMERIC), 1);
  assert_int_equal(gm_program_code(GM_ECANCELLED), 1);
  assert_int_equal(gm_program_code(GM_EUNIT), 2);
  assert_int_equal(gm_program_code(GM_EIO), 2);
  assert_int_equal(gm_program_code(GM_ENOMEM), 3);
  assert_int_equal(gm_program_code(GM_ECPU), 3);
  assert_int_equal(gm_program_code(GM_EINTERNAL), 3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options__are_read),
      cmocka_unit_test(words__find_their_verb),
      cmocka_unit_test(help__keeps_its_columns),
      cmocka_unit_test(options__may_be_none),
      cmocka_unit_test(messages__do_not_steer_the_terminal),
      cmocka_unit_test(numbers__have_bounds),
      cmocka_unit_test(files__that_are_not_written),
      cmocka_unit_test(files__are_written_whole),
      cmocka_unit_test(codes__of_statuses),
      cmocka_unit_test(options__refusals_name_the_cause),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
