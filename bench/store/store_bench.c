/* store_bench.c - how many observations a second are acknowledged, and how many for each sync of
 * the disk, beside the disk's own syncs in the same folder; a year of 5-minute data read back, by
 * records and by pages; both on SQLite and, in the same run, in the PostgreSQL database of
 * GEMEL_BENCH_PG (a URL; it must be empty); and on SQLite a bank of GEMEL_BENCH_TWINS twins
 * (default 100,000; 0: none) asked for a forecast. */
#include "gemel/bank.h"
#include "gemel/store.h"
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 64, YEAR = 105120, BATCH = 288 };
static const double seconds = 4;

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(gm_ctx *ctx, gm_status s)
{
  if (!s) return;
  fprintf(stderr, "%s\n", gm_message(ctx));
  exit(3);
}

/* Writes of 4 KiB, each synced. */
static double syncs_per_s(const char *path)
{
  char block[4096] = {1};
  int f = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600), n = 0;
  double begin = now_s();
  while (f >= 0 && now_s() - begin < 2 && write(f, block, sizeof block) == sizeof block &&
         fdatasync(f) == 0)
    n++;
  double rate = n / (now_s() - begin);
  if (f >= 0) close(f);
  unlink(path);
  return rate;
}

typedef struct {
  gm_session *s;
  gm_ctx *parent;
  int64_t twin;
  int number;
  _Atomic bool *stop;
  int64_t count;
} writer;

static void *write_on(void *user)
{
  writer *w = user;
  gm_ctx *ctx = NULL;
  must(w->parent, gm_ctx_child(w->parent, &ctx));
  while (!atomic_load(w->stop)) {
    char id[40], body[40];
    snprintf(id, sizeof id, "%d-%lld", w->number, (long long)w->count);
    snprintf(body, sizeof body, "%d.%d mg/dL", 60 + (int)(w->count % 200), (int)(w->count % 10));
    gm_entry e = {.kind = GM_RECORD_OBSERVATION,
                  .series = "glucose",
                  .t_true_s = 1.7e9 + 300.0 * (double)w->count,
                  .source = "sensor",
                  .id = id,
                  .version = "1",
                  .body = body,
                  .bytes = strlen(body)};
    must(ctx, gm_store_append(w->s, ctx, w->twin, &e, 1, NULL));
    w->count++;
  }
  gm_ctx_free(ctx);
  return NULL;
}

static int64_t twin_of(gm_ctx *ctx, gm_session *s, int number)
{
  char name[40];
  int64_t subject = 0, twin = 0;
  snprintf(name, sizeof name, "subject %d", number);
  must(ctx, gm_store_subject(s, ctx, name, true, &subject));
  must(ctx, gm_store_twin(s, ctx, subject, name, true, &twin));
  gm_consent_rule all = {.permit = true, .actor = ""};
  must(ctx, gm_store_consent(s, ctx, twin, "all", &all));
  return twin;
}

static void writers_measure(gm_ctx *ctx, gm_session *s)
{
  static writer w[WRITERS];
  pthread_t thread[WRITERS];
  _Atomic bool stop = false;
  int64_t sum = 0;
  for (int i = 0; i < WRITERS; i++) w[i] = (writer){s, ctx, twin_of(ctx, s, i), i, &stop, 0};
  int64_t commits = gm_store_commits(gm_session_store(s));
  double begin = now_s();
  for (int i = 0; i < WRITERS; i++) pthread_create(&thread[i], NULL, write_on, &w[i]);
  while (now_s() - begin < seconds) usleep(10000);
  atomic_store(&stop, true);
  for (int i = 0; i < WRITERS; i++) pthread_join(thread[i], NULL);
  double rate = 0, took = now_s() - begin;
  for (int i = 0; i < WRITERS; i++) sum += w[i].count;
  rate = (double)sum / took;
  printf("%d writers, 1 a call         %9.0f acknowledged/s, %.0f a commit\n", WRITERS, rate,
         (double)sum / (double)(gm_store_commits(gm_session_store(s)) - commits));
}

static gm_status count(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int64_t *)user;
  return GM_OK;
}

