#!/bin/sh
# label: full
# The main job on real patients, from another folder, with its figures checked for sense.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] && [ -x "$gemel" ] || { echo "skipped: all cases (GEMEL_CLI names no command)"; exit 77; }
case $gemel in /*) ;; *) gemel=$PWD/$gemel ;; esac
[ -f models/warfarin/twin.yaml ] && [ -f examples/warfarin/warfarin.csv ] ||
  { echo "skipped: all cases (models/warfarin or examples/warfarin is not here)"; exit 77; }
home=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
fail() { echo "FAILED: $*" >&2; cat out err >&2; exit 1; }

# demo__needs_its_files: without them it says which, and how to help.
code=0
GEMEL_HOME=$tmp "$gemel" demo >out 2>err || code=$?
[ "$code" = 2 ] && grep -q 'GEMEL_HOME' err && grep -q 'twin.yaml' err || fail "missing files: $code"
[ ! -e out/demo ] || fail "a report without data"

# demo__does_the_main_job: code 0 (the twins beat the population), table of 32, report, honest note.
begin=$(date +%s)
GEMEL_HOME=$home "$gemel" demo --out here >out 2>err || fail "demo: code $?"
took=$(($(date +%s) - begin))
[ -s here/report.html ] || fail "no report"
[ "$(grep -cE '^  [0-9]+ +[0-9]+ ' out)" = 32 ] || fail "not 32 patients"
for t in 'estimated on these same 32 patients' 'A person decides' 'proposed: ' 'here/report.html' \
  'nothing' 'as it is'; do
  grep -q "$t" out || fail "\"$t\" is not said"
done

# demo__limits_hold: no plan above 15 mg a day is proposed.
! grep -E '^ +[0-9]+\. (1[6-9]|[2-9][0-9]) mg every 24' out || fail "a plan beyond the limit"

# demo__totals_follow_from_the_patients: recomputed here from the JSON, apart from the command.
if command -v python3 >/dev/null 2>&1; then
  GEMEL_HOME=$home "$gemel" demo --out here --json >out 2>err || fail "demo --json: code $?"
  python3 - <<'P' || fail "totals"
import json
r = json.load(open('out'))
assert len(r['patients']) == 32 and r['twins_beat_population'] is True
for k, total in enumerate(r['totals']):
    for who in ('twin', 'population'):
        s = [p['observables'][k][who] for p in r['patients']]
        n = sum(x['count'] for x in s)
        assert n == total[who]['count'] > 50
        for what in ('crps', 'wis', 'covered50', 'covered90'):
            mean = sum(x['count'] * (x[what] or 0) for x in s) / n
            assert abs(mean - total[who][what]) < 1e-9 * max(1, mean), (what, mean)
    t, p = total['twin'], total['population']
    assert t['crps'] < p['crps'] and t['wis'] < p['wis']
    assert t['covered50'] <= t['covered90'] <= 1
P
  # demo__same_bytes_whatever_the_workers
  GEMEL_HOME=$home "$gemel" demo --out here --json --threads 1 >one 2>err || fail "one worker"
  cmp -s out one || fail "one worker gives another result"
else
  echo "skipped: 2 cases, totals and JSON of the demo (python3 is not here)"
fi
echo "the demo took $took s"
