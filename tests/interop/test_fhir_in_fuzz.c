/* test_fhir_in_fuzz.c - resources of fuzz/corpus/fhir through the fuzzer's function.
 * label: quick */
#include "../../fuzz/fuzz_fhir.c"

static const char corpus_folder[] = "fuzz/corpus/fhir";
static const char corpus_letters[] = "{}[]:,\"\\ \n0129-+.eELU<>=#|?/TZaflsn\xC3\xA9";
enum { corpus_cuts = 25, corpus_changes = 60, corpus_mends = 2 };
#include "support/corpus.h"

int main(void) { return corpus_main(); }
