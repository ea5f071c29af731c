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

also() { # also NAME TEXT: the text in what was printed last
  cases=$((cases + 1))
  grep -qF -- "$2" "$dir/out" || { fails=$((fails + 1)); echo "FAILED $1: \"$2\" is not in:"; cat "$dir/out"; }
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
claim missing_value 2 "a value is expected: --days N" "$gemel" t1d trial --days
claim bad_number 2 "a whole number from 2 to 3660 is expected" "$gemel" t1d trial --days many
claim number_out_of_range 2 "a whole number from 2 to 3660 is expected" "$gemel" t1d trial --days 1
claim basal_of_a_pump 2 "a number from 0 to 20 is expected" "$gemel" t1d replay "$dir/days.csv" --basal 20.5
claim nearest_option 2 "is it --days?" "$gemel" t1d trial --day 3
claim nearest_verb 2 'is it replay?' "$gemel" t1d reply
claim given_twice 2 "given twice" "$gemel" t1d trial --days 3 --days 4
claim too_many_arms 2 "more than 12" "$gemel" t1d trial --arms pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid,pid
claim fraction 2 "a whole number from 2 to 3660 is expected" "$gemel" t1d trial --days 2.5
claim unknown_arm 2 '"lucky" is no controller' "$gemel" t1d trial --arms lucky
claim unknown_scenario 2 "known are exact" "$gemel" t1d trial --scenario none
claim unknown_subject 2 "expected adults" "$gemel" t1d trial --subjects nobody
claim missing_file 2 "no-such.csv" "$gemel" t1d replay "$dir/no-such.csv"
claim no_argument 2 "use: gemel t1d replay" "$gemel" t1d replay

claim folder_of_a_result 0 "days" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/new/folder/a.svg"
claim four_decimals 0 "1152 readings" "$gemel" t1d replay "$dir/days.csv" --no-twin --basal 0.8125
claim replay 0 "1152 readings" "$gemel" t1d replay "$dir/days.csv" --out "$dir/steps.csv"
claim head_of_steps 0 "t_s,cgm_mgdl,believed," head -n 1 "$dir/steps.csv"
claim steps_without_twin 0 "" "$gemel" t1d replay "$dir/days.csv" --no-twin --out "$dir/alone.csv"
claim nothing_of_a_twin 0 "1152" grep -c '^[0-9]*,[0-9.]*,,,,,,[0-9]' "$dir/alone.csv"
claim replay_says_scores 0 "within 90 %" "$gemel" t1d replay "$dir/days.csv" --no-twin
claim steps_are_all_there 0 "1153" wc -l "$dir/steps.csv"
claim output_is_not_the_input 2 "this is the file that the command is about" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/days.csv"
awk 'NR <= 2' "$dir/days.csv" > "$dir/one.csv"
claim one_is_one 0 "1 reading on 1 day," "$gemel" t1d profile "$dir/one.csv"
claim no_share_is_sure 0 "<54           0.00 %      none seen" "$gemel" t1d profile "$dir/days.csv"
for v in profile replay trial; do
  "$gemel" t1d $v --help > "$dir/out"
  cases=$((cases + 1))
  if awk 'length > 100 { bad = 1 } END { exit !bad }' "$dir/out"; then fails=$((fails + 1)); echo "FAILED: help of $v has lines beyond 100 columns"; fi
done
claim neither_of_replay 2 "this is the file that the command is about" "$gemel" t1d replay "$dir/days.csv" --out "$dir/./days.csv"
printf 'SQLite format 3\0rest' > "$dir/store.db"
claim output_is_no_store 2 "this is a store" "$gemel" t1d replay "$dir/days.csv" --out "$dir/store.db"
claim input_is_still_there 0 "timestamp" head -1 "$dir/days.csv"
claim no_name_of_a_file 2 "--svg: a file is expected" "$gemel" t1d profile "$dir/days.csv" --svg ""
claim two_results_in_one_file 2 "this is the file of --html" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/x" --html "$dir/./x"
printf 'mapping: x\n' > "$dir/map.yaml"
claim output_is_not_the_mapping 2 "this is the file of --mapping" "$gemel" t1d replay "$dir/days.csv" --mapping "$dir/map.yaml" --out "$dir/map.yaml"
claim profile 0 "70-180" "$gemel" t1d profile "$dir/days.csv" --svg "$dir/profile.svg"
claim profile_says_too_little 0 "NOT ENOUGH" "$gemel" t1d profile "$dir/days.csv"
claim picture 0 "</svg>" cat "$dir/profile.svg"

# The last days: head, figures and picture are of the same ones; a report in one page.
claim days_are_whole 2 "a whole number from 1 to 3650 is expected" "$gemel" t1d profile "$dir/days.csv" --days 2.5
claim two_days 0 "576 readings on" "$gemel" t1d profile "$dir/days.csv" --days 2 --svg "$dir/two.svg"
claim picture_of_two_days 0 "Ambulatory glucose profile, 2 days" cat "$dir/two.svg"
claim report 0 "70-180" "$gemel" t1d profile "$dir/days.csv" --html "$dir/report.html"
claim report_is_a_page 0 "</html>" cat "$dir/report.html"
claim report_says_its_clock 0 "Clock: as in the tables" cat "$dir/report.html"
claim report_in_a_zone 0 "times of day: UTC-3:30" "$gemel" t1d profile "$dir/days.csv" --zone -3.5 --html "$dir/zone.html" --svg "$dir/zone.svg"
claim page_says_the_zone 0 "Clock: UTC-3:30" cat "$dir/zone.html"
claim picture_says_the_zone 0 "time of day [h], clock: UTC-3:30" cat "$dir/zone.svg"
claim report_says_what_was_read 0 "1152 rows, 0 refused" cat "$dir/report.html"

# Rows that are refused are told, with their place and never with their value.
{ cat "$dir/days.csv"; echo "2024-05-10 00:00:00,many"; echo "some day,120"; } > "$dir/bad.csv"
claim rows_refused 0 "1154 rows, 2 refused, 1152 records" "$gemel" t1d profile "$dir/bad.csv"
claim where_refused 0 "line 1154, glucose_value_mg_dl" "$gemel" t1d replay "$dir/bad.csv" --no-twin

# What cannot be is refused by row with its place: a dose, a meal, a glucose, a clock; the rest goes on.
{ cat "$dir/days.csv"; echo "2024-05-10 00:00:00,-5"; echo "2024-05-10 00:05:00,2500"; echo "1970-01-01 00:05:00,120"; } > "$dir/slips.csv"
claim glucose_that_cannot_be 0 "1155 rows, 3 refused, 1152 records, 3 implausible" "$gemel" t1d profile "$dir/slips.csv"
also glucose_has_its_place "refused first: $dir/slips.csv: line 1154, glucose: not above 1 or above 1500 mg/dL"
{ echo "time,basal_U_per_5min,bolus_U,carb_servings_10g"; echo "2024-05-06T08:00:00,0.07,5,600"; } > "$dir/slip.csv"
claim meal_that_cannot_be 0 "1153 rows, 1 refused, 1154 records" "$gemel" t1d replay "$dir/days.csv" "$dir/slip.csv" --no-twin
also meal_has_its_place "refused first: $dir/slip.csv: line 2, carbs: below 0 or above 500 g at once"
also meal_is_not_told "0 meals, 1 boluses"

# Two people in one, and units of two sorts: a warning, also in the page and in JSON.
awk -F, 'NR == 1 { print; next } { printf "%s,%.0f\n", $1, $2 + 30 }' "$dir/days.csv" > "$dir/other.csv"
claim two_people 0 "WARNING: 1152 of 2304 readings stand against another one of the same time" "$gemel" t1d profile "$dir/days.csv" "$dir/other.csv" --html "$dir/two.html"
claim page_says_two_people 0 "<b>In doubt:</b> 1152 of 2304 readings stand against another" cat "$dir/two.html"
claim json_says_two_people 0 '"1152 of 2304 readings stand against another one' "$gemel" t1d profile "$dir/days.csv" "$dir/other.csv" --json
awk -F, 'NR == 1 || NR > 60 { print; next } { printf "%s,%.1f\n", $1, $2 / 18 }' "$dir/days.csv" > "$dir/mixed.csv"
claim some_are_mmol 0 "WARNING: 59 of 1152 readings are below 33.4 mg/dL: some may be mmol/L" "$gemel" t1d replay "$dir/mixed.csv" --no-twin
awk -F, 'NR == 1 || NR > 700 { print; next } { printf "%s,%.1f\n", $1, $2 / 18 }' "$dir/days.csv" > "$dir/most.csv"
claim most_are_mmol 2 "699 of 1152 readings are not above 33.4" "$gemel" t1d profile "$dir/most.csv"
cases=$((cases + 1))
"$gemel" t1d profile "$dir/days.csv" > "$dir/out" 2>&1
if grep -q WARNING "$dir/out"; then fails=$((fails + 1)); echo "FAILED: one person is warned of"; fi

# Nothing is left: what was read, and why not. Too little: no figure is made up, nothing is met.
sed '1s/,/;/; 2,$s/,\(.*\)/;\1,0/' "$dir/days.csv" > "$dir/semi.csv"
claim nothing_usable 2 "1152 rows read, 1152 refused, 0 records" "$gemel" t1d profile "$dir/semi.csv"
also nothing_usable_says_why "refused first: $dir/semi.csv: line 2, glucose_value_mg_dl: a comma in a number"
head -1 "$dir/days.csv" > "$dir/head.csv"
claim header_only 2 "0 rows read, 0 refused, 0 records" "$gemel" t1d profile "$dir/head.csv"
claim header_only_has_no_replay 2 "0 rows read, 0 refused, 0 records" "$gemel" t1d replay "$dir/head.csv"
claim spread_of_one 0 "SD       not known" "$gemel" t1d profile "$dir/one.csv" --html "$dir/one.html"
claim verdict_of_one 0 ">too little data<" cat "$dir/one.html"

# The table of docs/cgm.md as it stands there: mmol/L, decimal comma, its own clock.
{ echo "Zeit;Glukose"
  awk -F'[-, :]' 'NR > 1 { v = sprintf("%.1f", $7 / 18); sub(/\./, ",", v); printf "%s.%s.%s %s:%s;%s\n", $3, $2, $1, $4, $5, v }' "$dir/days.csv"
  echo "10.05.2024 00:00;LO"; } > "$dir/glukose.csv"
sed -n '/^    mapping: glucose in mmol/,/^$/s/^    //p' docs/cgm.md > "$dir/glukose.yaml"
claim mmol_by_mapping 0 "1153 rows, 0 refused, 1153 records" "$gemel" t1d profile "$dir/glukose.csv" --mapping "$dir/glukose.yaml"
also mmol_is_converted "  mean        141."
also low_of_mmol "<54           0.09 %"

# mmol/L under mg/dL; a sensor of one minute; an end of the sensor.
awk -F, 'NR == 1 { print; next } { printf "%s,%.1f\n", $1, $2 / 18 }' "$dir/days.csv" > "$dir/mmol.csv"
claim mmol_is_refused 2 "not mmol/L" "$gemel" t1d replay "$dir/mmol.csv"
claim mmol_has_no_profile 2 "not mmol/L" "$gemel" t1d profile "$dir/mmol.csv"
awk 'BEGIN {
  print "timestamp,glucose_value_mg_dl"
  for (i = 0; i < 4320; i++)
    printf "2024-05-%02d %02d:%02d:00,%.0f\n", 6 + int(i / 1440), int(i / 60) % 24, i % 60, 140 + 35 * sin(i / 229)
}' > "$dir/minutes.csv"
claim one_minute 0 "3456 of them between steps of 5 min" "$gemel" t1d replay "$dir/minutes.csv" --no-twin
cases=$((cases + 1))
if grep -q "nan\|no reading came" "$dir/out"; then fails=$((fails + 1)); echo "FAILED: a horizon of a sensor of 1 min never settles"; fi

