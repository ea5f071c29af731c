#!/bin/sh
# label: quick
# The gemel command from end to end: codes, messages, results, JSON; on models and data of its own.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cases=0
fail() { echo "FAILED: $*" >&2; cat out err >&2; exit 1; }
# expect CODE TEXT ARGUMENTS: that exit code; TEXT (a pattern) on stdout for 0 and 1, else on stderr
expect() {
  want=$1 text=$2
  shift 2
  code=0
  "$gemel" "$@" >out 2>err </dev/null || code=$?
  cases=$((cases + 1))
  [ "$code" = "$want" ] || fail "gemel $*: code $code, expected $want"
  if [ "$want" -le 1 ]; then file=out; else file=err; fi
  grep -qe "$text" "$file" || fail "gemel $*: \"$text\" is not in its std$file"
  # bad use prints nothing that could be taken for a result
  [ "$want" -le 1 ] || [ ! -s out ] || fail "gemel $*: a result beside an error"
}

# cli__says_what_it_is: version and help, from every side.
expect 0 '^gemel [0-9]*\.[0-9]*\.[0-9]*$' --version
expect 0 '^Verbs:' --help
expect 0 '^Verbs:' help
for v in demo run fit simulate compare propose check new; do
  expect 0 "^Use: gemel $v" help $v
  cp out by-help
  expect 0 "^Use: gemel $v" $v --help
  cmp -s out by-help || fail "help $v and $v --help differ"
done

# cli__new_makes_what_works: the skeleton passes check, fit, run; it is not written over.
expect 0 'model.ant' new mine
# what to do next is said as the command was called, so that it works as it stands
grep -q "^next: $gemel check mine/twin.yaml --data mine/data.csv" out || fail "next"
expect 0 '^good: 0 failed, 0 warnings' check mine/twin.yaml --data mine/data.csv --strict
expect 0 'closed form' check mine/model.ant
expect 2 'there already' new mine
expect 2 'letters' new 7up
expect 0 '^subject 1: ' fit mine/twin.yaml --data mine/data.csv
expect 0 'proposed: ' run mine/twin.yaml --data mine/data.csv --report r/here.html
grep -qi '<html' r/here.html || fail "no report"
# where the data go on after now, what was given is not called "as it is"
expect 0 'forecast is under the doses that were given' run mine/twin.yaml --data mine/data.csv --now 12 --report r/then.html
grep -q ', under the doses that were given: ' r/then.html || fail "the report calls the course as it is"
expect 0 '"as_recorded": true' run mine/twin.yaml --data mine/data.csv --now 12 --no-report --json
expect 0 '"as_recorded": false' run mine/twin.yaml --data mine/data.csv --no-report --json
# nothing is fitted to no data
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "EVID" || $i == "AMT") k = i } NR == 1 || $k + 0 > 0' mine/data.csv >doses.csv
expect 0 'nothing was fitted' fit mine/twin.yaml --data doses.csv
expect 0 '"fit_p": null' fit mine/twin.yaml --data doses.csv --json
expect 0 'as it is' compare mine/twin.yaml --data mine/data.csv --subject 1 --plan '200 mg every 12 h'
expect 0 '^  1\. ' propose mine/twin.yaml --data mine/data.csv

# cli__bad_use_is_2: and the message says what is wrong.
expect 2 'unknown verb "frob"' frob
expect 2 'is it fit' fitt
expect 2 'an argument is missing' fit
expect 2 'one argument too many' fit a b
expect 2 '--data FILE is needed' fit mine/twin.yaml
expect 2 'is it --data' fit mine/twin.yaml --dtaa x
expect 2 'unknown option -x' fit mine/twin.yaml -x
expect 2 'a value is expected' fit mine/twin.yaml --data
expect 2 'given twice' fit mine/twin.yaml --data a --data b
expect 2 'takes no value' fit mine/twin.yaml --json=1
expect 2 'whole number' fit mine/twin.yaml --data mine/data.csv --members 3
expect 2 'whole number' fit mine/twin.yaml --data mine/data.csv --seed 1.5
expect 2 'none.csv' fit mine/twin.yaml --data none.csv
expect 2 'none.yaml' fit none.yaml --data mine/data.csv
expect 2 'no subject is called "9"; there are 1' fit mine/twin.yaml --data mine/data.csv --subject 9
expect 2 'the same' run mine/twin.yaml --data mine/data.csv --now 1 --learn 1
expect 2 '> 0 is expected' run mine/twin.yaml --data mine/data.csv --horizon 0
expect 2 'kg is no unit of time; one such as h' run mine/twin.yaml --data mine/data.csv --now '3 kg'
expect 2 'unknown option --none' demo --out x --none
expect 2 'one argument too many' demo extra

