# Sourced by the checks.

# lint_root [ROOT]: goes to the tree to check
lint_root() { cd "${1:-.}" || exit 2; }

# lint_need PROGRAM...: ends the check when a program is missing
lint_need() {
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 && continue
    echo "lint: $program is missing; tools/setup lint installs it" >&2
    exit 2
  done
}

# lint_files ERE: the files of the tree whose path matches, one a line. What git ignores is left
# out; without git (an unpacked release), what is built is.
lint_files() {
  if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
    git ls-files -co --exclude-standard
  else
    find . -type f ! -path './build/*' ! -path './out/*' ! -path './.git/*' | sed 's|^\./||'
  fi | sort -u | grep -E "$1" | while read -r name; do
    [ ! -f "$name" ] || printf '%s\n' "$name" # deleted, but still known to git
  done
}

# lint_verdict FINDINGS: prints them; the check's exit code
lint_verdict() {
  [ -n "$1" ] || exit 0
  printf '%s\n' "$1"
  exit 1
}