# Readings, insulin and meals in two tables of one person; without the twin nothing of it is said.
{ echo "time,basal_U_per_5min,bolus_U,carb_servings_10g"
  echo "2024-05-05T23:00:00,0.07,0,0"
  echo "2024-05-05T23:30:00,0.07,2,3"
  echo "2024-05-06T08:00:00,0.08,5,6"
  echo "2024-05-06T18:30:00,0.08,6,7"; } > "$dir/events.csv"
claim insulin_and_meals 0 "2 meals, 2 boluses" "$gemel" t1d replay "$dir/days.csv" "$dir/events.csv"
also before_the_first_reading "LEFT OUT: 2 meals and boluses before the first reading, 0 behind"
also scores_of_the_twin "    twin"
claim explain 0 "Why, at the last reading" "$gemel" t1d replay "$dir/days.csv" "$dir/events.csv" --explain
also explain_causes "insulin on board      carbohydrate    no known cause"
claim explain_json 0 '"change_mgdl"' "$gemel" t1d replay "$dir/days.csv" "$dir/events.csv" --explain --json
claim explain_needs_the_twin 2 "not with --no-twin" "$gemel" t1d replay "$dir/days.csv" --explain --no-twin
claim no_twin 0 "not used, as the twin is left out" "$gemel" t1d replay "$dir/days.csv" "$dir/events.csv" --no-twin
cases=$((cases + 1))
if grep -q "held out\|it was lost\|  twin " "$dir/out"; then fails=$((fails + 1)); echo "FAILED: --no-twin tells of a twin"; fi
# Tables of headers of their own: each takes the mapping whose columns it has; none is left unused.
{ echo "when,units,grams"; echo "2024-05-06T08:00:00Z,5,60"; echo "2024-05-06T18:30:00Z,6,70"; } > "$dir/own.csv"
cat > "$dir/own.yaml" <<'YAML'
mapping: insulin and meals of a diary
source: diary
class: device
subject: {is: one}
time: {column: when, format: iso}
columns:
  units: {input: bolus, unit: "[IU]", as: given}
  grams: {input: carbs, unit: g, as: reported}
