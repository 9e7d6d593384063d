#!/usr/bin/env bash
# A headless desktop for tests and demonstrations: X server, session bus, accessibility bus, window manager,
# and a file open in LibreOffice Calc.
#   desktop.sh [start] [FILE] [--size WxH]   prints DISPLAY=… and DBUS_SESSION_BUS_ADDRESS=… once all is ready
#   desktop.sh stop                          ends everything that start began and removes its folder
#   desktop.sh status                        prints the same lines where the desktop is up, else fails
# A desktop that is up is replaced by start. $YANXING_DESKTOP names the folder of its state, so that several can
# stand side by side.
set -euo pipefail

state=${YANXING_DESKTOP:-${TMPDIR:-/tmp}/yanxing-desktop-$(id -u)}
size=1280x800

fail() {
  echo "desktop.sh: $1" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || fail "$1 is missing. Install it with: apt-get install $2"
}

# Every process is started in its own session, so that its whole group can be ended. Its start time is kept beside its
# number, so that another process that was given the number later is never taken for it.
launch() {
  local name=$1
  shift
  setsid "$@" >"$state/$name.log" 2>&1 </dev/null &
  echo "$! $(start_time $!) $name" >>"$state/pids"
}

start_time() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# The groups that start began and that still have members; a dead leader's number is not given out while they do.
our_groups() {
  local pid since name
  tac "$state/pids" | while read -r pid since name; do
    if { [ ! -e "/proc/$pid" ] || [ "$(start_time "$pid")" = "$since" ]; } && kill -0 -- "-$pid" 2>/dev/null; then
      echo "$pid"
    fi
  done
}

signal_groups() {
  local pid
  for pid in $(our_groups); do
    kill "-$1" -- "-$pid" 2>/dev/null || true
  done
}

stop() {
  [ -f "$state/pids" ] || return 0
  local waited
  signal_groups TERM
  for waited in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(our_groups)" ] || break
    sleep 0.05
  done
  signal_groups KILL
  rm -f "$state/pids" "$state/environment"
}

# The folder is emptied at start and removed at stop: only ever one that this script made.
remove_state() {
  [ -e "$state" ] || return 0
  [ -f "$state/.yanxing-desktop" ] || fail "$state is not a folder of desktop.sh; it is left as it is"
  rm -rf -- "$state"
}

