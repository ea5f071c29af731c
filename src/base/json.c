/* json.c - the token stream: yajl reads the grammar; what it would let through or keep without
 * bound is held back in front of it (json_scan.h) or in its callbacks.
 *
 * What yajl 2.1 does by itself, and what is done about it here:
 * - it does not look whether it got memory: a refused allocation leaves it by longjmp, and its
 *   blocks hang on a list of ours, so that they can be freed without it;
 * - it keeps a token that goes over the end of a piece, however long: json_scan.h bounds it;
 * - it takes overlong UTF-8 and surrogates, and makes '?' of half a pair: json_scan.h refuses;
 * - it takes form feeds for space, which json_scan.h refuses;
 * - it takes a string that is never closed behind the value ("[] \"a"): looked at in the finish;
 * - it nests without end and knows no keys: levels and keys are ours. */
#include "base/json.h"
#include "base/json_build.h"
#include "base/json_keys.h"
#include "base/json_scan.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum {
  PIECE_BYTES = 65536,
  DEPTH_DEFAULT = 100,
  NUMBER_BYTES_DEFAULT = 400,
  KEY_COUNT_DEFAULT = 100000,
  KEY_COUNT_MAX = 1 << 29,
  MARK_BYTES = 3
};
static const size_t string_bytes_default = (size_t)16 << 20,
                    memory_bytes_default = (size_t)64 << 20;

/* Blocks of yajl's hang in a ring around the reader's own link. */
typedef struct json_link {
  struct json_link *before, *after;
} json_link;

typedef struct {
  json_link link; /* first */
  size_t bytes;
  max_align_t data[];
} block;

typedef struct {
  bool object;
  int32_t key_first; /* keys held before it was opened */
  int64_t index;     /* of the present value of an array; before the first: -1 */
} level;

typedef struct {
  int64_t number, at; /* from 1; where it begins */
} line_place;

struct gm_json_reader {
  gm_ctx *ctx;
  gm_json_options o;
  gm_json_handler *handler;
  void *user;
  yajl_handle yajl; /* NULL: to be made for the next value */
  json_link ring;
  jmp_buf no_memory;
  gm_json_scan scan;
  unsigned char carry[GM__UTF8_BYTES_MAX]; /* of a character whose end is still to come */
  size_t carry_bytes;
  gm_json_keys keys;
  level *level; /* owned, depth_max */
  int32_t depth, value_count;
  int64_t token_count;
  const unsigned char *piece; /* that yajl has now; NULL outside */
  int64_t piece_at, at;
  int64_t last_at;            /* behind the last token that was given */
  line_place line, last_line; /* of the beginning of the piece; of last_at */
  size_t mark_bytes;          /* of a byte order mark, so far; MARK_BYTES: no longer looked for */
  bool skipping;              /* the rest of a line that was refused */
  bool busy, finished;
  gm_status status, found; /* for good; by a callback */
};

/* ---- yajl's memory --------------------------------------------------------------------------- */
static void *yajl_get(void *user, size_t bytes)
{
  gm_json_reader *r = user;
  block *b = bytes < PTRDIFF_MAX ? gm_alloc(r->ctx, 1, sizeof *b + bytes) : NULL;
  if (!b) longjmp(r->no_memory, 1); /* lint: allow longjmp, because yajl asks for no answer */
  b->bytes = bytes;
  b->link = (json_link){&r->ring, r->ring.after};
  r->ring.after->before = &b->link;
  r->ring.after = &b->link;
  return b->data;
}

static void yajl_give(void *user, void *p)
{
  (void)user;
  if (!p) return;
  block *b = (block *)(void *)((char *)p - offsetof(block, data));
  b->link.before->after = b->link.after;
  b->link.after->before = b->link.before;
  gm_free(b);
}

static void *yajl_more(void *user, void *p, size_t bytes)
{
  void *q = yajl_get(user, bytes);
  if (!p) return q;
  const block *b = (const block *)(const void *)((char *)p - offsetof(block, data));
  memcpy(q, p, b->bytes < bytes ? b->bytes : bytes);
  yajl_give(user, p);
  return q;
}

