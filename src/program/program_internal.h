/* program_internal.h - between the files of a program. */
#ifndef GM_PROGRAM_INTERNAL_H
#define GM_PROGRAM_INTERNAL_H
#include "gemel/program.h"

/* Reads argv behind the verb. Returns GM_PROGRAM_DONE or an exit code, with a message printed. */
int gm__options_read(gm_program *p, int argc, char **argv);
/* Whether no file that is to be written is one that is read, or asked for twice. An exit code. */
int gm__outputs_check(const gm_program *p);
void gm__progress_init(gm_progress *p, bool shown);
/* From now on Ctrl-C sets the stop; a second one ends the program as usual. */
void gm__interrupt_catch(void);
#endif
