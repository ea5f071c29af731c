/* kernel.c - one background thread a kernel: text, cache, compiler, check, into use. */
#include "kinds/equations/kernel/kernel_parts.h"
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

enum { DELAY_MS = 250, LOCK_POLL_MS = 20, ENVIRONMENT = 4, OPS_MAX = 200000 };

struct lane_kernel {
  const lane_machine *m;
  gm_ctx *ctx;                        /* the thread's; owned */
  char *cc;                           /* name or path of the compiler; owned */
  char *folder;                       /* "" : there is none; owned */
  char *path;                         /* PATH; owned */
  char *environment[ENVIRONMENT + 1]; /* of the compiler; owned */
  bool at_once, has_thread;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool done;             /* under the lock */
  int stop_fd, hurry_fd; /* eventfd: readable once it is to stop, to begin without delay */
  void *library;
  lane_native *const *_Atomic table;
};

/* What the generated text exports (kernel_source.c). */
typedef struct {
  unsigned long abi, table_bytes, lanes, count;
  lane_native *code[];
} kernel_export;

/* ---- surroundings, read once in the caller's thread ---------------------------------------- */
static const char *setting(const char *name)
{
  const char *v = secure_getenv(name);
  return v ? v : "";
}

static char *pair(gm_ctx *ctx, const char *name, const char *value)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_addf(&t, "%s=%s", name, value);
  return t.data;
}

static gm_status surroundings(lane_kernel *k, gm_ctx *ctx)
{
  static const char *const passed[] = {"PATH", "HOME", "TMPDIR"};
  const char *cc = setting("GEMEL_CC"), *mode = setting("GEMEL_KERNEL");
  const char *own = setting("GEMEL_CACHE"), *xdg = setting("XDG_CACHE_HOME");
  const char *home = setting("HOME");
  gm_text folder;
  gm_text_init(&folder, ctx);
  if (*own)
    gm_text_addf(&folder, "%s/kernels", own);
  else if (*xdg == '/') /* the XDG base directory specification: others are ignored */
    gm_text_addf(&folder, "%s/gemel/kernels", xdg);
  else if (*home)
    gm_text_addf(&folder, "%s/.cache/gemel/kernels", home);
  else
    gm_text_add(&folder, "");
  k->folder = folder.data;
  k->at_once = !strcmp(mode, "now");
  k->cc = gm_strdup(ctx, *cc ? cc : "cc");
  k->path = gm_strdup(ctx, setting("PATH"));
  int n = 0;
  bool ok = k->folder && k->cc && k->path;
  for (size_t i = 0; ok && i < sizeof passed / sizeof *passed; i++) {
    if (!*setting(passed[i])) continue;
    k->environment[n] = pair(ctx, passed[i], setting(passed[i]));
    ok = k->environment[n++];
  }
  if (ok) k->environment[n] = pair(ctx, "LC_ALL", "C");
  if (!ok || !k->environment[n]) return gm_fail(ctx, GM_ENOMEM, "kernel");
  return GM_OK;
}

/* ---- waiting ------------------------------------------------------------------------------- */
/* Up to ms, or until it is to stop (true), or while waiting for permission to begin: to hurry. */
static bool pause_for(lane_kernel *k, int ms, bool until_hurry)
{
  struct pollfd fd[2] = {{.fd = k->stop_fd, .events = POLLIN},
                         {.fd = k->hurry_fd, .events = POLLIN}};
  (void)!poll(fd, until_hurry ? 2 : 1, ms); /* signals are blocked here: it is not cut short */
  return fd[0].revents != 0;
}

static bool compiler_pause(void *user, int ms) { return pause_for(user, ms, false); }

/* ---- the background work ------------------------------------------------------------------- */
static gm_status enough_is_enough(lane_kernel *k)
{
  const lane_machine *m = k->m;
  int64_t ops = 0;
  const lane_code **list = gm_alloc(k->ctx, m->code_count, sizeof *list);
  if (!list) return gm_fail(k->ctx, GM_ENOMEM, "kernel");
  gm_status s = kernel__walk(k->ctx, m, list);
  for (int32_t i = 0; i < m->code_count && !s; i++) ops += list[i] ? list[i]->count : 0;
  gm_free(list);
  if (!s && ops > OPS_MAX)
    s = gm_fail(k->ctx, GM_ERANGE, "kernel: %lld operations are more than %d", (long long)ops,
                OPS_MAX);
  return s;
}

