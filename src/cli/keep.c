/* keep.c - stores for the command: where, who asks, for what. */
#include "cli/keep.h"
#include "base/number.h"
#include "gemel/fhir.h"
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- where ----------------------------------------------------------------------------------- */
static bool is_server(const char *url) { return strstr(url, "://") != NULL; }

const char *cli_keep_url(const cli *c)
{
  const char *url = cli_value(c, "store");
  if (!url) url = getenv("GEMEL_STORE"); /* lint: allow getenv, because the help names it */
  return url && url[0] ? url : "gemel.db";
}

/* Signs that should have been written as %xx make it unsure where a password ends: then what stands
 * before the last @ counts as one, and behind a ? nothing is shown at all. */
void cli_keep_name(const char *url, gm_text *out)
{
  const char *from = strstr(url, "://"), *word = strcasestr(url, "password=");
  if (!from) { /* a path, or what libpq calls a connection string */
    gm_text_addn(out, url, word ? (size_t)(word - url) : strlen(url));
    gm_text_add(out, word ? "password=***" : "");
    return;
  }
  from += 3;
  const char *at = strrchr(from, '@'), *query = strchr(from, '?');
  gm_text_addn(out, url, (size_t)(from - url));
  if (at && query && query < at) {
    gm_text_add(out, "***");
    return;
  }
  size_t user = at ? strcspn(from, ":@") : 0;
  gm_text_addn(out, from, user);
  if (at) gm_text_add(out, from[user] == ':' ? ":***@" : "@");
  if (at) from = from[user] == ':' ? at + 1 : from + user + 1;
  gm_text_addn(out, from, query ? (size_t)(query - from) : strlen(from));
}

int cli_keep_say(cli *c, const char *url, const char *what)
{
  gm_text name;
  gm_text_init(&name, c->ctx);
  cli_keep_name(url, &name);
  int code = cli_say(c, CLI_BAD, "%s%s", name.status ? "the store" : name.data, what);
  gm_text_free(&name);
  return code;
}

const char *cli_keep_key_given(const cli *c)
{
  const char *key = cli_value(c, "key");
  if (!key) key = getenv("GEMEL_KEY"); /* lint: allow getenv, because the help names it */
  return key && key[0] ? key : NULL;
}

int cli_keep_key(cli *c, const char *url, gm_text *out)
{
  const char *key = cli_keep_key_given(c);
  bool given = key != NULL;
  gm_text_init(out, c->ctx);
  if (!given && is_server(url))
    return cli_keep_say(c, url,
                        ": --key (or GEMEL_KEY) is expected with a server: file:PATH, env:NAME or "
                        "command:COMMAND");
  gm_text_addf(out, "%s%s%s", given ? key : "file:", given ? "" : url, given ? "" : ".key");
  return out->status ? cli_fail(c, out->status) : CLI_DONE;
}

int cli_keep_place(cli *c, const char *url)
{
  bool known = !strncmp(url, "postgresql://", 13) || !strncmp(url, "postgres://", 11);
  bool string = !is_server(url) && strcasestr(url, "password=");
  if (!string && (known || !is_server(url))) return CLI_DONE;
  return cli_keep_say(c, url, ": a file or postgresql://USER@HOST/DATABASE is expected");
}

/* What is missing when it is not the store but the variable that --key names. */
static bool key_is_there(const char *key)
{
  if (strncmp(key, "env:", 4) != 0) return true;
  return getenv(key + 4) != NULL; /* lint: allow getenv, because --key names the variable */
}

int cli_keep_store(cli *c, bool create, gm_store **out)
{
  gm_text key;
  const char *url = cli_keep_url(c);
  int code = cli_keep_place(c, url);
  if (code) return code;
  if (!create && !is_server(url) && !cli_exists(url))
    return cli_keep_say(c, url, ": there is no store; gemel store new makes one");
  code = cli_keep_key(c, url, &key);
  if (!code) {
    gm_store_options o = {.url = url, .master = key.data, .create = create};
    gm_status s = gm_store_open(c->ctx, &o, out);
    bool none = s == GM_ENOTFOUND && !create && key_is_there(key.data);
    if (none)
      code = cli_say(c, CLI_BAD, "%s; gemel store new makes one", gm_message(c->ctx));
    else if (s)
      code = cli_fail(c, s);
  }
  gm_text_free(&key);
  return code;
}

/* ---- who ------------------------------------------------------------------------------------- */
const char *cli_login(void)
{
  const char *name = getlogin();
  if (name && name[0]) return name;
  const struct passwd *user = getpwuid(getuid()); /* services and containers have no terminal */
  return user && user->pw_name[0] ? user->pw_name : "unknown";
}

