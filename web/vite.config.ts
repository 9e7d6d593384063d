import { defineConfig, loadEnv } from "vite";

// `npm run dev` serves the page with changes at once; the API is that of a `yanxing serve` beside it.
const server = loadEnv("", ".", "YANXING_").YANXING_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // a data: script would not pass the page's Content-Security-Policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 200,
  },
  worker: { format: "es" },
  server: {
    proxy: { "/v1": { target: server, ws: true, changeOrigin: true }, "/health": { target: server, changeOrigin: true } },
  },
});
