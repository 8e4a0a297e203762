// Builds static-build/: one script, one style sheet, the icons that are used, and the fonts a page may need.
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "static-build");
const modules = path.join(here, "node_modules");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  target: ["es2022"],
  logLevel: "warning",
};

await build({
  ...shared,
  entryPoints: { qipan: "src/main.ts" },
  outdir: out,
  format: "iife",
});

await build({
  ...shared,
  entryPoints: { qipan: "css/qipan.css" },
  outdir: out,
  loader: { ".woff2": "file", ".woff": "empty", ".svg": "dataurl", ".png": "file" },
  assetNames: "fonts/[name]",
});

const names = JSON.parse(await readFile(path.join(here, "icons.json"), "utf8"));
const symbols = [];
for (const name of names) {
  const svg = await readFile(path.join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).trim();
  symbols.push(
    `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
      `stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`,
  );
}
await writeFile(
  path.join(out, "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
);

await cp(path.join(here, "images"), path.join(out, "images"), { recursive: true });
console.log(`built ${path.relative(here, out)}`);
