/* postgres.c - one server for a test program: made, started, awaited, ended by its number. */
#include "support/postgres.h"
#include "store/db.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 400, WAIT_MS = 60000 };
static char programs[PATH_ROOM], folder[80], data[100], address[PATH_ROOM];
static pid_t server = -1, owner = -1;
static uid_t user;
static gid_t group;

static const char *skip(const char *why)
{
  fprintf(stderr, "skipped: 1 PostgreSQL server (%s); tests run on SQLite alone\n", why);
  return NULL;
}

/* A server that is installed and cannot be had is a failure of the tests: half of them would be
 * left out, and nobody would notice. What it said itself is in its log. */
static _Noreturn void broken(const char *why)
{
  char path[120], line[400];
  fprintf(stderr, "FAILED: the PostgreSQL server of the tests: %s\n", why);
  snprintf(path, sizeof path, "%s/log", folder);
  FILE *log = folder[0] ? fopen(path, "r") : NULL;
  while (log && fgets(line, sizeof line, log)) fprintf(stderr, "  %s", line);
  if (log) fclose(log);
  exit(1);
}

/* Debian keeps each version's programs in a folder of its own. */
static bool programs_find(void)
{
  static const char root[] = "/usr/lib/postgresql";
  int newest = 0;
  DIR *d = opendir(root);
  for (struct dirent *e; d && (e = readdir(d));) {
    int version = atoi(e->d_name);
    if (version > newest) newest = version;
  }
  if (d) closedir(d);
  snprintf(programs, sizeof programs, "%s/%d/bin/postgres", root, newest);
  bool there = newest && access(programs, X_OK) == 0;
  *strrchr(programs, '/') = 0;
  return there;
}

/* The program goes on as its own user, and ends with the test whatever ends that. */
static void become(char *const word[])
{
  char log[120];
  snprintf(log, sizeof log, "%s/log", folder);
  bool good =
      geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
  int out = open(log, O_CREAT | O_WRONLY | O_APPEND, 0600);
  good = good && prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0 && out >= 0 && dup2(out, 1) == 1 &&
         dup2(out, 2) == 2 && chdir(folder) == 0;
  if (good) execv(word[0], word);
  _exit(127);
}

static pid_t start(char *const word[])
{
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) become(word);
  return pid;
}

static bool ended_well(pid_t pid)
{
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

static bool cluster_make(void)
{
  char path[PATH_ROOM + 20];
  snprintf(path, sizeof path, "%s/initdb", programs);
  char *const word[] = {path,    "-D",        data,         "-A", "trust", "-U",
                        "gemel", "--no-sync", "--locale=C", "-E", "UTF8",  "--no-instructions",
                        NULL};
  return ended_well(start(word));
}

static bool answers(void)
{
  gm_ctx *ctx = NULL;
  gm__db *d = NULL;
  gm_status st = gm_ctx_new(NULL, &ctx);
  for (int waited_ms = 0; !st && waited_ms < WAIT_MS; waited_ms += 20) {
    struct timespec nap = {0, 20000000};
    st = gm__db_open(ctx, address, true, &d);
    if (!st || waitpid(server, NULL, WNOHANG) == server) break;
    nanosleep(&nap, NULL);
    st = GM_OK;
  }
  bool good = d;
  gm__db_close(d);
  gm_ctx_free(ctx);
  return good;
}

static bool server_start(void)
{
  char path[PATH_ROOM + 20];
  snprintf(path, sizeof path, "%s/postgres", programs);
  char *const word[] = {path,
                        "-D",
                        data,
                        "-k",
                        folder,
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "shared_buffers=32MB",
                        "-c",
                        "max_connections=60",
                        NULL};
  server = start(word);
  return server > 0 && answers();
}

static int entry_remove(const char *path, const struct stat *info, int kind, struct FTW *at)
{
  (void)info, (void)kind, (void)at;
  return remove(path);
}

/* At the end of the program, but not of one that it forked. */
static void stop(void)
{
  if (owner != getpid()) return;
  if (server > 0 && kill(server, SIGINT) == 0) waitpid(server, NULL, 0);
  nftw(folder, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static bool memory_has_room(void)
{
  struct statvfs v;
  return !getenv("GEMEL_TEST_DISK") && access("/dev/shm", W_OK) == 0 &&
         statvfs("/dev/shm", &v) == 0 && (double)v.f_bavail * (double)v.f_frsize > 2e9;
}

/* Folders of tests that were killed: their process is no more. */
static void leftovers_remove(const char *where)
{
  static const char prefix[] = "gemel-pg-";
  char path[PATH_ROOM];
  DIR *d = opendir(where);
  for (struct dirent *e; d && (e = readdir(d));) {
    if (strncmp(e->d_name, prefix, sizeof prefix - 1) != 0) continue;
    pid_t pid = (pid_t)atoi(e->d_name + sizeof prefix - 1);
    if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH) continue;
    snprintf(path, sizeof path, "%s/%s", where, e->d_name);
    nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
  }
  if (d) closedir(d);
}

/* A socket's path has at most 107 bytes. */
static bool folder_make(void)
{
  const char *where = memory_has_room() ? "/dev/shm" : getenv("TMPDIR");
  if (!where || !where[0] || strlen(where) > 50) where = "/tmp";
  leftovers_remove(where);
  snprintf(folder, sizeof folder, "%s/gemel-pg-%d-XXXXXX", where, (int)getpid());
  if (!mkdtemp(folder)) return false;
  snprintf(data, sizeof data, "%s/data", folder);
  snprintf(address, sizeof address, "postgresql:///postgres?host=%s&user=gemel", folder);
  owner = getpid();
  atexit(stop);
  return geteuid() != 0 || chown(folder, user, group) == 0;
}

static bool built_in(void)
{
  gm_ctx *ctx = NULL;
  gm__db *d = NULL;
  if (gm_ctx_new(NULL, &ctx)) return false;
  bool is = gm__db_open(ctx, "postgresql:///none?host=/none", false, &d) != GM_EUNSUPPORTED;
  gm_ctx_free(ctx);
  return is;
}

static const char *first_start(void)
{
  const struct passwd *p = geteuid() == 0 ? getpwnam("postgres") : NULL;
  if (!built_in()) return skip("this build has no libpq");
  if (!programs_find()) return skip("package postgresql is not installed");
  if (geteuid() == 0 && !p) return skip("there is no user postgres to be instead of root");
  if (p) user = p->pw_uid, group = p->pw_gid;
  if (!folder_make()) broken("no folder for it");
  if (!cluster_make()) broken("initdb failed");
  if (!server_start()) broken("it does not come up");
  return address;
}

const char *postgres_url(void)
{
  static bool asked;
  static const char *url;
  if (!asked) url = first_start();
  asked = true;
  return url;
}

const char *postgres_folder(void) { return folder[0] ? folder : NULL; }
int32_t postgres_pid(void) { return (int32_t)server; }

bool postgres_again(void)
{
  if (server > 0) waitpid(server, NULL, 0); /* nothing to wait for when that was done */
  return server_start();
}
