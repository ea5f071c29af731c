# Completion of the gemel command; bash reads it by `. tools/completion/gemel.bash`.
# Options are asked from the command itself, so that they are those of the installed version.
_gemel() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
  local family="store twin bank audit" at=1
  local verbs="demo run fit simulate sensitivity compare propose check new export $family help"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$word")
    return
  fi
  if [[ $verb == help ]] && ((COMP_CWORD == 2)); then
    mapfile -t COMPREPLY < <(compgen -W "${verbs% help}" -- "$word")
    return
  fi
  [[ $verb == help ]] && at=2
  # verbs of two words; the second ones, too, are asked from the command
  if [[ " $family " == *" ${COMP_WORDS[at]} "* ]]; then
    if ((COMP_CWORD == at + 1)); then
      local seconds
      seconds=$("${COMP_WORDS[0]}" "${COMP_WORDS[at]}" 2>/dev/null |
        sed -n "s/^  ${COMP_WORDS[at]} \([a-z]*\).*/\1/p")
      mapfile -t COMPREPLY < <(compgen -W "$seconds" -- "$word")
      return
    fi
    verb="${COMP_WORDS[at]} ${COMP_WORDS[at + 1]}"
  fi
  case $before in
    --subject | --now | --learn | --horizon | --plan | --measure | --dose | --to | --every | --set | --seed | \
      --threads | --members | --population | --from | --steps | --times | --variables | --rtol | \
      --atol | --replicates | --consent | --as | --for | --as-of | --store | --key | --why | --decision)
      return
      ;;
    --solver) mapfile -t COMPREPLY < <(compgen -W "auto explicit stiff" -- "$word") && return ;;
    --stochastic) mapfile -t COMPREPLY < <(compgen -W "exact tau hybrid" -- "$word") && return ;;
    --out) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
  esac
  if [[ $word == -* ]]; then
    local options
    # shellcheck disable=SC2086 # a verb may be two words
    options=$("${COMP_WORDS[0]}" help $verb 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _gemel gemel
