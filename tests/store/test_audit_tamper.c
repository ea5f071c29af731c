/* Whatever is changed behind Gemel's back, in the records or in the log, is found and located:
 * every column of every row in turn, rows taken away, put in and exchanged, and what somebody does
 * who works out all hashes anew. On PostgreSQL every fifth of the changes of columns.
 * label: full */
#include "store/audit_case.h"
#include "store/store_internal.h"

static gm_session *a;
static gm_store *s;
static gm_audit_head head;
static int64_t twin[3]; /* the last one's subject is erased */
static int tried;

/* ---- a store with a story -------------------------------------------------------------------- */
static void story(void)
{
  int64_t subject = 0;
  static const char *const id[] = {"1", "2", "3", "4"};
  a = case_store();
  s = gm_session_store(a);
  twin[0] = case_twin(a, "p", "t");
  twin[1] = case_twin(a, "q", "u");
  twin[2] = case_twin(a, "r", "v");
  for (int i = 0; i < 4; i++) add(a, twin[i % 3], id[i], "97 mg/dL");
  gm_entry e = case_entry(1.7e9, "1", "2", "98 mg/dL"); /* a newer version */
  case_must(gm_store_append(a, ctx, twin[0], &e, 1, NULL), "correction");
  read_all(a, twin[0]);
  case_must(gm_store_subject(a, ctx, "r", false, &subject), "subject");
  gm_session *p = session_as(s, GM_AS_PATIENT, "x", "r");
  case_must(gm_store_erase(p, ctx, subject), "erase");
  gm_session_close(p);
  case_must(gm_audit_note(a, ctx, GM_AUDIT_EXPORTED, twin[1], 1, "{\"to\":\"x\"}"), "note");
  gm_session_close(a); /* its anchors */
  a = session_as(s, GM_AS_CLINICIAN, "Dr. Second", NULL);
  add(a, twin[1], "9", "99 mg/dL");
  case_must(gm_audit_head_get(s, ctx, &head), "head");
}

static const char *const table[] = {"record", "newer", "audit", "audit_node"};
enum { TABLES = sizeof table / sizeof table[0] };

static void keep(const char *as)
{
  char text[1000], *at = text, *end = text + sizeof text;
  at += snprintf(at, (size_t)(end - at), "BEGIN;");
  for (int i = 0; i < TABLES; i++)
    at += snprintf(at, (size_t)(end - at), "CREATE TABLE %s_%s AS SELECT * FROM %s;", as, table[i],
                   table[i]);
  snprintf(at, (size_t)(end - at), "COMMIT");
  case_sql(text);
}

/* All as it was kept, then the change. At once: a store that has rows to write tries to all the
 * while, and must not meet a log that is half there. */
static void change(const char *as, const char *sql)
{
  char text[3000], *at = text, *end = text + sizeof text;
  at += snprintf(at, (size_t)(end - at), "BEGIN;");
  for (int i = 0; i < TABLES; i++)
    at += snprintf(at, (size_t)(end - at), "DELETE FROM %s; INSERT INTO %s SELECT * FROM %s_%s;",
                   table[i], table[i], as, table[i]);
  snprintf(at, (size_t)(end - at), "%s; COMMIT", sql);
  case_sql(text);
  tried++;
}

/* On PostgreSQL a change takes long: every fifth one, which meets all columns all the same. */
static bool left_out(void)
{
  static int number;
  return case_pg && number++ % 5;
}

/* What must be found after the change: the log's row (0: none), the twin's record. */
static void expect(const char *sql, int64_t row, int64_t whose, int64_t record)
{
  change("kept", sql);
  gm_audit_finding f = found(s, &head);
  if (f.audit_seq != row || f.twin != whose || f.twin_seq != record || !f.what != !(row || whose))
    fail_msg("%s: row %lld, not %lld; twin %lld, not %lld; record %lld, not %lld; %s", sql,
             (long long)f.audit_seq, (long long)row, (long long)f.twin, (long long)whose,
             (long long)f.twin_seq, (long long)record, f.what ? f.what : "");
}

static int begin(void **state)
{
  (void)state;
  case_unlink();
  story();
  keep("kept");
  tried = 0;
  nothing_found(s, &head);
  return 0;
}

