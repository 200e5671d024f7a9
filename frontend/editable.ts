/** Whether a key press there is meant as text. */
const NOT_TEXT = new Set(["button", "checkbox", "radio", "submit", "reset", "file", "range", "color", "image"]);

export type TextField = HTMLInputElement | HTMLTextAreaElement;

export function textField(target: EventTarget | null): TextField | null {
  if (target instanceof HTMLTextAreaElement) return target;
  if (target instanceof HTMLInputElement && !NOT_TEXT.has(target.type)) return target;
  return null;
}

export function takesText(target: EventTarget | null): boolean {
  if (textField(target) !== null || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLElement && target.isContentEditable;
}
