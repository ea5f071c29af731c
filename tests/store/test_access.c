/* The decision: every cell of role, kind, class, action, purpose and consent; scopes, emergencies,
 * sessions' descriptions, and the table of docs/access.md.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "store/access_table.h"
#include <stdio.h>
#include <stdlib.h>

static gm_ctx *ctx;
static const double now_s = 1.7e9;
static const char me[] = "Ada Actor";

/* ---- consents, known by how they are made ---------------------------------------------------- */
/* A rule that speaks of the cell (fits) or does not. */
typedef struct {
  const char *name;
  bool fits;
} shape_name;
static const shape_name shape[] = {
    {"all", true},          {"this use", true},      {"other use", false},
    {"expired", false},     {"future", false},       {"from now on", true},
    {"until then", true},   {"since then", true},    {"this actor", true},
    {"other actor", false}, {"this role", true},     {"other role", false},
    {"this class", true},   {"other class", false},  {"this kind", true},
    {"other kind", false},  {"this action", true},   {"other action", false},
    {"just this", true},    {"all but this", false}, {"this, other actor", false},
    {"others", false}};
enum { SHAPES = sizeof shape / sizeof shape[0] };

typedef struct {
  int role, use, kind, data_class, act;
} cell;

static uint32_t other(int i, int count, int first)
{
  uint32_t every = ((uint32_t)1 << count) - ((uint32_t)1 << first);
  return every & ~((uint32_t)1 << i);
}

static const char *role_text(int role)
{
  static char text[ROLES][40];
  snprintf(text[role], sizeof text[role], "role:%s", gm_access_role_name((gm_access_role)role));
  return text[role];
}

static void narrow(gm_consent_rule *r, const cell *c, bool fits)
{
  r->uses = fits ? 1u << c->use : other(c->use, USES, 0);
  r->kinds = fits ? 1u << c->kind : other(c->kind, GM_RECORD_KIND_COUNT, 1);
  r->classes = fits ? 1u << c->data_class : other(c->data_class, CLASSES, 0);
  r->actions = fits ? 1u << c->act : other(c->act, ACTS, 0);
}

static gm_consent_rule shape_rule(int which, const cell *c, bool permit)
{
  gm_consent_rule r = {.permit = permit, .actor = ""};
  switch (which) {
  case 1: r.uses = 1u << c->use; break;
  case 2: r.uses = other(c->use, USES, 0); break;
  case 3: r.from_s = now_s - 100, r.to_s = now_s; break; /* the end is not in it */
  case 4: r.from_s = now_s + 1, r.to_s = now_s + 100; break;
  case 5: r.from_s = now_s, r.to_s = now_s + 100; break; /* the start is */
  case 6: r.from_s = -INFINITY, r.to_s = now_s + 1; break;
  case 7: r.from_s = now_s - 1, r.to_s = INFINITY; break;
  case 8: r.actor = me; break;
  case 9: r.actor = "Ada Acto"; break;
  case 10: r.actor = role_text(c->role); break;
  case 11: r.actor = role_text((c->role + 1) % ROLES); break;
  case 12: r.classes = 1u << c->data_class; break;
  case 13: r.classes = other(c->data_class, CLASSES, 0); break;
  case 14: r.kinds = 1u << c->kind; break;
  case 15: r.kinds = other(c->kind, GM_RECORD_KIND_COUNT, 1); break;
  case 16: r.actions = 1u << c->act; break;
  case 17: r.actions = other(c->act, ACTS, 0); break;
  case 18: narrow(&r, c, true), r.actor = role_text(c->role); break;
  case 19: narrow(&r, c, true), r.uses = other(c->use, USES, 0); break;
  case 20: narrow(&r, c, true), r.actor = "somebody else"; break;
  case 21: narrow(&r, c, false); break;
  default: break;
  }
  return r;
}

/* none; each shape permitting; denying; denying what all is permitted; permitting what is denied in
 * part elsewhere. */
enum { CASES = 1 + 3 * SHAPES };
static int32_t case_rules(int which, const cell *c, gm_consent_rule rule[2], table_case *out)
{
  out->permitted = out->denied = false;
  if (!which) return 0;
  int s = (which - 1) / 3, way = (which - 1) % 3;
  rule[0] = shape_rule(s, c, way == 0);
  rule[1] = shape_rule(0, c, true);
  out->permitted = way == 2 || (way == 0 && shape[s].fits);
  out->denied = way != 0 && shape[s].fits;
  return way == 2 ? 2 : 1;
}

