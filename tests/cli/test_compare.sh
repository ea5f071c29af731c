#!/bin/sh
# label: quick
# gemel compare --measure: what a measurement would be worth, against closed forms (those of
# tests/twin/test_plan_worth.c): c ~ N(0, 1), a plan that is right for c > 0 and one for c < 0. A
# reading of sd s is worth arctan(1/s)/pi, k of them arctan(sqrt(k)/s)/pi; knowing c 1/2.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cases=0
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }
# expect CODE TEXT ARGUMENTS: as in test_cli.sh
expect() {
  want=$1 text=$2
  shift 2
  code=0
  "$gemel" compare twin.yaml --data data.csv --plan '1 at 2' --horizon 10 "$@" >out 2>err </dev/null || code=$?
  cases=$((cases + 1))
  [ "$code" = "$want" ] || fail "$*: code $code, expected $want"
  if [ "$want" -le 1 ]; then file=out; else file=err; fi
  grep -qe "$text" "$file" || fail "$*: \"$text\" is not in its std$file"
  [ "$want" -le 1 ] || { [ ! -s out ] && [ "$(wc -l <err)" = 1 ]; } || fail "not one message: $*"
}
# worth TEXT TANGENT: the line of that measurement says arctan(TANGENT)/pi within 4 printed errors
worth() {
  sed -n "s/^  measuring $1 is worth \([0-9.]*\) +- \([0-9.]*\) of utility.*/\1 \2/p" out |
    awk -v t="$2" '{ d = $1 - atan2(t, 1)/3.14159265358979; good = $2 > 0 && $2 < 0.02 && d*d <= 16*$2*$2 }
      END { exit !(NR == 1 && good) }' || fail "$1 is not worth arctan($2)/pi"
}
cat >model.ant <<'END'
time has "h"
x = 0; x' = 0; x has "1"; c = 1; c has "1"
u := c*(1 - 2*x); u has "1"
END
cat >twin.yaml <<'END'
twin: sign
question: Is c above 0?
context-of-use: tests
model: model.ant
inputs: {turn: {into: x, unit: "1"}}
parameters: {c: {typical: 0, unit: "1", between-subjects: {normal: 1}}}
observables:
  u: {is: u, unit: "1", error: {additive: 1}}
  half: {is: c, unit: "1", error: {additive: 0.5}}
  hidden: {is: c, unit: "1", error: none}
targets: {u: {low: 0, of: trough}}
END
printf 'ID,TIME,EVID,AMT\n1,0,2,.\n' >data.csv

expect 0 'is worth' --members 20000 --measure half --measure u --measure 'u; u at 1 h;u at 60 min'
worth half 2
worth u 1
worth 'u; u at 1 h;u at 60 min' 1.7320508
grep -q 'u at 60 min is worth .*; until then things go on as they are$' out || fail 'a later reading is not said'
grep -q 'knowing all about the subject would add 0.[45]' out || fail 'no value of perfect information'
if command -v python3 >/dev/null 2>&1; then
  expect 0 . --members 20000 --measure 'half at 1' --json
  python3 -c '
import json, math
m = json.load(open("out"))["subjects"][0]["measurements"]
assert len(m) == 1 and m[0]["measure"] == "half at 1" and m[0]["of"] == [{"observable": "half", "at": 1}]
assert abs(m[0]["worth"] - math.atan(2) / math.pi) <= 4 * m[0]["error"] < 0.04
assert abs(m[0]["perfect"] - 0.5) < 0.02 and m[0]["without"] in ("nothing", "as it is", "1 at 2")
' 2>err || fail JSON
  expect 0 . --json
  python3 -c 'import json; assert json.load(open("out"))["subjects"][0]["measurements"] == []' 2>err || fail JSON
else
  echo "skipped: 2 cases, JSON (python3 is not here)"
fi
# Same bytes on one worker and on two.
expect 0 . --measure u --threads 1
cp out one
expect 0 . --measure u --threads 2
cmp -s one out || fail 'two workers change the bytes'

expect 2 'no observable is called "v"' --measure v
expect 2 'at T' --measure 'u at'
expect 2 'at T' --measure 'u 3'
expect 2 'no unit of time' --measure 'u at 3 mg'
expect 2 'a time from now (0) to 10' --measure 'u at 20'
expect 2 'a time from now (0) to 10' --measure 'u at -1'
expect 2 'NAME \[at T\]' --measure 'u;'
expect 2 'at most 6' --measure 'u;u;u;u;u;u;u'
expect 2 'never measured' --measure hidden
expect 2 '10 members' --measure u --members 10
echo "$cases runs of the command"
