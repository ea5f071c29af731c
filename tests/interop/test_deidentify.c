/* De-identified export of stores made here: what must not be in it is searched for.
 * label: quick */
#include "store/store_case.h"
#include "gemel/audit.h"
#include "gemel/bank.h"
#include "gemel/deidentify.h"
#include "gemel/fact.h"
#include "support/fault.h"
#include <math.h>

enum { SUBJECTS = 60, FACTS = 5 };
static const double t_real = 1714557600.25; /* 2024-05-01T10:00:00.25Z */

static int64_t twin_of[SUBJECTS + 8];

/* A fact whose every text but series and unit is a secret of its own. */
static void fact_add(gm_session *a, int64_t twin, gm_record_kind kind, const char *series, double t,
                     const char *value, const char *unit, const char *id, bool withdrawn)
{
  gm_text body;
  char subject[40], source[40];
  snprintf(subject, sizeof subject, "Patient/secret%lld", (long long)(twin % 100000));
  snprintf(source, sizeof source, "https://ward7.example/%s", id);
  gm_fact f = {.kind = kind,
               .subject = subject,
               .series = series,
               .t_true_s = t,
               .value = value,
               .unit = unit,
               .withdrawn = withdrawn,
               .data_class = GM_CLASS_CLINICAL,
               .licence = "licence-of-ward7",
               .source = source,
               .id = id,
               .version = withdrawn ? "v-two" : "v-one",
               .code = "local|code-of-ward7"};
  gm_text_init(&body, ctx);
  case_must(gm_fact_body(ctx, &f, &body), "body");
  gm_entry e = {.kind = kind,
                .series = series,
                .t_true_s = t,
                .source = source,
                .id = id,
                .version = f.version,
                .body = body.data,
                .bytes = body.bytes,
                .data_class = f.data_class,
                .licence = f.licence};
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  gm_text_free(&body);
}

static void covariates_add(gm_session *a, int64_t twin, int i, const char *age, const char *sex)
{
  char id[40];
  snprintf(id, sizeof id, "mrn-%04d-age", i);
  fact_add(a, twin, GM_RECORD_COVARIATE, "AGE", t_real + 3600 * i, age, "a", id, false);
  snprintf(id, sizeof id, "mrn-%04d-sex", i);
  fact_add(a, twin, GM_RECORD_COVARIATE, "SEX", t_real + 3600 * i, sex, "", id, false);
  snprintf(id, sizeof id, "mrn-%04d-weight", i);
  fact_add(a, twin, GM_RECORD_COVARIATE, "WT", t_real + 3600 * i, "71.5", "kg", id, false);
}

/* Subject i: glucose i.0, i.1, ...: whose a row is can be seen from its value. */
static int64_t subject_add(gm_session *a, int i, const char *age, const char *sex)
{
  char name[40], twin[40], id[40], value[40];
  snprintf(name, sizeof name, "Jane Roe %d", i);
  snprintf(twin, sizeof twin, "jane-twin-%d", i);
  int64_t t = case_twin(a, name, twin);
  covariates_add(a, t, i, age, sex);
  for (int k = 0; k < FACTS; k++) {
    snprintf(id, sizeof id, "mrn-%04d-%d", i, k);
    snprintf(value, sizeof value, "%d.%d0", i, k);
    fact_add(a, t, GM_RECORD_OBSERVATION, "glucose", t_real + 3600.0 * i + 100.5 * k * k, value,
             "mmol/L", id, false);
  }
  return t;
}

static gm_session *store_fill(int count)
{
  gm_session *a = case_store();
  for (int i = 0; i < count; i++) {
    char age[20];
    snprintf(age, sizeof age, "%d", 20 + i);
    twin_of[i] = subject_add(a, i, age, i % 2 ? "female" : "male");
  }
  return a;
}

static const gm_deidentify_quasi age_sex[] = {{.name = "AGE"}, {.name = "SEX"}};

static gm_status export_to(gm_session *a, gm_deidentify_options o, gm_deidentified *d)
{
  gm_session *r = case_session(a, GM_AS_RESEARCHER, GM_USE_RESEARCH_EXPORT);
  if (!o.quasi) o.quasi = age_sex;
  if (!o.quasi_count) o.quasi_count = 2;
  gm_status st = gm_deidentify(r, ctx, &o, d);
  gm_session_close(r);
  return st;
}

