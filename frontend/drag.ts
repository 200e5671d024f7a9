/**
 * Drag what stands on a map: a vial in its box, a box in its rack, a rack in its freezer. On their pages the drop is
 * sent at once; where a new order is made, it fills the form.
 */
const FAR = 6; // so many pixels make a drag of a click

type Drop = (code: string, from: HTMLElement, to: HTMLElement) => void;

function placeAt(map: HTMLElement, event: PointerEvent): HTMLElement | null {
  const found = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>(".place");
  return found && map.contains(found) ? found : null;
}

/** One finger or mouse at a time; a drag ends in a drop on another place of the same map, or in nothing. */
function watch(map: HTMLElement, drop: Drop): void {
  let from: HTMLElement | null = null;
  let over: HTMLElement | null = null;
  let start = { x: 0, y: 0 };
  let dragging = false;

  const mark = (place: HTMLElement | null): void => {
    over?.classList.remove("over");
    over = place;
    over?.classList.add("over");
  };
  const end = (): void => {
    from?.classList.remove("lifted");
    mark(null);
    from = null;
  };

  map.dataset["draggable"] = "";
  map.addEventListener("dragstart", (event) => event.preventDefault()); // a link's own drag would end ours
  map.addEventListener("pointerdown", (event) => {
    const place = (event.target as HTMLElement).closest<HTMLElement>(".place[data-code]");
    if (place === null || event.button !== 0) return;
    from = place;
    dragging = false;
    start = { x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointermove", (event) => {
    if (from === null) return;
    if (!dragging && Math.hypot(event.clientX - start.x, event.clientY - start.y) < FAR) return;
    dragging = true;
    from.classList.add("lifted");
    mark(placeAt(map, event));
  });
  document.addEventListener("pointerup", (event) => {
    const origin = from;
    const target = dragging ? placeAt(map, event) : null;
    end();
    const code = origin?.dataset["code"];
    if (origin !== null && target !== null && target !== origin && code !== undefined) drop(code, origin, target);
  });
  document.addEventListener("pointercancel", end);
  map.addEventListener(
    "click",
    (event) => {
      if (dragging) event.preventDefault(); // the link under the finger is not meant
      dragging = false;
    },
    true,
  );
}

/** Without a mouse: Space lifts what has the focus, the arrows lead on, Space (or Enter) puts it down, Esc leaves it. */
function watchKeys(map: HTMLElement, drop: Drop): void {
  const said = document.querySelector<HTMLElement>("[data-drag-said]");
  let lifted: HTMLElement | null = null;

  const tell = (name: "lifted" | "left", code: string): void => {
    if (said !== null) said.textContent = (said.dataset[name] ?? "").replace("{code}", code);
  };
  const leave = (): void => {
    lifted?.classList.remove("lifted");
    lifted = null;
  };
  const pressed = (event: KeyboardEvent, place: HTMLElement): boolean => {
    const code = lifted?.dataset["code"] ?? "";
    if (lifted !== null && event.key === "Escape") {
      leave();
      tell("left", code);
      return true;
    }
    if (lifted !== null && (event.key === " " || event.key === "Enter")) {
      const from = lifted;
      leave();
      if (place === from) tell("left", code);
      else drop(code, from, place);
      return true;
    }
    if (event.key !== " " || place.dataset["code"] === undefined) return false;
    lifted = place;
    place.classList.add("lifted");
    tell("lifted", place.dataset["code"]);
    return true;
  };
  document.querySelectorAll<HTMLElement>("[data-drag-keys]").forEach((hint) => (hint.hidden = false));
  map.addEventListener("keydown", (event) => {
    const place = (event.target as HTMLElement).closest<HTMLElement>(".place");
    if (place !== null && pressed(event, place)) event.preventDefault();
  });
}

function sentencesOf(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const found = [...page.querySelectorAll(".problem .sentence, .problem li, .refused li")];
  return found.map((one) => one.textContent?.trim() ?? "").join(" ");
}

/** Sends the drop by the page's own form; a refusal is shown and read aloud, a success reloads with its Undo. */
function sendBy(form: HTMLFormElement, refused: HTMLElement | null): Drop {
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
  return (code, _from, to) => {
    field(form.dataset["drag"] ?? "vial").value = code;
    field("position").value = to.dataset["place"] ?? "";
    void fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).then(async (answer) => {
      if (answer.type === "opaqueredirect") {
        location.reload();
        return;
      }
      if (refused === null) return;
      refused.textContent = sentencesOf(await answer.text());
      refused.hidden = false;
    });
  };
}

/** Fills in the new positions: who is dropped on another takes its place, and that one goes where the first stood. */
function fillIn(): Drop {
  const fields = [...document.querySelectorAll<HTMLInputElement>("input[data-at]")];
  const standing = (place: string): HTMLInputElement | undefined =>
    fields.find((one) => (one.value || one.dataset["at"]) === place);
  return (_code, from, to) => {
    const [here, there] = [from.dataset["place"] ?? "", to.dataset["place"] ?? ""];
    const moved = standing(here);
    const pushed = standing(there);
    if (moved === undefined) return;
    moved.value = there;
    if (pushed !== undefined && pushed !== moved) pushed.value = here;
    trade(from, to);
  };
}

/** Shows the change on the map: looks, code and name of the two places change, their positions stay. */
function trade(from: HTMLElement, to: HTMLElement): void {
  for (const name of ["class", "data-code", "title", "aria-label", "data-text"]) {
    const [here, there] = [from.getAttribute(name), to.getAttribute(name)];
    set(from, name, there);
    set(to, name, here);
  }
}

function set(place: HTMLElement, name: string, value: string | null): void {
  if (value === null) place.removeAttribute(name);
  else place.setAttribute(name, value);
}

export function start(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-drag]");
  const ordered = document.querySelector<HTMLElement>("[data-reorder] [data-box-map]");
  const map = ordered ?? document.querySelector<HTMLElement>("[data-box-map]");
  if (map === null) return;
  const drop = ordered !== null ? fillIn() : form && sendBy(form, document.querySelector<HTMLElement>("[data-drag-refused]"));
  if (drop === null) return;
  watch(map, drop);
  watchKeys(map, drop);
}