static void yajl_drop(gm_json_reader *r)
{
  while (r->ring.after != &r->ring) yajl_give(r, ((block *)(void *)r->ring.after)->data);
  r->yajl = NULL;
}

/* ---- places and messages --------------------------------------------------------------------- */
static int64_t byte_now(const gm_json_reader *r)
{
  return r->piece ? r->piece_at + (int64_t)yajl_get_bytes_consumed(r->yajl) : r->at;
}

size_t gm__json_key_shown(const char *key, size_t key_bytes, char *text, size_t bytes)
{
  const unsigned char *p = (const unsigned char *)key;
  size_t at = 0, step;
  for (; key_bytes && at + GM__UTF8_BYTES_MAX < GM__JSON_KEY_SHOWN_BYTES;
       p += step, key_bytes -= step) {
    step = (size_t)gm__utf8_bytes(p, key_bytes);
    if (!step || at + step >= bytes) break;
    memcpy(text + at, p, step);
    if (*p < 0x20 || *p == 0x7F) text[at] = '?';
    at += step;
  }
  if (bytes) text[at] = 0;
  return at;
}

/* The key that the object on level i is at, or -1 before its first one. */
static int32_t key_of(const gm_json_reader *r, int32_t i)
{
  int32_t last = (i + 1 < r->depth ? r->level[i + 1].key_first : r->keys.count) - 1;
  return last >= r->level[i].key_first ? last : -1;
}

const char *gm__json_where(const gm_json_reader *r, char *text, size_t bytes)
{
  size_t at = 0;
  text[0] = 0;
  if (r->o.root) at = (size_t)snprintf(text, bytes, "%s", r->o.root);
  for (int32_t i = 0; i < r->depth && at + 1 < bytes; i++) {
    const level *l = &r->level[i];
    int32_t key = l->object ? key_of(r, i) : -1;
    if (l->object && key < 0) continue;
    if (!l->object && l->index < 0) continue;
    if (!l->object) {
      at += (size_t)snprintf(text + at, bytes - at, "[%lld]", (long long)l->index);
      continue;
    }
    if (at) text[at++] = '.';
    const gm_json_key *k = &r->keys.key[key];
    at += gm__json_key_shown(r->keys.text + k->text_at, k->bytes, text + at, bytes - at);
  }
  return text;
}

static gm_status fail_in(gm_json_reader *r, gm_status s, line_place l, int64_t byte_at,
                         const char *what)
{
  char path[400];
  gm__json_where(r, path, sizeof path);
  if (byte_at < l.at) byte_at = l.at; /* just behind a line's end, or nothing read */
  return gm_fail(r->ctx, s, "%.300s:%lld:%lld: %s%s%s", r->o.name, (long long)l.number,
                 (long long)(byte_at - l.at + 1), path, path[0] ? ": " : "", what);
}

/* byte_at: of the byte that is wrong, or the last one of the token that is, in this piece. */
static gm_status fail_text(gm_json_reader *r, gm_status s, int64_t byte_at, const char *what)
{
  line_place l = r->line;
  for (int64_t i = 0; r->piece && i < byte_at - r->piece_at; i++)
    if (r->piece[i] == '\n') l = (line_place){l.number + 1, r->piece_at + i + 1};
  return fail_in(r, s, l, byte_at, what);
}

gm_status gm__json_fail(gm_json_reader *r, gm_status s, const char *format, ...)
{
  char what[600];
  va_list ap;
  va_start(ap, format);
  vsnprintf(what, sizeof what, format, ap);
  va_end(ap);
  return fail_text(r, s, byte_now(r) - 1, what);
}

size_t gm__json_memory_max(const gm_json_reader *r) { return r->o.memory_bytes_max; }
int64_t gm__json_line(const gm_json_reader *r) { return r->line.number; }
const uint64_t *gm__json_hash_key(const gm_json_reader *r) { return r->keys.hash_key; }

/* ---- tokens ---------------------------------------------------------------------------------- */
static int give(gm_json_reader *r, gm_json_token token, const void *text, size_t bytes,
                uint64_t hash)
{
  r->last_at = byte_now(r);
  if (r->o.token_count_max && ++r->token_count > r->o.token_count_max)
    r->found =
        gm__json_fail(r, GM_ERANGE, "more than %lld tokens", (long long)r->o.token_count_max);
  else if (r->handler)
    r->found = r->handler(r->user, &(gm_json_event){.token = token,
                                                    .text = text,
                                                    .bytes = bytes,
                                                    .hash = hash,
                                                    .depth = r->depth,
                                                    .byte_at = r->last_at});
  return r->found == GM_OK;
}