/* In any of the output but the facts. */
static bool in_others(const gm_deidentified *d, const char *text)
{
  const gm_text *t[] = {&d->subjects, &d->parameters, &d->report_json, &d->report_text};
  for (int i = 0; i < 4; i++)
    if (t[i]->data && strstr(t[i]->data, text)) return true;
  return false;
}

static bool in_any(const gm_deidentified *d, const char *text)
{
  return (d->facts.data && strstr(d->facts.data, text)) || in_others(d, text);
}

/* ---- reading the tables anew ----------------------------------------------------------------- */
typedef struct {
  char field[9][100];
} line;

static const char *line_read(const char *p, line *out)
{
  int f = 0;
  size_t n = 0;
  memset(out, 0, sizeof *out);
  for (; *p && *p != '\n'; p++) {
    if (*p == ',') {
      assert_true(++f < 9);
      n = 0;
    } else if (*p != '"' && n + 1 < sizeof out->field[0]) {
      out->field[f][n++] = *p;
    }
  }
  return *p ? p + 1 : p;
}

/* Days since 1970 by counting them, and the time of day in microseconds. */
static int64_t time_us(const char *text)
{
  static const int month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int y = 0, m = 0, d = 0, h = 0, min = 0;
  double s = 0;
  int64_t days = 0;
  assert_int_equal(6, sscanf(text, "%d-%d-%dT%d:%d:%lfZ", &y, &m, &d, &h, &min,
                             &s)); /* lint: allow sscanf, because the text is our own */
  for (int i = 1970; i < y; i++) days += 365 + ((i % 4 == 0 && i % 100 != 0) || i % 400 == 0);
  for (int i = 1; i < m; i++) days += month[i - 1] + (i == 2 && y % 4 == 0);
  days += d - 1;
  return (days * 86400 + h * 3600 + min * 60) * 1000000 + (int64_t)llround(s * 1e6);
}

/* Shift of each subject by its glucose, whole days; *name its pseudonym. Fails where an interval
 * changed. Returns the rows of glucose. */
static int shifts_read(const gm_deidentified *d, int64_t shift[SUBJECTS], char name[][40])
{
  line l;
  int rows = 0;
  for (int i = 0; i < SUBJECTS; i++) shift[i] = 0;
  for (const char *p = line_read(d->facts.data, &l); *p;) {
    p = line_read(p, &l);
    if (strcmp(l.field[2], "glucose") != 0) continue;
    int who = atoi(l.field[5]); /* lint: allow atoi, because the text is our own */
    int k = strchr(l.field[5], '.')[1] - '0';
    assert_true(who >= 0 && who < SUBJECTS);
    int64_t real = llround((t_real + 3600.0 * who + 100.5 * k * k) * 1e6);
    int64_t by = time_us(l.field[3]) - real;
    assert_int_equal(0, by % (86400 * INT64_C(1000000)));
    by /= 86400 * INT64_C(1000000);
    assert_true(by && by >= -365 && by <= 365);
    if (shift[who]) assert_int_equal(shift[who], by);
    shift[who] = by;
    snprintf(name[who], 40, "%.39s", l.field[0]);
    rows++;
  }
  return rows;
}

/* ---- cases ----------------------------------------------------------------------------------- */
/* No name, id, source, version, licence, code, twin name or real date of the input is in any of
 * the output; exact covariates neither. A date of one subject may, shifted, be a day on which
 * something happened to another: each fact is compared with the real day of its own. */
