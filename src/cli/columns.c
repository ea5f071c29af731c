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

void cli_columns(gm_ctx *ctx, const gm_definition *d, const gm_records *r, gm_text *lines)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (gm_definition_covariate(d, r->covariate[i]) < 0)
      column_unused(ctx, d, r, r->covariate[i], lines);
  for (int32_t i = 0; i < d->covariate_count; i++)
    if (!isnan(d->covariate[i].fallback) && !has_column(r, d->covariate[i].name))
      fallback_used(&d->covariate[i], r, lines);
}

gm_status cli_columns_say(const cli *c, const gm_definition *d, const gm_records *r)
{
  enum { SAID_MAX = 20 };
  gm_text lines;
  gm_text_init(&lines, c->ctx);
  cli_columns(c->ctx, d, r, &lines);
  gm_status s = lines.status;
  int32_t said = 0, more = 0;
  for (char *line = lines.data, *end; !s && line && (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    if (said++ < SAID_MAX)
      cli_say(c, CLI_DONE, "warning: %s", line);
    else
      more++;
  }
  if (more)
    cli_say(c, CLI_DONE, "warning: %s: %d more of this kind; gemel check --data lists all", r->path,
            (int)more);
  gm_text_free(&lines);
  return s ? gm_fail(c->ctx, s, "columns of %s", r->path) : GM_OK;
}
