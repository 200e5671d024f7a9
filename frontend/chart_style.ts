/** Colours of the stylesheet as the canvas wants them: tokens resolved in the reader's scheme. */
export function colour(host: HTMLElement, token: string, opacity = 1): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(--${token})`;
  host.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return opacity === 1 ? found : found.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${opacity})`);
}

export const faceOf = (host: HTMLElement): string => getComputedStyle(host).fontFamily;

/** A number with a true minus sign. */
export function figure(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-/, "\u2212");
}