/* A value begins: where it stands. */
static bool value_begins(gm_json_reader *r)
{
  if (r->depth) {
    level *l = &r->level[r->depth - 1];
    if (!l->object) l->index++;
    return true;
  }
  if (r->value_count++)
    r->found = gm__json_fail(r, GM_EPARSE, "a second value %s; one was expected",
                             r->o.lines ? "in one line" : "behind the first");
  return r->found == GM_OK;
}

static int take(gm_json_reader *r, gm_json_token token, const void *text, size_t bytes)
{
  return value_begins(r) && give(r, token, text, bytes, 0);
}

static int take_null(void *user) { return take(user, GM_JSON_NULL, NULL, 0); }
static int take_bool(void *user, int truth)
{
  return take(user, truth ? GM_JSON_TRUE : GM_JSON_FALSE, NULL, 0);
}
static int take_number(void *user, const char *text, size_t bytes)
{
  return take(user, GM_JSON_NUMBER, text, bytes);
}
static int take_text(void *user, const unsigned char *text, size_t bytes)
{
  return take(user, GM_JSON_TEXT, text, bytes);
}

static int level_open(gm_json_reader *r, bool object)
{
  if (!value_begins(r)) return 0;
  if (r->depth == r->o.depth_max) {
    r->found = gm__json_fail(r, GM_ERANGE, "nested deeper than %d", (int)r->o.depth_max);
    return 0;
  }
  r->level[r->depth++] = (level){.object = object, .key_first = r->keys.count, .index = -1};
  return give(r, object ? GM_JSON_OBJECT : GM_JSON_ARRAY, NULL, 0, 0);
}

static int level_close(gm_json_reader *r)
{
  const level l = r->level[--r->depth];
  gm__json_keys_drop(&r->keys, l.key_first);
  return give(r, l.object ? GM_JSON_OBJECT_END : GM_JSON_ARRAY_END, NULL, 0, 0);
}

static int take_object(void *user) { return level_open(user, true); }
static int take_array(void *user) { return level_open(user, false); }
static int take_end(void *user) { return level_close(user); }

/* How a refused key looks in a message. */
static gm_status key_refused(gm_json_reader *r, gm_status s, const char *text, size_t bytes)
{
  if (s == GM_EFULL)
    return gm__json_fail(r, GM_ERANGE, "more than %d keys, or %zu bytes of keys, in open objects",
                         (int)r->o.key_count_max, r->o.key_bytes_max);
  if (s != GM_EPARSE) return s;
  char shown[GM__JSON_KEY_SHOWN_BYTES];
  gm__json_key_shown(text, bytes, shown, sizeof shown);
  return gm__json_fail(r, GM_EPARSE, "key \"%s\" twice in one object", shown);
}

static int take_key(void *user, const unsigned char *text, size_t bytes)
{
  gm_json_reader *r = user;
  uint64_t hash = 0;
  gm_status s = gm__json_keys_add(&r->keys, r->depth, (const char *)text, bytes, &hash);
  if (s) {
    r->found = key_refused(r, s, (const char *)text, bytes);
    return 0;
  }
  return give(r, GM_JSON_KEY, text, bytes, hash);
}

static const yajl_callbacks callbacks = {.yajl_null = take_null,
                                         .yajl_boolean = take_bool,
                                         .yajl_number = take_number,
                                         .yajl_string = take_text,
                                         .yajl_start_map = take_object,
                                         .yajl_map_key = take_key,
                                         .yajl_end_map = take_end,
                                         .yajl_start_array = take_array,
                                         .yajl_end_array = take_end};

/* ---- the parser beneath ---------------------------------------------------------------------- */
static yajl_handle yajl_make(gm_json_reader *r)
{
  yajl_alloc_funcs memory = {.malloc = yajl_get, .realloc = yajl_more, .free = yajl_give, .ctx = r};
  yajl_handle y = yajl_alloc(&callbacks, &memory, r);
  yajl_config(y, yajl_dont_validate_strings, 1); /* json_scan.h has */
  if (r->o.lines) yajl_config(y, yajl_allow_multiple_values, 1);
  return y;
}

