/* kernel_cc.c - the system's compiler: which it is, and running it without a shell.
 *
 * The source goes in by a file in memory, the library comes out at a path. The compiler is a
 * process group of its own, so that it can be ended with its children. */
#include "kinds/equations/kernel/kernel_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 5, PATIENCE_MS = 300000, GOODBYE_MS = 200, ARGUMENTS = 48 };

/* Without -fexpensive-optimizations gcc -O1 does not clear the upper halves of the vector registers
 * at the end of a function, and code that was not compiled for vectors pays for it (measured, Xeon
 * of the 4th generation: an fmax behind a kernel 175 ns for 3.5, a closed loop 3.8 times as slow).
 * clang clears them anyway. */
static const char *const common_flag[] = {"-std=gnu17",
                                          "-O1",
                                          "-ffp-contract=off",
                                          "-fno-fast-math",
                                          "-fno-math-errno",
                                          "-fexpensive-optimizations",
                                          "-fPIC",
                                          "-fno-stack-protector",
                                          "-fomit-frame-pointer",
                                          "-fno-asynchronous-unwind-tables",
                                          "-w",
                                          "-shared",
                                          "-nostdlib",
                                          "-s"};
/* The text is straight-line code in which every value is made once, so what remains to be done is
 * choosing instructions and registers. These passes of gcc find nothing in it: without them the
 * code is as quick (measured: within 2 %) and made in half the time of -O2. Compilers that know
 * none of them are asked again without. */
static const char *const gcc_flag[] = {
    "-fno-tree-pta",   "-fno-tree-dse",     "-fno-tree-dominator-opts",
    "-fno-tree-ccp",   "-fno-tree-sra",     "-fno-gcse",
    "-fno-dse",        "-fno-tree-sink",    "-fno-tree-ch",
    "-fno-ipa-modref", "-fno-tree-bit-ccp", "-fno-tree-copy-prop"};
static const char *const flag_avx512[] = {"-mavx512f", "-mavx512dq", "-mavx512vl",
                                          "-mavx2",    "-mfma",      "-mprefer-vector-width=512"};
static const char *const flag_avx2[] = {"-mavx2", "-mfma"};
static const char *const flag_scalar[] = {"-mfma"};

typedef struct {
  const char *text[ARGUMENTS];
  int count;
} arguments;

static void put(arguments *a, const char *const *flag, size_t count)
{
  for (size_t i = 0; i < count; i++) a->text[a->count++] = flag[i];
}
#define PUT(a, list) put(a, list, sizeof(list) / sizeof *(list))

static void flags_of(arguments *a, gm_isa isa, bool with_gcc)
{
  PUT(a, common_flag);
  if (with_gcc) PUT(a, gcc_flag);
  switch (isa) {
  case GM_ISA_AVX512: PUT(a, flag_avx512); break;
  case GM_ISA_AVX2: PUT(a, flag_avx2); break;
  case GM_ISA_SCALAR: PUT(a, flag_scalar); break;
  }
}

/* ---- which compiler ------------------------------------------------------------------------ */
static bool is_program(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

gm_status kernel__cc_find(gm_ctx *ctx, const char *name, const char *path, char **out)
{
  char at[PATH_MAX];
  bool found = strchr(name, '/') && strlen(name) < sizeof at && is_program(name);
  if (found) memcpy(at, name, strlen(name) + 1);
  for (const char *p = strchr(name, '/') ? NULL : path; p && *p && !found;) {
    size_t bytes = strcspn(p, ":");
    /* an entry that is not absolute means the working directory: no compiler is taken from there */
    if (*p == '/' && bytes + strlen(name) + 2 < sizeof at) {
      memcpy(at, p, bytes);
      at[bytes] = '/';
      memcpy(at + bytes + 1, name, strlen(name) + 1);
      found = is_program(at);
    }
    p += bytes + (p[bytes] == ':');
  }
  if (!found) return gm_fail(ctx, GM_ENOTFOUND, "kernel: no compiler named %s", name);
  char *copy = gm_strdup(ctx, at);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "kernel: name of the compiler");
  *out = copy;
  return GM_OK;
}

void kernel__cc_identity(gm_text *t, const char *cc, gm_isa isa)
{
  struct stat st = {0};
  char real[PATH_MAX];
  if (!realpath(cc, real) || stat(real, &st) != 0) real[0] = 0;
  gm_text_addf(t, "%s %lld %lld.%09ld", real, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
               st.st_mtim.tv_nsec);
  arguments a = {.count = 0};
  flags_of(&a, isa, true);
  for (int i = 0; i < a.count; i++) gm_text_addf(t, " %s", a.text[i]);
  gm_text_add(t, "\n");
}

