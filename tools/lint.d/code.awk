# code.awk - C without comments and literals: FILE tab LINE tab WAIVED NAME tab CODE for each line.
# A waiver is a comment on the line itself: lint: allow NAME, because REASON
BEGIN { OFS = "\t" }
FNR == 1 { inside = 0 } # of a comment
{
  waived = ""
  if (match($0, /lint: allow [A-Za-z_0-9]+, because [^ ]/)) {
    waived = substr($0, RSTART + 12, RLENGTH - 12)
    sub(/,.*/, "", waived)
  }
  rest = $0
  code = ""
  while (rest != "") {
    if (inside) {
      at = index(rest, "*/")
      if (!at) break
      rest = substr(rest, at + 2)
      inside = 0
      code = code " "
      continue
    }
    if (!match(rest, /\/\*|\/\/|"|'/)) { code = code rest; break }
    code = code substr(rest, 1, RSTART - 1)
    mark = substr(rest, RSTART, 2)
    if (mark == "//") break
    rest = substr(rest, RSTART + 1)
    if (mark == "/*") { inside = 1; rest = substr(rest, 2); continue }
    quote = substr(mark, 1, 1)
    if (!(quote == "\"" ? match(rest, /^([^"\\]|\\.)*"/) : match(rest, /^([^'\\]|\\.)*'/))) break
    code = code quote quote
    rest = substr(rest, RLENGTH + 1)
  }
  gsub(/\t/, " ", code)
  print FILENAME, FNR, waived, code
}
