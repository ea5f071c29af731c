#!/bin/sh
# label: full, long
# Ctrl-C in every verb that works long: what is done is kept and told, the code is 1.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cases=0
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }
# interrupted TEXT ARGUMENTS: after a while Ctrl-C; TEXT is to stand on stderr, as the only line. How
# long until there is something to keep is the machine's affair: too early is tried again later.
interrupted() {
  text=$1
  shift
  for wait in 1 2 4 8 16; do
    "$gemel" "$@" --threads 1 >out 2>err </dev/null &
    pid=$!
    sleep $wait
    kill -INT $pid 2>/dev/null || fail "gemel $*: done within $wait s: longer work is needed"
    code=0
    wait $pid || code=$?
    [ "$code" = 1 ] || fail "gemel $*: code $code after Ctrl-C, expected 1"
    [ "$(wc -l <err)" = 1 ] && grep -q stopped err || fail "gemel $*: not one message that it was stopped"
    if grep -qe "$text" err; then
      cases=$((cases + 1))
      return
    fi
  done
  fail "gemel $*: \"$text\" is not on stderr"
}
has() { grep -qe "$1" out || fail "\"$1\" is not in the result"; }
has_not() { ! grep -qe "$1" out || fail "\"$1\" is in the result"; }
json() {
  command -v python3 >/dev/null 2>&1 || { echo "skipped: 1 case, JSON (python3 is not here)"; return 0; }
  python3 -c "import json; d = json.load(open('out')); s = d['subjects'][0]; assert $1, '$1'" 2>err ||
    fail "JSON: $1"
}

# A fast oscillator for members of many frequencies, and a choice of thirty doses.
cat >model.ant <<'END'
time has "h"
x = 1; x has "1"; y = 0; y has "1"; w = 300; w has "/h"; c = 1; c has "1"
x' = w*y; y' = w*(0.5*(1 - x*x)*y - x)
u := c + x; u has "1"
END
cat >twin.yaml <<'END'
twin: slow
question: Which?
context-of-use: tests
model: model.ant
inputs: {dose: {into: x, unit: "1"}}
parameters:
  c: {typical: 0, unit: "1", between-subjects: {normal: 1}}
  w: {typical: 300, unit: "/h", between-subjects: {lognormal: 0.1}}
observables:
  u: {is: u, unit: "1", error: {additive: 1}}
targets: {u: {low: 0, of: trough}}
actions:
  dose:
    doses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    every: [1000 h, 1001 h, 1002 h, 1003 h, 1004 h, 1005 h, 1006 h, 1007 h, 1008 h, 1009 h]
END
printf 'ID,TIME,EVID,AMT,DV\n1,0,1,1,.\n1,0,0,.,0.5\n' >data.csv
# Learning is slow for the second one: his data come late, but within the steps that a member may take.
printf 'ID,TIME,EVID,AMT,DV\na,0,1,1,.\na,0,0,.,0.5\nb,0,1,1,.\nb,200,0,.,0.5\n' >two.csv

# propose, run, compare of one subject: the plans that were measured are ranked, none is proposed.
interrupted '0 of 1 subjects done, 1 in part' propose twin.yaml --data data.csv --horizon 10 --members 200
has 'stopped: [0-9]* of 202 plans were compared'
has 'no proposal: the search was stopped'
has '1\. [0-9]* every 10'
has_not '  proposed: '
interrupted '1 in part' propose twin.yaml --data data.csv --horizon 10 --members 200 --json
json 's["proposal"]["withheld"] == "the search was stopped" and d["done"] == 0'
json '2 < len(s["comparison"]["plans"]) < s["comparison"]["asked"] == 202'
interrupted '1 in part' run twin.yaml --data data.csv --horizon 10 --members 200 --report r.html
has 'forecast of u'
has 'no proposal: the search was stopped'
grep -q 'the search was stopped' r.html || fail 'the report does not say that it was stopped'
i=0
set --
while [ $i -lt 100 ]; do
  i=$((i + 1))
  set -- "$@" --plan "$i at 2"
