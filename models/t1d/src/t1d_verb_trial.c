/* t1d_verb_trial.c - `gemel t1d trial`: controllers in closed loop on virtual people. */
#include "t1d_verbs.h"
#include "gemel/json_write.h"
#include "t1d_trial.h"
#include <math.h>
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
  if (bytes >= sizeof a->name[0]) return false;
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

static int arms_read(const gm_program *p, arms *a)
{
  const char *text = gm_program_value(p, "arms");
  if (!text) text = "open-loop,pid,rules,mpc,mpc-population";
  for (;;) {
    size_t n = strcspn(text, ",");
    if (a->count == ARMS_MAX)
      return gm_program_say(p, GM_PROGRAM_BAD, "--arms: more than %d controllers", ARMS_MAX);
    if (!arm_add(a, text, n))
      return gm_program_say(p, GM_PROGRAM_BAD,
                            "--arms: \"%.*s\" is no controller; known: open-loop, pid, "
                            "rules, mpc, mpc-population",
                            (int)n, text);
    if (!text[n]) return GM_PROGRAM_DONE;
    text += n + 1;
  }
}

static int subjects_read(const gm_program *p, const t1d_subject **out, int32_t *count)
{
  static const char *const group[] = {"adolescents", "adults", "children", "all"};
  const char *text = gm_program_value(p, "subjects");
  if (!text) text = "adults";
  *count = 0;
  for (int32_t k = 0; k < 4; k++)
    for (int32_t i = 0; i < T1D_SUBJECT_COUNT && !strcmp(text, group[k]); i++)
      if (k == 3 || (int32_t)t1d_subject_group(t1d_subject_at(i)) == k)
        out[(*count)++] = t1d_subject_at(i);
  if (!*count && t1d_subject_find(text)) out[(*count)++] = t1d_subject_find(text);
  if (*count) return GM_PROGRAM_DONE;
  return gm_program_say(p, GM_PROGRAM_BAD,
                        "--subjects %s: expected adults, adolescents, children, all or one "
                        "such as adult001",
                        text);
}

static int sensor_read(const gm_program *p, t1d_trial_options *o)
{
  const char *text = gm_program_value(p, "sensor");
  if (!t1d_sensor_find(p->ctx, text ? text : "breton", &o->sensor)) return GM_PROGRAM_DONE;
  gm_message_clear(p->ctx);
  gm_text known;
  gm_text_init(&known, p->ctx);
  for (int32_t k = 0; k < T1D_SENSOR_KINDS; k++)
    gm_text_addf(&known, "%s%s", k ? ", " : "", t1d_sensor_name((t1d_sensor_kind)k));
  int code = gm_program_say(p, GM_PROGRAM_BAD, "--sensor %s: known are %s", text,
                            known.data ? known.data : "");
  gm_text_free(&known);
  return code;
}

static int scenario_read(const gm_program *p, t1d_trial_options *o)
{
  const char *text = gm_program_value(p, "scenario");
  o->scenario = t1d_scenario_find(text ? text : "exact");
  if (o->scenario) return GM_PROGRAM_DONE;
  gm_text known;
  gm_text_init(&known, p->ctx);
  for (int32_t i = 0; t1d_scenario_at(i); i++)
    gm_text_addf(&known, "%s%s", i ? ", " : "", t1d_scenario_at(i)->name);
  int code = gm_program_say(p, GM_PROGRAM_BAD, "--scenario %s: known are %s", text,
                            known.data ? known.data : "none");
  gm_text_free(&known);
  return code;
}

static int options_take(const gm_program *p, t1d_trial_options *o)
{
  int64_t days, replicates;
  int code = gm_program_whole(p, "days", 2, 3660, 7, &days);
  if (!code) code = gm_program_whole(p, "replicates", 1, 100000, 1, &replicates);
  if (code) return code;
  o->days = (int32_t)days;
  o->dropped_days = 1;
  o->replicates = (int32_t)replicates;
  o->seed = p->seed;
  o->pool = p->pool;
  code = sensor_read(p, o);
  return code ? code : scenario_read(p, o);
}

/* ---- what came of it ------------------------------------------------------------------------- */
static void figure_json(const t1d_trial_figure *f, t1d_metric m, gm_json_writer *j)
{
  gm_json_write_object(j, t1d_metric_name(m));
  gm_json_write_number(j, "mean", f->mean);
  gm_json_write_number(j, "se_run", f->se_run);
  gm_json_write_number(j, "se_people", f->se_people);
  gm_json_write_number(j, "low_95", f->low);
  gm_json_write_number(j, "high_95", f->high);
  gm_json_write_object_end(j);
}

