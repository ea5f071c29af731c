/* ensemble_copy.c - members chosen, copied, saved and loaded. */
#include "base/rand_lanes.h"
#include "model/ensemble.h"
#include <assert.h>
#include <string.h>

/* ---- selection ------------------------------------------------------------------------------- */
/* What to's members become, made aside so that to may be from and a failure changes nothing. */
typedef struct {
  double *x, *theta;
  void **obj;
  gm_key *key;
  uint64_t *slot;
  int8_t *status;
  bool *taken; /* [from->n] */
  bool *fresh; /* [to->n] */
} chosen;

static void chosen_free(const gm_ensemble *to, chosen *c)
{
  for (int32_t m = 0; c->obj && m < to->n; m++)
    if (c->obj[m]) to->model->type->obj_free(to->model, c->obj[m]);
  gm_free(c->obj);
  gm_free(c->x);
  gm_free(c->theta);
  gm_free(c->key);
  gm_free(c->slot);
  gm_free(c->status);
  gm_free(c->taken);
  gm_free(c->fresh);
}

static void rows_gather(double *to, int32_t n, const double *from, int32_t from_n,
                        const int32_t *ancestor, int32_t rows)
{
  for (int32_t i = 0; i < rows; i++) {
    const double *row = from + (ptrdiff_t)i * from_n;
    for (int32_t m = 0; m < n; m++) to[(ptrdiff_t)i * n + m] = row[ancestor[m]];
  }
}

static gm_status chosen_new(const gm_ensemble *to, const gm_ensemble *from, gm_ctx *ctx,
                            const int32_t *ancestor, chosen *c)
{
  int32_t n = to->n, nx = to->info.state_count, np = to->info.parameter_count;
  bool object = to->obj != NULL;
  c->theta = gm_alloc(ctx, (ptrdiff_t)n * np, sizeof *c->theta);
  c->key = gm_alloc(ctx, n, sizeof *c->key);
  c->slot = gm_alloc(ctx, n, sizeof *c->slot);
  c->status = gm_alloc(ctx, n, 1);
  c->taken = gm_alloc(ctx, from->n, 1);
  c->fresh = gm_alloc(ctx, n, 1);
  if (object)
    c->obj = gm_alloc(ctx, n, sizeof *c->obj);
  else
    c->x = gm_alloc(ctx, (ptrdiff_t)n * nx, sizeof *c->x);
  if (!c->theta || !c->key || !c->slot || !c->status || !c->taken || !c->fresh ||
      !(object ? (void *)c->obj : (void *)c->x))
    return gm_fail(ctx, GM_ENOMEM, "copies of members");
  rows_gather(c->theta, n, from->theta, from->n, ancestor, np);
  if (!object) rows_gather(c->x, n, from->x, from->n, ancestor, nx);
  gm_status s = GM_OK;
  for (int32_t m = 0; object && m < n && !s; m++)
    s = to->model->type->obj_copy(to->model, ctx, from->obj[ancestor[m]], &c->obj[m]);
  return s;
}

/* Copies but the first of each ancestor get slots of their own. */
static void slots_give(const gm_ensemble *to, const gm_ensemble *from, const int32_t *ancestor,
                       uint64_t generation, bool keep_slots, chosen *c)
{
  for (int32_t m = 0; m < to->n; m++) {
    int32_t a = ancestor[m];
    c->key[m] = from->key[a];
    c->status[m] = from->status[a];
    c->slot[m] = from->slot[a];
    c->fresh[m] = !keep_slots && c->taken[a];
    if (c->fresh[m]) gm__fresh_slots(1, &from->slot[a], generation, &m, &c->slot[m]);
    c->taken[a] = true;
  }
}

#define SWAP(type, a, b)                                                                           \
  do {                                                                                             \
    type swap_ = (a);                                                                              \
    (a) = (b);                                                                                     \
    (b) = swap_;                                                                                   \
  } while (0)

static void redraw(gm_ensemble *e, const bool *fresh)
{
  if (!e->model->type->refresh) return;
  for (int32_t m = 0; m < e->n; m++) {
    if (!fresh[m]) continue;
    gm_batch b = gm__ensemble_batch(e, m, 1);
    e->model->type->refresh(e->model, &b, e->t);
  }
}

static gm_status select_apart(gm_ensemble *to, const gm_ensemble *from, gm_ctx *ctx,
                              const int32_t *ancestor, uint64_t generation, bool keep_slots)
{
  for (int32_t m = 0; m < to->n; m++) assert(ancestor[m] >= 0 && ancestor[m] < from->n);
  chosen c = {0};
  gm_status s = chosen_new(to, from, ctx, ancestor, &c);
  if (!s) {
    slots_give(to, from, ancestor, generation, keep_slots, &c);
    SWAP(double *, to->x, c.x);
    SWAP(double *, to->theta, c.theta);
    SWAP(void **, to->obj, c.obj);
    SWAP(gm_key *, to->key, c.key);
    SWAP(uint64_t *, to->slot, c.slot);
    SWAP(int8_t *, to->status, c.status);
    to->t = from->t;
    to->keys_differ = to->keys_differ || from->keys_differ;
    redraw(to, c.fresh);
  }
  chosen_free(to, &c);
  return s;
}

