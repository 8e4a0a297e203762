/** What was started on which element. Marks on the element itself would be lost when a part of the page is morphed. */
const started = new WeakMap<HTMLElement, Set<string>>();

/** The elements below root that match and were not started by this part before. */
export function once<T extends HTMLElement>(root: ParentNode, selector: string, part: string): T[] {
  const found = Array.from(root.querySelectorAll<T>(selector));
  if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root as T);
  return found.filter((element) => {
    const parts = started.get(element) ?? new Set<string>();
    if (parts.has(part)) return false;
    started.set(element, parts.add(part));
    return true;
  });
}
