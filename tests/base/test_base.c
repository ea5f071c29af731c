/* test_base.c - the context and its messages, memory, files, arenas, workers.
 * label: quick */
#include "gemel/base.h"
#include "support/data.h"
#include "support/fault.h"
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static fault memory;

static gm_ctx *ctx_new(void)
{
  fault_init(&memory);
  return fault_ctx(&memory);
}

/* Frees the context; nothing that was had through it may be left. */
static void ctx_done(gm_ctx *ctx)
{
  gm_ctx_free(ctx);
  assert_int_equal(memory.live, 0);
}

/* ---- status and messages ---- */

/* Every status has a name of its own and a text; a number outside the list has a stand-in. */
static void status__names_and_texts(void **state)
{
  (void)state;
  assert_string_equal(gm_status_name(GM_ENOMEM), "GM_ENOMEM");
  assert_string_equal(gm_status_text(GM_ENOMEM), "out of memory");
  for (int i = 0; i < GM_STATUS_COUNT; i++) {
    assert_true(gm_status_text((gm_status)i)[0]);
    for (int j = 0; j < i; j++)
      assert_string_not_equal(gm_status_name((gm_status)i), gm_status_name((gm_status)j));
  }
  assert_string_equal(gm_status_name((gm_status)999), "GM_?");
  assert_true(gm_status_text((gm_status)-1)[0]);
  assert_true(gm_version()[0]);
}

/* A failure returns its status, keeps its message, and gets its place put in front. */
static void fail__message_and_place(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  assert_string_equal(gm_message(ctx), "");
  assert_int_equal(gm_fail(ctx, GM_ERANGE, "dose %d", 7), GM_ERANGE);
  assert_int_equal(gm_fail_at(ctx, GM_ERANGE, "line %d", 3), GM_ERANGE);
  assert_string_equal(gm_message(ctx), "line 3: dose 7");
  gm_message_clear(ctx);
  assert_int_equal(gm_fail_at(ctx, GM_EIO, "x.csv"), GM_EIO);
  assert_string_equal(gm_message(ctx), "x.csv: reading or writing failed");
  assert_int_equal(gm_fail(NULL, GM_EIO, "no context"), GM_EIO);
  assert_int_equal(gm_fail_at(NULL, GM_EIO, "no context"), GM_EIO);
  assert_string_equal(gm_message(NULL), "");
  ctx_done(ctx);
}

/* The old message may be an argument of the new one. */
static void fail__old_message_may_be_an_argument(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  (void)gm_fail(ctx, GM_EPARSE, "inner");
  (void)gm_fail(ctx, GM_EPARSE, "outer (%s)", gm_message(ctx));
  assert_string_equal(gm_message(ctx), "outer (inner)");
  ctx_done(ctx);
}

/* A message is cut at 1,023 bytes, also when places are put in front of a full one. */
static void fail__long_messages_are_cut(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  (void)gm_fail(ctx, GM_EINVAL, "%s", text);
  assert_int_equal(strlen(gm_message(ctx)), 1023);
  (void)gm_fail_at(ctx, GM_EINVAL, "%s", text);
  assert_int_equal(strlen(gm_message(ctx)), 1023);
  ctx_done(ctx);
}

/* A message needs no memory: it is there although every allocation is refused. */
static void fail__needs_no_memory(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  fault_arm(&memory, 1, true);
  assert_null(gm_alloc(ctx, 1, 8));
  (void)gm_fail(ctx, GM_ENOMEM, "table of %d rows", 12);
  assert_string_equal(gm_message(ctx), "table of 12 rows");
  assert_int_equal(memory.calls, 1);
  ctx_done(ctx);
}

/* ---- contexts ---- */

typedef struct {
  int count;
  gm_log_level level;
  char text[64];
} log_seen;

static void remember(void *user, gm_log_level level, const char *text)
{
  log_seen *seen = user;
  seen->count++;
  seen->level = level;
  snprintf(seen->text, sizeof seen->text, "%s", text);
}