/* ---- the matrix ------------------------------------------------------------------------------ */
static void case_text(int which, char text[60])
{
  static const char *const way[] = {"permit ", "deny ", "permit all, deny "};
  snprintf(text, 60, "%s%s", which ? way[(which - 1) % 3] : "no consent",
           which ? shape[(which - 1) / 3].name : "");
}

static int64_t check(const cell *c, const gm_access_who *who, table_case t)
{
  gm_access_ask ask = {.action = (gm_act)c->act,
                       .kind = (gm_record_kind)c->kind,
                       .data_class = (gm_data_class)c->data_class,
                       .own = t.own,
                       .now_s = now_s};
  t.sensitive = c->data_class == GM_CLASS_SENSITIVE;
  t.emergency = who->emergency != NULL;
  for (int k = 0; k < CASES; k++) {
    gm_consent_rule rule[2];
    bool emergency;
    int32_t count = case_rules(k, c, rule, &t);
    bool want = table_allows(c->role, c->use, c->kind, c->act, t, &emergency);
    gm_access_decision got = gm_access_decide(who, &ask, rule, count);
    if (got.allowed == want && got.emergency == emergency && got.reason) continue;
    char text[60];
    case_text(k, text);
    fail_msg("%s %ss %s (%s) for %s, scope %s, own %d, emergency %d, %s: %d, expected %d",
             gm_access_role_name(who->role), gm_act_name(ask.action), gm_record_kind_name(ask.kind),
             gm_data_class_name(ask.data_class), gm_use_name(who->use),
             who->scope ? who->scope : "all", t.own, t.emergency, text, got.allowed, want);
  }
  return CASES;
}

/* The cell with every scope that names it or does not, own records or others', with or without an
 * emergency. */
static int64_t check_cell(const cell *c)
{
  const char *kind = gm_record_kind_name((gm_record_kind)c->kind),
             *act = gm_act_name((gm_act)c->act);
  const char *kind2 = gm_record_kind_name((gm_record_kind)(c->kind % 15 + 1));
  const char *act2 = gm_act_name((gm_act)((c->act + 1) % ACTS));
  char scope[7][120];
  const bool covers[7] = {true, true, true, true, true, false, false};
  snprintf(scope[0], sizeof scope[0], "%s.%s", kind, act);
  snprintf(scope[1], sizeof scope[1], "*.%s", act);
  snprintf(scope[2], sizeof scope[2], "%s.*", kind);
  snprintf(scope[3], sizeof scope[3], "  *.* ");
  snprintf(scope[4], sizeof scope[4], "%s.%s  %s.%s", kind2, act2, kind, act);
  snprintf(scope[5], sizeof scope[5], "%s.%s %s.%s", kind2, act, kind, act2);
  snprintf(scope[6], sizeof scope[6], "%s.* *.%s", kind2, act2);
  gm_access_who who = {.role = (gm_access_role)c->role, .use = (gm_use)c->use, .actor = me};
  int64_t cells = 0;
  for (int own = 0; own < 2; own++)
    for (int e = 0; e < 2; e++) {
      who.emergency = e ? "unconscious, no relatives" : NULL;
      cells += check(c, &who, (table_case){.own = own, .in_scope = true});
    }
  who.emergency = NULL;
  for (int i = 0; i < 7; i++) {
    who.scope = scope[i];
    cells += check(c, &who, (table_case){.own = true, .in_scope = covers[i]});
  }
  who.emergency = "unconscious, no relatives"; /* which widens no scope */
  who.scope = scope[6];
  return cells + check(c, &who, (table_case){.own = true, .in_scope = false});
}

/* Every cell of role, kind, class, action, purpose and consent is decided as docs/access.md has
 * it, for own and others' records, with and without scopes and emergencies. */
static void decide__agrees_with_the_table_in_every_cell(void **state)
{
  (void)state;
  int64_t cells = 0, plain = 0;
  cell c;
  for (c.role = 0; c.role < ROLES; c.role++)
    for (c.use = 0; c.use < USES; c.use++)
      for (c.kind = 1; c.kind < GM_RECORD_KIND_COUNT; c.kind++)
        for (c.data_class = 0; c.data_class < CLASSES; c.data_class++)
          for (c.act = 0; c.act < ACTS; c.act++, plain++) cells += check_cell(&c);
  print_message("%lld cells of role, kind, class, action and purpose, each with %d consents: "
                "%lld decisions with scopes, emergencies, own and others' records\n",
                (long long)plain, CASES, (long long)cells);
  assert_int_equal(ROLES * USES * 15 * CLASSES * ACTS, plain);
}

/* Whatever rules stand in whatever order, an insurer gets nothing, a denial that fits is never
 * outvoted, and more permits never take anything away. */
