#!/bin/sh
# label: quick
# tools/setup: says what is missing, and never installs what is there.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$tmp/out" >&2; exit 1; }
setup=$PWD/tools/setup

# A system with the least of commands: no compiler, no cmake, no apt-get, no sudo.
mkdir "$tmp/bin"
export ASKED="$tmp/asked"
for c in sh sed sort head env; do ln -s "$(command -v $c)" "$tmp/bin/$c"; done
printf '#!/bin/sh\necho 0\n' >"$tmp/bin/id"
printf '#!/bin/sh\n' >"$tmp/bin/true" # the shell's own has no file
chmod +x "$tmp/bin/id" "$tmp/bin/true"
bare() { code=0; PATH=$tmp/bin "$@" >"$tmp/out" 2>&1 || code=$?; }

# setup__names_what_is_missing: without apt-get it exits 2 and names the packages of that purpose.
bare sh "$setup" build
[ "$code" = 2 ] || fail "expected code 2, got $code"
for p in gcc libc6-dev cmake ninja-build pkg-config libsleef-dev libnlopt-dev libfyaml-dev \
  libsqlite3-dev libsodium-dev libyajl-dev \
  libsbml5-dev coinor-libclp-dev \
  librandom123-dev; do
  grep -qw -- "$p" "$tmp/out" || fail "$p is not named"
done
! grep -qwE 'libcmocka-dev|pmccabe|clang' "$tmp/out" || fail "build names packages of test or lint"
bare sh "$setup" test
grep -qw libcmocka-dev "$tmp/out" || fail "test does not name libcmocka-dev"
! grep -qw pmccabe "$tmp/out" || fail "test names packages of lint"

# setup__only_what_is_missing: apt-get is asked for the missing packages, without recommended ones.
cat >"$tmp/bin/apt-get" <<'S'
#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >>"$ASKED"
S
printf '#!/bin/sh\necho cmake version 3.31.2\n' >"$tmp/bin/cmake"
printf '#!/bin/sh\nexit 0\n' >"$tmp/bin/pkg-config"
chmod +x "$tmp/bin/apt-get" "$tmp/bin/cmake" "$tmp/bin/pkg-config"
bare sh "$setup" build
[ "$code" = 2 ] || fail "nothing was installed, so code 2 was expected, not $code"
grep -q '^noninteractive .*install --no-install-recommends gcc libc6-dev ninja-build libsbml5-dev coinor-libclp-dev librandom123-dev$' \
  "$tmp/asked" || { cat "$tmp/asked" "$tmp/out" || true; fail "not the packages that are missing"; }
! grep -q update "$tmp/asked" || fail "the lists were fetched though installing did not fail"

# setup__updates_when_needed: a failing install is tried again after one update.
cat >"$tmp/bin/apt-get" <<'S'
#!/bin/sh
echo "$*" >>"$ASKED"
case $* in *update*) : >"$ASKED.updated" ;; *) [ -f "$ASKED.updated" ] ;; esac
S
: >"$tmp/asked"
bare sh "$setup" build
[ "$(grep -c install "$tmp/asked")" = 2 ] && [ "$(grep -c update "$tmp/asked")" = 1 ] ||
  { cat "$tmp/asked" "$tmp/out" || true; fail "expected install, update, install"; }

# setup__old_cmake_is_missing: CMake below 3.25 does not count.
printf '#!/bin/sh\necho cmake version 3.18.4\n' >"$tmp/bin/cmake"
rm "$tmp/bin/apt-get"
bare sh "$setup" build
grep -qw cmake "$tmp/out" && [ "$code" = 2 ] || fail "CMake 3.18 was accepted"

# setup__silent_when_complete: with everything there, nothing is said or done.
code=0
sh "$setup" test >"$tmp/out" 2>&1 </dev/null || code=$?
[ "$code" = 0 ] && [ ! -s "$tmp/out" ] || fail "expected silence and code 0, got $code"

# setup__bad_purpose: an unknown purpose is bad use.
bare sh "$setup" everything
[ "$code" = 2 ] && grep -q usage "$tmp/out" || fail "bad use was accepted"
