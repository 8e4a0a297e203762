import { once } from "./once";
import { changedIn } from "./use";
import { t } from "../words";

/**
 * A form with data-unsaved asks before something else takes its place: another page, or another act on the same page.
 * Its own sending is no such thing, nor is the page's own renewal, which leaves it alone.
 */
export function startUnsaved(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-unsaved]", "Unsaved")) {
    form.addEventListener("submit", (event) => {
      if (!event.defaultPrevented) sent = form;
    });
    form.addEventListener("click", (event) => {
      if ((event.target as HTMLElement).closest("a[data-discard]")) sent = form;
    });
  }
}

let sent: HTMLFormElement | null = null;

function left(within: ParentNode, by: HTMLFormElement | null): boolean {
  const forms = Array.from(within.querySelectorAll<HTMLFormElement>("form[data-unsaved]"));
  return forms.some((form) => form !== sent && form !== by && changedIn(form));
}

window.addEventListener("beforeunload", (event) => {
  if (left(document, null)) event.preventDefault();
});

window.addEventListener("pageshow", () => {
  sent = null;
});

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const place = form.getAttribute("hx-target");
    const target = place ? document.querySelector(place) : null;
    if (!target || !left(target, form) || window.confirm(t("这里还有没有保存的内容，继续就会丢失。确定继续吗？"))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