/* A child has its parent's allocator and logger and a message of its own. */
static void ctx_child__shares_memory_and_log_not_messages(void **state)
{
  (void)state;
  fault_init(&memory);
  log_seen seen = {0};
  gm_ctx_options o = {fault_allocator(&memory), remember, &seen};
  gm_ctx *parent, *child;
  assert_int_equal(gm_ctx_new(&o, &parent), GM_OK);
  assert_int_equal(gm_ctx_child(parent, &child), GM_OK);
  assert_int_equal(memory.live, 2);
  (void)gm_fail(child, GM_EIO, "of the child");
  assert_string_equal(gm_message(parent), "");
  gm_message_copy(parent, child);
  assert_string_equal(gm_message(parent), "of the child");
  gm_log(child, GM_LOG_WARNING, "%d records", 3);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.level, GM_LOG_WARNING);
  assert_string_equal(seen.text, "3 records");
  gm_log(NULL, GM_LOG_ERROR, "nobody");
  gm_ctx_free(child);
  ctx_done(parent);
  gm_ctx_free(NULL);
}

/* A context that cannot be had leaves its output alone. */
static void ctx_new__without_memory(void **state)
{
  (void)state;
  fault_init(&memory);
  fault_arm(&memory, 1, false);
  gm_ctx_options o = {.allocator = fault_allocator(&memory)};
  gm_ctx *untouched = NULL, *ctx;
  assert_int_equal(gm_ctx_new(&o, &untouched), GM_ENOMEM);
  assert_null(untouched);
  assert_int_equal(gm_ctx_new(&o, &ctx), GM_OK);
  fault_arm(&memory, 1, false);
  assert_int_equal(gm_ctx_child(ctx, &untouched), GM_ENOMEM);
  assert_null(untouched);
  assert_true(gm_message(ctx)[0]);
  ctx_done(ctx);
}

/* ---- memory ---- */

/* Memory is zeroed and aligned for any type; impossible sizes give NULL, not a short block. */
static void alloc__zeroed_aligned_and_checked(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  for (ptrdiff_t n = 0; n < 300; n += 7) {
    unsigned char *p = gm_alloc(ctx, n, 3);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    for (ptrdiff_t i = 0; i < 3 * n; i++) assert_int_equal(p[i], 0);
    memset(p, 0xff, (size_t)(3 * n)); /* so that a later block would show what was not zeroed */
    gm_free(p);
  }
  int64_t before = memory.calls;
  assert_null(gm_alloc(ctx, -1, 8));
  assert_null(gm_alloc(ctx, PTRDIFF_MAX, 8));
  assert_null(gm_alloc(ctx, PTRDIFF_MAX / 8 + 1, 8));
  assert_null(gm_alloc(ctx, PTRDIFF_MAX, 1));
  assert_int_equal(memory.calls, before);
  gm_free(NULL);
  ctx_done(ctx);
}

/* Growing keeps the content, zeroes what is new, and keeps all on failure. */
static void grow__keeps_content(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  int32_t *p = NULL;
  assert_int_equal(gm_grow(ctx, &p, 0, 4, sizeof *p), GM_OK);
  for (int i = 0; i < 4; i++) p[i] = i + 1;
  assert_int_equal(gm_grow(ctx, &p, 4, 9, sizeof *p), GM_OK);
  int32_t *old = p;
  fault_arm(&memory, 1, false);
  assert_int_equal(gm_grow(ctx, &p, 9, 1000, sizeof *p), GM_ENOMEM);
  assert_ptr_equal(p, old);
  for (int i = 0; i < 9; i++) assert_int_equal(p[i], i < 4 ? i + 1 : 0);
  gm_free(p);
  ctx_done(ctx);
}

