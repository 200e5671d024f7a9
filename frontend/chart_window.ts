/** Which time a chart shows: a range that ends now, or from–to; in the page's address, in the links beside it, and stepped. */
import type { Answer } from "./chart_data";

export interface Window {
  range: string;
  from: number;
  to: number;
}
export type Step = "earlier" | "later" | "closer" | "wider";

const SHORTEST_MS = 60_000;
const LONGEST_MS = 10 * 365 * 86_400_000;

export const ofRange = (range: string): Window => ({ range, from: 0, to: 0 });

/** A time that can be asked for: at least a minute, at most ten years, not beyond now. */
export function ofTimes(from: number, to: number, now = Date.now()): Window {
  const span = Math.min(Math.max(to - from, SHORTEST_MS), LONGEST_MS);
  const end = Math.round(Math.min((from + to + span) / 2, now));
  return { range: "", from: Math.max(Math.round(end - span), 0), to: end };
}

export function ofHost(host: HTMLElement): Window {
  const { from, to, range } = host.dataset;
  return from === undefined ? ofRange(range || "24h") : { range: "", from: Number(from), to: Number(to) };
}

/** Write the time into an address, in place of the one that it names. */
export function into(url: URL, shown: Window): URL {
  for (const name of ["range", "from", "to"]) url.searchParams.delete(name);
  if (shown.range !== "") url.searchParams.set("range", shown.range);
  else for (const name of ["from", "to"] as const) url.searchParams.set(name, String(shown[name]));
  return url;
}

/** The time beside this one, or nothing where a step leads nowhere; `middle` is where closer and wider turn about. */
export function stepped(answer: Answer, step: Step, middle = (answer.from + answer.to) / 2, now = Date.now()): Window | null {
  const span = answer.to - answer.from;
  if (step === "earlier") return ofTimes(answer.from - span / 2, answer.to - span / 2, now);
  if (step === "later") return answer.to >= now - span / 100 ? null : ofTimes(answer.from + span / 2, answer.to + span / 2, now);
  if (step === "closer") return span < 2 * SHORTEST_MS ? null : ofTimes(middle - span / 4, middle + span / 4, now);
  return 2 * span > LONGEST_MS ? null : ofTimes(middle - span, middle + span, now);
}

/** Let the card's buttons and links, and the page's address, say the time that is shown. */
export function follow(card: Element, shown: Window, answer: Answer): void {
  for (const button of card.querySelectorAll<HTMLElement>("[data-range]:not([data-chart])")) {
    if (button.dataset["range"] === shown.range) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  for (const link of card.querySelectorAll<HTMLAnchorElement>("a[data-follows]")) link.href = into(new URL(link.href), shown).href;
  for (const link of card.querySelectorAll<HTMLAnchorElement>("a[data-step]")) {
    const next = stepped(answer, link.dataset["step"] as Step);
    link.toggleAttribute("href", next !== null);
    if (next !== null) link.href = into(new URL(location.href), next).href;
    if (next === null) link.setAttribute("aria-disabled", "true");
    else link.removeAttribute("aria-disabled");
  }
}
