/* fault.h - an allocator that counts, and fails when it is told to.
 * Used to show that every constructor survives the failure of its n-th allocation and leaks
 * nothing. Threads: calls of the allocator may come from several threads; the rest from one. */
#ifndef GEMEL_TESTS_FAULT_H
#define GEMEL_TESTS_FAULT_H
#include "gemel/base.h"
#include <stdatomic.h>

typedef struct {
  _Atomic int64_t calls;   /* allocations asked for since fault_arm or fault_init */
  _Atomic int64_t live;    /* blocks had and not yet freed */
  _Atomic int64_t failed;  /* allocations refused since fault_arm */
  _Atomic int64_t fail_at; /* the call with this number fails; 0: none */
  _Atomic bool fail_after; /* so do all calls behind it */
} fault;

void fault_init(fault *f);
gm_allocator fault_allocator(fault *f); /* borrows f */
/* A context on this allocator (itself one live block). Fails the running test if there is none. */
gm_ctx *fault_ctx(fault *f);
/* From now on call number n fails (n = 1: the next one), and with `after` all later ones too. */
void fault_arm(fault *f, int64_t n, bool after);
void fault_disarm(fault *f);

/* Makes a thing with ctx and frees it again; returns the status of making. It must do the same
 * each time it is called. */
typedef gm_status fault_trial(gm_ctx *ctx, void *user);
/* Runs the trial with the first, the second, ... allocation failing, alone and with all behind it,
 * until it comes through with none refused. Fails the running cmocka test unless every refusal gave
 * GM_ENOMEM with a message and left no block behind. Returns the number of allocations of a trial
 * that succeeds. */
int64_t fault_sweep(const char *what, fault_trial *trial, void *user);
/* The same for a thing that may do without (a refused allocation may give GM_OK as well). */
int64_t fault_sweep_tolerant(const char *what, fault_trial *trial, void *user);
#endif
