/** A condition of a declared form: on one field, or a combination. The same rules stand in qipan.kernel.forms. */
export type Condition =
  | { field: string; op: string; value?: unknown }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

export type Answers = Record<string, unknown>;

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function same(left: unknown, right: unknown): boolean {
  return String(left) === String(right);
}

/** A number as it is typed, the wide digits of a Chinese keyboard among them; NaN for what is none. */
export function numberOf(value: unknown): number {
  const text = String(value)
    .replace(/[０-９]/g, (digit) => String(digit.charCodeAt(0) - 0xff10))
    .replaceAll(",", "");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

/** Whether the condition holds for the answers; no condition always holds. */
export function holds(condition: Condition | null | undefined, answers: Answers): boolean {
  if (!condition) return true;
  if ("all" in condition) return condition.all.every((part) => holds(part, answers));
  if ("any" in condition) return condition.any.some((part) => holds(part, answers));
  if ("not" in condition) return !holds(condition.not, answers);
  const answer = answers[condition.field];
  const wanted = condition.value;
  switch (condition.op) {
    case "eq":
      return Array.isArray(answer) ? answer.length === 1 && same(answer[0], wanted) : same(answer ?? "", wanted ?? "");
    case "ne":
      return !holds({ field: condition.field, op: "eq", value: wanted }, answers);
    case "in":
      return Array.isArray(wanted) && wanted.some((one) => same(one, answer));
    case "contains":
      return Array.isArray(answer) ? answer.some((one) => same(one, wanted)) : String(answer ?? "").includes(String(wanted));
    case "filled":
      return !isEmpty(answer);
    case "empty":
      return isEmpty(answer);
    case "gt":
      return !isEmpty(answer) && numberOf(answer) > numberOf(wanted);
    case "ge":
      return !isEmpty(answer) && numberOf(answer) >= numberOf(wanted);
    case "lt":
      return !isEmpty(answer) && numberOf(answer) < numberOf(wanted);
    case "le":
      return !isEmpty(answer) && numberOf(answer) <= numberOf(wanted);
    default:
      return false;
  }
}
