/** The words that script shows come from the server, in the reader's language: <template id="words" data-words="{…}">. */
const words: Record<string, string> = JSON.parse(document.getElementById("words")?.dataset["words"] ?? "{}");

/** The sentence of this name with its {facts} filled in; the name itself where the page has no such word. */
export function say(name: string, facts: Record<string, string | number> = {}): string {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, fact: string) => String(facts[fact] ?? whole));
}
