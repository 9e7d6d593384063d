# What the scripts print: progress on stderr, one line a step. Sourced.
say_quiet=${say_quiet:-false}

say() { $say_quiet || printf '%s\n' "$*" >&2; }

# fail WHAT [NEXT]
fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
  exit 1
}

# Reads ninja's output: on a terminal one bar, else a line every 10 %. What is no progress line (a compiler's
# error) passes through.
show_ninja() {
  local terminal=false
  [ -t 2 ] && terminal=true
  awk -v what="$1" -v terminal="$terminal" -v quiet="$say_quiet" '
    function bar(done, total,   text, i) {
      text = ""
      for (i = 0; i < 30; i++) text = text (i < 30 * done / total ? "#" : ".")
      return text
    }
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), part, "/")
      if (part[1] == 0 || quiet == "true") next
      if (terminal == "true") printf "\r%s [%s] %d/%d", what, bar(part[1], part[2]), part[1], part[2] > "/dev/stderr"
      else if (int(10 * part[1] / part[2]) > tenth) {
        tenth = int(10 * part[1] / part[2])
        printf "%s: %d %% (%d of %d)\n", what, 10 * tenth, part[1], part[2] > "/dev/stderr"
      }
      shown = 1
      next
    }
    /^ninja: (no work to do|Entering directory)/ { next }
    { if (shown && terminal == "true") printf "\n" > "/dev/stderr"; shown = 0; print > "/dev/stderr" }
    END { if (shown && terminal == "true") printf "\n" > "/dev/stderr" }'
}
