import { busy, renewLater } from "./renew";

/**
 * Follows the live feed of the page's ticket; elements with data-feed fetch themselves again through their own view.
 * A channel that ends in a slash stands for everything below it. After a break in the line everything is fetched again,
 * because what changed meanwhile was not heard. A part that is in somebody's hands is fetched once it is let go.
 */
export function startFeed(root: ParentNode): void {
  const ticket = document.querySelector<HTMLMetaElement>('meta[name="feed-ticket"]')?.content;
  const url = document.querySelector<HTMLMetaElement>('meta[name="feed-url"]')?.content;
  if (!ticket || !url) return;
  const source = new EventSource(`${url}?ticket=${encodeURIComponent(ticket)}`);
  let pending = new Set<string>();
  let timer = 0;
  let wasOpen = false;
  const refresh = (concerned: (wanted: string) => boolean): void => {
    for (const element of root.querySelectorAll<HTMLElement>("[data-feed]")) {
      if (!(element.dataset.feed ?? "").split(" ").filter(Boolean).some(concerned)) continue;
      if (busy(element)) renewLater(element);
      else element.dispatchEvent(new CustomEvent("changed", { bubbles: false }));
    }
  };
  source.addEventListener("open", () => {
    if (wasOpen) refresh(() => true);
    wasOpen = true;
  });
  source.addEventListener("changed", (event) => {
    pending.add((event as MessageEvent<string>).data);
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      const channels = [...pending];
      pending = new Set();
      refresh((wanted) =>
        channels.some((channel) => channel === wanted || (wanted.endsWith("/") && channel.startsWith(wanted))),
      );
    }, 250);
  });
  window.addEventListener("pagehide", () => source.close());
}