static void strdup__copies(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  char *whole = gm_strdup(ctx, "warfarin"), *part = gm_strndup(ctx, "warfarin", 3);
  char *none = gm_strndup(ctx, "warfarin", 0);
  assert_string_equal(whole, "warfarin");
  assert_string_equal(part, "war");
  assert_string_equal(none, "");
  fault_arm(&memory, 1, true);
  assert_null(gm_strdup(ctx, "x"));
  gm_free(whole);
  gm_free(part);
  gm_free(none);
  ctx_done(ctx);
}

/* ---- files ---- */

static char folder[] = "gemel-test-XXXXXX";
static char path_room[sizeof folder + 256]; /* the folder, a slash, a name of 255 bytes, NUL */

static const char *in_folder(const char *name)
{
  snprintf(path_room, sizeof path_room, "%s/%s", folder, name);
  return path_room;
}

static int folder_entries(void)
{
  DIR *d = opendir(folder);
  assert_non_null(d);
  int n = 0;
  while (readdir(d)) n++;
  closedir(d);
  return n - 2;
}

static int files_setup(void **state)
{
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  const char *temporary = getenv("TMPDIR");
  if (chdir(temporary ? temporary : "/tmp")) return -1;
  return mkdtemp(folder) ? 0 : -1;
}

static int files_teardown(void **state)
{
  (void)state;
  DIR *d = opendir(folder);
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.' && unlink(in_folder(e->d_name))) (void)rmdir(path_room);
  if (d) closedir(d);
  return rmdir(folder);
}

/* What is written is read back, byte for byte, NUL bytes and emptiness included. */
static void file__round_trip(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  static char data[100000];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 7 + i / 251);
  const size_t sizes[] = {0, 1, 16384, 16385, sizeof data};
  for (int i = 0; i < 5; i++) {
    char *back = NULL;
    size_t bytes = 77;
    assert_int_equal(gm_file_write(ctx, in_folder("f"), data, sizes[i]), GM_OK);
    assert_int_equal(gm_file_read(ctx, in_folder("f"), sizes[i], &back, &bytes), GM_OK);
    assert_int_equal(bytes, sizes[i]);
    assert_memory_equal(back, data, bytes);
    assert_int_equal(back[bytes], 0);
    gm_free(back);
  }
  assert_int_equal(folder_entries(), 1); /* no temporary file is left */
  struct stat st;
  mode_t mask = umask(0);
  umask(mask);
  assert_int_equal(stat(in_folder("f"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
  ctx_done(ctx);
}

static void read_fails(gm_ctx *ctx, const char *path, size_t bytes_max, gm_status want)
{
  char *out = path_room; /* any address: it must be untouched */
  size_t bytes = 5;
  assert_int_equal(gm_file_read(ctx, path, bytes_max, &out, &bytes), want);
  assert_ptr_equal(out, path_room);
  assert_int_equal(bytes, 5);
  assert_non_null(strstr(gm_message(ctx), path));
}

/* No file, a folder, a file that is too long and a device that gives an error are all refused with
 * the path in the message. */
static void file_read__refuses(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  assert_int_equal(gm_file_write(ctx, in_folder("long"), "123456", 6), GM_OK);
  read_fails(ctx, in_folder("long"), 5, GM_ERANGE);
  read_fails(ctx, in_folder("none"), 10, GM_EIO);
  assert_non_null(strstr(gm_message(ctx), strerror(ENOENT)));
  read_fails(ctx, folder, 10, GM_EIO);
  read_fails(ctx, "/proc/self/mem", 10, GM_EIO); /* address 0 is never mapped: read(2) gives EIO */
  ctx_done(ctx);
}

/* A write that cannot be finished leaves the old file whole and no temporary one. */
static void file_write__whole_or_not_at_all(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  static char big[1 << 20];
  char *back;
  assert_int_equal(gm_file_write(ctx, in_folder("f"), "old", 3), GM_OK);
  struct rlimit limit, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  small = limit;
  small.rlim_cur = 65536;
  signal(SIGXFSZ, SIG_IGN); /* so that write(2) gives EFBIG, as a full disk gives ENOSPC */
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  gm_status s = gm_file_write(ctx, in_folder("f"), big, sizeof big);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(s, GM_EIO);
  assert_non_null(strstr(gm_message(ctx), path_room));
  assert_non_null(strstr(gm_message(ctx), strerror(EFBIG)));
  assert_int_equal(gm_file_read(ctx, in_folder("f"), 10, &back, NULL), GM_OK);
  assert_string_equal(back, "old");
  gm_free(back);
  assert_int_equal(folder_entries(), 1);
  ctx_done(ctx);
}

/* A path in no folder, and a path that is a folder, cannot be written. */
static void file_write__refuses(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  assert_int_equal(gm_file_write(ctx, in_folder("no/such"), "x", 1), GM_EIO);
  assert_non_null(strstr(gm_message(ctx), "no/such"));
  assert_non_null(strstr(gm_message(ctx), strerror(ENOENT)));
  assert_int_equal(mkdir(in_folder("d"), 0777), 0);
  assert_int_equal(gm_file_write(ctx, in_folder("d"), "x", 1), GM_EIO);
  assert_non_null(strstr(gm_message(ctx), strerror(EISDIR)));
  assert_int_equal(folder_entries(), 1);
  ctx_done(ctx);
}

/* Temporary names that a dead process of the same number left behind are passed over and kept. */
static void file_write__passes_over_taken_names(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  enum { TAKEN = 60 };
  for (int i = 0; i < TAKEN; i++) {
    char name[64];
    snprintf(name, sizeof name, "g.%ld.%d", (long)getpid(), i);
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
  }
  assert_int_equal(gm_file_write(ctx, in_folder("g"), "text", 4), GM_OK);
  assert_int_equal(folder_entries(), TAKEN + 1);
  ctx_done(ctx);
}

static gm_status file_trial(gm_ctx *ctx, void *user)
{
  (void)user;
  char *back;
  gm_status s = gm_file_write(ctx, in_folder("t"), "some text", 9);
  if (!s) s = gm_file_read(ctx, in_folder("t"), 100, &back, NULL);
  if (!s) gm_free(back);
  return s;
}

static void file__survives_refused_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("file", file_trial, NULL) >= 2);
  assert_true(folder_entries() <= 1);
}

