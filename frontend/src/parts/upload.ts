import { Upload } from "tus-js-client";

import { once } from "./once";

/**
 * A box with data-upload (the address of the resumable uploads) sends each chosen file in pieces, shows its progress
 * and keeps the names of what has arrived in hidden inputs called data-name.
 */
export function startUploads(root: ParentNode): void {
  for (const box of once<HTMLElement>(root, "[data-upload]", "Upload")) {
    const chooser = box.querySelector<HTMLInputElement>("input[type=file]");
    const list = box.querySelector<HTMLElement>("[data-upload-list]");
    if (!chooser || !list) continue;
    list.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest("[data-upload-remove]");
      button?.closest("[data-upload-item]")?.remove();
    });
    chooser.addEventListener("change", () => {
      for (const file of Array.from(chooser.files ?? [])) send(box, list, file);
      chooser.value = "";
    });
  }
}

function send(box: HTMLElement, list: HTMLElement, file: File): void {
  const item = document.createElement("li");
  item.className = "upload-item";
  item.dataset.uploadItem = "1";
  const label = document.createElement("span");
  label.className = "upload-name";
  label.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", `${file.name} 上传进度`);
  const state = document.createElement("span");
  state.className = "upload-state";
  state.setAttribute("role", "status");
  item.append(label, bar, state);
  list.append(item);
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const upload = new Upload(file, {
    endpoint: box.dataset.upload ?? "",
    chunkSize: 1024 * 1024,
    retryDelays: [0, 1000, 3000, 5000, 10000],
    headers: { "X-CSRFToken": token },
    metadata: {
      filename: file.name,
      filetype: file.type,
      kind: box.dataset.kind ?? "material",
      taken_at: new Date(file.lastModified).toISOString(),
      place: document.querySelector<HTMLInputElement>("input[data-place]")?.value ?? "",
    },
    onProgress: (sent, total) => {
      bar.value = total ? Math.round((sent / total) * 100) : 0;
      state.textContent = `${bar.value}%`;
    },
    onError: (error) => {
      item.classList.add("upload-failed");
      const said = (error as { originalResponse?: { getBody(): string } }).originalResponse?.getBody();
      state.textContent = said && said.length < 200 ? said : "没有上传成功，请重新选择文件。";
      bar.remove();
    },
    onSuccess: () => {
      bar.remove();
      state.textContent = "已上传";
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = box.dataset.name ?? "files";
      input.value = (upload.url ?? "").replace(/\/+$/, "").split("/").pop() ?? "";
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "btn btn-sm btn-ghost-secondary";
      remove.dataset.uploadRemove = "1";
      remove.textContent = "移除";
      item.append(input, remove);
      box.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
  upload.start();
}
