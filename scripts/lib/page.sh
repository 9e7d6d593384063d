# The web page: web/ built by Node.js into web/dist, which CMake compiles into the program. Sourced by setup.sh.

# What the page is made of.
page_key() {
  (cd "$root/web" && find src public index.html package.json package-lock.json tsconfig.json vite.config.ts -type f |
    LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
}

# Nothing where it is built already. Without Node.js, or where npm fails, the program gets the small page of
# src/server/page.html instead; nothing else depends on it.
build_page() {
  local log=$logs/page.log key version
  key=$(page_key)
  [ "$(cat "$root/web/dist/key.txt" 2>/dev/null)" != "$key" ] || return 0
  version=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
  if [ "${version:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
    say "page: there is no Node.js 18 or newer here, so 'yanxing serve' shows a small page instead of the whole one"
    return 0
  fi
  say "page: building web/"
  if (cd "$root/web" && npm ci --ignore-scripts --no-audit --no-fund && npm run build) >"$log" 2>&1; then
    echo "$key" >"$root/web/dist/key.txt"
  else
    rm -rf "$root/web/dist" # a half-built one would be compiled in
    say "page: it could not be built (see $log), so 'yanxing serve' shows a small page instead"
  fi
}
