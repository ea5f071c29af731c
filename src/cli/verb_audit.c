/* verb_audit.c - gemel audit: is the store as it was written, heads to keep elsewhere, proofs that
 * a row is in the log or that it only grew, and the log itself. */
#include "base/json_tree.h"
#include "cli/keep.h"
#include "gemel/audit.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEX = 2 * GM_AUDIT_HASH_BYTES, SHOWN_BYTES = 160, PROOF_BYTES_MAX = 1 << 20 };
static const char digit[] = "0123456789abcdef";

/* ---- hashes, heads, numbers ------------------------------------------------------------------ */
static const char *hex_text(const unsigned char hash[GM_AUDIT_HASH_BYTES], char text[HEX + 1])
{
  for (int i = 0; i < GM_AUDIT_HASH_BYTES; i++) {
    text[2 * i] = digit[hash[i] >> 4];
    text[2 * i + 1] = digit[hash[i] & 15];
  }
  text[HEX] = 0;
  return text;
}

static bool hex_read(const char *text, unsigned char hash[GM_AUDIT_HASH_BYTES])
{
  if (strlen(text) != HEX) return false;
  for (int i = 0; i < GM_AUDIT_HASH_BYTES; i++) {
    const char *high = memchr(digit, text[2 * i], 16), *low = memchr(digit, text[2 * i + 1], 16);
    if (!high || !low) return false;
    hash[i] = (unsigned char)((high - digit) << 4 | (low - digit));
  }
  return true;
}

/* A whole number from 0 on; -1: the option is not given. */
static int number_option(cli *c, const char *name, int64_t *out)
{
  char what[40];
  double v = -1;
  const char *text = cli_value(c, name);
  snprintf(what, sizeof what, "--%s", name);
  gm_status s = text ? cli_number_read(c->ctx, what, text, &v) : GM_OK;
  if (s) return cli_fail(c, s);
  if (text && !(v >= 0 && v < 9e15 && floor(v) == v))
    return cli_say(c, CLI_BAD, "%s: a whole number is expected", what);
  *out = (int64_t)v;
  return CLI_DONE;
}

/* "ROWS:ROOT" as `gemel audit head` prints it. *given false: the option is not there. */
static int head_option(cli *c, const char *name, gm_audit_head *out, bool *given)
{
  const char *text = cli_value(c, name), *colon = text ? strchr(text, ':') : NULL;
  char size[24];
  double v = -1;
  *given = text != NULL;
  if (!text) return CLI_DONE;
  bool good = colon && colon > text && colon - text < (ptrdiff_t)sizeof size &&
              hex_read(colon + 1, out->root);
  if (good) {
    snprintf(size, sizeof size, "%.*s", (int)(colon - text), text);
    good = !cli_number_read(c->ctx, name, size, &v) && v >= 0 && v < 9e15 && floor(v) == v;
  }
  if (!good)
    return cli_say(c, CLI_BAD, "--%s: ROWS:ROOT as gemel audit head prints it is expected", name);
  out->size = (int64_t)v;
  return CLI_DONE;
}

/* ---- stores ---------------------------------------------------------------------------------- */
/* An auditor, unless --as says otherwise. */
static int session_open(cli *c, gm_store *store, gm_session **out)
{
  char role[32];
  const char *as = cli_value(c, "as"), *name = as ? strchr(as, ':') : NULL;
  snprintf(role, sizeof role, "%.*s", name ? (int)(name - as) : 31, as ? as : "auditor");
  int32_t number = gm_access_role_of(role);
  if (number < 0)
    return cli_say(c, CLI_BAD, "--as %s: auditor:NAME or patient:ID is expected", role);
  gm_access_who who = {.role = (gm_access_role)number,
                       .use = number == GM_AS_AUDITOR || number == GM_AS_OPERATOR ? GM_USE_OPERATION
                                                                                  : GM_USE_CARE,
                       .actor = name && name[1] ? name + 1 : cli_login()};
  if (who.role == GM_AS_PATIENT) who.subject = who.actor;
  gm_status s = gm_session_open(store, c->ctx, &who, out);
  return s ? cli_fail(c, s) : CLI_DONE;
}

