/* show.c - numbers, tables and what a terminal may be given. */
#include "cli/cli.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *cli_number(double v, char *text)
{
  double a = fabs(v);
  if (!isfinite(v))
    snprintf(text, 32, "-");
  else if (a >= 999.5 && a < 1e5)
    snprintf(text, 32, "%.0f", v);
  else if (a < 1e-3 && a > 0)
    snprintf(text, 32, "%.2e", v);
  else
    snprintf(text, 32, "%.3g", v);
  return text;
}

void cli_safe(gm_text *out, const char *text)
{
  for (; *text; text++) {
    bool control = (unsigned char)*text < 0x20 || *text == 0x7F;
    gm_text_addn(out, control ? "?" : text, 1);
  }
}

/* ---- tables -------------------------------------------------------------------------------- */
void cli_table_init(cli_table *t, gm_ctx *ctx, int32_t columns)
{
  *t = (cli_table){.columns = columns};
  gm_text_init(&t->cell, ctx);
}

void cli_table_cell(cli_table *t, const char *format, ...)
{
  char text[256];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  cli_safe(&t->cell, text);
  gm_text_addn(&t->cell, "", 1);
  t->count++;
}

void cli_table_number(cli_table *t, double v)
{
  char text[32];
  cli_table_cell(t, "%s", cli_number(v, text));
}

/* Columns a text takes: UTF-8 characters. */
static int width_of(const char *s)
{
  int n = 0;
  for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
  return n;
}

static void pad(gm_text *out, int n)
{
  while (n-- > 0) gm_text_add(out, " ");
}

static void widths(const cli_table *t, int *width)
{
  const char *s = t->cell.data;
  for (int32_t i = 0; i < t->count; i++, s += strlen(s) + 1) {
    int w = width_of(s), *most = &width[i % t->columns];
    if (w > *most) *most = w;
  }
}

void cli_table_write(cli_table *t, bool left_last, gm_text *out)
{
  enum { COLUMNS_MAX = 24 };
  int width[COLUMNS_MAX] = {0};
  assert(t->columns <= COLUMNS_MAX);
  if (t->cell.status) out->status = t->cell.status;
  if (!t->cell.status) widths(t, width);
  const char *s = t->cell.data;
  for (int32_t i = 0; i < t->count && !out->status; i++, s += strlen(s) + 1) {
    int32_t column = i % t->columns;
    bool last = column == t->columns - 1, left = column == 0 || (last && left_last);
    int room = width[column] - width_of(s);
    gm_text_add(out, "  ");
    pad(out, left ? 0 : room);
    gm_text_add(out, s);
    pad(out, left ? room : 0);
    if (!last) continue;
    while (out->bytes && out->data[out->bytes - 1] == ' ') out->bytes--;
    gm_text_add(out, "\n");
  }
  gm_text_free(&t->cell);
}
