#!/bin/sh
# label: quick
# Every check of tools/lint.d sees what it is for: each case plants one violation in a small tree
# that is good otherwise, and names the place that the check must report. A good tree stays silent.
set -eu
lint=$PWD/tools/lint.d
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tree=$tmp/tree
cases=0
failed=0
skipped=0

fail() {
  echo "FAILED: $*"
  sed 's/^/  | /' "$tmp/out"
  failed=$((failed + 1))
}

# good_tree: a tree in which no check finds anything
good_tree() {
  rm -rf "$tree"
  mkdir -p "$tree/include/gemel" "$tree/src/base" "$tree/src/num" "$tree/src/model" \
    "$tree/src/kinds/jump" "$tree/src/kinds/field" "$tree/src/kinds/composite" "$tree/models/m" \
    "$tree/tools"
  cp .clang-format "$tree"
  cat >"$tree/include/gemel/base.h" <<'S'
#ifndef GEMEL_BASE_H
#define GEMEL_BASE_H
int gm_one(void);
#endif
S
  cat >"$tree/src/base/a.c" <<'S'
/* malloc(1) in a comment, "exp(1)" in a literal and s->free() are no calls of libc. */
#include "gemel/base.h"
#include "base/a.h"
#include <stdlib.h>

int gm_one(void)
{
  struct gm__a s = {0};
  if (s.free) s.free(0);
  return "sprintf(x)"[0] ? 1 : '"';
}
S
  cat >"$tree/src/base/a.h" <<'S'
struct gm__a {
  void (*free)(void *p);
};
S
  printf '#include "gemel/base.h"\n#include "base/a.h"\n' >"$tree/src/kinds/jump/jump.c"
  printf 'int gm__jump;\n' >"$tree/src/kinds/jump/jump.h"
  printf '#include "kinds/jump/jump.h"\n' >"$tree/src/kinds/composite/c.c"
  printf '#include "gemel/base.h"\n#include "own.h"\n#include <math.h>\n' >"$tree/models/m/m.c"
  printf '\n' >"$tree/models/m/own.h"
  printf '#!/bin/sh\n[ -n "$1" ]\n' >"$tree/tools/some"
  chmod +x "$tree/tools/some"
}

# have CHECK PROGRAM...: whether the check can run here; a check that cannot is said, not hidden
have() {
  check=$1
  shift
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 && continue
    echo "skipped: cases of the check $check, for lack of $program"
    skipped=$((skipped + 1))
    return 1
  done
}

run() {
  code=0
  "$lint/$1" "$tree" >"$tmp/out" 2>&1 || code=$?
}

good() { # good CHECK
  cases=$((cases + 1))
  run "$1"
  [ "$code" = 0 ] && [ ! -s "$tmp/out" ] || fail "$1: a good tree is refused (code $code)"
}

# caught CHECK PLACE TEXT: the check fails and reports PLACE with TEXT, and nothing else
caught() {
  cases=$((cases + 1))
  run "$1"
  if [ "$code" != 1 ]; then fail "$1: code $code, expected 1 with $2"
  elif ! grep -F -- "$2" "$tmp/out" | grep -qF -- "$3"; then fail "$1: '$2 .. $3' is not reported"
  elif grep -vqF -- "$2" "$tmp/out"; then fail "$1: more than $2 is reported"
  fi
  good_tree
}

good_tree

if have format clang-format; then
  good format
  printf 'int  x;\n' >"$tree/src/base/b.c"
  caught format src/base/b.c:1: 'make fmt'
fi

if have headers gcc clang; then
  good headers
  printf 'size_t gm_two(void);\n' >"$tree/include/gemel/two.h"
  caught headers include/gemel/two.h:1: size_t
  printf 'int gm_new(int class);\n' >"$tree/include/gemel/two.h"
  caught headers include/gemel/two.h:1: 'c++'
fi

# words: paths of one machine, unfinished business
good words
for path in wor roo; do
  case $path in wor) path="/${path}k/x" ;; roo) path="/${path}t/x" ;; esac
  printf 'see\n%s\n' "$path" >"$tree/notes.md"
  caught words notes.md:2: 'one machine'
done
printf 'x = "/tmp/%s_jobs/1"\n' bash >"$tree/tools/x.sh"
caught words tools/x.sh:1: 'one machine'
for word in TO@DO FIX@ME X@XX; do
  echo "/* $word: later */" | tr -d @ >>"$tree/src/base/a.h"
  caught words src/base/a.h:4: 'finish it'
done
printf 'mktemp /tmp/gemel.X%s; ../work/x; src/work/x\n' XXXXX >"$tree/notes.md"
good words
good_tree

