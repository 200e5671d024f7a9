/** Many ticks at once: the tick for all follows each single one, and a code that is scanned ticks its place. */
function watch(part: HTMLElement): void {
  const all = part.querySelector<HTMLInputElement>("input[name='all']");
  const each = [...part.querySelectorAll<HTMLInputElement>("input[name='vials']")];
  if (all === null) return;
  const follow = (): void => {
    const ticked = each.filter((one) => one.checked).length;
    all.checked = each.length > 0 && ticked === each.length;
    all.indeterminate = ticked > 0 && ticked < each.length;
  };
  all.addEventListener("change", () => {
    for (const one of each) one.checked = all.checked;
  });
  for (const one of each) one.addEventListener("change", follow);
  follow();
}

export function start(): void {
  document.querySelectorAll<HTMLElement>("[data-choose]").forEach(watch);
}
