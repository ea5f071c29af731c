/* mapping.c - a mapping's life: the file read, held against the definition, and freed. */
#include "interop/mapping_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 4 << 20, BLOCK_BYTES = 16384 };

static gm_status parse(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                       const gm_definition *d, gm_mapping *m)
{
  gm_yaml *root = NULL;
  size_t n = strlen(name) + 1;
  gm_status s = gm_arena_new(ctx, BLOCK_BYTES, &m->keep);
  if (s) return s;
  m->definition = d;
  m->file.missing_count = -1;
  m->path = gm_arena_get(m->keep, (ptrdiff_t)n, 1);
  if (!m->path) return gm_fail(ctx, GM_ENOMEM, "%s: mapping", name);
  memcpy(m->path, name, n);
  s = gm__yaml_parse(ctx, m->keep, m->path, text, bytes, &root);
  m->root = root;
  if (!s) s = gm__yaml_read(m->keep, root, &gm__map_form, m);
  return s ? s : gm__map_check(ctx, m);
}

gm_status gm_mapping_parse(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                           const gm_definition *d, gm_mapping **out)
{
  assert(ctx && name && (text || !bytes) && d && out);
  gm_mapping *m = gm_alloc(ctx, 1, sizeof *m);
  if (!m) return gm_fail(ctx, GM_ENOMEM, "%s: mapping", name);
  gm_status s = parse(ctx, name, text ? text : "", bytes, d, m);
  if (s)
    gm_mapping_free(m);
  else
    *out = m;
  return s;
}

gm_status gm_mapping_read(gm_ctx *ctx, const char *path, const gm_definition *d, gm_mapping **out)
{
  assert(ctx && path && d && out);
  char *text = NULL;
  size_t bytes = 0;
  gm_status s = gm_file_read(ctx, path, FILE_BYTES_MAX, &text, &bytes);
  if (!s) s = gm_mapping_parse(ctx, path, text, bytes, d, out);
  gm_free(text);
  return s;
}

void gm_mapping_free(gm_mapping *m)
{
  if (!m) return;
  gm_arena_free(m->keep);
  gm_free(m);
}

const char *gm_mapping_outcome_name(gm_mapping_outcome o)
{
  static const char *const name[] = {"taken", "partly", "nothing", "refused"};
  return (unsigned)o < 4 ? name[o] : "?";
}

/* ---- reading a table ------------------------------------------------------------------------- */
static gm_status run_open(gm__map_run *r)
{
  gm_text_init(&r->said_subject, r->ctx);
  gm_status s = gm_arena_new(r->ctx, BLOCK_BYTES, &r->memory);
  if (s) return s;
  r->mark = gm_arena_at(r->memory);
  r->said = gm_alloc(r->ctx, r->m->columns.count, sizeof *r->said);
  r->at = gm_alloc(r->ctx, r->m->column_count, sizeof *r->at);
  if (!r->said || !r->at) return gm_fail(r->ctx, GM_ENOMEM, "%s: reading", r->name);
  for (int32_t i = 0; i < r->m->columns.count; i++) gm_text_init(&r->said[i], r->ctx);
  return GM_OK;
}

static void run_close(gm__map_run *r)
{
  for (int32_t i = 0; r->said && i < r->m->columns.count; i++) gm_text_free(&r->said[i]);
  gm_free(r->said);
  gm_free(r->at);
  gm_free(r->cell);
  gm_text_free(&r->said_subject);
  gm_arena_free(r->memory);
  gm__line_close(&r->source);
}

static gm_status run(gm__map_run *r)
{
  *r->totals = (gm_mapping_totals){0};
  gm_status s = run_open(r);
  if (!s) s = r->m->form == 1 ? gm__map_nmtran(r) : gm__map_table(r);
  run_close(r);
  return s;
}

gm_status gm_mapping_facts_text(gm_ctx *ctx, const gm_mapping *m, const char *name,
                                const char *text, size_t bytes, gm_fact_listener *fact,
                                gm_mapping_listener *account, void *user, gm_mapping_totals *totals)
{
  assert(ctx && m && name && (text || !bytes) && totals);
  gm__map_run r = {.ctx = ctx,
                   .m = m,
                   .name = name,
                   .text = text ? text : "",
                   .bytes = bytes,
                   .fact = fact,
                   .account = account,
                   .user = user,
                   .totals = totals};
  return run(&r);
}

gm_status gm_mapping_facts(gm_ctx *ctx, const gm_mapping *m, const char *path,
                           gm_fact_listener *fact, gm_mapping_listener *account, void *user,
                           gm_mapping_totals *totals)
{
  assert(ctx && m && path && totals);
  gm__map_run r = {.ctx = ctx,
                   .m = m,
                   .name = path,
                   .fact = fact,
                   .account = account,
                   .user = user,
                   .totals = totals};
  struct stat st;
  *totals = (gm_mapping_totals){0};
  r.file = fopen(path, "rb");
  if (!r.file) return gm_fail(ctx, GM_EIO, "%s: %s", path, strerror(errno));
  gm_status s = fstat(fileno(r.file), &st) == 0 && S_ISDIR(st.st_mode)
                    ? gm_fail(ctx, GM_EIO, "%s: is a folder, a file is expected", path)
                    : run(&r);
  fclose(r.file);
  return s;
}