/* ---- running it ---------------------------------------------------------------------------- */
static int source_file(const kernel_cc *job)
{
  int fd = memfd_create("gemel-kernel", MFD_CLOEXEC);
  if (fd < 0) return -1;
  size_t done = 0;
  while (done < job->source_bytes) {
    ssize_t n = write(fd, job->source + done, job->source_bytes - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += (size_t)n;
  }
  if (done == job->source_bytes) return fd;
  close(fd);
  return -1;
}

/* Signals as in a fresh process: this thread blocks them all, and a SIGCHLD that the program
 * ignores would keep the compiler from waiting for its own children. */
static int spawn_attributes(posix_spawnattr_t *attr)
{
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  const int reset[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD};
  for (size_t i = 0; i < sizeof reset / sizeof *reset; i++) sigaddset(&usual, reset[i]);
  int error = posix_spawnattr_setsigmask(attr, &none);
  if (!error) error = posix_spawnattr_setsigdefault(attr, &usual);
  if (!error) error = posix_spawnattr_setpgroup(attr, 0);
  if (!error)
    error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETPGROUP);
  return error;
}

static int spawn(const kernel_cc *job, bool with_gcc, int source, pid_t *pid)
{
  arguments a = {.text = {job->cc}, .count = 1};
  flags_of(&a, job->isa, with_gcc);
  const char *const rest[] = {"-x", "c", "-o", job->output, "-"};
  PUT(&a, rest);
  a.text[a.count] = NULL;
  posix_spawn_file_actions_t act;
  posix_spawnattr_t attr;
  int error = posix_spawn_file_actions_init(&act);
  if (error) return error;
  error = posix_spawnattr_init(&attr);
  if (error) goto no_attr;
  error = spawn_attributes(&attr);
  if (!error) error = posix_spawn_file_actions_adddup2(&act, source, 0);
  if (!error) error = posix_spawn_file_actions_addopen(&act, 1, "/dev/null", O_WRONLY, 0);
  if (!error) error = posix_spawn_file_actions_adddup2(&act, 1, 2);
  if (!error) {
    char *argv[ARGUMENTS];
    memcpy(argv, a.text, (size_t)(a.count + 1) * sizeof *argv); /* execve writes to none of them */
    error = posix_spawn(pid, job->cc, &act, &attr, argv, job->environment);
  }
  posix_spawnattr_destroy(&attr);
no_attr:
  posix_spawn_file_actions_destroy(&act);
  return error;
}

/* True when the process has ended; its status, or -1 where somebody else took it. */
static bool ended(pid_t pid, int *status)
{
  pid_t r;
  do r = waitpid(pid, status, WNOHANG);
  while (r < 0 && errno == EINTR);
  if (r < 0) *status = -1;
  return r != 0;
}

/* Reaped only when its group is gone: until then nobody else can have the group's number. */
static void end_it(pid_t pid)
{
  int status;
  siginfo_t info = {0};
  kill(-pid, SIGTERM); /* it removes its temporary files */
  for (int ms = 0; ms < GOODBYE_MS; ms += POLL_MS) {
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid) break;
    usleep(POLL_MS * 1000);
  }
  kill(-pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
}

static gm_status attempt(gm_ctx *ctx, const kernel_cc *job, bool with_gcc, int source)
{
  pid_t pid;
  int status = 0;
  if (lseek(source, 0, SEEK_SET) != 0) return gm_fail(ctx, GM_EIO, "%s", strerror(errno));
  int error = spawn(job, with_gcc, source, &pid);
  if (error) return gm_fail(ctx, GM_EIO, "%s: %s", job->cc, strerror(error));
  int64_t waited_ms = 0;
  while (!ended(pid, &status)) {
    bool stop = job->pause(job->user, POLL_MS);
    waited_ms += POLL_MS;
    if (!stop && waited_ms < PATIENCE_MS) continue;
    end_it(pid);
    if (stop) return gm_fail(ctx, GM_ECANCELLED, "kernel: stopped");
    return gm_fail(ctx, GM_EIO, "%s took more than %d s", job->cc, PATIENCE_MS / 1000);
  }
  /* -1: the program ignores SIGCHLD and nothing is known; the library is looked at anyway */
  if (status != -1 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
    return gm_fail(ctx, GM_EINVAL, "%s could not compile a kernel (status %d)", job->cc, status);
  return GM_OK;
}

gm_status kernel__cc_run(gm_ctx *ctx, const kernel_cc *job)
{
  int fd = source_file(job);
  if (fd < 0) return gm_fail(ctx, GM_EIO, "kernel: its text: %s", strerror(errno));
  gm_status s = attempt(ctx, job, true, fd);
  if (s == GM_EINVAL) s = attempt(ctx, job, false, fd);
  close(fd);
  return s == GM_EINVAL ? GM_EIO : s;
}
