import { once } from "./once";
import { t } from "../words";

const SAVE_AFTER = 1500;
const TRY_AGAIN = 10_000;

interface Saved {
  saved: string;
  revision: number;
  errors: Record<string, string>;
}

/**
 * A form with data-autosave (an address) saves itself a moment after each change and says so. Where another person or a
 * new version of the form came between, it stops and says what to do; nothing typed is lost.
 */
export function startAutosaves(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[data-autosave]", "Autosave")) new Autosave(form);
}

class Autosave {
  private timer = 0;
  private running: Promise<void> | null = null;
  private changed = false;
  private stopped = false;
  private submitting = false;

  constructor(private readonly form: HTMLFormElement) {
    const noticed = (): void => {
      if (this.stopped) return;
      this.changed = true;
      this.say(t("正在保存…"));
      this.later(SAVE_AFTER);
    };
    form.addEventListener("input", noticed);
    form.addEventListener("change", noticed);
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      window.clearTimeout(this.timer);
      this.submitting = true;
      // What is on its way arrives first, so that the page knows of its own save.
      if (!this.running) return;
      event.preventDefault();
      const submitter = (event as SubmitEvent).submitter as HTMLElement | null;
      void this.running.finally(() => this.form.requestSubmit(submitter));
    });
    window.addEventListener("online", () => {
      if (this.changed) this.later(0);
    });
    // Who goes back to the page finds it as it was left: it saves itself again.
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.submitting = false;
      if (this.changed) this.later(0);
    });
  }

  private later(after: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), after);
  }

  private save(): void {
    if (this.running || this.submitting || !this.changed) return;
    this.running = this.send().finally(() => {
      this.running = null;
      if (this.changed && !this.stopped && !this.submitting) this.later(SAVE_AFTER);
    });
  }

  private async send(): Promise<void> {
    this.changed = false;
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    try {
      const answer = await fetch(this.form.dataset.autosave ?? "", {
        method: "POST",
        body: new FormData(this.form),
        headers: { "X-CSRFToken": token },
      });
      const json = answer.headers.get("content-type")?.includes("json");
      if (answer.ok && json) this.arrived((await answer.json()) as Saved);
      else if (json) {
        this.stopped = true;
        this.say(((await answer.json()) as { error?: string }).error ?? t("没有保存成功。"), true);
      } else this.say(t("没有保存成功，填写的内容已留在本机，请刷新页面或者重新登录。"), true);
    } catch {
      this.changed = true;
      this.say(t("网络不通，填写的内容已留在本机，联网后自动保存。"), true);
      this.later(TRY_AGAIN);
    }
  }

  private arrived(saved: Saved): void {
    const revision = this.form.querySelector<HTMLInputElement>("input[name=revision]");
    if (revision) revision.value = String(saved.revision);
    const count = Object.keys(saved.errors).length;
    const clean = !count && !this.changed;
    this.form.dispatchEvent(new CustomEvent("draft:saved", { detail: { version: String(saved.revision), clean } }));
    if (this.changed) return;
    if (count) this.say(t("已保存 {time}，还有 {count} 处需要改正。", { time: saved.saved, count }), true);
    else this.say(t("已保存 {time}", { time: saved.saved }));
  }

  private say(text: string, bad = false): void {
    for (const place of this.form.querySelectorAll<HTMLElement>("[data-draft-status]")) {
      place.textContent = text;
      place.classList.toggle("draft-failed", bad);
    }
  }
}
