import { Upload } from "tus-js-client";

import { once } from "./once";
import { stamped } from "./stamp";
import { dropFile, filesOf, keepFile, type WaitingFile } from "./waiting";
import { t } from "../words";

/**
 * A box with data-upload (the address of the resumable uploads) sends each chosen file in pieces, shows its progress
 * and keeps the names of what has arrived in hidden inputs called data-name. With data-stamp the photo is stamped with
 * time, place and that text first; with data-keep it waits on the device until it has arrived.
 */
export function startUploads(root: ParentNode): void {
  for (const box of once<HTMLElement>(root, "[data-upload]", "Upload")) {
    const chooser = box.querySelector<HTMLInputElement>("input[type=file]");
    const list = box.querySelector<HTMLElement>("[data-upload-list]");
    if (!chooser || !list) continue;
    list.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest("[data-upload-remove]");
      const item = button?.closest<HTMLElement>("[data-upload-item]");
      if (!item) return;
      void dropFile(item.dataset.waiting ?? "");
      item.remove();
      box.dispatchEvent(new Event("change", { bubbles: true }));
    });
    chooser.addEventListener("change", () => {
      for (const file of Array.from(chooser.files ?? [])) void take(box, list, file);
      chooser.value = "";
    });
    if (box.dataset.keep) {
      void filesOf(boxName(box)).then((entries) => {
        for (const entry of entries) send(box, list, entry);
      });
    }
  }
}

function boxName(box: HTMLElement): string {
  return `${box.dataset.keep ?? ""}#${box.dataset.name ?? "files"}`;
}

/** Why a file is not sent at all, in words; an empty text when it may be. */
function unfit(box: HTMLElement, file: File): string {
  const most = Number(box.dataset.most ?? 0);
  const name = file.name;
  if (most && file.size > most) {
    return t("“{name}”有 {size} MB，超过 {most} MB 的上限，没有发送。请压缩或者分成几个文件后再选。", {
      name,
      size: Math.ceil(file.size / 1_048_576),
      most: Math.floor(most / 1_048_576),
    });
  }
  if (!file.size) return t("“{name}”是空文件，没有发送。", { name });
  const kinds = (box.querySelector<HTMLInputElement>("input[type=file]")?.accept ?? "").split(",").filter(Boolean);
  const fits = kinds.some((kind) => file.type === kind || (kind.endsWith("/*") && file.type.startsWith(kind.slice(0, -1))));
  if (!kinds.length || fits) return "";
  if (!kinds.includes("application/pdf")) return t("“{name}”的种类不对，没有发送。请选择图片（JPG、PNG）。", { name });
  return t("“{name}”的种类不对，没有发送。请选择图片（JPG、PNG）或者 PDF。", { name });
}

/** A file that is not taken stands in the list with the reason, until it is removed. */
function refuse(list: HTMLElement, name: string, why: string): void {
  const item = document.createElement("li");
  item.className = "upload-item upload-failed";
  item.dataset.uploadItem = "1";
  const label = document.createElement("span");
  label.className = "upload-name";
  label.textContent = name;
  const state = document.createElement("span");
  state.className = "upload-state";
  state.setAttribute("role", "alert");
  item.append(label, state, removeButton());
  list.append(item);
  state.textContent = why;
}

async function take(box: HTMLElement, list: HTMLElement, file: File): Promise<void> {
  const why = unfit(box, file);
  if (why) {
    refuse(list, file.name, why);
    return;
  }
  const taken = new Date(file.lastModified);
  const place = document.querySelector<HTMLInputElement>("input[data-place]")?.value ?? "";
  const [longitude, latitude] = place.split(",");
  const where = latitude ? `经度 ${longitude}  纬度 ${latitude}` : "未取得定位";
  const ready = box.dataset.stamp === undefined ? file : await stamped(file, taken, [where, box.dataset.stamp]);
  const entry = { id: newId(), box: boxName(box), file: ready, taken: taken.getTime(), place };
  if (box.dataset.keep) await keepFile(entry);
  send(box, list, entry);
}

/** Pages may be served without TLS on a local network, where randomUUID is not offered. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function send(box: HTMLElement, list: HTMLElement, entry: WaitingFile): void {
  const { file } = entry;
  const item = document.createElement("li");
  item.className = "upload-item";
  item.dataset.uploadItem = "1";
  item.dataset.waiting = entry.id;
  const label = document.createElement("span");
  label.className = "upload-name";
  label.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", t("{name} 上传进度", { name: file.name }));
  const state = document.createElement("span");
  state.className = "upload-state";
  state.setAttribute("role", "status");
  item.append(...(file.type.startsWith("image/") ? [preview(file)] : []), label, bar, state);
  list.append(item);
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const upload = new Upload(file, {
    endpoint: box.dataset.upload ?? "",
    chunkSize: 1024 * 1024,
    retryDelays: [0, 1000, 3000, 5000, 10000, 20000],
    removeFingerprintOnSuccess: true,
    headers: { "X-CSRFToken": token },
    metadata: {
      filename: file.name,
      filetype: file.type,
      kind: box.dataset.kind ?? "material",
      taken_at: new Date(entry.taken).toISOString(),
      place: entry.place,
    },
    onProgress: (sent, total) => {
      bar.value = total ? Math.round((sent / total) * 100) : 0;
      state.textContent = `${bar.value}%`;
    },
    onError: (error) => {
      item.classList.add("upload-failed");
      const said = (error as { originalResponse?: { getBody(): string } }).originalResponse?.getBody();
      if (said && said.length < 200) {
        state.textContent = said;
        bar.remove();
        item.append(removeButton());
        return;
      }
      state.textContent = t("网络不通，联网后继续上传。");
      window.addEventListener("online", () => again(), { once: true });
      if (!item.querySelector("[data-upload-again]")) item.append(againButton(again), removeButton());
    },
    onSuccess: () => {
      void dropFile(entry.id);
      bar.remove();
      item.classList.remove("upload-failed");
      for (const button of item.querySelectorAll("button")) button.remove();
      state.textContent = t("已上传");
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = box.dataset.name ?? "files";
      input.value = (upload.url ?? "").replace(/\/+$/, "").split("/").pop() ?? "";
      item.append(input, removeButton());
      box.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
  const again = (): void => {
    item.classList.remove("upload-failed");
    state.textContent = t("继续上传…");
    upload.start();
  };
  void upload
    .findPreviousUploads()
    .then((known) => {
      if (known[0]) upload.resumeFromPreviousUpload(known[0]);
    })
    .finally(() => upload.start());
}

function preview(file: File): HTMLElement {
  const picture = document.createElement("img");
  picture.className = "upload-thumb";
  picture.alt = "";
  const address = URL.createObjectURL(file);
  picture.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  picture.src = address;
  return picture;
}

function removeButton(): HTMLButtonElement {
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn-sm btn-ghost-secondary";
  remove.dataset.uploadRemove = "1";
  remove.textContent = t("移除");
  return remove;
}

function againButton(act: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.dataset.uploadAgain = "1";
  button.textContent = t("重试");
  button.addEventListener("click", act);
  return button;
}
