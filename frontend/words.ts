/** The words that script shows come from the server, in the reader's language: <template data-words="{…}">, which a page may have several of. */
const words: Record<string, string> = {};
for (const some of document.querySelectorAll<HTMLElement>("template[data-words]")) Object.assign(words, JSON.parse(some.dataset["words"] ?? "{}"));

/** The sentence of this name with its {facts} filled in; the name itself where the page has no such word. */
export function say(name: string, facts: Record<string, string | number> = {}): string {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, fact: string) => String(facts[fact] ?? whole));
}
