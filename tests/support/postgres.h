/* postgres.h - a PostgreSQL server of the tests' own, from Debian's package.
 * In a folder in memory (/dev/shm) when there is room, so that its many syncs cost little, else
 * below TMPDIR or /tmp (with GEMEL_TEST_DISK set: always); on a socket in that folder, without TCP;
 * as user postgres when the test runs as root, which the server refuses to be. It ends with the
 * program. */
#ifndef GEMEL_TESTS_POSTGRES_H
#define GEMEL_TESTS_POSTGRES_H
#include <stdbool.h>
#include <stdint.h>

/* URL of its database, empty when it is first asked for; the server is started then. NULL: there is
 * none to start (this build has no libpq, it is not installed, no user for it), and why was said on
 * stderr. One that is there and does not come up ends the program as failed. Static text. */
const char *postgres_url(void);
/* The folder that holds all of its files. Static text; NULL before postgres_url. */
const char *postgres_folder(void);
/* Number of its process: for tests that let it die. */
int32_t postgres_pid(void);
/* Starts it anew after its end, with what is on the disk; false: it does not come up. */
bool postgres_again(void);
#endif
