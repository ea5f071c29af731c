/* verb_bank_list.c - gemel bank list: the twins of a store. */
#include "cli/keep.h"
#include <math.h>

typedef struct {
  cli *c;
  gm_json_writer j;
  cli_table t;
  int64_t count;
} lister;

static gm_status hear(void *user, const gm_twin_found *f)
{
  lister *l = user;
  char when[40];
  double made = (double)f->created_us * 1e-6;
  l->count++;
  if (!l->c->json) {
    cli_table_cell(&l->t, "%s", f->name);
    cli_table_cell(&l->t, "%s", f->subject_id);
    cli_table_cell(&l->t, "%lld", (long long)f->seq);
    cli_table_cell(&l->t, "%s", cli_unix_text(made, when));
    return l->t.cell.status;
  }
  gm_json_write_object(&l->j, NULL);
  gm_json_write_text(&l->j, "twin", f->name);
  gm_json_write_text(&l->j, "subject", f->subject_id);
  gm_json_write_int(&l->j, "records", f->seq);
  gm_json_write_number(&l->j, "made_s", made);
  gm_json_write_object_end(&l->j);
  return l->c->out.status;
}

static int run(cli *c)
{
  cli_keep k = {0};
  lister l = {.c = c};
  int64_t withheld = 0;
  int code = cli_keep_open(c, false, &k);
  if (code) return cli_keep_close(&k), code;
  gm_json_write_begin(&l.j, &c->out, 1);
  if (c->json) gm_json_write_array(&l.j, NULL);
  cli_table_init(&l.t, c->ctx, 4);
  static const char *const head[] = {"twin", "subject", "records", "made"};
  for (int i = 0; i < 4; i++) cli_table_cell(&l.t, "%s", head[i]);
  gm_status s = gm_store_twins(k.session, c->ctx, 0, hear, &l, &withheld);
  if (c->json) {
    gm_json_write_array_end(&l.j);
    gm_text_add(&c->out, "\n");
    gm_text_free(&l.t.cell);
  } else {
    cli_table_write(&l.t, true, &c->out);
    gm_text_addf(&c->out, "%lld twins\n", (long long)l.count);
  }
  if (s) code = cli_fail(c, s);
  if (!code && withheld)
    cli_say(c, 0, "%lld more are not for this role and purpose", (long long)withheld);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {CLI_KEEP_OPTIONS, {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_list = {.name = "bank list",
                                     .summary = "the twins of a store",
                                     .use = "",
                                     .details = "",
                                     .option = options,
                                     .argument_count = 0,
                                     .run = run};
