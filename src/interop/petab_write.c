/* petab_write.c - tables written back: parameters with new nominal values, simulations. */
#include "gemel/petab.h"
#include "interop/petab.h"
#include <math.h>
#include <string.h>

static void cell_add(gm_text *out, int32_t column, const char *text)
{
  if (column) gm_text_add(out, "\t");
  if (!strpbrk(text, "\t\"\n\r")) {
    gm_text_add(out, text);
    return;
  }
  gm_text_add(out, "\"");
  for (; *text; text++) {
    if (*text == '"') gm_text_add(out, "\"");
    gm_text_addn(out, text, 1);
  }
  gm_text_add(out, "\"");
}

static void number_add(gm_text *out, int32_t column, double v)
{
  gm_text_add(out, column ? "\t" : "");
  if (isnan(v))
    gm_text_add(out, "NaN");
  else
    gm_text_addf(out, "%.17g", v);
}

/* A table whose columns may differ from those of the first one of its kind: by their names. */
static int32_t column_like(const pt_table *t, const pt_table *first, int32_t column)
{
  return t == first ? column : pt_column(t, first->head[column]);
}

/* All heads, `from` called `to`. */
static void head_add(gm_text *out, const pt_table *t, const char *from, const char *to)
{
  for (int32_t i = 0; i < t->columns; i++)
    cell_add(out, i, strcmp(t->head[i], from) ? t->head[i] : to);
}

static double fitted(const gm_petab *p, int32_t i, const double *z)
{
  int32_t k = p->parameters.coordinate[i];
  return k < 0 ? p->parameters.row[i].nominal
               : gm_petab_from_scale(p->parameters.row[i].scale, z[k]);
}

gm_status gm_petab_write_parameters(const gm_petab *p, const double *z, gm_text *out)
{
  const pt_table *first = p->parameters.first;
  int32_t nominal = pt_column(first, "nominalValue");
  head_add(out, first, "", "");
  gm_text_add(out, nominal < 0 ? "\tnominalValue\n" : "\n");
  for (int32_t i = 0; i < p->parameters.count; i++) {
    const pt_table *t = p->parameters.table[i];
    for (int32_t k = 0; k < first->columns; k++) {
      int32_t column = column_like(t, first, k);
      if (k == nominal && p->parameters.coordinate[i] >= 0)
        number_add(out, k, fitted(p, i, z));
      else
        cell_add(out, k, column < 0 ? "" : t->row[p->parameters.table_row[i]][column]);
    }
    if (nominal < 0) number_add(out, 1, fitted(p, i, z));
    gm_text_add(out, "\n");
  }
  return out->status;
}

gm_status gm_petab_write_simulation(const gm_petab *p, const double *simulation, gm_text *out)
{
  const pt_table *first = p->problem[0].measurements;
  int32_t measurement = pt_column(first, "measurement");
  head_add(out, first, "measurement", "simulation");
  gm_text_add(out, "\n");
  for (int32_t i = 0; i < p->point_count; i++) {
    const pt_problem *q;
    const pt_point *k = pt_point_at(p, i, &q);
    for (int32_t c = 0; c < first->columns; c++) {
      int32_t column = column_like(k->table, first, c);
      if (c == measurement)
        number_add(out, c, simulation[i]);
      else
        cell_add(out, c, column < 0 ? "" : k->table->row[k->row][column]);
    }
    gm_text_add(out, "\n");
  }
  return out->status;
}
