/* unit_friendly.c - everyday spellings of units, rewritten as UCUM codes.
 *
 * Two passes: `plain` brings the text to ASCII with single spaces that mean something, `rewrite`
 * goes through it word by word. What comes out is read by gm_unit_parse, so nothing is understood
 * here that cannot be written as a UCUM code. */
#include "base/unit_internal.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A bounded writer; `full` stays set once something did not fit. */
typedef struct {
  char text[GM_UNIT_CODE_BYTES];
  size_t bytes;
  bool full;
} writer;

static void put(writer *w, const char *text, size_t n)
{
  if (w->full || w->bytes + n >= sizeof w->text) {
    w->full = true;
    return;
  }
  memcpy(w->text + w->bytes, text, n);
  w->bytes += n;
  w->text[w->bytes] = 0;
}

static void puts_(writer *w, const char *text) { put(w, text, strlen(text)); }

static char last(const writer *w) { return w->bytes ? w->text[w->bytes - 1] : 0; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_sign(char c) { return c == '-' || c == '+'; }

/* ---- words ---------------------------------------------------------------------------------- */
typedef struct {
  const char *word, *code;
} pair;

/* Words that are also UCUM symbols (picohenry, femtotonne) but are never meant so in medicine. */
static const pair overrides[] = {{"pH", "[pH]"}, {"ft", "[ft_i]"}};

/* Singular; an s at the end of four letters or more is taken off. */
static const pair words[] = {
    {"hr", "h"},
    {"hrs", "h"},
    {"hour", "h"},
    {"day", "d"},
    {"week", "wk"},
    {"wks", "wk"},
    {"month", "mo"},
    {"year", "a"},
    {"yr", "a"},
    {"yrs", "a"},
    {"y", "a"},
    {"minute", "min"},
    {"mins", "min"},
    {"second", "s"},
    {"sec", "s"},
    {"secs", "s"},
    {"msec", "ms"},
    {"usec", "us"},
    {"millisecond", "ms"},
    {"microsecond", "us"},
    {"gram", "g"},
    {"gm", "g"},
    {"kilogram", "kg"},
    {"milligram", "mg"},
    {"microgram", "ug"},
    {"nanogram", "ng"},
    {"liter", "L"},
    {"litre", "L"},
    {"milliliter", "mL"},
    {"millilitre", "mL"},
    {"cc", "mL"},
    {"meter", "m"},
    {"metre", "m"},
    {"mole", "mol"},
    {"millimole", "mmol"},
    {"micromole", "umol"},
    {"kelvin", "K"},
    {"celsius", "Cel"},
    {"Celsius", "Cel"},
    {"degC", "Cel"},
    {"degF", "[degF]"},
    {"fahrenheit", "[degF]"},
    {"Fahrenheit", "[degF]"},
    {"degree", "deg"},
    {"radian", "rad"},
    {"mmHg", "mm[Hg]"},
    {"cmHg", "cm[Hg]"},
    {"cmH2O", "cm[H2O]"},
    {"mmH2O", "mm[H2O]"},
    {"inHg", "[in_i'Hg]"},
    {"psi", "[psi]"},
    {"Cal", "[Cal]"},
    {"kCal", "[Cal]"},
    {"ohm", "Ohm"},
    {"joule", "J"},
    {"watt", "W"},
    {"volt", "V"},
    {"hertz", "Hz"},
    {"newton", "N"},
    {"pascal", "Pa"},
    {"percent", "%"},
    {"ppm", "[ppm]"},
    {"ppb", "[ppb]"},
    {"lb", "[lb_av]"},
    {"lbs", "[lb_av]"},
    {"pound", "[lb_av]"},
    {"oz", "[oz_av]"},
    {"ounce", "[oz_av]"},
    {"in", "[in_i]"},
    {"inch", "[in_i]"},
    {"inches", "[in_i]"},
    {"foot", "[ft_i]"},
    {"feet", "[ft_i]"},
    {"dimensionless", "1"},
    {"unitless", "1"},
    {"fraction", "1"},
    {"bpm", "{beats}/min"},
    {"beat", "{beats}"},
    {"breath", "{breaths}"},
    {"cell", "{cells}"},
    {"copy", "{copies}"},
    {"copies", "{copies}"},
    {"count", "{counts}"},
    {"event", "{events}"},
    {"virion", "{virions}"},
    {"spike", "{spikes}"},
    {"person", "{persons}"},
    {"people", "{persons}"},
    {"patient", "{patients}"},
    {"bed", "{beds}"},
};

/* Everyday units that take a metric prefix. */
static const pair stems[] = {{"IU", "[IU]"}, {"Eq", "eq"},    {"Osm", "osm"}, {"osmol", "osm"},
                             {"Da", "u"},    {"mole", "mol"}, {"ohm", "Ohm"}, {"gram", "g"}};

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static const char *find(const pair *list, size_t count, const char *word, size_t n)
{
  for (size_t i = 0; i < count; i++)
    if (strlen(list[i].word) == n && memcmp(list[i].word, word, n) == 0) return list[i].code;
  return NULL;
}

const char *gm__unit_everyday(const char *word, size_t n)
{
  const char *code = find(words, COUNT_OF(words), word, n);
  if (!code && n >= 4 && word[n - 1] == 's') code = find(words, COUNT_OF(words), word, n - 1);
  if (!code) code = find(stems, COUNT_OF(stems), word, n);
  return code;
}

static bool is_symbol(const char *word, size_t n)
{
  gm__unit_symbol ignored;
  return gm__unit_split(word, n, &ignored);
}

/* mIU, kDa, mOsm; mc for micro before what takes a u: mcg, mcmol. */
static bool put_prefixed(writer *w, const char *word, size_t n)
{
  char code[64] = {0};
  if (n < 2 || n >= 32) return false;
  if (n > 2 && memcmp(word, "mc", 2) == 0) {
    code[0] = 'u';
    memcpy(code + 1, word + 2, n - 2);
    if (is_symbol(code, n - 1)) {
      puts_(w, code);
      return true;
    }
  }
  const char *stem =
      strchr("kMdcmunpf", word[0]) ? find(stems, COUNT_OF(stems), word + 1, n - 1) : NULL;
  if (!stem) return false;
  put(w, word, 1);
  puts_(w, stem);
  return true;
}

/* M, mM, uM, ... as mol/L, with its exponent. */
static bool put_molar(writer *w, const char *word, size_t n, const char *exponent, size_t digits)
{
  if (n < 1 || n > 2 || word[n - 1] != 'M') return false;
  if (n == 2 && !strchr("munpf", word[0])) return false;
  bool inverse = last(w) == '/';
  if (inverse) puts_(w, "(");
  put(w, word, n - 1);
  puts_(w, "mol");
  put(w, exponent, digits);
  if (digits == 0) {
    puts_(w, "/L");
  } else if (is_sign(exponent[0])) { /* mol-1.L1, mol2.L-2 */
    puts_(w, ".L");
    puts_(w, exponent[0] == '-' ? "" : "-");
    put(w, exponent + 1, digits - 1);
  } else {
    puts_(w, ".L-");
    put(w, exponent, digits);
  }
  if (inverse) puts_(w, ")");
  return true;
}

static void put_word(writer *w, const char *word, size_t n, const char *exponent, size_t digits)
{
  const char *code = find(overrides, COUNT_OF(overrides), word, n);
  if (!code && is_symbol(word, n)) {
    put(w, word, n);
    put(w, exponent, digits);
    return;
  }
  if (!code && put_molar(w, word, n, exponent, digits)) return;
  if (!code) code = gm__unit_everyday(word, n);
  if (code) {
    /* a composite or bare number keeps no exponent: (..)2 is refused by the reader */
    bool composite = strchr(code, '/') || strcmp(code, "1") == 0;
    bool group = composite && (digits || last(w) == '/');
    if (group) puts_(w, "(");
    puts_(w, code);
    if (group) puts_(w, ")");
  } else if (!put_prefixed(w, word, n)) {
    put(w, word, n); /* refused later, by name */
  }
  put(w, exponent, digits);
}

/* ---- first pass: plain ASCII ---------------------------------------------------------------- */
static const pair characters[] = {
    {"µ", "u"},
    {"μ", "u"},
    {"·", "*"},
    {"⋅", "*"},
    {"∙", "*"},
    {"•", "*"},
    {"×", "*"},
    {"−", "-"},
    {"‐", "-"},
    {"–", "-"},
    {"⁄", "/"},
    {"∕", "/"},
    {"÷", "/"},
    {"°", "deg"},
    {"℃", "degC"},
    {"℉", "degF"},
    {"Ω", "Ohm"},
    {"Ω", "Ohm"},
    {"‰", "[ppth]"},
    {"\xc2\xa0", " "},
    {"\xe2\x80\x89", " "},
    {"\xe2\x80\xaf", " "},
    {"\t", " "},
};
static const pair raised[] = {{"⁰", "0"}, {"¹", "1"}, {"²", "2"}, {"³", "3"},
                              {"⁴", "4"}, {"⁵", "5"}, {"⁶", "6"}, {"⁷", "7"},
                              {"⁸", "8"}, {"⁹", "9"}, {"⁻", "-"}, {"⁺", "+"}};

static const pair *match(const pair *list, size_t count, const char *at)
{
  for (size_t i = 0; i < count; i++)
    if (strncmp(at, list[i].word, strlen(list[i].word)) == 0) return &list[i];
  return NULL;
}

static bool is_operator(char c) { return c && strchr("*/.^()", c); }

/* A space counts only between two things that are not operators. */
static void put_space(writer *w)
{
  if (w->bytes && last(w) != ' ' && !is_operator(last(w))) puts_(w, " ");
}

static void put_plain(writer *w, const char *text)
{
  if (is_operator(text[0]) && last(w) == ' ') w->text[--w->bytes] = 0;
  puts_(w, text);
}

/* Text in braces, with its spaces as underscores. Returns where it ends. */
static const char *put_annotation(writer *w, const char *at)
{
  for (; *at && *at != '}'; at++) put(w, *at == ' ' ? "_" : at, 1);
  if (*at) put(w, at++, 1);
  return at;
}

static gm_status plain(gm_ctx *ctx, const char *text, writer *w)
{
  bool exponent = false;
  for (const char *at = text; *at;) {
    const pair *up = match(raised, COUNT_OF(raised), at),
               *c = match(characters, COUNT_OF(characters), at);
    if (up && !exponent) puts_(w, "^"); /* 10⁹ is not 109 */
    exponent = up;
    if (*at == '{') {
      at = put_annotation(w, at);
    } else if (up || c) {
      const pair *p = up ? up : c;
      if (p->code[0] == ' ')
        put_space(w);
      else
        put_plain(w, p->code);
      at += strlen(p->word);
    } else if (strncmp(at, " per ", 5) == 0) {
      put_plain(w, "/");
      at += 5;
    } else if (*at == ' ') {
      put_space(w);
      at++;
    } else if (*at < ' ' || *at > '~') {
      return gm_fail(ctx, GM_EPARSE,
                     "unit text, byte %d: a character that units are not written with",
                     (int)(at - text) + 1);
    } else {
      char one[2] = {*at++, 0};
      put_plain(w, one);
    }
  }
  if (last(w) == ' ') w->text[--w->bytes] = 0;
  return w->full ? gm_fail(ctx, GM_ERANGE, "a unit of more than %d bytes", GM_UNIT_CODE_BYTES - 1)
                 : GM_OK;
}

/* ---- second pass: words and numbers --------------------------------------------------------- */
static bool ends_word(char c)
{
  return c == 0 || c == ' ' || c == '{' || c == '}' || is_operator(c);
}

static size_t integer_bytes(const char *at)
{
  size_t sign = is_sign(*at), n = strspn(at + sign, "0123456789");
  return n ? sign + n : 0;
}

/* "1.73 m2" in its spellings: the body surface that filtration is related to, an annotation. */
static size_t body_surface(const char *at)
{
  static const char *const spellings[] = {"1.73 m^2", "1.73m^2", "1.73*m^2", "1.73 m2",
                                          "1.73m2",   "1.73*m2", "1.73.m2"};
  for (size_t i = 0; i < COUNT_OF(spellings); i++) {
    size_t n = strlen(spellings[i]);
    if (strncmp(at, spellings[i], n) == 0 && ends_word(at[n])) return n;
  }
  return 0;
}

/* Where the word at `at` ends; square brackets keep what is in them together. */
static const char *word_end(const char *at)
{
  const char *end = at;
  while (!ends_word(*end)) {
    const char *close = *end == '[' ? strchr(end, ']') : NULL;
    end = close ? close + 1 : end + 1;
  }
  return end;
}

/* mm Hg, cm H2O: one word. Returns where it ends, or NULL when it is not there. */
static const char *rewrite_column(writer *w, const char *at, const char *end)
{
  static const char *const liquids[] = {" Hg", " H2O"};
  size_t n = (size_t)(end - at);
  for (size_t i = 0; n < 4 && i < COUNT_OF(liquids); i++) {
    size_t k = strlen(liquids[i]);
    if (strncmp(end, liquids[i], k) != 0 || !ends_word(end[k])) continue;
    char joined[32];
    snprintf(joined, sizeof joined, "%.*s%s", (int)n, at, liquids[i] + 1);
    put_word(w, joined, strlen(joined), "", 0);
    return end + k;
  }
  return NULL;
}

/* ^2, ^-1, ^(-1) behind a word. Returns where it ends, or NULL when it is none of these. */
static const char *raised_to(const char *caret, const char **exponent, size_t *digits)
{
  if (*caret != '^') return NULL;
  size_t open = caret[1] == '(';
  *exponent = caret + 1 + open;
  *digits = integer_bytes(*exponent);
  const char *after = *exponent + *digits;
  if (*digits == 0) return NULL;
  if (open) return *after == ')' ? after + 1 : NULL;
  return *after == '.' && is_digit(after[1]) ? NULL : after; /* m^0.5 is not m0.5, which is 5 */
}

/* A word with its exponent, if it has one. Returns where it ends. */
static const char *rewrite_word(writer *w, const char *at)
{
  const char *end = word_end(at), *cut = end, *exponent = end;
  const char *after = rewrite_column(w, at, end);
  if (after) return after;
  size_t digits = 0;
  after = raised_to(end, &exponent, &digits);
  if (after) {
    put_word(w, at, (size_t)(end - at), exponent, digits);
    return after;
  }
  while (cut > at && is_digit(cut[-1])) cut--;
  if (cut < end && cut > at && is_sign(cut[-1])) cut--;
  if (cut == at) cut = end;
  put_word(w, at, (size_t)(cut - at), cut, (size_t)(end - cut));
  return end;
}

/* A power of ten: 10*9, 10^-3, 1e6. Returns its bytes, or 0; writes it as 10*n. */
static size_t power_of_ten(writer *w, const char *at)
{
  size_t n = strspn(at, "0123456789"), k = 0;
  if (n == 2 && memcmp(at, "10", 2) == 0 && (at[2] == '*' || at[2] == '^')) {
    k = integer_bytes(at + 3);
    if (k == 0 && !(at[3] == 0 || strchr("./)", at[3]))) return 0; /* 10*h: a product */
  } else if (n == 1 && *at == '1' && (at[1] == 'e' || at[1] == 'E')) {
    k = integer_bytes(at + 2);
    if (k == 0) return 0;
    n = 1;
  } else {
    return 0;
  }
  puts_(w, "10*");
  put(w, at + n + 1, k);
  return n + 1 + k;
}

static bool begins_unit(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '[' || c == '%';
}

/* A number, and the unit it belongs to: 12 h and 12h are 12.h, below a solidus (12.h). */
static gm_status rewrite_number(gm_ctx *ctx, writer *w, const char **address)
{
  const char *at = *address;
  size_t n = body_surface(at);
  if (n) {
    puts_(w, "{1.73_m2}");
    *address = at + n;
    return GM_OK;
  }
  writer number = {0};
  n = power_of_ten(&number, at);
  if (n == 0) {
    n = strspn(at, "0123456789");
    put(&number, at, n);
  }
  if (at[n] == '.' && is_digit(at[n + 1]))
    return gm_fail(ctx, GM_EPARSE,
                   "unit text: a decimal number ('%.*s.%c...') is not part of a unit; put it into "
                   "the value",
                   (int)(n > 20 ? 20 : n), at, at[n + 1]);
  size_t space = at[n] == ' ';
  bool unit_follows = begins_unit(at[n + space]);
  bool group = unit_follows && last(w) == '/';
  if (group) puts_(w, "(");
  puts_(w, number.text);
  at += n;
  if (unit_follows) {
    puts_(w, ".");
    at = rewrite_word(w, at + space);
    if (*at == '{') at = put_annotation(w, at);
  }
  if (group) puts_(w, ")");
  *address = at;
  return GM_OK;
}

static gm_status rewrite(gm_ctx *ctx, const char *at, writer *w)
{
  /* ×10⁹/L, x10^9/L: as if the sign were not there */
  if ((*at == '*' || *at == 'x') &&
      (strncmp(at + 1, "10^", 3) == 0 || strncmp(at + 1, "10*", 3) == 0))
    at++;
  while (*at && !w->full) {
    if (is_digit(*at)) {
      gm_status s = rewrite_number(ctx, w, &at);
      if (s) return s;
    } else if (*at == '{') {
      at = put_annotation(w, at);
    } else if (*at == ' ') {
      return gm_fail(ctx, GM_EPARSE,
                     "unit text, column %d: a space between units; write '.' or '*' for "
                     "a product, '/' for a quotient",
                     (int)w->bytes + 1);
    } else if (ends_word(*at)) {
      put(w, *at == '*' ? "." : at, 1);
      at++;
    } else {
      at = rewrite_word(w, at);
    }
  }
  return w->full ? gm_fail(ctx, GM_ERANGE, "a unit of more than %d bytes", GM_UNIT_CODE_BYTES - 1)
                 : GM_OK;
}

gm_status gm_unit_parse_friendly(gm_ctx *ctx, const char *text, gm_unit *out, char *code_out)
{
  assert(out);
  if (!text) return gm_fail(ctx, GM_EINVAL, "no unit given (NULL); a unit was expected");
  if (strnlen(text, GM_UNIT_CODE_BYTES) == GM_UNIT_CODE_BYTES)
    return gm_fail(ctx, GM_ERANGE, "a unit of more than %d bytes", GM_UNIT_CODE_BYTES - 1);
  writer ascii = {0}, code = {0};
  gm_status s = plain(ctx, text, &ascii);
  if (!s) s = rewrite(ctx, ascii.text, &code);
  if (!s) s = gm_unit_parse(ctx, code.text, out);
  if (s)
    return strcmp(ascii.text, code.text) == 0 ? s
                                              : gm_fail_at(ctx, s, "unit text '%s'", ascii.text);
  if (code_out) memcpy(code_out, code.text, code.bytes + 1);
  return GM_OK;
}
