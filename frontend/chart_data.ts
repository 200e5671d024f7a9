/** What a chart's address answers, and how it becomes columns. Times are ms since 1970, UTC. */
import uPlot from "uplot";

type Values = (number | null)[];

export interface Series {
  key: string;
  label: string;
  unit: string;
  t: number[];
  min: Values;
  mean: Values;
  max: Values;
  unknown_s?: number[];
  gaps?: [from: number, to: number][];
}

export interface Limit {
  value: number;
  kind: "high" | "low";
  severity: "critical" | "high" | "warning" | "unknown";
  label: string;
}

export interface Band {
  kind: "lid" | "fill";
  from: number;
  to: number;
}

export interface Excursion {
  severity: "critical" | "high" | "warning" | "unknown";
  label: string;
  url: string;
  from: number;
  to: number;
}

export interface Answer {
  from: number;
  to: number;
  bucket_ms: number;
  series: Series[];
  limits: Limit[];
  bands: Band[];
  excursions: Excursion[];
  minutes_before: number | null;
  hours_before: number | null;
  truncated: boolean;
}

/** A gap is unknown: a null in its middle keeps the line from bridging it. */
function withGaps(series: Series): [number[], Values, Values, Values] {
  const rows = series.t.map((t, i): [number, number | null, number | null, number | null] => [
    t / 1000,
    series.mean[i] ?? null,
    series.min[i] ?? null,
    series.max[i] ?? null,
  ]);
  for (const [from, to] of series.gaps ?? []) rows.push([(from + to) / 2000, null, null, null]);
  rows.sort((a, b) => a[0] - b[0]);
  return [rows.map((row) => row[0]), rows.map((row) => row[1]), rows.map((row) => row[2]), rows.map((row) => row[3])];
}

/** Columns for the plot: time in s, then mean, min and max of each series. */
export function readSeries(answer: Answer): uPlot.AlignedData {
  const tables = answer.series.map((series) => withGaps(series) as uPlot.AlignedData);
  return tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

/** Where a series knows nothing: its gaps, and the runs of nulls between its values; in s. */
export function unknownTimes(series: Series): [from: number, to: number][] {
  const stated = (series.gaps ?? []).map(([from, to]): [number, number] => [from / 1000, to / 1000]);
  let before: number | null = null;
  series.t.forEach((t, i) => {
    if (series.mean[i] === null) return;
    if (i > 0 && series.mean[i - 1] === null && before !== null) stated.push([before / 1000, t / 1000]);
    before = t;
  });
  return stated;
}
