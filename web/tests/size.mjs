// What the first load takes over the wire, gzipped: everything in dist, since nothing comes later but the worklet.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true }).map((name) => dist + name).filter((name) => statSync(name).isFile());
const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(name)).length, 0);
console.log(`${files.length} files, ${bytes} bytes gzipped`);
const kMost = 200_000;
assert.ok(bytes < kMost, `the page is ${bytes} bytes gzipped; ${kMost} is the most`);
const html = readFileSync(`${dist}index.html`, "utf8");
assert.ok(!/<script(?![^>]*\bsrc=)/.test(html), "no script stands in the page: its policy would stop it");