static int finish(void **state)
{
  (void)state;
  if (a) change("kept", "");
  if (a) case_close(a);
  a = NULL;
  return 0;
}

/* ---- every column ---------------------------------------------------------------------------- */
static void audit__every_column_of_every_row(void **state)
{
  (void)state;
  static const char *const to[] = {"seq = seq + 1000",      "t = t + 1",
                                   "session = session + 1", "kind = kind + 20",
                                   "twin = twin + 1",       "subject = subject + 1",
                                   "records = records + 1", "detail = zeroblob(3)",
                                   "chain = zeroblob(32)"};
  char sql[200];
  for (int64_t row = 1; row <= head.size; row++)
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
      if (left_out()) continue;
      snprintf(sql, sizeof sql, "UPDATE audit SET %s WHERE seq = %lld", to[i], (long long)row);
      change("kept", sql);
      gm_audit_finding f = found(s, &head);
      if (f.audit_seq != row || !f.what)
        fail_msg("%s: found in row %lld", sql, (long long)f.audit_seq);
    }
  printf("%lld rows of the log: %d changes found and located\n", (long long)head.size, tried);
}

static void record__every_column_of_every_row(void **state)
{
  (void)state;
  static const char *const to[] = {
      "seq = seq + 1000",       "kind = kind + 1",       "series = zeroblob(16)",
      "t_true = t_true + 1",    "learned = learned + 1", "thing = zeroblob(16)",
      "version = zeroblob(16)", "class = class + 1",     "session = session + 1",
      "body = zeroblob(40)",    "body = NULL",           "digest = zeroblob(32)",
      "chain = zeroblob(32)",   "twin = twin + 1",       "body = zeroblob(0)",
      "series = zeroblob(0)"};
  char sql[200];
  int64_t records = 0;
  for (int t = 0; t < 3; t++) {
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM record WHERE twin = %lld", (long long)twin[t]);
    int64_t n = case_number(sql);
    for (int64_t seq = 1; seq <= n; seq++)
      for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        if (t == 2 && !strcmp(to[i], "body = NULL")) continue; /* so it is: erased */
        if (left_out()) continue;
        snprintf(sql, sizeof sql, "UPDATE record SET %s WHERE twin = %lld AND seq = %lld", to[i],
                 (long long)twin[t], (long long)seq);
        change("kept", sql);
        gm_audit_finding f = found(s, &head);
        if (f.audit_seq || f.twin != twin[t] || f.twin_seq != seq || !f.what)
          fail_msg("%s: found in record %lld of %lld", sql, (long long)f.twin_seq,
                   (long long)f.twin);
      }
    records += n;
  }
  printf("%lld records: %d changes found and located\n", (long long)records, tried);
}

/* ---- whole rows ------------------------------------------------------------------------------ */
static void rows__taken_put_in_and_exchanged(void **state)
{
  (void)state;
  char sql[600];
  for (int64_t row = 1; row <= head.size; row++) {
    snprintf(sql, sizeof sql, "DELETE FROM audit WHERE seq = %lld", (long long)row);
    change("kept", sql);
    assert_int_equal(row, found(s, &head).audit_seq);
    snprintf(sql, sizeof sql,
             "UPDATE audit SET seq = -1 WHERE seq = %lld; UPDATE audit SET seq = %lld WHERE seq ="
             " %lld; UPDATE audit SET seq = %lld WHERE seq = -1",
             (long long)row, (long long)row, (long long)row + 1, (long long)row + 1);
    change("kept", sql);
    assert_int_equal(row, found(s, &head).audit_seq);
    snprintf(sql, sizeof sql,
             "INSERT INTO audit SELECT %lld, t, session, kind + 20, twin, subject, records, detail,"
             " chain FROM audit WHERE seq = %lld",
             (long long)head.size + 1, (long long)row);
    change("kept", sql);
    assert_int_equal(head.size + 1, found(s, &head).audit_seq);
  }
  for (int64_t seq = -1; seq <= 0; seq++) {
    snprintf(sql, sizeof sql,
             "INSERT INTO audit SELECT %lld, t, session, 5, twin, subject, records, detail, chain"
             " FROM audit WHERE seq = 3",
             (long long)seq);
    expect(sql, 1, 0, 0);
  }
  for (int64_t seq = 1; seq <= 3; seq++) {
    snprintf(sql, sizeof sql, "DELETE FROM record WHERE twin = %lld AND seq = %lld",
             (long long)twin[0], (long long)seq);
    change("kept", sql);
    gm_audit_finding f = found(s, &head);
    assert_true(f.twin == twin[0] && f.twin_seq == seq);
  }
  snprintf(
      sql, sizeof sql,
      "INSERT INTO record SELECT twin, seq + 3, kind, series, t_true, learned + 9, zeroblob(16),"
      " version, class, session, body, digest, chain FROM record WHERE twin = %lld AND seq = 1",
      (long long)twin[1]);
  expect(sql, 0, twin[1], 4);
  snprintf(sql, sizeof sql,
           "INSERT INTO record SELECT 7, 1, kind, series, t_true, learned, thing, version, class,"
           " session, body, digest, chain FROM record WHERE twin = %lld AND seq = 1",
           (long long)twin[1]);
  expect(sql, 0, 7, 1);
  printf("%d changes of whole rows found\n", tried);
}