static void output__holds_no_identifier(void **state)
{
  (void)state;
  gm_session *a = store_fill(SUBJECTS);
  gm_deidentified d = {0};
  case_must(export_to(a, (gm_deidentify_options){.parameters = true}, &d), "export");
  static const char *const secret[] = {"Jane",     "Roe",      "jane-twin", "mrn-",      "ward7",
                                       "secret",   "v-one",    "Patient/",  "WT",        "71.5",
                                       "Somebody", "Dr. Test", "code-of",   "licence-of"};
  static const char *const day[] = {"2024-05-01", "2024-05-02", "2024-05-03"};
  static int64_t shift[SUBJECTS];
  static char name[SUBJECTS][40];
  for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
    if (in_any(&d, secret[i])) fail_msg("'%s' is in the output", secret[i]);
  for (size_t i = 0; i < sizeof day / sizeof day[0]; i++)
    if (in_others(&d, day[i])) fail_msg("'%s' is in the output", day[i]);
  /* no shift is 0, and glucose is all that there is */
  assert_int_equal(d.count.facts, shifts_read(&d, shift, name));
  for (int i = 0; i < SUBJECTS; i++) {
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)twin_of[i]);
    assert_false(in_any(&d, number));
  }
  assert_int_equal(SUBJECTS, d.count.kept + d.count.suppressed);
  assert_int_equal(SUBJECTS, d.count.not_asked); /* the weights */
  assert_int_equal(d.count.kept * FACTS, d.count.facts);
  gm_deidentified_free(&d);
  case_close(a);
}

/* Times move by whole days, the same for all facts of a subject, others for other subjects and for
 * the next export, whose pseudonyms are others too; with a key of one's own both stay. */
static void times__are_shifted_and_intervals_kept(void **state)
{
  (void)state;
  static int64_t one[SUBJECTS], two[SUBJECTS];
  static char name_one[SUBJECTS][40], name_two[SUBJECTS][40];
  gm_session *a = store_fill(SUBJECTS);
  gm_deidentified d = {0}, e = {0};
  unsigned char key[GM_DEIDENTIFY_KEY_BYTES] = {7};
  for (int kept = 0; kept < 2; kept++) {
    gm_deidentify_options o = {.key = kept ? key : NULL, .suppress_max = 1e-6};
    int differ = 0, same = 0, names = 0;
    case_must(export_to(a, o, &d), "export");
    case_must(export_to(a, o, &e), "export");
    assert_int_equal(SUBJECTS * FACTS, shifts_read(&d, one, name_one));
    assert_int_equal(SUBJECTS * FACTS, shifts_read(&e, two, name_two));
    for (int i = 0; i < SUBJECTS; i++) {
      differ += one[i] != one[(i + 1) % SUBJECTS];
      same += one[i] == two[i];
      names += !strcmp(name_one[i], name_two[i]);
      for (int k = 0; k < i; k++) assert_string_not_equal(name_one[i], name_one[k]);
    }
    assert_true(differ > SUBJECTS - 10); /* by chance one in 730 is the same */
    if (kept) assert_int_equal(SUBJECTS, same);
    if (!kept) assert_true(same < 5);
    assert_int_equal(kept ? SUBJECTS : 0, names);
    gm_deidentified_free(&d);
    gm_deidentified_free(&e);
  }
  case_close(a);
}

/* Counted from the table alone, every line of subjects.csv stands at least k times. */
static void groups__hold_k_by_counting(void **state)
{
  (void)state;
  gm_session *a = store_fill(SUBJECTS);
  int64_t suppressed = 0;
  for (int i = SUBJECTS; i < SUBJECTS + 2; i++) twin_of[i] = subject_add(a, i, "44", "other");
  for (int k = 11; k <= 30; k += 6) {
    gm_deidentified d = {0};
    line l[SUBJECTS + 8];
    int n = 0, least = SUBJECTS + 8;
    gm_deidentify_options o = {.k = k, .quasi = age_sex + (k == 11), .quasi_count = 2 - (k == 11)};
    case_must(export_to(a, o, &d), "export");
    for (const char *p = line_read(d.subjects.data, &l[0]); *p;) p = line_read(p, &l[n++]);
    assert_int_equal(d.count.kept, n);
    for (int i = 0; i < n; i++) {
      int alike = 0;
      for (int j = 0; j < n; j++)
        alike += !strcmp(l[i].field[1], l[j].field[1]) && !strcmp(l[i].field[2], l[j].field[2]);
      if (alike < least) least = alike;
    }
    assert_true(least >= k);
    assert_int_equal(least, d.count.k_reached);
    suppressed += d.count.suppressed;
    gm_deidentified_free(&d);
  }
  assert_true(suppressed > 0); /* the two whose level nobody shares */
  case_close(a);
}

/* A subject that denies research export, or permits training alone, is not in it; the twins that
 * were exported have a row in the audit log each, others none. */
