/** What lies behind and beside the line: limits as tinted grounds with their words, lids, fills, and times without readings. */
import type uPlot from "uplot";
import { unknownTimes, type Answer, type Limit } from "./chart_data";
import { colour, faceOf, figure } from "./chart_style";
import { say } from "./words";

/** Each limit's ground reaches to the next worse limit of its kind, or to the edge. */
function groundsOf(limits: Limit[], kind: Limit["kind"], edge: number): [Limit, number][] {
  const up = kind === "high" ? 1 : -1;
  const own = limits.filter((limit) => limit.kind === kind).sort((a, b) => up * (a.value - b.value));
  return own.map((limit, i): [Limit, number] => [limit, own[i + 1]?.value ?? edge]);
}

function edges(plot: uPlot): [low: number, high: number] {
  return [plot.scales["y"]?.min ?? 0, plot.scales["y"]?.max ?? 1];
}

function stripe(plot: uPlot, from: number, to: number, top: number, height: number): void {
  const { left, width } = plot.bbox;
  const clamp = (x: number): number => Math.max(left, Math.min(left + width, x));
  const [a, b] = [clamp(plot.valToPos(from, "x", true)), clamp(plot.valToPos(to, "x", true))];
  if (b > left && a < left + width) plot.ctx.fillRect(a, top, Math.max(b - a, 2), height);
}

export function paintGrounds(plot: uPlot, answer: Answer, host: HTMLElement): void {
  const { ctx, bbox } = plot;
  const [low, high] = edges(plot);
  ctx.save();
  for (const [limit, to] of [...groundsOf(answer.limits, "high", high), ...groundsOf(answer.limits, "low", low)]) {
    const [a, b] = [plot.valToPos(limit.value, "y", true), plot.valToPos(to, "y", true)];
    ctx.fillStyle = colour(host, `${limit.severity}-ground`);
    ctx.fillRect(bbox.left, Math.min(a, b), bbox.width, Math.abs(b - a));
  }
  ctx.fillStyle = colour(host, "unknown-ground");
  const first = answer.series[0];
  for (const [from, to] of first === undefined ? [] : unknownTimes(first)) stripe(plot, from, to, bbox.top, bbox.height);
  for (const one of answer.excursions) {
    ctx.fillStyle = colour(host, `${one.severity}-ground`);
    stripe(plot, one.from / 1000, one.to / 1000, bbox.top, bbox.height);
    ctx.fillStyle = colour(host, one.severity);
    stripe(plot, one.from / 1000, one.to / 1000, bbox.top, 6 * devicePixelRatio);
  }
  for (const band of answer.bands) {
    const isLid = band.kind === "lid";
    ctx.fillStyle = colour(host, isLid ? "sunk" : "bar");
    const height = isLid ? bbox.height : 8 * devicePixelRatio;
    stripe(plot, band.from / 1000, band.to / 1000, isLid ? bbox.top : bbox.top + bbox.height - height, height);
  }
  ctx.restore();
}

const SIGNS = { critical: "▲", high: "◆", warning: "●", unknown: "?" };

/** Words that would lie on each other are left out: the first one stays. */
class Line {
  private until = -Infinity;
  constructor(private readonly plot: uPlot) {}

  write(text: string, middle: number, y: number): void {
    const half = this.plot.ctx.measureText(text).width / 2;
    const { left, width } = this.plot.bbox;
    const x = Math.max(left + half, Math.min(left + width - half, middle));
    if (x - half < this.until || middle < left || middle > left + width) return;
    this.plot.ctx.fillText(text, x - half, y);
    this.until = x + half + 8 * devicePixelRatio;
  }
}

export function paintWords(plot: uPlot, answer: Answer, host: HTMLElement): void {
  const { ctx, bbox } = plot;
  const small = 12 * devicePixelRatio;
  ctx.save();
  ctx.font = `${small}px ${faceOf(host)}`;
  ctx.textAlign = "left";
  for (const limit of answer.limits) {
    ctx.fillStyle = colour(host, limit.severity);
    const y = plot.valToPos(limit.value, "y", true);
    ctx.fillText(limit.label, bbox.left + small * 0.6, limit.kind === "high" ? y - small * 0.5 : y + small * 1.2);
  }
  paintBandWords(plot, answer, host, small);
  paintFootWords(plot, answer, host, small);
  ctx.restore();
}

function paintBandWords(plot: uPlot, answer: Answer, host: HTMLElement, small: number): void {
  const { ctx, bbox } = plot;
  const line = new Line(plot);
  ctx.fillStyle = colour(host, "ink-2");
  for (const band of [...answer.bands].sort((a, b) => a.from - b.from)) {
    const middle = plot.valToPos((band.from + band.to) / 2000, "x", true);
    line.write(say(band.kind), middle, bbox.top + bbox.height + small * 1.2);
  }
  const stood = new Line(plot);
  for (const one of answer.excursions) {
    ctx.fillStyle = colour(host, one.severity);
    stood.write(`${SIGNS[one.severity]} ${one.label}`, plot.valToPos((one.from + one.to) / 2000, "x", true), bbox.top + small * 2.9);
  }
  ctx.fillStyle = colour(host, "unknown");
  const unknown = new Line(plot);
  for (const [from, to] of answer.series[0] === undefined ? [] : unknownTimes(answer.series[0])) {
    unknown.write(`? ${say("no_data")}`, plot.valToPos((from + to) / 2, "x", true), bbox.top + small * 1.6);
  }
}

/** A log on the first series' axis says its name above its last value; every other quantity says its value once, at the right. */
function paintFootWords(plot: uPlot, answer: Answer, host: HTMLElement, small: number): void {
  const { ctx, bbox } = plot;
  const [first, ...others] = answer.series;
  const said = new Set<string>();
  ctx.fillStyle = colour(host, "ink-2");
  ctx.textAlign = "right";
  for (const series of others) {
    const last = series.mean.findLastIndex((mean) => mean !== null);
    const value = series.mean[last];
    if (value === undefined || value === null || (series.key !== first?.key && said.has(series.key))) continue;
    said.add(series.key);
    if (series.key === first?.key) {
      const x = Math.max(plot.valToPos(series.t[last]! / 1000, "x", true), bbox.left + ctx.measureText(series.label).width);
      ctx.fillText(series.label, x, plot.valToPos(value, "y", true) - small * 0.8);
      continue;
    }
    const words = say("own_scale", { label: `${series.label} ${figure(value, 1)}\u2009${series.unit}` });
    ctx.fillText(words, bbox.left + bbox.width - small * 0.5, plot.valToPos(value, series.key, true) - small * 0.8);
  }
  ctx.textAlign = "left";
}
