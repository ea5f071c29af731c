/* keep_age.c - how old what a kept twin says is: what a person must see before acting on it. */
#include "cli/keep.h"
#include <math.h>

int cli_age_look(cli *c, const cli_keep *k, cli_age *out)
{
  double now;
  *out = (cli_age){.may = false};
  int code = cli_unix_option(c, "now", &now);
  if (code) return code;
  gm_status s = gm_life_look(k->life, c->ctx, now, &out->state);
  if (s == GM_EDENIED) { /* who may see a forecast need not see how good others were */
    gm_message_clear(c->ctx);
    return CLI_DONE;
  }
  out->may = !s;
  return s ? cli_fail(c, s) : CLI_DONE;
}

void cli_age_show(const cli *c, const cli_keep *k, const cli_age *a, gm_text *out)
{
  char when[40], ago[40];
  const gm_life_state *s = &a->state;
  const char *subject = gm_life_subject_id(k->life);
  gm_text_addf(out, "twin %s", c->argument[0]);
  if (subject[0]) gm_text_add(out, " of subject ");
  cli_safe(out, subject);
  if (!a->may) {
    gm_text_add(out, "\n");
    return;
  }
  gm_text_addf(out, "; newest datum %s (%s); health %s\n", cli_unix_text(s->t_last_s, when),
               cli_ago_text(s->age_s, ago), gm_health_name(s->health));
  if (s->is_twin) return;
  gm_text_add(out, "  WARNING: A MODEL, NOT A TWIN: ");
  cli_safe(out, s->link);
  gm_text_add(out, "; do not act on it\n");
}

void cli_age_json(const cli *c, const cli_keep *k, const cli_age *a, gm_json_writer *j)
{
  gm_json_write_text(j, "twin", c->argument[0]);
  if (gm_life_subject_id(k->life)[0]) gm_json_write_text(j, "subject", gm_life_subject_id(k->life));
  if (!a->may) return;
  gm_json_write_bool(j, "is_twin", a->state.is_twin);
  gm_json_write_text(j, "link", a->state.link);
  gm_json_write_text(j, "health", gm_health_name(a->state.health));
  gm_json_write_number(j, "newest_datum_s", a->state.t_last_s);
  gm_json_write_number(j, "age_s", a->state.age_s);
}
