/* Long methods go on after their process died: with a ledger cut off at any byte, killed at any
 * time, or stopped and begun again, they give the bytes of an unbroken run; what does not belong to
 * the ledger is refused.
 * label: full */
#include "methods/every_method.h"
#include "methods/killed.h"
#include "support/fault.h"
#include <sys/resource.h>

static gm_ctx *ctx;

/* Those of every_method that can have a ledger. */
static const method_row rows[] = {
    ROW(fit_if2),       ROW(fit_pmmh),          ROW(fit_esmda),
    ROW(chains_walk),   ROW(chains_walk_noisy), ROW(chains_stretch),
    ROW(chains_nuts),   ROW(chains_synthetic),  ROW(particles_smc),
    ROW(particles_abc), ROW(optima_multistart), ROW(optima_nlopt),
    ROW(optima_cma),    ROW(optima_cma_noisy),  ROW(identify_profile),
    ROW(identify_mcap), ROW(sense_morris),      ROW(sense_sobol),
    ROW(sense_shapley), ROW(tangents_nuts),     ROW(tangents_multistart),
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- worlds with a ledger -------------------------------------------------------------------- */
typedef struct {
  gm_kept_target target;
  gm_kept_objective objective;
  gm_kept_function function;
} keeper;

static const gm_target *keep_target(world *w, const gm_target *t)
{
  keeper *k = w->user;
  gm_ledger_target(w->ledger, t, &k->target);
  return &k->target.target;
}

static gm_objective keep_objective(world *w, gm_objective f)
{
  keeper *k = w->user;
  gm_ledger_objective(w->ledger, f, &k->objective);
  return k->objective.objective;
}

static const gm_function *keep_function(world *w, const gm_function *f)
{
  keeper *k = w->user;
  gm_ledger_function(w->ledger, f, &k->function);
  return &k->function.function;
}

/* Runs a method, with a ledger where path is not NULL. */
static gm_status run(const method_row *row, const char *path, const gm_watch *watch, gm_text *out,
                     int64_t *replayed)
{
  world w;
  keeper k;
  world_open(&w, ctx);
  w.watch = watch;
  gm_status st = path ? gm_ledger_open(ctx, path, 7, &w.ledger) : GM_OK;
  if (path && !st) {
    w.user = &k;
    w.target = keep_target;
    w.objective = keep_objective;
    w.function = keep_function;
  }
  gm_text_init(out, ctx);
  if (!st) st = row->run(&w, out);
  if (replayed && w.ledger) *replayed = gm_ledger_replayed(w.ledger);
  gm_ledger_close(w.ledger);
  world_close(&w);
  return st;
}

static gm_text bytes_of(const method_row *row, const char *path, int64_t *replayed)
{
  gm_text out;
  if (run(row, path, NULL, &out, replayed)) fail_msg("%s: %s", row->name, gm_message(ctx));
  return out;
}

static void same(const gm_text *a, const gm_text *b)
{
  assert_true(a->bytes > 16);
  assert_int_equal(a->bytes, b->bytes);
  assert_memory_equal(a->data, b->data, a->bytes);
}

static gm_text file_of(const char *path)
{
  gm_text out;
  gm_text_init(&out, ctx);
  if (gm_file_read(ctx, path, 1 << 28, &out.data, &out.bytes)) fail_msg("%s", gm_message(ctx));
  return out;
}

static void file_put(const char *path, const char *data, size_t bytes)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, bytes, f), bytes);
  fclose(f);
}

/* Cut off anywhere, within an entry too (what a death leaves, as nothing but the end is written),
 * the run goes on to the same bytes, and the file becomes what it was. */
static void cut__anywhere(void **state)
{
  const method_row *row = *state;
  char path[128];
  int64_t replayed = -1, before = 0;
  killed_path(path, row->name);
  gm_text plain = bytes_of(row, NULL, NULL), kept = bytes_of(row, path, &replayed);
  same(&plain, &kept);
  assert_int_equal(replayed, 0);
  gm_text file = file_of(path);
  enum { CUTS = 6 };
  for (int32_t i = 0; i <= CUTS; i++) {
    size_t at = i == 0   ? 5
                : i == 1 ? 17
                         : (file.bytes - 1) * (size_t)(i - 1) / (CUTS - 1) + (size_t)(i == CUTS);
    file_put(path, file.data, at);
    gm_text again = bytes_of(row, path, &replayed), whole = file_of(path);
    same(&plain, &again);
    same(&file, &whole);
    assert_true(replayed >= before);
    before = replayed;
    gm_text_free(&again);
    gm_text_free(&whole);
  }
  assert_true(replayed > 0);
  print_message("%s: a ledger of %zu bytes, %d answers\n", row->name, file.bytes,
                (int)replayed + 1);
  gm_text_free(&plain);
  gm_text_free(&kept);
  gm_text_free(&file);
}

