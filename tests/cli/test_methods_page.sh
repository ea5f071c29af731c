#!/bin/sh
# label: quick
# docs/methods.md names what there is: functions and headers of include/, options of the command, pages
# and tests that it points to.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
page=docs/methods.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAILED: $page: $*" >&2; exit 1; }
names=0
# every PATTERN: what the page has of it, one a line, counted
every() {
  grep -oe "$1" $page | tr -d '`()' | sort -u >"$tmp/found" || true
  [ -s "$tmp/found" ] || fail "nothing like $1"
  names=$((names + $(wc -l <"$tmp/found")))
}
every '`gm_[a-z0-9_]*'
while read -r w; do
  grep -rqw "$w" include || fail "$w is in no header"
done <"$tmp/found"
every '`gemel/[a-z_]*\.h`'
while read -r w; do
  [ -f "include/$w" ] || fail "no $w"
done <"$tmp/found"
every 'tests/[a-z_/]*\.c'
while read -r w; do
  [ -f "$w" ] || fail "no $w"
done <"$tmp/found"
every '([a-z-]*\.md)'
while read -r w; do
  [ -f "docs/$w" ] || fail "no $w"
done <"$tmp/found"
every '`--[a-z-]*\|`gemel [a-z]* [^`]*--[a-z-]*'
for v in run fit simulate sensitivity compare propose check; do "$gemel" help $v; done >"$tmp/help"
grep -oe '--[a-z-]*' "$tmp/found" | sort -u | while read -r w; do
  grep -qe "$w\b" "$tmp/help" || fail "no verb has $w"
done
echo "$names names"