# scripts
good scripts
printf '#!/bin/sh\nif true; then\n' >"$tree/tools/x.sh"
caught scripts tools/x.sh:3: 'yntax error'
printf '#!/bin/sh\n' >"$tree/tools/x"
caught scripts tools/x:1: chmod
if have scripts bash; then
  printf '#!/usr/bin/env bash\nx=(1 2\n' >"$tree/tools/x"
  chmod +x "$tree/tools/x"
  caught scripts tools/x 'unexpected'
fi

# calls
good calls
printf '#include <stdlib.h>\nvoid *f(void) { return malloc(1); }\n' >"$tree/src/num/n.c"
caught calls src/num/n.c:2: gm_alloc
printf 'void f(char *s) {\n  /* a\n  b */ strcpy (s, "x");\n}\n' >"$tree/src/num/n.c"
caught calls src/num/n.c:3: snprintf
printf 'double f(double x) { return exp(x); }\n' >"$tree/src/kinds/jump/n.c"
caught calls src/kinds/jump/n.c:1: gemel/math.h
printf 'double f(double x) { return exp(x) + s.pow(x) + p->log(x) + gm_exp(x); }\n' >"$tree/src/num/n.c"
good calls
printf 'double f(double x) { return pow(x, 2); }\n' >"$tree/models/m/n.c"
caught calls models/m/n.c:1: gemel/math.h
printf 'char *f(void) { return getenv("X"); }\n' >"$tree/src/num/n.c"
caught calls src/num/n.c:1: option
printf 'char *f(void) { return getenv("X"); }\n' >"$tree/src/base/n.c"
good calls
good_tree
for f in calloc realloc free strdup sprintf strcat gets atoi atof strtod strtok rand srand exit abort \
  system popen sscanf lgamma setlocale localtime; do
  printf 'void f(void) {\n  %s(0); }\n' "$f" >"$tree/src/model/n.c"
  caught calls src/model/n.c:2: "$f()"
done
for f in log log1p sin cos tan atan2 sinh tanh erf tgamma cbrt hypot expf clock_gettime; do
  printf 'void f(void) {\n  %s(0); }\n' "$f" >"$tree/src/model/n.c"
  caught calls src/model/n.c:2: "$f()"
done
printf 'void f(void *p) { free(p); } /* lint: allow free, because yaml gave it */\n' >"$tree/src/num/n.c"
good calls
printf 'void f(void *p) { free(p); } /* lint: allow free */\n' >"$tree/src/num/n.c"
caught calls src/num/n.c:1: gm_free
printf 'void f(void *p) { exit(1); } /* lint: allow free, because yaml gave it */\n' >"$tree/src/num/n.c"
caught calls src/num/n.c:1: 'exit()'

# rooms
good rooms
printf '#include "num/n.h"\n' >"$tree/src/base/b.c"
printf '\n' >"$tree/src/num/n.h"
caught rooms src/base/b.c:1: 'lies above'
printf '\n#include <gemel/model.h>\n' >"$tree/src/num/n.c"
printf '\n' >"$tree/include/gemel/model.h"
caught rooms src/num/n.c:2: 'lies above'
printf '#include "gemel/model.h"\n' >"$tree/include/gemel/math.h"
printf '\n' >"$tree/include/gemel/model.h"
caught rooms include/gemel/math.h:1: 'lies above'
printf '#include "kinds/jump/jump.h"\n' >"$tree/src/kinds/field/f.c"
caught rooms src/kinds/field/f.c:1: 'another kind'
printf '#include "gemel/jump.h"\n' >"$tree/src/kinds/field/f.c"
printf '\n' >"$tree/include/gemel/jump.h"
caught rooms src/kinds/field/f.c:1: 'another kind'
printf '#include "base/a.h"\n' >"$tree/models/m/n.c"
caught rooms models/m/n.c:1: 'own folder'
mkdir -p "$tree/models/other"
printf '#include "models/m/own.h"\n' >"$tree/models/other/n.c"
caught rooms models/other/n.c:1: 'own folder'
printf '#include "../num/n.h"\n' >"$tree/src/model/n.c"
caught rooms src/model/n.c:1: 'without ..'
printf '#include "nowhere.h"\n' >"$tree/src/model/n.c"
caught rooms src/model/n.c:1: 'not in the tree'
mkdir -p "$tree/src/attic"
printf '\n' >"$tree/src/attic/n.c"
caught rooms src/attic/n.c:1: 'not in a room'
printf '\n' >"$tree/include/gemel/unheard.h"
caught rooms include/gemel/unheard.h:1: 'room not known'
printf '/* x\n * room: num */\n' >"$tree/include/gemel/unheard.h"
good rooms
printf '#include "gemel/unheard.h"\n' >"$tree/src/base/b.c"
caught rooms src/base/b.c:1: 'of room num'

