/* test_json_corpus.c - JSON texts of fuzz/corpus/json through the fuzzer's function.
 * label: quick */
#include "../../fuzz/fuzz_json.c"

static const char corpus_folder[] = "fuzz/corpus/json";
static const char corpus_letters[] = "{}[]:,\"\\ \n\t0129-+.eEutrfalsn\xC3\xA9\xED\xF0\x9D\x84\x9E";
enum { corpus_cuts = 60, corpus_changes = 120, corpus_mends = 2 };
#include "support/corpus.h"

int main(void) { return corpus_main(); }
