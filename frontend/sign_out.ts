/**
 * Signing out of a device that was at a tank: what it kept of the lists is cleared away. Acts that were not sent yet are
 * not: the person is told of them, and may stay, or sign out and leave them on the device until the next sign-in.
 * Without a network nobody can sign out, and nothing is cleared away.
 */
import { say } from "./words";

const PREFIX = "cryokeep-tank-";

export function start(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[action='/sign-out']")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void leave(form);
    });
  }
}

async function leave(form: HTMLFormElement): Promise<void> {
  if (!(await reachable())) return void (await asked(say("leave_offline"), [["stay", say("close")]]));
  const store = await import("./tank/store");
  const waiting = (await store.acts()).filter((one) => one.outcome === "waiting").length;
  const choices: Choice[] = [["stay", say("leave_stay")], ["go", say("leave_go")]];
  if (waiting > 0 && !(await asked(say("leave_waiting", { n: waiting }), choices))) return;
  await store.forgetLists();
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
  await (await navigator.serviceWorker?.getRegistration("/tank"))?.unregister();
  localStorage.removeItem("tank");
  form.submit();
}

async function reachable(): Promise<boolean> {
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

type Choice = [value: "stay" | "go", word: string];

/** True where the person wants to sign out all the same. */
function asked(why: string, choices: Choice[]): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "keys leaving";
  const text = document.createElement("p");
  text.textContent = why;
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "actions";
  for (const [value, word] of choices) {
    const button = document.createElement("button");
    button.className = value === "stay" ? "button main" : "button";
    button.value = value;
    button.textContent = word;
    form.append(button);
  }
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "go");
    });
  });
}
