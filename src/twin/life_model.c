/* life_model.c - a twin's definition and model as documents of the store, and read from there. */
#include "base/json_tree.h"
#include "base/json_write.h"
#include "gemel/prior.h"
#include "store/crypt.h"
#include "twin/life_internal.h"
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20 };

/* ---- into the store -------------------------------------------------------------------------- */
static gm_status keep(gm_ctx *ctx, gm_arena *memory, const char *text, char **out)
{
  size_t bytes = strlen(text) + 1;
  *out = gm_arena_get(memory, (ptrdiff_t)bytes, 1);
  if (!*out) return gm_fail(ctx, GM_ENOMEM, "model of a twin");
  memcpy(*out, text, bytes);
  return GM_OK;
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static gm_status file_store(gm_session *a, gm_ctx *ctx, const char *path, gm_arena *memory,
                            char **name)
{
  char *data = NULL, hex[GM_DOCUMENT_NAME_BYTES];
  size_t bytes = 0;
  gm_status st = gm_file_read(ctx, path, FILE_BYTES_MAX, &data, &bytes);
  if (!st) st = gm_store_document_put(a, ctx, data, bytes, hex);
  gm_free(data);
  return st ? st : keep(ctx, memory, hex, name);
}

static bool is_compiled(const gm_definition *d)
{
  static const char *const text[] = {"equations", "jump", "network", "queue"};
  for (int i = 0; i < 4; i++)
    if (!strcmp(d->model->type->name, text[i])) return false;
  return true;
}

static gm_status model_path(gm_ctx *ctx, const gm_definition *d, gm_text *out)
{
  bool alone = d->model_file[0] == '/' || !strcmp(d->folder, ".");
  gm_text_init(out, ctx);
  gm_text_addf(out, "%s%s%s", alone ? "" : d->folder, alone ? "" : "/", d->model_file);
  return out->status ? gm_fail(ctx, out->status, "path of a model") : GM_OK;
}

gm_status gm__model_store(gm_session *a, gm_ctx *ctx, const char *path, gm_definition *d,
                          gm_arena *memory, gm__model_record *out)
{
  gm_text model;
  char *real = NULL;
  gm_status st = model_path(ctx, d, &model);
  if (!st) st = file_store(a, ctx, path, memory, &out->definition[0]);
  if (!st) st = keep(ctx, memory, base_name(path), &out->file[0]);
  if (!st) st = keep(ctx, memory, d->model_file, &out->file[1]);
  if (!st) st = file_store(a, ctx, model.data, memory, &out->definition[1]);
  if (!st && is_compiled(d) && !(real = realpath(model.data, NULL)))
    st = gm_fail(ctx, GM_EIO, "%s: no such file", model.data);
  if (!st) st = keep(ctx, memory, real ? real : "", &out->compiled);
  free(real); /* lint: allow free, because realpath allocated it */
  gm_text_free(&model);
  return st;
}

/* Read as well, so that what cannot be used is refused now. */
gm_status gm__prior_store(gm_session *a, gm_ctx *ctx, const char *path, gm_arena *memory,
                          gm__model_record *out)
{
  char *text = NULL, hex[GM_DOCUMENT_NAME_BYTES];
  size_t bytes = 0;
  gm_prior *p = NULL;
  gm_status st = gm_file_read(ctx, path, FILE_BYTES_MAX, &text, &bytes);
  if (!st) st = gm_prior_read(ctx, path, text, bytes, &p);
  if (!st) st = gm_store_document_put(a, ctx, text, bytes, hex);
  if (!st) st = keep(ctx, memory, hex, &out->prior);
  gm_prior_free(p);
  gm_free(text);
  return st;
}

gm_status gm__model_write(gm_session *a, gm_ctx *ctx, int64_t twin, const gm__model_record *m,
                          int64_t before, double t_s, gm_receipt *receipt)
{
  gm_json_writer w;
  gm_text body;
  char version[64], seed[24];
  gm_text_init(&body, ctx);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)m->seed);
  gm_json_write_begin(&w, &body, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "definition", m->definition[0]);
  gm_json_write_text(&w, "file", m->file[0]);
  gm_json_write_text(&w, "model", m->definition[1]);
  gm_json_write_text(&w, "model_file", m->file[1]);
  gm_json_write_text(&w, "compiled", m->compiled);
  if (m->prior && m->prior[0]) gm_json_write_text(&w, "prior", m->prior);
  if (isfinite(m->origin_s)) gm_json_write_number(&w, "origin_s", m->origin_s);
  gm_json_write_text(&w, "seed", seed);
  gm_json_write_int(&w, "members", m->members);
  gm_json_write_bool(&w, "follow", m->follow);
  gm_json_write_text(&w, "gemel", gm_version());
  gm_json_write_object_end(&w);
  snprintf(version, sizeof version, "%.16s%.16s%.8s %lld", m->definition[0], m->definition[1],
           m->prior ? m->prior : "", (long long)before);
  gm_entry e = {.kind = GM_RECORD_MODEL,
                .series = "model",
                .t_true_s = t_s,
                .source = "gemel",
                .id = "model",
                .version = version,
                .body = body.data,
                .bytes = body.bytes,
                .data_class = GM_CLASS_DERIVED};
  gm_status st = body.status ? gm_fail(ctx, body.status, "model of a twin")
                             : gm_store_append(a, ctx, twin, &e, 1, receipt);
  gm_text_free(&body);
  return st;
}

