# banned.awk - finds uses of the functions in banned.txt (-v table=PATH). Its input is
# FILE tab LINE tab WAIVED NAME tab CODE (see code.awk), or with -v bare=1 FILE, LINE, WAIVED and the
# name of one function.
BEGIN {
  FS = "\t"
  while ((getline row < table) > 0) {
    if (row ~ /^#/ || row ~ /^ *$/) continue
    split(row, field, / +/)
    count = split(field[1], name, "|")
    why = row
    sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", why)
    for (i = 1; i <= count; i++) {
      where[name[i]] = field[2]
      except[name[i]] = field[3]
      instead[name[i]] = why
    }
    rows++
  }
  if (!rows) { print "banned.awk: no table at " table > "/dev/stderr"; exit 2 }
}
function look(f) {
  if (!(f in where) || $1 !~ where[f]) return
  if (except[f] != "-" && $1 ~ except[f]) return
  if ($3 == f) return
  print $1 ":" $2 ": " f "() may not be used here; use " instead[f]
}
bare { look($4); next }
{
  code = $4
  before = ""
  while (match(code, /[A-Za-z_][A-Za-z_0-9]* *\(/)) {
    called = substr(code, RSTART, RLENGTH)
    before = before substr(code, 1, RSTART - 1)
    code = substr(code, RSTART + RLENGTH)
    sub(/ *\($/, "", called)
    if (before !~ /(\.|->) *$/) look(called) # not a member of a struct
    before = before called "("
  }
}
