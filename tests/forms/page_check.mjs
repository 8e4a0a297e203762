// The page's check of a form, built as the page's script is: each line in is {declaration, answers}, each line out what is told.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const frontend = process.argv[2];
const { build } = createRequire(`${frontend}/package.json`)("esbuild");
const made = await build({
  absWorkingDir: frontend,
  entryPoints: ["src/parts/check.ts"],
  bundle: true,
  write: false,
  format: "esm",
  target: ["es2022"],
});
// The texts of another language come with a page; there is none here.
globalThis.document = { getElementById: () => null };
const { check } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].text).toString("base64")}`);
for await (const line of createInterface({ input: process.stdin })) {
  const { declaration, answers } = JSON.parse(line);
  const told = check(declaration, answers).filter((one) => one.text);
  console.log(JSON.stringify(Object.fromEntries(told.map((one) => [one.key, one.text]))));
}
