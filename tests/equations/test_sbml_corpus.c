/* test_sbml_corpus.c - documents of fuzz/corpus/sbml through the fuzzer's function.
 * label: quick */
#include "../../fuzz/fuzz_sbml.c"

static const char corpus_folder[] = "fuzz/corpus/sbml";
static const char corpus_letters[] = "<>/=\"' &;abmx019.-+:!?[]#\n";
enum { corpus_cuts = 30, corpus_changes = 40, corpus_mends = 4 };
#include "support/corpus.h"

int main(void) { return corpus_main(); }
