#!/bin/sh
# label: quick
# gemel twin export carries off no kind and no class whose export a consent denies, nor the twin's own
# parts, and says what it left out.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GEMEL_STORE GEMEL_KEY
cases=0
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }
run() { "$gemel" "$@" >out 2>err </dev/null || fail "gemel $*"; }
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
  WT: {unit: kg, default: 70}
observables:
  conc: {is: C, unit: mg/L, error: {additive: 1}, quality: {possible: [0, 100]}}
parameters:
  L: {typical: 10, unit: mg/L, between-subjects: {normal: 2}, source: a test}
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
END
printf 'who;nr;at;conc;wt\np;1;2026-05-01T00:00:00Z;11.25;81.5\np;2;2026-05-02T00:00:00Z;12.25;\n' >first
run store new
run twin new a --subject p --definition twin.yaml --consent care
run twin add a --data first --map map.yaml --now 2026-05-03

# in what is carried off: a measurement, a covariate, the twin, how it stands, its forecast
parts='12.25:observation 81.5:covariate Device:model health:score RiskAssessment\|SampledData\|Provenance:forecast'
# exports GONE: all parts are there but these
exports() {
  run twin export a --out "out.json" --now 2026-05-03
  for part in $parts; do
    pattern=${part%:*} name=${part##*:} want=0
    case " $1 " in *" $name "*) want=1 ;; esac
    code=0
    grep -q "$pattern" out.json || code=1
    [ "$code" = "$want" ] || fail "$name: found $code, expected $want, denied: $1"
    cases=$((cases + 1))
  done
  rm -f out.json
}
# denied HOW GONE SAID: with this denial of export in force these parts are gone, and it is said
denied() {
  run twin consent a --deny --id no --action export $1
  exports "$2"
  grep -q "left out.*$3" err || fail "it is not said that $3 was left out"
  run twin consent a --withdraw no
}
exports ''
[ ! -s err ] || fail "something was left out"
denied '--kind observation' 'observation' observation
denied '--kind covariate' 'covariate' covariate
denied '--kind model' 'model score forecast' model
denied '--kind score' 'score' score
denied '--kind quality' 'score' quality
denied '--kind belief' 'score forecast' belief
denied '--kind forecast' 'forecast' forecast
denied '--class derived' 'model score forecast' model
denied '--class clinical' 'observation covariate' 'observation records'
# with nothing to carry off it is refused, and no file is made
run twin consent a --deny --id no --action export
code=0
"$gemel" twin export a --out out.json >out 2>err || code=$?
[ "$code" = 2 ] && grep -q 'denied by a consent' err && [ ! -e out.json ] || fail "all is denied: $code"
run twin export a --as patient:p --out out.json --now 2026-05-03
grep -q 81.5 out.json && [ ! -s err ] || fail "the patient's own right"
# names are told to nobody who learns from many
run twin consent a --permit --id learn --purpose research-export
run twin show a --as researcher:r --for research-export --now 2026-05-03
! grep -qw 'p' out || fail "a researcher is told the subject's pseudonym"
echo "$cases parts of exports looked for"
