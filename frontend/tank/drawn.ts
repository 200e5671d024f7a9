/** What the page at the tank shows: the lists on the device, or one list walked tube by tube, or one act without a list. */
import { say } from "../words";
import type { Contact, KeptAct, Picture, Tube, WorkList } from "./kinds";
import { button, hideWithout, make, piece, slot, write } from "./parts";
import { waitingOf, whyHeld } from "./recording";

export interface Kept {
  lists: WorkList[];
  acts: KeptAct[];
  contact: Contact | undefined;
  online: boolean;
  deviceName: string;
}

export function home(kept: Kept): DocumentFragment {
  const part = piece("home");
  const along = new Set(kept.lists.map((list) => list.code));
  for (const list of kept.lists) {
    const left = say("tank_left", { n: waitingOf(list).length });
    slot(part, "along").append(
      button(`${say("tank_open", { code: list.code })} · ${list.title} · ${left}`, "open", list.code, "tank main"),
      button(say("tank_leave", { code: list.code }), "leave", list.code, "quiet"),
    );
  }
  const others = kept.online ? (kept.contact?.lists ?? []).filter((list) => !along.has(list.code)) : [];
  for (const list of others) slot(part, "open").append(button(`${say("tank_take", { code: list.code })} · ${list.title} (${list.waiting})`, "take", list.code, "tank"));
  if (others.length === 0) slot(part, "open").append(make("p", say(kept.online ? "tank_nothing_open" : "tank_later"), "quiet"));
  slot(part, "acts").append(...kept.acts.map(keptAct));
  part.querySelector<HTMLInputElement>("#device-name")!.value = kept.deviceName;
  hideWithout(part, { none: kept.lists.length === 0, kept: kept.acts.length > 0 });
  return part;
}

function keptAct(kept: KeptAct): DocumentFragment {
  const part = piece("kept-act");
  const { act } = kept;
  write(part, {
    tube: act.tube,
    what: say(`tank_act_${act.kind}`, { box: act.box, position: act.position }),
    when: `${new Date(act.stated_at).toLocaleTimeString()} · ${say(`tank_state_${kept.outcome}`)}`,
    why: kept.reason,
  });
  const read = part.querySelector<HTMLButtonElement>("[data-do='seen']")!;
  read.hidden = kept.outcome === "waiting";
  read.value = String(kept.key);
  return part;
}

export function walk(list: WorkList): DocumentFragment {
  const part = piece("walk");
  const waiting = waitingOf(list);
  const next = waiting[0];
  write(part, { title: `${list.code} ${list.title}`, count: say("tank_left", { n: waiting.length }) });
  for (const tube of waiting.slice(1)) slot(part, "left").append(leftOver(tube));
  if (next === undefined) {
    for (const gone of part.querySelectorAll("form, .path, [data-do='not_there'], [data-slot='picture']")) gone.remove();
    slot(part, "tube").replaceChildren(make("p", say("tank_done_all", { code: list.code })));
    return part;
  }
  const picking = list.kind === "pick";
  way(slot(part, "way"), next);
  write(part, { code: next.code, note: [next.line, next.lot, next.reserved_for].filter(Boolean).join(" · "), act: say(picking ? "tank_pick" : "tank_put"), box: next.box });
  if (whyHeld(next) !== "") slot(part, "tube").append(heldBy(next));
  const picture = list.boxes[next.box];
  if (picture !== undefined) draw(slot(part, "map"), picture, next.position);
  if (!picking) part.querySelector<HTMLInputElement>("#position")!.placeholder = next.position;
  if (!picking) part.querySelector("[data-do='not_there']")!.remove();
  hideWithout(part, { into: !picking, at: !picking, purpose: !picking, picture: picture !== undefined });
  return part;
}

function leftOver(tube: Tube): HTMLElement {
  const row = make("li");
  row.append(make("span", tube.code, "code"), make("small", tube.way.map(([, name]) => name).join(" › ")));
  if (whyHeld(tube) !== "") row.append(heldBy(tube));
  return row;
}

function heldBy(tube: Tube): HTMLElement {
  const line = make("p");
  line.append(make("span", say("tank_on_hold"), "badge hold"), ` ${whyHeld(tube)}`);
  return line;
}

function way(into: HTMLElement, tube: Tube): void {
  const steps = [...tube.way];
  if (tube.position !== "" && steps.at(-1)?.[0] !== "position") steps.push(["position", tube.position]);
  for (const [kind, name] of steps) {
    const step = make("li");
    step.append(make("span", say(`kind_${kind}`), "kind"), make("span", name));
    into.append(step);
  }
  into.lastElementChild?.setAttribute("aria-current", "location");
}

/** The box as on every other page, with the one place marked. */
function draw(map: HTMLElement, picture: Picture, position: string): void {
  map.setAttribute("aria-label", position);
  if (picture.columns.length > 14) map.classList.add("dense");
  map.append(row("", picture.columns.map((label) => make("span", label))));
  picture.rows.forEach((label, number) => {
    const cells = picture.places.slice(number * picture.columns.length, (number + 1) * picture.columns.length);
    map.append(row(label, cells.map((cell) => place(cell, cell !== "" && cell === position))));
  });
}

function row(head: string, cells: HTMLElement[]): HTMLElement {
  const made = make("div", "", "box-row");
  made.append(make("span", head), ...cells);
  return made;
}

function place(label: string, isThis: boolean): HTMLElement {
  const [around, circle] = [make("span", "", "place-cell"), make("span", "", label === "" ? "place none" : isThis ? "place this" : "place")];
  if (isThis) circle.dataset["text"] = label;
  around.append(circle);
  return around;
}

export function one(kind: "move" | "take_out" | "move_box"): DocumentFragment {
  if (kind === "move_box") return piece("carry");
  const part = piece("one");
  write(part, { title: say(`tank_${kind}`), act: say(kind === "move" ? "tank_put" : "tank_pick") });
  hideWithout(part, { into: kind === "move", at: kind === "move", use: kind === "take_out" });
  return part;
}