/* yajl's word for what is wrong, one line and without the text around it. */
static void yajl_word(gm_json_reader *r, char *what, size_t bytes)
{
  unsigned char *said = yajl_get_error(r->yajl, 0, NULL, 0);
  snprintf(what, bytes, "%s", said ? (const char *)said : "not JSON");
  what[strcspn(what, "\r\n")] = 0;
  if (said) yajl_free_error(r->yajl, said);
}

static gm_status yajl_outcome(gm_json_reader *r, yajl_status y)
{
  char what[200];
  if (y == yajl_status_ok) return GM_OK;
  if (y == yajl_status_client_canceled) return r->found;
  int64_t at = byte_now(r) - 1;
  yajl_word(r, what, sizeof what);
  /* Here alone yajl goes back by the token's length, as far as its piece has it. */
  if (strstr(what, "after key and value")) {
    at = r->last_at;
    if (at < r->piece_at) return fail_in(r, GM_EPARSE, r->last_line, at, what);
  }
  return fail_text(r, GM_EPARSE, at, what);
}

/* Everything that may allocate for yajl. p NULL: the end. */
static gm_status yajl_run(gm_json_reader *r, const unsigned char *p, size_t bytes)
{
  gm_status s;
  if (setjmp(r->no_memory)) {
    r->piece = NULL;
    r->busy = false;
    yajl_drop(r);
    return gm_fail(r->ctx, GM_ENOMEM, "%.300s:%lld: no memory to read JSON", r->o.name,
                   (long long)r->line.number);
  }
  r->busy = true;
  if (!r->yajl) r->yajl = yajl_make(r);
  r->piece = p;
  r->found = GM_OK;
  s = yajl_outcome(r, p ? yajl_parse(r->yajl, p, bytes) : yajl_complete_parse(r->yajl));
  r->piece = NULL;
  r->busy = false;
  return s;
}

/* ---- lines ----------------------------------------------------------------------------------- */
static void value_reset(gm_json_reader *r)
{
  r->depth = r->value_count = 0;
  r->token_count = 0;
  gm__json_keys_drop(&r->keys, 0);
  r->scan.mode = GM__JSON_BETWEEN;
  r->scan.run_bytes = 0;
  r->scan.pair = false;
  r->carry_bytes = 0;
}

static void line_tell(gm_json_reader *r, gm_status s)
{
  const gm_json_event e = {.token = GM_JSON_LINE_END, .status = s, .byte_at = r->at};
  r->busy = true;
  if (r->handler) r->status = r->handler(r->user, &e);
  r->busy = false;
}

/* A failure ends the reading, or only the line. */
static void refuse(gm_json_reader *r, gm_status s)
{
  if (!s) return;
  if (!r->o.lines || s == GM_ENOMEM || s == GM_ECANCELLED) {
    r->status = s;
    return;
  }
  yajl_drop(r);
  value_reset(r);
  r->skipping = true;
  line_tell(r, s);
}

/* The end of a line was read, and given to yajl with it. */
static void line_end(gm_json_reader *r)
{
  bool skipped = r->skipping;
  if (!skipped && (r->depth || r->carry_bytes || r->scan.mode != GM__JSON_BETWEEN))
    refuse(r, fail_text(r, GM_EPARSE, r->at, "the line ends within a value"));
  else if (!skipped && r->value_count)
    line_tell(r, GM_OK);
  r->skipping = false;
  value_reset(r);
}

/* ---- pieces ---------------------------------------------------------------------------------- */
static gm_status fault_text(gm_json_reader *r, gm_json_fault fault, int64_t byte_at)
{
  char what[100];
  gm_status s = GM_EPARSE;
  if (fault == GM__JSON_CONTROL) {
    snprintf(what, sizeof what, "a control character between values");
  } else if (fault == GM__JSON_NOT_UTF8) {
    snprintf(what, sizeof what, "a byte that is not UTF-8");
  } else if (fault == GM__JSON_HALF_PAIR) {
    snprintf(what, sizeof what, "half of a surrogate pair; \\u escapes of characters expected");
  } else {
    bool string = fault == GM__JSON_LONG_STRING;
    s = GM_ERANGE;
    snprintf(what, sizeof what, "a %s of more than %zu bytes", string ? "string" : "number",
             string ? r->o.string_bytes_max : r->o.number_bytes_max);
  }
  return fail_text(r, s, byte_at, what);
}

