import { once } from "./once";
import { addRow, rowsOf } from "./rows";
import { dropFilesBelow } from "./waiting";
import { t } from "../words";

interface Answer {
  answer: string;
  note: string;
  value: string;
  photos: string[];
}

interface Kept {
  version: string;
  at?: number;
  items: Record<string, Answer>;
  fields: Record<string, string[]>;
}

const SAVE_AFTER = 1200;
const TRY_AGAIN = 10_000;
const KEEP_DAYS = 14;
const PREFIX = "qipan:draft:";

/**
 * A form with data-draft (its name) and data-draft-version keeps what is filled in on the device until the server has
 * it. Items of a checklist go to data-draft-url, only those that changed, so that two officers may record at once; a
 * draft of an older version of the record is dropped.
 */
export function startDrafts(root: ParentNode): void {
  forgetOld();
  // Who signs out leaves nothing typed behind on a device that others may use; a session that ends by itself keeps it.
  for (const form of once<HTMLFormElement>(root, 'form[action*="/logout"]', "Forget")) {
    form.addEventListener("submit", () => {
      forget(() => true);
      void dropFilesBelow("apply-");
    });
  }
  for (const form of once<HTMLFormElement>(root, "form[data-draft]", "Draft")) new Draft(form);
}

function forget(which: (kept: Kept | null) => boolean): void {
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) {
    let kept: Kept | null = null;
    try {
      kept = JSON.parse(localStorage.getItem(name) ?? "null") as Kept | null;
    } catch {
      kept = null;
    }
    if (which(kept)) localStorage.removeItem(name);
  }
}

function forgetOld(): void {
  const oldest = Date.now() - KEEP_DAYS * 86_400_000;
  forget((kept) => !kept || (kept.at ?? 0) < oldest);
}

class Draft {
  private readonly name: string;
  private version: string;
  private readonly url: string;
  private readonly changed = new Map<string, number>();
  private readonly hidden: HTMLInputElement | null;
  private stamp = 0;
  private timer = 0;
  private busy = false;

