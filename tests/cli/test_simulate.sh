#!/bin/sh
# label: quick
# gemel simulate of models (text, SBML, flux balance) and gemel export: rows, columns, parameters,
# solvers, chance, stopping; expected values are those of exact solutions.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
home=$PWD suite=$PWD/tests/cli/suite/semantic
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
# holds CONDITION WHAT: for each row (fields $1, $2, ... of awk)
holds() {
  awk -F, "function near(a, b) { return (a - b)^2 <= 1e-14 * (1 + b^2) } NR > 1 && !($1) { exit 1 }
    END { if (NR < 2) exit 1 }" out || fail "$2"
}

# A -> B of first order in a compartment of size 2: A = 10 exp(-t/10), A + B = 10 (concentrations)
cat >decay.ant <<'END'
model decay
  compartment C = 2
  species A in C, B in C
  A = 10; B = 0; k = 0.1
  J: A -> B; k*A*C
end
END

# simulate__rows_are_those_asked_for
expect 0 '^time,A,B$' simulate decay.ant
[ "$(wc -l <out)" = 102 ] && [ "$(tail -n 1 out | cut -d, -f1)" = 100 ] || fail "default rows"
holds 'near($2, 10 * exp(-$1 / 10)) && near($2 + $3, 10)' "A -> B"
expect 0 . simulate decay.ant --from 3 --to 9 --steps 4
[ "$(cut -d, -f1 out | tr '\n' ' ')" = 'time 3 4.5 6 7.5 9 ' ] || fail "--from --steps"
holds 'near($2, 10 * exp(-$1 / 10))' "a first row after the start"
expect 0 . simulate decay.ant --to 9 --every 4
[ "$(cut -d, -f1 out | tr '\n' ' ')" = 'time 0 4 8 ' ] || fail "--every"
expect 0 . simulate decay.ant --times '0.5, 2,7'
[ "$(cut -d, -f1 out | tr '\n' ' ')" = 'time 0.5 2 7 ' ] || fail "--times"
holds 'near($2, 10 * exp(-$1 / 10))' "--times"
expect 0 . simulate decay.ant --to 0
[ "$(sed -n '2,$p' out)" = '0,10,0' ] || fail "one row"
expect 2 'times that grow' simulate decay.ant --times 2,1
expect 2 'not for use with --times' simulate decay.ant --times 2 --to 3
expect 2 'not both' simulate decay.ant --every 2 --steps 3
expect 2 'before the beginning' simulate decay.ant --from 5 --to 3
expect 2 'whole number' simulate decay.ant --steps 0
expect 2 'a time such as' simulate decay.ant --times 1,,2

# simulate__columns_are_those_asked_for: names, expressions, amounts and concentrations.
expect 0 '^time,B,sum,J,"max(A,B)"$' simulate decay.ant --to 10 --steps 5 \
  --variables 'B, sum = amount(A)+amount(B)' --variables 'J,max(A,B)'
holds 'near($3, 20) && near($4, 2 * exp(-$1 / 10)) && near($5, $2 > 5 ? $2 : 10 - $2)' "expressions"
expect 0 '^time,A,B$' simulate decay.ant --to 10 --steps 5 --amounts
holds 'near($2, 20 * exp(-$1 / 10)) && near($2 + $3, 20)' "--amounts"
expect 0 '^time,B,k$' simulate decay.ant --to 10 --steps 5 --amounts --variables B,k
holds 'near($2, 20 * (1 - exp(-$1 / 10))) && $3 == 0.1' "--amounts --variables"
expect 0 . simulate decay.ant --to 10 --steps 5 --concentrations
holds 'near($2, 10 * exp(-$1 / 10))' "--concentrations"
expect 2 'not both' simulate decay.ant --amounts --concentrations
expect 2 'given twice' simulate decay.ant --variables A,A
expect 2 'between the commas' simulate decay.ant --variables A,,B
expect 2 'Q' simulate decay.ant --variables Q

# simulate__set_changes_parameters_and_starts
expect 0 . simulate decay.ant --to 10 --steps 5 --set k=0.2 --set 'A(0)=4'
holds 'near($2, 4 * exp(-$1 / 5)) && near($2 + $3, 4)' "--set"
expect 2 'no parameter' simulate decay.ant --set q=1
expect 2 'A is a state; .*"A(0)=VALUE"' simulate decay.ant --set A=1
expect 2 'NAME=VALUE' simulate decay.ant --set k

