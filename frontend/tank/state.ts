/** The line at the top: is there a network, what waits, does the page open without a network, is the clock right. */
import { say } from "../words";
import type { Contact, KeptAct } from "./kinds";
import { make } from "./parts";

export interface State {
  online: boolean;
  signedOut: boolean;
  ready: boolean;
  refusal: string;
  contact: Contact | undefined;
  acts: KeptAct[];
}

const WRONG_MS = 120_000;

export function span(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 60) return say("minutes", { n: minutes });
  return say("hours_minutes", { n: Math.floor(minutes / 60), m: minutes % 60 });
}

export function tell(into: HTMLElement, state: State): void {
  const lines = [network(state), ...waiting(state), readiness(state), ...clock(state)];
  const text = lines.map((line) => line.textContent).join("\n");
  if (into.dataset["told"] === text) return;
  into.dataset["told"] = text;
  into.replaceChildren(...lines);
}

function network(state: State): HTMLElement {
  if (state.online) return badge("normal", say("tank_online"));
  return badge("warning", `${say("tank_offline")} ${say("tank_no_alarms")}`);
}

function* waiting(state: State): Generator<HTMLElement> {
  const own = state.acts.filter((one) => one.person === state.contact?.person);
  const unsent = own.filter((one) => one.outcome === "waiting").length;
  yield unsent === 0 ? badge("normal", say("tank_all_sent")) : badge("warning", say("tank_waiting", { n: unsent }));
  for (const [name, count] of others(state)) yield badge("warning", say("tank_other", { n: count, name }));
  if (state.signedOut) yield link(say("tank_signed_out"), say("tank_sign_in"), "/sign-in?next=/tank");
  if (state.refusal !== "") yield badge("critical", say("tank_parcel", { why: state.refusal }));
  const undecided = state.contact?.conflicts ?? 0;
  if (undecided > 0) yield link("", say("tank_undecided", { n: undecided }), "/tank/conflicts");
}

function others(state: State): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of state.acts) {
    if (one.person !== state.contact?.person && one.outcome === "waiting") counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
  }
  return counts;
}

function readiness(state: State): HTMLElement {
  if (!window.isSecureContext) return badge("warning", say("tank_not_secure"));
  return state.ready ? badge("normal", say("tank_ready")) : badge("unknown", say("tank_not_ready"));
}

function* clock(state: State): Generator<HTMLElement> {
  const wrong = state.contact?.offset_ms ?? 0;
  if (Math.abs(wrong) > WRONG_MS) yield badge("warning", say("tank_clock", { span: span(wrong) }));
}

function badge(state: string, text: string): HTMLElement {
  return make("span", text, `badge ${state}`);
}

function link(before: string, text: string, address: string): HTMLElement {
  const line = badge("warning", before === "" ? "" : `${before} `);
  const leads = make("a", text);
  leads.href = address;
  line.append(leads);
  return line;
}
