/* verb_twin_migrate.c - gemel twin migrate: another definition or model version for a twin. */
#include "cli/keep.h"

static void cells(cli_table *t, const double q[3])
{
  char low[32], mid[32], high[32];
  cli_table_cell(t, "%s (%s to %s)", cli_number(q[1], mid), cli_number(q[0], low),
                 cli_number(q[2], high));
}

static void change_row(cli_table *t, const gm_definition *d, const gm_life_change *x)
{
  char when[40];
  cli_table_cell(t, "%s [%s]", d->observable[x->observable].name,
                 d->observable[x->observable].unit);
  cli_table_cell(t, "%s", cli_unix_text(x->t_s, when));
  cells(t, x->before);
  cells(t, x->after);
  cli_table_cell(t, "%s", x->distinguishable ? "changed" : "no distinguishable difference");
}

/* All that changed, and of the others a sample, in the order of time. */
static void changes_show(cli *c, const gm_definition *d, const gm_life_change *change,
                         int32_t count)
{
  enum { SAMPLE = 12 };
  cli_table t;
  int32_t told = 0, others = 0, left_out = 0;
  for (int32_t i = 0; i < count; i++) told += change[i].distinguishable;
  gm_text_addf(&c->out, "%d of %d forecasts changed by more than their 90 %% intervals allow\n",
               (int)told, (int)count);
  cli_table_init(&t, c->ctx, 5);
  static const char *const head[] = {"observable", "time", "before: median (5 to 95 %)", "after",
                                     ""};
  for (int i = 0; i < 5; i++) cli_table_cell(&t, "%s", head[i]);
  int32_t step = (count - told + SAMPLE - 1) / SAMPLE;
  for (int32_t i = 0; i < count; i++) {
    bool shown = change[i].distinguishable || others++ % step == 0;
    left_out += !shown;
    if (shown) change_row(&t, d, &change[i]);
  }
  cli_table_write(&t, true, &c->out);
  if (left_out)
    gm_text_addf(&c->out,
                 "  %d more without a distinguishable difference are left out (--json has all)\n",
                 (int)left_out);
}

static void json_show(cli *c, const gm_definition *d, const gm_life_change *change, int32_t count)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_array(&j, NULL);
  for (int32_t i = 0; i < count; i++) {
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "observable", d->observable[change[i].observable].name);
    gm_json_write_text(&j, "unit", d->observable[change[i].observable].unit);
    gm_json_write_number(&j, "t_s", change[i].t_s);
    gm_json_write_numbers(&j, "before", 3, change[i].before);
    gm_json_write_numbers(&j, "after", 3, change[i].after);
    gm_json_write_bool(&j, "distinguishable", change[i].distinguishable);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_text_add(&c->out, "\n");
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_life_change *change = NULL;
  int32_t count = 0;
  int code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK
                     : gm_life_migrate(k.life, c->ctx, c->argument[1], cli_value(c, "prior"),
                                       &change, &count);
  if (s) code = cli_fail(c, s);
  if (!code && c->json) json_show(c, gm_life_definition(k.life), change, count);
  if (!code && !c->json && count) changes_show(c, gm_life_definition(k.life), change, count);
  if (!code && !c->json && !count)
    gm_text_add(&c->out, "migrated; there was no belief to compare\n");
  gm_free(change);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"prior", "FILE", "what was learned from other twins (gemel bank learn); else the definition's",
     GM_OPTION_READ},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_migrate = {
    .name = "twin migrate",
    .summary = "put another definition under a twin, and say what changed",
    .use = "NAME DEFINITION [--prior FILE]",
    .details = "The thread is run again under the new definition; forecasts before and after are "
               "compared at the\nsame times. The old ones stay as they were issued.\n",
    .option = options,
    .argument_count = 2,
    .run = run};
