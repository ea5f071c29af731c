/* test_text_corpus.c - model texts of fuzz/corpus/text through the fuzzer's function.
 * label: quick */
#include "../../fuzz/fuzz_text.c"

static const char corpus_folder[] = "fuzz/corpus/text";
static const char corpus_letters[] = "()+-*/^=:;'\"#\n.,&|!<>{}[]\\ 0129eaxz_%$";
enum { corpus_cuts = 60, corpus_changes = 60, corpus_mends = 2 };
#include "support/corpus.h"

int main(void) { return corpus_main(); }
