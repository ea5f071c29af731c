#!/bin/sh
# label: quick
# What whoever runs a store meets: no store there, no key, passwords in addresses, restoring that
# fails, erased subjects that must stay so, and data of somebody else.
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
records() { "$gemel" twin history "$1" 2>err | tail -n 1; }

# store__none_is_said, before a key is asked for, by every verb; and how one is made
for verb in 'bank list' 'audit head' 'audit verify' 'audit list' 'store backup copy' 'twin show a'; do
  expect 2 '^gemel: gemel.db: there is no store; gemel store new makes one$' $verb
done
expect 2 '^gemel: none/x.db: there is no store' bank list --store none/x.db
same "$(ls | tr '\n' ' ')" 'err out ' 'files after asking'
expect 2 'env:NOPE: the variable is not set$' store new --key env:NOPE
expect 0 'made now' store new
expect 2 'env:NOPE: the variable is not set$' bank list --key env:NOPE
expect 2 'file:none.key: No such file' bank list --key file:none.key

# server__needs_a_key_that_is_named: no file is looked for by the name of an address
for verb in 'store new' 'bank list' 'audit head' 'store backup copy'; do
  expect 2 '^gemel: postgresql://h/db: --key (or GEMEL_KEY) is expected' $verb --store postgresql://h/db
done
expect 2 '^gemel: postgresql://h/db: --key' store restore copy --store postgresql://h/db
expect 2 'a file or postgresql://.* is expected' store new --store mysql://h/db --key env:NOPE

# place__that_is_none_is_said: no key is left behind where no store was made; no backup, no twin
expect 2 . store new --store postgresql://u@127.0.0.1:1/db --key file:pg.key
[ ! -e pg.key ] || fail "a key to no store"
expect 2 '^gemel: /nope: there is no backup$' store restore /nope --store new.db
expect 2 '^gemel: twin nobody: no such twin$' twin show nobody
expect 2 'quality or note is expected' twin history nobody --kind fun

# address__never_shows_a_password: what is shown in its place
shown() { expect 2 "^gemel: $2: " bank list --store "$1"; }
shown 'postgresql://rosa:SECRET@h:5432/db' 'postgresql://rosa:\*\*\*@h:5432/db'
shown 'postgres://rosa:SECRET@h/db?sslmode=require' 'postgres://rosa:\*\*\*@h/db'
shown 'postgresql://rosa@h/db' 'postgresql://rosa@h/db'
shown 'postgresql://h:5432/db' 'postgresql://h:5432/db'
shown 'postgresql:///db?host=/run/pg' 'postgresql:///db'
shown 'postgresql://h/db?user=rosa&password=SECRET' 'postgresql://h/db'
# signs that should have been written as %xx
shown 'postgresql://rosa:a@SECRET@h/db' 'postgresql://rosa:\*\*\*@h/db'
shown 'postgresql://rosa:a/SECRET@h/db' 'postgresql://rosa:\*\*\*@h/db'
shown 'postgresql://rosa:a?SECRET@h/db' 'postgresql://\*\*\*'
shown 'postgresql://h/db?password=SECRET@x' 'postgresql://\*\*\*'
shown 'host=h password=SECRET' 'host=h password=\*\*\*'
for url in 'postgresql://u:SECRET@127.0.0.1:1/db' 'postgresql://u:a@SECRET@127.0.0.1:1/db' \
  'postgresql://u:a/SECRET@127.0.0.1:1/db' 'postgresql://u@127.0.0.1:1/db?password=SECRET' \
  'mysql://u:SECRET@h/db' 'none/password=SECRET'; do
  for verb in 'store new' 'bank list' 'audit verify' 'audit list' 'store backup copy' 'twin show a' \
    'store restore copy'; do
    for key in '' '--key file:gemel.db.key'; do
      code=0
      "$gemel" $verb --store "$url" $key >out 2>err </dev/null || code=$?
      cases=$((cases + 1))
      [ "$code" = 2 ] || fail "$verb at no server: code $code"
      ! grep -q SECRET out err || fail "$verb shows a password"
      GEMEL_STORE=$url "$gemel" $verb $key >out 2>err </dev/null && fail "$verb at no server"
      ! grep -q SECRET out err || fail "$verb shows a password of GEMEL_STORE"
    done
  done
