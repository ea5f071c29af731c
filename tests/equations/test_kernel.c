/* The compiled form of lane code: same bytes as the bytecode, and what may go wrong around it. */
#include "kinds/equations/lane_vm.h"
#include "gemel/equations.h"
#include "gemel/rand.h"
#include "kinds/equations/kernel/kernel_parts.h"
#include "kinds/equations/lane_lu.h"
#include "support/fault.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* ---- a machine, a log that counts, an empty cache for each case ---------------------------- */
typedef struct {
  gm_ctx *ctx;
  eq_source source;
  lane_machine machine;
  _Atomic int warnings, errors, said;
} bench;

static void count_log(void *user, gm_log_level level, const char *text)
{
  bench *b = user;
  if (level == GM_LOG_WARNING) b->warnings++;
  if (level == GM_LOG_ERROR) b->errors++;
  b->said++;
  (void)text;
}

static void machine_open(gm_ctx *ctx, const char *text, gm_eq_solver solver, eq_source *source,
                         lane_machine *m)
{
  gm_eq_config config = {.text = text};
  if (eq_source_read(ctx, &config, source)) fail_msg("%s", gm_message(ctx));
  lane_options options = {.solver = solver, .pending_max = 16};
  if (lane_compile(ctx, source, &options, m)) fail_msg("%s", gm_message(ctx));
}

static void bench_open_solver(bench *b, const char *text, gm_eq_solver solver)
{
  *b = (bench){0};
  gm_ctx_options options = {.logger = count_log, .logger_user = b};
  assert_int_equal(gm_ctx_new(&options, &b->ctx), GM_OK);
  machine_open(b->ctx, text, solver, &b->source, &b->machine);
}

static void bench_open(bench *b, const char *text) { bench_open_solver(b, text, GM_EQ_STIFF); }

static void bench_close(bench *b)
{
  lane_machine_free(&b->machine);
  eq_source_free(&b->source);
  gm_ctx_free(b->ctx);
}

static char cache[64];

static void folder_remove(const char *path)
{
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));) {
    char at[512];
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    snprintf(at, sizeof at, "%s/%s", path, e->d_name);
    if (unlink(at) != 0) folder_remove(at);
  }
  if (d) closedir(d);
  rmdir(path);
}

static int cache_new(void **state)
{
  (void)state;
  snprintf(cache, sizeof cache, "/tmp/gemel-kernel-XXXXXX");
  if (!mkdtemp(cache)) return -1;
  setenv("GEMEL_CACHE", cache, 1);
  setenv("GEMEL_KERNEL", "now", 1);
  unsetenv("GEMEL_CC");
  return 0;
}

static int cache_remove(void **state)
{
  (void)state;
  folder_remove(cache);
  return 0;
}

/* The kernels lying in the cache; path: the last of them. */
static int cached(char path[512])
{
  char folder[128];
  int count = 0;
  snprintf(folder, sizeof folder, "%s/kernels", cache);
  DIR *d = opendir(folder);
  for (struct dirent *e; d && (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, 512, "%s/%s", folder, e->d_name);
    count++;
  }
  if (d) closedir(d);
  return count;
}

static int skipped;

/* Is there a compiler here at all? Else the case is counted and left out. */
static bool no_compiler(void)
{
  if (system("cc --version >/dev/null 2>&1") == 0) return false;
  print_message("skipped (%d so far): no compiler named cc\n", ++skipped);
  return true;
}

/* ---- models -------------------------------------------------------------------------------- */
static const char robertson[] = "model r\n k1 = 0.04; k2 = 3e7; k3 = 1e4\n a = 1; b = 0; c = 0\n"
                                " a' = -k1*a + k3*b*c\n b' = k1*a - k3*b*c - k2*b*b\n"
                                " c' = k2*b*b\nend\n";
static const char linear[] = "model b\n CL = 1; V1 = 1; Q = 1; V2 = 1\n c = 0; p = 0\n"
                             " c' = -(CL + Q)/V1*c + Q/V2*p\n p' = Q/V1*c - Q/V2*p\nend\n";
