/* field_step.c - fields of the size of IIRABM (101 x 101 sites, 14 fields, its shares and decays):
 * steps a second of the kind `agents` and, in the same run, of a plain program that holds a record
 * a site and gives each neighbour its part. Both spread, decay, cut off below 0.01 and sum up every
 * field at each step. CPU time of one core, the best of five. usage: field_step [steps] */
#include "gemel/agents.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { W = 101, H = 101, FIELDS = 14, TRIES = 5 };
static const double share[FIELDS] = {1,   1,   0.4, 0.6, 0.6, 0.6, 0.6,
                                     0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8};
static const double stays[FIELDS] = {0.7, 0.95, 0.7, 0.7, 0.8,  0.8,  0.7,
                                     0.9, 0.9,  0.9, 0.8, 0.95, 0.95, 0.8};

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Something to spread: in a few sites a little of everything comes up at each step. */
static int32_t wound(int i) { return (50 + i % 5) * W + 48 + i / 5; }

/* ---- plain ----------------------------------------------------------------------------------- */
typedef struct {
  double f[FIELDS];
} site;
static site plain[W * H], before[W * H];
static double plain_total[FIELDS];

static void plain_spread(int x, int y)
{
  const site *from = &before[y * W + x];
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++) {
      if (!dx && !dy) continue;
      site *to = &plain[(y + dy + H) % H * W + (x + dx + W) % W];
      for (int k = 0; k < FIELDS; k++) to->f[k] += share[k] / 8 * from->f[k];
    }
}

static void plain_step(void)
{
  for (int i = 0; i < 25; i++)
    for (int k = 0; k < FIELDS; k++) plain[wound(i)].f[k] += 10;
  memcpy(before, plain, sizeof before);
  for (int i = 0; i < W * H; i++)
    for (int k = 0; k < FIELDS; k++) plain[i].f[k] *= 1 - share[k];
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) plain_spread(x, y);
  memset(plain_total, 0, sizeof plain_total);
  for (int i = 0; i < W * H; i++)
    for (int k = 0; k < FIELDS; k++) {
      double v = plain[i].f[k] * stays[k];
      plain[i].f[k] = v < 0.01 ? 0 : v;
      plain_total[k] += plain[i].f[k];
    }
}

/* ---- Gemel ----------------------------------------------------------------------------------- */
static double total[FIELDS];

static void wounds(gm_agents_turn *t)
{
  for (int k = 0; k < FIELDS; k++) {
    double *f = gm_agents_field_of(t->world, k);
    for (int i = 0; i < 25; i++) f[wound(i)] += 10;
  }
}

static void sums(gm_agents_turn *t)
{
  for (int k = 0; k < FIELDS; k++) total[k] = gm_agents_field_total(t->world, k);
}

static gm_status make(gm_ctx *ctx, gm_model **out)
{
  static char name[FIELDS][8];
  gm_agents_field field[FIELDS];
  for (int k = 0; k < FIELDS; k++) {
    (void)snprintf(name[k], sizeof name[k], "f%d", k);
    field[k] = (gm_agents_field){.name = name[k],
                                 .spread = GM_AGENTS_SHARE8,
                                 .diffusion = share[k],
                                 .decay = 1 - stays[k],
                                 .least = 0.01};
  }
  const gm_agents_config c = {.step = 1,
                              .space = GM_AGENTS_MOORE,
                              .width = W,
                              .height = H,
                              .field = field,
                              .field_count = FIELDS,
                              .before = wounds,
                              .after = sums};
  return gm_model_new(ctx, &gm_agents_type, &c, out);
}

typedef struct {
  gm_ctx *ctx;
  gm_model *m;
  gm_work *work;
  gm_arena *arena;
  void *obj;
} engine;

static gm_status engine_open(engine *e)
{
  gm_status s = gm_ctx_new(NULL, &e->ctx);
  if (!s) s = make(e->ctx, &e->m);
  if (!s) s = e->m->type->work_new(e->m, e->ctx, &e->work);
  if (!s) s = e->m->type->obj_new(e->m, e->ctx, &e->obj);
  return s ? s : gm_arena_new(e->ctx, 0, &e->arena);
}

static void engine_close(engine *e)
{
  e->m->type->obj_free(e->m, e->obj);
  e->m->type->work_free(e->work);
  gm_arena_free(e->arena);
  gm_model_free(e->m);
  gm_ctx_free(e->ctx);
}

/* The best rate of several runs from the beginning. */
static double gemel_rate(engine *e, int steps)
{
  double best = 0;
  int8_t status = 0;
  gm_batch b = {.n = 1, .obj = &e->obj, .status = &status};
  for (int k = 0; k < TRIES; k++) {
    gm_span span = {.t0 = 0, .t1 = steps};
    e->m->type->init(e->m, e->work, &b, 0);
    double t = seconds();
    e->m->type->advance(e->m, e->work, &b, &span, e->arena);
    best = fmax(best, steps / (seconds() - t));
  }
  if (status) printf("the member has status %d\n", status);
  return best;
}

static double plain_rate(int steps)
{
  double best = 0;
  for (int k = 0; k < TRIES; k++) {
    memset(plain, 0, sizeof plain);
    double t = seconds();
    for (int i = 0; i < steps; i++) plain_step();
    best = fmax(best, steps / (seconds() - t));
  }
  return best;
}

int main(int argc, char **argv)
{
  int steps = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000, few = steps / 10 + 1;
  const char *const isa[] = {"avx512", "avx2", "scalar"};
  double worst = 0, by_plain = plain_rate(few);
  printf("%d x %d sites, %d fields: spread, decay, cut-off, sums\n", W, H, FIELDS);
  printf("  plain (record a site)  %9.0f steps/s\n", by_plain);
  for (int k = 0; k < 3; k++) {
    engine e = {0};
    setenv("GEMEL_ISA", isa[k], 1);
    if (engine_open(&e)) {
      printf("%s\n", gm_message(e.ctx));
      return 1;
    }
    (void)gemel_rate(&e, few); /* as many steps as the plain one has made: the same numbers */
    for (int i = 0; i < FIELDS; i++)
      worst = fmax(worst, fabs(total[i] - plain_total[i]) / (1 + plain_total[i]));
    double rate = gemel_rate(&e, steps);
    printf("  Gemel, at most %-7s %9.0f steps/s  (%.1f times)\n", isa[k], rate, rate / by_plain);
    engine_close(&e);
  }
  printf("  largest relative difference of a total: %.1e\n", worst);
  return worst < 1e-9 ? 0 : 1;
}
