/* object.c - the memory of a member: one block of parts by place, so that a copy is a copy of bytes
 * and what is saved is the block itself. */
#include "kinds/queue/run.h"
#include <assert.h>
#include <string.h>

static const char magic[8] = "GMQUEUE";
enum { VERSION = 1 };

typedef struct {
  char magic[8];
  uint32_t version, order; /* order 0x01020304 as this machine writes it */
  uint64_t fingerprint, bytes;
} envelope;

typedef struct {
  char *base;
  size_t used;
} cutter;

/* The next part, 16-byte aligned; with base NULL only the size is added up. */
static void *cut(cutter *c, ptrdiff_t count, size_t bytes)
{
  void *p = c->base ? c->base + c->used : NULL;
  c->used += ((size_t)count * bytes + 15) / 16 * 16;
  return p;
}

static size_t lay_out(const queue_machine *m, queue_object *o, char *block, int32_t room)
{
  cutter c = {.base = block};
  ptrdiff_t levels = (ptrdiff_t)m->station_count * m->priority_count;
  o->block = block;
  o->head = cut(&c, 1, sizeof *o->head);
  o->value = cut(&c, m->value_count, sizeof *o->value);
  o->clock = cut(&c, m->channel_count, sizeof *o->clock);
  o->renewal = cut(&c, m->renewal_count, sizeof *o->renewal);
  o->schedule = cut(&c, m->schedule_count, sizeof *o->schedule);
  o->station = cut(&c, m->station_count, sizeof *o->station);
  o->resource = cut(&c, m->resource_count, sizeof *o->resource);
  o->level = cut(&c, levels, sizeof *o->level);
  o->sum = cut(&c, levels * QUEUE_SUMS, sizeof *o->sum);
  o->streamed = cut(&c, m->stream_count, sizeof *o->streamed);
  o->customer = cut(&c, room, sizeof *o->customer);
  o->heap = cut(&c, room, sizeof *o->heap);
  o->pick = cut(&c, (ptrdiff_t)m->pick_count * room, sizeof *o->pick);
  o->held = cut(&c, (ptrdiff_t)m->resource_count * room, sizeof *o->held);
  return o->bytes = c.used;
}

gm_status gm__queue_object_new(const queue_machine *m, gm_ctx *ctx, int32_t room,
                               queue_object **out)
{
  queue_object *o = gm_alloc(ctx, 1, sizeof *o);
  size_t bytes = o ? lay_out(m, o, NULL, room) : 0;
  char *block = o ? gm_alloc(ctx, (ptrdiff_t)bytes, 1) : NULL;
  if (!block) {
    gm_free(o);
    return gm_fail(ctx, GM_ENOMEM, "member of a queue model with room for %d customers", (int)room);
  }
  lay_out(m, o, block, room);
  o->head->room = room;
  gm__queue_object_clear(m, o);
  *out = o;
  return GM_OK;
}

void gm__queue_object_free(queue_object *o)
{
  if (!o) return;
  gm_free(o->block);
  gm_free(o);
}

void gm__queue_object_clear(const queue_machine *m, queue_object *o)
{
  queue_head kept = *o->head;
  memset(o->block, 0, o->bytes);
  o->head->room = kept.room;
  o->head->free = -1;
  for (int32_t i = 0; i < m->station_count * m->priority_count; i++)
    o->level[i] = (queue_level){{-1, -1}, {-1, -1}};
}

gm_status gm__queue_object_copy(const queue_machine *m, gm_ctx *ctx, const queue_object *from,
                                queue_object **out)
{
  queue_object *o = NULL;
  gm_status s = gm__queue_object_new(m, ctx, from->head->room, &o);
  if (s) return s;
  memcpy(o->block, from->block, from->bytes);
  *out = o;
  return GM_OK;
}

bool gm__queue_object_grow(const queue_machine *m, queue_object *o)
{
  int32_t room = o->head->room, more = 2 * room;
  queue_object wide = {0};
  char *block = gm_alloc(m->base.ctx, (ptrdiff_t)lay_out(m, &wide, NULL, more), 1);
  if (!block) return false;
  lay_out(m, &wide, block, more);
  /* everything up to the customers lies as before */
  memcpy(block, o->block, (size_t)((char *)o->customer - o->block));
  memcpy(wide.customer, o->customer, (size_t)room * sizeof *o->customer);
  memcpy(wide.heap, o->heap, (size_t)room * sizeof *o->heap);
  for (int32_t i = 0; i < m->pick_count; i++)
    memcpy(wide.pick + (ptrdiff_t)i * more, o->pick + (ptrdiff_t)i * room,
           (size_t)room * sizeof *o->pick);
  memcpy(wide.held, o->held, (size_t)room * (size_t)m->resource_count * sizeof *o->held);
  wide.head->room = more;
  gm_free(o->block);
  *o = wide;
  return true;
}

/* ---- bytes ----------------------------------------------------------------------------------- */
gm_status gm__queue_object_save(const queue_machine *m, const queue_object *o, gm_text *out)
{
  envelope e = {.version = VERSION, .order = 0x01020304, .bytes = o->bytes};
  e.fingerprint = m->fingerprint;
  memcpy(e.magic, magic, sizeof magic);
  size_t begin = out->bytes;
  gm_text_addn(out, (const char *)&e, sizeof e);
  gm_text_addn(out, o->block, o->bytes);
  if (!out->status) {
    uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  return out->status ? gm_fail(out->ctx, out->status, "member of a queue model") : GM_OK;
}

static gm_status envelope_check(const queue_machine *m, gm_ctx *ctx, const char *data, size_t bytes)
{
  envelope e;
  uint64_t sum;
  if (bytes < sizeof e + sizeof(queue_head) + sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: %zu bytes are too few", bytes);
  memcpy(&e, data, sizeof e);
  memcpy(&sum, data + bytes - sizeof sum, sizeof sum);
  if (memcmp(e.magic, magic, sizeof magic) != 0)
    return gm_fail(ctx, GM_EPARSE, "these bytes are no member of a queue model");
  if (e.version != VERSION || e.order != 0x01020304)
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: version %u, expected %d",
                   (unsigned)e.version, VERSION);
  if (sum != gm_checksum(data, bytes - sizeof sum))
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: damaged (its checksum differs)");
  if (e.fingerprint != m->fingerprint)
    return gm_fail(ctx, GM_EPARSE, "member of another queue model");
  if (e.bytes != bytes - sizeof e - sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: length differs");
  return GM_OK;
}

gm_status gm__queue_object_load(const queue_machine *m, gm_ctx *ctx, const void *data, size_t bytes,
                                queue_object **out)
{
  const char *from = data;
  queue_head head;
  queue_object size = {0}, *o = NULL;
  assert(data);
  gm_status s = envelope_check(m, ctx, from, bytes);
  if (s) return s;
  memcpy(&head, from + sizeof(envelope), sizeof head);
  size_t held = bytes - sizeof(envelope) - sizeof(uint64_t);
  if (head.room < QUEUE_CUSTOMERS_FIRST || (size_t)head.room > held / sizeof(queue_customer) ||
      lay_out(m, &size, NULL, head.room) != held)
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: length differs");
  s = gm__queue_object_new(m, ctx, head.room, &o);
  if (s) return s;
  memcpy(o->block, from + sizeof(envelope), held);
  if (!gm__queue_object_sound(m, o)) {
    gm__queue_object_free(o);
    return gm_fail(ctx, GM_EPARSE, "member of a queue model: its parts do not hang together");
  }
  *out = o;
  return GM_OK;
}
