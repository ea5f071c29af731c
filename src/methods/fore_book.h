/* fore_book.h - what the book of scores holds; shared by its arithmetic and its text. */
#ifndef GM_METHODS_FORE_BOOK_H
#define GM_METHODS_FORE_BOOK_H
#include "gemel/forecast.h"
#include "methods/fore_exact.h"

/* Exact sums of a row. TWIN: the twin's CRPS on the same outcomes. AA to NN are over closed
 * subjects, products of their sums: twin's CRPS a, own CRPS b, count n. */
/* clang-format off */
#define GM__BOOK_SUMS(X)                                                                           \
  X(CRPS, "crps")                                                                                  \
  X(LOG, "log")                                                                                    \
  X(WIS, "wis")                                                                                    \
  X(BIAS, "bias")                                                                                  \
  X(SAID50, "said50")                                                                              \
  X(SAID90, "said90")                                                                              \
  X(TWIN, "twin")                                                                                  \
  X(AA, "aa")                                                                                      \
  X(AB, "ab")                                                                                      \
  X(BB, "bb")                                                                                      \
  X(BN, "bn")                                                                                      \
  X(NN, "nn")                                                                                      \
  X(OPEN_A, "open-a")                                                                              \
  X(OPEN_B, "open-b")
#define GM__BOOK_COUNTS(X)                                                                         \
  X(N, "n")                                                                                        \
  X(LOG_INFINITE, "log-infinite")                                                                  \
  X(LOG_NONE, "log-none")                                                                          \
  X(IN50, "in50")                                                                                  \
  X(IN90, "in90")                                                                                  \
  X(SUBJECTS, "subjects")                                                                          \
  X(OPEN_N, "open-n")
/* clang-format on */
enum {
#define GM_X(id, name) GM__SUM_##id,
  GM__BOOK_SUMS(GM_X)
#undef GM_X
      GM__SUM_COUNT
};
enum {
#define GM_X(id, name) GM__COUNT_##id,
  GM__BOOK_COUNTS(GM_X)
#undef GM_X
      GM__COUNT_COUNT
};
enum { GM__NAME_BYTES_MAX = 200, GM__HORIZONS_MAX = 1000 };

typedef struct {
  char *observable, *forecaster; /* owned */
  int32_t horizon;
  gm__exact sum[GM__SUM_COUNT];
  int64_t count[GM__COUNT_COUNT], pit[GM_BOOK_BINS];
} gm__book_row;

struct gm_book {
  gm_ctx *ctx;
  int32_t horizon_count, row_count, row_room;
  double *horizon;    /* owned */
  gm__book_row **row; /* owned, sorted; a row with no outcome yet is not shown */
};

/* The row of that name, made empty when there is none. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__book_row_of(gm_book *b, const char *observable, int32_t horizon,
                                       const char *forecaster, gm__book_row **out);
#endif
