/* loop.c - what the streaming twin and the predictive controller cost in closed loop.
 *
 * First each call by itself, in one thread: ten adults, Breton's sensor, the standard meals, told
 * and not told: a step of the twin, its outlook (32 members, 60 steps; at least every 15 min with
 * a unit too), a decision. Then trials of many persons on 1, 2, 4 .. threads, which must say the
 * same to the last bit, and a crowd on all of them.
 * Use: loop [PERSONSxDAYS [PART/PARTS]]   the crowd [100x1]; scaling is measured on at most 100x1
 * of it. A crowd of hours says on the way what it took so far; Ctrl-C or a TERM ends it with the
 * days it has, of which there must be more than the first, which is not counted. A part of a crowd
 * is its persons from PERSONS (PART - 1) / PARTS on, with a seed of the part's own, and nothing
 * else is run: persons do not touch each other, so that the parts' times add up to the crowd's.
 * GEMEL_KERNEL as docs/cli.md has it; "now" where it is not set. Machines are shared: wall time is
 * printed beside the processors' time. */
#include "t1d_trial.h"
#include "gemel/equations.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void must(gm_status s, gm_ctx *ctx)
{
  if (!s) return;
  fprintf(stderr, "bench: %s\n", gm_message(ctx));
  exit(3);
}

