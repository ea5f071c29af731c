/* kernel.h - lane code as machine code: C made from the bytecode, compiled by the system's compiler
 * in the background, kept in a cache by content, taken into use when ready. Bits do not change:
 * before use every code is run against the bytecode (any NaN counts as equal to any other).
 *
 * Environment, read when a kernel is started:
 *   GEMEL_KERNEL=off   no kernels;  now: the compiler starts at once (else after a quarter of a
 *                      second, so that short runs do not pay for a kernel they never use)
 *   GEMEL_CC           the compiler: one program, no arguments (default: cc, looked up in PATH)
 *   GEMEL_CACHE        folder (default: $XDG_CACHE_HOME/gemel, else ~/.cache/gemel); kernels lie in
 *                      its folder `kernels`, mode 0700, refused when others can get at it */
#ifndef GEMEL_EQUATIONS_KERNEL_H
#define GEMEL_EQUATIONS_KERNEL_H
#include "kinds/equations/lanes.h"

/* One code of a machine, compiled. */
typedef void lane_native(gm_v8 *reg, const gm_vmath *f);

typedef struct lane_kernel lane_kernel;

/* Starts making the kernel of a machine (all its codes; ids 0..code_count-1). Never fails for
 * want of a compiler, a cache or a thread: then the bytecode stays and the log says why. The
 * machine must outlive the kernel, unchanged; ctx need not, its allocator and logger must (the
 * background thread calls both).
 * Fails: GM_ENOMEM. */
GM_NODISCARD gm_status lane_kernel_start(gm_ctx *ctx, const lane_machine *m, lane_kernel **out);
/* Ends the background work (a compiler that is running is stopped; a write to the cache is not cut
 * short). No code of the table may be running. NULL ok. */
void lane_kernel_free(lane_kernel *k);
/* Table of natives by code id once ready, else NULL; in it NULL: that code stays bytecode (it holds
 * an operator that cannot be said in C, or is empty). Any thread, no lock. k may be NULL. */
lane_native *const *lane_kernel_table(const lane_kernel *k);
/* Waits until it is ready or given up, without the delay at the start; true: ready. Any thread. */
bool lane_kernel_wait(lane_kernel *k);
/* The C text (for `gemel check --kernel`), appended. Fails: GM_ENOMEM, GM_EINTERNAL. */
GM_NODISCARD gm_status lane_kernel_source(const lane_machine *m, gm_text *out);
#endif