/* Every metric of an arm in a group; with base >= 0 of the difference, person by person. */
static void arm_json(const t1d_trial *t, const t1d_arm *arm, int32_t a, int32_t base, int32_t group,
                     gm_json_writer *j)
{
  static const char *const group_name[] = {"adolescents", "adults", "children"};
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "arm", arm[a].name);
  if (base >= 0) gm_json_write_text(j, "less", arm[base].name);
  gm_json_write_text(j, "group", group_name[group]);
  for (int32_t i = 0; i < T1D_METRIC_COUNT; i++) {
    const t1d_metric m = (t1d_metric)i;
    const t1d_trial_figure f =
        base < 0 ? t1d_trial_mean(t, a, group, m) : t1d_trial_difference(t, a, base, group, m);
    figure_json(&f, m, j);
  }
  gm_json_write_object_end(j);
}

static void trial_json(const t1d_trial *t, const t1d_trial_options *o, gm_text *out)
{
  enum { GROUPS = 3 };
  gm_json_writer j;
  gm_json_write_begin(&j, out, 3);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "scenario", o->scenario->name);
  gm_json_write_text(&j, "sensor", t1d_sensor_name(o->sensor));
  gm_json_write_int(&j, "seed", (int64_t)o->seed);
  gm_json_write_int(&j, "people", t->person_count);
  gm_json_write_number(&j, "days", t->days);
  gm_json_write_int(&j, "days_not_counted", o->dropped_days);
  gm_json_write_bool(&j, "complete", t->complete);
  for (int32_t paired = 0; paired < 2; paired++) {
    gm_json_write_array(&j, paired ? "differences" : "arms");
    for (int32_t g = 0; g < GROUPS; g++)
      for (int32_t a = paired; a < t->arm_count; a++)
        if (!isnan(t1d_trial_mean(t, a, g, T1D_TIR).mean))
          arm_json(t, o->arm, a, paired - 1, g, &j);
    gm_json_write_array_end(&j);
  }
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

static void trial_show(const t1d_trial *t, const t1d_trial_options *o, gm_text *out)
{
  gm_text_addf(out,
               "%s: %d virtual people, %.0f days (the first is not counted), sensor %s, "
               "seed %llu\n\n",
               o->scenario->title, (int)t->person_count, t->days, t1d_sensor_name(o->sensor),
               (unsigned long long)o->seed);
  t1d_trial_table(t, o->arm, out);
  gm_text_add(out,
              "\nMean +- Monte Carlo error. A share of 0.00+-0.00: none was seen in these days, "
              "which is no\ncertainty.\n");
  if (!t->complete) gm_text_add(out, "STOPPED: these are the days so far.\n");
}

static int trial(gm_program *p)
{
  const t1d_subject *subject[T1D_SUBJECT_COUNT];
  arms a = {0};
  t1d_trial_options o = {.subject = subject, .arm = a.arm, .watch = &p->watch};
  int code = arms_read(p, &a);
  if (!code) code = subjects_read(p, subject, &o.subject_count);
  if (!code) code = options_take(p, &o);
  if (code) return code;
  o.arm_count = a.count;
  t1d_trial *t = NULL;
  gm_status s = t1d_trial_run(p->ctx, &o, &t);
  if (!s) (p->json ? trial_json : trial_show)(t, &o, &p->out);
  if (s == GM_ECANCELLED)
    return gm_program_say(p, GM_PROGRAM_NO,
                          "stopped within the first day, which is not counted: there is nothing "
                          "to show yet");
  code = s ? gm_program_fail(p, s) : t->complete ? GM_PROGRAM_DONE : GM_PROGRAM_NO;
  t1d_trial_free(t);
  return code;
}

static const gm_option options[] = {
    {"scenario", "NAME", "exact, carbs-70, carbs-130, unannounced, si-130, si-70 [exact]", 0},
    {"arms", "A,B,..", "open-loop, pid, rules, mpc, mpc-population [all]", 0},
    {"subjects", "WHO", "adults, adolescents, children, all, or one [adults]", 0},
    {"days", "N", "[7]", 0},
    {"replicates", "N", "people made of each subject, with draws of their own [1]", 0},
    {"sensor", "KIND", "exact, white, breton, seven-plus, g5, g6, g6-drawn [breton]", 0},
    {NULL, NULL, NULL, 0}};

const gm_verb t1d_verb_trial = {
    .name = "trial",
    .use = "[--OPTION VALUE]",
    .summary = "controllers in closed loop on virtual people, behind limits",
    .details =
        "Seven days of three meals, the first day not counted, for every controller on the same "
        "people,\nmeals and sensor errors. A simulated pump obeys; nothing here commands a "
        "device.\n",
    .option = options,
    .run = trial};
