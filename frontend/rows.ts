/** Rows that the keyboard walks: the alarms of a board, else the first link of each row of a table. */
function rows(): HTMLElement[] {
  const alarms = [...document.querySelectorAll<HTMLElement>("[data-board] [data-row]")];
  if (alarms.length > 0) return alarms;
  return [...document.querySelectorAll<HTMLElement>("table[data-keeps-place] tbody tr")].flatMap(
    (row) => row.querySelector<HTMLElement>("a[href]") ?? [],
  );
}

const isChosen = (row: HTMLElement): boolean => "selected" in row.dataset || row === document.activeElement;

/** The row that was chosen last; it stays chosen while the keyboard's focus is elsewhere. */
export function chosenRow(): HTMLElement | undefined {
  return rows().find(isChosen);
}

export function choose(row: HTMLElement): void {
  for (const other of document.querySelectorAll<HTMLElement>("[data-row][data-selected]")) delete other.dataset["selected"];
  if ("row" in row.dataset) row.dataset["selected"] = "";
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

export function moveRow(by: 1 | -1): void {
  const all = rows();
  const at = all.findIndex(isChosen);
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  if (next !== undefined) choose(next);
}

/**
 * The element that a key presses on a board: that of the chosen row, or null after choosing the first row that has it,
 * so that nothing is acknowledged unseen. "none" where no row of a board has this key.
 */
export function rowWithKey(key: string): HTMLElement | null | "none" {
  const pressed = `[data-key="${CSS.escape(key)}"]`;
  const owners = [...document.querySelectorAll<HTMLElement>("[data-board] [data-row]")].filter((row) => row.querySelector(pressed));
  if (owners.length === 0) return "none";
  const chosen = chosenRow();
  if (chosen !== undefined && "row" in chosen.dataset) return chosen.querySelector<HTMLElement>(pressed);
  choose(owners[0]!);
  return null;
}