done

# A twin of one level, measured.
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
observables:
  conc: {is: C, unit: mg/L, code: loinc|4049-3, error: {additive: 1}}
parameters:
  L: {typical: 10, unit: mg/L, between-subjects: {normal: 2}, source: a test}
END
cat >level/map.yaml <<'END'
mapping: test
source: ward
subject: who
id: {column: nr}
time: {column: at, format: iso}
columns:
  conc: {observable: conc, unit: mg/L}
END
table() { # table WHO NR...
  who=$1
  shift
  echo 'who;nr;at;conc'
  for nr in "$@"; do echo "$who;$nr;2026-05-0${nr}T00:00:00Z;11"; done
}
resource() { # resource WHO ID
  printf '{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"system":' "$2"
  printf '"http://loinc.org","code":"4049-3"}]},"subject":{"reference":"Patient/%s"},' "$1"
  printf '"effectiveDateTime":"2026-05-08T08:00:00Z","valueQuantity":{"value":9,"unit":"mg/L",'
  printf '"system":"http://unitsofmeasure.org","code":"mg/L"}}'
}
twin_new() { expect 0 "of subject $1" twin new "$1" --definition level/twin.yaml --subject "$1" --consent care; }
twin_new a
twin_new b
map="--map level/map.yaml --no-update"

# add__refuses_another_person: of a source that has spoken of one, in a table and in FHIR; nothing is
# written, and no id is said
table p1 1 2 >one
table p2 3 4 >two
# add__of_a_new_source calls the subject as the store does, or is vouched for; the id of another
# subject of the store is refused in any case
expect 2 "source 'ward' is new here.*--patient" twin add a --data one $map
table b 1 2 >bs
expect 2 "source 'ward' speaks of another subject of this store.*--patient" twin add a --data bs $map
resource b o9 >bs.json
expect 2 "speaks of another subject of this store.*--patient" twin add a --data bs.json --no-update
! grep -q '[ "/]b[ ."]' err || fail "an id is in the message"
same "$(records a)" '2 records' 'records after data of others'
expect 0 '2 new' twin add b --data bs $map
expect 0 '1 new' twin add b --data bs.json --no-update
expect 0 '2 new' twin add a --data one $map --patient p1
before=$(records a)
expect 2 "source 'ward' has spoken of another subject.*--patient" twin add a --data two $map
! grep -q 'p1\|p2' err || fail "an id is in the message"
same "$(records a)" "$before" 'records after another table'
resource p1 o1 >one.json
resource p2 o2 >two.json
expect 0 '1 new' twin add a --data one.json --source lab --no-update --patient p1
before=$(records a)
expect 2 "source 'lab' has spoken of another subject.*--patient" twin add a --data two.json --source lab --no-update
same "$(records a)" "$before" 'records after another resource'
# a long file whose last rows are somebody else's is refused whole
{
  echo 'who;nr;at;conc'
  i=0
  while [ $i -lt 2000 ]; do
    i=$((i + 1))
    echo "p1;x$i;2026-04-01T00:00:00Z;11"
  done
  echo 'p2;y;2026-04-01T00:00:00Z;11'
} >long
expect 2 'several subjects' twin add a --data long $map
sed 's/^p1;/;/' long >unsaid # all but the last row do not say whose they are
code=0
"$gemel" twin add a --data unsaid $map >out 2>err || code=$?
[ "$code" = 0 ] || same "$(records a)" "$before" 'records after a row of another person'
# add__of_the_same_person, when somebody says so; sources are not compared with each other
expect 0 '2 new' twin add a --data two $map --patient p2
expect 0 '0 new, 2 known' twin add a --data two $map
expect 0 '1 new' twin add a --data two.json --source lab --no-update --patient p2
expect 0 '2 new' twin add b --data two $map --patient p2
expect 0 '1 new' twin add b --data one.json --source lab --no-update --patient p1

