/* page.c - pages of records, and their plain form, the sheet. */
#include "store/page.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- sheets ---------------------------------------------------------------------------------- */
/* The name of the series, then for each record this, its texts (one that is as in the record before
 * is left out), and its body. */
typedef struct {
  double t_true_s;
  int64_t seq, t_learned, session;
  uint32_t bytes;
  uint8_t data_class, same; /* same: bits of texts */
} entry;
enum { SAME_SOURCE = 1, SAME_VERSION = 2, SAME_LICENCE = 4 };

static void text_put(gm_text *t, const char *text)
{
  gm_text_addn(t, text, strlen(text) + 1); /* with its NUL */
}

void gm__sheet_add(gm_text *sheet, const gm_record_found *before, const gm_record_found *r)
{
  entry e = {.t_true_s = r->t_true_s,
             .seq = r->seq,
             .t_learned = r->t_learned,
             .session = r->session,
             .bytes = (uint32_t)r->bytes,
             .data_class = (uint8_t)r->data_class};
  if (before && !strcmp(before->source, r->source)) e.same |= SAME_SOURCE;
  if (before && !strcmp(before->version, r->version)) e.same |= SAME_VERSION;
  if (before && !strcmp(before->licence, r->licence)) e.same |= SAME_LICENCE;
  gm__text_reserve(sheet, sizeof e + r->bytes + 5 * (GM__TEXT_MAX + 1));
  if (!sheet->bytes) text_put(sheet, r->series);
  gm_text_addn(sheet, (const char *)&e, sizeof e);
  if (!(e.same & SAME_SOURCE)) text_put(sheet, r->source);
  text_put(sheet, r->id);
  if (!(e.same & SAME_VERSION)) text_put(sheet, r->version);
  if (!(e.same & SAME_LICENCE)) text_put(sheet, r->licence);
  gm_text_addn(sheet, r->body, r->bytes);
}

static bool text_take(const gm_text *t, size_t *at, const char **out)
{
  const char *text = t->data + *at, *nul = memchr(text, 0, t->bytes - *at);
  if (!nul) return false;
  *out = text;
  *at += (size_t)(nul - text) + 1;
  return true;
}

static bool texts_take(const gm_text *sheet, size_t *at, uint8_t same, gm_record_found *r)
{
  if (!(same & SAME_SOURCE) && !text_take(sheet, at, &r->source)) return false;
  if (!text_take(sheet, at, &r->id)) return false;
  if (!(same & SAME_VERSION) && !text_take(sheet, at, &r->version)) return false;
  if (!(same & SAME_LICENCE) && !text_take(sheet, at, &r->licence)) return false;
  return r->source && r->version && r->licence;
}

bool gm__sheet_next(const gm_text *sheet, size_t *at, gm_record_found *r)
{
  entry e;
  if (*at >= sheet->bytes) return false;
  if (*at == 0 && !text_take(sheet, at, &r->series)) return false;
  if (sheet->bytes - *at < sizeof e) return false;
  memcpy(&e, sheet->data + *at, sizeof e);
  *at += sizeof e;
  if (!texts_take(sheet, at, e.same, r) || sheet->bytes - *at < e.bytes) return false;
  r->seq = e.seq;
  r->t_learned = e.t_learned;
  r->t_true_s = e.t_true_s;
  r->session = e.session;
  r->data_class = (gm_data_class)e.data_class;
  r->body = sheet->data + *at;
  r->bytes = e.bytes;
  *at += e.bytes;
  return true;
}

/* ---- rows of table record -------------------------------------------------------------------- */
static gm_status damaged(gm_ctx *ctx, int64_t seq)
{
  return gm_fail(ctx, GM_EPARSE, "record %lld is damaged", (long long)seq);
}

