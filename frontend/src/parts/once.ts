/** The elements below root that match and were not started by this part before. */
export function once<T extends HTMLElement>(root: ParentNode, selector: string, part: string): T[] {
  const found = Array.from(root.querySelectorAll<T>(selector));
  if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root as T);
  const key = `started${part}`;
  return found.filter((element) => {
    if (element.dataset[key]) return false;
    element.dataset[key] = "1";
    return true;
  });
}
