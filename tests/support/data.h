/* data.h - the folder of published data that some tests use when it is there.
 * It is GEMEL_DATA, otherwise ../shared/data from the project's root, where tests run. */
#ifndef GEMEL_TESTS_DATA_H
#define GEMEL_TESTS_DATA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The folder, or NULL when there is none. Static text. */
const char *data_folder(void);
/* Writes the path of a file inside the folder into path; false (path "") when it is not there or
 * room is too small. */
bool data_path(const char *file, char *path, size_t room);
/* Says on stderr that so many checks were left out because the data is not there; adds them up. */
void data_skip(const char *what, int32_t check_count);
int32_t data_skipped(void); /* the sum so far */
#endif