static void hand_on(gm_json_reader *r, const unsigned char *p, size_t bytes, int64_t at)
{
  if (!bytes) return;
  r->piece_at = at;
  refuse(r, yajl_run(r, p, bytes));
}

/* Counts what was read: bytes and lines. */
static void advance(gm_json_reader *r, const unsigned char *p, size_t bytes)
{
  const unsigned char *end = p + bytes, *q = p;
  bool last_is_here = r->last_at > r->at;
  if (last_is_here) r->last_line = r->line;
  while ((q = memchr(q, '\n', (size_t)(end - q)))) {
    r->line = (line_place){r->line.number + 1, r->at + (++q - p)};
    if (last_is_here && r->line.at <= r->last_at) r->last_line = r->line;
  }
  r->at += (int64_t)bytes;
}

/* One more byte of a character that began in an earlier piece. */
static size_t carry_take(gm_json_reader *r, unsigned char c)
{
  gm_json_fault fault = GM__JSON_FINE;
  int64_t at = r->at - (int64_t)r->carry_bytes;
  if ((c & 0xC0) == 0x80) r->carry[r->carry_bytes++] = c;
  size_t n = r->carry_bytes, good = gm__json_scan(&r->scan, r->carry, n, n, &fault);
  if ((c & 0xC0) != 0x80 || (fault && fault != GM__JSON_CUT)) {
    if (fault == GM__JSON_CUT) fault = GM__JSON_NOT_UTF8;
    r->carry_bytes = 0;
    refuse(r, fault_text(r, fault, at));
    return 0;
  }
  if (good == n) {
    r->carry_bytes = 0;
    hand_on(r, r->carry, n, at);
  }
  return 1;
}

/* Reads up to n bytes (a little more where a character goes on) of left. Returns how many. */
static size_t piece_take(gm_json_reader *r, const unsigned char *p, size_t n, size_t left)
{
  gm_json_fault fault;
  size_t good = gm__json_scan(&r->scan, p, n, left, &fault);
  hand_on(r, p, good, r->at);
  if (r->status || r->skipping) return good < n ? n : good;
  if (good >= n) return good;
  if (fault == GM__JSON_CUT) {
    r->carry_bytes = left - good;
    memcpy(r->carry, p + good, r->carry_bytes);
    return left;
  }
  r->piece = p; /* to count its lines */
  r->piece_at = r->at;
  gm_status s = fault_text(r, fault, r->at + (int64_t)good);
  r->piece = NULL;
  refuse(r, s);
  return n;
}

/* The mark EF BB BF at the very beginning is passed over (RFC 8259, section 8.1 allows it). */
static size_t mark_take(gm_json_reader *r, unsigned char c)
{
  static const unsigned char mark[MARK_BYTES] = {0xEF, 0xBB, 0xBF};
  if (c == mark[r->mark_bytes]) {
    r->mark_bytes++;
    return 1;
  }
  if (r->mark_bytes)
    r->status = fail_text(r, GM_EPARSE, r->at, "a byte that is not JSON; a value was expected");
  r->mark_bytes = MARK_BYTES;
  return 0;
}

static size_t some_take(gm_json_reader *r, const unsigned char *p, size_t left)
{
  if (r->mark_bytes < MARK_BYTES) return mark_take(r, *p);
  size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
  const unsigned char *end = r->o.lines ? memchr(p, '\n', n) : NULL;
  if (end) n = (size_t)(end - p) + 1;
  if (r->skipping) return n;
  return r->carry_bytes ? carry_take(r, *p) : piece_take(r, p, n, left);
}

