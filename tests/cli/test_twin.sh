#!/bin/sh
# label: full
# The life of a twin by the command: store, consent, data that come late, twice and corrected, what was
# known when, forecasts as issued, forks, other definitions, export, refusal, erasure; and every line of
# docs/keep-a-twin.md.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GEMEL_STORE GEMEL_KEY
cases=0
fail() { echo "FAILED: $*" >&2; head -n 60 out err >&2; exit 1; }
# expect CODE TEXT ARGUMENTS: that code; TEXT (a pattern) on stdout for 0 and 1, else in one message
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
# What the newest history lists of a kind: "series value", by time
values() {
  "$gemel" twin history "$@" >history 2>err </dev/null || fail "history $*"
  sed -n 's/^.*"value":"\([^"]*\)".*$/\1/p' history | tr '\n' ' '
}
same() { [ "$1" = "$2" ] || fail "$3: \"$1\", expected \"$2\""; cases=$((cases + 1)); }
now() { sleep 0.02; date +%s.%N; sleep 0.02; }
# A definition without chance of a mistake: one level, measured.
mkdir level
cat >level/model.ant <<'END'
model level
  time has "d"
  L = 10 "mg/L" # source: a test
  x = 0 "1"
  x' = 0
  C := L
  C has "mg/L"
end
END
cat >level/twin.yaml <<'END'
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
cat >level/map.yaml <<'END'
mapping: test
source: ward
subject: who
id: {column: nr}
version: {column: v}
withdrawn: {column: state, is: [void]}
time: {column: at, format: iso}
columns:
  conc: {observable: conc, unit: mg/L}
  wt: {covariate: WT, unit: kg}
END
# row FILE NR VERSION STATE TIME CONC WT
row() {
  [ -s "$1" ] || echo 'who;nr;v;state;at;conc;wt' >"$1"
  printf 'p;%s;%s;%s;2026-05-%sT00:00:00Z;%s;%s\n' "$2" "$3" "$4" "$5" "$6" "${7:-}" >>"$1"
}
row first 1 1 ok 01 11 80
row first 2 1 ok 02 12.50
row first 3 1 ok 03 9
add="--map level/map.yaml"

# store__is_made_once, for its owner alone; nothing else makes one.
expect 2 'gemel.db' bank list
[ ! -e gemel.db ] || fail "asking makes a store"
expect 0 'its master key, made now' store new
same "$(stat -c %a gemel.db gemel.db.key | tr '\n' ' ')" '600 600 ' 'who may read'
expect 2 'is there already' store new
chmod 644 gemel.db.key
expect 2 'others than its owner' bank list
chmod 600 gemel.db.key
mv gemel.db.key kept
echo 0000000000000000000000000000000000000000000000000000000000000000 >gemel.db.key
chmod 600 gemel.db.key
code=0
"$gemel" bank list >out 2>err || code=$?
[ "$code" = 2 ] && ! grep -q 0000 err || fail "another master key: $code"
mv kept gemel.db.key
expect 0 '^0 twins' bank list
expect 0 '^0 twins' bank list --store gemel.db --key file:gemel.db.key
KEY=$(cat gemel.db.key) expect 0 '^0 twins' bank list --key env:KEY
expect 0 '^0 twins' bank list --key 'command:cat gemel.db.key'
expect 2 'no such role' bank list --as king
expect 2 'no such purpose' bank list --for fun

# twin__bad_use_writes_nothing
expect 2 '--subject is missing' twin new a --definition level/twin.yaml
expect 2 '--definition is missing' twin new a --subject p
expect 2 'none.yaml' twin new a --subject p --definition none.yaml
expect 2 'is expected' twin new a --subject p --definition level/twin.yaml --consent fun
expect 2 'time such as' twin new a --subject p --definition level/twin.yaml --origin yesterday
expect 2 'unknown verb' twin frob
expect 0 '^0 twins' bank list
expect 2 'no such twin' twin show a

# twin__without_consent_is_the_subjects_alone, or is not made at all
code=0
"$gemel" twin new none --subject n --definition level/twin.yaml >out 2>err || code=$?
[ "$code" = 0 ] ||
  expect 0 'of subject n' twin new none --subject n --definition level/twin.yaml --consent care