static int who_read(cli *c, gm_access_who *who, char role[32])
{
  const char *as = cli_value(c, "as"), *use = cli_value(c, "for");
  const char *name = as ? strchr(as, ':') : NULL;
  snprintf(role, 32, "%.*s", name ? (int)(name - as) : 31, as ? as : "clinician");
  int32_t number = gm_access_role_of(role);
  if (number < 0)
    return cli_say(c, CLI_BAD,
                   "--as %s: no such role; patient, clinician, researcher, device, operator or "
                   "auditor is expected",
                   role);
  who->role = (gm_access_role)number;
  who->actor = name && name[1] ? name + 1 : cli_login();
  if (who->role == GM_AS_PATIENT) who->subject = who->actor;
  bool operates = who->role == GM_AS_OPERATOR || who->role == GM_AS_AUDITOR;
  number = use ? gm_use_of(use) : operates ? GM_USE_OPERATION : GM_USE_CARE;
  if (number < 0)
    return cli_say(c, CLI_BAD,
                   "--for %s: no such purpose; care, model-training, virtual-population, "
                   "research-export or operation is expected",
                   use);
  who->use = (gm_use)number;
  who->emergency = cli_value(c, "emergency");
  return CLI_DONE;
}

int cli_keep_open(cli *c, bool create, cli_keep *k)
{
  char role[32];
  gm_access_who who = {0};
  *k = (cli_keep){0};
  cli_private(); /* what comes out of a store is a patient's */
  int code = who_read(c, &who, role);
  if (!code) code = cli_keep_store(c, create, &k->store);
  if (code) return code;
  gm_status s = gm_session_open(k->store, c->ctx, &who, &k->session);
  return s ? cli_fail(c, s) : CLI_DONE;
}

int cli_keep_life(cli *c, cli_keep *k)
{
  double as_of = NAN;
  int code = cli_keep_open(c, false, k);
  if (!code) code = cli_unix_option(c, "as-of", &as_of);
  if (code) return code;
  gm_life_options o = {.session = k->session,
                       .twin = c->argument[0],
                       .as_of = isnan(as_of) ? 0 : (int64_t)(as_of * 1e6),
                       .pool = c->pool,
                       .watch = &c->watch};
  gm_status s = gm_life_open(c->ctx, &o, &k->life);
  if (s == GM_ENOTFOUND) s = gm_fail_at(c->ctx, s, "twin %.80s", c->argument[0]);
  return s ? cli_fail(c, s) : CLI_DONE;
}

void cli_keep_close(cli_keep *k)
{
  gm_life_free(k->life);
  gm_session_close(k->session);
  gm_store_close(k->store);
  *k = (cli_keep){0};
}

/* ---- times ----------------------------------------------------------------------------------- */
gm_status cli_unix_time(gm_ctx *ctx, const char *what, const char *text, double *out_s)
{
  gm_fhir_time t;
  double v;
  if (gm_fhir_time_read(text, &t) && t.precision >= GM_FHIR_DAY) {
    *out_s = t.begin_s;
    return GM_OK;
  }
  if (gm__number_parse(text, &v)) {
    *out_s = v;
    return GM_OK;
  }
  return gm_fail(ctx, GM_EPARSE,
                 "%s %.60s: a time such as 2024-05-01T08:00:00Z, a day or Unix seconds is expected",
                 what, text);
}

int cli_unix_option(cli *c, const char *name, double *out_s)
{
  char what[64];
  const char *text = cli_value(c, name);
  *out_s = NAN;
  if (!text) return CLI_DONE;
  snprintf(what, sizeof what, "--%s", name);
  gm_status s = cli_unix_time(c->ctx, what, text, out_s);
  return s ? cli_fail(c, s) : CLI_DONE;
}

const char *cli_unix_text(double t_s, char *text)
{
  struct tm tm;
  time_t t = (time_t)floor(t_s);
  if (!isfinite(t_s) || fabs(t_s) > 1e11 || !gmtime_r(&t, &tm) ||
      !strftime(text, 40, "%Y-%m-%d %H:%M:%S UTC", &tm))
    snprintf(text, 40, "-");
  return text;
}

const char *cli_age_text(double age_s, char *text)
{
  double a = fabs(age_s);
  const char *unit = a < 90 ? "s" : a < 5400 ? "min" : a < 172800 ? "h" : "days";
  double by = a < 90 ? 1 : a < 5400 ? 60 : a < 172800 ? 3600 : 86400;
  if (!isfinite(age_s))
    snprintf(text, 32, "-");
  else
    snprintf(text, 32, a / by < 999.5 ? "%.3g %s" : "%.0f %s", age_s / by, unit);
  return text;
}

const char *cli_ago_text(double age_s, char *text)
{
  char age[32];
  snprintf(text, 40,
           age_s < 0         ? "in %s"
           : isfinite(age_s) ? "%s ago"
                             : "none",
           cli_age_text(fabs(age_s), age));
  return text;
}