typedef struct {
  int64_t rows, facts, denied_twin;
} logged;
static gm_status row_hear(void *user, const gm_audit_row *r)
{
  logged *l = user;
  if (r->kind != GM_AUDIT_EXPORTED) return GM_OK;
  assert_true(r->twin != l->denied_twin);
  l->rows++;
  l->facts += r->count;
  return GM_OK;
}

static void denied__is_not_in_it_and_exports_are_logged(void **state)
{
  (void)state;
  gm_session *a = store_fill(SUBJECTS);
  gm_deidentified d = {0};
  gm_consent_rule no = {.permit = false, .uses = 1u << GM_USE_RESEARCH_EXPORT, .actor = ""};
  gm_consent_rule training = {.permit = true, .uses = 1u << GM_USE_TRAINING, .actor = ""};
  gm_consent_rule no_export = {.permit = false, .actions = 1u << GM_ACT_EXPORT, .actor = ""};
  case_must(gm_store_consent(a, ctx, twin_of[17], "no", &no), "consent");
  case_must(gm_store_consent(a, ctx, twin_of[18], "all", &training), "consent");
  case_must(gm_store_consent(a, ctx, twin_of[19], "no", &no_export), "consent");
  case_must(export_to(a, (gm_deidentify_options){.suppress_max = 1e-6}, &d), "export");
  assert_null(strstr(d.facts.data, ",17."));
  assert_null(strstr(d.facts.data, ",18."));
  assert_null(strstr(d.facts.data, ",19."));
  assert_non_null(strstr(d.facts.data, ",20.00,"));
  assert_int_equal(SUBJECTS - 3, d.count.kept + d.count.suppressed);
  assert_int_equal(3, d.count.withheld);
  logged l = {.denied_twin = twin_of[17]};
  gm_session *auditor = case_session(a, GM_AS_AUDITOR, GM_USE_OPERATION);
  case_must(gm_audit_read(auditor, ctx, 1, 0, 0, row_hear, &l), "audit");
  gm_session_close(auditor);
  assert_int_equal(d.count.kept, l.rows);
  assert_int_equal(d.count.facts, l.facts);
  gm_deidentified_free(&d);
  case_close(a);
}

/* Withdrawn facts, free text in a value, a unit or a series, and ages over 89 do not go out; a word
 * that many share does. */
static void texts__of_few_and_old_ages_stay(void **state)
{
  (void)state;
  gm_session *a = store_fill(40);
  gm_deidentified d = {0};
  char id[40];
  for (int i = 0; i < 40; i++) {
    snprintf(id, sizeof id, "mrn-%04d-smokes", i);
    fact_add(a, twin_of[i], GM_RECORD_COVARIATE, "SMOKES", t_real, "never", "", id, false);
  }
  fact_add(a, twin_of[3], GM_RECORD_OBSERVATION, "glucose", t_real, "lives alone", "", "t1", false);
  fact_add(a, twin_of[3], GM_RECORD_OBSERVATION, "glucose", t_real, "6", "{MrsDoe}", "t2", false);
  fact_add(a, twin_of[3], GM_RECORD_OBSERVATION, "sister Anna", t_real, "6", "1", "t3", false);
  fact_add(a, twin_of[4], GM_RECORD_OBSERVATION, "glucose", t_real, "77.77", "mmol/L", "t4", false);
  fact_add(a, twin_of[4], GM_RECORD_OBSERVATION, "glucose", t_real, "77.77", "mmol/L", "t4", true);
  twin_of[40] = subject_add(a, 40, "97", "female");
  /* 88 then, and five years more of data: the age over 89 would follow */
  twin_of[41] = subject_add(a, 41, "88", "male");
  fact_add(a, twin_of[41], GM_RECORD_OBSERVATION, "glucose", t_real + 5 * 31557600.0, "41.00",
           "mmol/L", "late", false);
  static const char *const covariate[] = {"SMOKES", "AGE"};
  static const gm_deidentify_quasi sex[] = {{.name = "SEX"}};
  gm_deidentify_options o = {
      .quasi = sex, .quasi_count = 1, .covariate = covariate, .covariate_count = 2};
  case_must(export_to(a, o, &d), "export");
  static const char *const secret[] = {"lives", "Doe", "Anna", "77.77", ",97,", ",88,"};
  for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
    if (in_any(&d, secret[i])) fail_msg("'%s' is in the output", secret[i]);
  assert_int_equal(3, d.count.rare);
  assert_int_equal(1, d.count.withdrawn);
  assert_non_null(strstr(d.facts.data, ",never,"));
  const char *first = strstr(d.facts.data, ",90,a,");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, ",90,a,"));
  gm_deidentified_free(&d);
  case_close(a);
}

