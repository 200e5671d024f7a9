/** The alarm board: arrows and clicks choose a row, and what is new is said to a screen reader. */
import { choose, moveRow } from "./rows";

function alarms(): Map<string, string> {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-board] [data-row]:not([data-held])")];
  return new Map(rows.map((row) => [row.id, wordsOf(row)]));
}

const wordsOf = (row: HTMLElement): string =>
  [".alarm-state", ".alarm-what", ".alarm-figure"].map((part) => row.querySelector(part)?.textContent?.trim() ?? "").join(" ");

function announcer(): HTMLElement {
  const region = document.createElement("div");
  region.className = "unseen";
  region.setAttribute("role", "status");
  document.body.append(region);
  return region;
}

export function start(): void {
  const region = announcer();
  let known = alarms();
  document.addEventListener("cryokeep:replaced", () => {
    const current = alarms();
    const fresh = [...current].filter(([id]) => !known.has(id)).map(([, words]) => words);
    if (fresh.length > 0) region.textContent = fresh.join(". ");
    known = current;
  });
  document.addEventListener("keydown", (event) => {
    const row = event.target instanceof Element ? event.target.closest("[data-board] [data-row]") : null;
    if (row === null || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    moveRow(event.key === "ArrowDown" ? 1 : -1);
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a, button, input, select, textarea, label, summary")) return;
    const row = event.target.closest<HTMLElement>("[data-board] [data-row]");
    if (row !== null) choose(row);
  });
}