static void year_measure(gm_ctx *ctx, gm_session *s)
{
  static char id[BATCH][24];
  static gm_entry e[BATCH];
  int64_t twin = twin_of(ctx, s, 1000), found = 0;
  double begin = now_s();
  for (int k = 0; k < YEAR; k += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      snprintf(id[i], sizeof id[i], "%d", k + i);
      e[i] = (gm_entry){.kind = GM_RECORD_OBSERVATION,
                        .series = "glucose",
                        .t_true_s = 1.7e9 + 300.0 * (k + i),
                        .source = "sensor",
                        .id = id[i],
                        .version = "1",
                        .body = "112 mg/dL",
                        .bytes = 9};
    }
    must(ctx, gm_store_append(s, ctx, twin, e, BATCH, NULL));
  }
  double wrote = now_s() - begin;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = "glucose"};
  double best = 1e9, first = 0;
  for (int i = 0; i < 6; i++) {
    found = 0;
    begin = now_s();
    must(ctx, gm_store_read(s, ctx, &q, count, &found));
    double took_s = now_s() - begin;
    if (i == 0) first = took_s;
    if (took_s < best) best = took_s;
  }
  printf("a year of 5-minute data      %9.0f records/s by days\n", YEAR / wrote);
  printf(
      "  read of %lld               %9.0f ms first, with the making of pages; %.0f ms by pages\n",
      (long long)found, 1e3 * first, 1e3 * best);
}

/* ---- a bank -----------------------------------------------------------------------------------
 */
enum { BUILDERS = 32, HORIZON = 4 };
typedef struct {
  gm_session *s;
  gm_ctx *parent;
  int from, to;
} builder;

/* A card of a twin with HbA1c around a value of its own, at four times. */
static void card_fill(gm_ctx *ctx, int number, gm_text *out)
{
  static const double level[7] = {-1.96, -1.645, -0.674, 0, 0.674, 1.645, 1.96};
  gm_card_forecast f[HORIZON];
  double draw[GM_CARD_DRAWS_MAX], mean = 5.5 + 4 * (number * 0.618034 - (int)(number * 0.618034));
  for (int k = 0; k < GM_CARD_DRAWS_MAX; k++)
    draw[k] = mean + 0.5 * log((k + 0.5) / (GM_CARD_DRAWS_MAX - k - 0.5)) / 1.7;
  for (int i = 0; i < HORIZON; i++) {
    f[i] = (gm_card_forecast){.observable = "HbA1c",
                              .unit = "%",
                              .t_s = 1.7e9 + 30 * 86400.0 * (i + 1),
                              .mean = mean,
                              .sd = 0.5,
                              .draw = draw,
                              .draw_count = GM_CARD_DRAWS_MAX};
    for (int k = 0; k < 7; k++) {
      f[i].quantile[k] = mean + 0.5 * level[k];
      f[i].with_noise[k] = mean + 0.7 * level[k];
    }
  }
  gm_card_covariate v[] = {{.name = "age", .unit = "a", .level = "", .value = 20 + number % 70},
                           {.name = "sex", .unit = "", .level = number % 2 ? "female" : "male"}};
  gm_card_parameter p[] = {{"CL", "L/h", 3, 1, {1.5, 2.3, 3, 3.7, 4.5}},
                           {"V", "L", 30, 5, {22, 26, 30, 34, 38}}};
  gm_card c = {.health = GM_HEALTH_TRACKING,
               .level = GM_LEVEL_SHADOW,
               .t_made_s = 1.7e9,
               .t_datum_s = 1.7e9,
               .covariate = v,
               .parameter = p,
               .forecast = f,
               .covariate_count = 2,
               .parameter_count = 2,
               .forecast_count = HORIZON};
  out->bytes = 0;
  must(ctx, gm_card_write(ctx, &c, out));
}

static void *build(void *user)
{
  builder *b = user;
  gm_ctx *ctx = NULL;
  gm_text card;
  must(b->parent, gm_ctx_child(b->parent, &ctx));
  gm_text_init(&card, ctx);
  for (int i = b->from; i < b->to; i++) {
    int64_t twin = twin_of(ctx, b->s, 2000 + i);
    card_fill(ctx, i, &card);
    must(ctx, gm_store_card_put(b->s, ctx, twin, 1, card.data, card.bytes));
  }
  gm_text_free(&card);
  gm_ctx_free(ctx);
  return NULL;
}

