/** The page at the tank. Whatever is scanned is kept on the device first and sent when there is a network. */
import { tone } from "../sound";
import { say } from "../words";
import type { ActKind, Contact, WorkList } from "./kinds";
import { home, one, walk } from "./drawn";
import { piece, typed, write } from "./parts";
import { record, Refused, remember, tubeOf, waitingOf, whyHeld } from "./recording";
import { contact, fetchList, NotSent, refreshLists, sendAll, tellSeen } from "./sending";
import { tell, type State } from "./state";
import * as store from "./store";

const EVERY_MS = 15_000;
const root = (): HTMLElement => document.querySelector<HTMLElement>("[data-tank]")!;
const part = (name: string): HTMLElement => root().querySelector<HTMLElement>(`[data-tank-${name}]`)!;
const state: State = { online: false, signedOut: false, ready: false, refusal: "", contact: undefined, acts: [] };
let shown = "";
/** The kept page has no alarms: it makes way for the real one when the network that it missed is back. */
let wasOffline = false;

async function show(): Promise<void> {
  [state.acts, state.contact] = [await store.acts(), await store.lastContact()];
  tell(part("state"), state);
  const here = decodeURIComponent(location.hash.slice(1));
  const lists = await store.lists();
  const open = lists.find((list) => list.code === here);
  const kept = { lists, acts: state.acts, contact: state.contact, online: state.online, deviceName: await store.deviceName() };
  const looks = JSON.stringify([here, open ?? [kept.lists, kept.acts, kept.online, kept.contact?.lists]]);
  if (looks === shown) return;
  shown = looks;
  if (open !== undefined) draw(walk(open));
  else if (here === "move" || here === "take_out" || here === "move_box") draw(one(here));
  else draw(home(kept));
}

function draw(fresh: DocumentFragment): void {
  const before = typed("device-name");
  part("view").replaceChildren(fresh);
  const name = document.querySelector<HTMLInputElement>("#device-name");
  if (name !== null && before !== "") name.value = before;
  root().querySelector<HTMLElement>("[data-scan-first]")?.focus({ preventScroll: true });
}

/** One attempt: contact, send, bring the lists up to date. Nothing that fails here loses anything. */
async function meet(): Promise<void> {
  try {
    const met = await contact();
    remember(met);
    const sent = await sendAll(met);
    if (sent > 0 || (await store.hasAfter()) || (await heldAlong())) await refreshLists();
    if (sent > 0) remember(await contact());
    Object.assign(state, { online: true, signedOut: false, refusal: "" });
    freshen(met);
    if (wasOffline && root().dataset["kept"] !== undefined && typed("tube") === "") return location.reload();
  } catch (error) {
    if (!(error instanceof NotSent)) throw error;
    Object.assign(state, { online: error.why !== "offline", signedOut: error.why === "signed_out" });
    state.refusal = error.why === "refused" ? error.message : "";
    wasOffline ||= !state.online;
  }
  await show();
}

/** Holds may be lifted meanwhile: only lists with held tubes are asked for again and again. */
async function heldAlong(): Promise<boolean> {
  return (await store.lists()).some((list) => waitingOf(list).some((tube) => whyHeld(tube) !== ""));
}

/** Forms of a page that was kept carry the token of an older sign-in. */
function freshen(met: Contact): void {
  for (const field of document.querySelectorAll<HTMLInputElement>("input[name=csrf]")) field.value = met.csrf;
}

function speak(name: "refused" | "said", slot: string, text: string): void {
  const said = piece(name);
  write(said, { [slot]: text });
  part("said").replaceChildren(said);
  tone(name === "refused" ? "wrong" : "right");
}

async function keep(work: () => Promise<string>): Promise<void> {
  try {
    const tube = await work();
    speak("said", "what", say("tank_kept", { tube }));
    void navigator.serviceWorker?.ready.then((registered) => later(registered));
  } catch (error) {
    const why = error instanceof Refused ? say(error.word, error.facts) : say("tank_not_kept", { why: String(error) });
    speak("refused", "why", why);
    scanAgain(error instanceof Refused && error.word === "tank_other_box" ? "#box" : "#tube");
    return;
  }
  shown = "";
  await show();
  void meet();
}

function scanAgain(wrong: string): void {
  const field = document.querySelector<HTMLInputElement>(wrong);
  if (wrong === "#box" && field !== null) field.value = "";
  field?.focus();
  field?.select();
}