/* xorshift64, Marsaglia 2003 */
static int next(uint64_t *x, int n)
{
  *x ^= *x << 13;
  *x ^= *x >> 7;
  *x ^= *x << 17;
  return (int)(*x >> 33) % n;
}

static void decide__holds_under_random_rules(void **state)
{
  (void)state;
  uint64_t x = 88172645463325252u;
#define NEXT(n) next(&x, n)
  for (int i = 0; i < 300000; i++) {
    cell c = {NEXT(ROLES), NEXT(USES), 1 + NEXT(15), NEXT(CLASSES), NEXT(ACTS)};
    gm_consent_rule rule[6];
    int count = NEXT(6);
    bool fits = false;
    for (int k = 0; k < count; k++) {
      int s = NEXT(SHAPES);
      rule[k] = shape_rule(s, &c, NEXT(2));
      fits |= !rule[k].permit && shape[s].fits;
    }
    gm_access_who who = {.role = (gm_access_role)c.role, .use = (gm_use)c.use, .actor = me};
    gm_access_ask ask = {(gm_act)c.act, (gm_record_kind)c.kind, (gm_data_class)c.data_class, true,
                         now_s};
    gm_access_decision d = gm_access_decide(&who, &ask, rule, count);
    char letter = table_letter(c.role, c.use, c.kind, c.act);
    if (c.role == GM_AS_INSURER) assert_true(!d.allowed && strstr(d.reason, "insurer"));
    if (fits && (letter == 'c' || letter == 'd')) assert_false(d.allowed);
    rule[count] = shape_rule(0, &c, true);
    if (d.allowed) assert_true(gm_access_decide(&who, &ask, rule, count + 1).allowed);
  }
#undef NEXT
}

/* What is no kind, class, action or purpose of ours is denied to everyone. */
static void decide__denies_what_is_not_known(void **state)
{
  (void)state;
  gm_consent_rule all = {.permit = true, .actor = ""};
  for (int role = 0; role < ROLES; role++)
    for (int i = 0; i < 5; i++) {
      gm_access_who who = {.role = (gm_access_role)role, .use = GM_USE_CARE, .actor = me};
      gm_access_ask ask = {GM_ACT_READ, GM_RECORD_OBSERVATION, GM_CLASS_CLINICAL, true, now_s};
      if (i == 0) ask.kind = 0;
      if (i == 1) ask.kind = GM_RECORD_KIND_COUNT;
      if (i == 2) ask.data_class = GM_CLASS_COUNT;
      if (i == 3) ask.action = GM_ACT_COUNT;
      if (i == 4) who.use = GM_USE_COUNT;
      assert_false(gm_access_decide(&who, &ask, &all, 1).allowed);
    }
}

/* ---- sessions' descriptions ------------------------------------------------------------------ */
static void refused(gm_access_who who, const char *expected)
{
  assert_int_equal(GM_EINVAL, gm_access_check(ctx, &who));
  if (!strstr(gm_message(ctx), expected)) fail_msg("%s: %s", expected, gm_message(ctx));
}

/* A description that is wrong is refused with what was expected; a right one is taken. */
static void check__says_what_was_expected(void **state)
{
  (void)state;
  static char long_name[202];
  gm_access_who good = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = me}, w = good;
  memset(long_name, 'a', 201);
  assert_int_equal(GM_OK, gm_access_check(ctx, &good));
  static const char *const scope[] = {
      "observation.read",  "*.*", "a.b", "observation", ".", "", " ", "observation.read forecast",
      "observation.*.read"};
  for (int i = 0; i < 9; i++) {
    w = good, w.scope = scope[i];
    if (i < 2)
      assert_int_equal(GM_OK, gm_access_check(ctx, &w));
    else
      refused(w, "scope");
  }
  w = good, w.actor = NULL, refused(w, "actor");
  w = good, w.actor = "", refused(w, "actor");
  w = good, w.actor = long_name, refused(w, "actor");
  w = good, w.actor = "role:clinician", refused(w, "role:");
  w = good, w.subject = "p1", refused(w, "subject");
  w = good, w.role = GM_AS_COUNT, refused(w, "role");
  w = good, w.use = GM_USE_COUNT, refused(w, "purpose");
  w = good, w.role = GM_AS_PATIENT, refused(w, "subject");
  w.subject = "", refused(w, "subject");
  w.subject = long_name, refused(w, "subject");
  w.subject = "p1", assert_int_equal(GM_OK, gm_access_check(ctx, &w));
  w = good, w.emergency = "too short", refused(w, "10");
  w.emergency = "unconscious", assert_int_equal(GM_OK, gm_access_check(ctx, &w));
  w.use = GM_USE_TRAINING, refused(w, "clinician");
  w = good, w.role = GM_AS_ENGINE, w.emergency = "unconscious", refused(w, "clinician");
}

