/** The entry of every page: keys, scans and ages; each further island is loaded only where its element stands. */
import { countAges } from "./ages";
import { listenForKeys } from "./keys";
import { keepPlace } from "./place";
import { listenForScans } from "./scanner";

const has = (selector: string): boolean => document.querySelector(selector) !== null;

countAges();
listenForScans();
listenForKeys();
keepPlace();
document.querySelector<HTMLElement>("[data-focus-first]")?.focus();

interface Island {
  start(): void;
}

const islands: [wanted: boolean, load: () => Promise<Island>][] = [
  [has("[data-box-map]"), () => import("./box_map")],
  [has("[data-drag], [data-reorder]"), () => import("./drag")],
  [has("[data-choose]"), () => import("./choose")],
  [has("[data-chart]"), () => import("./chart")],
  [has("[data-board], [data-live-event='board']"), () => import("./board")],
  [has("[data-live-url]"), () => import("./live")],
  [has("[data-sound], [data-tone]") || localStorage.getItem("sound") === "on", () => import("./sound")],
  [has("[data-progress-url]"), () => import("./progress")],
  [has("[data-tank]"), () => import("./tank/tank")],
  [localStorage.getItem("tank") === "on" || has("[data-tank]"), () => import("./sign_out")],
];

/** An island that fails to load leaves the others and the page as they are. */
async function settle(load: () => Promise<Island>): Promise<void> {
  try {
    (await load()).start();
  } catch (error) {
    console.error(error);
  }
}

void Promise.all(islands.filter(([wanted]) => wanted).map(([, load]) => settle(load))).then(() => {
  document.documentElement.dataset["ready"] = "";
});