gm_status gm__row_open(gm_ctx *ctx, const gm__keys *k, int64_t twin, const gm__stmt *row,
                       gm_text *plain, gm_record_found *out)
{
  unsigned char bound[GM__BOUND_BYTES];
  size_t thing_bytes, version_bytes, bytes, at = 0;
  const void *thing = gm__db_bytes(row, 4, &thing_bytes);
  const void *version = gm__db_bytes(row, 5, &version_bytes);
  const void *body = gm__db_bytes(row, 8, &bytes);
  *out = (gm_record_found){.seq = gm__db_int(row, 0),
                           .kind = (gm_record_kind)gm__db_int(row, 1),
                           .t_true_s = gm__db_real(row, 2),
                           .t_learned = gm__db_int(row, 3),
                           .data_class = (gm_data_class)gm__db_int(row, 6),
                           .session = gm__db_int(row, 7)};
  if (!body) return gm_fail(ctx, GM_ENOTFOUND, "record %lld was erased", (long long)out->seq);
  if (thing_bytes != GM__INDEX_BYTES || version_bytes != GM__INDEX_BYTES)
    return damaged(ctx, out->seq);
  gm__bound(twin, out->data_class, thing, version, bound);
  plain->bytes = 0;
  gm_status st = gm__unseal(ctx, k, body, bytes, bound, sizeof bound, plain);
  if (st) return gm_fail_at(ctx, st, "record %lld", (long long)out->seq);
  const char **const text[] = {&out->series, &out->source, &out->id, &out->version, &out->licence};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
    if (!text_take(plain, &at, text[i])) return damaged(ctx, out->seq);
  out->body = plain->data + at;
  out->bytes = plain->bytes - at;
  return GM_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */
/* What a page is bound to: its columns. */
enum { BOUND_BYTES = 8 * 6 + GM__INDEX_BYTES + 8 };

static void page_bound(const gm__series *s, const gm__page *p, unsigned char out[BOUND_BYTES])
{
  int64_t number[] = {s->twin, s->kind, p->first, p->last};
  double t[] = {p->t_least, p->t_most};
  memcpy(out, "\0page\0\0\1", 8); /* no name begins so, and no record is bound to as much */
  memcpy(out + 8, number, sizeof number);
  memcpy(out + 8 + sizeof number, t, sizeof t);
  memcpy(out + 8 + sizeof number + sizeof t, s->index, GM__INDEX_BYTES);
}

gm_status gm__page_seal(gm_ctx *ctx, const gm__keys *k, const gm__series *s, const gm__page *p,
                        const gm_text *sheet, gm_text *out)
{
  unsigned char bound[BOUND_BYTES];
  page_bound(s, p, bound);
  return gm__seal(ctx, k, sheet->data ? sheet->data : "", sheet->bytes, bound, sizeof bound, out);
}

void gm__page_mark(const gm__keys *k, const gm__series *s, const gm__page *p,
                   unsigned char out[GM__INDEX_BYTES])
{
  unsigned char bound[BOUND_BYTES];
  page_bound(s, p, bound);
  gm__index_of(k, bound, sizeof bound, out);
}

void gm__page_list_free(gm__page_list *l)
{
  gm_free(l->page);
  gm_free(l->damaged);
}

static gm_status damaged_put(gm__page_list *l, int64_t first)
{
  if (l->damaged_count == l->damaged_room) {
    int32_t room = 2 * l->damaged_room + 4;
    gm_status st = gm_grow(l->ctx, &l->damaged, l->damaged_count, room, sizeof *l->damaged);
    if (st) return st;
    l->damaged_room = room;
  }
  l->damaged[l->damaged_count++] = first;
  return GM_OK;
}

static gm_status page_put(gm__page_list *l, const gm__page *p)
{
  if (l->count == l->room) {
    int32_t room = 2 * l->room + 16;
    gm_status st = gm_grow(l->ctx, &l->page, l->count, room, sizeof *l->page);
    if (st) return st;
    l->room = room;
  }
  l->page[l->count++] = *p;
  return GM_OK;
}

static gm_status list_row(const gm__keys *k, const gm__series *s, const gm__stmt *row, int64_t but,
                          gm__page_list *l)
{
  unsigned char mark[GM__INDEX_BYTES];
  size_t bytes = 0;
  gm__page p = {gm__db_int(row, 0), gm__db_int(row, 1), gm__db_real(row, 2), gm__db_real(row, 3)};
  int64_t before = l->count ? l->page[l->count - 1].last : 0;
  const void *found = gm__db_bytes(row, 4, &bytes);
  gm__page_mark(k, s, &p, mark);
  bool good = p.first != but && bytes == sizeof mark && !memcmp(found, mark, sizeof mark);
  return good && p.first > before && p.last >= p.first ? page_put(l, &p) : damaged_put(l, p.first);
}

gm_status gm__twin_state(gm__db *d, gm_ctx *ctx, int64_t twin, int64_t *seq, int64_t *learned)
{
  gm__stmt *q;
  bool row = false;
  *seq = *learned = 0;
  /* not from the twin's row, which no chain vouches for */
  gm_status st = gm__db_prepare(
      d, ctx, "SELECT seq, learned FROM record WHERE twin = $1 ORDER BY seq DESC LIMIT 1", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, twin);
  st = gm__db_step(q, ctx, &row);
  if (st || !row) return st;
  *seq = gm__db_int(q, 0);
  *learned = gm__db_int(q, 1);
  gm__db_reset(q);
  return GM_OK;
}

gm_status gm__pages_list(gm__db *d, gm_ctx *ctx, const gm__keys *k, const gm__series *s,
                         int64_t but, gm__page_list *out)
{
  gm__stmt *q;
  bool row = false;
  *out = (gm__page_list){.ctx = ctx};
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT first, last, t_least, t_most, mark FROM page"
                                " WHERE twin = $1 AND kind = $2 AND series = $3 ORDER BY first",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, s->twin);
  gm__db_bind_int(q, 2, s->kind);
  gm__db_bind_bytes(q, 3, s->index, GM__INDEX_BYTES);
  while (!st && !(st = gm__db_step(q, ctx, &row)) && row) st = list_row(k, s, q, but, out);
  if (row) gm__db_reset(q);
  if (st) {
    gm__page_list_free(out);
    *out = (gm__page_list){0};
  }
  return st;
}

