/* verb_twin_show.c - gemel twin show: what a twin is, how well, and how old what it knows is. */
#include "cli/keep.h"
#include <math.h>
#include <stdio.h>

static void line(gm_text *out, const char *name, const char *format, ...) GM_PRINTF(3, 4);
static void line(gm_text *out, const char *name, const char *format, ...)
{
  char text[400];
  va_list a;
  va_start(a, format);
  vsnprintf(text, sizeof text, format, a);
  va_end(a);
  gm_text_addf(out, "%-16s", name);
  cli_safe(out, text);
  gm_text_add(out, "\n");
}

static void head_show(const cli *c, const gm_life *l, const gm_life_state *s, gm_text *out)
{
  const gm_definition *d = gm_life_definition(l);
  const char *subject = gm_life_subject_id(l), *title = d->title[0] ? d->title : d->twin;
  char when[40], ago[40];
  if (subject[0])
    gm_text_addf(out, "twin %s of subject %s: %s\n", c->argument[0], subject, title);
  else /* names are not for everybody */
    gm_text_addf(out, "twin %s, number %lld: %s\n", c->argument[0], (long long)gm_life_twin(l),
                 title);
  line(out, "question", "%.300s", d->question);
  line(out, "use", "%.300s", d->context_of_use);
  if (!s->is_twin) gm_text_addf(out, "A MODEL, NOT A TWIN: %s\n", s->link);
  if (s->missing[0])
    line(out, "MISSING", "covariate %s: it has no value, and the definition gives no default",
         s->missing);
  line(out, "level", "%s%s%s", gm_level_name(s->level), s->next[0] ? "; next, " : "", s->next);
  line(out, "health", "%s", gm_health_name(s->health));
  line(out, "data",
       "%lld observations (%lld suspect), %lld doses given, %lld ordered, %lld reported",
       (long long)s->observations, (long long)s->suspect, (long long)s->given,
       (long long)s->ordered, (long long)s->reported);
  if (isnan(s->t_last_s))
    line(out, "newest datum", "none");
  else
    line(out, "newest datum", "%s (%s)", cli_unix_text(s->t_last_s, when),
         cli_ago_text(s->age_s, ago));
  if (isnan(s->belief_s))
    line(out, "belief", "none yet");
  else
    line(out, "belief", "of %s; %lld so far", cli_unix_text(s->belief_s, when),
         (long long)s->beliefs);
  line(out, "said", "%lld forecasts, %lld proposals; %lld decisions were made",
       (long long)s->forecasts, (long long)s->proposals, (long long)s->decisions);
}

static void scores_show(const gm_definition *d, const gm_life_state *s, gm_text *out)
{
  char a[32], b[32], e[32], f[32];
  if (!s->scored) line(out, "scores", "none yet: no datum came after a forecast");
  if (s->censored)
    line(out, "", "%d data that came later were beyond a limit of quantification: not scored",
         (int)s->censored);
  for (int32_t o = 0; o < d->observable_count; o++) {
    const gm_life_skill *k = &s->skill[o];
    if (!k->scored) continue;
    line(out, "score", "%.60s: %d data that came later, mean CRPS %s %.40s (population %s)",
         d->observable[o].name, (int)k->scored, cli_number(k->crps, a), d->observable[o].unit,
         cli_number(k->crps_population, b));
    if (k->with_last)
      line(out, "", "where the last value could say something: twin %s, last value %s (%d data)",
           cli_number(k->crps_beside_last, e), cli_number(k->crps_last, f), (int)k->with_last);
    /* by chance: standard deviation of the share of n when 0.9 is right */
    line(out, "", "intervals of 50 and 90 %% held %.0f and %.0f %% (by chance +- %.0f)",
         100 * k->covered50, 100 * k->covered90, 100 * sqrt(0.09 / k->scored));
  }
}

static gm_status text_show(cli *c, gm_life *l, const gm_life_state *s)
{
  const gm_twin *t = NULL;
  gm_text *out = &c->out;
  head_show(c, l, s, out);
  scores_show(gm_life_definition(l), s, out);
  for (int i = 0; i < GM_LIFE_MARKS; i++)
    line(out, s->mark[i].name, "%s: %s", s->mark[i].holds ? "yes" : "no", s->mark[i].evidence);
  gm_status st = s->missing[0] ? GM_OK : gm_life_belief(l, c->ctx, &t);
  if (st || !t) return st;
  gm_text_add(out, "\n");
  st = cli_show_parameters(c->ctx, t, out);
  cli_warn_twin(c, t, out);
  return st;
}

