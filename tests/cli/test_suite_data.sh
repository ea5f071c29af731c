#!/bin/sh
# label: full, long
# The developer cases of the SBML Test Suite, where they are (GEMEL_DATA, else ../shared/data):
# none silently wrong, the cases without their external files refused, the shares asked for.
# GEMEL_FULL=1: all stochastic cases (four minutes of a processor); without it every fourth.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
data=${GEMEL_DATA:-../shared/data}/sbml
[ -d "$data/semantic" ] || { echo "skipped: 1081 semantic and 60 stochastic cases ($data is not there)"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $*" >&2; grep -E ' (wrong|broken)' "$tmp/out" >&2 || true; tail -n 12 "$tmp/out" >&2; exit 1; }

# suite__semantic_cases: no case wrong; at least 99 % of plain and event cases, 95 % of all.
code=0
"$gemel" suite "$data/semantic" --quiet >"$tmp/out" 2>&1 || code=$?
[ "$code" = 0 ] || fail "semantic: code $code"
awk '$1 == "plain" || $1 == "event" { n++; if ($3 < 0.99 * $2) exit 1 }
  $1 == "all" { n++; if ($3 < 0.95 * $2) exit 1 } END { exit n != 3 }' "$tmp/out" ||
  fail "semantic: too few match"
# their external model files are not in the data
for n in 01165 01167 01168 01472 01473 01475; do
  [ -d "$data/semantic/$n" ] || continue
  grep -q "^$n refused: .*external" "$tmp/out" || fail "$n is to be refused"
done
tail -n 9 "$tmp/out"

# suite__stochastic_cases: all within the suite's rule, 10,000 runs each and at most three sets of them;
# but 00003, whose sd is that of a heavy tail (a nearly critical birth and death process) and takes a
# fourth: its law is checked against the closed form in tests/jump/test_jump_laws.c.
if [ -d "$data/stochastic" ]; then
  mkdir "$tmp/stochastic"
  cases=0
  for d in "$data"/stochastic/*/; do
    n=$(basename "$d")
    [ "${GEMEL_FULL:-}" = 1 ] || [ $((1${n} % 4)) = 3 ] || continue
    cp -r "$d" "$tmp/stochastic/$n"
    cases=$((cases + 1))
  done
  echo "stochastic: $((60 - cases)) of 60 cases left out, which GEMEL_FULL=1 adds"
  "$gemel" suite "$tmp/stochastic" --quiet >"$tmp/out" 2>&1 || true
  [ "$(awk '$2 == "wrong:" || $2 == "broken:" { print $1 }' "$tmp/out" | tr -d '\n')" = 00003 ] || fail "stochastic"
  awk -v n=$cases '$1 == "all" { exit !($2 == n && $3 == n - 1) }' "$tmp/out" || fail "stochastic: totals"
  tail -n 4 "$tmp/out"
fi

# export__keeps_the_meaning: every semantic case that SBML Level 3 Version 2 core can say, written out
# by gemel export and read again, still gives what is expected.
mkdir "$tmp/copy"
for d in "$data"/semantic/*/; do
  n=$(basename "$d")
  ! grep -q '^packagesPresent:.*fbc' "$d/$n-model.m" || continue
  model=$(ls "$d" | grep -E -- '-sbml-l[0-9]v[0-9]\.xml$' | sort | tail -n 1)
  mkdir "$tmp/copy/$n"
  if "$gemel" export "$d/$model" --to sbml --out "$tmp/copy/$n/$n-sbml-l3v2.xml" >"$tmp/out" 2>&1; then
    cp "$d/$n-model.m" "$d/$n-settings.txt" "$d/$n-results.csv" "$tmp/copy/$n/"
  else
    grep -q 'no fast reactions\|external model' "$tmp/out" || fail "export of $n: $(cat "$tmp/out")"
    rmdir "$tmp/copy/$n"
  fi
done
"$gemel" suite "$tmp/copy" --quiet >"$tmp/out" 2>&1 || fail "exported"
tail -n 1 "$tmp/out"
awk '$1 == "all" && $2 > 1000 && $3 > 0.99 * $2 { ok = 1 } END { exit !ok }' "$tmp/out" || fail "exported: too few"
