#!/usr/bin/env bash
# clang-tidy over the .cc files of src/ that changed against the main branch and the last commit; --all: over every
# one. At most TIDY_FILES (default 12) changed files are looked at, so that this stays short.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -f build/release/compile_commands.json ] || { echo "error: build/release is missing. Run scripts/setup.sh first" >&2; exit 1; }

changed() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  { git diff --name-only "${base:-HEAD}" -- src; git diff --name-only HEAD~1 -- src; } 2>/dev/null | sort -u | grep '\.cc$' || true
}

if [ "${1:-}" = --all ]; then
  mapfile -t files < <(find src -name '*.cc' | sort)
else
  mapfile -t files < <(changed | while read -r file; do [ -f "$file" ] && echo "$file"; done | head -n "${TIDY_FILES:-12}")
fi
[ ${#files[@]} -gt 0 ] || { echo "clang-tidy: nothing changed"; exit 0; }
echo "clang-tidy: ${#files[@]} files"
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build/release
