/* What is done at a store itself, by every role for every purpose: by the decision, by the calls of
 * a real store, and on the page.
 * label: quick */
#include "store/store_case.h"
#include "gemel/audit.h"

enum { ROLES = GM_AS_COUNT, USES = GM_USE_COUNT, ACTS = GM_STORE_ACT_COUNT };

/* docs/access.md a second time: for each act the purposes of each role, y or . for care, training,
 * virtual population, research export, operation. */
static const char *const table[ACTS][ROLES] = {
    [GM_STORE_FIND] = {"yyyy.", "y....", ".yyy.", "y....", "yyyy.", "....y", ".....", "....."},
    [GM_STORE_NAMES] = {"yyyy.", "y....", ".....", ".....", "y....", ".....", ".....", "....."},
    [GM_STORE_MAKE] = {".....", "y....", "..y..", ".....", ".....", ".....", ".....", "....."},
    [GM_STORE_RULES] = {".....", ".....", ".yyy.", "y....", "yyyy.", ".....", ".....", "....."},
    [GM_STORE_DOCUMENTS] = {"yyyy.", "y....", ".yyy.", ".....", "yyyy.", ".....", ".....", "....."},
    [GM_STORE_AUDIT] = {"yyyy.", ".....", ".....", ".....", ".....", ".....", "....y", "....."},
    [GM_STORE_NOTE] = {"yyyy.", "y....", ".yyy.", ".....", "yyyy.", "....y", "....y", "....."},
    [GM_STORE_BACKUP] = {".....", ".....", ".....", ".....", ".....", "....y", ".....", "....."}};

static gm_access_who who_of(int role, int use)
{
  return (gm_access_who){.role = (gm_access_role)role,
                         .use = (gm_use)use,
                         .actor = "Ada Actor",
                         .subject = role == GM_AS_PATIENT ? "p" : NULL};
}

/* ---- the decision ---------------------------------------------------------------------------- */
/* Every act, role and purpose is decided as the page has it; what is no act or purpose of ours is
 * denied to everyone, and there is always a reason. */
static void at_store__agrees_with_the_table(void **state)
{
  (void)state;
  for (int act = 0; act < ACTS; act++)
    for (int role = 0; role < ROLES; role++)
      for (int use = 0; use < USES; use++) {
        gm_access_who who = who_of(role, use);
        gm_access_decision d = gm_access_at_store(&who, (gm_store_act)act);
        assert_non_null(d.reason);
        if (d.allowed != (table[act][role][use] == 'y') || d.emergency)
          fail_msg("%s for %s: %s", gm_access_role_name(who.role), gm_use_name(who.use),
                   gm_store_act_name((gm_store_act)act));
      }
  for (int role = 0; role < ROLES; role++) {
    gm_access_who who = who_of(role, GM_USE_CARE), none = who_of(role, GM_USE_COUNT);
    assert_false(gm_access_at_store(&who, GM_STORE_ACT_COUNT).allowed);
    assert_false(gm_access_at_store(&none, GM_STORE_FIND).allowed);
  }
  assert_null(gm_store_act_name(GM_STORE_ACT_COUNT));
}

/* A scope must name what is made, and for a backup the export of everything. */
static void at_store__scopes_narrow(void **state)
{
  (void)state;
  static const struct {
    const char *scope;
    bool makes, backs_up;
  } c[] = {{"*.*", true, true},      {"model.add", true, false},
           {"*.add", true, false},   {"*.export", false, true},
           {"model.*", true, false}, {"observation.read model.export", false, false},
           {"*.read", false, false}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    gm_access_who doctor = who_of(GM_AS_CLINICIAN, GM_USE_CARE),
                  keeper = who_of(GM_AS_OPERATOR, GM_USE_OPERATION);
    doctor.scope = keeper.scope = c[i].scope;
    assert_int_equal(c[i].makes, gm_access_at_store(&doctor, GM_STORE_MAKE).allowed);
    assert_int_equal(c[i].backs_up, gm_access_at_store(&keeper, GM_STORE_BACKUP).allowed);
    assert_true(gm_access_at_store(&doctor, GM_STORE_FIND).allowed);
    assert_false(gm_access_at_store(&doctor, GM_STORE_BACKUP).allowed);
  }
}

/* ---- the calls ------------------------------------------------------------------------------- */
typedef struct {
  gm_session *a;
  int64_t twin;
  const char *backup;
  const char *document;
  int number;
} at_store;

static gm_status row_ignore(void *user, const gm_audit_row *r)
{
  (void)user, (void)r;
  return GM_OK;
}

