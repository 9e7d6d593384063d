# llama.cpp, whisper.cpp and onnxruntime, built once per version, flags, compiler and CPU into a folder of the
# cache that the project then links. Sourced by setup.sh.

# Name of the folder: whatever changes the result changes the name. GGML_NATIVE tunes to this CPU.
deps_key() {
  {
    cat "$root/scripts/third_party.txt" "$root/third_party/CMakeLists.txt" "$root"/third_party/patches/*
    c++ -dumpfullversion -dumpmachine
    grep -m1 -E '^(flags|Features)' /proc/cpuinfo || uname -m
  } | sha256sum | cut -c1-16
}

# unpack ARCHIVE FOLDER
unpack() {
  local done=$2/.unpacked
  [ -e "$done" ] && return
  rm -rf "$2"
  mkdir -p "$2"
  case $1 in
    *.whl) python3 -m zipfile -e "$1" "$2" ;;
    *) tar -xf "$1" --strip-components=1 -C "$2" ;;
  esac
  touch "$done"
}

# sources FOLDER: fetches and unpacks; one folder a package.
third_party_sources() {
  local archives=$cache/archives package version machine file sha256
  mkdir -p "$archives"
  while read -r package version machine file sha256; do
    [ "$machine" = any ] || [ "$machine" = "$(uname -m)" ] || continue
    fetch "$package" "$file" "$sha256" "$archives"
    unpack "$archives/$file" "$1/$package"
  done < <(grep -vE '^[[:space:]]*(#|$)' "$root/scripts/third_party.txt")
  [ -d "$1/sherpa-onnx-core" ] || fail "no onnxruntime is pinned for $(uname -m)" "Add its wheel to scripts/third_party.txt"
}

# Each patch says in its code what it is for.
patch_llama() {
  local patch
  [ -e "$1/.patched" ] && return
  for patch in "$root"/third_party/patches/llama.cpp-*.patch; do
    patch --quiet -p1 -d "$1" <"$patch" || fail "$patch does not fit llama.cpp" "Was its version changed in scripts/third_party.txt?"
  done
  touch "$1/.patched"
}

# build_third_party WHAT TARGET FOLDER [OPTION…]: nothing where FOLDER is there. An interrupted build goes on; the
# result gets its name only when it is whole; a second run at the same time waits.
build_third_party() {
  local what=$1 target=$2 folder=$3
  shift 3
  [ -d "$folder" ] && return
  mkdir -p "$cache/deps"
  exec 9>"$cache/deps/.lock"
  flock -n 9 || {
    say "third-party: another setup is building; waiting for it"
    flock 9
  }
  [ -d "$folder" ] && return
  local work=$cache/deps/.build-${folder##*/}
  local sources=$work/sources out=$work/out
  mkdir -p "$work" "$sources"
  third_party_sources "$sources"
  [ "$target" = peer ] || patch_llama "$sources/llama-cpp-python/vendor/llama.cpp" # the peer stays as its makers ship it
  say "third-party: building $what (once; 5 to 20 minutes of CPU time)"
  local log=$logs/third_party.log launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$root/third_party" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$out" \
    -DLLAMA_SOURCE="$sources/llama-cpp-python/vendor/llama.cpp" -DWHISPER_SOURCE="$sources/pywhispercpp/whisper.cpp" \
    "${launcher[@]}" "$@" >"$log" 2>&1 9>&- || { tail -n 20 "$log" >&2; fail "cmake could not configure the third-party parts" "The whole log is $log"; }
  # What is the same in another version's folder is not compiled again.
  CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 ninja -C "$work" "$target" 2>&1 9>&- | tee -a "$log" | sed -unE '/^(\[|FAILED|.*error:)/p' | show_ninja third-party ||
    fail "the third-party parts did not build" "The whole log is $log"
  rm -rf "$out"
  cmake --install "$work" >>"$log" 2>&1
  if [ "$target" = parts ]; then
    cp "$sources/sherpa-onnx-core/sherpa_onnx/lib/libonnxruntime.so" "$out/lib/"
  fi
  mv -T "$out" "$folder"
  rm -rf "$work" # the archives are kept
  flock -u 9
}
