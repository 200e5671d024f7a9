/** Ages and durations count up: <time data-age data-every="15"> fades at three missed intervals, <time data-since> only counts. */
import { say } from "./words";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far this machine's clock is behind the server's, so that a wrong clock makes no reading look old. */
const behind = clockDifference();

function clockDifference(): number {
  const stated = Date.parse(document.documentElement.dataset["now"] ?? "");
  return Number.isNaN(stated) ? 0 : stated - Date.now();
}

/** The server's time in ms, as well as this page knows it. */
export const now = (): number => Date.now() + behind;

/** "4 s ago": the largest unit that fits. */
export function ageInWords(ms: number): string {
  if (ms < 2 * MINUTE) return say("seconds_ago", { n: Math.max(0, Math.round(ms / SECOND)) });
  if (ms < 2 * HOUR) return say("minutes_ago", { n: Math.floor(ms / MINUTE) });
  if (ms < 2 * DAY) return say("hours_ago", { n: Math.floor(ms / HOUR) });
  return say("days_ago", { n: Math.floor(ms / DAY) });
}

/** "2 h 10 min": how long something lasts. */
export function durationInWords(ms: number): string {
  if (ms < MINUTE) return say("seconds", { n: Math.max(0, Math.round(ms / SECOND)) });
  if (ms < HOUR) return say("minutes", { n: Math.floor(ms / MINUTE) });
  if (ms >= 2 * DAY) return say("days", { n: Math.floor(ms / DAY) });
  const minutes = Math.floor((ms % HOUR) / MINUTE);
  const hours = Math.floor(ms / HOUR);
  return minutes === 0 ? say("hours", { n: hours }) : say("hours_minutes", { n: hours, m: minutes });
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function refresh(): void {
  for (const element of document.querySelectorAll<HTMLElement>("time[data-clock]")) write(element, timeOfDay(element));
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const age = now() - Date.parse(element.dateTime);
    write(element, ageInWords(age));
    element.classList.toggle("stale", age > 3 * SECOND * Number(element.dataset["every"] ?? 60));
  }
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-since]")) {
    write(element, durationInWords(now() - Date.parse(element.dateTime)));
  }
}

/** The time of day of a clock's own zone. */
function timeOfDay(element: HTMLElement): string {
  const shown = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  return new Date(now()).toLocaleTimeString(document.documentElement.lang, { ...shown, timeZone: element.dataset["zone"] || "UTC" });
}

export function countAges(): void {
  if (document.getElementById("words") === null) return;
  refresh();
  setInterval(refresh, SECOND);
}