static double clock_s(clockid_t id)
{
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- each call by itself --------------------------------------------------------------------- */
enum { STEP, OUTLOOK, DECISION, CALLS, SAMPLES = 20000, DAYS = 3, ADULTS = 10 };
static struct {
  double ms[SAMPLES];
  int32_t count;
} took[CALLS];

static void note(int call, double begin_s)
{
  if (took[call].count < SAMPLES)
    took[call].ms[took[call].count++] = 1e3 * (clock_s(CLOCK_THREAD_CPUTIME_ID) - begin_s);
}

static gm_status timed_step(void *belief, gm_ctx *ctx, double t_min, double cgm_mgdl,
                            t1d_belief_news *news)
{
  const double begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
  gm_status s = t1d_twin_belief.step(belief, ctx, t_min, cgm_mgdl, news);
  note(STEP, begin);
  return s;
}

static gm_status timed_outlook(void *belief, gm_ctx *ctx, double basal_u_per_h, t1d_outlook *out)
{
  const double begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
  gm_status s = t1d_twin_belief.outlook(belief, ctx, basal_u_per_h, out);
  note(OUTLOOK, begin);
  return s;
}

static void timed_decision(void *state, const t1d_view *view, t1d_command *out)
{
  const double begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
  t1d_mpc.step(state, view, out);
  note(DECISION, begin);
}

static int by_size(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void tell_calls(const char *scenario)
{
  static const char *const name[CALLS] = {"step of the twin", "outlook of five hours", "decision"};
  for (int c = 0; c < CALLS; c++) {
    const int32_t n = took[c].count;
    double sum = 0;
    if (!n) continue;
    qsort(took[c].ms, (size_t)n, sizeof *took[c].ms, by_size);
    for (int32_t i = 0; i < n; i++) sum += took[c].ms[i];
    printf("%-12s %-22s %8.3f %8.3f %8.3f %8.3f %8.3f\n", scenario, name[c], took[c].ms[n / 2],
           sum / n, took[c].ms[n - 1 - n / 100], took[c].ms[n - 1], 288e-3 * sum / n);
    took[c].count = 0;
  }
}

static const t1d_twin_belief_options told_ratios = {.ratios = true};

static void calls(gm_ctx *ctx, const char *scenario)
{
  t1d_belief belief = t1d_twin_belief;
  t1d_controller controller = t1d_mpc;
  belief.step = timed_step;
  belief.outlook = timed_outlook;
  controller.step = timed_decision;
  const t1d_arm arm = {
      .name = "mpc", .controller = &controller, .belief = &belief, .belief_options = &told_ratios};
  const t1d_subject *subject[ADULTS];
  int32_t count = 0;
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT && count < ADULTS; i++)
    if (t1d_subject_group(t1d_subject_at(i)) == T1D_ADULT) subject[count++] = t1d_subject_at(i);
  const t1d_trial_options o = {.subject = subject,
                               .subject_count = count,
                               .arm = &arm,
                               .arm_count = 1,
                               .scenario = t1d_scenario_find(scenario),
                               .days = DAYS,
                               .dropped_days = 1,
                               .sensor = T1D_SENSOR_BRETON,
                               .seed = 1};
  t1d_trial *t;
  must(t1d_trial_run(ctx, &o, &t), ctx);
  t1d_trial_free(t);
  tell_calls(scenario);
}

/* ---- many persons ---------------------------------------------------------------------------- */
typedef struct {
  int32_t first, persons, days, threads; /* who, from the first on; for how long; on how many */
  uint64_t seed;
} crowd;
typedef struct {
  double wall_s, cpu_s;
  t1d_trial *trial;
} outcome;

static volatile sig_atomic_t ended;

static void end_it(int signal)
{
  (void)signal;
  ended = 1;
}

static bool is_ended(void *user)
{
  (void)user;
  return ended;
}

/* Where a crowd stands: told at every twentieth. */
typedef struct {
  double next, wall_s, cpu_s, days;
} standing;

static void progress(void *user, const char *what, double fraction)
{
  standing *s = user;
  if (fraction < s->next) return;
  const double wall = clock_s(CLOCK_MONOTONIC) - s->wall_s,
               cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - s->cpu_s;
  fprintf(stderr, "%s: %.0f %% after %.0f s, %.3f s of a processor a patient-day, %.0f s left\n",
          what, 100 * fraction, wall, cpu / (fraction * s->days), wall / fraction - wall);
  s->next = fraction + 0.05;
}

/* The thirty in turn, each with draws of their own. */
static outcome crowd_run(gm_ctx *ctx, crowd c, bool tell)
{
  const t1d_arm arm = {.name = "mpc",
                       .controller = &t1d_mpc,
                       .belief = &t1d_twin_belief,
                       .belief_options = &told_ratios};
  standing at = {.next = 0.05, .days = (double)c.persons * c.days};
  const gm_watch watch = {.stop = is_ended, .progress = progress, .user = &at};
  const t1d_subject **subject = calloc((size_t)c.persons, sizeof *subject);
  if (!subject) must(GM_ENOMEM, ctx);
  for (int32_t i = 0; i < c.persons; i++)
    subject[i] = t1d_subject_at((c.first + i) % T1D_SUBJECT_COUNT);
  t1d_trial_options o = {.subject = subject,
                         .subject_count = c.persons,
                         .arm = &arm,
                         .arm_count = 1,
                         .days = c.days,
                         .dropped_days = c.days > 1,
                         .sensor = T1D_SENSOR_BRETON,
                         .seed = c.seed,
                         .watch = tell ? &watch : NULL};
  outcome out = {.trial = NULL};
  must(gm_pool_new(ctx, c.threads, &o.pool), ctx);
  at.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  at.wall_s = clock_s(CLOCK_MONOTONIC);
  must(t1d_trial_run(ctx, &o, &out.trial), ctx);
  out.wall_s = clock_s(CLOCK_MONOTONIC) - at.wall_s;
  out.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - at.cpu_s;
  gm_pool_free(o.pool);
  free(subject);
  return out;
}

static void tell_crowd(crowd c, const outcome *o)
{
  const double days = c.persons * o->trial->days;
  if (!o->trial->complete) printf("ended after %.2f of %d days\n", o->trial->days, (int)c.days);
  printf("%5d x %-4d %7d %10.1f %10.1f %12.2f %14.2f %8.2f\n", (int)c.persons, (int)c.days,
         (int)c.threads, o->wall_s, o->cpu_s, days / o->wall_s, days / o->cpu_s,
         o->cpu_s / o->wall_s);
}

static bool same(const t1d_trial *a, const t1d_trial *b)
{
  for (int32_t i = 0; i < a->person_count; i++) {
    const t1d_trial_person *p = &a->person[i], *q = &b->person[i];
    if (p->lowest_mgdl != q->lowest_mgdl || p->highest_mgdl != q->highest_mgdl ||
        p->insulin_u_per_day != q->insulin_u_per_day)
      return false;
    for (int m = 0; m < T1D_METRIC_COUNT; m++)
      if (p->metrics.by_reading[m].value != q->metrics.by_reading[m].value) return false;
  }
  return true;
}

static void scaling(gm_ctx *ctx, crowd c, int32_t most)
{
  outcome first = {.trial = NULL};
  for (c.threads = 1;; c.threads = c.threads * 2 < most ? c.threads * 2 : most) {
    outcome o = crowd_run(ctx, c, false);
    tell_crowd(c, &o);
    if (first.trial && !same(first.trial, o.trial)) {
      fprintf(stderr, "bench: %d threads say another thing than one\n", (int)c.threads);
      exit(1);
    }
    if (c.threads > 1) {
      printf("%*s%.2f times as fast as one thread, the same to the last bit\n", 20, "",
             first.wall_s / o.wall_s);
      t1d_trial_free(o.trial);
    } else {
      first = o;
    }
    if (c.threads >= most) break;
  }
  t1d_trial_free(first.trial);
}

static void crowd_tell_control(const t1d_trial *t)
{
  static const t1d_metric what[] = {T1D_TIR, T1D_TBR70, T1D_TBR54, T1D_TAR180};
  static const char *const group[] = {"adolescents", "adults", "children"};
  for (int g = 0; g < 3; g++) {
    if (isnan(t1d_trial_mean(t, 0, g, T1D_TIR).mean)) continue; /* nobody of that age */
    printf("%-12s", group[g]);
    for (int m = 0; m < 4; m++)
      printf("  %s %.2f %%", t1d_metric_name(what[m]), t1d_trial_mean(t, 0, g, what[m]).mean);
    printf("\n");
  }
}

static bool crowd_read(const char *text, crowd *c)
{
  int persons, days;
  char end;
  if (sscanf(text, "%dx%d%c", &persons, &days, &end) != 2) return false;
  if (persons < 1 || persons > 1000000 || days < 1 || days > 3660) return false;
  *c = (crowd){.persons = persons, .days = days, .seed = 1};
  return true;
}

static bool part_read(const char *text, crowd *c)
{
  int part, parts;
  char end;
  if (sscanf(text, "%d/%d%c", &part, &parts, &end) != 2) return false;
  if (part < 1 || parts < part || parts > c->persons) return false;
  const int64_t all = c->persons;
  c->first = (int32_t)(all * (part - 1) / parts);
  c->persons = (int32_t)(all * part / parts) - c->first;
  c->seed = (uint64_t)part;
  return true;
}

static bool kernel_ready(gm_ctx *ctx)
{
  gm_model *model;
  must(t1d_s2008_new(ctx, NULL, &model), ctx);
  const bool ready = gm_equations_kernel_wait(model);
  gm_model_free(model);
  return ready;
}

static void tell_head(void)
{
  printf("\n%-12s %7s %10s %10s %12s %14s %8s\n", "persons", "threads", "wall s", "cpu s",
         "days/s wall", "days/s of core", "cores");
}

static void crowd_whole(gm_ctx *ctx, crowd c)
{
  signal(SIGINT, end_it);
  signal(SIGTERM, end_it);
  outcome o = crowd_run(ctx, c, true);
  tell_crowd(c, &o);
  crowd_tell_control(o.trial);
  t1d_trial_free(o.trial);
}

int main(int argc, char **argv)
{
  enum { SMALL_PERSONS = 100, SMALL_DAYS = 1 };
  crowd c = {.persons = SMALL_PERSONS, .days = SMALL_DAYS, .seed = 1};
  gm_ctx *ctx;
  if (argc > 3 || (argc > 1 && !crowd_read(argv[1], &c)) || (argc > 2 && !part_read(argv[2], &c))) {
    fprintf(stderr, "use: loop [PERSONSxDAYS [PART/PARTS]]\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  setenv("GEMEL_KERNEL", "now", 0);
  must(gm_ctx_new(NULL, &ctx), NULL);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  c.threads = cores < 1 ? 1 : (int32_t)cores;
  printf("%s, %ld processors\n", kernel_ready(ctx) ? "kernel" : "bytecode", cores);
  if (argc > 2) {
    tell_head();
    crowd_whole(ctx, c);
  } else {
    printf("\n%-12s %-22s %8s %8s %8s %8s %8s\n", "meals", "ms of a thread", "median", "mean",
           "99 %", "worst", "s a day");
    calls(ctx, "exact");
    calls(ctx, "unannounced");
    tell_head();
    crowd small = c;
    if (small.persons > SMALL_PERSONS) small.persons = SMALL_PERSONS;
    if (small.days > SMALL_DAYS) small.days = SMALL_DAYS;
    scaling(ctx, small, c.threads);
    if (c.persons > small.persons || c.days > small.days) crowd_whole(ctx, c);
  }
  gm_ctx_free(ctx);
  return 0;
}