/* ---- arena ---- */

/* Pieces do not overlap, are zeroed and aligned, and stay where they are while the arena grows. */
static void arena__pieces_are_apart(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  gm_arena *a;
  assert_int_equal(gm_arena_new(ctx, 256, &a), GM_OK);
  enum { N = 200 };
  unsigned char *p[N];
  for (int i = 0; i < N; i++) {
    p[i] = gm_arena_get(a, i, 3);
    assert_non_null(p[i]);
    assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
    for (int j = 0; j < 3 * i; j++) assert_int_equal(p[i][j], 0);
    memset(p[i], i, 3 * (size_t)i);
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < 3 * i; j++) assert_int_equal(p[i][j], i);
  assert_null(gm_arena_get(a, -1, 8));
  assert_null(gm_arena_get(a, PTRDIFF_MAX, 8));
  gm_arena_free(a);
  gm_arena_free(NULL);
  ctx_done(ctx);
}

/* Winding back gives the memory out again, zeroed, and after the first round asks for no more. */
static void arena__winding_back_needs_no_new_memory(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  gm_arena *a;
  assert_int_equal(gm_arena_new(ctx, 512, &a), GM_OK);
  unsigned char *kept = gm_arena_get(a, 10, 1);
  memset(kept, 9, 10);
  int64_t calls = 0;
  for (int round = 0; round < 5; round++) {
    gm_arena_mark mark = gm_arena_at(a);
    for (int i = 0; i < 40; i++) {
      unsigned char *p = gm_arena_get(a, 100 + i, 1);
      for (int j = 0; j < 100 + i; j++) assert_int_equal(p[j], 0);
      memset(p, 0xee, 100 + (size_t)i);
    }
    gm_arena_back(a, mark);
    if (round == 0) calls = memory.calls;
  }
  assert_int_equal(memory.calls, calls);
  for (int j = 0; j < 10; j++) assert_int_equal(kept[j], 9);
  gm_arena_free(a);
  ctx_done(ctx);
}