/* ---- verify ---------------------------------------------------------------------------------- */
static void finding_json(cli *c, const gm_audit_finding *f)
{
  gm_json_writer j;
  char twin[32];
  snprintf(twin, sizeof twin, "%lld", (long long)f->twin); /* too long for a double */
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_bool(&j, "holds", !f->what);
  gm_json_write_int(&j, "rows", f->rows);
  gm_json_write_int(&j, "records", f->records);
  if (f->audit_seq) gm_json_write_int(&j, "row", f->audit_seq);
  if (f->twin) gm_json_write_text(&j, "twin", twin);
  if (f->twin) gm_json_write_int(&j, "record", f->twin_seq);
  if (f->what) gm_json_write_text(&j, "what", f->what);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static void finding_text(cli *c, const gm_audit_finding *f)
{
  if (!f->what) {
    gm_text_addf(&c->out, "%lld rows of the log and %lld records are as they were written\n",
                 (long long)f->rows, (long long)f->records);
    return;
  }
  gm_text_addf(&c->out, "changed: %s\n", f->what);
  if (f->audit_seq)
    gm_text_addf(&c->out, "  in the log: row %lld is the first that does not fit\n",
                 (long long)f->audit_seq);
  if (f->twin)
    gm_text_addf(&c->out, "  in the records: of twin %lld, record %lld does not fit\n",
                 (long long)f->twin, (long long)f->twin_seq);
}

static int store_verify(cli *c, const gm_audit_head *earlier)
{
  gm_store *store = NULL;
  gm_audit_finding f = {0};
  int code = cli_keep_store(c, false, &store);
  gm_status s = code ? GM_OK : gm_audit_verify(store, c->ctx, earlier, &f);
  gm_store_close(store);
  if (code || s) return code ? code : cli_fail(c, s);
  if (c->json)
    finding_json(c, &f);
  else
    finding_text(c, &f);
  return f.what ? CLI_NO : CLI_DONE;
}

static bool hash_member(const gm_json *node, unsigned char *out)
{
  return node && node->kind == GM_JSON_TEXT && node->bytes == HEX && hex_read(node->text, out);
}

/* growth: the proof is of that, not of a row. */
static bool proof_take(const gm_json *root, gm_audit_proof *p, bool *growth)
{
  const gm_json *row = gm__json_find(root, "row"), *from = gm__json_find(root, "from"),
                *path = gm__json_find(root, "path");
  *growth = from != NULL;
  if ((row != NULL) == *growth || !path || path->kind != GM_JSON_ARRAY ||
      path->count > GM_AUDIT_PATH_MAX)
    return false;
  if (gm__json_int(*growth ? from : row, &p->seq)) return false;
  const gm_json *size = gm__json_find(root, "size");
  if (!size || gm__json_int(size, &p->size)) return false;
  if (!*growth && !hash_member(gm__json_find(root, "leaf"), p->leaf)) return false;
  for (const gm_json *n = path->first; n; n = n->next)
    if (!hash_member(n, p->path[p->count++])) return false;
  return true;
}

static int proof_read(cli *c, const char *path, gm_audit_proof *p, bool *growth)
{
  gm_json_options o = {.name = path};
  gm_arena *memory = NULL;
  gm_json *root = NULL;
  char *text = NULL;
  size_t bytes = 0;
  *p = (gm_audit_proof){.count = 0};
  gm_status s = gm_file_read(c->ctx, path, PROOF_BYTES_MAX, &text, &bytes);
  if (!s) s = gm_arena_new(c->ctx, 1 << 14, &memory);
  if (!s) s = gm__json_parse(c->ctx, memory, &o, text, bytes, &root);
  if (!s && !proof_take(root, p, growth))
    s = gm_fail(c->ctx, GM_EPARSE, "%s: no proof as gemel audit prove prints it", path);
  gm_arena_free(memory);
  gm_free(text);
  return s ? cli_fail(c, s) : CLI_DONE;
}

static void proof_said(cli *c, const gm_audit_proof *p, bool growth, bool holds,
                       const gm_audit_head *head, const gm_audit_head *earlier)
{
  if (c->json)
    gm_text_addf(&c->out, "{\"holds\": %s}\n", holds ? "true" : "false");
  else if (growth)
    gm_text_addf(&c->out, "the log of %lld rows %s from that of %lld\n", (long long)head->size,
                 holds ? "grew" : "did not grow", (long long)earlier->size);
  else
    gm_text_addf(&c->out, "row %lld %s in the log of %lld rows\n", (long long)p->seq,
                 holds ? "is" : "is not shown to be", (long long)head->size);
  if (!holds && !c->json && p->size != head->size)
    gm_text_addf(&c->out,
                 "the proof is of a log of %lld rows: gemel audit prove --size %lld makes one for "
                 "this head\n",
                 (long long)p->size, (long long)head->size);
}

/* Without a store: what was printed there is checked against heads that are kept here. */
static int proof_verify(cli *c, const char *path, const gm_audit_head *head,
                        const gm_audit_head *earlier)
{
  gm_audit_proof p;
  bool growth = false;
  int code = proof_read(c, path, &p, &growth);
  if (code) return code;
  if (!head || (growth && !earlier))
    return cli_say(c, CLI_BAD, "--proof: --head ROWS:ROOT%s is expected with it",
                   growth ? " and --earlier ROWS:ROOT" : "");
  bool holds = growth ? gm_audit_growth_holds(&p, earlier, head) : gm_audit_proof_holds(&p, head);
  proof_said(c, &p, growth, holds, head, earlier);
  return holds ? CLI_DONE : CLI_NO;
}

static int verify_run(cli *c)
{
  gm_audit_head head, earlier;
  bool has_head, has_earlier;
  const char *proof = cli_value(c, "proof");
  int code = head_option(c, "head", &head, &has_head);
  if (!code) code = head_option(c, "earlier", &earlier, &has_earlier);
  if (code) return code;
  if (has_head && !proof)
    return cli_say(c, CLI_BAD, "--head goes with --proof; a head kept earlier is --earlier");
  if (proof) return proof_verify(c, proof, has_head ? &head : NULL, has_earlier ? &earlier : NULL);
  return store_verify(c, has_earlier ? &earlier : NULL);
}

/* ---- head ------------------------------------------------------------------------------------ */
static int head_run(cli *c)
{
  gm_store *store = NULL;
  gm_audit_head head;
  char root[HEX + 1];
  int code = cli_keep_store(c, false, &store);
  gm_status s = code ? GM_OK : gm_audit_head_get(store, c->ctx, &head);
  gm_store_close(store);
  if (code || s) return code ? code : cli_fail(c, s);
  hex_text(head.root, root);
  gm_text_addf(&c->out, c->json ? "{\"rows\": %lld, \"root\": \"%s\"}\n" : "%lld:%s\n",
               (long long)head.size, root);
  return CLI_DONE;
}

/* ---- prove ----------------------------------------------------------------------------------- */
static void proof_show(cli *c, const gm_audit_proof *p, bool growth)
{
  gm_json_writer j;
  char hash[HEX + 1];
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, growth ? "from" : "row", p->seq);
  gm_json_write_int(&j, "size", p->size);
  if (!growth) gm_json_write_text(&j, "leaf", hex_text(p->leaf, hash));
  gm_json_write_array(&j, "path");
  for (int32_t i = 0; i < p->count; i++) gm_json_write_text(&j, NULL, hex_text(p->path[i], hash));
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static int prove_run(cli *c)
{
  gm_store *store = NULL;
  gm_audit_proof p;
  int64_t row = -1, from = -1, size = -1;
  int code = number_option(c, "row", &row);
  if (!code) code = number_option(c, "from", &from);
  if (!code) code = number_option(c, "size", &size);
  if (code) return code;
  if ((row < 0) == (from < 0)) return cli_say_use(c, "either --row or --from is expected");
  code = cli_keep_store(c, false, &store);
  if (size < 0) size = 0;
  gm_status s = GM_OK;
  if (!code)
    s = from < 0 ? gm_audit_prove(store, c->ctx, row, size, &p)
                 : gm_audit_prove_growth(store, c->ctx, from, size, &p);
  gm_store_close(store);
  if (code || s) return code ? code : cli_fail(c, s);
  proof_show(c, &p, from >= 0);
  return CLI_DONE;
}

/* ---- list ------------------------------------------------------------------------------------ */
typedef struct {
  cli *c;
  gm_json_writer j;
} lister;

static void row_text(cli *c, const gm_audit_row *r)
{
  char when[40], detail[SHOWN_BYTES + 4];
  gm_text_addf(&c->out, "%6lld  %s  session %lld  %s", (long long)r->seq,
               cli_unix_text((double)r->t_us * 1e-6, when), (long long)r->session,
               gm_audit_kind_name(r->kind));
  if (r->twin) gm_text_addf(&c->out, "  twin %lld", (long long)r->twin);
  if (r->subject) gm_text_addf(&c->out, "  subject %lld", (long long)r->subject);
  if (r->count) gm_text_addf(&c->out, "  count %lld", (long long)r->count);
  if (r->detail_bytes) gm_text_add(&c->out, "  ");
  snprintf(detail, sizeof detail, "%.*s%s", SHOWN_BYTES, r->detail,
           r->detail_bytes > SHOWN_BYTES ? "..." : "");
  cli_safe(&c->out, detail);
  gm_text_add(&c->out, "\n");
}

/* Numbers of sessions, twins and subjects have 62 bits: texts, as many readers have doubles. */
static void number_json(gm_json_writer *j, const char *key, int64_t number)
{
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)number);
  if (number) gm_json_write_text(j, key, text);
}

