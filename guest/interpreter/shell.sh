# The shell that keeps what scripts of a session leave: variables, functions, the directory, options and aliases.
#
# It is told of scripts over a pipe with a name, and tells of their ends over another one; no descriptor of it is open while a script
# runs. Before each script it makes a copy of itself that stands by: if the script is given up, or ends the shell for good, the copy
# goes on, with all that was before.
#
# A script that exits ends in the trap for that, where the next script is waited for. A trap that a script sets for its own end is kept
# by the function `trap`, and is run at the end of the script.
#
# Each script has the streams of its run, wherever the one before has sent its own.
#
# Scripts may name aliases and functions as they like: what is meant here is written so that none of them is.
\builtin shopt -s expand_aliases
\builtin readonly __caisson="$CAISSON_SHELL"
\builtin unset CAISSON_SHELL
__caisson_status=0 __caisson_flags= __caisson_debug= __caisson_at_exit= __caisson_script= __caisson_words= __caisson_owner=
__caisson_lines=() __caisson_told=
__caisson_set() { \builtin return "$1"; }
trap() {
  if [[ $BASHPID != "$__caisson_owner" || $# -lt 2 || ($1 == -* && $1 != - && $1 != --) ]]; then
    \builtin trap "$@"
    \builtin return
  fi
  [[ $1 != -- ]] || \builtin shift
  \builtin local __caisson_command="$1" __caisson_signal __caisson_result=0 __caisson_last=
  \builtin local -a __caisson_others
  __caisson_others=()
  \builtin shift
  for __caisson_signal; do
    case ${__caisson_signal^^} in
      EXIT | 0) __caisson_at_exit=${__caisson_command#-} ;;
      # What a function takes back of these is there again when it returns, unless something else is.
      DEBUG) __caisson_last=$__caisson_signal __caisson_debug=${__caisson_command#-} ;;
      ERR | RETURN) \builtin trap -- "${__caisson_command#-}" "$__caisson_signal" ;;
      *) __caisson_others+=("$__caisson_signal") ;;
    esac
  done
  [[ ${#__caisson_others[@]} -eq 0 ]] || \builtin trap -- "$__caisson_command" "${__caisson_others[@]}" || __caisson_result=$?
  [[ -n $__caisson_last ]] || \builtin return "$__caisson_result"
  \builtin trap -- "$__caisson_debug" DEBUG
}
\builtin readonly __caisson_end='if [[ -n $__caisson_at_exit ]]; then
  __caisson_words=$__caisson_at_exit __caisson_at_exit=
  __caisson_set "$__caisson_status"
  \builtin eval "$__caisson_words"
fi
\builtin echo "end $BASHPID $__caisson_status" >"$__caisson/out"'
__caisson_open() {
  __caisson_owner=$BASHPID
  \builtin trap "$__caisson_exit" EXIT
  \builtin echo "serve $BASHPID" >"$__caisson/out"
}
# Says whether the host has gone. Otherwise there is a script.
__caisson_over() {
  while \builtin mapfile -t -n 1 __caisson_lines <"$__caisson/in" && [[ -n ${__caisson_lines-} ]]; do
    [[ $__caisson_lines == seed* ]] || \builtin return 1
    RANDOM=${__caisson_lines#seed }
    \builtin echo prepared >"$__caisson/out"
  done
}
__caisson_stand() {
  \builtin echo "stand $BASHPID" >"$__caisson/out"
  \builtin mapfile -t -n 1 __caisson_lines <"$__caisson/by" || \builtin exit
}
__caisson_load() {
  \builtin mapfile -t -n 1 __caisson_lines <"$__caisson/in"
  \builtin mapfile -d "" -n 1 __caisson_lines <"$__caisson/script"
  __caisson_script=${__caisson_lines-}
  # What `builtin exec` redirects is redirected for itself alone.
  \builtin declare -F exec >/dev/null || \exec >"$__caisson/stdout" 2>"$__caisson/stderr"
  [[ -z $__caisson_flags$__caisson_debug ]] ||
    __caisson_script="{ __caisson_enter && \builtin :; } >/dev/null 2>&1; $__caisson_script"
}
# Options, and the trap for single commands, are set and put away where nobody hears it, or a script that traces itself would trace
# what is done around it.
__caisson_enter() {
  [[ -z $__caisson_flags ]] || \builtin set "-$__caisson_flags"
  [[ -z $__caisson_debug ]] || \builtin trap -- "$__caisson_debug" DEBUG
  \builtin return "$__caisson_status"
}
__caisson_leave() {
  __caisson_status=$? __caisson_flags=${-//[!aefuvxCET]/} __caisson_lines=()
  \builtin set +aefuvxCET
  [[ -z $__caisson_debug ]] || \builtin trap -- "" DEBUG
  \builtin eval '\builtin mapfile -t __caisson_lines <<<kept && \builtin echo && __caisson_set 0 || __caisson_lines=()'
}
\builtin readonly -f __caisson_set __caisson_open __caisson_over __caisson_stand __caisson_load __caisson_enter __caisson_leave
# Scripts are evaluated where no function is under way, in which what they declare would be local, and on a first line, from which
# their own lines are counted. The status that a script begins with is that of a list, which neither ends the shell nor calls a trap.
# A shell that only reads (`set -n`) has each command end as the last one did: so that it ends, it is waited until one succeeds.
#
# A script may have taken words away that are needed here, `builtin` above all. What ends the shell then is none of them, and the copy
# goes on.
\builtin readonly __caisson_after='{ __caisson_leave; } >/dev/null 2>&1; [[ ${__caisson_lines-} == kept || -n $__caisson_told ]] || { __caisson_told=yes; [[ ${__caisson_builtins?the script has redefined what the shell needs: it goes on as it was before the script} ]]; }; [[ -n $__caisson_told ]] || \builtin eval "$__caisson_end"'
\builtin readonly __caisson_exit="$__caisson_after"'; [[ -n $__caisson_told ]] || { (\builtin eval "$__caisson_serve"); \builtin echo "gone $BASHPID $?" >"$__caisson/out"; }'
\builtin readonly __caisson_serve='__caisson_open; until __caisson_over; do ( (__caisson_stand; \builtin eval "$__caisson_serve") & ); __caisson_load; __caisson_set "$__caisson_status" && \builtin :; \builtin eval "$__caisson_script"; '"$__caisson_after"'; done'
