/* Twins that follow their data, and what late doses and other definitions do to their checkpoints.
 * label: full */
#include "twin/life_case.h"

/* A model as equations, followed because it is asked for; and one that moves by chance. */
typedef struct {
  const char *model, *definition, *series, *unit;
  const char *mark; /* of the definition: behind it stands the digit that another one changes, */
  char digit;       /* to this */
  int32_t members;  /* so many that the swarm need not be run anew with more, but is gone on with */
  const char *const *value;
} kind;

static const char *const case_counts[DATA] = {"5", "9", "14", "17", "15", "11"};
static const char jump_model[] =
    "time has \"h\"\nspecies S, I\nS = 47; I = 3\nbeta = 0.9\nbeta has \"1/h\"\n"
    "infect: S + I => 2 I; beta*S*I/50\nleave: I => ; 0.3 \"1/h\"*I\n";
static const char jump_definition[] =
    "twin: ward\nquestion: How many?\ncontext-of-use: tests\nmodel: model.ant\nkind: jump\n"
    "parameters:\n  beta: {typical: 0.9, unit: 1/h, between-subjects: {lognormal: 0.5}}\n"
    "observables:\n  cases: {is: I, unit: \"1\", error: {additive: 2}}\n";
static const kind followed = {model_text, definition_text, "cp", "mg/L", "CL: {typical: ", '3',
                              400,        value_text};
static const kind jumping = {jump_model, jump_definition, "cases", "", "beta: {typical: 0.", '8',
                             2000,       case_counts};

static gm_life *life_follow(gm_session *a, const char *twin, const kind *k, const char *definition)
{
  gm_consent_rule all = {.permit = true, .actor = ""};
  gm_life_options o = {.session = a, .twin = twin};
  gm_life_new n = {.subject = "p1",
                   .definition = definition_path,
                   .origin_s = origin,
                   .seed = 7,
                   .members = k->members,
                   .follow = true,
                   .consent = &all,
                   .consent_count = 1};
  file_write(model_path, sizeof model_path, "model.ant", k->model);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition);
  case_must(gm_life_make(ctx, &o, &n), "make");
  unlink(model_path);
  unlink(definition_path);
  return life_open(a, twin, 0);
}

static gm_fact value(const kind *k, int i)
{
  static const char *const id[DATA] = {"d0", "d1", "d2", "d3", "d4", "d5"};
  return fact(GM_RECORD_OBSERVATION, k->series, value_h[i], k->value[i], k->unit, id[i]);
}

static gm_fact dose(double t_h, const char *mg, const char *id)
{
  return fact(GM_RECORD_GIVEN, "drug", t_h, mg, "mg", id);
}

static const gm_members *members_of(gm_life *l)
{
  const gm_twin *t = NULL;
  case_must(gm_life_belief(l, ctx, &t), "belief");
  assert_non_null(t);
  return t->posterior;
}

static bool same(const gm_members *a, const gm_members *b)
{
  size_t z = (size_t)a->n * (size_t)a->dim * sizeof *a->z, w = (size_t)a->n * sizeof *a->weight;
  return a->n == b->n && a->dim == b->dim && !memcmp(a->z, b->z, z) &&
         !memcmp(a->weight, b->weight, w);
}

/* ---- a dose that comes late --------------------------------------------------------------------
 */
/* What gm_twin_new makes of the final table: doses of 100 mg at 0 and 12 h, one of 60 mg at late_h.
 */
typedef struct {
  gm_definition *d;
  gm_records *r;
  gm_subject *s;
  gm_twin *t;
} table;

static void table_rows(double late_h, gm_text *csv)
{
  const double dose_h[3] = {0, late_h < 12 ? late_h : 12, late_h < 12 ? 12 : late_h};
  gm_text_add(csv, "ID,TIME,EVID,AMT,INPUT,DV,WT\n");
  for (int i = 0, j = 0; i < DATA || j < 3;)
    if (j < 3 && (i == DATA || dose_h[j] < value_h[i])) {
      gm_text_addf(csv, "p1,%g,1,%d,drug,.,82.5\n", dose_h[j], dose_h[j] == late_h ? 60 : 100);
      j++;
    } else {
      gm_text_addf(csv, "p1,%g,0,.,.,%s,82.5\n", value_h[i], value_text[i]);
      i++;
    }
}

static void table_make(double late_h, table *x)
{
  gm_text csv;
  gm_text_init(&csv, ctx);
  table_rows(late_h, &csv);
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition_text);
  case_must(gm_definition_read(ctx, definition_path, &x->d), "definition");
  unlink(model_path);
  unlink(definition_path);
  case_must(gm_records_parse(ctx, "csv", csv.data, csv.bytes, &x->r), "records");
  case_must(gm_subject_new(ctx, x->d, x->r, 0, &x->s), "subject");
  gm_twin_options o = {.t_now = NAN, .members = followed.members, .seed = 7, .follow = true};
  case_must(gm_twin_new(ctx, x->d, x->s, &o, &x->t), "twin");
  gm_text_free(&csv);
}

