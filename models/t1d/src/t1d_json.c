/* t1d_json.c - JSON text, written in order. */
#include "t1d_json.h"
#include <math.h>
#include <stdio.h>

static void quoted(gm_text *out, const char *text)
{
  gm_text_add(out, "\"");
  for (const char *c = text; *c; c++) {
    if (*c == '"' || *c == '\\')
      gm_text_addf(out, "\\%c", *c);
    else if ((unsigned char)*c < 0x20)
      gm_text_addf(out, "\\u%04x", (unsigned)(unsigned char)*c);
    else
      gm_text_addn(out, c, 1);
  }
  gm_text_add(out, "\"");
}

static void name(t1d_json *j, const char *key)
{
  if (j->more) gm_text_add(j->out, ",");
  if (j->out->bytes) gm_text_add(j->out, "\n");
  if (key) quoted(j->out, key);
  if (key) gm_text_add(j->out, ": ");
  j->more = true;
}

void t1d_json_open(t1d_json *j, const char *key, char bracket)
{
  name(j, key);
  gm_text_addf(j->out, "%c", bracket);
  j->more = false;
}

void t1d_json_close(t1d_json *j, char bracket)
{
  gm_text_addf(j->out, "%c", bracket);
  j->more = true;
}

void t1d_json_text(t1d_json *j, const char *key, const char *text)
{
  name(j, key);
  quoted(j->out, text);
}

void t1d_json_number(t1d_json *j, const char *key, double v)
{
  name(j, key);
  if (!isfinite(v))
    gm_text_add(j->out, "null");
  else
    gm_text_addf(j->out, "%.12g", v);
}

void t1d_json_whole(t1d_json *j, const char *key, int64_t v)
{
  name(j, key);
  gm_text_addf(j->out, "%lld", (long long)v);
}

void t1d_json_bool(t1d_json *j, const char *key, bool v)
{
  name(j, key);
  gm_text_add(j->out, v ? "true" : "false");
}