/* Every elementary function, comparison and logical operator of the text. */
static const char functions[] =
    "model f\n a = 1; b = 2; n = 2.5\n x = 1; y = 2; z = 0.5\n"
    " x' = -a*exp(-y/b) + pow(z, n)/(1 + pow(x, n)) + sqrt(abs(x)) + log10(1 + z)*ln(b + y)\n"
    " y' = piecewise(a*x, x > y && !(z < 0.3), b*y, x <= z || y != z, floor(x) - ceil(y))"
    " + sin(x)*cos(y)*tan(z) + arcsin(z/4) + arccos(x/9) - arctan(y)\n"
    " z' = max(x, y)*tanh(z) - min(a, x)*sinh(y/9) + cosh(x/9) - piecewise(1, x == y, 2)*z\nend\n";

/* A ring of n states with Michaelis-Menten and mass-action terms: several blocks of every code. */
static char *chain(int n)
{
  size_t room = (size_t)n * 256 + 256, at = 0;
  char *t = malloc(room);
  assert_non_null(t);
  at += (size_t)snprintf(t, room, "model chain\n K = 2; V = 3; q = 0.1\n");
  for (int i = 0; i < n; i++)
    at += (size_t)snprintf(t + at, room - at, " k%d = %g; x%d = %g\n", i, 1 + 0.01 * i, i,
                           1.0 / (i + 1));
  for (int i = 0; i < n; i++)
    at += (size_t)snprintf(t + at, room - at,
                           " x%d' = k%d*x%d/(K + x%d) - k%d*x%d/(K + x%d) + q*x%d*x%d - V*x%d\n", i,
                           (i + n - 1) % n, (i + n - 1) % n, (i + n - 1) % n, i, i, i,
                           (7 * i + 3) % n, (5 * i + 1) % n, i);
  snprintf(t + at, room - at, "end\n");
  return t;
}

/* ---- bits ---------------------------------------------------------------------------------- */
typedef struct {
  const lane_machine *m;
  lane_work *bytecode, *native;
  int64_t ops;
} pair;

static void work_pair(pair *p, gm_ctx *ctx, const lane_machine *m, lane_native *const *table)
{
  *p = (pair){.m = m};
  assert_int_equal(lane_work_new(ctx, m, &p->bytecode), GM_OK);
  assert_int_equal(lane_work_new(ctx, m, &p->native), GM_OK);
  p->bytecode->native = NULL;
  p->native->native = table;
}

static void pair_free(pair *p)
{
  lane_work_free(p->bytecode);
  lane_work_free(p->native);
}

/* Both register files alike: ordinary positive numbers, and the constants. */
static void registers_fill(pair *p, uint64_t key)
{
  const lane_machine *m = p->m;
  for (int32_t i = 0; i < m->reg_count; i++)
    for (int l = 0; l < LANES; l++) {
      uint64_t bits = gm_hash64(key, (uint64_t)i * LANES + (uint64_t)l);
      p->bytecode->reg[i][l] = 0.01 + (double)(bits >> 12) * 0x1p-51;
    }
  for (int32_t i = 0; i < m->constant_count; i++)
    p->bytecode->reg[m->reg_constant + i] = v8_set(m->constant[i]);
  memcpy(p->native->reg, p->bytecode->reg, (size_t)m->reg_count * sizeof(gm_v8));
}

/* Are the upper halves of the vector registers in use? XGETBV of XINUSE, where the processor has it
 * (Intel SDM, vol. 1, 13.6); elsewhere no. */
static bool uppers_used(void)
{
#if defined(__x86_64__)
  unsigned a = 0, b, c, d;
  if (!__get_cpuid_count(0xd, 1, &a, &b, &c, &d) || !(a & 4)) return false;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
  return a & 4;
#else
  return false;
#endif
}

static void uppers_clear(void)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx")) __asm__ volatile("vzeroupper" ::: "memory");
#endif
}

/* Runs a code in both forms: afterwards all registers are alike, those it wrote and the others. And
 * the processor is as it was: upper halves left in use cost every call of the C library's that was
 * not compiled for vectors some hundred cycles (seen: closed loops three times as slow). */