expect 0 'of subject q' twin new closed --subject q --definition level/twin.yaml --consent care
expect 0 'everything is denied' twin consent closed --withdraw 'consent 1' --as patient:q
expect 2 'no consent permits' twin show closed
expect 2 'no consent permits' twin add closed --data first $add
"$gemel" bank list >out 2>err
! grep -q closed out || fail "a list names a twin that is closed"
expect 0 '^2 records' twin history closed --as patient:q
expect 0 'Device' twin export closed --as patient:q

# twin__takes_data_once
expect 0 '^twin a of subject p' twin new a --subject p --definition level/twin.yaml --consent care
expect 2 'there already' twin new a --subject p --definition level/twin.yaml --consent care
expect 0 'level  *static' twin show a
expect 0 'MODEL, NOT A TWIN: no datum' twin show a
expect 2 'no belief yet' twin forecast a
expect 2 '--data is missing' twin add a
expect 2 'none.csv' twin add a --data none.csv $add
expect 2 'none.yaml' twin add a --data first --map none.yaml
expect 0 '^3 entries: 3 taken, 0 map to nothing here, 0 refused$' twin add a --data first $add
grep -q '^4 facts: 4 new, 0 known already$' out || fail "first data"
grep -q '^Learned from 3 data' out || fail "nothing learned"
expect 0 '^4 facts: 0 new, 4 known already$' twin add a --data first $add
grep -q 'Nothing new: the belief stands' out || fail "again is new"
expect 0 '"health": "tracking"' twin add a --data first $add --json
same "$(values a --kind observation)" '11 12.50 9 ' 'digits as written'

# twin__refuses_whole: with --strict, or when the file ends within
cp first bad
echo 'p;9;1;ok;2026-05-09T00:00:00Z;high;' >>bad
before=$("$gemel" twin history a | tail -n 1)
expect 2 '1 of 4 entries are refused; nothing was added' twin add a --data bad $add --strict
printf '{"resourceType":"Bundle","type":"collection","entry":[{"resource":' >cut.json
expect 2 'cut.json' twin add a --data cut.json
expect 2 '^gemel: first: no JSON, in which FHIR is read; a table needs --map' twin add a --data first
expect 2 'a table needs --map' twin add a --data level/twin.yaml
expect 0 '^4 facts: 0 new' twin add a --data first $add --patient nobody
grep -q '^gemel: warning: nothing that this twin takes is of --patient nobody$' err || fail "nobody is taken without a word"
sed 's/^p;3/b;4/' first >two
expect 2 'several subjects' twin add a --data two $add
same "$("$gemel" twin history a | tail -n 1)" "$before" 'records after bad input'
expect 0 '^4 entries: 3 taken, 0 map to nothing here, 1 refused$' twin add a --data bad $add
! grep -q 'high' out err || fail "a value is quoted"
! grep -q 'Learned' out || fail "a refusal is learned"

# twin__of_one_subject: of a file of several --patient takes one.
expect 0 'of subject m' twin new m --subject m --definition level/twin.yaml --consent care
expect 0 '1 new' twin add m --data two $add --patient b --no-update
same "$(values m --kind observation)" '9 ' 'data of another patient'

# forecast__is_kept_as_issued, and scored when its data come
expect 0 'kept as record' twin forecast a --horizon '4 d'
issued=$("$gemel" twin history a --kind forecast --json)
t1=$(now)
row later 4 1 ok 05 10
row later 5 1 ok 06 13
expect 0 '^2 data were scored' twin add a --data later $add
expect 0 'score  *conc: 2 data' twin show a
t2=$(now)
same "$("$gemel" twin history a --kind forecast --as-of "$t1" --json)" "$issued" 'forecasts of before'

