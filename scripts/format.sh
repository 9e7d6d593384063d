#!/usr/bin/env bash
# Formats our C++ files in place; --check only says which differ, and fails then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mapfile -t files < <(find src tests bench -name '*.cc' -o -name '*.h' | sort)
if [ "${1:-}" != --check ]; then
  exec clang-format -i "${files[@]}"
fi
differing=$(clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E '^(src|tests|bench)/.*error:' | cut -d: -f1 | uniq -c || true)
[ -z "$differing" ] && exit 0
echo "$differing" >&2
echo "error: the files above are not formatted. Run scripts/format.sh" >&2
exit 1