/* ---- in place -------------------------------------------------------------------------------- */
/* Members that change into move[], their ancestors into move[n + ..]. Returns how many; -1: an
 * ancestor changes itself, so that nothing can be done in place. */
static int32_t moves_of(gm_ensemble *e, const int32_t *ancestor)
{
  int32_t count = 0, *member = e->move, *source = e->move + e->n;
  bool still = true;
  for (int32_t m = 0; m < e->n; m++) {
    const int32_t a = ancestor[m];
    assert(a >= 0 && a < e->n);
    member[count] = m;
    source[count] = a;
    count += a != m;
    still = still && ancestor[a] == a;
  }
  return still ? count : -1;
}

static void rows_move(const gm_ensemble *e, int32_t rows, double *a, int32_t count)
{
  const int32_t *member = e->move, *source = e->move + e->n;
  for (int32_t i = 0; i < rows; i++, a += e->n)
    for (int32_t k = 0; k < count; k++) a[member[k]] = a[source[k]];
}

static gm_status objects_move(gm_ensemble *e, gm_ctx *ctx, int32_t count)
{
  const int32_t *member = e->move, *source = e->move + e->n;
  void **copy = gm_alloc(ctx, count, sizeof *copy);
  gm_status s = copy ? GM_OK : gm_fail(ctx, GM_ENOMEM, "copies of members");
  for (int32_t k = 0; k < count && !s; k++)
    s = e->model->type->obj_copy(e->model, ctx, e->obj[source[k]], &copy[k]);
  for (int32_t k = 0; k < count && !s; k++) SWAP(void *, e->obj[member[k]], copy[k]);
  for (int32_t k = 0; k < count && copy; k++)
    if (copy[k]) e->model->type->obj_free(e->model, copy[k]);
  gm_free(copy);
  return s;
}

static void slots_renew(gm_ensemble *e, int32_t count, uint64_t generation)
{
  enum { PART = 256 };
  const int32_t *member = e->move, *source = e->move + e->n;
  uint64_t slot[PART];
  for (int32_t k = 0; k < count; k += PART) {
    int32_t part = count - k < PART ? count - k : PART;
    for (int32_t i = 0; i < part; i++) slot[i] = e->slot[source[k + i]];
    gm__fresh_slots(part, slot, generation, member + k, slot);
    for (int32_t i = 0; i < part; i++) e->slot[member[k + i]] = slot[i];
  }
}

static gm_status select_still(gm_ensemble *e, gm_ctx *ctx, int32_t count, uint64_t generation)
{
  const int32_t *member = e->move, *source = e->move + e->n;
  gm_status s = e->obj && count ? objects_move(e, ctx, count) : GM_OK;
  if (s) return s;
  rows_move(e, e->info.parameter_count, e->theta, count);
  if (e->x) rows_move(e, e->info.state_count, e->x, count);
  for (int32_t k = 0; k < count && e->keys_differ; k++) e->key[member[k]] = e->key[source[k]];
  for (int32_t k = 0; k < count; k++) e->status[member[k]] = e->status[source[k]];
  slots_renew(e, count, generation);
  for (int32_t k = 0; k < count && e->model->type->refresh; k++) {
    gm_batch b = gm__ensemble_batch(e, member[k], 1);
    e->model->type->refresh(e->model, &b, e->t);
  }
  return GM_OK;
}

gm_status gm_ensemble_select(gm_ensemble *to, const gm_ensemble *from, gm_ctx *ctx,
                             const int32_t *ancestor, uint64_t generation, bool keep_slots)
{
  assert(to && from && to->model == from->model && ancestor);
  gm__ensemble_forget(to);
  if (to != from || keep_slots)
    return select_apart(to, from, ctx, ancestor, generation, keep_slots);
  if (!to->move) to->move = gm_alloc(to->ctx, 2 * (ptrdiff_t)to->n, sizeof *to->move);
  if (!to->move) return gm_fail(ctx, GM_ENOMEM, "members of an ensemble");
  int32_t count = moves_of(to, ancestor);
  return count < 0 ? select_apart(to, from, ctx, ancestor, generation, false)
                   : select_still(to, ctx, count, generation);
}

void gm_ensemble_renew(gm_ensemble *e, uint64_t generation)
{
  for (int32_t m = 0; m < e->n; m++) gm__fresh_slots(1, &e->slot[m], generation, &m, &e->slot[m]);
  if (!e->model->type->refresh) return;
  gm_batch b = gm__ensemble_batch(e, 0, e->n);
  e->model->type->refresh(e->model, &b, e->t);
}

/* ---- bytes ----------------------------------------------------------------------------------- */
/* "GMENS1", counts, time, then the arrays as they lie; objects as the type writes them, each with
 * its length; a checksum at the end. Little-endian, as every machine that Gemel runs on. */
typedef struct {
  char magic[8];
  uint64_t model; /* hash of the model's name */
  int32_t n, state_count, parameter_count, object;
  double t;
} head;

