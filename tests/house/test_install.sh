#!/bin/sh
# label: full
# Gemel as others get it: installed to an empty place, used by a program that knows only that place.
set -eu
build=${GEMEL_BUILD:-build/release}
cache=$build/CMakeCache.txt
[ -f "$cache" ] || { echo "no build in $build (GEMEL_BUILD names it)" >&2; exit 1; }
value() { sed -n "s/^$1:[A-Z]*=//p" "$cache"; }

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# A library with sanitizers or coverage needs its programs built the same way.
cc=$(value CMAKE_C_COMPILER)
sanitize=$(value GEMEL_SANITIZE)
flags="-O1 -Wall -Wextra -Werror${sanitize:+ -fsanitize=$sanitize}"
version=$(value CMAKE_PROJECT_VERSION)
[ -n "$version" ] || fail "the build names no version"

cmake --install "$build" --prefix "$tmp/first" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "install"; }
# An installed tree may be moved: everything below uses it from another place.
mv "$tmp/first" "$tmp/prefix"
prefix=$tmp/prefix
libdir=$prefix/$(value CMAKE_INSTALL_LIBDIR)

# install__make_build_makes_it_all: a tree in which nothing but `make build` ran can be installed.
if [ -f "$build/build.ninja" ]; then
  (cd "$build" && ninja -t query programs) >"$tmp/made"
  for f in "$prefix"/bin/*; do
    grep -qx " *$(basename "$f")" "$tmp/made" || fail "make build does not make $(basename "$f")"
  done
else
  echo "skipped: what make build makes (only ninja tells)"
fi

# install__headers_are_complete: what is installed is what include/gemel has, but program.h, whose
# code is in commands alone.
(cd include/gemel && ls *.h | grep -vx program.h) >"$tmp/want"
(cd "$prefix/include/gemel" && ls) >"$tmp/have"
diff "$tmp/want" "$tmp/have" || fail "installed headers differ from include/gemel"

# install__headers_stand_alone: each compiles as the only include of a C17 and of a C++17 program.
if command -v g++ >/dev/null 2>&1; then cxx="g++ -x c++"
elif command -v clang >/dev/null 2>&1; then cxx="clang -x c++"
else
  cxx=
  echo "skipped: $(wc -l <"$tmp/want") headers as C++ (neither g++ nor clang is here)"
fi
while read -r h; do
  echo "#include <gemel/$h>" >"$tmp/alone.c"
  "$cc" -x c -std=c17 -fsyntax-only -Wall -Wextra -Werror -I"$prefix/include" "$tmp/alone.c" ||
    fail "gemel/$h does not compile alone as C17"
  [ -z "$cxx" ] ||
    $cxx -std=c++17 -fsyntax-only -Wall -Wextra -Werror -I"$prefix/include" "$tmp/alone.c" ||
    fail "gemel/$h does not compile alone as C++17"
done <"$tmp/want"

# install__only_public_names: the library shows no symbol but gm_*, and none that is internal (gm__*).
nm -D --defined-only "$libdir/libgemel.so" | awk '$2 ~ /[TDBRV]/ { print $3 }' >"$tmp/names"
[ -s "$tmp/names" ] || fail "the library shows no symbols"
if [ -z "$sanitize" ] && [ "$(value GEMEL_COVERAGE)" != ON ]; then
  ! grep -vE '^gm_[^_]' "$tmp/names" || fail "names above are visible, but not public"
fi

# install__nothing_of_the_build_place: no text file names the source or the build folder.
! grep -rIl -e "$(value CMAKE_HOME_DIRECTORY)/" "$prefix" || fail "files above name the source folder"

run() { # run HOW PROGRAM: it must say the version that was built, from the installed library
  said=$("$2") || fail "$1: the program fails"
  [ "$said" = "Gemel $version" ] || fail "$1: expected 'Gemel $version', got '$said'"
  ldd "$2" | grep -q "libgemel.so.0 => $libdir/" || fail "$1: another libgemel is used"
  echo "$1: $said"
}

# install__pkg_config: the example builds with what pkg-config says, and nothing else.
cp -r examples/embed "$tmp/by-pc"
PKG_CONFIG_PATH=$libdir/pkgconfig make -s -C "$tmp/by-pc" CC="$cc" CFLAGS="$flags" || fail "pkg-config"
run pkg-config "$tmp/by-pc/embed"

# install__find_package: the same with CMake's package.
cmake -S examples/embed -B "$tmp/by-cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
  -DCMAKE_C_FLAGS="$flags" >"$tmp/log" 2>&1 && cmake --build "$tmp/by-cmake" >>"$tmp/log" 2>&1 ||
  { cat "$tmp/log"; fail "find_package"; }
run find_package "$tmp/by-cmake/embed"

# install__wrong_version_refused: a program that asks for another minor version does not get this one.
sed 's/gemel 0\.1/gemel 0.99/' examples/embed/CMakeLists.txt >"$tmp/by-pc/CMakeLists.txt"
if cmake -S "$tmp/by-pc" -B "$tmp/wrong" -DCMAKE_PREFIX_PATH="$prefix" >"$tmp/log" 2>&1; then
  fail "find_package(gemel 0.99) was satisfied by $version"
fi
grep -q 'considered but not accepted' "$tmp/log" || { cat "$tmp/log"; fail "wrong reason"; }

# install__command: when there is a command, the installed one runs.
if [ -x "$build/gemel" ]; then
  "$prefix/bin/gemel" --version | grep -qF "$version" || fail "gemel --version"
fi