static void json_scores(gm_json_writer *j, const gm_definition *d, const gm_life_state *s)
{
  gm_json_write_object(j, "scores");
  for (int32_t o = 0; o < d->observable_count; o++) {
    const gm_life_skill *k = &s->skill[o];
    if (!k->scored) continue;
    gm_json_write_object(j, d->observable[o].name);
    gm_json_write_int(j, "scored", k->scored);
    gm_json_write_text(j, "unit", d->observable[o].unit);
    gm_json_write_number(j, "crps", k->crps);
    gm_json_write_number(j, "crps_population", k->crps_population);
    gm_json_write_number(j, "crps_last_value", k->crps_last);
    gm_json_write_number(j, "covered50", k->covered50);
    gm_json_write_number(j, "covered90", k->covered90);
    gm_json_write_object_end(j);
  }
  gm_json_write_object_end(j);
}

static gm_status json_parameters(cli *c, gm_life *l, const gm_life_state *s, gm_json_writer *j)
{
  const gm_twin *t = NULL;
  gm_status st = s->missing[0] ? GM_OK : gm_life_belief(l, c->ctx, &t);
  return st || !t ? st : cli_json_parameters(c->ctx, t, j);
}

static gm_status json_show(cli *c, gm_life *l, const gm_life_state *s)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "twin", c->argument[0]);
  if (gm_life_subject_id(l)[0])
    gm_json_write_text(&j, "subject", gm_life_subject_id(l));
  else
    gm_json_write_int(&j, "number", gm_life_twin(l));
  gm_json_write_text(&j, "definition", gm_life_definition(l)->twin);
  gm_json_write_bool(&j, "is_twin", s->is_twin);
  gm_json_write_text(&j, "link", s->link);
  gm_json_write_text(&j, "missing", s->missing);
  gm_json_write_text(&j, "level", gm_level_name(s->level));
  gm_json_write_text(&j, "next_level_needs", s->next);
  gm_json_write_text(&j, "health", gm_health_name(s->health));
  gm_json_write_object(&j, "marks");
  for (int i = 0; i < GM_LIFE_MARKS; i++) {
    gm_json_write_object(&j, s->mark[i].name);
    gm_json_write_bool(&j, "holds", s->mark[i].holds);
    gm_json_write_text(&j, "evidence", s->mark[i].evidence);
    gm_json_write_object_end(&j);
  }
  gm_json_write_object_end(&j);
  const struct {
    const char *name;
    int64_t v;
  } count[] = {
      {"observations", s->observations}, {"suspect", s->suspect},     {"given", s->given},
      {"ordered", s->ordered},           {"reported", s->reported},   {"covariates", s->covariates},
      {"beliefs", s->beliefs},           {"forecasts", s->forecasts}, {"proposals", s->proposals},
      {"decisions", s->decisions},       {"scored", s->scored},       {"censored", s->censored}};
  for (size_t i = 0; i < sizeof count / sizeof count[0]; i++)
    gm_json_write_int(&j, count[i].name, count[i].v);
  gm_json_write_number(&j, "newest_datum_s", s->t_last_s);
  gm_json_write_number(&j, "age_s", s->age_s);
  gm_json_write_number(&j, "belief_s", s->belief_s);
  json_scores(&j, gm_life_definition(l), s);
  gm_status st = json_parameters(c, l, s, &j);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
  return st;
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_life_state state;
  double now = NAN;
  int code = cli_unix_option(c, "now", &now);
  if (!code) code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK : gm_life_look(k.life, c->ctx, now, &state);
  if (!code && !s && c->json) s = json_show(c, k.life, &state);
  if (!code && !s && !c->json) s = text_show(c, k.life, &state);
  if (s) code = cli_fail(c, s);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"as-of", "TIME", "as it was known then", false},
    {"now", "TIME", "ages are counted from then (the clock)", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_show = {
    .name = "twin show",
    .summary = "what a twin is: level, health, ages, scores, parameters",
    .use = "NAME [--as-of TIME]",
    .details =
        "Levels: static (a definition, whatever data), mirror (calibrated, and forecasts), shadow "
        "(a new datum\nchanges the belief within the definition's `update-within`), "
        "intelligent (proposes, scores itself,\nlearns from others). A level falls when its "
        "data stop.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