static void both(pair *p, const char *what, const lane_code *code)
{
  if (!code->op) return;
  vm_run(p->m, p->bytecode, code);
  uppers_clear();
  const bool before = uppers_used();
  vm_run(p->m, p->native, code);
  if (!before && uppers_used()) fail_msg("%s: upper halves of registers are left in use", what);
  p->ops += code->count;
  for (int32_t i = 0; i < p->m->reg_count; i++)
    for (int l = 0; l < LANES; l++) {
      double x = p->bytecode->reg[i][l], y = p->native->reg[i][l];
      if (memcmp(&x, &y, sizeof x) != 0 && !(x != x && y != y))
        fail_msg("%s: register %d lane %d: bytecode %a, native %a", what, (int)i, l, x, y);
    }
}

/* All codes in the order in which a step uses them: what one leaves is what the next one reads. */
static void codes_run(pair *p)
{
  const lane_machine *m = p->m;
  both(p, "setup", &m->setup);
  both(p, "init", &m->init);
  both(p, "condition", &m->condition);
  both(p, "rhs", &m->rhs);
  both(p, "out", &m->out);
  both(p, "linear", &m->linear);
  both(p, "trigger", &m->trigger);
  both(p, "lag", &m->lag);
  both(p, "past", &m->past);
  for (int32_t i = 0; i < m->event_count; i++) both(p, "event", &m->event[i].code);
  both(p, "jacobian", &m->jacobian.code);
  if (!m->lu) return;
  both(p, "factor", &m->lu->factor);
  both(p, "solve", &m->lu->solve);
}

/* Returns the operations compared. */
static int64_t bits_equal(const char *text)
{
  bench b;
  lane_kernel *k;
  bench_open(&b, text);
  assert_int_equal(lane_kernel_start(b.ctx, &b.machine, &k), GM_OK);
  if (!lane_kernel_wait(k)) fail_msg("no kernel though there is a compiler");
  pair p;
  work_pair(&p, b.ctx, &b.machine, lane_kernel_table(k));
  for (uint64_t key = 1; key <= 5; key++) {
    registers_fill(&p, key);
    codes_run(&p);
  }
  int64_t ops = p.ops;
  pair_free(&p);
  lane_kernel_free(k);
  bench_close(&b);
  return ops;
}

/* Slopes, outputs, Jacobian, factors and solutions have the bytes of the bytecode, for the wide and
 * the narrow instruction sets, small models and such as are cut into blocks. */
static void native__same_bytes_as_bytecode(void **state)
{
  (void)state;
  if (no_compiler()) return;
  static const char *const isa[] = {"avx512", "avx2", "scalar"};
  char *ring = chain(60);
  for (size_t i = 0; i < sizeof isa / sizeof *isa; i++) {
    setenv("GEMEL_ISA", isa[i], 1);
    assert_true(bits_equal(robertson) > 5 * 30);
    assert_true(bits_equal(linear) > 5 * 10);
    assert_true(bits_equal(functions) > 5 * 50);
    assert_true(bits_equal(ring) > 5 * 3000);
  }
  unsetenv("GEMEL_ISA");
  free(ring);
}

enum { MEMBERS = 20, SAMPLES = 9, STATES_MAX = 16, PARAMETERS_MAX = 32 };

/* Members with parameters of their own from time 0 to 8; y: [MEMBERS][SAMPLES][ny]. */
static void ensemble_run(const bench *b, double *y)
{
  const lane_machine *m = &b->machine;
  static double x[2 * STATES_MAX * MEMBERS], theta[PARAMETERS_MAX * MEMBERS];
  int8_t status[MEMBERS];
  double t[SAMPLES];
  gm_span span[MEMBERS];
  assert_true(m->nx <= STATES_MAX && m->np <= PARAMETERS_MAX && m->memory_count == 0);
  for (int i = 0; i < SAMPLES; i++) t[i] = i;
  for (int i = 0; i < m->np * MEMBERS; i++)
    theta[i] = b->source.parameter[i / MEMBERS].value * (1 + 0.02 * (i % MEMBERS));
  for (int i = 0; i < MEMBERS; i++)
    span[i] = (gm_span){.t1 = SAMPLES - 1,
                        .sample = t,
                        .sample_count = SAMPLES,
                        .y = y + (ptrdiff_t)i * SAMPLES * m->ny};
  gm_batch batch = {.n = MEMBERS,
                    .sx = MEMBERS,
                    .sm = 1,
                    .x = x,
                    .theta = theta,
                    .psx = MEMBERS,
                    .psm = 1,
                    .status = status};
  lane_work *w;
  assert_int_equal(lane_work_new(b->ctx, m, &w), GM_OK);
  const lane_table *table = lane_table_of(m->isa);
  table->init(m, w, &batch, 0);
  table->advance(m, w, &batch, span);
  for (int i = 0; i < MEMBERS; i++) assert_int_equal(status[i], GM_MEMBER_OK);
  lane_work_free(w);
}

