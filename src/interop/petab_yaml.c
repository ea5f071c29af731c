/* petab_yaml.c - the problem file: which tables and models belong together. */
#include "base/yaml_form.h"
#include "interop/petab.h"
#include <string.h>

bool gm_petab_is_problem(gm_ctx *ctx, const char *text, size_t bytes)
{
  gm_arena *arena;
  gm_yaml *top;
  if (gm_arena_new(ctx, 1 << 14, &arena)) return false;
  bool is = !gm__yaml_parse(ctx, arena, "problem", text, bytes, &top) && top->kind == GM_YAML_MAP &&
            gm__yaml_find(top, "format_version") &&
            (gm__yaml_find(top, "problems") || gm__yaml_find(top, "parameter_file") ||
             gm__yaml_find(top, "parameter_files"));
  gm_arena_free(arena);
  gm_message_clear(ctx);
  return is;
}

typedef struct {
  const pt_reader *r;
  const char *path;
} reading;

/* A file's name beside the problem file. */
static gm_status file_path(const reading *g, const gm_yaml *node, const char **out)
{
  char *path;
  if (node->kind != GM_YAML_TEXT || gm__yaml_is_null(node) || !node->text[0])
    return gm__yaml_fail(node, NULL, GM_EPARSE, "found %s, a file name is expected",
                         gm__yaml_kind_text(node));
  if (strstr(node->text, "://"))
    return gm__yaml_fail(node, NULL, GM_EUNSUPPORTED, "%.200s: only files are read, no addresses",
                         node->text);
  const char *slash = strrchr(g->path, '/');
  size_t folder = slash && node->text[0] != '/' ? (size_t)(slash - g->path) + 1 : 0;
  size_t bytes = strlen(node->text) + 1;
  gm_status s = pt_get(g->r, (ptrdiff_t)(folder + bytes), 1, &path);
  if (s) return s;
  memcpy(path, g->path, folder);
  memcpy(path + folder, node->text, bytes);
  *out = path;
  return GM_OK;
}

/* One name or a list of them. *out ends with NULL. */
static gm_status files_read(const reading *g, const gm_yaml *map, const char *key, bool one,
                            const char ***out)
{
  const gm_yaml *node = gm__yaml_find(map, key);
  if (!node) return gm__yaml_fail(map, NULL, GM_EPARSE, "%s is missing", key);
  const gm_yaml *first = node->kind == GM_YAML_LIST ? node->first : node;
  int32_t count = node->kind == GM_YAML_LIST ? node->count : 1;
  if (count < 1) return gm__yaml_fail(node, NULL, GM_EPARSE, "a file name is expected");
  if (one && count > 1)
    return gm__yaml_fail(node, NULL, GM_EUNSUPPORTED,
                         "%d models in one problem: one is expected (several problems may be "
                         "listed)",
                         (int)count);
  const char **list;
  gm_status s = pt_get(g->r, count + 1, sizeof *list, &list);
  for (int32_t i = 0; i < count && !s; i++) {
    s = file_path(g, first, &list[i]);
    first = first->next;
  }
  if (!s) *out = list;
  return s;
}

static gm_status known_keys(const gm_yaml *map, const char *const *known)
{
  for (const gm_yaml *k = map->first; k; k = k->next) {
    const char *const *w = known;
    while (*w && strcmp(*w, k->key) != 0) w++;
    if (!*w)
      return gm__yaml_fail(k, NULL, GM_EUNSUPPORTED, "PEtab version 1 does not know this key");
  }
  return GM_OK;
}

static gm_status problem_read(const reading *g, const gm_yaml *node, pt_files *out)
{
  static const char *const known[] = {"sbml_files",
                                      "condition_files",
                                      "observable_files",
                                      "measurement_files",
                                      "visualization_files",
                                      "simulation_files",
                                      NULL};
  const char **model;
  if (node->kind != GM_YAML_MAP)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "found %s, a map of files is expected",
                         gm__yaml_kind_text(node));
  gm_status s = known_keys(node, known);
  if (!s) s = files_read(g, node, "sbml_files", true, &model);
  if (!s) s = files_read(g, node, "condition_files", false, &out->conditions);
  if (!s) s = files_read(g, node, "observable_files", false, &out->observables);
  if (!s) s = files_read(g, node, "measurement_files", false, &out->measurements);
  if (!s) out->model = model[0];
  return s;
}

static gm_status version_check(const gm_yaml *top)
{
  static const char *const good[] = {"1", "1.0", "1.0.0", "v1", NULL};
  const gm_yaml *v = gm__yaml_find(top, "format_version");
  if (!v) return gm__yaml_fail(top, NULL, GM_EPARSE, "format_version is missing");
  for (const char *const *w = good; *w; w++)
    if (v->kind == GM_YAML_TEXT && !strcmp(v->text, *w)) return GM_OK;
  return gm__yaml_fail(v, NULL, GM_EUNSUPPORTED,
                       "version %.40s of PEtab: only version 1 is supported",
                       v->kind == GM_YAML_TEXT ? v->text : "?");
}

static gm_status top_read(const reading *g, const gm_yaml *top, pt_document *out)
{
  static const char *const known[] = {"format_version", "parameter_file", "problems", NULL};
  gm_status s = gm__yaml_is_map(top);
  if (!s) s = version_check(top);
  if (!s) s = known_keys(top, known);
  if (!s) s = files_read(g, top, "parameter_file", false, &out->parameters);
  if (s) return s;
  const gm_yaml *list = gm__yaml_find(top, "problems");
  if (!list || list->kind != GM_YAML_LIST || list->count < 1)
    return gm__yaml_fail(list ? list : top, NULL, GM_EPARSE, "a list `problems` is expected");
  s = pt_get(g->r, list->count, sizeof *out->problem, &out->problem);
  for (const gm_yaml *k = list->first; k && !s; k = k->next)
    s = problem_read(g, k, &out->problem[out->problem_count++]);
  return s;
}

gm_status pt_document_parse(const pt_reader *r, const char *path, const char *text, size_t bytes,
                            pt_document *out)
{
  gm_yaml *top;
  reading g = {r, path};
  pt_document d = {0};
  gm_status s = gm__yaml_parse(r->ctx, r->arena, path, text, bytes, &top);
  if (!s) s = top_read(&g, top, &d);
  if (!s) *out = d;
  return s;
}
