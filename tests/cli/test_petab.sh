#!/bin/sh
# label: quick
# gemel fit of PEtab problems: the objective at nominal values, searches, tables written, refusals.
# Expected values are those of the closed form of the conversion A <-> B.
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
  "$gemel" "$@" >out 2>err </dev/null || code=$?
  cases=$((cases + 1))
  [ "$code" = "$want" ] || fail "gemel $*: code $code, expected $want"
  if [ "$want" -le 1 ]; then file=out; else file=err; fi
  grep -qe "$text" "$file" || fail "gemel $*: \"$text\" is not in its std$file"
  [ "$want" -le 1 ] || [ ! -s out ] || fail "gemel $*: a result beside an error"
}
# number KEY: its first value in the JSON result
number() { sed -n "s/.*\"$1\": *\\([-0-9.e+]*\\).*/\\1/p" out | head -n 1; }
near() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { exit !((a-b)^2 <= (by*(1+b^2))^2) }'; }

cat >model.xml <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">
<listOfParameters><parameter id="A" value="2" constant="false"/>
<parameter id="k1" value="0" constant="true"/><parameter id="k2" value="0" constant="true"/></listOfParameters>
<listOfRules><rateRule variable="A"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/>
<apply><times/><ci>k2</ci><apply><minus/><cn>3</cn><ci>A</ci></apply></apply>
<apply><times/><ci>k1</ci><ci>A</ci></apply></apply></math></rateRule></listOfRules></model></sbml>
END
cat >problem.yaml <<'END'
format_version: 1
parameter_file: parameters.tsv
problems:
- sbml_files: [model.xml]
  condition_files: [conditions.tsv]
  observable_files: [observables.tsv]
  measurement_files: [measurements.tsv]
END
printf 'conditionId\nc0\n' >conditions.tsv
printf 'observableId\tobservableFormula\tnoiseFormula\nobs\tA\tsd\n' >observables.tsv
printf 'parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n' >parameters.tsv
printf 'k1\tlog10\t0.001\t1000\t2\t1\nk2\tlin\t0\t10\t1\t1\nsd\tlog\t1e-4\t10\t0.25\t1\n' >>parameters.tsv
# data of k1 = 0.9, k2 = 0.4 with wobbles; the log likelihood at the nominal values beside them
awk 'function a(t, k1, k2) { e = 3*k2/(k1+k2); return e + (2-e)*exp(-(k1+k2)*t) }
  BEGIN { OFS = "\t"; print "observableId", "simulationConditionId", "time", "measurement"
    for (i = 0; i < 20; i++) { t = 0.25*i; m = a(t, 0.9, 0.4)*(1 + 0.03*sin(5*i))
      printf "obs\tc0\t%.17g\t%.17g\n", t, m
      r = (m - a(t, 2, 1))/0.25; chi2 += r*r
      llh += -r*r/2 - log(0.25*sqrt(2*3.14159265358979323846)) }
    printf "%.12g %.12g\n", llh, chi2 >"nominal" }' >measurements.tsv
read -r llh chi2 <nominal

# fit__nominal_gives_the_objective
expect 0 'nominal: llh' fit problem.yaml --nominal
expect 0 '"llh"' fit problem.yaml --nominal --json --simulation sim.tsv
near "$(number llh)" "$llh" 1e-6 || fail "llh $(number llh), expected $llh"
near "$(number chi2)" "$chi2" 1e-6 || fail "chi2 $(number chi2), expected $chi2"
[ "$(head -n 1 sim.tsv)" = "$(printf 'observableId\tsimulationConditionId\ttime\tsimulation')" ] || fail "head of sim.tsv"
awk -F'\t' 'NR > 1 { s = 1 + exp(-3*$3) - $4; if (s*s > 1e-12) exit 1; n++ } END { exit n != 20 }' sim.tsv || fail "sim.tsv"

# fit__finds_the_parameters: within three errors of the truth, the same from every start
expect 0 'best: llh' fit problem.yaml --starts 4 --seed 3 --out fitted.tsv
expect 0 '"converged"' fit problem.yaml --starts 4 --seed 3 --json
best=$(number llh)
awk -v a="$best" -v b="$llh" 'BEGIN { exit !(a > b) }' || fail "best llh $best below the nominal one"
awk -F'\t' '$1 == "k1" && ($5-0.9)^2 < 0.05^2 { n++ } $1 == "k2" && ($5-0.4)^2 < 0.05^2 { n++ } END { exit n != 2 }' fitted.tsv || fail "fitted.tsv"
cp parameters.tsv kept.tsv
cp fitted.tsv parameters.tsv
expect 0 . fit problem.yaml --nominal --json
near "$(number llh)" "$best" 1e-9 || fail "llh of fitted.tsv"
cp kept.tsv parameters.tsv
expect 0 . fit problem.yaml --starts 3 --seed 3
cp out first
expect 0 . fit problem.yaml --starts 3 --seed 3 --threads 1
cmp -s out first || fail "one worker gives another result"

# fit__bad_use_is_said
expect 2 'not for a PEtab problem' fit problem.yaml --data measurements.tsv
expect 2 'not for use with' fit problem.yaml --nominal --starts 3
expect 2 'a whole number from 1' fit problem.yaml --starts 0
expect 2 'a file of the problem' fit problem.yaml --out parameters.tsv
expect 2 'a file of the problem' fit problem.yaml --nominal --simulation ./measurements.tsv
cmp -s parameters.tsv kept.tsv || fail "an input was written"
printf 'obs\tc1\t1\t2\n' >>measurements.tsv
expect 2 'measurements.tsv:22: simulationConditionId: c1' fit problem.yaml
sed -i '$d' measurements.tsv
sed 's/format_version: 1/format_version: 2/' problem.yaml >two.yaml
expect 2 'only version 1' fit two.yaml
printf 'observableId\tobservableFormula\tnoiseFormula\nobs\tA\t-sd\n' >observables.tsv
expect 1 'chi2' fit problem.yaml --nominal
grep -q 'measurements.tsv:2: obs under condition c0' err || fail "the bad point is not named"
"$gemel" fit problem.yaml --starts 1 >out 2>err && fail "a fit without a start"
grep -q 'no start came to a result' err || fail "no start"
echo "$cases cases"
