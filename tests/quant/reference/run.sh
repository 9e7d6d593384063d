#!/usr/bin/env bash
# run.sh ARGUMENTS…: check_quantized.py with the environment of tests/nn/reference.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
nn=$here/../../nn/reference
"$nn/make.sh" --environment
cache=${YANXING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/yanxing}
environment=$cache/reference-$(cat "$nn/requirements.txt" "$here/../../../scripts/third_party_train.txt" | sha256sum | cut -c1-16)
exec "$environment/bin/python" "$here/check_quantized.py" "$@"
