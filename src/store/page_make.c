/* page_make.c - pages out of records. They are read and sealed beside everything else; the line for
 * writing is taken to put them down alone. */
#include "base/clock.h"
#include "store/page.h"
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { HELD_MAX = 32, REST_US = 10000000 }; /* pages in one commit; after a failure */

typedef struct {
  gm__page page;
  gm_text body; /* sealed */
} made;

typedef struct {
  gm_store *s;
  gm_ctx *ctx;
  const gm__keys *keys;
  const gm__series *series;
  gm__page_list there;
  int64_t last; /* of the twin's records */
  int64_t drop; /* first of a page that is to be made anew; 0: none */
  made held[HELD_MAX];
  int32_t held_count;
  bool put; /* something was written */
} maker;

/* ---- one page -------------------------------------------------------------------------------- */
/* Number of the count-th record of the series in from..to; 0: there are fewer. kind + 0: by the
 * order of the twin's records, not of the series', which has no order of numbers. */
static gm_status end_find(maker *m, int64_t from, int64_t to, int32_t count, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(m->s->reading.db, m->ctx,
                                "SELECT seq FROM record WHERE twin = $1 AND seq >= $2"
                                " AND seq <= $3 AND kind + 0 = $4 AND series = $5"
                                " ORDER BY seq LIMIT 1 OFFSET $6",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->series->twin);
  gm__db_bind_int(q, 2, from);
  gm__db_bind_int(q, 3, to);
  gm__db_bind_int(q, 4, m->series->kind);
  gm__db_bind_bytes(q, 5, m->series->index, GM__INDEX_BYTES);
  gm__db_bind_int(q, 6, count - 1);
  st = gm__db_step(q, m->ctx, &row);
  *out = !st && row ? gm__db_int(q, 0) : 0;
  if (row) gm__db_reset(q);
  return st;
}

static gm_status rows_read(maker *m, gm__stmt *q, gm_text *plain, gm_text *sheet, gm__page *p)
{
  gm_record_found r, before = {0};
  gm_text kept; /* of the record before, whose texts the next one is compared with */
  bool row = false;
  gm_status st = GM_OK;
  gm_text_init(&kept, m->ctx);
  while (!st && sheet->bytes <= GM__SHEET_BYTES && !(st = gm__db_step(q, m->ctx, &row)) && row) {
    st = gm__row_open(m->ctx, m->keys, m->series->twin, q, plain, &r);
    if (st) break;
    gm__sheet_add(sheet, before.series ? &before : NULL, &r);
    st = sheet->status ? gm_fail(m->ctx, sheet->status, "a page") : GM_OK;
    p->t_least = fmin(p->t_least, r.t_true_s);
    p->t_most = fmax(p->t_most, r.t_true_s);
    gm_text other = kept; /* the texts of r stay, those of the one before go */
    kept = *plain;
    *plain = other;
    before = r;
  }
  if (row) gm__db_reset(q);
  gm__text_wipe(&kept);
  return st;
}

/* The sheet of the series' records in p->first..p->last, and their times; beyond GM__SHEET_BYTES it
 * is left unfinished. */
static gm_status sheet_read(maker *m, gm__page *p, gm_text *sheet)
{
  gm__stmt *q;
  gm_text plain;
  gm_status st = gm__db_prepare(m->s->reading.db, m->ctx,
                                "SELECT seq, kind, t_true, learned, thing, version, class,"
                                " session, body FROM record WHERE twin = $1 AND seq >= $2"
                                " AND seq <= $3 AND kind + 0 = $4 AND series = $5"
                                " ORDER BY t_true, seq",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->series->twin);
  gm__db_bind_int(q, 2, p->first);
  gm__db_bind_int(q, 3, p->last);
  gm__db_bind_int(q, 4, m->series->kind);
  gm__db_bind_bytes(q, 5, m->series->index, GM__INDEX_BYTES);
  p->t_least = INFINITY;
  p->t_most = -INFINITY;
  gm_text_init(&plain, m->ctx);
  st = rows_read(m, q, &plain, sheet, p);
  gm__text_wipe(&plain);
  return st;
}

/* One page that begins at p->first and ends at to or before; full: none that is not full. *there
 * false: no page can be made there. */
static gm_status page_read(maker *m, int64_t to, bool full, gm__page *p, gm_text *sheet,
                           bool *there)
{
  gm_status st = GM_OK;
  *there = false;
  for (int32_t count = GM__PAGE_RECORDS; !st && !*there && count >= GM__PAGE_LEAST; count /= 2) {
    sheet->bytes = 0;
    pthread_mutex_lock(&m->s->reading.lock);
    st = end_find(m, p->first, to, count, &p->last);
    bool enough = p->last > 0;
    if (!enough) p->last = to;
    if (!st && (enough || !full)) {
      st = sheet_read(m, p, sheet);
      *there = !st && sheet->bytes <= GM__SHEET_BYTES;
    }
    pthread_mutex_unlock(&m->s->reading.lock);
    if (!enough && full) break;
  }
  return st;
}

/* ---- putting down ---------------------------------------------------------------------------- */
/* The subject's row is held against an erasure until the commit. */
static gm_status subject_hold(maker *m, bool *there)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(m->s->writing.db, m->ctx,
                                "SELECT s.erased FROM subject s JOIN twin t ON s.id = t.subject"
                                " WHERE t.id = $1 FOR UPDATE OF s",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->series->twin);
  st = gm__db_step(q, m->ctx, &row);
  *there = !st && row && !gm__db_int(q, 0);
  if (row) gm__db_reset(q);
  return st;
}

