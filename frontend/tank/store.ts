/** IndexedDB: what is kept here is on the disk before anybody is told that it is kept. Used by the page and by its worker. */
import type { Contact, KeptAct, Outcome, WorkList } from "./kinds";

const NAME = "cryokeep-tank";
type Table = "acts" | "lists" | "after" | "meta";

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("acts", { keyPath: "key", autoIncrement: true });
      asked.result.createObjectStore("lists", { keyPath: "code" });
      asked.result.createObjectStore("after");
      asked.result.createObjectStore("meta");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => (opened = null));
  return opened;
}

function answer<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** Does the work in one transaction and returns when it has reached the disk. */
async function change(tables: Table[], work: (table: (name: Table) => IDBObjectStore) => Promise<void> | void): Promise<void> {
  const database = await open();
  const transaction = database.transaction(tables, "readwrite", { durability: "strict" });
  const ended = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  await work((name) => transaction.objectStore(name));
  await ended;
}

async function read<T>(table: Table, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return answer(ask(database.transaction(table).objectStore(table)));
}

export const acts = (): Promise<KeptAct[]> => read("acts", (store) => store.getAll() as IDBRequest<KeptAct[]>);
export const lists = (): Promise<WorkList[]> => read("lists", (store) => store.getAll() as IDBRequest<WorkList[]>);
export const listOf = (code: string): Promise<WorkList | undefined> => read("lists", (store) => store.get(code) as IDBRequest<WorkList | undefined>);
export const lastContact = (): Promise<Contact | undefined> => read("meta", (store) => store.get("contact") as IDBRequest<Contact | undefined>);
export const afterOf = (tube: string): Promise<string | undefined> => read("after", (store) => store.get(tube) as IDBRequest<string | undefined>);
export const hasAfter = async (): Promise<boolean> => (await read("after", (store) => store.count())) > 0;

export async function keepContact(contact: Contact): Promise<void> {
  await change(["meta", "lists", "after"], async (table) => {
    const before = (await answer(table("meta").get("contact"))) as Contact | undefined;
    table("meta").put(contact, "contact");
    if (before === undefined || before.person === contact.person) return;
    table("lists").clear(); // lists are of whoever took them along; acts stay until that person is back
    table("after").clear();
  });
}

export async function deviceId(): Promise<string> {
  const known = (await read("meta", (store) => store.get("device"))) as string | undefined;
  if (known !== undefined) return known;
  const made = crypto.randomUUID();
  await change(["meta"], (table) => void table("meta").put(made, "device"));
  return made;
}

export async function deviceName(): Promise<string> {
  const named = (await read("meta", (store) => store.get("device_name"))) as string | undefined;
  return named || (/iPad|iPhone|Android|Macintosh|Windows|CrOS|Linux/.exec(navigator.userAgent)?.[0] ?? "device");
}

export const nameDevice = (name: string): Promise<void> => change(["meta"], (table) => void table("meta").put(name, "device_name"));
export const keepList = (list: WorkList): Promise<void> => change(["lists"], (table) => void table("lists").put(list));
export const dropList = (code: string): Promise<void> => change(["lists"], (table) => void table("lists").delete(code));
export const dropAct = (key: number): Promise<void> => change(["acts"], (table) => void table("acts").delete(key));

/** Keeps an act and, in the same transaction, what it makes of the tube on its list. */
export async function keepAct(kept: KeptAct): Promise<void> {
  await change(["acts", "lists", "after"], async (table) => {
    table("acts").add(kept);
    table("after").put(kept.act.uuid, kept.act.tube);
    if (kept.act.list === "") return;
    const list = (await answer(table("lists").get(kept.act.list))) as WorkList | undefined;
    const tube = list?.tubes.find((one) => one.code === kept.act.tube);
    if (list === undefined || tube === undefined) return;
    tube.state = kept.act.kind === "not_there" ? "missing" : "done";
    table("lists").put(list);
  });
}

/** Forgets what is done, and notes why the rest was not. */
export async function settle(outcomes: Outcome[]): Promise<void> {
  const by = new Map(outcomes.map((one) => [one.uuid, one]));
  await change(["acts"], async (table) => {
    for (const kept of (await answer(table("acts").getAll())) as KeptAct[]) {
      const told = by.get(kept.act.uuid);
      if (told === undefined || kept.key === undefined) continue;
      if (told.outcome === "done") table("acts").delete(kept.key);
      else table("acts").put({ ...kept, outcome: told.outcome, reason: told.reason, id: told.id });
    }
  });
}

/** Puts lists as the server has them now in the place of the kept ones; not while anything waits to be sent. */
export async function refresh(fresh: WorkList[], gone: string[]): Promise<void> {
  await change(["acts", "lists", "after"], async (table) => {
    const kept = (await answer(table("acts").getAll())) as KeptAct[];
    if (kept.some((one) => one.outcome === "waiting")) return;
    for (const list of fresh) table("lists").put(list);
    for (const code of gone) table("lists").delete(code);
    table("after").clear();
  });
}

/** Leaves nothing but acts that still have to be sent, and the device's own name. */
export async function forgetLists(): Promise<void> {
  await change(["lists", "after", "meta"], (table) => {
    table("lists").clear();
    table("after").clear();
    table("meta").delete("contact");
  });
}