/* Is every entry whole? Then reading need not ask. */
static bool sheet_whole(const gm_text *sheet)
{
  gm_record_found r = {0};
  size_t at = 0;
  while (gm__sheet_next(sheet, &at, &r)) {}
  return at == sheet->bytes;
}

gm_status gm__page_open(gm__db *d, gm_ctx *ctx, const gm__keys *k, const gm__series *s,
                        const gm__page *p, gm_text *sheet)
{
  gm__stmt *q;
  unsigned char bound[BOUND_BYTES];
  bool row = false;
  size_t bytes = 0;
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT body FROM page WHERE twin = $1 AND kind = $2"
                                " AND series = $3 AND first = $4",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, s->twin);
  gm__db_bind_int(q, 2, s->kind);
  gm__db_bind_bytes(q, 3, s->index, GM__INDEX_BYTES);
  gm__db_bind_int(q, 4, p->first);
  st = gm__db_step(q, ctx, &row);
  if (st) return st;
  if (!row) return gm_fail(ctx, GM_ENOTFOUND, "a page is gone");
  const void *body = gm__db_bytes(q, 0, &bytes);
  page_bound(s, p, bound);
  st = body ? gm__unseal(ctx, k, body, bytes, bound, sizeof bound, sheet)
            : gm_fail(ctx, GM_EPARSE, "a page is damaged");
  gm__db_reset(q);
  if (!st && !sheet_whole(sheet)) st = gm_fail(ctx, GM_EPARSE, "a page is damaged");
  return st;
}