static void row_json(gm_json_writer *j, const gm_audit_row *r)
{
  gm_json_write_object(j, NULL);
  gm_json_write_int(j, "row", r->seq);
  gm_json_write_number(j, "time_s", (double)r->t_us * 1e-6);
  gm_json_write_text(j, "what", gm_audit_kind_name(r->kind));
  number_json(j, "session", r->session);
  number_json(j, "twin", r->twin);
  number_json(j, "subject", r->subject);
  gm_json_write_int(j, "count", r->count);
  if (r->detail_bytes) gm_json_write_rawn(j, "detail", r->detail, (size_t)r->detail_bytes);
  gm_json_write_object_end(j);
}

static gm_status row_hear(void *user, const gm_audit_row *r)
{
  lister *l = user;
  if (gm_watch_stop(&l->c->watch)) return gm_fail(l->c->ctx, GM_ECANCELLED, "stopped");
  if (l->c->json)
    row_json(&l->j, r);
  else
    row_text(l->c, r);
  return l->c->out.status;
}

static int list_run(cli *c)
{
  gm_store *store = NULL;
  gm_session *session = NULL;
  lister l = {.c = c};
  int64_t from = -1, to = -1, twin = 0;
  const char *name = cli_value(c, "twin");
  int code = number_option(c, "from", &from);
  if (!code) code = number_option(c, "to", &to);
  if (!code) code = cli_keep_store(c, false, &store);
  if (!code) code = session_open(c, store, &session);
  gm_status s = GM_OK;
  if (!code && name) s = gm_store_twin(session, c->ctx, 0, name, false, &twin);
  gm_json_write_begin(&l.j, &c->out, 1);
  if (c->json) gm_json_write_array(&l.j, NULL);
  if (!code && !s)
    s = gm_audit_read(session, c->ctx, from < 1 ? 1 : from, to < 1 ? 0 : to, twin, row_hear, &l);
  if (c->json) gm_json_write_array_end(&l.j);
  if (c->json) gm_text_add(&c->out, "\n");
  if (s) code = cli_fail(c, s);
  gm_session_close(session);
  gm_store_close(store);
  return code;
}