/* ---- killed ---------------------------------------------------------------------------------- */
typedef struct {
  const method_row *row;
  char ledger[128], result[128];
} job;

static int job_work(void *user)
{
  job *j = user;
  gm_text out;
  if (run(j->row, j->ledger, NULL, &out, NULL)) return 1;
  return gm_file_write(ctx, j->result, out.data, out.bytes) != GM_OK;
}

static void killed__at_any_time(void **state)
{
  job j = {.row = *state};
  killed_path(j.ledger, "ledger");
  killed_path(j.result, "result");
  unlink(j.ledger);
  int32_t kills = killed_until_done(1500, job_work, &j);
  gm_text plain = bytes_of(j.row, NULL, NULL), result = file_of(j.result);
  same(&plain, &result);
  print_message("%s: killed %d times\n", j.row->name, (int)kills);
  assert_true(kills > 0);
  gm_text_free(&plain);
  gm_text_free(&result);
}

/* ---- stopped --------------------------------------------------------------------------------- */
static bool stop_after(void *user) { return --*(int32_t *)user < 0; }

/* Stopped early by its watch, a method gives less; begun again without, the bytes of an unbroken
 * run. */
static void stopped__and_begun_again(void **state)
{
  const method_row *row = *state;
  char path[128];
  gm_text plain = bytes_of(row, NULL, NULL);
  killed_path(path, "stopped");
  unlink(path);
  for (int32_t times = 1; times <= 6; times += 5) {
    int32_t left = times;
    gm_watch watch = {.stop = stop_after, .user = &left};
    gm_text part;
    gm_status st = run(row, path, &watch, &part, NULL);
    if (st && st != GM_ECANCELLED) fail_msg("%s: %s", row->name, gm_message(ctx));
    gm_text_free(&part);
  }
  gm_text again = bytes_of(row, path, NULL);
  same(&plain, &again);
  gm_text_free(&plain);
  gm_text_free(&again);
}

static gm_status more_draws(world *w, gm_text *out)
{
  gm_chain_options o = {.chains = 5, .warmup = 40, .draws = 30, .thin = 2};
  gm_chains *r = NULL;
  gm_fit_target *t = NULL;
  gm_status st = gm_fit_target_new(w->ctx, &w->smooth.s, NULL, &t);
  const gm_target *target = gm_fit_target_get(t);
  if (!st) st = gm_walk(w->ctx, w->target ? w->target(w, target) : target, &o, &r);
  gm_fit_target_free(t);
  if (!st) put_chains(out, r);
  return st;
}

/* A chain of 20 draws goes on to 30: the bytes of one of 30, and 81 answers are not asked again (80
 * are from the ledger, the first is compared). */
static void chain__is_made_longer(void **state)
{
  (void)state;
  static const method_row shorter = ROW(chains_walk), longer = ROW(more_draws);
  char path[128];
  int64_t replayed = 0;
  killed_path(path, "longer");
  gm_text first = bytes_of(&shorter, path, NULL), plain = bytes_of(&longer, NULL, NULL);
  gm_text on = bytes_of(&longer, path, &replayed);
  same(&plain, &on);
  assert_int_equal(replayed, 80);
  gm_text_free(&first);
  gm_text_free(&plain);
  gm_text_free(&on);
}

/* ---- what does not belong -------------------------------------------------------------------- */
static const method_row walk_row = ROW(chains_walk), smc_row = ROW(particles_smc);

static gm_status other_data(world *w, gm_text *out)
{
  w->smooth.reading[3].value += 1;
  return chains_walk(w, out);
}

static void ledger__of_something_else_is_refused(void **state)
{
  (void)state;
  static const method_row changed = {"changed", other_data};
  char path[128];
  gm_text out;
  gm_ledger *l = NULL, *second = NULL;
  killed_path(path, "refused");
  gm_text plain = bytes_of(&walk_row, path, NULL);
  assert_int_equal(run(&smc_row, path, NULL, &out, NULL), GM_EINVAL); /* another method */
  gm_text_free(&out);
  assert_int_equal(run(&changed, path, NULL, &out, NULL), GM_EINVAL); /* other data */
  assert_non_null(strstr(gm_message(ctx), "first answer"));
  gm_text_free(&out);
  assert_int_equal(gm_ledger_open(ctx, path, 8, &l), GM_EINVAL); /* another subject */
  assert_int_equal(gm_ledger_open(ctx, path, 7, &l), GM_OK);
  assert_int_equal(gm_ledger_open(ctx, path, 7, &second), GM_EIO); /* open already */
  assert_null(second);
  gm_ledger_close(l);
  gm_text again = bytes_of(&walk_row, path, NULL); /* none of that did harm */
  same(&plain, &again);
  file_put(path, "name,value\n", 11);
  assert_int_equal(gm_ledger_open(ctx, path, 7, &second), GM_EPARSE);
  assert_int_equal(gm_ledger_open(ctx, "/dev/null/none", 7, &second), GM_EIO);
  gm_text_free(&plain);
  gm_text_free(&again);
}

