/* simulate_run.c - replicates of a model, in blocks of members and pieces of time. */
#include "cli/simulate.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 64, PIECES_MAX = 64 };

typedef struct {
  cli *c;
  simulate_runs *r;
  gm_model_info info;
  int32_t pieces;
  gm_work **work;   /* [workers] */
  gm_arena **arena; /* [workers] */
} job;

/* One block: value i of member m at [i * BLOCK + m]. */
typedef struct {
  const job *j;
  gm_work *work;
  gm_arena *arena;
  int32_t first, n;
  double *x, *theta;
  int8_t status[BLOCK], call_status[BLOCK];
  gm_key key[BLOCK];
  uint64_t slot[BLOCK]; /* all 0: the replicate is in the key */
} block;

/* First row of a piece. */
static int32_t row_of(const job *j, int32_t piece)
{
  return (int32_t)((int64_t)j->r->time_count * piece / j->pieces);
}

static gm_batch batch_of(block *b)
{
  return (gm_batch){.n = b->n,
                    .sx = BLOCK,
                    .sm = 1,
                    .x = b->x,
                    .theta = b->theta,
                    .psx = BLOCK,
                    .psm = 1,
                    .key = b->key,
                    .slot = b->slot,
                    .status = b->call_status};
}

static void gather(block *b)
{
  for (int32_t m = 0; m < b->n; m++) b->status[m] = (int8_t)(b->status[m] | b->call_status[m]);
}

/* From the end of the piece before to the last row of this one, with the edges in between. A member
 * that failed does not move any more. */
static gm_span span_of(const block *b, int32_t m, int32_t piece, double t0, int32_t edge,
                       int32_t edge_end)
{
  const simulate_runs *r = b->j->r;
  int32_t row = row_of(b->j, piece), rows = row_of(b->j, piece + 1) - row;
  int32_t outputs = b->j->info.output_count;
  double *y = r->y + ((ptrdiff_t)(b->first + m) * r->time_count + row) * outputs;
  if (b->status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) {
    for (ptrdiff_t k = 0; k < (ptrdiff_t)rows * outputs; k++) y[k] = NAN;
    return (gm_span){.t0 = t0, .t1 = t0};
  }
  return (gm_span){.t0 = t0,
                   .t1 = r->time[row + rows - 1],
                   .edge = r->edge + edge,
                   .edge_count = edge_end - edge,
                   .sample = r->time + row,
                   .sample_count = rows,
                   .y = y};
}

static void block_piece(block *b, int32_t piece, double *t0, int32_t *edge)
{
  const simulate_runs *r = b->j->r;
  gm_span span[BLOCK];
  double t1 = r->time[row_of(b->j, piece + 1) - 1];
  int32_t end = *edge;
  while (end < r->edge_count && r->edge[end].t <= t1) end++;
  for (int32_t m = 0; m < b->n; m++) span[m] = span_of(b, m, piece, *t0, *edge, end);
  gm_batch batch = batch_of(b);
  r->model->type->advance(r->model, b->work, &batch, span, b->arena);
  gather(b);
  *t0 = t1;
  *edge = end;
}

static gm_status block_begin(block *b, gm_ctx *ctx)
{
  const simulate_runs *r = b->j->r;
  const gm_model_info *i = &b->j->info;
  b->x = gm_arena_get(b->arena, (ptrdiff_t)(i->state_count + 1) * BLOCK, sizeof *b->x);
  b->theta = gm_arena_get(b->arena, (ptrdiff_t)(i->parameter_count + 1) * BLOCK, sizeof *b->x);
  if (!b->x || !b->theta) return gm_fail(ctx, GM_ENOMEM, "members");
  for (int32_t m = 0; m < b->n; m++) {
    b->key[m] = gm_key_make(b->j->c->seed, GM_PURPOSE_INTRINSIC, 0, (uint64_t)(b->first + m));
    for (int32_t k = 0; k < i->parameter_count; k++)
      b->theta[(ptrdiff_t)k * BLOCK + m] = r->theta[k];
  }
  gm_batch batch = batch_of(b);
  r->model->type->init(r->model, b->work, &batch, r->begin);
  gather(b);
  return GM_OK;
}

static gm_status block_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const job *j = user;
  const simulate_runs *r = j->r;
  block b = {.j = j, .work = j->work[worker], .arena = j->arena[worker], .first = task * BLOCK};
  b.n = r->replicates - b.first < BLOCK ? r->replicates - b.first : BLOCK;
  if (cli_interrupted()) return GM_OK;
  gm_arena_mark mark = gm_arena_at(b.arena);
  double t0 = r->begin;
  int32_t edge = 0;
  gm_status s = block_begin(&b, ctx);
  for (int32_t p = 0; p < j->pieces && !s && !cli_interrupted(); p++) {
    block_piece(&b, p, &t0, &edge);
    for (int32_t m = 0; m < b.n; m++) r->rows[b.first + m] = row_of(j, p + 1);
    cli_progress_step(&j->c->progress);
  }
  memcpy(r->status + b.first, b.status, (size_t)b.n);
  gm_arena_back(b.arena, mark);
  return s;
}

static gm_status room(job *j, int32_t workers)
{
  simulate_runs *r = j->r;
  gm_ctx *ctx = j->c->ctx;
  gm_status s = GM_OK;
  ptrdiff_t rows = (ptrdiff_t)r->replicates * r->time_count;
  r->y = gm_alloc(ctx, rows * j->info.output_count, sizeof *r->y);
  r->rows = gm_alloc(ctx, r->replicates, sizeof *r->rows);
  r->status = gm_alloc(ctx, r->replicates, 1);
  j->work = gm_alloc(ctx, workers, sizeof *j->work);
  j->arena = gm_alloc(ctx, workers, sizeof *j->arena);
  if (!r->y || !r->rows || !r->status || !j->work || !j->arena)
    return gm_fail(ctx, GM_ENOMEM, "%g rows", (double)rows);
  for (int32_t w = 0; w < workers && !s; w++) {
    s = gm_arena_new(ctx, 1 << 16, &j->arena[w]);
    if (!s) s = r->model->type->work_new(r->model, ctx, &j->work[w]);
  }
  return s;
}

gm_status simulate_run(cli *c, simulate_runs *r)
{
  job j = {.c = c, .r = r};
  int32_t workers = gm_pool_workers(c->pool), blocks = (r->replicates + BLOCK - 1) / BLOCK;
  gm_model_get_info(r->model, &j.info);
  j.pieces = r->time_count < PIECES_MAX ? r->time_count : PIECES_MAX;
  gm_status s = room(&j, workers);
  cli_progress_begin(&c->progress, "simulation", blocks * j.pieces);
  if (!s) s = gm_pool_run(c->pool, c->ctx, blocks, block_task, &j);
  cli_progress_end(&c->progress);
  for (int32_t w = 0; w < workers; w++) {
    if (j.work && j.work[w]) r->model->type->work_free(j.work[w]);
    if (j.arena) gm_arena_free(j.arena[w]);
  }
  gm_free(j.work);
  gm_free(j.arena);
  return s;
}

void simulate_run_free(simulate_runs *r)
{
  gm_free(r->y);
  gm_free(r->rows);
  gm_free(r->status);
}
