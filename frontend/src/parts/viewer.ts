import { once } from "./once";

/** The arrow keys turn the pages of the material that is open, wherever nothing is being typed. */
export function startViewers(root: ParentNode): void {
  for (const viewer of once<HTMLElement>(root, "[data-viewer]", "Viewer")) {
    const gone = new AbortController();
    const turn = (event: KeyboardEvent): void => {
      if (!viewer.isConnected) gone.abort();
      if (gone.signal.aborted || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      const typing = (event.target as HTMLElement | null)?.closest?.("input, textarea, select, [contenteditable]");
      const way = { ArrowLeft: "[data-viewer-previous]", ArrowRight: "[data-viewer-next]" }[event.key];
      const link = way && !typing ? viewer.querySelector<HTMLAnchorElement>(way) : null;
      if (!link) return;
      event.preventDefault();
      link.click();
    };
    document.addEventListener("keydown", turn, { signal: gone.signal });
  }
}