if have size pmccabe; then
  good size
  { printf 'int f(void)\n{\n'; seq -f '  int x%g = 0;' 69; printf '  return 0;\n}\n'; } >"$tree/src/num/n.c"
  caught size src/num/n.c 'limit is 70'
  { printf 'int f(int x)\n{\n  return 0'; for i in 1 2 3 4 5 6 7 8 9 a b c d e f; do
    printf ' ||\n    x == 0x%s' $i; done; printf ';\n}\n'; } >"$tree/src/num/n.c"
  caught size src/num/n.c 'complexity 16'
  seq -f '/* %g */' 801 >"$tree/src/num/n.c"
  caught size src/num/n.c:801: '800 lines'
  seq -f '/* %g */' 800 >"$tree/src/num/n.c"
  good size
  seq -f '/* %g */' 301 >"$tree/include/gemel/math.h"
  caught size include/gemel/math.h:301: '300 lines'
  printf '/* %095d */\n' 0 >"$tree/src/num/n.c"
  caught size src/num/n.c:1: '101 columns'
  printf '/* %092d\302\265\302\267 */\n' 0 >"$tree/src/num/n.c"
  good size
  good_tree
fi

# build and symbols, on a project of one file for each preset
small_project() {
  mkdir -p "$tree/src/kinds/jump"
  cat >"$tree/CMakeLists.txt" <<'S'
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES C)
add_compile_options(-Wall -Wextra -Werror)
add_library(small OBJECT src/kinds/jump/s.c)
S
  sed '/"buildPresets"/,/^  \]/d;s/^  \],$/  ]/' CMakePresets.json >"$tree/CMakePresets.json"
}
if have build cmake gcc clang; then
  small_project
  printf 'int f(int x);\nint f(int x) { return x; }\n' >"$tree/src/kinds/jump/s.c"
  good build
  good symbols
  printf '#include <math.h>\n#include <stdlib.h>\ndouble (*f)(double) = exp;\nvoid (*g)(void *) = free;\n' \
    >"$tree/src/kinds/jump/s.c"
  good build
  good calls # which cannot see it
  sed -i '4d' "$tree/src/kinds/jump/s.c"
  run build
  caught symbols src/kinds/jump/s.c 'exp()'
  small_project
  printf 'int f(void);\nint f(void)\n{\n  int unused;\n  return 0;\n}\n' >"$tree/src/kinds/jump/s.c"
  run build
  cases=$((cases + 1))
  [ "$code" = 1 ] || fail "build: a warning does not fail it"
  for preset in lint-gcc lint-clang; do
    grep -q "^$preset: the build fails" "$tmp/out" || fail "build: $preset saw no warning"
  done
  grep -q 'src/kinds/jump/s.c:4:.*unused' "$tmp/out" || fail "build: the place of the warning is lost"
  good_tree
fi

# lint__runs_all: after a failed check the others still run, and the summary names each.
mkdir -p "$tree/tools"
cp -r tools/lint tools/lint.d "$tree/tools"
printf 'see TO%s\n' DO >"$tree/notes.md"
code=0
"$tree/tools/lint" words scripts rooms >"$tmp/out" 2>&1 || code=$?
cases=$((cases + 1))
[ "$code" = 1 ] && grep -q '^  words: FAILED' "$tmp/out" && grep -q '^  scripts: good' "$tmp/out" &&
  grep -q '^  rooms: good' "$tmp/out" || fail "lint: summary (code $code)"
# lint__default_is_every_check: without names, each check of the folder has its line in the summary.
"$tree/tools/lint" >"$tmp/out" 2>&1 || true
cases=$((cases + 1))
for check in build calls format headers rooms scripts size symbols words; do
  grep -q "^  $check: " "$tmp/out" || fail "lint: $check was not run"
done
[ "$(ls "$lint" | grep -vc '\.')" = 9 ] || fail "a check of tools/lint.d has no test here"

code=0
"$tree/tools/lint" nosuch >"$tmp/out" 2>&1 || code=$?
[ "$code" = 2 ] || fail "lint: an unknown check gives code $code"

# lint__missing_tool_is_no_success: a check that cannot run says so.
code=0
mkdir -p "$tmp/bin"
for c in sh dirname sed grep sort find awk cat; do
  for d in /usr/bin /bin; do [ ! -x "$d/$c" ] || ln -sf "$d/$c" "$tmp/bin/$c"; done
done
PATH=$tmp/bin "$lint/size" "$tree" >"$tmp/out" 2>&1 || code=$?
cases=$((cases + 1))
[ "$code" = 2 ] && grep -q 'tools/setup lint' "$tmp/out" || fail "size without pmccabe: code $code"

echo "$cases cases, $failed failed, cases of $skipped checks skipped"
[ "$failed" = 0 ]
