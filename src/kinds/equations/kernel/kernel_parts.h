/* kernel_parts.h - what the files of this folder share: the machine's codes as a list, the text
 * made from them, the cache, the compiler, the comparison with the bytecode. */
#ifndef GEMEL_EQUATIONS_KERNEL_PARTS_H
#define GEMEL_EQUATIONS_KERNEL_PARTS_H
#include "kinds/equations/kernel/kernel.h"

/* Grows by one whenever the generated text or the layout of a kernel changes its meaning. */
enum { KERNEL_ABI = 1 };

/* ---- kernel_walk.c */
/* list[m->code_count]: every code by its id; NULL only where setup was not made (id 0).
 * Fails: GM_EINTERNAL (two codes with one id, an id out of range or of no code). */
GM_NODISCARD gm_status kernel__walk(gm_ctx *ctx, const lane_machine *m, const lane_code **list);

/* ---- kernel_source.c */
/* Can this operator be said in C? (Quantiles cannot: their code stays bytecode.) */
bool kernel__has_op(int32_t op);
bool kernel__has_code(const lane_code *code); /* all its operators; false for an empty one */

/* ---- kernel_prelude.c: the operators in C for one instruction set */
void kernel__prelude(gm_text *t, gm_isa isa);

/* ---- kernel_cc.c: the system's compiler */
/* Told how long to wait [ms]; true: stop. */
typedef bool kernel_pause(void *user, int wait_ms);
/* Finds a program by name (as it is when it holds a slash, else along path). *out owned.
 * Fails: GM_ENOTFOUND, GM_ENOMEM. */
GM_NODISCARD gm_status kernel__cc_find(gm_ctx *ctx, const char *name, const char *path, char **out);
/* One line that changes when the compiler does: real path, bytes, time of change, and the flags. */
void kernel__cc_identity(gm_text *t, const char *cc, gm_isa isa);
typedef struct {
  const char *cc, *source, *output; /* output: path of the library to be made */
  size_t source_bytes;
  gm_isa isa;
  char *const *environment;
  kernel_pause *pause; /* asked every few ms; on true the compiler and its children are ended */
  void *user;
} kernel_cc;
/* Fails: GM_EIO (no process, compiler said no, time over), GM_ECANCELLED. */
GM_NODISCARD gm_status kernel__cc_run(gm_ctx *ctx, const kernel_cc *job);

/* ---- kernel_cache.c: one file a kernel: the library, the text it was made from, a checked tail */
/* Makes the folder (and those above it) with mode 0700 where it is missing. Fails: GM_EIO (also
 * when it belongs to someone else or others can get at it: files in it may have any mode). */
GM_NODISCARD gm_status kernel__folder(gm_ctx *ctx, const char *folder);
/* 128 bits of the content as 32 hexadecimal digits and NUL. Told apart by accident only: no
 * protection against forgery (the folder's owner is trusted; the text is compared in full). */
void kernel__hash(const char *data, size_t bytes, char hex[33]);
/* Is there a whole file at path, made from text? A file that is there and is not right is removed.
 * Fails: GM_ENOTFOUND (message: why), GM_ENOMEM. */
GM_NODISCARD gm_status kernel__cache_check(gm_ctx *ctx, const char *path, const gm_text *text);
/* Writes path from the library at `library`. Another process may do the same at once: the last
 * rename wins, both files are right. Fails: GM_EIO, GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status kernel__cache_store(gm_ctx *ctx, const char *path, const char *library,
                                           const gm_text *text);
/* Removes what crashed writers left, and the kernels not used for longest when there are many. */
void kernel__cache_trim(gm_ctx *ctx, const char *folder);

/* ---- kernel_check_scalar.c */
/* Runs every code on made-up registers in both forms and compares all registers. Returns the id of
 * the first code whose bytes differ (any NaN equals any NaN: the order of operands decides its sign
 * and payload), -1: none, -2: no memory. */
int32_t kernel__check(gm_ctx *ctx, const lane_machine *m, lane_native *const *table);
#endif
