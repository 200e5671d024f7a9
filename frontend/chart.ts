/**
 * Charts: <div data-chart data-url="…" data-unit="°C" data-range="24h"> draws the answer of its address (docs/pages.md):
 * the mean as a line in its band of lowest to highest, the limits as grounds, lids and fills as bands, gaps as gaps.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readSeries, type Answer } from "./chart_data";
import { paintGrounds, paintWords } from "./chart_grounds";
import { optionsFor } from "./chart_options";
import { readout, walkWithKeys } from "./chart_readout";
import { say } from "./words";

const LIVE_EVERY_MS: Record<string, number> = { "1h": 10_000, "24h": 30_000 };
const SELDOM_MS = 300_000;

class Chart {
  private plot: uPlot | null = null;
  private answer: Answer | null = null;
  private readonly place = document.createElement("div");
  private readonly words = document.createElement("p");
  private range: string;
  private timer = 0;
  private asked = 0;

  constructor(private readonly host: HTMLElement) {
    this.range = host.dataset["range"] ?? "24h";
    this.place.className = "plot";
    this.place.tabIndex = 0;
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-label", `${host.dataset["title"] ?? ""}. ${say("chart_keys")}`);
    this.words.className = "readout";
    this.words.setAttribute("aria-live", "polite");
    this.place.addEventListener("keydown", (event) => this.plot && walkWithKeys(this.plot, event));
    this.listenForRanges();
    new ResizeObserver(() => this.fit()).observe(host);
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
      window.matchMedia(query).addEventListener("change", () => this.draw());
    }
    void this.load();
  }

  private listenForRanges(): void {
    const buttons = this.host.closest(".card")?.querySelectorAll<HTMLElement>("[data-range]:not([data-chart])") ?? [];
    for (const button of buttons) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        this.range = button.dataset["range"] ?? this.range;
        for (const other of buttons) other.toggleAttribute("aria-current", false);
        button.setAttribute("aria-current", "true");
        const address = new URL(location.href);
        address.searchParams.set("range", this.range);
        history.replaceState(null, "", address);
        void this.load();
      });
    }
  }

  private async load(): Promise<void> {
    const turn = ++this.asked;
    window.clearTimeout(this.timer);
    this.host.classList.add("loading");
    try {
      const url = new URL(this.host.dataset["url"] ?? "", location.href);
      url.searchParams.set("range", this.range);
      url.searchParams.set("points", String(Math.max(100, Math.round(this.host.clientWidth))));
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const read = (await answer.json()) as Answer;
      if (turn !== this.asked) return;
      this.answer = read;
      this.draw();
    } catch {
      if (turn === this.asked && this.plot === null) this.tell(say("chart_failed"));
    } finally {
      this.host.classList.remove("loading");
      if (turn === this.asked) this.askAgainLater();
    }
  }

  private askAgainLater(): void {
    if (!("live" in this.host.dataset)) return;
    this.timer = window.setTimeout(
      () => (document.hidden ? this.askAgainLater() : void this.load()),
      LIVE_EVERY_MS[this.range] ?? SELDOM_MS,
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
    this.words.textContent = "";
    this.host.replaceChildren(this.place, this.words);
    const options = optionsFor(answer, this.host, { width: this.width(), height: this.height() });
    options.hooks = {
      drawClear: [(plot) => paintGrounds(plot, answer, this.host)],
      draw: [(plot) => paintWords(plot, answer, this.host)],
      setCursor: [(plot) => (this.words.textContent = readout(plot, answer, this.host.dataset["zone"]))],
    };
    this.plot = new uPlot(options, readSeries(answer), this.place);
    if (at !== null && document.activeElement === this.place) {
      this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][at] ?? 0, "x"), top: 0 });
    }
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
