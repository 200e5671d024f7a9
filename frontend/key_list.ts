/** The list of keys, made from what the page offers. */
import { elementsWithKeys } from "./keys";
import { say } from "./words";

function labelOf(element: HTMLElement): string {
  const copy = element.cloneNode(true) as HTMLElement;
  copy.querySelectorAll("kbd").forEach((key) => key.remove());
  return copy.textContent?.trim() ?? "";
}

function keysOfThisPage(): Map<string, string> {
  const keys = new Map([["/", say("key_find")]]);
  for (const element of elementsWithKeys()) {
    const key = (element.dataset["key"] ?? "").toUpperCase();
    if (!keys.has(key)) keys.set(key, labelOf(element));
  }
  if (document.querySelector("[data-board], table[data-keeps-place]")) keys.set("J K", say("key_rows"));
  if (document.querySelector("[data-box-map]")) keys.set("← ↑ → ↓", say("key_box"));
  return keys.set("?", say("key_list")).set("Esc", say("key_close"));
}

function line(key: string, meaning: string): HTMLElement {
  const [row, term, words, mark] = ["div", "dt", "dd", "kbd"].map((tag) => document.createElement(tag));
  mark!.textContent = key;
  words!.textContent = meaning;
  term!.append(mark!);
  row!.append(term!, words!);
  return row!;
}

export function showKeys(): void {
  const dialog = document.createElement("dialog");
  dialog.className = "keys";
  const title = document.createElement("h2");
  title.textContent = say("keys");
  title.id = "keys-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const list = document.createElement("dl");
  for (const [key, meaning] of keysOfThisPage()) list.append(line(key, meaning));
  dialog.append(title, list, closeForm());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function closeForm(): HTMLFormElement {
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "actions";
  const button = document.createElement("button");
  button.className = "button";
  button.textContent = say("close");
  form.append(button);
  return form;
}
