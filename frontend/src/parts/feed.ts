/** Follows the live feed of the page's ticket; elements with data-feed fetch themselves again through their own view. */
export function startFeed(root: ParentNode): void {
  const ticket = document.querySelector<HTMLMetaElement>('meta[name="feed-ticket"]')?.content;
  const url = document.querySelector<HTMLMetaElement>('meta[name="feed-url"]')?.content;
  if (!ticket || !url) return;
  const source = new EventSource(`${url}?ticket=${encodeURIComponent(ticket)}`);
  let pending = new Set<string>();
  let timer = 0;
  source.addEventListener("changed", (event) => {
    pending.add((event as MessageEvent<string>).data);
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      const channels = pending;
      pending = new Set();
      for (const element of root.querySelectorAll<HTMLElement>("[data-feed]")) {
        const wanted = (element.dataset.feed ?? "").split(" ");
        if (wanted.some((channel) => channels.has(channel))) {
          element.dispatchEvent(new CustomEvent("changed", { bubbles: false }));
        }
      }
    }, 250);
  });
  window.addEventListener("pagehide", () => source.close());
}
