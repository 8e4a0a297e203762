type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const INPUTS = "input, textarea, select";

/** Whether somebody is typing in a part of the page, or has changed something there that is not sent yet. */
export function inUse(part: Element): boolean {
  const at = document.activeElement;
  if (at !== null && at !== document.body && part.contains(at) && at.matches(INPUTS)) return true;
  return Boolean(part.matches(UNDER_WAY) || part.querySelector(UNDER_WAY)) || changedIn(part);
}

/** Whether something was changed there that is not sent yet. */
export function changedIn(part: Element): boolean {
  const within = Array.from(part.querySelectorAll<Input>(INPUTS));
  return (part.matches(INPUTS) ? [part as Input, ...within] : within).some(changed);
}

/** A form that is being sent, a name that was drawn, a file that was chosen. */
const UNDER_WAY = "form[aria-busy=true], [data-signed='1'], [data-upload-item][data-waiting]";

function changed(field: Input): boolean {
  if (field instanceof HTMLSelectElement) {
    const options = Array.from(field.options);
    const given = options.some((option) => option.defaultSelected);
    return given || field.multiple ? options.some((option) => option.selected !== option.defaultSelected) : field.selectedIndex > 0;
  }
  if (field instanceof HTMLInputElement) {
    if (field.type === "hidden") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "file") return Boolean(field.files?.length);
  }
  return field.value !== field.defaultValue;
}