# cli__bad_plans_are_2
plan() { expect 2 "$1" compare mine/twin.yaml --data mine/data.csv --plan "$2"; }
plan 'is expected' 'five mg'
plan 'behind the amount' '5 mg evry 24 h'
plan 'into' '5 mg into nowhere'
plan 'before now' '5 mg at 3'
plan 'every' '5 mg times 3'
plan 'twice' '5 mg at 30 at 40'
plan '> 0' '5 mg every 0'
plan '>= 0' '-5 mg every 12'
plan 'kg' '5 kg/L every 12'
plan 'is expected' '5 mg every 12; '

# cli__bad_files_name_file_and_line
sed '2s/200/two/' mine/data.csv >bad.csv
expect 2 'bad.csv:2' fit mine/twin.yaml --data bad.csv
sed 's/^targets:/targetz:/' mine/twin.yaml >mine/bad.yaml
expect 2 'bad.yaml:[0-9]*: .*targetz' check mine/bad.yaml
sed 's/ka\*depot - CL\*C/ka*dep0t - CL*C/' mine/model.ant >mine/bad.ant
expect 2 'bad.ant:[0-9]*' check mine/bad.ant
: >empty
expect 2 'empty' check empty
expect 2 'empty' fit mine/twin.yaml --data empty

# cli__nothing_is_written_on_bad_input
expect 2 'no subject' run mine/twin.yaml --data mine/data.csv --subject 9 --report never/r.html
[ ! -e never ] && [ ! -e out/run ] || fail "files were written though the input is bad"

# cli__input_is_never_written_over: by its name, a link, or another way to it; in a folder of many too.
cp -R mine kept
ln mine/data.csv hard.html
ln -s mine/model.ant soft.html
run_into() { expect 2 "another file is expected" run mine/twin.yaml --data mine/data.csv --report "$1"; }
run_into mine/twin.yaml
run_into mine/data.csv
run_into mine/model.ant
run_into "$tmp/mine/../mine/twin.yaml"
run_into hard.html
run_into soft.html
mkdir folder
ln mine/twin.yaml folder/b.html
{ cat mine/data.csv; sed -n '2,$s/^1,/b,/p' mine/data.csv; } >both.csv
expect 2 "is the definition" run mine/twin.yaml --data both.csv --report folder
[ ! -e folder/1.html ] || fail "a report beside a refusal"
diff -r mine kept >out 2>err || fail "an input was written over"

# cli__a_column_nobody_uses_is_refused: with the name that may have been meant, unless it is named in
# --ignore; a covariate without a column is said; check lists them, and fails on them when it is strict.
said() { [ "$(grep -c "$1" err)" = 1 ] || fail "not said once: $1"; }
sed '1s/$/,RATES,COLOUR/; 2,$s/$/,0,3/' both.csv >more.csv
for v in fit simulate propose; do
  expect 2 'more.csv: column RATES is not used by the definition; did you mean RATE? (--ignore' \
    $v mine/twin.yaml --data more.csv
  expect 2 'more.csv: column COLOUR is not used by the definition (--ignore' \
    $v mine/twin.yaml --data more.csv --ignore RATES
  expect 0 . $v mine/twin.yaml --data more.csv --ignore RATES --ignore COLOUR
