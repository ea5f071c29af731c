/* keep.h - what the verbs of stores share: opening one as somebody for something, times, lives. */
#ifndef GM_CLI_KEEP_H
#define GM_CLI_KEEP_H
#include "cli/cli.h"
#include "gemel/life.h"

#define CLI_KEEP_OPTIONS                                                                           \
  {"store", "URL", "the store: a file or postgresql://... (GEMEL_STORE; gemel.db)", false},        \
      {"key", "SOURCE", "its master key: file:, env: or command: (GEMEL_KEY; file:STORE.key)",     \
       false},                                                                                     \
      {"as", "ROLE[:NAME]", "who asks: clinician (default), patient, researcher, device, ...",     \
       false},                                                                                     \
      {"for", "PURPOSE", "care (default), model-training, virtual-population, research-export",    \
       false},                                                                                     \
  {                                                                                                \
    "emergency", "REASON", "break-glass: read for care without consent; it is logged", false       \
  }

typedef struct {
  gm_store *store;
  gm_session *session;
  gm_life *life; /* of the verb's first argument, when it was asked for */
} cli_keep;

/* Name of who runs the command, "unknown" when nobody knows it; until the next call. */
const char *cli_login(void);
/* All return an exit code, the message printed. Closed also after a failure. */
int cli_keep_open(cli *c, bool create, cli_keep *k);
/* And the twin of the first argument, as of --as-of when the verb has that. */
int cli_keep_life(cli *c, cli_keep *k);
void cli_keep_close(cli_keep *k);

/* ---- how old what it says is (keep_age.c) ---------------------------------------------------- */
typedef struct {
  gm_life_state state;
  bool may; /* whoever asks may see it */
} cli_age;
/* As of --now, else the clock. Twins and forecasts that were had of the life before are gone.
 * Returns an exit code, the message printed. */
int cli_age_look(cli *c, const cli_keep *k, cli_age *out);
/* One line on the twin and its newest datum, and a warning when it is no twin (any more). */
void cli_age_show(const cli *c, const cli_keep *k, const cli_age *a, gm_text *out);
void cli_age_json(const cli *c, const cli_keep *k, const cli_age *a, gm_json_writer *j);

/* ---- where ----------------------------------------------------------------------------------- */
/* The store's address as it was given. It may hold a password: never print it, but its name. */
const char *cli_keep_url(const cli *c);
/* The address without a password and what stands behind a `?`: "postgresql://rosa:***@host/db". */
void cli_keep_name(const char *url, gm_text *out);
/* Prints a message that begins with the address's name. Returns CLI_BAD. */
int cli_keep_say(cli *c, const char *url, const char *what);
/* Whether it is a file or a server that stores can be on. */
int cli_keep_place(cli *c, const char *url);
/* Where its master key is: --key, GEMEL_KEY, or beside a file. text is the caller's, to be freed.
 */
int cli_keep_key(cli *c, const char *url, gm_text *out);
/* --key or GEMEL_KEY; NULL: neither. */
const char *cli_keep_key_given(const cli *c);
/* Opens it without a session. *out is the caller's. */
int cli_keep_store(cli *c, bool create, gm_store **out);

/* "2024-05-01T08:00:00Z", "2024-05-01" (midnight UTC) or Unix seconds. */
gm_status cli_unix_time(gm_ctx *ctx, const char *what, const char *text, double *out_s);
/* The option as Unix seconds; NaN: not given. */
int cli_unix_option(cli *c, const char *name, double *out_s);
/* "2024-05-01 08:00:05 UTC"; returns text [40]. */
const char *cli_unix_text(double t_s, char *text);
/* "3.2 days", "5 min"; returns text [32]. */
const char *cli_age_text(double age_s, char *text);
/* "3.2 days ago", "in 5 min", "none" of NaN; returns text [40]. */
const char *cli_ago_text(double age_s, char *text);
#endif
