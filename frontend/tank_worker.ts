/// <reference lib="webworker" />
/**
 * Keeps the page at the tank for when there is no network: the page itself and the files it is made of, nothing else.
 * The server writes KEPT before this script; another build has another word, and its own cache.
 */
import { contact, refreshLists, sendAll } from "./tank/sending";

declare const self: ServiceWorkerGlobalScope & { KEPT: { build: string; page: string; files: string[] } };

interface SyncEvent extends ExtendableEvent {
  tag: string;
}

const PREFIX = "cryokeep-tank-";
const NAME = PREFIX + self.KEPT.build;
const PATIENCE_MS = 4000;

async function keep(address: string): Promise<void> {
  const response = await fetch(address, { credentials: "same-origin", cache: "no-cache" });
  if (!response.ok || response.redirected) throw new Error(`${address}: ${response.status}`);
  await (await caches.open(NAME)).put(address, response);
}

async function forgetOthers(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
}

/** The network's answer, or the kept one where the network gives none in time. */
async function networkFirst(request: Request, address: string): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return (await (await caches.open(NAME)).match(address)) ?? Response.error();
  }
}

async function cacheFirst(request: Request, address: string): Promise<Response> {
  return (await (await caches.open(NAME)).match(address)) ?? fetch(request);
}

async function page(event: FetchEvent, path: string): Promise<Response> {
  if (path !== "/tank") {
    try {
      return await fetch(event.request);
    } catch {
      return Response.redirect("/tank");
    }
  }
  const response = await networkFirst(event.request, self.KEPT.page);
  if (response.ok) event.waitUntil(keep(self.KEPT.page).catch(() => undefined)); // in the language and for the person of now
  return response;
}

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all([self.KEPT.page, ...self.KEPT.files].map(keep)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") return event.respondWith(page(event, address.pathname));
  if (!self.KEPT.files.includes(address.pathname)) return;
  const hashed = address.pathname.includes("/assets/");
  event.respondWith((hashed ? cacheFirst : networkFirst)(event.request, address.pathname));
});

/** The browser calls this when there is a network again, even where the page was closed. */
async function send(): Promise<void> {
  const sent = await sendAll(await contact());
  if (sent > 0) await refreshLists();
  for (const client of await self.clients.matchAll()) client.postMessage("sent");
}

self.addEventListener("sync", (event) => {
  const { tag } = event as SyncEvent;
  if (tag === "cryokeep-tank") (event as SyncEvent).waitUntil(send());
});
