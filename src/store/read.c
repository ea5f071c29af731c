/* read.c - records out of threads as they were known at a time.
 *
 * A thread is read series by series, each as runs: a page is one, what is in no page comes as runs
 * of a thousand rows. A heap of runs gives the order of time. Everything is read as it was known
 * when the reading began, so that it needs no transaction: what is appended meanwhile was learned
 * later. */
#include "store/page.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- runs ------------------------------------------------------------------------------------ */
enum { ROWS_MAX = 1024, NEAR = 4096 };

typedef enum {
  RUN_PAGE,
  RUN_TIMES,
  RUN_NUMBERS
} run_way; /* rows: by the index of times, or in the
                                                              order of numbers, then sorted */
typedef struct {
  run_way way;
  gm__series series;
  int64_t first, last; /* numbers of its records */
  double t_least, t_most;
  bool begun, more; /* more: rows after these */
  int64_t told;     /* rows so far */
  gm_record_found next;
  gm_text sheet;
  size_t at;
  int64_t *old; /* a page: numbers of records that a newer version was known of, ascending */
  int32_t old_count, old_at, old_room;
} run;

typedef struct {
  gm__db *d;
  gm_ctx *ctx;
  const gm_record_query *q;
  gm__keys *keys;
  gm__pages_wanted *wanted;
  double from_s, to_s;
  int64_t as_of, last; /* what is known; number of the last record */
  gm_text plain;
  run *run;
  int32_t *heap; /* of runs, the one to tell next on top */
  int32_t run_count, run_room, heap_count;
} reader;

static void wanted_put(const reader *r, const gm__series *s, int64_t damaged)
{
  gm__pages_wanted *w = r->wanted;
  if (!w || w->count == GM__SERIES_WANTED) return;
  for (int32_t i = 0; i < w->count; i++)
    if (!memcmp(&w->series[i], s, sizeof *s)) return;
  w->series[w->count] = *s;
  w->damaged[w->count++] = damaged;
}

/* ---- rows ------------------------------------------------------------------------------------ */
#define COLUMNS                                                                                    \
  "SELECT r.seq, r.kind, r.t_true, r.learned, r.thing, r.version, r.class, r.session, r.body"      \
  " FROM record r LEFT JOIN newer n ON n.twin = r.twin AND n.seq = r.seq WHERE r.twin = $1"
#define REST                                                                                       \
  " AND r.series = $3 AND r.t_true >= $4 AND r.t_true <= $5 AND (r.t_true > $6 OR r.seq > $7)"     \
  " AND r.seq >= $8 AND r.seq <= $9 AND r.learned <= $10"                                          \
  " AND (n.learned IS NULL OR n.learned > $11) ORDER BY r.t_true, r.seq LIMIT $12"
/* kind + 0: not by the index of times */
static const char by_times[] = COLUMNS " AND r.kind = $2" REST;
static const char by_numbers[] = COLUMNS " AND r.kind + 0 = $2" REST;

static gm_status rows_ask(const reader *r, const run *o, gm__stmt **out)
{
  gm_status st = gm__db_prepare(r->d, r->ctx, o->way == RUN_TIMES ? by_times : by_numbers, out);
  if (st) return st;
  gm__stmt *s = *out;
  double after = o->begun ? o->next.t_true_s : r->from_s;
  gm__db_bind_int(s, 1, o->series.twin);
  gm__db_bind_int(s, 2, o->series.kind);
  gm__db_bind_bytes(s, 3, o->series.index, GM__INDEX_BYTES);
  gm__db_bind_real(s, 4, after);
  gm__db_bind_real(s, 5, r->to_s);
  gm__db_bind_real(s, 6, after);
  gm__db_bind_int(s, 7, o->begun ? o->next.seq : 0);
  gm__db_bind_int(s, 8, o->first);
  gm__db_bind_int(s, 9, o->last);
  gm__db_bind_int(s, 10, r->as_of);
  /* all versions: none is old before any time */
  gm__db_bind_int(s, 11, r->q->all_versions ? -1 : r->as_of);
  gm__db_bind_int(s, 12, ROWS_MAX);
  return GM_OK;
}