YAML
sed 's/timestamp,glucose_value_mg_dl/clock,sugar/; s/ /T/; 2,$s/,/Z,/' "$dir/days.csv" > "$dir/sugar.csv"
cat > "$dir/sugar.yaml" <<'YAML'
mapping: readings
source: sensor
class: device
subject: {is: one}
time: {column: clock, format: iso}
columns:
  sugar: {observable: glucose, unit: mg/dL, code: "loinc|99504-3"}
YAML
claim mapping_beside_a_known_header 0 "1154 rows, 0 refused, 1156 records" "$gemel" t1d profile "$dir/days.csv" "$dir/own.csv" --mapping "$dir/own.yaml"
claim mapping_for_each 0 "1154 rows, 0 refused, 1156 records" "$gemel" t1d profile "$dir/own.csv" "$dir/sugar.csv" --mapping "$dir/sugar.yaml" --mapping "$dir/own.yaml"
also mapping_with_a_zone "times of day: UTC, which --zone H"
claim mapping_that_fits_nothing 2 'there is no column "when"' "$gemel" t1d profile "$dir/days.csv" --mapping "$dir/own.yaml"
claim mapping_is_needed 2 "say with --mapping FILE" "$gemel" t1d profile "$dir/own.csv"
claim sorts_of_files 2 "not read together" "$gemel" t1d replay "$dir/days.csv" "$dir/none.json"

