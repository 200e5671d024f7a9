/** A box map under the arrow keys: one place has the focus, and its label says what is in it. */
const STEPS: Record<string, [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

type Grid = HTMLElement[][];

function gridOf(map: HTMLElement): Grid {
  const rows = [...map.querySelectorAll<HTMLElement>(".box-row")];
  return rows.map((row) => [...row.querySelectorAll<HTMLElement>(".place")]).filter((row) => row.length > 0);
}

/** A round box has cells without a place; the arrows step over them. */
function isNowhere(place: HTMLElement | undefined): boolean {
  return place?.classList.contains("none") ?? false;
}

function focus(grid: Grid, place: HTMLElement): void {
  for (const other of grid.flat()) other.tabIndex = -1;
  place.tabIndex = 0;
  place.focus();
}

function target(grid: Grid, from: HTMLElement, key: string, whole: boolean): HTMLElement | undefined {
  const down = grid.findIndex((row) => row.includes(from));
  const row = grid[down];
  if (row === undefined) return undefined;
  const line = (whole ? grid.flat() : row).filter((place) => !isNowhere(place));
  if (key === "Home") return line[0];
  if (key === "End") return line.at(-1);
  const step = STEPS[key];
  if (step === undefined) return undefined;
  let [at, right] = [down + step[0], row.indexOf(from) + step[1]];
  while (isNowhere(grid[at]?.[right])) [at, right] = [at + step[0], right + step[1]];
  return grid[at]?.[right];
}

/** A wide box scrolls inside its frame to the place that matters; the page itself stays. */
function showSideways(map: HTMLElement, place: HTMLElement | undefined): void {
  const frame = map.parentElement;
  if (frame === null || place === undefined) return;
  const middle = place.getBoundingClientRect().left - frame.getBoundingClientRect().left + frame.scrollLeft;
  frame.scrollLeft = middle - frame.clientWidth / 2;
}

function watch(map: HTMLElement): void {
  const grid = gridOf(map);
  const first = map.querySelector<HTMLElement>(".place.this") ?? grid.flat().find((place) => !isNowhere(place));
  for (const place of grid.flat()) place.tabIndex = place === first ? 0 : -1;
  showSideways(map, first);
  map.addEventListener("keydown", (event) => {
    if (!(event.target instanceof HTMLElement) || event.altKey) return;
    const next = target(grid, event.target, event.key, event.ctrlKey);
    if (next === undefined) return;
    event.preventDefault();
    focus(grid, next);
  });
}

export function start(): void {
  document.querySelectorAll<HTMLElement>("[data-box-map]").forEach(watch);
}
