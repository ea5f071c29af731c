#!/bin/sh
# label: full
# What gemel twin show tells, and whom: a twin whose covariate lacks a value, data beyond a limit of
# quantification, whoever may not see names.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GEMEL_STORE GEMEL_KEY
cases=0
fail() { echo "FAILED: $*" >&2; head -n 60 out err >&2; exit 1; }
# expect CODE TEXT ARGUMENTS: that code; TEXT (a pattern) on stdout for 0, else in one message
expect() {
  want=$1 text=$2
  shift 2
  code=0
  "$gemel" "$@" >out 2>err </dev/null || code=$?
  cases=$((cases + 1))
  [ "$code" = "$want" ] || fail "gemel $*: code $code, expected $want"
  file=out
  [ "$want" = 0 ] || file=err
  grep -qe "$text" "$file" || fail "gemel $*: \"$text\" is not in its std$file"
}
said() { grep -qe "$1" out || fail "\"$1\" is not said"; cases=$((cases + 1)); }
cat >model.ant <<'END'
model level
  time has "d"
  L = 10 "mg/L" # source: a test
  x = 0 "1"
  x' = 0
  C := L
  C has "mg/L"
end
END
cat >twin.yaml <<'END'
twin: level
question: Where is it?
context-of-use: tests
model: model.ant
update-within: 1 h
subject:
  WT: {unit: kg}
  SEX: {levels: [female, male]}
observables:
  conc: {is: C, unit: mg/L, error: {additive: 1}, loq: 5}
parameters:
  L: {typical: 10, unit: mg/L, between-subjects: {normal: 2}, covariate: WT/80, source: a test}
END
cat >map.yaml <<'END'
mapping: test
source: ward
subject: who
id: {column: nr}
time: {column: at, format: iso}
columns:
  conc: {observable: conc, unit: mg/L}
  wt: {covariate: WT, unit: kg}
  sex: {covariate: SEX}
END
# data FILE: rows "NR DAY CONC WT SEX" of standard input
data() {
  { echo 'who;nr;at;conc;wt;sex'
    while read -r nr day conc wt sex; do
      echo "p;$nr;2026-05-${day}T00:00:00Z;${conc#-};${wt#-};${sex#-}"
    done; } >"$1"
}
now='--now 2026-05-07'

# show__says_which_covariate_is_missing: and all else; nothing fails.
expect 0 'made now' store new
expect 0 '^twin a of subject p' twin new a --subject p --definition twin.yaml --consent care --consent model-training
expect 0 'MISSING  *covariate WT, SEX' twin show a $now
said 'level  *static; next, mirror: needs a value of covariate WT, SEX'
printf '1 01 11 - -\n2 02 12 - -\n' | data first
expect 0 'WARNING: nothing was learned yet: .*covariate WT, SEX' twin add a --data first --map map.yaml
said '^2 facts: 2 new'
expect 0 'MISSING  *covariate WT, SEX' twin show a $now
said '2 observations'
expect 0 '"missing": "WT, SEX"' twin show a $now --json
said '"observations": 2'
expect 2 'no value of covariate WT, SEX' twin forecast a
printf '3 02 - 82.5 female\n' | data second
expect 0 '^Learned from 2 data' twin add a --data second --map map.yaml
expect 0 'level  *mirror\|level  *shadow' twin show a $now
! grep -q MISSING out || fail "what is there is called missing"

# show__counts_what_cannot_be_scored: 3 is below the limit of 5.
printf '4 03 12 - -\n5 04 3 - -\n' | data third
expect 0 '^1 data were scored' twin add a --data third --map map.yaml
expect 0 'score  *conc: 1 data' twin show a $now
said '^  *1 data that came later were beyond a limit of quantification: not scored'
expect 0 '"censored": 1' twin show a $now --json
said '"scored": 1'

# show__names_a_twin_by_its_number to whoever may not see names.
who='--as researcher:rosa --for model-training'
expect 0 '^twin a, number [0-9][0-9]*: level' twin show a $who
! grep -q 'subject' out || fail "a researcher sees a subject"
expect 0 '"number": [0-9]' twin show a $who --json
! grep -q '"subject"\|"p"' out || fail "a researcher sees a subject"
expect 0 '"subject": "p"' twin show a --as patient:p --json
echo "$cases claims"
