import htmx from "htmx.org";

import { inUse } from "./use";

/**
 * `hx-swap="renew"`: a part of the page that fetches itself again, because something changed or time has passed. It is
 * morphed, so that a focus, a tick, an opened fold and a press survive; a form that somebody fills in stays as it is,
 * with the version of the record that it was filled in for; and nothing moves while a finger or the mouse is down.
 */
const STYLE = "renew";

/** After a finger is lifted its click follows by so many milliseconds at most. */
const CLICK_AFTER = 350;

interface Task {
  swapSpec: { style: string };
  target: Element | string | null;
  fragment: DocumentFragment;
}

type Morph = (old: Element, fragment: DocumentFragment, inner: boolean) => void;

let morph: Morph | null = null;
let renewing = false;
let pressed = false;
let lifted = 0;
const waiting = new Set<HTMLElement>();

/** Whether a part is better left alone just now: somebody presses, or uses a part that is kept while in use. */
export function busy(part: Element): boolean {
  return pressed || (part instanceof HTMLElement && part.dataset.feedKept !== undefined && inUse(part));
}

/** Renews a part as soon as it is not busy any more. */
export function renewLater(part: HTMLElement): void {
  waiting.add(part);
}

function renewNow(): void {
  for (const part of [...waiting]) {
    if (part.isConnected && busy(part)) continue;
    waiting.delete(part);
    part.dispatchEvent(new CustomEvent("changed", { bubbles: false }));
  }
}

/** Forms and folds are known again by what they are for, wherever something new moves them on the page. */
function name(side: ParentNode): void {
  const taken = new Set<string>();
  for (const element of side.querySelectorAll<HTMLElement>("form[action]:not([id]), details:not([id])")) {
    const own = element instanceof HTMLFormElement ? element.getAttribute("action") : element.querySelector("summary")?.textContent;
    const id = `renewed ${own?.trim() ?? ""}`.replace(/\s+/g, "-");
    if (!taken.has(id)) element.id = id;
    taken.add(id);
  }
}

htmx.registerExtension(STYLE, {
  init: (api: { morph: Morph }) => {
    morph = api.morph;
  },
  handle_swap: (style: string, target: Element, fragment: DocumentFragment) => {
    if (style !== STYLE || !morph) return false;
    for (const side of [target, fragment]) name(side);
    renewing = true;
    try {
      morph(target, fragment, false);
    } finally {
      renewing = false;
    }
    return [target];
  },
  htmx_before_morph_node: (old: Element, { newNode }: { newNode: Element }) => {
    if (!renewing) return true;
    if (old instanceof HTMLFormElement) return old.dataset.pick === undefined ? !inUse(old) : old.ariaBusy !== "true";
    if (old instanceof HTMLTextAreaElement || old instanceof HTMLSelectElement) return !inUse(old);
    if (old instanceof HTMLInputElement && newNode instanceof HTMLInputElement && /^(checkbox|radio)$/.test(old.type)) {
      // A tick stays with what was ticked, and does not go over to what now stands in its place.
      if (old.name !== newNode.name || old.getAttribute("value") !== newNode.getAttribute("value")) old.checked = newNode.checked;
    }
    return true;
  },
  htmx_before_morph_attr: (element: Element, { attrName }: { attrName: string }) => {
    if (!renewing) return true;
    if (attrName === "open" && element instanceof HTMLDetailsElement) return false;
    return !(attrName === "value" && element instanceof HTMLInputElement && element.type !== "hidden" && inUse(element));
  },
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = (event as CustomEvent<{ ctx: { sourceElement: HTMLElement }; tasks: Task[] }>).detail;
  const task = tasks.find((one) => one.swapSpec?.style === STYLE);
  if (!(task?.target instanceof Element)) return;
  // An ended session or a fault answers with another page: what stands here stays.
  const fits = task.fragment.firstElementChild?.id === task.target.id;
  if (fits && !busy(task.target)) return;
  event.preventDefault();
  if (fits) renewLater(ctx.sourceElement);
});

function press(): void {
  window.clearTimeout(lifted);
  pressed = true;
}

function lift(): void {
  window.clearTimeout(lifted);
  lifted = window.setTimeout(() => {
    pressed = false;
    renewNow();
  }, CLICK_AFTER);
}

document.addEventListener("pointerdown", press, true);
document.addEventListener("pointerup", lift, true);
document.addEventListener("pointercancel", lift, true);
window.addEventListener("blur", lift);
for (const left of ["focusout", "change"]) document.addEventListener(left, () => window.setTimeout(renewNow, CLICK_AFTER));