# Nightscout: readings, a temporary rate, a bolus, a meal; what nobody asks for is counted.
awk 'BEGIN {
  printf "["
  for (i = 0; i < 300; i++)
    printf "{\"_id\":\"e%d\",\"sgv\":%.0f,\"date\":%.0f},\n", i, 130 + 40 * sin(i / 20), (1715000000 + 300 * i) * 1000
  print "{\"_id\":\"t1\",\"eventType\":\"Temp Basal\",\"created_at\":\"2024-05-06T16:00:00Z\",\"duration\":30,\"absolute\":1.5},"
  print "{\"_id\":\"t2\",\"eventType\":\"Meal Bolus\",\"created_at\":\"2024-05-06T18:00:00Z\",\"insulin\":3,\"carbs\":40},"
  print "{\"_id\":\"t3\",\"eventType\":\"Note\",\"created_at\":\"2024-05-06T19:00:00Z\"},"
  print "{\"_id\":\"e900\",\"sgv\":5,\"date\":1715000100000}]"
}' > "$dir/ns.json"
claim nightscout 0 "304 documents, 1 refused, 303 records, 1 not asked for" "$gemel" t1d replay "$dir/ns.json"
also nightscout_is_told "1 meals, 1 boluses, 1 basal rates"
also nightscout_says_why "refused first: $dir/ns.json, [303]: "
claim mapping_of_no_table 2 "--mapping is for tables" "$gemel" t1d profile "$dir/ns.json" --mapping "$dir/own.yaml"

# A slip within a document is a part of it; a document of nothing else is refused.
{ echo '[{"_id":"t5","eventType":"Meal Bolus","created_at":"2024-05-06T20:00:00Z","insulin":3,"carbs":4000},'
  echo '{"_id":"t6","eventType":"Correction Bolus","created_at":"2024-05-06T21:00:00Z","insulin":600}]'; } > "$dir/slips.json"
claim slips_of_documents 0 "306 documents, 2 refused, 304 records, 1 not asked for, 3 parts refused, 2 implausible" "$gemel" t1d replay "$dir/ns.json" "$dir/slips.json" --no-twin
claim slip_has_its_place 0 "refused first: $dir/slips.json, [0]: carbs: below 0 or above 500 g at once" "$gemel" t1d replay "$dir/slips.json" "$dir/ns.json" --no-twin

