/* open_model.c - a model of any kind from a file. */
#include "gemel/open.h"
#include "gemel/network.h"
#include "gemel/queue.h"
#include <assert.h>
#include <dlfcn.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 64 << 20 }; /* the readers have their own, smaller limits */

typedef enum {
  KIND_NONE,
  KIND_EQUATIONS,
  KIND_JUMP,
  KIND_NETWORK,
  KIND_QUEUE,
  KIND_COMPILED,
  KIND_COUNT
} kind;
static const char *const kind_name[KIND_COUNT] = {[KIND_EQUATIONS] = "equations",
                                                  [KIND_JUMP] = "jump",
                                                  [KIND_NETWORK] = "network",
                                                  [KIND_QUEUE] = "queue",
                                                  [KIND_COMPILED] = "compiled"};

typedef struct {
  gm_ctx *ctx;
  const char *path;
  const gm_open_options *o;
  char *text; /* owned */
  size_t bytes;
} opening;

static kind kind_of(const char *word, size_t bytes)
{
  for (int k = KIND_EQUATIONS; k < KIND_COUNT; k++)
    if (strlen(kind_name[k]) == bytes && !memcmp(kind_name[k], word, bytes)) return (kind)k;
  return KIND_NONE;
}

static bool ends_with(const char *text, const char *end)
{
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

static bool ends_with_any(const char *path, const char *const *end)
{
  for (; *end; end++)
    if (ends_with(path, *end)) return true;
  return false;
}

/* ---- YAML: what its left edge says ----------------------------------------------------------- */
static gm_status no_kind(const opening *g)
{
  return gm_fail(g->ctx, GM_EUNSUPPORTED,
                 "%s: not a model of a known kind: a line `kind: network` or `kind: queue` (or "
                 "`network: NAME`, `queue: NAME`) is expected in YAML; the kinds equations and "
                 "jump are texts (.ant, .txt) or SBML (.xml, .sbml)",
                 g->path);
}

/* The value of `kind:` without quotes and a comment. */
static kind kind_value(const char *value, const char *end)
{
  while (value < end && (*value == ' ' || *value == '\t')) value++;
  char quote = value < end && (*value == '"' || *value == '\'') ? *value : 0;
  if (quote) value++;
  const char *stop = value;
  while (stop < end && !strchr(quote ? "\"'" : " \t\r#", *stop)) stop++;
  kind k = kind_of(value, (size_t)(stop - value));
  return k == KIND_NETWORK || k == KIND_QUEUE ? k : KIND_NONE;
}

/* The first key of the three on the left edge; a key of a map that is written with braces is not
 * seen. A line `kind:` becomes a comment, as the readers do not know that key and count lines. */
static kind kind_of_yaml(char *text)
{
  static const char *const key[] = {"kind", "network", "queue"};
  for (char *at = text; *at;) {
    char *end = at + strcspn(at, "\n");
    for (int i = 0; i < 3; i++) {
      size_t n = strlen(key[i]);
      if (strncmp(at, key[i], n) != 0) continue;
      size_t colon = n + strspn(at + n, " \t");
      if (at[colon] != ':' || (at[colon + 1] && !strchr(" \t\r\n", at[colon + 1]))) continue;
      if (i > 0) return i == 1 ? KIND_NETWORK : KIND_QUEUE;
      kind k = kind_value(at + colon + 1, end);
      if (k) memset(at, '#', 1);
      return k;
    }
    at = *end ? end + 1 : end;
  }
  return KIND_NONE;
}

/* ---- outputs of network and queue ------------------------------------------------------------ */
static gm_status no_output(const opening *g, const gm_model *m, const gm_eq_output *asked)
{
  int32_t count;
  gm_text known;
  gm_text_init(&known, g->ctx);
  const gm_var *v = gm_model_table(m, GM_TABLE_OUTPUT, &count);
  for (int32_t i = 0; i < count && i < 20; i++)
    gm_text_addf(&known, "%s%.60s", i ? ", " : "", v[i].name);
  gm_status s = gm_fail(
      g->ctx, GM_ENOTFOUND, "%s: output \"%.80s\": one that the file has is expected: %s%s",
      g->path, asked->expression, known.data ? known.data : "none", count > 20 ? ", ..." : "");
  gm_text_free(&known);
  return s;
}

static gm_status outputs_check(const opening *g, const gm_model *m)
{
  const gm_eq_config *e = g->o->equations;
  for (int32_t i = 0; e && i < e->output_count; i++) {
    if (!e->output[i].expression)
      return gm_fail(g->ctx, GM_EINVAL, "%s: output %d has no expression", g->path, (int)i + 1);
    if (gm_model_find(m, GM_TABLE_OUTPUT, e->output[i].expression) < 0)
      return no_output(g, m, &e->output[i]);
  }
  return GM_OK;
}

/* ---- the kinds ------------------------------------------------------------------------------- */
static gm_status open_text(const opening *g, kind k, gm_model **out)
{
  gm_jump_config jump = {.method = g->o->method};
  if (g->o->equations) jump.equations = *g->o->equations;
  jump.equations.text = g->text;
  jump.equations.text_name = g->path;
  jump.equations.format = GM_EQ_FORMAT_AUTO;
  if (k == KIND_JUMP) return gm_model_new(g->ctx, &gm_jump, &jump, out);
  return gm_model_new(g->ctx, &gm_equations, &jump.equations, out);
}

static gm_status open_yaml(const opening *g, kind k, gm_model **out)
{
  gm_model *m = NULL;
  gm_queue_config *queue = NULL;
  gm_status s = GM_OK;
  if (k == KIND_NETWORK) {
    s = gm_network_read_text(g->ctx, g->text, g->path, &m);
  } else {
    s = gm_queue_read(g->ctx, g->path, g->text, g->bytes, &queue);
    if (!s) s = gm_model_new(g->ctx, &gm_queue, queue, &m);
    gm_queue_config_free(queue);
  }
  if (!s) s = outputs_check(g, m);
  if (s) {
    gm_model_free(m);
    return s;
  }
  *out = m;
  return GM_OK;
}

/* ---- compiled models ------------------------------------------------------------------------- */
/* The object stays loaded: the model's functions live in it. */
static gm_status open_compiled(const opening *g, gm_model **out)
{
  gm_text path;
  gm_text_init(&path, g->ctx);
  gm_text_addf(&path, "%s%s", strchr(g->path, '/') ? "" : "./", g->path); /* never a search */
  if (path.status) return gm_fail(g->ctx, path.status, "%s", g->path);
  void *object = dlopen(path.data, RTLD_NOW | RTLD_LOCAL);
  const char *why = object ? NULL : dlerror();
  gm_text_free(&path);
  if (!object) /* its reason begins with the path */
    return gm_fail(g->ctx, GM_EIO, "%s", why ? why : "a shared object cannot be loaded");
  const uint32_t *abi = dlsym(object, "gemel_model_abi");
  gm_compiled_model *make = NULL;
  void *symbol = dlsym(object, "gemel_model");
  memcpy(&make, &symbol, sizeof make); /* C has no cast from data to function */
  gm_status s = GM_OK;
  gm_model *m = NULL;
  if (!abi || !make)
    s = gm_fail(g->ctx, GM_EINVAL,
                "%s: no compiled model: `gemel_model` and `gemel_model_abi` are expected in it",
                g->path);
  else if (*abi != GM_MODEL_ABI)
    s = gm_fail(g->ctx, GM_EUNSUPPORTED, "%s: made for version %u of the model contract, not %u",
                g->path, (unsigned)*abi, (unsigned)GM_MODEL_ABI);
  if (!s) s = make(g->ctx, &m);
  if (!s) s = outputs_check(g, m);
  if (s) {
    gm_model_free(m);
    return s;
  }
  *out = m;
  return GM_OK;
}

static gm_status not_that(const opening *g, kind of_file)
{
  return gm_fail(g->ctx, GM_EINVAL, "%s: kind %.40s asked for, but the file is of kind %s", g->path,
                 g->o->kind, of_file == KIND_EQUATIONS ? "equations or jump" : kind_name[of_file]);
}

static gm_status choose(opening *g, gm_model **out)
{
  static const char *const text_ends[] = {".ant", ".txt", ".xml", ".sbml", NULL};
  static const char *const yaml_ends[] = {".yaml", ".yml", NULL};
  kind asked = g->o->kind ? kind_of(g->o->kind, strlen(g->o->kind)) : KIND_NONE;
  if (ends_with_any(g->path, yaml_ends)) {
    kind k = kind_of_yaml(g->text);
    if (!k) return no_kind(g);
    return asked && asked != k ? not_that(g, k) : open_yaml(g, k, out);
  }
  size_t blank = strspn(g->text, " \t\r\n");
  if (!ends_with_any(g->path, text_ends) && g->text[blank] != '<')
    return gm_fail(g->ctx, GM_EUNSUPPORTED,
                   "%s: a model text (.ant, .txt) or SBML (.xml, .sbml) of the kinds equations and "
                   "jump, or YAML (.yaml, .yml) of the kinds network and queue is expected",
                   g->path);
  if (asked > KIND_JUMP) return not_that(g, KIND_EQUATIONS);
  return open_text(g, asked ? asked : KIND_EQUATIONS, out);
}

gm_status gm_model_open(gm_ctx *ctx, const char *path, const gm_open_options *options,
                        gm_model **out)
{
  assert(ctx && path && out);
  static const gm_open_options none = {.kind = NULL};
  opening g = {.ctx = ctx, .path = path, .o = options ? options : &none};
  if (g.o->kind && !kind_of(g.o->kind, strlen(g.o->kind)))
    return gm_fail(ctx, GM_EINVAL,
                   "kind %.40s: equations, jump, network, queue or compiled is expected",
                   g.o->kind);
  if (g.o->kind && !strcmp(g.o->kind, kind_name[KIND_COMPILED])) return open_compiled(&g, out);
  gm_status s = gm_file_read(ctx, path, TEXT_BYTES_MAX, &g.text, &g.bytes);
  if (!s && strlen(g.text) != g.bytes)
    s = gm_fail(ctx, GM_EPARSE, "%s: a byte 0 in the text; a model text is expected", path);
  if (!s) s = choose(&g, out);
  gm_free(g.text);
  return s;
}
