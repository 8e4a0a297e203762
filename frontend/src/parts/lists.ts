import { once } from "./once";

/** A form with data-auto-submit is sent as soon as a choice changes; its button is for browsers without scripts. */
export function startFilters(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-auto-submit]", "Filter")) {
    for (const button of form.querySelectorAll<HTMLElement>("[data-no-script]")) button.hidden = true;
    form.addEventListener("change", () => form.requestSubmit());
  }
}

/** A form with data-pick shows its button with the number of ticked lines once there is one. */
export function startPicks(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-pick]", "Pick")) {
    const button = form.querySelector<HTMLButtonElement>("[data-pick-act]");
    const count = form.querySelector<HTMLElement>("[data-pick-count]");
    if (!button) continue;
    const refresh = (): void => {
      const picked = form.querySelectorAll("input[type=checkbox]:checked").length;
      button.hidden = picked === 0;
      if (count) count.textContent = picked ? `（${picked}）` : "";
    };
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