# A profile whose zone is only a name: refused with what to say, and with --zone its rates are told.
echo '[{"_id":"p1","defaultProfile":"D","startDate":"2024-05-01T00:00:00Z","store":{"D":{"timezone":"Europe/Rome","basal":[{"time":"00:00","timeAsSeconds":0,"value":0.9}]}}}]' > "$dir/rome.json"
claim zone_of_a_name 0 "$dir/rome.json, [0]: profile.timezone" "$gemel" t1d replay "$dir/rome.json" "$dir/ns.json" --no-twin
also zone_is_asked_for "BASAL REFUSED: of a profile whose time zone is only a name; --zone H says it"
also zone_is_not_known "1 basal rates"
claim zone_is_given 0 "times of day: UTC+2" "$gemel" t1d replay "$dir/ns.json" "$dir/rome.json" --no-twin --zone 2
cases=$((cases + 1))
if grep -q " 1 basal rates\|rome.json\|BASAL REFUSED" "$dir/out"; then fails=$((fails + 1)); echo "FAILED: --zone does not reach the profile"; cat "$dir/out"; fi

# FHIR: a Bundle of readings.
awk 'BEGIN {
  printf "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
  for (i = 0; i < 60; i++)
    printf "%s{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"99504-3\"}]},\"subject\":{\"reference\":\"Patient/p\"},\"effectiveDateTime\":\"2024-05-02T%02d:%02d:00Z\",\"valueQuantity\":{\"value\":%d,\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/dL\"}}}", i ? "," : "", i, 10 + int(i / 12), 5 * (i % 12), 110 + i
  print "]}"
}' > "$dir/fhir.json"
claim fhir 0 "60 entries, 0 refused, 60 records" "$gemel" t1d profile "$dir/fhir.json"

sed 's/"value":117,/"value":2500,/' "$dir/fhir.json" > "$dir/fhir-slip.json"
claim fhir_slip 0 "60 entries, 1 refused, 59 records" "$gemel" t1d profile "$dir/fhir-slip.json"
also fhir_slip_has_its_place "Bundle.entry[7]: glucose: not above 1 or above 1500 mg/dL"

# JSON of every verb.
claim json_replay 0 '"rmse_mgdl"' "$gemel" t1d replay "$dir/days.csv" --no-twin --json
also json_experts '"last hour":'
also json_series '"name": "glucose"'
cp "$dir/out" "$dir/1.json"
claim json_profile 0 '"by_time_se"' "$gemel" t1d profile "$dir/days.csv" --json
cp "$dir/out" "$dir/2.json"
claim json_trial 0 '"differences"' "$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2 --json
cp "$dir/out" "$dir/3.json"
if command -v python3 > /dev/null; then
  for n in 1 2 3; do claim "json_$n" 0 "{" python3 -m json.tool "$dir/$n.json"; done
fi

# Ctrl-C in the middle: what there is, code 1, and the table of steps so far.
awk 'BEGIN {
  print "timestamp,glucose_value_mg_dl"
  for (i = 0; i < 300 * 288; i++)
    printf "%d-%02d-%02d %02d:%02d:00,%.0f\n", 2010 + int(i / 288 / 28 / 12), 1 + int(i / 288 / 28) % 12, 1 + int(i / 288) % 28, int(i / 12) % 24, 5 * (i % 12), 140 + 35 * sin(i / 45.8)
}' > "$dir/year.csv"
cases=$((cases + 1))
"$gemel" t1d replay "$dir/year.csv" --out "$dir/part.csv" > "$dir/out" 2>&1 &
pid=$!
sleep 2
kill -INT $pid 2>/dev/null || true
code=0
wait $pid || code=$?
if [ "$code" != 1 ] || ! grep -q STOPPED "$dir/out" || [ "$(wc -l < "$dir/part.csv")" -lt 2 ]; then
  fails=$((fails + 1))
  echo "FAILED Ctrl-C: code $code, expected 1, STOPPED and some steps:"
  cat "$dir/out"
fi

claim trial 0 "adults" "$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2
also trial_names_its_error "Mean +- Monte Carlo error"
cp "$dir/out" "$dir/first"
claim trial_again 0 "adults" "$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2 --threads 2
"$gemel" t1d trial --arms open-loop,rules --subjects adult001 --days 2 --threads 2 > "$dir/second"
cases=$((cases + 1))
cmp -s "$dir/first" "$dir/second" || { fails=$((fails + 1)); echo "FAILED: two threads give other bytes"; }

echo "$cases cases, $fails failed"
[ "$fails" = 0 ]
