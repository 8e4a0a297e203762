import { once } from "./once";

/** Forms with data-confirm ask first, and no form is sent twice by a double press. */
export function startConfirmations(root: ParentNode): void {
  for (const form of once<HTMLFormElement>(root, "form[method=post], form[method=POST]", "Confirm")) {
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      const submitter = (event as SubmitEvent).submitter as HTMLElement | null;
      const question = submitter?.dataset.confirm ?? form.dataset.confirm;
      if (question && !window.confirm(question)) {
        event.preventDefault();
        return;
      }
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      form.setAttribute("aria-busy", "true");
      submitter?.classList.add("btn-loading");
      window.addEventListener("pageshow", () => release(form, submitter), { once: true });
      setTimeout(() => release(form, submitter), 8000);
    });
  }
}

function release(form: HTMLFormElement, submitter: HTMLElement | null): void {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  submitter?.classList.remove("btn-loading");
}
