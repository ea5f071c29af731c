/* model_text.c - a model file on its own; covariates given by --set. */
#include "cli/cli.h"
#include "gemel/equations.h"
#include "kinds/equations/sbml/sbml.h"
#include "kinds/equations/text_net.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 64 << 20 }; /* as sbml_read takes; a model text may have 1 MB */

bool cli_is_model(const char *path)
{
  static const char *const ends[] = {".ant", ".xml", ".sbml"};
  static const char *const not_ends[] = {".yaml", ".yml"};
  for (int i = 0; i < 3; i++)
    if (cli_ends_with(path, ends[i])) return true;
  for (int i = 0; i < 2; i++)
    if (cli_ends_with(path, not_ends[i])) return false;
  FILE *f = fopen(path, "rb");
  int byte = ' ';
  while (f && (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n')) byte = fgetc(f);
  if (f) fclose(f);
  return byte == '<';
}

/* A YAML text with `network:` or `queue:` on its left edge, and no `twin:`. */
static const char *yaml_kind(const char *text)
{
  static const char *const kind[] = {"network", "queue"};
  const char *found = NULL;
  for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
    if (!strncmp(at, "twin:", 5)) return NULL;
    for (int i = 0; i < 2; i++) {
      size_t n = strlen(kind[i]);
      if (!strncmp(at, kind[i], n) && at[n] == ':') found = kind[i];
    }
  }
  return found;
}

/* A model where a definition is asked for says so, rather than what its first line lacks. */
gm_status cli_definition_read(const cli *c, gm_definition **out)
{
  const char *path = c->argument[0];
  char *text = NULL;
  size_t bytes = 0;
  if (cli_exists(path) && cli_is_model(path))
    return gm_fail(c->ctx, GM_EINVAL,
                   "%s: a model; %s needs a definition (twin.yaml) with `model: FILE`", path,
                   c->verb->name);
  if (cli_ends_with(path, ".so"))
    return gm_fail(c->ctx, GM_EINVAL,
                   "%s: a compiled model; %s needs a definition (twin.yaml) with `model: FILE` and "
                   "`kind: compiled`",
                   path, c->verb->name);
  bool yaml = cli_ends_with(path, ".yaml") || cli_ends_with(path, ".yml");
  gm_status s = yaml ? gm_file_read(c->ctx, path, TEXT_BYTES_MAX, &text, &bytes) : GM_OK;
  const char *kind = !s && text ? yaml_kind(text) : NULL;
  gm_free(text);
  if (kind)
    return gm_fail(c->ctx, GM_EINVAL,
                   "%s: a model of the kind %s; %s needs a definition (twin.yaml) with "
                   "`model: FILE` and `kind: %s`",
                   path, kind, c->verb->name, kind);
  return s ? s : gm_definition_read(c->ctx, path, out);
}

gm_status cli_model_text(gm_ctx *ctx, const char *path, char **out)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_status s = gm_file_read(ctx, path, TEXT_BYTES_MAX, &text, &bytes);
  if (s) return s;
  if (strlen(text) == bytes) {
    *out = text;
    return GM_OK;
  }
  gm_free(text);
  return gm_fail(ctx, GM_EPARSE, "%s: a byte 0 in the text; model text is expected", path);
}

gm_status cli_model_read(gm_ctx *ctx, const char *path, gm_model **out)
{
  char *text = NULL;
  gm_status s = cli_model_text(ctx, path, &text);
  if (s) return s;
  gm_eq_config config = {.text = text, .text_name = path};
  s = gm_model_new(ctx, &gm_equations, &config, out);
  gm_free(text);
  return s;
}

gm_status cli_net_read(gm_ctx *ctx, const char *text, const char *path, struct net *out)
{
  return eq_looks_like_sbml(text) ? sbml_read(ctx, text, path, out)
                                  : eqt_net_read(ctx, text, path, out);
}

gm_status cli_solver(const cli *c, gm_eq_solver *out)
{
  static const char *const known[] = {"auto", "explicit", "stiff"};
  static const gm_eq_solver solver[] = {GM_EQ_AUTO, GM_EQ_EXPLICIT, GM_EQ_STIFF};
  const char *word = cli_value(c, "solver");
  size_t k = 0;
  while (word && k < 3 && strcmp(word, known[k]) != 0) k++;
  if (k == 3)
    return gm_fail(c->ctx, GM_EINVAL, "--solver %.40s: auto, explicit or stiff is expected", word);
  *out = solver[k];
  return GM_OK;
}

bool cli_is_flux_balance(gm_ctx *ctx, const char *text, const char *path)
{
  /* the name of the package's space; without it the document need not be parsed for this */
  return strstr(text, "/fbc/version") && sbml_is_flux_balance(ctx, text, path);
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
