/** Colours of the stylesheet as the canvas wants them: tokens resolved in the reader's scheme, each once a picture. */
const known = new Map<string, string>();

/** The scheme may have changed: ask the stylesheet anew. */
export const forgetColours = (): void => known.clear();

export function colour(host: HTMLElement, token: string, opacity = 1): string {
  const found = known.get(token) ?? resolved(host, token);
  known.set(token, found);
  return opacity === 1 ? found : found.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${opacity})`);
}

function resolved(host: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(--${token})`;
  host.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export const faceOf = (host: HTMLElement): string => getComputedStyle(host).fontFamily;

/** A number with a true minus sign. */
export function figure(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-/, "\u2212");
}