done
# a column that is used cannot be ignored: nothing would come of it
for v in fit propose; do
  expect 2 '^gemel: --ignore WT: the definition uses it' $v mine/twin.yaml --data mine/data.csv --ignore WT
  expect 2 '^gemel: --ignore DV: it says what was given or measured' \
    $v mine/twin.yaml --data mine/data.csv --ignore DV
done
expect 0 'warning: more.csv: column RATES .*did you mean RATE' check mine/twin.yaml --data more.csv
grep -q ' 2 warnings$' out || fail "not two warnings"
expect 1 '^no: 0 failed, 2 warnings' check mine/twin.yaml --data more.csv --strict
expect 0 . fit mine/twin.yaml --data mine/data.csv
! grep -q warning err || fail "a warning about good columns"
sed 's/range: \[40, 120\]}/range: [40, 120], default: 72}/' mine/twin.yaml >mine/default.yaml
sed '1s/WT/WGT/' mine/data.csv >wgt.csv
expect 2 'column WGT is not used by the definition; did you mean WT? ' fit mine/default.yaml --data wgt.csv
expect 0 . fit mine/default.yaml --data wgt.csv --ignore WGT
said 'wgt.csv: no column WT: its default 72 kg is used$'
expect 1 'no column WT' check mine/default.yaml --data wgt.csv --strict

# cli__one_subject_does_not_stop_the_others: it is named, the rest is there, the code is 1; here one
# has no weight, one has a plan before its time; a report that cannot be written is named too.
sed 's/^b,\(.*\),70$/b,\1,/' both.csv >half.csv
expect 1 '^subject 1: ' fit mine/twin.yaml --data half.csv
! grep -q '^subject b' out || fail "a subject that failed has a result"
grep -q 'subject b.*WT' err || fail "the subject that failed is not named"
expect 1 'proposed: ' run mine/twin.yaml --data half.csv --report some
[ -s some/1.html ] && [ ! -e some/b.html ] || fail "reports of those that were done"
expect 1 '"asked": 2' fit mine/twin.yaml --data half.csv --json
expect 2 'no subject fits' fit mine/twin.yaml --data half.csv --subject b
{ cat mine/data.csv; sed -n '2,3s/^1,/b,/p' mine/data.csv; } >early.csv
expect 1 '^subject b: ' compare mine/twin.yaml --data early.csv --plan '100 mg at 10'
grep -q 'subject 1: .*before now' err || fail "whose plan lies before now?"
mkdir -p part/b.html
expect 1 'report of subject 1: part/1.html' run mine/twin.yaml --data both.csv --report part
grep -q 'subject b: .*part/b.html' err || fail "whose report was not written?"

# cli__a_plan_follows_the_last_additional_dose: ADDL 3 every 8.3 h, seen at the time of the last of
# them (24.9 / 8.3 is a hair under 3): the next of a plan falls one interval later, at 33.2, not now.
printf 'ID,TIME,AMT,EVID,DV,WT,II,ADDL\n1,0,200,1,.,70,8.3,3\n1,3,.,0,4,70,.,.\n' >addl.csv
for at in 'every 8.3' 'at 33.2 every 8.3' 'at 24.9 every 8.3'; do
  expect 0 . compare mine/twin.yaml --data addl.csv --now 24.9 --horizon 20 --plan "200 mg $at" --json
  tr -d ' ' <out | sed -n 's/"plan":"200mg[^"]*"/PLAN/; s/.*PLAN,"utility":{\([^}]*\)}.*/\1/p' >>next
done
[ "$(wc -l <next)" = 3 ] && [ "$(sed -n 1p next)" = "$(sed -n 2p next)" ] &&
  [ "$(sed -n 1p next)" != "$(sed -n 3p next)" ] || fail "the next dose is not at 33.2: $(cat next)"

# cli__a_lost_twin_proposes_nothing: values that no patient of this model can have.
printf 'ID,TIME,AMT,EVID,DV,WT\n1,0,200,1,.,70\n1,1,.,0,41,70\n1,4,.,0,.9,70\n1,11.5,.,0,60,70\n' >lost.csv
for v in propose 'run --no-report'; do
  expect 0 'no proposal: the twin has lost this patient' $v mine/twin.yaml --data lost.csv
  ! grep -q 'proposed: ' out || fail "a lost twin proposes"
