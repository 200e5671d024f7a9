/** The chart as a picture to keep: with its title, its time and zone, what the colours mean and the limits. */
import type uPlot from "uplot";
import type { Answer } from "./chart_data";
import { colour, faceOf } from "./chart_style";
import { longTime } from "./chart_time";
import { say } from "./words";

interface Sign {
  text: string;
  token: string;
  kind: "line" | "dashes" | "ground";
}

const EDGE = 16;
const ROW = 22;

function signsOf(answer: Answer): Sign[] {
  const series = answer.series.map((one, at): Sign => ({ text: `${one.label}, ${one.unit}`, token: at === 0 ? "accent" : "ink-2", kind: at === 0 ? "line" : "dashes" }));
  const limits = answer.limits.map((one): Sign => ({ text: `${say("limit")}: ${one.label}`, token: `${one.severity}-ground`, kind: "ground" }));
  const stood = [...new Set(answer.excursions.map((one) => one.severity))].map((severity): Sign => ({ text: `${say("alarm")}: ${say(severity)}`, token: severity, kind: "ground" }));
  const bands = [...new Set(answer.bands.map((one) => one.kind))].map((kind): Sign => ({ text: say(kind), token: kind === "lid" ? "sunk" : "bar", kind: "ground" }));
  return [...series, ...limits, ...stood, ...bands, { text: `? ${say("no_data")}`, token: "unknown-ground", kind: "ground" }];
}

function drawSign(ctx: CanvasRenderingContext2D, host: HTMLElement, sign: Sign, x: number, y: number): void {
  ctx.fillStyle = ctx.strokeStyle = colour(host, sign.token);
  ctx.lineWidth = 2;
  ctx.setLineDash(sign.kind === "dashes" ? [5, 4] : []);
  if (sign.kind === "ground") {
    ctx.fillRect(x, y - 10, 20, 12);
    ctx.strokeStyle = colour(host, "line");
    ctx.lineWidth = 1;
    ctx.strokeRect(x, y - 10, 20, 12);
  } else {
    ctx.beginPath();
    ctx.moveTo(x, y - 4);
    ctx.lineTo(x + 20, y - 4);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.fillStyle = colour(host, "ink");
  ctx.fillText(sign.text, x + 26, y);
}

/** What the page is about, without the badge beside it. */
function heading(): string {
  const own = [...(document.querySelector("h1")?.childNodes ?? [])].filter((node) => !(node instanceof Element && node.matches(".badge")));
  return own.map((node) => node.textContent?.trim() ?? "").filter((part) => part !== "").join(" ");
}

/** Where each sign stands: row by row within the width. */
function placed(ctx: CanvasRenderingContext2D, signs: Sign[], width: number): [Sign, number, number][] {
  let [x, row] = [EDGE, 0];
  return signs.map((sign) => {
    const wide = ctx.measureText(sign.text).width + 26 + 24;
    if (x > EDGE && x + wide > width - EDGE) [x, row] = [EDGE, row + 1];
    const found: [Sign, number, number] = [sign, x, row];
    x += wide;
    return found;
  });
}

export function picture(plot: uPlot, answer: Answer, host: HTMLElement): HTMLCanvasElement {
  const drawn = plot.ctx.canvas;
  const ratio = drawn.width / plot.width;
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d")!;
  const face = faceOf(host);
  ctx.font = `13px ${face}`;
  const signs = placed(ctx, signsOf(answer), plot.width);
  const head = 64;
  const foot = ROW * ((signs.at(-1)?.[2] ?? 0) + 1) + EDGE;
  [canvas.width, canvas.height] = [drawn.width, Math.round((head + plot.height + foot) * ratio)];
  ctx.scale(ratio, ratio);
  ctx.fillStyle = colour(host, "sheet");
  ctx.fillRect(0, 0, plot.width, head + plot.height + foot);
  const zone = host.dataset["zone"];
  ctx.fillStyle = colour(host, "ink");
  ctx.font = `600 17px ${face}`;
  ctx.fillText([heading(), host.dataset["title"] ?? ""].filter((part) => part !== "").join(" · "), EDGE, 28);
  ctx.font = `13px ${face}`;
  ctx.fillStyle = colour(host, "ink-2");
  ctx.fillText(`${longTime(answer.from / 1000, zone)} – ${longTime(answer.to / 1000, zone)} (${zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone})`, EDGE, 50);
  ctx.drawImage(drawn, 0, head, plot.width, plot.height);
  for (const [sign, x, row] of signs) drawSign(ctx, host, sign, x, head + plot.height + ROW * (row + 0.7));
  return canvas;
}

/** Save the picture as a file. */
export function save(plot: uPlot, answer: Answer, host: HTMLElement): void {
  picture(plot, answer, host).toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
      link.download = `${heading()} ${longTime(answer.to / 1000, host.dataset["zone"])}`.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") + ".png";
    link.click();
    URL.revokeObjectURL(link.href);
  }, "image/png");
}