/* A refused block leaves the arena usable. */
static void arena__survives_refused_memory(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  gm_arena *a;
  assert_int_equal(gm_arena_new(ctx, 128, &a), GM_OK);
  fault_arm(&memory, 1, false);
  assert_null(gm_arena_get(a, 1000, 1));
  assert_non_null(gm_arena_get(a, 64, 1));
  assert_non_null(gm_arena_get(a, 1000, 1));
  gm_arena_free(a);
  ctx_done(ctx);
}

static gm_status arena_trial(gm_ctx *ctx, void *user)
{
  (void)user;
  gm_arena *a;
  gm_status s = gm_arena_new(ctx, 64, &a);
  if (s) return s;
  if (!gm_arena_get(a, 500, 8)) s = gm_fail(ctx, GM_ENOMEM, "500 numbers");
  gm_arena_free(a);
  return s;
}

static void arena_new__survives_refused_memory(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("arena", arena_trial, NULL), 3);
}

/* ---- workers ---- */

enum { TASKS = 2000 };
typedef struct {
  _Atomic int32_t runs[TASKS];
  int64_t result[TASKS];
  int32_t fails[3]; /* these tasks fail */
  int32_t worker_count;
} work;

static gm_status square_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  work *w = user;
  w->runs[task]++;
  if (worker < 0 || worker >= w->worker_count || !ctx)
    return gm_fail(ctx, GM_EINTERNAL, "worker %d", (int)worker);
  void *p = gm_alloc(ctx, task, 8); /* contexts of workers give memory at the same time */
  if (!p) return GM_ENOMEM;
  gm_free(p);
  for (int i = 0; i < 3; i++)
    if (w->fails[i] == task) return gm_fail(ctx, GM_ENUMERIC, "task %d diverged", (int)task);
  w->result[task] = (int64_t)task * task;
  return GM_OK;
}

/* Every task runs exactly once, for any number of workers, run after run. */
static void pool__every_task_runs_once(void **state)
{
  (void)state;
  static const int32_t count[] = {0, 1, 2, 3, 8};
  for (int k = 0; k < 5; k++) {
    gm_ctx *ctx = ctx_new();
    gm_pool *pool;
    assert_int_equal(gm_pool_new(ctx, count[k], &pool), GM_OK);
    int32_t workers = gm_pool_workers(pool);
    assert_true(count[k] == 0 ? workers >= 1 : workers == count[k]);
    for (int run = 0; run < 20; run++) {
      static work w;
      memset(&w, 0, sizeof w);
      w.worker_count = workers;
      memset(w.fails, -1, sizeof w.fails);
      int32_t tasks = run == 0 ? 0 : run == 1 ? 1 : TASKS - run;
      assert_int_equal(gm_pool_run(pool, ctx, tasks, square_task, &w), GM_OK);
      for (int i = 0; i < TASKS; i++) {
        assert_int_equal(w.runs[i], i < tasks);
        assert_int_equal(w.result[i], i < tasks ? (int64_t)i * i : 0);
      }
    }
    gm_pool_free(pool);
    ctx_done(ctx);
  }
}

/* Of several failed tasks the one with the lowest number is reported, with its message, whatever
 * order they ran in; every task before it has run. */
