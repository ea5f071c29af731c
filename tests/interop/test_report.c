/* test_report.c - the HTML report: sound markup, nothing loaded, nothing left unsaid.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "interop/test_report_case.h"
#include "interop/test_report_html.h"
#include "interop/report_internal.h"
#include "support/fault.h"
#include <stdlib.h>

#define HOSTILE "<b>\"O'Neil\" & </table><script>x</script>\x01\xFF -->"

static gm_ctx *ctx;
static report_case k;
static gm_text page;

static int setup(void **state)
{
  (void)state;
  if (gm_ctx_new(NULL, &ctx)) return -1;
  case_make(&k, ctx, "plain name");
  gm_text_init(&page, ctx);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  gm_text_free(&page);
  case_drop(&k);
  gm_ctx_free(ctx);
  return 0;
}

static const char *make(void)
{
  gm_text_free(&page);
  if (gm_report_html(ctx, &k.in, &page)) fail_msg("%s", gm_message(ctx));
  return page.data;
}

static int count(const char *text, const char *what)
{
  int n = 0;
  for (const char *s = text; (s = strstr(s, what)) != NULL; s += strlen(what)) n++;
  return n;
}

/* The text of a section, from its id to the next section. */
static const char *section(const char *html, const char *id, char *out, size_t room)
{
  char mark[64];
  snprintf(mark, sizeof mark, "<section id=\"%s\"", id);
  const char *s = strstr(html, mark);
  if (!s) fail_msg("no section %s", id);
  const char *end = strstr(s, "</section>");
  size_t n = (size_t)(end - s) < room - 1 ? (size_t)(end - s) : room - 1;
  memcpy(out, s, n);
  out[n] = 0;
  return out;
}

static char part[200000];
#define SECTION(id) section(make(), id, part, sizeof part)
#define HAS(text, what)                                                                            \
  do {                                                                                             \
    if (!strstr(text, what)) fail_msg("line %d: \"%s\" is not there", __LINE__, what);             \
  } while (0)
#define HAS_NOT(text, what)                                                                        \
  do {                                                                                             \
    if (strstr(text, what)) fail_msg("line %d: \"%s\" is there", __LINE__, what);                  \
  } while (0)

static void check_sound(const char *html)
{
  html_check c;
  if (html_read(&c, html)) fail_msg("%s: %s", c.wrong, c.where);
}

/* ---- the page as a whole --------------------------------------------------------------------- */
/* Tags balance, tables have heads and full rows, pictures are described, nothing loads or runs. */
static void page__is_sound_and_loads_nothing(void **state)
{
  (void)state;
  html_check c;
  const char *html = make();
  if (html_read(&c, html)) fail_msg("%s: %s", c.wrong, c.where);
  assert_true(c.tables >= 8);
  assert_int_equal(c.images, 3); /* two observables and the residuals */
  HAS_NOT(html, "url(");
  HAS_NOT(html, "@import");
  HAS_NOT(html, "http:");
  HAS_NOT(html, "https:");
  HAS(html, "default-src 'none'");
  HAS(html, "prefers-color-scheme:dark");
  HAS(html, "@media print");
  HAS(html, "A person decides");
  HAS(html, gm_version());
}

/* The reader used above does see what is wrong. */
static void reader__finds_unsound_markup(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "<p>",
      "<p></b>",
      "<p>a < b</p>",
      "<p>a > b</p>",
      "<p>a & b</p>",
      "<a href=\"x.css\"></a>",
      "<p onclick=\"x\"></p>",
      "<p class=x></p>",
      "<script></script>",
      "<svg></svg>",
      "<svg role=\"img\"><title></title></svg>",
      "<table><thead><tr><th>a</th></tr></thead></table>",
      "<table><thead><tr></tr></thead></table>",
      "<table><thead><tr><th "
      "scope=\"col\"></th></tr></thead><tbody><tr><td></td></tr></tbody></table>",
      "<table><thead><tr><th scope=\"col\"></th></tr></thead><tbody><tr><th scope=\"row\"></th>"
      "<td></td></tr></tbody></table>",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[400];
    html_check c;
    snprintf(text, sizeof text, "<!DOCTYPE html>\n%s", bad[i]);
    if (!html_read(&c, text)) fail_msg("not found: %s", bad[i]);
  }
}

