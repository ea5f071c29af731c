/* lane_cut.h - where a step is cut: the first change of a condition inside it.
 *
 * Conditions are looked at at two points inside a step and at its end. Between those a comparison
 * a < b may have changed and changed back; whether it can is told by how much its gap a - b bends.
 * A gap that bends more than it stays away from 0 is searched for its extreme; one that bends
 * strongly makes the step be tried again, shorter, so that it is followed at all. */
#ifndef GEMEL_EQUATIONS_LANE_CUT_H
#define GEMEL_EQUATIONS_LANE_CUT_H
#include "kinds/equations/lane_stiff_tangent.h"

/* Where (Lobatto's points: no step is a whole number of periods at both). */
static const double cut_probe[2] = {0.276393202250021, 0.723606797749979};

enum { CUT_HALVINGS_MAX = 120, EXTREME_STEPS = 16, BENDS_MAX = 6 };

static void dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x); /* lane_drive.h */

/* In which lanes do conditions at (t, x) differ from those held? */
static uint32_t conditions_differ(const lane_run *r, uint32_t lanes, gm_v8 t, const gm_v8 *x)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  v8i differ = {0};
  state_to_registers(m, w, x);
  w->reg[0] = t;
  delays_load(r, lanes);
  vm_run(m, w, &m->condition);
  for (int32_t i = 0; i < m->condition_count; i++) { /* a NaN does not differ from a NaN */
    gm_v8 now = w->reg[m->condition_reg[i]], held = w->condition[i];
    differ |= (now != held) & ((now == now) | (held == held));
  }
  return v8_bits(differ) & lanes;
}

/* The same at times t inside the lanes' steps of length h. */
static uint32_t differ_inside(const lane_run *r, uint32_t lanes, gm_v8 h, gm_v8 t)
{
  dense(r, h, (t - r->w->t) / h, r->w->probe);
  return conditions_differ(r, lanes, t, r->w->probe);
}

/* The first time at which a lane's conditions are seen to differ, between *low and *high (where
 * they do), to the last bit. */
static void cut_search(const lane_run *r, uint32_t lanes, gm_v8 h, gm_v8 *low, gm_v8 *high)
{
  for (int k = 0; k < CUT_HALVINGS_MAX && lanes; k++) {
    gm_v8 middle = *low + (*high - *low) * v8_set(0.5);
    for (int l = 0; l < LANES; l++)
      if (!(middle[l] > (*low)[l] && middle[l] < (*high)[l])) lanes &= ~(1u << l);
    if (!lanes) return;
    uint32_t differ = differ_inside(r, lanes, h, middle);
    *high = v8_blend(lanes_mask(differ), middle, *high);
    *low = v8_blend(lanes_mask(lanes & ~differ), middle, *low);
  }
}

/* ---- gaps ------------------------------------------------------------------------------------ */
/* Gaps of the conditions that were just worked out. */
static void gaps_keep(const lane_run *r, gm_v8 *to)
{
  const int32_t *reg = r->m->condition_reg + r->m->condition_count;
  for (int32_t i = 0; i < r->m->condition_count; i++)
    to[i] = reg[i] >= 0 ? r->w->reg[reg[i]] : v8_set(0);
}

/* From the gaps at the beginning (w->gap), at the first (w->bend) and second probe (w->near) of
 * what is looked at, and at its end (just worked out): which lanes' gaps bend (w->bent), bend so
 * much that they are not followed (w->broken), or may have touched 0 in between (returned; worst:
 * the last such). */
static uint32_t gaps_look(const lane_run *r, uint32_t lanes, int32_t worst[LANES])
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->condition_count;
  uint32_t all = 0;
  const gm_v8 part = v8_set(cut_probe[0]);
  for (int32_t i = 0; i < n; i++) {
    int32_t reg = m->condition_reg[n + i];
    if (reg < 0) continue;
    gm_v8 g0 = w->gap[i], ga = w->bend[i], gb = w->near[i], g1 = w->reg[reg];
    gm_v8 rise = (g1 - g0) * part;
    gm_v8 off = v8_max(v8_abs(ga - g0 - rise), v8_abs(gb - g1 + rise));
    gm_v8 near = v8_min(v8_min(v8_abs(g0), v8_abs(ga)), v8_min(v8_abs(gb), v8_abs(g1)));
    gm_v8 far = v8_max(v8_max(v8_abs(g0), v8_abs(ga)), v8_max(v8_abs(gb), v8_abs(g1)));
    uint32_t counts = v8_bits(far > v8_set(1e-7) * w->reg[m->condition_reg[2 * n + i]]) & lanes;
    gm_v8 zero = v8_set(0), falls = v8_blend(g0 < zero, g0 - ga, ga - g0);
    gm_v8 rises = v8_blend(g0 < zero, gb - g1, g1 - gb); /* towards 0 first, away from it at last */
    uint32_t touch = v8_bits((off > near) & (falls < zero) & (rises > zero)) & counts;
    w->bent |= v8_bits(off > v8_set(0.05) * far) & counts;
    w->broken |= v8_bits(off > v8_set(0.2) * far) & counts;
    all |= touch;
    for (int l = 0; l < LANES; l++)
      if (touch >> l & 1) worst[l] = i;
  }
  return all;
}

/* Looks at the gaps of lanes between their present time and t_end. */
static uint32_t gaps_between(const lane_run *r, uint32_t lanes, gm_v8 h, gm_v8 t_end,
                             int32_t worst[LANES])
{
  lane_work *w = r->w;
  gm_v8 length = t_end - w->t;
  (void)differ_inside(r, lanes, h, v8_fma(length, v8_set(cut_probe[0]), w->t));
  gaps_keep(r, w->bend);
  (void)differ_inside(r, lanes, h, v8_fma(length, v8_set(cut_probe[1]), w->t));
  gaps_keep(r, w->near);
  (void)differ_inside(r, lanes, h, t_end);
  return gaps_look(r, lanes, worst);
}