static void pool__reports_the_lowest_failed_task(void **state)
{
  (void)state;
  for (int32_t workers = 1; workers <= 5; workers++) {
    gm_ctx *ctx = ctx_new();
    gm_pool *pool;
    assert_int_equal(gm_pool_new(ctx, workers, &pool), GM_OK);
    for (int run = 0; run < 100; run++) {
      static work w;
      memset(&w, 0, sizeof w);
      w.worker_count = workers;
      int32_t first = run * 19;
      w.fails[0] = first + 2, w.fails[1] = first, w.fails[2] = first + 1;
      assert_int_equal(gm_pool_run(pool, ctx, TASKS, square_task, &w), GM_ENUMERIC);
      char want[64];
      snprintf(want, sizeof want, "task %d diverged", (int)first);
      assert_string_equal(gm_message(ctx), want);
      for (int i = 0; i <= first; i++) assert_int_equal(w.runs[i], 1);
      for (int i = 0; i < TASKS; i++) assert_true(w.runs[i] <= 1);
    }
    gm_pool_free(pool);
    ctx_done(ctx);
  }
}

/* Speaks of its number, then succeeds; the last one fails without a word. */
static gm_status quiet_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  (void)worker;
  if (task == *(const int32_t *)user) return GM_ENUMERIC;
  (void)gm_fail(ctx, GM_EDOMAIN, "task %d recovered", (int)task);
  return GM_OK;
}

/* A task that fails without a message shows none: not the caller's last one, not that of another
 * task, not that of an earlier run. */
static void pool__shows_no_stale_message(void **state)
{
  (void)state;
  for (int32_t workers = 0; workers <= 3; workers++) {
    gm_ctx *ctx = ctx_new();
    gm_pool *pool = NULL;
    if (workers) assert_int_equal(gm_pool_new(ctx, workers, &pool), GM_OK);
    for (int32_t last = 0; last < 40; last++) {
      (void)gm_fail(ctx, GM_EINVAL, "of the caller");
      assert_int_equal(gm_pool_run(pool, ctx, last + 1, quiet_task, &last), GM_ENUMERIC);
      assert_string_equal(gm_message(ctx), "");
    }
    gm_pool_free(pool);
    ctx_done(ctx);
  }
}

/* Without a pool the caller does the work, in order. */
static void pool__may_be_absent(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  static work w;
  memset(&w, 0, sizeof w);
  w.worker_count = gm_pool_workers(NULL);
  w.fails[0] = 30, w.fails[1] = w.fails[2] = 10;
  assert_int_equal(w.worker_count, 1);
  assert_int_equal(gm_pool_run(NULL, ctx, TASKS, square_task, &w), GM_ENUMERIC);
  for (int i = 0; i < TASKS; i++) assert_int_equal(w.runs[i], i <= 10);
  gm_pool_free(NULL);
  ctx_done(ctx);
}

static gm_status pool_trial(gm_ctx *ctx, void *user)
{
  (void)user;
  gm_pool *pool;
  gm_status s = gm_pool_new(ctx, 3, &pool);
  if (!s) gm_pool_free(pool);
  return s;
}

static void pool_new__survives_refused_memory(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("pool", pool_trial, NULL), 4); /* the pool and three contexts */
  gm_ctx *ctx = ctx_new();
  gm_pool *untouched = NULL;
  assert_int_equal(gm_pool_new(ctx, -1, &untouched), GM_ERANGE);
  assert_int_equal(gm_pool_new(ctx, 1000000, &untouched), GM_ERANGE);
  assert_null(untouched);
  ctx_done(ctx);
}

/* ---- watch ---- */

typedef struct {
  int asked;
  double fraction;
} watch_seen;

static bool stop_third(void *user)
{
  watch_seen *seen = user;
  return ++seen->asked == 3;
}

static void keep_fraction(void *user, const char *what, double fraction)
{
  assert_string_equal(what, "fit");
  ((watch_seen *)user)->fraction = fraction;
}

static void watch__asks_and_tells(void **state)
{
  (void)state;
  watch_seen seen = {0};
  gm_watch w = {stop_third, keep_fraction, &seen}, empty = {0};
  assert_false(gm_watch_stop(&w));
  assert_false(gm_watch_stop(&w));
  assert_true(gm_watch_stop(&w));
  gm_watch_progress(&w, "fit", 0.25);
  assert_true(seen.fraction == 0.25);
  assert_false(gm_watch_stop(NULL) || gm_watch_stop(&empty));
  gm_watch_progress(NULL, "fit", 1);
  gm_watch_progress(&empty, "fit", 1);
}

