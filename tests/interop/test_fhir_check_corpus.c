/* test_fhir_check_corpus.c - resources of fuzz/corpus/fhir_check through the fuzzer's function.
 * label: quick */
#include "../../fuzz/fuzz_fhir_check.c"

static const char corpus_folder[] = "fuzz/corpus/fhir_check";
static const char corpus_letters[] = "{}[]:,\"#/_|.-+0129eEZTurnVvxdaI \n\xC3\xA9";
enum { corpus_cuts = 20, corpus_changes = 60, corpus_mends = 2 };
#include "support/corpus.h"

int main(void) { return corpus_main(); }
