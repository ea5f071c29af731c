/* base.h - status codes, the context (memory, messages, log), scratch arenas.
 *
 * Errors: a function that can fail returns gm_status; its outputs come last and are untouched on
 * failure. The text of the last failure lies in a fixed buffer inside the context, so that it can
 * be read even when there is no memory left. A programmer's error is an assert.
 * Threads: a context belongs to one thread at a time; a worker gets its own by gm_ctx_child. */
#ifndef GEMEL_BASE_H
#define GEMEL_BASE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GM_API          __attribute__((visibility("default")))
#define GM_NODISCARD    __attribute__((warn_unused_result))
#define GM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define GM_API
#define GM_NODISCARD
#define GM_PRINTF(f, a)
#endif

#define GM_STATUS_LIST(X)                                                                          \
  X(GM_OK, "done")                                                                                 \
  X(GM_ENOMEM, "out of memory")                                                                    \
  X(GM_EINVAL, "bad argument")                                                                     \
  X(GM_ERANGE, "number out of its range")                                                          \
  X(GM_EDOMAIN, "value not finite or outside its domain")                                          \
  X(GM_EFULL, "full")                                                                              \
  X(GM_EPARSE, "text does not follow its grammar")                                                 \
  X(GM_EUNIT, "units missing or not compatible")                                                   \
  X(GM_EIO, "reading or writing failed")                                                           \
  X(GM_ENOTFOUND, "not found")                                                                     \
  X(GM_EUNSUPPORTED, "known, but not supported")                                                   \
  X(GM_ENUMERIC, "the numbers did not come out")                                                   \
  X(GM_ECPU, "this processor cannot run Gemel")                                                    \
  X(GM_ECANCELLED, "stopped on request")                                                           \
  X(GM_EBUSY, "held by another process")                                                           \
  X(GM_EEXIST, "is there already")                                                                 \
  X(GM_EDENIED, "not allowed")                                                                     \
  X(GM_EINTERNAL, "an error in Gemel itself")

typedef enum {
#define GM_X(code, text) code,
  GM_STATUS_LIST(GM_X)
#undef GM_X
      GM_STATUS_COUNT
} gm_status;

GM_API const char *gm_status_name(gm_status s); /* "GM_ENOMEM"; static text */
GM_API const char *gm_status_text(gm_status s); /* "out of memory"; static text */
GM_API const char *gm_version(void);

/* ---- context ------------------------------------------------------------------------------ */
typedef struct gm_ctx gm_ctx;

/* How memory is had. alloc returns bytes aligned for any type, or NULL. user is borrowed until the
 * context is freed. Calls may come from several threads. */
typedef struct {
  void *(*alloc)(void *user, size_t bytes);
  void (*free)(void *user, void *p);
  void *user;
} gm_allocator;

typedef enum { GM_LOG_ERROR, GM_LOG_WARNING, GM_LOG_INFO, GM_LOG_DEBUG } gm_log_level;
/* text never holds patient data. A worker's context logs from the worker's thread, so that calls
 * may come from several threads at once. */
typedef void gm_logger(void *user, gm_log_level level, const char *text);

typedef struct {
  gm_allocator allocator; /* all NULL: malloc and free */
  gm_logger *logger;      /* NULL: silent */
  void *logger_user;      /* borrowed until the context is freed */
} gm_ctx_options;

/* Makes a context. options may be NULL. *out is owned by the caller.
 * Fails: GM_ENOMEM; GM_ECPU on a processor below x86-64-v3 (AVX2 and FMA). */
GM_API GM_NODISCARD gm_status gm_ctx_new(const gm_ctx_options *options, gm_ctx **out);
/* A context with the same allocator and logger and a message buffer of its own, for one worker. */
GM_API GM_NODISCARD gm_status gm_ctx_child(gm_ctx *parent, gm_ctx **out);
GM_API void gm_ctx_free(gm_ctx *ctx); /* NULL ok; children must be freed first */

/* Records a message and returns s, so that `return gm_fail(ctx, GM_ERANGE, "...")` reads well.
 * The message replaces the last one; it is cut at 1,023 bytes. ctx may be NULL (no message). */
GM_API gm_status gm_fail(gm_ctx *ctx, gm_status s, const char *format, ...) GM_PRINTF(3, 4);
/* Puts "text: " in front of the present message; used to add where (file, line, field). */
GM_API gm_status gm_fail_at(gm_ctx *ctx, gm_status s, const char *format, ...) GM_PRINTF(3, 4);
GM_API const char *gm_message(const gm_ctx *ctx); /* borrowed until the next failure; "" if none */
GM_API void gm_message_clear(gm_ctx *ctx);
GM_API void gm_message_copy(gm_ctx *to, const gm_ctx *from);
GM_API void gm_log(gm_ctx *ctx, gm_log_level level, const char *format, ...) GM_PRINTF(3, 4);

/* Zeroed memory for count things of bytes each (overflow is checked). NULL when there is none or
 * when count is negative; a count of 0 gives a valid pointer. Freed by gm_free from any thread. */
