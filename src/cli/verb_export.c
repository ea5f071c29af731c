/* verb_export.c - gemel export: a model in the format of other programs. */
#include "cli/cli.h"
#include "kinds/equations/net/net.h"
#include <string.h>

static gm_status format_check(const cli *c)
{
  const char *to = cli_value(c, "to");
  if (!to) return gm_fail(c->ctx, GM_EINVAL, "export: --to FORMAT is needed: --to sbml");
  if (strcmp(to, "sbml") != 0)
    return gm_fail(c->ctx, GM_EUNSUPPORTED, "--to %.40s: sbml is expected", to);
  return GM_OK;
}

/* YAML holds definitions and models of other kinds, which SBML has no words for. */
static gm_status model_check(const cli *c)
{
  const char *path = c->argument[0];
  if (!cli_ends_with(path, ".yaml") && !cli_ends_with(path, ".yml")) return GM_OK;
  return gm_fail(c->ctx, GM_EINVAL, "%s: a model text (.ant) or SBML (.xml) is expected", path);
}

/* The file written is never the model itself. */
static gm_status output_check(const cli *c)
{
  const char *out = cli_value(c, "out");
  if (out && cli_exists(out) && cli_same_file(out, c->argument[0]))
    return gm_fail(c->ctx, GM_EINVAL, "--out %s is the model; another file is expected", out);
  return GM_OK;
}

static gm_status finish(cli *c, gm_text *sbml)
{
  const char *out = cli_value(c, "out");
  gm_status s = sbml->status ? gm_fail(c->ctx, sbml->status, "SBML") : GM_OK;
  if (!s && out) s = cli_write(c->ctx, out, sbml);
  if (s) return s;
  if (c->json) {
    gm_json_writer j;
    gm_json_write_begin(&j, &c->out, 1);
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "gemel", gm_version());
    gm_json_write_text(&j, "verb", "export");
    gm_json_write_text(&j, "model", c->argument[0]);
    gm_json_write_text(&j, "to", "sbml");
    gm_json_write_text(&j, "out", out);
    if (!out) gm_json_write_text(&j, "text", sbml->data);
    gm_json_write_object_end(&j);
    gm_text_add(&c->out, "\n");
  } else if (out) {
    gm_text_addf(&c->out, "%s\n", out);
  } else {
    gm_text_addn(&c->out, sbml->data, sbml->bytes);
  }
  return GM_OK;
}

static int run(cli *c)
{
  char *text = NULL;
  net n = {0};
  bool read = false;
  gm_text sbml;
  gm_text_init(&sbml, c->ctx);
  gm_status s = format_check(c);
  if (!s) s = output_check(c);
  if (!s) s = model_check(c);
  if (!s) s = cli_model_text(c->ctx, c->argument[0], &text);
  if (!s) s = cli_net_read(c->ctx, text, c->argument[0], &n);
  read = !s;
  if (!s) s = net_write_sbml(&n, &sbml);
  if (!s) s = finish(c, &sbml);
  if (read) net_free(&n);
  gm_text_free(&sbml);
  gm_free(text);
  return s ? cli_fail(c, s) : CLI_DONE;
}

static const cli_option options[] = {
    {"to", "FORMAT", "sbml (Level 3 Version 2 core)", false},
    {"out", "FILE", "the file to write (default: standard output)", GM_OPTION_WRITTEN},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_export = {
    .name = "export",
    .summary = "a model in the format of other programs: SBML",
    .use = "MODEL.ant|MODEL.xml --to sbml [--out FILE]",
    .details = "Sub-models are written out flat. What the format cannot say is refused by name.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