/* Which version is the newest stands in a table of its own. */
static void newer__is_checked(void **state)
{
  (void)state;
  char sql[200];
  snprintf(sql, sizeof sql, "DELETE FROM newer WHERE twin = %lld", (long long)twin[0]);
  expect(sql, 0, twin[0], 2);
  snprintf(sql, sizeof sql, "UPDATE newer SET learned = learned - 1 WHERE twin = %lld",
           (long long)twin[0]);
  expect(sql, 0, twin[0], 2);
  snprintf(sql, sizeof sql, "UPDATE newer SET seq = 3 WHERE twin = %lld", (long long)twin[0]);
  expect(sql, 0, twin[0], 2);
  snprintf(sql, sizeof sql, "INSERT INTO newer VALUES (%lld, 2, 5)", (long long)twin[1]);
  expect(sql, 0, twin[1], 2);
  snprintf(sql, sizeof sql, "INSERT INTO newer VALUES (%lld, 77, 5)", (long long)twin[1]);
  expect(sql, 0, twin[1], 77);
}

/* Twins and subjects cannot be exchanged, renamed or taken away; nodes of the tree not changed. */
static void others__are_checked(void **state)
{
  (void)state;
  char sql[300], back[300];
  static const struct {
    const char *to, *back;
    int64_t record;
  } of_twin[] = {{"seq = seq + 1", "seq = seq - 1", 5},
                 {"seq = seq - 1", "seq = seq + 1", 4},
                 {"learned = learned + 1", "learned = learned - 1", 5}};
  for (size_t i = 0; i < sizeof of_twin / sizeof of_twin[0]; i++) {
    snprintf(sql, sizeof sql, "UPDATE twin SET %s WHERE id = %lld", of_twin[i].to,
             (long long)twin[0]);
    snprintf(back, sizeof back, "UPDATE twin SET %s WHERE id = %lld", of_twin[i].back,
             (long long)twin[0]);
    expect(sql, 0, twin[0], of_twin[i].record);
    case_sql(back);
  }
  /* a name that nobody has, then that of another twin; then another subject */
  long long one = (long long)twin[0], two = (long long)twin[1];
  case_sql("CREATE TABLE twins AS SELECT id, name, subject FROM twin");
  char undo[500];
  snprintf(undo, sizeof undo,
           "UPDATE twin SET name = zeroblob(15) WHERE id = %lld;"
           "UPDATE twin SET name = zeroblob(16) WHERE id = %lld;"
           "UPDATE twin SET subject = (SELECT k.subject FROM twins k WHERE k.id = twin.id);"
           "UPDATE twin SET name = (SELECT k.name FROM twins k WHERE k.id = twin.id)",
           one, two);
  snprintf(sql, sizeof sql, "UPDATE twin SET name = zeroblob(17) WHERE id = %lld;", one);
  expect(sql, 0, twin[0], 1);
  snprintf(sql, sizeof sql,
           "UPDATE twin SET name = zeroblob(18) WHERE id = %lld;"
           "UPDATE twin SET name = (SELECT name FROM twins WHERE id = %lld) WHERE id = %lld;"
           "UPDATE twin SET name = (SELECT name FROM twins WHERE id = %lld) WHERE id = %lld;",
           two, two, one, one, two);
  expect(sql, 0, twin[0], 1);
  case_sql(undo);
  snprintf(sql, sizeof sql,
           "UPDATE twin SET subject = (SELECT subject FROM twins WHERE id = %lld) WHERE id = %lld",
           two, one);
  expect(sql, 0, twin[0], 1);
  case_sql(undo);
  /* made row of the first subject: the second row of the log */
  expect("CREATE TABLE whose AS SELECT id, name FROM subject; UPDATE subject SET name = zeroblob(3)"
         " WHERE id = (SELECT subject FROM audit WHERE seq = 2)",
         2, 0, 0);
  case_sql("UPDATE subject SET name = (SELECT w.name FROM whose w WHERE w.id = subject.id)");
  int64_t nodes = case_number("SELECT COUNT(*) FROM audit_node");
  for (int64_t i = 0; i < nodes; i++) {
    static const char *const to[] = {
        "UPDATE audit_node SET hash = zeroblob(32)", "UPDATE audit_node SET place = place + 100",
        "UPDATE audit_node SET level = level + 30", "DELETE FROM audit_node"};
    for (int k = 0; k < 4; k++) {
      if (left_out()) continue;
      snprintf(sql, sizeof sql,
               "%s WHERE (level * 1000 + place) = (SELECT level * 1000 + place FROM"
               " kept_audit_node ORDER BY level, place LIMIT 1 OFFSET %lld)",
               to[k], (long long)i);
      change("kept", sql);
      snprintf(back, sizeof back,
               "SELECT (place + 1) * (1 << CAST(level AS INTEGER)) FROM kept_audit_node"
               " ORDER BY level, place LIMIT 1 OFFSET %lld",
               (long long)i);
      assert_int_equal(case_number(back), found(s, &head).audit_seq);
    }
  }
  expect("INSERT INTO audit_node VALUES (9, 9, zeroblob(32))", head.size + 1, 0, 0);
  change("kept", "");
  nothing_found(s, &head);
  printf("%d changes of twins, subjects and nodes found\n", tried);
}

