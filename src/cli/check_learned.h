/* check_learned.h - gemel check DEFINITION --identify --data FILE: what these data tell of each
 * parameter, for models of every kind. */
#ifndef GM_CLI_CHECK_LEARNED_H
#define GM_CLI_CHECK_LEARNED_H
#include "cli/cli.h"

/* Writes a table for each subject. Returns an exit code: CLI_NO when some parameter is told by the
 * data of none. */
int cli_check_learned(cli *c);
#endif