/* ---- the verbs ------------------------------------------------------------------------------- */
#define STORE_OPTIONS                                                                              \
  {"store", "URL", "the store: a file or postgresql://... (GEMEL_STORE; gemel.db)", false},        \
  {                                                                                                \
    "key", "SOURCE", "its master key: file:, env: or command: (GEMEL_KEY; file:STORE.key)", false  \
  }

static const cli_option verify_options[] = {
    {"earlier", "HEAD", "ROWS:ROOT kept before: the log must have grown from it", false},
    {"proof", "FILE", "check a proof instead, without a store", GM_OPTION_READ},
    {"head", "HEAD", "with --proof: ROWS:ROOT that it is for", false},
    STORE_OPTIONS,
    {NULL, NULL, NULL, false}};
const cli_verb cli_verb_audit_verify = {
    .name = "audit verify",
    .summary = "is every record and every row of the log as it was written?",
    .use = "[--earlier HEAD]\n"
           "       --proof FILE --head HEAD [--earlier HEAD]",
    .details =
        "Code 1 when something was changed, removed, put in or moved, with its place. A log\n"
        "that was cut short or made anew as a whole is found by a head kept elsewhere.\n",
    .option = verify_options,
    .argument_count = 0,
    .run = verify_run};

static const cli_option head_options[] = {STORE_OPTIONS, {NULL, NULL, NULL, false}};
const cli_verb cli_verb_audit_head = {
    .name = "audit head",
    .summary = "print the head of the audit log, to be kept elsewhere",
    .use = "[--store URL]",
    .details = "ROWS:ROOT stands for all rows so far. Keep it where whoever runs the store cannot\n"
               "change it; gemel audit verify --earlier then shows that nothing before it was.\n",
    .option = head_options,
    .argument_count = 0,
    .run = head_run};

