/**
 * Bundles the page's scripts and style into `dist/`, named by hash, each beside its brotli copy (the server makes the
 * gzip one), and lists them in `manifest.json`. The same sources give the same bytes on any machine.
 *
 * `carried.js` is the script of the form in one file: the page and its worker as they are, on another rim. Where they
 * ask for `rim.ts` they get `carried/rim.ts`, and where they say `Worker` or `fetch`, what `carried/platform.ts` has
 * under that name. It is wrapped in a function, because another language starts it anew (carried/open.ts).
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "source");
const dist = join(here, "dist");

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  outdir: "dist",
  format: "iife",
  charset: "utf8",
  legalComments: "eof",
  logLevel: "warning",
  // The syntax of 2020: Chrome 80, Firefox 74, Safari 14. What Firefox learned only in 78 may fail where it is used (no
  // place is suggested there), not where the script is read.
  target: ["es2020"],
  supported: { "nesting": false, "inset-property": false, "regexp-unicode-property-escapes": false },
};

const otherRim = {
  name: "rim",
  setup: (build) => {
    build.onResolve({ filter: /^\.\/rim\.ts$/ }, ({ path, resolveDir }) => {
      return resolveDir === source ? { path: join(source, "carried", path) } : null;
    });
  },
};

const named = (path, contents) => {
  const [, name, extension] = /([a-z]+)\.([a-z]+)$/.exec(path);
  return `${name}.${createHash("sha256").update(contents).digest("hex").slice(0, 16)}.${extension}`;
};

// The workers that load it find it beside themselves, under its hash.
const later = await build({ ...common, entryPoints: ["source/later.ts"] });
const [{ path, contents }] = later.outputFiles;
common.define = { LATER: JSON.stringify(named(path, contents)) };

const online = await build({
  ...common,
  entryPoints: [
    ...["page.ts", "seal.ts", "files.ts", "return.ts", "mailbox.ts"].map((name) => `source/${name}`),
    ...["style.css", "call.css", "carried.css"].map((name) => `source/${name}`),
  ],
});
const form = await build({
  ...common,
  entryPoints: ["source/carried/form.ts"],
  inject: ["source/carried/platform.ts"],
  define: { LATER: '""' },
  plugins: [otherRim],
});
const opening = await build({ ...common, entryPoints: ["source/carried/open.ts"] });
const [[filled], [opened]] = [form.outputFiles, opening.outputFiles];
const carried = {
  path: "carried.js",
  contents: Buffer.from(`function fill(given){${filled.text}}\n${opened.text}`),
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const manifest = {};
for (const { path, contents } of [...later.outputFiles, ...online.outputFiles, carried]) {
  const file = named(path, contents);
  const [name, , extension] = file.split(".");
  const brotli = brotliCompressSync(contents, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length },
  });
  writeFileSync(join(dist, file), contents);
  writeFileSync(join(dist, `${file}.br`), brotli);
  manifest[`${name}.${extension}`] = file;
}
const sorted = Object.fromEntries(Object.entries(manifest).sort());
writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
