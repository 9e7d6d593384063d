# Debian packages of scripts/packages.txt. Sourced by setup.sh.

listed_packages() { grep -vE '^[[:space:]]*(#|$)' "$root/scripts/packages.txt"; }

missing_packages() {
  local wanted missing
  wanted=$(listed_packages)
  # shellcheck disable=SC2086
  missing=$(comm -23 <(sort -u <<<"$wanted") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u))
  # pip and node may be there without their packages (the user's own); npm comes with nodejs or alone.
  if grep -qx python3-pip <<<"$missing" && python3 -m pip --version >/dev/null 2>&1; then
    missing=$(grep -vx python3-pip <<<"$missing" || true)
  fi
  if command -v node >/dev/null; then
    missing=$(grep -vx nodejs <<<"$missing" || true)
  fi
  command -v npm >/dev/null || missing+=$'\nnpm'
  sed '/^$/d' <<<"$missing"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "packages must be installed and there is neither root nor sudo" "Install as root: apt-get install $*"
  fi
}

# apt_get ARGUMENTS…: waits for another apt or dpkg; only errors are shown.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" >"$logs/apt.log" 2>&1
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "packages: no dpkg here; the libraries of scripts/packages.txt are taken to be installed"
    return
  fi
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  say "packages: installing $(wc -l <<<"$missing"): $(tr '\n' ' ' <<<"$missing")"
  # The lists may be old, or absent as in a fresh container: fetch them only where the first try fails.
  # shellcheck disable=SC2086
  apt_get install -y --no-install-recommends $missing || {
    say "packages: refreshing the lists"
    apt_get update || say "packages: the lists could not be refreshed; trying with those at hand"
    apt_get install -y --no-install-recommends $missing || {
      tail -n 5 "$logs/apt.log" >&2
      fail "apt-get could not install the packages" "The whole log is $logs/apt.log"
    }
  }
}