/* Whole trajectories of an ensemble have the same bytes with and without the kernel, by the
 * explicit and by the stiff method; and the kernel was used (its table is there at the start). */
static void native__same_trajectories(void **state)
{
  (void)state;
  if (no_compiler()) return;
  char *ring = chain(12);
  const char *const text[] = {robertson, ring};
  static double y[2][MEMBERS * SAMPLES * STATES_MAX];
  for (int i = 0; i < 4; i++) {
    bench b;
    bench_open_solver(&b, text[i % 2], i / 2 ? GM_EQ_STIFF : GM_EQ_EXPLICIT);
    b.machine.rtol = 1e-6;
    b.machine.atol = 1e-9;
    b.machine.step_max = 1000000;
    size_t bytes = sizeof(double) * MEMBERS * SAMPLES * (size_t)b.machine.ny;
    ensemble_run(&b, y[0]);
    assert_int_equal(lane_kernel_start(b.ctx, &b.machine, &b.machine.kernel), GM_OK);
    assert_true(lane_kernel_wait(b.machine.kernel));
    ensemble_run(&b, y[1]);
    assert_true(isfinite(y[0][0]) && y[0][0] != 0);
    assert_memory_equal(y[0], y[1], bytes);
    bench_close(&b); /* frees the kernel */
  }
  free(ring);
}

/* The text does not depend on the values of constants and parameters, and is the same each time:
 * models that differ in numbers alone share one kernel. */
static void source__holds_no_values(void **state)
{
  (void)state;
  char other[sizeof robertson];
  memcpy(other, robertson, sizeof robertson);
  memcpy(strstr(other, "0.04"), "0.05", 4);
  bench b[2];
  gm_text t[2];
  for (int i = 0; i < 2; i++) {
    bench_open(&b[i], i ? other : robertson);
    gm_text_init(&t[i], b[i].ctx);
    assert_int_equal(lane_kernel_source(&b[i].machine, &t[i]), GM_OK);
  }
  assert_string_equal(t[0].data, t[1].data);
  assert_null(strstr(t[0].data, "0.04"));
  for (int i = 0; i < 2; i++) {
    gm_text_free(&t[i]);
    bench_close(&b[i]);
  }
}

/* ---- the cache ----------------------------------------------------------------------------- */
static bool makes_kernel(bench *b)
{
  lane_kernel *k;
  assert_int_equal(lane_kernel_start(b->ctx, &b->machine, &k), GM_OK);
  bool ready = lane_kernel_wait(k);
  assert_int_equal(ready, lane_kernel_table(k) != NULL);
  lane_kernel_free(k);
  return ready;
}

static void damage(const char *path, int kind, const char *whole, size_t bytes)
{
  char *copy = malloc(bytes + 1);
  assert_non_null(copy);
  memcpy(copy, whole, bytes);
  size_t keep = bytes;
  if (kind == 0) copy[bytes / 3] ^= 1;   /* in the library */
  if (kind == 1) copy[bytes - 300] ^= 1; /* in the text */
  if (kind == 2) copy[bytes - 40] ^= 1;  /* in the tail */
  if (kind == 3) keep = bytes / 2;       /* cut off */
  if (kind == 4) keep = 0;               /* empty */
  if (kind == 5) copy[keep++] = 'x';     /* too long */
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(copy, 1, keep, f), keep);
  fclose(f);
  free(copy);
}

/* A damaged file is never loaded: it is noticed, said, and made anew with the same content. */
static void cache__damaged_file_is_made_anew(void **state)
{
  (void)state;
  if (no_compiler()) return;
  bench b;
  char path[512], *whole, *again;
  size_t bytes, bytes_again;
  bench_open(&b, robertson);
  assert_true(makes_kernel(&b));
  assert_int_equal(cached(path), 1);
  assert_int_equal(gm_file_read(b.ctx, path, 1 << 24, &whole, &bytes), GM_OK);
  for (int kind = 0; kind <= 5; kind++) {
    damage(path, kind, whole, bytes);
    int said = b.warnings;
    assert_true(makes_kernel(&b));
    assert_int_equal(b.warnings, said + 1);
    assert_int_equal(gm_file_read(b.ctx, path, 1 << 24, &again, &bytes_again), GM_OK);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(whole, again, bytes);
    gm_free(again);
  }
  gm_free(whole);
  bench_close(&b);
}

