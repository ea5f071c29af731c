/* text_output.c - outputs asked for beside a model text: they use its names, functions, units. */
#include "kinds/equations/parse.h"
#include "kinds/equations/text_net.h"
#include <stdio.h>
#include <string.h>

typedef struct {
  eqt_text *text; /* [count] */
  eqt_expr *expr; /* [count] */
} outputs;

static gm_status check_unit(eqt_reading *r, const gm_eq_output *o, const eqt_expr *e,
                            const eqt_unit *got)
{
  char code[GM_UNIT_CODE_BYTES], why[500];
  gm_unit unit;
  eqt_unit wanted;
  if (gm_unit_parse_friendly(r->ctx, o->unit, &unit, code)) {
    snprintf(why, sizeof why, "%s", gm_message(r->ctx));
    return gm_fail(r->ctx, GM_EUNIT, "%.200s: unit \"%.80s\": %s", e->text->where, o->unit, why);
  }
  size_t bytes = strlen(code) + 1;
  char *kept = gm_arena_get(r->doc.arena, (ptrdiff_t)bytes, 1); /* the checker borrows it */
  if (!kept) return gm_fail(r->ctx, GM_ENOMEM, "unit of an output");
  memcpy(kept, code, bytes);
  r->lower.units.text = e->text;
  gm_status s = eqt_unit_known(&r->lower.units, &unit, kept, &wanted);
  if (s) return s;
  return eqt_unit_fits(&r->lower.units, e->at, o->name, (int32_t)strlen(o->name), &wanted,
                       "its expression", got);
}

static gm_status lower_one(eqt_reading *r, const gm_eq_output *o, const eqt_expr *e, ir_ref *out)
{
  eqt_value v;
  gm_status s = eqt_has_values(&r->doc, e);
  r->lower.name_ref = r->ref;
  r->lower.check = true;
  if (!s) s = eqt_lower(&r->lower, e, &v);
  if (!s && o->unit && o->unit[0]) s = check_unit(r, o, e, &v.unit);
  if (!s) *out = v.ref;
  return s;
}

gm_status eqt_reading_outputs(eqt_reading *r, const gm_eq_output *output, int32_t count,
                              ir_ref *out)
{
  gm_status s = GM_OK;
  outputs p = {gm_alloc(r->ctx, count, sizeof *p.text), gm_alloc(r->ctx, count, sizeof *p.expr)};
  if (!p.text || !p.expr) s = gm_fail(r->ctx, GM_ENOMEM, "outputs");
  for (int32_t i = 0; i < count && !s; i++)
    s = eqt_parse_alone(&r->doc, output[i].expression, eq_output_where(&output[i]), &p.text[i],
                        &p.expr[i]);
  if (!s) s = eqt_known_only(&r->doc); /* a name that is new here is one too many */
  if (!s) s = eqt_units_resolve(&r->doc);
  for (int32_t i = 0; i < count && !s; i++) s = lower_one(r, &output[i], &p.expr[i], &out[i]);
  gm_free(p.text);
  gm_free(p.expr);
  return s;
}