/* ---- those who work out all hashes anew ------------------------------------------------------ */
/* A log cut short with its tree: only whoever kept a head finds it; unless a session is cut whose
 * records are there. */
static void cut__is_found_by_an_earlier_head(void **state)
{
  (void)state;
  char sql[300];
  for (int64_t n = head.size - 1; n >= 1; n--) {
    snprintf(sql, sizeof sql,
             "DELETE FROM audit WHERE seq > %lld; DELETE FROM audit_node WHERE"
             " (place + 1) * (1 << CAST(level AS INTEGER)) > %lld",
             (long long)n, (long long)n);
    change("kept", sql);
    assert_int_equal(n + 1, found(s, &head).audit_seq);
  }
  /* one row is left: not known are the session that wrote to the second twin last, and the erasure;
   * which is found first hangs on the twins' numbers */
  change("kept", sql);
  gm_audit_finding f = found(s, NULL);
  assert_true(f.audit_seq == 0 &&
              ((f.twin == twin[1] && f.twin_seq == 3) || (f.twin == twin[2] && f.twin_seq == 1)));
}

/* Another history from some row on, hashes and tree in order: it does not meet a head that was
 * kept, and a proof of growth from it cannot be had. */
static void other_history__does_not_meet_a_head(void **state)
{
  (void)state;
  gm_audit_head before = head, after;
  gm_audit_proof p;
  for (int i = 0; i < 3; i++)
    case_must(gm_audit_note(a, ctx, GM_AUDIT_EXPORTED, twin[0], i, NULL), "note");
  case_must(gm_audit_head_get(s, ctx, &head), "head");
  change("kept", "");
  for (int i = 0; i < 5; i++)
    case_must(gm_audit_note(a, ctx, GM_AUDIT_BACKUP, 0, i, NULL), "other note");
  nothing_found(s, NULL);
  nothing_found(s, &before);
  gm_audit_finding f = found(s, &head);
  assert_int_equal(head.size, f.audit_seq);
  case_must(gm_audit_head_get(s, ctx, &after), "head");
  case_must(gm_audit_prove_growth(s, ctx, before.size, after.size, &p), "growth");
  assert_true(gm_audit_growth_holds(&p, &before, &after));
  case_must(gm_audit_prove_growth(s, ctx, head.size, after.size, &p), "growth");
  assert_false(gm_audit_growth_holds(&p, &head, &after));
}