/* A compiler that notes each time it is asked; returns its path. */
static const char *counting_compiler(char program[128])
{
  snprintf(program, 128, "%s/cc", cache);
  FILE *f = fopen(program, "w");
  assert_non_null(f);
  fprintf(f, "#!/bin/sh\necho asked >> %s/count\nexec cc \"$@\"\n", cache);
  fclose(f);
  assert_int_equal(chmod(program, 0700), 0);
  return program;
}

static int times_asked(void)
{
  char path[128];
  int count = 0;
  snprintf(path, sizeof path, "%s/count", cache);
  FILE *f = fopen(path, "r");
  for (int c; f && (c = fgetc(f)) != EOF;) count += c == '\n';
  if (f) fclose(f);
  return count;
}

/* The second model with these equations needs no compiler: it is not asked, and the file stays.
 * Other equations have it asked again. Nothing else is left in the folder. */
static void cache__second_use_compiles_nothing(void **state)
{
  (void)state;
  if (no_compiler()) return;
  bench b;
  char path[512], program[128];
  struct stat before, after;
  setenv("GEMEL_CC", counting_compiler(program), 1);
  bench_open(&b, robertson);
  assert_true(makes_kernel(&b));
  int asked = times_asked();
  assert_in_range(asked, 1, 2);
  assert_int_equal(cached(path), 1);
  assert_int_equal(stat(path, &before), 0);
  assert_true(makes_kernel(&b));
  assert_int_equal(times_asked(), asked);
  assert_int_equal(cached(path), 1);
  assert_int_equal(stat(path, &after), 0);
  assert_true(before.st_ino == after.st_ino);
  bench_close(&b);
  bench_open(&b, linear);
  assert_true(makes_kernel(&b));
  assert_int_equal(times_asked(), 2 * asked);
  assert_int_equal(cached(path), 2);
  bench_close(&b);
}

/* Two processes that make the same kernel at the same time both get it, one of them has it
 * compiled, and one whole file is left. (A compiler that does not know gcc's options is asked
 * twice.) */
static void cache__two_processes_at_once(void **state)
{
  (void)state;
  if (no_compiler()) return;
  pid_t child[2];
  char path[512], program[128];
  setenv("GEMEL_CC", counting_compiler(program), 1);
  for (int i = 0; i < 2; i++) {
    child[i] = fork();
    assert_true(child[i] >= 0);
    if (child[i]) continue;
    bench b;
    bench_open(&b, functions);
    _exit(makes_kernel(&b) ? 0 : 1);
  }
  for (int i = 0; i < 2; i++) {
    int status;
    assert_int_equal(waitpid(child[i], &status, 0), child[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_int_equal(cached(path), 1);
  int asked = times_asked();
  assert_in_range(asked, 1, 2);
  bench b;
  bench_open(&b, functions);
  assert_true(makes_kernel(&b));
  assert_int_equal(times_asked(), asked);
  assert_int_equal(b.warnings + b.errors, 0);
  bench_close(&b);
}

static void file_of_age(const char *folder, const char *name, int64_t age_s)
{
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fclose(f);
  struct timespec t[2] = {{.tv_sec = 2000000000 - age_s}, {.tv_sec = 2000000000 - age_s}};
  assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static bool is_there(const char *folder, const char *name)
{
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return access(path, F_OK) == 0;
}

/* Of more than 1,000 kernels the 100 not used for longest go; what a writer left more than an hour
 * before the newest file goes; younger parts and files that are not ours stay. */
static void cache__is_kept_small(void **state)
{
  (void)state;
  static const char left[] = "0123456789abcdef0123456789abcdef.so.123.cc0";
  static const char young[] = "0123456789abcdef0123456789abcdef.so.123.cc1";
  bench b;
  char name[64];
  bench_open(&b, robertson);
  file_of_age(cache, left, 3700);
  file_of_age(cache, young, 3500);
  file_of_age(cache, "notes.txt", 1000000);
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "%032x.so", (unsigned)i);
    file_of_age(cache, name, i);
  }
  kernel__cache_trim(b.ctx, cache);
  assert_true(is_there(cache, name)); /* 1,000 are not too many */
  file_of_age(cache, "ffffffffffffffffffffffffffffffff.so", 2000);
  kernel__cache_trim(b.ctx, cache);
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "%032x.so", (unsigned)i);
    assert_int_equal(is_there(cache, name), i <= 900);
  }
  assert_false(is_there(cache, "ffffffffffffffffffffffffffffffff.so"));
  assert_false(is_there(cache, left));
  assert_true(is_there(cache, young));
  assert_true(is_there(cache, "notes.txt"));
  bench_close(&b);
}