/** Where the browser can, it sends by itself even after the page was closed. */
async function later(registered: ServiceWorkerRegistration): Promise<void> {
  const sync = (registered as ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } }).sync;
  await sync?.register("cryokeep-tank").catch(() => undefined);
}

async function listHere(): Promise<WorkList | undefined> {
  return store.listOf(decodeURIComponent(location.hash.slice(1)));
}

async function confirm(): Promise<string> {
  const list = await listHere();
  if (list === undefined) throw new Refused("tank_failed");
  const tube = tubeOf(list, typed("tube"));
  if (list.kind === "pick") return record({ kind: "pick", tube: tube.code, list });
  const [box, elsewhere] = [typed("box"), document.querySelector<HTMLInputElement>("#elsewhere")?.checked ?? false];
  if (box === "") throw new Refused("tank_no_box");
  const right = [tube.box, tube.box_also].some((code) => code !== "" && code.toUpperCase() === box.toUpperCase());
  if (tube.box !== "" && !right && !elsewhere) throw new Refused("tank_other_box", { found: box, tube: tube.code, expected: tube.box });
  const position = right && typed("position") === "" ? tube.position : typed("position");
  if (position === "") throw new Refused("tank_no_position");
  return record({ kind: "put", tube: tube.code, list, box, position, elsewhere });
}

async function notThere(): Promise<string> {
  const list = await listHere();
  const tube = list === undefined ? undefined : waitingOf(list)[0];
  if (list === undefined || tube === undefined) throw new Refused("tank_failed");
  return record({ kind: "not_there", tube: tube.code, list });
}

async function single(): Promise<string> {
  const kind = location.hash.slice(1) as ActKind;
  if (kind === "take_out") return record({ kind, tube: typed("tube"), use: typed("use") });
  const carried = kind === "move_box";
  if (typed("box") === "") throw new Refused(carried ? "tank_no_rack" : "tank_no_box");
  if (typed("position") === "") throw new Refused("tank_no_position");
  return record({ kind: carried ? "move_box" : "move", tube: typed("tube"), box: typed("box"), position: typed("position") });
}

async function take(code: string): Promise<void> {
  const list = await fetchList(code).catch(() => null);
  if (list === null) return speak("refused", "why", say("tank_failed"));
  await store.keepList(list);
  await show();
}

async function readIt(key: number): Promise<void> {
  const kept = state.acts.find((one) => one.key === key);
  if (kept === undefined || state.contact === undefined) return;
  await tellSeen(kept.id, state.contact).catch(() => undefined);
  await store.dropAct(key);
  await show();
}

const CLICKS: Record<string, (value: string) => Promise<void> | void> = {
  home: () => void (location.hash = ""),
  open: (code) => void (location.hash = code),
  move: () => void (location.hash = "move"),
  take_out: () => void (location.hash = "take_out"),
  move_box: () => void (location.hash = "move_box"),
  take,
  leave: async (code) => {
    await store.dropList(code);
    await show();
  },
  not_there: () => keep(notThere),
  seen: (key) => readIt(Number(key)),
};

const FORMS: Record<string, () => Promise<void>> = {
  confirm: () => keep(confirm),
  one: () => keep(single),
  name: async () => store.nameDevice(typed("device-name")),
};

async function install(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/tank/worker.js", { scope: "/tank" });
  await navigator.serviceWorker.ready;
  state.ready = true;
  localStorage.setItem("tank", "on"); // so that signing out knows that there is something to clear away
  await navigator.storage?.persist?.();
  await show();
}

export function start(): void {
  root().addEventListener("click", (event) => {
    const pressed = (event.target as Element).closest<HTMLButtonElement>("button[data-do]");
    if (pressed !== null) void CLICKS[pressed.dataset["do"] ?? ""]?.(pressed.value);
  });
  root().addEventListener("submit", (event) => {
    event.preventDefault();
    void FORMS[(event.target as HTMLElement).dataset["do"] ?? ""]?.();
  });
  root().addEventListener("change", (event) => {
    if ((event.target as HTMLElement).id === "device-name") void store.nameDevice(typed("device-name"));
  });
  window.addEventListener("hashchange", () => {
    part("said").replaceChildren();
    void show();
  });
  window.addEventListener("online", () => void meet());
  window.addEventListener("offline", () => void meet());
  navigator.serviceWorker?.addEventListener("message", () => void meet());
  setInterval(() => void meet(), EVERY_MS);
  void install().catch((error: unknown) => console.error(error));
  void show().then(meet);
}
