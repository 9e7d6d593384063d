#!/usr/bin/env bash
# make.sh --environment: only what the next line needs, once, in the cache.
# make.sh --vision FOLDER [CASE…]: the same with towers, for which Pillow decodes and resizes pictures.
# make.sh --vision-sft …: a tiny model to fine-tune, and how its adapter does in PEFT (make_vision_sft.py).
# make.sh FOLDER [CASE…]: tiny random checkpoints with the logits, losses and gradients that Python's transformers and
# PEFT give for them. The environment is made once, in the cache; torch is the very wheel that the program is built with.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${YANXING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/yanxing}
pins=$root/scripts/third_party_train.txt
environment=$cache/reference-$(cat "$here/requirements.txt" "$pins" | sha256sum | cut -c1-16)
if [ ! -d "$environment" ]; then
  source "$root/scripts/lib/say.sh"
  source "$root/scripts/lib/fetch.sh"
  work=$environment.part
  rm -rf "$work"
  python3 -m venv "$work"
  read -r _ _ _ file sha256 _ < <(grep -E "^torch +[^ ]+ +$(uname -m) " "$pins")
  fetch torch "$file" "$sha256" "$cache/archives"
  "$work/bin/python" -m pip install --quiet -r "$here/requirements.txt" "$cache/archives/$file"
  mv -T "$work" "$environment"
fi
[ "${1:-}" = --environment ] && exit 0
script=make_parity.py
if [ "${1:-}" = --vision ] || [ "${1:-}" = --vision-sft ]; then
  script=make_vision.py
  [ "$1" = --vision ] || script=make_vision_sft.py
  shift
  "$environment/bin/python" -c 'import PIL' 2>/dev/null ||
    "$environment/bin/python" -m pip install --quiet -r "$here/requirements_vision.txt"
fi
exec "$environment/bin/python" "$here/$script" "$@"
