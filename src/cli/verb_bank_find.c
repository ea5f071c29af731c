/* verb_bank_find.c - gemel bank find: twins by covariate, parameter, forecast, health. */
#include "cli/keep.h"
#include "base/clock.h"
#include "gemel/bank.h"
#include <math.h>

typedef struct {
  cli *c;
  gm_json_writer j;
  cli_table t;
} finder;

static gm_status hear(void *user, const gm_bank_match *m)
{
  finder *f = user;
  char age[32], p[32];
  double age_s = gm__clock_s() - m->card->t_datum_s;
  if (!f->c->json) {
    cli_table_cell(&f->t, "%s", m->found->name);
    cli_table_cell(&f->t, "%s", m->found->subject_id);
    if (isnan(m->chance.p))
      cli_table_cell(&f->t, "-");
    else if (isnan(m->chance.error))
      cli_table_cell(&f->t, "%s", cli_number(m->chance.p, p));
    else
      cli_table_cell(&f->t, "%.2f +- %.2f", m->chance.p, m->chance.error);
    cli_table_cell(&f->t, "%s", gm_health_name(m->card->health));
    cli_table_cell(&f->t, "%s", cli_age_text(age_s, age));
    return f->t.cell.status;
  }
  gm_json_write_object(&f->j, NULL);
  gm_json_write_text(&f->j, "twin", m->found->name);
  gm_json_write_text(&f->j, "subject", m->found->subject_id);
  gm_json_write_number(&f->j, "chance", m->chance.p);
  gm_json_write_number(&f->j, "chance_error", m->chance.error);
  gm_json_write_text(&f->j, "health", gm_health_name(m->card->health));
  gm_json_write_text(&f->j, "level", gm_level_name(m->card->level));
  gm_json_write_number(&f->j, "age_s", age_s);
  gm_json_write_object_end(&f->j);
  return f->c->out.status;
}

static void totals_show(cli *c, const gm_bank_totals *t)
{
  gm_text_addf(&c->out, "%lld of %lld twins (%lld subjects)", (long long)t->matched,
               (long long)t->twins, (long long)t->subjects);
  if (t->unknown) gm_text_addf(&c->out, "; for %lld it cannot be said", (long long)t->unknown);
  if (t->not_converted)
    gm_text_addf(&c->out, "; %lld have it in a unit that does not convert",
                 (long long)t->not_converted);
  if (t->withheld)
    gm_text_addf(&c->out, "; %lld are not for this role and purpose", (long long)t->withheld);
  gm_text_add(&c->out, "\n");
}

static void totals_json(gm_json_writer *j, const gm_bank_totals *t)
{
  gm_json_write_int(j, "matched", t->matched);
  gm_json_write_int(j, "twins", t->twins);
  gm_json_write_int(j, "subjects", t->subjects);
  gm_json_write_int(j, "unknown", t->unknown);
  gm_json_write_int(j, "not_converted", t->not_converted);
  gm_json_write_int(j, "withheld", t->withheld);
  gm_json_write_object_end(j);
}

/* A name that no card has is most likely a misspelt one. */
static int verdict(const cli *c, const gm_bank_totals *t)
{
  if (!t->twins || t->unknown < t->twins) return CLI_DONE;
  return cli_say(c, CLI_NO, "no twin's card can answer this: is a name misspelt?");
}

static int run(cli *c)
{
  cli_keep k = {0};
  finder f = {.c = c};
  gm_bank_totals t = {0};
  int code = cli_keep_open(c, false, &k);
  if (code) return cli_keep_close(&k), code;
  gm_json_write_begin(&f.j, &c->out, 1);
  if (c->json) {
    gm_json_write_object(&f.j, NULL);
    gm_json_write_array(&f.j, "found");
  }
  cli_table_init(&f.t, c->ctx, 5);
  static const char *const head[] = {"twin", "subject", "chance", "health", "newest datum"};
  for (int i = 0; i < 5; i++) cli_table_cell(&f.t, "%s", head[i]);
  gm_status s = gm_bank_find(k.session, c->ctx, c->argument[0], hear, &f, &t);
  if (c->json) {
    gm_json_write_array_end(&f.j);
    totals_json(&f.j, &t);
    gm_text_add(&c->out, "\n");
    gm_text_free(&f.t.cell);
  } else {
    cli_table_write(&f.t, true, &c->out);
    totals_show(c, &t);
  }
  code = s ? cli_fail(c, s) : verdict(c, &t);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {CLI_KEEP_OPTIONS, {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_find = {
    .name = "bank find",
    .summary = "twins by covariate, parameter, forecast, health",
    .use = "QUERY",
    .details = "QUERY: P(HbA1c > 8 % at +90 d) > 0.6 and age > 40 and health = tracking\n"
               "       mean(CL) < 3 L/h   sd(V)   measured NAME   data_age < 7 d   and or not ()\n",
    .option = options,
    .argument_count = 1,
    .run = run};
