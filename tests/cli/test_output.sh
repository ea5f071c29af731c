#!/bin/sh
# label: quick
# Files that the user asks to be written never fall on a store, its key, a backup or what is read, by
# whatever name, and nothing is recorded when they would; those with a patient's data are its owner's.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
unset GEMEL_STORE GEMEL_KEY
umask 022
cases=0
fail() { echo "FAILED: $*" >&2; head -n 40 out err >&2; exit 1; }
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
same() { [ "$1" = "$2" ] || fail "$3: \"$1\", expected \"$2\""; cases=$((cases + 1)); }
mode() { same "$(stat -c %a "$1")" "$2" "mode of $1"; }
keep=$home/examples/keep
[ -f "$keep/first.json" ] || { echo "skipped: all cases (no examples/keep here)"; exit 77; }
cp "$keep/first.json" first.json
cp "$keep/later.csv" "$keep/later.yaml" .
expect 0 . store new
expect 0 . twin new s1 --definition "$keep/twin.yaml" --subject s1 --consent care
expect 0 'Learned from' twin add s1 --data first.json --report account.json
expect 0 . store backup copy --tombstones list
ln -s gemel.db link.db
ln gemel.db.key hard.key
mkdir folder
sums() { sha256sum gemel.db.key first.json later.csv later.yaml copy copy.keys "$keep/twin.yaml"; }
before=$(sums)
records() { "$gemel" twin history s1 2>err | tail -n 1; }
known=$(records)
stands() {
  same "$(sums)" "$before" "files after $*"
  same "$(records)" "$known" "records after $*"
}

# output__never_falls_on_the_store, on its log, on its key, by a link or a longer way; and that is
# said before anything is recorded
for place in gemel.db ./gemel.db folder/../gemel.db "$PWD/gemel.db" link.db gemel.db-wal gemel.db-shm; do
  for asked in 'twin export s1 --out' 'twin propose s1 --fhir' 'bank learn '$keep'/twin.yaml --out' \
    'twin add s1 --data later.csv --map later.yaml --report'; do
    expect 2 "$place: this is the .*store" $asked "$place"
  done
done
expect 2 'log of the store' twin export s1 --store link.db --key file:gemel.db.key --out gemel.db-wal
stands 'the store'
for place in gemel.db.key hard.key .//gemel.db.key; do
  for asked in 'twin export s1 --out' 'twin propose s1 --fhir' 'bank learn '$keep'/twin.yaml --out' \
    'twin add s1 --data later.csv --map later.yaml --report' 'store backup copy2 --tombstones'; do
    expect 2 "$place: this is .*key" $asked "$place"
  done
done
stands 'the key'
[ ! -e copy2 ] || fail 'a backup was made'
# the key that was named elsewhere
cp gemel.db.key other.key
expect 2 "master key" twin export s1 --out other.key --key file:other.key
cp gemel.db.key unused.key
expect 2 'unused.key: this is a master key' twin export s1 --out unused.key
[ "$(wc -c <unused.key)" = 65 ] || fail 'a key was written over'
# other stores, and backups of any
expect 2 'copy: this is a store or its backup' twin export s1 --out copy
expect 2 "copy.keys: this is a file of a backup's keys" twin export s1 --out copy.keys
expect 2 "copy.keys: this is a file of a backup's keys" store backup copy2 --tombstones copy.keys
stands 'a backup'

# output__is_no_input: what the same command reads
expect 2 'the file of --data' twin add s1 --data later.csv --map later.yaml --report later.csv
expect 2 'the file of --data' twin add s1 --data later.csv --map later.yaml --report folder/../later.csv
expect 2 'the file of --map' twin add s1 --data later.csv --map later.yaml --report later.yaml
expect 2 'the file that the command is about' bank learn "$keep/twin.yaml" --out "$keep/twin.yaml"
cp "$home/models/theophylline/model.ant" "$home/models/theophylline/twin.yaml" folder
expect 2 'is the model' bank learn folder/twin.yaml --out folder/model.ant --as researcher:r --for model-training
cmp -s "$home/models/theophylline/model.ant" folder/model.ant || fail 'a model was written over'
stands 'what is read'

# backup__and_its_list_have_places_of_their_own
for list in copy3 ./copy3 folder/../copy3; do
  expect 2 'file of --tombstones\|PATH\|another file' store backup copy3 --tombstones "$list"
done
expect 2 'name of its own' store backup copy3 --tombstones copy3.keys
expect 2 'file of --keys\|another file' store backup copy3 --keys copy4 --tombstones ./copy4
expect 2 'file of --keys\|another file' store backup copy3 --keys copy3
expect 2 'log of the store' store backup gemel.db-wal
expect 2 'a file is expected' twin export s1 --out ''
[ ! -e copy3 ] && [ ! -e copy4 ] && [ ! -e copy3.keys ] || fail 'a backup was made'

# output__of_a_patient_is_its_owners, also over a file that all could read; a pipe is no file
mode account.json 600
: >s1.json
chmod 644 s1.json
expect 0 's1.json' twin export s1 --out s1.json
mode s1.json 600
expect 0 . twin export s1 --out new/place/s1.json
mode new/place/s1.json 600
expect 0 'As FHIR R4' twin propose s1 --fhir proposal.json --horizon '6 h' --now 2026-05-01T10:00:00Z
mode proposal.json 600
"$gemel" twin export s1 --out /dev/stdout 2>err | grep -q Bundle || fail 'a pipe is no place for an export'
same "$(ls -d ./*.json.* 2>/dev/null)" '' 'temporary files left'
warfarin="$home/models/warfarin/twin.yaml --data $home/examples/warfarin/warfarin.csv --subject 1"
expect 0 . run $warfarin --members 100 --report run.html
mode run.html 600
expect 2 'store or its backup' run $warfarin --members 100 --report copy
echo "$cases cases"
