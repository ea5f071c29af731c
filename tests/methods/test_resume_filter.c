/* A belief that is saved after each datum goes on after its process was killed at any time: at the
 * end its bytes, and those of the book of scores beside it, are those of an unbroken run. For every
 * filter and every kind of model.
 * label: full */
#include "methods/every_method.h"
#include "methods/killed.h"
#include "support/sir_agents.h"
#include "support/sir_network.h"
#include "support/sir_queue.h"

static gm_ctx *ctx;

typedef enum { JUMP, SMOOTH, WEATHER, AGENTS, NETWORK, QUEUE } subject;
typedef struct {
  const char *name;
  subject of;
  gm_filter_options o;
  double memory;     /* of the sensor */
  int32_t restarted; /* after this datum the belief begins anew; 0: never */
} row;

static const row rows[] = {
    {"particles", JUMP, {.members = 200}, 0, 0},
    {"restarted", JUMP, {.members = 200}, 0, 7},
    {"guided", JUMP, {.kind = GM_FILTER_GUIDED, .members = 100}, 0, 0},
    {"kernel", JUMP, {.members = 100, .rejuvenate = GM_REJUVENATE_KERNEL}, 0, 0},
    {"liu_west", JUMP, {.members = 100, .rejuvenate = GM_REJUVENATE_LIU_WEST}, 0, 0},
    {"coloured", SMOOTH, {.members = 100, .rejuvenate = GM_REJUVENATE_LIU_WEST}, 2, 0},
    {"sigma_points", SMOOTH, {.kind = GM_FILTER_UKF}, 2, 0},
    {"perturbed", SMOOTH, {.kind = GM_FILTER_ENKF}, 0, 3},
    {"transform", SMOOTH, {.kind = GM_FILTER_ETKF, .inflation = 1.02}, 2, 0},
    {"adaptive", WEATHER, {.kind = GM_FILTER_ETKF, .members = 41, .adaptive = 10}, 0, 0},
    {"local", WEATHER, {.kind = GM_FILTER_LETKF, .members = 7, .radius = 6}, 0, 0},
    {"agents", AGENTS, {.members = 60}, 0, 0},
    {"network", NETWORK, {.members = 60}, 0, 0},
    {"queue", QUEUE, {.members = 60}, 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- one subject's belief and book ----------------------------------------------------------- */
typedef struct {
  world w;
  gm_system *s;
  int32_t infected;
  gm_model *other;
  gm_filter *f;
  gm_book *book;
  int32_t next; /* reading */
} belief;

static void must(gm_status st)
{
  if (st) fail_msg("%s", gm_message(ctx));
}

static void other_kind(belief *b, const row *r)
{
  if (r->of < AGENTS) return;
  b->infected = 3;
  if (r->of == AGENTS) must(sir_agents_make(ctx, 50, &b->infected, &b->other));
  if (r->of == NETWORK) must(sir_network_new(ctx, 50, 3, 0.9, 0.3, &b->other));
  if (r->of == QUEUE) must(sir_queue_new(ctx, 0.9, 0.3, 50, 3, &b->other));
  b->s->model = b->other;
  b->w.jump.unknown[0].parameter = gm_model_find(b->other, GM_TABLE_PARAMETER, "beta");
  b->w.jump.unknown[1].parameter = gm_model_find(b->other, GM_TABLE_PARAMETER, "gamma");
}

static void belief_open(belief *b, const row *r)
{
  gm_filter_options o = r->o;
  *b = (belief){0};
  world_open(&b->w, ctx);
  b->s = r->of == SMOOTH ? &b->w.smooth.s : r->of == WEATHER ? &b->w.weather : &b->w.jump.s;
  other_kind(b, r);
  b->w.smooth.sensor.memory = r->memory;
  b->w.smooth.unknown[0].drift = b->w.jump.unknown[0].drift = 0.1;
  if (o.kind == GM_FILTER_LETKF) o.distance = b->w.distance;
  must(gm_filter_new(ctx, b->s, &o, &b->f));
  must(gm_book_new(ctx, 1, (const double[]){10}, &b->book));
}

static void belief_close(belief *b)
{
  gm_filter_free(b->f);
  gm_book_free(b->book);
  gm_model_free(b->other);
  world_close(&b->w);
}

/* What the members say now of the first of the next readings, kept in the book. */
static void book_next(belief *b)
{
  static double y[400 * LORENZ_MOST];
  if (b->next >= b->s->reading_count) return;
  const gm_reading *r = &b->s->reading[b->next];
  gm_ensemble *e = gm_filter_ensemble(b->f);
  int32_t ny, n = gm_ensemble_size(e);
  (void)gm_model_table(b->s->model, GM_TABLE_OUTPUT, &ny);
  must(gm_ensemble_observe(e, ctx, y));
  const gm_sensor *o = &b->s->sensor[r->sensor];
  gm_sensed d = {o, n, y, ny, gm_ensemble_theta(e)};
  gm_law law = gm_law_sensed(&d, gm_filter_weight(b->f));
  gm_score score;
  must(gm_law_score(ctx, &law, r->value, gm_key_make(2, 0, 0, 0), (uint64_t)b->next, &score));
  must(gm_book_add(b->book, "reading", 1, &score, 0, NULL));
}

static void step(belief *b, const row *r)
{
  const gm_reading *from = b->s->reading + b->next;
  int32_t count = 1;
  while (b->next + count < b->s->reading_count && from[count].t == from->t) count++;
  must(gm_filter_step(b->f, ctx, from->t, from, count, NULL));
  b->next += count;
  if (r->restarted == b->next) must(gm_filter_restart(b->f, ctx));
  book_next(b);
}

/* ---- saved ----------------------------------------------------------------------------------- */
static gm_text save(const belief *b)
{
  gm_text filter, out;
  gm_text_init(&filter, ctx);
  gm_text_init(&out, ctx);
  must(gm_filter_save(b->f, ctx, &filter));
  put_whole(&out, b->next);
  put_whole(&out, (int64_t)filter.bytes);
  gm_text_addn(&out, filter.data, filter.bytes);
  gm_book_save(b->book, &out);
  gm_text_free(&filter);
  must(out.status);
  return out;
}

static void load(belief *b, const char *data)
{
  int64_t next, bytes;
  memcpy(&next, data, sizeof next);
  memcpy(&bytes, data + 8, sizeof bytes);
  b->next = (int32_t)next;
  must(gm_filter_load(b->f, ctx, data + 16, (size_t)bytes));
  gm_book_free(b->book);
  must(gm_book_load(ctx, data + 16 + bytes, &b->book));
}

static gm_text unbroken(const row *r)
{
  belief b;
  belief_open(&b, r);
  while (b.next < b.s->reading_count) step(&b, r);
  gm_text out = save(&b);
  belief_close(&b);
  return out;
}

static void same(const gm_text *a, const char *data, size_t bytes)
{
  assert_true(a->bytes > 100);
  assert_int_equal(a->bytes, bytes);
  assert_memory_equal(a->data, data, bytes);
}

/* Everything made anew and loaded between any two data. */
static void loaded__between_any_two_data(void **state)
{
  const row *r = *state;
  gm_text want = unbroken(r), now = {0};
  for (bool more = true; more;) {
    belief b;
    belief_open(&b, r);
    if (now.data) load(&b, now.data);
    step(&b, r);
    gm_text_free(&now);
    now = save(&b);
    more = b.next < b.s->reading_count;
    belief_close(&b);
  }
  same(&want, now.data, now.bytes);
  gm_text_free(&want);
  gm_text_free(&now);
}

typedef struct {
  const row *r;
  char path[128];
} job;

static int job_work(void *user)
{
  job *j = user;
  belief b;
  char *data = NULL;
  size_t bytes;
  belief_open(&b, j->r);
  if (!access(j->path, R_OK)) {
    must(gm_file_read(ctx, j->path, 1 << 28, &data, &bytes));
    load(&b, data);
  }
  while (b.next < b.s->reading_count) {
    step(&b, j->r);
    gm_text now = save(&b);
    must(gm_file_write(ctx, j->path, now.data, now.bytes));
    gm_text_free(&now);
  }
  return 0;
}

/* Killed at any time, in the midst of a step or of a save. */
static void killed__at_any_time(void **state)
{
  job j = {.r = *state};
  char *data;
  size_t bytes;
  killed_path(j.path, "belief");
  unlink(j.path);
  int32_t kills = killed_until_done(1000, job_work, &j);
  gm_text want = unbroken(j.r);
  must(gm_file_read(ctx, j.path, 1 << 28, &data, &bytes));
  same(&want, data, bytes);
  print_message("%s: killed %d times, %zu bytes\n", j.r->name, (int)kills, bytes);
  assert_true(kills > 0);
  gm_free(data);
  gm_text_free(&want);
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
  static struct CMUnitTest tests[2 * ROWS];
  static char name[2][ROWS][64];
  for (int32_t k = 0; k < 2; k++)
    for (int32_t i = 0; i < ROWS; i++) {
      snprintf(name[k][i], sizeof name[k][i], "%s__%s", rows[i].name, k ? "killed" : "loaded");
      tests[k * ROWS + i] =
          (struct CMUnitTest){.name = name[k][i],
                              .test_func = k ? killed__at_any_time : loaded__between_any_two_data,
                              .initial_state = (void *)&rows[i]};
    }
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
