import { type Answers, type Condition, holds, isEmpty, numberOf } from "./condition";
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
  street_field?: string;
}

export interface Group {
  code: string;
  title: string;
  row_title: string;
  repeat: { min: number; max: number };
  when?: Condition | null;
  fields: Field[];
}

export interface Declaration {
  known?: Answers;
  fields?: Field[];
  groups?: Group[];
  sections?: { fields: Field[] }[];
}

/** What is said of one field, by the key that it has on the page; an empty text when nothing is wrong with it. */
export interface Told {
  key: string;
  text: string;
  field?: Field;
}

export function fieldsOf(declaration: Declaration): Field[] {
  return declaration.fields ?? (declaration.sections ?? []).flatMap((section) => section.fields);
}

/**
 * Checks answers by their declaration, as qipan.kernel.forms.validation does: every field that is asked of them, in its
 * order. A group's answer is the list of its rows; a row without any answer is none.
 */
export function check(declaration: Declaration, answers: Answers): Told[] {
  const known = declaration.known ?? {};
  const all = { ...answers, ...known };
  const told: Told[] = [];
  for (const field of fieldsOf(declaration)) {
    if (!(field.code in known) && holds(field.when, all)) told.push({ key: field.code, text: problem(field, answers[field.code]), field });
  }
  for (const group of declaration.groups ?? []) {
    if (!holds(group.when, all)) continue;
    let filled = 0;
    for (const [place, row] of ((answers[group.code] ?? []) as Answers[]).entries()) {
      if (!Object.values(row).some((value) => !isEmpty(value) && value !== false)) continue;
      filled += 1;
      for (const field of group.fields) {
        if (!holds(field.when, row)) continue;
        const text = problem(field, row[field.code]);
        const whole = text && t("{row}：{text}", { row: `${group.row_title} ${place + 1}`, text });
        told.push({ key: `${group.code}.${place}.${field.code}`, text: whole, field });
      }
    }
    const few = filled < group.repeat.min;
    told.push({ key: group.code, text: few ? t("“{title}”至少填写 {least} 行。", { title: group.title, least: group.repeat.min }) : "" });
  }
  return told;
}

/** What is wrong with one answer, in the words of the server; an empty text when nothing is. */
function problem(field: Field, value: unknown): string {
  const title = field.title;
  if (isEmpty(value) || value === false) return field.required ? missing(field) : "";
  if (field.kind === "number") {
    const number = numberOf(value);
    if (Number.isNaN(number)) return t("“{title}”应当是数字。", { title });
    if (!isEmpty(field.min) && number < Number(field.min)) return t("“{title}”不能小于 {least}。", { title, least: String(field.min) });
    if (!isEmpty(field.max) && number > Number(field.max)) return t("“{title}”不能大于 {most}。", { title, most: String(field.max) });
    return "";
  }
  if (typeof value === "string" && !WITHOUT_LENGTH.has(field.kind)) {
    const count = [...value].length;
    if (field.max_length && count > field.max_length) return t("“{title}”最多 {most} 个字，现在是 {count} 个字。", { title, most: field.max_length, count });
    if (field.min_length && count < field.min_length) return t("“{title}”至少 {least} 个字。", { title, least: field.min_length });
    if (field.pattern && !patternOf(field.pattern).test(value)) return field.pattern_help || t("“{title}”的格式不对。", { title });
  }
  return "";
}

/** A pattern as the server reads it, to whom the wide digits of a Chinese keyboard are digits. */
function patternOf(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replaceAll("\\d", "\\p{Nd}")})$`, "u");
}

const WITHOUT_LENGTH = new Set(["date", "choice", "multi", "bool", "file", "photo"]);

function missing(field: Field): string {
  const title = field.title;
  if (field.kind === "bool") return t("请确认“{title}”。", { title });
  if (field.kind === "file") return t("请上传“{title}”。", { title });
  if (field.kind === "choice" || field.kind === "multi") return t("请选择“{title}”。", { title });
  return t("请填写“{title}”。", { title });
}