GM_API void *gm_alloc(gm_ctx *ctx, ptrdiff_t count, size_t bytes);
/* Like realloc: *p keeps its content on failure; new memory is zeroed. Needs the count before. */
GM_API GM_NODISCARD gm_status gm_grow(gm_ctx *ctx, void *p_address, ptrdiff_t count_old,
                                      ptrdiff_t count_new, size_t bytes);
GM_API char *gm_strdup(gm_ctx *ctx, const char *text);                   /* NULL when no memory */
GM_API char *gm_strndup(gm_ctx *ctx, const char *text, ptrdiff_t bytes); /* likewise */
GM_API void gm_free(void *p);                                            /* NULL ok */

/* ---- growing text -------------------------------------------------------------------------- */
/* A growing byte string. On failure it stays as it was, status tells (GM_ENOMEM; GM_EINVAL where a
 * format cannot be printed) and it takes nothing more, so that a writer may check once at its
 * end. */
typedef struct {
  gm_ctx *ctx;
  char *data; /* owned; always ends in NUL once something was added */
  size_t bytes, room;
  gm_status status;
} gm_text;
GM_API void gm_text_init(gm_text *t, gm_ctx *ctx);
GM_API void gm_text_add(gm_text *t, const char *text);
GM_API void gm_text_addn(gm_text *t, const char *text, size_t bytes);
GM_API void gm_text_addf(gm_text *t, const char *format, ...) GM_PRINTF(2, 3);
GM_API void gm_text_free(gm_text *t);

/* Finds damage in saved bytes; no protection against forgery. FNV-1a by words of eight bytes, mixed
 * with the length at the end. Little-endian, as every machine that Gemel runs on. Threads: none. */
GM_API uint64_t gm_checksum(const void *data, size_t bytes);

/* Reads a whole file of at most bytes_max bytes, NUL added. *out is owned by the caller.
 * Fails: GM_EIO (with path and reason), GM_ERANGE (longer than bytes_max), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_file_read(gm_ctx *ctx, const char *path, size_t bytes_max,
                                           char **out, size_t *bytes_out);
/* Writes a file whole or not at all: into "path.<process>.<number>" beside it, to the disk, then
 * renamed. Fails: GM_EIO (with path and reason), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_file_write(gm_ctx *ctx, const char *path, const char *data,
                                            size_t bytes);

/* ---- scratch ------------------------------------------------------------------------------- */
/* A stack of scratch memory. get returns zeroed memory valid until the arena is wound back to a
 * mark taken before it. Grows by blocks; a block once had is kept until free. */
typedef struct gm_arena gm_arena;
typedef struct {
  void *block;
  size_t used;
} gm_arena_mark;
GM_API GM_NODISCARD gm_status gm_arena_new(gm_ctx *ctx, size_t block_bytes, gm_arena **out);
GM_API void gm_arena_free(gm_arena *a);                                /* NULL ok */
GM_API void *gm_arena_get(gm_arena *a, ptrdiff_t count, size_t bytes); /* NULL when no memory */
GM_API gm_arena_mark gm_arena_at(const gm_arena *a);
GM_API void gm_arena_back(gm_arena *a, gm_arena_mark mark);

/* ---- workers -------------------------------------------------------------------------------- */
/* A fixed set of threads. Tasks are numbered; which worker runs a task is not fixed, so a task must
 * write only to places of its own, and reductions over tasks are done in task order afterwards. */
typedef struct gm_pool gm_pool;
typedef gm_status gm_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx);
/* worker_count 0: as many as processors this process may use. One worker: the caller itself. */
GM_API GM_NODISCARD gm_status gm_pool_new(gm_ctx *ctx, int32_t worker_count, gm_pool **out);
GM_API void gm_pool_free(gm_pool *p);             /* NULL ok */
GM_API int32_t gm_pool_workers(const gm_pool *p); /* p NULL: 1 */
/* Runs tasks 0..task_count-1. Returns the status of the failed task with the lowest number, its
 * message copied to ctx; tasks not yet begun when one fails are left out only if their number is
 * higher. pool NULL: all in the caller. The message of ctx is cleared first; after a task that
 * failed without one it is "". A pool does one run at a time: not from two threads at once, and not
 * from within a task of the same pool. */
GM_API GM_NODISCARD gm_status gm_pool_run(gm_pool *p, gm_ctx *ctx, int32_t task_count, gm_task *f,
                                          void *user);

/* ---- stopping ------------------------------------------------------------------------------- */
/* A long method asks this between pieces of work. The function may be called from any thread. */
typedef struct {
  bool (*stop)(void *user);                                        /* NULL: never */
  void (*progress)(void *user, const char *what, double fraction); /* NULL: none */
  void *user;
} gm_watch;
GM_API bool gm_watch_stop(const gm_watch *w); /* w may be NULL */
GM_API void gm_watch_progress(const gm_watch *w, const char *what, double fraction);

#ifdef __cplusplus
}
#endif
#endif