/* A byte that changed anywhere behind the front is found: the answers from there on are worked out
 * anew. */
static void damage__is_worked_out_again(void **state)
{
  (void)state;
  char path[128];
  killed_path(path, "damaged");
  gm_text plain = bytes_of(&walk_row, path, NULL), file = file_of(path);
  for (size_t at = 16; at < file.bytes; at += at < 100 ? 1 : 211) {
    file.data[at] ^= 0x40;
    file_put(path, file.data, file.bytes);
    file.data[at] ^= 0x40;
    gm_text again = bytes_of(&walk_row, path, NULL), whole = file_of(path);
    same(&plain, &again);
    same(&file, &whole);
    gm_text_free(&again);
    gm_text_free(&whole);
  }
  gm_text_free(&plain);
  gm_text_free(&file);
}

/* A full disk is told (GM_EIO), and what was written until then is good. */
static int full_disk(void *user)
{
  job *j = user;
  gm_text out;
  struct rlimit limit = {1999, 1999};
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &limit)) return 1;
  return run(j->row, j->ledger, NULL, &out, NULL) != GM_EIO;
}

static void full_disk__is_told(void **state)
{
  (void)state;
  job j = {.row = &walk_row};
  int64_t replayed = 0;
  killed_path(j.ledger, "full");
  int status = killed_once(100000000, full_disk, &j);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  gm_text plain = bytes_of(&walk_row, NULL, NULL), again = bytes_of(&walk_row, j.ledger, &replayed);
  same(&plain, &again);
  assert_true(replayed > 10);
  gm_text_free(&plain);
  gm_text_free(&again);
}

static gm_status nothing(void *user, gm_ctx *c, int32_t n, const double *z,
                         const uint64_t *replicate, double *out)
{
  (void)user;
  (void)c;
  (void)replicate;
  for (int32_t m = 0; m < n; m++) out[m] = -z[m] * z[m];
  return GM_OK;
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_target t = {.dim = 1, .loglik = nothing};
  gm_chain_options o = {.chains = 2, .warmup = 4, .draws = 8, .thin = 1};
  gm_kept_target kept;
  gm_ledger *l = NULL;
  gm_chains *r = NULL;
  gm_status st = gm_ledger_open(c, user, 1, &l);
  if (st) return st;
  gm_ledger_target(l, &t, &kept);
  st = gm_walk(c, &kept.target, &o, &r);
  gm_chains_free(r);
  gm_ledger_close(l);
  return st;
}

/* Memory that fails at any call is reported and leaks nothing, with the file begun or whole. */
static void ledger__survives_failing_memory(void **state)
{
  (void)state;
  char path[128];
  killed_path(path, "memory");
  assert_true(fault_sweep("ledger", trial, path) > 0);
}

static int group_begin(void **state)
{
  return gm_ctx_new(NULL, &ctx) != GM_OK || killed_folder_make(state);
}

static int group_end(void **state)
{
  char command[128];
  (void)state;
  gm_ctx_free(ctx);
  snprintf(command, sizeof command, "rm -r '%s'", killed_folder);
  return system(command) != 0;
}

int main(void)
{
  struct CMUnitTest tests[3 * ROWS + 5] = {
      cmocka_unit_test(full_disk__is_told),
      cmocka_unit_test(chain__is_made_longer),
      cmocka_unit_test(ledger__of_something_else_is_refused),
      cmocka_unit_test(damage__is_worked_out_again),
      cmocka_unit_test(ledger__survives_failing_memory),
  };
  static char name[3][ROWS][64];
  static void (*const what[3])(void **) = {cut__anywhere, killed__at_any_time,
                                           stopped__and_begun_again};
  static const char *const word[3] = {"cut", "killed", "stopped"};
  for (int32_t k = 0; k < 3; k++)
    for (int32_t i = 0; i < ROWS; i++) {
      snprintf(name[k][i], sizeof name[k][i], "%s__%s", rows[i].name, word[k]);
      tests[5 + k * ROWS + i] = (struct CMUnitTest){
          .name = name[k][i], .test_func = what[k], .initial_state = (void *)&rows[i]};
    }
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
