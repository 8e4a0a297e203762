import { once } from "./once";

/** A diagram wider than its place shows the present state first. */
export function startDiagrams(root: ParentNode): void {
  for (const figure of once<HTMLElement>(root, ".flow-diagram", "Diagram")) {
    const box = figure.querySelector(".node.current")?.getBoundingClientRect();
    if (!box || figure.scrollWidth <= figure.clientWidth) continue;
    const frame = figure.getBoundingClientRect();
    figure.scrollLeft += box.left + box.width / 2 - (frame.left + frame.width / 2);
  }
}
