/* fault.c - an allocator that counts and fails on order. */
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

enum { SWEEP_MAX = 1000000 };

static void *alloc(void *user, size_t bytes)
{
  fault *f = user;
  int64_t call = atomic_fetch_add(&f->calls, 1) + 1, at = atomic_load(&f->fail_at);
  if (at && (call == at || (call > at && atomic_load(&f->fail_after)))) {
    atomic_fetch_add(&f->failed, 1);
    return NULL;
  }
  void *p = malloc(bytes);
  if (p) atomic_fetch_add(&f->live, 1);
  return p;
}

static void release(void *user, void *p)
{
  fault *f = user;
  if (p) atomic_fetch_sub(&f->live, 1);
  free(p);
}

void fault_init(fault *f)
{
  atomic_init(&f->calls, 0);
  atomic_init(&f->live, 0);
  atomic_init(&f->failed, 0);
  atomic_init(&f->fail_at, 0);
  atomic_init(&f->fail_after, false);
}

gm_allocator fault_allocator(fault *f)
{
  return (gm_allocator){.alloc = alloc, .free = release, .user = f};
}

gm_ctx *fault_ctx(fault *f)
{
  gm_ctx *ctx = NULL;
  gm_ctx_options options = {.allocator = fault_allocator(f)};
  if (gm_ctx_new(&options, &ctx)) fail_msg("no context");
  return ctx;
}

void fault_arm(fault *f, int64_t n, bool after)
{
  atomic_store(&f->calls, 0);
  atomic_store(&f->failed, 0);
  atomic_store(&f->fail_after, after);
  atomic_store(&f->fail_at, n);
}

void fault_disarm(fault *f) { fault_arm(f, 0, false); }

/* One trial. Returns the number of allocations it asked for if none was refused, otherwise 0. */
static int64_t one(const char *what, fault_trial *trial, void *user, int64_t n, bool after,
                   bool tolerant)
{
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  fault_arm(&f, n, after);
  gm_status s = trial(ctx, user);
  int64_t calls = f.calls, failed = f.failed, live = f.live - 1;
  if (live != 0)
    fail_msg("%s: allocation %lld refused: %lld blocks left", what, (long long)n, (long long)live);
  if (!failed && s)
    fail_msg("%s: %s with nothing refused: %s", what, gm_status_name(s), gm_message(ctx));
  if (failed && s != GM_ENOMEM && !(tolerant && !s))
    fail_msg("%s: allocation %lld refused: %s (%s), GM_ENOMEM expected", what, (long long)n,
             gm_status_name(s), gm_message(ctx));
  if (failed && s && !gm_message(ctx)[0])
    fail_msg("%s: allocation %lld refused: no message", what, (long long)n);
  gm_ctx_free(ctx);
  if (f.live != 0) fail_msg("%s: the context itself was left", what);
  return failed ? 0 : calls;
}

static int64_t sweep(const char *what, fault_trial *trial, void *user, bool tolerant)
{
  for (int64_t n = 1; n < SWEEP_MAX; n++) {
    int64_t calls = one(what, trial, user, n, false, tolerant);
    if (calls || !one(what, trial, user, n, true, tolerant)) {
      if (calls) return calls;
      continue;
    }
    fail_msg("%s: does not ask for the same memory each time", what);
  }
  fail_msg("%s: still failing after %d refusals", what, SWEEP_MAX);
  return 0;
}

int64_t fault_sweep(const char *what, fault_trial *trial, void *user)
{
  return sweep(what, trial, user, false);
}

int64_t fault_sweep_tolerant(const char *what, fault_trial *trial, void *user)
{
  return sweep(what, trial, user, true);
}