static gm_status do_find(at_store *t)
{
  int64_t id = 0;
  gm_status subject = gm_store_subject(t->a, ctx, "p", false, &id);
  gm_status twin = gm_store_twin(t->a, ctx, 0, "t", false, &id);
  return subject == twin ? subject : GM_EINTERNAL;
}
static gm_status do_make(at_store *t)
{
  char name[40];
  int64_t id = 0;
  snprintf(name, sizeof name, "new %d", t->number);
  return gm_store_subject(t->a, ctx, name, true, &id);
}
static gm_status do_document(at_store *t)
{
  char name[GM_DOCUMENT_NAME_BYTES] = "", text[40], *got = NULL;
  size_t bytes = 0;
  snprintf(text, sizeof text, "document %d", t->number);
  gm_status put = gm_store_document_put(t->a, ctx, text, strlen(text), name);
  gm_status get = gm_store_document_get(t->a, ctx, t->document, &got, &bytes);
  gm_free(got);
  if (put && name[0]) return GM_EINTERNAL;
  return put == get ? put : GM_EINTERNAL;
}
static gm_status do_audit(at_store *t)
{
  return gm_audit_read(t->a, ctx, 1, 0, 0, row_ignore, NULL);
}
static gm_status do_note(at_store *t)
{
  return gm_audit_note(t->a, ctx, GM_AUDIT_EXPORTED, t->twin, 1, NULL);
}
static gm_status do_backup(at_store *t)
{
  char keys[420];
  snprintf(keys, sizeof keys, "%s.keys", t->backup);
  gm_status st = gm_store_backup(t->a, ctx, t->backup, NULL);
  if (st && (!access(t->backup, F_OK) || !access(keys, F_OK))) return GM_EINTERNAL;
  unlink(t->backup);
  unlink(keys);
  gm_status list = gm_store_tombstones(t->a, ctx, t->backup);
  unlink(t->backup);
  return st == list ? st : GM_EINTERNAL;
}

/* Every role for every purpose may do with a real store what the page says, and nothing else; each
 * refusal is in the log. NAMES and RULES: below, and in test_access_store.c. */
static void calls__do_what_the_table_says(void **state)
{
  (void)state;
  static gm_status (*const call[ACTS])(at_store * t) = {
      [GM_STORE_FIND] = do_find,   [GM_STORE_MAKE] = do_make, [GM_STORE_DOCUMENTS] = do_document,
      [GM_STORE_AUDIT] = do_audit, [GM_STORE_NOTE] = do_note, [GM_STORE_BACKUP] = do_backup};
  char backup[380], document[GM_DOCUMENT_NAME_BYTES];
  gm_session *a = case_store();
  at_store t = {.twin = case_twin(a, "p", "t"), .backup = backup, .document = document};
  snprintf(backup, sizeof backup, "%s/backup", case_folder);
  case_must(gm_store_document_put(a, ctx, "of all", 6, document), "document");
  for (int role = 0; role < ROLES; role++)
    for (int use = 0; use < USES; use++) {
      gm_access_who who = who_of(role, use);
      case_must(gm_session_open(gm_session_store(a), ctx, &who, &t.a), "session");
      for (int act = 0; act < ACTS; act++, t.number++) {
        bool finds = table[GM_STORE_FIND][role][use] == 'y';
        bool want = table[act][role][use] == 'y' && (act != GM_STORE_MAKE || finds);
        int64_t denials = case_number("SELECT COUNT(*) FROM audit WHERE kind = 3");
        gm_status st = call[act] ? call[act](&t) : want ? GM_OK : GM_EDENIED;
        if (st != (want ? GM_OK : GM_EDENIED))
          fail_msg("%s for %s: %s: %s", gm_access_role_name(who.role), gm_use_name(who.use),
                   gm_store_act_name((gm_store_act)act), gm_status_name(st));
        if (call[act] && !want)
          assert_true(case_number("SELECT COUNT(*) FROM audit WHERE kind = 3") > denials);
      }
      gm_session_close(t.a);
    }
  case_close(a);
  case_unlink();
}