/* A name full of markup, in every place a name can stand, stays text. */
static void page__escapes_hostile_names(void **state)
{
  (void)state;
  case_drop(&k);
  case_make(&k, ctx, HOSTILE);
  const char *html = make();
  check_sound(html);
  HAS_NOT(html, "<b>");
  HAS_NOT(html, "<script");
  HAS_NOT(html, "\x01");
  HAS_NOT(html, "\xFF");
  /* as often as it is put in: title, header, subject, covariate, parameter, charts, plans, ... */
  assert_true(count(html, "&lt;b&gt;&quot;O&#39;Neil&quot; &amp; &lt;/table&gt;") >= 15);
}

/* The same input gives the same bytes; what was in the text before stays in front. */
static void page__is_the_same_each_time_and_is_appended(void **state)
{
  (void)state;
  char *first = gm_strdup(ctx, make());
  assert_string_equal(first, make());
  gm_text two;
  gm_text_init(&two, ctx);
  gm_text_add(&two, "before");
  assert_int_equal(gm_report_html(ctx, &k.in, &two), GM_OK);
  assert_memory_equal(two.data, "before", 6);
  assert_string_equal(two.data + 6, first);
  gm_text_free(&two);
  gm_free(first);
}

/* Every part may be missing; the report then says what it leaves out, and stays sound. */
static void page__says_what_it_leaves_out(void **state)
{
  (void)state;
  gm_report_input whole = k.in;
  for (unsigned mask = 0; mask < 64; mask++) {
    k.in = whole;
    if (mask & 1) k.in.forecast = NULL;
    if (mask & 2) k.in.population = NULL;
    if (mask & 4) k.in.comparison = NULL;
    if (mask & 8) k.in.proposal = NULL;
    if (mask & 16) k.in.proposed = NULL;
    if (mask & 32) k.in.twin = NULL;
    const char *html = make();
    check_sound(html);
    if (mask & 32) {
      HAS(html, "Left out: no twin");
      continue;
    }
    if (mask & 1) HAS(html, "Left out: no forecast");
    if ((mask & 3) == 2) HAS(html, "Left out: the population");
    if ((mask & 12) == 12) HAS(html, "Left out: no comparison");
    if (mask & 8) HAS(html, "Left out: no proposal");
  }
  memset(&k.in, 0, sizeof k.in);
  check_sound(make());
}

/* A twin without data or optional tables still gives a sound report that says so. */
static void page__stands_a_twin_without_data(void **state)
{
  (void)state;
  k.t.learned = 0;
  k.t.health = GM_HEALTH_WARMING;
  k.s.datum_count = k.s.event_count = 0;
  k.d.assumption_count = k.d.source_count = k.d.need_count = 0;
  k.t.mode = NULL;
  k.in.data_path = k.in.note = NULL;
  const char *html = make();
  check_sound(html);
  HAS(html, "warming up");
  HAS(html, "nothing was learned from yet");
  HAS(html, "no data yet");
}

/* ---- numbers --------------------------------------------------------------------------------- */
/* Parameters: typical, before and after the data; what the data do not identify is marked.
 * CL = 2 exp(z): before, z = -0.5 or 0.5 in equal parts, so the median lies at the mean of
 * 1.213 and 3.297; after, 2 * 1.5 = 3 without spread. */
static void parameters__are_shown_before_and_after(void **state)
{
  (void)state;
  const char *s = SECTION("parameters");
  HAS(s, "<th scope=\"row\">CL</th><td>L/h</td><td>2.00</td><td>2.26 "
         "(1.21\xC2\xA0to\xC2\xA0"
         "3.30)</td><td>3.00 (3.00\xC2\xA0to\xC2\xA0"
         "3.00)</td>");
  /* V keeps z = -0.2, 0.2: sd 0.2309 (n - 1) over 0.2 */
  HAS(s, "<td>115\xC2\xA0%</td><td>not identified by the data</td>");
  HAS(s, "<th scope=\"row\">KA</th><td>/h</td><td>0.500</td><td>0.500</td><td>0.500</td>");
  HAS(s, "the same for everybody");
  assert_int_equal(count(s, "not identified by the data"), 1);
}

