#!/usr/bin/env bash
# The main job, on real input: LibreOffice Calc shows a spreadsheet, a recording says what to do with it, and it is done.
# Mail goes to a local outbox unless config.toml names a server. main_job.sh [zh|en|both]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
language=${1:-both}
out=${YANXING_OUT:-$root/output}
mkdir -p "$out"

started=no
if [ -z "${DISPLAY:-}" ]; then
  echo "== a desktop of its own (Xvfb), with LibreOffice Calc showing assets/budget.xlsx"
  export YANXING_DESKTOP=${YANXING_DESKTOP:-$out/desktop}
  trap '"$root/scripts/desktop.sh" stop >/dev/null 2>&1 || true' EXIT
  eval "$("$root/scripts/desktop.sh" start "$root/assets/budget.xlsx" | sed 's/^/export /')"
  started=yes
else
  echo "== opening assets/budget.xlsx in LibreOffice Calc on this desktop"
  soffice --norestore --nologo --calc "$root/assets/budget.xlsx" >/dev/null 2>&1 &
  sleep 8
fi

# "share" asks before it sends. Where somebody sits at a terminal it is asked there; else this demonstration says yes.
yes=()
if [ ! -t 0 ] || [ $started = yes ]; then yes=(--yes); fi

say() {
  echo
  echo "== $1"
  "$root/build/release/yanxing" run --audio "$root/assets/$2" --lang "$3" --screen live --contacts "$root/assets/contacts.vcf" \
    --reply "$out/reply_$3.wav" --annotated "$out/screen_$3.png" "${yes[@]}"
  echo "screen: $out/screen_$3.png"
}
if [ "$language" != en ]; then say "Mandarin: assets/say_zh.wav" say_zh.wav zh; fi
if [ "$language" != zh ]; then say "English: assets/say_en.wav" say_en.wav en; fi