static gm_status compile(lane_kernel *k, const char *cc, const gm_text *text, size_t head,
                         const char *path)
{
  static _Atomic uint32_t serial;
  char out[PATH_MAX];
  int n = snprintf(out, sizeof out, "%s.%ld.cc%u", path, (long)getpid(), serial++);
  if (n < 0 || (size_t)n >= sizeof out) return gm_fail(k->ctx, GM_EIO, "%s: too long", path);
  kernel_cc job = {.cc = cc,
                   .source = text->data + head,
                   .output = out,
                   .source_bytes = text->bytes - head,
                   .isa = k->m->isa,
                   .environment = k->environment,
                   .pause = compiler_pause,
                   .user = k};
  gm_status s = kernel__cc_run(k->ctx, &job);
  if (!s) s = kernel__cache_store(k->ctx, path, out, text);
  unlink(out);
  return s;
}

/* Loads the checked file and compares it with the bytecode. On success the table is set. */
static gm_status take_into_use(lane_kernel *k, const char *path)
{
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return gm_fail(k->ctx, GM_EIO, "kernel: %s", dlerror());
  const kernel_export *e = dlsym(library, "gm_kernel");
  gm_status s = GM_OK;
  if (!e || e->abi != KERNEL_ABI || e->table_bytes != sizeof(gm_vmath) || e->lanes != LANES ||
      e->count != (unsigned long)k->m->code_count)
    s = gm_fail(k->ctx, GM_EINTERNAL, "kernel %s: made for another Gemel", path);
  int32_t bad = s ? -1 : kernel__check(k->ctx, k->m, e->code);
  if (bad == -2) s = gm_fail(k->ctx, GM_ENOMEM, "kernel");
  if (bad >= 0)
    s = gm_fail(k->ctx, GM_EINTERNAL, "kernel %s: code %d differs from the bytecode", path,
                (int)bad);
  if (s) {
    dlclose(library);
    return s;
  }
  k->library = library;
  atomic_store_explicit(&k->table, (lane_native *const *)e->code, memory_order_release);
  return GM_OK;
}

/* Waits for whoever else, in this process or another, is making the same kernel. *lock -1: there
 * are no locks here, and at worst the work is done twice. Fails: GM_ECANCELLED. */
static gm_status lock_take(lane_kernel *k, const char *name, int *lock)
{
  int fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
    bool taken = errno == EWOULDBLOCK, stop = taken && pause_for(k, LOCK_POLL_MS, false);
    if (taken && !stop) continue;
    close(fd);
    fd = -1;
    if (stop) return gm_fail(k->ctx, GM_ECANCELLED, "kernel: stopped");
  }
  *lock = fd;
  return GM_OK;
}

/* From the text to a library in the cache (path) that was made from it. */
static gm_status have_library(lane_kernel *k, const gm_text *text, size_t head, const char *cc,
                              const char *path)
{
  char name[PATH_MAX];
  int lock = -1, n = snprintf(name, sizeof name, "%s.lock", path);
  if (n < 0 || (size_t)n >= sizeof name) return gm_fail(k->ctx, GM_EIO, "%s: too long", path);
  gm_status s = kernel__cache_check(k->ctx, path, text);
  if (s != GM_ENOTFOUND) return s;
  if (!k->at_once && pause_for(k, DELAY_MS, true))
    return gm_fail(k->ctx, GM_ECANCELLED, "kernel: stopped");
  s = lock_take(k, name, &lock);
  if (s) return s;
  s = kernel__cache_check(k->ctx, path, text);
  if (s == GM_ENOTFOUND) {
    s = compile(k, cc, text, head, path);
    if (!s) s = kernel__cache_check(k->ctx, path, text);
    kernel__cache_trim(k->ctx, k->folder);
  }
  if (lock >= 0) {
    unlink(name);
    close(lock);
  }
  return s;
}