typedef struct {
  gm__sealed e;
  int64_t learned, session;
  unsigned char digest[GM__HASH_BYTES], chain[GM__HASH_BYTES];
} row_of_record;

static void chain_anew(gm__db *d, int64_t whose, int64_t changed)
{
  unsigned char at[GM__HASH_BYTES] = {0}, chained[GM__CHAINED_BYTES];
  row_of_record r[20];
  int n = 0;
  bool row = false;
  gm__stmt *q;
  case_must(gm__db_prepare(d, ctx,
                           "SELECT kind, class, t_true, series, thing, version, body, learned,"
                           " session FROM record WHERE twin = $1 ORDER BY seq",
                           &q),
            "rows");
  gm__db_bind_int(q, 1, whose);
  for (; !gm__db_step(q, ctx, &row) && row; n++) {
    size_t bytes;
    r[n] = (row_of_record){.e = {.kind = gm__db_int(q, 0),
                                 .data_class = gm__db_int(q, 1),
                                 .t_true_s = gm__db_real(q, 2) + (n + 1 == changed)},
                           .learned = gm__db_int(q, 7),
                           .session = gm__db_int(q, 8)};
    memcpy(r[n].e.series, gm__db_bytes(q, 3, &bytes), GM__INDEX_BYTES);
    memcpy(r[n].e.thing, gm__db_bytes(q, 4, &bytes), GM__INDEX_BYTES);
    memcpy(r[n].e.version, gm__db_bytes(q, 5, &bytes), GM__INDEX_BYTES);
    const void *body = gm__db_bytes(q, 6, &bytes);
    gm__digest(body, bytes, r[n].digest);
  }
  for (int i = 0; i < n; i++) {
    gm__chained(whose, i + 1, r[i].learned, r[i].session, &r[i].e, r[i].digest, chained);
    gm__chain(at, chained, sizeof chained, at);
    memcpy(r[i].chain, at, sizeof at);
    case_must(gm__db_prepare(d, ctx,
                             "UPDATE record SET chain = $1, t_true = $2 WHERE twin = $3 AND"
                             " seq = $4",
                             &q),
              "chain");
    gm__db_bind_bytes(q, 1, r[i].chain, sizeof at);
    gm__db_bind_real(q, 2, r[i].e.t_true_s);
    gm__db_bind_int(q, 3, whose);
    gm__db_bind_int(q, 4, i + 1);
    case_must(gm__db_run(q, ctx), "chain");
  }
  case_must(gm__db_prepare(d, ctx, "UPDATE twin SET head = $1 WHERE id = $2", &q), "head");
  gm__db_bind_bytes(q, 1, at, sizeof at);
  gm__db_bind_int(q, 2, whose);
  case_must(gm__db_run(q, ctx), "head");
}

/* A twin's chain written anew as a whole, with its head: the chain alone fits, but it does not go
 * through the anchor in the log. */
static void chain__written_anew_misses_its_anchor(void **state)
{
  (void)state;
  gm__db *d = NULL;
  int64_t whose = 0, seq = 0;
  for (int64_t changed = 1; changed <= 3; changed++) {
    case_must(gm__db_open(ctx, case_url, false, &d), "open");
    case_must(gm__db_begin(d, ctx), "begin");
    chain_anew(d, twin[1], changed);
    case_must(gm__db_commit(d, ctx), "commit");
    gm__db_close(d);
    case_must(gm_store_verify(s, ctx, twin[1], &whose, &seq), "chain");
    assert_int_equal(0, seq);
    gm_audit_finding f = found(s, NULL);
    assert_int_equal(twin[1], f.twin);
    assert_int_equal(changed <= 2 ? 2 : 3, f.twin_seq); /* anchors are at 2 and 3 */
    assert_int_equal(0, f.audit_seq);
    change("kept", "");
    case_must(gm__db_open(ctx, case_url, false, &d), "open");
    case_must(gm__db_begin(d, ctx), "begin");
    chain_anew(d, twin[1], 0); /* its head as it was */
    case_must(gm__db_commit(d, ctx), "commit");
    gm__db_close(d);
    nothing_found(s, &head);
  }
}

