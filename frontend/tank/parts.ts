/** Pieces of the page at the tank: the server draws them as templates, in the reader's language; script fills them in. */
export function piece(name: string): DocumentFragment {
  const template = document.querySelector<HTMLTemplateElement>(`template[data-view="${name}"]`);
  if (template === null) throw new Error(`the page has no piece “${name}”`);
  return template.content.cloneNode(true) as DocumentFragment;
}

export function slot(part: ParentNode, name: string): HTMLElement {
  const found = part.querySelector<HTMLElement>(`[data-slot="${name}"]`);
  if (found === null) throw new Error(`the piece has no place “${name}”`);
  return found;
}

export function write(part: ParentNode, words: Record<string, string>): void {
  for (const [name, word] of Object.entries(words)) slot(part, name).textContent = word;
}

export function hideWithout(part: ParentNode, shown: Record<string, boolean>): void {
  for (const [name, wanted] of Object.entries(shown)) if (!wanted) slot(part, name).remove();
}

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = "", classes = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.textContent = text;
  if (classes !== "") element.className = classes;
  return element;
}

export function button(text: string, act: string, value: string, classes: string): HTMLButtonElement {
  const made = make("button", text, `button ${classes}`);
  made.type = "button";
  made.dataset["do"] = act;
  made.value = value;
  return made;
}

export const typed = (id: string): string => document.querySelector<HTMLInputElement>(`#${id}`)?.value.trim() ?? "";