static const cli_option prove_options[] = {
    {"row", "N", "that row N is in the log", false},
    {"from", "ROWS", "that the log grew from its first ROWS rows", false},
    {"size", "ROWS", "of the log as it was then; default: now", false},
    STORE_OPTIONS,
    {NULL, NULL, NULL, false}};
const cli_verb cli_verb_audit_prove = {
    .name = "audit prove",
    .summary = "print a proof about the audit log as JSON",
    .use = "--row N|--from ROWS [--size ROWS]",
    .details = "As in RFC 6962; checked by gemel audit verify --proof FILE --head HEAD. A head "
               "that was kept\n"
               "earlier wants a proof of its own: --size with its ROWS.\n",
    .option = prove_options,
    .argument_count = 0,
    .run = prove_run};

static const cli_option list_options[] = {
    {"from", "N", "from row N on", false},
    {"to", "N", "up to row N", false},
    {"twin", "NAME", "about this twin", false},
    {"as", "ROLE:NAME", "auditor:NAME (default), or patient:ID for its own rows", false},
    STORE_OPTIONS,
    {NULL, NULL, NULL, false}};
const cli_verb cli_verb_audit_list = {
    .name = "audit list",
    .summary = "who did what with which twin",
    .use = "[--from N] [--to N] [--twin NAME] [--as ROLE:NAME]",
    .details = "Rows name sessions, twins and subjects by number; the row that opened a session\n"
               "says who it was. Auditors see all rows, patients those about their own twins.\n"
               "That the log was read is in the log.\n",
    .option = list_options,
    .argument_count = 0,
    .run = list_run};