# until_true SECONDS WHAT COMMAND…: polls quickly, fails with what was awaited and the end of the log.
until_true() {
  local seconds=$1 what=$2 deadline
  shift 2
  deadline=$(($(date +%s) + seconds))
  until "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || {
      tail -n 5 "$state"/*.log >&2 || true
      stop
      fail "$what did not come up within $seconds s"
    }
    sleep 0.1
  done
}

has_content() { [ -s "$1" ]; }

# ---- the parts

start_x() {
  # The server itself picks a free display number and writes it to the descriptor.
  # shellcheck disable=SC2016
  launch xvfb bash -c 'exec Xvfb -displayfd 5 -screen 0 "$1x24" -nolisten tcp -noreset 5>"$2"' _ "$size" \
    "$state/display"
  until_true 10 "Xvfb" has_content "$state/display"
  export DISPLAY=":$(tr -d '\n' <"$state/display")"
  unset WAYLAND_DISPLAY XAUTHORITY
}

start_buses() {
  # shellcheck disable=SC2016
  launch session-bus bash -c 'exec dbus-daemon --session --nofork --nopidfile --print-address=5 5>"$1"' _ "$state/bus"
  until_true 10 "the session D-Bus" has_content "$state/bus"
  export DBUS_SESSION_BUS_ADDRESS
  DBUS_SESSION_BUS_ADDRESS=$(head -n 1 "$state/bus")
  launch accessibility-bus "$launcher" --launch-immediately --a11y=1 --screen-reader=1
  until_true 10 "the accessibility bus" accessibility_address
}

accessibility_address() {
  gdbus call --session --timeout 5 --dest org.a11y.Bus --object-path /org/a11y/bus \
    --method org.a11y.Bus.GetAddress >"$state/a11y" 2>/dev/null || return 1
  a11y=$(sed -n "s/^('\(.*\)',)$/\1/p" "$state/a11y")
  [ -n "$a11y" ]
}

# A profile without first-start dialogs, tips, update questions or recovery.
write_profile() {
  mkdir -p "$state/profile/user"
  cat >"$state/profile/user/registrymodifications.xcu" <<'XCU'
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="ShowTipOfTheDay" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="FirstRun" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="PerformFileExtCheck" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="UseSystemFileDialog" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office"><prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office"><prop oor:name="LastCompatibilityCheckID" oor:op="fuse"><value>none</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="ooSetupLastVersion" oor:op="fuse"><value>99.9</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="WhatsNew" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Recovery/RecoveryInfo"><prop oor:name="SessionData" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Recovery/AutoSave"><prop oor:name="Enabled" oor:op="fuse"><value>false</value></prop></item>
</oor:items>
XCU
}

open_file() {
  local copy
  mkdir -p "$state/documents"
  copy="$state/documents/$(basename "$1")"
  cp -- "$1" "$copy" # what is done on this desktop never changes the file that was given
  chmod u+w "$copy"
  write_profile
  launch office env SAL_USE_VCLPLUGIN=gtk3 GDK_BACKEND=x11 GTK_MODULES=gail:atk-bridge NO_AT_BRIDGE=0 \
    GTK_A11Y=always GSETTINGS_BACKEND=memory XDG_CURRENT_DESKTOP=none HOME="$state" \
    soffice "-env:UserInstallation=file://$state/profile" --norestore --nologo --nolockcheck --nofirststartwizard \
    --calc "$copy"
  until_true 60 "LibreOffice's accessible table for $(basename "$1")" table_is_there
}

# Asks each application to search its own tree for one object whose role is table (bit 55 of the role set).
table_is_there() {
  local root=/org/a11y/atspi/accessible/root rule reply name
  rule='(@ai [0, 0], 1, @a{ss} {}, 1, @ai [0, 8388608, 0, 0], 2, @as [], 1, false)'
  reply=$(on_bus org.a11y.atspi.Registry $root org.a11y.atspi.Accessible.GetChildren) || return 1
  for name in $(grep -o "':[0-9.]*'" <<<"$reply" | tr -d "'"); do
    on_bus "$name" $root org.a11y.atspi.Collection.GetMatches "$rule" 1 1 true | grep -q accessible/ && return 0
  done
  return 1
}

on_bus() {
  gdbus call --address "$a11y" --timeout 5 --dest "$1" --object-path "$2" --method "$3" "${@:4}" 2>/dev/null
}

# ---- verbs

start() {
  local file=$1
  [ -z "$file" ] || [ -r "$file" ] || fail "cannot read $file"
  [[ $size =~ ^[0-9]+x[0-9]+$ ]] || fail "size is written as 1280x800, not $size"
  need Xvfb xvfb
  need dbus-daemon dbus
  need gdbus libglib2.0-bin
  need openbox openbox
  [ -z "$file" ] || need soffice "libreoffice-calc libreoffice-gtk3"
  launcher=$(ls /usr/libexec/at-spi-bus-launcher /usr/lib/at-spi2-core/at-spi-bus-launcher 2>/dev/null | head -n 1) ||
    true
  [ -n "$launcher" ] || fail "at-spi-bus-launcher is missing. Install it with: apt-get install at-spi2-core"
  stop
  remove_state
  mkdir -p -m 700 "$state"
  touch "$state/.yanxing-desktop"
  state=$(cd "$state" && pwd)
  export XDG_RUNTIME_DIR="$state/runtime"
  mkdir -p -m 700 "$XDG_RUNTIME_DIR"
  trap 'stop; exit 130' INT TERM
  case ${LC_ALL:-${LANG:-}} in
    *[Uu][Tt][Ff]*) ;;
    *) export LC_ALL=C.UTF-8 ;; # else names that are not ASCII come out as question marks
  esac
  start_x
  launch openbox openbox
  start_buses
  [ -z "$file" ] || open_file "$file"
  printf 'DISPLAY=%s\nDBUS_SESSION_BUS_ADDRESS=%s\n' "$DISPLAY" "$DBUS_SESSION_BUS_ADDRESS" >"$state/environment"
  cat "$state/environment"
}

status() {
  [ -f "$state/environment" ] && [ -n "$(our_groups)" ] || fail "no desktop is up in $state"
  cat "$state/environment"
}

verb=start
case ${1:-} in
  start | stop | status)
    verb=$1
    shift
    ;;
esac
file=
while [ $# -gt 0 ]; do
  case $1 in
    --size) size=${2:-} && shift 2 || fail "--size needs a value" ;;
    -*) fail "unknown option $1 (see the head of this file)" ;;
    *) file=$1 && shift ;;
  esac
done
case $verb in
  start) start "$file" ;;
  status) status ;;
  stop) stop && remove_state ;;
esac