/* ---- without ------------------------------------------------------------------------------- */
static void stays_bytecode(const char *why)
{
  bench b;
  bench_open(&b, robertson);
  if (makes_kernel(&b)) fail_msg("%s: there is a kernel", why);
  pair p;
  work_pair(&p, b.ctx, &b.machine, NULL);
  registers_fill(&p, 1);
  gm_v8 *r = p.bytecode->reg;
  vm_run(&b.machine, p.bytecode, &b.machine.setup);
  vm_run(&b.machine, p.bytecode, &b.machine.rhs);
  double sum = r[b.machine.rhs_reg[0]][0] + r[b.machine.rhs_reg[1]][0] + r[b.machine.rhs_reg[2]][0];
  double size = fabs(r[b.machine.rhs_reg[1]][0]);
  assert_true(size > 0 && fabs(sum) <= 1e-12 * size); /* Robertson's slopes add up to 0 */
  pair_free(&p);
  bench_close(&b);
}

/* No compiler, one that fails, one that leaves nothing or rubbish: no kernel, and the bytecode
 * works. */
static void compiler__missing_or_useless(void **state)
{
  (void)state;
  char program[128];
  snprintf(program, sizeof program, "%s/cc", cache);
  setenv("GEMEL_CC", "/nowhere/cc", 1);
  stays_bytecode("no such file");
  setenv("GEMEL_CC", "gemel-no-such-compiler", 1);
  stays_bytecode("not in PATH");
  setenv("GEMEL_CC", "/bin/false", 1);
  stays_bytecode("it fails");
  setenv("GEMEL_CC", "/bin/true", 1);
  stays_bytecode("it makes nothing");
  FILE *f = fopen(program, "w");
  assert_non_null(f);
  fprintf(f, "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\necho rubbish > \"$2\"\n");
  fclose(f);
  assert_int_equal(chmod(program, 0700), 0);
  setenv("GEMEL_CC", program, 1);
  stays_bytecode("it makes rubbish");
  unsetenv("GEMEL_CC");
  setenv("GEMEL_KERNEL", "off", 1);
  stays_bytecode("turned off");
}

/* A compiler whose arithmetic is wrong (here: it adds where it should subtract) is found out by the
 * comparison with the bytecode; its kernel is not used, said to be wrong, and not kept. */
static void compiler__that_miscompiles_is_found_out(void **state)
{
  (void)state;
  if (no_compiler()) return;
  char program[128], path[512];
  snprintf(program, sizeof program, "%s/cc", cache);
  FILE *f = fopen(program, "w");
  assert_non_null(f);
  fprintf(f, "#!/bin/sh\nsed 's/SUB(a,b) ((a)-(b))/SUB(a,b) ((a)+(b))/;"
             "s/MADD(a,b,-(c))/MADD(a,b,c)/;s/MADD(-(a),b,c)/MADD(a,b,c)/' | exec cc \"$@\"\n");
  fclose(f);
  assert_int_equal(chmod(program, 0700), 0);
  setenv("GEMEL_CC", program, 1);
  bench b;
  bench_open(&b, robertson);
  assert_false(makes_kernel(&b));
  assert_int_equal(b.errors, 1);
  assert_int_equal(cached(path), 0);
  bench_close(&b);
}

/* Freeing a kernel while its compiler runs ends the compiler at once and waits for neither it nor
 * the delay at the start. */