# simulate__every_solver_gives_the_solution: and a rougher tolerance a rougher one.
for solver in auto explicit stiff; do
  expect 0 . simulate decay.ant --to 10 --steps 5 --solver $solver --rtol 1e-10 --atol 1e-12
  holds 'near($2, 10 * exp(-$1 / 10))' "--solver $solver"
done
printf 'x = 0; y = 1\nx'"'"' = y\ny'"'"' = -x*(1 + 0*y^2)\n' >swing.ant
expect 0 . simulate swing.ant --to 20 --steps 10 --rtol 1e-3 --atol 1e-3 --solver explicit
holds '($2 - sin($1))^2 < 0.01' "a rough tolerance"
! awk -F, 'NR > 1 && ($2 - sin($1))^2 > 1e-12 { exit 1 }' out || fail "--rtol changes nothing"
expect 2 'between 0 and 1' simulate decay.ant --rtol 2
expect 2 'auto, explicit or stiff' simulate decay.ant --solver fast

# simulate__reads_sbml: the same model, whatever the file is called.
sbml=$suite/00001/00001-sbml-l3v2.xml
expect 0 '^time,A,B$' simulate "$sbml" --to 4 --steps 8 --variables 'A, B'
holds 'near($2, 5 * exp(-$1 / 2)) && near($3, 5 * (1 - exp(-$1 / 2)))' "SBML"
cp out by-name
cp "$sbml" noname
expect 0 . simulate noname --to 4 --steps 8 --variables 'A, B'
cmp -s out by-name || fail "a file without ending"
expect 2 'noname2' simulate noname2
printf '<sbml' >broken.xml
expect 2 'broken.xml' simulate broken.xml
expect 2 'the package spatial, which' simulate "$suite/00004/00004-sbml-l3v1.xml"
expect 2 'needs a definition' simulate "$sbml" --data x

# simulate__flux_balance_gives_fluxes: 3 in at most, 2 each: 6 out.
flux=$suite/00007/00007-sbml-l3v1.xml
expect 0 '^name,kind,value$' simulate "$flux"
[ "$(sed -n '2,$p' out | tr '\n' ' ')" = 'most,objective,6 in1,flux,3 out1,flux,6 ' ] || fail "fluxes"
expect 2 'no course' simulate "$flux" --to 4
# what the objective takes without end, or what no fluxes can balance, is said: code 1
sed 's/fluxBound fbc:reaction="[a-z0-9]*" fbc:operation="lessEqual" fbc:value="[0-9]*"/&X/
  s/value="[0-9]*"X/value="INF"/' "$flux" >endless.xml
expect 1 '^most,objective,INF$' simulate endless.xml
grep -q 'unbounded' err && grep -q '^out1,flux,$' out || fail "an objective without end"
sed 's/operation="greaterEqual" fbc:value="0"/operation="greaterEqual" fbc:value="99"/' "$flux" >none.xml
expect 1 '^most,objective,$' simulate none.xml
grep -q 'infeasible' err || fail "bounds that nothing meets"

# simulate__jumps_have_the_mean_and_spread_of_the_law: 20 in A, each gone with probability
# 1 - exp(-t/10): binomial. 2,000 runs: within five standard errors.
law() { # column of the mean and of the standard deviation
  awk -F, -v n=2000 'NR > 1 { p = exp(-$1 / 10); mu = 20 * p; sd = sqrt(20 * p * (1 - p))
      if (($2 - mu)^2 > 25 * sd^2 / n + 1e-12) exit 1
      if (sd > 0 && ($3 / sd - 1)^2 > 25 * 0.6 / n) exit 1 }
    END { if (NR != 5) exit 1 }' out || fail "$1: not the law"
}
for method in exact tau hybrid; do
  expect 0 '^time,A mean,A sd$' simulate decay.ant --stochastic $method --replicates 2000 --summary \
    --times 0,3,8,20 --amounts --variables A
  law $method
done
expect 0 '^replicate,time,A,B$' simulate decay.ant --stochastic exact --replicates 70 --to 5 --steps 5 \
  --amounts --threads 1
[ "$(wc -l <out)" = 421 ] || fail "70 runs of 6 rows"
holds '$3 == int($3) && $3 + $4 == 20' "whole amounts that add up"
[ "$(awk -F, '$2 == 5 { print $3 }' out | sort -u | wc -l)" -gt 3 ] || fail "runs are not different"
cp out one
expect 0 . simulate decay.ant --stochastic exact --replicates 70 --to 5 --steps 5 --amounts --threads 3
cmp -s out one || fail "three workers gave another result"
# the first two are the same whatever the number of the others
expect 0 . simulate decay.ant --stochastic exact --replicates 2 --to 5 --steps 5 --amounts
head -n 13 one | cmp -s - out || fail "two runs of 70 are not those of 2"
expect 0 . simulate decay.ant --stochastic exact --replicates 2 --to 5 --steps 5 --amounts --seed 2
! head -n 13 one | cmp -s - out || fail "seed 2 gave the draws of seed 1"
expect 2 'exact, tau or hybrid' simulate decay.ant --stochastic on
expect 2 'needs --replicates' simulate decay.ant --stochastic exact --summary
expect 2 'whole number' simulate decay.ant --replicates 0
expect 2 'fewer rows' simulate decay.ant --replicates 1000000 --steps 1000