static head head_of(const gm_ensemble *e)
{
  return (head){.magic = "GMENS1",
                .model = gm_hash_text(e->info.name ? e->info.name : ""),
                .n = e->n,
                .state_count = e->info.state_count,
                .parameter_count = e->info.parameter_count,
                .object = e->obj != NULL,
                .t = e->t};
}

static void add(gm_text *out, const void *data, size_t bytes)
{
  if (bytes) gm_text_addn(out, data, bytes);
}

static gm_status object_save(const gm_ensemble *e, gm_ctx *ctx, int32_t m, gm_text *out)
{
  gm_text one;
  gm_text_init(&one, ctx);
  gm_status s = e->model->type->obj_save(e->model, e->obj[m], &one);
  if (!s) s = one.status;
  uint64_t bytes = one.bytes;
  if (!s) {
    add(out, &bytes, sizeof bytes);
    add(out, one.data, one.bytes);
  }
  gm_text_free(&one);
  return s;
}

gm_status gm_ensemble_save(const gm_ensemble *e, gm_ctx *ctx, gm_text *out)
{
  size_t n = (size_t)e->n, begin = out->bytes;
  head h = head_of(e);
  add(out, &h, sizeof h);
  add(out, e->theta, n * (size_t)h.parameter_count * sizeof *e->theta);
  add(out, e->key, n * sizeof *e->key);
  add(out, e->slot, n * sizeof *e->slot);
  add(out, e->status, n);
  if (e->x) add(out, e->x, n * (size_t)h.state_count * sizeof *e->x);
  gm_status s = GM_OK;
  for (int32_t m = 0; e->obj && m < e->n && !s; m++) s = object_save(e, ctx, m, out);
  if (s) return s;
  if (out->status) return gm_fail(ctx, out->status, "saving an ensemble");
  uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
  add(out, &sum, sizeof sum);
  return out->status ? gm_fail(ctx, out->status, "saving an ensemble") : GM_OK;
}

typedef struct {
  const char *at, *end;
} cursor;

static bool take(cursor *c, void *to, size_t bytes)
{
  if ((size_t)(c->end - c->at) < bytes) return false;
  if (bytes) memcpy(to, c->at, bytes);
  c->at += bytes;
  return true;
}

static gm_status objects_load(gm_ensemble *e, gm_ctx *ctx, cursor *c, void **obj)
{
  gm_status s = GM_OK;
  for (int32_t m = 0; m < e->n && !s; m++) {
    uint64_t bytes;
    if (!take(c, &bytes, sizeof bytes) || bytes > (uint64_t)(c->end - c->at))
      return gm_fail(ctx, GM_EPARSE, "a saved ensemble is damaged: member %d", (int)m);
    s = e->model->type->obj_load(e->model, ctx, c->at, (size_t)bytes, &obj[m]);
    c->at += bytes;
  }
  return s;
}

static gm_status head_check(const gm_ensemble *e, gm_ctx *ctx, const head *h)
{
  head want = head_of(e);
  want.t = h->t;
  if (memcmp(h, &want, sizeof want))
    return gm_fail(ctx, GM_EPARSE, "a saved ensemble of another model or size");
  return GM_OK;
}

gm_status gm_ensemble_load(gm_ensemble *e, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *text = data;
  uint64_t sum;
  head h;
  if (bytes < sizeof h + sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "a saved ensemble is cut short");
  cursor c = {text, text + bytes - sizeof sum};
  memcpy(&sum, c.end, sizeof sum);
  if (sum != gm_checksum(text, bytes - sizeof sum))
    return gm_fail(ctx, GM_EPARSE, "a saved ensemble is damaged");
  (void)take(&c, &h, sizeof h);
  gm_status s = head_check(e, ctx, &h);
  if (s) return s;
  size_t n = (size_t)e->n, fixed = n * ((size_t)h.parameter_count * sizeof(double) +
                                        sizeof(gm_key) + sizeof(uint64_t) + 1);
  if (!h.object) fixed += n * (size_t)h.state_count * sizeof(double);
  if ((size_t)(c.end - c.at) < fixed)
    return gm_fail(ctx, GM_EPARSE, "a saved ensemble is cut short");
  void **obj = NULL;
  if (h.object) {
    cursor o = {c.at + fixed, c.end};
    obj = gm_alloc(ctx, e->n, sizeof *obj);
    s = obj ? objects_load(e, ctx, &o, obj) : gm_fail(ctx, GM_ENOMEM, "members of an ensemble");
    if (!s) SWAP(void **, obj, e->obj);
  }
  if (!s) {
    (void)take(&c, e->theta, n * (size_t)h.parameter_count * sizeof *e->theta);
    (void)take(&c, e->key, n * sizeof *e->key);
    (void)take(&c, e->slot, n * sizeof *e->slot);
    (void)take(&c, e->status, n);
    if (e->x) (void)take(&c, e->x, n * (size_t)h.state_count * sizeof *e->x);
    e->t = h.t;
    gm__ensemble_forget(e);
    e->keys_differ = true;
  }
  for (int32_t m = 0; obj && m < e->n; m++)
    if (obj[m]) e->model->type->obj_free(e->model, obj[m]);
  gm_free(obj);
  return s;
}
