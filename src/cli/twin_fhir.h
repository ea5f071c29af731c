/* twin_fhir.h - the FHIR Bundle of a kept twin: what export and propose share. */
#ifndef GM_CLI_TWIN_FHIR_H
#define GM_CLI_TWIN_FHIR_H
#include "cli/keep.h"
#include "gemel/fhir_out.h"

/* gm_fhir_out_new for the life's patient and twin at now_s. source is borrowed until the writer is
 * freed. */
gm_status cli_fhir_begin(const cli *c, const cli_keep *k, double now_s, const char *source,
                         gm_text *out, gm_fhir_out **w);
/* The twin as Device, as it stands now. */
gm_status cli_fhir_device(const cli *c, const cli_keep *k, gm_fhir_out *w);
/* May what is held of this kind be carried off as FHIR? And what was, into the audit log. */
gm_status cli_fhir_may(const cli *c, const cli_keep *k, gm_record_kind kind, gm_data_class of);
gm_status cli_fhir_note(const cli *c, const cli_keep *k, int64_t count);
#endif