# restore__leaves_nothing_behind when it fails, and then succeeds at the same place
expect 0 . store backup copy
clear() { same "$(ls -d back.db* 2>/dev/null | tr '\n' ' ')" '' "after restoring with $1"; }
expect 2 'No such file' store restore copy --store back.db --key file:none.key
clear 'no key'
expect 2 'variable is not set' store restore copy --store back.db --key env:NOPE
clear 'no variable'
K=0000000000000000000000000000000000000000000000000000000000000000 \
  expect 2 . store restore copy --store back.db --key env:K
clear 'another key'
expect 2 'none.keys' store restore copy --keys none.keys --store back.db --key file:gemel.db.key
clear 'no keys'
head -c 100 copy.keys >cut.keys
expect 2 . store restore copy --keys cut.keys --store back.db --key file:gemel.db.key
clear 'keys cut short'
expect 2 'line 1' store restore copy --tombstones one --store back.db --key file:gemel.db.key
clear 'a list that is none'
# a page of the backup's records is zeros
bytes=$(wc -c <copy)
cp copy bad
dd if=/dev/zero of=bad bs=4096 seek=$((bytes / 4096 / 2)) count=$((bytes / 4096 / 2)) conv=notrunc 2>err
cp copy.keys bad.keys
expect 2 . store restore bad --store back.db --key file:gemel.db.key
clear 'a damaged backup'
expect 0 '2 twins' store restore copy --store back.db --key file:gemel.db.key
expect 2 'back.db is there already' store restore copy --store back.db --key file:none.key
[ -s back.db ] || fail "a store that was there is gone"

# tombstones__carry_erasures_over_a_restore whose keys the erasure could not reach
expect 2 'operators keep that list' twin erase --subject a --yes --tombstones list --as patient:a
expect 2 'this is the store' twin erase --subject a --yes --tombstones gemel.db --as operator:o
expect 2 'no list of tombstones' twin erase --subject a --yes --tombstones one --as operator:o
expect 2 'master key' store backup copy2 --tombstones gemel.db.key
[ ! -e copy2 ] || fail "a backup although its list cannot be written"
mv copy.keys away.keys
expect 0 'list: numbers of all erased' twin erase --subject a --yes --tombstones list --as operator:o
[ "$(grep -c 'warning: keys of 1 backups could not be reached.*copy.keys.*erase once more' err)" = 1 ] ||
  fail "keys out of reach are not told"
mv away.keys copy.keys
same "$(grep -vc '^#' list)" 1 'numbers in the list'
! grep -q 'subject a\|^a$' list || fail "a name is in the list"
# without the list the subject comes back; with it, it does not
expect 0 '2 subjects, 0 of them erased' store restore copy --store came.db --key file:gemel.db.key
expect 0 '2 subjects, 1 of them erased' store restore copy --tombstones list --store gone.db --key file:gemel.db.key
# once more, with the file back in its place, destroys the key there: no list is needed any more
expect 0 'erased: the key is destroyed' twin erase --subject a --yes --as operator:o
! grep -q warning err || fail "keys that were reached are called out of reach"
expect 0 '2 subjects, 1 of them erased' store restore copy --store once.db --key file:gemel.db.key
expect 2 'no such subject' twin erase --subject nobody --yes --as operator:o
expect 2 'erased' twin show a --store gone.db --key file:gemel.db.key
expect 0 . twin history b --store gone.db --key file:gemel.db.key
! grep -aq '"value"' gone.db || fail "plain text in the store"
# the next list has all, and only an older list is written over
expect 0 'erased' twin erase --subject b --yes --as operator:o
expect 0 'list: numbers of all erased' store backup copy3 --tombstones list
same "$(grep -vc '^#' list)" 2 'numbers in the newer list'
expect 0 '2 subjects, 2 of them erased' store restore copy --tombstones list --store none.db --key file:gemel.db.key
echo "$cases cases"