static gm_status make(lane_kernel *k)
{
  char *cc = NULL, path[PATH_MAX], hex[33];
  gm_text text;
  gm_text_init(&text, k->ctx);
  gm_status s = enough_is_enough(k);
  if (!s && !*k->folder) s = gm_fail(k->ctx, GM_EIO, "kernel: no folder for the cache");
  if (!s) s = kernel__cc_find(k->ctx, k->cc, k->path, &cc);
  if (!s) s = kernel__folder(k->ctx, k->folder);
  if (s) goto out;
  kernel__cc_identity(&text, cc, k->m->isa);
  size_t head = text.bytes;
  s = lane_kernel_source(k->m, &text);
  if (s) goto out;
  kernel__hash(text.data, text.bytes, hex);
  int n = snprintf(path, sizeof path, "%s/%s.so", k->folder, hex);
  if (n < 0 || (size_t)n >= sizeof path)
    s = gm_fail(k->ctx, GM_EIO, "kernel cache %s: too long", k->folder);
  if (!s) s = have_library(k, &text, head, cc, path);
  if (!s) s = take_into_use(k, path);
  if (s == GM_EINTERNAL) unlink(path); /* never again */
out:
  gm_text_free(&text);
  gm_free(cc);
  return s;
}

static void *background(void *user)
{
  lane_kernel *k = user;
  gm_status s = make(k);
  if (s && s != GM_ECANCELLED)
    gm_log(k->ctx, s == GM_EINTERNAL ? GM_LOG_ERROR : GM_LOG_INFO, "%s; the bytecode stays",
           gm_message(k->ctx));
  pthread_mutex_lock(&k->lock);
  k->done = true;
  pthread_cond_broadcast(&k->changed);
  pthread_mutex_unlock(&k->lock);
  return NULL;
}

/* ---- life ---------------------------------------------------------------------------------- */
static void thread_start(lane_kernel *k)
{
  sigset_t all, before;
  sigfillset(&all); /* signals are for the program's own threads */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  k->done = false;
  k->has_thread = pthread_create(&k->thread, NULL, background, k) == 0;
  if (!k->has_thread) k->done = true;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void release(lane_kernel *k)
{
  if (k->stop_fd >= 0) close(k->stop_fd);
  if (k->hurry_fd >= 0) close(k->hurry_fd);
  for (int i = 0; i < ENVIRONMENT; i++) gm_free(k->environment[i]);
  gm_free(k->path);
  gm_free(k->cc);
  gm_free(k->folder);
  gm_ctx_free(k->ctx);
  gm_free(k);
}

gm_status lane_kernel_start(gm_ctx *ctx, const lane_machine *m, lane_kernel **out)
{
  assert(m && out);
  lane_kernel *k = gm_alloc(ctx, 1, sizeof *k);
  if (!k) return gm_fail(ctx, GM_ENOMEM, "kernel");
  k->m = m;
  k->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  k->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  gm_status s = gm_ctx_child(ctx, &k->ctx);
  if (!s) s = surroundings(k, ctx);
  if (s) {
    release(k);
    return s;
  }
  pthread_cond_init(&k->changed, NULL); /* these cannot fail on Linux */
  pthread_mutex_init(&k->lock, NULL);
  k->done = true;
  bool able = k->stop_fd >= 0 && k->hurry_fd >= 0;
  if (able && strcmp(setting("GEMEL_KERNEL"), "off") != 0) thread_start(k);
  *out = k;
  return GM_OK;
}

/* A write of 8 bytes that cannot fail while the count is far below 2^64. */
static void tell(int fd)
{
  const uint64_t one = 1;
  if (fd >= 0) (void)!write(fd, &one, sizeof one);
}

void lane_kernel_free(lane_kernel *k)
{
  if (!k) return;
  tell(k->stop_fd);
  if (k->has_thread) pthread_join(k->thread, NULL);
  if (k->library) dlclose(k->library);
  pthread_cond_destroy(&k->changed);
  pthread_mutex_destroy(&k->lock);
  release(k);
}

lane_native *const *lane_kernel_table(const lane_kernel *k)
{
  return k ? atomic_load_explicit(&k->table, memory_order_acquire) : NULL;
}

bool lane_kernel_wait(lane_kernel *k)
{
  if (!k) return false;
  tell(k->hurry_fd);
  pthread_mutex_lock(&k->lock);
  while (!k->done) pthread_cond_wait(&k->changed, &k->lock);
  pthread_mutex_unlock(&k->lock);
  return lane_kernel_table(k) != NULL;
}