static void compiler__is_ended_with_the_kernel(void **state)
{
  (void)state;
  char program[128], mark[128];
  snprintf(program, sizeof program, "%s/cc", cache);
  snprintf(mark, sizeof mark, "%s/pid", cache);
  FILE *f = fopen(program, "w");
  assert_non_null(f);
  fprintf(f, "#!/bin/sh\necho $$ > %s\n/bin/sleep 600\nexit 1\n", mark);
  fclose(f);
  assert_int_equal(chmod(program, 0700), 0);
  setenv("GEMEL_CC", program, 1);
  bench b;
  lane_kernel *k;
  bench_open(&b, robertson);
  assert_int_equal(lane_kernel_start(b.ctx, &b.machine, &k), GM_OK);
  int pid = 0;
  for (int i = 0; i < 2000 && pid == 0; i++) { /* until it has said its number */
    usleep(5000);
    f = fopen(mark, "r");
    if (f && fscanf(f, "%d", &pid) != 1) pid = 0;
    if (f) fclose(f);
  }
  assert_true(pid > 0);
  assert_int_equal(kill(pid, 0), 0);
  struct timespec t0, t1;
  clock_gettime(CLOCK_MONOTONIC, &t0);
  lane_kernel_free(k);
  clock_gettime(CLOCK_MONOTONIC, &t1);
  double took_s = (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
  assert_true(took_s < 5);
  assert_true(kill(pid, 0) != 0 && errno == ESRCH);
  setenv("GEMEL_KERNEL", "on", 1); /* now with the delay: the compiler is not even started */
  assert_int_equal(unlink(mark), 0);
  assert_int_equal(lane_kernel_start(b.ctx, &b.machine, &k), GM_OK);
  lane_kernel_free(k);
  assert_true(access(mark, F_OK) != 0);
  bench_close(&b);
}

/* A folder that cannot be made, that others can get at, that is someone else's or not absolute: no
 * kernel is written there and none is loaded from there. */
static void cache__unsafe_folder_is_refused(void **state)
{
  (void)state;
  char kernels[128], path[512];
  setenv("GEMEL_CACHE", "/dev/null/cache", 1);
  stays_bytecode("below a file");
  setenv("GEMEL_CACHE", "relative", 1);
  stays_bytecode("relative");
  setenv("GEMEL_CACHE", cache, 1);
  snprintf(kernels, sizeof kernels, "%s/kernels", cache);
  folder_remove(kernels);
  assert_int_equal(mkdir(kernels, 0700), 0);
  assert_int_equal(chmod(kernels, 0777), 0);
  stays_bytecode("open to others");
  assert_int_equal(chmod(kernels, 0700), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(kernels, 1, 1), 0);
    stays_bytecode("someone else's");
    assert_int_equal(chown(kernels, 0, 0), 0);
  } else {
    print_message("skipped: 1 folder of another owner (needs root)\n");
  }
  assert_int_equal(cached(path), 0);
}

/* ---- faults -------------------------------------------------------------------------------- */
static gm_status trial(gm_ctx *ctx, void *user)
{
  lane_kernel *k;
  gm_status s = lane_kernel_start(ctx, user, &k);
  if (s) return s;
  (void)lane_kernel_wait(k);
  lane_kernel_free(k);
  return GM_OK;
}

/* Whichever allocation fails, starting says so or does without, and nothing is left behind. */
static void faults__every_allocation_may_fail(void **state)
{
  (void)state;
  bench b;
  bench_open(&b, robertson);
  bool with = makes_kernel(&b); /* now it is in the cache, and a trial is quick */
  int64_t count = fault_sweep_tolerant("lane_kernel_start", trial, &b.machine);
  assert_true(count > (with ? 20 : 5));
  bench_close(&b);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, cache_new, cache_remove)
  const struct CMUnitTest tests[] = {
      CASE(cache__two_processes_at_once), /* forks: before there was any thread */
      CASE(native__same_bytes_as_bytecode),
      CASE(native__same_trajectories),
      CASE(source__holds_no_values),
      CASE(cache__damaged_file_is_made_anew),
      CASE(cache__second_use_compiles_nothing),
      CASE(cache__is_kept_small),
      CASE(compiler__missing_or_useless),
      CASE(compiler__that_miscompiles_is_found_out),
      CASE(compiler__is_ended_with_the_kernel),
      CASE(cache__unsafe_folder_is_refused),
      CASE(faults__every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
