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
# error) passes through. (Not in awk: mawk reads a pipe in blocks, so nothing would be seen for minutes.)
show_ninja() {
  local what=$1 line done_steps steps tenth=0 last=0 bar drawn=false terminal=false
  [ -t 2 ] && terminal=true
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      done_steps=${BASH_REMATCH[1]} steps=${BASH_REMATCH[2]}
      if $say_quiet || [ "$done_steps" = 0 ]; then
        continue
      fi
      tenth=$((10 * done_steps / steps))
      if $terminal; then
        bar=$(printf '%*s' $((3 * tenth)) '')
        printf '\r%s [%-30s] %d/%d' "$what" "${bar// /#}" "$done_steps" "$steps" >&2
        drawn=true
      elif [ "$tenth" -gt "$last" ]; then
        last=$tenth
        printf '%s: %d %% (%d of %d)\n' "$what" $((10 * tenth)) "$done_steps" "$steps" >&2
      fi
    elif [[ ! $line =~ ^ninja:\ (no\ work|Entering) && ! $line =~ ^--\ |^$ ]]; then
      if $drawn; then
        printf '\n' >&2
        drawn=false
      fi
      printf '%s\n' "$line" >&2
    fi
  done
  if $drawn; then
    printf '\n' >&2
  fi
}
