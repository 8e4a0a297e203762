import { type Declaration, type Field, type Group, check, fieldsOf } from "./check";
import { type Answers, holds } from "./condition";
import { once } from "./once";
import { addRow, rowsOf } from "./rows";
import { t } from "../words";

interface Wrong {
  key: string;
  box: HTMLElement;
  text: string;
}

/** What is asked may depend on what is asked; no form goes deeper. */
const DEPTH = 8;

/** A form with data-declaration (the id of a JSON script) shows and checks its fields as the declaration says. */
export function startForms(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-declaration]", "Form")) {
    const script = document.getElementById(form.dataset.declaration ?? "");
    if (script?.textContent) new Declared(form, JSON.parse(script.textContent) as Declaration);
  }
  for (const summary of once<HTMLElement>(root, ".error-summary, [data-focus]", "Summary")) {
    leadToFields(summary);
    summary.focus();
  }
}

class Declared {
  private readonly fields: Field[];
  private readonly groups: Group[];
  private readonly known: Answers;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly declaration: Declaration,
  ) {
    this.fields = fieldsOf(declaration);
    this.groups = declaration.groups ?? [];
    this.known = declaration.known ?? {};
    form.addEventListener("change", (event) => {
      this.refresh();
      const box = (event.target as HTMLElement).closest<HTMLElement>("[data-field]");
      if (box && !box.dataset.group) this.look(box);
    });
    form.addEventListener("rows:changed", () => this.refresh());
    form.addEventListener("submit", (event) => {
      const submitter = (event as SubmitEvent).submitter as HTMLElement | null;
      if (submitter?.dataset.draft !== undefined) return;
      const wrong = this.wrong();
      for (const one of wrong) say(one.box, one.text);
      const told = wrong.filter((one) => one.text);
      if (told.length) {
        event.preventDefault();
        this.tell(told);
      }
    });
    this.refresh();
  }

  /** Shows what is asked and hides what is not; what is hidden keeps what was typed and is not sent. */
  private refresh(): void {
    for (let depth = 0; depth < DEPTH && this.arrange(); depth += 1);
  }

  /** The same once, by what stands on the page; whether anything came or went. */
  private arrange(): boolean {
    const answers = { ...this.answers(this.fields, ""), ...this.known };
    let moved = false;
    const place = (box: HTMLElement | null, asked: boolean): void => {
      moved ||= box !== null && box.hidden === asked;
      show(box, asked);
    };
    for (const field of this.fields) place(boxOf(this.form, field.code), holds(field.when, answers));
    for (const group of this.groups) {
      const box = boxOf(this.form, group.code);
      if (!box) continue;
      const asked = holds(group.when, answers);
      place(box, asked);
      const rows = rowsOf(box);
      if (asked) {
        for (const [number, row] of rows.entries()) {
          const own = this.answers(group.fields, `${group.code}.${number}.`);
          for (const field of group.fields) place(boxOf(row, `${group.code}.${number}.${field.code}`), holds(field.when, own));
        }
      }
      const add = box.querySelector<HTMLButtonElement>("[data-row-add]");
      if (add) add.disabled = !asked || rows.length >= group.repeat.max;
    }
    return moved;
  }

  private answers(fields: Field[], prefix: string): Answers {
    const data = new FormData(this.form);
    const answers: Answers = {};
    for (const field of fields) {
      const many = field.kind === "multi" || field.kind === "file" || field.kind === "photo";
      const values = data.getAll(prefix + field.code).map(String);
      answers[field.code] = many
        ? values
        : field.kind === "bool"
          ? values.some((value) => value === "true" || value === "on")
          : (values[0] ?? "").replaceAll("\r\n", "\n").trim();
    }
    return answers;
  }

  /** One field that was left: its message comes or goes. */
  private look(box: HTMLElement): void {
    const key = box.dataset.field ?? "";
    const one = this.wrong().find((each) => each.key === key);
    if (one) say(box, one.text);
  }

  /** Every field that is shown, in the order of the page, with what is wrong with it. */
  private wrong(): Wrong[] {
    const answers = this.answers(this.fields, "");
    for (const group of this.groups) {
      const box = boxOf(this.form, group.code);
      answers[group.code] = box ? rowsOf(box).map((_row, place) => this.answers(group.fields, `${group.code}.${place}.`)) : [];
    }
    const found: Wrong[] = [];
    for (const { key, text, field } of check(this.declaration, answers)) {
      const box = boxOf(this.form, key);
      if (box && !box.hidden) found.push({ key, box, text: text || (field ? this.placeless(field, box) : "") });
    }
    const order = (one: Wrong, other: Wrong): number => (one.box.compareDocumentPosition(other.box) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
    return found.sort(order);
  }

  private placeless(field: Field, box: HTMLElement): string {
    const place = box.querySelector<HTMLSelectElement>("[data-address-place]");
    if (!place || place.value || !field.street_field || !field.required) return "";
    const detail = box.querySelector<HTMLInputElement>(".address-detail input")?.value ?? "";
    const named = Array.from(place.options).some((option) => option.value && detail.includes(option.value.split("/")[1] ?? ""));
    return named ? "" : t("请选择“{title}”所在的区和街道。", { title: field.title });
  }

  /** All that is wrong in one list at the head of the form, read aloud; each entry leads to its field. */
  private tell(wrong: Wrong[]): void {
    document.querySelectorAll(".error-summary").forEach((old) => old.remove());
    const summary = document.createElement("div");
    summary.className = "error-summary";
    summary.setAttribute("role", "alert");
    summary.tabIndex = -1;
    const title = document.createElement("h2");
    title.textContent = t("有几处需要改正，您填写的内容都已保留：");
    const list = document.createElement("ul");
    list.className = "mb-0";
    for (const one of wrong) {
      const entry = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${one.box.id}`;
      link.textContent = one.text;
      entry.append(link);
      list.append(entry);
    }
    summary.append(title, list);
    this.form.before(summary);
    leadToFields(summary);
    summary.scrollIntoView({ block: "start" });
    summary.focus({ preventScroll: true });
  }
}

const INPUTS = "input:not([type=hidden]), select, textarea, canvas, button";

/** A link to a field puts the keyboard into it. */
function leadToFields(summary: HTMLElement): void {
  summary.addEventListener("click", (event) => {
    const link = (event.target as HTMLElement).closest<HTMLAnchorElement>('a[href^="#field-"]');
    const box = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const input = box && Array.from(box.querySelectorAll<HTMLElement>(INPUTS)).find((one) => one.offsetParent !== null);
    if (!box || !input) return;
    event.preventDefault();
    box.scrollIntoView({ block: "center" });
    input.focus({ preventScroll: true });
  });
}

function boxOf(within: ParentNode, code: string): HTMLElement | null {
  return within.querySelector<HTMLElement>(`[data-field="${CSS.escape(code)}"]`);
}

function show(box: HTMLElement | null, shown: boolean): void {
  if (!box) return;
  if (shown && box.dataset.group && !rowsOf(box).length) addRow(box);
  box.hidden = !shown;
  for (const input of box.querySelectorAll<HTMLInputElement>("input, select, textarea")) input.disabled = !shown;
}

function say(box: HTMLElement, text: string): void {
  const place = box.querySelector<HTMLElement>("[data-error]");
  if (place && (text || !place.hidden)) {
    // A message that is settled leaves its room: the press that took the focus away must still meet what it was aimed at.
    if (!text) place.style.minHeight = `${place.offsetHeight}px`;
    place.textContent = text;
    place.hidden = false;
  }
  if (box.dataset.group) return;
  for (const input of box.querySelectorAll<HTMLElement>("input, select, textarea")) {
    input.classList.toggle("is-invalid", Boolean(text));
    input.setAttribute("aria-invalid", text ? "true" : "false");
  }
}