/* The next rows, into the sheet. */
static gm_status rows_read(reader *r, run *o)
{
  gm__stmt *s;
  bool row = false;
  int32_t count = 0;
  gm_record_found f;
  gm_status st = rows_ask(r, o, &s);
  if (st) return st;
  o->sheet.bytes = o->at = 0;
  while (!st && o->sheet.bytes < GM__SHEET_BYTES && !(st = gm__db_step(s, r->ctx, &row)) && row) {
    st = gm__row_open(r->ctx, r->keys, o->series.twin, s, &r->plain, &f);
    if (!st) gm__sheet_add(&o->sheet, NULL, &f);
    if (!st && o->sheet.status) st = gm_fail(r->ctx, o->sheet.status, "records");
    count++;
  }
  if (row) gm__db_reset(s);
  o->more = row || count == ROWS_MAX;
  o->told += count;
  bool page_worth = o->told >= GM__PAGE_RECORDS && o->last == r->last &&
                    o->sheet.bytes / (size_t)(count + 1) < GM__SHEET_BYTES / GM__PAGE_LEAST;
  if (!st && page_worth) wanted_put(r, &o->series, 0);
  return st;
}

/* ---- pages ----------------------------------------------------------------------------------- */
static gm_status old_put(reader *r, run *o, int64_t seq)
{
  if (o->old_count == o->old_room) {
    int32_t room = 2 * o->old_room + 64;
    gm_status st = gm_grow(r->ctx, &o->old, o->old_count, room, sizeof *o->old);
    if (st) return st;
    o->old_room = room;
  }
  o->old[o->old_count++] = seq;
  return GM_OK;
}

static gm_status old_read(reader *r, run *o)
{
  gm__stmt *s;
  bool row = false;
  if (r->q->all_versions) return GM_OK;
  gm_status st = gm__db_prepare(r->d, r->ctx,
                                "SELECT seq FROM newer WHERE twin = $1 AND seq >= $2 AND seq <= $3"
                                " AND learned <= $4 ORDER BY seq",
                                &s);
  if (st) return st;
  gm__db_bind_int(s, 1, o->series.twin);
  gm__db_bind_int(s, 2, o->first);
  gm__db_bind_int(s, 3, o->last);
  gm__db_bind_int(s, 4, r->as_of);
  while (!st && !(st = gm__db_step(s, r->ctx, &row)) && row) st = old_put(r, o, gm__db_int(s, 0));
  if (row) gm__db_reset(s);
  return st;
}

static bool is_old(const run *o, int64_t seq)
{
  int32_t low = 0, high = o->old_count;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (o->old[middle] < seq)
      low = middle + 1;
    else
      high = middle;
  }
  return low < o->old_count && o->old[low] == seq;
}

/* A page that is gone or damaged is read as rows. */
static gm_status page_read(reader *r, run *o)
{
  gm__page p = {o->first, o->last, o->t_least, o->t_most};
  gm_status st = gm__page_open(r->d, r->ctx, r->keys, &o->series, &p, &o->sheet);
  if (st == GM_EPARSE || st == GM_ENOTFOUND) {
    wanted_put(r, &o->series, o->first);
    o->way = RUN_NUMBERS;
    return rows_read(r, o);
  }
  return st ? st : old_read(r, o);
}

/* ---- a run's next record -----------------------------------------------------------------------
 */
static void run_end(run *o)
{
  gm__text_wipe(&o->sheet);
  gm_free(o->old);
  o->old = NULL;
  o->old_count = o->old_room = 0;
}

static bool is_asked(const reader *r, const run *o)
{
  if (o->way != RUN_PAGE) return true; /* the rows were asked for so */
  const gm_record_found *f = &o->next;
  return f->t_true_s >= r->from_s && f->t_true_s <= r->to_s && f->t_learned <= r->as_of &&
         !(o->old_count && is_old(o, f->seq));
}

/* *there false: it has ended. */
static gm_status run_next(reader *r, run *o, bool *there)
{
  gm_status st = GM_OK;
  *there = true;
  if (!o->begun) {
    st = o->way == RUN_PAGE ? page_read(r, o) : rows_read(r, o);
    o->begun = true;
    o->next = (gm_record_found){.kind = (gm_record_kind)o->series.kind};
  }
  while (!st) {
    while (gm__sheet_next(&o->sheet, &o->at, &o->next))
      if (is_asked(r, o)) return GM_OK;
    if (!o->more) break;
    st = rows_read(r, o);
  }
  *there = false;
  run_end(o);
  return st;
}

/* ---- the heap of runs --------------------------------------------------------------------------
 */
static bool is_before(const run *a, const run *b)
{
  double ta = a->begun ? a->next.t_true_s : a->t_least,
         tb = b->begun ? b->next.t_true_s : b->t_least;
  int64_t na = a->begun ? a->next.seq : 0, nb = b->begun ? b->next.seq : 0;
  return ta < tb || (ta == tb && na < nb);
}

