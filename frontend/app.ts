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

if (has("[data-box-map]")) void import("./box_map").then((island) => island.start());
if (has("[data-chart]")) void import("./chart").then((island) => island.start());
if (has("[data-board]") || has("[data-live-event='board']")) void import("./board").then((island) => island.start());
if (has("[data-live-url]")) void import("./live").then((island) => island.start());
if (has("[data-sound]") || has("[data-tone]") || localStorage.getItem("sound") === "on") {
  void import("./sound").then((island) => island.start());
}
if (has("[data-progress-url]")) void import("./progress").then((island) => island.start());