/* Shares of the variances 3, 0, 0, 1, and the root of their sum, at 64, 80 and 96 h (the grid has
 * 60 or 72, and 84 or 72 next to them). */
static void uncertainty__is_shared_out(void **state)
{
  (void)state;
  const char *s = SECTION("uncertainty");
  assert_int_equal(count(s, "<td>75\xC2\xA0%</td><td>0\xC2\xA0%</td><td>0\xC2\xA0%</td>"
                            "<td>25\xC2\xA0%</td>"),
                   6);
  assert_int_equal(count(s, "<td>2.00 mg/L</td>"), 3);
  assert_int_equal(count(s, "<td>2.00 %</td>"), 3);
  HAS(s, "<td>96 time units</td>");
}

/* A forecast under the doses that the records have after now is not called "as it is", which names
 * a plan; and no doses to come are drawn beside those that were given. */
static void forecast__under_recorded_doses_is_called_so(void **state)
{
  (void)state;
  HAS(SECTION("brief"), ", as it is: ");
  HAS(SECTION("forecast"), "dose to come as it is");
  k.in.as_recorded = true;
  HAS(SECTION("brief"), ", under the doses that were given: ");
  HAS_NOT(SECTION("brief"), ", as it is: ");
  HAS(SECTION("forecast"), "Under the doses that were given");
  HAS_NOT(SECTION("forecast"), "as it is");
  HAS_NOT(SECTION("forecast"), "class=\"dose-later\"");
  HAS(SECTION("comparison"), "as it is (going on)");
  check_sound(make());
}

/* Plans: the gain is called no distinguishable difference where it is none, and the two standing
 * plans are marked. */
static void comparison__shows_gain_and_doubt(void **state)
{
  (void)state;
  const char *s = SECTION("comparison");
  HAS(s, "as it is (going on)");
  HAS(s, "nothing (no more doses)");
  HAS(s, "plain name (first proposal)");
  HAS(s, "<td>0.125 (\xE2\x88\x92"
         "0.250\xC2\xA0to\xC2\xA0"
         "0.500); no distinguishable difference</td>");
  HAS(s, "<td>0.250 (0.125\xC2\xA0to\xC2\xA0"
         "0.375)</td>");
  HAS(s, "50\xC2\xA0% (40\xC2\xA0%\xC2\xA0to\xC2\xA0"
         "60\xC2\xA0%)");
  HAS(s, "2.50 (2.00\xC2\xA0to\xC2\xA0"
         "3.00) mg/L");
  HAS(s, "87\xC2\xA0% met; &lt;1\xC2\xA0% below, 13\xC2\xA0% above");
  assert_int_equal(count(s, "the yardstick"), 1);
  assert_int_equal(count(s, "class=\"mark\""), 2);
  assert_int_equal(count(s, "no distinguishable difference"), 1);
  HAS(s, "<td>better with probability 50\xC2\xA0%, worse with 50\xC2\xA0%</td>");
  HAS(s, "<td>better with probability 97\xC2\xA0%, worse with 3\xC2\xA0%</td>");
  HAS(SECTION("proposal"), "Against as it is: better with probability 97\xC2\xA0%, worse with 3");
  HAS(SECTION("brief"), "Against as it is: better with probability 97\xC2\xA0%, worse with 3");
  HAS(SECTION("proposal"), "500 mg every 24 h: more than 300 mg in one dose");
}

/* A withheld proposal shows its reason wherever a first proposal would stand, and no plan as first;
 * the comparison stays. */