  constructor(private readonly form: HTMLFormElement) {
    const reader = document.querySelector<HTMLMetaElement>('meta[name="reader"]')?.content ?? "";
    this.name = `${PREFIX}${reader}:${form.dataset.draft ?? ""}`;
    this.version = form.dataset.draftVersion ?? "";
    this.url = form.dataset.draftUrl ?? "";
    this.hidden = this.url ? document.createElement("input") : null;
    if (this.hidden) {
      this.hidden.type = "hidden";
      this.hidden.name = "changed";
      form.append(this.hidden);
    }
    this.restore();
    const note = (event: Event): void => this.noticed(event.target as HTMLElement);
    form.addEventListener("input", note);
    form.addEventListener("change", note);
    form.addEventListener("submit", () => {
      if (this.hidden) this.hidden.value = [...this.changed.keys()].join(" ");
    });
    window.addEventListener("online", () => void this.save());
    window.addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.leave();
    });
    form.addEventListener("draft:saved", (event) => {
      const { version, clean } = (event as CustomEvent<{ version: string; clean: boolean }>).detail;
      this.version = version;
      if (clean) localStorage.removeItem(this.name);
      else this.keep();
    });
    if (this.changed.size) void this.save();
  }

  private noticed(target: HTMLElement): void {
    const item = target.closest<HTMLElement>("[data-check-item]");
    if (item?.dataset.code && this.url) this.changed.set(item.dataset.code, ++this.stamp);
    this.keep();
    if (this.changed.size) {
      this.say(t("正在保存…"));
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.save(), SAVE_AFTER);
    }
  }

  private item(code: string): HTMLElement | null {
    return this.form.querySelector<HTMLElement>(`[data-check-item][data-code="${CSS.escape(code)}"]`);
  }

  private read(code: string): Answer {
    const data = new FormData(this.form);
    return {
      answer: String(data.get(`answer-${code}`) ?? ""),
      note: String(data.get(`note-${code}`) ?? ""),
      value: String(data.get(`value-${code}`) ?? ""),
      photos: data.getAll(`photo-${code}`).map(String),
    };
  }

  private others(): (HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[] {
    const all = this.form.querySelectorAll<HTMLInputElement>("input[name], textarea[name], select[name]");
    return Array.from(all).filter(
      (field) => field.type !== "hidden" && field.type !== "file" && !(this.url && field.closest("[data-check-item]")),
    );
  }

  private uploads(): HTMLElement[] {
    const boxes = Array.from(this.form.querySelectorAll<HTMLElement>("[data-upload]"));
    return boxes.filter((box) => !(this.url && box.closest("[data-check-item]")));
  }

  private keep(): void {
    const items: Kept["items"] = {};
    for (const code of this.changed.keys()) items[code] = this.read(code);
    const fields: Kept["fields"] = {};
    for (const field of this.others()) {
      const ticks = field instanceof HTMLInputElement && (field.type === "radio" || field.type === "checkbox");
      fields[field.name] ??= [];
      if (!ticks || (field as HTMLInputElement).checked) fields[field.name].push(field.value);
    }
    for (const box of this.uploads()) {
      const arrived = box.querySelectorAll<HTMLInputElement>("[data-upload-list] input[type=hidden]");
      fields[`file:${box.dataset.name ?? "files"}`] = Array.from(arrived, (input) => input.value);
    }
    try {
      localStorage.setItem(this.name, JSON.stringify({ version: this.version, at: Date.now(), items, fields } satisfies Kept));
    } catch {
      this.say(t("设备存储已满，请保持联网，记录将直接保存到系统。"));
    }
  }

  private restore(): void {
    let kept: Kept | null = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.name) ?? "null") as Kept | null;
    } catch {
      kept = null;
    }
    if (!kept || kept.version !== this.version) {
      localStorage.removeItem(this.name);
      return;
    }
    for (const [code, answer] of Object.entries(kept.items)) {
      const item = this.item(code);
      if (!item) continue;
      for (const radio of item.querySelectorAll<HTMLInputElement>("input[type=radio]")) radio.checked = radio.value === answer.answer;
      put(item, `note-${code}`, answer.note);
      put(item, `value-${code}`, answer.value);
      restorePhotos(item, code, answer.photos);
      this.changed.set(code, ++this.stamp);
    }
    let restored = this.restoreRows(Object.keys(kept.fields));
    for (const field of this.others()) {
      const values = kept.fields[field.name];
      if (!values) continue;
      if (field instanceof HTMLInputElement && (field.type === "radio" || field.type === "checkbox")) {
        if (field.checked !== values.includes(field.value)) restored += 1;
        field.checked = values.includes(field.value);
      } else if (values[0] !== undefined && field.value !== values[0]) {
        field.value = values[0];
        restored += 1;
        const fold = field.closest("details");
        if (fold) fold.open = true;
      }
    }
    for (const box of this.uploads()) {
      const list = box.querySelector<HTMLElement>("[data-upload-list]");
      const name = box.dataset.name ?? "files";
      if (list) restored += restoreFiles(list, name, kept.fields[`file:${name}`] ?? [], t("已上传的文件"));
    }
    for (const address of this.form.querySelectorAll("[data-address]")) address.dispatchEvent(new Event("address:restored"));
    if (restored && !this.url) this.say(t("已恢复上次没有提交的内容。"));
    this.form.dispatchEvent(new Event("checklist:refresh"));
    if (restored) this.form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Rows that were added and not saved yet; returns how many. */
  private restoreRows(names: string[]): number {
    let added = 0;
    for (const name of names) {
      const found = /^(?:file:)?([a-z][a-z0-9_]*)\.(\d+)\./.exec(name);
      const group = found && this.form.querySelector<HTMLElement>(`[data-group="${CSS.escape(found[1])}"]`);
      while (found && group && rowsOf(group).length <= Number(found[2]) && addRow(group)) added += 1;
    }
    return added;
  }

  private body(): { stamps: Map<string, number>; text: string } {
    const stamps = new Map(this.changed);
    const items: Kept["items"] = {};
    for (const code of stamps.keys()) items[code] = this.read(code);
    const place = this.form.querySelector<HTMLInputElement>("input[data-place]")?.value ?? "";
    return { stamps, text: JSON.stringify({ items, place }) };
  }

  private async save(): Promise<void> {
    if (!this.url || !this.changed.size || this.busy) return;
    this.busy = true;
    const { stamps, text } = this.body();
    try {
      const answer = await fetch(this.url, { method: "POST", headers: this.headers(), body: text });
      if (answer.ok) {
        for (const [code, stamp] of stamps) if (this.changed.get(code) === stamp) this.changed.delete(code);
        this.keep();
        this.say(this.changed.size ? t("正在保存…") : t("已保存 {time}", { time: new Date().toTimeString().slice(0, 5) }));
        if (this.changed.size) this.again(SAVE_AFTER);
      } else if (answer.headers.get("content-type")?.includes("json")) {
        this.say(((await answer.json()) as { error?: string }).error ?? t("没有保存成功。"), true);
      } else {
        this.say(t("没有保存成功，记录已留在本机，请刷新页面或者重新登录。"), true);
      }
    } catch {
      this.say(t("网络不通：{count} 项已留在本机，联网后自动保存。", { count: this.changed.size }), true);
      this.again(TRY_AGAIN);
    } finally {
      this.busy = false;
    }
  }

  private again(after: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), after);
  }

  /** The page goes away: what is not saved yet is sent on its way; the copy on the device stays in any case. */
  private leave(): void {
    if (!this.url || !this.changed.size || this.busy) return;
    const { text } = this.body();
    if (text.length < 60_000) void fetch(this.url, { method: "POST", headers: this.headers(), body: text, keepalive: true }).catch(() => undefined);
  }

  private headers(): Record<string, string> {
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    return { "Content-Type": "application/json", "X-CSRFToken": token };
  }

  private say(text: string, bad = false): void {
    const own = this.form.querySelectorAll<HTMLElement>("[data-draft-status]");
    for (const place of own.length ? own : document.querySelectorAll<HTMLElement>("[data-draft-status]")) {
      place.textContent = text;
      place.classList.toggle("draft-failed", bad);
    }
  }
}

function put(item: HTMLElement, name: string, text: string): void {
  const field = item.querySelector<HTMLInputElement | HTMLTextAreaElement>(`[name="${CSS.escape(name)}"]`);
  if (field) field.value = text;
}

/** Photos that had arrived but were not yet noted with their item. */
function restorePhotos(item: HTMLElement, code: string, tokens: string[]): void {
  const list = item.querySelector<HTMLElement>("[data-upload-list]");
  if (list) restoreFiles(list, `photo-${code}`, tokens, t("照片"));
}

/** Puts files that had arrived back into their list; returns how many were missing there. */
function restoreFiles(list: HTMLElement, name: string, tokens: string[], title: string): number {
  const known = new Set(Array.from(list.querySelectorAll<HTMLInputElement>("input[type=hidden]"), (input) => input.value));
  const missing = tokens.filter((token) => !known.has(token));
  for (const token of missing) {
    const line = document.createElement("li");
    line.className = "upload-item";
    line.dataset.uploadItem = "1";
    const label = document.createElement("span");
    label.className = "upload-name";
    label.textContent = title;
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = token;
    line.append(label, input);
    list.append(line);
  }
  return missing.length;
}