/* The record's body replaced by its hash, as an erasure does: the chain fits. */
static void body_take(int64_t whose, int64_t seq)
{
  gm__db *d = NULL;
  gm__stmt *q;
  bool row = false;
  size_t bytes = 0;
  unsigned char digest[GM__HASH_BYTES];
  case_must(gm__db_open(ctx, case_url, false, &d), "open");
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(gm__db_prepare(d, ctx, "SELECT body FROM record WHERE twin = $1 AND seq = $2", &q), "");
  gm__db_bind_int(q, 1, whose);
  gm__db_bind_int(q, 2, seq);
  case_must(gm__db_step(q, ctx, &row), "body");
  const void *body = gm__db_bytes(q, 0, &bytes);
  gm__digest(body, bytes, digest);
  gm__db_reset(q);
  case_must(gm__db_prepare(d, ctx,
                           "UPDATE record SET body = NULL, digest = $1 WHERE twin = $2 AND"
                           " seq = $3",
                           &q),
            "");
  gm__db_bind_bytes(q, 1, digest, sizeof digest);
  gm__db_bind_int(q, 2, whose);
  gm__db_bind_int(q, 3, seq);
  case_must(gm__db_run(q, ctx), "taken");
  case_must(gm__db_commit(d, ctx), "commit");
  gm__db_close(d);
}

/* A body goes with its subject's erasure alone, of which the log must know. */
static void body__goes_by_erasure_alone(void **state)
{
  (void)state;
  char sql[200];
  body_take(twin[1], 2);
  gm_audit_finding f = found(s, &head);
  assert_true(f.audit_seq == 0 && f.twin == twin[1] && f.twin_seq == 2);
  snprintf(sql, sizeof sql,
           "UPDATE subject SET erased = 1 WHERE id = (SELECT subject FROM twin WHERE id = %lld)",
           (long long)twin[1]);
  case_sql(sql);
  f = found(s, &head);
  assert_true(f.audit_seq == 0 && f.twin == twin[1] && f.twin_seq == 2);
}

/* A log that cannot be gone on with is not written to, and so nothing is that it must tell of. */
static void damaged_log__is_not_written_to(void **state)
{
  (void)state;
  gm_entry e = case_entry(1.7e9, "new", "1", "1");
  gm_session *b = NULL;
  change("kept", "DELETE FROM audit_node");
  b = case_store(); /* another process: it has not seen the log before */
  assert_int_equal(GM_EPARSE, gm_store_append(b, ctx, twin[0], &e, 1, NULL));
  assert_non_null(strstr(gm_message(ctx), "audit verify"));
  assert_int_equal(GM_EPARSE, gm_audit_note(b, ctx, GM_AUDIT_BACKUP, 0, 0, NULL));
  change("kept", "");
  nothing_found(s, &head);
  case_must(gm_store_append(b, ctx, twin[0], &e, 1, NULL), "append"); /* and now it is */
  case_close(b);
  nothing_found(s, &head);
  case_close(a);
  a = NULL;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(audit__every_column_of_every_row, begin, finish),
      cmocka_unit_test_setup_teardown(record__every_column_of_every_row, begin, finish),
      cmocka_unit_test_setup_teardown(rows__taken_put_in_and_exchanged, begin, finish),
      cmocka_unit_test_setup_teardown(newer__is_checked, begin, finish),
      cmocka_unit_test_setup_teardown(others__are_checked, begin, finish),
      cmocka_unit_test_setup_teardown(cut__is_found_by_an_earlier_head, begin, finish),
      cmocka_unit_test_setup_teardown(other_history__does_not_meet_a_head, begin, finish),
      cmocka_unit_test_setup_teardown(body__goes_by_erasure_alone, begin, finish),
      cmocka_unit_test_setup_teardown(damaged_log__is_not_written_to, begin, finish),
      cmocka_unit_test_setup_teardown(chain__written_anew_misses_its_anchor, begin, finish)};
  return case_main("tampering", tests);
}
