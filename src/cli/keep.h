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

/* All return an exit code, the message printed. Closed also after a failure. */
int cli_keep_open(cli *c, bool create, cli_keep *k);
/* And the twin of the first argument, as of --as-of when the verb has that. */
int cli_keep_life(cli *c, cli_keep *k);
void cli_keep_close(cli_keep *k);
/* The store's address, and where its master key is; text is the caller's, to be freed. */
const char *cli_keep_url(const cli *c);
void cli_keep_key(const cli *c, const char *url, gm_text *out);

/* "2024-05-01T08:00:00Z", "2024-05-01" (midnight UTC) or Unix seconds. */
gm_status cli_unix_time(gm_ctx *ctx, const char *what, const char *text, double *out_s);
/* The option as Unix seconds; NaN: not given. */
int cli_unix_option(cli *c, const char *name, double *out_s);
double cli_now_s(void); /* Unix seconds of the clock */
/* "2024-05-01 08:00:05 UTC"; returns text [40]. */
const char *cli_unix_text(double t_s, char *text);
/* "3.2 days", "5 min"; returns text [32]. */
const char *cli_age_text(double age_s, char *text);
#endif
