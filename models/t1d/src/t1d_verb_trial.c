/* t1d_verb_trial.c - `gemel t1d trial`: controllers in closed loop on virtual people. */
#include "t1d_cli.h"
#include "t1d_trial.h"
#include <string.h>

enum { ARMS_MAX = 12 };

typedef struct {
  t1d_arm arm[ARMS_MAX];
  char name[ARMS_MAX][32];
  int32_t count;
} arms;

/* What an arm is called and consists of. */
static bool arm_add(arms *a, const char *name, size_t bytes)
{
  static const t1d_twin_belief_options own = {.ratios = true},
                                       population = {.population = true, .ratios = true};
  if (a->count == ARMS_MAX || bytes >= sizeof a->name[0]) return false;
  char *text = a->name[a->count];
  memcpy(text, name, bytes);
  text[bytes] = 0;
  t1d_arm arm = {.name = text};
  if (!strcmp(text, "mpc") || !strcmp(text, "mpc-population")) {
    arm.controller = &t1d_mpc;
    arm.belief = &t1d_twin_belief;
    arm.belief_options = text[3] ? &population : &own;
  } else {
    arm.controller = t1d_controller_find(text);
    arm.open_sensor = !strcmp(text, "open-loop");
  }
  if (!arm.controller) return false;
  a->arm[a->count++] = arm;
  return true;
}

static int arms_read(const t1d_cli *c, arms *a)
{
  const char *text = t1d_cli_given(c, "arms");
  if (!text) text = "open-loop,pid,rules,mpc,mpc-population";
  for (;;) {
    size_t n = strcspn(text, ",");
    if (!arm_add(a, text, n))
      return t1d_cli_say(c, T1D_CLI_BAD,
                         "--arms: \"%.*s\" is no controller; known: open-loop, pid, "
                         "rules, mpc, mpc-population",
                         (int)n, text);
    if (!text[n]) return T1D_CLI_DONE;
    text += n + 1;
  }
}

static int subjects_read(const t1d_cli *c, const t1d_subject **out, int32_t *count)
{
  static const char *const group[] = {"adolescents", "adults", "children", "all"};
  const char *text = t1d_cli_given(c, "subjects");
  if (!text) text = "adults";
  *count = 0;
  for (int32_t k = 0; k < 4; k++)
    for (int32_t i = 0; i < T1D_SUBJECT_COUNT && !strcmp(text, group[k]); i++)
      if (k == 3 || (int32_t)t1d_subject_group(t1d_subject_at(i)) == k)
        out[(*count)++] = t1d_subject_at(i);
  if (!*count && t1d_subject_find(text)) out[(*count)++] = t1d_subject_find(text);
  if (*count) return T1D_CLI_DONE;
  return t1d_cli_say(c, T1D_CLI_BAD,
                     "--subjects %s: expected adults, adolescents, children, all or one "
                     "such as adult001",
                     text);
}

static int scenario_read(const t1d_cli *c, t1d_trial_options *o)
{
  const char *text = t1d_cli_given(c, "scenario");
  o->scenario = t1d_scenario_find(text ? text : "exact");
  if (o->scenario) return T1D_CLI_DONE;
  gm_text known;
  gm_text_init(&known, c->ctx);
  for (int32_t i = 0; t1d_scenario_at(i); i++)
    gm_text_addf(&known, "%s%s", i ? ", " : "", t1d_scenario_at(i)->name);
  int code = t1d_cli_say(c, T1D_CLI_BAD, "--scenario %s: known are %s", text,
                         known.data ? known.data : "none");
  gm_text_free(&known);
  return code;
}

static int options_take(const t1d_cli *c, t1d_trial_options *o)
{
  int64_t days, replicates, seed;
  if (!t1d_cli_whole(c, "days", 2, 3660, 7, &days) ||
      !t1d_cli_whole(c, "replicates", 1, 100000, 1, &replicates) ||
      !t1d_cli_whole(c, "seed", 0, INT32_MAX, 1, &seed))
    return T1D_CLI_BAD;
  o->days = (int32_t)days;
  o->dropped_days = 1;
  o->replicates = (int32_t)replicates;
  o->seed = (uint64_t)seed;
  const char *sensor = t1d_cli_given(c, "sensor");
  gm_status s = t1d_sensor_find(c->ctx, sensor ? sensor : "breton", &o->sensor);
  return s ? t1d_cli_fail(c, s) : scenario_read(c, o);
}

static int trial(t1d_cli *c)
{
  static const t1d_subject *subject[T1D_SUBJECT_COUNT];
  static arms a;
  t1d_trial_options o = {.subject = subject, .arm = a.arm, .watch = &c->watch};
  int64_t threads;
  int code = arms_read(c, &a);
  if (!code) code = subjects_read(c, subject, &o.subject_count);
  if (!code) code = options_take(c, &o);
  if (!code && !t1d_cli_whole(c, "threads", 0, 1024, 0, &threads)) code = T1D_CLI_BAD;
  if (code) return code;
  o.arm_count = a.count;
  t1d_trial *t = NULL;
  gm_status s = gm_pool_new(c->ctx, (int32_t)threads, &o.pool);
  if (!s) s = t1d_trial_run(c->ctx, &o, &t);
  if (!s) {
    gm_text_addf(&c->out,
                 "%s: %d virtual people, %.0f days (the first is not counted), sensor %s, "
                 "seed %llu\n\n",
                 o.scenario->title, (int)t->person_count, t->days, t1d_sensor_name(o.sensor),
                 (unsigned long long)o.seed);
    t1d_trial_table(t, a.arm, &c->out);
    if (!t->complete) gm_text_add(&c->out, "STOPPED: these are the days so far.\n");
  }
  code = s ? t1d_cli_fail(c, s) : t->complete ? T1D_CLI_DONE : T1D_CLI_NO;
  t1d_trial_free(t);
  gm_pool_free(o.pool);
  return code;
}

const t1d_verb t1d_verb_trial = {
    .name = "trial",
    .use = "[--OPTION VALUE]",
    .summary = "controllers in closed loop on virtual people, behind limits",
    .details =
        "Seven days of three meals, the first day not counted, for every controller on the same "
        "people, "
        "meals and sensor\nerrors. A simulated pump obeys; nothing here commands a device.\n",
    .option = {{"scenario", "NAME",
                "exact, carbs-70, carbs-130, unannounced, si-130, si-70 [exact]"},
               {"arms", "A,B,..", "open-loop, pid, rules, mpc, mpc-population [all]"},
               {"subjects", "WHO", "adults, adolescents, children, all, or one [adults]"},
               {"days", "N", "[7]"},
               {"replicates", "N", "people made of each subject, with draws of their own [1]"},
               {"sensor", "KIND", "exact, white, breton, seven-plus, g5, g6, g6-drawn [breton]"},
               {"seed", "N", "of all draws [1]"},
               {"threads", "N", "[as many as there are]"}},
    .run = trial};