# simulate__many_rows_agree_with_few: the pieces change nothing beyond the tolerance; doses in a
# piece, at its ends and across them.
for rows in 2 1000; do
  expect 0 . simulate decay.ant --to 10 --steps $rows --dose '5 into A at 2' --dose '6 into A at 3 over 4'
  tail -n 1 out >last-$rows
done
paste -d, last-2 last-1000 | awk -F, '{ exit !(($2 - $5)^2 < 1e-14 && ($3 - $6)^2 < 1e-14) }' ||
  fail "2 rows and 1000 do not agree: $(cat last-2 last-1000)"

# simulate__json_has_the_same_table
if command -v python3 >/dev/null 2>&1; then
  expect 0 '"stopped": false' simulate decay.ant --to 2 --steps 2 --json
  python3 -c '
import json, math
d = json.load(open("out"))
assert [c["name"] for c in d["columns"]] == ["time", "A", "B"] and d["failed"] == 0
assert all(abs(r[1] - 10 * math.exp(-r[0] / 10)) < 1e-7 for r in d["rows"]) and len(d["rows"]) == 3
' 2>err || fail "JSON"
  expect 0 . simulate "$flux" --json
  python3 -c '
import json
d = json.load(open("out"))
assert d["objective"] == {"name": "most", "value": 6} and len(d["fluxes"]) == 2
assert d["outcome"] == "best"' 2>err || fail "fluxes"
  expect 0 . export decay.ant --to sbml --json
  python3 -m json.tool out >/dev/null 2>err || fail "export --json"
else
  echo "skipped: 3 cases, JSON (python3 is not here)"
fi

# export__is_the_same_model: its SBML gives the same numbers; what it goes into is never the model.
expect 0 '<sbml xmlns' export decay.ant --to sbml
expect 0 '^made/decay.xml$' export decay.ant --to sbml --out made/decay.xml
expect 0 '^time,A,B$' simulate made/decay.xml --to 10 --steps 5
holds 'near($2, 10 * exp(-$1 / 10)) && near($2 + $3, 10)' "exported and read again"
expect 2 'another file' export decay.ant --to sbml --out "$tmp/decay.ant"
expect 2 'is needed' export decay.ant
expect 2 'sbml is expected' export decay.ant --to fortran
expect 2 'none.ant' export none.ant --to sbml

# export__is_documented, and so is every option of simulate.
for f in docs/cli.md docs/man/gemel.1 tools/completion/gemel.bash; do
  grep -qw export "$home/$f" || fail "export is not in $f"
done
"$gemel" help simulate | sed -n '/^Options:/,/^Options of/s/^  \(--[a-z]*\).*/\1/p' >options
[ "$(wc -l <options)" -ge 19 ] || fail "too few options"
while read -r o; do
  grep -q -e "$o" "$home/docs/simulate.md" "$home/docs/cli.md" || fail "$o is in no page"
done <options

# simulate__ctrl_c_keeps_what_is_done: whole rows, a count, code 1.
cat >long.ant <<'END'
model long
  species X
  X = 100000
  k = 1
  birth: -> X; 100000*k
  death: X -> ; k*X
end
END
"$gemel" simulate long.ant --stochastic exact --replicates 64 --to 1000 --steps 1000 --threads 1 >out 2>err &
pid=$!
sleep 1
kill -INT $pid 2>/dev/null || true
code=0
wait $pid || code=$?
cases=$((cases + 1))
if [ $code = 0 ]; then
  echo "skipped: Ctrl-C (the work was done before the signal)"
else
  [ $code = 1 ] && grep -q 'stopped: [0-9]* of 64064 rows done' err || fail "Ctrl-C: code $code"
  said=$(sed -n 's/.*stopped: \([0-9]*\) of.*/\1/p' err)
  [ "$(sed -n '2,$p' out | grep -c '^[0-9]*,[0-9.]*,[0-9]*$')" = "$said" ] || fail "Ctrl-C: not the rows it counts"
fi
echo "$cases runs of the command"