/* ---- out of the store ------------------------------------------------------------------------ */
typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  gm__model_record m;
  int64_t seq; /* of the record; 0: there was none */
} reader;

static gm_status text_of(reader *q, const gm_json *root, const char *key, char **out)
{
  const gm_json *n = gm__json_find(root, key);
  if (!n || n->kind != GM_JSON_TEXT)
    return gm_fail(q->ctx, GM_EPARSE, "the twin's record of its model lacks `%s`", key);
  return keep(q->ctx, q->l->memory, n->text, out);
}

static gm_status record_take(reader *q, const gm_json *root)
{
  gm__model_record *m = &q->m;
  char *seed = NULL;
  int64_t members = 0;
  const gm_json *n;
  gm_status st = text_of(q, root, "definition", &m->definition[0]);
  if (!st) st = text_of(q, root, "file", &m->file[0]);
  if (!st) st = text_of(q, root, "model", &m->definition[1]);
  if (!st) st = text_of(q, root, "model_file", &m->file[1]);
  if (!st) st = text_of(q, root, "compiled", &m->compiled);
  if (!st) st = text_of(q, root, "seed", &seed);
  m->prior = NULL;
  if (!st && gm__json_find(root, "prior")) st = text_of(q, root, "prior", &m->prior);
  m->origin_s = NAN;
  if (!st && (n = gm__json_find(root, "origin_s"))) st = gm__json_double(n, &m->origin_s);
  if (!st && (n = gm__json_find(root, "members"))) st = gm__json_int(n, &members);
  if (st) return st;
  n = gm__json_find(root, "follow");
  m->follow = n && n->kind == GM_JSON_TRUE;
  m->members = (int32_t)members;
  m->seed = strtoull(seed, NULL, 10);
  return GM_OK;
}

static gm_status record_hear(void *user, const gm_record_found *r)
{
  reader *q = user;
  gm_json_options o = {.name = "model of a twin"};
  gm_json *root = NULL;
  q->seq = r->seq;
  gm_status st = gm__json_parse(q->ctx, q->l->memory, &o, r->body, r->bytes, &root);
  return st ? st : record_take(q, root);
}

/* Folders that a model's file lies in, below the definition's. */
static gm_status file_put(gm_life *l, gm_ctx *ctx, const char *folder, const char *name,
                          const char *document, gm_text *path)
{
  char *data = NULL;
  size_t bytes = 0;
  gm_text_init(path, ctx);
  if (strchr(name, '/')) name = base_name(name);
  gm_text_addf(path, "%s/%s", folder, name);
  gm_status st = path->status ? gm_fail(ctx, path->status, "path") : GM_OK;
  if (!st) st = gm_store_document_get(l->reads, ctx, document, &data, &bytes);
  if (!st) st = gm_file_write(ctx, path->data, data, bytes);
  gm_free(data);
  return st;
}

/* The model's file lies beside the definition under its own name; a definition that names it by a
 * path is read with the name alone (gm_definition_read_as). */
static gm_status definition_read(gm_life *l, gm_ctx *ctx, const gm__model_record *m,
                                 const char *folder, gm_definition **out)
{
  gm_text path, model;
  gm_definition *d = NULL;
  gm_status st = file_put(l, ctx, folder, m->file[0], m->definition[0], &path);
  bool compiled = m->compiled[0] != 0;
  gm_text_init(&model, ctx);
  if (!st && !compiled) st = file_put(l, ctx, folder, m->file[1], m->definition[1], &model);
  if (!st) st = gm_definition_read_as(ctx, path.data, compiled ? m->compiled : model.data, &d);
  char *slash = st ? NULL : strrchr(d->path, '/');
  if (slash) d->path = slash + 1; /* the folder is soon gone: its own name, in messages */
  if (!st) *out = d;
  if (path.data) unlink(path.data);
  if (model.data) unlink(model.data);
  gm_text_free(&path);
  gm_text_free(&model);
  return st;
}

