/**
 * Parts that the server sends anew: <div data-live-url="/alarms/stream" data-live-event="board">. One connection per
 * address carries all its events; each event's data is the part's inner HTML. On connect the server sends every part
 * once, then on each change, and `ping` at least every 15 s. A connection that fails or falls silent says so, with its age.
 */
import { ageInWords } from "./ages";
import { replaceInside } from "./fragment";
import { say } from "./words";

const SILENCE_MS = 45_000;
const TRY_AGAIN_MS = 5_000;
const HIDDEN_FOR_MS = 60_000;

class Stream {
  private source: EventSource | null = null;
  private heard = Date.now();
  private broken = false;
  private hiding = 0;
  private note: HTMLElement | null = null;

  constructor(
    private readonly url: string,
    private readonly parts: HTMLElement[],
  ) {
    this.open();
    setInterval(() => this.check(), 1000);
    document.addEventListener("visibilitychange", () => this.restWhileHidden());
  }

  private open(): void {
    this.source?.close();
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("open", () => this.hear());
    source.addEventListener("ping", () => this.hear());
    source.addEventListener("error", () => this.fail(source));
    for (const part of this.parts) {
      source.addEventListener(part.dataset["liveEvent"] ?? "board", (event: MessageEvent<string>) => {
        this.hear();
        replaceInside(part, event.data);
      });
    }
  }

  private hear(): void {
    this.heard = Date.now();
    this.broken = false;
    this.note?.remove();
    this.note = null;
  }

  private fail(source: EventSource): void {
    this.broken = true;
    if (source.readyState !== EventSource.CLOSED || source !== this.source) return;
    setTimeout(() => this.source === source && this.open(), TRY_AGAIN_MS);
  }

  /** Says "connection lost" once a second with its age; opens anew after silence, for a dead line raises no error. */
  private check(): void {
    const silence = Date.now() - this.heard;
    if (this.source !== null && silence > SILENCE_MS && Math.round(silence / 1000) % 15 === 0) this.open();
    if (this.source === null || (!this.broken && silence <= SILENCE_MS)) return;
    if (this.note === null) {
      this.note = document.createElement("p");
      this.note.className = "lost";
      this.note.setAttribute("role", "status");
      this.parts.at(-1)?.before(this.note);
    }
    this.note.textContent = `? ${say("lost", { age: ageInWords(silence) })}`;
    for (const part of this.parts) part.classList.toggle("stale", silence > SILENCE_MS);
  }

  /** A hidden tab gives its connection back: a browser keeps only six to one server. A tab that may have to ring keeps it. */
  private restWhileHidden(): void {
    window.clearTimeout(this.hiding);
    if (document.visibilityState === "visible") {
      if (this.source === null) this.open();
      return;
    }
    if (localStorage.getItem("sound") === "on") return;
    this.hiding = window.setTimeout(() => {
      this.source?.close();
      this.source = null;
    }, HIDDEN_FOR_MS);
  }
}

export function start(): void {
  const parts = [...document.querySelectorAll<HTMLElement>("[data-live-url]")];
  for (const [url, own] of groupedByUrl(parts)) new Stream(url, own);
}

function groupedByUrl(parts: HTMLElement[]): Map<string, HTMLElement[]> {
  const groups = new Map<string, HTMLElement[]>();
  for (const part of parts) {
    const url = part.dataset["liveUrl"] ?? "";
    groups.set(url, [...(groups.get(url) ?? []), part]);
  }
  return groups;
}
