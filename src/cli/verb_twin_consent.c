/* verb_twin_consent.c - gemel twin consent: what the subject permits and denies. */
#include "cli/keep.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static int set_read(cli *c, const char *option, int32_t (*number)(const char *), uint32_t *out)
{
  const char *text;
  for (int32_t i = 0; (text = cli_value_at(c, option, i)); i++) {
    int32_t n = number(text);
    if (n < 0) return cli_say(c, CLI_BAD, "--%s %s: no such %s", option, text, option);
    *out |= 1u << n;
  }
  return CLI_DONE;
}

static int rule_read(cli *c, gm_consent_rule *r)
{
  bool permit = cli_has(c, "permit"), deny = cli_has(c, "deny");
  double from, to;
  if (permit == deny) return cli_say_use(c, "--permit or --deny is expected");
  *r = (gm_consent_rule){.permit = permit,
                         .actor = cli_value(c, "actor") ? cli_value(c, "actor") : ""};
  int code = set_read(c, "purpose", gm_use_of, &r->uses);
  if (!code) code = set_read(c, "kind", gm_record_kind_of, &r->kinds);
  if (!code) code = set_read(c, "class", gm_data_class_of, &r->classes);
  if (!code) code = set_read(c, "action", gm_act_of, &r->actions);
  if (!code) code = cli_unix_option(c, "from", &from);
  if (!code) code = cli_unix_option(c, "to", &to);
  if (code) return code;
  if (!isnan(from) || !isnan(to)) {
    r->from_s = isnan(from) ? -INFINITY : from;
    r->to_s = isnan(to) ? INFINITY : to;
  }
  return CLI_DONE;
}

/* One rule a line, an object; id NULL: whoever asks may not read the record that has it. */
static void rule_show(cli *c, const char *id, const char *body)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 0);
  gm_json_write_object(&j, NULL);
  if (id) gm_json_write_text(&j, "id", id);
  gm_json_write_raw(&j, "rule", body);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

typedef struct {
  cli *c;
  int32_t count;
} listener;

static gm_status hear(void *user, const gm_record_found *r)
{
  listener *l = user;
  if (!r->bytes) return GM_OK; /* withdrawn */
  char *body = gm_strndup(l->c->ctx, r->body, (ptrdiff_t)r->bytes);
  if (!body) return gm_fail(l->c->ctx, GM_ENOMEM, "a consent");
  rule_show(l->c, r->id, body);
  l->count++;
  gm_free(body);
  return GM_OK;
}

/* As the store tells them to those who may not read their records. */
static gm_status list_without_ids(cli *c, gm_session *a, int64_t twin, int32_t *count)
{
  gm_arena *memory = NULL;
  gm_consent_rule *rule = NULL;
  gm_text body;
  gm_text_init(&body, c->ctx);
  gm_status s = gm_arena_new(c->ctx, 1024, &memory);
  if (!s) s = gm_store_consents(a, c->ctx, twin, memory, &rule, count);
  for (int32_t i = 0; i < *count && !s; i++) {
    body.bytes = 0;
    s = gm_consent_body(c->ctx, &rule[i], &body);
    if (!s) rule_show(c, NULL, body.data);
  }
  gm_text_free(&body);
  gm_arena_free(memory);
  return s;
}

static gm_status list(cli *c, gm_session *a, int64_t twin)
{
  listener l = {.c = c};
  int64_t withheld = 0;
  size_t before = c->out.bytes;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_CONSENT, .withheld = &withheld};
  gm_status s = gm_store_read(a, c->ctx, &q, hear, &l);
  if (s == GM_EDENIED || (!s && withheld)) {
    gm_message_clear(c->ctx);
    c->out.bytes = before;
    l.count = 0;
    s = list_without_ids(c, a, twin, &l.count);
  }
  if (!s && !l.count) gm_text_add(&c->out, "no consent is in force: everything is denied\n");
  return s;
}

static gm_status change(cli *c, gm_session *a, const gm_consent_rule *rule)
{
  int64_t twin = 0;
  const char *withdraw = cli_value(c, "withdraw");
  gm_status s = gm_store_twin(a, c->ctx, 0, c->argument[0], false, &twin);
  if (!s && rule) s = gm_store_consent(a, c->ctx, twin, cli_value(c, "id"), rule);
  if (!s && withdraw) s = gm_store_consent(a, c->ctx, twin, withdraw, NULL);
  return s ? s : list(c, a, twin);
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_consent_rule rule;
  bool new_rule = cli_has(c, "permit") || cli_has(c, "deny");
  if (new_rule && !cli_value(c, "id")) return cli_say_use(c, "--id is missing");
  int code = new_rule ? rule_read(c, &rule) : CLI_DONE;
  if (!code) code = cli_keep_open(c, false, &k);
  gm_status s = code ? GM_OK : change(c, k.session, new_rule ? &rule : NULL);
  if (s) code = cli_fail(c, s);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"permit", NULL, "a rule that permits", false},
    {"deny", NULL, "a rule that denies; it wins", false},
    {"id", "NAME", "of the rule; the same name replaces it", false},
    {"withdraw", "NAME", "takes a rule back", false},
    {"purpose", "NAME", "care, model-training, virtual-population, research-export (all)", true},
    {"kind", "KIND", "of records (all)", true},
    {"class", "CLASS", "clinical, device, patient-reported, genetic, sensitive, derived (all)",
     true},
    {"action", "ACTION", "read, add, correct, export, erase (all)", true},
    {"actor", "WHO", "a name, or role:ROLE (anyone)", false},
    {"from", "TIME", "holds from then on", false},
    {"to", "TIME", "holds until then", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_consent = {
    .name = "twin consent",
    .summary = "what the subject of a twin permits and denies",
    .use = "NAME [--permit|--deny --id NAME ...] [--withdraw NAME]",
    .details =
        "Without options lists the rules in force. What no rule permits is denied; a rule that "
        "denies wins.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
