#!/usr/bin/env bash
# Everything from a fresh clone to a program that runs: packages, third-party parts, web page, build, models. What is done
# already is not done again, so this takes a moment where nothing changed and needs no network then.
#   setup.sh                what ./run needs
#   setup.sh --quiet        the same, silent unless something fails
#   setup.sh --no-models    without fetching models
#   setup.sh --only-deps    packages and third-party parts alone
#   setup.sh --print-deps   prints the folder of the third-party parts (-DYANXING_DEPS) and does nothing
#   setup.sh --train        also libtorch, and the program with its training verbs
#   setup.sh --peer         also builds bench/'s peer, llama-server and whisper-cli; prints their folder last
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${YANXING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/yanxing}
logs=$cache/logs

models=true only_deps=false print_deps=false peer=false train=false say_quiet=false
for argument in "$@"; do
  case $argument in
    --quiet) say_quiet=true ;;
    --no-models) models=false ;;
    --only-deps) only_deps=true ;;
    --print-deps) print_deps=true ;;
    --peer) peer=true ;;
    --train) train=true ;;
    *)
      sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
done

source "$root/scripts/lib/say.sh"
source "$root/scripts/lib/packages.sh"
source "$root/scripts/lib/fetch.sh"
source "$root/scripts/lib/third_party.sh"
source "$root/scripts/lib/libtorch.sh"
source "$root/scripts/lib/page.sh"

build_project() {
  local build=$root/build/release deps=$1 log=$logs/build.log
  mkdir -p "$root/build"
  exec 8>"$root/build/.lock" # two builds in one folder would break each other
  flock -n 8 || { say "build: another one is running; waiting for it"; flock 8; }
  # Once built with training, it stays so until the folder is removed.
  local options=(-DYANXING_DEPS="$deps") cached=("YANXING_DEPS:PATH=$deps")
  if $train; then
    options+=(-DYANXING_TRAIN=ON) cached+=("YANXING_TRAIN:BOOL=ON")
  fi
  local line configured=true
  for line in "${cached[@]}"; do
    grep -qsxF "$line" "$build/CMakeCache.txt" || configured=false
  done
  if ! $configured || [ ! -f "$build/build.ninja" ]; then
    say "build: configuring"
    cmake -S "$root" --preset release "${options[@]}" >"$log" 2>&1 8>&- || {
      tail -n 20 "$log" >&2
      fail "cmake could not configure the project" "The whole log is $log"
    }
  fi
  ninja -C "$build" yanxing 2>&1 8>&- | show_ninja build || fail "the project did not build" "The lines above say where"
  flock -u 8
}

if $print_deps; then
  echo "$cache/deps/$(deps_key)"
  exit
fi
mkdir -p "$logs"
install_packages
deps=$cache/deps/$(deps_key)
build_third_party "llama.cpp, whisper.cpp" parts "$deps"
if $train; then
  install_libtorch
fi
if $peer; then
  build_third_party "llama-server, whisper-cli" peer "$deps-peer" -DYANXING_PEER=ON
fi
if ! $only_deps; then
  build_page
  build_project "$deps"
  if $models; then
    quiet=()
    $say_quiet && quiet=(--quiet)
    "$root/build/release/yanxing" "${quiet[@]}" pull
  fi
fi
if $peer; then
  echo "$deps-peer/bin"
fi