/* ---- the page -------------------------------------------------------------------------------- */
static char basis_of(int role, int use, int kind, int act)
{
  cell c = {role, use, kind, GM_CLASS_CLINICAL, act};
  gm_access_who who = {.role = (gm_access_role)role, .use = (gm_use)use, .actor = me};
  gm_access_ask ask = {(gm_act)act, (gm_record_kind)kind, GM_CLASS_CLINICAL, true, now_s};
  gm_consent_rule permit = shape_rule(0, &c, true), deny = shape_rule(0, &c, false);
  if (gm_access_decide(&who, &ask, &deny, 1).allowed) return 'y';
  if (gm_access_decide(&who, &ask, NULL, 0).allowed) return 'd';
  return gm_access_decide(&who, &ask, &permit, 1).allowed ? 'c' : '.';
}

/* Basis of the cell and the purposes for which it holds. */
static uint32_t uses_of(int role, int kind, int act, char *basis)
{
  uint32_t uses = 0;
  *basis = '.';
  for (int use = 0; use < USES; use++) {
    char b = basis_of(role, use, kind, act);
    if (b == '.') continue;
    if (*basis != '.') assert_int_equal(*basis, b); /* else the page could not say it */
    *basis = b;
    uses |= 1u << use;
  }
  return uses;
}

static void uses_print(gm_text *t, uint32_t uses)
{
  const char *comma = "";
  for (int use = 0; use < USES; use++) {
    if (!(uses >> use & 1)) continue;
    gm_text_addf(t, "%s%s", comma, gm_use_name((gm_use)use));
    comma = ", ";
  }
}

static uint32_t role_uses(int role)
{
  uint32_t uses = 0;
  char basis;
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT; kind++)
    for (int act = 0; act < ACTS; act++) uses |= uses_of(role, kind, act, &basis);
  return uses;
}

static void line_print(gm_text *t, int role, int kind, uint32_t usual)
{
  for (int act = 0; act < ACTS; act++) {
    char basis;
    uint32_t uses = uses_of(role, kind, act, &basis);
    gm_text_add(t, basis == 'y'   ? " always"
                   : basis == 'd' ? " unless denied"
                   : basis == 'c' ? " if permitted"
                                  : " -");
    if (uses && uses != usual) {
      gm_text_add(t, " (");
      uses_print(t, uses);
      gm_text_add(t, ")");
    }
    gm_text_add(t, " |");
  }
  gm_text_add(t, "\n");
}

static void role_print(gm_text *t, int role)
{
  gm_text line[GM_RECORD_KIND_COUNT];
  uint32_t usual = role_uses(role);
  gm_text_addf(t, "\n**%s**", gm_access_role_name((gm_access_role)role));
  if (!usual) {
    gm_text_add(t, ": nothing, whatever anybody permits.\n");
    return;
  }
  gm_text_add(t, ", for ");
  uses_print(t, usual);
  gm_text_add(
      t, ":\n\n| records | read | add | correct | export | erase |\n|---|---|---|---|---|---|\n");
  for (int k = 1; k < GM_RECORD_KIND_COUNT; k++) {
    gm_text_init(&line[k], ctx);
    line_print(&line[k], role, k, usual);
  }
  for (int k = 1; k < GM_RECORD_KIND_COUNT; k++) {
    const char *comma = "| ";
    for (int other_k = 1; other_k < GM_RECORD_KIND_COUNT; other_k++) {
      if (strcmp(line[k].data, line[other_k].data) != 0) continue;
      if (other_k < k) break; /* said already */
      gm_text_addf(t, "%s%s", comma, gm_record_kind_name((gm_record_kind)other_k));
      comma = ", ";
    }
    if (comma[0] == ',') gm_text_addf(t, " |%s", line[k].data);
  }
  for (int k = 1; k < GM_RECORD_KIND_COUNT; k++) gm_text_free(&line[k]);
}

/* The table in docs/access.md is what the code decides, to the letter. */
static void page__is_what_the_code_decides(void **state)
{
  (void)state;
  char *page = NULL;
  size_t bytes = 0;
  gm_text t;
  gm_text_init(&t, ctx);
  for (int role = 0; role < ROLES; role++) role_print(&t, role);
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

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}
static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(decide__agrees_with_the_table_in_every_cell),
                                     cmocka_unit_test(decide__holds_under_random_rules),
                                     cmocka_unit_test(decide__denies_what_is_not_known),
                                     cmocka_unit_test(check__says_what_was_expected),
                                     cmocka_unit_test(page__is_what_the_code_decides)};
  return cmocka_run_group_tests_name("access", tests, begin, end);
}
