/* keep.c - stores for the command: where, who asks, for what. */
#include "cli/keep.h"
#include "base/number.h"
#include "gemel/fhir.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- where ----------------------------------------------------------------------------------- */
const char *cli_keep_url(const cli *c)
{
  const char *url = cli_value(c, "store");
  if (!url) url = getenv("GEMEL_STORE"); /* lint: allow getenv, because the help names it */
  return url && url[0] ? url : "gemel.db";
}

void cli_keep_key(const cli *c, const char *url, gm_text *out)
{
  const char *key = cli_value(c, "key");
  if (!key) key = getenv("GEMEL_KEY"); /* lint: allow getenv, because the help names it */
  gm_text_init(out, c->ctx);
  if (key && key[0])
    gm_text_add(out, key);
  else
    gm_text_addf(out, "file:%s.key", url);
}

/* ---- who ------------------------------------------------------------------------------------- */
static const char *login(void)
{
  const char *name = getlogin();
  if (!name) name = getenv("USER"); /* lint: allow getenv, because services have no terminal */
  return name && name[0] ? name : "unknown";
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
  who->actor = name && name[1] ? name + 1 : login();
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
  gm_text key;
  *k = (cli_keep){0};
  int code = who_read(c, &who, role);
  if (code) return code;
  gm_store_options o = {.url = cli_keep_url(c), .create = create};
  cli_keep_key(c, o.url, &key);
  o.master = key.data;
  gm_status s = key.status;
  if (!s) s = gm_store_open(c->ctx, &o, &k->store);
  if (!s) s = gm_session_open(k->store, c->ctx, &who, &k->session);
  gm_text_free(&key);
  if (s == GM_ENOTFOUND && !k->store && !create)
    return cli_say(c, CLI_BAD, "%s; gemel store new makes one", gm_message(c->ctx));
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

double cli_now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
    snprintf(text, 32, "%.3g %s", age_s / by, unit);
  return text;
}
