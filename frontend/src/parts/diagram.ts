import { once } from "./once";

/** What stands before the present state ends in sight of it, so that no box is cut. */
const INSET = 20;

/** A diagram wider than its place begins with the present state, and what may follow stands beside it. */
export function startDiagrams(root: ParentNode): void {
  for (const figure of once<HTMLElement>(root, ".flow-diagram", "Diagram")) {
    const box = figure.querySelector(".node.current rect")?.getBoundingClientRect();
    const frame = figure.getBoundingClientRect();
    if (!box || box.right + INSET <= frame.right) continue;
    figure.scrollLeft += box.left - frame.left - INSET;
  }
}