done
expect 0 '"withheld": "the twin has lost this patient"' propose mine/twin.yaml --data lost.csv --json
expect 0 '"withheld": null' propose mine/twin.yaml --data mine/data.csv --json

# cli__check_says_no: a model without units warns, and fails when it is strict; data that do not fit
# the definition fail, and the message tells the record.
printf 'x = 1\nk = 0.1\nx'"'"' = -k*x\n' >bare.ant
expect 0 'warning: k has no unit' check bare.ant
expect 1 'no: 0 failed' check bare.ant --strict
sed 's/,70$/,/' mine/data.csv >nocov.csv
expect 1 'FAILED: nocov.csv: .*WT' check mine/twin.yaml --data nocov.csv
printf 'x = 1\nx'"'"' = x^2\n' >blows.ant
expect 1 'FAILED: .*not finite' check blows.ant

# cli__simulate_is_the_solution: exp(-0.1 t), and doses add up: 1 e^-2 + 2 e^-1 at t = 20.
expect 0 '^time,x$' simulate bare.ant --to 20 --every 10
awk -F, -v e="$(awk 'BEGIN { print exp(-2) }')" '$1 == 20 { ok = ($2 - e)^2 < 1e-12 } END { exit !ok }' \
  out || fail "x(20) is not exp(-2)"
expect 0 . simulate bare.ant --to 20 --every 10 --dose '2 into x at 10' --json
tr -d ' ' <out | sed -n 's/.*"rows":\[.*\[\([^][]*\)\]\].*/\1/p' >row # the last row: time, x
awk -F, '{ d = $2 - exp(-2) - 2 * exp(-1); ok = NF == 2 && $1 == 20 && d^2 < 1e-12 }
  END { exit !(NR == 1 && ok) }' row || fail "dose is not added: $(cat row)"
# the same amount of 100 mg, as g and as mg; and five members are five different patients
expect 0 . simulate mine/twin.yaml --set WT=70 --dose '0.1 g every 12 h times 2' --to '1 d' --every '6 h'
cp out a
expect 0 . simulate mine/twin.yaml --set WT=70 --dose '100 mg every 12 times 2' --to 24 --every 6
cmp -s out a || fail "0.1 g is not 100 mg"
expect 0 '^member,' simulate mine/twin.yaml --set WT=70 --dose 100 --to 6 --every 6 --population 5
[ "$(awk -F, '$2 == 6 { print $3 }' out | sort -u | wc -l)" = 5 ] || fail "members are not different"
expect 0 '^id,' simulate mine/twin.yaml --data mine/data.csv
expect 2 'needs a definition' simulate bare.ant --data x
expect 2 'no parameter' simulate bare.ant --set q=1
expect 2 'no covariate' simulate mine/twin.yaml --set q=1
expect 2 'covariate WT .kg. is needed: --set WT=VALUE' simulate mine/twin.yaml --dose 5
expect 2 'given twice' fit mine/twin.yaml --data mine/data.csv --subject 1 --subject 1
expect 2 'before the beginning' simulate bare.ant --to -1
expect 2 '> 0' simulate bare.ant --every 0

# cli__same_seed_same_bytes: whatever the number of workers; another seed gives other draws.
expect 0 . fit mine/twin.yaml --data mine/data.csv --json --threads 1
cp out one
expect 0 . fit mine/twin.yaml --data mine/data.csv --json --threads 3
cmp -s out one || fail "three workers gave another result"
expect 0 . fit mine/twin.yaml --data mine/data.csv --json --seed 2
grep -v '"seed"' out >two && grep -v '"seed"' one >one-plain
! cmp -s two one-plain || fail "seed 2 gave the draws of seed 1"

