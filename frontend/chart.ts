/**
 * Charts: <div data-chart data-url="…" data-unit="°C" data-range="24h"> draws the answer of its address (docs/pages.md):
 * the mean as a line in its band of lowest to highest, the limits as grounds, alarms, lids and fills as bands, gaps as gaps.
 * A drag with the mouse, + and −, and the buttons beneath show less or more time, down to single readings.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readSeries, type Answer } from "./chart_data";
import { paintGrounds, paintWords } from "./chart_grounds";
import { optionsFor } from "./chart_options";
import { save } from "./chart_picture";
import { readout, walkWithKeys } from "./chart_readout";
import { forgetColours } from "./chart_style";
import { longTime } from "./chart_time";
import { follow, into, ofHost, ofRange, ofTimes, stepped, type Step, type Window } from "./chart_window";
import { say } from "./words";

const LIVE_EVERY_MS: Record<string, number> = { "1h": 10_000, "24h": 30_000 };
const SELDOM_MS = 300_000;

class Chart {
  private plot: uPlot | null = null;
  private answer: Answer | null = null;
  private readonly place = document.createElement("div");
  private readonly words = document.createElement("p");
  private shown: Window;
  private timer = 0;
  private asked = 0;

  constructor(private readonly host: HTMLElement) {
    this.shown = ofHost(host);
    this.place.className = "plot";
    this.place.tabIndex = 0;
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-label", `${host.dataset["title"] ?? ""}. ${say("chart_keys")}`);
    this.words.className = "readout";
    this.words.setAttribute("aria-live", "polite");
    this.place.addEventListener("keydown", (event) => this.walk(event));
    this.listen();
    new ResizeObserver(() => this.fit()).observe(host);
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
      window.matchMedia(query).addEventListener("change", () => this.draw());
    }
    void this.load();
  }

  private get card(): Element {
    return this.host.closest(".card") ?? this.host;
  }

  private listen(): void {
    for (const button of this.card.querySelectorAll<HTMLElement>("[data-range]:not([data-chart])")) {
      button.addEventListener("click", (event) => this.go(ofRange(button.dataset["range"] ?? "24h"), event));
    }
    for (const link of this.card.querySelectorAll<HTMLElement>("[data-step]")) {
      link.addEventListener("click", (event) => this.step(link.dataset["step"] as Step, event));
    }
    const save_ = this.card.querySelector<HTMLElement>("[data-picture]");
    save_?.addEventListener("click", () => this.plot !== null && this.answer !== null && save(this.plot, this.answer, this.host));
  }

  private walk(event: KeyboardEvent): void {
    if (this.plot === null) return;
    if (event.key === "+" || event.key === "=") return this.step("closer", event);
    if (event.key === "-") return this.step("wider", event);
    walkWithKeys(this.plot, event);
  }

  private step(step: Step, event: Event): void {
    const at = this.plot?.cursor.left ?? -1;
    const middle = this.plot !== null && at >= 0 ? this.plot.posToVal(at, "x") * 1000 : undefined;
    const next = this.answer === null ? null : stepped(this.answer, step, middle);
    event.preventDefault();
    if (next !== null) this.go(next);
  }

  private go(shown: Window, event?: Event): void {
    event?.preventDefault();
    this.shown = shown;
    history.replaceState(null, "", into(new URL(location.href), shown));
    void this.load();
  }

  private tellWhatIsLeft(answer: Answer): void {
    const place = this.card.querySelector("[data-told]");
    const zone = this.host.dataset["zone"];
    const told = [["told_hours", answer.hours_before], ["told_minutes", answer.minutes_before]] as const;
    place?.replaceChildren(
      ...told.filter(([, at]) => typeof at === "number").map(([name, at]) => {
        const line = document.createElement("p");
        line.textContent = say(name, { day: longTime((at ?? 0) / 1000, zone) });
        return line;
      }),
    );
  }

  private async load(): Promise<void> {
    const turn = ++this.asked;
    window.clearTimeout(this.timer);
    this.host.classList.add("loading");
    try {
      const url = into(new URL(this.host.dataset["url"] ?? "", location.href), this.shown);
      url.searchParams.set("points", String(Math.max(100, Math.round(this.host.clientWidth))));
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const read = (await answer.json()) as Answer;
      if (turn !== this.asked) return;
      this.answer = read;
      follow(this.card, this.shown, read);
      this.tellWhatIsLeft(read);
      this.draw();
    } catch {
      if (turn === this.asked && this.plot === null) this.tell(say("chart_failed"));
    } finally {
      this.host.classList.remove("loading");
      if (turn === this.asked) this.askAgainLater();
    }
  }

  private askAgainLater(): void {
    if (!("live" in this.host.dataset) || this.shown.range === "") return;
    this.timer = window.setTimeout(
      () => (document.hidden ? this.askAgainLater() : void this.load()),
      LIVE_EVERY_MS[this.shown.range] ?? SELDOM_MS,
    );
  }

  private tell(sentence: string): void {
    this.plot?.destroy();
    this.plot = null;
    this.words.textContent = sentence;
    this.host.replaceChildren(this.words);
  }

  private draw(): void {
    const answer = this.answer;
    if (answer === null) return;
    if (!answer.series.some((series) => series.t.length > 0)) return this.tell(say("chart_empty"));
    const at = this.plot?.cursor.idx ?? null;
    this.plot?.destroy();
    forgetColours();
    this.words.textContent = "";
    this.host.replaceChildren(this.place, this.words);
    const options = optionsFor(answer, this.host, { width: this.width(), height: this.height() });
    options.hooks = {
      drawClear: [(plot) => paintGrounds(plot, answer, this.host)],
      draw: [(plot) => paintWords(plot, answer, this.host)],
      setSelect: [(plot) => this.selected(plot)],
      setCursor: [(plot) => (this.words.textContent = readout(plot, answer, this.host.dataset["zone"]))],
    };
    this.plot = new uPlot(options, readSeries(answer), this.place);
    this.card.querySelector("[data-picture]")?.toggleAttribute("hidden", false);
    if (at !== null && document.activeElement === this.place) {
      this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][at] ?? 0, "x"), top: 0 });
    }
  }

  /** A drag across the chart shows what lies within it. */
  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 8) return;
    this.go(ofTimes(plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000));
  }

  private width = (): number => this.host.clientWidth;
  private height = (): number => Math.min(360, Math.max(240, Math.round(this.host.clientWidth * 0.36)));

  private fit(): void {
    if (this.plot !== null && this.plot.width !== this.width()) this.plot.setSize({ width: this.width(), height: this.height() });
  }
}

export function start(): void {
  for (const host of document.querySelectorAll<HTMLElement>("[data-chart]")) new Chart(host);
}