static void table_free(table *x)
{
  gm_twin_free(x->t);
  gm_subject_free(x->s);
  gm_records_free(x->r);
  gm_definition_free(x->d);
}

/* A dose that comes to be known after beliefs behind it were saved: learning goes on from the last
 * one before it (or from the beginning), and the belief has the bytes of a run over the final
 * table. */
static void late_dose__as_if_it_had_been_known(void **state)
{
  (void)state;
  static const double late_h[3] = {0.5, 5, 9.5};
  for (int i = 0; i < 3; i++) {
    gm_session *a = case_store();
    gm_life *l = life_follow(a, "t1", &followed, definition_text);
    gm_life_intake in;
    table x = {0};
    doses_add(l);
    gm_life_update u = {0};
    for (int j = 0; j < DATA; j++) {
      add(l, (gm_fact[]){value(&followed, j)}, 1);
      u = renew(l);
    }
    assert_true(u.from_checkpoint);
    gm_fact late = dose(late_h[i], "60", "late");
    case_must(gm_life_add(l, ctx, &late, 1, NULL, &in), "add");
    assert_int_equal(1, in.late);
    u = renew(l);
    assert_true(u.renewed && u.learned == DATA);
    if (u.from_checkpoint != (i > 0)) fail_msg("dose at %g h", late_h[i]);
    table_make(late_h[i], &x);
    assert_true(same(x.t->posterior, members_of(l)));
    table_free(&x);
    gm_life_free(l);
    case_close(a);
    case_unlink();
  }
}

/* A dose that is corrected, or withdrawn, behind a checkpoint: as if it had always been so. */
static void corrected_dose__reaches_the_belief(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_follow(a, "t1", &followed, definition_text);
  gm_fact late = dose(5, "80", "late");
  table x = {0};
  doses_add(l);
  add(l, &late, 1);
  for (int j = 0; j < DATA; j++) add(l, (gm_fact[]){value(&followed, j)}, 1), renew(l);
  late.value = "60";
  late.version = "2";
  add(l, &late, 1);
  assert_true(renew(l).renewed);
  table_make(5, &x);
  assert_true(same(x.t->posterior, members_of(l)));
  table_free(&x);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- other definitions --------------------------------------------------------------------------
 */
static void another_of(const kind *k, char text[2000])
{
  snprintf(text, 2000, "%s", k->definition);
  char *at = strstr(text, k->mark);
  assert_non_null(at);
  at[strlen(k->mark)] = k->digit;
}

static void migrate(gm_life *l, const kind *k, const char *definition)
{
  gm_life_change *c = NULL;
  int32_t count = 0;
  file_write(model_path, sizeof model_path, "model.ant", k->model);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition);
  case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
  unlink(model_path);
  unlink(definition_path);
  gm_free(c);
}

/* A life under one definition from the beginning, that learned once. */
static gm_life *straight(gm_session *a, const char *twin, const kind *k, const char *definition,
                         int count)
{
  gm_life *l = life_follow(a, twin, k, definition);
  if (k == &followed) add(l, (gm_fact[]){dose(0, "100", "a")}, 1);
  for (int i = 0; i < count; i++) add(l, (gm_fact[]){value(k, i)}, 1);
  assert_false(renew(l).from_checkpoint);
  return l;
}

/* Checkpoints of one definition are nothing to another, though they have as many coordinates: the
 * belief is that of a life that was always under the present one. Those of the present one are gone
 * on from, and when a definition is put back so are its own. */
static void migration__leaves_checkpoints_behind(void **state)
{
  (void)state;
  const kind *const kinds[] = {&followed, &jumping};
  for (int i = 0; i < 2; i++) {
    const kind *k = kinds[i];
    char other[2000];
    gm_session *a = case_store();
    gm_life *l = life_follow(a, "t1", k, k->definition);
    another_of(k, other);
    if (k == &followed) add(l, (gm_fact[]){dose(0, "100", "a")}, 1);
    for (int j = 0; j < 4; j++) add(l, (gm_fact[]){value(k, j)}, 1), renew(l);
    migrate(l, k, other);
    gm_life *want = straight(a, "t2", k, other, 4);
    assert_true(same(members_of(want), members_of(l)));
    gm_life_free(want);
    add(l, (gm_fact[]){value(k, 4)}, 1);
    if (!renew(l).from_checkpoint) fail_msg("%s: not from its checkpoint", k->series);
    want = straight(a, "t3", k, other, 5);
    assert_true(same(members_of(want), members_of(l)));
    gm_life_free(want);
    migrate(l, k, k->definition);
    want = straight(a, "t4", k, k->definition, 5);
    assert_true(same(members_of(want), members_of(l)));
    gm_life_free(want);
    gm_life_free(l);
    case_close(a);
    case_unlink();
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(late_dose__as_if_it_had_been_known),
                                     cmocka_unit_test(corrected_dose__reaches_the_belief),
                                     cmocka_unit_test(migration__leaves_checkpoints_behind)};
  return cmocka_run_group_tests_name("life follow", tests, case_begin, case_end);
}
