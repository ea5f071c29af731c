/* model_text.c - a model file on its own; covariates given by --set. */
#include "cli/cli.h"
#include "gemel/equations.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

gm_status cli_model_read(gm_ctx *ctx, const char *path, gm_model **out)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_status s = gm_file_read(ctx, path, 1u << 20, &text, &bytes);
  if (s) return s;
  if (strlen(text) != bytes)
    s = gm_fail(ctx, GM_EPARSE, "%s: a byte 0 in the text; model text is expected", path);
  gm_eq_config config = {.text = text, .text_name = path};
  if (!s) s = gm_model_new(ctx, &gm_equations, &config, out);
  gm_free(text);
  return s;
}

gm_status cli_set_split(gm_ctx *ctx, const char *text, char *name, const char **value)
{
  const char *equal = strchr(text, '=');
  if (!equal || equal == text || equal - text > 63 || !equal[1])
    return gm_fail(ctx, GM_EPARSE, "--set %.80s: NAME=VALUE is expected", text);
  memcpy(name, text, (size_t)(equal - text));
  name[equal - text] = 0;
  *value = equal + 1;
  return GM_OK;
}

static void csv_cell(gm_text *out, const char *text)
{
  gm_text_add(out, ",\"");
  for (; *text; text++) {
    if (*text == '"') gm_text_add(out, "\"");
    gm_text_addn(out, text, 1);
  }
  gm_text_add(out, "\"");
}

static bool is_set(const cli *c, const char *covariate)
{
  const char *text;
  size_t n = strlen(covariate);
  for (int32_t i = 0; (text = cli_value_at(c, "set", i)); i++)
    if (!strncmp(text, covariate, n) && text[n] == '=') return true;
  return false;
}

/* A covariate without default must be given. */
static gm_status set_complete(const cli *c, const gm_definition *d)
{
  for (int32_t i = 0; i < d->covariate_count; i++) {
    const gm_covariate *v = &d->covariate[i];
    if (!isnan(v->fallback) || is_set(c, v->name)) continue;
    return gm_fail(c->ctx, GM_ENOTFOUND, "covariate %s%s%s%s is needed: --set %s=VALUE", v->name,
                   v->unit[0] ? " [" : "", v->unit, v->unit[0] ? "]" : "", v->name);
  }
  return GM_OK;
}

gm_status cli_set_records(cli *c, const gm_definition *d, gm_records **out)
{
  gm_text head, row;
  gm_text_init(&head, c->ctx);
  gm_text_init(&row, c->ctx);
  gm_text_add(&head, "ID,TIME,EVID");
  gm_text_add(&row, "1,0,2");
  gm_status s = GM_OK;
  const char *text, *value;
  char name[64];
  for (int32_t i = 0; (text = cli_value_at(c, "set", i)) && !s; i++) {
    s = cli_set_split(c->ctx, text, name, &value);
    if (!s && gm_definition_covariate(d, name) < 0)
      s = gm_fail(c->ctx, GM_ENOTFOUND, "--set %s: %s has no covariate of that name", text,
                  d->path);
    if (s) break;
    csv_cell(&head, name);
    csv_cell(&row, value);
  }
  if (!s) s = set_complete(c, d);
  gm_text_addf(&head, "\n%s\n", row.data ? row.data : "");
  if (!s) s = head.status ? head.status : row.status;
  if (!s) s = gm_records_parse(c->ctx, "--set", head.data, head.bytes, out);
  gm_text_free(&head);
  gm_text_free(&row);
  return s;
}