static void heap_sink(reader *r, int32_t at)
{
  for (int32_t least = at;; at = least) {
    for (int32_t i = 2 * at + 1; i <= 2 * at + 2 && i < r->heap_count; i++)
      if (is_before(&r->run[r->heap[i]], &r->run[r->heap[least]])) least = i;
    if (least == at) return;
    int32_t other = r->heap[at];
    r->heap[at] = r->heap[least];
    r->heap[least] = other;
  }
}

static gm_status heap_tell(reader *r, gm_record_listener *listener, void *user)
{
  gm_status st = GM_OK;
  r->heap = gm_alloc(r->ctx, r->run_count, sizeof *r->heap);
  if (!r->heap) return gm_fail(r->ctx, GM_ENOMEM, "a thread of %d runs", (int)r->run_count);
  for (int32_t i = 0; i < r->run_count; i++) r->heap[r->heap_count++] = i;
  for (int32_t i = r->heap_count / 2; i-- > 0;) heap_sink(r, i);
  while (!st && r->heap_count) {
    run *o = &r->run[r->heap[0]];
    bool there = true;
    if (o->begun) st = listener(user, &o->next);
    if (!st) st = run_next(r, o, &there);
    if (!there) r->heap[0] = r->heap[--r->heap_count];
    heap_sink(r, 0);
  }
  return st;
}

/* ---- what is asked -----------------------------------------------------------------------------
 */
static gm_status run_put(reader *r, const run *o)
{
  if (r->run_count == r->run_room) {
    int32_t room = 2 * r->run_room + 4;
    gm_status st = gm_grow(r->ctx, &r->run, r->run_count, room, sizeof *r->run);
    if (st) return st;
    r->run_room = room;
  }
  r->run[r->run_count] = *o;
  gm_text_init(&r->run[r->run_count++].sheet, r->ctx);
  return GM_OK;
}

static gm_status rows_put(reader *r, const gm__series *s, int64_t first, int64_t last)
{
  run o = {.way = RUN_TIMES, .series = *s, .first = first, .last = last, .t_least = r->from_s};
  /* few rows at the end of a long series are found by their numbers */
  if (first > 1 && last - first < NEAR) o.way = RUN_NUMBERS;
  return first <= last ? run_put(r, &o) : GM_OK;
}

static gm_status series_put(reader *r, const gm__series *s)
{
  gm__page_list l;
  int64_t from = 1;
  gm_status st = gm__pages_list(r->d, r->ctx, r->keys, s, 0, &l);
  if (st) return st;
  for (int32_t i = 0; i < l.count && !st; i++) {
    const gm__page *p = &l.page[i];
    run o = {.way = RUN_PAGE,
             .series = *s,
             .first = p->first,
             .last = p->last,
             .t_least = p->t_least,
             .t_most = p->t_most};
    st = rows_put(r, s, from, p->first - 1);
    if (p->first > from) wanted_put(r, s, 0); /* a page is missing */
    if (!st && p->t_least <= r->to_s && p->t_most >= r->from_s) st = run_put(r, &o);
    from = p->last + 1;
  }
  if (!st) st = rows_put(r, s, from, r->last);
  gm__page_list_free(&l);
  return st;
}

/* The twin's series of a kind, one after the other by the index. */
static gm_status kind_put(reader *r, int64_t kind)
{
  gm__series series = {.twin = r->q->twin, .kind = kind};
  size_t index_bytes = 0, bytes = 0;
  gm_status st = GM_OK;
  for (bool row = true; !st;) {
    gm__stmt *s;
    st = gm__db_prepare(r->d, r->ctx,
                        "SELECT series FROM record WHERE twin = $1 AND kind = $2 AND series > $3"
                        " ORDER BY series LIMIT 1",
                        &s);
    if (st) break;
    gm__db_bind_int(s, 1, series.twin);
    gm__db_bind_int(s, 2, kind);
    gm__db_bind_bytes(s, 3, series.index, index_bytes);
    st = gm__db_step(s, r->ctx, &row);
    if (st || !row) break;
    const void *found = gm__db_bytes(s, 0, &bytes);
    index_bytes = GM__INDEX_BYTES;
    bool good = bytes == index_bytes;
    if (good) memcpy(series.index, found, bytes);
    gm__db_reset(s);
    st = good ? series_put(r, &series) : gm_fail(r->ctx, GM_EPARSE, "a record is damaged");
  }
  return st;
}

