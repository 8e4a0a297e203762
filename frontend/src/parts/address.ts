import { once } from "./once";

/** An address with data-address: the district is chosen first and leaves its own sub-districts to choose from. */
export function startAddresses(root: ParentNode): void {
  for (const box of once<HTMLElement>(root, "[data-address]", "Address")) {
    const area = box.querySelector<HTMLSelectElement>("[data-address-area] select");
    const place = box.querySelector<HTMLSelectElement>("[data-address-place]");
    if (!area || !place || box.closest("template")) continue;
    const groups = Array.from(place.querySelectorAll("optgroup"));
    const offer = (): void => {
      for (const group of groups) group.remove();
      for (const group of groups) if (!area.value || group.label === area.value) place.append(group);
      if (place.selectedOptions[0]?.parentElement instanceof HTMLOptGroupElement) return;
      place.value = "";
    };
    area.addEventListener("change", (event) => {
      event.stopPropagation();
      if (!place.value.startsWith(`${area.value}/`)) place.value = "";
      offer();
    });
    place.addEventListener("change", () => {
      const chosen = place.value.split("/")[0];
      if (chosen && chosen !== area.value) {
        area.value = chosen;
        const value = place.value;
        offer();
        place.value = value;
      }
    });
    box.addEventListener("address:restored", () => {
      const value = place.value;
      area.value = value.split("/")[0] ?? "";
      offer();
      place.value = value;
    });
    const shown = box.querySelector<HTMLElement>("[data-address-area]");
    if (shown) shown.hidden = false;
    offer();
  }
}