static gm_status match(void *user, const gm_bank_match *m)
{
  (void)m;
  ++*(int64_t *)user;
  return GM_OK;
}

static void bank_measure(gm_ctx *ctx, gm_session *s)
{
  static const char query[] = "P(HbA1c > 8 % at +90 d) > 0.6 and age > 40";
  const char *wanted = getenv("GEMEL_BENCH_TWINS");
  int twins = wanted ? atoi(wanted) : 100000;
  builder b[BUILDERS];
  pthread_t thread[BUILDERS];
  gm_bank_totals totals = {0};
  int64_t found = 0;
  double begin = now_s(), best = 1e9;
  for (int i = 0; i < BUILDERS; i++) {
    b[i] = (builder){s, ctx, (int)((int64_t)twins * i / BUILDERS),
                     (int)((int64_t)twins * (i + 1) / BUILDERS)};
    pthread_create(&thread[i], NULL, build, &b[i]);
  }
  for (int i = 0; i < BUILDERS; i++) pthread_join(thread[i], NULL);
  printf("a bank of twins              %9.0f twins/s made, with consent and card\n",
         twins / (now_s() - begin));
  for (int i = 0; i < 3; i++) {
    found = 0;
    begin = now_s();
    must(ctx, gm_bank_find(s, ctx, query, match, &found, &totals));
    if (now_s() - begin < best) best = now_s() - begin;
  }
  printf("  %s\n", query);
  printf("  asked of %-9lld           %9.0f ms, %lld found\n", (long long)totals.twins, 1e3 * best,
         (long long)found);
  gm_bank_question q = {.observable = "HbA1c", .after_s = NAN};
  gm_bank_sum sum;
  begin = now_s();
  must(ctx, gm_bank_aggregate(s, ctx, &q, &sum));
  printf("  mean and sum over them     %9.0f ms\n", 1e3 * (now_s() - begin));
}

typedef struct {
  gm_store *store;
  gm_session *s;
} opened;

static opened open_at(gm_ctx *ctx, const char *url)
{
  opened o = {NULL, NULL};
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "bench"};
  gm_store_options options = {.url = url, .master = "env:GEMEL_BENCH_KEY", .create = true};
  must(ctx, gm_store_open(ctx, &options, &o.store));
  must(ctx, gm_session_open(o.store, ctx, &who, &o.s));
  return o;
}

static void close_it(opened *o)
{
  gm_session_close(o->s);
  gm_store_close(o->store);
}

static void sqlite_remove(const char *path)
{
  static const char *const end[] = {"", "-wal", "-shm"};
  char name[420];
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, end[i]);
    unlink(name);
  }
}

/* The same on both, by turns, as machines are noisy. */
static void both_measure(gm_ctx *ctx, opened *sqlite, const char *url)
{
  opened pg = {NULL, NULL};
  if (url) pg = open_at(ctx, url);
  printf("SQLite\n");
  writers_measure(ctx, sqlite->s);
  if (url) printf("PostgreSQL\n");
  if (url) writers_measure(ctx, pg.s);
  printf("SQLite\n");
  year_measure(ctx, sqlite->s);
  if (url) printf("PostgreSQL\n");
  if (url) year_measure(ctx, pg.s);
  if (url) close_it(&pg);
}

int main(int argc, char **argv)
{
  char path[400], probe[420];
  gm_ctx *ctx = NULL;
  const char *url = getenv("GEMEL_BENCH_PG"), *twins = getenv("GEMEL_BENCH_TWINS");
  snprintf(path, sizeof path, "%s/gemel-bench-%d.db", argc > 1 ? argv[1] : ".", (int)getpid());
  snprintf(probe, sizeof probe, "%s.probe", path);
  setenv("GEMEL_BENCH_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  if (gm_ctx_new(NULL, &ctx)) return 3;
  printf("disk                         %9.0f syncs/s\n", syncs_per_s(probe));
  opened sqlite = open_at(ctx, path);
  both_measure(ctx, &sqlite, url && url[0] ? url : NULL);
  if (!twins || atoi(twins)) bank_measure(ctx, sqlite.s);
  close_it(&sqlite);
  gm_ctx_free(ctx);
  sqlite_remove(path);
  return 0;
}