static void proposal__withheld_is_not_proposed(void **state)
{
  (void)state;
  HAS(SECTION("forecast"), "first proposal");
  k.p.withheld = "the twin has lost <this> subject";
  const char *html = make();
  check_sound(html);
  HAS_NOT(html, "first proposal");
  HAS_NOT(html, "First proposal");
  assert_int_equal(count(html, "Nothing is proposed: the twin has lost &lt;this&gt; subject."), 2);
  const char *s = SECTION("proposal");
  HAS(s, "A person decides");
  const char *folded = strstr(s, "<details>"), *name = strstr(s, "plain name");
  assert_true(folded && name && folded < name);
  HAS(s, "more than 300 mg in one dose");
  HAS(SECTION("comparison"), "plain name");
}

/* Data: unit beside each value, censored ones as bounds, later ones marked; doses with repeats. */
static void data__carry_unit_and_use(void **state)
{
  (void)state;
  const char *s = SECTION("data");
  HAS(s, "<td>4.25 mg/L</td><td>learned from</td>");
  HAS(s, "<td>below 0.5 mg/L</td>");
  HAS(s, "<td>3.5 mg/L</td><td>after now, not learned from</td>");
  HAS(s, "<td>100 mg</td><td>at once, then 3 more every 24 time units</td>");
  s = SECTION("fit");
  HAS(s, "<td>none (censored)</td>");
  HAS(s, "<td>\xE2\x88\x92"
         "2.00 sd</td>");
  HAS(s, "no larger than the model expects");
}

/* ---- warnings -------------------------------------------------------------------------------- */
static void warnings__come_when_there_is_reason(void **state)
{
  (void)state;
  const char *s = SECTION("warnings");
  HAS(s,
      "Outside the population studied: WT is 130 kg, the population&#39;s range is 40 to 100 kg");
  HAS(s, "Not identified by the data: plain name");
  assert_int_equal(count(s, "<li>"), 2);

  k.t.health = GM_HEALTH_LOST;
  k.t.fit_p = 1e-5;
  k.posterior.ess = 12;
  k.posterior.khat = 0.9;
  k.mode.converged = false;
  k.f.diverged = 3;
  k.c.diverged = 2;
  s = SECTION("warnings");
  HAS(s, "has lost this subject");
  HAS(s, "probability 1.00e\xE2\x88\x92"
         "5");
  HAS(s, "Low effective sample size: 12.0 of 4");
  HAS(s, "k = 0.900");
  HAS(s, "did not converge");
  HAS(s, "3 of 4 members diverged and are left out of the forecast.");
  HAS(s, "2 members diverged and are left out of the comparison.");
  k.posterior.stages = 4; /* tempered: the weights of importance sampling were not used */
  HAS_NOT(SECTION("warnings"), "Pareto");
}

/* Nothing to warn of is said in so many words. */
static void warnings__none_is_said(void **state)
{
  (void)state;
  k.covariates[0] = 70;
  for (int i = 0; i < CASE_MEMBERS; i++) k.z[2 * i + 1] = 0;
  const char *s = SECTION("warnings");
  HAS(s, "None:");
  HAS_NOT(s, "<li>");
}

/* ---- charts ---------------------------------------------------------------------------------- */
/* Learned data filled, later ones hollow, doses given as ticks up to now (0, 24, 48), planned ones
 * behind it; each once in the legend as well. */
static void chart__draws_data_and_doses(void **state)
{
  (void)state;
  const char *s = SECTION("forecast");
  assert_int_equal(count(s, "<circle class=\"learned\""), 2 + 2); /* one of each, two legends */
  assert_int_equal(count(s, "<path class=\"learned\""), 1);       /* below the limit: a triangle */
  assert_int_equal(count(s, "<circle class=\"later\""), 1 + 1);
  assert_int_equal(count(s, "class=\"dose\""), 2 * 3 + 2);
  assert_int_equal(count(s, "class=\"dose-later\""), 2 * 1 + 2);
  assert_int_equal(count(s, "<line class=\"now\""), 2);
  assert_int_equal(count(s, "<rect class=\"target\""), 2 + 1); /* two targets, one legend */
  HAS(s, "now, 48 time units");
  HAS(s, ">cp [mg/L]<");
  HAS(s, "<details>");
  HAS(s, "4.00 (2.40\xC2\xA0to\xC2\xA0"
         "6.00)");
}

