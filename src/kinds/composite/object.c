/* object.c - members as objects, where some child has one: made, copied, saved, loaded.
 *
 * Saved: magic, version, fingerprint, rows, then for every child with an object its length and
 * bytes, then a hash of all before. Numbers as they lie in memory (little-endian). */
#include "kinds/composite/machine.h"
#include <string.h>

enum { VERSION = 1 };
static const char magic[4] = {'G', 'M', 'C', 'O'};

static gm_status object_alloc(const comp_machine *m, gm_ctx *ctx, comp_object **out)
{
  size_t bytes = sizeof(comp_object) + (size_t)m->nc * sizeof(void *);
  comp_object *o = gm_alloc(ctx, 1, bytes);
  if (o) o->x = gm_alloc(ctx, m->flat_count, sizeof *o->x);
  if (!o || !o->x) {
    gm_free(o);
    return gm_fail(ctx, GM_ENOMEM, "member of a composite");
  }
  *out = o;
  return GM_OK;
}

gm_status comp_obj_new(const gm_model *model, gm_ctx *ctx, void **out)
{
  const comp_machine *m = comp_machine_of(model);
  comp_object *o = NULL;
  gm_status s = object_alloc(m, ctx, &o);
  for (int32_t c = 0; c < m->nc && !s; c++)
    if (m->child[c].is_object)
      s = m->child[c].model->type->obj_new(m->child[c].model, ctx, &o->child[c]);
  if (s)
    comp_obj_free(model, o);
  else
    *out = o;
  return s;
}

void comp_obj_free(const gm_model *model, void *obj)
{
  const comp_machine *m = comp_machine_of(model);
  comp_object *o = obj;
  if (!o) return;
  for (int32_t c = 0; c < m->nc; c++)
    if (o->child[c]) m->child[c].model->type->obj_free(m->child[c].model, o->child[c]);
  gm_free(o->x);
  gm_free(o);
}

gm_status comp_obj_copy(const gm_model *model, gm_ctx *ctx, const void *from, void **out)
{
  const comp_machine *m = comp_machine_of(model);
  const comp_object *a = from;
  comp_object *o = NULL;
  gm_status s = object_alloc(m, ctx, &o);
  if (!s) memcpy(o->x, a->x, (size_t)m->flat_count * sizeof *o->x);
  for (int32_t c = 0; c < m->nc && !s; c++)
    if (m->child[c].is_object)
      s = m->child[c].model->type->obj_copy(m->child[c].model, ctx, a->child[c], &o->child[c]);
  if (s)
    comp_obj_free(model, o);
  else
    *out = o;
  return s;
}

/* ---- bytes ----------------------------------------------------------------------------------- */
static void put_u64(gm_text *t, uint64_t v) { gm_text_addn(t, (const char *)&v, sizeof v); }

gm_status comp_obj_save(const gm_model *model, const void *obj, gm_text *out)
{
  const comp_machine *m = comp_machine_of(model);
  const comp_object *o = obj;
  gm_text t, part;
  gm_text_init(&t, out->ctx);
  gm_text_addn(&t, magic, sizeof magic);
  put_u64(&t, VERSION);
  put_u64(&t, m->fingerprint);
  gm_text_addn(&t, (const char *)o->x, (size_t)m->flat_count * sizeof *o->x);
  gm_status s = t.status;
  for (int32_t c = 0; c < m->nc && !s; c++) {
    if (!m->child[c].is_object) continue;
    gm_text_init(&part, out->ctx);
    s = m->child[c].model->type->obj_save(m->child[c].model, o->child[c], &part);
    if (!s) s = part.status;
    put_u64(&t, part.bytes);
    if (!s) gm_text_addn(&t, part.data, part.bytes);
    if (!s) s = t.status;
    gm_text_free(&part);
  }
  if (!s) put_u64(&t, gm_checksum(t.data, t.bytes));
  if (!s) s = t.status;
  if (!s) gm_text_addn(out, t.data, t.bytes);
  gm_text_free(&t);
  return s ? s : out->status;
}

typedef struct {
  const char *at;
  size_t left;
} taker;

static bool take(taker *t, void *to, size_t bytes)
{
  if (t->left < bytes) return false;
  memcpy(to, t->at, bytes);
  t->at += bytes;
  t->left -= bytes;
  return true;
}

static gm_status damaged(gm_ctx *ctx, const char *what)
{
  return gm_fail(ctx, GM_EPARSE, "saved member of a composite: %s", what);
}

/* Head and hash; the taker then stands at the rows, the hash is taken off. */
static gm_status head_check(const comp_machine *m, gm_ctx *ctx, const char *data, size_t bytes,
                            taker *t)
{
  char word[sizeof magic];
  uint64_t version, fingerprint, hash;
  *t = (taker){data, bytes};
  if (!take(t, word, sizeof word) || memcmp(word, magic, sizeof magic) != 0 ||
      !take(t, &version, 8) || !take(t, &fingerprint, 8) || t->left < 8)
    return damaged(ctx, "its beginning is not that of one");
  if (version != VERSION) return damaged(ctx, "of another version");
  t->left -= 8;
  memcpy(&hash, t->at + t->left, 8);
  if (hash != gm_checksum(data, bytes - 8)) return damaged(ctx, "its bytes were changed");
  if (fingerprint != m->fingerprint) return damaged(ctx, "of another composite");
  return GM_OK;
}

static gm_status child_load(const comp_child *c, gm_ctx *ctx, taker *t, void **out)
{
  uint64_t bytes;
  if (!take(t, &bytes, 8) || bytes > t->left) return damaged(ctx, "it ends too early");
  gm_status s = c->model->type->obj_load(c->model, ctx, t->at, (size_t)bytes, out);
  t->at += bytes;
  t->left -= (size_t)bytes;
  return s;
}

gm_status comp_obj_load(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                        void **out)
{
  const comp_machine *m = comp_machine_of(model);
  comp_object *o = NULL;
  taker t;
  gm_status s = head_check(m, ctx, data, bytes, &t);
  if (!s) s = object_alloc(m, ctx, &o);
  if (!s && !take(&t, o->x, (size_t)m->flat_count * sizeof *o->x))
    s = damaged(ctx, "it ends too early");
  for (int32_t c = 0; c < m->nc && !s; c++)
    if (m->child[c].is_object) s = child_load(&m->child[c], ctx, &t, &o->child[c]);
  if (!s && t.left) s = damaged(ctx, "something follows its end");
  if (s)
    comp_obj_free(model, o);
  else
    *out = o;
  return s;
}
