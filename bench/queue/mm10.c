/* mm10.c - patients a second through M/M/10 (arrivals 9, service 1): the queue engine, with keyed
 * draws, statistics and a member that can be saved at any time, beside a plain simulation with a
 * binary heap and a stateful generator, which can do nothing else. One core, CPU time, best of
 * five.
 * Build: cc -O2 -Iinclude bench/queue/mm10.c build/release/libgemel.a ... (bench/queue/run).
 * usage: mm10 [PATIENTS]   (default 2,000,000) */
#include "gemel/queue.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SERVERS = 10, PASSES = 5 };

static double cpu_s(void) { return (double)clock() / CLOCKS_PER_SEC; }

/* ---- plain ----------------------------------------------------------------------------------- */
static uint64_t xo[4];

static uint64_t rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }

/* xoshiro256++ (Blackman & Vigna, ACM Trans. Math. Softw. 47:36, 2021) */
static double plain_exponential(double mean)
{
  uint64_t r = rotate(xo[0] + xo[3], 23) + xo[0], t = xo[1] << 17;
  xo[2] ^= xo[0];
  xo[3] ^= xo[1];
  xo[1] ^= xo[2];
  xo[0] ^= xo[3];
  xo[2] ^= t;
  xo[3] = rotate(xo[3], 45);
  return -mean * log(((double)(r >> 11) + 0.5) * 0x1p-53);
}

typedef struct {
  double heap[SERVERS + 1]; /* ends of service */
  int count;
  double *line; /* arrival times of those who wait: a ring */
  size_t first, waiting, room;
} plain;

static void heap_push(plain *p, double t)
{
  int i = p->count++;
  for (; i > 0 && p->heap[(i - 1) / 2] > t; i = (i - 1) / 2) p->heap[i] = p->heap[(i - 1) / 2];
  p->heap[i] = t;
}

static void heap_pop(plain *p)
{
  double last = p->heap[--p->count];
  int i = 0;
  for (;;) {
    int c = 2 * i + 1;
    if (c >= p->count) break;
    if (c + 1 < p->count && p->heap[c + 1] < p->heap[c]) c++;
    if (p->heap[c] >= last) break;
    p->heap[i] = p->heap[c];
    i = c;
  }
  p->heap[i] = last;
}

static double plain_run(long patients, double *delayed)
{
  plain p = {.room = 1 << 16};
  double next = plain_exponential(1.0 / 9), wait = 0;
  long served = 0, late = 0;
  p.line = malloc(p.room * sizeof *p.line);
  if (!p.line) abort();
  while (served < patients) {
    if (p.count && p.heap[0] <= next) {
      double t = p.heap[0];
      heap_pop(&p);
      served++;
      if (!p.waiting) continue;
      wait += t - p.line[p.first++ % p.room];
      late++;
      p.waiting--;
      heap_push(&p, t + plain_exponential(1));
    } else {
      if (p.count < SERVERS)
        heap_push(&p, next + plain_exponential(1));
      else
        p.line[(p.first + p.waiting++) % p.room] = next;
      next += plain_exponential(1.0 / 9);
    }
  }
  free(p.line);
  *delayed = (double)late / (double)served;
  return wait / (double)served;
}

/* ---- the engine ------------------------------------------------------------------------------ */
static double engine_run(const gm_model *m, gm_work *work, void *obj, double t_end, uint64_t slot,
                         double y[3])
{
  double theta = 0, *none = &theta;
  int8_t status = 0;
  gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 0, 0);
  gm_batch b = {
      .n = 1, .obj = &obj, .theta = none, .psx = 1, .key = &key, .slot0 = slot, .status = &status};
  gm_span span = {.t1 = t_end, .sample = &t_end, .sample_count = 1, .y = y};
  m->type->init(m, work, &b, 0);
  m->type->advance(m, work, &b, &span, NULL);
  if (status) abort();
  return y[0];
}

static void must(gm_status s, gm_ctx *ctx)
{
  if (!s) return;
  fprintf(stderr, "%s\n", gm_message(ctx));
  exit(1);
}

int main(int argc, char **argv)
{
  long patients = argc > 1 ? strtol(argv[1], NULL, 10) : 2000000;
  gm_queue_stream in = {.name = "in", .to = "q", .rate = "9"};
  gm_queue_station q = {
      .name = "q", .servers = "10", .service = {.kind = GM_QUEUE_EXPONENTIAL, .a = "1"}};
  gm_queue_output out[] = {{.name = "gone", .measure = GM_QUEUE_DEPARTURES, .of = "q"},
                           {.name = "wait", .measure = GM_QUEUE_MEAN_WAIT, .of = "q"},
                           {.name = "late", .measure = GM_QUEUE_DELAYED, .of = "q"}};
  gm_queue_config config = {.stream = &in,
                            .stream_count = 1,
                            .station = &q,
                            .station_count = 1,
                            .output = out,
                            .output_count = 3};
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  gm_work *work = NULL;
  void *obj = NULL;
  must(gm_ctx_new(NULL, &ctx), ctx);
  must(gm_model_new(ctx, &gm_queue, &config, &m), ctx);
  must(m->type->work_new(m, ctx, &work), ctx);
  must(m->type->obj_new(m, ctx, &obj), ctx);
  double best[2] = {INFINITY, INFINITY}, y[3] = {0}, late = 0, wait = 0;
  for (int k = 0; k < 4; k++) xo[k] = gm_hash64(7, (uint64_t)k);
  for (int pass = 0; pass < PASSES; pass++) {
    double began = cpu_s();
    double served = engine_run(m, work, obj, (double)patients / 9, (uint64_t)pass, y);
    best[0] = fmin(best[0], (cpu_s() - began) / served);
    began = cpu_s();
    wait = plain_run(patients, &late);
    best[1] = fmin(best[1], (cpu_s() - began) / (double)patients);
  }
  printf("M/M/10, arrivals 9, service 1, %ld patients; theory: P(wait) = mean wait = 0.66873\n"
         "  queue engine  %6.2f M patients/s  (mean wait %.4f, P(wait) %.4f)\n"
         "  plain heap    %6.2f M patients/s  (mean wait %.4f, P(wait) %.4f)\n",
         patients, 1e-6 / best[0], y[1], y[2] / y[0], 1e-6 / best[1], wait, late);
  m->type->obj_free(m, obj);
  m->type->work_free(work);
  gm_model_free(m);
  gm_ctx_free(ctx);
  return 0;
}
