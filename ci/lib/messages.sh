# shellcheck shell=bash
# How the scripts of ci/ speak, fail and ask. Everything goes to stderr: stdout belongs to the program.

say() { printf 'nety: %s\n' "$*" >&2; }

# fail EXIT_CODE WHAT [WHAT_TO_DO]: the exit codes are the program's own.
# shellcheck disable=SC2034  # not every script needs all three
readonly kFailed=1 kUsage=2 kUnfit=5
fail() {
  printf 'nety: error: %s\n' "$2" >&2
  [ -z "${3:-}" ] || printf '  %s\n' "$3" >&2
  exit "$1"
}

# "1 package", "3 packages".
count_of() { if [ "$1" = 1 ]; then echo "1 $2"; else echo "$1 $2s"; fi; }

# Bytes as people read them: "531 MB".
megabytes() { echo "$((($1 + 500000) / 1000000)) MB"; }

# Seconds since a moment of EPOCHSECONDS: "75 s".
since() { echo "$((EPOCHSECONDS - $1)) s"; }

# draw TEXT: a line of progress on the terminal behind stderr, over the one before and no longer than the
# terminal is wide; erase takes the last one away. Only where [ -t 2 ].
drawn=0
draw() {
  local text=$1 columns=''
  read -r _ columns < <(stty size <&2 2>/dev/null) || true
  if [ "${columns:-0}" -lt 10 ]; then columns=80; fi
  text=${text:0:columns-1}
  printf '\r%-*s' "$((drawn < columns ? drawn : columns - 1))" "$text" >&2
  drawn=${#text}
}
erase() {
  if [ "$drawn" != 0 ]; then draw '' && printf '\r' >&2; fi
}

on_terminal() { [ -t 0 ] && [ -t 2 ]; }

# What the user allows: ask, auto, never, or none where nobody can be asked and nothing was said.
setup_mode() {
  case ${NETY_SETUP:-} in
    auto | never) echo "$NETY_SETUP" ;;
    ask) if on_terminal; then echo ask; else echo none; fi ;;
    '')
      case ${CI:-} in
        '' | 0 | false) if on_terminal; then echo ask; else echo none; fi ;;
        *) echo auto ;;
      esac
      ;;
    *) fail "$kUsage" "NETY_SETUP is '$NETY_SETUP'." "Use ask, auto or never." ;;
  esac
}

# confirm QUESTION: true for yes, which is also what Enter means.
confirm() {
  local answer
  printf 'nety: %s [Y/n] ' "$1" >&2
  read -r answer || answer=n
  case $answer in '' | [yY] | [yY][eE][sS]) return 0 ;; *) return 1 ;; esac
}

# The folder for what is downloaded: the same rule as the program's own.
cache_folder() {
  if [ -n "${XDG_CACHE_HOME:-}" ]; then
    echo "$XDG_CACHE_HOME/nety"
  elif [ -n "${HOME:-}" ]; then
    echo "$HOME/.cache/nety"
  else
    fail "$kUnfit" "there is no place for a cache: neither XDG_CACHE_HOME nor HOME is set." \
      "Set one of them to a folder that you can write to."
  fi
}

# last_lines LOG N: the end of a log, indented, for an error that it explains.
last_lines() { tail -n "$2" "$1" 2>/dev/null | sed 's/^/  | /' >&2; }

# Processor time of the script's finished children, in seconds; not of those of its subshells.
processor_seconds() { awk -v ticks="$(getconf CLK_TCK)" '{ print ($16 + $17) / ticks }' "/proc/$$/stat"; }
