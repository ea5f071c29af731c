/* operator.h - what the verbs of whoever runs a store share. */
#ifndef GM_CLI_OPERATOR_H
#define GM_CLI_OPERATOR_H
#include "cli/keep.h"

/* Whom --as OPERATOR names; the login's name when it does not. Returns an exit code, the message
 * printed. */
int cli_operator(cli *c, gm_access_who *out);
/* The list of erased subjects that restoring from an older backup needs. Before: may it be written
 * there? Only an older list is written over. After: written. Exit codes as above. */
int cli_tombstones_place(cli *c, const char *path);
int cli_tombstones_write(cli *c, gm_session *by, const char *path);
#define CLI_OPERATOR_OPTIONS                                                                       \
  {"store", "URL", "the store: a file or postgresql://... (GEMEL_STORE; gemel.db)", false},        \
      {"key", "SOURCE", "its master key: file:, env: or command: (GEMEL_KEY; file:STORE.key)",     \
       false},                                                                                     \
  {                                                                                                \
    "as", "operator:NAME", "who does it; default: the login", false                                \
  }
#endif
