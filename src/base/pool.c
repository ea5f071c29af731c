/* pool.c - a fixed set of threads that take numbered tasks from one counter. */
#include "gemel/base.h"
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

typedef struct {
  gm_pool *pool;
  pthread_t thread;
  gm_ctx *ctx;
  int32_t index;
  int32_t failed_task; /* lowest of this worker, or INT32_MAX */
  gm_status failed_status;
} worker;

struct gm_pool {
  gm_ctx *ctx;
  int32_t worker_count, started;
  pthread_mutex_t lock;
  pthread_cond_t wake, done;
  uint64_t round; /* grows by one for each run */
  int32_t busy;
  bool closing;
  gm_task *f; /* the run in progress */
  void *user;
  int32_t task_count;
  _Atomic int32_t next, failed; /* failed: lowest failed task seen so far */
  worker w[];
};

static void work(worker *w, gm_ctx *ctx)
{
  gm_pool *p = w->pool;
  for (;;) {
    int32_t task = atomic_fetch_add(&p->next, 1);
    if (task >= p->task_count || task > atomic_load(&p->failed)) return;
    gm_message_clear(ctx); /* what an earlier task left is not this one's message */
    gm_status s = p->f(p->user, task, w->index, ctx);
    if (!s) continue;
    if (task < w->failed_task) {
      w->failed_task = task;
      w->failed_status = s;
    }
    int32_t seen = atomic_load(&p->failed);
    while (task < seen && !atomic_compare_exchange_weak(&p->failed, &seen, task)) {}
    return; /* the message of this worker stays that of its failed task */
  }
}

static void *worker_main(void *arg)
{
  worker *w = arg;
  gm_pool *p = w->pool;
  uint64_t round = 0;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    while (p->round == round && !p->closing) pthread_cond_wait(&p->wake, &p->lock);
    if (p->closing) break;
    round = p->round;
    pthread_mutex_unlock(&p->lock);
    work(w, w->ctx);
    pthread_mutex_lock(&p->lock);
    if (--p->busy == 0) pthread_cond_signal(&p->done);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

static int32_t processors(void)
{
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int n = CPU_COUNT(&set);
  return n < 1 ? 1 : n > 256 ? 256 : n;
}

gm_status gm_pool_new(gm_ctx *ctx, int32_t worker_count, gm_pool **out)
{
  assert(ctx && out);
  if (worker_count < 0 || worker_count > 1024)
    return gm_fail(ctx, GM_ERANGE, "%d workers; 0 to 1024 can be had", (int)worker_count);
  if (worker_count == 0) worker_count = processors();
  gm_pool *p = gm_alloc(ctx, 1, sizeof *p + (size_t)worker_count * sizeof p->w[0]);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "pool of %d workers", (int)worker_count);
  p->ctx = ctx;
  p->worker_count = worker_count;
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->wake, NULL);
  pthread_cond_init(&p->done, NULL);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < worker_count && !s; i++) {
    worker *w = &p->w[i];
    w->pool = p;
    w->index = i;
    s = gm_ctx_child(ctx, &w->ctx);
    if (s || i == 0) continue; /* worker 0 is the caller */
    if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
      s = gm_fail(ctx, GM_ENOMEM, "thread %d of %d", (int)i, (int)worker_count);
    else
      p->started++;
  }
  if (s) {
    gm_pool_free(p);
    return s;
  }
  *out = p;
  return GM_OK;
}

void gm_pool_free(gm_pool *p)
{
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  p->closing = true;
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  for (int32_t i = 1; i <= p->started; i++) pthread_join(p->w[i].thread, NULL);
  for (int32_t i = 0; i < p->worker_count; i++) gm_ctx_free(p->w[i].ctx);
  pthread_cond_destroy(&p->wake);
  pthread_cond_destroy(&p->done);
  pthread_mutex_destroy(&p->lock);
  gm_free(p);
}

int32_t gm_pool_workers(const gm_pool *p) { return p ? p->worker_count : 1; }

static gm_status run_alone(gm_ctx *ctx, int32_t task_count, gm_task *f, void *user)
{
  for (int32_t i = 0; i < task_count; i++) {
    gm_message_clear(ctx);
    gm_status s = f(user, i, 0, ctx);
    if (s) return s;
  }
  return GM_OK;
}

gm_status gm_pool_run(gm_pool *p, gm_ctx *ctx, int32_t task_count, gm_task *f, void *user)
{
  assert(f && task_count >= 0);
  gm_message_clear(ctx);
  if (!p || p->worker_count == 1 || task_count < 2) return run_alone(ctx, task_count, f, user);
  p->f = f;
  p->user = user;
  p->task_count = task_count;
  atomic_store(&p->next, 0);
  atomic_store(&p->failed, INT32_MAX);
  for (int32_t i = 0; i < p->worker_count; i++) p->w[i].failed_task = INT32_MAX;
  pthread_mutex_lock(&p->lock);
  p->busy = p->worker_count - 1;
  p->round++;
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  work(&p->w[0], p->w[0].ctx);
  pthread_mutex_lock(&p->lock);
  while (p->busy) pthread_cond_wait(&p->done, &p->lock);
  pthread_mutex_unlock(&p->lock);
  int32_t first = atomic_load(&p->failed);
  for (int32_t i = 0; i < p->worker_count; i++) {
    if (p->w[i].failed_task != first || first == INT32_MAX) continue;
    gm_message_copy(ctx, p->w[i].ctx);
    return p->w[i].failed_status;
  }
  return GM_OK;
}
