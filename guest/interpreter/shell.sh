# The shell that keeps what scripts of a session leave: variables, functions, the directory, options and aliases.
#
# It is told of scripts over a pipe with a name, and tells of their ends over another one; no descriptor of it is open while a script
# runs. Before each script it makes a copy of itself that stands by: if the script is given up, or ends the shell for good, the copy
# goes on, with all that was before.
#
# A script that exits ends in the trap for that, where the next script is waited for. A trap that a script sets for its own end is kept
# by the function `trap`, and is run at the end of the script.
#
# Scripts may name aliases and functions as they like: what is meant here is written so that none of them is.
\builtin shopt -s expand_aliases
\builtin readonly __caisson="$CAISSON_SHELL"
\builtin unset CAISSON_SHELL
__caisson_status=0 __caisson_flags= __caisson_at_exit= __caisson_script= __caisson_words= __caisson_owner=
__caisson_set() { \builtin return "$1"; }
trap() {
  if [[ $BASHPID == "$__caisson_owner" && $# -ge 2 && ($1 == - || $1 == -- || $1 != -*) ]]; then
    [[ $1 != -- ]] || \builtin shift
    \builtin local __caisson_command="$1" __caisson_signal
    \builtin local -a __caisson_others
    __caisson_others=()
    \builtin shift
    for __caisson_signal; do
      case ${__caisson_signal^^} in
        EXIT | 0) __caisson_at_exit=${__caisson_command#-} ;;
        # What a function takes back of these is there again when it returns, unless something else is.
        DEBUG | ERR | RETURN) \builtin trap -- "${__caisson_command#-}" "$__caisson_signal" ;;
        *) __caisson_others+=("$__caisson_signal") ;;
      esac
    done
    [[ ${#__caisson_others[@]} -eq 0 ]] || \builtin trap -- "$__caisson_command" "${__caisson_others[@]}"
    \builtin return
  fi
  \builtin trap "$@"
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
__caisson_next() {
  while IFS= \builtin read -r __caisson_words <"$__caisson/in"; do
    [[ $__caisson_words == seed* ]] || \builtin return 0
    RANDOM=${__caisson_words#seed }
    \builtin echo prepared >"$__caisson/out"
  done
  \builtin return 1
}
__caisson_stand() {
  \builtin echo "stand $BASHPID" >"$__caisson/out"
  IFS= \builtin read -r __caisson_words <"$__caisson/by" || \builtin exit
}
__caisson_load() {
  IFS= \builtin read -r __caisson_words <"$__caisson/in"
  IFS= \builtin read -r -d "" __caisson_script <"$__caisson/script"
  [[ -z $__caisson_flags ]] ||
    __caisson_script="{ \builtin set -$__caisson_flags; __caisson_set $__caisson_status && \builtin :; } 2>/dev/null; $__caisson_script"
}
# Scripts are evaluated where no function is under way, in which what they declare would be local, and on a first line, from which
# their own lines are counted. Options are set and put away where nobody hears it, or a script that traces itself would trace what is
# done around it. The status that a script begins with is that of a list, which neither ends the shell nor calls a trap.
\builtin readonly __caisson_exit='{ __caisson_status=$?; __caisson_flags=${-//[!aefuvxC]/}; \builtin set +aefuvxC; } 2>/dev/null; \builtin eval "$__caisson_end"; (\builtin eval "$__caisson_serve"); \builtin echo "gone $BASHPID $?" >"$__caisson/out"'
\builtin readonly __caisson_serve='__caisson_open; while __caisson_next; do ( (__caisson_stand; \builtin eval "$__caisson_serve") & ); __caisson_load; __caisson_set "$__caisson_status" && \builtin :; \builtin eval "$__caisson_script"; { __caisson_status=$?; __caisson_flags=${-//[!aefuvxC]/}; \builtin set +aefuvxC; } 2>/dev/null; \builtin eval "$__caisson_end"; done'
