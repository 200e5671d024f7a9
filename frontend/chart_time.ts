/** Times of a chart in the site's zone, written so that no language has to guess: 11:54, 11-23, 2026-11. */
import uPlot from "uplot";

const DAY_S = 86_400;

/** The wall clock of the zone as a Date; the viewer's own without a zone. */
export function zoned(seconds: number, zone: string | undefined): Date {
  const date = new Date(seconds * 1000);
  return zone === undefined || zone === "" ? date : uPlot.tzDate(date, zone);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** As short as the distance between two marks (in s) allows. */
export function shortTime(seconds: number, step: number, zone: string | undefined): string {
  const at = zoned(seconds, zone);
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  if (step >= 27 * DAY_S) return `${at.getFullYear()}-${two(at.getMonth() + 1)}`;
  if (step >= DAY_S || (at.getHours() === 0 && at.getMinutes() === 0)) return day;
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function longTime(seconds: number, zone: string | undefined): string {
  const at = zoned(seconds, zone);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
