// The one script of every page. No inline handlers, no eval: the content security policy forbids both.
import htmx from "htmx.org";
import Alpine from "@alpinejs/csp";
import "@tabler/core/js/tabler";

import "./parts/renew";
import { startChecklists } from "./parts/checklist";
import { startConfirmations } from "./parts/confirm";
import { startCopies } from "./parts/copy";
import { startDiagrams } from "./parts/diagram";
import { startDrafts } from "./parts/draft";
import { startFeed } from "./parts/feed";
import { startForms } from "./parts/form";
import { startAddresses } from "./parts/address";
import { startAutosaves } from "./parts/autosave";
import { startBacks, startFilters, startPicks } from "./parts/lists";
import { startPlaces } from "./parts/place";
import { startRows } from "./parts/rows";
import { startSignatures } from "./parts/signature";
import { startUploads } from "./parts/upload";
import { startUnsaved } from "./parts/unsaved";
import { startViewers } from "./parts/viewer";
import { t } from "./words";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

window.htmx = htmx;

function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

document.addEventListener("htmx:config:request", (event) => {
  const context = (event as CustomEvent).detail.ctx;
  const request = context?.request;
  if (request && !/^(GET|HEAD)$/i.test(request.method ?? "GET")) {
    request.headers = { ...request.headers, "X-CSRFToken": csrfToken() };
  }
});

document.addEventListener("htmx:error", () => announce(t("网络没有连通，请稍后再试；您填写的内容没有丢失。")));

/** Says something to everyone, screen readers included. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (region) {
    region.textContent = text;
    region.hidden = false;
  }
}

const starters = [
  startRows,
  startAddresses,
  startForms,
  startUploads,
  startSignatures,
  startPlaces,
  startChecklists,
  startDiagrams,
  startDrafts,
  startAutosaves,
  startConfirmations,
  startCopies,
  startBacks,
  startFilters,
  startPicks,
  startViewers,
  startUnsaved,
];

function start(root: ParentNode): void {
  for (const starter of starters) starter(root);
}

document.addEventListener("DOMContentLoaded", () => {
  start(document);
  startFeed(document);
  Alpine.start();
});
document.addEventListener("parts:added", (event) => start((event as CustomEvent<HTMLElement>).detail));
document.addEventListener("htmx:after:settle", (event) => {
  const target = event.target;
  if (target instanceof Element) start(target.parentElement ?? document);
});
