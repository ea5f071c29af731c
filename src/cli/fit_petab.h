/* fit_petab.h - `gemel fit` of a PEtab problem. */
#ifndef GM_CLI_FIT_PETAB_H
#define GM_CLI_FIT_PETAB_H
#include "cli/cli.h"

/* Is this file a PEtab problem, rather than a definition? */
bool cli_is_petab(gm_ctx *ctx, const char *path);
/* The verb for it. Returns its exit code. */
int cli_fit_petab(cli *c);
#endif