/* A fork holds the same things: each goes out once, and not at all where it was withdrawn in one.
 */
static void forks__tell_each_thing_once(void **state)
{
  (void)state;
  gm_session *a = store_fill(24);
  gm_deidentified d = {0};
  int64_t fork = case_twin(a, "Jane Roe 5", "a fork");
  fact_add(a, fork, GM_RECORD_OBSERVATION, "glucose", t_real + 3600.0 * 5, "5.00", "mmol/L",
           "mrn-0005-0", false);
  fact_add(a, fork, GM_RECORD_OBSERVATION, "glucose", t_real + 3600.0 * 5, "5.10", "mmol/L",
           "mrn-0005-1", true);
  case_must(export_to(a, (gm_deidentify_options){.suppress_max = 1e-6}, &d), "export");
  const char *at = strstr(d.facts.data, ",5.00,");
  assert_non_null(at);
  assert_null(strstr(at + 1, ",5.00,"));
  assert_null(strstr(d.facts.data, ",5.10,"));
  assert_int_equal(24 * FACTS - 1, d.count.facts);
  gm_deidentified_free(&d);
  case_close(a);
}

/* A dose and a datum with one source and id are two things: both go out, and where the dose is
 * withdrawn the datum stays. */
static void things__of_two_kinds_may_share_an_id(void **state)
{
  (void)state;
  gm_session *a = store_fill(24);
  gm_deidentified d = {0};
  for (int withdrawn = 0; withdrawn < 2; withdrawn++) {
    for (int i = 0; i < 24; i++) {
      char id[40];
      snprintf(id, sizeof id, "mrn-%04d-0", i);
      fact_add(a, twin_of[i], GM_RECORD_GIVEN, "insulin", t_real + 3600.0 * i, "4", "[IU]", id,
               withdrawn);
    }
    case_must(export_to(a, (gm_deidentify_options){.suppress_max = 1e-6}, &d), "export");
    assert_int_equal(24 * (FACTS + !withdrawn), d.count.facts);
    assert_non_null(strstr(d.facts.data, ",5.00,"));
    assert_true((strstr(d.facts.data, "insulin") != NULL) == !withdrawn);
    assert_int_equal(24 * withdrawn, d.count.withdrawn);
    gm_deidentified_free(&d);
  }
  case_close(a);
}

/* Fewer than k subjects, another purpose, a k that is too small, a quasi-identifier that also goes
 * out as it is, one that nobody has: refused, out untouched. */
static void few_or_wrong__is_refused(void **state)
{
  (void)state;
  gm_session *a = store_fill(10);
  gm_deidentified d = {.count = {.k = -3}};
  assert_int_equal(GM_EDENIED, export_to(a, (gm_deidentify_options){.k = 11}, &d));
  assert_int_equal(GM_EINVAL, export_to(a, (gm_deidentify_options){.k = 10}, &d));
  twin_of[10] = subject_add(a, 10, "30", "male");
  static const gm_deidentify_quasi none[] = {{.name = "RACE"}};
  assert_int_equal(GM_ENOTFOUND,
                   export_to(a, (gm_deidentify_options){.quasi = none, .quasi_count = 1}, &d));
  static const char *const covariate[] = {"SEX"};
  assert_int_equal(
      GM_EINVAL,
      export_to(a, (gm_deidentify_options){.covariate = covariate, .covariate_count = 1}, &d));
  gm_session *r = case_session(a, GM_AS_RESEARCHER, GM_USE_TRAINING);
  gm_deidentify_options o = {.quasi = age_sex, .quasi_count = 2};
  assert_int_equal(GM_EDENIED, gm_deidentify(r, ctx, &o, &d));
  gm_session_close(r);
  r = case_session(a, GM_AS_INSURER, GM_USE_RESEARCH_EXPORT);
  assert_int_equal(GM_EDENIED, gm_deidentify(r, ctx, &o, &d));
  gm_session_close(r);
  assert_int_equal(-3, d.count.k);
  assert_null(d.facts.data);
  case_must(export_to(a, (gm_deidentify_options){.k = 11}, &d), "export of 11");
  gm_deidentified_free(&d);
  case_close(a);
}

