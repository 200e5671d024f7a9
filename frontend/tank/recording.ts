/** Makes acts: checked against the kept list as the server would, stamped with the device's time, kept before anything is said. */
import type { ActKind, Contact, Tube, WorkList } from "./kinds";
import { say } from "../words";
import * as store from "./store";

/** The contact of this very page, and when it was by a counter that nobody can set. */
let mine: { at: string; counted: number } | null = null;

export function remember(contact: Contact): void {
  mine = { at: contact.at, counted: performance.now() };
}

export class Refused extends Error {
  constructor(
    readonly word: string,
    readonly facts: Record<string, string> = {},
  ) {
    super(word);
  }
}

export const waitingOf = (list: WorkList): Tube[] => list.tubes.filter((tube) => tube.state === "waiting");

const bears = (tube: Tube, code: string): boolean => [tube.code, ...tube.also].some((one) => one.toUpperCase() === code.toUpperCase());

/** The waiting tube that bears this code; refused with both codes where it is another. */
export function tubeOf(list: WorkList, scanned: string): Tube {
  const found = scanned.trim();
  const tube = list.tubes.find((one) => bears(one, found));
  const expected = waitingOf(list)[0];
  if (tube === undefined) {
    const facts = { found, list: list.code, expected: expected?.code ?? "" };
    throw new Refused(expected === undefined ? "tank_wrong_done" : "tank_wrong", facts);
  }
  if (tube.state !== "waiting") throw new Refused("tank_settled", { found: tube.code, list: list.code });
  return tube;
}

/** The causes of the holds on a tube in words; empty where none was known when the list was taken along. */
export const whyHeld = (tube: Tube): string => (tube.held ?? []).map((cause) => say(`hold_${cause}`)).join("; ");

export interface Wanted {
  kind: ActKind;
  tube: string;
  list?: WorkList;
  box?: string;
  position?: string;
  elsewhere?: boolean;
  use?: string;
}

/** Keeps the act on the disk; returns the tube's own code as far as the device knows it. */
export async function record(wanted: Wanted): Promise<string> {
  const contact = await store.lastContact();
  if (contact === undefined) throw new Refused("tank_needs_contact");
  const known = await knownTube(wanted);
  if (known !== undefined && (wanted.kind === "pick" || wanted.kind === "take_out") && whyHeld(known) !== "") {
    throw new Refused("tank_held", { tube: known.code, why: whyHeld(known) });
  }
  const code = known?.code ?? wanted.tube.trim();
  const since = mine !== null && mine.at === contact.at ? Math.max(0, Math.round(performance.now() - mine.counted)) : null;
  const act = {
    uuid: crypto.randomUUID(),
    kind: wanted.kind,
    tube: code,
    stated_at: new Date().toISOString(),
    contact_at: contact.at,
    offset_ms: contact.offset_ms,
    since_contact_ms: since,
    list: wanted.list?.code ?? "",
    box: wanted.box?.trim() ?? "",
    position: wanted.position?.trim() ?? "",
    elsewhere: wanted.elsewhere ?? false,
    use: wanted.use?.trim() ?? "",
    known: known !== undefined,
    stay: known?.stay ?? null,
    place: known?.place ?? "",
    after: (await store.afterOf(code)) ?? "",
  };
  await store.keepAct({ person: contact.person, name: contact.name, act, outcome: "waiting", reason: "", id: 0 });
  return code;
}

async function knownTube(wanted: Wanted): Promise<Tube | undefined> {
  const along = wanted.list === undefined ? await store.lists() : [wanted.list];
  return along.flatMap((list) => list.tubes).find((tube) => bears(tube, wanted.tube.trim()));
}
