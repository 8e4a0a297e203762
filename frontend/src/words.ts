/** The texts of the scripts: Chinese in the source; those of another language come with the page. */
const words: Record<string, string> = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/** A text in the language of the page, with `{name}` filled in. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