# twin__knew_what_it_knew: a correction, a withdrawal and a late datum leave what was known as it was.
knew=$("$gemel" twin show a --as-of "$t2" --now 2026-05-07)
row correct 2 2 ok 02 11.5
row correct 3 2 void 03 ''
row correct 6 1 ok 04 10.5
expect 0 'came late' twin add a --data correct $add
# what was withdrawn is there without a value
same "$(values a --kind observation)" '11 11.5  10.5 10 13 ' 'after the correction'
same "$(values a --kind observation --as-of "$t2")" '11 12.50 9 10 13 ' 'before it'
same "$(values a --kind observation --as-of "$t1")" '11 12.50 9 ' 'before the data'
same "$("$gemel" twin show a --as-of "$t2" --now 2026-05-07)" "$knew" 'the twin of then'
# the old version again does not undo the newer one
expect 0 '0 new' twin add a --data first $add
# five data of sd 1, prior N(10, 2): the posterior mean is (10/4 + 56)/(1/4 + 5)
"$gemel" twin show a --now 2026-05-07 >out
awk '$1 == "L" { d = $4 - (2.5 + 56) / 5.25; if (d < 0.2 && d > -0.2) good = 1 } END { exit !good }' out ||
  fail "the belief is not that of the five data"
expect 2 'as-of' twin history a --as-of never
expect 2 'no kind of record' twin history a --kind fun
expect 2 'goes with --kind' twin history a --series conc
expect 0 '^1 records' twin history a --kind observation --from 2026-05-06 --to 2026-05-06

# twin__levels_fall: shadow while data come, a model when they stop.
expect 0 'level  *shadow' twin show a --now 2026-05-07
expect 0 'MODEL, NOT A TWIN: no datum for' twin show a --now 2027-05-07

# fork__leaves_the_first_alone
before=$("$gemel" twin history a | tail -n 1)
expect 0 '^twin b: 4 facts of a' twin fork a b --as-of "$t1"
expect 2 'there already' twin fork a b
same "$(values b --kind observation)" '11 12.50 9 ' 'the fork'
expect 0 '2 new' twin add b --data later $add
same "$("$gemel" twin history a | tail -n 1)" "$before" 'the first one after a fork'

# migrate__says_what_changed: a level of 60 +- 2 contradicts, one of 10 +- 2.1 does not.
mkdir other bold
cp level/model.ant other
cp level/model.ant bold
sed 's/normal: 2/normal: 2.1/' level/twin.yaml >other/twin.yaml
sed -e 's/normal: 2/normal: 0.1/' -e 's/typical: 10/typical: 60/' level/twin.yaml >bold/twin.yaml
expect 0 '^0 of [0-9]* forecasts changed' twin migrate a other/twin.yaml
expect 2 'none.yaml' twin migrate a none.yaml
# one that cannot take the thread leaves the twin as it was
mkdir less
cp level/model.ant less
sed 's/conc: {is/other: {is/' level/twin.yaml >less/twin.yaml
"$gemel" twin show a --now 2026-05-07 >before 2>err || fail "show a"
expect 2 'no observable' twin migrate a less/twin.yaml
"$gemel" twin show a --now 2026-05-07 >after 2>err || fail "a twin is lost by a migration that failed"
cmp -s before after || fail "a migration that failed changed the twin"
expect 0 'changed' twin migrate b bold/twin.yaml
grep -q '^0 of' out && fail "a bold prior changes nothing"
# all that changed are shown, and how many of the others are not
told=$(sed -n 's/^\([0-9]*\) of .*/\1/p' out) all=$(sed -n 's/^[0-9]* of \([0-9]*\) .*/\1/p' out)
left=$(sed -n 's/^ *\([0-9]*\) more without .*/\1/p' out)
same "$(grep -c '  changed$' out)" "$told" 'changes that are shown'
same "$(($(grep -c ' UTC ' out) + ${left:-0}))" "$all" 'forecasts that are shown or counted'
expect 0 '^1 records' twin history a --kind model
expect 0 '^2 records' twin history a --kind model --all

# propose__needs_actions; decide__has_a_reason
expect 2 'action\|target' twin propose a --now 2026-05-07
# forecast__says_how_old_its_data_are; propose__is_withheld from what is no twin any more
expect 0 'newest datum 2026-05-06 .* (24 h ago); health tracking' twin forecast a --now 2026-05-07
! grep -q 'NOT A TWIN' out || fail "a twin is called a model"
expect 0 'WARNING: A MODEL, NOT A TWIN: no datum for .* do not act on it' twin forecast a --now 2027-05-07
grep -q 'health stale' out || fail "old data are not called stale"
expect 0 '"is_twin": false' twin forecast a --now 2027-05-07 --json
for t in '"health": "stale"' '"age_s": 3' '"plan": "as it is"' '"beyond_limits": false'; do
  grep -q "$t" out || fail "$t is not in the forecast"