/* ---- the helpers of the tests themselves ---- */

static gm_status careless_trial(gm_ctx *ctx, void *left)
{
  void *first = gm_alloc(ctx, 1, 1), *second = first ? gm_alloc(ctx, 1, 1) : NULL;
  if (!second) {
    memcpy(left, &first, sizeof first); /* forgotten by a constructor, kept here for the test */
    return gm_fail(ctx, GM_ENOMEM, "second");
  }
  gm_free(second);
  gm_free(first);
  return GM_OK;
}

/* The counting allocator sees the block that a careless constructor leaves behind. */
static void fault__sees_a_leak(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  void *left = NULL;
  fault_arm(&memory, 2, false);
  assert_int_equal(careless_trial(ctx, &left), GM_ENOMEM);
  assert_int_equal(memory.live, 2); /* the context and the leak */
  assert_int_equal(memory.failed, 1);
  fault_disarm(&memory);
  assert_int_equal(careless_trial(ctx, &left), GM_OK);
  assert_int_equal(memory.live, 2);
  gm_free(left);
  ctx_done(ctx);
}

/* The data folder is the one named in GEMEL_DATA; a folder that is not there counts as none. */
static void data__folder_from_the_environment(void **state)
{
  (void)state;
  char path[300], small[4];
  const char *before = getenv("GEMEL_DATA");
  char *kept = before ? strdup(before) : NULL;
  gm_ctx *ctx = ctx_new();
  assert_int_equal(gm_file_write(ctx, in_folder("a.csv"), "1", 1), GM_OK);
  setenv("GEMEL_DATA", folder, 1);
  assert_string_equal(data_folder(), folder);
  assert_true(data_path("a.csv", path, sizeof path));
  assert_string_equal(path, in_folder("a.csv"));
  assert_false(data_path("b.csv", path, sizeof path));
  assert_string_equal(path, "");
  assert_false(data_path("a.csv", small, sizeof small));
  setenv("GEMEL_DATA", "no/such/folder", 1);
  assert_null(data_folder());
  if (kept)
    setenv("GEMEL_DATA", kept, 1);
  else
    unsetenv("GEMEL_DATA");
  free(kept);
  ctx_done(ctx);
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(status__names_and_texts),
      cmocka_unit_test(fail__message_and_place),
      cmocka_unit_test(fail__old_message_may_be_an_argument),
      cmocka_unit_test(fail__long_messages_are_cut),
      cmocka_unit_test(fail__needs_no_memory),
      cmocka_unit_test(ctx_child__shares_memory_and_log_not_messages),
      cmocka_unit_test(ctx_new__without_memory),
      cmocka_unit_test(alloc__zeroed_aligned_and_checked),
      cmocka_unit_test(grow__keeps_content),
      cmocka_unit_test(strdup__copies),
      FILES(file__round_trip),
      FILES(file_read__refuses),
      FILES(file_write__whole_or_not_at_all),
      FILES(file_write__refuses),
      FILES(file_write__passes_over_taken_names),
      FILES(file__survives_refused_memory),
      cmocka_unit_test(arena__pieces_are_apart),
      cmocka_unit_test(arena__winding_back_needs_no_new_memory),
      cmocka_unit_test(arena__survives_refused_memory),
      cmocka_unit_test(arena_new__survives_refused_memory),
      cmocka_unit_test(pool__every_task_runs_once),
      cmocka_unit_test(pool__reports_the_lowest_failed_task),
      cmocka_unit_test(pool__shows_no_stale_message),
      cmocka_unit_test(pool__may_be_absent),
      cmocka_unit_test(pool_new__survives_refused_memory),
      cmocka_unit_test(watch__asks_and_tells),
      cmocka_unit_test(fault__sees_a_leak),
      FILES(data__folder_from_the_environment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