static gm_status ask(reader *r)
{
  const gm_record_query *q = r->q;
  gm_status st = GM_OK;
  if (q->series) {
    gm__series series = {.twin = q->twin, .kind = q->kind};
    gm__index_of(r->keys, q->series, strlen(q->series), series.index);
    return series_put(r, &series);
  }
  if (q->kind) return kind_put(r, q->kind);
  for (int64_t kind = 1; kind < GM_RECORD_KIND_COUNT && !st; kind++) st = kind_put(r, kind);
  return st;
}

static gm_status read_paged(gm__db *d, gm_ctx *ctx, gm__keys *k, const gm_record_query *q,
                            gm_record_listener *listener, void *user, gm__pages_wanted *w)
{
  bool always = q->from_s == 0 && q->to_s == 0;
  reader r = {.d = d, .ctx = ctx, .q = q, .keys = k, .wanted = w};
  r.from_s = always ? -INFINITY : q->from_s;
  r.to_s = always ? INFINITY : q->to_s;
  if (q->series && !q->kind) return gm_fail(ctx, GM_EINVAL, "a series is of one kind of record");
  gm_text_init(&r.plain, ctx);
  gm_status st = gm__twin_state(d, ctx, q->twin, &r.last, &r.as_of);
  if (!st && q->as_of && q->as_of < r.as_of) r.as_of = q->as_of;
  if (!st) st = ask(&r);
  if (!st) st = heap_tell(&r, listener, user);
  for (int32_t i = 0; i < r.run_count; i++) run_end(&r.run[i]);
  gm_free(r.run);
  gm_free(r.heap);
  gm__text_wipe(&r.plain);
  return st;
}

gm_status gm__records_read(gm__db *d, gm_ctx *ctx, gm__keys *k, const gm_record_query *q,
                           gm_record_listener *listener, void *user)
{
  return read_paged(d, ctx, k, q, listener, user, NULL);
}

/* ---- a session's reading -----------------------------------------------------------------------
 */
/* Passes on what the session may see. */
typedef struct {
  const gm__rights *rights;
  gm_record_listener *listener;
  void *user;
  int64_t told, withheld;
} filter;

static gm_status filter_hear(void *user, const gm_record_found *r)
{
  filter *f = user;
  bool known = r->kind > 0 && r->kind < GM_RECORD_KIND_COUNT && r->data_class >= 0 &&
               r->data_class < GM_CLASS_COUNT;
  if (!known || f->rights->not_allowed[r->kind][r->data_class]) {
    f->withheld++;
    return GM_OK;
  }
  f->told++;
  return f->listener(f->user, r);
}

/* Why nothing of a kind (0: of any kind) may be seen, in any class; NULL: something may. */
static const char *all_denied(const gm__rights *rights, int64_t kind)
{
  const char *why = NULL;
  for (int64_t k = kind ? kind : 1; k < (kind ? kind + 1 : GM_RECORD_KIND_COUNT); k++)
    for (int c = 0; c < GM_CLASS_COUNT; c++) {
      if (!rights->not_allowed[k][c]) return NULL;
      why = rights->not_allowed[k][c];
    }
  return why;
}

gm_status gm_store_read(gm_session *a, gm_ctx *ctx, const gm_record_query *q,
                        gm_record_listener *listener, void *user)
{
  assert(a && ctx && q && listener);
  gm_store *s = a->s;
  gm__rights rights;
  gm__keys *keys = NULL;
  gm__pages_wanted wanted = {.count = 0};
  filter f = {.rights = &rights, .listener = listener, .user = user};
  gm_status st = gm__rights_of(a, ctx, q->twin, GM_ACT_READ, &rights);
  if (st) return st;
  const char *why = all_denied(&rights, q->kind);
  if (why) return gm__denied(a, ctx, GM_ACT_READ, q->twin, q->kind, why);
  if (rights.emergency) /* on the disk before anything is told */
    st = gm__audit_put(a, ctx, GM_AUDIT_EMERGENCY, q->twin, 0, 0, NULL, true);
  if (!st) st = gm__twin_keys(s, ctx, q->twin, &keys);
  if (!st) {
    pthread_mutex_lock(&s->reading.lock);
    st = read_paged(s->reading.db, ctx, keys, q, filter_hear, &f, &wanted);
    pthread_mutex_unlock(&s->reading.lock);
  }
  if (!st) gm__pages_make(s, ctx, keys, &wanted);
  gm__keys_free(keys);
  gm_status logged = gm__audit_put(a, ctx, GM_AUDIT_READ, q->twin, 0, f.told, NULL, false);
  if (!st) st = logged;
  if (q->withheld) *q->withheld = f.withheld;
  if (!st && f.withheld && !q->withheld)
    return gm__denied(a, ctx, GM_ACT_READ, q->twin, q->kind, "some of the records are not for you");
  return st;
}
