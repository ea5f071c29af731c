/* definition.c - reading twin.yaml: the order of its parts, and the whole's life. */
#include "twin/definition_internal.h"
#include <assert.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4 << 20, BLOCK_BYTES = 16384 };

static gm_status folder_of(gm_def *r)
{
  gm_definition *d = r->d;
  const char *slash = strrchr(d->path, '/');
  gm_status s = gm__def_keep(r, slash ? d->path : ".", &d->folder);
  if (!s && slash) d->folder[slash == d->path ? 1 : slash - d->path] = 0;
  return s;
}

static gm_status text_needed(gm_def *r, const char *key, const char *expected, char **out)
{
  gm_yaml *n = NULL;
  gm_status s = gm__def_need(r->root, key, expected, &n);
  return s ? s : gm__def_text(r, n, out);
}

static gm_status read_texts(gm_def *r)
{
  static const char *const when[] = {"next", "last"};
  gm_definition *d = r->d;
  gm_status s = text_needed(r, "twin", "the name of the twin", &d->twin);
  if (!s) s = text_needed(r, "question", "the question the twin answers", &d->question);
  if (!s)
    s = text_needed(r, "context-of-use", "who uses the answer, and for what", &d->context_of_use);
  if (!s) s = text_needed(r, "model", "the file of the model", &d->model_file);
  if (!s) s = gm__def_text_of(r, r->root, "title", &d->title);
  if (s) return s;
  int32_t which = 0;
  const gm_yaml *n = gm__yaml_find(r->root, "covariates-between-records");
  if (n) s = gm__def_choice(n, when, 2, &which);
  d->nocb = which == 0;
  return s;
}

static gm_status read_parts(gm_def *r)
{
  static gm_status (*const part[])(gm_def *) = {
      read_texts,
      gm__def_read_subject,
      gm__def_read_observables,
      gm__def_read_model,
      gm__def_read_errors,
      gm__def_read_quality,
      gm__def_read_parameters,
      gm__def_read_correlations,
      gm__def_read_inputs,
      gm__def_read_targets,
      gm__def_read_actions,
      gm__def_read_limits,
      gm__def_read_need,
      gm__def_read_notes,
  };
  gm_status s = gm__def_map(r->root, GM_DEF_TOP);
  for (size_t i = 0; i < sizeof part / sizeof part[0] && !s; i++) s = part[i](r);
  return s;
}

static gm_status read_file(gm_def *r, const char *path)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_status s = gm__def_keep(r, path, &r->d->path);
  if (!s) s = folder_of(r);
  if (!s) s = gm_file_read(r->ctx, path, FILE_BYTES_MAX, &text, &bytes);
  if (s) return s;
  s = gm__yaml_parse(r->ctx, r->work, r->d->path, text, bytes, &r->root);
  gm_free(text);
  return s ? s : read_parts(r);
}

gm_status gm_definition_read(gm_ctx *ctx, const char *path, gm_definition **out)
{
  return gm_definition_read_as(ctx, path, NULL, out);
}

gm_status gm_definition_read_as(gm_ctx *ctx, const char *path, const char *model_path,
                                gm_definition **out)
{
  assert(ctx && path && out);
  gm_def r = {.ctx = ctx, .model_path = model_path};
  gm_definition *d = gm_alloc(ctx, 1, sizeof *d);
  if (!d) return gm_fail(ctx, GM_ENOMEM, "%s: definition", path);
  r.d = d;
  gm_status s = gm_arena_new(ctx, BLOCK_BYTES, &r.keep);
  d->memory = r.keep;
  if (!s) s = gm_arena_new(ctx, BLOCK_BYTES, &r.work);
  if (!s) {
    d->path = (char[]){""}; /* until the arena has it, for messages */
    s = read_file(&r, path);
  }
  gm_arena_free(r.work);
  if (s)
    gm_definition_free(d);
  else
    *out = d;
  return s;
}

void gm_definition_free(gm_definition *d)
{
  if (!d) return;
  for (int32_t i = 0; i < d->parameter_count; i++) {
    gm_expr_free(d->parameter[i].typical);
    gm_expr_free(d->parameter[i].covariate);
  }
  for (int32_t i = 0; i < d->input_count; i++) {
    gm_expr_free(d->input[i].lag);
    gm_expr_free(d->input[i].availability);
    gm_expr_free(d->input[i].duration);
    gm_expr_free(d->input[i].rate);
  }
  gm_model_free(d->model);
  gm_arena_free(d->memory);
  gm_free(d);
}

#define GM_FIND(array, count)                                                                      \
  assert(d &&name);                                                                                \
  for (int32_t i = 0; i < (count); i++)                                                            \
    if (!strcmp((array)[i].name, name)) return i;                                                  \
  return -1

int32_t gm_definition_observable(const gm_definition *d, const char *name)
{
  GM_FIND(d->observable, d->observable_count);
}

int32_t gm_definition_input(const gm_definition *d, const char *name)
{
  GM_FIND(d->input, d->input_count);
}

int32_t gm_definition_covariate(const gm_definition *d, const char *name)
{
  GM_FIND(d->covariate, d->covariate_count);
}

int32_t gm_definition_parameter(const gm_definition *d, const char *name)
{
  GM_FIND(d->parameter, d->parameter_count);
}
