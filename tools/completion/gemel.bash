# Completion of the gemel command; bash reads it by `. tools/completion/gemel.bash`.
# Options are asked from the command itself, so that they are those of the installed version.
_gemel() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
  local verbs="demo run fit simulate sensitivity compare propose check new export help"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$word")
    return
  fi
  if [[ $verb == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${verbs% help}" -- "$word")
    return
  fi
  case $before in
    --subject | --now | --learn | --horizon | --plan | --dose | --to | --every | --set | --seed | \
      --threads | --members | --population | --from | --steps | --times | --variables | --rtol | \
      --atol | --replicates)
      return
      ;;
    --solver) mapfile -t COMPREPLY < <(compgen -W "auto explicit stiff" -- "$word") && return ;;
    --stochastic) mapfile -t COMPREPLY < <(compgen -W "exact tau hybrid" -- "$word") && return ;;
    --out) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
  esac
  if [[ $word == -* ]]; then
    local options
    options=$("${COMP_WORDS[0]}" help "$verb" 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _gemel gemel
