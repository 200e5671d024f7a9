/** Sends what waits, in its order, as often as it takes. The same in the page and in its worker. */
import type { Contact, KeptAct, Outcome, WorkList } from "./kinds";
import * as store from "./store";

const AT_ONCE = 10;
const PATIENCE_MS = 8000;
const LOCK = "cryokeep-tank-sending";

/** Why nothing could be sent: no network, nobody signed in, or the server's own words. */
export class NotSent extends Error {
  constructor(
    readonly why: "offline" | "signed_out" | "refused",
    message = "",
  ) {
    super(message);
  }
}

export async function ask(path: string, more: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    const headers = { Accept: "application/json", ...(more.headers as Record<string, string> | undefined) };
    response = await fetch(path, { ...more, headers, redirect: "manual", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new NotSent("offline");
  }
  if (response.type === "opaqueredirect" || response.status === 401) throw new NotSent("signed_out");
  if (response.status >= 500) throw new NotSent("offline");
  return response;
}

/** Asks the server for the time, and measures by how much the device's clock differs: half of the way there and back. */
export async function contact(): Promise<Contact> {
  const [began, counted] = [Date.now(), performance.now()];
  const response = await ask("/tank/contact");
  if (!response.ok) throw new NotSent("refused", await sentence(response));
  const told = (await response.json()) as Omit<Contact, "at" | "offset_ms"> & { now: string };
  const middle = began + (performance.now() - counted) / 2;
  const { now, ...rest } = told;
  const made: Contact = { ...rest, at: now, offset_ms: Math.round(Date.parse(now) - middle) };
  await store.keepContact(made);
  return made;
}

async function sentence(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { detail?: string }).detail ?? response.statusText;
  } catch {
    return response.statusText;
  }
}

/** Sends all that the signed-in person's acts wait for, one sender at a time; returns how many were sent. */
export function sendAll(to: Contact): Promise<number> {
  return navigator.locks.request(LOCK, async () => {
    let sent = 0;
    for (;;) {
      const waiting = (await store.acts()).filter((one) => one.outcome === "waiting" && one.person === to.person);
      if (waiting.length === 0) return sent;
      const parcel = waiting.slice(0, AT_ONCE);
      await store.settle(await send(parcel, to));
      sent += parcel.length;
    }
  });
}

async function send(parcel: KeptAct[], to: Contact): Promise<Outcome[]> {
  const body = {
    device: await store.deviceId(),
    device_name: await store.deviceName(),
    sent_at: new Date().toISOString(),
    acts: parcel.map((one) => one.act),
  };
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": to.csrf };
  const response = await ask("/api/v1/offline-acts", { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new NotSent("refused", await sentence(response));
  return ((await response.json()) as { acts: Outcome[] }).acts;
}

export async function fetchList(code: string): Promise<WorkList | null> {
  const response = await ask(`/api/v1/offline-lists/${encodeURIComponent(code)}`);
  return response.ok ? ((await response.json()) as WorkList) : null;
}

/** Brings the lists on the device up to what the server has now; called when nothing waits. */
export async function refreshLists(): Promise<void> {
  const [fresh, gone]: [WorkList[], string[]] = [[], []];
  for (const { code } of await store.lists()) {
    const list = await fetchList(code);
    if (list === null || list.state !== "open") gone.push(code);
    else fresh.push(list);
  }
  await store.refresh(fresh, gone);
}

export async function tellSeen(id: number, to: Contact): Promise<void> {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": to.csrf };
  await ask(`/api/v1/offline-acts/${id}/seen`, { method: "POST", headers, body: "{}" });
}