done
interrupted '1 in part' compare twin.yaml --data data.csv --horizon 10 --members 200 "$@"
has 'stopped: [0-9]* of 102 plans were compared'
has '^  1 at 2 '

# Several subjects: those that are done, whole.
for verb in fit 'check --identify'; do
  # shellcheck disable=SC2086 # words on purpose
  interrupted '1 of 2 subjects done' $verb twin.yaml --data two.csv --members 200
  has '^subject a'
  has_not '^subject b'
done
# One subject alone: half a belief is none, and it is said.
grep -e ID -e b two.csv >late.csv
interrupted '0 of 1 subjects done' fit twin.yaml --data late.csv --members 200
[ ! -s out ] || fail 'half a belief is shown'

# sensitivity: the nets (sobol, shapley), trajectories (morris) that are complete.
printf 'S = 47; I = 3; R = 0; beta = 0.9; gamma = 0.3\ninfect: S -> I; beta*S*I/(S+I+R)\nrecover: I -> R; gamma*I\n' >sir.ant
for method in sobol shapley morris; do
  interrupted 'stopped: [0-9]* of [0-9]* runs done' sensitivity sir.ant --kind jump --vary beta=0.6..1.2 \
    --vary gamma=0.2..0.5 --output S --at 28 --method $method --runs 2000000
  has '^  beta '
  has '^  gamma '
done

# check --identify of equations: a chain of 60 compartments, each with a nonlinear outflow.
awk 'BEGIN { n = 60; for (i = 0; i < n; i++) print "x" i " = 1; k" i " = 0.1; m" i " = 0.2"
  for (i = 0; i < n; i++) { printf "x%d'\'' = -k%d*x%d^2/(1 + m%d*x%d) + 0.1*x%d*x%d", i, i, i, i, i, (7*i + 3) % n, i
    if (i) printf " + k%d*x%d^2/(1 + m%d*x%d)", i - 1, i - 1, i - 1, i - 1
    print "" } }' >chain.ant
interrupted 'stopped after [0-9]* points\?' check chain.ant --identify --output x0 --free-start
has '^  k0 *identifiable'
has 'dimensions can be found'

# fit of a PEtab problem: the best of the starts so far, and its table.
printf 'format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- sbml_files: [model.xml]\n' >problem.yaml
printf '  condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n' >>problem.yaml
printf '  measurement_files: [measurements.tsv]\n' >>problem.yaml
cat >model.xml <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">
<listOfParameters><parameter id="A" value="2" constant="false"/>
<parameter id="k1" value="0" constant="true"/></listOfParameters>
<listOfRules><rateRule variable="A"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/>
<apply><times/><ci>k1</ci><ci>A</ci></apply></apply></math></rateRule></listOfRules></model></sbml>
END
printf 'conditionId\nc0\n' >conditions.tsv
printf 'observableId\tobservableFormula\tnoiseFormula\nobs\tA\tsd\n' >observables.tsv
printf 'parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n' >parameters.tsv
printf 'k1\tlog10\t0.001\t1000\t2\t1\nsd\tlog\t1e-4\t10\t0.25\t1\n' >>parameters.tsv
awk 'BEGIN { OFS = "\t"; print "observableId", "simulationConditionId", "time", "measurement"
  for (i = 0; i < 20; i++) print "obs", "c0", 0.25*i, 2*exp(-0.225*i)*(1 + 0.03*sin(5*i)) }' >measurements.tsv
interrupted 'stopped after [0-9]* of 100000 starts; this is the best so far' fit problem.yaml \
  --starts 100000 --out best
has '^  *k1 *0\.9\|^k1 *0\.9'
[ -s best/parameters.tsv ] || [ -s best ] || fail 'no table of the best so far'
echo "$cases interruptions"
