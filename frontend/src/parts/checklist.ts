import { once } from "./once";

/** A checklist counts what is answered and failed as the officer goes, and opens the note where something fails. */
export function startChecklists(root: ParentNode): void {
  for (const list of once<HTMLElement>(root, "[data-checklist]", "Checklist")) {
    const count = (): void => {
      const items = Array.from(list.querySelectorAll<HTMLElement>("[data-check-item]"));
      let answered = 0;
      let failed = 0;
      let key = 0;
      for (const item of items) {
        const value = item.querySelector<HTMLInputElement>("input[type=radio]:checked")?.value;
        if (value) answered += 1;
        const bad = value === "NO";
        if (bad) {
          failed += 1;
          if (item.dataset.key) key += 1;
        }
        item.classList.toggle("check-failed", bad);
        const more = item.querySelector<HTMLElement>("[data-check-more]");
        if (more) more.hidden = !bad;
      }
      set(list, "answered", `${answered}/${items.length}`);
      set(list, "failed", String(failed));
      set(list, "key", String(key));
      const bar = list.querySelector<HTMLProgressElement>("progress[data-count]");
      if (bar) {
        bar.max = items.length;
        bar.value = answered;
      }
    };
    list.addEventListener("change", count);
    for (const button of list.querySelectorAll<HTMLButtonElement>("[data-check-all]")) {
      button.addEventListener("click", () => {
        const area = button.closest<HTMLElement>("[data-check-area]");
        for (const item of area?.querySelectorAll<HTMLElement>("[data-check-item]") ?? []) {
          if (item.querySelector("input[type=radio]:checked")) continue;
          const yes = item.querySelector<HTMLInputElement>('input[type=radio][value="YES"]');
          if (yes) yes.checked = true;
        }
        list.dispatchEvent(new Event("change", { bubbles: true }));
      });
    }
    count();
  }
}

function set(list: HTMLElement, name: string, text: string): void {
  for (const place of list.querySelectorAll<HTMLElement>(`[data-count-${name}]`)) place.textContent = text;
}
