/* columns.c - columns of the data that nobody uses, covariates that have no column. */
#include "cli/cli.h"
#include "interop/records_reader.h"
#include <math.h>
#include <string.h>
#include <strings.h>

static bool has_column(const gm_records *r, const char *name)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (!strcmp(r->covariate[i], name)) return true;
  return false;
}

/* Names that the column may have been meant to have: covariates still without one, then those that
 * the reader knows. A name the reader knows is spare here (it stands beside its main name), and one
 * that it refuses would not help. Returns how many; known ends with NULL. */
static int32_t candidates(const gm_definition *d, const gm_records *r, const char *column,
                          const char **known, int32_t room)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d->covariate_count && n < room - 1; i++)
    if (!has_column(r, d->covariate[i].name)) known[n++] = d->covariate[i].name;
  const char *name, *refusal;
  for (int32_t i = 0; (name = gm__column_known(i)) && n < room - 1; i++) {
    bool synonym;
    refusal = NULL;
    (void)gm__column_find(name, &synonym, &refusal);
    if (!refusal && strlen(name) > 1 && strcasecmp(name, column) != 0) known[n++] = name;
  }
  known[n] = NULL;
  return n;
}

static void column_unused(gm_ctx *ctx, const gm_definition *d, const gm_records *r,
                          const char *column, gm_text *lines)
{
  enum { KNOWN_MORE = 128 };
  int32_t room = d->covariate_count + KNOWN_MORE;
  const char **known = gm_alloc(ctx, room, sizeof *known);
  if (!known) {
    lines->status = GM_ENOMEM;
    return;
  }
  candidates(d, r, column, known, room);
  const char *near = cli_nearest(column, known);
  cli_safe(lines, r->path);
  gm_text_add(lines, ": column ");
  cli_safe(lines, column);
  gm_text_add(lines, " is not used by the definition");
  if (near) gm_text_addf(lines, "; did you mean %s?", near);
  gm_text_add(lines, "\n");
  gm_free(known);
}

static void fallback_used(const gm_covariate *v, const gm_records *r, gm_text *lines)
{
  cli_safe(lines, r->path);
  gm_text_addf(lines, ": no column %s: its default ", v->name);
  if (v->level_count)
    gm_text_addf(lines, "%s is used\n", v->level[(int32_t)v->fallback]);
  else
    gm_text_addf(lines, "%g%s%s is used\n", v->fallback, v->unit[0] ? " " : "", v->unit);
}

static bool is_ignored(const cli *c, const char *column)
{
  const char *name;
  for (int32_t i = 0; (name = cli_value_at(c, "ignore", i)); i++)
    if (!strcmp(name, column)) return true;
  return false;
}

void cli_columns(const cli *c, const gm_definition *d, const gm_records *r, gm_text *unused,
                 gm_text *fallback)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (gm_definition_covariate(d, r->covariate[i]) < 0 && !is_ignored(c, r->covariate[i]))
      column_unused(c->ctx, d, r, r->covariate[i], unused);
  for (int32_t i = 0; i < d->covariate_count; i++)
    if (!isnan(d->covariate[i].fallback) && !has_column(r, d->covariate[i].name))
      fallback_used(&d->covariate[i], r, fallback);
}

/* --ignore of a column that is used would be believed, and do nothing. */
static gm_status ignored_check(const cli *c, const gm_definition *d, const gm_records *r)
{
  const char *name, *refusal;
  for (int32_t i = 0; (name = cli_value_at(c, "ignore", i)); i++) {
    bool synonym;
    bool covariate = gm_definition_covariate(d, name) >= 0 && has_column(r, name);
    bool known = gm__column_find(name, &synonym, &refusal) != GM__COL_COVARIATE && !synonym;
    if (covariate || (known && !has_column(r, name)))
      return gm_fail(c->ctx, GM_EINVAL,
                     "--ignore %.60s: %s; take the column out of the data to leave it out", name,
                     covariate ? "the definition uses it" : "it says what was given or measured");
  }
  return GM_OK;
}

/* A column that nobody uses may be a misspelt one, and then every number would be wrong: refused,
 * unless it is named in --ignore. */
gm_status cli_columns_say(const cli *c, const gm_definition *d, const gm_records *r)
{
  gm_text unused, fallback;
  gm_status s = ignored_check(c, d, r);
  if (s) return s;
  gm_text_init(&unused, c->ctx);
  gm_text_init(&fallback, c->ctx);
  cli_columns(c, d, r, &unused, &fallback);
  s = unused.status ? unused.status : fallback.status;
  if (s) s = gm_fail(c->ctx, s, "columns of %s", r->path);
  if (!s && unused.bytes)
    s = gm_fail(c->ctx, GM_EPARSE, "%.*s (--ignore NAME leaves a column out)",
                (int)strcspn(unused.data, "\n"), unused.data);
  for (char *line = fallback.data, *end; !s && line && (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    cli_say(c, CLI_DONE, "warning: %s", line);
  }
  gm_text_free(&unused);
  gm_text_free(&fallback);
  return s;
}
