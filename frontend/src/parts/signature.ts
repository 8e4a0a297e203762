import { once } from "./once";

/** A box with data-signature holds a canvas, a hidden input for the PNG (data URL) and a button to begin again. */
export function startSignatures(root: ParentNode): void {
  for (const box of once<HTMLElement>(root, "[data-signature]", "Signature")) {
    const canvas = box.querySelector("canvas");
    const input = box.querySelector<HTMLInputElement>("input[type=hidden]");
    const context = canvas?.getContext("2d");
    if (!canvas || !input || !context) continue;
    const ratio = Math.max(window.devicePixelRatio || 1, 1);
    const given = input.value;
    const fit = (): void => {
      const bounds = canvas.getBoundingClientRect();
      canvas.width = Math.round(bounds.width * ratio);
      canvas.height = Math.round(bounds.height * ratio);
      context.scale(ratio, ratio);
      context.lineWidth = 2.4;
      context.lineCap = "round";
      context.lineJoin = "round";
      context.strokeStyle = "#1d2a35";
      input.value = "";
      box.dataset.signed = "";
    };
    fit();
    if (given.startsWith("data:image/png")) {
      const before = new Image();
      before.addEventListener("load", () => {
        const bounds = canvas.getBoundingClientRect();
        context.drawImage(before, 0, 0, bounds.width, bounds.height);
        input.value = given;
        box.dataset.signed = "1";
      });
      before.src = given;
    }
    let drawing = false;
    const point = (event: PointerEvent): [number, number] => {
      const bounds = canvas.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      drawing = true;
      canvas.setPointerCapture(event.pointerId);
      context.beginPath();
      context.moveTo(...point(event));
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drawing) return;
      context.lineTo(...point(event));
      context.stroke();
    });
    const finish = (): void => {
      if (!drawing) return;
      drawing = false;
      input.value = canvas.toDataURL("image/png");
      box.dataset.signed = "1";
      input.dispatchEvent(new Event("change", { bubbles: true }));
    };
    canvas.addEventListener("pointerup", finish);
    canvas.addEventListener("pointercancel", finish);
    box.querySelector("[data-signature-clear]")?.addEventListener("click", fit);
  }
}
