/* audit_anchor.c - the heads of the twins that a session wrote to. In the log they tie the records'
 * chains down: a chain that was written anew as a whole does not go through them. */
#include "store/audit_internal.h"
#include "base/json_write.h"
#include <stdio.h>
#include <string.h>

enum { HEX = 2 * GM__HASH_BYTES, SLOTS_FIRST = 16 };
static const char digit[] = "0123456789abcdef";

/* ---- a session's table ----------------------------------------------------------------------- */
static gm__anchor *slot_of(const struct gm__audit_session *a, int64_t twin)
{
  uint64_t mask = (uint64_t)a->slots - 1, i = (uint64_t)twin & mask; /* twins' numbers are random */
  while (a->slot[i].twin && a->slot[i].twin != twin) i = (i + 1) & mask;
  return &a->slot[i];
}

/* At most half of the slots are taken. */
static gm_status table_grow(gm_ctx *ctx, struct gm__audit_session *a)
{
  if (2 * (a->count + 1) <= a->slots) return GM_OK;
  struct gm__audit_session more = *a;
  more.slots = a->slots ? 2 * a->slots : SLOTS_FIRST;
  more.slot = gm_alloc(ctx, more.slots, sizeof *more.slot);
  if (!more.slot) return gm_fail(ctx, GM_ENOMEM, "heads of twins");
  for (int32_t i = 0; i < a->slots; i++)
    if (a->slot[i].twin) *slot_of(&more, a->slot[i].twin) = a->slot[i];
  gm_free(a->slot);
  *a = more;
  return GM_OK;
}

static void hex_put(char *out, const unsigned char *data, int bytes)
{
  for (int i = 0; i < bytes; i++) {
    out[2 * i] = digit[data[i] >> 4];
    out[2 * i + 1] = digit[data[i] & 15];
  }
  out[2 * bytes] = 0;
}

void gm__made_detail(const unsigned char name[GM__INDEX_BYTES], char out[GM__MADE_BYTES])
{
  char hex[2 * GM__INDEX_BYTES + 1];
  hex_put(hex, name, GM__INDEX_BYTES);
  snprintf(out, GM__MADE_BYTES, "{\"name\":\"%s\"}", hex);
}

