import { once } from "./once";
import { t } from "../words";

/**
 * A section with data-group is filled in as rows: data-row-add adds one from the template, data-row-remove takes one
 * away. Names, ids and titles are numbered anew after each, so that the server reads what stands on the page.
 */
export function startRows(root: ParentNode): void {
  for (const group of once<HTMLElement>(root, "[data-group]", "Rows")) {
    group.addEventListener("click", (event) => {
      const target = event.target as HTMLElement;
      const form = group.closest("form");
      if (target.closest("[data-row-add]")) {
        event.preventDefault();
        const row = addRow(group);
        row?.querySelector<HTMLElement>("input:not([type=hidden]), select:not([hidden] *), textarea")?.focus();
        said(group, t("已添加{title}", { title: titleOf(row) }));
      } else if (target.closest("[data-row-remove]")) {
        event.preventDefault();
        const row = target.closest<HTMLElement>("[data-row]");
        if (!row) return;
        const title = titleOf(row);
        const beside = (row.nextElementSibling ?? row.previousElementSibling) as HTMLElement | null;
        row.remove();
        number(group);
        (beside ?? group).querySelector<HTMLElement>("[data-row-remove], [data-row-add]")?.focus();
        said(group, t("已移除{title}", { title }));
      } else return;
      form?.dispatchEvent(new CustomEvent("rows:changed"));
      group.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}

/** One more empty row at the end of a group. */
export function addRow(group: HTMLElement): HTMLElement | null {
  const blank = group.querySelector<HTMLTemplateElement>("template[data-row-blank]");
  const place = group.querySelector<HTMLElement>("[data-rows]");
  if (!blank || !place) return null;
  place.append(document.importNode(blank.content, true));
  number(group);
  const row = place.lastElementChild as HTMLElement | null;
  if (row) document.dispatchEvent(new CustomEvent("parts:added", { detail: row }));
  return row;
}

export function rowsOf(group: HTMLElement): HTMLElement[] {
  return Array.from(group.querySelectorAll<HTMLElement>("[data-rows] > [data-row]"));
}

function titleOf(row: HTMLElement | null): string {
  return row?.querySelector<HTMLElement>("[data-row-title]")?.textContent?.trim() ?? "";
}

function said(group: HTMLElement, text: string): void {
  const place = group.querySelector<HTMLElement>("[data-row-said]");
  if (place) place.textContent = text;
}

const NUMBERED = ["id", "name", "for", "data-field", "data-name", "aria-describedby", "value"];

function number(group: HTMLElement): void {
  const code = group.dataset.group ?? "";
  const title = group.dataset.rowTitle ?? "";
  const before = new RegExp(`((?:^|[ -])${code}\\.)(?:\\d+|__row__)\\.`, "g");
  for (const [place, row] of rowsOf(group).entries()) {
    for (const element of row.querySelectorAll<HTMLElement>("*")) {
      for (const name of NUMBERED) {
        const value = element.getAttribute(name);
        if (value === null || (name === "value" && !(element instanceof HTMLButtonElement))) continue;
        if (element instanceof HTMLButtonElement && name === "value") element.value = value.replace(/:[^:]*$/, `:${place}`);
        else if (before.test(value)) element.setAttribute(name, value.replace(before, `$1${place}.`));
        before.lastIndex = 0;
      }
    }
    for (const place_of_title of row.querySelectorAll<HTMLElement>("[data-row-title]")) place_of_title.textContent = `${title} ${place + 1}`;
  }
}
