/* store_bench.c - how many observations a second are acknowledged, and how many for each sync of
 * the disk, beside the disk's own syncs in the same folder; and a year of 5-minute data read back.
 */
#include "gemel/store.h"
#include <fcntl.h>
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
  gm_store *s;
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

static int64_t twin_of(gm_ctx *ctx, gm_store *s, int number)
{
  char name[40];
  int64_t subject = 0, twin = 0;
  snprintf(name, sizeof name, "subject %d", number);
  must(ctx, gm_store_subject(s, ctx, name, true, &subject));
  must(ctx, gm_store_twin(s, ctx, subject, name, true, &twin));
  return twin;
}

static void writers_measure(gm_ctx *ctx, gm_store *s, double syncs)
{
  static writer w[WRITERS];
  pthread_t thread[WRITERS];
  _Atomic bool stop = false;
  int64_t sum = 0;
  for (int i = 0; i < WRITERS; i++) w[i] = (writer){s, ctx, twin_of(ctx, s, i), i, &stop, 0};
  int64_t commits = gm_store_commits(s);
  double begin = now_s();
  for (int i = 0; i < WRITERS; i++) pthread_create(&thread[i], NULL, write_on, &w[i]);
  while (now_s() - begin < seconds) usleep(10000);
  atomic_store(&stop, true);
  for (int i = 0; i < WRITERS; i++) pthread_join(thread[i], NULL);
  double rate = 0, took = now_s() - begin;
  for (int i = 0; i < WRITERS; i++) sum += w[i].count;
  rate = (double)sum / took;
  printf("disk                         %9.0f syncs/s\n", syncs);
  printf("%d writers, 1 a call         %9.0f acknowledged/s, %.0f a commit\n", WRITERS, rate,
         (double)sum / (double)(gm_store_commits(s) - commits));
}

static gm_status count(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int64_t *)user;
  return GM_OK;
}

static void year_measure(gm_ctx *ctx, gm_store *s)
{
  static char id[BATCH][24];
  static gm_entry e[BATCH];
  int64_t twin = twin_of(ctx, s, 1000), found = 0;
  double begin = now_s();
  for (int k = 0; k < YEAR; k += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      snprintf(id[i], sizeof id[i], "%d", k + i);
      e[i] = (gm_entry){
          GM_RECORD_OBSERVATION, "glucose", 1.7e9 + 300.0 * (k + i), "sensor", id[i], "1",
          "112 mg/dL",           9};
    }
    must(ctx, gm_store_append(s, ctx, twin, e, BATCH, NULL));
  }
  double wrote = now_s() - begin;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = "glucose"};
  double best = 1e9;
  for (int i = 0; i < 5; i++) {
    found = 0;
    begin = now_s();
    must(ctx, gm_store_read(s, ctx, &q, count, &found));
    if (now_s() - begin < best) best = now_s() - begin;
  }
  printf("a year of 5-minute data      %9.0f records/s by days; read of %lld in %.0f ms\n",
         YEAR / wrote, (long long)found, 1e3 * best);
}

int main(int argc, char **argv)
{
  char path[400], probe[420];
  gm_ctx *ctx = NULL;
  gm_store *s = NULL;
  snprintf(path, sizeof path, "%s/gemel-bench-%d.db", argc > 1 ? argv[1] : ".", (int)getpid());
  snprintf(probe, sizeof probe, "%s.probe", path);
  setenv("GEMEL_BENCH_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  if (gm_ctx_new(NULL, &ctx)) return 3;
  gm_store_options o = {.url = path, .master = "env:GEMEL_BENCH_KEY", .create = true};
  must(ctx, gm_store_open(ctx, &o, &s));
  writers_measure(ctx, s, syncs_per_s(probe));
  year_measure(ctx, s);
  gm_store_close(s);
  gm_ctx_free(ctx);
  for (int i = 0; i < 3; i++) {
    static const char *const end[] = {"", "-wal", "-shm"};
    snprintf(probe, sizeof probe, "%s%s", path, end[i]);
    unlink(probe);
  }
  return 0;
}
