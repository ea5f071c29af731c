#!/bin/sh
# label: full
# gemel fit, compare, propose, run and sensitivity on every kind: examples/outbreak.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp -r examples/outbreak/. "$tmp"
cd "$tmp"
cases=0
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }
# expect CODE TEXT ARGUMENTS
expect() {
  want=$1 text=$2
  shift 2
  code=0
  "$gemel" "$@" >out 2>err </dev/null || code=$?
  cases=$((cases + 1))
  [ "$code" = "$want" ] || fail "gemel $*: code $code, expected $want"
  if [ "$want" -le 1 ]; then file=out; else file=err; fi
  grep -qe "$text" "$file" || fail "gemel $*: \"$text\" is not in its std$file"
  [ "$want" -le 1 ] || { [ ! -s out ] && [ "$(wc -l <err)" = 1 ]; } || fail "not one message: $*"
}
for kind in agents composite; do
  "${CC:-cc}" -std=c17 -shared -fPIC -I "$home/include" -o $kind/model.so $kind/model.c
done

# One law in three forms: their evidence agrees within four standard errors of each (the printed
# ones hold for one run of 1,000 members: 0.1 is more than they are).
for kind in jump network agents; do
  expect 0 'tracking; learned from 3 of 3' fit $kind/twin.yaml --data data.csv
  sed -n 's/.*log evidence \(-[0-9.]*\) +- \([0-9.]*\).*/\1 \2/p' out >>evidence
done
awk '{ v[NR] = $1; if ($2 > 0.1) exit 1; for (i = 1; i < NR; i++) { d = v[i] - v[NR]
     if (d < -0.4 || d > 0.4) exit 1 } } END { exit NR != 3 }' evidence ||
  { cat evidence; fail "evidence of one law differs"; }

for kind in jump network agents composite; do
  expect 0 'proposed: ' propose $kind/twin.yaml --data data.csv
  expect 0 '5 every 24 h' compare $kind/twin.yaml --data data.csv --plan "5 every 24 h" --measure ill
  grep -q 'measuring ill is worth 0' out || fail "$kind: no worth of a measurement"
  expect 0 'forecast of ill' run $kind/twin.yaml --data data.csv --report r.html
  grep -q '<svg' r.html || fail "$kind: a report without a picture"
done
expect 0 'proposed: ' propose queue/twin.yaml --data queue/data.csv
expect 0 '"log_evidence_sd"' fit queue/twin.yaml --data queue/data.csv --json
expect 0 'beta' sensitivity agents/model.so --kind compiled --vary beta=0.5..1.2 --vary gamma=0.2..0.4 \
  --output cases --at 10 --runs 4000
expect 0 '^ward,3,4,' simulate agents/twin.yaml --data data.csv --to 4 --population 3

# What data tell: four measurements of sd 1 of a constant with prior sd 1 leave 1/5 of its variance.
mkdir known
printf 'time has "d"\nx = 0; x'"'"' = 0\nc = 0; c has "1"; k = 1; k has "1"\n' >known/model.ant
cat >known/twin.yaml <<'END'
twin: known
question: What is it?
context-of-use: tests
model: model.ant
observables: {y: {is: c, unit: "1", error: {additive: 1}}}
parameters:
  c: {typical: 0, unit: "1", between-subjects: {normal: 1}}
  k: {typical: 1, unit: "1", between-subjects: {normal: 1}}
END
printf 'ID,TIME,DV\n1,1,0.3\n1,2,-1\n1,3,1.2\n1,4,0.1\n' >known/data.csv
expect 1 'c .* 80 % +- .*) *told$' check known/twin.yaml --identify --data known/data.csv --members 20000
grep -q '^k: told by the data of no subject' out || fail 'k is in no measurement'
for kind in jump network agents composite; do
  "$gemel" check $kind/twin.yaml --identify --data data.csv >out 2>err || [ $? = 1 ]
  grep -q 'beta .*) *told$' out || fail "$kind: beta is told"
done

# Same bytes for one worker and four.
expect 0 . propose jump/twin.yaml --data data.csv --json --threads 1
cp out one
expect 0 . propose jump/twin.yaml --data data.csv --json --threads 4
cmp -s one out || fail "four workers change the bytes"

# Refused: code by its name alone, no model in it, another kind than the file's.
expect 2 'a model text' sensitivity agents/model.so --vary beta=0.5..1.2 --output cases --at 10
echo 'int nothing;' >no.c
"${CC:-cc}" -shared -fPIC -o agents/no.so no.c
sed 's/model.so/no.so/' agents/twin.yaml >agents/no.yaml
expect 2 'no.yaml:.*no compiled model' fit agents/no.yaml --data data.csv
sed 's/model.so/none.so/' agents/twin.yaml >agents/no.yaml
expect 2 'no.yaml:5: model: ' fit agents/no.yaml --data data.csv
sed 's/kind: jump/kind: queue/' jump/twin.yaml >jump/no.yaml
expect 2 'no.yaml:5: model: ' fit jump/no.yaml --data data.csv
sed 's/is: ill, /is: sick, /' network/twin.yaml >network/no.yaml
expect 2 'sick' fit network/no.yaml --data data.csv
echo "$cases cases"
