/**
 * The keyboard does everything: `/` goes to find, `?` lists the keys, and each data-key="a" on a button or link makes
 * that key press it. A single key waits a moment, because it may be the first letter of a scan.
 */
import { takesText } from "./editable";
import { showKeys } from "./key_list";
import { moveRow, rowWithKey } from "./rows";
import { scanField, scanning } from "./scanner";

const MAY_BE_A_SCAN_MS = 70;
let waiting = 0;

export function elementsWithKeys(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-key]")].filter((element) => element.checkVisibility());
}

function press(key: string): void {
  if (scanning()) return;
  if (key === "j" || key === "k") return moveRow(key === "j" ? 1 : -1);
  const chosen = rowWithKey(key);
  if (chosen !== "none") return chosen?.click();
  elementsWithKeys().find((element) => element.dataset["key"] === key)?.click();
}

function onKey(event: KeyboardEvent): void {
  window.clearTimeout(waiting);
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return;
  if (takesText(event.target) || document.querySelector("dialog[open]") !== null) return;
  if (event.key === "/" && !scanning()) {
    event.preventDefault();
    scanField()?.focus();
    scanField()?.select();
  } else if (event.key.length === 1) {
    const act = event.key === "?" ? showKeys : () => press(event.key.toLowerCase());
    waiting = window.setTimeout(act, MAY_BE_A_SCAN_MS);
  }
}

export function listenForKeys(): void {
  document.addEventListener("keydown", onKey);
}