/* Only an operator restores; whoever is refused has made nothing. */
static void restore__is_the_operators(void **state)
{
  (void)state;
  char place[380];
  snprintf(place, sizeof place, "%s/elsewhere", case_folder);
  gm_restore_options o = {.path = "no backup",
                          .to = {.url = place, .master = "env:GEMEL_TEST_KEY", .create = true}};
  for (int role = 0; role < ROLES; role++)
    for (int use = 0; use < USES; use++) {
      gm_access_who who = who_of(role, use);
      gm_restore_report r;
      bool may = table[GM_STORE_BACKUP][role][use] == 'y';
      gm_status st = gm_store_restore(ctx, &o, &who, &r);
      assert_int_equal(!may, st == GM_EDENIED);
      assert_true(st != GM_OK && access(place, F_OK) != 0);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */
static gm_status names_hear(void *user, const gm_twin_found *t)
{
  snprintf(user, 60, "%s of %s", t->name, t->subject_id);
  return GM_OK;
}

/* Whoever may read of a twin is told its name and its subject's pseudonym only where the page says
 * so, and the same by a look at one as by a list. */
static void names__are_for_care_and_the_patient(void **state)
{
  (void)state;
  gm_session *a = case_store(), *b = NULL;
  int64_t twin = case_twin(a, "p", "t");
  int told = 0, hidden = 0;
  for (int role = 0; role < ROLES; role++)
    for (int use = 0; use < USES; use++) {
      gm_access_who who = who_of(role, use);
      char one[60] = "nothing", all[60] = "nothing";
      bool knows = table[GM_STORE_NAMES][role][use] == 'y';
      case_must(gm_session_open(gm_session_store(a), ctx, &who, &b), "session");
      gm_status st = gm_store_twin_look(b, ctx, twin, names_hear, one);
      case_must(gm_store_twins(b, ctx, 0, names_hear, all, NULL), "list");
      gm_session_close(b);
      assert_string_equal(one, all);
      if (st) assert_int_equal(GM_EDENIED, st);
      assert_string_equal(st ? "nothing" : knows ? "t of p" : " of ", one);
      told += !st && knows;
      hidden += !st && !knows;
    }
  assert_int_equal(6, told);   /* patient for four purposes, clinician and engine for care */
  assert_int_equal(6, hidden); /* researcher and engine for three */
  case_close(a);
  case_unlink();
}

/* ---- the page -------------------------------------------------------------------------------- */
static uint32_t uses_of(int role, int act)
{
  uint32_t uses = 0;
  for (int use = 0; use < USES; use++) {
    gm_access_who who = who_of(role, use);
    uses |= (uint32_t)gm_access_at_store(&who, (gm_store_act)act).allowed << use;
  }
  return uses;
}

/* "yes" for all purposes that the role has at a store; else "care, model-training"; "-". */
static void cell_print(gm_text *t, int role, int act)
{
  uint32_t uses = uses_of(role, act), usual = 0;
  const char *comma = " ";
  for (int other = 0; other < ACTS; other++) usual |= uses_of(role, other);
  if (!uses || uses == usual) gm_text_add(t, uses ? " yes" : " -");
  for (int use = 0; use < USES && uses != usual; use++) {
    if (!(uses >> use & 1)) continue;
    gm_text_addf(t, "%s%s", comma, gm_use_name((gm_use)use));
    comma = ", ";
  }
  gm_text_add(t, " |");
}

/* The table of the store itself in docs/access.md is what the code decides, to the letter. */
static void page__is_what_the_code_decides(void **state)
{
  (void)state;
  char *page = NULL;
  size_t bytes = 0;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "\n| may |");
  for (int role = 0; role < ROLES; role++)
    gm_text_addf(&t, " %s |", gm_access_role_name((gm_access_role)role));
  gm_text_add(&t, "\n|---|---|---|---|---|---|---|---|---|\n");
  for (int act = 0; act < ACTS; act++) {
    gm_text_addf(&t, "| %s |", gm_store_act_name((gm_store_act)act));
    for (int role = 0; role < ROLES; role++) cell_print(&t, role, act);
    gm_text_add(&t, "\n");
  }
  assert_int_equal(GM_OK, t.status);
  if (gm_file_read(ctx, "docs/access.md", 1 << 20, &page, &bytes))
    fail_msg("the test runs at the root of the tree: %s", gm_message(ctx));
  if (!strstr(page, t.data)) {
    fputs(t.data, stderr);
    fail_msg("docs/access.md: what stands above is not in it");
  }
  gm_free(page);
  gm_text_free(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_store__agrees_with_the_table),
                                     cmocka_unit_test(at_store__scopes_narrow),
                                     cmocka_unit_test(calls__do_what_the_table_says),
                                     cmocka_unit_test(restore__is_the_operators),
                                     cmocka_unit_test(names__are_for_care_and_the_patient),
                                     cmocka_unit_test(page__is_what_the_code_decides)};
  return case_main("access_acts", tests);
}