# cli__json_is_json: of every verb; hostile ids too.
printf 'ID,TIME,AMT,EVID,DV,WT\n"a""\\<b>&\303\251\377",0,200,1,.,70\n"a""\\<b>&\303\251\377",5,.,0,4,70\n' >odd.csv
if command -v python3 >/dev/null 2>&1; then
  json() {
    expect 0 '"verb"' "$@" --json
    python3 -m json.tool out >/dev/null 2>err || fail "gemel $* --json: not JSON"
  }
  json fit mine/twin.yaml --data mine/data.csv
  json run mine/twin.yaml --data mine/data.csv --no-report
  json compare mine/twin.yaml --data mine/data.csv --plan '200 mg every 12 h; 50 mg at 30'
  json propose mine/twin.yaml --data mine/data.csv
  json check mine/twin.yaml --data mine/data.csv
  json simulate mine/model.ant --dose '100 into depot'
  json simulate mine/twin.yaml --data mine/data.csv --population 2
  json new yours
  # an id that is no UTF-8 is refused by the reader, or becomes JSON; never bad JSON
  code=0
  "$gemel" fit mine/twin.yaml --data odd.csv --json >out 2>err || code=$?
  [ "$code" = 2 ] || python3 -m json.tool out >/dev/null || fail "hostile id: not JSON"
  printf 'ID,TIME,AMT,EVID,DV,WT\n"a""\\<b>&/..",0,200,1,.,70\n"../b",0,200,1,.,70\n' >odd.csv
  json fit mine/twin.yaml --data odd.csv
  json run mine/twin.yaml --data odd.csv --report odd
  [ "$(ls odd | wc -l)" = 2 ] && [ ! -e b.html ] || fail "hostile ids: two reports in their folder"
  ! grep -l '\\<b>' odd/*.html || fail "an id is not escaped in its report"
else
  echo "skipped: 11 JSON cases (python3 is not here)"
fi
# docs__commands_work: every gemel command of the tutorial, as it stands, in a fresh folder.
mkdir tutorial bin
ln -s "$gemel" bin/gemel
sed -n 's/^    \(gemel .*\)/\1/p' "$home/docs/run-a-twin.md" >commands
[ "$(wc -l <commands)" -ge 8 ] || fail "the tutorial has too few commands"
while read -r line; do
  (cd tutorial && PATH=$tmp/bin:$PATH sh -c "$line") >out 2>err </dev/null || fail "tutorial: $line"
  cases=$((cases + 1))
done <commands

# cli__every_verb_is_documented: in the manual, on the man page, and in the completion.
for v in demo run fit simulate compare propose check new; do
  for f in docs/cli.md docs/man/gemel.1 tools/completion/gemel.bash; do
    grep -qw -- "$v" "$home/$f" || fail "$v is not in $f"
  done
done

if command -v bash >/dev/null 2>&1; then
  bash -n "$home/tools/completion/gemel.bash" || fail "the completion does not parse"
else
  echo "skipped: 1 case, completion (bash is not here)"
fi

# cli__ctrl_c_keeps_what_is_done: long work that is interrupted ends with 1, whole lines, and a count.
{ echo ID,TIME,AMT,EVID,DV,WT
  i=0
  while [ $i -lt 400 ]; do
    i=$((i + 1))
    printf '%s,0,200,1,.,70\n%s,2,.,0,4.%s,70\n%s,11.5,.,0,2.2,70\n' $i $i $((i % 10)) $i
  done; } >many.csv
"$gemel" fit mine/twin.yaml --data many.csv --members 5000 --threads 1 >out 2>err &
pid=$!
sleep 1
kill -INT $pid 2>/dev/null || true
code=0
wait $pid || code=$?
cases=$((cases + 1))
if [ $code = 0 ]; then
  echo "skipped: Ctrl-C (the work was done before the signal)"
else
  [ $code = 1 ] && grep -q 'stopped: [0-9]* of 400 subjects done' err || fail "Ctrl-C: code $code"
  said=$(sed -n 's/.*stopped: \([0-9]*\) of.*/\1/p' err)
  [ "$(grep -c '^subject' out)" = "$said" ] || fail "Ctrl-C: not the subjects it counts"
fi
echo "$cases runs of the command"