done
expect 2 'no action\|target\|action' twin propose a --now 2027-05-07 --anyway
code=0
"$gemel" twin propose a --now 2027-05-07 >out 2>err || code=$?
same "$code" 1 'code of a proposal that is withheld'
grep -q 'nothing is proposed by a model that is no twin: no datum for' err || fail "withheld without a reason"
[ ! -s out ] || fail "a proposal that is withheld"
expect 0 '"name": "L"' twin show a --now 2026-05-07 --json # with its parameters
expect 0 'newest datum .*(in 5.* days)' twin show a --now 2026-05-01
expect 2 '--why is missing' twin decide a --decision wait
expect 0 'kept as record' twin decide a --decision wait --why 'as it is'
expect 0 'kept as record' twin decide a --decision wait --why 'as it is' --as clinician:dr-who
expect 0 'dr-who' twin history a --kind decision

# export__carries_all_off, whole or not at all
expect 0 'facts and the twin' twin export a --out a.json
for t in '11.5' '10.5' RiskAssessment Device Provenance; do
  grep -q "$t" a.json || fail "$t is not in the export"
done
! grep -q '12.50' a.json || fail "a corrected value is in the export"
expect 2 'gemel.db' twin export a --out gemel.db/a.json
if command -v python3 >/dev/null 2>&1; then
  python3 -m json.tool a.json >/dev/null || fail "the export is no JSON"
fi
# what went out comes in again
expect 0 'of subject p' twin new again --subject p --definition level/twin.yaml --consent care
expect 0 'taken' twin add again --data a.json --no-update

# access__is_asked_every_time
expect 2 'not for this purpose\|no consent' twin show a --as researcher:rosa --for model-training
expect 2 'insurer may not' twin show a --as insurer:i
expect 2 'never\|may not' twin show a --as operator:o
expect 0 '^{"id":"consent 1","rule":{"type":"permit"' twin consent a # what may be withdrawn is shown
expect 0 '"type":"deny"' twin consent a --deny --id no --actor role:clinician --purpose care
expect 2 'denied by a consent' twin show a
expect 2 'denied by a consent' twin add a --data later $add
expect 0 'observations' twin show a --as patient:p
expect 0 '[0-9] records' twin history a --as clinician:e --emergency 'unconscious, ward 3'
expect 2 'denied' twin export a --out no.json --as clinician:e --emergency 'unconscious, ward 3'
[ ! -e no.json ] || fail "an export that was denied"
expect 0 'care' twin consent a --withdraw no --as patient:p
expect 0 'observations' twin show a
expect 2 'withdraw\|no' twin consent a --withdraw no

# bank__answers_from_cards
expect 0 '^2 of 2 twins\|^2 of 3 twins' bank find 'mean(L) > 5 mg/L'
expect 2 '.' bank find 'mean(L > 5'
expect 1 'it cannot be said' bank find 'foo > 3'
grep -q 'misspelt' err || fail "a name that no card has"
expect 0 '"unknown": 0' bank find 'mean(L) > 5 mg/L' --json
expect 2 'nothing' bank aggregate nothing
expect 0 'mean  ' bank aggregate L
expect 2 '11' bank learn level/twin.yaml --out l.json --as researcher:r --for model-training
[ ! -e l.json ] || fail "a prior of too few"

# audit__holds, and a head kept before is one that the log grew from
expect 0 'are as they were written' audit verify
head=$("$gemel" audit head)
expect 0 'session opened' audit list --as auditor:x
! grep -q '12\.50\|twin\.yaml' out || fail "a value in the log"

# store__backup_restores_elsewhere; nothing is written over
expect 2 'may not\|operator' store backup copy --as clinician:c
expect 0 . store backup copy --keys copy-keys
expect 2 'copy' store backup copy --keys copy-keys
! grep -aq '12\.50' copy || fail "plain text in the backup"
expect 0 . store restore copy --keys copy-keys --store back.db --key file:gemel.db.key
expect 2 'back.db' store restore copy --keys copy-keys --store back.db --key file:gemel.db.key
"$gemel" twin history a >here 2>err
"$gemel" twin history a --store back.db --key file:gemel.db.key >there 2>err
cmp -s here there || fail "a restored twin is another one"

