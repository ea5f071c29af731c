/* check_identify.h - gemel check --identify: which unknowns perfect measurements would tell. */
#ifndef GM_CLI_CHECK_IDENTIFY_H
#define GM_CLI_CHECK_IDENTIFY_H
#include "cli/cli.h"

#define CLI_CHECK_IDENTIFY_OPTIONS                                                                 \
  {"identify", NULL, "which parameters could perfect measurements tell?", false},                  \
      {"output", "EXPRESSION", "with --identify: what is measured", true},                         \
      {"input", "STATE", "with --identify: a dose goes in here, known, whenever wanted", true},    \
      {"unknown", "NAME", "with --identify: a parameter, or a state with unknown start", true},    \
      {"known", "NAME", "with --identify: this parameter has the model's value", true},            \
  {                                                                                                \
    "free-start", NULL, "with --identify: every state's start is unknown", false                   \
  }

/* Writes the verdicts. Returns an exit code: CLI_NO when something asked for cannot be found. */
int cli_check_identify(cli *c);
/* Fails where an option of --identify with a model is given without either: GM_EINVAL. */
gm_status cli_check_identify_absent(cli *c, bool identify);
#endif
