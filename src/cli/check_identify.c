/* check_identify.c - gemel check --identify: which unknowns perfect measurements would tell. */
#include "cli/check_identify.h"
#include "gemel/structural.h"

/* Values of an option given any number of times; *out is owned by the caller, its texts are not. */
static gm_status values(const cli *c, const char *option, const char ***out, int32_t *count)
{
  *count = 0;
  while (cli_value_at(c, option, *count)) (*count)++;
  *out = gm_alloc(c->ctx, *count, sizeof **out);
  if (!*out) return gm_fail(c->ctx, GM_ENOMEM, "options");
  for (int32_t i = 0; i < *count; i++) (*out)[i] = cli_value_at(c, option, i);
  return GM_OK;
}

static void show_text(const gm_structural *r, gm_text *out)
{
  cli_table t;
  cli_table_init(&t, r->ctx, 2);
  cli_table_cell(&t, "unknown");
  cli_table_cell(&t, "from perfect measurements");
  for (int32_t i = 0; i < r->unknown_count; i++) {
    cli_table_cell(&t, "%s", r->unknown[i].name);
    cli_table_cell(&t, "%s", r->unknown[i].identifiable ? "identifiable" : "NOT identifiable");
  }
  cli_table_write(&t, true, out);
  for (int32_t i = 0; i < r->combination_count; i++)
    gm_text_addf(out, "only together: %s\n", r->combination[i]);
  if (r->other_count > 0 && !r->stopped)
    gm_text_addf(out, "and %d more function%s of the unknowns, no sum of products of two\n",
                 (int)r->other_count, r->other_count > 1 ? "s" : "");
  if (r->rank == 0)
    gm_text_add(out, "the measurements do not move: does a dose (--input STATE) lack?\n");
  gm_text_addf(
      out,
      "%d of %d dimensions can be found (locally: up to finitely many other values; series "
      "to order %d at %d random points)\n",
      (int)r->rank, (int)r->unknown_count, (int)r->order, (int)r->point_count);
}

static void show_json(const cli *c, const gm_structural *r, bool good, gm_text *out)
{
  gm_json_writer j;
  gm_json_write_begin(&j, out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", "check");
  gm_json_write_text(&j, "file", c->argument[0]);
  gm_json_write_bool(&j, "good", good);
  gm_json_write_array(&j, "unknown");
  for (int32_t i = 0; i < r->unknown_count; i++) {
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "name", r->unknown[i].name);
    gm_json_write_bool(&j, "identifiable", r->unknown[i].identifiable);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_json_write_array(&j, "combinations");
  for (int32_t i = 0; i < r->combination_count; i++)
    gm_json_write_text(&j, NULL, r->combination[i]);
  gm_json_write_array_end(&j);
  gm_json_write_int(&j, "other_functions", r->other_count);
  gm_json_write_int(&j, "rank", r->rank);
  gm_json_write_int(&j, "order", r->order);
  gm_json_write_int(&j, "points", r->point_count);
  gm_json_write_bool(&j, "stopped", r->stopped);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

static gm_status run_test(cli *c, gm_structural_config *config, gm_structural **out)
{
  const char *const name[] = {"output", "unknown", "known", "input"};
  const char **list[4] = {NULL};
  int32_t count[4] = {0};
  char *text = NULL;
  gm_status s = GM_OK;
  for (int i = 0; i < 4 && !s; i++) s = values(c, name[i], &list[i], &count[i]);
  if (!s && count[0] == 0)
    s = gm_fail(c->ctx, GM_EINVAL, "--identify needs what is measured: --output NAME");
  if (!s) s = cli_model_text(c->ctx, c->argument[0], &text);
  config->text = text;
  config->observe = list[0];
  config->observe_count = count[0];
  config->unknown = list[1];
  config->unknown_count = count[1];
  config->known = list[2];
  config->known_count = count[2];
  config->input = list[3];
  config->input_count = count[3];
  if (!s) s = gm_structural_test(c->ctx, config, out);
  for (int i = 0; i < 4; i++) gm_free(list[i]);
  gm_free(text);
  return s;
}

int cli_check_identify(cli *c)
{
  gm_structural_config config = {.text_name = c->argument[0],
                                 .start_free = cli_has(c, "free-start"),
                                 .seed = c->seed,
                                 .watch = &c->watch};
  gm_structural *r = NULL;
  gm_status s = GM_OK;
  if (!cli_is_model(c->argument[0]))
    s = gm_fail(c->ctx, GM_EINVAL,
                "--identify needs a model (.ant, .xml), not a definition; a definition needs "
                "--data FILE too");
  cli_progress_begin(&c->progress, "power series", 0);
  if (!s) s = run_test(c, &config, &r);
  cli_progress_end(&c->progress);
  if (s) return cli_fail(c, s);
  bool good = true;
  for (int32_t i = 0; i < r->unknown_count; i++) good = good && r->unknown[i].identifiable;
  if (c->json)
    show_json(c, r, good, &c->out);
  else
    show_text(r, &c->out);
  int code = good ? CLI_DONE : CLI_NO;
  if (r->stopped)
    code = cli_say(c, CLI_NO,
                   "stopped after %d points: not confirmed by another prime, and combinations may "
                   "lack",
                   (int)r->point_count);
  gm_structural_free(r);
  return c->out.status ? cli_fail(c, c->out.status) : code;
}

gm_status cli_check_identify_absent(cli *c, bool identify)
{
  static const char *const name[] = {"output", "input", "unknown", "known", "free-start"};
  for (int i = 0; i < 5; i++)
    if (cli_has(c, name[i]))
      return identify ? gm_fail(c->ctx, GM_EINVAL, "--%s needs a model, not a definition", name[i])
                      : gm_fail(c->ctx, GM_EINVAL, "--%s needs --identify", name[i]);
  return GM_OK;
}