/* By what it was learned under was asked when it was put in place (gm_life_migrate). */
static gm_status prior_read(gm_life *l, gm_ctx *ctx, const char *document, gm__model *out)
{
  char *text = NULL;
  size_t bytes = 0;
  gm_prior *p = NULL;
  gm_status st = gm_store_document_get(l->reads, ctx, document, &text, &bytes);
  if (!st) st = gm_prior_read(ctx, "learned prior", text, bytes, &p);
  if (!st) st = gm_prior_apply(ctx, p, NULL, NULL, out->definition);
  if (!st) out->prior_subjects = p->subjects;
  gm_prior_free(p);
  gm_free(text);
  return st;
}

/* A compiled model is code: it is run only where it is still the file that was stored. */
static gm_status compiled_check(gm_life *l, gm_ctx *ctx, const gm__model_record *m)
{
  char *now = NULL, *then = NULL;
  size_t now_bytes = 0, then_bytes = 0;
  const char *path = m->compiled;
  if (!path[0]) return GM_OK;
  gm_status st = gm_file_read(ctx, path, FILE_BYTES_MAX, &now, &now_bytes);
  if (!st) st = gm_store_document_get(l->reads, ctx, m->definition[1], &then, &then_bytes);
  if (!st && (now_bytes != then_bytes || memcmp(now, then, now_bytes) != 0))
    st = gm_fail(ctx, GM_EINVAL, "%s: no longer the model that this twin was made with; migrate it",
                 path);
  gm_free(now);
  gm_free(then);
  return st;
}

/* A folder for as long as the reading takes; *out is the caller's. */
static gm_status folder_make(gm_ctx *ctx, gm_text *out)
{
  const char *place = getenv("TMPDIR"); /* lint: allow getenv, because POSIX names it for this */
  gm_text_init(out, ctx);
  gm_text_addf(out, "%s/gemel-twin-XXXXXX", place && place[0] ? place : "/tmp");
  if (out->status) return gm_fail(ctx, out->status, "path");
  return mkdtemp(out->data) ? GM_OK : gm_fail(ctx, GM_EIO, "%s: no folder can be made", out->data);
}

gm_status gm__model_load(gm_life *l, gm_ctx *ctx, const gm__model_record *m, gm__model *out)
{
  gm__model own = {.record = *m};
  gm_text folder = {0};
  gm_status st = compiled_check(l, ctx, m);
  if (!st) st = folder_make(ctx, &folder);
  if (st) return gm_text_free(&folder), st;
  st = definition_read(l, ctx, m, folder.data, &own.definition);
  if (!st && m->prior) st = prior_read(l, ctx, m->prior, &own);
  rmdir(folder.data);
  gm_text_free(&folder);
  if (st) {
    gm_definition_free(own.definition);
    return gm_fail_at(ctx, st, "twin %s", l->name);
  }
  *out = own;
  return GM_OK;
}

void gm__model_take(gm_life *l, const gm__model *m, int64_t seq)
{
  gm__life_subject_free(l); /* it and the belief are of the old definition */
  gm_definition_free(l->definition);
  l->model = m->record;
  l->definition = m->definition;
  l->prior_subjects = m->prior_subjects;
  l->model_seq = seq;
  l->read = false;
}

gm_status gm__model_open(gm_life *l, gm_ctx *ctx)
{
  reader r = {.l = l, .ctx = ctx};
  gm__model m;
  gm_record_query q = {.twin = l->twin, .kind = GM_RECORD_MODEL, .as_of = l->as_of};
  gm_status st = gm_store_read(l->reads, ctx, &q, record_hear, &r);
  if (!st && !r.seq) st = gm_fail(ctx, GM_ENOTFOUND, "nothing was known of this twin then");
  if (!st) st = gm__model_load(l, ctx, &r.m, &m);
  if (!st) gm__model_take(l, &m, r.seq);
  return st;
}

/* ---- names of files -------------------------------------------------------------------------- */
/* As gm_store_document_put names it. */
static gm_status file_name(gm_ctx *ctx, const char *path, char name[GM_DOCUMENT_NAME_BYTES])
{
  char *data = NULL;
  size_t bytes = 0;
  static const unsigned char none[GM__HASH_BYTES];
  unsigned char hash[GM__HASH_BYTES];
  gm_status st = gm_file_read(ctx, path, FILE_BYTES_MAX, &data, &bytes);
  if (st) return st;
  gm__chain(none, data, bytes, hash);
  sodium_bin2hex(name, GM_DOCUMENT_NAME_BYTES, hash, sizeof hash);
  gm_free(data);
  return GM_OK;
}

gm_status gm__model_names(gm_ctx *ctx, const char *path, const gm_definition *d,
                          char definition[GM_DOCUMENT_NAME_BYTES],
                          char model[GM_DOCUMENT_NAME_BYTES])
{
  gm_text file;
  gm_status st = model_path(ctx, d, &file);
  if (!st) st = file_name(ctx, path, definition);
  if (!st) st = file_name(ctx, file.data, model);
  gm_text_free(&file);
  return st;
}