/* A key is made once, for its owner alone, and read back the same; what is no key is refused. */
static void key__is_made_once(void **state)
{
  (void)state;
  unsigned char one[GM_DEIDENTIFY_KEY_BYTES], two[GM_DEIDENTIFY_KEY_BYTES];
  char path[400];
  struct stat info;
  snprintf(path, sizeof path, "%s/pseudonyms.key", case_folder);
  case_must(gm_deidentify_key(ctx, path, one), "made");
  case_must(gm_deidentify_key(ctx, path, two), "read");
  assert_memory_equal(one, two, sizeof one);
  assert_int_equal(0, stat(path, &info));
  assert_int_equal(0600, info.st_mode & 0777);
  FILE *f = fopen(path, "wb");
  fputs("no key\n", f);
  fclose(f);
  assert_int_equal(GM_EPARSE, gm_deidentify_key(ctx, path, two));
  unlink(path);
}

/* The mean of a twin's parameters goes out on request alone, in 3 digits, and only under names that
 * k subjects share. */
static void parameters__go_out_on_request_in_three_digits(void **state)
{
  (void)state;
  gm_session *a = store_fill(12);
  gm_deidentified d = {0};
  for (int i = 0; i < 12; i++) {
    gm_card_parameter p[2] = {{.name = "CL", .unit = "L/h", .mean = 1.23456 + i, .sd = 1},
                              {.name = i ? "V" : "V of Anna", .unit = "L", .mean = 40, .sd = 1}};
    gm_card c = {.t_made_s = t_real, .t_datum_s = t_real, .parameter = p, .parameter_count = 2};
    gm_text body;
    gm_text_init(&body, ctx);
    case_must(gm_card_write(ctx, &c, &body), "card");
    case_must(gm_store_card_put(a, ctx, twin_of[i], 1, body.data, body.bytes), "put");
    gm_text_free(&body);
  }
  gm_deidentify_options o = {.suppress_max = 1e-6};
  case_must(export_to(a, o, &d), "export");
  assert_int_equal(0, d.parameters.bytes);
  assert_false(in_any(&d, "CL"));
  gm_deidentified_free(&d);
  o.parameters = true;
  case_must(export_to(a, o, &d), "export");
  assert_int_equal(12, d.count.parameter_sets);
  assert_non_null(strstr(d.parameters.data, ",1,CL,1.23,L/h\n"));
  assert_null(strstr(d.parameters.data, "1.234"));
  assert_non_null(strstr(d.parameters.data, ",V,40,L\n"));
  assert_false(in_any(&d, "Anna"));
  assert_non_null(strstr(d.report_text.data, "nearly unique"));
  gm_deidentified_free(&d);
  case_close(a);
}

static gm_status export_trial(gm_ctx *faulty, void *user)
{
  gm_deidentified d = {0};
  gm_deidentify_options o = {.quasi = age_sex, .quasi_count = 2, .parameters = true};
  gm_status st = gm_deidentify(user, faulty, &o, &d);
  gm_deidentified_free(&d);
  return st;
}

/* Every allocation that fails is said, gives nothing out and leaves nothing behind. */
static void faults__leave_nothing(void **state)
{
  (void)state;
  gm_session *a = store_fill(11);
  gm_session *r = case_session(a, GM_AS_RESEARCHER, GM_USE_RESEARCH_EXPORT);
  assert_true(fault_sweep("export", export_trial, r) > 20);
  gm_session_close(r);
  case_close(a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, case_begin, case_end)
      CASE(output__holds_no_identifier),
      CASE(times__are_shifted_and_intervals_kept),
      CASE(groups__hold_k_by_counting),
      CASE(denied__is_not_in_it_and_exports_are_logged),
      CASE(texts__of_few_and_old_ages_stay),
      CASE(forks__tell_each_thing_once),
      CASE(things__of_two_kinds_may_share_an_id),
      CASE(few_or_wrong__is_refused),
      CASE(key__is_made_once),
      CASE(parameters__go_out_on_request_in_three_digits),
      CASE(faults__leave_nothing),
  };
  return cmocka_run_group_tests_name("deidentify", tests, NULL, NULL);
}
