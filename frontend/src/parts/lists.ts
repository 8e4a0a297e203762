import { once } from "./once";
import { t } from "../words";

/** A form with data-auto-submit is sent as soon as a choice changes; its button is for browsers without scripts. */
export function startFilters(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-auto-submit]", "Filter")) {
    for (const button of form.querySelectorAll<HTMLElement>("[data-no-script]")) button.hidden = true;
    form.addEventListener("change", () => form.requestSubmit());
  }
}

/**
 * A form with data-pick shows its buttons with the number of ticked lines once there is one. A box with data-pick-all
 * ticks them all.
 */
export function startPicks(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-pick]", "Pick")) {
    const buttons = Array.from(form.querySelectorAll<HTMLButtonElement>("[data-pick-act]"));
    const all = form.querySelector<HTMLInputElement>("[data-pick-all]");
    const boxes = (): HTMLInputElement[] =>
      Array.from(form.querySelectorAll<HTMLInputElement>(".pick input[type=checkbox]:not([data-pick-all])"));
    if (!buttons.length && !all) continue;
    const refresh = (): void => {
      const picked = boxes().filter((box) => box.checked).length;
      for (const button of buttons) button.hidden = picked === 0;
      for (const count of form.querySelectorAll<HTMLElement>("[data-pick-count]")) {
        count.textContent = picked ? t("（{count}）", { count: picked }) : "";
      }
      if (all) {
        all.checked = picked > 0 && picked === boxes().length;
        all.indeterminate = picked > 0 && !all.checked;
      }
    };
    all?.addEventListener("change", () => {
      for (const box of boxes()) box.checked = all.checked;
    });
    form.addEventListener("change", refresh);
    document.addEventListener("htmx:after:settle", refresh);
    refresh();
  }
}

/** A button with data-back goes back to where one came from, with what was filled in there. */
export function startBacks(root: ParentNode): void {
  for (const button of once<HTMLButtonElement>(root, "button[data-back]", "Back")) {
    button.hidden = history.length < 2;
    button.addEventListener("click", () => history.back());
  }
}
