/** The value under the cursor in words, for the eye, the keyboard and the screen reader alike. */
import type uPlot from "uplot";
import type { Answer } from "./chart_data";
import { figure } from "./chart_style";
import { longTime } from "./chart_time";
import { say } from "./words";

function valueInWords(plot: uPlot, answer: Answer, at: number, index: number): string {
  const series = answer.series[at]!;
  const [mean, min, max] = [1, 2, 3].map((column) => plot.data[3 * at + column]?.[index] ?? null);
  if (mean === null || mean === undefined) return `${series.label} ? ${say("no_data")}`;
  const words = `${series.label} ${figure(mean, 1)}\u2009${series.unit}`;
  if (min === null || max === null || min === undefined || max === undefined || max - min < 0.1) return words;
  return `${words} (${say("lowest_highest", { min: figure(min, 1), max: figure(max, 1) })})`;
}

export function readout(plot: uPlot, answer: Answer, zone: string | undefined): string {
  const index = plot.cursor.idx;
  const seconds = index === null || index === undefined ? undefined : plot.data[0][index];
  if (index === null || index === undefined || seconds === undefined) return "";
  const values = answer.series.map((_series, at) => valueInWords(plot, answer, at, index));
  const stood = answer.excursions.filter((one) => one.from / 1000 <= seconds && seconds <= one.to / 1000);
  const alarms = stood.map((one) => `${say("alarm")}: ${one.label} (${say(one.severity)})`);
  return [longTime(seconds, zone), ...values, ...unknownHere(answer, seconds), ...alarms].join(" · ");
}

/** How long of the first series' step nothing was known, where it was for a second or more. */
function unknownHere(answer: Answer, seconds: number): string[] {
  const first = answer.series[0];
  const at = first?.t.indexOf(Math.round(seconds * 1000)) ?? -1;
  const unknown = Math.round(first?.unknown_s?.[at] ?? 0);
  return unknown > 0 ? [say("unknown_for", { n: unknown })] : [];
}

const LEAPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };

export function walkWithKeys(plot: uPlot, event: KeyboardEvent): void {
  const leap = LEAPS[event.key];
  if (leap === undefined) return;
  event.preventDefault();
  const last = plot.data[0].length - 1;
  const index = Math.max(0, Math.min(last, (plot.cursor.idx ?? last) + leap));
  plot.setCursor({ left: plot.valToPos(plot.data[0][index]!, "x"), top: plot.over.clientHeight / 2 });
}
