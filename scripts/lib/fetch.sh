# Files of Python packages, straight from the index that pip uses here. Sourced by setup.sh.
# pip's own `download` is not used: for a source archive it would first install that package's build tools.

# The "simple" index (PEP 503) of this machine's pip configuration.
simple_index() {
  local url=${PIP_INDEX_URL:-}
  [ -n "$url" ] || url=$(python3 -m pip config get global.index-url 2>/dev/null) ||
    url=$(python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)') ||
    fail "pip does not tell its package index" "Install python3-pip, or set PIP_INDEX_URL"
  printf '%s\n' "${url%/}"
}

has_hash() { sha256sum --status -c <<<"$2  $1"; }

curl_quietly() {
  local authority=${PIP_CERT:-${CURL_CA_BUNDLE:-${SSL_CERT_FILE:-}}}
  curl -fL --silent --show-error --connect-timeout 20 --speed-time 30 --speed-limit 1 --retry 5 --retry-connrefused \
    ${authority:+--cacert "$authority"} "$@"
}

# fetch PACKAGE FILE SHA256 FOLDER: FOLDER/FILE, verified; a broken download goes on where it stopped.
fetch() {
  local package=$1 file=$2 sha256=$3 folder=$4 local_folder
  local target=$folder/$file
  if [ -f "$target" ] && has_hash "$target" "$sha256"; then
    return
  fi
  for local_folder in ${PIP_FIND_LINKS:-}; do
    if [ -f "$local_folder/$file" ] && has_hash "$local_folder/$file" "$sha256"; then
      cp "$local_folder/$file" "$target"
      return
    fi
  done
  say "third-party: fetching $file"
  local index page address
  index=$(simple_index)/$package/
  page=$(curl_quietly -H 'Accept: text/html' "$index") ||
    fail "cannot read the package index for $package" "Check the network, or the index in pip's configuration"
  address=$(grep -o "href=\"[^\"]*#sha256=$sha256\"" <<<"$page" | head -n 1 | sed 's/^href="//; s/#sha256.*//; s/&amp;/\&/g') ||
    fail "the package index has no $file with the pinned sha256" "Use another index, or put the file into a folder and set PIP_FIND_LINKS"
  case $address in
    *://*) ;;
    /*) address=$(sed -E 's|^([a-z]+://[^/]+).*|\1|' <<<"$index")$address ;;
    *) address=$index$address ;;
  esac
  curl_quietly -C - -o "$target.part" "$address" || fail "cannot fetch $file" "Check the network and run this again: it goes on where it stopped"
  if ! has_hash "$target.part" "$sha256"; then
    rm -f "$target.part"
    fail "$file is not the file that is pinned (its sha256 differs), so it was removed" "Run this again"
  fi
  mv "$target.part" "$target"
}