/* {"twins": [[twin, seq, head], ...]} */
static gm_status session_put(struct gm__audit_store *t, gm_ctx *ctx, struct gm__audit_session *a)
{
  gm_json_writer w;
  gm_text text;
  char head[HEX + 1];
  if (!a->count) return GM_OK;
  gm_text_init(&text, ctx);
  gm_json_write_begin(&w, &text, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_array(&w, "twins");
  for (int32_t i = 0; i < a->slots; i++) {
    if (!a->slot[i].twin) continue;
    hex_put(head, a->slot[i].head, GM__HASH_BYTES);
    gm_json_write_array(&w, NULL);
    gm_json_write_int(&w, NULL, a->slot[i].twin);
    gm_json_write_int(&w, NULL, a->slot[i].seq);
    gm_json_write_text(&w, NULL, head);
    gm_json_write_array_end(&w);
  }
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
  gm_audit_row row = {.session = a->number,
                      .kind = GM_AUDIT_ANCHOR,
                      .count = a->count,
                      .detail = text.data,
                      .detail_bytes = text.bytes};
  gm_status st = text.status ? gm_fail(ctx, text.status, "heads of twins") : GM_OK;
  if (!st) st = gm__audit_queue(t, ctx, &row, NULL);
  if (!st) {
    memset(a->slot, 0, (size_t)a->slots * sizeof *a->slot);
    a->count = 0;
  }
  gm_text_free(&text);
  return st;
}

/* ---- notes ----------------------------------------------------------------------------------- */
static gm_status note_take(struct gm__audit_store *t, gm_ctx *ctx, const gm__audit_note *n)
{
  gm_status st = GM_OK;
  struct gm__audit_session *a = t->session[n->session & (GM__AUDIT_BUCKETS - 1)];
  while (a && a->number != n->session) a = a->next;
  if (!a) return GM_OK;
  bool known = a->slots && slot_of(a, n->to.twin)->twin;
  if (!known && a->count >= GM__ANCHOR_TWINS_MAX) st = session_put(t, ctx, a);
  if (!st && !known) st = table_grow(ctx, a);
  if (st) return st;
  a->count += !known;
  *slot_of(a, n->to.twin) = n->to;
  if (!t->anchor_due_us) {
    t->anchor_due_us = gm__audit_clock_us() + GM__ANCHOR_DELAY_US;
    pthread_cond_signal(&t->changed);
  }
  return GM_OK;
}

gm_status gm__anchors_settle(struct gm__audit_store *t, gm_ctx *ctx, int32_t room)
{
  gm_status st = GM_OK;
  int32_t done = 0;
  while (done < t->notes && !(st = note_take(t, ctx, &t->note[done]))) done++;
  t->notes -= done;
  if (done) memmove(t->note, t->note + done, (size_t)t->notes * sizeof *t->note);
  if (!st && t->notes + room > t->note_room) {
    int32_t wanted = 2 * (t->notes + room);
    st = gm_grow(ctx, &t->note, t->notes, wanted, sizeof *t->note);
    if (!st) t->note_room = wanted;
  }
  return st;
}

gm_status gm__anchors_put(struct gm__audit_store *t, gm_ctx *ctx, int64_t session)
{
  gm_status st = gm__anchors_settle(t, ctx, 0);
  int first = session ? (int)(session & (GM__AUDIT_BUCKETS - 1)) : 0;
  int end = session ? first + 1 : GM__AUDIT_BUCKETS;
  for (int i = first; i < end; i++)
    for (struct gm__audit_session *a = t->session[i]; a && !st; a = a->next)
      if (!session || a->number == session) st = session_put(t, ctx, a);
  if (!st && !session) t->anchor_due_us = 0;
  return st;
}

/* ---- read back ------------------------------------------------------------------------------- */
static bool hex_take(const gm_json *node, unsigned char out[GM__HASH_BYTES])
{
  if (!node || node->kind != GM_JSON_TEXT || node->bytes != HEX) return false;
  for (int i = 0; i < GM__HASH_BYTES; i++) {
    const char *high = memchr(digit, node->text[2 * i], 16),
               *low = memchr(digit, node->text[2 * i + 1], 16);
    if (!high || !low) return false;
    out[i] = (unsigned char)((high - digit) << 4 | (low - digit));
  }
  return true;
}

static gm_status anchor_take(const gm_json *node, gm__anchor *out)
{
  const gm_json *seq = node->first ? node->first->next : NULL;
  if (node->kind != GM_JSON_ARRAY || node->count != 3 || !hex_take(node->last, out->head))
    return gm__json_node_fail(node, GM_EPARSE, "a twin, its seq and its head are expected");
  gm_status st = gm__json_int(node->first, &out->twin);
  return st ? st : gm__json_int(seq, &out->seq);
}

gm_status gm__anchors_read(gm_ctx *ctx, const char *detail, size_t bytes,
                           gm__anchor_listener *listener, void *user)
{
  gm_json_options o = {.name = "an anchor"};
  gm_arena *memory = NULL;
  gm_json *root = NULL;
  gm_status st = gm_arena_new(ctx, 1 << 16, &memory);
  if (!st) st = gm__json_parse(ctx, memory, &o, detail, bytes, &root);
  const gm_json *twins = st ? NULL : gm__json_find(root, "twins");
  if (!st && (!twins || twins->kind != GM_JSON_ARRAY))
    st = gm_fail(ctx, GM_EPARSE, "an anchor: twins are expected");
  for (const gm_json *n = st ? NULL : twins->first; n && !st; n = n->next) {
    gm__anchor a;
    st = anchor_take(n, &a);
    if (!st) st = listener(user, &a);
  }
  gm_arena_free(memory);
  return st;
}