/* Size of each lane's worst gap, signed so that it falls towards 0. */
static gm_v8 worst_gap(const lane_run *r, const int32_t worst[LANES])
{
  const lane_machine *m = r->m;
  gm_v8 g;
  for (int l = 0; l < LANES; l++) {
    int32_t reg = m->condition_reg[m->condition_count + worst[l]];
    double v = reg >= 0 ? r->w->reg[reg][l] : 0;
    g[l] = r->w->gap[worst[l]][l] < 0 ? -v : v;
  }
  return g;
}

/* Golden section for the least of the worst gaps between the present time and t_end: where a change
 * is seen on the way, [*low, *high] holds the first one seen. Returns the lanes with one. */
static uint32_t extreme_search(const lane_run *r, uint32_t lanes, gm_v8 h, gm_v8 t_end,
                               const int32_t worst[LANES], gm_v8 *low, gm_v8 *high)
{
  const gm_v8 golden = v8_set(0.6180339887498949);
  gm_v8 a = r->w->t, b = t_end;
  uint32_t found = 0;
  for (int k = 0; k < EXTREME_STEPS && (lanes & ~found); k++) {
    gm_v8 c = b - golden * (b - a), d = a + golden * (b - a), fc, fd;
    uint32_t seen = differ_inside(r, lanes & ~found, h, c);
    fc = worst_gap(r, worst);
    *low = v8_blend(lanes_mask(seen), a, *low);
    *high = v8_blend(lanes_mask(seen), c, *high);
    found |= seen;
    seen = differ_inside(r, lanes & ~found, h, d);
    fd = worst_gap(r, worst);
    *low = v8_blend(lanes_mask(seen), a, *low);
    *high = v8_blend(lanes_mask(seen), d, *high);
    found |= seen;
    v8i left = fc < fd;
    b = v8_blend(left, d, b);
    a = v8_blend(left, a, c);
  }
  return found;
}

/* ---- the cut --------------------------------------------------------------------------------- */
/* The lanes whose conditions are seen to change within their accepted steps, between *low and
 * *high. */
static uint32_t lanes_changing(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 t_new,
                               gm_v8 *low, gm_v8 *high)
{
  lane_work *w = r->w;
  uint32_t left = accepted;
  *low = w->t;
  *high = t_new;
  for (int k = 1; k <= 3; k++) {
    gm_v8 t = t_new;
    if (k < 3) t = v8_fma(t_new - w->t, v8_set(cut_probe[k - 1]), w->t);
    uint32_t differ =
        k < 3 ? differ_inside(r, left, h, t) : conditions_differ(r, left, t, w->x_new);
    if (k < 3) gaps_keep(r, k == 1 ? w->bend : w->near);
    *high = v8_blend(lanes_mask(differ), t, *high);
    left &= ~differ;
    *low = v8_blend(lanes_mask(left), t, *low);
  }
  return accepted & ~left;
}

/* A step whose gaps are not followed is not taken, some times in a row; then it is. */
static void bends_count(const lane_run *r, uint32_t accepted)
{
  lane_work *w = r->w;
  for (int l = 0; l < LANES; l++) {
    if (!(accepted >> l & 1)) continue;
    lane_slot *s = &w->slot[l];
    s->bends = (w->broken >> l & 1) ? s->bends + 1 : 0;
    if (s->bends <= BENDS_MAX) continue;
    w->broken &= ~(1u << l);
    s->bends = 0;
  }
}

/* Looks for changes of conditions inside the accepted steps; t_new and x_new of the lanes that must
 * be cut become those of the cut. Returns these lanes. Those of w->broken must not take their step.
 */
static uint32_t lanes_cut(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 *t_new)
{
  lane_work *w = r->w;
  gm_v8 low, high;
  int32_t worst[LANES] = {0}, n = r->m->condition_count;
  w->bent = w->broken = 0;
  uint32_t cut = lanes_changing(r, accepted, h, *t_new, &low, &high);
  uint32_t touch = gaps_look(r, accepted & ~cut, worst);
  gm_v8 *end = w->bend; /* gaps at the end, free from here on where no lane is cut */
  if (!cut) gaps_keep(r, end);
  if (cut) {
    cut_search(r, cut, h, &low, &high);
    touch |= gaps_between(r, cut, h, low, worst);
  }
  bends_count(r, accepted);
  touch &= ~w->broken;
  if (touch) {
    gm_v8 t_end = v8_blend(lanes_mask(cut), low, *t_new);
    uint32_t found = extreme_search(r, touch, h, t_end, worst, &low, &high);
    if (found) cut_search(r, found, h, &low, &high);
    cut |= found;
  }
  if (!cut) {
    v8i mask = lanes_mask(accepted & ~w->broken);
    for (int32_t i = 0; i < n; i++) w->gap[i] = v8_blend(mask, end[i], w->gap[i]);
    return 0;
  }
  v8i mask = lanes_mask(cut), whole = high >= *t_new; /* whole: x_new stands */
  dense(r, h, (high - w->t) / h, w->probe);
  for (int32_t i = 0; i < r->m->nx; i++)
    w->x_new[i] = v8_blend(mask & ~whole, w->probe[i], w->x_new[i]);
  *t_new = v8_blend(mask, high, *t_new);
  (void)conditions_differ(r, accepted, *t_new, w->x_new);
  gaps_keep(r, w->bend);
  mask = lanes_mask(accepted & ~w->broken);
  for (int32_t i = 0; i < n; i++) w->gap[i] = v8_blend(mask, w->bend[i], w->gap[i]);
  return cut;
}
#endif
