/* json.c - a small JSON writer. */
#include "cli/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void cli_json_begin(cli_json *j, gm_text *out) { *j = (cli_json){.out = out}; }

static void quoted(gm_text *out, const char *text)
{
  gm_text_add(out, "\"");
  for (const unsigned char *s = (const unsigned char *)text; *s;) {
    int32_t n = gm__utf8_bytes(s, GM__UTF8_BYTES_MAX);
    if (n == 0)
      gm_text_add(out, "\xEF\xBF\xBD");
    else if (*s == '"' || *s == '\\')
      gm_text_addf(out, "\\%c", *s);
    else if (*s < 0x20 || *s == 0x7F)
      gm_text_addf(out, "\\u%04x", *s);
    else
      gm_text_addn(out, (const char *)s, (size_t)n);
    s += n ? n : 1;
  }
  gm_text_add(out, "\"");
}

static void place(cli_json *j, const char *key)
{
  if (j->comma) gm_text_add(j->out, ",");
  if (j->depth == 1) gm_text_add(j->out, "\n  ");
  if (key) {
    quoted(j->out, key);
    gm_text_add(j->out, ": ");
  }
  j->comma = true;
}

static void open_level(cli_json *j, const char *key, const char *bracket)
{
  place(j, key);
  gm_text_add(j->out, bracket);
  j->comma = false;
  j->depth++;
}

static void close_level(cli_json *j, const char *bracket)
{
  assert(j->depth > 0);
  j->depth--;
  if (j->depth == 0) gm_text_add(j->out, "\n");
  gm_text_add(j->out, bracket);
  j->comma = true;
}

void cli_json_object(cli_json *j, const char *key) { open_level(j, key, "{"); }
void cli_json_array(cli_json *j, const char *key) { open_level(j, key, "["); }
void cli_json_end_object(cli_json *j) { close_level(j, "}"); }
void cli_json_end_array(cli_json *j) { close_level(j, "]"); }

void cli_json_text(cli_json *j, const char *key, const char *text)
{
  place(j, key);
  if (text)
    quoted(j->out, text);
  else
    gm_text_add(j->out, "null");
}

/* The shortest of 15, 16 and 17 digits that reads back as the same double. */
void cli_json_number(cli_json *j, const char *key, double v)
{
  char text[40] = "null";
  double back = NAN;
  for (int digits = 15; isfinite(v) && digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (gm__number_begin(text, &back) > 0 && back == v) break;
  }
  place(j, key);
  gm_text_add(j->out, text);
}

void cli_json_int(cli_json *j, const char *key, int64_t v)
{
  place(j, key);
  gm_text_addf(j->out, "%lld", (long long)v);
}

void cli_json_bool(cli_json *j, const char *key, bool v)
{
  place(j, key);
  gm_text_add(j->out, v ? "true" : "false");
}

void cli_json_raw(cli_json *j, const char *key, const char *json)
{
  place(j, key);
  gm_text_add(j->out, json);
}

void cli_json_numbers(cli_json *j, const char *key, int32_t n, const double *v)
{
  cli_json_array(j, key);
  for (int32_t i = 0; i < n; i++) cli_json_number(j, NULL, v[i]);
  cli_json_end_array(j);
}
