import { type Answers, type Condition, holds, isEmpty } from "./condition";
import { once } from "./once";
import { t } from "../words";

export interface Field {
  code: string;
  title: string;
  kind: string;
  required?: boolean;
  when?: Condition | null;
  pattern?: string;
  pattern_help?: string;
  min?: number | string | null;
  max?: number | string | null;
  min_length?: number | null;
  max_length?: number | null;
  options?: { code: string; title: string }[];
}

/** What is wrong with one answer, in words; an empty text when nothing is. */
export function problem(field: Field, value: unknown): string {
  if (isEmpty(value) || value === false) {
    return field.required ? t("请填写“{title}”。", { title: field.title }) : "";
  }
  if (field.kind === "number") {
    const number = Number(value);
    if (Number.isNaN(number)) return t("“{title}”应当是数字。", { title: field.title });
    if (!isEmpty(field.min) && number < Number(field.min)) return t("“{title}”不能小于 {least}。", { title: field.title, least: String(field.min) });
    if (!isEmpty(field.max) && number > Number(field.max)) return t("“{title}”不能大于 {most}。", { title: field.title, most: String(field.max) });
  }
  if (typeof value === "string") {
    if (field.max_length && [...value].length > field.max_length) {
      return t("“{title}”最多 {most} 个字，现在是 {count} 个字。", {
        title: field.title,
        most: field.max_length,
        count: [...value].length,
      });
    }
    if (field.min_length && [...value].length < field.min_length) return t("“{title}”至少 {least} 个字。", { title: field.title, least: field.min_length });
    if (field.pattern && !new RegExp(`^(?:${field.pattern})$`, "u").test(value)) {
      return field.pattern_help || t("“{title}”的格式不对。", { title: field.title });
    }
  }
  return "";
}

/** A form with data-declaration (the id of a JSON script) shows and checks its fields as the declaration says. */
export function startForms(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-declaration]", "Form")) {
    const script = document.getElementById(form.dataset.declaration ?? "");
    if (!script?.textContent) continue;
    const declaration = JSON.parse(script.textContent) as { fields?: Field[]; sections?: { fields: Field[] }[] };
    const fields = declaration.fields ?? (declaration.sections ?? []).flatMap((section) => section.fields);
    const refresh = (): void => {
      const answers = read(form, fields);
      for (const field of fields) {
        const box = boxOf(form, field.code);
        if (!box) continue;
        const shown = holds(field.when, answers);
        box.hidden = !shown;
        for (const input of box.querySelectorAll<HTMLInputElement>("input, select, textarea")) input.disabled = !shown;
      }
    };
    form.addEventListener("change", (event) => {
      refresh();
      const box = (event.target as HTMLElement).closest<HTMLElement>("[data-field]");
      const field = fields.find((one) => one.code === box?.dataset.field);
      if (box && field) say(box, problem(field, read(form, fields)[field.code]));
    });
    form.addEventListener("submit", (event) => {
      const submitter = (event as SubmitEvent).submitter as HTMLElement | null;
      if (submitter?.dataset.draft !== undefined) return;
      const answers = read(form, fields);
      let first: HTMLElement | null = null;
      for (const field of fields) {
        const box = boxOf(form, field.code);
        if (!box || box.hidden) continue;
        const text = problem(field, answers[field.code]);
        say(box, text);
        if (text && !first) first = box;
      }
      if (first) {
        event.preventDefault();
        first.scrollIntoView({ block: "center" });
        first.querySelector<HTMLElement>("input, select, textarea, canvas, button")?.focus({ preventScroll: true });
      }
    });
    refresh();
  }
}

function boxOf(form: HTMLFormElement, code: string): HTMLElement | null {
  return form.querySelector<HTMLElement>(`[data-field="${CSS.escape(code)}"]`);
}

function read(form: HTMLFormElement, fields: Field[]): Answers {
  const data = new FormData(form);
  const answers: Answers = {};
  for (const field of fields) {
    const many = field.kind === "multi" || field.kind === "file" || field.kind === "photo";
    const values = data.getAll(field.code).map(String);
    answers[field.code] = many ? values : field.kind === "bool" ? values.some((value) => value === "true" || value === "on") : (values[0] ?? "");
  }
  return answers;
}

function say(box: HTMLElement, text: string): void {
  const place = box.querySelector<HTMLElement>("[data-error]");
  if (place && (text || !place.hidden)) {
    // A message that is settled leaves its room: the press that took the focus away must still meet what it was aimed at.
    if (!text) place.style.minHeight = `${place.offsetHeight}px`;
    place.textContent = text;
    place.hidden = false;
  }
  for (const input of box.querySelectorAll<HTMLElement>("input, select, textarea")) {
    input.classList.toggle("is-invalid", Boolean(text));
    input.setAttribute("aria-invalid", text ? "true" : "false");
  }
}