static gm_status page_drop(maker *m, int64_t first)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(m->s->writing.db, m->ctx,
                                "DELETE FROM page WHERE twin = $1 AND kind = $2 AND series = $3"
                                " AND first = $4",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->series->twin);
  gm__db_bind_int(q, 2, m->series->kind);
  gm__db_bind_bytes(q, 3, m->series->index, GM__INDEX_BYTES);
  gm__db_bind_int(q, 4, first);
  return gm__db_run(q, m->ctx);
}

static gm_status page_insert(maker *m, const made *p)
{
  gm__stmt *q;
  unsigned char mark[GM__INDEX_BYTES];
  gm__page_mark(m->keys, m->series, &p->page, mark);
  gm_status st = gm__db_prepare(m->s->writing.db, m->ctx,
                                "INSERT INTO page (twin, kind, series, first, last, t_least,"
                                " t_most, mark, body)"
                                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->series->twin);
  gm__db_bind_int(q, 2, m->series->kind);
  gm__db_bind_bytes(q, 3, m->series->index, GM__INDEX_BYTES);
  gm__db_bind_int(q, 4, p->page.first);
  gm__db_bind_int(q, 5, p->page.last);
  gm__db_bind_real(q, 6, p->page.t_least);
  gm__db_bind_real(q, 7, p->page.t_most);
  gm__db_bind_bytes(q, 8, mark, sizeof mark);
  gm__db_bind_bytes(q, 9, p->body.data, p->body.bytes);
  return gm__db_run(q, m->ctx);
}

static gm_status held_write(maker *m)
{
  bool there = false;
  gm_status st = subject_hold(m, &there);
  for (int32_t i = 0; i < m->there.damaged_count && !st && there; i++)
    st = page_drop(m, m->there.damaged[i]);
  for (int32_t i = 0; i < m->held_count && !st && there; i++) st = page_insert(m, &m->held[i]);
  return st ? st : there ? GM_OK : gm_fail(m->ctx, GM_ENOTFOUND, "no such twin");
}

static gm_status held_put(maker *m)
{
  if (!m->held_count && !m->there.damaged_count) return GM_OK;
  gm__line *l = &m->s->writing;
  pthread_mutex_lock(&l->lock);
  gm_status st = gm__db_begin(l->db, m->ctx);
  if (!st) {
    st = held_write(m);
    if (!st)
      st = gm__db_commit(l->db, m->ctx);
    else
      gm__db_rollback(l->db);
  }
  pthread_mutex_unlock(&l->lock);
  for (int32_t i = 0; i < m->held_count; i++) gm_text_free(&m->held[i].body);
  m->held_count = m->there.damaged_count = 0;
  m->put |= !st;
  return st;
}

/* Pages for the numbers first..to. */
static gm_status stretch_make(maker *m, int64_t first, int64_t to, bool full, gm_text *sheet)
{
  gm_status st = GM_OK;
  bool there = true;
  for (gm__page p = {.first = first}; !st && p.first <= to; p.first = p.last + 1) {
    if (m->held_count == HELD_MAX) st = held_put(m);
    if (!st) st = page_read(m, to, full, &p, sheet, &there);
    if (st || !there) break;
    made *o = &m->held[m->held_count];
    o->page = p;
    gm_text_init(&o->body, m->ctx);
    st = gm__page_seal(m->ctx, m->keys, m->series, &p, sheet, &o->body);
    if (st)
      gm_text_free(&o->body);
    else
      m->held_count++;
  }
  return st;
}

/* What lies between pages, then what is behind the last one. */
static gm_status series_make(maker *m)
{
  gm_text sheet;
  gm_text_init(&sheet, m->ctx);
  int64_t from = 1;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < m->there.count && !st; i++) {
    const gm__page *p = &m->there.page[i];
    if (p->first > from) st = stretch_make(m, from, p->first - 1, false, &sheet);
    from = p->last + 1;
  }
  if (!st) st = stretch_make(m, from, m->last, true, &sheet);
  if (!st) st = held_put(m);
  for (int32_t i = 0; i < m->held_count; i++) gm_text_free(&m->held[i].body);
  gm__text_wipe(&sheet);
  return st;
}

static gm_status make(maker *m)
{
  int64_t learned;
  gm__db *d = m->s->reading.db;
  pthread_mutex_lock(&m->s->reading.lock);
  gm_status st = gm__twin_state(d, m->ctx, m->series->twin, &m->last, &learned);
  if (!st) st = gm__pages_list(d, m->ctx, m->keys, m->series, m->drop, &m->there);
  pthread_mutex_unlock(&m->s->reading.lock);
  if (st) return st;
  st = series_make(m);
  gm__page_list_free(&m->there);
  return st;
}

/* What failed (a full disk) or found nothing to do (bodies too large) would do so again at once;
 * where another process was first there is something now. */
void gm__pages_make(gm_store *s, gm_ctx *ctx, const gm__keys *k, const gm__pages_wanted *w)
{
  int64_t now = gm__clock_us(), rest = s->pages_rest_us;
  if (!w->count || (now < rest && rest - now <= REST_US)) return;
  if (atomic_exchange(&s->pages_busy, true)) return;
  for (int32_t i = 0; i < w->count; i++) {
    maker m = {.s = s, .ctx = ctx, .keys = k, .series = &w->series[i], .drop = w->damaged[i]};
    gm_status st = make(&m);
    if (st != GM_EEXIST && (st || !m.put)) s->pages_rest_us = now + REST_US;
  }
  s->pages_busy = false;
}
