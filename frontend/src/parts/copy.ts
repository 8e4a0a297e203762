import { once } from "./once";
import { t } from "../words";

/** Buttons with data-copy put that text on the clipboard and say so. */
export function startCopies(root: ParentNode): void {
  for (const button of once<HTMLButtonElement>(root, "[data-copy]", "Copy")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(button.dataset.copy ?? "");
      const before = button.textContent;
      button.textContent = button.dataset.copied ?? t("已复制");
      setTimeout(() => (button.textContent = before), 1500);
    });
  }
  for (const button of once<HTMLButtonElement>(root, "[data-print]", "Print")) {
    button.addEventListener("click", () => window.print());
  }
  for (const field of once<HTMLSelectElement>(root, "select[data-autosubmit]", "Auto")) {
    field.addEventListener("change", () => field.form?.requestSubmit());
  }
}