gm_status gm__json_feed(gm_json_reader *r, const char *data, size_t bytes)
{
  assert(r && !r->busy && !r->finished);
  const unsigned char *p = (const unsigned char *)data;
  while (bytes && !r->status) {
    size_t used = some_take(r, p, bytes);
    bool line = used && r->o.lines && p[used - 1] == '\n';
    advance(r, p, used - line);
    if (line && !r->status) line_end(r);
    if (line) advance(r, p + used - 1, 1);
    p += used;
    bytes -= used;
  }
  return r->status;
}

gm_status gm__json_finish(gm_json_reader *r)
{
  assert(r && !r->busy && !r->finished);
  if (!r->status && r->o.lines) {
    static const char end[] = "\n";
    gm_status s = gm__json_feed(r, end, 1);
    r->finished = true;
    return s;
  }
  r->finished = true;
  if (r->status) return r->status;
  if (r->mark_bytes % MARK_BYTES || r->carry_bytes || r->scan.mode != GM__JSON_BETWEEN)
    return r->status = fail_text(r, GM_EPARSE, r->at, "the input ends within a value");
  r->piece_at = r->at;
  return r->status = yajl_run(r, NULL, 0);
}

gm_status gm__json_feed_file(gm_json_reader *r, const char *path)
{
  char *data = gm_alloc(r->ctx, PIECE_BYTES, 1);
  if (!data) return r->status = gm_fail(r->ctx, GM_ENOMEM, "%s: no memory to read it", path);
  FILE *f = fopen(path, "rb");
  if (!f) r->status = gm_fail(r->ctx, GM_EIO, "%s: %s", path, strerror(errno));
  while (!r->status) {
    size_t n = fread(data, 1, PIECE_BYTES, f);
    if (n && gm__json_feed(r, data, n)) break;
    if (n == PIECE_BYTES) continue;
    if (ferror(f)) r->status = gm_fail(r->ctx, GM_EIO, "%s: %s", path, strerror(errno));
    break;
  }
  if (f) fclose(f);
  gm_free(data);
  return r->status ? r->status : gm__json_finish(r);
}

/* ---- making ---------------------------------------------------------------------------------- */
static void defaults(gm_json_options *o)
{
  if (!o->name) o->name = "JSON";
  if (!o->depth_max) o->depth_max = DEPTH_DEFAULT;
  if (!o->string_bytes_max) o->string_bytes_max = string_bytes_default;
  if (!o->number_bytes_max) o->number_bytes_max = NUMBER_BYTES_DEFAULT;
  if (!o->key_count_max) o->key_count_max = KEY_COUNT_DEFAULT;
  if (!o->key_bytes_max) o->key_bytes_max = string_bytes_default;
  if (!o->memory_bytes_max) o->memory_bytes_max = memory_bytes_default;
}

gm_status gm__json_reader_new(gm_ctx *ctx, const gm_json_options *options, gm_json_handler *handler,
                              void *user, gm_json_reader **out)
{
  assert(ctx && out);
  gm_json_options o = options ? *options : (gm_json_options){0};
  if (o.depth_max < 0 || o.key_count_max < 0 || o.key_count_max > KEY_COUNT_MAX ||
      o.token_count_max < 0)
    return gm_fail(ctx, GM_EINVAL, "a limit of the JSON reader below 0 or above %d", KEY_COUNT_MAX);
  defaults(&o);
  gm_json_reader *r = gm_alloc(ctx, 1, sizeof *r);
  level *levels = gm_alloc(ctx, o.depth_max, sizeof *levels);
  if (!r || !levels) {
    gm_free(r);
    gm_free(levels);
    return gm_fail(ctx, GM_ENOMEM, "%.300s: reader of JSON", o.name);
  }
  r->ctx = ctx;
  r->o = o;
  r->handler = handler;
  r->user = user;
  r->level = levels;
  r->line.number = 1;
  r->ring.before = r->ring.after = &r->ring;
  r->scan.string_bytes_max = o.string_bytes_max;
  r->scan.token_bytes_max = o.number_bytes_max;
  gm__json_keys_init(&r->keys, ctx, o.key_count_max, o.key_bytes_max);
  *out = r;
  return GM_OK;
}

void gm__json_reader_free(gm_json_reader *r)
{
  if (!r) return;
  yajl_drop(r);
  gm__json_keys_free(&r->keys);
  gm_free(r->level);
  gm_free(r);
}
