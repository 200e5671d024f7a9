/** Puts new HTML into a part of the page and leaves the reader where they were: focus, chosen row, typed text, open details. */
const TYPED = "input:not([type=hidden]), textarea, select";
type Typed = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** A name for an element that its successor has too: its row, and what it is within the row. */
function nameOf(element: Element): string {
  const row = element.closest("[data-row]")?.id ?? "";
  const own = element.id || element.getAttribute("name") || element.getAttribute("data-key") || element.tagName;
  return `${row}|${own}`;
}

interface Kept {
  focus: string | null;
  row: string | null;
  typed: Map<string, string>;
  open: Set<string>;
}

function keep(part: HTMLElement): Kept {
  const active = document.activeElement;
  const typed = new Map<string, string>();
  for (const field of part.querySelectorAll<Typed>(TYPED)) {
    if ("defaultValue" in field && field.value !== field.defaultValue) typed.set(nameOf(field), field.value);
  }
  return {
    focus: active !== null && part.contains(active) ? nameOf(active) : null,
    row: part.querySelector("[data-row][data-selected]")?.id ?? null,
    typed,
    open: new Set([...part.querySelectorAll("details[open]")].map(nameOf)),
  };
}

function giveBack(part: HTMLElement, kept: Kept): void {
  for (const field of part.querySelectorAll<Typed>(TYPED)) {
    const text = kept.typed.get(nameOf(field));
    if (text !== undefined) field.value = text;
  }
  for (const details of part.querySelectorAll("details")) if (kept.open.has(nameOf(details))) details.open = true;
  const row = kept.row === null ? null : document.getElementById(kept.row);
  if (row !== null) row.dataset["selected"] = "";
  if (kept.focus === null) return;
  const heir = [...part.querySelectorAll<HTMLElement>("*")].find((element) => nameOf(element) === kept.focus);
  (heir ?? row ?? part.closest<HTMLElement>("main"))?.focus({ preventScroll: true });
}

const shown = new WeakMap<HTMLElement, string>();

/** Replaces the content; the same HTML again changes nothing. Tells the document by the event "cryokeep:replaced". */
export function replaceInside(part: HTMLElement, html: string): void {
  if (shown.get(part) === html) return;
  shown.set(part, html);
  const kept = keep(part);
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  part.replaceChildren(fresh.content);
  giveBack(part, kept);
  part.dispatchEvent(new CustomEvent("cryokeep:replaced", { bubbles: true }));
}
