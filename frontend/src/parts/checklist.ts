import { once } from "./once";
import { t } from "../words";

/** A checklist counts what is answered and failed as the officer goes, and opens note and photos where something fails. */
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
        item.classList.toggle("check-done", Boolean(value) && !bad);
        markExtras(item);
      }
      set(list, "answered", `${answered}/${items.length}`);
      set(list, "failed", String(failed));
      set(list, "key", String(key));
      const bar = list.querySelector<HTMLProgressElement>("progress[data-count]");
      if (bar) {
        bar.max = items.length;
        bar.value = answered;
      }
      for (const area of list.querySelectorAll<HTMLElement>("[data-check-area]")) {
        const own = Array.from(area.querySelectorAll<HTMLElement>("[data-check-item]"));
        const done = own.filter((item) => item.querySelector("input[type=radio]:checked")).length;
        const place = area.querySelector<HTMLElement>("[data-area-count]");
        if (place) place.textContent = `${done}/${own.length}`;
      }
    };
    list.addEventListener("change", (event) => {
      const radio = event.target as HTMLElement;
      if (radio instanceof HTMLInputElement && radio.type === "radio" && radio.value === "NO") {
        const more = radio.closest("[data-check-item]")?.querySelector<HTMLDetailsElement>("details[data-check-more]");
        if (more) more.open = true;
      }
      count();
    });
    for (const button of list.querySelectorAll<HTMLButtonElement>("[data-check-all]")) {
      button.addEventListener("click", () => {
        const area = button.closest<HTMLElement>("[data-check-area]");
        for (const item of area?.querySelectorAll<HTMLElement>("[data-check-item]") ?? []) {
          if (item.querySelector("input[type=radio]:checked")) continue;
          const yes = item.querySelector<HTMLInputElement>('input[type=radio][value="YES"]');
          if (!yes) continue;
          yes.checked = true;
          yes.dispatchEvent(new Event("change", { bubbles: true }));
        }
      });
    }
    for (const button of list.querySelectorAll<HTMLButtonElement>("[data-check-next]")) {
      button.addEventListener("click", () => {
        const open = Array.from(list.querySelectorAll<HTMLElement>("[data-check-item]")).find(
          (item) => !item.querySelector("input[type=radio]:checked"),
        );
        open?.scrollIntoView({ block: "center" });
        open?.querySelector<HTMLInputElement>("input[type=radio]")?.focus({ preventScroll: true });
      });
    }
    list.addEventListener("checklist:refresh", count);
    for (const item of list.querySelectorAll<HTMLElement>("[data-check-item]")) {
      const more = item.querySelector<HTMLDetailsElement>("details[data-check-more]");
      const bad = item.querySelector<HTMLInputElement>("input[type=radio]:checked")?.value === "NO";
      if (more && bad) more.open = true;
    }
    count();
  }
}

/** Says on the closed lid that a note or photos lie inside. */
function markExtras(item: HTMLElement): void {
  const place = item.querySelector<HTMLElement>("[data-check-extras]");
  if (!place) return;
  const photos = item.querySelectorAll("[data-upload-item]").length;
  const note = Boolean(item.querySelector<HTMLTextAreaElement>("textarea")?.value.trim());
  place.textContent = [note ? t("已有说明") : "", photos ? t("照片 {count}", { count: photos }) : ""].filter(Boolean).join(" · ");
}

function set(list: HTMLElement, name: string, text: string): void {
  for (const place of list.querySelectorAll<HTMLElement>(`[data-count-${name}]`)) place.textContent = text;
}
