/**
 * A wedge scanner types a code faster than any hand and ends with Enter. Wherever it lands, the code goes to find,
 * and the field that it landed in gets its former text back. Two kinds of field keep their scans: those that ask for
 * a code (class "code" or data-scan), and passwords, which must never become part of an address. Where the page itself
 * waits for a code (data-scan with autofocus, or data-scan-first), scans that land elsewhere go there and not to find.
 */
import { textField, type TextField } from "./editable";

const FASTEST_HAND_MS = 35;
const SHORTEST_CODE = 4;

interface Burst {
  text: string;
  last: number;
  field: TextField | null;
  before: string;
}

let burst: Burst | null = null;
let finished = -Infinity;

/** True while characters arrive faster than a hand types: single keys must not act on the letters of a scan. */
export function scanning(): boolean {
  if (performance.now() - finished < 500) return true;
  return burst !== null && burst.text.length > 1 && performance.now() - burst.last < FASTEST_HAND_MS * 2;
}

export function scanField(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>("#scan");
}

function keepsItsScans(field: TextField | null): boolean {
  if (field === null) return false;
  return field.type === "password" || field.classList.contains("code") || "scan" in field.dataset;
}

function remember(event: KeyboardEvent): void {
  const at = event.timeStamp;
  if (burst !== null && at - burst.last <= FASTEST_HAND_MS && burst.field === textField(event.target)) {
    burst.text += event.key;
    burst.last = at;
    return;
  }
  const field = textField(event.target);
  burst = { text: event.key, last: at, field, before: field?.value ?? "" };
}

function finish(event: KeyboardEvent): void {
  const scan = burst;
  burst = null;
  if (scan === null || scan.text.length < SHORTEST_CODE) return;
  if (event.timeStamp - scan.last > FASTEST_HAND_MS * 2 || keepsItsScans(scan.field)) return;
  const goesTo = ownField() ?? scanField();
  if (goesTo === null) return;
  finished = performance.now();
  event.preventDefault();
  event.stopImmediatePropagation();
  if (scan.field !== null) scan.field.value = scan.before;
  goesTo.value = scan.text;
  if (!leadsOn(goesTo)) goesTo.form?.requestSubmit();
}

/** The field that the page itself waits with for a code: of several in its form the first that is still empty. */
function ownField(): HTMLInputElement | null {
  const waits = document.querySelector<HTMLInputElement>("input[data-scan][autofocus], input[data-scan-first]");
  const fields = [...(waits?.form?.querySelectorAll<HTMLInputElement>("input[data-scan][required]") ?? [])];
  return fields.find((field) => field.value === "") ?? waits;
}

/** A scanner ends each code with Enter: in a form that asks for several codes, that leads on to the next one. */
function leadsOn(from: HTMLInputElement): boolean {
  const fields = [...(from.form?.querySelectorAll<HTMLInputElement>("input[data-scan][required]") ?? [])];
  const next = fields.slice(fields.indexOf(from) + 1).find((field) => field.value === "");
  if (!fields.includes(from) || from.value === "" || next === undefined) return false;
  next.focus();
  return true;
}

export function listenForScans(): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (event.key === "Enter") finish(event);
      else if (event.key.length === 1) remember(event);
    },
    { capture: true },
  );
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !(event.target instanceof HTMLInputElement)) return;
    if (event.target.type !== "password" && leadsOn(event.target)) event.preventDefault();
  });
}
