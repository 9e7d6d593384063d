# libtorch for training, taken out of Python wheels; nothing is compiled. Sourced by setup.sh.

# cmake/ThirdParty.cmake makes the same name from the same file.
libtorch_folder() { echo "$cache/deps/torch-$(sha256sum <"$root/scripts/third_party_train.txt" | cut -c1-16)"; }

# unpack_some WHEEL PATHS FOLDER: of the files below the comma-separated PATHS, what follows include/ or lib/.
unpack_some() {
  python3 - "$@" <<'PYTHON'
import os, shutil, sys, zipfile
wheel, paths, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for path in paths.split(","):
        names = [n for n in archive.namelist() if (n.startswith(path) if path.endswith("/") else n == path)]
        if not names:
            sys.exit(f"{wheel} has no {path}")
        for name in names:
            place = "include/" if "/include/" in name else "lib/"
            target = os.path.join(folder, place + name.split("/" + place, 1)[1])
            if name.endswith("/"):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
PYTHON
}

# Nothing where the folder is there; it gets its name only when it is whole.
install_libtorch() {
  local folder archives=$cache/archives work package version machine file sha256 paths any=false
  folder=$(libtorch_folder)
  [ -d "$folder" ] && return
  mkdir -p "$cache/deps" "$archives"
  exec 7>"$cache/deps/.torch.lock"
  flock -n 7 || {
    say "libtorch: another setup is unpacking; waiting for it"
    flock 7
  }
  [ -d "$folder" ] && return
  work=$cache/deps/.torch-unpacking
  rm -rf "$work"
  while read -r package version machine file sha256 paths; do
    [ "$machine" = "$(uname -m)" ] || continue
    fetch "$package" "$file" "$sha256" "$archives"
    say "libtorch: unpacking $package $version"
    unpack_some "$archives/$file" "$paths" "$work" || fail "$file could not be unpacked" "Is the disk full? ($cache)"
    any=true
  done < <(grep -vE '^[[:space:]]*(#|$)' "$root/scripts/third_party_train.txt")
  $any || fail "no libtorch is pinned for $(uname -m)" "Add its wheels to scripts/third_party_train.txt, or build without training"
  mv -T "$work" "$folder"
  flock -u 7
}
