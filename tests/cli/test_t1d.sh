#!/bin/sh
# label: quick
# `gemel t1d` from end to end: a program of its own beside gemel; codes, messages, results, files.
set -eu
gemel=${GEMEL_CLI:-}
[ -n "$gemel" ] || { echo "GEMEL_CLI is not set"; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cases=0
fails=0

claim() { # claim NAME CODE TEXT COMMAND...: the code, and the text in what is printed
  name=$1 want=$2 text=$3
  shift 3
  cases=$((cases + 1))
  code=0
  "$@" > "$dir/out" 2>&1 || code=$?
  if [ "$code" != "$want" ] || ! grep -qF -- "$text" "$dir/out"; then
    fails=$((fails + 1))
    echo "FAILED $name: code $code, expected $want and \"$text\":"
    cat "$dir/out"
  fi
}

# Four days of readings each five minutes: a wave of the day and one of the hour.
awk 'BEGIN {
  print "timestamp,glucose_value_mg_dl"
  for (i = 0; i < 1152; i++) {
    g = 140 + 35 * sin(i / 45.8) + 12 * sin(i / 7.3) + (i * 7919 % 13) / 4
    printf "2024-05-%02d %02d:%02d:00,%.0f\n", 6 + int(i / 288), int(i / 12) % 24, 5 * (i % 12), g
  }
}' > "$dir/days.csv"

claim help_lists_the_program 0 "t1d" "$gemel" --help
claim program_has_help 0 "replay" "$gemel" t1d --help
claim help_of_a_program 0 "trial" "$gemel" help t1d
claim verb_has_help 0 "--zone H" "$gemel" t1d replay --help
claim no_verb 2 "Verbs:" "$gemel" t1d
claim unknown_verb 2 'unknown verb "fly"' "$gemel" t1d fly
claim unknown_program 2 'unknown verb "t2d"' "$gemel" t2d
claim no_path_in_a_name 2 "unknown verb" "$gemel" ../t1d
claim unknown_option 2 "unknown option --fast" "$gemel" t1d trial --fast
claim missing_value 2 "N is missing" "$gemel" t1d trial --days
claim bad_number 2 "expected a number from 2 to 3660" "$gemel" t1d trial --days many
claim fraction 2 "expected a whole number" "$gemel" t1d trial --days 2.5
claim unknown_arm 2 '"lucky" is no controller' "$gemel" t1d trial --arms lucky
claim unknown_scenario 2 "known are exact" "$gemel" t1d trial --scenario none
claim unknown_subject 2 "expected adults" "$gemel" t1d trial --subjects nobody
claim missing_file 2 "no-such.csv" "$gemel" t1d replay "$dir/no-such.csv"
claim no_argument 2 "use: gemel t1d replay" "$gemel" t1d replay

claim replay 0 "1152 readings" "$gemel" t1d replay "$dir/days.csv" --out "$dir/steps.csv"
claim replay_says_scores 0 "within 90 %" "$gemel" t1d replay "$dir/days.csv" --no-twin
claim steps_are_all_there 0 "1153" wc -l "$dir/steps.csv"
claim output_is_not_the_input 2 "is what is read" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/days.csv"
claim neither_of_replay 2 "is what is read" "$gemel" t1d replay "$dir/days.csv" --out "$dir/./days.csv"
printf 'SQLite format 3\0rest' > "$dir/store.db"
claim output_is_no_store 2 "is a store" "$gemel" t1d replay "$dir/days.csv" --out "$dir/store.db"
claim input_is_still_there 0 "timestamp" head -1 "$dir/days.csv"
claim profile 0 "70-180" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/profile.svg"
claim profile_says_too_little 0 "NOT ENOUGH" "$gemel" t1d profile "$dir/days.csv"
claim picture 0 "</svg>" cat "$dir/profile.svg"
claim trial 0 "adults" "$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2
cp "$dir/out" "$dir/first"
claim trial_again 0 "adults" "$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2 --threads 2
"$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2 --threads 2 > "$dir/second"
cases=$((cases + 1))
cmp -s "$dir/first" "$dir/second" || { fails=$((fails + 1)); echo "FAILED: two threads give other bytes"; }

echo "$cases cases, $fails failed"
[ "$fails" = 0 ]