# erase__is_final, in the backup's keys too
expect 2 'add --yes' twin erase --subject p
expect 2 'may not erase' twin erase --subject p --yes
expect 2 '.' twin erase --subject nobody --yes --as operator:o
expect 0 'the key is destroyed' twin erase --subject p --yes --as patient:p
expect 2 'erased' twin show a
expect 2 'erased' twin history b
! grep -aq '12\.50' gemel.db || fail "plain text in the store"
expect 0 . store restore copy --keys copy-keys --store later.db --key file:gemel.db.key
expect 2 'erased' twin show a --store later.db --key file:gemel.db.key
expect 0 'are as they were written' audit verify --earlier "$head"
# a proof of now is none for a head of before, and what would be one is said
expect 0 '"path"' audit prove --row 1
cp out proof
expect 1 "gemel audit prove --size ${head%%:*} makes one" audit verify --proof proof --head "$head"
expect 0 '"path"' audit prove --row 1 --size "${head%%:*}"
cp out proof
expect 0 'row 1 is in the log' audit verify --proof proof --head "$head"
expect 2 'erased\|there' twin new a2 --subject p --definition level/twin.yaml --consent care
expect 0 'everything is denied' twin consent closed --as patient:q

# cli__every_verb_of_stores_is_documented: with its help, in the manual, on the man page, in the
# completion, which asks the command for the second words and for options.
for f in store twin bank audit; do
  expect 0 "^gemel $f - verbs:" $f
  sed -n "s/^  $f \([a-z]*\).*/\1/p" out >words
  [ -s words ] || fail "$f has no verbs"
  while read -r v; do
    expect 0 "^Use: gemel $f $v" help $f $v
    for page in docs/cli.md docs/man/gemel.1; do
      grep -q -- "$f $v" "$home/$page" || fail "$f $v is not in $page"
    done
  done <words
done
if command -v bash >/dev/null 2>&1; then
  complete() {
    bash -c '. "$1/tools/completion/gemel.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      _gemel; printf "%s " "${COMPREPLY[@]}"' - "$home" "$gemel" "$@"
  }
  same "$(complete twin s)" 'show ' 'completion of twin s'
  same "$(complete help bank fa)" 'fairness ' 'completion of help bank fa'
  same "$(complete twin show a --as-)" '--as-of ' 'completion of twin show a --as-'
else
  echo "skipped: 3 cases, completion (bash is not here)"
fi

# docs__lines_work: those of docs/keep-a-twin.md, in order, in a fresh folder.
mkdir tutorial bin
ln -s "$gemel" bin/gemel
ln -s "$home/models" "$home/examples" tutorial
{ echo 'set -eu'; sed -n 's/^    //p' "$home/docs/keep-a-twin.md"; } >script
[ "$(grep -c '^ *gemel ' script)" -ge 25 ] || fail "the page has too few lines"
(cd tutorial && PATH=$tmp/bin:$PATH sh ../script) >out 2>err </dev/null || fail "docs/keep-a-twin.md"
# what the page says comes out
for t in '^9 entries: 6 taken, 2 map to nothing here, 1 refused' 'health: lost' 'health: tracking' \
  '^3 facts: 0 new, 3 known already' '^4 data were scored' 'proposed: 100 mg every 6 h' \
  '^level  *shadow; next, intelligent: nothing was' '^13 twins' '^erased'; do
  grep -qe "$t" out || fail "docs/keep-a-twin.md: \"$t\" does not come out"
  cases=$((cases + 1))
done
# forecast__of_the_population_is_under_the_same_plan, and a plan beyond the limits is said to be
cd tutorial
expect 0 "WARNING: beyond the definition's limits: 9000 mg every 1 h" \
  twin forecast s1 --plan '9000 mg every 1 h' --horizon '12 h' --now 2026-05-01T16:00:00Z
awk '/ \(.* to .*\) .* \(/ { n = split($0, part, ")"); split(part[2], p, " "); last = p[1] }
  END { exit !(last > 100) }' out || fail "the population has no part in the plan"
echo "$cases cases"
