#!/bin/sh
# label: full, long
# Published FHIR into twins by the command: every Synthea, US Core and personal health device example,
# by the definition of examples/vitals. Entries and facts are counted beside it by Python.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
data=${GEMEL_DATA:-../shared/data}/platform
[ -d "$data/synthea-r4" ] || { echo "skipped: all files ($data/synthea-r4 is not here)"; exit 77; }
command -v python3 >/dev/null 2>&1 || { echo "skipped: all files (python3 is not here)"; exit 77; }
data=$(cd "$data" && pwd)
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GEMEL_STORE GEMEL_KEY
definition=$home/examples/vitals/twin.yaml
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }

# Entries of a file; of Bundles of one patient also the facts that the definition asks for: final values
# of heart rate and weight with a unit, whole or as components, and the gender. Then whose they are.
cat >count.py <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
e = [x.get('resource', {}) for x in r.get('entry', [])] if r['resourceType'] == 'Bundle' else [r]
wanted = ('8867-4', '29463-7')
def asked(x):
    return any(c.get('code') in wanted and c.get('system') == 'http://loinc.org'
               for c in x.get('code', {}).get('coding', []))
facts = taken = 0
for x in e:
    n = 0
    if x.get('resourceType') == 'Patient' and 'gender' in x: n = 1
    if x.get('resourceType') == 'Observation' and x.get('status') == 'final':
        n = sum(asked(p) and 'valueQuantity' in p for p in [x] + x.get('component', []))
    facts += n
    taken += n > 0
who = [x['id'] for x in e if x.get('resourceType') == 'Patient' and 'id' in x]
said = [x['subject']['reference'] for x in e if 'reference' in x.get('subject', {})]
print(len(e), taken, facts, 'Patient/' + who[0] if who else said[0] if said else '-')
END
# The numbers of the last answer, which is one JSON object.
answer() {
  read -r n t x m k new already renewed <<END
$(python3 -c 'import json; a = json.load(open("out")); print(*[a[i] for i in "entries taken refused not_mapped facts new already renewed".split()])')
END
}
add() { "$gemel" twin add "$@" --json --quiet >out 2>err </dev/null; }

"$gemel" store new >out 2>err || fail "store new"
twins=0 entries=0 facts=0 taken=0 refused=0
for f in "$data"/synthea-r4/*.gz "$data"/synthea-r4-v2/*.bz2; do
  case $f in *.gz) gzip -dc "$f" >p.json ;; *.bz2) python3 -c 'import bz2,sys
sys.stdout.buffer.write(bz2.open(sys.argv[1]).read())' "$f" >p.json ;; esac
  read -r want_entries want_taken want_facts who <<END
$(python3 count.py p.json)
END
  twins=$((twins + 1))
  twin=synthea$twins
  "$gemel" twin new $twin --definition "$definition" --subject $twin --consent care >out 2>err ||
    fail "twin new $twin"
  # twin_add__of_a_new_source_is_vouched_for
  code=0
  add $twin --data p.json || code=$?
  [ $code = 2 ] && grep -q 'is new here' err || fail "$f: data of an id that is not known are taken"
  add $twin --data p.json --patient "$who" --report report.json || fail "$f: code $?"
  answer
  # twin_add__accounts_for_every_entry
  [ "$n" = "$want_entries" ] || fail "$f: $n entries, there are $want_entries"
  [ $((t + x + m)) = "$n" ] || fail "$f: $t taken, $m not mapped and $x refused of $n"
  [ "$t" = "$want_taken" ] && [ "$k" = "$want_facts" ] && [ "$new" = "$want_facts" ] ||
    fail "$f: $t entries and $k facts are taken, $want_taken and $want_facts are asked for"
  [ "$(python3 -c 'import json; print(len(json.load(open("report.json"))["entry"]))')" = "$n" ] ||
    fail "$f: the report is not of all entries"
  # twin_add__again_adds_nothing
  add $twin --data p.json || fail "$f again: code $?"
  entries=$((entries + n)) facts=$((facts + k)) taken=$((taken + t)) refused=$((refused + x))
  answer
  [ "$new" = 0 ] && [ "$already" = "$want_facts" ] && [ "$renewed" = False ] ||
    fail "$f: the same file adds something"
done
"$gemel" bank list --json >out 2>err || fail "bank list"
[ "$(python3 -c 'import json; print(len(json.load(open("out"))))')" = $twins ] ||
  fail "not one twin for each patient"
echo "Synthea: $twins patients, $entries entries: $taken taken as $facts facts, $refused refused"
[ $twins -ge 10 ] || fail "too few patients"

# One file each, many patients: entries are counted in one twin for each folder, nothing is learned.
for folder in us-core-examples phd-device-examples; do
  files=0 entries=0 facts=0 taken=0 refused=0
  "$gemel" twin new $folder --definition "$definition" --subject $folder --consent care >out 2>err ||
    fail "twin new $folder"
  for f in "$data/$folder"/*.json; do
    read -r want_entries want_taken want_facts who <<END
$(python3 count.py "$f")
END
    code=0
    # files of different people: each is a source of its own
    add $folder --data "$f" --source "${f##*/}" --no-update || code=$?
    if [ $code = 2 ] && grep -q 'several subjects\|is new here' err; then
      code=0
      add $folder --data "$f" --source "${f##*/}" --no-update --patient "$who" || code=$?
    fi
    files=$((files + 1))
    [ $code = 0 ] || fail "$f: code $code"
    answer
    [ "$n" = "$want_entries" ] || fail "$f: $n entries, there are $want_entries"
    [ $((t + x + m)) = "$n" ] || fail "$f: $t taken, $m not mapped and $x refused of $n"
    # what is asked for is taken or refused
    [ "$t" -le "$want_taken" ] && [ $((t + x)) -ge "$want_taken" ] ||
      fail "$f: $t taken and $x refused, $want_taken are asked for"
    entries=$((entries + n)) facts=$((facts + k)) taken=$((taken + t))
    refused=$((refused + x))
  done
  echo "$folder: $files files, $entries entries: $taken taken as $facts facts, $refused refused"
  [ $files -ge 20 ] || fail "too few files"
done
