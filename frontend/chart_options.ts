/** How the plot is set up: the first series has the axis, every other one its own scale at the foot, dashed. */
import uPlot from "uplot";
import type { Answer, Series } from "./chart_data";
import { colour, faceOf, figure } from "./chart_style";
import { shortTime, zoned } from "./chart_time";

const FOOT = 0.16;

function extent(series: Series): [number, number] {
  const low = series.min.filter((value): value is number => value !== null);
  const high = series.max.filter((value): value is number => value !== null);
  if (low.length === 0 || high.length === 0) return [0, 1];
  return [low.reduce((a, b) => Math.min(a, b)), high.reduce((a, b) => Math.max(a, b))];
}

/** Room for the data, for every limit and, where there are further series, for them at the foot. */
export function rangeOfFirst(answer: Answer): [number, number] {
  const first = answer.series[0];
  let [low, high] = first === undefined ? [0, 1] : extent(first);
  for (const [least, most] of answer.series.slice(1).filter((one) => one.key === first?.key && one.t.length > 0).map(extent)) {
    [low, high] = first?.t.length === 0 ? [least, most] : [Math.min(low, least), Math.max(high, most)];
  }
  for (const limit of answer.limits) {
    low = Math.min(low, limit.value);
    high = Math.max(high, limit.value);
  }
  const span = Math.max(high - low, 1);
  const below = answer.limits.some((limit) => limit.kind === "low") ? 0.2 : 0.06;
  const above = answer.limits.some((limit) => limit.kind === "high") ? 0.25 : 0.06;
  return [low - span * (below + (answer.series.length > 1 ? FOOT : 0)), high + span * above];
}

function rangeAtFoot(series: Series, place: number): [number, number] {
  const [low, high] = extent(series);
  const span = Math.max(high - low, Math.abs(high) * 0.01, 0.5) / (FOOT * 0.6);
  const from = low - span * (0.03 + place * 0.06);
  return [from, from + span];
}

/** What measures the same as the first series shares its axis. */
const scaleOf = (series: Series, first: Series | undefined): string => (series.key === first?.key ? "y" : series.key);

function linesOf(series: Series, at: number, answer: Answer, host: HTMLElement): uPlot.Series[] {
  const scale = scaleOf(series, answer.series[0]);
  const main: uPlot.Series = { label: series.label, scale, width: 2, stroke: colour(host, "accent"), points: { show: false } };
  if (at > 0) Object.assign(main, { stroke: colour(host, "ink-2"), width: 1.3, dash: [5, 4] });
  const edge: uPlot.Series = { scale, width: 0, points: { show: false } };
  return [main, { ...edge, label: `${series.label} min` }, { ...edge, label: `${series.label} max` }];
}

function scalesOf(answer: Answer): uPlot.Scales {
  const scales: uPlot.Scales = {
    x: { time: true, range: [answer.from / 1000, answer.to / 1000] },
    y: { range: rangeOfFirst(answer) },
  };
  const others = answer.series.filter((series) => scaleOf(series, answer.series[0]) !== "y");
  others.forEach((series, i) => (scales[series.key] = { range: rangeAtFoot(series, i) }));
  return scales;
}

function axesOf(host: HTMLElement): uPlot.Axis[] {
  const common: uPlot.Axis = { stroke: colour(host, "ink-2"), font: `13px ${faceOf(host)}`, ticks: { show: false } };
  const zone = host.dataset["zone"];
  return [
    { ...common, grid: { show: false }, space: 76, gap: 20, size: 44, values: (_plot, splits, _axis, _space, step) => splits.map((at) => shortTime(at, step, zone)) },
    { ...common, scale: "y", size: 56, grid: { stroke: colour(host, "line"), width: 1 }, values: (_plot, splits, _axis, _space, step) => splits.map((value) => figure(value, step < 1 ? 1 : 0)) },
  ];
}

export function optionsFor(answer: Answer, host: HTMLElement, size: { width: number; height: number }): uPlot.Options {
  return {
    ...size,
    padding: [8, 26, 0, 0],
    scales: scalesOf(answer),
    axes: axesOf(host),
    series: [{}, ...answer.series.flatMap((series, at) => linesOf(series, at, answer, host))],
    bands: answer.series.map((_series, at) => ({ series: [3 * at + 3, 3 * at + 2], fill: colour(host, at === 0 ? "accent" : "ink-2", 0.18) })),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false, dist: 8 }, points: { size: (_plot, at) => ((at - 1) % 3 === 0 ? 8 : 0) } },
    tzDate: (at) => zoned(at, host.dataset["zone"]),
  };
}