/* Thousands of doses do not make an endless page. */
static void chart__bounds_its_dose_marks(void **state)
{
  (void)state;
  k.event.additional = 1000000;
  k.event.interval = 1e-4;
  assert_true(strlen(SECTION("forecast")) < sizeof part - 1);
}

/* ---- colours (WCAG 2.2: 1.4.3 text 4.5:1, 1.4.11 graphics 3:1) ------------------------------- */
static double channel(int v)
{
  double c = v / 255.0;
  return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(const char *sheet, const char *name)
{
  char mark[32];
  unsigned rgb = 0;
  snprintf(mark, sizeof mark, "--%s:#", name);
  const char *s = strstr(sheet, mark);
  if (!s) fail_msg("no colour %s", name);
  char *end = NULL;
  rgb = (unsigned)strtoul(s + strlen(mark), &end, 16);
  if (end - s - (ptrdiff_t)strlen(mark) == 3)
    rgb = (rgb >> 8) * 0x110000 + ((rgb >> 4) & 15) * 0x1100 + (rgb & 15) * 0x11;
  return 0.2126 * channel((int)(rgb >> 16)) + 0.7152 * channel((int)(rgb >> 8 & 255)) +
         0.0722 * channel((int)(rgb & 255));
}

static double contrast(const char *sheet, const char *a, const char *b)
{
  double x = luminance(sheet, a), y = luminance(sheet, b);
  return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static void colours__are_told_apart_in_both_modes(void **state)
{
  (void)state;
  static const char *const text[][2] = {{"fg", "bg"},    {"soft", "bg"},      {"soft", "card"},
                                        {"fg", "card"},  {"warn-fg", "warn"}, {"twin", "bg"},
                                        {"target", "bg"}};
  static const char *const shape[] = {"pop", "dose", "plan", "data", "edge", "target", "twin"};
  const char *dark = strstr(gm__report_style, "prefers-color-scheme:dark");
  const char *const sheet[] = {gm__report_style, dark};
  for (int m = 0; m < 2; m++) {
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
      assert_true(contrast(sheet[m], text[i][0], text[i][1]) >= 4.5);
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
      assert_true(contrast(sheet[m], shape[i], "bg") >= 3);
  }
}

/* ---- faults ---------------------------------------------------------------------------------- */
static gm_status trial(gm_ctx *c, void *user)
{
  gm_text out;
  gm_text_init(&out, c);
  gm_status s = gm_report_html(c, user, &out);
  if (s && out.data) fail_msg("something was added in spite of the failure");
  gm_text_free(&out);
  return s;
}

/* Whatever allocation fails, the report gives GM_ENOMEM, adds nothing and leaks nothing. */
static void report__survives_every_failed_allocation(void **state)
{
  (void)state;
  char name[700]; /* long enough to need memory of its own where it is formatted */
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  case_drop(&k);
  case_make(&k, ctx, name);
  assert_true(fault_sweep("report", trial, &k.in) > 10);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(page__is_sound_and_loads_nothing),
      cmocka_unit_test(reader__finds_unsound_markup),
      CASE(page__escapes_hostile_names),
      CASE(page__is_the_same_each_time_and_is_appended),
      CASE(page__says_what_it_leaves_out),
      CASE(page__stands_a_twin_without_data),
      CASE(parameters__are_shown_before_and_after),
      CASE(uncertainty__is_shared_out),
      CASE(forecast__under_recorded_doses_is_called_so),
      CASE(comparison__shows_gain_and_doubt),
      CASE(proposal__withheld_is_not_proposed),
      CASE(data__carry_unit_and_use),
      CASE(warnings__come_when_there_is_reason),
      CASE(warnings__none_is_said),
      CASE(chart__draws_data_and_doses),
      CASE(chart__bounds_its_dose_marks),
      cmocka_unit_test(colours__are_told_apart_in_both_modes),
      CASE(report__survives_every_failed_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
